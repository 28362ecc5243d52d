/* what changed and vanished since a number, with a log that is whole and with one whose beginning was forgotten */
#include "forumd/forum/forum_private.h"
#include "gateways/imap/imap_private.h"
#include "tests/unit/forum/fixture.h"

enum { HIGH = 60 };

static struct world { struct forum_txn *t; uint32_t group, member; uint64_t at[3]; } w;

static uint64_t now(void) {
	struct group g;
	group_get(w.t, w.group, &g);
	return g.modseq;
}

static void mark(enum mark k, uint32_t lo, uint32_t hi) {
	struct range_set s = { 0 };
	range_set_add(&s, lo, hi);
	marks_set(w.t, w.member, w.group, k, &s, true);
	range_set_free(&s);
}

static void hide(uint32_t n) {
	group_set_hole(w.t, w.group, n, true);
	group_bump(w.t, w.group, n, CHANGE_GONE, n);
}

/* numbers of lo..hi that are missing in the answer */
static unsigned missing(uint64_t since, bool vanished, uint32_t lo, uint32_t hi) {
	struct range_set changed = { 0 }, gone = { 0 };
	unsigned n = 0;
	is_int(imap_changed_since(w.t, w.member, w.group, since, &changed, &gone), 1, "asked since %llu",
		(unsigned long long)since);
	for (uint32_t i = lo; i <= hi; i++)
		n += !range_set_has(vanished ? &gone : &changed, i);
	range_set_free(&changed);
	range_set_free(&gone);
	return n;
}

static unsigned told(uint64_t since) {
	struct range_set changed = { 0 }, gone = { 0 };
	imap_changed_since(w.t, w.member, w.group, since, &changed, &gone);
	unsigned n = (unsigned)(range_set_count(&changed) + range_set_count(&gone));
	range_set_free(&changed);
	range_set_free(&gone);
	return n;
}

int main(void) {
	struct forum *forum = fixture_open("changes");
	uint32_t n = 0;
	uint64_t upto;
	w.t = fixture_write(forum);
	w.group = fixture_group(w.t, "changes");
	w.member = fixture_member(w.t, "A", "a@example.org");
	uint32_t other = fixture_member(w.t, "B", "b@example.org"), looked = w.group - 1;
	is_int(told(0), 0, "an empty group has nothing to tell");
	while (n < HIGH)
		group_new_number(w.t, w.group, n + 1, &n);
	w.at[0] = now();
	hide(5);
	mark(MARK_SEEN, 10, 12);
	w.at[1] = now();
	hide(6);
	mark(MARK_HIDDEN, 20, 20);
	w.at[2] = now();
	is_int(missing(w.at[0], true, 5, 6) + missing(w.at[0], false, 10, 12) + missing(w.at[0], true, 20, 20), 0,
		"since the beginning");
	is_int(missing(w.at[1], true, 6, 6) + missing(w.at[1], true, 20, 20), 0, "since later");
	is_int(missing(w.at[1], true, 5, 5), 1, "what was told before is not told");
	is_int(missing(w.at[1], false, 10, 12), 3, "nor are marks");
	is_int(told(w.at[2]), 0, "nothing since then");
	uint32_t me = w.member;
	w.member = other;
	is_int(missing(w.at[0], true, 20, 20), 1, "another member hears nothing of what this one hid");
	w.member = me;
	ok(group_change_long(w.t, &looked, 1, 2, &upto) > 0 && upto, "the log is long");
	while (group_change_forget(w.t, w.group, upto, 7) > 0)
		;
	ok(group_change_floor(w.t, w.group) == upto && upto >= w.at[0] - 1, "its beginning is forgotten");
	uint64_t before = upto - 1;
	is_int(missing(before, true, 5, 6) + missing(before, true, 20, 20), 0,
		"from before: what vanished is among what may have");
	is_int(missing(before, false, 10, 12), 0, "and what changed");
	is_int(missing(w.at[1], true, 6, 6), 0, "from after it: as ever");
	is_int(told(w.at[2]), 0, "nothing since then");
	fixture_commit(&w.t);
	forum_close(&forum);
	return done();
}
