/* range_set.h - a set of 32-bit numbers (1 .. 2^32-1) as sorted, disjoint, non-adjacent runs: IMAP sequence sets,
 * read marks, expunged holes. A zeroed struct is the empty set. One owner. */
#ifndef FORUMD_BASE_RANGE_SET_H
#define FORUMD_BASE_RANGE_SET_H
#include <stdint.h>
#include "forumd/base/buf.h"

struct range { uint32_t lo, hi; };          /* both ends included */
struct range_set { struct range *v; size_t n, cap; };

void range_set_free(struct range_set *s);
static inline void range_set_clear(struct range_set *s) { s->n = 0; }
/* add and del: 0 counts as 1; lo > hi: nothing happens */
void range_set_add(struct range_set *s, uint32_t lo, uint32_t hi);
void range_set_del(struct range_set *s, uint32_t lo, uint32_t hi);
bool range_set_has(const struct range_set *s, uint32_t v);
/* how many numbers the set holds; how many of them are <= v */
uint64_t range_set_count(const struct range_set *s);
uint64_t range_set_rank(const struct range_set *s, uint32_t v);
/* the smallest member >= v; false when none */
bool range_set_next(const struct range_set *s, uint32_t v, uint32_t *out_r);
/* the n-th member, n from 1; false when there are fewer (IMAP sequence number -> UID) */
bool range_set_nth(const struct range_set *s, uint64_t n, uint32_t *out_r);
void range_set_union(struct range_set *to, const struct range_set *from);
void range_set_subtract(struct range_set *to, const struct range_set *from);
void range_set_copy(struct range_set *to, const struct range_set *from);
/* portable form: varint count, then per run varint gap from the previous end and varint length-1 */
void range_set_encode(const struct range_set *s, struct buf *out);
/* consumes from *in; 1 ok, <0 enum err (CORRUPT) */
int range_set_decode(struct range_set *s, struct slice *in);
/* IMAP / ".newsrc" text form "1:5,7" with the given range separator (':' or '-') */
void range_set_print(const struct range_set *s, char sep, struct buf *out);
#endif
