/* A needle becomes probes: octets to look for in the TEXTs. Every page of every segment and every pending record is
 * looked through; that costs the length of the group's vocabulary, not of its posts. For each probe the numbers found
 * are kept as a bit set; the answer is their intersection.
 *
 * A needle that is one run of word characters (or one or two ideographs) can only stand inside one run of the text, and
 * runs are terms: then the answer is sure. Other needles, and runs longer than NEEDLE_MAX, give candidates. */
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include "forumd/base/text.h"
#include "forumd/forum/author_private.h"
#include "forumd/forum/group.h"
#include "forumd/forum/search_private.h"

enum { PROBES_MAX = 12 };

struct probe {
	char p[TERM_MAX + 2];     /* with a NUL in front and behind where a term must begin and end */
	size_t n;
	struct slice word;        /* in p, without the NULs: for author lines */
	uint64_t *bits;           /* numbers 0..high */
};
struct finder {
	struct forum_txn *t;
	uint32_t group, high;
	enum search_where where;
	struct probe probes[PROBES_MAX];
	size_t nprobes;
	struct range_set authors;     /* whose lines changed */
	struct { struct slice *v; size_t n, cap; } lines;   /* folded line of author authors[i], on demand */
};

/* --- octets --- */

/* first match at or behind `from`; -1. First and last octet are compared 16 at a time. */
static ptrdiff_t find_octets(struct slice s, size_t from, const char *pat, size_t n) {
	size_t i = from;
	if (s.n < n)
		return -1;
#ifdef __SSE2__
	const __m128i first = _mm_set1_epi8(pat[0]), last = _mm_set1_epi8(pat[n - 1]);
	for (; i + n + 15 <= s.n; i += 16) {
		__m128i a = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i));
		__m128i b = _mm_loadu_si128((const __m128i *)(const void *)(s.p + i + n - 1));
		unsigned m = (unsigned)_mm_movemask_epi8(_mm_and_si128(_mm_cmpeq_epi8(a, first), _mm_cmpeq_epi8(b, last)));
		for (; m; m &= m - 1) {
			size_t at = i + (size_t)__builtin_ctz(m);
			if (n <= 2 || memcmp(s.p + at + 1, pat + 1, n - 2) == 0)
				return (ptrdiff_t)at;
		}
	}
#endif
	const char *hit = i + n <= s.n ? memmem(s.p + i, s.n - i, pat, n) : NULL;
	return hit ? hit - s.p : -1;
}

static inline void set_number(const struct finder *f, struct probe *p, uint32_t number) {
	if (number <= f->high)
		p->bits[number >> 6] |= (uint64_t)1 << (number & 63);
}

/* --- author lines that changed --- */

static struct slice changed_line(struct finder *f, uint32_t author) {
	size_t i = (size_t)range_set_rank(&f->authors, author) - 1;
	if (!f->lines.v)
		f->lines.v = arena_zalloc(f->t->arena, (size_t)range_set_count(&f->authors) * sizeof *f->lines.v);
	if (!f->lines.v[i].p) {
		struct buf raw = { 0 }, b = { 0 };
		buf_add_slice(&raw, author_from(f->t, author, SLICE("")));
		buf_addc(&raw, '\n');
		buf_add_slice(&raw, author_entry(f->t, author)->name);
		text_fold(buf_slice(&raw), &b);
		f->lines.v[i] = arena_slice(f->t->arena, buf_slice(&b));
		buf_free(&raw);
		buf_free(&b);
	}
	return f->lines.v[i];
}

static bool from_has(struct finder *f, struct slice term, const struct probe *p) {
	if (term.n < FROM_AUTHOR)
		return false;
	struct slice line = slice_from(term, FROM_AUTHOR);
	if (f->authors.n) {
		uint32_t author = search_get_author(term.p);
		if (range_set_has(&f->authors, author) && author_is_spliced(f->t, author))
			line = changed_line(f, author);
	}
	return find_octets(line, 0, p->word.p, p->word.n) >= 0;
}

/* --- pages --- */

/* the terms of a TEXT one after another, with the list of each where there are lists */
struct walk { struct slice text, lists; size_t at, end; uint32_t index; struct slice list; bool far; };

static bool walk_list(struct walk *w) {
	uint64_t v;
	if (!num_take_varint(&w->lists, &v) || (!(v & 1) && v >> 1 > w->lists.n))
		return false;
	w->far = v & 1;
	w->list = slice_to(w->lists, w->far ? 0 : (size_t)(v >> 1));
	w->lists = slice_from(w->lists, w->list.n);
	return true;
}

static bool walk_next(struct walk *w) {
	size_t start = w->end + 1;
	if (start >= w->text.n)
		return false;
	const char *nul = memchr(w->text.p + start, 0, w->text.n - start);
	if (!nul)
		return false;
	w->at = start;
	w->end = (size_t)(nul - w->text.p);
	w->index++;
	return walk_list(w);
}

static void list_mark(const struct finder *f, struct probe *p, struct slice list, uint32_t *last) {
	uint64_t v, more;
	while (num_take_varint(&list, &v)) {
		uint32_t number = *last + (uint32_t)(v >> 2);
		*last = number;
		if ((v & 2) && num_take_varint(&list, &more))
			*last = number + (uint32_t)more;
		if (f->where == SEARCH_BODY && !(v & 1))
			continue;
		for (uint64_t n = number; n <= *last && n <= f->high; n++)
			set_number(f, p, (uint32_t)n);
	}
}

static int far_mark(const struct finder *f, struct probe *p, struct slice page_key, uint32_t index) {
	struct key k = search_key(f->group, SEARCH_LIST);
	struct slice v;
	uint32_t last = 0;
	key_bytes(&k, slice_from(page_key, 6));
	num_put16(k.b + k.n, (uint16_t)index);
	k.n += 2;
	for (unsigned chunk = 0;; chunk++) {
		struct key c = k;
		num_put16(c.b + c.n, (uint16_t)chunk);
		c.n += 2;
		int r = kv_get(f->t->kv, key_slice(&c), &v);
		if (r <= 0)
			return r;
		list_mark(f, p, v, &last);
	}
}

static int walk_mark(const struct finder *f, struct probe *p, struct slice key, const struct walk *w) {
	uint32_t last = 0;
	if (w->far)
		return far_mark(f, p, key, w->index - 1);
	list_mark(f, p, w->list, &last);
	return 1;
}

static int page_find_from(struct finder *f, struct probe *p, struct slice key, struct walk w) {
	/* nobody's line changed: most pages are done with one look */
	if (!f->authors.n && find_octets(w.text, 0, p->word.p, p->word.n) < 0)
		return 1;
	while (walk_next(&w)) {
		int r = from_has(f, slice_of(w.text.p + w.at, w.end - w.at), p) ? walk_mark(f, p, key, &w) : 1;
		if (r < 0)
			return r;
	}
	return 1;
}

static int page_find(struct finder *f, struct probe *p, struct slice key, struct walk w) {
	ptrdiff_t at = 0;
	while ((at = find_octets(w.text, (size_t)at, p->p, p->n)) >= 0) {
		size_t inside = (size_t)at + (p->p[0] == 0);
		while (w.end < inside || w.at == 0)
			if (!walk_next(&w))
				return ERR_CORRUPT;
		int r = walk_mark(f, p, key, &w);
		if (r < 0)
			return r;
		at = (ptrdiff_t)w.end;
	}
	return 1;
}

static int find_in_page(struct finder *f, struct slice key, struct slice v) {
	if (v.n < 3 || num_get16(v.p + 1) > v.n - 3)
		return ERR_CORRUPT;
	struct walk w = { .text = slice_sub(v, 3, num_get16(v.p + 1)) };
	w.lists = slice_from(v, 3 + w.text.n);
	bool from = v.p[0] == SECTION_FROM;
	int r = 1;
	if (from && f->where == SEARCH_BODY)
		return 1;
	for (size_t i = 0; i < f->nprobes && r >= 0; i++)
		r = from ? page_find_from(f, &f->probes[i], key, w) : page_find(f, &f->probes[i], key, w);
	return r < 0 ? r : 1;
}

static int find_in_segment(struct finder *f, uint32_t segment) {
	struct kv_cursor *c;
	struct slice key, v;
	struct key k = search_key(f->group, SEARCH_PAGE);
	key_u32(&k, segment);
	int r = kv_cursor_open(f->t->kv, &c);
	if (r < 0)
		return r;
	for (r = kv_seek(c, key_slice(&k), &key, &v); r > 0 && key_has_prefix(key, &k, k.n); r = kv_next(c, &key, &v))
		if (key.n != 14 || (r = find_in_page(f, key, v)) < 0)
			break;
	kv_cursor_close(&c);
	return r < 0 ? r : 1;
}

/* --- pending records --- */

static void find_in_record(struct finder *f, uint32_t number, struct slice v) {
	while (v.n >= 3) {
		unsigned class = (unsigned char)v.p[0];
		struct slice text = slice_sub(v, 3, num_get16(v.p + 1));
		v = slice_from(v, 3 + text.n);
		if ((class != SECTION_BODY && f->where == SEARCH_BODY) || text.n < 2)
			continue;
		for (size_t i = 0; i < f->nprobes; i++) {
			struct probe *p = &f->probes[i];
			bool found = class == SECTION_FROM ? from_has(f, slice_sub(text, 1, text.n - 2), p) :
				find_octets(text, 0, p->p, p->n) >= 0;
			if (found)
				set_number(f, p, number);
		}
	}
}

static int find_pending(struct finder *f) {
	struct kv_cursor *c;
	struct slice key, v;
	struct key k = search_key(f->group, SEARCH_PENDING);
	int r = kv_cursor_open(f->t->kv, &c);
	if (r < 0)
		return r;
	for (r = kv_seek(c, key_slice(&k), &key, &v); r > 0 && key_has_prefix(key, &k, k.n); r = kv_next(c, &key, &v)) {
		if (key.n != 12) {
			r = ERR_CORRUPT;
			break;
		}
		find_in_record(f, num_get32(key.p + 6), v);
	}
	kv_cursor_close(&c);
	return r < 0 ? r : 1;
}

/* --- probes --- */

static void probe_add(struct finder *f, struct slice word, bool begins, bool ends) {
	struct probe *p = &f->probes[f->nprobes];
	if (f->nprobes == PROBES_MAX || word.n > TERM_MAX)
		return;                          /* less is looked for, more is found */
	p->n = 0;
	if (begins)
		p->p[p->n++] = 0;
	memcpy(p->p + p->n, word.p, word.n);
	p->word = slice_of(p->p + p->n, word.n);
	p->n += word.n;
	if (ends)
		p->p[p->n++] = 0;
	for (size_t i = 0; i < f->nprobes; i++)
		if (slice_eq(slice_of(f->probes[i].p, f->probes[i].n), slice_of(p->p, p->n)))
			return;
	f->nprobes++;
}

static void probe_word(struct finder *f, const struct token *token) {
	struct slice s = token->s;
	bool begins = !token->starts, ends = !token->ends;
	if (s.n <= NEEDLE_MAX || (s.n <= TERM_MAX && begins && ends)) {
		probe_add(f, s, begins, ends);
		return;
	}
	probe_add(f, slice_to(s, NEEDLE_MAX), begins, false);
	probe_add(f, slice_from(s, s.n - NEEDLE_MAX), false, ends);
}

static void probe_ideographs(struct finder *f, struct slice s) {
	size_t a = search_char(s.p, s.n);
	if (a == s.n)
		probe_add(f, s, false, false);
	while (a < s.n) {
		size_t b = search_char(s.p + a, s.n - a);
		probe_add(f, slice_to(s, a + b), true, true);
		s = slice_from(s, a);
		a = b;
	}
}

/* true: what the probes find is the answer */
static bool probes_make(struct finder *f, struct slice needle) {
	struct token token;
	size_t at = 0;
	bool whole = false;
	while (search_token(needle, &at, &token)) {
		whole = token.starts && token.ends;
		if (token.kind == TOKEN_WORD)
			probe_word(f, &token);
		else
			probe_ideographs(f, token.s);
	}
	return whole && f->nprobes == 1 && f->probes[0].word.n == needle.n;
}

/* --- the answer --- */

static void bits_to_set(const uint64_t *bits, uint32_t high, struct range_set *out) {
	for (uint64_t w = 0; w <= high >> 6; w++)
		for (uint64_t m = bits[w]; m;) {
			unsigned lo = (unsigned)__builtin_ctzll(m);
			uint64_t up = ~(m >> lo);
			unsigned n = up ? (unsigned)__builtin_ctzll(up) : 64 - lo;
			if (n > 64 - lo)
				n = 64 - lo;
			range_set_add(out, (uint32_t)(w * 64 + lo), (uint32_t)(w * 64 + lo + n - 1));
			m = lo + n == 64 ? 0 : m & ~(uint64_t)0 << (lo + n);
		}
}

static int find_all(struct finder *f, const struct search_state *s) {
	size_t words = ((size_t)f->high >> 6) + 1;
	uint64_t *bits = mem_zalloc(words * f->nprobes * sizeof *bits);
	for (size_t i = 0; i < f->nprobes; i++)
		f->probes[i].bits = bits + i * words;
	int r = f->where == SEARCH_TEXT ? search_authors(f->t, &f->authors) : 1;
	for (size_t i = 0; i < s->segments.n && r >= 0; i++)
		r = find_in_segment(f, s->segments.v[i].id);
	if (r >= 0)
		r = find_pending(f);
	for (size_t i = 1; i < f->nprobes; i++)
		for (size_t w = 0; w < words; w++)
			bits[w] &= f->probes[i].bits[w];
	return r;
}

static void find_take(struct finder *f, const struct search_state *s, bool exact, struct search_hits *h) {
	struct range_set *to = exact ? &h->sure : &h->maybe;
	bits_to_set(f->probes[0].bits, f->high, to);
	range_set_subtract(to, &s->dead);
	range_set_union(&h->maybe, &s->missing);
	range_set_union(&h->maybe, &s->cut);
	range_set_subtract(&h->maybe, &h->sure);
}

int search_find(struct forum_txn *t, uint32_t group, enum search_where where, struct slice needle,
	struct search_hits *h) {
	struct finder f = { .t = t, .group = group, .where = where };
	struct search_state s;
	struct group g;
	int r = group_get(t, group, &g);
	if (r <= 0 || g.high == 0)
		return r < 0 ? r : 1;
	f.high = g.high;
	if ((r = search_state_get(t, group, &s)) < 0)
		return r;
	bool exact = probes_make(&f, needle);
	if (needle.n == 0) {
		range_set_add(&h->sure, 1, g.high);
	} else if (r == 0 || f.nprobes == 0) {
		range_set_add(&h->maybe, 1, g.high);
	} else if ((r = find_all(&f, &s)) >= 0) {
		find_take(&f, &s, exact, h);
	}
	if (f.nprobes && f.probes[0].bits)
		mem_free(f.probes[0].bits);
	range_set_free(&f.authors);
	search_state_free(&s);
	return r < 0 ? r : 1;
}
