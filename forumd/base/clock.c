#include "forumd/base/clock.h"
#include <stdatomic.h>
#include <time.h>

#define CLOCK_FIRST (-62167219200)      /* 0000-01-01T00:00:00Z */
#define CLOCK_LAST 253402300799         /* 9999-12-31T23:59:59Z */

static _Atomic int64_t clock_offset;

static int64_t clock_read_us(clockid_t id) {
	struct timespec ts;
	clock_gettime(id, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t clock_now(void) {
	return clock_now_ms() / 1000;
}

int64_t clock_now_ms(void) {
	return clock_read_us(CLOCK_REALTIME) / 1000 + atomic_load_explicit(&clock_offset, memory_order_relaxed) * 1000;
}

int64_t clock_mono_ms(void) {
	return clock_read_us(CLOCK_MONOTONIC) / 1000;
}

int64_t clock_mono_us(void) {
	return clock_read_us(CLOCK_MONOTONIC);
}

void clock_set_offset(int64_t seconds) {
	atomic_store(&clock_offset, seconds);
}

/* Years run from March, so that the leap day is the last of its year; an era has 400 years or 146,097 days. */
int64_t clock_days(int year, int month, int day) {
	int64_t y = (int64_t)year - (month <= 2);
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t of_era = y - era * 400;
	int64_t of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	return era * 146097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719468;
}

static void clock_store(int *to, int64_t v) {
	if (to)
		*to = (int)v;
}

void clock_civil(int64_t t, int *year, int *month, int *day, int *hour, int *min, int *sec, int *weekday) {
	t = t < CLOCK_FIRST ? CLOCK_FIRST : t > CLOCK_LAST ? CLOCK_LAST : t;
	int64_t days = t / 86400, rest = t % 86400;
	if (rest < 0)
		rest += 86400, days--;
	clock_store(hour, rest / 3600);
	clock_store(min, rest / 60 % 60);
	clock_store(sec, rest % 60);
	clock_store(weekday, ((days + 4) % 7 + 7) % 7);
	int64_t z = days + 719468, era = (z >= 0 ? z : z - 146096) / 146097, of_era = z - era * 146097;
	int64_t y = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	int64_t of_year = of_era - (365 * y + y / 4 - y / 100), m = (5 * of_year + 2) / 153;
	clock_store(day, of_year - (153 * m + 2) / 5 + 1);
	m = m < 10 ? m + 3 : m - 9;
	clock_store(month, m);
	clock_store(year, y + era * 400 + (m <= 2));
}

void clock_add_rfc3339(struct buf *b, int64_t t) {
	int year, month, day, hour, min, sec;
	clock_civil(t, &year, &month, &day, &hour, &min, &sec, NULL);
	buf_addf(b, "%04d-%02d-%02dT%02d:%02d:%02dZ", year, month, day, hour, min, sec);
}
