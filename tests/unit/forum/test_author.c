/* Author lines: typed, spliced, quoted, encoded, anonymous; and the memo's honesty. */
#include <stdio.h>
#include "forumd/forum/author.h"
#include "tests/unit/forum/fixture.h"

static struct forum *forum;
static struct fail f;

static void is_from(struct forum_txn *t, uint32_t id, const char *fmt) {
	char want[400];
	snprintf(want, sizeof want, fmt, id);
	is_slice(author_from(t, id, SLICE("Typed <typed@example.org>")), slice_str(want), "%s", want);
}

int main(void) {
	forum = fixture_open("author");
	struct forum_txn *t = fixture_write(forum), *child;
	uint32_t plain = fixture_member(t, "Ann Author", "a1@example.org");
	uint32_t quoted = fixture_member(t, "Dr. \"Q\" Back\\slash", "a2@example.org");
	uint32_t accent = fixture_member(t, "J\xc3\xbcrgen", "a3@example.org");
	uint32_t longer = fixture_member(t,
		"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4"
		"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4",
		"a4@example.org");
	uint32_t imported;
	member_author(t, SLICE("Old Name"), SLICE("old@example.org"), &imported);
	is_from(t, plain, "Ann Author <author-%u@forum.test>");
	is_from(t, quoted, "\"Dr. \\\"Q\\\" Back\\\\slash\" <author-%u@forum.test>");
	is_from(t, accent, "=?UTF-8?B?SsO8cmdlbg==?= <author-%u@forum.test>");
	is_from(t, longer, "=?UTF-8?B?w6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6TDpMOkw6Q=?= =?UTF-8?B?w6Q=?= "
		"<author-%u@forum.test>");
	is_from(t, imported, "Typed <typed@example.org>");
	is_from(t, member_anonymous(t), "Anonymous <anonymous@forum.test>");
	is_from(t, 0, "Anonymous <anonymous@forum.test>");
	is_from(t, 4711, "Anonymous <anonymous@forum.test>");
	ok(author_is_spliced(t, plain) && !author_is_spliced(t, imported), "what is spliced");
	is_lit(author_name(t, accent, SLICE("x")), "J\xc3\xbcrgen", "decoded name");
	is_lit(author_name(t, imported, SLICE("x")), "Old Name", "name of the record");
	is_lit(author_name(t, 0, SLICE("x")), "Anonymous", "nobody's name");
	is_lit(author_envelope(t, imported, SLICE("((typed))")), "((typed))", "typed list");
	char want[200];
	snprintf(want, sizeof want, "((\"Dr. \\\"Q\\\" Back\\\\slash\" NIL \"author-%u\" \"forum.test\"))", quoted);
	is_slice(author_envelope(t, quoted, SLICE("((typed))")), slice_str(want), "spliced list");
	snprintf(want, sizeof want, "Old Name <author-%u@forum.test>", imported);
	is_slice(author_from(t, imported, SLICE("")), slice_str(want), "an imported author without a From has a line");

	forum_write_begin(forum, t, &child, &f);
	is_int(member_set(child, imported, SLICE("name"), SLICE("New Name"), &f), 1, "rename");
	is_from(child, imported, "New Name <author-%u@forum.test>");
	forum_abort(&child);
	is_from(t, imported, "Typed <typed@example.org>");
	forum_write_begin(forum, t, &child, &f);
	is_int(member_remove(child, plain, false, &f), 1, "anonymise");
	is_int(forum_commit(&child, &f), 1, "commit");
	is_from(t, plain, "Anonymous <anonymous@forum.test>");
	/* more authors than the memo's first table holds */
	char name[40], address[40];
	uint32_t ids[200];
	for (int i = 0; i < 200; i++) {
		snprintf(name, sizeof name, "Number %d", i);
		snprintf(address, sizeof address, "n%d@example.org", i);
		ids[i] = fixture_member(t, name, address);
	}
	int wrong = 0;
	for (int k = 0; k < 3; k++)
		for (int i = 0; i < 200; i++) {
			snprintf(want, sizeof want, "Number %d <author-%u@forum.test>", i, ids[i]);
			wrong += !slice_is(author_from(t, ids[i], SLICE("")), want);
		}
	is_int(wrong, 0, "two hundred authors");
	fixture_commit(&t);
	forum_close(&forum);
	return done();
}
