/* v 0, BOX_QUEUE, member -> u32 group: whose boxes there are, so that a new case is put into each without looking
 * through all members. A number whose case is closed is a hole; its O record stays, so that a moderator who comes
 * second can be told. */
#include "forumd/forum/queue.h"
#include "forumd/forum/author.h"
#include "forumd/forum/erase.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/personal_private.h"
#include "forumd/forum/post_private.h"
#include "forumd/forum/rights.h"

#define QUEUE_LOOK 2000          /* audit entries looked through for a decision */

static struct key queue_key(uint32_t member) {
	struct key k = key_1u32('v', 0);
	key_u8(&k, BOX_QUEUE);
	key_u32(&k, member);
	return k;
}

/* the next box: *cursor (starts 0) is its owner. 1, 0 end, < 0 */
static int queue_next(struct forum_txn *t, uint32_t *cursor, uint32_t *box_r) {
	struct key k = queue_key(*cursor + 1);
	struct kv_cursor *c;
	struct slice key, v;
	if (*cursor == UINT32_MAX)
		return 0;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&k), &key, &v);
	if (r > 0 && (!key_has_prefix(key, &k, 6) || key.n != 10 || v.n != 4))
		r = 0;
	if (r > 0) {
		*cursor = num_get32(key.p + 6);
		*box_r = num_get32(v.p);
	}
	kv_cursor_close(&c);
	return r;
}

bool queue_may(struct forum_txn *t, uint32_t member, const struct post *p) {
	struct group g;
	for (size_t i = 0; i < p->nplaces; i++)
		if (group_get(t, p->places[i].group, &g) > 0 && rights_can_moderate(t, member, &g))
			return true;
	return false;
}

/* is there anything to be read and decided? */
static bool queue_shows(const struct post *p) {
	return p->state == POST_VISIBLE || p->state == POST_PENDING;
}

/* the number becomes a hole for good: the way from post to number is forgotten */
static int queue_leave(struct forum_txn *t, uint32_t box, uint64_t post) {
	struct key y = personal_pointer_key(post, box);
	struct place at = { .group = box };
	int r = personal_number(t, post, box, &at.number);
	if (r <= 0)
		return r;
	if ((r = personal_show(t, at, post, false)) < 0)
		return r;
	return (r = forum_del(t, key_slice(&y), NULL)) < 0 ? r : 1;
}

static int queue_enter(struct forum_txn *t, uint32_t member, uint32_t box, const struct post *p) {
	struct marks_carry number;
	int had = personal_number(t, p->id, box, &number.was), r;
	/* one report more or less: another text */
	if (had < 0 || (r = queue_leave(t, box, p->id)) < 0 || (r = personal_point_in(t, box, p->id, &number.is)) < 0)
		return had < 0 ? had : r;
	return had ? marks_carry(t, member, box, box, &number, 1) : 1;
}

int queue_case(struct forum_txn *t, uint64_t post, bool open) {
	uint32_t member = 0, box;
	struct post p;
	int r = post_get(t, post, &p);
	if (r <= 0)
		return r;
	while ((r = queue_next(t, &member, &box)) > 0) {
		r = !open ? queue_leave(t, box, post) :
			queue_shows(&p) && queue_may(t, member, &p) ? queue_enter(t, member, box, &p) : 1;
		if (r < 0)
			return r;
	}
	return r < 0 ? r : 1;
}

/* pointers whose case is closed, or is none of this moderator's any more */
static int queue_sync_known(struct forum_txn *t, uint32_t member, const struct group *box) {
	struct moderate_case c;
	struct post p;
	uint32_t number;
	int r = 1;
	for (uint32_t n = 1; n <= box->high && r >= 0; n++) {
		if ((r = group_is_hole(t, box->id, n)) != 0 || (r = post_by_number(t, box->id, n, &p)) <= 0)
			continue;
		int open = moderate_case_get(t, p.id, &c);
		if (open < 0)
			return open;
		if ((!open || !queue_shows(&p) || !queue_may(t, member, &p)) &&
			personal_number(t, p.id, box->id, &number) > 0 && number == n)
			r = queue_leave(t, box->id, p.id);
	}
	return r < 0 ? r : 1;
}

int queue_sync(struct forum_txn *t, uint32_t member) {
	struct moderate_case c;
	struct group box;
	struct post p;
	uint64_t cursor = 0;
	uint32_t number;
	char v[4];
	struct key k = queue_key(member);
	if (!rights_moderates(t, member))
		return 0;
	int r = personal_open(t, member, BOX_QUEUE, &box);
	if (r < 0)
		return r;
	num_put32(v, box.id);
	struct slice had;
	r = kv_get(t->kv, key_slice(&k), &had);
	if (r < 0 || (r == 0 && (r = forum_put(t, key_slice(&k), slice_of(v, 4), NULL)) < 0) ||
			(r = queue_sync_known(t, member, &box)) < 0)
		return r;
	while ((r = moderate_queue_next(t, 0, &cursor, &c)) > 0)
		if ((r = post_get(t, c.post, &p)) > 0 && queue_shows(&p) && queue_may(t, member, &p) &&
			(r = personal_point_in(t, box.id, p.id, &number)) < 0)
			break;
	return r < 0 ? r : 1;
}

static struct slice queue_decided(struct forum_txn *t, uint64_t post) {
	uint64_t cursor = UINT64_MAX;
	struct audit a;
	for (int i = 0; i < QUEUE_LOOK && audit_prev(t, 0, &cursor, &a) > 0; i++) {
		if (a.post != post || a.verdict == VERDICT_FLAG || a.verdict == VERDICT_NOTE)
			continue;
		struct slice by = a.by == RIGHTS_OPERATOR ? SLICE("the operator")
			: !a.by                               ? SLICE("another server")
												  : author_name(t, a.by, SLICE(""));
		return arena_slicef(t->arena, ": %s by %.*s", verdict_name(a.verdict), SLICE_ARG(by));
	}
	return slice_of("", 0);
}

struct slice queue_too_late(struct forum_txn *t, uint32_t member, const struct post *p) {
	struct moderate_case c;
	if (queue_may(t, member, p) && moderate_case_get(t, p->id, &c) > 0)
		return SLICE("there is another report: the case has a new number");
	return arena_slicef(t->arena, "decided already%.*s", SLICE_ARG(queue_decided(t, p->id)));
}

int queue_forget(struct forum_txn *t, uint32_t member, struct fail *f) {
	struct key k = queue_key(member), v = personal_key(member, BOX_QUEUE);
	struct group box;
	int r = personal_find(t, member, BOX_QUEUE, &box);
	if (r <= 0)
		return r;
	if ((r = erase_box(t, &box, f)) < 0 || (r = forum_del(t, key_slice(&k), f)) < 0)
		return r;
	return (r = forum_del(t, key_slice(&v), f)) < 0 ? r : 1;
}
