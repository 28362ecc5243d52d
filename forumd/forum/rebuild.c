/* Check and rebuild walk the posts by id in steps, then the groups: *cursor is a post id, or REBUILD_GROUPS + the id of
 * the last group done. A group is done in one step.
 *
 * Rebuild begins by dropping the tree (T, C, W, w) and places every post again in order of arrival: a post without its
 * T record is not in the tree (thread.c), so what comes later is found later, as when it arrived. Parents that were set
 * by a reply key, an importer or a moderator are kept, and so are the modseqs, but for posts whose parent came after
 * them: these change again as they did then. */
#include <stdlib.h>
#include "forumd/forum/rebuild.h"
#include "forumd/base/digest.h"
#include "forumd/base/text.h"
#include "forumd/forum/rebuild_private.h"
#include "forumd/forum/replace.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/search.h"
#include "forumd/forum/thread.h"

#define REBUILD_GROUPS ((uint64_t)1 << 63)

/* the next post or group: 1 with its number in *id_r, 0 none */
static int rebuild_next(struct forum_txn *t, const struct key *from, size_t prefix, uint64_t *id_r) {
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(from), &key, &v);
	kv_cursor_close(&c);
	if (r <= 0 || !key_has_prefix(key, from, prefix))
		return r < 0 ? r : 0;
	/* a text whose head is lost names its post as well */
	if (key.n != from->n && !(from->b[0] == KEY_POST && key.n == from->n + 4))
		return ERR_CORRUPT;
	*id_r = from->n == 9 ? num_get64(key.p + 1) : num_get32(key.p + 1);
	return 1;
}

static int rebuild_next_post(struct forum_txn *t, uint64_t after, uint64_t *id_r) {
	struct key k = key_1u64(KEY_POST, after + 1);
	return rebuild_next(t, &k, 1, id_r);
}

static int rebuild_next_group(struct forum_txn *t, uint32_t after, uint64_t *id_r) {
	struct key k = key_1u32('G', after + 1);
	return after == UINT32_MAX ? 0 : rebuild_next(t, &k, 1, id_r);
}

/* whole header without From, then the body, into *text */
static int rebuild_text(struct forum_txn *t, const struct post *p, struct buf *text) {
	const uint32_t n[2] = { p->from_off, p->header_len - p->from_off };
	int r = p->from_off > p->header_len ? ERR_CORRUPT : 1;
	/* what was read before may be whole in memory although the disk is not */
	post_forget_texts(t, p->id);
	for (unsigned i = 0; i < 2 && r > 0; i++) {
		if ((r = post_piece_inflate(t, p, i, buf_reserve(text, n[i]), n[i])) > 0)
			buf_commit(text, n[i]);
	}
	return r > 0 ? post_body(t, p, 0, p->body_len, text) : r;
}

/* --- check --- */

void rebuild_fault(struct rebuild_checker *c, const char *fmt, ...) {
	struct buf b = { 0 };
	va_list ap;
	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	c->result->faults++;
	if (c->report && c->report(c->arg, buf_bytes(&b)))
		c->stop = true;
	buf_free(&b);
}

static void rebuild_check_text(struct rebuild_checker *c, const struct post *p) {
	struct buf text = { 0 };
	bool erased = p->state == POST_DELETED && p->header_z1 + p->header_z2 + p->body_z == 0;
	int r = erased ? 1 : rebuild_text(c->t, p, &text);
	if (r < 0)
		rebuild_fault(c, "post %llu: text cannot be read: %s", (unsigned long long)p->id, err_name(r));
	else if (!erased && digest_crc(0, buf_slice(&text)) != p->crc)
		rebuild_fault(c, "post %llu: text differs from its checksum", (unsigned long long)p->id);
	buf_free(&text);
}

static void rebuild_check_place(struct rebuild_checker *c, const struct post *p, struct place at) {
	struct overview o;
	struct envelope e;
	unsigned long long id = p->id;
	int r = overview_get_any(c->t, at.group, at.number, &o);
	if (r <= 0) {
		rebuild_fault(c, "post %llu: overview %u:%u is %s", id, at.group, at.number, r < 0 ? "damaged" : "missing");
		return;
	}
	if (o.post != p->id || o.state != p->state || o.author != p->author || o.flags != p->flags ||
			o.header_len != p->header_len || o.body_len != p->body_len || !slice_eq(o.message_id, p->message_id))
		rebuild_fault(c, "post %llu: overview %u:%u tells something else", id, at.group, at.number);
	if (o.parent != p->parent || o.thread != p->thread || o.reason != p->reason)
		rebuild_fault(c, "post %llu: overview %u:%u has another parent or thread", id, at.group, at.number);
	if (p->header_len && envelope_get(c->t, at.group, at.number, &e) <= 0)
		rebuild_fault(c, "post %llu: envelope %u:%u is missing", id, at.group, at.number);
}

static void rebuild_check_tree(struct rebuild_checker *c, const struct post *p) {
	unsigned long long id = p->id;
	struct key k = key_2u64('T', p->thread, p->id);
	struct slice v;
	if (kv_get(c->t->kv, key_slice(&k), &v) <= 0 || v.n != 8 || num_get64(v.p) != p->parent)
		rebuild_fault(c, "post %llu: is not in its thread", id);
	if (!p->parent)
		return;
	k = key_2u64('C', p->parent, p->id);
	if (kv_get(c->t->kv, key_slice(&k), &v) <= 0)
		rebuild_fault(c, "post %llu: its parent does not know it", id);
	k = key_1u64(KEY_POST, p->parent);
	if (kv_get(c->t->kv, key_slice(&k), &v) <= 0 || v.n < POST_FIXED)
		rebuild_fault(c, "post %llu: its parent is missing", id);
	else if (num_get64(v.p + POST_THREAD) != p->thread)
		rebuild_fault(c, "post %llu: its parent is in another thread", id);
}

static void rebuild_check_post(struct rebuild_checker *c, uint64_t id) {
	struct post p;
	uint64_t found = 0;
	int r = post_get(c->t, id, &p);
	if (r <= 0) {
		rebuild_fault(c, "post %llu: head record is damaged", (unsigned long long)id);
		return;
	}
	c->result->posts++;
	rebuild_check_text(c, &p);
	if (!(p.flags & POST_OWN) && (post_id_by_msgid(c->t, p.message_id, &found) <= 0 || found != id))
		rebuild_fault(c, "post %llu: its Message-ID leads elsewhere", (unsigned long long)id);
	rebuild_check_pointers(c, id);
	bool numbered = false;
	for (size_t i = 0; i < p.nplaces; i++)
		if (p.places[i].number) {
			rebuild_check_place(c, &p, p.places[i]);
			numbered = true;
		}
	if (numbered)
		rebuild_check_tree(c, &p);
	else if (p.state == POST_VISIBLE)
		rebuild_fault(c, "post %llu: visible without a number", (unsigned long long)id);
}

/* the numbers of 1..high that no visible overview record has; faults of records that belong to no post */
static int rebuild_true_holes(struct forum_txn *t, const struct group *g, struct rebuild_checker *c,
	struct range_set *holes) {
	struct overview_iter it;
	struct overview o;
	struct post p;
	int r = overview_iter_begin(t, g->id, 1, UINT32_MAX, &it);
	if (r < 0)
		return r;
	it.all_states = true;
	if (g->high)
		range_set_add(holes, 1, g->high);
	while ((r = overview_iter_next(&it, &o)) > 0) {
		if (o.state == POST_VISIBLE)
			range_set_del(holes, o.number, o.number);
		if (c && (post_get(t, o.post, &p) <= 0 || post_number_in(&p, g->id) != o.number))
			rebuild_fault(c, "overview %u:%u belongs to no post", g->id, o.number);
		if (c && o.number > g->high)
			rebuild_fault(c, "overview %u:%u is above the group's last number", g->id, o.number);
	}
	overview_iter_end(&it);
	return r;
}

void rebuild_check_counts(struct rebuild_checker *c, const struct group *g, const struct range_set *holes) {
	uint32_t gone = (uint32_t)range_set_count(holes);
	if (g->count != g->high - gone)
		rebuild_fault(c, "group %u: count is %u, should be %u", g->id, g->count, g->high - gone);
	bool starts = holes->n && holes->v[0].lo == 1;
	uint32_t low = starts ? holes->v[0].hi + 1 : 1;
	if (g->low != low)
		rebuild_fault(c, "group %u: low is %u, should be %u", g->id, g->low, low);
}

static int rebuild_check_group(struct rebuild_checker *c, uint32_t id) {
	struct group g;
	struct range_set want = { 0 }, have = { 0 };
	int r = group_get(c->t, id, &g);
	if (r <= 0) {
		rebuild_fault(c, "group %u: record is damaged", id);
		return 1;
	}
	if (g.owner)
		return rebuild_check_box(c, &g);
	if ((r = rebuild_true_holes(c->t, &g, c, &want)) >= 0 && (r = group_holes(c->t, id, &have)) >= 0) {
		if (want.n != have.n || (want.n && memcmp(want.v, have.v, want.n * sizeof *want.v) != 0))
			rebuild_fault(c, "group %u: its holes are wrong", id);
		rebuild_check_counts(c, &g, &want);
	}
	range_set_free(&want);
	range_set_free(&have);
	return r < 0 ? r : 1;
}

int rebuild_check(struct forum_txn *t, uint64_t *cursor, unsigned max, rebuild_report report, void *arg,
	struct rebuild_result *r) {
	struct rebuild_checker c = { .t = t, .report = report, .arg = arg, .result = r };
	uint64_t id;
	int found = 1;
	for (unsigned i = 0; i < max && *cursor < REBUILD_GROUPS && !c.stop; i++) {
		if ((found = rebuild_next_post(t, *cursor, &id)) < 0)
			return found;
		if (found > 0)
			rebuild_check_post(&c, id);
		*cursor = found > 0 ? id : REBUILD_GROUPS;
	}
	if (c.stop || *cursor < REBUILD_GROUPS || found == 0)
		return !c.stop;
	found = rebuild_next_group(t, (uint32_t)*cursor, &id);
	if (found > 0 && (found = rebuild_check_group(&c, (uint32_t)id)) > 0)
		*cursor = REBUILD_GROUPS + id;
	return found > 0 ? !c.stop : found;
}

/* --- rebuild --- */

static int rebuild_drop(struct forum_txn *t, char family) {
	struct kv_cursor *c;
	struct slice key, v;
	struct key at;
	int r;
	key_begin(&at, family);
	do {
		if ((r = kv_cursor_open(t->kv, &c)) < 0)
			return r;
		r = kv_seek(c, key_slice(&at), &key, &v);
		bool found = r > 0 && key_has_prefix(key, &at, 1) && key.n <= sizeof at.b;
		if (found)
			memcpy(at.b, key.p, at.n = key.n);
		kv_cursor_close(&c);
		if (r < 0 || !found)
			return r < 0 ? r : 1;
		r = forum_del(t, key_slice(&at), NULL);
	} while (r >= 0);
	return r;
}

static int rebuild_begin(struct forum_txn *t, struct fail *f) {
	static const char tree[4] = { 'T', 'C', 'W', 'w' };
	int r = 1;
	for (int i = 0; i < 4 && r >= 0; i++)
		r = rebuild_drop(t, tree[i]);
	if (r >= 0)
		r = search_drop_all(t);
	return r < 0 ? fail_set(f, (enum err)r, "the old index cannot be dropped now") : 1;
}

/* A parent that came later than its child (edits, "under <link>") is not in the tree yet: the child waits for it, in M
 * "rebuild-under:PARENT:CHILD" -> reason u8. */
static struct key rebuild_under_key(struct forum_txn *t, uint64_t parent, uint64_t child) {
	return child ? key_name('M',
					   arena_slicef(t->arena, "rebuild-under:%016llx:%016llx", (unsigned long long)parent,
						   (unsigned long long)child))
				 : key_name('M', arena_slicef(t->arena, "rebuild-under:%016llx:", (unsigned long long)parent));
}

static int rebuild_wait_for(struct forum_txn *t, uint64_t parent, uint64_t child, enum parent_reason reason) {
	struct key k = rebuild_under_key(t, parent, child);
	char v = (char)reason;
	return forum_put(t, key_slice(&k), slice_of(&v, 1), NULL);
}

/* those who waited for this post, and the answers to what it replaced */
static int rebuild_come_home(struct forum_txn *t, const struct post *p) {
	struct key prefix = rebuild_under_key(t, p->id, 0);
	struct kv_cursor *c;
	struct slice key, v;
	struct post old;
	uint64_t child;
	int r = p->supersedes && post_get(t, p->supersedes, &old) > 0 ? replace_adopt(t, p, &old) : 1;
	while (r >= 0 && (r = kv_cursor_open(t->kv, &c)) > 0) {
		struct fail ignored = { 0 };
		struct key found = { 0 };
		r = kv_seek(c, key_slice(&prefix), &key, &v);
		bool have = r > 0 && key_has_prefix(key, &prefix, prefix.n) && key.n == prefix.n + 16 && v.n == 1;
		enum parent_reason reason = have ? (enum parent_reason)v.p[0] : PARENT_NONE;
		if (have)
			found = key_name('M', slice_from(key, 1));
		kv_cursor_close(&c);
		if (!have)
			break;
		child = strtoull(arena_printf(t->arena, "%.16s", found.b + prefix.n), NULL, 16);
		if ((r = kv_del(t->kv, key_slice(&found))) >= 0 &&
			(r = thread_set_parent(t, child, p->id, reason, &ignored)) == ERR_INVALID)
			r = 1;
	}
	return r < 0 ? r : 1;
}

static int rebuild_tree(struct forum_txn *t, struct post *p) {
	bool proven = p->reason != PARENT_IN_REPLY_TO && p->reason != PARENT_REFERENCES;
	struct thread_place_in in = {
		.post = p->id, .places = p->places, .nplaces = p->nplaces, .message_id = p->message_id,
		.in_reply_to = p->in_reply_to, .references = p->references,
		.reply_to = proven ? p->parent : 0, .reply_reason = p->reason,
	};
	struct thread_place_out out;
	int r = proven && p->parent > p->id ? rebuild_wait_for(t, p->parent, p->id, p->reason) : 1;
	if (r >= 0)
		r = thread_place(t, &in, &out);
	if (r > 0) {
		if (p->parent != out.parent)
			rights_locks_changed();
		p->parent = out.parent;
		p->thread = out.thread;
		p->reason = out.reason;
	}
	return r;
}

static int rebuild_place(struct forum_txn *t, const struct post *p, struct place at, struct overview *o,
	const struct envelope *e, struct fail *f) {
	struct overview old;
	struct group g;
	int r = overview_get_any(t, at.group, at.number, &old);
	if (r <= 0 || old.post != p->id) {
		if ((r = group_get(t, at.group, &g)) <= 0)
			return fail_internal(f, "group %u: %s", at.group, r < 0 ? err_name(r) : "absent");
		old.modseq = g.modseq;
	}
	o->group = at.group;
	o->number = at.number;
	o->modseq = old.modseq;
	if ((r = overview_store(t, o, f)) < 0)
		return r;
	return p->header_len ? envelope_store(t, at, e, f) : 1;
}

static int rebuild_store(struct forum_txn *t, struct post *p, const struct post_draft *d, struct fail *f) {
	struct overview o;
	struct envelope e;
	struct buf xref = { 0 };
	unsigned char digest[16];
	struct key k;
	char v[8];
	digest_id(p->message_id, digest);
	key_begin(&k, 'I');
	key_bytes(&k, slice_of(digest, 16));
	num_put64(v, p->id);
	int r = p->flags & POST_OWN ? 1 : forum_put(t, key_slice(&k), slice_of(v, 8), f);
	if (r < 0 || p->nplaces == 0 || p->places[0].number == 0)
		return r < 0 ? r : post_store(t, p, f);    /* pending: N is the truth */
	if ((r = rebuild_tree(t, p)) < 0)
		return fail_set(f, (enum err)r, "post %llu cannot be placed now", (unsigned long long)p->id);
	if ((r = post_store(t, p, f)) < 0)
		return r;
	post_derive(t, d, p, &o, &e);
	o.parent = p->parent;
	o.thread = p->thread;
	o.reason = p->reason;
	if ((r = overview_xref(t, p->places, p->nplaces, &xref)) < 0)
		fail_internal(f, "groups of post %llu: %s", (unsigned long long)p->id, err_name(r));
	o.xref = buf_slice(&xref);
	for (size_t i = 0; i < p->nplaces && r > 0; i++)
		if ((r = rebuild_place(t, p, p->places[i], &o, &e, f)) > 0 && p->header_len && !(p->flags & POST_OWN) &&
				(r = search_add(t, p->places[i].group, p->places[i].number, p->author, d->terms)) < 0)
			fail_set(f, (enum err)r, "post %llu cannot be indexed now", (unsigned long long)p->id);
	buf_free(&xref);
	if (r > 0 && (r = rebuild_come_home(t, p)) < 0)
		fail_set(f, (enum err)r, "answers to post %llu cannot be placed now", (unsigned long long)p->id);
	return r;
}

int rebuild_parse_text(struct forum_txn *t, const struct post *p, rebuild_parse parse, void *arg,
	struct post_draft *d) {
	struct buf text = { 0 }, header = { 0 };
	int r = rebuild_text(t, p, &text);
	if (r > 0) {
		struct slice s = buf_slice(&text);
		buf_add_slice(&header, slice_to(s, p->from_off));
		buf_adds(&header, "From: ");
		buf_add_slice(&header, p->from);
		buf_adds(&header, "\r\n");
		buf_add_slice(&header, slice_sub(s, p->from_off, p->header_len - p->from_off));
		struct slice body = arena_slice(t->arena, slice_from(s, p->header_len));
		r = parse(arg, t->arena, arena_slice(t->arena, buf_slice(&header)), body, d);
		d->flags |= text_is_ascii(slice_to(s, p->header_len)) ? POST_HEADER_ASCII : 0;
	}
	buf_free(&text);
	buf_free(&header);
	return r;
}

static int rebuild_post(struct forum_txn *t, uint64_t id, rebuild_parse parse, void *arg, struct rebuild_result *result,
	struct fail *f) {
	struct post_draft d = { 0 };
	struct post p;
	int r = post_get(t, id, &p);
	if (r <= 0) {
		result->faults++;
		return 1;    /* nothing to derive from */
	}
	result->posts++;
	bool erased = p.header_z1 + p.header_z2 + p.body_z == 0;
	r = erased ? 1 : rebuild_parse_text(t, &p, parse, arg, &d);
	if (r < 0) {
		result->faults++;
		bool unreadable = r == ERR_CORRUPT || r == ERR_SYNTAX || r == ERR_INVALID;
		return unreadable ? 1 : fail_set(f, (enum err)r, "post %llu cannot be read", (unsigned long long)id);
	}
	if (erased)
		d.ov_references = p.references;
	else
		p.flags = (p.flags & ~(uint32_t)POST_HEADER_ASCII) | (d.flags & POST_HEADER_ASCII);
	return rebuild_store(t, &p, &d, f);
}

static int rebuild_group(struct forum_txn *t, uint32_t id, struct rebuild_result *result, struct fail *f) {
	struct rebuild_result seen = { 0 };
	struct rebuild_checker c = { .t = t, .result = &seen };
	struct range_set holes = { 0 };
	struct group g;
	int r = rebuild_check_group(&c, id);
	if (r > 0 && seen.faults && (r = group_get(t, id, &g)) > 0) {
		result->repaired++;
		if ((r = rebuild_true_holes(t, &g, NULL, &holes)) >= 0)
			r = group_replace_holes(t, id, &holes);
	}
	range_set_free(&holes);
	return r < 0 ? fail_set(f, (enum err)r, "group %u cannot be counted now", id) : 1;
}

int rebuild_step(struct forum_txn *t, uint64_t *cursor, unsigned max, rebuild_parse parse, void *arg,
	struct rebuild_result *r, struct fail *f) {
	uint64_t id;
	int found = 1, done;
	if (*cursor == 0 && (done = rebuild_begin(t, f)) < 0)
		return done;
	for (unsigned i = 0; i < max && *cursor < REBUILD_GROUPS; i++) {
		if ((found = rebuild_next_post(t, *cursor, &id)) < 0)
			return fail_internal(f, "rebuild: %s", err_name(found));
		if (found > 0 && (done = rebuild_post(t, id, parse, arg, r, f)) < 0)
			return done;
		*cursor = found > 0 ? id : REBUILD_GROUPS;
	}
	if (*cursor < REBUILD_GROUPS || found == 0)
		return 1;
	if ((found = rebuild_next_group(t, (uint32_t)*cursor, &id)) <= 0)
		return found < 0 ? fail_internal(f, "rebuild: %s", err_name(found)) : 0;
	if ((done = rebuild_group(t, (uint32_t)id, r, f)) < 0)
		return done;
	*cursor = REBUILD_GROUPS + id;
	return 1;
}
