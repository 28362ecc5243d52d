/* Transactions are objects from a pool: the kv transaction under them is pooled too, so beginning and ending a read
 * costs two short spin locks. An object keeps its own arena while it rests in the pool; children use their outermost
 * parent's arena and change list.
 *
 * Schema: M "schema" holds the version as u32. A store of another version is refused: versions 1 and 2 were never
 * released. Creation writes version, secret and the anonymous author in one transaction. */
#include "forumd/forum/forum.h"
#include <sched.h>
#include "forumd/base/clock.h"
#include "forumd/base/rnd.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/member.h"
#include "forumd/forum/rights.h"

enum { FORUM_SCHEMA = 3, FORUM_CHANGES_KEEP = 4096, FORUM_MEMO_MAX = 1 << 20 };

static void forum_lock(struct forum *f) {
	while (atomic_flag_test_and_set_explicit(&f->pool_lock, memory_order_acquire))
		sched_yield();
}

static void forum_unlock(struct forum *f) {
	atomic_flag_clear_explicit(&f->pool_lock, memory_order_release);
}

static void forum_memo_drop(struct forum_txn *t) {
	t->author_memo = NULL;
	arena_reset(t->memo_arena);
}

static struct forum_txn *forum_txn_take(struct forum *f) {
	forum_lock(f);
	struct forum_txn *t = f->pool;
	if (t)
		f->pool = t->pool_next;
	forum_unlock(f);
	if (!t) {
		t = mem_zalloc(sizeof *t);
		t->own_arena = arena_new();
		t->memo_arena = arena_new();
	}
	atomic_fetch_add_explicit(&f->open_txns, 1, memory_order_relaxed);
	t->forum = f;
	return t;
}

static void forum_txn_give(struct forum_txn **tp) {
	struct forum_txn *t = *tp;
	struct forum *f = t->forum;
	*tp = NULL;
	if (!t->parent)
		arena_reset(t->own_arena);
	if (t->changes.cap > FORUM_CHANGES_KEEP)
		vec_free(&t->changes);
	t->changes.n = 0;
	vec_free(&t->erased);
	t->kv = NULL;
	t->parent = NULL;
	t->arena = NULL;
	if (t->write || arena_size(t->memo_arena) > FORUM_MEMO_MAX)
		forum_memo_drop(t);
	t->origin = 0;
	atomic_fetch_sub_explicit(&f->open_txns, 1, memory_order_relaxed);
	forum_lock(f);
	t->pool_next = f->pool;
	f->pool = t;
	forum_unlock(f);
}

/* Texts are cached under the numbers of their posts, which come again when the store was opened anew after a fatal error
 * without its last commits, and so may locks. Whoever comes first empties the cache; who comes at the same time does it
 * once more. */
static void forum_life_check(struct forum_txn *t) {
	unsigned life = kv_life(t->kv);
	if (atomic_load_explicit(&t->forum->texts_life, memory_order_acquire) == life)
		return;
	ring_cache_clear(t->forum->texts);
	rights_locks_changed();
	atomic_store_explicit(&t->forum->texts_life, life, memory_order_release);
}

int forum_read_begin(struct forum *forum, struct forum_txn **t_r, struct fail *f) {
	struct forum_txn *t = forum_txn_take(forum);
	t->texts_age = ring_cache_age(forum->texts);
	int r = kv_read_begin(forum->kv, &t->kv, f);
	if (r < 0) {
		forum_txn_give(&t);
		return r;
	}
	forum_life_check(t);
	t->arena = t->own_arena;
	t->write = false;
	t->time = clock_now();
	uint64_t snapshot = kv_snapshot(t->kv);
	if (t->memo_snapshot != snapshot)
		forum_memo_drop(t);
	t->memo_snapshot = snapshot;
	*t_r = t;
	return 1;
}

void forum_read_end(struct forum_txn **t) {
	if (!*t)
		return;
	kv_cursor_close(&(*t)->walk);
	kv_read_end(&(*t)->kv);
	forum_txn_give(t);
}

int forum_write_begin(struct forum *forum, struct forum_txn *parent, struct forum_txn **t_r, struct fail *f) {
	struct forum_txn *t = forum_txn_take(forum);
	int r = kv_write_begin(forum->kv, parent ? parent->kv : NULL, &t->kv, f);
	if (r < 0) {
		forum_txn_give(&t);
		return r;
	}
	forum_life_check(t);
	forum_memo_drop(t);
	t->write = true;
	t->parent = parent;
	if (parent) {
		t->arena = parent->arena;
		t->time = parent->time;
		t->origin = parent->origin;
	} else {
		t->arena = t->own_arena;
		t->time = clock_now();
	}
	t->change_mark = forum_root(t)->changes.n;
	*t_r = t;
	return 1;
}

static void forum_undo_changes(struct forum_txn *t) {
	forum_root(t)->changes.n = t->change_mark;
	author_memo_drop(t);
}

/* what nobody may read any more does not stay in memory either */
static void forum_forget_texts(struct forum_txn *t) {
	for (size_t i = 0; i < t->changes.n; i++)
		if (t->changes.v[i].kind == CHANGE_GONE)
			post_forget_texts(t, t->changes.v[i].post);
	for (size_t i = 0; i < t->erased.n; i++)
		post_forget_texts(t, t->erased.v[i]);
}

void forum_erased(struct forum_txn *t, uint64_t post) {
	post_forget_texts(t, post);
	vec_push(&forum_root(t)->erased, post);
}

int forum_commit(struct forum_txn **t, struct fail *f) {
	int r = kv_commit(&(*t)->kv, f);
	if (r < 0) {
		rights_locks_changed();
		forum_undo_changes(*t);
	} else if (!(*t)->parent) {
		forum_forget_texts(*t);
	}
	forum_txn_give(t);
	return r < 0 ? r : 1;
}

void forum_abort(struct forum_txn **t) {
	if (!*t)
		return;
	kv_abort(&(*t)->kv);
	rights_locks_changed();         /* the numbers of its posts will be others', and locks that it took away hold */
	forum_undo_changes(*t);
	forum_txn_give(t);
}

struct forum *forum_of(struct forum_txn *t) {
	return t->forum;
}

struct arena *forum_arena(struct forum_txn *t) {
	return t->arena;
}

int64_t forum_time(struct forum_txn *t) {
	return t->time;
}

const struct change *forum_changes(struct forum_txn *t, size_t *n_r) {
	struct forum_txn *root = forum_root(t);
	*n_r = root->changes.n;
	return root->changes.v;
}

void forum_set_origin(struct forum_txn *t, uint64_t session) {
	t->origin = session;
}

void forum_tell_own(struct forum_txn *t, uint32_t member, uint32_t group) {
	forum_change_add(t, (struct change){ .kind = CHANGE_OWN, .member = member, .group = group });
}

void forum_change_add(struct forum_txn *t, struct change c) {
	c.origin = t->origin;
	vec_push(&forum_root(t)->changes, c);
}

int forum_get(struct forum_txn *t, struct slice key, struct slice *value_r) {
	int r = kv_get(t->kv, key, value_r);
	if (r > 0 && t->write)
		*value_r = arena_slice(t->arena, *value_r);
	return r;
}

int forum_walk_get(struct forum_txn *t, struct slice key, struct slice *value_r) {
	struct slice found;
	int r = 1;
	if (t->write)
		return forum_get(t, key, value_r);
	if (!t->walk)
		r = kv_cursor_open(t->kv, &t->walk);
	if (r > 0)
		r = kv_seek(t->walk, key, &found, value_r);
	return r > 0 && !slice_eq(found, key) ? 0 : r;
}

static int forum_write_failed(struct fail *f, int r) {
	if (r == ERR_UNAVAILABLE)
		return fail_set(f, ERR_UNAVAILABLE, "the store cannot take writes now, try again later");
	if (r == ERR_TOOBIG)
		return fail_set(f, ERR_TOOBIG, "a record would become too big");
	return fail_internal(f, "storage: %s", err_name(r));
}

int forum_put(struct forum_txn *t, struct slice key, struct slice value, struct fail *f) {
	int r = kv_put(t->kv, key, value);
	return r < 0 ? forum_write_failed(f, r) : 1;
}

int forum_del(struct forum_txn *t, struct slice key, struct fail *f) {
	int r = kv_del(t->kv, key);
	return r < 0 ? forum_write_failed(f, r) : r;
}

int forum_meta_get(struct forum_txn *t, const char *name, struct slice *value_r) {
	struct key k = key_name('M', slice_str(name));
	return forum_get(t, key_slice(&k), value_r);
}

int forum_meta_put(struct forum_txn *t, const char *name, struct slice value) {
	struct key k = key_name('M', slice_str(name));
	return forum_put(t, key_slice(&k), value, NULL);
}

/* Counters stand before the first group, so that a post writes the page of its group and no other one for its id. */
static struct key forum_counter_key(const char *counter) {
	struct key k = key_1u32('G', 0);
	key_bytes(&k, slice_str(counter));
	return k;
}

/* the last number given; 0 none yet */
static int forum_counter(struct forum_txn *t, const struct key *k, uint64_t *n_r) {
	struct slice v;
	int r = kv_get(t->kv, key_slice(k), &v);
	if (r > 0 && v.n != 8)
		return ERR_CORRUPT;
	*n_r = r > 0 ? num_get64(v.p) : 0;
	return r < 0 ? r : 1;
}

int64_t forum_next_id(struct forum_txn *t, const char *counter) {
	struct key k = forum_counter_key(counter);
	uint64_t n;
	char b[8];
	int r = forum_counter(t, &k, &n);
	if (r < 0)
		return r;
	num_put64(b, ++n);
	r = forum_put(t, key_slice(&k), slice_of(b, 8), NULL);
	return r < 0 ? r : (int64_t)n;
}

uint64_t forum_rights_epoch(struct forum_txn *t) {
	struct key k = forum_counter_key("rights");
	uint64_t n;
	return forum_counter(t, &k, &n) > 0 ? n : 0;
}

int forum_rights_changed(struct forum_txn *t) {
	int64_t epoch = forum_next_id(t, "rights");
	return epoch < 0 ? (int)epoch : 1;
}

struct slice forum_secret(struct forum_txn *t) {
	struct slice v;
	if (forum_meta_get(t, "secret", &v) <= 0 || v.n != 32)
		bug("the store has no secret");    /* forum_open() proved it */
	return v;
}

static int forum_create(struct forum_txn *t) {
	char version[4], secret[32];
	num_put32(version, FORUM_SCHEMA);
	rnd_bytes(secret, sizeof secret);
	int r = forum_meta_put(t, "schema", slice_of(version, sizeof version));
	if (r > 0)
		r = forum_meta_put(t, "secret", slice_of(secret, sizeof secret));
	if (r > 0 && member_anonymous(t) == 0)
		r = ERR_UNAVAILABLE;
	return r;
}

/* 1 right version, 0 empty store, < 0 */
static int forum_check_schema(struct forum_txn *t, struct fail *f) {
	struct slice v;
	int r = forum_meta_get(t, "schema", &v);
	if (r < 0)
		return fail_internal(f, "storage: %s", err_name(r));
	if (r > 0) {
		if (v.n != 4 || num_get32(v.p) != FORUM_SCHEMA)
			return fail_set(f, ERR_CORRUPT,
				"the store has schema version %u, this program knows %d: export with the program "
				"that wrote it, and import",
				v.n == 4 ? num_get32(v.p) : 0, FORUM_SCHEMA);
		if (forum_meta_get(t, "secret", &v) <= 0 || v.n != 32)
			return fail_set(f, ERR_CORRUPT, "the store has lost its secret");
		return 1;
	}
	struct kv_cursor *c;
	struct slice key;
	if ((r = kv_cursor_open(t->kv, &c)) < 0)
		return fail_internal(f, "storage: %s", err_name(r));
	r = kv_seek(c, slice_of("", 1), &key, &v);
	kv_cursor_close(&c);
	if (r != 0)
		return fail_set(f, ERR_CORRUPT, "the directory holds something that is not a forum store");
	return 0;
}

static int forum_prepare(struct forum *forum, bool read_only, struct fail *f) {
	struct forum_txn *t;
	int r = forum_read_begin(forum, &t, f);
	if (r < 0)
		return r;
	r = forum_check_schema(t, f);
	forum_read_end(&t);
	if (r != 0)
		return r;
	if (read_only)
		return fail_set(f, ERR_NOTFOUND, "there is no forum store yet");
	if ((r = forum_write_begin(forum, NULL, &t, f)) < 0)
		return r;
	if ((r = forum_create(t)) < 0) {
		forum_abort(&t);
		return fail_set(f, r, "the new store cannot be written");
	}
	return forum_commit(&t, f);
}

int forum_open(const char *path, const struct forum_options *o, struct forum **forum_r, struct fail *f) {
	size_t n = strlen(o->domain);
	struct forum *forum = mem_zalloc(sizeof *forum);
	if (n == 0 || n >= sizeof forum->domain) {
		mem_free(forum);
		return fail_set(f, ERR_INVALID, "the domain must have 1 to 255 characters");
	}
	memcpy(forum->domain, o->domain, n + 1);
	forum->domain_slice = slice_of(forum->domain, n);
	atomic_flag_clear(&forum->pool_lock);
	forum->texts = ring_cache_new(o->text_cache);
	struct kv_options opt = {
		.map_size = o->map_size, .max_readers = o->max_readers, .read_only = o->read_only, .no_sync = o->no_sync,
	};
	int r = kv_open(path, &opt, &forum->kv, f);
	if (r > 0)
		r = forum_prepare(forum, o->read_only, f);
	if (r < 0) {
		forum_close(&forum);
		return r;
	}
	rights_locks_changed();                 /* another one may have been at this address */
	*forum_r = forum;
	return 1;
}

void forum_close(struct forum **forum) {
	struct forum *f = *forum;
	if (!f)
		return;
	if (atomic_load(&f->open_txns))
		bug("store closed with %d open transactions", atomic_load(&f->open_txns));
	for (struct forum_txn *t = f->pool, *next; t; t = next) {
		next = t->pool_next;
		arena_free(&t->own_arena);
		arena_free(&t->memo_arena);
		vec_free(&t->changes);
		mem_free(t);
	}
	ring_cache_free(&f->texts);
	kv_close(&f->kv);
	mem_free(f);
	*forum = NULL;
}

const char *forum_domain(const struct forum *f) {
	return f->domain;
}

int forum_info(struct forum *forum, struct forum_info *info_r, struct fail *f) {
	struct kv_info i;
	struct forum_txn *t;
	int r = kv_info(forum->kv, &i, f);
	if (r < 0 || (r = forum_read_begin(forum, &t, f)) < 0)
		return r;
	*info_r = (struct forum_info){
		.used_bytes = i.used_bytes, .map_size = i.map_size, .entries = i.entries, .free_disk_bytes = i.free_disk_bytes,
		.readers = i.readers, .oldest_reader_lag = i.oldest_reader_lag,
	};
	struct key k = forum_counter_key("post");
	r = forum_counter(t, &k, &info_r->posts);
	forum_read_end(&t);
	return r < 0 ? fail_internal(f, "the counter of posts: %s", err_name((enum err)r)) : 1;
}

int forum_sweep_readers(struct forum *forum) {
	return kv_sweep_readers(forum->kv);
}

int forum_backup(struct forum *forum, const char *file, struct fail *f) {
	return kv_copy_to(forum->kv, file, f);
}

void forum_test_fail_after(struct forum *forum, int n) {
	kv_test_fail_after(forum->kv, n);
}
