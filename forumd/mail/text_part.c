/* text_part.c - which part of a message is meant to be read. The first inline text in order of the parts decides; when
 * it is HTML inside an alternative, a plain text beside it is preferred. Texts without a name that stand behind it in the
 * same multipart/mixed go on with it. Parts of forwarded messages are not the text of the message that carries them. */
#include "forumd/mail/field.h"
#include "forumd/mail/mime.h"

static bool text_part_inline(const struct mime_table *t, size_t i) {
	const struct mime_part *p = &t->v[i];
	return p->kind == MIME_LEAF && slice_is(p->type, "text") && !slice_is(p->disposition, "attachment") &&
		p->encoding != MIME_OTHER;
}

/* outermost multipart/alternative above i, or -1; *foreign_r: i belongs to an embedded message */
static int text_part_alternative(const struct mime_table *t, size_t i, bool *foreign_r) {
	int found = -1;
	*foreign_r = false;
	for (int32_t up = t->v[i].parent; up >= 0; up = t->v[up].parent) {
		*foreign_r = *foreign_r || (t->v[up].kind == MIME_MESSAGE && up > 0);
		if (t->v[up].kind == MIME_MULTIPART && slice_is(t->v[up].subtype, "alternative"))
			found = up;
	}
	return found;
}

/* the alternative's parts stand together: from its index while they lie inside its body */
static int text_part_plain_in(const struct mime_table *t, int alternative) {
	const struct mime_part *in = &t->v[alternative];
	for (size_t i = (size_t)alternative + 1; i < t->n && t->v[i].body_off <= in->body_off + in->body_len; i++)
		if (t->v[i].depth > in->depth && text_part_inline(t, i) && slice_is(t->v[i].subtype, "plain") &&
			t->v[i].body_len > 2)
			return (int)i;
	return -1;
}

int mime_readable(const struct mime_table *t) {
	int last_resort = -1;
	for (size_t i = 0; i < t->n; i++) {
		bool foreign;
		if (!text_part_inline(t, i))
			continue;
		int alternative = text_part_alternative(t, i, &foreign);
		if (foreign)
			continue;
		if (slice_is(t->v[i].subtype, "html") && t->v[i].body_len) {
			int plain = alternative >= 0 ? text_part_plain_in(t, alternative) : -1;
			return plain >= 0 ? plain : (int)i;
		}
		if (slice_is(t->v[i].subtype, "plain") && t->v[i].body_len > 2)
			return (int)i;
		if (last_resort < 0 || (t->v[last_resort].body_len <= 2 && t->v[i].body_len > 2))
			last_resort = (int)i;
	}
	return last_resort;
}

bool mime_goes_on(const struct mime_table *t, int readable, size_t i) {
	const struct mime_part *p = &t->v[i], *up = p->parent < 0 ? NULL : &t->v[p->parent];
	int32_t above = readable;
	if (readable < 0 || i <= (size_t)readable || !text_part_inline(t, i) || mime_file_name(p).n ||
		!slice_eq(p->subtype, t->v[readable].subtype))
		return false;
	while (above >= 0 && above != p->parent)
		above = t->v[above].parent;
	return above >= 0 && up->kind == MIME_MULTIPART && slice_is(up->subtype, "mixed");
}

/* with one empty line between the two */
static void text_part_join(struct buf *out, size_t start, struct slice more) {
	struct slice rest = more, line;
	while (slice_line(&rest, &line) && !slice_trim(line).n)
		more = rest;
	while (buf_len(out) > start && slice_ends(buf_slice(out), SLICE("\n")))
		buf_truncate(out, buf_len(out) - 1);
	if (buf_len(out) > start)
		buf_adds(out, "\n\n");
	buf_add_slice(out, more);
}

void mime_readable_text(const struct mime_table *t, int readable, struct slice body, size_t max, struct buf *out) {
	size_t start = buf_len(out);
	struct buf more = { 0 };
	mime_text(&t->v[readable], body, max, out);
	for (size_t i = (size_t)readable + 1; i < t->n && buf_len(out) - start < max; i++) {
		if (!mime_goes_on(t, readable, i))
			continue;
		buf_reset(&more);
		mime_text(&t->v[i], body, max - (buf_len(out) - start), &more);
		text_part_join(out, start, buf_slice(&more));
	}
	buf_free(&more);
}

void mime_message_text(struct slice header, struct slice body, size_t max, struct buf *out) {
	struct arena *a = arena_new();
	struct mime_table t;
	mime_scan(a, header, body, &t);
	int i = mime_readable(&t);
	if (i >= 0 && slice_is(t.v[i].subtype, "html")) {
		struct buf html = { 0 };
		mime_readable_text(&t, i, body, max, &html);
		mime_html_text(buf_slice(&html), out);
		buf_free(&html);
	} else if (i >= 0) {
		mime_readable_text(&t, i, body, max, out);
	}
	arena_free(&a);
}
