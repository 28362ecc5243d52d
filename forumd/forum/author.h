/* author.h - the author line, spliced in when a post is sent. */
#ifndef FORUMD_FORUM_AUTHOR_H
#define FORUMD_FORUM_AUTHOR_H
#include "forumd/forum/forum.h"

/* The From value readers see. Members: `Name <author-ID@DOMAIN>` (addresses never leave the daemon). Imported authors
 * without an account: `typed`, the From of the original, octet for octet, until the record is renamed, claimed or
 * anonymised. Anonymous: `Anonymous <anonymous@DOMAIN>`. Memoised in the transaction; lives as long as it. */
struct slice author_from(struct forum_txn *t, uint32_t author, struct slice typed);
/* display name only, decoded UTF-8 */
struct slice author_name(struct forum_txn *t, uint32_t author, struct slice typed);
/* true when author_from() is made from the record and not `typed` */
bool author_is_spliced(struct forum_txn *t, uint32_t author);
/* the same From as an IMAP address list `(("name" NIL "local" "host"))`; `typed_list` is what ENVELOPE stored */
struct slice author_envelope(struct forum_txn *t, uint32_t author, struct slice typed_list);
#endif
