#include "forumd/base/text.h"
#include <stdlib.h>
#include <unicase.h>
#include <uninorm.h>
#include "forumd/base/mem.h"

/* length of the ASCII run at the front */
bool text_plain(struct slice s) {
	unsigned odd = 0;
	for (size_t i = 0; i < s.n; i++)     /* without a branch: compilers make vectors of it */
		odd |= (unsigned char)(s.p[i] - ' ') > '~' - ' ';
	return !odd;
}

enum { TEXT_BLOCK = 64 };     /* loops of this length become vectors */

/* adds up what one octet tells by itself */
static size_t text_octets(struct slice s, struct text_lines *l) {
	unsigned char high = 0, nul = 0;
	size_t i = 0, crs = 0;
	for (; i + TEXT_BLOCK <= s.n; i += TEXT_BLOCK) {
		const unsigned char *p = (const unsigned char *)s.p + i;
		unsigned char n = 0;
		for (unsigned j = 0; j < TEXT_BLOCK; j++) {
			high |= p[j];
			nul |= p[j] == 0;
			n += p[j] == '\r';
		}
		crs += n;
	}
	for (; i < s.n; i++) {
		high |= (unsigned char)s.p[i];
		nul |= s.p[i] == 0;
		crs += s.p[i] == '\r';
	}
	l->eight_bit = high & 0x80;
	l->nul = nul;
	return crs;
}

void text_lines(struct slice s, struct text_lines *l_r) {
	struct text_lines l = { .dots = s.n && *s.p == '.' };
	size_t crs = text_octets(s, &l), ends = 0;
	const char *end = s.p + s.n, *lf = s.p;
	for (; lf < end && (lf = memchr(lf, '\n', (size_t)(end - lf))); lf++) {
		bool after_cr = lf > s.p && lf[-1] == '\r';
		l.lines++;
		ends += after_cr;
		l.bare_lf |= !after_cr;
		l.dots |= lf + 1 < end && lf[1] == '.';
	}
	l.bare_cr = crs != ends;
	l.lines += s.n && end[-1] != '\n';
	*l_r = l;
}

static size_t text_ascii_run(struct slice s) {
	size_t i = 0;
	for (; i + 8 <= s.n; i += 8) {
		uint64_t w;
		memcpy(&w, s.p + i, 8);
		if (w & 0x8080808080808080u)
			break;
	}
	while (i < s.n && !(s.p[i] & 0x80))
		i++;
	return i;
}

/* RFC 3629 section 4; the length of the well-formed character at the front, 0 when ill-formed */
static size_t text_utf8_one(const unsigned char *p, size_t n, int32_t *cp_r) {
	unsigned char c = p[0], lo = 0x80, hi = 0xbf;
	size_t len;
	int32_t cp;
	if (c < 0x80) {
		*cp_r = c;
		return 1;
	}
	if (c >= 0xc2 && c <= 0xdf) {
		len = 2, cp = c & 0x1f;
	} else if (c >= 0xe0 && c <= 0xef) {
		len = 3, cp = c & 0x0f;
		lo = c == 0xe0 ? 0xa0 : 0x80;
		hi = c == 0xed ? 0x9f : 0xbf;
	} else if (c >= 0xf0 && c <= 0xf4) {
		len = 4, cp = c & 0x07;
		lo = c == 0xf0 ? 0x90 : 0x80;
		hi = c == 0xf4 ? 0x8f : 0xbf;
	} else {
		return 0;
	}
	if (n < len || p[1] < lo || p[1] > hi)
		return 0;
	for (size_t i = 1; i < len; i++) {
		if ((p[i] & 0xc0) != 0x80)
			return 0;
		cp = cp << 6 | (p[i] & 0x3f);
	}
	*cp_r = cp;
	return len;
}

int32_t text_utf8_next(struct slice *s) {
	int32_t cp = -1;
	size_t n = text_utf8_one((const unsigned char *)s->p, s->n, &cp);
	*s = slice_from(*s, n ? n : 1);
	return n ? cp : -1;
}

bool text_is_ascii(struct slice s) {
	return text_ascii_run(s) == s.n;
}

bool text_utf8_valid(struct slice s) {
	while (s.n) {
		s = slice_from(s, text_ascii_run(s));
		while (s.n && (*s.p & 0x80))
			if (text_utf8_next(&s) < 0)
				return false;
	}
	return true;
}

void text_utf8_repair(struct slice s, struct buf *out) {
	while (s.n) {
		size_t n = text_ascii_run(s);
		buf_add(out, s.p, n);
		s = slice_from(s, n);
		while (s.n && (*s.p & 0x80)) {
			const char *at = s.p;
			if (text_utf8_next(&s) < 0)
				buf_add(out, "\xef\xbf\xbd", 3);
			else
				buf_add(out, at, (size_t)(s.p - at));
		}
	}
}

void text_utf8_add(struct buf *out, uint32_t cp) {
	char *p = buf_reserve(out, 4);
	if (cp > 0x10ffff || (cp >= 0xd800 && cp <= 0xdfff))
		cp = 0xfffd;
	if (cp < 0x80) {
		p[0] = (char)cp;
		buf_commit(out, 1);
	} else if (cp < 0x800) {
		p[0] = (char)(0xc0 | cp >> 6);
		p[1] = (char)(0x80 | (cp & 0x3f));
		buf_commit(out, 2);
	} else if (cp < 0x10000) {
		p[0] = (char)(0xe0 | cp >> 12);
		p[1] = (char)(0x80 | (cp >> 6 & 0x3f));
		p[2] = (char)(0x80 | (cp & 0x3f));
		buf_commit(out, 3);
	} else {
		p[0] = (char)(0xf0 | cp >> 18);
		p[1] = (char)(0x80 | (cp >> 12 & 0x3f));
		p[2] = (char)(0x80 | (cp >> 6 & 0x3f));
		p[3] = (char)(0x80 | (cp & 0x3f));
		buf_commit(out, 4);
	}
}

/* apart from each other, which is what lets the loop become vectors */
static void text_lower_block(char *restrict to, const char *restrict from) {
	for (unsigned j = 0; j < TEXT_BLOCK; j++) {
		unsigned char c = (unsigned char)from[j];
		to[j] = (char)(c + ((unsigned char)(c - 'A') < 26 ? 32 : 0));
	}
}

void text_fold(struct slice s, struct buf *out) {
	if (text_ascii_run(s) == s.n) {
		char *p = buf_reserve(out, s.n);
		size_t i = 0;
		for (; i + TEXT_BLOCK <= s.n; i += TEXT_BLOCK)
			text_lower_block(p + i, s.p + i);
		for (; i < s.n; i++)
			p[i] = text_lower(s.p[i]);
		buf_commit(out, s.n);
		return;
	}
	struct buf clean = { 0 };
	text_utf8_repair(s, &clean);
	size_t n = 0;
	uint8_t *folded = u8_casefold((const uint8_t *)buf_bytes(&clean), buf_len(&clean), NULL, UNINORM_NFKC, NULL, &n);
	if (!folded)
		bug("casefold of %zu bytes", buf_len(&clean));
	buf_add(out, folded, n);
	free(folded);
	buf_free(&clean);
}

void text_nfc(struct slice s, struct buf *out) {
	size_t n = 0;
	if (text_ascii_run(s) == s.n || !text_utf8_valid(s)) {
		buf_add_slice(out, s);
		return;
	}
	uint8_t *normal = u8_normalize(UNINORM_NFC, (const uint8_t *)s.p, s.n, NULL, &n);
	if (!normal)
		bug("normalization of %zu bytes", s.n);
	buf_add(out, normal, n);
	free(normal);
}

void text_casemap(struct slice s, struct buf *out) {
	if (text_ascii_run(s) == s.n) {
		char *p = buf_reserve(out, s.n);
		for (size_t i = 0; i < s.n; i++)
			p[i] = text_upper(s.p[i]);
		buf_commit(out, s.n);
		return;
	}
	struct buf clean = { 0 }, title = { 0 };
	text_utf8_repair(s, &clean);
	for (struct slice rest = buf_slice(&clean); rest.n;)
		text_utf8_add(&title, uc_totitle((ucs4_t)text_utf8_next(&rest)));
	size_t n = 0;
	uint8_t *flat = u8_normalize(UNINORM_NFKD, (const uint8_t *)buf_bytes(&title), buf_len(&title), NULL, &n);
	if (!flat)
		bug("normalisation of %zu bytes", buf_len(&title));
	buf_add(out, flat, n);
	free(flat);
	buf_free(&clean);
	buf_free(&title);
}

void text_escape(struct slice s, size_t max, struct buf *out) {
	size_t left = max;
	while (s.n) {
		const char *at = s.p;
		int32_t cp = text_utf8_next(&s);
		size_t n = (size_t)(s.p - at);
		/* U+0080..9F are terminal controls too */
		bool plain = cp >= 0x20 && cp != '"' && cp != '\\' && !(cp >= 0x7f && cp < 0xa0);
		size_t need = plain ? n : 4 * n;
		if (need > left)
			return;
		left -= need;
		if (plain)
			buf_add(out, at, n);
		else
			for (size_t i = 0; i < n; i++)
				buf_addf(out, "\\x%02x", (unsigned char)at[i]);
	}
}

void text_json(struct slice s, struct buf *out) {
	buf_addc(out, '"');
	while (s.n) {
		const char *at = s.p;
		int32_t cp = text_utf8_next(&s);
		if (cp < 0) {
			buf_add(out, "\xef\xbf\xbd", 3);
		} else if (cp == '"' || cp == '\\') {
			buf_addc(out, '\\');
			buf_addc(out, (char)cp);
		} else if (cp == '\n') {
			buf_add(out, "\\n", 2);
		} else if (cp == '\r') {
			buf_add(out, "\\r", 2);
		} else if (cp == '\t') {
			buf_add(out, "\\t", 2);
		} else if (cp < 0x20 || (cp >= 0x7f && cp < 0xa0)) {
			buf_addf(out, "\\u%04x", (unsigned)cp);
		} else {
			buf_add(out, at, (size_t)(s.p - at));
		}
	}
	buf_addc(out, '"');
}
