/* The reader whole and octet by octet; the takers; modified UTF-7. */
#include <stdio.h>
#include "gateways/imap/imap_parse.h"
#include "tests/tap/tap.h"

/* What the reader makes of a stream, as text: commands in <>, events by name. step 0: all at once. */
static void drive(struct slice stream, size_t step, size_t limit, size_t append, struct buf *out) {
	struct imap_reader r = { .limit = limit, .append_limit = append };
	struct buf in = {0};
	static const char *const names[] = { "", "", "+", "TOOBIG", "BYE", "TOOLONG" };
	for (size_t at = 0; at < stream.n;) {
		size_t n = step && step < stream.n - at ? step : stream.n - at;
		buf_add(&in, stream.p + at, n);
		at += n;
		enum imap_read e;
		while ((e = imap_reader_feed(&r, &in)) != IMAP_READ_MORE) {
			if (e == IMAP_READ_COMMAND)
				buf_addf(out, "<%.*s>", SLICE_ARG(buf_slice(&r.text)));
			else
				buf_addf(out, "%s;", names[e]);
			if (e == IMAP_READ_TOO_BIG_BYE)
				goto end;
			if (e != IMAP_READ_CONTINUE)
				imap_reader_reset(&r);
		}
	}
end:
	buf_free(&in);
	imap_reader_reset(&r);
	buf_free(&r.text);
}

static void reads(struct slice stream, size_t limit, size_t append, const char *want) {
	for (size_t step = 0; step < 4; step++) {
		struct buf out = {0};
		drive(stream, step, limit, append, &out);
		is_str(buf_bytes(&out) ? buf_bytes(&out) : "", want, "%.40s in steps of %zu", stream.p, step);
		buf_free(&out);
	}
}

static void test_reader(void) {
	reads(SLICE("a NOOP\r\nb NOOP\n"), 100, 0, "<a NOOP><b NOOP>");
	reads(SLICE("a LOGIN {3}\r\nx\ny {2+}\r\nzz\r\nb NOOP\r\n"), 100, 0, "+;<a LOGIN {3}\r\nx\ny {2+}\r\nzz><b NOOP>");
	reads(SLICE("a LOGIN {0}\r\n {0+}\r\n\r\n"), 100, 0, "+;<a LOGIN {0}\r\n {0+}\r\n>");
	reads(SLICE("a LOGIN {101}\r\nb NOOP\r\n"), 100, 0, "TOOBIG;<b NOOP>");
	reads(SLICE("a LOGIN {99999999999999999999}\r\nb NOOP\r\n"), 100, 0, "TOOBIG;<b NOOP>");
	reads(SLICE("a LOGIN {101+}\r\nb NOOP\r\n"), 100, 0, "BYE;");
	reads(SLICE("a APPEND x {150}\r\n"), 100, 200, "+;");
	reads(SLICE("a APPEND x {150}\r\n"), 100, 0, "TOOBIG;");
	reads(SLICE("a append x {201}\r\nb NOOP\r\n"), 100, 200, "TOOBIG;<b NOOP>");
	reads(SLICE("a append x {8+}\r\nabcdefgh {5}\r\n"), 100, 10, "TOOBIG;");
	reads(SLICE("a AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\r\nb NOOP\r\n"), 20, 0, "TOOLONG;<b NOOP>");
	reads(SLICE("a AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA {3+}\r\nb N\r\n"), 20, 0, "BYE;");
	reads(SLICE("a AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA {3}\r\nb NOOP\r\n"), 20, 0, "TOOLONG;<b NOOP>");
	reads(SLICE("a x{y}\r\na {+}\r\na {}\r\n"), 100, 0, "<a x{y}><a {+}><a {}>");
}

static void test_takers(void) {
	struct arena *a = arena_new();
	struct slice s, in = SLICE("\"a\\\"b\\\\\" {3}\r\nx\0y NIL at]om");
	ok(imap_take_astring(&in, a, &s), "quoted");
	is_lit(s, "a\"b\\", "escapes are removed");
	ok(imap_take_space(&in) && imap_take_astring(&in, a, &s), "literal");
	is_lit(s, "x\0y", "NUL in a literal is an octet");
	ok(imap_take_space(&in) && imap_take_nstring(&in, a, &s) && !s.p, "NIL");
	ok(imap_take_space(&in) && imap_take_astring(&in, a, &s), "atom");
	is_lit(s, "at]om", "] is part of an astring");
	in = SLICE("\"a\\nb\"");
	ok(!imap_take_astring(&in, a, &s), "only quote and backslash may be escaped");
	in = SLICE("\"open");
	ok(!imap_take_astring(&in, a, &s), "an open quote is nothing");
	in = SLICE("{9}\r\nabc");
	ok(!imap_take_astring(&in, a, &s), "a literal that is not there");
	in = SLICE("a+b x");
	ok(imap_take_tag(&in, &s), "tag");
	is_lit(s, "a", "no + in a tag");
	in = SLICE("\\Seen");
	ok(imap_take_flag(&in, &s), "system flag");
	is_lit(s, "\\Seen", "with its backslash");
	in = SLICE("\\");
	ok(!imap_take_flag(&in, &s), "a lone backslash is no flag");
	in = SLICE("\\*");
	ok(!imap_take_flag(&in, &s), "what PERMANENTFLAGS says of room for more is no flag either");
	in = SLICE("%.x*");
	ok(imap_take_pattern(&in, a, &s) && !in.n, "pattern");
	in = SLICE("~{2+}\r\nab");
	ok(imap_take_string(&in, a, &s), "literal8");
	is_lit(s, "ab", "its octets");
	arena_free(&a);
}

static void set_is(const char *text, uint32_t star, const char *want) {
	struct range_set set = {0};
	struct buf out = {0};
	struct slice in = slice_str(text);
	if (imap_take_set(&in, star, &set) && !in.n)
		range_set_print(&set, ':', &out);
	else
		buf_adds(&out, "bad");
	is_str(buf_bytes(&out) ? buf_bytes(&out) : "", want, "set %s of %u", text, star);
	range_set_free(&set);
	buf_free(&out);
}

static void test_sets(void) {
	set_is("1", 5, "1");
	set_is("9,1,5:3", 9, "1,3:5,9");
	set_is("2:*", 5, "2:5");
	set_is("7:*", 5, "5");
	set_is("*:7,1", 5, "1,5");
	set_is("7:*", 0, "1:7");
	set_is("*", 5, "5");
	set_is("*:*,1:2,2:3", 5, "1:3,5");
	set_is("4294967295", 5, "4294967295");
	set_is("0", 5, "bad");
	set_is("4294967296", 5, "bad");
	set_is("1,", 5, "bad");
	set_is("1:", 5, "bad");
	set_is(":3", 5, "bad");
	set_is("", 5, "bad");
	set_is("*", 0, "");
}

static void utf7_is(struct slice in, const char *want) {
	struct buf out = {0};
	if (!imap_utf7_decode(in, &out)) {
		buf_reset(&out);
		buf_adds(&out, "bad");
	}
	is_str(buf_bytes(&out) ? buf_bytes(&out) : "", want, "utf7 %.30s", in.p);
	if (strcmp(want, "bad") != 0) {
		struct buf back = {0};
		imap_utf7_encode(buf_slice(&out), &back);
		ok(slice_eq(buf_slice(&back), in), "and back");
		buf_free(&back);
	}
	buf_free(&out);
}

static void test_utf7(void) {
	utf7_is(SLICE("plain.name"), "plain.name");
	utf7_is(SLICE("a&-b"), "a&b");
	utf7_is(SLICE("Entw&APw-rfe"), "Entw\xc3\xbcrfe");
	utf7_is(SLICE("&ZeVnLIqe-"), "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e");
	utf7_is(SLICE("&2D3eCg-"), "\xf0\x9f\x98\x8a");
	utf7_is(SLICE("&AOk-t&AOkA6Q-&-&2D3eCgDp-x"), "\xc3\xa9t\xc3\xa9\xc3\xa9&\xf0\x9f\x98\x8a\xc3\xa9x");
	utf7_is(SLICE("&AGE-"), "bad");
	utf7_is(SLICE("&2D0-"), "bad");
	utf7_is(SLICE("&3go-"), "bad");
	utf7_is(SLICE("&APw"), "bad");
	utf7_is(SLICE("&AP!-"), "bad");
	utf7_is(SLICE("&APx-"), "bad");
	utf7_is(SLICE("\xc3\xbc"), "bad");
	utf7_is(SLICE("a\nb"), "bad");
}

int main(void) {
	test_reader();
	test_takers();
	test_sets();
	test_utf7();
	return done();
}
