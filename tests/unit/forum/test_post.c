/* Posts: what is stored comes back, state changes keep everything else right, and an error leaves no trace. */
#include <stdio.h>
#include "forumd/base/digest.h"
#include "forumd/base/rnd.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/rebuild.h"
#include "forumd/forum/subscribe.h"
#include "tests/unit/forum/fixture.h"

static struct forum *forum;
static struct fail f;

static void check_sound(struct forum_txn *t, const char *what) {
	struct rebuild_result r = { 0 };
	uint64_t cursor = 0;
	while (rebuild_check(t, &cursor, 1000, NULL, NULL, &r) > 0)
		;
	is_int(r.faults, 0, "%s: check finds nothing", what);
}

static void reading(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "read");
	uint64_t id = fixture_post(t, g, "<one@x>", NULL, NULL);
	struct post p;
	struct buf b = { 0 };
	is_int(post_by_msgid(t, SLICE("<one@x>"), &p), 1, "found by id");
	is_int(p.id, id, "the same post");
	is_int(p.state, POST_VISIBLE, "visible");
	is_int(post_number_in(&p, g), 1, "number 1");
	is_int(post_number_in(&p, g + 1), 0, "no number elsewhere");
	is_int(post_by_number(t, g, 1, &p), 1, "found by number");
	is_int(post_by_number(t, g, 2, &p), 0, "no number 2");
	is_int(post_by_msgid(t, SLICE("<nobody@x>"), &p), 0, "unknown id");
	post_get(t, id, &p);
	is_int(post_header(t, &p, &b), 1, "header");
	is_buf(&b, "Subject: About <one@x>\r\nFrom: Ann Author <ann@example.org>\r\n"
		"Date: Mon, 23 Nov 2026 14:00:00 +0000\r\nMessage-ID: <one@x>\r\n", "the author line is where it belongs");
	is_int(buf_len(&b), post_header_size(t, &p), "as long as foretold");
	buf_reset(&b);
	is_int(post_body(t, &p, 0, UINT32_MAX, &b), 1, "body");
	is_buf(&b, "text of <one@x>\r\n", "body");
	buf_reset(&b);
	is_int(post_body(t, &p, 5, 2, &b), 1, "part of the body");
	is_buf(&b, "of", "part of the body");
	buf_reset(&b);
	is_int(post_body(t, &p, 5000, 2, &b), 1, "behind the end");
	is_int(buf_len(&b), 0, "nothing there");
	is_lit(p.subject, "About <one@x>", "subject");
	is_lit(p.from, "Ann Author <ann@example.org>", "typed From");
	buf_free(&b);
	fixture_commit(&t);
}

/* text that deflates to several chunks */
static struct slice noise(struct forum_txn *t, size_t n) {
	char *p = arena_alloc(forum_arena(t), n), line[48];
	for (size_t i = 0; i < n; i++) {
		if (i % 64 == 0)
			rnd_bytes(line, sizeof line);
		p[i] = i % 64 == 62 ? '\r' : i % 64 == 63 ? '\n' : (char)('A' + (line[i % 48] & 31));
	}
	return slice_of(p, n);
}

static bool digest_is(const struct buf *body, const struct post *p) {
	return buf_len(body) == p->body_len &&
		digest_crc(digest_crc(0, SLICE("Subject: x\r\n")), buf_slice(body)) == p->crc;
}

static void bodies(void) {
	static const size_t sizes[] = { 0, 1, 100, 4060, 9000, 70000, 262144, 262145, 1500000 };
	for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
		struct forum_txn *t = fixture_write(forum);
		struct group g;
		group_find(t, SLICE("read"), &g);
		char id[40];
		snprintf(id, sizeof id, "<body.%zu@x>", sizes[i]);
		struct post_draft *d = fixture_draft(t, g.id, id, NULL, NULL);
		struct slice body = noise(t, sizes[i]);
		d->removed = SLICE("\r\nX: behind the body, and no block of deflate");
		fixture_body(t, d, SLICE("Subject: x\r\n"), 0, body);
		uint64_t post = fixture_add(t, d);
		struct post p;
		struct buf b = { 0 }, z = { 0 };
		post_get(t, post, &p);
		is_int(post_body(t, &p, 0, UINT32_MAX, &b), 1, "%zu: read", sizes[i]);
		is_slice(buf_slice(&b), body, "%zu: whole", sizes[i]);
		buf_reset(&b);
		is_int(post_body(t, &p, (uint32_t)sizes[i] / 2, 1000, &b), 1, "%zu: middle", sizes[i]);
		is_slice(buf_slice(&b), slice_sub(body, sizes[i] / 2, 1000), "%zu: middle", sizes[i]);
		is_int(post_piece(t, &p, 2, &z), 1, "%zu: stored form", sizes[i]);
		is_slice(buf_slice(&z), d->body_z, "%zu: stored form", sizes[i]);
		buf_reset(&z);
		is_int(post_removed(t, &p, &z), 1, "%zu: what was removed", sizes[i]);
		is_buf(&z, "\r\nX: behind the body, and no block of deflate", "%zu: what was removed", sizes[i]);
		fixture_commit(&t);
		/* a stream over many transactions; sizes that cut anywhere */
		struct post_stream *s = post_stream_new(post);
		struct buf whole = { 0 };
		int r = 1, bad = 0;
		for (unsigned k = 0; r > 0; k++) {
			struct forum_txn *read = fixture_read(forum);
			size_t max = sizes[i] > 5000 ? 1 + k * 777 : 1, before = buf_len(&whole);
			r = post_stream_read(read, s, max, &whole);
			bad += buf_len(&whole) - before > max + 32768;
			forum_read_end(&read);
		}
		is_int(r, 0, "%zu: stream ends", sizes[i]);
		is_int(bad, 0, "%zu: never too much", sizes[i]);
		ok(digest_is(&whole, &p), "%zu: stream has the body", sizes[i]);
		post_stream_free(&s);
		buf_free(&whole);
		buf_free(&b);
		buf_free(&z);
	}
}

static void duplicates(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "dup"), other = fixture_group(t, "dup.other");
	struct post_draft *d = fixture_draft(t, g, "<dup@x>", NULL, NULL);
	struct post_result r;
	is_int(post_add(t, d, &r, &f), 1, "new");
	ok(!r.duplicate && r.nplaces == 1 && r.places[0].group == g && r.places[0].number == 1, "with its place");
	uint64_t id = r.id;
	is_int(post_add(t, d, &r, &f), 1, "again");
	ok(r.duplicate && r.id == id && r.places[0].number == 1, "is the same post");
	fixture_body(t, d, SLICE("Subject: other\r\n"), 0, SLICE("other\r\n"));
	is_int(post_add(t, d, &r, &f), ERR_EXISTS, "other text under the same id");
	is_str(f.text, "this Message-ID was used before", "neutral text");
	d = fixture_draft(t, other, "<dup@x>", NULL, NULL);
	fixture_body(t, d, SLICE("Subject: other\r\n"), 0, SLICE("other\r\n"));
	is_int(post_add(t, d, &r, &f), ERR_EXISTS, "also from another group");
	is_str(f.text, "this Message-ID was used before", "the same text");
	d->message_id = SLICE("");
	is_int(post_add(t, d, &r, &f), ERR_INVALID, "no id");
	d->message_id = SLICE("<dup.none@x>");
	d->ngroups = 0;
	is_int(post_add(t, d, &r, &f), ERR_INVALID, "no group");
	uint32_t missing = 9999;
	d->groups = &missing;
	d->ngroups = 1;
	is_int(post_add(t, d, &r, &f), ERR_NOTFOUND, "no such group");
	fixture_commit(&t);
}

static void is_group(struct forum_txn *t, uint32_t id, uint32_t count, uint32_t low, uint32_t high, const char *what) {
	struct group g;
	group_get(t, id, &g);
	ok(g.count == count && g.low == low && g.high == high, "%s: count %u low %u high %u (want %u %u %u)", what, g.count,
		g.low, g.high, count, low, high);
}

static void is_change(struct forum_txn *t, size_t back, enum change_kind kind, uint32_t group, uint32_t number) {
	size_t n;
	const struct change *c = forum_changes(t, &n);
	ok(n > back && c[n - 1 - back].kind == kind && c[n - 1 - back].group == group && c[n - 1 - back].number == number &&
		c[n - 1 - back].modseq > 0 && c[n - 1 - back].last == number, "change %d of %u:%u", kind, group, number);
}

static void states(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "state");
	struct overview o;
	struct buf b = { 0 };
	uint64_t a = fixture_post(t, g, "<s.a@x>", NULL, NULL), c = fixture_post(t, g, "<s.c@x>", "<s.a@x>", NULL);
	is_change(t, 0, CHANGE_NEW, g, 2);
	is_int(post_set_state(t, a, POST_HIDDEN, &f), 1, "hide");
	is_change(t, 0, CHANGE_GONE, g, 1);
	is_group(t, g, 1, 2, 2, "hidden");
	is_int(overview_get(t, g, 1, &o), 0, "not shown");
	ok(overview_get_any(t, g, 1, &o) > 0 && o.state == POST_HIDDEN, "but there");
	is_int(post_set_state(t, a, POST_HIDDEN, &f), 1, "again does nothing");
	is_group(t, g, 1, 2, 2, "hidden once");
	is_int(post_set_state(t, a, POST_VISIBLE, &f), 1, "restore");
	is_change(t, 0, CHANGE_BACK, g, 1);
	is_group(t, g, 2, 1, 2, "restored");
	is_int(overview_get(t, g, 1, &o), 1, "shown under its old number");
	uint64_t before = o.modseq;
	is_int(post_set_flags(t, a, POST_LOCKED, 0, &f), 1, "lock");
	is_change(t, 0, CHANGE_STATE, g, 1);
	overview_get(t, g, 1, &o);
	ok(o.flags == (POST_DOT_FREE | POST_HEADER_ASCII | POST_LOCKED | POST_NO_MAIL) && o.modseq > before,
		"flags and modseq in the overview");
	is_int(post_erase(t, c, &f), 1, "erase");
	is_group(t, g, 1, 1, 2, "erased");
	struct post p;
	ok(post_by_msgid(t, SLICE("<s.c@x>"), &p) > 0 && p.state == POST_DELETED && p.subject.n == 0 && p.from.n == 0 &&
		p.parent == a && p.body_len == 0, "the tombstone keeps id and parent only");
	is_int(post_body(t, &p, 0, 100, &b), 1, "no text");
	is_int(buf_len(&b), 0, "no text");
	struct kv_cursor *cur;
	struct slice key, v;
	struct key k = key_1u64(KEY_POST, c);
	key_u32(&k, 0);
	kv_cursor_open(t->kv, &cur);
	ok(kv_seek(cur, key_slice(&k), &key, &v) <= 0 || !key_has_prefix(key, &k, 9), "nor in the store");
	kv_cursor_close(&cur);
	is_int(post_set_state(t, c, POST_VISIBLE, &f), ERR_GONE, "no way back");
	struct post_result r;
	is_int(post_add(t, fixture_draft(t, g, "<s.c@x>", NULL, NULL), &r, &f), ERR_EXISTS, "the id stays taken");
	is_int(post_set_state(t, 999999, POST_HIDDEN, &f), ERR_NOTFOUND, "no such post");
	is_int(post_set_state(t, a, POST_PENDING, &f), ERR_INVALID, "no waiting again");
	check_sound(t, "states");
	struct post_stream *s = post_stream_new(c);
	is_int(post_stream_read(t, s, 10, &b), ERR_GONE, "stream of an erased post");
	post_stream_free(&s);
	buf_free(&b);
	fixture_commit(&t);
}

static void approval(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "held"), ann = fixture_member(t, "Ann", "ann.held@example.org");
	struct fail why = { 0 };
	group_set(t, g, SLICE("moderated"), SLICE("on"), &why);
	size_t n, m;
	forum_changes(t, &n);
	uint64_t id = fixture_post_by(t, ann, g, "<held.a@x>", NULL);
	forum_changes(t, &m);
	is_int(m, n + 1, "a held post is no news but to the outgoing mail");
	struct post p;
	post_get(t, id, &p);
	is_int(p.state, POST_PENDING, "waits");
	is_int(post_number_in(&p, g), 0, "without a number");
	is_group(t, g, 0, 1, 0, "pending");
	struct moderate_case mc;
	is_int(moderate_case_get(t, id, &mc), 1, "it is in the queue");
	uint64_t child = fixture_post(t, g, "<held.b@x>", "<held.a@x>", NULL);
	post_get(t, child, &p);
	ok(p.state == POST_VISIBLE && p.parent == 0, "an import is not held; the pending post is no parent yet");
	post_set_flags(t, id, POST_ASIDE, 0, &f);
	is_int(post_set_state(t, id, POST_VISIBLE, &f), 1, "approve");
	post_get(t, id, &p);
	is_int(post_number_in(&p, g), 2, "now it has a number");
	struct overview o;
	ok(overview_get(t, g, 2, &o) > 0 && o.post == id && (o.flags & POST_ASIDE), "and an overview with its flags");
	struct envelope e;
	is_int(envelope_get(t, g, 2, &e), 1, "and an envelope");
	is_lit(e.part_table, "parts", "whole");
	post_get(t, child, &p);
	is_int(p.parent, id, "and its child");
	struct key k = key_1u64('N', id);
	struct slice v;
	is_int(kv_get(t->kv, key_slice(&k), &v), 0, "nothing left of the wait");
	uint64_t refused = fixture_post_by(t, ann, g, "<held.c@x>", NULL);
	is_int(post_set_state(t, refused, POST_DELETED, &f), 1, "refuse");
	is_group(t, g, 2, 1, 2, "refused posts use no number");
	check_sound(t, "approval");
	fixture_commit(&t);
}

static void places(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t a = fixture_group(t, "place.a"), b = fixture_group(t, "place.b"), c = fixture_group(t, "place.c");
	const uint32_t both[] = { a, b, a };
	struct post_draft *d = fixture_draft(t, a, "<place@x>", NULL, NULL);
	fixture_post(t, b, "<place.first@x>", NULL, NULL);
	d->groups = both;
	d->ngroups = 3;
	uint64_t id = fixture_add(t, d);
	struct overview o;
	overview_get(t, b, 2, &o);
	is_lit(o.xref, "forum.test place.a:1 place.b:2", "both places");
	is_int(post_crosspost(t, id, c, &f), 1, "a third");
	overview_get(t, a, 1, &o);
	is_lit(o.xref, "forum.test place.a:1 place.b:2 place.c:1", "told in all");
	is_int(post_crosspost(t, id, c, &f), ERR_EXISTS, "not twice");
	uint32_t aside = fixture_group(t, "place.aside");
	is_int(post_move(t, id, b, aside, &f), 1, "move");
	is_change(t, 0, CHANGE_GONE, b, 2);
	is_change(t, 1, CHANGE_NEW, aside, 1);
	is_group(t, b, 1, 1, 2, "the old number is a hole");
	is_group(t, aside, 1, 1, 1, "the new group");
	overview_get(t, c, 1, &o);
	is_lit(o.xref, "forum.test place.a:1 place.aside:1 place.c:1", "told in all");
	is_int(overview_get_any(t, b, 2, &o), 0, "nothing under the old number");
	is_int(post_move(t, id, b, a, &f), ERR_NOTFOUND, "not there any more");
	is_int(post_move(t, id, a, c, &f), ERR_EXISTS, "there already");
	post_set_state(t, id, POST_HIDDEN, &f);
	uint32_t last = fixture_group(t, "place.last");
	is_int(post_move(t, id, a, last, &f), 1, "a hidden post moves too");
	is_group(t, last, 0, 2, 1, "and stays hidden");
	post_set_state(t, id, POST_VISIBLE, &f);
	is_group(t, last, 1, 1, 1, "until it is restored");
	check_sound(t, "places");
	fixture_commit(&t);
}

static void supersedes(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "super");
	uint64_t old = fixture_post(t, g, "<sup.1@x>", NULL, NULL);
	struct post_draft *d = fixture_draft(t, g, "<sup.2@x>", NULL, NULL);
	d->supersedes = old;
	fixture_add(t, d);
	struct post p;
	post_get(t, old, &p);
	is_int(p.state, POST_DELETED, "the old one goes");
	is_group(t, g, 1, 2, 2, "the new one has its own number");
	fixture_commit(&t);
}

static void long_references(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "long");
	struct buf refs = { 0 };
	buf_adds(&refs, "<root@x>");
	for (int i = 0; i < 5000; i++)
		buf_addf(&refs, " <ref.%d@example.org>", i);
	struct post_draft *d = fixture_draft(t, g, "<long@x>", NULL, refs.data);
	d->subject = d->ov_subject = noise(t, 70000);
	uint64_t id = fixture_add(t, d);
	struct post p;
	post_get(t, id, &p);
	ok(p.references.n <= 4000 && slice_starts(p.references, SLICE("<root@x> <ref.")) &&
		slice_ends(p.references, SLICE(" <ref.4999@example.org>")), "long References keep both ends");
	is_int(p.subject.n, 2000, "a long subject is cut");
	d->env_after = noise(t, 61000);
	d->message_id = SLICE("<long.2@x>");
	struct post_result r;
	is_int(post_add(t, d, &r, &f), ERR_TOOBIG, "too many recipients");
	buf_free(&refs);
	fixture_commit(&t);
}

/* the n-th storage operation fails, for every n: no trace is left, and then it works */
static void faults(bool held) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, held ? "fault.held" : "fault"), h = fixture_group(t, held ? "fault2.held" : "fault2");
	uint32_t ann = fixture_member(t, "Ann", held ? "f1@example.org" : "f2@example.org");
	subscribe_set(t, ann, g, SUBSCRIBE_ALL, &f);
	const uint32_t groups[] = { g, h };
	char id[3][32];
	for (int i = 0; i < 3; i++)
		snprintf(id[i], sizeof id[i], "<fault%d.%d@x>", i, held);
	fixture_post(t, g, id[0], NULL, NULL);
	uint64_t old = fixture_post(t, g, "<fault.old@x>", id[1], id[0]);
	struct post_draft *d = fixture_draft(t, g, id[1], id[0], "<fault.a@x> <fault.b@x>");
	d->groups = groups;
	d->ngroups = 2;
	d->no_mail = false;
	d->source = POST_FROM_NNTP;
	d->hold = held;
	d->removed = SLICE("Received: x");
	d->supersedes = held ? 0 : old;
	fixture_body(t, d, SLICE("Subject: x\r\n"), 0, noise(t, 9000));
	struct buf before = { 0 }, after = { 0 };
	size_t changes, now;
	int n = 0, r, traces = 0, codes = 0;
	do {
		struct forum_txn *child;
		struct post_result result;
		buf_reset(&before);
		buf_reset(&after);
		fixture_dump(t, &before);
		forum_changes(t, &changes);
		forum_write_begin(forum, t, &child, &f);
		forum_test_fail_after(forum, ++n);
		r = post_add(child, d, &result, &f);
		forum_test_fail_after(forum, 0);
		if (r > 0) {
			forum_commit(&child, &f);
			break;
		}
		codes += r != ERR_UNAVAILABLE;
		forum_abort(&child);
		fixture_dump(t, &after);
		forum_changes(t, &now);
		traces += !slice_eq(buf_slice(&before), buf_slice(&after)) || now != changes;
	} while (n < 500);
	ok(n > 15 && n < 500, "post_add has %d storage operations", n - 1);
	is_int(traces, 0, "none of them leaves a trace when it fails");
	is_int(codes, 0, "each tells that the store cannot take writes");
	check_sound(t, "after the faults");
	buf_free(&before);
	buf_free(&after);
	forum_abort(&t);
}

/* Texts that were read are kept in memory, by post and piece; deleting and erasing empties that too. */
static bool is_cached(uint64_t post, size_t n) {
	static char out[RING_CACHE_ENTRY_MAX];
	return ring_cache_get(forum->texts, post << 2 | 2, out, n);
}

static void read_twice(uint64_t post, struct slice body, const char *what) {
	for (int i = 0; i < 2; i++) {
		struct forum_txn *t = fixture_read(forum);
		struct post p;
		struct buf b = { 0 };
		post_get(t, post, &p);
		is_int(post_body(t, &p, 0, UINT32_MAX, &b), 1, "%s: read", what);
		is_slice(buf_slice(&b), body, "%s: the text", what);
		buf_free(&b);
		forum_read_end(&t);
	}
}

/* Who began to read before an erasure was committed reads on, and leaves nothing behind. */
static void slow_reader(struct slice body) {
	struct forum_txn *w = fixture_write(forum);
	uint32_t g = fixture_group(w, "slow");
	struct post_draft *d = fixture_draft(w, g, "<slow@x>", NULL, NULL);
	fixture_body(w, d, SLICE("Subject: x\r\n"), 0, body);
	uint64_t id = fixture_add(w, d);
	is_int(post_set_state(w, id, POST_DELETED, &f), 1, "a tombstone");
	fixture_commit(&w);
	w = fixture_write(forum);
	is_int(post_erase(w, id, &f), 1, "its text is erased, not yet for everybody");
	for (int i = 0; i < 2; i++) {
		struct forum_txn *t = fixture_read(forum);
		struct post p;
		struct buf b = { 0 };
		post_get(t, id, &p);
		if (i == 1)
			fixture_commit(&w);
		is_int(post_body(t, &p, 0, UINT32_MAX, &b), 1, "read %s", i ? "by who began before the commit" : "before");
		is_slice(buf_slice(&b), body, "the text");
		is_int(is_cached(id, body.n), i == 0, i ? "nothing comes back after it" : "kept until then");
		buf_free(&b);
		forum_read_end(&t);
	}
}

static void cached(void) {
	struct arena *a = arena_new();
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "cached");
	struct slice body = arena_slice(a, noise(t, 3000));
	uint64_t ids[2];
	for (int i = 0; i < 2; i++) {
		struct post_draft *d = fixture_draft(t, g, i ? "<cached.1@x>" : "<cached.0@x>", NULL, NULL);
		fixture_body(t, d, SLICE("Subject: x\r\n"), 0, body);
		ids[i] = fixture_add(t, d);
	}
	fixture_commit(&t);
	for (int i = 0; i < 2; i++) {
		ok(!is_cached(ids[i], body.n), "nobody has read it");
		read_twice(ids[i], body, i ? "second" : "first");
		ok(is_cached(ids[i], body.n), "kept");
	}
	atomic_fetch_sub(&forum->texts_life, 1);
	t = fixture_read(forum);
	forum_read_end(&t);
	ok(!is_cached(ids[0], body.n), "nothing of a life before is kept when the store was opened anew");
	for (int i = 0; i < 2; i++)
		read_twice(ids[i], body, "again");
	atomic_fetch_sub(&forum->texts_life, 1);
	t = fixture_write(forum);
	ok(!is_cached(ids[0], body.n), "nor if a writer is the first to come");
	forum_abort(&t);
	for (int i = 0; i < 2; i++)
		read_twice(ids[i], body, "once more");
	t = fixture_write(forum);
	is_int(post_erase(t, ids[0], &f), 1, "erase");
	ok(!is_cached(ids[0], body.n), "its text is gone from memory at once");
	is_int(post_set_state(t, ids[1], POST_DELETED, &f), 1, "delete");
	ok(is_cached(ids[1], body.n), "not before that is true");
	fixture_commit(&t);
	ok(!is_cached(ids[1], body.n), "gone with the commit");
	slow_reader(body);
	arena_free(&a);
}

/* Reading transactions hand on what they know of authors: a renaming must show in the next one. */
static void renamed(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "renamed");
	uint32_t ann = fixture_member(t, "Ann First", "ann@names.example");
	uint64_t id = fixture_post_by(t, ann, g, "<named@x>", NULL);
	fixture_commit(&t);
	for (int i = 0; i < 3; i++) {
		struct post p;
		struct buf b = { 0 };
		if (i == 2) {
			t = fixture_write(forum);
			is_int(member_set(t, ann, SLICE("name"), SLICE("Ann Second"), &f), 1, "renamed");
			fixture_commit(&t);
		}
		t = fixture_read(forum);
		post_get(t, id, &p);
		post_header(t, &p, &b);
		ok(slice_find(buf_slice(&b), i < 2 ? SLICE("From: Ann First <") : SLICE("From: Ann Second <")) > 0,
			"the name of now, %d", i);
		forum_read_end(&t);
		buf_free(&b);
	}
}

int main(void) {
	forum = fixture_open("posts");
	reading();
	bodies();
	duplicates();
	states();
	approval();
	places();
	supersedes();
	long_references();
	cached();
	renamed();
	faults(false);
	faults(true);
	forum_close(&forum);
	return done();
}
