/* imap.h - the imap door: what main.c registers. */
#ifndef FORUMD_GATEWAYS_IMAP_IMAP_H
#define FORUMD_GATEWAYS_IMAP_IMAP_H
#include "forumd/run/session.h"

extern const struct session_ops imap_ops;
#endif
