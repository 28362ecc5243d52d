/* The outgoing queue.
 *
 * q item -> the item; Q due, item -> empty, one for each item; y post, item -> empty for items that belong to a post.
 * The three are written and deleted together (mailq_store, mailq_drop): no due time without item, none twice.
 *
 * Expansion: the POST item's cursor and the COPY items made in a step are one transaction. A crash before the commit
 * leaves the old cursor and no copies, a crash after it the new cursor and all of them.
 *
 * A copy keeps the member, not the address: address, access and bounces are looked at when it is read for sending, so
 * that leaving, a new address or lost access hold for what is queued already. */
#include "forumd/forum/mailq.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/watch.h"

#define MAILQ_VERSION 1
#define MAILQ_LIFE (5 * 86400)
#define MAILQ_ANSWER_MAX 500

static int mailq_take_item(struct slice in, struct mailq_item *i) {
	uint64_t v[10];
	for (size_t n = 0; n < sizeof v / sizeof *v; n++)
		if (!num_take_varint(&in, &v[n]))
			return ERR_CORRUPT;
	if (v[0] != MAILQ_VERSION || v[1] > MAILQ_NOTICE || !num_take_bytes(&in, &i->recipient) ||
	    !num_take_bytes(&in, &i->message) || !num_take_bytes(&in, &i->last_answer))
		return ERR_CORRUPT;
	i->kind = (enum mailq_kind)v[1], i->post = v[2];
	i->group = (uint32_t)v[3], i->cursor = (uint32_t)v[4], i->member = (uint32_t)v[5], i->attempts = (uint32_t)v[6];
	i->due = (int64_t)v[7], i->expires = (int64_t)v[8], i->created = (int64_t)v[9];
	return 1;
}

static void mailq_encode(const struct mailq_item *i, struct buf *out) {
	const uint64_t v[10] = { MAILQ_VERSION, i->kind, i->post, i->group, i->cursor, i->member, i->attempts,
		(uint64_t)i->due, (uint64_t)i->expires, (uint64_t)i->created };
	for (size_t n = 0; n < sizeof v / sizeof *v; n++)
		num_add_varint(out, v[n]);
	/* a member's address is never stored */
	num_add_bytes(out, i->kind == MAILQ_COPY && i->member ? slice_of("", 0) : i->recipient);
	num_add_bytes(out, i->message);
	num_add_bytes(out, slice_to(i->last_answer, MAILQ_ANSWER_MAX));
}

/* where the copy goes today; empty: nowhere any more */
static struct slice mailq_address(struct forum_txn *t, const struct mailq_item *i) {
	struct member m;
	struct group g;
	if (member_get(t, i->member, &m) <= 0 || !member_takes_mail(&m) || group_get(t, i->group, &g) <= 0 ||
	    !rights_can_read(t, i->member, &g))
		return slice_of("", 0);
	return m.addresses[0];
}

int mailq_get(struct forum_txn *t, uint64_t id, struct mailq_item *i_r) {
	struct key k = key_1u64('q', id);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r <= 0)
		return r;
	*i_r = (struct mailq_item){ .id = id };
	r = mailq_take_item(t->write ? arena_slice(t->arena, v) : v, i_r);
	if (r > 0 && i_r->kind == MAILQ_COPY && i_r->member)
		i_r->recipient = mailq_address(t, i_r);
	return r;
}

/* `was_due`: the due time stored so far, 0 for a new item */
static int mailq_store(struct forum_txn *t, const struct mailq_item *i, int64_t was_due) {
	struct key item = key_1u64('q', i->id), due = key_2u64('Q', (uint64_t)i->due, i->id);
	struct slice none = slice_of("", 0);
	struct buf b = { 0 };
	mailq_encode(i, &b);
	int r = forum_put(t, key_slice(&item), buf_slice(&b), NULL);
	buf_free(&b);
	if (r < 0 || was_due == i->due)
		return r;
	if (was_due) {
		struct key old = key_2u64('Q', (uint64_t)was_due, i->id);
		r = kv_del(t->kv, key_slice(&old));
	} else if (i->post) {
		struct key of_post = key_2u64('y', i->post, i->id);
		r = forum_put(t, key_slice(&of_post), none, NULL);
	}
	return r < 0 ? r : forum_put(t, key_slice(&due), none, NULL);
}

static int mailq_drop(struct forum_txn *t, const struct mailq_item *i) {
	struct key item = key_1u64('q', i->id), due = key_2u64('Q', (uint64_t)i->due, i->id);
	struct key of_post = key_2u64('y', i->post, i->id);
	int r = kv_del(t->kv, key_slice(&item));
	if (r >= 0)
		r = kv_del(t->kv, key_slice(&due));
	if (r >= 0 && i->post)
		r = kv_del(t->kv, key_slice(&of_post));
	return r < 0 ? r : 1;
}

/* stores it as a new item that is due now */
static int mailq_add(struct forum_txn *t, struct mailq_item *i) {
	int64_t id = forum_next_id(t, "mailq");
	if (id < 0)
		return (int)id;
	i->id = (uint64_t)id;
	i->created = i->due = t->time;
	i->expires = t->time + MAILQ_LIFE;
	return mailq_store(t, i, 0);
}

static void mailq_tell(struct forum_txn *t, uint64_t post, uint32_t group) {
	forum_change_add(t, (struct change){ .kind = CHANGE_MAIL, .post = post, .group = group });
}

int mailq_add_post(struct forum_txn *t, uint64_t post, uint32_t group) {
	struct mailq_item i = { .kind = MAILQ_POST, .post = post, .group = group };
	int r = mailq_add(t, &i);
	if (r > 0)
		mailq_tell(t, post, group);
	return r;
}

int mailq_add_notice(struct forum_txn *t, struct slice recipient, struct slice message, uint64_t *id_r) {
	struct mailq_item i = { .kind = MAILQ_NOTICE, .recipient = recipient, .message = message };
	if (recipient.n == 0 || recipient.n > 320)
		return ERR_INVALID;
	if (message.n > 60 * 1024)
		return ERR_TOOBIG;
	int r = mailq_add(t, &i);
	if (r < 0)
		return r;
	mailq_tell(t, 0, 0);
	if (id_r)
		*id_r = i.id;
	return 1;
}

int mailq_due_next(struct forum_txn *t, int64_t now, int64_t *due, uint64_t *id, struct mailq_item *i_r) {
	struct kv_cursor *c;
	struct slice key, v;
	for (;;) {
		struct key from = key_2u64('Q', (uint64_t)*due, *id + 1);
		int r = kv_cursor_open(t->kv, &c);
		if (r < 0)
			return r;
		r = kv_seek(c, key_slice(&from), &key, &v);
		bool have = r > 0 && key_has_prefix(key, &from, 1) && key.n == 17 && (int64_t)num_get64(key.p + 1) <= now;
		if (have)
			*due = (int64_t)num_get64(key.p + 1), *id = num_get64(key.p + 9);
		kv_cursor_close(&c);
		if (!have)
			return r < 0 ? r : 0;
		if ((r = mailq_get(t, *id, i_r)) != 0)
			return r;
	}
}

int64_t mailq_next_due(struct forum_txn *t) {
	struct kv_cursor *c;
	struct slice key, v;
	struct key from;
	int64_t due = 0;
	key_begin(&from, 'Q');
	if (kv_cursor_open(t->kv, &c) < 0)
		return 0;
	if (kv_seek(c, key_slice(&from), &key, &v) > 0 && key_has_prefix(key, &from, 1) && key.n == 17)
		due = (int64_t)num_get64(key.p + 1);
	kv_cursor_close(&c);
	return due;
}

int mailq_each(struct forum_txn *t, uint64_t *cursor, struct mailq_item *i_r) {
	struct key from = key_1u64('q', *cursor + 1);
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&from), &key, &v);
	bool have = r > 0 && key_has_prefix(key, &from, 1) && key.n == 9;
	if (have)
		*cursor = num_get64(key.p + 1);
	kv_cursor_close(&c);
	return have ? mailq_get(t, *cursor, i_r) : r < 0 ? r : 0;
}

uint64_t mailq_count(struct forum_txn *t) {
	struct kv_cursor *c;
	struct slice key, v;
	struct key from;
	uint64_t n = 0;
	key_begin(&from, 'q');
	if (kv_cursor_open(t->kv, &c) < 0)
		return 0;
	for (int r = kv_seek(c, key_slice(&from), &key, &v); r > 0 && key_has_prefix(key, &from, 1); r = kv_next(c, &key, &v))
		n++;
	kv_cursor_close(&c);
	return n;
}

/* does this mode select the post for this member? */
static bool mailq_selects(enum subscribe_mode mode, const struct post *p, uint32_t parent_author, uint32_t member) {
	return mode == SUBSCRIBE_ALL || (mode == SUBSCRIBE_FIRST && p->parent == 0) ||
		(mode == SUBSCRIBE_REPLIES && parent_author && parent_author == member);
}

/* A post in several groups goes to each member once: through the first of its places that selects it for him. */
static bool mailq_by_other_group(struct forum_txn *t, const struct post *p, uint32_t group, uint32_t parent_author,
	uint32_t member) {
	struct group g;
	for (size_t i = 0; i < p->nplaces && p->places[i].group != group; i++)
		if (p->places[i].number && mailq_selects(subscribe_get(t, member, p->places[i].group), p, parent_author, member) &&
		    group_get(t, p->places[i].group, &g) > 0 && rights_can_read(t, member, &g))
			return true;
	return false;
}

static bool mailq_wants(struct forum_txn *t, const struct post *p, const struct group *g, uint32_t parent_author,
	uint32_t member, enum subscribe_mode mode) {
	struct member m;
	enum watch w = watch_get(t, member, p->thread);
	/* a muted thread still brings direct replies, a watched one everything */
	if (w == WATCH_MUTED)
		mode = SUBSCRIBE_REPLIES;
	else if (w == WATCH_ON)
		mode = SUBSCRIBE_ALL;
	return member != p->author && mailq_selects(mode, p, parent_author, member) && rights_can_read(t, member, g) &&
		member_get(t, member, &m) > 0 && member_takes_mail(&m) && !mailq_by_other_group(t, p, g->id, parent_author, member);
}

static uint32_t mailq_parent_author(struct forum_txn *t, const struct post *p) {
	struct post parent;
	return p->parent && post_get(t, p->parent, &parent) > 0 ? parent.author : 0;
}

int mailq_expand(struct forum_txn *t, uint64_t id, unsigned max) {
	struct mailq_item item;
	struct post p;
	struct group g;
	enum subscribe_mode mode;
	int r = mailq_get(t, id, &item);
	if (r <= 0)
		return r;
	if (item.kind != MAILQ_POST)
		return ERR_INVALID;
	/* hidden, moved away, group removed since: nobody is mailed any more */
	r = post_get(t, item.post, &p);
	if (r > 0)
		r = p.state == POST_VISIBLE && post_number_in(&p, item.group) ? group_get(t, item.group, &g) : 0;
	if (r <= 0 || g.removed)
		return r < 0 ? r : mailq_drop(t, &item) < 0 ? ERR_UNAVAILABLE : 0;
	uint32_t parent_author = mailq_parent_author(t, &p);
	unsigned made = 0, seen = 0;
	/* those whom the mode leaves out cost little, but not nothing: they bound the step too */
	while (made < max && seen++ < 4 * max && (r = subscribe_next(t, item.group, &item.cursor, &mode)) > 0) {
		if (!mailq_wants(t, &p, &g, parent_author, item.cursor, mode))
			continue;
		struct mailq_item copy = { .kind = MAILQ_COPY, .post = item.post, .group = item.group, .member = item.cursor };
		if ((r = mailq_add(t, &copy)) < 0)
			break;
		made++;
	}
	if (r < 0)
		return r;
	if (made && (r = trace_add(t, p.id, p.message_id, "%u copies queued for %.*s", made, SLICE_ARG(g.name))) < 0)
		return r;
	bool more = made == max || seen > 4 * max;
	r = more ? mailq_store(t, &item, item.due) : mailq_drop(t, &item);
	if (r > 0 && (made || more))
		mailq_tell(t, item.post, item.group);
	return r < 0 ? r : more;
}

/* "member 7", or the address of somebody without an account */
static struct slice mailq_who(struct forum_txn *t, const struct mailq_item *i) {
	return i->member ? arena_slicef(t->arena, "member %u", i->member) : slice_to(i->recipient, 320);
}

static int mailq_trace(struct forum_txn *t, const struct mailq_item *i, const char *what, struct slice answer) {
	struct slice who = mailq_who(t, i);
	answer = slice_to(answer, MAILQ_ANSWER_MAX);
	if (!i->post)
		return 1;
	return trace_add(t, i->post, slice_of("", 0), "%s %.*s%s%.*s", what, SLICE_ARG(who), answer.n ? ": " : "",
		SLICE_ARG(answer));
}

int mailq_done(struct forum_txn *t, uint64_t id) {
	struct mailq_item i;
	int r = mailq_get(t, id, &i);
	if (r <= 0)
		return r;
	if (i.kind == MAILQ_COPY)
		r = mailq_trace(t, &i, i.recipient.n ? "mail sent to" : "mail no longer for", slice_of("", 0));
	return r < 0 ? r : mailq_drop(t, &i);
}

static int mailq_give_up(struct forum_txn *t, const struct mailq_item *i, struct slice answer) {
	int r = mailq_trace(t, i, "mail failed for", answer);
	if (r > 0 && i->member)
		r = member_note_bounce(t, i->member);
	/* the member may be gone altogether */
	return r < 0 && r != ERR_NOTFOUND ? r : mailq_drop(t, i);
}

int mailq_defer(struct forum_txn *t, uint64_t id, struct slice answer) {
	static const int minutes[] = { 1, 5, 15, 60, 240 };
	struct mailq_item i;
	int r = mailq_get(t, id, &i);
	if (r <= 0)
		return r;
	if (t->time >= i.expires)
		return (r = mailq_give_up(t, &i, answer)) < 0 ? r : 0;
	int64_t was = i.due;
	i.due = t->time + 60 * minutes[i.attempts < 4 ? i.attempts : 4];
	/* one last try when it expires */
	if (i.due > i.expires)
		i.due = i.expires;
	i.attempts++;
	i.last_answer = answer;
	if ((r = mailq_trace(t, &i, "mail delayed for", answer)) < 0)
		return r;
	return mailq_store(t, &i, was);
}

int mailq_fail(struct forum_txn *t, uint64_t id, struct slice answer) {
	struct mailq_item i;
	int r = mailq_get(t, id, &i);
	return r <= 0 ? r : mailq_give_up(t, &i, answer);
}

int mailq_cancel_post(struct forum_txn *t, uint64_t post) {
	struct key from = key_1u64('y', post);
	struct mailq_item i;
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	while ((r = kv_seek(c, key_slice(&from), &key, &v)) > 0 && key_has_prefix(key, &from, 9) && key.n == 17) {
		uint64_t id = num_get64(key.p + 9);
		r = mailq_get(t, id, &i);
		if (r == 0) {
			struct key stray = key_2u64('y', post, id);
			r = kv_del(t->kv, key_slice(&stray));
		} else if (r > 0) {
			r = mailq_drop(t, &i);
		}
		if (r < 0)
			break;
	}
	kv_cursor_close(&c);
	return r < 0 ? r : 1;
}
