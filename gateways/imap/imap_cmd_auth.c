/* STARTTLS LOGIN AUTHENTICATE. Passwords are checked off the loop; the answer is given in imap_auth_finish. */
#include "gateways/common/sasl.h"
#include "gateways/imap/imap_private.h"

enum step imap_cmd_starttls(struct imap_session *is, struct slice *rest) {
	if (!imap_take_end(rest))
		return imap_bad_arguments(is);
	if (conn_is_tls(is->s.conn))
		return imap_bad(is, "TLS is active already");
	if (!is->s.config->tls)
		return imap_no(is, "CANNOT", "this server has no certificate");
	enum step r = imap_ok(is, "begin TLS");
	conn_start_tls(is->s.conn, is->s.config->tls);
	return r;
}

/* The engine closes by itself after too many failures; the words come before that. */
static void login_refused(struct imap_session *is) {
	enum err e = is->auth.err;
	imap_no(is, e == ERR_BUSY ? "UNAVAILABLE" : "AUTHENTICATIONFAILED",
		e == ERR_BUSY ? "too many logins at once, try again soon" : "wrong name or password");
	if (e == ERR_LIMIT)
		imap_bye(is, "too many failures");
}

static enum step login_done(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct buf caps = {0};
	imap_add_capabilities(is, &caps);
	enum step r = imap_ok(is, "[%s] logged in", buf_bytes(&caps));
	buf_free(&caps);
	return r;
}

/* The first login makes the member's own boxes; without a writable store one reads all the same. A step of its own: the
 * answer of the password check wakes the session by itself, and must not be taken for the job's. */
static enum step login_prepare(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct forum_txn *t = session_read(s);
	return !t || imap_boxes_ready(t, s->member) ? login_done(s) : imap_box_sync(is, IMAP_SYNC_NONE, login_done);
}

static enum step logged_in(struct imap_session *is) {
	session_set_member(&is->s, is->auth.member);
	is->state = IMAP_MEMBER;
	is->reader.limit = IMAP_LINE_MAX;
	is->reader.append_limit = is->s.config->message_size;
	is->s.step = login_prepare;
	return STEP_DONE;
}

static enum step take_sasl(struct imap_session *is, struct slice line);

/* the challenge, or the end of the exchange */
static enum step sasl_go_on(struct imap_session *is, int r, const struct buf *out) {
	switch (r) {
	case SASL_CHALLENGE:
		is->line = take_sasl;
		buf_addf(session_out(&is->s), "+ %s\r\n", buf_len(out) ? buf_bytes(out) : "");
		return STEP_DONE;
	case SASL_CHECK:
		return STEP_WAIT;
	case SASL_DONE:
		sasl_free(&is->sasl);
		return logged_in(is);
	}
	sasl_free(&is->sasl);
	switch (r) {
	case ERR_NOTFOUND: return imap_no(is, "CANNOT", "no such mechanism here: see the AUTH= capabilities");
	case ERR_LOGIN: return imap_no(is, "PRIVACYREQUIRED", "passwords only over TLS: use STARTTLS");
	case ERR_GONE: return imap_bad(is, "AUTHENTICATE cancelled");
	case ERR_INVALID: return imap_bad(is, "that is not base64");
	case ERR_SYNTAX: return imap_bad(is, "that is not a message of this mechanism");
	case ERR_DENIED: return imap_no(is, "AUTHORIZATIONFAILED", "logging in for somebody else is not possible");
	default: return imap_unavailable(is);
	}
}

void imap_auth_finish(struct imap_session *is) {
	struct buf out = {0};
	if (is->reader.text.used > is->tag.n)
		explicit_bzero(is->reader.text.data + is->tag.n, is->reader.text.used - is->tag.n);
	int r = is->sasl ? sasl_answer(is->sasl, &is->auth, &out) : SASL_DONE;
	if (is->auth.ok) {
		sasl_go_on(is, r, &out);
	} else {
		sasl_free(&is->sasl);
		login_refused(is);
	}
	buf_free(&out);
}

static enum step check_password(struct imap_session *is, struct slice name, struct slice password) {
	session_check_password(&is->s, name, password);
	return STEP_WAIT;
}

enum step imap_cmd_login(struct imap_session *is, struct slice *rest) {
	struct slice name, password;
	if (!imap_take_space(rest) || !imap_take_astring(rest, is->s.command, &name) || !imap_take_space(rest) ||
	    !imap_take_astring(rest, is->s.command, &password) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	if (!session_may_login(&is->s))
		return imap_no(is, "PRIVACYREQUIRED", "passwords only over TLS: use STARTTLS");
	if (name.n > 255 || password.n > 1024)
		return imap_no(is, "AUTHENTICATIONFAILED", "wrong name or password");
	return check_password(is, name, password);
}

static enum step take_sasl(struct imap_session *is, struct slice line) {
	struct buf out = {0};
	enum step step = sasl_go_on(is, sasl_line(is->sasl, line, &out), &out);
	buf_free(&out);
	return step;
}

enum step imap_cmd_authenticate(struct imap_session *is, struct slice *rest) {
	struct slice mechanism, initial = slice_of(NULL, 0);
	if (!imap_take_space(rest) || !imap_take_atom(rest, &mechanism))
		return imap_bad_arguments(is);
	bool given = imap_take_space(rest);
	if (given) {
		initial = *rest;
		*rest = slice_of(NULL, 0);
	}
	if (!imap_take_end(rest) || (given && !initial.n))
		return imap_bad_arguments(is);
	struct buf out = {0};
	int r = sasl_start(&is->s, 0, mechanism, given ? &initial : NULL, &is->sasl, &out);
	enum step step = sasl_go_on(is, r, &out);
	buf_free(&out);
	return step;
}
