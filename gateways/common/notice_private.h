/* notice_private.h - what the notice*.c files share. */
#ifndef GATEWAYS_COMMON_NOTICE_PRIVATE_H
#define GATEWAYS_COMMON_NOTICE_PRIVATE_H
#include "gateways/common/notice.h"

struct slice notice_domain(struct forum_txn *t);
/* cut between characters */
struct slice notice_clip(struct slice s, size_t max);
/* readable text of a post, max octets, in the transaction's arena */
struct slice notice_readable(struct forum_txn *t, const struct post *p, size_t max);
/* notice_digest.c: mailq_hooks.digest */
int notice_digest(struct forum_txn *t, uint32_t member, const struct mailq_digest *v, size_t n);
#endif
