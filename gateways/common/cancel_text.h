/* cancel_text.h - the message that withdraws one of our posts elsewhere: Control: cancel with the key to its lock (RFC
 * 8315).
 * Its Message-ID is made from the post's: told twice, it is known the second time. */
#ifndef GATEWAYS_COMMON_CANCEL_TEXT_H
#define GATEWAYS_COMMON_CANCEL_TEXT_H
#include "forumd/forum/withdrawn.h"

/* appended to out */
void cancel_text_id(struct forum_txn *t, const struct post *gone, struct buf *out);
/* the whole article, appended to out */
void cancel_text(struct forum_txn *t, const struct post *gone, struct buf *out);
/* for withdrawn_start() */
int cancel_text_draft(struct forum_txn *t, const struct post *gone, const struct group *g, struct post_draft *d_r,
	struct fail *f);
/* how far a review has come: the number looked at last, and control.cancel's modseq by then */
struct cancel_review { uint32_t number; uint64_t modseq; };
/* Before a group becomes as open as `to` says: messages of control.cancel about posts of which its readers may not know
 * from then on are deleted, some of them; *at is zero at first. 1 there are more to look at, 0 none, < 0.
 * Called on: writer; the last piece and the change belong into one transaction. */
int cancel_review(struct forum_txn *t, const struct group *changed, enum group_access to, struct cancel_review *at,
	struct fail *f);
#endif
