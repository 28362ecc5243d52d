/* One machine: LMDB's own commit is the truth, and there is nothing to do. */
#include <stddef.h>
#include "forumd/base/mem.h"
#include "storage/log.h"

static int log_null_append(struct commit_log *log, uint64_t previous, uint64_t batch, struct slice set,
		struct fail *f) {
	(void)log, (void)previous, (void)batch, (void)set, (void)f;
	return 1;
}

static int log_null_lock_tail(struct commit_log *log, uint64_t *tail_r, struct fail *f) {
	(void)log, (void)f;
	*tail_r = 0;
	return 1;
}

static int log_null_read(struct commit_log *log, uint64_t from, int (*each)(void *, uint64_t, struct slice), void *arg,
		struct fail *f) {
	(void)log, (void)from, (void)each, (void)arg, (void)f;
	return 0;
}

static int log_null_barrier(struct commit_log *log, struct fail *f) {
	(void)log, (void)f;
	return 1;
}

static int log_null_hint_fd(struct commit_log *log) {
	(void)log;
	return -1;
}

static bool log_null_wants_write_set(struct commit_log *log) {
	(void)log;
	return false;
}

static void log_null_close(struct commit_log **log) {
	mem_free(*log);
	*log = NULL;
}

struct commit_log *log_null_new(void) {
	static const struct commit_log_ops ops = {
		log_null_append, log_null_lock_tail, log_null_read, log_null_barrier, log_null_hint_fd,
		log_null_wants_write_set, log_null_close,
	};
	struct commit_log *log = mem_alloc(sizeof *log);
	log->ops = &ops;
	return log;
}
