/* fixture.h - a temporary store and one-line posts for the unit tests of forumd/forum/. Every function bails out
 * (ends the program) when something fails that the test does not test. */
#ifndef TESTS_UNIT_FORUM_FIXTURE_H
#define TESTS_UNIT_FORUM_FIXTURE_H
#include "forumd/base/buf.h"
#include "forumd/forum/group.h"
#include "forumd/forum/member.h"
#include "forumd/forum/post.h"
#include "tests/tap/tap.h"

/* a fresh store named `name` under the program's temporary directory, domain "forum.test", without fsync */
struct forum *fixture_open(const char *name);
struct forum_txn *fixture_read(struct forum *f);
struct forum_txn *fixture_write(struct forum *f);
void fixture_commit(struct forum_txn **t);

/* makes the group; public forum unless changed with group_set afterwards */
uint32_t fixture_group(struct forum_txn *t, const char *name);
/* an account named `name` with that address */
uint32_t fixture_member(struct forum_txn *t, const char *name, const char *address);

/* A minimal draft in the transaction's arena: body "text of ID\r\n", header with Subject, Date, Message-ID and what is
 * given; by an imported author "Ann Author <ann@example.org>"; no_mail. Change what you like, then fixture_body() if
 * the stored text must differ. `parent` and `references` may be NULL; ids have their brackets. */
struct post_draft *fixture_draft(struct forum_txn *t, uint32_t group, const char *id, const char *parent,
	const char *references);
/* (re)makes pieces, lengths and checksum: header without From, from_off = where From belongs */
void fixture_body(struct forum_txn *t, struct post_draft *d, struct slice header, uint32_t from_off, struct slice body);
/* adds the draft; the id */
uint64_t fixture_add(struct forum_txn *t, const struct post_draft *d);
/* fixture_draft and fixture_add */
uint64_t fixture_post(struct forum_txn *t, uint32_t group, const char *id, const char *parent, const char *references);
/* same, by an account */
uint64_t fixture_post_by(struct forum_txn *t, uint32_t member, uint32_t group, const char *id, const char *parent);

/* the number of the post with that id in the group; 0 when it has none there */
uint32_t fixture_number(struct forum_txn *t, uint32_t group, const char *id);
/* every key and value of the store as one line each (hex), for "nothing changed" checks */
void fixture_dump(struct forum_txn *t, struct buf *out);
#endif
