/* nntp_hidden.c - numbers that the member took out of his own view of the selected group, over IMAP (\Deleted,
 * EXPUNGE). They are holes to him here too: not counted, not listed, 423. By Message-ID the post still is there: it is
 * his Trash that leads to it.
 * The set is kept with the session until his marks in that group change. */
#include "forumd/forum/marks.h"
#include "forumd/forum/rights.h"
#include "gateways/nntp/nntp_private.h"

const struct range_set *nntp_hidden(struct session *s, struct forum_txn *t, uint32_t group) {
	struct nntp_session *n = nntp_of(s);
	struct marks m;
	struct group g;
	if (!s->member || s->member == RIGHTS_OPERATOR)
		return &n->hidden;               /* empty */
	if (n->hidden_group == group)
		return &n->hidden;
	range_set_clear(&n->hidden);
	n->hidden_group = 0;
	/* own boxes say themselves what is in them */
	if (group_get(t, group, &g) <= 0 || g.access == GROUP_OWN)
		return &n->hidden;
	if (marks_load(t, s->member, group, 1, UINT32_MAX, &m) < 0)
		return &n->hidden;
	range_set_copy(&n->hidden, &m.set[MARK_HIDDEN]);
	marks_free(&m);
	n->hidden_group = group;
	return &n->hidden;
}

/* One number: the set of the whole group is not loaded for it, because each article that is read changes the marks.
 * Lists call nntp_hidden() before. */
bool nntp_hidden_has(struct session *s, struct forum_txn *t, uint32_t group, uint32_t number) {
	struct nntp_session *n = nntp_of(s);
	if (!s->member || s->member == RIGHTS_OPERATOR)
		return false;
	if (n->hidden_group == group)
		return range_set_has(&n->hidden, number);
	struct group g;
	return group_get(t, group, &g) > 0 && g.access != GROUP_OWN && marks_has(t, s->member, group, number, MARK_HIDDEN);
}

/* the first run that does not end before the number: there may be as many runs as numbers */
static size_t hidden_at(const struct range_set *h, uint32_t number) {
	size_t lo = 0, hi = h->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (h->v[mid].hi < number)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool nntp_hidden_run(struct session *s, struct forum_txn *t, uint32_t group, uint32_t *next, uint32_t hi,
	uint32_t *stop_r) {
	const struct range_set *h = nntp_hidden(s, t, group);
	*stop_r = hi;
	for (size_t i = hidden_at(h, *next); i < h->n; i++) {
		if (h->v[i].lo > *next) {
			*stop_r = h->v[i].lo - 1 < hi ? h->v[i].lo - 1 : hi;
			break;
		}
		if (h->v[i].hi >= hi)
			return false;
		*next = h->v[i].hi + 1;
	}
	return *next <= hi;
}

void nntp_hidden_count(struct session *s, struct forum_txn *t, struct group *g) {
	const struct range_set *h = nntp_hidden(s, t, g->id);
	struct range_set seen = { 0 }, holes = { 0 };
	uint32_t low;
	if (h->n && g->count && group_holes(t, g->id, &holes) > 0) {
		range_set_add(&seen, 1, g->high);
		range_set_subtract(&seen, &holes);
		range_set_subtract(&seen, h);
		g->count = (uint32_t)range_set_count(&seen);
		g->low = range_set_next(&seen, 1, &low) ? low : g->high + 1;
	}
	range_set_free(&seen);
	range_set_free(&holes);
}
