/* The way of the octets:
 *
 *	in  <- [inflate <- raw] <- [SSL_read] <- socket        out -> [deflate -> zout] -> [SSL_write] -> socket
 *
 * Everything happens in service(): events, timers and deferred kicks all end there, so that a callback's output goes
 * out with one write, interest in events is set once, and CONN_CLOSED comes at one place. Functions called by the owner
 * only change state and, outside of callbacks, defer a service() to the end of the loop's round. Nothing recurses.
 *
 * Buffers: an idle connection owns none. A read goes into the loop's scratch and `in` points there during the callback;
 * what is left over is copied. Storage of an emptied output goes to the loop's spare one. Interest in EPOLLIN is taken
 * away only when an event comes that is not wanted: pausing costs no system call for a client that waits. */
#include "forumd/net/conn.h"
#include <errno.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "forumd/base/clock.h"
#include "forumd/base/mem.h"
#include "forumd/base/stat.h"
#include "forumd/net/deflate.h"
#include "forumd/net/loop_private.h"
#include "forumd/net/tls_private.h"

#define HIGH_WATER (256 * 1024)
#define LOW_WATER (64 * 1024)
#define STALL_MS (5 * 60 * 1000)      /* output without progress */
#define LINGER_MS 1000                /* after our end wait for theirs, else a reset could eat the last answer */
#define SPARE_MAX (512 * 1024)

struct conn_tls {
	SSL *ssl;
	struct tls_ctx *ctx;          /* waiting to start when ssl is NULL */
	bool handshaking, want_write;
	char text[64];
};
struct conn_z {
	struct inflater *inflater;
	struct buf raw;               /* read, not yet inflated */
	struct buf out;               /* deflated (or older plain) octets for the wire */
	bool more;                    /* the inflater may have more without new input */
};
struct conn {
	struct loop *loop;
	struct loop_watch watch;
	struct loop_timer timer;
	struct loop_task task;
	conn_fn fn;
	void *arg;
	struct buf in, out;
	struct conn_tls *tls;
	struct conn_z *z;
	size_t limit, test_chunk;
	int64_t timeout, last_in, last_out, linger_until;
	/* calling: inside service(). paused: by the owner. full: above high water until below low water.
	 * left: the last flush left something. again, resumed:
	 * the callback is owed. eof: nothing more to read. closing: end after the output. dead: CONN_CLOSED is owed.
	 * gone: freed by the owner inside a callback. scratch: `in` is in the loop's scratch. */
	bool calling, paused, full, left, again, resumed, eof, closing, lingering, dead, closed, gone, scratch;
	struct addr peer;
};

static void service(struct conn *c, bool readable);

/* ---- bookkeeping ---- */

static size_t pending(const struct conn *c) {
	return buf_len(&c->out) + (c->z ? buf_len(&c->z->out) : 0);
}

static bool handshaking(const struct conn *c) {
	return c->tls && c->tls->handshaking;
}

static bool tls_waiting(const struct conn *c) {
	return c->tls && !c->tls->ssl;
}

static bool may_read(const struct conn *c) {
	if (c->eof || c->dead || tls_waiting(c))
		return false;
	if (handshaking(c) || c->lingering)
		return true;
	return !c->paused && !c->full && !c->closing && buf_len(&c->in) < c->limit;
}

static void later(struct conn *c) {
	if (!c->calling)
		loop_defer(c->loop, &c->task);
}

static void in_release(struct conn *c) {
	if (c->scratch)
		memset(&c->in, 0, sizeof c->in);
	else
		buf_free(&c->in);
	c->scratch = false;
}

/* out of the scratch, before it is used again */
static void in_keep(struct conn *c) {
	if (!buf_len(&c->in)) {
		in_release(c);
	} else if (c->scratch) {
		struct slice left = buf_slice(&c->in);
		struct buf own = { 0 };
		buf_add_slice(&own, left);
		c->in = own;
		c->scratch = false;
	} else if (c->in.size > 4096 && c->in.size / 4 > buf_len(&c->in)) {
		buf_shrink(&c->in, 0);            /* inflating reserves more than a lone half command needs */
	}
}

static void spare_take(struct buf *spare, struct buf *b) {
	if (!b->data && spare->data) {
		*b = *spare;
		memset(spare, 0, sizeof *spare);
	}
}

static void spare_give(struct buf *spare, struct buf *b) {
	if (!b->data || buf_len(b))
		return;
	if (!spare->data && b->size <= SPARE_MAX) {
		buf_reset(b);
		*spare = *b;
		memset(b, 0, sizeof *b);
	} else {
		buf_free(b);
	}
}

/* ---- timers ---- */

static int64_t next_due(const struct conn *c) {
	int64_t due = INT64_MAX;
	if (c->timeout)
		due = c->last_in + c->timeout;
	if (pending(c) && c->last_out + STALL_MS < due)
		due = c->last_out + STALL_MS;
	if (c->lingering)
		due = c->linger_until;
	return due;
}

/* The timer is left where it is when the time moves back: it looks again when it fires. */
static void arm(struct conn *c) {
	int64_t due = next_due(c);
	if (due == INT64_MAX || (c->timer.link.next && c->timer.at <= due))
		return;
	loop_timer_set(c->loop, &c->timer, due - loop_now(c->loop));
}

static void on_timer(struct loop_timer *t) {
	struct conn *c = t->arg;
	int64_t now = loop_now(c->loop);
	bool expired = false;
	if (c->lingering && now >= c->linger_until) {
		c->dead = true;
	} else if (pending(c) && now >= c->last_out + STALL_MS) {
		c->dead = true;
	} else if (c->timeout && now >= c->last_in + c->timeout) {
		/* a session that works or whose client reads slowly is not idle */
		expired = !c->paused && !c->full && !c->lingering;
		c->last_in = now;
	}
	if (expired) {
		c->calling = true;
		c->fn(c, CONN_TIMEOUT, c->arg);
		c->calling = false;
	}
	service(c, false);
}

/* ---- the wire ---- */

static size_t capped(const struct conn *c, size_t n) {
	return c->test_chunk && n > c->test_chunk ? c->test_chunk : n;
}

/* > 0 octets, 0 end of file, -1 would block, -2 broken */
static ssize_t tls_result(struct conn *c, int r) {
	if (r > 0)
		return r;
	switch (SSL_get_error(c->tls->ssl, r)) {
	case SSL_ERROR_WANT_READ:
	case SSL_ERROR_WANT_WRITE:
		return -1;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		ERR_clear_error();
		return -2;
	}
}

static ssize_t wire_read(struct conn *c, char *p, size_t n) {
	n = capped(c, n);
	if (c->tls) {
		ERR_clear_error();
		return tls_result(c, SSL_read(c->tls->ssl, p, (int)n));
	}
	ssize_t r = recv(c->watch.fd, p, n, 0);
	return r >= 0 ? r : errno == EAGAIN || errno == EINTR ? -1 : -2;
}

static ssize_t wire_write(struct conn *c, const char *p, size_t n) {
	n = capped(c, n);
	if (c->tls && c->tls->ssl) {
		ERR_clear_error();
		return tls_result(c, SSL_write(c->tls->ssl, p, n > INT32_MAX ? INT32_MAX : (int)n));
	}
	ssize_t r = send(c->watch.fd, p, n, MSG_NOSIGNAL);
	return r >= 0 ? r : errno == EAGAIN || errno == EINTR ? -1 : -2;
}

/* ---- TLS ---- */

static void tls_begin(struct conn *c) {
	struct conn_tls *t = c->tls;
	t->ssl = SSL_new(t->ctx->ssl);
	if (!t->ssl || SSL_set_fd(t->ssl, c->watch.fd) != 1)
		bug("SSL_new: %s", ERR_reason_error_string(ERR_peek_last_error()));
	SSL_set_accept_state(t->ssl);
	t->handshaking = true;
}

static void tls_handshake(struct conn *c) {
	struct conn_tls *t = c->tls;
	ERR_clear_error();
	int r = SSL_do_handshake(t->ssl);
	if (r == 1) {
		t->handshaking = false;
		t->want_write = false;
		snprintf(t->text, sizeof t->text, "%s %s", SSL_get_version(t->ssl), SSL_get_cipher_name(t->ssl));
		return;
	}
	int e = SSL_get_error(t->ssl, r);
	t->want_write = e == SSL_ERROR_WANT_WRITE;
	if (e != SSL_ERROR_WANT_READ && e != SSL_ERROR_WANT_WRITE) {
		ERR_clear_error();
		c->dead = true;
	}
}

/* ---- output ---- */

/* everything in out becomes deflate */
static void deflate_out(struct conn *c) {
	if (!buf_len(&c->out))
		return;
	spare_take(&c->loop->spare_raw, &c->z->out);
	deflate_piece(&c->loop->deflater, buf_slice(&c->out), &c->z->out);
	buf_reset(&c->out);
}

static void write_out(struct conn *c) {
	struct buf *b = c->z ? &c->z->out : &c->out;
	while (buf_len(b)) {
		ssize_t n = wire_write(c, buf_bytes(b), buf_len(b));
		if (n == -1)
			break;
		if (n <= 0) {
			c->dead = true;
			return;
		}
		buf_consume(b, (size_t)n);
		c->last_out = loop_now(c->loop);
		stat_add(STAT_bytes_out, n);
		if (!c->tls && buf_len(b))
			break;                     /* the kernel took what it could */
	}
}

static void flush(struct conn *c) {
	if (c->dead || handshaking(c))
		return;
	if (!pending(c))
		goto empty;
	if (!c->left)
		c->last_out = loop_now(c->loop);      /* the stall clock starts with the output */
	if (pending(c) > HIGH_WATER)
		c->full = true;                       /* the owner has seen it: CONN_DRAINED is owed */
	if (c->z)
		deflate_out(c);
	write_out(c);
	size_t left = pending(c);
	c->left = left > 0;
	if (left < LOW_WATER && c->full) {
		c->full = false;
		c->again = true;
	}
	if (left)
		return;
empty:
	spare_give(&c->loop->spare, &c->out);
	if (c->z)
		spare_give(&c->loop->spare_raw, &c->z->out);
	if (tls_waiting(c))
		tls_begin(c);
}

/* ---- input ---- */

/* one step of inflating; true when `in` got something */
static bool inflate_in(struct conn *c, struct slice wire) {
	struct conn_z *z = c->z;
	size_t before = buf_len(&c->in), room = c->limit > before ? c->limit - before : 0;
	struct slice rest = wire;
	in_keep(c);
	int r = inflater_run(z->inflater, &rest, &c->in, room < LOOP_SCRATCH ? room : LOOP_SCRATCH);
	z->more = r > 0;
	if (r < 0) {
		c->eof = true;                    /* nothing readable can follow; what came before is used */
		rest.n = 0;
	}
	struct buf left = { 0 };
	buf_add_slice(&left, rest);
	buf_free(&z->raw);
	z->raw = left;
	return buf_len(&c->in) > before;
}

static bool z_waiting(const struct conn *c) {
	return c->z && (c->z->more || buf_len(&c->z->raw));
}

/* Fills the scratch as far as TLS has records, else with one read. 0: nothing. */
static size_t fill_scratch(struct conn *c, char *p, size_t want) {
	size_t got = 0;
	while (got < want) {
		ssize_t n = wire_read(c, p + got, want - got);
		if (n == 0)
			c->eof = true;
		if (n == -2)
			c->dead = true;
		if (n <= 0)
			break;
		got += (size_t)n;
		if (!c->tls || c->test_chunk)
			break;
	}
	if (got) {
		c->last_in = loop_now(c->loop);
		stat_add(STAT_bytes_in, (int64_t)got);
	}
	return got;
}

/* true when `in` got something new */
static bool read_in(struct conn *c) {
	if (c->z && z_waiting(c))
		return inflate_in(c, buf_slice(&c->z->raw));
	char *p = loop_scratch(c->loop);
	size_t have = buf_len(&c->in), want = c->limit - have;
	size_t n = fill_scratch(c, p, c->z || want > LOOP_SCRATCH ? LOOP_SCRATCH : want);
	if (!n)
		return false;
	if (c->z)
		return inflate_in(c, slice_of(p, n));
	if (have) {
		buf_add(&c->in, p, n);
		return true;
	}
	in_release(c);
	p[n] = 0;
	c->in = (struct buf){ .data = p, .used = n, .size = LOOP_SCRATCH + 1 };
	c->scratch = true;
	return true;
}

/* what comes after our end is thrown away */
static void linger(struct conn *c) {
	char *p = loop_scratch(c->loop);
	for (int i = 0; i < 16; i++) {
		ssize_t n = recv(c->watch.fd, p, LOOP_SCRATCH, 0);
		if (n > 0)
			continue;
		if (n == 0 || (errno != EAGAIN && errno != EINTR))
			c->dead = true;
		return;
	}
}

static void end_output(struct conn *c) {
	if (c->tls && c->tls->ssl && !handshaking(c)) {
		ERR_clear_error();
		SSL_shutdown(c->tls->ssl);
	}
	shutdown(c->watch.fd, SHUT_WR);
	if (c->eof) {
		c->dead = true;
		return;
	}
	in_release(c);
	c->lingering = true;
	c->linger_until = loop_now(c->loop) + LINGER_MS;
	linger(c);
}

/* ---- events ---- */

static void call(struct conn *c, enum conn_event e) {
	if (!c->dead && !c->closing && !c->gone)
		c->fn(c, e, c->arg);
}

/* what is owed to the owner, once */
static void deliver(struct conn *c, bool fresh) {
	bool again = c->again;
	if (handshaking(c) || tls_waiting(c))
		return;
	if (again) {
		c->again = false;
		call(c, CONN_DRAINED);
	}
	if ((fresh || c->resumed) && !c->paused && !c->full) {
		c->resumed = false;
		if (buf_len(&c->in))
			call(c, CONN_INPUT);
	}
}

/* after the callbacks: is anything left that needs another round without an event? */
static bool unfinished(const struct conn *c) {
	if (c->dead || handshaking(c) || tls_waiting(c))
		return false;
	if (c->again || (c->resumed && !c->paused && !c->full && buf_len(&c->in)))
		return true;
	return may_read(c) && (z_waiting(c) || (c->tls && SSL_pending(c->tls->ssl) > 0));
}

static void update_interest(struct conn *c) {
	uint32_t events = c->watch.events & (EPOLLIN | EPOLLOUT);
	bool out = handshaking(c) ? c->tls->want_write : pending(c) > 0;
	if (may_read(c))
		events |= EPOLLIN;
	if (c->eof)
		events &= ~(uint32_t)EPOLLIN;
	events = out ? events | EPOLLOUT : events & ~(uint32_t)EPOLLOUT;
	loop_mod(c->loop, &c->watch, events);
}

static void destroy(struct conn *c) {
	in_release(c);
	buf_free(&c->out);
	if (c->z) {
		inflater_free(&c->z->inflater);
		buf_free(&c->z->raw);
		buf_free(&c->z->out);
		mem_free(c->z);
	}
	if (c->tls) {
		SSL_free(c->tls->ssl);
		tls_ctx_unref(&c->tls->ctx);
		mem_free(c->tls);
	}
	close(c->watch.fd);
	mem_free(c);
}

static void detach(struct conn *c) {
	loop_timer_stop(c->loop, &c->timer);
	loop_task_stop(&c->task);
	loop_del(c->loop, &c->watch);
}

/* true when the connection is over and c may be freed */
static bool finish(struct conn *c) {
	if (c->gone) {
		detach(c);
		destroy(c);
		return true;
	}
	if (!c->dead || c->closed)
		return false;
	c->closed = true;
	detach(c);
	c->calling = false;
	c->fn(c, CONN_CLOSED, c->arg);
	return true;
}

static bool input_over(const struct conn *c) {
	return c->eof && !c->paused && !c->full && !c->again && !c->resumed && !z_waiting(c);
}

static void service(struct conn *c, bool readable) {
	bool fresh = false;
	if (c->closed)
		return;
	c->calling = true;
	if (handshaking(c) && !c->dead)
		tls_handshake(c);
	if (c->lingering)
		linger(c);
	else if (!c->dead && may_read(c) && !handshaking(c) &&
		 (readable || z_waiting(c) || (c->tls && SSL_pending(c->tls->ssl) > 0)))
		fresh = read_in(c);
	deliver(c, fresh);
	in_keep(c);
	if (!c->gone)
		flush(c);
	if (tls_waiting(c) || handshaking(c)) {
		if (c->eof)
			c->dead = true;
	} else if (input_over(c) && !c->dead) {
		c->closing = true;
	}
	if (c->closing && !c->lingering && !c->dead && !pending(c))
		end_output(c);
	c->calling = false;
	if (finish(c))
		return;
	if (unfinished(c))
		loop_defer(c->loop, &c->task);
	update_interest(c);
	arm(c);
}

static void on_event(struct loop_watch *w, uint32_t events) {
	struct conn *c = w->arg;
	if (events & EPOLLIN && !may_read(c) && !(events & (EPOLLERR | EPOLLHUP)))
		loop_mod(c->loop, w, w->events & ~(uint32_t)EPOLLIN);
	/* both ways are closed: what was sent before can still be read, but nobody takes an answer */
	if (events & (EPOLLERR | EPOLLHUP) && (!may_read(c) || !(events & EPOLLIN)))
		c->dead = true;
	service(c, events & (EPOLLIN | EPOLLERR | EPOLLHUP));
}

static void on_task(struct loop_task *t) {
	service((struct conn *)((char *)t - offsetof(struct conn, task)), false);
}

/* ---- the interface ---- */

struct conn *conn_new(struct loop *l, int fd, const struct addr *peer, struct tls_ctx *tls, conn_fn fn, void *arg) {
	struct conn *c = mem_zalloc(sizeof *c);
	c->loop = l;
	c->fn = fn;
	c->arg = arg;
	c->peer = *peer;
	c->limit = 64 * 1024;
	c->last_in = c->last_out = clock_mono_ms();
	c->timer.fn = on_timer;
	c->timer.arg = c;
	c->task.fn = on_task;
	c->watch = (struct loop_watch){ .fd = fd, .events = EPOLLIN, .fn = on_event, .arg = c };
	if (tls) {
		c->tls = mem_zalloc(sizeof *c->tls);
		c->tls->ctx = tls_ctx_ref(tls);
		tls_begin(c);
	}
	if (loop_add(l, &c->watch) < 0) {
		c->dead = true;                   /* out of kernel memory: CONN_CLOSED comes by the task */
		loop_defer(l, &c->task);
	}
	return c;
}

void conn_free(struct conn **cp) {
	struct conn *c = *cp;
	*cp = NULL;
	if (!c)
		return;
	if (c->calling) {
		c->gone = c->dead = true;
		return;
	}
	if (!c->closed)
		detach(c);
	destroy(c);
}

struct buf *conn_input(struct conn *c) {
	return &c->in;
}

bool conn_input_full(const struct conn *c) {
	return buf_len(&c->in) >= c->limit;
}

struct buf *conn_output(struct conn *c) {
	spare_take(&c->loop->spare, &c->out);
	return &c->out;
}

size_t conn_pending(const struct conn *c) {
	return pending(c);
}

bool conn_full(const struct conn *c) {
	return c->full || pending(c) > HIGH_WATER;
}

void conn_kick(struct conn *c) {
	later(c);
}

void conn_pause(struct conn *c) {
	c->paused = true;
}

void conn_resume(struct conn *c) {
	c->paused = false;
	c->resumed = true;
	/* the time of waiting was ours */
	c->last_in = loop_now(c->loop);
	later(c);
}

void conn_again(struct conn *c) {
	c->again = true;
	later(c);
}

void conn_set_input_limit(struct conn *c, size_t n) {
	c->limit = n;
	later(c);
}

void conn_start_tls(struct conn *c, struct tls_ctx *ctx) {
	if (c->tls || c->z)
		bug("conn_start_tls twice or after deflate");
	in_release(c);
	c->resumed = false;
	c->tls = mem_zalloc(sizeof *c->tls);
	c->tls->ctx = tls_ctx_ref(ctx);
	later(c);
}

bool conn_is_tls(const struct conn *c) {
	return c->tls && c->tls->ssl && !c->tls->handshaking;
}

const char *conn_tls_text(const struct conn *c) {
	return c->tls ? c->tls->text : "";
}

bool conn_tls_exporter(const struct conn *c, unsigned char out[32]) {
	static const char label[] = "EXPORTER-Channel-Binding";
	return conn_is_tls(c) && SSL_version(c->tls->ssl) == TLS1_3_VERSION &&
		SSL_export_keying_material(c->tls->ssl, out, 32, label, sizeof label - 1, NULL, 0, 0) == 1;
}

static void add_address(struct buf *out, const unsigned char *p, int n) {
	struct slice a = slice_of(p, n < 0 ? 0 : (size_t)n);
	ptrdiff_t at = slice_rchr(a, '@');
	if (at <= 0 || a.n > 254)
		return;
	for (size_t i = 0; i < a.n; i++)
		if ((unsigned char)a.p[i] <= ' ' || a.p[i] == 127)
			return;
	buf_add_slice(out, a);
	buf_addc(out, '\n');
}

static void add_common_names(struct buf *out, const X509 *cert) {
	const X509_NAME *subject = X509_get_subject_name(cert);
	for (int i = -1; (i = X509_NAME_get_index_by_NID(subject, NID_commonName, i)) >= 0;) {
		unsigned char *utf8 = NULL;
		int n = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, i)));
		add_address(out, utf8, n);
		OPENSSL_free(utf8);
	}
}

bool conn_tls_addresses(const struct conn *c, struct buf *out) {
	X509 *cert = conn_is_tls(c) ? SSL_get0_peer_certificate(c->tls->ssl) : NULL;
	size_t before = buf_len(out);
	if (!cert || SSL_get_verify_result(c->tls->ssl) != X509_V_OK)
		return false;
	/* leaves out what holds a NUL */
	STACK_OF(OPENSSL_STRING) *mail = X509_get1_email(cert);
	for (int i = 0; i < sk_OPENSSL_STRING_num(mail); i++) {
		const char *a = sk_OPENSSL_STRING_value(mail, i);
		add_address(out, (const unsigned char *)a, (int)strlen(a));
	}
	X509_email_free(mail);
	add_common_names(out, cert);
	return buf_len(out) > before;
}

void conn_start_deflate(struct conn *c) {
	if (c->z || handshaking(c) || tls_waiting(c))
		bug("conn_start_deflate twice or before TLS is up");
	c->z = mem_zalloc(sizeof *c->z);
	c->z->inflater = inflater_new();
	/* what is pending goes out as it is; what came behind the command is deflate already */
	buf_add_slice(&c->z->out, buf_slice(&c->out));
	buf_reset(&c->out);
	buf_add_slice(&c->z->raw, buf_slice(&c->in));
	buf_consume(&c->in, buf_len(&c->in));
	later(c);
}

bool conn_is_deflate(const struct conn *c) {
	return c->z != NULL;
}

struct buf *conn_spliced(struct conn *c) {
	if (!c->z)
		bug("conn_spliced without deflate");
	deflate_out(c);
	spare_take(&c->loop->spare_raw, &c->z->out);
	later(c);
	return &c->z->out;
}

void conn_set_timeout(struct conn *c, int64_t ms) {
	c->timeout = ms;
	c->last_in = loop_now(c->loop);
	arm(c);
}

void conn_shutdown(struct conn *c) {
	/* without its end nothing can be sent, and who began it and does not go on shall not be waited for */
	if (handshaking(c)) {
		conn_abort(c);
		return;
	}
	c->closing = true;
	c->paused = false;
	later(c);
}

void conn_abort(struct conn *c) {
	c->dead = true;
	later(c);
}

const struct addr *conn_peer(const struct conn *c) {
	return &c->peer;
}

int conn_peer_uid(const struct conn *c) {
	struct ucred u;
	socklen_t n = sizeof u;
	if (c->peer.ss.ss_family != AF_UNIX || getsockopt(c->watch.fd, SOL_SOCKET, SO_PEERCRED, &u, &n) < 0)
		return -1;
	return (int)u.uid;
}

void conn_test_chunk(struct conn *c, size_t n) {
	c->test_chunk = n;
}
