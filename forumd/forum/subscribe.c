/* S member, group -> mode and s group, member -> mode are always written together. Expansion of a post walks s. */
#include "forumd/forum/subscribe.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/rights.h"

static const char *const subscribe_names[] = { "none", "all", "first", "replies", "digest", "digest-text" };

const char *subscribe_mode_name(enum subscribe_mode m) {
	return (unsigned)m < sizeof subscribe_names / sizeof *subscribe_names ? subscribe_names[m] : "?";
}

int subscribe_mode_parse(struct slice s) {
	for (int i = 0; i <= SUBSCRIBE_DIGEST_TEXT; i++)
		if (slice_is_nocase(s, subscribe_names[i]))
			return i;
	return ERR_INVALID;
}

int subscribe_set(struct forum_txn *t, uint32_t member, uint32_t group, enum subscribe_mode m, struct fail *f) {
	struct key k = key_2u32('S', member, group), back = key_2u32('s', group, member);
	struct slice mode = slice_of(&(char){ (char)m }, 1);
	struct member who;
	struct group g;
	if (m == SUBSCRIBE_NONE) {
		/* who lost access, or whose group went, may always stop the mail */
		int r = kv_del(t->kv, key_slice(&k));
		if (r >= 0)
			r = kv_del(t->kv, key_slice(&back));
		return r < 0 ? fail_internal(f, "unsubscribe: %s", err_name((enum err)r)) : 1;
	}
	if ((unsigned)m > SUBSCRIBE_DIGEST_TEXT)
		return fail_set(f, ERR_INVALID, "no such way to get mail: all, first, replies, digest, digest-text, none");
	int r = group_get(t, group, &g);
	if (r < 0)
		return fail_internal(f, "subscribe: %s", err_name((enum err)r));
	if (r == 0 || !rights_can_read(t, member, &g))
		return fail_set(f, ERR_NOTFOUND, "no such group");
	if (member_get(t, member, &who) <= 0 || who.kind != MEMBER_ACCOUNT)
		return fail_set(f, ERR_NOTFOUND, "no such member");
	if ((r = forum_put(t, key_slice(&k), mode, f)) < 0)
		return r;
	return forum_put(t, key_slice(&back), mode, f);
}

/* a stored mode; damage counts as none */
static enum subscribe_mode subscribe_mode_of(struct slice v) {
	return v.n == 1 && (unsigned char)*v.p <= SUBSCRIBE_DIGEST_TEXT ? (enum subscribe_mode)*v.p : SUBSCRIBE_NONE;
}

enum subscribe_mode subscribe_get(struct forum_txn *t, uint32_t member, uint32_t group) {
	struct key k = key_2u32('S', member, group);
	struct slice v;
	return kv_get(t->kv, key_slice(&k), &v) > 0 ? subscribe_mode_of(v) : SUBSCRIBE_NONE;
}

/* the next key (family, first, > *cursor) */
static int subscribe_step(struct forum_txn *t, char family, uint32_t first, uint32_t *cursor,
	enum subscribe_mode *m_r) {
	struct key k = key_2u32(family, first, *cursor + 1);
	struct kv_cursor *c;
	struct slice key, v;
	if (*cursor == UINT32_MAX)
		return 0;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&k), &key, &v);
	if (r > 0 && key_has_prefix(key, &k, 5) && key.n == 9) {
		*cursor = num_get32(key.p + 5);
		*m_r = subscribe_mode_of(v);
	} else if (r > 0) {
		r = 0;
	}
	kv_cursor_close(&c);
	return r;
}

int subscribe_next(struct forum_txn *t, uint32_t group, uint32_t *cursor, enum subscribe_mode *m_r) {
	return subscribe_step(t, 's', group, cursor, m_r);
}

int subscribe_of_member(struct forum_txn *t, uint32_t member, uint32_t *cursor, enum subscribe_mode *m_r) {
	return subscribe_step(t, 'S', member, cursor, m_r);
}
