/* range_set against a plain array of flags */
#include "forumd/base/range_set.h"
#include "forumd/base/fail.h"
#include "forumd/base/num.h"
#include "tests/tap/tap.h"

enum { TOP = 300 };
static uint64_t seed = 12345;

static uint32_t pick(uint32_t n) {
	seed = seed * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(seed >> 33) % n;
}

static bool well_formed(const struct range_set *s) {
	for (size_t i = 0; i < s->n; i++)
		if (s->v[i].lo > s->v[i].hi || s->v[i].lo == 0 || (i && s->v[i].lo <= (uint64_t)s->v[i - 1].hi + 1))
			return false;
	return true;
}

static bool agrees(const struct range_set *s, const bool *flags) {
	uint64_t count = 0;
	uint32_t out;
	for (uint32_t v = 1; v <= TOP; v++) {
		count += flags[v];
		if (range_set_has(s, v) != flags[v] || range_set_rank(s, v) != count)
			return false;
		if (flags[v] && (!range_set_nth(s, count, &out) || out != v))
			return false;
		uint32_t next = v;
		while (next <= TOP && !flags[next])
			next++;
		if (range_set_next(s, v, &out) != (next <= TOP) || (next <= TOP && out != next))
			return false;
	}
	return range_set_count(s) == count && !range_set_nth(s, count + 1, &out) && !range_set_nth(s, 0, &out);
}

static void fill(struct range_set *s, bool *flags) {
	range_set_clear(s);
	memset(flags, 0, TOP + 1);
	for (uint32_t n = pick(30); n; n--) {
		uint32_t lo = 1 + pick(TOP), hi = lo + pick(12);
		hi = hi > TOP ? TOP : hi;
		range_set_add(s, lo, hi);
		memset(flags + lo, 1, hi - lo + 1);
	}
}

static void test_random(void) {
	struct range_set s = { 0 }, o = { 0 }, back = { 0 };
	bool flags[TOP + 1] = { 0 }, other[TOP + 1];
	struct buf b = { 0 };
	int wrong = 0;
	for (int i = 0; i < 5000; i++) {
		uint32_t lo = 1 + pick(TOP), hi = lo + pick(20), what = pick(10);
		hi = hi > TOP ? TOP : hi;
		if (what < 4) {
			range_set_add(&s, lo, hi);
			memset(flags + lo, 1, hi - lo + 1);
		} else if (what < 8) {
			range_set_del(&s, lo, hi);
			memset(flags + lo, 0, hi - lo + 1);
		} else {
			fill(&o, other);
			if (what == 8)
				range_set_union(&s, &o);
			else
				range_set_subtract(&s, &o);
			for (int v = 0; v <= TOP; v++)
				flags[v] = what == 8 ? flags[v] || other[v] : flags[v] && !other[v];
		}
		wrong += !well_formed(&s) || !agrees(&s, flags);
		buf_reset(&b);
		range_set_encode(&s, &b);
		struct slice in = buf_slice(&b);
		wrong += range_set_decode(&back, &in) != 1 || in.n || !agrees(&back, flags);
		range_set_copy(&o, &s);
		wrong += !agrees(&o, flags);
	}
	is_int(wrong, 0, "5000 random operations");
	range_set_free(&s), range_set_free(&o), range_set_free(&back), buf_free(&b);
}

int main(void) {
	struct range_set s = { 0 };
	struct buf b = { 0 };
	uint32_t v;
	test_random();
	range_set_add(&s, 4294967295u, 4294967295u);
	range_set_add(&s, 1, 1);
	range_set_add(&s, 4294967290u, 4294967294u);
	range_set_print(&s, ':', &b);
	is_buf(&b, "1,4294967290:4294967295", "the ends of the range");
	ok(range_set_has(&s, 4294967295u) && range_set_next(&s, 2, &v) && v == 4294967290u, "looked up");
	range_set_add(&s, 0, 4294967295u);
	is_int(s.n, 1, "everything is one run");
	is_int(range_set_count(&s), 4294967295, "2^32-1 numbers");
	ok(range_set_nth(&s, 4294967295u, &v) && v == 4294967295u, "the last");
	range_set_del(&s, 4294967295u, 4294967295u);
	range_set_del(&s, 5, 6);
	range_set_add(&s, 9, 8);
	buf_reset(&b);
	range_set_print(&s, '-', &b);
	is_buf(&b, "1-4,7-4294967294", "holes; an empty interval does nothing");
	range_set_subtract(&s, &s);
	is_int(range_set_count(&s), 0, "minus itself");
	struct slice bad[] = {
		SLICE(""), SLICE("\x01\x01"), SLICE("\xff\xff\xff\xff\x0f\x01\x01"), SLICE("\x01\x00\x00"),
		SLICE("\x02\x01\x00\x01\x00"), SLICE("\x01\x01\xff\xff\xff\xff\x0f"), SLICE("\x02\x01\x00\x02"),
	};
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		is_int(range_set_decode(&s, &bad[i]), ERR_CORRUPT, "damaged %zu", i);
	range_set_free(&s);
	buf_free(&b);
	return done();
}
