#include "forumd/base/hash.h"
#include <stdio.h>
#include "tests/tap/tap.h"

enum { KEYS = 100000 };
static int values[KEYS];

static struct slice key(char *out, int i) {
	/* short ones inside the slot, long ones outside */
	return slice_of(out, (size_t)sprintf(out, i % 2 ? "k%d" : "a-key-longer-than-the-slot-%d", i));
}

int main(void) {
	struct hash *h = hash_new();
	char k[64];
	ok(!hash_get(h, SLICE("x")) && !hash_del(h, SLICE("x")), "empty");
	for (int i = 0; i < KEYS; i++)
		hash_put(h, key(k, i), &values[i]);
	is_int(hash_count(h), KEYS, "count");
	int wrong = 0;
	for (int i = 0; i < KEYS; i++)
		wrong += hash_get(h, key(k, i)) != &values[i];
	is_int(wrong, 0, "all found");
	for (int i = 0; i < KEYS; i += 3)
		wrong += hash_del(h, key(k, i)) != &values[i];
	for (int i = 0; i < KEYS; i++)
		wrong += hash_get(h, key(k, i)) != (i % 3 ? &values[i] : NULL);
	is_int(wrong, 0, "the others are found after deletions");
	is_int(hash_count(h), KEYS - (KEYS + 2) / 3, "count after deletions");
	size_t at = 0, seen = 0;
	struct slice got;
	void *v;
	while (hash_each(h, &at, &got, &v)) {
		int i = (int)((int *)v - values);
		wrong += values[i]++ != 0 || !slice_eq(got, key(k, i));
		seen++;
	}
	ok(wrong == 0 && seen == hash_count(h), "each once, with its key");
	hash_put(h, SLICE("k1"), &values[7]);
	ok(hash_get(h, SLICE("k1")) == &values[7] && hash_count(h) == seen, "replaced");
	hash_put(h, SLICE(""), &values[1]);
	hash_put(h, SLICE("\0"), &values[2]);
	ok(hash_get(h, SLICE("")) == &values[1] && hash_get(h, SLICE("\0")) == &values[2], "empty key and NUL key");
	for (int i = 0; i < KEYS; i++)
		hash_del(h, key(k, i));
	hash_del(h, SLICE(""));
	hash_del(h, SLICE("\0"));
	is_int(hash_count(h), 0, "all deleted");
	hash_free(&h);
	ok(h == NULL, "freed");
	return done();
}
