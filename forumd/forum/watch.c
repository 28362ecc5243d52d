/* Z thread, member -> mode u8; z member, thread -> empty (to forget a member). */
#include "forumd/forum/watch.h"
#include "forumd/forum/forum_private.h"

int watch_set(struct forum_txn *t, uint32_t member, uint64_t thread, enum watch w) {
	struct key k = key_1u64('Z', thread), z = key_u32u64('z', member, thread);
	char mode = (char)w;
	key_u32(&k, member);
	if (watch_get(t, member, thread) == w)
		return 0;
	if (w == WATCH_NONE) {
		int r = forum_del(t, key_slice(&k), NULL);
		return r < 0 || (r = forum_del(t, key_slice(&z), NULL)) < 0 ? r : 1;
	}
	int r = forum_put(t, key_slice(&k), slice_of(&mode, 1), NULL);
	return r < 0 ? r : forum_put(t, key_slice(&z), SLICE(""), NULL);
}

enum watch watch_get(struct forum_txn *t, uint32_t member, uint64_t thread) {
	struct key k = key_1u64('Z', thread);
	struct slice v;
	key_u32(&k, member);
	return kv_get(t->kv, key_slice(&k), &v) > 0 && v.n == 1 ? (enum watch)v.p[0] : WATCH_NONE;
}

int watch_next(struct forum_txn *t, uint64_t thread, uint32_t *cursor, enum watch *w_r) {
	struct key k = key_1u64('Z', thread);
	struct kv_cursor *c;
	struct slice key, v;
	if (*cursor == UINT32_MAX)
		return 0;
	key_u32(&k, *cursor + 1);
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&k), &key, &v);
	if (r > 0 && (!key_has_prefix(key, &k, 9) || key.n != 13 || v.n != 1))
		r = 0;
	if (r > 0) {
		*cursor = num_get32(key.p + 9);
		*w_r = (enum watch)v.p[0];
	}
	kv_cursor_close(&c);
	return r;
}

int watch_merge(struct forum_txn *t, uint64_t from, uint64_t to) {
	uint32_t member = 0;
	enum watch w;
	int r;
	while ((r = watch_next(t, from, &member, &w)) > 0) {
		if (watch_get(t, member, to) == WATCH_NONE && (r = watch_set(t, member, to, w)) < 0)
			return r;
		if ((r = watch_set(t, member, from, WATCH_NONE)) < 0)
			return r;
	}
	return r;
}

int watch_forget(struct forum_txn *t, uint32_t member) {
	struct key k = key_1u32('z', member);
	for (;;) {
		struct kv_cursor *c;
		struct slice key, v;
		uint64_t thread = 0;
		int r = kv_cursor_open(t->kv, &c);
		if (r < 0)
			return r;
		r = kv_seek(c, key_slice(&k), &key, &v);
		if (r > 0 && key.n == 13 && key_has_prefix(key, &k, 5))
			thread = num_get64(key.p + 5);
		kv_cursor_close(&c);
		if (r <= 0 || !thread)
			return r < 0 ? r : 1;
		if ((r = watch_set(t, member, thread, WATCH_NONE)) < 0)
			return r;
	}
}
