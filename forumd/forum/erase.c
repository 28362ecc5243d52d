/* erase.c - M "erasing:" author u32 -> the post looked at last u64, posts that could not be erased u32; M "clearing:" group u32 -> number u32 that is next in
 * a box whose owner is gone. A piece is one pass over some heads: there is no
 * index by author, and erasing is rare. Each head is decoded in a passing arena. */
#include "forumd/forum/erase.h"
#include "forumd/base/log.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/group.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/post.h"
#include "forumd/forum/withdrawn.h"

#define ERASE_HEADS 2000       /* looked at in one piece: some milliseconds */
#define ERASE_POSTS 25         /* erased in one, and as many entries of boxes */

struct erase_place { uint64_t at; uint32_t damaged; };

static struct key erase_key(uint32_t author) {
	struct key k = key_name('M', SLICE("erasing:"));
	key_u32(&k, author);
	return k;
}

static int erase_put(struct forum_txn *t, uint32_t author, const struct erase_place *e, struct fail *f) {
	struct key k = erase_key(author);
	char v[12];
	num_put64(v, e->at);
	num_put32(v + 8, e->damaged);
	return forum_put(t, key_slice(&k), slice_of(v, sizeof v), f);
}

/* 1, 0 it is not noted, < 0; until 2026-11-27 there was no number of damaged ones */
static int erase_get(struct forum_txn *t, uint32_t author, struct erase_place *e_r) {
	struct key k = erase_key(author);
	struct slice v;
	int r = forum_get(t, key_slice(&k), &v);
	if (r <= 0)
		return r;
	if (v.n != 8 && v.n != 12)
		return ERR_CORRUPT;
	*e_r = (struct erase_place){ .at = num_get64(v.p), .damaged = v.n == 12 ? num_get32(v.p + 8) : 0 };
	return 1;
}

int erase_begin(struct forum_txn *t, uint32_t author, struct fail *f) {
	return erase_put(t, author, &(struct erase_place){ 0 }, f);
}

/* the first key from this one on that begins with the same n octets: 1, 0, < 0 */
static int erase_seek(struct forum_txn *t, const struct key *from, size_t n, struct key *found_r) {
	struct kv_cursor *c;
	struct slice key;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(from), &key, NULL);
	bool found = r > 0 && key_has_prefix(key, from, n);
	if (found)
		memcpy(found_r->b, key.p, found_r->n = key.n);
	kv_cursor_close(&c);
	return r < 0 ? r : found;
}

/* the first that is noted: 1, 0, < 0 */
static int erase_first(struct forum_txn *t, uint32_t *author_r) {
	struct key from = key_name('M', SLICE("erasing:")), found;
	int r = erase_seek(t, &from, from.n, &found);
	if (r <= 0 || found.n != from.n + 4)
		return r < 0 ? r : 0;
	*author_r = num_get32(found.b + from.n);
	return 1;
}

/* ---- boxes of members who are gone ---- */

static int clear_put(struct forum_txn *t, uint32_t group, uint32_t next, struct fail *f) {
	struct key k = key_name('M', SLICE("clearing:"));
	char v[4];
	key_u32(&k, group);
	num_put32(v, next);
	return forum_put(t, key_slice(&k), slice_of(v, sizeof v), f);
}

int erase_box(struct forum_txn *t, const struct group *g, struct fail *f) {
	return g->high ? clear_put(t, g->id, 1, f) : 1;
}

/* the first box that is noted: 1, 0, < 0 */
static int clear_first(struct forum_txn *t, struct key *k_r) {
	struct key from = key_name('M', SLICE("clearing:"));
	int r = erase_seek(t, &from, from.n, k_r);
	return r > 0 && k_r->n != from.n + 4 ? ERR_CORRUPT : r;
}

/* One entry of a box, all of it or nothing; one that is damaged is passed over: 1 there may be more, 0 none, < 0 */
static int clear_one(struct forum_txn *t, const struct group *g, uint32_t *next, struct fail *f) {
	struct forum_txn *child;
	struct fail why = { 0 };
	int r = forum_write_begin(forum_of(t), t, &child, f);
	if (r < 0)
		return r;
	int more = personal_clear(child, g, next, 1, &why);
	if (more >= 0)
		return (r = forum_commit(&child, f)) < 0 ? r : more;
	forum_abort(&child);
	if (more == ERR_UNAVAILABLE) {
		*f = why;
		return more;
	}
	log_error("forum", "an entry of a removed member's box cannot be erased group=%u number=%u why=\"%s\"", g->id,
		*next - 1, why.code ? why.text : err_name((enum err)more));
	return *next <= g->high;
}

int erase_boxes(struct forum_txn *t, struct fail *f) {
	struct key k;
	struct slice v;
	struct group g;
	int r = 1;
	for (unsigned n = 0; n < ERASE_POSTS && (r = clear_first(t, &k)) > 0;) {
		uint32_t id = num_get32(k.b + k.n - 4);
		if ((r = forum_get(t, key_slice(&k), &v)) <= 0 || v.n != 4)
			return r < 0 ? r : ERR_CORRUPT;
		uint32_t next = num_get32(v.p);
		int more = group_get(t, id, &g);
		while (more > 0 && n++ < ERASE_POSTS)
			more = clear_one(t, &g, &next, f);
		r = more < 0 ? more : more > 0 ? clear_put(t, id, next, f) : forum_del(t, key_slice(&k), f);
		if (r < 0)
			return r;
	}
	return r;
}

int erase_waits(struct forum_txn *t) {
	uint32_t author;
	struct key box;
	int r = clear_first(t, &box);
	return r ? r : erase_first(t, &author);
}

/* one post, all of it or nothing: 1, 0 it is damaged, < 0 the store takes nothing now */
static int erase_one(struct forum_txn *t, uint64_t id, struct fail *f) {
	struct forum_txn *child;
	struct fail why = { 0 };
	int r = forum_write_begin(forum_of(t), t, &child, f);
	if (r < 0)
		return r;
	r = post_erase(child, id, &why);
	if (r >= 0)
		return forum_commit(&child, f);
	forum_abort(&child);
	if (r == ERR_UNAVAILABLE) {
		*f = why;
		return r;
	}
	log_error("forum", "a post of an erased member cannot be erased post=%llu why=\"%s\"", (unsigned long long)id,
		why.text);
	return 0;
}

/* The cancels of his posts stay: who fetches here must learn that those are gone. */
static bool erase_is_his(const struct post *p, uint32_t author, uint32_t told) {
	return p->author == author && !((p->flags & POST_AUTO) && told && post_number_in(p, told));
}

/* the id of the next head: 1, 0 no more, < 0 */
static int erase_next(struct forum_txn *t, uint64_t *id) {
	struct key from = key_1u64(KEY_POST, *id + 1), found;
	int r = erase_seek(t, &from, 1, &found);
	if (r <= 0 || found.n < 9)
		return r < 0 ? r : 0;
	*id = num_get64(found.b + 1);
	return 1;
}

/* 1 it is to be erased, 0 it is not, ERR_CORRUPT nobody can tell, < 0 */
static int erase_look(struct forum_txn *t, struct arena *passing, uint32_t author, uint32_t told, uint64_t id) {
	struct arena *keep = t->arena;
	struct post p;
	t->arena = passing;
	int r = post_get(t, id, &p);
	t->arena = keep;
	bool his = r > 0 && erase_is_his(&p, author, told);
	arena_reset(passing);
	if (r == ERR_CORRUPT)
		log_error("forum", "whose post this is cannot be read, and so not whether it is to be erased post=%llu",
			(unsigned long long)id);
	return r < 0 ? r : his;
}

/* from e->at on: 1 there is more, 0 no more, < 0 */
static int erase_stretch(struct forum_txn *t, uint32_t author, struct erase_place *e, struct fail *f) {
	struct arena *passing = arena_new();
	struct group cancels;
	unsigned erased = 0;
	int r = group_find(t, WITHDRAWN_GROUP, &cancels);
	uint32_t told = r > 0 ? cancels.id : 0;
	int more = r < 0 ? 0 : 1;
	for (unsigned n = 0; r >= 0 && n < ERASE_HEADS && erased < ERASE_POSTS && (r = more = erase_next(t, &e->at)) > 0;
		n++) {
		r = erase_look(t, passing, author, told, e->at);
		erased += r > 0;
		bool damaged = r == ERR_CORRUPT || (r > 0 && (r = erase_one(t, e->at, f)) == 0);
		e->damaged += damaged;
		r = damaged ? 0 : r;
	}
	arena_free(&passing);
	return r < 0 && !f->code ? fail_internal(f, "erasing posts of member %u: %s", author, err_name((enum err)r))
		: r < 0             ? r
							: more;
}

int erase_more(struct forum_txn *t, uint32_t author, uint32_t *damaged_r, struct fail *f) {
	struct erase_place e = { 0 };
	int r = erase_boxes(t, f);
	if (r)
		return r < 0 && !f->code ? fail_internal(f, "boxes of removed members: %s", err_name((enum err)r)) : r;
	r = author ? 1 : erase_first(t, &author);
	if (r > 0)
		r = erase_get(t, author, &e);
	if (r < 0)
		return fail_internal(f, "whom to erase, %u: %s", author, err_name((enum err)r));
	if (r == 0)
		return 0;
	if ((r = erase_stretch(t, author, &e, f)) < 0)
		return r;
	if (damaged_r)
		*damaged_r = e.damaged;
	if (r > 0)
		return erase_put(t, author, &e, f);
	if (e.damaged)
		log_error("forum", "posts of an erased member are erased, but not all member=%u damaged=%u", author, e.damaged);
	else
		log_info("forum", "all posts of an erased member are erased member=%u", author);
	struct key k = erase_key(author);
	return forum_del(t, key_slice(&k), f) < 0 ? (int)f->code : 0;
}
