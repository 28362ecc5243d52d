#include "storage/kv.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "storage/kv_copy.h"
#include "storage/log.h"
#include "tests/tap/tap.h"

static uint64_t seed = 99;

static uint32_t pick(uint32_t n) {
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

static bool no_sync;            /* all tests run twice, with the journal and without */

static const char *tmpfile_of(const char *name) {
	char path[64];
	snprintf(path, sizeof path, "%s%s", name, no_sync ? "-nosync" : "");
	return test_tmpfile(path);
}

static struct kv *open_kv(const char *name, uint64_t map, struct commit_log *log) {
	struct kv_options opt = { .map_size = map ? map : 64 << 20, .no_sync = no_sync, .log = log };
	struct kv *kv = NULL;
	struct fail f;
	if (kv_open(tmpfile_of(name), &opt, &kv, &f) != 1)
		bail("open %s: %s", name, f.text);
	return kv;
}

static struct kv_txn *begin(struct kv *kv, struct kv_txn *parent) {
	struct kv_txn *txn = NULL;
	if (kv_write_begin(kv, parent, &txn, NULL) != 1)
		bail("write begin");
	return txn;
}

static struct kv_txn *reader(struct kv *kv) {
	struct kv_txn *txn = NULL;
	if (kv_read_begin(kv, &txn, NULL) != 1)
		bail("read begin");
	return txn;
}

/* "key=value " of all, in order */
static void list(struct kv_txn *txn, struct buf *out) {
	struct kv_cursor *c;
	struct slice k, v;
	buf_reset(out);
	if (kv_cursor_open(txn, &c) != 1)
		bail("cursor");
	for (int r = kv_seek(c, SLICE(""), &k, &v); r > 0; r = kv_next(c, &k, &v))
		buf_addf(out, "%.*s=%.*s ", SLICE_ARG(k), SLICE_ARG(v));
	kv_cursor_close(&c);
}

static void list_kv(struct kv *kv, struct buf *out) {
	struct kv_txn *txn = reader(kv);
	list(txn, out);
	kv_read_end(&txn);
}

static void put(struct kv_txn *txn, const char *k, const char *v) {
	if (kv_put(txn, slice_str(k), slice_str(v)) != 1)
		bail("put %s", k);
}

static void test_basics(void) {
	struct kv *kv = open_kv("basics", 0, NULL);
	struct kv_txn *w = begin(kv, NULL), *r = reader(kv), *r2;
	struct kv_cursor *c;
	struct slice k, v;
	struct buf b = { 0 };
	put(w, "b", "2"), put(w, "a", "1"), put(w, "d", ""), put(w, "c", "x");
	is_int(kv_get(w, SLICE("a"), &v), 1, "own write is seen");
	is_lit(v, "1", "its value");
	is_int(kv_get(r, SLICE("a"), &v), 0, "not by an older snapshot");
	is_int(kv_del(w, SLICE("c")), 1, "deleted");
	is_int(kv_del(w, SLICE("c")), 0, "was absent");
	list(w, &b);
	is_buf(&b, "a=1 b=2 d= ", "a cursor in the write transaction");
	is_int(kv_commit(&w, NULL), 1, "commit");
	ok(w == NULL, "ended");
	is_int(kv_get(r, SLICE("a"), &v), 0, "the snapshot stays");
	r2 = reader(kv);
	is_int(kv_get(r2, SLICE("b"), &v), 1, "a new one sees it");
	kv_read_end(&r);
	ok(kv_cursor_open(r2, &c) == 1, "cursor");
	ok(kv_seek(c, SLICE("aa"), &k, &v) == 1 && slice_is(k, "b"), "seek to the next key");
	ok(kv_prev(c, &k, &v) == 1 && slice_is(k, "a"), "prev");
	ok(kv_prev(c, &k, &v) == 0, "before the first");
	ok(kv_seek(c, SLICE("e"), &k, &v) == 0, "behind the last");
	ok(kv_seek_before(c, SLICE("zzz"), &k, &v) == 1 && slice_is(k, "d") && v.n == 0, "the last, an empty value");
	ok(kv_seek_before(c, SLICE("b"), &k, &v) == 1 && slice_is(k, "a"), "before a key that is there");
	ok(kv_seek_before(c, SLICE("c"), &k, NULL) == 1 && slice_is(k, "b"), "before one that is not");
	ok(kv_seek_before(c, SLICE("a"), &k, &v) == 0, "before the first");
	kv_cursor_close(&c);
	ok(kv_cursor_open(r2, &c) == 1 && kv_next(c, &k, &v) == 1 && slice_is(k, "a"), "a reused cursor starts anew");
	kv_cursor_close(&c);
	kv_read_end(&r2);
	r2 = reader(kv);
	ok(kv_cursor_open(r2, &c) == 1 && kv_seek(c, SLICE("d"), &k, &v) == 1, "a pooled cursor in a pooled transaction");
	kv_cursor_close(&c);
	kv_read_end(&r2);

	w = begin(kv, NULL);
	char *large = mem_zalloc(KV_VALUE_MAX + 1);
	is_int(kv_put(w, slice_of(large, KV_KEY_MAX), slice_of(large, KV_VALUE_MAX)), 1, "the largest of both");
	is_int(kv_put(w, slice_of(large, KV_KEY_MAX + 1), SLICE("")), ERR_TOOBIG, "key too long");
	is_int(kv_put(w, SLICE(""), SLICE("")), ERR_TOOBIG, "empty key");
	is_int(kv_put(w, SLICE("v"), slice_of(large, KV_VALUE_MAX + 1)), ERR_TOOBIG, "value too long");
	is_int(kv_get(w, slice_of(large, KV_KEY_MAX), &v), 1, "it is there");
	is_int(v.n, KV_VALUE_MAX, "whole");
	is_int(kv_get(w, SLICE(""), &v), 0, "no empty key");
	/* a value got from a page in change may be put again */
	for (int i = 0; i < 500; i++) {
		char name[16];
		snprintf(name, sizeof name, "n%03d", i % 50);
		if (kv_get(w, SLICE("b"), &v) != 1 || kv_put(w, slice_str(name), v) != 1 || kv_put(w, SLICE("b"), v) != 1)
			bail("copying");
	}
	ok(kv_get(w, SLICE("n049"), &v) == 1 && slice_is(v, "2"), "a got value put again");
	kv_abort(&w);
	list_kv(kv, &b);
	is_buf(&b, "a=1 b=2 d= ", "aborted");
	mem_free(large);
	kv_close(&kv);
	kv = open_kv("basics", 0, NULL);
	list_kv(kv, &b);
	is_buf(&b, "a=1 b=2 d= ", "still there after reopening");
	struct kv_info info;
	is_int(kv_info(kv, &info, NULL), 1, "info");
	is_int(info.entries, 3, "entries");
	ok(info.free_disk_bytes > 0 && info.used_bytes > 0 && info.map_size == 64 << 20, "sizes");
	r = reader(kv);
	for (int i = 0; i < 3; i++) {
		w = begin(kv, NULL);
		put(w, "a", i ? "3" : "4");
		kv_commit(&w, NULL);
	}
	kv_info(kv, &info, NULL);
	is_int(info.oldest_reader_lag, 3, "an old reader's lag");
	is_int(info.readers, 1, "one reader");
	kv_read_end(&r);
	is_int(kv_sweep_readers(kv), 0, "no dead readers");
	kv_close(&kv);
	struct kv_options ro = { .read_only = true, .map_size = 1 << 20 };
	struct fail f;
	log_set_level(LOG_ERROR_ + 1);
	ok(kv_open(test_tmpfile("absent"), &ro, &kv, &f) == ERR_UNAVAILABLE, "nothing to read");
	log_set_level(LOG_INFO_);
	ok(access(test_tmpfile("absent"), F_OK) != 0, "and nothing made");
	buf_free(&b);
}

static void test_children(void) {
	struct commit_log *log = log_memory_new();
	struct kv *kv = open_kv("children", 0, log);
	struct kv_txn *w = begin(kv, NULL), *c, *g;
	struct buf b = { 0 };
	put(w, "a", "1");
	c = begin(kv, w);
	put(c, "b", "2"), put(c, "a", "x");
	kv_del(c, SLICE("a"));
	kv_abort(&c);
	c = begin(kv, w);
	put(c, "c", "3");
	g = begin(kv, c);
	put(g, "d", "4");
	is_int(kv_commit(&g, NULL), 1, "grandchild");
	g = begin(kv, c);
	put(g, "e", "5");
	kv_abort(&g);
	is_int(kv_commit(&c, NULL), 1, "child");
	put(w, "f", "6");
	is_int(kv_commit(&w, NULL), 1, "outermost");
	list_kv(kv, &b);
	is_buf(&b, "a=1 c=3 d=4 f=6 ", "aborted children leave no trace");
	is_int(log_memory_count(log), 1, "one batch");
	is_slice(log_memory_get(log, 0), SLICE("P\1a\1" "1P\1c\1" "3P\1d\1" "4P\1f\1" "6"), "its write set");
	is_int(kv_batch(kv), 1, "batch id");
	w = begin(kv, NULL);
	is_int(kv_commit(&w, NULL), 1, "an empty commit");
	is_int(log_memory_count(log), 1, "is not logged");
	w = begin(kv, NULL);
	put(w, "zz", "z");
	kv_abort(&w);
	w = begin(kv, NULL);
	is_int(kv_put(w, SLICE("\xff\xff\xffkv.batch"), SLICE("")), ERR_TOOBIG, "the reserved key is refused");
	put(w, "\xff\xff\xff\xff", "last");
	kv_commit(&w, NULL);
	is_slice(log_memory_get(log, 1), SLICE("P\4\xff\xff\xff\xff\4last"), "an aborted one is not in the log");
	struct kv_txn *r = reader(kv);
	struct kv_cursor *cur;
	struct slice k;
	kv_cursor_open(r, &cur);
	ok(kv_seek(cur, SLICE("g"), &k, NULL) == 1 && slice_is(k, "\xff\xff\xff\xff"), "seek passes over it");
	ok(kv_prev(cur, &k, NULL) == 1 && slice_is(k, "f"), "prev too");
	kv_cursor_close(&cur);
	kv_read_end(&r);
	kv_close(&kv);
	kv = open_kv("children", 0, log);
	is_int(kv_batch(kv), 2, "the batch id is in the store");
	struct kv_info info;
	kv_info(kv, &info, NULL);
	is_int(info.entries, 5, "and is not counted");
	/* a second store on the same log */
	struct kv *other = open_kv("other", 0, log);
	w = begin(other, NULL);
	list(w, &b);
	is_buf(&b, "a=1 c=3 d=4 f=6 \xff\xff\xff\xff=last ", "it catches up before it writes");
	put(w, "g", "7");
	is_int(kv_commit(&w, NULL), 1, "and writes");
	w = begin(kv, NULL);
	is_int(kv_get(w, SLICE("g"), NULL), 1, "the first catches up in turn");
	kv_abort(&w);
	is_int(kv_replay(kv, SLICE("P\1h\1" "8X"), NULL), ERR_CORRUPT, "a damaged write set");
	list_kv(kv, &b);
	is_int(slice_find(buf_slice(&b), SLICE("h=8")), -1, "leaves nothing");
	kv_close(&kv);
	kv_close(&other);
	log->ops->close(&log);
	buf_free(&b);
}

/* Random operations in random transactions; the write sets replayed into a new store, and a dump loaded into another,
 * give equal stores. */
static void test_random(void) {
	struct commit_log *log = log_memory_new();
	struct kv *kv = open_kv("random", 0, log), *copy = open_kv("replayed", 0, NULL),
			  *loaded = open_kv("loaded", 0, NULL);
	struct buf a = { 0 }, b = { 0 };
	char value[5000];
	for (int t = 0; t < 300; t++) {
		struct kv_txn *stack[3] = { begin(kv, NULL) };
		int depth = 0;
		for (int i = 0; i < 40; i++) {
			char key[32];
			size_t n = (size_t)snprintf(key, sizeof key, "key%u", pick(400)), vn = pick(20) ? pick(50) : pick(5000);
			memset(value, 'a' + (int)pick(26), vn);
			uint32_t what = pick(20);
			if (what < 11)
				kv_put(stack[depth], slice_of(key, n), slice_of(value, vn));
			else if (what < 16)
				kv_del(stack[depth], slice_of(key, n));
			else if (what < 18 && depth < 2)
				stack[depth + 1] = begin(kv, stack[depth]), depth++;
			else if (depth && what == 18)
				kv_commit(&stack[depth--], NULL);
			else if (depth && what == 19)
				kv_abort(&stack[depth--]);
		}
		for (; depth; depth--)
			kv_abort(&stack[depth]);
		if (pick(8))
			kv_commit(&stack[0], NULL);
		else
			kv_abort(&stack[0]);
	}
	for (size_t i = 0; i < log_memory_count(log); i++)
		if (kv_replay(copy, log_memory_get(log, i), NULL) != 1)
			bail("replay");
	list_kv(kv, &a);
	list_kv(copy, &b);
	ok(buf_len(&a) > 10000 && slice_eq(buf_slice(&a), buf_slice(&b)), "replayed: equal (%zu bytes)", buf_len(&a));
	is_int(kv_batch(copy), log_memory_count(log), "the follower knows where it stands");
	FILE *f = tmpfile();
	is_int(kv_dump(kv, f, NULL), 1, "dump");
	rewind(f);
	is_int(kv_load(loaded, f, NULL), 1, "load");
	list_kv(loaded, &b);
	ok(slice_eq(buf_slice(&a), buf_slice(&b)), "loaded: equal");
	fseek(f, -3, SEEK_END);
	if (ftruncate(fileno(f), ftell(f)) != 0)
		bail("ftruncate: %m");
	rewind(f);
	is_int(kv_load(loaded, f, NULL), ERR_CORRUPT, "a cut dump");
	fclose(f);
	f = tmpfile();
	fputs("VERSION=3\nformat=bytevalue\nHEADER=END\n 6\n 00\nDATA=END\n", f);
	rewind(f);
	is_int(kv_load(loaded, f, NULL), ERR_CORRUPT, "half a byte");
	fclose(f);
	/* copy_to */
	struct fail fail;
	const char *file = tmpfile_of("copied.mdb"), *dir = tmpfile_of("copied");
	char data[512];
	snprintf(data, sizeof data, "%s/data.mdb", dir);
	is_int(kv_copy_to(kv, file, &fail), 1, "copy");
	is_int(kv_copy_to(kv, file, &fail), ERR_EXISTS, "never over a file");
	if (mkdir(dir, 0700) != 0 || rename(file, data) != 0)
		bail("rename: %m");
	struct kv *copied = open_kv("copied", 0, NULL);
	list_kv(copied, &b);
	ok(slice_eq(buf_slice(&a), buf_slice(&b)), "the copy is equal");
	kv_close(&copied), kv_close(&kv), kv_close(&copy), kv_close(&loaded);
	log->ops->close(&log);
	buf_free(&a), buf_free(&b);
}

/* The greatest key goes in a child that is aborted, and others come: what is appended must know of its return. */
static void test_last_key(void) {
	struct kv *kv = open_kv("last", 0, NULL);
	struct kv_txn *w = begin(kv, NULL), *c;
	struct buf b = { 0 };
	put(w, "a", "1"), put(w, "m", "2"), put(w, "z", "3");
	kv_commit(&w, NULL);
	w = begin(kv, NULL);
	c = begin(kv, w);
	kv_del(c, SLICE("z"));
	put(c, "n", "4");
	kv_abort(&c);
	list(w, &b);
	is_buf(&b, "a=1 m=2 z=3 ", "put back");
	c = begin(kv, w);
	put(c, "p", "5"), put(c, "q", "6");
	is_int(kv_commit(&c, NULL), 1, "keys before the greatest");
	put(w, "r", "7"), put(w, "zz", "8"), put(w, "zy", "9"), put(w, "zz", "10");
	is_int(kv_commit(&w, NULL), 1, "and behind it");
	list_kv(kv, &b);
	is_buf(&b, "a=1 m=2 p=5 q=6 r=7 z=3 zy=9 zz=10 ", "all in order");
	w = begin(kv, NULL);
	c = begin(kv, w);
	put(c, "zzz", "11");
	kv_abort(&c);
	put(w, "zza", "12");
	kv_commit(&w, NULL);
	list_kv(kv, &b);
	is_buf(&b, "a=1 m=2 p=5 q=6 r=7 z=3 zy=9 zz=10 zza=12 ", "a greater key that was taken back");
	kv_close(&kv);
	buf_free(&b);
}

static void test_failures(void) {
	struct kv *kv = open_kv("failures", 0, NULL);
	struct buf b = { 0 };
	struct fail f;
	struct kv_txn *w = begin(kv, NULL), *c;
	put(w, "a", "1");
	kv_commit(&w, NULL);
	for (int n = 1; n <= 4; n++) {
		w = begin(kv, NULL);
		kv_test_fail_after(kv, n);
		int p = kv_put(w, SLICE("b"), SLICE("2")), d = p > 0 ? kv_del(w, SLICE("a")) : p;
		int r = kv_commit(&w, &f);
		is_int(p, n == 1 ? ERR_UNAVAILABLE : 1, "put, failing at %d", n);
		is_int(d, n <= 2 ? ERR_UNAVAILABLE : 1, "del, failing at %d", n);
		is_int(r, n <= 3 ? ERR_UNAVAILABLE : 1, "commit, failing at %d", n);
		list_kv(kv, &b);
		is_slice(buf_slice(&b), n <= 3 ? SLICE("a=1 ") : SLICE("b=2 "), "the store, failing at %d", n);
	}
	kv_test_fail_after(kv, 0);
	w = begin(kv, NULL);
	put(w, "c", "3");
	c = begin(kv, w);
	kv_test_fail_after(kv, 1);
	is_int(kv_put(c, SLICE("d"), SLICE("4")), ERR_UNAVAILABLE, "a put in a child fails");
	is_int(kv_put(c, SLICE("d"), SLICE("4")), ERR_UNAVAILABLE, "the child is spoilt");
	kv_abort(&c);
	is_int(kv_commit(&w, NULL), 1, "its parent is not");
	list_kv(kv, &b);
	is_buf(&b, "b=2 c=3 ", "and commits");
	kv_close(&kv);
	buf_free(&b);
}

static void test_map_full(void) {
	struct kv *kv = open_kv("full", 1 << 20, NULL);
	struct fail f;
	struct kv_txn *w;
	char value[1500] = "v", key[16];
	int stored = 0, r = 1;
	log_set_level(LOG_ERROR_ + 1);
	while (r > 0 && stored < 5000) {
		w = begin(kv, NULL);
		struct kv_txn *c = begin(kv, w);
		snprintf(key, sizeof key, "%05d", stored);
		r = kv_put(c, slice_str(key), slice_of(value, sizeof value));
		int done_r = kv_commit(&c, &f);
		if (r < 0 && done_r != r)
			bail("a commit after a failed put gave %d", done_r);
		done_r = kv_commit(&w, &f);
		r = r > 0 ? done_r : r;
		stored += r > 0;
	}
	is_int(r, ERR_UNAVAILABLE, "full after %d", stored);
	ok(stored > 100, "many fitted");
	struct slice v;
	struct kv_txn *rd = reader(kv);
	ok(kv_get(rd, SLICE("00000"), &v) == 1 && v.n == sizeof value, "reads go on");
	is_int(kv_get(rd, slice_str(key), &v), 0, "nothing of the failed put");
	kv_read_end(&rd);
	int deleted = 0;
	for (int i = 0; i < 50; i++) {
		w = begin(kv, NULL);
		snprintf(key, sizeof key, "%05d", i);
		r = kv_del(w, slice_str(key));
		deleted += kv_commit(&w, &f) == 1 && r == 1;
	}
	is_int(deleted, 50, "deletes go on");
	w = begin(kv, NULL);
	is_int(kv_put(w, SLICE("again"), SLICE("x")), 1, "then there is room");
	is_int(kv_commit(&w, &f), 1, "and it is stored");
	log_set_level(LOG_INFO_);
	kv_close(&kv);
}

static struct kv *shared;
static _Atomic int torn, reads, stop;

/* both counters of one commit must always agree */
static void *read_thread(void *arg) {
	(void)arg;
	while (!atomic_load(&stop)) {
		struct kv_txn *txn;
		struct slice a, b;
		if (kv_read_begin(shared, &txn, NULL) != 1)
			break;
		if (kv_get(txn, SLICE("a"), &a) > 0 && (kv_get(txn, SLICE("z"), &b) != 1 || !slice_eq(a, b)))
			atomic_fetch_add(&torn, 1);
		kv_read_end(&txn);
		atomic_fetch_add(&reads, 1);
	}
	return NULL;
}

static void test_threads(void) {
	pthread_t t[2];
	shared = open_kv("threads", 0, NULL);
	for (int i = 0; i < 2; i++)
		pthread_create(&t[i], NULL, read_thread, NULL);
	for (int i = 0; i < 3000; i++) {
		struct kv_txn *w = begin(shared, NULL);
		char n[16];
		snprintf(n, sizeof n, "%d", i);
		put(w, "a", n), put(w, "z", n);
		if (kv_commit(&w, NULL) != 1)
			bail("commit");
	}
	while (atomic_load(&reads) < 1000)
		usleep(1000);
	atomic_store(&stop, 1);
	for (int i = 0; i < 2; i++)
		pthread_join(t[i], NULL);
	is_int(torn, 0, "snapshots are whole (%d reads)", reads);
	kv_close(&shared);
}

/* the child says which number it has committed, and is killed in the midst */
static void kill_child(const char *dir, int fd) {
	struct kv_options opt = { .map_size = 64 << 20 };  /* what is killed must not lose anything */
	struct kv *kv;
	struct fail f;
	if (kv_open(dir, &opt, &kv, &f) != 1)
		_exit(2);
	for (uint32_t i = 0;; i++) {
		char key[4], value[300] = "x";
		struct kv_txn *w = begin(kv, NULL);
		num_put32(key, i);
		if (kv_put(w, slice_of(key, 4), slice_of(value, sizeof value)) != 1 || kv_commit(&w, NULL) != 1 ||
		    write(fd, &i, 4) != 4)
			_exit(3);
	}
}

static void test_kill(void) {
	int lost = 0, total = 0;
	for (int round = 0; round < 8; round++) {
		char name[16];
		int fd[2];
		snprintf(name, sizeof name, "kill%d", round);
		const char *dir = tmpfile_of(name);
		if (pipe(fd) != 0)
			bail("pipe: %m");
		pid_t pid = fork();
		if (pid == 0)
			kill_child(dir, fd[1]);
		close(fd[1]);
		uint32_t i, last = 0, want = 1 + pick(40);
		while (read(fd[0], &i, 4) == 4 && (last = i) < want)
			;
		usleep(pick(3000));
		kill(pid, SIGKILL);
		while (read(fd[0], &i, 4) == 4)
			last = i;
		waitpid(pid, NULL, 0);
		close(fd[0]);
		struct kv *kv = open_kv(name, 0, NULL);
		struct kv_txn *r = reader(kv);
		for (i = 0; i <= last; i++) {
			char key[4];
			num_put32(key, i);
			lost += kv_get(r, slice_of(key, 4), NULL) != 1;
			total++;
		}
		kv_read_end(&r);
		/* the dead process held the writer lock perhaps */
		struct kv_txn *w = begin(kv, NULL);
		put(w, "after", "x");
		lost += kv_commit(&w, NULL) != 1;
		kv_close(&kv);
	}
	ok(total > 8, "%d acknowledged keys", total);
	is_int(lost, 0, "none lost by kill -9");
}

int main(void) {
	for (int pass = 0; pass < 2; pass++) {
		no_sync = pass == 1;
		test_basics();
		test_children();
		test_random();
		test_last_key();
		test_failures();
		test_map_full();
		test_threads();
		test_kill();
	}
	return done();
}
