/* What happens to a post after it came in. Every function keeps the head record, the overview record of each place, the
 * holes and counters of the groups and the change log together.
 *
 *   PENDING -> VISIBLE   approval: numbers are given now
 *   PENDING -> HIDDEN    refused for now; HIDDEN -> VISIBLE of such a post is its approval
 *   VISIBLE <-> HIDDEN   the number becomes a hole and comes back
 *   any     -> DELETED   a tombstone; a numbered post comes back until post_erase() takes its text */
#include "forumd/forum/group.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/pointer.h"
#include "forumd/forum/post_private.h"
#include "forumd/forum/quota.h"
#include "forumd/forum/replace.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/search.h"
#include "forumd/forum/spam.h"
#include "forumd/forum/thread.h"
#include "forumd/forum/withdrawn.h"

static int post_load(struct forum_txn *t, uint64_t id, struct post *p, struct fail *f) {
	int r = post_get(t, id, p);
	if (r < 0)
		return fail_internal(f, "post %llu: %s", (unsigned long long)id, err_name(r));
	return r > 0 ? 1 : fail_set(f, ERR_NOTFOUND, "no such post");
}

static int post_changed(int64_t r, struct fail *f) {
	return r < 0 ? fail_set(f, (enum err)r, "the group cannot be changed now, try again later") : 1;
}

static bool post_is_numbered(const struct post *p) {
	return p->nplaces > 0 && p->places[0].number != 0;
}

static int post_store_state(struct forum_txn *t, struct post *p, enum post_state s, struct fail *f) {
	if (!(p->flags & POST_OWN) && tombstone_note(t, p->id, s == POST_DELETED) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "the store cannot take writes now, try again later");
	p->state = s;
	return post_store(t, p, f);
}

/* --- approval --- */

static int post_load_pending(struct forum_txn *t, uint64_t id, struct overview *o, struct envelope *e, struct fail *f) {
	struct key k = key_1u64('N', id);
	struct slice v, part;
	int r = forum_get(t, key_slice(&k), &v);
	if (r == 0)
		return fail_set(f, ERR_GONE, "the text of this post is gone");
	if (r < 0)
		return fail_internal(f, "pending post %llu: %s", (unsigned long long)id, err_name(r));
	bool whole = v.n > 0 && v.p[0] == 1;
	v = slice_from(v, 1);
	if (!whole || !num_take_bytes(&v, &part) || overview_decode(0, 0, part, o) < 0 || !num_take_bytes(&v, &part) ||
			envelope_decode(part, e) < 0)
		return fail_internal(f, "pending post %llu is damaged", (unsigned long long)id);
	return 1;
}

static int post_forget_pending(struct forum_txn *t, uint64_t id, struct fail *f) {
	struct key k = key_1u64('N', id);
	int r = forum_del(t, key_slice(&k), f);
	return r < 0 ? r : 1;
}

static int post_approve(struct forum_txn *t, struct post *p, struct fail *f) {
	struct overview o;
	struct envelope e;
	int r = post_load_pending(t, p->id, &o, &e, f);
	if (r < 0 || (r = post_forget_pending(t, p->id, f)) < 0)
		return r;
	o.flags = p->flags |= POST_APPROVED;
	if ((r = post_publish(t, p, &o, &e, SLICE(""), f)) < 0 || (r = post_supersede(t, p, f)) < 0)
		return r;
	for (size_t i = 0; i < p->nplaces && r >= 0; i++)
		r = trace_add(t, p->id, p->message_id, "posted as %u:%u", p->places[i].group, p->places[i].number);
	return r < 0 ? fail_set(f, (enum err)r, "the trace cannot be written now, try again later") : 1;
}

/* --- visible, hidden, deleted --- */

/* a numbered post: everything but the head record */
static int post_show_places(struct forum_txn *t, const struct post *p, enum post_state to, struct fail *f) {
	bool was = p->state == POST_VISIBLE, is = to == POST_VISIBLE;
	for (size_t i = 0; i < p->nplaces; i++) {
		struct place at = p->places[i];
		int64_t modseq = 0;
		int r;
		if (was != is) {
			if ((r = post_changed(group_set_hole(t, at.group, at.number, !is), f)) < 0)
				return r;
			modseq = group_bump(t, at.group, at.number, is ? CHANGE_BACK : CHANGE_GONE, p->id);
			if ((r = post_changed(modseq, f)) < 0)
				return r;
		}
		struct overview_patch o = {
			.group = at.group, .number = at.number, .state = (int)to, .modseq = (uint64_t)modseq
		};
		if ((r = overview_patch(t, &o, f)) < 0)
			return r;
	}
	if (was != is && personal_follow(t, p->id, is) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "the boxes that show this post cannot be changed now, try again later");
	if (was && !is && mailq_cancel_post(t, p->id) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "the mail of this post cannot be stopped now, try again later");
	return 1;
}

int post_set_state(struct forum_txn *t, uint64_t id, enum post_state s, struct fail *f) {
	struct post p;
	int r = post_load(t, id, &p, f);
	if (r < 0 || p.state == s)
		return r;
	/* a tombstone keeps its text until it is erased: until then there is a way back */
	if (p.state == POST_DELETED && (!post_is_numbered(&p) || p.header_z1 + p.header_z2 + p.body_z == 0))
		return fail_set(f, ERR_GONE, "the post is deleted and its text is gone");
	if (s == POST_PENDING)
		return fail_set(f, ERR_INVALID, "a post that was published cannot wait for approval again");
	if (!post_is_numbered(&p)) {
		if (s == POST_VISIBLE)
			return post_approve(t, &p, f);
		if (s == POST_DELETED && (r = post_forget_pending(t, id, f)) < 0)
			return r;
		if (personal_follow(t, id, false) < 0)
			return fail_set(f, ERR_UNAVAILABLE,
				"the queues that show this post cannot be changed now, try again later");
		return post_store_state(t, &p, s, f);
	}
	enum post_state was = p.state;
	if ((r = post_show_places(t, &p, s, f)) < 0 || (r = post_store_state(t, &p, s, f)) < 0 ||
		(r = withdrawn_follow(t, &p, was, f)) < 0)
		return r;
	return pointer_follow(t, id, s, false, f);
}

/* --- flags --- */

int post_set_flags(struct forum_txn *t, uint64_t id, uint32_t set, uint32_t clear, struct fail *f) {
	struct post p;
	int r = post_load(t, id, &p, f);
	if (r < 0)
		return r;
	uint32_t flags = (p.flags & ~clear) | set;
	if (flags == p.flags)
		return 1;
	p.flags = flags;
	if ((set | clear) & POST_LOCKED)
		rights_locks_changed();
	if ((r = post_store(t, &p, f)) < 0 || !post_is_numbered(&p))
		return r;    /* an unnumbered post's overview record takes its flags when it is approved */
	for (size_t i = 0; i < p.nplaces; i++) {
		struct place at = p.places[i];
		int64_t modseq = 0;
		if (p.state == POST_VISIBLE && (modseq = group_bump(t, at.group, at.number, CHANGE_STATE, id)) < 0)
			return post_changed(modseq, f);
		struct overview_patch o = { .group = at.group, .number = at.number, .state = -1, .modseq = (uint64_t)modseq,
			.flags_set = true, .flags = flags };
		if ((r = overview_patch(t, &o, f)) < 0)
			return r;
	}
	if (p.state == POST_VISIBLE && personal_changed(t, id) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "the boxes that show this post cannot be changed now, try again later");
	return 1;
}

int post_learn_flags(struct forum_txn *t, uint64_t id, uint32_t set, struct fail *f) {
	struct post p;
	int r = post_get(t, id, &p);
	if (r < 0)
		return fail_internal(f, "post %llu: %s", (unsigned long long)id, err_name(r));
	if (r == 0 || (p.flags & set) == set)
		return 1;
	p.flags |= set;
	r = post_store(t, &p, f);
	for (size_t i = 0; i < p.nplaces && r >= 0 && post_is_numbered(&p); i++) {
		struct overview_patch o = { .group = p.places[i].group, .number = p.places[i].number, .state = -1,
			.flags_set = true, .flags = p.flags };
		r = overview_patch(t, &o, f);
	}
	return r < 0 ? r : 1;
}

/* --- places --- */

/* the index of the new place is made up for later, from the text; the old place's goes */
static int post_reindex(struct forum_txn *t, const struct post *p, struct place from, struct place to, struct fail *f) {
	int r = to.group ? search_add(t, to.group, to.number, p->author, SLICE("")) : 1;
	if (r > 0 && from.group)
		r = search_del(t, from.group, from.number);
	return r < 0 ? fail_set(f, (enum err)r, "the search index cannot be changed now, try again later") : 1;
}

static int post_new_place(struct forum_txn *t, const struct post *p, uint32_t group, struct place *at, int64_t *modseq,
	struct fail *f) {
	struct group g;
	int r = group_get(t, group, &g);
	if (r < 0)
		return fail_internal(f, "group %u: %s", group, err_name(r));
	if (r == 0 || g.removed)
		return fail_set(f, ERR_NOTFOUND, "no such group");
	for (size_t i = 0; i < p->nplaces; i++)
		if (p->places[i].group == group)
			return fail_set(f, ERR_EXISTS, "the post is in that group already");
	*at = (struct place){ .group = group };
	*modseq = 0;
	if (!post_is_numbered(p))
		return 1;
	if ((r = post_changed(*modseq = group_new_number(t, group, p->id, &at->number), f)) < 0)
		return r;
	if (p->state == POST_VISIBLE)
		return 1;
	if ((r = post_changed(group_set_hole(t, group, at->number, true), f)) < 0)
		return r;
	return post_changed(*modseq = group_bump(t, group, at->number, CHANGE_GONE, p->id), f);
}

/* O and E of the new place, copied from an old one */
static int post_copy_place(struct forum_txn *t, struct place from, struct place to, int64_t modseq, struct fail *f) {
	struct overview o;
	struct envelope e;
	int r = overview_get_any(t, from.group, from.number, &o);
	if (r <= 0)
		return fail_internal(f, "overview %u:%u: %s", from.group, from.number, r < 0 ? err_name(r) : "absent");
	o.group = to.group;
	o.number = to.number;
	o.modseq = (uint64_t)modseq;
	if ((r = overview_store(t, &o, f)) < 0)
		return r;
	r = envelope_get(t, from.group, from.number, &e);
	if (r < 0)
		return fail_internal(f, "envelope %u:%u: %s", from.group, from.number, err_name(r));
	return r > 0 ? envelope_store(t, to, &e, f) : 1;    /* erased posts have none */
}

static int post_rewrite_xref(struct forum_txn *t, const struct post *p, struct fail *f) {
	struct buf xref = { 0 };
	struct overview o;
	int r = overview_xref(t, p->places, p->nplaces, &xref);
	if (r < 0)
		fail_internal(f, "groups of post %llu: %s", (unsigned long long)p->id, err_name(r));
	for (size_t i = 0; i < p->nplaces && r > 0; i++) {
		r = overview_get_any(t, p->places[i].group, p->places[i].number, &o);
		if (r > 0) {
			o.xref = buf_slice(&xref);
			r = overview_store(t, &o, f);
		} else {
			r = fail_internal(f, "overview %u:%u: %s", p->places[i].group, p->places[i].number,
				r < 0 ? err_name(r) : "absent");
		}
	}
	buf_free(&xref);
	return r;
}

static int post_leave_place(struct forum_txn *t, const struct post *p, struct place at, struct fail *f) {
	struct key o = key_2u32('O', at.group, at.number), e = key_2u32('E', at.group, at.number),
			   m = key_2u32('m', at.group, at.number);
	char id[8];
	int r;
	num_put64(id, p->id);
	if ((r = forum_put(t, key_slice(&m), slice_of(id, 8), f)) < 0 || (r = forum_del(t, key_slice(&o), f)) < 0 ||
		(r = forum_del(t, key_slice(&e), f)) < 0)
		return r;
	if (p->state != POST_VISIBLE)
		return 1;    /* a hole already */
	if ((r = post_changed(group_set_hole(t, at.group, at.number, true), f)) < 0)
		return r;
	return post_changed(group_bump(t, at.group, at.number, CHANGE_GONE, p->id), f);
}

int post_moved_from(struct forum_txn *t, uint32_t group, uint32_t number, struct post *p_r) {
	struct key k = key_2u32('m', group, number);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	return r > 0 ? v.n == 8 ? post_get(t, num_get64(v.p), p_r) : ERR_CORRUPT : r;
}

int post_move(struct forum_txn *t, uint64_t id, uint32_t from_group, uint32_t to_group, struct fail *f) {
	struct post p;
	struct place to, from = { 0 };
	int64_t modseq;
	int r = post_load(t, id, &p, f);
	if (r < 0)
		return r;
	size_t at = 0;
	while (at < p.nplaces && p.places[at].group != from_group)
		at++;
	if (at == p.nplaces)
		return fail_set(f, ERR_NOTFOUND, "the post is not in that group");
	if ((r = post_new_place(t, &p, to_group, &to, &modseq, f)) < 0)
		return r;
	struct place *places = arena_alloc(t->arena, p.nplaces * sizeof *places);
	memcpy(places, p.places, p.nplaces * sizeof *places);
	from = places[at];
	places[at] = to;
	p.places = places;
	if ((r = post_store(t, &p, f)) < 0 || !post_is_numbered(&p))
		return r;
	if ((r = post_copy_place(t, from, to, modseq, f)) < 0 || (r = post_leave_place(t, &p, from, f)) < 0 ||
			(r = post_rewrite_xref(t, &p, f)) < 0 || (r = post_reindex(t, &p, from, to, f)) < 0)
		return r;
	return post_changed(thread_moved(t, &p, from_group, to_group), f);
}

int post_crosspost(struct forum_txn *t, uint64_t id, uint32_t group, struct fail *f) {
	struct post p;
	struct place to;
	int64_t modseq;
	int r = post_load(t, id, &p, f);
	if (r < 0)
		return r;
	if (p.nplaces >= POST_GROUPS_MAX)
		return fail_set(f, ERR_LIMIT, "a post belongs to at most %d groups", POST_GROUPS_MAX);
	if ((r = post_new_place(t, &p, group, &to, &modseq, f)) < 0)
		return r;
	struct place *places = arena_alloc(t->arena, (p.nplaces + 1) * sizeof *places);
	memcpy(places, p.places, p.nplaces * sizeof *places);
	places[p.nplaces] = to;
	struct place old = places[0];
	p.places = places;
	p.nplaces++;
	if ((r = post_store(t, &p, f)) < 0 || !post_is_numbered(&p))
		return r;
	if ((r = post_copy_place(t, old, to, modseq, f)) < 0 || (r = post_rewrite_xref(t, &p, f)) < 0 ||
			(r = post_reindex(t, &p, (struct place){ 0 }, to, f)) < 0)
		return r;
	return post_changed(thread_arrived(t, &p, group), f);
}

/* --- erasing --- */

static int post_erase_text(struct forum_txn *t, const struct post *p, struct fail *f) {
	forum_erased(t, p->id);
	if (spam_settle(t, p->id) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "the store cannot take writes now, try again later");
	uint64_t n = (uint64_t)p->header_z1 + p->header_z2 + p->body_z + p->removed_len;
	for (uint32_t chunk = 0; (uint64_t)chunk * TEXT_CHUNK < n; chunk++) {
		struct key k = post_text_key(p->id, chunk);
		int r = forum_del(t, key_slice(&k), f);
		if (r < 0)
			return r;
	}
	return 1;
}

static int post_erase_place(struct forum_txn *t, struct place at, struct fail *f) {
	struct overview o;
	struct key e = key_2u32('E', at.group, at.number);
	int r = overview_get_any(t, at.group, at.number, &o);
	if (r <= 0)
		return fail_internal(f, "overview %u:%u: %s", at.group, at.number, r < 0 ? err_name(r) : "absent");
	o.subject = o.from = SLICE("");
	o.header_len = o.body_len = o.lines = 0;
	if ((r = forum_del(t, key_slice(&e), f)) < 0)
		return r;
	return overview_store(t, &o, f);
}

int post_erase(struct forum_txn *t, uint64_t id, struct fail *f) {
	struct post p;
	int r = post_set_state(t, id, POST_DELETED, f);
	if (r < 0 || (r = post_load(t, id, &p, f)) < 0 || (r = post_erase_text(t, &p, f)) < 0 ||
			(r = post_forget_pending(t, id, f)) < 0)
		return r;
	if ((p.flags & POST_OWN) && p.header_len &&
		(r = quota_give(t, p.places[0].group, (uint64_t)p.header_len + p.body_len)) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "your mailboxes cannot be changed now, try again later");
	if (post_is_numbered(&p))
		for (size_t i = 0; i < p.nplaces; i++)
			if ((r = post_erase_place(t, p.places[i], f)) < 0 ||
					(r = post_reindex(t, &p, p.places[i], (struct place){ 0 }, f)) < 0)
				return r;
	p.subject = p.from = SLICE("");
	p.header_len = p.from_off = p.body_len = p.lines = p.header_z1 = p.header_z2 = p.body_z = p.removed_len = p.crc = 0;
	if ((r = post_store(t, &p, f)) < 0)
		return r;
	return pointer_follow(t, id, POST_DELETED, true, f);      /* its subject is in them */
}
