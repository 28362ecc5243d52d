/* The rules, each once:
 *
 *   read     public: everybody. members: any account that has not left. private: holders of any role IN that group, and
 *            admins. A removed group: nobody but the operator (posts stay in the store).
 *   post     an account that may read and is not a READER there or everywhere; posting=moderators: those who moderate;
 *            posting=nobody: nobody.
 *   start    as post; in blogs and announce groups moderators, committee and admins only.
 *   moderate moderator or admin, there or everywhere, who may read. An everywhere moderator does not see into private
 *            groups: only admins do.
 *   admin    ROLE_ADMIN everywhere.
 *
 * The operator at the control socket may everything. Who left or is gone has no rights beyond the anonymous reader's. */
#include "forumd/forum/rights.h"
#include "forumd/forum/forum_private.h"

/* the account that may use its rights now */
static bool rights_account(struct forum_txn *t, uint32_t member, struct member *m) {
	return member && member != RIGHTS_OPERATOR && member_get(t, member, m) > 0 && m->kind == MEMBER_ACCOUNT && !m->left;
}

static bool rights_any_role_in(const struct member *m, uint32_t group) {
	for (size_t i = 0; i < m->nroles; i++)
		if (m->roles[i].group == group)
			return true;
	return false;
}

/* group 0 matches only roles given everywhere */
static bool rights_admin(const struct member *m) {
	return member_has_role(m, ROLE_ADMIN, 0);
}

/* m is NULL for those without an account */
static bool rights_read(const struct member *m, const struct group *g) {
	if (g->removed)
		return false;
	switch (g->access) {
	case GROUP_PUBLIC:
		return true;
	case GROUP_MEMBERS:
		return m != NULL;
	case GROUP_PRIVATE:
		return m && (rights_any_role_in(m, g->id) || rights_admin(m));
	}
	return false;
}

static bool rights_moderate(const struct member *m, const struct group *g) {
	return rights_read(m, g) && (member_has_role(m, ROLE_MODERATOR, g->id) || member_has_role(m, ROLE_ADMIN, g->id));
}

bool rights_can_read(struct forum_txn *t, uint32_t member, const struct group *g) {
	struct member m;
	if (member == RIGHTS_OPERATOR)
		return true;
	/* the common case needs no look-up */
	if (g->access == GROUP_PUBLIC || g->removed)
		return !g->removed;
	return rights_account(t, member, &m) && rights_read(&m, g);
}

bool rights_can_moderate(struct forum_txn *t, uint32_t member, const struct group *g) {
	struct member m;
	return member == RIGHTS_OPERATOR || (rights_account(t, member, &m) && rights_moderate(&m, g));
}

bool rights_is_admin(struct forum_txn *t, uint32_t member) {
	struct member m;
	return member == RIGHTS_OPERATOR || (rights_account(t, member, &m) && rights_admin(&m));
}

/* The member in *m is set for answers > 0 except the operator's. */
static int rights_post(struct forum_txn *t, uint32_t member, const struct group *g, struct member *m, struct fail *f) {
	if (member == 0)
		return fail_set(f, ERR_LOGIN, "log in to post");
	if (!rights_account(t, member, m))
		return fail_set(f, ERR_DENIED, "this account may not post");
	if (!rights_read(m, g))
		return fail_set(f, ERR_NOTFOUND, "no such group");
	if (member_has_role(m, ROLE_READER, g->id) && !rights_admin(m))
		return fail_set(f, ERR_DENIED, "your account may read here but not post");
	if (g->posting == GROUP_POST_NOBODY)
		return fail_set(f, ERR_DENIED, "this group is closed: nobody can post here");
	if (g->posting == GROUP_POST_MODERATORS && !rights_moderate(m, g))
		return fail_set(f, ERR_DENIED, "only moderators can post here");
	return 1;
}

int rights_can_post(struct forum_txn *t, uint32_t member, const struct group *g, struct fail *f) {
	struct member m;
	return member == RIGHTS_OPERATOR ? 1 : rights_post(t, member, g, &m, f);
}

int rights_can_start(struct forum_txn *t, uint32_t member, const struct group *g, struct fail *f) {
	struct member m;
	if (member == RIGHTS_OPERATOR)
		return 1;
	int r = rights_post(t, member, g, &m, f);
	if (r < 0 || (g->kind != GROUP_BLOG && g->kind != GROUP_ANNOUNCE))
		return r;
	if (!rights_moderate(&m, g) && !member_has_role(&m, ROLE_COMMITTEE, g->id))
		return fail_set(f, ERR_DENIED, "only moderators and the committee start threads here; you can reply to one");
	return 1;
}

int rights_can_reply(struct forum_txn *t, uint32_t member, const struct group *g, const struct post *parent, struct fail *f) {
	struct member m;
	if (member == RIGHTS_OPERATOR)
		return 1;
	int r = rights_post(t, member, g, &m, f);
	if (r < 0 || rights_moderate(&m, g))
		return r;
	struct post p = *parent;
	for (unsigned depth = 0; depth < RIGHTS_DEPTH; depth++) {
		if (p.flags & POST_LOCKED)
			return fail_set(f, ERR_DENIED, "this thread is locked: no more replies");
		if (p.parent == 0 || (r = post_get(t, p.parent, &p)) == 0)
			break;
		if (r < 0)
			return fail_internal(f, "parent of post %llu: %s", (unsigned long long)p.id, err_name((enum err)r));
	}
	return 1;
}

bool rights_can_see(struct forum_txn *t, uint32_t member, const struct post *p) {
	struct member m, *who = rights_account(t, member, &m) ? &m : NULL;
	struct group g;
	if (member == RIGHTS_OPERATOR)
		return true;
	for (size_t i = 0; i < p->nplaces; i++) {
		if (group_get(t, p->places[i].group, &g) <= 0)
			continue;
		if (p->state == POST_VISIBLE && p->places[i].number ? rights_read(who, &g) : who && rights_moderate(who, &g))
			return true;
	}
	return false;
}
