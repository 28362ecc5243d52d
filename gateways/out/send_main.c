/* forumd-send - hands mail to the smarthost. Started by forumd's launcher as
 *	forumd-send TRANSPORT TLS USER PASSWORD-FILE
 * with a socket as descriptor 0: requests come in, answers go out (send_wire.h), one mail after the other. It ends when
 * the other side is gone; before each mail it looks whether that is so, because whoever comes next will send again what
 * was not answered. Signals for the daemon's process group are the daemon's business. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include "gateways/out/send.h"

#define IDLE_MS 20000

static bool write_all(struct slice s) {
	while (s.n) {
		ssize_t n = send(0, s.p, s.n, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		s = slice_from(s, (size_t)n);
	}
	return true;
}

static bool peer_is_gone(void) {
	struct pollfd p = { 0, 0, 0 };

	return poll(&p, 1, 0) > 0 && (p.revents & (POLLHUP | POLLERR));
}

static bool serve(const struct send_options *o, send_fn fn, const struct send_request *r) {
	struct buf text = { 0 }, out = { 0 };
	struct send_answer a = { .id = r->id };
	bool good;

	if ((r->sender.n && !send_wire_address(r->sender)) || !send_wire_address(r->recipient)) {
		a.class = SEND_NEVER;
		buf_adds(&text, "bad address");
	} else {
		a.class = fn(o, r, &text);
	}
	a.text = slice_trim(buf_slice(&text));
	send_wire_add_answer(&out, &a);
	good = write_all(buf_slice(&out));
	buf_free(&text);
	buf_free(&out);
	return good;
}

/* more input; false at the end */
static bool fill(struct buf *in) {
	struct pollfd p = { 0, POLLIN, 0 };
	ssize_t n;

	while ((n = poll(&p, 1, IDLE_MS)) <= 0) {
		if (n < 0 && errno != EINTR)
			return false;
		if (n == 0) {
			send_smtp_idle();
			buf_shrink(in, 65536);
		}
	}
	do
		n = read(0, buf_reserve(in, 65536), 65536);
	while (n < 0 && errno == EINTR);
	if (n <= 0)
		return false;
	buf_commit(in, (size_t)n);
	return true;
}

static int run(const struct send_options *o, send_fn fn) {
	struct buf in = { 0 };
	struct send_request r;
	size_t size;

	for (;;) {
		int e = send_wire_take_request(&in, &r, &size);

		if (e < 0)
			return 1;
		if (e == 0 && !fill(&in))
			break;
		if (e == 0)
			continue;
		if (peer_is_gone() || !serve(o, fn, &r))
			break;
		buf_consume(&in, size);
	}
	send_smtp_idle();
	buf_free(&in);
	return 0;
}

int main(int argc, char **argv) {
	struct rlimit none = { 0, 0 }, files = { 64, 64 };
	struct send_options o;

	if (argc != 5) {
		fputs("forumd-send is started by forumd\n", stderr);
		return 2;
	}
	o = (struct send_options){ argv[1], argv[2], argv[3], argv[4] };
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	setrlimit(RLIMIT_CORE, &none);   /* it may hold a password */
	setrlimit(RLIMIT_NOFILE, &files);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return run(&o, strncmp(o.transport, "maildir:", 8) ? send_smtp : send_maildir);
}
