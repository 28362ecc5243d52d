/* COPY and MOVE. Where to decides what they mean:
 *   own box            a pointer to the post, or one more own message; MOVE takes it out of where it was: for good out
 *                      of a box, out of the member's own view of a group. It may be the same box: an own message gets
 *                      a new number, a pointer stays
 *   the post's group   from a box: the post the member had hidden is back in his view
 *   !Mute ..., GROUP.!Mute ...  the command happens to the post, which stays: OK without COPYUID, and no EXPUNGE after
 *                      MOVE; a receipt comes into INBOX, and does the contrary when it is moved to !Undo
 *   another group      NO: a post gets into a group by being posted
 * All of one command happens in one job, or nothing of it. */
#include "forumd/forum/personal.h"
#include "forumd/forum/queue.h"
#include "forumd/forum/quota.h"
#include "gateways/imap/imap_private.h"

#define COPY_MAX 10000u
#define COPY_OCTETS (64u << 20)   /* of own messages: they are written once more, and everybody waits for it */

enum copy_to { COPY_BOX, COPY_BACK, COPY_ACT };
struct copy_job {
	uint32_t member, group, to;
	enum copy_to how;
	bool move;
	unsigned box;
	const struct imap_action *action;
	struct act act;
	struct range_set uids, done, got;      /* got: UIDs there, ascending as done is */
	uint32_t acted, last;
	bool unordered;                        /* a pointer was there already: the sets do not pair */
};
struct copy {
	uint32_t uidvalidity;
	bool move;
	enum copy_to how;
	struct range_set *done, *got;
	uint32_t acted;
	bool unordered, undo;
};

static void copy_free(void *arg) {
	struct copy_job *d = arg;
	range_set_free(&d->uids);
	range_set_free(&d->done);
	range_set_free(&d->got);
	act_free(&d->act);
}

/* takes the message out of the mailbox it was moved from */
static int copy_leave(struct forum_txn *t, struct copy_job *d, const struct group *from, uint32_t uid, struct fail *f) {
	if (!d->move)
		return 1;
	return from->owner ? personal_remove(t, (struct place){ d->group, uid }, f)
					   : imap_hide(t, d->member, d->group, uid, false);
}

/* A message that moves between own mailboxes needs no more room than it has, not even on the way: into Trash goes
 * always. */
static int copy_lend(struct forum_txn *t, struct copy_job *d, uint32_t uid, uint64_t *octets_r) {
	struct overview o;
	int r = overview_get(t, d->group, uid, &o);
	if (r <= 0 || !(o.flags & POST_OWN))
		return r < 0 ? r : 1;
	*octets_r = (uint64_t)o.header_len + o.body_len;
	r = quota_open(t, d->member);
	return r < 0 ? r : quota_give(t, d->group, *octets_r);
}

static int copy_box(struct forum_txn *t, struct copy_job *d, const struct group *from, uint32_t uid, struct fail *f) {
	struct imap_marks marks;
	struct range_set one = {0};
	uint32_t number = 0;
	imap_marks_begin(&marks, d->member, d->group);
	uint64_t mask, octets = 0;
	int r = imap_marks_mask(&marks, t, uid, &mask);
	imap_marks_free(&marks);
	if (r >= 0 && d->move && from->owner)
		r = copy_lend(t, d, uid, &octets);
	if (r >= 0)
		r = personal_copy_in(t, d->member, d->to, (struct place){ d->group, uid }, &number, f);
	/* a box points to a post once: where it is already, it stays */
	if (r <= 0 || (d->to == d->group && number == uid))
		return r;
	d->unordered |= number <= d->last;
	d->last = number;
	range_set_add(&one, number, number);
	r = imap_marks_apply(t, d->member, d->to, &one, mask & IMAP_KEPT & ~(IMAP_BIT(MARK_DELETED) | IMAP_BIT(MARK_MUTED) |
		IMAP_BIT(MARK_WATCHED)), 0);
	range_set_free(&one);
	range_set_add(&d->done, uid, uid);
	range_set_add(&d->got, number, number);
	if (r < 0 || (r = copy_leave(t, d, from, uid, f)) < 0)
		return r;
	return octets ? quota_take(t, d->group, octets, NULL) : r;
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
		return fail_set(f, ERR_INVALID,
			"posts are not copied between groups: reply to the post there, or ask a moderator");
	d->unordered |= number <= d->last;
	d->last = number;
	range_set_add(&one, number, number);
	r = marks_set(t, d->member, d->to, MARK_HIDDEN, &one, false);
	range_set_free(&one);
	range_set_add(&d->done, uid, uid);
	range_set_add(&d->got, number, number);
	return r < 0 ? r : copy_leave(t, d, from, uid, f);
}

/* the group in which a command of no group happens to the post: the one it is looked at in */
static int act_group(struct forum_txn *t, const struct copy_job *d, const struct group *from, const struct post *p,
	uint32_t *group_r, struct fail *f) {
	struct place at = { from->id, 0 };
	struct group g;
	if (from->owner && from->box == BOX_QUEUE) {
		*group_r = p->nplaces ? p->places[0].group : 0;
		return queue_may(t, d->member, p) ? 1 : fail_set(f, ERR_NOTFOUND, "no such message");
	}
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

/* a receipt */
static int copy_undo(struct forum_txn *t, struct copy_job *d, const struct post *p, struct fail *f) {
	struct buf header = {0};
	struct slice told;
	int r = post_header(t, p, &header);
	uint64_t number = r > 0 ? act_of_header(t, d->member, buf_slice(&header)) : 0;
	buf_free(&header);
	if (!number)
		return r < 0 ? r : fail_set(f, ERR_INVALID, "this is no receipt, or the time to undo is over");
	r = act_undo(t, d->member, number, &told, f);
	d->acted += r > 0;
	return r;
}

/* in the queue: another moderator was first */
static int copy_too_late(struct forum_txn *t, const struct copy_job *d, uint32_t uid, struct fail *f) {
	struct post p;
	int r = post_by_number(t, d->group, uid, &p);
	return r <= 0 ? r : fail_set(f, ERR_GONE, "%.*s", SLICE_ARG(queue_too_late(t, d->member, &p)));
}

static int copy_act(struct forum_txn *t, struct copy_job *d, const struct group *from, uint32_t uid, struct fail *f) {
	struct overview o;
	struct post p;
	bool queue = from->owner && from->box == BOX_QUEUE;
	int r = overview_get(t, d->group, uid, &o);
	if (r == 0 && queue)
		return copy_too_late(t, d, uid, f);
	if (r <= 0 || (r = post_get(t, o.post, &p)) <= 0)
		return r;
	uint32_t group = d->to;
	if (d->action->undo && (p.flags & POST_OWN))
		return copy_undo(t, d, &p, f);
	if (!group && (r = act_group(t, d, from, &p, &group, f)) <= 0)
		return r;
	if (!queue && !post_number_in(&p, group))
		return fail_set(f, ERR_INVALID, "this post does not stand in that group");
	r = d->action->undo ? act_undo_post(t, d->member, &p, f)
						: act_do(t, &d->act, d->action->act, d->action->what, p.id, group, f);
	d->acted += r >= 0;
	return r;
}

/* Before anything is written: the writer holds all of a job in memory. A single message always goes. */
static int copy_fits(struct forum_txn *t, const struct copy_job *d, struct fail *f) {
	uint64_t octets = 0;
	uint32_t uid = 0;
	unsigned n = 0;
	struct post p;
	int r = 1;
	while (d->how == COPY_BOX && r >= 0 && uid < UINT32_MAX && range_set_next(&d->uids, uid + 1, &uid)) {
		if ((r = post_by_number(t, d->group, uid, &p)) <= 0 || !(p.flags & POST_OWN))
			continue;
		octets += (uint64_t)p.header_z1 + p.header_z2 + p.body_z;
		if (++n > 1 && octets > COPY_OCTETS)
			return fail_set(f, ERR_LIMIT, "at most %u MB of messages at once: take fewer of them", COPY_OCTETS >> 20);
	}
	return r < 0 ? r : 1;
}

static int copy_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct copy_job *d = j->data;
	struct group from, to;
	uint32_t uid = 0;
	range_set_clear(&d->done);
	range_set_clear(&d->got);
	d->acted = d->last = 0;
	act_free(&d->act);
	d->act = (struct act){ .member = d->member };
	d->unordered = false;
	int r = group_get(t, d->group, &from);
	if (r > 0 && d->to)
		r = group_get(t, d->to, &to);
	if (r <= 0 || !rights_can_read(t, d->member, &from) ||
		(d->to && (to.removed || !rights_can_read(t, d->member, &to))))
		return r < 0 ? r : fail_set(f, ERR_NOTFOUND, "no such mailbox");
	if (d->how == COPY_ACT && d->to && d->action->moderators && !rights_can_moderate(t, d->member, &to))
		return fail_set(f, ERR_NOTFOUND, "no such mailbox");
	if ((r = copy_fits(t, d, f)) < 0)
		return r;
	while (uid < UINT32_MAX && range_set_next(&d->uids, uid + 1, &uid)) {
		r = d->how == COPY_BOX ? copy_box(t, d, &from, uid, f) : d->how == COPY_BACK ? copy_back(t, d, &from, uid, f) :
			copy_act(t, d, &from, uid, f);
		if (r < 0)
			return r;
	}
	r = act_tell(t, &d->act);
	return r < 0 ? r : 1;
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
		return w->undo ? imap_ok(is, "undone for %u messages", w->acted)
					   : imap_ok(is, "done for %u posts: they stay where they are", w->acted);
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
static int copy_target(struct imap_session *is, struct forum_txn *t, struct slice name, struct copy_job *d,
	struct group *g) {
	struct group from;
	int r = imap_action_find(is, t, name, g, &d->action);
	d->how = COPY_ACT;
	if (r == 0) {
		r = imap_mailbox_find(is, t, name, g);
		d->how = r == 1 && g->owner ? COPY_BOX : COPY_BACK;
	}
	if (r == 1 && d->how == COPY_BACK && (imap_selected_get(is, t, &from) <= 0 || !from.owner))
		return 2;
	/* a case leaves the queue when it is decided, and not otherwise */
	if (r == 1 && d->how != COPY_ACT && imap_selected_get(is, t, &from) > 0 && from.owner && from.box == BOX_QUEUE)
		return 2;
	if (r == 1 && d->how == COPY_BOX && !personal_holds_own(g))
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
	w->undo = d->how == COPY_ACT && d->action->undo;
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
	unsigned max = r == 1 && d->how == COPY_ACT ? ACT_MAX : COPY_MAX;
	bool many = r == 1 && d->how == COPY_ACT && d->uids.n &&
		!session_rate(&is->s, "act", is->s.config->posts_per_minute);
	if (r == 1 && d->uids.n && range_set_count(&d->uids) <= max && !many && !(move && is->examine))
		return copy_submit(is, j, d, &g);
	bool nothing = !d->uids.n;
	job_free(&j);
	if (r < 0)
		return imap_unavailable(is);
	if (r == 0)
		return imap_no(is, "TRYCREATE", "no such mailbox");
	if (r == 2)
		return imap_no(is, "CANNOT",
			"posts are not copied between groups: reply to the post there, or ask a moderator");
	if (nothing)
		return imap_ok(is, "%s completed: nothing to do", is->command->name);
	if (many)
		return imap_no(is, "LIMIT", "too many commands, try again in a minute");
	return move && is->examine ? imap_no(is, "READ-ONLY", "the mailbox was opened with EXAMINE") :
		imap_no(is, "LIMIT", "at most %u messages at once", max);
}

enum step imap_cmd_copy(struct imap_session *is, struct slice *rest) {
	return copy_or_move(is, rest, false);
}

enum step imap_cmd_move(struct imap_session *is, struct slice *rest) {
	return copy_or_move(is, rest, true);
}
