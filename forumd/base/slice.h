/* slice.h - borrowed bytes: pointer and length, never freed, not NUL-terminated, NUL is an ordinary byte.
 * Every function that returns a slice says how long it lives. Any thread. */
#ifndef FORUMD_BASE_SLICE_H
#define FORUMD_BASE_SLICE_H
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct slice {
	const char *p;
	size_t n;
};

/* a string literal as a slice; also usable in static initialisers with SLICE_INIT */
#define SLICE(lit) ((struct slice){ "" lit, sizeof(lit) - 1 })
#define SLICE_INIT(lit) { "" lit, sizeof(lit) - 1 }
/* printf("%.*s", SLICE_ARG(s)) */
#define SLICE_ARG(s) (int)(s).n, (s).p

static inline struct slice slice_of(const void *p, size_t n) { return (struct slice){ (const char *)p, n }; }
static inline struct slice slice_str(const char *s) { return (struct slice){ s, s ? strlen(s) : 0 }; }
static inline struct slice slice_from(struct slice s, size_t from) {
	return from > s.n ? slice_of(s.p + s.n, 0) : slice_of(s.p + from, s.n - from);
}
static inline struct slice slice_to(struct slice s, size_t to) { return slice_of(s.p, to < s.n ? to : s.n); }
static inline struct slice slice_sub(struct slice s, size_t from, size_t n) { return slice_to(slice_from(s, from), n); }
static inline bool slice_eq(struct slice a, struct slice b) {
	return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}
static inline bool slice_is(struct slice a, const char *b) { return slice_eq(a, slice_str(b)); }
/* ASCII case is ignored in the _nocase functions */
bool slice_eq_nocase(struct slice a, struct slice b);
bool slice_is_nocase(struct slice a, const char *b);
bool slice_starts(struct slice s, struct slice prefix);
bool slice_starts_nocase(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);
bool slice_ends_nocase(struct slice s, struct slice suffix);
/* bytewise order, shorter first */
int slice_cmp(struct slice a, struct slice b);
int slice_cmp_nocase(struct slice a, struct slice b);
/* offset of the first match, or -1 */
ptrdiff_t slice_find(struct slice s, struct slice needle);
ptrdiff_t slice_find_nocase(struct slice s, struct slice needle);
ptrdiff_t slice_chr(struct slice s, char c);
ptrdiff_t slice_rchr(struct slice s, char c);
/* without spaces, tabs, CR and LF at both ends */
struct slice slice_trim(struct slice s);
/* The next piece before `sep`; *rest moves behind it. False when *rest is used up (an empty last piece after a
 * trailing separator is not returned). */
bool slice_split(struct slice *rest, char sep, struct slice *piece_r);
/* The next run of bytes that are neither space nor tab; false at the end. */
bool slice_word(struct slice *rest, struct slice *word_r);
/* The next line, without its LF or CRLF; the last one may lack them. False at the end. */
bool slice_line(struct slice *rest, struct slice *line_r);
/* Copy into a NUL-terminated C buffer, cut to fit; true when it fitted and held no NUL. */
bool slice_cstr(struct slice s, char *out, size_t size);
#endif
