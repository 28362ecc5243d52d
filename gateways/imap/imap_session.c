/* The session: greeting, reading commands, rights before each, what the engine tells.
 *
 * The tag and all argument slices point into reader.text, which stays as it is until the next command is read; so a
 * handler may keep them over STEP_MORE and STEP_WAIT. */
#include "forumd/base/clock.h"
#include "forumd/base/stat.h"
#include "forumd/forum/member.h"
#include "gateways/common/sasl.h"
#include "gateways/imap/imap_notify.h"

static void imap_start(struct session *s) {
	struct imap_session *is = imap_of(s);
	is->state = IMAP_STRANGER;
	is->reader.limit = IMAP_LINE_LOGIN;
	struct buf *out = session_out(s);
	buf_adds(out, "* OK [");
	imap_add_capabilities(is, out);
	buf_addf(out, "] %s forum, IMAP4rev2 and IMAP4rev1\r\n", s->config->domain);
}

int imap_selected_get(struct imap_session *is, struct forum_txn *t, struct group *g_r) {
	*g_r = (struct group){0};
	if (!is->group)
		return 1;
	int r = group_get(t, is->group, g_r);
	if (r <= 0)
		return r;
	return !g_r->removed && rights_can_read(t, is->s.member, g_r) ? 1 : 0;
}

static void free_set(void *set) {
	range_set_free(set);
}

struct range_set *imap_command_set(struct imap_session *is) {
	struct range_set *set = ARENA_NEW(is->s.command, struct range_set);
	arena_on_reset(is->s.command, free_set, set);
	return set;
}

enum imap_set_result imap_take_uids(struct imap_session *is, struct slice *in, struct range_set **uids_r) {
	struct range_set *set = *uids_r = imap_command_set(is);
	if (imap_take_char(in, '$')) {
		range_set_copy(set, &is->saved);
		return IMAP_SET_OK;
	}
	if (is->uid)
		return imap_take_set(in, imap_view_last(&is->view), set) ? IMAP_SET_OK : IMAP_SET_SYNTAX;
	struct range_set *seqs = imap_command_set(is);
	if (!imap_take_set(in, imap_view_count(&is->view), seqs))
		return IMAP_SET_SYNTAX;
	return imap_view_uids(&is->view, seqs, set) ? IMAP_SET_OK : IMAP_SET_BEYOND;
}

void imap_deselect(struct imap_session *is) {
	if (is->state != IMAP_SELECTED)
		return;
	if (is->group)
		session_watch(&is->s, is->group, false);
	imap_view_free(&is->view);
	range_set_free(&is->gone);
	range_set_free(&is->flags);
	range_set_free(&is->saved);
	is->group = 0;
	is->idle = is->examine = is->no_modseq = false;
	if (is->notify) {
		is->notify->live = false;
		is->notify->fetch = 0;
	}
	is->modseq = 0;
	is->state = IMAP_MEMBER;
}

bool imap_give_way(struct imap_session *is, int64_t start) {
	return conn_full(is->s.conn) || clock_mono_us() - start > IMAP_STEP_US;
}

enum step imap_submit(struct imap_session *is, struct job *j, void (*keep)(struct imap_session *, struct job *),
	enum step (*then)(struct session *s)) {
	is->s.step = then;
	is->keep = keep;
	session_read_end(&is->s);
	session_submit(&is->s, j);
	return STEP_WAIT;
}

/* An account that was removed or left loses its open sessions. */
bool imap_session_is_gone(struct imap_session *is, struct forum_txn *t) {
	struct member m;
	if (!is->member_changed || is->state == IMAP_STRANGER)
		return false;
	is->member_changed = false;
	return member_get(t, is->s.member, &m) == 0 || m.kind != MEMBER_ACCOUNT || m.left;
}

/* Rights are asked before each command: who lost them while the mailbox was open sees it closed. */
bool imap_mailbox_is_gone(struct imap_session *is, struct forum_txn *t) {
	struct group g;
	return is->state == IMAP_SELECTED && imap_selected_get(is, t, &g) == 0;
}

static enum step run_command(struct imap_session *is, struct slice *rest) {
	if (is->state != IMAP_STRANGER) {
		struct forum_txn *t = session_read(&is->s);
		if (!t)
			return imap_unavailable(is);
		if (imap_session_is_gone(is, t)) {
			imap_bye(is, "this account is closed");
			return STEP_CLOSE;
		}
		if (imap_mailbox_is_gone(is, t)) {
			imap_deselect(is);
			buf_adds(session_out(&is->s), "* OK [CLOSED] the mailbox is no longer there\r\n");
			if (!(is->command->flags & IMAP_CLOSED_OK))
				return imap_no_mailbox(is);
		}
	}
	return is->command->run(is, rest);
}

/* tag SP [UID SP] name */
static enum step dispatch(struct imap_session *is) {
	struct slice rest = buf_slice(&is->reader.text), name;
	is->tag = slice_of(NULL, 0);
	is->command = NULL;
	is->uid = false;
	is->reply_to_group = 0;
	stat_add(STAT_commands, 1);
	struct slice tag;
	if (!imap_take_tag(&rest, &tag))
		return imap_bad(is, "a command starts with a tag");
	is->tag = tag;
	if (!imap_take_space(&rest) || !imap_take_name(&rest, &name))
		return imap_bad(is, "no command");
	if (slice_is_nocase(name, "UID")) {
		is->uid = true;
		if (!imap_take_space(&rest) || !imap_take_name(&rest, &name))
			return imap_bad(is, "UID wants a command");
	}
	is->command = imap_command_find(name);
	if (!is->command || (is->uid && !(is->command->flags & IMAP_UID))) {
		is->command = NULL;
		return imap_bad(is, "unknown command");
	}
	if (!(is->command->states & is->state))
		return imap_bad(is, is->state == IMAP_STRANGER ? "log in first" :
			is->state == IMAP_MEMBER && is->command->states == IMAP_SELECTED ? "select a mailbox first" :
			"not possible now: already logged in");
	return run_command(is, &rest);
}

/* the tag of a command that was cut off */
static void tag_of_cut(struct imap_session *is) {
	struct slice rest = buf_slice(&is->reader.text), tag;
	is->command = NULL;
	is->uid = false;
	is->tag = imap_take_tag(&rest, &tag) && imap_at(&rest, ' ') ? tag : slice_of(NULL, 0);
}

static enum step input_command(struct imap_session *is) {
	if (!is->reader.text.used && !is->reader.swallow)
		is->s.command_us = clock_mono_us();
	switch (imap_reader_feed(&is->reader, conn_input(is->s.conn))) {
	case IMAP_READ_MORE:
		return STEP_INPUT;
	case IMAP_READ_CONTINUE:
		buf_adds(session_out(&is->s), "+ go on\r\n");
		return STEP_INPUT;
	case IMAP_READ_TOO_BIG:
		tag_of_cut(is);
		return imap_no(is, "TOOBIG", "a literal may have no more than %llu octets here",
			(unsigned long long)(is->reader.append_limit ? is->reader.append_limit : is->reader.limit));
	case IMAP_READ_TOO_BIG_BYE:
		imap_bye(is, "[TOOBIG] literal too big");
		return STEP_CLOSE;
	case IMAP_READ_TOO_LONG:
		tag_of_cut(is);
		return imap_bad(is, "line too long");
	case IMAP_READ_COMMAND:
		break;
	}
	return dispatch(is);
}

/* one line for AUTHENTICATE or IDLE */
static enum step input_line(struct imap_session *is) {
	struct buf *in = conn_input(is->s.conn);
	struct slice got = buf_slice(in);
	ptrdiff_t end = slice_chr(got, '\n');
	if (end < 0 && got.n < IMAP_LINE_LOGIN)
		return STEP_INPUT;
	if (end < 0 || end > IMAP_LINE_LOGIN) {
		imap_bye(is, "line too long");
		return STEP_CLOSE;
	}
	struct slice line = slice_to(got, (size_t)end);
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	enum step (*take)(struct imap_session *, struct slice) = is->line;
	is->line = NULL;
	enum step r = take(is, line);
	buf_consume(in, (size_t)end + 1);
	return r;
}

static enum step imap_input(struct session *s) {
	struct imap_session *is = imap_of(s);
	if (is->line)
		return input_line(is);
	/* the text of the last command was needed until its answer was complete */
	if (is->answered) {
		imap_reader_reset(&is->reader);
		is->answered = false;
	}
	return input_command(is);
}

/* j is freed after this: what the next step needs is kept. */
static void imap_job_done(struct session *s, struct job *j) {
	struct imap_session *is = imap_of(s);
	is->result = j->result;
	is->fail = j->fail;
	if (is->keep)
		is->keep(is, j);
	is->keep = NULL;
}

static void imap_auth_done(struct session *s, const struct auth_result *r) {
	struct imap_session *is = imap_of(s);
	is->auth = *r;
	imap_auth_finish(is);
}

static void imap_change(struct session *s, const struct change *c) {
	struct imap_session *is = imap_of(s);
	if (c->kind == CHANGE_MEMBER && c->member == s->member)
		is->member_changed = true;
	imap_sync_change(is, c);
	if (is->notify) {
		imap_notify_change(is, c);
		return;
	}
	if (!is->idle)
		return;
	struct forum_txn *t = session_read(s);
	if (t && (imap_session_is_gone(is, t) || imap_mailbox_is_gone(is, t))) {
		imap_bye(is, "the mailbox is no longer there");
		is->idle = false;
		session_read_end(s);
		conn_shutdown(s->conn);
		return;
	}
	imap_idle_change(is);
	session_read_end(s);
	conn_kick(s->conn);
}

static void imap_timeout(struct session *s, bool login) {
	imap_bye(imap_of(s), login ? "log in sooner" : "idle for too long, or the server stops");
}

static void imap_shed(struct buf *out) {
	buf_adds(out, "* BYE too many connections, try again later\r\n");
}

static void imap_end(struct session *s) {
	struct imap_session *is = imap_of(s);
	imap_deselect(is);
	buf_free(&is->reader.text);
	imap_notify_free(&is->notify);
	sasl_free(&is->sasl);
}

const struct session_ops imap_ops = {
	.protocol = "imap",
	.size = sizeof(struct imap_session),
	.start = imap_start,
	.input = imap_input,
	.job_done = imap_job_done,
	.auth_done = imap_auth_done,
	.change = imap_change,
	.timeout = imap_timeout,
	.shed = imap_shed,
	.end = imap_end,
};
