/* kv.h - ordered keys and values with transactions; knows nothing of forums. LMDB inside (kv.c alone includes lmdb.h).
 *
 * One flat key space in bytewise order. Keys 1..511 bytes, values 0..65,536 bytes (callers keep the hot ones <= 4,060:
 * one page). Reads see a snapshot. There is one write transaction at a time; it belongs to the thread that began it,
 * any other waits for its end, and child transactions nest in it (an aborted child leaves no trace).
 *
 * A write transaction records its puts and deletes (the write set, storage/log.h). At the outermost commit the write
 * set is appended to the commit log BEFORE LMDB commits (the null log does nothing), and to the journal, which makes
 * the commit durable before anybody can see it. LMDB's pages reach the disk later, at a checkpoint; a store that was
 * not closed in order is put right when it is opened (kv_checkpoint.c says how). The directory holds data.mdb, lock.mdb,
 * journal and, now and then, files journal-*, which are large write sets; they belong together.
 *
 * Slices returned live until the transaction ends or, in a write transaction, until the next put or del in it or in a
 * child of it.
 * A read transaction must never outlive one event-loop step: old readers keep freed pages from reuse.
 *
 * Errors: ERR_UNAVAILABLE (disk or map full, engine away: nothing was written, go on and try later), ERR_CORRUPT,
 * ERR_TOOBIG (key or value size), ERR_INTERNAL. */
#ifndef STORAGE_KV_H
#define STORAGE_KV_H
#include <stdbool.h>
#include <stdint.h>
#include "forumd/base/fail.h"
#include "forumd/base/slice.h"

struct kv;
struct kv_txn;
struct kv_cursor;
struct commit_log;

#define KV_KEY_MAX 511
#define KV_VALUE_MAX 65536

struct kv_options {
	uint64_t map_size;      /* bytes of address space; 0: 1 TiB */
	unsigned max_readers;   /* 0: 1024 */
	bool read_only;
	bool no_sync;           /* tests and throw-away imports only: an acknowledged write may be lost in a power cut */
	struct commit_log *log; /* NULL: the null log */
};

/* Opens the directory, creating it (in a temporary name, then renamed: a cut during creation leaves nothing half
 * made). With read_only, `dir` may also be a single file made by kv_copy_to(); a store that needs recovery is refused.
 * One process may write to a store. Starts a thread, unless read_only or no_sync. 1 or < 0. Any thread. */
int kv_open(const char *dir, const struct kv_options *opt, struct kv **kv_r, struct fail *f);
/* all transactions must have ended; NULL is a no-op */
void kv_close(struct kv **kv);

/* Read transactions come from a pool of reset ones (renew costs nanoseconds); any thread, used by one at a time. */
int kv_read_begin(struct kv *kv, struct kv_txn **txn_r, struct fail *f);
void kv_read_end(struct kv_txn **txn);
/* Number of the snapshot a read transaction sees: the same number is the same content. */
uint64_t kv_snapshot(const struct kv_txn *txn);
/* How often the store was opened so far: what was learned in a life before need not hold in this one. */
unsigned kv_life(const struct kv_txn *txn);

/* parent NULL: outermost, waits for the writer lock. With a parent: a child of it. */
int kv_write_begin(struct kv *kv, struct kv_txn *parent, struct kv_txn **txn_r, struct fail *f);
/* 1, or < 0 with nothing written; the transaction is ended either way. After the outermost commit returns 1 the data
 * is on disk. */
int kv_commit(struct kv_txn **txn, struct fail *f);
void kv_abort(struct kv_txn **txn);

/* 1 found, 0 absent, < 0 error. An error of put or del other than ERR_TOOBIG spoils its transaction: everything after
 * it, and the commit, gives the same error. Slices got from the same transaction may be given to put. */
int kv_get(struct kv_txn *txn, struct slice key, struct slice *value_r);
/* replaces; 1 or < 0 */
int kv_put(struct kv_txn *txn, struct slice key, struct slice value);
/* 1 deleted, 0 was absent, < 0 error */
int kv_del(struct kv_txn *txn, struct slice key);

/* Cursors: cheap (pooled in the transaction), end before their transaction. They see later writes of their own
 * transaction; after a put or del in it, seek again before next/prev. */
int kv_cursor_open(struct kv_txn *txn, struct kv_cursor **c_r);
void kv_cursor_close(struct kv_cursor **c);
/* first key >= key (the empty key is before all); 1, 0 none, < 0 error; key_r and value_r may be NULL */
int kv_seek(struct kv_cursor *c, struct slice key, struct slice *key_r, struct slice *value_r);
/* last key < key */
int kv_seek_before(struct kv_cursor *c, struct slice key, struct slice *key_r, struct slice *value_r);
int kv_next(struct kv_cursor *c, struct slice *key_r, struct slice *value_r);
int kv_prev(struct kv_cursor *c, struct slice *key_r, struct slice *value_r);

struct kv_info {
	uint64_t map_size, used_bytes, entries, last_txn;
	unsigned readers;            /* snapshots held now, by all processes */
	unsigned max_readers, depth;
	int64_t oldest_reader_lag;   /* transactions between the oldest reader's snapshot and now; 0 none */
	uint64_t free_disk_bytes;    /* of the file system */
};
int kv_info(struct kv *kv, struct kv_info *info_r, struct fail *f);
/* drops reader slots of dead processes; number dropped */
int kv_sweep_readers(struct kv *kv);
/* compacted copy into a new file while running; it appears under its name when it is whole and on disk; 1 or < 0
 * (ERR_EXISTS). To use it, name it data.mdb in a directory of its own. */
int kv_copy_to(struct kv *kv, const char *file, struct fail *f);

/* Write sets (storage/log.h has the format): replay one into an outermost transaction of its own. It is not appended
 * to this store's log; the store's batch id moves on by one. */
int kv_replay(struct kv *kv, struct slice write_set, struct fail *f);

/* id of the last batch applied to this store; 0 when it has never had a log that wants write sets */
uint64_t kv_batch(struct kv *kv);

/* Tests: make the n-th write operation from now (put, del, commit) fail with ERR_UNAVAILABLE; 0 switches it off. */
void kv_test_fail_after(struct kv *kv, int n);
#endif
