/* A disk that fails: the write calls of this program (LMDB's included) go through here and fail when told to. */
#include <errno.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "forumd/base/log.h"
#include "storage/kv.h"
#include "tests/tap/tap.h"

static int fail_meta, fail_data;        /* errno for writes to the two meta pages, and for all others */

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at);
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) {
	int e = at < 8192 ? fail_meta : fail_data;
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

static int has(struct kv *kv, const char *key) {
	struct kv_txn *txn;
	int r = kv_read_begin(kv, &txn, NULL);
	if (r < 0)
		return r;
	r = kv_get(txn, slice_str(key), NULL);
	kv_read_end(&txn);
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
	ok(has(kv, "a") == 1 && has(kv, "c") == 1 && has(kv, "e") == 1 && has(kv, "h") == 1, "what was acknowledged is there");
	ok(has(kv, "b") == 0 && has(kv, "d") == 0 && has(kv, "g") == 0, "what was refused is not");
	kv_close(&kv);
	return done();
}
