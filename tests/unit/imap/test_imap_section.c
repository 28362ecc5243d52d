/* Sections as written; header filters. */
#include <stdio.h>
#include "gateways/imap/imap_section.h"
#include "tests/tap/tap.h"

static void section_is(const char *text, const char *want) {
	struct arena *a = arena_new();
	struct slice in = slice_str(text);
	struct imap_section s;
	char got[200] = "bad";
	if (imap_section_take(&in, a, &s) && !in.n)
		snprintf(got, sizeof got, "%.*s|%.*s|%d|%u|%d %u %u", SLICE_ARG(s.part), SLICE_ARG(s.text), s.filter,
			s.nfields, s.partial, s.off, s.len);
	is_str(got, want, "%s", text);
	arena_free(&a);
}

static void filter_is(const char *section, const char *want) {
	struct arena *a = arena_new();
	struct slice in = slice_str(section);
	struct imap_section s;
	struct buf out = {0};
	imap_section_take(&in, a, &s);
	imap_section_filter(&s, SLICE("From: a\r\nTo: b\r\n c\r\nSubject: d\r\nto: e\r\n"), &out);
	is_slice(buf_slice(&out), slice_str(want), "filter %s", section);
	buf_free(&out);
	arena_free(&a);
}

/* more fields than there is room for at first; one more than is taken */
static void test_many(void) {
	for (unsigned n = 1; n <= 1001; n += n < 40 || n > 990 ? 1 : 50) {
		struct arena *a = arena_new();
		struct buf text = {0};
		struct imap_section s;
		buf_adds(&text, "[HEADER.FIELDS (");
		for (unsigned i = 0; i < n; i++)
			buf_addf(&text, "%sX-%u", i ? " " : "", i);
		buf_adds(&text, ")]");
		struct slice in = buf_slice(&text);
		bool good = imap_section_take(&in, a, &s);
		if (good != (n <= 1000) || (good && (s.nfields != n || !slice_eq(s.fields[n - 1], arena_slicef(a, "X-%u",
			n - 1)) || !slice_is(s.fields[0], "X-0"))))
			ok(false, "%u fields", n);
		buf_free(&text);
		arena_free(&a);
	}
	ok(true, "one to 1,000 fields");
}

int main(void) {
	test_many();
	section_is("[]", "||0|0|0 0 0");
	section_is("[]<0.100>", "||0|0|1 0 100");
	section_is("[header]", "HEADER|HEADER|0|0|0 0 0");
	section_is("[TEXT]<5.1>", "TEXT|TEXT|0|0|1 5 1");
	section_is("[1.2]", "1.2|1.2|0|0|0 0 0");
	section_is("[1.2.mime]", "1.2.MIME|1.2.MIME|0|0|0 0 0");
	section_is("[3.TEXT]", "3.TEXT|3.TEXT|0|0|0 0 0");
	section_is("[header.fields (From \"x-a\")]", "HEADER|HEADER.FIELDS (From x-a)|1|2|0 0 0");
	section_is("[1.HEADER.FIELDS.NOT (\"a b\")]", "bad");
	section_is("[1.HEADER.FIELDS.NOT (\"a(b\")]", "1.HEADER|1.HEADER.FIELDS.NOT (\"a(b\")|2|1|0 0 0");
	section_is("[MIME]", "bad");
	section_is("[1.]", "bad");
	section_is("[0]", "bad");
	section_is("[01]", "bad");
	section_is("[1.BAR]", "bad");
	section_is("[TEXT.1]", "bad");
	section_is("[HEADER.FIELDS ()]", "bad");
	section_is("[HEADER.FIELDS]", "bad");
	section_is("[]<0.0>", "bad");
	section_is("[]<0>", "bad");
	section_is("[", "bad");
	section_is(
		"[1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1."
		"1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1.1]",
		"bad");
	filter_is("[HEADER.FIELDS (TO)]", "To: b\r\n c\r\nto: e\r\n\r\n");
	filter_is("[HEADER.FIELDS (x)]", "\r\n");
	filter_is("[HEADER.FIELDS.NOT (to)]", "From: a\r\nSubject: d\r\n\r\n");
	return done();
}
