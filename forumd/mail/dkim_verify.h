/* dkim_verify.h - checks the DKIM signatures of arriving mail (RFC 6376, RFC 8301, RFC 8463): rsa-sha256 from 1,024
 * bits and ed25519-sha256. The first DKIM_CHECKED signatures are looked at. A signature with l= says nothing (policy):
 * what stands behind its end could be anybody's. Linear in the mail
 * for each signature; a header of more than 1,000 fields has none. */
#ifndef FORUMD_MAIL_DKIM_VERIFY_H
#define FORUMD_MAIL_DKIM_VERIFY_H
#include <stdint.h>
#include "forumd/mail/auth.h"

#define DKIM_CHECKED 6
struct dkim_verdict {
	enum auth_word result;
	struct slice domain, selector;     /* d=, s=; in the header; empty when the field cannot be read */
	const char *why;                   /* static words; NULL when it passed */
};
/* header with CRLF lines; how many signatures there were, at most DKIM_CHECKED */
size_t dkim_verify(struct arena *a, struct slice header, struct slice body, const struct dns *dns, int64_t now,
	struct dkim_verdict *v_r);
#endif
