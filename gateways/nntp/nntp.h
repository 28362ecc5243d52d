/* nntp.h - the nntp door: what main.c registers. */
#ifndef FORUMD_GATEWAYS_NNTP_NNTP_H
#define FORUMD_GATEWAYS_NNTP_NNTP_H
#include "forumd/run/session.h"

extern const struct session_ops nntp_ops;
/* the listener of the session that forumd-fetch has over its socket pair: the operator's rights, and XFEED */
extern const struct config_listen nntp_fetch_listen;
/* Starts forumd-fetch with the launcher, gives its session to a worker, and starts it again when it ended. Called on:
 * main, once the workers run and every second. */
void nntp_fetch_keep(struct config *c);
#endif
