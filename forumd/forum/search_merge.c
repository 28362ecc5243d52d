/* Upkeep. Pending records become a segment when SEARCH_MERGE_MIN of them are there; segments are merged when the
 * smaller ones together are as large as the next: their number stays logarithmic, and so does how often a term is
 * written.
 *
 * A plan is made in a read transaction, so that the writer only puts and deletes. Segments never change while they are
 * in the state record, and a large merge is a chain of plans of some pages each: what has been written stands in the
 * state (target, last term). A crash or an aborted transaction between two steps loses nothing. What a plan read may
 * become wrong in one way only: a post goes away (search_del raises the epoch), and then the plan is not carried out.
 *
 * Dead numbers are left out of what is written. They leave the set when no segment can hold them any more. */
#include <stdlib.h>
#include "forumd/forum/group.h"
#include "forumd/forum/post_private.h"
#include "forumd/forum/search_private.h"

enum { PLAN_PENDING_OCTETS = 24 << 20, PLAN_DELETE = 500 };

struct plan_put { struct slice key, value; };
struct plan_fill { uint32_t number, author; struct slice terms; bool cut; };   /* no terms: there is no text */
struct search_plan {
	struct arena *arena;
	uint32_t group;
	bool made;                       /* there was no state record */
	struct search_state s;           /* as it shall be; missing and cut are taken from the record */
	struct range_set undead;
	VEC(struct plan_put) puts;
	VEC(struct slice) dels;
	VEC(struct plan_fill) fills;
};

static void plan_del(struct search_plan *plan, struct slice key) {
	vec_push(&plan->dels, arena_slice(plan->arena, key));
}

void search_plan_free(struct search_plan **plan) {
	struct search_plan *p = *plan;
	if (!p)
		return;
	search_state_free(&p->s);
	range_set_free(&p->undead);
	vec_free(&p->puts);
	vec_free(&p->dels);
	vec_free(&p->fills);
	arena_free(&p->arena);
	mem_free(p);
	*plan = NULL;
}

/* --- writing a segment --- */

struct page_out {
	struct search_plan *plan;
	uint32_t segment, page, terms, flushed;
	unsigned class;
	struct buf text, lists, list;
};

static void out_put(struct page_out *o, const struct key *k, struct slice value) {
	struct arena *a = o->plan->arena;
	vec_push(&o->plan->puts, (struct plan_put){ arena_slice(a, key_slice(k)), arena_slice(a, value) });
}

static struct key out_key(const struct page_out *o, unsigned kind) {
	struct key k = search_key(o->plan->group, kind);
	key_u32(&k, o->segment);
	key_u32(&k, o->page);
	return k;
}

static void out_flush(struct page_out *o) {
	struct key k = out_key(o, SEARCH_PAGE);
	struct buf b = { 0 };
	if (o->terms == 0)
		return;
	char *p = buf_reserve(&b, 3);
	p[0] = (char)o->class;
	num_put16(p + 1, (uint16_t)buf_len(&o->text));
	buf_commit(&b, 3);
	buf_add_slice(&b, buf_slice(&o->text));
	buf_add_slice(&b, buf_slice(&o->lists));
	out_put(o, &k, buf_slice(&b));
	buf_free(&b);
	buf_reset(&o->text);
	buf_reset(&o->lists);
	o->page++;
	o->flushed++;
	o->terms = 0;
}

static void out_end(struct page_out *o) {
	out_flush(o);
	buf_free(&o->text);
	buf_free(&o->lists);
	buf_free(&o->list);
}

/* list entries from *i on, until the list is `max` octets long */
static void list_encode(const struct search_numbers *n, size_t *i, uint32_t *last, size_t max, struct buf *out) {
	while (*i < n->n && buf_len(out) < max) {
		uint64_t first = n->v[*i];
		size_t run = 1;
		while (*i + run < n->n && n->v[*i + run] == first + 2 * run)
			run++;
		num_add_varint(out, ((first >> 1) - *last) << 2 | (run > 1) << 1 | (first & 1));
		if (run > 1)
			num_add_varint(out, run - 1);
		*last = (uint32_t)((first >> 1) + run - 1);
		*i += run;
	}
}

/* the list goes into records of its own */
static void out_far(struct page_out *o, const struct search_numbers *n) {
	size_t i = 0;
	uint32_t last = 0;
	for (unsigned chunk = 0; i < n->n; chunk++) {
		struct key k = out_key(o, SEARCH_LIST);
		num_put16(k.b + k.n, (uint16_t)o->terms);
		num_put16(k.b + k.n + 2, (uint16_t)chunk);
		k.n += 4;
		buf_reset(&o->list);
		list_encode(n, &i, &last, SEARCH_VALUE_MAX - 20, &o->list);
		out_put(o, &k, buf_slice(&o->list));
	}
}

static void out_term(struct page_out *o, unsigned class, struct slice term, const struct search_numbers *n) {
	size_t i = 0;
	uint32_t last = 0;
	buf_reset(&o->list);
	list_encode(n, &i, &last, SEARCH_INLINE_MAX, &o->list);
	bool far = i < n->n;
	size_t need = term.n + 1 + (far ? 1 : 2 + buf_len(&o->list));
	if (o->terms && (o->class != class || 3 + buf_len(&o->text) + buf_len(&o->lists) + need > SEARCH_VALUE_MAX))
		out_flush(o);
	if (o->terms == 0) {
		o->class = class;
		buf_addc(&o->text, 0);
	}
	if (far) {
		buf_addc(&o->lists, 1);
		out_far(o, n);
	} else {
		num_add_varint(&o->lists, buf_len(&o->list) << 1);
		buf_add_slice(&o->lists, buf_slice(&o->list));
	}
	buf_add_slice(&o->text, term);
	buf_addc(&o->text, 0);
	o->terms++;
}

/* --- pending records to a segment --- */

struct entry { const char *p; uint32_t n, hash, first, last; unsigned class; };
struct seen { uint64_t number; uint32_t next; };      /* next: index + 1 */
struct gather {
	VEC(struct entry) entries;
	VEC(struct seen) seen;
	uint32_t *slots, size;
	size_t octets;
	uint32_t posts, lo, hi;
};

static void gather_grow(struct gather *g) {
	g->size = g->size ? g->size * 4 : 16384;
	mem_free(g->slots);
	g->slots = mem_zalloc(g->size * sizeof *g->slots);
	for (uint32_t i = 0; i < g->entries.n; i++) {
		uint32_t k = g->entries.v[i].hash & (g->size - 1);
		while (g->slots[k])
			k = (k + 1) & (g->size - 1);
		g->slots[k] = i + 1;
	}
}

static void gather_term(struct gather *g, unsigned class, struct slice term, uint64_t number) {
	if (g->entries.n * 2 >= g->size)
		gather_grow(g);
	uint32_t h = (uint32_t)search_hash(term) + class, k = h & (g->size - 1), i;
	vec_push(&g->seen, (struct seen){ .number = number });
	uint32_t at = (uint32_t)g->seen.n;
	for (; (i = g->slots[k]); k = (k + 1) & (g->size - 1)) {
		struct entry *e = &g->entries.v[i - 1];
		if (e->hash == h && e->class == class && e->n == term.n && memcmp(e->p, term.p, term.n) == 0) {
			g->seen.v[e->last - 1].next = at;
			e->last = at;
			return;
		}
	}
	vec_push(&g->entries, (struct entry){ term.p, (uint32_t)term.n, h, at, at, class });
	g->slots[k] = (uint32_t)g->entries.n;
}

static int gather_record(struct gather *g, uint32_t number, struct slice v) {
	g->octets += v.n;
	while (v.n >= 3) {
		unsigned section = (unsigned char)v.p[0], class = section == SECTION_FROM ? SECTION_FROM : SECTION_BODY;
		struct slice text = slice_sub(v, 3, num_get16(v.p + 1));
		v = slice_from(v, 3 + text.n);
		for (size_t at = 1; at < text.n;) {
			const char *nul = memchr(text.p + at, 0, text.n - at);
			if (!nul)
				return ERR_CORRUPT;
			size_t n = (size_t)(nul - text.p) - at;
			gather_term(g, class, slice_of(text.p + at, n), (uint64_t)number * 2 + (section == SECTION_BODY));
			at += n + 1;
		}
	}
	return v.n == 0 ? 1 : ERR_CORRUPT;
}

static int entry_cmp(const void *a, const void *b) {
	const struct entry *x = a, *y = b;
	if (x->class != y->class)
		return x->class < y->class ? -1 : 1;
	return slice_cmp(slice_of(x->p, x->n), slice_of(y->p, y->n));
}

static void gather_write(struct gather *g, struct page_out *o) {
	struct search_numbers n = { 0 };
	qsort(g->entries.v, g->entries.n, sizeof *g->entries.v, entry_cmp);
	for (size_t i = 0; i < g->entries.n; i++) {
		const struct entry *e = &g->entries.v[i];
		n.n = 0;
		for (uint32_t at = e->first; at; at = g->seen.v[at - 1].next)
			vec_push(&n, g->seen.v[at - 1].number);
		out_term(o, e->class, slice_of(e->p, e->n), &n);
	}
	vec_free(&n);
}

static int gather_pending(struct forum_txn *t, struct search_plan *plan, struct gather *g) {
	struct kv_cursor *c;
	struct slice key, v;
	struct key k = search_key(plan->group, SEARCH_PENDING);
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	for (r = kv_seek(c, key_slice(&k), &key, &v); r > 0 && key_has_prefix(key, &k, k.n); r = kv_next(c, &key, &v)) {
		uint32_t number = key.n == 12 ? num_get32(key.p + 6) : 0;
		if (number != g->hi && (g->posts == SEARCH_MERGE_MAX || g->octets > PLAN_PENDING_OCTETS))
			break;
		if (number == 0 || (r = gather_record(g, number, v)) < 0) {
			r = ERR_CORRUPT;
			break;
		}
		g->posts += number != g->hi;
		g->lo = g->lo ? g->lo : number;
		g->hi = number;
		plan_del(plan, key);
	}
	kv_cursor_close(&c);
	return r < 0 ? r : 1;
}

static int segment_cmp(const void *a, const void *b) {
	const struct search_segment *x = a, *y = b;
	return x->posts != y->posts ? (x->posts < y->posts ? 1 : -1) : x->id < y->id ? -1 : x->id > y->id;
}

static void plan_add_segment(struct search_plan *plan, struct search_segment g) {
	vec_push(&plan->s.segments, g);
	qsort(plan->s.segments.v, plan->s.segments.n, sizeof g, segment_cmp);
}

static int plan_pending(struct forum_txn *t, struct search_plan *plan) {
	struct gather g = { 0 };
	struct page_out o = { .plan = plan, .segment = plan->s.next };
	int r = gather_pending(t, plan, &g);
	if (r > 0) {
		gather_write(&g, &o);
		out_end(&o);
		plan->s.next++;
		plan_add_segment(plan, (struct search_segment){ o.segment, g.posts, g.lo, g.hi });
	}
	vec_free(&g.entries);
	vec_free(&g.seen);
	mem_free(g.slots);
	return r;
}

/* --- merging segments --- */

struct reader {
	struct forum_txn *t;
	struct kv_cursor *cursor;
	struct key prefix;
	struct slice key, text, lists, term;
	uint32_t page, index, octets;
	unsigned class;
	size_t at;
	bool far, ended;
	struct slice list;
};

static int reader_page(struct reader *r, uint32_t page) {
	struct key k = r->prefix;
	struct slice v;
	key_u32(&k, page);
	int found = kv_seek(r->cursor, key_slice(&k), &r->key, &v);
	if (found < 0)
		return found;
	r->ended = !found || !key_has_prefix(r->key, &r->prefix, r->prefix.n);
	if (r->ended)
		return 0;
	if (r->key.n != 14 || v.n < 3 || num_get16(v.p + 1) > v.n - 3)
		return ERR_CORRUPT;
	r->page = num_get32(r->key.p + 10);
	r->class = (unsigned char)v.p[0];
	r->text = slice_sub(v, 3, num_get16(v.p + 1));
	r->lists = slice_from(v, 3 + r->text.n);
	r->at = 1;
	r->index = 0;
	return 1;
}

/* 1, 0 end, < 0 */
static int reader_next(struct reader *r) {
	uint64_t v;
	if (!r->ended && r->at >= r->text.n) {
		int found = reader_page(r, r->page + 1);
		if (found < 0)
			return found;
	}
	if (r->ended)
		return 0;
	const char *nul = memchr(r->text.p + r->at, 0, r->text.n - r->at);
	if (!nul || !num_take_varint(&r->lists, &v))
		return ERR_CORRUPT;
	r->term = slice_of(r->text.p + r->at, (size_t)(nul - r->text.p) - r->at);
	r->at += r->term.n + 1;
	r->index++;
	r->far = v & 1;
	r->list = slice_to(r->lists, r->far ? 0 : (size_t)(v >> 1));
	r->lists = slice_from(r->lists, r->list.n);
	return 1;
}

static void list_decode(struct slice list, uint32_t *last, const struct range_set *dead, struct search_numbers *n) {
	uint64_t v, more;
	while (num_take_varint(&list, &v)) {
		uint32_t number = *last + (uint32_t)(v >> 2);
		*last = number;
		if ((v & 2) && num_take_varint(&list, &more))
			*last = number + (uint32_t)more;
		for (uint64_t i = number; i <= *last; i++)
			if (!dead->n || !range_set_has(dead, (uint32_t)i))
				vec_push(n, i * 2 + (v & 1));
	}
}

static int reader_numbers(struct reader *r, const struct range_set *dead, struct search_numbers *n) {
	uint32_t last = 0;
	if (!r->far) {
		list_decode(r->list, &last, dead, n);
		return 1;
	}
	struct key k = search_key(num_get32(r->key.p + 1), SEARCH_LIST);
	key_bytes(&k, slice_from(r->key, 6));
	num_put16(k.b + k.n, (uint16_t)(r->index - 1));
	k.n += 2;
	for (unsigned chunk = 0;; chunk++) {
		struct key c = k;
		struct slice v;
		num_put16(c.b + c.n, (uint16_t)chunk);
		c.n += 2;
		int found = kv_get(r->t->kv, key_slice(&c), &v);
		if (found <= 0)
			return found < 0 ? found : chunk ? 1 : ERR_CORRUPT;
		r->octets += (uint32_t)v.n;
		list_decode(v, &last, dead, n);
	}
}

static int term_cmp(unsigned class_a, struct slice a, unsigned class_b, struct slice b) {
	return class_a != class_b ? (class_a < class_b ? -1 : 1) : slice_cmp(a, b);
}

static int number_cmp(const void *a, const void *b) {
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
	return x < y ? -1 : x > y;
}

/* ascending, each number once */
static void numbers_order(struct search_numbers *n) {
	bool sorted = true;
	for (size_t i = 1; i < n->n && sorted; i++)
		sorted = n->v[i - 1] >> 1 < n->v[i] >> 1;
	if (sorted)
		return;
	qsort(n->v, n->n, sizeof *n->v, number_cmp);
	size_t to = 0;
	for (size_t i = 0; i < n->n; i++) {
		if (to && n->v[to - 1] >> 1 == n->v[i] >> 1)
			to--;                    /* the later one has the body bit, if any has */
		n->v[to++] = n->v[i];
	}
	n->n = to;
}

/* the smallest term of all readers, its numbers, and on: 1, 0 end, < 0 */
static int merge_term(struct reader *rd, size_t n, const struct range_set *dead, struct buf *term, unsigned *class,
	struct search_numbers *numbers) {
	struct reader *min = NULL;
	for (size_t i = 0; i < n; i++)
		if (!rd[i].ended && (!min || term_cmp(rd[i].class, rd[i].term, min->class, min->term) < 0))
			min = &rd[i];
	if (!min)
		return 0;
	buf_reset(term);
	buf_add_slice(term, min->term);
	*class = min->class;
	numbers->n = 0;
	for (size_t i = 0; i < n; i++) {
		if (rd[i].ended || term_cmp(rd[i].class, rd[i].term, *class, buf_slice(term)) != 0)
			continue;
		int r = reader_numbers(&rd[i], dead, numbers);
		if (r < 0 || (r = reader_next(&rd[i])) < 0)
			return r;
	}
	numbers_order(numbers);
	return 1;
}

/* opens the readers behind the last term written */
static int merge_open(struct forum_txn *t, struct search_plan *plan, struct reader *rd) {
	struct slice last = buf_slice(&plan->s.last);
	for (size_t i = 0; i < plan->s.sources.n; i++) {
		rd[i] = (struct reader){ .t = t, .prefix = search_key(plan->group, SEARCH_PAGE) };
		key_u32(&rd[i].prefix, plan->s.sources.v[i].id);
		int r = kv_cursor_open(t->kv, &rd[i].cursor);
		if (r < 0 || (r = reader_page(&rd[i], plan->s.sources.v[i].page)) < 0)
			return r;
		do
			r = reader_next(&rd[i]);
		while (r > 0 && last.n &&
			term_cmp(rd[i].class, rd[i].term, (unsigned char)last.p[0], slice_from(last, 1)) <= 0);
		if (r < 0)
			return r;
	}
	return 1;
}

static bool plan_is_source(const struct search_plan *plan, uint32_t id) {
	for (size_t i = 0; i < plan->s.sources.n; i++)
		if (plan->s.sources.v[i].id == id)
			return true;
	return false;
}

/* the merge is complete: the target takes the place of its sources */
static void merge_finish(struct search_plan *plan) {
	struct search_segment made = { .id = plan->s.target, .lo = UINT32_MAX };
	size_t to = 0;
	range_set_copy(&plan->undead, &plan->s.merging_dead);
	for (size_t i = 0; i < plan->s.segments.n; i++) {
		struct search_segment g = plan->s.segments.v[i];
		if (!plan_is_source(plan, g.id)) {
			plan->s.segments.v[to++] = g;
			range_set_del(&plan->undead, g.lo, g.hi);
			continue;
		}
		made.posts += g.posts;
		made.lo = g.lo < made.lo ? g.lo : made.lo;
		made.hi = g.hi > made.hi ? g.hi : made.hi;
		vec_push(&plan->s.trash, g.id);
	}
	plan->s.segments.n = to;
	plan_add_segment(plan, made);
	plan->s.target = plan->s.pages = 0;
	plan->s.sources.n = 0;
	buf_reset(&plan->s.last);
	range_set_clear(&plan->s.merging_dead);
}

static int plan_merge(struct forum_txn *t, struct search_plan *plan) {
	struct reader rd[SEARCH_SOURCES_MAX] = { 0 };
	struct page_out o = { .plan = plan, .segment = plan->s.target, .page = plan->s.pages };
	struct search_numbers numbers = { 0 };
	struct buf term = { 0 };
	unsigned class = 0;
	size_t n = plan->s.sources.n;
	int r = merge_open(t, plan, rd);
	while (r > 0 && (r = merge_term(rd, n, &plan->s.merging_dead, &term, &class, &numbers)) > 0) {
		if (numbers.n)
			out_term(&o, class, buf_slice(&term), &numbers);
		if (o.flushed + plan->puts.n / 2 >= SEARCH_STEP_PAGES)
			break;
	}
	out_end(&o);
	if (r > 0) {
		plan->s.pages = o.page;
		buf_reset(&plan->s.last);
		buf_addc(&plan->s.last, (char)class);
		buf_add_slice(&plan->s.last, buf_slice(&term));
		for (size_t i = 0; i < n; i++)
			plan->s.sources.v[i].page = rd[i].ended ? UINT32_MAX : rd[i].page;
	} else if (r == 0) {
		merge_finish(plan);
	}
	for (size_t i = 0; i < n; i++)
		if (rd[i].cursor)
			kv_cursor_close(&rd[i].cursor);
	vec_free(&numbers);
	buf_free(&term);
	return r < 0 ? r : 1;
}

/* which segments to merge next: sources and target set; false none */
static bool merge_choose(struct search_plan *plan) {
	struct search_state *s = &plan->s;
	uint64_t sum = 0;
	size_t from = s->segments.n;
	for (size_t i = s->segments.n; i-- > 0; sum += s->segments.v[i].posts)
		if (i + 1 < s->segments.n && sum >= s->segments.v[i].posts && s->segments.n - i <= SEARCH_SOURCES_MAX)
			from = i;
	for (size_t i = from; i < s->segments.n; i++)
		vec_push(&s->sources, (struct search_source){ .id = s->segments.v[i].id });
	return s->sources.n > 0;
}

/* all segments that may hold a dead number */
static bool purge_choose(struct search_plan *plan) {
	struct search_state *s = &plan->s;
	for (size_t i = 0; i < s->segments.n && s->sources.n < SEARCH_SOURCES_MAX; i++) {
		uint32_t found;
		if (range_set_next(&s->dead, s->segments.v[i].lo, &found) && found <= s->segments.v[i].hi)
			vec_push(&s->sources, (struct search_source){ .id = s->segments.v[i].id });
	}
	if (s->sources.n == 0)
		range_set_copy(&plan->undead, &s->dead);
	return s->sources.n > 0;
}

static int merge_start(struct forum_txn *t, struct search_plan *plan) {
	plan->s.target = plan->s.next++;
	plan->s.pages = 0;
	range_set_copy(&plan->s.merging_dead, &plan->s.dead);
	return plan_merge(t, plan);
}

/* --- segments that are no more --- */

static int plan_trash(struct forum_txn *t, struct search_plan *plan) {
	struct search_state *s = &plan->s;
	struct kv_cursor *c;
	struct slice key;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	for (unsigned kind = SEARCH_PAGE; kind <= SEARCH_LIST && r >= 0; kind++) {
		struct key k = search_key(plan->group, kind);
		key_u32(&k, s->trash.v[s->trash.n - 1]);
		r = kv_seek(c, key_slice(&k), &key, NULL);
		for (; r > 0 && key_has_prefix(key, &k, k.n); r = kv_next(c, &key, NULL)) {
			if (plan->dels.n == PLAN_DELETE)
				break;
			plan_del(plan, key);
		}
	}
	kv_cursor_close(&c);
	if (plan->dels.n < PLAN_DELETE)
		s->trash.n--;
	return r < 0 ? r : 1;
}

/* --- posts without terms --- */

static int fill_terms(struct forum_txn *t, struct search_plan *plan, uint32_t number, rebuild_parse parse, void *arg) {
	struct plan_fill fill = { .number = number };
	struct overview o;
	struct post_draft d = { 0 };
	struct post p;
	int r = overview_get_any(t, plan->group, number, &o);
	if (r > 0)
		r = post_get(t, o.post, &p);
	if (r > 0 && p.header_z1 + p.header_z2 + p.body_z != 0) {
		r = rebuild_parse_text(t, &p, parse, arg, &d);
		fill.cut = d.terms.n == 0;       /* stays a maybe */
	}
	if (r > 0 && d.terms.n) {
		fill.author = p.author;
		fill.terms = arena_slice(plan->arena, d.terms);
	}
	vec_push(&plan->fills, fill);
	return r == ERR_UNAVAILABLE || r == ERR_INTERNAL ? r : 1;
}

static int plan_fill(struct forum_txn *t, struct search_plan *plan, rebuild_parse parse, void *arg) {
	uint32_t number = 0;
	while (plan->fills.n < SEARCH_FILL && range_set_next(&plan->s.missing, number + 1, &number)) {
		int r = fill_terms(t, plan, number, parse, arg);
		if (r < 0)
			return r;
		if (number == UINT32_MAX)
			break;
	}
	return 1;
}

/* --- what to do next --- */

int search_pending(struct forum_txn *t, uint32_t group, uint32_t *n_r) {
	struct kv_cursor *c;
	struct slice key;
	struct key k = search_key(group, SEARCH_PENDING), end = search_key(group, SEARCH_PENDING + 1);
	uint32_t first = 0, number = 0;
	*n_r = 0;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&k), &key, NULL);
	if (r > 0 && key.n == 12 && key_has_prefix(key, &k, k.n)) {
		first = num_get32(key.p + 6);
		r = kv_seek_before(c, key_slice(&end), &key, NULL);
		number = r > 0 && key.n == 12 ? num_get32(key.p + 6) : first;
	}
	/* the span says that there may be enough; only then they are counted */
	if (r > 0 && number - first + 1 >= SEARCH_MERGE_MIN && first) {
		number = 0;
		for (r = kv_seek(c, key_slice(&k), &key, NULL); r > 0 && *n_r < SEARCH_MERGE_MIN; r = kv_next(c, &key, NULL)) {
			if (key.n != 12 || !key_has_prefix(key, &k, k.n))
				break;
			*n_r += num_get32(key.p + 6) != number;
			number = num_get32(key.p + 6);
		}
	}
	kv_cursor_close(&c);
	return r < 0 ? r : 1;
}

static int plan_choose(struct forum_txn *t, struct search_plan *plan, rebuild_parse parse, void *arg) {
	struct search_state *s = &plan->s;
	uint32_t pending;
	int r = search_pending(t, plan->group, &pending);
	if (r < 0)
		return r;
	if (s->trash.n)
		return plan_trash(t, plan);
	if (pending >= SEARCH_MERGE_MIN)
		return plan_pending(t, plan);
	if (s->target)
		return plan_merge(t, plan);
	if (merge_choose(plan))
		return merge_start(t, plan);
	if (s->missing.n && parse)
		return plan_fill(t, plan, parse, arg);
	if (s->dead.n)
		return purge_choose(plan) ? merge_start(t, plan) : 1;
	return 0;
}

int search_plan_make(struct forum_txn *t, uint32_t group, rebuild_parse parse, void *arg, struct search_plan **plan_r) {
	struct search_plan *plan = mem_zalloc(sizeof *plan);
	struct group g;
	plan->arena = arena_new();
	plan->group = group;
	int r = search_state_get(t, group, &plan->s);
	if (r == 0 && (r = group_get(t, group, &g)) > 0 && g.high) {
		plan->made = true;
		range_set_add(&plan->s.missing, 1, g.high);
	} else if (r > 0 && plan->s.next == 0) {
		r = ERR_CORRUPT;
	}
	if (r > 0)
		r = plan_choose(t, plan, parse, arg);
	if (r <= 0)
		search_plan_free(&plan);
	*plan_r = plan;
	return r;
}

static bool work_is_there(const struct search_state *s) {
	uint64_t sum = 0;
	for (size_t i = s->segments.n; i-- > 0; sum += s->segments.v[i].posts)
		if (i + 1 < s->segments.n && sum >= s->segments.v[i].posts)
			return true;
	return s->trash.n || s->target || s->missing.n || s->dead.n;
}

int search_next_work(struct forum_txn *t, uint32_t *group) {
	struct group g;
	struct search_state s;
	uint32_t pending, last = group_total(t) ? UINT32_MAX : 0;
	while (*group < last) {
		struct key k = key_1u32('G', *group + 1);
		struct kv_cursor *c;
		struct slice key;
		int r = kv_cursor_open(t->kv, &c);
		if (r < 0)
			return r;
		r = kv_seek(c, key_slice(&k), &key, NULL);
		bool found = r > 0 && key.n == 5 && key_has_prefix(key, &k, 1);
		if (found)
			*group = num_get32(key.p + 1);
		kv_cursor_close(&c);
		if (r < 0 || !found)
			return r < 0 ? r : 0;
		if ((r = group_get(t, *group, &g)) < 0 || (r = search_state_get(t, *group, &s)) < 0)
			return r;
		/* own boxes (any access beyond private) hold pointers to posts of other groups: nothing to index */
		bool work = g.access <= GROUP_PRIVATE && (r == 0 ? g.high > 0 : work_is_there(&s));
		search_state_free(&s);
		if (!work && (r = search_pending(t, *group, &pending)) < 0)
			return r;
		if (work || pending >= SEARCH_MERGE_MIN)
			return 1;
	}
	return 0;
}

/* --- carrying out --- */

static int apply_fills(struct forum_txn *t, const struct search_plan *plan, struct search_state *now) {
	for (size_t i = 0; i < plan->fills.n; i++) {
		const struct plan_fill *f = &plan->fills.v[i];
		struct search_list l = { .cut = f->cut };
		if (!range_set_has(&now->missing, f->number))
			continue;
		range_set_del(&now->missing, f->number, f->number);
		if ((f->terms.n == 0 || search_terms_decode(f->terms, &l) > 0) && l.cut)
			range_set_add(&now->cut, f->number, f->number);
	}
	int r = search_state_put(t, plan->group, now);
	for (size_t i = 0; i < plan->fills.n && r >= 0; i++)
		if (plan->fills.v[i].terms.n)
			r = search_add(t, plan->group, plan->fills.v[i].number, plan->fills.v[i].author, plan->fills.v[i].terms);
	return r;
}

/* everything but the sets of numbers is the plan's: nobody else changes it */
static int apply_state(struct forum_txn *t, const struct search_plan *plan, struct search_state *now) {
	struct search_state s = plan->s;
	s.missing = now->missing;
	s.cut = now->cut;
	range_set_subtract(&now->dead, &plan->undead);
	s.dead = now->dead;
	int r = search_state_put(t, plan->group, &s);
	now->missing = s.missing;      /* the put may have made them coarser */
	now->cut = s.cut;
	now->dead = s.dead;
	return r;
}

int search_plan_apply(struct forum_txn *t, const struct search_plan *plan, struct fail *f) {
	struct search_state now;
	int r = search_state_get(t, plan->group, &now);
	if (r >= 0 && ((r == 0) != plan->made || now.epoch != plan->s.epoch)) {
		search_state_free(&now);
		return 0;
	}
	if (r == 0)
		range_set_copy(&now.missing, &plan->s.missing);
	for (size_t i = 0; i < plan->puts.n && r >= 0; i++)
		r = forum_put(t, plan->puts.v[i].key, plan->puts.v[i].value, f);
	for (size_t i = 0; i < plan->dels.n && r >= 0; i++)
		r = forum_del(t, plan->dels.v[i], f);
	if (r >= 0)
		r = plan->fills.n ? apply_fills(t, plan, &now) : apply_state(t, plan, &now);
	search_state_free(&now);
	return r < 0 ? fail_set(f, (enum err)r, "the search index cannot be written now") : 1;
}

int search_step(struct forum_txn *t, uint32_t group, rebuild_parse parse, void *arg, struct fail *f) {
	struct search_plan *plan;
	int r = search_plan_make(t, group, parse, arg, &plan);
	if (r > 0)
		r = search_plan_apply(t, plan, f);
	search_plan_free(&plan);
	return r;
}
