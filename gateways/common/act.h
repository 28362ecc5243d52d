/* act.h - what a member does to posts by moving or marking them: mute or watch a thread, report a post, decide about
 * it. One receipt a command arrives in his INBOX, and undoes it: answered with `undo`, or moved to !Undo. Called on:
 * writer. */
#ifndef GATEWAYS_COMMON_ACT_H
#define GATEWAYS_COMMON_ACT_H
#include "forumd/forum/moderate.h"
#include "forumd/forum/watch.h"

#define ACT_MAX 200                /* posts of one command */
#define ACT_THREADS 1000           /* that are muted or watched by a keyword: a record each */
#define ACT_DAYS 30                /* a receipt can be answered */

enum act_kind { ACT_WATCH, ACT_REPORT, ACT_VERDICT, ACT_MARK };   /* what: enum watch, report_kind, verdict, watch */

/* What one command did; act_free() in the end. */
struct act {
	uint32_t member;
	struct slice reason;           /* in the audit log; empty: "by IMAP" */
	struct buf done;               /* entries (act.c) */
	struct buf lines;              /* a line each, for the receipt */
	struct buf subject;            /* of the first */
	unsigned n;
};
/* Rights were asked. 1 done, 0 it was so already, < 0. group: where the post was looked at (for the words). */
int act_do(struct forum_txn *t, struct act *a, enum act_kind kind, int what, uint64_t post, uint32_t group,
	struct fail *f);
/* $Muted or $Watched on a post: a word on its thread. The keyword itself is the caller's business (marks.h); to undo
 * takes it away. Told only when the thread was not muted or watched before. 1, 0 it was, < 0. */
int act_mark(struct forum_txn *t, struct act *a, enum watch w, uint64_t post, uint32_t group, struct fail *f);
/* the receipt for what was done; none for nothing, for members who want none, or when there is no room for it. 1, < 0
 */
int act_tell(struct forum_txn *t, struct act *a);
void act_free(struct act *a);

/* Undoes what the receipt with this number tells of, once. *told_r: a sentence in the transaction's arena. ERR_GONE:
 * undone or too old; ERR_INVALID: things have changed since. */
int act_undo(struct forum_txn *t, uint32_t member, uint64_t number, struct slice *told_r, struct fail *f);
/* the same for the member's word on a post: his watch or mute of its thread (and the keywords that say so here), his
 * open reports. ERR_INVALID: nothing. */
int act_undo_post(struct forum_txn *t, uint32_t member, const struct post *p, struct fail *f);
/* the receipt's number from its header (its Reply-To); 0 no receipt of this member's that is still good */
uint64_t act_of_header(struct forum_txn *t, uint32_t member, struct slice header);
#endif
