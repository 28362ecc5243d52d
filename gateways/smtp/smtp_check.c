/* smtp_check.c - the mail is here: who sent it? Where no mail server in front tells, forumd-verify does (SPF, DKIM,
 * DMARC, ARC). What could not be found out now is asked to come later, never taken. What was found stands in front of
 * the mail as Authentication-Results; nobody else's with our name stays on it. */
#include "forumd/mail/field.h"
#include "forumd/mail/sender.h"
#include "forumd/run/verify.h"
#include "gateways/smtp/smtp_private.h"

/* reports, unsubscribing by token and mail to people need no proof */
static bool wants_proof(enum smtp_form form) {
	return form != FORM_BOUNCE && form != FORM_MAIL_TOKEN && form != FORM_POSTMASTER && form != FORM_OWNER;
}

static bool wants_check(const struct smtp_session *m) {
	if (!m->s.listen->check_sender || m->lmtp || m->submission || m->s.member)
		return false;
	for (size_t i = 0; i < m->rcpt.n; i++)
		if (wants_proof(m->rcpt.v[i].form))
			return true;
	return false;
}

static bool carries_results(struct slice mail, struct slice id) {
	struct slice header, body;
	struct buf flat = { 0 };
	struct field f;
	bool found = false;

	field_split(mail, &header, &body);
	while (!found && field_next(&header, &f))
		found = sender_carries(&f, id, &flat);
	buf_free(&flat);
	return found;
}

static void rewrite(struct smtp_session *m, struct slice id, struct slice field) {
	struct buf out = { 0 };

	sender_mark(buf_slice(&m->data), id, field, &out);
	buf_free(&m->data);
	m->data = out;
}

/* what our name says, and what the servers say that other listeners trust, did not come from them through this door */
static void unmark(struct smtp_session *m) {
	const struct config *c = m->s.config;
	const char *trust = m->s.listen->trust_authserv;

	for (unsigned i = 0; i <= c->nlisten; i++) {
		const char *name = i < c->nlisten ? c->listen[i].trust_authserv : c->domain;

		if (name && *name && !(trust && slice_is_nocase(slice_str(name), trust)) &&
			carries_results(buf_slice(&m->data), slice_str(name)))
			rewrite(m, slice_str(name), SLICE(""));
	}
}

/* Ours in front, when there is one; others that carry our name or one we trust elsewhere go. */
static void mark(struct smtp_session *m) {
	struct slice id = slice_str(m->s.config->domain);
	struct buf value = { 0 }, field = { 0 };

	unmark(m);
	if (!m->verdict)
		return;
	buf_addf(&value, "%.*s%.*s", SLICE_ARG(id), SLICE_ARG(m->verdict_results));
	field_write(&field, "Authentication-Results", buf_slice(&value));
	rewrite(m, id, buf_slice(&field));
	buf_free(&field);
	buf_free(&value);
}

static enum step deliver(struct session *s) {
	struct smtp_session *m = smtp_of(s);

	s->step = NULL;
	if (m->verdict == SENDER_LATER) {
		session_log(s, "smtp mail later: the sender cannot be checked now%.*s", SLICE_ARG(m->verdict_results));
		smtp_reply(s, SMTP_CHECK_LATER, NULL);
		smtp_mail_reset(m);
		return STEP_DONE;
	}
	mark(m);
	return smtp_deliver(m);
}

void smtp_check_done(struct smtp_session *m, char verdict, struct slice results) {
	m->verdict = verdict;
	m->verdict_results = arena_slice(m->mail, results);
}

enum step smtp_check(struct smtp_session *m) {
	struct verify_request r = { .helo = slice_str(m->helo), .sender = m->sender, .ip = slice_str(m->s.peer),
		.trust = slice_str(m->s.config->arc_trust), .mail = buf_slice(&m->data) };

	if (!wants_check(m))
		return deliver(&m->s);
	session_verify(&m->s, &r);
	m->s.step = deliver;
	return STEP_WAIT;
}
