/* field.c - header fields in place. Every step is a memchr for the line end and one for the colon; nothing is copied.
 * Invariant of field_next: raw begins at a line start, ends behind a line end (or at the end of the header), and the
 * raws of all fields joined are the header. */
#include "forumd/mail/field.h"
#include "forumd/base/text.h"

#define LINE_WISH 78
#define FIELD_LINE_MAX 998

/* offset behind the line end at or after `from` */
static size_t field_line_end(struct slice s, size_t from) {
	const char *lf = from < s.n ? memchr(s.p + from, '\n', s.n - from) : NULL;
	return lf ? (size_t)(lf - s.p) + 1 : s.n;
}

static bool field_blank_line(struct slice s) {
	return s.n >= 1 && (s.p[0] == '\n' || (s.p[0] == '\r' && s.n >= 2 && s.p[1] == '\n'));
}

bool field_split(struct slice message, struct slice *header_r, struct slice *body_r) {
	for (size_t at = 0; at < message.n; at = field_line_end(message, at)) {
		struct slice rest = slice_from(message, at);
		if (!field_blank_line(rest))
			continue;
		*header_r = slice_to(message, at);
		*body_r = slice_from(rest, rest.p[0] == '\n' ? 1 : 2);
		return true;
	}
	*header_r = message;
	*body_r = slice_from(message, message.n);
	return false;
}

bool field_raw_clean(struct slice raw) {
	size_t start = 0;
	for (size_t i = 0; i < raw.n; i++) {
		char c = raw.p[i];
		if (c == '\r' ? i + 1 >= raw.n || raw.p[i + 1] != '\n' : c == '\n' ? i == 0 || raw.p[i - 1] != '\r'
			: text_control(c) && c != '\t')
			return false;
		if (c == '\n')
			start = i + 1;
		else if (i - start >= FIELD_LINE_MAX + 1)
			return false;
	}
	return start == raw.n;
}

bool field_name_valid(struct slice name) {
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 127 || name.p[i] == ':')
			return false;
	return name.n > 0;
}

static struct slice field_without_line_end(struct slice s) {
	if (s.n && s.p[s.n - 1] == '\n')
		s.n--;
	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

bool field_next(struct slice *rest, struct field *f_r) {
	if (!rest->n || field_blank_line(*rest))
		return false;
	size_t first = field_line_end(*rest, 0), end = first;
	while (end < rest->n && text_space(rest->p[end]))
		end = field_line_end(*rest, end);
	f_r->raw = slice_to(*rest, end);
	f_r->value = field_without_line_end(f_r->raw);
	f_r->name = slice_of(rest->p, 0);
	const char *colon = memchr(rest->p, ':', first);
	if (colon) {
		struct slice name = slice_of(rest->p, (size_t)(colon - rest->p));
		while (name.n && text_space(name.p[name.n - 1]))
			name.n--;
		if (field_name_valid(name)) {
			f_r->name = name;
			f_r->value = slice_from(f_r->value, (size_t)(colon - rest->p) + 1);
		}
	}
	*rest = slice_from(*rest, end);
	return true;
}

/* may the line at the front be of that field? Lines that go on begin with a blank, and no name does. */
static bool field_begins(struct slice s, struct slice name) {
	return s.n > name.n && (s.p[name.n] == ':' || text_space(s.p[name.n])) && slice_starts_nocase(s, name);
}

/* Most of a header is looked past: one memchr a line, and the first octet. */
bool field_find(struct slice header, const char *name, unsigned n, struct field *f_r) {
	struct slice want = slice_str(name);
	char first = text_lower(*name);
	while (header.n && !field_blank_line(header)) {
		if (text_lower(header.p[0]) != first || !field_begins(header, want))
			header = slice_from(header, field_line_end(header, 0));
		else if (field_next(&header, f_r) && f_r->name.n == want.n && n-- == 0)
			return true;
	}
	return false;
}

bool field_get(struct slice header, const char *name, struct buf *out) {
	struct field f;
	if (!field_find(header, name, 0, &f))
		return false;
	field_unfold(f.value, out);
	return true;
}

void field_unfold(struct slice value, struct buf *out) {
	value = slice_trim(value);
	while (value.n) {
		const char *lf = memchr(value.p, '\n', value.n);
		if (!lf) {
			buf_add_slice(out, value);
			return;
		}
		buf_add_slice(out, field_without_line_end(slice_of(value.p, (size_t)(lf - value.p) + 1)));
		value = slice_trim(slice_from(value, (size_t)(lf - value.p) + 1));
		buf_addc(out, ' ');
	}
}

/* One word on the current line or, when it would get too long, on a new one. Words longer than a line may be are cut
 * (between UTF-8 characters): the length limit of RFC 5322 is the one that breaks receivers. */
static void field_write_word(struct buf *out, struct slice ws, struct slice word, bool first, size_t *col) {
	if (ws.n > LINE_WISH)
		ws.n = 1;
	if (!first) {
		if (*col + ws.n + word.n > LINE_WISH) {
			buf_adds(out, "\r\n");
			*col = 0;
		}
		buf_add_slice(out, ws);
		*col += ws.n;
	}
	while (*col + word.n > FIELD_LINE_MAX) {
		size_t n = FIELD_LINE_MAX - *col;
		while (n > FIELD_LINE_MAX - *col - 4 && (word.p[n] & 0xc0) == 0x80)
			n--;
		buf_add(out, word.p, n);
		buf_adds(out, "\r\n ");
		*col = 1;
		word = slice_from(word, n);
	}
	buf_add_slice(out, word);
	*col += word.n;
}

void field_write(struct buf *out, const char *name, struct slice value) {
	struct buf clean = { 0 };
	buf_add_slice(&clean, value);
	char *p = buf_bytes(&clean);
	size_t n = 0;
	for (size_t i = 0; i < value.n; i++) {
		if (p[i] == '\r' && i + 1 < value.n && p[i + 1] == '\n')
			continue;      /* CRLF makes one space, not two */
		p[n++] = p[i] == '\r' || p[i] == '\n' || p[i] == 0 ? ' ' : p[i];
	}
	struct slice rest = slice_trim(slice_of(p ? p : "", n));
	size_t col = strlen(name) + 2;
	buf_adds(out, name);
	buf_adds(out, ": ");
	for (bool first = true; rest.n; first = false) {
		size_t w = 0, e;
		while (w < rest.n && text_space(rest.p[w]))
			w++;
		for (e = w; e < rest.n && !text_space(rest.p[e]);)
			e++;
		field_write_word(out, slice_to(rest, w), slice_sub(rest, w, e - w), first, &col);
		rest = slice_from(rest, e);
	}
	buf_adds(out, "\r\n");
	buf_free(&clean);
}
