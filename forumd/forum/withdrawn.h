/* withdrawn.h - what was deleted, for servers that fetch groups here: when there is a group "control.cancel", every
 * post that was published here and is deleted leaves a cancel message in it, as an ordinary post made by the daemon. It
 * goes when the post comes back. None is made where readers of control.cancel may not know of the post's groups. Nobody
 * is mailed. */
#ifndef FORUMD_FORUM_WITHDRAWN_H
#define FORUMD_FORUM_WITHDRAWN_H
#include "forumd/forum/group.h"
#include "forumd/forum/post.h"

#define WITHDRAWN_GROUP SLICE("control.cancel")

/* Written here, by somebody of whom there is a record: its lock is ours, and our key opens it. */
bool withdrawn_ours(const struct post *p);
/* May readers of a control.cancel that is as open as `in` says know of this post? Its groups are as open as they are, but
 * the one with the id `changed` (0: none) as `to` says. 1, 0, < 0 */
int withdrawn_known(struct forum_txn *t, const struct post *p, enum group_access in, uint32_t changed,
	enum group_access to);
/* The group of the messages, when there is one and its readers may know of this post: 1, 0, < 0 */
int withdrawn_group(struct forum_txn *t, const struct post *p, struct group *g_r);

/* Writes the message (the domain has no syntax): a draft for that group, in the transaction's arena. 1, < 0 with words.
 */
typedef int (*withdrawn_compose)(struct forum_txn *t, const struct post *gone, const struct group *in,
	struct post_draft *d_r, struct fail *f);
/* the Message-ID it has, appended to out: the same whenever it is made */
typedef void (*withdrawn_name)(struct forum_txn *t, const struct post *gone, struct buf *out);
/* once at start; without it none are made */
void withdrawn_start(withdrawn_compose compose, withdrawn_name name);

/* The post had this state and has another one now. A message that cannot be made is an error in the log and holds
 * nothing up. Called by post_set_state. 1, 0 nothing was done, < 0 the store takes nothing now. */
int withdrawn_follow(struct forum_txn *t, const struct post *p, enum post_state was, struct fail *f);
/* The same for a message that somebody else wrote, and that withdrew this post here, when readers of control.cancel may
 * know of the post: a draft for that group. */
int withdrawn_keep(struct forum_txn *t, uint64_t post, const struct post_draft *message, struct fail *f);
#endif
