/* dotted.h - dot-stuffed texts of NNTP and SMTP, both ways, incremental. Only CRLF.CRLF ends a text; a bare CR or LF
 * inside is remembered and makes the text unacceptable, but never ends it (SMTP smuggling). Any thread. */
#ifndef GATEWAYS_COMMON_DOTTED_H
#define GATEWAYS_COMMON_DOTTED_H
#include "forumd/base/buf.h"

struct dotted {
	size_t max;              /* octets kept; beyond that the rest is swallowed and too_big set */
	bool too_big, bare_cr, bare_lf, nul, eight_bit;
	int state;               /* private; 0 at the start of a text */
	size_t kept;             /* octets appended so far */
};
/* Consumes from in, appends the unstuffed text (without the end mark) to out. 1 the end was seen, 0 more input needed.
 */
int dotted_collect(struct dotted *d, struct buf *in, struct buf *out);
/* Appends text with dots stuffed. *bol: at the beginning of a line (start true; kept between pieces). Bare CR and LF in
 * stored text are sent as CRLF. dot_free: no line starts with a dot (plain copy). A piece that is not the last one must
 * not end in CR (a CRLF cut in two would come out as two line ends): hold that CR back for the next piece. */
void dotted_write(struct buf *out, struct slice text, bool dot_free, bool *bol);
/* the end mark ".CRLF", with a CRLF before it when the text did not end in one */
void dotted_end(struct buf *out, bool bol);
#endif
