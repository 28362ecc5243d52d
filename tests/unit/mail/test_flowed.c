/* format=flowed there and back; charsets nobody declared */
#include <iconv.h>
#include "forumd/base/text.h"
#include "forumd/mail/flowed.h"
#include "forumd/mail/words.h"
#include "tests/tap/tap.h"

static void round_trip(const char *text, bool delsp, const char *what) {
	struct buf lines = { 0 }, unix_lines = { 0 }, back = { 0 };
	bool got = flowed_encode(slice_str(text), &lines);
	struct slice rest = buf_slice(&lines), line;
	size_t longest = 0;
	bool stuffed = true;
	while (slice_line(&rest, &line)) {
		struct slice shown = line;
		longest = text_utf8_valid(line) && line.n > longest ? line.n : longest;
		stuffed = stuffed && !slice_starts(line, SLICE("From "));
		buf_add_slice(&unix_lines, shown);
		buf_addc(&unix_lines, '\n');
	}
	flowed_decode(buf_slice(&unix_lines), got, &back);
	ok(got == delsp, "%s: DelSp", what);
	ok(stuffed && longest <= 230, "%s: lines of %zu octets at most", what, longest);
	is_slice(buf_slice(&back), slice_str(text), "%s", what);
	buf_free(&lines), buf_free(&unix_lines), buf_free(&back);
}

static void decodes(const char *lines, bool delsp, const char *want, const char *what) {
	struct buf b = { 0 };
	flowed_decode(slice_str(lines), delsp, &b);
	is_slice(buf_slice(&b), slice_str(want), "%s", what);
	buf_free(&b);
}

/* the text in that charset is told for what it is */
static void guessed(const char *utf8, const char *charset) {
	char out[4000], *to = out, *in = (char *)(uintptr_t)utf8;
	size_t left = strlen(utf8), room = sizeof out;
	iconv_t cd = iconv_open(charset, "UTF-8");
	bool converted = cd != (iconv_t)-1 && iconv(cd, &in, &left, &to, &room) != (size_t)-1 &&
		iconv(cd, NULL, NULL, &to, &room) != (size_t)-1;
	struct buf b = { 0 };
	if (cd != (iconv_t)-1)
		iconv_close(cd);
	ok(converted, "%s can be made", charset);
	words_to_utf8(SLICE(""), slice_of(out, (size_t)(to - out)), &b);
	is_slice(buf_slice(&b), slice_str(utf8), "%s, undeclared", charset);
	buf_reset(&b);
	words_to_utf8(SLICE("utf-8"), slice_of(out, (size_t)(to - out)), &b);
	is_slice(buf_slice(&b), slice_str(utf8), "%s, said to be UTF-8", charset);
	buf_free(&b);
}

int main(void) {
	round_trip("Short.\n", false, "a short line");
	round_trip(
		"A paragraph that is longer than the lines it will have on its way, so that it is broken at a space or two, and nowhere else.\n",
		false, "a paragraph");
	round_trip(
		"> A quotation that is longer than the lines it will have on its way, so that it is broken and marked again, line by line.\n\nNo.\n",
		false, "a quotation");
	round_trip(
		">> Two deep and longer than the lines it will have on its way, so that it is broken and marked again, line by line.\n> One.\n>\n> One.\n",
		false, "depths");
	round_trip("From here on\n  indented\n\n-- \nBob\n", false, "stuffing, a signature");
	round_trip("長い段落で空白がないものはどこかで切らなければならないので、読む側が消す空白を行の終わりに置く。これは長い段落である。まだ続く。\n", true, "text without spaces");
	round_trip(
		"See https://example.org/a/very/long/address/that/does/not/fit/into/a/line/of/seventy-two/columns/at/all and come back.\n",
		false, "a long address");
	round_trip("", false, "nothing");
	decodes("one \ntwo\n", false, "one two\n", "joined");
	decodes("one \ntwo\n", true, "onetwo\n", "joined, DelSp");
	decodes("> one \n> two\n> > three\n", false, "> one two\n> > three\n", "a quotation joined");
	decodes("one \n-- \nBob\n", false, "one \n-- \nBob\n", "a signature ends the paragraph");
	decodes(">one \n>>two\n", false, "> one \n>> two\n", "another depth ends it");
	guessed("Айва любит суглинок, и немного песка осенью. Спасибо за ответ!\n", "KOI8-R");
	guessed("Айва любит суглинок, и немного песка осенью. Спасибо за ответ!\n", "CP1251");
	guessed("Η κυδωνιά θέλει χώμα βαρύ και λίγο νερό το καλοκαίρι.\n", "CP1253");
	guessed("カリンは粘土質の土を好むと思います。水は少しでよいです。\n", "SHIFT_JIS");
	guessed("カリンは粘土質の土を好むと思います。水は少しでよいです。\n", "EUC-JP");
	guessed("カリンは粘土質の土を好むと思います。水は少しでよいです。\n", "ISO-2022-JP");
	guessed("我想榅桲喜欢壤土，秋天再加一点沙子。谢谢你的回答。\n", "GB18030");
	guessed("我想柿子喜歡壤土，秋天再加一點沙子。謝謝你的回答。\n", "BIG5");
	guessed("모과는 양토를 좋아한다고 생각합니다. 물은 조금만 주세요.\n", "EUC-KR");
	guessed("Löss und Lehm, würde ich sagen – und im März etwas düngen.\n", "CP1252");
	guessed("La tierra que más le gusta es la arcillosa, ¿no es así?\n", "CP1252");
	return done();
}
