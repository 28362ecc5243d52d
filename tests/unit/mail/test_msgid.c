#include "forumd/mail/msgid.h"
#include "tests/tap/tap.h"

static void check_list(const char *text, const char *want) {
	struct slice rest = slice_str(text), id;
	struct buf b = { 0 };
	while (msgid_next(&rest, &id)) {
		buf_add_slice(&b, id);
		buf_addc(&b, '|');
	}
	is_slice(buf_slice(&b), slice_str(want), "%s", text);
	buf_free(&b);
}

int main(void) {
	ok(msgid_valid(SLICE("<a@b>")) && msgid_valid(SLICE("<a/y+$%z@[::1]>")), "valid");
	ok(!msgid_valid(SLICE("<ab>")) && !msgid_valid(SLICE("a@b")) && !msgid_valid(SLICE("<@b>")) &&
		!msgid_valid(SLICE("<a@>")) && !msgid_valid(SLICE("<a b@c>")) && !msgid_valid(SLICE("<a>@b>")) &&
		!msgid_valid(SLICE("<a\0@b>")) && !msgid_valid(SLICE("<\xc3\xa4@b>")) && !msgid_valid(SLICE("")), "not valid");
	static const char *const strict[] = { "<a@b>", "<a/y+$%z@[::1]>", "<A.b-c@x_y.example>", "<a@[x,y]>" };
	static const char *const loose[] = { "<a..b@c>", "<.a@c>", "<a.@c>", "<a@c.>", "<a@c..d>", "<\"a\"@c>", "<a,b@c>", "<a@b@c>",
		"<a@[b>", "<a@b]>", "<a@[b]c]>", "<a@[b\\]>", "<a(b)@c>", "<a:b@c>" };
	for (size_t i = 0; i < sizeof strict / sizeof *strict; i++)
		ok(msgid_valid(slice_str(strict[i])) && msgid_strict(slice_str(strict[i])), "by the letter: %s", strict[i]);
	for (size_t i = 0; i < sizeof loose / sizeof *loose; i++)
		ok(msgid_valid(slice_str(loose[i])) && !msgid_strict(slice_str(loose[i])), "not by the letter: %s", loose[i]);
	ok(!msgid_strict(SLICE("<@b>")) && !msgid_strict(SLICE("<a@>")) && !msgid_strict(SLICE("")), "strictly nothing");
	char big[260];
	memset(big, 'x', sizeof big);
	big[0] = '<', big[100] = '@', big[249] = '>';
	ok(msgid_valid(slice_of(big, 250)), "250 octets");
	big[249] = 'x', big[250] = '>';
	ok(!msgid_valid(slice_of(big, 251)), "251 octets");
	check_list("<a@b> <c@d>\r\n\t<e@f>", "<a@b>|<c@d>|<e@f>|");
	check_list("Your message of Monday <a@b> \"x\"<c@d>", "<a@b>|<c@d>|");
	check_list("<a\r\n @b> <c@d>", "<c@d>|");
	check_list("<open <a@b>> <>", "<a@b>|");
	check_list("a@b", "");
	struct buf b = { 0 }, refs = { 0 };
	msgid_references(SLICE("<1@x> <2@x>"), SLICE("<3@x>"), &b);
	is_buf(&b, "<1@x> <2@x> <3@x>", "references of a reply");
	buf_reset(&b);
	msgid_references(SLICE(""), SLICE("<3@x>"), &b);
	is_buf(&b, "<3@x>", "of a reply to a root");
	buf_reset(&b);
	for (int i = 0; i < 100000; i++)
		buf_addf(&refs, "<%d@x> ", i);
	msgid_references(buf_slice(&refs), SLICE("<new@x>"), &b);
	ok(slice_starts(buf_slice(&b), SLICE("<0@x> <99982@x> ")) && slice_ends(buf_slice(&b), SLICE(" <99999@x> <new@x>")),
		"the first and the last 19");
	struct slice rest = buf_slice(&b), id;
	int n = 0;
	while (msgid_next(&rest, &id))
		n++;
	is_int(n, 20, "20 ids");
	buf_reset(&b);
	msgid_new(&b, SLICE("forum.test"));
	ok(msgid_valid(buf_slice(&b)) && slice_ends(buf_slice(&b), SLICE("@forum.test>")) && buf_len(&b) == 26 + 13,
		"fresh id");
	buf_free(&b), buf_free(&refs);
	return done();
}
