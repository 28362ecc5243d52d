/* EXPUNGE and CLOSE, EXPUNGE_BATCH posts a job. EXPUNGE by a moderator takes posts away from everybody: a verdict, with
 * its entry in the audit log. By anybody else it takes them out of the member's own view of the group, with a pointer
 * in Trash.
 * In own boxes it is for good. CLOSE says nothing and is meant in passing: it is about the member's own view only, also
 * when a moderator says it. */
#include "forumd/base/vec.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/personal.h"
#include "gateways/imap/imap_private.h"

#define EXPUNGE_BATCH 100
#define EXPUNGE_OCTETS (16u << 20)   /* of own messages: what is erased is noted until the commit */

struct expunge { struct range_set *uids; bool close; };
struct expunge_job {
	uint32_t member, group;
	bool close;
	struct range_set uids, hidden;
	uint32_t done;                 /* up to this UID: the rest comes in the next job */
	uint64_t octets;
	struct act act;                /* of a moderator: the receipt that undoes it */
};

static void expunge_free(void *arg) {
	struct expunge_job *d = arg;
	range_set_free(&d->uids);
	range_set_free(&d->hidden);
	act_free(&d->act);
}

/* own boxes: for good. Unread is a view: what is taken out of it was read. */
static int expunge_own(struct forum_txn *t, struct expunge_job *d, const struct group *g, uint32_t uid,
	struct fail *f) {
	struct range_set one = {0};
	range_set_add(&one, uid, uid);
	int r = 1;
	if (g->box == BOX_UNREAD)
		r = marks_set(t, d->member, g->id, MARK_SEEN, &one, true);
	if (r >= 0)
		r = marks_set(t, d->member, g->id, MARK_DELETED, &one, false);
	range_set_free(&one);
	return r < 0 ? r : personal_remove(t, (struct place){ g->id, uid }, f);
}

/* the member's own view: the post stays for everybody else, and can be had back from Trash */
int imap_hide(struct forum_txn *t, uint32_t member, uint32_t group, uint32_t uid, bool trash) {
	struct range_set one = {0};
	struct overview o;
	int r = overview_get(t, group, uid, &o);
	if (r <= 0)
		return r;
	range_set_add(&one, uid, uid);
	r = marks_set(t, member, group, MARK_DELETED, &one, false);
	if (r >= 0)
		r = marks_set(t, member, group, MARK_HIDDEN, &one, true);
	if (r >= 0 && trash)
		r = personal_point(t, member, BOX_TRASH, o.post);
	range_set_free(&one);
	return r < 0 ? r : 1;
}

static int expunge_one(struct forum_txn *t, struct expunge_job *d, const struct group *g, bool moderator, uint32_t uid,
	struct fail *f) {
	struct overview o;
	struct post p;
	int r = overview_get(t, d->group, uid, &o);
	if (r <= 0)
		return r;
	if (o.flags & POST_OWN && post_get(t, o.post, &p) > 0)
		d->octets += (uint64_t)p.header_z1 + p.header_z2 + p.body_z;
	if (g->owner)
		r = expunge_own(t, d, g, uid, f);
	else if (moderator)
		r = act_do(t, &d->act, ACT_VERDICT, VERDICT_HIDE, o.post, g->id, f);
	else
		r = imap_hide(t, d->member, d->group, uid, true);
	if (r > 0)
		range_set_add(&d->hidden, uid, uid);
	return r;
}

static int expunge_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct expunge_job *d = j->data;
	struct group g;
	uint32_t uid = 0;
	range_set_clear(&d->hidden);
	d->octets = 0;
	d->done = 0;
	act_free(&d->act);
	d->act = (struct act){ .member = d->member, .reason = SLICE(MODERATE_BY_EXPUNGE) };
	int r = group_get(t, d->group, &g);
	if (r <= 0 || !rights_can_read(t, d->member, &g))
		return r < 0 ? r : fail_set(f, ERR_NOTFOUND, "no such mailbox");
	bool moderator = !d->close && rights_can_moderate(t, d->member, &g);
	while (d->octets < EXPUNGE_OCTETS && uid < UINT32_MAX && range_set_next(&d->uids, uid + 1, &uid)) {
		r = expunge_one(t, d, &g, moderator, uid, f);
		if (r < 0)
			return r;
		d->done = uid;
	}
	r = act_tell(t, &d->act);
	return r < 0 ? r : 1;
}

static void expunge_keep(struct imap_session *is, struct job *j) {
	struct expunge *w = is->work;
	struct expunge_job *d = j->data;
	if (j->result <= 0)
		return;
	range_set_union(&is->gone, &d->hidden);
	range_set_del(&d->uids, 1, d->done);
	range_set_union(w->uids, &d->uids);
}

static enum step expunge_next(struct session *s);

/* the next batch of what is left */
static enum step expunge_submit(struct imap_session *is, struct expunge *w) {
	struct job *j = job_new(&is->s, expunge_apply);
	struct expunge_job *d = ARENA_NEW(j->arena, struct expunge_job);
	arena_on_reset(j->arena, expunge_free, d);
	d->member = is->s.member;
	d->group = is->group;
	d->close = w->close;
	uint32_t uid = 0;
	for (unsigned n = 0; n < EXPUNGE_BATCH && uid < UINT32_MAX && range_set_next(w->uids, uid + 1, &uid); n++)
		range_set_add(&d->uids, uid, uid);
	range_set_subtract(w->uids, &d->uids);
	j->data = d;
	j->size = 64 + EXPUNGE_BATCH * 100;
	return imap_submit(is, j, expunge_keep, expunge_next);
}

static enum step expunge_next(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct expunge *w = is->work;
	if (is->result < 0)
		return imap_fail(is, &is->fail);
	if (w->uids->n)
		return expunge_submit(is, w);
	if (w->close)
		imap_deselect(is);
	return imap_ok(is, "%s completed", is->command->name);
}

/* posts of the view that carry the member's \Deleted */
static int expunge_candidates(struct imap_session *is, struct forum_txn *t, const struct range_set *asked,
	struct range_set *out) {
	struct marks m = {0};
	int r = is->group && is->view.high ? marks_load(t, is->s.member, is->group, 1, is->view.high, &m) : 1;
	if (r < 0)
		return r;
	range_set_copy(out, &m.set[MARK_DELETED]);
	marks_free(&m);
	range_set_subtract(out, &is->view.gone);
	if (is->view.high < UINT32_MAX)
		range_set_del(out, is->view.high + 1, UINT32_MAX);
	if (asked) {
		struct range_set others = {0};
		range_set_copy(&others, out);
		range_set_subtract(&others, asked);
		range_set_subtract(out, &others);
		range_set_free(&others);
	}
	return 1;
}

static enum step expunge_begin(struct imap_session *is, struct expunge *w, const struct range_set *asked) {
	struct forum_txn *t = session_read(&is->s);
	struct group g;
	w->uids = imap_command_set(is);
	is->work = w;
	/* a case leaves the queue by a decision */
	if (t && imap_selected_get(is, t, &g) > 0 && g.owner && g.box == BOX_QUEUE) {
		is->result = 1;
		return w->close ? expunge_next(&is->s) :
			imap_no(is, "CANNOT", "a case leaves the queue when it is decided: move it to !Keep, !Hide, !Delete ...");
	}
	if (!t || expunge_candidates(is, t, asked, w->uids) < 0)
		return imap_unavailable(is);
	is->result = 1;
	return expunge_next(&is->s);
}

enum step imap_cmd_expunge(struct imap_session *is, struct slice *rest) {
	struct expunge *w = ARENA_NEW(is->s.command, struct expunge);
	struct range_set *asked = NULL;
	if (is->uid && (!imap_take_space(rest) || imap_take_uids(is, rest, &asked) != IMAP_SET_OK))
		return imap_bad_arguments(is);
	if (!imap_take_end(rest))
		return imap_bad_arguments(is);
	if (is->examine)
		return imap_no(is, "READ-ONLY", "the mailbox was opened with EXAMINE");
	return expunge_begin(is, w, asked);
}

enum step imap_cmd_close(struct imap_session *is, struct slice *rest) {
	struct expunge *w = ARENA_NEW(is->s.command, struct expunge);
	if (!imap_take_end(rest))
		return imap_bad_arguments(is);
	w->close = true;
	if (is->examine || !is->group) {
		imap_deselect(is);
		return imap_ok(is, "CLOSE completed");
	}
	return expunge_begin(is, w, NULL);
}
