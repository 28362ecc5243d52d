/* arena.h - allocate only, free all at once. Life times in use: session, command (reset after each), job (travels
 * to the writer and back), transaction. One owner at a time; hand-over between threads only through a queue. */
#ifndef FORUMD_BASE_ARENA_H
#define FORUMD_BASE_ARENA_H
#include "forumd/base/slice.h"

struct arena;
/* no memory is taken before the first allocation beyond the handle itself */
struct arena *arena_new(void);
void arena_free(struct arena **a);
/* runs the clean-ups (last first) and forgets all; keeps one small chunk for reuse */
void arena_reset(struct arena *a);
/* 16-byte aligned; never NULL */
void *arena_alloc(struct arena *a, size_t n) __attribute__((returns_nonnull));
void *arena_zalloc(struct arena *a, size_t n) __attribute__((returns_nonnull));
/* copies; the copy has a NUL behind it */
struct slice arena_slice(struct arena *a, struct slice s);
char *arena_cstr(struct arena *a, struct slice s);
char *arena_printf(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
struct slice arena_slicef(struct arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* call fn(arg) at reset or free */
void arena_on_reset(struct arena *a, void (*fn)(void *), void *arg);
/* bytes taken from the system */
size_t arena_size(const struct arena *a);
#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), sizeof(type)))
#endif
