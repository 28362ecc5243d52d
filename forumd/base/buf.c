/* Growth doubles, so that n appended bytes cost O(n) copies. Consumed space at the front is taken back only when it is
 * at least as large as what is left, which bounds the moving by the consuming. */
#include "forumd/base/buf.h"
#include <stdio.h>
#include <stdlib.h>
#include "forumd/base/mem.h"
#include "forumd/base/num.h"

char *buf_grow(struct buf *b, size_t n) {
	size_t len = b->used - b->start, want;
	if (__builtin_add_overflow(len, n, &want) || want > SIZE_MAX / 4)
		bug("buffer of %zu + %zu bytes", len, n);
	want++;
	if (b->start && b->start >= len && want <= b->size) {
		memmove(b->data, b->data + b->start, len);
	} else {
		size_t size = b->size ? b->size : 64;
		while (size < want)
			size *= 2;
		if (b->size && size == b->size)
			size *= 2;
		if (b->start) {
			char *data = mem_alloc(size);
			memcpy(data, b->data + b->start, len);
			mem_free(b->data);
			b->data = data;
		} else {
			b->data = mem_realloc(b->data, size);
		}
		b->size = size;
	}
	b->start = 0;
	b->used = len;
	b->data[len] = 0;
	return b->data + len;
}

void buf_adds(struct buf *b, const char *s) {
	buf_add(b, s, strlen(s));
}

void buf_addu(struct buf *b, uint64_t v) {
	buf_commit(b, num_format(v, buf_reserve(b, 20)));
}

void buf_addf(struct buf *b, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	buf_addv(b, fmt, ap);
	va_end(ap);
}

void buf_addv(struct buf *b, const char *fmt, va_list ap) {
	va_list again;
	va_copy(again, ap);
	char *p = buf_reserve(b, 200);
	size_t room = b->size - b->used - 1;    /* all there is: a text that does not fit is formatted twice */
	int n = vsnprintf(p, room + 1, fmt, ap);
	if (n < 0)
		bug("bad format \"%s\"", fmt);
	if ((size_t)n > room) {
		p = buf_reserve(b, (size_t)n);
		vsnprintf(p, (size_t)n + 1, fmt, again);
	}
	va_end(again);
	buf_commit(b, (size_t)n);
}

void buf_consume(struct buf *b, size_t n) {
	if (n >= buf_len(b))
		buf_reset(b);
	else
		b->start += n;
}

void buf_truncate(struct buf *b, size_t n) {
	if (n < buf_len(b)) {
		b->used = b->start + n;
		b->data[b->used] = 0;
	}
}

void buf_shrink(struct buf *b, size_t keep) {
	size_t len = buf_len(b), want = len + 1 > keep ? len + 1 : keep;
	if (b->size <= keep || !b->data)
		return;
	if (len == 0 && keep == 0) {
		buf_free(b);
		return;
	}
	if (want >= b->size)
		return;
	memmove(b->data, b->data + b->start, len);
	b->start = 0;
	b->used = len;
	b->data[len] = 0;
	b->data = mem_realloc(b->data, want);
	b->size = want;
}

void buf_free(struct buf *b) {
	mem_free(b->data);
	*b = (struct buf){ 0 };
}

char *buf_steal(struct buf *b, size_t *n_r) {
	size_t len = buf_len(b);
	char *p;
	if (b->data) {
		p = b->data;
		memmove(p, p + b->start, len);
		p[len] = 0;
	} else {
		p = mem_strdup("");
	}
	*b = (struct buf){ 0 };
	if (n_r)
		*n_r = len;
	return p;
}
