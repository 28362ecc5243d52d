/* imap_search.h - SEARCH keys compiled to a straight program: leaves that set one truth value, NOT, and jumps. Nesting
 * costs no recursion, neither when compiling nor when running, and what need not be looked at is not. RFC 3501 6.4.4.
 */
#ifndef GATEWAYS_IMAP_IMAP_SEARCH_H
#define GATEWAYS_IMAP_IMAP_SEARCH_H
#include "gateways/imap/imap_parse.h"

#define IMAP_SEARCH_OPS_MAX 4096

enum imap_search_op {
	IMAP_SEARCH_TRUE, IMAP_SEARCH_FALSE,
	IMAP_SEARCH_FLAG,        /* any bit of mask */
	IMAP_SEARCH_SET,         /* UID in set */
	IMAP_SEARCH_BEFORE, IMAP_SEARCH_ON, IMAP_SEARCH_SINCE,               /* arrival; day = days since 1970 */
	IMAP_SEARCH_SENTBEFORE, IMAP_SEARCH_SENTON, IMAP_SEARCH_SENTSINCE,   /* Date field */
	IMAP_SEARCH_LARGER, IMAP_SEARCH_SMALLER,
	IMAP_SEARCH_HEADER,      /* field name holds text; empty text: the field is there */
	IMAP_SEARCH_TEXT, IMAP_SEARCH_BODY,
	IMAP_SEARCH_MODSEQ,      /* changed at id or later (RFC 7162) */
	IMAP_SEARCH_OLDER, IMAP_SEARCH_YOUNGER,      /* number seconds before now (RFC 5032) */
	IMAP_SEARCH_SAVEDBEFORE, IMAP_SEARCH_SAVEDON, IMAP_SEARCH_SAVEDSINCE,   /* RFC 8514 */
	IMAP_SEARCH_EMAILID, IMAP_SEARCH_THREADID,   /* id (RFC 8474) */
	IMAP_SEARCH_NOT,
	IMAP_SEARCH_JUMP_FALSE, IMAP_SEARCH_JUMP_TRUE,                       /* to `to` when the value is so */
};
struct imap_search_step {
	enum imap_search_op op;
	uint64_t mask;
	unsigned to;
	uint32_t number;
	int64_t day;
	uint64_t id;
	struct range_set *set;
	struct slice name, text;     /* text folded (text_fold) */
	bool addresses;              /* HEADER: as the envelope has them, too */
	struct search_hits *hits;    /* TEXT, BODY: what the index says; NULL: not asked */
};
struct imap_search {
	struct imap_search_step *v;  /* in the arena */
	unsigned n;
	bool needs_marks, needs_overview, modseq;   /* overview: anything but marks, UIDs and texts */
};
/* How sets become UIDs: false when a sequence number is beyond the mailbox; what bit a keyword of the member's own is,
 * 0 none (NULL: he has none). */
struct imap_search_sets {
	bool (*seqs)(void *arg, struct slice *in, struct range_set *uids_r);
	bool (*uids)(void *arg, struct slice *in, struct range_set *uids_r);
	uint64_t (*keyword)(void *arg, struct slice name);
	void *arg;
};
/* Keys up to the end of *in. Everything lives in the arena. */
bool imap_search_compile(struct slice *in, struct arena *a, const struct imap_search_sets *sets,
	struct imap_search *search_r);
/* The truth of a program; leaf tells that of one step: 1, 0, < 0 error. */
int imap_search_run(const struct imap_search *s, int (*leaf)(void *arg, const struct imap_search_step *step),
	void *arg);
#endif
