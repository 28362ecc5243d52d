#include "forumd/mail/words.h"
#include "forumd/base/text.h"
#include "tests/tap/tap.h"
#include "tests/unit/mail/work.h"

#define DECODES(in, out) do { buf_reset(&b); words_decode(SLICE(in), &b); is_buf(&b, out, "%s", #in); } while (0)
#define CONVERTS(set, in, out) do { buf_reset(&b); ok(words_to_utf8(SLICE(set), SLICE(in), &b), "known: %s", set); \
	is_buf(&b, out, "its text"); } while (0)

static void test_decode(struct buf *bp) {
	struct buf b = *bp;
	DECODES("plain", "plain");
	DECODES("=?utf-8?q?caf=C3=A9?= au lait", "café au lait");
	DECODES("=?UTF-8?B?Y2Fmw6k=?=", "café");
	DECODES("=?UTF-8?B?Y2Fmw6k?=", "café");
	DECODES("=?utf-8?q?a?= =?utf-8?q?b?=", "ab");
	DECODES("=?utf-8?q?a?=  x =?utf-8?q?b?=", "a  x b");
	DECODES("=?utf-8?q?caf=C3?= =?utf-8?q?=A9?=", "café");
	DECODES("=?utf-8?B?w6k=?= =?utf-8?Q?=C3=A9?=", "éé");
	DECODES("=?utf-8*en?q?caf=C3=A9?=", "café");
	DECODES("=?iso-8859-1?q?=93x=94_=E9?=", "“x” é");
	DECODES("=?utf-8?q?a=0D=0ABcc:_x?=", "a  Bcc: x");
	DECODES("=?utf-8?q?a=00b?=", "a b");
	DECODES("a\tb\0c", "a b c");
	DECODES("caf\xc3\xa9", "café");
	DECODES("caf\xe9 \x80", "café €");
	DECODES("=?utf-8?q?=C3=C3?=", "\xef\xbf\xbd\xef\xbf\xbd");
	DECODES("=?utf-8?x?abc?=", "=?utf-8?x?abc?=");
	DECODES("=?utf-8?q?open", "=?utf-8?q?open");
	DECODES("=?utf-8?q?" "?=x", "x");
	DECODES("=?=?utf-8?q?a?=", "=?a");
	DECODES("\"=?utf-8?q?a_b?=\"", "\"a b\"");
	DECODES("=?iso-2022-jp?B?GyRCRnxLXBsoQg==?=", "日本");
	DECODES("=?gb2312?B?xOO6ww==?=", "你好");
	DECODES("=?ks_c_5601-1987?B?x9GxuQ==?=", "한국");
	DECODES("=?unicode-1-1-utf-7?q?+AOk-?=", "é");
	DECODES("=?unknown-8bit?q?caf=E9?=", "café");
	*bp = b;
}

static void test_charsets(struct buf *bp) {
	struct buf b = *bp;
	CONVERTS("x-sjis", "\x93\xfa\x96\x7b", "日本");
	CONVERTS("iso-8859-8-i", "\xf9\xec\xe5\xed", "שלום");
	CONVERTS("hz-gb-2312", "a~{Dc:C~}b~~", "a你好b~");
	CONVERTS("x-mac-roman", "caf\x8e", "café");
	CONVERTS("ISO-8859-1", "\x80\xe9", "€é");
	CONVERTS("\"utf-8\"", "\xc3\xa9\xff", "é\xef\xbf\xbd");
	CONVERTS("us-ascii", "caf\xc3\xa9", "café");
	CONVERTS("koi8-r", "\xf0\xd2\xc9", "При");
	CONVERTS("gb2312", "\xc4\xe3\xff\xba\xc3", "你\xef\xbf\xbd好");
	buf_reset(&b);
	ok(!words_to_utf8(SLICE("x-user-defined"), SLICE("\xe9"), &b), "unknown charset");
	is_buf(&b, "é", "read as windows-1252");
	buf_reset(&b);
	ok(!words_to_utf8(SLICE("../../etc/gconv//TRANSLIT"), SLICE("a"), &b), "a path is no charset");
	ok(!words_to_utf8(SLICE("IBM1390"), SLICE("a"), &b), "nor are mainframe sets");
	ok(!words_to_utf8(SLICE("utf-16\0x"), SLICE("a"), &b), "nor names with NUL");
	buf_reset(&b);
	words_decode_2231(SLICE("iso-8859-1'en'caf%E9%20x%ZZ%0D%0A"), &b);
	is_buf(&b, "café x%ZZ  ", "RFC 2231 value");
	buf_reset(&b);
	words_encode_2231(SLICE("caf\xc3\xa9 'x'*100%.txt"), &b);
	is_buf(&b, "utf-8''caf%C3%A9%20%27x%27%2A100%25.txt", "RFC 2231 value, made");
	buf_reset(&b);
	words_encode_2231(SLICE("\xe9"), &b);
	is_buf(&b, "utf-8''%EF%BF%BD", "RFC 2231 value, made of no UTF-8");
	buf_reset(&b);
	words_decode_2231(SLICE("caf%C3%A9"), &b);
	is_buf(&b, "café", "without charset");
	*bp = b;
}

static void check_encode(struct buf *b, bool phrase, const char *in, const char *out) {
	struct buf back = { 0 };
	buf_reset(b);
	if (phrase)
		words_encode_phrase(slice_str(in), b);
	else
		words_encode(slice_str(in), b);
	is_slice(buf_slice(b), slice_str(out), "encoded: %s", in);
	if (!phrase || buf_bytes(b)[0] == '=') {
		words_decode(buf_slice(b), &back);
		is_slice(buf_slice(&back), slice_str(in), "and back");
	}
	buf_free(&back);
}

static void test_encode(struct buf *b) {
	check_encode(b, false, "hello world", "hello world");
	check_encode(b, false, "a café b", "a =?utf-8?Q?caf=C3=A9?= b");
	check_encode(b, false, "café au café", "=?utf-8?Q?caf=C3=A9?= au =?utf-8?Q?caf=C3=A9?=");
	check_encode(b, false, "日本", "=?utf-8?B?5pel5pys?=");
	check_encode(b, false, "é é", "=?utf-8?B?w6kgw6k=?=");
	check_encode(b, false, "=?utf-8?q?x?=", "=?utf-8?Q?=3D=3Futf-8=3Fq=3Fx=3F=3D?=");
	check_encode(b, true, "Joe Doe", "Joe Doe");
	buf_reset(b);
	words_encode_phrase(SLICE("\1 Joe\r\n"), b);
	is_buf(b, "Joe", "control bytes at the ends");
	check_encode(b, true, "Doe, Joe \"J\"", "\"Doe, Joe \\\"J\\\"\"");
	check_encode(b, true, "Jörg <x>", "=?utf-8?Q?J=C3=B6rg_=3Cx=3E?=");
	struct buf in = { 0 }, back = { 0 };
	for (int i = 0; i < 300; i++)
		buf_adds(&in, "日本é");
	buf_reset(b);
	words_encode(buf_slice(&in), b);
	struct slice rest = buf_slice(b), w;
	bool good = true;
	while (slice_word(&rest, &w)) {
		struct buf one = { 0 };
		words_decode(w, &one);
		good = good && w.n <= 75 && slice_find(buf_slice(&one), SLICE("\xef\xbf\xbd")) < 0;
		buf_free(&one);
	}
	ok(good, "words of at most 75 octets, each whole");
	words_decode(buf_slice(b), &back);
	is_slice(buf_slice(&back), buf_slice(&in), "and back");
	buf_free(&in), buf_free(&back);
}

static void test_work(struct buf *b) {
	static const char *const bombs[] = { "=?", "=?utf-8?q?", "=?utf-8?q?a?=", "=?gb2312?q?a?= =?big5?q?b?= ", "\xe9",
		"?=" };
	struct buf in = { 0 };
	for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
		buf_reset(&in), buf_reset(b);
		while (buf_len(&in) < 1000000)
			buf_adds(&in, bombs[i]);
		int64_t t = work_ms();
		words_decode(buf_slice(&in), b);
		ok(work_ms() - t < WORK_MS, "a megabyte of %s: %d ms", bombs[i], (int)(work_ms() - t));
		ok(text_utf8_valid(buf_slice(b)), "is UTF-8 afterwards");
	}
	buf_free(&in);
}

int main(void) {
	struct buf b = { 0 };
	test_decode(&b);
	test_charsets(&b);
	test_encode(&b);
	test_work(&b);
	buf_free(&b);
	return done();
}
