/* K digest -> expiry. A token's text is never kept: only its digest is. */
#include "forumd/forum/token.h"
#include "forumd/base/digest.h"
#include "forumd/forum/forum_private.h"

static struct key token_key(struct slice token) {
	unsigned char d[16];
	struct key k;
	digest_id(token, d);
	key_begin(&k, 'K');
	key_bytes(&k, slice_of(d, sizeof d));
	return k;
}

int token_revoke(struct forum_txn *t, struct slice token, int64_t expires) {
	struct key k = token_key(token);
	char v[8];
	num_put64(v, (uint64_t)expires);
	return forum_put(t, key_slice(&k), slice_of(v, 8), NULL);
}

bool token_is_revoked(struct forum_txn *t, struct slice token) {
	struct key k = token_key(token);
	struct slice v;
	/* an error of the store must not make a revoked token good again */
	return kv_get(t->kv, key_slice(&k), &v) != 0;
}

int token_expire(struct forum_txn *t, int64_t before, unsigned max) {
	struct kv_cursor *c;
	struct slice key, v;
	struct key at;
	unsigned dropped = 0, seen = 0;
	key_begin(&at, 'K');
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	while (seen++ < max && (r = kv_seek(c, key_slice(&at), &key, &v)) > 0 && key.p[0] == 'K' && key.n == 17) {
		bool old = v.n != 8 || (int64_t)num_get64(v.p) < before;
		key_begin(&at, 'K');
		key_bytes(&at, slice_from(key, 1));
		if (old && (r = kv_del(t->kv, key_slice(&at))) < 0)
			break;
		dropped += old;
		/* the smallest key behind this one */
		key_u8(&at, 0);
	}
	kv_cursor_close(&c);
	return r < 0 ? r : (int)dropped;
}
