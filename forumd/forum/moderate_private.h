/* moderate_private.h - what audit.c and moderate.c share: the whole of an audit entry, with what undo needs. */
#ifndef FORUMD_FORUM_MODERATE_PRIVATE_H
#define FORUMD_FORUM_MODERATE_PRIVATE_H
#include "forumd/forum/moderate.h"

#define AUDIT_TEXT_MAX 1000

struct audit_record {
	struct audit a;
	enum post_state state;      /* of the post before the verdict */
	uint32_t flags;             /* likewise, all of them */
	struct slice moves;         /* ASIDE: pairs of varints, from group and to group */
};
/* Writes a new entry and gives it a serial and the transaction's time; its text is made one line of at most
 * AUDIT_TEXT_MAX octets. */
int audit_write(struct forum_txn *t, struct audit_record *r);
/* rewrites an entry */
int audit_rewrite(struct forum_txn *t, const struct audit_record *r);
/* one more group the entry shows up in */
int audit_index(struct forum_txn *t, uint32_t group, uint64_t serial);
int audit_get_record(struct forum_txn *t, uint64_t serial, struct audit_record *r_r);
/* one line, cut at a character; lives as long as the transaction */
struct slice audit_clean(struct forum_txn *t, struct slice text);
#endif
