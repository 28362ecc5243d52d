/* erase.h - the posts of a member who is erased lose their texts, piece by piece, so that nobody waits for long: that
 * there is more to do is in the store, and what was interrupted goes on after the next start. */
#ifndef FORUMD_FORUM_ERASE_H
#define FORUMD_FORUM_ERASE_H
#include "forumd/forum/forum.h"

struct group;

/* From now on the author's posts are erased. Called on: writer (member_remove). 1 or < 0 */
int erase_begin(struct forum_txn *t, uint32_t author, struct fail *f);
/* The box's owner is gone, nobody finds it any more: what is in it goes too. Called on: writer (member_remove). 1 or < 0 */
int erase_box(struct forum_txn *t, const struct group *g, struct fail *f);
/* Some of what is in such boxes, whosever: 1 there may be more, 0 no more, < 0. Called on: writer. */
int erase_boxes(struct forum_txn *t, struct fail *f);
/* Some of what is in such boxes, then some of his posts; author 0: of whom the store knows to be erased first. A post that cannot be erased, because it is
 * damaged, is an error in the log and counted in *damaged_r (may be NULL), and the others are erased. 1 there is more,
 * 0 all is done, < 0. Called on: writer. */
int erase_more(struct forum_txn *t, uint32_t author, uint32_t *damaged_r, struct fail *f);
/* Is there something to be erased? 1, 0, < 0. Any thread. */
int erase_waits(struct forum_txn *t);
#endif
