/* imap_thread_ids.h - own messages are no posts and have no place in the forum's trees (doc/decisions.md: they have no
 * Message-ID entry): for THREAD=REFERENCES their parents come from Message-ID, References and In-Reply-To, as RFC 5256
 * 3 (1) says, message by message in order of the mailbox. Posts that a box points to keep the parents they have. */
#ifndef GATEWAYS_IMAP_IMAP_THREAD_IDS_H
#define GATEWAYS_IMAP_IMAP_THREAD_IDS_H
#include "gateways/imap/imap_thread.h"

struct imap_thread_ids;
struct imap_thread_ids *imap_thread_ids_new(void);
void imap_thread_ids_free(struct imap_thread_ids **x);
/* node: of the tree, listed. references: ids, oldest first; own: they tell its parent */
void imap_thread_ids_add(struct imap_thread_ids *x, uint32_t node, struct slice message_id, struct slice references,
	bool own);
/* Parents and threads of own messages, before imap_thread_link(); ids nobody has become nodes that are not listed. */
void imap_thread_ids_link(struct imap_thread_ids *x, struct imap_thread *th);
#endif
