/* clock.h - time, replaceable in tests. Any thread. */
#ifndef FORUMD_BASE_CLOCK_H
#define FORUMD_BASE_CLOCK_H
#include <stdint.h>
#include "forumd/base/buf.h"

/* seconds and milliseconds since 1970 UTC */
int64_t clock_now(void);
int64_t clock_now_ms(void);
/* monotonic, for time-outs and measuring */
int64_t clock_mono_ms(void);
int64_t clock_mono_us(void);
/* tests: clock_now() = real time + offset seconds */
void clock_set_offset(int64_t seconds);
/* RFC 3339 in UTC "2026-11-23T14:00:00Z" */
void clock_add_rfc3339(struct buf *b, int64_t t);
/* civil date <-> days since 1970 (proleptic Gregorian; years 0..9999, times beyond are cut to that).
 * month and day from 1, weekday 0 is Sunday; output pointers may be NULL. */
int64_t clock_days(int year, int month, int day);
void clock_civil(int64_t t, int *year, int *month, int *day, int *hour, int *min, int *sec, int *weekday);
#endif
