/* Power cuts. The calls that write and flush go through here, LMDB's included. A flush remembers what the file held:
 * that is on the disk for sure. Of what was written later a cut keeps any part: now and then an image of the files is
 * made so, opened as a store of its own, and must hold all that was acknowledged and nothing that was not asked
 * for. A file of a large write set has a name when the directory was flushed; before, perhaps. */
#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>
#include "forumd/base/buf.h"
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "storage/kv.h"
#include "tests/tap/tap.h"

enum { KEYS = 700, COMMITS = 2500, CUTS = 90, LARGE_CUTS = 16 };

/* ---- random numbers: of the commits (repeatable), of the cuts ---- */

static uint32_t next_of(uint64_t *seed, uint32_t n) {
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*seed >> 33) % n;
}

static uint64_t cut_seed = 7;

/* ---- files as the disk has them ---- */

struct file { const char *name; int fd; size_t unit; struct buf flushed; };
static struct file files[2] = { { .name = "data.mdb", .fd = -1, .unit = 4096 },
	{ .name = "journal", .fd = -1, .unit = 512 } };
/* the large write set that is being gathered: its file, and is the name on the disk? */
static struct file large = { .fd = -1, .unit = 4096 };
static char large_path[512];
static bool large_named;
static int large_cuts;
static pthread_mutex_t disk = PTHREAD_MUTEX_INITIALIZER;
static const char *store_dir;           /* NULL: no store is watched */
static _Atomic uint32_t acknowledged, asked;
static int cuts, calls;
static struct { uint32_t least, most; } cut_bounds[CUTS];

static struct file *watched(int fd) {
	char link[64], path[512];
	if (!store_dir)
		return NULL;
	snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
	ssize_t n = readlink(link, path, sizeof path - 1);
	path[n < 0 ? 0 : n] = 0;
	size_t dir_n = strlen(store_dir);
	for (int i = 0; i < 2; i++)
		if (strncmp(path, store_dir, dir_n) == 0 && path[dir_n] == '/' &&
			strcmp(path + dir_n + 1, files[i].name) == 0) {
			files[i].fd = fd;
			return &files[i];
		}
	if (strncmp(path, store_dir, dir_n) != 0 || strncmp(path + dir_n, "/journal-", 9) != 0)
		return NULL;
	if (strcmp(path, large_path) != 0) {
		strcpy(large_path, path);
		large.name = large_path + dir_n + 1;
		large_named = false;
		buf_reset(&large.flushed);
	}
	large.fd = fd;
	return &large;
}

static void read_whole(int fd, struct buf *to) {
	struct stat st;
	if (fstat(fd, &st) != 0)
		bail("fstat: %m");
	buf_reset(to);
	if (pread(fd, buf_reserve(to, (size_t)st.st_size), (size_t)st.st_size, 0) != st.st_size)
		bail("pread: %m");
	buf_commit(to, (size_t)st.st_size);
}

/* what was flushed, and of each unit written since then the old one or the new one */
static void image(struct file *f, const char *dir) {
	struct buf now = { 0 }, path = { 0 };
	read_whole(f->fd, &now);
	size_t had = buf_len(&f->flushed);
	uint32_t keep = next_of(&cut_seed, 5);  /* of four: none, some, all */
	for (size_t at = 0; at < buf_len(&now); at += f->unit) {
		size_t n = buf_len(&now) - at < f->unit ? buf_len(&now) - at : f->unit;
		if (next_of(&cut_seed, 4) < keep)
			continue;
		if (at + n <= had)
			memcpy(buf_bytes(&now) + at, buf_bytes(&f->flushed) + at, n);
		else
			memset(buf_bytes(&now) + at, 0, n);
	}
	buf_addf(&path, "%s/%s", dir, f->name);
	int fd = open(buf_bytes(&path), O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, buf_bytes(&now), buf_len(&now)) != (ssize_t)buf_len(&now))
		bail("write %s: %m", buf_bytes(&path));
	close(fd);
	buf_free(&now), buf_free(&path);
}

/* the files of large write sets: all but the last one are on the disk */
static void image_large(const char *dir) {
	DIR *d = opendir(store_dir);
	for (struct dirent *e; d && (e = readdir(d));) {
		struct buf from = { 0 };
		if (strncmp(e->d_name, "journal-", 8) != 0)
			continue;
		buf_addf(&from, "%s/%s", store_dir, e->d_name);
		struct file f = { .name = e->d_name, .fd = open(buf_bytes(&from), O_RDONLY), .unit = 4096 };
		bool last = strcmp(large_path, buf_bytes(&from)) == 0;
		if (f.fd >= 0 && (!last || large_named || next_of(&cut_seed, 2))) {
			if (last)
				buf_add_slice(&f.flushed, buf_slice(&large.flushed));
			else
				read_whole(f.fd, &f.flushed);
			large_cuts++;
			image(&f, dir);
		}
		if (f.fd >= 0)
			close(f.fd);
		buf_free(&f.flushed), buf_free(&from);
	}
	closedir(d);
}

static const char *cut_dir(int n) {
	char name[16];
	snprintf(name, sizeof name, "cut%d", n);
	return test_tmpfile(name);
}

enum moment { MOMENT_ANY, MOMENT_MARK, MOMENT_LARGE };

/* some close together, so that recovery meets young checkpoints as well as old ones; many while a mark is written, and
 * while a large write set is, until there are enough: how long its file stays depends on how busy the machine is */
static bool cut_now(enum moment m) {
	if (m == MOMENT_MARK)
		return next_of(&cut_seed, 2) == 0;
	if (m == MOMENT_LARGE && large_cuts < LARGE_CUTS)
		return next_of(&cut_seed, 3) == 0;
	return next_of(&cut_seed, (uint32_t)(cuts + 1) * 6) <= 1;
}

static void cut_perhaps(enum moment m) {
	if (++calls < 20 || cuts == CUTS || files[0].fd < 0 || files[1].fd < 0 || !cut_now(m))
		return;
	cut_bounds[cuts].least = atomic_load(&acknowledged);
	cut_bounds[cuts].most = atomic_load(&asked);
	const char *dir = cut_dir(cuts++);
	if (mkdir(dir, 0700) != 0)
		bail("mkdir: %m");
	image(&files[0], dir);
	image(&files[1], dir);
	image_large(dir);
}

/* ---- the calls ---- */

static enum moment moment;              /* under `disk` */

static ssize_t written(struct file *f, ssize_t r) {
	if (f) {
		cut_perhaps(moment);
		moment = MOMENT_ANY;
		pthread_mutex_unlock(&disk);
	}
	return r;
}

/* from here to written() the disk stands still */
static struct file *writing(int fd) {
	if (!store_dir)
		return NULL;
	pthread_mutex_lock(&disk);
	struct file *f = watched(fd);
	if (!f)
		pthread_mutex_unlock(&disk);
	return f;
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at);
ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at) {
	struct file *f = writing(fd);
	if (f)
		moment = f == &large ? MOMENT_LARGE : f == &files[1] && at < 8192 ? MOMENT_MARK : MOMENT_ANY;
	return written(f, syscall(SYS_pwrite64, fd, p, n, at));
}

ssize_t pwrite(int fd, const void *p, size_t n, off_t at) {
	return pwrite64(fd, p, n, at);
}

ssize_t writev(int fd, const struct iovec *v, int n) {
	struct file *f = writing(fd);
	return written(f, syscall(SYS_writev, fd, v, n));
}

ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at);
ssize_t pwritev64(int fd, const struct iovec *v, int n, off64_t at) {
	struct file *f = writing(fd);
	return written(f, syscall(SYS_pwritev, fd, v, n, at, 0));
}

ssize_t pwritev(int fd, const struct iovec *v, int n, off_t at) {
	return pwritev64(fd, v, n, at);
}

int fdatasync(int fd) {
	struct file *f = writing(fd);
	if (f)
		read_whole(fd, &f->flushed);
	return (int)written(f, syscall(SYS_fdatasync, fd));
}

int fsync(int fd) {
	struct stat a, b;
	pthread_mutex_lock(&disk);
	if (store_dir && stat(store_dir, &a) == 0 && fstat(fd, &b) == 0 && a.st_ino == b.st_ino && a.st_dev == b.st_dev)
		large_named = true;
	int r = (int)syscall(SYS_fsync, fd);
	pthread_mutex_unlock(&disk);
	return r;
}

/* ---- what is committed ---- */

static size_t value_size(uint64_t *seed) {
	uint32_t kind = next_of(seed, 20);
	return kind ? next_of(seed, kind < 15 ? 120 : 3000) : 9000;
}

/* The operations of commit i, to the store, or to `last` only: which commit wrote each key last; 0 none. Now and then a
 * commit is too large for the journal. */
static void operate(uint32_t i, struct kv_txn *w, uint32_t *last) {
	static char value[70000];
	uint64_t seed = i * 2654435761u;
	uint32_t n = 1 + next_of(&seed, 6), many = i % 41 == 30;
	for (uint32_t k = 0; k < (many ? 40 : n); k++) {
		uint32_t key = next_of(&seed, KEYS), deletes = next_of(&seed, 5) == 0;
		size_t size = many ? 30000 : value_size(&seed);
		char name[4];
		num_put32(name, key);
		last[key] = deletes ? 0 : i;
		if (!w)
			continue;
		num_put32(value, i);
		memset(value + 4, (int)(key + i), size);
		int r = deletes ? kv_del(w, slice_of(name, 4)) : kv_put(w, slice_of(name, 4), slice_of(value, size + 4));
		if (r < 0)
			bail("commit %u: %d", i, r);
	}
}

static void run(struct kv *kv, uint32_t from, uint32_t to, uint32_t *last) {
	for (uint32_t i = from; i < to; i++) {
		struct kv_txn *w, *c;
		struct fail f;
		char count[4];
		if (kv_write_begin(kv, NULL, &w, &f) != 1 || kv_write_begin(kv, w, &c, &f) != 1)
			bail("begin: %s", f.text);
		operate(i, c, last);
		num_put32(count, i);
		if (kv_put(c, SLICE("count"), slice_of(count, 4)) != 1 || kv_commit(&c, &f) != 1)
			bail("child: %s", f.text);
		atomic_store(&asked, i);
		if (kv_commit(&w, &f) != 1)
			bail("commit %u: %s", i, f.text);
		atomic_store(&acknowledged, i);
	}
}

/* ---- what an image must hold ---- */

static int differences(struct kv_txn *r, const uint32_t *last) {
	int n = 0;
	for (uint32_t k = 0; k < KEYS; k++) {
		char name[4];
		struct slice v;
		num_put32(name, k);
		int got = kv_get(r, slice_of(name, 4), &v);
		n += got < 0 || (got == 1) != (last[k] != 0) || (got == 1 && num_get32(v.p) != last[k]) ||
			(got == 1 && v.n > 4 && (unsigned char)v.p[v.n - 1] != (unsigned char)(k + last[k]));
	}
	return n;
}

static void check_image(int n) {
	struct kv_options opt = { .map_size = 256 << 20 };
	uint32_t *last = mem_zalloc(KEYS * sizeof *last), count = 0;
	struct kv *kv;
	struct kv_txn *r;
	struct slice v;
	struct fail f;
	for (int again = 0; again < 2; again++) {
		if (kv_open(cut_dir(n), &opt, &kv, &f) != 1) {
			ok(false, "image %d opens: %s", n, f.text);
			break;
		}
		if (kv_read_begin(kv, &r, &f) != 1)
			bail("read: %s", f.text);
		if (kv_get(r, SLICE("count"), &v) == 1)
			count = num_get32(v.p);
		if (!again) {
			ok(count >= cut_bounds[n].least && count <= cut_bounds[n].most,
				"image %d: %u commits, %u acknowledged, %u asked for", n, count, cut_bounds[n].least,
				cut_bounds[n].most);
			for (uint32_t i = 1; i <= count; i++)
				operate(i, NULL, last);
		}
		is_int(differences(r, last), 0, "image %d: every key", n);
		kv_read_end(&r);
		/* and it goes on */
		run(kv, count + 1, count + 4, last);
		count += 3;
		kv_close(&kv);
	}
	mem_free(last);
}

/* a store that was just opened is on the disk as it is */
static void watch(const char *dir) {
	for (int i = 0; i < 2; i++) {
		struct buf path = { 0 };
		buf_addf(&path, "%s/%s", dir, files[i].name);
		int fd = open(buf_bytes(&path), O_RDONLY);
		if (fd < 0)
			bail("open %s: %m", buf_bytes(&path));
		read_whole(fd, &files[i].flushed);
		close(fd);
		buf_free(&path);
	}
	store_dir = dir;
}

int main(void) {
	struct kv_options opt = { .map_size = 256 << 20 };
	uint32_t *last = mem_zalloc(KEYS * sizeof *last);
	struct kv *kv;
	struct fail f;
	log_set_level(LOG_ERROR_);
	for (uint32_t life = 0; life < 2; life++) {
		if (kv_open(test_tmpfile("db"), &opt, &kv, &f) != 1)
			bail("open: %s", f.text);
		watch(test_tmpfile("db"));
		run(kv, 1 + life * COMMITS / 2, 1 + (life + 1) * COMMITS / 2, last);
		kv_close(&kv);
		store_dir = NULL;
		files[0].fd = files[1].fd = -1;
	}
	ok(cuts > 20 && large_cuts > 10, "%d cuts, with %d files of large write sets", cuts, large_cuts);
	for (int n = 0; n < cuts; n++)
		check_image(n);
	mem_free(last);
	buf_free(&files[0].flushed), buf_free(&files[1].flushed), buf_free(&large.flushed);
	return done();
}
