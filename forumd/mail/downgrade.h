/* downgrade.h - a header in UTF-8 (RFC 6532), or with octets nobody declared, for who speaks neither: the simple
 * surrogate of RFC 6858. Subject becomes encoded words; an address beyond ASCII becomes one that nobody has, under a
 * name that tells what it was; a parameter of a MIME field beyond ASCII goes, and so does every other field that has
 * such octets. What is ASCII stays octet for octet. Any thread. */
#ifndef FORUMD_MAIL_DOWNGRADE_H
#define FORUMD_MAIL_DOWNGRADE_H
#include "forumd/base/buf.h"

/* header: all lines with their ends, without the empty one; the surrogate is appended to out, and is ASCII */
void downgrade_header(struct slice header, struct buf *out);
#endif
