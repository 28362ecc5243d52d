/* smtp_cmd_auth.c - AUTH (RFC 4954), on submission only. What the client says is wiped from the input as soon as the
 * exchange has it. */
#include <string.h>
#include "gateways/smtp/smtp_private.h"

static enum step challenge(struct smtp_session *m, const struct buf *out) {
	smtp_reply(&m->s, SMTP_CONTINUE_AUTH, buf_len(out) ? buf_bytes(out) : NULL);
	return STEP_DONE;
}

static enum step welcome(struct smtp_session *m) {
	session_set_member(&m->s, sasl_member(m->sasl));
	sasl_free(&m->sasl);
	smtp_reply(&m->s, SMTP_AUTH_OK, NULL);
	return STEP_DONE;
}

/* step after the login check */
static enum step auth_finish(struct session *s) {
	struct smtp_session *m = smtp_of(s);
	struct buf out = { 0 };
	int r = sasl_answer(m->sasl, &m->auth_result, &out);

	s->step = NULL;
	if (r == SASL_DONE) {
		welcome(m);
	} else if (r == SASL_CHALLENGE) {
		challenge(m, &out);
	} else {
		sasl_free(&m->sasl);
		if (r != ERR_LIMIT)         /* said already */
			smtp_reply(s, r == ERR_BUSY ? SMTP_AUTH_BUSY : SMTP_AUTH_FAILED, NULL);
	}
	buf_free(&out);
	return r == ERR_LIMIT ? STEP_CLOSE : STEP_DONE;
}

static enum step refuse(struct smtp_session *m, int err) {
	static const struct { int err; enum smtp_code code; } codes[] = {
		{ ERR_NOTFOUND, SMTP_AUTH_MECHANISM }, { ERR_LOGIN, SMTP_AUTH_NEEDS_TLS }, { ERR_GONE, SMTP_AUTH_CANCELLED },
		{ ERR_INVALID, SMTP_AUTH_SYNTAX }, { ERR_SYNTAX, SMTP_AUTH_SYNTAX }, { ERR_DENIED, SMTP_AUTH_FAILED },
	};

	sasl_free(&m->sasl);
	for (size_t i = 0; i < sizeof codes / sizeof *codes; i++)
		if (codes[i].err == err)
			return smtp_reply_bad(&m->s, codes[i].code, NULL);
	return smtp_reply_bad(&m->s, SMTP_AUTH_BUSY, NULL);
}

/* what sasl_start() and sasl_line() say */
static enum step go_on(struct smtp_session *m, int r, const struct buf *out) {
	switch (r) {
	case SASL_CHALLENGE:
		return challenge(m, out);
	case SASL_CHECK:
		memset(&m->auth_result, 0, sizeof m->auth_result);
		m->s.step = auth_finish;
		return STEP_WAIT;
	case SASL_DONE:
		return welcome(m);
	default:
		return refuse(m, r);
	}
}

enum step smtp_cmd_auth(struct session *s, struct slice *args, unsigned n) {
	struct smtp_session *m = smtp_of(s);
	struct buf out = { 0 };
	enum step step;

	if (!m->submission)
		return smtp_reply_bad(s, SMTP_NOT_IMPLEMENTED, NULL);
	if (!m->greeted || s->member || m->in_mail)
		return smtp_reply_bad(s, SMTP_BAD_SEQUENCE, NULL);
	step = go_on(m, sasl_start(s, SASL_WITH_LOGIN, args[0], n > 1 ? &args[1] : NULL, &m->sasl, &out), &out);
	buf_free(&out);
	return step;
}

enum step smtp_auth_line(struct smtp_session *m) {
	struct buf *in = conn_input(m->s.conn), out = { 0 };
	struct slice all = buf_slice(in);
	ptrdiff_t end = slice_find(all, SLICE("\r\n"));
	enum step step;

	if (end < 0 && all.n < SASL_LINE_MAX)
		return STEP_INPUT;
	if (end < 0 || end >= SASL_LINE_MAX) {
		smtp_reply(&m->s, SMTP_LINE_TOO_LONG, NULL);
		return STEP_CLOSE;
	}
	step = go_on(m, sasl_line(m->sasl, slice_to(all, (size_t)end), &out), &out);
	explicit_bzero(buf_bytes(in), (size_t)end);
	buf_consume(in, (size_t)end + 2);
	buf_free(&out);
	return step;
}
