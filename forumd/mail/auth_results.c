/* auth_results.c - RFC 8601. Only fields that carry the trusted authserv-id count; the front MTA removes forged ones
 * with its own id (RFC 8601 5), as forumd cannot know which of them it wrote. A field is first flattened: comments go,
 * and in quoted strings everything that could look like structure becomes an underscore.
 * Alignment is that of our own check (auth.h): one organisation, which no public suffix is. */
#include "forumd/base/arena.h"
#include "forumd/base/text.h"
#include "forumd/mail/auth.h"
#include "forumd/mail/field.h"
#include "forumd/mail/inbound.h"

struct auth { struct arena *arena; bool dmarc_pass, dmarc_fail, aligned_pass, other_fail; };

bool inbound_auth_flatten(struct slice value, struct buf *out) {
	size_t depth = 0;
	bool quoted = false;
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		if (c == '\\' && (quoted || depth)) {
			i++;
		} else if (quoted) {
			quoted = c != '"';
			if (quoted)
				buf_addc(out, text_alpha(c) || text_digit(c) || c == '.' || c == '-' || c == '@' ? c : '_');
		} else if (c == '(') {
			depth++;
		} else if (depth) {
			depth -= c == ')';
			if (!depth)
				buf_addc(out, ' ');
		} else if (c == '"') {
			quoted = true;
		} else {
			buf_addc(out, text_control(c) ? ' ' : c);
		}
	}
	return !depth && !quoted;
}

/* "a = b" -> "a=b" */
static void auth_tighten(struct buf *b) {
	char *p = buf_bytes(b);
	size_t n = 0;
	for (size_t i = 0, len = buf_len(b); i < len; i++) {
		if (p[i] == ' ' && n && p[n - 1] == '=')
			continue;
		if (p[i] == '=')
			while (n && p[n - 1] == ' ')
				n--;
		p[n++] = p[i];
	}
	if (p)
		buf_truncate(b, n);
}

/* a domain, or an address in one */
static bool auth_same(const struct auth *a, struct slice domain, struct slice from) {
	return auth_aligned(a->arena, slice_from(domain, (size_t)(slice_rchr(domain, '@') + 1)), from, false);
}

/* value of a property such as header.d, empty when absent */
static struct slice auth_property(struct slice rest, const char *name) {
	struct slice word;
	while (slice_word(&rest, &word)) {
		ptrdiff_t eq = slice_chr(word, '=');
		if (eq > 0 && slice_is_nocase(slice_to(word, (size_t)eq), name))
			return slice_from(word, (size_t)eq + 1);
	}
	return slice_of("", 0);
}

/* "dkim=pass header.d=example.org" */
static void auth_result(struct slice info, struct slice from, struct auth *a) {
	struct slice word;
	if (!slice_word(&info, &word))
		return;
	ptrdiff_t eq = slice_chr(word, '=');
	if (eq <= 0)
		return;
	struct slice method = slice_to(word, (size_t)eq), result = slice_from(word, (size_t)eq + 1);
	ptrdiff_t version = slice_chr(method, '/');
	if (version >= 0)
		method = slice_to(method, (size_t)version);
	bool pass = slice_is_nocase(result, "pass");
	bool fail = slice_is_nocase(result, "fail") || slice_is_nocase(result, "softfail") ||
		slice_is_nocase(result, "reject");
	if (slice_is_nocase(method, "dmarc")) {
		struct slice domain = auth_property(info, "header.from");
		a->dmarc_pass = a->dmarc_pass || (pass && (!domain.n || auth_same(a, domain, from)));
		a->dmarc_fail = a->dmarc_fail || fail;
	} else if (slice_is_nocase(method, "dkim")) {
		struct slice domain = auth_property(info, "header.d");
		a->aligned_pass = a->aligned_pass ||
			(pass && auth_same(a, domain.n ? domain : auth_property(info, "header.i"), from));
		a->other_fail = a->other_fail || fail;
	} else if (slice_is_nocase(method, "spf")) {
		a->aligned_pass = a->aligned_pass || (pass && auth_same(a, auth_property(info, "smtp.mailfrom"), from));
		a->other_fail = a->other_fail || fail;
	}
}

static void auth_field(struct slice value, struct slice authserv_id, struct slice from, struct auth *a) {
	struct buf flat = { 0 };
	bool good = inbound_auth_flatten(value, &flat);
	auth_tighten(&flat);
	struct slice rest = buf_slice(&flat), piece, id;
	if (good && slice_split(&rest, ';', &piece) && slice_word(&piece, &id) && slice_eq_nocase(id, authserv_id))
		while (slice_split(&rest, ';', &piece))
			auth_result(piece, from, a);
	buf_free(&flat);
}

enum inbound_auth inbound_auth_results(struct slice header, struct slice authserv_id, struct slice from_domain) {
	struct field f;
	if (!authserv_id.n || !from_domain.n)
		return INBOUND_AUTH_NONE;
	struct auth a = { .arena = arena_new() };
	while (field_next(&header, &f))
		if (slice_is_nocase(f.name, "authentication-results"))
			auth_field(f.value, authserv_id, from_domain, &a);
	arena_free(&a.arena);
	if (a.dmarc_fail)
		return INBOUND_AUTH_FAIL;
	if (a.dmarc_pass || a.aligned_pass)
		return INBOUND_AUTH_PASS;
	return a.other_fail ? INBOUND_AUTH_FAIL : INBOUND_AUTH_NONE;
}
