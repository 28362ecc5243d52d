/* paths, parameters and local parts of SMTP */
#include "gateways/smtp/smtp_syntax.h"
#include "forumd/base/fail.h"
#include "tests/tap/tap.h"

static void paths(void) {
	static const struct { const char *in; int path, mailbox; const char *local, *domain, *rest; } v[] = {
		{ "TO:<bob@example.org>", 1, 1, "bob", "example.org", "" },
		{ "to:<bob@example.org> SIZE=3", 1, 1, "bob", "example.org", " SIZE=3" },
		{ "TO: <bob@example.org>", 1, 1, "bob", "example.org", "" },
		{ "TO:<\"a>b\"@example.org>", 1, 1, "\"a>b\"", "example.org", "" },
		{ "TO:<@a.example,@b.example:bob@forum.test>", 1, ERR_SYNTAX, "", "", "" },
		{ "TO:<>", 1, ERR_SYNTAX, "", "", "" },
		{ "TO:bob@example.org", ERR_SYNTAX, 0, "", "", "" },
		{ "TO:<bob@example.org", ERR_SYNTAX, 0, "", "", "" },
		{ "TO:<bob@example.org>x", ERR_SYNTAX, 0, "", "", "" },
		{ "TO <bob@example.org>", ERR_SYNTAX, 0, "", "", "" },
		{ "TO:<bob@example.org>\nRCPT TO:<x@y>", ERR_SYNTAX, 0, "", "", "" },
		{ "TO:<bob>", 1, ERR_SYNTAX, "", "", "" },
		{ "TO:<b\001b@example.org>", 1, ERR_SYNTAX, "", "", "" },
		{ "TO:<b\rb@example.org>", 1, ERR_SYNTAX, "", "", "" },
		{ "TO:<\"\">", 1, ERR_SYNTAX, "", "", "" },
		{ "TO:<a@b@c>", 1, ERR_SYNTAX, "", "", "" },
		{ "TO:<j\303\266@example.org>", 1, ERR_SYNTAX, "", "", "" },
	};

	for (unsigned i = 0; i < sizeof v / sizeof v[0]; i++) {
		struct slice rest = slice_str(v[i].in);
		struct smtp_path p;
		int e = smtp_syntax_path(&rest, "TO:", &p);

		is_int(e, v[i].path, "path %u", i);
		if (e < 0)
			continue;
		e = smtp_syntax_mailbox(&p, false, false);
		is_int(e, v[i].mailbox, "mailbox %u", i);
		if (e < 0)
			continue;
		is_slice(p.local, slice_str(v[i].local), "local %u", i);
		is_slice(p.domain, slice_str(v[i].domain), "domain %u", i);
		is_slice(rest, slice_str(v[i].rest), "rest %u", i);
	}
	struct slice rest = SLICE("TO:<j\303\266@example.org>");
	struct smtp_path p;
	smtp_syntax_path(&rest, "TO:", &p);
	is_int(smtp_syntax_mailbox(&p, true, false), 1, "8-bit with SMTPUTF8");

	static const char big[] = "FROM:<SRS0=abcd=EF=lists.example.org=alice.lastname-and-more=bounces+1234@example.org>";
	rest = slice_of(big, sizeof big - 1);
	smtp_syntax_path(&rest, "FROM:", &p);
	is_int(smtp_syntax_mailbox(&p, false, false), ERR_SYNTAX, "65 octets are no recipient");
	is_int(smtp_syntax_mailbox(&p, false, true), 1, "but a sender");
}

static void plain(void) {
	static const struct { const char *local, *want; } v[] = {
		{ "Joe", "joe" }, { "\"Joe\"", "joe" }, { "\"j\\oe\"", "j\\oe" }, { "\"a b\"", "a b" },
	};
	char out[64];

	for (unsigned i = 0; i < sizeof v / sizeof v[0]; i++)
		is_slice(slice_of(out, smtp_syntax_plain(slice_str(v[i].local), out, sizeof out)), slice_str(v[i].want), "plain %u",
			i);
	is_int((int)smtp_syntax_plain(SLICE("abcdef"), out, 3), 3, "no more than there is room for");
}

static void params(void) {
	static const struct { const char *in; int want; } v[] = {
		{ "", 1 },
		{ " SIZE=100", 1 },
		{ " size=100 BODY=8BITMIME SMTPUTF8", 1 },
		{ " BODY=7bit", 1 },
		{ " AUTH=<>", 1 },
		{ " SIZE=", ERR_SYNTAX },
		{ " SIZE=-1", ERR_SYNTAX },
		{ " SIZE=99999999999999999999", 1 },
		{ " SIZE=9999999999999999999x", ERR_SYNTAX },
		{ " SIZE=99999999999999999999999", ERR_SYNTAX },
		{ " SIZE=1 SIZE=2", ERR_SYNTAX },
		{ " BODY=BINARYMIME", ERR_INVALID },
		{ " FOO=1", ERR_INVALID },
		{ " SMTPUTF8=1", ERR_SYNTAX },
		{ " RET=HDRS", 1 },
		{ " ret=full ENVID=QQ314159", 1 },
		{ " RET=HDRS RET=HDRS", ERR_SYNTAX },
		{ " RET=ALL", ERR_SYNTAX },
		{ " RET", ERR_SYNTAX },
		{ " ENVID=", ERR_SYNTAX },
		{ " ENVID=a ENVID=b", ERR_SYNTAX },
		{ " ENVID=a+20b", 1 },
		{ " ENVID=a+2", ERR_SYNTAX },
		{ " ENVID=a+", ERR_SYNTAX },
		{ " ENVID=a+2b", ERR_SYNTAX },
		{ " ENVID=a+0A", ERR_SYNTAX },
		{ " ENVID=a=b", ERR_SYNTAX },
		{ " ENVID=\303\266", ERR_SYNTAX },
		{ " ENVID=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
			ERR_SYNTAX },
	};
	struct smtp_params p;

	for (unsigned i = 0; i < sizeof v / sizeof v[0]; i++)
		is_int(smtp_syntax_params(slice_str(v[i].in), &p), v[i].want, "parameters \"%s\"", v[i].in);
	smtp_syntax_params(SLICE(" SIZE=18446744073709551615 SMTPUTF8"), &p);
	ok(p.has_size && p.size == UINT64_MAX && p.smtputf8 && !p.body_8bit, "values");
}

static void rcpt_params(void) {
	static const struct { const char *in; int want, want_utf8; bool success; } v[] = {
		{ "", 1, 1, false },
		{ " NOTIFY=NEVER", 1, 1, false },
		{ " notify=success,Failure ORCPT=rfc822;Bob+2Bx@example.org", 1, 1, true },
		{ " NOTIFY=FAILURE,DELAY", 1, 1, false },
		{ " NOTIFY=NEVER,SUCCESS", ERR_SYNTAX, ERR_SYNTAX, false },
		{ " NOTIFY=", ERR_SYNTAX, ERR_SYNTAX, false },
		{ " NOTIFY", ERR_SYNTAX, ERR_SYNTAX, false },
		{ " NOTIFY=SUCCESS,", ERR_SYNTAX, ERR_SYNTAX, false },
		{ " NOTIFY=SUCCESS NOTIFY=NEVER", ERR_SYNTAX, ERR_SYNTAX, false },
		{ " NOTIFY=SOMETIMES", ERR_SYNTAX, ERR_SYNTAX, false },
		{ " ORCPT=bob@example.org", ERR_SYNTAX, ERR_SYNTAX, false },
		{ " ORCPT=rfc822;", ERR_SYNTAX, ERR_SYNTAX, false },
		{ " ORCPT=;x", ERR_SYNTAX, ERR_SYNTAX, false },
		{ " ORCPT=rfc822;a+0D+0ABcc:x", ERR_SYNTAX, ERR_SYNTAX, false },
		{ " ORCPT=r/c;x", ERR_SYNTAX, ERR_SYNTAX, false },
		{ " ORCPT=rfc822;a ORCPT=rfc822;a", ERR_SYNTAX, ERR_SYNTAX, false },
		{ " ORCPT=utf-8;j\303\266@x.example", ERR_SYNTAX, 1, false },
		{ " ORCPT=rfc822;j\303\266@x.example", ERR_SYNTAX, ERR_SYNTAX, false },
		{ " ORCPT=utf-8;j\\x{F6}@x.example", 1, 1, false },
		{ " SIZE=1", ERR_INVALID, ERR_INVALID, false },
	};
	struct smtp_rcpt_params p;

	for (unsigned i = 0; i < sizeof v / sizeof v[0]; i++) {
		is_int(smtp_syntax_rcpt_params(slice_str(v[i].in), true, &p), v[i].want_utf8, "with SMTPUTF8: row %u", i);
		is_int(smtp_syntax_rcpt_params(slice_str(v[i].in), false, &p), v[i].want, "RCPT parameters: row %u", i);
		if (v[i].want > 0)
			is_int(p.success, v[i].success, "SUCCESS");
	}
}

static void locals(void) {
	static const struct { const char *in; char separator; enum smtp_form form; const char *group, *token; } v[] = {
		{ "test.forum", '-', FORM_GROUP, "test.forum", "" },
		{ "test.forum-reply-abc234", '-', FORM_REPLY, "test.forum", "abc234" },
		{ "test-reply-x-reply-abc", '-', FORM_REPLY, "test-reply-x", "abc" },
		{ "test.forum+reply+abc", '+', FORM_REPLY, "test.forum", "abc" },
		{ "test.forum-reply-abc", '+', FORM_REPLY, "test.forum", "abc" },
		{ "test.forum+reply+abc", '-', FORM_GROUP, "test.forum+reply+abc", "" },
		{ "r-abc", '-', FORM_REPLY, "", "abc" },
		{ "r-", '-', FORM_GROUP, "r-", "" },
		{ "-reply-abc", '-', FORM_GROUP, "-reply-abc", "" },
		{ "test-reply-", '-', FORM_GROUP, "test-reply-", "" },
		{ "bounce-abc", '-', FORM_BOUNCE, "", "abc" },
		{ "bounce", '-', FORM_GROUP, "bounce", "" },
		{ "a-subscribe", '-', FORM_SUBSCRIBE, "a", "" },
		{ "a-unsubscribe", '-', FORM_UNSUBSCRIBE, "a", "" },
		{ "aunsubscribe", '-', FORM_GROUP, "aunsubscribe", "" },
		{ "a-b-help", '-', FORM_HELP, "a-b", "" },
		{ "a-owner", '-', FORM_OWNER, "a", "" },
		{ "-owner", '-', FORM_GROUP, "-owner", "" },
		{ "commands", '-', FORM_COMMANDS, "", "" },
		{ "postmaster", '-', FORM_POSTMASTER, "", "" },
		{ "abuse", '-', FORM_POSTMASTER, "", "" },
	};

	for (unsigned i = 0; i < sizeof v / sizeof v[0]; i++) {
		struct smtp_local l;

		smtp_syntax_local(slice_str(v[i].in), v[i].separator, &l);
		is_int(l.form, v[i].form, "form of %s", v[i].in);
		is_slice(l.group, slice_str(v[i].group), "group of %s", v[i].in);
		is_slice(l.token, slice_str(v[i].token), "token of %s", v[i].in);
	}
}

static void relays(void) {
	static const char *const bad[] = { "bob%example.org", "example.org!bob", "\"bob@example.org\"", "bob@x",
		"\"test\"", "a\\@b", "@a:b" };

	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(smtp_syntax_relays(slice_str(bad[i])), "asks for relaying: %s", bad[i]);
	ok(smtp_syntax_relays(SLICE("a\0b")), "NUL");
	ok(!smtp_syntax_relays(SLICE("test.forum-reply-abc+x_y")), "an ordinary one");
}

int main(void) {
	paths();
	plain();
	params();
	rcpt_params();
	locals();
	relays();
	return done();
}
