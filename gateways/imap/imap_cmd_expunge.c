/* EXPUNGE takes posts away from everybody, so it is a moderator's verdict, with its entry in the audit log, EXPUNGE_BATCH
 * posts a job. For others nothing may vanish, and saying OK would be a lie as soon as something is marked \Deleted. */
#include "forumd/base/vec.h"
#include "forumd/forum/moderate.h"
#include "gateways/imap/imap_private.h"

#define EXPUNGE_BATCH 100

struct expunge { struct range_set *uids; };
struct expunge_job {
	uint32_t member, group;
	struct range_set uids, hidden;
};

static void expunge_free(void *arg) {
	struct expunge_job *d = arg;
	range_set_free(&d->uids);
	range_set_free(&d->hidden);
}

static int expunge_one(struct forum_txn *t, struct expunge_job *d, uint32_t uid, struct fail *f) {
	struct overview o;
	int r = overview_get(t, d->group, uid, &o);
	if (r <= 0)
		return r;
	r = moderate_verdict(t, o.post, d->member, VERDICT_HIDE, SLICE("expunged over IMAP"), NULL, f);
	if (r > 0)
		range_set_add(&d->hidden, uid, uid);
	return r;
}

static int expunge_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct expunge_job *d = j->data;
	struct group g;
	uint32_t uid = 0;
	range_set_clear(&d->hidden);
	int r = group_get(t, d->group, &g);
	if (r <= 0 || !rights_can_moderate(t, d->member, &g))
		return r < 0 ? r : fail_set(f, ERR_DENIED, "only moderators may remove posts here");
	while (uid < UINT32_MAX && range_set_next(&d->uids, uid + 1, &uid)) {
		r = expunge_one(t, d, uid, f);
		if (r < 0)
			return r;
	}
	return 1;
}

static void expunge_keep(struct imap_session *is, struct job *j) {
	struct expunge_job *d = j->data;
	if (j->result > 0)
		range_set_union(&is->gone, &d->hidden);
}

static enum step expunge_next(struct session *s);

/* the next batch of what is left */
static enum step expunge_submit(struct imap_session *is, struct expunge *w) {
	struct job *j = job_new(&is->s, expunge_apply);
	struct expunge_job *d = ARENA_NEW(j->arena, struct expunge_job);
	arena_on_reset(j->arena, expunge_free, d);
	d->member = is->s.member;
	d->group = is->group;
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
	return w->uids->n ? expunge_submit(is, w) : imap_ok(is, "EXPUNGE completed");
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

enum step imap_cmd_expunge(struct imap_session *is, struct slice *rest) {
	struct expunge *w = ARENA_NEW(is->s.command, struct expunge);
	struct range_set *asked = NULL;
	struct group g;
	if (is->uid && (!imap_take_space(rest) || imap_take_uids(is, rest, &asked) != IMAP_SET_OK))
		return imap_bad_arguments(is);
	if (!imap_take_end(rest))
		return imap_bad_arguments(is);
	if (is->examine)
		return imap_no(is, "READ-ONLY", "the mailbox was opened with EXAMINE");
	struct forum_txn *t = session_read(&is->s);
	w->uids = imap_command_set(is);
	if (!t || expunge_candidates(is, t, asked, w->uids) < 0)
		return imap_unavailable(is);
	if (!w->uids->n)
		return imap_ok(is, "EXPUNGE completed");
	if (imap_selected_get(is, t, &g) <= 0 || !rights_can_moderate(t, is->s.member, &g))
		return imap_no(is, "NOPERM", "only moderators may remove posts here; use $Muted or unsubscribe");
	is->work = w;
	return expunge_submit(is, w);
}
