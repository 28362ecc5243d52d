/* marks.h - each member's own marks on the posts of a group: the one table that IMAP, NNTP and mail receipts share.
 * Stored in blocks of 16,384 numbers, so that one read mark in a group of a million writes 2 KiB, not 200. */
#ifndef FORUMD_FORUM_MARKS_H
#define FORUMD_FORUM_MARKS_H
#include "forumd/base/range_set.h"
#include "forumd/forum/forum.h"

enum mark {
	MARK_SEEN,
	MARK_ANSWERED,
	MARK_FLAGGED,
	MARK_DELETED,
	MARK_FORWARDED,
	MARK_JUNK,
	MARK_NOTJUNK,
	MARK_MUTED,
	MARK_WATCHED,
	MARK_DRAFT, /* of own messages */
	MARK_HIDDEN, /* the member took the post out of his own view of the group: others see it, he can have it back */
	MARK_FIXED, /* end of those */
	MARK_OWN = 16, /* the first of the member's own keywords (keywords.h) */
	MARK_COUNT = MARK_OWN + 40
}; /* fits 64 bits with some to spare */
#define MARKS_OWN (MARK_COUNT - MARK_OWN)
/* numbers whose marks changed, when last: ascending, disjoint. Bounded a block: then neighbours share the later modseq,
 * so that what a synchronising client is told of is never too little. */
struct marks_run { uint32_t lo, hi; uint64_t modseq; };
struct marks {
	struct range_set set[MARK_COUNT];
	uint64_t modseq;             /* of the group when last changed */
	struct marks_run *runs;
	size_t nruns, cruns;
};
/* of the group when marks of this number last changed; 0 never */
uint64_t marks_modseq(const struct marks *m, uint32_t number);

/* In INBOX, REPLIES, WATCHED and UNREAD the marks are those of the posts that are pointed to, but for DELETED, which is
 * the box's; DRAFTS, SENT and TRASH keep all marks of their own. */
/* all blocks that touch lo..hi; marks_free() when done (not arena memory) */
int marks_load(struct forum_txn *t, uint32_t member, uint32_t group, uint32_t lo, uint32_t hi, struct marks *m_r);
void marks_free(struct marks *m);
/* bits 1 << mark of all marks that anything of the member's carries: one pass over his records. 1, < 0 */
int marks_used(struct forum_txn *t, uint32_t member, uint64_t *marks_r);
bool marks_has(struct forum_txn *t, uint32_t member, uint32_t group, uint32_t number, enum mark k);
/* Set or clear for every number of the set; raises the group's modseq and adds CHANGE_MARKS when anything changed.
 * 1 changed, 0 nothing to do, < 0. Called on: writer. */
int marks_set(struct forum_txn *t, uint32_t member, uint32_t group, enum mark k, const struct range_set *numbers,
	bool on);
/* Numbers of one group became numbers of another: the member's marks on them stand there too. Nobody is told: where
 * pointers show them (personal.h) nothing has changed, and in the other group the numbers are new. 1, < 0. Called on:
 * writer. */
struct marks_carry { uint32_t was, is; };
int marks_carry(struct forum_txn *t, uint32_t member, uint32_t from, uint32_t to, const struct marks_carry *v,
	size_t n);
/* visible posts of the group that the member has neither seen nor hidden; and the first of them (0 none) */
int marks_unseen(struct forum_txn *t, uint32_t member, uint32_t group, uint32_t *count_r, uint32_t *first_r);
#endif
