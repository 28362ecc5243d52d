/* smtp_cmd_hello.c - EHLO, HELO, LHLO, STARTTLS. */
#include <stdio.h>
#include "gateways/smtp/smtp_private.h"
#include "forumd/base/text.h"

/* RFC 5321 4.1.4 lets a bad name pass; what could not stand in a log or a header is refused. */
static bool name_ok(struct slice name) {
	if (!name.n || name.n > 255)
		return false;
	for (size_t i = 0; i < name.n; i++)
		if (text_control(name.p[i]) || text_space(name.p[i]))
			return false;
	return true;
}

static bool may_start_tls(const struct session *s) {
	return s->config->tls && !conn_is_tls(s->conn);
}

static void capabilities(struct session *s) {
	struct smtp_session *m = smtp_of(s);
	struct buf auth = { 0 };
	char size[40];

	smtp_reply_ehlo(s, false, s->config->domain);
	smtp_reply_ehlo(s, false, "PIPELINING");
	snprintf(size, sizeof size, "SIZE %llu", (unsigned long long)s->config->message_size);
	smtp_reply_ehlo(s, false, size);
	if (may_start_tls(s))
		smtp_reply_ehlo(s, false, "STARTTLS");
	buf_adds(&auth, "AUTH");
	if (m->submission && !s->member && sasl_mechanisms(s, SASL_WITH_LOGIN, " ", &auth))
		smtp_reply_ehlo(s, false, buf_bytes(&auth));
	buf_free(&auth);
	smtp_reply_ehlo(s, false, "8BITMIME");
	smtp_reply_ehlo(s, false, "SMTPUTF8");
	smtp_reply_ehlo(s, false, "CHUNKING");
	if (smtp_offers_dsn(s))
		smtp_reply_ehlo(s, false, "DSN");
	smtp_reply_ehlo(s, true, "ENHANCEDSTATUSCODES");
}

static enum step hello(struct session *s, struct slice name, bool extended) {
	if (!name_ok(slice_trim(name)))
		return smtp_reply_bad(s, SMTP_SYNTAX_ARGS, NULL);
	smtp_mail_reset(smtp_of(s));
	smtp_of(s)->greeted = true;
	slice_cstr(slice_trim(name), smtp_of(s)->helo, sizeof smtp_of(s)->helo);
	if (extended)
		capabilities(s);
	else
		smtp_reply_ehlo(s, true, s->config->domain);
	return STEP_DONE;
}

enum step smtp_cmd_ehlo(struct session *s, struct slice *args, unsigned n) {
	(void)n;
	if (smtp_of(s)->lmtp)
		return smtp_reply_bad(s, SMTP_UNKNOWN, "this is LMTP: say LHLO");
	return hello(s, args[0], true);
}

enum step smtp_cmd_helo(struct session *s, struct slice *args, unsigned n) {
	(void)n;
	if (smtp_of(s)->lmtp)
		return smtp_reply_bad(s, SMTP_UNKNOWN, "this is LMTP: say LHLO");
	return hello(s, args[0], false);
}

enum step smtp_cmd_lhlo(struct session *s, struct slice *args, unsigned n) {
	(void)n;
	if (!smtp_of(s)->lmtp)
		return smtp_reply_bad(s, SMTP_UNKNOWN, NULL);
	return hello(s, args[0], true);
}

/* RFC 3207 4.2: everything learned before TLS is forgotten, the greeting too; conn_start_tls drops what was pipelined
 * behind this command. */
enum step smtp_cmd_starttls(struct session *s, struct slice *args, unsigned n) {
	struct smtp_session *m = smtp_of(s);

	(void)args, (void)n;
	if (conn_is_tls(s->conn))
		return smtp_reply_bad(s, SMTP_BAD_SEQUENCE, "TLS is on already");
	if (!s->config->tls) {
		smtp_reply(s, SMTP_NO_TLS, NULL);
		return STEP_DONE;
	}
	smtp_reply(s, SMTP_READY_TLS, NULL);
	smtp_mail_reset(m);
	m->greeted = false;
	session_set_member(s, 0);
	conn_start_tls(s->conn, s->config->tls);
	return STEP_DONE;
}
