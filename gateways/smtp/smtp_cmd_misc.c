/* smtp_cmd_misc.c - RSET, NOOP, VRFY, EXPN, HELP, QUIT. */
#include "gateways/smtp/smtp_private.h"

enum step smtp_cmd_rset(struct session *s, struct slice *args, unsigned n) {
	(void)args, (void)n;
	smtp_mail_reset(smtp_of(s));
	smtp_reply(s, SMTP_OK, NULL);
	return STEP_DONE;
}

enum step smtp_cmd_noop(struct session *s, struct slice *args, unsigned n) {
	(void)args, (void)n;
	smtp_reply(s, SMTP_OK, NULL);
	return STEP_DONE;
}

/* the same for every string: nobody's address is confirmed */
enum step smtp_cmd_vrfy(struct session *s, struct slice *args, unsigned n) {
	(void)args;
	if (!n)
		return smtp_reply_bad(s, SMTP_SYNTAX_ARGS, NULL);
	smtp_reply(s, SMTP_CANNOT_VRFY, NULL);
	return STEP_DONE;
}

enum step smtp_cmd_expn(struct session *s, struct slice *args, unsigned n) {
	(void)args, (void)n;
	return smtp_reply_bad(s, SMTP_NOT_IMPLEMENTED, NULL);
}

enum step smtp_cmd_help(struct session *s, struct slice *args, unsigned n) {
	(void)args, (void)n;
	smtp_reply(s, SMTP_HELP, NULL);
	return STEP_DONE;
}

enum step smtp_cmd_quit(struct session *s, struct slice *args, unsigned n) {
	(void)args, (void)n;
	smtp_reply(s, SMTP_BYE, NULL);
	return STEP_CLOSE;
}
