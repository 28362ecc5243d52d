/* L kind u8, digest(16) of the key -> i64 end, value; l end u64, kind u8, digest -> empty. A few old ones are dropped
 * with each new one, so that the family needs no sweeper to stay small. */
#include "forumd/forum/memo.h"
#include "forumd/base/digest.h"
#include "forumd/forum/forum_private.h"

#define MEMO_VALUE_MAX 8100      /* the longest: what undoes a thousand threads that were muted at once */

static struct key memo_key(enum memo kind, struct slice key) {
	unsigned char d[16];
	struct key k;
	digest_id(key, d);
	key_begin(&k, 'L');
	key_u8(&k, (uint8_t)kind);
	key_bytes(&k, slice_of(d, sizeof d));
	return k;
}

static struct key memo_end_key(const struct key *k, int64_t end) {
	struct key e = key_1u64('l', (uint64_t)end);
	key_bytes(&e, slice_of(k->b + 1, 17));
	return e;
}

/* 1 and the stored value with its end in front, 0, < 0 */
static int memo_find(struct forum_txn *t, const struct key *k, struct slice *v) {
	int r = kv_get(t->kv, key_slice(k), v);
	return r > 0 && v->n < 8 ? ERR_CORRUPT : r;
}

int memo_get(struct forum_txn *t, enum memo kind, struct slice key, struct slice *value_r) {
	struct key k = memo_key(kind, key);
	struct slice v;
	int r = memo_find(t, &k, &v);
	if (r <= 0 || (int64_t)num_get64(v.p) < t->time)
		return r < 0 ? r : 0;
	if (value_r)
		*value_r = arena_slice(t->arena, slice_from(v, 8));
	return 1;
}

int memo_del(struct forum_txn *t, enum memo kind, struct slice key) {
	struct key k = memo_key(kind, key);
	struct slice v;
	int r = memo_find(t, &k, &v);
	if (r <= 0)
		return r;
	struct key end = memo_end_key(&k, (int64_t)num_get64(v.p));
	return (r = kv_del(t->kv, key_slice(&end))) < 0 || (r = kv_del(t->kv, key_slice(&k))) < 0 ? r : 1;
}

int memo_put(struct forum_txn *t, enum memo kind, struct slice key, struct slice value, int64_t expires) {
	struct key k = memo_key(kind, key), end = memo_end_key(&k, expires);
	struct buf b = { 0 };
	if (value.n > MEMO_VALUE_MAX)
		return ERR_TOOBIG;
	int r = memo_del(t, kind, key);
	if (r >= 0)
		r = memo_expire(t, t->time, 2);
	num_put64(buf_reserve(&b, 8), (uint64_t)expires);
	buf_commit(&b, 8);
	buf_add_slice(&b, value);
	if (r >= 0 && (r = forum_put(t, key_slice(&k), buf_slice(&b), NULL)) >= 0)
		r = forum_put(t, key_slice(&end), SLICE(""), NULL);
	buf_free(&b);
	return r < 0 ? r : 1;
}

int memo_expire(struct forum_txn *t, int64_t before, unsigned max) {
	unsigned dropped = 0;
	struct kv_cursor *c;
	struct slice key, v;
	struct key from;
	key_begin(&from, 'l');
	for (; dropped < max; dropped++) {
		struct key end, k;
		int r = kv_cursor_open(t->kv, &c);
		if (r < 0)
			return r;
		r = kv_seek(c, key_slice(&from), &key, &v);
		bool old = r > 0 && key.p[0] == 'l' && key.n == 26 && (int64_t)num_get64(key.p + 1) < before;
		if (old) {
			end = key_name('l', slice_from(key, 1));
			k = key_name('L', slice_from(key, 9));
		}
		kv_cursor_close(&c);
		if (r < 0)
			return r;
		if (!old)
			break;
		if ((r = kv_del(t->kv, key_slice(&end))) < 0 || (r = kv_del(t->kv, key_slice(&k))) < 0)
			return r;
	}
	return (int)dropped;
}
