/* thread_read.c - children, branches, and a whole thread in reading order: its records come by id, are linked in the order
 * of their dates and walked without recursion. */
#include <stdlib.h>
#include "forumd/forum/thread_private.h"

int thread_child_next(struct forum_txn *t, uint64_t parent, uint64_t *cursor, uint64_t *child_r) {
	struct key k = key_2u64('C', parent, *cursor + 1);
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&k), &key, &v);
	kv_cursor_close(&c);
	if (r <= 0 || !key_has_prefix(key, &k, 9))
		return r < 0 ? r : 0;
	if (key.n != 17)
		return ERR_CORRUPT;
	*cursor = *child_r = num_get64(key.p + 9);
	return 1;
}

int thread_branch(struct forum_txn *t, uint64_t post, size_t max, uint64_t **v_r, size_t *n_r) {
	struct thread_ids q = { 0 };
	int r = 1;
	if (max > 0)
		vec_push(&q, post);
	for (size_t i = 0; i < q.n && r >= 0; i++) {
		uint64_t cursor = 0, child;
		while (q.n < max && (r = thread_child_next(t, q.v[i], &cursor, &child)) > 0)
			vec_push(&q, child);
	}
	*n_r = q.n;
	*v_r = arena_alloc(t->arena, q.n * sizeof *q.v);
	if (q.n)
		memcpy(*v_r, q.v, q.n * sizeof *q.v);
	vec_free(&q);
	return r < 0 ? r : 1;
}

/* a post of a thread while it is put in order; links are indices + 1, 0 none */
struct thread_item {
	uint64_t post, parent;
	int64_t date;
	enum parent_reason reason;
	bool in_group;
	size_t up, first, next;
};

static size_t thread_index(const struct thread_ids *posts, uint64_t post) {
	size_t lo = 0, hi = posts->n;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (posts->v[mid] < post)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < posts->n && posts->v[lo] == post ? lo + 1 : 0;
}

static int thread_item_load(struct forum_txn *t, uint32_t group, struct thread_item *it) {
	struct key k = key_1u64(KEY_POST, it->post);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r <= 0 || v.n < POST_FIXED || v.n < POST_FIXED + 8 * (size_t)post_record_places(v))
		return r < 0 ? r : ERR_CORRUPT;
	struct place want = { .group = group };
	it->date = (int64_t)num_get64(v.p + POST_DATE);
	it->reason = (enum parent_reason)v.p[POST_REASON];
	it->in_group = group == 0 || thread_shares_group(v, &want, 1);
	return 1;
}

static int thread_item_order(const void *a, const void *b) {
	const struct thread_item *x = *(struct thread_item *const *)a, *y = *(struct thread_item *const *)b;
	if (x->date != y->date)
		return x->date < y->date ? -1 : 1;
	return x->post < y->post ? -1 : x->post > y->post;
}

/* latest first, so that pushing to the front of the lists leaves them in order; returns the first root */
static size_t thread_link(struct thread_item *v, size_t n) {
	struct thread_item **order = mem_alloc((n ? n : 1) * sizeof *order);
	size_t roots = 0;
	for (size_t i = 0; i < n; i++)
		order[i] = &v[i];
	qsort(order, n, sizeof *order, thread_item_order);
	for (size_t i = n; i-- > 0;) {
		struct thread_item *it = order[i];
		size_t *list = it->up ? &v[it->up - 1].first : &roots;
		it->next = *list;
		*list = (size_t)(it - v) + 1;
	}
	mem_free(order);
	return roots;
}

/* depth first; posts that are not in the group are passed through without a node */
static size_t thread_flatten(const struct thread_item *v, size_t n, size_t at, struct thread_node *out) {
	size_t count = 0, *node = mem_zalloc((n + 1) * sizeof *node);   /* item -> its nearest node at or above, + 1 */
	while (at) {
		const struct thread_item *it = &v[at - 1];
		node[at] = it->up ? node[it->up] : 0;
		if (it->in_group) {
			const struct thread_node *up = node[at] ? &out[node[at] - 1] : NULL;
			out[count] = (struct thread_node){
				.post = it->post, .parent = up ? up->post : 0, .depth = up ? up->depth + 1 : 0,
				.reason = it->parent ? it->reason : PARENT_NONE,
			};
			node[at] = ++count;
		}
		size_t next = it->first;
		while (!next && at) {
			next = v[at - 1].next;
			at = v[at - 1].up;
		}
		at = next;
	}
	mem_free(node);
	return count;
}

int thread_walk(struct forum_txn *t, uint64_t thread, uint32_t group, size_t max, struct thread_node **v_r,
	size_t *n_r) {
	struct thread_ids posts = { 0 }, parents = { 0 };
	int r = thread_resolve(t, &thread);
	if (r > 0)
		r = thread_list(t, thread, max, &posts, &parents);
	size_t n = r > 0 ? posts.n : 0;
	struct thread_item *v = mem_zalloc((n ? n : 1) * sizeof *v);
	for (size_t i = 0; i < n && r > 0; i++) {
		v[i].post = posts.v[i];
		v[i].parent = parents.v[i];
		v[i].up = thread_index(&posts, parents.v[i]);
		r = thread_item_load(t, group, &v[i]);
	}
	*v_r = arena_alloc(t->arena, n * sizeof **v_r);
	*n_r = r > 0 ? thread_flatten(v, n, thread_link(v, n), *v_r) : 0;
	mem_free(v);
	vec_free(&posts);
	vec_free(&parents);
	return r < 0 ? r : 1;
}
