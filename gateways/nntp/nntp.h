/* nntp.h - the nntp door: what main.c registers. */
#ifndef FORUMD_GATEWAYS_NNTP_NNTP_H
#define FORUMD_GATEWAYS_NNTP_NNTP_H
#include "forumd/run/session.h"

extern const struct session_ops nntp_ops;
/* the listener of the session that forumd-fetch has over its socket pair: the operator's rights, and XFEED */
extern const struct config_listen nntp_fetch_listen;
/* Starts forumd-fetch; its end of the conversation, to be accepted with nntp_fetch_listen; -1: it does not run (logged).
 * Before the sandbox. Called on: main. */
int nntp_fetch_start(void);
#endif
