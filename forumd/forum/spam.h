/* spam.h - what moderators decided, learned by words: how likely is it that they refuse this post as spam, too?
 *
 * Per group, and for all groups together, it is counted in how many refused and in how many approved posts a word was
 * seen. Words are hashed into a table of fixed size (SPAM_CELLS a group, 256 KiB): nothing grows, no word is kept, and
 * what somebody wrote cannot be told from it. Beside it each post that taught something has a short record until its text
 * goes, so that the lesson can be changed. A score is the combination of the words that speak most clearly, after
 * Robinson and Fisher, as bogofilter and SpamAssassin make it. It is an opinion for moderators; it deletes nothing. */
#ifndef FORUMD_FORUM_SPAM_H
#define FORUMD_FORUM_SPAM_H
#include "forumd/forum/rebuild.h"

#define SPAM_CELLS 65536
#define SPAM_LESSONS_MIN 20       /* of each kind: before, nothing is said */

enum spam_lesson { SPAM_NONE, SPAM_BAD, SPAM_GOOD };

/* How stored posts become words; without it nothing is learned. Before the first transaction. */
void spam_read_with(struct forum *forum, rebuild_parse parse);
/* The words of a stored post (draft.terms), in the transaction's arena; empty when it has no text any more. Called on:
 * writer. */
struct slice spam_terms(struct forum_txn *t, const struct post *p);
/* What the verdict with this audit serial says of the post, in the place of what an earlier one said; 0: it cannot be
 * taken back, nor another one come. Called on: writer. 1 or < 0 */
int spam_learn(struct forum_txn *t, uint64_t post, uint32_t group, enum spam_lesson lesson, uint64_t action,
	struct slice terms);
/* The verdict was taken back: what it taught is forgotten. Called on: writer. 1, 0 it taught nothing, < 0 */
int spam_forget(struct forum_txn *t, const struct post *p, uint64_t action);
/* The post's text goes: what it taught stays, and cannot be changed any more. Called on: writer. 1 or < 0 */
int spam_settle(struct forum_txn *t, uint64_t post);
/* Per cent of likeness, by the group's verdicts or, where they are too few, by those of all groups: 1, 0 nobody can tell,
 * < 0. Any thread. */
int spam_score(struct forum_txn *t, uint32_t group, struct slice terms, unsigned *percent_r);
/* posts learned: in the group, 0 in all */
struct spam_counts { uint32_t bad, good; };
int spam_counts(struct forum_txn *t, uint32_t group, struct spam_counts *c_r);
#endif
