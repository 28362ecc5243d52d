/* notice.h - mails the daemon itself writes: answers, receipts, questions, lists of cases, digests. Composed in the
 * write transaction that queues them. Called on: writer. */
#ifndef GATEWAYS_COMMON_NOTICE_H
#define GATEWAYS_COMMON_NOTICE_H
#include "forumd/forum/group.h"
#include "forumd/forum/mailq.h"
#include "gateways/common/reply_token.h"

struct notice {
	struct slice to;               /* "local@domain" */
	struct slice from;             /* local part; empty: commands */
	struct slice name;             /* display name; empty: the domain */
	struct slice subject, text;    /* LF; cut to what the queue takes */
	struct slice about;            /* Message-ID of the mail or post this is about; empty none */
	struct slice reply_to;         /* whole local part; empty: none */
};
int notice_add(struct forum_txn *t, const struct notice *n);
/* "answer-TOKEN": a signed address for answers; days it is good. In the arena of the transaction. */
struct slice notice_answer_to(struct forum_txn *t, enum token_kind kind, uint64_t id, uint32_t member, uint32_t group,
	unsigned days);
/* reply address of a post for a member, whole local part */
struct slice notice_reply_to(struct forum_txn *t, uint64_t post, uint32_t member, uint32_t group);
/* A question that waits: value is the asker's (memo.h), good for so many days. > 0 its number, < 0 */
int64_t notice_ask(struct forum_txn *t, struct slice value, unsigned days);
int notice_question(struct forum_txn *t, uint64_t number, struct slice *value_r);
int notice_settle(struct forum_txn *t, uint64_t number);
/* "about 3 mails a day" of a group */
struct slice notice_volume(struct forum_txn *t, const struct group *g);
/* lists of cases and digests from now on (mailq.h); once at start */
void notice_start(void);
#endif
