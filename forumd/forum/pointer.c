/* pointer.c - key m, u32 0, post, group -> pointer. 0 is no group: the records lie before those of numbers that were
 * moved. */
#include "forumd/forum/pointer.h"
#include "forumd/forum/post_private.h"

static pointer_compose compose;

void pointer_start(pointer_compose fn) {
	compose = fn;
}

static struct key pointer_key(uint64_t post, uint32_t group) {
	struct key k = key_2u32('m', 0, 0);
	k.n -= 4;
	key_u64(&k, post);
	key_u32(&k, group);
	return k;
}

/* those who read the old group can read the new one, and may know its name */
static bool pointer_wanted(const struct post *p, const struct group *from, const struct group *to) {
	if (!compose || (p->flags & (POST_AUTO | POST_OWN)) || p->state != POST_VISIBLE)
		return false;
	struct slice rest = slice_from(to->name, from->name.n);
	if (slice_starts(to->name, from->name) && slice_is(rest, ".aside"))
		return to->access == from->access;       /* whoever has a role here has it there */
	return to->access == GROUP_PUBLIC || (to->access == GROUP_MEMBERS && from->access != GROUP_PUBLIC);
}

static int pointer_add(struct forum_txn *t, const struct post *p, const struct group *from, const struct group *to,
	struct fail *f) {
	struct post_draft d = { .author = 0 };
	struct post_result made = { 0 };
	struct key k = pointer_key(p->id, from->id);
	char id[8];
	int r = compose(t, p, from, to, &d, f);
	if (r < 0)
		return r;
	d.groups = &from->id;
	d.ngroups = 1;
	d.flags |= POST_AUTO;
	d.no_mail = true;
	d.hold = false;
	if ((r = post_add(t, &d, &made, f)) < 0)
		return r;
	num_put64(id, made.id);
	r = forum_put(t, key_slice(&k), slice_of(id, 8), f);
	return r < 0 ? r : 1;
}

int pointer_leave(struct forum_txn *t, uint64_t post, uint32_t from, uint32_t to, struct fail *f) {
	struct group a, b;
	struct post p;
	int r = post_get(t, post, &p);
	if (r > 0)
		r = group_get(t, from, &a);
	if (r > 0)
		r = group_get(t, to, &b);
	if (r <= 0)
		return r < 0 ? fail_internal(f, "pointer to post %llu: %s", (unsigned long long)post, err_name((enum err)r))
					 : 0;
	if (!pointer_wanted(&p, &a, &b))
		return 0;
	r = pointer_take_away(t, post, from, f);
	return r < 0 ? r : pointer_add(t, &p, &a, &b, f);
}

int pointer_take_away(struct forum_txn *t, uint64_t post, uint32_t group, struct fail *f) {
	struct key k = pointer_key(post, group);
	struct slice v;
	int r = forum_get(t, key_slice(&k), &v);
	if (r <= 0 || v.n != 8)
		return r == 0 ? 0
					  : fail_internal(f, "pointer to post %llu: %s", (unsigned long long)post,
							err_name(r < 0 ? (enum err)r : ERR_CORRUPT));
	uint64_t id = num_get64(v.p);
	if ((r = post_erase(t, id, f)) < 0 || (r = forum_del(t, key_slice(&k), f)) < 0)
		return r;
	return 1;
}

/* the next pointer to the post in a group after *group; 1, 0, < 0 */
static int pointer_next(struct forum_txn *t, uint64_t post, uint32_t *group, uint64_t *id_r) {
	struct key k = pointer_key(post, *group + 1);
	struct kv_cursor *c;
	struct slice key, v;
	if (*group == UINT32_MAX)
		return 0;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&k), &key, &v);
	if (r > 0 && (key.n != k.n || v.n != 8 || !key_has_prefix(key, &k, 13)))
		r = 0;
	if (r > 0) {
		*group = num_get32(key.p + 13);
		*id_r = num_get64(v.p);
	}
	kv_cursor_close(&c);
	return r;
}

int pointer_follow(struct forum_txn *t, uint64_t post, enum post_state s, bool erase, struct fail *f) {
	struct post p;
	uint32_t group = 0;
	uint64_t id;
	int r;
	while ((r = pointer_next(t, post, &group, &id)) > 0) {
		if ((r = post_get(t, id, &p)) <= 0)
			break;
		if (erase)
			r = post_erase(t, id, f);
		else if (p.state != POST_DELETED)     /* else a moderator took it away */
			r = post_set_state(t, id, s == POST_VISIBLE ? POST_VISIBLE : POST_HIDDEN, f);
		if (r < 0)
			return r;
	}
	return r < 0 ? fail_internal(f, "pointers to post %llu: %s", (unsigned long long)post, err_name((enum err)r)) : 1;
}
