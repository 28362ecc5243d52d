/* pointer_text.h - the words of a pointer (forumd/forum/pointer.h): an article whose answers go to the new group
 * (Followup-To) and hang there below the thread's first post (References). From is the old group's moderators. */
#ifndef GATEWAYS_COMMON_POINTER_TEXT_H
#define GATEWAYS_COMMON_POINTER_TEXT_H
#include "forumd/forum/pointer.h"

int pointer_text(struct forum_txn *t, const struct post *moved, const struct group *from, const struct group *to,
	struct post_draft *d_r, struct fail *f);
#endif
