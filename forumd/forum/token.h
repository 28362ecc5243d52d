/* token.h - revocation of signed addresses; making and checking them is gateways/common/reply_token. */
#ifndef FORUMD_FORUM_TOKEN_H
#define FORUMD_FORUM_TOKEN_H
#include "forumd/forum/forum.h"

/* the token's text, lower case */
int token_revoke(struct forum_txn *t, struct slice token, int64_t expires);
/* also true when the store cannot tell */
bool token_is_revoked(struct forum_txn *t, struct slice token);
/* Drops revocations of tokens that have expired before `before` anyway. Looks at no more than max entries, from the
 * front: few are ever revoked, so callers pass a max above their number. Number dropped, or < 0. Called on: writer. */
int token_expire(struct forum_txn *t, int64_t before, unsigned max);
#endif
