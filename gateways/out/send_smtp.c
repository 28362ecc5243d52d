/* send_smtp.c - libetpan's SMTP client over a link of ours. One connection serves many mails, RSET after a refusal, at
 * most SEND_MAILS_PER_CONNECTION; a connection that died while idle is opened again once before the mail is given back.
 * What a failure means depends on where it happens: only RCPT and the end of the text speak about this mail. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>
#include <libetpan/libetpan.h>
#include "gateways/out/send.h"

static struct {
	struct send_link *link;
	mailsmtp *smtp;
	unsigned mails;
	bool no_tls;           /* opportunistic TLS failed before: go without */
} c;

static void disconnect(bool polite) {
	if (c.smtp) {
		/* mailsmtp_quit() closes the stream, polite or not; without a stream mailsmtp_free() would say it again */
		if (polite && c.smtp->stream)
			mailsmtp_quit(c.smtp);
		if (c.smtp->stream) {
			mailstream_close(c.smtp->stream);
			c.smtp->stream = NULL;
		}
		mailsmtp_free(c.smtp);
		c.smtp = NULL;
	}
	send_link_close(&c.link);
	c.mails = 0;
}

/* what the server said, or why there is nothing, as one line */
static void say(struct buf *text, const char *what) {
	const char *r = c.smtp && c.smtp->response ? c.smtp->response : "";

	buf_addf(text, "%s: ", what);
	if (c.smtp && c.smtp->response_code)
		buf_addf(text, "%d ", c.smtp->response_code);
	if (!*r)
		buf_adds(text, "no answer");
	for (; *r && text->used < SEND_TEXT_MAX; r++)
		buf_addc(text, *r == '\r' || *r == '\n' ? ' ' : *r);
}

static bool fail(struct buf *text, const char *what) {
	if (what)
		say(text, what);
	disconnect(false);
	return false;
}

static int hello(void) {
	int r;

	c.smtp->esmtp = 0;
	c.smtp->auth = 0;
	r = mailesmtp_ehlo(c.smtp);
	if (r != MAILSMTP_NO_ERROR && r != MAILSMTP_ERROR_STREAM) {
		c.smtp->esmtp = 0;
		r = mailsmtp_helo(c.smtp);
	}
	c.smtp->esmtp &= ~MAILSMTP_ESMTP_DSN;   /* the item is ours to watch, by VERP */
	return r;
}

/* "smtp://host:port", "smtp://[::1]:port" */
static bool split_url(const char *url, char *host, size_t size, char port[8], bool *tls_r) {
	struct slice s = slice_str(url), h;
	ptrdiff_t colon;

	*tls_r = slice_starts(s, SLICE("smtps://"));
	if (!*tls_r && !slice_starts(s, SLICE("smtp://")))
		return false;
	s = slice_from(s, *tls_r ? 8 : 7);
	if (slice_ends(s, SLICE("/")))
		s.n--;
	colon = slice_rchr(s, ':');
	if (colon >= 0 && slice_rchr(s, ']') > colon)
		colon = -1;
	h = colon < 0 ? s : slice_to(s, (size_t)colon);
	if (h.n > 2 && h.p[0] == '[' && h.p[h.n - 1] == ']')
		h = slice_sub(h, 1, h.n - 2);
	return h.n && slice_cstr(h, host, size)
		&& slice_cstr(colon < 0 ? slice_str(*tls_r ? "465" : "25") : slice_from(s, (size_t)colon + 1), port, 8);
}

static bool start_tls(const char *host, bool must, bool verify, struct buf *text) {
	if (!(c.smtp->esmtp & MAILSMTP_ESMTP_STARTTLS))
		return must ? fail(text, "the smarthost offers no STARTTLS") : true;
	if (mailesmtp_starttls(c.smtp) != MAILSMTP_NO_ERROR)
		return must ? fail(text, "STARTTLS") : true;
	if (c.smtp->stream->read_buffer_len)   /* said before the handshake: not from whom TLS will prove */
		return fail(text, "octets injected behind STARTTLS");
	if (!send_link_start_tls(c.link, host, verify, text)) {
		c.no_tls = !must;
		return fail(text, NULL);
	}
	return hello() == MAILSMTP_NO_ERROR ? true : fail(text, "EHLO");
}

/* the file's first line; the caller wipes it */
static bool read_password(const char *file, char *out, size_t size) {
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	out[n] = 0;
	out[strcspn(out, "\r\n")] = 0;
	return true;
}

static bool login(const struct send_options *o, struct buf *text) {
	char password[1024];
	int r;

	if (!send_link_is_private(c.link)) {
		buf_adds(text, "no password goes to the smarthost without TLS");
		return fail(text, NULL);
	}
	if (!read_password(o->password_file, password, sizeof password)) {
		buf_addf(text, "%s: %s", o->password_file, strerror(errno));
		return fail(text, NULL);
	}
	r = mailsmtp_auth_type(c.smtp, o->user, password, c.smtp->auth & MAILSMTP_AUTH_PLAIN
		? MAILSMTP_AUTH_PLAIN : MAILSMTP_AUTH_LOGIN);
	explicit_bzero(password, sizeof password);
	return r == MAILSMTP_NO_ERROR ? true : fail(text, "AUTH");
}

static bool connect_smarthost(const struct send_options *o, struct buf *text) {
	char host[256], port[8];
	bool implicit, verify = !strcmp(o->tls, "verify"), none = !strcmp(o->tls, "none"),
				   must = verify || !strcmp(o->tls, "encrypt");
	struct _mailstream *s;

	if (!split_url(o->transport, host, sizeof host, port, &implicit)) {
		buf_adds(text, "bad transport");
		return false;
	}
	c.link = send_link_open(host, port, text);
	if (!c.link)
		return false;
	if (implicit && !send_link_start_tls(c.link, host, verify, text))
		return fail(text, NULL);
	c.smtp = mailsmtp_new(0, NULL);
	s = send_link_stream(c.link);
	if (!c.smtp || !s)
		return fail(text, "out of memory");
	if (mailsmtp_connect(c.smtp, s) != MAILSMTP_NO_ERROR)   /* closes the stream itself then */
		return fail(text, "greeting");
	if (hello() != MAILSMTP_NO_ERROR)
		return fail(text, "EHLO");
	if (!implicit && !none && !(c.no_tls && !must) && !start_tls(host, must, verify, text))
		return false;
	return *o->user ? login(o, text) : true;
}

static int code(void) {
	return c.smtp->response_code;
}

static bool lost(int e) {
	return e == MAILSMTP_ERROR_STREAM || code() == 421 || !code();
}

/* 1 sent to the end; 0 the connection is of no use; ASKED the same, but it was asked about this recipient or mail; -1
 * answered: *class_r; -2 lost with the mail on its way */
enum { ASKED = 2 };

/* ---- the envelope: one round trip where the server can (RFC 2920), else three ---- */

/* one reply, where libetpan keeps its own; bounded by the link (SEND_REPLY_MAX), their number here. Its code, 0 at the end. */
static int read_reply(void) {
	struct buf b = { 0 };
	int value = 0;

	for (int lines = 0; lines < 100; lines++) {
		char *l = mailstream_read_line_remove_eol(c.smtp->stream, c.smtp->line_buffer);
		size_t n = l ? strlen(l) : 0;

		if (n < 3 || l[0] < '2' || l[0] > '5' || l[1] < '0' || l[1] > '9' || l[2] < '0' || l[2] > '9')
			break;
		buf_addf(&b, "%s%.*s", lines ? " " : "", SEND_TEXT_MAX, n > 3 ? l + 4 : "");
		if (n == 3 || l[3] != '-') {
			value = atoi((char[]){ l[0], l[1], l[2], 0 });
			break;
		}
	}
	mmap_string_assign(c.smtp->response_buffer, buf_len(&b) ? buf_bytes(&b) : "");
	c.smtp->response = c.smtp->response_buffer->str;
	buf_free(&b);
	return c.smtp->response_code = value;
}

/* A server that says 354 to a mail without recipients gets an empty one (RFC 2920 3.1). */
static bool refuse_data(void) {
	return mailstream_write(c.smtp->stream, ".\r\n", 3) == 3 && mailstream_flush(c.smtp->stream) >= 0 && read_reply();
}

/* Replies to what was sent behind the refusal; its text stays. A server that wants a text though it refused the sender
 * might take an empty mail: that connection is given up. */
static bool skip_replies(int n, struct buf *text, const char *what) {
	int refused = code();
	bool good = true;

	say(text, what);
	while (n-- > 0 && good) {
		good = read_reply() != 0;
		if (n == 0 && good && code() == 354)
			good = strcmp(what, "RCPT") == 0 && refuse_data();
	}
	c.smtp->response_code = good ? refused : 421;   /* 421: nothing more with this connection */
	return good;
}

/* as converse(), up to the text: 1 go on */
static int envelope_at_once(const struct send_request *r, enum send_class *class_r, struct buf *text) {
	struct buf b = { 0 };
	bool sent;

	buf_addf(&b, "MAIL FROM:<%.*s>%s\r\nRCPT TO:<%.*s>\r\nDATA\r\n", SLICE_ARG(r->sender),
		c.smtp->esmtp & MAILSMTP_ESMTP_8BITMIME ? " BODY=8BITMIME" : "", SLICE_ARG(r->recipient));
	sent = mailstream_write(c.smtp->stream, buf_bytes(&b), buf_len(&b)) == (ssize_t)buf_len(&b) &&
		mailstream_flush(c.smtp->stream) >= 0;
	buf_free(&b);
	c.smtp->response_code = 0;
	if (!sent || !read_reply() || code() == 421) {
		say(text, "MAIL");
		return 0;
	}
	*class_r = SEND_SENDER;   /* our trouble, not the recipient's */
	if (code() >= 300) {
		skip_replies(2, text, "MAIL");
		return -1;
	}
	if (!read_reply() || code() == 421) {
		say(text, "RCPT");
		return ASKED;
	}
	if (code() >= 300) {
		*class_r = code() >= 500 ? SEND_NEVER : SEND_LATER;
		skip_replies(1, text, "RCPT");
		return -1;
	}
	if (!read_reply() || code() == 421) {
		say(text, "DATA");
		return ASKED;
	}
	if (code() == 354)
		return 1;
	say(text, "DATA");
	*class_r = code() >= 500 ? SEND_NEVER : SEND_LATER;
	return -1;
}

static int envelope(const struct send_request *r, enum send_class *class_r, struct buf *text) {
	char sender[400], recipient[400];
	int e;

	slice_cstr(r->sender, sender, sizeof sender);
	slice_cstr(r->recipient, recipient, sizeof recipient);
	c.smtp->response_code = 0;
	e = mailesmtp_mail(c.smtp, sender, 0, NULL);
	if (lost(e)) {
		say(text, "MAIL");
		return 0;
	}
	*class_r = SEND_SENDER;   /* our trouble, not the recipient's */
	if (e != MAILSMTP_NO_ERROR) {
		say(text, "MAIL");
		return -1;
	}
	c.smtp->response_code = 0;
	e = mailesmtp_rcpt(c.smtp, recipient, 0, NULL);
	if (e != MAILSMTP_NO_ERROR) {
		say(text, "RCPT");
		if (lost(e))
			return ASKED;
		*class_r = code() >= 500 ? SEND_NEVER : SEND_LATER;
		return -1;
	}
	c.smtp->response_code = 0;
	e = mailsmtp_data(c.smtp);
	if (e == MAILSMTP_NO_ERROR)
		return 1;
	say(text, "DATA");
	if (lost(e))   /* nothing of the text was sent */
		return ASKED;
	*class_r = code() >= 500 ? SEND_NEVER : SEND_LATER;
	return -1;
}

static int converse(const struct send_request *r, enum send_class *class_r, struct buf *text) {
	int e = (c.smtp->esmtp & MAILSMTP_ESMTP_PIPELINING ? envelope_at_once : envelope)(r, class_r, text);
	size_t n = r->message.n;

	if (e != 1)
		return e;
	if (slice_ends(r->message, SLICE("\r\n")))   /* libetpan ends the last line itself */
		n -= 2;
	c.smtp->response_code = 0;
	if (mailsmtp_data_message(c.smtp, r->message.p, n) == MAILSMTP_NO_ERROR) {
		*class_r = SEND_DONE;
		say(text, "sent");
		return 1;
	}
	say(text, "DATA");
	*class_r = SEND_LATER;
	if (code() >= 500)
		*class_r = SEND_NEVER;
	return code() ? -1 : -2;   /* -2: lost with the mail on its way; later, because nobody knows */
}

enum send_class send_smtp(const struct send_options *o, const struct send_request *r, struct buf *text) {
	enum send_class class = SEND_LATER;

	for (int try = 0; try < 2; try++) {
		bool fresh = !c.smtp;
		int e;

		buf_reset(text);
		if (fresh && !connect_smarthost(o, text))
			return SEND_DOWN;
		e = converse(r, &class, text);
		if (e == 0 || e == ASKED) {
			disconnect(false);
			/* a recipient that makes it hang up must not stop all others */
			if (fresh)
				return e == ASKED ? SEND_LATER : SEND_DOWN;
			continue;   /* it had died while idle, or said 421 after many mails */
		}
		if (e == -2 || code() == 421)
			disconnect(false);
		else if (++c.mails >= SEND_MAILS_PER_CONNECTION)
			disconnect(true);
		else if (e < 0 && mailsmtp_reset(c.smtp) != MAILSMTP_NO_ERROR)
			disconnect(false);
		return class;
	}
	return SEND_DOWN;
}

void send_smtp_idle(void) {
	disconnect(true);
}
