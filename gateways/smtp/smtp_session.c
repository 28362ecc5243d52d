/* smtp_session.c - life of a mail session: greeting, which reader gets the input, answers of jobs, good-bye.
 *
 * At any moment exactly one of four readers owns the input: the command loop, a SASL exchange, the text after DATA, a
 * BDAT chunk. While a delivery or a password check is under way s->step is set and nothing is read. */
#include "forumd/run/verify.h"
#include "gateways/smtp/smtp_private.h"

void smtp_mail_reset(struct smtp_session *m) {
	m->in_mail = m->smtputf8 = m->collecting = false;
	m->in_bdat = m->bdat_last = m->bdat_seen = m->bdat_refused = false;
	m->bdat_left = 0;
	m->sender = m->envid = SLICE("");
	m->rcpt.n = 0;
	m->delivery = NULL;
	m->verdict = 0;
	memset(&m->dotted, 0, sizeof m->dotted);
	buf_free(&m->data);
	if (m->mail)
		arena_reset(m->mail);
}

static void smtp_start(struct session *s) {
	struct smtp_session *m = smtp_of(s);

	m->lmtp = s->listen->protocol == LISTEN_LMTP;
	m->submission = s->listen->protocol == LISTEN_SUBMISSION || s->listen->protocol == LISTEN_SUBMISSIONS;
	m->mail = arena_new();
	conn_set_timeout(s->conn, SMTP_IDLE_MS);
	smtp_replyf(s, SMTP_GREETING, "%s %s forumd", s->config->domain, m->lmtp ? "LMTP" : "ESMTP");
}

static enum step smtp_input(struct session *s) {
	struct smtp_session *m = smtp_of(s);

	if (m->collecting)
		return smtp_data_collect(m);
	if (m->in_bdat)
		return smtp_bdat_collect(m);
	if (m->sasl)
		return smtp_auth_line(m);
	return smtp_command_run(m);
}

static void smtp_job_done(struct session *s, struct job *j) {
	smtp_deliver_done(smtp_of(s), j);
}

static void smtp_auth_done(struct session *s, const struct auth_result *r) {
	smtp_of(s)->auth_result = *r;
	/* the engine may close before the next step */
	if (!r->ok && r->err == ERR_LIMIT)
		smtp_reply(s, SMTP_AUTH_TOO_MANY, NULL);
}

static void smtp_verify_done(struct session *s, const struct verify_answer *a) {
	smtp_check_done(smtp_of(s), a->verdict, a->results);
}

static void smtp_change(struct session *s, const struct change *c) {
	(void)s, (void)c;   /* rights are asked anew on every command; nothing is remembered that a change could stale */
}

static void smtp_timeout(struct session *s, bool login) {
	(void)login;
	smtp_reply(s, SMTP_TIMEOUT, NULL);
}

static void smtp_shed(struct buf *out) {
	buf_adds(out, "421 4.3.2 too many connections, try again later\r\n");
}

static void smtp_end(struct session *s) {
	struct smtp_session *m = smtp_of(s);

	smtp_mail_reset(m);
	vec_free(&m->rcpt);
	sasl_free(&m->sasl);
	arena_free(&m->mail);
}

const struct session_ops smtp_ops = {
	.protocol = "smtp",
	.size = sizeof(struct smtp_session),
	.start = smtp_start,
	.input = smtp_input,
	.job_done = smtp_job_done,
	.auth_done = smtp_auth_done,
	.verify_done = smtp_verify_done,
	.change = smtp_change,
	.timeout = smtp_timeout,
	.shed = smtp_shed,
	.end = smtp_end,
};
