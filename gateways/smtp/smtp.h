/* smtp.h - the mail door in: SMTP from the world (MX), submission by members, LMTP from a front MTA. One gateway; the
 * listener's protocol makes the difference. RFC 5321, 2033 (LMTP), 6409 (submission), 3207, 4954, 1870, 2920, 3030,
 * 6152, 6531, 2034. Called on: worker. */
#ifndef GATEWAYS_SMTP_SMTP_H
#define GATEWAYS_SMTP_SMTP_H
#include "forumd/run/session.h"

extern const struct session_ops smtp_ops;
#endif
