#include "gateways/common/splice.h"

#define STORED_MAX 65535

void splice_text(struct buf *out, struct slice text) {
	while (text.n) {
		size_t n = text.n < STORED_MAX ? text.n : STORED_MAX;
		const unsigned char head[5] = {
			0, (unsigned char)n, (unsigned char)(n >> 8), (unsigned char)~n, (unsigned char)(~n >> 8)
		};
		buf_add(out, head, sizeof head);
		buf_add(out, text.p, n);
		text = slice_from(text, n);
	}
}
