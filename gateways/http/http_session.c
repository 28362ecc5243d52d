/* http_session.c - requests one after the other; an answer is whole before the next request is looked at. The engine's
 * limit for a first command and for half a command ends clients that dribble. */
#include "gateways/http/http_private.h"

static void http_start(struct session *s) {
	conn_set_timeout(s->conn, HTTP_IDLE_MS);
	conn_set_input_limit(s->conn, HTTP_HEADER_MAX + HTTP_BODY_MAX + 1024);
}

static enum step http_input(struct session *s) {
	struct http_session *h = http_of(s);
	struct buf *in = conn_input(s->conn);
	struct http_request r;
	int e = http_parse(buf_slice(in), &h->seen, &r);
	enum step step;

	h->head = r.method == HTTP_HEAD;
	h->keep = e > 0 && r.keep;
	if (e < 0) {
		session_log(s, "http %d", -e);
		http_error(h, -e);
		return STEP_CLOSE;
	}
	if (e == 0) {
		if (r.expect && !h->told_continue) {
			buf_adds(session_out(s), "HTTP/1.1 100 Continue\r\n\r\n");
			h->told_continue = true;
		}
		return STEP_INPUT;
	}
	step = http_run(h, &r);
	session_log(s, "http %s /%.*s", r.method == HTTP_POST ? "POST" : r.method == HTTP_HEAD ? "HEAD" : "GET",
		SLICE_ARG(slice_starts(r.path, SLICE("/u/")) ? SLICE("u") : SLICE("other")));
	buf_consume(in, r.header_size + r.body_size);
	h->seen = 0;
	h->told_continue = false;
	return step;
}

static void http_change(struct session *s, const struct change *c) {
	(void)s, (void)c;   /* nothing is remembered between two requests */
}

static void http_timeout(struct session *s, bool login) {
	struct http_session *h = http_of(s);

	(void)login;
	if (buf_len(conn_input(s->conn))) {
		h->keep = h->head = false;
		http_error(h, 408);
	}
}

static void http_shed(struct buf *out) {
	buf_adds(out,
		"HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 60\r\nConnection: close\r\n\r\n");
}

const struct session_ops http_ops = {
	.protocol = "http", .size = sizeof(struct http_session), .start = http_start, .input = http_input,
	.job_done = http_job_done, .change = http_change, .timeout = http_timeout, .shed = http_shed,
};
