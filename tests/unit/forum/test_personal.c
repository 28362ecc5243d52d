/* Own boxes: pointers that show posts of other groups, the one table of marks, the word on a thread. */
#include "forumd/forum/marks.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/watch.h"
#include "tests/unit/forum/fixture.h"

static uint32_t ann, bob, eve, open_group, club;

static uint64_t post(struct forum_txn *t, uint32_t member, uint32_t group, const char *id, const char *parent) {
	struct post_draft *d = fixture_draft(t, group, id, parent, parent);
	d->author = member;
	d->no_mail = false;
	return fixture_add(t, d);
}

static uint32_t box_count(struct forum_txn *t, uint32_t member, enum personal_box box) {
	struct group g;
	return personal_find(t, member, box, &g) > 0 ? g.count : 0;
}

static void test_replies(struct forum_txn *t) {
	struct group g;
	struct overview o;
	struct envelope e;
	struct post p;
	struct fail f = { 0 };
	struct buf line = { 0 };
	uint64_t root = post(t, ann, open_group, "<r1@x>", NULL);
	post(t, ann, open_group, "<r2@x>", "<r1@x>");
	is_int(box_count(t, ann, BOX_REPLIES), 0, "own replies are no news");
	uint64_t answer = post(t, bob, open_group, "<r3@x>", "<r1@x>");
	is_int(box_count(t, ann, BOX_REPLIES), 1, "a reply");
	is_int(box_count(t, ann, BOX_INBOX), 1, "and in the inbox");
	personal_find(t, ann, BOX_REPLIES, &g);
	is_int(overview_get(t, g.id, 1, &o), 1, "read through the pointer");
	ok(o.post == answer && o.number == 1 && o.group == g.id, "as the post, under the box's number");
	ok(envelope_get(t, g.id, 1, &e) >= 0, "its envelope");
	is_int(post_by_number(t, g.id, 1, &p), 1, "its text");
	ok(p.id == answer, "the same post");
	struct overview_iter it;
	overview_iter_begin(t, g.id, 1, g.high, &it);
	is_int(overview_lines(&it, 1 << 20, &line), 0, "one line");
	overview_iter_end(&it);
	ok(slice_starts(buf_slice(&line), SLICE("1\t")) && slice_find(buf_slice(&line), SLICE("<r3@x>")) > 0, "of the post");
	is_int(rights_can_read(t, ann, &g), 1, "the owner reads");
	is_int(rights_can_read(t, bob, &g), 0, "nobody else");
	is_int(rights_can_read(t, 0, &g), 0, "least of all strangers");
	is_int(group_find(t, g.name, &g), 0, "no name leads there");
	post_set_state(t, answer, POST_HIDDEN, &f);
	is_int(box_count(t, ann, BOX_REPLIES), 0, "hidden there, hidden here");
	is_int(overview_get(t, o.group, 1, &o), 0, "not to be read");
	post_set_state(t, answer, POST_VISIBLE, &f);
	is_int(box_count(t, ann, BOX_REPLIES), 1, "and back");
	(void)root;
	buf_free(&line);
}

static void test_marks(struct forum_txn *t) {
	struct group g;
	struct range_set one = { 0 };
	struct marks m;
	uint32_t number = fixture_number(t, open_group, "<r3@x>");
	personal_find(t, ann, BOX_REPLIES, &g);
	range_set_add(&one, 1, 1);
	is_int(marks_set(t, ann, g.id, MARK_SEEN, &one, true), 1, "seen in the box");
	ok(marks_has(t, ann, open_group, number, MARK_SEEN), "is seen in the group");
	ok(!marks_has(t, bob, open_group, number, MARK_SEEN), "by her alone");
	is_int(marks_load(t, ann, g.id, 1, g.high, &m), 1, "load");
	ok(range_set_has(&m.set[MARK_SEEN], 1) && !range_set_has(&m.set[MARK_FLAGGED], 1), "the box shows it");
	marks_free(&m);
	range_set_clear(&one);
	range_set_add(&one, number, number);
	is_int(marks_set(t, ann, open_group, MARK_SEEN, &one, false), 1, "unseen in the group");
	ok(!marks_has(t, ann, g.id, 1, MARK_SEEN), "is unseen in the box");
	is_int(marks_set(t, ann, g.id, MARK_SEEN, &one, false), 0, "nothing to do");
	range_set_free(&one);
}

static void test_private(struct forum_txn *t) {
	struct fail f = { 0 };
	struct group g;
	struct overview o;
	member_set_role(t, ann, ROLE_MEMBER, club, &f);
	member_set_role(t, bob, ROLE_MEMBER, club, &f);
	post(t, ann, club, "<c1@x>", NULL);
	post(t, bob, club, "<c2@x>", "<c1@x>");
	personal_find(t, ann, BOX_REPLIES, &g);
	is_int(overview_get(t, g.id, g.high, &o), 1, "a reply in a private group");
	member_set_role(t, ann, ROLE_NONE, club, &f);
	is_int(overview_get(t, g.id, g.high, &o), 0, "is gone with the right to read it");
	is_int(envelope_get(t, g.id, g.high, &(struct envelope){ 0 }), 0, "its envelope too");
}

static void test_watch(struct forum_txn *t) {
	struct post p;
	struct range_set one = { 0 };
	uint64_t root = post(t, bob, open_group, "<w1@x>", NULL);
	post_get(t, root, &p);
	is_int(watch_set(t, eve, p.thread, WATCH_ON), 1, "watch");
	is_int(watch_set(t, eve, p.thread, WATCH_ON), 0, "once");
	post(t, ann, open_group, "<w2@x>", "<w1@x>");
	post(t, eve, open_group, "<w3@x>", "<w2@x>");
	is_int(box_count(t, eve, BOX_WATCHED), 1, "what others say");
	range_set_add(&one, fixture_number(t, open_group, "<w1@x>"), fixture_number(t, open_group, "<w1@x>"));
	is_int(marks_set(t, eve, open_group, MARK_MUTED, &one, true), 1, "muted by a mark");
	is_int(watch_get(t, eve, p.thread), WATCH_MUTED, "is the same word");
	post(t, ann, open_group, "<w4@x>", "<w2@x>");
	is_int(box_count(t, eve, BOX_WATCHED), 1, "no more news");
	is_int(marks_set(t, eve, open_group, MARK_MUTED, &one, false), 1, "unmuted");
	is_int(watch_get(t, eve, p.thread), WATCH_NONE, "no word");
	range_set_free(&one);
	/* threads that become one: the late parent of both */
	post(t, ann, open_group, "<m2@x>", "<m1@x>");
	uint64_t late = post(t, bob, open_group, "<m0@x>", NULL);
	post_get(t, late, &p);
	watch_set(t, eve, p.thread, WATCH_ON);
	uint64_t middle = post(t, bob, open_group, "<m1@x>", "<m0@x>");
	post_get(t, middle, &p);
	is_int(watch_get(t, eve, p.thread), WATCH_ON, "the word follows the thread");
}

static void test_unread(struct forum_txn *t) {
	struct group box, g;
	struct range_set all = { 0 };
	uint32_t first;
	is_int(personal_sync_unread(t, eve, 1000), 1, "sync");
	personal_find(t, eve, BOX_UNREAD, &box);
	group_get(t, open_group, &g);
	is_int(box.count, g.count, "everything is unread at first");
	first = box.high;
	range_set_add(&all, 1, g.high - 1);
	marks_set(t, eve, open_group, MARK_SEEN, &all, true);
	personal_sync_unread(t, eve, 1000);
	personal_find(t, eve, BOX_UNREAD, &box);
	is_int(box.count, 1, "one is left");
	is_int(box.high, first, "numbers stay");
	marks_set(t, eve, open_group, MARK_SEEN, &all, false);
	personal_sync_unread(t, eve, 1000);
	personal_find(t, eve, BOX_UNREAD, &box);
	is_int(box.count, g.count, "unread again");
	is_int(box.high, first, "under their numbers");
	range_set_free(&all);
}

static void test_forget(struct forum_txn *t) {
	struct fail f = { 0 };
	struct group g;
	struct post p;
	struct post_draft *d;
	is_int(personal_prepare(t, eve), 1, "all boxes");
	personal_find(t, eve, BOX_DRAFTS, &g);
	d = fixture_draft(t, g.id, "<draft@x>", NULL, NULL);
	d->author = eve;
	uint64_t id = fixture_add(t, d);
	is_int(box_count(t, eve, BOX_DRAFTS), 1, "a draft");
	is_int(member_remove(t, eve, false, &f), 1, "she leaves for good");
	is_int(personal_find(t, eve, BOX_DRAFTS, &g), 0, "no boxes");
	ok(post_get(t, id, &p) > 0 && p.state == POST_DELETED && p.body_z == 0, "no drafts");
}

int main(void) {
	struct forum *f = fixture_open("personal");
	struct forum_txn *t = fixture_write(f);
	struct fail why = { 0 };
	open_group = fixture_group(t, "open");
	club = fixture_group(t, "club");
	group_set(t, club, SLICE("access"), SLICE("private"), &why);
	ann = fixture_member(t, "Ann", "ann@x.org");
	bob = fixture_member(t, "Bob", "bob@x.org");
	eve = fixture_member(t, "Eve", "eve@x.org");
	test_replies(t);
	test_marks(t);
	test_private(t);
	test_watch(t);
	test_unread(t);
	test_forget(t);
	forum_abort(&t);
	forum_close(&f);
	return done();
}
