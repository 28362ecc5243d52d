/* sasl_scram.h - the server's half of one SCRAM-SHA-256 or SCRAM-SHA-256-PLUS exchange (RFC 5802, 7677, 9266), by
 * libgsasl, from stored keys: no password is hashed here. Knows neither sessions nor base64 around messages. An
 * exchange has one owner; exchanges of different threads are independent. */
#ifndef GATEWAYS_COMMON_SASL_SCRAM_H
#define GATEWAYS_COMMON_SASL_SCRAM_H
#include "forumd/base/buf.h"

/* Asked once, for the name in the client's first message: append the record "iterations:salt:stored:server" (struct
 * member.scram; a made-up one for nobody, sasl_scram_fake). 1, or < 0 to end the exchange with that error. */
typedef int (*sasl_scram_record_fn)(void *arg, struct slice name, struct slice authzid, struct buf *record);

struct sasl_scram;
/* binding: the tls-exporter octets of the connection, copied; empty when it has none, then plus must be false */
struct sasl_scram *sasl_scram_new(bool plus, struct slice binding, sasl_scram_record_fn record, void *arg);
void sasl_scram_free(struct sasl_scram **x);
/* One message of the client. 0: out is the next challenge; 1: proven, out is the server's own proof, due to the client;
 * ERR_SYNTAX: no SCRAM message; ERR_LOGIN: not proven (wrong keys, channel binding refused); else what record() said.
 * After anything but 0 the exchange is over. */
int sasl_scram_step(struct sasl_scram *x, struct slice in, struct buf *out);
/* A record for a name without one: always the same for the same name, as a real one is; nobody knows a password for it.
 */
void sasl_scram_fake(struct slice secret, struct slice name, struct buf *record);
#endif
