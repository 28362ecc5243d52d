/* ring_cache.h - a bounded cache of octets by number, shared by all threads. What is put in first goes first; memory is
 * taken as it fills and never exceeds the size it was made with (and one sixteenth for the table). Once it is full, one
 * in RING_CACHE_TAKES is taken: who reads more than it holds, from one end to the other and again, would else find
 * nothing of it there, and what is asked for often gets in all the same. */
#ifndef FORUMD_BASE_RING_CACHE_H
#define FORUMD_BASE_RING_CACHE_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RING_CACHE_ENTRY_MAX = 65536, RING_CACHE_TAKES = 8 };

struct ring_cache;
/* NULL when size is below 1 MiB: all calls below take it for a cache that never has anything */
struct ring_cache *ring_cache_new(size_t size);
void ring_cache_free(struct ring_cache **c);
/* True: the n octets were copied to out. False when they are not there, or are not n. */
bool ring_cache_get(struct ring_cache *c, uint64_t key, char *out, size_t n);
/* How often anything was forgotten. Taken before the octets are looked up (before the snapshot they are read from),
 * and given to ring_cache_put(): what was forgotten meanwhile does not come back by a slow reader. */
uint64_t ring_cache_age(struct ring_cache *c);
/* What is larger than RING_CACHE_ENTRY_MAX is not kept, nor anything when something was forgotten since that age. */
void ring_cache_put(struct ring_cache *c, uint64_t key, const char *p, size_t n, uint64_t age);
/* the octets are overwritten */
void ring_cache_forget(struct ring_cache *c, uint64_t key);
/* the same for all keys; what was looked up before does not come back either */
void ring_cache_clear(struct ring_cache *c);
#endif
