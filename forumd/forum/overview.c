/* Overview records are laid out as the OVER line wants them (post_private.h): the hot loop is one cursor step, three
 * copies and two numbers a line, with the room for the line reserved once. */
#include "forumd/forum/overview.h"
#include "forumd/forum/author_private.h"
#include "forumd/forum/group.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/post_private.h"

/* "From: " CRLF, and the empty line behind the header */
enum { OVERVIEW_FROM_EXTRA = 10, OVERVIEW_DIGITS = 10 };
/* numbers ahead that a cursor walks to instead of searching */
enum { ENVELOPE_STEPS = 8 };

/* --- encoding --- */

static char overview_count_places(struct slice xref) {
	unsigned n = 0;
	for (size_t i = 0; i < xref.n && n < 255; i++)
		n += xref.p[i] == ' ';
	return (char)n;
}

void overview_encode(const struct overview *o, struct buf *out) {
	char lines[20];
	size_t nlines = num_format(o->lines, lines);
	char *p = buf_reserve(out, OVERVIEW_FIXED);
	memset(p, 0, OVERVIEW_FIXED);
	p[0] = OVERVIEW_VERSION;
	p[OVERVIEW_STATE] = (char)o->state;
	p[OVERVIEW_REASON] = (char)o->reason;
	p[OVERVIEW_PLACES] = overview_count_places(o->xref);
	num_put32(p + 4, o->author);
	num_put32(p + OVERVIEW_FLAGS, o->flags);
	num_put32(p + 12, o->lines);
	num_put32(p + 16, o->header_len);
	num_put32(p + 20, o->body_len);
	num_put64(p + 24, o->post);
	num_put64(p + OVERVIEW_PARENT, o->parent);
	num_put64(p + OVERVIEW_THREAD, o->thread);
	num_put64(p + OVERVIEW_MODSEQ, o->modseq);
	num_put64(p + 56, (uint64_t)o->date);
	num_put64(p + 64, (uint64_t)o->arrival);
	const size_t n[7] = {
		o->subject.n, o->date_text.n, o->message_id.n, o->references.n, o->xref.n, nlines, o->from.n,
	};
	for (int i = 0; i < 7; i++)
		num_put16(p + OVERVIEW_LENGTHS + 2 * i, (uint16_t)n[i]);
	buf_commit(out, OVERVIEW_FIXED);
	buf_add_slice(out, o->subject);
	buf_addc(out, '\t');
	buf_addc(out, '\t');
	buf_add_slice(out, o->date_text);
	buf_addc(out, '\t');
	buf_add_slice(out, o->message_id);
	buf_addc(out, '\t');
	buf_add_slice(out, o->references);
	buf_addc(out, '\t');
	buf_addc(out, '\t');
	buf_add(out, lines, nlines);
	buf_add(out, "\tXref: ", 7);
	buf_add_slice(out, o->xref);
	buf_add(out, "\r\n", 2);
	buf_add_slice(out, o->from);
}

/* where the pieces of a record are */
struct overview_cut {
	const char *a, *b, *c;
	size_t an, bn, cn;
	uint16_t n[7];
	struct slice from;
};

static inline bool overview_cut(struct slice v, struct overview_cut *c) {
	if (v.n < OVERVIEW_FIXED || v.p[0] != OVERVIEW_VERSION)
		return false;
	for (int i = 0; i < 7; i++)
		c->n[i] = num_get16(v.p + OVERVIEW_LENGTHS + 2 * i);
	c->a = v.p + OVERVIEW_FIXED;
	c->an = c->n[0] + 1u;
	c->b = c->a + c->an;
	c->bn = c->n[1] + c->n[2] + c->n[3] + 4u;
	c->c = c->b + c->bn;
	c->cn = c->n[5] + c->n[4] + 10u;
	if (v.n != OVERVIEW_FIXED + c->an + c->bn + c->cn + c->n[6])
		return false;
	c->from = slice_of(c->c + c->cn, c->n[6]);
	return true;
}

int overview_decode(uint32_t group, uint32_t number, struct slice v, struct overview *o) {
	struct overview_cut c;
	if (!overview_cut(v, &c))
		return ERR_CORRUPT;
	const char *p = v.p;
	o->group = group;
	o->number = number;
	o->author = num_get32(p + 4);
	o->flags = num_get32(p + OVERVIEW_FLAGS);
	o->lines = num_get32(p + 12);
	o->reply_group = 0;
	o->header_len = num_get32(p + 16);
	o->body_len = num_get32(p + 20);
	o->state = (enum post_state)p[OVERVIEW_STATE];
	o->reason = (enum parent_reason)p[OVERVIEW_REASON];
	o->post = num_get64(p + 24);
	o->parent = num_get64(p + OVERVIEW_PARENT);
	o->thread = num_get64(p + OVERVIEW_THREAD);
	o->modseq = num_get64(p + OVERVIEW_MODSEQ);
	o->date = (int64_t)num_get64(p + 56);
	o->arrival = (int64_t)num_get64(p + 64);
	o->subject = slice_of(c.a, c.n[0]);
	o->date_text = slice_of(c.b + 1, c.n[1]);
	o->message_id = slice_of(o->date_text.p + c.n[1] + 1, c.n[2]);
	o->references = slice_of(o->message_id.p + c.n[2] + 1, c.n[3]);
	o->xref = slice_of(c.c + 1 + c.n[5] + 7, c.n[4]);
	o->from = c.from;
	return 1;
}

int overview_store(struct forum_txn *t, const struct overview *o, struct fail *f) {
	struct key k = key_2u32('O', o->group, o->number);
	struct buf b = { 0 };
	overview_encode(o, &b);
	int r = forum_put(t, key_slice(&k), buf_slice(&b), f);
	buf_free(&b);
	return r;
}

int overview_patch(struct forum_txn *t, const struct overview_patch *p, struct fail *f) {
	struct key k = key_2u32('O', p->group, p->number);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r <= 0 || v.n < OVERVIEW_FIXED)
		return fail_internal(f, "overview %u:%u: %s", p->group, p->number, r < 0 ? err_name(r) : "absent or damaged");
	struct buf b = { 0 };
	buf_add_slice(&b, v);
	if (p->state >= 0)
		b.data[OVERVIEW_STATE] = (char)p->state;
	if (p->flags_set)
		num_put32(b.data + OVERVIEW_FLAGS, p->flags);
	if (p->tree_set) {
		b.data[OVERVIEW_REASON] = (char)p->reason;
		num_put64(b.data + OVERVIEW_PARENT, p->parent);
		num_put64(b.data + OVERVIEW_THREAD, p->thread);
	}
	if (p->modseq)
		num_put64(b.data + OVERVIEW_MODSEQ, p->modseq);
	r = forum_put(t, key_slice(&k), buf_slice(&b), f);
	buf_free(&b);
	return r;
}

int overview_xref(struct forum_txn *t, const struct place *places, size_t n, struct buf *out) {
	struct group g;
	buf_add_slice(out, t->forum->domain_slice);
	for (size_t i = 0; i < n; i++) {
		int r = group_get(t, places[i].group, &g);
		if (r <= 0)
			return r < 0 ? r : ERR_CORRUPT;
		buf_addc(out, ' ');
		buf_add_slice(out, g.name);
		buf_addc(out, ':');
		buf_addu(out, places[i].number);
	}
	return 1;
}

/* --- single records --- */

static int overview_read(struct forum_txn *t, uint32_t group, uint32_t number, bool holes, struct overview *o_r) {
	struct key k = key_2u32('O', group, number);
	struct slice v;
	struct overview_pointer p = { 0 };
	int r = forum_get(t, key_slice(&k), &v);
	if (r > 0 && overview_is_pointer(v)) {
		p = overview_pointer_of(v);
		r = holes ? overview_look_through(t, group, &v) : overview_look_at(t, group, number, &v);
	}
	if (r > 0 && (r = overview_decode(group, number, v, o_r)) > 0 && p.modseq)
		r = overview_of_pointer(t, p, o_r);
	return r;
}

int overview_get_any(struct forum_txn *t, uint32_t group, uint32_t number, struct overview *o_r) {
	return overview_read(t, group, number, true, o_r);
}

int overview_get(struct forum_txn *t, uint32_t group, uint32_t number, struct overview *o_r) {
	int r = overview_read(t, group, number, false, o_r);
	return r > 0 && o_r->state != POST_VISIBLE ? 0 : r;
}

/* --- iteration --- */

int overview_iter_begin(struct forum_txn *t, uint32_t group, uint32_t lo, uint32_t hi, struct overview_iter *it_r) {
	struct kv_cursor *c;
	*it_r = (struct overview_iter){ .t = t, .group = group, .next = lo ? lo : 1, .hi = hi };
	int r = kv_cursor_open(t->kv, &c);
	if (r >= 0)
		it_r->cursor = c;
	return r < 0 ? r : 1;
}

void overview_iter_end(struct overview_iter *it) {
	struct kv_cursor *c = it->cursor;
	if (c)
		kv_cursor_close(&c);
	it->cursor = NULL;
}

/* Records were added in order, and pages are filled from their end: the one that comes next is in front of this one. A
 * scan waits for memory more than for anything else. */
static inline void overview_prefetch(struct slice v) {
	const char *next = v.p - v.n;
	for (size_t i = 0; i < 384; i += 64)
		__builtin_prefetch(next + i);
}

/* The next record of any state: 1, 0 end, < 0. it->next moves behind it. In a write transaction there may have been
 * writes since the last call, so the cursor is placed anew. */
static inline int overview_step(struct overview_iter *it, uint32_t *number, struct slice *v) {
	struct slice key;
	int r;
	if (it->next > it->hi || it->next == 0)
		return 0;
	if (it->placed) {
		r = kv_next(it->cursor, &key, v);
	} else {
		struct key k = key_2u32('O', it->group, it->next);
		r = kv_seek(it->cursor, key_slice(&k), &key, v);
		it->placed = !it->t->write;
	}
	if (r <= 0)
		return r;
	if (key.n != 9 || key.p[0] != 'O' || num_get32(key.p + 1) != it->group)
		return 0;
	*number = num_get32(key.p + 5);
	if (*number > it->hi)
		return 0;
	it->next = *number + 1;
	return 1;
}

/* what the end of the records means for the caller who looks at it->next */
static int overview_ended(struct overview_iter *it, int r) {
	if (r == 0 && it->next <= it->hi)
		it->next = it->hi == UINT32_MAX ? 0 : it->hi + 1;
	return r;
}

int overview_iter_next(struct overview_iter *it, struct overview *o_r) {
	struct slice v;
	uint32_t number;
	int r;
	while ((r = overview_step(it, &number, &v)) > 0) {
		struct overview_pointer p = overview_is_pointer(v) ? overview_pointer_of(v) : (struct overview_pointer){ 0 };
		if (p.modseq && (r = it->all_states ? overview_look_through(it->t, it->group, &v) :
				overview_look_at(it->t, it->group, number, &v)) <= 0) {
			if (r < 0)
				return r;
			continue;
		}
		if (it->t->write)
			v = arena_slice(it->t->arena, v);
		r = overview_decode(it->group, number, v, o_r);
		if (!it->t->write)
			overview_prefetch(v);
		if (r > 0 && p.modseq)
			r = overview_of_pointer(it->t, p, o_r);
		if (r < 0 || it->all_states || o_r->state == POST_VISIBLE)
			return r;
	}
	return overview_ended(it, r);
}

static inline char *overview_put_number(char *p, uint32_t v) {
	char d[OVERVIEW_DIGITS];
	int n = 0;
	do
		d[n++] = (char)('0' + v % 10);
	while ((v /= 10));
	while (n)
		*p++ = d[--n];
	return p;
}

/* --- the state's columns: "Forum-Flags: ..." TAB "Forum-Thread: ...", each empty when there is nothing to say --- */

/* by parent_reason; the same words as parent_reason_name() */
#define OVERVIEW_BY(word) SLICE_INIT("\tForum-Thread: by=" word "\r\n")
static const struct slice overview_by[] = {
	[PARENT_NONE] = OVERVIEW_BY("none"), [PARENT_REPLY_KEY] = OVERVIEW_BY("reply-key"),
	[PARENT_IN_REPLY_TO] = OVERVIEW_BY("in-reply-to"), [PARENT_REFERENCES] = OVERVIEW_BY("references"),
	[PARENT_THREAD_INDEX] = OVERVIEW_BY("thread-index"), [PARENT_IMPORTED] = OVERVIEW_BY("imported"),
	[PARENT_MOVED] = OVERVIEW_BY("moved"),
};
static const struct slice overview_no_parent = SLICE_INIT("\t\r\n");

static inline struct slice overview_thread(uint64_t parent, unsigned reason) {
	return parent && reason < sizeof overview_by / sizeof *overview_by ? overview_by[reason] : overview_no_parent;
}

struct slice overview_flags_text(struct forum_txn *t, const struct overview *o) {
	struct post p;
	if (!(o->flags & POST_SHOWN_FLAGS) || post_get(t, o->post, &p) <= 0)
		return slice_of("", 0);
	return moderate_flags_text(t, &p);
}

/* flagged posts are few: their text costs a look at the post and its open case */
static void overview_add_flags(struct forum_txn *t, uint32_t flags, uint64_t post, struct buf *out) {
	struct overview o = { .flags = flags, .post = post };
	struct slice text = overview_flags_text(t, &o);
	buf_addc(out, '\t');
	if (text.n) {
		buf_adds(out, "Forum-Flags: ");
		buf_add_slice(out, text);
	}
}

/* the line of a record whose pieces are known */
static inline void overview_add_line(const struct overview_iter *it, uint32_t number, struct slice v,
	const struct overview_cut *c, struct buf *out) {
	struct forum_txn *t = it->t;
	uint32_t author = num_get32(v.p + 4), octets = num_get32(v.p + 16) + num_get32(v.p + 20) + OVERVIEW_FROM_EXTRA;
	struct slice by = overview_thread(num_get64(v.p + OVERVIEW_PARENT), (unsigned char)v.p[OVERVIEW_REASON]);
	uint32_t flags = num_get32(v.p + OVERVIEW_FLAGS);
	const struct author_entry *e = author_entry(t, author);
	struct slice from = e->spliced ? e->from : c->from.n ? c->from : author_from(t, author, c->from);
	char *start = buf_reserve(out, c->an + c->bn + c->cn + from.n + by.n + 2 * OVERVIEW_DIGITS + 2);
	char *p = overview_put_number(start, number);
	*p++ = '\t';
	p = mempcpy(p, c->a, c->an);
	p = mempcpy(p, from.p, from.n);
	p = mempcpy(p, c->b, c->bn);
	p = overview_put_number(p, octets + (uint32_t)from.n);
	bool several = it->xref && v.p[OVERVIEW_PLACES] != 1;
	p = mempcpy(p, c->c, several ? c->n[5] + 8u : c->cn - 2);     /* its CR LF goes behind the columns below */
	if ((flags & POST_SHOWN_FLAGS) || several) {
		buf_commit(out, (size_t)(p - start));
		if (several)
			it->xref(it->xref_arg, t, slice_of(c->c + 1 + c->n[5] + 7, c->n[4]), out);
		overview_add_flags(t, flags, num_get64(v.p + 24), out);
		buf_add_slice(out, by);
		return;
	}
	*p++ = '\t';
	p = mempcpy(p, by.p, by.n);
	buf_commit(out, (size_t)(p - start));
}

int overview_lines(struct overview_iter *it, size_t max, struct buf *out) {
	size_t stop = buf_len(out) + max;
	struct overview_cut c;
	struct slice v;
	uint32_t number;
	int r;
	while (buf_len(out) < stop) {
		if ((r = overview_step(it, &number, &v)) <= 0)
			return overview_ended(it, r);
		if (overview_is_pointer(v) && (r = overview_look_at(it->t, it->group, number, &v)) <= 0) {
			if (r < 0)
				return r;
			continue;
		}
		if (!overview_cut(v, &c))
			return ERR_CORRUPT;
		if (v.p[OVERVIEW_STATE] != POST_VISIBLE && !it->all_states)
			continue;
		overview_prefetch(v);
		overview_add_line(it, number, v, &c, out);
	}
	return it->next <= it->hi && it->next != 0;
}

void overview_line(struct forum_txn *t, const struct overview *o, struct slice xref, struct buf *out) {
	struct slice from = author_from(t, o->author, o->from);
	buf_addu(out, o->number);
	buf_addc(out, '\t');
	buf_add_slice(out, o->subject);
	buf_addc(out, '\t');
	buf_add_slice(out, from);
	const struct slice middle[3] = { o->date_text, o->message_id, o->references };
	for (int i = 0; i < 3; i++) {
		buf_addc(out, '\t');
		buf_add_slice(out, middle[i]);
	}
	buf_addc(out, '\t');
	buf_addu(out, overview_size(t, o));
	buf_addc(out, '\t');
	buf_addu(out, o->lines);
	buf_adds(out, "\tXref: ");
	buf_add_slice(out, xref);
	overview_add_flags(t, o->flags, o->post, out);
	buf_add_slice(out, overview_thread(o->parent, o->reason));
}

uint32_t overview_size(struct forum_txn *t, const struct overview *o) {
	return o->header_len + o->body_len + (uint32_t)author_from(t, o->author, o->from).n + OVERVIEW_FROM_EXTRA;
}

/* --- neighbours --- */

static bool overview_is_shown(struct forum_txn *t, uint32_t group, uint32_t number, struct slice v) {
	if (overview_is_pointer(v) && overview_look_at(t, group, number, &v) <= 0)
		return false;
	return v.n >= OVERVIEW_FIXED && v.p[OVERVIEW_STATE] == POST_VISIBLE;
}


int overview_after(struct forum_txn *t, uint32_t group, uint32_t n, uint32_t *out_r) {
	struct overview_iter it;
	struct slice v;
	if (n == UINT32_MAX)
		return 0;
	int r = overview_iter_begin(t, group, n + 1, UINT32_MAX, &it);
	if (r < 0)
		return r;
	while ((r = overview_step(&it, out_r, &v)) > 0)
		if (overview_is_shown(t, group, *out_r, v))
			break;
	overview_iter_end(&it);
	return r;
}

int overview_before(struct forum_txn *t, uint32_t group, uint32_t n, uint32_t *out_r) {
	struct kv_cursor *c;
	struct slice key, v;
	struct key k = key_2u32('O', group, n);
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	for (r = kv_seek_before(c, key_slice(&k), &key, &v); r > 0; r = kv_prev(c, &key, &v)) {
		if (key.n != 9 || !key_has_prefix(key, &k, 5)) {
			r = 0;
			break;
		}
		if (overview_is_shown(t, group, num_get32(key.p + 5), v)) {
			*out_r = num_get32(key.p + 5);
			break;
		}
	}
	kv_cursor_close(&c);
	return r;
}

/* --- envelopes --- */

void envelope_encode(const struct envelope *e, struct buf *out) {
	const struct slice s[7] = { e->before, e->from, e->sender, e->reply_to, e->after, e->structure, e->part_table };
	buf_addc(out, 1);
	for (int i = 0; i < 7; i++)
		num_add_bytes(out, s[i]);
}

int envelope_decode(struct slice v, struct envelope *e) {
	struct slice *s[7] = { &e->before, &e->from, &e->sender, &e->reply_to, &e->after, &e->structure, &e->part_table };
	if (v.n == 0 || v.p[0] != 1)
		return ERR_CORRUPT;
	v = slice_from(v, 1);
	for (int i = 0; i < 7; i++)
		if (!num_take_bytes(&v, s[i]))
			return ERR_CORRUPT;
	return 1;
}

int envelope_get(struct forum_txn *t, uint32_t group, uint32_t number, struct envelope *e_r) {
	struct key k = key_2u32('E', group, number);
	struct slice v;
	struct place at;
	struct post p;
	int r = forum_get(t, key_slice(&k), &v);
	if (r != 0)
		return r > 0 ? envelope_decode(v, e_r) : r;
	if ((r = overview_follow(t, group, number, &at)) > 0 && at.number) {
		k = key_2u32('E', at.group, at.number);
		r = forum_get(t, key_slice(&k), &v);
	} else if (r > 0 && (r = post_by_number(t, group, number, &p)) > 0) {
		struct slice part[2];
		if ((r = overview_pending(t, p.id, part)) > 0)
			v = part[1];
	}
	return r > 0 ? envelope_decode(v, e_r) : r;
}

void envelope_iter_begin(struct forum_txn *t, uint32_t group, struct envelope_iter *it_r) {
	*it_r = (struct envelope_iter){ .t = t, .group = group };
}

void envelope_iter_end(struct envelope_iter *it) {
	struct kv_cursor *c = it->cursor;
	if (c)
		kv_cursor_close(&c);
	it->cursor = NULL;
}

/* the cursor is now at it->at with its value; UINT32_MAX behind the group's last */
static int envelope_iter_place(struct envelope_iter *it, int r, struct slice key) {
	if (r < 0)
		return r;
	if (r > 0)
		overview_prefetch(it->value);
	bool inside = r > 0 && key.n == 9 && key.p[0] == 'E' && num_get32(key.p + 1) == it->group;
	it->at = inside ? num_get32(key.p + 5) : UINT32_MAX;
	return 1;
}

int envelope_iter_get(struct envelope_iter *it, uint32_t number, struct envelope *e_r) {
	struct kv_cursor *c = it->cursor;
	struct slice key;
	int r = 1;
	if (it->t->write)
		return envelope_get(it->t, it->group, number, e_r);
	if (c && it->at < number && number - it->at <= ENVELOPE_STEPS) {
		while (r > 0 && it->at < number)
			r = envelope_iter_place(it, kv_next(c, &key, &it->value), key);
	} else if (!c || it->at != number) {
		struct key k = key_2u32('E', it->group, number);
		if (!c && (r = kv_cursor_open(it->t->kv, &c)) < 0)
			return r;
		it->cursor = c;
		r = envelope_iter_place(it, kv_seek(c, key_slice(&k), &key, &it->value), key);
	}
	if (r < 0)
		return r;
	return it->at == number ? envelope_decode(it->value, e_r) : envelope_get(it->t, it->group, number, e_r);
}

void envelope_write(struct forum_txn *t, uint32_t author, const struct envelope *e, struct buf *out) {
	struct slice from = author_envelope(t, author, e->from);
	/* what was typed as the sender of a spliced author would give the address away */
	bool hide = author_is_spliced(t, author);
	buf_addc(out, '(');
	buf_add_slice(out, e->before);
	buf_addc(out, ' ');
	buf_add_slice(out, from);
	buf_addc(out, ' ');
	buf_add_slice(out, hide || e->sender.n == 0 ? from : e->sender);
	buf_addc(out, ' ');
	buf_add_slice(out, e->reply_to.n == 0 ? from : e->reply_to);
	buf_addc(out, ' ');
	buf_add_slice(out, e->after);
	buf_addc(out, ')');
}
