/* Check finds every kind of damage; rebuild repairs what is derived, and changes nothing in a sound store. */
#include <stdio.h>
#include "forumd/forum/forum_private.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/post_private.h"
#include "forumd/forum/rebuild.h"
#include "forumd/forum/rights.h"
#include "tests/unit/forum/fixture.h"

static struct forum *forum;
static struct fail f;
static struct buf faults;

static int note(void *arg, const char *text) {
	(void)arg;
	buf_addf(&faults, "%s\n", text);
	return 0;
}

static uint64_t check(struct forum_txn *t) {
	struct rebuild_result r = { 0 };
	uint64_t cursor = 0;
	int more;
	buf_reset(&faults);
	while ((more = rebuild_check(t, &cursor, 3, note, NULL, &r)) > 0)
		;
	is_int(more, 0, "check ends");
	return r.faults;
}

/* what gateways/common does with the real parser: here the fixture's shape is enough */
static int parse(void *arg, struct arena *a, struct slice header, struct slice body, struct post_draft *d) {
	(void)arg;
	ptrdiff_t at = slice_find(header, SLICE("Subject: "));
	if (at < 0 || !slice_starts(body, SLICE("text of ")))
		return ERR_SYNTAX;
	struct slice subject = slice_from(header, (size_t)at + 9);
	d->ov_subject = arena_slice(a, slice_to(subject, (size_t)slice_find(subject, SLICE("\r\n"))));
	d->ov_date = SLICE("Mon, 23 Nov 2026 14:00:00 +0000");
	ptrdiff_t refs = slice_find(header, SLICE("References: "));
	if (refs >= 0) {
		struct slice rest = slice_from(header, (size_t)refs + 12);
		d->ov_references = arena_slice(a, slice_to(rest, (size_t)slice_find(rest, SLICE("\r\n"))));
	}
	d->env_before = arena_slicef(a, "\"Mon, 23 Nov 2026 14:00:00 +0000\" \"%.*s\"", SLICE_ARG(d->ov_subject));
	d->env_from = SLICE("((\"Ann Author\" NIL \"ann\" \"example.org\"))");
	d->env_after = arena_slicef(a, "NIL NIL NIL NIL \"%.*s\"", SLICE_ARG(slice_sub(d->ov_subject, 6, 100)));
	d->structure = SLICE("(\"text\" \"plain\" NIL NIL NIL \"7bit\" 10 1)");
	d->part_table = SLICE("parts");
	return 1;
}

static struct rebuild_result rebuild(struct forum_txn *t) {
	struct rebuild_result r = { 0 };
	uint64_t cursor = 0;
	int more;
	while ((more = rebuild_step(t, &cursor, 4, parse, NULL, &r, &f)) > 0)
		;
	is_int(more, 0, "rebuild ends %s", more < 0 ? f.text : "");
	return r;
}

static void fill(struct forum_txn *t, uint32_t g) {
	char id[32], up[32];
	for (int i = 0; i < 20; i++) {
		snprintf(id, sizeof id, "<r.%d@x>", i);
		/* triples: a late parent, a root, a reply to it */
		snprintf(up, sizeof up, "<r.%d@x>", i % 3 ? i - 1 : i + 1);
		struct post_draft *d = fixture_draft(t, g, id, NULL, NULL);
		d->references = i % 3 == 1 ? SLICE("") : arena_slice(forum_arena(t), slice_str(up));
		d->ov_references = d->references;
		struct slice head = arena_slicef(forum_arena(t), "Subject: About %s\r\nReferences: %.*s\r\n", id,
			SLICE_ARG(d->references));
		fixture_body(t, d, head, 0, arena_slicef(forum_arena(t), "text of %s\r\n", id));
		fixture_add(t, d);
	}
}

/* the dump without G, X and O: late parents are told about again, so modseqs may grow; without J: the search index is
 * made anew and not the same octets */
static void dump_still(struct forum_txn *t, struct buf *out) {
	struct buf all = { 0 };
	struct slice rest, line;
	fixture_dump(t, &all);
	rest = buf_slice(&all);
	while (slice_line(&rest, &line))
		if (!slice_starts(line, SLICE("47")) && !slice_starts(line, SLICE("58")) && !slice_starts(line, SLICE("4f")) &&
				!slice_starts(line, SLICE("4a"))) {
			buf_add_slice(out, line);
			buf_addc(out, '\n');
		}
	buf_free(&all);
}

static void damage(const char *what, char family, size_t keylen, bool derived) {
	struct forum_txn *t = fixture_write(forum);
	struct buf before = { 0 }, after = { 0 };
	struct kv_cursor *c;
	struct slice key, v;
	char copy[64];
	dump_still(t, &before);
	kv_cursor_open(t->kv, &c);
	int r = kv_seek(c, slice_of(&family, 1), &key, &v);
	while (r > 0 && key.p[0] == family && key.n != keylen)
		r = kv_next(c, &key, &v);
	if (r <= 0 || key.p[0] != family || key.n != keylen)
		bail("no record of family %c", family);
	memcpy(copy, key.p, keylen);
	kv_cursor_close(&c);
	kv_del(t->kv, slice_of(copy, keylen));
	ok(check(t) > 0, "%s missing: found", what);
	if (derived) {
		rebuild(t);
		is_int(check(t), 0, "%s missing: repaired%s%s", what, buf_len(&faults) ? ": " : "",
			buf_len(&faults) ? faults.data : "");
		dump_still(t, &after);
		ok(slice_eq(buf_slice(&before), buf_slice(&after)), "%s: as it was", what);
	}
	buf_free(&before);
	buf_free(&after);
	forum_abort(&t);
}

/* a post that hung in the wrong place comes below a lock */
static void test_lock(void) {
	struct forum *alone = fixture_open("rebuild-lock");
	struct forum_txn *t = fixture_write(alone);
	struct group g;
	struct post p;
	uint32_t group = fixture_group(t, "talk"), m = fixture_member(t, "Lock", "lock@here.test");
	group_get(t, group, &g);
	post_set_flags(t, fixture_post(t, group, "<l.1@x>", NULL, NULL), POST_LOCKED, 0, &f);
	uint64_t id = fixture_post(t, group, "<l.2@x>", "<l.1@x>", "<l.1@x>");
	post_get(t, id, &p);
	is_int(rights_can_reply(t, m, &g, &p, &f), ERR_DENIED, "an answer is below a lock");
	struct key k = key_1u64(KEY_POST, id);
	struct slice v;
	kv_get(t->kv, key_slice(&k), &v);
	char *bad = arena_cstr(forum_arena(t), v);
	memset(bad + POST_PARENT, 0, 8);
	kv_put(t->kv, key_slice(&k), slice_of(bad, v.n));
	post_get(t, id, &p);
	is_int(rights_can_reply(t, m, &g, &p, &f), 1, "its head is damaged and says that it begins a thread");
	rebuild(t);
	post_get(t, id, &p);
	ok(p.parent, "repaired");
	is_int(rights_can_reply(t, m, &g, &p, &f), ERR_DENIED, "it is below the lock again");
	forum_abort(&t);
	forum_close(&alone);
}

/* what another version wrote is refused in words, never read */
static void test_old_store(void) {
	struct forum_options o = { .domain = "forum.test", .map_size = (uint64_t)1 << 30, .no_sync = true };
	static const uint32_t versions[] = { 1, 2, 4 };
	for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
		char name[16], v[4];
		snprintf(name, sizeof name, "schema-%u", versions[i]);
		struct forum *old = fixture_open(name);
		struct forum_txn *t = fixture_write(old);
		num_put32(v, versions[i]);
		forum_meta_put(t, "schema", slice_of(v, 4));
		fixture_commit(&t);
		forum_close(&old);
		is_int(forum_open(test_tmpfile(name), &o, &old, &f), ERR_CORRUPT, "version %u is refused", versions[i]);
		ok(strstr(f.text, "schema version") && strstr(f.text, "export"), "with what to do: %s", f.text);
	}
}

int main(void) {
	forum = fixture_open("rebuild");
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "talk"), h = fixture_group(t, "other");
	fill(t, g);
	struct post p;
	post_by_msgid(t, SLICE("<r.2@x>"), &p);
	post_set_state(t, p.id, POST_HIDDEN, &f);
	post_by_msgid(t, SLICE("<r.7@x>"), &p);
	post_erase(t, p.id, &f);
	post_by_msgid(t, SLICE("<r.10@x>"), &p);
	post_crosspost(t, p.id, h, &f);
	uint64_t moved = p.id;
	struct post_draft *d = fixture_draft(t, g, "<r.held@x>", NULL, NULL);
	d->hold = true;
	fixture_add(t, d);
	is_int(check(t), 0, "a sound store: %s", buf_len(&faults) ? faults.data : "");
	fixture_commit(&t);

	t = fixture_write(forum);
	struct buf before = { 0 }, after = { 0 };
	dump_still(t, &before);
	struct rebuild_result r = rebuild(t);
	is_int(r.posts, 21, "all posts");
	is_int(r.faults, 0, "no faults");
	is_int(check(t), 0, "sound afterwards: %s", buf_len(&faults) ? faults.data : "");
	dump_still(t, &after);
	ok(slice_eq(buf_slice(&after), buf_slice(&before)), "nothing changed");
	buf_free(&before);
	buf_free(&after);
	forum_abort(&t);

	damage("overview", 'O', 9, true);
	damage("envelope", 'E', 9, true);
	damage("thread entry", 'T', 17, true);
	damage("child entry", 'C', 17, true);
	damage("message id", 'I', 17, true);
	damage("holes", 'H', 9, true);
	damage("text", KEY_POST, 13, false);
	damage("head", KEY_POST, 9, false);

	t = fixture_write(forum);
	struct key k = key_1u64(KEY_POST, moved);
	key_u32(&k, 0);
	struct slice v;
	kv_get(t->kv, key_slice(&k), &v);
	char *bad = arena_cstr(forum_arena(t), v);
	bad[v.n / 2] ^= 0x40;
	kv_put(t->kv, key_slice(&k), slice_of(bad, v.n));
	is_int(check(t), 1, "one flipped bit of a text: found");
	forum_abort(&t);
	buf_free(&faults);
	forum_close(&forum);
	test_lock();
	test_old_store();
	return done();
}
