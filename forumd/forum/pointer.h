/* pointer.h - what stands in a group in the stead of a thread that was moved out of it: an ordinary post, made by the
 * daemon under a new number, so that every door shows the same; the old numbers are never used again. It names the
 * group and the Message-ID of the thread's first post, hides and comes back with that post, loses its text when that
 * does, and goes when the thread comes back.
 *
 * None is made where readers of the old group could not follow it: into a private group, or from a group of everybody
 * to one of members. Nobody is mailed: those who read by mail have the posts, and their answers find them. */
#ifndef FORUMD_FORUM_POINTER_H
#define FORUMD_FORUM_POINTER_H
#include "forumd/forum/group.h"
#include "forumd/forum/post.h"

/* Writes the post (the domain has no syntax): a draft without groups, in the transaction's arena. 1, < 0 with words. */
typedef int (*pointer_compose)(struct forum_txn *t, const struct post *moved, const struct group *from,
	const struct group *to, struct post_draft *d_r, struct fail *f);
/* once at start; without it no pointers are made */
void pointer_start(pointer_compose compose);

/* The post was moved from one group to the other with what is below it. 1, 0 none is made, < 0. Called on: writer. */
int pointer_leave(struct forum_txn *t, uint64_t post, uint32_t from, uint32_t to, struct fail *f);
/* It came back to that group. 1, 0 there was none, < 0. Called on: writer. */
int pointer_take_away(struct forum_txn *t, uint64_t post, uint32_t group, struct fail *f);
/* The post became visible or invisible, or (POST_DELETED with erase) lost its text. Called by post_set_state,
 * post_erase. */
int pointer_follow(struct forum_txn *t, uint64_t post, enum post_state s, bool erase, struct fail *f);
#endif
