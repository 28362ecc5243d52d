/* State of a group's index, and what comes in and goes. A new post costs one record; everything else is upkeep
 * (search_merge.c). A group without a state record has had no post since there is an index: none of its numbers is
 * known. */
#include "forumd/base/text.h"
#include "forumd/forum/author_private.h"
#include "forumd/forum/group.h"
#include "forumd/forum/search_private.h"

enum { STATE_VERSION = 1, STATE_SET_MAX = 16000 };

struct key search_key(uint32_t group, unsigned kind) {
	struct key k = key_1u32('J', group);
	key_u8(&k, (uint8_t)kind);
	return k;
}

/* --- state --- */

void search_state_free(struct search_state *s) {
	range_set_free(&s->missing);
	range_set_free(&s->cut);
	range_set_free(&s->dead);
	range_set_free(&s->merging_dead);
	vec_free(&s->segments);
	vec_free(&s->trash);
	vec_free(&s->sources);
	buf_free(&s->last);
}

static bool state_take(struct slice *in, uint32_t *v) {
	uint64_t n;
	if (!num_take_varint(in, &n) || n > UINT32_MAX)
		return false;
	*v = (uint32_t)n;
	return true;
}

static bool state_take_lists(struct slice *in, struct search_state *s) {
	uint32_t n;
	if (!state_take(in, &n) || n > 10000)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct search_segment g;
		if (!state_take(in, &g.id) || !state_take(in, &g.posts) || !state_take(in, &g.lo) || !state_take(in, &g.hi))
			return false;
		vec_push(&s->segments, g);
	}
	if (!state_take(in, &n) || n > 10000)
		return false;
	for (uint32_t i = 0, id; i < n; i++) {
		if (!state_take(in, &id))
			return false;
		vec_push(&s->trash, id);
	}
	if (!state_take(in, &n) || n > SEARCH_SOURCES_MAX)
		return false;
	for (uint32_t i = 0; i < n; i++) {
		struct search_source src;
		if (!state_take(in, &src.id) || !state_take(in, &src.page))
			return false;
		vec_push(&s->sources, src);
	}
	return true;
}

static bool state_decode(struct slice in, struct search_state *s) {
	struct slice last;
	if (in.n == 0 || in.p[0] != STATE_VERSION)
		return false;
	in = slice_from(in, 1);
	bool good = state_take(&in, &s->next) && state_take(&in, &s->epoch) && range_set_decode(&s->missing, &in) > 0 &&
		range_set_decode(&s->cut, &in) > 0 && range_set_decode(&s->dead, &in) > 0 && state_take_lists(&in, s) &&
		state_take(&in, &s->target) && state_take(&in, &s->pages) &&
		num_take_bytes(&in, &last) && range_set_decode(&s->merging_dead, &in) > 0;
	if (good)
		buf_add_slice(&s->last, last);
	return good;
}

int search_state_get(struct forum_txn *t, uint32_t group, struct search_state *s) {
	struct key k = search_key(group, SEARCH_STATE);
	struct slice v;
	*s = (struct search_state){ .next = 1 };
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r <= 0 || state_decode(v, s))
		return r;
	search_state_free(s);
	return ERR_CORRUPT;
}

/* A set that became too scattered for the record is made coarser. Numbers that are in it too much are read in vain. */
static void state_bound(struct range_set *s) {
	struct buf b = { 0 };
	range_set_encode(s, &b);
	if (buf_len(&b) > STATE_SET_MAX)
		range_set_add(s, s->v[0].lo, s->v[s->n - 1].hi);
	buf_free(&b);
}

int search_state_put(struct forum_txn *t, uint32_t group, struct search_state *s) {
	struct key k = search_key(group, SEARCH_STATE);
	struct buf b = { 0 };
	state_bound(&s->missing);
	state_bound(&s->cut);
	buf_addc(&b, STATE_VERSION);
	num_add_varint(&b, s->next);
	num_add_varint(&b, s->epoch);
	range_set_encode(&s->missing, &b);
	range_set_encode(&s->cut, &b);
	range_set_encode(&s->dead, &b);
	num_add_varint(&b, s->segments.n);
	for (size_t i = 0; i < s->segments.n; i++) {
		num_add_varint(&b, s->segments.v[i].id);
		num_add_varint(&b, s->segments.v[i].posts);
		num_add_varint(&b, s->segments.v[i].lo);
		num_add_varint(&b, s->segments.v[i].hi);
	}
	num_add_varint(&b, s->trash.n);
	for (size_t i = 0; i < s->trash.n; i++)
		num_add_varint(&b, s->trash.v[i]);
	num_add_varint(&b, s->sources.n);
	for (size_t i = 0; i < s->sources.n; i++) {
		num_add_varint(&b, s->sources.v[i].id);
		num_add_varint(&b, s->sources.v[i].page);
	}
	num_add_varint(&b, s->target);
	num_add_varint(&b, s->pages);
	num_add_bytes(&b, buf_slice(&s->last));
	range_set_encode(&s->merging_dead, &b);
	int r = forum_put(t, key_slice(&k), buf_slice(&b), NULL);
	buf_free(&b);
	return r;
}

/* --- authors --- */

/* eight octets that are in no folded word */
void search_put_author(char *p, uint32_t author) {
	for (int i = 0; i < FROM_AUTHOR; i++)
		p[i] = (char)(1 + (author >> (28 - 4 * i) & 15));
}

uint32_t search_get_author(const char *p) {
	uint32_t v = 0;
	for (int i = 0; i < FROM_AUTHOR; i++)
		v = v << 4 | (((uint32_t)(unsigned char)p[i] - 1) & 15);
	return v;
}

int search_authors(struct forum_txn *t, struct range_set *changed) {
	struct key k = search_key(0, SEARCH_STATE);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	return r > 0 ? range_set_decode(changed, &v) : r;
}

int search_author(struct forum_txn *t, uint32_t author) {
	struct key k = search_key(0, SEARCH_STATE);
	struct range_set s = { 0 };
	struct buf b = { 0 };
	int r = search_authors(t, &s);
	if (r >= 0 && !range_set_has(&s, author)) {
		range_set_add(&s, author, author);
		state_bound(&s);
		range_set_encode(&s, &b);
		r = forum_put(t, key_slice(&k), buf_slice(&b), NULL);
	}
	buf_free(&b);
	range_set_free(&s);
	return r < 0 ? r : 1;
}

/* --- posts --- */

/* the author line of now, folded, when it is not the typed From */
static struct slice add_from(struct forum_txn *t, uint32_t author, struct slice typed) {
	const struct author_entry *e = author_entry(t, author);
	struct buf raw = { 0 }, b = { 0 };
	if (!e->spliced && typed.n)
		return typed;
	buf_add_slice(&raw, author_from(t, author, SLICE("")));
	buf_addc(&raw, '\n');
	buf_add_slice(&raw, author_entry(t, author)->name);
	text_fold(buf_slice(&raw), &b);
	struct slice s = arena_slice(t->arena, buf_slice(&b));
	buf_free(&raw);
	buf_free(&b);
	return s;
}

struct add { struct forum_txn *t; struct key key; size_t prefix; struct buf b; unsigned chunk; };

static int add_flush(struct add *a) {
	if (buf_len(&a->b) == 0)
		return 1;
	a->key.n = a->prefix;
	num_put16(a->key.b + a->key.n, (uint16_t)a->chunk++);
	a->key.n += 2;
	int r = forum_put(a->t, key_slice(&a->key), buf_slice(&a->b), NULL);
	buf_reset(&a->b);
	return r;
}

/* a TEXT in as many sections and records as it needs; cut between terms, each piece with its NULs */
static int add_section(struct add *a, unsigned class, struct slice text) {
	int r = 1;
	while (text.n > 1 && r > 0) {
		size_t room = SEARCH_VALUE_MAX - 3 - buf_len(&a->b);
		if (buf_len(&a->b) > SEARCH_VALUE_MAX - 3 - 400) {
			r = add_flush(a);
			continue;
		}
		size_t n = text.n;
		if (n > room)
			for (n = room; text.p[n - 1] != 0; n--)
				;
		char *p = buf_reserve(&a->b, 3 + n);
		p[0] = (char)class;
		num_put16(p + 1, (uint16_t)n);
		memcpy(p + 3, text.p, n);
		buf_commit(&a->b, 3 + n);
		text = n == text.n ? SLICE("") : slice_from(text, n - 1);
	}
	return r;
}

/* the record of a group's first post: what came before has no terms */
static int add_state(struct forum_txn *t, uint32_t group, uint32_t number, bool missing, bool cut) {
	struct key k = search_key(group, SEARCH_STATE);
	struct search_state s;
	struct slice v;
	int r = missing || cut ? 0 : kv_get(t->kv, key_slice(&k), &v);
	if (r != 0)
		return r;
	r = search_state_get(t, group, &s);
	if (r < 0)
		return r;
	if (r == 0 && number > 1)
		range_set_add(&s.missing, 1, number - 1);
	if (missing)
		range_set_add(&s.missing, number, number);
	if (cut)
		range_set_add(&s.cut, number, number);
	r = search_state_put(t, group, &s);
	search_state_free(&s);
	return r;
}

int search_add(struct forum_txn *t, uint32_t group, uint32_t number, uint32_t author, struct slice terms) {
	struct search_list l = { 0 };
	struct add a = { .t = t, .key = search_key(group, SEARCH_PENDING) };
	char from[2 + FROM_AUTHOR + FROM_MAX];
	int r = terms.n ? search_terms_decode(terms, &l) : 1;
	if (r < 0)
		return r;
	struct slice line = terms.n ? add_from(t, author, l.from) : l.from;
	if ((r = add_state(t, group, number, terms.n == 0, l.cut || line.n > FROM_MAX)) < 0 || terms.n == 0)
		return r;
	key_u32(&a.key, number);
	a.prefix = a.key.n;
	line = slice_to(line, FROM_MAX);
	from[0] = 0;
	search_put_author(from + 1, author);
	memcpy(from + 1 + FROM_AUTHOR, line.p, line.n);
	from[1 + FROM_AUTHOR + line.n] = 0;
	if ((r = add_section(&a, SECTION_FROM, slice_of(from, 2 + FROM_AUTHOR + line.n))) > 0 &&
			(r = add_section(&a, SECTION_HEADER, l.header)) > 0 && (r = add_section(&a, SECTION_BODY, l.body)) > 0)
		r = add_flush(&a);
	buf_free(&a.b);
	return r;
}

/* deletes the records of a pending post: how many, < 0 */
static int del_pending(struct forum_txn *t, uint32_t group, uint32_t number) {
	struct key k = search_key(group, SEARCH_PENDING);
	key_u32(&k, number);
	for (int chunk = 0;; chunk++) {
		struct key c = k;
		num_put16(c.b + c.n, (uint16_t)chunk);
		c.n += 2;
		int r = forum_del(t, key_slice(&c), NULL);
		if (r <= 0)
			return r < 0 ? r : chunk;
	}
}

int search_del(struct forum_txn *t, uint32_t group, uint32_t number) {
	struct search_state s;
	int pending = del_pending(t, group, number), r;
	if (pending < 0 || (r = search_state_get(t, group, &s)) < 0)
		return pending < 0 ? pending : r;
	bool missing = range_set_has(&s.missing, number);
	range_set_del(&s.missing, number, number);
	range_set_del(&s.cut, number, number);
	if (r > 0 && !pending && !missing)
		range_set_add(&s.dead, number, number);
	s.epoch++;
	if (r > 0)
		r = search_state_put(t, group, &s);
	search_state_free(&s);
	return r < 0 ? r : 1;
}

/* the next key behind `at` of its family: 1 with it in *at, 0 none */
static int next_key(struct forum_txn *t, struct key *at, bool after) {
	struct kv_cursor *c;
	struct slice key;
	struct key from = *at;
	if (after)
		key_u8(&from, 0);
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&from), &key, NULL);
	bool found = r > 0 && key_has_prefix(key, at, 1) && key.n < sizeof at->b;
	if (found)
		memcpy(at->b, key.p, at->n = key.n);
	kv_cursor_close(&c);
	return r < 0 ? r : found;
}

int search_drop_all(struct forum_txn *t) {
	struct key at, group;
	int r, found;
	key_begin(&at, 'J');
	while ((found = next_key(t, &at, false)) > 0)
		if ((r = forum_del(t, key_slice(&at), NULL)) < 0)
			return r;
	/* what will be added is all there is: no number is missing */
	key_begin(&group, 'G');
	while (found >= 0 && (found = next_key(t, &group, true)) > 0) {
		struct search_state s = { .next = 1 };
		if (group.n == 5 && (r = search_state_put(t, num_get32(group.b + 1), &s)) < 0)
			return r;
	}
	return found < 0 ? found : 1;
}

/* --- figures --- */

int search_info(struct forum_txn *t, uint32_t group, struct search_info *i) {
	struct search_state s;
	struct kv_cursor *c;
	struct slice key, v;
	struct key from = key_1u32('J', group);
	uint32_t last = 0;
	*i = (struct search_info){ 0 };
	int r = search_state_get(t, group, &s);
	if (r < 0)
		return r;
	i->segments = (uint32_t)s.segments.n;
	i->missing = (uint32_t)range_set_count(&s.missing);
	i->dead = (uint32_t)range_set_count(&s.dead);
	i->cut = (uint32_t)range_set_count(&s.cut);
	i->merging = s.target != 0 || s.trash.n != 0;
	search_state_free(&s);
	if ((r = kv_cursor_open(t->kv, &c)) < 0)
		return r;
	for (r = kv_seek(c, key_slice(&from), &key, &v); r > 0 && key_has_prefix(key, &from, 5); r = kv_next(c, &key, &v)) {
		i->octets += key.n + v.n;
		i->pages += key.n == 14 && key.p[5] == SEARCH_PAGE;
		if (key.n == 12 && key.p[5] == SEARCH_PENDING && num_get32(key.p + 6) != last) {
			last = num_get32(key.p + 6);
			i->pending++;
		}
	}
	kv_cursor_close(&c);
	return r < 0 ? r : 1;
}
