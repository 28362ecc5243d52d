/* kv_care.c - figures of the store, and its copies. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include "forumd/base/num.h"
#include "storage/kv_private.h"

struct kv_readers {
	unsigned count;
	uint64_t oldest, pins[2];       /* snapshots that the keeper holds: not counted, once each; 0 none */
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
			if (txn && r->pins[i] == txn)
				return (int)(r->pins[i] = 0);
		r->count++;
		if (txn < r->oldest)
			r->oldest = txn;
	}
	return 0;
}

static void kv_list_readers(struct kv *kv, struct kv_readers *r) {
	struct kv_keeper *k = &kv->keeper;
	pthread_mutex_lock(&k->lock);
	r->pins[0] = k->pin ? mdb_txn_id(k->pin) : 0;
	r->pins[1] = k->next_pin ? mdb_txn_id(k->next_pin) : 0;
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
	return rc ? kv_fail(kv, "copy", rc, f) : 1;
}
