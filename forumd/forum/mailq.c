/* The outgoing queue.
 *
 * q item -> the item; Q due, item -> empty, one for each item; y post, item -> empty for items that belong to a post.
 * The three are written and deleted together (mailq_store, mailq_drop): no due time without item, none twice.
 *
 * A copy keeps the member, not the address: address, access and bounces are looked at when it is read for sending, so
 * that leaving, a new address or lost access hold for what is queued already. */
#include "forumd/forum/mailq_private.h"
#include "forumd/forum/rights.h"

#define MAILQ_VERSION 1
#define MAILQ_LIFE (5 * 86400)
#define MAILQ_ANSWER_MAX 500

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
int mailq_store(struct forum_txn *t, const struct mailq_item *i, int64_t was_due) {
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

int mailq_drop(struct forum_txn *t, const struct mailq_item *i) {
	struct key item = key_1u64('q', i->id), due = key_2u64('Q', (uint64_t)i->due, i->id);
	struct key of_post = key_2u64('y', i->post, i->id);
	int r = kv_del(t->kv, key_slice(&item));
	if (r >= 0)
		r = kv_del(t->kv, key_slice(&due));
	if (r >= 0 && i->post)
		r = kv_del(t->kv, key_slice(&of_post));
	return r < 0 ? r : 1;
}

struct mailq_hooks mailq_hooks;

void mailq_set_hooks(const struct mailq_hooks *h) {
	mailq_hooks = *h;
}

/* the next time it is `hour` o'clock (UTC), after `from` */
int64_t mailq_next_hour(int64_t from, unsigned hour) {
	int64_t at = from - from % 86400 + (int64_t)hour * 3600;
	return at > from ? at : at + 86400;
}

/* the end of the member's quiet hours, or now */
int64_t mailq_after_quiet(const struct member *m, int64_t now) {
	unsigned hour = (unsigned)(now % 86400 / 3600), a = m->quiet_from, b = m->quiet_to;
	bool quiet = a < b ? hour >= a && hour < b : a > b && (hour >= a || hour < b);
	return quiet ? mailq_next_hour(now, b) : now;
}

/* stores it as a new item that is due at i->due, or now */
int mailq_add(struct forum_txn *t, struct mailq_item *i) {
	int64_t id = forum_next_id(t, "mailq");
	if (id < 0)
		return (int)id;
	i->id = (uint64_t)id;
	i->created = t->time;
	i->due = i->due > t->time ? i->due : t->time;
	i->expires = i->due + MAILQ_LIFE;
	return mailq_store(t, i, 0);
}

void mailq_tell(struct forum_txn *t, uint64_t post, uint32_t group) {
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
	for (int r = kv_seek(c, key_slice(&from), &key, &v); r > 0 && key_has_prefix(key, &from, 1);
		 r = kv_next(c, &key, &v))
		n++;
	kv_cursor_close(&c);
	return n;
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

int mailq_postpone(struct forum_txn *t, uint64_t id, int64_t due) {
	struct mailq_item i;
	int r = mailq_get(t, id, &i);
	if (r <= 0)
		return r;
	if (due > i.expires)
		due = i.expires;
	if (i.due >= due)
		return 0;
	int64_t was = i.due;
	i.due = due;
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
