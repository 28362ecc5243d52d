/* spf.c - see spf.h. A record is read whole before its first term counts, since a syntax error anywhere makes all of it
 * permerror (RFC 7208 4.6). include and redirect call check() again; each of them is one of the ten look-ups, so the
 * depth is bounded by ten. */
#include "forumd/mail/spf.h"
#include <arpa/inet.h>
#include "forumd/base/fail.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/mail/spf_private.h"

#define TERMS_MAX 100

enum kind { ALL, INCLUDE, A, MX, PTR, IP4, IP6, EXISTS, REDIRECT };
struct term {
	enum kind kind;
	enum auth_word result;          /* of its qualifier */
	struct slice spec;                /* domain-spec, macros not expanded; empty: the domain itself */
	unsigned bits4, bits6;
	unsigned char net[16];
};
struct record { struct term term[TERMS_MAX]; size_t n; struct term redirect; bool has_redirect, has_exp; };

static enum auth_word check(struct spf *s, struct slice domain, bool first);

/* ---- look-ups ---- */

bool spf_client_ip(struct spf_client *c, const char *text) {
	memset(c->ip, 0, sizeof c->ip);
	c->v6 = false;
	if (inet_pton(AF_INET, text, c->ip) == 1)
		return true;
	if (inet_pton(AF_INET6, text, c->ip) != 1)
		return false;
	static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };
	c->v6 = memcmp(c->ip, mapped, 12) != 0;
	if (!c->v6)
		memmove(c->ip, c->ip + 12, 4);
	return true;
}

static bool name_valid(struct slice s) {
	size_t label = 0, dots = 0;
	if (!s.n || s.n > 253)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '.') {
			if (++label > 63)
				return false;
			continue;
		}
		if (!label)
			return false;
		label = 0;
		dots++;
	}
	return dots && label;
}

enum dns_status spf_look_up(struct spf *s, struct slice name, enum dns_type type, struct dns_records *r_r) {
	enum dns_status status;
	r_r->n = 0;
	status = name_valid(name) ? s->dns->look_up(s->dns->arg, name, type, s->a, r_r) : DNS_ABSENT;
	if (status == DNS_ABSENT)
		s->voids++;
	return status;
}

static bool same_net(const unsigned char *a, const unsigned char *b, unsigned bits) {
	unsigned whole = bits / 8, rest = bits % 8;
	return memcmp(a, b, whole) == 0 && (!rest || ((a[whole] ^ b[whole]) >> (8 - rest)) == 0);
}

int spf_name_matches(struct spf *s, struct slice name, unsigned bits4, unsigned bits6, bool count_void) {
	struct dns_records *r = ARENA_NEW(s->a, struct dns_records);
	unsigned voids = s->voids;
	enum dns_status status = spf_look_up(s, name, s->c.v6 ? DNS_AAAA : DNS_A, r);
	size_t size = s->c.v6 ? 16 : 4;
	if (!count_void)
		s->voids = voids;
	if (status == DNS_TEMP)
		return -1;
	for (size_t i = 0; i < r->n; i++)
		if (r->v[i].n == size && same_net((const unsigned char *)r->v[i].p, s->c.ip, s->c.v6 ? bits6 : bits4))
			return 1;
	return 0;
}

enum dns_status spf_client_names(struct spf *s, struct dns_records *names_r) {
	struct dns_records *all = ARENA_NEW(s->a, struct dns_records);
	struct buf b = { 0 };
	names_r->n = 0;
	if (s->c.v6)
		for (int i = 16; i-- > 0;)
			buf_addf(&b, "%x.%x.", s->c.ip[i] & 15, s->c.ip[i] >> 4);
	else
		for (int i = 4; i-- > 0;)
			buf_addf(&b, "%u.", s->c.ip[i]);
	buf_adds(&b, s->c.v6 ? "ip6.arpa" : "in-addr.arpa");
	enum dns_status status = spf_look_up(s, arena_slice(s->a, buf_slice(&b)), DNS_PTR, all);
	buf_free(&b);
	for (size_t i = 0; i < all->n && i < SPF_NAMES_MAX; i++)
		if (spf_name_matches(s, all->v[i], 32, 128, false) > 0)
			names_r->v[names_r->n++] = all->v[i];
	return status;
}

/* ---- reading a record ---- */

static bool term_bits(struct slice text, unsigned max, unsigned *bits_r) {
	uint64_t v;
	if (!text.n || text.n > 3 || (text.n > 1 && text.p[0] == '0') || !num_parse_u64(text, &v) || v > max)
		return false;
	*bits_r = (unsigned)v;
	return true;
}

/* Takes "/24" or "//64" off the end: the offset where it begins, or -1. A domain-spec may hold slashes of its own. */
static ptrdiff_t cidr_at(struct slice s, size_t slashes) {
	size_t i = s.n;
	while (i && text_digit(s.p[i - 1]))
		i--;
	if (i == s.n || i < slashes)
		return -1;
	for (size_t k = 1; k <= slashes; k++)
		if (s.p[i - k] != '/')
			return -1;
	return (ptrdiff_t)(i - slashes);
}

/* "/24", "/24//64", "//64" at the end of a, mx */
static bool term_cidr(struct slice *rest, struct term *t) {
	ptrdiff_t at = cidr_at(*rest, 2);
	if (at >= 0) {
		if (!term_bits(slice_from(*rest, (size_t)at + 2), 128, &t->bits6))
			return false;
		*rest = slice_to(*rest, (size_t)at);
	}
	if ((at = cidr_at(*rest, 1)) >= 0) {
		if (!term_bits(slice_from(*rest, (size_t)at + 1), 32, &t->bits4))
			return false;
		*rest = slice_to(*rest, (size_t)at);
	}
	return true;
}

static bool term_network(struct slice value, struct term *t) {
	char text[64];
	ptrdiff_t slash = slice_chr(value, '/');
	bool v6 = t->kind == IP6;
	if (slash >= 0 && !term_bits(slice_from(value, (size_t)slash + 1), v6 ? 128 : 32, v6 ? &t->bits6 : &t->bits4))
		return false;
	return slice_cstr(slash >= 0 ? slice_to(value, (size_t)slash) : value, text, sizeof text) &&
		inet_pton(v6 ? AF_INET6 : AF_INET, text, t->net) == 1;
}

static enum dns_status nothing(void *arg, struct slice name, enum dns_type type, struct arena *a,
	struct dns_records *r_r) {
	(void)arg, (void)name, (void)type, (void)a;
	r_r->n = 0;
	return DNS_ABSENT;
}

/* are its macros well-formed? Nobody is asked while reading. */
static bool term_macros(struct spf *s, struct slice text) {
	static const struct dns silent = { .look_up = nothing };
	struct spf quiet = *s;
	struct buf b = { 0 };
	quiet.dns = &silent;
	bool good = text.n < 500 && spf_macro(&quiet, SLICE("x.example"), text, &b) > 0;
	buf_free(&b);
	return good;
}

/* well-formed, and the end a top label or a macro (RFC 7208 7.1); what it becomes is seen later */
static bool term_spec(struct spf *s, struct slice spec) {
	bool good = spec.n && term_macros(s, spec);
	if (!good || slice_ends(spec, SLICE("}")))
		return good;
	struct slice last = spec.p[spec.n - 1] == '.' ? slice_to(spec, spec.n - 1) : spec;
	ptrdiff_t dot = slice_rchr(last, '.');
	last = slice_from(last, (size_t)(dot + 1));
	bool letters = false;
	for (size_t i = 0; i < last.n; i++) {
		if (!text_alpha(last.p[i]) && !text_digit(last.p[i]) && last.p[i] != '-')
			return false;
		letters = letters || !text_digit(last.p[i]);
	}
	return dot >= 0 && letters && last.p[0] != '-' && last.p[last.n - 1] != '-';
}

static const struct { const char *name; enum kind kind; bool spec, needs; } mechanisms[] = {
	{ "all", ALL, false, false },
	{ "include", INCLUDE, true, true },
	{ "a", A, true, false },
	{ "mx", MX, true, false },
	{ "ptr", PTR, true, false },
	{ "ip4", IP4, true, true },
	{ "ip6", IP6, true, true },
	{ "exists", EXISTS, true, true },
};

static bool read_mechanism(struct spf *s, struct slice word, struct term *t) {
	static const char qualifiers[] = "+-~?";
	static const enum auth_word results[] = { AUTH_PASS, AUTH_FAIL, AUTH_SOFTFAIL, AUTH_NEUTRAL };
	const char *q = word.n ? memchr(qualifiers, word.p[0], 4) : NULL;
	*t = (struct term){ .result = results[q ? q - qualifiers : 0], .bits4 = 32, .bits6 = 128 };
	word = slice_from(word, q != NULL);
	size_t n = 0;
	while (n < word.n && word.p[n] != ':' && word.p[n] != '/')
		n++;
	for (size_t i = 0; i < sizeof mechanisms / sizeof *mechanisms; i++) {
		if (!slice_is_nocase(slice_to(word, n), mechanisms[i].name))
			continue;
		struct slice rest = slice_from(word, n);
		bool colon = rest.n && rest.p[0] == ':';
		t->kind = mechanisms[i].kind;
		rest = slice_from(rest, colon);
		if (t->kind == IP4 || t->kind == IP6)
			return colon && term_network(rest, t);
		if ((t->kind == A || t->kind == MX) && !term_cidr(&rest, t))
			return false;
		t->spec = rest;
		if (!colon)
			return !rest.n && !mechanisms[i].needs;
		return mechanisms[i].spec && term_spec(s, rest);
	}
	return false;
}

/* name=value with a name of letters, digits, "-_."; 1, 0 it is none, < 0 wrong */
static int read_modifier(struct spf *s, struct slice word, struct record *r) {
	ptrdiff_t eq = slice_chr(word, '=');
	struct slice name = slice_to(word, eq < 0 ? 0 : (size_t)eq), value = slice_from(word, (size_t)(eq + 1));
	for (size_t i = 0; i < name.n; i++)
		if (!text_alpha(name.p[i]) && !(i && (text_digit(name.p[i]) || strchr("-_.", name.p[i]))))
			return 0;
	if (!name.n)
		return 0;
	if (slice_is_nocase(name, "exp")) {
		if (r->has_exp || !term_spec(s, value))
			return ERR_SYNTAX;
		r->has_exp = true;
	} else if (slice_is_nocase(name, "redirect")) {
		if (r->has_redirect || !term_spec(s, value))
			return ERR_SYNTAX;
		r->has_redirect = true;
		r->redirect = (struct term){ .kind = REDIRECT, .spec = value };
	} else if (!term_macros(s, value)) {
		return ERR_SYNTAX;
	}
	return 1;
}

static int read_record(struct spf *s, struct slice text, struct record *r) {
	struct slice word;
	r->n = 0;
	r->has_redirect = r->has_exp = false;
	text = slice_from(text, 6);
	while (slice_split(&text, ' ', &word)) {
		if (!word.n)
			continue;
		int m = read_modifier(s, word, r);
		if (m < 0)
			return ERR_SYNTAX;
		if (m > 0)
			continue;
		if (r->n == TERMS_MAX || !read_mechanism(s, word, &r->term[r->n++]))
			return ERR_SYNTAX;
	}
	return 1;
}

/* ---- judging ---- */

enum match { MATCH_NO, MATCH_YES, MATCH_TEMP, MATCH_PERM };

static enum match match_mx(struct spf *s, const struct term *t, struct slice target) {
	struct dns_records *r = ARENA_NEW(s->a, struct dns_records);
	if (spf_look_up(s, target, DNS_MX, r) == DNS_TEMP)
		return MATCH_TEMP;
	if (r->n > SPF_NAMES_MAX)
		return MATCH_PERM;
	for (size_t i = 0; i < r->n; i++) {
		int m = spf_name_matches(s, r->v[i], t->bits4, t->bits6, false);
		if (m)
			return m > 0 ? MATCH_YES : MATCH_TEMP;
	}
	return MATCH_NO;
}

static enum match match_ptr(struct spf *s, struct slice target) {
	struct dns_records *r = ARENA_NEW(s->a, struct dns_records);
	if (spf_client_names(s, r) != DNS_FOUND)
		return MATCH_NO;                 /* RFC 7208 5.5: an error is no match */
	for (size_t i = 0; i < r->n; i++) {
		struct slice v = r->v[i];
		if (slice_eq_nocase(v, target) ||
			(v.n > target.n && v.p[v.n - target.n - 1] == '.' && slice_ends_nocase(v, target)))
			return MATCH_YES;
	}
	return MATCH_NO;
}

static enum match match_include(struct spf *s, struct slice target) {
	switch (check(s, target, false)) {
	case AUTH_PASS: return MATCH_YES;
	case AUTH_FAIL: case AUTH_SOFTFAIL: case AUTH_NEUTRAL: return MATCH_NO;
	case AUTH_TEMPERROR: return MATCH_TEMP;
	default: return MATCH_PERM;          /* none too (RFC 7208 5.2) */
	}
}

static enum match match_exists(struct spf *s, struct slice target) {
	struct dns_records *r = ARENA_NEW(s->a, struct dns_records);
	enum dns_status status = spf_look_up(s, target, DNS_A, r);   /* whatever the client speaks (5.7) */
	return status == DNS_TEMP ? MATCH_TEMP : status == DNS_FOUND ? MATCH_YES : MATCH_NO;
}

/* the domain a term means; too long names lose labels at the left (RFC 7208 7.3) */
static int target_of(struct spf *s, const struct term *t, struct slice domain, struct slice *target_r) {
	struct buf b = { 0 };
	*target_r = domain;
	if (!t->spec.n)
		return 1;
	int r = spf_macro(s, domain, t->spec, &b);
	struct slice name = buf_slice(&b);
	if (slice_ends(name, SLICE(".")))
		name.n--;
	while (name.n > 253) {
		ptrdiff_t dot = slice_chr(name, '.');
		name = dot < 0 ? slice_to(name, 0) : slice_from(name, (size_t)dot + 1);
	}
	*target_r = arena_slice(s->a, name);
	buf_free(&b);
	return r;
}

static enum match matches(struct spf *s, const struct term *t, struct slice domain) {
	struct slice target;
	int m;
	switch (t->kind) {
	case ALL: return MATCH_YES;
	case IP4: return !s->c.v6 && same_net(t->net, s->c.ip, t->bits4) ? MATCH_YES : MATCH_NO;
	case IP6: return s->c.v6 && same_net(t->net, s->c.ip, t->bits6) ? MATCH_YES : MATCH_NO;
	default: break;
	}
	if (++s->lookups > SPF_LOOKUPS_MAX || target_of(s, t, domain, &target) < 0)
		return MATCH_PERM;
	switch (t->kind) {
	case INCLUDE: return match_include(s, target);
	case MX: return match_mx(s, t, target);
	case PTR: return match_ptr(s, target);
	case EXISTS: return match_exists(s, target);
	default:
		m = spf_name_matches(s, target, t->bits4, t->bits6, true);
		return m > 0 ? MATCH_YES : m < 0 ? MATCH_TEMP : MATCH_NO;
	}
}

static enum auth_word judge(struct spf *s, const struct record *r, struct slice domain) {
	struct slice target;
	for (size_t i = 0; i < r->n; i++) {
		enum match m = matches(s, &r->term[i], domain);
		if (m == MATCH_TEMP)
			return AUTH_TEMPERROR;
		if (m == MATCH_PERM || s->voids > SPF_VOID_MAX)
			return AUTH_PERMERROR;
		if (m == MATCH_YES)
			return r->term[i].result;
	}
	if (!r->has_redirect)
		return AUTH_NEUTRAL;
	if (++s->lookups > SPF_LOOKUPS_MAX || target_of(s, &r->redirect, domain, &target) < 0)
		return AUTH_PERMERROR;
	enum auth_word result = check(s, target, false);
	return result == AUTH_NONE ? AUTH_PERMERROR : result;
}

static bool is_spf(struct slice text) {
	return slice_starts_nocase(text, SLICE("v=spf1")) && (text.n == 6 || text.p[6] == ' ');
}

static enum auth_word check(struct spf *s, struct slice domain, bool first) {
	struct dns_records *txt = ARENA_NEW(s->a, struct dns_records);
	struct record *r = arena_alloc(s->a, sizeof *r);
	struct slice text = slice_of(NULL, 0);
	if (!name_valid(domain))
		return AUTH_NONE;
	unsigned voids = s->voids;
	enum dns_status status = spf_look_up(s, domain, DNS_TXT, txt);
	if (first)
		s->voids = voids;
	if (status == DNS_TEMP)
		return AUTH_TEMPERROR;
	for (size_t i = 0; i < txt->n; i++) {
		if (!is_spf(txt->v[i]))
			continue;
		if (text.p)
			return AUTH_PERMERROR;
		text = txt->v[i];
	}
	if (!text.p)
		return AUTH_NONE;
	return read_record(s, text, r) < 0 ? AUTH_PERMERROR : judge(s, r, domain);
}

static void start(struct spf *s, struct arena *a, const struct spf_client *c, const struct dns *dns) {
	ptrdiff_t at = slice_rchr(c->sender, '@');
	*s = (struct spf){ .a = a, .dns = dns, .c = *c };
	s->local = at > 0 ? slice_to(c->sender, (size_t)at) : SLICE("postmaster");
	s->sender_domain = c->sender.n ? slice_from(c->sender, (size_t)(at + 1)) : c->helo;
	if (slice_ends(s->sender_domain, SLICE(".")))
		s->sender_domain.n--;
}

enum auth_word spf_check(struct arena *a, const struct spf_client *c, const struct dns *dns, struct slice *domain_r) {
	struct spf s;
	start(&s, a, c, dns);
	*domain_r = arena_slice(a, s.sender_domain);
	return check(&s, s.sender_domain, true);
}

int spf_expand(struct arena *a, const struct spf_client *c, struct slice domain, const struct dns *dns,
	struct slice spec, struct buf *out) {
	struct spf s;
	start(&s, a, c, dns);
	return spf_macro(&s, domain, spec, out);
}
