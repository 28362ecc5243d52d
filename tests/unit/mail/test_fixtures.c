/* Real mail, if it is at hand: every message is scanned and the invariants of the part table are checked: children
 * inside their parents and in order, sections found where the table says, BODYSTRUCTURE and ENVELOPE well-formed. Every
 * message is also cut short at several places. */
#include <ftw.h>
#include <stdio.h>
#include "forumd/base/text.h"
#include "forumd/mail/address.h"
#include "forumd/mail/date.h"
#include "forumd/mail/field.h"
#include "forumd/mail/imap_text.h"
#include "forumd/mail/msgid.h"
#include "tests/tap/tap.h"

static int files, dates, authors, ids;

/* parentheses balanced, strings closed, literals whole, nothing after the end */
static bool balanced(struct slice s) {
	size_t depth = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '"') {
			for (i++; i < s.n && s.p[i] != '"'; i++)
				if (s.p[i] == '\\')
					i++;
				else if (s.p[i] == '\r' || s.p[i] == '\n' || s.p[i] == 0 || (s.p[i] & 0x80))
					return false;
			if (i >= s.n)
				return false;
		} else if (s.p[i] == '{') {
			size_t n = 0;
			for (i++; i < s.n && text_digit(s.p[i]); i++)
				n = n * 10 + (size_t)(s.p[i] - '0');
			if (!slice_starts(slice_from(s, i), SLICE("}\r\n")) || i + 2 + n >= s.n + 1)
				return false;
			i += 2 + n;
		} else if (s.p[i] == '(') {
			depth++;
		} else if (s.p[i] == ')' && depth-- == 0) {
			return false;
		} else if (s.p[i] == '\r' || s.p[i] == '\n') {
			return false;
		}
	}
	return depth == 0;
}

static const char *check_table(const struct mime_table *t, struct slice body) {
	for (size_t i = 0; i < t->n; i++) {
		const struct mime_part *p = &t->v[i];
		if ((uint64_t)p->body_off + p->body_len > body.n || (uint64_t)p->header_off + p->header_len > body.n)
			return "offsets inside the body";
		if (!p->type.n || !p->subtype.n || !p->encoding_name.n)
			return "defaults";
		if (p->kind != MIME_LEAF && !p->children)
			return "only leaves are childless";
		if (i == 0)
			continue;
		const struct mime_part *up = &t->v[p->parent];
		if (p->parent < 0 || (size_t)p->parent >= i || p->depth != up->depth + 1)
			return "parents first";
		/* a part that ends at its boundary may begin behind its end: empty */
		if (p->body_len && (p->body_off < up->body_off || p->body_off + p->body_len > up->body_off + up->body_len))
			return "children inside parents";
		if (p->next && (p->next <= i || t->v[p->next].parent != p->parent))
			return "links";
	}
	return NULL;
}

/* "1.2.1" of part i as a section; false when it has no number (content of an embedded multipart message) */
static bool section_of(const struct mime_table *t, size_t i, struct buf *out) {
	char path[1200];
	size_t at = sizeof path;
	for (int32_t k = (int32_t)i; k >= 0; k = t->v[k].parent) {
		int32_t up = t->v[k].parent;
		unsigned n = 1;
		if (up >= 0 && t->v[up].kind == MIME_MULTIPART)
			for (uint32_t c = t->v[up].first_child; c != (uint32_t)k; c = t->v[c].next)
				n++;
		else if (t->v[k].kind == MIME_MULTIPART) {
			if (k == (int32_t)i)
				return false;
			continue;
		}
		char one[16];
		int len = snprintf(one, sizeof one, "%u%s", n, at == sizeof path ? "" : ".");
		at -= (size_t)len;
		memcpy(path + at, one, (size_t)len);
	}
	buf_add(out, path + at, sizeof path - at);
	return true;
}

static const char *check_sections(const struct mime_table *t) {
	struct buf table = { 0 }, section = { 0 };
	const char *wrong = NULL;
	mime_table_encode(t, &table);
	for (size_t i = 0; i < t->n && !wrong; i++) {
		struct mime_range r;
		buf_reset(&section);
		if (!section_of(t, i, &section))
			continue;
		if (mime_section(buf_slice(&table), buf_slice(&section), &r) != 1 || r.where != MIME_RANGE ||
			r.off != t->v[i].body_off || r.len != t->v[i].body_len)
			wrong = "sections";
	}
	buf_free(&table), buf_free(&section);
	return wrong;
}

static const char *check_message(struct slice message, bool whole) {
	struct arena *a = arena_new();
	struct mime_table t;
	struct slice header, body;
	struct buf b = { 0 };
	struct imap_text_envelope e;
	field_split(message, &header, &body);
	mime_scan(a, header, body, &t);
	const char *wrong = check_table(&t, body);
	if (!wrong)
		wrong = check_sections(&t);
	imap_text_structure(&t, body, true, &b);
	if (!balanced(buf_slice(&b)))
		wrong = "structure";
	imap_text_envelope(a, header, &e);
	if (!balanced(buf_slice(&e.before)) || !balanced(buf_slice(&e.from)) || !balanced(buf_slice(&e.after)))
		wrong = "envelope";
	imap_text_envelope_free(&e);
	buf_reset(&b);
	mime_message_text(header, body, 1000000, &b);
	if (!text_utf8_valid(buf_slice(&b)))
		wrong = "text";
	struct field f;
	int64_t when;
	struct address_list list;
	struct slice id, value;
	if (whole && field_find(header, "date", 0, &f))
		dates += date_parse(f.value, &when, NULL) == 1;
	if (whole && field_find(header, "from", 0, &f)) {
		address_parse(a, f.value, &list);
		authors += list.n > 0;
	}
	if (whole && field_find(header, "message-id", 0, &f)) {
		value = f.value;
		ids += msgid_next(&value, &id);
	}
	buf_free(&b);
	arena_free(&a);
	return wrong;
}

static int visit(const char *path, const struct stat *st, int flag, struct FTW *ftw) {
	struct buf raw = { 0 };
	(void)st, (void)ftw;
	if (flag != FTW_F)
		return 0;
	test_read_file(path, &raw);
	const char *wrong = check_message(buf_slice(&raw), true);
	for (size_t cut = 1; cut < 8 && !wrong; cut++)
		wrong = check_message(slice_to(buf_slice(&raw), buf_len(&raw) * cut / 8), false);
	ok(!wrong, "%s: %s", strrchr(path, '/') + 1, wrong ? wrong : "sound");
	files++;
	buf_free(&raw);
	return 0;
}

int main(void) {
	static const char *const folders[] = { "data/mime", "data/lkml", "data/threading", "data/maildir-basic" };
	for (size_t i = 0; i < 4; i++) {
		const char *path = test_shared_path(folders[i]);
		if (!path)
			skip_all("the shared mail is not here");
		nftw(path, visit, 16, FTW_PHYS);
	}
	diag("%d files, %d dates, %d authors, %d ids", files, dates, authors, ids);
	ok(dates > files * 9 / 10 && authors > files * 9 / 10 && ids > files * 8 / 10,
		"nearly all have date, author and id");
	return done();
}
