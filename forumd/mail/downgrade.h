/* downgrade.h - a header in UTF-8 (RFC 6532), or with octets nobody declared, for who speaks neither: the simple
 * surrogate of RFC 6858. Subject becomes encoded words; an address beyond ASCII becomes one that nobody has, under a
 * name that tells what it was; a parameter of a MIME field beyond ASCII goes, and so does every other field that has
 * such octets. What is ASCII stays octet for octet. Any thread. */
#ifndef FORUMD_MAIL_DOWNGRADE_H
#define FORUMD_MAIL_DOWNGRADE_H
#include "forumd/base/buf.h"

/* header: all lines with their ends, without the empty one; the surrogate is appended to out, and is ASCII */
void downgrade_header(struct slice header, struct buf *out);

/* RFC 6858 2.1; .invalid is nobody's (RFC 2606) */
#define DOWNGRADE_LOCAL SLICE("invalid")
#define DOWNGRADE_DOMAIN SLICE("internationalized-address.invalid")
/* an address with more than ASCII becomes that one, under the name that is appended to out in UTF-8 and tells what it
 * was; false: it is ASCII and stays. name: decoded. */
bool downgrade_mailbox(struct slice name, struct slice local, struct slice domain, struct buf *out);
#endif
