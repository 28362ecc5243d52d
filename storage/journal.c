/* journal.c - layout of the file, all numbers big-endian:
 *
 *     0      slot 0 ┐ magic u32, sum u32, serial u64, txn u64, at u64, salt u32, clean u8, state length u16, state
 *     4096   slot 1 ┘ (the sum is of what follows it)
 *     8192   records: salt u32, sum u32, txn u64, length u32, write set; filled up to a multiple of 8
 *
 * A record that does not fit before the end of the file is written at the start of the ring. */
#include "storage/journal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>
#include "forumd/base/buf.h"
#include "forumd/base/digest.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "forumd/base/rnd.h"

enum { SLOT = 4096, RING = 2 * SLOT, SLOT_HEAD = 39, RECORD_HEAD = 20 };
#define SLOT_MAGIC 0x464d524bu          /* FMRK */

struct journal {
	int fd;
	int mark_fd;                    /* of its own: an error of writing back is told once for each descriptor */
	uint32_t salt;                  /* of all records that count */
	uint64_t serial;                /* of the last mark; under the caller's order of marks */
	uint64_t before;                /* where the next record would go without the last one */
	uint64_t last;                  /* where the last record is; 0 none to take back */
	_Atomic uint64_t head, tail;    /* next record; first record behind the mark; equal: none */
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
static int journal_create(const char *dir, int dir_fd, const char *path) {
	struct buf tmp = { 0 };
	static const char zeros[64 << 10];
	int rc = 0;
	buf_addf(&tmp, "%s/journal.new", dir);
	int fd = open(buf_bytes(&tmp), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0)
		rc = errno;
	for (uint64_t at = 0; !rc && at < JOURNAL_SIZE; at += sizeof zeros)
		rc = write_all(fd, zeros, sizeof zeros, at);
	if (!rc && fsync(fd) != 0)
		rc = errno;
	if (!rc && (rename(buf_bytes(&tmp), path) != 0 || fsync(dir_fd) != 0))
		rc = errno;
	if (rc)
		unlink(buf_bytes(&tmp));
	if (fd >= 0)
		close(fd);
	buf_free(&tmp);
	return rc;
}

int journal_open(const char *dir, bool create, struct journal **j_r) {
	struct buf path = { 0 };
	struct stat st;
	buf_addf(&path, "%s/journal", dir);
	/* the directory is locked until the file is: of two that start at once one makes it */
	int dir_fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC), fd = -1, mark_fd = -1;
	int rc = dir_fd < 0 || flock(dir_fd, LOCK_EX) != 0 ? errno : 0;
	if (!rc) {
		fd = open(buf_bytes(&path), O_RDWR | O_CLOEXEC);
		rc = fd < 0 ? errno : 0;
	}
	if (rc == ENOENT && create && (rc = journal_create(dir, dir_fd, buf_bytes(&path))) == 0) {
		fd = open(buf_bytes(&path), O_RDWR | O_CLOEXEC);
		rc = fd < 0 ? errno : 0;
	}
	if (!rc && flock(fd, LOCK_EX | LOCK_NB) != 0)
		rc = errno == EWOULDBLOCK ? EBUSY : errno;
	if (!rc && (fstat(fd, &st) != 0 || st.st_size != JOURNAL_SIZE))
		rc = EBADMSG;
	if (!rc && (mark_fd = open(buf_bytes(&path), O_RDWR | O_CLOEXEC)) < 0)
		rc = errno;
	buf_free(&path);
	if (dir_fd >= 0)
		close(dir_fd);
	if (rc) {
		if (fd >= 0)
			close(fd);
		return rc;
	}
	struct journal *j = mem_zalloc(sizeof *j);
	j->fd = fd;
	j->mark_fd = mark_fd;
	atomic_store(&j->head, RING);
	atomic_store(&j->tail, RING);
	*j_r = j;
	return 0;
}

void journal_close(struct journal **j) {
	if (!*j)
		return;
	close((*j)->fd);
	close((*j)->mark_fd);
	mem_free(*j);
	*j = NULL;
}

int journal_set_aside(struct journal **j, const char *dir, char *name_r) {
	struct buf from = { 0 }, to = { 0 };
	snprintf(name_r, 64, "journal.%llu", (unsigned long long)time(NULL));
	buf_addf(&from, "%s/journal", dir);
	buf_addf(&to, "%s/%s", dir, name_r);
	int rc = rename(buf_bytes(&from), buf_bytes(&to)) == 0 ? 0 : errno;
	buf_free(&from);
	buf_free(&to);
	journal_close(j);
	return rc;
}

/* ---- marks ---- */

/* 0, ENODATA when nothing was ever written there, EBADMSG */
static int slot_read(struct journal *j, int slot, uint64_t *serial_r, uint32_t *salt_r, struct journal_mark *mark_r) {
	char p[SLOT] = { 0 };
	if (pread(j->fd, p, sizeof p, slot * SLOT) != sizeof p || num_get32(p) != SLOT_MAGIC)
		return num_get32(p) ? EBADMSG : ENODATA;
	uint16_t n = num_get16(p + 37);
	if (n > JOURNAL_STATE_MAX || digest_crc(0, slice_of(p + 8, SLOT_HEAD - 8 + n)) != num_get32(p + 4))
		return EBADMSG;
	*serial_r = num_get64(p + 8);
	*salt_r = num_get32(p + 32);
	*mark_r = (struct journal_mark){ .txn = num_get64(p + 16), .at = num_get64(p + 24), .clean = p[36], .state_n = n };
	memcpy(mark_r->state, p + SLOT_HEAD, n);
	return mark_r->at >= RING && mark_r->at <= JOURNAL_SIZE && mark_r->at % 8 == 0 ? 0 : EBADMSG;
}

int journal_mark_read(struct journal *j, struct journal_mark *mark_r) {
	struct journal_mark mark;
	uint64_t serial;
	uint32_t salt;
	int none = ENODATA;
	j->serial = 0;
	for (int slot = 0; slot < 2; slot++) {
		int rc = slot_read(j, slot, &serial, &salt, &mark);
		if (rc == EBADMSG)
			none = rc;
		if (rc || serial <= j->serial)
			continue;
		j->serial = serial;
		j->salt = salt;
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
	return rc ? rc : flush(j->mark_fd);
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
	num_put32(p + 4, digest_crc(0, slice_of(p + 8, SLOT_HEAD - 8 + mark->state_n)));
	int rc = write_all(j->mark_fd, p, sizeof p, (j->serial + 1) % 2 * SLOT);
	if (!rc)
		rc = flush(j->mark_fd);
	if (rc)
		return rc;
	j->serial++;
	atomic_store(&j->tail, mark->at);
	return 0;
}

/* ---- records ---- */

/* the record with this number at this place, its write set in `into` */
static bool record_read(struct journal *j, uint64_t at, uint64_t txn, struct buf *into) {
	char head[RECORD_HEAD];
	if (at + sizeof head > JOURNAL_SIZE || pread(j->fd, head, sizeof head, (off_t)at) != sizeof head)
		return false;
	uint32_t n = num_get32(head + 16);
	if (num_get32(head) != j->salt || num_get64(head + 8) != txn || n > JOURNAL_RECORD_MAX ||
	    at + record_size(n) > JOURNAL_SIZE)
		return false;
	buf_reset(into);
	if (pread(j->fd, buf_reserve(into, n), n, (off_t)at + RECORD_HEAD) != (ssize_t)n)
		return false;
	buf_commit(into, n);
	return digest_crc(digest_crc(0, slice_of(head + 8, RECORD_HEAD - 8)), buf_slice(into)) == num_get32(head + 4);
}

void journal_restart(struct journal *j) {
	rnd_bytes(&j->salt, sizeof j->salt);
	j->last = 0;
	atomic_store(&j->head, RING);
	atomic_store(&j->tail, RING);
}

int journal_replay(struct journal *j, const struct journal_mark *mark,
	int (*each)(void *arg, uint64_t txn, struct slice set), void *arg) {
	struct buf set = { 0 };
	uint64_t at = mark->at, txn = mark->txn;
	int rc = 0;
	while (!rc) {
		uint64_t next = at;
		if (!record_read(j, at, txn + 1, &set) && !record_read(j, next = RING, txn + 1, &set))
			break;
		rc = each(arg, ++txn, buf_slice(&set));
		at = next + record_size(buf_len(&set));
	}
	buf_free(&set);
	j->last = 0;
	atomic_store(&j->head, at);
	atomic_store(&j->tail, mark->at);
	return rc;
}

bool journal_fits(struct journal *j) {
	uint64_t head = atomic_load(&j->head), tail = atomic_load(&j->tail), most = record_size(JOURNAL_RECORD_MAX);
	/* a full ring would look like an empty one: one octet stays free */
	if (head < tail)
		return tail - head > most;
	return JOURNAL_SIZE - head >= most || tail - RING > most;
}

int journal_append(struct journal *j, uint64_t txn, struct slice set) {
	static const char zeros[RECORD_HEAD];
	char head[RECORD_HEAD];
	uint64_t at = atomic_load(&j->head);
	size_t n = record_size(set.n);
	if (set.n > JOURNAL_RECORD_MAX || !journal_fits(j))
		return EMSGSIZE;
	if (at + n > JOURNAL_SIZE)
		at = RING;
	num_put32(head, j->salt);
	num_put64(head + 8, txn);
	num_put32(head + 16, (uint32_t)set.n);
	num_put32(head + 4, digest_crc(digest_crc(0, slice_of(head + 8, RECORD_HEAD - 8)), set));
	struct iovec v[2] = { { head, sizeof head }, { (void *)set.p, set.n } };
	ssize_t w = pwritev(j->fd, v, 2, (off_t)at);
	if (w != (ssize_t)(sizeof head + set.n))
		return w < 0 ? errno : ENOSPC;
	int rc = flush(j->fd);
	if (rc) {
		/* refused: it must not count for who replays, now or after the next flush that goes well */
		write_all(j->fd, zeros, sizeof zeros, at);
		return rc;
	}
	j->before = atomic_load(&j->head);
	j->last = at;
	atomic_store(&j->head, at + n);
	return 0;
}

int journal_undo(struct journal *j) {
	static const char zeros[RECORD_HEAD];
	if (!j->last)
		return ENODATA;
	int rc = write_all(j->fd, zeros, sizeof zeros, j->last);
	if (!rc)
		rc = flush(j->fd);
	if (!rc) {
		j->last = 0;
		atomic_store(&j->head, j->before);
	}
	return rc;
}

uint64_t journal_at(struct journal *j) {
	return atomic_load(&j->head);
}

uint64_t journal_pending(struct journal *j) {
	uint64_t head = atomic_load(&j->head), tail = atomic_load(&j->tail);
	return head >= tail ? head - tail : head + JOURNAL_SIZE - RING - tail;
}
