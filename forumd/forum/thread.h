/* thread.h - the tree. Placement is incremental: a post finds its parent by the evidence it brings, waits for a parent
 * that is not there yet, and adopts children that waited for it. Only posts that share a group can be parent and
 * child: an id in a private group never shows through. */
#ifndef FORUMD_FORUM_THREAD_H
#define FORUMD_FORUM_THREAD_H
#include "forumd/forum/post.h"

/* Called by post_add/approval inside the write transaction with the post's places known: finds parent, thread and
 * reason, writes T, C and W records and adopts waiting children (whose records are rewritten). */
struct thread_place_in {
	uint64_t post;
	const struct place *places;
	size_t nplaces;
	struct slice message_id, in_reply_to, references;
	uint64_t reply_to;
	enum parent_reason reply_reason;
	bool archive; /* reply_to is the operator's archive's word: it needs no shared group (branches set aside) */
};
struct thread_place_out { uint64_t parent, thread; enum parent_reason reason; };
int thread_place(struct forum_txn *t, const struct thread_place_in *in, struct thread_place_out *out);
/* the parent that thread_place() would find: 1, 0 none, < 0 */
int thread_answered(struct forum_txn *t, const struct thread_place_in *in, uint64_t *parent_r);
/* A moderator's or author's repair. ERR_INVALID for a loop. parent 0: becomes a root. */
int thread_set_parent(struct forum_txn *t, uint64_t post, uint64_t parent, enum parent_reason reason, struct fail *f);

/* A thread as a tree in reading order: children by date then id, depth first; bounded by max. Nodes live in the arena
 * of the transaction. Tombstones keep their place. `group` 0: all; else only posts with a place there. */
struct thread_node { uint64_t post, parent; uint32_t depth; enum parent_reason reason; };
int thread_walk(struct forum_txn *t, uint64_t thread, uint32_t group, size_t max, struct thread_node **v_r,
	size_t *n_r);
/* children of a post, unordered; *cursor starts 0 */
int thread_child_next(struct forum_txn *t, uint64_t parent, uint64_t *cursor, uint64_t *child_r);
/* the post and everything below it, parents first */
int thread_branch(struct forum_txn *t, uint64_t post, size_t max, uint64_t **v_r, size_t *n_r);
#endif
