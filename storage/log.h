/* log.h - the commit log under a write transaction: what differs between one machine and several.
 * log_null.c: LMDB's own commit is the truth. (PostgreSQL: a later issue; it must fit here without touching anything
 * above storage/.) Functions are called on the writer thread unless said.
 *
 * A write set is a sequence of operations in order:  'P' varint keylen key varint valuelen value | 'D' varint keylen
 * key. Batch ids count from 1 without gaps. Replaying the write sets in order into an empty store gives an equal store.
 */
#ifndef STORAGE_LOG_H
#define STORAGE_LOG_H
#include <stdbool.h>
#include <stdint.h>
#include "forumd/base/fail.h"
#include "forumd/base/slice.h"

struct commit_log;
struct commit_log_ops {
	/* compare-and-append: `previous` is the batch id this store's state ends with; 1, or < 0 and nothing appended */
	int (*append)(struct commit_log *log, uint64_t previous, uint64_t batch, struct slice write_set, struct fail *f);
	/* hold the tail so that the next append cannot lose; returns the tail's batch id */
	int (*lock_tail)(struct commit_log *log, uint64_t *tail_r, struct fail *f);
	/* batches after `from`, in order, to the callback; 1 more, 0 caught up, < 0 */
	int (*read)(struct commit_log *log, uint64_t from, int (*each)(void *arg, uint64_t batch, struct slice write_set),
		void *arg, struct fail *f);
	/* everything appended before is durable when this returns 1 */
	int (*barrier)(struct commit_log *log, struct fail *f);
	/* a descriptor that becomes readable when others append, or -1; only a hint */
	int (*hint_fd)(struct commit_log *log);
	/* true: write sets must be captured (costs a copy of every put) */
	bool (*wants_write_set)(struct commit_log *log);
	void (*close)(struct commit_log **log);
};
struct commit_log { const struct commit_log_ops *ops; };

struct commit_log *log_null_new(void);
/* tests: keeps the write sets in memory; log_memory_get(i) borrows the i-th until the log is closed */
struct commit_log *log_memory_new(void);
size_t log_memory_count(struct commit_log *log);
struct slice log_memory_get(struct commit_log *log, size_t i);
#endif
