/* dkim_verify.c - see dkim_verify.h. What is wrong with the field itself is found before anything is asked or hashed;
 * the body is hashed once for each canonical form, whatever the number of signatures. */
#include "forumd/mail/dkim_verify.h"
#include <openssl/evp.h>
#include <openssl/x509.h>
#include "forumd/base/base64.h"
#include "forumd/base/digest.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/mail/dkim_private.h"

#define H_NAMES_MAX 200
#define RSA_BITS_MIN 1024
#define RSA_BITS_MAX 4096      /* more is nobody's key, but a way to keep us busy */
#define CLOCK_SKEW 300

/* ---- the field ---- */

static enum auth_word sig_wrong(struct dkim_sig *s, enum auth_word r, const char *why) {
	s->why = why;
	return r;
}

/* base64 with white space in it */
static bool sig_base64(struct slice s, struct buf *out) {
	struct buf tight = { 0 };
	for (size_t i = 0; i < s.n; i++)
		if (!text_space(s.p[i]) && s.p[i] != '\r' && s.p[i] != '\n')
			buf_addc(&tight, s.p[i]);
	bool good = buf_len(&tight) && base64_decode(buf_slice(&tight), out);
	buf_free(&tight);
	return good;
}

/* a name that can be asked for: letters, digits, '-', '_' and dots between them */
static bool sig_name(struct slice s) {
	if (!s.n || s.n > 253 || s.p[0] == '.' || s.p[s.n - 1] == '.')
		return false;
	for (size_t i = 0; i < s.n; i++)
		if (!text_alpha(s.p[i]) && !text_digit(s.p[i]) && s.p[i] != '-' && s.p[i] != '_' &&
			!(s.p[i] == '.' && s.p[i - 1] != '.'))
			return false;
	return true;
}

static bool sig_canonical(struct slice c, struct dkim_sig *s) {
	ptrdiff_t slash = slice_chr(c, '/');
	struct slice head = slash < 0 ? c : slice_to(c, (size_t)slash),
				 body = slash < 0 ? SLICE("simple") : slice_from(c, (size_t)slash + 1);
	s->relaxed_header = slice_is_nocase(head, "relaxed");
	s->relaxed_body = slice_is_nocase(body, "relaxed");
	return (s->relaxed_header || slice_is_nocase(head, "simple")) &&
		(s->relaxed_body || slice_is_nocase(body, "simple"));
}

/* next name of h= */
static bool h_next(struct slice *rest, struct slice *name_r) {
	if (!slice_split(rest, ':', name_r))
		return false;
	*name_r = slice_trim(*name_r);
	return true;
}

static bool h_signs(struct slice h, const char *name) {
	struct slice n;
	while (h_next(&h, &n))
		if (slice_is_nocase(n, name))
			return true;
	return false;
}

/* i= of DKIM: the identity lies in the domain (RFC 6376 3.5) */
static bool sig_identity(struct slice i, struct slice d) {
	ptrdiff_t at = slice_rchr(i, '@');
	struct slice domain = slice_from(i, (size_t)(at + 1));
	if (at < 0)
		return false;
	return slice_eq_nocase(domain, d) ||
		(domain.n > d.n && domain.p[domain.n - d.n - 1] == '.' && slice_ends_nocase(domain, d));
}

static enum auth_word sig_times(struct dkim_sig *s, int64_t now) {
	struct slice t, x;
	uint64_t made = 0, end = 0;
	bool has_t = auth_tags_get(&s->tags, "t", &t), has_x = auth_tags_get(&s->tags, "x", &x);
	if ((has_t && !num_parse_u64(t, &made)) || (has_x && !num_parse_u64(x, &end)))
		return sig_wrong(s, AUTH_PERMERROR, "t= or x= is no time");
	if (has_x && (int64_t)end < now - CLOCK_SKEW)
		return sig_wrong(s, AUTH_FAIL, "the signature has expired");
	if (has_t && made > (uint64_t)(now + CLOCK_SKEW))
		return sig_wrong(s, AUTH_FAIL, "the signature is from the future");
	return AUTH_PASS;
}

static enum auth_word sig_message_tags(struct dkim_sig *s, bool arc) {
	struct slice v, tag;
	if (!auth_tags_get(&s->tags, "bh", &s->bh) || !auth_tags_get(&s->tags, "h", &s->h))
		return sig_wrong(s, AUTH_PERMERROR, "bh= or h= is missing");
	if (!sig_canonical(auth_tags_get(&s->tags, "c", &v) ? v : SLICE("simple/simple"), s))
		return sig_wrong(s, AUTH_PERMERROR, "unknown c=");
	if (!h_signs(s->h, "from"))
		return sig_wrong(s, AUTH_PERMERROR, "From is not signed");
	if (auth_tags_get(&s->tags, "l", &tag))
		return sig_wrong(s, AUTH_POLICY, "signatures with l= are not taken");
	if (auth_tags_get(&s->tags, "q", &tag) && slice_find_nocase(tag, SLICE("dns/txt")) < 0)
		return sig_wrong(s, AUTH_PERMERROR, "unknown q=");
	if (arc)
		return AUTH_PASS;
	if (!auth_tags_get(&s->tags, "v", &v) || !slice_is(v, "1"))
		return sig_wrong(s, AUTH_PERMERROR, "v= is not 1");
	if (auth_tags_get(&s->tags, "i", &tag) && !sig_identity(tag, s->domain))
		return sig_wrong(s, AUTH_PERMERROR, "i= is not within d=");
	return AUTH_PASS;
}

enum auth_word dkim_sig_parse(const struct field *f, bool seal, int64_t now, struct dkim_sig *s_r) {
	struct dkim_sig *s = s_r;
	struct slice b;
	memset(s, 0, sizeof *s);
	s->field = *f;
	if (f->value.n > 16384 || auth_tags_parse(f->value, &s->tags) < 0)
		return sig_wrong(s, AUTH_PERMERROR, "the signature field cannot be read");
	if (!auth_tags_get(&s->tags, "d", &s->domain) || !sig_name(s->domain) ||
		!auth_tags_get(&s->tags, "s", &s->selector) || !sig_name(s->selector)) {
		s->domain = s->selector = slice_of("", 0);
		return sig_wrong(s, AUTH_PERMERROR, "d= or s= is missing or no name");
	}
	if (!auth_tags_get(&s->tags, "a", &s->algorithm) ||
		(!slice_is_nocase(s->algorithm, "rsa-sha256") && !slice_is_nocase(s->algorithm, "ed25519-sha256")))
		return sig_wrong(s, AUTH_PERMERROR, "the algorithm is not rsa-sha256 or ed25519-sha256");
	if (!auth_tags_get(&s->tags, "b", &b) || !sig_base64(b, &s->b))
		return sig_wrong(s, AUTH_PERMERROR, "b= is missing or no base64");
	enum auth_word r = sig_times(s, now);
	return r != AUTH_PASS || seal ? r : sig_message_tags(s, slice_starts_nocase(f->name, SLICE("arc-")));
}

void dkim_sig_free(struct dkim_sig *s) {
	buf_free(&s->b);
}

void dkim_without_b(struct slice text, struct buf *out) {
	bool start = true;
	for (size_t i = 0; i < text.n; i++) {
		char c = text.p[i];
		size_t k = i + 1;
		buf_addc(out, c);
		if (c == ';' || (start && (text_space(c) || c == '\r' || c == '\n'))) {
			start = true;
			continue;
		}
		while (start && c == 'b' && k < text.n && (text_space(text.p[k]) || text.p[k] == '\r' || text.p[k] == '\n'))
			k++;
		if (start && c == 'b' && k < text.n && text.p[k] == '=') {
			buf_add(out, text.p + i + 1, k - i);
			while (k + 1 < text.n && text.p[k + 1] != ';')
				k++;
			i = k;
		}
		start = false;
	}
}

/* ---- what is signed ---- */

static void body_simple(struct slice body, struct buf *out) {
	while (slice_ends(body, SLICE("\r\n\r\n")) || slice_is(body, "\r\n"))
		body.n -= 2;
	buf_add_slice(out, body);
	if (!slice_ends(body, SLICE("\r\n")))
		buf_adds(out, "\r\n");
}

bool dkim_mail_init(struct dkim_mail *m, struct slice header, struct slice body) {
	memset(m, 0, sizeof *m);
	m->body = body;
	while (m->nfields < DKIM_FIELDS_MAX && field_next(&header, &m->fields[m->nfields]))
		m->nfields++;
	return !header.n;
}

static const unsigned char *body_hash(struct dkim_mail *b, bool relaxed) {
	struct buf canonical = { 0 };
	if (!b->have[relaxed]) {
		if (relaxed)
			dkim_canonical_body(b->body, &canonical);
		else
			body_simple(b->body, &canonical);
		digest_sha256(buf_slice(&canonical), b->hash[relaxed]);
		b->have[relaxed] = true;
		buf_free(&canonical);
	}
	return b->hash[relaxed];
}

static void add_field(const struct dkim_sig *s, const struct field *f, struct buf *data) {
	if (!s->relaxed_header) {
		buf_add_slice(data, f->raw);
		return;
	}
	dkim_canonical_field(f->name, f->value, data);
	buf_adds(data, "\r\n");
}

/* repeated names are taken from the bottom up, each field once (RFC 6376 5.4.2) */
static bool add_named(const struct dkim_sig *s, struct dkim_mail *m, struct buf *data) {
	struct slice h = s->h, name;
	memset(m->used, 0, sizeof m->used);
	for (size_t count = 0; h_next(&h, &name); count++) {
		if (count == H_NAMES_MAX)
			return false;
		for (size_t i = m->nfields; i-- > 0;) {
			if (m->used[i] || !slice_eq_nocase(m->fields[i].name, name))
				continue;
			m->used[i] = true;
			add_field(s, &m->fields[i], data);
			break;
		}
	}
	return true;
}

/* the signature field itself, without its b= and its line end */
static void add_self(const struct dkim_sig *s, struct buf *data) {
	struct buf empty = { 0 };
	if (s->relaxed_header) {
		dkim_without_b(s->field.value, &empty);
		dkim_canonical_field(s->field.name, buf_slice(&empty), data);
	} else {
		size_t head = (size_t)(s->field.value.p - s->field.raw.p);
		buf_add_slice(data, slice_to(s->field.raw, head));
		dkim_without_b(s->field.value, &empty);
		buf_add_slice(data, buf_slice(&empty));
	}
	buf_free(&empty);
}

enum auth_word dkim_sig_message(struct dkim_sig *s, struct dkim_mail *m, struct buf *data) {
	struct buf bh = { 0 };
	bool same = sig_base64(s->bh, &bh) && buf_len(&bh) == 32 &&
		digest_equal(buf_bytes(&bh), body_hash(m, s->relaxed_body), 32);
	buf_free(&bh);
	if (!same)
		return sig_wrong(s, AUTH_FAIL, "the body was changed");
	if (!add_named(s, m, data))
		return sig_wrong(s, AUTH_PERMERROR, "too many names in h=");
	add_self(s, data);
	return AUTH_PASS;
}

/* ---- keys ---- */

static bool list_has(struct slice list, const char *word) {
	struct slice w;
	while (slice_split(&list, ':', &w))
		if (slice_is_nocase(slice_trim(w), word))
			return true;
	return false;
}

static EVP_PKEY *key_public(struct slice p, bool ed25519) {
	struct buf der = { 0 };
	EVP_PKEY *k = NULL;
	if (sig_base64(p, &der)) {
		const unsigned char *at = (const unsigned char *)buf_bytes(&der), *again = at;
		if (ed25519)
			k = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, at, buf_len(&der));
		else if (!(k = d2i_PUBKEY(NULL, &at, (long)buf_len(&der))))
			k = d2i_PublicKey(EVP_PKEY_RSA, NULL, &again, (long)buf_len(&der));
	}
	buf_free(&der);
	return k;
}

/* the key of one TXT record, or NULL with words */
static EVP_PKEY *key_of_record(struct dkim_sig *s, struct slice record, bool *testing_r, enum auth_word *r_r) {
	bool ed25519 = slice_is_nocase(s->algorithm, "ed25519-sha256");
	struct auth_tags t;
	struct slice v, p, i;
	*r_r = AUTH_PERMERROR;
	if (auth_tags_parse(record, &t) < 0 || !auth_tags_get(&t, "p", &p) ||
		(auth_tags_get(&t, "v", &v) && !slice_is(v, "DKIM1")))
		s->why = "the key record cannot be read";
	else if (!p.n)
		s->why = "the key was revoked";
	else if (auth_tags_get(&t, "k", &v) ? !slice_is_nocase(v, ed25519 ? "ed25519" : "rsa") : ed25519)
		s->why = "the key is of another kind";
	else if ((auth_tags_get(&t, "h", &v) && !list_has(v, "sha256")) ||
		(auth_tags_get(&t, "s", &v) && !list_has(v, "*") && !list_has(v, "email")))
		s->why = "the key is not for this";
	else if (auth_tags_get(&t, "t", &v) && list_has(v, "s") && auth_tags_get(&s->tags, "i", &i) &&
		slice_chr(i, '@') >= 0 && !slice_eq_nocase(slice_from(i, (size_t)slice_rchr(i, '@') + 1), s->domain))
		s->why = "the key is not for sub-domains";
	else {
		EVP_PKEY *k = key_public(p, ed25519);
		*testing_r = auth_tags_get(&t, "t", &v) && list_has(v, "y");
		if (k && !ed25519 &&
			(EVP_PKEY_base_id(k) != EVP_PKEY_RSA || EVP_PKEY_bits(k) < RSA_BITS_MIN ||
				EVP_PKEY_bits(k) > RSA_BITS_MAX)) {
			EVP_PKEY_free(k);
			k = NULL;
		}
		s->why = "the key is none, or too short, or too long";
		return k;
	}
	return NULL;
}

static bool key_verifies(EVP_PKEY *k, const struct dkim_sig *s, struct slice data) {
	bool ed25519 = EVP_PKEY_base_id(k) == EVP_PKEY_ED25519;
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char digest[32];
	if (ed25519) {                          /* RFC 8463 3: the digest itself is signed */
		digest_sha256(data, digest);
		data = slice_of(digest, sizeof digest);
	}
	bool good = ctx && EVP_DigestVerifyInit(ctx, NULL, ed25519 ? NULL : EVP_sha256(), NULL, k) == 1 &&
		EVP_DigestVerify(ctx, (const unsigned char *)buf_slice(&s->b).p, buf_len(&s->b), (const unsigned char *)data.p,
			data.n) == 1;
	EVP_MD_CTX_free(ctx);
	return good;
}

enum auth_word dkim_sig_check(struct dkim_sig *s, struct arena *a, const struct dns *dns, struct slice data,
	bool *testing_r) {
	struct dns_records *r = ARENA_NEW(a, struct dns_records);
	struct slice name = arena_slicef(a, "%.*s._domainkey.%.*s", SLICE_ARG(s->selector), SLICE_ARG(s->domain));
	enum dns_status status = name.n > 253 ? DNS_ABSENT : dns->look_up(dns->arg, name, DNS_TXT, a, r);
	enum auth_word result = AUTH_PERMERROR;
	if (status == DNS_TEMP)
		return sig_wrong(s, AUTH_TEMPERROR, "the key could not be looked up");
	s->why = "there is no key";
	for (size_t i = 0; status == DNS_FOUND && i < r->n && i < 3; i++) {
		EVP_PKEY *k = key_of_record(s, r->v[i], testing_r, &result);
		if (!k)
			continue;
		bool good = key_verifies(k, s, data);
		EVP_PKEY_free(k);
		if (good) {
			s->why = NULL;
			return AUTH_PASS;
		}
		return sig_wrong(s, AUTH_FAIL, "the signature does not fit");
	}
	return result;
}

/* ---- all of them ---- */

static void verify_one(struct arena *a, const struct field *f, struct dkim_mail *m, const struct dns *dns, int64_t now,
	struct dkim_verdict *v) {
	struct dkim_sig s;
	struct buf data = { 0 };
	bool testing = false;
	enum auth_word r = dkim_sig_parse(f, false, now, &s);
	if (r == AUTH_PASS)
		r = dkim_sig_message(&s, m, &data);
	if (r == AUTH_PASS)
		r = dkim_sig_check(&s, a, dns, buf_slice(&data), &testing);
	if (testing && r == AUTH_FAIL)
		r = AUTH_NEUTRAL;                   /* t=y: as if it were not signed */
	*v = (struct dkim_verdict){ .result = r, .domain = s.domain, .selector = s.selector, .why = s.why };
	dkim_sig_free(&s);
	buf_free(&data);
}

size_t dkim_verify(struct arena *a, struct slice header, struct slice body, const struct dns *dns, int64_t now,
	struct dkim_verdict *v_r) {
	struct dkim_mail *m = arena_alloc(a, sizeof *m);
	size_t n = 0;
	if (!dkim_mail_init(m, header, body))
		return 0;
	for (size_t i = 0; n < DKIM_CHECKED && i < m->nfields; i++)
		if (slice_is_nocase(m->fields[i].name, "dkim-signature"))
			verify_one(a, &m->fields[i], m, dns, now, &v_r[n++]);
	return n;
}
