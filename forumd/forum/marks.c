/* F member, group, block -> version 3, modseq, number of kinds, then per kind that has any: kind u8 and its numbers;
 * then the number of runs, per run varints: gap from the last, length - 1, modseq of the block - modseq of the run.
 * F member, group, block, part u8 -> version 3, number of kinds, kinds: the member's own keywords, MARKS_PART of them
 * in a record, so that no number of keywords on any posts is more than a value may hold; a part without any has no
 * record. Version 2 has keywords in the first record, version 1 no runs either: all its numbers count as changed with
 * the block.
 *
 * A block holds 16,384 numbers, counted from 1 inside the block (block * 16384 + place - 1). A kind's numbers are a
 * range_set, or, with MARKS_BITMAP in the kind octet, a bitmap of 2,048 octets when runs would take more: reading every
 * second post costs no more than reading none. A block that lost its last mark keeps its record:
 * the modseq tells who synchronises that something was taken away.
 *
 * Boxes of pointers keep DELETED and runs in their own blocks: the runs also say when what is shown from elsewhere
 * changed. */
#include "forumd/forum/marks.h"
#include <stdlib.h>
#include "forumd/base/vec.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/group.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/post_private.h"
#include "forumd/forum/watch.h"

#define MARKS_VERSION 3
#define MARKS_PART 20           /* bitmaps of as many kinds, and more, fit a value */
#define MARKS_RUNS_MAX 2048     /* octets of a block's runs */
#define MARKS_SHIFT 14
#define MARKS_BLOCK (1u << MARKS_SHIFT)
#define MARKS_BITMAP 0x80
#define MARKS_BITMAP_SIZE (MARKS_BLOCK / 8)
#define MARKS_KEY 13            /* octets of a first record's key */

static struct key marks_key(uint32_t member, uint32_t group, uint32_t block) {
	struct key k = key_2u32('F', member, group);
	key_u32(&k, block);
	return k;
}

/* 0: the first record; the others from 1 */
static unsigned marks_part(unsigned kind) {
	return kind < MARK_OWN ? 0 : 1 + (kind - MARK_OWN) / MARKS_PART;
}
#define MARKS_PARTS (1 + (MARKS_OWN + MARKS_PART - 1) / MARKS_PART)
_Static_assert((MARKS_PART + 1) * (MARKS_BITMAP_SIZE + 1) + MARKS_RUNS_MAX < KV_VALUE_MAX && MARK_OWN <= MARKS_PART,
	"a record is a value");

static void marks_add_bitmap(struct range_set *to, const char *map) {
	for (uint32_t i = 0; i < MARKS_BLOCK; i++) {
		if (i % 8 == 0 && !map[i / 8]) {
			i += 7;
			continue;
		}
		if (map[i / 8] >> (i % 8) & 1)
			range_set_add(to, i + 1, i + 1);
	}
}

static int marks_take_kind(struct slice *in, unsigned char octet, struct range_set *to) {
	if (octet & MARKS_BITMAP) {
		if (in->n < MARKS_BITMAP_SIZE)
			return ERR_CORRUPT;
		range_set_clear(to);
		marks_add_bitmap(to, in->p);
		*in = slice_from(*in, MARKS_BITMAP_SIZE);
		return 1;
	}
	int r = range_set_decode(to, in);
	return r > 0 && to->n && to->v[to->n - 1].hi > MARKS_BLOCK ? ERR_CORRUPT : r;
}

/* --- when marks changed --- */

static void marks_push_run(struct marks *m, uint32_t lo, uint32_t hi, uint64_t modseq) {
	struct marks_run *last = m->nruns ? &m->runs[m->nruns - 1] : NULL;
	if (last && last->hi + 1 == lo && last->modseq == modseq) {
		last->hi = hi;
		return;
	}
	if (m->nruns == m->cruns) {
		m->cruns = m->cruns ? 2 * m->cruns : 8;
		m->runs = mem_realloc(m->runs, m->cruns * sizeof *m->runs);
	}
	m->runs[m->nruns++] = (struct marks_run){ lo, hi, modseq };
}

/* the numbers of `changed` have this modseq now */
static void marks_put_runs(struct marks *m, const struct range_set *changed, uint64_t modseq) {
	struct marks new = { 0 };
	size_t w = 0;
	for (size_t i = 0; i < m->nruns; i++) {
		struct marks_run o = m->runs[i];
		uint32_t lo = o.lo;
		while (w < changed->n && changed->v[w].lo <= o.hi && lo <= o.hi) {
			struct range c = changed->v[w];
			if (c.hi >= lo && c.lo > lo)
				marks_push_run(&new, lo, c.lo - 1, o.modseq);
			if (c.hi > o.hi) {
				lo = o.hi + 1;     /* it goes on beyond this run */
				break;
			}
			marks_push_run(&new, c.lo, c.hi, modseq);
			lo = c.hi >= lo ? c.hi + 1 : lo;
			w++;
		}
		if (lo <= o.hi)
			marks_push_run(&new, lo, o.hi, o.modseq);
	}
	for (; w < changed->n; w++)
		marks_push_run(&new, changed->v[w].lo, changed->v[w].hi, modseq);
	mem_free(m->runs);
	m->runs = new.runs;
	m->nruns = new.nruns;
	m->cruns = new.cruns;
}

/* how many numbers would be told of in vain if runs i and i + 1 were one */
static uint32_t marks_merge_cost(const struct marks_run *r) {
	uint32_t gap = r[1].lo - r[0].hi - 1;
	const struct marks_run *older = r[0].modseq < r[1].modseq ? &r[0] : &r[1];
	return gap + (r[0].modseq == r[1].modseq ? 0 : older->hi - older->lo + 1);
}

static int marks_cost_order(const void *a, const void *b) {
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

/* the cheaper half of the neighbours become one */
static void marks_thin_runs(struct marks *m) {
	VEC(uint32_t) cost = { 0 };
	for (size_t i = 0; i + 1 < m->nruns; i++)
		vec_push(&cost, marks_merge_cost(&m->runs[i]));
	qsort(cost.v, cost.n, sizeof *cost.v, marks_cost_order);
	uint32_t limit = cost.v[cost.n / 2];
	size_t n = 0;
	for (size_t i = 1; i < m->nruns; i++) {
		struct marks_run *to = &m->runs[n], next = m->runs[i];
		if (marks_merge_cost((struct marks_run[]){ *to, next }) > limit) {
			m->runs[++n] = next;
			continue;
		}
		to->hi = next.hi;
		to->modseq = next.modseq > to->modseq ? next.modseq : to->modseq;
	}
	m->nruns = n + 1;
	vec_free(&cost);
}

static void marks_encode_runs(struct marks *m, struct buf *out) {
	size_t at = buf_len(out);
	for (;;) {
		uint32_t end = 0;
		num_add_varint(out, m->nruns);
		for (size_t i = 0; i < m->nruns; i++) {
			num_add_varint(out, m->runs[i].lo - end - 1);
			num_add_varint(out, m->runs[i].hi - m->runs[i].lo);
			num_add_varint(out, m->modseq - m->runs[i].modseq);
			end = m->runs[i].hi;
		}
		if (buf_len(out) - at <= MARKS_RUNS_MAX || m->nruns < 2)
			return;
		buf_truncate(out, at);
		marks_thin_runs(m);
	}
}

static int marks_decode_runs(struct slice *in, struct marks *m) {
	uint64_t n, gap, len, back, end = 0;
	if (!num_take_varint(in, &n))
		return ERR_CORRUPT;
	while (n--) {
		if (!num_take_varint(in, &gap) || !num_take_varint(in, &len) || !num_take_varint(in, &back) ||
			back > m->modseq || gap >= MARKS_BLOCK || len >= MARKS_BLOCK || end + gap + len + 1 > MARKS_BLOCK)
			return ERR_CORRUPT;
		marks_push_run(m, (uint32_t)(end + gap + 1), (uint32_t)(end + gap + len + 1), m->modseq - back);
		end += gap + len + 1;
	}
	return 1;
}

uint64_t marks_modseq(const struct marks *m, uint32_t number) {
	size_t lo = 0, hi = m->nruns;
	while (lo < hi) {
		size_t mid = (lo + hi) / 2;
		if (m->runs[mid].hi < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo < m->nruns && m->runs[lo].lo <= number ? m->runs[lo].modseq : 0;
}

/* --- records --- */

static int marks_take_kinds(struct slice *in, struct marks *m) {
	uint64_t kinds;
	if (!num_take_varint(in, &kinds) || kinds > MARK_COUNT)
		return ERR_CORRUPT;
	while (kinds--) {
		unsigned char octet = in->n ? (unsigned char)*in->p : MARKS_BITMAP - 1;
		unsigned kind = octet & ~MARKS_BITMAP;
		*in = slice_from(*in, 1);
		if (kind >= MARK_COUNT || marks_take_kind(in, octet, &m->set[kind]) < 0)
			return ERR_CORRUPT;
	}
	return 1;
}

static void marks_clear(struct marks *m) {
	m->nruns = 0;
	m->modseq = 0;
	for (int k = 0; k < MARK_COUNT; k++)
		range_set_clear(&m->set[k]);
}

/* What a record has, of any part, comes to m; numbers inside the block. 2: a first record of an old version, with
 * keywords perhaps. 1, < 0 */
static int marks_decode(struct slice key, struct slice in, struct marks *m) {
	uint64_t version;
	if (!num_take_varint(&in, &version) || !version || version > MARKS_VERSION)
		return ERR_CORRUPT;
	if (key.n == MARKS_KEY + 1)
		return marks_take_kinds(&in, m);
	if (!num_take_varint(&in, &m->modseq) || marks_take_kinds(&in, m) < 0 ||
			(version >= 2 && marks_decode_runs(&in, m) < 0))
		return ERR_CORRUPT;
	if (version == 1)
		marks_push_run(m, 1, MARKS_BLOCK, m->modseq);
	return version < MARKS_VERSION ? 2 : 1;
}

static bool marks_is_key(struct slice key) {
	return key.n == MARKS_KEY || key.n == MARKS_KEY + 1;
}

/* all records of a block: 1, 2 an old one, 0 there are none, < 0; m is empty before */
static int marks_read(struct forum_txn *t, uint32_t member, uint32_t group, uint32_t block, struct marks *m) {
	struct key k = marks_key(member, group, block);
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c), found = 0;
	if (r < 0)
		return r;
	for (r = kv_seek(c, key_slice(&k), &key, &v); r > 0 && key_has_prefix(key, &k, k.n) && marks_is_key(key);
			r = kv_next(c, &key, &v)) {
		if ((r = marks_decode(key, v, m)) < 0)
			break;
		found = r > found ? r : found;
	}
	kv_cursor_close(&c);
	return r < 0 ? r : found;
}

static void marks_encode_kind(const struct range_set *s, unsigned kind, struct buf *out) {
	size_t at = buf_len(out);
	buf_addc(out, (char)kind);
	range_set_encode(s, out);
	if (buf_len(out) - at - 1 <= MARKS_BITMAP_SIZE)
		return;
	buf_truncate(out, at);
	buf_addc(out, (char)(kind | MARKS_BITMAP));
	char *map = buf_reserve(out, MARKS_BITMAP_SIZE);
	memset(map, 0, MARKS_BITMAP_SIZE);
	for (size_t i = 0; i < s->n; i++)
		for (uint32_t v = s->v[i].lo - 1; v < s->v[i].hi; v++)
			map[v / 8] = (char)(map[v / 8] | 1 << (v % 8));
	buf_commit(out, MARKS_BITMAP_SIZE);
}

/* number of kinds */
static unsigned marks_encode_part(const struct marks *m, unsigned part, struct buf *out) {
	unsigned kinds = 0;
	for (unsigned k = 0; k < MARK_COUNT; k++)
		kinds += m->set[k].n > 0 && marks_part(k) == part;
	num_add_varint(out, kinds);
	for (unsigned k = 0; k < MARK_COUNT; k++)
		if (m->set[k].n && marks_part(k) == part)
			marks_encode_kind(&m->set[k], k, out);
	return kinds;
}

/* the first record, and of the others this one, or all */
static int marks_store(struct forum_txn *t, struct key key, struct marks *m, unsigned only, bool all) {
	struct buf b = { 0 };
	num_add_varint(&b, MARKS_VERSION);
	num_add_varint(&b, m->modseq);
	marks_encode_part(m, 0, &b);
	marks_encode_runs(m, &b);
	int r = forum_put(t, key_slice(&key), buf_slice(&b), NULL);
	for (unsigned part = 1; r >= 0 && part < MARKS_PARTS; part++) {
		struct key k = key;
		if (!all && part != only)
			continue;
		key_u8(&k, (uint8_t)part);
		buf_reset(&b);
		num_add_varint(&b, MARKS_VERSION);
		r = marks_encode_part(m, part, &b) ? forum_put(t, key_slice(&k), buf_slice(&b), NULL) :
			forum_del(t, key_slice(&k), NULL);
	}
	buf_free(&b);
	return r < 0 ? r : 1;
}

/* block-relative runs of `from` appended to `to` as real numbers; blocks come in ascending order */
static void marks_lift(struct range_set *to, const struct range_set *from, uint32_t block) {
	uint32_t base = block << MARKS_SHIFT;
	for (size_t i = 0; i < from->n; i++)
		range_set_add(to, base + from->v[i].lo - 1, base + from->v[i].hi - 1);
}

static bool marks_are_elsewhere(const struct group *g) {
	return g->owner && g->box < BOX_DRAFTS;
}

/* m_r holds the box's own marks, and when any of them or of those it shows changed. Own boxes: the marks of a pointer
 * are those of the post where it stands. Neighbours often stand in the same group and block, so the last block is kept.
 */
static int marks_load_box(struct forum_txn *t, uint32_t member, const struct group *g, uint32_t lo, uint32_t hi,
	struct marks *m_r) {
	struct marks one = { 0 };
	uint32_t group = 0, block = 0;
	struct place at;
	int r = 1;
	for (int i = 0; i < MARK_COUNT; i++)
		if (i != MARK_DELETED)
			range_set_clear(&m_r->set[i]);
	for (uint32_t n = lo ? lo : 1; n <= hi && n <= g->high && r >= 0; n++) {
		if ((r = overview_follow(t, g->id, n, &at)) <= 0)
			continue;
		if (at.group != group || at.number >> MARKS_SHIFT != block) {
			marks_free(&one);
			r = marks_read(t, member, group = at.group, block = at.number >> MARKS_SHIFT, &one);
		}
		for (int i = 0; i < MARK_COUNT && r >= 0; i++)
			if (i != MARK_DELETED && one.set[i].n && range_set_has(&one.set[i], (at.number & (MARKS_BLOCK - 1)) + 1))
				range_set_add(&m_r->set[i], n, n);
	}
	marks_free(&one);
	return r < 0 ? r : 1;
}

int marks_load(struct forum_txn *t, uint32_t member, uint32_t group, uint32_t lo, uint32_t hi, struct marks *m_r) {
	struct group g;
	struct key k = marks_key(member, group, lo >> MARKS_SHIFT);
	struct marks one = { 0 };
	struct kv_cursor *c;
	struct slice key, v;
	*m_r = (struct marks){ 0 };
	if (member == 0 || lo > hi)
		return 1;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	for (r = kv_seek(c, key_slice(&k), &key, &v); r > 0 && key_has_prefix(key, &k, 9) && marks_is_key(key);
			r = kv_next(c, &key, &v)) {
		uint32_t block = num_get32(key.p + 9);
		if (block > hi >> MARKS_SHIFT)
			break;
		marks_clear(&one);
		if ((r = marks_decode(key, v, &one)) < 0)
			break;
		for (int i = 0; i < MARK_COUNT; i++)
			marks_lift(&m_r->set[i], &one.set[i], block);
		for (size_t i = 0; i < one.nruns; i++)
			marks_push_run(m_r, (block << MARKS_SHIFT) + one.runs[i].lo - 1,
				(block << MARKS_SHIFT) + one.runs[i].hi - 1, one.runs[i].modseq);
		m_r->modseq = one.modseq > m_r->modseq ? one.modseq : m_r->modseq;
	}
	kv_cursor_close(&c);
	marks_free(&one);
	if (r >= 0 && group_get(t, group, &g) > 0 && marks_are_elsewhere(&g))
		r = marks_load_box(t, member, &g, lo, hi, m_r);
	if (r < 0)
		marks_free(m_r);
	return r < 0 ? r : 1;
}

void marks_free(struct marks *m) {
	for (int k = 0; k < MARK_COUNT; k++)
		range_set_free(&m->set[k]);
	mem_free(m->runs);
	m->runs = NULL;
	m->modseq = m->nruns = m->cruns = 0;
}

int marks_used(struct forum_txn *t, uint32_t member, uint64_t *marks_r) {
	struct key k = key_1u32('F', member);
	struct marks one = { 0 };
	struct kv_cursor *c;
	struct slice key, v;
	*marks_r = 0;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	for (r = kv_seek(c, key_slice(&k), &key, &v); r > 0 && key_has_prefix(key, &k, 5); r = kv_next(c, &key, &v)) {
		marks_clear(&one);
		if ((r = marks_decode(key, v, &one)) < 0)
			break;
		for (unsigned i = 0; i < MARK_COUNT; i++)
			*marks_r |= (uint64_t)(one.set[i].n > 0) << i;
	}
	kv_cursor_close(&c);
	marks_free(&one);
	return r < 0 ? r : 1;
}

bool marks_has(struct forum_txn *t, uint32_t member, uint32_t group, uint32_t number, enum mark k) {
	struct place at = { .group = group, .number = number };
	struct group g;
	if (k != MARK_DELETED && group_get(t, group, &g) > 0 && marks_are_elsewhere(&g) &&
		overview_follow(t, group, number, &at) <= 0)
		return false;
	number = at.number;
	struct marks one = { 0 };
	bool has = member && marks_read(t, member, at.group, number >> MARKS_SHIFT, &one) > 0 &&
		range_set_has(&one.set[k], (number & (MARKS_BLOCK - 1)) + 1);
	marks_free(&one);
	return has;
}

/* the numbers of the set that lie in the block, relative to it; *at is the first run that may matter, and moves on */
static void marks_cut(const struct range_set *numbers, uint32_t block, uint32_t high, size_t *at,
	struct range_set *out) {
	uint32_t base = block << MARKS_SHIFT, end = base + (MARKS_BLOCK - 1);
	if (end > high)
		end = high;
	range_set_clear(out);
	for (; *at < numbers->n && numbers->v[*at].lo <= end; ++*at) {
		uint32_t lo = numbers->v[*at].lo > base ? numbers->v[*at].lo : base, hi = numbers->v[*at].hi;
		range_set_add(out, lo - base + 1, (hi < end ? hi : end) - base + 1);
		if (hi > end)
			return;
	}
}

struct marks_edit {
	uint32_t member, group; enum mark kind; bool on;
	bool touch;                /* no mark of this group: what its pointers lead to changed */
	uint64_t modseq;           /* 0: nothing changed yet */
	uint32_t first, last;      /* of what changed */
	struct range_set changed;  /* the same exactly */
};

/* keep of `want` what is news: to clear, the part that is there; to set, the part that is not */
static void marks_news(const struct range_set *set, bool on, struct range_set *want) {
	struct range_set other = { 0 };
	range_set_copy(&other, want);
	range_set_subtract(&other, set);
	if (on)
		range_set_copy(want, &other);
	else
		range_set_subtract(want, &other);
	range_set_free(&other);
}

/* 1, or < 0. `want` is relative to the block and not empty; it is used up. */
static int marks_edit_block(struct forum_txn *t, struct marks_edit *e, uint32_t block, struct range_set *want) {
	struct key key = marks_key(e->member, e->group, block);
	struct marks m = { 0 };
	int r = marks_read(t, e->member, e->group, block, &m);
	bool old = r == 2;
	if (r < 0)
		goto out;
	r = 1;
	struct range_set *set = &m.set[e->kind];
	if (!e->touch)
		marks_news(set, e->on, want);
	if (want->n == 0)
		goto out;
	uint32_t base = block << MARKS_SHIFT;
	if (e->modseq == 0) {
		int64_t modseq = group_bump(t, e->group, base + want->v[0].lo - 1, CHANGE_MARKS, 0);
		if (modseq < 0) {
			r = (int)modseq;
			goto out;
		}
		e->modseq = (uint64_t)modseq;
		e->first = base + want->v[0].lo - 1;
	}
	e->last = base + want->v[want->n - 1].hi - 1;
	marks_lift(&e->changed, want, block);
	if (e->on && !e->touch)
		range_set_union(set, want);
	else if (!e->touch)
		range_set_subtract(set, want);
	m.modseq = e->modseq;
	marks_put_runs(&m, want, e->modseq);
	r = marks_store(t, key, &m, e->touch ? 0 : marks_part(e->kind), old);
out:
	marks_free(&m);
	return r;
}

/* block by block, with one change for all of it: 1, 0 nothing changed, < 0 */
static int marks_edit(struct forum_txn *t, struct marks_edit *e, const struct group *g,
	const struct range_set *numbers) {
	struct range_set want = { 0 };
	size_t at = 0;
	int r = 1;
	/* what no post ever had cannot be marked: it bounds the blocks that "1:*" can write */
	for (uint32_t next = 1; r > 0 && next && range_set_next(numbers, next, &next) && next <= g->high;) {
		uint32_t block = next >> MARKS_SHIFT;
		marks_cut(numbers, block, g->high, &at, &want);
		r = marks_edit_block(t, e, block, &want);
		next = (block + 1) << MARKS_SHIFT;     /* 0 behind the last block */
	}
	range_set_free(&want);
	if (r < 0 || e->modseq == 0)
		return r < 0 ? r : 0;
	forum_change_add(t, (struct change){ .kind = CHANGE_MARKS, .group = g->id, .number = e->first, .last = e->last,
		.member = e->member, .modseq = e->modseq });
	return 1;
}

/* numbers of a box whose pointers lead to the changed numbers of a group; few changes are looked up, for many the box
 * is gone through */
static int marks_pointers(struct forum_txn *t, const struct group *box, uint32_t group, const struct range_set *changed,
	struct range_set *out) {
	struct overview o;
	struct place at;
	uint32_t number;
	int r = 1;
	if (range_set_count(changed) > box->high) {
		for (uint32_t n = 1; n <= box->high && r >= 0; n++)
			if ((r = overview_follow(t, box->id, n, &at)) > 0 && at.group == group && range_set_has(changed, at.number))
				range_set_add(out, n, n);
		return r < 0 ? r : 1;
	}
	for (uint32_t n = 1; r >= 0 && n && range_set_next(changed, n, &n); n++)
		if ((r = overview_get_any(t, group, n, &o)) > 0 && (r = personal_number(t, o.post, box->id, &number)) > 0 &&
				(r = overview_follow(t, box->id, number, &at)) > 0 && at.group == group)
			range_set_add(out, number, number);
	return r < 0 ? r : 1;
}

/* The member's boxes that show these posts have changed too: they get change numbers of their own, and who looks at
 * them is told. */
static int marks_touch_boxes(struct forum_txn *t, uint32_t member, uint32_t group, const struct range_set *changed) {
	static const enum personal_box boxes[] = { BOX_INBOX, BOX_REPLIES, BOX_WATCHED, BOX_UNREAD };
	struct range_set pointers = { 0 };
	struct group box;
	int r = 1;
	for (size_t i = 0; i < sizeof boxes / sizeof *boxes && r >= 0; i++) {
		struct marks_edit e = { .member = member, .touch = true };
		range_set_clear(&pointers);
		if ((r = personal_find(t, member, boxes[i], &box)) <= 0 || box.id == group || !box.high)
			continue;
		e.group = box.id;
		if ((r = marks_pointers(t, &box, group, changed, &pointers)) > 0 && pointers.n)
			r = marks_edit(t, &e, &box, &pointers);
		range_set_free(&e.changed);
	}
	range_set_free(&pointers);
	return r < 0 ? r : 1;
}

/* A word on one post is a word on its thread: told for what changed, which may be little of a whole mailbox. */
static int marks_tell_thread(struct forum_txn *t, uint32_t member, uint32_t group, enum mark k,
	const struct range_set *numbers, bool on) {
	enum watch w = k == MARK_MUTED ? WATCH_MUTED : WATCH_ON;
	struct overview o;
	int r = 1;
	for (uint32_t n = 1; r >= 0 && n && range_set_next(numbers, n, &n); n++) {
		if ((r = overview_get(t, group, n, &o)) <= 0)
			continue;
		if (on)
			r = watch_set(t, member, o.thread, w);
		else if (watch_get(t, member, o.thread) == w)
			r = watch_set(t, member, o.thread, WATCH_NONE);
	}
	return r < 0 ? r : 1;
}

static int marks_set_in(struct forum_txn *t, uint32_t member, const struct group *g, enum mark k,
	const struct range_set *numbers, bool on) {
	struct marks_edit e = { .member = member, .group = g->id, .kind = k, .on = on };
	int r = marks_edit(t, &e, g, numbers);
	if (r > 0 && !g->owner && marks_touch_boxes(t, member, g->id, &e.changed) < 0)
		r = ERR_UNAVAILABLE;
	if (r > 0 && (k == MARK_MUTED || k == MARK_WATCHED) && marks_tell_thread(t, member, g->id, k, &e.changed, on) < 0)
		r = ERR_UNAVAILABLE;
	range_set_free(&e.changed);
	return r;
}

/* own boxes: each pointer's mark is set where its post stands, group by group */
static int marks_set_box(struct forum_txn *t, uint32_t member, const struct group *box, enum mark k,
	const struct range_set *numbers, bool on) {
	struct range_set rest = { 0 }, here = { 0 };
	struct place at;
	struct group g;
	int changed = 0, r = 1;
	for (uint32_t n = 1; n && range_set_next(numbers, n, &n) && n <= box->high; n++)
		range_set_add(&rest, n, n);
	while (rest.n && r >= 0) {
		uint32_t group = 0;
		range_set_clear(&here);
		for (uint32_t n = 1; r >= 0 && n && range_set_next(&rest, n, &n); n++) {
			if ((r = overview_follow(t, box->id, n, &at)) > 0 && (group == 0 || at.group == group)) {
				group = at.group;
				range_set_add(&here, at.number, at.number);
			} else if (r > 0) {
				continue;
			}
			range_set_del(&rest, n, n);
		}
		if (r >= 0 && group && (r = group_get(t, group, &g)) > 0 && (r = marks_set_in(t, member, &g, k, &here, on)) > 0)
			changed = 1;
	}
	range_set_free(&rest);
	range_set_free(&here);
	return r < 0 ? r : changed;
}

int marks_set(struct forum_txn *t, uint32_t member, uint32_t group, enum mark k, const struct range_set *numbers,
	bool on) {
	struct group g;
	int r = member == 0 || (unsigned)k >= MARK_COUNT ? ERR_INVALID : group_get(t, group, &g);
	if (r <= 0)
		return r < 0 ? r : ERR_NOTFOUND;
	return k != MARK_DELETED && marks_are_elsewhere(&g) ? marks_set_box(t, member, &g, k, numbers, on)
														: marks_set_in(t, member, &g, k, numbers, on);
}

int marks_carry(struct forum_txn *t, uint32_t member, uint32_t from, uint32_t to, const struct marks_carry *v,
	size_t n) {
	struct range_set there = { 0 };
	struct marks m;
	struct group g;
	uint32_t lo = UINT32_MAX, hi = 0;
	for (size_t i = 0; i < n; i++) {
		lo = v[i].was < lo ? v[i].was : lo;
		hi = v[i].was > hi ? v[i].was : hi;
	}
	int r = group_get(t, to, &g);
	if (r <= 0 || (r = marks_load(t, member, from, lo, hi, &m)) < 0)
		return r < 0 ? r : ERR_NOTFOUND;
	for (unsigned k = 0; k < MARK_COUNT && r >= 0; k++) {
		struct marks_edit e = { .member = member, .group = to, .kind = (enum mark)k, .on = true };
		range_set_clear(&there);
		for (size_t i = 0; i < n && m.set[k].n; i++)
			if (range_set_has(&m.set[k], v[i].was))
				range_set_add(&there, v[i].is, v[i].is);
		if (there.n)
			r = marks_edit(t, &e, &g, &there);
		range_set_free(&e.changed);
	}
	range_set_free(&there);
	marks_free(&m);
	return r < 0 ? r : 1;
}

int marks_unseen(struct forum_txn *t, uint32_t member, uint32_t group, uint32_t *count_r, uint32_t *first_r) {
	struct range_set unseen = { 0 }, holes = { 0 };
	struct marks m = { 0 };
	struct group g;
	*count_r = *first_r = 0;
	int r = group_get(t, group, &g);
	if (r <= 0)
		return r;
	if ((r = group_holes(t, group, &holes)) >= 0 && (r = marks_load(t, member, group, 1, g.high, &m)) > 0) {
		range_set_add(&unseen, 1, g.high);
		range_set_subtract(&unseen, &holes);
		range_set_subtract(&unseen, &m.set[MARK_SEEN]);
		if (!g.owner)      /* a pointer is there also to what was hidden in the group */
			range_set_subtract(&unseen, &m.set[MARK_HIDDEN]);
		*count_r = (uint32_t)range_set_count(&unseen);
		*first_r = unseen.n ? unseen.v[0].lo : 0;
		r = 1;
	}
	range_set_free(&unseen);
	range_set_free(&holes);
	marks_free(&m);
	return r;
}
