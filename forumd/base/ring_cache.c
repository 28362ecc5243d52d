/* Shards, each with a lock, a ring of entries and a table of places in it. A place is the count of octets ever written
 * before the entry: an entry is whole as long as no more than the ring's size was written since it began, so eviction
 * is nothing but writing on. The table is four-way: a bucket that is full gives up its oldest. An entry does not wrap;
 * the end of the ring it does not fit into is skipped.
 *
 * What is forgotten stays so: the age is raised before the shard is locked, and compared under the same lock before
 * anything is put in. Who comes with an older age either was there first, and is overwritten, or is turned away. */
#include "forumd/base/ring_cache.h"
#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include "forumd/base/mem.h"

enum {
	RING_SHARDS = 8,
	RING_WAYS = 4,
	RING_LEAST = 1 << 20,
	RING_MEAN = 1024 /* octets an entry, for the table's size */
};

struct ring_entry { uint64_t key; uint32_t n, unused; };
struct ring_shard {
	pthread_mutex_t lock;
	char *ring;
	uint64_t *places;              /* of entries, plus one; 0: none */
	uint64_t head;                 /* octets written so far */
	unsigned offered;              /* since it is full */
};
struct ring_cache {
	size_t size, buckets;          /* of one shard */
	atomic_uint_fast64_t age;
	struct ring_shard shards[RING_SHARDS];
};

struct ring_cache *ring_cache_new(size_t size) {
	if (size < RING_LEAST)
		return NULL;
	struct ring_cache *c = mem_zalloc(sizeof *c);
	c->size = size / RING_SHARDS & ~(size_t)15;
	c->buckets = c->size / RING_MEAN / RING_WAYS;
	for (unsigned i = 0; i < RING_SHARDS; i++) {
		pthread_mutex_init(&c->shards[i].lock, NULL);
		c->shards[i].ring = mem_zalloc(c->size);       /* zeroed memory is not touched before it is used */
		c->shards[i].places = mem_zalloc(c->buckets * RING_WAYS * sizeof(uint64_t));
	}
	return c;
}

void ring_cache_free(struct ring_cache **cp) {
	struct ring_cache *c = *cp;
	*cp = NULL;
	if (!c)
		return;
	for (unsigned i = 0; i < RING_SHARDS; i++) {
		pthread_mutex_destroy(&c->shards[i].lock);
		mem_free(c->shards[i].ring);
		mem_free(c->shards[i].places);
	}
	mem_free(c);
}

static struct ring_shard *ring_shard(struct ring_cache *c, uint64_t key, uint64_t **bucket_r) {
	uint64_t h = key * 0x9e3779b97f4a7c15u;
	struct ring_shard *s = &c->shards[h >> 61];
	*bucket_r = &s->places[(h >> 20) % c->buckets * RING_WAYS];
	return s;
}

/* the entry at a place, or NULL when it was written over */
static struct ring_entry *ring_entry(const struct ring_cache *c, const struct ring_shard *s, uint64_t place) {
	return place && s->head - (place - 1) <= c->size ? (struct ring_entry *)(s->ring + (place - 1) % c->size) : NULL;
}

static struct ring_entry *ring_find(const struct ring_cache *c, const struct ring_shard *s, const uint64_t *bucket,
	uint64_t key) {
	for (unsigned i = 0; i < RING_WAYS; i++) {
		struct ring_entry *e = ring_entry(c, s, bucket[i]);
		if (e && e->key == key)
			return e;
	}
	return NULL;
}

bool ring_cache_get(struct ring_cache *c, uint64_t key, char *out, size_t n) {
	uint64_t *bucket;
	if (!c || n == 0 || n > RING_CACHE_ENTRY_MAX)
		return false;
	struct ring_shard *s = ring_shard(c, key, &bucket);
	pthread_mutex_lock(&s->lock);
	struct ring_entry *e = ring_find(c, s, bucket, key);
	bool found = e && e->n == n;
	if (found)
		memcpy(out, e + 1, n);
	pthread_mutex_unlock(&s->lock);
	return found;
}

uint64_t ring_cache_age(struct ring_cache *c) {
	return c ? atomic_load(&c->age) : 0;
}

static bool ring_takes(const struct ring_cache *c, struct ring_shard *s) {
	return s->head < c->size || s->offered++ % RING_CACHE_TAKES == 0;
}

void ring_cache_put(struct ring_cache *c, uint64_t key, const char *p, size_t n, uint64_t age) {
	uint64_t *bucket;
	size_t need = (sizeof(struct ring_entry) + n + 15) & ~(size_t)15;
	if (!c || n == 0 || n > RING_CACHE_ENTRY_MAX)
		return;
	struct ring_shard *s = ring_shard(c, key, &bucket);
	pthread_mutex_lock(&s->lock);
	if (atomic_load(&c->age) == age && !ring_find(c, s, bucket, key) && ring_takes(c, s)) {
		size_t rest = c->size - s->head % c->size;
		if (rest < need)
			s->head += rest;
		struct ring_entry *e = (struct ring_entry *)(s->ring + s->head % c->size);
		*e = (struct ring_entry){ .key = key, .n = (uint32_t)n };
		memcpy(e + 1, p, n);
		uint64_t *oldest = bucket;
		for (unsigned i = 1; i < RING_WAYS; i++)
			if (bucket[i] < *oldest)
				oldest = &bucket[i];
		*oldest = s->head + 1;
		s->head += need;
	}
	pthread_mutex_unlock(&s->lock);
}

void ring_cache_forget(struct ring_cache *c, uint64_t key) {
	uint64_t *bucket;
	if (!c)
		return;
	atomic_fetch_add(&c->age, 1);
	struct ring_shard *s = ring_shard(c, key, &bucket);
	pthread_mutex_lock(&s->lock);
	struct ring_entry *e = ring_find(c, s, bucket, key);
	if (e) {
		explicit_bzero(e + 1, e->n);
		e->n = 0;
		e->key = UINT64_MAX;
	}
	pthread_mutex_unlock(&s->lock);
}

void ring_cache_clear(struct ring_cache *c) {
	if (!c)
		return;
	atomic_fetch_add(&c->age, 1);
	for (unsigned i = 0; i < RING_SHARDS; i++) {
		struct ring_shard *s = &c->shards[i];
		pthread_mutex_lock(&s->lock);
		explicit_bzero(s->ring, s->head < c->size ? s->head : c->size);
		memset(s->places, 0, c->buckets * RING_WAYS * sizeof *s->places);
		s->head = 0;
		pthread_mutex_unlock(&s->lock);
	}
}
