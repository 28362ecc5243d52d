/* buf.h - an owned, growing byte buffer, consumed at the front and appended at the back.
 * The bytes are data[start .. used). `used` and `start` are offsets into data; size is what is allocated.
 * A NUL always follows the last byte (for debugging and C functions); it is not counted.
 * A zeroed struct is an empty buffer. Pointers into it die with the next call that adds. One owner, any thread. */
#ifndef FORUMD_BASE_BUF_H
#define FORUMD_BASE_BUF_H
#include <stdarg.h>
#include <stdint.h>
#include "forumd/base/slice.h"

struct buf {
	char *data;
	size_t start, used, size;
};

static inline size_t buf_len(const struct buf *b) { return b->used - b->start; }
static inline char *buf_bytes(const struct buf *b) { return b->data ? b->data + b->start : (char *)0; }
static inline struct slice buf_slice(const struct buf *b) {
	return slice_of(b->data ? b->data + b->start : "", buf_len(b));
}
/* room for n more bytes; returns where they go; buf_commit() says how many were written */
char *buf_grow(struct buf *b, size_t n);    /* the slow half of buf_reserve */
static inline char *buf_reserve(struct buf *b, size_t n) {
	return b->size - b->used > n ? b->data + b->used : buf_grow(b, n);
}
static inline void buf_commit(struct buf *b, size_t n) { b->used += n; b->data[b->used] = 0; }
static inline void buf_add(struct buf *b, const void *p, size_t n) {
	if (n) {
		memcpy(buf_reserve(b, n), p, n);
		buf_commit(b, n);
	}
}
static inline void buf_add_slice(struct buf *b, struct slice s) { buf_add(b, s.p, s.n); }
void buf_adds(struct buf *b, const char *s);
static inline void buf_addc(struct buf *b, char c) { *buf_reserve(b, 1) = c; buf_commit(b, 1); }
/* decimal */
void buf_addu(struct buf *b, uint64_t v);
void buf_addf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void buf_addv(struct buf *b, const char *fmt, va_list ap);
/* drop n bytes at the front; storage is reused when all is consumed */
void buf_consume(struct buf *b, size_t n);
/* keep only the first n bytes */
void buf_truncate(struct buf *b, size_t n);
/* empty, storage kept */
static inline void buf_reset(struct buf *b) { b->start = b->used = 0; if (b->data) b->data[0] = 0; }
/* storage above `keep` bytes is given back; contents are kept */
void buf_shrink(struct buf *b, size_t keep);
void buf_free(struct buf *b);
/* hands the bytes over as a malloc'd NUL-terminated string and empties b */
char *buf_steal(struct buf *b, size_t *n_r);
#endif
