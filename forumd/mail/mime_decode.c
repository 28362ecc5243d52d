/* mime_decode.c - transfer decoding that never fails: what is no valid code is kept (QP) or skipped (base64), since a
 * damaged attachment is worth more than none. */
#include "forumd/base/text.h"
#include "forumd/mail/field.h"
#include "forumd/mail/flowed.h"
#include "forumd/mail/mime.h"
#include "forumd/mail/words.h"

#define B64_SKIP 64
#define B64_PAD 65

static const unsigned char decode_b64[256] = {
#define ROW_SKIP 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64
	ROW_SKIP, ROW_SKIP,
	64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 64, 62, 64, 64, 64, 63,
	52, 53, 54, 55, 56, 57, 58, 59, 60, 61, 64, 64, 64, 65, 64, 64,
	64, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14,
	15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 64, 64, 64, 64, 64,
	64, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, 38, 39, 40,
	41, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 64, 64, 64, 64, 64,
	ROW_SKIP, ROW_SKIP, ROW_SKIP, ROW_SKIP, ROW_SKIP, ROW_SKIP, ROW_SKIP, ROW_SKIP,
};

/* Padding in the middle ends one run of base64 and begins the next: some gateways glue two of them. */
static void decode_base64(struct slice s, struct buf *out) {
	char *to = buf_reserve(out, s.n / 4 * 3 + 3), *start = to;
	uint32_t bits = 0;
	int have = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char v = decode_b64[(unsigned char)s.p[i]];
		if (v < 64) {
			bits = bits << 6 | v;
			if (++have < 4)
				continue;
			*to++ = (char)(bits >> 16);
			*to++ = (char)(bits >> 8);
			*to++ = (char)bits;
			have = 0;
		} else if (v == B64_PAD) {
			if (have >= 2)
				*to++ = (char)(bits >> (have == 2 ? 4 : 10));
			if (have == 3)
				*to++ = (char)(bits >> 2);
			have = 0;
		}
	}
	if (have >= 2)
		*to++ = (char)(bits >> (have == 2 ? 4 : 10));
	if (have == 3)
		*to++ = (char)(bits >> 2);
	buf_commit(out, (size_t)(to - start));
}

static int decode_hex(char c) {
	return text_digit(c) ? c - '0' : text_lower(c) >= 'a' && text_lower(c) <= 'f' ? text_lower(c) - 'a' + 10 : -1;
}

/* one line without its end; true when it ends in a soft break */
static bool decode_qp_line(struct slice line, struct buf *out) {
	while (line.n && (text_space(line.p[line.n - 1]) || line.p[line.n - 1] == '\r'))
		line.n--;
	bool soft = line.n && line.p[line.n - 1] == '=';
	if (soft)
		line.n--;
	while (line.n) {
		const char *eq = memchr(line.p, '=', line.n);
		size_t n = eq ? (size_t)(eq - line.p) : line.n;
		buf_add(out, line.p, n);
		line = slice_from(line, n);
		if (!line.n)
			break;
		int hi = line.n > 2 ? decode_hex(line.p[1]) : -1, lo = line.n > 2 ? decode_hex(line.p[2]) : -1;
		bool good = hi >= 0 && lo >= 0;
		buf_addc(out, good ? (char)(hi * 16 + lo) : '=');
		line = slice_from(line, good ? 3 : 1);
	}
	return soft;
}

static void decode_qp(struct slice s, size_t max, struct buf *out) {
	size_t start = buf_len(out);
	while (s.n && buf_len(out) - start <= max) {
		const char *lf = memchr(s.p, '\n', s.n);
		size_t n = lf ? (size_t)(lf - s.p) : s.n;
		bool soft = decode_qp_line(slice_to(s, n), out);
		if (lf && !soft)
			buf_adds(out, n && lf[-1] == '\r' ? "\r\n" : "\n");
		s = slice_from(s, n + (lf ? 1 : 0));
	}
}

static void decode_uu_line(struct slice line, struct buf *out) {
	size_t want = (size_t)((line.p[0] - ' ') & 63), n = 0;
	for (size_t i = 1; n < want; i += 4) {
		unsigned v[4];
		for (size_t k = 0; k < 4; k++)
			v[k] = i + k < line.n ? (unsigned)(line.p[i + k] - ' ') & 63 : 0;
		char three[3] = { (char)(v[0] << 2 | v[1] >> 4), (char)(v[1] << 4 | v[2] >> 2), (char)(v[2] << 6 | v[3]) };
		for (size_t k = 0; k < 3 && n < want; k++, n++)
			buf_addc(out, three[k]);
	}
}

static void decode_uu(struct slice s, struct buf *out) {
	struct slice line;
	bool on = false;
	while (slice_line(&s, &line)) {
		if (!on)
			on = slice_starts(line, SLICE("begin "));
		else if (slice_is(line, "end"))
			return;
		else if (line.n && line.p[0] > ' ' && line.p[0] <= '`')
			decode_uu_line(line, out);
	}
}

bool mime_decode(enum mime_encoding e, struct slice content, size_t max, struct buf *out) {
	size_t start = buf_len(out);
	bool cut = false;
	switch (e) {
	case MIME_BASE64:
		/* four characters give three bytes; the rest of a huge part need not be looked at (unless it is mostly
		 * blanks, then a little less comes out and is not complete) */
		if (max < SIZE_MAX / 2 && content.n / 2 > max + 1024) {
			content = slice_to(content, max * 2 + 2048);
			cut = true;
		}
		decode_base64(content, out);
		break;
	case MIME_QP:
		decode_qp(content, max, out);
		break;
	case MIME_UUENCODE:
		decode_uu(content, out);
		break;
	default:
		cut = content.n > max;
		buf_add_slice(out, slice_to(content, max));
		break;
	}
	if (buf_len(out) - start > max) {
		buf_truncate(out, start + max);
		cut = true;
	}
	return !cut;
}

/* CRLF and lone CR become LF, NUL becomes U+FFFD, a byte order mark goes */
static void decode_lines(struct slice s, struct buf *out) {
	if (slice_starts(s, SLICE("\xef\xbb\xbf")))
		s = slice_from(s, 3);
	bool nul = slice_chr(s, 0) >= 0;
	buf_reserve(out, s.n);
	while (s.n) {
		ptrdiff_t cr = nul ? -1 : slice_chr(s, '\r');
		size_t n = cr < 0 ? s.n : (size_t)cr;
		if (nul)        /* one walk for both: two searches from here would look at the rest again for each piece */
			for (n = 0; n < s.n && s.p[n] != '\r' && s.p[n]; n++)
				;
		buf_add(out, s.p, n);
		if (n == s.n)
			return;
		if (s.p[n] == 0)
			buf_adds(out, "\xef\xbf\xbd");
		else if (n + 1 >= s.n || s.p[n + 1] != '\n')
			buf_addc(out, '\n');
		s = slice_from(s, n + 1);
	}
}

void mime_text(const struct mime_part *p, struct slice body, size_t max, struct buf *out) {
	struct buf bytes = { 0 }, text = { 0 };
	mime_decode(p->encoding, slice_sub(body, p->body_off, p->body_len), max, &bytes);
	words_to_utf8(mime_param_get(p->params, p->nparams, "charset"), buf_slice(&bytes), &text);
	if (slice_is(p->subtype, "plain") && slice_is_nocase(mime_param_get(p->params, p->nparams, "format"), "flowed")) {
		buf_reset(&bytes);
		decode_lines(buf_slice(&text), &bytes);
		flowed_decode(buf_slice(&bytes), slice_is_nocase(mime_param_get(p->params, p->nparams, "delsp"), "yes"), out);
	} else {
		decode_lines(buf_slice(&text), out);
	}
	buf_free(&bytes);
	buf_free(&text);
}
