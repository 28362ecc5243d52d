/* flowed.c - one line at a time. What is broken without a space is broken between characters, and then every soft break
 * of the text has a space of its own that the reader deletes (DelSp=yes), so whether that is needed is decided first.
 */
#include "forumd/mail/flowed.h"
#include "forumd/base/text.h"

#define FLOWED_WIDTH 72
#define FLOWED_DEPTH 60
#define FLOWED_WORD 900            /* octets of one word without a break */

/* takes the '>' off the front of a line; how many */
static size_t flowed_depth(struct slice *line) {
	size_t depth = 0;
	while (line->n && line->p[0] == '>') {
		*line = slice_from(*line, 1);
		depth++;
	}
	return depth;
}

void flowed_decode(struct slice s, bool delsp, struct buf *out) {
	struct slice line;
	size_t open_depth = 0;
	bool open = false;
	while (slice_line(&s, &line)) {
		size_t depth = flowed_depth(&line);
		if (line.n && line.p[0] == ' ')
			line = slice_from(line, 1);
		bool signature = slice_is(line, "-- ");
		if (open && (depth != open_depth || signature)) {
			buf_addc(out, '\n');
			open = false;
		}
		if (!open) {
			for (size_t i = 0; i < depth; i++)
				buf_addc(out, '>');
			if (depth && line.n)
				buf_addc(out, ' ');
		}
		bool flowed = !signature && line.n && line.p[line.n - 1] == ' ';
		buf_add_slice(out, flowed && delsp ? slice_to(line, line.n - 1) : line);
		if (!flowed)
			buf_addc(out, '\n');
		open = flowed;
		open_depth = depth;
	}
	if (open)
		buf_addc(out, '\n');
}

/* columns, roughly: characters beyond Latin count twice */
static size_t flowed_column(struct slice *s) {
	int32_t c = text_utf8_next(s);
	return c >= 0x1100 ? 2 : 1;
}

/* octets of s for one line of `width` columns; *space_r: it ends behind a space */
static size_t flowed_take(struct slice s, size_t width, bool *space_r) {
	struct slice rest = s;
	size_t columns = 0, behind = 0, fits = 0;
	while (rest.n && columns < width) {
		bool space = rest.p[0] == ' ';
		columns += flowed_column(&rest);
		fits = s.n - rest.n;
		if (space)
			behind = fits;
	}
	/* an address of the web is worth more than a straight margin */
	while (rest.n && !behind && rest.n < s.n && !(s.p[fits - 1] & 0x80) && fits < FLOWED_WORD && !(rest.p[0] & 0x80)) {
		bool space = rest.p[0] == ' ';
		rest = slice_from(rest, 1);
		fits++;
		behind = space ? fits : 0;
	}
	*space_r = behind > 0;
	return !rest.n ? s.n : behind ? behind : fits;
}

/* quoted lines written with spaces between their marks ("> > a") say the same */
static size_t flowed_quote(struct slice *line) {
	struct slice whole = *line;
	size_t depth = flowed_depth(line);
	while (depth && line->n > 1 && line->p[0] == ' ' && line->p[1] == '>') {
		*line = slice_from(*line, 1);
		depth += flowed_depth(line);
	}
	if (depth > FLOWED_DEPTH) {      /* an ornament */
		*line = whole;
		return 0;
	}
	if (depth && line->n && line->p[0] == ' ')
		*line = slice_from(*line, 1);
	return depth;
}

static struct slice flowed_tail(struct slice line) {
	if (slice_is(line, "-- "))
		return line;
	while (line.n && (line.p[line.n - 1] == ' ' || line.p[line.n - 1] == '\r'))
		line.n--;
	return line;
}

static bool flowed_must_break(struct slice s) {
	struct slice line;
	while (slice_line(&s, &line)) {
		size_t depth = flowed_quote(&line);
		for (line = flowed_tail(line); line.n;) {
			bool space;
			size_t n = flowed_take(line, FLOWED_WIDTH - (depth < 20 ? depth : 20), &space);
			if (n < line.n && !space)
				return true;
			line = slice_from(line, n);
		}
	}
	return false;
}

bool flowed_encode(struct slice s, struct buf *out) {
	bool delsp = flowed_must_break(s);
	struct slice line;
	while (slice_line(&s, &line)) {
		size_t depth = flowed_quote(&line);
		line = flowed_tail(line);
		do {
			bool space;
			size_t n = flowed_take(line, FLOWED_WIDTH - (depth < 20 ? depth : 20), &space);
			struct slice one = slice_to(line, n);
			for (size_t i = 0; i < depth; i++)
				buf_addc(out, '>');
			/* stuffing: what would look like a mark, a stuffed line or an mbox separator */
			if (one.n && (depth || one.p[0] == ' ' || one.p[0] == '>' || slice_starts(one, SLICE("From "))))
				buf_addc(out, ' ');
			buf_add_slice(out, one);
			line = slice_from(line, n);
			if (line.n && delsp)
				buf_addc(out, ' ');
			buf_adds(out, "\r\n");
		} while (line.n);
	}
	return delsp;
}
