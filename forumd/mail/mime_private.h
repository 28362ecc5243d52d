/* mime_private.h - shared between the mime_*.c files. */
#ifndef FORUMD_MAIL_MIME_PRIVATE_H
#define FORUMD_MAIL_MIME_PRIVATE_H
#include "forumd/mail/mime.h"

/* Fill type, encoding, disposition and so on of p from the Content-* fields of a header; `digest`: the default type is
 * message/rfc822. *boundary_r: the boundary of a multipart, raw bytes; empty when none. mime_head.c */
void mime_head(struct arena *a, struct slice header, bool digest, struct mime_part *p, struct slice *boundary_r);
/* the part becomes text/plain without parameters (a multipart nobody can take apart) */
void mime_head_plain(struct mime_part *p);
#endif
