/* keywords.h - a member's own keywords: names that his mail programs invent ("$label1", "work"). The names are the
 * member's, in every mailbox the same; whether a post carries one is a mark (marks.h: MARK_OWN + place). */
#ifndef FORUMD_FORUM_KEYWORDS_H
#define FORUMD_FORUM_KEYWORDS_H
#include "forumd/forum/forum.h"
#include "forumd/forum/marks.h"

#define KEYWORDS_MAX MARKS_OWN      /* of one member */
#define KEYWORD_MAX 100             /* octets of a name */

struct keywords {
	struct slice name[KEYWORDS_MAX];   /* by place; empty: free */
	uint32_t version;                  /* another one after each change; 0: there was never any */
};
/* an atom of RFC 3501 that starts with no backslash, of at most KEYWORD_MAX octets */
bool keyword_valid(struct slice name);
/* 1, < 0. The names live as long as the transaction. member 0 has none. */
int keywords_load(struct forum_txn *t, uint32_t member, struct keywords *k_r);
/* place, or -1; capitals do not matter */
int keywords_find(const struct keywords *k, struct slice name);
bool keywords_full(const struct keywords *k);
/* The marks of these names as bits 1 << (MARK_OWN + place). create: names that are new get a place; when there is none
 * left, those of names that no post carries any more are given away. ERR_LIMIT, ERR_INVALID (name). 1, < 0. Called on:
 * writer. */
int keywords_marks(struct forum_txn *t, uint32_t member, const struct slice *names, size_t n, bool create,
	uint64_t *marks_r, struct fail *f);
#endif
