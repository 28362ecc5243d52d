/* thread_private.h - what thread.c (placing posts) and thread_read.c (the tree in order) share. */
#ifndef FORUMD_FORUM_THREAD_PRIVATE_H
#define FORUMD_FORUM_THREAD_PRIVATE_H
#include "forumd/forum/post_private.h"
#include "forumd/forum/thread.h"

/* for the vec macros */
struct thread_ids { uint64_t *v; size_t n, cap; };

/* the thread a number stands for now */
int thread_resolve(struct forum_txn *t, uint64_t *thread);
/* the posts of a thread, at most max, by id; their parents too unless NULL */
int thread_list(struct forum_txn *t, uint64_t thread, size_t max, struct thread_ids *posts, struct thread_ids *parents);
/* is the post with this head record in one of the n groups? */
bool thread_shares_group(struct slice record, const struct place *places, size_t n);
#endif
