/* nntp_reply.c - answers, and the one table from errors to codes. */
#include "gateways/nntp/nntp_private.h"
#include <stdarg.h>

enum step nntp_reply(struct session *s, const char *line) {
	struct buf *out = session_out(s);
	buf_adds(out, line);
	buf_add(out, "\r\n", 2);
	return STEP_DONE;
}

enum step nntp_replyf(struct session *s, const char *fmt, ...) {
	struct buf *out = session_out(s);
	va_list ap;
	va_start(ap, fmt);
	buf_addv(out, fmt, ap);
	va_end(ap);
	buf_add(out, "\r\n", 2);
	return STEP_DONE;
}

enum step nntp_fail(struct session *s, int err) {
	if (err == ERR_CORRUPT)
		return nntp_reply(s, "403 stored data is damaged");
	return nntp_reply(s, "403 cannot be done now, try again later");
}

/* RFC 3977 6.3.1: whatever went wrong with the article, the code is 441; the words make the difference. */
enum step nntp_post_fail(struct session *s, const struct fail *f) {
	switch (f->code) {
	case ERR_EXISTS: return nntp_reply(s, "441 435 duplicate: this Message-ID was used before");
	case ERR_BUSY:
	case ERR_UNAVAILABLE: return nntp_reply(s, "441 cannot take posts now, try again later");
	case ERR_LOGIN: return nntp_replyf(s, "441 480 %s", f->text[0] ? f->text : "log in first");
	default: return nntp_replyf(s, "441 %s", f->text[0] ? f->text : err_name(f->code));
	}
}

enum step nntp_syntax(struct session *s, const char *text) {
	nntp_replyf(s, "501 %s", text);
	if (++s->bad_commands > s->config->bad_commands && s->config->bad_commands) {
		nntp_reply(s, "400 too many bad commands");
		return STEP_CLOSE;
	}
	return STEP_DONE;
}

enum step nntp_no_group(struct session *s) {
	return nntp_reply(s, "412 no newsgroup selected");
}

enum step nntp_finish(struct session *s) {
	s->step = NULL;
	buf_add(session_out(s), ".\r\n", 3);
	return STEP_DONE;
}

enum step nntp_more(struct session *s, enum step (*step)(struct session *)) {
	s->step = step;
	return STEP_MORE;
}
