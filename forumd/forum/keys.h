/* keys.h - every key family of the store, nowhere else. One byte of family, then big-endian fields: order in the store
 * IS the index. The table in doc/storage.md is this file in prose. Private to forumd/forum/.
 *
 *  G group                 -> group record            g name                    -> u32 group
 *  ~ post                  -> head record             ~ post, chunk u32        -> stored octets, <= 996
 *    (the last family: it grows most, and only what grows at the end of the tree leaves full pages behind)
 *  I msgid-digest(16)      -> u64 post                N post                    -> overview + envelope of a pending
 * post
 *  O group, number         -> overview record         E group, number           -> envelope record
 *  X group, modseq u64     -> number u32, kind u8     H group, block u32        -> invisible numbers (range_set)
 *  T thread, post          -> u64 parent              C parent, child           -> empty
 *  W group, digest, post   -> rank u8 (orphan waits for that id)
 *  w group, digest         -> u64 thread (ghost: posts that cite an id nobody has share a thread)
 *  U member                -> member record           u address or name key     -> u32 member
 *  S member, group         -> mode u8                 s group, member           -> mode u8
 *  F member, group, block  -> marks                   F member, group, block, part u8 -> those of own keywords
 *  k member, group, name   -> a value the member's programs keep about the mailbox
 *  h member                -> octets and messages in his own mailboxes
 *  f member                -> names of the member's own keywords
 *  D post, member u32, kind u8 -> report              d place u64, post         -> u32 group (queue order; place is
 *                                                       seconds << 20, made unique)
 *  A serial                -> audit entry             a group, serial           -> empty
 *  Q due u64, item         -> empty                   q item -> item            y post, item -> empty (items of a post)
 *  R subject, serial       -> trace entry (serial 0:  r time u64, serial        -> subject (expiry; one octet more: the
 *                             the subject's other name)                           tie)
 *    subject: 'p' post, or 'm' msgid-digest(16)
 *  B group (0 all)         -> refused u32, approved u32 (posts learned)
 *  B group, block u8       -> 256 cells of u16, u16    b post -> lesson u8, group u32, audit serial u64 (spam.h)
 *  K token-digest(16)      -> i64 expiry (revoked)
 *  J group, kind u8, ...   -> full-text index (search_private.h)
 *  v member, 32, name      -> u32 group, use u8 (own folders)
 *  v member, box u8        -> u32 group (own boxes)   Y post, group             -> u32 number (pointer in a box)
 *  Z thread, member        -> mode u8 (watch, mute)   z member, thread          -> empty
 *  m group, number         -> u64 post that was moved away from there
 *  m 0, post, group        -> u64 post that points there, in the group it was moved from (pointer.h)
 *  L kind u8, digest(16)  -> i64 end, value (memo)   l end u64, kind, digest -> empty
 *  e member, post          -> u32 group, text u8 (waits for the member's digest)
 *  p when u64, post        -> empty (tombstones whose text goes then)   o post -> u64 when
 *  c member, name          -> password of one program of a member
 *  M name                  -> settings               G 0, name                  -> u64 last number of a counter
 */
#ifndef FORUMD_FORUM_KEYS_H
#define FORUMD_FORUM_KEYS_H
#include "forumd/base/num.h"

enum { KEY_POST = '~' };

struct key { size_t n; char b[512]; };

static inline struct slice key_slice(const struct key *k) { return slice_of(k->b, k->n); }
static inline void key_begin(struct key *k, char family) { k->b[0] = family; k->n = 1; }
static inline void key_u8(struct key *k, uint8_t v) { k->b[k->n++] = (char)v; }
static inline void key_u32(struct key *k, uint32_t v) { num_put32(k->b + k->n, v); k->n += 4; }
static inline void key_u64(struct key *k, uint64_t v) { num_put64(k->b + k->n, v); k->n += 8; }
/* at most 400 octets; callers check lengths of names and addresses before */
static inline void key_bytes(struct key *k, struct slice s) {
	size_t n = s.n < 400 ? s.n : 400;
	if (n)
		memcpy(k->b + k->n, s.p, n);
	k->n += n;
}

static inline struct key key_1u32(char f, uint32_t a) { struct key k; key_begin(&k, f); key_u32(&k, a); return k; }
static inline struct key key_1u64(char f, uint64_t a) { struct key k; key_begin(&k, f); key_u64(&k, a); return k; }
static inline struct key key_2u32(char f, uint32_t a, uint32_t b) {
	struct key k;
	key_begin(&k, f);
	key_u32(&k, a);
	key_u32(&k, b);
	return k;
}
static inline struct key key_2u64(char f, uint64_t a, uint64_t b) {
	struct key k;
	key_begin(&k, f);
	key_u64(&k, a);
	key_u64(&k, b);
	return k;
}
static inline struct key key_u32u64(char f, uint32_t a, uint64_t b) {
	struct key k;
	key_begin(&k, f);
	key_u32(&k, a);
	key_u64(&k, b);
	return k;
}
static inline struct key key_name(char f, struct slice s) {
	struct key k;
	key_begin(&k, f);
	key_bytes(&k, s);
	return k;
}
/* does `key` begin with the first n octets of k? (end of a prefix scan) */
static inline bool key_has_prefix(struct slice key, const struct key *k, size_t n) {
	return key.n >= n && memcmp(key.p, k->b, n) == 0;
}
#endif
