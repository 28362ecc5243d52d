/* cited.h - what a message answers, and where that stands today. */
#ifndef GATEWAYS_COMMON_CITED_H
#define GATEWAYS_COMMON_CITED_H
#include "forumd/base/arena.h"
#include "forumd/forum/group.h"
#include "forumd/forum/post.h"

#define CITED_MAX 24
/* Ids that a header names, what it answers first: those of In-Reply-To (*direct_r of them), then References from the
 * end; copied into the arena. How many. */
size_t cited_ids(struct slice header, struct arena *a, struct slice ids[CITED_MAX], size_t *direct_r);

/* An answer addressed to a group which the answered post has left, since its thread was moved aside: 1 and the group
 * where it stands now, when this member may see it there, and no more people than in the named one; 0 it stays; < 0.
 * Members answer old copies, and old numbers in their newsreaders: whatever the door, the answer belongs to its thread. */
int cited_follow(struct forum_txn *t, uint32_t member, struct slice header, const struct group *named, struct arena *a,
	struct group *to_r, uint64_t *answered_r);
#endif
