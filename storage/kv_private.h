/* kv_private.h - what the files of the store on LMDB share: kv.c (transactions), kv_open.c (open, close, errors),
 * kv_checkpoint.c (the journal's half of durability), kv_care.c (figures and copies). Only they include lmdb.h. */
#ifndef STORAGE_KV_PRIVATE_H
#define STORAGE_KV_PRIVATE_H
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include "forumd/base/buf.h"
#include "storage/journal.h"
#include "storage/kv.h"
#include "storage/log.h"

extern const struct slice kv_batch_key;

struct kv_cursor {
	struct kv_txn *txn;
	struct kv_cursor *next;
	MDB_cursor *mc;
};

struct kv_txn {
	struct kv *kv;
	struct kv_txn *parent, *root, *next;    /* next: in the pool */
	MDB_txn *mt;
	struct kv_cursor *idle;                 /* closed cursors for reuse */
	unsigned open_cursors;
	bool write, replay;
	int error;                              /* the first error of a put or del */
	struct buf set, undo;                   /* of the root: the write set, what children replaced */
	uint64_t spilled;                       /* of the root: octets of the write set that the journal has already */
	uint64_t set_start;                     /* of a child: where its part of the write set starts, those included */
	size_t undo_start;                      /* of a child: where its part starts */
	int64_t room;                           /* of the root: what may still be put; see kv_map_room() */
	size_t top_n;                           /* of the root: no key is greater than this one; 0 not known yet */
	char top[KV_KEY_MAX];
};

/* The thread that makes checkpoints; it exists while there is a journal. */
struct kv_keeper {
	pthread_t thread;
	pthread_mutex_t lock;                   /* guards what follows */
	pthread_cond_t wake, done;
	uint64_t wanted, begun, ended;          /* checkpoints are numbered */
	int rc;                                 /* of the last one */
	bool stop, runs;
	_Atomic unsigned commits;               /* since the last one began */
	_Atomic uint64_t first; /* a commit that is not in the journal, until a mark holds it; no other one before; 0 none */
	_Atomic bool tight; /* space is short: each commit wants the pages that the last one freed */
	MDB_txn *pin, *next_pin;                /* see the last mark's snapshot, and that of the next one */
};

struct kv {
	char *dir;
	struct kv_options opt;
	struct commit_log *log;
	bool own_log, capture, single_file;
	MDB_env *env;                           /* NULL after a reopen that failed */
	MDB_dbi dbi;
	pthread_mutex_t write_lock, pool_lock;
	struct kv_txn *pool;
	unsigned users;                         /* transactions and others that use env now */
	bool panic;
	int reopen_rc;                          /* of a reopen that failed: the next one not before `reopen_at` */
	int64_t reopen_at, reopen_wait;         /* milliseconds of the monotonic clock; 0 the last one went well */
	_Atomic unsigned opened;                /* how often env was */
	_Atomic uint64_t batch;
	_Atomic int fail_after;
	struct buf scratch;                     /* of the writer */
	struct journal *journal;                /* NULL: no_sync or read_only */
	uint32_t life;                          /* read_only: of the journal, when it was looked at */
	struct kv_keeper keeper;
};

/* ---- kv.c ---- */

/* a put without checks and notes; LMDB's code */
int kv_put_raw(struct kv_txn *txn, struct slice key, struct slice value);
/* the operations of a write set, in an outermost transaction, without capturing them again; LMDB's code */
int kv_apply(struct kv_txn *txn, struct slice set);

/* ---- kv_open.c ---- */

/* an LMDB code or errno as an error, logged */
int kv_fail(struct kv *kv, const char *what, int rc, struct fail *f);
int kv_fail_code(int code, struct fail *f);
/* Counts the caller among the users of env; LMDB's code. A pooled read transaction is handed out when asked for. */
int kv_enter(struct kv *kv, struct kv_txn **pooled_r);
/* `panic`: nobody may use this env any more; it is opened again when the last user has left */
void kv_leave(struct kv *kv, struct kv_txn *to_pool, bool panic);
void kv_read_destroy(struct kv_txn *txn);
void kv_sync_dir(const char *dir);

/* ---- kv_care.c; the caller is among the users of env ---- */

/* Is little of the map left behind the last page in use? There may be free pages before it. */
bool kv_map_is_short(struct kv *kv);
/* Octets that an outermost write transaction, just begun, may put: all but a reserve, so that deletes go on when the
 * map is full. Counts free pages, but only when the map is short. */
int64_t kv_map_room(struct kv *kv);
/* one more put of n octets; false: no */
bool kv_map_takes(struct kv_txn *txn, size_t n);

/* ---- kv_checkpoint.c: all return an LMDB code or errno ---- */

/* opens the journal as the options want it; before LMDB opens the file */
int kv_journal_open(struct kv *kv);
/* read_only, when the store is open: EINPROGRESS if anybody recovered it meanwhile, who did not know of us */
int kv_journal_look_again(struct kv *kv);
/* before LMDB opens the file: puts back the meta pages of the last mark, when the store was not closed in order */
int kv_recover_file(struct kv *kv, bool *replay_r);
/* after LMDB opened it: applies what the journal has behind the mark, makes it durable, and starts afresh */
int kv_recover_sets(struct kv *kv, bool replay);
void kv_keeper_init(struct kv_keeper *k);
void kv_keeper_destroy(struct kv_keeper *k);
/* without a journal: nothing */
int kv_keeper_start(struct kv *kv);
/* makes the last checkpoint and says that the store was closed in order */
void kv_keeper_stop(struct kv *kv);
/* before env is closed */
void kv_unpin(struct kv *kv);
/* write_lock held, after a commit that is not in the journal: the next one waits for a checkpoint */
void kv_keeper_first(struct kv *kv, uint64_t txn);
/* write_lock held, after a commit */
void kv_keeper_note(struct kv *kv);
/* write_lock held: must a commit wait for a checkpoint? Then kv_keeper_room() is called, without it. */
bool kv_keeper_full(struct kv *kv);
/* no lock held: waits until the journal has room for any write set, and what it lacks is in a mark */
int kv_keeper_room(struct kv *kv);
/* no lock held: a checkpoint of all that is committed now */
int kv_keeper_wait(struct kv *kv);
/* a write failed for want of space: what is freed must be usable at once */
void kv_keeper_tight(struct kv *kv);
#endif
