/* kv.c - the store on LMDB.
 *
 * - Read transactions are reset, not ended, and wait in a pool with their cursors. `pool_lock` guards the pool, the
 *   count of active users of the environment and the switch to a new environment.
 * - `write_lock` is held from the begin to the end of an outermost write transaction. Order: write_lock, pool_lock.
 * - The write set is one buffer of the outermost transaction; a child remembers where its part starts, and its abort
 *   cuts the buffer there.
 * - Children are not LMDB's nested transactions, which copy each page they touch once more and allocate megabytes of
 *   lists: all write into the outermost one. A child notes in the undo buffer what its puts and deletes replaced, and
 *   its abort puts that back, last first. An error of LMDB itself spoils the whole transaction, as the engine says.
 * - With a log that wants write sets, the id of the last applied batch lies under a reserved key, so that it changes in
 *   the same commit as the data. Cursors and gets do not show that key.
 * - A file that grows with each small commit makes the file system write its journal each time, which costs as much as
 *   the data. So room is written ahead (zeros, KV_AHEAD at once) while commits are small; large ones pay for themselves.
 * - After a failed write of its meta page LMDB refuses everything (MDB_PANIC). The environment is then closed and
 *   opened again as soon as nobody uses it. */
#include "storage/kv.h"
#include <errno.h>
#include <fcntl.h>
#include <lmdb.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "forumd/base/buf.h"
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "storage/log.h"

#define KV_MAP_DEFAULT ((uint64_t)1 << 40)
#define KV_MAP_LEAST ((uint64_t)1 << 28)       /* a smaller address space is an error */

enum { KV_AHEAD = 1 << 20, KV_AHEAD_LEAST = 128 << 10, KV_AHEAD_COMMIT = 256 << 10 };

static const struct slice kv_batch_key = SLICE_INIT("\xff\xff\xffkv.batch");

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
	size_t set_start, undo_start;           /* of a child: where its part starts */
	size_t top_n;                           /* of the root: no key is greater than this one; 0 not known yet */
	char top[KV_KEY_MAX];
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
	_Atomic uint64_t batch;
	_Atomic int fail_after;
	struct buf scratch;                     /* of the writer */
	uint64_t used, file_size;               /* at the last outermost begin; under write_lock */
};

/* ---- errors ---- */

static int kv_map_error(int rc) {
	switch (rc) {
	case MDB_MAP_FULL: case MDB_TXN_FULL: case MDB_READERS_FULL: case MDB_MAP_RESIZED: case MDB_PANIC:
	case ENOSPC: case EDQUOT: case EFBIG: case EIO: case EROFS: case ENOMEM: case EAGAIN: case EACCES: case EPERM:
	case ENFILE: case EMFILE: case ENOENT:
		return ERR_UNAVAILABLE;
	case MDB_CORRUPTED: case MDB_PAGE_NOTFOUND: case MDB_INVALID: case MDB_VERSION_MISMATCH: case MDB_CURSOR_FULL:
		return ERR_CORRUPT;
	case MDB_BAD_VALSIZE:
		return ERR_TOOBIG;
	}
	return ERR_INTERNAL;
}

static int kv_fail(struct kv *kv, const char *what, int rc, struct fail *f) {
	int code = kv_map_error(rc);
	if (code == ERR_INTERNAL)
		return fail_internal(f, "storage %s: %s: %s", kv->dir, what, mdb_strerror(rc));
	log_error("storage", "%s failed code=%s error=\"%s\" dir=%s", what, err_name((enum err)code), mdb_strerror(rc),
		kv->dir);
	return fail_set(f, (enum err)code, "%s", code == ERR_CORRUPT ? "stored data is damaged" :
		code == ERR_TOOBIG ? "too large to store" : "storage is not available now, try again later");
}

static int kv_fail_code(int code, struct fail *f) {
	return fail_set(f, (enum err)code, "%s", code == ERR_CORRUPT ? "stored data is damaged" :
		"storage is not available now, try again later");
}

static bool kv_test_fails(struct kv *kv) {
	if (atomic_load_explicit(&kv->fail_after, memory_order_relaxed) == 0)
		return false;
	return atomic_fetch_sub(&kv->fail_after, 1) == 1;
}

void kv_test_fail_after(struct kv *kv, int n) {
	atomic_store(&kv->fail_after, n);
}

/* ---- open and close ---- */

static int kv_env_open_sized(struct kv *kv, const char *dir, uint64_t size, MDB_env **env_r) {
	MDB_env *env;
	unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (kv->opt.no_sync ? MDB_NOSYNC : 0) |
		(kv->opt.read_only ? MDB_RDONLY : 0) | (kv->single_file ? MDB_NOSUBDIR | MDB_NOLOCK : 0);
	int rc = mdb_env_create(&env);
	if (rc)
		return rc;
	rc = mdb_env_set_mapsize(env, size);
	if (!rc)
		rc = mdb_env_set_maxreaders(env, kv->opt.max_readers ? kv->opt.max_readers : 1024);
	if (!rc)
		rc = mdb_env_open(env, dir, flags, 0600);
	if (rc) {
		mdb_env_close(env);
		return rc;
	}
	*env_r = env;
	return 0;
}

/* Where the address space is limited (RLIMIT_AS, sanitizers) the default map shrinks until it fits. */
static int kv_env_open(struct kv *kv, const char *dir, MDB_env **env_r) {
	uint64_t size = kv->opt.map_size ? kv->opt.map_size : KV_MAP_DEFAULT;
	for (;;) {
		int rc = kv_env_open_sized(kv, dir, size, env_r);
		if (rc != ENOMEM || size / 2 < KV_MAP_LEAST)
			return rc;
		size /= 2;
		log_warn("storage", "smaller map dir=%s bytes=%llu", dir, (unsigned long long)size);
	}
}

static void kv_sync_dir(const char *dir) {
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0) {
		fsync(fd);
		close(fd);
	}
}

static void kv_sync_parent(const char *dir) {
	struct buf up = { 0 };
	buf_addf(&up, "%s/..", dir);
	kv_sync_dir(buf_bytes(&up));
	buf_free(&up);
}

/* Makes an empty store in `tmp` and links its file into place; link(2) never replaces what somebody else made. */
static int kv_create_in(struct kv *kv, const char *tmp) {
	struct buf from = { 0 }, to = { 0 };
	MDB_env *env;
	MDB_txn *mt = NULL;
	MDB_dbi dbi;
	int rc = kv_env_open(kv, tmp, &env);
	if (rc)
		return rc;
	rc = mdb_txn_begin(env, NULL, 0, &mt);
	if (!rc && (rc = mdb_dbi_open(mt, NULL, 0, &dbi)) != 0)
		mdb_txn_abort(mt);
	else if (!rc)
		rc = mdb_txn_commit(mt);
	if (!rc)
		rc = mdb_env_sync(env, 1);
	mdb_env_close(env);
	buf_addf(&from, "%s/data.mdb", tmp);
	buf_addf(&to, "%s/data.mdb", kv->dir);
	if (!rc && link(buf_bytes(&from), buf_bytes(&to)) != 0 && errno != EEXIST)
		rc = errno;
	unlink(buf_bytes(&from));
	buf_reset(&from);
	buf_addf(&from, "%s/lock.mdb", tmp);
	unlink(buf_bytes(&from));
	buf_free(&from);
	buf_free(&to);
	return rc;
}

static int kv_create(struct kv *kv) {
	struct buf path = { 0 };
	struct stat st;
	int rc = 0;
	if (kv->opt.read_only && stat(kv->dir, &st) == 0 && S_ISREG(st.st_mode)) {
		kv->single_file = true;    /* a backup: nobody else has it open, no lock file is made beside it */
		return 0;
	}
	buf_addf(&path, "%s/data.mdb", kv->dir);
	bool there = access(buf_bytes(&path), F_OK) == 0;
	if (!there && kv->opt.read_only)
		rc = ENOENT;
	else if (!there) {
		bool made = mkdir(kv->dir, 0700) == 0;
		if (!made && errno != EEXIST)
			rc = errno;
		buf_reset(&path);
		buf_addf(&path, "%s/new-XXXXXX", kv->dir);
		if (!rc && !mkdtemp(buf_bytes(&path)))
			rc = errno;
		if (!rc) {
			rc = kv_create_in(kv, buf_bytes(&path));
			rmdir(buf_bytes(&path));
			kv_sync_dir(kv->dir);
			if (made)
				kv_sync_parent(kv->dir);
		}
	}
	buf_free(&path);
	return rc;
}

/* opens the environment and the one database, reads the batch id */
static int kv_attach(struct kv *kv) {
	MDB_txn *mt = NULL;
	MDB_val key = { kv_batch_key.n, (void *)kv_batch_key.p }, value;
	MDB_env *env = NULL;
	int rc = kv_env_open(kv, kv->dir, &env);
	if (rc)
		return rc;
	rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &mt);
	if (!rc)
		rc = mdb_dbi_open(mt, NULL, 0, &kv->dbi);
	if (!rc) {
		rc = mdb_get(mt, kv->dbi, &key, &value);
		if (rc == 0)
			atomic_store(&kv->batch, value.mv_size == 8 ? num_get64(value.mv_data) : 0);
		rc = rc == MDB_NOTFOUND ? 0 : rc;
	}
	/* ending it by commit keeps the database handle open */
	if (mt && !rc)
		rc = mdb_txn_commit(mt);
	else if (mt)
		mdb_txn_abort(mt);
	if (rc) {
		mdb_env_close(env);
		return rc;
	}
	kv->env = env;
	return 0;
}

static void kv_destroy(struct kv *kv) {
	pthread_mutex_destroy(&kv->write_lock);
	pthread_mutex_destroy(&kv->pool_lock);
	if (kv->own_log)
		kv->log->ops->close(&kv->log);
	buf_free(&kv->scratch);
	mem_free(kv->dir);
	mem_free(kv);
}

int kv_open(const char *dir, const struct kv_options *opt, struct kv **kv_r, struct fail *f) {
	struct kv *kv = mem_zalloc(sizeof *kv);
	pthread_mutexattr_t attr;
	kv->dir = mem_strdup(dir);
	if (opt)
		kv->opt = *opt;
	kv->log = kv->opt.log;
	if (!kv->log) {
		kv->log = log_null_new();
		kv->own_log = true;
	}
	kv->capture = kv->log->ops->wants_write_set(kv->log);
	pthread_mutexattr_init(&attr);
	pthread_mutexattr_settype(&attr, PTHREAD_MUTEX_ERRORCHECK);
	pthread_mutex_init(&kv->write_lock, &attr);
	pthread_mutexattr_destroy(&attr);
	pthread_mutex_init(&kv->pool_lock, NULL);
	int rc = kv_create(kv);
	if (!rc)
		rc = kv_attach(kv);
	if (rc) {
		int code = kv_fail(kv, "open", rc, f);
		kv_destroy(kv);
		return code;
	}
	*kv_r = kv;
	return 1;
}

static void kv_read_destroy(struct kv_txn *txn) {
	struct kv_cursor *c;
	while ((c = txn->idle)) {
		txn->idle = c->next;
		mdb_cursor_close(c->mc);
		mem_free(c);
	}
	if (txn->mt)
		mdb_txn_abort(txn->mt);
	mem_free(txn);
}

static void kv_drain_pool(struct kv *kv) {
	struct kv_txn *txn;
	while ((txn = kv->pool)) {
		kv->pool = txn->next;
		kv_read_destroy(txn);
	}
}

void kv_close(struct kv **kv) {
	if (!kv || !*kv)
		return;
	if ((*kv)->users)
		bug("kv_close with %u transactions open", (*kv)->users);
	kv_drain_pool(*kv);
	if ((*kv)->env)
		mdb_env_close((*kv)->env);
	kv_destroy(*kv);
	*kv = NULL;
}

/* ---- users of the environment ---- */

/* called with pool_lock held and nobody using env */
static int kv_reopen(struct kv *kv) {
	kv_drain_pool(kv);
	if (kv->env)
		mdb_env_close(kv->env);
	kv->env = NULL;
	int rc = kv_attach(kv);
	log_warn("storage", "reopened after a fatal error dir=%s result=\"%s\"", kv->dir, mdb_strerror(rc));
	if (!rc)
		kv->panic = false;
	return rc;
}

/* Counts the caller among the users of env; LMDB's code. A pooled read transaction is handed out when asked for. */
static int kv_enter(struct kv *kv, struct kv_txn **pooled_r) {
	int rc = 0;
	pthread_mutex_lock(&kv->pool_lock);
	if (kv->panic)
		rc = kv->users ? MDB_PANIC : kv_reopen(kv);
	if (!rc) {
		kv->users++;
		if (pooled_r && (*pooled_r = kv->pool))
			kv->pool = kv->pool->next;
	}
	pthread_mutex_unlock(&kv->pool_lock);
	return rc;
}

static void kv_leave(struct kv *kv, struct kv_txn *to_pool, bool panic) {
	pthread_mutex_lock(&kv->pool_lock);
	kv->users--;
	kv->panic |= panic;
	if (to_pool) {
		to_pool->next = kv->pool;
		kv->pool = to_pool;
	}
	pthread_mutex_unlock(&kv->pool_lock);
}

/* ---- transactions ---- */

static int kv_read_try(struct kv *kv, struct kv_txn **txn_r) {
	struct kv_txn *txn = NULL;
	int rc = kv_enter(kv, &txn);
	if (rc)
		return rc;
	if (txn) {
		rc = mdb_txn_renew(txn->mt);
	} else {
		txn = mem_zalloc(sizeof *txn);
		txn->kv = kv;
		txn->root = txn;
		rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &txn->mt);
		if (rc == MDB_READERS_FULL) {
			int dead;
			mdb_reader_check(kv->env, &dead);
			rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &txn->mt);
		}
		if (rc)
			txn->mt = NULL;
	}
	if (rc) {
		kv_read_destroy(txn);
		kv_leave(kv, NULL, rc == MDB_PANIC);
		return rc;
	}
	*txn_r = txn;
	return 0;
}

int kv_read_begin(struct kv *kv, struct kv_txn **txn_r, struct fail *f) {
	int rc = kv_read_try(kv, txn_r);
	if (rc == MDB_PANIC)
		rc = kv_read_try(kv, txn_r);
	return rc ? kv_fail(kv, "read", rc, f) : 1;
}

static void kv_check_cursors(const struct kv_txn *txn) {
	if (txn->open_cursors)
		bug("a transaction ended with %u cursors open", txn->open_cursors);
}

void kv_read_end(struct kv_txn **txn) {
	struct kv_txn *t = *txn;
	if (!t)
		return;
	*txn = NULL;
	if (t->write)
		bug("kv_read_end of a write transaction");
	kv_check_cursors(t);
	mdb_txn_reset(t->mt);
	kv_leave(t->kv, t, false);
}

uint64_t kv_snapshot(const struct kv_txn *txn) {
	return mdb_txn_id(txn->mt);
}

static int kv_write_try(struct kv *kv, struct kv_txn *txn) {
	int rc = kv_enter(kv, NULL);
	if (rc)
		return rc;
	rc = mdb_txn_begin(kv->env, NULL, 0, &txn->mt);
	if (rc)
		kv_leave(kv, NULL, rc == MDB_PANIC);
	return rc;
}

static struct kv_txn *kv_write_new(struct kv *kv, struct kv_txn *parent) {
	struct kv_txn *txn = mem_zalloc(sizeof *txn);
	txn->kv = kv;
	txn->write = true;
	txn->parent = parent;
	txn->root = parent ? parent->root : txn;
	txn->set_start = parent ? buf_len(&txn->root->set) : 0;
	txn->undo_start = parent ? buf_len(&txn->root->undo) : 0;
	return txn;
}

/* Called with LMDB's write lock held and nothing written yet. Only what is behind the end of the file is touched, and
 * nothing depends on it: errors are ignored. */
static void kv_write_ahead(struct kv *kv) {
	static const char zeros[64 << 10];
	MDB_envinfo info;
	MDB_stat st;
	struct stat fs;
	int fd;
	if (mdb_env_info(kv->env, &info) || mdb_env_stat(kv->env, &st))
		return;
	uint64_t used = ((uint64_t)info.me_last_pgno + 1) * st.ms_psize, grown = used - kv->used;
	kv->used = used;
	if (grown > KV_AHEAD_COMMIT || used + KV_AHEAD_LEAST <= kv->file_size || mdb_env_get_fd(kv->env, &fd) ||
	    fstat(fd, &fs) != 0)
		return;
	kv->file_size = (uint64_t)fs.st_size;
	if (used + KV_AHEAD_LEAST <= kv->file_size)
		return;
	uint64_t to = used + KV_AHEAD < info.me_mapsize ? used + KV_AHEAD : info.me_mapsize;
	while (kv->file_size < to) {
		size_t n = to - kv->file_size < sizeof zeros ? (size_t)(to - kv->file_size) : sizeof zeros;
		ssize_t done = pwrite(fd, zeros, n, (off_t)kv->file_size);
		if (done <= 0)
			return;
		kv->file_size += (uint64_t)done;
	}
}

static int kv_begin_outermost(struct kv *kv, struct kv_txn **txn_r, struct fail *f) {
	int rc = pthread_mutex_lock(&kv->write_lock);
	if (rc == EDEADLK)
		bug("two outermost write transactions in one thread");
	struct kv_txn *txn = kv_write_new(kv, NULL);
	rc = kv_write_try(kv, txn);
	if (rc == MDB_PANIC)
		rc = kv_write_try(kv, txn);
	if (rc) {
		mem_free(txn);
		pthread_mutex_unlock(&kv->write_lock);
		return kv_fail(kv, "write begin", rc, f);
	}
	if (!kv->opt.no_sync)
		kv_write_ahead(kv);
	*txn_r = txn;
	return 1;
}

/* one batch of the log applied in a transaction of its own */
static int kv_catch_up_one(void *arg, uint64_t batch, struct slice write_set) {
	struct kv *kv = arg;
	uint64_t at = atomic_load(&kv->batch);
	if (batch <= at)
		return 1;
	return batch == at + 1 ? kv_replay(kv, write_set, NULL) : ERR_CORRUPT;
}

/* The store must stand where the log ends before it may append. */
static int kv_catch_up(struct kv *kv, struct fail *f) {
	for (;;) {
		uint64_t tail, at = atomic_load(&kv->batch);
		int r = kv->log->ops->lock_tail(kv->log, &tail, f);
		if (r < 0 || tail == at)
			return r < 0 ? r : 1;
		/* a store ahead of its log has the wrong log: stop, never overwrite */
		if (tail < at)
			return fail_internal(f, "storage %s: batch %llu, but its log ends with %llu", kv->dir,
				(unsigned long long)at, (unsigned long long)tail);
		r = kv->log->ops->read(kv->log, at, kv_catch_up_one, kv, f);
		if (r < 0)
			return kv_fail_code(r, f);
		if (atomic_load(&kv->batch) == at)
			return fail_internal(f, "storage %s: the log does not give batch %llu", kv->dir, (unsigned long long)at + 1);
	}
}

int kv_write_begin(struct kv *kv, struct kv_txn *parent, struct kv_txn **txn_r, struct fail *f) {
	if (!parent) {
		int r = kv->capture ? kv_catch_up(kv, f) : 1;
		return r < 0 ? r : kv_begin_outermost(kv, txn_r, f);
	}
	if (parent->error)
		return kv_fail_code(parent->error, f);
	struct kv_txn *txn = kv_write_new(kv, parent);
	txn->mt = parent->mt;
	*txn_r = txn;
	return 1;
}

/* frees what is left of a write transaction when LMDB's half has ended */
static void kv_write_end(struct kv_txn *txn, bool panic) {
	struct kv *kv = txn->kv;
	bool outermost = !txn->parent;
	buf_free(&txn->set);
	buf_free(&txn->undo);
	mem_free(txn);
	if (!outermost)
		return;
	kv_leave(kv, NULL, panic);
	pthread_mutex_unlock(&kv->write_lock);
}

/* LMDB failed: the outermost transaction cannot go on, nor can anything in it */
static void kv_spoil(struct kv_txn *txn, int code) {
	for (; txn; txn = txn->parent)
		if (!txn->error)
			txn->error = code;
}

/* A record of the undo buffer: key, value, then lengths of both and whether there was a value, so that it can be read
 * from its end. */
struct kv_undo { uint32_t key_n, value_n; bool was; };

static void kv_undo_note(struct kv_txn *txn, struct slice key, const MDB_val *was) {
	struct kv_undo u = { .key_n = (uint32_t)key.n, .value_n = was ? (uint32_t)was->mv_size : 0, .was = was != NULL };
	struct buf *b = &txn->root->undo;
	char *p = buf_reserve(b, u.key_n + u.value_n + sizeof u);
	memcpy(p, key.p, u.key_n);
	if (u.value_n)
		memcpy(p + u.key_n, was->mv_data, u.value_n);
	memcpy(p + u.key_n + u.value_n, &u, sizeof u);
	buf_commit(b, u.key_n + u.value_n + sizeof u);
}

/* what the child changed is put back, last first */
static void kv_undo(struct kv_txn *txn) {
	struct buf *b = &txn->root->undo;
	txn->root->top_n = 0;                   /* a key that comes back may be greater */
	while (buf_len(b) > txn->undo_start) {
		struct kv_undo u;
		memcpy(&u, buf_bytes(b) + buf_len(b) - sizeof u, sizeof u);
		size_t at = buf_len(b) - sizeof u - u.value_n - u.key_n;
		char *p = buf_bytes(b) + at;
		MDB_val k = { u.key_n, p }, v = { u.value_n, p + u.key_n };
		int rc = txn->root->error ? 0 : u.was ? mdb_put(txn->mt, txn->kv->dbi, &k, &v, 0) :
			mdb_del(txn->mt, txn->kv->dbi, &k, NULL);
		if (rc)
			kv_spoil(txn, kv_fail(txn->kv, "undo", rc, NULL));
		buf_truncate(b, at);
	}
}

void kv_abort(struct kv_txn **txn) {
	struct kv_txn *t = *txn;
	if (!t)
		return;
	*txn = NULL;
	if (!t->write)
		bug("kv_abort of a read transaction");
	kv_check_cursors(t);
	if (t->parent) {
		kv_undo(t);
		buf_truncate(&t->root->set, t->set_start);
	} else {
		mdb_txn_abort(t->mt);
	}
	kv_write_end(t, false);
}

/* is the key behind all others? Then LMDB need not search, and leaves the page before it full. */
static bool kv_is_last(struct kv_txn *txn, struct slice key) {
	struct kv_txn *root = txn->root;
	MDB_cursor *c;
	MDB_val last, v;
	if (!root->top_n) {
		int rc = mdb_cursor_open(txn->mt, txn->kv->dbi, &c);
		if (rc)
			return false;
		if ((rc = mdb_cursor_get(c, &last, &v, MDB_LAST)) == 0)
			memcpy(root->top, last.mv_data, root->top_n = last.mv_size);
		mdb_cursor_close(c);
		if (rc && rc != MDB_NOTFOUND)
			return false;
	}
	if (root->top_n && slice_cmp(key, slice_of(root->top, root->top_n)) <= 0)
		return false;
	memcpy(root->top, key.p, root->top_n = key.n);
	return true;
}

static int kv_put_raw(struct kv_txn *txn, struct slice key, struct slice value) {
	MDB_val k = { key.n, (void *)key.p }, v = { value.n, (void *)value.p };
	return mdb_put(txn->mt, txn->kv->dbi, &k, &v, kv_is_last(txn, key) ? MDB_APPEND : 0);
}

/* before LMDB commits an outermost transaction: move the batch id, append to the log */
static int kv_commit_log(struct kv_txn *txn, uint64_t *batch_r, struct fail *f) {
	struct kv *kv = txn->kv;
	uint64_t at = atomic_load(&kv->batch);
	char id[8];
	*batch_r = at;
	if (!txn->replay && (!kv->capture || buf_len(&txn->set) == 0))
		return 1;
	num_put64(id, at + 1);
	int rc = kv_put_raw(txn, kv_batch_key, slice_of(id, sizeof id));
	if (rc)
		return kv_fail(kv, "put", rc, f);
	*batch_r = at + 1;
	return txn->replay ? 1 : kv->log->ops->append(kv->log, at, at + 1, buf_slice(&txn->set), f);
}

int kv_commit(struct kv_txn **txn, struct fail *f) {
	struct kv_txn *t = *txn;
	struct kv *kv = t->kv;
	uint64_t batch = 0;
	int r = 1;
	if (!t->write)
		bug("kv_commit of a read transaction");
	kv_check_cursors(t);
	if (t->error)
		r = kv_fail_code(t->error, f);
	else if (kv_test_fails(kv))
		r = kv_fail_code(ERR_UNAVAILABLE, f);
	else if (!t->parent)
		r = kv_commit_log(t, &batch, f);
	if (r < 0) {
		kv_abort(txn);
		return r;
	}
	*txn = NULL;
	int rc = t->parent ? 0 : mdb_txn_commit(t->mt);
	if (rc)
		r = kv_fail(kv, "commit", rc, f);
	else if (!t->parent)
		atomic_store(&kv->batch, batch);
	else if (!t->parent->parent)
		buf_truncate(&t->root->undo, t->undo_start);   /* nobody is left who could want it back */
	kv_write_end(t, rc == MDB_PANIC);
	return r;
}

uint64_t kv_batch(struct kv *kv) {
	return atomic_load(&kv->batch);
}

/* ---- operations ---- */

/* a get or cursor movement that failed */
static int kv_fail_read(struct kv_txn *txn, int rc) {
	if (txn->error)
		return txn->error;
	return kv_fail(txn->kv, "read", rc, NULL);
}

/* a put or del that failed: the transaction is spoilt */
static int kv_fail_write(struct kv_txn *txn, int rc) {
	if (!txn->error)
		kv_spoil(txn, kv_fail(txn->kv, "write", rc, NULL));
	return txn->error;
}

static bool kv_key_fits(struct slice key) {
	return key.n > 0 && key.n <= KV_KEY_MAX && !slice_eq(key, kv_batch_key);
}

int kv_get(struct kv_txn *txn, struct slice key, struct slice *value_r) {
	if (!kv_key_fits(key))
		return 0;
	MDB_val k = { key.n, (void *)key.p }, v;
	int rc = mdb_get(txn->mt, txn->kv->dbi, &k, &v);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc)
		return kv_fail_read(txn, rc);
	if (value_r)
		*value_r = slice_of(v.mv_data, v.mv_size);
	return 1;
}

/* common to put and del; 1 or < 0 */
static int kv_write_check(struct kv_txn *txn) {
	if (!txn->write)
		bug("write in a read transaction");
	if (txn->error)
		return txn->error;
	if (kv_test_fails(txn->kv))
		return txn->error = ERR_UNAVAILABLE;
	return 1;
}

/* in a child: most keys are new, and for these the note costs nothing more */
static int kv_put_noted(struct kv_txn *txn, struct slice key, struct slice value) {
	MDB_val k = { key.n, (void *)key.p }, v = { value.n, (void *)value.p };
	int rc = mdb_put(txn->mt, txn->kv->dbi, &k, &v, MDB_NOOVERWRITE | (kv_is_last(txn, key) ? MDB_APPEND : 0));
	if (rc && rc != MDB_KEYEXIST)
		return rc;
	kv_undo_note(txn, key, rc ? &v : NULL);
	return rc ? kv_put_raw(txn, key, value) : 0;
}

/* Key and value may point into pages that the put itself moves about, so they are copied first: into the write set when
 * there is one, else into the scratch buffer. */
int kv_put(struct kv_txn *txn, struct slice key, struct slice value) {
	if (!kv_key_fits(key) || value.n > KV_VALUE_MAX)
		return ERR_TOOBIG;
	int r = kv_write_check(txn);
	if (r < 0)
		return r;
	bool capture = txn->kv->capture && !txn->root->replay;
	struct buf *to = capture ? &txn->root->set : &txn->kv->scratch;
	if (!capture)
		buf_reset(to);
	buf_addc(to, 'P');
	num_add_bytes(to, key);
	num_add_bytes(to, value);
	const char *end = buf_bytes(to) + buf_len(to);
	struct slice v = slice_of(end - value.n, value.n), k = key;
	/* the key lies before the value and the value's length (1 to 3 bytes) */
	k.p = v.p - (value.n < 0x80 ? 1 : value.n < 0x4000 ? 2 : 3) - key.n;
	int rc = txn->parent ? kv_put_noted(txn, k, v) : kv_put_raw(txn, k, v);
	return rc ? kv_fail_write(txn, rc) : 1;
}

int kv_del(struct kv_txn *txn, struct slice key) {
	if (!kv_key_fits(key))
		return 0;
	int r = kv_write_check(txn);
	if (r < 0)
		return r;
	MDB_val k = { key.n, (void *)key.p }, was;
	int rc = mdb_get(txn->mt, txn->kv->dbi, &k, &was);
	if (rc)
		return rc == MDB_NOTFOUND ? 0 : kv_fail_write(txn, rc);
	/* the key may lie in a page that the deletion moves about */
	struct buf *copy = &txn->kv->scratch;
	buf_reset(copy);
	buf_add_slice(copy, key);
	if (txn->parent)
		kv_undo_note(txn, key, &was);
	k.mv_data = buf_bytes(copy);
	if ((rc = mdb_del(txn->mt, txn->kv->dbi, &k, NULL)) != 0)
		return kv_fail_write(txn, rc);
	if (txn->kv->capture && !txn->root->replay) {
		buf_addc(&txn->root->set, 'D');
		num_add_bytes(&txn->root->set, buf_slice(copy));
	}
	return 1;
}

/* ---- cursors ---- */

int kv_cursor_open(struct kv_txn *txn, struct kv_cursor **c_r) {
	struct kv_cursor *c = txn->idle;
	int rc;
	if (c) {
		txn->idle = c->next;
		rc = mdb_cursor_renew(txn->mt, c->mc);
	} else {
		c = mem_zalloc(sizeof *c);
		c->txn = txn;
		rc = mdb_cursor_open(txn->mt, txn->kv->dbi, &c->mc);
	}
	if (rc) {
		if (c->mc)
			mdb_cursor_close(c->mc);
		mem_free(c);
		return kv_fail_read(txn, rc);
	}
	txn->open_cursors++;
	*c_r = c;
	return 1;
}

void kv_cursor_close(struct kv_cursor **cursor) {
	struct kv_cursor *c = *cursor;
	if (!c)
		return;
	*cursor = NULL;
	c->txn->open_cursors--;
	if (c->txn->write) {
		/* every cursor of a write transaction makes its puts slower: none is kept */
		mdb_cursor_close(c->mc);
		mem_free(c);
	} else {
		c->next = c->txn->idle;
		c->txn->idle = c;
	}
}

/* moves; then on in direction `on` while the reserved key is under the cursor */
static int kv_move(struct kv_cursor *c, MDB_val *k, MDB_cursor_op op, MDB_cursor_op on, struct slice *key_r,
		struct slice *value_r) {
	MDB_val v;
	int rc = mdb_cursor_get(c->mc, k, &v, op);
	while (rc == 0 && slice_eq(slice_of(k->mv_data, k->mv_size), kv_batch_key))
		rc = mdb_cursor_get(c->mc, k, &v, on);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc)
		return kv_fail_read(c->txn, rc);
	if (key_r)
		*key_r = slice_of(k->mv_data, k->mv_size);
	if (value_r)
		*value_r = slice_of(v.mv_data, v.mv_size);
	return 1;
}

int kv_seek(struct kv_cursor *c, struct slice key, struct slice *key_r, struct slice *value_r) {
	MDB_val k = { key.n, (void *)key.p };
	return kv_move(c, &k, key.n ? MDB_SET_RANGE : MDB_FIRST, MDB_NEXT, key_r, value_r);
}

int kv_seek_before(struct kv_cursor *c, struct slice key, struct slice *key_r, struct slice *value_r) {
	MDB_val k = { key.n, (void *)key.p }, v;
	if (key.n == 0)
		return 0;
	int rc = mdb_cursor_get(c->mc, &k, &v, MDB_SET_RANGE);
	if (rc && rc != MDB_NOTFOUND)
		return kv_fail_read(c->txn, rc);
	return kv_move(c, &k, rc ? MDB_LAST : MDB_PREV, MDB_PREV, key_r, value_r);
}

int kv_next(struct kv_cursor *c, struct slice *key_r, struct slice *value_r) {
	MDB_val k;
	return kv_move(c, &k, MDB_NEXT, MDB_NEXT, key_r, value_r);
}

int kv_prev(struct kv_cursor *c, struct slice *key_r, struct slice *value_r) {
	MDB_val k;
	return kv_move(c, &k, MDB_PREV, MDB_PREV, key_r, value_r);
}

/* ---- care ---- */

struct kv_readers {
	unsigned count;
	uint64_t oldest;
};

/* lines are "pid thread txn" with "-" for an idle slot; the first is a heading */
static int kv_each_reader(const char *line, void *arg) {
	struct kv_readers *r = arg;
	struct slice rest = slice_trim(slice_str(line)), word;
	uint64_t txn;
	for (int i = 0; i < 3; i++)
		if (!slice_word(&rest, &word))
			return 0;
	if (num_parse_u64(word, &txn)) {
		r->count++;
		if (txn < r->oldest)
			r->oldest = txn;
	}
	return 0;
}

int kv_info(struct kv *kv, struct kv_info *info_r, struct fail *f) {
	MDB_envinfo info;
	MDB_stat st;
	struct statvfs fs;
	struct kv_readers readers = { 0, UINT64_MAX };
	int rc = kv_enter(kv, NULL);
	if (rc)
		return kv_fail(kv, "info", rc, f);
	if ((rc = mdb_env_info(kv->env, &info)) == 0 && (rc = mdb_env_stat(kv->env, &st)) == 0)
		mdb_reader_list(kv->env, kv_each_reader, &readers);
	kv_leave(kv, NULL, false);
	if (rc)
		return kv_fail(kv, "info", rc, f);
	*info_r = (struct kv_info){
		.map_size = info.me_mapsize, .used_bytes = ((uint64_t)info.me_last_pgno + 1) * st.ms_psize,
		.entries = st.ms_entries - (atomic_load(&kv->batch) ? 1 : 0), .last_txn = info.me_last_txnid,
		.readers = readers.count, .max_readers = info.me_maxreaders, .depth = st.ms_depth,
	};
	if (readers.count && readers.oldest < info.me_last_txnid)
		info_r->oldest_reader_lag = (int64_t)(info.me_last_txnid - readers.oldest);
	if (statvfs(kv->dir, &fs) == 0)
		info_r->free_disk_bytes = (uint64_t)fs.f_bavail * fs.f_frsize;
	return 1;
}

int kv_sweep_readers(struct kv *kv) {
	int dead = 0;
	if (kv_enter(kv, NULL))
		return 0;
	if (mdb_reader_check(kv->env, &dead))
		dead = 0;
	kv_leave(kv, NULL, false);
	return dead;
}

static int kv_copy_fd(struct kv *kv, int fd) {
	int rc = kv_enter(kv, NULL);
	if (rc)
		return rc;
	rc = mdb_env_copyfd2(kv->env, fd, MDB_CP_COMPACT);
	kv_leave(kv, NULL, rc == MDB_PANIC);
	return rc || fsync(fd) == 0 ? rc : errno;
}

int kv_copy_to(struct kv *kv, const char *file, struct fail *f) {
	struct buf tmp = { 0 }, dir = { 0 };
	buf_addf(&tmp, "%s.XXXXXX", file);
	int fd = mkostemp(buf_bytes(&tmp), O_CLOEXEC), rc = fd < 0 ? errno : 0;
	if (!rc) {
		rc = kv_copy_fd(kv, fd);
		if (!rc && link(buf_bytes(&tmp), file) != 0)
			rc = errno;
		unlink(buf_bytes(&tmp));
		close(fd);
		ptrdiff_t slash = slice_rchr(slice_str(file), '/');
		buf_add_slice(&dir, slash < 0 ? SLICE(".") : slice_to(slice_str(file), (size_t)slash + 1));
		kv_sync_dir(buf_bytes(&dir));
	}
	buf_free(&tmp);
	buf_free(&dir);
	if (rc == EEXIST)
		return fail_set(f, ERR_EXISTS, "the file exists");
	return rc ? kv_fail(kv, "copy", rc, f) : 1;
}

/* ---- write sets ---- */

static int kv_replay_ops(struct kv_txn *txn, struct slice set) {
	struct slice key, value;
	while (set.n) {
		char op = *set.p;
		set = slice_from(set, 1);
		if ((op != 'P' && op != 'D') || !num_take_bytes(&set, &key) || (op == 'P' && !num_take_bytes(&set, &value)))
			return ERR_CORRUPT;
		int r = op == 'P' ? kv_put(txn, key, value) : kv_del(txn, key);
		if (r < 0)
			return r;
	}
	return 1;
}

int kv_replay(struct kv *kv, struct slice write_set, struct fail *f) {
	struct kv_txn *txn;
	int r = kv_begin_outermost(kv, &txn, f);
	if (r < 0)
		return r;
	txn->replay = true;
	r = kv_replay_ops(txn, write_set);
	if (r < 0) {
		kv_abort(&txn);
		return kv_fail_code(r, f);
	}
	return kv_commit(&txn, f);
}
