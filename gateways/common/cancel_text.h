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
#endif
