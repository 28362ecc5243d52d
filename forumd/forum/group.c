/* The group record has its numbers at fixed places, so that the changes every post makes (number, count, modseq) are
 * patches of a copy on the stack and one put.
 *
 *   0 version  1 kind  2 access  3 posting  4 unproven  5 bits (1 moderated, 2 removed)  6 box (own boxes)  7 spam hold
 *   8 low u32  12 high u32  16 count u32  20 uidvalidity u32  24 created i64  32 creator u32  36 modseq u64
 *  44 varint-counted name, varint-counted title
 *
 * Invariants: count = number of 1..high that are not holes; low = the smallest of them, high + 1 when there is none.
 * Holes are kept in H blocks of 16,384 numbers; a block without holes has no record. */
#include "forumd/forum/group.h"
#include "forumd/base/text.h"
#include "forumd/forum/forum_private.h"

enum {
	GROUP_VERSION = 1, GROUP_FIXED = 44, GROUP_NAME_MAX = 200, GROUP_TITLE_MAX = 1000,
	GROUP_MODERATED = 1, GROUP_REMOVED = 2,
	GROUP_LOW = 8, GROUP_HIGH = 12, GROUP_COUNT = 16, GROUP_MODSEQ = 36,
	HOLE_SHIFT = 14, SPAM_HOLD_MIN = 50, SPAM_HOLD_MAX = 99,
};

static const char *const group_kinds[] = { "forum", "blog", "announce", "project", "committee" };
static const char *const group_accesses[] = { "public", "members", "private" };
static const char *const group_postings[] = { "members", "moderators", "nobody" };
static const char *const group_unprovens[] = { "hold", "refuse" };
#define GROUP_NAMED(table, i) ((size_t)(i) < sizeof(table) / sizeof *(table) ? (table)[i] : "?")

static int group_parse_word(const char *const *table, size_t n, struct slice s) {
	for (size_t i = 0; i < n; i++)
		if (slice_is(s, table[i]))
			return (int)i;
	return ERR_INVALID;
}
#define GROUP_PARSE(table, s) group_parse_word(table, sizeof(table) / sizeof *(table), s)

const char *group_kind_name(enum group_kind k) { return GROUP_NAMED(group_kinds, k); }
int group_kind_parse(struct slice s) { return GROUP_PARSE(group_kinds, s); }
const char *group_access_name(enum group_access a) { return GROUP_NAMED(group_accesses, a); }
int group_access_parse(struct slice s) { return GROUP_PARSE(group_accesses, s); }
const char *group_posting_name(enum group_posting p) { return GROUP_NAMED(group_postings, p); }
int group_posting_parse(struct slice s) { return GROUP_PARSE(group_postings, s); }

bool group_name_valid(struct slice name) {
	if (name.n == 0 || name.n > GROUP_NAME_MAX)
		return false;
	char before = '.';
	for (size_t i = 0; i < name.n; i++) {
		char c = name.p[i];
		bool letter = (c >= 'a' && c <= 'z') || text_digit(c) || c == '+' || c == '_';
		if (!letter && !(c == '-' && before != '.') && !(c == '.' && before != '.'))
			return false;
		before = c;
	}
	return before != '.';
}

char group_status_letter(const struct group *g) {
	if (g->posting == GROUP_POST_NOBODY)
		return 'n';
	return g->moderated ? 'm' : 'y';
}

static int group_decode(struct slice v, uint32_t id, struct group *g) {
	if (v.n < GROUP_FIXED || v.p[0] != GROUP_VERSION)
		return ERR_CORRUPT;
	const char *p = v.p;
	*g = (struct group){
		.id = id, .kind = (enum group_kind)p[1], .access = (enum group_access)p[2], .posting = (enum group_posting)p[3],
		.unproven = (enum group_unproven)p[4], .moderated = p[5] & GROUP_MODERATED, .removed = p[5] & GROUP_REMOVED,
		.spam_hold = (unsigned char)p[7],
		.low = num_get32(p + GROUP_LOW), .high = num_get32(p + GROUP_HIGH), .count = num_get32(p + GROUP_COUNT),
		.uidvalidity = num_get32(p + 20), .created = (int64_t)num_get64(p + 24), .creator = num_get32(p + 32),
		.modseq = num_get64(p + GROUP_MODSEQ),
	};
	if (g->access == GROUP_OWN) {
		g->owner = g->creator;
		g->box = (unsigned char)p[6];
	}
	struct slice rest = slice_from(v, GROUP_FIXED);
	return num_take_bytes(&rest, &g->name) && num_take_bytes(&rest, &g->title) ? 1 : ERR_CORRUPT;
}

static int group_store(struct forum_txn *t, const struct group *g, struct fail *f) {
	struct buf b = { 0 };
	char *p = buf_reserve(&b, GROUP_FIXED);
	memset(p, 0, GROUP_FIXED);
	p[0] = GROUP_VERSION;
	p[1] = (char)g->kind;
	p[2] = (char)g->access;
	p[3] = (char)g->posting;
	p[4] = (char)g->unproven;
	p[5] = (char)((g->moderated ? GROUP_MODERATED : 0) | (g->removed ? GROUP_REMOVED : 0));
	p[6] = (char)g->box;
	p[7] = (char)g->spam_hold;
	num_put32(p + GROUP_LOW, g->low);
	num_put32(p + GROUP_HIGH, g->high);
	num_put32(p + GROUP_COUNT, g->count);
	num_put32(p + 20, g->uidvalidity);
	num_put64(p + 24, (uint64_t)g->created);
	num_put32(p + 32, g->creator);
	num_put64(p + GROUP_MODSEQ, g->modseq);
	buf_commit(&b, GROUP_FIXED);
	num_add_bytes(&b, g->name);
	num_add_bytes(&b, g->title);
	struct key k = key_1u32('G', g->id);
	int r = forum_put(t, key_slice(&k), buf_slice(&b), f);
	buf_free(&b);
	return r;
}

int group_get(struct forum_txn *t, uint32_t id, struct group *g_r) {
	struct key k = key_1u32('G', id);
	struct slice v;
	int r = id ? forum_get(t, key_slice(&k), &v) : 0;
	return r > 0 ? group_decode(v, id, g_r) : r;
}

int group_find_any(struct forum_txn *t, struct slice name, struct group *g_r) {
	if (!group_name_valid(name))
		return 0;
	struct key k = key_name('g', name);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r > 0)
		r = v.n == 4 ? group_get(t, num_get32(v.p), g_r) : ERR_CORRUPT;
	return r;
}

int group_find(struct forum_txn *t, struct slice name, struct group *g_r) {
	int r = group_find_any(t, name, g_r);
	return r > 0 && g_r->removed ? 0 : r;
}

int group_each(struct forum_txn *t, struct slice *cursor, struct group *g_r) {
	struct kv_cursor *c;
	struct slice key, v;
	struct key k = key_name('g', *cursor);
	if (cursor->n)
		key_u8(&k, 0);    /* the first name behind it */
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	for (r = kv_seek(c, key_slice(&k), &key, &v); r > 0; r = kv_next(c, &key, &v)) {
		if (!key_has_prefix(key, &k, 1)) {
			r = 0;
			break;
		}
		r = v.n == 4 ? group_get(t, num_get32(v.p), g_r) : ERR_CORRUPT;
		if (r < 0 || (r > 0 && !g_r->removed))
			break;
	}
	kv_cursor_close(&c);
	if (r > 0)
		*cursor = g_r->name;
	return r;
}

uint32_t group_total(struct forum_txn *t) {
	struct slice v;
	return forum_meta_get(t, "groups", &v) > 0 && v.n == 4 ? num_get32(v.p) : 0;
}

static int group_total_add(struct forum_txn *t, int n) {
	char b[4];
	num_put32(b, group_total(t) + (uint32_t)n);
	return forum_meta_put(t, "groups", slice_of(b, 4));
}

static int group_told(struct forum_txn *t, uint32_t id, int r) {
	if (r > 0)
		forum_change_add(t, (struct change){ .kind = CHANGE_GROUP, .group = id });
	return r > 0 ? forum_rights_changed(t) : r;
}

/* a member's own box: nobody else need look */
static int group_told_owner(struct forum_txn *t, const struct group *g, int r) {
	if (r > 0)
		forum_change_add(t,
			(struct change){ .kind = CHANGE_GROUP, .group = g->id, .member = g->owner ? g->owner : g->creator });
	return r;
}

static int group_new_id(struct forum_txn *t, struct slice name, uint32_t *id_r, struct fail *f) {
	int64_t id = forum_next_id(t, "group");
	if (id < 0)
		return fail_set(f, (enum err)id, "the store cannot take writes now, try again later");
	char b[4];
	num_put32(b, *id_r = (uint32_t)id);
	struct key k = key_name('g', name);
	return forum_put(t, key_slice(&k), slice_of(b, 4), f);
}

const char *group_name_reserved(struct slice name) {
	static const struct { const char *word; bool first, alone; const char *why; } rules[] = {
		{ "poster", true, true, "in Followup-To it means \"answer by mail\"" },
		{ "junk", true, true, "news servers keep there what they have no group for" },
		{ "example", true, false, "example.* stands in manuals and standards for names of groups" },
		{ "to", true, false, "to.* is for test messages between two servers" },
		{ "control", true, true, "control.* is for messages of servers; only control.cancel is of use here" },
		{ "all", false, false, "the component \"all\" means every group to some news servers" },
		{ "ctl", false, false, "the component \"ctl\" means control messages to some news servers" },
	};
	struct slice rest = name, component;
	for (bool first = true; slice_split(&rest, '.', &component); first = false)
		for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
			if (slice_is(component, rules[i].word) && (first || !rules[i].first) &&
				(!rules[i].alone || component.n == name.n))
				return rules[i].why;
	return NULL;
}

/* X of X.aside: what a moderator takes aside in X goes there. 1, 0 there is no such group, < 0 */
static int group_aside_base(struct forum_txn *t, struct slice name, struct group *base_r) {
	const struct slice aside = SLICE(".aside");
	return slice_ends(name, aside) ? group_find(t, slice_to(name, name.n - aside.n), base_r) : 0;
}

int group_aside(struct forum_txn *t, const struct group *g, struct group *aside_r) {
	return group_find(t, arena_slicef(t->arena, "%.*s.aside", SLICE_ARG(g->name)), aside_r);
}

/* What was taken aside in a group is never open to more people than the group is: X.aside is not opened further than X
 * (this function), and is closed with it (the next one). */
static int group_aside_may(struct forum_txn *t, const struct group *g, struct fail *f) {
	struct group base;
	int r = group_aside_base(t, g->name, &base);
	if (r < 0)
		return fail_internal(f, "group %.*s: %s", SLICE_ARG(g->name), err_name(r));
	return r == 0 || g->access >= base.access ? 1 :
		fail_set(f, ERR_INVALID, "%.*s cannot be %s while %.*s is %s: what is taken aside there comes here",
			SLICE_ARG(g->name), group_access_name(g->access), SLICE_ARG(base.name), group_access_name(base.access));
}

static int group_close_aside(struct forum_txn *t, uint32_t id, struct fail *f) {
	struct group g, aside;
	int r;
	while ((r = group_get(t, id, &g)) > 0 && (r = group_aside(t, &g, &aside)) > 0 && aside.access < g.access) {
		aside.access = g.access;
		if ((r = group_told(t, id = aside.id, group_store(t, &aside, f))) <= 0)
			return r;
	}
	return r < 0 ? fail_internal(f, "group %u: %s", id, err_name(r)) : 1;
}

int group_add(struct forum_txn *t, const struct group_spec *s, uint32_t *id_r, struct fail *f) {
	struct group g;
	if (!group_name_valid(s->name))
		return fail_set(f, ERR_INVALID, "a group name has components of a-z 0-9 + _ - joined by dots");
	const char *why = group_name_reserved(s->name);
	if (why && group_aside_base(t, s->name, &g) <= 0)
		return fail_set(f, ERR_INVALID, "no group can have the name %.*s: %s (RFC 5536 3.1.4)", SLICE_ARG(s->name), why);
	if (s->title.n > GROUP_TITLE_MAX)
		return fail_set(f, ERR_TOOBIG, "the title is longer than %d octets", GROUP_TITLE_MAX);
	int r = group_find_any(t, s->name, &g);
	if (r < 0)
		return fail_internal(f, "group %.*s: %s", SLICE_ARG(s->name), err_name(r));
	if (r > 0 && !g.removed)
		return fail_set(f, ERR_EXISTS, "there is a group of that name already");
	if (r == 0) {
		uint32_t created = forum_time(t) > 0 ? (uint32_t)forum_time(t) : 1;
		g = (struct group){ .low = 1, .uidvalidity = created, .created = forum_time(t), .modseq = 1 };
		if ((r = group_new_id(t, s->name, &g.id, f)) < 0)
			return r;
	}
	g.removed = false;
	g.name = s->name;
	g.title = s->title;
	g.kind = s->kind;
	g.access = s->access;
	g.posting = slice_starts(s->name, SLICE("control.")) ? GROUP_POST_NOBODY
														 : s->posting; /* RFC 5536 3.1.4: for the server's use */
	g.moderated = s->moderated;
	if ((r = group_aside_may(t, &g, f)) < 0 || (r = group_store(t, &g, f)) < 0 || (r = group_total_add(t, 1)) < 0 ||
	    (r = group_close_aside(t, g.id, f)) < 0)
		return r;
	*id_r = g.id;
	return group_told(t, g.id, 1);
}

int group_add_owned(struct forum_txn *t, struct slice name, struct slice title, uint32_t owner, unsigned box,
	uint32_t uidvalidity, uint32_t *id_r) {
	int64_t id = forum_next_id(t, "group");
	if (id < 0)
		return (int)id;
	uint32_t created = forum_time(t) > 0 ? (uint32_t)forum_time(t) : 1;
	struct group g = {
		.id = (uint32_t)id,
		.low = 1,
		.uidvalidity = uidvalidity ? uidvalidity : created,
		.created = forum_time(t),
		.modseq = 1,
		.creator = owner,
		.access = GROUP_OWN,
		.box = box,
		.name = name,
		.title = title,
	};
	int r = group_store(t, &g, NULL);
	if (r > 0)
		*id_r = g.id;
	return group_told_owner(t, &g, r);
}

int group_set_owned(struct forum_txn *t, uint32_t id, struct slice title, bool removed) {
	struct group g;
	int r = group_get(t, id, &g);
	if (r <= 0 || !g.owner)
		return r < 0 ? r : ERR_NOTFOUND;
	g.title = title.p ? title : g.title;
	g.removed = removed;
	return group_told_owner(t, &g, group_store(t, &g, NULL));
}

static int group_set_word(struct group *g, struct slice key, struct slice value) {
	int v;
	if (slice_is(key, "moderated")) {
		if (!slice_is(value, "on") && !slice_is(value, "off"))
			return ERR_INVALID;
		g->moderated = slice_is(value, "on");
	} else if (slice_is(key, "posting")) {
		if ((v = group_posting_parse(value)) < 0)
			return v;
		g->posting = (enum group_posting)v;
	} else if (slice_is(key, "access")) {
		if ((v = group_access_parse(value)) < 0)
			return v;
		g->access = (enum group_access)v;
	} else if (slice_is(key, "kind")) {
		if ((v = group_kind_parse(value)) < 0)
			return v;
		g->kind = (enum group_kind)v;
	} else if (slice_is(key, "unproven")) {
		if ((v = GROUP_PARSE(group_unprovens, value)) < 0)
			return v;
		g->unproven = (enum group_unproven)v;
	} else if (slice_is(key, "spam-hold")) {
		uint64_t n = 0;
		if (!slice_is(value, "off") && (!num_parse_u64(value, &n) || n < SPAM_HOLD_MIN || n > SPAM_HOLD_MAX))
			return ERR_INVALID;
		g->spam_hold = (unsigned)n;
	} else if (slice_is(key, "title")) {
		if (value.n > GROUP_TITLE_MAX)
			return ERR_TOOBIG;
		g->title = value;
	} else {
		return ERR_SYNTAX;
	}
	return 1;
}

static int group_load(struct forum_txn *t, uint32_t id, struct group *g, struct fail *f) {
	int r = group_get(t, id, g);
	if (r < 0)
		return fail_internal(f, "group %u: %s", id, err_name(r));
	return r > 0 && !g->removed ? 1 : fail_set(f, ERR_NOTFOUND, "no such group");
}

int group_set(struct forum_txn *t, uint32_t id, struct slice key, struct slice value, struct fail *f) {
	struct group g;
	int r = group_load(t, id, &g, f);
	if (r < 0)
		return r;
	r = group_set_word(&g, key, value);
	if (r == ERR_SYNTAX)
		return fail_set(f, ERR_INVALID, "a group has no setting of that name");
	if (r < 0)
		return fail_set(f, (enum err)r, "that is no value for this setting");
	if ((r = group_aside_may(t, &g, f)) < 0 || (r = group_told(t, id, group_store(t, &g, f))) <= 0)
		return r;
	return group_close_aside(t, id, f);
}

int group_remove(struct forum_txn *t, uint32_t id, struct fail *f) {
	struct group g;
	int r = group_load(t, id, &g, f);
	if (r < 0)
		return r;
	g.removed = true;
	if ((r = group_store(t, &g, f)) < 0 || (r = group_total_add(t, -1)) < 0)
		return r;
	return group_told(t, id, 1);
}

/* --- patches: the fixed fields of a copy --- */

struct group_patch {
	struct key key;
	size_t n;
	char b[GROUP_FIXED + GROUP_NAME_MAX + GROUP_TITLE_MAX + 16];
};

static int group_patch_begin(struct forum_txn *t, uint32_t group, struct group_patch *p) {
	struct slice v;
	p->key = key_1u32('G', group);
	int r = kv_get(t->kv, key_slice(&p->key), &v);
	if (r <= 0)
		return r < 0 ? r : ERR_NOTFOUND;
	if (v.n < GROUP_FIXED || v.n > sizeof p->b || v.p[0] != GROUP_VERSION)
		return ERR_CORRUPT;
	memcpy(p->b, v.p, p->n = v.n);
	return 1;
}

static int group_patch_end(struct forum_txn *t, const struct group_patch *p) {
	return forum_put(t, key_slice(&p->key), slice_of(p->b, p->n), NULL);
}

static int64_t group_patch_bump(struct forum_txn *t, struct group_patch *p, struct change c) {
	char v[5];
	uint64_t modseq = num_get64(p->b + GROUP_MODSEQ) + 1;
	num_put64(p->b + GROUP_MODSEQ, modseq);
	int r = group_patch_end(t, p);
	if (r < 0)
		return r;
	if (c.kind > CHANGE_BACK)
		return (int64_t)modseq;
	struct key k = key_u32u64('X', c.group, modseq);
	num_put32(v, c.number);
	v[4] = (char)c.kind;
	if ((r = forum_put(t, key_slice(&k), slice_of(v, 5), NULL)) < 0)
		return r;
	c.modseq = modseq;
	c.last = c.number;
	forum_change_add(t, c);
	return (int64_t)modseq;
}

int64_t group_bump(struct forum_txn *t, uint32_t group, uint32_t number, enum change_kind kind, uint64_t post) {
	struct group_patch p;
	int r = group_patch_begin(t, group, &p);
	if (r < 0)
		return r;
	return group_patch_bump(t, &p, (struct change){ .kind = kind, .group = group, .number = number, .post = post });
}

int64_t group_new_number(struct forum_txn *t, uint32_t group, uint64_t post, uint32_t *number_r) {
	struct group_patch p;
	int r = group_patch_begin(t, group, &p);
	if (r < 0)
		return r;
	uint32_t high = num_get32(p.b + GROUP_HIGH), count = num_get32(p.b + GROUP_COUNT);
	if (high == UINT32_MAX)
		return ERR_LIMIT;
	*number_r = ++high;
	num_put32(p.b + GROUP_HIGH, high);
	num_put32(p.b + GROUP_COUNT, count + 1);
	if (count == 0)
		num_put32(p.b + GROUP_LOW, high);
	return group_patch_bump(t, &p, (struct change){ .kind = CHANGE_NEW, .group = group, .number = high, .post = post });
}

/* --- holes --- */

static int group_hole_block(struct forum_txn *t, uint32_t group, uint32_t block, struct range_set *s) {
	struct key k = key_2u32('H', group, block);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	return r > 0 ? range_set_decode(s, &v) : r;
}

static int group_put_hole_block(struct forum_txn *t, uint32_t group, uint32_t block, const struct range_set *s) {
	struct key k = key_2u32('H', group, block);
	if (s->n == 0) {
		int r = forum_del(t, key_slice(&k), NULL);
		return r < 0 ? r : 1;
	}
	struct buf b = { 0 };
	range_set_encode(s, &b);
	int r = forum_put(t, key_slice(&k), buf_slice(&b), NULL);
	buf_free(&b);
	return r;
}

/* smallest number >= from that is no hole, at most high + 1 */
static int group_first_visible(struct forum_txn *t, uint32_t group, uint32_t from, uint32_t high, uint32_t *out) {
	struct range_set s = { 0 };
	int r = 1;
	while (from <= high) {
		range_set_clear(&s);
		if ((r = group_hole_block(t, group, from >> HOLE_SHIFT, &s)) < 0)
			break;
		size_t i = 0;
		while (i < s.n && s.v[i].hi < from)
			i++;
		if (i == s.n || s.v[i].lo > from)
			break;
		from = s.v[i].hi + 1;
		if (from & ((1u << HOLE_SHIFT) - 1))
			break;    /* runs do not touch: this one is no hole, and it is in the same block */
	}
	range_set_free(&s);
	*out = from > high ? high + 1 : from;
	return r < 0 ? r : 1;
}

static int group_hole_edit(struct forum_txn *t, uint32_t group, uint32_t number, bool hole) {
	struct range_set s = { 0 };
	int r = group_hole_block(t, group, number >> HOLE_SHIFT, &s);
	if (r >= 0 && range_set_has(&s, number) == hole) {
		range_set_free(&s);
		return 0;
	}
	if (r >= 0) {
		if (hole)
			range_set_add(&s, number, number);
		else
			range_set_del(&s, number, number);
		r = group_put_hole_block(t, group, number >> HOLE_SHIFT, &s);
	}
	range_set_free(&s);
	return r;
}

int group_is_hole(struct forum_txn *t, uint32_t group, uint32_t number) {
	struct range_set s = { 0 };
	int r = group_hole_block(t, group, number >> HOLE_SHIFT, &s);
	r = r < 0 ? r : range_set_has(&s, number);
	range_set_free(&s);
	return r;
}

int group_set_hole(struct forum_txn *t, uint32_t group, uint32_t number, bool hole) {
	struct group_patch p;
	int r = group_hole_edit(t, group, number, hole);
	if (r <= 0)
		return r;
	if ((r = group_patch_begin(t, group, &p)) < 0)
		return r;
	uint32_t low = num_get32(p.b + GROUP_LOW), high = num_get32(p.b + GROUP_HIGH), count = num_get32(p.b + GROUP_COUNT);
	count += hole ? (uint32_t)-1 : 1;
	if (count == 0)
		low = high + 1;
	else if (!hole)
		low = number < low ? number : low;
	else if (number == low && (r = group_first_visible(t, group, number + 1, high, &low)) < 0)
		return r;
	num_put32(p.b + GROUP_LOW, low);
	num_put32(p.b + GROUP_COUNT, count);
	return group_patch_end(t, &p);
}

int group_skip_to(struct forum_txn *t, uint32_t group, uint32_t high) {
	struct group_patch p;
	struct range_set s = { 0 };
	int r = group_patch_begin(t, group, &p);
	if (r < 0)
		return r;
	uint32_t from = num_get32(p.b + GROUP_HIGH) + 1;
	if (high < from)
		return 0;
	for (uint32_t block = from >> HOLE_SHIFT; block <= high >> HOLE_SHIFT; block++) {
		uint32_t lo = block << HOLE_SHIFT, hi = lo + (1u << HOLE_SHIFT) - 1;
		range_set_clear(&s);
		if ((r = group_hole_block(t, group, block, &s)) < 0)
			break;
		range_set_add(&s, lo < from ? from : lo, hi > high ? high : hi);
		if ((r = group_put_hole_block(t, group, block, &s)) < 0)
			break;
	}
	range_set_free(&s);
	if (r < 0)
		return r;
	num_put32(p.b + GROUP_HIGH, high);
	if (num_get32(p.b + GROUP_COUNT) == 0)
		num_put32(p.b + GROUP_LOW, high + 1);
	return group_patch_end(t, &p);
}

int group_holes(struct forum_txn *t, uint32_t group, struct range_set *holes_r) {
	struct key k = key_2u32('H', group, 0);
	struct kv_cursor *c;
	struct slice key, v;
	struct range_set s = { 0 };
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	for (r = kv_seek(c, key_slice(&k), &key, &v); r > 0 && key_has_prefix(key, &k, 5); r = kv_next(c, &key, &v)) {
		range_set_clear(&s);
		if ((r = range_set_decode(&s, &v)) < 0)
			break;
		for (size_t i = 0; i < s.n; i++)
			range_set_add(holes_r, s.v[i].lo, s.v[i].hi);
	}
	range_set_free(&s);
	kv_cursor_close(&c);
	return r < 0 ? r : 1;
}

int group_replace_holes(struct forum_txn *t, uint32_t group, const struct range_set *holes) {
	struct group g;
	struct range_set s = { 0 };
	int r = group_get(t, group, &g);
	if (r <= 0)
		return r < 0 ? r : ERR_NOTFOUND;
	size_t i = 0;
	for (uint32_t block = 0; block <= g.high >> HOLE_SHIFT && r > 0; block++) {
		uint32_t lo = block << HOLE_SHIFT, hi = lo + (1u << HOLE_SHIFT) - 1;
		range_set_clear(&s);
		while (i < holes->n && holes->v[i].hi < lo)
			i++;
		for (size_t j = i; j < holes->n && holes->v[j].lo <= hi; j++)
			range_set_add(&s, holes->v[j].lo > lo ? holes->v[j].lo : lo, holes->v[j].hi < hi ? holes->v[j].hi : hi);
		r = group_put_hole_block(t, group, block, &s);
	}
	range_set_free(&s);
	if (r < 0)
		return r;
	uint64_t n = range_set_rank(holes, g.high);
	g.count = g.high - (uint32_t)n;
	if ((r = group_first_visible(t, group, 1, g.high, &g.low)) < 0)
		return r;
	return group_store(t, &g, NULL);
}
