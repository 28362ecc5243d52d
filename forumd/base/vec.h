/* vec.h - typed growing arrays. VEC(struct foo) v = {0}; vec_push(&v, x); v.v[i]; v.n; vec_free(&v).
 * UPPER CASE macros may evaluate arguments twice; the lower-case ones below evaluate each once except `vec`. */
#ifndef FORUMD_BASE_VEC_H
#define FORUMD_BASE_VEC_H
#include "forumd/base/mem.h"

#define VEC(type) struct { type *v; size_t n, cap; }
#define vec_grow(vec, want) do { \
		size_t vec_w_ = (want); \
		if (vec_w_ > (vec)->cap) { \
			size_t vec_c_ = (vec)->cap ? (vec)->cap * 2 : 8; \
			while (vec_c_ < vec_w_) vec_c_ *= 2; \
			(vec)->v = mem_realloc((vec)->v, vec_c_ * sizeof *(vec)->v); \
			(vec)->cap = vec_c_; \
		} } while (0)
#define vec_push(vec, ...) do { vec_grow((vec), (vec)->n + 1); (vec)->v[(vec)->n++] = (__VA_ARGS__); } while (0)
#define vec_free(vec) do { mem_free((vec)->v); (vec)->v = NULL; (vec)->n = (vec)->cap = 0; } while (0)
#endif
