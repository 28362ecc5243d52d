/* smtp_commands.c - the table and what happens to lines that are no command. */
#include "gateways/smtp/smtp_private.h"
#include "forumd/base/text.h"

const struct command smtp_commands[] = {
	{ "EHLO", smtp_cmd_ehlo, 1, 1, COMMAND_REST, "domain" },
	{ "HELO", smtp_cmd_helo, 1, 1, COMMAND_REST, "domain" },
	{ "LHLO", smtp_cmd_lhlo, 1, 1, COMMAND_REST, "domain" },
	{ "MAIL", smtp_cmd_mail, 1, 1, COMMAND_REST, "FROM:<address> [parameters]" },
	{ "RCPT", smtp_cmd_rcpt, 1, 1, COMMAND_REST, "TO:<address>" },
	{ "DATA", smtp_cmd_data, 0, 0, 0, "" },
	{ "BDAT", smtp_cmd_bdat, 1, 2, 0, "octets [LAST]" },
	{ "RSET", smtp_cmd_rset, 0, 0, 0, "" },
	{ "NOOP", smtp_cmd_noop, 0, 1, COMMAND_REST, "[anything]" },
	{ "VRFY", smtp_cmd_vrfy, 0, 1, COMMAND_REST, "string" },
	{ "EXPN", smtp_cmd_expn, 0, 1, COMMAND_REST | COMMAND_HIDDEN, "" },
	{ "HELP", smtp_cmd_help, 0, 1, COMMAND_REST, "[verb]" },
	{ "STARTTLS", smtp_cmd_starttls, 0, 0, 0, "" },
	{ "AUTH", smtp_cmd_auth, 1, 2, 0, "mechanism [initial-response]" },
	{ "QUIT", smtp_cmd_quit, 0, 0, 0, "" },
	{ NULL, NULL, 0, 0, 0, NULL },
};

static bool is_http(struct slice verb) {
	static const char *const words[] = { "GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "CONNECT", "PATCH",
		"TRACE", "PRI" };

	for (unsigned i = 0; i < sizeof words / sizeof words[0]; i++)
		if (slice_is_nocase(verb, words[i]))
			return true;
	return false;
}

/* A browser made to speak to us would send its headers, then commands of an attacker in the body: end it at once. The
 * same for a TLS hello on a plain port and other noise that begins with no letter. */
static enum step unknown(struct session *s, struct slice verb) {
	if (is_http(verb) || (verb.n && !text_alpha(verb.p[0]))) {
		smtp_reply(s, SMTP_NOT_HTTP, NULL);
		return STEP_CLOSE;
	}
	return smtp_reply_bad(s, SMTP_UNKNOWN, NULL);
}

static enum step bad_arguments(struct session *s, const struct command *c) {
	struct buf b = { 0 };
	enum step r;

	buf_addf(&b, "syntax: %s %s", c->verb, c->help);
	r = smtp_reply_bad(s, SMTP_SYNTAX_ARGS, buf_bytes(&b));
	buf_free(&b);
	return r;
}

static enum step too_long(struct session *s) {
	return smtp_reply_bad(s, SMTP_LINE_TOO_LONG, NULL);
}

static const struct command_protocol protocol = { smtp_commands, SMTP_LINE_MAX, unknown, bad_arguments, too_long, NULL,
	NULL };
static const struct command_protocol protocol_submission = {
	smtp_commands, SASL_LINE_MAX, unknown, bad_arguments, too_long, NULL, NULL
};

enum step smtp_command_run(struct smtp_session *m) {
	return command_run(&m->s, m->submission ? &protocol_submission : &protocol, true);
}
