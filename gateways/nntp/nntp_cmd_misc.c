/* nntp_cmd_misc.c - CAPABILITIES, MODE, DATE, HELP, QUIT. Capabilities tell exactly what would be accepted now. */
#include "forumd/base/clock.h"
#include "gateways/nntp/nntp_private.h"

enum step nntp_cmd_capabilities(struct session *s, struct slice *args, unsigned nargs) {
	struct buf *out = session_out(s);
	bool tls = conn_is_tls(s->conn), deflate = conn_is_deflate(s->conn);
	(void)args, (void)nargs;          /* a keyword makes no difference (RFC 3977 5.2.2) */
	buf_adds(out, "101 capabilities\r\nVERSION 2\r\nIMPLEMENTATION forumd\r\nREADER\r\n");
	if (s->member)
		buf_adds(out, "POST\r\n");
	const struct config_peer *peer = nntp_peer(s);
	if (peer)
		buf_adds(out, peer->stream ? "IHAVE\r\nSTREAMING\r\n" : "IHAVE\r\n");
	buf_adds(out, "NEWNEWS\r\nHDR\r\nOVER MSGID\r\nXPAT\r\n"
		"LIST ACTIVE ACTIVE.TIMES COUNTS");
	buf_adds(out, *s->config->distrib_pats ? " DISTRIB.PATS" : "");
	buf_adds(out, *s->config->distributions ? " DISTRIBUTIONS HEADERS MODERATORS" : " HEADERS MODERATORS");
	buf_adds(out, *s->config->motd ? " MOTD NEWSGROUPS" : " NEWSGROUPS");
	buf_adds(out, " OVERVIEW.FMT SUBSCRIPTIONS\r\n");
	if (!s->member && !deflate) {
		buf_adds(out, session_may_login(s) ? "AUTHINFO USER SASL\r\nSASL" : "AUTHINFO SASL\r\nSASL");
		sasl_mechanisms(s, SASL_FINAL_DATA, " ", out);
		buf_adds(out, "\r\n");
	}
	if (s->config->tls && !tls && !s->member && !deflate)
		buf_adds(out, "STARTTLS\r\n");
	if (!deflate)
		buf_adds(out, "COMPRESS DEFLATE\r\n");
	return nntp_finish(s);
}

enum step nntp_cmd_mode(struct session *s, struct slice *args, unsigned nargs) {
	if (nargs == 1 && slice_is_nocase(args[0], "STREAM"))
		return nntp_mode_stream(s);
	if (nargs != 1 || !slice_is_nocase(args[0], "READER"))
		return nntp_syntax(s, "MODE READER is the only mode");
	return nntp_reply(s, "200 reader mode, posting after login");
}

enum step nntp_cmd_date(struct session *s, struct slice *args, unsigned nargs) {
	int y, mo, d, h, mi, sec;
	(void)args, (void)nargs;
	clock_civil(clock_now(), &y, &mo, &d, &h, &mi, &sec, NULL);
	return nntp_replyf(s, "111 %04d%02d%02d%02d%02d%02d", y, mo, d, h, mi, sec);
}

enum step nntp_cmd_help(struct session *s, struct slice *args, unsigned nargs) {
	(void)args, (void)nargs;
	nntp_reply(s, "100 commands");
	command_help(nntp_commands, "  ", session_out(s));
	return nntp_finish(s);
}

enum step nntp_cmd_quit(struct session *s, struct slice *args, unsigned nargs) {
	(void)args, (void)nargs;
	nntp_reply(s, "205 goodbye");
	return STEP_CLOSE;
}
