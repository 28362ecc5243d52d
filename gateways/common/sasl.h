/* sasl.h - SASL PLAIN and EXTERNAL by hand (SCRAM joins here). State is kept in the session; one bad exchange harms
 * nobody else. */
#ifndef GATEWAYS_COMMON_SASL_H
#define GATEWAYS_COMMON_SASL_H
#include "forumd/base/buf.h"

/* RFC 4616: [authzid] NUL authcid NUL passwd, each checked: UTF-8, no more NUL, at most 255 (authcid) and 1024 octets.
 * authzid must be empty or equal authcid. base64 is the client's response. 1, or ERR_SYNTAX / ERR_DENIED. The slices
 * point into scratch. */
int sasl_plain(struct slice base64, struct buf *scratch, struct slice *name_r, struct slice *password_r);
#endif
