/* imap_fetch.h - the items of FETCH as a plan. */
#ifndef GATEWAYS_IMAP_IMAP_FETCH_H
#define GATEWAYS_IMAP_IMAP_FETCH_H
#include "gateways/imap/imap_section.h"

#define IMAP_FETCH_ITEMS_MAX 256

enum imap_fetch_kind {
	IMAP_FETCH_FLAGS, IMAP_FETCH_UID, IMAP_FETCH_DATE, IMAP_FETCH_SIZE, IMAP_FETCH_ENVELOPE, IMAP_FETCH_BODY,
	IMAP_FETCH_STRUCTURE, IMAP_FETCH_SECTION, IMAP_FETCH_MODSEQ,
	IMAP_FETCH_EMAILID, IMAP_FETCH_THREADID, IMAP_FETCH_SAVEDATE, IMAP_FETCH_PREVIEW,
	IMAP_FETCH_BINARY, IMAP_FETCH_BINARY_SIZE,       /* RFC 3516: of section.part, decoded */
};
struct imap_fetch_item {
	enum imap_fetch_kind kind;
	struct slice label;              /* "FLAGS ", "BODY[1.MIME]<0> ": as the answer says it, with the space behind */
	struct imap_section section;
};
struct imap_fetch_plan {
	struct imap_fetch_item *v;       /* in the arena */
	unsigned n;
	bool needs_marks, sets_seen, modseq;
};
/* ALL, FAST, FULL, one item, or a list of items; uid: the UID comes with each answer. Everything lives in the arena. */
bool imap_fetch_plan(struct slice *in, struct arena *a, bool uid, struct imap_fetch_plan *plan_r);
/* CHANGEDSINCE: the change number is told too */
void imap_fetch_add_modseq(struct imap_fetch_plan *plan, struct arena *a);
#endif
