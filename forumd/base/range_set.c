/* Invariant: v[i].lo <= v[i].hi and v[i].hi + 1 < v[i + 1].lo. Look-ups are binary searches over the runs; the counting
 * functions walk the runs, which are few (8 bytes each) compared with the numbers in them. */
#include "forumd/base/range_set.h"
#include "forumd/base/fail.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"

void range_set_free(struct range_set *s) {
	mem_free(s->v);
	*s = (struct range_set){ 0 };
}

static void range_set_room(struct range_set *s, size_t n) {
	if (n <= s->cap)
		return;
	size_t cap = s->cap ? s->cap * 2 : 8;
	while (cap < n)
		cap *= 2;
	s->v = mem_realloc(s->v, cap * sizeof *s->v);
	s->cap = cap;
}

/* index of the first run with hi >= v; n when none */
static size_t range_set_find(const struct range_set *s, uint32_t v) {
	size_t lo = 0, hi = s->n;
	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		if (s->v[mid].hi >= v)
			hi = mid;
		else
			lo = mid + 1;
	}
	return lo;
}

/* replaces runs [at, at + old) by the `n` runs of `with` */
static void range_set_replace(struct range_set *s, size_t at, size_t old, const struct range *with, size_t n) {
	range_set_room(s, s->n - old + n);
	if (old != n && at + old < s->n)
		memmove(s->v + at + n, s->v + at + old, (s->n - at - old) * sizeof *s->v);
	if (n)
		memcpy(s->v + at, with, n * sizeof *with);
	s->n = s->n - old + n;
}

/* add behind or into the last run; what is added must not start before that run */
static void range_set_append(struct range_set *s, uint32_t lo, uint32_t hi) {
	if (s->n && lo <= (uint64_t)s->v[s->n - 1].hi + 1) {
		if (hi > s->v[s->n - 1].hi)
			s->v[s->n - 1].hi = hi;
		return;
	}
	range_set_room(s, s->n + 1);
	s->v[s->n++] = (struct range){ lo, hi };
}

void range_set_add(struct range_set *s, uint32_t lo, uint32_t hi) {
	lo = lo ? lo : 1;
	if (lo > hi)
		return;
	if (s->n == 0 || lo >= s->v[s->n - 1].lo) {
		range_set_append(s, lo, hi);
		return;
	}
	/* runs that touch or overlap [lo - 1, hi + 1] melt into one */
	size_t at = range_set_find(s, lo - 1 ? lo - 1 : 1), end = at;
	while (end < s->n && s->v[end].lo <= (uint64_t)hi + 1)
		end++;
	struct range r = { lo, hi };
	if (end > at) {
		r.lo = s->v[at].lo < lo ? s->v[at].lo : lo;
		r.hi = s->v[end - 1].hi > hi ? s->v[end - 1].hi : hi;
	}
	range_set_replace(s, at, end - at, &r, 1);
}

void range_set_del(struct range_set *s, uint32_t lo, uint32_t hi) {
	lo = lo ? lo : 1;
	if (lo > hi)
		return;
	size_t at = range_set_find(s, lo), end = at, n = 0;
	while (end < s->n && s->v[end].lo <= hi)
		end++;
	if (end == at)
		return;
	struct range left[2];
	if (s->v[at].lo < lo)
		left[n++] = (struct range){ s->v[at].lo, lo - 1 };
	if (s->v[end - 1].hi > hi)
		left[n++] = (struct range){ hi + 1, s->v[end - 1].hi };
	range_set_replace(s, at, end - at, left, n);
}

bool range_set_has(const struct range_set *s, uint32_t v) {
	size_t at = range_set_find(s, v);
	return at < s->n && s->v[at].lo <= v;
}

uint64_t range_set_count(const struct range_set *s) {
	uint64_t count = s->n;
	for (size_t i = 0; i < s->n; i++)
		count += s->v[i].hi - s->v[i].lo;
	return count;
}

uint64_t range_set_rank(const struct range_set *s, uint32_t v) {
	size_t at = range_set_find(s, v);
	struct range_set before = { s->v, at, 0 };
	uint64_t count = range_set_count(&before);
	if (at < s->n && s->v[at].lo <= v)
		count += v - s->v[at].lo + 1;
	return count;
}

bool range_set_next(const struct range_set *s, uint32_t v, uint32_t *out_r) {
	size_t at = range_set_find(s, v);
	if (at == s->n)
		return false;
	*out_r = s->v[at].lo > v ? s->v[at].lo : v;
	return true;
}

bool range_set_nth(const struct range_set *s, uint64_t n, uint32_t *out_r) {
	if (n == 0)
		return false;
	for (size_t i = 0; i < s->n; i++) {
		uint64_t len = (uint64_t)s->v[i].hi - s->v[i].lo + 1;
		if (n <= len) {
			*out_r = s->v[i].lo + (uint32_t)(n - 1);
			return true;
		}
		n -= len;
	}
	return false;
}

void range_set_union(struct range_set *to, const struct range_set *from) {
	if (to == from || from->n == 0)
		return;
	struct range_set out = { 0 };
	size_t i = 0, j = 0;
	range_set_room(&out, to->n + from->n);
	while (i < to->n || j < from->n) {
		struct range r = j == from->n || (i < to->n && to->v[i].lo <= from->v[j].lo) ? to->v[i++] : from->v[j++];
		range_set_append(&out, r.lo, r.hi);
	}
	range_set_free(to);
	*to = out;
}

void range_set_subtract(struct range_set *to, const struct range_set *from) {
	if (to == from) {
		to->n = 0;
		return;
	}
	if (to->n == 0 || from->n == 0)
		return;
	struct range_set out = { 0 };
	size_t j = 0;
	range_set_room(&out, to->n);
	for (size_t i = 0; i < to->n; i++) {
		uint64_t lo = to->v[i].lo, hi = to->v[i].hi;
		while (j < from->n && from->v[j].hi < lo)
			j++;
		/* the last run of from may reach into the next of to: j stays on it */
		while (lo <= hi && j < from->n && from->v[j].lo <= hi) {
			if (from->v[j].lo > lo)
				range_set_append(&out, (uint32_t)lo, from->v[j].lo - 1);
			lo = (uint64_t)from->v[j].hi + 1;
			if (lo <= hi)
				j++;
		}
		if (lo <= hi)
			range_set_append(&out, (uint32_t)lo, (uint32_t)hi);
	}
	range_set_free(to);
	*to = out;
}

void range_set_copy(struct range_set *to, const struct range_set *from) {
	if (to == from)
		return;
	range_set_room(to, from->n);
	if (from->n)
		memcpy(to->v, from->v, from->n * sizeof *from->v);
	to->n = from->n;
}

void range_set_encode(const struct range_set *s, struct buf *out) {
	uint32_t end = 0;
	num_add_varint(out, s->n);
	for (size_t i = 0; i < s->n; i++) {
		num_add_varint(out, s->v[i].lo - end);
		num_add_varint(out, s->v[i].hi - s->v[i].lo);
		end = s->v[i].hi;
	}
}

int range_set_decode(struct range_set *s, struct slice *in) {
	uint64_t count, gap, len, end = 0;
	s->n = 0;
	/* a run takes two bytes at least: a damaged count cannot ask for much memory */
	if (!num_take_varint(in, &count) || count > in->n / 2)
		return ERR_CORRUPT;
	range_set_room(s, (size_t)count);
	for (uint64_t i = 0; i < count; i++) {
		if (!num_take_varint(in, &gap) || !num_take_varint(in, &len) || gap < (i ? 2 : 1) || gap > UINT32_MAX ||
		    len > UINT32_MAX || end + gap + len > UINT32_MAX) {
			s->n = 0;
			return ERR_CORRUPT;
		}
		s->v[s->n++] = (struct range){ (uint32_t)(end + gap), (uint32_t)(end + gap + len) };
		end += gap + len;
	}
	return 1;
}

void range_set_print(const struct range_set *s, char sep, struct buf *out) {
	for (size_t i = 0; i < s->n; i++) {
		if (i)
			buf_addc(out, ',');
		buf_addu(out, s->v[i].lo);
		if (s->v[i].hi != s->v[i].lo) {
			buf_addc(out, sep);
			buf_addu(out, s->v[i].hi);
		}
	}
}
