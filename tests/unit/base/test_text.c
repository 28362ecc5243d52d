#include "forumd/base/text.h"
#include "tests/tap/tap.h"

static void is_fold(const char *from, const char *to) {
	struct buf b = { 0 };
	text_fold(slice_str(from), &b);
	is_slice(buf_slice(&b), slice_str(to), "fold %s", from);
	buf_free(&b);
}

int main(void) {
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
