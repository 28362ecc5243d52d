/* squeeze.h - raw DEFLATE in pieces that end with a full flush (RFC 1951): at an octet boundary, referring to nothing
 * before and referred to by nothing behind, without a final block. Pieces can be put one after another in any order. */
#ifndef FORUMD_BASE_SQUEEZE_H
#define FORUMD_BASE_SQUEEZE_H
#include "forumd/base/buf.h"

/* an engine, some 300 KiB; one thread at a time */
struct squeezer;
struct squeezer *squeezer_new(void);
void squeezer_free(struct squeezer **s);
/* Appends the piece made of raw. fixed: with the code every inflater knows, larger and quicker to inflate. */
void squeeze(struct squeezer *s, struct slice raw, bool fixed, struct buf *out);
#endif
