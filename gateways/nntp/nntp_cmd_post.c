/* nntp_cmd_post.c - POST. The article is collected with a bound, judged by post_in, and stored by a job; 240 is said
 * after its commit. Control: cancel and Supersedes: nntp_cancel.c; every other control message is refused, and a
 * subject that begins with "cmsg" is a subject. */
#include "forumd/base/num.h"
#include "forumd/base/stat.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/field.h"
#include "forumd/mail/lint.h"
#include "forumd/mail/msgid.h"
#include "gateways/common/post_in.h"
#include "gateways/nntp/nntp_private.h"

#define KEEP_BUFFER (64 * 1024)

static enum step post_refused(struct session *s, struct job **j, const struct fail *f) {
	job_free(j);
	stat_add(STAT_posts_refused, 1);
	return nntp_post_fail(s, f);
}

/* ---- cancel -------------------------------------------------------------------------------------------------------- */

static enum step cancel_command(struct session *s, struct forum_txn *t, struct slice header, struct slice id) {
	struct nntp_cancel c;
	struct fail f = { 0 };
	struct job *j = NULL;
	int r = nntp_cancel_find(t, s->member, header, id, "cancelled", &c);
	if (r <= 0) {
		fail_set(&f, r < 0 ? r : ERR_DENIED, "no such article, or not yours to cancel");
		return post_refused(s, &j, &f);
	}
	j = nntp_cancel_job(s, &c);
	j->kind = NNTP_JOB_CANCEL;
	session_submit(s, j);
	return STEP_WAIT;
}

/* ---- storing ------------------------------------------------------------------------------------------------------- */

/* 1 found, or none named (then c_r->post is 0); < 0 with words */
static int post_supersedes(struct session *s, struct forum_txn *t, struct slice header, struct nntp_cancel *c_r,
	struct fail *f) {
	struct buf id = { 0 };
	*c_r = (struct nntp_cancel){ 0 };
	if (!field_get(header, "supersedes", &id))
		return 1;
	int r = nntp_cancel_find(t, s->member, header, buf_slice(&id), "superseded", c_r);
	buf_free(&id);
	return r > 0 ? 1 : fail_set(f, r < 0 ? r : ERR_DENIED, "Supersedes must name a post of yours");
}

/* in first: post_in_apply's */
struct store_job { struct post_in_job in; struct nntp_cancel old; };

/* A moderator of every group it goes to may approve what he writes: the Approved line does so. Anybody else's says
 * nothing. */
static bool post_approves(struct forum_txn *t, uint32_t member, const struct post_draft *d) {
	struct group g;
	for (size_t i = 0; i < d->ngroups; i++)
		if (group_get(t, d->groups[i], &g) <= 0 || !rights_can_moderate(t, member, &g))
			return false;
	return d->ngroups > 0;
}

/* The author's new version takes the place of the old one when it is published; a moderator's deletes the old one now.
 */
static int post_store_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct store_job *p = j->data;
	struct post old;
	int r = p->old.post ? post_get(t, p->old.post, &old) : 1;
	if (r <= 0 || (p->old.post && p->old.by == CANCEL_AUTHOR && old.author != p->in.member))
		return fail_set(f, r < 0 ? r : ERR_DENIED, "Supersedes must name a post of yours");
	if ((p->in.draft->flags & POST_APPROVED) && !post_approves(t, p->in.member, p->in.draft))
		return fail_set(f, ERR_DENIED, "only moderators of every group it goes to approve a post");
	r = post_in_apply(t, j, f);
	return r > 0 && p->old.by == CANCEL_MODERATOR && !p->in.result.duplicate ? nntp_cancel_do(t, &p->old, f) : r;
}

static enum step post_store(struct session *s, struct forum_txn *t, struct slice raw, struct slice header) {
	struct nntp_session *n = nntp_of(s);
	struct job *j = job_new(s, post_store_apply);
	struct post_draft *d = ARENA_NEW(j->arena, struct post_draft);
	struct store_job *p = ARENA_NEW(j->arena, struct store_job);
	struct post_in in = {
		.source = POST_FROM_NNTP,
		.member = s->member,
		.max_size = s->config->message_size,
		.path_host = slice_str(s->config->domain),
		.client_msgid = slice_str(nntp_feed(n)->offered),
		.session_hint = s->id,
		.moved = &p->in.moved,
	};
	struct nntp_cancel old;
	struct buf approved = { 0 };
	struct fail f = { 0 };
	if (post_supersedes(s, t, header, &old, &f) < 0 || post_in_parse(t, &in, raw, j->arena, d, &f) < 0)
		return post_refused(s, &j, &f);
	d->supersedes = old.by == CANCEL_MODERATOR ? 0 : old.post;
	if (field_get(header, "approved", &approved) && post_approves(t, s->member, d))
		d->flags |= POST_APPROVED;
	buf_free(&approved);
	p->in.draft = d;
	p->in.member = s->member;
	p->old = old;
	j->data = p;
	j->kind = NNTP_JOB_STORE;
	j->size = d->header_z1.n + d->header_z2.n + d->body_z.n;
	session_submit(s, j);
	return STEP_WAIT;
}

/* Newsgroups names one of the member's own groups */
static bool post_to_own(struct session *s, struct slice header) {
	struct buf groups = { 0 };
	struct slice rest, name;
	bool own = false;
	field_get(header, "newsgroups", &groups);
	rest = buf_slice(&groups);
	while (!own && slice_split(&rest, ',', &name))
		own = nntp_me_named(s, slice_trim(name));
	buf_free(&groups);
	return own;
}

/* Help before sending (mail/lint.h). True: it goes back to its author, who may insist. */
static bool post_lint(struct session *s, struct slice header, struct slice body, struct fail *f) {
	struct buf force = { 0 };
	struct lint l;
	bool insists = field_get(header, "forum-force", &force) && slice_is_nocase(buf_slice(&force), "yes");
	buf_free(&force);
	lint_count(header, body, &l);
	if (insists || !lint_over_quoted(&l, s->config->over_quoted))
		return false;
	fail_set(f, ERR_INVALID, "over-quoted: %u of %u lines are quotes; trim or add \"Forum-Force: yes\"", l.quotes,
		l.lines);
	return true;
}

static enum step post_judge(struct session *s, struct slice raw) {
	struct forum_txn *t = session_read(s);
	struct slice header, body, word, rest;
	struct buf control = { 0 };
	struct fail f = { 0 };
	struct field both;
	enum step step;
	if (!t) {
		fail_set(&f, ERR_UNAVAILABLE, "try later");
		return nntp_post_fail(s, &f);
	}
	field_split(raw, &header, &body);
	if (post_to_own(s, header)) {
		fail_set(&f, ERR_DENIED,
			"groups that begin with \"me.\" show posts of other groups and take none; post to the group of the article");
		return nntp_post_fail(s, &f);
	}
	if (!field_get(header, "control", &control))
		return post_lint(s, header, body, &f) ? nntp_post_fail(s, &f) : post_store(s, t, raw, header);
	rest = buf_slice(&control);
	if (field_find(header, "supersedes", 0, &both)) {
		fail_set(&f, ERR_INVALID, "Control and Supersedes exclude each other");
		step = nntp_post_fail(s, &f);
	} else if (slice_word(&rest, &word) && slice_is_nocase(word, "cancel")) {
		step = cancel_command(s, t, header, rest);
	} else {
		fail_set(&f, ERR_DENIED, "control messages are not taken here");
		step = nntp_post_fail(s, &f);
	}
	buf_free(&control);
	return step;
}

static enum step post_finished(struct session *s) {
	struct nntp_session *n = nntp_of(s);
	const struct dotted *d = &n->dotted;
	struct fail f = { 0 };
	if (n->too_many)
		fail_set(&f, ERR_LIMIT, "too many posts: at most %u a minute; nothing is lost, send it again in a minute",
			s->config->posts_per_minute);
	else if (d->too_big)
		fail_set(&f, ERR_TOOBIG, "the article is longer than %llu octets", (unsigned long long)s->config->message_size);
	else if (d->nul)
		fail_set(&f, ERR_INVALID, "the article holds a NUL octet");
	else if (d->bare_cr || d->bare_lf)
		fail_set(&f, ERR_INVALID, "the article holds a bare %s; lines must end in CRLF", d->bare_cr ? "CR" : "LF");
	enum step step = f.code ? nntp_post_fail(s, &f) : post_judge(s, buf_slice(&n->collect));
	buf_reset(&n->collect);
	buf_shrink(&n->collect, KEEP_BUFFER);
	return step;
}

static enum step post_collect(struct session *s) {
	struct nntp_session *n = nntp_of(s);
	if (!dotted_collect(&n->dotted, conn_input(s->conn), &n->collect))
		return STEP_INPUT;
	s->step = NULL;
	return post_finished(s);
}

enum step nntp_cmd_post(struct session *s, struct slice *args, unsigned nargs) {
	struct nntp_session *n = nntp_of(s);
	struct buf id = { 0 };
	(void)args, (void)nargs;
	/* 440 would say that he may not post at all; the article is read and comes back with words that he is shown */
	n->too_many = !session_rate(s, "post", s->config->posts_per_minute);
	msgid_new(&id, slice_str(s->config->domain));
	if (!slice_cstr(buf_slice(&id), nntp_feed(n)->offered, sizeof nntp_feed(n)->offered))
		nntp_feed(n)->offered[0] = 0;
	buf_free(&id);
	n->dotted = (struct dotted){ .max = n->too_many ? 0 : s->config->message_size };
	buf_reset(&n->collect);
	nntp_replyf(s, "340 Ok, recommended message-ID %s", nntp_feed(n)->offered[0] ? nntp_feed(n)->offered : "none");
	s->step = post_collect;
	return STEP_DONE;      /* the article may be in the buffer already */
}

static void post_said(struct session *s, struct job *j) {
	const struct store_job *p = j->data;
	const struct post_result *r = &p->in.result;
	struct slice id = p->in.draft->message_id, to = p->in.moved.name;
	stat_add(STAT_posts_in, 1);
	session_log(s, "post ok id=%llu octets=%zu%s%.*s", (unsigned long long)r->id, j->size, to.n ? " moved_to=" : "",
		SLICE_ARG(to));
	nntp_replyf(s, "240 %s %.*s%s%.*s%s%s", r->state == POST_PENDING ? "received" : "posted", SLICE_ARG(id),
		to.n ? " in " : "", SLICE_ARG(to), to.n ? ", where its thread was moved" : "",
		r->state == POST_PENDING ? "; it waits for approval" : "");
}

void nntp_post_done(struct session *s, struct job *j) {
	struct post_in_job *p = j->data;
	if (j->kind == NNTP_JOB_ME)
		return;                 /* the step goes on with what there is */
	if (j->kind == NNTP_JOB_FEED || j->kind == NNTP_JOB_FEED_CANCEL) {
		nntp_feed_done(s, j);
		return;
	}
	if (j->kind == NNTP_JOB_PLACE) {
		j->result > 0 ? nntp_reply(s, "223 kept") : nntp_fail(s, j->result);
		return;
	}
	if (j->result <= 0) {
		stat_add(STAT_posts_refused, 1);
		if (!j->fail.code)
			j->fail.code = j->result < 0 ? (enum err)j->result : ERR_INTERNAL;
		nntp_post_fail(s, &j->fail);
	} else if (j->kind == NNTP_JOB_CANCEL) {
		nntp_reply(s, "240 cancelled");
	} else if (p->result.duplicate) {
		struct fail f = { .code = ERR_EXISTS };
		stat_add(STAT_posts_refused, 1);
		nntp_post_fail(s, &f);
	} else {
		post_said(s, j);
	}
}
