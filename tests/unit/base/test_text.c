#include "forumd/base/text.h"
#include "tests/tap/tap.h"

static void is_fold(const char *from, const char *to) {
	struct buf b = { 0 };
	text_fold(slice_str(from), &b);
	is_slice(buf_slice(&b), slice_str(to), "fold %s", from);
	buf_free(&b);
}

/* the same, octet by octet */
static struct text_lines plain_lines(struct slice s) {
	struct text_lines l = { 0 };
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i], before = i ? (unsigned char)s.p[i - 1] : '\n';
		l.lines += c == '\n' || i + 1 == s.n;
		l.bare_lf |= c == '\n' && (i == 0 || before != '\r');
		l.bare_cr |= c == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n');
		l.dots |= c == '.' && before == '\n';
		l.eight_bit |= c > 127;
		l.nul |= c == 0;
	}
	return l;
}

static void test_lines(void) {
	static const char from[] = "a\r\n\r\n.x";
	uint64_t seed = 7;
	unsigned wrong = 0;
	char b[200];
	for (unsigned round = 0; round < 20000; round++) {
		struct slice s = slice_of(b, round % sizeof b);
		for (size_t i = 0; i < s.n; i++) {
			seed = seed * 6364136223846793005u + 1442695040888963407u;
			unsigned pick = (unsigned)(seed >> 40) % 300;
			b[i] = pick == 0 ? 0
				: pick == 1  ? (char)0xe4
				: pick < 4   ? from[pick * 2]
				: round % 3  ? from[i % 2 + 1]
							 : from[pick % 7];
			if (round % 3 == 1)
				b[i] = i % 9 == 7 ? '\r' : i % 9 == 8 ? '\n' : pick == 5 ? '.' : 'x';
		}
		struct text_lines got, want = plain_lines(s);
		text_lines(s, &got);
		wrong += got.lines != want.lines || got.bare_lf != want.bare_lf || got.bare_cr != want.bare_cr ||
			got.dots != want.dots || got.eight_bit != want.eight_bit || got.nul != want.nul;
	}
	is_int(wrong, 0, "lines of 20,000 texts, as counted octet by octet");
	struct text_lines l;
	text_lines(SLICE(""), &l);
	ok(l.lines == 0 && !l.bare_cr && !l.bare_lf && !l.dots, "of no text");
	text_lines(SLICE(".a\r\nb"), &l);
	ok(l.lines == 2 && l.dots && !l.bare_lf && !l.bare_cr, "a dot at the start, a last line without its end");
	text_lines(SLICE("\na\r"), &l);
	ok(l.lines == 2 && l.bare_lf && l.bare_cr, "a bare LF first, a bare CR last");
}

int main(void) {
	test_lines();
	struct buf b = { 0 };
	ok(text_utf8_valid(SLICE("")) && text_utf8_valid(SLICE("abc\0def")), "ASCII");
	ok(text_utf8_valid(SLICE("0123456789\xc3\xa4 \xe2\x82\xac \xf0\x9f\x98\x80 0123456789")), "2, 3 and 4 bytes");
	ok(text_utf8_valid(SLICE("\xf4\x8f\xbf\xbf\xed\x9f\xbf\xee\x80\x80")), "the borders");
	struct slice wrong[] = {
		SLICE("\x80"), SLICE("\xc0\x80"), SLICE("\xc1\xbf"), SLICE("\xe0\x9f\xbf"), SLICE("\xed\xa0\x80"),
		SLICE("\xf0\x8f\xbf\xbf"), SLICE("\xf4\x90\x80\x80"), SLICE("\xf5\x80\x80\x80"), SLICE("\xff"),
		SLICE("abcdefgh\xc3"), SLICE("\xe2\x82"), SLICE("\xe2\x82x"), SLICE("\xf0\x9f\x98"),
	};
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		ok(!text_utf8_valid(wrong[i]), "ill-formed %zu", i);
	text_utf8_repair(SLICE("a\xff\xc3\xa4\xe2\x82z"), &b);
	is_buf(&b, "a\xef\xbf\xbd\xc3\xa4\xef\xbf\xbd\xef\xbf\xbdz", "repair, byte by byte");
	bool same = true;
	for (uint32_t cp = 0; cp <= 0x10ffff; cp += cp < 0x900 ? 1 : 101) {
		if (cp >= 0xd800 && cp <= 0xdfff)
			continue;
		buf_reset(&b);
		text_utf8_add(&b, cp);
		struct slice s = buf_slice(&b);
		same &= text_utf8_valid(s) && text_utf8_next(&s) == (int32_t)cp && s.n == 0;
	}
	ok(same, "code points go round");
	buf_reset(&b);
	text_utf8_add(&b, 0xd800);
	is_buf(&b, "\xef\xbf\xbd", "no surrogates");
	struct slice s = SLICE("\xc3(");
	is_int(text_utf8_next(&s), -1, "ill-formed byte");
	is_int(s.n, 1, "one byte consumed");
	is_fold("Hello WORLD [\\]", "hello world [\\]");
	is_fold("Stra\xc3\x9f" "e \xc3\x84", "strasse \xc3\xa4");
	is_fold("\xef\xbc\xa1\xef\xac\x81", "afi");
	is_fold("A\xcc\x88", "\xc3\xa4");
	is_fold("\xff" "A", "\xef\xbf\xbd" "a");
	buf_reset(&b);
	text_escape(SLICE("a\"b\\c\r\n\xff\xc3\xa4\xc2\x9b\0"), 100, &b);
	is_buf(&b, "a\\x22b\\x5cc\\x0d\\x0a\\xff\xc3\xa4\\xc2\\x9b\\x00", "escaped");
	buf_reset(&b);
	text_escape(SLICE("abc\xc3\xa4\nz"), 6, &b);
	is_buf(&b, "abc\xc3\xa4", "cut before what does not fit");
	buf_reset(&b);
	text_json(SLICE("a\"\\\n\x01\x7f\xff\xc3\xa4\0"), &b);
	is_buf(&b, "\"a\\\"\\\\\\n\\u0001\\u007f\xef\xbf\xbd\xc3\xa4\\u0000\"", "JSON");
	buf_free(&b);
	struct buf map = { 0 };
	text_casemap(SLICE("Re: z_a"), &map);
	is_buf(&map, "RE: Z_A", "casemap: ASCII");
	buf_reset(&map);
	text_casemap(SLICE("\xc3\xa4\xef\xac\x81\xff"), &map);
	is_buf(&map, "A\xcc\x88""fi\xef\xbf\xbd", "casemap: title case, then decomposed");
	buf_free(&map);
	return done();
}
