/* control.cancel before its access changes: what its readers may not know goes, also when it comes back meanwhile */
#include <stdio.h>
#include "forumd/forum/group.h"
#include "forumd/forum/overview.h"
#include "gateways/common/cancel_text.h"
#include "tests/unit/forum/fixture.h"

#define POSTS 60

static struct forum *forum;
static uint32_t closed, cancels;

static void setup(uint64_t *ids) {
	struct forum_txn *t = fixture_write(forum);
	struct fail f = { 0 };
	char id[30];
	uint32_t alice = fixture_member(t, "Alice", "alice@example.org"), open = fixture_group(t, "test.open");
	closed = fixture_group(t, "test.closed");
	cancels = fixture_group(t, "control.cancel");
	if (group_set(t, closed, SLICE("access"), SLICE("members"), &f) < 0 ||
		group_set(t, cancels, SLICE("access"), SLICE("members"), &f) < 0)
		bail("access: %s", f.text);
	for (unsigned i = 0; i < 2 * POSTS; i++) {
		snprintf(id, sizeof id, "<p%u@x>", i);
		ids[i] = fixture_post_by(t, alice, i < POSTS ? closed : open, id, NULL);
		is_int(post_set_state(t, ids[i], POST_DELETED, &f), 1, "post %u is deleted", i);
	}
	fixture_commit(&t);
}

static unsigned shown(struct forum_txn *t) {
	unsigned n = 0;
	for (uint32_t at = 0; overview_after(t, cancels, at, &at) > 0;)
		n++;
	return n;
}

static void again(uint64_t id) {
	struct forum_txn *t = fixture_write(forum);
	struct fail f = { 0 };
	if (post_set_state(t, id, POST_VISIBLE, &f) < 0 || post_set_state(t, id, POST_DELETED, &f) < 0)
		bail("again: %s", f.text);
	fixture_commit(&t);
}

int main(void) {
	struct cancel_review at = { 0 };
	struct fail f = { 0 };
	struct group g;
	uint64_t ids[2 * POSTS];
	unsigned pieces = 0;
	forum = fixture_open("cancels");
	withdrawn_start(cancel_text_draft, cancel_text_id);
	setup(ids);
	struct forum_txn *t = fixture_read(forum);
	is_int(shown(t), 2 * POSTS, "a message for each");
	is_int(group_get(t, cancels, &g), 1, "the group");
	forum_read_end(&t);
	for (int more = 1; more > 0; pieces++) {
		t = fixture_write(forum);
		more = cancel_review(t, &g, GROUP_PUBLIC, &at, &f);
		ok(more >= 0, "a piece: %s", f.text);
		if (more == 0)
			is_int(shown(t), POSTS, "with the last piece all of the closed group are gone");
		fixture_commit(&t);
		if (pieces == 1)
			again(ids[3]);      /* looked at in the first piece */
	}
	ok(pieces > 2, "in pieces (%u)", pieces);
	t = fixture_write(forum);
	at = (struct cancel_review){ 0 };
	is_int(cancel_review(t, &g, GROUP_PRIVATE, &at, &f), 0, "closing it takes nothing away");
	is_int(shown(t), POSTS, "all are there");
	forum_abort(&t);
	forum_close(&forum);
	return done();
}
