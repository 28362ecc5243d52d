/* rnd.h - random bytes from the kernel (getrandom, buffered per thread). Any thread. */
#ifndef FORUMD_BASE_RND_H
#define FORUMD_BASE_RND_H
#include <stdint.h>
#include "forumd/base/buf.h"

void rnd_bytes(void *out, size_t n);
uint64_t rnd_u64(void);
/* 26 lower-case base32 characters: 128 bits */
void rnd_add_id(struct buf *b);
#endif
