/* Overview: the ready lines equal the lines made piece by piece, iteration skips what is not visible, envelopes. */
#include <stdio.h>
#include "forumd/forum/author.h"
#include "forumd/forum/overview.h"
#include "tests/unit/forum/fixture.h"

static struct forum *forum;
static struct fail f;
static uint32_t group, ann;

static void lines(void) {
	struct forum_txn *t = fixture_read(forum);
	struct overview_iter it;
	struct overview o;
	struct buf b = { 0 }, slow = { 0 };
	overview_iter_begin(t, group, 1, 2, &it);
	is_int(overview_lines(&it, 65536, &b), 0, "lines 1 and 2");
	is_int(it.next, 3, "next is 3");
	overview_iter_end(&it);
	char want[1000];
	snprintf(want, sizeof want,
		"1\tAbout <o.1@x>\tAnn Author <ann@example.org>\tMon, 23 Nov 2026 14:00:00 +0000\t<o.1@x>\t\t139\t1"
		"\tXref: forum.test over:1\t\t\r\n2\tAbout <o.2@x>\tAnn <author-%u@forum.test>\tMon, 23 Nov 2026 14:00:00 +0000\t<o.2@x>\t<o.1@x>"
		"\t%zu\t1\tXref: forum.test over:2\t\tForum-Thread: by=in-reply-to\r\n",
		ann, 111 + (size_t)snprintf(NULL, 0, "Ann <author-%u@forum.test>", ann));
	is_slice(buf_slice(&b), slice_str(want), "ready lines");
	overview_iter_begin(t, group, 0, UINT32_MAX, &it);
	buf_reset(&b);
	is_int(overview_lines(&it, SIZE_MAX / 2, &b), 0, "all lines");
	overview_iter_end(&it);
	overview_iter_begin(t, group, 1, UINT32_MAX, &it);
	while (overview_iter_next(&it, &o) > 0) {
		struct post p;
		struct buf whole = { 0 };
		overview_line(t, &o, o.xref, &slow);
		post_get(t, o.post, &p);
		post_header(t, &p, &whole);
		buf_adds(&whole, "\r\n");
		post_body(t, &p, 0, UINT32_MAX, &whole);
		if (buf_len(&whole) != overview_size(t, &o))
			ok(false, "size of %u", o.number);
		buf_free(&whole);
	}
	overview_iter_end(&it);
	is_slice(buf_slice(&b), buf_slice(&slow), "the fast way and the slow way agree");
	/* in small steps */
	struct buf steps = { 0 };
	overview_iter_begin(t, group, 1, UINT32_MAX, &it);
	int r;
	while ((r = overview_lines(&it, 1, &steps)) > 0)
		;
	is_int(r, 0, "steps end");
	overview_iter_end(&it);
	is_slice(buf_slice(&steps), buf_slice(&b), "one line a step");
	buf_free(&steps);
	buf_free(&slow);
	buf_free(&b);
	forum_read_end(&t);
}

static void visibility(void) {
	struct forum_txn *t = fixture_write(forum);
	struct overview_iter it;
	struct overview o;
	uint32_t n;
	overview_get(t, group, 1, &o);
	post_set_state(t, o.post, POST_HIDDEN, &f);
	overview_get(t, group, 4, &o);
	post_set_state(t, o.post, POST_HIDDEN, &f);
	is_int(overview_after(t, group, 0, &n), 1, "after 0");
	is_int(n, 2, "is 2");
	ok(overview_after(t, group, 3, &n) > 0 && n == 5, "after 3 is 5");
	ok(overview_before(t, group, 5, &n) > 0 && n == 3, "before 5 is 3");
	is_int(overview_before(t, group, 2, &n), 0, "nothing before 2");
	is_int(overview_after(t, group, 20, &n), 0, "nothing after 20");
	is_int(overview_after(t, group, UINT32_MAX, &n), 0, "nor after the last number there can be");
	ok(overview_before(t, group, UINT32_MAX, &n) > 0 && n == 20, "the last is 20");
	struct buf seen = { 0 };
	overview_iter_begin(t, group, 1, 6, &it);
	while (overview_iter_next(&it, &o) > 0)
		buf_addf(&seen, "%u ", o.number);
	overview_iter_end(&it);
	is_buf(&seen, "2 3 5 6 ", "hidden ones are skipped, in a write transaction too");
	buf_reset(&seen);
	overview_iter_begin(t, group, 1, 6, &it);
	it.all_states = true;
	while (overview_iter_next(&it, &o) > 0)
		buf_addf(&seen, "%u ", o.number);
	overview_iter_end(&it);
	is_buf(&seen, "1 2 3 4 5 6 ", "unless asked for");
	buf_reset(&seen);
	overview_iter_begin(t, group, 4, 4, &it);
	is_int(overview_lines(&it, 100, &seen), 0, "a range without visible posts");
	is_int(buf_len(&seen), 0, "has no lines");
	is_int(it.next, 5, "and an end");
	overview_iter_end(&it);
	buf_free(&seen);
	forum_abort(&t);
}

static void envelopes(void) {
	struct forum_txn *t = fixture_read(forum);
	struct overview o;
	struct envelope e;
	struct buf b = { 0 };
	overview_get(t, group, 1, &o);
	is_int(envelope_get(t, group, 1, &e), 1, "envelope");
	envelope_write(t, o.author, &e, &b);
	is_buf(&b,
		"(\"Mon, 23 Nov 2026 14:00:00 +0000\" \"About <o.1@x>\" ((\"Ann Author\" NIL \"ann\" \"example.org\"))"
		" ((\"Ann Author\" NIL \"ann\" \"example.org\")) ((\"Ann Author\" NIL \"ann\" \"example.org\")) NIL NIL NIL NIL \"<o.1@x>\")",
		"typed author");
	buf_reset(&b);
	overview_get(t, group, 2, &o);
	envelope_get(t, group, 2, &e);
	envelope_write(t, o.author, &e, &b);
	char list[100];
	snprintf(list, sizeof list, " ((\"Ann\" NIL \"author-%u\" \"forum.test\"))", ann);
	ok(slice_find(buf_slice(&b), slice_str(list)) > 0 && slice_find(buf_slice(&b), SLICE("example.org")) < 0,
		"a member's address is not shown");
	is_lit(e.structure, "(\"text\" \"plain\" NIL NIL NIL \"7bit\" 10 1)", "structure");
	is_int(envelope_get(t, group, 99, &e), 0, "no such envelope");
	buf_free(&b);
	forum_read_end(&t);
}

int main(void) {
	forum = fixture_open("overview");
	struct forum_txn *t = fixture_write(forum);
	group = fixture_group(t, "over");
	ann = fixture_member(t, "Ann", "ann.member@example.org");
	char id[32];
	for (int i = 1; i <= 20; i++) {
		snprintf(id, sizeof id, "<o.%d@x>", i);
		if (i == 2)
			fixture_post_by(t, ann, group, id, "<o.1@x>");
		else
			fixture_post(t, group, id, NULL, NULL);
	}
	fixture_post(t, fixture_group(t, "zz"), "<zz@x>", NULL, NULL);
	fixture_commit(&t);
	lines();
	visibility();
	envelopes();
	forum_close(&forum);
	return done();
}
