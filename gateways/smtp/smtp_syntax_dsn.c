/* smtp_syntax_dsn.c - the parameters of RFC 3461, as strict as its grammar: what is wrong here would be written into a
 * report. */
#include "forumd/base/fail.h"
#include "forumd/base/text.h"
#include "gateways/smtp/smtp_syntax.h"

#define ENVID_MAX 100          /* RFC 3461 4.4 and 4.2, as encoded */
#define ORCPT_MAX 500

static int hex(char c) {
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 3461 4, and what it stands for is printable. With unitext, characters beyond ASCII may stand for themselves
 * (RFC 6533 3). */
static bool xtext_ok(struct slice s, bool unitext) {
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c == '+') {
			int high = i + 2 < s.n ? hex(s.p[i + 1]) : -1, low = i + 2 < s.n ? hex(s.p[i + 2]) : -1,
				v = high * 16 + low;

			if (high < 0 || low < 0 || v < 32 || v > 126)
				return false;
			i += 2;
		} else if (c == '=' || c < 33 || c == 127 || (c > 127 && !unitext)) {
			return false;
		}
	}
	return s.n > 0 && text_utf8_valid(s);
}

void smtp_syntax_xtext(struct slice s, struct buf *out) {
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] != '+') {
			buf_addc(out, s.p[i]);
		} else if (i + 2 < s.n) {
			buf_addc(out, (char)(hex(s.p[i + 1]) * 16 + hex(s.p[i + 2])));
			i += 2;
		}
	}
}

bool smtp_syntax_envid(struct slice value) {
	return value.n <= ENVID_MAX && xtext_ok(value, false);
}

/* "rfc822;xtext"; the type is an atom */
static bool orcpt_ok(struct slice value, bool smtputf8) {
	ptrdiff_t semicolon = slice_chr(value, ';');

	if (semicolon < 1 || value.n > ORCPT_MAX)
		return false;
	for (ptrdiff_t i = 0; i < semicolon; i++)
		if (!text_alpha(value.p[i]) && !text_digit(value.p[i]) && value.p[i] != '-')
			return false;
	return xtext_ok(slice_from(value, (size_t)semicolon + 1),
		smtputf8 && slice_is_nocase(slice_to(value, (size_t)semicolon), "utf-8"));
}

static bool notify_ok(struct slice value, bool *success_r) {
	struct slice word;
	unsigned n = 0;
	bool never = false;

	if (!value.n || value.p[value.n - 1] == ',')
		return false;
	for (; slice_split(&value, ',', &word); n++) {
		if (slice_is_nocase(word, "SUCCESS"))
			*success_r = true;
		else if (slice_is_nocase(word, "NEVER"))
			never = true;
		else if (!slice_is_nocase(word, "FAILURE") && !slice_is_nocase(word, "DELAY"))
			return false;
	}
	return !never || n == 1;
}

int smtp_syntax_rcpt_params(struct slice rest, bool smtputf8, struct smtp_rcpt_params *p_r) {
	bool has_notify = false, has_orcpt = false;
	struct slice w;

	memset(p_r, 0, sizeof *p_r);
	while (slice_word(&rest, &w)) {
		ptrdiff_t eq = slice_chr(w, '=');
		struct slice key = slice_to(w, eq < 0 ? w.n : (size_t)eq), value = slice_from(w, eq < 0 ? w.n : (size_t)eq + 1);

		if (slice_is_nocase(key, "NOTIFY")) {
			if (has_notify || !notify_ok(value, &p_r->success))
				return ERR_SYNTAX;
			has_notify = true;
		} else if (slice_is_nocase(key, "ORCPT")) {
			if (has_orcpt || !orcpt_ok(value, smtputf8))
				return ERR_SYNTAX;
			has_orcpt = true;
			p_r->orcpt = value;
		} else {
			return ERR_INVALID;
		}
	}
	return 1;
}
