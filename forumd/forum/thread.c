/* The tree, kept while posts arrive in any order; thread_read.c reads it.
 *
 * Evidence of a post: the ids it cites, nearest first: In-Reply-To, then References from last to first; at most
 * THREAD_NEAR, and the very first reference (the root). The parent is the nearest one that is in the tree and shares a
 * group. The nearest ids before it that nobody has are watched (W): when one of them arrives, the waiting post moves
 * below it. Invariant: the ranks a post waits with are all better than the rank of its present parent.
 *
 * Thread numbers are post ids. A watched id also gets a ghost (w): all posts that cite it share the thread named there,
 * and the post with that id joins it when it comes. So a late parent finds its children in its own thread and nothing
 * is re-keyed. Two threads that turn out to be one are merged by re-keying the smaller; the emptied number stays as a
 * forwarding record T (thread, 0) -> thread, because ghosts and clients may still know it. Chains of forwarding are as
 * long as the logarithm of the thread's size.
 *
 * A post is in the tree when it has its T record: pending posts are not, nor are those a rebuild has not come to yet. A
 * post in a group the citing post is not in is treated like one that does not exist. */
#include <stdlib.h>
#include "forumd/base/digest.h"
#include "forumd/forum/replace.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/thread_private.h"
#include "forumd/forum/watch.h"

enum {
	THREAD_NEAR = 16, THREAD_EVIDENCE = THREAD_NEAR + 1, THREAD_WATCH = 8, THREAD_IRT = 4, THREAD_FORWARDS = 64,
};

struct thread_cite { struct slice id; unsigned char digest[16]; enum parent_reason reason; };
struct thread_evidence { struct thread_cite v[THREAD_EVIDENCE]; uint8_t n; };

/* the post being placed, or given a new place */
struct thread_post {
	uint64_t id, parent, thread;
	struct slice message_id;
	const struct place *places;
	size_t nplaces;
};
struct thread_child { uint64_t id, thread; uint8_t rank; bool loop; };

/* --- evidence --- */

static void thread_cite(struct thread_evidence *e, struct slice id, struct slice own, enum parent_reason reason) {
	if (id.n < 3 || slice_eq(id, own))
		return;
	for (unsigned i = 0; i < e->n; i++)
		if (slice_eq(e->v[i].id, id))
			return;
	struct thread_cite *c = &e->v[e->n++];
	c->id = id;
	c->reason = reason;
	digest_id(id, c->digest);
}

/* the last "<...>" of *s, which is cut before it */
static bool thread_last_id(struct slice *s, struct slice *id_r) {
	ptrdiff_t end = slice_rchr(*s, '>');
	if (end < 0)
		return false;
	ptrdiff_t start = slice_rchr(slice_to(*s, (size_t)end), '<');
	if (start < 0)
		return false;
	*id_r = slice_sub(*s, (size_t)start, (size_t)(end - start) + 1);
	*s = slice_to(*s, (size_t)start);
	return true;
}

static bool thread_first_id(struct slice *s, struct slice *id_r) {
	ptrdiff_t start = slice_chr(*s, '<');
	if (start < 0)
		return false;
	*s = slice_from(*s, (size_t)start);
	ptrdiff_t end = slice_chr(*s, '>');
	if (end < 0)
		return false;
	*id_r = slice_to(*s, (size_t)end + 1);
	*s = slice_from(*s, (size_t)end + 1);
	return true;
}

static void thread_evidence(struct slice own, struct slice in_reply_to, struct slice references,
	struct thread_evidence *e) {
	struct slice id, rest = in_reply_to;
	e->n = 0;
	for (int i = 0; i < THREAD_IRT && thread_first_id(&rest, &id); i++)
		thread_cite(e, id, own, PARENT_IN_REPLY_TO);
	rest = references;
	while (e->n < THREAD_NEAR && thread_last_id(&rest, &id))
		thread_cite(e, id, own, PARENT_REFERENCES);
	if (thread_first_id(&rest, &id))
		thread_cite(e, id, own, PARENT_REFERENCES);
}

/* --- records --- */

static int thread_put64(struct forum_txn *t, const struct key *k, uint64_t v) {
	char b[8];
	num_put64(b, v);
	return forum_put(t, key_slice(k), slice_of(b, 8), NULL);
}

static int thread_get64(struct forum_txn *t, const struct key *k, uint64_t *v_r) {
	struct slice v;
	int r = kv_get(t->kv, key_slice(k), &v);
	if (r > 0 && v.n != 8)
		return ERR_CORRUPT;
	if (r > 0)
		*v_r = num_get64(v.p);
	return r;
}

static int thread_del(struct forum_txn *t, const struct key *k) {
	int r = forum_del(t, key_slice(k), NULL);
	return r < 0 ? r : 1;
}

static int thread_put_child(struct forum_txn *t, uint64_t parent, uint64_t child) {
	struct key k = key_2u64('C', parent, child);
	return forum_put(t, key_slice(&k), SLICE(""), NULL);
}

static int thread_del_child(struct forum_txn *t, uint64_t parent, uint64_t child) {
	struct key k = key_2u64('C', parent, child);
	return thread_del(t, &k);
}

static struct key thread_key_digest(char family, uint32_t group, const unsigned char *digest) {
	struct key k = key_1u32(family, group);
	key_bytes(&k, slice_of(digest, 16));
	return k;
}

static struct key thread_key_wait(uint32_t group, const unsigned char *digest, uint64_t post) {
	struct key k = thread_key_digest('W', group, digest);
	key_u64(&k, post);
	return k;
}

int thread_resolve(struct forum_txn *t, uint64_t *thread) {
	for (int i = 0; i < THREAD_FORWARDS; i++) {
		struct key k = key_2u64('T', *thread, 0);
		int r = thread_get64(t, &k, thread);
		if (r <= 0)
			return r < 0 ? r : 1;
	}
	return ERR_CORRUPT;
}

bool thread_shares_group(struct slice record, const struct place *places, size_t n) {
	for (uint32_t i = 0; i < post_record_places(record); i++)
		for (size_t j = 0; j < n; j++)
			if (post_record_place(record, i).group == places[j].group)
				return true;
	return false;
}

/* 1 the post is in the tree and shares a group: it may be a parent */
static int thread_candidate(struct forum_txn *t, uint64_t id, const struct thread_place_in *in, uint64_t *thread_r) {
	struct key k = key_1u64(KEY_POST, id);
	struct slice v;
	uint64_t parent;
	if (id == in->post)
		return 0;
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r <= 0)
		return r;
	if (v.n < POST_FIXED || v.n < POST_FIXED + 8 * (size_t)post_record_places(v))
		return ERR_CORRUPT;
	if (!(in->archive && id == in->reply_to) && !thread_shares_group(v, in->places, in->nplaces))
		return 0;
	*thread_r = num_get64(v.p + POST_THREAD);
	k = key_2u64('T', *thread_r, id);
	return *thread_r ? thread_get64(t, &k, &parent) : 0;
}

/* --- changing a post that is in the tree already --- */

struct thread_change {
	uint64_t post, parent, thread;
	enum parent_reason reason;
	bool reparent;     /* false: only the thread number changes */
};

/* P and all O records; a changed parent is a change readers are told about */
static int thread_rewrite(struct forum_txn *t, const struct thread_change *c) {
	struct buf copy = { 0 };
	int r = post_edit(t, c->post, &copy);
	if (r == 0)
		r = ERR_CORRUPT;
	struct overview_patch o = { .state = -1, .tree_set = true, .thread = c->thread };
	bool visible = false;
	if (r > 0) {
		num_put64(copy.data + POST_THREAD, c->thread);
		if (c->reparent) {
			rights_locks_changed();
			num_put64(copy.data + POST_PARENT, c->parent);
			copy.data[POST_REASON] = (char)c->reason;
		}
		o.parent = num_get64(copy.data + POST_PARENT);
		o.reason = (enum parent_reason)copy.data[POST_REASON];
		visible = copy.data[POST_STATE] == POST_VISIBLE;
		r = post_edit_end(t, c->post, &copy, NULL);
	}
	uint32_t n = r > 0 ? post_record_places(buf_slice(&copy)) : 0;
	for (uint32_t i = 0; i < n && r > 0; i++) {
		struct place at = post_record_place(buf_slice(&copy), i);
		int64_t modseq = c->reparent && visible ? group_bump(t, at.group, at.number, CHANGE_STATE, c->post) : 0;
		o.group = at.group;
		o.number = at.number;
		o.modseq = modseq > 0 ? (uint64_t)modseq : 0;
		r = modseq < 0 ? (int)modseq : overview_patch(t, &o, NULL);
	}
	buf_free(&copy);
	return r;
}

/* no longer waiting for ids of that rank and worse */
static int thread_stop_waiting(struct forum_txn *t, const struct post *p, const struct thread_evidence *e,
	unsigned rank) {
	for (unsigned i = rank; i < e->n; i++)
		for (size_t j = 0; j < p->nplaces; j++) {
			struct key k = thread_key_wait(p->places[j].group, e->v[i].digest, p->id);
			int r = thread_del(t, &k);
			if (r < 0)
				return r;
		}
	return 1;
}

/* --- merging --- */

/* 1 when thread a has fewer posts than b; walks both only as far as the smaller goes */
static int thread_is_smaller(struct forum_txn *t, uint64_t a, uint64_t b) {
	struct key ka = key_2u64('T', a, 0), kb = key_2u64('T', b, 0);
	struct kv_cursor *ca = NULL, *cb = NULL;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &ca), q = 0;
	if (r >= 0)
		r = kv_cursor_open(t->kv, &cb);
	bool smaller = false;
	if (r >= 0) {
		r = kv_seek(ca, key_slice(&ka), &key, &v);
		bool in_a = r > 0 && key_has_prefix(key, &ka, 9);
		q = kv_seek(cb, key_slice(&kb), &key, &v);
		bool in_b = q > 0 && key_has_prefix(key, &kb, 9);
		while (in_a && in_b) {
			r = kv_next(ca, &key, &v);
			in_a = r > 0 && key_has_prefix(key, &ka, 9);
			q = kv_next(cb, &key, &v);
			in_b = q > 0 && key_has_prefix(key, &kb, 9);
		}
		smaller = !in_a;
	}
	if (ca)
		kv_cursor_close(&ca);
	if (cb)
		kv_cursor_close(&cb);
	return r < 0 ? r : q < 0 ? q : smaller;
}

int thread_list(struct forum_txn *t, uint64_t thread, size_t max, struct thread_ids *posts,
	struct thread_ids *parents) {
	struct key k = key_2u64('T', thread, 1);
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	for (r = kv_seek(c, key_slice(&k), &key, &v); r > 0 && posts->n < max; r = kv_next(c, &key, &v)) {
		if (!key_has_prefix(key, &k, 9))
			break;
		if (key.n != 17 || v.n != 8) {
			r = ERR_CORRUPT;
			break;
		}
		vec_push(posts, num_get64(key.p + 9));
		if (parents)
			vec_push(parents, num_get64(v.p));
	}
	kv_cursor_close(&c);
	return r < 0 ? r : 1;
}

/* posts[i] go from one thread to another */
static int thread_rekey(struct forum_txn *t, const struct thread_ids *posts, const struct thread_ids *parents,
	uint64_t from, uint64_t to) {
	for (size_t i = 0; i < posts->n; i++) {
		struct key old = key_2u64('T', from, posts->v[i]), new = key_2u64('T', to, posts->v[i]);
		struct thread_change c = { .post = posts->v[i], .thread = to };
		int r;
		if ((r = thread_del(t, &old)) < 0 || (r = thread_put64(t, &new, parents->v[i])) < 0 ||
				(r = thread_rewrite(t, &c)) < 0)
			return r;
	}
	return 1;
}

static int thread_forward(struct forum_txn *t, uint64_t from, uint64_t to) {
	struct key k = key_2u64('T', from, 0);
	return thread_put64(t, &k, to);
}

/* *thread and other become one: *thread 0 takes other as it is */
static int thread_join(struct forum_txn *t, uint64_t *thread, uint64_t other) {
	struct thread_ids posts = { 0 }, parents = { 0 };
	int r = thread_resolve(t, &other);
	if (r > 0 && *thread)
		r = thread_resolve(t, thread);
	if (r < 0 || *thread == other)
		return r;
	if (*thread == 0) {
		*thread = other;
		return 1;
	}
	r = thread_is_smaller(t, *thread, other);
	uint64_t from = r > 0 ? *thread : other, to = r > 0 ? other : *thread;
	if (r >= 0 && (r = thread_list(t, from, SIZE_MAX, &posts, &parents)) > 0 &&
			(r = thread_rekey(t, &posts, &parents, from, to)) > 0)
		r = thread_forward(t, from, to);
	if (r > 0)
		r = watch_merge(t, from, to) < 0 ? ERR_UNAVAILABLE : 1;
	vec_free(&posts);
	vec_free(&parents);
	*thread = to;
	return r;
}

static int thread_join_ghost(struct forum_txn *t, uint32_t group, const unsigned char *digest, uint64_t *thread) {
	struct key k = thread_key_digest('w', group, digest);
	uint64_t other;
	int r = thread_get64(t, &k, &other);
	return r > 0 ? thread_join(t, thread, other) : r;
}

/* --- adopting --- */

struct thread_children { struct thread_child *v; size_t n, cap; };

static int thread_child_order(const void *a, const void *b) {
	const struct thread_child *x = a, *y = b;
	return x->id < y->id ? -1 : x->id > y->id;
}

/* one group's posts that wait for the id, whose digest is given */
static int thread_waiting_in(struct forum_txn *t, uint32_t group, const unsigned char *digest, uint64_t self,
	struct thread_children *out) {
	struct key k = thread_key_digest('W', group, digest);
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	for (r = kv_seek(c, key_slice(&k), &key, &v); r > 0 && key_has_prefix(key, &k, k.n); r = kv_next(c, &key, &v)) {
		if (key.n != k.n + 8 || v.n != 1) {
			r = ERR_CORRUPT;
			break;
		}
		if (num_get64(key.p + k.n) != self)
			vec_push(out, (struct thread_child){ .id = num_get64(key.p + k.n), .rank = (uint8_t)v.p[0] });
	}
	kv_cursor_close(&c);
	return r < 0 ? r : 1;
}

/* every child once, with its thread */
static int thread_waiting(struct forum_txn *t, const struct thread_post *x, const unsigned char *digest,
	struct thread_children *out) {
	int r = 1;
	for (size_t i = 0; i < x->nplaces && r > 0; i++)
		r = thread_waiting_in(t, x->places[i].group, digest, x->id, out);
	if (r < 0 || out->n == 0)
		return r;
	qsort(out->v, out->n, sizeof *out->v, thread_child_order);
	size_t n = 0;
	for (size_t i = 0; i < out->n; i++)
		if (n == 0 || out->v[n - 1].id != out->v[i].id)
			out->v[n++] = out->v[i];
	out->n = n;
	for (size_t i = 0; i < n; i++) {
		struct key k = key_1u64(KEY_POST, out->v[i].id);
		struct slice v;
		if ((r = kv_get(t->kv, key_slice(&k), &v)) <= 0 || v.n < POST_FIXED)
			return r < 0 ? r : ERR_CORRUPT;
		out->v[i].thread = num_get64(v.p + POST_THREAD);
	}
	return 1;
}

static int thread_parent_of(struct forum_txn *t, uint64_t post, uint64_t *parent_r) {
	struct key k = key_1u64(KEY_POST, post);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r <= 0 || v.n < POST_FIXED)
		return r < 0 ? r : ERR_CORRUPT;
	*parent_r = num_get64(v.p + POST_PARENT);
	return 1;
}

static int thread_has_children(struct forum_txn *t, uint64_t post) {
	uint64_t cursor = 0, child;
	return thread_child_next(t, post, &cursor, &child);
}

/* Marks the children that are above x already. Only one that is in x's thread and has children (or is the parent) can
 * be; the way up is walked once, and only when there is such a one. */
static int thread_mark_loops(struct forum_txn *t, const struct thread_post *x, struct thread_children *w) {
	struct hash *above = NULL;
	int r = 1;
	for (size_t i = 0; i < w->n && r > 0 && x->parent; i++) {
		struct thread_child *c = &w->v[i];
		if (c->thread != x->thread || (c->id != x->parent && (r = thread_has_children(t, c->id)) <= 0)) {
			r = r < 0 ? r : 1;
			continue;
		}
		if (!above) {
			above = hash_new();
			for (uint64_t up = x->parent; up && r > 0 && !hash_get(above, hash_u64key(&up));) {
				hash_put(above, hash_u64key(&up), above);
				r = thread_parent_of(t, up, &up);
			}
		}
		c->loop = hash_get(above, hash_u64key(&c->id)) != NULL;
	}
	hash_free(&above);
	return r;
}

static int thread_adopt_one(struct forum_txn *t, const struct thread_post *x, const struct thread_child *c) {
	struct thread_evidence e;
	struct post p;
	int r = post_get(t, c->id, &p);
	if (r <= 0)
		return r < 0 ? r : ERR_CORRUPT;
	thread_evidence(p.message_id, p.in_reply_to, p.references, &e);
	unsigned rank = 0;
	while (rank < e.n && !slice_eq(e.v[rank].id, x->message_id))
		rank++;
	if (rank == e.n)
		return ERR_CORRUPT;
	struct thread_change change = {
		.post = c->id, .parent = x->id, .thread = x->thread, .reason = e.v[rank].reason, .reparent = true,
	};
	struct key k = key_2u64('T', x->thread, c->id);
	if ((p.parent && (r = thread_del_child(t, p.parent, c->id)) < 0) || (r = thread_put_child(t, x->id, c->id)) < 0 ||
			(r = thread_put64(t, &k, x->id)) < 0 || (r = thread_rewrite(t, &change)) < 0)
		return r;
	return thread_stop_waiting(t, &p, &e, rank);
}

static int thread_adopt(struct forum_txn *t, const struct thread_post *x, const struct thread_children *w) {
	int r = 1;
	for (size_t i = 0; i < w->n && r > 0; i++)
		if (!w->v[i].loop)
			r = thread_adopt_one(t, x, &w->v[i]);
	return r;
}

/* --- placing --- */

struct thread_found {
	uint64_t parent, thread;      /* thread of the parent */
	enum parent_reason reason;
	bool watch[THREAD_EVIDENCE];
};

/* the same for what stands in its place, when it was replaced; *id becomes that */
static int thread_candidate_latest(struct forum_txn *t, uint64_t *id, const struct thread_place_in *in,
	uint64_t *thread_r) {
	struct key k = key_1u64(KEY_POST, *id);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	uint64_t latest = *id;
	if (r > 0 && v.n > POST_STATE && v.p[POST_STATE] == POST_DELETED)
		latest = replace_latest(t, *id);
	if (r <= 0 || latest == *id)
		return r <= 0 ? r : thread_candidate(t, *id, in, thread_r);
	if ((r = thread_candidate(t, latest, in, thread_r)) > 0)
		*id = latest;
	/* rebuilding: what stands there is not placed yet */
	return r != 0 ? r : thread_candidate(t, *id, in, thread_r);
}

static int thread_find_parent(struct forum_txn *t, const struct thread_place_in *in, const struct thread_evidence *e,
	struct thread_found *out) {
	uint64_t reply_to = in->reply_to;
	int r = reply_to ? thread_candidate_latest(t, &reply_to, in, &out->thread) : 0;
	if (r > 0) {
		out->parent = reply_to;
		out->reason = in->reply_reason;
	}
	if (r != 0)
		return r;
	for (unsigned i = 0; i < e->n; i++) {
		uint64_t id = 0;
		struct key k;
		key_begin(&k, 'I');
		key_bytes(&k, slice_of(e->v[i].digest, 16));
		if ((r = thread_get64(t, &k, &id)) > 0)
			r = thread_candidate_latest(t, &id, in, &out->thread);
		if (r > 0) {
			out->parent = id;
			out->reason = e->v[i].reason;
		}
		if (r != 0)
			return r;
		out->watch[i] = i < THREAD_WATCH;
	}
	if (e->n)
		out->watch[e->n - 1] = true;     /* nothing found: the root will do */
	return 0;
}

/* which thread: the parent's, the ghosts', the waiting children's, all of which become one, or a new one */
static int thread_choose(struct forum_txn *t, const struct thread_place_in *in, const struct thread_evidence *e,
	const struct thread_found *found, const unsigned char *own, const struct thread_children *w, uint64_t *thread_r) {
	uint64_t thread = found->parent ? found->thread : 0;
	int r = 1;
	for (size_t g = 0; g < in->nplaces && r >= 0; g++) {
		r = thread_join_ghost(t, in->places[g].group, own, &thread);
		for (unsigned i = 0; i < e->n && r >= 0; i++)
			if (found->watch[i])
				r = thread_join_ghost(t, in->places[g].group, e->v[i].digest, &thread);
	}
	for (size_t i = 0; i < w->n && r >= 0; i++)
		if (!w->v[i].loop)
			r = thread_join(t, &thread, w->v[i].thread);
	*thread_r = thread ? thread : in->post;
	return r < 0 ? r : 1;
}

static int thread_watch(struct forum_txn *t, const struct thread_place_in *in, const struct thread_evidence *e,
	const struct thread_found *found, const unsigned char *own, uint64_t thread) {
	for (size_t g = 0; g < in->nplaces; g++) {
		uint32_t group = in->places[g].group;
		struct key ghost = thread_key_digest('w', group, own);
		int r = thread_del(t, &ghost);
		for (unsigned i = 0; i < e->n && r >= 0; i++) {
			if (!found->watch[i])
				continue;
			struct key wait = thread_key_wait(group, e->v[i].digest, in->post);
			char rank = (char)i;
			ghost = thread_key_digest('w', group, e->v[i].digest);
			if ((r = forum_put(t, key_slice(&wait), slice_of(&rank, 1), NULL)) >= 0)
				r = thread_put64(t, &ghost, thread);
		}
		if (r < 0)
			return r;
	}
	return 1;
}

static int thread_place_with(struct forum_txn *t, const struct thread_place_in *in, struct thread_children *w,
	struct thread_place_out *out) {
	struct thread_evidence e;
	struct thread_found found = { 0 };
	unsigned char own[16];
	digest_id(in->message_id, own);
	thread_evidence(in->message_id, in->in_reply_to, in->references, &e);
	int r = thread_find_parent(t, in, &e, &found);
	struct thread_post x = {
		.id = in->post, .parent = found.parent, .thread = found.thread, .message_id = in->message_id,
		.places = in->places, .nplaces = in->nplaces,
	};
	if (r < 0 || (r = thread_waiting(t, &x, own, w)) < 0 || (r = thread_mark_loops(t, &x, w)) < 0 ||
			(r = thread_choose(t, in, &e, &found, own, w, &x.thread)) < 0)
		return r;
	struct key k = key_2u64('T', x.thread, x.id);
	if ((r = thread_put64(t, &k, x.parent)) < 0 || (x.parent && (r = thread_put_child(t, x.parent, x.id)) < 0) ||
			(r = thread_watch(t, in, &e, &found, own, x.thread)) < 0)
		return r;
	*out = (struct thread_place_out){ .parent = x.parent, .thread = x.thread, .reason = found.reason };
	return thread_adopt(t, &x, w);
}

int thread_answered(struct forum_txn *t, const struct thread_place_in *in, uint64_t *parent_r) {
	struct thread_evidence e;
	struct thread_found found = { 0 };
	thread_evidence(in->message_id, in->in_reply_to, in->references, &e);
	int r = thread_find_parent(t, in, &e, &found);
	*parent_r = found.parent;
	return r;
}

int thread_place(struct forum_txn *t, const struct thread_place_in *in, struct thread_place_out *out) {
	struct thread_children w = { 0 };
	int r = thread_place_with(t, in, &w, out);
	vec_free(&w);
	return r;
}

/* --- places that change later --- */

/* posts of the group that wait for this one, which is new there */
static int thread_find_waiting(struct forum_txn *t, const struct post *p, uint32_t group) {
	struct thread_children w = { 0 };
	struct place at = { .group = group };
	unsigned char own[16];
	struct thread_post x = {
		.id = p->id, .parent = p->parent, .thread = p->thread, .message_id = p->message_id, .places = &at, .nplaces = 1,
	};
	digest_id(p->message_id, own);
	int r = thread_waiting(t, &x, own, &w);
	if (r > 0 && (r = thread_mark_loops(t, &x, &w)) > 0 && (r = thread_join_ghost(t, group, own, &x.thread)) >= 0) {
		for (size_t i = 0; i < w.n && r >= 0; i++)
			if (!w.v[i].loop)
				r = thread_join(t, &x.thread, w.v[i].thread);
		struct key ghost = thread_key_digest('w', group, own);
		if (r >= 0 && (r = thread_del(t, &ghost)) > 0)
			r = thread_adopt(t, &x, &w);
	}
	vec_free(&w);
	return r;
}

/* what the post waits for in one group it waits for in another, too or instead */
static int thread_copy_waits(struct forum_txn *t, const struct post *p, uint32_t from, uint32_t to, bool instead) {
	struct thread_evidence e;
	thread_evidence(p->message_id, p->in_reply_to, p->references, &e);
	for (unsigned i = 0; i < e.n; i++) {
		struct key old = thread_key_wait(from, e.v[i].digest, p->id), new = thread_key_wait(to, e.v[i].digest, p->id);
		struct key ghost = thread_key_digest('w', to, e.v[i].digest);
		struct slice v;
		uint64_t thread;
		char rank = (char)i;
		int r = kv_get(t->kv, key_slice(&old), &v);
		if (r == 0)
			continue;
		if (r < 0 || (instead && (r = thread_del(t, &old)) < 0) ||
				(r = forum_put(t, key_slice(&new), slice_of(&rank, 1), NULL)) < 0 ||
				(r = thread_get64(t, &ghost, &thread)) < 0 || (r == 0 && (r = thread_put64(t, &ghost, p->thread)) < 0))
			return r;
	}
	return 1;
}

int thread_arrived(struct forum_txn *t, const struct post *p, uint32_t group) {
	int r = p->nplaces ? thread_copy_waits(t, p, p->places[0].group, group, false) : 1;
	return r < 0 ? r : thread_find_waiting(t, p, group);
}

int thread_moved(struct forum_txn *t, const struct post *p, uint32_t from, uint32_t to) {
	int r = thread_copy_waits(t, p, from, to, true);
	return r < 0 ? r : thread_find_waiting(t, p, to);
}

/* --- repair --- */

/* 1 when `post` is `from` or above it */
static int thread_is_above(struct forum_txn *t, uint64_t post, uint64_t from) {
	struct hash *seen = hash_new();
	int r = 0;
	while (from && from != post && r >= 0 && !hash_get(seen, hash_u64key(&from))) {
		hash_put(seen, hash_u64key(&from), seen);
		r = thread_parent_of(t, from, &from);
	}
	hash_free(&seen);
	return r < 0 ? r : from == post && post;
}

/* a number for the thread a post starts now: its own, unless that was used */
static int thread_fresh(struct forum_txn *t, uint64_t post, uint64_t *thread_r) {
	struct key k = key_2u64('T', post, 0);
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&k), &key, &v);
	kv_cursor_close(&c);
	*thread_r = post;
	if (r > 0 && key_has_prefix(key, &k, 9)) {
		int64_t id = forum_next_id(t, "post");
		if (id < 0)
			return (int)id;
		*thread_r = (uint64_t)id;
	}
	return r < 0 ? r : 1;
}

/* the post and all below it get the thread number `to` */
static int thread_move_branch(struct forum_txn *t, uint64_t post, uint64_t from, uint64_t to) {
	struct thread_ids posts = { 0 }, parents = { 0 }, left = { 0 };
	uint64_t *v;
	size_t n;
	int r = thread_branch(t, post, SIZE_MAX, &v, &n);
	for (size_t i = 0; i < n && r > 0; i++) {
		uint64_t parent;
		if ((r = thread_parent_of(t, v[i], &parent)) > 0) {
			vec_push(&posts, v[i]);
			vec_push(&parents, parent);
		}
	}
	if (r > 0 && (r = thread_rekey(t, &posts, &parents, from, to)) > 0 &&
		(r = thread_list(t, from, 1, &left, NULL)) > 0 && left.n == 0)
		r = thread_forward(t, from, to);
	vec_free(&posts);
	vec_free(&parents);
	vec_free(&left);
	return r;
}

static int thread_set_checked(struct forum_txn *t, struct post *p, uint64_t parent, uint64_t thread,
	enum parent_reason reason) {
	struct thread_evidence e;
	int r;
	thread_evidence(p->message_id, p->in_reply_to, p->references, &e);
	if ((r = thread_stop_waiting(t, p, &e, 0)) < 0 || (p->parent && (r = thread_del_child(t, p->parent, p->id)) < 0) ||
			(parent && (r = thread_put_child(t, parent, p->id)) < 0))
		return r;
	if (!thread && p->parent && (r = thread_fresh(t, p->id, &thread)) < 0)
		return r;
	if (!thread)
		thread = p->thread;
	struct thread_change c = {
		.post = p->id, .parent = parent, .thread = p->thread, .reason = reason, .reparent = true
	};
	struct key k = key_2u64('T', p->thread, p->id);
	if ((r = thread_rewrite(t, &c)) < 0 || (r = thread_put64(t, &k, parent)) < 0)
		return r;
	return thread == p->thread ? 1 : thread_move_branch(t, p->id, p->thread, thread);
}

int thread_set_parent(struct forum_txn *t, uint64_t post, uint64_t parent, enum parent_reason reason, struct fail *f) {
	struct post p;
	uint64_t thread = 0;
	int r = post_get(t, post, &p);
	if (r < 0)
		return fail_internal(f, "post %llu: %s", (unsigned long long)post, err_name(r));
	if (r == 0 || !p.thread)
		return fail_set(f, ERR_NOTFOUND, "no such post");
	if (parent) {
		struct thread_place_in in = { .post = post, .places = p.places, .nplaces = p.nplaces };
		if ((r = thread_candidate(t, parent, &in, &thread)) == 0)
			return fail_set(f, ERR_INVALID, "these two posts cannot be parent and child");
		if (r > 0 && (r = thread_is_above(t, post, parent)) > 0)
			return fail_set(f, ERR_INVALID, "a post cannot be below itself");
	}
	if (r >= 0)
		r = thread_set_checked(t, &p, parent, thread, reason);
	return r < 0 ? fail_set(f, (enum err)r, "the thread cannot be changed now, try again later") : 1;
}
