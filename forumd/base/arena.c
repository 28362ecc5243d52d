/* Chunks grow from 2 KiB to 64 KiB. What does not fit a normal chunk gets one of its own, put behind the current one,
 * so that the room left there is still used. The first (2 KiB) chunk survives a reset. */
#include "forumd/base/arena.h"
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include "forumd/base/mem.h"

enum { ARENA_FIRST = 2048, ARENA_MOST = 65536, ARENA_ALIGN = 16 };

struct arena_chunk {
	struct arena_chunk *next;
	size_t size, used;             /* of bytes[] */
	_Alignas(ARENA_ALIGN) char bytes[];
};

struct arena_cleanup {
	struct arena_cleanup *next;
	void (*fn)(void *);
	void *arg;
};

struct arena {
	struct arena_chunk *head;
	struct arena_cleanup *cleanups;
	size_t next_size, total;
};

struct arena *arena_new(void) {
	struct arena *a = mem_zalloc(sizeof *a);
	a->next_size = ARENA_FIRST;
	return a;
}

static void arena_run_cleanups(struct arena *a) {
	struct arena_cleanup *c;
	while ((c = a->cleanups)) {
		a->cleanups = c->next;
		c->fn(c->arg);
	}
}

static void arena_free_chunks(struct arena *a, struct arena_chunk *keep) {
	struct arena_chunk *next;
	for (struct arena_chunk *c = a->head; c; c = next) {
		next = c->next;
		if (c != keep) {
			a->total -= c->size + sizeof *c;
			mem_free(c);
		}
	}
}

void arena_free(struct arena **a) {
	if (!*a)
		return;
	arena_run_cleanups(*a);
	arena_free_chunks(*a, NULL);
	mem_free(*a);
	*a = NULL;
}

void arena_reset(struct arena *a) {
	arena_run_cleanups(a);
	struct arena_chunk *keep = NULL;
	for (struct arena_chunk *c = a->head; c && !keep; c = c->next)
		if (c->size + sizeof *c == ARENA_FIRST)
			keep = c;
	arena_free_chunks(a, keep);
	a->head = keep;
	a->next_size = ARENA_FIRST;
	if (keep) {
		keep->next = NULL;
		keep->used = 0;
		a->next_size = ARENA_FIRST * 2;
	}
}

static void *arena_alloc_chunk(struct arena *a, size_t n) {
	bool own = n > a->next_size - sizeof(struct arena_chunk);
	size_t size = own ? n + sizeof(struct arena_chunk) : a->next_size;
	struct arena_chunk *c = mem_alloc(size);
	c->size = size - sizeof *c;
	c->used = n;
	a->total += size;
	if (own && a->head) {
		c->next = a->head->next;
		a->head->next = c;
	} else {
		c->next = a->head;
		a->head = c;
	}
	if (!own && a->next_size < ARENA_MOST)
		a->next_size *= 2;
	return c->bytes;
}

void *arena_alloc(struct arena *a, size_t n) {
	if (n > SIZE_MAX / 4)
		bug("arena allocation of %zu bytes", n);
	n = (n + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
	struct arena_chunk *c = a->head;
	if (c && c->size - c->used >= n) {
		void *p = c->bytes + c->used;
		c->used += n;
		return p;
	}
	return arena_alloc_chunk(a, n);
}

void *arena_zalloc(struct arena *a, size_t n) {
	return memset(arena_alloc(a, n), 0, n);
}

struct slice arena_slice(struct arena *a, struct slice s) {
	return slice_of(arena_cstr(a, s), s.n);
}

char *arena_cstr(struct arena *a, struct slice s) {
	char *p = arena_alloc(a, s.n + 1);
	if (s.n)
		memcpy(p, s.p, s.n);
	p[s.n] = 0;
	return p;
}

static struct slice arena_slicev(struct arena *a, const char *fmt, va_list ap) {
	char small[256];
	va_list again;
	va_copy(again, ap);
	int n = vsnprintf(small, sizeof small, fmt, ap);
	if (n < 0)
		bug("bad format \"%s\"", fmt);
	char *p = arena_alloc(a, (size_t)n + 1);
	if ((size_t)n < sizeof small)
		memcpy(p, small, (size_t)n + 1);
	else
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return slice_of(p, (size_t)n);
}

char *arena_printf(struct arena *a, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	struct slice s = arena_slicev(a, fmt, ap);
	va_end(ap);
	return (char *)s.p;
}

struct slice arena_slicef(struct arena *a, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	struct slice s = arena_slicev(a, fmt, ap);
	va_end(ap);
	return s;
}

void arena_on_reset(struct arena *a, void (*fn)(void *), void *arg) {
	struct arena_cleanup *c = arena_alloc(a, sizeof *c);
	*c = (struct arena_cleanup){ a->cleanups, fn, arg };
	a->cleanups = c;
}

size_t arena_size(const struct arena *a) {
	return a->total;
}
