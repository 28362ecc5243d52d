/* list_fields.c - what a copy says about its list: RFC 2369, 2919 and 5064. The List-Unsubscribe made here is the
 * general one; that of a recipient, with List-Unsubscribe-Post (RFC 8058), is made by the sender of copies. */
#include "forumd/mail/build.h"
#include "forumd/mail/field.h"
#include "forumd/mail/words.h"

static void list_mailto(struct buf *out, const char *field, const struct build_list *l, const char *suffix) {
	struct buf v = { 0 };
	buf_adds(&v, "<mailto:");
	buf_add_slice(&v, l->group);
	buf_adds(&v, suffix);
	buf_addc(&v, '@');
	buf_add_slice(&v, l->domain);
	buf_addc(&v, '>');
	field_write(out, field, buf_slice(&v));
	buf_free(&v);
}

void build_list_fields(struct buf *out, const struct build_list *l) {
	struct buf v = { 0 };
	if (l->title.n) {
		words_encode_phrase(l->title, &v);
		buf_addc(&v, ' ');
	}
	buf_addc(&v, '<');
	buf_add_slice(&v, l->group);
	buf_addc(&v, '.');
	buf_add_slice(&v, l->domain);
	buf_addc(&v, '>');
	field_write(out, "List-Id", buf_slice(&v));
	list_mailto(out, "List-Post", l, "");
	list_mailto(out, "List-Help", l, "-help");
	list_mailto(out, "List-Subscribe", l, "-subscribe");
	if (!l->no_unsubscribe)
		list_mailto(out, "List-Unsubscribe", l, "-unsubscribe");
	list_mailto(out, "List-Owner", l, "-owner");
	if (l->archived_at.n) {
		buf_reset(&v);
		buf_addc(&v, '<');
		buf_add_slice(&v, l->archived_at);
		buf_addc(&v, '>');
		field_write(out, "Archived-At", buf_slice(&v));
	}
	field_write(out, "Precedence", SLICE("list"));
	buf_free(&v);
}
