/* kv_care.c - figures of the store, and its copies. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "forumd/base/num.h"
#include "storage/kv_private.h"

#define KV_NO_PIN UINT64_MAX

struct kv_readers {
	unsigned count;
	uint64_t oldest, pins[2];       /* snapshots that the keeper holds: not counted, once each; KV_NO_PIN none */
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
		for (int i = 0; i < 2; i++)
			if (r->pins[i] == txn) {
				r->pins[i] = KV_NO_PIN;
				return 0;
			}
		r->count++;
		if (txn < r->oldest)
			r->oldest = txn;
	}
	return 0;
}

static void kv_list_readers(struct kv *kv, struct kv_readers *r) {
	struct kv_keeper *k = &kv->keeper;
	pthread_mutex_lock(&k->lock);
	r->pins[0] = k->pin ? mdb_txn_id(k->pin) : KV_NO_PIN;
	r->pins[1] = k->next_pin ? mdb_txn_id(k->next_pin) : KV_NO_PIN;
	mdb_reader_list(kv->env, kv_each_reader, r);
	pthread_mutex_unlock(&k->lock);
}

int kv_info(struct kv *kv, struct kv_info *info_r, struct fail *f) {
	MDB_envinfo info;
	MDB_stat st;
	struct statvfs fs;
	struct kv_readers readers = { .oldest = UINT64_MAX };
	int rc = kv_enter(kv, NULL);
	if (rc)
		return kv_fail(kv, "info", rc, f);
	if ((rc = mdb_env_info(kv->env, &info)) == 0 && (rc = mdb_env_stat(kv->env, &st)) == 0)
		kv_list_readers(kv, &readers);
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
	if (rc == EACCES || rc == EROFS || rc == ENOENT)
		return fail_set(f, ERR_UNAVAILABLE,
			"forumd may not write there (%s); a place beside its configuration or its store is sure",
			strerror(rc));
	return rc ? kv_fail(kv, "copy", rc, f) : 1;
}

/* ---- room in the map ---- */

/* A delete touches a page of each level of the tree and of the list of free pages, and what a commit frees serves the
 * one after the next. */
enum { RESERVE_PAGES = 32, PUT_EXTRA = 1024 };
#define MAP_SHORT ((uint64_t)128 << 20)         /* or a quarter of the map, if that is less */

struct kv_pages { uint64_t used, all, size; };

static bool kv_pages(struct kv *kv, struct kv_pages *p) {
	MDB_envinfo info;
	MDB_stat st;
	if (mdb_env_info(kv->env, &info) || mdb_env_stat(kv->env, &st))
		return false;
	*p = (struct kv_pages){ .used = info.me_last_pgno + 1, .all = info.me_mapsize / st.ms_psize, .size = st.ms_psize };
	return true;
}

static bool kv_pages_short(const struct kv_pages *p) {
	uint64_t least = p->all / 4 < MAP_SHORT / p->size ? p->all / 4 : MAP_SHORT / p->size;
	return p->all - p->used < least;
}

bool kv_map_is_short(struct kv *kv) {
	struct kv_pages p;
	return kv_pages(kv, &p) && kv_pages_short(&p);
}

/* table 0 of LMDB, which only readers may open: for each transaction the pages it freed, a count before them */
static uint64_t kv_free_pages(struct kv *kv) {
	MDB_txn *mt;
	MDB_cursor *c;
	MDB_val k, v;
	uint64_t n = 0;
	if (mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &mt))
		return 0;
	if (mdb_cursor_open(mt, 0, &c) == 0) {
		while (mdb_cursor_get(c, &k, &v, MDB_NEXT) == 0)
			n += *(size_t *)v.mv_data;
		mdb_cursor_close(c);
	}
	mdb_txn_abort(mt);
	return n;
}

int64_t kv_map_room(struct kv *kv) {
	struct kv_pages p;
	if (!kv_pages(kv, &p) || !kv_pages_short(&p))
		return INT64_MAX;
	uint64_t left = p.all - p.used + kv_free_pages(kv);
	return left > RESERVE_PAGES ? (int64_t)((left - RESERVE_PAGES) * p.size) : 0;
}

bool kv_map_takes(struct kv_txn *txn, size_t n) {
	if (txn->root->room == INT64_MAX)
		return true;
	txn->root->room -= (int64_t)n + PUT_EXTRA;
	return txn->root->room >= 0;
}
