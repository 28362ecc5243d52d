/* h member -> varint octets, varint messages. No record: not counted yet; the first change counts what is there. */
#include "forumd/forum/quota.h"
#include <stdatomic.h>
#include "forumd/forum/forum_private.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/personal.h"

static _Atomic uint64_t quota_max_bytes, quota_max_messages;

void quota_limit(struct quota limit) {
	atomic_store(&quota_max_bytes, limit.bytes);
	atomic_store(&quota_max_messages, limit.messages);
}

struct quota quota_limits(void) {
	return (struct quota){ .bytes = atomic_load(&quota_max_bytes), .messages = atomic_load(&quota_max_messages) };
}

static bool quota_counts(const struct group *box) {
	return personal_holds_own(box) || (box->owner && box->box == BOX_INBOX);
}

static int quota_count_box(struct forum_txn *t, uint32_t box, struct quota *q) {
	struct overview_iter it;
	struct overview o;
	int r = overview_iter_begin(t, box, 1, UINT32_MAX, &it);
	if (r < 0)
		return r;
	while ((r = overview_iter_next(&it, &o)) > 0)
		if (o.flags & POST_OWN) {
			q->bytes += (uint64_t)o.header_len + o.body_len;
			q->messages++;
		}
	overview_iter_end(&it);
	return r;
}

/* every box of the member: their records begin with the group */
static int quota_count(struct forum_txn *t, uint32_t member, struct quota *q) {
	struct key k = key_1u32('v', member), at = k;
	struct group g;
	int r = 1;
	*q = (struct quota){ 0 };
	while (r > 0) {
		struct kv_cursor *c;
		struct slice key, v;
		if ((r = kv_cursor_open(t->kv, &c)) < 0)
			return r;
		r = kv_seek(c, key_slice(&at), &key, &v);
		r = r > 0 && !key_has_prefix(key, &k, 5) ? 0 : r;
		uint32_t group = r > 0 && v.n >= 4 ? num_get32(v.p) : 0;
		if (r > 0) {
			at = key_name('v', slice_from(key, 1));
			key_u8(&at, 0);
		}
		kv_cursor_close(&c);
		if (r > 0 && group && (r = group_get(t, group, &g)) > 0 && quota_counts(&g) && quota_count_box(t, group, q) < 0)
			return ERR_CORRUPT;
		r = r < 0 ? r : key_has_prefix(key_slice(&at), &k, 5) && group;
	}
	return r < 0 ? r : 1;
}

int quota_used(struct forum_txn *t, uint32_t member, struct quota *used_r) {
	struct key k = key_1u32('h', member);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r == 0)
		return quota_count(t, member, used_r);
	if (r > 0 && (!num_take_varint(&v, &used_r->bytes) || !num_take_varint(&v, &used_r->messages)))
		r = ERR_CORRUPT;
	return r;
}

static int quota_store(struct forum_txn *t, uint32_t member, const struct quota *q) {
	struct key k = key_1u32('h', member);
	struct buf b = { 0 };
	num_add_varint(&b, q->bytes);
	num_add_varint(&b, q->messages);
	int r = forum_put(t, key_slice(&k), buf_slice(&b), NULL);
	buf_free(&b);
	return r;
}

int quota_take(struct forum_txn *t, uint32_t box, uint64_t bytes, struct fail *f) {
	struct quota q, limit = quota_limits();
	struct group g;
	int r = group_get(t, box, &g);
	if (r > 0 && !quota_counts(&g))
		return 1;
	if (r <= 0 || (r = quota_used(t, g.owner, &q)) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "your mailboxes cannot be changed now, try again later");
	if (f && limit.bytes && q.bytes + bytes > limit.bytes)
		return fail_set(f, ERR_QUOTA, "your own mailboxes hold %llu KB and may hold %llu: delete something first",
			(unsigned long long)(q.bytes / 1024), (unsigned long long)(limit.bytes / 1024));
	if (f && limit.messages && q.messages + 1 > limit.messages)
		return fail_set(f, ERR_QUOTA,
			"your own mailboxes hold %llu messages, and may hold no more: delete something first",
			(unsigned long long)q.messages);
	q.bytes += bytes;
	q.messages++;
	return quota_store(t, g.owner, &q);
}

int quota_open(struct forum_txn *t, uint32_t member) {
	struct key k = key_1u32('h', member);
	struct slice had;
	struct quota q;
	int r = kv_get(t->kv, key_slice(&k), &had);
	if (r == 0 && (r = quota_count(t, member, &q)) > 0)
		r = quota_store(t, member, &q);
	return r;
}

int quota_give(struct forum_txn *t, uint32_t box, uint64_t bytes) {
	struct quota q;
	struct group g;
	int r = group_get(t, box, &g);
	if (r <= 0 || !quota_counts(&g))
		return r < 0 ? r : 1;
	struct key k = key_1u32('h', g.owner);
	struct slice had;
	if ((r = kv_get(t->kv, key_slice(&k), &had)) == 0)
		return 1;      /* whoever counts later does not find it */
	if (r < 0 || (r = quota_used(t, g.owner, &q)) < 0)
		return r;
	q.bytes -= bytes < q.bytes ? bytes : q.bytes;
	q.messages -= q.messages > 0;
	return quota_store(t, g.owner, &q);
}
