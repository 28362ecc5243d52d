/* nntp.h - the nntp door: what main.c registers. */
#ifndef FORUMD_GATEWAYS_NNTP_NNTP_H
#define FORUMD_GATEWAYS_NNTP_NNTP_H
#include "forumd/run/session.h"

extern const struct session_ops nntp_ops;
#endif
