/* accounts, authors, claiming, addresses, roles, removal */
#include "forumd/forum/erase.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/marks.h"
#include "forumd/forum/subscribe.h"
#include "tests/unit/forum/fixture.h"

static size_t count_changes(struct forum_txn *t, enum change_kind kind, uint32_t member) {
	size_t n, found = 0;
	const struct change *c = forum_changes(t, &n);
	for (size_t i = 0; i < n; i++)
		found += c[i].kind == kind && c[i].member == member;
	return found;
}

static void test_names(void) {
	is_str(role_name(ROLE_READER), "reader", "name of a role");
	is_str(role_name(ROLE_ADMIN), "admin", "name of the last role");
	is_int(role_parse(SLICE("committee")), ROLE_COMMITTEE, "parse a role");
	is_int(role_parse(SLICE("none")), ROLE_NONE, "none is a role to give");
	is_int(role_parse(SLICE("king")), ERR_INVALID, "no such role");
}

static void test_accounts(struct forum_txn *t) {
	struct member m;
	struct fail f = { 0 };
	uint32_t id = 0, other = 0;
	is_int(member_add(t, SLICE(" Zoë Miller "), SLICE("Zoe@Example.ORG"), &id, &f), 1, "an account");
	is_int(count_changes(t, CHANGE_MEMBER, id), 1, "sessions hear of it");
	is_int(member_get(t, id, &m), 1, "read back");
	is_int(m.id, id, "id");
	is_int(m.kind, MEMBER_ACCOUNT, "kind");
	is_lit(m.name, "Zoë Miller", "name, trimmed");
	is_int(m.naddresses, 1, "one address");
	is_lit(m.addresses[0], "zoe@example.org", "in lower case");
	is_int(m.created, forum_time(t), "created now");
	ok(m.mark_on_read && !m.left && !m.renamed && m.bounces == 0 && m.nroles == 0, "the defaults");
	is_int(m.password.n + m.scram.n, 0, "cannot log in yet");
	is_int(member_by_address(t, SLICE("ZOE@example.org"), &m), 1, "found by address in any case");
	is_int(m.id, id, "the same");
	is_int(member_by_address(t, SLICE("zoe@example.com"), &m), 0, "another address is nobody");
	is_int(member_by_address(t, SLICE(""), &m), 0, "no address is nobody");
	is_int(member_get(t, 0, &m), 0, "0 is nobody");
	is_int(member_get(t, 999999, &m), 0, "an id not given is nobody");
	is_int(member_add(t, SLICE("Other"), SLICE("zoe@EXAMPLE.org"), &other, &f), ERR_EXISTS, "the address is taken");
	is_str(f.text, "this address belongs to an account already", "and says so");
	is_int(member_add(t, SLICE("Other"), SLICE("nobody"), &other, &f), ERR_INVALID, "no address");
	is_int(member_add(t, SLICE("Other"), SLICE("a b\r\n@x.org"), &other, &f), ERR_INVALID, "line ends in an address");
	is_int(member_add(t, SLICE("Two\nlines"), SLICE("two@example.org"), &other, &f), ERR_INVALID,
		"line ends in a name");
	is_int(member_add(t, SLICE("bad \xff text"), SLICE("two@example.org"), &other, &f), ERR_INVALID,
		"name is no UTF-8");
	is_int(member_add(t, SLICE(" "), SLICE("two@example.org"), &other, &f), ERR_INVALID, "no name");
	is_int(member_by_address(t, SLICE("two@example.org"), &m), 0, "refused means absent");
	is_int(member_set_password(t, id, SLICE("$argon2id$x"), SLICE("4096:c2FsdA==:a:b"), &f), 1, "a password");
	is_int(member_get(t, id, &m), 1, "read back");
	is_lit(m.password, "$argon2id$x", "hash");
	is_lit(m.scram, "4096:c2FsdA==:a:b", "scram");
	is_int(member_set_password(t, 4711, SLICE("x"), SLICE(""), &f), ERR_NOTFOUND, "password of nobody");
}

static void test_settings(struct forum_txn *t) {
	struct member m;
	struct fail f = { 0 };
	uint32_t id = fixture_member(t, "Set", "set@example.org");
	is_int(member_set(t, id, SLICE("name"), SLICE("Renamed"), &f), 1, "rename");
	is_int(member_set(t, id, SLICE("mark-on-read"), SLICE("off"), &f), 1, "switch off");
	is_int(member_set(t, id, SLICE("left"), SLICE("on"), &f), 1, "leave");
	is_int(member_set(t, id, SLICE("bounces"), SLICE("7"), &f), 1, "bounces");
	is_int(member_get(t, id, &m), 1, "read back");
	is_lit(m.name, "Renamed", "the new name");
	ok(m.renamed && !m.mark_on_read && m.left && m.bounces == 7, "all four");
	is_int(member_set(t, id, SLICE("mark-on-read"), SLICE("perhaps"), &f), ERR_INVALID, "neither on nor off");
	is_int(member_set(t, id, SLICE("colour"), SLICE("red"), &f), ERR_INVALID, "no such setting");
	is_int(member_set(t, id, SLICE("name"), SLICE("a\r\nBcc: b"), &f), ERR_INVALID, "no line ends in names");
	is_int(member_set(t, id, SLICE("bounces"), SLICE("0"), &f), 1, "reset");
	for (int i = 0; i < MEMBER_BOUNCES_MAX; i++) {
		is_int(member_get(t, id, &m), 1, "bounce %d", i);
		m.left = false;
		ok(member_takes_mail(&m), "takes mail after %d bounces", i);
		member_note_bounce(t, id);
	}
	is_int(member_get(t, id, &m), 1, "read back");
	m.left = false;
	is_int(m.bounces, 5, "five bounces");
	ok(!member_takes_mail(&m), "pause the mail");
	is_int(member_note_login(t, id), 1, "login");
	is_int(member_get(t, id, &m), 1, "read back");
	is_int(m.last_login, forum_time(t), "is noted");
}

static void test_addresses(struct forum_txn *t) {
	struct member m;
	struct fail f = { 0 };
	uint32_t id = fixture_member(t, "Addr", "one@example.org"), author = 0;
	is_int(member_add_address(t, id, SLICE("Two@Example.org"), &f), 1, "a second address");
	is_int(member_add_address(t, id, SLICE("two@example.org"), &f), ERR_EXISTS, "once");
	is_int(member_by_address(t, SLICE("two@example.org"), &m), 1, "found by it");
	is_int(m.id, id, "the same member");
	is_lit(m.addresses[0], "one@example.org", "the first stays primary");
	is_int(member_set(t, id, SLICE("primary"), SLICE("two@example.org"), &f), 1, "make the second primary");
	member_get(t, id, &m);
	is_lit(m.addresses[0], "two@example.org", "primary");
	is_lit(m.addresses[1], "one@example.org", "then the other");
	is_int(member_set(t, id, SLICE("primary"), SLICE("three@example.org"), &f), ERR_INVALID, "only own ones");
	is_int(member_del_address(t, id, SLICE("two@example.org"), &f), 1, "take one away");
	is_int(member_by_address(t, SLICE("two@example.org"), &m), 0, "found no more");
	is_int(member_del_address(t, id, SLICE("two@example.org"), &f), ERR_NOTFOUND, "twice");
	is_int(member_del_address(t, id, SLICE("one@example.org"), &f), ERR_INVALID, "the last one stays");
	is_int(member_author(t, SLICE("Auth"), SLICE("auth@example.org"), &author), 1, "an author with an address");
	is_int(member_add_address(t, id, SLICE("auth@example.org"), &f), 1, "moves to the account");
	member_by_address(t, SLICE("auth@example.org"), &m);
	is_int(m.id, id, "found there");
	member_get(t, author, &m);
	is_int(m.naddresses, 0, "and the author record has none");
}

static void test_authors(struct forum_txn *t) {
	struct member m;
	struct fail f = { 0 };
	uint32_t a = 0, b = 0, claimed = 0, anonymous;
	char name[401];
	is_int(member_author(t, SLICE("Perry"), SLICE("perry@example.org"), &a), 1, "author with address");
	is_int(member_author(t, SLICE("Somebody Else"), SLICE("PERRY@example.org"), &b), 1, "again by address");
	is_int(b, a, "is the same");
	member_get(t, a, &m);
	is_int(m.kind, MEMBER_AUTHOR, "no account");
	is_lit(m.name, "Perry", "the first name stays");
	is_int(member_set_role(t, a, ROLE_ADMIN, 0, &f), ERR_INVALID, "and no roles");
	is_int(member_add(t, SLICE("Perry Miller"), SLICE("perry@example.org"), &claimed, &f), 1, "claimed");
	is_int(claimed, a, "old posts are its own");
	member_get(t, a, &m);
	is_int(m.kind, MEMBER_ACCOUNT, "an account now");
	is_lit(m.name, "Perry Miller", "under the new name");
	is_int(member_author(t, SLICE("Perry"), SLICE("perry@example.org"), &b), 1, "posts to come");
	is_int(b, a, "are the account's");

	is_int(member_author(t, SLICE("M. Álbert"), SLICE(""), &a), 1, "author by name");
	is_int(member_author(t, SLICE("m. álbert"), SLICE(""), &b), 1, "again in other case");
	is_int(b, a, "is the same");
	is_int(member_set(t, a, SLICE("name"), SLICE("Maria"), &f), 1, "renamed");
	is_int(member_author(t, SLICE("M. Álbert"), SLICE(""), &b), 1, "more imports under the old name");
	is_int(b, a, "find the renamed record");
	memset(name, 'x', sizeof name);
	is_int(member_author(t, slice_of(name, 400), SLICE(""), &a), 1, "a very long name");
	is_int(member_author(t, slice_of(name, 400), SLICE(""), &b), 1, "again");
	is_int(b, a, "is the same");
	is_int(member_author(t, slice_of(name, 401), SLICE(""), &b), 1, "one octet more");
	ok(b != a, "is another");
	member_get(t, a, &m);
	is_int(m.name.n, 200, "kept to 200 octets");

	anonymous = member_anonymous(t);
	ok(anonymous > 0, "there is an anonymous author");
	is_int(member_anonymous(t), anonymous, "exactly one");
	is_int(member_author(t, SLICE(" "), SLICE(""), &a), 1, "neither name nor address");
	is_int(a, anonymous, "is that one");
	is_int(member_remove(t, anonymous, false, &f), ERR_INVALID, "it stays");
}

static void test_roles(struct forum_txn *t) {
	struct member m;
	struct fail f = { 0 };
	uint32_t id = fixture_member(t, "Roles", "roles@example.org");
	is_int(member_set_role(t, id, ROLE_MODERATOR, 5, &f), 1, "moderator there");
	is_int(member_set_role(t, id, ROLE_COMMITTEE, 5, &f), 1, "and committee");
	is_int(member_set_role(t, id, ROLE_SUPPORTER, 0, &f), 1, "supporter everywhere");
	is_int(member_set_role(t, id, ROLE_SUPPORTER, 0, &f), 1, "twice is once");
	member_get(t, id, &m);
	is_int(m.nroles, 3, "three roles");
	ok(member_has_role(&m, ROLE_MODERATOR, 5) && member_has_role(&m, ROLE_COMMITTEE, 5), "both there");
	ok(!member_has_role(&m, ROLE_MODERATOR, 6), "not elsewhere");
	ok(member_has_role(&m, ROLE_SUPPORTER, 6), "everywhere is there too");
	ok(!member_has_role(&m, ROLE_MODERATOR, 0), "a role in a group is not one everywhere");
	is_int(member_set_role(t, id, ROLE_READER, 5, &f), 1, "reader there");
	member_get(t, id, &m);
	is_int(m.nroles, 2, "takes the others there");
	is_int(member_set_role(t, id, ROLE_MEMBER, 5, &f), 1, "member there");
	member_get(t, id, &m);
	ok(m.nroles == 2 && !member_has_role(&m, ROLE_READER, 5), "lifts it");
	is_int(member_set_role(t, id, ROLE_NONE, 5, &f), 1, "none there");
	member_get(t, id, &m);
	is_int(m.nroles, 1, "leaves what is everywhere");
}

static void test_each(struct forum_txn *t) {
	struct member m;
	uint32_t cursor = 0, last = 0, n = 0;
	bool up = true;
	while (member_each(t, &cursor, &m) > 0) {
		up = up && m.id > last && m.id == cursor;
		last = m.id;
		n++;
	}
	ok(up, "in order of id");
	ok(n >= 9, "all of them");
}

static size_t count_family(struct forum_txn *t, char family, uint32_t first) {
	struct key k = key_1u32(family, first);
	struct kv_cursor *c;
	struct slice key, v;
	size_t n = 0;
	kv_cursor_open(t->kv, &c);
	for (int r = kv_seek(c, key_slice(&k), &key, &v); r > 0 && key_has_prefix(key, &k, 5); r = kv_next(c, &key, &v))
		n++;
	kv_cursor_close(&c);
	return n;
}

static void test_remove(struct forum *forum) {
	struct forum_txn *t = fixture_write(forum);
	struct member m;
	struct post p;
	struct fail f = { 0 };
	struct range_set s = { 0 };
	struct buf b = { 0 }, was = { 0 };
	struct slice head;
	uint32_t group = fixture_group(t, "remove"), a = fixture_member(t, "Anna", "anna@example.org"),
		e = fixture_member(t, "Ed", "ed@example.org"), named = 0, again = 0;
	uint64_t pa = fixture_post_by(t, a, group, "<a@x>", NULL), pe = fixture_post_by(t, e, group, "<e@x>", "<a@x>");
	uint32_t damaged = 7;
	struct key lost = key_1u64(KEY_POST, fixture_post_by(t, e, group, "<lost@x>", "<a@x>"));
	is_int(subscribe_set(t, a, group, SUBSCRIBE_ALL, &f), 1, "subscribed");
	range_set_add(&s, 1, 2);
	is_int(marks_set(t, a, group, MARK_SEEN, &s, true), 1, "marked");
	is_int(member_set_role(t, a, ROLE_ADMIN, 0, &f), 1, "and admin");
	is_int(count_family(t, 'S', a) + count_family(t, 's', group) + count_family(t, 'F', a), 3, "three records");
	is_int(member_remove(t, a, false, &f), 1, "anonymise");
	ok(count_changes(t, CHANGE_MEMBER, a) > 0, "sessions hear of it");
	is_int(count_family(t, 'S', a) + count_family(t, 's', group) + count_family(t, 'F', a), 0, "all gone");
	is_int(member_get(t, a, &m), 1, "the record stays");
	is_int(m.kind, MEMBER_GONE, "as gone");
	is_int(m.name.n + m.naddresses + m.nroles + m.password.n, 0, "with nothing in it");
	is_int(member_by_address(t, SLICE("anna@example.org"), &m), 0, "not found by address");
	is_int(member_remove(t, a, false, &f), ERR_GONE, "once");
	is_int(member_set(t, a, SLICE("name"), SLICE("Back"), &f), ERR_GONE, "and never changes again");
	is_int(post_get(t, pa, &p), 1, "the post stays");
	is_int(p.author, a, "with its author record");
	post_body(t, &p, 0, 100, &b);
	is_buf(&b, "text of <a@x>\r\n", "and its text");
	is_int(member_add(t, SLICE("Anna"), SLICE("anna@example.org"), &again, &f), 1, "the address is free");
	ok(again != a, "for somebody new");

	is_int(erase_waits(t), 0, "nobody is being erased");
	is_int(member_remove(t, e, true, &f), 1, "erase");
	kv_get(t->kv, key_slice(&lost), &head);
	buf_add_slice(&was, head);
	kv_put(t->kv, key_slice(&lost), SLICE("noise"));
	is_int(erase_waits(t), 1, "that there is more to do is in the store");
	is_int(erase_more(t, e, &damaged, &f), 0, "a few posts are one piece");
	is_int(damaged, 1, "which says how many it could not erase");
	is_int(erase_waits(t), 0, "and then it is done");
	kv_put(t->kv, key_slice(&lost), buf_slice(&was));
	buf_free(&was);
	is_int(post_get(t, pe, &p), 1, "a tombstone stays");
	is_int(p.state, POST_DELETED, "deleted");
	buf_reset(&b);
	post_body(t, &p, 0, 100, &b);
	is_int(buf_len(&b), 0, "without text");
	is_int(post_get(t, pa, &p), 1, "others' posts");
	is_int(p.state, POST_VISIBLE, "stay");

	is_int(member_author(t, SLICE("Old Name"), SLICE(""), &named), 1, "author by name");
	is_int(member_set(t, named, SLICE("name"), SLICE("New Name"), &f), 1, "renamed");
	is_int(member_remove(t, named, false, &f), 1, "anonymised");
	is_int(member_author(t, SLICE("Old Name"), SLICE(""), &again), 1, "the old name");
	ok(again != named, "leads there no more");
	fixture_commit(&t);
	range_set_free(&s);
	buf_free(&b);
}

int main(void) {
	struct forum *forum = fixture_open("member");
	struct forum_txn *t = fixture_write(forum);
	struct member m;
	test_names();
	test_accounts(t);
	test_settings(t);
	test_addresses(t);
	test_authors(t);
	test_roles(t);
	test_each(t);
	fixture_commit(&t);
	t = fixture_read(forum);
	is_int(member_by_address(t, SLICE("zoe@example.org"), &m), 1, "in a read transaction too");
	is_lit(m.name, "Zoë Miller", "the name");
	test_each(t);
	forum_read_end(&t);
	test_remove(forum);
	forum_close(&forum);
	return done();
}
