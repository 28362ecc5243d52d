/* limits.h - per address and per member rates and counts; one mutex. Any thread. */
#ifndef FORUMD_RUN_LIMITS_H
#define FORUMD_RUN_LIMITS_H
#include <stdbool.h>
#include <stdint.h>
#include "forumd/base/slice.h"

/* token bucket: true when one more is allowed */
bool limits_rate(struct slice key, unsigned per_minute, unsigned burst);
/* counted resources (connections per address): +1/-1; false when above max */
bool limits_count(struct slice key, int delta, unsigned max);
/* failed logins: note one; how many ms the next attempt from this key must wait */
void limits_login_failed(struct slice key);
/* the owner came in: forget the key's failures */
void limits_login_ok(struct slice key);
int64_t limits_login_delay(struct slice key);
/* drop idle entries */
void limits_sweep(void);
#endif
