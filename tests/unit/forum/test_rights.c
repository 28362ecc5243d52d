/* every combination of role, place of the role, access, posting and kind against a table written by hand */
#include <stdio.h>
#include "forumd/forum/forum_private.h"
#include "forumd/forum/post_private.h"
#include "forumd/forum/rights.h"
#include "tests/unit/forum/fixture.h"

enum where { NOWHERE, HERE, EVERYWHERE, ELSEWHERE };
/* 'y' yes, 'L' ERR_LOGIN, 'D' ERR_DENIED, 'n' no */
struct row {
	const char *name;
	enum role role; enum where where;
	const char *read;       /* public members private */
	const char *post;       /* posting = members moderators nobody, in a group he may read */
	const char *start;      /* forum blog announce project committee, posting = members */
	char moderate;          /* in a group he may read */
	char admin;
};
static const struct row rows[] = {
	{ "no role", ROLE_NONE, NOWHERE, "yyn", "yDD", "yDDyy", 'n', 'n' },
	{ "reader here", ROLE_READER, HERE, "yyy", "DDD", "DDDDD", 'n', 'n' },
	{ "member here", ROLE_MEMBER, HERE, "yyy", "yDD", "yDDyy", 'n', 'n' },
	{ "supporter here", ROLE_SUPPORTER, HERE, "yyy", "yDD", "yDDyy", 'n', 'n' },
	{ "moderator here", ROLE_MODERATOR, HERE, "yyy", "yyD", "yyyyy", 'y', 'n' },
	{ "committee here", ROLE_COMMITTEE, HERE, "yyy", "yDD", "yyyyy", 'n', 'n' },
	{ "admin here", ROLE_ADMIN, HERE, "yyy", "yyD", "yyyyy", 'y', 'n' },
	{ "reader everywhere", ROLE_READER, EVERYWHERE, "yyn", "DDD", "DDDDD", 'n', 'n' },
	{ "member everywhere", ROLE_MEMBER, EVERYWHERE, "yyn", "yDD", "yDDyy", 'n', 'n' },
	{ "supporter everywhere", ROLE_SUPPORTER, EVERYWHERE, "yyn", "yDD", "yDDyy", 'n', 'n' },
	{ "moderator everywhere", ROLE_MODERATOR, EVERYWHERE, "yyn", "yyD", "yyyyy", 'y', 'n' },
	{ "committee everywhere", ROLE_COMMITTEE, EVERYWHERE, "yyn", "yDD", "yyyyy", 'n', 'n' },
	{ "admin everywhere", ROLE_ADMIN, EVERYWHERE, "yyy", "yyD", "yyyyy", 'y', 'y' },
	{ "reader elsewhere", ROLE_READER, ELSEWHERE, "yyn", "yDD", "yDDyy", 'n', 'n' },
	{ "member elsewhere", ROLE_MEMBER, ELSEWHERE, "yyn", "yDD", "yDDyy", 'n', 'n' },
	{ "supporter elsewhere", ROLE_SUPPORTER, ELSEWHERE, "yyn", "yDD", "yDDyy", 'n', 'n' },
	{ "moderator elsewhere", ROLE_MODERATOR, ELSEWHERE, "yyn", "yDD", "yDDyy", 'n', 'n' },
	{ "committee elsewhere", ROLE_COMMITTEE, ELSEWHERE, "yyn", "yDD", "yDDyy", 'n', 'n' },
	{ "admin elsewhere", ROLE_ADMIN, ELSEWHERE, "yyn", "yDD", "yDDyy", 'n', 'n' },
};

static int code(char c) {
	return c == 'y' ? 1 : c == 'L' ? ERR_LOGIN : c == 'D' ? ERR_DENIED : ERR_NOTFOUND;
}

/* quiet unless wrong: there are thousands */
static int wrong;
static void expect(int got, int want, const char *who, const char *what, const struct group *g) {
	if (got == want)
		return;
	wrong++;
	diag("%s %s: got %d, want %d (kind %s, access %s, posting %s)", who, what, got, want, group_kind_name(g->kind),
		group_access_name(g->access), group_posting_name(g->posting));
}

static void check(struct forum_txn *t, uint32_t member, const struct row *w, const struct group *g) {
	struct fail f = { 0 };
	bool read = w->read[g->access] == 'y';
	expect(rights_can_read(t, member, g), read, w->name, "read", g);
	expect(rights_can_moderate(t, member, g), read && w->moderate == 'y', w->name, "moderate", g);
	int post = read ? code(w->post[g->posting]) : ERR_NOTFOUND;
	expect(rights_can_post(t, member, g, &f), post, w->name, "post", g);
	expect(rights_can_start(t, member, g, &f), post < 0 ? post : code(w->start[g->kind]), w->name, "start", g);
	expect(rights_is_admin(t, member), w->admin == 'y', w->name, "admin", g);
}

static void test_table(struct forum_txn *t, struct group *g, uint32_t elsewhere) {
	uint32_t ids[sizeof rows / sizeof *rows];
	struct fail f = { 0 };
	int n = 0;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		char address[40];
		snprintf(address, sizeof address, "m%zu@example.org", i);
		ids[i] = fixture_member(t, rows[i].name, address);
		uint32_t where = rows[i].where == HERE ? g->id : rows[i].where == ELSEWHERE ? elsewhere : 0;
		if (rows[i].where != NOWHERE && member_set_role(t, ids[i], rows[i].role, where, &f) < 0)
			bail("role: %s", f.text);
	}
	for (int kind = GROUP_FORUM; kind <= GROUP_COMMITTEE; kind++)
		for (int access = GROUP_PUBLIC; access <= GROUP_PRIVATE; access++)
			for (int posting = GROUP_POST_MEMBERS; posting <= GROUP_POST_NOBODY; posting++) {
				g->kind = (enum group_kind)kind, g->access = (enum group_access)access;
				g->posting = (enum group_posting)posting;
				for (size_t i = 0; i < sizeof rows / sizeof *rows; i++, n++)
					check(t, ids[i], &rows[i], g);
				expect(rights_can_read(t, 0, g), access == GROUP_PUBLIC, "anonymous", "read", g);
				expect(rights_can_post(t, 0, g, &f), ERR_LOGIN, "anonymous", "post", g);
				expect(rights_can_start(t, 0, g, &f), ERR_LOGIN, "anonymous", "start", g);
				expect(rights_can_moderate(t, 0, g), 0, "anonymous", "moderate", g);
				expect(rights_can_read(t, RIGHTS_OPERATOR, g), 1, "operator", "read", g);
				expect(rights_can_post(t, RIGHTS_OPERATOR, g, &f), 1, "operator", "post", g);
				expect(rights_can_start(t, RIGHTS_OPERATOR, g, &f), 1, "operator", "start", g);
				expect(rights_can_moderate(t, RIGHTS_OPERATOR, g), 1, "operator", "moderate", g);
			}
	is_int(n, 19 * 5 * 3 * 3, "combinations");
	is_int(wrong, 0, "are all as the table says");
	g->removed = true, g->access = GROUP_PUBLIC, g->posting = GROUP_POST_MEMBERS;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		expect(rights_can_read(t, ids[i], g), 0, rows[i].name, "read removed", g);
		expect(rights_can_moderate(t, ids[i], g), 0, rows[i].name, "moderate removed", g);
		expect(rights_can_post(t, ids[i], g, &f), ERR_NOTFOUND, rows[i].name, "post removed", g);
	}
	expect(rights_can_read(t, 0, g), 0, "anonymous", "read removed", g);
	is_int(wrong, 0, "a removed group is nobody's");
	g->removed = false;
}

static void test_left(struct forum_txn *t, struct group *g) {
	struct fail f = { 0 };
	uint32_t id = fixture_member(t, "Left", "left@example.org"), author = 0;
	is_int(member_set_role(t, id, ROLE_ADMIN, 0, &f), 1, "an admin");
	is_int(member_set(t, id, SLICE("left"), SLICE("on"), &f), 1, "leaves");
	g->access = GROUP_MEMBERS;
	ok(!rights_can_read(t, id, g) && !rights_can_moderate(t, id, g) && !rights_is_admin(t, id), "without rights");
	is_int(rights_can_post(t, id, g, &f), ERR_NOTFOUND, "not even to know the group");
	g->access = GROUP_PUBLIC;
	is_int(rights_can_post(t, id, g, &f), ERR_DENIED, "nor to post in public");
	ok(rights_can_read(t, id, g), "he reads as anybody");
	is_int(member_set(t, id, SLICE("left"), SLICE("off"), &f), 1, "comes back");
	ok(rights_is_admin(t, id), "with his role");
	is_int(member_author(t, SLICE("Import"), SLICE("import@example.org"), &author), 1, "an author");
	is_int(rights_can_post(t, author, g, &f), ERR_DENIED, "is no account");
	is_int(rights_can_post(t, 987654, g, &f), ERR_DENIED, "nor is an unknown id");
	g->access = GROUP_MEMBERS;
	ok(!rights_can_read(t, author, g), "nor reads what is for members");
	g->access = GROUP_PUBLIC;
}

static void test_replies(struct forum_txn *t, uint32_t group) {
	struct fail f = { 0 };
	struct group g;
	struct post p;
	uint32_t m = fixture_member(t, "Plain", "plain@example.org"), mod = fixture_member(t, "Mod", "mod@example.org");
	group_get(t, group, &g);
	is_int(member_set_role(t, mod, ROLE_MODERATOR, group, &f), 1, "a moderator");
	uint64_t root = fixture_post_by(t, m, group, "<root@x>", NULL), mid = fixture_post_by(t, m, group, "<mid@x>",
		"<root@x>"),
		leaf = fixture_post_by(t, m, group, "<leaf@x>", "<mid@x>");
	post_get(t, leaf, &p);
	is_int(p.parent, mid, "a thread of three");
	is_int(rights_can_reply(t, m, &g, &p, &f), 1, "open");
	is_int(post_set_flags(t, mid, POST_LOCKED, 0, &f), 1, "lock the middle");
	post_get(t, leaf, &p);
	is_int(rights_can_reply(t, m, &g, &p, &f), ERR_DENIED, "no replies below");
	is_str(f.text, "this thread is locked: no more replies", "and says why");
	is_int(rights_can_reply(t, mod, &g, &p, &f), 1, "moderators may");
	is_int(rights_can_reply(t, 0, &g, &p, &f), ERR_LOGIN, "anonymous: log in");
	post_get(t, mid, &p);
	is_int(rights_can_reply(t, m, &g, &p, &f), ERR_DENIED, "nor to the locked one");
	post_get(t, root, &p);
	is_int(rights_can_reply(t, m, &g, &p, &f), 1, "above it is open");
	uint64_t orphan = fixture_post_by(t, m, group, "<orphan@x>", "<late@x>");
	post_get(t, orphan, &p);
	is_int(rights_can_reply(t, m, &g, &p, &f), 1, "a post whose parent is not there is open");
	fixture_post_by(t, m, group, "<late@x>", "<mid@x>");
	post_get(t, orphan, &p);
	is_int(rights_can_reply(t, m, &g, &p, &f), ERR_DENIED, "until its parent comes, below the lock");
	is_int(post_set_flags(t, mid, 0, POST_LOCKED, &f), 1, "the lock is taken away");
	is_int(rights_can_reply(t, m, &g, &p, &f), 1, "open");
	is_int(post_set_flags(t, root, POST_LOCKED, 0, &f), 1, "and one is set at the root");
	is_int(rights_can_reply(t, m, &g, &p, &f), ERR_DENIED, "locked again");
	is_int(post_set_flags(t, root, 0, POST_LOCKED, &f), 1, "for what follows");
	post_get(t, root, &p);

	is_int(rights_can_see(t, 0, &p), 1, "everybody sees");
	is_int(post_set_state(t, leaf, POST_HIDDEN, &f), 1, "hide one");
	post_get(t, leaf, &p);
	ok(!rights_can_see(t, 0, &p) && !rights_can_see(t, m, &p), "not its author, not others");
	ok(rights_can_see(t, mod, &p) && rights_can_see(t, RIGHTS_OPERATOR, &p), "moderators and the operator");
}

/* What was found open is remembered (rights.c): not beyond what made it so. */
static void test_open_again(struct forum_txn *t) {
	struct fail f = { 0 };
	struct forum_txn *child;
	struct group g;
	struct post p;
	uint32_t group = fixture_group(t, "open"), m = fixture_member(t, "Open", "open@example.org");
	group_get(t, group, &g);
	uint64_t root = fixture_post_by(t, m, group, "<o.root@x>", NULL);
	is_int(post_set_flags(t, root, POST_LOCKED, 0, &f), 1, "a thread is locked");

	is_int(forum_write_begin(forum_of(t), t, &child, &f), 1, "a job begins");
	uint64_t gone = fixture_post_by(child, m, group, "<o.gone@x>", NULL);
	post_get(child, gone, &p);
	is_int(rights_can_reply(child, m, &g, &p, &f), 1, "it adds a post, which is open");
	forum_abort(&child);
	uint64_t below = fixture_post_by(t, m, group, "<o.below@x>", "<o.root@x>");
	is_int((int64_t)below, (int64_t)gone, "the job is refused, and the post's number goes to another one, below the lock");
	post_get(t, below, &p);
	is_int(rights_can_reply(t, m, &g, &p, &f), ERR_DENIED, "which is not open");

	is_int(forum_write_begin(forum_of(t), t, &child, &f), 1, "a job begins");
	is_int(post_set_flags(child, root, 0, POST_LOCKED, &f), 1, "it takes the lock away");
	is_int(rights_can_reply(child, m, &g, &p, &f), 1, "then the post is open");
	forum_abort(&child);
	is_int(rights_can_reply(t, m, &g, &p, &f), ERR_DENIED, "the job is refused: it is not");

	is_int(post_set_flags(t, root, 0, POST_LOCKED, &f), 1, "the lock is taken away");
	is_int(rights_can_reply(t, m, &g, &p, &f), 1, "the post is open");
	struct key k = key_1u64(KEY_POST, root);
	struct slice v;
	kv_get(t->kv, key_slice(&k), &v);
	char *was = arena_cstr(t->arena, v);
	num_put32(was + POST_FLAGS, num_get32(was + POST_FLAGS) | POST_LOCKED);
	kv_put(t->kv, key_slice(&k), slice_of(was, v.n));
	atomic_fetch_sub(&forum_of(t)->texts_life, 1);
	is_int(forum_write_begin(forum_of(t), t, &child, &f), 1, "the store was opened anew, and that commit is lost");
	is_int(rights_can_reply(child, m, &g, &p, &f), ERR_DENIED, "it is not open");
	forum_abort(&child);
}

/* the author's new version is as locked as the old one was */
static void test_superseded(struct forum_txn *t) {
	struct fail f = { 0 };
	struct group g;
	struct post p;
	uint32_t group = fixture_group(t, "edited"), m = fixture_member(t, "Edith", "edith@example.org");
	group_get(t, group, &g);
	uint64_t root = fixture_post_by(t, m, group, "<e.root@x>", NULL), kid = fixture_post_by(t, m, group, "<e.kid@x>",
		"<e.root@x>");
	is_int(post_set_flags(t, root, POST_LOCKED, 0, &f), 1, "a thread is locked");
	struct post_draft *d = fixture_draft(t, group, "<e.new@x>", NULL, NULL);
	d->author = m;
	d->supersedes = root;
	uint64_t fresh = fixture_add(t, d);
	post_get(t, kid, &p);
	is_int((int64_t)p.parent, (int64_t)fresh, "its first post is superseded, the answers go along");
	is_int(rights_can_reply(t, m, &g, &p, &f), ERR_DENIED, "below the answer it is locked as before");
	post_get(t, fresh, &p);
	is_int(rights_can_reply(t, m, &g, &p, &f), ERR_DENIED, "and below the new version");
	ok(p.flags & POST_LOCKED, "which has the lock itself");
	uint64_t leaf = fixture_post_by(t, m, group, "<e.leaf@x>", "<e.kid@x>");
	d = fixture_draft(t, group, "<e.kid2@x>", NULL, NULL);
	d->author = m;
	d->supersedes = kid;
	fresh = fixture_add(t, d);
	post_get(t, leaf, &p);
	is_int((int64_t)p.parent, (int64_t)fresh, "an answer is superseded by the first post of a thread");
	is_int(rights_can_reply(t, m, &g, &p, &f), ERR_DENIED, "what hung below it is locked there, too");
	d = fixture_draft(t, group, "<e.leaf2@x>", "<e.kid2@x>", "<e.kid2@x>");
	d->author = m;
	d->supersedes = leaf;
	post_get(t, fixture_add(t, d), &p);
	ok(!(p.flags & POST_LOCKED), "below a lock no second one is needed");
}

static void test_aside(struct forum_txn *t) {
	struct fail f = { 0 };
	struct group g;
	uint32_t base = fixture_group(t, "club"), aside = fixture_group(t, "club.aside"), other = fixture_group(t,
		"other.aside");
	uint32_t m = fixture_member(t, "Club", "club@example.org");
	is_int(member_set_role(t, m, ROLE_MODERATOR, base, &f), 1, "moderates the club");
	group_set(t, aside, SLICE("access"), SLICE("private"), &f);
	group_set(t, other, SLICE("access"), SLICE("private"), &f);
	group_get(t, aside, &g);
	ok(rights_can_read(t, m, &g) && rights_can_moderate(t, m, &g), "its aside too");
	group_get(t, other, &g);
	ok(!rights_can_read(t, m, &g), "but no other");
}

int main(void) {
	struct forum *forum = fixture_open("rights");
	struct forum_txn *t = fixture_write(forum);
	struct group g;
	uint32_t here = fixture_group(t, "here"), elsewhere = fixture_group(t, "elsewhere");
	group_get(t, here, &g);
	test_table(t, &g, elsewhere);
	test_left(t, &g);
	test_replies(t, here);
	test_open_again(t);
	test_superseded(t);
	test_aside(t);
	forum_abort(&t);
	forum_close(&forum);
	return done();
}
