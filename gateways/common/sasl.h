/* sasl.h - SASL (RFC 4422) for all doors: PLAIN (RFC 4616), LOGIN, SCRAM-SHA-256 and -PLUS (RFC 5802, 7677, 9266),
 * EXTERNAL (a client certificate). One object is one exchange; its session owns it, frees it when the exchange is over
 * or the session ends, and calls it on its worker only.
 *
 *	sasl_start(), then sasl_line() for each line of the client, until one returns other than SASL_CHALLENGE;
 *	after SASL_CHECK return STEP_WAIT; ops->auth_done tells the outcome, sasl_answer() takes it.
 *
 * out gets what the door sends after its own prefix: base64, empty for an empty challenge. Lines come without their
 * end.
 *
 * Errors: ERR_NOTFOUND no such mechanism here; ERR_LOGIN not without TLS; ERR_GONE the client cancelled ("*");
 * ERR_INVALID no base64; ERR_SYNTAX not a message of this mechanism; ERR_DENIED logging in for somebody else;
 * ERR_UNAVAILABLE the store cannot be read. */
#ifndef GATEWAYS_COMMON_SASL_H
#define GATEWAYS_COMMON_SASL_H
#include "forumd/run/session.h"

struct sasl;
enum sasl_flag {
	SASL_WITH_LOGIN = 1,      /* LOGIN too: only mail clients know it */
	SASL_FINAL_DATA = 2,      /* the door can send data with its success (NNTP 283) */
};
enum sasl_next { SASL_CHALLENGE = 0, SASL_CHECK = 1, SASL_DONE = 2 };

#define SASL_LINE_MAX 12288   /* octets of a line of the client (RFC 4954 4, RFC 4643 2.4) */

/* the mechanisms that would be accepted now, best first, each with `prefix` before it; false: none */
bool sasl_mechanisms(const struct session *s, unsigned flags, const char *prefix, struct buf *out);
/* initial: the initial response ("=": empty), or NULL. *x_r is NULL after an error. */
int sasl_start(struct session *s, unsigned flags, struct slice mechanism, const struct slice *initial,
	struct sasl **x_r, struct buf *out);
/* a zero-length line is an empty response */
int sasl_line(struct sasl *x, struct slice line, struct buf *out);
/* SASL_DONE: log sasl_member() in; out may hold data for the success (SASL_FINAL_DATA). SASL_CHALLENGE: send it, the
 * client's next line ends the exchange. Else r->err, ERR_DENIED for wrong credentials. */
int sasl_answer(struct sasl *x, const struct auth_result *r, struct buf *out);
uint32_t sasl_member(const struct sasl *x);
void sasl_free(struct sasl **x);

/* RFC 4616: [authzid] NUL authcid NUL passwd, each checked: UTF-8, no more NUL, at most 255 (authcid) and 1024 octets.
 * authzid must be empty or equal authcid. message is decoded already; the slices point into it. 1, or ERR_SYNTAX /
 * ERR_DENIED. */
int sasl_plain(struct slice message, struct slice *name_r, struct slice *password_r);
#endif
