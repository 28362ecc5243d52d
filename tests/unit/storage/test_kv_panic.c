/* A disk that fails: the write calls of this program (LMDB's included) go through here and fail when told to. */
#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "forumd/base/buf.h"
#include "forumd/base/log.h"
#include "storage/kv.h"
#include "tests/tap/tap.h"

static int fail_meta, fail_data;        /* errno for writes to the two meta pages of data.mdb, and to its others */
static int fail_journal, fail_record;   /* errno for writes to the journal, and for flushes of it */
static _Atomic int fail_flush;          /* for flushes of data.mdb */
static _Atomic bool hold_flush, held;   /* a flush of data.mdb waits; one does */

static bool is_journal(int fd) {
	char link[64], path[512];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path);
	return n > 8 && memcmp(path + n - 8, "/journal", 8) == 0;
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at);
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) {
	int e = is_journal(fd) ? fail_journal : at < 8192 ? fail_meta : fail_data;
	if (e) {
		errno = e;
		return -1;
	}
	return syscall(SYS_pwrite64, fd, p, n, at);
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at) {
	return pwrite64(fd, p, n, at);
}

/* LMDB writes runs of data pages with it */
ssize_t writev(int fd, const struct iovec *v, int n) {
	if (fail_data) {
		errno = fail_data;
		return -1;
	}
	return syscall(SYS_writev, fd, v, n);
}

/* the journal's records */
ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at);
ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at) {
	if (fail_journal) {
		errno = fail_journal;
		return -1;
	}
	return syscall(SYS_pwritev, fd, v, n, at, 0);
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at) {
	return pwritev64(fd, v, n, at);
}

int fdatasync(int fd) {
	bool journal = is_journal(fd);
	for (held = hold_flush && !journal; held && hold_flush;)
		usleep(1000);
	errno = journal ? fail_record : fail_flush;
	if (errno)
		return -1;
	return (int)syscall(SYS_fdatasync, fd);
}

static int store(struct kv *kv, const char *key) {
	struct kv_txn *w;
	struct fail f;
	int r = kv_write_begin(kv, NULL, &w, &f);
	if (r < 0)
		return r;
	if (kv_put(w, slice_str(key), SLICE("x")) != 1)
		bail("put");
	return kv_commit(&w, &f);
}

/* too large for the journal: answered after a checkpoint */
static void put_large(struct kv_txn *w) {
	static char value[60000];
	for (int i = 0; i < 40; i++) {
		char key[16];
		snprintf(key, sizeof key, "large%d", i);
		if (kv_put(w, i ? slice_str(key) : SLICE("large"), slice_of(value, sizeof value)) != 1)
			bail("put");
	}
}

static int store_large(struct kv *kv) {
	struct kv_txn *w;
	struct fail f;
	int r = kv_write_begin(kv, NULL, &w, &f);
	if (r < 0)
		return r;
	put_large(w);
	return kv_commit(&w, &f);
}

static int has(struct kv *kv, const char *key) {
	struct kv_txn *txn;
	int r = kv_read_begin(kv, &txn, NULL);
	if (r < 0)
		return r;
	r = kv_get(txn, slice_str(key), NULL);
	kv_read_end(&txn);
	return r;
}

/* the checkpoint before a large commit fails while that is being made: the store is opened from the mark before both */
static void test_late_failure(struct kv *kv) {
	struct kv_txn *w;
	struct fail f;
	hold_flush = true;
	is_int(store(kv, "n"), 1, "a small one; the keeper comes to flush it");
	while (!held)
		usleep(1000);
	if (kv_write_begin(kv, NULL, &w, &f) != 1)
		bail("begin: %s", f.text);
	put_large(w);
	fail_flush = EIO;
	hold_flush = false;
	usleep(50000);
	fail_flush = 0;
	int r = kv_commit(&w, &f);
	is_int(has(kv, "large") == 1, r == 1, "a large commit after a flush that failed is answered as it is: %d", r);
	is_int(has(kv, "n"), 1, "the small one is there");
}

/* what a process that opens the store after a kill sees */
static int has_after_kill(const char *key) {
	const char *image = test_tmpfile("image"), *names[] = { "data.mdb", "journal" };
	struct kv_options opt = { .map_size = 16 << 20 };
	struct kv *kv;
	struct fail f;
	mkdir(image, 0700);
	for (int i = 0; i < 2; i++) {
		struct buf b = { 0 }, path = { 0 };
		buf_addf(&path, "%s/%s", test_tmpfile("db"), names[i]);
		test_read_file(buf_bytes(&path), &b);
		buf_reset(&path);
		buf_addf(&path, "%s/%s", image, names[i]);
		FILE *to = fopen(buf_bytes(&path), "w");
		if (!to || fwrite(buf_bytes(&b), 1, buf_len(&b), to) != buf_len(&b) || fclose(to) != 0)
			bail("copy: %m");
		buf_free(&b), buf_free(&path);
	}
	if (kv_open(image, &opt, &kv, &f) != 1)
		bail("open: %s", f.text);
	int r = has(kv, key);
	kv_close(&kv);
	return r;
}

int main(void) {
	struct kv_options opt = { .map_size = 16 << 20 };
	struct kv *kv;
	struct kv_txn *r;
	struct fail f;
	log_set_level(LOG_ERROR_ + 1);
	if (kv_open(test_tmpfile("db"), &opt, &kv, &f) != 1)
		bail("open: %s", f.text);
	is_int(store(kv, "a"), 1, "stored");
	fail_data = ENOSPC;
	is_int(store(kv, "b"), ERR_UNAVAILABLE, "disk full");
	is_int(has(kv, "a"), 1, "reads go on");
	is_int(has(kv, "b"), 0, "nothing of the failed commit");
	fail_data = 0;
	is_int(store(kv, "c"), 1, "writes go on when there is room again");
	if (kv_read_begin(kv, &r, NULL) != 1)
		bail("read");
	fail_meta = EIO;
	is_int(store(kv, "d"), ERR_UNAVAILABLE, "the meta page cannot be written");
	fail_meta = 0;
	is_int(store(kv, "e"), ERR_UNAVAILABLE, "no reopening under a reader");
	is_int(kv_get(r, SLICE("c"), NULL), 1, "who goes on reading");
	kv_read_end(&r);
	is_int(has(kv, "c"), 1, "a read reopens");
	is_int(store(kv, "e"), 1, "and writes go on without a restart");
	fail_meta = EIO;
	is_int(store(kv, "g"), ERR_UNAVAILABLE, "again");
	fail_meta = 0;
	is_int(store(kv, "h"), 1, "a write reopens too");
	ok(has(kv, "a") == 1 && has(kv, "c") == 1 && has(kv, "e") == 1 && has(kv, "h") == 1,
		"what was acknowledged is there");
	ok(has(kv, "b") == 0 && has(kv, "d") == 0 && has(kv, "g") == 0, "what was refused is not");
	fail_journal = EIO;
	is_int(store(kv, "i"), ERR_UNAVAILABLE, "the journal cannot be written");
	is_int(has(kv, "i"), 0, "nothing of it is seen");
	fail_journal = 0;
	fail_record = EIO;
	is_int(store(kv, "j"), ERR_UNAVAILABLE, "the journal cannot be flushed");
	fail_record = 0;
	is_int(has_after_kill("j"), 0, "what was refused does not come after a kill");
	fail_data = ENOSPC;
	is_int(store(kv, "k"), ERR_UNAVAILABLE, "the journal has it, the disk is full");
	fail_data = 0;
	is_int(store(kv, "l"), 1, "and there is room again");
	ok(has(kv, "k") == 0 && has(kv, "l") == 1, "what was refused is taken back out of the journal");
	fail_flush = EIO;
	is_int(store_large(kv), ERR_UNAVAILABLE, "a large write set, and the flush fails");
	fail_flush = 0;
	is_int(store(kv, "m"), 1, "the store is opened again, and writes go on");
	ok(has(kv, "l") == 1 && has(kv, "m") == 1, "nothing acknowledged is lost");
	is_int(has(kv, "large"), 0, "and what was not on disk is not there");
	test_late_failure(kv);
	kv_close(&kv);
	if (kv_open(test_tmpfile("db"), &opt, &kv, &f) != 1)
		bail("open: %s", f.text);
	ok(has(kv, "a") == 1 && has(kv, "l") == 1 && has(kv, "m") == 1, "nor after a restart");
	ok(has(kv, "b") == 0 && has(kv, "d") == 0 && has(kv, "g") == 0 && has(kv, "i") == 0 && has(kv, "k") == 0,
		"nor comes what was refused");
	kv_close(&kv);
	return done();
}
