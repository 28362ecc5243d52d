/* mime_part.c - the stored part table and the sections of BODY[...].
 * The stored form has the parts in their order of start, so one walk forward finds any section: a child always stands
 * behind its parent. Form: varint count, then per part varints parent + 1, kind and encoding, header offset and length,
 * body offset and length. */
#include "forumd/base/fail.h"
#include "forumd/base/num.h"
#include "forumd/mail/mime.h"

void mime_table_encode(const struct mime_table *t, struct buf *out) {
	num_add_varint(out, t->n);
	for (size_t i = 0; i < t->n; i++) {
		const struct mime_part *p = &t->v[i];
		num_add_varint(out, (uint64_t)(p->parent + 1));
		num_add_varint(out, (uint64_t)p->kind << 3 | p->encoding);
		num_add_varint(out, p->header_off);
		num_add_varint(out, p->header_len);
		num_add_varint(out, p->body_off);
		num_add_varint(out, p->body_len);
	}
}

struct part_walk {
	struct slice rest;
	uint64_t left, index;                     /* index of the part read last, +1 */
	uint64_t parent, what, header_off, header_len, body_off, body_len;
};

static bool part_next(struct part_walk *w) {
	if (!w->left)
		return false;
	w->left--;
	w->index++;
	return num_take_varint(&w->rest, &w->parent) && num_take_varint(&w->rest, &w->what) &&
		num_take_varint(&w->rest, &w->header_off) && num_take_varint(&w->rest, &w->header_len) &&
		num_take_varint(&w->rest, &w->body_off) && num_take_varint(&w->rest, &w->body_len);
}

static enum mime_kind part_kind(const struct part_walk *w) {
	return (enum mime_kind)(w->what >> 3);
}

/* the n-th child of the part the walk stands on; the walk moves to it */
static bool part_child(struct part_walk *w, uint32_t n) {
	uint64_t parent = w->index;
	while (n && part_next(w))
		if (w->parent == parent)
			n--;
	return n == 0;
}

/* One number of a section path; `start`: nothing is selected yet, the walk stands on the root. Numbers count the parts
 * of a multipart; a message or embedded message that is no multipart has one part, its content (RFC 9051 6.4.5.1). */
static bool part_step(struct part_walk *w, bool start, uint32_t n) {
	if (!start && part_kind(w) == MIME_LEAF)
		return false;
	if (!start && part_kind(w) == MIME_MESSAGE && !part_child(w, 1))
		return false;
	return part_kind(w) == MIME_MULTIPART ? part_child(w, n) : n == 1;
}

static void part_range(struct mime_range *r, uint64_t off, uint64_t len, uint64_t what, bool header) {
	*r = (struct mime_range){ MIME_RANGE, (uint32_t)off, (uint32_t)len, (enum mime_encoding)(what & 7), header };
	if (header)
		r->encoding = MIME_7BIT;
}

/* HEADER, TEXT or MIME behind the numbers */
static int part_text(struct part_walk *w, struct slice name, bool top, struct mime_range *r) {
	bool header = slice_is_nocase(name, "HEADER"), text = slice_is_nocase(name, "TEXT");
	if (slice_is_nocase(name, "MIME") && !top) {
		if (w->parent == 0)       /* part 1 of a message that is no multipart: its header is that of the message */
			*r = (struct mime_range){ .where = MIME_TOP_HEADER, .is_header = true };
		else
			part_range(r, w->header_off, w->header_len, w->what, true);
		return 1;
	}
	if (!header && !text)
		return ERR_SYNTAX;
	if (top) {
		*r = (struct mime_range){ .where = header ? MIME_TOP_HEADER : MIME_TOP_TEXT, .is_header = header };
		return 1;
	}
	if (part_kind(w) != MIME_MESSAGE || !part_child(w, 1))
		return 0;
	if (header)
		part_range(r, w->header_off, w->header_len, w->what, true);
	else
		part_range(r, w->body_off, w->body_len, MIME_7BIT, false);
	return 1;
}

int mime_section(struct slice encoded_table, struct slice section, struct mime_range *range_r) {
	struct part_walk w = { .rest = encoded_table };
	struct slice rest = section, name;
	bool start = true;
	if (!num_take_varint(&w.rest, &w.left) || !part_next(&w))
		return ERR_CORRUPT;
	if (!section.n) {
		*range_r = (struct mime_range){ .where = MIME_WHOLE };
		return 1;
	}
	if (section.p[section.n - 1] == '.')
		return ERR_SYNTAX;
	for (bool lost = false; slice_split(&rest, '.', &name); start = false) {
		uint32_t n;
		if (!num_parse_u32(name, &n)) {
			if (rest.n)
				return ERR_SYNTAX;
			struct mime_range none;
			if (lost)
				return part_text(&w, name, false, &none) < 0 ? ERR_SYNTAX : 0;
			return part_text(&w, name, start, range_r);
		}
		if (n == 0)
			return ERR_SYNTAX;
		lost = lost || !part_step(&w, start, n);
		if (!rest.n && lost)
			return 0;
	}
	part_range(range_r, w.body_off, w.body_len, w.what, false);
	return 1;
}
