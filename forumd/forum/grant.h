/* grant.h - roles in one group, given by those who look after it. A moderator lets people read and post; only admins
 * make moderators; what else a member is there (supporter, committee) is not touched, and admins are made by the
 * operator. */
#ifndef FORUMD_FORUM_GRANT_H
#define FORUMD_FORUM_GRANT_H
#include "forumd/forum/group.h"
#include "forumd/forum/member.h"

enum grant { GRANT_NONE, GRANT_READ, GRANT_POST, GRANT_MODERATE };

/* what his roles in this very group say; GRANT_NONE: he has none there */
enum grant grant_of(const struct member *m, uint32_t group);
/* may `by` say anything about it? At least a moderator of the group. */
bool grant_may(struct forum_txn *t, uint32_t by, const struct group *g);
/* the most that `by` may give to or take from anybody there */
enum grant grant_limit(struct forum_txn *t, uint32_t by, const struct group *g);
/* From now on his roles there say this. Checks rights_can_moderate and the limit, writes an audit entry. 1 changed, 0
 * was so, ERR_DENIED, ERR_NOTFOUND (no such account). Called on: writer. */
int grant_set(struct forum_txn *t, uint32_t by, uint32_t member, const struct group *g, enum grant to, struct fail *f);
#endif
