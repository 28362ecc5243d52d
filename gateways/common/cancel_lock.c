#include "gateways/common/cancel_lock.h"
#include "forumd/base/base64.h"
#include "forumd/base/digest.h"
#include "forumd/base/text.h"

#define SCHEME "sha256:"
#define CODES_MAX 32            /* of one header that are looked at */
#define KEY_MAX 500

/* RFC 8315 2 and 7: sha256 is what we make; sha1 is what old clients made, sha512 what some make */
enum scheme { SCHEME_SHA256, SCHEME_SHA1, SCHEME_SHA512, SCHEME_COUNT };
static const struct slice schemes[SCHEME_COUNT] = { SLICE_INIT("sha256:"), SLICE_INIT("sha1:"), SLICE_INIT("sha512:") };

static void lock_of_key(enum scheme scheme, struct slice key, struct buf *out) {
	static const size_t octets[SCHEME_COUNT] = { 32, 20, 64 };
	unsigned char d[64];
	switch (scheme) {
	case SCHEME_SHA1: digest_sha1(key, d); break;
	case SCHEME_SHA512: digest_sha512(key, d); break;
	default: digest_sha256(key, d);
	}
	base64_encode(slice_of(d, octets[scheme]), out);
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
	lock_of_key(SCHEME_SHA256, buf_slice(&key), out);
	buf_free(&key);
}

/* the next code of a scheme that is known, in a list separated by white space */
static bool lock_next(struct slice *rest, enum scheme *scheme_r, struct slice *code_r) {
	struct slice word;
	while (slice_word(rest, &word))
		for (int i = 0; i < SCHEME_COUNT; i++)
			if (slice_starts_nocase(word, schemes[i]) && word.n > schemes[i].n && word.n <= KEY_MAX) {
				*scheme_r = (enum scheme)i;
				*code_r = slice_from(word, schemes[i].n);
				return true;
			}
	return false;
}

static bool lock_holds(struct slice locks, enum scheme scheme, struct slice made) {
	struct slice lock;
	enum scheme s;
	for (unsigned i = 0; i < CODES_MAX && lock_next(&locks, &s, &lock); i++)
		if (s == scheme && lock.n == made.n && digest_equal(lock.p, made.p, made.n))
			return true;
	return false;
}

bool cancel_lock_opens(struct slice locks, struct slice keys) {
	struct slice key;
	enum scheme s;
	bool opens = false;
	for (unsigned i = 0; i < CODES_MAX && !opens && lock_next(&keys, &s, &key); i++) {
		struct buf made = { 0 };
		lock_of_key(s, key, &made);
		opens = lock_holds(locks, s, buf_slice(&made));
		buf_free(&made);
	}
	return opens;
}
