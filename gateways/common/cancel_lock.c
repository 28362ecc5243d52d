#include "gateways/common/cancel_lock.h"
#include "forumd/base/base64.h"
#include "forumd/base/digest.h"
#include "forumd/base/text.h"

#define SCHEME "sha256:"
#define CODES_MAX 32            /* of one header that are looked at */
#define KEY_MAX 500

static void lock_of_key(struct slice key, struct buf *out) {
	unsigned char d[32];
	digest_sha256(key, d);
	base64_encode(slice_of(d, sizeof d), out);
}

static void lock_key_code(struct forum_txn *t, uint32_t member, struct slice message_id, struct buf *out) {
	struct buf what = { 0 };
	unsigned char d[32];
	/* the secret signs addresses too: the first words keep the two apart */
	buf_addf(&what, "cancel-lock %u ", member);
	buf_add_slice(&what, message_id);
	digest_hmac_sha256(forum_secret(t), buf_slice(&what), d);
	base64_encode(slice_of(d, sizeof d), out);
	buf_free(&what);
}

void cancel_lock_key(struct forum_txn *t, uint32_t member, struct slice message_id, struct buf *out) {
	buf_adds(out, SCHEME);
	lock_key_code(t, member, message_id, out);
}

void cancel_lock_make(struct forum_txn *t, uint32_t member, struct slice message_id, struct buf *out) {
	struct buf key = { 0 };
	lock_key_code(t, member, message_id, &key);
	buf_adds(out, SCHEME);
	lock_of_key(buf_slice(&key), out);
	buf_free(&key);
}

/* the next code of scheme sha256 in a list separated by white space (RFC 8315 2) */
static bool lock_next(struct slice *rest, struct slice *code_r) {
	struct slice word, scheme = SLICE(SCHEME);
	while (slice_word(rest, &word))
		if (slice_starts_nocase(word, scheme) && word.n > scheme.n && word.n <= KEY_MAX) {
			*code_r = slice_from(word, scheme.n);
			return true;
		}
	return false;
}

static bool lock_holds(struct slice locks, struct slice made) {
	struct slice lock;
	for (unsigned i = 0; i < CODES_MAX && lock_next(&locks, &lock); i++)
		if (lock.n == made.n && digest_equal(lock.p, made.p, made.n))
			return true;
	return false;
}

bool cancel_lock_opens(struct slice locks, struct slice keys) {
	struct slice key;
	bool opens = false;
	for (unsigned i = 0; i < CODES_MAX && !opens && lock_next(&keys, &key); i++) {
		struct buf made = { 0 };
		lock_of_key(key, &made);
		opens = lock_holds(locks, buf_slice(&made));
		buf_free(&made);
	}
	return opens;
}
