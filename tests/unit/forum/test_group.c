/* Groups: names, settings, numbers, and random operations against a simple model of counts, low, holes and changes. */
#include <stdio.h>
#include "forumd/forum/forum_private.h"
#include "forumd/forum/overview.h"
#include "tests/unit/forum/fixture.h"

static struct forum *forum;
static struct fail f;

static void names(void) {
	static const char *const good[] = { "a", "iops.united-states.oregon.blog", "c++", "x_y.1", "a.b-" };
	static const char *const bad[] = { "", ".", "a.", ".a", "a..b", "-a", "a.-b", "A", "a b", "a/b", "ü" };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ok(group_name_valid(slice_str(good[i])), "good: %s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!group_name_valid(slice_str(bad[i])), "bad: '%s'", bad[i]);
	char longest[202];
	memset(longest, 'a', sizeof longest);
	ok(group_name_valid(slice_of(longest, 200)), "200 octets");
	ok(!group_name_valid(slice_of(longest, 201)), "201 octets");
}

/* a group from before names were looked at keeps its moderators' aside */
static void old_names(void) {
	struct forum_txn *t = fixture_write(forum);
	struct group_spec s = { .name = SLICE("old.all.aside"), .title = SLICE("Aside") };
	uint32_t id, aside;
	char b[4];
	is_int(group_add(t, &s, &aside, &f), ERR_INVALID, "a reserved name");
	id = fixture_group(t, "old.some");
	num_put32(b, id);
	struct key k = key_name('g', SLICE("old.all"));
	is_int(forum_put(t, key_slice(&k), slice_of(b, 4), &f), 1, "a group that had one before");
	is_int(group_add(t, &s, &aside, &f), 1, "its aside is made");
	forum_abort(&t);
}

static void settings(void) {
	struct forum_txn *t = fixture_write(forum);
	struct group_spec s = {
		.name = SLICE("m.one"), .title = SLICE("One"), .kind = GROUP_BLOG, .access = GROUP_MEMBERS
	};
	uint32_t id, other;
	struct group g;
	is_int(group_add(t, &s, &id, &f), 1, "added");
	is_int(group_add(t, &s, &other, &f), ERR_EXISTS, "not twice");
	s.name = SLICE("Bad");
	is_int(group_add(t, &s, &other, &f), ERR_INVALID, "bad name");
	is_int(group_find(t, SLICE("m.one"), &g), 1, "found");
	ok(g.id == id && g.kind == GROUP_BLOG && g.access == GROUP_MEMBERS && g.posting == GROUP_POST_MEMBERS &&
			!g.moderated && g.low == 1 && g.high == 0 && g.count == 0 && g.modseq == 1 && g.uidvalidity > 0,
		"as given");
	is_lit(g.title, "One", "title");
	is_int(group_set(t, id, SLICE("moderated"), SLICE("on"), &f), 1, "moderated");
	is_int(group_set(t, id, SLICE("posting"), SLICE("moderators"), &f), 1, "posting");
	is_int(group_set(t, id, SLICE("access"), SLICE("private"), &f), 1, "access");
	is_int(group_set(t, id, SLICE("kind"), SLICE("committee"), &f), 1, "kind");
	is_int(group_set(t, id, SLICE("unproven"), SLICE("refuse"), &f), 1, "unproven");
	is_int(group_set(t, id, SLICE("title"), SLICE("New title"), &f), 1, "title");
	is_int(group_set(t, id, SLICE("title"), SLICE("x"), NULL), 1, "a NULL fail is fine");
	is_int(group_set(t, id, SLICE("access"), SLICE("nobody"), &f), ERR_INVALID, "no such value");
	is_int(group_set(t, id, SLICE("colour"), SLICE("red"), &f), ERR_INVALID, "no such key");
	is_int(group_set(t, 999, SLICE("title"), SLICE("x"), &f), ERR_NOTFOUND, "no such group");
	group_get(t, id, &g);
	ok(g.moderated && g.posting == GROUP_POST_MODERATORS && g.access == GROUP_PRIVATE && g.kind == GROUP_COMMITTEE &&
		g.unproven == GROUP_UNPROVEN_REFUSE && slice_is(g.title, "x") && slice_is(g.name, "m.one"), "all set");
	is_int(group_status_letter(&g), 'm', "status of a moderated group");
	g.posting = GROUP_POST_NOBODY;
	is_int(group_status_letter(&g), 'n', "status of a closed group");
	fixture_group(t, "m.two");
	fixture_group(t, "a.first");
	is_int(group_total(t), 3, "three groups");
	struct slice cursor = { 0 };
	struct buf seen = { 0 };
	while (group_each(t, &cursor, &g) > 0)
		buf_addf(&seen, "%.*s ", SLICE_ARG(g.name));
	is_buf(&seen, "a.first m.one m.two ", "in order of name");
	fixture_post(t, id, "<g.1@x>", NULL, NULL);
	is_int(group_remove(t, id, &f), 1, "removed");
	is_int(group_find(t, SLICE("m.one"), &g), 0, "not found");
	ok(group_get(t, id, &g) > 0 && g.removed, "but known");
	is_int(group_total(t), 2, "two left");
	is_int(group_remove(t, id, &f), ERR_NOTFOUND, "not twice");
	cursor = slice_of(NULL, 0);
	buf_reset(&seen);
	while (group_each(t, &cursor, &g) > 0)
		buf_addf(&seen, "%.*s ", SLICE_ARG(g.name));
	is_buf(&seen, "a.first m.two ", "not listed");
	s.name = SLICE("m.one");
	is_int(group_add(t, &s, &other, &f), 1, "made again");
	is_int(other, id, "the same id");
	group_get(t, id, &g);
	ok(g.high == 1 && g.count == 1 && !g.removed && g.access == GROUP_MEMBERS, "with its posts, numbers go on");
	buf_free(&seen);
	fixture_commit(&t);
}

/* what is taken aside in a group is never open to more people than the group */
static void asides(void) {
	struct forum_txn *t = fixture_write(forum);
	struct group_spec s = { .name = SLICE("p.one"), .title = SLICE("One") };
	uint32_t id, aside, below;
	struct group g;
	is_int(group_add(t, &s, &id, &f), 1, "added");
	s.name = SLICE("p.one.aside");
	is_int(group_add(t, &s, &aside, &f), 1, "its aside");
	s.name = SLICE("p.one.aside.aside");
	is_int(group_add(t, &s, &below, &f), 1, "and the aside of that");
	is_int(group_set(t, id, SLICE("access"), SLICE("private"), &f), 1, "closed");
	group_get(t, aside, &g);
	is_int(g.access, GROUP_PRIVATE, "the aside is closed with it");
	ok(slice_is(g.name, "p.one.aside") && slice_is(g.title, "One"), "and is what it was else");
	group_get(t, below, &g);
	is_int(g.access, GROUP_PRIVATE, "and that of the aside");
	is_int(group_set(t, aside, SLICE("access"), SLICE("members"), &f), ERR_INVALID, "it is not opened alone");
	is_str(f.text, "p.one.aside cannot be members while p.one is private: what is taken aside there comes here", "why");
	is_int(group_set(t, aside, SLICE("title"), SLICE("x"), &f), 1, "other settings are its own");
	is_int(group_set(t, id, SLICE("access"), SLICE("public"), &f), 1, "opened");
	group_get(t, aside, &g);
	is_int(g.access, GROUP_PRIVATE, "which opens nothing else");
	is_int(group_set(t, aside, SLICE("access"), SLICE("public"), &f), 1, "now it may be");
	is_int(group_remove(t, id, &f), 1, "gone");
	s.name = SLICE("p.one");
	s.access = GROUP_MEMBERS;
	is_int(group_add(t, &s, &id, &f), 1, "comes back for members");
	group_get(t, aside, &g);
	is_int(g.access, GROUP_MEMBERS, "so its aside is for members");
	s.name = SLICE("p.two.aside");
	s.access = GROUP_PUBLIC;
	is_int(group_add(t, &s, &aside, &f), 1, "an aside of nothing");
	is_int(group_remove(t, aside, &f), 1, "gone");
	s.name = SLICE("p.two");
	s.access = GROUP_PRIVATE;
	is_int(group_add(t, &s, &id, &f), 1, "a private group");
	s.name = SLICE("p.two.aside");
	s.access = GROUP_PUBLIC;
	is_int(group_add(t, &s, &aside, &f), ERR_INVALID, "no public aside for it");
	fixture_commit(&t);
}

enum { MODEL = 400 };
struct model { uint8_t visible[MODEL + 1]; uint64_t post[MODEL + 1]; uint32_t high, changes; };

static void is_model(struct forum_txn *t, uint32_t id, const struct model *m, int step) {
	struct group g;
	struct range_set holes = { 0 };
	uint32_t count = 0, low = 0, wrong = 0;
	for (uint32_t i = 1; i <= m->high; i++) {
		count += m->visible[i];
		if (m->visible[i] && !low)
			low = i;
	}
	group_get(t, id, &g);
	group_holes(t, id, &holes);
	for (uint32_t i = 1; i <= m->high; i++)
		wrong += range_set_has(&holes, i) == m->visible[i];
	uint64_t cursor = 1;
	uint32_t changes = 0;
	struct group_change c;
	while (group_change_next(t, id, &cursor, &c) > 0)
		changes++;
	if (g.count != count || g.low != (low ? low : m->high + 1) || g.high != m->high || wrong || changes != m->changes ||
			g.modseq != m->changes + 1 || range_set_count(&holes) != m->high - count)
		ok(false, "step %d: count %u/%u low %u/%u high %u/%u changes %u/%u modseq %llu, %u holes wrong", step, g.count,
			count, g.low, low, g.high, m->high, changes, m->changes, (unsigned long long)g.modseq, wrong);
	range_set_free(&holes);
}

/* a log is cut from its old end, in pieces, and says so */
static void forgotten_changes(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t id = fixture_group(t, "log"), other = fixture_group(t, "log.short"), at = 0;
	struct group_change c;
	uint64_t upto = 0, cursor, before = 0;
	unsigned n = 0;
	for (int i = 0; i < 50; i++) {
		/* marks of members raise the number and write nothing */
		group_bump(t, id, 1, i % 2 ? CHANGE_MARKS : CHANGE_STATE, 1);
		if (i < 8)
			group_bump(t, other, 1, CHANGE_STATE, 1);
	}
	at = id - 1;
	is_int(group_change_long(t, &at, 100, 10, &upto), 1, "one log is long");
	ok(at == id && upto, "this one");
	cursor = upto;
	while (group_change_next(t, id, &cursor, &c) > 0)
		n++;
	is_int(n, 10, "ten records stay");
	is_int(group_change_long(t, &at, 100, 10, &upto), 0, "no other one");
	at = id - 1;
	is_int(group_change_long(t, &at, 1, 40, &upto), 1, "looked at one group");
	ok(at == id && !upto, "which is not longer than that");
	at = id - 1;
	group_change_long(t, &at, 100, 10, &upto);
	is_int(group_change_floor(t, id), 0, "nothing forgotten yet");
	is_int(group_change_forget(t, id, upto, 4), 1, "a piece of four");
	before = group_change_floor(t, id);
	ok(before && before < upto, "the floor rises");
	while (group_change_forget(t, id, upto, 4) > 0)
		;
	ok(group_change_floor(t, id) == upto, "up to what was asked for");
	cursor = n = 0;
	while (group_change_next(t, id, &cursor, &c) > 0)
		n++;
	is_int(n, 10, "ten are there");
	is_int(group_change_forget(t, id, upto, 4), 0, "once more does nothing");
	group_bump(t, id, 1, CHANGE_STATE, 1);
	ok(group_change_next(t, id, &cursor, &c) == 1 && c.number == 1, "the log goes on");
	fixture_commit(&t);
}

static void random_operations(void) {
	static struct model m;
	struct forum_txn *t = fixture_write(forum);
	uint32_t id = fixture_group(t, "random");
	unsigned seed = 11;
	for (int step = 0; step < 3000; step++) {
		unsigned x = (seed = seed * 1103515245 + 12345) >> 12;
		if (x % 8 == 0 && m.high < MODEL) {
			char msgid[40];
			snprintf(msgid, sizeof msgid, "<random.%d@x>", step);
			m.post[++m.high] = fixture_post(t, id, msgid, NULL, NULL);
			m.visible[m.high] = 1;
			m.changes++;
		} else if (m.high) {
			uint32_t i = 1 + x / 8 % m.high;
			/* long runs of holes at the front */
			if (x % 3 == 0)
				i = 1 + i % 20;
			if (i > m.high)
				continue;
			bool show = x % 5 == 0;
			m.changes += m.visible[i] != show;
			m.visible[i] = show;
			if (post_set_state(t, m.post[i], show ? POST_VISIBLE : POST_HIDDEN, &f) < 0)
				bail("state: %s", f.text);
		}
		if (step % 50 == 0)
			is_model(t, id, &m, step);
		if (step % 500 == 0) {
			fixture_commit(&t);
			t = fixture_write(forum);
		}
	}
	for (uint32_t i = 1; i <= m.high; i++) {
		m.changes += m.visible[i];
		m.visible[i] = 0;
		post_set_state(t, m.post[i], POST_HIDDEN, &f);
	}
	is_model(t, id, &m, 9999);
	struct group g;
	group_get(t, id, &g);
	ok(g.count == 0 && g.low == g.high + 1, "empty: low is high + 1");
	fixture_commit(&t);
}

/* holes over the boundary of a block */
static void blocks(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t id = fixture_group(t, "blocks"), number;
	for (uint32_t i = 1; i <= 16400; i++)
		if (group_new_number(t, id, 1, &number) < 0 || number != i)
			bail("number %u", i);
	for (uint32_t i = 1; i <= 16390; i++)
		group_set_hole(t, id, i, true);
	struct group g;
	struct range_set holes = { 0 };
	group_get(t, id, &g);
	ok(g.low == 16391 && g.count == 10, "low is behind two blocks");
	group_holes(t, id, &holes);
	ok(holes.n == 1 && holes.v[0].lo == 1 && holes.v[0].hi == 16390, "one run");
	is_int(group_set_hole(t, id, 16384, false), 1, "one comes back");
	group_get(t, id, &g);
	is_int(g.low, 16384, "low goes down");
	range_set_clear(&holes);
	group_holes(t, id, &holes);
	ok(holes.n == 2 && holes.v[0].hi == 16383 && holes.v[1].lo == 16385, "two runs");
	is_int(group_set_hole(t, id, 16384, true), 1, "and goes");
	group_get(t, id, &g);
	is_int(g.low, 16391, "low goes up again");
	range_set_free(&holes);
	forum_abort(&t);
}

static void transactions(void) {
	struct forum_txn *t = fixture_write(forum), *child;
	size_t n;
	uint32_t id = fixture_group(t, "txn");
	forum_write_begin(forum, t, &child, &f);
	forum_set_origin(child, 77);
	fixture_post(child, id, "<txn.1@x>", NULL, NULL);
	const struct change *c = forum_changes(t, &n);
	ok(n == 2 && c[1].kind == CHANGE_NEW && c[1].origin == 77 && c[0].origin == 0, "changes carry their origin");
	forum_abort(&child);
	forum_changes(t, &n);
	is_int(n, 1, "an aborted child takes its changes along");
	struct group g;
	group_get(t, id, &g);
	is_int(g.high, 0, "and its numbers");
	is_int(forum_next_id(t, "test"), 1, "ids start at 1");
	is_int(forum_next_id(t, "test"), 2, "and count");
	struct slice secret = forum_secret(t);
	is_int(secret.n, 32, "the secret");
	char copy[32];
	memcpy(copy, secret.p, 32);
	fixture_commit(&t);
	struct forum_info info;
	is_int(forum_info(forum, &info, &f), 1, "info");
	ok(info.entries > 0 && info.map_size > 0 && info.posts > 0, "has figures");
	forum_close(&forum);
	struct forum_options o = { .domain = "forum.test", .map_size = (uint64_t)1 << 32, .no_sync = true };
	is_int(forum_open(test_tmpfile("groups"), &o, &forum, &f), 1, "opened again");
	t = fixture_read(forum);
	ok(memcmp(forum_secret(t).p, copy, 32) == 0, "the secret stays");
	is_int(group_find(t, SLICE("txn"), &g), 1, "the groups too");
	forum_read_end(&t);
	t = fixture_write(forum);
	forum_meta_put(t, "schema", SLICE("\0\0\0\7"));
	fixture_commit(&t);
	forum_close(&forum);
	is_int(forum_open(test_tmpfile("groups"), &o, &forum, &f), ERR_CORRUPT, "a newer schema is refused");
	ok(slice_find(slice_str(f.text), SLICE("version 7")) > 0, "and named");
}

int main(void) {
	forum = fixture_open("groups");
	names();
	old_names();
	settings();
	asides();
	random_operations();
	forgotten_changes();
	blocks();
	transactions();
	return done();
}
