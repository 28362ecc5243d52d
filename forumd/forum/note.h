/* note.h - what a member's programs keep about a mailbox, or (group 0) about the forum: named values that nobody else
 * sees. */
#ifndef FORUMD_FORUM_NOTE_H
#define FORUMD_FORUM_NOTE_H
#include "forumd/forum/forum.h"

#define NOTE_NAME_MAX 255
#define NOTE_VALUE_MAX 4000       /* octets */
#define NOTE_GROUP_MAX 64         /* of a member on one mailbox */
#define NOTE_MEMBER_MAX 2000      /* of a member */

/* Slices live as long as the transaction. 1, 0, < 0 */
int note_get(struct forum_txn *t, uint32_t member, uint32_t group, struct slice name, struct slice *value_r);
/* in order of name; *name starts empty and is the last one's then */
int note_next(struct forum_txn *t, uint32_t member, uint32_t group, struct slice *name, struct slice *value_r);
/* value.p NULL: away with it. ERR_TOOBIG, ERR_LIMIT (too many). 1, < 0. Called on: writer. */
int note_set(struct forum_txn *t, uint32_t member, uint32_t group, struct slice name, struct slice value,
	struct fail *f);
#endif
