/* founding.h - the text members agree to when they join: one of the whole forum (group 0), one of each group that wants
 * its own. A new text is a new version; who agreed to an older one, or gets the group by mail, is asked once, and shown
 * what changed. That somebody agreed is kept with the version and the time. Called on: writer, but for reading. */
#ifndef GATEWAYS_COMMON_FOUNDING_H
#define GATEWAYS_COMMON_FOUNDING_H
#include "forumd/forum/forum.h"

#define FOUNDING_MAX 12000         /* octets: it has to fit into a mail */
struct founding { uint32_t version; struct slice text; };
/* 1; 0 there is none */
int founding_get(struct forum_txn *t, uint32_t group, struct founding *f_r);
/* The same text again changes nothing; an empty one ends it. 1 a new version, 0 as before, < 0 */
int founding_set(struct forum_txn *t, uint32_t group, struct slice text, struct fail *f);
int founding_accept(struct forum_txn *t, uint32_t group, uint32_t member, uint32_t version);
/* the version the member agreed to, 0 none; *at_r when (may be NULL) */
uint32_t founding_accepted(struct forum_txn *t, uint32_t group, uint32_t member, int64_t *at_r);
/* mailq_hooks.founding: asks this member, if he is one to ask. 1 or < 0 */
int founding_ask(struct forum_txn *t, uint32_t group, uint32_t member);
/* lines that went with "- ", new ones with "+ ", others with "  "; texts with LF, appended */
void founding_diff(struct slice old, struct slice fresh, struct buf *out);
#endif
