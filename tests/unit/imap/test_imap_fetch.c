/* FETCH items as a plan. */
#include "gateways/imap/imap_fetch.h"
#include "tests/tap/tap.h"

/* labels in order, then S when reading marks the message */
static void plan_is(const char *text, bool uid, const char *want) {
	struct arena *a = arena_new();
	struct slice in = slice_str(text);
	struct imap_fetch_plan p;
	struct buf out = {0};
	if (imap_fetch_plan(&in, a, uid, &p) && !in.n) {
		for (unsigned i = 0; i < p.n; i++)
			buf_add_slice(&out, p.v[i].label);
		buf_adds(&out, p.sets_seen ? "S" : "");
	} else {
		buf_adds(&out, "bad");
	}
	is_str(buf_bytes(&out) ? buf_bytes(&out) : "", want, "%s", text);
	buf_free(&out);
	arena_free(&a);
}

/* more items than the plan has room for at first, and more than it takes */
static void test_many(void) {
	for (unsigned n = 1; n <= 2 * IMAP_FETCH_ITEMS_MAX; n += n < 40 ? 1 : 40) {
		struct arena *a = arena_new();
		struct buf text = {0};
		struct imap_fetch_plan p;
		buf_addc(&text, '(');
		for (unsigned i = 1; i <= n; i++)
			buf_addf(&text, "%sBODY.PEEK[%u]", i > 1 ? " " : "", i);
		buf_addc(&text, ')');
		struct slice in = buf_slice(&text);
		bool good = imap_fetch_plan(&in, a, false, &p);
		bool same = good && p.n == n;
		for (unsigned i = 0; same && i < n; i++)
			same = slice_eq(p.v[i].label, arena_slicef(a, "BODY[%u] ", i + 1));
		if (n <= IMAP_FETCH_ITEMS_MAX ? !same : good)
			ok(false, "%u items", n);
		buf_free(&text);
		arena_free(&a);
	}
	ok(true, "plans of 1 to %u items", 2 * IMAP_FETCH_ITEMS_MAX);
}

int main(void) {
	test_many();
	plan_is("FLAGS", false, "FLAGS ");
	plan_is("flags", true, "UID FLAGS ");
	plan_is("(FLAGS UID FLAGS)", true, "UID FLAGS ");
	plan_is("ALL", false, "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE ");
	plan_is("FULL", false, "FLAGS INTERNALDATE RFC822.SIZE ENVELOPE BODY ");
	plan_is("(ALL)", false, "bad");
	plan_is("(BODY BODYSTRUCTURE)", false, "BODY BODYSTRUCTURE ");
	plan_is("BODY[]", false, "BODY[] S");
	plan_is("BODY.PEEK[]", false, "BODY[] ");
	plan_is("body.peek[header.fields (from)]<2.7>", false, "BODY[HEADER.FIELDS (from)]<2> ");
	plan_is("(RFC822 RFC822.HEADER RFC822.TEXT)", false, "RFC822 RFC822.HEADER RFC822.TEXT S");
	plan_is("RFC822.HEADER", false, "RFC822.HEADER ");
	plan_is("()", false, "bad");
	plan_is("(FLAGS", false, "bad");
	plan_is("FLAGS[]", false, "bad");
	plan_is("MODSEQ", false, "MODSEQ ");
	plan_is("MODSEQ[1]", false, "bad");
	return done();
}
