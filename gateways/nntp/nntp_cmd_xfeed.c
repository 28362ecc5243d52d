/* nntp_cmd_xfeed.c - XFEED, which forumd-fetch alone may say: what is to be followed, how far it has been, where the
 * articles that it hands over come from, and which of ours must be cancelled there. */
#include "forumd/base/clock.h"
#include "forumd/base/num.h"
#include "forumd/forum/feed.h"
#include "forumd/forum/memo.h"
#include "forumd/mail/field.h"
#include "gateways/common/cancel_text.h"
#include "gateways/nntp/nntp_private.h"

#define GONE_MAX 500             /* changes looked at at once */

static void xfeed_line(struct buf *out, const struct feed *d, const char *path) {
	const struct slice text[] = { d->name, d->host, d->tls, d->user, d->password_file, d->groups, d->direction };
	for (size_t i = 0; i < sizeof text / sizeof *text; i++) {
		buf_add_slice(out, text[i]);
		buf_addc(out, '\t');
	}
	buf_addf(out, "%u\t%u\t%s\r\n", d->port, d->interval, *path ? path : "-");
}

/* of the configuration as it is now, not as it was when this session began */
static enum step xfeed_list(struct session *s) {
	struct forum_txn *t = session_read(s);
	struct config *c = config_current();
	struct slice cursor = slice_of("", 0);
	struct feed d;
	nntp_reply(s, "215 feeds follow");
	for (unsigned i = 0; c && i < c->nfetch; i++) {
		const struct config_fetch *f = &c->fetch[i];
		if (strcmp(f->protocol, "nntp") != 0)
			continue;
		d = (struct feed){ .name = slice_str(f->name),
			.host = slice_str(f->host),
			.tls = slice_str(f->tls),
			.user = slice_str(f->user),
			.password_file = slice_str(f->password_file),
			.groups = slice_str(f->groups),
			.direction = slice_str(f->direction),
			.port = f->port,
			.interval = f->interval };
		xfeed_line(session_out(s), &d, f->path);
	}
	while (t && feed_each(t, &cursor, &d) > 0)
		xfeed_line(session_out(s), &d, "");
	config_unref(&c);
	return nntp_finish(s);
}

/* Mailboxes to follow, and where forumd takes mail by LMTP. A line is handed on as it is: settings hold no tabs or line
 * ends that would not be their own fault. */
static enum step xfeed_boxes(struct session *s) {
	struct config *c = config_current();
	const struct config_listen *lmtp = NULL;
	for (unsigned i = 0; c && i < c->nlisten && !lmtp; i++)
		if (c->listen[i].protocol == LISTEN_LMTP)
			lmtp = &c->listen[i];
	nntp_reply(s, "215 mailboxes follow");
	for (unsigned i = 0; c && i < c->nfetch; i++) {
		const struct config_fetch *f = &c->fetch[i];
		if (strcmp(f->protocol, "imap") == 0)
			buf_addf(session_out(s), "%s\t%s\t%u\t%s\t%s\t%s\t%s\t%s\t%s\t%u\t%s\t%s\t%u\t%s\t%s\r\n", f->name, f->host,
				f->port, f->tls, f->user, f->password_file, f->mailbox, *f->move_to ? f->move_to : "-",
				*f->group ? f->group : "-", f->interval, c->domain, lmtp && !*lmtp->path ? lmtp->address : "-",
				lmtp ? lmtp->port : 0, lmtp && *lmtp->path ? lmtp->path : "-",
				*f->trust_authserv ? f->trust_authserv : "-");
	}
	config_unref(&c);
	return nntp_finish(s);
}

struct place_job { struct slice name, group; enum feed_way way; uint64_t number; };

static int place_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	const struct place_job *p = j->data;
	int r = feed_set_place(t, p->name, p->group, p->way, p->number);
	return r < 0 ? fail_set(f, r, "place") : 1;
}

static enum step xfeed_place(struct session *s, struct slice *args, unsigned nargs) {
	struct forum_txn *t = session_read(s);
	enum feed_way way = slice_is_nocase(args[1], "push") ? FEED_PUSH
		: slice_is_nocase(args[1], "gone")               ? FEED_GONE
														 : FEED_PULL;
	uint64_t v;
	if (nargs == 4) {
		if (!t || feed_place(t, args[2], args[3], way, &v) < 0)
			return nntp_fail(s, ERR_UNAVAILABLE);
		return nntp_replyf(s, "223 %llu", (unsigned long long)v);
	}
	if (!num_parse_u64(args[4], &v))
		return nntp_syntax(s, "number");
	struct job *j = job_new(s, place_apply);
	struct place_job *p = ARENA_NEW(j->arena, struct place_job);
	*p = (struct place_job){ arena_slice(j->arena, args[2]), arena_slice(j->arena, args[3]), way, v };
	j->data = p;
	j->kind = NNTP_JOB_PLACE;
	session_submit(s, j);
	return STEP_WAIT;
}

/* ---- cancels for other servers --------------------------------------------------------------------------------------- */

/* the Message-ID of what withdraws p elsewhere, appended: ours, or that of the peer's message (in *kept_r); false when
 * nothing does */
static bool cancel_of(struct forum_txn *t, const struct post *p, struct slice *kept_r, struct buf *id) {
	struct slice memo, header, body;
	*kept_r = slice_of("", 0);
	if (p->state != POST_DELETED)
		return false;
	if (withdrawn_ours(p)) {
		cancel_text_id(t, p, id);
		return true;
	}
	if (memo_get(t, MEMO_CANCEL, p->message_id, &memo) <= 0 || !memo.n || memo.p[0] != 'A')
		return false;
	*kept_r = slice_from(memo, 1);
	field_split(*kept_r, &header, &body);
	return field_get(header, "message-id", id);
}

/* XFEED GONE group since: "modseq up to which was looked", then of each post that was deleted: id of the cancel, id of
 * the post; since 0: nothing went there yet, so there is nothing to cancel. */
static enum step xfeed_gone(struct session *s, struct slice *args) {
	struct forum_txn *t = session_read(s);
	struct buf ids = { 0 };
	struct group_change c;
	struct overview o;
	struct group g;
	struct post p;
	struct slice kept;
	uint64_t at;
	int r = t ? group_find(t, args[1], &g) : ERR_UNAVAILABLE;
	if (r <= 0 || !num_parse_u64(args[2], &at))
		return r < 0 ? nntp_fail(s, r) : nntp_reply(s, "411 no such newsgroup");
	if (!at)
		at = g.modseq;
	for (unsigned n = 0; n < GONE_MAX && (r = group_change_next(t, g.id, &at, &c)) > 0; n++) {
		if (c.kind == CHANGE_GONE && overview_get_any(t, g.id, c.number, &o) > 0 && post_get(t, o.post, &p) > 0 &&
			cancel_of(t, &p, &kept, &ids))
			buf_addf(&ids, " %.*s\r\n", SLICE_ARG(p.message_id));
	}
	nntp_replyf(s, "215 gone\r\n%llu", (unsigned long long)(r == 0 && g.modseq > at ? g.modseq : at));
	buf_add_slice(session_out(s), buf_slice(&ids));
	buf_free(&ids);
	return nntp_finish(s);
}

/* XFEED CANCEL message-id: an article that withdraws it elsewhere; one that came from a peer goes on as it is */
static enum step xfeed_cancel(struct session *s, struct slice mid) {
	struct forum_txn *t = session_read(s);
	struct buf text = { 0 }, id = { 0 };
	struct slice kept;
	struct post p;
	bool bol = true;
	int r = t ? post_by_msgid(t, mid, &p) : ERR_UNAVAILABLE;
	if (r > 0 && cancel_of(t, &p, &kept, &id)) {
		if (kept.n)
			buf_add_slice(&text, kept);
		else
			cancel_text(t, &p, &text);
		nntp_replyf(s, "220 0 %.*s", SLICE_ARG(buf_slice(&id)));
		dotted_write(session_out(s), buf_slice(&text), false, &bol);
		dotted_end(session_out(s), bol);
	} else {
		r < 0 ? nntp_fail(s, r) : nntp_reply(s, "430 nothing to cancel");
	}
	buf_free(&text);
	buf_free(&id);
	return STEP_DONE;
}

struct state_job { struct slice name, text; bool push; };

static int state_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	const struct state_job *p = j->data;
	int r = feed_set_state(t, p->name, p->push, p->text);
	return r < 0 ? fail_set(f, r, "state") : 1;
}

/* XFEED STATE pull|push name words...: how it goes */
static enum step xfeed_state(struct session *s, struct slice *args, unsigned nargs) {
	struct job *j = job_new(s, state_apply);
	struct state_job *p = ARENA_NEW(j->arena, struct state_job);
	struct buf b = { 0 };
	for (unsigned i = 3; i < nargs; i++) {
		if (i > 3)
			buf_addc(&b, ' ');
		buf_add_slice(&b, args[i]);
	}
	*p = (struct state_job){ arena_slice(j->arena, args[2]), arena_slice(j->arena, buf_slice(&b)),
		slice_is_nocase(args[1], "push") };
	buf_free(&b);
	j->data = p;
	j->kind = NNTP_JOB_PLACE;
	session_submit(s, j);
	return STEP_WAIT;
}

/* XFEED SOURCE host [path]: the articles that follow come from there */
static enum step xfeed_source(struct session *s, struct slice *args, unsigned nargs) {
	struct nntp_session *n = nntp_of(s);
	if (!slice_cstr(args[1], nntp_feed(n)->source, sizeof nntp_feed(n)->source) ||
		!slice_cstr(nargs > 2 ? args[2] : slice_of("", 0), nntp_feed(n)->source_path, sizeof nntp_feed(n)->source_path))
		return nntp_syntax(s, "source");
	return nntp_reply(s, "223 noted");
}

enum step nntp_cmd_xfeed(struct session *s, struct slice *args, unsigned nargs) {
	if (!nntp_is_fetch(s))
		return nntp_reply(s, "500 what? (HELP lists the commands)");
	if (nargs >= 4 && slice_is_nocase(args[0], "PLACE"))
		return xfeed_place(s, args, nargs);
	if (nargs >= 4 && slice_is_nocase(args[0], "STATE"))
		return xfeed_state(s, args, nargs);
	if (nargs == 3 && slice_is_nocase(args[0], "GONE"))
		return xfeed_gone(s, args);
	if (nargs == 2 && slice_is_nocase(args[0], "CANCEL"))
		return xfeed_cancel(s, args[1]);
	if (nargs >= 2 && slice_is_nocase(args[0], "SOURCE"))
		return xfeed_source(s, args, nargs);
	if (nargs > 0 && slice_is_nocase(args[0], "BOXES"))
		return xfeed_boxes(s);
	return xfeed_list(s);
}
