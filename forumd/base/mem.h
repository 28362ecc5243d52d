/* mem.h - allocation that aborts on exhaustion. Any thread.
 * Sizes that come from outside are checked against configuration BEFORE these are called. */
#ifndef FORUMD_BASE_MEM_H
#define FORUMD_BASE_MEM_H
#include <stddef.h>

void *mem_alloc(size_t n) __attribute__((malloc, returns_nonnull));
void *mem_zalloc(size_t n) __attribute__((malloc, returns_nonnull));
void *mem_realloc(void *p, size_t n) __attribute__((returns_nonnull));
char *mem_strdup(const char *s) __attribute__((malloc, returns_nonnull));
/* n bytes copied, NUL added */
char *mem_strndup(const char *s, size_t n) __attribute__((malloc, returns_nonnull));
void mem_free(void *p);
/* a broken invariant: logs and aborts */
void bug(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
#endif
