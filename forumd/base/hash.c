/* Linear probing at a load of at most 3/4; deletion shifts the following entries back, so there are no tombstones and
 * the table does not age. Short keys live inside their slot. */
#include "forumd/base/hash.h"
#include <pthread.h>
#include "forumd/base/mem.h"
#include "forumd/base/rnd.h"

enum { HASH_INLINE = 16 };

struct hash_slot {
	uint64_t hash;
	void *value;                    /* NULL: free slot */
	size_t n;
	union {
		char bytes[HASH_INLINE];
		char *p;
	} key;
};

struct hash {
	struct hash_slot *slots;
	size_t count, mask;             /* mask + 1 slots; no slots while slots is NULL */
};

static uint64_t hash_key[2];
static pthread_once_t hash_once = PTHREAD_ONCE_INIT;

static void hash_make_key(void) {
	rnd_bytes(hash_key, sizeof hash_key);
}

#define HASH_ROT(x, n) ((x) << (n) | (x) >> (64 - (n)))
#define HASH_ROUND do { \
		v0 += v1; v1 = HASH_ROT(v1, 13); v1 ^= v0; v0 = HASH_ROT(v0, 32); \
		v2 += v3; v3 = HASH_ROT(v3, 16); v3 ^= v2; \
		v0 += v3; v3 = HASH_ROT(v3, 21); v3 ^= v0; \
		v2 += v1; v1 = HASH_ROT(v1, 17); v1 ^= v2; v2 = HASH_ROT(v2, 32); \
	} while (0)

/* SipHash-1-3 */
uint64_t hash_bytes(struct slice s) {
	pthread_once(&hash_once, hash_make_key);
	uint64_t v0 = hash_key[0] ^ 0x736f6d6570736575u, v1 = hash_key[1] ^ 0x646f72616e646f6du;
	uint64_t v2 = hash_key[0] ^ 0x6c7967656e657261u, v3 = hash_key[1] ^ 0x7465646279746573u;
	uint64_t m, last = (uint64_t)s.n << 56;
	size_t i = 0;
	for (; i + 8 <= s.n; i += 8) {
		memcpy(&m, s.p + i, 8);
		v3 ^= m;
		HASH_ROUND;
		v0 ^= m;
	}
	m = 0;
	if (i < s.n)
		memcpy(&m, s.p + i, s.n - i);
	m |= last;
	v3 ^= m;
	HASH_ROUND;
	v0 ^= m;
	v2 ^= 0xff;
	HASH_ROUND;
	HASH_ROUND;
	HASH_ROUND;
	return v0 ^ v1 ^ v2 ^ v3;
}

struct hash *hash_new(void) {
	return mem_zalloc(sizeof(struct hash));
}

static const char *hash_slot_key(const struct hash_slot *s) {
	return s->n > HASH_INLINE ? s->key.p : s->key.bytes;
}

static void hash_slot_free(struct hash_slot *s) {
	if (s->n > HASH_INLINE)
		mem_free(s->key.p);
}

void hash_free(struct hash **h) {
	if (!*h)
		return;
	if ((*h)->slots)
		for (size_t i = 0; i <= (*h)->mask; i++)
			if ((*h)->slots[i].value)
				hash_slot_free(&(*h)->slots[i]);
	mem_free((*h)->slots);
	mem_free(*h);
	*h = NULL;
}

/* the slot that has the key, or the free one where it belongs */
static struct hash_slot *hash_find(const struct hash *h, struct slice key, uint64_t hash) {
	for (size_t i = hash & h->mask;; i = (i + 1) & h->mask) {
		struct hash_slot *s = &h->slots[i];
		if (!s->value || (s->hash == hash && slice_eq(slice_of(hash_slot_key(s), s->n), key)))
			return s;
	}
}

void *hash_get(const struct hash *h, struct slice key) {
	return h->count ? hash_find(h, key, hash_bytes(key))->value : NULL;
}

static void hash_grow(struct hash *h) {
	struct hash old = *h;
	h->mask = old.slots ? old.mask * 2 + 1 : 15;
	h->slots = mem_zalloc((h->mask + 1) * sizeof *h->slots);
	for (size_t i = 0; old.slots && i <= old.mask; i++) {
		if (!old.slots[i].value)
			continue;
		size_t at = old.slots[i].hash & h->mask;
		while (h->slots[at].value)
			at = (at + 1) & h->mask;
		h->slots[at] = old.slots[i];
	}
	mem_free(old.slots);
}

void hash_put(struct hash *h, struct slice key, void *value) {
	if (!value)
		bug("hash_put of NULL");
	if (!h->slots || h->count >= (h->mask + 1) / 4 * 3)
		hash_grow(h);
	uint64_t hash = hash_bytes(key);
	struct hash_slot *s = hash_find(h, key, hash);
	if (!s->value) {
		s->hash = hash;
		s->n = key.n;
		if (key.n > HASH_INLINE)
			s->key.p = mem_strndup(key.p, key.n);
		else if (key.n)
			memcpy(s->key.bytes, key.p, key.n);
		h->count++;
	}
	s->value = value;
}

void *hash_del(struct hash *h, struct slice key) {
	if (!h->count)
		return NULL;
	struct hash_slot *s = hash_find(h, key, hash_bytes(key));
	void *value = s->value;
	if (!value)
		return NULL;
	hash_slot_free(s);
	h->count--;
	size_t hole = (size_t)(s - h->slots), i = hole;
	for (;;) {
		i = (i + 1) & h->mask;
		if (!h->slots[i].value)
			break;
		/* an entry may move back to the hole unless its home lies behind the hole */
		if (((i - h->slots[i].hash) & h->mask) >= ((i - hole) & h->mask)) {
			h->slots[hole] = h->slots[i];
			hole = i;
		}
	}
	h->slots[hole].value = NULL;
	return value;
}

size_t hash_count(const struct hash *h) {
	return h->count;
}

bool hash_each(const struct hash *h, size_t *i, struct slice *key_r, void **value_r) {
	while (h->slots && *i <= h->mask) {
		const struct hash_slot *s = &h->slots[(*i)++];
		if (s->value) {
			*key_r = slice_of(hash_slot_key(s), s->n);
			*value_r = s->value;
			return true;
		}
	}
	return false;
}
