#include "forumd/mail/date.h"
#include "forumd/base/fail.h"
#include "tests/tap/tap.h"

static const struct { const char *text; int64_t t; int zone; } dates[] = {
	{ "Mon, 23 Nov 2026 14:00:00 +0000", 1795442400, 0 },
	{ "Mon, 23 Nov 2026 15:00:00 +0100", 1795442400, 60 },
	{ " 23 Nov 26 14:00 GMT", 1795442400, 0 },
	{ "Mon, 23 Nov 2026 09:00:00 -0500 (EST)", 1795442400, -300 },
	{ "Mon Nov 23 14:00:00 2026", 1795442400, 0 },
	{ "Mon Nov 23 06:00:00 PST 2026", 1795442400, -480 },
	{ "Mon,\r\n 23 Nov\r\n 2026 (a (nested) comment) 14:00:00", 1795442400, 0 },
	{ "2026-11-23T14:00:00Z", 1795442400, 0 },
	{ "23-Nov-2026 14:00:00 +0000", 1795442400, 0 },
	{ "Thu, 01 Jan 70 00:00:00 UT", 0, 0 },
	{ "Fri, 1 Jan 99 12:00:00 +0000", 915192000, 0 },
	{ "Sat, 1 Jan 100 12:00:00 +0000", 946728000, 0 },
	{ "Tue, 29 Feb 2000 23:59:60 +0000", 951868800, 0 },
	{ "Mon, 23 Nov 2026 2:00:00 PM", 1795442400, 0 },
};

int main(void) {
	for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
		int64_t t = -1;
		int zone = -1;
		is_int(date_parse(slice_str(dates[i].text), &t, &zone), 1, "%s", dates[i].text);
		is_int(t, dates[i].t, "its time");
		is_int(zone, dates[i].zone, "its zone");
	}
	static const char *const bad[] = { "", "yesterday", "32 Nov 2026 00:00:00 +0000", "29 Feb 2026 00:00:00 +0000",
		"1 Foo 2026 00:00:00", "1 Jan 2026 24:00:00 +0000", "1 Jan 2026 00:61:00 +0000", "((((((((",
		"99999999999 Jan 2026" };
	int64_t t;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		is_int(date_parse(slice_str(bad[i]), &t, NULL), ERR_SYNTAX, "refused: %s", bad[i]);
	struct buf b = { 0 };
	date_write(&b, 1795442400);
	is_buf(&b, "Mon, 23 Nov 2026 14:00:00 +0000", "written");
	buf_reset(&b);
	date_write(&b, INT64_MAX);
	is_buf(&b, "Fri, 31 Dec 9999 23:59:59 +0000", "far away");
	buf_reset(&b);
	date_write_imap(&b, 1793800800);
	is_buf(&b, " 4-Nov-2026 14:00:00 +0000", "INTERNALDATE");
	is_int(date_parse_imap(buf_slice(&b), &t), 1, "and back");
	is_int(t, 1793800800, "the same");
	is_int(date_parse_imap(SLICE("\"17-Jul-1996 02:44:25 -0700\""), &t), 1, "quoted date-time");
	is_int(t, 837596665, "of RFC 9051");
	is_int(date_parse_imap(SLICE("1-Feb-1994"), &t), 1, "date");
	is_int(t, 760060800, "midnight");
	is_int(date_parse_imap(SLICE("1-Feb-94"), &t), ERR_SYNTAX, "short year");
	is_int(date_parse_imap(SLICE("17-Jul-1996 02:44:25"), &t), ERR_SYNTAX, "no zone");
	is_int(date_parse_imap(SLICE("31-Jun-1996"), &t), ERR_SYNTAX, "31 June");
	buf_free(&b);
	return done();
}
