/* Pointers of own boxes: an O record of its own version with a post and the box's change number. It is looked through
 * when it is read. In a moderator's queue (queue.h) it may lead to a post that waits for approval and has no O record
 * yet. */
#include "forumd/forum/group.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/post_private.h"
#include "forumd/forum/queue.h"

/* the group of the place that the owner reads the post in */
static int overview_reply_group(struct forum_txn *t, uint32_t box, uint64_t post, uint32_t *group_r) {
	struct group g;
	struct place at;
	int r = group_get(t, box, &g);
	if (r > 0 && (r = personal_source(t, g.owner, post, &at)) > 0)
		*group_r = at.group;
	return r;
}

int overview_store_pointer(struct forum_txn *t, uint32_t group, uint32_t number, uint64_t post, uint64_t modseq) {
	struct key k = key_2u32('O', group, number);
	char v[OVERVIEW_POINTER_SIZE] = { OVERVIEW_POINTER };
	struct slice had;
	int r = kv_get(t->kv, key_slice(&k), &had);
	uint32_t reply_group = r > 0 && overview_is_pointer(had) ? overview_pointer_of(had).reply_group : 0;
	if (r < 0 || (!reply_group && (r = overview_reply_group(t, group, post, &reply_group)) < 0))
		return r;
	num_put32(v + OVERVIEW_REPLY_GROUP, reply_group);
	num_put64(v + 24, post);
	num_put64(v + OVERVIEW_MODSEQ, modseq);
	return forum_put(t, key_slice(&k), slice_of(v, sizeof v), NULL);
}

int overview_pending(struct forum_txn *t, uint64_t post, struct slice part_r[2]) {
	struct key k = key_1u64('N', post);
	struct slice v;
	int r = forum_get(t, key_slice(&k), &v);
	if (r <= 0)
		return r;
	bool whole = v.n > 0 && v.p[0] == 1;
	v = slice_from(v, 1);
	return whole && num_take_bytes(&v, &part_r[0]) && num_take_bytes(&v, &part_r[1]) ? 1 : ERR_CORRUPT;
}

/* A pointer of a moderator's queue: to where the post stands, or number 0 for one that waits. 1, 0 it is none of his
 * cases any more, < 0 */
static int overview_queue_place(struct forum_txn *t, const struct group *box, uint64_t post, struct place *at_r) {
	struct post p;
	int r = post_get(t, post, &p);
	if (r <= 0 || (p.state != POST_VISIBLE && p.state != POST_PENDING) || !queue_may(t, box->owner, &p))
		return r < 0 ? r : 0;
	*at_r = (struct place){ 0 };
	for (size_t i = 0; i < p.nplaces && !at_r->number; i++)
		*at_r = p.places[i];
	return 1;
}

static int overview_follow_record(struct forum_txn *t, uint32_t group, struct slice v, struct place *at_r) {
	uint64_t post = num_get64(v.p + 24);
	struct group box;
	int r = group_get(t, group, &box);
	if (r <= 0)
		return r;
	return box.box == BOX_QUEUE ? overview_queue_place(t, &box, post, at_r) : personal_source(t, box.owner, post, at_r);
}

int overview_follow(struct forum_txn *t, uint32_t group, uint32_t number, struct place *at_r) {
	struct key k = key_2u32('O', group, number);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r <= 0)
		return r;
	if (overview_is_pointer(v))
		return overview_follow_record(t, group, v, at_r);
	*at_r = (struct place){ .group = group, .number = number };
	return 1;
}

int overview_look_through(struct forum_txn *t, uint32_t group, struct slice *v) {
	struct slice part[2];
	struct place at;
	int r = overview_follow_record(t, group, *v, &at);
	if (r <= 0)
		return r;
	if (!at.number) {
		if ((r = overview_pending(t, num_get64(v->p + 24), part)) > 0)
			*v = part[0];
		return r;
	}
	struct key k = key_2u32('O', at.group, at.number);
	return forum_get(t, key_slice(&k), v);
}

int overview_of_pointer(struct forum_txn *t, struct overview_pointer p, struct overview *o) {
	static const struct { enum report_kind kind; uint32_t flag; } kinds[] = {
		{ REPORT_PENDING, POST_CASE_WAITS }, { REPORT_SPAM, POST_CASE_SPAM }, { REPORT_UNCIVIL, POST_CASE_UNCIVIL },
		{ REPORT_PRIVACY, POST_CASE_PRIVACY },
	};
	struct moderate_case c;
	struct group box;
	int r = group_get(t, o->group, &box);
	o->modseq = p.modseq;
	o->reply_group = p.reply_group;
	if (r <= 0 || box.box != BOX_QUEUE)
		return r;
	if ((r = moderate_case_get(t, o->post, &c)) < 0)
		return r;
	o->flags |= r > 0 ? POST_CASE_OPEN : 0;
	for (size_t i = 0; r > 0 && i < sizeof kinds / sizeof *kinds; i++)
		if (c.kinds >> kinds[i].kind & 1)
			o->flags |= kinds[i].flag;
	if (o->state == POST_PENDING)
		o->state = POST_VISIBLE;      /* here it is to be seen */
	if (!o->thread)
		o->thread = o->post;
	return 1;
}

int overview_look_at(struct forum_txn *t, uint32_t group, uint32_t number, struct slice *v) {
	int r = group_is_hole(t, group, number);
	return r == 0 ? overview_look_through(t, group, v) : r < 0 ? r : 0;
}
