/* num.h - bounded number parsing, big-endian and varint encodings. Any thread. */
#ifndef FORUMD_BASE_NUM_H
#define FORUMD_BASE_NUM_H
#include <stdint.h>
#include "forumd/base/buf.h"

/* the whole slice is decimal digits (at least one) and fits: true */
bool num_parse_u64(struct slice s, uint64_t *v_r);
bool num_parse_u32(struct slice s, uint32_t *v_r);
/* digits at the front; *rest moves behind them */
bool num_take_u64(struct slice *rest, uint64_t *v_r);
/* decimal into out (at least 20 bytes); returns the length; no NUL */
size_t num_format(uint64_t v, char *out);

static inline void num_put16(void *p, uint16_t v) { v = __builtin_bswap16(v); memcpy(p, &v, 2); }
static inline void num_put32(void *p, uint32_t v) { v = __builtin_bswap32(v); memcpy(p, &v, 4); }
static inline void num_put64(void *p, uint64_t v) { v = __builtin_bswap64(v); memcpy(p, &v, 8); }
static inline uint16_t num_get16(const void *p) { uint16_t v; memcpy(&v, p, 2); return __builtin_bswap16(v); }
static inline uint32_t num_get32(const void *p) { uint32_t v; memcpy(&v, p, 4); return __builtin_bswap32(v); }
static inline uint64_t num_get64(const void *p) { uint64_t v; memcpy(&v, p, 8); return __builtin_bswap64(v); }

/* LEB128-like, 7 bits a byte, low first, at most 10 bytes */
void num_add_varint_long(struct buf *b, uint64_t v);           /* the slow half */
static inline void num_add_varint(struct buf *b, uint64_t v) {
	if (v < 0x80)
		buf_addc(b, (char)v);
	else
		num_add_varint_long(b, v);
}
static inline void num_add_bytes(struct buf *b, struct slice s) { num_add_varint(b, s.n); buf_add_slice(b, s); }
/* consume from *in; false when cut or too long (then *in is unchanged in meaning: give up) */
bool num_take_varint_long(struct slice *in, uint64_t *v_r);    /* the slow half */
static inline bool num_take_varint(struct slice *in, uint64_t *v_r) {
	if (in->n && !(*in->p & 0x80)) {
		*v_r = (unsigned char)*in->p;
		in->p++, in->n--;
		return true;
	}
	return num_take_varint_long(in, v_r);
}
/* a varint length and that many bytes; borrowed from in */
static inline bool num_take_bytes(struct slice *in, struct slice *s_r) {
	uint64_t n;
	if (!num_take_varint(in, &n) || n > in->n)
		return false;
	*s_r = slice_of(in->p, (size_t)n);
	in->p += n, in->n -= (size_t)n;
	return true;
}
#endif
