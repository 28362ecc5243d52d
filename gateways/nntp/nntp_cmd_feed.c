/* nntp_cmd_feed.c - articles from other servers: IHAVE (RFC 3977 6.3.2), MODE STREAM, CHECK and TAKETHIS (RFC 4644),
 * for configured peers.
 *
 * An article is stored as it came, with our name in front of its Path. Loops end at the Message-ID (every id that was
 * ever here is known, also of what was deleted) and at our own name in Path. It enters those groups of its Newsgroups
 * that are here and that the peer may bring; without one it is refused. In moderated groups the Approved line of a
 * trusted peer counts, else our moderators decide. Control: cancel and Supersedes: nntp_feed_cancel.c. */
#include <stdatomic.h>
#include "forumd/base/clock.h"
#include "forumd/base/num.h"
#include "forumd/base/stat.h"
#include "forumd/forum/member.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/date.h"
#include "forumd/mail/field.h"
#include "forumd/mail/msgid.h"
#include "gateways/common/post_in.h"
#include "gateways/common/wildmat.h"
#include "gateways/nntp/nntp_private.h"

#define KEEP_BUFFER (64 * 1024)
#define FUTURE_SECONDS 86400
#define FAILED_MS 5000           /* after a write that failed, peers are told to keep their articles for so long */

const struct config_listen nntp_fetch_listen = {
	.name = "fetch", .address = "", .trust_authserv = "", .protocol = LISTEN_NNTP
};
static const struct config_peer fetch_peer = {
	.name = "fetch", .address = "", .user = "", .groups = "*", .stream = true, .approved = true
};

bool nntp_is_fetch(const struct session *s) {
	return s->listen == &nntp_fetch_listen;
}

/* ---- who is a peer --------------------------------------------------------------------------------------------------- */

static bool peer_is_member(struct session *s, const char *user) {
	struct forum_txn *t = *user && s->member ? session_read(s) : NULL;
	struct member m;
	return t && member_by_address(t, slice_str(user), &m) > 0 && m.id == s->member && !m.left;
}

const struct config_peer *nntp_peer(struct session *s) {
	if (nntp_is_fetch(s))
		return &fetch_peer;
	for (unsigned i = 0; i < s->config->npeer; i++) {
		const struct config_peer *p = &s->config->peer[i];
		if ((*p->address && strcmp(s->peer, p->address) == 0) || peer_is_member(s, p->user))
			return p;
	}
	return NULL;
}

/* ---- answers ----------------------------------------------------------------------------------------------------------- */

static _Atomic int64_t feed_failed_ms;      /* when a write failed; 0 never. Any worker */

static bool feed_failing(void) {
	int64_t at = atomic_load_explicit(&feed_failed_ms, memory_order_relaxed);
	return at && clock_mono_ms() - at < FAILED_MS;
}

/* after the article; kept: it is here now, or a repetition of it may come; else it is never wanted */
static enum step feed_answer(struct session *s, enum err err, const char *text) {
	struct nntp_session *n = nntp_of(s);
	bool later = err == ERR_UNAVAILABLE || err == ERR_BUSY || err == ERR_CORRUPT || err == ERR_INTERNAL;
	stat_add(err ? STAT_posts_refused : STAT_posts_in, 1);
	if (err)
		session_log(s, "feed refused id=%s: %s", nntp_feed(n)->id, text);
	if (later)
		atomic_store_explicit(&feed_failed_ms, clock_mono_ms(), memory_order_relaxed);
	if (!nntp_feed(n)->stream)
		return nntp_replyf(s, "%s %s", !err ? "235" : later ? "436" : "437", err ? text : "article transferred");
	if (later) {
		/* RFC 4644 2.5: there is no "try again" after TAKETHIS */
		nntp_reply(s, "400 cannot take articles now");
		return STEP_CLOSE;
	}
	return nntp_replyf(s, "%s %s", err ? "439" : "239", nntp_feed(n)->id);
}

static enum step feed_refused(struct session *s, struct job **j, const struct fail *f) {
	if (*j)
		job_free(j);
	return feed_answer(s, f->code ? f->code : ERR_INTERNAL, f->text);
}

/* ---- judging ----------------------------------------------------------------------------------------------------------- */

/* one of the names in Path is ours: it was here, or claims so */
static bool feed_looped(const char *domain, struct slice path) {
	struct slice name;
	while (slice_split(&path, '!', &name))
		if (slice_is_nocase(slice_trim(name), domain))
			return true;
	return false;
}

static int feed_field(struct slice header, const char *name, struct buf *out, struct fail *f) {
	struct field again;
	buf_reset(out);
	if (!field_get(header, name, out) || !buf_len(out))
		return fail_set(f, ERR_INVALID, "%s is missing", name);
	return field_find(header, name, 1, &again) ? fail_set(f, ERR_INVALID, "more than one %s", name) : 1;
}

/* Step 2: what counts is when it was injected, if it says so. Too old is nothing here: ids are known for good. */
static int feed_check_date(struct slice header, struct slice typed, struct fail *f) {
	struct buf injected = { 0 };
	int64_t date = 0;
	bool known = date_parse(typed, &date, NULL) > 0;
	if (known && field_get(header, "injection-date", &injected))
		known = date_parse(buf_slice(&injected), &date, NULL) > 0;
	buf_free(&injected);
	return known && date <= clock_now() + FUTURE_SECONDS
		? 1
		: fail_set(f, ERR_INVALID, "Date cannot be understood, or is in the future");
}

/* RFC 5537 3.6: what a relaying agent looks at */
static int feed_check(struct session *s, struct slice header, struct slice body, struct fail *f) {
	static const char *const wanted[] = { "Message-ID", "From", "Subject", "Newsgroups", "Date", "Path" };
	struct nntp_session *n = nntp_of(s);
	struct buf v = { 0 };
	int r = 1;
	for (size_t i = 0; r > 0 && i < sizeof wanted / sizeof *wanted; i++) {
		r = feed_field(header, wanted[i], &v, f);
		if (r > 0 && i == 0 && !slice_is(buf_slice(&v), nntp_feed(n)->id))
			r = fail_set(f, ERR_INVALID, "Message-ID is not the one that was offered");
		else if (r > 0 && i == 4)
			r = feed_check_date(header, buf_slice(&v), f);
		else if (r > 0 && i == 5 && feed_looped(s->config->domain, buf_slice(&v)))
			r = fail_set(f, ERR_EXISTS, "Path holds our name");
	}
	if (r > 0 && !body.n)
		r = fail_set(f, ERR_INVALID, "no body");
	buf_free(&v);
	return r;
}

/* The groups it enters. moderated_r: one of them is. Number of them, or < 0 with words */
static int feed_groups(struct session *s, struct forum_txn *t, struct slice header, uint32_t *ids, bool *moderated_r,
	struct fail *f) {
	const struct config_peer *peer = nntp_peer(s);
	struct slice rest, name, wildmat = slice_str(peer ? peer->groups : "!*");
	struct buf v = { 0 };
	struct group g;
	int n = 0, r = 1;
	field_get(header, "newsgroups", &v);
	rest = buf_slice(&v);
	*moderated_r = false;
	while (n < POST_GROUPS_MAX && r >= 0 && slice_split(&rest, ',', &name)) {
		name = slice_trim(name);
		/* RFC 5536 3.1.4: what stands in control.* is put there by the server */
		if (slice_starts(name, SLICE("control.")) || !wildmat_match(wildmat, name) ||
			(r = group_find(t, name, &g)) <= 0 || g.removed)
			continue;
		for (int i = 0; i < n; i++)
			if (ids[i] == g.id)
				r = 0;
		if (r > 0) {
			ids[n++] = g.id;
			*moderated_r |= g.moderated;
		}
	}
	buf_free(&v);
	if (r < 0)
		return fail_set(f, ERR_UNAVAILABLE, "the store cannot be read now");
	return n ? n : fail_set(f, ERR_NOTFOUND, "none of its groups is taken here");
}

struct feed_job { struct post_in_job in; struct nntp_cancel old; };       /* in first: post_in_apply's */

static enum step feed_store(struct session *s, struct forum_txn *t, struct slice raw, struct slice header) {
	struct job *j = job_new(s, post_in_apply);
	struct feed_job *p = ARENA_NEW(j->arena, struct feed_job);
	struct post_draft *d = ARENA_NEW(j->arena, struct post_draft);
	struct post_in in = {
		.source = POST_FROM_FEED,
		.import = true,
		.max_size = s->config->message_size,
		.path_host = slice_str(s->config->domain),
	};
	const struct config_peer *peer = nntp_peer(s);
	uint32_t ids[POST_GROUPS_MAX];
	struct fail f = { 0 };
	struct buf v = { 0 }, diagnostic = { 0 };
	bool moderated;
	int n = feed_groups(s, t, header, ids, &moderated, &f);
	in.groups = ids;
	in.ngroups = n > 0 ? (size_t)n : 0;
	in.hold = moderated && !(peer && peer->approved && field_get(header, "approved", &v));
	if (in.hold)
		in.hold_reason = SLICE("came from a peer without a trusted Approved line");
	/* without a right to it the new version stands beside the old one */
	if (n > 0 && field_get(header, "supersedes", (buf_reset(&v), &v)))
		nntp_cancel_of_peer(t, peer, header, buf_slice(&v), "superseded", &p->old);
	nntp_feed_diagnostic(s, header, (buf_reset(&diagnostic), &diagnostic));
	in.path_diagnostic = buf_slice(&diagnostic);
	buf_free(&v);
	bool taken = n > 0 && !nntp_feed_cancelled(t, header, slice_str(nntp_feed(nntp_of(s))->id), &f) &&
		post_in_parse(t, &in, raw, j->arena, d, &f) > 0;
	buf_free(&diagnostic);
	if (!taken)
		return feed_refused(s, &j, &f);
	d->supersedes = p->old.by == CANCEL_KEY || p->old.by == CANCEL_PEER ? p->old.post : 0;
	p->in = (struct post_in_job){ .draft = d };
	j->data = p;
	j->kind = NNTP_JOB_FEED;
	j->size = d->header_z1.n + d->header_z2.n + d->body_z.n;
	session_submit(s, j);
	return STEP_WAIT;
}

static enum step feed_control(struct session *s, struct forum_txn *t, struct slice raw, struct slice control) {
	struct fail f = { 0 };
	struct job *none = NULL, *j = nntp_feed_cancel_job(s, t, raw, control, &f);
	if (!j)
		return feed_refused(s, &none, &f);
	j->kind = NNTP_JOB_FEED_CANCEL;
	session_submit(s, j);
	return STEP_WAIT;
}

static enum step feed_judge(struct session *s, struct slice raw) {
	struct forum_txn *t = session_read(s);
	struct slice header, body;
	struct buf control = { 0 };
	struct fail f = { 0 };
	struct job *none = NULL;
	struct post p;
	if (!t)
		return feed_answer(s, ERR_UNAVAILABLE, "try again later");
	field_split(raw, &header, &body);
	int r = feed_check(s, header, body, &f);
	if (r > 0 && (r = post_by_msgid(t, slice_str(nntp_feed(nntp_of(s))->id), &p)) != 0)
		r = fail_set(&f, r < 0 ? r : ERR_EXISTS, r < 0 ? "try again later" : "duplicate");
	if (r < 0)
		return feed_refused(s, &none, &f);
	enum step step = field_get(header, "control", &control) ? feed_control(s, t, raw, buf_slice(&control))
															: feed_store(s, t, raw, header);
	buf_free(&control);
	return step;
}

static enum step feed_finished(struct session *s) {
	struct nntp_session *n = nntp_of(s);
	const struct dotted *d = &n->dotted;
	enum step step;
	if (nntp_feed(n)->refuse)
		step = nntp_feed(n)->refuse == ERR_SYNTAX ? nntp_syntax(s, "usage: TAKETHIS message-id")
												  : feed_answer(s, nntp_feed(n)->refuse, "not wanted");
	else if (d->too_big)
		step = feed_answer(s, ERR_TOOBIG, "too long");
	else if (d->nul || d->bare_cr || d->bare_lf)
		step = feed_answer(s, ERR_INVALID, "NUL, or a bare CR or LF");
	else
		step = feed_judge(s, buf_slice(&n->collect));
	buf_reset(&n->collect);
	buf_shrink(&n->collect, KEEP_BUFFER);
	return step;
}

static enum step feed_collect(struct session *s) {
	struct nntp_session *n = nntp_of(s);
	if (!dotted_collect(&n->dotted, conn_input(s->conn), &n->collect))
		return STEP_INPUT;
	s->step = NULL;
	return feed_finished(s);
}

/* refuse: the article is read all the same, and then refused */
static enum step feed_begin(struct session *s, struct slice id, bool stream, enum err refuse) {
	struct nntp_session *n = nntp_of(s);
	if (!slice_cstr(id, nntp_feed(n)->id, sizeof nntp_feed(n)->id))
		nntp_feed(n)->id[0] = 0;
	nntp_feed(n)->stream = stream;
	nntp_feed(n)->refuse = refuse;
	/* what is refused anyway is not kept */
	n->dotted = (struct dotted){ .max = refuse ? 0 : s->config->message_size };
	buf_reset(&n->collect);
	s->step = feed_collect;
	return STEP_DONE;
}

static enum step feed_close(struct session *s) {
	(void)s;
	return STEP_CLOSE;
}

void nntp_feed_done(struct session *s, struct job *j) {
	const struct feed_job *p = j->data;
	enum step step;
	if (j->result <= 0)
		step = feed_answer(s, j->fail.code ? j->fail.code : ERR_INTERNAL, j->fail.text);
	else if (j->kind == NNTP_JOB_FEED && p->in.result.duplicate)
		step = feed_answer(s, ERR_EXISTS, "duplicate");
	else
		step = feed_answer(s, ERR_OK, "");
	if (step == STEP_CLOSE)
		s->step = feed_close;
}

/* ---- commands ---------------------------------------------------------------------------------------------------------- */

/* 1 wanted, 0 here already or no id, < 0 the store cannot tell */
static int feed_wanted(struct session *s, struct slice id) {
	struct forum_txn *t = session_read(s);
	struct post p;
	struct slice seen;
	if (!msgid_valid(id))
		return 0;
	int r = t ? post_by_msgid(t, id, &p) : ERR_UNAVAILABLE;
	if (r == 0)
		r = memo_get(t, MEMO_SEEN, id, &seen);
	return r < 0 ? r : !r;
}

enum step nntp_cmd_ihave(struct session *s, struct slice *args, unsigned nargs) {
	(void)nargs;
	if (!nntp_peer(s))
		return nntp_reply(s, "502 you are no peer here; use POST");
	int r = feed_wanted(s, args[0]);
	if (r > 0 && feed_failing())
		r = ERR_UNAVAILABLE;          /* what cannot be kept need not be sent */
	if (r <= 0)
		return nntp_reply(s, r < 0 ? "436 try again later" : "435 not wanted");
	feed_begin(s, args[0], false, ERR_OK);
	return nntp_reply(s, "335 send it");
}

enum step nntp_cmd_check(struct session *s, struct slice *args, unsigned nargs) {
	const struct config_peer *peer = nntp_peer(s);
	(void)nargs;
	if (!peer || !peer->stream)
		return nntp_reply(s, "502 you are no streaming peer here");
	int r = feed_wanted(s, args[0]);
	if (r > 0 && feed_failing())
		r = ERR_UNAVAILABLE;
	return nntp_replyf(s, "%s %.*s", r > 0 ? "238" : r < 0 ? "431" : "438", SLICE_ARG(args[0]));
}

enum step nntp_cmd_takethis(struct session *s, struct slice *args, unsigned nargs) {
	const struct config_peer *peer = nntp_peer(s);
	if (!peer || !peer->stream) {
		/* the article is on its way already: its lines must not be commands */
		nntp_reply(s, "502 you are no streaming peer here");
		return STEP_CLOSE;
	}
	/* 439 would repeat the id: what is longer than any is none (RFC 3977 3.6) */
	if (nargs != 1 || args[0].n > MSGID_MAX)
		return feed_begin(s, slice_of("", 0), true, ERR_SYNTAX);
	int r = feed_wanted(s, args[0]);
	return feed_begin(s, args[0], true, r > 0 ? ERR_OK : r < 0 ? ERR_UNAVAILABLE : ERR_EXISTS);
}

enum step nntp_mode_stream(struct session *s) {
	const struct config_peer *peer = nntp_peer(s);
	return peer && peer->stream ? nntp_reply(s, "203 streaming permitted")
								: nntp_syntax(s, "MODE READER is the only mode");
}
