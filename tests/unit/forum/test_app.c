/* app passwords: one for each program, doors, last use, taking back */
#include <stdio.h>
#include "forumd/forum/app.h"
#include "forumd/forum/member.h"
#include "tests/unit/forum/fixture.h"

#define ONE "abcdefghijklmnopqrstuvwxyz"
#define TWO "22222222222222222222222222"

int main(void) {
	struct forum *forum = fixture_open("app");
	struct forum_txn *t = fixture_write(forum);
	struct fail f = { 0 };
	struct app a;
	struct slice cursor = SLICE(""), address, name;
	struct buf b = { 0 };
	uint32_t alice, bob;
	is_int(app_doors_parse(SLICE("news, IMAP")), APP_NEWS | APP_IMAP, "doors");
	is_int(app_doors_parse(SLICE("news,web")), 0, "no such door");
	is_int(app_doors_parse(SLICE("")), 0, "no door");
	app_doors_text(APP_EVERYWHERE, &b);
	is_buf(&b, "news, imap, mail", "and back");
	app_split_login(SLICE("a@example.org/phone"), &address, &name);
	is_lit(address, "a@example.org", "address of a login");
	is_lit(name, "phone", "its program");
	app_split_login(SLICE("odd/part@example.org"), &address, &name);
	is_lit(address, "odd/part@example.org", "a slash in front of the @ is the address's own");
	is_int(name.n, 0, "no program");
	is_int(member_add(t, SLICE("Alice"), SLICE("alice@example.org"), &alice, &f), 1, "alice");
	is_int(member_add(t, SLICE("Bob"), SLICE("bob@example.org"), &bob, &f), 1, "bob");
	is_int(app_add(t, alice, SLICE("Phone"), APP_IMAP | APP_MAIL, SLICE(ONE), SLICE("r"), &f), 1, "one");
	is_int(app_add(t, alice, SLICE("slrn"), APP_NEWS, SLICE(TWO), SLICE(""), &f), 1, "two");
	is_int(app_add(t, alice, SLICE("phone"), APP_NEWS, SLICE(TWO), SLICE(""), &f), ERR_EXISTS, "a name once");
	is_int(app_add(t, alice, SLICE("my phone"), APP_NEWS, SLICE(TWO), SLICE(""), &f), ERR_INVALID, "one word");
	is_int(app_add(t, alice, SLICE("x"), 0, SLICE(TWO), SLICE(""), &f), ERR_INVALID, "no door");
	is_int(app_add(t, alice, SLICE("x"), 7, SLICE("short"), SLICE(""), &f), ERR_INVALID, "not one of ours");
	is_int(app_add(t, 99, SLICE("x"), 7, SLICE(TWO), SLICE(""), &f), ERR_NOTFOUND, "nobody");
	fixture_commit(&t);
	t = fixture_read(forum);
	is_int(app_check(t, alice, SLICE(""), SLICE(ONE), APP_IMAP, &a), 1, "right");
	is_lit(a.name, "phone", "says which");
	is_lit(a.scram, "r", "and its record");
	is_int(app_check(t, alice, SLICE("PHONE"), SLICE("ABCDE-fghij klmno-pqrst-uvwxyz"), APP_MAIL, &a), 1,
		"as people type it");
	is_int(app_check(t, alice, SLICE("slrn"), SLICE(ONE), APP_IMAP, &a), 0, "another program's");
	is_int(app_check(t, alice, SLICE(""), SLICE(ONE), APP_NEWS, &a), 0, "not at this door");
	is_int(app_check(t, bob, SLICE(""), SLICE(ONE), APP_IMAP, &a), 0, "nor for another member");
	is_int(app_check(t, alice, SLICE(""), SLICE("abcdefghijklmnopqrstuvwxyy"), APP_IMAP, &a), 0, "wrong");
	is_int(app_check(t, alice, SLICE(""), SLICE(ONE "a"), APP_IMAP, &a), 0, "too long");
	is_int(app_check(t, alice, SLICE(""), SLICE(""), APP_IMAP, &a), 0, "empty");
	is_int(app_each(t, alice, &cursor, &a), 1, "list");
	is_int(a.used, 0, "never used");
	is_int(app_each(t, alice, &cursor, &a), 1, "next");
	is_lit(a.name, "slrn", "by name");
	is_int(app_each(t, alice, &cursor, &a), 0, "no more");
	forum_read_end(&t);
	t = fixture_write(forum);
	is_int(app_note_use(t, alice, SLICE("phone")), 1, "used");
	is_int(app_note_use(t, alice, SLICE("phone")), 0, "again in this hour: known");
	is_int(app_get(t, alice, SLICE("phone"), &a), 1, "get");
	ok(a.used > 0 && a.doors == (APP_IMAP | APP_MAIL) && slice_is(a.scram, "r"), "the rest stays");
	is_int(app_check(t, alice, SLICE(""), SLICE(ONE), APP_IMAP, &a), 1, "so does the password");
	for (int i = 0; i < APP_MAX - 2; i++) {
		char n[16];
		snprintf(n, sizeof n, "n%d", i);
		if (app_add(t, alice, slice_str(n), 7, SLICE(TWO), SLICE(""), &f) != 1)
			ok(false, "%s", n);
	}
	is_int(app_add(t, alice, SLICE("more"), 7, SLICE(TWO), SLICE(""), &f), ERR_LIMIT, "enough");
	is_int(app_remove(t, alice, SLICE("phone"), &f), 1, "take back");
	is_int(app_remove(t, alice, SLICE("phone"), &f), ERR_NOTFOUND, "once");
	is_int(app_check(t, alice, SLICE(""), SLICE(ONE), APP_IMAP, &a), 0, "no more");
	is_int(app_add(t, bob, SLICE("phone"), 7, SLICE(ONE), SLICE(""), &f), 1, "bob's");
	is_int(member_remove(t, alice, false, &f), 1, "alice is removed");
	cursor = SLICE("");
	is_int(app_each(t, alice, &cursor, &a), 0, "and her passwords with her");
	is_int(app_check(t, bob, SLICE(""), SLICE(ONE), APP_NEWS, &a), 1, "bob's stays");
	forum_abort(&t);
	forum_close(&forum);
	buf_free(&b);
	return done();
}
