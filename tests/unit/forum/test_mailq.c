/* the outgoing queue: who gets what, exactly once whatever is cut off when; back-off; the trace */
#include <stdio.h>
#include "forumd/base/clock.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/mailq.h"
#include "tests/unit/forum/fixture.h"

/* member ids of all copies of the post, in order of the queue */
static void print_copies(struct forum_txn *t, uint64_t post, struct buf *b) {
	uint64_t cursor = 0;
	struct mailq_item i;
	buf_reset(b);
	while (mailq_each(t, &cursor, &i) > 0)
		if (i.kind == MAILQ_COPY && i.post == post)
			buf_addf(b, "%u ", i.member);
}

static uint64_t first_item(struct forum_txn *t, struct mailq_item *i_r) {
	uint64_t cursor = 0;
	return mailq_each(t, &cursor, i_r) > 0 ? cursor : 0;
}

/* expands everything that is due, two recipients a step */
static void expand_all(struct forum_txn *t) {
	uint64_t cursor = 0;
	struct mailq_item i;
	while (mailq_each(t, &cursor, &i) > 0)
		if (i.kind == MAILQ_POST)
			for (int steps = 0; steps < 100 && mailq_expand(t, i.id, 2) > 0; steps++)
				;
}

static void drop_all(struct forum_txn *t) {
	struct mailq_item i;
	uint64_t id;
	while ((id = first_item(t, &i)))
		mailq_done(t, id);
}

/* "a b c " of member ids */
static void is_copies(struct forum_txn *t, uint64_t post, const uint32_t *want, size_t n, const char *what) {
	struct buf got = { 0 }, w = { 0 };
	for (size_t i = 0; i < n; i++)
		buf_addf(&w, "%u ", want[i]);
	print_copies(t, post, &got);
	is_slice(buf_slice(&got), buf_slice(&w), "%s", what);
	buf_free(&got);
	buf_free(&w);
}
#define IS_COPIES(t, post, what, ...) \
	is_copies(t, post, (const uint32_t[]){ __VA_ARGS__ }, sizeof (const uint32_t[]){ __VA_ARGS__ } / sizeof(uint32_t), \
		what)

static void test_modes(struct forum_txn *t) {
	struct fail f = { 0 };
	struct mailq_item i;
	uint32_t g = fixture_group(t, "modes");
	uint32_t author = fixture_member(t, "Author", "author@example.org"),
			 all = fixture_member(t, "All", "all@example.org"), first = fixture_member(t, "First", "first@example.org"),
			 replies = fixture_member(t, "Replies", "replies@example.org"),
			 digest = fixture_member(t, "Digest", "digest@example.org"),
			 gone = fixture_member(t, "Left", "left@example.org"),
			 bounced = fixture_member(t, "Bounced", "bounced@example.org"),
			 none = fixture_member(t, "None", "none@example.org");
	subscribe_set(t, author, g, SUBSCRIBE_ALL, &f);
	subscribe_set(t, all, g, SUBSCRIBE_ALL, &f);
	subscribe_set(t, first, g, SUBSCRIBE_FIRST, &f);
	subscribe_set(t, replies, g, SUBSCRIBE_REPLIES, &f);
	subscribe_set(t, digest, g, SUBSCRIBE_DIGEST, &f);
	subscribe_set(t, gone, g, SUBSCRIBE_ALL, &f);
	subscribe_set(t, bounced, g, SUBSCRIBE_ALL, &f);
	member_set(t, gone, SLICE("left"), SLICE("on"), &f);
	member_set(t, bounced, SLICE("bounces"), SLICE("5"), &f);
	ok(none > 0, "and one who did not subscribe");
	uint64_t root = fixture_post_by(t, author, g, "<root@x>", NULL),
			 answer = fixture_post_by(t, replies, g, "<answer@x>", "<root@x>"),
			 leaf = fixture_post_by(t, author, g, "<leaf@x>", "<answer@x>");
	is_int(mailq_add_post(t, root, g), 1, "queue the first post");
	is_int(first_item(t, &i) > 0 && i.kind == MAILQ_POST && i.post == root && i.group == g && i.due == forum_time(t), 1,
		"due now");
	expand_all(t);
	IS_COPIES(t, root, "first post: all and first, not the author", all, first);
	is_int(mailq_count(t), 3, "the unexpanded item is gone; a digest waits for its hour");
	drop_all(t);
	mailq_add_post(t, answer, g);
	expand_all(t);
	IS_COPIES(t, answer, "a reply: all, and the author of what it answers has asked for all", author, all);
	drop_all(t);
	mailq_add_post(t, leaf, g);
	expand_all(t);
	IS_COPIES(t, leaf, "a reply to me", all, replies);
	is_int(first_item(t, &i) > 0, 1, "a copy");
	is_lit(i.recipient, "all@example.org", "goes to the primary address");
	member_add_address(t, all, SLICE("new@example.org"), &f);
	member_set(t, all, SLICE("primary"), SLICE("new@example.org"), &f);
	mailq_get(t, i.id, &i);
	is_lit(i.recipient, "new@example.org", "of the time it is sent");
	group_set(t, g, SLICE("access"), SLICE("private"), &f);
	mailq_get(t, i.id, &i);
	is_int(i.recipient.n, 0, "lost access: to nobody");
	group_set(t, g, SLICE("access"), SLICE("public"), &f);
	is_int(mailq_cancel_post(t, leaf), 1, "cancel");
	is_int(mailq_count(t), 0, "the queue is empty");
	is_int(mailq_next_due(t), 0, "nothing is due");

	mailq_add_post(t, root, g);
	post_set_state(t, root, POST_HIDDEN, &f);
	mailq_add_post(t, root, g);
	first_item(t, &i);
	is_int(mailq_expand(t, i.id, 10), 0, "a hidden post is not mailed");
	is_int(mailq_count(t), 0, "and forgotten");
	is_int(mailq_expand(t, i.id, 10), 0, "an item that is gone is finished");
}

static void test_crosspost(struct forum_txn *t) {
	struct fail f = { 0 };
	uint32_t a = fixture_group(t, "cross.a"), b = fixture_group(t, "cross.b");
	uint32_t both = fixture_member(t, "Both", "both@example.org"), second = fixture_member(t, "Second",
		"second@example.org"),
		mixed = fixture_member(t, "Mixed", "mixed@example.org");
	struct post_draft *d = fixture_draft(t, a, "<cross@x>", NULL, NULL);
	uint32_t groups[2] = { a, b };
	d->groups = groups, d->ngroups = 2;
	uint64_t id = fixture_add(t, d);
	subscribe_set(t, both, a, SUBSCRIBE_ALL, &f);
	subscribe_set(t, both, b, SUBSCRIBE_ALL, &f);
	subscribe_set(t, second, b, SUBSCRIBE_ALL, &f);
	subscribe_set(t, mixed, a, SUBSCRIBE_DIGEST, &f);
	subscribe_set(t, mixed, b, SUBSCRIBE_ALL, &f);
	mailq_add_post(t, id, a);
	mailq_add_post(t, id, b);
	expand_all(t);
	IS_COPIES(t, id, "in two groups, to each one once; to one of them in his digest", both, second);
	mailq_cancel_post(t, id);
}

#define SUBSCRIBERS 23
/* Every operation of every step fails once, and every step is thrown away once, before it is let through. */
static void test_crash(struct forum *forum) {
	struct fail f = { 0 };
	struct buf before = { 0 }, after = { 0 };
	struct mailq_item i;
	uint32_t ids[SUBSCRIBERS];
	uint64_t copies = 0, item, cursor = 0;
	int steps = 0, failures = 0, differ = 0, more = 1;
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "crash");
	for (int n = 0; n < SUBSCRIBERS; n++) {
		char address[40];
		snprintf(address, sizeof address, "crash%d@example.org", n);
		ids[n] = fixture_member(t, "Crash", address);
		subscribe_set(t, ids[n], g, SUBSCRIBE_ALL, &f);
	}
	uint64_t post = fixture_post(t, g, "<crash@x>", NULL, NULL);
	mailq_add_post(t, post, g);
	item = first_item(t, &i);
	fixture_commit(&t);
	while (more > 0 && steps < 50) {
		t = fixture_read(forum);
		buf_reset(&before);
		fixture_dump(t, &before);
		forum_read_end(&t);
		for (int n = 1;; n++) {
			t = fixture_write(forum);
			forum_test_fail_after(forum, n);
			more = mailq_expand(t, item, 4);
			int r = more;
			if (r < 0)
				forum_abort(&t);
			else
				r = forum_commit(&t, &f);
			forum_test_fail_after(forum, 0);
			if (r > 0 || n > 1000)
				break;
			failures++;
			t = fixture_read(forum);
			buf_reset(&after);
			fixture_dump(t, &after);
			forum_read_end(&t);
			differ += !slice_eq(buf_slice(&before), buf_slice(&after));
		}
		if (more > 0) {
			/* the next step, done but thrown away */
			t = fixture_write(forum);
			mailq_expand(t, item, 4);
			forum_abort(&t);
		}
		steps++;
	}
	is_int(differ, 0, "a step cut off leaves no trace");
	ok(failures > 6 * 4 * 3, "each of %d operations was cut off once", failures);
	is_int(steps, 6, "23 recipients in steps of 4");
	t = fixture_read(forum);
	IS_COPIES(t, post, "every recipient exactly once", ids[0], ids[1], ids[2], ids[3], ids[4], ids[5], ids[6], ids[7],
		ids[8], ids[9], ids[10], ids[11], ids[12], ids[13], ids[14], ids[15], ids[16], ids[17], ids[18], ids[19],
		ids[20], ids[21], ids[22]);
	int64_t due = 0;
	uint64_t id = 0;
	while (mailq_due_next(t, forum_time(t), &due, &id, &i) > 0)
		copies++;
	is_int(copies, SUBSCRIBERS, "and all are due");
	while (mailq_each(t, &cursor, &i) > 0)
		ok(i.kind == MAILQ_COPY, "no unexpanded item is left");
	forum_read_end(&t);
	t = fixture_write(forum);
	drop_all(t);
	fixture_commit(&t);
	buf_free(&before);
	buf_free(&after);
}

static void test_postpone(struct forum *forum) {
	struct forum_txn *t = fixture_write(forum);
	struct mailq_item i;
	uint64_t id;
	is_int(mailq_add_notice(t, SLICE("you@example.net"), SLICE("Subject: hello\r\n\r\ntext\r\n"), &id), 1, "a notice");
	mailq_get(t, id, &i);
	is_int(mailq_postpone(t, id, i.due), 0, "put off to its own time: nothing moves");
	is_int(mailq_postpone(t, id, i.due + 5), 1, "put off by five seconds");
	is_int(mailq_postpone(t, id, i.due + 4), 0, "its turn is never sooner");
	is_int(mailq_postpone(t, id, i.expires + 1), 1, "put off beyond its end");
	is_int(mailq_postpone(t, id, i.expires + 2), 0, "it is tried at its end");
	is_int(mailq_postpone(t, id + 1000, i.due), 0, "there is no such mail");
	mailq_get(t, id, &i);
	ok(i.due == i.expires && i.attempts == 0, "no attempt was counted");
	is_int(mailq_done(t, id), 1, "done");
	fixture_commit(&t);
}

static void test_backoff(struct forum *forum) {
	static const int minutes[] = { 1, 5, 15, 60, 240, 240 };
	struct forum_txn *t = fixture_write(forum);
	struct mailq_item i;
	struct member m;
	struct fail f = { 0 };
	uint64_t id = 0;
	int64_t offset = 0, start = forum_time(t);
	struct buf big = { 0 };
	size_t n;
	is_int(mailq_add_notice(t, SLICE("you@example.net"), SLICE("Subject: hello\r\n\r\ntext\r\n"), &id), 1, "a notice");
	const struct change *c = forum_changes(t, &n);
	ok(n && c[n - 1].kind == CHANGE_MAIL, "wakes the scheduler");
	is_int(mailq_next_due(t), start, "due now");
	mailq_get(t, id, &i);
	ok(i.kind == MAILQ_NOTICE && i.attempts == 0 && i.expires == start + 5 * 86400, "fresh");
	is_lit(i.recipient, "you@example.net", "recipient");
	is_lit(i.message, "Subject: hello\r\n\r\ntext\r\n", "message");
	fixture_commit(&t);
	for (size_t k = 0; k < sizeof minutes / sizeof *minutes; k++) {
		t = fixture_write(forum);
		int64_t now = forum_time(t);
		is_int(mailq_defer(t, id, SLICE("451 4.7.1 later")), 1, "delay %zu", k + 1);
		is_int(mailq_next_due(t), now + 60 * minutes[k], "%d minutes", minutes[k]);
		mailq_get(t, id, &i);
		ok(i.attempts == k + 1 && i.due == now + 60 * minutes[k], "attempts and due time");
		is_lit(i.last_answer, "451 4.7.1 later", "and the answer");
		int64_t due = 0;
		uint64_t at = 0;
		is_int(mailq_due_next(t, i.due - 1, &due, &at, &i), 0, "not a second early");
		is_int(mailq_due_next(t, i.due, &due, &at, &i), 1, "then it is due");
		is_int(at, id, "the item");
		is_int(mailq_due_next(t, i.due, &due, &at, &i), 0, "once");
		fixture_commit(&t);
		clock_set_offset(offset += 60 * minutes[k]);
	}
	clock_set_offset(5 * 86400 - 3600);
	t = fixture_write(forum);
	is_int(mailq_defer(t, id, SLICE("451")), 1, "shortly before it expires");
	is_int(mailq_next_due(t), i.expires, "one last try at the end");
	fixture_commit(&t);
	clock_set_offset(5 * 86400 + 10);
	t = fixture_write(forum);
	is_int(mailq_defer(t, id, SLICE("451")), 0, "then it has failed");
	is_int(mailq_get(t, id, &i), 0, "and is gone");
	is_int(mailq_done(t, id), 0, "done twice is no harm");
	memset(buf_reserve(&big, 61441), 'x', 61441);
	buf_commit(&big, 61441);
	is_int(mailq_add_notice(t, SLICE("a@b"), buf_slice(&big), &id), ERR_TOOBIG, "a notice has a limit");
	is_int(mailq_add_notice(t, SLICE(""), SLICE("x"), &id), ERR_INVALID, "and a recipient");

	uint32_t g = fixture_group(t, "bounce"), who = fixture_member(t, "Bounce", "bounce@example.org");
	subscribe_set(t, who, g, SUBSCRIBE_ALL, &f);
	uint64_t post = fixture_post(t, g, "<bounce@x>", NULL, NULL);
	for (int k = 1; k <= 5; k++) {
		mailq_add_post(t, post, g);
		expand_all(t);
		id = first_item(t, &i);
		is_int(mailq_fail(t, id, SLICE("550 5.1.1 no such user")), k == 5 ? 2 : 1, "bounce %d", k);
		member_get(t, who, &m);
		is_int(m.bounces, k, "is counted");
	}
	mailq_add_post(t, post, g);
	expand_all(t);
	is_int(mailq_count(t), 0, "then no more mail");
	forum_abort(&t);
	clock_set_offset(0);
	buf_free(&big);
}

static void print_trace(struct forum_txn *t, uint64_t post, const char *message_id, struct buf *b) {
	uint64_t cursor = 0;
	struct trace e;
	buf_reset(b);
	while (trace_next(t, post, slice_str(message_id), &cursor, &e) > 0)
		buf_addf(b, "%.*s|", SLICE_ARG(e.text));
}

/* "posted as" is told by the post itself */
static void test_trace_posted(struct forum_txn *t) {
	uint32_t g = fixture_group(t, "trace.a"), h = fixture_group(t, "trace.b"), groups[2] = { g, h };
	int64_t now = forum_time(t);
	struct fail f = { 0 };
	struct buf b = { 0 };
	trace_add(t, 0, SLICE("<posted@x>"), "received");
	struct post_draft *d = fixture_draft(t, g, "<posted@x>", NULL, NULL);
	d->source = POST_FROM_NNTP;
	d->groups = groups;
	d->ngroups = 2;
	d->arrival = now;
	uint64_t id = fixture_add(t, d);
	trace_add(t, id, SLICE("<posted@x>"), "first");
	trace_add(t, id, SLICE(""), "second");
	struct buf want = { 0 };
	buf_addf(&want, "received|posted as %u:1, %u:1|first|second|", g, h);
	print_trace(t, id, "", &b);
	is_slice(buf_slice(&b), buf_slice(&want), "by post: after what came before it, before what came after");
	print_trace(t, 0, "<posted@x>", &b);
	is_slice(buf_slice(&b), buf_slice(&want), "by id: both names without a record that ties them");
	print_trace(t, id, "<posted@x>", &b);
	is_slice(buf_slice(&b), buf_slice(&want), "by both");
	/* a command by mail about it has another id */
	trace_add(t, id, SLICE("<command@x>"), "hidden by mail");
	print_trace(t, 0, "<command@x>", &b);
	ok(slice_find(buf_slice(&b), SLICE("hidden by mail")) >= 0, "another id leads there, too: %s", b.data);
	/* what waited is told once, when it was published */
	d = fixture_draft(t, g, "<waits@x>", NULL, NULL);
	d->source = POST_FROM_NNTP;
	d->hold = true;
	id = fixture_add(t, d);
	print_trace(t, id, "", &b);
	ok(slice_find(buf_slice(&b), SLICE("posted as")) < 0 && slice_starts(buf_slice(&b), SLICE("waits for approval")),
		"waits: %s", b.data);
	post_set_state(t, id, POST_VISIBLE, &f);
	print_trace(t, id, "", &b);
	buf_reset(&want);
	buf_addf(&want, "posted as %u:2|", g);
	ptrdiff_t at = slice_find(buf_slice(&b), buf_slice(&want));
	ok(at > 0 && slice_find(slice_from(buf_slice(&b), (size_t)at + 1), SLICE("posted as")) < 0, "published, once: %s",
		b.data);
	fixture_add(t, fixture_draft(t, g, "<old@x>", NULL, NULL));
	print_trace(t, 0, "<old@x>", &b);
	is_buf(&b, "", "nothing of what was imported");
	trace_expire(t, now + 1, 1000);
	print_trace(t, 0, "<command@x>", &b);
	is_buf(&b, "", "ties go with the rest");
	buf_free(&b);
	buf_free(&want);
}

static void test_trace(struct forum_txn *t) {
	struct buf b = { 0 };
	int64_t now = forum_time(t);
	is_int(trace_add(t, 0, SLICE("<mail@x>"), "received from %s", "192.0.2.1"), 1, "a mail comes");
	trace_add(t, 0, SLICE("<other@x>"), "refused: no such group");
	trace_add(t, 70001, SLICE("<mail@x>"), "posted");
	trace_add(t, 70001, SLICE(""), "two\r\nlines");
	trace_add(t, 0, SLICE("<mail@x>"), "came again");
	print_trace(t, 70001, "", &b);
	is_buf(&b, "received from 192.0.2.1|posted|two  lines|came again|", "all, found by post");
	print_trace(t, 0, "<mail@x>", &b);
	is_buf(&b, "received from 192.0.2.1|posted|two  lines|came again|", "the same, found by message id");
	print_trace(t, 70001, "<mail@x>", &b);
	is_buf(&b, "received from 192.0.2.1|posted|two  lines|came again|", "and by both");
	print_trace(t, 0, "<other@x>", &b);
	is_buf(&b, "refused: no such group|", "the other's own");
	print_trace(t, 70002, "", &b);
	is_buf(&b, "", "nothing about another post");
	is_int(trace_add(t, 0, SLICE(""), "x"), ERR_INVALID, "about nothing");
	is_int(trace_expire(t, now, 100), 0, "nothing is older than now");
	is_int(trace_expire(t, now + 1, 3), 3, "at most three");
	ok(trace_expire(t, now + 1, 1000) >= 4, "the rest");
	print_trace(t, 70001, "<mail@x>", &b);
	is_buf(&b, "", "all dropped");
	trace_add(t, 0, SLICE("<old@x>"), "old");
	t->time = now + 31 * 86400;
	trace_add(t, 0, SLICE("<new@x>"), "new");
	t->time = now;
	print_trace(t, 0, "<old@x>", &b);
	is_buf(&b, "", "a new line drops what is older than thirty days");
	print_trace(t, 0, "<new@x>", &b);
	ok(buf_len(&b) > 0, "and stays");
	buf_free(&b);
}

int main(void) {
	struct forum *forum = fixture_open("mailq");
	struct forum_txn *t = fixture_write(forum);
	test_modes(t);
	test_crosspost(t);
	forum_abort(&t);
	test_crash(forum);
	test_postpone(forum);
	test_backoff(forum);
	t = fixture_write(forum);
	test_trace_posted(t);
	test_trace(t);
	forum_abort(&t);
	forum_close(&forum);
	return done();
}
