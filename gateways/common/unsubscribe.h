/* unsubscribe.h - stopping a group's mail by a signed address or link, made for one member and one group: the
 * List-Unsubscribe of his copies (RFC 2369, RFC 8058). It acts at once, whoever uses it, and does nothing else; the
 * answer tells how to undo it. */
#ifndef GATEWAYS_COMMON_UNSUBSCRIBE_H
#define GATEWAYS_COMMON_UNSUBSCRIBE_H
#include "forumd/forum/group.h"
#include "forumd/run/config.h"
#include "gateways/common/reply_token.h"

/* Appends List-Unsubscribe for this member (0: the general address) and, where a web address is configured,
 * List-Unsubscribe-Post. Any thread. */
void unsubscribe_fields(struct forum_txn *t, const struct config *c, uint32_t member, const struct group *g,
	struct buf *out);
/* Does what a TOKEN_UNSUBSCRIBE or TOKEN_SUBSCRIBE says and puts the notice about it into the queue, unless nothing
 * changed. how: "mail", "link", for the trace. 1 or < 0. Called on: writer. */
int unsubscribe_apply(struct forum_txn *t, const struct config *c, const struct reply_token *k, const char *how,
	struct fail *f);
/* text of the token that undoes it: mode is what the member had. Any thread. */
void unsubscribe_undo_token(struct forum_txn *t, const struct reply_token *k, uint64_t mode, struct buf *out);
/* A notice to a member from the daemon: subject and text (LF); from: local part at our domain. In the queue; 1 or < 0,
 * 0 when he has no address. Called on: writer. */
struct notice_to_member { uint32_t member; struct slice from_local, from_name, subject, text, reply_to; };
int notice_queue(struct forum_txn *t, const struct config *c, const struct notice_to_member *n);
/* His mail pauses for bounces: told to his other addresses, if he has any. Called on: writer. */
int notice_paused(struct forum_txn *t, const struct config *c, uint32_t member);
#endif
