/* Posts from before POST_HEADER_ASCII get it from the upkeep thread, once, and from rebuild; nobody is told. */
#include <unistd.h>
#include "forumd/forum/header_flag.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/post_private.h"
#include "forumd/forum/rebuild.h"
#include "forumd/index.h"
#include "forumd/run/writer.h"
#include "tests/unit/forum/fixture.h"

enum { POSTS = 600 };

static struct forum *forum;
static uint32_t group;
static uint64_t wide, held, erased, known, flagless;
static struct fail f;

/* as they were stored before there was the flag */
static uint64_t add_old(struct forum_txn *t, struct post_draft *d) {
	d->flags &= ~(uint32_t)POST_HEADER_ASCII;
	return fixture_add(t, d);
}

static void fill(void) {
	struct forum_txn *t = fixture_write(forum);
	group = fixture_group(t, "talk");
	for (int i = 0; i < POSTS; i++)
		flagless = add_old(t, fixture_draft(t, group, arena_printf(forum_arena(t), "<%d@x>", i), NULL, NULL));
	struct post_draft *d = fixture_draft(t, group, "<wide@x>", NULL, NULL);
	fixture_body(t, d, SLICE("Subject: Gr\xc3\xbc\xc3\x9f" "e\r\nMessage-ID: <wide@x>\r\n"), 0, SLICE("text of wide\r\n"));
	wide = fixture_add(t, d);
	d = fixture_draft(t, group, "<held@x>", NULL, NULL);
	d->hold = true;
	held = add_old(t, d);
	erased = add_old(t, fixture_draft(t, group, "<erased@x>", NULL, NULL));
	post_erase(t, erased, &f);
	known = fixture_post(t, group, "<known@x>", NULL, NULL);
	fixture_commit(&t);
}

static bool flagged(struct forum_txn *t, uint64_t id) {
	struct post p;
	struct overview o;
	if (post_get(t, id, &p) <= 0)
		bail("no post %llu", (unsigned long long)id);
	bool head = p.flags & POST_HEADER_ASCII;
	if (p.places[0].number && overview_get_any(t, group, p.places[0].number, &o) > 0)
		is_int(!!(o.flags & POST_HEADER_ASCII), head, "%llu: head and overview agree", (unsigned long long)id);
	return head;
}

static uint64_t modseq(struct forum_txn *t) {
	struct group g;
	return group_get(t, group, &g) > 0 ? g.modseq : 0;
}

static bool all_looked_at(void) {
	struct header_flag_step s;
	struct forum_txn *t = fixture_read(forum);
	int r = header_flag_look(t, &s);
	forum_read_end(&t);
	return r == 0;
}

static int parse(void *arg, struct arena *a, struct slice header, struct slice body, struct post_draft *d) {
	(void)arg, (void)a, (void)header, (void)body;
	d->structure = SLICE("(\"text\" \"plain\" NIL NIL NIL \"7bit\" 10 1)");
	return 1;
}

static void are_known(const char *who) {
	struct forum_txn *t = fixture_read(forum);
	struct post p;
	unsigned n = 0;
	for (uint64_t id = 0; post_after(t, id, &p) > 0; id = p.id)
		n += !(p.flags & POST_HEADER_ASCII);
	is_int(n, 2, "%s: all but two have the flag", who);
	ok(flagged(t, flagless) && flagged(t, held) && flagged(t, known), "%s: old, waiting and new posts", who);
	ok(!flagged(t, wide) && !flagged(t, erased), "%s: not one with UTF-8 in its header, nor one without text", who);
	forum_read_end(&t);
}

static void test_thread(void) {
	struct forum_txn *t = fixture_read(forum);
	uint64_t before = modseq(t);
	ok(!flagged(t, flagless), "nothing is known");
	forum_read_end(&t);
	ok(!all_looked_at(), "there is something to do");
	struct writer *w = writer_start(forum);
	index_start(forum, parse);
	for (int i = 0; i < 600 && !all_looked_at(); i++)
		usleep(100000);
	index_stop();
	writer_stop(&w);
	are_known("upkeep");
	t = fixture_read(forum);
	is_int(modseq(t), before, "nobody is told of a change");
	forum_read_end(&t);
	ok(all_looked_at(), "once for all");
}

static void test_rebuild(void) {
	struct forum_txn *t = fixture_write(forum);
	struct rebuild_result r = { 0 };
	uint64_t cursor = 0;
	post_set_flags(t, flagless, 0, POST_HEADER_ASCII, &f);
	post_set_flags(t, held, 0, POST_HEADER_ASCII, &f);
	post_set_flags(t, wide, POST_HEADER_ASCII, 0, &f);
	while (rebuild_step(t, &cursor, 100, parse, NULL, &r, &f) > 0)
		;
	fixture_commit(&t);
	are_known("rebuild");
}

/* a step ends, and says where: */
static void test_steps(void) {
	struct header_flag_step s;
	struct forum_txn *t = fixture_read(forum);
	is_int(header_flag_look(t, &s), 1, "a step");
	is_int(s.n, HEADER_FLAG_TEXTS, "of so many headers");
	ok(s.upto == s.ascii[s.n - 1] && s.upto < flagless, "up to the last of them");
	forum_read_end(&t);
	t = fixture_write(forum);
	is_int(header_flag_apply(t, &s, &f), 1, "applied");
	ok(flagged(t, s.upto) && !flagged(t, s.upto + 1), "and no further");
	is_int(header_flag_look(t, &s), 1, "the next");
	ok(s.ascii[0] > HEADER_FLAG_TEXTS, "goes on behind it");
	forum_abort(&t);
}

int main(void) {
	forum = fixture_open("flags");
	fill();
	test_steps();
	test_thread();
	test_rebuild();
	forum_close(&forum);
	return done();
}
