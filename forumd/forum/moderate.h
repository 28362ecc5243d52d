/* moderate.h - reports, the queue, verdicts and the audit log. Every verdict is one function: it checks nothing about
 * rights (the caller asked rights.h), changes state, closes the case and writes the audit entry, all in the
 * transaction. Reports hide nothing by themselves. */
#ifndef FORUMD_FORUM_MODERATE_H
#define FORUMD_FORUM_MODERATE_H
#include "forumd/forum/post.h"

enum report_kind { REPORT_OFF_TOPIC, REPORT_SPAM, REPORT_UNCIVIL, REPORT_PRIVACY, REPORT_OTHER, REPORT_PENDING };
const char *report_kind_name(enum report_kind k);   /* "off-topic" ... "pending" */
int report_kind_parse(struct slice s);

enum verdict {
	VERDICT_FLAG,
	VERDICT_KEEP,
	VERDICT_NOTE,
	VERDICT_ASIDE,
	VERDICT_HIDE,
	VERDICT_RESTORE,
	VERDICT_LOCK,
	VERDICT_UNLOCK,
	VERDICT_APPROVE,
	VERDICT_DELETE,
	VERDICT_UNDO,
	VERDICT_GROUP,
	VERDICT_MEMBER
};
const char *verdict_name(enum verdict v);
int verdict_parse(struct slice s);

/* A member's report: one per (post, member, kind); again is ERR_EXISTS, and too often (taken back in between) ERR_LIMIT. 1 or
 * < 0. */
int moderate_report(struct forum_txn *t, uint64_t post, uint32_t member, enum report_kind k, struct slice reason,
	struct fail *f);
/* The member takes an open report of his back; without another one the case is closed and its marks go. An audit entry
 * says so. ERR_NOTFOUND when there is none, or the moderators have decided. 1 or < 0. Called on: writer. */
int moderate_withdraw(struct forum_txn *t, uint64_t post, uint32_t member, enum report_kind k, struct fail *f);
/* A post that waits for approval enters the queue (post_add calls this for POST_PENDING posts): a REPORT_PENDING report
 * by nobody, with the reason it is held and its likeness to spam (per cent; < 0 nobody can tell). Again for the same
 * post: nothing happens. 1 or < 0. Called on: writer. */
int moderate_hold(struct forum_txn *t, uint64_t post, uint32_t group, struct slice reason, int likeness);
/* An open case: all reports on one post. */
struct moderate_case {
	uint64_t post; uint32_t group;       /* first group */
	uint32_t reports;                     /* independent reporters */
	uint32_t kinds;                       /* bit set of 1 << report_kind */
	int64_t since;
	struct slice reason;                  /* of the first report, or why it is held */
	int likeness;                         /* held: to spam, per cent; < 0 not known */
};
/* open cases, oldest first; group 0 all; *cursor starts 0 (an opaque position) */
int moderate_queue_next(struct forum_txn *t, uint32_t group, uint64_t *cursor, struct moderate_case *c_r);
int moderate_case_get(struct forum_txn *t, uint64_t post, struct moderate_case *c_r);
/* The open reports of a case, those of one member together; *cursor starts 0. 1, 0 end, < 0. Who reported is the
 * moderators' business, nobody else's; member 0: nobody did, it waits for approval. */
struct moderate_report { uint32_t member; enum report_kind kind; struct slice reason; int likeness; };
/* "REASON; spam: 97 %", for moderators: the author is not told the score. Lives as long as the transaction. */
struct slice moderate_words(struct forum_txn *t, struct slice reason, int likeness);
/* what verdicts say that came without words of the moderator's */
#define MODERATE_BY_IMAP "by IMAP"
#define MODERATE_BY_EXPUNGE "expunged over IMAP"
int moderate_report_next(struct forum_txn *t, uint64_t post, uint64_t *cursor, struct moderate_report *r_r);
/* "off-topic; by=2; state=open" for Forum-Flags, empty when there is nothing to say; lives as long as the transaction
 */
struct slice moderate_flags_text(struct forum_txn *t, const struct post *p);

/* by: member, RIGHTS_OPERATOR, or 0: another server, which had the right to. ERR_INVALID when the verdict does not fit
 * the state (hide a hidden post ...). Aside moves the post and its branch to GROUP.aside, made when missing with the
 * same access. *action_r: audit serial. */
int moderate_verdict(struct forum_txn *t, uint64_t post, uint32_t by, enum verdict v, struct slice reason,
	uint64_t *action_r, struct fail *f);
/* *undone_r: the serial that was undone. Reports the action closed are open again. Reverses an audit entry that can be
 * (hide, restore, aside, keep, lock, unlock, note): ERR_INVALID otherwise; 0: the last one by `by` */
int moderate_undo(struct forum_txn *t, uint64_t action, uint32_t by, uint64_t *undone_r, struct fail *f);

struct audit {
	uint64_t serial;
	int64_t time;
	enum verdict verdict;
	uint32_t by;
	uint64_t post;
	uint32_t group;
	uint64_t undoes;
	bool undone;
	struct slice text;
};
/* newest first; *cursor starts UINT64_MAX; group 0 all */
int audit_prev(struct forum_txn *t, uint32_t group, uint64_t *cursor, struct audit *a_r);
int audit_get(struct forum_txn *t, uint64_t serial, struct audit *a_r);
/* entries about groups and members (post 0) */
int audit_add(struct forum_txn *t, enum verdict v, uint32_t by, uint64_t post, uint32_t group, struct slice text,
	uint64_t *serial_r);
#endif
