/* kv_checkpoint.c - why a commit needs one flush and still survives a power cut.
 *
 * LMDB commits without flushing (MDB_NOSYNC); what makes a commit durable is its write set in the journal, appended and
 * flushed before LMDB commits. The keeper thread makes a checkpoint now and then: it notes where the journal and the
 * store stand, flushes the store's file, and writes a mark into the journal. After a cut the kernel may have written
 * any of the pages changed since the last mark, the meta pages too. That does no harm:
 *
 * - Pages of the marked snapshot are never written again before the next mark: a read transaction, the pin, holds it.
 * - The two meta pages are kept in the mark. Recovery puts them back, so LMDB sees the marked snapshot, and applies the
 *   write sets behind the mark again. The pin of the marked snapshot is taken first, so a cut meanwhile does no harm.
 *
 * Every start that finds the store not closed in order recovers so, after a kill as after a power cut: the way that
 * must not fail is the way that is always gone. Only a commit that has no root before it, as the first one of all, is
 * not in the journal: LMDB flushes it, and its answer and the next commit wait for a checkpoint.
 *
 * Order of locks: write_lock, pool_lock, keeper.lock. A checkpoint holds write_lock while it notes where things stand,
 * not while it flushes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include "forumd/base/digest.h"
#include "forumd/base/log.h"
#include "forumd/base/num.h"
#include "storage/kv_private.h"

/* A checkpoint is due after so many commits (each leaves some 20 pages that wait for it), octets of the journal, or
 * seconds of rest. */
enum { DUE_COMMITS = 512, DUE_OCTETS = 4 << 20, DUE_SECONDS = 2 };
enum { PIECE = 1 << 20 };               /* of the file that is written out at a time */
#define DISK_SHORT ((uint64_t)64 << 20)

/* ---- meta pages ---- */

/* How LMDB 0.9 lays out the head of its pages 0 and 1; kv_meta_now() checks that it does. */
struct meta_page {
	size_t number;
	uint16_t pad, flags;
	uint32_t pages;
	uint32_t magic, version;
	void *address;
	size_t map_size;
	struct { uint32_t pad; uint16_t flags, depth; size_t pages[3], entries, root; } tables[2];
	size_t last_page, txn;
};
#define META_MAGIC 0xBEEFC0DEu

/* what a mark keeps of the store */
struct meta_state {
	uint32_t page_size, root_sum;          /* of the newest one's root page: 0 when it has none */
	struct meta_page page[2];
};
_Static_assert(sizeof(struct meta_state) <= JOURNAL_STATE_MAX, "a mark holds both meta pages");

static bool meta_read(int fd, size_t page_size, struct meta_state *m) {
	*m = (struct meta_state){ .page_size = (uint32_t)page_size };
	for (int i = 0; i < 2; i++)
		if (pread(fd, &m->page[i], sizeof m->page[i], (off_t)(page_size * (size_t)i)) != sizeof m->page[i])
			return false;
	return true;
}

/* the sum of the root page of transaction txn */
static uint32_t root_sum(int fd, const struct meta_state *m, uint64_t txn) {
	char page[1 << 16];
	size_t root = m->page[txn & 1].tables[1].root;
	if (root == (size_t)-1 || m->page_size > sizeof page ||
	    pread(fd, page, m->page_size, (off_t)(root * m->page_size)) != (ssize_t)m->page_size)
		return 0;
	return digest_crc(1, slice_of(page, m->page_size));
}

static uint64_t meta_newest(const struct meta_state *m) {
	uint64_t newest = 0;
	for (int i = 0; i < 2; i++)
		if (m->page[i].magic == META_MAGIC && m->page[i].txn > newest)
			newest = m->page[i].txn;
	return newest;
}

/* ---- one checkpoint ---- */

/* notes where journal and store stand; nobody writes meanwhile */
static int checkpoint_note(struct kv *kv, struct journal_mark *mark, MDB_txn **pin_r) {
	struct meta_state m;
	MDB_envinfo info;
	MDB_stat st;
	int fd, rc = mdb_env_info(kv->env, &info);
	if (!rc)
		rc = mdb_env_stat(kv->env, &st);
	if (!rc)
		rc = mdb_env_get_fd(kv->env, &fd);
	if (rc)
		return rc;
	if (!meta_read(fd, st.ms_psize, &m))
		return EIO;
	if (meta_newest(&m) != info.me_last_txnid)
		return MDB_VERSION_MISMATCH;    /* another layout than that of LMDB 0.9 */
	m.root_sum = root_sum(fd, &m, info.me_last_txnid);
	*mark = (struct journal_mark){ .txn = info.me_last_txnid, .at = journal_at(kv->journal),
		.large = journal_large(kv->journal), .state_n = sizeof m };
	memcpy(mark->state, &m, sizeof m);
	if ((rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, pin_r)) != 0)
		return rc;
	pthread_mutex_lock(&kv->keeper.lock);
	kv->keeper.next_pin = *pin_r;
	pthread_mutex_unlock(&kv->keeper.lock);
	return 0;
}

static bool disk_short(struct kv *kv) {
	struct statvfs fs;
	return statvfs(kv->dir, &fs) == 0 && (uint64_t)fs.f_bavail * fs.f_frsize < DISK_SHORT;
}

/* Writes the store's file out in pieces, each waited for, before it is flushed: a flush of the journal meanwhile waits
 * for one piece, and not for all that a checkpoint has to write. An error is told once, here or by the flush. */
static int write_out(struct kv *kv) {
	struct stat st;
	int fd, rc = mdb_env_get_fd(kv->env, &fd);
	if (rc || fstat(fd, &st) != 0)
		return rc ? rc : errno;
	for (off_t at = 0; at < st.st_size; at += PIECE)
		if (sync_file_range(fd, at, PIECE, SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE |
			SYNC_FILE_RANGE_WAIT_AFTER) != 0)
			return errno == ENOSYS ? 0 : errno;
	return 0;
}

/* makes what was noted durable; from then on the new pin holds */
static int checkpoint_flush(struct kv *kv, const struct journal_mark *mark, MDB_txn *pin) {
	int rc = write_out(kv);
	if (!rc)
		rc = mdb_env_sync(kv->env, 1);
	if (!rc)
		rc = journal_mark_write(kv->journal, mark);
	bool tight = disk_short(kv);
	pthread_mutex_lock(&kv->keeper.lock);
	MDB_txn *old = rc ? pin : kv->keeper.pin;
	kv->keeper.next_pin = NULL;
	if (!rc) {
		kv->keeper.pin = pin;
		atomic_store(&kv->keeper.tight, tight);
		if (mark->txn >= atomic_load(&kv->keeper.first))
			atomic_store(&kv->keeper.first, 0);
	}
	pthread_mutex_unlock(&kv->keeper.lock);
	if (old)
		mdb_txn_abort(old);
	return rc;
}

static int checkpoint_try(struct kv *kv, bool clean) {
	struct journal_mark mark;
	MDB_txn *pin = NULL;
	pthread_mutex_lock(&kv->write_lock);
	/* the flush of a mark would take a refused record along; as long as that is there, the last mark will do */
	int rc = journal_settle(kv->journal);
	if (!rc)
		rc = kv_enter(kv, NULL);
	if (rc) {
		pthread_mutex_unlock(&kv->write_lock);
		return rc;
	}
	rc = checkpoint_note(kv, &mark, &pin);
	atomic_store(&kv->keeper.commits, 0);
	pthread_mutex_unlock(&kv->write_lock);
	mark.clean = clean;
	if (!rc)
		rc = checkpoint_flush(kv, &mark, pin);
	/* after a flush that failed nobody knows what is on disk: the store is opened again, from the mark before */
	kv_leave(kv, NULL, rc && rc != MDB_READERS_FULL);
	return rc;
}

static int checkpoint(struct kv *kv, bool clean) {
	int rc = checkpoint_try(kv, clean);
	if (rc == MDB_PANIC)
		rc = checkpoint_try(kv, clean);
	if (rc)
		kv_fail(kv, "checkpoint", rc, NULL);
	return rc;
}

void kv_unpin(struct kv *kv) {
	if (kv->keeper.pin)
		mdb_txn_abort(kv->keeper.pin);
	kv->keeper.pin = NULL;
}

/* ---- recovery ---- */

int kv_journal_open(struct kv *kv) {
	struct journal_mark mark;
	if (kv->single_file)
		return 0;
	if (!kv->opt.read_only) {
		int rc = journal_open(kv->dir, !kv->opt.no_sync, &kv->journal);
		return rc == ENOENT && kv->opt.no_sync ? 0 : rc;
	}
	int rc = journal_look(kv->dir, &mark);
	kv->life = mark.life;
	if (!rc)
		return mark.clean ? 0 : EUCLEAN;
	/* in use, its pages are as they should be; or there is no journal, or none that counts */
	return rc == EBUSY || rc == ENOENT || rc == ENODATA ? 0 : rc;
}

int kv_journal_look_again(struct kv *kv) {
	struct journal_mark mark;
	if (kv->single_file || !kv->opt.read_only)
		return 0;
	int rc = journal_look(kv->dir, &mark);
	return rc == EINPROGRESS || mark.life != kv->life ? EINPROGRESS : 0;
}

/* Has the file gone on from the mark? Then the root of the marked snapshot is where it was. A backup that was put in
 * its place has another one there. */
static bool belongs(int fd, const struct meta_state *now, const struct journal_mark *mark, uint64_t first) {
	struct meta_state then;
	uint64_t newest = meta_newest(now);
	memcpy(&then, mark->state, sizeof then);
	if (first && newest == first && first == mark->txn + 1)
		return true;                    /* we made it: it was refused, for no mark held it */
	if (newest == mark->txn)
		return memcmp(&now->page[newest & 1], &then.page[newest & 1], sizeof now->page[0]) == 0;
	return newest > mark->txn && then.root_sum && then.root_sum == root_sum(fd, &then, mark->txn);
}

static int set_aside(struct kv *kv) {
	char name[64];
	int rc = journal_set_aside(&kv->journal, name);
	if (!rc)
		log_warn("storage",
			"data.mdb is not the file that the journal belongs to (a backup?): the journal is kept as %s dir=%s", name,
			kv->dir);
	return rc ? rc : journal_open(kv->dir, true, &kv->journal);
}

static int put_back(struct kv *kv, int fd, const struct meta_state *m) {
	struct buf lock = { 0 };
	for (int i = 0; i < 2; i++)
		if (pwrite(fd, &m->page[i], sizeof m->page[i], (off_t)m->page_size * i) != sizeof m->page[i])
			return errno ? errno : EIO;
	/* it says which transaction was the last one */
	buf_addf(&lock, "%s/lock.mdb", kv->dir);
	unlink(buf_bytes(&lock));
	buf_free(&lock);
	return 0;
}

int kv_recover_file(struct kv *kv, bool *replay_r) {
	struct journal_mark mark;
	struct meta_state now, then;
	struct buf path = { 0 };
	*replay_r = false;
	int rc = journal_mark_read(kv->journal, &mark);
	if (rc == ENODATA)
		return 0;
	if (!rc)
		rc = journal_mark_again(kv->journal);
	if (rc || mark.clean)
		return rc;
	memcpy(&then, mark.state, sizeof then);
	buf_addf(&path, "%s/data.mdb", kv->dir);
	int fd = open(buf_bytes(&path), O_RDWR | O_CLOEXEC);
	rc = fd < 0 ? errno : mark.state_n != sizeof then || !meta_read(fd, then.page_size, &now) ? EBADMSG : 0;
	if (!rc && !belongs(fd, &now, &mark, atomic_load(&kv->keeper.first)))
		rc = atomic_load(&kv->opened) > 1 ? EBADMSG : set_aside(kv);    /* not under a running daemon */
	else if (!rc && (rc = put_back(kv, fd, &then)) == 0)
		*replay_r = true;
	if (fd >= 0)
		close(fd);
	buf_free(&path);
	return rc;
}

static int recover_one(void *arg, uint64_t txn, struct slice set) {
	struct kv *kv = arg;
	struct kv_txn t = { .kv = kv, .write = true };
	int rc = mdb_txn_begin(kv->env, NULL, 0, &t.mt);
	t.root = &t;
	if (rc)
		return rc;
	rc = mdb_txn_id(t.mt) == txn ? kv_apply(&t, set) : MDB_CORRUPTED;
	if (!rc)
		return mdb_txn_commit(t.mt);
	mdb_txn_abort(t.mt);
	return rc;
}

int kv_recover_sets(struct kv *kv, bool replay) {
	struct journal_mark mark;
	MDB_txn *pin = NULL;
	int rc = 0;
	if (replay) {
		rc = journal_mark_read(kv->journal, &mark);
		if (!rc)
			rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &kv->keeper.pin);
		if (!rc)
			rc = journal_replay(kv->journal, &mark, recover_one, kv);
		log_info("storage", "recovered octets=%llu dir=%s", (unsigned long long)journal_pending(kv->journal), kv->dir);
	}
	if (!rc) {
		journal_restart(kv->journal);
		rc = checkpoint_note(kv, &mark, &pin);
		atomic_store(&kv->keeper.first, 0);     /* if there was one, it is not there any more */
	}
	mark.clean = kv->opt.no_sync;
	if (!rc)
		rc = checkpoint_flush(kv, &mark, pin);
	if (rc || kv->opt.no_sync) {
		kv_unpin(kv);
		if (!rc)
			journal_close(&kv->journal);
	}
	return rc;
}

/* ---- the keeper thread ---- */

/* waits until a checkpoint is due; false: it is time to stop */
static bool keeper_due(struct kv *kv) {
	struct kv_keeper *k = &kv->keeper;
	struct timespec until = { 0 };
	pthread_mutex_lock(&k->lock);
	while (!k->stop && k->wanted <= k->begun) {
		if (!atomic_load(&k->commits)) {
			until.tv_sec = 0;
			pthread_cond_wait(&k->wake, &k->lock);
			continue;
		}
		if (!until.tv_sec) {
			clock_gettime(CLOCK_MONOTONIC, &until);
			until.tv_sec += DUE_SECONDS;
		}
		if (pthread_cond_timedwait(&k->wake, &k->lock, &until) == ETIMEDOUT ||
		    atomic_load(&k->commits) >= DUE_COMMITS || journal_pending(kv->journal) >= DUE_OCTETS)
			break;
	}
	k->begun++;
	bool go_on = !k->stop;
	pthread_mutex_unlock(&k->lock);
	return go_on;
}

static void *keeper_run(void *arg) {
	struct kv *kv = arg;
	struct kv_keeper *k = &kv->keeper;
	while (keeper_due(kv)) {
		int rc = checkpoint(kv, false);
		pthread_mutex_lock(&k->lock);
		k->rc = rc;
		k->ended = k->begun;
		pthread_cond_broadcast(&k->done);
		pthread_mutex_unlock(&k->lock);
	}
	return NULL;
}

void kv_keeper_init(struct kv_keeper *k) {
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_mutex_init(&k->lock, NULL);
	pthread_cond_init(&k->wake, &attr);
	pthread_cond_init(&k->done, &attr);
	pthread_condattr_destroy(&attr);
}

void kv_keeper_destroy(struct kv_keeper *k) {
	pthread_cond_destroy(&k->wake);
	pthread_cond_destroy(&k->done);
	pthread_mutex_destroy(&k->lock);
}

int kv_keeper_start(struct kv *kv) {
	struct kv_keeper *k = &kv->keeper;
	sigset_t all, before;
	if (!kv->journal)
		return 0;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	int rc = pthread_create(&k->thread, NULL, keeper_run, kv);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	k->runs = rc == 0;
	if (k->runs)
		pthread_setname_np(k->thread, "keeper");
	return rc;
}

void kv_keeper_stop(struct kv *kv) {
	struct kv_keeper *k = &kv->keeper;
	if (!k->runs)
		return;
	pthread_mutex_lock(&k->lock);
	k->stop = true;
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
	pthread_join(k->thread, NULL);
	checkpoint(kv, true);
	k->runs = false;
}

void kv_keeper_note(struct kv *kv) {
	struct kv_keeper *k = &kv->keeper;
	if (!kv->journal)
		return;
	unsigned n = atomic_fetch_add(&k->commits, 1) + 1;
	if (n != 1 && n != DUE_COMMITS && journal_pending(kv->journal) < DUE_OCTETS)
		return;
	pthread_mutex_lock(&k->lock);
	pthread_cond_signal(&k->wake);
	pthread_mutex_unlock(&k->lock);
}

int kv_keeper_wait(struct kv *kv) {
	struct kv_keeper *k = &kv->keeper;
	pthread_mutex_lock(&k->lock);
	/* one that has begun may not hold what was committed just now */
	uint64_t mine = k->begun + 1;
	if (k->wanted < mine)
		k->wanted = mine;
	pthread_cond_signal(&k->wake);
	while (k->ended < mine)
		pthread_cond_wait(&k->done, &k->lock);
	int rc = k->rc;
	pthread_mutex_unlock(&k->lock);
	return rc;
}

/* is the map so full that a commit needs the pages that the one before it freed? */
static bool map_short(struct kv *kv) {
	if (kv_enter(kv, NULL))
		return false;
	bool is_short = kv_map_is_short(kv);
	kv_leave(kv, NULL, false);
	return is_short;
}

int kv_keeper_room(struct kv *kv) {
	struct kv_keeper *k = &kv->keeper;
	if (!kv->journal)
		return 0;
	bool tight = atomic_load(&k->first) || (atomic_load(&k->commits) && (atomic_load(&k->tight) || map_short(kv)));
	return tight || !journal_fits(kv->journal) ? kv_keeper_wait(kv) : 0;
}

bool kv_keeper_full(struct kv *kv) {
	return kv->journal && (atomic_load(&kv->keeper.first) || !journal_fits(kv->journal));
}

void kv_keeper_first(struct kv *kv, uint64_t txn) {
	atomic_store(&kv->keeper.first, txn);
}

void kv_keeper_tight(struct kv *kv) {
	atomic_store(&kv->keeper.tight, true);
}
