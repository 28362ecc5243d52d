/* SEARCH keys: what the program says, against worlds of three flags. */
#include "forumd/forum/marks.h"
#include "gateways/imap/imap_search.h"
#include "tests/tap/tap.h"

struct world { unsigned mask; unsigned asked; };

static int leaf(void *arg, const struct imap_search_step *step) {
	struct world *w = arg;
	w->asked++;
	if (step->op == IMAP_SEARCH_FLAG)
		return (w->mask & step->mask) != 0;
	return step->op == IMAP_SEARCH_SET ? range_set_has(step->set, 7) : -1;
}

static bool take_set(void *arg, struct slice *in, struct range_set *uids_r) {
	(void)arg;
	return imap_take_set(in, 10, uids_r);
}

/* the truth for the eight combinations of SEEN FLAGGED ANSWERED, from none to all */
static void truth_is(const char *text, const char *want) {
	struct arena *a = arena_new();
	struct imap_search_sets sets = { take_set, take_set, NULL, NULL };
	struct imap_search s;
	struct slice in = slice_str(text);
	char got[16] = "bad";
	if (imap_search_compile(&in, a, &sets, &s)) {
		for (unsigned i = 0; i < 8; i++) {
			struct world w = { (i & 1 ? 1u << MARK_SEEN : 0) | (i & 2 ? 1u << MARK_FLAGGED : 0) | (i & 4 ?
				1u << MARK_ANSWERED : 0), 0 };
			got[i] = (char)('0' + imap_search_run(&s, leaf, &w));
		}
		got[8] = 0;
	}
	is_str(got, want, "%.60s", text);
	arena_free(&a);
}

static void test_lazy(void) {
	struct arena *a = arena_new();
	struct imap_search_sets sets = { take_set, take_set, NULL, NULL };
	struct imap_search s;
	struct slice in = SLICE("SEEN FLAGGED ANSWERED");
	struct world w = { 0, 0 };
	ok(imap_search_compile(&in, a, &sets, &s), "compiled");
	ok(s.needs_marks && !s.needs_overview, "marks are enough");
	imap_search_run(&s, leaf, &w);
	is_int(w.asked, 1, "what is decided is not asked");
	in = SLICE("SUBJECT \"HELLO\xc3\x84\"");
	ok(imap_search_compile(&in, a, &sets, &s) && s.needs_overview, "headers want the overview");
	is_lit(s.v[0].text, "hello\xc3\xa4", "texts are folded");
	in = SLICE("SINCE 1-Feb-1994");
	ok(imap_search_compile(&in, a, &sets, &s), "a date");
	is_int(s.v[0].day, 8797, "days since 1970");
	arena_free(&a);
}

static void nested(unsigned n, const char *want) {
	struct buf text = {0};
	for (unsigned i = 0; i < n; i++)
		buf_addc(&text, '(');
	buf_adds(&text, "SEEN");
	for (unsigned i = 0; i < n; i++)
		buf_addc(&text, ')');
	truth_is(buf_bytes(&text), want);
	buf_free(&text);
}

/* more keys than there is room for at first; a list that never ends */
static void many(const char *key, unsigned n, const char *want) {
	struct buf text = {0};
	for (unsigned i = 0; i < n; i++)
		buf_adds(&text, key);
	buf_adds(&text, "SEEN");
	truth_is(buf_bytes(&text), want);
	buf_free(&text);
}

int main(void) {
	many("ALL ", 1000, "01010101");
	many("UNFLAGGED ", 500, "01000100");
	many("NOT ", 31, "10101010");
	many("NOT ", 32, "bad");
	many("ALL ", 5000, "bad");
	truth_is("ALL", "11111111");
	truth_is("SEEN", "01010101");
	truth_is("UNSEEN FLAGGED", "00100010");
	truth_is("NOT SEEN", "10101010");
	truth_is("NOT NOT SEEN", "01010101");
	truth_is("OR SEEN FLAGGED", "01110111");
	truth_is("OR (SEEN FLAGGED) ANSWERED", "00011111");
	truth_is("OR SEEN OR FLAGGED ANSWERED", "01111111");
	truth_is("OR NOT SEEN NOT FLAGGED", "11101110");
	truth_is("NOT (OR SEEN FLAGGED ANSWERED)", "11111000");
	truth_is("(SEEN (FLAGGED (ANSWERED)))", "00000001");
	truth_is("OR OR SEEN FLAGGED ANSWERED UNSEEN", "00101010");
	truth_is("1:9 SEEN", "01010101");
	truth_is("UID 1:3", "00000000");
	truth_is("*", "00000000");
	truth_is("KEYWORD nothing", "00000000");
	truth_is("UNKEYWORD $Junk", "11111111");
	truth_is("NEW", "00000000");
	truth_is("OLD", "11111111");
	truth_is("OR SEEN", "bad");
	truth_is("NOT", "bad");
	truth_is("", "bad");
	truth_is("()", "bad");
	truth_is("(SEEN", "bad");
	truth_is("SEEN)", "bad");
	truth_is("SEEN ", "bad");
	truth_is("SINCE x", "bad");
	truth_is("LARGER", "bad");
	truth_is("WHATEVER", "bad");
	nested(30, "01010101");
	nested(40, "bad");
	nested(100000, "bad");
	test_lazy();
	return done();
}
