/* wildmat.h - NNTP wildmats (RFC 3977 4, UTF-8, '!' and ',') and IMAP list patterns (% and *). Linear in practice,
 * bounded always: no exponential backtracking. Any thread. */
#ifndef GATEWAYS_COMMON_WILDMAT_H
#define GATEWAYS_COMMON_WILDMAT_H
#include "forumd/base/slice.h"

/* well-formed per RFC 3977 4.1 (no \ or [ ]) */
bool wildmat_valid(struct slice wildmat);
bool wildmat_match(struct slice wildmat, struct slice text);
/* one pattern without ',' and '!' */
bool wildmat_pattern(struct slice pattern, struct slice text);
/* One pattern over text, as XPAT has it (RFC 2980 3.3): also [sets], [a-z], [^others] and \ in front of what is meant as
 * it stands; ',' and '!' and spaces are text. A '[' without its end is one, too. Matches nothing badly formed: any
 * pattern is one. */
bool wildmat_text(struct slice pattern, struct slice text);
/* IMAP: '*' any, '%' any but the separator; INBOX is the caller's */
bool wildmat_imap(struct slice pattern, struct slice name, char separator);
#endif
