#include "forumd/mail/inbound.h"
#include "forumd/base/fail.h"
#include "forumd/mail/address.h"
#include "tests/tap/tap.h"

static void test_automatic(void) {
	static const struct { const char *header; enum inbound_auto want; } cases[] = {
		{ "From: a@b\r\n", INBOUND_PERSONAL },
		{ "Auto-Submitted: no\r\n", INBOUND_PERSONAL },
		{ "Auto-Submitted: No; x=y\r\n", INBOUND_PERSONAL },
		{ "auto-submitted:\r\n auto-replied\r\n", INBOUND_AUTO_SUBMITTED },
		{ "Precedence: Bulk\r\n", INBOUND_BULK },
		{ "Precedence: list (x)\r\n", INBOUND_BULK },
		{ "Precedence: first-class\r\n", INBOUND_PERSONAL },
		{ "List-Id: Us <g.forum.test>\r\n", INBOUND_OWN_LOOP },
		{ "List-Id: <x.other.test>\r\n", INBOUND_PERSONAL },
		{ "List-Id: <x.notforum.test>\r\n", INBOUND_PERSONAL },
		{ "Forum-Loop: FORUM.test\r\n", INBOUND_OWN_LOOP },
		{ "X-Loop: g@forum.test\r\n", INBOUND_OWN_LOOP },
		{ "Content-Type: multipart/report; boundary=x\r\n", INBOUND_REPORT },
	};
	struct buf b = { 0 };
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(inbound_automatic(slice_str(cases[i].header), SLICE("forum.test")), cases[i].want, "%s",
			cases[i].header);
	for (int i = 0; i < 30; i++)
		buf_adds(&b, "Received: x\r\n");
	is_int(inbound_automatic(buf_slice(&b), SLICE("forum.test")), INBOUND_PERSONAL, "30 hops");
	buf_adds(&b, "received: x\r\n");
	is_int(inbound_automatic(buf_slice(&b), SLICE("forum.test")), INBOUND_HOPS, "31 hops");
	buf_free(&b);
}

static void test_auth(void) {
	static const struct { const char *header; enum inbound_auth want; } cases[] = {
		{ "", INBOUND_AUTH_NONE },
		{ "Authentication-Results: mx.us; dmarc=pass header.from=x.org\r\n", INBOUND_AUTH_PASS },
		{ "Authentication-Results: mx.us 1;\r\n dkim=pass (good) header.d=x.org;\r\n spf=fail smtp.mailfrom=a@y.org\r\n",
			INBOUND_AUTH_PASS },
		{ "Authentication-Results: mx.us; dmarc=fail header.from=x.org; dkim=pass header.d=x.org\r\n",
			INBOUND_AUTH_FAIL },
		{ "Authentication-Results: mx.evil; dmarc=pass header.from=x.org\r\n", INBOUND_AUTH_NONE },
		{ "Authentication-Results: mx.us.evil; dmarc=pass header.from=x.org\r\n", INBOUND_AUTH_NONE },
		{ "Authentication-Results: mx.us; dkim=pass header.d=evil.org\r\n", INBOUND_AUTH_NONE },
		{ "Authentication-Results: mx.us; dkim=pass header.d=org\r\n", INBOUND_AUTH_NONE },
		{ "Authentication-Results: mx.us; dkim=pass header.d=notx.org\r\n", INBOUND_AUTH_NONE },
		{ "Authentication-Results: mx.us; dkim=pass header.d=mail.x.org\r\n", INBOUND_AUTH_PASS },
		{ "Authentication-Results: mx.us; dkim=pass header.i=@x.org\r\n", INBOUND_AUTH_PASS },
		{ "Authentication-Results: mx.us; spf=pass smtp.mailfrom=b@bounce.x.org\r\n", INBOUND_AUTH_PASS },
		{ "Authentication-Results: mx.us; spf=pass smtp.helo=x.org\r\n", INBOUND_AUTH_NONE },
		{ "Authentication-Results: mx.us; spf=softfail smtp.mailfrom=x.org\r\n", INBOUND_AUTH_FAIL },
		{ "Authentication-Results: mx.us; dmarc=pass header.from=other.org\r\n", INBOUND_AUTH_NONE },
		{ "Authentication-Results: mx.us; spf=none reason=\"; dmarc=pass header.from=x.org\"\r\n", INBOUND_AUTH_NONE },
		{ "Authentication-Results: mx.us; spf=none (; dmarc=pass header.from=x.org )\r\n", INBOUND_AUTH_NONE },
		{ "Authentication-Results: mx.us; spf=none (; dmarc=pass\r\n", INBOUND_AUTH_NONE },
		{ "Authentication-Results: (c) \"MX.US\" ; dmarc = pass (p=none) header.from = X.ORG\r\n", INBOUND_AUTH_PASS },
		{ "Authentication-Results: mx.us; none\r\n", INBOUND_AUTH_NONE },
		{ "ARC-Authentication-Results: mx.us; dmarc=pass\r\n", INBOUND_AUTH_NONE },
	};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(inbound_auth_results(slice_str(cases[i].header), SLICE("mx.us"), SLICE("x.org")), cases[i].want, "%s",
			cases[i].header);
	is_int(inbound_auth_results(SLICE("Authentication-Results: mx.us; dkim=pass header.d=evil.eu.org\r\n"),
			   SLICE("mx.us"), SLICE("eu.org")),
		INBOUND_AUTH_NONE, "a domain below a public suffix does not speak for the suffix");
	is_int(inbound_auth_results(SLICE("Authentication-Results: mx.us; dkim=pass header.d=x.eu.org\r\n"), SLICE("mx.us"),
			   SLICE("a.x.eu.org")),
		INBOUND_AUTH_PASS, "but for its own names");
	is_int(inbound_auth_results(SLICE("Authentication-Results: ; dmarc=pass\r\n"), SLICE(""), SLICE("x.org")),
		INBOUND_AUTH_NONE, "no id is trusted");
}

static void test_author(void) {
	static const struct { struct slice header; int rc; } cases[] = {
		{ SLICE_INIT("From: Joe <a@b.c>\r\n"), 1 },
		{ SLICE_INIT("from: a@b.c (Joe)\r\n"), 1 },
		{ SLICE_INIT("From: \"x@y.z\" <a@b.c>\r\n"), 1 },
		{ SLICE_INIT("From: a@b.c <A@b.c>\r\n"), 1 },
		{ SLICE_INIT("From: Doe, Joe <a@b.c>\r\n"), 1 },
		{ SLICE_INIT("To: a@b.c\r\n"), ERR_INVALID },
		{ SLICE_INIT("From: a@b.c\r\nFrom: d@e.f\r\n"), ERR_INVALID },
		{ SLICE_INIT("From: a@b.c, d@e.f\r\n"), ERR_INVALID },
		{ SLICE_INIT("From: g: a@b.c;\r\n"), ERR_INVALID },
		{ SLICE_INIT("From: a@b.c\0\r\n"), ERR_INVALID },
		{ SLICE_INIT("From: <a@b.c> <d@e.f>\r\n"), ERR_INVALID },
		{ SLICE_INIT("From: a@b.c <d@e.f>\r\n"), ERR_INVALID },
		{ SLICE_INIT("From: <a@b.c> d@e.f\r\n"), ERR_INVALID },
		{ SLICE_INIT("From: <a@b.c\r\n"), ERR_INVALID },
		{ SLICE_INIT("From: \r\n"), ERR_INVALID },
		{ SLICE_INIT("From: <>\r\n"), ERR_INVALID },
		{ SLICE_INIT("From: a@b@c.d\r\n"), ERR_INVALID },
		{ SLICE_INIT("From: <a b@c.d>\r\n"), ERR_INVALID },
		{ SLICE_INIT("From: a@b..c\r\n"), ERR_INVALID },
		{ SLICE_INIT("From: \"\"@b.c\r\n"), ERR_INVALID },
	};
	struct arena *a = arena_new();
	struct address from;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
		is_int(inbound_author(a, cases[i].header, &from), cases[i].rc, "%.*s", SLICE_ARG(cases[i].header));
	inbound_author(a, SLICE("From: =?utf-8?q?J=C3=B6?= <J@B.C>\r\n"), &from);
	is_lit(from.name, "Jö", "name");
	is_lit(from.local, "J", "local part");
	arena_free(&a);
}

static void test_dsn(void) {
	struct arena *a = arena_new();
	struct inbound_dsn d;
	struct slice h = SLICE("Content-Type: multipart/report; report-type=delivery-status; boundary=x\r\n");
	is_int(
		inbound_dsn(a, h,
			SLICE(
				"--x\r\n\r\nSorry.\r\n--x\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; m\r\n\r\n"
				"Final-Recipient: rfc822; ok@x.y\r\nAction: delivered\r\nStatus: 2.0.0\r\n\r\n"
				"Original-Recipient: rfc822;orig@x.y\r\nFinal-Recipient: RFC822;\r\n j@x.y\r\nAction: Failed\r\nStatus: 5.1.1\r\n"
				"Diagnostic-Code: smtp; 550 5.1.1\r\n no such user\r\n--x--\r\n"),
			&d),
		1, "report");
	is_lit(d.recipient, "j@x.y", "recipient");
	is_lit(d.action, "failed", "action");
	is_lit(d.status, "5.1.1", "status");
	is_lit(d.diagnostic, "550 5.1.1 no such user", "diagnostic");
	is_int(inbound_dsn(a, h, SLICE("--x\r\n\r\nnothing\r\n--x--\r\n"), &d), 0, "report without status");
	is_int(
		inbound_dsn(a, SLICE("Content-Type: multipart/mixed;boundary=\"x\"\r\n"),
			SLICE(
				"--x\r\n\r\nSorry.\r\n--x\r\nContent-Description: Delivery Report\r\n"
				"Content-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; m\r\n\r\nFinal-Recipient: rfc822; a@b\r\nAction: failed\r\nStatus: 5.1.1\r\n--x--\r\n"),
			&d),
		1, "as OpenSMTPD writes it");
	ok(slice_is(d.action, "failed") && slice_is(d.status, "5.1.1"), "its status");
	is_int(inbound_dsn(a, SLICE("Subject: x\r\n"), SLICE("Final-Recipient: rfc822; a@b\r\n"), &d), 0, "no report");
	arena_free(&a);
}

int main(void) {
	test_automatic();
	test_auth();
	test_author();
	test_dsn();
	return done();
}
