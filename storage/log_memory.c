/* A log that keeps its batches in memory, numbered from 1: what a shared log does, without a second machine. Several
 * stores may take turns on it (one thread). */
#include <stddef.h>
#include "forumd/base/buf.h"
#include "forumd/base/vec.h"
#include "storage/log.h"

struct log_memory {
	struct commit_log log;
	VEC(struct buf) sets;
};

static struct log_memory *log_memory_of(struct commit_log *log) {
	return (struct log_memory *)log;
}

static int log_memory_append(struct commit_log *log, uint64_t previous, uint64_t batch, struct slice set,
		struct fail *f) {
	struct log_memory *m = log_memory_of(log);
	struct buf copy = { 0 };
	if (previous != m->sets.n || batch != previous + 1)
		return fail_set(f, ERR_BUSY, "another machine wrote first, try again");
	buf_add_slice(&copy, set);
	vec_push(&m->sets, copy);
	return 1;
}

static int log_memory_lock_tail(struct commit_log *log, uint64_t *tail_r, struct fail *f) {
	(void)f;
	*tail_r = log_memory_of(log)->sets.n;
	return 1;
}

static int log_memory_read(struct commit_log *log, uint64_t from, int (*each)(void *, uint64_t, struct slice),
		void *arg, struct fail *f) {
	struct log_memory *m = log_memory_of(log);
	for (uint64_t i = from; i < m->sets.n; i++) {
		int r = each(arg, i + 1, buf_slice(&m->sets.v[i]));
		if (r < 0)
			return fail_set(f, (enum err)r, "a batch of the log could not be applied");
	}
	return 0;
}

static int log_memory_barrier(struct commit_log *log, struct fail *f) {
	(void)log, (void)f;
	return 1;
}

static int log_memory_hint_fd(struct commit_log *log) {
	(void)log;
	return -1;
}

static bool log_memory_wants_write_set(struct commit_log *log) {
	(void)log;
	return true;
}

static void log_memory_close(struct commit_log **log) {
	struct log_memory *m = log_memory_of(*log);
	for (size_t i = 0; i < m->sets.n; i++)
		buf_free(&m->sets.v[i]);
	vec_free(&m->sets);
	mem_free(m);
	*log = NULL;
}

struct commit_log *log_memory_new(void) {
	static const struct commit_log_ops ops = {
		log_memory_append, log_memory_lock_tail, log_memory_read, log_memory_barrier, log_memory_hint_fd,
		log_memory_wants_write_set, log_memory_close,
	};
	struct log_memory *m = mem_zalloc(sizeof *m);
	m->log.ops = &ops;
	return &m->log;
}

size_t log_memory_count(struct commit_log *log) {
	return log_memory_of(log)->sets.n;
}

struct slice log_memory_get(struct commit_log *log, size_t i) {
	struct log_memory *m = log_memory_of(log);
	return i < m->sets.n ? buf_slice(&m->sets.v[i]) : slice_of("", 0);
}
