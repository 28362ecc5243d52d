#include "gateways/common/splice.h"

#define STORED_MAX 65535
#define SPLICE_HEAD 5

static void splice_head(char *p, size_t n) {
	p[0] = 0;
	p[1] = (char)n;
	p[2] = (char)(n >> 8);
	p[3] = (char)~n;
	p[4] = (char)(~n >> 8);
}

void splice_text(struct buf *out, struct slice text) {
	while (text.n) {
		size_t n = text.n < STORED_MAX ? text.n : STORED_MAX;
		splice_head(buf_reserve(out, SPLICE_HEAD), n);
		buf_commit(out, SPLICE_HEAD);
		buf_add(out, text.p, n);
		text = slice_from(text, n);
	}
}

size_t splice_begin(struct buf *out) {
	buf_reserve(out, SPLICE_HEAD);
	buf_commit(out, SPLICE_HEAD);
	return buf_len(out);
}

void splice_end(struct buf *out, size_t at) {
	size_t n = buf_len(out) - at;
	if (n == 0) {
		buf_truncate(out, at - SPLICE_HEAD);
	} else if (n <= STORED_MAX) {
		splice_head(buf_bytes(out) + at - SPLICE_HEAD, n);
	} else {
		struct buf text = { 0 };
		buf_add(&text, buf_bytes(out) + at, n);
		buf_truncate(out, at - SPLICE_HEAD);
		splice_text(out, buf_slice(&text));
		buf_free(&text);
	}
}
