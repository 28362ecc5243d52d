#include "forumd/base/num.h"
#include "forumd/base/text.h"

bool num_take_u64(struct slice *rest, uint64_t *v_r) {
	uint64_t v = 0;
	size_t i = 0;
	for (; i < rest->n && text_digit(rest->p[i]); i++)
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, (uint64_t)(rest->p[i] - '0'), &v))
			return false;
	if (i == 0)
		return false;
	*rest = slice_from(*rest, i);
	*v_r = v;
	return true;
}

bool num_parse_u64(struct slice s, uint64_t *v_r) {
	uint64_t v;
	if (!num_take_u64(&s, &v) || s.n)
		return false;
	*v_r = v;
	return true;
}

bool num_parse_u32(struct slice s, uint32_t *v_r) {
	uint64_t v;
	if (!num_parse_u64(s, &v) || v > UINT32_MAX)
		return false;
	*v_r = (uint32_t)v;
	return true;
}

static const char num_pairs[] =
	"0001020304050607080910111213141516171819202122232425262728293031323334353637383940414243444546474849"
	"5051525354555657585960616263646566676869707172737475767778798081828384858687888990919293949596979899";

size_t num_format(uint64_t v, char *out) {
	char tmp[20];
	size_t i = sizeof tmp;
	while (v >= 100) {
		i -= 2;
		memcpy(tmp + i, num_pairs + 2 * (v % 100), 2);
		v /= 100;
	}
	if (v >= 10) {
		i -= 2;
		memcpy(tmp + i, num_pairs + 2 * v, 2);
	} else {
		tmp[--i] = (char)('0' + v);
	}
	memcpy(out, tmp + i, sizeof tmp - i);
	return sizeof tmp - i;
}

void num_add_varint_long(struct buf *b, uint64_t v) {
	char *p = buf_reserve(b, 10);
	size_t n = 0;
	for (; v >= 0x80; v >>= 7)
		p[n++] = (char)(v | 0x80);
	p[n++] = (char)v;
	buf_commit(b, n);
}

bool num_take_varint_long(struct slice *in, uint64_t *v_r) {
	uint64_t v = 0;
	for (size_t i = 0; i < in->n && i < 10; i++) {
		uint64_t byte = (unsigned char)in->p[i];
		if (i == 9 && byte > 1)
			return false;
		v |= (byte & 0x7f) << (7 * i);
		if (!(byte & 0x80)) {
			in->p += i + 1, in->n -= i + 1;
			*v_r = v;
			return true;
		}
	}
	return false;
}
