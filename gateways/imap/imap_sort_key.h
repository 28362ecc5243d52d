/* imap_sort_key.h - what SORT and THREAD compare (RFC 5256 2, RFC 5957). Slices and buffers of the caller's. */
#ifndef GATEWAYS_IMAP_IMAP_SORT_KEY_H
#define GATEWAYS_IMAP_IMAP_SORT_KEY_H
#include "forumd/forum/overview.h"

/* base subject as i;unicode-casemap compares it, appended to out; true: it was a reply or forward */
bool imap_sort_subject(const struct overview *o, struct buf *out);
/* the Date field as an instant; without one, INTERNALDATE */
int64_t imap_sort_date(const struct overview *o);
/* The first address of an ENVELOPE address list: its mailbox, or (display) its name, else mailbox@host; casemapped. */
void imap_sort_address(struct slice list, bool display, struct buf *out);
/* the list at place n (0 to, 1 cc) of what an envelope has after Reply-To */
struct slice imap_sort_list(struct slice after, unsigned n);
#endif
