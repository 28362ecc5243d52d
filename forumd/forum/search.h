/* search.h - full-text index of the posts of a group: which numbers hold these octets? The answer is the one a
 * substring search over the folded text (text_fold) would give, as IMAP SEARCH wants it (RFC 9051 6.4.4), not one about
 * words.
 *
 * TEXT is the public header (as sent and with encoded words decoded, with the author line of today) and the body; BODY
 * the decoded text of all text parts. The texts come from above: search_terms() makes them a list of terms on any
 * thread, post_add() stores the list with the post. Posts without a list (stored before there was an index, approved or
 * moved by a moderator) are found as "maybe" until search_plan() has made up for it.
 *
 * How it is kept: doc/storage.md, search_private.h. */
#ifndef FORUMD_FORUM_SEARCH_H
#define FORUMD_FORUM_SEARCH_H
#include "forumd/base/range_set.h"
#include "forumd/forum/rebuild.h"

/* The terms of a post, encoded, appended to out; any thread. UTF-8 texts: `from` is the typed From as shown (raw, line
 * end, decoded); `header` the public header without From (raw, line end, decoded where that differs); `body` the text
 * parts one after another. `cut`: the texts are not the whole; such a post stays a "maybe" for every needle. */
void search_terms(struct slice from, struct slice header, struct slice body, bool cut, struct buf *out);

/* The post `number` of the group has these terms (empty: not known). Called on: writer. 1 or < 0 */
int search_add(struct forum_txn *t, uint32_t group, uint32_t number, uint32_t author, struct slice terms);
/* Forgets a post. It is out of all answers at once; its words leave the store with the next rewriting. Writer. */
int search_del(struct forum_txn *t, uint32_t group, uint32_t number);
/* The author's line changed: from now on it is looked up and not taken from the index. Writer. */
int search_author(struct forum_txn *t, uint32_t author);

enum search_where { SEARCH_TEXT, SEARCH_BODY };
/* `sure` hold the needle. Of `maybe` the caller must read each. All others do not hold it. Both may name numbers that
 * are not visible: the caller goes by what it may show. Zeroed before, range_set_free both after. */
struct search_hits { struct range_set sure, maybe; };
/* needle: folded with text_fold. 1 or < 0. Any thread, one read transaction. */
int search_find(struct forum_txn *t, uint32_t group, enum search_where where, struct slice needle,
	struct search_hits *hits_r);

/* --- upkeep: plans are made off the writer in a read transaction, and carried out by the writer in little time --- */
struct search_plan;
/* The next group after *group (0: from the first) that has something to do: 1, 0 none, < 0 */
int search_next_work(struct forum_txn *t, uint32_t *group);
/* The next piece of work on the group: 1 with *plan_r (caller frees), 0 nothing to do, < 0. It holds nothing of the
 * transaction. parse as in rebuild.h, for posts without terms; NULL: they stay so. */
int search_plan_make(struct forum_txn *t, uint32_t group, rebuild_parse parse, void *arg, struct search_plan **plan_r);
/* 1; 0 the plan is out of date, nothing was done: make a new one; < 0. Called on: writer. */
int search_plan_apply(struct forum_txn *t, const struct search_plan *plan, struct fail *f);
void search_plan_free(struct search_plan **plan);
/* make and apply in one (tests, programs that own the store): 1 did something, 0 nothing to do, < 0 */
int search_step(struct forum_txn *t, uint32_t group, rebuild_parse parse, void *arg, struct fail *f);
/* Rebuild: all indexes go away; what is added afterwards is all there is. Writer. */
int search_drop_all(struct forum_txn *t);

/* figures for tests and status */
struct search_info { uint32_t pending, segments, pages, missing, dead, cut; bool merging; uint64_t octets; };
int search_info(struct forum_txn *t, uint32_t group, struct search_info *info_r);
#endif
