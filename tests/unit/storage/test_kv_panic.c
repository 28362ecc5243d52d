/* A disk that fails: the write calls of this program (LMDB's included) go through here and fail when told to. */
#include <dirent.h>
#include <errno.h>
#include <pthread.h>
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
static int fail_zero;                   /* for writes to its records other than their first one: zeros */
static int fail_large;                  /* for flushes of a large write set's file */
static int fail_large_write, large_writes;      /* for writes to it, after so many */
static _Atomic int fail_flush;          /* for flushes of data.mdb */
static _Atomic bool hold_flush, held;   /* a flush of data.mdb waits; one does */
static _Atomic int journal_writes;

static bool is_file(int fd, const char *part) {
	char link[64], path[512];
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path - 1);
	path[n < 0 ? 0 : n] = 0;
	const char *at = strstr(path, part);
	return at && (part[strlen(part) - 1] == '-' || !at[strlen(part)]);
}

static bool is_journal(int fd) {
	return is_file(fd, "/journal");
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at);
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) {
	journal_writes += is_journal(fd);
	int e = is_journal(fd) ? (fail_zero && at >= 8192 ? fail_zero : fail_journal) :
		is_file(fd, "/journal-") ? (large_writes-- > 0 ? 0 : fail_large_write) :
		at < 8192 ? fail_meta : fail_data;
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

static _Atomic int fail_piece;          /* for the pieces of data.mdb that a checkpoint writes out */
static _Atomic bool hold_piece, held_piece;
static _Atomic int pieces, large_pieces, failed_pieces;

int sync_file_range(int fd, off64_t at, off64_t n, unsigned flags);
int sync_file_range(int fd, off64_t at, off64_t n, unsigned flags) {
	pieces++;
	large_pieces += n > 1 << 20;
	for (held_piece = hold_piece; hold_piece;)
		usleep(1000);
	errno = fail_piece;
	failed_pieces += errno != 0;
	return errno ? -1 : (int)syscall(SYS_sync_file_range, fd, at, n, flags);
}

int fdatasync(int fd) {
	bool data = is_file(fd, "/data.mdb");
	bool holds = is_file(fd, "/db/data.mdb");
	for (held |= hold_flush && holds; holds && hold_flush;)
		usleep(1000);
	errno = data ? fail_flush : is_journal(fd) ? fail_record : fail_large;
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

/* too large for a record of the journal */
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

/* what a process that opens the store after a kill sees */
static int has_after_kill_of(const char *db, const char *key) {
	const char *image = test_tmpfile("image");
	struct kv_options opt = { .map_size = 64 << 20 };
	struct kv *kv;
	struct fail f;
	mkdir(image, 0700);
	DIR *d = opendir(test_tmpfile(db));
	for (struct dirent *e; d && (e = readdir(d));) {
		struct buf b = { 0 }, path = { 0 };
		if (strncmp(e->d_name, "data.mdb", 8) != 0 && strncmp(e->d_name, "journal", 7) != 0)
			continue;
		buf_addf(&path, "%s/%s", test_tmpfile(db), e->d_name);
		test_read_file(buf_bytes(&path), &b);
		buf_reset(&path);
		buf_addf(&path, "%s/%s", image, e->d_name);
		FILE *to = fopen(buf_bytes(&path), "w");
		if (!to || fwrite(buf_bytes(&b), 1, buf_len(&b), to) != buf_len(&b) || fclose(to) != 0)
			bail("copy: %m");
		buf_free(&b), buf_free(&path);
	}
	closedir(d);
	if (kv_open(image, &opt, &kv, &f) != 1)
		bail("open: %s", f.text);
	int r = has(kv, key);
	kv_close(&kv);
	return r;
}

static int has_after_kill(const char *key) {
	return has_after_kill_of("db", key);
}

static int large_files(const char *db) {
	DIR *d = opendir(test_tmpfile(db));
	int n = 0;
	for (struct dirent *e; d && (e = readdir(d));)
		n += strncmp(e->d_name, "journal-", 8) == 0;
	closedir(d);
	return n;
}

/* the disk is full when so many pieces of a large write set are written */
static void refuse_large(struct kv *kv, const char *db, int after) {
	static char value[60000];
	struct kv_txn *w;
	struct fail f;
	int r = 1;
	fail_large_write = ENOSPC;
	large_writes = after;
	if (kv_write_begin(kv, NULL, &w, &f) != 1)
		bail("begin: %s", f.text);
	for (int i = 0; i < 100 && r == 1; i++) {
		char key[16];
		snprintf(key, sizeof key, "refused%d", i);
		r = kv_put(w, slice_str(key), slice_of(value, sizeof value));
	}
	is_int(r, ERR_UNAVAILABLE, "the disk is full after %d pieces of a large write set", after);
	kv_abort(&w);
	is_int(large_files(db), 0, "nothing of it is kept");
	fail_large_write = large_writes = 0;
}

static void test_large_full(void) {
	struct kv_options opt = { .map_size = 64 << 20 };
	struct kv *kv;
	struct fail f;
	if (kv_open(test_tmpfile("new"), &opt, &kv, &f) != 1)
		bail("open: %s", f.text);
	refuse_large(kv, "new", 0);
	ok(store(kv, "first") == 1 && store(kv, "second") == 1, "small ones go on");
	ok(has_after_kill_of("new", "first") == 1 && has_after_kill_of("new", "second") == 1, "and are there after a kill");
	refuse_large(kv, "new", 1);
	is_int(store(kv, "third"), 1, "again");
	ok(has_after_kill_of("new", "third") == 1 && has_after_kill_of("new", "refused0") == 0, "and that one is there");
	kv_close(&kv);
}

/* While no checkpoint gets on, a large commit is on disk before it can be seen, and so is a small one behind it, of
 * another thread. Then the checkpoint fails, and the store is opened anew from the mark before all of them. */
static int behind;

static void *store_behind(void *arg) {
	behind = store(arg, "behind");
	return NULL;
}

static void test_late_failure(struct kv *kv) {
	struct kv_txn *w;
	struct fail f;
	pthread_t other;
	is_int(store(kv, "q"), 1, "after a failure for want of space a commit waits for a checkpoint");
	held = false;
	hold_flush = true;
	is_int(store(kv, "n"), 1, "a small one; the keeper comes to flush it");
	while (!held)
		usleep(1000);
	if (kv_write_begin(kv, NULL, &w, &f) != 1)
		bail("begin: %s", f.text);
	put_large(w);
	if (pthread_create(&other, NULL, store_behind, kv) != 0)
		bail("pthread_create");
	is_int(has(kv, "large"), 0, "nobody sees a large commit before it is one");
	is_int(kv_commit(&w, &f), 1, "it waits for no checkpoint");
	pthread_join(other, NULL);
	is_int(behind, 1, "a small one of another thread behind it");
	is_int(has(kv, "large"), 1, "and is seen");
	ok(has_after_kill("large") == 1 && has_after_kill("behind") == 1 && has_after_kill("large39") == 1,
		"both are there after a kill");
	fail_flush = EIO;
	hold_flush = false;
	usleep(50000);
	fail_flush = 0;
	ok(has(kv, "n") == 1 && has(kv, "large") == 1 && has(kv, "behind") == 1, "and after a flush that failed");
}

/* a checkpoint writes in pieces, and an error that one of them tells is told by no flush behind it */
static void test_pieces(struct kv *kv) {
	failed_pieces = 0;
	fail_piece = EIO;
	is_int(store(kv, "r"), 1, "stored; the keeper comes to write it out");
	for (int i = 0; i < 600 && !failed_pieces; i++)
		usleep(10000);
	fail_piece = 0;
	usleep(10000);
	int before = pieces;
	is_int(has(kv, "r"), 1, "the store is opened anew, from the mark before");
	ok(pieces > before && !large_pieces, "what it held is written out again, in pieces");
}

/* a store that cannot be opened again is not tried at each access */
static void test_reopen(struct kv *kv) {
	fail_meta = EIO;
	is_int(store(kv, "o"), ERR_UNAVAILABLE, "the meta page cannot be written");
	fail_meta = 0;
	fail_journal = EIO;
	is_int(has(kv, "a"), ERR_UNAVAILABLE, "nor the journal");
	int writes = journal_writes;
	for (int i = 0; i < 20; i++)
		is_int(has(kv, "a"), ERR_UNAVAILABLE, "not opened again");
	is_int(journal_writes, writes, "nor tried");
	fail_journal = 0;
	int r = 0;
	for (int i = 0; i < 600 && (r = has(kv, "a")) < 0; i++)
		usleep(100000);
	is_int(r, 1, "it is, later");
	is_int(store(kv, "p"), 1, "and writes go on");
}

/* until the store is tried again */
static int store_at_last(struct kv *kv, const char *key) {
	int r = 0;
	for (int i = 0; i < 600 && (r = store(kv, key)) < 0; i++)
		usleep(20000);
	return r;
}

/* a record can be neither flushed nor zeroed: what is refused stays refused, whatever works again, and whenever */
static void test_refused(struct kv *kv) {
	is_int(store(kv, "u"), 1, "the keeper has something to mark");
	fail_record = fail_zero = EIO;
	is_int(store(kv, "refused"), ERR_UNAVAILABLE, "a record that cannot be flushed, nor zeroed");
	fail_record = 0;
	is_int(store(kv, "refused2"), ERR_UNAVAILABLE, "nothing is written while it cannot be zeroed");
	is_int(has(kv, "u"), 1, "but read");
	fail_zero = 0;
	int r = 1;
	for (int i = 0; i < 600 && (r = has_after_kill("refused")) == 1; i++)
		usleep(20000);
	is_int(r, 0, "a checkpoint zeroes it too");
	fail_record = fail_zero = EIO;
	is_int(store_large(kv), ERR_UNAVAILABLE, "a large one");
	fail_record = fail_zero = 0;
	is_int(store(kv, "v"), 1, "the disk works again");
	ok(has_after_kill("v") == 1 && large_files("db") == 0, "that one is gone");
	fail_data = ENOSPC;
	fail_zero = EIO;
	is_int(store(kv, "refused3"), ERR_UNAVAILABLE, "a record is there, its pages are not, and it cannot be zeroed");
	fail_data = 0;
	is_int(has(kv, "v"), ERR_UNAVAILABLE, "the store is not opened from it");
	fail_zero = 0;
	is_int(store_at_last(kv, "w"), 1, "the disk works again");
	ok(has(kv, "v") == 1 && has(kv, "refused") == 0 && has(kv, "refused2") == 0 && has(kv, "refused3") == 0,
		"what was acknowledged is there, and no more");
}

/* the first commit of a store has no journal, and its checkpoint fails */
static void test_first(void) {
	struct kv_options opt = { .map_size = 64 << 20 };
	struct kv *kv;
	struct fail f;
	if (kv_open(test_tmpfile("young"), &opt, &kv, &f) != 1)
		bail("open: %s", f.text);
	fail_piece = EIO;
	is_int(store(kv, "a"), ERR_UNAVAILABLE, "the first commit of all cannot be flushed");
	is_int(store(kv, "b"), ERR_UNAVAILABLE, "nor can the next");
	fail_piece = 0;
	is_int(store_at_last(kv, "c"), 1, "the disk works again, and so does the store");
	ok(has(kv, "a") == 0 && has(kv, "b") == 0, "what was refused is not there");
	is_int(store(kv, "d"), 1, "it goes on");
	ok(has_after_kill_of("young", "c") == 1 && has_after_kill_of("young", "d") == 1, "and survives a kill");
	kv_close(&kv);
}

/* While the first commit waits for its checkpoint, another thread's waits too: the journal could not recover it. */
static void *store_first(void *arg) {
	behind = store(arg, "first");
	return NULL;
}

static _Atomic int second;

static void *store_second(void *arg) {
	second = store(arg, "second");
	return NULL;
}

static void test_second(void) {
	struct kv_options opt = { .map_size = 64 << 20 };
	struct kv *kv;
	struct fail f;
	pthread_t threads[2];
	if (kv_open(test_tmpfile("young2"), &opt, &kv, &f) != 1)
		bail("open: %s", f.text);
	hold_piece = true;
	if (pthread_create(&threads[0], NULL, store_first, kv) != 0)
		bail("pthread_create");
	while (!held_piece)
		usleep(1000);
	if (pthread_create(&threads[1], NULL, store_second, kv) != 0)
		bail("pthread_create");
	usleep(200000);
	is_int(second, 0, "a second commit waits for the checkpoint of the first");
	hold_piece = false;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	ok(behind == 1 && second == 1, "both are stored");
	kv_close(&kv);
}

int main(void) {
	struct kv_options opt = { .map_size = 64 << 20 };
	struct kv *kv;
	struct kv_txn *r;
	struct fail f;
	log_set_level(LOG_ERROR_ + 1);
	test_large_full();
	test_first();
	test_second();
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
	fail_large = EIO;
	is_int(store_large(kv), ERR_UNAVAILABLE, "a large write set, and its file cannot be flushed");
	fail_large = 0;
	is_int(has(kv, "large"), 0, "nothing of it is seen");
	fail_record = EIO;
	is_int(store_large(kv), ERR_UNAVAILABLE, "nor can the record");
	fail_record = 0;
	is_int(has_after_kill("large"), 0, "what was refused does not come after a kill");
	fail_data = ENOSPC;
	is_int(store_large(kv), ERR_UNAVAILABLE, "the journal has it, the disk is full");
	fail_data = 0;
	is_int(has_after_kill("large"), 0, "it is taken back");
	is_int(store(kv, "m"), 1, "writes go on");
	ok(has(kv, "l") == 1 && has(kv, "m") == 1, "nothing acknowledged is lost");
	is_int(has(kv, "large"), 0, "and what was not is not there");
	test_late_failure(kv);
	test_reopen(kv);
	test_pieces(kv);
	test_refused(kv);
	kv_close(&kv);
	if (kv_open(test_tmpfile("db"), &opt, &kv, &f) != 1)
		bail("open: %s", f.text);
	ok(has(kv, "a") == 1 && has(kv, "l") == 1 && has(kv, "m") == 1 && has(kv, "large") == 1 &&
		has(kv, "behind") == 1 && has(kv, "p") == 1 && has(kv, "r") == 1, "nor after a restart");
	ok(has(kv, "b") == 0 && has(kv, "d") == 0 && has(kv, "g") == 0 && has(kv, "i") == 0 && has(kv, "k") == 0,
		"nor comes what was refused");
	kv_close(&kv);
	return done();
}
