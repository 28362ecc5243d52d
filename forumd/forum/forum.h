/* forum.h - the open database and its transactions. The domain knows neither sockets nor mail syntax.
 *
 * Read transactions: any thread, one event-loop step long; slices from any forum function live until
 * forum_read_end() unless the function says otherwise. Write transactions: the writer thread only (and programs that
 * own the store alone, such as tests); children nest, an aborted child leaves no trace and takes its changes along. */
#ifndef FORUMD_FORUM_FORUM_H
#define FORUMD_FORUM_FORUM_H
#include <stdint.h>
#include "forumd/base/arena.h"
#include "forumd/base/fail.h"
#include "forumd/base/slice.h"
#include "forumd/forum/change.h"

struct forum;
struct forum_txn;

struct forum_options {
	const char *domain;      /* mail and news domain, e.g. "forum.test"; lower case */
	uint64_t map_size;       /* 0: default */
	unsigned max_readers;    /* 0: default */
	size_t text_cache;       /* octets of memory for inflated texts; below 1 MiB: none */
	bool read_only, no_sync;
};
/* Opens or creates. ERR_CORRUPT for a damaged or newer schema, ERR_UNAVAILABLE when the disk refuses. */
int forum_open(const char *path, const struct forum_options *o, struct forum **forum_r, struct fail *f);
void forum_close(struct forum **forum);
const char *forum_domain(const struct forum *f);

int forum_read_begin(struct forum *forum, struct forum_txn **t_r, struct fail *f);
void forum_read_end(struct forum_txn **t);
/* parent NULL: outermost */
int forum_write_begin(struct forum *forum, struct forum_txn *parent, struct forum_txn **t_r, struct fail *f);
/* 1, or < 0 and nothing written. Of the outermost: data is on disk when it returns 1. */
int forum_commit(struct forum_txn **t, struct fail *f);
void forum_abort(struct forum_txn **t);

struct forum *forum_of(struct forum_txn *t);
/* freed with the transaction (a child's arena is its outermost parent's) */
struct arena *forum_arena(struct forum_txn *t);
/* seconds; the same during one transaction */
int64_t forum_time(struct forum_txn *t);
/* the changes made so far (outermost transaction), in order; live until it ends */
const struct change *forum_changes(struct forum_txn *t, size_t *n_r);
/* session that caused the changes made from now on in this transaction (0: none) */
void forum_set_origin(struct forum_txn *t, uint64_t session);

/* values in the M family: small settings; 1, 0 absent, < 0 */
int forum_meta_get(struct forum_txn *t, const char *name, struct slice *value_r);
int forum_meta_put(struct forum_txn *t, const char *name, struct slice value);
/* the member's sessions are told CHANGE_OWN with the commit */
void forum_tell_own(struct forum_txn *t, uint32_t member, uint32_t group);
/* next value of a named counter, from 1; 0 is never given; < 0 as int64 on error */
int64_t forum_next_id(struct forum_txn *t, const char *counter);

/* A number that grows whenever somebody's rights may have changed (roles, settings of groups); 0 at first. */
uint64_t forum_rights_epoch(struct forum_txn *t);
/* Called on: writer. */
int forum_rights_changed(struct forum_txn *t);

/* The secret all reply tokens are made with: 32 random bytes, made when the store is created. */
struct slice forum_secret(struct forum_txn *t);

struct forum_info {
	uint64_t used_bytes, map_size, entries, posts, free_disk_bytes;
	unsigned readers;
	int64_t oldest_reader_lag;
};
int forum_info(struct forum *forum, struct forum_info *info_r, struct fail *f);
int forum_sweep_readers(struct forum *forum);
/* compacted copy while running; 1 or < 0 */
int forum_backup(struct forum *forum, const char *file, struct fail *f);
/* the n-th storage operation from now fails (tests) */
void forum_test_fail_after(struct forum *forum, int n);
#endif
