/* nntp_session.c - a news session's life: greeting, commands in a row (pipelining needs nothing more), answers of jobs.
 *
 * Rights are asked on each command: the selected group is only a number, looked up and checked anew whenever it is
 * used. What a reader may not see is answered exactly as what never existed. */
#include "forumd/base/log.h"
#include "forumd/base/num.h"
#include "forumd/forum/member.h"
#include "forumd/forum/rights.h"
#include "gateways/nntp/nntp_private.h"

int nntp_group_find(struct session *s, struct forum_txn *t, struct slice name, struct group *g_r) {
	const struct nntp_me *me = nntp_me_named(s, name);
	int r = me ? nntp_me_get(s, t, me, g_r) : group_find(t, name, g_r);
	return r > 0 && (g_r->removed || !rights_can_read(t, s->member, g_r)) ? 0 : r;
}

int nntp_selected(struct session *s, struct forum_txn **t_r, struct group *g_r, enum step *step_r) {
	struct nntp_session *n = nntp_of(s);
	int r = 0;
	*t_r = session_read(s);
	if (!*t_r) {
		*step_r = nntp_fail(s, ERR_UNAVAILABLE);
		return 0;
	}
	if (n->group && (r = group_get(*t_r, n->group, g_r)) < 0) {
		*step_r = nntp_fail(s, r);
		return 0;
	}
	if (r > 0 && !g_r->removed && rights_can_read(*t_r, s->member, g_r))
		return 1;
	n->group = n->number = 0;
	*step_r = nntp_no_group(s);
	return 0;
}

bool nntp_is_msgid(struct slice s) {
	return s.n > 2 && s.p[0] == '<' && s.p[s.n - 1] == '>';
}

bool nntp_range(struct slice s, uint32_t *lo_r, uint32_t *hi_r) {
	uint64_t lo, hi;
	struct slice rest = s;
	if (!num_take_u64(&rest, &lo))
		return false;
	if (!rest.n) {
		hi = lo;
	} else if (rest.p[0] != '-') {
		return false;
	} else if (rest.n == 1) {
		hi = UINT32_MAX;
	} else if (!num_parse_u64(slice_from(rest, 1), &hi)) {
		return false;
	}
	*lo_r = lo > UINT32_MAX ? UINT32_MAX : (uint32_t)lo;
	*hi_r = hi > UINT32_MAX ? UINT32_MAX : (uint32_t)hi;
	if (lo > UINT32_MAX)
		*hi_r = 0;
	return true;
}

void nntp_state_reset(struct session *s) {
	struct nntp_session *n = nntp_of(s);
	n->group = n->number = n->hidden_group = 0;
	range_set_clear(&n->hidden);
	nntp_forget_user(n);
}

void nntp_load_member(struct session *s) {
	struct nntp_session *n = nntp_of(s);
	struct forum_txn *t = s->member ? session_read(s) : NULL;
	struct member m;
	n->marks.on = t && member_get(t, s->member, &m) > 0 && m.mark_on_read;
}

static enum step session_unknown(struct session *s, struct slice verb) {
	nntp_reply(s, verb.n ? "500 what? (HELP lists the commands)" : "500 empty line");
	if (++s->bad_commands > s->config->bad_commands && s->config->bad_commands) {
		nntp_reply(s, "400 too many bad commands");
		return STEP_CLOSE;
	}
	return STEP_DONE;
}

static enum step session_bad_arguments(struct session *s, const struct command *c) {
	struct buf b = { 0 };
	buf_addf(&b, "usage: %s %s", c->verb, c->help);
	enum step step = nntp_syntax(s, b.data);
	buf_free(&b);
	return step;
}

static enum step session_too_long(struct session *s) {
	return nntp_syntax(s, "a command line has 512 octets at most");
}

static enum step session_check(struct session *s, const struct command *c, bool *go_r) {
	if ((c->flags & COMMAND_LOGIN) && !s->member) {
		*go_r = false;
		return nntp_reply(s, "480 log in first (AUTHINFO)");
	}
	return STEP_DONE;
}

static const struct command_protocol session_protocol = {
	.table = nntp_commands,
	.line_max = NNTP_LINE_MAX,
	.unknown = session_unknown,
	.bad_arguments = session_bad_arguments,
	.too_long = session_too_long,
	.check = session_check,
};

static void session_start(struct session *s) {
	if (nntp_is_fetch(s))
		session_set_member(s, RIGHTS_OPERATOR);
	nntp_replyf(s, "200 %s forumd ready, posting after login", s->config->domain);
}

static enum step session_input(struct session *s) {
	if (nntp_of(s)->sasl)
		return nntp_auth_line(s);
	enum step step = command_run(s, &session_protocol, false);
	if (nntp_of(s)->marks.n && !buf_len(conn_input(s->conn)))
		nntp_marks_drained(s);
	return step;
}

static void session_auth_done(struct session *s, const struct auth_result *r) {
	nntp_auth_done(s, r);
}

static void session_change(struct session *s, const struct change *c) {
	if (c->kind == CHANGE_MEMBER && c->member == s->member)
		nntp_load_member(s);
	if (c->kind == CHANGE_MARKS && c->member == s->member && c->group == nntp_of(s)->hidden_group)
		nntp_of(s)->hidden_group = 0;
}

static void session_timeout(struct session *s, bool login) {
	if (nntp_of(s)->stream || s->step)
		return;      /* in the middle of an answer: words would become part of it */
	nntp_reply(s, login ? "400 too slow, goodbye" : "400 closing, goodbye");
}

static void session_shed(struct buf *out) {
	buf_adds(out, "400 too many connections, try again later\r\n");
}

static void session_end(struct session *s) {
	struct nntp_session *n = nntp_of(s);
	if (nntp_is_fetch(s))
		nntp_fetch_ended();
	nntp_marks_flush(s);
	nntp_forget_user(n);
	range_set_free(&n->marks.set);
	range_set_free(&n->hidden);
	post_stream_free(&n->stream);
	sasl_free(&n->sasl);
	buf_free(&n->collect);
}

const struct session_ops nntp_ops = {
	.protocol = "nntp",
	.size = sizeof(struct nntp_session),
	.start = session_start,
	.input = session_input,
	.job_done = nntp_post_done,
	.auth_done = session_auth_done,
	.change = session_change,
	.timeout = session_timeout,
	.shed = session_shed,
	.end = session_end,
};
