/* msgid.h - Message-IDs and References lists. An id is always kept with its angle brackets, octet for octet. */
#ifndef FORUMD_MAIL_MSGID_H
#define FORUMD_MAIL_MSGID_H
#include "forumd/base/buf.h"

#define MSGID_MAX 250
/* as lenient as what is about needs: <...@...>, printable US-ASCII, no white space, no ">" inside, at most 250 octets */
bool msgid_valid(struct slice id);
/* by the letter of its grammar, as other news servers want a new one: no quotes, commas, dots side by side ... */
bool msgid_strict(struct slice id);
/* Next "<...>" in a (folded) References or In-Reply-To value, skipping everything else; white space from folding inside
 * an id ends it (the id is skipped). Ids that are too long are skipped. *rest moves behind it. */
bool msgid_next(struct slice *rest, struct slice *id_r);
/* References of a reply: those of the parent and its id, at most 20 (the first and the last 19). Appended with single
 * spaces between; callers fold with field_write. */
void msgid_references(struct slice parent_references, struct slice parent_id, struct buf *out);
/* a fresh id <RANDOM@domain> with 128 random bits */
void msgid_new(struct buf *out, struct slice domain);
#endif
