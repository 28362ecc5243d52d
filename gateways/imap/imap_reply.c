/* The one place that writes tagged answers. */
#include <stdio.h>
#include "gateways/common/sasl.h"
#include "gateways/imap/imap_notify.h"
#include "forumd/base/clock.h"
#include "forumd/base/stat.h"
#include "forumd/base/text.h"

/* words that come from elsewhere cannot end the line; they are ASCII for clients that did not enable UTF-8 */
static void add_text(struct imap_session *is, struct buf *out, const char *fmt, va_list ap) {
	size_t before = buf_len(out);
	buf_addv(out, fmt, ap);
	bool utf8 = imap_speaks_utf8(is) && text_utf8_valid(slice_from(buf_slice(out), before));
	for (char *p = buf_bytes(out) + before; p < buf_bytes(out) + buf_len(out); p++)
		if (text_control(*p))
			*p = ' ';
		else if (!utf8 && (unsigned char)*p >= 128)
			*p = '?';
}

static enum step reply(struct imap_session *is, const char *status, const char *code, const char *fmt, va_list ap) {
	struct buf *out = session_out(&is->s);
	buf_add_slice(out, is->tag.n ? is->tag : SLICE("*"));
	buf_addf(out, " %s ", status);
	if (code)
		buf_addf(out, "[%s] ", code);
	add_text(is, out, fmt, ap);
	buf_adds(out, "\r\n");
	is->answered = true;
	is->work = NULL;
	is->s.step = imap_notify_pending(is) ? imap_notify_step : NULL;   /* what came meanwhile is told now */
	session_log(&is->s, "%s%s %s%s%s ms=%lld", is->uid ? "UID " : "", is->command ? is->command->name : "-", status,
		code ? " " : "", code ? code : "", (long long)(clock_mono_us() - is->s.command_us) / 1000);
	return STEP_DONE;
}

static void tell_changes(struct imap_session *is) {
	unsigned flags = is->command ? is->command->flags : IMAP_QUIET;
	if (is->state == IMAP_SELECTED && !(flags & IMAP_QUIET))
		imap_sync(is, !(flags & IMAP_NO_EXPUNGE) || is->uid);
}

enum step imap_ok(struct imap_session *is, const char *fmt, ...) {
	va_list ap;
	char code[48] = "";
	is->vanished_told = false;
	tell_changes(is);
	/* EXPUNGE says how far the client knows now (RFC 7162 3.2.7); what is on its way here comes behind it */
	if (is->qresync && is->vanished_told && is->command && is->command->run == imap_cmd_expunge && !is->gone.n)
		snprintf(code, sizeof code, "HIGHESTMODSEQ %llu", (unsigned long long)is->modseq);
	va_start(ap, fmt);
	enum step r = reply(is, "OK", code[0] ? code : NULL, fmt, ap);
	va_end(ap);
	return r;
}

enum step imap_no(struct imap_session *is, const char *code, const char *fmt, ...) {
	va_list ap;
	tell_changes(is);
	va_start(ap, fmt);
	enum step r = reply(is, "NO", code, fmt, ap);
	va_end(ap);
	return r;
}

enum step imap_bad(struct imap_session *is, const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	enum step r = reply(is, "BAD", NULL, fmt, ap);
	va_end(ap);
	stat_add(STAT_bad_commands, 1);
	if (++is->s.bad_commands < is->s.config->bad_commands)
		return r;
	imap_bye(is, "too many bad commands");
	return STEP_CLOSE;
}

static const struct { enum err err; const char *code; } fail_codes[] = {
	{ ERR_NOTFOUND, "NONEXISTENT" }, { ERR_EXISTS, "ALREADYEXISTS" }, { ERR_DENIED, "NOPERM" }, { ERR_LOGIN, "NOPERM" },
	{ ERR_INVALID, "CANNOT" }, { ERR_SYNTAX, "CLIENTBUG" }, { ERR_LIMIT, "LIMIT" }, { ERR_TOOBIG, "TOOBIG" },
	{ ERR_BUSY, "INUSE" }, { ERR_GONE, "EXPUNGEISSUED" }, { ERR_UNAVAILABLE, "UNAVAILABLE" },
	{ ERR_CORRUPT, "CORRUPTION" }, { ERR_QUOTA, "OVERQUOTA" },
};

enum step imap_fail(struct imap_session *is, const struct fail *f) {
	const char *code = "SERVERBUG";
	for (size_t i = 0; i < sizeof fail_codes / sizeof *fail_codes; i++)
		if (fail_codes[i].err == f->code)
			code = fail_codes[i].code;
	return imap_no(is, code, "%s", f->text[0] ? f->text : "refused");
}

enum step imap_unavailable(struct imap_session *is) {
	return imap_no(is, "UNAVAILABLE", "the store cannot be read now, try again later");
}

enum step imap_no_mailbox(struct imap_session *is) {
	return imap_no(is, "NONEXISTENT", "no such mailbox");
}

enum step imap_bad_arguments(struct imap_session *is) {
	return imap_bad(is, "arguments of %s not understood", is->command->name);
}

void imap_bye(struct imap_session *is, const char *text) {
	buf_addf(session_out(&is->s), "* BYE %s\r\n", text);
}

void imap_add_capabilities(struct imap_session *is, struct buf *out) {
	buf_adds(out, "CAPABILITY IMAP4rev1 IMAP4rev2 LITERAL+ SASL-IR ID ENABLE");
	if (is->state == IMAP_STRANGER) {
		if (!conn_is_tls(is->s.conn) && is->s.config->tls)
			buf_adds(out, " STARTTLS");
		if (!session_may_login(&is->s))
			buf_adds(out, " LOGINDISABLED");
		sasl_mechanisms(&is->s, 0, " AUTH=", out);
		return;
	}
	buf_adds(out, " NAMESPACE IDLE UNSELECT UIDPLUS ESEARCH CHILDREN LIST-EXTENDED LIST-STATUS STATUS=SIZE"
		" CONDSTORE QRESYNC SEARCHRES WITHIN PARTIAL"
		" SORT SORT=DISPLAY THREAD=ORDEREDSUBJECT THREAD=REFERENCES I18NLEVEL=1"
		" BINARY PREVIEW SAVEDATE OBJECTID"
		" SPECIAL-USE MOVE ACL RIGHTS=kxte METADATA LIST-METADATA QUOTA QUOTA=RES-STORAGE QUOTA=RES-MESSAGE"
		" CREATE-SPECIAL-USE MULTIAPPEND NOTIFY REPLACE UTF8=ACCEPT");
	if (!conn_is_deflate(is->s.conn))
		buf_adds(out, " COMPRESS=DEFLATE");
}
