/* replace.c - MEMO_REPLACED old post u64 -> new post u64, without an end; p when u64, post u64 -> empty and o post u64
 * -> when u64: tombstones in the order in which their texts go. */
#include "forumd/forum/replace.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/group.h"
#include "forumd/forum/marks.h"
#include "forumd/forum/member.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/thread.h"
#include "forumd/forum/watch.h"

#define REPLACE_CHAIN 16           /* edits of edits that are followed */
#define REPLACE_CHILDREN 2000      /* answers that move along */
#define REPLACE_MEMBERS 20000      /* members whose marks are looked at */
#define REPLACE_TEXT_MAX (1u << 20)
#define REPLACE_SMALL 40
#define DAY 86400

static struct slice replace_key(uint64_t id, char b[8]) {
	num_put64(b, id);
	return slice_of(b, 8);
}

uint64_t replace_latest(struct forum_txn *t, uint64_t id) {
	struct slice v;
	char b[8];
	for (unsigned i = 0; i < REPLACE_CHAIN && memo_get(t, MEMO_REPLACED, replace_key(id, b), &v) > 0 && v.n == 8; i++)
		id = num_get64(v.p);
	return id;
}

bool replace_is_small(struct slice old, struct slice fresh) {
	size_t most = old.n > fresh.n ? old.n : fresh.n, least = old.n < fresh.n ? old.n : fresh.n, head = 0, tail = 0;
	while (head < least && old.p[head] == fresh.p[head])
		head++;
	while (tail < least - head && old.p[old.n - 1 - tail] == fresh.p[fresh.n - 1 - tail])
		tail++;
	size_t changed = most - head - tail;
	return changed <= REPLACE_SMALL || changed * 10 <= most;
}

static bool replace_little(struct forum_txn *t, const struct post *fresh, const struct post *old) {
	struct buf a = { 0 }, b = { 0 };
	bool little = old->body_len <= REPLACE_TEXT_MAX && fresh->body_len <= REPLACE_TEXT_MAX &&
		slice_eq(old->subject, fresh->subject) && post_body(t, old, 0, old->body_len, &a) > 0 &&
		post_body(t, fresh, 0, fresh->body_len, &b) > 0 && replace_is_small(buf_slice(&a), buf_slice(&b));
	buf_free(&a);
	buf_free(&b);
	return little;
}

/* who had read the old one has read the new one */
static int replace_seen(struct forum_txn *t, const struct post *fresh, const struct post *old) {
	struct range_set one = { 0 };
	struct member m;
	uint32_t cursor = 0;
	int r = 1;
	for (unsigned n = 0; n < REPLACE_MEMBERS && r >= 0 && member_each(t, &cursor, &m) > 0; n++) {
		if (m.kind != MEMBER_ACCOUNT)
			continue;
		for (size_t i = 0; i < fresh->nplaces && r >= 0; i++) {
			uint32_t was = post_number_in(old, fresh->places[i].group);
			if (!was || !marks_has(t, m.id, fresh->places[i].group, was, MARK_SEEN))
				continue;
			range_set_clear(&one);
			range_set_add(&one, fresh->places[i].number, fresh->places[i].number);
			r = marks_set(t, m.id, fresh->places[i].group, MARK_SEEN, &one, true);
		}
	}
	range_set_free(&one);
	return r < 0 ? r : 1;
}

/* answers to the old one; each keeps the reason why it hung there */
int replace_adopt(struct forum_txn *t, const struct post *fresh, const struct post *old) {
	uint64_t cursor = 0, child;
	struct post c;
	int r = 1;
	for (unsigned n = 0; n < REPLACE_CHILDREN && (r = thread_child_next(t, old->id, &cursor, &child)) > 0; n++) {
		struct fail f = { 0 };
		if (child == fresh->id || (r = post_get(t, child, &c)) <= 0)
			continue;
		r = thread_set_parent(t, child, fresh->id, c.reason, &f);
		if (r < 0 && r != ERR_INVALID)      /* a cross-post's answer that shares no group with the new one stays */
			return r;
	}
	return r < 0 && r != ERR_INVALID ? r : 1;
}

/* what moderators locked is not opened by a new version, which may begin a thread of its own */
static int replace_lock(struct forum_txn *t, const struct post *fresh, const struct post *old, struct fail *f) {
	int r = rights_locked(t, old);
	if (r > 0 && (r = rights_locked(t, fresh)) == 0)
		return post_set_flags(t, fresh->id, POST_LOCKED, 0, f);
	return r < 0 ? r : 1;
}

int replace_post(struct forum_txn *t, const struct post *fresh, const struct post *old, struct fail *f) {
	char from[8], to[8];
	int r = old->state == POST_VISIBLE && replace_little(t, fresh, old) ? replace_seen(t, fresh, old) : 1;
	if (r >= 0)
		r = post_set_state(t, old->id, POST_DELETED, f);
	if (r >= 0)
		r = memo_put(t, MEMO_REPLACED, replace_key(old->id, from), replace_key(fresh->id, to), INT64_MAX);
	if (r >= 0)
		r = replace_adopt(t, fresh, old);
	if (r >= 0)
		r = replace_lock(t, fresh, old, f);
	/* the first post of a thread took its thread along */
	if (r >= 0 && !old->parent && old->thread && fresh->thread && old->thread != fresh->thread)
		r = watch_merge(t, old->thread, fresh->thread);
	return r < 0 && !f->code ? fail_set(f, (enum err)r, "the old post cannot be replaced now, try again later")
		: r < 0              ? r
							 : 1;
}

/* --- tombstones --- */

int tombstone_note(struct forum_txn *t, uint64_t id, bool deleted) {
	struct key of = key_1u64('o', id);
	struct slice v;
	char when[8];
	int r = kv_get(t->kv, key_slice(&of), &v);
	if (r > 0 && v.n == 8) {
		struct key old = key_2u64('p', num_get64(v.p), id);
		if ((r = kv_del(t->kv, key_slice(&old))) < 0 || (r = kv_del(t->kv, key_slice(&of))) < 0)
			return r;
	}
	if (r < 0 || !deleted)
		return r < 0 ? r : 1;
	int64_t at = t->time + TOMBSTONE_DAYS * DAY;
	struct key due = key_2u64('p', (uint64_t)at, id);
	num_put64(when, (uint64_t)at);
	r = forum_put(t, key_slice(&of), slice_of(when, 8), NULL);
	return r < 0 ? r : forum_put(t, key_slice(&due), slice_of("", 0), NULL);
}

/* the first that waits: 1, 0, < 0 */
static int tombstone_first(struct forum_txn *t, int64_t *at_r, uint64_t *id_r) {
	struct kv_cursor *c;
	struct slice key, v;
	struct key from;
	key_begin(&from, 'p');
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&from), &key, &v);
	bool have = r > 0 && key.n == 17 && key_has_prefix(key, &from, 1);
	if (have)
		*at_r = (int64_t)num_get64(key.p + 1), *id_r = num_get64(key.p + 9);
	kv_cursor_close(&c);
	return r < 0 ? r : have;
}

int64_t tombstone_next(struct forum_txn *t) {
	int64_t at = 0;
	uint64_t id;
	return tombstone_first(t, &at, &id) > 0 ? at : 0;
}

int tombstone_purge(struct forum_txn *t, unsigned max, struct fail *f) {
	struct post p;
	int64_t at;
	uint64_t id;
	int n = 0, r = 0;
	while ((unsigned)n < max && (r = tombstone_first(t, &at, &id)) > 0 && at <= t->time) {
		if ((r = tombstone_note(t, id, false)) < 0 || (r = post_get(t, id, &p)) < 0)
			break;
		if (r > 0 && p.state == POST_DELETED && p.header_z1 + p.header_z2 + p.body_z && (r = post_erase(t, id, f)) < 0)
			return r;
		n++;
	}
	return r < 0 ? fail_set(f, (enum err)r, "old tombstones cannot be looked at now") : n;
}
