#include "forumd/mail/build.h"
#include "forumd/base/fail.h"
#include "forumd/base/text.h"
#include "forumd/mail/field.h"
#include "forumd/mail/mime.h"
#include "tests/tap/tap.h"

static struct buf out;

static void is_field(const char *name, const char *want) {
	struct slice header, body;
	struct buf v = { 0 };
	field_split(buf_slice(&out), &header, &body);
	bool there = field_get(header, name, &v);
	if (want)
		is_slice(buf_slice(&v), slice_str(want), "%s", name);
	else
		ok(!there, "no %s", name);
	buf_free(&v);
}

static void test_clean(void) {
	struct slice s = buf_slice(&out), line;
	bool crlf = true, ascii = true, shorter = true;
	struct slice header, body;
	field_split(s, &header, &body);
	for (size_t i = 0; i < s.n; i++) {
		crlf = crlf && (s.p[i] != '\n' || (i && s.p[i - 1] == '\r')) &&
			(s.p[i] != '\r' || (i + 1 < s.n && s.p[i + 1] == '\n'));
		ascii = ascii && (i >= header.n || !(s.p[i] & 0x80));
	}
	while (slice_line(&header, &line))
		shorter = shorter && line.n <= 998;
	ok(crlf, "only CRLF leaves");
	ok(ascii && shorter, "the header is ASCII in lines of at most 998 octets");
}

static void test_copy(void) {
	struct build_copy c = {
		.header = SLICE(
			"Path: x!y\r\nFrom: old@x.y\r\nSubject: caf\xc3\xa9\r\nDate: Mon, 23 Nov 2026 14:00:00 +0000\r\n"
			"Received: from a\r\n by b\r\nDKIM-Signature: v=1\r\nARC-Seal: i=1\r\nAuthentication-Results: x; dkim=pass\r\n"
			"List-Id: <other>\r\nBcc: s@x\r\nSender: s@x\r\nReply-To: t@x\r\nReturn-Path: <r@x>\r\nNewsgroups: a.b\r\nXref: h a.b:1\r\n"
			"To: a.b-reply-token@forum.test\r\nCc: J\xc3\xb6rg <j@x.y>, a.b-reply-tok@forum.test\r\nAuto-Submitted: no\r\n"
			"X-Evil: a\nb\r\nX-Long: x\r\n\ty\r\nContent-Type: text/plain; charset=utf-8\r\nMIME-Version: 1.0\r\n"),
		.body = SLICE("line\nline2\rline3\r\n\r\nend"),
		.author_name = SLICE("Jörg \"J\" Doe"),
		.author_address = SLICE("j@x.y"),
		.list = { SLICE("a.b"), SLICE("The Title"), SLICE("forum.test"), SLICE("https://forum.test/p/1") },
		.message_id = SLICE("<1@x>"),
		.in_reply_to = SLICE("<0@x>\r\nBcc: e@x"),
		.references = SLICE("<r@x> <0@x>"),
		.post_id = 77,
	};
	size_t at;
	build_list_copy(&out, &c, &at);
	test_clean();
	is_field("From", "=?utf-8?Q?J=C3=B6rg_=22J=22_Doe_via_The_Title?= <a.b@forum.test>");
	is_field("Author", "=?utf-8?Q?J=C3=B6rg_=22J=22_Doe?= <j@x.y>");
	is_field("To", "The Title <a.b@forum.test>");
	is_field("Cc", "=?utf-8?Q?J=C3=B6rg?= <j@x.y>");
	is_field("Subject", "=?utf-8?Q?caf=C3=A9?=");
	is_field("Message-ID", "<1@x>");
	is_field("In-Reply-To", "<0@x> Bcc: e@x");
	is_field("References", "<r@x> <0@x>");
	is_field("Auto-Submitted", "no");
	is_field("X-Evil", "a");
	is_field("X-Long", "x y");
	is_field("List-Id", "The Title <a.b.forum.test>");
	is_field("List-Post", "<mailto:a.b@forum.test>");
	is_field("List-Unsubscribe", "<mailto:a.b-unsubscribe@forum.test>");
	is_field("Archived-At", "<https://forum.test/p/1>");
	is_field("Precedence", "list");
	is_field("Forum-Loop", "forum.test");
	is_field("Forum-Post", "77");
	static const char *const gone[] = { "Path", "Received", "DKIM-Signature", "ARC-Seal", "Authentication-Results",
		"Bcc", "Sender", "Reply-To", "Return-Path", "Newsgroups", "Xref" };
	for (size_t i = 0; i < sizeof gone / sizeof *gone; i++)
		is_field(gone[i], NULL);
	ok(slice_find(buf_slice(&out), SLICE("token")) < 0, "no reply token leaves");
	ok(slice_ends(buf_slice(&out), SLICE("\r\n\r\nline\r\nline2\r\nline3\r\n\r\nend\r\n")), "body");
	ok(at > 0 && slice_ends(slice_to(buf_slice(&out), at), SLICE("\r\n")) &&
		slice_find(slice_to(buf_slice(&out), at), SLICE("\r\n\r\n")) < 0, "the Reply-To belongs between two fields");
}

static void test_notice(void) {
	struct build_notice n = { .from_name = SLICE("The Forum"),
		.from = SLICE("commands@forum.test"),
		.to = SLICE("j@x.y"),
		.subject = SLICE("Übersicht\r\nBcc: e@x"),
		.text = SLICE("Grüße,\n\n.\nFrom here = there  \nlast"),
		.message_id = SLICE("<n@forum.test>"),
		.date = 1795442400 };
	struct buf text = { 0 };
	struct slice header, body;
	buf_reset(&out);
	is_int(build_notice(&out, &n), 1, "notice");
	test_clean();
	is_field("From", "The Forum <commands@forum.test>");
	is_field("To", "j@x.y");
	is_field("Date", "Mon, 23 Nov 2026 14:00:00 +0000");
	is_field("Auto-Submitted", "auto-generated");
	is_field("X-Auto-Response-Suppress", "All");
	is_field("Precedence", "bulk");
	is_field("Bcc", NULL);
	is_field("Reply-To", NULL);
	is_field("MIME-Version", "1.0");
	is_field("Content-Transfer-Encoding", "quoted-printable");
	field_split(buf_slice(&out), &header, &body);
	mime_message_text(header, body, 10000, &text);
	is_buf(&text, "Grüße,\n\n.\nFrom here = there  \nlast\n", "the text comes back");
	n.in_reply_to = SLICE("<q@x>");
	buf_reset(&out);
	build_notice(&out, &n);
	is_field("Auto-Submitted", "auto-replied");
	is_field("In-Reply-To", "<q@x>");
	n.from = SLICE("nobody");
	buf_reset(&out);
	is_int(build_notice(&out, &n), ERR_INVALID, "no sender");
	is_int(buf_len(&out), 0, "nothing written");
	struct buf big = { 0 };
	for (int i = 0; i < 100000; i++)
		buf_adds(&big, i % 7 ? "wörd " : "wörd\n");
	n.from = SLICE("a@b"), n.text = buf_slice(&big);
	is_int(build_notice(&out, &n), 1, "half a megabyte");
	field_split(buf_slice(&out), &header, &body);
	buf_reset(&text);
	mime_message_text(header, body, 10000000, &text);
	ok(slice_starts(buf_slice(&text), buf_slice(&big)), "unharmed");
	struct slice line;
	bool shorter = true;
	while (slice_line(&body, &line))
		shorter = shorter && line.n <= 78;
	ok(shorter, "lines of QP");
	buf_free(&text), buf_free(&big);
}

int main(void) {
	test_copy();
	test_notice();
	buf_free(&out);
	return done();
}
