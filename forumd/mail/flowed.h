/* flowed.h - format=flowed (RFC 3676): paragraphs that each reader's program wraps for itself. */
#ifndef FORUMD_MAIL_FLOWED_H
#define FORUMD_MAIL_FLOWED_H
#include "forumd/base/buf.h"

/* Lines with LF to paragraphs with LF. Quotation marks stay in front of each paragraph. */
void flowed_decode(struct slice text, bool delsp, struct buf *out);
/* Paragraphs with LF to lines with CRLF of at most 72 columns (one long word of ASCII is left whole), space-stuffed.
 * True:
 * DelSp=yes is needed, because text without spaces (Chinese, Japanese) was broken. */
bool flowed_encode(struct slice text, struct buf *out);
#endif
