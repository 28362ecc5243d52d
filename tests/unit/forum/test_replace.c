/* an edit stands in the place of the old post: answers, marks and watchers; tombstones lose their text in their order
 */
#include "forumd/base/clock.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/marks.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/replace.h"
#include "forumd/forum/subscribe.h"
#include "forumd/forum/thread.h"
#include "forumd/forum/watch.h"
#include "tests/unit/forum/fixture.h"

#define DAY 86400

static void small(const char *a, const char *b, bool want, const char *what) {
	ok(replace_is_small(slice_str(a), slice_str(b)) == want && replace_is_small(slice_str(b), slice_str(a)) == want,
		"%s", what);
}

static void test_small(void) {
	struct buf lng = { 0 }, other = { 0 };
	small("", "", true, "nothing and nothing");
	small("Lome", "Loam", true, "a few letters");
	small("aaaa", "aa", true, "repeated letters are not counted twice");
	small("", "a word or two", true, "40 octets");
	small("", "this is a text of more than forty octets in all", false, "more than 40");
	for (int i = 0; i < 100; i++)
		buf_adds(&lng, "ten octets");
	buf_add_slice(&other, buf_slice(&lng));
	for (int i = 0; i < 10; i++)
		buf_adds(&other, "and more  ");
	ok(replace_is_small(buf_slice(&lng), buf_slice(&other)), "a tenth of a long one");
	buf_adds(&other, "and more and more");
	ok(!replace_is_small(buf_slice(&lng), buf_slice(&other)), "more than a tenth");
	buf_free(&lng), buf_free(&other);
}

static uint64_t post_with(struct forum_txn *t, uint32_t group, uint32_t author, const char *id, const char *parent,
	const char *text, uint64_t supersedes) {
	struct post_draft *d = fixture_draft(t, group, id, parent, parent);
	struct slice header = SLICE("Subject: Quince\r\n");
	d->author = author;
	d->supersedes = supersedes;
	d->subject = SLICE("Quince");
	fixture_body(t, d, header, 0, slice_str(text));
	return fixture_add(t, d);
}

static void seen(struct forum_txn *t, uint32_t member, uint32_t group, uint32_t number) {
	struct range_set one = { 0 };
	range_set_add(&one, number, number);
	marks_set(t, member, group, MARK_SEEN, &one, true);
	range_set_free(&one);
}

static void test_replace(struct forum_txn *t) {
	uint32_t g = fixture_group(t, "edits"), ann = fixture_member(t, "Ann", "ann@here.test"),
			 bob = fixture_member(t, "Bob", "bob@here.test");
	uint64_t root = post_with(t, g, ann, "<r1@x>", NULL, "Which soil?\r\n", 0),
			 child = post_with(t, g, bob, "<c@x>", "<r1@x>", "Loam.\r\n", 0);
	struct post p, q;
	watch_set(t, bob, root, WATCH_ON);
	post_get(t, root, &p);
	watch_set(t, bob, p.thread, WATCH_ON);
	seen(t, bob, g, fixture_number(t, g, "<r1@x>"));
	uint64_t second = post_with(t, g, ann, "<r2@x>", NULL, "Which soil??\r\n", root);
	post_get(t, root, &p);
	is_int(p.state, POST_DELETED, "the old one is a tombstone");
	is_int((int64_t)replace_latest(t, root), (int64_t)second, "the new one stands in its place");
	is_int((int64_t)replace_latest(t, second), (int64_t)second, "and in its own");
	post_get(t, child, &p);
	post_get(t, second, &q);
	ok(p.parent == second && p.thread == q.thread, "the answer hangs under the new one");
	is_int(p.reason, PARENT_IN_REPLY_TO, "for the reason it had");
	is_int(watch_get(t, bob, q.thread), WATCH_ON, "who watched the thread watches it");
	ok(marks_has(t, bob, g, fixture_number(t, g, "<r2@x>"), MARK_SEEN), "read, for little changed");
	uint64_t third = post_with(t, g, ann, "<r3@x>", NULL,
		"All of it is about something quite different by now, as you see.\r\n", second);
	is_int((int64_t)replace_latest(t, root), (int64_t)third, "a chain is followed");
	ok(!marks_has(t, bob, g, fixture_number(t, g, "<r3@x>"), MARK_SEEN), "unread, for much changed");
	uint64_t late = post_with(t, g, bob, "<late@x>", "<r1@x>", "Sand.\r\n", 0);
	post_get(t, late, &p);
	is_int((int64_t)p.parent, (int64_t)third, "an answer to the first id finds the last post");
}

static void test_tombstones(struct forum *forum) {
	struct fail f = { 0 };
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "stones");
	uint64_t a = fixture_post(t, g, "<a@x>", NULL, NULL), b = fixture_post(t, g, "<b@x>", NULL, NULL);
	struct post p;
	post_set_state(t, a, POST_DELETED, &f);
	int64_t first = tombstone_next(t);
	ok(first >= forum_time(t) + TOMBSTONE_DAYS * DAY, "thirty days");
	is_int(tombstone_purge(t, 10, &f), 0, "not before");
	fixture_commit(&t);
	clock_set_offset(10 * DAY);
	t = fixture_write(forum);
	post_set_state(t, a, POST_VISIBLE, &f);
	post_set_state(t, b, POST_DELETED, &f);
	post_set_state(t, a, POST_DELETED, &f);
	ok(tombstone_next(t) > first + 9 * DAY, "a post that came back begins anew");
	fixture_commit(&t);
	clock_set_offset(31 * DAY);
	t = fixture_write(forum);
	is_int(tombstone_purge(t, 10, &f), 0, "its first days do not count");
	fixture_commit(&t);
	clock_set_offset(41 * DAY);
	t = fixture_write(forum);
	is_int(tombstone_purge(t, 1, &f), 1, "no more than asked");
	ok(tombstone_purge(t, 10, &f) >= 1, "then the others");
	post_get(t, a, &p);
	ok(p.state == POST_DELETED && p.body_len == 0, "the text is gone, the place stays");
	ok(post_set_state(t, a, POST_VISIBLE, &f) < 0, "for good");
	is_int(tombstone_next(t), 0, "nothing waits");
	forum_abort(&t);
	clock_set_offset(0);
}

/* who watches without a subscription gets a copy, once, through a group he reads */
static void test_watchers(struct forum_txn *t) {
	struct fail f = { 0 };
	struct mailq_item i;
	uint32_t g = fixture_group(t, "watched"), ann = fixture_member(t, "Eve", "eve@here.test"),
			 w = fixture_member(t, "Will", "will@here.test");
	uint64_t root = fixture_post_by(t, ann, g, "<w1@x>", NULL), cursor = 0;
	struct post p;
	unsigned copies = 0;
	post_get(t, root, &p);
	watch_set(t, w, p.thread, WATCH_ON);
	struct post_draft *d = fixture_draft(t, g, "<w2@x>", "<w1@x>", "<w1@x>");
	d->author = ann;
	d->no_mail = false;
	uint64_t answer = fixture_add(t, d);
	while (mailq_each(t, &cursor, &i) > 0)
		if (i.kind == MAILQ_POST && i.post == answer)
			while (mailq_expand(t, i.id, 1) > 0)
				;
	for (cursor = 0; mailq_each(t, &cursor, &i) > 0;)
		copies += i.kind == MAILQ_COPY && i.post == answer && i.member == w;
	is_int(copies, 1, "a watcher without a subscription");
	is_int(mailq_audience(t, (post_get(t, answer, &p), &p), 100), 1, "is counted in the audience");
	subscribe_set(t, w, g, SUBSCRIBE_FIRST, &f);
	is_int(mailq_audience(t, &p, 100), 1, "and only once when he has one");
	watch_set(t, w, p.thread, WATCH_MUTED);
	is_int(mailq_audience(t, &p, 100), 0, "muted");
}

int main(void) {
	struct forum *forum = fixture_open("replace");
	struct forum_txn *t = fixture_write(forum);
	test_small();
	test_replace(t);
	test_watchers(t);
	forum_abort(&t);
	test_tombstones(forum);
	forum_close(&forum);
	return done();
}
