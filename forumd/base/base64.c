#include "forumd/base/base64.h"

static const char base64_letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
static const char base32_letters[] = "abcdefghijklmnopqrstuvwxyz234567";

void base64_encode(struct slice s, struct buf *out) {
	const unsigned char *p = (const unsigned char *)s.p;
	size_t n = (s.n + 2) / 3 * 4, i = 0;
	char *to = buf_reserve(out, n);
	for (; i + 3 <= s.n; i += 3) {
		uint32_t v = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
		*to++ = base64_letters[v >> 18];
		*to++ = base64_letters[v >> 12 & 63];
		*to++ = base64_letters[v >> 6 & 63];
		*to++ = base64_letters[v & 63];
	}
	if (i < s.n) {
		bool two = i + 2 == s.n;
		uint32_t v = (uint32_t)p[i] << 16 | (two ? (uint32_t)p[i + 1] << 8 : 0);
		*to++ = base64_letters[v >> 18];
		*to++ = base64_letters[v >> 12 & 63];
		*to++ = two ? base64_letters[v >> 6 & 63] : '=';
		*to++ = '=';
	}
	buf_commit(out, n);
}

static int base64_value(char c) {
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Bits left over must be zero, so that one value has one spelling. */
bool base64_decode(struct slice s, struct buf *out) {
	if (s.n % 4)
		return false;
	size_t n = s.n;
	for (int pad = 0; pad < 2 && n && s.p[n - 1] == '='; pad++)
		n--;
	char *to = buf_reserve(out, s.n / 4 * 3), *from = to;
	uint32_t v = 0;
	for (size_t i = 0; i < n; i++) {
		int x = base64_value(s.p[i]);
		if (x < 0) {
			buf_commit(out, 0);
			return false;
		}
		v = v << 6 | (uint32_t)x;
		if (i % 4)
			*to++ = (char)(v >> (6 - 2 * (i % 4)));
	}
	bool whole = !(n % 4 == 2 && (v & 15)) && !(n % 4 == 3 && (v & 3));
	buf_commit(out, whole ? (size_t)(to - from) : 0);
	return whole;
}

void base32_encode(struct slice s, struct buf *out) {
	uint32_t v = 0;
	unsigned bits = 0;
	for (size_t i = 0; i < s.n; i++) {
		v = v << 8 | (unsigned char)s.p[i];
		for (bits += 8; bits >= 5; bits -= 5)
			buf_addc(out, base32_letters[v >> (bits - 5) & 31]);
	}
	if (bits)
		buf_addc(out, base32_letters[v << (5 - bits) & 31]);
}

bool base32_decode(struct slice s, struct buf *out) {
	uint32_t v = 0;
	unsigned bits = 0;
	if (s.n % 8 == 1 || s.n % 8 == 3 || s.n % 8 == 6)
		return false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i];
		int x = c >= 'a' && c <= 'z' ? c - 'a'
			: c >= 'A' && c <= 'Z'   ? c - 'A'
			: c >= '2' && c <= '7'   ? c - '2' + 26
									 : -1;
		if (x < 0)
			return false;
		v = v << 5 | (uint32_t)x;
		bits += 5;
		if (bits >= 8) {
			bits -= 8;
			buf_addc(out, (char)(v >> bits));
		}
	}
	return (v & ((1u << bits) - 1)) == 0;
}

void hex_encode(struct slice s, struct buf *out) {
	static const char digits[] = "0123456789abcdef";
	char *to = buf_reserve(out, 2 * s.n);
	for (size_t i = 0; i < s.n; i++) {
		*to++ = digits[(unsigned char)s.p[i] >> 4];
		*to++ = digits[s.p[i] & 15];
	}
	buf_commit(out, 2 * s.n);
}
