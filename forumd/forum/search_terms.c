/* Texts become terms. On the worker, for every post: the text is folded, cut into runs, and each run looked up in a
 * small table that keeps the first of equal ones. Header terms that are in the body too are listed once, as body terms.
 *
 * The table is hashed with a seed of the process, so that nobody can choose words that collide. */
#include <stdatomic.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "forumd/base/rnd.h"
#include "forumd/base/text.h"
#include "forumd/forum/search_private.h"

enum { SEARCH_TERMS_VERSION = 1, SEARCH_TERMS_CUT = 1 };

/* --- tokens --- */

enum token_class { CLASS_NONE, CLASS_WORD, CLASS_IDEOGRAPH };

size_t search_char(const char *p, size_t n) {
	unsigned char c = (unsigned char)*p;
	size_t len = c < 0xc2 ? 1 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 1;
	return len < n ? len : n;
}

static enum token_class token_class_of(uint32_t cp) {
	if (cp < 0xc0)
		return CLASS_NONE;                       /* Latin-1 signs; letters among them were folded away */
	if (cp < 0x2000)
		return CLASS_WORD;
	if (cp < 0x2070)
		return cp == 0x2019 ? CLASS_WORD : CLASS_NONE;   /* the apostrophe of "don't"; dashes, quotes, spaces */
	if (cp < 0x2e80)
		return CLASS_WORD;
	if (cp < 0x3040)
		return cp >= 0x3005 && cp <= 0x3007 ? CLASS_IDEOGRAPH : cp < 0x3000 ? CLASS_IDEOGRAPH : CLASS_NONE;
	if (cp < 0xa000)
		return cp >= 0x3100 && cp < 0x3400 ? CLASS_WORD : CLASS_IDEOGRAPH;
	if (cp >= 0xf900 && cp < 0xfb00)
		return CLASS_IDEOGRAPH;
	if ((cp >= 0xfe10 && cp < 0xfe50) || (cp >= 0xff00 && cp < 0xff66) || cp >= 0xfff0)
		return cp >= 0x20000 && cp < 0x40000 ? CLASS_IDEOGRAPH : cp >= 0x10000 ? CLASS_WORD : CLASS_NONE;
	return CLASS_WORD;
}

static inline enum token_class token_class_at(const char *p, size_t n) {
	unsigned char c = (unsigned char)*p;
	if (c < 0x80)
		return text_alpha((char)c) || text_digit((char)c) ? CLASS_WORD : CLASS_NONE;
	struct slice s = slice_of(p, n);
	int32_t cp = text_utf8_next(&s);
	return cp < 0 ? CLASS_WORD : token_class_of((uint32_t)cp);
}

static const bool token_ascii[256] = { ['0' ... '9'] = true, ['a' ... 'z'] = true, ['A' ... 'Z'] = true };

bool search_token(struct slice text, size_t *at, struct token *token) {
	const char *p = text.p;
	size_t i = *at, n = text.n, start;
	while (i < n && !token_ascii[(unsigned char)p[i]] &&
			(!(p[i] & 0x80) || token_class_at(p + i, n - i) == CLASS_NONE))
		i += search_char(p + i, n - i);
	if (i >= n)
		return false;
	enum token_class class = token_class_at(p + i, n - i);
	for (start = i; i < n;) {
		if (class == CLASS_WORD && token_ascii[(unsigned char)p[i]])
			i++;
		else if (token_class_at(p + i, n - i) == class)
			i += search_char(p + i, n - i);
		else
			break;
	}
	token->kind = class == CLASS_WORD ? TOKEN_WORD : TOKEN_IDEOGRAPHS;
	token->s = slice_of(p + start, i - start);
	token->starts = start == 0;
	token->ends = i == n;
	*at = i;
	return true;
}

/* --- the table --- */

struct table {
	uint32_t *slots;          /* index of a term + 1 */
	uint32_t *hashes;         /* of term i */
	uint32_t size, n;
	struct buf *text;         /* NUL term NUL term NUL */
	VEC(uint32_t) offsets;    /* of term i in *text */
	uint64_t seed;
	size_t max;
	bool full;
};

static uint64_t table_seed(void) {
	static _Atomic uint64_t seed;
	uint64_t s = atomic_load_explicit(&seed, memory_order_relaxed);
	if (!s) {
		uint64_t fresh;
		rnd_bytes(&fresh, sizeof fresh);
		fresh |= 1;
		if (atomic_compare_exchange_strong(&seed, &s, fresh))
			s = fresh;
	}
	return s;
}

static inline uint64_t table_mix(uint64_t a, uint64_t b) {
	__uint128_t m = (__uint128_t)a * b;
	return (uint64_t)m ^ (uint64_t)(m >> 64);
}

static inline uint32_t table_hash(uint64_t seed, const char *p, size_t n) {
	uint64_t h = seed ^ n * 0x9e3779b97f4a7c15u, w;
	for (; n >= 8; p += 8, n -= 8) {
		memcpy(&w, p, 8);
		h = table_mix(h ^ w, 0xa0761d6478bd642fu ^ seed);
	}
	w = 0;
	if (n >= 4) {
		uint32_t lo, hi;
		memcpy(&lo, p, 4);
		memcpy(&hi, p + n - 4, 4);
		w = (uint64_t)hi << 32 | lo;
	} else {
		for (size_t i = 0; i < n; i++)
			w = w << 8 | (unsigned char)p[i];
	}
	h = table_mix(h ^ w, 0xe7037ed1a0b428dbu ^ seed);
	return (uint32_t)(h ^ h >> 32);
}

uint32_t search_hash(struct slice s) {
	return table_hash(table_seed(), s.p, s.n);
}

static void table_grow(struct table *t) {
	t->size = t->size ? t->size * 2 : 1024;
	mem_free(t->slots);
	t->slots = mem_zalloc(t->size * sizeof *t->slots);
	t->hashes = mem_realloc(t->hashes, t->size * sizeof *t->hashes);
	for (uint32_t i = 0; i < t->n; i++) {
		uint32_t k = t->hashes[i] & (t->size - 1);
		while (t->slots[k])
			k = (k + 1) & (t->size - 1);
		t->slots[k] = i + 1;
	}
}

static void table_add(struct table *t, const char *p, size_t n) {
	if (t->n * 2 >= t->size)
		table_grow(t);
	uint32_t h = table_hash(t->seed, p, n), k = h & (t->size - 1);
	for (uint32_t i; (i = t->slots[k]); k = (k + 1) & (t->size - 1)) {
		uint32_t off = t->offsets.v[i - 1], end = i < t->n ? t->offsets.v[i] : (uint32_t)t->text->used;
		if (t->hashes[i - 1] == h && end - off - 1 == n && memcmp(t->text->data + off, p, n) == 0)
			return;
	}
	if (buf_len(t->text) + n > t->max) {
		t->full = true;
		return;
	}
	t->slots[k] = t->n + 1;
	t->hashes[t->n++] = h;
	vec_push(&t->offsets, (uint32_t)t->text->used);
	char *to = buf_reserve(t->text, n + 1);
	memcpy(to, p, n);
	to[n] = 0;
	buf_commit(t->text, n + 1);
}

static void table_add_token(struct table *t, const struct token *token) {
	const char *p = token->s.p;
	size_t n = token->s.n;
	if (token->kind == TOKEN_WORD) {
		if (n <= TERM_MAX) {
			table_add(t, p, n);
			return;
		}
		for (size_t s = 0; !t->full; s += TERM_STEP) {
			table_add(t, p + s, n - s < TERM_MAX ? n - s : TERM_MAX);
			if (s + TERM_MAX >= n)
				return;
		}
		return;
	}
	size_t a = search_char(p, n), from = 0;
	if (a == n)
		table_add(t, p, n);
	while (from + a < n && !t->full) {
		size_t b = search_char(p + from + a, n - from - a);
		table_add(t, p + from, a + b);
		from += a;
		a = b;
	}
}

/* Bit i: octet i is a letter or digit; *high_r: one is not ASCII. A short block is filled up with blanks. */
static uint64_t block_words(const char *p, bool *high_r) {
	uint64_t words = 0;
#ifdef __SSE2__
	unsigned high = 0;
	for (int i = 0; i < 4; i++) {
		__m128i v = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i));
		__m128i letter = _mm_sub_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
		__m128i digit = _mm_sub_epi8(v, _mm_set1_epi8('0'));
		__m128i is = _mm_or_si128(_mm_cmpeq_epi8(_mm_min_epu8(letter, _mm_set1_epi8(25)), letter),
			_mm_cmpeq_epi8(_mm_min_epu8(digit, _mm_set1_epi8(9)), digit));
		words |= (uint64_t)(unsigned)_mm_movemask_epi8(is) << 16 * i;
		high |= (unsigned)_mm_movemask_epi8(v);
	}
	*high_r = high != 0;
#else
	unsigned char high = 0;
	for (int i = 0; i < 64; i++) {
		words |= (uint64_t)token_ascii[(unsigned char)p[i]] << i;
		high |= (unsigned char)p[i];
	}
	*high_r = high & 0x80;
#endif
	return words;
}

/* The words at the front, as far as it is ASCII, 64 octets at a time: most posts altogether. Where search_token() goes
 * on. */
static size_t table_add_ascii(struct table *t, struct slice s) {
	size_t start = 0, base = 0;
	bool inside = false, high;
	for (; base < s.n && !t->full; base += 64) {
		char last[64];
		bool whole = s.n - base >= 64;
		if (!whole) {
			memset(last, ' ', sizeof last);
			memcpy(last, s.p + base, s.n - base);
		}
		uint64_t words = block_words(whole ? s.p + base : last, &high), left = UINT64_MAX;
		if (high)
			return inside ? start : base;
		for (uint64_t edge; !t->full && (edge = (inside ? ~words : words) & left); inside = !inside) {
			unsigned i = (unsigned)__builtin_ctzll(edge);
			size_t n = base + i - start;
			if (inside && n <= TERM_MAX)
				table_add(t, s.p + start, n);
			else if (inside)
				table_add_token(t, &(struct token){ .kind = TOKEN_WORD, .s = slice_sub(s, start, n) });
			start = base + i;
			left = UINT64_MAX << i;
		}
	}
	if (inside && base >= s.n && !t->full)
		table_add_token(t, &(struct token){ .kind = TOKEN_WORD, .s = slice_from(s, start) });
	return s.n;
}

static void table_add_text(struct table *t, struct slice utf8) {
	struct buf folded = { 0 };
	struct token token;
	text_fold(utf8, &folded);
	size_t at = table_add_ascii(t, buf_slice(&folded));
	while (!t->full && search_token(buf_slice(&folded), &at, &token))
		table_add_token(t, &token);
	buf_free(&folded);
}

/* --- the encoded list: version, flags, then from line, header TEXT and body TEXT with varint lengths --- */

void search_terms(struct slice from, struct slice header, struct slice body, bool cut, struct buf *out) {
	struct buf line = { 0 }, text = { 0 };
	struct table t = { .text = &text, .seed = table_seed(), .max = SEARCH_TERMS_MAX * 3 / 4 };
	text_fold(slice_to(from, 4 * FROM_MAX), &line);
	for (size_t i = 0; i < buf_len(&line); i++)
		if (line.data[i] == 0)
			line.data[i] = ' ';
	cut = cut || from.n > 4 * FROM_MAX || buf_len(&line) > FROM_MAX;
	buf_reserve(&text, 8000);        /* most posts: no growing */
	vec_grow(&t.offsets, 1024);
	buf_addc(&text, 0);
	table_add_text(&t, body);
	size_t split = t.text->used;      /* the NUL before it belongs to both */
	bool whole = !t.full;
	t.full = false;
	t.max = SEARCH_TERMS_MAX;
	table_add_text(&t, SLICE("from"));
	table_add_text(&t, header);
	buf_addc(out, SEARCH_TERMS_VERSION);
	buf_addc(out, cut || t.full || !whole ? SEARCH_TERMS_CUT : 0);
	num_add_bytes(out, slice_to(buf_slice(&line), FROM_MAX));
	num_add_bytes(out, slice_of(text.data + split - 1, text.used - split + 1));
	num_add_bytes(out, slice_of(text.data, split));
	mem_free(t.slots);
	mem_free(t.hashes);
	vec_free(&t.offsets);
	buf_free(&line);
	buf_free(&text);
}

static bool terms_are_text(struct slice s) {
	return s.n > 0 && s.p[0] == 0 && s.p[s.n - 1] == 0;
}

int search_terms_decode(struct slice in, struct search_list *l) {
	if (in.n < 2 || in.p[0] != SEARCH_TERMS_VERSION)
		return ERR_CORRUPT;
	l->cut = in.p[1] & SEARCH_TERMS_CUT;
	in = slice_from(in, 2);
	bool good = num_take_bytes(&in, &l->from) && num_take_bytes(&in, &l->header) && num_take_bytes(&in, &l->body);
	return good && terms_are_text(l->header) && terms_are_text(l->body) && l->from.n <= FROM_MAX ? 1 : ERR_CORRUPT;
}
