#include "forumd/base/mem.h"
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "forumd/base/log.h"

static void *mem_check(void *p, size_t n) {
	if (!p)
		bug("out of memory: %zu bytes", n);
	return p;
}

void *mem_alloc(size_t n) {
	return mem_check(malloc(n ? n : 1), n);
}

void *mem_zalloc(size_t n) {
	return mem_check(calloc(1, n ? n : 1), n);
}

void *mem_realloc(void *p, size_t n) {
	return mem_check(realloc(p, n ? n : 1), n);
}

char *mem_strdup(const char *s) {
	return mem_strndup(s, strlen(s));
}

char *mem_strndup(const char *s, size_t n) {
	char *p = mem_alloc(n + 1);
	if (n)
		memcpy(p, s, n);
	p[n] = 0;
	return p;
}

void mem_free(void *p) {
	free(p);
}

void bug(const char *fmt, ...) {
	/* on the stack: the cause may be that there is no memory */
	char text[512];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	log_error("bug", "%s", text);
	abort();
}
