/* fetch_conn.c - lines over a blocking socket. What the other side sends is bounded everywhere: a line by
 * LINE_MAX_OCTETS, an article by ARTICLE_MAX, silence by SECONDS. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>
#include "forumd/base/clock.h"
#include "gateways/fetch/fetch.h"

#define SECONDS 60              /* of silence; and for one line, so that nobody drips */
#define TEXT_SECONDS 900        /* for an article */
#define LINE_MAX_OCTETS (64 * 1024)
#define ARTICLE_MAX (64u << 20)
#define READ 65536

static int conn_lost(struct fetch_conn *c, const char *why) {
	if (!c->dead)
		snprintf(c->why, sizeof c->why, "%.150s", why);
	c->dead = true;
	return ERR_UNAVAILABLE;
}

static int conn_fill(struct fetch_conn *c) {
	if (c->dead)
		return ERR_UNAVAILABLE;
	char *p = buf_reserve(&c->in, READ);
	ssize_t n;
	do
		n = c->tls ? tls_client_read(c->tls, p, READ) : read(c->fd, p, READ);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return conn_lost(c, n == 0 ? "the connection was closed" : errno == EAGAIN ? "no answer" : strerror(errno));
	buf_commit(&c->in, (size_t)n);
	return 1;
}

/* Octets of the next line with its LF, in c->in; scanning goes on where it stopped */
static int conn_line(struct fetch_conn *c, size_t *n_r) {
	int64_t end = clock_mono_ms() + SECONDS * 1000;
	size_t seen = 0;
	for (;;) {
		const char *lf = memchr(buf_bytes(&c->in) ? buf_bytes(&c->in) + seen : "", '\n', buf_len(&c->in) - seen);
		if (lf) {
			*n_r = (size_t)(lf - buf_bytes(&c->in)) + 1;
			return 1;
		}
		seen = buf_len(&c->in);
		if (seen > LINE_MAX_OCTETS)
			return conn_lost(c, "a line is too long");
		if (clock_mono_ms() > end)
			return conn_lost(c, "a line takes too long");
		int r = conn_fill(c);
		if (r < 0)
			return r;
	}
}

static int conn_take_line(struct fetch_conn *c) {
	size_t n;
	int r = conn_line(c, &n);
	if (r < 0)
		return r;
	struct slice s = slice_to(buf_slice(&c->in), n - 1);
	if (s.n && s.p[s.n - 1] == '\r')
		s.n--;
	buf_reset(&c->line);
	buf_add_slice(&c->line, s);
	buf_consume(&c->in, n);
	return 1;
}

int fetch_answer(struct fetch_conn *c) {
	int r = conn_take_line(c);
	if (r < 0)
		return r;
	const char *p = buf_bytes(&c->line);
	if (buf_len(&c->line) < 3 || p[0] < '1' || p[0] > '5' || p[1] < '0' || p[1] > '9' || p[2] < '0' || p[2] > '9')
		return conn_lost(c, "what came is no answer");
	return (p[0] - '0') * 100 + (p[1] - '0') * 10 + (p[2] - '0');
}

int fetch_send(struct fetch_conn *c, struct slice s) {
	while (s.n && !c->dead) {
		ssize_t n = c->tls ? tls_client_write(c->tls, s.p, s.n) : send(c->fd, s.p, s.n, MSG_NOSIGNAL);
		if (n < 0 && !c->tls && errno == EINTR)
			continue;
		if (n <= 0)
			return conn_lost(c, "cannot send");
		s = slice_from(s, (size_t)n);
	}
	return c->dead ? ERR_UNAVAILABLE : 1;
}

int fetch_command(struct fetch_conn *c, const char *fmt, ...) {
	struct buf b = { 0 };
	va_list ap;
	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	buf_adds(&b, "\r\n");
	int r = fetch_send(c, buf_slice(&b));
	buf_free(&b);
	return r < 0 ? r : fetch_answer(c);
}

int fetch_text_line(struct fetch_conn *c) {
	int r = conn_take_line(c);
	if (r < 0)
		return r;
	if (slice_is(buf_slice(&c->line), "."))
		return 0;
	if (buf_len(&c->line) && buf_bytes(&c->line)[0] == '.')
		buf_consume(&c->line, 1);
	return 1;
}

int fetch_article(struct fetch_conn *c, struct buf *out) {
	int64_t deadline = clock_mono_ms() + TEXT_SECONDS * 1000;
	bool good = true;
	buf_reset(out);
	for (;;) {
		size_t n;
		int r = conn_line(c, &n);
		if (r < 0)
			return r;
		if (clock_mono_ms() > deadline)
			return conn_lost(c, "an article takes too long");
		struct slice line = slice_to(buf_slice(&c->in), n);
		/* only CRLF ends lines: a bare LF would end the text here and not at the next reader */
		good &= n >= 2 && line.p[n - 2] == '\r';
		bool end = slice_is(line, ".\r\n") || slice_is(line, ".\n");
		if (good)
			buf_add_slice(out, line);
		buf_consume(&c->in, n);
		if (buf_len(out) > ARTICLE_MAX) {
			good = false;
			buf_reset(out);
		}
		if (end)
			return good;
	}
}

static int conn_socket(const char *host, unsigned port, char why[160]) {
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV }, *all, *a;
	struct timeval limit = { .tv_sec = SECONDS };
	char service[8];
	int fd = -1;
	snprintf(service, sizeof service, "%u", port);
	int e = getaddrinfo(host, service, &hints, &all);
	if (e) {
		snprintf(why, 160, "%.80s: %.70s", host, gai_strerror(e));
		return -1;
	}
	for (a = all; a && fd < 0; a = a->ai_next) {
		fd = socket(a->ai_family, a->ai_socktype | SOCK_CLOEXEC, a->ai_protocol);
		if (fd < 0)
			continue;
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);     /* of connect(), too */
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
		if (connect(fd, a->ai_addr, a->ai_addrlen) == 0)
			break;
		snprintf(why, 160, "%.80s port %u: %.50s", host, port, strerror(errno));
		close(fd);
		fd = -1;
	}
	freeaddrinfo(all);
	return fd;
}

int fetch_connect(struct fetch_conn *c, const char *host, unsigned port, bool tls) {
	struct fail f = { 0 };
	*c = (struct fetch_conn){ .fd = -1 };
	c->fd = conn_socket(host, port, c->why);
	if (c->fd < 0) {
		c->dead = true;
		return ERR_UNAVAILABLE;
	}
	if (tls && tls_client_new(c->fd, host, &c->tls, &f) < 0)
		return conn_lost(c, f.text);
	return 1;
}

int fetch_line(struct fetch_conn *c) {
	return conn_take_line(c);
}

int fetch_octets(struct fetch_conn *c, size_t n, struct buf *out) {
	if (n > ARTICLE_MAX)
		return conn_lost(c, "a mail is too big");
	while (buf_len(&c->in) < n) {
		int r = conn_fill(c);
		if (r < 0)
			return r;
	}
	buf_add_slice(out, slice_to(buf_slice(&c->in), n));
	buf_consume(&c->in, n);
	return 1;
}

bool fetch_wait(struct fetch_conn *c, unsigned seconds) {
	struct pollfd p = { .fd = c->fd, .events = POLLIN };
	return buf_len(&c->in) || c->dead || poll(&p, 1, (int)seconds * 1000) > 0;
}

int fetch_open(struct fetch_conn *c, const char *host, unsigned port, bool tls) {
	int r = fetch_connect(c, host, port, tls);
	if (r < 0)
		return r;
	int code = fetch_answer(c);
	if (code == 200 || code == 201)
		return 1;
	return code < 0 ? code : conn_lost(c, buf_bytes(&c->line));
}

void fetch_close(struct fetch_conn *c) {
	tls_client_free(&c->tls);
	if (c->fd >= 0)
		close(c->fd);
	buf_free(&c->in);
	buf_free(&c->line);
	*c = (struct fetch_conn){ .fd = -1, .dead = true };
}
