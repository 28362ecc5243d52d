/* nntp_cmd_auth.c - AUTHINFO USER/PASS (RFC 4643), STARTTLS (RFC 4642), COMPRESS (RFC 8054). */
#include "gateways/nntp/nntp_private.h"

static enum step auth_user(struct session *s, struct slice name) {
	struct nntp_session *n = nntp_of(s);
	if (!name.n || !slice_cstr(name, n->user, sizeof n->user)) {
		n->user[0] = 0;
		return nntp_syntax(s, "AUTHINFO USER wants an address of at most 255 octets");
	}
	return nntp_reply(s, "381 password, please");
}

static enum step auth_pass(struct session *s, struct slice password) {
	struct nntp_session *n = nntp_of(s);
	if (!n->user[0])
		return nntp_reply(s, "482 AUTHINFO USER comes first");
	if (!password.n)
		return nntp_syntax(s, "AUTHINFO PASS wants a password");
	session_check_password(s, slice_str(n->user), password);
	n->user[0] = 0;
	return STEP_WAIT;
}

enum step nntp_cmd_authinfo(struct session *s, struct slice *args, unsigned nargs) {
	struct slice rest = args[0], kind;
	(void)nargs;
	slice_word(&rest, &kind);
	bool user = slice_is_nocase(kind, "USER"), pass = slice_is_nocase(kind, "PASS");
	if (!user && !pass)
		return nntp_syntax(s, "AUTHINFO USER and PASS only");
	if (s->member)
		return nntp_reply(s, "502 already logged in");
	if (conn_is_deflate(s->conn))
		return nntp_reply(s, "502 log in before COMPRESS");
	if (!session_may_login(s))
		return nntp_reply(s, "483 passwords only over TLS (STARTTLS)");
	rest = slice_trim(rest);
	return user ? auth_user(s, rest) : auth_pass(s, rest);
}

void nntp_auth_done(struct session *s, const struct auth_result *r) {
	if (r->ok) {
		session_set_member(s, r->member);
		nntp_load_member(s);
		nntp_reply(s, "281 welcome");
	} else if (r->err == ERR_BUSY) {
		nntp_reply(s, "403 too many logins at once, try again");
	} else {
		/* the engine closes after too many failures */
		nntp_reply(s, "481 no such address or wrong password");
	}
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
	nntp_of(s)->user[0] = 0;
	conn_start_deflate(s->conn);
	return STEP_DONE;
}
