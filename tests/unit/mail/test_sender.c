/* Who sent it: the vectors of RFC 8463 and RFC 7208, signatures that must not count, DMARC's alignment, ARC both ways, and
 * our own mark on the mail. */
#include <stdio.h>
#include <unistd.h>
#include "forumd/base/fail.h"
#include "forumd/mail/arc.h"
#include "forumd/mail/dkim.h"
#include "forumd/mail/dkim_verify.h"
#include "forumd/mail/field.h"
#include "forumd/mail/sender.h"
#include "tests/tap/tap.h"
#include "tests/unit/mail/fake_dns.h"

#define T(n, v) { SLICE_INIT(n), DNS_TXT, SLICE_INIT(v) }
#define IP(n, v) { SLICE_INIT(n), DNS_A, SLICE_INIT(v) }
static struct arena *a;
static const int64_t now = 1795435200;

/* ---- RFC 8463 A: two signatures, one key of each kind ---- */

static const char ed25519_key[] = "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=";
#define RSA_KEY "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J16JYi0Qvx/b" \
	"yYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT+l/K4w3QIDAQAB"
static const struct fake_record football[] = {
	T("brisbane._domainkey.football.example.com", "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo="),
	T("test._domainkey.football.example.com", RSA_KEY),
};
static const char rfc8463[] =
	"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
	" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n"
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n"
	" Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
	"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
	" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n date : message-id : from : subject : date;\r\n"
	" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
	" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
	"From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\nSubject: Is dinner ready?\r\n"
	"Date: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\nMessage-ID: <20030712040037.46341.5F8J@football.example.com>\r\n";
static const char rfc8463_body[] = "Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n";

static enum auth_word check(const struct fake_record *v, size_t n, struct slice header, struct slice body, const char **why_r) {
	struct fake_dns d = { v, n, 0 };
	struct dns dns = { fake_look_up, &d };
	struct dkim_verdict verdict[DKIM_CHECKED];
	size_t got = dkim_verify(a, header, body, &dns, now, verdict);
	*why_r = got ? verdict[0].why : "none";
	return got ? verdict[0].result : AUTH_NONE;
}

static void test_vectors(void) {
	struct fake_dns d = { football, 2, 0 };
	struct dns dns = { fake_look_up, &d };
	struct dkim_verdict v[DKIM_CHECKED];
	is_int(dkim_verify(a, slice_str(rfc8463), slice_str(rfc8463_body), &dns, now, v), 2, "RFC 8463 A: two signatures");
	is_int(v[0].result, AUTH_PASS, "the one by Ed25519 holds (%s)", v[0].why);
	is_int(v[1].result, AUTH_PASS, "the one by RSA holds (%s)", v[1].why);
	is_lit(v[0].domain, "football.example.com", "d=");
	is_int(dkim_verify(a, slice_str(rfc8463), SLICE("Hi.\r\n"), &dns, now, v), 2, "another body");
	ok(v[0].result == AUTH_FAIL && v[1].result == AUTH_FAIL && strstr(v[0].why, "body"), "fails, and says so");
	d.asked = 0;
	dkim_verify(a, slice_str(rfc8463), SLICE("Hi.\r\n"), &dns, now, v);
	is_int(d.asked, 0, "and nobody is asked for a key");
}

/* ---- signatures that must not count ---- */

static struct dkim_key *make_key(bool ed25519, struct buf *record) {
	char *file = arena_printf(a, "%s/%d.pem", test_tmpdir(), ed25519);
	struct dkim_key *key = NULL;
	struct fail f = { 0 };
	unlink(file);
	if (dkim_key_make(file, ed25519, &f) < 0 || dkim_key_load(file, &key, &f) < 0)
		bail("no key: %s", f.text);
	dkim_dns_record(key, record);
	return key;
}

static struct slice replaced(struct slice s, const char *what, const char *with) {
	ptrdiff_t at = slice_find(s, slice_str(what));
	if (at < 0)
		bail("%s is not there", what);
	return arena_slicef(a, "%.*s%s%.*s", (int)at, s.p, with, SLICE_ARG(slice_from(s, (size_t)at + strlen(what))));
}

static const char plain[] = "From: Alice <alice@example.org>\r\nTo: x@forum.test\r\nSubject: one\r\nDate: Mon, 23 Nov 2026 12:00:00 +0000\r\n"
	"Message-ID: <1@example.org>\r\n";
static const char plain_body[] = "Clay.  Sand. \r\n\r\n\r\n";

static void test_refused(bool ed25519) {
	struct buf record = { 0 }, sig = { 0 };
	struct dkim_key *key = make_key(ed25519, &record);
	const char *why = "";
	dkim_sign(key, SLICE("example.org"), SLICE("s1"), slice_str(plain), slice_str(plain_body), now, &sig);
	buf_adds(&sig, plain);
	struct fake_record r[] = { { SLICE("s1._domainkey.example.org"), DNS_TXT, arena_slice(a, buf_slice(&record)) } };
	struct slice whole = arena_slice(a, buf_slice(&sig)), body = slice_str(plain_body);
	is_int(check(r, 1, whole, body, &why), AUTH_PASS, "our own signature holds");
	is_int(check(r, 1, replaced(whole, "Subject: one", "Subject:   ONE"), body, &why), AUTH_FAIL, "another subject");
	is_int(check(r, 1, replaced(whole, "Subject: one", "Subject:   one "), body, &why), AUTH_PASS, "white space does not count");
	is_int(check(r, 1, arena_slicef(a, "From: Eve <eve@example.org>\r\n%.*s", SLICE_ARG(whole)), body, &why), AUTH_FAIL, "a second From");
	is_int(check(r, 1, replaced(whole, "v=1;", "v=1; l=5;"), body, &why), AUTH_POLICY, "l= is not taken");
	is_int(check(r, 1, replaced(whole, "v=1;", "v=1; x=1700000000;"), body, &why), AUTH_FAIL, "expired");
	is_int(check(r, 1, replaced(whole, "v=1;", "v=2;"), body, &why), AUTH_PERMERROR, "another version");
	is_int(check(r, 1, replaced(whole, "v=1;", "v=1; v=1;"), body, &why), AUTH_PERMERROR, "a tag twice");
	is_int(check(r, 1, replaced(whole, "v=1;", "v=1; i=@example.net;"), body, &why), AUTH_PERMERROR, "i= elsewhere");
	is_int(check(r, 1, replaced(whole, "a=", "a=rsa-sha1; y="), body, &why), AUTH_PERMERROR, "sha1 (RFC 8301)");
	is_int(check(r, 1, replaced(whole, "h=from:from", "h=xfrom:yfrom"), body, &why), AUTH_PERMERROR, "From not signed");
	is_int(check(r, 0, whole, body, &why), AUTH_PERMERROR, "no key");
	r[0].value = SLICE("!");
	is_int(check(r, 1, whole, body, &why), AUTH_TEMPERROR, "the DNS fails");
	r[0].value = SLICE("v=DKIM1; p=");
	ok(check(r, 1, whole, body, &why) == AUTH_PERMERROR && strstr(why, "revoked"), "a revoked key");
	r[0].value = arena_slicef(a, "%.*s; t=s:y", SLICE_ARG(buf_slice(&record)));
	is_int(check(r, 1, replaced(whole, "Subject: one", "Subject: two"), body, &why), AUTH_NEUTRAL, "a test key never makes it worse");
	r[0].value = arena_slicef(a, "%.*s; s=tlsrpt", SLICE_ARG(buf_slice(&record)));
	is_int(check(r, 1, whole, body, &why), AUTH_PERMERROR, "a key for something else");
	r[0].value = ed25519 ? SLICE(RSA_KEY) : slice_str(ed25519_key);
	is_int(check(r, 1, whole, body, &why), AUTH_PERMERROR, "a key of the other kind");
	r[0].value = ed25519 ? slice_str(ed25519_key) : SLICE(RSA_KEY);
	is_int(check(r, 1, whole, body, &why), AUTH_FAIL, "somebody else's key");
	r[0].value = SLICE("v=DKIM1; k=rsa; p=MHwwDQYJKoZIhvcNAQEBBQADawAwaAJhALx");
	is_int(check(r, 1, whole, body, &why), AUTH_PERMERROR, "a broken key");
	dkim_key_free(&key);
	buf_free(&record);
	buf_free(&sig);
}

static void test_bounds(void) {
	struct buf h = { 0 };
	const char *why = "";
	for (int i = 0; i < 1001; i++)
		buf_adds(&h, "X: y\r\n");
	buf_adds(&h, rfc8463);
	is_int(check(football, 2, buf_slice(&h), slice_str(rfc8463_body), &why), AUTH_NONE, "too many fields: as if unsigned");
	buf_reset(&h);
	for (int i = 0; i < 400; i++)
		buf_adds(&h, i % 2 ? "DKIM-Signature: v=1; a=b\r\n" : "DKIM-Signature: ;;;=\r\n");
	struct fake_dns d = { football, 2, 0 };
	struct dns dns = { fake_look_up, &d };
	struct dkim_verdict v[DKIM_CHECKED];
	is_int(dkim_verify(a, buf_slice(&h), SLICE(""), &dns, now, v), DKIM_CHECKED, "a flood of signatures: the first ones");
	is_int(d.asked, 0, "nobody is asked");
	buf_free(&h);
}

/* ---- SPF: RFC 7208 7.4 ---- */

static void expands(const char *spec, const char *want) {
	struct fake_dns d = { NULL, 0, 0 };
	struct dns dns = { fake_look_up, &d };
	struct spf_client c = { .helo = SLICE("mx.example.org"), .sender = SLICE("strong-bad@email.example.com") };
	struct buf b = { 0 };
	spf_client_ip(&c, strstr(spec, "ip6-") ? "2001:db8::cb01" : "192.0.2.3");
	struct slice s = slice_str(strstr(spec, "ip6-") ? spec + 4 : spec);
	int r = spf_expand(a, &c, SLICE("email.example.com"), &dns, s, &b);
	if (want)
		is_slice(buf_slice(&b), slice_str(want), "%s", spec);
	else
		is_int(r, ERR_SYNTAX, "%s is wrong", spec);
	buf_free(&b);
}

static void test_macros(void) {
	static const char *const v[][2] = {
		{ "%{s}", "strong-bad@email.example.com" }, { "%{o}", "email.example.com" }, { "%{d}", "email.example.com" },
		{ "%{d4}", "email.example.com" }, { "%{d3}", "email.example.com" }, { "%{d2}", "example.com" }, { "%{d1}", "com" },
		{ "%{dr}", "com.example.email" }, { "%{d2r}", "example.email" }, { "%{l}", "strong-bad" }, { "%{l-}", "strong.bad" },
		{ "%{lr}", "strong-bad" }, { "%{lr-}", "bad.strong" }, { "%{l1r-}", "strong" },
		{ "%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com" }, { "%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com" },
		{ "%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com" },
		{ "%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com" },
		{ "%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net" },
		{ "ip6-%{ir}.%{v}._spf.%{d2}", "1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com" },
		{ "%%%_%-", "% %20" }, { "%{S}", "strong-bad%40email.example.com" }, { "%{d0}", NULL }, { "%{z}", NULL }, { "%{d", NULL }, { "%a", NULL },
		{ "%", NULL }, { "a b", NULL }, { "%{d2r!}", NULL },
	};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		expands(v[i][0], v[i][1]);
}

/* ---- all together ---- */

static struct buf results;

static char verdict(const struct fake_record *v, size_t n, const char *ip, const char *sender, struct slice header, const char *trust) {
	struct fake_dns d = { v, n, 0 };
	struct dns dns = { fake_look_up, &d };
	struct sender_mail m = { .header = header, .body = slice_str(plain_body), .trust = slice_str(trust), .now = now };
	m.client.helo = SLICE("mx.example.org");
	m.client.sender = slice_str(sender);
	spf_client_ip(&m.client, ip);
	buf_reset(&results);
	return (char)sender_check(a, &m, &dns, &results);
}

static void test_dmarc(void) {
	struct slice h = slice_str(plain), sub = SLICE("From: a@news.example.org\r\n");
	struct fake_record r[] = { T("example.org", "v=spf1 ip4:192.0.2.0/24 -all"), T("_dmarc.example.org", "v=DMARC1; p=reject"),
		T("mail.example.org", "v=spf1 +all"), T("example.net", "v=spf1 +all"), T("co.uk", "v=spf1 +all") };
	is_int(verdict(r, 5, "192.0.2.9", "alice@example.org", h, ""), 'P', "SPF aligned: %s", buf_bytes(&results));
	ok(strstr(buf_bytes(&results), "; spf=pass smtp.mailfrom=example.org") && strstr(buf_bytes(&results), "dmarc=pass header.from=example.org"), "its words");
	is_int(verdict(r, 5, "198.51.100.1", "alice@example.org", h, ""), 'F', "from elsewhere: %s", buf_bytes(&results));
	is_int(verdict(r, 5, "198.51.100.1", "x@example.net", h, ""), 'F', "SPF of another domain proves nothing");
	is_int(verdict(r, 5, "198.51.100.1", "x@mail.example.org", h, ""), 'P', "relaxed: same organization");
	is_int(verdict(r, 5, "198.51.100.1", "x@mail.example.org", sub, ""), 'P', "siblings below one organization; its policy is found");
	r[1].value = SLICE("v=DMARC1; p=none; aspf=s");
	is_int(verdict(r, 5, "198.51.100.1", "x@mail.example.org", h, ""), 'F', "strict: not the same name");
	is_int(verdict(r, 5, "192.0.2.9", "alice@example.org", h, ""), 'P', "strict: the same name");
	r[1].value = SLICE("!");
	is_int(verdict(r, 5, "198.51.100.1", "x@mail.example.org", h, ""), 'T', "policy not to be had: nobody knows how strict");
	is_int(verdict(r, 5, "192.0.2.9", "alice@example.org", h, ""), 'P', "but the very same domain is enough for any policy");
	is_int(verdict(r, 1, "192.0.2.9", "alice@example.org", h, ""), 'P', "no policy: alignment is enough");
	is_int(verdict(r, 1, "198.51.100.1", "alice@example.org", h, ""), 'F', "no policy, SPF says no");
	is_int(verdict(r, 0, "198.51.100.1", "alice@example.org", h, ""), 'N', "nothing there: nothing said");
	r[0].value = SLICE("!");
	is_int(verdict(r, 1, "192.0.2.9", "alice@example.org", h, ""), 'T', "SPF not to be had");
	is_int(verdict(&r[4], 1, "192.0.2.9", "x@co.uk", SLICE("From: a@example.co.uk\r\n"), ""), 'N', "a public suffix is nobody's organization");
	is_int(verdict(r, 5, "192.0.2.9", "alice@example.org", SLICE("From: a@example.org\r\nFrom: b@example.org\r\n"), ""), 'N', "two authors: none");
}

static void test_arc(bool ed25519) {
	struct buf record = { 0 }, set = { 0 };
	struct dkim_key *key = make_key(ed25519, &record);
	unsigned char hash[32];
	dkim_body_hash(slice_str(plain_body), hash);
	const struct arc_sealer k = { key, SLICE("lists.example.net"), SLICE("s"), now };
	is_int(arc_seal_first(&k, SLICE("lists.example.net; spf=pass; dkim=pass header.d=example.org; dmarc=pass"
		" header.from=example.org"), slice_str(plain), hash, &set), 1, "seal");
	buf_adds(&set, plain);
	struct slice h = arena_slice(a, buf_slice(&set));
	struct fake_record r[] = { { SLICE("s._domainkey.lists.example.net"), DNS_TXT, arena_slice(a, buf_slice(&record)) } };
	struct fake_dns d = { r, 1, 0 };
	struct dns dns = { fake_look_up, &d };
	struct arc_chain c;
	arc_verify(a, h, slice_str(plain_body), &dns, now, &c);
	is_int(c.result, AUTH_PASS, "our own chain holds (%s)", c.why);
	is_lit(c.sealer[0], "lists.example.net", "its sealer");
	is_int(verdict(r, 1, "198.51.100.1", "x@example.net", h, "a.example, lists.example.net"), 'P', "believed when trusted: %s", buf_bytes(&results));
	is_int(verdict(r, 1, "198.51.100.1", "x@example.net", h, "a.example xlists.example.net"), 'N', "not when another is");
	is_int(verdict(r, 1, "198.51.100.1", "x@example.net", replaced(h, "alice@example.org", "alice@example.com"), "lists.example.net"), 'N', "not for a changed From");
	is_int(verdict(r, 1, "198.51.100.1", "x@example.net", replaced(h, "dmarc=pass", "dmarc=fail"), "lists.example.net"), 'N', "not with other results");
	struct buf more = { 0 };
	is_int(arc_seal_next(&k, slice_str(plain), true, SLICE("x; arc=pass"), slice_str(plain), hash, &more), 0, "no chain to be carried on");
	is_int(arc_seal_next(&k, replaced(h, "ARC-Seal: i=1", "ARC-Seal: i=2"), true, SLICE("x; arc=pass"), slice_str(plain), hash, &more), 0, "nor one with a hole");
	static const char *const bad[] = { "dmarc=pass\r x", "dmarc=pass\n x", "dmarc=p\x01ss", "dmarc=p\xc3\xa4ss" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		is_int(arc_seal_next(&k, replaced(h, "dmarc=pass", bad[i]), true, SLICE("x; arc=pass"), slice_str(plain), hash, &more), 0, "what is no clean line is not handed on (%zu)", i);
	char *wide = arena_zalloc(a, 70001);
	memset(wide, 'x', 1000);
	is_int(arc_seal_next(&k, replaced(h, "dmarc=pass", wide), true, SLICE("x; arc=pass"), slice_str(plain), hash, &more), 0, "nor a line that is too long");
	for (size_t i = 0; i < 70000; i++)
		wide[i] = "\r\n xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"[i % 39];
	is_int(arc_seal_next(&k, replaced(h, "dmarc=pass", wide), true, SLICE("x; arc=pass"), slice_str(plain), hash, &more), 0, "nor a chain without end");
	is_int(arc_seal_next(&k, replaced(h, "ARC-Seal: i=1", "ARC-Seal : i=1"), true, SLICE("x; arc=pass"), slice_str(plain), hash, &more), 0, "nor a name with a blank");
	is_int(buf_len(&more), 0, "nothing was written");
	is_int(arc_seal_next(&k, h, true, SLICE("lists.example.net; arc=pass"), slice_str(plain), hash, &more), 1, "carried on");
	buf_adds(&more, plain);
	struct slice second = arena_slice(a, buf_slice(&more));
	arc_verify(a, second, slice_str(plain_body), &dns, now, &c);
	is_int(c.result, AUTH_PASS, "and holds (%s)", c.why);
	is_int(c.n, 2, "two sets");
	arc_verify(a, replaced(second, "dmarc=pass", "dmarc=fail"), slice_str(plain_body), &dns, now, &c);
	is_int(c.result, AUTH_FAIL, "not with the first set changed");
	buf_reset(&more);
	is_int(arc_seal_next(&k, h, false, SLICE("lists.example.net; arc=fail"), slice_str(plain), hash, &more), 1, "a broken one is closed");
	buf_adds(&more, plain);
	struct slice closed = arena_slice(a, buf_slice(&more));
	ok(slice_find(closed, SLICE("cv=fail")) > 0, "by cv=fail");
	arc_verify(a, closed, slice_str(plain_body), &dns, now, &c);
	is_int(c.result, AUTH_FAIL, "and fails for ever");
	buf_reset(&more);
	is_int(arc_seal_next(&k, closed, false, SLICE("x"), slice_str(plain), hash, &more), 0, "nobody adds to it");
	buf_free(&more);
	arc_verify(a, replaced(h, "cv=none", "cv=pass"), slice_str(plain_body), &dns, now, &c);
	is_int(c.result, AUTH_FAIL, "a first seal has nothing before it");
	arc_verify(a, replaced(h, "ARC-Seal: i=1", "ARC-Seal: i=2"), slice_str(plain_body), &dns, now, &c);
	is_int(c.result, AUTH_FAIL, "a hole");
	arc_verify(a, replaced(h, "ARC-Seal: i=1", "ARC-Seal: i=51"), slice_str(plain_body), &dns, now, &c);
	is_int(c.result, AUTH_FAIL, "too high");
	arc_verify(a, arena_slicef(a, "%.*s%.*s", SLICE_ARG(h), SLICE_ARG(h)), slice_str(plain_body), &dns, now, &c);
	is_int(c.result, AUTH_FAIL, "sets twice");
	r[0].value = SLICE("!");
	is_int(verdict(r, 1, "198.51.100.1", "x@example.net", h, "lists.example.net"), 'T', "the sealer's key is not to be had");
	arc_verify(a, slice_str(plain), slice_str(plain_body), &dns, now, &c);
	is_int(c.result, AUTH_NONE, "no chain");
	dkim_key_free(&key);
	buf_free(&record);
	buf_free(&set);
}

static void test_mark(void) {
	struct buf b = { 0 };
	sender_mark(SLICE("Authentication-Results: forum.test; dmarc=pass\r\nAuthentication-Results: (forum) other.test; spf=pass\r\n"
		"authentication-results:\r\n (x) FORUM.test 1;\r\n dkim=pass\r\nAuthentication-Results: (forum.test;) \"forum.test\"; x=y\r\n"
		"Authentication-Results: mx.forum.test; dkim=pass header.d=forum.test\r\nSubject: x\r\n\r\nAuthentication-Results: forum.test; in the text\r\n"),
		SLICE("forum.test"), SLICE("Authentication-Results: forum.test; spf=none\r\n"), &b);
	is_buf(&b, "Authentication-Results: forum.test; spf=none\r\nAuthentication-Results: (forum) other.test; spf=pass\r\n"
		"Authentication-Results: mx.forum.test; dkim=pass header.d=forum.test\r\nSubject: x\r\n\r\n"
		"Authentication-Results: forum.test; in the text\r\n", "ours in front, forged ones gone, those of others stay even if they name us");
	buf_reset(&b);
	ok(sender_public_results(SLICE("A: b\r\nAuthentication-Results: forum.test;\r\n spf=pass smtp.mailfrom=example.org; dkim=fail (the body; dmarc=pass was changed)"
		" header.d=example.org;\r\n dmarc=pass header.from=example.org\r\n"), SLICE("forum.test"), &b), "public results");
	is_buf(&b, "; spf=pass; dkim=fail; dmarc=pass", "name nobody");
	ok(!sender_public_results(SLICE("Authentication-Results: x.forum.test; spf=pass\r\n"), SLICE("forum.test"), &b), "of that name only");
	buf_free(&b);
}

int main(void) {
	a = arena_new();
	test_vectors();
	test_refused(false);
	test_refused(true);
	test_bounds();
	test_macros();
	test_dmarc();
	test_arc(false);
	test_arc(true);
	test_mark();
	buf_free(&results);
	arena_free(&a);
	return done();
}
