/* The one way in: rules, what is shown and what is kept aside, and the arrival back byte for byte. */
#include <dirent.h>
#include <stdio.h>
#include "forumd/base/vec.h"
#include "forumd/forum/group.h"
#include "forumd/forum/member.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/field.h"
#include "gateways/common/cancel_lock.h"
#include "gateways/common/cancel_text.h"
#include "gateways/common/post_in.h"
#include "tests/tap/tap.h"

static struct forum *forum;
static struct forum_txn *t;
static uint32_t alice, bob, gtest, gother, gblog, gprivate;

static struct forum_txn *writing(void) {
	struct forum_txn *w;
	struct fail f = { 0 };
	forum_read_end(&t);
	if (forum_write_begin(forum, NULL, &w, &f) < 0)
		bail("write: %s", f.text);
	return w;
}

static void written(struct forum_txn **w) {
	struct fail f = { 0 };
	if (forum_commit(w, &f) < 0 || forum_read_begin(forum, &t, &f) < 0)
		bail("commit: %s", f.text);
}

static uint32_t make_group(struct forum_txn *w, const char *name, enum group_kind kind, enum group_access access) {
	struct group_spec s = { .name = slice_str(name), .title = slice_str(name), .kind = kind, .access = access };
	struct fail f = { 0 };
	uint32_t id;
	if (group_add(w, &s, &id, &f) < 0)
		bail("group: %s", f.text);
	return id;
}

static void setup(void) {
	struct forum_options o = { .domain = "forum.test", .map_size = 1u << 30, .no_sync = true };
	struct fail f = { 0 };
	if (forum_open(test_tmpfile("store"), &o, &forum, &f) < 0)
		bail("open: %s", f.text);
	struct forum_txn *w = writing();
	if (member_add(w, SLICE("Alice Ames"), SLICE("alice@example.org"), &alice, &f) < 0 ||
	    member_add(w, SLICE("Bob"), SLICE("bob@example.org"), &bob, &f) < 0 ||
	    member_add_address(w, alice, SLICE("ames@example.net"), &f) < 0)
		bail("member: %s", f.text);
	gtest = make_group(w, "test.forum", GROUP_FORUM, GROUP_PUBLIC);
	gother = make_group(w, "test.other", GROUP_FORUM, GROUP_PUBLIC);
	gblog = make_group(w, "test.blog", GROUP_BLOG, GROUP_PUBLIC);
	gprivate = make_group(w, "secret.club", GROUP_FORUM, GROUP_PRIVATE);
	written(&w);
}

static struct post_in news(uint32_t member) {
	return (struct post_in){ .source = POST_FROM_NNTP,
		.member = member,
		.max_size = 100000,
		.path_host = SLICE("forum.test"),
		.client_msgid = SLICE("<offered@forum.test>") };
}

static struct post_in into(enum post_source source, uint32_t member, const uint32_t *group) {
	return (struct post_in){ .source = source, .member = member, .groups = group, .ngroups = 1, .max_size = 10000000,
		.import = source == POST_FROM_IMPORT };
}

struct arrived {
	int r;
	struct fail f;
	struct post_draft d;
	struct post_result result;
	struct arena *a;
	struct job *j;
};

static void arrive(const struct post_in *in, struct slice raw, struct arrived *v) {
	*v = (struct arrived){ .j = job_new(NULL, post_in_apply) };
	v->r = post_in_parse(t, in, raw, v->j->arena, &v->d, &v->f);
}

static void store(const struct post_in *in, struct arrived *v) {
	struct post_in_job *p = ARENA_NEW(v->j->arena, struct post_in_job);
	struct fail f = { 0 };
	if (v->r <= 0)
		return;
	*p = (struct post_in_job){ .draft = &v->d, .member = in->member };
	v->j->data = p;
	struct forum_txn *w = writing(), *child;
	if (forum_write_begin(forum, w, &child, &f) < 0)
		bail("child: %s", f.text);
	v->r = post_in_apply(child, v->j, &v->f);
	if (v->r > 0)
		forum_commit(&child, &f);
	else
		forum_abort(&child);
	v->result = p->result;
	written(&w);
}

/* what tells other servers that it was deleted has the key to its lock */
static void withdrawn(uint64_t id, const char *what) {
	struct buf text = { 0 }, header = { 0 }, lock = { 0 }, key = { 0 };
	struct post p;
	if (post_get(t, id, &p) <= 0 || post_header(t, &p, &header) <= 0)
		bail("post");
	cancel_text(t, &p, &text);
	field_get(buf_slice(&header), "cancel-lock", &lock);
	field_get(buf_slice(&text), "cancel-key", &key);
	ok(cancel_lock_opens(buf_slice(&lock), buf_slice(&key)), "the cancel of a post %s opens its lock", what);
	buf_free(&text);
	buf_free(&header);
	buf_free(&lock);
	buf_free(&key);
}

static void gone(struct arrived *v) {
	job_free(&v->j);
}

static void refused(const struct post_in *in, const char *raw, enum err code, const char *words) {
	struct arrived v;
	arrive(in, slice_str(raw), &v);
	is_int(v.r, code, "refused: %s", words);
	ok(strstr(v.f.text, words) != NULL, "the words \"%s\" hold \"%s\"", v.f.text, words);
	gone(&v);
}

#define FROM "From: A <alice@example.org>\r\n"
#define REST "Newsgroups: test.forum\r\nSubject: s\r\n"

static void test_refusals(void) {
	struct post_in in = news(alice);
	refused(&in, REST "From: Bob <bob@example.org>\r\n\r\nx\r\n", ERR_INVALID,
		"From must be one of your addresses (alice@example.org); it says bob@example.org");
	char from[200];
	snprintf(from, sizeof from, "From: Bob <author-%u@forum.test>\r\n" REST "\r\nx\r\n", bob);
	refused(&in, from, ERR_INVALID, "From must be one of your addresses");
	struct arrived own;
	snprintf(from, sizeof from, "From: Alice <author-%u@FORUM.test>\r\n" REST "\r\nx\r\n", alice);
	arrive(&in, slice_str(from), &own);
	is_int(own.r, 1, "the address readers are shown is one's own, too: %s", own.r > 0 ? "" : own.f.text);
	gone(&own);
	refused(&in, FROM FROM REST "\r\nx\r\n", ERR_INVALID, "more than one From");
	refused(&in, FROM "Subject: s\r\n\r\nx\r\n", ERR_INVALID, "Newsgroups is missing");
	refused(&in, FROM "Newsgroups: test.forum\r\n\r\nx\r\n", ERR_INVALID, "Subject is missing");
	refused(&in, FROM "Newsgroups: test.forum\r\nSubject: \r\n\r\nx\r\n", ERR_INVALID, "Subject is missing");
	refused(&in, FROM "Newsgroups: test.nix\r\nSubject: s\r\n\r\nx\r\n", ERR_NOTFOUND, "no such group: test.nix");
	refused(&in, FROM "Newsgroups: test.forum, secret.club\r\nSubject: s\r\n\r\nx\r\n", ERR_NOTFOUND,
		"no such group: secret.club");
	refused(&in, FROM REST "\r\n \r\n\r\n", ERR_INVALID, "no text");
	refused(&in, FROM REST "Message-ID: nonsense\r\n\r\nx\r\n", ERR_INVALID, "Message-ID is malformed");
	refused(&in, FROM REST "Date: yesterday\r\n\r\nx\r\n", ERR_INVALID, "Date cannot be understood");
	refused(&in, FROM REST "Date: Mon, 23 Nov 2099 14:00:00 +0000\r\n\r\nx\r\n", ERR_INVALID, "in the future");
	refused(&in, FROM REST "no field at all\r\n\r\nx\r\n", ERR_INVALID, "no header field");
	refused(&in, FROM REST "\r\nx\ny\r\n", ERR_INVALID, "bare LF");
	refused(&in, FROM REST "X-A: b\rBcc: c\r\n\r\nx\r\n", ERR_INVALID, "bare CR");
	refused(&in, FROM "Newsgroups: test.blog\r\nSubject: s\r\n\r\nx\r\n", ERR_DENIED, "");
	in.member = 0;
	refused(&in, "From: A <stranger@example.com>\r\n" REST "\r\nx\r\n", ERR_LOGIN, "");
	in = news(alice);
	in.max_size = 50;
	refused(&in, FROM REST "\r\nxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\r\n", ERR_TOOBIG, "longer than 50");
	in = news(alice);
	struct buf b = { 0 };
	buf_adds(&b, FROM REST "X-Long: ");
	for (int i = 0; i < 1000; i++)
		buf_addc(&b, 'x');
	buf_adds(&b, "\r\n\r\nx\r\n");
	refused(&in, b.data, ERR_INVALID, "longer than 998");
	buf_reset(&b);
	for (int i = 0; i < 1001; i++)
		buf_addf(&b, "X-%d: y\r\n", i);
	buf_adds(&b, FROM REST "\r\nx\r\n");
	refused(&in, b.data, ERR_INVALID, "more than 1000 fields");
	buf_reset(&b);
	buf_adds(&b, FROM "Subject: s\r\nNewsgroups: test.forum,");
	for (int i = 0; i < 20; i++)
		buf_adds(&b, "test.other,test.forum,");
	buf_adds(&b, "test.other\r\n\r\nx\r\n");
	struct arrived v;
	arrive(&in, buf_slice(&b), &v);
	is_int(v.r, 1, "the same two groups many times are two groups");
	is_int(v.d.ngroups, 2, "two");
	gone(&v);
	buf_free(&b);
}

static void header_of(uint64_t id, struct buf *out) {
	struct post p;
	buf_reset(out);
	if (post_get(t, id, &p) <= 0 || post_header(t, &p, out) < 0)
		bail("post %llu", (unsigned long long)id);
}

static void original_of(uint64_t id, struct slice want, const char *what) {
	struct post p;
	struct buf out = { 0 };
	if (post_get(t, id, &p) <= 0)
		bail("post %llu", (unsigned long long)id);
	is_int(post_in_original(t, &p, &out), 1, "original of %s", what);
	ok(slice_eq(buf_slice(&out), want), "%s comes back byte for byte", what);
	if (!slice_eq(buf_slice(&out), want))
		diag("got %zu octets, want %zu: %.*s", buf_len(&out), want.n, 400, out.data);
	buf_free(&out);
}

static void test_news_post(void) {
	struct slice raw = SLICE(
		"Path: not-for-mail\r\nReceived: from evil\r\nfrom: Somebody <ALICE@Example.ORG>\r\nBcc: x@y.z\r\n"
		"Newsgroups: test.forum,test.other\r\nSubject: =?utf-8?q?Re:_caf=C3=A9?=\r\nApproved: me\r\nReply-To: ames@example.net\r\n"
		"References: <root@x.y>\r\n  <mid@x.y>\r\nForum-Flags: spam\r\nX-Kept: yes\r\n\r\n.dot\r\ntext\r\n");
	struct post_in in = news(alice);
	struct arrived v;
	struct buf h = { 0 };
	arrive(&in, raw, &v);
	is_int(v.r, 1, "a news post is taken: %s", v.f.text);
	is_lit(v.d.message_id, "<offered@forum.test>", "the offered id is used");
	is_lit(v.d.subject, "Re: caf\xc3\xa9", "decoded subject");
	is_lit(v.d.ov_subject, "=?utf-8?q?Re:_caf=C3=A9?=", "subject for the overview");
	is_lit(v.d.references, "<root@x.y> <mid@x.y>", "references");
	is_int(v.d.author, alice, "author");
	is_int(v.d.ngroups, 2, "groups");
	is_int(v.d.lines, 2, "lines");
	is_int(v.d.flags, POST_HAS_NEWSGROUPS | POST_HAS_PATH | POST_HEADER_ASCII, "flags");
	store(&in, &v);
	is_int(v.r, 1, "and stored: %s", v.f.text);
	is_int(v.result.nplaces, 2, "in two places");
	header_of(v.result.id, &h);
	struct slice s = buf_slice(&h);
	ok(slice_starts(s, SLICE("Path: forum.test!.POSTED!not-for-mail\r\nFrom: ")), "our Path, then the author line");
	ok(slice_find_nocase(s, SLICE("alice@")) < 0 && slice_find(s, SLICE("ames@")) < 0,
		"no address of the member shows");
	ok(slice_find_nocase(s, SLICE("Somebody")) < 0, "nor a typed name");
	static const char *const hidden[] = { "Received", "Bcc", "Approved", "Forum-Flags", "Reply-To" };
	for (size_t i = 0; i < 5; i++)
		ok(slice_find_nocase(s, slice_str(hidden[i])) < 0, "%s is not shown", hidden[i]);
	static const char *const shown[] = { "X-Kept: yes\r\n", "\r\nDate: ", "\r\nMessage-ID: <offered@forum.test>\r\n",
		"\r\nInjection-Info: forum.test", "\r\nInjection-Date: ", "\r\nMIME-Version: 1.0\r\n" };
	for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
		ok(slice_find(s, slice_str(shown[i])) > 0, "%s is there", shown[i]);
	original_of(v.result.id, raw, "the news post");
	gone(&v);
	/* the same id again, and by another */
	arrive(&in, SLICE(FROM REST "Message-ID: <offered@forum.test>\r\n\r\nother text\r\n"), &v);
	store(&in, &v);
	is_int(v.r, ERR_EXISTS, "an id that is taken");
	gone(&v);
	buf_free(&h);
}

static void test_supplied(void) {
	struct post_in in = news(alice);
	struct arrived v;
	in.client_msgid = SLICE("<second@forum.test>");
	arrive(&in, SLICE(REST "In-Reply-To: <offered@forum.test> (her mail)\r\n\r\nna\xc3\xafve\r\n"), &v);
	store(&in, &v);
	is_int(v.r, 1, "From may be absent: %s", v.f.text);
	is_lit(v.d.references, "<root@x.y> <mid@x.y> <offered@forum.test>", "References made from the parent's");
	is_lit(v.d.from, "Alice Ames <alice@example.org>", "From supplied for moderators");
	struct buf h = { 0 };
	header_of(v.result.id, &h);
	ok(slice_find(buf_slice(&h), SLICE("Content-Type: text/plain; charset=utf-8\r\n")) > 0,
		"the charset of 8-bit text is named");
	struct post p;
	post_get(t, v.result.id, &p);
	ok(p.parent != 0 && p.reason == PARENT_IN_REPLY_TO, "it found its parent");
	gone(&v);
	arrive(&in, SLICE("From: x (Al) <Ames@example.net>\r\n" REST "Message-ID: <third@x.y>\r\n\r\nx\r\n"), &v);
	is_int(v.r, 1, "any of the member's addresses will do: %s", v.f.text);
	is_int(v.d.flags & POST_DOT_FREE, POST_DOT_FREE, "dot-free");
	gone(&v);
	buf_free(&h);
}

static void test_blog(void) {
	struct forum_txn *w = writing();
	struct fail f = { 0 };
	if (member_set_role(w, bob, ROLE_MODERATOR, gblog, &f) < 0)
		bail("role: %s", f.text);
	written(&w);
	struct post_in in = news(bob);
	struct arrived v;
	in.client_msgid = SLICE("<blog1@forum.test>");
	arrive(&in, SLICE("Newsgroups: test.blog\r\nSubject: s\r\n\r\nx\r\n"), &v);
	store(&in, &v);
	is_int(v.r, 1, "a moderator starts a thread in a blog: %s", v.f.text);
	gone(&v);
	in = news(alice);
	in.client_msgid = SLICE("<blog2@forum.test>");
	arrive(&in, SLICE("Newsgroups: test.blog\r\nSubject: s\r\nReferences: <blog1@forum.test>\r\n\r\nx\r\n"), &v);
	store(&in, &v);
	is_int(v.r, 1, "a member comments: %s", v.f.text);
	gone(&v);
	arrive(&in,
		SLICE(
			"Newsgroups: test.blog\r\nSubject: s\r\nReferences: <offered@forum.test>\r\nMessage-ID: <b3@x.y>\r\n\r\nx\r\n"),
		&v);
	is_int(v.r, ERR_DENIED, "an answer to a post elsewhere starts a thread here");
	gone(&v);
}

/* what mail allows and news does not (RFC 5536 2.2) */
static void test_mail_fields(void) {
	struct post_in in = into(POST_FROM_MAIL, alice, &gtest);
	struct buf h = { 0 }, raw = { 0 };
	struct arrived v;
	buf_adds(&raw, "From:Alice <alice@example.org>\r\nSubject:\r\n\tNo space\r\n here\r\nDate:Mon, 23 Nov 2026 14:00:00 +0000\r\n"
		"Message-ID:\r\n <no.space@x.test>\r\nX-MS-Has-Attach:\r\nX-Blank: \r\n \r\nX-Before : a\r\nX-Tab:\tb\r\nX-Two:  c\r\n"
		"X-Next: \r\n d\r\nX-Long:\r\n ");
	for (int i = 0; i < 990; i++)
		buf_addc(&raw, 'e');
	buf_adds(&raw, "\r\nContent-Type:text/plain; charset=utf-8\r\nMIME-Version:1.0\r\n\r\nhello\r\n");
	arrive(&in, buf_slice(&raw), &v);
	store(&in, &v);
	is_int(v.r, 1, "mail without spaces: %s", v.f.text);
	header_of(v.result.id, &h);
	static const char *const want[] = { "\r\nSubject: No space\r\n here\r\n", "\r\nMessage-ID: <no.space@x.test>\r\n",
		"\r\nDate: Mon, 23", "\r\nX-Before: a\r\n", "\r\nX-Tab: b\r\n", "\r\nX-Two:  c\r\n", "\r\nX-Next: d\r\n",
		"\r\nX-Long:\r\n eee", "\r\nContent-Type: text/plain; charset=utf-8\r\n", "\r\nMIME-Version: 1.0\r\n" };
	for (size_t i = 0; i < sizeof want / sizeof *want; i++)
		ok(slice_find(buf_slice(&h), slice_str(want[i])) >= 0, "news has %s", want[i]);
	ok(slice_find(buf_slice(&h), SLICE("X-MS-Has")) < 0 && slice_find(buf_slice(&h), SLICE("X-Blank")) < 0, "none is empty");
	original_of(v.result.id, buf_slice(&raw), "mail without spaces");
	gone(&v);
	buf_free(&h);
	buf_free(&raw);
}

static void test_mail(void) {
	struct post_in in = into(POST_FROM_MAIL, alice, &gtest);
	struct slice raw = SLICE(
		"Return-Path: <alice@example.org>\r\nReceived: by mx\r\nDKIM-Signature: v=1\r\n" FROM
		"To: test.forum@forum.test\r\nNewsgroups: secret.club\r\nDate: Mon, 23 Nov 2099 14:00:00 +0000\r\n\r\nhello\r\n");
	struct arrived v, again;
	arrive(&in, raw, &v);
	store(&in, &v);
	is_int(v.r, 1, "mail without subject, id and with a date to come: %s", v.f.text);
	struct buf h = { 0 };
	header_of(v.result.id, &h);
	ok(slice_find(buf_slice(&h), SLICE("Subject: (no subject)\r\n")) > 0, "subject supplied");
	ok(slice_find(buf_slice(&h), SLICE("2099")) < 0, "date supplied");
	ok(slice_find(buf_slice(&h), SLICE("secret")) < 0 && slice_find(buf_slice(&h), SLICE("DKIM")) < 0,
		"trace and Newsgroups aside");
	original_of(v.result.id, raw, "the mail");
	arrive(&in, raw, &again);
	ok(slice_eq(v.d.message_id, again.d.message_id), "the same mail gets the same id");
	gone(&v);
	gone(&again);
	refused(&in, FROM FROM "\r\nx\r\n", ERR_INVALID, "more than one From");
	in.member = 0;
	in.hold = true;
	refused(&in, "Subject: s\r\n\r\nx\r\n", ERR_INVALID, "From is missing");
	arrive(&in, SLICE("From: Carol <carol@example.com>\r\nMessage-ID: <carol1@example.com>\r\nSubject: s\r\n\r\nx\r\n"),
		&v);
	is_int(v.r, 1, "an outside sender is held: %s", v.f.text);
	is_lit(v.d.author_address, "carol@example.com", "her address");
	is_lit(v.d.author_name, "Carol", "her name");
	store(&in, &v);
	is_int(v.result.state, POST_PENDING, "pending");
	withdrawn(v.result.id, "of who has no account");
	gone(&v);
	buf_free(&h);
}

/* an id that is held in a group the poster may not see is no different from a free one */
static void test_squatting(void) {
	struct post_in in = into(POST_FROM_IMAP, RIGHTS_OPERATOR, &gprivate);
	struct arrived v;
	arrive(&in, SLICE("From: Z <z@example.com>\r\nSubject: s\r\nMessage-ID: <held@x.y>\r\n\r\nsecret\r\n"), &v);
	store(&in, &v);
	is_int(v.r, 1, "a post in a private group: %s", v.f.text);
	gone(&v);
	in = news(alice);
	struct slice raw = SLICE(FROM REST "Message-ID: <held@x.y>\r\n\r\nmine\r\n");
	arrive(&in, raw, &v);
	store(&in, &v);
	is_int(v.r, 1, "the same id by somebody who may not see that: %s", v.f.text);
	ok(!slice_is(v.d.message_id, "<held@x.y>"), "it got an id of its own");
	original_of(v.result.id, raw, "that post");
	gone(&v);
}

static void test_import(void) {
	struct post_in in = into(POST_FROM_IMPORT, RIGHTS_OPERATOR, &gtest);
	struct arrived v;
	arrive(&in,
		SLICE(
			"From joe at example.com Mon Jan  1 00:00:00 2001\nFrom: joe at example.com (Joe)\nXref: a b\nBcc: kept\nDate: never\n"
			"Subject: old\n\n.text\n"),
		&v);
	store(&in, &v);
	is_int(v.r, 1, "a pipermail message: %s", v.f.text);
	is_lit(v.d.author_address, "joe@example.com", "address");
	is_lit(v.d.author_name, "Joe", "name");
	original_of(v.result.id,
		SLICE(
			"From: joe at example.com (Joe)\r\nXref: a b\r\nBcc: kept\r\nDate: never\r\nSubject: old\r\n\r\n.text\r\n"),
		"the message with CRLF");
	struct buf h = { 0 };
	header_of(v.result.id, &h);
	ok(slice_find(buf_slice(&h), SLICE("Bcc: kept")) > 0 && slice_find(buf_slice(&h), SLICE("Xref")) < 0,
		"all but Xref is kept");
	ok(slice_starts(buf_slice(&h), SLICE("From: joe at example.com (Joe)\r\n")), "the author as typed");
	gone(&v);
	arrive(&in, SLICE("no header here"), &v);
	store(&in, &v);
	is_int(v.r, 1, "something that is no message at all: %s", v.f.text);
	original_of(v.result.id, SLICE("no header here"), "it");
	gone(&v);
	buf_free(&h);
}

/* what posts of a thousand recipients and parts leave behind must fit the store */
static void test_bombs(void) {
	struct post_in in = into(POST_FROM_MAIL, alice, &gtest);
	struct buf b = { 0 };
	struct arrived v;
	buf_adds(&b, FROM "Subject: s\r\nMessage-ID: <bomb1@x.y>\r\n");
	for (int n = 0; n < 20; n++) {
		buf_adds(&b, n % 2 ? "Cc: a@b" : "To: a@b");
		for (int i = 0; i < 2000; i++)
			buf_addf(&b, ",\r\n %d@example.com", i);
		buf_adds(&b, "\r\n");
	}
	buf_adds(&b, "\r\nx\r\n");
	arrive(&in, buf_slice(&b), &v);
	store(&in, &v);
	is_int(v.r, 1, "40,000 recipients: %s", v.f.text);
	gone(&v);
	buf_reset(&b);
	buf_adds(&b,
		FROM
		"Subject: s\r\nMessage-ID: <bomb2@x.y>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n");
	for (int i = 0; i < 9000; i++)
		buf_adds(&b, "--b\r\nContent-Type: text/html; name=\"a.html\"\r\n\r\nx\r\n");
	arrive(&in, buf_slice(&b), &v);
	store(&in, &v);
	is_int(v.r, 1, "9,000 parts: %s", v.f.text);
	gone(&v);
	buf_reset(&b);
	buf_adds(&b, FROM "Subject: ");
	for (int i = 0; i < 900; i++)
		buf_adds(&b, "word word word\r\n ");
	buf_adds(&b, "end\r\nMessage-ID: <bomb3@x.y>\r\nReferences:");
	for (int i = 0; i < 5000; i++)
		buf_addf(&b, "\r\n <%d@example.com>", i);
	buf_adds(&b, "\r\n\r\nx\r\n");
	arrive(&in, buf_slice(&b), &v);
	store(&in, &v);
	is_int(v.r, 1, "5,000 references: %s", v.f.text);
	ok(v.d.ov_references.n < 4000 && v.d.ov_subject.n <= 2000, "cut in the overview");
	original_of(v.result.id, buf_slice(&b), "it");
	gone(&v);
	buf_free(&b);
}

/* ---- every message of the shared data ----------------------------------------------------------------------------- */

static unsigned files, stored, same, doubles;

static void crlf(struct slice in, struct buf *out) {
	if (slice_starts(in, SLICE("From "))) {
		ptrdiff_t lf = slice_chr(in, '\n');
		in = slice_from(in, lf < 0 ? in.n : (size_t)lf + 1);
	}
	for (size_t i = 0; i < in.n; i++) {
		if (in.p[i] == '\n' && (i == 0 || in.p[i - 1] != '\r'))
			buf_addc(out, '\r');
		buf_addc(out, in.p[i]);
	}
}

static void one_file(const char *path) {
	struct buf raw = { 0 }, want = { 0 }, got = { 0 };
	struct post_in in = into(POST_FROM_IMPORT, RIGHTS_OPERATOR, &gtest);
	struct arrived v;
	struct post p;
	test_read_file(path, &raw);
	crlf(buf_slice(&raw), &want);
	in.max_size = 1u << 30;
	arrive(&in, buf_slice(&raw), &v);
	store(&in, &v);
	files++;
	if (v.r > 0) {
		stored++;
		doubles += v.result.duplicate;
		bool good = post_get(t, v.result.id, &p) > 0 && post_in_original(t, &p, &got) > 0 &&
			slice_eq(buf_slice(&got), buf_slice(&want));
		same += good || v.result.duplicate;
		if (!good && !v.result.duplicate)
			diag("%s differs: %zu against %zu octets", path, buf_len(&got), buf_len(&want));
	} else if (v.r != ERR_EXISTS) {
		diag("%s refused: %s", path, v.f.text);
	} else {
		stored++, same++, doubles++;
	}
	gone(&v);
	buf_free(&raw), buf_free(&want), buf_free(&got);
}

/* directories are put on a list, not into a recursion */
static void all_files(const char *top) {
	VEC(char *) todo = { 0 };
	vec_push(&todo, mem_strdup(top));
	while (todo.n) {
		char *path = todo.v[--todo.n];
		DIR *d = opendir(path);
		struct dirent *e;
		while (d && (e = readdir(d))) {
			char name[1024];
			snprintf(name, sizeof name, "%s/%s", path, e->d_name);
			if (e->d_name[0] == '.')
				continue;
			if (e->d_type == DT_DIR)
				vec_push(&todo, mem_strdup(name));
			else if (e->d_type == DT_REG)
				one_file(name);
		}
		if (d)
			closedir(d);
		mem_free(path);
	}
	vec_free(&todo);
}

static void test_shared(void) {
	static const char *const folders[] = { "data/mime", "data/lkml", "data/threading", "data/maildir-basic" };
	for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
		const char *path = test_shared_path(folders[i]);
		files = stored = same = doubles = 0;
		if (!path) {
			skip(2, "shared data is not here");
			continue;
		}
		all_files(path);
		is_int(stored, files, "%s: all %u messages are taken (%u doubles)", folders[i], files, doubles);
		is_int(same, files, "%s: all come back byte for byte", folders[i]);
	}
}

static void gateway_set(const char *value) {
	struct forum_txn *w = writing();
	struct fail f = { 0 };
	if (member_set(w, alice, SLICE("gateway"), slice_str(value), &f) < 0)
		bail("member_set: %s", f.text);
	written(&w);
}

/* an account that brings posts of others */
static void test_gateway(void) {
	struct post_in in = news(alice);
	struct arrived v;
	struct member m;
	gateway_set("on");
	arrive(&in, SLICE("From: Carol <carol@elsewhere.example>\r\nMessage-ID: <g1@x.example>\r\n" REST "\r\nx\r\n"), &v);
	is_int(v.r, 1, "a gateway's From may be a stranger's: %s", v.r > 0 ? "" : v.f.text);
	store(&in, &v);
	struct post p;
	ok(post_get(t, v.result.id, &p) > 0 && member_get(t, p.author, &m) > 0 && m.kind == MEMBER_AUTHOR &&
		slice_is(m.name, "Carol"), "the author is the stranger");
	withdrawn(v.result.id, "that a gateway brought");
	gone(&v);
	arrive(&in, SLICE("From: Bob <bob@example.org>\r\nMessage-ID: <g2@x.example>\r\n" REST "\r\nx\r\n"), &v);
	store(&in, &v);
	is_int(v.r, 1, "it may say that it is a member's");
	ok(post_get(t, v.result.id, &p) > 0 && p.author != bob && p.author != alice, "and does not become the member's");
	gone(&v);
	arrive(&in, SLICE(FROM "Message-ID: <g3@x.example>\r\n" REST "\r\nx\r\n"), &v);
	store(&in, &v);
	ok(v.r > 0 && post_get(t, v.result.id, &p) > 0 && p.author == alice, "its own address is its own");
	gone(&v);
	refused(&in, "From: A <a@x.example>, B <b@x.example>\r\n" REST "\r\nx\r\n", ERR_INVALID, "exactly one address");
	gateway_set("off");
	refused(&in, "From: Carol <carol@elsewhere.example>\r\n" REST "\r\nx\r\n", ERR_INVALID, "one of your addresses");
}

int main(void) {
	setup();
	test_refusals();
	test_news_post();
	test_supplied();
	test_blog();
	test_mail();
	test_mail_fields();
	test_squatting();
	test_import();
	test_bombs();
	test_shared();
	test_gateway();
	forum_read_end(&t);
	forum_close(&forum);
	return done();
}
