/* R subject, serial -> time, post, message id, text: the entries of one subject. The subject is the post once there is
 * one, before that the message id. Mostly the head of the post and the index of ids tie the two. An id that is not the
 * post's own (a command by mail about it) is tied by R subject, 0 -> subject, written in both directions by the first
 * entry that names both. r time, serial -> subject is the order of expiry; of a tie it has one octet more.
 *
 * "posted as" is not stored: the post tells when it came and where it is. */
#include "forumd/base/digest.h"
#include "forumd/base/text.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/post_private.h"

#define TRACE_TEXT_MAX 1000
#define TRACE_VERSION 1
#define TRACE_KEPT (30 * 86400)
#define TRACE_DROP 3             /* old ones for each new one: more than come in, so they go in time */

/* of cursors: "posted as" was told */
#define TRACE_TOLD ((uint64_t)1 << 63)

struct trace_subject { size_t n; char b[17]; };

static struct trace_subject trace_of_post(uint64_t post) {
	struct trace_subject s = { .n = 9, .b = "p" };
	num_put64(s.b + 1, post);
	return s;
}

static struct trace_subject trace_of_id(struct slice message_id) {
	struct trace_subject s = { .n = 17, .b = "m" };
	unsigned char d[16];
	digest_id(message_id, d);
	memcpy(s.b + 1, d, sizeof d);
	return s;
}

/* a stored subject; `more`: octets that follow it */
static bool trace_subject_take(struct slice v, size_t more, struct trace_subject *s_r) {
	size_t n = v.n && v.p[0] == 'p' ? 9 : 17;
	if (v.n != n + more)
		return false;
	s_r->n = n;
	memcpy(s_r->b, v.p, n);
	return true;
}

static struct slice trace_slice(const struct trace_subject *s) {
	return slice_of(s->b, s->n);
}

static struct key trace_key(const struct trace_subject *s, uint64_t serial) {
	struct key k = key_name('R', trace_slice(s));
	key_u64(&k, serial);
	return k;
}

/* an entry or a tie under s, with what will remove it */
static int trace_put(struct forum_txn *t, const struct trace_subject *s, uint64_t serial, bool tie,
	struct slice value) {
	struct key k = trace_key(s, tie ? 0 : serial), expiry = key_2u64('r', (uint64_t)t->time, serial);
	char subject[18] = { 0 };
	memcpy(subject, s->b, s->n);
	int r = forum_put(t, key_slice(&k), value, NULL);
	return r < 0 ? r : forum_put(t, key_slice(&expiry), slice_of(subject, s->n + tie), NULL);
}

static int trace_tie(struct forum_txn *t, const struct trace_subject *from, const struct trace_subject *to) {
	struct key k = trace_key(from, 0);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r != 0)
		return r;
	int64_t serial = forum_next_id(t, "trace");
	return serial < 0 ? (int)serial : trace_put(t, from, (uint64_t)serial, true, trace_slice(to));
}

/* 1 when the index of ids leads from the id to the post and its head back */
static int trace_is_own_id(struct forum_txn *t, uint64_t post, struct slice message_id) {
	uint64_t id = 0;
	int r = post_id_by_msgid(t, message_id, &id);
	return r < 0 ? r : r && id == post;
}

/* one line: what a smarthost or a mail said may hold anything */
static void trace_clean(struct buf *b, size_t max) {
	buf_truncate(b, buf_len(b) < max ? buf_len(b) : max);
	char *p = buf_bytes(b);
	for (size_t i = 0; i < buf_len(b); i++)
		if (text_control(p[i]))
			p[i] = ' ';
}

int trace_add(struct forum_txn *t, uint64_t post, struct slice message_id, const char *fmt, ...) {
	struct trace_subject of_post = trace_of_post(post), of_id = trace_of_id(message_id);
	struct buf text = { 0 }, value = { 0 };
	va_list ap;
	int r = 1;
	if (!post && !message_id.n)
		return ERR_INVALID;
	if (post && message_id.n && (r = trace_is_own_id(t, post, message_id)) == 0 &&
	    (r = trace_tie(t, &of_post, &of_id)) >= 0)
		r = trace_tie(t, &of_id, &of_post);
	int64_t serial = r < 0 ? r : forum_next_id(t, "trace");
	if (serial < 0)
		return (int)serial;
	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	trace_clean(&text, TRACE_TEXT_MAX);
	num_add_varint(&value, TRACE_VERSION);
	num_add_varint(&value, (uint64_t)t->time);
	num_add_varint(&value, post);
	num_add_bytes(&value, slice_to(message_id, TRACE_TEXT_MAX));
	num_add_bytes(&value, buf_slice(&text));
	r = trace_put(t, post ? &of_post : &of_id, (uint64_t)serial, false, buf_slice(&value));
	if (r > 0)
		trace_expire(t, t->time - TRACE_KEPT, TRACE_DROP);
	buf_free(&text);
	buf_free(&value);
	return r;
}

static int trace_decode(struct slice in, struct trace *e) {
	uint64_t version, time;
	if (!num_take_varint(&in, &version) || version != TRACE_VERSION || !num_take_varint(&in, &time) ||
	    !num_take_varint(&in, &e->post) || !num_take_bytes(&in, &e->message_id) || !num_take_bytes(&in, &e->text))
		return ERR_CORRUPT;
	e->time = (int64_t)time;
	return 1;
}

/* the first entry under s with a serial > after */
static int trace_seek(struct forum_txn *t, const struct trace_subject *s, uint64_t after, uint64_t *serial_r,
	struct slice *v_r) {
	struct key from = trace_key(s, after + 1);
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&from), &key, &v);
	if (r > 0 && key_has_prefix(key, &from, 1 + s->n) && key.n == from.n) {
		*serial_r = num_get64(key.p + 1 + s->n);
		*v_r = t->write ? arena_slice(t->arena, v) : v;
	} else if (r > 0) {
		r = 0;
	}
	kv_cursor_close(&c);
	return r;
}

/* the other name of the subject; 1, 0, < 0 */
static int trace_other(struct forum_txn *t, const struct trace_subject *s, struct trace_subject *other_r) {
	struct key k = trace_key(s, 0);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	return r > 0 && !trace_subject_take(v, 0, other_r) ? ERR_CORRUPT : r;
}

/* the names of what is asked for; those not given are looked up */
struct trace_names { struct trace_subject v[4]; size_t n; struct post post; /* its id is 0 when there is none */ };

static void trace_name_add(struct trace_names *names, struct trace_subject s) {
	for (size_t i = 0; i < names->n; i++)
		if (slice_eq(trace_slice(&names->v[i]), trace_slice(&s)))
			return;
	names->v[names->n++] = s;
}

static int trace_names(struct forum_txn *t, uint64_t post, struct slice message_id, struct trace_names *names) {
	struct trace_subject other;
	*names = (struct trace_names){ 0 };
	int r = post ? post_get(t, post, &names->post) : message_id.n ? post_by_msgid(t, message_id, &names->post) : 0;
	if (r <= 0)
		names->post.id = 0;
	if (post)
		trace_name_add(names, trace_of_post(post));
	if (message_id.n)
		trace_name_add(names, trace_of_id(message_id));
	if (r > 0 && !post)
		trace_name_add(names, trace_of_post(names->post.id));
	if (r > 0 && !message_id.n)
		trace_name_add(names, trace_of_id(names->post.message_id));
	if (r >= 0 && (!post || !message_id.n) && (r = trace_other(t, &names->v[0], &other)) > 0)
		trace_name_add(names, other);
	return r < 0 ? r : 1;
}

/* the next entry of any name; 1, 0, < 0 */
static int trace_first(struct forum_txn *t, const struct trace_names *names, uint64_t *cursor, struct trace *e_r) {
	struct slice v, best = { 0 };
	uint64_t serial, least = UINT64_MAX;
	int r = 0;
	for (size_t i = 0; i < names->n && r >= 0; i++)
		if ((r = trace_seek(t, &names->v[i], *cursor, &serial, &v)) > 0 && serial < least)
			least = serial, best = v;
	if (r < 0 || least == UINT64_MAX)
		return r < 0 ? r : 0;
	*cursor = least;
	return trace_decode(best, e_r);
}

/* What the post itself tells, unless it waited for approval: then an entry says when it was published. 1, 0, < 0 */
static int trace_posted(struct forum_txn *t, const struct trace_names *names, struct trace *e_r) {
	const struct post *p = &names->post;
	struct trace_names own = { .v = { trace_of_post(p->id) }, .n = 1 };
	uint64_t cursor = 0;
	struct trace e;
	struct buf b = { 0 };
	int r;
	if (!p->id || p->source == POST_FROM_IMPORT || (p->flags & POST_OWN) || !p->nplaces || !p->places[0].number)
		return 0;
	while ((r = trace_first(t, &own, &cursor, &e)) > 0)
		if (slice_starts(e.text, SLICE("waits for approval")) || slice_starts(e.text, SLICE("posted as")))
			return 0;
	for (size_t i = 0; i < p->nplaces; i++)
		buf_addf(&b, "%s%u:%u", i ? ", " : "posted as ", p->places[i].group, p->places[i].number);
	*e_r = (struct trace){
		.time = p->arrival, .post = p->id, .message_id = p->message_id, .text = arena_slice(t->arena, buf_slice(&b)),
	};
	buf_free(&b);
	return r < 0 ? r : 1;
}

int trace_next(struct forum_txn *t, uint64_t post, struct slice message_id, uint64_t *cursor, struct trace *e_r) {
	struct trace_names names;
	uint64_t at = *cursor & ~TRACE_TOLD, next = at;
	struct trace posted;
	int told = *cursor & TRACE_TOLD ? 0 : 1, r = trace_names(t, post, message_id, &names);
	if (r < 0 || (told && (told = trace_posted(t, &names, &posted)) < 0))
		return r < 0 ? r : told;
	r = trace_first(t, &names, &next, e_r);
	/* what came before the post was there, like its way through the mail, has an earlier time or none of its post */
	if (r >= 0 && told && (r == 0 || e_r->post == names.post.id || e_r->time > posted.time)) {
		*e_r = posted;
		*cursor = at | TRACE_TOLD;
		return 1;
	}
	if (r > 0)
		*cursor = next | (*cursor & TRACE_TOLD);
	return r;
}

int trace_expire(struct forum_txn *t, int64_t before, unsigned max) {
	struct kv_cursor *c;
	struct slice key, v;
	struct key first;
	unsigned dropped = 0;
	key_begin(&first, 'r');
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	while (dropped < max && (r = kv_seek(c, key_slice(&first), &key, &v)) > 0 && key_has_prefix(key, &first, 1)) {
		struct key expiry = key_name('r', slice_from(key, 1));
		struct trace_subject s;
		bool tie = false;
		if (key.n != 17 || (!trace_subject_take(v, 0, &s) && !(tie = trace_subject_take(v, 1, &s)))) {
			r = ERR_CORRUPT;
			break;
		}
		if ((int64_t)num_get64(key.p + 1) >= before)
			break;
		struct key k = trace_key(&s, tie ? 0 : num_get64(key.p + 9));
		if ((r = kv_del(t->kv, key_slice(&k))) < 0 || (r = kv_del(t->kv, key_slice(&expiry))) < 0)
			break;
		dropped++;
	}
	kv_cursor_close(&c);
	return r < 0 ? r : (int)dropped;
}
