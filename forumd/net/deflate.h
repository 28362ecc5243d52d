/* deflate.h - raw DEFLATE pieces that can stand between spliced segments (RFC 1951). For files of forumd/net/. */
#ifndef FORUMD_NET_DEFLATE_H
#define FORUMD_NET_DEFLATE_H
#include "forumd/base/buf.h"

/* Appends s as blocks that end at an octet boundary and refer to nothing before or after. *deflater is made at first
 * use and shared by all connections of a thread; loop_deflater_free(). */
void deflate_piece(void **deflater, struct slice s, struct buf *out);

struct inflater;
struct inflater *inflater_new(void);
void inflater_free(struct inflater **i);
/* Inflates from *in (consumed) until out has grown by at most `room`. 1: *in may go on giving output; 0: all of *in is
 * used and nothing more is to come of it; ERR_GONE: the stream ended; ERR_INVALID: damaged. */
int inflater_run(struct inflater *i, struct slice *in, struct buf *out, size_t room);
#endif
