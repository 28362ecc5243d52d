/* COPY and MOVE. Where to decides what they mean:
 *   own box            a pointer to the post, or one more own message; MOVE takes it out of where it was: for good out of
 *                      a box, out of the member's own view of a group
 *   the post's group   from a box: the post the member had hidden is back in his view
 *   !Mute ..., GROUP.!Mute ...  the command happens to the post, which stays: OK without COPYUID, and no EXPUNGE after MOVE
 *   another group      NO: a post gets into a group by being posted
 * All of one command happens in one job, or nothing of it. */
#include "forumd/forum/personal.h"
#include "forumd/forum/watch.h"
#include "gateways/imap/imap_private.h"

#define COPY_MAX 10000u

enum copy_to { COPY_BOX, COPY_BACK, COPY_ACT };
struct copy_job {
	uint32_t member, group, to;
	enum copy_to how;
	bool move;
	unsigned box;
	const struct imap_action *action;
	struct range_set uids, done, got;      /* got: UIDs there, ascending as done is */
	uint32_t acted, last;
	bool unordered;                        /* a pointer was there already: the sets do not pair */
};
struct copy { uint32_t uidvalidity; bool move; enum copy_to how; struct range_set *done, *got; uint32_t acted; bool unordered; };

static void copy_free(void *arg) {
	struct copy_job *d = arg;
	range_set_free(&d->uids);
	range_set_free(&d->done);
	range_set_free(&d->got);
}

/* takes the message out of the mailbox it was moved from */
static int copy_leave(struct forum_txn *t, struct copy_job *d, const struct group *from, uint32_t uid, struct fail *f) {
	if (!d->move)
		return 1;
	return from->owner ? personal_remove(t, (struct place){ d->group, uid }, f) : imap_hide(t, d->member, d->group, uid, false);
}

static int copy_box(struct forum_txn *t, struct copy_job *d, const struct group *from, uint32_t uid, struct fail *f) {
	struct imap_marks marks;
	struct range_set one = {0};
	uint32_t number = 0;
	imap_marks_begin(&marks, d->member, d->group);
	uint64_t mask;
	int r = imap_marks_mask(&marks, t, uid, &mask);
	imap_marks_free(&marks);
	if (r >= 0)
		r = personal_copy_in(t, d->member, d->to, (struct place){ d->group, uid }, &number, f);
	if (r <= 0)
		return r;
	d->unordered |= number <= d->last;
	d->last = number;
	range_set_add(&one, number, number);
	r = imap_marks_apply(t, d->member, d->to, &one, mask & IMAP_KEPT & ~(IMAP_BIT(MARK_DELETED) | IMAP_BIT(MARK_MUTED) |
		IMAP_BIT(MARK_WATCHED)), 0);
	range_set_free(&one);
	range_set_add(&d->done, uid, uid);
	range_set_add(&d->got, number, number);
	return r < 0 ? r : copy_leave(t, d, from, uid, f);
}

static int copy_back(struct forum_txn *t, struct copy_job *d, const struct group *from, uint32_t uid, struct fail *f) {
	struct range_set one = {0};
	struct overview o;
	struct post p;
	int r = overview_get(t, d->group, uid, &o);
	if (r <= 0 || (r = post_get(t, o.post, &p)) <= 0)
		return r;
	uint32_t number = post_number_in(&p, d->to);
	if (!number)
		return fail_set(f, ERR_INVALID, "posts are not copied between groups: reply to the post there, or ask a moderator");
	d->unordered |= number <= d->last;
	d->last = number;
	range_set_add(&one, number, number);
	r = marks_set(t, d->member, d->to, MARK_HIDDEN, &one, false);
	range_set_free(&one);
	range_set_add(&d->done, uid, uid);
	range_set_add(&d->got, number, number);
	return r < 0 ? r : copy_leave(t, d, from, uid, f);
}

int imap_act(struct forum_txn *t, uint32_t member, const struct imap_action *a, const struct overview *o, struct fail *f) {
	int r = 1;
	switch (a->act) {
	case IMAP_ACT_MUTE: r = watch_set(t, member, o->thread, WATCH_MUTED); break;
	case IMAP_ACT_WATCH: r = watch_set(t, member, o->thread, WATCH_ON); break;
	case IMAP_ACT_REPORT:
		r = moderate_report(t, o->post, member, (enum report_kind)a->kind, SLICE("by IMAP"), f);
		r = r == ERR_EXISTS ? 0 : r;
		break;
	case IMAP_ACT_VERDICT: r = moderate_verdict(t, o->post, member, (enum verdict)a->kind, SLICE("by IMAP"), NULL, f); break;
	}
	return r;
}

/* the group in which a command of no group happens to the post: the one it is looked at in */
static int act_group(struct forum_txn *t, const struct copy_job *d, const struct group *from, const struct post *p, uint32_t *group_r,
	struct fail *f) {
	struct place at = { from->id, 0 };
	struct group g;
	if (from->owner) {
		int r = personal_source(t, d->member, p->id, &at);
		if (r <= 0)
			return r;
	}
	if (from->owner && (p->flags & POST_OWN))
		return fail_set(f, ERR_INVALID, "these commands are about posts of groups, not about your own messages");
	*group_r = at.group;
	int r = group_get(t, at.group, &g);
	return r <= 0 || !d->action->moderators || rights_can_moderate(t, d->member, &g) ? r :
		fail_set(f, ERR_DENIED, "moderators of the group do that");
}

static int copy_act(struct forum_txn *t, struct copy_job *d, const struct group *from, uint32_t uid, struct fail *f) {
	struct overview o;
	struct post p;
	int r = overview_get(t, d->group, uid, &o);
	if (r <= 0 || (r = post_get(t, o.post, &p)) <= 0)
		return r;
	uint32_t group = d->to;
	if (!group && (r = act_group(t, d, from, &p, &group, f)) <= 0)
		return r;
	if (!post_number_in(&p, group))
		return fail_set(f, ERR_INVALID, "this post does not stand in that group");
	r = imap_act(t, d->member, d->action, &o, f);
	d->acted += r >= 0;
	return r;
}

static int copy_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct copy_job *d = j->data;
	struct group from, to;
	uint32_t uid = 0;
	range_set_clear(&d->done);
	range_set_clear(&d->got);
	d->acted = d->last = 0;
	d->unordered = false;
	int r = group_get(t, d->group, &from);
	if (r > 0 && d->to)
		r = group_get(t, d->to, &to);
	if (r <= 0 || !rights_can_read(t, d->member, &from) || (d->to && (to.removed || !rights_can_read(t, d->member, &to))))
		return r < 0 ? r : fail_set(f, ERR_NOTFOUND, "no such mailbox");
	if (d->how == COPY_ACT && d->to && d->action->moderators && !rights_can_moderate(t, d->member, &to))
		return fail_set(f, ERR_NOTFOUND, "no such mailbox");
	while (uid < UINT32_MAX && range_set_next(&d->uids, uid + 1, &uid)) {
		r = d->how == COPY_BOX ? copy_box(t, d, &from, uid, f) : d->how == COPY_BACK ? copy_back(t, d, &from, uid, f) :
			copy_act(t, d, &from, uid, f);
		if (r < 0)
			return r;
	}
	return 1;
}

static void copy_keep(struct imap_session *is, struct job *j) {
	struct copy *w = is->work;
	struct copy_job *d = j->data;
	if (j->result <= 0)
		return;
	range_set_copy(w->done, &d->done);
	range_set_copy(w->got, &d->got);
	w->acted = d->acted;
	w->unordered = d->unordered;
	if (d->move && d->how != COPY_ACT)
		range_set_union(&is->gone, &d->done);
}

static const char *copy_code(struct imap_session *is, const struct copy *w) {
	struct buf b = {0};
	buf_addf(&b, "COPYUID %u ", w->uidvalidity);
	range_set_print(w->done, ':', &b);
	buf_addc(&b, ' ');
	range_set_print(w->got, ':', &b);
	const char *code = arena_cstr(is->s.command, buf_slice(&b));
	buf_free(&b);
	return code;
}

static enum step copy_done(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct copy *w = is->work;
	if (is->result < 0)
		return imap_fail(is, &is->fail);
	if (w->how == COPY_ACT)
		return imap_ok(is, "done for %u posts: they stay where they are", w->acted);
	/* where the two sets do not pair, RFC 4315 wants silence */
	bool pairs = w->done->n && !w->unordered && range_set_count(w->done) == range_set_count(w->got);
	if (!pairs)
		return imap_ok(is, "%s completed", is->command->name);
	if (!w->move)
		return imap_ok(is, "[%s] COPY completed", copy_code(is, w));
	buf_addf(session_out(s), "* OK [%s] moved\r\n", copy_code(is, w));
	return imap_ok(is, "MOVE completed");
}

/* 1 d knows where to; 0 no such mailbox; < 0 */
static int copy_target(struct imap_session *is, struct forum_txn *t, struct slice name, struct copy_job *d, struct group *g) {
	struct group from;
	int r = imap_action_find(is, t, name, g, &d->action);
	d->how = COPY_ACT;
	if (r == 0) {
		r = imap_mailbox_find(is, t, name, g);
		d->how = r == 1 && g->owner ? COPY_BOX : COPY_BACK;
	}
	if (r == 1 && d->how == COPY_BACK && (imap_selected_get(is, t, &from) <= 0 || !from.owner))
		return 2;
	if (r == 1 && d->how == COPY_BOX && (g->box < BOX_DRAFTS || g->id == is->group))
		return 2;
	d->to = g->id;
	d->box = g->box;
	return r;
}

static enum step copy_submit(struct imap_session *is, struct job *j, struct copy_job *d, const struct group *g) {
	struct copy *w = ARENA_NEW(is->s.command, struct copy);
	w->uidvalidity = g->uidvalidity;
	w->move = d->move;
	w->how = d->how;
	w->done = imap_command_set(is);
	w->got = imap_command_set(is);
	is->work = w;
	j->data = d;
	j->size = 64 + range_set_count(&d->uids) * 100;
	return imap_submit(is, j, copy_keep, copy_done);
}

static enum step copy_or_move(struct imap_session *is, struct slice *rest, bool move) {
	struct range_set *uids;
	struct slice name;
	struct group g;
	if (!imap_take_space(rest))
		return imap_bad_arguments(is);
	enum imap_set_result set = imap_take_uids(is, rest, &uids);
	if (set == IMAP_SET_SYNTAX || !imap_take_space(rest) || !imap_take_mailbox(is, rest, &name) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	if (set == IMAP_SET_BEYOND)
		return imap_bad(is, "there are fewer messages");
	struct job *j = job_new(&is->s, copy_apply);
	struct copy_job *d = ARENA_NEW(j->arena, struct copy_job);
	arena_on_reset(j->arena, copy_free, d);
	*d = (struct copy_job){ .member = is->s.member, .group = is->group, .move = move };
	struct forum_txn *t = session_read(&is->s);
	int r = t ? copy_target(is, t, name, d, &g) : ERR_UNAVAILABLE;
	range_set_copy(&d->uids, uids);
	range_set_subtract(&d->uids, &is->view.gone);
	if (is->view.high < UINT32_MAX)
		range_set_del(&d->uids, is->view.high + 1, UINT32_MAX);
	if (r == 1 && d->uids.n && range_set_count(&d->uids) <= COPY_MAX && !(move && is->examine))
		return copy_submit(is, j, d, &g);
	bool nothing = !d->uids.n;
	job_free(&j);
	if (r < 0)
		return imap_unavailable(is);
	if (r == 0)
		return imap_no(is, "TRYCREATE", "no such mailbox");
	if (r == 2)
		return imap_no(is, "CANNOT", "posts are not copied between groups: reply to the post there, or ask a moderator");
	if (nothing)
		return imap_ok(is, "%s completed: nothing to do", is->command->name);
	return move && is->examine ? imap_no(is, "READ-ONLY", "the mailbox was opened with EXAMINE") :
		imap_no(is, "LIMIT", "at most %u messages at once", COPY_MAX);
}

enum step imap_cmd_copy(struct imap_session *is, struct slice *rest) {
	return copy_or_move(is, rest, false);
}

enum step imap_cmd_move(struct imap_session *is, struct slice *rest) {
	return copy_or_move(is, rest, true);
}
