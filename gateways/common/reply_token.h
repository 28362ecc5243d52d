/* reply_token.h - signed addresses. TOKEN = base32(kind, post id, member id, expiry day) + 80-bit HMAC-SHA256 (base32),
 * lower case; the whole local part is at most 64 octets: GROUP-reply-TOKEN, shortened to r-TOKEN where the group's name
 * is too long. Bound to post, member and expiry; the sender of the mail must be that member. Any thread. */
#ifndef GATEWAYS_COMMON_REPLY_TOKEN_H
#define GATEWAYS_COMMON_REPLY_TOKEN_H
#include "forumd/forum/forum.h"
#include "forumd/base/buf.h"

/* expires: seconds, kept to the minute (rounded up); 0 never */
enum token_kind { TOKEN_REPLY, TOKEN_BOUNCE, TOKEN_UNSUBSCRIBE,
	TOKEN_RECEIPT,             /* answers to the receipt of a post: id post */
	TOKEN_QUESTION,            /* confirms: id question; member 0: a stranger, whose address the question has */
	TOKEN_CASE,                /* answers of a moderator to a list of cases: id question */
	TOKEN_DIGEST = 14,         /* answers to a whole digest: id question */
	TOKEN_AUTHOR = 13,         /* the author of a post about a case: id post */
	TOKEN_ACT = 12,            /* undoes what a receipt in INBOX tells of: id as in act.h */
	TOKEN_SUBSCRIBE = 9 };     /* undoes UNSUBSCRIBE; id: enum subscribe_mode */
struct reply_token {
	enum token_kind kind;
	uint64_t id; /* post or queue item */
	uint32_t member;
	uint32_t group;
	int64_t expires;
};
/* appends the token text */
void reply_token_make(struct slice secret, const struct reply_token *k, struct buf *out);
/* 1 good, 0 malformed or bad MAC, ERR_GONE expired (5 minutes of grace), ERR_DENIED revoked */
int reply_token_check(struct forum_txn *t, struct slice token, struct reply_token *k_r);
/* whole local part "GROUP-reply-TOKEN" (separator as configured), "r-TOKEN" when that would be over 64 octets */
void reply_token_local(struct slice group, char separator, struct slice token, struct buf *out);
/* the same with a word other than reply: "GROUP-WORD-TOKEN"; "x-TOKEN" with the word's first letter when too long */
void reply_token_local_word(struct slice group, char separator, const char *word, struct slice token, struct buf *out);
#endif
