/* Signed addresses: what is made is read; nothing else is. */
#include "forumd/base/clock.h"
#include "forumd/forum/token.h"
#include "gateways/common/reply_token.h"
#include "tests/tap/tap.h"

static struct forum *forum;
static struct forum_txn *t;

static void fresh(void) {
	struct fail f = { 0 };
	forum_read_end(&t);
	if (forum_read_begin(forum, &t, &f) < 0)
		bail("read: %s", f.text);
}

static void test_round_trip(void) {
	static const struct reply_token v[] = {
		{ TOKEN_REPLY, 1, 1, 1, 2000000040 }, { TOKEN_BOUNCE, UINT64_MAX, UINT32_MAX, UINT32_MAX, 0 },
		{ TOKEN_UNSUBSCRIBE, 123456789, 4711, 99, 2500000020 },
	};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct buf b = { 0 };
		struct reply_token k = { 0 };
		reply_token_make(forum_secret(t), &v[i], &b);
		is_int(reply_token_check(t, buf_slice(&b), &k), 1, "token %zu is good", i);
		ok(k.kind == v[i].kind && k.id == v[i].id && k.member == v[i].member && k.group == v[i].group,
			"token %zu says what was put in", i);
		is_int(k.expires, v[i].expires, "token %zu: expiry", i);
		for (size_t n = 0; n < buf_len(&b); n++)
			if (!((b.data[n] >= 'a' && b.data[n] <= 'z') || (b.data[n] >= '2' && b.data[n] <= '7')))
				bail("character %c in a token", b.data[n]);
		ok(buf_len(&b) <= 60, "token %zu has %zu characters", i, buf_len(&b));
		buf_free(&b);
	}
}

static void test_tampering(void) {
	static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
	struct reply_token k = { TOKEN_REPLY, 42, 7, 3, 4000000020 }, got;
	struct buf b = { 0 };
	unsigned taken = 0, cut = 0;
	reply_token_make(forum_secret(t), &k, &b);
	for (size_t i = 0; i < buf_len(&b); i++) {
		char was = b.data[i];
		for (int c = 0; c < 32; c++) {
			b.data[i] = alphabet[c];
			taken += alphabet[c] != was && reply_token_check(t, buf_slice(&b), &got) != 0;
		}
		b.data[i] = (char)(was - 32);
		taken += was >= 'a' && reply_token_check(t, buf_slice(&b), &got) != 0;
		b.data[i] = was;
		cut += reply_token_check(t, slice_to(buf_slice(&b), i), &got) != 0;
	}
	is_int(taken, 0, "no other character anywhere is taken");
	is_int(cut, 0, "no shorter token is taken");
	buf_addc(&b, 'a');
	is_int(reply_token_check(t, buf_slice(&b), &got), 0, "nor a longer one");
	is_int(reply_token_check(t, SLICE(""), &got), 0, "nor the empty one");
	buf_reset(&b);
	reply_token_make(SLICE("another secret"), &k, &b);
	is_int(reply_token_check(t, buf_slice(&b), &got), 0, "nor one of another secret");
	buf_free(&b);
}

static void test_expiry(void) {
	int64_t now = clock_now();
	static const struct {
		int64_t ago;
		int want;
	} v[] = { { -3600, 1 }, { 0, 1 }, { 200, 1 }, { 500, ERR_GONE }, { 86400, ERR_GONE } };
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		struct reply_token k = { TOKEN_REPLY, 1, 1, 1, now - v[i].ago }, got;
		struct buf b = { 0 };
		reply_token_make(forum_secret(t), &k, &b);
		is_int(reply_token_check(t, buf_slice(&b), &got), v[i].want, "expired %lld seconds ago", (long long)v[i].ago);
		buf_free(&b);
	}
}

static void test_revoked(void) {
	struct reply_token k = { TOKEN_REPLY, 9, 9, 9, 4000000020 }, got;
	struct forum_txn *w;
	struct fail f = { 0 };
	struct buf b = { 0 };
	reply_token_make(forum_secret(t), &k, &b);
	if (forum_write_begin(forum, NULL, &w, &f) < 0 || token_revoke(w, buf_slice(&b), k.expires) < 0 ||
		forum_commit(&w, &f) < 0)
		bail("revoke: %s", f.text);
	fresh();
	is_int(reply_token_check(t, buf_slice(&b), &got), ERR_DENIED, "a revoked token");
	buf_free(&b);
}

static void test_local(void) {
	struct buf b = { 0 };
	reply_token_local(SLICE("test.forum"), '-', SLICE("abcd"), &b);
	is_buf(&b, "test.forum-reply-abcd", "GROUP-reply-TOKEN");
	buf_reset(&b);
	reply_token_local(SLICE("a.group.with.a.name.that.is.quite.long"), '+', SLICE("abcdefghijklmnopqrstuvwxyz"), &b);
	is_buf(&b, "r+abcdefghijklmnopqrstuvwxyz", "r-TOKEN for long names");
	buf_free(&b);
}

int main(void) {
	struct forum_options o = { .domain = "forum.test", .map_size = 1u << 28, .no_sync = true };
	struct fail f = { 0 };
	if (forum_open(test_tmpfile("store"), &o, &forum, &f) < 0)
		bail("open: %s", f.text);
	fresh();
	test_round_trip();
	test_tampering();
	test_expiry();
	test_revoked();
	test_local();
	forum_read_end(&t);
	forum_close(&forum);
	return done();
}
