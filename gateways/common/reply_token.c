/* reply_token.c - payload = kind, then varints id, member, group, minute of expiry; MAC = the first 80 bits of
 * HMAC-SHA256 over a purpose string and the payload. The text is base32 of both; it is compared with its own
 * re-encoding, because spare bits of the last character would else give one token several spellings. */
#include "gateways/common/reply_token.h"
#include "forumd/base/base64.h"
#include "forumd/base/digest.h"
#include "forumd/base/num.h"
#include "forumd/forum/token.h"

#define MAC_OCTETS 10
#define TOKEN_MAX 80
#define LOCAL_MAX 64
#define GRACE_SECONDS 300

static void reply_token_mac(struct slice secret, struct slice payload, unsigned char out[32]) {
	struct buf b = { 0 };
	buf_adds(&b, "forumd token 1");
	buf_addc(&b, 0);
	buf_add_slice(&b, payload);
	digest_hmac_sha256(secret, buf_slice(&b), out);
	buf_free(&b);
}

void reply_token_make(struct slice secret, const struct reply_token *k, struct buf *out) {
	struct buf b = { 0 };
	unsigned char mac[32];
	buf_addc(&b, (char)k->kind);
	num_add_varint(&b, k->id);
	num_add_varint(&b, k->member);
	num_add_varint(&b, k->group);
	num_add_varint(&b, k->expires > 0 ? (uint64_t)(k->expires + 59) / 60 : 0);
	reply_token_mac(secret, buf_slice(&b), mac);
	buf_add(&b, mac, MAC_OCTETS);
	base32_encode(buf_slice(&b), out);
	buf_free(&b);
}

static int reply_token_fields(struct slice in, struct reply_token *k) {
	uint64_t member, group, minute;
	if (!in.n ||
		((unsigned char)in.p[0] > TOKEN_CASE && in.p[0] != TOKEN_SUBSCRIBE && in.p[0] != TOKEN_ACT &&
			in.p[0] != TOKEN_AUTHOR && in.p[0] != TOKEN_DIGEST))
		return 0;
	k->kind = (enum token_kind)in.p[0];
	in = slice_from(in, 1);
	if (!num_take_varint(&in, &k->id) || !num_take_varint(&in, &member) || !num_take_varint(&in, &group) ||
	    !num_take_varint(&in, &minute) || in.n || member > UINT32_MAX || group > UINT32_MAX || minute > UINT32_MAX)
		return 0;
	k->member = (uint32_t)member;
	k->group = (uint32_t)group;
	k->expires = (int64_t)minute * 60;
	return 1;
}

static int reply_token_open(struct slice secret, struct slice token, struct buf *raw, struct reply_token *k) {
	struct buf again = { 0 };
	unsigned char mac[32];
	if (token.n > TOKEN_MAX || !base32_decode(token, raw) || buf_len(raw) <= MAC_OCTETS)
		return 0;
	base32_encode(buf_slice(raw), &again);
	bool canonical = slice_eq(buf_slice(&again), token);
	buf_free(&again);
	if (!canonical)
		return 0;
	struct slice payload = slice_to(buf_slice(raw), buf_len(raw) - MAC_OCTETS);
	reply_token_mac(secret, payload, mac);
	if (!digest_equal(mac, payload.p + payload.n, MAC_OCTETS))
		return 0;
	return reply_token_fields(payload, k);
}

int reply_token_check(struct forum_txn *t, struct slice token, struct reply_token *k_r) {
	struct buf raw = { 0 };
	int r = reply_token_open(forum_secret(t), token, &raw, k_r);
	buf_free(&raw);
	if (r <= 0)
		return 0;
	if (k_r->expires && forum_time(t) > k_r->expires + GRACE_SECONDS)
		return ERR_GONE;
	return token_is_revoked(t, token) ? ERR_DENIED : 1;
}

void reply_token_local_word(struct slice group, char separator, const char *word, struct slice token, struct buf *out) {
	if (group.n + 1 + strlen(word) + 1 + token.n <= LOCAL_MAX) {
		buf_add_slice(out, group);
		buf_addc(out, separator);
		buf_adds(out, word);
	} else {
		buf_addc(out, word[0]);
	}
	buf_addc(out, separator);
	buf_add_slice(out, token);
}

void reply_token_local(struct slice group, char separator, struct slice token, struct buf *out) {
	reply_token_local_word(group, separator, "reply", token, out);
}
