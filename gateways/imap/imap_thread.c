/* A node is a message or, behind all messages, stands for one that is not there and has several children ("dummy"; only
 * roots are). Trees are kept as `up` until all is decided; children's lists are made at the end from one order by date,
 * so every list comes out sorted.
 *
 * REFERENCES as RFC 5256 has it, with the stored tree for its steps 1 to 3: the nearest listed message above is the
 * parent; messages without one whose unseen root is the same become children of a dummy. Steps 4 to 6 are done to the
 * letter. Nothing recurses. */
#include "gateways/imap/imap_thread.h"
#include <stdlib.h>
#include "forumd/base/num.h"

#define NONE IMAP_THREAD_NONE

/* what is sorted: by date, then by number */
struct thread_key { int64_t date; uint32_t number, node; };
struct thread_map { uint64_t *keys; uint32_t *values; size_t mask; };

void imap_thread_free(struct imap_thread *th) {
	vec_free(&th->nodes);
	vec_free(&th->roots);
}

struct imap_thread_node *imap_thread_add(struct imap_thread *th) {
	vec_push(&th->nodes, (struct imap_thread_node){ .up = NONE, .first = NONE, .next = NONE });
	return &th->nodes.v[th->nodes.n - 1];
}

void imap_thread_subject(struct imap_thread *th, struct imap_thread_node *n, uint32_t subject, bool bare, bool reply) {
	n->subject = subject;
	n->have_subject = true;
	n->bare = bare;
	n->reply = reply;
	if (subject >= th->nsubjects)
		th->nsubjects = subject + 1;
}

/* --- a table of numbers --- */

static void map_new(struct thread_map *m, size_t n) {
	size_t size = 16;
	while (size < 2 * n)
		size *= 2;
	m->mask = size - 1;
	m->keys = mem_zalloc(size * sizeof *m->keys);
	m->values = mem_zalloc(size * sizeof *m->values);
}

static void map_free(struct thread_map *m) {
	mem_free(m->keys);
	mem_free(m->values);
}

/* the place of the key, or where it would be; keys are never 0 */
static size_t map_at(const struct thread_map *m, uint64_t key) {
	uint64_t h = key * 0x9e3779b97f4a7c15u;
	size_t i = (size_t)(h ^ h >> 32) & m->mask;
	while (m->keys[i] && m->keys[i] != key)
		i = (i + 1) & m->mask;
	return i;
}

static uint32_t map_get(const struct thread_map *m, uint64_t key) {
	size_t i = map_at(m, key);
	return key && m->keys[i] ? m->values[i] : NONE;
}

static void map_put(struct thread_map *m, uint64_t key, uint32_t value) {
	size_t i = map_at(m, key);
	m->keys[i] = key;
	m->values[i] = value;
}

/* --- order --- */

static int key_order(const void *a, const void *b) {
	const struct thread_key *x = a, *y = b;
	if (x->date != y->date)
		return x->date < y->date ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static void sort_keys(struct thread_key *v, size_t n) {
	for (size_t i = 1; i < n; i++) {
		if (key_order(&v[i - 1], &v[i]) > 0) {
			qsort(v, n, sizeof *v, key_order);
			return;
		}
	}
}

static struct thread_key key_of(const struct imap_thread *th, uint32_t i) {
	const struct imap_thread_node *n = &th->nodes.v[i];
	return (struct thread_key){ n->date, n->number, i };
}

static void sort_roots(struct imap_thread *th) {
	VEC(struct thread_key) keys = {0};
	for (size_t i = 0; i < th->roots.n; i++)
		vec_push(&keys, key_of(th, th->roots.v[i]));
	sort_keys(keys.v, keys.n);
	for (size_t i = 0; i < keys.n; i++)
		th->roots.v[i] = keys.v[i].node;
	vec_free(&keys);
}

/* --- REFERENCES --- */

static bool is_dummy(const struct imap_thread *th, uint32_t i) {
	return i >= th->messages;
}

/* a dummy takes date and number of its first child, and its subject */
static void dummy_take(struct imap_thread *th, uint32_t dummy, uint32_t child) {
	struct imap_thread_node *d = &th->nodes.v[dummy], *c = &th->nodes.v[child];
	c->up = dummy;
	if (d->first == NONE || key_order(&(struct thread_key){ c->date, c->number, 0 },
	    &(struct thread_key){ d->date, d->number, 0 }) < 0) {
		d->date = c->date;
		d->number = c->number;
		d->first = child;
	}
}

static uint32_t dummy_new(struct imap_thread *th) {
	struct imap_thread_node *n = imap_thread_add(th);
	n->listed = true;
	return (uint32_t)(n - th->nodes.v);
}

/* The nearest listed message above. Unlisted ones on the way get a short cut, so that chains are walked once; a chain
 * of more steps than there are messages is a damaged store's loop. */
static uint32_t listed_above(struct imap_thread *th, const struct thread_map *posts, uint32_t i) {
	uint32_t up = map_get(posts, th->nodes.v[i].parent), left = (uint32_t)th->nodes.n;
	while (up != NONE && !th->nodes.v[up].listed && left--)
		up = map_get(posts, th->nodes.v[up].parent);
	uint32_t found = left ? up : NONE;
	up = map_get(posts, th->nodes.v[i].parent);
	while (up != NONE && !th->nodes.v[up].listed && th->nodes.v[up].parent) {
		uint64_t parent = th->nodes.v[up].parent;
		th->nodes.v[up].parent = found == NONE ? 0 : th->nodes.v[found].post;
		up = map_get(posts, parent);
	}
	return found == i ? NONE : found;
}

void imap_thread_link(struct imap_thread *th) {
	struct thread_map posts, threads;
	size_t n = th->messages = th->nodes.n;
	map_new(&posts, n);
	map_new(&threads, n);
	for (uint32_t i = 0; i < n; i++)
		map_put(&posts, th->nodes.v[i].post, i);
	for (uint32_t i = 0; i < n; i++) {
		if (!th->nodes.v[i].listed || (th->nodes.v[i].up = listed_above(th, &posts, i)) != NONE)
			continue;
		uint64_t thread = th->nodes.v[i].thread ? th->nodes.v[i].thread : th->nodes.v[i].post;
		uint32_t other = map_get(&threads, thread);
		if (other == NONE) {
			map_put(&threads, thread, i);
			continue;
		}
		if (!is_dummy(th, other)) {
			uint32_t first = other;
			map_put(&threads, thread, other = dummy_new(th));
			dummy_take(th, other, first);
		}
		dummy_take(th, other, i);
	}
	for (uint32_t i = 0; i < th->nodes.n; i++)
		if (th->nodes.v[i].listed && th->nodes.v[i].up == NONE)
			vec_push(&th->roots, i);
	map_free(&posts);
	map_free(&threads);
}

/* the message whose subject a root has */
static struct imap_thread_node *subject_node(struct imap_thread *th, uint32_t root) {
	return &th->nodes.v[is_dummy(th, root) ? th->nodes.v[root].first : root];
}

bool imap_thread_wants(struct imap_thread *th, size_t *i, struct imap_thread_node **n_r) {
	for (; *i < th->roots.n; ++*i) {
		*n_r = subject_node(th, th->roots.v[*i]);
		if (!(*n_r)->have_subject)
			return true;
	}
	return false;
}

/* Step 5B: of the roots with one subject, the one the others go to: a dummy, else one that is no reply, else the first.
 * The table has places in roots + 1, by subject. */
static void choose_root(struct imap_thread *th, uint32_t *table, uint32_t at) {
	uint32_t this = th->roots.v[at];
	const struct imap_thread_node *n = subject_node(th, this);
	if (!n->have_subject || n->bare)
		return;
	uint32_t place = table[n->subject], old = place ? th->roots.v[place - 1] : NONE;
	if (!place || (!is_dummy(th, old) && (is_dummy(th, this) || (th->nodes.v[old].reply && !th->nodes.v[this].reply))))
		table[n->subject] = at + 1;
}

/* two dummies become one: y forwards to x */
static void merge_dummies(struct imap_thread *th, uint32_t x, uint32_t y) {
	struct imap_thread_node *from = &th->nodes.v[y];
	dummy_take(th, x, from->first);
	from->listed = false;
	from->next = x;
}

/* Step 5C: root `at` goes to the one at `to` */
static void merge_root(struct imap_thread *th, size_t to, size_t at) {
	uint32_t x = th->roots.v[to], y = th->roots.v[at];
	th->roots.v[at] = NONE;
	if (is_dummy(th, x) && is_dummy(th, y)) {
		merge_dummies(th, x, y);
	} else if (is_dummy(th, x)) {
		dummy_take(th, x, y);
	} else if (th->nodes.v[y].reply && !th->nodes.v[x].reply && !is_dummy(th, y)) {
		th->nodes.v[y].up = x;
	} else if (is_dummy(th, y)) {
		dummy_take(th, y, x);
		th->roots.v[to] = y;
	} else {
		uint32_t both = dummy_new(th);
		dummy_take(th, both, x);
		dummy_take(th, both, y);
		th->roots.v[to] = both;
	}
}

/* children's lists from `up`, each sorted; step 6 */
static void make_lists(struct imap_thread *th) {
	VEC(struct thread_key) keys = {0};
	for (uint32_t i = 0; i < th->messages; i++)
		if (th->nodes.v[i].listed)
			vec_push(&keys, key_of(th, i));
	sort_keys(keys.v, keys.n);
	for (uint32_t i = 0; i < th->nodes.n; i++)
		th->nodes.v[i].first = NONE;
	for (size_t k = keys.n; k-- > 0;) {
		struct imap_thread_node *n = &th->nodes.v[keys.v[k].node];
		uint32_t up = n->up;
		while (up != NONE && !th->nodes.v[up].listed)
			up = th->nodes.v[up].next;
		if (up == NONE)
			continue;
		n->next = th->nodes.v[up].first;
		th->nodes.v[up].first = keys.v[k].node;
	}
	vec_free(&keys);
	size_t n = 0;
	for (size_t i = 0; i < th->roots.n; i++)
		if (th->roots.v[i] != NONE)
			th->roots.v[n++] = th->roots.v[i];
	th->roots.n = n;
	sort_roots(th);
}

void imap_thread_gather(struct imap_thread *th) {
	uint32_t *table = mem_zalloc((th->nsubjects + 1) * sizeof *table);
	sort_roots(th);
	for (uint32_t i = 0; i < th->roots.n; i++)
		choose_root(th, table, i);
	size_t n = th->roots.n;
	for (size_t i = 0; i < n; i++) {
		const struct imap_thread_node *node = subject_node(th, th->roots.v[i]);
		uint32_t place = node->have_subject && !node->bare ? table[node->subject] : 0;
		if (place && place - 1 != i)
			merge_root(th, place - 1, i);
	}
	mem_free(table);
	make_lists(th);
}

void imap_thread_by_subject(struct imap_thread *th) {
	VEC(struct thread_key) keys = {0};
	uint32_t *table = mem_zalloc((th->nsubjects + 1) * sizeof *table);
	th->messages = th->nodes.n;
	for (uint32_t i = 0; i < th->nodes.n; i++)
		if (th->nodes.v[i].listed)
			vec_push(&keys, key_of(th, i));
	sort_keys(keys.v, keys.n);
	for (size_t k = 0; k < keys.n; k++) {
		uint32_t i = keys.v[k].node;
		uint32_t *first = &table[th->nodes.v[i].subject];
		if (*first) {
			th->nodes.v[i].up = *first - 1;
			continue;
		}
		*first = i + 1;
		vec_push(&th->roots, i);
	}
	vec_free(&keys);
	mem_free(table);
	make_lists(th);
}

/* --- writing --- */

struct thread_writer { struct imap_thread *th; struct buf *out; VEC(uint32_t) waiting; };

/* "(" and the chain of only children; at a fork its first branch waits, else ")" */
static void write_chain(struct thread_writer *w, uint32_t i) {
	buf_addc(w->out, '(');
	for (;;) {
		const struct imap_thread_node *n = &w->th->nodes.v[i];
		bool said = !is_dummy(w->th, i);
		if (said)
			buf_addu(w->out, n->number);
		if (n->first == NONE) {
			buf_addc(w->out, ')');
			return;
		}
		if (said)
			buf_addc(w->out, ' ');
		if (w->th->nodes.v[n->first].next != NONE) {
			vec_push(&w->waiting, n->first);
			return;
		}
		i = n->first;
	}
}

void imap_thread_write(struct imap_thread *th, struct buf *out) {
	struct thread_writer w = { .th = th, .out = out };
	if (th->roots.n)
		buf_addc(out, ' ');
	for (size_t k = 0; k < th->roots.n; k++) {
		write_chain(&w, th->roots.v[k]);
		while (w.waiting.n) {
			uint32_t i = w.waiting.v[w.waiting.n - 1];
			if (i == NONE) {
				buf_addc(out, ')');
				w.waiting.n--;
				continue;
			}
			w.waiting.v[w.waiting.n - 1] = th->nodes.v[i].next;
			write_chain(&w, i);
		}
	}
	vec_free(&w.waiting);
}
