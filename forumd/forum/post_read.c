/* Reading posts: head records, and the pieces of text, which are gathered from their chunks and inflated. Pieces up to
 * 256 KiB are inflated whole by libdeflate; larger ones, and streams, by zlib chunk by chunk. */
#include <zlib.h>
#include "forumd/base/digest.h"
#include "forumd/forum/author.h"
#include "forumd/forum/post_private.h"

enum { POST_INFLATE_WHOLE = 256 * 1024, POST_PLACES_LIMIT = 4096 };

static const char *const post_states[] = { "visible", "pending", "hidden", "deleted" };
static const char *const post_sources[] = { "nntp", "mail", "imap", "ctl", "import", "feed" };
static const char *const post_reasons[] = {
	"none", "reply-key", "in-reply-to", "references", "thread-index", "imported", "moved",
};
#define POST_NAMED(table, i) ((size_t)(i) < sizeof(table) / sizeof *(table) ? (table)[i] : "?")

const char *post_state_name(enum post_state s) { return POST_NAMED(post_states, s); }
const char *post_source_name(enum post_source s) { return POST_NAMED(post_sources, s); }
const char *parent_reason_name(enum parent_reason r) { return POST_NAMED(post_reasons, r); }

/* --- head records --- */

uint32_t post_record_places(struct slice v) {
	return num_get32(v.p + POST_PLACES);
}

struct place post_record_place(struct slice v, uint32_t i) {
	const char *p = v.p + POST_FIXED + 8 * (size_t)i;
	return (struct place){ .group = num_get32(p), .number = num_get32(p + 4) };
}

static bool post_record_valid(struct slice v) {
	return v.n >= POST_FIXED && v.p[0] == POST_VERSION && post_record_places(v) <= POST_PLACES_LIMIT &&
		v.n >= POST_FIXED + 8 * (size_t)post_record_places(v);
}

int post_decode(struct forum_txn *t, uint64_t id, struct slice v, struct post *p_r) {
	if (!post_record_valid(v))
		return ERR_CORRUPT;
	const char *p = v.p;
	*p_r = (struct post){
		.id = id,
		.state = (enum post_state)p[POST_STATE],
		.source = (enum post_source)p[2],
		.reason = (enum parent_reason)p[POST_REASON],
		.author = num_get32(p + 4),
		.flags = num_get32(p + POST_FLAGS),
		.parent = num_get64(p + POST_PARENT),
		.thread = num_get64(p + POST_THREAD),
		.date = (int64_t)num_get64(p + POST_DATE),
		.arrival = (int64_t)num_get64(p + 40),
		.supersedes = num_get64(p + 48),
		.header_len = num_get32(p + 56),
		.from_off = num_get32(p + 60),
		.body_len = num_get32(p + 64),
		.lines = num_get32(p + 68),
		.header_z1 = num_get32(p + 72),
		.header_z2 = num_get32(p + 76),
		.original_crc = num_get32(p + 12),
		.body_z = num_get32(p + 80),
		.removed_len = num_get32(p + 84),
		.crc = num_get32(p + 88),
		.nplaces = post_record_places(v),
	};
	struct place *places = arena_alloc(t->arena, p_r->nplaces * sizeof *places);
	for (uint32_t i = 0; i < p_r->nplaces; i++)
		places[i] = post_record_place(v, i);
	p_r->places = places;
	v = slice_from(v, POST_FIXED + 8 * p_r->nplaces);
	bool whole = num_take_bytes(&v, &p_r->message_id) && num_take_bytes(&v, &p_r->in_reply_to) &&
		num_take_bytes(&v, &p_r->references) && num_take_bytes(&v, &p_r->subject) && num_take_bytes(&v, &p_r->from);
	return whole ? 1 : ERR_CORRUPT;
}

static void post_encode(const struct post *o, struct buf *out) {
	char *p = buf_reserve(out, POST_FIXED + 8 * o->nplaces);
	memset(p, 0, POST_FIXED);
	p[0] = POST_VERSION;
	p[POST_STATE] = (char)o->state;
	p[2] = (char)o->source;
	p[POST_REASON] = (char)o->reason;
	num_put32(p + 4, o->author);
	num_put32(p + POST_FLAGS, o->flags);
	num_put32(p + 12, o->original_crc);
	num_put64(p + POST_PARENT, o->parent);
	num_put64(p + POST_THREAD, o->thread);
	num_put64(p + POST_DATE, (uint64_t)o->date);
	num_put64(p + 40, (uint64_t)o->arrival);
	num_put64(p + 48, o->supersedes);
	const uint32_t v[9] = {
		o->header_len,
		o->from_off,
		o->body_len,
		o->lines,
		o->header_z1,
		o->header_z2,
		o->body_z,
		o->removed_len,
		o->crc,
	};
	for (int i = 0; i < 9; i++)
		num_put32(p + 56 + 4 * i, v[i]);
	num_put32(p + POST_PLACES, (uint32_t)o->nplaces);
	for (size_t i = 0; i < o->nplaces; i++) {
		num_put32(p + POST_FIXED + 8 * i, o->places[i].group);
		num_put32(p + POST_FIXED + 8 * i + 4, o->places[i].number);
	}
	buf_commit(out, POST_FIXED + 8 * o->nplaces);
	num_add_bytes(out, o->message_id);
	num_add_bytes(out, o->in_reply_to);
	num_add_bytes(out, o->references);
	num_add_bytes(out, o->subject);
	num_add_bytes(out, o->from);
}

int post_store(struct forum_txn *t, const struct post *p, struct fail *f) {
	struct key k = key_1u64(KEY_POST, p->id);
	struct buf b = { 0 };
	post_encode(p, &b);
	int r = forum_put(t, key_slice(&k), buf_slice(&b), f);
	buf_free(&b);
	return r;
}

int post_edit(struct forum_txn *t, uint64_t id, struct buf *copy) {
	struct key k = key_1u64(KEY_POST, id);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r > 0 && !post_record_valid(v))
		return ERR_CORRUPT;
	buf_reset(copy);
	if (r > 0)
		buf_add_slice(copy, v);
	return r;
}

int post_edit_end(struct forum_txn *t, uint64_t id, struct buf *copy, struct fail *f) {
	struct key k = key_1u64(KEY_POST, id);
	return forum_put(t, key_slice(&k), buf_slice(copy), f);
}

int post_get(struct forum_txn *t, uint64_t id, struct post *p_r) {
	struct key k = key_1u64(KEY_POST, id);
	struct slice v;
	int r = id ? forum_walk_get(t, key_slice(&k), &v) : 0;
	return r > 0 ? post_decode(t, id, v, p_r) : r;
}

int post_after(struct forum_txn *t, uint64_t id, struct post *p_r) {
	struct key from = key_1u64(KEY_POST, id + 1);
	struct kv_cursor *c;
	struct slice key, v;
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&from), &key, &v);
	bool have = r > 0 && key.n == 9 && key_has_prefix(key, &from, 1);
	id = have ? num_get64(key.p + 1) : 0;
	kv_cursor_close(&c);
	return have ? post_get(t, id, p_r) : r < 0 ? r : 0;
}

int post_id_by_msgid(struct forum_txn *t, struct slice message_id, uint64_t *id_r) {
	struct key k;
	struct slice v;
	unsigned char d[16];
	digest_id(message_id, d);
	key_begin(&k, 'I');
	key_bytes(&k, slice_of(d, 16));
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r > 0 && v.n != 8)
		return ERR_CORRUPT;
	if (r > 0)
		*id_r = num_get64(v.p);
	return r;
}

int post_by_msgid(struct forum_txn *t, struct slice message_id, struct post *p_r) {
	uint64_t id;
	int r = message_id.n ? post_id_by_msgid(t, message_id, &id) : 0;
	if (r > 0)
		r = post_get(t, id, p_r);
	return r > 0 && !slice_eq(p_r->message_id, message_id) ? 0 : r;
}

int post_by_number(struct forum_txn *t, uint32_t group, uint32_t number, struct post *p_r) {
	struct key k = key_2u32('O', group, number);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r > 0)
		r = v.n >= OVERVIEW_POINTER_SIZE ? post_get(t, num_get64(v.p + 24), p_r) : ERR_CORRUPT;
	return r;
}

uint32_t post_number_in(const struct post *p, uint32_t group) {
	for (size_t i = 0; i < p->nplaces; i++)
		if (p->places[i].group == group)
			return p->places[i].number;
	return 0;
}

/* --- pieces --- */

uint32_t post_piece_size(const struct post *p, unsigned piece) {
	const uint32_t v[4] = { p->header_z1, p->header_z2, p->body_z, p->removed_len };
	return v[piece];
}

int post_piece_read(struct forum_txn *t, const struct post *p, unsigned piece, struct buf *out) {
	uint32_t n = post_piece_size(p, piece);
	uint64_t at = 0;
	struct slice v;
	for (unsigned i = 0; i < piece; i++)
		at += post_piece_size(p, i);
	while (n > 0) {
		struct key k = post_text_key(p->id, (uint32_t)(at / TEXT_CHUNK));
		int r = forum_walk_get(t, key_slice(&k), &v);
		if (r <= 0 || v.n <= at % TEXT_CHUNK || v.n > TEXT_CHUNK)
			return r < 0 ? r : ERR_CORRUPT;
		v = slice_to(slice_from(v, at % TEXT_CHUNK), n);
		buf_add_slice(out, v);
		at += v.n;
		n -= (uint32_t)v.n;
	}
	return 1;
}

int post_piece_inflate(struct forum_txn *t, const struct post *p, unsigned piece, char *out, size_t n) {
	struct buf z = { 0 };
	uint32_t zn = post_piece_size(p, piece);
	int r;
	buf_reserve(&z, zn + 2);
	if ((r = post_piece_read(t, p, piece, &z)) > 0) {
		char *end = buf_reserve(&z, 2);
		r = segment_inflate(end - zn, zn, out, n);
	}
	buf_free(&z);
	return r;
}

/* The same, and what took some work is kept for the next reader. The text of a post never changes; whether this reader
 * may have it was decided when he got the head record. */
static int post_piece_text(struct forum_txn *t, const struct post *p, unsigned piece, char *out, size_t n) {
	bool keep = t->forum->texts && n > SEGMENT_FIXED;
	if (keep && ring_cache_get(t->forum->texts, p->id << 2 | piece, out, n))
		return 1;
	int r = post_piece_inflate(t, p, piece, out, n);
	if (keep && r > 0 && !t->write)
		ring_cache_put(t->forum->texts, p->id << 2 | piece, out, n, t->texts_age);
	return r;
}

void post_forget_texts(struct forum_txn *t, uint64_t id) {
	for (unsigned piece = 0; piece <= PIECE_BODY; piece++)
		ring_cache_forget(t->forum->texts, id << 2 | piece);
}

uint32_t post_header_size(struct forum_txn *t, const struct post *p) {
	return p->header_len + (uint32_t)author_from(t, p->author, p->from).n + 8;
}

int post_header(struct forum_txn *t, const struct post *p, struct buf *out) {
	struct slice from = author_from(t, p->author, p->from);
	size_t size = post_header_size(t, p);
	if (p->from_off > p->header_len)
		return ERR_CORRUPT;
	char *at = buf_reserve(out, size);
	int r = post_piece_text(t, p, PIECE_HEAD1, at, p->from_off);
	if (r < 0)
		return r;
	at = mempcpy(at + p->from_off, "From: ", 6);
	at = mempcpy(at, from.p, from.n);
	at = mempcpy(at, "\r\n", 2);
	r = post_piece_text(t, p, PIECE_HEAD2, at, p->header_len - p->from_off);
	if (r > 0)
		buf_commit(out, size);
	return r;
}

static int post_body_streamed(struct forum_txn *t, const struct post *p, uint32_t off, uint32_t len, struct buf *out) {
	struct post_stream *s = post_stream_new(p->id);
	struct buf part = { 0 };
	uint32_t at = 0, end = off + len;
	int r = 1;
	while (r > 0 && at < end) {
		buf_reset(&part);
		r = post_stream_read(t, s, 65536, &part);
		uint32_t n = (uint32_t)buf_len(&part), lo = off > at ? off - at : 0;
		if (r >= 0 && lo < n)
			buf_add_slice(out, slice_sub(buf_slice(&part), lo, end - at < n ? end - at - lo : n - lo));
		at += n;
	}
	buf_free(&part);
	post_stream_free(&s);
	if (r < 0)
		return r;
	return at >= end ? 1 : ERR_CORRUPT;
}

int post_body(struct forum_txn *t, const struct post *p, uint32_t off, uint32_t len, struct buf *out) {
	if (off >= p->body_len)
		return 1;
	if (len > p->body_len - off)
		len = p->body_len - off;
	if (len == 0)
		return 1;
	if (p->body_len > POST_INFLATE_WHOLE)
		return post_body_streamed(t, p, off, len, out);
	if (len == p->body_len) {
		int r = post_piece_text(t, p, PIECE_BODY, buf_reserve(out, len), len);
		if (r > 0)
			buf_commit(out, len);
		return r;
	}
	struct buf whole = { 0 };
	int r = post_piece_text(t, p, PIECE_BODY, buf_reserve(&whole, p->body_len), p->body_len);
	if (r > 0)
		buf_add(out, whole.data + off, len);
	buf_free(&whole);
	return r;
}

int post_piece(struct forum_txn *t, const struct post *p, unsigned piece, struct buf *out) {
	if (piece > PIECE_BODY)
		return ERR_INVALID;
	return post_piece_read(t, p, piece, out);
}

int post_removed(struct forum_txn *t, const struct post *p, struct buf *out) {
	return post_piece_read(t, p, PIECE_REMOVED, out);
}

/* --- streams --- */

struct post_stream {
	uint64_t post;
	z_stream z;
	uint64_t at, end;               /* where in the text the next octets are, and where the body ends: what is behind it
	                                 * is not deflated */
	uint32_t left;                  /* octets of the body still to come */
	bool begun;
	unsigned char in[TEXT_CHUNK];   /* the chunk being inflated */
};

struct post_stream *post_stream_new(uint64_t post) {
	struct post_stream *s = mem_zalloc(sizeof *s);
	s->post = post;
	if (inflateInit2(&s->z, -15) != Z_OK)
		bug("no memory for an inflater");
	return s;
}

void post_stream_free(struct post_stream **s) {
	if (!*s)
		return;
	inflateEnd(&(*s)->z);
	mem_free(*s);
	*s = NULL;
}

static int post_stream_fill(struct forum_txn *t, struct post_stream *s) {
	struct key k = post_text_key(s->post, (uint32_t)(s->at / TEXT_CHUNK));
	struct slice v;
	int r = forum_walk_get(t, key_slice(&k), &v);
	if (r < 0)
		return r;
	if (r == 0 || s->at >= s->end || v.n <= s->at % TEXT_CHUNK || v.n > sizeof s->in)
		return ERR_CORRUPT;
	v = slice_to(slice_from(v, s->at % TEXT_CHUNK), s->end - s->at);
	memcpy(s->in, v.p, v.n);
	s->z.next_in = s->in;
	s->z.avail_in = (uInt)v.n;
	s->at += v.n;
	return 1;
}

/* is the post still there? (a transaction has ended since the last read) */
static int post_stream_check(struct forum_txn *t, struct post_stream *s) {
	struct key k = key_1u64(KEY_POST, s->post);
	struct slice v;
	int r = kv_get(t->kv, key_slice(&k), &v);
	if (r < 0)
		return r;
	if (r == 0 || !post_record_valid(v) || v.p[POST_STATE] == POST_DELETED)
		return ERR_GONE;
	if (!s->begun) {
		s->left = num_get32(v.p + 64);
		s->at = (uint64_t)num_get32(v.p + 72) + num_get32(v.p + 76);
		s->end = s->at + num_get32(v.p + 80);
	}
	s->begun = true;
	return 1;
}

int post_stream_read(struct forum_txn *t, struct post_stream *s, size_t max, struct buf *out) {
	int r = post_stream_check(t, s);
	if (r < 0)
		return r;
	while (s->left > 0 && max > 0) {
		size_t room = max < s->left ? max : s->left;
		if (room > 32768)
			room = 32768;
		s->z.next_out = (Bytef *)buf_reserve(out, room);
		s->z.avail_out = (uInt)room;
		int z = inflate(&s->z, Z_SYNC_FLUSH);
		size_t got = room - s->z.avail_out;
		if ((z != Z_OK && z != Z_BUF_ERROR) || (got == 0 && s->z.avail_in > 0))
			return ERR_CORRUPT;
		/* only when the inflater has nothing left to give: output may wait in it after the last input */
		if (got == 0 && (r = post_stream_fill(t, s)) < 0)
			return r;
		buf_commit(out, got);
		s->left -= (uint32_t)got;
		max -= got;
	}
	return s->left > 0;
}
