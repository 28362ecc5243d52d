/* smtp_cmd_mail.c - MAIL and RCPT: the envelope. All that can be refused is refused here, before the text is sent. */
#include <stdio.h>
#include "gateways/smtp/smtp_private.h"
#include "forumd/base/text.h"
#include "forumd/run/limits.h"

static enum step bad_params(struct session *s, int e) {
	return smtp_reply_bad(s, e == ERR_INVALID ? SMTP_BAD_PARAMETER : SMTP_SYNTAX_ARGS, NULL);
}

/* RFC 6531 3.5: what is wrong may be only that nobody said SMTPUTF8 */
static enum step bad_address(struct session *s, struct smtp_path *path, bool smtputf8, bool reverse) {
	enum smtp_code c = reverse ? SMTP_BAD_SENDER : SMTP_BAD_RCPT;

	if (!smtputf8 && smtp_syntax_mailbox(path, true, reverse) > 0)
		c = SMTP_NEEDS_UTF8;
	return smtp_reply_bad(s, c, NULL);
}

enum step smtp_cmd_mail(struct session *s, struct slice *args, unsigned n) {
	struct smtp_session *m = smtp_of(s);
	struct slice rest = args[0];
	struct smtp_params params;
	struct smtp_path path;
	int e;

	(void)n;
	if (!m->greeted || m->in_mail)
		return smtp_reply_bad(s, SMTP_BAD_SEQUENCE, m->greeted ? "sender is given already" : "say hello first");
	if (m->submission && !s->member)
		return smtp_reply_bad(s, SMTP_AUTH_REQUIRED, NULL);
	if (smtp_syntax_path(&rest, "FROM:", &path) < 0)
		return smtp_reply_bad(s, SMTP_SYNTAX_ARGS, "syntax: MAIL FROM:<address> [parameters]");
	e = smtp_syntax_params(rest, &params);
	if (e > 0 && (params.ret || params.envid.n) && !smtp_offers_dsn(s))
		e = ERR_INVALID;
	if (e < 0)
		return bad_params(s, e);
	if (!path.null && smtp_syntax_mailbox(&path, params.smtputf8, true) < 0)
		return bad_address(s, &path, params.smtputf8, true);
	if (params.has_size && params.size > s->config->message_size) {
		smtp_replyf(s, SMTP_TOO_BIG, "message too big: at most %llu octets",
			(unsigned long long)s->config->message_size);
		return STEP_DONE;
	}
	smtp_mail_reset(m);
	m->in_mail = true;
	m->smtputf8 = params.smtputf8;
	m->sender = arena_slice(m->mail, path.address);
	m->envid = arena_slice(m->mail, params.envid);
	smtp_reply(s, SMTP_OK_SENDER, NULL);
	return STEP_DONE;
}

/* Reports go to an address that nothing proves: few a minute, and so more than we would write is not taken. */
static bool too_many_reports(struct smtp_session *m) {
	char key[340];
	int n = snprintf(key, sizeof key, "mail-report:%.*s", SLICE_ARG(slice_to(m->sender, 320)));

	for (int i = 0; i < n; i++)
		key[i] = text_lower(key[i]);
	return !limits_rate(slice_of(key, (size_t)n), 30, SMTP_RCPT_MAX);
}

/* Some give the same address twice: one delivery, but LMTP answers for each RCPT it accepted. */
static enum step accept_rcpt(struct smtp_session *m, struct smtp_route *r, struct slice address,
	const struct smtp_rcpt_params *p) {
	if (p->success && m->sender.n && too_many_reports(m)) {
		smtp_reply(&m->s, SMTP_RATE, "too many reports asked for in a short time, try again later");
		return STEP_DONE;
	}
	r->address = arena_slice(m->mail, address);
	r->report = p->success && m->sender.n;
	r->orcpt = arena_slice(m->mail, p->orcpt);
	vec_push(&m->rcpt, *r);
	smtp_reply(&m->s, SMTP_OK_RCPT, NULL);
	return STEP_DONE;
}

static enum step refuse_rcpt(struct session *s, enum smtp_code c, struct slice address, const struct fail *f) {
	struct buf b = { 0 };

	text_escape(address, 256, &b);
	session_log(s, "smtp rcpt refused to=%s why=\"%s\"", b.used ? buf_bytes(&b) : "", f->text);
	buf_free(&b);
	if (smtp_reply_is_temporary(c) || smtp_of(s)->lmtp) {   /* the front MTA is no address harvester */
		smtp_reply(s, c, f->text[0] ? f->text : NULL);
		return STEP_DONE;
	}
	return smtp_reply_bad(s, c, f->text[0] ? f->text : NULL);
}

enum step smtp_cmd_rcpt(struct session *s, struct slice *args, unsigned n) {
	struct smtp_session *m = smtp_of(s);
	struct slice rest = args[0];
	struct fail f = { 0 };
	struct smtp_path path;
	struct smtp_rcpt_params params;
	struct smtp_route route;
	struct forum_txn *t;
	int e;
	enum smtp_code c = SMTP_TRY_LATER;

	(void)n;
	if (!m->in_mail || m->bdat_seen)
		return smtp_reply_bad(s, SMTP_BAD_SEQUENCE, m->in_mail ? NULL : "MAIL first");
	if (smtp_syntax_path(&rest, "TO:", &path) < 0 || path.null)
		return smtp_reply_bad(s, SMTP_SYNTAX_ARGS, "syntax: RCPT TO:<address>");
	e = smtp_syntax_rcpt_params(rest, m->smtputf8, &params);
	if (e > 0 && slice_trim(rest).n && !smtp_offers_dsn(s))
		e = ERR_INVALID;
	if (e < 0)
		return bad_params(s, e);
	if (m->rcpt.n >= SMTP_RCPT_MAX) {
		smtp_reply(s, SMTP_TOO_MANY_RCPT, NULL);
		return STEP_DONE;
	}
	if (path.route)
		return smtp_reply_bad(s, SMTP_RELAY, NULL);
	if (slice_is_nocase(path.address, "postmaster"))
		path.local = path.address, path.domain = slice_str(s->config->domain);
	else if (smtp_syntax_mailbox(&path, m->smtputf8, false) < 0)
		return bad_address(s, &path, m->smtputf8, false);
	t = session_read(s);
	if (!t) {
		smtp_reply(s, SMTP_TRY_LATER, NULL);
		return STEP_DONE;
	}
	if (smtp_route_find(m, t, &path, &route, &c, &f) < 0)
		return refuse_rcpt(s, c, path.address, &f);
	return accept_rcpt(m, &route, path.address, &params);
}
