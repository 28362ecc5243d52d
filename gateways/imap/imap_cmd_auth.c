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

/* Passwords do not stay in memory longer than needed. */
static void wipe(struct buf *b) {
	if (b->data)
		explicit_bzero(b->data, b->size);
	buf_free(b);
}

/* The engine closes by itself after too many failures; the words come before that. */
static void login_refused(struct imap_session *is) {
	enum err e = is->auth.err;
	imap_no(is, e == ERR_BUSY ? "UNAVAILABLE" : "AUTHENTICATIONFAILED",
		e == ERR_BUSY ? "too many logins at once, try again soon" : "wrong name or password");
	if (e == ERR_LIMIT)
		imap_bye(is, "too many failures");
}

void imap_auth_finish(struct imap_session *is) {
	struct buf caps = {0};
	wipe(&is->scratch);
	if (is->reader.text.used > is->tag.n)
		explicit_bzero(is->reader.text.data + is->tag.n, is->reader.text.used - is->tag.n);
	if (!is->auth.ok) {
		login_refused(is);
		return;
	}
	session_set_member(&is->s, is->auth.member);
	is->state = IMAP_MEMBER;
	is->reader.limit = IMAP_LINE_MAX;
	is->reader.append_limit = is->s.config->message_size;
	imap_add_capabilities(is, &caps);
	imap_ok(is, "[%s] logged in", buf_bytes(&caps));
	buf_free(&caps);
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

static enum step take_plain(struct imap_session *is, struct slice line) {
	struct slice name, password;
	if (slice_is(line, "*"))
		return imap_bad(is, "AUTHENTICATE cancelled");
	int r = sasl_plain(line, &is->scratch, &name, &password);
	if (r > 0)
		return check_password(is, name, password);
	wipe(&is->scratch);
	if (r == ERR_DENIED)
		return imap_no(is, "AUTHORIZATIONFAILED", "logging in for somebody else is not possible");
	return imap_bad(is, "not a PLAIN response");
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
	if (!slice_is_nocase(mechanism, "PLAIN"))
		return imap_no(is, "CANNOT", "PLAIN is the only mechanism");
	if (!session_may_login(&is->s))
		return imap_no(is, "PRIVACYREQUIRED", "passwords only over TLS: use STARTTLS");
	if (given)
		return take_plain(is, slice_is(initial, "=") ? slice_of("", 0) : initial);
	is->line = take_plain;
	buf_adds(session_out(&is->s), "+ \r\n");
	return STEP_INPUT;
}
