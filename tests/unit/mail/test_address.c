#include "forumd/mail/address.h"
#include "forumd/base/fail.h"
#include "tests/tap/tap.h"
#include "tests/unit/mail/work.h"

/* the list as "name|local|domain", groups as "{name" and "}" */
static const struct { const char *in, *out; } lists[] = {
	{ "a@b.c", "|a|b.c" },
	{ "Joe Doe <joe@b.c>", "Joe Doe|joe|b.c" },
	{ "\"Doe, Joe\" <joe@b.c>, x@y", "Doe, Joe|joe|b.c;|x|y" },
	{ "Doe, Joe <a@b>", "Doe, Joe|a|b" },
	{ "a@b (Joe)", "Joe|a|b" },
	{ "joe at example.com (Joe Doe)", "Joe Doe|joe|example.com" },
	{ "Joe <a@b", "Joe|a|b" },
	{ "Joe <a@b, x@y", "Joe|a|b;|x|y" },
	{ "<@x,@y:a@b>", "|a|b" },
	{ "a@[IPv6:::1]", "|a|[IPv6:::1]" },
	{ "\"a b\"@c.d", "|a b|c.d" },
	{ "<\"a\\\"b\"@c.d>", "|a\"b|c.d" },
	{ "<a/y z@b>", "" },
	{ "a . b @ c . d", "|a.b|c.d" },
	{ "Group: a@b, Joe <c@d>;, e@f", "{Group;|a|b;Joe|c|d;};|e|f" },
	{ "undisclosed-recipients:;", "{undisclosed-recipients;}" },
	{ "open: a@b", "{open;|a|b;}" },
	{ "=?utf-8?q?J=C3=B6rg?= <j@x>", "Jörg|j|x" },
	{ "\"=?utf-8?q?J=C3=B6rg?=\" <j@x>", "Jörg|j|x" },
	{ "J\xf6rg <j@x>", "Jörg|j|x" },
	{ "J\xc3\xb6rg <j@x>", "Jörg|j|x" },
	{ "joe@x.y <joe@x.y>", "joe@x.y|joe|x.y" },
	{ "(c (nested \\) ) c) Joe (d) Doe <(e)joe(f)@(g)x.y(h)>", "Joe Doe|joe|x.y" },
	{ "Joe (open <joe@x.y>", "Joe (open|joe|x.y" },
	{ "\"Joe <joe@x.y>", "\"Joe|joe|x.y" },
	{ "Joe\r\n Doe\r\n\t<joe@x.y>", "Joe Doe|joe|x.y" },
	{ "J. R. \"Bob\" D <j@x>", "J. R. Bob D|j|x" },
	{ "<<a@b>>", "|a|b" },
	{ "a@b@c", "" }, { "@b", "" }, { "a@", "" }, { "<>", "" }, { "", "" }, { ",,;;", "" }, { "root", "" },
	{ "Joe joe@x.y", "Joe|joe|x.y" },
	{ "=?utf-8?q?a=0D=0Ab?= <j@x>", "a  b|j|x" },
};

static void test_parse(void) {
	struct arena *a = arena_new();
	struct buf b = { 0 };
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++) {
		struct address_list l;
		address_parse(a, slice_str(lists[i].in), &l);
		buf_reset(&b);
		for (size_t k = 0; k < l.n; k++) {
			buf_adds(&b, k ? ";" : "");
			buf_adds(&b, l.v[k].kind == ADDRESS_GROUP_START ? "{" : l.v[k].kind == ADDRESS_GROUP_END ? "}" : "");
			buf_add_slice(&b, l.v[k].name);
			if (l.v[k].kind == ADDRESS_MAILBOX)
				buf_addf(&b, "|%.*s|%.*s", SLICE_ARG(l.v[k].local), SLICE_ARG(l.v[k].domain));
		}
		is_slice(buf_slice(&b), slice_str(lists[i].out), "%s", lists[i].in);
	}
	struct address_list l;
	address_parse(a, SLICE("=?utf-8?q?J=C3=B6rg?= Doe <j@x>"), &l);
	is_slice(l.v[0].name_raw, SLICE("=?utf-8?q?J=C3=B6rg?= Doe"), "raw name");
	address_parse(a, SLICE("a\0b@x.y"), &l);
	is_int(l.n, 0, "NUL in a local part");
	buf_free(&b);
	arena_free(&a);
}

static void test_work(void) {
	static const char *const bombs[] = { "(", "((", ")", "\"", "<", ">", "a@b,", "a:", ";", "\\", "@", "(\"", "a ", "[",
		"<a@b", "a,", ".", "=?utf-8?q?a?= " };
	struct buf in = { 0 };
	for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
		struct arena *a = arena_new();
		struct address_list l;
		buf_reset(&in);
		while (buf_len(&in) < 500000)
			buf_adds(&in, bombs[i]);
		int64_t t = work_ms();
		address_parse(a, buf_slice(&in), &l);
		ok(work_ms() - t < WORK_MS && l.n <= ADDRESS_LIST_MAX, "half a megabyte of %s: %d ms", bombs[i],
			(int)(work_ms() - t));
		arena_free(&a);
	}
	buf_free(&in);
}

static void test_write(void) {
	struct buf b = { 0 };
	address_write(&b, SLICE("Doe, Joe"), SLICE("joe"), SLICE("x.y"));
	is_buf(&b, "\"Doe, Joe\" <joe@x.y>", "quoted name");
	buf_reset(&b);
	address_write(&b, SLICE(""), SLICE("a b\r\n\""), SLICE("x.y>\r\nBcc: z@z"));
	is_buf(&b, "\"a b\\\"\"@x.yBcczz", "no name, odd local part, hostile domain");
	buf_reset(&b);
	address_key(&b, SLICE("\"Joe.Doe\""), SLICE("EXAMPLE.org"));
	is_buf(&b, "joe.doe@example.org", "key");
	buf_reset(&b);
	address_key(&b, SLICE("\"a\\ B\""), SLICE("X"));
	is_buf(&b, "\"a b\"@x", "key that needs quotes");
	buf_free(&b);
}

static void test_check(void) {
	static const char *const good[] = { "a@b", "a.b+c=d@x-y.example", "\"a b\"@c.d", "\"a\\\"@\"@c.d", "a@[127.0.0.1]",
		"a@[IPv6:::1]" };
	static const char *const bad[] = { "", "a", "@b", "a@", "a@b.", "a@.b", "a@-b", "a@b-", ".a@b", "a.@b", "a..b@c",
		"\"\"@b", "\"a@b", "a b@c", "a@b c", "<a@b>", "a@b\r\nRCPT", "\xc3\xa4@b", "a@\xc3\xa4", "a@b@c", "a,b@c",
		"a@[x]y", "a@b_c", "\"a\r\"@b" };
	struct slice l, d;
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ok(address_check_spec(slice_str(good[i]), false, &l, &d) == 1 && d.n + l.n + 1 == strlen(good[i]), "%s",
			good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		is_int(address_check_spec(slice_str(bad[i]), false, &l, &d), ERR_SYNTAX, "refused: %s", bad[i]);
	is_int(address_check_spec(SLICE("\xc3\xa4@\xc3\xb6.de"), true, &l, &d), 1, "SMTPUTF8");
	is_int(address_check_spec(SLICE("\xc3@x"), true, &l, &d), ERR_SYNTAX, "but not ill-formed");
	is_int(address_check_spec(SLICE("a\0b@x"), true, &l, &d), ERR_SYNTAX, "NUL");
	char big[400];
	memset(big, 'a', sizeof big);
	big[64] = '@';
	ok(address_check_spec(slice_of(big, 80), false, &l, &d) == 1, "64 octets of local part");
	big[64] = 'a', big[65] = '@';
	ok(address_check_spec(slice_of(big, 80), false, &l, &d) == ERR_SYNTAX, "65 octets");
}

int main(void) {
	test_parse();
	test_write();
	test_check();
	test_work();
	return done();
}
