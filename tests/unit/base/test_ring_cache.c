/* What was put in comes back whole or not at all, whatever was written over it, and by whichever thread. */
#include "forumd/base/ring_cache.h"
#include <pthread.h>
#include <string.h>
#include "tests/tap/tap.h"

enum { SIZE = 1 << 20, ENTRY = 3000, LARGE = RING_CACHE_ENTRY_MAX };
static struct ring_cache *cache;

/* octets that tell key and place */
static void fill(char *p, uint64_t key, size_t n) {
	for (size_t i = 0; i < n; i++)
		p[i] = (char)(key * 31 + i * (key % 7 + 1));
}

static bool right(uint64_t key, size_t n) {
	static _Thread_local char got[LARGE], want[LARGE];
	if (!ring_cache_get(cache, key, got, n))
		return true;
	fill(want, key, n);
	return memcmp(got, want, n) == 0;
}

static void put(uint64_t key, size_t n) {
	static _Thread_local char p[LARGE];
	fill(p, key, n);
	ring_cache_put(cache, key, p, n, ring_cache_age(cache));
}

static void *work(void *arg) {
	bool *good = arg;
	*good = true;
	for (uint64_t i = 0; i < 60000; i++) {
		uint64_t key = i * 2654435761u % 1000;
		size_t n = 1 + key * 37 % 5000;
		if (i % 3 == 0)
			put(key, n);
		else if (i % 97 == 0)
			ring_cache_forget(cache, key);
		else
			*good &= right(key, n);
	}
	return NULL;
}

int main(void) {
	char out[LARGE + 1];
	ok(ring_cache_new(1000) == NULL, "too small: no cache");
	ok(!ring_cache_get(NULL, 1, out, 1), "no cache has nothing");
	ring_cache_put(NULL, 1, out, 1, ring_cache_age(NULL));
	ring_cache_forget(NULL, 1);
	cache = ring_cache_new(SIZE);
	put(1, ENTRY);
	ok(ring_cache_get(cache, 1, out, ENTRY) && right(1, ENTRY), "comes back");
	ok(!ring_cache_get(cache, 1, out, ENTRY - 1), "not with another length");
	ok(!ring_cache_get(cache, 2, out, ENTRY), "another number is not there");
	ring_cache_put(cache, 3, out, LARGE + 1, ring_cache_age(cache));
	ok(!ring_cache_get(cache, 3, out, LARGE), "what is too large is not kept");
	ring_cache_forget(cache, 1);
	ok(!ring_cache_get(cache, 1, out, ENTRY), "forgotten");
	put(1, ENTRY);
	ok(ring_cache_get(cache, 1, out, ENTRY), "and kept again");
	uint64_t age = ring_cache_age(cache);
	ring_cache_forget(cache, 1);
	ring_cache_put(cache, 1, out, ENTRY, age);
	ok(!ring_cache_get(cache, 1, out, ENTRY), "who looked before it was forgotten does not bring it back");
	put(1, ENTRY);
	ok(ring_cache_get(cache, 1, out, ENTRY), "who looked later does");
	age = ring_cache_age(cache);
	ring_cache_clear(cache);
	ok(!ring_cache_get(cache, 1, out, ENTRY), "cleared");
	ring_cache_put(cache, 1, out, ENTRY, age);
	ok(!ring_cache_get(cache, 1, out, ENTRY), "who looked before that does not bring it back");
	put(1, ENTRY);
	ok(ring_cache_get(cache, 1, out, ENTRY) && right(1, ENTRY), "who looked later does");
	ring_cache_clear(NULL);
	bool good = true;
	unsigned last = 0;
	for (uint64_t key = 100; key < 3100; key++)
		put(key, 1 + key * 7919 % LARGE);
	for (uint64_t key = 100; key < 3100; key++) {
		size_t n = 1 + key * 7919 % LARGE;
		good &= right(key, n);
		last += ring_cache_get(cache, key, out, n);
	}
	ok(good, "turned over many times: right or absent");
	ok(last > 10 && last < 100, "the cache is full and no fuller: %u are there", last);
	ok(!ring_cache_get(cache, 1, out, ENTRY), "the first is gone");
	unsigned hits = 0, rounds = 40, pieces = 3 * SIZE / ENTRY, tries = 0;
	ring_cache_clear(cache);
	for (unsigned round = 0; round < rounds; round++)
		for (uint64_t key = 5000; key < 5000 + pieces; key++) {
			bool hit = ring_cache_get(cache, key, out, ENTRY);
			hits += hit && round >= rounds / 2;
			if (!hit)
				put(key, ENTRY);
		}
	ok(hits > pieces * rounds / 2 / 5, "three times what fits, round and round: a fifth is found at least (%u of %u)", hits,
		pieces * rounds / 2);
	while (!ring_cache_get(cache, 9, out, ENTRY) && tries++ < 100)
		put(9, ENTRY);
	ok(tries <= RING_CACHE_TAKES, "what is asked for often is soon there");
	pthread_t threads[4];
	bool held[4];
	for (int i = 0; i < 4; i++)
		pthread_create(&threads[i], NULL, work, &held[i]);
	for (int i = 0; i < 4; i++) {
		pthread_join(threads[i], NULL);
		ok(held[i], "thread %d got only what was put", i);
	}
	ring_cache_free(&cache);
	ok(cache == NULL, "freed");
	return done();
}
