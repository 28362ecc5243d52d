/* notice_case.h - mails to the people of a moderator's case. Called on: writer. */
#ifndef GATEWAYS_COMMON_NOTICE_CASE_H
#define GATEWAYS_COMMON_NOTICE_CASE_H
#include "forumd/forum/post.h"

/* mailq_hooks.tell: the action with that number in the log, told to the author of the post, or to one who reported it
 */
int notice_case_tell(struct forum_txn *t, uint32_t member, uint64_t serial);
/* the author's words to the moderators of the group. 1, 0 there are none, < 0 */
int notice_case_answer(struct forum_txn *t, const struct post *p, uint32_t group, struct slice words);
#endif
