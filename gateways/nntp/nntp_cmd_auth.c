/* nntp_cmd_auth.c - AUTHINFO USER/PASS and SASL (RFC 4643), STARTTLS (RFC 4642), COMPRESS (RFC 8054). */
#include "gateways/nntp/nntp_private.h"

static enum step auth_user(struct session *s, struct slice name) {
	struct nntp_session *n = nntp_of(s);
	nntp_forget_user(n);
	if (!name.n || name.n > NNTP_USER_MAX || memchr(name.p, 0, name.n))
		return nntp_syntax(s, "AUTHINFO USER wants an address of at most 255 octets");
	n->user = mem_strndup(name.p, name.n);
	return nntp_reply(s, "381 password, please");
}

static enum step auth_pass(struct session *s, struct slice password) {
	struct nntp_session *n = nntp_of(s);
	if (!n->user)
		return nntp_reply(s, "482 AUTHINFO USER comes first");
	if (!password.n)
		return nntp_syntax(s, "AUTHINFO PASS wants a password");
	session_check_password(s, slice_str(n->user), password);
	nntp_forget_user(n);
	return STEP_WAIT;
}

/* ---- SASL ---- */

static enum step sasl_refused(struct session *s, int err) {
	switch (err) {
	case ERR_NOTFOUND: return nntp_reply(s, "503 no such mechanism here (CAPABILITIES lists them)");
	case ERR_LOGIN: return nntp_reply(s, "483 passwords only over TLS (STARTTLS)");
	case ERR_GONE: return nntp_reply(s, "481 cancelled");
	case ERR_INVALID: return nntp_reply(s, "504 that is not base64");
	case ERR_SYNTAX: return nntp_reply(s, "482 that is not a message of this mechanism");
	case ERR_DENIED: return nntp_reply(s, "481 logging in for somebody else is not possible");
	default: return nntp_fail(s, err);
	}
}

/* what sasl_start() and sasl_line() say */
static enum step sasl_go_on(struct session *s, int r, const struct buf *out) {
	if (r == SASL_CHALLENGE)
		return nntp_replyf(s, "383 %s", buf_len(out) ? buf_bytes(out) : "=");
	if (r == SASL_CHECK)
		return STEP_WAIT;
	sasl_free(&nntp_of(s)->sasl);
	return sasl_refused(s, r);
}

static enum step auth_sasl(struct session *s, struct slice rest) {
	struct slice mechanism, initial;
	struct buf out = { 0 };
	if (!slice_word(&rest, &mechanism))
		return nntp_syntax(s, "AUTHINFO SASL wants a mechanism");
	bool given = slice_word(&rest, &initial);
	if (slice_trim(rest).n)
		return nntp_syntax(s, "AUTHINFO SASL mechanism [initial-response]");
	int r = sasl_start(s, SASL_FINAL_DATA, mechanism, given ? &initial : NULL, &nntp_of(s)->sasl, &out);
	enum step step = sasl_go_on(s, r, &out);
	buf_free(&out);
	return step;
}

enum step nntp_auth_line(struct session *s) {
	struct buf *in = conn_input(s->conn), out = { 0 };
	struct slice all = buf_slice(in);
	ptrdiff_t end = slice_chr(slice_to(all, SASL_LINE_MAX), '\n');
	if (end < 0 && all.n < SASL_LINE_MAX)
		return STEP_INPUT;
	if (end < 0) {
		nntp_reply(s, "400 line too long");
		return STEP_CLOSE;
	}
	struct slice line = slice_to(all, (size_t)end);
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	/* "=" is nothing, here in every line (RFC 4643 2.4.2) */
	int r = sasl_line(nntp_of(s)->sasl, slice_is(line, "=") ? slice_of("", 0) : line, &out);
	explicit_bzero(buf_bytes(in), (size_t)end);
	buf_consume(in, (size_t)end + 1);
	enum step step = sasl_go_on(s, r, &out);
	buf_free(&out);
	return step;
}

enum step nntp_cmd_authinfo(struct session *s, struct slice *args, unsigned nargs) {
	struct slice rest = args[0], kind;
	(void)nargs;
	slice_word(&rest, &kind);
	bool user = slice_is_nocase(kind, "USER"), pass = slice_is_nocase(kind, "PASS"),
		 sasl = slice_is_nocase(kind, "SASL");
	if (!user && !pass && !sasl)
		return nntp_syntax(s, "AUTHINFO USER, PASS and SASL only");
	if (s->member)
		return nntp_reply(s, "502 already logged in");
	if (conn_is_deflate(s->conn))
		return nntp_reply(s, "502 log in before COMPRESS");
	if (sasl)
		return auth_sasl(s, rest);
	if (!session_may_login(s))
		return nntp_reply(s, "483 passwords only over TLS (STARTTLS)");
	rest = slice_trim(rest);
	return user ? auth_user(s, rest) : auth_pass(s, rest);
}

void nntp_auth_done(struct session *s, const struct auth_result *r) {
	struct nntp_session *n = nntp_of(s);
	struct buf final = { 0 };
	if (n->sasl)
		sasl_answer(n->sasl, r, &final);
	sasl_free(&n->sasl);
	if (r->ok) {
		session_set_member(s, r->member);
		nntp_load_member(s);
		buf_len(&final) ? nntp_replyf(s, "283 %s", buf_bytes(&final)) : nntp_reply(s, "281 welcome");
	} else if (r->err == ERR_BUSY) {
		nntp_reply(s, "403 too many logins at once, try again");
	} else {
		/* the engine closes after too many failures */
		nntp_reply(s, "481 no such address or wrong password");
	}
	buf_free(&final);
}

enum step nntp_cmd_starttls(struct session *s, struct slice *args, unsigned nargs) {
	(void)args, (void)nargs;
	if (conn_is_tls(s->conn))
		return nntp_reply(s, "502 TLS is active already");
	if (s->member || conn_is_deflate(s->conn))
		return nntp_reply(s, "502 STARTTLS comes before login and COMPRESS");
	if (!s->config->tls)
		return nntp_reply(s, "580 TLS is not available");
	nntp_reply(s, "382 go ahead");
	nntp_state_reset(s);
	conn_start_tls(s->conn, s->config->tls);
	return STEP_DONE;
}

enum step nntp_cmd_compress(struct session *s, struct slice *args, unsigned nargs) {
	(void)nargs;
	if (!slice_is_nocase(args[0], "DEFLATE"))
		return nntp_reply(s, "503 DEFLATE only");
	if (conn_is_deflate(s->conn))
		return nntp_reply(s, "502 compression is active already");
	nntp_reply(s, "206 compression active");
	nntp_forget_user(nntp_of(s));
	conn_start_deflate(s->conn);
	return STEP_DONE;
}
