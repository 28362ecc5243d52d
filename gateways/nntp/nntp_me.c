/* nntp_me.c - a member's own groups: me.replies, me.unread, me.watched (forumd/forum/personal.h). They are groups like
 * any other to every command that goes by number; only their names are made here, and they must exist, and UNREAD be up
 * to date, before they are answered: a job does that, and the command goes on in its step. A real group of one of these
 * names is hidden from members. */
#include "forumd/base/clock.h"
#include "forumd/forum/marks.h"
#include "forumd/forum/rights.h"
#include "gateways/nntp/nntp_private.h"

#define UNREAD_MAX 1000         /* newest of each group */
#define LIST_SYNC_MS 60000      /* LIST shows counts at most this old */

const struct nntp_me nntp_me_groups[] = {
	{ "me.replies", BOX_REPLIES, "Answers to your posts" },
	{ "me.unread", BOX_UNREAD, "Posts you have not read, of all groups" },
	{ "me.watched", BOX_WATCHED, "Posts in threads you watch" },
	{ NULL, BOX_NONE, NULL },
};

const struct nntp_me *nntp_me_named(const struct session *s, struct slice name) {
	if (!s->member || s->member == RIGHTS_OPERATOR)
		return NULL;
	for (const struct nntp_me *m = nntp_me_groups; m->name; m++)
		if (slice_is(name, m->name))
			return m;
	return NULL;
}

struct slice nntp_group_name(const struct group *g) {
	if (g->access != GROUP_OWN)
		return g->name;
	for (const struct nntp_me *m = nntp_me_groups; m->name; m++)
		if ((unsigned)m->box == g->box)
			return slice_str(m->name);
	return slice_of("", 0);
}

int nntp_me_get(struct session *s, struct forum_txn *t, const struct nntp_me *me, struct group *g_r) {
	int r = personal_find(t, s->member, me->box, g_r);
	if (r == 0)
		*g_r = (struct group){ .low = 1, .access = GROUP_OWN, .owner = s->member, .box = (unsigned)me->box };
	g_r->title = slice_str(me->title);
	g_r->name = slice_str(me->name);
	g_r->posting = GROUP_POST_NOBODY;
	return r;
}

/* ---- making them, and UNREAD's contents ------------------------------------------------------------------------------ */

struct me_job { uint32_t member; bool unread; };

static int me_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	const struct me_job *m = j->data;
	int r = personal_prepare(t, m->member);
	if (r > 0 && m->unread)
		r = personal_sync_unread(t, m->member, UNREAD_MAX);
	return r < 0 ? fail_set(f, r, "own groups") : 1;
}

static enum step me_submit(struct session *s, bool unread, enum step (*then)(struct session *)) {
	struct job *j = job_new(s, me_apply);
	struct me_job *m = ARENA_NEW(j->arena, struct me_job);
	*m = (struct me_job){ .member = s->member, .unread = unread };
	j->data = m;
	j->kind = NNTP_JOB_ME;
	if (unread)
		nntp_of(s)->me_synced_ms = clock_mono_ms();
	nntp_marks_flush(s);            /* what was read just now is read */
	session_read_end(s);
	session_submit(s, j);
	s->step = then;
	return STEP_WAIT;
}

bool nntp_me_prepare(struct session *s, const struct nntp_me *me, enum step (*then)(struct session *),
	enum step *step_r) {
	struct forum_txn *t = session_read(s);
	struct group g;
	if (!t || (me->box != BOX_UNREAD && personal_find(t, s->member, me->box, &g) != 0))
		return false;
	*step_r = me_submit(s, me->box == BOX_UNREAD, then);
	return true;
}

bool nntp_me_prepare_list(struct session *s, enum step (*then)(struct session *), enum step *step_r) {
	struct nntp_session *n = nntp_of(s);
	if (!s->member || s->member == RIGHTS_OPERATOR ||
		(n->me_synced_ms && clock_mono_ms() - n->me_synced_ms < LIST_SYNC_MS))
		return false;
	*step_r = me_submit(s, true, then);
	return true;
}
