/* wildmat.h - NNTP wildmats (RFC 3977 4, UTF-8, '!' and ',') and IMAP list patterns (% and *). Linear in practice,
 * bounded always: no exponential backtracking. Any thread. */
#ifndef GATEWAYS_COMMON_WILDMAT_H
#define GATEWAYS_COMMON_WILDMAT_H
#include "forumd/base/slice.h"

/* well-formed per RFC 3977 4.1 (no \ or [ ]) */
bool wildmat_valid(struct slice wildmat);
bool wildmat_match(struct slice wildmat, struct slice text);
/* one pattern without ',' and '!' (XPAT, HDR patterns) */
bool wildmat_pattern(struct slice pattern, struct slice text);
/* IMAP: '*' any, '%' any but the separator; INBOX is the caller's */
bool wildmat_imap(struct slice pattern, struct slice name, char separator);
#endif
