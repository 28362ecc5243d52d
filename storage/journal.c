/* journal.c - layout of the file, all numbers big-endian:
 *
 *     0      slot 0 ┐ magic u32, sum u32, serial u64, txn u64, at u64, salt u32, clean u8, state length u16, state,
 *     4096   slot 1 ┘ salt of the life before u32 (the sum is of what follows it, up to the state's end)
 *     8192   records: salt u32, sum u32, txn u64, length u32, write set; filled up to a multiple of 8
 *
 * A record that does not fit before the end of the file is written at the start of the ring. One whose length has the
 * highest bit set holds length u64 and sum u32 of a write set that is in a file of its own: `journal-SALT-TXN`, on disk
 * before the record is. A file without a record means nothing; those before a mark are removed behind it, and those
 * of the life before once more by the next life: a cut may have undone that. */
#include "storage/journal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "forumd/base/buf.h"
#include "forumd/base/digest.h"
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "forumd/base/rnd.h"

enum { SLOT = 4096, RING = 2 * SLOT, SLOT_HEAD = 39, RECORD_HEAD = 20, LARGE_RECORD = 12 };
#define SLOT_MAGIC 0x464d524bu          /* FMRK */
#define LARGE_FLAG 0x80000000u          /* in the length of a record */
#define LARGE_MOST ((uint64_t)64 << 20) /* of all large write sets behind the mark: no more is begun */

struct journal {
	int fd;
	int mark_fd;                    /* of its own: an error of writing back is told once for each descriptor */
	int dir_fd;
	int large_fd;                   /* the large write set that is being gathered; -1 none */
	uint64_t large_txn, large_n;    /* its transaction and octets */
	uint64_t last_txn, last_large;  /* its transaction; octets of its file, 0 none */
	uint32_t salt, salt_before;     /* of all records that count; of the life before this one, 0 none */
	uint64_t serial;                /* of the last mark; under the caller's order of marks */
	uint64_t before;                /* where the next record would go without the last one */
	uint64_t last;                  /* where the last record is; 0 none to take back */
	uint64_t refused;               /* where a record is that must not count, but perhaps is on disk; 0 none */
	uint64_t refused_large;         /* its transaction, if its write set is in a file; 0 it is not */
	_Atomic uint64_t head, tail;    /* next record; first record behind the mark; equal: none */
	_Atomic bool litter;            /* there may be files of large write sets that a mark makes needless */
	_Atomic uint64_t large_octets, large_marked;    /* of large write sets: all of this life; those before the mark */
};

static int write_all(int fd, const char *p, size_t n, uint64_t at) {
	while (n) {
		ssize_t w = pwrite(fd, p, n, (off_t)at);
		if (w <= 0)
			return w < 0 ? errno : EIO;
		p += w, n -= (size_t)w, at += (uint64_t)w;
	}
	return 0;
}

static int flush(int fd) {
	return fdatasync(fd) == 0 ? 0 : errno;
}

static size_t record_size(size_t set_n) {
	return (RECORD_HEAD + set_n + 7) & ~(size_t)7;
}

/* ---- the file ---- */

/* zeros, not holes: the disk has room, and writing in place later changes nothing but data */
static int journal_create(int dir_fd) {
	static const char zeros[64 << 10];
	int rc = 0, fd = openat(dir_fd, "journal.new", O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		rc = errno;
	for (uint64_t at = 0; !rc && at < JOURNAL_SIZE; at += sizeof zeros)
		rc = write_all(fd, zeros, sizeof zeros, at);
	if (!rc && fsync(fd) != 0)
		rc = errno;
	if (!rc && (renameat(dir_fd, "journal.new", dir_fd, "journal") != 0 || fsync(dir_fd) != 0))
		rc = errno;
	if (rc)
		unlinkat(dir_fd, "journal.new", 0);
	if (fd >= 0)
		close(fd);
	return rc;
}

/* Locks of the open file, not of the process: a child that closes it, or another descriptor of ours, takes none away.
 * And unlike those of flock(2) they can be looked at without being taken. Octet 0 is locked while it is open, octet 1
 * until it is ready. */
enum { LOCK_OPEN, LOCK_UNREADY };

static int lock_set(int fd, off_t at, off_t n, short type) {
	struct flock l = { .l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = n };
	if (fcntl(fd, F_OFD_SETLK, &l) == 0)
		return 0;
	return errno == EACCES || errno == EAGAIN ? EBUSY : errno;
}

static int lock_look(int fd, off_t at, int busy) {
	struct flock l = { .l_type = F_RDLCK, .l_whence = SEEK_SET, .l_start = at, .l_len = 1 };
	return fcntl(fd, F_OFD_GETLK, &l) != 0 ? errno : l.l_type == F_UNLCK ? 0 : busy;
}

void journal_ready(struct journal *j, bool ready) {
	int rc = lock_set(j->fd, LOCK_UNREADY, 1, ready ? F_UNLCK : F_WRLCK);
	if (rc)
		log_error("storage", "lock of the journal: %s", strerror(rc));
}

static int size_check(int fd) {
	struct stat st;
	return fstat(fd, &st) != 0 ? errno : st.st_size == JOURNAL_SIZE ? 0 : EBADMSG;
}

static int open_in(int dir_fd, int flags, int *fd_r) {
	*fd_r = openat(dir_fd, "journal", flags | O_CLOEXEC);
	return *fd_r < 0 ? errno : 0;
}

static int journal_open_files(struct journal *j, const char *dir, bool create) {
	/* the directory is locked until the file is: of two that start at once one makes it */
	j->dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int rc = j->dir_fd < 0 || flock(j->dir_fd, LOCK_EX) != 0 ? errno : open_in(j->dir_fd, O_RDWR, &j->fd);
	if (rc == ENOENT && create && j->dir_fd >= 0 && (rc = journal_create(j->dir_fd)) == 0)
		rc = open_in(j->dir_fd, O_RDWR, &j->fd);
	if (!rc)
		rc = lock_set(j->fd, LOCK_OPEN, 2, F_WRLCK);
	if (!rc)
		rc = size_check(j->fd);
	if (!rc)
		rc = open_in(j->dir_fd, O_RDWR, &j->mark_fd);
	if (j->dir_fd >= 0)
		flock(j->dir_fd, LOCK_UN);
	return rc;
}

int journal_open(const char *dir, bool create, struct journal **j_r) {
	struct journal *j = mem_zalloc(sizeof *j);
	j->fd = j->mark_fd = j->dir_fd = j->large_fd = -1;
	atomic_store(&j->head, RING);
	atomic_store(&j->tail, RING);
	atomic_store(&j->litter, true);
	int rc = journal_open_files(j, dir, create);
	if (rc)
		journal_close(&j);
	else
		*j_r = j;
	return rc;
}

void journal_close(struct journal **j) {
	if (!*j)
		return;
	int fds[] = { (*j)->fd, (*j)->mark_fd, (*j)->dir_fd, (*j)->large_fd };
	for (size_t i = 0; i < sizeof fds / sizeof *fds; i++)
		if (fds[i] >= 0)
			close(fds[i]);
	mem_free(*j);
	*j = NULL;
}

int journal_set_aside(struct journal **j, char *name_r) {
	snprintf(name_r, 64, "journal.%llu", (unsigned long long)time(NULL));
	int rc = renameat((*j)->dir_fd, "journal", (*j)->dir_fd, name_r) == 0 ? 0 : errno;
	journal_close(j);
	return rc;
}

/* ---- files of large write sets ---- */

struct large_name { char s[64]; };

static struct large_name large_name(const struct journal *j, uint64_t txn) {
	struct large_name name;
	snprintf(name.s, sizeof name.s, "journal-%08x-%llu", j->salt, (unsigned long long)txn);
	return name;
}

static void large_close(struct journal *j) {
	if (j->large_fd >= 0)
		close(j->large_fd);
	j->large_fd = -1;
	j->large_n = 0;
}

static void large_remove(struct journal *j, uint64_t txn) {
	struct large_name name = large_name(j, txn);
	large_close(j);
	unlinkat(j->dir_fd, name.s, 0);
}

/* The file goes when its record is surely gone: a record whose file is missing was not refused, but robbed. */
int journal_settle(struct journal *j) {
	static const char zeros[RECORD_HEAD];
	if (!j->refused)
		return 0;
	int rc = write_all(j->fd, zeros, sizeof zeros, j->refused);
	if (!rc)
		rc = flush(j->fd);
	if (rc)
		return rc;
	if (j->refused_large)
		large_remove(j, j->refused_large);
	j->refused = j->refused_large = 0;
	return 0;
}

int journal_large_add(struct journal *j, uint64_t txn, struct slice part) {
	if (j->large_fd < 0) {
		struct large_name name = large_name(j, txn);
		int rc = journal_settle(j);     /* the file may be that of a refused record */
		if (rc)
			return rc;
		j->large_fd = openat(j->dir_fd, name.s, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
		if (j->large_fd < 0)
			return errno;
		j->large_txn = txn;
	}
	int rc = write_all(j->large_fd, part.p, part.n, j->large_n);
	if (!rc)
		j->large_n += part.n;
	else if (j->large_n == 0)
		large_remove(j, txn);   /* else the next write set would be taken for its rest */
	return rc;
}

void journal_large_cut(struct journal *j, uint64_t n) {
	if (j->large_fd < 0)
		return;
	if (n == 0)
		large_remove(j, j->large_txn);
	else if (n < j->large_n)
		j->large_n = n;         /* what is behind it is written over, or not read */
}

static int large_sum(int fd, uint64_t n, uint32_t *sum_r) {
	void *p = mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (p == MAP_FAILED)
		return errno;
	*sum_r = digest_crc(0, slice_of(p, n));
	munmap(p, n);
	return 0;
}

/* the file is whole, and on disk under its name; what its record holds */
static int large_finish(struct journal *j, char *record) {
	uint32_t sum = 0;
	if (ftruncate(j->large_fd, (off_t)j->large_n) != 0)
		return errno;
	int rc = large_sum(j->large_fd, j->large_n, &sum);
	if (!rc)
		rc = flush(j->large_fd);
	if (!rc && fsync(j->dir_fd) != 0)
		rc = errno;
	num_put64(record, j->large_n);
	num_put32(record + 8, sum);
	return rc;
}

/* A mark was written that holds transaction txn: files up to it, and those of the life before, are needless. Removes
 * them; how many. */
static int large_sweep(struct journal *j, uint64_t txn) {
	int removed = 0;
	if (!atomic_exchange(&j->litter, false))
		return 0;
	int fd = openat(j->dir_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
	if (!d) {
		atomic_store(&j->litter, true);         /* no descriptor is free: behind the next mark */
		if (fd >= 0)
			close(fd);
		return 0;
	}
	for (struct dirent *e; (e = readdir(d));) {
		unsigned salt;
		unsigned long long of;
		if (sscanf(e->d_name, "journal-%8x-%llu", &salt, &of) != 2)
			continue;
		if (salt == j->salt && of > txn)
			atomic_store(&j->litter, true);
		else if (salt == j->salt_before || salt == j->salt)
			removed += unlinkat(fd, e->d_name, 0) == 0;
	}
	closedir(d);
	return removed;
}

/* Gives the write set of a file to the callback. ENODATA: it is not what the record says. It was on disk before the
 * record, and goes after it: somebody else's hand, or a damaged disk. */
static int large_replay(struct journal *j, uint64_t txn, const char *record,
	int (*each)(void *arg, uint64_t txn, struct slice set), void *arg) {
	struct large_name name = large_name(j, txn);
	uint64_t n = num_get64(record);
	uint32_t sum;
	struct stat st;
	int fd = openat(j->dir_fd, name.s, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? ENODATA : errno;
	int rc = fstat(fd, &st) != 0 ? errno : (uint64_t)st.st_size != n || n == 0 ? ENODATA : large_sum(fd, n, &sum);
	if (!rc && sum != num_get32(record + 8))
		rc = ENODATA;
	void *p = rc ? MAP_FAILED : mmap(NULL, n, PROT_READ, MAP_PRIVATE, fd, 0);
	if (!rc)
		rc = p == MAP_FAILED ? errno : each(arg, txn, slice_of(p, n));
	if (!rc)
		atomic_fetch_add(&j->large_octets, n);
	if (p != MAP_FAILED)
		munmap(p, n);
	close(fd);
	return rc;
}

/* ---- marks ---- */

/* 0, ENODATA when nothing was ever written there, EBADMSG */
static int slot_read(struct journal *j, int slot, uint64_t *serial_r, uint32_t *salts_r, struct journal_mark *mark_r) {
	char p[SLOT] = { 0 };
	if (pread(j->fd, p, sizeof p, slot * SLOT) != sizeof p || num_get32(p) != SLOT_MAGIC)
		return num_get32(p) ? EBADMSG : ENODATA;
	uint16_t n = num_get16(p + 37);
	if (n > JOURNAL_STATE_MAX || digest_crc(0, slice_of(p + 8, SLOT_HEAD - 8 + n)) != num_get32(p + 4))
		return EBADMSG;
	*serial_r = num_get64(p + 8);
	salts_r[0] = num_get32(p + 32);
	salts_r[1] = num_get32(p + SLOT_HEAD + n);
	*mark_r = (struct journal_mark){ .txn = num_get64(p + 16), .at = num_get64(p + 24), .life = salts_r[0],
		.clean = p[36], .state_n = n };
	memcpy(mark_r->state, p + SLOT_HEAD, n);
	return mark_r->at >= RING && mark_r->at <= JOURNAL_SIZE && mark_r->at % 8 == 0 ? 0 : EBADMSG;
}

int journal_mark_read(struct journal *j, struct journal_mark *mark_r) {
	struct journal_mark mark;
	uint64_t serial;
	uint32_t salts[2];
	int none = ENODATA;
	j->serial = 0;
	for (int slot = 0; slot < 2; slot++) {
		int rc = slot_read(j, slot, &serial, salts, &mark);
		if (rc == EBADMSG)
			none = rc;
		if (rc || serial <= j->serial)
			continue;
		j->serial = serial;
		j->salt = salts[0];
		j->salt_before = salts[1];
		*mark_r = mark;
	}
	return j->serial ? 0 : none;
}

int journal_mark_again(struct journal *j) {
	char p[SLOT];
	off_t at = (off_t)(j->serial % 2 * SLOT);
	if (pread(j->fd, p, sizeof p, at) != sizeof p)
		return EIO;
	int rc = write_all(j->mark_fd, p, sizeof p, (uint64_t)at);
	if (!rc)
		rc = flush(j->mark_fd);
	/* the next mark will not know the life before this one: what it left goes now, and for good */
	atomic_store(&j->litter, true);
	if (!rc && large_sweep(j, 0) && fsync(j->dir_fd) != 0)
		rc = errno;
	return rc;
}

int journal_mark_write(struct journal *j, const struct journal_mark *mark) {
	char p[SLOT] = { 0 };
	num_put32(p, SLOT_MAGIC);
	num_put64(p + 8, j->serial + 1);
	num_put64(p + 16, mark->txn);
	num_put64(p + 24, mark->at);
	num_put32(p + 32, j->salt);
	p[36] = mark->clean;
	num_put16(p + 37, (uint16_t)mark->state_n);
	memcpy(p + SLOT_HEAD, mark->state, mark->state_n);
	num_put32(p + SLOT_HEAD + mark->state_n, j->salt_before);
	num_put32(p + 4, digest_crc(0, slice_of(p + 8, SLOT_HEAD - 8 + mark->state_n)));
	int rc = write_all(j->mark_fd, p, sizeof p, (j->serial + 1) % 2 * SLOT);
	if (!rc)
		rc = flush(j->mark_fd);
	if (rc)
		return rc;
	j->serial++;
	atomic_store(&j->tail, mark->at);
	atomic_store(&j->large_marked, mark->large);
	large_sweep(j, mark->txn);
	return 0;
}

int journal_look(const char *dir, struct journal_mark *mark_r) {
	struct journal j = { .fd = -1 };
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*mark_r = (struct journal_mark){ 0 };
	int rc = dir_fd < 0 ? errno : open_in(dir_fd, O_RDONLY, &j.fd);
	if (!rc)
		rc = size_check(j.fd);
	if (!rc)
		rc = journal_mark_read(&j, mark_r);
	/* looked at afterwards: who opened it meanwhile has written a mark of his own */
	int busy = j.fd >= 0 ? lock_look(j.fd, LOCK_UNREADY, EINPROGRESS) : 0;
	if (j.fd >= 0 && !busy)
		busy = lock_look(j.fd, LOCK_OPEN, EBUSY);
	if (j.fd >= 0)
		close(j.fd);
	if (dir_fd >= 0)
		close(dir_fd);
	return busy ? busy : rc;
}

/* ---- records ---- */

/* the record with this number at this place: what it holds in `into`; large_r: its write set is in a file */
static bool record_read(struct journal *j, uint64_t at, uint64_t txn, struct buf *into, bool *large_r) {
	char head[RECORD_HEAD];
	if (at + sizeof head > JOURNAL_SIZE || pread(j->fd, head, sizeof head, (off_t)at) != sizeof head)
		return false;
	uint32_t n = num_get32(head + 16) & ~LARGE_FLAG;
	*large_r = num_get32(head + 16) & LARGE_FLAG;
	if (num_get32(head) != j->salt || num_get64(head + 8) != txn || n > JOURNAL_RECORD_MAX ||
	    at + record_size(n) > JOURNAL_SIZE || (*large_r && n != LARGE_RECORD))
		return false;
	buf_reset(into);
	if (pread(j->fd, buf_reserve(into, n), n, (off_t)at + RECORD_HEAD) != (ssize_t)n)
		return false;
	buf_commit(into, n);
	return digest_crc(digest_crc(0, slice_of(head + 8, RECORD_HEAD - 8)), buf_slice(into)) == num_get32(head + 4);
}

void journal_restart(struct journal *j) {
	large_close(j);
	j->salt_before = j->salt;
	rnd_bytes(&j->salt, sizeof j->salt);
	j->last = 0;
	atomic_store(&j->head, RING);
	atomic_store(&j->tail, RING);
	atomic_store(&j->large_octets, 0);
	atomic_store(&j->large_marked, 0);
	atomic_store(&j->litter, true);
}

int journal_replay(struct journal *j, const struct journal_mark *mark,
	int (*each)(void *arg, uint64_t txn, struct slice set), void *arg) {
	struct buf set = { 0 };
	uint64_t at = mark->at, txn = mark->txn;
	bool large;
	int rc = journal_settle(j);
	atomic_store(&j->large_octets, 0);
	atomic_store(&j->large_marked, 0);
	while (!rc) {
		uint64_t next = at;
		if (!record_read(j, at, txn + 1, &set, &large) && !record_read(j, next = RING, txn + 1, &set, &large))
			break;
		txn++;
		rc = large ? large_replay(j, txn, buf_bytes(&set), each, arg) : each(arg, txn, buf_slice(&set));
		if (large && rc == ENODATA)
			log_error("storage", "a write set of the journal is missing, or damaged file=%s", large_name(j, txn).s);
		at = next + record_size(buf_len(&set));
	}
	buf_free(&set);
	j->last = 0;
	atomic_store(&j->head, at);
	atomic_store(&j->tail, mark->at);
	return rc;
}

static uint64_t large_pending(struct journal *j) {
	/* in this order: a mark written in between makes it too large, not negative */
	uint64_t marked = atomic_load(&j->large_marked);
	return atomic_load(&j->large_octets) - marked;
}

bool journal_fits(struct journal *j) {
	uint64_t head = atomic_load(&j->head), tail = atomic_load(&j->tail), most = record_size(JOURNAL_RECORD_MAX);
	if (large_pending(j) >= LARGE_MOST)
		return false;
	/* a full ring would look like an empty one: one octet stays free */
	if (head < tail)
		return tail - head > most;
	return JOURNAL_SIZE - head >= most || tail - RING > most;
}

static int record_write(struct journal *j, uint64_t txn, struct slice set, uint32_t flag) {
	char head[RECORD_HEAD];
	uint64_t at = atomic_load(&j->head);
	size_t n = record_size(set.n);
	int rc = journal_fits(j) ? journal_settle(j) : EMSGSIZE;
	if (rc)
		return rc;
	if (at + n > JOURNAL_SIZE)
		at = RING;
	num_put32(head, j->salt);
	num_put64(head + 8, txn);
	num_put32(head + 16, (uint32_t)set.n | flag);
	num_put32(head + 4, digest_crc(digest_crc(0, slice_of(head + 8, RECORD_HEAD - 8)), set));
	struct iovec v[2] = { { head, sizeof head }, { (void *)set.p, set.n } };
	ssize_t w = pwritev(j->fd, v, 2, (off_t)at);
	rc = w < 0 ? errno : w != (ssize_t)(sizeof head + set.n) ? ENOSPC : flush(j->fd);
	if (rc) {
		/* refused: it must not count for who replays, now or after the next flush that goes well */
		j->refused = at;
		j->refused_large = flag ? txn : 0;
		journal_settle(j);      /* else before the next one */
		return rc;
	}
	j->before = atomic_load(&j->head);
	j->last = at;
	j->last_txn = txn;
	j->last_large = flag ? j->large_n : 0;
	atomic_store(&j->head, at + n);
	return 0;
}

int journal_append(struct journal *j, uint64_t txn, struct slice set) {
	char record[LARGE_RECORD];
	if (j->large_fd < 0 && set.n <= JOURNAL_RECORD_MAX)
		return record_write(j, txn, set, 0);
	int rc = journal_large_add(j, txn, set);
	if (!rc)
		rc = large_finish(j, record);
	if (!rc)
		rc = record_write(j, txn, slice_of(record, sizeof record), LARGE_FLAG);
	if (rc) {
		if (j->refused)
			large_close(j);
		else
			large_remove(j, txn);
		return rc;
	}
	atomic_fetch_add(&j->large_octets, j->large_n);
	atomic_store(&j->litter, true);
	large_close(j);
	return 0;
}

int journal_undo(struct journal *j) {
	if (!j->last)
		return ENODATA;
	j->refused = j->last;
	j->refused_large = j->last_large ? j->last_txn : 0;
	int rc = journal_settle(j);
	if (rc)
		return rc;
	atomic_fetch_sub(&j->large_octets, j->last_large);
	j->last = 0;
	atomic_store(&j->head, j->before);
	return 0;
}

uint64_t journal_at(struct journal *j) {
	return atomic_load(&j->head);
}

uint64_t journal_large(struct journal *j) {
	return atomic_load(&j->large_octets);
}

uint64_t journal_pending(struct journal *j) {
	uint64_t head = atomic_load(&j->head), tail = atomic_load(&j->tail);
	return (head >= tail ? head - tail : head + JOURNAL_SIZE - RING - tail) + large_pending(j);
}
