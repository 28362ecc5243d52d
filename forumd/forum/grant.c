#include "forumd/forum/grant.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/rights.h"

static const enum role grant_roles[] = {
	[GRANT_NONE] = ROLE_NONE, [GRANT_READ] = ROLE_READER, [GRANT_POST] = ROLE_MEMBER, [GRANT_MODERATE] = ROLE_MODERATOR,
};

static enum grant grant_of_role(enum role r) {
	switch (r) {
	case ROLE_READER: return GRANT_READ;
	case ROLE_MEMBER:
	case ROLE_SUPPORTER:
	case ROLE_COMMITTEE: return GRANT_POST;
	case ROLE_MODERATOR:
	case ROLE_ADMIN: return GRANT_MODERATE;
	case ROLE_NONE: break;
	}
	return GRANT_NONE;
}

enum grant grant_of(const struct member *m, uint32_t group) {
	enum grant most = GRANT_NONE;
	for (size_t i = 0; i < m->nroles; i++)
		if (m->roles[i].group == group && grant_of_role(m->roles[i].role) > most)
			most = grant_of_role(m->roles[i].role);
	return most;
}

static bool grant_is_admin(struct forum_txn *t, uint32_t by, uint32_t group) {
	struct member m;
	return rights_is_admin(t, by) || (member_get(t, by, &m) > 0 && !m.left && member_has_role(&m, ROLE_ADMIN, group));
}

bool grant_may(struct forum_txn *t, uint32_t by, const struct group *g) {
	return !g->owner && rights_can_moderate(t, by, g);
}

enum grant grant_limit(struct forum_txn *t, uint32_t by, const struct group *g) {
	return !grant_may(t, by, g) ? GRANT_NONE : grant_is_admin(t, by, g->id) ? GRANT_MODERATE : GRANT_POST;
}

/* Does this role stay beside the new one? A special one does as long as its holder may post, or less was not asked for.
 */
static bool grant_keeps(enum role r, enum grant to) {
	return to >= GRANT_POST && (r == ROLE_SUPPORTER || r == ROLE_COMMITTEE);
}

static int grant_write(struct forum_txn *t, const struct member *m, uint32_t group, enum grant to, struct fail *f) {
	int r = member_set_role(t, m->id, ROLE_NONE, group, f);
	for (size_t i = 0; i < m->nroles && r >= 0; i++)
		if (m->roles[i].group == group && grant_keeps(m->roles[i].role, to))
			r = member_set_role(t, m->id, m->roles[i].role, group, f);
	return r < 0 || to == GRANT_NONE ? r : member_set_role(t, m->id, grant_roles[to], group, f);
}

int grant_set(struct forum_txn *t, uint32_t by, uint32_t member, const struct group *g, enum grant to, struct fail *f) {
	struct member m;
	enum grant limit = grant_limit(t, by, g), was;
	if (limit == GRANT_NONE)
		return fail_set(f, ERR_DENIED, "only moderators change who may what here");
	int r = member_get(t, member, &m);
	if (r <= 0 || m.kind != MEMBER_ACCOUNT)
		return r < 0 ? fail_internal(f, "member %u: %s", member, err_name((enum err)r)) :
			fail_set(f, ERR_NOTFOUND, "there is no member of that name");
	for (size_t i = 0; i < m.nroles; i++)
		if (m.roles[i].group == g->id && m.roles[i].role == ROLE_ADMIN)
			return fail_set(f, ERR_DENIED, "this member is made admin by the operator, and unmade by him");
	was = grant_of(&m, g->id);
	if (was == to)
		return 0;
	if (was > limit || to > limit)
		return fail_set(f, ERR_DENIED, "only admins make moderators, or change what moderators may");
	if ((r = grant_write(t, &m, g->id, to, f)) < 0)
		return r;
	struct slice text = arena_slicef(t->arena, "author-%u: %s in %.*s", member,
		to == GRANT_NONE ? "no role" : role_name(grant_roles[to]), SLICE_ARG(g->name));
	r = audit_add(t, VERDICT_MEMBER, by, 0, g->id, text, NULL);
	return r < 0 ? fail_internal(f, "audit: %s", err_name((enum err)r)) : 1;
}
