/* smtp_order.h - what a mail asks for instead of being a post: the words of commands@, of receipts, of questions, of
 * lists of cases, and the one-word answers to a post. */
#ifndef GATEWAYS_SMTP_SMTP_ORDER_H
#define GATEWAYS_SMTP_SMTP_ORDER_H
#include "gateways/common/post_in.h"
#include "gateways/smtp/smtp_private.h"

enum smtp_verb {
	VERB_NONE,
	VERB_HELP,
	VERB_JOIN,
	VERB_SUBSCRIBE,
	VERB_UNSUBSCRIBE,
	VERB_ASIDE,
	VERB_BACK,
	VERB_LEAVE,
	VERB_PASSWORD,
	VERB_SEARCH,
	VERB_SET,
	VERB_MUTE,
	VERB_WATCH,
	VERB_UNMUTE,
	VERB_FLAG,
	VERB_UNDO,
	VERB_WHOLE,
	VERB_UNDER,
	VERB_SPLIT,
	VERB_EDIT,
	VERB_CONFIRM,
	VERB_CATCHUP,
	VERB_EXPORT,
	VERB_MENTIONS,
	VERB_AGREE,
	VERB_FORGET,
	VERB_APOLOGISE,
	VERB_WITHDRAW,
};
#define SMTP_ORDER_TEXT_MAX 100000
/* Everything apply needs; slices in the job's arena. */
struct smtp_order {
	enum smtp_verb verb;
	struct slice line, rest;       /* as written; behind the verb */
	struct slice text;             /* all lines, cut at SMTP_ORDER_TEXT_MAX */
	enum token_kind from_token;    /* FORM_ANSWER: which address was answered */
	bool answer, commands;         /* FORM_ANSWER; FORM_COMMANDS and GROUP-subscribe and the like */
	uint32_t member;               /* who asks, 0 a stranger */
	bool proven, strong;           /* strong: login, or aligned, or a question was answered */
	uint64_t post, question;
	uint32_t group;
	struct slice group_name, address, name, message_id;   /* the asker's address and typed name */
	unsigned hold_seconds, posts_per_minute; uint64_t message_size, attachments; bool joining;
	/* what came of it */
	bool password;                 /* a password is to be made for `member` once this is committed, */
	bool export; struct forum *forum;   /* or his posts are to be sent him */
};
/* the words of one line; false when it begins with none we know */
bool smtp_order_parse(struct slice line, struct smtp_order *o);
/* May this line alone, as an answer to a post, be a command? */
bool smtp_order_alone(const struct smtp_order *o);
/* Does it, and tells the asker by mail; < 0 with words for the SMTP answer. Called on: writer. */
int smtp_order_apply(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f);
/* the password the order asked for: made off the loop, mailed once. Any thread. */
/* his posts and settings, by mail; collected on a thread of the pool */
void smtp_order_export(const struct smtp_order *o);
void smtp_order_password(struct slice address, uint32_t member);

/* smtp_receipt.c: tells the author what became of his mail. hold: why it waits, empty when it does not. */
struct smtp_receipt {
	uint64_t post; uint32_t member, group;
	struct slice address, message_id, hold;
	const struct post_in_cut *cut;
	unsigned hold_seconds;
	bool unproven;
};
int smtp_receipt_add(struct forum_txn *t, const struct smtp_receipt *r);
/* until when the author may take a post back by mail */
int64_t smtp_receipt_undo_until(const struct post *p, unsigned hold_seconds);
/* holds that the author himself may end by "confirm" */
bool smtp_receipt_may_confirm(struct slice hold_reason);
#define HOLD_UNPROVEN "nothing proves that the sender is this member"
#define HOLD_CHECK "the sender check of the mail server failed (SPF, DKIM, DMARC)"
#define HOLD_PRIVATE "it begins like a private word"
#define HOLD_AGAIN "the same text came a few minutes ago"
#define HOLD_PACE "too many mails to this thread within an hour"
#define HOLD_FIRST "the first post of a new member"
#endif
