/* The rules, each once:
 *
 *   read     public: everybody. members: any account that has not left. private: holders of any role IN that group, and
 *            admins. A removed group: nobody but the operator (posts stay in the store).
 *   post     an account that may read and is not a READER there or everywhere; posting=moderators: those who moderate;
 *            posting=nobody: nobody. Not while he was asked to be silent (silence.h), there or everywhere; admins are
 * not.
 *   start    as post; in blogs and announce groups moderators, committee and admins only.
 *   moderate moderator or admin, there or everywhere, who may read. An everywhere moderator does not see into private
 *            groups: only admins do.
 *   own box  its owner alone reads, posts and removes there; not even admins. The queue: as long as he moderates
 * anything.
 *   admin    ROLE_ADMIN everywhere.
 *
 * The operator at the control socket may everything. Who left or is gone has no rights beyond the anonymous reader's.
 * Roles in X count in X.aside. */
#include "forumd/forum/rights.h"
#include <stdatomic.h>
#include "forumd/forum/forum_private.h"
#include "forumd/base/clock.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/silence.h"

/* who asks, in one group */
struct rights_who {
	bool account;              /* false: anonymous, left or gone; the rest is not set */
	struct member m;
	uint32_t group, base;      /* base: X for X.aside, else the group again */
};

static bool rights_account(struct forum_txn *t, uint32_t member, struct member *m) {
	return member && member != RIGHTS_OPERATOR && member_get(t, member, m) > 0 && m->kind == MEMBER_ACCOUNT && !m->left;
}

static uint32_t rights_base(struct forum_txn *t, const struct group *g) {
	static const struct slice aside = SLICE_INIT(".aside");
	struct group base;
	if (!slice_ends(g->name, aside) || group_find(t, slice_to(g->name, g->name.n - aside.n), &base) <= 0)
		return g->id;
	return base.id;
}

static void rights_ask(struct forum_txn *t, uint32_t member, const struct group *g, struct rights_who *w) {
	w->group = g->id;
	if ((w->account = rights_account(t, member, &w->m)))
		w->base = rights_base(t, g);
}

static bool rights_role(const struct rights_who *w, enum role role) {
	return member_has_role(&w->m, role, w->group) || member_has_role(&w->m, role, w->base);
}

static bool rights_any_role(const struct rights_who *w) {
	for (size_t i = 0; i < w->m.nroles; i++)
		if (w->m.roles[i].group == w->group || w->m.roles[i].group == w->base)
			return true;
	return false;
}

/* group 0 matches only roles given everywhere */
static bool rights_admin(const struct member *m) {
	return member_has_role(m, ROLE_ADMIN, 0);
}

static bool rights_any_moderation(const struct member *m) {
	for (size_t i = 0; i < m->nroles; i++)
		if (m->roles[i].role == ROLE_MODERATOR || m->roles[i].role == ROLE_ADMIN)
			return true;
	return false;
}

static bool rights_read(const struct rights_who *w, const struct group *g) {
	if (g->removed)
		return false;
	switch (g->access) {
	case GROUP_PUBLIC:
		return true;
	case GROUP_MEMBERS:
		return w->account;
	case GROUP_PRIVATE:
		return w->account && (rights_any_role(w) || rights_admin(&w->m));
	case GROUP_OWN:
		return w->account && w->m.id == g->owner && (g->box != BOX_QUEUE || rights_any_moderation(&w->m));
	}
	return false;
}

static bool rights_moderate(const struct rights_who *w, const struct group *g) {
	if (g->access == GROUP_OWN)
		return rights_read(w, g);
	return w->account && rights_read(w, g) && (rights_role(w, ROLE_MODERATOR) || rights_role(w, ROLE_ADMIN));
}

bool rights_can_read(struct forum_txn *t, uint32_t member, const struct group *g) {
	struct rights_who w;
	if (member == RIGHTS_OPERATOR)
		return true;
	/* the common case needs no look-up */
	if (g->access == GROUP_PUBLIC || g->removed || member == 0)
		return g->access == GROUP_PUBLIC && !g->removed;
	rights_ask(t, member, g, &w);
	return rights_read(&w, g);
}

bool rights_can_moderate(struct forum_txn *t, uint32_t member, const struct group *g) {
	struct rights_who w;
	if (member == RIGHTS_OPERATOR || member == 0)
		return member != 0;
	rights_ask(t, member, g, &w);
	return rights_moderate(&w, g);
}

bool rights_moderates(struct forum_txn *t, uint32_t member) {
	struct member m;
	return rights_account(t, member, &m) && rights_any_moderation(&m);
}

bool rights_is_admin(struct forum_txn *t, uint32_t member) {
	struct member m;
	return member == RIGHTS_OPERATOR || (rights_account(t, member, &m) && rights_admin(&m));
}

/* 1, or < 0 with words that say until when */
static int rights_not_silent(struct forum_txn *t, const struct rights_who *w, struct fail *f) {
	int64_t until = 0, base = 0;
	struct slice why = { 0 }, base_why = { 0 };
	int y, mo, d, h, mi, r = silence_get(t, w->m.id, w->group, &until, &why);
	if (r >= 0 && w->base != w->group && (r = silence_get(t, w->m.id, w->base, &base, &base_why)) >= 0 &&
		base > until) {
		until = base;
		why = base_why;
	}
	if (r < 0)
		return fail_set(f, (enum err)r, "the store cannot be read now");
	if (!until || rights_admin(&w->m))
		return 1;
	clock_civil(until, &y, &mo, &d, &h, &mi, NULL, NULL);
	return fail_set(f, ERR_DENIED, "you were asked not to post here until %04d-%02d-%02d %02d:%02d UTC%s%.*s", y, mo, d,
		h, mi, why.n ? ": " : "", SLICE_ARG(why));
}

static int rights_post(struct forum_txn *t, uint32_t member, const struct group *g, struct rights_who *w,
	struct fail *f) {
	rights_ask(t, member, g, w);
	if (member == 0)
		return fail_set(f, ERR_LOGIN, "log in to post");
	if (!rights_read(w, g))
		return fail_set(f, ERR_NOTFOUND, "no such group");
	if (!w->account)
		return fail_set(f, ERR_DENIED, "this account may not post");
	if (rights_role(w, ROLE_READER) && !rights_admin(&w->m))
		return fail_set(f, ERR_DENIED, "your account may read here but not post");
	if (g->access == GROUP_OWN)
		return 1;
	if (g->posting == GROUP_POST_NOBODY)
		return fail_set(f, ERR_DENIED, "this group is closed: nobody can post here");
	if (g->posting == GROUP_POST_MODERATORS && !rights_moderate(w, g))
		return fail_set(f, ERR_DENIED, "only moderators can post here");
	return rights_not_silent(t, w, f);
}

int rights_can_post(struct forum_txn *t, uint32_t member, const struct group *g, struct fail *f) {
	struct rights_who w;
	return member == RIGHTS_OPERATOR ? 1 : rights_post(t, member, g, &w, f);
}

int rights_can_start(struct forum_txn *t, uint32_t member, const struct group *g, struct fail *f) {
	struct rights_who w;
	if (member == RIGHTS_OPERATOR)
		return 1;
	int r = rights_post(t, member, g, &w, f);
	if (r < 0 || (g->kind != GROUP_BLOG && g->kind != GROUP_ANNOUNCE))
		return r;
	if (!rights_moderate(&w, g) && !rights_role(&w, ROLE_COMMITTEE))
		return fail_set(f, ERR_DENIED, "only moderators and the committee start threads here; you can reply to one");
	return 1;
}

/* ---- locks ----
 * Posts with no lock on or above them, so that an answer deep down in a thread does not climb all the way again. Each
 * thread has seen its own: the writer, whose check counts, changes locks itself and knows at once. A worker may have
 * looked before a lock was committed; then the writer refuses. */
#define OPEN_POSTS 1024
struct open_post { const struct forum *forum; uint64_t id; unsigned age; };
static _Thread_local struct open_post open_posts[OPEN_POSTS];
static atomic_uint locks_age = 1;

void rights_locks_changed(void) {
	atomic_fetch_add(&locks_age, 1);
}

static bool rights_is_open(const struct forum_txn *t, uint64_t id, unsigned age) {
	const struct open_post *o = &open_posts[id % OPEN_POSTS];
	return o->age == age && o->id == id && o->forum == t->forum;
}

int rights_locked(struct forum_txn *t, const struct post *post) {
	struct post p = *post;
	unsigned age = atomic_load(&locks_age);
	for (unsigned depth = 0; depth < RIGHTS_DEPTH && !rights_is_open(t, p.id, age); depth++) {
		if (p.flags & POST_LOCKED)
			return 1;
		int r = p.parent ? post_get(t, p.parent, &p) : 0;
		if (r < 0)
			return r;
		if (r == 0)
			break;
	}
	open_posts[post->id % OPEN_POSTS] = (struct open_post){ .forum = t->forum, .id = post->id, .age = age };
	return 0;
}

int rights_open(struct forum_txn *t, const struct post *parent, struct fail *f) {
	int r = rights_locked(t, parent);
	if (r < 0)
		return fail_internal(f, "a parent of post %llu: %s", (unsigned long long)parent->id, err_name((enum err)r));
	return r == 0 ? 1 : fail_set(f, ERR_DENIED, "this thread is locked: no more replies");
}

int rights_can_reply(struct forum_txn *t, uint32_t member, const struct group *g, const struct post *parent,
	struct fail *f) {
	struct rights_who w;
	if (member == RIGHTS_OPERATOR)
		return 1;
	int r = rights_post(t, member, g, &w, f);
	if (r < 0 || rights_moderate(&w, g))
		return r;
	return rights_open(t, parent, f);
}

bool rights_can_see(struct forum_txn *t, uint32_t member, const struct post *p) {
	struct rights_who w = { .account = rights_account(t, member, &w.m) };
	struct group g;
	if (member == RIGHTS_OPERATOR)
		return true;
	for (size_t i = 0; i < p->nplaces; i++) {
		if (group_get(t, p->places[i].group, &g) <= 0)
			continue;
		w.group = g.id;
		w.base = w.account ? rights_base(t, &g) : g.id;
		if (p->state == POST_VISIBLE && p->places[i].number ? rights_read(&w, &g) : rights_moderate(&w, &g))
			return true;
	}
	return false;
}
