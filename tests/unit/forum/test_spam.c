/* learning from verdicts: arithmetic, bounds, what is taken back, which verdict teaches */
#include "forumd/forum/member.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/search.h"
#include "forumd/forum/spam.h"
#include "tests/unit/forum/fixture.h"

static struct fail f;
static struct forum *forum;

static struct slice terms_of(struct forum_txn *t, const char *text) {
	struct buf b = { 0 };
	search_terms(SLICE("x"), SLICE("Subject: hello\r\n"), slice_str(text), false, &b);
	struct slice s = arena_slice(forum_arena(t), buf_slice(&b));
	buf_free(&b);
	return s;
}

/* the words of a stored post are those of its body */
static int parse(void *arg, struct arena *a, struct slice header, struct slice body, struct post_draft *d) {
	struct buf b = { 0 };
	(void)arg;
	search_terms(SLICE("x"), header, body, false, &b);
	d->terms = arena_slice(a, buf_slice(&b));
	buf_free(&b);
	return 1;
}

static int score(struct forum_txn *t, uint32_t group, const char *text) {
	unsigned percent = 1000;
	int r = spam_score(t, group, terms_of(t, text), &percent);
	return r > 0 ? (int)percent : r < 0 ? r : -1;
}

static void teach(struct forum_txn *t, uint32_t group, uint64_t post, enum spam_lesson l, const char *text) {
	if (spam_learn(t, post, group, l, post, terms_of(t, text)) < 0)
		bail("spam_learn");
}

static void counts(struct forum_txn *t, uint32_t group, uint32_t bad, uint32_t good, const char *name) {
	struct spam_counts c;
	is_int(spam_counts(t, group, &c), 1, "%s: counts", name);
	ok(c.bad == bad && c.good == good, "%s: %u refused, %u approved", name, c.bad, c.good);
}

#define PILLS "cheap pills without prescription order today casino bonus"
#define GARDEN "the quince likes loam and water in the morning says the gardener"

static void learning(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t a = fixture_group(t, "spam.one"), b = fixture_group(t, "spam.two");
	is_int(score(t, a, PILLS), -1, "nothing is said before there is anything");
	for (uint64_t i = 1; i <= SPAM_LESSONS_MIN; i++)
		teach(t, a, i, SPAM_BAD, PILLS);
	is_int(score(t, a, PILLS), -1, "nor from one kind alone");
	for (uint64_t i = 101; i < 100 + SPAM_LESSONS_MIN; i++)
		teach(t, a, i, SPAM_GOOD, GARDEN);
	is_int(score(t, a, PILLS), -1, "nor from too few");
	teach(t, a, 200, SPAM_GOOD, GARDEN);
	counts(t, a, SPAM_LESSONS_MIN, SPAM_LESSONS_MIN, "the group");
	counts(t, 0, SPAM_LESSONS_MIN, SPAM_LESSONS_MIN, "all groups");
	counts(t, b, 0, 0, "another group");
	ok(score(t, a, PILLS) >= 99, "what was refused: %d", score(t, a, PILLS));
	ok(score(t, a, GARDEN) <= 1, "what was approved: %d", score(t, a, GARDEN));
	ok(score(t, b, "order cheap pills") >= 90, "another group goes by all");
	is_int(score(t, a, "zebra giraffe xylophone"), 50, "words nobody knows say nothing");
	int mixed = score(t, a, "cheap pills casino quince loam gardener");
	ok(mixed > 20 && mixed < 80, "words of both kinds: %d", mixed);
	is_int(score(t, a, ""), 50, "no words");
	unsigned percent;
	is_int(spam_score(t, a, SLICE("noise"), &percent), ERR_CORRUPT, "a list that is none");
	fixture_commit(&t);
}

static void relearning(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "spam.again");
	struct spam_counts all;
	spam_counts(t, 0, &all);
	teach(t, g, 900, SPAM_BAD, PILLS);
	counts(t, g, 1, 0, "once");
	teach(t, g, 900, SPAM_GOOD, PILLS);
	counts(t, g, 0, 1, "the later verdict counts");
	counts(t, 0, all.bad, all.good + 1, "in all groups, too");
	teach(t, g, 900, SPAM_GOOD, PILLS);
	counts(t, g, 0, 1, "twice is once");
	is_int(spam_learn(t, 901, g, SPAM_BAD, 1, SLICE("")), 1, "a post without words");
	counts(t, g, 0, 1, "teaches nothing");
	fixture_commit(&t);
}

/* a long text, and as many posts as a cell can count and more */
static void bounds(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "spam.bounds");
	struct buf b = { 0 };
	for (int i = 0; i < 20000; i++)
		buf_addf(&b, "word%c%c%c%c ", 'a' + i % 26, 'a' + i / 26 % 26, 'a' + i / 676 % 26, 'a' + i / 17576);
	for (int i = 0; i < SPAM_LESSONS_MIN; i++) {
		teach(t, g, 2000 + (uint64_t)i, SPAM_BAD, buf_bytes(&b));
		teach(t, g, 3000 + (uint64_t)i, SPAM_GOOD, GARDEN);
	}
	ok(score(t, g, buf_bytes(&b)) >= 99, "a very long text");
	for (int i = 0; i < 66000; i++)
		teach(t, g, 5000 + (uint64_t)i, SPAM_BAD, "lottery");
	ok(score(t, g, "lottery winner lottery") > 50, "a cell that is full");
	counts(t, g, SPAM_LESSONS_MIN + 66000, SPAM_LESSONS_MIN, "all are counted");
	buf_free(&b);
	fixture_commit(&t);
}

static uint64_t waiting(struct forum_txn *t, uint32_t group, const char *msgid) {
	struct post_draft *d = fixture_draft(t, group, msgid, NULL, NULL);
	struct post p;
	d->hold = true;
	uint64_t id = fixture_add(t, d);
	if (post_get(t, id, &p) <= 0 || p.state != POST_PENDING)
		bail("%s does not wait", msgid);
	return id;
}

static void verdicts(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t mod = fixture_member(t, "Mod", "mod@spam.example"), g = fixture_group(t, "spam.mod");
	struct slice none = SLICE("");
	uint64_t action, undone;
	uint64_t a = waiting(t, g, "<w1@spam>"), b = waiting(t, g, "<w2@spam>"), c = waiting(t, g, "<w3@spam>");
	is_int(moderate_verdict(t, a, mod, VERDICT_APPROVE, none, &action, &f), 1, "approved");
	counts(t, g, 0, 1, "which teaches");
	is_int(moderate_verdict(t, b, mod, VERDICT_DELETE, none, &action, &f), 1, "refused");
	counts(t, g, 1, 1, "which teaches");
	is_int(moderate_verdict(t, c, mod, VERDICT_DELETE, SLICE("please post it in the other group"), &action, &f), 1,
		"refused with a word");
	counts(t, g, 1, 1, "which does not");
	uint64_t i = waiting(t, g, "<w4@spam>");
	is_int(moderate_verdict(t, i, mod, VERDICT_DELETE, SLICE(MODERATE_BY_IMAP), &action, &f), 1, "refused by moving it");
	counts(t, g, 2, 1, "which has no words, and teaches");
	uint64_t d = fixture_post(t, g, "<v1@spam>", NULL, NULL), e = fixture_post(t, g, "<v2@spam>", NULL, NULL);
	is_int(moderate_verdict(t, d, mod, VERDICT_HIDE, none, &action, &f), 1, "hidden, nobody said spam");
	counts(t, g, 2, 1, "which does not");
	is_int(moderate_undo(t, action, mod, &undone, &f), 1, "taken back");
	counts(t, g, 2, 1, "nor does that");
	is_int(moderate_report(t, d, mod, REPORT_SPAM, none, &f), 1, "reported as spam");
	is_int(moderate_verdict(t, d, mod, VERDICT_HIDE, none, &action, &f), 1, "and hidden");
	counts(t, g, 3, 1, "which teaches");
	is_int(moderate_undo(t, action, mod, &undone, &f), 1, "taken back");
	counts(t, g, 2, 1, "forgotten");
	is_int(moderate_verdict(t, d, mod, VERDICT_KEEP, none, &action, &f), 1, "kept after all");
	counts(t, g, 2, 2, "which teaches");
	is_int(moderate_report(t, e, mod, REPORT_OFF_TOPIC, none, &f), 1, "reported as off-topic");
	is_int(moderate_verdict(t, e, mod, VERDICT_DELETE, none, &action, &f), 1, "and deleted");
	counts(t, g, 2, 2, "which does not");
	fixture_commit(&t);
}

int main(void) {
	forum = fixture_open("spam");
	spam_read_with(forum, parse);
	learning();
	relearning();
	bounds();
	verdicts();
	return done();
}
