#include "forumd/mail/imap_text.h"
#include "tests/tap/tap.h"

static void check_envelope(const char *header, const char *before, const char *from, const char *sender,
	const char *reply_to, const char *after) {
	struct arena *a = arena_new();
	struct imap_text_envelope e;
	imap_text_envelope(a, slice_str(header), &e);
	is_slice(buf_slice(&e.before), slice_str(before), "before");
	is_slice(buf_slice(&e.from), slice_str(from), "from");
	is_slice(buf_slice(&e.sender), slice_str(sender), "sender");
	is_slice(buf_slice(&e.reply_to), slice_str(reply_to), "reply-to");
	is_slice(buf_slice(&e.after), slice_str(after), "after");
	imap_text_envelope_free(&e);
	arena_free(&a);
}

static void check_structure(const char *header, const char *body, bool extensions, const char *want) {
	struct arena *a = arena_new();
	struct mime_table t;
	struct buf b = { 0 };
	mime_scan(a, slice_str(header), slice_str(body), &t);
	imap_text_structure(&t, slice_str(body), extensions, &b);
	is_slice(buf_slice(&b), slice_str(want), "structure: %s", header);
	buf_free(&b);
	arena_free(&a);
}

int main(void) {
	struct buf b = { 0 };
	imap_text_string(&b, SLICE("a \"b\" \\"));
	imap_text_string(&b, slice_of(NULL, 0));
	imap_text_string(&b, SLICE(""));
	imap_text_string(&b, SLICE("x\r\0\xc3\xa4"));
	is_buf(&b, "\"a \\\"b\\\" \\\\\"NIL\"\"{5}\r\nx\r \xc3\xa4", "strings");
	buf_free(&b);
	check_envelope(
		"Date: Mon, 1 Jan 2026\r\nFrom: =?utf-8?q?J=C3=B6?= <j@x.y>\r\nSUBJECT: a\r\n  \"b\"\r\nSender: s@x.y\r\n"
		"Reply-To: =?utf-8?q?J=C3=B6?= <j@x.y>\r\nTo: G: a@b, c@d;\r\nMessage-ID: <1@x>\r\nSubject: second\r\n",
		"\"Mon, 1 Jan 2026\" \"a \\\"b\\\"\"", "((\"=?utf-8?q?J=C3=B6?=\" NIL \"j\" \"x.y\"))",
		"((NIL NIL \"s\" \"x.y\"))", "",
		"((NIL NIL \"G\" NIL)(NIL NIL \"a\" \"b\")(NIL NIL \"c\" \"d\")(NIL NIL NIL NIL)) NIL NIL NIL \"<1@x>\"");
	check_envelope("From: <@a.b,@c.d :x@y>\r\nTo: N <@\xc3\xa4:x@y>, z@y\r\n", "NIL NIL", "((NIL \"@a.b,@c.d\" \"x\" \"y\"))", "", "",
		"((\"N\" {3}\r\n@\xc3\xa4 \"x\" \"y\")(NIL NIL \"z\" \"y\")) NIL NIL NIL NIL");
	check_envelope("", "NIL NIL", "NIL", "", "", "NIL NIL NIL NIL NIL");
	check_envelope("Subject:\r\nFrom: nobody\r\nIn-Reply-To: <a@b>\r\n", "NIL \"\"", "NIL", "", "",
		"NIL NIL NIL \"<a@b>\" NIL");
	check_structure("", "one\r\ntwo\r\n", true,
		"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 10 2 NIL NIL NIL NIL)");
	check_structure("", "one\r\n", false, "(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 5 1)");
	check_structure("Content-Type: image/png; name=x\r\nContent-ID: <i@d>\r\nContent-Description: d\r\n"
					"Content-Transfer-Encoding: base64\r\nContent-MD5: m\r\nContent-Disposition: inline; filename=f\r\n"
					"Content-Language: de, en\r\nContent-Location: l\r\n",
		"AA==", true,
		"(\"image\" \"png\" (\"name\" \"x\") \"<i@d>\" \"d\" \"base64\" 4 \"m\" (\"inline\" (\"filename\" \"f\")) (\"de\" \"en\") \"l\")");
	check_structure("Content-Type: multipart/mixed; boundary=x\r\n",
		"--x\r\n\r\na\r\n--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: s\r\nFrom: a@b\r\n\r\nhi\r\n--x--", true,
		"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 1 NIL NIL NIL NIL)"
		"(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 27 (NIL \"s\" ((NIL NIL \"a\" \"b\")) ((NIL NIL \"a\" \"b\")) "
		"((NIL NIL \"a\" \"b\")) NIL NIL NIL NIL NIL) (\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 2 1 NIL NIL NIL NIL)"
		" 4 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)");
	check_structure("Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n", "QQ==", false,
		"(\"application\" \"octet-stream\" NIL NIL NIL \"base64\" 4)");
	return done();
}
