/* post_in_derive.c - what a stored post's records hold beside its octets. A message may be as odd as it likes: each
 * derived piece is bounded, so that the records fit into the store; where a bound is met the piece is made again from
 * less (addresses cut, structure opaque). */
#include "forumd/mail/date.h"
#include "forumd/mail/imap_text.h"
#include "forumd/mail/mime.h"
#include "forumd/mail/msgid.h"
#include "forumd/mail/subject.h"
#include "forumd/mail/words.h"
#include "gateways/common/post_in_private.h"

#define SUBJECT_MAX 2000
#define DATE_MAX 200
#define REFERENCES_MAX 2000
#define ENVELOPE_MAX 24000
#define STRUCTURE_MAX 24000

struct slice post_in_clean(struct arena *a, struct slice value, size_t max) {
	struct buf b = { 0 };
	field_unfold(value, &b);
	struct slice s = buf_slice(&b);
	if (s.n > max) {
		size_t n = max;
		while (n > max - 4 && (s.p[n] & 0xc0) == 0x80)
			n--;
		s.n = n;
	}
	s = arena_slice(a, s);
	char *p = (char *)s.p;      /* our own copy */
	for (size_t i = 0; i < s.n; i++)
		if (p[i] == '\t' || p[i] == '\r' || p[i] == '\n' || p[i] == 0)
			p[i] = ' ';
	buf_free(&b);
	return s;
}

static struct slice derive_steal(struct arena *a, struct buf *b) {
	struct slice s = arena_slice(a, buf_slice(b));
	buf_free(b);
	return s;
}

static struct slice derive_value(struct slice header, const char *name) {
	struct field f;
	return field_find(header, name, 0, &f) ? f.value : slice_of("", 0);
}

static struct slice derive_ids(struct arena *a, struct slice value) {
	struct buf b = { 0 };
	msgid_references(value, slice_of("", 0), &b);
	return derive_steal(a, &b);
}

static void derive_ids_and_text(struct arena *a, struct slice header, struct post_draft *d) {
	struct buf b = { 0 };
	struct slice rest = derive_value(header, "message-id"), subject;
	if (!msgid_next(&rest, &d->message_id))
		d->message_id = slice_of("", 0);
	d->message_id = arena_slice(a, d->message_id);
	d->in_reply_to = derive_ids(a, derive_value(header, "in-reply-to"));
	d->references = derive_ids(a, derive_value(header, "references"));
	d->ov_references = post_in_clean(a, derive_value(header, "references"), REFERENCES_MAX + 1);
	if (d->ov_references.n > REFERENCES_MAX)
		d->ov_references = d->references;
	d->ov_subject = post_in_clean(a, derive_value(header, "subject"), SUBJECT_MAX);
	d->ov_date = post_in_clean(a, derive_value(header, "date"), DATE_MAX);
	words_decode(d->ov_subject, &b);
	subject = slice_to(buf_slice(&b), SUBJECT_MAX);
	d->subject = arena_slice(a, subject);
	buf_free(&b);
	subject_base(d->subject, &b);
	d->base_subject = derive_steal(a, &b);
	if (date_parse(d->ov_date, &d->date, NULL) <= 0)
		d->date = 0;
}

/* the header with every value that may hold addresses cut at the last comma before `max` octets */
static struct slice derive_cut_header(struct arena *a, struct slice header, size_t max) {
	struct buf b = { 0 };
	struct field f;
	while (field_next(&header, &f)) {
		struct slice value = slice_to(f.value, max);
		if (value.n < f.value.n) {
			ptrdiff_t comma = slice_rchr(value, ',');
			value = slice_to(value, comma > 0 ? (size_t)comma : 0);
		}
		if (!f.name.n)
			continue;
		buf_add_slice(&b, f.name);
		buf_addc(&b, ':');
		buf_add_slice(&b, value);
		buf_adds(&b, "\r\n");
	}
	return derive_steal(a, &b);
}

/* as it is told: who is not said to be somebody else is From again */
static size_t derive_envelope_size(const struct imap_text_envelope *e) {
	size_t from = buf_len(&e->from), sender = buf_len(&e->sender), reply_to = buf_len(&e->reply_to);
	return buf_len(&e->before) + from + (sender ? sender : from) + (reply_to ? reply_to : from) + buf_len(&e->after);
}

void post_in_envelope(struct arena *a, struct slice header, struct imap_text_envelope *e_r) {
	static const size_t cuts[] = { 1200, 300, 100 };      /* the last one fits, whatever is in it */
	imap_text_envelope(a, header, e_r);
	for (size_t i = 0; i < sizeof cuts / sizeof *cuts && derive_envelope_size(e_r) > ENVELOPE_MAX; i++) {
		imap_text_envelope_free(e_r);
		imap_text_envelope(a, derive_cut_header(a, header, cuts[i]), e_r);
	}
}

static void derive_envelope(struct arena *a, struct slice header, struct post_draft *d) {
	struct imap_text_envelope e;
	post_in_envelope(a, header, &e);
	d->env_before = arena_slice(a, buf_slice(&e.before));
	d->env_from = arena_slice(a, buf_slice(&e.from));
	d->env_sender = arena_slice(a, buf_slice(&e.sender));
	d->env_reply_to = arena_slice(a, buf_slice(&e.reply_to));
	d->env_after = arena_slice(a, buf_slice(&e.after));
	imap_text_envelope_free(&e);
}

static bool derive_structure(struct arena *a, struct slice header, struct slice body, struct post_draft *d) {
	struct buf text = { 0 }, encoded = { 0 };
	struct mime_table table;
	mime_scan(a, header, body, &table);
	imap_text_structure(&table, body, true, &text);
	mime_table_encode(&table, &encoded);
	/* an import goes on without; the index reads its posts when the writer has time again */
	if (header.n && d->source != POST_FROM_IMPORT)
		post_in_terms(a, &table, header, body, d);
	bool fits = buf_len(&text) + buf_len(&encoded) <= STRUCTURE_MAX;
	if (fits) {
		d->structure = arena_slice(a, buf_slice(&text));
		d->part_table = arena_slice(a, buf_slice(&encoded));
	}
	buf_free(&text);
	buf_free(&encoded);
	return fits;
}

void post_in_derive_all(struct arena *a, struct slice header, struct slice body, struct post_draft *d) {
	derive_ids_and_text(a, header, d);
	derive_envelope(a, header, d);
	if (!derive_structure(a, header, body, d))
		derive_structure(a, slice_of("", 0), body, d);
}

int post_in_derive(void *arg, struct arena *a, struct slice header, struct slice body, struct post_draft *d) {
	(void)arg;
	post_in_derive_all(a, header, body, d);
	return 1;
}
