/* ctl.h - the ctl door: what main.c registers. */
#ifndef FORUMD_GATEWAYS_CTL_CTL_H
#define FORUMD_GATEWAYS_CTL_CTL_H
#include "forumd/run/session.h"

extern const struct session_ops ctl_ops;
#endif
