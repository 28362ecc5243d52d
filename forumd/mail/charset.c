/* charset.c - which charset is text in that nobody declared? UTF-8 is known by its form (the caller looked); for the
 * others the form of the multi-octet ones and the most frequent letters of the single-octet ones decide. A wrong guess
 * shows wrong letters, which is what no guess does; the original octets are kept by those who call. */
#include "forumd/base/text.h"
#include "forumd/mail/words.h"

#define GUESS_MAX 20000            /* octets that are looked at */

struct guess_counts { size_t high, letters, runs, odd, octet[256]; };

static void guess_count(struct slice s, struct guess_counts *c) {
	size_t run = 0;
	for (size_t i = 0; i <= s.n; i++) {
		bool high = i < s.n && (s.p[i] & 0x80);
		if (high) {
			run++;
			c->high++;
			c->octet[(unsigned char)s.p[i]]++;
		} else {
			c->runs += run > 0;
			c->odd += run & 1;
			run = 0;
			c->letters += i < s.n && text_alpha(s.p[i]);
		}
	}
}

static bool between(unsigned char c, unsigned lo, unsigned hi) {
	return c >= lo && c <= hi;
}

/* All pairs as Shift_JIS has them, with kana among them? */
static bool guess_shift_jis(struct slice s) {
	size_t kana = 0, pairs = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i], next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;
		if (c < 0x80 || between(c, 0xa1, 0xdf))
			continue;
		if (!(between(c, 0x81, 0x9f) || between(c, 0xe0, 0xef)) || !between(next, 0x40, 0xfc) || next == 0x7f)
			return false;
		kana += c == 0x82 || c == 0x83;
		pairs++;
		i++;
	}
	return pairs && kana * 3 > pairs;
}

/* pairs whose second octet may be a letter: half of them are in Big5, few in what extends GB 2312 */
static const char *guess_low(struct slice s) {
	size_t low = 0, middle = 0, pairs = 0;
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i], next = i + 1 < s.n ? (unsigned char)s.p[i + 1] : 0;
		if (c < 0x80)
			continue;
		if (!between(c, 0x81, 0xfe) || !between(next, 0x40, 0xfe) || next == 0x7f)
			return NULL;
		low += next < 0x7f;
		middle += between(next, 0x80, 0xa0) || c < 0xa1;
		pairs++;
		i++;
	}
	return pairs < 4 ? NULL : !middle && low * 5 > pairs ? "big5" : "gb18030";
}

/* pairs of octets from 0xa1: EUC */
static const char *guess_euc(struct slice s) {
	size_t pairs = 0, kana = 0, hangul = 0;
	for (size_t i = 0; i + 1 < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x80)
			continue;
		if (c < 0xa1 || (unsigned char)s.p[i + 1] < 0xa1)
			return NULL;
		kana += c == 0xa4 || c == 0xa5;
		hangul += between(c, 0xb0, 0xc8);
		pairs++;
		i++;
	}
	return kana * 4 > pairs ? "euc-jp" : hangul * 10 >= pairs * 9 && slice_chr(s, ' ') >= 0 ? "cp949" : "gb18030";
}

/* the six most frequent letters of the language in that charset */
static const char *guess_single(const struct guess_counts *c) {
	static const struct { const char *charset, *letters; } v[] = {
		{ "windows-1251", "\xee\xe5\xe0\xe8\xed\xf2" },
		{ "koi8-r", "\xcf\xc5\xc1\xc9\xce\xd4" },
		{ "iso-8859-5", "\xde\xd5\xd0\xd8\xdd\xe2" },
		{ "windows-1253", "\xe1\xef\xe9\xf4\xf3\xed" },
		{ "windows-1255", "\xe5\xe9\xe0\xec\xe4\xfa" },
	};
	size_t best = 0, most = 0;
	for (size_t i = 0; i < sizeof v / sizeof *v; i++) {
		size_t n = 0;
		for (const char *p = v[i].letters; *p; p++)
			n += c->octet[(unsigned char)*p];
		if (n > most)
			most = n, best = i;
	}
	return most * 4 > c->high ? v[best].charset : "windows-1252";
}

const char *words_guess_charset(struct slice s) {
	struct guess_counts c = { 0 };
	s = slice_to(s, GUESS_MAX);
	if (slice_find(s, SLICE("\x1b$B")) >= 0 || slice_find(s, SLICE("\x1b$@")) >= 0)
		return "iso-2022-jp";
	guess_count(s, &c);
	/* accents among Latin letters */
	if (c.high < 4 || c.high * 3 < c.letters)
		return "windows-1252";
	if (guess_shift_jis(s))
		return "cp932";
	const char *euc = c.odd == 0 && c.high >= 8 ? guess_euc(s) : NULL;
	const char *low = euc ? NULL : guess_low(s);
	return euc ? euc : low ? low : guess_single(&c);
}
