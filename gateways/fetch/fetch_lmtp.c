/* fetch_lmtp.c - a fetched mail goes the way every mail goes in: LMTP to forumd, one answer for each recipient. The
 * recipients are the addresses of ours that the mailbox's server or the sender named: Delivered-To and its like first,
 * else To and Cc. A mail without Message-ID gets one made of its place in the mailbox, so that a second delivery after
 * a crash is known as such.
 *
 * Authentication-Results that stand in a mail are anybody's: the LMTP listener believes a name that its own server in
 * front guards, and this mail came round that server. Only those of the mailbox's server (trust_authserv of the
 * section) stay. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "forumd/base/text.h"
#include "gateways/fetch/fetch.h"

#define RCPT_MAX 20

struct envelope { struct buf sender; char rcpt[RCPT_MAX][256]; unsigned n; bool has_id; };

static bool address_char(char c) {
	return text_alpha(c) || text_digit(c) || (c && strchr(".-+_=@", c));
}

static void add_rcpt(struct envelope *e, struct slice a) {
	if (a.n > 250 || e->n == RCPT_MAX)
		return;
	for (unsigned i = 0; i < e->n; i++)
		if (slice_is_nocase(a, e->rcpt[i]))
			return;
	slice_cstr(a, e->rcpt[e->n++], sizeof e->rcpt[0]);
}

/* every "local@domain" of that domain in a field */
static void find_ours(struct envelope *e, struct slice value, const char *domain) {
	size_t start = 0;
	for (size_t i = 0; i <= value.n; i++) {
		if (i < value.n && address_char(value.p[i]))
			continue;
		struct slice a = slice_sub(value, start, i - start);
		ptrdiff_t at = slice_rchr(a, '@');
		if (at > 0 && slice_is_nocase(slice_from(a, (size_t)at + 1), domain) && slice_chr(a, '@') == at)
			add_rcpt(e, a);
		start = i + 1;
	}
}

/* the n-th field of a name, folded; false when there is none */
static bool field(struct slice mail, const char *name, unsigned n, struct slice *value_r) {
	struct slice rest = mail, line;
	size_t len = strlen(name);
	while (slice_line(&rest, &line) && line.n) {
		if (line.n <= len || line.p[len] != ':' || !slice_is_nocase(slice_to(line, len), name) || n--)
			continue;
		const char *from = line.p + len + 1, *end = line.p + line.n;
		while (rest.n && text_space(rest.p[0]) && slice_line(&rest, &line))
			end = line.p + line.n;
		*value_r = slice_trim(slice_of(from, (size_t)(end - from)));
		return true;
	}
	return false;
}

static void read_envelope(const struct fetch_box *b, struct slice mail, struct envelope *e) {
	static const char *const first[] = { "Delivered-To", "X-Original-To", "Envelope-To" };
	static const char *const then[] = { "To", "Cc" };
	struct slice v;
	for (unsigned i = 0; i < 3; i++)
		for (unsigned n = 0; n < 10 && field(mail, first[i], n, &v); n++)
			find_ours(e, v, b->domain);
	for (unsigned i = 0; i < 2 && !e->n; i++)
		for (unsigned n = 0; n < 10 && field(mail, then[i], n, &v); n++)
			find_ours(e, v, b->domain);
	if (!e->n && strcmp(b->group, "-") != 0)
		snprintf(e->rcpt[e->n++], sizeof e->rcpt[0], "%.200s@%.50s", b->group, b->domain);
	e->has_id = field(mail, "Message-ID", 0, &v) && v.n > 2;
	/* without Return-Path the sender is not known, and From does: only a null one says "automatic" */
	if (!field(mail, "Return-Path", 0, &v) && !field(mail, "From", 0, &v))
		v = slice_of("", 0);
	ptrdiff_t open = slice_rchr(v, '<'), close = slice_rchr(v, '>');
	if (open >= 0 && close > open)
		v = slice_sub(v, (size_t)open + 1, (size_t)(close - open) - 1);
	for (size_t i = 0; i < v.n; i++)
		if (!address_char(v.p[i]))
			v.n = 0;
	buf_add_slice(&e->sender, v);
}

/* one answer, all its lines */
static int answer(struct fetch_conn *c) {
	int code;
	do
		code = fetch_answer(c);
	while (code > 0 && buf_len(&c->line) > 3 && buf_bytes(&c->line)[3] == '-');
	return code;
}

static int say(struct fetch_conn *c, const char *text) {
	int r = fetch_send(c, slice_str(text));
	return r < 0 ? r : answer(c);
}

static int open_lmtp(const struct fetch_box *b, struct fetch_conn *c) {
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 120 };
	if (strcmp(b->lmtp_path, "-") == 0) {
		const char *host = strcmp(b->lmtp_address, "*") == 0 ? "127.0.0.1" : b->lmtp_address;
		return b->lmtp_port ? fetch_connect(c, host, b->lmtp_port, false) : ERR_NOTFOUND;
	}
	*c = (struct fetch_conn){ .fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0) };
	snprintf(un.sun_path, sizeof un.sun_path, "%s", b->lmtp_path);
	setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
	return connect(c->fd, (struct sockaddr *)&un, sizeof un) == 0 ? 1 : ERR_UNAVAILABLE;
}

/* Does an Authentication-Results begin here (with that line) that is not, plainly, one of the mailbox's server? */
static bool others_results(const struct fetch_box *b, struct slice s, struct slice line) {
	ptrdiff_t colon = slice_chr(line, ':');
	size_t n = strlen(b->trust);
	if (colon < 0 || !slice_is_nocase(slice_trim(slice_to(s, (size_t)colon)), "authentication-results"))
		return false;
	s = slice_from(s, (size_t)colon + 1);
	while (s.n && (text_space(s.p[0]) || s.p[0] == '\n'))
		s = slice_from(s, 1);
	return !slice_starts_nocase(s, slice_str(b->trust)) || s.n == n || !s.p[n] || !strchr("; \t\n", s.p[n]);
}

/* only LF ends lines, and no CR is left that somebody else could take for an end */
static void clean(struct slice mail, struct buf *out) {
	struct slice line;
	while (slice_line(&mail, &line)) {
		for (size_t i = 0; i < line.n; i++)
			buf_addc(out, line.p[i] == '\r' ? ' ' : line.p[i]);
		buf_addc(out, '\n');
	}
}

/* only CRLF ends lines, dots stuffed, without results of others */
static void stuff(const struct fetch_box *b, const char *id, bool has_id, struct slice mail, struct buf *out) {
	struct slice rest, line;
	struct buf text = { 0 };
	bool header = true, drop = false;
	clean(mail, &text);
	if (!has_id)
		buf_addf(out, "Message-ID: <%s@%s>\r\n", id, b->domain);
	rest = buf_slice(&text);
	for (struct slice at = rest; slice_line(&rest, &line); at = rest) {
		header = header && line.n;
		if (!header)
			drop = false;
		else if (!text_space(line.p[0]))
			drop = others_results(b, at, line);
		if (drop)
			continue;
		if (line.n && line.p[0] == '.')
			buf_addc(out, '.');
		buf_add_slice(out, line);
		buf_adds(out, "\r\n");
	}
	buf_adds(out, ".\r\n");
	buf_free(&text);
}

static int talk(const struct fetch_box *box, struct fetch_conn *c, struct envelope *e, const char *id,
	struct slice mail, char why[200]) {
	struct buf b = { 0 };
	unsigned taken = 0, good = 0, later = 0;
	int code = answer(c);
	if (code == 220)
		code = say(c, "LHLO forumd-fetch\r\n");
	if (code != 250)
		return ERR_UNAVAILABLE;
	buf_addf(&b, "MAIL FROM:<%.*s>\r\n", SLICE_ARG(buf_slice(&e->sender)));
	code = say(c, buf_bytes(&b));
	for (unsigned i = 0; i < e->n && code > 0; i++) {
		buf_reset(&b);
		buf_addf(&b, "RCPT TO:<%s>\r\n", e->rcpt[i]);
		code = say(c, buf_bytes(&b));
		taken += code / 100 == 2;
		later += code / 100 == 4;
		if (code / 100 != 2)
			snprintf(why, 200, "%.199s", buf_bytes(&c->line));
	}
	if (taken && (code = say(c, "DATA\r\n")) == 354) {
		buf_reset(&b);
		stuff(box, id, e->has_id, mail, &b);
		code = fetch_send(c, buf_slice(&b));
		for (unsigned i = 0; i < taken && code > 0; i++) {
			code = answer(c);
			good += code / 100 == 2;
			later += code / 100 == 4;
			if (code > 0 && code / 100 != 2)
				snprintf(why, 200, "%.199s", buf_bytes(&c->line));
		}
	}
	buf_free(&b);
	/* a second try delivers to those who have it already: "there already" */
	return code <= 0 || later ? ERR_UNAVAILABLE : good > 0;
}

int fetch_lmtp_deliver(const struct fetch_box *b, const char *id, struct slice mail, char why[200]) {
	struct fetch_conn c = { .fd = -1 };
	struct envelope e = { .n = 0 };
	int r;
	snprintf(why, 200, "forumd takes no mail by LMTP");
	read_envelope(b, mail, &e);
	if (!e.n) {
		snprintf(why, 200, "it names no address at %.100s", b->domain);
		r = 0;
	} else if ((r = open_lmtp(b, &c)) > 0) {
		r = talk(b, &c, &e, id, mail, why);
	}
	fetch_close(&c);
	buf_free(&e.sender);
	return r;
}
