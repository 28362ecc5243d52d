/* mailq_private.h - what mailq.c (items and when they are due) and mailq_expand.c (who gets what) share. */
#ifndef FORUMD_FORUM_MAILQ_PRIVATE_H
#define FORUMD_FORUM_MAILQ_PRIVATE_H
#include "forumd/forum/forum_private.h"
#include "forumd/forum/mailq.h"

extern struct mailq_hooks mailq_hooks;

/* `was_due`: the due time stored so far, 0 for a new item */
int mailq_store(struct forum_txn *t, const struct mailq_item *i, int64_t was_due);
int mailq_drop(struct forum_txn *t, const struct mailq_item *i);
/* stores it as a new item that is due at i->due, or now */
int mailq_add(struct forum_txn *t, struct mailq_item *i);
/* the schedule hears of it */
void mailq_tell(struct forum_txn *t, uint64_t post, uint32_t group);
/* the next time it is `hour` o'clock (UTC), after `from` */
int64_t mailq_next_hour(int64_t from, unsigned hour);
/* the end of the member's quiet hours, or now */
int64_t mailq_after_quiet(const struct member *m, int64_t now);
#endif
