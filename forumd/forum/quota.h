/* quota.h - how much a member keeps in the mailboxes that hold messages of his own: Drafts, Sent, Trash, his folders,
 * and INBOX, where receipts come to. Pointers to posts count nothing. */
#ifndef FORUMD_FORUM_QUOTA_H
#define FORUMD_FORUM_QUOTA_H
#include "forumd/forum/forum.h"

struct quota { uint64_t bytes, messages; };

/* of every member; 0: no limit. At start and at reload; any thread. */
void quota_limit(struct quota limit);
struct quota quota_limits(void);
/* what the member has; counted message by message where that was never done. 1, < 0 */
int quota_used(struct forum_txn *t, uint32_t member, struct quota *used_r);
/* One message of so many octets comes into the box (post_add), or leaves it (post_erase). Boxes that do not count are
 * left alone. 1, ERR_QUOTA with words; f NULL: no limit holds. Called on: writer. */
int quota_take(struct forum_txn *t, uint32_t box, uint64_t bytes, struct fail *f);
/* counted from now on, if that was never done: before a message moves from box to box. Called on: writer. */
int quota_open(struct forum_txn *t, uint32_t member);
int quota_give(struct forum_txn *t, uint32_t box, uint64_t bytes);
#endif
