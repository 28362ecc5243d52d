/* v member, box u8 -> u32 group; Y post, group -> u32 number (the pointers to a post).
 *
 * A pointer is an O record of its own version (post_private.h): the post id, nothing else. It is looked through when it
 * is read, so nothing about the post is kept twice and nothing can be stale. Only whether it is a hole is kept (count,
 * low, sequence numbers), and follows the post's state. */
#include "forumd/forum/personal_private.h"
#include "forumd/forum/erase.h"
#include "forumd/forum/folder.h"
#include "forumd/forum/marks.h"
#include "forumd/forum/member.h"
#include "forumd/forum/post_private.h"
#include "forumd/forum/queue.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/watch.h"

#define CLEAR_UNIT 65536u        /* octets of a message that count as a message in personal_clear() */

static const char *const personal_names[BOX_COUNT] = { "", "inbox", "replies", "watched", "unread", "drafts", "sent",
	"trash" };

struct key personal_key(uint32_t member, enum personal_box box) {
	struct key k = key_1u32('v', member);
	key_u8(&k, (uint8_t)box);
	return k;
}

int personal_find(struct forum_txn *t, uint32_t member, enum personal_box box, struct group *g_r) {
	struct key k = personal_key(member, box);
	struct slice v;
	int r = member && box > BOX_NONE && (box < BOX_COUNT || box == BOX_QUEUE) ? kv_get(t->kv, key_slice(&k), &v) : 0;
	return r > 0 ? v.n == 4 ? group_get(t, num_get32(v.p), g_r) : ERR_CORRUPT : r;
}

/* made when missing */
int personal_open(struct forum_txn *t, uint32_t member, enum personal_box box, struct group *g_r) {
	struct key k = personal_key(member, box);
	char v[4];
	uint32_t id;
	int r = personal_find(t, member, box, g_r);
	if (r != 0)
		return r;
	struct slice name = arena_slicef(t->arena, "~%u.%s", member, box == BOX_QUEUE ? "queue" : personal_names[box]);
	if ((r = group_add_owned(t, name, name, member, (unsigned)box, 0, &id)) < 0)
		return r;
	num_put32(v, id);
	if ((r = forum_put(t, key_slice(&k), slice_of(v, 4), NULL)) < 0)
		return r;
	return group_get(t, id, g_r);
}

int personal_prepare(struct forum_txn *t, uint32_t member) {
	struct group g;
	for (int box = BOX_NONE + 1; box < BOX_COUNT; box++) {
		int r = personal_open(t, member, (enum personal_box)box, &g);
		if (r < 0)
			return r;
	}
	return 1;
}

/* --- pointers --- */

struct key personal_pointer_key(uint64_t post, uint32_t group) {
	struct key k = key_1u64('Y', post);
	key_u32(&k, group);
	return k;
}

int personal_pointer_next(struct forum_txn *t, uint64_t post, uint32_t *cursor, struct place *at_r) {
	struct key k = personal_pointer_key(post, *cursor + 1);
	struct kv_cursor *c;
	struct slice key, v;
	if (*cursor == UINT32_MAX)
		return 0;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&k), &key, &v);
	if (r > 0 && (key.n != 13 || v.n != 4 || !key_has_prefix(key, &k, 9)))
		r = 0;
	if (r > 0)
		*at_r = (struct place){ .group = *cursor = num_get32(key.p + 9), .number = num_get32(v.p) };
	kv_cursor_close(&c);
	return r;
}

int personal_number(struct forum_txn *t, uint64_t post, uint32_t group, uint32_t *number_r) {
	struct key k = personal_pointer_key(post, group);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r > 0)
		*number_r = v.n == 4 ? num_get32(v.p) : 0;
	return r;
}

int personal_point_in(struct forum_txn *t, uint32_t group, uint64_t post, uint32_t *number_r) {
	struct key k = personal_pointer_key(post, group);
	uint32_t number = 0;
	char v[4];
	int r = personal_number(t, post, group, &number);
	*number_r = number;
	if (r != 0)
		return r < 0 ? r : 0;
	int64_t modseq = group_new_number(t, group, post, &number);
	*number_r = number;
	if (modseq < 0)
		return (int)modseq;
	num_put32(v, number);
	if ((r = forum_put(t, key_slice(&k), slice_of(v, 4), NULL)) < 0)
		return r;
	return overview_store_pointer(t, group, number, post, (uint64_t)modseq);
}

int personal_point_number(struct forum_txn *t, uint32_t member, enum personal_box box, uint64_t post,
	uint32_t *number_r) {
	struct group g;
	int r = personal_open(t, member, box, &g);
	return r < 0 ? r : personal_point_in(t, g.id, post, number_r);
}

int personal_point(struct forum_txn *t, uint32_t member, enum personal_box box, uint64_t post) {
	uint32_t number;
	return personal_point_number(t, member, box, post, &number);
}

int personal_source(struct forum_txn *t, uint32_t owner, uint64_t post, struct place *at_r) {
	struct group g;
	struct post p;
	int r = post_get(t, post, &p);
	for (size_t i = 0; r > 0 && i < p.nplaces; i++)
		if (p.places[i].number && group_get(t, p.places[i].group, &g) > 0 && rights_can_read(t, owner, &g)) {
			*at_r = p.places[i];
			return 1;
		}
	return r < 0 ? r : 0;
}

int personal_show(struct forum_txn *t, struct place at, uint64_t post, bool visible) {
	int r = group_set_hole(t, at.group, at.number, !visible);
	if (r <= 0)
		return r < 0 ? r : 1;
	int64_t modseq = group_bump(t, at.group, at.number, visible ? CHANGE_BACK : CHANGE_GONE, post);
	return modseq < 0 ? (int)modseq
		: visible     ? overview_store_pointer(t, at.group, at.number, post, (uint64_t)modseq)
					  : 1;
}

int personal_changed(struct forum_txn *t, uint64_t post) {
	struct place at;
	uint32_t cursor = 0;
	int r;
	while ((r = personal_pointer_next(t, post, &cursor, &at)) > 0) {
		if ((r = group_is_hole(t, at.group, at.number)) != 0) {
			if (r < 0)
				break;
			continue;
		}
		int64_t modseq = group_bump(t, at.group, at.number, CHANGE_STATE, post);
		r = modseq < 0 ? (int)modseq : overview_store_pointer(t, at.group, at.number, post, (uint64_t)modseq);
		if (r < 0)
			break;
	}
	return r < 0 ? r : 1;
}

int personal_moved(struct forum_txn *t, const uint64_t *posts, const struct marks_carry *numbers, size_t n,
	uint32_t from, uint32_t to) {
	struct range_set owners = { 0 };
	struct place at;
	struct group g;
	uint32_t owner = 0;
	int r = 1;
	for (size_t i = 0; i < n && r >= 0; i++) {
		uint32_t cursor = 0;
		while ((r = personal_pointer_next(t, posts[i], &cursor, &at)) > 0 && (r = group_get(t, at.group, &g)) >= 0)
			if (r > 0 && g.owner)
				range_set_add(&owners, g.owner, g.owner);
	}
	while (r >= 0 && owner < UINT32_MAX && range_set_next(&owners, owner + 1, &owner))
		r = marks_carry(t, owner, from, to, numbers, n);
	range_set_free(&owners);
	return r < 0 ? r : 1;
}

/* --- own messages, and what leaves a box --- */

int personal_remove(struct forum_txn *t, struct place at, struct fail *f) {
	struct overview o;
	struct post p;
	int r = overview_get_any(t, at.group, at.number, &o);
	if (r > 0)
		r = post_get(t, o.post, &p);
	if (r <= 0)
		return r;
	if (post_number_in(&p, at.group) == at.number)
		return post_erase(t, p.id, f);
	struct key y = personal_pointer_key(p.id, at.group), k = key_2u32('O', at.group, at.number);
	if ((r = personal_show(t, at, p.id, false)) < 0 || (r = forum_del(t, key_slice(&y), f)) < 0)
		return r;
	r = forum_del(t, key_slice(&k), f);
	return r < 0 ? r : 1;
}

static int personal_author(struct forum_txn *t, uint32_t *author_r) {
	return member_author(t, SLICE("own messages"), SLICE(""), author_r);
}

int personal_add(struct forum_txn *t, uint32_t member, enum personal_box box, struct post_draft *d, uint32_t *number_r,
	struct fail *f) {
	struct group g;
	if (personal_open(t, member, box, &g) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "your mailboxes cannot be changed now, try again later");
	return personal_add_in(t, member, g.id, d, number_r, f);
}

int personal_add_in(struct forum_txn *t, uint32_t member, uint32_t group, struct post_draft *d, uint32_t *number_r,
	struct fail *f) {
	struct post_result result = { 0 };
	struct group g;
	int r = group_get(t, group, &g);
	if (r == 0 || (r > 0 && (g.removed || g.owner != member)))
		return fail_set(f, ERR_NOTFOUND, "no such mailbox");
	if (r < 0 || (r = personal_author(t, &d->author)) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "your mailboxes cannot be changed now, try again later");
	d->groups = &g.id;
	d->ngroups = 1;
	d->flags |= POST_OWN;
	d->no_mail = true;
	d->hold = false;
	d->reply_to = d->supersedes = 0;
	r = post_add(t, d, &result, f);
	d->groups = NULL;
	d->ngroups = 0;
	*number_r = r > 0 ? result.places[0].number : 0;
	return r;
}

/* Into a buffer and not the arena: that lives until the whole batch is committed, and there may be many messages. */
static int personal_piece(struct forum_txn *t, const struct post *p, unsigned piece, struct buf *b, struct slice *z_r) {
	int r = piece == PIECE_REMOVED ? post_removed(t, p, b) : post_piece(t, p, piece, b);
	*z_r = buf_slice(b);
	return r;
}

int personal_copy(struct forum_txn *t, uint32_t member, enum personal_box box, struct place from, uint32_t *number_r,
	struct fail *f) {
	struct group g;
	int r = personal_open(t, member, box, &g);
	return r < 0 ? r : personal_copy_in(t, member, g.id, from, number_r, f);
}

int personal_copy_in(struct forum_txn *t, uint32_t member, uint32_t group, struct place from, uint32_t *number_r,
	struct fail *f) {
	struct overview o;
	struct envelope e;
	struct post p;
	int r = overview_get(t, from.group, from.number, &o);
	if (r <= 0 || (r = post_get(t, o.post, &p)) <= 0)
		return r;
	if (!(p.flags & POST_OWN))
		return (r = personal_point_in(t, group, p.id, number_r)) < 0 ? r : 1;
	if ((r = envelope_get(t, from.group, from.number, &e)) <= 0)
		return r < 0 ? r : ERR_CORRUPT;
	struct post_draft d = {
		.message_id = p.message_id,
		.in_reply_to = p.in_reply_to,
		.references = p.references,
		.subject = p.subject,
		.from = p.from,
		.date = p.date,
		.arrival = p.arrival,
		.source = p.source,
		.flags = p.flags,
		.header_len = p.header_len,
		.from_off = p.from_off,
		.body_len = p.body_len,
		.lines = p.lines,
		.crc = p.crc,
		.original_crc = p.original_crc,
		.ov_subject = o.subject,
		.ov_date = o.date_text,
		.ov_references = o.references,
		.env_before = e.before,
		.env_from = e.from,
		.env_sender = e.sender,
		.env_reply_to = e.reply_to,
		.env_after = e.after,
		.structure = e.structure,
		.part_table = e.part_table,
	};
	struct buf b[4] = { { 0 } };
	if ((r = personal_piece(t, &p, PIECE_HEAD1, &b[0], &d.header_z1)) >= 0 &&
		(r = personal_piece(t, &p, PIECE_HEAD2, &b[1], &d.header_z2)) >= 0 &&
		(r = personal_piece(t, &p, PIECE_BODY, &b[2], &d.body_z)) >= 0 &&
		(r = personal_piece(t, &p, PIECE_REMOVED, &b[3], &d.removed)) >= 0)
		r = personal_add_in(t, member, group, &d, number_r, f);
	for (size_t i = 0; i < 4; i++)
		buf_free(&b[i]);
	return r;
}

int personal_follow(struct forum_txn *t, uint64_t post, bool visible) {
	struct place at;
	uint32_t cursor = 0;
	int r;
	while ((r = personal_pointer_next(t, post, &cursor, &at)) > 0)
		if ((r = personal_show(t, at, post, visible)) < 0)
			break;
	return r < 0 ? r : 1;
}

int personal_clear(struct forum_txn *t, const struct group *g, uint32_t *next, unsigned max, struct fail *f) {
	struct post p;
	struct place at;
	unsigned cost;
	int r = 1;
	for (; *next <= g->high && r >= 0 && max; ++*next)
		if ((r = post_by_number(t, g->id, *next, &p)) > 0 && post_number_in(&p, g->id)) {
			/* what is erased is noted until the commit: a long message counts as many */
			cost = 1 + (p.header_z1 + p.header_z2 + p.body_z) / CLEAR_UNIT;
			max -= cost < max ? cost : max;
			r = post_erase(t, p.id, f);
		} else if (r > 0 && personal_number(t, p.id, g->id, &at.number) > 0) {
			struct key y = personal_pointer_key(p.id, g->id), k = key_2u32('O', g->id, *next);
			max--;
			if ((r = forum_del(t, key_slice(&y), f)) >= 0 && (r = forum_del(t, key_slice(&k), f)) >= 0)
				r = group_set_hole(t, g->id, *next, true);
		}
	return r < 0 ? r : *next <= g->high;
}

int personal_forget(struct forum_txn *t, uint32_t member, struct fail *f) {
	struct folder folder;
	struct group g;
	int r = watch_forget(t, member);
	for (int box = BOX_NONE + 1; box < BOX_COUNT && r >= 0; box++) {
		struct key k = personal_key(member, (enum personal_box)box);
		if ((r = personal_find(t, member, (enum personal_box)box, &g)) > 0 && (r = erase_box(t, &g, f)) >= 0)
			r = forum_del(t, key_slice(&k), f);
	}
	if (r >= 0)
		r = queue_forget(t, member, f);
	struct slice cursor = { 0 };
	while (r >= 0 && (r = folder_each(t, member, &cursor, &folder)) > 0) {
		r = group_get(t, folder.group, &g);
		r = r == 0 ? ERR_NOTFOUND : r;
		if (r > 0 && (r = erase_box(t, &g, f)) >= 0)
			r = folder_forget(t, member, &folder, f);
	}
	if (r >= 0)
		r = erase_boxes(t, f);  /* a few messages are gone at once */
	return r < 0 ? r : 1;
}

/* --- rights that were given or taken --- */

static const char *personal_looked(struct forum_txn *t, uint32_t member) {
	return arena_printf(t->arena, "boxes-looked-%u", member);
}

bool personal_stale(struct forum_txn *t, uint32_t member) {
	struct slice v;
	uint64_t looked = forum_meta_get(t, personal_looked(t, member), &v) > 0 && v.n == 8 ? num_get64(v.p) : 0;
	return looked != forum_rights_epoch(t);
}

static int personal_recheck_box(struct forum_txn *t, const struct group *g) {
	struct post p;
	struct place at;
	uint32_t number;
	int r = 1;
	for (uint32_t n = 1; n <= g->high && r >= 0; n++) {
		if ((r = post_by_number(t, g->id, n, &p)) <= 0 || personal_number(t, p.id, g->id, &number) <= 0 || number != n)
			continue;
		if ((r = personal_source(t, g->owner, p.id, &at)) >= 0)
			r = personal_show(t, (struct place){ g->id, n }, p.id, r > 0 && p.state == POST_VISIBLE);
	}
	return r < 0 ? r : 1;
}

int personal_recheck(struct forum_txn *t, uint32_t member) {
	static const enum personal_box boxes[] = { BOX_INBOX, BOX_REPLIES, BOX_WATCHED, BOX_TRASH, BOX_DRAFTS, BOX_SENT };
	struct slice cursor = { 0 };
	struct folder folder;
	struct group g;
	char v[8];
	int r = 1;
	for (size_t i = 0; i < sizeof boxes / sizeof *boxes && r >= 0; i++)
		if ((r = personal_find(t, member, boxes[i], &g)) > 0)
			r = personal_recheck_box(t, &g);
	while (r >= 0 && (r = folder_each(t, member, &cursor, &folder)) > 0)
		if ((r = group_get(t, folder.group, &g)) > 0)
			r = personal_recheck_box(t, &g);
	num_put64(v, forum_rights_epoch(t));
	return r < 0 ? r : forum_meta_put(t, personal_looked(t, member), slice_of(v, sizeof v));
}

/* --- what comes in by itself --- */

static bool personal_may_see(struct forum_txn *t, uint32_t member, const struct post *p) {
	struct place at;
	struct member m;
	return member_get(t, member, &m) > 0 && m.kind == MEMBER_ACCOUNT && !m.left &&
		personal_source(t, member, p->id, &at) > 0;
}

int personal_deliver(struct forum_txn *t, const struct post *p) {
	struct post parent;
	uint32_t member = 0;
	enum watch w;
	int r = p->parent ? post_get(t, p->parent, &parent) : 0;
	if (r > 0 && parent.author && parent.author != p->author && personal_may_see(t, parent.author, p)) {
		if ((r = personal_point(t, parent.author, BOX_REPLIES, p->id)) < 0 ||
			(r = personal_point(t, parent.author, BOX_INBOX, p->id)) < 0)
			return r;
	}
	while (r >= 0 && (r = watch_next(t, p->thread, &member, &w)) > 0)
		if (w == WATCH_ON && member != p->author && personal_may_see(t, member, p))
			r = personal_point(t, member, BOX_WATCHED, p->id);
	return r < 0 ? r : 1;
}

/* --- unread --- */

/* pointers whose post was read, or is unread again */
static int personal_unread_known(struct forum_txn *t, uint32_t member, const struct group *box) {
	struct overview o;
	struct place at;
	int r = 1;
	for (uint32_t n = 1; n <= box->high && r >= 0; n++) {
		if ((r = overview_get_any(t, box->id, n, &o)) <= 0)
			continue;
		int there = personal_source(t, member, o.post, &at);
		bool unread = there > 0 && o.state == POST_VISIBLE && !marks_has(t, member, at.group, at.number, MARK_SEEN) &&
			!marks_has(t, member, at.group, at.number, MARK_HIDDEN);
		r = there < 0 ? there : personal_show(t, (struct place){ box->id, n }, o.post, unread);
	}
	return r < 0 ? r : 1;
}

/* the newest `max` unread posts of one group that have no pointer yet */
static int personal_unread_group(struct forum_txn *t, uint32_t member, uint32_t box, const struct group *g,
	uint32_t max) {
	struct range_set unread = { 0 }, holes = { 0 };
	struct marks m = { 0 };
	struct overview o;
	uint32_t number;
	int r = group_holes(t, g->id, &holes);
	if (r > 0 && (r = marks_load(t, member, g->id, 1, g->high, &m)) > 0 && g->high) {
		range_set_add(&unread, 1, g->high);
		range_set_subtract(&unread, &holes);
		range_set_subtract(&unread, &m.set[MARK_SEEN]);
		range_set_subtract(&unread, &m.set[MARK_HIDDEN]);
		uint64_t n = range_set_count(&unread);
		uint32_t next = 1;
		if (n > max)
			range_set_nth(&unread, n - max + 1, &next);
		for (; r >= 0 && next && range_set_next(&unread, next, &next); next++)
			if ((r = overview_get(t, g->id, next, &o)) > 0)
				r = personal_point_in(t, box, o.post, &number);
	}
	range_set_free(&unread);
	range_set_free(&holes);
	marks_free(&m);
	return r < 0 ? r : 1;
}

int personal_sync_unread(struct forum_txn *t, uint32_t member, uint32_t max) {
	struct group box, g;
	struct slice cursor = { 0 };
	int r = personal_open(t, member, BOX_UNREAD, &box);
	if (r < 0 || (r = personal_unread_known(t, member, &box)) < 0)
		return r;
	while ((r = group_each(t, &cursor, &g)) > 0) {
		cursor = arena_slice(t->arena, cursor);
		if (rights_can_read(t, member, &g) && (r = personal_unread_group(t, member, box.id, &g, max)) < 0)
			break;
	}
	return r < 0 ? r : 1;
}
