/* nntp_cmd_group.c - GROUP and LISTGROUP. LISTGROUP reads no posts: what is visible is 1..high less the holes. */
#include <stdio.h>
#include "gateways/nntp/nntp_private.h"

/* 1, 0 answered */
static int group_choose(struct session *s, struct slice name, struct forum_txn **t_r, struct group *g_r,
	enum step *step_r) {
	*t_r = session_read(s);
	int r = *t_r ? nntp_group_find(s, *t_r, name, g_r) : ERR_UNAVAILABLE;
	if (r > 0)
		return 1;
	*step_r = r < 0 ? nntp_fail(s, r) : nntp_reply(s, "411 no such newsgroup");
	return 0;
}

static void group_select(struct session *s, struct forum_txn *t, struct group *g) {
	nntp_hidden_count(s, t, g);
	nntp_of(s)->group = g->id;
	nntp_of(s)->number = g->count ? g->low : 0;
}

static void group_say(struct session *s, const struct group *g) {
	nntp_replyf(s, "211 %u %u %u %.*s", g->count, g->low, g->high, SLICE_ARG(nntp_group_name(g)));
}

static enum step group_answer(struct session *s) {
	struct forum_txn *t;
	struct group g;
	enum step step;
	if (!group_choose(s, nntp_of(s)->at.args[0], &t, &g, &step))
		return step;
	group_select(s, t, &g);
	group_say(s, &g);
	return STEP_DONE;
}

/* the member's own group that the command is about, or NULL */
static const struct nntp_me *group_own(struct session *s, const struct slice *args, unsigned nargs) {
	struct forum_txn *t;
	struct group g;
	if (nargs)
		return nntp_me_named(s, args[0]);
	uint32_t selected = nntp_of(s)->group;
	t = selected && s->member ? session_read(s) : NULL;
	return t && group_get(t, selected, &g) > 0 && g.access == GROUP_OWN ? nntp_me_named(s, nntp_group_name(&g)) : NULL;
}

/* answer now, or when the own group is ready */
static enum step group_begin(struct session *s, struct slice *args, unsigned nargs,
	enum step (*answer)(struct session *)) {
	const struct nntp_me *me = group_own(s, args, nargs);
	enum step step;
	nntp_of(s)->at = (struct nntp_cursor){ .args = args, .nargs = nargs };
	return me && nntp_me_prepare(s, me, answer, &step) ? step : answer(s);
}

enum step nntp_cmd_group(struct session *s, struct slice *args, unsigned nargs) {
	return group_begin(s, args, nargs, group_answer);
}

/* Decimal numbers lo..hi, one a line, by counting in the text itself. */
static void group_add_numbers(struct buf *out, uint32_t lo, uint32_t hi) {
	char d[16];
	int n = snprintf(d, sizeof d, "%u\r\n", lo);
	for (uint64_t v = lo;; v++) {
		char *p = buf_reserve(out, sizeof d);
		memcpy(p, d, sizeof d);
		buf_commit(out, (size_t)n);
		if (v >= hi)
			return;
		int i = n - 3;
		while (i >= 0 && d[i] == '9')
			d[i--] = '0';
		if (i >= 0) {
			d[i]++;
		} else {
			memmove(d + 1, d, (size_t)n);
			d[0] = '1';
			n++;
		}
	}
}

static enum step listgroup_more(struct session *s) {
	struct nntp_cursor *at = &nntp_of(s)->at;
	struct forum_txn *t = session_read(s);
	struct range_set holes = { 0 }, all = { 0 };
	if (!t || group_holes(t, at->group, &holes) < 0) {
		range_set_free(&holes);
		return STEP_CLOSE;           /* half a list must not look whole */
	}
	if (at->next <= at->hi)
		range_set_add(&all, at->next, at->hi);
	range_set_subtract(&all, &holes);
	range_set_subtract(&all, nntp_hidden(s, t, at->group));
	range_set_free(&holes);
	bool more = false;
	for (size_t i = 0; i < all.n && !more; i++)
		for (uint64_t lo = all.v[i].lo; lo <= all.v[i].hi && !more; lo += 4096) {
			uint32_t hi = all.v[i].hi - lo < 4096 ? all.v[i].hi : (uint32_t)lo + 4095;
			if (conn_full(s->conn) || conn_pending(s->conn) > 256 * 1024) {
				at->next = (uint32_t)lo;
				more = true;
			} else {
				group_add_numbers(session_out(s), (uint32_t)lo, hi);
			}
		}
	range_set_free(&all);
	return more ? nntp_more(s, listgroup_more) : nntp_finish(s);
}

static enum step listgroup_answer(struct session *s) {
	struct nntp_cursor *at = &nntp_of(s)->at;
	const struct slice *args = at->args;
	unsigned nargs = at->nargs;
	uint32_t lo = 1, hi = UINT32_MAX;
	struct forum_txn *t;
	struct group g;
	enum step step;
	if (nargs == 2)
		nntp_range(args[1], &lo, &hi);
	if (!(nargs ? group_choose(s, args[0], &t, &g, &step) : nntp_selected(s, &t, &g, &step)))
		return step;
	group_select(s, t, &g);
	group_say(s, &g);
	*at = (struct nntp_cursor){ .group = g.id, .next = lo < 1 ? 1 : lo, .hi = hi < g.high ? hi : g.high };
	return listgroup_more(s);
}

enum step nntp_cmd_listgroup(struct session *s, struct slice *args, unsigned nargs) {
	uint32_t lo, hi;
	if (nargs == 2 && !nntp_range(args[1], &lo, &hi))
		return nntp_syntax(s, "usage: LISTGROUP [newsgroup [range]]");
	return group_begin(s, args, nargs, listgroup_answer);
}
