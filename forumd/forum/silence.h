/* silence.h - a member is asked not to post for some time, in one group or everywhere: a moderator's mildest word after
 * a note.
 * He reads, votes and answers in his own case as before. Ends by itself. Asked by rights.h at every door. */
#ifndef FORUMD_FORUM_SILENCE_H
#define FORUMD_FORUM_SILENCE_H
#include "forumd/forum/forum.h"

#define SILENCE_REASON_MAX 200
/* group 0: everywhere; until 0: it ends now. 1, < 0. Called on: writer. */
int silence_set(struct forum_txn *t, uint32_t member, uint32_t group, int64_t until, struct slice reason,
	struct fail *f);
/* in that group or everywhere, the longer one: 1 and until when, and why; 0, < 0 */
int silence_get(struct forum_txn *t, uint32_t member, uint32_t group, int64_t *until_r, struct slice *reason_r);
#endif
