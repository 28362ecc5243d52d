/* queue.h - the moderators' queue as a box (personal.h, BOX_QUEUE): each moderator has one of his own, with pointers to
 * the posts that have an open case in a group he moderates, those that wait for approval among them. A case that is
 * decided, wherever, leaves all boxes at once; one that opens again comes under a new number, and so does one with
 * another report than before: what the reports say is shown with the post, and what stands under a number stays. What
 * is decided is moderate.h's business. */
#ifndef FORUMD_FORUM_QUEUE_H
#define FORUMD_FORUM_QUEUE_H
#include "forumd/forum/group.h"
#include "forumd/forum/post.h"

/* Made when missing, and brought up to date: rights that were given or taken, cases from before. 1, 0 he moderates
 * nothing, < 0.
 * Called on: writer. */
int queue_sync(struct forum_txn *t, uint32_t member);
/* A case was opened or got one more report (open), or was closed. Called by moderate.c. */
int queue_case(struct forum_txn *t, uint64_t post, bool open);
/* may he decide about this post? */
bool queue_may(struct forum_txn *t, uint32_t member, const struct post *p);
/* Why a number of the moderator's box is no longer good: "decided already: hide by Bob", or the case stands under
 * another number. In the transaction's arena. */
struct slice queue_too_late(struct forum_txn *t, uint32_t member, const struct post *p);
/* a member is removed. Called on: writer. */
int queue_forget(struct forum_txn *t, uint32_t member, struct fail *f);
#endif
