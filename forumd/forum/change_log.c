/* X group, modseq -> number u32, kind u8: what changed in a group, in order. X group, 0 -> modseq u64: changes up to
 * that one were forgotten. A log is cut from its old end, so that what is left is whole from the floor on. */
#include "forumd/forum/forum_private.h"
#include "forumd/forum/group.h"

int group_change_next(struct forum_txn *t, uint32_t group, uint64_t *cursor, struct group_change *c_r) {
	struct kv_cursor *c;
	struct slice key, v;
	if (*cursor == UINT64_MAX)
		return 0;
	struct key k = key_u32u64('X', group, *cursor + 1);
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&k), &key, &v);
	if (r > 0 && !key_has_prefix(key, &k, 5))
		r = 0;
	if (r > 0 && (key.n != 13 || v.n != 5))
		r = ERR_CORRUPT;
	if (r > 0) {
		*c_r = (struct group_change){
			.modseq = num_get64(key.p + 5), .number = num_get32(v.p), .kind = (enum change_kind)v.p[4],
		};
		*cursor = c_r->modseq;
	}
	kv_cursor_close(&c);
	return r;
}

uint64_t group_change_floor(struct forum_txn *t, uint32_t group) {
	struct key k = key_u32u64('X', group, 0);
	struct slice v;
	return kv_get(t->kv, key_slice(&k), &v) > 0 && v.n == 8 ? num_get64(v.p) : 0;
}

/* the modseq of the record `keep` before the log's end: 1, 0 there are not that many, < 0 */
static int change_log_back(struct forum_txn *t, uint32_t group, unsigned keep, uint64_t *modseq_r) {
	struct key k = key_u32u64('X', group, UINT64_MAX);
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	for (r = kv_seek_before(c, key_slice(&k), &key, &v); r > 0; r = kv_prev(c, &key, &v)) {
		if (!key_has_prefix(key, &k, 5) || key.n != 13 || num_get64(key.p + 5) == 0) {
			r = 0;
			break;
		}
		if (keep-- == 0) {
			*modseq_r = num_get64(key.p + 5);
			break;
		}
	}
	kv_cursor_close(&c);
	return r;
}

int group_change_long(struct forum_txn *t, uint32_t *group, unsigned look, unsigned keep, uint64_t *upto_r) {
	struct key k = key_1u32('G', *group + 1);
	struct group_change first;
	struct kv_cursor *c;
	struct slice key, v;
	struct group g;
	if (*group == UINT32_MAX)
		return 0;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	*upto_r = 0;
	for (r = kv_seek(c, key_slice(&k), &key, &v); r > 0; r = kv_next(c, &key, &v)) {
		if (!key_has_prefix(key, &k, 1) || key.n != 5 || look-- == 0) {
			r = key.n == 5 && key_has_prefix(key, &k, 1) ? 1 : 0;
			break;
		}
		*group = num_get32(key.p + 1);
		uint64_t cursor = group_change_floor(t, *group);
		/* a log cannot be longer than its change numbers go; most are looked at no further */
		if ((r = group_get(t, *group, &g)) <= 0 || g.modseq - cursor <= keep ||
				(r = group_change_next(t, *group, &cursor, &first)) <= 0 || g.modseq - first.modseq < keep) {
			if (r < 0)
				break;
			continue;
		}
		if ((r = change_log_back(t, *group, keep, upto_r)) != 0)
			break;
	}
	kv_cursor_close(&c);
	return r;
}

int group_change_forget(struct forum_txn *t, uint32_t group, uint64_t upto, unsigned max) {
	struct key floor = key_u32u64('X', group, 0);
	uint64_t cursor = group_change_floor(t, group), last = 0;
	struct group_change c;
	char v[8];
	int r = 1;
	while (max-- && (r = group_change_next(t, group, &cursor, &c)) > 0 && c.modseq <= upto) {
		struct key k = key_u32u64('X', group, last = c.modseq);
		if ((r = kv_del(t->kv, key_slice(&k))) < 0)
			return r;
	}
	if (r < 0 || !last)
		return r < 0 ? r : 0;
	num_put64(v, last);
	r = forum_put(t, key_slice(&floor), slice_of(v, 8), NULL);
	return r < 0 ? r : last < upto;
}
