/* token.h - revocation of signed addresses; making and checking them is gateways/common/reply_token. */
#ifndef FORUMD_FORUM_TOKEN_H
#define FORUMD_FORUM_TOKEN_H
#include "forumd/forum/forum.h"

/* the token's text, lower case */
int token_revoke(struct forum_txn *t, struct slice token, int64_t expires);
bool token_is_revoked(struct forum_txn *t, struct slice token);
#endif
