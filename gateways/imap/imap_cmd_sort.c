/* SORT (RFC 5256, RFC 5957). What is found by the search is turned into rows of keys, in steps; then sorted at once,
 * which takes 200 ms for a million; ties keep the order of the mailbox. */
#include <stdlib.h>
#include "forumd/base/clock.h"
#include "forumd/base/num.h"
#include "forumd/base/vec.h"
#include "forumd/forum/author.h"
#include "gateways/imap/imap_private.h"
#include "gateways/imap/imap_sort_key.h"

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
/* a number, or text: octets of `strings` from off */
struct sort_cell { int64_t v; uint32_t len; bool text; };
struct sort {
	struct { enum sort_key key; bool reverse; } keys[SORT_KEYS_MAX];
	unsigned nkeys;
	bool needs_env;
	struct range_set *uids;
	uint32_t next;
	VEC(uint32_t) numbers, order;        /* UIDs; places in numbers as sorted */
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
}

static void add_text(struct sort *w, size_t from) {
	vec_push(&w->cells, (struct sort_cell){ (int64_t)from, (uint32_t)(buf_len(&w->strings) - from), true });
}

static void add_key(struct sort *w, struct forum_txn *t, enum sort_key key, const struct overview *o,
	const struct envelope *e) {
	size_t from = buf_len(&w->strings);
	bool display = key == SORT_DISPLAYFROM || key == SORT_DISPLAYTO;
	switch (key) {
	case SORT_ARRIVAL:
		vec_push(&w->cells, (struct sort_cell){ overview_received(o), 0, false });
		return;
	case SORT_DATE:
		vec_push(&w->cells, (struct sort_cell){ imap_sort_date(o), 0, false });
		return;
	case SORT_SIZE:
		vec_push(&w->cells, (struct sort_cell){ overview_size(t, o), 0, false });
		return;
	case SORT_SUBJECT:
		imap_sort_subject(o, &w->strings);
		break;
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
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
	const char *strings = w->strings.data;
	for (unsigned i = 0; i < w->nkeys; i++) {
		const struct sort_cell *p = &w->cells.v[(size_t)x * w->nkeys + i], *q = &w->cells.v[(size_t)y * w->nkeys + i];
		int r = !p->text ? (p->v > q->v) - (p->v < q->v) :
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
		uint32_t uid = w->numbers.v[w->order.v[w->told]];
		buf_addc(out, ' ');
		buf_addu(out, is->uid ? uid : imap_view_seq(&is->view, uid));
	}
	buf_adds(out, "\r\n");
	return imap_ok(is, "SORT completed");
}

static enum step sort_finish(struct imap_session *is, struct sort *w) {
	for (uint32_t i = 0; i < w->numbers.n; i++)
		vec_push(&w->order, i);
	if (w->order.n)
		qsort_r(w->order.v, w->order.n, sizeof *w->order.v, sort_order, w);
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

static enum step sort_found(struct imap_session *is, struct range_set *uids, void *arg) {
	struct sort *w = arg;
	w->uids = uids;
	w->next = uids->n ? uids->v[0].lo : 1;
	is->work = w;
	return uids->n ? sort_collect(&is->s) : sort_finish(is, w);
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
