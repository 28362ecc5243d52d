/* cancel_lock.h - Cancel-Lock and Cancel-Key (RFC 8315), scheme sha256; sha1 and sha512 of others are read. Any thread.
 *
 * The key of a member's post is HMAC-SHA-256 of member and Message-ID under the store's secret, so that nothing is kept
 * for it and only the daemon can make it. */
#ifndef GATEWAYS_COMMON_CANCEL_LOCK_H
#define GATEWAYS_COMMON_CANCEL_LOCK_H
#include "forumd/base/buf.h"
#include "forumd/forum/forum.h"

/* "sha256:BASE64", the key of a post: goes into Cancel-Key of a message that withdraws it elsewhere */
void cancel_lock_key(struct forum_txn *t, uint32_t member, struct slice message_id, struct buf *out);
/* "sha256:BASE64", the lock made from that key: goes into the post's Cancel-Lock */
void cancel_lock_make(struct forum_txn *t, uint32_t member, struct slice message_id, struct buf *out);
/* Does one of the keys (value of Cancel-Key) open one of the locks (value of Cancel-Lock)? Other schemes open nothing.
 */
bool cancel_lock_opens(struct slice locks, struct slice keys);
#endif
