/* smtp_cmd_data.c - DATA and BDAT: collecting the text. Only CRLF.CRLF ends DATA; a bare CR or LF is remembered and the
 * mail refused after its true end, so that no two servers can disagree about where a mail ends. */
#include "gateways/smtp/smtp_private.h"
#include "forumd/base/clock.h"
#include "forumd/base/num.h"

/* what both refuse before the first octet; STEP_DONE also means refused: *ok_r tells */
static enum step check_sequence(struct session *s, bool *ok_r) {
	struct smtp_session *m = smtp_of(s);

	*ok_r = false;
	if (!m->in_mail)
		return smtp_reply_bad(s, SMTP_BAD_SEQUENCE, "MAIL first");
	if (!m->rcpt.n)
		return smtp_reply_bad(s, m->lmtp ? SMTP_BAD_SEQUENCE : SMTP_NO_RCPT, "no valid recipients");
	*ok_r = true;
	return STEP_DONE;
}

static enum step refuse_content(struct smtp_session *m, enum smtp_code c, const char *text) {
	size_t n = m->lmtp ? m->rcpt.n : 1;   /* RFC 2033 4.2: one reply for each accepted recipient */

	session_log(&m->s, "smtp data refused why=\"%s\"", text);
	for (size_t i = 0; i < n; i++)
		smtp_reply(&m->s, c, text);
	smtp_mail_reset(m);
	return STEP_DONE;
}

/* the text is whole: line ends and NULs, then delivery */
static enum step finish(struct smtp_session *m, bool bare, bool nul, bool too_big) {
	if (too_big)
		return refuse_content(m, SMTP_TOO_BIG, "message too big");
	if (bare)
		return refuse_content(m, SMTP_BAD_CONTENT, "bare CR or LF in the mail: lines end with CRLF");
	if (nul)
		return refuse_content(m, SMTP_BAD_CONTENT, "NUL in the mail");
	return smtp_check(m);
}

enum step smtp_cmd_data(struct session *s, struct slice *args, unsigned n) {
	struct smtp_session *m = smtp_of(s);
	bool ok;
	enum step r = check_sequence(s, &ok);

	(void)args, (void)n;
	if (!ok)
		return r;
	if (m->bdat_seen)
		return smtp_reply_bad(s, SMTP_BAD_SEQUENCE, "BDAT has begun");
	memset(&m->dotted, 0, sizeof m->dotted);
	m->dotted.max = s->config->message_size;
	m->collecting = true;
	m->collect_start = clock_mono_ms();
	smtp_reply(s, SMTP_GO_AHEAD, NULL);
	return STEP_DONE;
}

/* a text that dribbles in holds memory for nothing */
static bool too_slow(const struct smtp_session *m) {
	int64_t ms = clock_mono_ms() - m->collect_start;

	return ms > SMTP_SLOW_MS && (int64_t)buf_len(&m->data) < ms / 1000 * SMTP_RATE_MIN;
}

static enum step need_more(struct smtp_session *m) {
	if (!too_slow(m) || m->dotted.too_big)
		return STEP_INPUT;
	smtp_reply(&m->s, SMTP_TIMEOUT, "too slow");
	return STEP_CLOSE;
}

enum step smtp_data_collect(struct smtp_session *m) {
	if (!dotted_collect(&m->dotted, conn_input(m->s.conn), &m->data))
		return need_more(m);
	m->collecting = false;
	return finish(m, m->dotted.bare_cr || m->dotted.bare_lf, m->dotted.nul, m->dotted.too_big);
}

/* RFC 3030: the octets follow in any case, so they are read (and dropped) even when the command is refused. */
enum step smtp_cmd_bdat(struct session *s, struct slice *args, unsigned n) {
	struct smtp_session *m = smtp_of(s);
	uint64_t size;

	if (!num_parse_u64(args[0], &size) || (n == 2 && !slice_is_nocase(args[1], "LAST"))) {
		smtp_reply(s, SMTP_SYNTAX_ARGS, "syntax: BDAT octets [LAST]");
		return STEP_CLOSE;   /* where the next command begins is unknown */
	}
	m->bdat_left = size;
	m->bdat_last = n == 2;
	m->in_bdat = true;
	if (!m->bdat_seen)
		m->collect_start = clock_mono_ms();
	if (!m->in_mail || !m->rcpt.n)
		m->bdat_refused = true;
	else
		m->bdat_seen = true;
	return size ? STEP_DONE : smtp_bdat_collect(m);
}

static enum step bdat_end(struct smtp_session *m) {
	struct slice s;
	bool bare = false, nul = false;

	m->in_bdat = false;
	if (m->bdat_refused) {
		bool ok;
		enum step r;

		m->bdat_refused = false;
		r = check_sequence(&m->s, &ok);
		smtp_mail_reset(m);
		return r;
	}
	if (!m->bdat_last) {
		smtp_reply(&m->s, m->dotted.too_big ? SMTP_TOO_BIG : SMTP_OK_CONTENT, NULL);
		return STEP_DONE;
	}
	s = buf_slice(&m->data);
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\n' && (!i || s.p[i - 1] != '\r'))
			bare = true;
		else if (s.p[i] == '\r' && (i + 1 == s.n || s.p[i + 1] != '\n'))
			bare = true;
		else if (!s.p[i])
			nul = true;
	}
	if (s.n && !slice_ends(s, SLICE("\r\n")))
		buf_add(&m->data, "\r\n", 2);
	return finish(m, bare, nul, m->dotted.too_big);
}

enum step smtp_bdat_collect(struct smtp_session *m) {
	struct buf *in = conn_input(m->s.conn);
	size_t n = buf_len(in);

	if (n > m->bdat_left)
		n = (size_t)m->bdat_left;
	if (buf_len(&m->data) + n > m->s.config->message_size)
		m->dotted.too_big = true;
	if (!m->bdat_refused && !m->dotted.too_big)
		buf_add(&m->data, buf_bytes(in), n);
	buf_consume(in, n);
	m->bdat_left -= n;
	return m->bdat_left ? need_more(m) : bdat_end(m);
}
