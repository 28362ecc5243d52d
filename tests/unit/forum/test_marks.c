/* marks against a bitmap */
#include "forumd/base/mem.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/keywords.h"
#include "forumd/forum/marks.h"
#include "forumd/forum/member.h"
#include "forumd/forum/note.h"
#include "tests/unit/forum/fixture.h"

#define HIGH 50000
static unsigned char model[MARK_COUNT][HIGH + 1];
static bool hole[HIGH + 1];
static uint64_t changed_at[HIGH + 1];

static uint32_t seed = 12345;
static uint32_t draw(uint32_t n) {
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % n;
}

static void add_numbers(struct forum_txn *t, uint32_t group, uint32_t high) {
	uint32_t n = 0;
	while (n < high)
		if (group_new_number(t, group, n + 1, &n) < 0)
			bail("group_new_number");
}

static uint64_t next_modseq;
static bool model_set(enum mark k, const struct range_set *s, bool on) {
	bool changed = false;
	for (size_t i = 0; i < s->n; i++)
		for (uint32_t n = s->v[i].lo; n <= s->v[i].hi && n <= HIGH; n++) {
			changed = changed || model[k][n] != on;
			if (model[k][n] != on)
				changed_at[n] = next_modseq;
			model[k][n] = on;
		}
	return changed;
}

static bool equal(struct forum_txn *t, uint32_t member, uint32_t group, enum mark k, uint32_t lo, uint32_t hi) {
	struct marks m;
	bool same = true;
	if (marks_load(t, member, group, lo, hi, &m) < 0)
		return false;
	for (uint32_t n = lo; n <= hi; n++)
		same = same && range_set_has(&m.set[k], n) == model[k][n];
	marks_free(&m);
	return same;
}

static void random_set(struct range_set *s) {
	uint32_t at = draw(HIGH) + 1, runs, len;
	range_set_clear(s);
	switch (draw(4)) {
	case 0: range_set_add(s, at, at); break;
	case 1: range_set_add(s, at, at + draw(30000)); break;     /* over block limits and the highest number */
	case 2: for (runs = 0; runs < 20; runs++) { at = draw(HIGH) + 1, len = draw(50);
		range_set_add(s, at, at + len); } break;
	case 3: for (runs = 0; runs < 3000 && at <= HIGH; runs++, at += 2) range_set_add(s, at, at); break;
	}
}

/* never too low, and not all too high; numbers whose marks never changed may share a run */
static void check_modseqs(struct forum_txn *t, uint32_t member, uint32_t group) {
	struct marks m;
	unsigned low = 0, high = 0, touched = 0;
	if (marks_load(t, member, group, 1, HIGH, &m) < 0)
		bail("marks_load");
	for (uint32_t n = 1; n <= HIGH; n++) {
		uint64_t got = marks_modseq(&m, n);
		low += got < changed_at[n] || got > m.modseq;
		high += got > changed_at[n];
		touched += changed_at[n] > 0;
	}
	is_int(low, 0, "no number's modseq is below the truth, none above the block's");
	ok(high < HIGH / 2, "and most are exact: %u of %u too high, %u were touched", high, HIGH, touched);
	marks_free(&m);
}

/* few changes: exact */
static void test_modseq(struct forum_txn *t, uint32_t member, uint32_t group) {
	struct range_set s = { 0 };
	struct marks m;
	uint64_t at[5] = { 0 };
	const struct { uint32_t lo, hi; enum mark k; bool on; } steps[] = {
		{ 100, 200, MARK_SEEN, true }, { 150, 150, MARK_FLAGGED, true }, { 160, 300, MARK_ANSWERED, true },
		{ 150, 150, MARK_FLAGGED, false }, { 90, 99, MARK_SEEN, true },
	};
	for (int i = 0; i < 5; i++) {
		struct group g;
		range_set_clear(&s);
		range_set_add(&s, steps[i].lo, steps[i].hi);
		is_int(marks_set(t, member, group, steps[i].k, &s, steps[i].on), 1, "change %d", i);
		group_get(t, group, &g);
		at[i] = g.modseq;
	}
	marks_load(t, member, group, 1, 400, &m);
	is_int(marks_modseq(&m, 89), 0, "never changed");
	is_int(marks_modseq(&m, 90), at[4], "in front");
	is_int(marks_modseq(&m, 100), at[0], "first");
	is_int(marks_modseq(&m, 149), at[0], "up to the hole");
	is_int(marks_modseq(&m, 150), at[3], "taking a mark away is a change");
	is_int(marks_modseq(&m, 151), at[0], "behind it");
	is_int(marks_modseq(&m, 160), at[2], "over the end");
	is_int(marks_modseq(&m, 300), at[2], "to its end");
	is_int(marks_modseq(&m, 301), 0, "and no further");
	is_int(m.nruns, 5, "five runs");
	marks_free(&m);
	range_set_free(&s);
}

static void test_random(struct forum_txn *t, uint32_t member, uint32_t group) {
	struct range_set s = { 0 };
	struct group before, after;
	int bad_result = 0, bad_state = 0, bad_modseq = 0, bad_has = 0;
	for (int i = 0; i < 600; i++) {
		enum mark k = (enum mark)draw(MARK_COUNT);
		bool on = draw(3) > 0;
		random_set(&s);
		group_get(t, group, &before);
		next_modseq = before.modseq + 1;
		bool want = model_set(k, &s, on);
		bad_result += marks_set(t, member, group, k, &s, on) != want;
		group_get(t, group, &after);
		bad_modseq += after.modseq != before.modseq + want;
		uint32_t n = draw(HIGH) + 1;
		bad_has += marks_has(t, member, group, n, k) != model[k][n];
		if (i % 20 == 0)
			bad_state += !equal(t, member, group, k, 1, HIGH);
	}
	for (int k = 0; k < MARK_COUNT; k++)
		bad_state += !equal(t, member, group, (enum mark)k, 1, HIGH);
	check_modseqs(t, member, group);
	is_int(bad_result, 0, "changed or not, as the model says");
	is_int(bad_modseq, 0, "the group's modseq goes up by one for each change");
	is_int(bad_has, 0, "single numbers as in the model");
	is_int(bad_state, 0, "all numbers as in the model");
	ok(equal(t, member, group, MARK_SEEN, 16383, 16386), "at the edge of a block");
	range_set_free(&s);
}

static void check_unseen(struct forum_txn *t, uint32_t member, uint32_t group, const char *what) {
	uint32_t count = 0, first = 0, got_count, got_first;
	for (uint32_t n = 1; n <= HIGH; n++)
		if (!hole[n] && !model[MARK_SEEN][n] && !model[MARK_HIDDEN][n]) {
			count++;
			first = first ? first : n;
		}
	is_int(marks_unseen(t, member, group, &got_count, &got_first), 1, "unseen: %s", what);
	is_int(got_count, count, "count");
	is_int(got_first, first, "first");
}

static void test_unseen(struct forum_txn *t, uint32_t member, uint32_t group) {
	struct range_set s = { 0 };
	uint32_t count, first;
	check_unseen(t, member, group, "after the random marks");
	for (int i = 0; i < 300; i++) {
		uint32_t n = draw(HIGH) + 1;
		if (!hole[n] && group_set_hole(t, group, n, true) < 0)
			bail("hole");
		hole[n] = true;
	}
	check_unseen(t, member, group, "with holes");
	range_set_add(&s, 1, 20000);
	model_set(MARK_SEEN, &s, true);
	is_int(marks_set(t, member, group, MARK_SEEN, &s, true), 1, "read the first 20,000");
	check_unseen(t, member, group, "the first ones read");
	range_set_add(&s, 1, UINT32_MAX);
	is_int(marks_set(t, member, group, MARK_SEEN, &s, true), 1, "1:* is bounded by the highest number");
	is_int(marks_unseen(t, member, group, &count, &first), 1, "all read");
	is_int(count, 0, "none left");
	is_int(first, 0, "no first");
	is_int(marks_set(t, member, group, MARK_SEEN, &s, true), 0, "again: nothing to do");
	range_set_free(&s);
}

static void test_values(struct forum_txn *t, uint32_t member, uint32_t group) {
	struct range_set s = { 0 };
	struct key k = key_2u32('F', member, group);
	struct slice v = { 0 };
	struct marks m;
	size_t n;
	key_u32(&k, 1);
	range_set_add(&s, 16384, 16384);
	is_int(marks_set(t, member, group, MARK_FLAGGED, &s, true), 1, "one mark, the first of block 1");
	is_int(kv_get(t->kv, key_slice(&k), &v), 1, "is in block 1");
	ok(v.n <= 18, "in %zu octets", v.n);
	is_int(v.p[0], 3, "version 3");
	const struct change *c = forum_changes(t, &n);
	ok(n > 0 && c[n - 1].kind == CHANGE_MARKS && c[n - 1].member == member && c[n - 1].group == group &&
		c[n - 1].number == 16384 && c[n - 1].last == 16384 && c[n - 1].modseq > 0, "sessions hear which");
	range_set_clear(&s);
	for (uint32_t i = 16384; i < 32768; i += 2)
		range_set_add(&s, i, i);
	is_int(marks_set(t, member, group, MARK_SEEN, &s, true), 1, "every second one of the block");
	is_int(kv_get(t->kv, key_slice(&k), &v), 1, "read back");
	ok(v.n > 2048 && v.n < 2 * 2048 + 20, "is a bitmap: %zu octets", v.n);
	marks_load(t, member, group, 1, HIGH, &m);
	ok(m.set[MARK_SEEN].n == 8192 && range_set_count(&m.set[MARK_SEEN]) == 8192 && range_set_has(&m.set[MARK_SEEN],
		16384) &&
		!range_set_has(&m.set[MARK_SEEN], 16385) && range_set_has(&m.set[MARK_SEEN], 32766), "and reads back");
	uint64_t modseq = m.modseq;
	marks_free(&m);
	is_int(marks_set(t, member, group, MARK_SEEN, &s, false), 1, "clear them");
	is_int(marks_set(t, member, group, MARK_SEEN, &s, false), 0, "once");
	range_set_clear(&s);
	range_set_add(&s, 16384, 16384);
	is_int(marks_set(t, member, group, MARK_FLAGGED, &s, false), 1, "and the last mark");
	marks_load(t, member, group, 1, HIGH, &m);
	is_int(m.set[MARK_SEEN].n + m.set[MARK_FLAGGED].n, 0, "nothing is left");
	is_int(m.modseq, modseq + 2, "but what tells that something was taken away");
	marks_free(&m);
	is_int(marks_set(t, 0, group, MARK_SEEN, &s, true), ERR_INVALID, "the anonymous reader has no marks");
	is_int(marks_set(t, member, 999, MARK_SEEN, &s, true), ERR_NOTFOUND, "no such group");
	ok(!marks_has(t, member + 1, group, 16384, MARK_SEEN), "nor has anybody else");
	range_set_free(&s);
}

static void test_damage(struct forum_txn *t, uint32_t member, uint32_t group) {
	static const char *const bad[] = { "", "\x02", "\x04\x01\x00", "\x03\x01\x00", "\x02\x01\x00",
		"\x02\x01\x00\x01\x00\x00\x02", "\x01", "\x01\x01", "\x01\x01\x0a", "\x01\x01\x01", "\x01\x01\x01\x09\x00",
		"\x01\x01\x01\x80" };
	struct key k = key_2u32('F', member, group);
	struct marks m;
	key_u32(&k, 0);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		forum_put(t, key_slice(&k), slice_str(bad[i]), NULL);
		is_int(marks_load(t, member, group, 1, 10, &m), ERR_CORRUPT, "damaged value %zu", i);
	}
	forum_put(t, key_slice(&k), SLICE("\x01\x01\x01\x00\x01\xff\xff\x01\x02"), NULL);
	is_int(marks_load(t, member, group, 1, 10, &m), ERR_CORRUPT, "numbers beyond the block");
}

/* every keyword there may be on every second number, and still everything can be marked */
static void test_full(struct forum_txn *t, uint32_t member, uint32_t group) {
	struct range_set odd = { 0 }, one = { 0 };
	struct marks m;
	uint64_t used;
	bool good = true;
	for (uint32_t i = 1; i <= HIGH; i += 2)
		range_set_add(&odd, i, i);
	range_set_add(&one, 2, 2);
	for (int k = 0; k < MARK_COUNT; k++)
		if (k < MARK_FIXED || k >= MARK_OWN)
			good &= marks_set(t, member, group, (enum mark)k, &odd, true) == 1;
	ok(good, "all keywords on every second number");
	is_int(marks_set(t, member, group, MARK_SEEN, &one, true), 1, "one more is read");
	is_int(marks_set(t, member, group, (enum mark)(MARK_COUNT - 1), &one, true), 1, "and has the last keyword");
	is_int(marks_load(t, member, group, 1, HIGH, &m), 1, "read back");
	good = true;
	for (int k = 0; k < MARK_COUNT; k++)
		if (k < MARK_FIXED || k >= MARK_OWN)
			good &= range_set_count(&m.set[k]) == range_set_count(&odd) + (k == MARK_SEEN || k == MARK_COUNT - 1) &&
				range_set_has(&m.set[k], 1);
	ok(good, "all are there");
	uint64_t modseq = marks_modseq(&m, 2);
	ok(modseq == m.modseq && marks_modseq(&m, 1) < modseq, "the last change is the last");
	marks_free(&m);
	is_int(marks_load(t, member, group, 16384, 16390, &m), 1, "a block of its own");
	ok(range_set_has(&m.set[MARK_OWN + 39], 16385) && !range_set_has(&m.set[MARK_OWN], 16384) &&
			!range_set_has(&m.set[MARK_OWN], 1),
		"and only that");
	marks_free(&m);
	good = true;
	for (int k = MARK_OWN; k < MARK_COUNT; k++)
		good &= marks_set(t, member, group, (enum mark)k, &odd, false) == 1;
	ok(good, "taken off again");
	is_int(marks_set(t, member, group, (enum mark)(MARK_COUNT - 1), &one, false), 1, "all");
	ok(marks_used(t, member, &used) > 0 && used == (UINT64_C(1) << MARK_FIXED) - 1, "the fixed ones stay");
	struct kv_cursor *c;
	struct key k = key_2u32('F', member, group);
	struct slice key, v;
	unsigned n = 0;
	kv_cursor_open(t->kv, &c);
	for (int r = kv_seek(c, key_slice(&k), &key, &v); r > 0 && key_has_prefix(key, &k, 9); r = kv_next(c, &key, &v))
		n++;
	kv_cursor_close(&c);
	is_int(n, (HIGH >> 14) + 1, "a record a block is left");
	range_set_free(&odd);
	range_set_free(&one);
}

/* a record of version 2 with a keyword in it: read, and split by the first change */
static void test_old(struct forum_txn *t, uint32_t member, uint32_t group) {
	struct key k = key_2u32('F', member, group), part;
	struct range_set one = { 0 };
	struct slice v;
	struct marks m;
	key_u32(&k, 0);
	/* modseq 1, two kinds: SEEN of number 2 (place 3), the 31st keyword of number 4; one run of both, modseq 1 */
	char old[] = "\x02\x01\x02\x00\x01\x03\x00?\x01\x05\x00\x01\x02\x02\x00";
	old[7] = MARK_OWN + 30;
	forum_put(t, key_slice(&k), slice_of(old, sizeof old - 1), NULL);
	is_int(marks_load(t, member, group, 1, 10, &m), 1, "an old record");
	ok(range_set_has(&m.set[MARK_SEEN], 2) && range_set_has(&m.set[MARK_OWN + 30], 4), "is understood");
	marks_free(&m);
	ok(marks_has(t, member, group, 4, (enum mark)(MARK_OWN + 30)), "marks_has");
	range_set_add(&one, 7, 7);
	is_int(marks_set(t, member, group, MARK_FLAGGED, &one, true), 1, "a change");
	part = k;
	key_u8(&part, 2);
	is_int(kv_get(t->kv, key_slice(&part), &v), 1, "splits it");
	ok(marks_has(t, member, group, 4, (enum mark)(MARK_OWN + 30)) && marks_has(t, member, group, 2, MARK_SEEN) &&
			marks_has(t, member, group, 7, MARK_FLAGGED),
		"nothing is lost");
	is_int(kv_get(t->kv, key_slice(&k), &v), 1, "the first record");
	ok(v.p[0] == 3 && !memchr(v.p, MARK_OWN + 30, v.n), "has it no more");
	range_set_free(&one);
}

static void test_keywords(struct forum_txn *t, uint32_t member, uint32_t group) {
	struct slice names[KEYWORDS_MAX];
	struct keywords k;
	struct range_set one = { 0 };
	struct fail f = { 0 };
	uint64_t marks, first;
	for (int i = 0; i < KEYWORDS_MAX; i++)
		names[i] = arena_slicef(forum_arena(t), "word%d", i);
	is_int(keywords_marks(t, member, names, KEYWORDS_MAX, false, &marks, &f), 1, "nothing is made");
	ok(marks == 0 && keywords_load(t, member, &k) > 0 && k.version == 0, "so there is nothing");
	is_int(keywords_marks(t, member, names, 2, true, &first, &f), 1, "two names");
	is_int(keywords_marks(t, member, (struct slice[]){ SLICE("WORD1") }, 1, true, &marks, &f), 1,
		"capitals do not matter");
	ok(marks && (marks & first) == marks, "the same place");
	is_int(keywords_marks(t, member, names, KEYWORDS_MAX, true, &marks, &f), 1, "all places");
	range_set_add(&one, 7, 7);
	is_int(marks_set(t, member, group, (enum mark)(MARK_OWN + 3), &one, true), 1, "one is used");
	ok(marks_has(t, member, group, 7, (enum mark)(MARK_OWN + 3)) && marks_used(t, member, &marks) > 0 &&
		marks == UINT64_C(1) << (MARK_OWN + 3), "marks_used");
	is_int(keywords_marks(t, member, (struct slice[]){ SLICE("new"), SLICE("newer") }, 2, true, &marks, &f), 1,
		"names that nothing carries make room");
	ok(keywords_load(t, member, &k) > 0 && keywords_find(&k, SLICE("word3")) == 3 &&
			keywords_find(&k, SLICE("word4")) < 0 && keywords_find(&k, SLICE("newer")) >= 0,
		"what is carried stays");
	ok(!keyword_valid(SLICE("")) && !keyword_valid(SLICE("a b")) && !keyword_valid(SLICE("a]")) &&
			!keyword_valid(SLICE("\\a")) && keyword_valid(SLICE("$a.b-c+d")),
		"what a keyword is");
	const char *shown = arena_printf(forum_arena(t), "imap-subscribed-%u", member);
	struct slice v;
	forum_meta_put(t, shown, SLICE("-test\n"));
	note_set(t, member, group, SLICE("/private/comment"), SLICE("x"), &f);
	is_int(member_remove(t, member, false, &f), 1, "the member goes");
	ok(keywords_load(t, member, &k) > 0 && k.version == 0, "and his words");
	ok(forum_meta_get(t, shown, &v) == 0 && note_get(t, member, group, SLICE("/private/comment"), &v) == 0,
		"which mailboxes he showed, and what he noted");
	range_set_free(&one);
}

int main(void) {
	struct forum *forum = fixture_open("marks");
	struct forum_txn *t = fixture_write(forum);
	uint32_t group = fixture_group(t, "marks"), a = fixture_member(t, "A", "a@example.org"),
		b = fixture_member(t, "B", "b@example.org"), c = fixture_member(t, "C", "c@example.org");
	add_numbers(t, group, HIGH);
	test_modseq(t, fixture_member(t, "D", "d@example.org"), group);
	test_random(t, a, group);
	test_unseen(t, a, group);
	test_values(t, b, group);
	test_damage(t, c, group);
	test_keywords(t, fixture_member(t, "E", "e@example.org"), group);
	test_full(t, fixture_member(t, "F", "f@example.org"), group);
	test_old(t, fixture_member(t, "G", "g@example.org"), group);
	fixture_commit(&t);
	t = fixture_read(forum);
	ok(equal(t, a, group, MARK_WATCHED, 1, HIGH), "after the commit");
	uint32_t count, first;
	is_int(marks_unseen(t, 0, group, &count, &first), 1, "the anonymous reader has seen nothing");
	struct group g;
	group_get(t, group, &g);
	is_int(count, g.count, "all visible posts");
	forum_read_end(&t);
	forum_close(&forum);
	return done();
}
