/* Folders of a member's own: names, UIDVALIDITY, moving with what is below, clearing in pieces, forgetting. */
#include "forumd/forum/erase.h"
#include "forumd/forum/folder.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/rights.h"
#include "tests/unit/forum/fixture.h"

static uint32_t ann, bob;

static bool is_box(struct slice name) { return slice_is(name, "Drafts"); }

static int add(struct forum_txn *t, const char *name) {
	struct fail f = { 0 };
	return folder_add(t, ann, slice_str(name), FOLDER_PLAIN, is_box, &f);
}

static void names_are(struct forum_txn *t, uint32_t member, const char *want) {
	struct buf got = { 0 };
	struct slice cursor = { 0 };
	struct folder f;
	while (folder_each(t, member, &cursor, &f) > 0)
		buf_addf(&got, "%.*s ", SLICE_ARG(f.name));
	is_str(buf_len(&got) ? buf_bytes(&got) : "", want, "folders %s", want);
	buf_free(&got);
}

static void test_names(void) {
	static const char *const bad[] = { "", ".", "A.", ".A", "A..B", "archive", "archive.A", "town.Garden", "A.!Mute",
		"!Mute", "A%", "A*", "A\tb", "A\x7f", "A\xc2\x85", "A\xe2\x80\xa8", "A\xff", "e\xcc\x81", "1-2_3+4" };
	static const char *const good[] = { "Archive", "archive 2", "\xc3\xa9t\xc3\xa9", "A.b.c", "INBOX.x", "A!", "a&b",
		"A\"\\" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(folder_name_check(slice_str(bad[i]), NULL) < 0, "no name: %zu", i);
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		is_int(folder_name_check(slice_str(good[i]), NULL), 1, "a name: %zu", i);
	char deep[40];
	for (int i = 0; i < 34; i++)
		deep[i] = i % 2 ? '.' : 'A';
	is_int(folder_name_check(slice_of(deep, 31), NULL), 1, "16 levels");
	is_int(folder_name_check(slice_of(deep, 33), NULL), ERR_INVALID, "17 levels");
}

static void test_life(struct forum_txn *t) {
	struct folder f, g;
	struct group group, again;
	struct fail fail = { 0 };
	is_int(add(t, "Work.2024.May"), 1, "made with the levels above");
	is_int(add(t, "Drafts.old"), 1, "below a box");
	is_int(add(t, "Drafts"), ERR_EXISTS, "a box has the name");
	is_int(add(t, "Work"), ERR_EXISTS, "twice");
	names_are(t, ann, "Drafts.old Work Work.2024 Work.2024.May ");
	names_are(t, bob, "");
	folder_find(t, ann, SLICE("Work"), &f);
	group_get(t, f.group, &group);
	ok(group.owner == ann && group.box == BOX_FOLDER && slice_is(group.title, "Work"), "a box of hers");
	ok(rights_can_read(t, ann, &group) && !rights_can_read(t, bob, &group), "that nobody else reads");
	is_int(folder_remove(t, ann, SLICE("Work"), &fail), ERR_BUSY, "not while there are others below");
	is_int(folder_rename(t, ann, SLICE("Work"), SLICE("Work.2024.Old"), is_box, &fail), 1, "below its own old name");
	names_are(t, ann, "Drafts.old Work Work.2024 Work.2024.Old Work.2024.Old.2024 Work.2024.Old.2024.May ");
	is_int(folder_rename(t, ann, SLICE("Work.2024.Old"), SLICE("Work"), is_box, &fail), ERR_EXISTS,
		"the levels above were made");
	is_int(folder_remove(t, ann, SLICE("Work"), &fail), ERR_BUSY, "and stay while they are above");
	is_int(folder_rename(t, ann, SLICE("Work.2024"), SLICE("Drafts"), is_box, &fail), ERR_EXISTS, "not onto a box");
	is_int(folder_rename(t, ann, SLICE("None"), SLICE("Some"), is_box, &fail), ERR_NOTFOUND, "what is not there");
	folder_find(t, ann, SLICE("Work.2024.Old"), &g);
	is_int(g.group, f.group, "the same folder");
	folder_find(t, ann, SLICE("Drafts.old"), &f);
	group_get(t, f.group, &group);
	is_int(folder_remove(t, ann, SLICE("Drafts.old"), &fail), 1, "removed");
	is_int(group_get(t, f.group, &again) > 0 && again.removed, 1, "as a group too");
	add(t, "Drafts.old");
	folder_find(t, ann, SLICE("Drafts.old"), &f);
	group_get(t, f.group, &again);
	ok(again.uidvalidity > group.uidvalidity, "a later UIDVALIDITY in the same second");
	is_int(folder_add(t, ann, SLICE("Store"), FOLDER_ARCHIVE, is_box, &fail), 1, "for a use");
	is_int(folder_add(t, ann, SLICE("Store2"), FOLDER_ARCHIVE, is_box, &fail), ERR_DENIED, "one for each use");
}

static void test_clear(struct forum_txn *t) {
	struct folder f;
	struct group g;
	struct fail fail = { 0 };
	struct overview o;
	uint32_t place = fixture_group(t, "test.place"), number, next = 1;
	uint64_t post = fixture_post(t, place, "<p@x>", NULL, NULL);
	folder_find(t, ann, SLICE("Work"), &f);
	for (int i = 0; i < 3; i++)
		is_int(personal_add_in(t, ann, f.group, fixture_draft(t, place, "<own@x>", NULL, NULL), &number, &fail), 1,
			"an own message");
	is_int(personal_copy_in(t, ann, f.group, (struct place){ place, 1 }, &number, &fail), 1, "a pointer");
	is_int(personal_add_in(t, bob, f.group, fixture_draft(t, place, "<x@x>", NULL, NULL), &number, &fail), ERR_NOTFOUND,
		"not by others");
	is_int(folder_clear(t, f.group, &next, 3, &fail), 1, "three go");
	is_int(folder_clear(t, f.group, &next, 3, &fail), 0, "then the rest");
	group_get(t, f.group, &g);
	is_int(overview_get(t, f.group, 1, &o), 0, "nothing is left");
	is_int(overview_get(t, place, 1, &o), 1, "but the post");
	uint32_t cursor = 0;
	struct place at;
	is_int(personal_pointer_next(t, post, &cursor, &at), 0, "nothing points to it");
}

static void test_limit(struct forum_txn *t) {
	struct slice cursor = { 0 };
	struct folder f;
	struct fail fail = { 0 };
	int n = 0, r;
	while (folder_each(t, ann, &cursor, &f) > 0)
		n++;
	while ((r = add(t, arena_cstr(forum_arena(t), arena_slicef(forum_arena(t), "Many%d", n)))) > 0)
		n++;
	is_int(r, ERR_LIMIT, "no more");
	is_int(n, FOLDERS_MAX, "than so many");
	uint32_t number;
	struct overview o;
	struct group box;
	int pieces = 0;
	is_int(folder_each(t, ann, &(struct slice){ 0 }, &f), 1, "one of them");
	group_find(t, SLICE("test.place"), &box);
	uint32_t place = box.id;
	for (int i = 0; i < 100; i++)
		if (personal_add_in(t, ann, f.group, fixture_draft(t, place, "<many@x>", NULL, NULL), &number, &fail) != 1)
			bail("add: %s", fail.text);
	is_int(personal_forget(t, ann, &fail), 1, "the member goes");
	is_int(group_get(t, f.group, &box), 1, "a box with much in it");
	is_int(overview_get(t, f.group, number, &o), 1, "is not emptied at once");
	is_int(erase_waits(t), 1, "it waits");
	while ((r = erase_more(t, 0, NULL, &fail)) > 0)
		pieces++;
	ok(r == 0 && pieces > 1, "in %d pieces", pieces);
	is_int(overview_get(t, f.group, number, &o), 0, "nothing is left");
	is_int(erase_waits(t), 0, "nor to be done");
	names_are(t, ann, "");
}

int main(void) {
	struct forum *store = fixture_open("folder");
	struct forum_txn *t = fixture_write(store);
	ann = fixture_member(t, "Ann", "ann@example.org");
	bob = fixture_member(t, "Bob", "bob@example.org");
	test_names();
	test_life(t);
	test_clear(t);
	test_limit(t);
	fixture_commit(&t);
	forum_close(&store);
	return done();
}
