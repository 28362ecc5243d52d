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
#include "forumd/forum/memo.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/watch.h"

#define MAILQ_VERSION 1
#define MAILQ_LIFE (5 * 86400)
#define MAILQ_ANSWER_MAX 500
#define MAILQ_CASE_PAUSE 300
#define MAILQ_WATCHERS 2000

static int mailq_take_item(struct slice in, struct mailq_item *i) {
	uint64_t v[10];
	for (size_t n = 0; n < sizeof v / sizeof *v; n++)
		if (!num_take_varint(&in, &v[n]))
			return ERR_CORRUPT;
	if (v[0] != MAILQ_VERSION || v[1] > MAILQ_TELL || !num_take_bytes(&in, &i->recipient) ||
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

static struct mailq_hooks mailq_hooks;

void mailq_set_hooks(const struct mailq_hooks *h) {
	mailq_hooks = *h;
}

/* the next time it is `hour` o'clock (UTC), after `from` */
static int64_t mailq_next_hour(int64_t from, unsigned hour) {
	int64_t at = from - from % 86400 + (int64_t)hour * 3600;
	return at > from ? at : at + 86400;
}

/* the end of the member's quiet hours, or now */
static int64_t mailq_after_quiet(const struct member *m, int64_t now) {
	unsigned hour = (unsigned)(now % 86400 / 3600), a = m->quiet_from, b = m->quiet_to;
	bool quiet = a < b ? hour >= a && hour < b : a > b && (hour >= a || hour < b);
	return quiet ? mailq_next_hour(now, b) : now;
}

/* stores it as a new item that is due at i->due, or now */
static int mailq_add(struct forum_txn *t, struct mailq_item *i) {
	int64_t id = forum_next_id(t, "mailq");
	if (id < 0)
		return (int)id;
	i->id = (uint64_t)id;
	i->created = t->time;
	i->due = i->due > t->time ? i->due : t->time;
	i->expires = i->due + MAILQ_LIFE;
	return mailq_store(t, i, 0);
}

static void mailq_tell(struct forum_txn *t, uint64_t post, uint32_t group) {
	forum_change_add(t, (struct change){ .kind = CHANGE_MAIL, .post = post, .group = group });
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

int mailq_flush(struct forum_txn *t, unsigned max) {
	struct mailq_item i;
	uint64_t cursor = 0;
	int n = 0, r = 1;
	while ((unsigned)n < max && (r = mailq_each(t, &cursor, &i)) > 0) {
		int64_t was = i.due;
		if (was <= t->time)
			continue;
		i.due = t->time;
		if ((r = mailq_store(t, &i, was)) < 0)
			return r;
		n++;
	}
	if (n)
		mailq_tell(t, 0, 0);
	return r < 0 ? r : n;
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
	return mode == SUBSCRIBE_ALL || mode == SUBSCRIBE_DIGEST || mode == SUBSCRIBE_DIGEST_TEXT ||
		(mode == SUBSCRIBE_FIRST && p->parent == 0) ||
		(mode != SUBSCRIBE_NONE && parent_author && parent_author == member);
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

/* How the post reaches a member through this group: *mode_r says how; m_r is filled. */
static bool mailq_wants(struct forum_txn *t, const struct post *p, const struct group *g, uint32_t parent_author,
	uint32_t member, enum subscribe_mode *mode, struct member *m_r) {
	enum watch w = watch_get(t, member, p->thread);
	bool direct = parent_author && parent_author == member;
	/* a muted thread still brings direct replies, a watched one everything, and at once */
	if (w == WATCH_MUTED)
		*mode = SUBSCRIBE_REPLIES;
	else if (w == WATCH_ON || direct)
		*mode = SUBSCRIBE_ALL;
	if (member == p->author || !mailq_selects(*mode, p, parent_author, member) || !rights_can_read(t, member, g) ||
	    member_get(t, member, m_r) <= 0 || !member_takes_mail(m_r))
		return false;
	return !mailq_by_other_group(t, p, g->id, parent_author, member);
}

/* A member with no subscription to any of the post's groups gets it through the first of them that he reads: is it
 * this one? m_r is filled. */
static bool mailq_unsubscribed(struct forum_txn *t, const struct post *p, const struct group *g, uint32_t member,
	struct member *m_r) {
	struct group first;
	if (!member || member == p->author || member_get(t, member, m_r) <= 0 || !member_takes_mail(m_r))
		return false;
	for (size_t i = 0; i < p->nplaces; i++) {
		if (!p->places[i].number || group_get(t, p->places[i].group, &first) <= 0 || !rights_can_read(t, member, &first))
			continue;
		if (subscribe_get(t, member, first.id) != SUBSCRIBE_NONE)
			return false;
	}
	for (size_t i = 0; i < p->nplaces; i++)
		if (p->places[i].number && group_get(t, p->places[i].group, &first) > 0 && rights_can_read(t, member, &first))
			return first.id == g->id;
	return false;
}

/* "Replies to me" need no subscription: the parent's author, when nothing else brings him the post. */
static bool mailq_direct(struct forum_txn *t, const struct post *p, const struct group *g, uint32_t parent_author,
	struct member *m_r) {
	return mailq_unsubscribed(t, p, g, parent_author, m_r) && !m_r->no_replies;
}

/* The next who watches the thread without a subscription that brings him the post (a thread that was moved keeps its
 * watchers). *cursor starts 0; at most MAILQ_WATCHERS of a thread are looked at. */
static bool mailq_watcher_next(struct forum_txn *t, const struct post *p, const struct group *g, uint32_t parent_author,
	uint32_t *cursor, unsigned *seen, struct member *m_r) {
	struct member direct;
	enum watch w;
	while ((*seen)++ < MAILQ_WATCHERS && watch_next(t, p->thread, cursor, &w) > 0)
		if (w == WATCH_ON && mailq_unsubscribed(t, p, g, *cursor, m_r) &&
		    !(*cursor == parent_author && mailq_direct(t, p, g, parent_author, &direct)))
			return true;
	return false;
}

static uint32_t mailq_parent_author(struct forum_txn *t, const struct post *p) {
	struct post parent;
	return p->parent && post_get(t, p->parent, &parent) > 0 ? parent.author : 0;
}

/* --- digests: family e, member, post -> group u32, text u8; one MAILQ_DIGEST item while there are any --- */

static int mailq_digest_add(struct forum_txn *t, const struct post *p, uint32_t group, uint32_t member,
	enum subscribe_mode mode) {
	struct key k = key_u32u64('e', member, p->id), first = key_1u32('e', member);
	struct kv_cursor *c;
	struct slice key, v;
	char value[5];
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&first), &key, &v);
	bool waiting = r > 0 && key_has_prefix(key, &first, 5);
	kv_cursor_close(&c);
	num_put32(value, group);
	value[4] = mode == SUBSCRIBE_DIGEST_TEXT;
	if (r < 0 || (r = forum_put(t, key_slice(&k), slice_of(value, 5), NULL)) < 0 || waiting)
		return r;
	struct mailq_item i = { .kind = MAILQ_DIGEST, .member = member,
		.due = mailq_next_hour(t->time, mailq_hooks.digest_hour) };
	return mailq_add(t, &i);
}

#define MAILQ_DIGEST_MAX 200

/* takes the waiting posts out and hands them to the hook; 1 more wait, 0, < 0 */
static int mailq_digest_send(struct forum_txn *t, uint32_t member) {
	struct mailq_digest *v = arena_alloc(t->arena, MAILQ_DIGEST_MAX * sizeof *v);
	struct key first = key_1u32('e', member);
	struct slice key, value;
	struct member m;
	size_t n = 0;
	int r = 1;
	for (bool more = true; more && n < MAILQ_DIGEST_MAX && r >= 0;) {
		struct kv_cursor *c;
		struct key k = first;
		if ((r = kv_cursor_open(t->kv, &c)) < 0)
			return r;
		r = kv_seek(c, key_slice(&first), &key, &value);
		more = r > 0 && key.n == 13 && value.n == 5 && key_has_prefix(key, &first, 5);
		if (more) {
			v[n++] = (struct mailq_digest){ num_get64(key.p + 5), num_get32(value.p), value.p[4] };
			k = key_u32u64('e', member, v[n - 1].post);
		}
		kv_cursor_close(&c);
		if (more)
			r = kv_del(t->kv, key_slice(&k));
	}
	if (r >= 0 && n && mailq_hooks.digest && member_get(t, member, &m) > 0 && member_takes_mail(&m))
		r = mailq_hooks.digest(t, member, v, n);
	return r < 0 ? r : n == MAILQ_DIGEST_MAX;
}

int mailq_add_case(struct forum_txn *t, uint64_t post, uint32_t group) {
	struct mailq_item i = { .kind = MAILQ_CASE, .group = group };
	struct key k = key_1u32(0, group);
	struct slice key = slice_of(k.b + 1, 4), had, waits = SLICE("waits");
	int64_t until = t->time + MAILQ_CASE_PAUSE;
	int r = memo_get(t, MEMO_CASE, key, &had);
	if (r < 0 || (r > 0 && slice_eq(had, waits)))
		return r;
	/* not a mail for each of many: the next list goes when the pause is over */
	if (r > 0 && had.n == 8)
		until = i.due = (int64_t)num_get64(had.p);
	if ((r = memo_put(t, MEMO_CASE, key, waits, until + 86400)) > 0 && (r = mailq_add(t, &i)) > 0)
		mailq_tell(t, post, group);
	return r;
}

static int mailq_case_told(struct forum_txn *t, uint32_t group) {
	struct key k = key_1u32(0, group);
	char until[8];
	num_put64(until, (uint64_t)(t->time + MAILQ_CASE_PAUSE));
	return memo_put(t, MEMO_CASE, slice_of(k.b + 1, 4), slice_of(until, 8), t->time + MAILQ_CASE_PAUSE);
}

/* --- expansion --- */

static int mailq_copy(struct forum_txn *t, const struct post *p, uint32_t group, const struct member *m,
	enum subscribe_mode mode) {
	if (mode == SUBSCRIBE_DIGEST || mode == SUBSCRIBE_DIGEST_TEXT)
		return mailq_digest_add(t, p, group, m->id, mode);
	struct mailq_item copy = { .kind = MAILQ_COPY, .post = p->id, .group = group, .member = m->id,
		.due = mailq_after_quiet(m, t->time) };
	return mailq_add(t, &copy);
}

unsigned mailq_audience(struct forum_txn *t, const struct post *p, unsigned max) {
	uint32_t parent_author = mailq_parent_author(t, p);
	unsigned n = 0, seen = 0, watched;
	for (size_t i = 0; i < p->nplaces; i++) {
		enum subscribe_mode mode;
		uint32_t cursor = 0;
		struct member m;
		struct group g;
		if (group_get(t, p->places[i].group, &g) <= 0)
			continue;
		n += mailq_direct(t, p, &g, parent_author, &m);
		for (uint32_t watcher = (watched = 0); n < max && mailq_watcher_next(t, p, &g, parent_author, &watcher, &watched, &m);)
			n++;
		while (seen++ < 4 * max && n < max && subscribe_next(t, g.id, &cursor, &mode) > 0)
			n += mailq_wants(t, p, &g, parent_author, cursor, &mode, &m);
	}
	return n;
}

/* Nobody gets the group, and no author is answered: an item would cost a commit of its own and tell nobody. */
static bool mailq_for_nobody(struct forum_txn *t, uint64_t post, uint32_t group) {
	enum subscribe_mode mode;
	uint32_t cursor = 0;
	uint32_t watcher = 0;
	unsigned seen = 0;
	struct member m;
	struct group g;
	struct post p;
	return subscribe_next(t, group, &cursor, &mode) == 0 && post_get(t, post, &p) > 0 && group_get(t, group, &g) > 0 &&
		!mailq_direct(t, &p, &g, mailq_parent_author(t, &p), &m) && !mailq_watcher_next(t, &p, &g, 0, &watcher, &seen, &m);
}

int mailq_add_post(struct forum_txn *t, uint64_t post, uint32_t group) {
	struct mailq_item i = { .kind = MAILQ_POST, .post = post, .group = group };
	if (mailq_for_nobody(t, post, group))
		return 1;
	int r = mailq_add(t, &i);
	if (r > 0)
		mailq_tell(t, post, group);
	return r;
}

int mailq_add_catchup(struct forum_txn *t, uint32_t member, int64_t since) {
	struct mailq_item i = { .kind = MAILQ_CATCHUP, .member = member, .cursor = (uint32_t)(since > 0 ? since : 0) };
	int r = mailq_add(t, &i);
	if (r > 0)
		mailq_tell(t, 0, 0);
	return r;
}

int mailq_add_tell(struct forum_txn *t, uint32_t member, uint64_t serial) {
	struct mailq_item i = { .kind = MAILQ_TELL, .member = member, .cursor = (uint32_t)serial };
	int r = mailq_add(t, &i);
	if (r > 0)
		mailq_tell(t, 0, 0);
	return r;
}

int mailq_add_founding(struct forum_txn *t, uint32_t group) {
	struct mailq_item i = { .kind = MAILQ_FOUNDING, .group = group };
	int r = mailq_add(t, &i);
	if (r > 0)
		mailq_tell(t, 0, group);
	return r;
}

#define MAILQ_ASK_STEP 200

/* 1 there are more members, 0, < 0; the cursor moves in the same transaction as the questions */
static int mailq_founding_step(struct forum_txn *t, struct mailq_item *i) {
	struct member m;
	unsigned seen = 0;
	int r = 1;
	while (mailq_hooks.founding && r > 0 && seen++ < MAILQ_ASK_STEP && (r = member_each(t, &i->cursor, &m)) > 0)
		r = mailq_hooks.founding(t, i->group, m.id);
	if (r <= 0 || !mailq_hooks.founding)
		return r < 0 ? r : 0;
	return mailq_store(t, i, i->due) < 0 ? ERR_UNAVAILABLE : 1;
}

static int mailq_expand_other(struct forum_txn *t, struct mailq_item *i) {
	int more = 0, r = 1;
	if (i->kind == MAILQ_DIGEST)
		r = more = mailq_digest_send(t, i->member);
	else if (i->kind == MAILQ_FOUNDING)
		r = more = mailq_founding_step(t, i);
	else if (i->kind == MAILQ_TELL)
		r = mailq_hooks.tell ? mailq_hooks.tell(t, i->member, i->cursor) : 0;
	else if (i->kind == MAILQ_CATCHUP)
		r = mailq_hooks.catchup ? mailq_hooks.catchup(t, i->member, i->cursor) : 0;
	else if (mailq_hooks.cases && (r = mailq_hooks.cases(t, i->group)) >= 0)
		r = mailq_case_told(t, i->group);
	if (r < 0)
		return r;
	return more > 0 ? 1 : mailq_drop(t, i) < 0 ? ERR_UNAVAILABLE : 0;
}

int mailq_expand(struct forum_txn *t, uint64_t id, unsigned max) {
	struct mailq_item item;
	struct member m;
	struct post p;
	struct group g;
	enum subscribe_mode mode;
	int r = mailq_get(t, id, &item);
	if (r <= 0)
		return r;
	if (item.kind != MAILQ_POST && mailq_is_expanded(item.kind))
		return mailq_expand_other(t, &item);
	if (item.kind != MAILQ_POST)
		return ERR_INVALID;
	/* hidden, moved away, group removed since: nobody is mailed any more */
	r = post_get(t, item.post, &p);
	if (r > 0)
		r = p.state == POST_VISIBLE && post_number_in(&p, item.group) ? group_get(t, item.group, &g) : 0;
	if (r <= 0 || g.removed)
		return r < 0 ? r : mailq_drop(t, &item) < 0 ? ERR_UNAVAILABLE : 0;
	uint32_t parent_author = mailq_parent_author(t, &p);
	unsigned made = 0, seen = 0, watching = 0;
	if (item.cursor == 0 && mailq_direct(t, &p, &g, parent_author, &m)) {
		if ((r = mailq_copy(t, &p, g.id, &m, SUBSCRIBE_ALL)) < 0)
			return r;
		made++;
	}
	if (item.cursor == 0) {
		uint32_t watcher = 0;
		unsigned watched = 0;
		while (mailq_watcher_next(t, &p, &g, parent_author, &watcher, &watched, &m)) {
			if ((r = mailq_copy(t, &p, g.id, &m, SUBSCRIBE_ALL)) < 0)
				return r;
			watching++;
		}
	}
	/* those whom the mode leaves out cost little, but not nothing: they bound the step too */
	while (made < max && seen++ < 4 * max && (r = subscribe_next(t, item.group, &item.cursor, &mode)) > 0) {
		if (!mailq_wants(t, &p, &g, parent_author, item.cursor, &mode, &m))
			continue;
		if ((r = mailq_copy(t, &p, g.id, &m, mode)) < 0)
			break;
		made++;
	}
	if (r < 0)
		return r;
	bool more = made == max || seen > 4 * max;
	made += watching;
	if (made && (r = trace_add(t, p.id, p.message_id, "%u copies queued for %.*s", made, SLICE_ARG(g.name))) < 0)
		return r;
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

/* refused for what is in it or who sends it (RFC 3463 5.7.x): says nothing about the address */
static bool mailq_is_policy(struct slice answer) {
	struct slice word;
	for (int i = 0; i < 3 && slice_word(&answer, &word); i++)
		if (slice_starts(word, SLICE("5.7.")))
			return true;
	return false;
}

/* 2: the member's mail pauses from now on */
static int mailq_give_up(struct forum_txn *t, const struct mailq_item *i, struct slice answer, bool hard) {
	int r = mailq_trace(t, i, "mail failed for", answer), paused = 1;
	if (r > 0 && i->member && !mailq_is_policy(answer))
		r = paused = hard ? member_note_bounce(t, i->member) : member_note_bounce_soft(t, i->member);
	/* the member may be gone altogether */
	if (r < 0 && r != ERR_NOTFOUND)
		return r;
	r = mailq_drop(t, i);
	return r < 0 ? r : paused == 2 ? 2 : 1;
}

int mailq_defer(struct forum_txn *t, uint64_t id, struct slice answer) {
	static const int minutes[] = { 1, 5, 15, 60, 240 };
	struct mailq_item i;
	int r = mailq_get(t, id, &i);
	if (r <= 0)
		return r;
	if (t->time >= i.expires)
		return (r = mailq_give_up(t, &i, answer, false)) < 0 ? r : r == 2 ? 2 : 0;
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
	return r <= 0 ? r : mailq_give_up(t, &i, answer, true);
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
