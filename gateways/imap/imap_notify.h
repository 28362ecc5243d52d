/* imap_notify.h - NOTIFY (RFC 5465): what a session wants to be told by itself, about which mailboxes. Private to
 * this folder.
 *
 * A change only marks what must be looked at (groups, the list of mailboxes); what is told comes from the store in
 * a step of its own, run when no command is under way: soon after the change, in an idle session at once. So many
 * changes become one answer, a client that does not read costs nothing but these marks, and what a member may not
 * see is never found when it is looked for. Mailboxes that come, go or get another name are found by comparing the
 * list with the one told before. */
#ifndef GATEWAYS_IMAP_IMAP_NOTIFY_H
#define GATEWAYS_IMAP_IMAP_NOTIFY_H
#include "gateways/imap/imap_fetch.h"
#include "gateways/imap/imap_private.h"

enum {
	NOTIFY_NEW = 1,
	NOTIFY_EXPUNGE = 2,
	NOTIFY_FLAGS = 4,
	NOTIFY_NAME = 8,
	NOTIFY_SUBSCRIPTION = 16,
	NOTIFY_METADATA = 32,
	NOTIFY_SERVER = 64,
};
#define NOTIFY_MESSAGES (NOTIFY_NEW | NOTIFY_EXPUNGE | NOTIFY_FLAGS)
#define NOTIFY_LISTS (NOTIFY_NAME | NOTIFY_SUBSCRIPTION | NOTIFY_METADATA | NOTIFY_SERVER)
enum notify_filter {
	NOTIFY_SELECTED,
	NOTIFY_DELAYED,
	NOTIFY_INBOXES,
	NOTIFY_PERSONAL,
	NOTIFY_SUBSCRIBED,
	NOTIFY_SUBTREE,
	NOTIFY_MAILBOXES,
};
struct notify_rule { enum notify_filter filter; struct slice *names; unsigned nnames, events; };

struct imap_notify {
	struct arena *arena;           /* rules, names, the plan */
	struct notify_rule *rules;     /* the first that fits a mailbox counts; not those of the selected one */
	unsigned nrules;
	unsigned want;                 /* events of all rules */
	bool selected, delayed;        /* there is a rule for the selected mailbox */
	unsigned selected_events;
	struct imap_fetch_plan plan;   /* of new messages there; n 0: none */
	struct imap_known *known;      /* what the client knows of the list of mailboxes; NULL: does not care */
	/* to be looked at */
	struct range_set messages, flags;   /* groups */
	bool live, lists;
	uint32_t fetch;                /* new messages from this UID on; 0: none */
};
void imap_notify_free(struct imap_notify **n);
/* as if NOTIFY NONE had been said: nothing is told but in the answers to commands */
void imap_notify_none(struct imap_session *is);
/* events wanted of a mailbox that is not selected */
unsigned imap_notify_events(const struct imap_notify *n, struct slice name, bool subscribed);
/* the step that tells */
enum step imap_notify_step(struct session *s);
/* is there anything to tell? */
bool imap_notify_pending(const struct imap_session *is);

/* imap_known.c: a list of mailboxes as the member saw it. want: which events will be asked for */
struct imap_known;
/* ERR_LIMIT: more mailboxes than limits.notify_mailboxes */
int imap_known_new(struct imap_session *is, struct forum_txn *t, unsigned want, struct imap_known **known_r);
void imap_known_free(struct imap_known **known);
/* tells what differs */
void imap_known_tell(struct imap_session *is, const struct imap_known *before, const struct imap_known *now);
#endif
