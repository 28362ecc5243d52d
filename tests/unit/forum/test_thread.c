/* Threads: every order of arrival must give the same tree, in one thread, without showing what is in other groups. */
#include <stdio.h>
#include "forumd/base/clock.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/rebuild.h"
#include "forumd/forum/thread.h"
#include "tests/unit/forum/fixture.h"

static struct forum *forum;
static uint32_t group;

static struct post post_of(struct forum_txn *t, const char *id) {
	struct post p = { 0 };
	if (post_by_msgid(t, slice_str(id), &p) <= 0)
		bail("no post %s", id);
	return p;
}

/* "<parent> reason" of a post; checks that the tree records agree */
static void is_below(struct forum_txn *t, const char *id, const char *parent, const char *reason) {
	struct post p = post_of(t, id), up;
	struct overview o;
	uint64_t want = parent ? post_of(t, parent).id : 0;
	is_int(p.parent, want, "%s is below %s", id, parent ? parent : "nobody");
	is_str(parent_reason_name(p.reason), reason, "%s: %s", id, reason);
	for (size_t i = 0; i < p.nplaces; i++)
		ok(overview_get_any(t, p.places[i].group, p.places[i].number, &o) > 0 && o.parent == p.parent &&
			o.thread == p.thread && o.reason == p.reason, "%s: overview agrees", id);
	if (want)
		ok(post_get(t, want, &up) > 0 && up.thread == p.thread, "%s: parent's thread", id);
}

static bool same_thread(struct forum_txn *t, const char *a, const char *b) {
	return post_of(t, a).thread == post_of(t, b).thread;
}

static int print_fault(void *arg, const char *text) {
	(void)arg;
	diag("%s", text);
	return 0;
}

static void check_sound(struct forum_txn *t, const char *what) {
	struct rebuild_result r = { 0 };
	uint64_t cursor = 0;
	int more;
	while ((more = rebuild_check(t, &cursor, 1000, print_fault, NULL, &r)) > 0)
		;
	is_int(more, 0, "%s: check ends", what);
	is_int(r.faults, 0, "%s: no faults", what);
}

static void late_parents(void) {
	struct forum_txn *t = fixture_write(forum);
	fixture_post(t, group, "<late.c@x>", "<late.b@x>", "<late.a@x> <late.b@x>");
	is_below(t, "<late.c@x>", NULL, "none");
	fixture_post(t, group, "<late.d@x>", "<late.b@x>", NULL);
	ok(same_thread(t, "<late.c@x>", "<late.d@x>"), "replies to a missing post share a thread");
	uint64_t thread = post_of(t, "<late.c@x>").thread;
	uint64_t before = 0, after = 0;
	struct group g;
	group_get(t, group, &g);
	before = g.modseq;
	fixture_post(t, group, "<late.a@x>", NULL, NULL);
	is_below(t, "<late.c@x>", "<late.a@x>", "references");
	is_below(t, "<late.d@x>", NULL, "none");
	group_get(t, group, &g);
	after = g.modseq;
	is_int(after - before, 2, "one new post and one with another parent");
	fixture_post(t, group, "<late.b@x>", NULL, "<late.a@x>");
	is_below(t, "<late.b@x>", "<late.a@x>", "references");
	is_below(t, "<late.c@x>", "<late.b@x>", "in-reply-to");
	is_below(t, "<late.d@x>", "<late.b@x>", "in-reply-to");
	is_int(post_of(t, "<late.a@x>").thread, thread, "a late parent joins the thread that waited for it");
	uint64_t cursor = 0, child;
	is_int(thread_child_next(t, post_of(t, "<late.a@x>").id, &cursor, &child), 1, "the root has a child");
	is_int(child, post_of(t, "<late.b@x>").id, "it is b");
	is_int(thread_child_next(t, post_of(t, "<late.a@x>").id, &cursor, &child), 0, "and no other: c has moved");
	check_sound(t, "late parents");
	fixture_commit(&t);
}

/* In-Reply-To wins against References, also when both are known; missing nearest ids do not hide farther ones */
static void claims(void) {
	struct forum_txn *t = fixture_write(forum);
	fixture_post(t, group, "<two.root@x>", NULL, NULL);
	fixture_post(t, group, "<two.child@x>", "<two.root@x>", "<two.-root@x>");
	fixture_post(t, group, "<two.grand@x>", "<two.child@x>", "<two.child@x> <two.root@x>");
	is_below(t, "<two.child@x>", "<two.root@x>", "in-reply-to");
	is_below(t, "<two.grand@x>", "<two.child@x>", "in-reply-to");

	fixture_post(t, group, "<g.fake@x>", "<g.nobody@x>", "<g.root@x> <g.child@x> <g.nobody@x>");
	fixture_post(t, group, "<g.great@x>", "<g.grand@x>", "<g.root@x> <g.grand@x>");
	fixture_post(t, group, "<g.child@x>", "<g.root@x>", "<g.root@x>");
	fixture_post(t, group, "<g.grand@x>", "<g.child@x>", "<g.root@x> <g.child@x>");
	fixture_post(t, group, "<g.root@x>", NULL, NULL);
	is_below(t, "<g.child@x>", "<g.root@x>", "in-reply-to");
	is_below(t, "<g.grand@x>", "<g.child@x>", "in-reply-to");
	is_below(t, "<g.great@x>", "<g.grand@x>", "in-reply-to");
	is_below(t, "<g.fake@x>", "<g.child@x>", "references");
	ok(same_thread(t, "<g.fake@x>", "<g.root@x>"), "one thread");
	check_sound(t, "claims");
	fixture_commit(&t);
}

static void loops(void) {
	struct forum_txn *t = fixture_write(forum);
	fixture_post(t, group, "<loop.a@x>", "<loop.b@x>", NULL);
	fixture_post(t, group, "<loop.b@x>", "<loop.a@x>", NULL);
	is_below(t, "<loop.b@x>", "<loop.a@x>", "in-reply-to");
	is_below(t, "<loop.a@x>", NULL, "none");
	fixture_post(t, group, "<loop.self@x>", "<loop.self@x>", "<loop.self@x>");
	is_below(t, "<loop.self@x>", NULL, "none");
	fixture_post(t, group, "<loop.1@x>", "<loop.3@x>", NULL);
	fixture_post(t, group, "<loop.2@x>", "<loop.1@x>", NULL);
	fixture_post(t, group, "<loop.3@x>", "<loop.2@x>", NULL);
	is_below(t, "<loop.3@x>", "<loop.2@x>", "in-reply-to");
	is_below(t, "<loop.1@x>", NULL, "none");
	struct fail f = { 0 };
	is_int(thread_set_parent(t, post_of(t, "<loop.1@x>").id, post_of(t, "<loop.3@x>").id, PARENT_MOVED, &f),
		ERR_INVALID, "no loop by hand either");
	struct thread_node *v;
	size_t n;
	is_int(thread_walk(t, post_of(t, "<loop.1@x>").thread, 0, 100, &v, &n), 1, "walk");
	is_int(n, 3, "three posts");
	check_sound(t, "loops");
	fixture_commit(&t);
}

static void merging(void) {
	struct forum_txn *t = fixture_write(forum);
	/* two conversations that turn out to be one: the link cites one and is cited by the other */
	fixture_post(t, group, "<m.a@x>", NULL, NULL);
	fixture_post(t, group, "<m.a1@x>", "<m.a@x>", NULL);
	fixture_post(t, group, "<m.a2@x>", "<m.a@x>", NULL);
	fixture_post(t, group, "<m.c@x>", "<m.b@x>", NULL);
	fixture_post(t, group, "<m.c1@x>", "<m.c@x>", NULL);
	ok(!same_thread(t, "<m.a@x>", "<m.c@x>"), "two threads");
	uint64_t large = post_of(t, "<m.a@x>").thread, small = post_of(t, "<m.c@x>").thread;
	fixture_post(t, group, "<m.b@x>", "<m.a@x>", NULL);
	is_int(post_of(t, "<m.c1@x>").thread, large, "the smaller is re-keyed");
	is_int(post_of(t, "<m.b@x>").thread, large, "the link too");
	struct thread_node *v;
	size_t n;
	is_int(thread_walk(t, small, 0, 100, &v, &n), 1, "the old number still leads there");
	is_int(n, 6, "to all six");
	const char *order[6] = { "<m.a@x>", "<m.a1@x>", "<m.a2@x>", "<m.b@x>", "<m.c@x>", "<m.c1@x>" };
	const uint32_t depth[6] = { 0, 1, 1, 1, 2, 3 };
	for (int i = 0; i < 6 && n == 6; i++) {
		is_int(v[i].post, post_of(t, order[i]).id, "place %d", i);
		is_int(v[i].depth, depth[i], "depth %d", i);
	}
	/* a post that waits for an id of the emptied number's ghost */
	fixture_post(t, group, "<m.w@x>", "<m.missing@x>", NULL);
	check_sound(t, "merging");
	fixture_commit(&t);
}

static void private_groups(void) {
	struct forum_txn *t = fixture_write(forum);
	uint32_t secret = fixture_group(t, "secret");
	fixture_post(t, secret, "<p.hidden@x>", NULL, NULL);
	fixture_post(t, group, "<p.reply@x>", "<p.hidden@x>", "<p.hidden@x>");
	fixture_post(t, group, "<p.unknown@x>", "<p.nowhere@x>", "<p.nowhere@x>");
	struct post a = post_of(t, "<p.reply@x>"), b = post_of(t, "<p.unknown@x>");
	is_int(a.parent, 0, "a post in another group is no parent");
	ok(a.thread == a.id && b.thread == b.id && a.reason == b.reason, "and looks like one that does not exist");
	struct fail f = { 0 };
	is_int(thread_set_parent(t, a.id, post_of(t, "<p.hidden@x>").id, PARENT_MOVED, &f), ERR_INVALID, "not by hand");
	is_int(post_crosspost(t, post_of(t, "<p.hidden@x>").id, group, &f), 1, "the post is published there");
	is_below(t, "<p.reply@x>", "<p.hidden@x>", "in-reply-to");
	fixture_post(t, secret, "<p.other@x>", "<p.moved@x>", NULL);
	fixture_post(t, group, "<p.moved@x>", NULL, NULL);
	is_int(post_of(t, "<p.other@x>").parent, 0, "still waiting");
	is_int(post_move(t, post_of(t, "<p.moved@x>").id, group, secret, &f), 1, "moved");
	is_below(t, "<p.other@x>", "<p.moved@x>", "in-reply-to");
	struct thread_node *v;
	size_t n;
	thread_walk(t, post_of(t, "<p.reply@x>").thread, secret, 100, &v, &n);
	is_int(n, 1, "a walk of one group shows its posts only");
	check_sound(t, "groups");
	fixture_commit(&t);
}

static void by_hand(void) {
	struct forum_txn *t = fixture_write(forum);
	struct fail f = { 0 };
	fixture_post(t, group, "<h.a@x>", NULL, NULL);
	fixture_post(t, group, "<h.b@x>", "<h.a@x>", NULL);
	fixture_post(t, group, "<h.c@x>", "<h.b@x>", NULL);
	fixture_post(t, group, "<h.z@x>", NULL, NULL);
	uint64_t a = post_of(t, "<h.a@x>").id, b = post_of(t, "<h.b@x>").id, z = post_of(t, "<h.z@x>").id;
	is_int(thread_set_parent(t, b, z, PARENT_MOVED, &f), 1, "b goes below z");
	is_below(t, "<h.b@x>", "<h.z@x>", "moved");
	ok(same_thread(t, "<h.c@x>", "<h.z@x>") && !same_thread(t, "<h.c@x>", "<h.a@x>"), "and takes its branch along");
	is_int(thread_set_parent(t, b, 0, PARENT_MOVED, &f), 1, "b becomes a root");
	ok(!same_thread(t, "<h.c@x>", "<h.z@x>") && same_thread(t, "<h.c@x>", "<h.b@x>"), "with a thread of its own");
	is_int(thread_set_parent(t, a, b, PARENT_MOVED, &f), 1, "the old root below it");
	is_below(t, "<h.a@x>", "<h.b@x>", "moved");
	struct thread_node *v;
	size_t n;
	uint64_t *branch;
	thread_walk(t, a, 0, 10, &v, &n);
	is_int(n, 3, "the emptied thread leads to the new one");
	thread_branch(t, b, 10, &branch, &n);
	ok(n == 3 && branch[0] == b, "branch");
	/* the evidence of the key wins against the ids */
	struct post_draft *d = fixture_draft(t, group, "<h.key@x>", "<h.a@x>", "<h.a@x>");
	d->reply_to = z;
	d->reply_reason = PARENT_REPLY_KEY;
	fixture_add(t, d);
	is_below(t, "<h.key@x>", "<h.z@x>", "reply-key");
	check_sound(t, "by hand");
	fixture_commit(&t);
}

static void chain(const char *name, bool full) {
	enum { N = 5000 };
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, name);
	struct buf refs = { 0 };
	size_t ends[N];
	for (int i = 0; i < N; i++) {
		buf_addf(&refs, "%s<%s.%d@x>", i ? " " : "", name, i);
		ends[i] = buf_len(&refs);
	}
	int64_t start = clock_mono_ms();
	char id[64], parent[64];
	for (int i = N - 1; i >= 0; i--) {
		snprintf(id, sizeof id, "<%s.%d@x>", name, i);
		snprintf(parent, sizeof parent, "<%s.%d@x>", name, i - 1);
		struct post_draft *d = fixture_draft(t, g, id, i ? parent : NULL, NULL);
		if (full && i)
			d->references = d->ov_references = slice_to(buf_slice(&refs), ends[i - 1]);
		fixture_add(t, d);
	}
	int64_t ms = clock_mono_ms() - start;
	diag("%s: %d posts, last first, in %lld ms", name, N, (long long)ms);
	ok(ms < 10000, "%s: a reversed chain is linear work", name);
	snprintf(id, sizeof id, "<%s.0@x>", name);
	struct post root = post_of(t, id);
	struct thread_node *v;
	size_t n;
	is_int(thread_walk(t, root.thread, g, 2 * N, &v, &n), 1, "%s: walk", name);
	is_int(n, N, "%s: all in one thread", name);
	ok(n == N && v[0].post == root.id && v[N - 1].depth == N - 1, "%s: a chain", name);
	buf_free(&refs);
	fixture_commit(&t);
}

/* random arrival of a random tree: parents as evidence says, whatever the order */
static void random_orders(void) {
	enum { N = 40, ROUNDS = 30 };
	unsigned seed = 7;
	for (int round = 0; round < ROUNDS; round++) {
		struct forum_txn *t = fixture_write(forum);
		char name[32], id[64], up[64];
		snprintf(name, sizeof name, "random.%d", round);
		uint32_t g = fixture_group(t, name);
		int parent[N], order[N], wrong = 0, threads = 0;
		for (int i = 0; i < N; i++) {
			parent[i] = i ? (int)((seed = seed * 1103515245 + 12345) >> 16) % i : -1;
			order[i] = i;
		}
		for (int i = N - 1; i > 0; i--) {
			int j = (int)((seed = seed * 1103515245 + 12345) >> 16) % (i + 1), x = order[i];
			order[i] = order[j];
			order[j] = x;
		}
		for (int i = 0; i < N; i++) {
			int n = order[i];
			struct buf refs = { 0 };
			int path[N], depth = 0;
			for (int up_i = parent[n]; up_i >= 0; up_i = parent[up_i])
				path[depth++] = up_i;
			while (depth-- > 0)
				buf_addf(&refs, "%s<%s.%d@x>", buf_len(&refs) ? " " : "", name, path[depth]);
			snprintf(id, sizeof id, "<%s.%d@x>", name, n);
			snprintf(up, sizeof up, "<%s.%d@x>", name, parent[n]);
			fixture_post(t, g, id, round % 2 && n ? up : NULL,
				round % 2 && round % 3 ? NULL
					: buf_len(&refs)   ? refs.data
									   : NULL);
			buf_free(&refs);
		}
		snprintf(id, sizeof id, "<%s.0@x>", name);
		struct post root = post_of(t, id);
		for (int i = 1; i < N; i++) {
			snprintf(id, sizeof id, "<%s.%d@x>", name, i);
			snprintf(up, sizeof up, "<%s.%d@x>", name, parent[i]);
			struct post p = post_of(t, id);
			wrong += p.parent != post_of(t, up).id;
			threads += p.thread != root.thread;
		}
		is_int(wrong, 0, "round %d: every parent found", round);
		is_int(threads, 0, "round %d: one thread", round);
		fixture_commit(&t);
	}
	struct forum_txn *t = fixture_read(forum);
	check_sound(t, "random orders");
	forum_read_end(&t);
}

int main(void) {
	forum = fixture_open("threads");
	struct forum_txn *t = fixture_write(forum);
	group = fixture_group(t, "talk");
	fixture_commit(&t);
	late_parents();
	claims();
	loops();
	merging();
	private_groups();
	by_hand();
	chain("chain.full", true);
	chain("chain.irt", false);
	random_orders();
	forum_close(&forum);
	return done();
}
