/* Threads count in different rows, so that they do not fight for a cache line. */
#include "forumd/base/stat.h"
#include <stdatomic.h>

enum { STAT_ROWS = 16 };

static struct {
	_Alignas(64) _Atomic int64_t v[STAT_COUNT];
} stat_rows[STAT_ROWS];
static _Atomic unsigned stat_threads;
static _Thread_local unsigned stat_row;         /* 0: not chosen yet */

void stat_add(enum stat_id id, int64_t n) {
	if (!stat_row)
		stat_row = 1 + atomic_fetch_add_explicit(&stat_threads, 1, memory_order_relaxed) % STAT_ROWS;
	atomic_fetch_add_explicit(&stat_rows[stat_row - 1].v[id], n, memory_order_relaxed);
}

int64_t stat_get(enum stat_id id) {
	int64_t sum = 0;
	for (int i = 0; i < STAT_ROWS; i++)
		sum += atomic_load_explicit(&stat_rows[i].v[id], memory_order_relaxed);
	return sum;
}

const char *stat_name(enum stat_id id) {
	static const char *const names[] = {
#define X(n) #n,
		STAT_LIST(X)
#undef X
	};
	return id >= 0 && id < STAT_COUNT ? names[id] : "unknown";
}
