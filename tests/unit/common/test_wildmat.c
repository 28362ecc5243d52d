#include "forumd/base/clock.h"
#include "gateways/common/wildmat.h"
#include "tests/tap/tap.h"

static void test_valid(void) {
	static const char *const good[] = { "*", "a.b", "a*,!b?", "!a", "caf\xc3\xa9.*", "a,b,c", "comp.lang.c++" };
	static const char *const bad[] = { "", ",", "a,", ",a", "a\\b", "a[b]", "a b", "a!b", "a,!", "\xff", "a\tb" };
	for (size_t i = 0; i < sizeof good / sizeof *good; i++)
		ok(wildmat_valid(slice_str(good[i])), "well-formed: %s", good[i]);
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		ok(!wildmat_valid(slice_str(bad[i])), "malformed: %zu", i);
}

static void test_match(void) {
	static const struct { const char *pattern, *text; bool want; } v[] = {
		{ "a*", "abc", true },
		{ "a*", "bac", false },
		{ "a*,!*b", "aaab", false },
		{ "a*,!*b,*c*", "abcd", true },
		{ "a*,c*,!*b", "ab", false },
		{ "a*,c*,!*b", "cd", true },
		{ "*", "", true },
		{ "?", "", false },
		{ "?", "\xc3\xa9", true },
		{ "??", "\xc3\xa9", false },
		{ "a?c",
			"a\xe2\x82\xac"
			"c",
			true },
		{ "*.forum", "test.forum", true },
		{ "test.*", "test", false },
		{ "!*", "a", false },
		{ "!a,*", "a", true },
		{ "*,!a", "a", false },
		{ "a**b", "ab", true },
		{ "a*b*c", "a1b2c", true },
		{ "a*b*c", "a1c2b", false },
		{ "*a", "aaaaab", false },
		{ "*ab", "aaaab", true },
		{ "A", "a", false },
	};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		is_int(wildmat_match(slice_str(v[i].pattern), slice_str(v[i].text)), v[i].want, "%s on %s", v[i].pattern,
			v[i].text);
}

/* what a field holds, under the patterns of RFC 2980 */
static void test_text(void) {
	static const struct { const char *pattern, *text; bool want; } v[] = {
		{ "*[Qq][Uu][Ii]*", "Where is the QUINCE", true },
		{ "*[Qq][Uu][Ii]*", "Where is the pear", false },
		{ "*the quince*", "Where is the quince?", true },
		{ "*, or*", "one, or two", true },
		{ "one,two", "one", false },
		{ "!one", "two", false },
		{ "!one", "!one", true },
		{ "[a-cx]", "b", true },
		{ "[a-cx]", "x", true },
		{ "[a-cx]", "d", false },
		{ "[^a-c]", "d", true },
		{ "[^a-c]", "b", false },
		{ "[]]", "]", true },
		{ "[^]]", "]", false },
		{ "[a-]", "-", true },
		{ "[\xc3\xa0-\xc3\xaf]", "\xc3\xa9", true },
		{ "[\xc3\xa0-\xc3\xaf]x", "\xc3\xb9x", false },
		{ "[^a]b", "\xc3\xa9" "b", true },
		{ "\\[a]", "[a]", true },
		{ "\\[a]", "a", false },
		{ "a\\*c", "a*c", true },
		{ "a\\*c", "abc", false },
		{ "\\\\", "\\", true },
		{ "a[", "a[", true },
		{ "a[^", "a[^", true },
		{ "a\\", "a\\", true },
		{ "*[0-9][0-9]", "page 7 of 42", true },
		{ "*[0-9][0-9]", "page 42 of 7", false },
	};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		is_int(wildmat_text(slice_str(v[i].pattern), slice_str(v[i].text)), v[i].want, "text: %s on %s", v[i].pattern,
			v[i].text);
}

static void test_imap(void) {
	static const struct { const char *pattern, *name; bool want; } v[] = {
		{ "*", "a.b.c", true },
		{ "%", "a", true },
		{ "%", "a.b", false },
		{ "%.%", "a.b", true },
		{ "%.%", "a.b.c", false },
		{ "a.*", "a.b.c", true },
		{ "a.%", "a.b.c", false },
		{ "*c", "a.b.c", true },
		{ "%c", "a.b.c", false },
		{ "*%c", "a.b.c", true },
		{ "%*", "a.b.c", true },
		{ "*.%", "a.b.c", true },
		{ "", "", true },
		{ "", "a", false },
		{ "a%c*e", "abcde", true },
		{ "a%c*e", "ab.cde", false },
		{ "%%%", "abc", true },
		{ "*b%d", "a.b.b.cd", false },
		{ "*b%d", "a.b.bcd", true },
	};
	for (size_t i = 0; i < sizeof v / sizeof *v; i++)
		is_int(wildmat_imap(slice_str(v[i].pattern), slice_str(v[i].name), '.'), v[i].want, "IMAP %s on %s",
			v[i].pattern, v[i].name);
}

/* patterns that kill backtracking matchers */
static void test_time(void) {
	struct buf p = { 0 }, q = { 0 }, text = { 0 };
	int64_t start = clock_mono_ms();
	for (int i = 0; i < 240; i++)
		buf_adds(&p, "a*"), buf_adds(&q, i % 2 ? "%" : "*"), buf_adds(&q, "a");
	buf_adds(&p, "b"), buf_adds(&q, "b");
	for (int i = 0; i < 1000; i++)
		buf_addc(&text, 'a');
	for (int i = 0; i < 20; i++) {
		ok(!wildmat_match(buf_slice(&p), buf_slice(&text)), "a*a*...b does not match");
		ok(!wildmat_imap(buf_slice(&q), buf_slice(&text), '.'), "*a%%a...b does not match");
	}
	int64_t ms = clock_mono_ms() - start;
	ok(ms < 2000, "forty such matches took %lld ms", (long long)ms);
	buf_free(&p), buf_free(&q), buf_free(&text);
}

int main(void) {
	test_valid();
	test_match();
	test_text();
	test_imap();
	test_time();
	return done();
}
