#include "forumd/forum/withdrawn.h"
#include "forumd/forum/post_private.h"

static withdrawn_compose compose;
static withdrawn_name name_of;

void withdrawn_start(withdrawn_compose fn, withdrawn_name name) {
	compose = fn;
	name_of = name;
}

bool withdrawn_ours(const struct post *p) {
	return p->author && p->source != POST_FROM_FEED && p->source != POST_FROM_IMPORT &&
		!(p->flags & (POST_AUTO | POST_OWN));
}

int withdrawn_group(struct forum_txn *t, const struct post *p, struct group *g_r) {
	struct group g;
	int r = group_find(t, WITHDRAWN_GROUP, g_r);
	for (size_t i = 0; i < p->nplaces && r > 0; i++) {
		r = group_get(t, p->places[i].group, &g);
		if (r > 0 && (g.access == GROUP_PUBLIC || (g.access == GROUP_MEMBERS && g_r->access != GROUP_PUBLIC)))
			return 1;
	}
	return r < 0 ? r : 0;
}

static int withdrawn_add(struct forum_txn *t, const struct post *p, const struct group *g, struct fail *f) {
	struct post_draft d = { .author = 0 };
	struct post_result made = { 0 };
	int r = compose(t, p, g, &d, f);
	if (r < 0)
		return r;
	d.flags |= POST_AUTO;
	d.no_mail = true;
	d.hold = false;
	return post_add(t, &d, &made, f);
}

int withdrawn_follow(struct forum_txn *t, const struct post *p, enum post_state was, struct fail *f) {
	struct buf id = { 0 };
	struct group g;
	struct post message;
	if (!compose || !withdrawn_ours(p) || (p->state == POST_DELETED) == (was == POST_DELETED))
		return 0;
	int r = withdrawn_group(t, p, &g);
	if (r <= 0)
		return r < 0 ? fail_internal(f, "control.cancel: %s", err_name((enum err)r)) : 0;
	name_of(t, p, &id);
	r = post_by_msgid(t, buf_slice(&id), &message);
	buf_free(&id);
	if (r < 0)
		return fail_internal(f, "cancel of post %llu: %s", (unsigned long long)p->id, err_name((enum err)r));
	if (r == 0)
		return p->state == POST_DELETED ? withdrawn_add(t, p, &g, f) : 0;
	/* deleted once more: it is told under its old number, unless its text went meanwhile */
	r = post_set_state(t, message.id, p->state == POST_DELETED ? POST_VISIBLE : POST_DELETED, f);
	return r == ERR_GONE ? 0 : r;
}
