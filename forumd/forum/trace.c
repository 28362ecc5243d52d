/* R digest, serial -> time, post, message id, text: the entries of one subject. The subject is the post once there is
 * one ("post:ID"), before that the message id. R digest, 0 -> digest ties the two: written in both directions by the
 * first entry that names both, so that either leads to all entries. r time, serial -> digest is the order of expiry; of
 * a tie it has one octet more. */
#include "forumd/base/digest.h"
#include "forumd/base/text.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/mailq.h"

#define TRACE_TEXT_MAX 1000
#define TRACE_VERSION 1

struct trace_subject { unsigned char d[16]; };

static struct trace_subject trace_of_post(uint64_t post) {
	struct trace_subject s;
	char text[32] = "post:";
	digest_id(slice_of(text, 5 + num_format(post, text + 5)), s.d);
	return s;
}

static struct trace_subject trace_of_id(struct slice message_id) {
	struct trace_subject s;
	digest_id(message_id, s.d);
	return s;
}

static struct slice trace_slice(const struct trace_subject *s) {
	return slice_of(s->d, sizeof s->d);
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
	char subject[17] = { 0 };
	memcpy(subject, s->d, 16);
	int r = forum_put(t, key_slice(&k), value, NULL);
	return r < 0 ? r : forum_put(t, key_slice(&expiry), slice_of(subject, tie ? 17 : 16), NULL);
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
	if (post && message_id.n && (r = trace_tie(t, &of_post, &of_id)) >= 0)
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
	if (r > 0 && key_has_prefix(key, &from, 17) && key.n == 25) {
		*serial_r = num_get64(key.p + 17);
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
	if (r > 0 && v.n != 16)
		return ERR_CORRUPT;
	if (r > 0)
		memcpy(other_r->d, v.p, 16);
	return r;
}

int trace_next(struct forum_txn *t, uint64_t post, struct slice message_id, uint64_t *cursor, struct trace *e_r) {
	struct trace_subject s[3];
	struct slice v, best = { 0 };
	uint64_t serial, least = UINT64_MAX;
	size_t n = 0;
	int r = 0;
	if (post)
		s[n++] = trace_of_post(post);
	if (message_id.n)
		s[n++] = trace_of_id(message_id);
	if (n == 1 && (r = trace_other(t, &s[0], &s[1])) > 0)
		n++;
	for (size_t i = 0; i < n && r >= 0; i++)
		if ((r = trace_seek(t, &s[i], *cursor, &serial, &v)) > 0 && serial < least)
			least = serial, best = v;
	if (r < 0 || least == UINT64_MAX)
		return r < 0 ? r : 0;
	*cursor = least;
	return trace_decode(best, e_r);
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
		if (key.n != 17 || (v.n != 16 && v.n != 17)) {
			r = ERR_CORRUPT;
			break;
		}
		if ((int64_t)num_get64(key.p + 1) >= before)
			break;
		memcpy(s.d, v.p, 16);
		struct key k = trace_key(&s, v.n == 17 ? 0 : num_get64(key.p + 9));
		if ((r = kv_del(t->kv, key_slice(&k))) < 0 || (r = kv_del(t->kv, key_slice(&expiry))) < 0)
			break;
		dropped++;
	}
	kv_cursor_close(&c);
	return r < 0 ? r : (int)dropped;
}
