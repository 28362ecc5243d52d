/* hash.h - table from byte strings to pointers (open addressing, SipHash with a per-process key, so that strangers
 * cannot choose collisions). Keys are copied. One owner. */
#ifndef FORUMD_BASE_HASH_H
#define FORUMD_BASE_HASH_H
#include <stdint.h>
#include "forumd/base/slice.h"

struct hash;
struct hash *hash_new(void);
/* values are not freed */
void hash_free(struct hash **h);
/* NULL when absent */
void *hash_get(const struct hash *h, struct slice key);
/* replaces; value must not be NULL */
void hash_put(struct hash *h, struct slice key, void *value);
/* the value that was there, or NULL */
void *hash_del(struct hash *h, struct slice key);
size_t hash_count(const struct hash *h);
/* *i starts at 0; false at the end; the key lives until the next put or del */
bool hash_each(const struct hash *h, size_t *i, struct slice *key_r, void **value_r);
/* 64-bit keys */
static inline struct slice hash_u64key(const uint64_t *v) { return slice_of(v, sizeof *v); }
uint64_t hash_bytes(struct slice s);
#endif
