/* smtp_syntax.c - see smtp_syntax.h. Every function walks its input once. */
#include "forumd/base/fail.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/mail/address.h"
#include "gateways/smtp/smtp_syntax.h"

/* Offset of the '>' that ends the path; a quoted local part may hold one. -1 none. */
static ptrdiff_t find_end(struct slice s) {
	bool quoted = false;

	for (size_t i = 0; i < s.n; i++) {
		if (quoted && s.p[i] == '\\')
			i++;
		else if (s.p[i] == '"')
			quoted = !quoted;
		else if (s.p[i] == '>' && !quoted)
			return (ptrdiff_t)i;
	}
	return -1;
}

int smtp_syntax_path(struct slice *rest, const char *keyword, struct smtp_path *p_r) {
	struct slice s = slice_trim(*rest), key = slice_str(keyword);
	ptrdiff_t end;

	memset(p_r, 0, sizeof *p_r);
	if (!slice_starts_nocase(s, key))
		return ERR_SYNTAX;
	s = slice_from(s, key.n);
	while (s.n && text_space(s.p[0]))
		s = slice_from(s, 1);
	if (!s.n || s.p[0] != '<')
		return ERR_SYNTAX;
	s = slice_from(s, 1);
	end = find_end(s);
	if (end < 0)
		return ERR_SYNTAX;
	p_r->address = slice_to(s, (size_t)end);
	p_r->null = p_r->address.n == 0;
	p_r->route = p_r->address.n && p_r->address.p[0] == '@';
	*rest = slice_from(s, (size_t)end + 1);
	if (rest->n && !text_space(rest->p[0]))
		return ERR_SYNTAX;
	return 1;
}

int smtp_syntax_mailbox(struct smtp_path *p, bool smtputf8, bool reverse) {
	if (p->null || p->route)
		return ERR_SYNTAX;
	for (size_t i = 0; i < p->address.n; i++)
		if (text_control(p->address.p[i]))
			return ERR_SYNTAX;
	return (reverse ? address_check_reverse : address_check_spec)(p->address, smtputf8, &p->local, &p->domain);
}

/* 1*20DIGIT (RFC 1870 4); more than 64 bits hold is more than anybody takes */
static bool size_value(struct slice value, uint64_t *size_r) {
	for (size_t i = 0; i < value.n; i++)
		if (!text_digit(value.p[i]))
			return false;
	if (!value.n || value.n > 20)
		return false;
	if (!num_parse_u64(value, size_r))
		*size_r = UINT64_MAX;
	return true;
}

int smtp_syntax_params(struct slice rest, struct smtp_params *p_r) {
	struct slice w;

	memset(p_r, 0, sizeof *p_r);
	while (slice_word(&rest, &w)) {
		ptrdiff_t eq = slice_chr(w, '=');
		struct slice key = eq < 0 ? w : slice_to(w, (size_t)eq);
		struct slice value = eq < 0 ? SLICE("") : slice_from(w, (size_t)eq + 1);

		if (slice_is_nocase(key, "SIZE")) {
			if (p_r->has_size || !size_value(value, &p_r->size))
				return ERR_SYNTAX;
			p_r->has_size = true;
		} else if (slice_is_nocase(key, "BODY")) {
			if (slice_is_nocase(value, "8BITMIME"))
				p_r->body_8bit = true;
			else if (!slice_is_nocase(value, "7BIT"))
				return ERR_INVALID;
		} else if (slice_is_nocase(key, "SMTPUTF8")) {
			if (eq >= 0)
				return ERR_SYNTAX;
			p_r->smtputf8 = true;
		} else if (slice_is_nocase(key, "RET")) {
			if (p_r->ret || (!slice_is_nocase(value, "FULL") && !slice_is_nocase(value, "HDRS")))
				return ERR_SYNTAX;
			p_r->ret = true;
		} else if (slice_is_nocase(key, "ENVID")) {
			if (p_r->envid.n || !smtp_syntax_envid(value))
				return ERR_SYNTAX;
			p_r->envid = value;
		} else if (!slice_is_nocase(key, "AUTH") || !value.n) {
			return ERR_INVALID;
		}
	}
	return 1;
}

size_t smtp_syntax_plain(struct slice local, char *out, size_t size) {
	struct slice s = slice_to(local.n > 1 && local.p[0] == '"' ? slice_sub(local, 1, local.n - 2) : local, size);

	for (size_t i = 0; i < s.n; i++)
		out[i] = text_lower(s.p[i]);
	return s.n;
}

bool smtp_syntax_relays(struct slice local) {
	for (size_t i = 0; i < local.n; i++)
		if (strchr("%!@\"\\:,", local.p[i]) || !local.p[i])
			return true;
	return false;
}

static bool is_separator(char c, char separator) {
	return c == separator || c == '-';
}

/* "HEAD<sep>TAIL" with a tail of that name: the head */
static bool split_suffix(struct slice local, const char *suffix, char separator, struct slice *head_r) {
	size_t n = strlen(suffix);

	if (local.n < n + 2 || !slice_ends(local, slice_of(suffix, n))
	    || !is_separator(local.p[local.n - n - 1], separator))
		return false;
	*head_r = slice_to(local, local.n - n - 1);
	return true;
}

static bool split_prefix(struct slice local, const char *prefix, char separator, struct slice *tail_r) {
	size_t n = strlen(prefix);

	if (local.n < n + 2 || !slice_starts(local, slice_of(prefix, n)) || !is_separator(local.p[n], separator))
		return false;
	*tail_r = slice_from(local, n + 1);
	return true;
}

/* "GROUP-WORD-TOKEN": the token has no separators in it, so the last one is in front of it */
static bool split_token(struct slice local, const char *word, char separator, struct smtp_local *l_r) {
	size_t i = local.n;

	while (i && !is_separator(local.p[i - 1], separator))
		i--;
	if (!i || i == local.n || !split_suffix(slice_to(local, i - 1), word, separator, &l_r->group))
		return false;
	l_r->token = slice_from(local, i);
	return true;
}

void smtp_syntax_local(struct slice local, char separator, struct smtp_local *l_r) {
	static const struct { const char *word; enum smtp_form form; } suffixes[] = {
		{ "unsubscribe", FORM_UNSUBSCRIBE }, { "subscribe", FORM_SUBSCRIBE }, { "help", FORM_HELP },
		{ "owner", FORM_OWNER },
	};
	static const struct { const char *word; enum smtp_form form; } words[] = {
		{ "commands", FORM_COMMANDS }, { "postmaster", FORM_POSTMASTER }, { "abuse", FORM_POSTMASTER },
	};

	memset(l_r, 0, sizeof *l_r);
	l_r->form = FORM_REPLY;
	if (split_token(local, "reply", separator, l_r) || split_prefix(local, "r", separator, &l_r->token))
		return;
	l_r->form = FORM_MAIL_TOKEN;
	if (split_token(local, "unsubscribe", separator, l_r) || split_token(local, "subscribe", separator, l_r)
	    || split_prefix(local, "u", separator, &l_r->token) || split_prefix(local, "s", separator, &l_r->token))
		return;
	l_r->form = FORM_AUTHOR;
	if (split_prefix(local, "author", separator, &l_r->token))
		return;
	l_r->form = FORM_BOUNCE;
	if (split_prefix(local, "bounce", separator, &l_r->token))
		return;
	l_r->form = FORM_ANSWER;
	if (split_prefix(local, "answer", separator, &l_r->token))
		return;
	for (unsigned i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
		l_r->form = suffixes[i].form;
		if (split_suffix(local, suffixes[i].word, separator, &l_r->group))
			return;
	}
	for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++) {
		l_r->form = words[i].form;
		if (slice_is(local, words[i].word))
			return;
	}
	l_r->form = FORM_GROUP;
	l_r->group = local;
}
