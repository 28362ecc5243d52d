/* spam.c - B group, block u8 -> 256 cells of bad u16, good u16: posts with a word of that hash; B group -> posts learned,
 * bad u32 and good u32; b post -> lesson u8, group u32, audit serial u64 (what is to be taken back with that verdict).
 * Group 0: all groups. */
#include "forumd/forum/spam.h"
#include <math.h>
#include <stdlib.h>
#include "forumd/base/digest.h"
#include "forumd/base/text.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/post_private.h"
#include "forumd/forum/search_private.h"

enum {
	BLOCK_CELLS = 256, CELL = 4, BLOCK = BLOCK_CELLS * CELL,
	WORDS_MAX = 400,               /* of a post; the first ones */
	WORD_MIN = 3, WORD_MAX = 40,   /* octets */
	TELLING_MAX = 150,             /* words a score is made of */
};

struct cells { uint16_t v[WORDS_MAX]; size_t n; };   /* in order, each once */
struct cell { uint16_t bad, good; };

void spam_read_with(struct forum *forum, rebuild_parse parse) {
	forum->parse = parse;
}

struct slice spam_terms(struct forum_txn *t, const struct post *p) {
	struct post_draft d = { 0 };
	if (!t->forum->parse || p->header_z1 + p->header_z2 + p->body_z == 0 ||
		rebuild_parse_text(t, p, t->forum->parse, NULL, &d) < 0)
		return slice_of("", 0);
	return d.terms;
}

/* ---- words ---- */

static int cells_order(const void *a, const void *b) {
	return *(const uint16_t *)a - *(const uint16_t *)b;
}

static bool has_digit(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if (text_digit(s.p[i]))
			return true;
	return false;
}

/* NUL term NUL term NUL. Of a header only what is no number, date or id: those come once. */
static void cells_add(struct cells *c, struct slice terms, char part) {
	struct slice word;
	char b[1 + WORD_MAX];
	unsigned char d[16];
	b[0] = part;
	while (c->n < WORDS_MAX && slice_split(&terms, 0, &word)) {
		if (word.n < WORD_MIN || word.n > WORD_MAX || (part == 'h' && has_digit(word)))
			continue;
		memcpy(b + 1, word.p, word.n);
		digest_id(slice_of(b, 1 + word.n), d);
		c->v[c->n++] = (uint16_t)(d[0] << 8 | d[1]);
	}
}

static int cells_of(struct slice terms, struct cells *c) {
	struct search_list l;
	size_t n = 0;
	c->n = 0;
	int r = search_terms_decode(terms, &l);
	if (r < 0)
		return r;
	cells_add(c, l.body, 'b');
	if (c->n > WORDS_MAX * 3 / 4)
		c->n = WORDS_MAX * 3 / 4;       /* a header's words find room behind a long text */
	cells_add(c, l.header, 'h');
	qsort(c->v, c->n, sizeof *c->v, cells_order);
	for (size_t i = 0; i < c->n; i++)
		if (i == 0 || c->v[i] != c->v[n - 1])
			c->v[n++] = c->v[i];
	c->n = n;
	return 1;
}

/* ---- the table ---- */

static struct key block_key(uint32_t group, unsigned block) {
	struct key k = key_1u32('B', group);
	key_u8(&k, (uint8_t)block);
	return k;
}

static struct cell cell_get(const char *p) {
	return (struct cell){ num_get16(p), num_get16(p + 2) };
}

static uint16_t moved(uint16_t n, int by) {
	return by < 0 ? (n ? n - 1 : 0) : n < UINT16_MAX ? n + 1 : n;
}

/* one more post (by 1), or one less (-1), in every cell of one block; how many cells those are in *n_r */
static int block_count(struct forum_txn *t, uint32_t group, const uint16_t *v, size_t n, enum spam_lesson lesson, int by,
	size_t *n_r) {
	unsigned block = v[0] / BLOCK_CELLS;
	struct key k = block_key(group, block);
	char b[BLOCK] = { 0 };
	struct slice had;
	size_t i = 0;
	int r = forum_get(t, key_slice(&k), &had);
	if (r < 0 || (r > 0 && had.n != BLOCK))
		return r < 0 ? r : ERR_CORRUPT;
	if (r > 0)
		memcpy(b, had.p, BLOCK);
	for (; i < n && v[i] / BLOCK_CELLS == block; i++) {
		char *p = b + v[i] % BLOCK_CELLS * CELL + (lesson == SPAM_BAD ? 0 : 2);
		num_put16(p, moved(num_get16(p), by));
	}
	*n_r = i;
	return forum_put(t, key_slice(&k), slice_of(b, BLOCK), NULL);
}

int spam_counts(struct forum_txn *t, uint32_t group, struct spam_counts *c_r) {
	struct key k = key_1u32('B', group);
	struct slice v;
	int r = forum_get(t, key_slice(&k), &v);
	*c_r = (struct spam_counts){ 0 };
	if (r > 0 && v.n != 8)
		return ERR_CORRUPT;
	if (r > 0)
		*c_r = (struct spam_counts){ num_get32(v.p), num_get32(v.p + 4) };
	return r < 0 ? r : 1;
}

/* the post counts, or no longer */
static int table_count(struct forum_txn *t, uint32_t group, const struct cells *c, enum spam_lesson lesson, int by) {
	struct spam_counts all;
	struct key k = key_1u32('B', group);
	char v[8];
	int r = spam_counts(t, group, &all);
	if (r < 0)
		return r;
	uint32_t *n = lesson == SPAM_BAD ? &all.bad : &all.good;
	*n += by > 0 ? 1 : *n ? (uint32_t)-1 : 0;
	num_put32(v, all.bad);
	num_put32(v + 4, all.good);
	r = forum_put(t, key_slice(&k), slice_of(v, sizeof v), NULL);
	for (size_t i = 0, done; i < c->n && r >= 0; i += done)
		r = block_count(t, group, c->v + i, c->n - i, lesson, by, &done);
	return r;
}

static int count_both(struct forum_txn *t, uint32_t group, struct slice terms, enum spam_lesson lesson, int by) {
	struct cells c;
	int r = cells_of(terms, &c);
	if (r < 0 || (r = table_count(t, 0, &c, lesson, by)) < 0)
		return r;
	return group ? table_count(t, group, &c, lesson, by) : r;
}

/* ---- learning ---- */

struct lesson { enum spam_lesson lesson; uint32_t group; uint64_t action; };

static int lesson_get(struct forum_txn *t, uint64_t post, struct lesson *l_r) {
	struct key k = key_1u64('b', post);
	struct slice v;
	int r = forum_get(t, key_slice(&k), &v);
	if (r > 0 && (v.n != 13 || (v.p[0] != SPAM_BAD && v.p[0] != SPAM_GOOD)))
		return ERR_CORRUPT;
	if (r > 0)
		*l_r = (struct lesson){ (enum spam_lesson)v.p[0], num_get32(v.p + 1), num_get64(v.p + 5) };
	return r;
}

int spam_learn(struct forum_txn *t, uint64_t post, uint32_t group, enum spam_lesson lesson, uint64_t action,
	struct slice terms) {
	struct lesson had;
	struct key k = key_1u64('b', post);
	char v[13] = { (char)lesson };
	if (!terms.n)
		return 1;
	int r = lesson_get(t, post, &had);
	if (r < 0 || (r > 0 && (r = count_both(t, had.group, terms, had.lesson, -1)) < 0) ||
		(r = count_both(t, group, terms, lesson, 1)) < 0)
		return r;
	if (!action)
		return spam_settle(t, post);
	num_put32(v + 1, group);
	num_put64(v + 5, action);
	return forum_put(t, key_slice(&k), slice_of(v, sizeof v), NULL);
}

int spam_settle(struct forum_txn *t, uint64_t post) {
	struct key k = key_1u64('b', post);
	int r = forum_del(t, key_slice(&k), NULL);
	return r < 0 ? r : 1;
}

int spam_forget(struct forum_txn *t, const struct post *p, uint64_t action) {
	struct lesson had;
	int r = lesson_get(t, p->id, &had);
	if (r <= 0 || had.action != action)
		return r < 0 ? r : 0;
	struct slice terms = spam_terms(t, p);
	if (terms.n && (r = count_both(t, had.group, terms, had.lesson, -1)) < 0)
		return r;
	return spam_settle(t, p->id);
}

/* ---- scores ---- */

/* Likeness of one word, 0 to 1: its share of bad posts, pulled to a half where it was seen seldom (Robinson). */
static double word_likeness(struct cell c, const struct spam_counts *all) {
	double bad = (double)c.bad / all->bad, good = (double)c.good / all->good;
	double n = (double)c.bad + c.good, p = n > 0 ? bad / (bad + good) : 0.5;
	return (0.5 + n * p) / (1 + n);
}

static int telling_order(const void *a, const void *b) {
	double x = fabs(*(const double *)a - 0.5), y = fabs(*(const double *)b - 0.5);
	return x < y ? 1 : x > y ? -1 : 0;
}

/* the upper tail of the chi-square distribution with an even number of degrees of freedom */
static double chi_tail(double x, size_t half_degrees) {
	double m = x / 2, term = exp(-m), sum = term;
	for (size_t i = 1; i < half_degrees; i++)
		sum += term *= m / (double)i;
	return sum < 1 ? sum : 1;
}

/* Fisher's way to combine them, asked in both directions */
static unsigned likeness(double *v, size_t n) {
	double bad = 0, good = 0;
	qsort(v, n, sizeof *v, telling_order);
	if (n > TELLING_MAX)
		n = TELLING_MAX;
	for (size_t i = 0; i < n; i++) {
		bad += log(v[i]);
		good += log(1 - v[i]);
	}
	return (unsigned)lround(50 * (1 + chi_tail(-2 * bad, n) - chi_tail(-2 * good, n)));
}

static int words_look(struct forum_txn *t, uint32_t group, const struct cells *c, const struct spam_counts *all,
	double *v, size_t *n_r) {
	struct slice block = slice_of("", 0);
	*n_r = 0;
	for (size_t i = 0; i < c->n; i++) {
		if (i == 0 || c->v[i] / BLOCK_CELLS != c->v[i - 1] / BLOCK_CELLS) {
			struct key k = block_key(group, c->v[i] / BLOCK_CELLS);
			int r = forum_get(t, key_slice(&k), &block);
			if (r < 0 || (r > 0 && block.n != BLOCK))
				return r < 0 ? r : ERR_CORRUPT;
			block.n = r > 0 ? block.n : 0;
		}
		double p = block.n ? word_likeness(cell_get(block.p + c->v[i] % BLOCK_CELLS * CELL), all) : 0.5;
		if (fabs(p - 0.5) >= 0.1)
			v[(*n_r)++] = p;
	}
	return 1;
}

int spam_score(struct forum_txn *t, uint32_t group, struct slice terms, unsigned *percent_r) {
	double v[WORDS_MAX];
	struct spam_counts all;
	struct cells c;
	size_t n;
	int r = spam_counts(t, group, &all);
	if (r > 0 && group && (all.bad < SPAM_LESSONS_MIN || all.good < SPAM_LESSONS_MIN))
		r = spam_counts(t, group = 0, &all);
	if (r < 0 || all.bad < SPAM_LESSONS_MIN || all.good < SPAM_LESSONS_MIN || !terms.n)
		return r < 0 ? r : 0;
	if ((r = cells_of(terms, &c)) < 0 || (r = words_look(t, group, &c, &all, v, &n)) < 0)
		return r;
	*percent_r = n ? likeness(v, n) : 50;
	return 1;
}
