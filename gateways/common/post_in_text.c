/* post_in_text.c - what of a message can be searched: the same texts for the index (forum/search.h) as for those who
 * read candidates, so that both always agree. */
#include "forumd/base/text.h"
#include "forumd/forum/search.h"
#include "forumd/mail/words.h"
#include "gateways/common/post_in_private.h"

#define SEARCH_BODY_MAX (1u << 20)

bool post_in_body_text(const struct mime_table *table, struct slice body, size_t max, struct buf *out) {
	for (size_t i = 0; i < table->n; i++) {
		const struct mime_part *p = &table->v[i];
		struct buf html = { 0 };
		size_t left = max > buf_len(out) ? max - buf_len(out) : 0;
		if (p->kind != MIME_LEAF || !slice_is(p->type, "text"))
			continue;
		if (left == 0)
			return false;
		if (slice_is(p->subtype, "html")) {
			mime_text(p, body, left, &html);
			mime_html_text(buf_slice(&html), out);
		} else {
			mime_text(p, body, left, out);
		}
		buf_addc(out, '\n');
		buf_free(&html);
	}
	return buf_len(out) < max && !table->cut;
}

static bool text_is_plain(struct slice s) {
	struct text_lines l;
	text_lines(s, &l);
	if (l.eight_bit)
		return false;
	for (ptrdiff_t at; (at = slice_chr(s, '=')) >= 0; s = slice_from(s, (size_t)at + 1))
		if ((size_t)at + 1 < s.n && s.p[at + 1] == '?')
			return false;
	return true;
}

void post_in_header_text(struct slice header, struct buf *out) {
	struct buf flat = { 0 };
	buf_add_slice(out, header);
	if (text_is_plain(header))
		return;
	buf_addc(out, '\n');
	field_unfold(header, &flat);
	words_decode(buf_slice(&flat), out);
	buf_free(&flat);
}

bool post_in_part_headers(const struct mime_table *table, struct slice body, size_t max, struct buf *out) {
	struct buf flat = { 0 };
	bool whole = !table->cut;
	for (size_t i = 0; i < table->n; i++) {
		const struct mime_part *p = &table->v[i];
		if (p->header_len == 0 || p->header_len > body.n || p->header_off > body.n - p->header_len)
			continue;
		whole = whole && p->header_len <= max;
		if (!whole)
			break;
		max -= p->header_len;
		struct slice header = slice_of(body.p + p->header_off, p->header_len);
		buf_reset(&flat);
		field_unfold(header, &flat);
		post_in_header_text(header, out);
		buf_addc(out, '\n');
		buf_add_slice(out, buf_slice(&flat));
		buf_addc(out, '\n');
	}
	buf_free(&flat);
	return whole;
}

/* header with the typed From; the line readers see is the index's business */
static void text_split(struct slice header, struct buf *rest, struct buf *from) {
	struct field f;
	while (field_next(&header, &f)) {
		if (slice_is_nocase(f.name, "From") && buf_len(from) == 0)
			field_unfold(f.value, from);
		else
			buf_add_slice(rest, f.raw);
	}
}

void post_in_terms(struct arena *a, const struct mime_table *table, struct slice header, struct slice body,
	struct post_draft *d) {
	struct buf rest = { 0 }, from = { 0 }, head = { 0 }, line = { 0 }, text = { 0 }, terms = { 0 };
	text_split(header, &rest, &from);
	post_in_header_text(buf_slice(&rest), &head);
	buf_addc(&head, '\n');
	post_in_header_text(buf_slice(&from), &line);
	bool whole = post_in_body_text(table, body, SEARCH_BODY_MAX, &text);
	whole = post_in_part_headers(table, body, SEARCH_BODY_MAX, &head) && whole;
	search_terms(buf_slice(&line), buf_slice(&head), buf_slice(&text), !whole, &terms);
	d->terms = arena_slice(a, buf_slice(&terms));
	buf_free(&rest);
	buf_free(&from);
	buf_free(&head);
	buf_free(&line);
	buf_free(&text);
	buf_free(&terms);
}
