/* mailq.h - the outgoing queue. One item per post and group until expanded; each expansion step makes at most 200
 * recipient items and moves the cursor in the same transaction, so that a crash neither loses nor doubles anyone.
 * doc/states.md lists the states and the guarantee of each. */
#ifndef FORUMD_FORUM_MAILQ_H
#define FORUMD_FORUM_MAILQ_H
#include "forumd/forum/post.h"
#include "forumd/forum/subscribe.h"

/* unexpanded post; one recipient's copy; ready-made mail; and, to be expanded too: a case the moderators are told of
 * (post, group), a member's digest (member), his catch-up (member; cursor: since when), a founding text that members
 * are asked about (group; cursor: last member looked at), what a moderator did, told to a member (member; cursor:
 * number in the log) */
enum mailq_kind {
	MAILQ_POST,
	MAILQ_COPY,
	MAILQ_NOTICE,
	MAILQ_CASE,
	MAILQ_DIGEST,
	MAILQ_CATCHUP,
	MAILQ_FOUNDING,
	MAILQ_TELL
};
static inline bool mailq_is_expanded(enum mailq_kind k) { return k != MAILQ_COPY && k != MAILQ_NOTICE; }
enum mailq_state { MAILQ_DUE, MAILQ_SENDING, MAILQ_HELD };   /* sending is not stored: it is the scheduler's memory */
struct mailq_item {
	uint64_t id; enum mailq_kind kind;
	uint64_t post; uint32_t group;
	uint32_t cursor;                     /* MAILQ_POST: last member done */
	uint32_t member;                     /* COPY: recipient, 0 for outsiders */
	/* NOTICE: address. COPY: the member's primary address as of now; EMPTY when he lost access, left or bounces: then
	 * do not send, call mailq_done() */
	struct slice recipient;
	struct slice message;                /* NOTICE: the whole mail, <= 60 KiB */
	uint32_t attempts; int64_t due, expires, created;
	struct slice last_answer;            /* of the smarthost */
};
/* one post of a member's digest */
struct mailq_digest { uint64_t post; uint32_t group; bool text; };
int mailq_add_post(struct forum_txn *t, uint64_t post, uint32_t group);
/* A case was opened: the moderators of the group are told soon, once until they have looked. */
int mailq_add_case(struct forum_txn *t, uint64_t post, uint32_t group);
/* what the member missed since then is told him in one mail */
int mailq_add_catchup(struct forum_txn *t, uint32_t member, int64_t since);
/* what the moderator did (number in the log) is told to the member: the author, or who reported */
int mailq_add_tell(struct forum_txn *t, uint32_t member, uint64_t serial);
/* every account is looked at, and asked about the new text of this group (0: the forum's) when it is one to ask */
int mailq_add_founding(struct forum_txn *t, uint32_t group);
/* The texts of cases and digests are made above: called in mailq_expand's transaction, they add notices. 1 or < 0. Set
 * once at start; without them such items are dropped. */
struct mailq_hooks {
	int (*cases)(struct forum_txn *t, uint32_t group);
	/* the posts of one member's digest, oldest first */
	int (*digest)(struct forum_txn *t, uint32_t member, const struct mailq_digest *v, size_t n);
	int (*catchup)(struct forum_txn *t, uint32_t member, int64_t since);
	int (*founding)(struct forum_txn *t, uint32_t group, uint32_t member);
	int (*tell)(struct forum_txn *t, uint32_t member, uint64_t serial);
	unsigned digest_hour;            /* UTC */
};
void mailq_set_hooks(const struct mailq_hooks *h);
/* how many members mail would be made for now, counting no further than max */
unsigned mailq_audience(struct forum_txn *t, const struct post *p, unsigned max);
int mailq_add_notice(struct forum_txn *t, struct slice recipient, struct slice message, uint64_t *id_r);
int mailq_get(struct forum_txn *t, uint64_t id, struct mailq_item *i_r);
/* due index: items with due <= now, oldest first; *due and *id are the cursor, start 0, 0 */
int mailq_due_next(struct forum_txn *t, int64_t now, int64_t *due, uint64_t *id, struct mailq_item *i_r);
/* when the next item is due; 0 none */
int64_t mailq_next_due(struct forum_txn *t);
/* One step: up to max (> 0) recipients by mode, and with the first those who only watch the thread (all; first: posts
 * without parent; replies: parent's author; never the author himself, never members who lost access, left, or have >= 5
 * bounces).
 * A post in several groups reaches a member once, through the first of its groups that selects it for him. 1 more to
 * do, 0 finished (item removed), < 0. */
int mailq_expand(struct forum_txn *t, uint64_t id, unsigned max);
/* Sent, or no longer wanted. done, defer, fail and expand write the trace themselves. 0: no such item. */
int mailq_done(struct forum_txn *t, uint64_t id);
/* next attempt by back-off (1, 5, 15, 60 min, then every 4 h); after expiry it becomes a failure: 0 then, a soft
 * bounce of the member; 2 when his mail pauses by it */
int mailq_defer(struct forum_txn *t, uint64_t id, struct slice answer);
/* its turn comes at that time and not before, at its expiry at the latest; no attempt is counted. 0: no such item, or
 * its turn was not before that anyhow */
int mailq_postpone(struct forum_txn *t, uint64_t id, int64_t due);
/* permanent: removed, the member's bounce score goes up, unless the answer says 5.7.x (refused for its content); 2 when
 * his mail pauses by it */
int mailq_fail(struct forum_txn *t, uint64_t id, struct slice answer);
/* forget the copies of a post not yet sent (hidden, deleted) */
int mailq_cancel_post(struct forum_txn *t, uint64_t post);
int mailq_each(struct forum_txn *t, uint64_t *cursor, struct mailq_item *i_r);
/* what waits for a later time is due now, at most max; how many there were. Called on: writer. */
int mailq_flush(struct forum_txn *t, unsigned max);
uint64_t mailq_count(struct forum_txn *t);

/* The trace: what happened to one mail or post, told by `forumctl trace`. Entries are small lines, kept 30 days: each
 * new one drops a few that are older. */
int trace_add(struct forum_txn *t, uint64_t post, struct slice message_id, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
struct trace { int64_t time; uint64_t post; struct slice message_id, text; };
/* entries about a post (or a message id that became none), oldest first; *cursor starts 0 */
int trace_next(struct forum_txn *t, uint64_t post, struct slice message_id, uint64_t *cursor, struct trace *e_r);
/* drops entries older than `before`, at most max; number dropped */
int trace_expire(struct forum_txn *t, int64_t before, unsigned max);
#endif
