/* kv_open.c - opening and closing the store; errors of LMDB; who uses the environment.
 *
 * After a failed write of its meta page LMDB refuses everything (MDB_PANIC), and after a failed flush nobody knows what
 * is on disk. The environment is then closed and opened again as soon as nobody uses it. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "storage/kv_private.h"

#define KV_MAP_DEFAULT ((uint64_t)1 << 40)
enum { REOPEN_FIRST_MS = 500, REOPEN_MOST_MS = 30000 };
#define KV_MAP_LEAST ((uint64_t)1 << 28)       /* a smaller address space is an error */

const struct slice kv_batch_key = SLICE_INIT("\xff\xff\xffkv.batch");

/* ---- errors ---- */

static int kv_map_error(int rc) {
	switch (rc) {
	case MDB_MAP_FULL: case MDB_TXN_FULL: case MDB_READERS_FULL: case MDB_MAP_RESIZED: case MDB_PANIC:
	case ENOSPC: case EDQUOT: case EFBIG: case EIO: case EROFS: case ENOMEM: case EAGAIN: case EACCES: case EPERM:
	case ENFILE: case EMFILE: case ENOENT:
		return ERR_UNAVAILABLE;
	case EBUSY: case EUCLEAN: case EINPROGRESS:
		return ERR_UNAVAILABLE;
	case EBADMSG: case ENODATA:
	case MDB_CORRUPTED:
	case MDB_PAGE_NOTFOUND:
	case MDB_INVALID:
	case MDB_VERSION_MISMATCH:
	case MDB_CURSOR_FULL: return ERR_CORRUPT;
	case MDB_BAD_VALSIZE:
		return ERR_TOOBIG;
	}
	return ERR_INTERNAL;
}

int kv_fail(struct kv *kv, const char *what, int rc, struct fail *f) {
	int code = kv_map_error(rc);
	if (code == ERR_INTERNAL)
		return fail_internal(f, "storage %s: %s: %s", kv->dir, what, mdb_strerror(rc));
	log_error("storage", "%s failed code=%s error=\"%s\" dir=%s", what, err_name((enum err)code), mdb_strerror(rc),
		kv->dir);
	return fail_set(f, (enum err)code, "%s", rc == EBUSY ? "another process has the store open" :
		rc == EINPROGRESS ? "another process is about to open or to recover the store: try again later" :
		rc == EUCLEAN ? "the store was not closed in order: start forumd with it once" :
		rc == ENODATA ? "a file journal-* beside data.mdb is missing or damaged (the log names it): "
			"put it back, or restore a backup" :
		rc == EBADMSG ? "the file journal beside data.mdb is damaged: restore a backup" :
		code == ERR_CORRUPT ? "stored data is damaged" :
		code == ERR_TOOBIG ? "too large to store" : "storage is not available now, try again later");
}

int kv_fail_code(int code, struct fail *f) {
	return fail_set(f, (enum err)code, "%s", code == ERR_CORRUPT ? "stored data is damaged" :
		"storage is not available now, try again later");
}

/* ---- open and close ---- */

static int kv_env_open_sized(struct kv *kv, const char *dir, uint64_t size, MDB_env **env_r) {
	MDB_env *env;
	unsigned flags = MDB_NOTLS | MDB_NORDAHEAD | (kv->journal || kv->opt.no_sync ? MDB_NOSYNC : 0) |
		(kv->opt.read_only ? MDB_RDONLY : 0) | (kv->single_file ? MDB_NOSUBDIR | MDB_NOLOCK : 0);
	int rc = mdb_env_create(&env);
	if (rc)
		return rc;
	rc = mdb_env_set_mapsize(env, size);
	if (!rc)
		rc = mdb_env_set_maxreaders(env, (kv->opt.max_readers ? kv->opt.max_readers : 1024) + 2);  /* the pins */
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

void kv_sync_dir(const char *dir) {
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

static int kv_open_table(struct kv *kv) {
	MDB_txn *mt;
	int rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &mt);
	if (rc)
		return rc;
	rc = mdb_dbi_open(mt, NULL, 0, &kv->dbi);
	/* ending it by commit keeps the database handle open */
	if (!rc)
		return mdb_txn_commit(mt);
	mdb_txn_abort(mt);
	return rc;
}

static int kv_read_batch(struct kv *kv) {
	MDB_val key = { kv_batch_key.n, (void *)kv_batch_key.p }, value;
	MDB_txn *mt;
	int rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &mt);
	if (rc)
		return rc;
	rc = mdb_get(mt, kv->dbi, &key, &value);
	atomic_store(&kv->batch, !rc && value.mv_size == 8 ? num_get64(value.mv_data) : 0);
	mdb_txn_abort(mt);
	return rc == MDB_NOTFOUND ? 0 : rc;
}

void kv_read_destroy(struct kv_txn *txn) {
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

/* nobody uses env */
static void kv_detach(struct kv *kv) {
	kv_drain_pool(kv);
	kv_unpin(kv);
	if (kv->env)
		mdb_env_close(kv->env);
	kv->env = NULL;
}

/* opens the environment and its one table, recovers what was not closed in order, reads the batch id */
static int kv_attach(struct kv *kv) {
	bool replay = false;
	atomic_fetch_add(&kv->opened, 1);
	if (kv->journal)
		journal_ready(kv->journal, false);
	int rc = kv->journal ? kv_recover_file(kv, &replay) : 0;
	if (!rc)
		rc = kv_env_open(kv, kv->dir, &kv->env);
	if (rc)
		return rc;
	rc = kv_open_table(kv);
	if (!rc && kv->journal)
		rc = kv_recover_sets(kv, replay);
	if (!rc)
		rc = kv_read_batch(kv);
	if (!rc)
		rc = kv_journal_look_again(kv);
	if (rc)
		kv_detach(kv);
	else if (kv->journal)
		journal_ready(kv->journal, true);
	return rc;
}

static void kv_destroy(struct kv *kv) {
	kv_detach(kv);
	journal_close(&kv->journal);
	kv_keeper_destroy(&kv->keeper);
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
	kv_keeper_init(&kv->keeper);
	int rc = kv_create(kv);
	if (!rc)
		rc = kv_journal_open(kv);
	if (!rc)
		rc = kv_attach(kv);
	if (!rc)
		rc = kv_keeper_start(kv);
	if (rc) {
		int code = kv_fail(kv, "open", rc, f);
		kv_destroy(kv);
		return code;
	}
	*kv_r = kv;
	return 1;
}

void kv_close(struct kv **kv) {
	if (!kv || !*kv)
		return;
	kv_keeper_stop(*kv);                    /* it uses env too */
	if ((*kv)->users)
		bug("kv_close with %u transactions open", (*kv)->users);
	kv_destroy(*kv);
	*kv = NULL;
}

/* ---- users of the environment ---- */

/* Called with pool_lock held and nobody using env. While it fails, it is tried less and less often: everybody who wants
 * the store comes here, and it reads the whole journal. */
static int kv_reopen(struct kv *kv) {
	int64_t now = clock_mono_ms();
	if (kv->reopen_wait && now < kv->reopen_at)
		return kv->reopen_rc;
	kv_detach(kv);
	int rc = kv_attach(kv);
	log_warn("storage", "reopened after a fatal error dir=%s result=\"%s\"", kv->dir, mdb_strerror(rc));
	kv->panic = rc != 0;
	kv->reopen_rc = rc;
	kv->reopen_wait = !rc ? 0 : kv->reopen_wait ? kv->reopen_wait * 2 : REOPEN_FIRST_MS;
	if (kv->reopen_wait > REOPEN_MOST_MS)
		kv->reopen_wait = REOPEN_MOST_MS;
	kv->reopen_at = clock_mono_ms() + kv->reopen_wait;
	return rc;
}

int kv_enter(struct kv *kv, struct kv_txn **pooled_r) {
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

void kv_leave(struct kv *kv, struct kv_txn *to_pool, bool panic) {
	pthread_mutex_lock(&kv->pool_lock);
	kv->users--;
	kv->panic |= panic;
	if (to_pool) {
		to_pool->next = kv->pool;
		kv->pool = to_pool;
	}
	pthread_mutex_unlock(&kv->pool_lock);
}
