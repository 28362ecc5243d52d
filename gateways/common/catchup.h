/* catchup.h - one mail for somebody who was away: answers to him first, then what he watches, then the new threads of
 * his groups and how much was said in them. Called on: writer. */
#ifndef GATEWAYS_COMMON_CATCHUP_H
#define GATEWAYS_COMMON_CATCHUP_H
#include "forumd/forum/forum.h"

/* about: Message-ID of the mail that asked, or empty. 1, 0 there was nothing (no mail), < 0 */
int catchup_add(struct forum_txn *t, uint32_t member, int64_t since, struct slice about);
/* from now on he is away (stand aside); when that was, 0 not known */
int catchup_note(struct forum_txn *t, uint32_t member);
int64_t catchup_since(struct forum_txn *t, uint32_t member);
#endif
