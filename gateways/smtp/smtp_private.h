/* smtp_private.h - the session and what its files share; included in gateways/smtp/ only. */
#ifndef GATEWAYS_SMTP_SMTP_PRIVATE_H
#define GATEWAYS_SMTP_SMTP_PRIVATE_H
#include "forumd/base/vec.h"
#include "gateways/common/command.h"
#include "gateways/common/dotted.h"
#include "gateways/common/reply_token.h"
#include "gateways/common/sasl.h"
#include "gateways/smtp/smtp.h"
#include "gateways/smtp/smtp_syntax.h"

#define SMTP_RCPT_MAX 100
#define SMTP_LINE_MAX 2048         /* RFC 5321's 512 plus what the extensions add */

#define SMTP_IDLE_MS 300000        /* RFC 5321 4.5.3.2.7 */
#define SMTP_SLOW_MS 60000         /* a text that took longer must have come at SMTP_RATE_MIN octets a second */
#define SMTP_RATE_MIN 500

/* Where a recipient address leads. */
struct smtp_route {
	enum smtp_form form;       /* FORM_GROUP, FORM_REPLY, FORM_BOUNCE, FORM_SUBSCRIBE, ... */
	uint32_t group;
	struct slice group_name;   /* in the transaction's arena */
	struct reply_token token;  /* FORM_REPLY, FORM_BOUNCE */
	struct slice token_text;
	struct slice address;      /* as the client wrote it */
	bool report;               /* NOTIFY=SUCCESS: the sender is told when it was delivered */
	struct slice orcpt;        /* ORCPT of RFC 3461, or empty */
};

struct smtp_session {
	struct session s;
	bool lmtp, submission;
	bool greeted;              /* EHLO, HELO or LHLO was said since the start or STARTTLS */
	char helo[256];            /* its argument */

	/* one mail transaction: RFC 5321 4.1.4. All of it lives in `mail`, reset with it. */
	struct arena *mail;
	bool in_mail, smtputf8;
	struct slice sender;       /* empty: null reverse path */
	struct slice envid;        /* ENVID of RFC 3461, xtext, or empty */
	VEC(struct smtp_route) rcpt;
	struct dotted dotted;
	struct buf data;
	bool collecting;           /* between 354 and the final dot */
	int64_t collect_start;     /* monotonic ms */
	bool in_bdat, bdat_last, bdat_seen, bdat_refused;
	uint64_t bdat_left;
	struct smtp_mail *delivery;
	/* forumd-verify's answer about this mail (check_sender): enum sender_verdict, 0 not asked; what it saw */
	char verdict;
	struct slice verdict_results;

	struct sasl *sasl;         /* AUTH under way: the next line is for it */
	struct auth_result auth_result;
};

/* smtp_reply.c: the only place with codes. Each appends one reply line. */
enum smtp_code {
	SMTP_GREETING, SMTP_BYE, SMTP_OK, SMTP_OK_SENDER, SMTP_OK_RCPT, SMTP_OK_CONTENT, SMTP_CANNOT_VRFY, SMTP_HELP,
	SMTP_GO_AHEAD, SMTP_READY_TLS, SMTP_CONTINUE_AUTH, SMTP_AUTH_OK,
	SMTP_UNKNOWN, SMTP_SYNTAX_COMMAND, SMTP_SYNTAX_ARGS, SMTP_LINE_TOO_LONG, SMTP_NOT_IMPLEMENTED, SMTP_BAD_SEQUENCE,
	SMTP_BAD_PARAMETER, SMTP_BAD_SENDER, SMTP_BAD_RCPT, SMTP_NEEDS_UTF8, SMTP_NOT_HTTP, SMTP_TOO_MANY_BAD, SMTP_SHUTDOWN,
		SMTP_TIMEOUT, SMTP_SHED,
	SMTP_AUTH_REQUIRED, SMTP_AUTH_FAILED, SMTP_AUTH_BUSY, SMTP_AUTH_TOO_MANY, SMTP_AUTH_SYNTAX, SMTP_AUTH_CANCELLED,
	SMTP_AUTH_MECHANISM, SMTP_AUTH_NEEDS_TLS, SMTP_NO_TLS,
	SMTP_RELAY, SMTP_NO_ADDRESS, SMTP_REFUSED, SMTP_LOOP, SMTP_BAD_CONTENT, SMTP_TOO_BIG, SMTP_TOO_MANY_RCPT, SMTP_NO_RCPT,
	SMTP_TRY_LATER, SMTP_CHECK_LATER, SMTP_RATE, SMTP_DISK,
};
/* text NULL: the code's own words. Text is cut before CR, LF and at 400 octets. */
void smtp_reply(struct session *s, enum smtp_code c, const char *text);
void smtp_replyf(struct session *s, enum smtp_code c, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* 250-keyword lines of EHLO and the last one */
void smtp_reply_ehlo(struct session *s, bool last, const char *text);
enum smtp_code smtp_reply_of(enum err e);
/* refusal that the sender should try again */
bool smtp_reply_is_temporary(enum smtp_code c);
/* one more bad command: closes with 421 when they are too many */
enum step smtp_reply_bad(struct session *s, enum smtp_code c, const char *text);

/* smtp_session.c */
static inline struct smtp_session *smtp_of(struct session *s) { return (struct smtp_session *)s; }
/* DSN (RFC 3461) is offered where reports can be sent, and not to strangers: they would choose whom we write to. Their
 * own server then reports "relayed" (5.2.2). */
static inline bool smtp_offers_dsn(struct session *s) {
	return *s->config->outgoing_transport && (smtp_of(s)->lmtp || smtp_of(s)->submission);
}
/* RSET: forget the transaction, not the greeting nor the login */
void smtp_mail_reset(struct smtp_session *m);

/* smtp_commands.c */
extern const struct command smtp_commands[];
enum step smtp_command_run(struct smtp_session *m);

/* the handlers, by file */
enum step smtp_cmd_ehlo(struct session *s, struct slice *args, unsigned n);
enum step smtp_cmd_helo(struct session *s, struct slice *args, unsigned n);
enum step smtp_cmd_lhlo(struct session *s, struct slice *args, unsigned n);
enum step smtp_cmd_starttls(struct session *s, struct slice *args, unsigned n);
enum step smtp_cmd_auth(struct session *s, struct slice *args, unsigned n);
enum step smtp_auth_line(struct smtp_session *m);          /* the client's next SASL line */
enum step smtp_cmd_mail(struct session *s, struct slice *args, unsigned n);
enum step smtp_cmd_rcpt(struct session *s, struct slice *args, unsigned n);
enum step smtp_cmd_data(struct session *s, struct slice *args, unsigned n);
enum step smtp_cmd_bdat(struct session *s, struct slice *args, unsigned n);
enum step smtp_data_collect(struct smtp_session *m);
enum step smtp_bdat_collect(struct smtp_session *m);
enum step smtp_cmd_rset(struct session *s, struct slice *args, unsigned n);
enum step smtp_cmd_noop(struct session *s, struct slice *args, unsigned n);
enum step smtp_cmd_vrfy(struct session *s, struct slice *args, unsigned n);
enum step smtp_cmd_expn(struct session *s, struct slice *args, unsigned n);
enum step smtp_cmd_help(struct session *s, struct slice *args, unsigned n);
enum step smtp_cmd_quit(struct session *s, struct slice *args, unsigned n);

/* smtp_route.c. Decides at RCPT. 1, or < 0 with the code and the words in *c_r and f. */
int smtp_route_find(struct smtp_session *m, struct forum_txn *t, const struct smtp_path *p, struct smtp_route *r_r,
	enum smtp_code *c_r, struct fail *f);

/* smtp_author.c: who wrote this mail, and what proves it */
enum smtp_proof { PROOF_NONE, PROOF_LOGIN, PROOF_TOKEN, PROOF_AUTH_RESULTS };
struct smtp_message {              /* facts about the message, found once for all recipients; in the mail arena */
	struct slice raw, header, body, message_id;
	struct slice from_text, from_name;   /* "local@domain" for words to the sender; as typed */
	uint32_t from_member;          /* account that owns the From address, 0 none */
	bool auth_pass, auth_fail;     /* of the trusted front MTA, or of our own check */
};
struct smtp_writer { uint32_t member; enum smtp_proof proof; bool hold; const char *hold_reason; };
/* ERR_INVALID: the mail has no single author */
int smtp_author_read(struct smtp_session *m, struct forum_txn *t, struct smtp_message *g, struct fail *f);
int smtp_author_find(struct smtp_session *m, struct forum_txn *t, const struct smtp_message *g,
	const struct smtp_route *r,
	struct smtp_writer *w_r, enum smtp_code *c_r, struct fail *f);

/* smtp_check.c: the text is whole. Has the sender checked where the listener wants that, puts our
 * Authentication-Results onto the mail, takes others with our name off it, and delivers. */
enum step smtp_check(struct smtp_session *m);
void smtp_check_done(struct smtp_session *m, char verdict, struct slice results);

/* smtp_author_mail.c: may this author be written to in private? Then r->token.member is who. 1 or < 0 */
int smtp_author_mail_route(struct smtp_session *m, struct forum_txn *t, struct slice token, struct smtp_route *r,
	struct fail *f);

/* smtp_deliver.c: the whole message is in m->data; answers when the commits are done */
enum step smtp_deliver(struct smtp_session *m);
void smtp_deliver_done(struct smtp_session *m, struct job *j);
/* smtp_forward.c: mail for people who run the place (GROUP-owner, postmaster, abuse), sent on inside a notice */
struct smtp_forward { struct slice *to; size_t n; struct slice mail; };
/* 1, or < 0 with code and words: nobody there, or too many in a short time */
int smtp_forward_prepare(struct smtp_session *m, struct forum_txn *t, const struct smtp_message *g,
	const struct smtp_route *r, struct arena *a, struct smtp_forward *w_r, enum smtp_code *c_r, struct fail *f);
int smtp_forward_apply(struct forum_txn *t, const struct smtp_forward *w);
/* A complaint (RFC 5965) about a mail of ours: the token of its List-Unsubscribe, 1; 0 */
int smtp_forward_complaint(struct forum_txn *t, struct arena *a, const struct smtp_message *g, char separator,
	struct reply_token *k_r);
#endif
