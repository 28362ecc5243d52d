/* imap.h - the IMAP gateway (RFC 3501 with the extensions of doc/rfc.md): groups as mailboxes, article numbers as UIDs,
 * each member's own marks as flags. */
#ifndef GATEWAYS_IMAP_IMAP_H
#define GATEWAYS_IMAP_IMAP_H
#include "forumd/run/session.h"

extern const struct session_ops imap_ops;
#endif
