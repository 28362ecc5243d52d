/* thread_index.h - Outlook's Thread-Index ([MS-OXOMSG] 2.2.1.3) of what we send. 22 octets stand for the thread, and
 * each answer adds five to those of what it answers; an Outlook that drops References still does. Ours carry ids of
 * posts in these places, so that an answer finds its parent without a table. */
#ifndef GATEWAYS_COMMON_THREAD_INDEX_H
#define GATEWAYS_COMMON_THREAD_INDEX_H
#include "forumd/forum/post.h"

#define THREAD_INDEX_HEAD 22
#define THREAD_INDEX_STEP 5

/* the field's value (base64) */
void thread_index_make(struct forum_txn *t, const struct post *p, struct buf *out);
/* The post that a mail with this (decoded) index answers, the nearest of ours; 0: the index is none of ours. That the
 * sender may see it is the caller's to ask. */
uint64_t thread_index_parent(struct forum_txn *t, struct slice index);
#endif
