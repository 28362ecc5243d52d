/* arc.h - Authenticated Received Chain (RFC 8617): what those on the way saw of a mail's author, sealed. A chain that
 * holds says only that its sealers said so: whom to believe is the caller's. */
#ifndef FORUMD_MAIL_ARC_H
#define FORUMD_MAIL_ARC_H
#include <stdint.h>
#include "forumd/mail/auth.h"
#include "forumd/mail/dkim.h"

#define ARC_SETS_MAX 50
struct arc_chain {
	enum auth_word result;           /* none, pass, fail, temperror */
	unsigned n;                        /* sets */
	struct slice sealer[ARC_SETS_MAX]; /* d= of the seals, from the first on; in the header */
	struct slice first; /* ARC-Authentication-Results of the first set, behind "i=1;": folded, in the header */
	const char *why;                   /* static; NULL when it passed or there is none */
};
/* Looks up at most one key for each seal, and one. */
void arc_verify(struct arena *a, struct slice header, struct slice body, const struct dns *dns, int64_t now,
	struct arc_chain *c_r);

struct arc_sealer { const struct dkim_key *key; struct slice domain, selector; int64_t time; };
/* The first set of a chain, appended as three whole fields to stand in front of the header: `results` is a value of
 * Authentication-Results, authserv-id in front. Header and body hash (dkim_body_hash) are those of the mail as it is
 * sent but for what differs from copy to copy: neither Reply-To nor List-Unsubscribe is covered, so one set fits all
 * copies. */
int arc_seal_first(const struct arc_sealer *k, struct slice results, struct slice header,
	const unsigned char body_hash[32], struct buf *out);
/* The chain of the header that came, and one set more in front; passed: what was found of that chain, cv= says it. 1;
 * 0, nothing appended: there is no chain, it is not complete, full, closed as broken by somebody before, or its fields are no clean lines of
 * ASCII or longer than 64 KB together. */
int arc_seal_next(const struct arc_sealer *k, struct slice came, bool passed, struct slice results, struct slice header,
	const unsigned char body_hash[32], struct buf *out);
#endif
