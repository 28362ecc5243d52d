/* subscriptions and their two indexes */
#include "forumd/forum/subscribe.h"
#include "tests/unit/forum/fixture.h"

/* "3:all 5:first" */
static void print_group(struct forum_txn *t, uint32_t group, struct buf *b) {
	uint32_t cursor = 0;
	enum subscribe_mode m;
	buf_reset(b);
	while (subscribe_next(t, group, &cursor, &m) > 0)
		buf_addf(b, "%u:%s ", cursor, subscribe_mode_name(m));
}

static void print_member(struct forum_txn *t, uint32_t member, struct buf *b) {
	uint32_t cursor = 0;
	enum subscribe_mode m;
	buf_reset(b);
	while (subscribe_of_member(t, member, &cursor, &m) > 0)
		buf_addf(b, "%u:%s ", cursor, subscribe_mode_name(m));
}

static void is_printed(struct buf *got, struct slice want, const char *what) {
	is_slice(buf_slice(got), want, "%s", what);
}

int main(void) {
	struct forum *forum = fixture_open("subscribe");
	struct forum_txn *t = fixture_write(forum);
	struct arena *a = forum_arena(t);
	struct fail f = { 0 };
	struct buf b = { 0 };
	uint32_t g = fixture_group(t, "open"), h = fixture_group(t, "secret");
	uint32_t x = fixture_member(t, "X", "x@example.org"), y = fixture_member(t, "Y", "y@example.org");
	for (int i = SUBSCRIBE_NONE; i <= SUBSCRIBE_DIGEST; i++)
		is_int(subscribe_mode_parse(slice_str(subscribe_mode_name((enum subscribe_mode)i))), i, "name %d and back", i);
	is_int(subscribe_mode_parse(SLICE("everything")), ERR_INVALID, "no such mode");
	is_int(group_set(t, h, SLICE("access"), SLICE("private"), &f), 1, "a private group");
	is_int(subscribe_get(t, x, g), SUBSCRIBE_NONE, "nothing at first");
	is_int(subscribe_set(t, x, g, SUBSCRIBE_ALL, &f), 1, "all");
	is_int(subscribe_set(t, y, g, SUBSCRIBE_FIRST, &f), 1, "first");
	is_int(subscribe_set(t, x, h, SUBSCRIBE_ALL, &f), ERR_NOTFOUND, "private is missing");
	is_str(f.text, "no such group", "in the same words");
	is_int(subscribe_set(t, x, 999, SUBSCRIBE_ALL, &f), ERR_NOTFOUND, "missing");
	is_str(f.text, "no such group", "as these");
	is_int(subscribe_set(t, 999, g, SUBSCRIBE_ALL, &f), ERR_NOTFOUND, "nobody");
	print_group(t, g, &b);
	is_printed(&b, arena_slicef(a, "%u:all %u:first ", x, y), "the group's subscribers");
	is_int(member_set_role(t, x, ROLE_MEMBER, h, &f), 1, "a role in the private one");
	is_int(subscribe_set(t, x, h, SUBSCRIBE_DIGEST, &f), 1, "opens it");
	print_member(t, x, &b);
	is_printed(&b, arena_slicef(a, "%u:all %u:digest ", g, h), "the member's groups");
	is_int(subscribe_set(t, x, g, SUBSCRIBE_REPLIES, &f), 1, "another mode");
	is_int(subscribe_get(t, x, g), SUBSCRIBE_REPLIES, "replaces");
	is_int(member_set_role(t, x, ROLE_NONE, h, &f), 1, "access lost");
	is_int(subscribe_set(t, x, h, SUBSCRIBE_NONE, &f), 1, "one may still unsubscribe");
	is_int(subscribe_set(t, x, h, SUBSCRIBE_NONE, &f), 1, "twice is no harm");
	print_member(t, x, &b);
	is_printed(&b, arena_slicef(a, "%u:replies ", g), "one is left");
	print_group(t, h, &b);
	is_int(buf_len(&b), 0, "in both indexes");
	forum_abort(&t);
	forum_close(&forum);
	buf_free(&b);
	return done();
}
