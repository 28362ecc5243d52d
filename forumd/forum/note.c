/* k member, group, name -> value */
#include "forumd/forum/note.h"
#include "forumd/forum/forum_private.h"

static struct key note_key(uint32_t member, uint32_t group, struct slice name) {
	struct key k = key_2u32('k', member, group);
	key_bytes(&k, name);
	return k;
}

int note_get(struct forum_txn *t, uint32_t member, uint32_t group, struct slice name, struct slice *value_r) {
	struct key k = note_key(member, group, name);
	return name.n && name.n <= NOTE_NAME_MAX ? forum_get(t, key_slice(&k), value_r) : 0;
}

int note_next(struct forum_txn *t, uint32_t member, uint32_t group, struct slice *name, struct slice *value_r) {
	struct key k = note_key(member, group, *name);
	struct kv_cursor *c;
	struct slice key, v;
	key_u8(&k, 0);           /* behind it */
	k.n -= name->n == 0;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&k), &key, &v);
	if (r > 0 && (!key_has_prefix(key, &k, 9) || key.n < 10))
		r = 0;
	if (r > 0) {
		*name = arena_slice(t->arena, slice_from(key, 9));
		*value_r = t->write ? arena_slice(t->arena, v) : v;
	}
	kv_cursor_close(&c);
	return r;
}

/* records whose keys begin with the first n octets of k, up to max */
static int note_count(struct forum_txn *t, const struct key *k, size_t n, unsigned max) {
	struct key from = *k;
	struct kv_cursor *c;
	struct slice key, v;
	unsigned count = 0;
	from.n = n;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	for (r = kv_seek(c, key_slice(&from), &key, &v); r > 0 && count < max && key_has_prefix(key, k, n);
		 r = kv_next(c, &key, &v))
		count++;
	kv_cursor_close(&c);
	return r < 0 ? r : (int)count;
}

int note_set(struct forum_txn *t, uint32_t member, uint32_t group, struct slice name, struct slice value,
	struct fail *f) {
	struct key k = note_key(member, group, name);
	struct slice had;
	if (!member || !name.n || name.n > NOTE_NAME_MAX)
		return fail_set(f, ERR_INVALID, "a name has at most %d octets", NOTE_NAME_MAX);
	if (value.n > NOTE_VALUE_MAX)
		return fail_set(f, ERR_TOOBIG, "a value has at most %d octets", NOTE_VALUE_MAX);
	int r = kv_get(t->kv, key_slice(&k), &had);
	if (r >= 0)
		forum_tell_own(t, member, group);
	if (r >= 0 && !value.p)
		return (r = forum_del(t, key_slice(&k), f)) < 0 ? r : 1;
	if (r == 0) {
		int here = note_count(t, &k, 9, NOTE_GROUP_MAX), all = note_count(t, &k, 5, NOTE_MEMBER_MAX);
		if (here >= NOTE_GROUP_MAX || all >= NOTE_MEMBER_MAX)
			return fail_set(f, ERR_LIMIT, "no more than %d values on a mailbox, and %d in all", NOTE_GROUP_MAX,
				NOTE_MEMBER_MAX);
	}
	return r < 0 ? fail_internal(f, "notes of member %u: %s", member, err_name((enum err)r))
				 : forum_put(t, key_slice(&k), value, f);
}
