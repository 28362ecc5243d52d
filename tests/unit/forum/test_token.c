/* revoked tokens */
#include "forumd/forum/token.h"
#include "tests/unit/forum/fixture.h"

int main(void) {
	struct forum *forum = fixture_open("token");
	struct forum_txn *t = fixture_write(forum);
	ok(!token_is_revoked(t, SLICE("abcdef")), "a token is good");
	is_int(token_revoke(t, SLICE("abcdef"), 1000), 1, "revoke it");
	is_int(token_revoke(t, SLICE("abcdef"), 1000), 1, "twice is no harm");
	ok(token_is_revoked(t, SLICE("abcdef")), "now it is not");
	ok(!token_is_revoked(t, SLICE("abcdeg")), "another is");
	ok(!token_is_revoked(t, SLICE("")), "so is the empty one");
	is_int(token_revoke(t, SLICE("later"), 3000), 1, "another, good for longer");
	fixture_commit(&t);
	t = fixture_read(forum);
	ok(token_is_revoked(t, SLICE("abcdef")), "after the commit");
	forum_read_end(&t);
	t = fixture_write(forum);
	is_int(token_expire(t, 1000, 100), 0, "not before its time");
	is_int(token_expire(t, 2000, 100), 1, "then it goes");
	ok(!token_is_revoked(t, SLICE("abcdef")), "it has expired by itself");
	ok(token_is_revoked(t, SLICE("later")), "the other stays");
	is_int(token_expire(t, 4000, 0), 0, "at most none");
	forum_abort(&t);
	forum_close(&forum);
	return done();
}
