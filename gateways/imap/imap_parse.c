/* The reader moves every octet once from the connection's input to the command's text, so that a client that sends
 * single octets costs no more than one that sends lines. Whether a line announces a literal is decided when its line
 * end arrives; what is announced is checked against the limits before any of it is taken. */
#include "gateways/imap/imap_parse.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/base/vec.h"
#include <stdlib.h>

#define READER_KEEP 256

void imap_reader_reset(struct imap_reader *r) {
	buf_reset(&r->text);
	buf_shrink(&r->text, READER_KEEP);
	r->plain = r->append = 0;
	r->literal = 0;
	r->swallow = false;
	memset(r->tail, 0, sizeof r->tail);
}

/* "{n}" or "{n+}" at the end of a line: a literal is announced */
static bool literal_at_end(struct slice line, uint64_t *n_r, bool *wait_r) {
	if (line.n < 3 || line.p[line.n - 1] != '}')
		return false;
	ptrdiff_t open = slice_rchr(line, '{');
	if (open < 0)
		return false;
	struct slice digits = slice_sub(line, (size_t)open + 1, line.n - (size_t)open - 2);
	*wait_r = !(digits.n && digits.p[digits.n - 1] == '+');
	if (!*wait_r)
		digits.n--;
	if (!digits.n || digits.n > 20)
		return false;
	for (size_t i = 0; i < digits.n; i++)
		if (!text_digit(digits.p[i]))
			return false;
	if (!num_parse_u64(digits, n_r))
		*n_r = UINT64_MAX;
	return true;
}

static bool reader_is_append(const struct imap_reader *r) {
	struct slice text = buf_slice(&r->text), word;
	if (!slice_word(&text, &word) || !slice_word(&text, &word))
		return false;
	return slice_is_nocase(word, "APPEND") || slice_is_nocase(word, "REPLACE") ||
		(slice_is_nocase(word, "UID") && slice_word(&text, &word) && slice_is_nocase(word, "REPLACE"));
}

static bool reader_fits(struct imap_reader *r, uint64_t n) {
	if (r->append_limit && reader_is_append(r)) {
		if (n > r->append_limit - r->append)
			return false;
		r->append += n;
		return true;
	}
	if (r->plain > r->limit || n > r->limit - r->plain)
		return false;
	r->plain += n;
	return true;
}

static void tail_add(struct imap_reader *r, struct slice s) {
	size_t n = s.n < sizeof r->tail ? s.n : sizeof r->tail;
	memmove(r->tail, r->tail + n, sizeof r->tail - n);
	memcpy(r->tail + sizeof r->tail - n, s.p + s.n - n, n);
}

static struct slice strip_line_end(struct slice s) {
	if (s.n && s.p[s.n - 1] == '\n')
		s.n--;
	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	return s;
}

/* the rest of a line that is too long */
static enum imap_read reader_swallow(struct imap_reader *r, struct buf *in) {
	struct slice got = buf_slice(in);
	ptrdiff_t end = slice_chr(got, '\n');
	got = end < 0 ? got : slice_to(got, (size_t)end + 1);
	tail_add(r, got);
	buf_consume(in, got.n);
	if (end < 0)
		return IMAP_READ_MORE;
	uint64_t n;
	bool wait;
	bool literal = literal_at_end(strip_line_end(slice_of(r->tail, sizeof r->tail)), &n, &wait);
	return literal && !wait ? IMAP_READ_TOO_BIG_BYE : IMAP_READ_TOO_LONG;
}

/* 1 the line is complete, 0 not yet, < 0 too long (swallowing has begun) */
static int reader_line(struct imap_reader *r, struct buf *in) {
	struct slice got = buf_slice(in);
	ptrdiff_t end = slice_chr(got, '\n');
	got = end < 0 ? got : slice_to(got, (size_t)end + 1);
	if (got.n > r->limit || r->plain > r->limit - got.n) {
		r->swallow = true;
		tail_add(r, slice_from(buf_slice(&r->text), buf_len(&r->text) > 32 ? buf_len(&r->text) - 32 : 0));
		if (!buf_len(&r->text))
			buf_add_slice(&r->text, slice_to(got, 64));
		return -1;
	}
	buf_add_slice(&r->text, got);
	buf_consume(in, got.n);
	r->plain += got.n;
	return end >= 0;
}

enum imap_read imap_reader_feed(struct imap_reader *r, struct buf *in) {
	while (buf_len(in)) {
		if (r->swallow)
			return reader_swallow(r, in);
		if (r->literal) {
			size_t n = buf_len(in) < r->literal ? buf_len(in) : (size_t)r->literal;
			buf_add(&r->text, buf_bytes(in), n);
			buf_consume(in, n);
			r->literal -= n;
			continue;
		}
		int line = reader_line(r, in);
		if (line < 0)
			continue;
		if (line == 0)
			break;
		struct slice whole = strip_line_end(buf_slice(&r->text));
		uint64_t n;
		bool wait;
		if (!literal_at_end(whole, &n, &wait)) {
			buf_truncate(&r->text, whole.n);
			return IMAP_READ_COMMAND;
		}
		if (!reader_fits(r, n))
			return wait ? IMAP_READ_TOO_BIG : IMAP_READ_TOO_BIG_BYE;
		r->literal = n;
		if (wait)
			return IMAP_READ_CONTINUE;
	}
	return IMAP_READ_MORE;
}

bool imap_take_char(struct slice *in, char c) {
	if (!imap_at(in, c))
		return false;
	*in = slice_from(*in, 1);
	return true;
}

/* ATOM-CHAR: any CHAR but ( ) { SP CTL % * " \ ] */
static bool atom_char(char c) {
	return (unsigned char)c > 32 && (unsigned char)c < 127 && !strchr("(){%*\"\\]", c);
}

static struct slice take_while(struct slice *in, bool (*is)(char)) {
	size_t n = 0;
	while (n < in->n && is(in->p[n]))
		n++;
	struct slice s = slice_to(*in, n);
	*in = slice_from(*in, n);
	return s;
}

static bool tag_char(char c) { return (atom_char(c) || c == ']') && c != '+'; }
bool imap_astring_char(char c) { return atom_char(c) || c == ']'; }
static bool pattern_char(char c) { return imap_astring_char(c) || c == '%' || c == '*'; }
static bool name_char(char c) { return text_alpha(c) || text_digit(c) || c == '.' || c == '-'; }

bool imap_take_tag(struct slice *in, struct slice *tag_r) {
	*tag_r = take_while(in, tag_char);
	return tag_r->n > 0;
}

bool imap_take_atom(struct slice *in, struct slice *s_r) {
	*s_r = take_while(in, atom_char);
	return s_r->n > 0;
}

bool imap_take_name(struct slice *in, struct slice *s_r) {
	*s_r = take_while(in, name_char);
	return s_r->n > 0;
}

static bool take_quoted(struct slice *in, struct arena *a, struct slice *s_r) {
	size_t i = 1, escapes = 0;
	for (; i < in->n && in->p[i] != '"'; i++) {
		if (in->p[i] == '\r' || in->p[i] == '\n' || in->p[i] == 0)
			return false;
		if (in->p[i] == '\\') {
			if (++i >= in->n || (in->p[i] != '"' && in->p[i] != '\\'))
				return false;
			escapes++;
		}
	}
	if (i >= in->n)
		return false;
	struct slice raw = slice_sub(*in, 1, i - 1);
	if (!text_utf8_valid(raw))
		return false;
	*in = slice_from(*in, i + 1);
	*s_r = raw;
	if (!escapes)
		return true;
	char *out = arena_alloc(a, raw.n + 1);
	size_t n = 0;
	for (size_t k = 0; k < raw.n; k++) {
		if (raw.p[k] == '\\')
			k++;
		out[n++] = raw.p[k];
	}
	*s_r = slice_of(out, n);
	return true;
}

static bool take_literal(struct slice *in, struct slice *s_r) {
	imap_take_char(in, '~');
	uint64_t n;
	if (!imap_take_char(in, '{') || !num_take_u64(in, &n))
		return false;
	imap_take_char(in, '+');
	if (!imap_take_char(in, '}'))
		return false;
	imap_take_char(in, '\r');
	if (!imap_take_char(in, '\n') || n > in->n)
		return false;
	*s_r = slice_to(*in, (size_t)n);
	*in = slice_from(*in, (size_t)n);
	return true;
}

bool imap_take_string(struct slice *in, struct arena *a, struct slice *s_r) {
	return imap_at(in, '"') ? take_quoted(in, a, s_r) : take_literal(in, s_r);
}

static bool at_string(const struct slice *in) {
	return imap_at(in, '"') || imap_at(in, '{') || (in->n > 1 && in->p[0] == '~' && in->p[1] == '{');
}

bool imap_take_astring(struct slice *in, struct arena *a, struct slice *s_r) {
	if (at_string(in))
		return imap_take_string(in, a, s_r);
	*s_r = take_while(in, imap_astring_char);
	return s_r->n > 0;
}

bool imap_take_nstring(struct slice *in, struct arena *a, struct slice *s_r) {
	if (at_string(in))
		return imap_take_string(in, a, s_r);
	struct slice atom;
	if (!imap_take_atom(in, &atom) || !slice_is_nocase(atom, "NIL"))
		return false;
	*s_r = slice_of(NULL, 0);
	return true;
}

bool imap_take_pattern(struct slice *in, struct arena *a, struct slice *s_r) {
	if (at_string(in))
		return imap_take_string(in, a, s_r);
	*s_r = take_while(in, pattern_char);
	return s_r->n > 0;
}

bool imap_take_number(struct slice *in, uint32_t *v_r) {
	uint64_t v;
	if (!num_take_u64(in, &v) || v > UINT32_MAX)
		return false;
	*v_r = (uint32_t)v;
	return true;
}

bool imap_take_flag(struct slice *in, struct slice *s_r) {
	struct slice whole = *in, atom;
	bool system = imap_take_char(in, '\\');
	if (!imap_take_atom(in, &atom))
		return false;
	*s_r = slice_to(whole, atom.n + system);
	return true;
}

static bool take_set_number(struct slice *in, uint32_t star, uint32_t *v_r, bool *star_r) {
	*star_r = imap_take_char(in, '*');
	if (*star_r) {
		*v_r = star;
		return true;
	}
	return imap_take_number(in, v_r) && *v_r > 0;
}

/* number, or number:number. From beyond the last to "*" is the last: who asks for what is new may be ahead, since others
 * expunge. */
static bool take_set_range(struct slice *in, uint32_t star, struct range *r_r) {
	uint32_t a, b;
	bool star_a, star_b;
	if (!take_set_number(in, star, &a, &star_a))
		return false;
	b = a;
	star_b = star_a;
	if (imap_take_char(in, ':') && !take_set_number(in, star, &b, &star_b))
		return false;
	if (star && (star_a || star_b)) {
		a = a > star ? star : a;
		b = b > star ? star : b;
	}
	*r_r = (struct range){ a < b ? a : b, a < b ? b : a };
	return true;
}

static int range_order(const void *a, const void *b) {
	const struct range *x = a, *y = b;
	return x->lo < y->lo ? -1 : x->lo > y->lo;
}

/* Runs are sorted first: adding them in the order of the client would make insertion quadratic. */
bool imap_take_set(struct slice *in, uint32_t star, struct range_set *set_r) {
	VEC(struct range) v = {0};
	bool good;
	do {
		struct range r;
		good = take_set_range(in, star, &r);
		if (good)
			vec_push(&v, r);
	} while (good && imap_take_char(in, ','));
	if (good) {
		qsort(v.v, v.n, sizeof *v.v, range_order);
		for (size_t i = 0; i < v.n; i++)
			if (v.v[i].hi)
				range_set_add(set_r, v.v[i].lo, v.v[i].hi);
	}
	vec_free(&v);
	return good;
}

static int utf7_digit(char c) {
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (text_digit(c))
		return c - '0' + 52;
	return c == '+' ? 62 : c == ',' ? 63 : -1;
}

/* one shifted run without & and -; UTF-16 in modified base64 */
static bool utf7_run(struct slice run, struct buf *out) {
	uint32_t bits = 0, high = 0;
	unsigned nbits = 0;
	for (size_t i = 0; i < run.n; i++) {
		int d = utf7_digit(run.p[i]);
		if (d < 0)
			return false;
		bits = bits << 6 | (uint32_t)d;
		nbits += 6;
		if (nbits < 16)
			continue;
		nbits -= 16;
		uint32_t unit = bits >> nbits & 0xffff;
		bits &= (1u << nbits) - 1;
		bool low = unit >= 0xdc00 && unit <= 0xdfff;
		if (low != (high != 0) || (unit >= 32 && unit < 127))
			return false;
		if (unit >= 0xd800 && unit <= 0xdbff) {
			high = unit;
			continue;
		}
		text_utf8_add(out, low ? 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00) : unit);
		high = 0;
	}
	return !high && nbits < 6 && bits == 0;
}

bool imap_utf7_decode(struct slice s, struct buf *out) {
	while (s.n) {
		char c = *s.p;
		if ((unsigned char)c < 32 || (unsigned char)c > 126)
			return false;
		s = slice_from(s, 1);
		if (c != '&') {
			buf_addc(out, c);
			continue;
		}
		ptrdiff_t end = slice_chr(s, '-');
		if (end < 0)
			return false;
		if (end == 0)
			buf_addc(out, '&');
		else if (!utf7_run(slice_to(s, (size_t)end), out))
			return false;
		s = slice_from(s, (size_t)end + 1);
	}
	return true;
}

static const char utf7_digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

/* what of the 16 bits more makes whole digits goes out; at most 5 bits wait */
static void utf7_unit(struct buf *out, uint32_t unit, uint32_t *bits, unsigned *nbits) {
	*bits = *bits << 16 | unit;
	for (*nbits += 16; *nbits >= 6; *nbits -= 6)
		buf_addc(out, utf7_digits[*bits >> (*nbits - 6) & 63]);
	*bits &= (1u << *nbits) - 1;
}

void imap_utf7_encode(struct slice s, struct buf *out) {
	while (s.n) {
		if ((unsigned char)*s.p < 128) {
			buf_addc(out, *s.p);
			if (*s.p == '&')
				buf_addc(out, '-');
			s = slice_from(s, 1);
			continue;
		}
		uint32_t bits = 0;
		unsigned nbits = 0;
		buf_addc(out, '&');
		while (s.n && (unsigned char)*s.p >= 128) {
			int32_t cp = text_utf8_next(&s);
			uint32_t c = cp < 0 ? 0xfffd : (uint32_t)cp;
			if (c >= 0x10000)
				utf7_unit(out, 0xd800 + ((c - 0x10000) >> 10), &bits, &nbits);
			utf7_unit(out, c >= 0x10000 ? 0xdc00 + ((c - 0x10000) & 0x3ff) : c, &bits, &nbits);
		}
		if (nbits)
			buf_addc(out, utf7_digits[bits << (6 - nbits) & 63]);
		buf_addc(out, '-');
	}
}
