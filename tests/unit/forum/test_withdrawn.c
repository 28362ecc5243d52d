/* what control.cancel is told of deletions: a message that cannot be made holds nothing up; erasing in pieces */
#include <stdio.h>
#include <string.h>
#include "forumd/base/log.h"
#include "forumd/forum/erase.h"
#include "forumd/forum/member.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/withdrawn.h"
#include "tests/unit/forum/fixture.h"

#define POSTS 60

static bool refuse;
static char said[2000];

static void hear(enum log_level level, const char *line) {
	if (level == LOG_ERROR_)
		snprintf(said, sizeof said, "%s", line);
}

static void name_of(struct forum_txn *t, const struct post *gone, struct buf *out) {
	(void)t;
	buf_addf(out, "<cancel.%llu@forum.test>", (unsigned long long)gone->id);
}

static int compose(struct forum_txn *t, const struct post *gone, const struct group *in, struct post_draft *d_r,
	struct fail *f) {
	struct buf id = { 0 };
	name_of(t, gone, &id);
	buf_addc(&id, 0);
	*d_r = *fixture_draft(t, in->id, arena_slice(forum_arena(t), buf_slice(&id)).p, NULL, NULL);
	d_r->author = gone->author;
	buf_free(&id);
	if (!refuse)
		return 1;
	/* what was written by then must not stay */
	memo_put(t, MEMO_SEEN, SLICE("half"), SLICE("1"), forum_time(t) + 100);
	return fail_set(f, ERR_INVALID, "it cannot be written");
}

static struct post state_of(struct forum_txn *t, uint64_t id) {
	struct post p = { 0 };
	if (post_get(t, id, &p) <= 0)
		bail("post %llu", (unsigned long long)id);
	return p;
}

static int told(struct forum_txn *t, uint64_t id) {
	struct post p = { .id = id }, m;
	struct buf b = { 0 };
	name_of(t, &p, &b);
	int r = post_by_msgid(t, buf_slice(&b), &m) > 0 && m.state == POST_VISIBLE;
	buf_free(&b);
	return r;
}

static void test_refused(struct forum_txn *t, uint32_t group, uint32_t member) {
	struct fail f = { 0 };
	struct slice v;
	uint64_t a = fixture_post_by(t, member, group, "<a@x>", NULL);
	refuse = true;
	is_int(post_set_state(t, a, POST_DELETED, &f), 1, "deleted, although the cancel cannot be made");
	is_int(state_of(t, a).state, POST_DELETED, "it is");
	is_int(told(t, a), 0, "nothing tells of it");
	ok(strstr(said, "it cannot be written") && strstr(said, "<a@x>") && strstr(said, "state=deleted"), "but the log: %s",
		said);
	is_int(memo_get(t, MEMO_SEEN, SLICE("half"), &v), 0, "nothing half done stays");
	is_int(post_set_state(t, a, POST_VISIBLE, &f), 1, "and back");
	refuse = false;
	is_int(post_set_state(t, a, POST_DELETED, &f), 1, "deleted again");
	is_int(told(t, a), 1, "which is told now");
}

/* what a peer wrote is kept as well, or said in the log */
static void test_keep(struct forum_txn *t, uint32_t group, uint32_t member) {
	struct fail f = { 0 };
	struct group cancels;
	struct post p;
	uint64_t k = fixture_post_by(t, member, group, "<k@x>", NULL);
	if (group_find(t, WITHDRAWN_GROUP, &cancels) <= 0)
		bail("no control.cancel");
	is_int(withdrawn_keep(t, k, fixture_draft(t, cancels.id, "<kept@y>", NULL, NULL), &f), 1, "a peer's message is kept");
	is_int(post_by_msgid(t, SLICE("<kept@y>"), &p), 1, "it is there");
	said[0] = 0;
	struct post_draft *other = fixture_draft(t, cancels.id, "<kept@y>", NULL, NULL);
	fixture_body(t, other, SLICE("Subject: other\r\n"), 0, SLICE("another text\r\n"));
	is_int(withdrawn_keep(t, k, other, &f), 0, "one that cannot be kept holds nothing up");
	ok(strstr(said, "<k@x>") && strstr(said, "used before"), "and is in the log: %s", said);
	is_int(group_set(t, group, SLICE("access"), SLICE("private"), &f), 1, "the group is closed while a message is on its way");
	is_int(withdrawn_keep(t, k, fixture_draft(t, cancels.id, "<late@y>", NULL, NULL), &f), 0, "it is not kept");
	is_int(post_by_msgid(t, SLICE("<late@y>"), &p), 0, "nobody is told");
	group_set(t, group, SLICE("access"), SLICE("public"), &f);
}

static unsigned erased(struct forum_txn *t, const uint64_t *ids) {
	unsigned n = 0;
	for (unsigned i = 0; i < POSTS; i++) {
		struct post p = state_of(t, ids[i]);
		n += p.state == POST_DELETED && p.body_z == 0;
	}
	return n;
}

static void test_pieces(struct forum *forum, uint32_t group, uint32_t member, uint32_t other) {
	struct forum_txn *t = fixture_write(forum);
	struct fail f = { 0 };
	uint64_t ids[POSTS], others;
	char id[30];
	for (unsigned i = 0; i < POSTS; i++) {
		snprintf(id, sizeof id, "<p%u@x>", i);
		ids[i] = fixture_post_by(t, member, group, id, NULL);
	}
	others = fixture_post_by(t, other, group, "<other@x>", NULL);
	is_int(member_remove(t, member, true, &f), 1, "a member with many posts is erased");
	is_int(erase_more(t, 0, NULL, &f), 1, "one piece is not all");
	unsigned n = erased(t, ids);
	ok(n > 0 && n < POSTS, "some are erased (%u)", n);
	fixture_commit(&t);
	t = fixture_write(forum);
	is_int(erase_more(t, 0, NULL, &f), 1, "another piece");
	forum_abort(&t);
	unsigned pieces = 0;
	for (int more = 1; more > 0; pieces++) {
		t = fixture_write(forum);
		more = erase_more(t, 0, NULL, &f);
		fixture_commit(&t);
	}
	t = fixture_read(forum);
	is_int(erased(t, ids), POSTS, "all are erased, what was lost is done again (%u pieces)", pieces);
	n = 0;
	for (unsigned i = 0; i < POSTS; i++)
		n += told(t, ids[i]) > 0;
	is_int(n, POSTS, "each has its cancel");
	is_int(state_of(t, others).state, POST_VISIBLE, "others' posts stay");
	is_int(erase_waits(t), 0, "nothing is left to do");
	forum_read_end(&t);
}

int main(void) {
	struct forum *forum = fixture_open("withdrawn");
	struct forum_txn *t = fixture_write(forum);
	uint32_t group = fixture_group(t, "test.forum");
	uint32_t a = fixture_member(t, "Alice", "alice@example.org"), b = fixture_member(t, "Bob", "bob@example.org");
	fixture_group(t, "control.cancel");
	withdrawn_start(compose, name_of);
	log_set_sink(hear);
	test_refused(t, group, a);
	test_keep(t, group, a);
	fixture_commit(&t);
	test_pieces(forum, group, a, b);
	forum_close(&forum);
	return done();
}
