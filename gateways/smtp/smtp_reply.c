/* smtp_reply.c - every code and its own words, in one table (RFC 5321 4.2, enhanced codes RFC 3463). */
#include "gateways/smtp/smtp_private.h"

static const struct { const char *code, *text; } replies[] = {
	[SMTP_GREETING] = { "220", "ready" },
	[SMTP_BYE] = { "221 2.0.0", "bye" },
	[SMTP_OK] = { "250 2.0.0", "ok" },
	[SMTP_OK_SENDER] = { "250 2.1.0", "sender ok" },
	[SMTP_OK_RCPT] = { "250 2.1.5", "recipient ok" },
	[SMTP_OK_CONTENT] = { "250 2.6.0", "chunk taken" },
	[SMTP_CANNOT_VRFY] = { "252 2.5.0", "send mail and see" },
	[SMTP_HELP] = { "214 2.0.0", "EHLO HELO LHLO MAIL RCPT DATA BDAT RSET NOOP VRFY STARTTLS AUTH HELP QUIT" },
	[SMTP_GO_AHEAD] = { "354", "end with <CRLF>.<CRLF>" },
	[SMTP_READY_TLS] = { "220 2.0.0", "start TLS" },
	[SMTP_CONTINUE_AUTH] = { "334", "" },
	[SMTP_AUTH_OK] = { "235 2.7.0", "welcome" },
	[SMTP_UNKNOWN] = { "500 5.5.1", "no such command" },
	[SMTP_SYNTAX_COMMAND] = { "500 5.5.2", "command lines end with CRLF and hold no NUL, CR or LF" },
	[SMTP_SYNTAX_ARGS] = { "501 5.5.4", "syntax error in arguments" },
	[SMTP_LINE_TOO_LONG] = { "500 5.5.2", "line too long" },
	[SMTP_NOT_IMPLEMENTED] = { "502 5.5.1", "not implemented" },
	[SMTP_BAD_SEQUENCE] = { "503 5.5.1", "bad sequence of commands" },
	[SMTP_BAD_PARAMETER] = { "555 5.5.4", "unknown parameter" },
	[SMTP_BAD_SENDER] = { "501 5.1.7", "that is no sender address" },
	[SMTP_BAD_RCPT] = { "501 5.1.3", "that is no recipient address" },
	[SMTP_NEEDS_UTF8] = { "553 5.6.7", "an address beyond ASCII needs the parameter SMTPUTF8 of MAIL" },
	[SMTP_NOT_HTTP] = { "521 5.5.1", "this is a mail server" },
	[SMTP_TOO_MANY_BAD] = { "421 4.7.0", "too many errors" },
	[SMTP_SHUTDOWN] = { "421 4.3.2", "going down, try again soon" },
	[SMTP_TIMEOUT] = { "421 4.4.2", "timeout" },
	[SMTP_SHED] = { "421 4.3.2", "too many connections, try again later" },
	[SMTP_AUTH_REQUIRED] = { "530 5.7.0", "log in first" },
	[SMTP_AUTH_FAILED] = { "535 5.7.8", "wrong name or password" },
	[SMTP_AUTH_BUSY] = { "454 4.7.0", "cannot check passwords now, try again soon" },
	[SMTP_AUTH_TOO_MANY] = { "421 4.7.0", "too many failures" },
	[SMTP_AUTH_SYNTAX] = { "501 5.5.2", "that is not well-formed" },
	[SMTP_AUTH_CANCELLED] = { "501 5.7.0", "cancelled" },
	[SMTP_AUTH_MECHANISM] = { "504 5.5.4", "no such mechanism here" },
	[SMTP_AUTH_NEEDS_TLS] = { "538 5.7.11", "STARTTLS first" },
	[SMTP_NO_TLS] = { "454 4.7.0", "TLS not available" },
	[SMTP_RELAY] = { "550 5.7.1", "relaying denied" },
	[SMTP_NO_ADDRESS] = { "550 5.1.1", "no such address here" },
	[SMTP_REFUSED] = { "550 5.7.1", "refused" },
	[SMTP_LOOP] = { "550 5.4.6", "mail loop" },
	[SMTP_BAD_CONTENT] = { "550 5.6.0", "unacceptable content" },
	[SMTP_TOO_BIG] = { "552 5.3.4", "message too big" },
	[SMTP_TOO_MANY_RCPT] = { "452 4.5.3", "too many recipients" },
	[SMTP_NO_RCPT] = { "554 5.5.1", "no valid recipients" },
	[SMTP_TRY_LATER] = { "451 4.3.0", "try again later" },
	[SMTP_CHECK_LATER] = { "451 4.4.3", "the domain of the sender could not be looked up, try again later" },
	[SMTP_RATE] = { "451 4.7.1", "too many posts in a short time, try again later" },
	[SMTP_DISK] = { "452 4.3.1", "cannot store mail now, try again later" },
};

#define TEXT_MAX 400

static void add_text(struct buf *out, const char *text) {
	size_t n = 0;

	/* texts may quote what a client sent: nothing of it may start a line of its own */
	while (text[n] && text[n] != '\r' && text[n] != '\n' && n < TEXT_MAX)
		n++;
	buf_add(out, text, n);
	buf_add(out, "\r\n", 2);
}

void smtp_reply(struct session *s, enum smtp_code c, const char *text) {
	struct buf *out = session_out(s);

	buf_adds(out, replies[c].code);
	buf_addc(out, ' ');
	add_text(out, text ? text : replies[c].text);
}

void smtp_replyf(struct session *s, enum smtp_code c, const char *fmt, ...) {
	struct buf b = { 0 };
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	smtp_reply(s, c, b.used ? buf_bytes(&b) : "");
	buf_free(&b);
}

void smtp_reply_ehlo(struct session *s, bool last, const char *text) {
	struct buf *out = session_out(s);

	buf_add(out, last ? "250 " : "250-", 4);
	add_text(out, text);
}

enum smtp_code smtp_reply_of(enum err e) {
	switch (e) {
	case ERR_NOTFOUND: return SMTP_NO_ADDRESS;
	case ERR_EXISTS: case ERR_INVALID: case ERR_SYNTAX: return SMTP_BAD_CONTENT;
	case ERR_DENIED: case ERR_LOGIN: case ERR_GONE: return SMTP_REFUSED;
	case ERR_LIMIT: return SMTP_RATE;
	case ERR_TOOBIG: return SMTP_TOO_BIG;
	case ERR_UNAVAILABLE: return SMTP_DISK;
	default: return SMTP_TRY_LATER;
	}
}

bool smtp_reply_is_temporary(enum smtp_code c) {
	return replies[c].code[0] == '4';
}

enum step smtp_reply_bad(struct session *s, enum smtp_code c, const char *text) {
	if (++s->bad_commands >= s->config->bad_commands) {
		smtp_reply(s, SMTP_TOO_MANY_BAD, NULL);
		return STEP_CLOSE;
	}
	smtp_reply(s, c, text);
	return STEP_DONE;
}
