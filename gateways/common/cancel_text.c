#include "gateways/common/cancel_text.h"
#include "forumd/base/base64.h"
#include "forumd/base/digest.h"
#include "forumd/forum/author.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/date.h"
#include "forumd/mail/field.h"
#include "gateways/common/cancel_lock.h"
#include "gateways/common/post_in.h"

#define REVIEW_LOOK 200         /* messages looked at in one piece */
#define REVIEW_DELETE 25        /* and deleted */

void cancel_text_id(struct forum_txn *t, const struct post *gone, struct buf *out) {
	struct buf what = { 0 };
	unsigned char d[32];
	buf_adds(&what, "cancel ");
	buf_add_slice(&what, gone->message_id);
	digest_hmac_sha256(forum_secret(t), buf_slice(&what), d);
	buf_addc(out, '<');
	base32_encode(slice_of(d, 16), out);
	buf_addf(out, ".cancel@%s>", forum_domain(forum_of(t)));
	buf_free(&what);
}

static void cancel_groups(struct forum_txn *t, const struct post *p, bool only_public, struct buf *out) {
	struct group g;
	for (size_t i = 0; i < p->nplaces; i++)
		if (group_get(t, p->places[i].group, &g) > 0 && (!only_public || g.access == GROUP_PUBLIC)) {
			if (buf_len(out))
				buf_addc(out, ',');
			buf_add_slice(out, g.name);
		}
}

/* as the post says itself, else where it stands, without naming a closed group beside an open one */
static void cancel_newsgroups(struct forum_txn *t, const struct post *p, struct buf *out) {
	struct buf header = { 0 };
	if ((p->flags & POST_HAS_NEWSGROUPS) && post_header(t, p, &header) > 0)
		field_get(buf_slice(&header), "newsgroups", out);
	if (!buf_len(out))
		cancel_groups(t, p, true, out);
	if (!buf_len(out))
		cancel_groups(t, p, false, out);
	buf_free(&header);
}

/* with the lock of an account, or that of somebody without one: either key is harmless without its lock */
static void cancel_keys(struct forum_txn *t, const struct post *p, struct buf *out) {
	cancel_lock_key(t, p->author, p->message_id, out);
	buf_addc(out, ' ');
	cancel_lock_key(t, 0, p->message_id, out);
}

void cancel_text(struct forum_txn *t, const struct post *gone, struct buf *out) {
	const char *domain = forum_domain(forum_of(t));
	struct buf b = { 0 };
	buf_addf(out, "Path: %s!not-for-mail\r\nMessage-ID: ", domain);
	cancel_text_id(t, gone, out);
	buf_adds(out, "\r\n");
	field_write(out, "From", author_from(t, gone->author, slice_of("", 0)));
	cancel_newsgroups(t, gone, &b);
	field_write(out, "Newsgroups", buf_slice(&b));
	buf_addf(out, "Subject: cmsg cancel %.*s\r\nControl: cancel %.*s\r\n", SLICE_ARG(gone->message_id),
		SLICE_ARG(gone->message_id));
	buf_reset(&b);
	date_write(&b, forum_time(t));
	buf_addf(out, "Date: %.*s\r\nInjection-Date: %.*s\r\nInjection-Info: %s\r\n", SLICE_ARG(buf_slice(&b)),
		SLICE_ARG(buf_slice(&b)), domain);
	buf_reset(&b);
	cancel_keys(t, gone, &b);
	field_write(out, "Cancel-Key", buf_slice(&b));
	buf_adds(out, "\r\nWithdrawn where it was written.\r\n");
	buf_free(&b);
}

int cancel_text_draft(struct forum_txn *t, const struct post *gone, const struct group *g, struct post_draft *d_r,
	struct fail *f) {
	struct post_in in = { .source = POST_FROM_CTL,
		.member = RIGHTS_OPERATOR,
		.groups = &g->id,
		.ngroups = 1,
		.import = true,
		.no_mail = true };
	struct buf raw = { 0 };
	cancel_text(t, gone, &raw);
	int r = post_in_parse(t, &in, arena_slice(forum_arena(t), buf_slice(&raw)), forum_arena(t), d_r, f);
	d_r->author = gone->author;       /* the author line is his, whatever becomes of it */
	buf_free(&raw);
	return r < 0 ? r : 1;
}

/* ---- when groups are opened and closed --------------------------------------------------------------------------- */

/* what the message withdraws, when readers may know of it: 1; 0 they may not, or nobody can tell; < 0 */
static int review_known(struct forum_txn *t, const struct post *message, enum group_access in,
	const struct group *changed, enum group_access to) {
	struct buf header = { 0 }, control = { 0 };
	struct slice rest, word;
	struct post p;
	int r = post_header(t, message, &header);
	if (r > 0 && field_get(buf_slice(&header), "control", &control)) {
		rest = buf_slice(&control);
		r = slice_word(&rest, &word) && slice_is_nocase(word, "cancel") ? post_by_msgid(t, slice_trim(rest), &p) : 0;
	} else if (r > 0) {
		r = 0;
	}
	if (r > 0)
		r = withdrawn_known(t, &p, in, changed->id, to);
	buf_free(&header);
	buf_free(&control);
	return r;
}

/* a message that was looked at may have come back since, because its post was deleted once more */
static int review_again(struct forum_txn *t, const struct group *cancels, struct cancel_review *at) {
	struct group_change c;
	uint64_t cursor = at->modseq;
	int r = at->number ? 1 : 0;
	while (r > 0 && (r = group_change_next(t, cancels->id, &cursor, &c)) > 0)
		if (c.kind == CHANGE_BACK && c.number <= at->number)
			at->number = c.number - 1;
	return r;
}

/* some messages: 1 there are more, 0 none, < 0 */
static int review_piece(struct forum_txn *t, const struct group *cancels, enum group_access in,
	const struct group *changed, enum group_access to, struct cancel_review *at, struct fail *f) {
	struct post p;
	unsigned deleted = 0;
	int r = 1;
	for (unsigned n = 0; n < REVIEW_LOOK && deleted < REVIEW_DELETE; n++) {
		if ((r = overview_after(t, cancels->id, at->number, &at->number)) <= 0)
			return r;
		if ((r = post_by_number(t, cancels->id, at->number, &p)) == 0)
			continue;
		if (r < 0 || (r = review_known(t, &p, in, changed, to)) < 0)
			return r;
		if (r > 0)
			continue;
		if ((r = post_set_state(t, p.id, POST_DELETED, f)) < 0)
			return r;
		deleted++;
	}
	return 1;
}

int cancel_review(struct forum_txn *t, const struct group *changed, enum group_access to, struct cancel_review *at,
	struct fail *f) {
	struct group cancels;
	int r = group_find(t, WITHDRAWN_GROUP, &cancels), more = 0;
	bool itself = r > 0 && cancels.id == changed->id;
	if (r > 0 && (itself ? to >= cancels.access : to <= changed->access))
		return 0;          /* its readers are fewer, or may know of more */
	if (r > 0 && (r = review_again(t, &cancels, at)) >= 0)
		r = more = review_piece(t, &cancels, itself ? to : cancels.access, changed, to, at, f);
	if (r > 0 && (r = group_get(t, cancels.id, &cancels)) > 0)
		at->modseq = cancels.modseq;
	return r < 0 ? f->code ? r : fail_internal(f, "control.cancel: %s", err_name((enum err)r)) : more;
}
