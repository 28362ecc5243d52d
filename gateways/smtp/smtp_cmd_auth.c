/* smtp_cmd_auth.c - AUTH PLAIN and LOGIN (RFC 4954), on submission only. Passwords are wiped from our buffers as soon
 * as the check has them. */
#include <string.h>
#include "gateways/smtp/smtp_private.h"
#include "forumd/base/base64.h"
#include "gateways/common/sasl.h"

static void wipe(struct buf *b)
{
	if (b->data)
		explicit_bzero(b->data, b->size);
	buf_free(b);
}

/* step after the password check */
static enum step auth_finish(struct session *s)
{
	struct smtp_session *m = smtp_of(s);
	const struct auth_result *r = &m->auth_result;

	s->step = NULL;
	if (r->ok) {
		session_set_member(s, r->member);
		smtp_reply(s, SMTP_AUTH_OK, NULL);
		return STEP_DONE;
	}
	if (r->err == ERR_LIMIT) {
		smtp_reply(s, SMTP_AUTH_TOO_MANY, NULL);
		return STEP_CLOSE;
	}
	smtp_reply(s, r->err == ERR_BUSY ? SMTP_AUTH_BUSY : SMTP_AUTH_FAILED, NULL);
	return STEP_DONE;
}

static enum step check(struct smtp_session *m, struct slice name, struct slice password)
{
	m->auth = AUTH_IDLE;
	memset(&m->auth_result, 0, sizeof m->auth_result);
	m->s.step = auth_finish;
	session_check_password(&m->s, name, password);
	return STEP_WAIT;
}

static enum step bad(struct smtp_session *m, enum smtp_code c)
{
	m->auth = AUTH_IDLE;
	return smtp_reply_bad(&m->s, c, NULL);
}

static enum step plain(struct smtp_session *m, struct slice response)
{
	struct buf scratch = { 0 };
	struct slice name, password;
	enum step r;
	int e = sasl_plain(response, &scratch, &name, &password);

	if (e == 1)
		r = check(m, name, password);
	else
		r = bad(m, e == ERR_DENIED ? SMTP_AUTH_FAILED : SMTP_AUTH_SYNTAX);
	wipe(&scratch);
	return r;
}

static enum step login_name(struct smtp_session *m, struct slice response)
{
	buf_reset(&m->auth_name);
	if (!base64_decode(response, &m->auth_name) || !buf_len(&m->auth_name) || buf_len(&m->auth_name) > 255)
		return bad(m, SMTP_AUTH_SYNTAX);
	m->auth = AUTH_LOGIN_PASSWORD;
	smtp_reply(&m->s, SMTP_CONTINUE_AUTH, "UGFzc3dvcmQ6");   /* "Password:" */
	return STEP_DONE;
}

static enum step login_password(struct smtp_session *m, struct slice response)
{
	struct buf password = { 0 };
	enum step r;

	if (!base64_decode(response, &password) || !buf_len(&password) || buf_len(&password) > 1024
	    || memchr(buf_bytes(&password), 0, buf_len(&password)))
		r = bad(m, SMTP_AUTH_SYNTAX);
	else
		r = check(m, buf_slice(&m->auth_name), buf_slice(&password));
	wipe(&password);
	return r;
}

enum step smtp_cmd_auth(struct session *s, struct slice *args, unsigned n)
{
	struct smtp_session *m = smtp_of(s);
	struct slice initial = n > 1 ? args[1] : SLICE("");

	if (!m->submission)
		return smtp_reply_bad(s, SMTP_NOT_IMPLEMENTED, NULL);
	if (!m->greeted || s->member || m->in_mail)
		return smtp_reply_bad(s, SMTP_BAD_SEQUENCE, NULL);
	if (!session_may_login(s))
		return smtp_reply_bad(s, SMTP_AUTH_NEEDS_TLS, NULL);
	if (n > 1 && slice_is(initial, "="))
		initial = SLICE("");
	if (slice_is_nocase(args[0], "PLAIN")) {
		if (n > 1)
			return plain(m, initial);
		m->auth = AUTH_PLAIN;
		smtp_reply(s, SMTP_CONTINUE_AUTH, NULL);
		return STEP_DONE;
	}
	if (slice_is_nocase(args[0], "LOGIN")) {
		if (n > 1)
			return login_name(m, initial);
		m->auth = AUTH_LOGIN_NAME;
		smtp_reply(s, SMTP_CONTINUE_AUTH, "VXNlcm5hbWU6");   /* "Username:" */
		return STEP_DONE;
	}
	return smtp_reply_bad(s, SMTP_AUTH_MECHANISM, NULL);
}

enum step smtp_auth_line(struct smtp_session *m)
{
	struct buf *in = conn_input(m->s.conn);
	struct slice all = buf_slice(in), line;
	ptrdiff_t end = slice_find(all, SLICE("\r\n"));
	enum smtp_auth_state state = m->auth;
	enum step r;

	if (end < 0 && all.n < SMTP_AUTH_LINE_MAX)
		return STEP_INPUT;
	if (end < 0 || end >= SMTP_AUTH_LINE_MAX) {
		smtp_reply(&m->s, SMTP_LINE_TOO_LONG, NULL);
		return STEP_CLOSE;
	}
	line = slice_to(all, (size_t)end);
	if (slice_is(line, "*"))
		r = bad(m, SMTP_AUTH_CANCELLED);
	else if (state == AUTH_PLAIN)
		r = plain(m, line);
	else if (state == AUTH_LOGIN_NAME)
		r = login_name(m, line);
	else
		r = login_password(m, line);
	explicit_bzero(buf_bytes(in), (size_t)end);
	buf_consume(in, (size_t)end + 2);
	return r;
}
