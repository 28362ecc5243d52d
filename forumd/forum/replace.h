/* replace.h - what an edit leaves behind: the new post stands in the place of the old one. Answers to the old one hang
 * under the new one, now and later; who had read the old one has read the new one, when little changed; who watched the
 * thread watches it still; a lock holds on. And tombstones: a deleted post keeps its text for some days, so that there is a way back. */
#ifndef FORUMD_FORUM_REPLACE_H
#define FORUMD_FORUM_REPLACE_H
#include "forumd/forum/post.h"

/* The post that stands in the place of this one today: itself, when it was not replaced. */
uint64_t replace_latest(struct forum_txn *t, uint64_t id);
/* `fresh` is published in the place of `old`, which becomes a tombstone. Called on: writer (post_add.c). 1 or < 0 */
int replace_post(struct forum_txn *t, const struct post *fresh, const struct post *old, struct fail *f);
/* The answers to `old` move below `fresh`; what rebuilding does once both are placed. Called on: writer. 1 or < 0 */
int replace_adopt(struct forum_txn *t, const struct post *fresh, const struct post *old);
/* Is a new text the old one with little changed? Up to 40 octets, or a tenth of the longer. */
bool replace_is_small(struct slice old, struct slice fresh);

#define TOMBSTONE_DAYS 30
/* A post became a tombstone, or is one no longer. Called on: writer (post_state.c). */
int tombstone_note(struct forum_txn *t, uint64_t id, bool deleted);
/* When the text of the next tombstone goes; 0 none waits. */
int64_t tombstone_next(struct forum_txn *t);
/* Erases the texts whose days are over, at most max; how many. Called on: writer. */
int tombstone_purge(struct forum_txn *t, unsigned max, struct fail *f);
#endif
