/* BODY from BODYSTRUCTURE: by hand, and against what imap_text_structure makes without extension data. */
#include "forumd/base/arena.h"
#include "forumd/mail/imap_text.h"
#include "gateways/imap/imap_private.h"
#include "tests/tap/tap.h"

static void short_is(struct slice full, const char *want) {
	struct buf out = {0};
	imap_structure_short(full, &out);
	is_slice(buf_slice(&out), slice_str(want), "%.50s", full.p);
	buf_free(&out);
}

static void agrees(const char *header, const char *body, const char *name) {
	struct arena *a = arena_new();
	struct mime_table t;
	struct buf full = {0}, brief = {0}, got = {0};
	mime_scan(a, slice_str(header), slice_str(body), &t);
	imap_text_structure(&t, slice_str(body), true, &full);
	imap_text_structure(&t, slice_str(body), false, &brief);
	imap_structure_short(buf_slice(&full), &got);
	is_slice(buf_slice(&got), buf_slice(&brief), "%s", name);
	ok(full.used > brief.used, "%s: the full form has more", name);
	buf_free(&full);
	buf_free(&brief);
	buf_free(&got);
	arena_free(&a);
}

int main(void) {
	short_is(SLICE("(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"a)b\") NIL NIL \"7BIT\" 5 1 NIL NIL NIL NIL)"),
		"(\"TEXT\" \"PLAIN\" (\"CHARSET\" \"a)b\") NIL NIL \"7BIT\" 5 1)");
	short_is(
		SLICE("(\"IMAGE\" \"PNG\" NIL NIL {3}\r\na)b \"BASE64\" 5 NIL (\"attachment\" (\"filename\" \"x\")) NIL NIL)"),
		"(\"IMAGE\" \"PNG\" NIL NIL {3}\r\na)b \"BASE64\" 5)");
	short_is(SLICE("(((("), "((((");
	short_is(SLICE(""), "");
	agrees("Content-Type: text/plain; charset=utf-8\r\n", "Hello.\r\n", "one text");
	agrees("Content-Type: multipart/mixed; boundary=b\r\n",
		"--b\r\nContent-Type: text/plain\r\nContent-Disposition: inline\r\n\r\nA\r\n--b\r\nContent-Type: image/png; name=\"x\"\r\n"
		"Content-Disposition: attachment; filename=x\r\nContent-MD5: abc\r\n\r\nB\r\n--b--\r\n",
		"a multipart");
	agrees("Content-Type: multipart/mixed; boundary=b\r\n",
		"--b\r\n\r\nA\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nFrom: a@b.example\r\nSubject: (x\r\nContent-Type: multipart/alternative; boundary=c\r\n\r\n"
		"--c\r\n\r\nI\r\n--c\r\nContent-Type: text/html\r\n\r\nJ\r\n--c--\r\n\r\n--b\r\n\r\nLast\r\n--b--\r\n",
		"a message in a multipart");
	agrees("Content-Type: message/rfc822\r\n",
		"Subject: x\r\nContent-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\nText\r\n", "messages in messages");
	return done();
}
