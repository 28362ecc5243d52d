/* One table under one mutex. A key gets a letter in front for what is counted, so that rates, counts and failures of
 * the same address are apart. Entries that say nothing any more are swept each minute, and at once when the table is
 * large: strangers cannot fill the memory. */
#include "forumd/run/limits.h"
#include <pthread.h>
#include "forumd/base/clock.h"
#include "forumd/base/hash.h"
#include "forumd/base/vec.h"

#define TABLE_MAX 100000
#define FORGET_MS (10 * 60 * 1000)    /* failures without a new one */
#define FREE_FAILURES 3
#define DELAY_FIRST 200               /* so one address makes at most five attempts a second */
#define DELAY_MAX 5000

struct entry {
	int64_t last;                 /* monotonic ms */
	double tokens;
	unsigned count, failures, per_minute, burst;
};
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct hash *table;
static int64_t swept;

static bool is_idle(const struct entry *e, int64_t now) {
	if (e->count)
		return false;
	if (e->failures)
		return now - e->last > FORGET_MS;
	return e->tokens + (double)(now - e->last) * e->per_minute / 60000 >= e->burst;
}

static void sweep(int64_t now) {
	VEC(char *) dead = { 0 };
	VEC(size_t) sizes = { 0 };
	struct slice key;
	void *value;
	size_t i = 0;
	while (table && hash_each(table, &i, &key, &value)) {
		if (!is_idle(value, now))
			continue;
		vec_push(&dead, mem_strndup(key.p, key.n));
		vec_push(&sizes, key.n);
	}
	for (size_t d = 0; d < dead.n; d++) {
		mem_free(hash_del(table, slice_of(dead.v[d], sizes.v[d])));
		mem_free(dead.v[d]);
	}
	vec_free(&dead);
	vec_free(&sizes);
	if (table && !hash_count(table))
		hash_free(&table);
}

/* the entry for a kind and a key; made when absent and `make` */
static struct entry *find(char kind, struct slice key, int64_t now, bool make) {
	char name[128];
	size_t n = key.n < sizeof name - 1 ? key.n : sizeof name - 1;
	name[0] = kind;
	if (n)
		memcpy(name + 1, key.p, n);
	struct slice k = slice_of(name, n + 1);
	struct entry *e = table ? hash_get(table, k) : NULL;
	if (e || !make)
		return e;
	if (table && hash_count(table) >= TABLE_MAX && now - swept > 1000) {
		swept = now;
		sweep(now);
	}
	if (!table)
		table = hash_new();
	e = mem_zalloc(sizeof *e);
	e->last = now;
	hash_put(table, k, e);
	return e;
}

bool limits_rate(struct slice key, unsigned per_minute, unsigned burst) {
	int64_t now = clock_mono_ms();
	if (burst < 1)
		burst = 1;
	pthread_mutex_lock(&lock);
	bool known = find('r', key, now, false) != NULL;
	struct entry *e = find('r', key, now, true);
	if (!known)
		e->tokens = burst;
	e->tokens += (double)(now - e->last) * per_minute / 60000;
	if (e->tokens > burst)
		e->tokens = burst;
	e->last = now;
	e->per_minute = per_minute;
	e->burst = burst;
	bool ok = e->tokens >= 1;
	if (ok)
		e->tokens -= 1;
	pthread_mutex_unlock(&lock);
	return ok;
}

bool limits_count(struct slice key, int delta, unsigned max) {
	int64_t now = clock_mono_ms();
	bool ok = true;
	pthread_mutex_lock(&lock);
	struct entry *e = find('c', key, now, true);
	if (delta > 0 && e->count + (unsigned)delta > max)
		ok = false;
	else if (delta < 0 && e->count < (unsigned)-delta)
		e->count = 0;
	else
		e->count += (unsigned)delta;
	e->last = now;
	pthread_mutex_unlock(&lock);
	return ok;
}

void limits_login_failed(struct slice key) {
	int64_t now = clock_mono_ms();
	pthread_mutex_lock(&lock);
	struct entry *e = find('f', key, now, true);
	if (now - e->last > FORGET_MS)
		e->failures = 0;
	if (e->failures < 1000)
		e->failures++;
	e->last = now;
	pthread_mutex_unlock(&lock);
}

void limits_login_ok(struct slice key) {
	pthread_mutex_lock(&lock);
	struct entry *e = find('f', key, 0, false);
	if (e)
		e->failures = 0;
	pthread_mutex_unlock(&lock);
}

int64_t limits_login_delay(struct slice key) {
	int64_t now = clock_mono_ms(), delay = 0;
	pthread_mutex_lock(&lock);
	struct entry *e = find('f', key, now, false);
	if (e && e->failures >= FREE_FAILURES && now - e->last <= FORGET_MS) {
		unsigned n = e->failures - FREE_FAILURES;
		delay = n > 5 ? DELAY_MAX : DELAY_FIRST << n;
		if (delay > DELAY_MAX)
			delay = DELAY_MAX;
	}
	pthread_mutex_unlock(&lock);
	return delay;
}

void limits_sweep(void) {
	pthread_mutex_lock(&lock);
	sweep(clock_mono_ms());
	pthread_mutex_unlock(&lock);
}
