/* spf_macro.c - RFC 7208 7: %{s}, transformers, delimiters, URL escapes. Expanded text is bounded by what goes in: 32
 * macros of at most 255 octets each. */
#include <arpa/inet.h>
#include "forumd/base/fail.h"
#include "forumd/base/text.h"
#include "forumd/mail/spf_private.h"

#define MACROS_MAX 32
#define PIECES_MAX 130

/* i: dotted as in a reverse zone, but forwards */
static void address_dotted(const struct spf_client *c, struct buf *out) {
	if (!c->v6) {
		buf_addf(out, "%u.%u.%u.%u", c->ip[0], c->ip[1], c->ip[2], c->ip[3]);
		return;
	}
	for (int i = 0; i < 16; i++)
		buf_addf(out, "%s%x.%x", i ? "." : "", c->ip[i] >> 4, c->ip[i] & 15);
}

static void address_plain(const struct spf_client *c, struct buf *out) {
	char text[INET6_ADDRSTRLEN];
	inet_ntop(c->v6 ? AF_INET6 : AF_INET, c->ip, text, sizeof text);
	buf_adds(out, text);
}

/* p: a validated name of the client, best the domain itself or one below it */
static void client_name(struct spf *s, struct slice domain, struct buf *out) {
	struct dns_records *r = ARENA_NEW(s->a, struct dns_records);
	struct slice best = SLICE("unknown");
	int rank = 0;
	if (spf_client_names(s, r) == DNS_FOUND)
		for (size_t i = 0; i < r->n; i++) {
			struct slice v = r->v[i];
			int mine = slice_eq_nocase(v, domain)                                                  ? 3
				: v.n > domain.n && v.p[v.n - domain.n - 1] == '.' && slice_ends_nocase(v, domain) ? 2
																								   : 1;
			if (mine > rank)
				rank = mine, best = v;
		}
	buf_add_slice(out, best);
}

static bool macro_value(struct spf *s, struct slice domain, char letter, struct buf *out) {
	switch (text_lower(letter)) {
	case 's': buf_add_slice(out, s->local); buf_addc(out, '@'); buf_add_slice(out, s->sender_domain); return true;
	case 'l': buf_add_slice(out, s->local); return true;
	case 'o': buf_add_slice(out, s->sender_domain); return true;
	case 'd': buf_add_slice(out, domain); return true;
	case 'i': address_dotted(&s->c, out); return true;
	case 'c': address_plain(&s->c, out); return true;
	case 'p': client_name(s, domain, out); return true;
	case 'v': buf_adds(out, s->c.v6 ? "ip6" : "in-addr"); return true;
	case 'h': buf_add_slice(out, s->c.helo); return true;
	case 'r': buf_adds(out, "unknown"); return true;
	case 't': buf_adds(out, "0"); return true;
	default: return false;
	}
}

static void add_escaped(struct buf *out, struct slice s, bool escape) {
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		if (escape && !text_alpha(c) && !text_digit(c) && !strchr("-._~", c))
			buf_addf(out, "%%%02X", (unsigned char)c);
		else
			buf_addc(out, c);
	}
}

/* cut at the delimiters, turned round, the last `keep` pieces joined with dots */
static void transform(struct buf *out, struct slice value, unsigned keep, bool reverse, struct slice delimiters,
	bool escape) {
	struct slice piece[PIECES_MAX];
	size_t n = 0, start = 0;
	for (size_t i = 0; i <= value.n && n < PIECES_MAX; i++)
		if (i == value.n || (value.p[i] && slice_chr(delimiters, value.p[i]) >= 0)) {
			piece[n++] = slice_sub(value, start, i - start);
			start = i + 1;
		}
	size_t from = keep && keep < n ? n - keep : 0;
	for (size_t i = from; i < n; i++) {
		if (i > from)
			buf_addc(out, '.');
		add_escaped(out, piece[reverse ? n - 1 - i : i], escape);
	}
}

/* behind "%{" up to "}" */
static int macro_one(struct spf *s, struct slice domain, struct slice m, struct buf *out) {
	struct buf value = { 0 };
	unsigned keep = 0;
	size_t i = 1;
	int r = 1;
	for (; i < m.n && text_digit(m.p[i]) && keep < 1000; i++)
		keep = keep * 10 + (unsigned)(m.p[i] - '0');
	if (!m.n || (i > 1 && !keep))
		return ERR_SYNTAX;
	bool reverse = i < m.n && text_lower(m.p[i]) == 'r';
	struct slice delimiters = slice_from(m, i + reverse);
	for (size_t k = 0; k < delimiters.n; k++)
		if (!delimiters.p[k] || !strchr(".-+,/_=", delimiters.p[k]))
			return ERR_SYNTAX;
	if (!macro_value(s, domain, m.p[0], &value) || strchr("crtCRT", m.p[0]))   /* c, r, t: in explanations only */
		r = ERR_SYNTAX;
	else
		transform(out, slice_to(buf_slice(&value), 600), keep, reverse, delimiters.n ? delimiters : SLICE("."),
			m.p[0] >= 'A' && m.p[0] <= 'Z');
	buf_free(&value);
	return r;
}

int spf_macro(struct spf *s, struct slice domain, struct slice spec, struct buf *out) {
	unsigned macros = 0;
	for (size_t i = 0; i < spec.n; i++) {
		char c = spec.p[i];
		if (c <= ' ' || c == 127)
			return ERR_SYNTAX;
		if (c != '%') {
			buf_addc(out, c);
			continue;
		}
		char next = i + 1 < spec.n ? spec.p[++i] : 0;
		if (next == '%') {
			buf_addc(out, '%');
		} else if (next == '_') {
			buf_addc(out, ' ');
		} else if (next == '-') {
			buf_adds(out, "%20");
		} else {
			ptrdiff_t end = next == '{' ? slice_chr(slice_from(spec, i), '}') : -1;
			if (end < 0 || ++macros > MACROS_MAX ||
				macro_one(s, domain, slice_sub(spec, i + 1, (size_t)end - 1), out) < 0)
				return ERR_SYNTAX;
			i += (size_t)end;
		}
	}
	return 1;
}
