/* SORT (RFC 5256, RFC 5957). What is found by the search is turned into rows of keys, in steps; then sorted at once: by
 * the first key as a number of 64 bits, octet by octet from the low end, which keeps the mailbox's order among equals;
 * then runs of equals by all keys. Subjects are numbers too: their places among all subjects of the group. */
#include <stdlib.h>
#include "forumd/base/clock.h"
#include "forumd/base/num.h"
#include "forumd/base/vec.h"
#include "forumd/forum/author.h"
#include "gateways/imap/imap_private.h"
#include "gateways/imap/imap_sort_key.h"
#include "gateways/imap/imap_subjects.h"

#define SORT_KEYS_MAX 16u
#define SORT_STRIDE 64u

enum sort_key {
	SORT_ARRIVAL, SORT_DATE, SORT_SIZE, SORT_SUBJECT, SORT_FROM, SORT_TO, SORT_CC, SORT_DISPLAYFROM, SORT_DISPLAYTO,
};
static const struct { const char *name; enum sort_key key; } sort_names[] = {
	{ "ARRIVAL", SORT_ARRIVAL }, { "DATE", SORT_DATE }, { "SIZE", SORT_SIZE }, { "SUBJECT", SORT_SUBJECT },
	{ "FROM", SORT_FROM }, { "TO", SORT_TO }, { "CC", SORT_CC }, { "DISPLAYFROM", SORT_DISPLAYFROM },
	{ "DISPLAYTO", SORT_DISPLAYTO },
};
/* a number, or text: octets of `strings` from off, the first eight of them in front so that most comparisons end there
 */
struct sort_cell { int64_t v; uint64_t front; uint32_t len; bool text; };
struct sort_row { uint64_t first; uint32_t row; };
struct sort {
	struct { enum sort_key key; bool reverse; } keys[SORT_KEYS_MAX];
	unsigned nkeys;
	bool needs_env, only_subjects;
	struct imap_subjects *subjects;      /* when one of the keys is the subject */
	struct range_set *uids;
	uint32_t next;
	VEC(uint32_t) numbers;               /* UIDs */
	VEC(struct sort_row) order;          /* places in numbers as sorted */
	VEC(struct sort_cell) cells;         /* nkeys a row */
	struct buf strings;
	size_t told;
};

static void sort_free(void *arg) {
	struct sort *w = arg;
	vec_free(&w->numbers);
	vec_free(&w->order);
	vec_free(&w->cells);
	buf_free(&w->strings);
	imap_subjects_release(&w->subjects);
}

static void add_number(struct sort *w, int64_t v) {
	vec_push(&w->cells, (struct sort_cell){ .v = v });
}

static void add_text(struct sort *w, size_t from) {
	struct slice text = slice_from(buf_slice(&w->strings), from);
	struct sort_cell c = { .v = (int64_t)from, .len = (uint32_t)text.n, .text = true };
	char front[8] = {0};
	memcpy(front, text.p, text.n < 8 ? text.n : 8);
	c.front = num_get64(front);
	vec_push(&w->cells, c);
}

/* the id stands for the subject until all are known */
static void add_subject(struct sort *w, uint32_t number) {
	bool reply;
	add_number(w, imap_subjects_id(w->subjects, number, &reply));
}

static void add_key(struct sort *w, struct forum_txn *t, enum sort_key key, const struct overview *o,
	const struct envelope *e) {
	size_t from = buf_len(&w->strings);
	bool display = key == SORT_DISPLAYFROM || key == SORT_DISPLAYTO;
	switch (key) {
	case SORT_ARRIVAL:
		add_number(w, overview_received(o));
		return;
	case SORT_DATE:
		add_number(w, imap_sort_date(o));
		return;
	case SORT_SIZE:
		add_number(w, overview_size(t, o));
		return;
	case SORT_SUBJECT:
		imap_subjects_learn(w->subjects, o);
		add_subject(w, o->number);
		return;
	case SORT_FROM:
	case SORT_DISPLAYFROM:
		imap_sort_address(author_envelope(t, o->author, e->from), display, &w->strings);
		break;
	case SORT_TO:
	case SORT_DISPLAYTO:
	case SORT_CC:
		imap_sort_address(imap_sort_list(e->after, key == SORT_CC), display, &w->strings);
		break;
	}
	add_text(w, from);
}

static int add_row(struct sort *w, struct forum_txn *t, const struct overview *o) {
	struct envelope e = {0};
	int r = w->needs_env ? envelope_get(t, o->group, o->number, &e) : 1;
	if (r < 0)
		return r;
	vec_push(&w->numbers, o->number);
	for (unsigned i = 0; i < w->nkeys; i++)
		add_key(w, t, w->keys[i].key, o, &e);
	return 1;
}

static int sort_order(const void *a, const void *b, void *arg) {
	const struct sort *w = arg;
	uint32_t x = ((const struct sort_row *)a)->row, y = ((const struct sort_row *)b)->row;
	const char *strings = w->strings.data;
	for (unsigned i = 0; i < w->nkeys; i++) {
		const struct sort_cell *p = &w->cells.v[(size_t)x * w->nkeys + i], *q = &w->cells.v[(size_t)y * w->nkeys + i];
		int r = !p->text ? (p->v > q->v) - (p->v < q->v) : p->front != q->front ? (p->front < q->front ? -1 : 1) :
			slice_cmp(slice_of(strings + p->v, p->len), slice_of(strings + q->v, q->len));
		if (r)
			return w->keys[i].reverse ? -r : r;
	}
	return (x > y) - (x < y);
}

static enum step sort_tell(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct sort *w = is->work;
	struct buf *out = session_out(s);
	for (; w->told < w->order.n; w->told++) {
		if (buf_len(out) > (256u << 10)) {
			s->step = sort_tell;
			return STEP_MORE;
		}
		uint32_t uid = w->numbers.v[w->order.v[w->told].row];
		buf_addc(out, ' ');
		buf_addu(out, is->uid ? uid : imap_view_seq(&is->view, uid));
	}
	buf_adds(out, "\r\n");
	return imap_ok(is, "SORT completed");
}

static void rank_subjects(struct sort *w) {
	for (unsigned k = 0; k < w->nkeys; k++) {
		if (w->keys[k].key != SORT_SUBJECT)
			continue;
		for (size_t i = k; i < w->cells.n; i += w->nkeys)
			w->cells.v[i].v = imap_subjects_rank(w->subjects, (uint32_t)w->cells.v[i].v);
	}
}

static uint64_t first_key(const struct sort *w, uint32_t row) {
	const struct sort_cell *c = &w->cells.v[(size_t)row * w->nkeys];
	uint64_t v = c->text ? c->front : (uint64_t)c->v ^ (uint64_t)1 << 63;
	return w->keys[0].reverse ? ~v : v;
}

/* Octets that are the same everywhere cost no pass, and most are. */
static void sort_first(struct sort_row *v, size_t n) {
	struct sort_row *from = v, *to = mem_alloc((n + 1) * sizeof *to), *spare = to;
	for (unsigned shift = 0; shift < 64; shift += 8) {
		size_t at[256] = {0}, sum = 0;
		for (size_t i = 0; i < n; i++)
			at[from[i].first >> shift & 255]++;
		if (n == 0 || at[from[0].first >> shift & 255] == n)
			continue;
		for (unsigned b = 0; b < 256; b++) {
			size_t count = at[b];
			at[b] = sum;
			sum += count;
		}
		for (size_t i = 0; i < n; i++)
			to[at[from[i].first >> shift & 255]++] = from[i];
		struct sort_row *was = from;
		from = to;
		to = was;
	}
	if (from != v)
		memcpy(v, from, n * sizeof *v);
	mem_free(spare);
}

static void sort_equals(struct sort *w) {
	struct sort_row *v = w->order.v;
	if (w->nkeys == 1 && w->cells.n && !w->cells.v[0].text)
		return;
	for (size_t i = 0, end; i < w->order.n; i = end) {
		for (end = i + 1; end < w->order.n && v[end].first == v[i].first; end++)
			;
		if (end > i + 1)
			qsort_r(v + i, end - i, sizeof *v, sort_order, w);
	}
}

static enum step sort_finish(struct imap_session *is, struct sort *w) {
	rank_subjects(w);
	for (uint32_t i = 0; i < w->numbers.n; i++)
		vec_push(&w->order, (struct sort_row){ first_key(w, i), i });
	sort_first(w->order.v, w->order.n);
	sort_equals(w);
	buf_adds(session_out(&is->s), "* SORT");
	return sort_tell(&is->s);
}

static enum step sort_collect(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct sort *w = is->work;
	struct overview_iter it;
	struct overview o;
	unsigned n = 0;
	int64_t start = clock_mono_us();
	struct forum_txn *t = session_read(s);
	int r = t ? overview_iter_begin(t, is->group, w->next, is->view.high, &it) : ERR_UNAVAILABLE;
	if (r < 0)
		return imap_unavailable(is);
	while ((r = overview_iter_next(&it, &o)) > 0) {
		w->next = o.number + 1;
		if (range_set_has(w->uids, o.number) && (r = add_row(w, t, &o)) < 0)
			break;
		if (++n % SORT_STRIDE == 0 && imap_give_way(is, start)) {
			overview_iter_end(&it);
			s->step = sort_collect;
			return STEP_MORE;
		}
	}
	overview_iter_end(&it);
	return r < 0 ? imap_unavailable(is) : sort_finish(is, w);
}

/* Nothing but subjects that are known already: no look at the store. True: all rows are there. */
static bool sort_known(struct sort *w) {
	if (!w->only_subjects)
		return false;
	for (size_t i = 0; i < w->uids->n; i++) {
		uint32_t uid = w->uids->v[i].lo;
		do {
			if (!imap_subjects_has(w->subjects, uid)) {
				w->numbers.n = w->cells.n = 0;
				return false;
			}
			vec_push(&w->numbers, uid);
			for (unsigned k = 0; k < w->nkeys; k++)
				add_subject(w, uid);
		} while (uid++ < w->uids->v[i].hi);
	}
	return true;
}

static enum step sort_found(struct imap_session *is, struct range_set *uids, void *arg) {
	struct sort *w = arg;
	w->uids = uids;
	w->only_subjects = true;
	for (unsigned k = 0; k < w->nkeys; k++) {
		w->only_subjects &= w->keys[k].key == SORT_SUBJECT;
		if (w->keys[k].key == SORT_SUBJECT && !w->subjects)
			w->subjects = imap_subjects_hold(is->group);
	}
	w->next = uids->n ? uids->v[0].lo : 1;
	is->work = w;
	return uids->n && !sort_known(w) ? sort_collect(&is->s) : sort_finish(is, w);
}

/* "(" [REVERSE SP] key ... ")" */
static bool take_keys(struct slice *in, struct sort *w) {
	if (!imap_take_char(in, '('))
		return false;
	do {
		struct slice name;
		bool known = false;
		if (w->nkeys == SORT_KEYS_MAX || !imap_take_name(in, &name))
			return false;
		w->keys[w->nkeys].reverse = slice_is_nocase(name, "REVERSE");
		if (w->keys[w->nkeys].reverse && (!imap_take_space(in) || !imap_take_name(in, &name)))
			return false;
		for (size_t i = 0; i < sizeof sort_names / sizeof *sort_names; i++) {
			if (!slice_is_nocase(name, sort_names[i].name))
				continue;
			w->keys[w->nkeys].key = sort_names[i].key;
			w->needs_env |= sort_names[i].key >= SORT_FROM;
			known = true;
		}
		if (!known)
			return false;
		w->nkeys++;
	} while (imap_take_space(in));
	return imap_take_char(in, ')');
}

enum step imap_cmd_sort(struct imap_session *is, struct slice *rest) {
	struct sort *w = ARENA_NEW(is->s.command, struct sort);
	struct slice charset;
	arena_on_reset(is->s.command, sort_free, w);
	if (!imap_take_space(rest) || !take_keys(rest, w) || !imap_take_space(rest) ||
	    !imap_take_astring(rest, is->s.command, &charset) || !imap_take_space(rest))
		return imap_bad_arguments(is);
	return imap_find(is, rest, charset, sort_found, w);
}
