/* Check of members' own boxes. Proven are: the name that leads to the box, every record of 1..high (an own message
 * belongs to its post, a pointer to a post that knows it), and that what is absent, deleted or hidden is a hole. What
 * cannot be proven is whether a pointer to a visible post shows: UNREAD follows the owner's marks as they were when it
 * was last brought up to date. So a hole too many is no fault there, and the counts are compared with the holes that
 * are stored. */
#include "forumd/forum/folder.h"
#include "forumd/forum/member.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/rebuild_private.h"

/* 1 the box is his and can be found, 0 it is nobody's any more, < 0 */
static int box_known(struct rebuild_checker *c, const struct group *g) {
	struct slice cursor = { 0 };
	struct folder folder;
	struct member m;
	struct group found;
	int r = member_get(c->t, g->owner, &m);
	if (r < 0 || r == 0 || m.kind != MEMBER_ACCOUNT || g->removed)
		return r < 0 ? r : 0;
	if (g->box != BOX_FOLDER) {
		r = personal_find(c->t, g->owner, (enum personal_box)g->box, &found);
		return r < 0 ? r : r > 0 && found.id == g->id ? 1 : ERR_NOTFOUND;
	}
	while ((r = folder_each(c->t, g->owner, &cursor, &folder)) > 0)
		if (folder.group == g->id)
			return 1;
	return r < 0 ? r : ERR_NOTFOUND;
}

static bool box_is_pointer(struct slice v) {
	return v.n >= OVERVIEW_POINTER_SIZE && v.p[0] == OVERVIEW_POINTER;
}

/* true when the number may show */
static bool box_check_entry(struct rebuild_checker *c, const struct group *g, struct place at, struct slice v) {
	struct overview o;
	struct post p;
	uint32_t number = 0;
	if (!box_is_pointer(v)) {
		if (overview_decode(at.group, at.number, v, &o) <= 0)
			rebuild_fault(c, "box %u: overview %u is damaged", at.group, at.number);
		else if (post_get(c->t, o.post, &p) <= 0 || post_number_in(&p, at.group) != at.number)
			rebuild_fault(c, "box %u: message %u belongs to no post", at.group, at.number);
		else
			return o.state == POST_VISIBLE;
		return true;
	}
	uint64_t post = num_get64(v.p + 24);
	if (post_get(c->t, post, &p) <= 0) {
		rebuild_fault(c, "box %u: pointer %u leads to no post", at.group, at.number);
		return true;
	}
	bool known = personal_number(c->t, post, at.group, &number) > 0 && number == at.number;
	if (g->box == BOX_QUEUE)      /* a case that was decided is a hole that nothing leads to */
		return known && (p.state == POST_VISIBLE || p.state == POST_PENDING);
	if (!known)
		rebuild_fault(c, "box %u: post %llu does not know its pointer %u", at.group, (unsigned long long)post,
			at.number);
	return p.state == POST_VISIBLE;
}

/* every record of the box; *shows: the numbers that may be no holes; own: those that must not be */
static int box_check_entries(struct rebuild_checker *c, const struct group *g, struct range_set *shows,
	struct range_set *own) {
	struct key from = key_2u32('O', g->id, 1);
	struct kv_cursor *cursor;
	struct slice key, v;
	int r = kv_cursor_open(c->t->kv, &cursor);
	if (r < 0)
		return r;
	for (r = kv_seek(cursor, key_slice(&from), &key, &v); r > 0 && key_has_prefix(key, &from, 5);
		 r = kv_next(cursor, &key, &v)) {
		struct place at = { .group = g->id, .number = key.n == 9 ? num_get32(key.p + 5) : 0 };
		if (at.number == 0 || at.number > g->high) {
			rebuild_fault(c, "box %u: overview %u is above its last number", g->id, at.number);
		} else if (box_check_entry(c, g, at, v)) {
			range_set_add(shows, at.number, at.number);
			if (!box_is_pointer(v))
				range_set_add(own, at.number, at.number);
		}
	}
	kv_cursor_close(&cursor);
	return r < 0 ? r : 1;
}

int rebuild_check_box(struct rebuild_checker *c, const struct group *g) {
	struct range_set shows = { 0 }, own = { 0 }, holes = { 0 }, hidden = { 0 };
	int r = box_known(c, g);
	if (r == ERR_NOTFOUND)
		rebuild_fault(c, "box %u: no name of member %u leads to it", g->id, g->owner);
	else if (r <= 0)
		return r < 0 ? r : 1;
	if ((r = box_check_entries(c, g, &shows, &own)) > 0 && (r = group_holes(c->t, g->id, &holes)) >= 0) {
		uint32_t first;
		if (g->high)
			range_set_add(&hidden, 1, g->high);
		range_set_subtract(&hidden, &shows);
		range_set_subtract(&hidden, &holes);
		range_set_subtract(&own, &hidden);
		if (range_set_next(&hidden, 1, &first))
			rebuild_fault(c, "box %u: number %u shows although nothing is there to be read", g->id, first);
		range_set_subtract(&shows, &holes);
		range_set_subtract(&own, &shows);
		if (range_set_next(&own, 1, &first))
			rebuild_fault(c, "box %u: message %u is there and does not show", g->id, first);
		rebuild_check_counts(c, g, &holes);
	}
	range_set_free(&shows);
	range_set_free(&own);
	range_set_free(&holes);
	range_set_free(&hidden);
	return r < 0 ? r : 1;
}

void rebuild_check_pointers(struct rebuild_checker *c, uint64_t post) {
	struct place at;
	struct group g;
	struct slice v;
	uint32_t cursor = 0;
	int r;
	while ((r = personal_pointer_next(c->t, post, &cursor, &at)) > 0) {
		struct key k = key_2u32('O', at.group, at.number);
		if (group_get(c->t, at.group, &g) <= 0 || !g.owner)
			rebuild_fault(c, "post %llu: a pointer to it is in %u, which is no box", (unsigned long long)post,
				at.group);
		else if (kv_get(c->t->kv, key_slice(&k), &v) <= 0 || !box_is_pointer(v) || num_get64(v.p + 24) != post)
			rebuild_fault(c, "post %llu: its pointer %u:%u is lost", (unsigned long long)post, at.group, at.number);
	}
	if (r < 0)
		rebuild_fault(c, "post %llu: its pointers cannot be read", (unsigned long long)post);
}
