#include "gateways/imap/imap_sort_key.h"
#include "forumd/base/text.h"
#include "forumd/mail/subject.h"
#include "forumd/mail/words.h"
#include "gateways/imap/imap_private.h"

bool imap_sort_subject(const struct overview *o, struct buf *out) {
	struct buf text = {0}, base = {0};
	if (text_plain(o->subject) && slice_find(o->subject, SLICE("=?")) < 0) {
		/* the usual case, without buffers on the way */
		size_t at = buf_len(out);
		bool plain_reply = subject_base(o->subject, out);
		char *p = buf_bytes(out);
		for (size_t i = at; i < buf_len(out); i++)
			p[i] = text_upper(p[i]);
		return plain_reply;
	}
	words_decode(o->subject, &text);
	bool reply = subject_base(buf_slice(&text), &base);
	text_casemap(buf_slice(&base), out);
	buf_free(&text);
	buf_free(&base);
	return reply;
}

int64_t imap_sort_date(const struct overview *o) {
	return o->date_text.n && o->date ? o->date : overview_received(o);
}

/* stored strings need no arena unless they have escapes */
static bool take_part(struct slice *in, struct arena *a, struct slice *s_r) {
	imap_take_space(in);
	return imap_take_nstring(in, a, s_r);
}

void imap_sort_address(struct slice list, bool display, struct buf *out) {
	struct slice part[4];
	struct buf text = {0};
	if (!imap_take_char(&list, '(') || !imap_take_char(&list, '('))
		return;
	struct arena *a = arena_new();
	bool good = true;
	for (int i = 0; i < 4 && good; i++)
		good = take_part(&list, a, &part[i]);
	if (good && display && part[0].n) {
		words_decode(part[0], &text);
		text_casemap(buf_slice(&text), out);
	} else if (good) {
		buf_add_slice(&text, part[2]);
		if (display && part[3].n) {
			buf_addc(&text, '@');
			buf_add_slice(&text, part[3]);
		}
		text_casemap(buf_slice(&text), out);
	}
	buf_free(&text);
	arena_free(&a);
}

struct slice imap_sort_list(struct slice after, unsigned n) {
	for (; n; n--) {
		imap_structure_value(&after);
		imap_take_space(&after);
	}
	return imap_at(&after, '(') ? imap_structure_value(&after) : slice_of("", 0);
}
