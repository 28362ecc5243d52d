/* kv.c - transactions of the store on LMDB.
 *
 * - Read transactions are reset, not ended, and wait in a pool with their cursors. `pool_lock` guards the pool, the
 *   count of active users of the environment and the switch to a new environment.
 * - `write_lock` is held from the begin to the end of an outermost write transaction. Order: write_lock, pool_lock.
 * - The write set is one buffer of the outermost transaction; a child remembers where its part starts, and its abort
 *   cuts the buffer there. It goes to the journal (kv_checkpoint.c) and to the log. When only the journal wants it, a
 *   large one goes there while it grows.
 * - Children are not LMDB's nested transactions, which copy each page they touch once more and allocate megabytes of
 *   lists: all write into the outermost one. A child notes in the undo buffer what its puts and deletes replaced, and
 *   its abort puts that back, last first. An error of LMDB itself spoils the whole transaction, as the engine says.
 * - With a log that wants write sets, the id of the last applied batch lies under a reserved key, so that it changes in
 *   the same commit as the data. Cursors and gets do not show that key. */
#include <errno.h>
#include <string.h>
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "storage/kv_private.h"

static bool kv_test_fails(struct kv *kv) {
	if (atomic_load_explicit(&kv->fail_after, memory_order_relaxed) == 0)
		return false;
	return atomic_fetch_sub(&kv->fail_after, 1) == 1;
}

void kv_test_fail_after(struct kv *kv, int n) {
	atomic_store(&kv->fail_after, n);
}

/* ---- transactions ---- */

static int kv_read_try(struct kv *kv, struct kv_txn **txn_r) {
	struct kv_txn *txn = NULL;
	int rc = kv_enter(kv, &txn);
	if (rc)
		return rc;
	if (txn) {
		rc = mdb_txn_renew(txn->mt);
	} else {
		txn = mem_zalloc(sizeof *txn);
		txn->kv = kv;
		txn->root = txn;
		rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &txn->mt);
		if (rc == MDB_READERS_FULL) {
			int dead;
			mdb_reader_check(kv->env, &dead);
			rc = mdb_txn_begin(kv->env, NULL, MDB_RDONLY, &txn->mt);
		}
		if (rc)
			txn->mt = NULL;
	}
	if (rc) {
		kv_read_destroy(txn);
		kv_leave(kv, NULL, rc == MDB_PANIC);
		return rc;
	}
	*txn_r = txn;
	return 0;
}

int kv_read_begin(struct kv *kv, struct kv_txn **txn_r, struct fail *f) {
	int rc = kv_read_try(kv, txn_r);
	if (rc == MDB_PANIC)
		rc = kv_read_try(kv, txn_r);
	return rc ? kv_fail(kv, "read", rc, f) : 1;
}

static void kv_check_cursors(const struct kv_txn *txn) {
	if (txn->open_cursors)
		bug("a transaction ended with %u cursors open", txn->open_cursors);
}

void kv_read_end(struct kv_txn **txn) {
	struct kv_txn *t = *txn;
	if (!t)
		return;
	*txn = NULL;
	if (t->write)
		bug("kv_read_end of a write transaction");
	kv_check_cursors(t);
	mdb_txn_reset(t->mt);
	kv_leave(t->kv, t, false);
}

uint64_t kv_snapshot(const struct kv_txn *txn) {
	/* numbers come again when the store was opened anew and a commit was lost that had been seen */
	return mdb_txn_id(txn->mt) | (uint64_t)atomic_load(&txn->kv->opened) << 48;
}

unsigned kv_life(const struct kv_txn *txn) {
	return atomic_load(&txn->kv->opened);
}

static int kv_write_try(struct kv *kv, struct kv_txn *txn) {
	int rc = kv_enter(kv, NULL);
	if (rc)
		return rc;
	rc = mdb_txn_begin(kv->env, NULL, 0, &txn->mt);
	if (rc)
		kv_leave(kv, NULL, rc == MDB_PANIC);
	return rc;
}

static struct kv_txn *kv_write_new(struct kv *kv, struct kv_txn *parent) {
	struct kv_txn *txn = mem_zalloc(sizeof *txn);
	txn->kv = kv;
	txn->write = true;
	txn->parent = parent;
	txn->root = parent ? parent->root : txn;
	txn->set_start = parent ? txn->root->spilled + buf_len(&txn->root->set) : 0;
	txn->undo_start = parent ? buf_len(&txn->root->undo) : 0;
	return txn;
}

/* takes write_lock when the journal has room: another writer may take the room while this one waits for the lock */
static int kv_write_lock(struct kv *kv) {
	for (;;) {
		int rc = kv_keeper_room(kv);
		if (rc)
			return rc;
		if (pthread_mutex_lock(&kv->write_lock) == EDEADLK)
			bug("two outermost write transactions in one thread");
		if (!kv_keeper_full(kv))
			return 0;
		pthread_mutex_unlock(&kv->write_lock);
	}
}

static int kv_begin_outermost(struct kv *kv, struct kv_txn **txn_r, struct fail *f) {
	int rc = kv_write_lock(kv);
	if (rc)
		return kv_fail(kv, "write begin", rc, f);
	struct kv_txn *txn = kv_write_new(kv, NULL);
	rc = kv_write_try(kv, txn);
	if (rc == MDB_PANIC)
		rc = kv_write_try(kv, txn);
	if (rc) {
		mem_free(txn);
		pthread_mutex_unlock(&kv->write_lock);
		return kv_fail(kv, "write begin", rc, f);
	}
	txn->room = kv_map_room(kv);
	*txn_r = txn;
	return 1;
}

/* one batch of the log applied in a transaction of its own */
static int kv_catch_up_one(void *arg, uint64_t batch, struct slice write_set) {
	struct kv *kv = arg;
	uint64_t at = atomic_load(&kv->batch);
	if (batch <= at)
		return 1;
	return batch == at + 1 ? kv_replay(kv, write_set, NULL) : ERR_CORRUPT;
}

/* The store must stand where the log ends before it may append. */
static int kv_catch_up(struct kv *kv, struct fail *f) {
	for (;;) {
		uint64_t tail, at = atomic_load(&kv->batch);
		int r = kv->log->ops->lock_tail(kv->log, &tail, f);
		if (r < 0 || tail == at)
			return r < 0 ? r : 1;
		/* a store ahead of its log has the wrong log: stop, never overwrite */
		if (tail < at)
			return fail_internal(f, "storage %s: batch %llu, but its log ends with %llu", kv->dir,
				(unsigned long long)at, (unsigned long long)tail);
		r = kv->log->ops->read(kv->log, at, kv_catch_up_one, kv, f);
		if (r < 0)
			return kv_fail_code(r, f);
		if (atomic_load(&kv->batch) == at)
			return fail_internal(f, "storage %s: the log does not give batch %llu", kv->dir,
				(unsigned long long)at + 1);
	}
}

int kv_write_begin(struct kv *kv, struct kv_txn *parent, struct kv_txn **txn_r, struct fail *f) {
	if (!parent) {
		int r = kv->capture ? kv_catch_up(kv, f) : 1;
		return r < 0 ? r : kv_begin_outermost(kv, txn_r, f);
	}
	if (parent->error)
		return kv_fail_code(parent->error, f);
	struct kv_txn *txn = kv_write_new(kv, parent);
	txn->mt = parent->mt;
	*txn_r = txn;
	return 1;
}

/* frees what is left of a write transaction when LMDB's half has ended */
static void kv_write_end(struct kv_txn *txn, bool panic) {
	struct kv *kv = txn->kv;
	bool outermost = !txn->parent;
	buf_free(&txn->set);
	buf_free(&txn->undo);
	mem_free(txn);
	if (!outermost)
		return;
	kv_leave(kv, NULL, panic);
	pthread_mutex_unlock(&kv->write_lock);
}

/* LMDB failed: the outermost transaction cannot go on, nor can anything in it */
static void kv_spoil(struct kv_txn *txn, int code) {
	for (; txn; txn = txn->parent)
		if (!txn->error)
			txn->error = code;
}

/* A record of the undo buffer: key, value, then lengths of both and whether there was a value, so that it can be read
 * from its end. */
struct kv_undo { uint32_t key_n, value_n; bool was; };

static void kv_undo_note(struct kv_txn *txn, struct slice key, const MDB_val *was) {
	struct kv_undo u = { .key_n = (uint32_t)key.n, .value_n = was ? (uint32_t)was->mv_size : 0, .was = was != NULL };
	struct buf *b = &txn->root->undo;
	char *p = buf_reserve(b, u.key_n + u.value_n + sizeof u);
	memcpy(p, key.p, u.key_n);
	if (u.value_n)
		memcpy(p + u.key_n, was->mv_data, u.value_n);
	memcpy(p + u.key_n + u.value_n, &u, sizeof u);
	buf_commit(b, u.key_n + u.value_n + sizeof u);
}

/* what the child changed is put back, last first */
static void kv_undo(struct kv_txn *txn) {
	struct buf *b = &txn->root->undo;
	txn->root->top_n = 0;                   /* a key that comes back may be greater */
	while (buf_len(b) > txn->undo_start) {
		struct kv_undo u;
		memcpy(&u, buf_bytes(b) + buf_len(b) - sizeof u, sizeof u);
		size_t at = buf_len(b) - sizeof u - u.value_n - u.key_n;
		char *p = buf_bytes(b) + at;
		MDB_val k = { u.key_n, p }, v = { u.value_n, p + u.key_n };
		int rc = txn->root->error ? 0 : u.was ? mdb_put(txn->mt, txn->kv->dbi, &k, &v, 0) :
			mdb_del(txn->mt, txn->kv->dbi, &k, NULL);
		if (rc)
			kv_spoil(txn, kv_fail(txn->kv, "undo", rc, NULL));
		buf_truncate(b, at);
	}
}

/* are its operations captured? In a replay they are somebody else's, and the log has them already. */
static bool kv_captures(const struct kv_txn *root) {
	return root->kv->journal || (root->kv->capture && !root->replay);
}

/* Where the next operation is noted: in the write set, or in the scratch buffer, as good a place for a copy. */
static struct buf *kv_capture(struct kv_txn *txn) {
	if (kv_captures(txn->root))
		return &txn->root->set;
	buf_reset(&txn->kv->scratch);
	return &txn->kv->scratch;
}

/* gives a write set that has grown large to the journal; LMDB's code */
static int kv_spill(struct kv_txn *txn) {
	struct kv_txn *root = txn->root;
	struct kv *kv = txn->kv;
	if (!kv->journal || kv->capture || buf_len(&root->set) <= JOURNAL_RECORD_MAX)
		return 0;
	int rc = journal_large_add(kv->journal, mdb_txn_id(root->mt), buf_slice(&root->set));
	if (rc)
		return rc;
	root->spilled += buf_len(&root->set);
	buf_reset(&root->set);
	return 0;
}

/* the write set back to its first n octets */
static void kv_set_cut(struct kv_txn *root, uint64_t n) {
	if (n >= root->spilled) {
		buf_truncate(&root->set, (size_t)(n - root->spilled));
		return;
	}
	journal_large_cut(root->kv->journal, n);
	buf_reset(&root->set);
	root->spilled = n;
}

static void kv_note_put(struct buf *to, struct slice key, struct slice value) {
	buf_addc(to, 'P');
	num_add_bytes(to, key);
	num_add_bytes(to, value);
}

void kv_abort(struct kv_txn **txn) {
	struct kv_txn *t = *txn;
	if (!t)
		return;
	*txn = NULL;
	if (!t->write)
		bug("kv_abort of a read transaction");
	kv_check_cursors(t);
	if (t->parent) {
		kv_undo(t);
		if (kv_captures(t->root))
			kv_set_cut(t->root, t->set_start);
	} else {
		kv_set_cut(t, 0);
		mdb_txn_abort(t->mt);
	}
	kv_write_end(t, false);
}

/* is the key behind all others? Then LMDB need not search, and leaves the page before it full. */
static bool kv_is_last(struct kv_txn *txn, struct slice key) {
	struct kv_txn *root = txn->root;
	MDB_cursor *c;
	MDB_val last, v;
	if (!root->top_n) {
		int rc = mdb_cursor_open(txn->mt, txn->kv->dbi, &c);
		if (rc)
			return false;
		if ((rc = mdb_cursor_get(c, &last, &v, MDB_LAST)) == 0)
			memcpy(root->top, last.mv_data, root->top_n = last.mv_size);
		mdb_cursor_close(c);
		if (rc && rc != MDB_NOTFOUND)
			return false;
	}
	if (root->top_n && slice_cmp(key, slice_of(root->top, root->top_n)) <= 0)
		return false;
	memcpy(root->top, key.p, root->top_n = key.n);
	return true;
}

int kv_put_raw(struct kv_txn *txn, struct slice key, struct slice value) {
	MDB_val k = { key.n, (void *)key.p }, v = { value.n, (void *)value.p };
	return mdb_put(txn->mt, txn->kv->dbi, &k, &v, kv_is_last(txn, key) ? MDB_APPEND : 0);
}

/* before LMDB commits an outermost transaction: move the batch id, append to the log */
static int kv_commit_log(struct kv_txn *txn, uint64_t *batch_r, struct fail *f) {
	struct kv *kv = txn->kv;
	uint64_t at = atomic_load(&kv->batch);
	char id[8];
	*batch_r = at;
	if (!txn->replay && (!kv->capture || buf_len(&txn->set) == 0))
		return 1;
	num_put64(id, at + 1);
	int rc = kv_put_raw(txn, kv_batch_key, slice_of(id, sizeof id));
	if (rc)
		return kv_fail(kv, "put", rc, f);
	*batch_r = at + 1;
	int r = txn->replay ? 1 : kv->log->ops->append(kv->log, at, at + 1, buf_slice(&txn->set), f);
	if (kv->journal)
		kv_note_put(&txn->set, kv_batch_key, slice_of(id, sizeof id));
	return r;
}

/* LMDB's half, after the journal's: 0, or LMDB's code with nothing written */
static int kv_commit_pages(struct kv_txn *t, bool first, bool *panic_r) {
	struct kv *kv = t->kv;
	bool journaled = kv->journal && !first;
	int rc = journaled ? journal_append(kv->journal, mdb_txn_id(t->mt), buf_slice(&t->set)) : 0;
	if (rc) {
		mdb_txn_abort(t->mt);
		return rc;
	}
	if (first)
		mdb_env_set_flags(kv->env, MDB_NOSYNC, 0); /* nothing holds its pages yet: LMDB writes them in its own order */
	rc = mdb_txn_commit(t->mt);
	if (first)
		mdb_env_set_flags(kv->env, MDB_NOSYNC, 1);
	bool stays = rc && journaled && journal_undo(kv->journal) != 0;
	*panic_r = rc == MDB_PANIC || stays;
	return rc;
}

/* is nothing in the store as it was committed last? */
static bool kv_rootless(struct kv *kv) {
	MDB_stat st;
	return mdb_env_stat(kv->env, &st) == 0 && st.ms_depth == 0;
}

static int kv_commit_outermost(struct kv_txn *t, struct fail *f) {
	struct kv *kv = t->kv;
	uint64_t batch = 0;
	int r = kv_commit_log(t, &batch, f);
	/* one after which there is a root is not for the journal: by the root a mark knows the store's file from another */
	bool panic = false, first = kv->journal && kv_rootless(kv);
	uint64_t number = mdb_txn_id(t->mt);
	if (r < 0 || (kv_captures(t) && !t->spilled && buf_len(&t->set) == 0)) {
		kv_abort(&t);           /* or nothing was changed */
		return r;
	}
	if (first)
		kv_set_cut(t, 0);
	int rc = kv_commit_pages(t, first, &panic);
	if (rc) {
		r = kv_fail(kv, "commit", rc, f);
		kv_keeper_tight(kv);
	} else {
		atomic_store(&kv->batch, batch);
		if (first)
			kv_keeper_first(kv, number);
		kv_keeper_note(kv);
	}
	unsigned opened = atomic_load(&kv->opened);
	kv_write_end(t, panic);
	if (rc || !first)
		return r;
	rc = kv_keeper_wait(kv);
	/* a checkpoint of a store that was opened anew meanwhile does not hold it */
	if (!rc && atomic_load(&kv->opened) != opened)
		rc = EIO;
	return rc ? kv_fail(kv, "commit", rc, f) : r;
}

int kv_commit(struct kv_txn **txn, struct fail *f) {
	struct kv_txn *t = *txn;
	int r = 1;
	if (!t->write)
		bug("kv_commit of a read transaction");
	kv_check_cursors(t);
	if (t->error)
		r = kv_fail_code(t->error, f);
	else if (kv_test_fails(t->kv))
		r = kv_fail_code(ERR_UNAVAILABLE, f);
	if (r < 0) {
		kv_abort(txn);
		return r;
	}
	*txn = NULL;
	if (!t->parent)
		return kv_commit_outermost(t, f);
	if (!t->parent->parent)
		buf_truncate(&t->root->undo, t->undo_start);   /* nobody is left who could want it back */
	kv_write_end(t, false);
	return 1;
}

uint64_t kv_batch(struct kv *kv) {
	return atomic_load(&kv->batch);
}

/* ---- operations ---- */

/* a get or cursor movement that failed */
static int kv_fail_read(struct kv_txn *txn, int rc) {
	if (txn->error)
		return txn->error;
	return kv_fail(txn->kv, "read", rc, NULL);
}

/* a put or del that failed: the transaction is spoilt */
static int kv_fail_write(struct kv_txn *txn, int rc) {
	if (!txn->error)
		kv_spoil(txn, kv_fail(txn->kv, "write", rc, NULL));
	if (rc == MDB_MAP_FULL)
		kv_keeper_tight(txn->kv);
	return txn->error;
}

static bool kv_key_fits(struct slice key) {
	return key.n > 0 && key.n <= KV_KEY_MAX && !slice_eq(key, kv_batch_key);
}

int kv_get(struct kv_txn *txn, struct slice key, struct slice *value_r) {
	if (!kv_key_fits(key))
		return 0;
	MDB_val k = { key.n, (void *)key.p }, v;
	int rc = mdb_get(txn->mt, txn->kv->dbi, &k, &v);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc)
		return kv_fail_read(txn, rc);
	if (value_r)
		*value_r = slice_of(v.mv_data, v.mv_size);
	return 1;
}

/* common to put and del; 1 or < 0 */
static int kv_write_check(struct kv_txn *txn) {
	if (!txn->write)
		bug("write in a read transaction");
	if (txn->error)
		return txn->error;
	if (kv_test_fails(txn->kv))
		return txn->error = ERR_UNAVAILABLE;
	return 1;
}

/* in a child: most keys are new, and for these the note costs nothing more */
static int kv_put_noted(struct kv_txn *txn, struct slice key, struct slice value) {
	MDB_val k = { key.n, (void *)key.p }, v = { value.n, (void *)value.p };
	int rc = mdb_put(txn->mt, txn->kv->dbi, &k, &v, MDB_NOOVERWRITE | (kv_is_last(txn, key) ? MDB_APPEND : 0));
	if (rc && rc != MDB_KEYEXIST)
		return rc;
	kv_undo_note(txn, key, rc ? &v : NULL);
	return rc ? kv_put_raw(txn, key, value) : 0;
}

/* Key and value may point into pages that the put itself moves about, so they are copied first: into the write set when
 * there is one, else into the scratch buffer. */
int kv_put(struct kv_txn *txn, struct slice key, struct slice value) {
	if (!kv_key_fits(key) || value.n > KV_VALUE_MAX)
		return ERR_TOOBIG;
	int r = kv_write_check(txn);
	if (r < 0)
		return r;
	if (!kv_map_takes(txn, key.n + value.n))
		return kv_fail_write(txn, MDB_MAP_FULL);
	int rc = kv_spill(txn);
	if (rc)
		return kv_fail_write(txn, rc);
	struct buf *to = kv_capture(txn);
	kv_note_put(to, key, value);
	const char *end = buf_bytes(to) + buf_len(to);
	struct slice v = slice_of(end - value.n, value.n), k = key;
	/* the key lies before the value and the value's length (1 to 3 bytes) */
	k.p = v.p - (value.n < 0x80 ? 1 : value.n < 0x4000 ? 2 : 3) - key.n;
	rc = txn->parent ? kv_put_noted(txn, k, v) : kv_put_raw(txn, k, v);
	return rc ? kv_fail_write(txn, rc) : 1;
}

int kv_del(struct kv_txn *txn, struct slice key) {
	if (!kv_key_fits(key))
		return 0;
	int r = kv_write_check(txn);
	if (r < 0)
		return r;
	MDB_val k = { key.n, (void *)key.p }, was;
	int rc = kv_spill(txn);
	if (!rc)
		rc = mdb_get(txn->mt, txn->kv->dbi, &k, &was);
	if (rc)
		return rc == MDB_NOTFOUND ? 0 : kv_fail_write(txn, rc);
	/* the key may lie in a page that the deletion moves about */
	struct buf *copy = &txn->kv->scratch;
	buf_reset(copy);
	buf_add_slice(copy, key);
	if (txn->parent)
		kv_undo_note(txn, key, &was);
	k.mv_data = buf_bytes(copy);
	if ((rc = mdb_del(txn->mt, txn->kv->dbi, &k, NULL)) != 0)
		return kv_fail_write(txn, rc);
	if (kv_captures(txn->root)) {
		buf_addc(&txn->root->set, 'D');
		num_add_bytes(&txn->root->set, buf_slice(copy));
	}
	return 1;
}

/* ---- cursors ---- */

int kv_cursor_open(struct kv_txn *txn, struct kv_cursor **c_r) {
	struct kv_cursor *c = txn->idle;
	int rc;
	if (c) {
		txn->idle = c->next;
		rc = mdb_cursor_renew(txn->mt, c->mc);
	} else {
		c = mem_zalloc(sizeof *c);
		c->txn = txn;
		rc = mdb_cursor_open(txn->mt, txn->kv->dbi, &c->mc);
	}
	if (rc) {
		if (c->mc)
			mdb_cursor_close(c->mc);
		mem_free(c);
		return kv_fail_read(txn, rc);
	}
	txn->open_cursors++;
	*c_r = c;
	return 1;
}

void kv_cursor_close(struct kv_cursor **cursor) {
	struct kv_cursor *c = *cursor;
	if (!c)
		return;
	*cursor = NULL;
	c->txn->open_cursors--;
	if (c->txn->write) {
		/* every cursor of a write transaction makes its puts slower: none is kept */
		mdb_cursor_close(c->mc);
		mem_free(c);
	} else {
		c->next = c->txn->idle;
		c->txn->idle = c;
	}
}

/* moves; then on in direction `on` while the reserved key is under the cursor */
static int kv_move(struct kv_cursor *c, MDB_val *k, MDB_cursor_op op, MDB_cursor_op on, struct slice *key_r,
		struct slice *value_r) {
	MDB_val v;
	int rc = mdb_cursor_get(c->mc, k, &v, op);
	while (rc == 0 && slice_eq(slice_of(k->mv_data, k->mv_size), kv_batch_key))
		rc = mdb_cursor_get(c->mc, k, &v, on);
	if (rc == MDB_NOTFOUND)
		return 0;
	if (rc)
		return kv_fail_read(c->txn, rc);
	if (key_r)
		*key_r = slice_of(k->mv_data, k->mv_size);
	if (value_r)
		*value_r = slice_of(v.mv_data, v.mv_size);
	return 1;
}

int kv_seek(struct kv_cursor *c, struct slice key, struct slice *key_r, struct slice *value_r) {
	MDB_val k = { key.n, (void *)key.p };
	return kv_move(c, &k, key.n ? MDB_SET_RANGE : MDB_FIRST, MDB_NEXT, key_r, value_r);
}

int kv_seek_before(struct kv_cursor *c, struct slice key, struct slice *key_r, struct slice *value_r) {
	MDB_val k = { key.n, (void *)key.p }, v;
	if (key.n == 0)
		return 0;
	int rc = mdb_cursor_get(c->mc, &k, &v, MDB_SET_RANGE);
	if (rc && rc != MDB_NOTFOUND)
		return kv_fail_read(c->txn, rc);
	return kv_move(c, &k, rc ? MDB_LAST : MDB_PREV, MDB_PREV, key_r, value_r);
}

int kv_next(struct kv_cursor *c, struct slice *key_r, struct slice *value_r) {
	MDB_val k;
	return kv_move(c, &k, MDB_NEXT, MDB_NEXT, key_r, value_r);
}

int kv_prev(struct kv_cursor *c, struct slice *key_r, struct slice *value_r) {
	MDB_val k;
	return kv_move(c, &k, MDB_PREV, MDB_PREV, key_r, value_r);
}

/* ---- write sets ---- */

/* gives the operations to the callback: put with a value, delete without (its p is NULL); its result, or ERR_CORRUPT */
static int kv_each_op(struct slice set, int (*each)(struct kv_txn *txn, struct slice key, const struct slice *value),
	struct kv_txn *txn) {
	struct slice key, value;
	while (set.n) {
		char op = *set.p;
		set = slice_from(set, 1);
		if ((op != 'P' && op != 'D') || !num_take_bytes(&set, &key) || (op == 'P' && !num_take_bytes(&set, &value)))
			return ERR_CORRUPT;
		int r = each(txn, key, op == 'P' ? &value : NULL);
		if (r < 0)
			return r;
	}
	return 1;
}

static int kv_replay_op(struct kv_txn *txn, struct slice key, const struct slice *value) {
	return value ? kv_put(txn, key, *value) : kv_del(txn, key);
}

static int kv_apply_op(struct kv_txn *txn, struct slice key, const struct slice *value) {
	MDB_val k = { key.n, (void *)key.p };
	int rc = value ? kv_put_raw(txn, key, *value) : mdb_del(txn->mt, txn->kv->dbi, &k, NULL);
	txn->error = rc == MDB_NOTFOUND ? MDB_CORRUPTED : rc;
	return rc ? -1 : 1;
}

int kv_apply(struct kv_txn *txn, struct slice set) {
	int r = kv_each_op(set, kv_apply_op, txn);
	return r > 0 ? 0 : r == ERR_CORRUPT && !txn->error ? MDB_CORRUPTED : txn->error;
}

int kv_replay(struct kv *kv, struct slice write_set, struct fail *f) {
	struct kv_txn *txn;
	int r = kv_begin_outermost(kv, &txn, f);
	if (r < 0)
		return r;
	txn->replay = true;
	r = kv_each_op(write_set, kv_replay_op, txn);
	if (r < 0) {
		kv_abort(&txn);
		return kv_fail_code(r, f);
	}
	return kv_commit(&txn, f);
}
