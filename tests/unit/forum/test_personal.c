/* Own boxes: pointers that show posts of other groups, the one table of marks, the word on a thread. */
#include "forumd/forum/marks.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/watch.h"
#include "forumd/forum/folder.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/rebuild.h"
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
	ok(slice_starts(buf_slice(&line), SLICE("1\t")) && slice_find(buf_slice(&line), SLICE("<r3@x>")) > 0,
		"of the post");
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

static struct buf faults;

static int note_fault(void *arg, const char *text) {
	(void)arg;
	buf_addf(&faults, "%s; ", text);
	return 0;
}

static uint64_t check(struct forum_txn *t) {
	struct rebuild_result r = { 0 };
	uint64_t cursor = 0;
	buf_reset(&faults);
	while (rebuild_check(t, &cursor, 100, note_fault, NULL, &r) > 0)
		;
	return r.faults;
}

/* the record at the key is lost, or gets other octets: check says the words; afterwards all is as it was */
static void damage(struct forum_txn *t, struct key k, const char *other, const char *words) {
	struct forum_txn *child;
	struct fail f = { 0 };
	forum_write_begin(forum_of(t), t, &child, &f);
	if (kv_get(child->kv, key_slice(&k), NULL) <= 0)
		bail("%s: no such record", words);
	if (other)
		kv_put(child->kv, key_slice(&k), slice_of(other, 4));
	else
		kv_del(child->kv, key_slice(&k));
	check(child);
	ok(slice_find(buf_slice(&faults), slice_str(words)) >= 0, "found: %s: %s", words, buf_bytes(&faults));
	forum_abort(&child);
	is_int(check(t), 0, "%s: sound again", words);
}

static struct key box_key(char family, struct place at) {
	return key_2u32(family, at.group, at.number);
}

static bool no_box(struct slice name) {
	(void)name;
	return false;
}

static void test_check(struct forum_txn *t) {
	struct group replies, drafts, unread, g;
	struct folder folder;
	struct post_draft *d;
	struct fail f = { 0 };
	struct post p;
	struct place at;
	struct key k;
	uint32_t cursor = 0, number;
	char high[4];
	d = fixture_draft(t, 0, "<kept@x>", NULL, NULL);
	ok(personal_add(t, ann, BOX_DRAFTS, d, &number, &f) > 0, "an own message");
	folder_add(t, ann, SLICE("Kept"), FOLDER_PLAIN, no_box, &f);
	folder_find(t, ann, SLICE("Kept"), &folder);
	ok(personal_copy_in(t, ann, folder.group, (struct place){ open_group, 1 }, &number, &f) > 0,
		"a pointer in a folder");
	personal_sync_unread(t, ann, 1000);
	personal_find(t, ann, BOX_REPLIES, &replies);
	personal_find(t, ann, BOX_DRAFTS, &drafts);
	personal_find(t, ann, BOX_UNREAD, &unread);
	is_int(check(t), 0, "boxes are sound: %s", buf_len(&faults) ? buf_bytes(&faults) : "");
	post_by_number(t, replies.id, 1, &p);
	while (personal_pointer_next(t, p.id, &cursor, &at) > 0 && at.group != replies.id)
		;
	damage(t, box_key('O', at), NULL, "is lost");
	k = key_1u64('Y', p.id);
	key_u32(&k, replies.id);
	damage(t, k, NULL, "does not know its pointer");
	damage(t, k, "\0\0\0\2", "does not know its pointer");
	damage(t, box_key('O', (struct place){ folder.group, 1 }), NULL, "number 1 shows although nothing is there");
	damage(t, box_key('O', (struct place){ drafts.id, drafts.high }), NULL, "is missing");
	post_by_number(t, drafts.id, drafts.high, &p);
	damage(t, key_1u64(KEY_POST, p.id), NULL, "belongs to no post");
	k = key_1u32('v', ann);
	key_u8(&k, BOX_REPLIES);
	damage(t, k, NULL, "no name of member");
	num_put32(high, unread.id);
	damage(t, k, high, "no name of member");
	k = key_1u32('v', ann);
	key_u8(&k, BOX_FOLDER);
	key_bytes(&k, SLICE("Kept"));
	damage(t, k, NULL, "no name of member");
	/* a number that shows, or does not, against what is there */
	struct forum_txn *child;
	forum_write_begin(forum_of(t), t, &child, &f);
	is_int(group_set_hole(child, drafts.id, drafts.high, true), 1, "an own message becomes a hole");
	check(child);
	ok(slice_find(buf_slice(&faults), SLICE("is there and does not show")) >= 0, "found: %s", buf_bytes(&faults));
	forum_abort(&child);
	forum_write_begin(forum_of(t), t, &child, &f);
	post_by_number(child, replies.id, 1, &p);
	post_set_state(child, p.id, POST_HIDDEN, &f);
	is_int(check(child), 0, "hidden posts are holes: %s", buf_len(&faults) ? buf_bytes(&faults) : "");
	group_set_hole(child, replies.id, 1, false);
	check(child);
	ok(slice_find(buf_slice(&faults), SLICE("shows although nothing")) >= 0,
		"a pointer to a hidden post that shows: %s", buf_bytes(&faults));
	forum_abort(&child);
	group_get(t, replies.id, &g);
	is_int(check(t), 0, "sound at the end: %s", buf_len(&faults) ? buf_bytes(&faults) : "");
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
	test_check(t);
	test_forget(t);
	is_int(check(t), 0, "sound after she left: %s", buf_len(&faults) ? buf_bytes(&faults) : "");
	buf_free(&faults);
	forum_abort(&t);
	forum_close(&f);
	return done();
}
