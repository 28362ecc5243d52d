/* field.h - header fields of RFC 5322 messages, walked in place. Any thread; nothing allocates unless it says so.
 * A header is the bytes from the first field to just before the empty line. Lines end in CRLF (a bare LF is accepted
 * by the walkers, since imported mail is normalised elsewhere). */
#ifndef FORUMD_MAIL_FIELD_H
#define FORUMD_MAIL_FIELD_H
#include "forumd/base/buf.h"

struct field {
	struct slice name;    /* without colon and white space before it; empty for a line that is no field */
	struct slice value;   /* after the colon, still folded, without the last line end */
	struct slice raw;     /* all of its lines with their ends */
};

/* Split a message at the first empty line. header_r holds all header lines with their ends, body_r what follows the
 * empty line. False when there is no empty line (then all is header, body empty). A message that starts with an empty
 * line has an empty header. */
bool field_split(struct slice message, struct slice *header_r, struct slice *body_r);
/* Next field; *rest starts as the header and moves behind the field. False at the end. A line without a colon (or a
 * "From " line) comes back with an empty name and itself as value, so that nothing is lost. */
bool field_next(struct slice *rest, struct field *f_r);
/* the n-th field (from 0) of that name, ASCII case ignored */
bool field_find(struct slice header, const char *name, unsigned n, struct field *f_r);
/* Value of the first such field, unfolded and trimmed, appended to out. False (nothing appended) when absent. */
bool field_get(struct slice header, const char *name, struct buf *out);
/* unfold: every line end (with the white space behind it) becomes one space; leading and trailing white space goes */
void field_unfold(struct slice value, struct buf *out);
/* Appends "Name: value CRLF" folded at white space so that no line is over 998 and, where possible, 78 octets. CR, LF
 * and NUL in the value become spaces: nothing can inject a header. */
void field_write(struct buf *out, const char *name, struct slice value);
/* Lines that may be handed on as they are: whole ones ended by CRLF, none over 998 octets, no other CR or LF, no controls
 * but TAB */
bool field_raw_clean(struct slice raw);
/* field name: printable US-ASCII without colon */
bool field_name_valid(struct slice name);
#endif
