/* personal.h - a member's own boxes: real groups (struct group with `owner`) that no list shows to anybody else, with
 * stable numbers of their own, so that every command that takes a group works on them.
 *
 * An entry of REPLIES, WATCHED, UNREAD and INBOX is a POINTER to a post in another group: its overview, envelope, body,
 * moderation state and MARKS are those of the post where it stands; marking it seen here is marking it there. A pointer
 * whose post the owner may no longer read is not visible. INBOX also holds notices, DRAFTS, SENT and TRASH hold own
 * messages: ordinary posts in a group only the owner reads. */
#ifndef FORUMD_FORUM_PERSONAL_H
#define FORUMD_FORUM_PERSONAL_H
#include "forumd/forum/group.h"
#include "forumd/forum/marks.h"
#include "forumd/forum/post.h"

enum personal_box {
	BOX_NONE,
	BOX_INBOX,
	BOX_REPLIES,
	BOX_WATCHED,
	BOX_UNREAD,
	BOX_DRAFTS,
	BOX_SENT,
	BOX_TRASH,
	BOX_COUNT,
	BOX_FOLDER = 32, /* made by the member: folder.h */
	BOX_QUEUE = 33
}; /* of a moderator: queue.h */
/* does it keep messages of the member's own, under marks of its own? */
static inline bool personal_holds_own(const struct group *g) {
	return g->owner && g->box >= BOX_DRAFTS && g->box != BOX_QUEUE;
}

/* The member's box: 1, 0 not made yet (then it is empty; personal_prepare makes it), < 0. name in *g_r is internal
 * ("~17.replies"): gateways show their own. */
int personal_find(struct forum_txn *t, uint32_t member, enum personal_box box, struct group *g_r);
/* Makes all boxes of a member that are missing. Called on: writer. */
int personal_prepare(struct forum_txn *t, uint32_t member);
/* Brings UNREAD up to date: new unread posts of the groups the member may read get numbers (the newest `max` of each
 * group), read ones become holes, unread again come back. Called on: writer. */
int personal_sync_unread(struct forum_txn *t, uint32_t member, uint32_t max);
/* Rights have changed since his pointers were last looked at: those to posts he may no longer read may still be
 * counted, those to posts he may read again be missing. */
bool personal_stale(struct forum_txn *t, uint32_t member);
/* Looks at all his pointers but UNREAD's and a queue's. 1, < 0. Called on: writer. */
int personal_recheck(struct forum_txn *t, uint32_t member);
/* A post became visible: into REPLIES and INBOX of the parent's author, into WATCHED of those who watch the thread.
 * Called by post_publish. */
int personal_deliver(struct forum_txn *t, const struct post *p);
/* One more pointer; 1, 0 was there. Called on: writer. */
int personal_point(struct forum_txn *t, uint32_t member, enum personal_box box, uint64_t post);
/* the same, with its number */
int personal_point_number(struct forum_txn *t, uint32_t member, enum personal_box box, uint64_t post,
	uint32_t *number_r);
/* One more own message: nobody is told, and no Message-ID leads to it, so that a copy of a post is none of the post's
 * business whichever comes first. The draft's author and groups are set here. Called on: writer. */
int personal_add(struct forum_txn *t, uint32_t member, enum personal_box box, struct post_draft *d, uint32_t *number_r,
	struct fail *f);
/* the same into any box or folder of the member, by its group */
int personal_add_in(struct forum_txn *t, uint32_t member, uint32_t group, struct post_draft *d, uint32_t *number_r,
	struct fail *f);
/* What stands at `from` (any group or box the caller may read) into a box: a post as a pointer, an own message as a
 * message of its own. 1, 0 nothing there, < 0. Called on: writer. */
int personal_copy(struct forum_txn *t, uint32_t member, enum personal_box box, struct place from, uint32_t *number_r,
	struct fail *f);
int personal_copy_in(struct forum_txn *t, uint32_t member, uint32_t group, struct place from, uint32_t *number_r,
	struct fail *f);
/* What stands in a box at this number goes for good: the text of an own message, or the pointer. 1, 0, < 0. Called on:
 * writer. */
int personal_remove(struct forum_txn *t, struct place at, struct fail *f);
/* Everything in a box goes, at most max entries, from number *next (1 at first) on: 1 there may be more, 0 none, < 0.
 * Called on: writer. */
int personal_clear(struct forum_txn *t, const struct group *g, uint32_t *next, unsigned max, struct fail *f);
/* A member is removed: the boxes are never shown again, and erase_more() empties them; own messages lose their texts.
 * Called on: writer. */
int personal_forget(struct forum_txn *t, uint32_t member, struct fail *f);
/* the place a pointer leads to for the owner; 1, 0 no longer readable, < 0 */
int personal_source(struct forum_txn *t, uint32_t owner, uint64_t post, struct place *at_r);
/* The post changed its state: its pointers become holes, or come back. Called by post_set_state and the like. */
int personal_follow(struct forum_txn *t, uint64_t post, bool visible);
/* Its flags changed: boxes that show it are told. Called by post_set_flags. */
int personal_changed(struct forum_txn *t, uint64_t post);
/* Posts were moved from one group to another. Who has a pointer to any of them finds the same flags there as before:
 * his marks on them move along. 1, < 0. Called on: writer. */
int personal_moved(struct forum_txn *t, const uint64_t *posts, const struct marks_carry *numbers, size_t n,
	uint32_t from, uint32_t to);
/* the pointer to a post in a box: 1 with its number, 0, < 0 */
int personal_number(struct forum_txn *t, uint64_t post, uint32_t group, uint32_t *number_r);
/* pointers to a post, with the box's group and number; *cursor starts 0; 1, 0 end */
int personal_pointer_next(struct forum_txn *t, uint64_t post, uint32_t *cursor, struct place *at_r);
#endif
