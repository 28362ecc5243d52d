/* BODY from BODYSTRUCTURE: by hand, and against what imap_text_structure makes without extension data. What sessions are
 * told of parameters and other strings beyond ASCII. */
#include "forumd/base/arena.h"
#include "forumd/base/text.h"
#include "forumd/mail/imap_text.h"
#include "gateways/imap/imap_private.h"
#include "tests/tap/tap.h"

#define REV1 ((struct imap_structure_form){ true, false, false })
#define UTF8 ((struct imap_structure_form){ true, false, true })
#define REV2 ((struct imap_structure_form){ true, true, true })
#define BRIEF ((struct imap_structure_form){ false, false, false })

static void short_is(struct slice full, const char *want) {
	struct buf out = {0};
	imap_structure_write(full, BRIEF, &out);
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
	imap_structure_write(buf_slice(&full), BRIEF, &got);
	is_slice(buf_slice(&got), buf_slice(&brief), "%s", name);
	ok(full.used > brief.used, "%s: the full form has more", name);
	buf_free(&full);
	buf_free(&brief);
	buf_free(&got);
	arena_free(&a);
}

static void told(struct slice stored, struct imap_structure_form form, const char *want, bool surrogate, const char *name) {
	struct buf out = {0};
	is_int(imap_structure_write(stored, form, &out), surrogate, "%s: surrogate", name);
	is_slice(buf_slice(&out), slice_str(want), "%s", name);
	buf_free(&out);
}

/* what is stored of a message, told in all forms */
static void message(const char *header, const char *body, const char *rev1, const char *rev2, bool surrogate) {
	struct arena *a = arena_new();
	struct mime_table t;
	struct buf full = {0};
	mime_scan(a, slice_str(header), slice_str(body), &t);
	imap_text_structure(&t, slice_str(body), true, &full);
	told(buf_slice(&full), REV1, rev1, surrogate, "IMAP4rev1");
	told(buf_slice(&full), REV2, rev2, false, "IMAP4rev2");
	buf_free(&full);
	arena_free(&a);
}

#define TAIL " NIL NIL \"base64\" 0 NIL "

static void parameters(void) {
	message("Content-Type: a/b; name*=iso-8859-1'de'%E4%20b.txt; x=y\r\nContent-Transfer-Encoding: base64\r\n"
			"Content-Disposition: attachment; filename*0*=utf-8''%C3%A4; filename*1=\"(1)\"; filename*2*=%2etxt; size=3\r\n", "",
		"(\"a\" \"b\" (\"name*\" \"utf-8''%C3%A4%20b.txt\" \"x\" \"y\")" TAIL
		"(\"attachment\" (\"filename*\" \"utf-8''%C3%A4%281%29.txt\" \"size\" \"3\")) NIL NIL)",
		"(\"a\" \"b\" (\"name*\" {8}\r\n\xc3\xa4 b.txt \"x\" \"y\")" TAIL
		"(\"attachment\" (\"filename*\" {9}\r\n\xc3\xa4(1).txt \"size\" \"3\")) NIL NIL)", false);
	message("Content-Type: a/b; name*0=\"one \"; name*1=two; charset*=us-ascii'en'utf-8\r\nContent-Transfer-Encoding: base64\r\n", "",
		"(\"a\" \"b\" (\"name\" \"one two\" \"charset*\" \"utf-8''utf-8\")" TAIL "NIL NIL NIL)",
		"(\"a\" \"b\" (\"name\" \"one two\" \"charset*\" \"utf-8\")" TAIL "NIL NIL NIL)", false);
	message("Content-Type: a/b; name*=utf-8''%C3%A4; name=a\r\nContent-Transfer-Encoding: base64\r\n", "",
		"(\"a\" \"b\" (\"name\" \"a\" \"name*\" \"utf-8''%C3%A4\")" TAIL "NIL NIL NIL)",
		"(\"a\" \"b\" (\"name\" \"a\" \"name*\" {2}\r\n\xc3\xa4)" TAIL "NIL NIL NIL)", false);
	message("Content-Type: multipart/mixed; boundary=x; n*=utf-8''%C3%A4\r\nContent-Disposition: inline; filename=\"=?utf-8?q?=C3=A4?=\"\r\n",
		"--x\r\n\r\na\r\n--x--",
		"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 1 NIL NIL NIL NIL) \"mixed\" "
		"(\"boundary\" \"x\" \"n*\" \"utf-8''%C3%A4\") (\"inline\" (\"filename\" \"=?utf-8?Q?=C3=A4?=\")) NIL NIL)",
		"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 1 NIL NIL NIL NIL) \"mixed\" "
		"(\"boundary\" \"x\" \"n*\" {2}\r\n\xc3\xa4) (\"inline\" (\"filename\" {2}\r\n\xc3\xa4)) NIL NIL)", false);
	message("Content-Type: multipart/text; boundary=x\r\nContent-Disposition: inline; filename*=utf-8''%C3%A4\r\n", "--x\r\n\r\na\r\n--x--",
		"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 1 NIL NIL NIL NIL) \"text\" "
		"(\"boundary\" \"x\") (\"inline\" (\"filename*\" \"utf-8''%C3%A4\")) NIL NIL)",
		"((\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 1 1 NIL NIL NIL NIL) \"text\" "
		"(\"boundary\" \"x\") (\"inline\" (\"filename*\" {2}\r\n\xc3\xa4)) NIL NIL)", false);
	/* as stored once: decoded, under the plain name */
	struct slice old = SLICE("(\"a\" \"b\" (\"name\" {2}\r\n\xc3\xa4 \"x\" \"q\\\"\\\\\") NIL NIL \"7bit\" 5 NIL (\"attachment\" "
							 "(\"filename\" {2}\r\n\xc3\xa4)) NIL NIL)");
	told(old, REV1, "(\"a\" \"b\" (\"name\" \"=?utf-8?Q?=C3=A4?=\" \"x\" \"q\\\"\\\\\") NIL NIL \"7bit\" 5 NIL (\"attachment\" "
		"(\"filename\" \"=?utf-8?Q?=C3=A4?=\")) NIL NIL)", false, "an old store");
	told(old, REV2, old.p, false, "an old store, IMAP4rev2");
	told(old, UTF8, old.p, false, "an old store, UTF8=ACCEPT");
	told(old, BRIEF, "(\"a\" \"b\" (\"name\" \"=?utf-8?Q?=C3=A4?=\" \"x\" \"q\\\"\\\\\") NIL NIL \"7bit\" 5)", false, "BODY");
	struct slice odd = SLICE("(\"a\" \"b\" (\"boundary\" {1}\r\n\xe4) NIL NIL \"7bit\" 5 NIL NIL NIL NIL)");
	told(odd, REV1, "(\"a\" \"b\" (\"boundary\" \"=?utf-8?Q?=C3=A4?=\") NIL NIL \"7bit\" 5 NIL NIL NIL NIL)", false, "no UTF-8");
	told(odd, REV2, "(\"a\" \"b\" (\"boundary\" {3}\r\n\xef\xbf\xbd) NIL NIL \"7bit\" 5 NIL NIL NIL NIL)", false, "no UTF-8, IMAP4rev2");
}

static void others(void) {
	static const char body[] = "From: J\xc3\xb6rg <j\xc3\xb6@x.example>, b@x.example\r\nTo: Fr\xc3\xbch: a@b.example;\r\nCc: c@d.example\r\n"
							   "Subject: Gr\xc3\xbc\xc3\x9f" "e\r\nMessage-ID: <\xc3\xa4@x>\r\nDate: now\r\nContent-Language: \xc3\xa4\r\n\r\nhi\r\n";
#define NAMES "((\"=?utf-8?Q?J=C3=B6rg_=28j=C3=B6=40x=2Eexample=29?=\" NIL \"invalid\" \"internationalized-address.invalid\")" \
			  "(NIL NIL \"b\" \"x.example\"))"
#define NAMES8 "(({5}\r\nJ\xc3\xb6rg NIL {3}\r\nj\xc3\xb6 \"x.example\")(NIL NIL \"b\" \"x.example\"))"
	message("Content-Type: message/rfc822\r\nContent-Description: \xc3\xa4\r\nContent-ID: <\xc3\xa4>\r\n", body,
		"(\"message\" \"rfc822\" NIL NIL \"=?utf-8?Q?=C3=A4?=\" \"7bit\" 161 (\"now\" \"=?utf-8?Q?Gr=C3=BC=C3=9Fe?=\" " NAMES " " NAMES " " NAMES
		" ((NIL NIL \"=?utf-8?Q?Fr=C3=BCh?=\" NIL)(NIL NIL \"a\" \"b.example\")(NIL NIL NIL NIL)) ((NIL NIL \"c\" \"d.example\")) NIL NIL NIL) "
		"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 4 1 NIL NIL NIL NIL) 9 NIL NIL NIL NIL)",
		"(\"message\" \"rfc822\" NIL {4}\r\n<\xc3\xa4> {2}\r\n\xc3\xa4 \"7bit\" 161 (\"now\" {7}\r\nGr\xc3\xbc\xc3\x9f" "e " NAMES8 " " NAMES8 " " NAMES8
		" ((NIL NIL {5}\r\nFr\xc3\xbch NIL)(NIL NIL \"a\" \"b.example\")(NIL NIL NIL NIL)) ((NIL NIL \"c\" \"d.example\")) NIL NIL {6}\r\n<\xc3\xa4@x>) "
		"(\"text\" \"plain\" (\"charset\" \"us-ascii\") NIL NIL \"7bit\" 4 1 NIL NIL ({2}\r\n\xc3\xa4) NIL) 9 NIL NIL NIL NIL)", true);
	struct slice routes = SLICE("(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 9 (NIL {2}\r\n\xc3\xa4 ((NIL \"@a,@b\" \"x\" \"y\")(NIL {3}\r\n@\xc3\xa4 \"x\" \"y\")) NIL NIL NIL NIL NIL NIL NIL) "
		"(\"text\" \"plain\" NIL NIL NIL \"7bit\" 4 1 NIL NIL NIL NIL) 9 NIL NIL NIL NIL)");
	told(routes, REV1, "(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 9 (NIL \"=?utf-8?Q?=C3=A4?=\" ((NIL \"@a,@b\" \"x\" \"y\")(NIL NIL \"x\" \"y\")) NIL NIL NIL NIL NIL NIL NIL) "
		"(\"text\" \"plain\" NIL NIL NIL \"7bit\" 4 1 NIL NIL NIL NIL) 9 NIL NIL NIL NIL)", true, "routes");
	struct slice text = SLICE("(\"a\" \"b\" (\"name*\" \"x\") NIL {2}\r\n\xc3\xa4 \"7bit\" 5 NIL NIL NIL NIL)");
	told(text, UTF8, "(\"a\" \"b\" (\"name*\" \"utf-8''x\") NIL {2}\r\n\xc3\xa4 \"7bit\" 5 NIL NIL NIL NIL)", false, "UTF8=ACCEPT alone");
}

/* records that are cut off, and records with an octet changed: the walk ends, and makes nothing endless of it */
static void damaged(void) {
	struct slice whole = SLICE("((\"text\" \"plain\" (\"charset*\" {2}\r\n\xc3\xa4 \"n\" \"\\\"\") NIL {2}\r\n\xc3\xa4 \"7bit\" 1 1 NIL (\"inline\" (\"filename\" {1}\r\n\xe4)) (\"de\" {1}\r\n\xe4) NIL)"
		"(\"message\" \"rfc822\" NIL NIL NIL \"7bit\" 161 (NIL {2}\r\n\xc3\xa4 ((NIL NIL {1}\r\n\xe4 \"x\")(NIL NIL \"g\" NIL)(NIL NIL NIL NIL)) NIL NIL NIL NIL NIL NIL {1}\r\n\xe4) "
		"(\"a\" \"b\" NIL NIL NIL \"7bit\" 4 NIL NIL NIL NIL) 9 NIL NIL NIL NIL) \"mixed\" (\"boundary\" \"x\") NIL NIL NIL)");
	struct buf copy = {0}, out = {0};
	static const char put[] = "(){}\"\\ *N0\xe4";
	size_t wrong = 0;
	for (size_t n = 0; n <= whole.n; n++) {
		for (size_t k = 0; k < sizeof put; k++) {
			buf_reset(&copy), buf_reset(&out);
			buf_add_slice(&copy, k ? whole : slice_to(whole, n));
			if (k && n < whole.n)
				buf_bytes(&copy)[n] = put[k - 1];
			imap_structure_write(buf_slice(&copy), k & 1 ? REV1 : BRIEF, &out);
			wrong += buf_len(&out) > 3 * whole.n;
		}
	}
	is_int(wrong, 0, "damaged records end");
	buf_free(&copy);
	buf_free(&out);
}

int main(void) {
	damaged();
	parameters();
	others();
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
	agrees("Content-Type: multipart/text; boundary=b\r\nContent-Disposition: inline\r\n", "--b\r\n\r\na\r\n--b--\r\n", "multipart/text is no text");
	agrees("Content-Type: message/rfc822\r\n",
		"Subject: x\r\nContent-Type: message/rfc822\r\n\r\nSubject: y\r\n\r\nText\r\n", "messages in messages");
	return done();
}
