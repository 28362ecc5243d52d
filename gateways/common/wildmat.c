/* wildmat.c - patterns without recursion. One '*' needs one place to go back to: when a later '*' has matched, the
 * earlier ones never have to be tried again, so a pattern costs at most length times length. IMAP's '%' breaks that
 * rule; there the set of reachable places in the name is kept instead. */
#include "gateways/common/wildmat.h"
#include "forumd/base/text.h"

#define WILDMAT_NAME_MAX 1024

static bool wildmat_pattern_valid(struct slice p) {
	if (!p.n)
		return false;
	for (size_t i = 0; i < p.n; i++)
		if (p.p[i] <= ' ' || p.p[i] == 127) {
			if (!(p.p[i] & 0x80))
				return false;
		} else if (strchr("![\\]", p.p[i])) {
			return false;
		}
	return text_utf8_valid(p);
}

/* The pieces between commas; an empty last one counts too. */
static bool wildmat_next(struct slice *rest, bool *more, struct slice *piece_r) {
	if (!*more)
		return false;
	ptrdiff_t comma = slice_chr(*rest, ',');
	*more = comma >= 0;
	*piece_r = comma < 0 ? *rest : slice_to(*rest, (size_t)comma);
	*rest = comma < 0 ? slice_from(*rest, rest->n) : slice_from(*rest, (size_t)comma + 1);
	return true;
}

bool wildmat_valid(struct slice wildmat) {
	struct slice piece;
	for (bool more = true; wildmat_next(&wildmat, &more, &piece);)
		if (!wildmat_pattern_valid(slice_from(piece, piece.n && piece.p[0] == '!')))
			return false;
	return true;
}

/* octets of the character at p[i]; 1 for what is no UTF-8 */
static size_t wildmat_char(struct slice s, size_t i) {
	size_t n = 1;
	if ((unsigned char)s.p[i] >= 0xc0)
		while (n < 4 && i + n < s.n && (s.p[i + n] & 0xc0) == 0x80)
			n++;
	return n;
}

/* octets of the set that begins at p[i], with its brackets; a ']' at its beginning is one of it. 0: it does not end */
static size_t wildmat_set_length(struct slice p, size_t i) {
	size_t end = i + 1;
	if (end < p.n && p.p[end] == '^')
		end++;
	for (end++; end < p.n && p.p[end] != ']';)
		end++;
	return end < p.n ? end + 1 - i : 0;
}

/* what stands between the brackets: characters and ranges, '^' for all others. UTF-8 sorts like its characters. */
static bool wildmat_set_has(struct slice set, struct slice c) {
	bool others = set.n && set.p[0] == '^', has = false;
	for (size_t i = others; i < set.n;) {
		struct slice lo = slice_sub(set, i, wildmat_char(set, i)), hi = lo;
		i += lo.n;
		if (i + 1 < set.n && set.p[i] == '-') {
			hi = slice_sub(set, i + 1, wildmat_char(set, i + 1));
			i += 1 + hi.n;
		}
		has |= slice_cmp(lo, c) <= 0 && slice_cmp(c, hi) <= 0;
	}
	return has != others;
}

/* Does what stands at p[i], no '*', match the character at t[k]? How much of both that is. sets: '[' and '\\' are more
 * than text; ends: a set may end behind it. */
static bool wildmat_one(struct slice p, size_t i, struct slice t, size_t k, bool sets, bool ends, size_t *pn_r,
	size_t *tn_r) {
	size_t n = ends && p.p[i] == '[' ? wildmat_set_length(p, i) : 0;
	*pn_r = *tn_r = 1;
	if (p.p[i] == '?' || n) {
		*tn_r = wildmat_char(t, k);
		*pn_r = n ? n : 1;
		return !n || wildmat_set_has(slice_sub(p, i + 1, n - 2), slice_sub(t, k, *tn_r));
	}
	if (sets && p.p[i] == '\\' && i + 1 < p.n) {
		*pn_r = 2;
		i++;
	}
	return p.p[i] == t.p[k];
}

static bool wildmat_all(struct slice p, struct slice t, bool sets) {
	size_t pi = 0, ti = 0, star = SIZE_MAX, back = 0, pn, tn;
	/* behind it no set ends: nobody looks for an end again and again */
	ptrdiff_t last_end = sets ? slice_rchr(p, ']') : -1;
	while (ti < t.n) {
		if (pi < p.n && p.p[pi] == '*') {
			star = ++pi;
			back = ti;
		} else if (pi < p.n && wildmat_one(p, pi, t, ti, sets, (ptrdiff_t)pi < last_end, &pn, &tn)) {
			pi += pn;
			ti += tn;
		} else if (star != SIZE_MAX) {
			back += wildmat_char(t, back);
			pi = star;
			ti = back;
		} else {
			return false;
		}
	}
	while (pi < p.n && p.p[pi] == '*')
		pi++;
	return pi == p.n;
}

bool wildmat_pattern(struct slice p, struct slice t) {
	return wildmat_all(p, t, false);
}

bool wildmat_text(struct slice p, struct slice t) {
	return wildmat_all(p, t, true);
}

/* RFC 3977 4.2: the rightmost pattern that matches decides */
bool wildmat_match(struct slice wildmat, struct slice text) {
	bool yes = false;
	struct slice piece;
	for (bool more = true; wildmat_next(&wildmat, &more, &piece);) {
		bool negated = piece.n && piece.p[0] == '!';
		if (yes == negated && wildmat_pattern(slice_from(piece, negated), text))
			yes = !negated;
	}
	return yes;
}

bool wildmat_imap(struct slice pattern, struct slice name, char separator) {
	bool at[WILDMAT_NAME_MAX + 1];       /* at[i]: the pattern so far matches the first i octets of name */
	if (name.n > WILDMAT_NAME_MAX)
		return false;
	memset(at, 0, name.n + 1);
	at[0] = true;
	for (size_t i = 0; i < pattern.n; i++) {
		char c = pattern.p[i];
		if (c == '*' || c == '%') {
			for (size_t k = 0; k < name.n; k++)
				at[k + 1] |= at[k] && (c == '*' || name.p[k] != separator);
			continue;
		}
		for (size_t k = name.n; k > 0; k--)
			at[k] = at[k - 1] && name.p[k - 1] == c;
		at[0] = false;
	}
	return at[name.n];
}
