/* splice.h - plain octets inside a spliced DEFLATE stream: stored blocks (RFC 1951 3.2.4), so that an answer made of
 * stored segments and a few lines of text needs no compressor at all. Any thread. */
#ifndef GATEWAYS_COMMON_SPLICE_H
#define GATEWAYS_COMMON_SPLICE_H
#include "forumd/base/buf.h"

/* Appends text as stored blocks to a buffer for conn_spliced(). What stands before it must end at a byte boundary, as
 * stored blocks and segments ended by a full flush do. Five octets more than the text (each 65,535 octets). */
void splice_text(struct buf *out, struct slice text);
/* The same for text that is written in place: what is appended to out between the two calls becomes stored blocks, or
 * nothing when it is nothing. The end wants what the begin returned. */
size_t splice_begin(struct buf *out);
void splice_end(struct buf *out, size_t at);
#endif
