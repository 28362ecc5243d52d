/* imap_view.h - what one session has been told of a mailbox: which UIDs exist, and with that the sequence numbers. UIDs
 * 1..high exist but for `gone`. A mailbox of a million posts with ten holes costs ten runs. Memory is the view's own;
 * imap_view_free() gives it back. One owner. */
#ifndef GATEWAYS_IMAP_IMAP_VIEW_H
#define GATEWAYS_IMAP_IMAP_VIEW_H
#include "forumd/base/range_set.h"

struct imap_view {
	uint32_t high;               /* highest UID told; 0: none */
	struct range_set gone;       /* all <= high */
	/* private: before[i] = members of gone in runs before run i */
	uint32_t *before;
	size_t nbefore;
	bool fresh;
};
void imap_view_free(struct imap_view *v);
/* takes over the contents of gone (numbers above high are dropped); gone is empty afterwards */
void imap_view_open(struct imap_view *v, uint32_t high, struct range_set *gone);
/* later numbers up to high became known; those of (old high, high] in gone do not exist */
void imap_view_extend(struct imap_view *v, uint32_t high, const struct range_set *gone);
/* numbers are told as expunged */
void imap_view_remove(struct imap_view *v, const struct range_set *uids);
uint32_t imap_view_count(struct imap_view *v);
/* how many existing UIDs are <= uid */
uint32_t imap_view_rank(struct imap_view *v, uint32_t uid);
/* sequence number of a UID, 0 when it does not exist here */
uint32_t imap_view_seq(struct imap_view *v, uint32_t uid);
/* UID of a sequence number, 0 when there are fewer */
uint32_t imap_view_uid(struct imap_view *v, uint32_t seq);
/* the greatest UID that exists, 0 for an empty mailbox */
uint32_t imap_view_last(struct imap_view *v);
/* sequence numbers to UID runs (holes inside a run may be covered); false when a number is beyond the mailbox */
bool imap_view_uids(struct imap_view *v, const struct range_set *seqs, struct range_set *uids_r);
#endif
