#include "forumd/mail/mime.h"
#include "tests/tap/tap.h"
#include "tests/unit/mail/work.h"

#define DECODES(e, in, out) do { buf_reset(&b); ok(mime_decode(e, SLICE(in), 1000, &b), "complete"); \
	is_buf(&b, out, "%s", #in); } while (0)
#define TEXT(type, in, out) do { buf_reset(&b); mime_message_text(SLICE("Content-Type: " type "\r\n"), SLICE(in), 10000, &b); \
	is_buf(&b, out, "%s", type); } while (0)

/* NULs without an end of line: each is looked at once */
static void check_nuls(void) {
	struct buf in = { 0 }, out = { 0 };
	memset(buf_reserve(&in, 1000000), 0, 1000000);
	buf_commit(&in, 1000000);
	int64_t start = work_ms();
	mime_message_text(SLICE("Content-Type: text/plain; charset=utf-8\r\n"), buf_slice(&in), 4000000, &out);
	int64_t took = work_ms() - start;
	is_int(buf_len(&out), 3000000, "each becomes U+FFFD");
	ok(took < WORK_MS, "a megabyte of NULs in %lld ms", (long long)took);
	buf_free(&in), buf_free(&out);
}

int main(void) {
	struct buf b = { 0 };
	DECODES(MIME_BASE64, "aGVsbG8=", "hello");
	DECODES(MIME_BASE64, "aGVs\r\nbG8", "hello");
	DECODES(MIME_BASE64, "aGVsbG8=IHdvcmxk", "hello world");
	DECODES(MIME_BASE64, "aGVsbG8sIA==d29ybGQ=", "hello, world");
	DECODES(MIME_BASE64, "a!G-V?s bG8=\r\n", "hello");
	DECODES(MIME_BASE64, "A", "");
	DECODES(MIME_BASE64, "AAEC/w==", "\0\1\2\377");
	DECODES(MIME_QP, "caf=C3=A9 =3d", "caf\303\251 =");
	DECODES(MIME_QP, "soft=\r\n break= \t\r\n.\r\n", "soft break.\r\n");
	DECODES(MIME_QP, "=ZZ =4 =", "=ZZ =4 ");
	DECODES(MIME_QP, "blank \t\r\nend  ", "blank\r\nend");
	DECODES(MIME_QP, "a\nb=\nc", "a\nbc");
	DECODES(MIME_UUENCODE, "x\r\nbegin 644 f\r\n%:&5L;&\\\r\n`\r\nend\r\nrest", "hello");
	DECODES(MIME_8BIT, "as\0is", "as\0is");
	buf_reset(&b);
	ok(!mime_decode(MIME_BASE64, SLICE("aGVsbG8="), 3, &b), "cut");
	is_buf(&b, "hel", "base64 cut at 3");
	buf_reset(&b);
	ok(!mime_decode(MIME_QP, SLICE("he=6C=6Co"), 3, &b), "cut");
	is_buf(&b, "hel", "QP cut at 3");
	TEXT("text/plain; charset=iso-8859-1", "caf\xe9\r\nx\ry\n", "café\nx\ny\n");
	TEXT("text/plain; charset=utf-8", "\xef\xbb\xbf" "a\0b\r\n", "a\xef\xbf\xbd" "b\n");
	TEXT("text/plain; format=flowed", "one \r\ntwo\r\n> q1 \r\n> q2\r\n> \r\n>> deep\r\n  stuffed\r\n-- \r\nsig\r\n",
		"one two\n> q1 q2\n>\n>> deep\n stuffed\n-- \nsig\n");
	TEXT("text/plain; format=flowed; delsp=yes", "one \r\ntwo \r\n", "onetwo\n");
	TEXT("text/html", "<p>Hello &amp; <b>you</b></p>", "Hello & you\n");
	TEXT("multipart/alternative; boundary=x",
		"--x\r\nContent-Type: text/html\r\n\r\n<p>h</p>\r\n--x\r\n\r\nplain\r\n--x--\r\n", "plain");
	TEXT("multipart/mixed; boundary=x",
		"--x\r\nContent-Type: text/html\r\n\r\n<p>h</p>\r\n--x\r\n\r\nfooter\r\n--x--\r\n", "h\n");
	TEXT("multipart/mixed; boundary=x", "--x\r\nContent-Disposition: attachment\r\n\r\nno\r\n--x\r\n"
		"Content-Type: message/rfc822\r\n\r\nA: b\r\n\r\nforeign\r\n--x\r\n\r\nmine\r\n--x--\r\n", "mine");
	TEXT("multipart/mixed; boundary=never", "nothing to see\r\n", "nothing to see\n");
	TEXT("image/png", "x", "");
	check_nuls();
	buf_free(&b);
	return done();
}
