/* Change numbers (RFC 7162). A message's is the later one of its post in the group (overview) and of the member's own
 * marks on it. What changed since some number is read from the group's change log and from the runs of the marks; when
 * the log since then is longer than MODSEQ_LOG, everything counts as perhaps changed and every hole as vanished, which
 * costs the client time but no truth. The same holds when the beginning of the log was forgotten (group_change_floor).
 *
 * Boxes of pointers count their own changes: what comes, goes, and what changes about a post wherever it stands. Only
 * mailboxes that are always empty (commands) say NOMODSEQ. */
#include "forumd/base/num.h"
#include "forumd/forum/personal.h"
#include "gateways/imap/imap_private.h"

#define MODSEQ_LOG 20000u

bool imap_group_has_modseq(const struct group *g) {
	return g->id != 0;
}

uint64_t imap_group_modseq(const struct group *g) {
	return !imap_group_has_modseq(g) ? 0 : g->modseq ? g->modseq : 1;
}

uint64_t imap_modseq(struct imap_marks *w, struct forum_txn *t, const struct overview *o) {
	uint64_t marks = 0, mask;
	if (imap_marks_mask(w, t, o->number, &mask) >= 0)
		marks = marks_modseq(&w->m, o->number);
	uint64_t modseq = o->modseq > marks ? o->modseq : marks;
	return modseq ? modseq : 1;
}

void imap_condstore_on(struct imap_session *is) {
	if (is->condstore)
		return;
	is->condstore = true;
	if (is->state == IMAP_SELECTED && !is->no_modseq)
		buf_addf(session_out(&is->s), "* OK [HIGHESTMODSEQ %llu] changes are told with their numbers now\r\n",
			(unsigned long long)is->modseq);
}

void imap_set_intersect(struct range_set *set, const struct range_set *with) {
	struct range_set others = {0};
	range_set_copy(&others, set);
	range_set_subtract(&others, with);
	range_set_subtract(set, &others);
	range_set_free(&others);
}

/* 1 the log was read, 0 it is too long, < 0 */
static int read_log(struct forum_txn *t, uint32_t group, uint64_t since, struct range_set *changed,
	struct range_set *gone) {
	struct group_change c;
	unsigned n = 0;
	int r;
	while ((r = group_change_next(t, group, &since, &c)) > 0) {
		if (++n > MODSEQ_LOG)
			return 0;
		if (!c.number || c.kind == CHANGE_MARKS || c.kind == CHANGE_GROUP)
			continue;
		range_set_add(c.kind == CHANGE_GONE ? gone : changed, c.number, c.number);
	}
	return r < 0 ? r : 1;
}

int imap_changed_since(struct forum_txn *t, uint32_t member, uint32_t group, uint64_t since, struct range_set *changed,
	struct range_set *gone) {
	struct group g;
	struct marks m;
	int r = group_get(t, group, &g);
	if (r <= 0)
		return r < 0 ? r : ERR_GONE;
	if (since >= g.modseq || !g.high)
		return 1;
	r = since < group_change_floor(t, group) ? 0 : read_log(t, group, since, changed, gone);
	if (r < 0)
		return r;
	if (r == 0) {
		range_set_add(changed, 1, g.high);
		range_set_add(gone, 1, g.high);
		return 1;
	}
	if ((r = marks_load(t, member, group, 1, g.high, &m)) < 0)
		return r;
	for (size_t i = 0; i < m.nruns; i++)
		if (m.runs[i].modseq > since)
			range_set_add(changed, m.runs[i].lo, m.runs[i].hi);
	imap_set_intersect(&m.set[MARK_HIDDEN], changed);
	if (!g.owner)
		range_set_union(gone, &m.set[MARK_HIDDEN]);
	marks_free(&m);
	return 1;
}

void imap_tell_vanished(struct imap_session *is, const struct range_set *uids, bool earlier) {
	struct buf *out = session_out(&is->s);
	if (!uids->n)
		return;
	buf_adds(out, earlier ? "* VANISHED (EARLIER) " : "* VANISHED ");
	range_set_print(uids, ':', out);
	buf_adds(out, "\r\n");
}

/* nz-number or, with zero, number: 63 bits */
bool imap_take_modseq(struct slice *in, uint64_t *v_r) {
	return num_take_u64(in, v_r) && *v_r <= INT64_MAX;
}
