/* SELECT EXAMINE UNSELECT. */
#include "forumd/forum/personal.h"
#include "gateways/imap/imap_private.h"

/* What RFC 9051 6.3.2 took out is not told to who enabled it: RECENT, UNSEEN. */
static void select_tell(struct imap_session *is, const struct group *g, uint32_t unseen, uint32_t uidvalidity,
	uint32_t next, uint64_t modseq) {
	struct buf *out = session_out(&is->s);
	imap_flags_tell(is, session_read(&is->s), g);
	buf_addf(out, "* %u EXISTS\r\n", imap_view_count(&is->view));
	if (!is->rev2)
		buf_adds(out, "* 0 RECENT\r\n");
	if (unseen && !is->rev2)
		buf_addf(out, "* OK [UNSEEN %u] first unseen\r\n", unseen);
	buf_addf(out, "* OK [UIDVALIDITY %u] numbers are for ever\r\n* OK [UIDNEXT %u] next number\r\n", uidvalidity, next);
	if (modseq)
		buf_addf(out, "* OK [HIGHESTMODSEQ %llu] last change\r\n", (unsigned long long)modseq);
	else
		buf_adds(out, "* OK [NOMODSEQ] posts of other mailboxes are shown here\r\n");
}

/* The watch begins before the snapshot is taken, so that no change falls between. */
static int open_group(struct imap_session *is, const struct group *found) {
	uint32_t id = found->id, count = 0, first = 0;
	struct range_set holes = {0};
	struct group g;
	session_watch(&is->s, id, true);
	session_read_end(&is->s);
	struct forum_txn *t = session_read(&is->s);
	is->state = IMAP_SELECTED;
	is->group = id;
	int r = t ? group_get(t, id, &g) : ERR_UNAVAILABLE;
	if (r > 0)
		r = group_holes(t, id, &holes);
	if (r >= 0)
		r = marks_unseen(t, is->s.member, id, &count, &first);
	if (r >= 0)
		r = imap_hidden(t, is->s.member, &g, &holes);
	if (r < 0) {
		range_set_free(&holes);
		imap_deselect(is);
		return r;
	}
	imap_view_open(&is->view, g.high, &holes);
	range_set_free(&holes);
	buf_addf(session_out(&is->s), "* OK [MAILBOXID (G%u)] its name for ever\r\n", g.id);
	is->no_modseq = !imap_group_has_modseq(&g);
	is->modseq = imap_group_modseq(&g);
	select_tell(is, &g, first ? imap_view_seq(&is->view, first) : 0, g.uidvalidity, g.high + 1, is->modseq);
	return 1;
}

struct select { struct slice name, typed; struct imap_select param; bool examine; };

static enum step select_go(struct session *s);

static enum step select_mailbox(struct imap_session *is, struct slice *rest, bool examine) {
	struct select *w = ARENA_NEW(is->s.command, struct select);
	if (!imap_take_space(rest) || !imap_take_mailbox_typed(is, rest, &w->name, &w->typed) ||
		!imap_take_select(is, rest, &w->param))
		return imap_bad_arguments(is);
	if (is->state == IMAP_SELECTED)
		buf_adds(session_out(&is->s), "* OK [CLOSED] the other mailbox is closed\r\n");
	imap_deselect(is);
	w->examine = examine;
	is->work = w;
	enum imap_box_sync sync = imap_box_sync_of(is, session_read(&is->s), w->name);
	return sync ? imap_box_sync(is, sync, select_go) : select_go(&is->s);
}

static enum step select_go(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct select *w = is->work;
	struct imap_select param = w->param;
	bool examine = w->examine;
	struct group g;
	is->condstore |= param.condstore | param.qresync;
	struct forum_txn *t = session_read(&is->s);
	int r = t ? imap_mailbox_find(is, t, w->name, &g) : ERR_UNAVAILABLE;
	if (r == 0)
		return imap_no_mailbox(is);
	is->examine = examine;
	if (r == 2) {
		is->state = IMAP_SELECTED;
		is->no_modseq = true;
		select_tell(is, NULL, 0, 1, 1, 0);
	} else if (r > 0) {
		r = open_group(is, &g);
	}
	if (r < 0)
		return imap_unavailable(is);
	if (is->rev2)
		imap_tell_list(is, "", w->name, w->typed);
	if (param.qresync && !is->no_modseq && param.uidvalidity == g.uidvalidity)
		return imap_resync(is, &param);
	return imap_select_ok(is);
}

enum step imap_select_ok(struct imap_session *is) {
	return imap_ok(is, "[%s] %s completed", is->examine ? "READ-ONLY" : "READ-WRITE", is->command->name);
}

enum step imap_cmd_select(struct imap_session *is, struct slice *rest) {
	return select_mailbox(is, rest, false);
}

enum step imap_cmd_examine(struct imap_session *is, struct slice *rest) {
	return select_mailbox(is, rest, true);
}

enum step imap_cmd_unselect(struct imap_session *is, struct slice *rest) {
	if (!imap_take_end(rest))
		return imap_bad_arguments(is);
	imap_deselect(is);
	return imap_ok(is, "UNSELECT completed");
}
