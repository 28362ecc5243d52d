/* rights.h - the one place that says who may. Every read and write path of every door asks here, on each command:
 * revocation takes effect at once. Private and missing answer identically: a caller that gets 0 from rights_can_read
 * says "no such group". */
#ifndef FORUMD_FORUM_RIGHTS_H
#define FORUMD_FORUM_RIGHTS_H
#include "forumd/forum/group.h"
#include "forumd/forum/member.h"
#include "forumd/forum/post.h"

/* Roles given in GROUP count in GROUP.aside too: posts moved aside stay with their readers and moderators. */
/* Who asks: 0 is the anonymous reader; RIGHTS_OPERATOR the local operator through the control socket. */
#define RIGHTS_OPERATOR UINT32_MAX

bool rights_can_read(struct forum_txn *t, uint32_t member, const struct group *g);
/* follow up; fail says why not (ERR_LOGIN, ERR_DENIED) */
int rights_can_post(struct forum_txn *t, uint32_t member, const struct group *g, struct fail *f);
/* follow up to this very post in g: rights_can_post, and no lock on it or above it (moderators of g may; ERR_DENIED).
 * Walks up at most RIGHTS_DEPTH parents. */
#define RIGHTS_DEPTH 1000
int rights_can_reply(struct forum_txn *t, uint32_t member, const struct group *g, const struct post *parent,
	struct fail *f);
/* Is there a lock on this post or above it, within RIGHTS_DEPTH? 1, 0, < 0 */
int rights_locked(struct forum_txn *t, const struct post *post);
/* May anybody but a moderator answer this post? 1, or ERR_DENIED with the sentence that says why not. */
int rights_open(struct forum_txn *t, const struct post *parent, struct fail *f);
/* What rights_locked() has found open it does not look at again: whoever sets or takes a lock, gives a post that was
 * there another parent, or takes back what was stored says so. Any thread. */
void rights_locks_changed(void);
/* start a thread: blogs and announce groups only by moderators, committee and admins */
int rights_can_start(struct forum_txn *t, uint32_t member, const struct group *g, struct fail *f);
bool rights_can_moderate(struct forum_txn *t, uint32_t member, const struct group *g);
/* moderator or admin of anything: whose queue there is (queue.h) */
bool rights_moderates(struct forum_txn *t, uint32_t member);
bool rights_is_admin(struct forum_txn *t, uint32_t member);
/* visible to this reader through at least one of its groups (any state for moderators of it) */
bool rights_can_see(struct forum_txn *t, uint32_t member, const struct post *p);
#endif
