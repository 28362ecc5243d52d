#include "gateways/common/pointer_text.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/address.h"
#include "forumd/mail/field.h"
#include "forumd/mail/msgid.h"
#include "forumd/mail/words.h"
#include "gateways/common/post_in.h"

static void pointer_field(struct buf *out, const char *name, struct slice utf8) {
	struct buf b = { 0 };
	words_encode(utf8, &b);
	field_write(out, name, buf_slice(&b));
	buf_free(&b);
}

static void pointer_header(const struct post *p, const struct group *from, const struct group *to, const char *domain,
	struct buf *out) {
	struct buf b = { 0 }, local = { 0 }, name = { 0 };
	buf_addf(&local, "%.*s-owner", SLICE_ARG(from->name));
	buf_addf(&name, "%.*s moderators", SLICE_ARG(from->name));
	address_write(&b, buf_slice(&name), buf_slice(&local), slice_str(domain));
	field_write(out, "From", buf_slice(&b));
	buf_reset(&b);
	buf_adds(&b, "Moved: ");
	buf_add_slice(&b, p->subject);
	pointer_field(out, "Subject", buf_slice(&b));
	buf_reset(&b);
	msgid_references(p->references, p->message_id, &b);
	field_write(out, "References", buf_slice(&b));
	buf_reset(&b);
	msgid_new(&b, slice_str(domain));
	field_write(out, "Message-ID", buf_slice(&b));
	field_write(out, "Followup-To", to->name);
	field_write(out, "Auto-Submitted", SLICE("auto-generated"));
	field_write(out, "Content-Type", SLICE("text/plain; charset=utf-8"));
	field_write(out, "Content-Transfer-Encoding", SLICE("8bit"));
	buf_free(&b);
	buf_free(&local);
	buf_free(&name);
}

static uint32_t pointer_number(const struct post *p, const struct group *to) {
	for (size_t i = 0; i < p->nplaces; i++)
		if (p->places[i].group == to->id)
			return p->places[i].number;
	return 0;
}

int pointer_text(struct forum_txn *t, const struct post *moved, const struct group *from, const struct group *to,
	struct post_draft *d_r, struct fail *f) {
	const char *domain = forum_domain(forum_of(t));
	struct post_in in = {
		.source = POST_FROM_CTL, .member = RIGHTS_OPERATOR, .groups = &from->id, .ngroups = 1, .no_mail = true
	};
	struct buf raw = { 0 };
	pointer_header(moved, from, to, domain, &raw);
	buf_addf(&raw,
		"\r\nThis thread was moved to another group. What is here now only points there.\r\n\r\n"
		"    Subject: %.*s\r\n    Group:   %.*s, number %u\r\n    Article: <news:%.*s>\r\n\r\n"
		"It is the same thread with the same Message-IDs: links to it still work, and\r\nan answer to this article goes to %.*s.\r\n",
		SLICE_ARG(moved->subject), SLICE_ARG(to->name), pointer_number(moved, to),
		SLICE_ARG(slice_sub(moved->message_id, 1, moved->message_id.n - 2)), SLICE_ARG(to->name));
	int r = post_in_parse(t, &in, arena_slice(forum_arena(t), buf_slice(&raw)), forum_arena(t), d_r, f);
	/* In the tree here it takes the place of what went. Citing that would make one thread of the two, under another id.
	 */
	d_r->references = moved->references;
	d_r->in_reply_to = slice_of("", 0);
	buf_free(&raw);
	return r;
}
