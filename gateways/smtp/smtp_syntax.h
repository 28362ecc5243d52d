/* smtp_syntax.h - paths, parameters and the forms of our addresses; nothing but slices, no session, no store. */
#ifndef GATEWAYS_SMTP_SMTP_SYNTAX_H
#define GATEWAYS_SMTP_SMTP_SYNTAX_H
#include <stdint.h>
#include "forumd/base/buf.h"

/* RFC 5321 4.1.2. `address` is what stands between the brackets; local and domain only of a checked mailbox. */
struct smtp_path {
	struct slice address, local, domain;
	bool null;          /* <> */
	bool route;         /* began with "@a,@b:" */
};
/* Takes "FROM:<...>" or "TO:<...>" off *rest, which then holds the parameters. 1 or ERR_SYNTAX. Not yet checked as a
 * mailbox, because SMTPUTF8 comes behind it. */
int smtp_syntax_path(struct slice *rest, const char *keyword, struct smtp_path *p_r);
/* Fills local and domain. ERR_SYNTAX when it is no mailbox (or 8-bit without SMTPUTF8), or has a source route. reverse:
 * the path of MAIL, whose local part may be longer. */
int smtp_syntax_mailbox(struct smtp_path *p, bool smtputf8, bool reverse);

struct smtp_params { uint64_t size; bool has_size, smtputf8, body_8bit, ret; struct slice envid; };
/* Parameters of MAIL: SIZE, BODY=7BIT|8BITMIME, SMTPUTF8, AUTH= (ignored), RET=FULL|HDRS (we report no failures), ENVID
 * (xtext).
 * ERR_SYNTAX malformed, ERR_INVALID unknown. */
int smtp_syntax_params(struct slice rest, struct smtp_params *p_r);

/* smtp_syntax_dsn.c: parameters of RCPT, NOTIFY and ORCPT (RFC 3461). The same errors. */
struct smtp_rcpt_params { bool success; struct slice orcpt; };   /* success: to be told; orcpt: "type;xtext" or empty */
int smtp_syntax_rcpt_params(struct slice rest, bool smtputf8, struct smtp_rcpt_params *p_r);
bool smtp_syntax_envid(struct slice value);
/* decodes checked xtext */
void smtp_syntax_xtext(struct slice s, struct buf *out);

/* The forms of a local part at our domain. */
enum smtp_form {
	FORM_GROUP,          /* GROUP */
	FORM_REPLY,          /* GROUP-reply-TOKEN, or r-TOKEN: group empty */
	FORM_BOUNCE,         /* bounce-TOKEN */
	FORM_SUBSCRIBE, FORM_UNSUBSCRIBE, FORM_HELP, FORM_OWNER,   /* GROUP-subscribe ... */
	FORM_ANSWER,         /* answer-TOKEN: receipts, questions, lists of cases */
	FORM_COMMANDS,       /* commands */
	FORM_POSTMASTER,     /* postmaster, abuse */
	FORM_MAIL_TOKEN,     /* GROUP-unsubscribe-TOKEN, u-TOKEN; GROUP-subscribe-TOKEN, s-TOKEN: signed */
	FORM_AUTHOR,         /* author-ANYTHING: a private answer */
};
struct smtp_local { enum smtp_form form; struct slice group, token; };
/* local: lower case. separator: of reply addresses; '-' is always understood too. */
void smtp_syntax_local(struct slice local, char separator, struct smtp_local *l_r);
/* A checked local part as we compare it: lower case, and without quotes, for "joe" and joe are one mailbox (RFC 5321
 * 4.1.2). Backslashes stay: no address of ours needs one. At most size octets; their number. */
size_t smtp_syntax_plain(struct slice local, char *out, size_t size);
/* a plain local part that asks to be relayed onwards: percent hack, bang path, quoted or bare @ */
bool smtp_syntax_relays(struct slice local);
#endif
