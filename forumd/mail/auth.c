/* auth.c - tag lists, result words, organizations. */
#include "forumd/mail/auth.h"
#include <libpsl.h>
#include <stdlib.h>
#include "forumd/base/fail.h"
#include "forumd/base/text.h"

const char *auth_result_text(enum auth_word r) {
	static const char *const words[] = { "none", "pass", "fail", "softfail", "neutral", "policy", "temperror",
		"permerror" };
	return words[r];
}

static bool tag_name_valid(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if (!text_alpha(s.p[i]) && !(i && (text_digit(s.p[i]) || s.p[i] == '_')))
			return false;
	return s.n > 0;
}

int auth_tags_parse(struct slice text, struct auth_tags *t_r) {
	struct slice piece, old;
	t_r->n = 0;
	while (slice_split(&text, ';', &piece)) {
		piece = slice_trim(piece);
		ptrdiff_t eq = slice_chr(piece, '=');
		if (!piece.n && !slice_trim(text).n)
			break;                     /* the list may end in ';' */
		if (eq <= 0 || t_r->n == AUTH_TAGS_MAX)
			return ERR_SYNTAX;
		struct slice name = slice_trim(slice_to(piece, (size_t)eq));
		char key[32];
		if (!tag_name_valid(name) || !slice_cstr(name, key, sizeof key) || auth_tags_get(t_r, key, &old))
			return ERR_SYNTAX;
		t_r->v[t_r->n].name = name;
		t_r->v[t_r->n++].value = slice_trim(slice_from(piece, (size_t)eq + 1));
	}
	return 1;
}

bool auth_tags_get(const struct auth_tags *t, const char *name, struct slice *value_r) {
	*value_r = slice_of("", 0);
	for (size_t i = 0; i < t->n; i++) {
		if (!slice_is(t->v[i].name, name))
			continue;
		*value_r = t->v[i].value;
		return true;
	}
	return false;
}

struct slice auth_organization(struct arena *a, struct slice domain) {
	char *name = arena_cstr(a, slice_to(domain, 255));
	for (char *p = name; *p; p++)
		*p = text_lower(*p);
	const char *found = psl_registrable_domain(psl_builtin(), name);
	return slice_str(found ? found : name);
}

bool auth_aligned(struct arena *a, struct slice domain, struct slice from, bool strict) {
	if (!domain.n || !from.n)
		return false;
	if (strict || slice_eq_nocase(domain, from))
		return slice_eq_nocase(domain, from);
	return slice_eq(auth_organization(a, domain), auth_organization(a, from));
}
