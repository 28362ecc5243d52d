/* smtp_deliver_private.h - one mail and its recipients on their way through the smtp_deliver*.c files. */
#ifndef GATEWAYS_SMTP_SMTP_DELIVER_PRIVATE_H
#define GATEWAYS_SMTP_SMTP_DELIVER_PRIVATE_H
#include "forumd/forum/rights.h"
#include "gateways/smtp/smtp_order.h"

struct delivery {
	const struct smtp_route *route;
	struct smtp_writer writer;
	/* the answer */
	bool refused;
	enum smtp_code code;
	char text[240];
	/* what to store */
	struct post_draft draft;
	struct post_in_job post;
	struct post_in_cut cut;
	struct smtp_order *order;  /* in the job's arena: this mail is no post */
	struct slice receipt_to, alias, index;   /* address; ids this mail answers under other names; Thread-Index */
	uint64_t thread;           /* of the post answered, 0 not known */
	struct slice text_key;
	bool hard_bounce, soft_bounce, complaint;
	struct reply_token complained;   /* its subscription ends */
	struct smtp_forward forward;
	struct slice bounce_text;
	struct slice words, subject;   /* FORM_AUTHOR: what is sent on */
};
struct smtp_mail {
	struct smtp_message message;
	struct delivery *v;
	size_t n, next;            /* next: LMTP, the recipient to store */
	struct job *job;           /* being filled */
	struct slice raw;          /* the mail, in the job's arena: drafts point into it */
	unsigned hold_seconds;
};
/* Of one job: copies of deliveries, in order. The session may end while the job is under way, so that nothing in here
 * points into it; the results are copied back when both meet again. */
/* checked: what our own check saw of the sender, for the trace; empty: none */
/* reports: the mails that tell report_to of the delivery; none: nobody asked */
struct smtp_job {
	struct slice message_id, checked, report_to, *reports;
	size_t nreports;
	struct delivery *v;
	size_t n, from;
	unsigned hold_seconds;
};

void deliver_refuse(struct delivery *d, enum smtp_code c, const char *text);
void deliver_refuse_fail(struct delivery *d, const struct fail *f);
/* who asks, for what and with which proof; no verb yet */
struct smtp_order *deliver_order(struct smtp_session *m, struct forum_txn *t, struct delivery *d);
/* A mail to a group or a post whose only line is a command. True: it is no post. */
bool deliver_alone(struct smtp_session *m, struct forum_txn *t, struct delivery *d, struct slice text);

/* one more post of this member now? */
bool deliver_within_rate(struct smtp_session *m, uint32_t member);

/* smtp_deliver_post.c. Each pair: on the worker, refuses or prepares; on the writer, in the job. */
void deliver_post(struct smtp_session *m, struct forum_txn *t, struct delivery *d);
int deliver_post_apply(struct forum_txn *t, struct job *j, struct delivery *d, struct fail *f);

/* smtp_deliver_report.c: mail of machines and to machines */
void deliver_bounce(struct smtp_session *m, struct forum_txn *t, struct delivery *d);
int deliver_bounce_apply(struct forum_txn *t, struct slice message_id, struct delivery *d, struct fail *f);
int deliver_complaint_apply(struct forum_txn *t, struct delivery *d, struct fail *f);
void deliver_forward(struct smtp_session *m, struct forum_txn *t, struct delivery *d);
void deliver_mail_token(struct delivery *d);
int deliver_mail_token_apply(struct forum_txn *t, struct delivery *d, struct fail *f);

/* What tells the sender who asked for it (NOTIFY=SUCCESS) that these were delivered: w->reports, each small enough for
 * the queue */
void deliver_success_reports(struct smtp_session *m, const struct delivery *v, size_t n, struct arena *a,
	struct smtp_job *w);

/* smtp_author_mail.c: a private word to an author */
void deliver_author_mail(struct smtp_session *m, struct forum_txn *t, struct delivery *d);
int deliver_author_mail_apply(struct forum_txn *t, struct slice message_id, const struct delivery *d, struct fail *f);
#endif
