#include "forumd/base/slice.h"
#include "forumd/base/mem.h"
#include "forumd/base/text.h"

static int slice_cmp_bytes_nocase(const char *a, const char *b, size_t n) {
	for (size_t i = 0; i < n; i++) {
		unsigned char x = (unsigned char)text_lower(a[i]), y = (unsigned char)text_lower(b[i]);
		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}

bool slice_eq_nocase(struct slice a, struct slice b) {
	return a.n == b.n && slice_cmp_bytes_nocase(a.p, b.p, a.n) == 0;
}

bool slice_is_nocase(struct slice a, const char *b) {
	return slice_eq_nocase(a, slice_str(b));
}

bool slice_starts(struct slice s, struct slice prefix) {
	/* most of a long table's words differ in the first octet */
	return s.n >= prefix.n && (!prefix.n || (s.p[0] == prefix.p[0] && memcmp(s.p, prefix.p, prefix.n) == 0));
}

bool slice_starts_nocase(struct slice s, struct slice prefix) {
	return s.n >= prefix.n && slice_eq_nocase(slice_to(s, prefix.n), prefix);
}

bool slice_ends(struct slice s, struct slice suffix) {
	return s.n >= suffix.n && slice_eq(slice_from(s, s.n - suffix.n), suffix);
}

bool slice_ends_nocase(struct slice s, struct slice suffix) {
	return s.n >= suffix.n && slice_eq_nocase(slice_from(s, s.n - suffix.n), suffix);
}

int slice_cmp(struct slice a, struct slice b) {
	size_t n = a.n < b.n ? a.n : b.n;
	int c = n ? memcmp(a.p, b.p, n) : 0;
	return c ? c : a.n < b.n ? -1 : a.n > b.n;
}

int slice_cmp_nocase(struct slice a, struct slice b) {
	int c = slice_cmp_bytes_nocase(a.p, b.p, a.n < b.n ? a.n : b.n);
	return c ? c : a.n < b.n ? -1 : a.n > b.n;
}

/* memmem prepares a table for each needle, which costs more than a line is worth */
enum { FIND_SHORT_TEXT = 4096, FIND_SHORT_NEEDLE = 128 };

static ptrdiff_t slice_find_short(struct slice s, struct slice needle) {
	const char *end = s.p + (s.n - needle.n) + 1;
	for (const char *p = s.p; p < end && (p = memchr(p, needle.p[0], (size_t)(end - p))); p++)
		if (p[needle.n - 1] == needle.p[needle.n - 1] && memcmp(p, needle.p, needle.n) == 0)
			return p - s.p;
	return -1;
}

ptrdiff_t slice_find(struct slice s, struct slice needle) {
	if (needle.n == 0)
		return 0;
	if (s.n < needle.n)
		return -1;
	if (s.n <= FIND_SHORT_TEXT && needle.n <= FIND_SHORT_NEEDLE)
		return slice_find_short(s, needle);
	const char *p = memmem(s.p, s.n, needle.p, needle.n);
	return p ? p - s.p : -1;
}

/* A long needle would make the plain search quadratic; then lowered copies go through the linear memmem. */
static ptrdiff_t slice_find_nocase_long(struct slice s, struct slice needle) {
	char *copy = mem_alloc(s.n + needle.n);
	for (size_t i = 0; i < s.n; i++)
		copy[i] = text_lower(s.p[i]);
	for (size_t i = 0; i < needle.n; i++)
		copy[s.n + i] = text_lower(needle.p[i]);
	ptrdiff_t at = slice_find(slice_of(copy, s.n), slice_of(copy + s.n, needle.n));
	mem_free(copy);
	return at;
}

ptrdiff_t slice_find_nocase(struct slice s, struct slice needle) {
	if (needle.n == 0)
		return 0;
	if (s.n < needle.n)
		return -1;
	if (needle.n > 32)
		return slice_find_nocase_long(s, needle);
	char lo = text_lower(needle.p[0]), up = text_upper(needle.p[0]);
	for (size_t i = 0; i <= s.n - needle.n; i++)
		if ((s.p[i] == lo || s.p[i] == up) && slice_cmp_bytes_nocase(s.p + i, needle.p, needle.n) == 0)
			return (ptrdiff_t)i;
	return -1;
}

ptrdiff_t slice_chr(struct slice s, char c) {
	const char *p = s.n ? memchr(s.p, c, s.n) : NULL;
	return p ? p - s.p : -1;
}

ptrdiff_t slice_rchr(struct slice s, char c) {
	const char *p = s.n ? memrchr(s.p, c, s.n) : NULL;
	return p ? p - s.p : -1;
}

static bool slice_is_blank(char c) {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s) {
	while (s.n && slice_is_blank(s.p[0]))
		s.p++, s.n--;
	while (s.n && slice_is_blank(s.p[s.n - 1]))
		s.n--;
	return s;
}

bool slice_split(struct slice *rest, char sep, struct slice *piece_r) {
	if (rest->n == 0)
		return false;
	ptrdiff_t at = slice_chr(*rest, sep);
	if (at < 0) {
		*piece_r = *rest;
		*rest = slice_from(*rest, rest->n);
	} else {
		*piece_r = slice_to(*rest, (size_t)at);
		*rest = slice_from(*rest, (size_t)at + 1);
	}
	return true;
}

bool slice_word(struct slice *rest, struct slice *word_r) {
	size_t i = 0;
	while (i < rest->n && text_space(rest->p[i]))
		i++;
	size_t from = i;
	while (i < rest->n && !text_space(rest->p[i]))
		i++;
	*word_r = slice_sub(*rest, from, i - from);
	*rest = slice_from(*rest, i);
	return i > from;
}

bool slice_line(struct slice *rest, struct slice *line_r) {
	bool ended = slice_chr(*rest, '\n') >= 0;
	if (!slice_split(rest, '\n', line_r))
		return false;
	if (ended && line_r->n && line_r->p[line_r->n - 1] == '\r')
		line_r->n--;
	return true;
}

bool slice_cstr(struct slice s, char *out, size_t size) {
	if (size == 0)
		return false;
	size_t n = s.n < size ? s.n : size - 1;
	if (n)
		memcpy(out, s.p, n);
	out[n] = 0;
	return n == s.n && slice_chr(s, 0) < 0;
}
