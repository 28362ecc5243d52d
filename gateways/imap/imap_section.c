#include "gateways/imap/imap_section.h"
#include "gateways/imap/imap_private.h"
#include "forumd/base/text.h"
#include "forumd/mail/field.h"
#include "forumd/mail/mime.h"

#define SECTION_FIELDS_MAX 1000
#define SECTION_LEVELS_MAX 100

/* "1.2." : part numbers with their dots, also the last one; a last number without a dot ends the section */
static bool take_part_numbers(struct slice *in, struct buf *part) {
	for (unsigned level = 0; in->n && text_digit(*in->p); level++) {
		uint32_t n;
		if (level == SECTION_LEVELS_MAX || *in->p == '0' || !imap_take_number(in, &n))
			return false;
		if (part->used)
			buf_addc(part, '.');
		buf_addu(part, n);
		if (!imap_take_char(in, '.'))
			return imap_at(in, ']');
		if (imap_at(in, ']'))
			return false;
	}
	return true;
}

static void add_field_name(struct buf *text, struct slice name) {
	struct slice copy = name, atom;
	if (imap_take_atom(&copy, &atom) && !copy.n) {
		buf_add_slice(text, name);
		return;
	}
	buf_addc(text, '"');
	for (size_t i = 0; i < name.n; i++) {
		if (name.p[i] == '"' || name.p[i] == '\\')
			buf_addc(text, '\\');
		buf_addc(text, name.p[i]);
	}
	buf_addc(text, '"');
}

static bool take_fields(struct slice *in, struct arena *a, struct imap_section *s, struct buf *text) {
	if (!imap_take_space(in) || !imap_take_char(in, '('))
		return false;
	buf_adds(text, " (");
	struct slice *v = arena_alloc(a, 8 * sizeof *v);
	unsigned n = 0, room = 8;
	do {
		struct slice name;
		if (n == SECTION_FIELDS_MAX || !imap_take_astring(in, a, &name) || !field_name_valid(name))
			return false;
		if (n)
			buf_addc(text, ' ');
		add_field_name(text, name);
		if (n == room) {
			struct slice *more = arena_alloc(a, 2 * room * sizeof *more);
			memcpy(more, v, n * sizeof *v);
			v = more;
			room *= 2;
		}
		v[n++] = name;
	} while (imap_take_space(in));
	buf_addc(text, ')');
	s->fields = v;
	s->nfields = n;
	return imap_take_char(in, ')');
}

/* HEADER, TEXT, MIME, HEADER.FIELDS (...), HEADER.FIELDS.NOT (...) */
static bool take_text_part(struct slice *in, struct arena *a, struct imap_section *s, struct buf *part,
	struct buf *text) {
	struct slice name;
	if (!imap_take_name(in, &name))
		return false;
	bool fields = slice_is_nocase(name, "HEADER.FIELDS"), not = slice_is_nocase(name, "HEADER.FIELDS.NOT");
	bool known = slice_is_nocase(name, "HEADER") || slice_is_nocase(name, "TEXT") ||
		(slice_is_nocase(name, "MIME") && part->used);
	if (!fields && !not && !known)
		return false;
	buf_add_slice(text, buf_slice(part));
	if (part->used) {
		buf_addc(part, '.');
		buf_addc(text, '.');
	}
	struct slice where = fields || not ? SLICE("HEADER") : name;
	for (size_t i = 0; i < where.n; i++)
		buf_addc(part, text_upper(where.p[i]));
	for (size_t i = 0; i < name.n; i++)
		buf_addc(text, text_upper(name.p[i]));
	s->filter = fields ? IMAP_FILTER_FIELDS : not ? IMAP_FILTER_NOT : IMAP_FILTER_NONE;
	return s->filter == IMAP_FILTER_NONE || take_fields(in, a, s, text);
}

static bool take_partial(struct slice *in, struct imap_section *s) {
	if (!imap_take_char(in, '<'))
		return true;
	s->partial = true;
	return imap_take_number(in, &s->off) && imap_take_char(in, '.') && imap_take_number(in, &s->len) && s->len &&
		imap_take_char(in, '>');
}

bool imap_section_take(struct slice *in, struct arena *a, struct imap_section *s_r) {
	struct buf part = {0}, text = {0};
	*s_r = (struct imap_section){0};
	bool good = imap_take_char(in, '[') && take_part_numbers(in, &part);
	if (good && imap_at(in, ']'))
		buf_add_slice(&text, buf_slice(&part));
	else
		good = good && take_text_part(in, a, s_r, &part, &text);
	good = good && imap_take_char(in, ']') && take_partial(in, s_r);
	s_r->part = arena_slice(a, buf_slice(&part));
	s_r->text = arena_slice(a, buf_slice(&text));
	buf_free(&part);
	buf_free(&text);
	return good;
}

static bool field_listed(const struct imap_section *s, struct slice name) {
	for (unsigned i = 0; i < s->nfields; i++)
		if (slice_eq_nocase(s->fields[i], name))
			return true;
	return false;
}

void imap_section_filter(const struct imap_section *s, struct slice header, struct buf *out) {
	struct field f;
	while (field_next(&header, &f)) {
		if (!slice_trim(f.raw).n || field_listed(s, f.name) != (s->filter == IMAP_FILTER_FIELDS))
			continue;
		buf_add_slice(out, f.raw);
		if (!slice_ends(f.raw, SLICE("\n")))
			buf_adds(out, "\r\n");
	}
	buf_adds(out, "\r\n");
}

bool imap_section_needs_table(const struct imap_section *s) {
	return s->part.n && text_digit(*s->part.p);
}

static void content_cut(const struct imap_section *s, struct imap_content *c) {
	if (!s->partial)
		return;
	uint32_t head = (uint32_t)buf_len(&c->head), skip = s->off < head ? s->off : head;
	buf_consume(&c->head, skip);
	uint32_t rest = s->off - skip;
	rest = rest < c->len ? rest : c->len;
	c->off += rest;
	c->len -= rest;
	head -= skip;
	if (head >= s->len) {
		buf_truncate(&c->head, s->len);
		c->len = 0;
	} else if (c->len > s->len - head) {
		c->len = s->len - head;
	}
}

/* header of the whole message with its empty line, filtered when the section wants that */
static int content_header(struct forum_txn *t, const struct post *p, const struct imap_section *s, struct slice added,
	bool utf8, struct imap_content *c) {
	if (s->filter == IMAP_FILTER_NONE) {
		int r = imap_header(t, p, added, utf8, &c->head);
		buf_adds(&c->head, "\r\n");
		c->surrogate = r == 2;
		return r;
	}
	struct buf whole = {0};
	int r = imap_header(t, p, added, utf8, &whole);
	c->surrogate = r == 2;
	if (r >= 0)
		imap_section_filter(s, buf_slice(&whole), &c->head);
	buf_free(&whole);
	return r;
}

static int content_range_filtered(struct forum_txn *t, const struct post *p, const struct imap_section *s,
	struct imap_content *c) {
	struct buf part = {0};
	int r = post_body(t, p, c->off, c->len, &part);
	if (r >= 0)
		imap_section_filter(s, buf_slice(&part), &c->head);
	buf_free(&part);
	c->len = 0;
	return r;
}

int imap_section_find(struct forum_txn *t, const struct post *p, struct slice part_table,
	const struct imap_section *s, struct slice added, bool utf8, struct imap_content *c_r) {
	struct mime_range range = { .where = MIME_WHOLE };
	int r = 1;
	c_r->off = c_r->len = 0;
	if (imap_section_needs_table(s))
		r = mime_section(part_table, s->part, &range);
	else if (slice_is(s->part, "HEADER"))
		range.where = MIME_TOP_HEADER;
	else if (slice_is(s->part, "TEXT"))
		range.where = MIME_TOP_TEXT;
	if (r <= 0)
		return r;
	if (range.where == MIME_WHOLE || range.where == MIME_TOP_HEADER)
		r = content_header(t, p, s, added, utf8, c_r);
	if (range.where == MIME_WHOLE || range.where == MIME_TOP_TEXT)
		c_r->len = p->body_len;
	if (range.where == MIME_RANGE) {
		c_r->off = range.off < p->body_len ? range.off : p->body_len;
		c_r->len = range.len < p->body_len - c_r->off ? range.len : p->body_len - c_r->off;
		if (s->filter != IMAP_FILTER_NONE)
			r = content_range_filtered(t, p, s, c_r);
	}
	if (r < 0)
		return r;
	content_cut(s, c_r);
	return 1;
}

int imap_section_decode(struct forum_txn *t, const struct post *p, struct slice part_table,
	const struct imap_section *s, struct slice added, bool utf8, struct imap_content *c_r) {
	struct mime_range range = { .where = MIME_WHOLE };
	struct buf raw = {0};
	int r = s->part.n ? mime_section(part_table, s->part, &range) : 1;
	if (r <= 0)
		return r;
	if (range.where != MIME_RANGE && range.where != MIME_TOP_TEXT)
		return imap_section_find(t, p, part_table, s, added, utf8, c_r);
	if (range.encoding == MIME_OTHER)
		return ERR_INVALID;
	c_r->off = c_r->len = 0;
	if (range.where == MIME_TOP_TEXT) {
		range.off = 0;
		range.len = p->body_len;
	}
	r = post_body(t, p, range.off, range.len, &raw);
	if (r >= 0)
		mime_decode(range.encoding, buf_slice(&raw), SIZE_MAX, &c_r->head);
	buf_free(&raw);
	if (r < 0)
		return r;
	content_cut(s, c_r);
	return 1;
}
