/* queue.h - the moderators' queue as a box (personal.h, BOX_QUEUE): each moderator has one of his own, with pointers to the posts
 * that have an open case in a group he moderates, those that wait for approval among them. A case that is decided, wherever,
 * leaves all boxes at once; one that opens again comes under a new number. What is decided is moderate.h's business. */
#ifndef FORUMD_FORUM_QUEUE_H
#define FORUMD_FORUM_QUEUE_H
#include "forumd/forum/group.h"
#include "forumd/forum/post.h"

/* Made when missing, and brought up to date: rights that were given or taken, cases from before. 1, 0 he moderates nothing, < 0.
 * Called on: writer. */
int queue_sync(struct forum_txn *t, uint32_t member);
/* A case was opened or got one more report (open), or was closed. Called by moderate.c. */
int queue_case(struct forum_txn *t, uint64_t post, bool open);
/* may he decide about this post? */
bool queue_may(struct forum_txn *t, uint32_t member, const struct post *p);
/* "hide by Bob, 2026-11-27": how the last decision about the post went; empty when none is known. In the transaction's arena. */
struct slice queue_decided(struct forum_txn *t, uint64_t post);
/* a member is removed. Called on: writer. */
int queue_forget(struct forum_txn *t, uint32_t member, struct fail *f);
#endif
