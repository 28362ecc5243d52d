#include "forumd/forum/withdrawn.h"
#include "forumd/base/log.h"
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

int withdrawn_known(struct forum_txn *t, const struct post *p, enum group_access in, uint32_t changed,
	enum group_access to) {
	struct group g;
	int r = 1;
	for (size_t i = 0; i < p->nplaces && r >= 0; i++) {
		r = group_get(t, p->places[i].group, &g);
		enum group_access access = r > 0 && g.id != changed ? g.access : to;
		if (r > 0 && (access == GROUP_PUBLIC || (access == GROUP_MEMBERS && in != GROUP_PUBLIC)))
			return 1;
	}
	return r < 0 ? r : 0;
}

int withdrawn_group(struct forum_txn *t, const struct post *p, struct group *g_r) {
	int r = group_find(t, WITHDRAWN_GROUP, g_r);
	return r > 0 ? withdrawn_known(t, p, g_r->access, 0, GROUP_PRIVATE) : r;
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

/* 1, 0 nothing to do, < 0 with words */
static int withdrawn_tell(struct forum_txn *t, const struct post *p, struct fail *f) {
	struct buf id = { 0 };
	struct group g;
	struct post message;
	int r = withdrawn_group(t, p, &g);
	if (r <= 0)
		return r < 0 ? fail_set(f, (enum err)r, "its groups: %s", err_name((enum err)r)) : 0;
	name_of(t, p, &id);
	r = post_by_msgid(t, buf_slice(&id), &message);
	buf_free(&id);
	if (r < 0)
		return fail_set(f, (enum err)r, "looking for it: %s", err_name((enum err)r));
	if (r == 0)
		return p->state == POST_DELETED ? withdrawn_add(t, p, &g, f) : 0;
	/* deleted once more: it is told under its old number, unless its text went meanwhile */
	r = post_set_state(t, message.id, p->state == POST_DELETED ? POST_VISIBLE : POST_DELETED, f);
	return r == ERR_GONE ? 0 : r;
}

/* What the child did for the message stays, or nothing of it: then the deletion goes on all the same, and the log names
 * the post. */
static int withdrawn_settle(struct forum_txn **child, int r, const struct post *p, const struct fail *why,
	struct fail *f) {
	if (r >= 0)
		return forum_commit(child, f) < 0 ? (int)f->code : r;
	forum_abort(child);
	if (r == ERR_UNAVAILABLE) {       /* the store itself: nothing of all this is kept */
		*f = *why;
		return r;
	}
	log_error("forum", "control.cancel does not tell what became of a post, servers that fetch here keep it as it was"
		" post=%llu id=%.*s state=%s why=\"%s\"", (unsigned long long)p->id, SLICE_ARG(p->message_id),
		post_state_name(p->state), why->text);
	return 0;
}

int withdrawn_follow(struct forum_txn *t, const struct post *p, enum post_state was, struct fail *f) {
	struct forum_txn *child;
	struct fail why = { 0 };
	if (!compose || !withdrawn_ours(p) || (p->state == POST_DELETED) == (was == POST_DELETED))
		return 0;
	int r = forum_write_begin(forum_of(t), t, &child, f);
	return r < 0 ? r : withdrawn_settle(&child, withdrawn_tell(child, p, &why), p, &why, f);
}

int withdrawn_keep(struct forum_txn *t, uint64_t post, const struct post_draft *message, struct fail *f) {
	struct post_result made;
	struct forum_txn *child;
	struct fail why = { 0 };
	struct group g;
	struct post p;
	int r = post_get(t, post, &p);
	/* since the message was looked at its post's group, or ours, may have been closed, opened or removed */
	if (r > 0)
		r = withdrawn_group(t, &p, &g);
	if (r <= 0 || (r = forum_write_begin(forum_of(t), t, &child, f)) < 0)
		return r;
	return withdrawn_settle(&child, post_add(child, message, &made, &why), &p, &why, f);
}
