/* nntp_cmd_new.c - NEWGROUPS and NEWNEWS.
 *
 * NEWNEWS goes by arrival. Numbers are given in order of arrival, but for posts approved late and for imports that keep
 * an old time; so each group is looked at from the end backwards, in windows that double, until a stretch of WINDOW
 * numbers has nothing new, and then told forwards. */
#include "forumd/base/clock.h"
#include "forumd/base/num.h"
#include "forumd/base/vec.h"
#include "forumd/forum/rights.h"
#include "gateways/common/wildmat.h"
#include "gateways/nntp/nntp_private.h"

#define WINDOW 4096
#define NEWNEWS_STEP 512

static bool new_digits(struct slice s, size_t at, int *v_r) {
	*v_r = 0;
	for (size_t i = at; i < at + 2; i++) {
		if (s.p[i] < '0' || s.p[i] > '9')
			return false;
		*v_r = *v_r * 10 + (s.p[i] - '0');
	}
	return true;
}

/* RFC 3977 7.3.2: [yy]yymmdd hhmmss; two-digit years are the nearest not in the future */
static bool new_time(struct slice date, struct slice time, int64_t *t_r) {
	int century = -1, y, mo, d, h, mi, sec, now_year;
	size_t at = date.n == 8 ? 2 : 0;
	if ((date.n != 6 && date.n != 8) || time.n != 6 || (at && !new_digits(date, 0, &century)) ||
		!new_digits(date, at, &y) || !new_digits(date, at + 2, &mo) || !new_digits(date, at + 4, &d) ||
		!new_digits(time, 0, &h) || !new_digits(time, 2, &mi) || !new_digits(time, 4, &sec))
		return false;
	if (mo < 1 || mo > 12 || d < 1 || d > 31 || h > 24 || mi > 59 || sec > 60)
		return false;
	clock_civil(clock_now(), &now_year, NULL, NULL, NULL, NULL, NULL, NULL);
	if (century >= 0)
		y += century * 100;
	else
		y += now_year - now_year % 100 - (y > now_year % 100 ? 100 : 0);
	*t_r = clock_days(y, mo, d) * 86400 + h * 3600 + mi * 60 + sec;
	return true;
}

static bool new_gmt(struct slice *args, unsigned nargs, unsigned at) {
	return nargs <= at || slice_is_nocase(args[at], "GMT") || slice_is_nocase(args[at], "UTC");
}

enum step nntp_cmd_newgroups(struct session *s, struct slice *args, unsigned nargs) {
	int64_t since;
	if (!new_time(args[0], args[1], &since) || !new_gmt(args, nargs, 2))
		return nntp_syntax(s, "usage: NEWGROUPS [yy]yymmdd hhmmss [GMT]");
	if (!session_read(s))
		return nntp_fail(s, ERR_UNAVAILABLE);
	nntp_of(s)->at = (struct nntp_cursor){
		.list = NNTP_NEW, .name = slice_of("", 0), .wildmat = slice_of("", 0), .since = since
	};
	nntp_reply(s, "231 new newsgroups follow");
	return nntp_list_more(s);
}

/* the first number from which on everything new is found; hi + 1 when nothing is */
static int newnews_start(struct forum_txn *t, uint32_t group, uint32_t low, uint32_t high, int64_t since,
	uint32_t *from_r) {
	uint32_t hi = high, window = 64, empty = 0;
	*from_r = high + 1;
	while (hi >= low && hi && empty < WINDOW) {
		uint32_t lo = hi - low < window ? low : hi - window + 1;
		struct overview_iter it;
		struct overview o;
		int r = overview_iter_begin(t, group, lo, hi, &it);
		if (r < 0)
			return r;
		bool any = false;
		while (!any && (r = overview_iter_next(&it, &o)) > 0)
			any = o.arrival >= since;
		overview_iter_end(&it);
		if (r < 0)
			return r;
		if (any)
			*from_r = o.number;
		empty = any ? 0 : empty + (hi - lo + 1);
		window = window < WINDOW ? window * 2 : WINDOW;
		hi = lo - 1;
	}
	return 1;
}

/* A crosspost is told in the first of the asked-for groups it is in. */
static bool newnews_first(struct forum_txn *t, const struct nntp_cursor *at, const struct overview *o) {
	struct post p;
	const char *space = memchr(o->xref.p, ' ', o->xref.n);
	if (!space || !memchr(space + 1, ' ', o->xref.n - (size_t)(space + 1 - o->xref.p)) || post_get(t, o->post, &p) <= 0)
		return true;
	for (size_t g = 0; g < at->igroup; g++)
		if (post_number_in(&p, at->groups[g]))
			return false;
	return true;
}

static int newnews_group(struct session *s, struct forum_txn *t, struct nntp_cursor *at) {
	struct overview_iter it;
	struct overview o;
	int r = overview_iter_begin(t, at->group, at->next, at->hi, &it);
	if (r < 0)
		return r;
	nntp_hidden(s, t, at->group);
	for (unsigned i = 1; (r = overview_iter_next(&it, &o)) > 0; i++) {
		if (o.arrival >= at->since && !nntp_hidden_has(s, t, at->group, o.number) && newnews_first(t, at, &o)) {
			buf_add_slice(session_out(s), o.message_id);
			buf_add(session_out(s), "\r\n", 2);
		}
		if (i % NEWNEWS_STEP == 0 && conn_full(s->conn))
			break;
	}
	at->next = it.next;
	overview_iter_end(&it);
	return r;
}

/* rights once more: they may have gone between two steps */
static int newnews_open(struct session *s, struct forum_txn *t, struct nntp_cursor *at) {
	struct group g;
	at->group = at->groups[at->igroup];
	int r = group_get(t, at->group, &g);
	at->next = 1;
	at->hi = 0;
	if (r <= 0 || g.removed || !rights_can_read(t, s->member, &g))
		return r < 0 ? r : 1;
	at->hi = g.high;
	return newnews_start(t, g.id, g.low, g.high, at->since, &at->next);
}

static enum step newnews_more(struct session *s) {
	struct nntp_cursor *at = &nntp_of(s)->at;
	struct forum_txn *t = session_read(s);
	int r = t ? 0 : ERR_UNAVAILABLE;
	while (r == 0 && at->igroup < at->ngroups) {
		if (!at->group && (r = newnews_open(s, t, at)) < 0)
			break;
		r = at->next <= at->hi ? newnews_group(s, t, at) : 0;
		if (r == 0) {
			at->group = 0;
			at->igroup++;
		}
	}
	if (r < 0)
		return STEP_CLOSE;
	return r > 0 ? nntp_more(s, newnews_more) : nntp_finish(s);
}

enum step nntp_cmd_newnews(struct session *s, struct slice *args, unsigned nargs) {
	struct nntp_cursor *at = &nntp_of(s)->at;
	struct slice name = slice_of("", 0);
	VEC(uint32_t) ids = { 0 };
	struct group g;
	int64_t since;
	if (!wildmat_valid(args[0]) || !new_time(args[1], args[2], &since) || !new_gmt(args, nargs, 3))
		return nntp_syntax(s, "usage: NEWNEWS wildmat [yy]yymmdd hhmmss [GMT]");
	struct forum_txn *t = session_read(s);
	int r = t ? 1 : ERR_UNAVAILABLE;
	while (r > 0 && (r = group_each(t, &name, &g)) > 0)
		if (wildmat_match(args[0], g.name) && rights_can_read(t, s->member, &g))
			vec_push(&ids, g.id);
	if (r >= 0) {
		uint32_t *copy = arena_alloc(s->command, ids.n * sizeof *copy + 1);
		if (ids.n)
			memcpy(copy, ids.v, ids.n * sizeof *copy);
		*at = (struct nntp_cursor){ .since = since, .groups = copy, .ngroups = ids.n };
	}
	vec_free(&ids);
	if (r < 0)
		return nntp_fail(s, r);
	nntp_reply(s, "230 new articles follow");
	return newnews_more(s);
}
