/* search_private.h - the index inside, for forumd/forum/search*.c only.
 *
 * Family J, key: group u32, kind u8, then
 *   0  -                                    state: sets of numbers, segments, what is going on (struct search_state)
 *   1  number u32, chunk u16                the terms of one post, not merged yet ("pending")
 *   2  segment u32, page u32                a page of a segment: terms in order with their lists of numbers
 *   3  segment u32, page u32, term u16, chunk u16   a list too long for its page
 * and J, group 0: the authors whose lines changed since something was indexed.
 *
 * A TEXT is NUL term NUL term NUL: a term is found with one search for octets over many terms, and a NUL in the pattern
 * means beginning or end of a term.
 *
 * Pending record: sections of class u8, length u16, TEXT. Page: class u8 (SECTION_FROM or SECTION_BODY), length u16,
 * TEXT, then for each term varint(octets * 2 + far) and, when not far, the list.
 * List: ascending; varint(gap * 4 + run * 2 + body), run: varint(how many more follow without gap). body: the term is
 * (also) in the body.
 *
 * Terms: runs of word characters of the folded text, of any length from 1; runs over TERM_MAX octets as overlapping
 * pieces, so that every NEEDLE_MAX octets of them are in one piece; runs of ideographs and kana as pairs. What belongs
 * to a run is decided by each character alone, so the tokens of a needle are tokens of the text around a match.
 * A From term is eight octets for the author and the folded line. */
#ifndef FORUMD_FORUM_SEARCH_PRIVATE_H
#define FORUMD_FORUM_SEARCH_PRIVATE_H
#include "forumd/forum/forum_private.h"
#include "forumd/forum/search.h"

enum {
	SEARCH_STATE = 0, SEARCH_PENDING = 1, SEARCH_PAGE = 2, SEARCH_LIST = 3,
	SECTION_FROM = 0, SECTION_HEADER = 1, SECTION_BODY = 2,
	SEARCH_VALUE_MAX = 4060, SEARCH_INLINE_MAX = 600,
	TERM_MAX = 64, TERM_STEP = 32, NEEDLE_MAX = TERM_MAX - TERM_STEP + 1, FROM_AUTHOR = 8, FROM_MAX = 300,
	SEARCH_TERMS_MAX = 192 * 1024,
	SEARCH_MERGE_MIN = 256, SEARCH_MERGE_MAX = 1024, SEARCH_STEP_PAGES = 128, SEARCH_SOURCES_MAX = 64, SEARCH_FILL = 64,
};

/* --- search_terms.c --- */
enum token_kind { TOKEN_WORD, TOKEN_IDEOGRAPHS };
struct token {
	enum token_kind kind;
	struct slice s;
	bool starts, ends; /* at the ends of the text: may go on there */
};
/* the next run of folded text from *at on */
bool search_token(struct slice text, size_t *at, struct token *token_r);
/* octets of the character at p (n > 0 left) */
size_t search_char(const char *p, size_t n);
struct search_list { struct slice from, header, body; bool cut; };
/* seeded with a secret of the process */
uint32_t search_hash(struct slice s);
int search_terms_decode(struct slice terms, struct search_list *list_r);

/* --- search.c --- */
struct search_segment { uint32_t id, posts, lo, hi; };   /* by posts, most first; numbers are in lo..hi */
struct search_source { uint32_t id, page; };
struct search_state {
	uint32_t next, epoch;             /* next segment id; raised when something planned may have become wrong */
	struct range_set missing, cut, dead;
	VEC(struct search_segment) segments;
	VEC(uint32_t) trash;              /* segments to be deleted */
	uint32_t target, pages;           /* merging: segment being written (0 none), pages it has */
	VEC(struct search_source) sources;
	struct buf last;                  /* class and term last written; empty: none */
	struct range_set merging_dead;    /* left out by this merge */
};
struct key search_key(uint32_t group, unsigned kind);
/* 1, 0 absent (*s zeroed), < 0 */
int search_state_get(struct forum_txn *t, uint32_t group, struct search_state *s);
int search_state_put(struct forum_txn *t, uint32_t group, struct search_state *s);
void search_state_free(struct search_state *s);
/* authors whose lines changed */
int search_authors(struct forum_txn *t, struct range_set *changed);
void search_put_author(char *p, uint32_t author);
uint32_t search_get_author(const char *p);

/* numbers of the group that wait in pending records, at least up to SEARCH_MERGE_MIN of them are counted */
int search_pending(struct forum_txn *t, uint32_t group, uint32_t *n_r);

struct search_numbers { uint64_t *v; size_t n, cap; };    /* number * 2 + body, ascending */
#endif
