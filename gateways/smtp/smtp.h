/* smtp.h - the smtp door: what main.c registers. */
#ifndef FORUMD_GATEWAYS_SMTP_SMTP_H
#define FORUMD_GATEWAYS_SMTP_SMTP_H
#include "forumd/run/session.h"

extern const struct session_ops smtp_ops;
#endif
