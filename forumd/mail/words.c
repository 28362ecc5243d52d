/* words.c - RFC 2047 both ways, RFC 2231 values, charsets.
 * Decoding joins the BYTES of neighbouring words of one charset before converting, because mailers split multibyte
 * characters between words. Whatever comes out is cleaned of control bytes, so that decoded text can be put into one
 * line of anything. Linear: a word that is opened but never closed is searched for its end once. */
#include "forumd/mail/words.h"
#include <errno.h>
#include <iconv.h>
#include "forumd/base/base64.h"
#include "forumd/base/text.h"
#include "forumd/mail/mime.h"

#define WORD_MAX 75
#define WORD_HEAD "=?utf-8?"
#define WORD_ROOM (WORD_MAX - 12)    /* without =?utf-8?X? and ?= */
#define ASCII_WORD_MAX 900           /* longer ones are encoded, since encoded words can be folded */

enum words_codec { WORDS_UTF8, WORDS_1252, WORDS_LATIN, WORDS_HZ, WORDS_ICONV, WORDS_UNKNOWN };

/* What mail calls a charset, and what is meant by it. Names that are not listed must begin like a name of
 * words_prefixes to reach iconv: its modules for mainframes and the like have a history of endless loops. */
static const struct { const char *name; enum words_codec codec; const char *iconv; } words_alias[] = {
	{ "utf-8", WORDS_UTF8, NULL }, { "utf8", WORDS_UTF8, NULL }, { "unicode-1-1-utf-8", WORDS_UTF8, NULL },
	{ "us-ascii", WORDS_LATIN, NULL }, { "ascii", WORDS_LATIN, NULL }, { "ansi_x3.4-1968", WORDS_LATIN, NULL },
	{ "iso-8859-1", WORDS_1252, NULL }, { "iso8859-1", WORDS_1252, NULL }, { "iso_8859-1", WORDS_1252, NULL },
	{ "latin1", WORDS_1252, NULL }, { "latin-1", WORDS_1252, NULL }, { "windows-1252", WORDS_1252, NULL },
	{ "cp1252", WORDS_1252, NULL }, { "cp-1252", WORDS_1252, NULL }, { "x-ansi", WORDS_1252, NULL },
	{ "gb2312", WORDS_ICONV, "GB18030" }, { "gbk", WORDS_ICONV, "GB18030" }, { "cp936", WORDS_ICONV, "GB18030" },
	{ "gb_2312-80", WORDS_ICONV, "GB18030" }, { "x-gbk", WORDS_ICONV, "GB18030" },
	{ "gb2312_charset", WORDS_ICONV, "GB18030" }, { "hz-gb-2312", WORDS_HZ, NULL }, { "hz", WORDS_HZ, NULL },
	{ "big5", WORDS_ICONV, "BIG5-HKSCS" }, { "x-big5", WORDS_ICONV, "BIG5-HKSCS" },
	{ "ks_c_5601-1987", WORDS_ICONV, "CP949" }, { "ks_c_5601-1989", WORDS_ICONV, "CP949" },
	{ "ks_c_5601", WORDS_ICONV, "CP949" }, { "ksc5601", WORDS_ICONV, "CP949" }, { "euc-kr", WORDS_ICONV, "CP949" },
	{ "cseuckr", WORDS_ICONV, "CP949" }, { "x-windows-949", WORDS_ICONV, "CP949" },
	{ "x-sjis", WORDS_ICONV, "CP932" }, { "shift_jis", WORDS_ICONV, "CP932" }, { "shift-jis", WORDS_ICONV, "CP932" },
	{ "sjis", WORDS_ICONV, "CP932" }, { "ms_kanji", WORDS_ICONV, "CP932" }, { "windows-31j", WORDS_ICONV, "CP932" },
	{ "x-euc-jp", WORDS_ICONV, "EUC-JP" }, { "iso-8859-8-i", WORDS_ICONV, "ISO-8859-8" },
	{ "iso-8859-8-e", WORDS_ICONV, "ISO-8859-8" }, { "iso-8859-6-i", WORDS_ICONV, "ISO-8859-6" },
	{ "iso-8859-11", WORDS_ICONV, "CP874" }, { "windows-874", WORDS_ICONV, "CP874" },
	{ "iso-8859-9", WORDS_ICONV, "CP1254" }, { "latin5", WORDS_ICONV, "CP1254" },
	{ "unicode-1-1-utf-7", WORDS_ICONV, "UTF-7" }, { "x-unicode-2-0-utf-7", WORDS_ICONV, "UTF-7" },
	{ "x-mac-roman", WORDS_ICONV, "MACINTOSH" }, { "macintosh", WORDS_ICONV, "MACINTOSH" },
	{ "mac-roman", WORDS_ICONV, "MACINTOSH" }, { "x-mac-cyrillic", WORDS_ICONV, "MAC-CYRILLIC" },
	{ "x-mac-ce", WORDS_ICONV, "MAC-CENTRALEUROPE" }, { "unicode", WORDS_ICONV, "UTF-16" },
	{ "unknown-8bit", WORDS_UNKNOWN, NULL }, { "x-unknown", WORDS_UNKNOWN, NULL },
	{ "x-user-defined", WORDS_UNKNOWN, NULL }, { "unknown", WORDS_UNKNOWN, NULL }, { "default", WORDS_UNKNOWN, NULL },
	{ "binary", WORDS_UNKNOWN, NULL }, { "8bit", WORDS_UNKNOWN, NULL }, { "7bit", WORDS_UNKNOWN, NULL },
};
static const char *const words_prefixes[] = {
	"utf-7",
	"utf-16",
	"utf-32",
	"ucs-2",
	"iso-8859-",
	"iso8859-",
	"iso_8859-",
	"windows-125",
	"cp125",
	"koi8-",
	"koi-8",
	"euc-",
	"gb18030",
	"gb",
	"big5",
	"iso-2022-jp",
	"iso-2022-kr",
	"iso-2022-cn",
	"tis-620",
	"tis620",
	"viscii",
	"tcvn",
	"johab",
	"uhc",
	"ibm437",
	"ibm85",
	"ibm86",
	"cp437",
	"cp85",
	"cp86",
	"cp87",
	"cp93",
	"cp94",
	"cp95",
	"armscii",
	"georgian",
	"latin",
	"l1",
	"mac",
	"pt154",
	"rk1048",
	"kz-1048",
	"mik",
};

static const uint16_t words_1252[32] = {
	0x20ac, 0xfffd, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160, 0x2039, 0x0152, 0xfffd,
	0x017d, 0xfffd, 0xfffd, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022, 0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a,
	0x0153, 0xfffd, 0x017e, 0x0178,
};

static void words_from_1252(struct slice s, struct buf *out) {
	for (size_t i = 0; i < s.n; i++) {
		unsigned char c = (unsigned char)s.p[i];
		if (c < 0x80)
			buf_addc(out, (char)c);
		else
			text_utf8_add(out, c < 0xa0 ? words_1252[c - 0x80] : c);
	}
}

/* undeclared 8-bit text: what is valid UTF-8 is hardly ever anything else */
static bool words_iconv(const char *from, struct slice text, struct buf *out);

static bool words_iso_2022(struct slice s) {
	return slice_chr(s, 0x1b) >= 0 && (slice_find(s, SLICE("\x1b$B")) >= 0 || slice_find(s, SLICE("\x1b$@")) >= 0);
}

static void words_guess(struct slice s, struct buf *out) {
	const char *charset = text_utf8_valid(s) && !words_iso_2022(s) ? NULL : words_guess_charset(s);
	size_t start = buf_len(out);
	if (!charset) {
		buf_add_slice(out, s);
	} else if (strcmp(charset, "windows-1252") == 0 || !words_iconv(charset, s, out)) {
		buf_truncate(out, start);
		words_from_1252(s, out);
	}
}

/* says UTF-8, and is nothing of the kind: hardly a character of several octets that is one */
static bool words_not_utf8(struct slice s) {
	size_t wrong = words_iso_2022(s) ? 4 : 0, right = 0;
	while (s.n) {
		if (!(s.p[0] & 0x80)) {
			s = slice_from(s, 1);
			continue;
		}
		if (text_utf8_next(&s) >= 0)
			right++;
		else
			wrong++;
	}
	return wrong >= 3 && wrong > right;
}

static bool words_iconv(const char *from, struct slice text, struct buf *out) {
	iconv_t cd = iconv_open("UTF-8", from);
	if (cd == (iconv_t)-1)
		return false;
	struct buf got = { 0 };
	char *in = (char *)(uintptr_t)text.p;      /* iconv does not write there */
	size_t left = text.n;
	bool flushed = false;
	while (!flushed) {
		size_t room = left * 2 + 64;
		char *to = buf_reserve(&got, room), *end = to;
		flushed = !left;
		size_t rc = left ? iconv(cd, &in, &left, &end, &room) : iconv(cd, NULL, NULL, &end, &room);
		int e = errno;
		buf_commit(&got, (size_t)(end - to));
		if (rc != (size_t)-1)
			continue;
		if (e == E2BIG && end > to) {
			flushed = false;
			continue;
		}
		if (!left)
			break;
		buf_adds(&got, "\xef\xbf\xbd");
		in += e == EINVAL ? left : 1;
		left = e == EINVAL ? 0 : left - 1;
	}
	iconv_close(cd);
	text_utf8_repair(buf_slice(&got), out);
	buf_free(&got);
	return true;
}

/* RFC 1843: the C library has no HZ. "~{" begins two-byte characters of GB 2312 with the high bits off. */
static bool words_hz(struct slice s, struct buf *out) {
	struct buf gb = { 0 };
	bool two = false;
	for (size_t i = 0; i < s.n; i++) {
		char c = s.p[i], next = i + 1 < s.n ? s.p[i + 1] : 0;
		if (c == '~' && (next == '{' || next == '}' || next == '~' || next == '\n')) {
			two = next == '{' || (two && next != '}');
			if (next == '~')
				buf_addc(&gb, '~');
			i++;
		} else if (two && c >= 0x21 && c < 0x7f && next >= 0x21) {
			buf_addc(&gb, (char)(c | 0x80));
			buf_addc(&gb, (char)(next | 0x80));
			i++;
		} else {
			buf_addc(&gb, c);
		}
	}
	bool known = words_iconv("GB18030", buf_slice(&gb), out);
	buf_free(&gb);
	return known;
}

static enum words_codec words_codec_find(struct slice charset, char *iconv_r, size_t size) {
	charset = slice_trim(charset);
	while (charset.n && (charset.p[0] == '"' || charset.p[0] == '\''))
		charset = slice_from(charset, 1);
	while (charset.n && (charset.p[charset.n - 1] == '"' || charset.p[charset.n - 1] == '\''))
		charset.n--;
	for (size_t i = 0; i < sizeof words_alias / sizeof *words_alias; i++)
		if (slice_is_nocase(charset, words_alias[i].name)) {
			if (words_alias[i].iconv)
				slice_cstr(slice_str(words_alias[i].iconv), iconv_r, size);
			return words_alias[i].codec;
		}
	for (size_t i = 0; i < charset.n; i++)
		if (!text_alpha(charset.p[i]) && !text_digit(charset.p[i]) && !strchr("-_.+:", charset.p[i]))
			return WORDS_UNKNOWN;
	for (size_t i = 0; i < sizeof words_prefixes / sizeof *words_prefixes; i++)
		if (slice_starts_nocase(charset, slice_str(words_prefixes[i])) && slice_cstr(charset, iconv_r, size))
			return WORDS_ICONV;
	return WORDS_UNKNOWN;
}

bool words_to_utf8(struct slice charset, struct slice text, struct buf *out) {
	char name[48];
	switch (words_codec_find(charset, name, sizeof name)) {
	case WORDS_UTF8:
		if (words_not_utf8(text))
			words_guess(text, out);
		else
			text_utf8_repair(text, out);
		return true;
	case WORDS_1252:
		words_from_1252(text, out);
		return true;
	case WORDS_LATIN:
		words_guess(text, out);
		return true;
	case WORDS_HZ:
		if (words_hz(text, out))
			return true;
		break;
	case WORDS_ICONV:
		if (words_iconv(name, text, out))
			return true;
		break;
	case WORDS_UNKNOWN:
		break;
	}
	words_guess(text, out);
	return false;
}

/* text that goes into one line: control bytes become spaces */
static void words_add_clean(struct buf *out, struct slice s) {
	char *to = buf_reserve(out, s.n);
	for (size_t i = 0; i < s.n; i++)
		to[i] = text_control(s.p[i]) ? ' ' : s.p[i];
	buf_commit(out, s.n);
}

static void words_add_converted(struct buf *out, bool guess, struct slice charset, struct slice bytes) {
	struct buf text = { 0 };
	if (guess)
		words_guess(bytes, &text);
	else
		words_to_utf8(charset, bytes, &text);
	words_add_clean(out, buf_slice(&text));
	buf_free(&text);
}

struct word { struct slice charset, text; char codec; size_t end; };

/* an encoded word at raw[at], which is "=?" */
static bool words_take(struct slice raw, size_t at, bool *unclosed, struct word *w_r) {
	size_t i = at + 2;
	while (i < raw.n && i < at + 80 && raw.p[i] > ' ' && raw.p[i] != '?' && raw.p[i] != '=')
		i++;
	if (i >= raw.n || raw.p[i] != '?' || i + 3 >= raw.n || raw.p[i + 2] != '?')
		return false;
	w_r->charset = slice_sub(raw, at + 2, i - at - 2);
	ptrdiff_t language = slice_chr(w_r->charset, '*');      /* RFC 2231 section 5 */
	if (language >= 0)
		w_r->charset = slice_to(w_r->charset, (size_t)language);
	w_r->codec = text_lower(raw.p[i + 1]);
	if ((w_r->codec != 'b' && w_r->codec != 'q') || !w_r->charset.n || *unclosed)
		return false;
	ptrdiff_t n = slice_find(slice_from(raw, i + 3), SLICE("?="));
	if (n < 0) {
		*unclosed = true;
		return false;
	}
	w_r->text = slice_sub(raw, i + 3, (size_t)n);
	w_r->end = i + 3 + (size_t)n + 2;
	return true;
}

static int words_hex(char c) {
	return text_digit(c) ? c - '0' : text_lower(c) >= 'a' && text_lower(c) <= 'f' ? text_lower(c) - 'a' + 10 : -1;
}

/* =XX or %XX; what is no escape stays as it is */
static void words_unescape(struct slice s, char escape, bool underscore, struct buf *out) {
	for (size_t i = 0; i < s.n; i++) {
		int hi, lo;
		if (s.p[i] == escape && i + 2 < s.n && (hi = words_hex(s.p[i + 1])) >= 0 && (lo = words_hex(s.p[i + 2])) >= 0) {
			buf_addc(out, (char)(hi * 16 + lo));
			i += 2;
		} else {
			buf_addc(out, underscore && s.p[i] == '_' ? ' ' : s.p[i]);
		}
	}
}

static bool words_all_blank(struct slice s) {
	return slice_trim(s).n == 0;
}

void words_decode(struct slice raw, struct buf *out) {
	struct buf bytes = { 0 };       /* of the words seen last, all of charset `charset` */
	struct slice charset = { 0 };
	bool after_word = false, unclosed = false;
	size_t seg = 0, pos = 0;
	ptrdiff_t hit;
	if (text_plain(raw) && slice_find(raw, SLICE("=?")) < 0) {
		buf_add_slice(out, raw);
		return;
	}
	while ((hit = slice_find(slice_from(raw, pos), SLICE("=?"))) >= 0) {
		struct word w;
		size_t at = pos + (size_t)hit;
		if (!words_take(raw, at, &unclosed, &w)) {
			pos = at + 2;
			continue;
		}
		struct slice between = slice_sub(raw, seg, at - seg);
		bool joined = after_word && words_all_blank(between);
		if (after_word && (!joined || !slice_eq_nocase(charset, w.charset))) {
			words_add_converted(out, false, charset, buf_slice(&bytes));
			buf_reset(&bytes);
		}
		if (!joined)
			words_add_converted(out, true, charset, between);
		if (w.codec == 'b')
			mime_decode(MIME_BASE64, w.text, SIZE_MAX, &bytes);
		else
			words_unescape(w.text, '=', true, &bytes);
		charset = w.charset;
		after_word = true;
		seg = pos = w.end;
	}
	if (after_word)
		words_add_converted(out, false, charset, buf_slice(&bytes));
	words_add_converted(out, true, charset, slice_from(raw, seg));
	buf_free(&bytes);
}

void words_decode_2231(struct slice value, struct buf *out) {
	struct buf bytes = { 0 };
	struct slice charset = { 0 };
	ptrdiff_t one = slice_chr(value, '\'');
	ptrdiff_t two = one < 0 ? -1 : slice_chr(slice_from(value, (size_t)one + 1), '\'');
	if (two >= 0) {
		charset = slice_to(value, (size_t)one);
		value = slice_from(value, (size_t)(one + two) + 2);
	}
	words_unescape(value, '%', false, &bytes);
	words_add_converted(out, false, charset, buf_slice(&bytes));
	buf_free(&bytes);
}

/* attribute-char of RFC 2231 7 */
static bool words_attribute_char(char c) {
	return c > ' ' && c < 127 && !strchr("*'%()<>@,;:\\\"/[]?=", c);
}

void words_encode_2231(struct slice utf8, struct buf *out) {
	struct buf good = { 0 };
	text_utf8_repair(utf8, &good);
	struct slice s = buf_slice(&good);
	buf_adds(out, "utf-8''");
	for (size_t i = 0; i < s.n; i++)
		if (words_attribute_char(s.p[i]))
			buf_addc(out, s.p[i]);
		else
			buf_addf(out, "%%%02X", (unsigned char)s.p[i]);
	buf_free(&good);
}

/* may stand unencoded inside Q of a phrase (RFC 2047 5 (3)), which is good for Subject as well */
static bool words_q_plain(char c) {
	return text_alpha(c) || text_digit(c) || c == '!' || c == '*' || c == '+' || c == '-' || c == '/';
}

static size_t words_q_size(char c) {
	return words_q_plain(c) || c == ' ' ? 1 : 3;
}

static void words_put(struct buf *out, bool q, struct slice piece) {
	buf_adds(out, q ? WORD_HEAD "Q?" : WORD_HEAD "B?");
	if (!q)
		base64_encode(piece, out);
	for (size_t i = 0; q && i < piece.n; i++) {
		if (piece.p[i] == ' ')
			buf_addc(out, '_');
		else if (words_q_plain(piece.p[i]))
			buf_addc(out, piece.p[i]);
		else
			buf_addf(out, "=%02X", (unsigned char)piece.p[i]);
	}
	buf_adds(out, "?=");
}

/* one run of text as encoded words, one space between them */
static void words_encode_run(struct slice run, struct buf *out) {
	size_t q_size = 0;
	for (size_t i = 0; i < run.n; i++)
		q_size += words_q_size(run.p[i]);
	/* Q can be read by people in old programs: it may cost a half more */
	bool q = q_size <= (run.n + 2) / 3 * 6;
	while (run.n) {
		size_t n = 0, size = 0;
		for (struct slice rest = run; rest.n;) {
			struct slice before = rest;
			text_utf8_next(&rest);
			size_t len = before.n - rest.n, more = 0;
			for (size_t i = 0; i < len; i++)
				more += words_q_size(before.p[i]);
			if (q ? size + more > WORD_ROOM : (n + len + 2) / 3 * 4 > WORD_ROOM)
				break;
			n += len;
			size += more;
		}
		words_put(out, q, slice_to(run, n));
		run = slice_from(run, n);
		if (run.n)
			buf_addc(out, ' ');
	}
}

static bool words_must_encode(struct slice word) {
	for (size_t i = 0; i < word.n; i++)
		if ((unsigned char)word.p[i] >= 0x80)
			return true;
	return word.n > ASCII_WORD_MAX || slice_find(word, SLICE("=?")) >= 0;
}

/* valid UTF-8 without control bytes */
static void words_prepare(struct slice utf8, struct buf *clean) {
	struct buf good = { 0 };
	text_utf8_repair(utf8, &good);
	words_add_clean(clean, buf_slice(&good));
	buf_free(&good);
}

void words_encode(struct slice utf8, struct buf *out) {
	struct buf clean = { 0 };
	words_prepare(utf8, &clean);
	struct slice text = slice_trim(buf_slice(&clean));      /* control bytes at the ends are spaces by now */
	/* [run, run_end): words to encode together with the spaces between them */
	size_t done = 0, run = 0, run_end = 0;
	for (size_t at = 0; at < text.n;) {
		size_t start = at, end;
		while (start < text.n && text.p[start] == ' ')
			start++;
		for (end = start; end < text.n && text.p[end] != ' ';)
			end++;
		if (words_must_encode(slice_sub(text, start, end - start))) {
			if (run_end == 0) {
				buf_add_slice(out, slice_sub(text, done, start - done));
				run = start;
			}
			run_end = end;
		} else if (run_end) {
			words_encode_run(slice_sub(text, run, run_end - run), out);
			done = run_end;
			run_end = 0;
		}
		at = end;
	}
	if (run_end)
		words_encode_run(slice_sub(text, run, run_end - run), out);
	else
		buf_add_slice(out, slice_from(text, done));
	buf_free(&clean);
}

static bool words_atext(char c) {
	return text_alpha(c) || text_digit(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

void words_encode_phrase(struct slice utf8, struct buf *out) {
	struct buf clean = { 0 };
	words_prepare(utf8, &clean);
	struct slice text = slice_trim(buf_slice(&clean));      /* control bytes at the ends are spaces by now */
	bool atoms = true;
	for (size_t i = 0; i < text.n && atoms; i++)
		atoms = words_atext(text.p[i]) || (text.p[i] == ' ' && text.p[i - 1] != ' ');
	if (words_must_encode(text)) {
		words_encode_run(text, out);
	} else if (atoms) {
		buf_add_slice(out, text);
	} else {
		buf_addc(out, '"');
		for (size_t i = 0; i < text.n; i++) {
			if (text.p[i] == '"' || text.p[i] == '\\')
				buf_addc(out, '\\');
			buf_addc(out, text.p[i]);
		}
		buf_addc(out, '"');
	}
	buf_free(&clean);
}
