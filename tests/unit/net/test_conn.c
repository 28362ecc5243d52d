/* Connections over real sockets. The loop runs in a thread of its own and serves whatever a test sets in `serve`; the
 * test is a blocking client. */
#include <fcntl.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <zlib.h>
#include <malloc.h>
#include "forumd/base/clock.h"
#include "forumd/base/mem.h"
#include "forumd/base/rnd.h"
#include "forumd/net/conn.h"
#include "tests/tap/tap.h"
#include "tests/unit/net/test_pem.h"

static struct loop *loop;
static struct conn *conn;
static struct tls_ctx *tls;
static struct { conn_fn fn; bool implicit_tls; size_t chunk; int fd; bool timeout; } serve;
static struct buf seen;              /* what the server saw, for the test to read after the end */
static size_t max_pending, inputs;
static bool closed;
static uint64_t left_to_send;

static void common(struct conn *c, enum conn_event e) {
	if (e != CONN_CLOSED)
		return;
	closed = true;
	conn_free(&conn);
	(void)c;
	loop_stop(loop);
}

static bool take_line(struct conn *c, struct slice *line_r, char *copy, size_t size) {
	struct slice in = buf_slice(conn_input(c));
	ptrdiff_t nl = slice_chr(in, '\n');
	if (nl < 0 || (size_t)nl >= size)
		return false;
	memcpy(copy, in.p, (size_t)nl);
	*line_r = slice_of(copy, (size_t)nl);
	buf_consume(conn_input(c), (size_t)nl + 1);
	return true;
}

/* "big N": N MB; "tls", "deflate", "quit", "pause": echoes after; others: echo */
static void more(struct conn *c) {
	static char block[4096];
	memset(block, 'b', sizeof block);
	while (left_to_send && !conn_full(c)) {
		size_t n = left_to_send < sizeof block ? (size_t)left_to_send : sizeof block;
		buf_add(conn_output(c), block, n);
		left_to_send -= n;
		if (conn_pending(c) > max_pending)
			max_pending = conn_pending(c);
	}
}

static void one(struct conn *c, struct slice line) {
	if (slice_starts(line, SLICE("big "))) {
		left_to_send = (uint64_t)strtoul(line.p + 4, NULL, 10) << 20;
		more(c);
	} else if (slice_is(line, "tls")) {
		buf_adds(conn_output(c), "go\n");
		conn_start_tls(c, tls);
	} else if (slice_is(line, "deflate")) {
		buf_adds(conn_output(c), "go\n");
		conn_start_deflate(c);
	} else if (slice_is(line, "quit")) {
		buf_adds(conn_output(c), "bye\n");
		conn_shutdown(c);
	} else if (slice_is(line, "info")) {
		buf_addf(conn_output(c), "%s\n", conn_tls_text(c));
	} else {
		buf_add_slice(&seen, line);
		buf_addc(&seen, '|');
		buf_add_slice(conn_output(c), line);
		buf_addc(conn_output(c), '\n');
	}
}

static void on_lines(struct conn *c, enum conn_event e, void *arg) {
	char copy[8192];
	struct slice line;
	(void)arg;
	if (e == CONN_TIMEOUT) {
		buf_adds(conn_output(c), "timeout\n");
		conn_shutdown(c);
		return;
	}
	common(c, e);
	if (e == CONN_CLOSED)
		return;
	inputs += e == CONN_INPUT;
	more(c);
	while (!conn_full(c) && !left_to_send && take_line(c, &line, copy, sizeof copy))
		one(c, line);
}

static void *server(void *arg) {
	struct addr peer = { .ss.ss_family = AF_UNIX, .n = sizeof(struct sockaddr_un) };
	(void)arg;
	loop = loop_new();
	conn = conn_new(loop, serve.fd, &peer, serve.implicit_tls ? tls : NULL, serve.fn, NULL);
	if (serve.chunk)
		conn_test_chunk(conn, serve.chunk);
	if (serve.timeout)
		conn_set_timeout(conn, 300);
	conn_kick(conn);
	loop_run(loop);
	conn_free(&conn);
	loop_free(&loop);
	return NULL;
}

static pthread_t thread;
static int start(size_t chunk, bool implicit) {
	int s[2];
	struct timeval tv = { 20, 0 };
	if (socketpair(AF_UNIX, SOCK_STREAM, 0, s) < 0)
		bail("socketpair");
	fcntl(s[0], F_SETFL, O_NONBLOCK);
	setsockopt(s[1], SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	if (!serve.fn)
		serve.fn = on_lines;
	serve.chunk = chunk;
	serve.implicit_tls = implicit;
	serve.fd = s[0];
	buf_reset(&seen);
	closed = false;
	left_to_send = max_pending = inputs = 0;
	pthread_create(&thread, NULL, server, NULL);
	return s[1];
}
static void stop(int fd) {
	close(fd);
	pthread_join(thread, NULL);
	ok(closed, "CONN_CLOSED came");
}
static void say(int fd, const char *s) { if (write(fd, s, strlen(s)) != (ssize_t)strlen(s)) diag("short write"); }
/* until n octets or the end */
static void hear(int fd, size_t n, struct buf *out) {
	char block[65536];
	while (buf_len(out) < n) {
		ssize_t r = read(fd, block, n - buf_len(out) < sizeof block ? n - buf_len(out) : sizeof block);
		if (r <= 0)
			return;
		buf_add(out, block, (size_t)r);
	}
}

static void echoes(size_t chunk) {
	struct buf b = { 0 };
	int fd = start(chunk, false);
	say(fd, "one\ntwo\nthr");
	hear(fd, 8, &b);
	is_buf(&b, "one\ntwo\n", "two commands, chunk %zu", chunk);
	say(fd, "ee\nfour\nquit\n");
	hear(fd, 1000, &b);
	is_buf(&b, "one\ntwo\nthree\nfour\nbye\n", "cut command and end, chunk %zu", chunk);
	stop(fd);
	buf_free(&b);
}

static void half_close(void) {
	struct buf b = { 0 };
	int fd = start(0, false);
	say(fd, "a\nb\nc\n");
	shutdown(fd, SHUT_WR);
	hear(fd, 1000, &b);
	is_buf(&b, "a\nb\nc\n", "everything is answered after the client's half-close");
	stop(fd);
	buf_free(&b);
}

static void stalled(void) {
	struct buf b = { 0 };
	int fd = start(0, false);
	say(fd, "big 100\nafter\n");
	usleep(300000);
	size_t mem = mallinfo2().uordblks;
	ok(mem < 4u << 20, "a stalled reader of 100 MB costs %zu octets", mem);
	uint64_t got = 0;
	char *block = mem_alloc(1 << 20);
	while (got < 100u << 20) {
		ssize_t r = read(fd, block, 1 << 20);
		if (r <= 0)
			break;
		got += (uint64_t)r;
	}
	/* the last read may have taken the echo along */
	hear(fd, (100u << 20) + 6 - got, &b);
	is_int(got + buf_len(&b), (100u << 20) + 6, "100 MB and the next answer arrive");
	ok(max_pending < 600 * 1024, "never more than %zu octets pending", max_pending);
	mem_free(block);
	stop(fd);
	buf_free(&b);
}

static void idle(void) {
	struct buf b = { 0 };
	serve.timeout = true;
	int fd = start(0, false);
	int64_t t0 = clock_mono_ms();
	hear(fd, 100, &b);
	is_buf(&b, "timeout\n", "CONN_TIMEOUT");
	ok(clock_mono_ms() - t0 >= 300, "not early");
	serve.timeout = false;
	stop(fd);
	buf_free(&b);
}

static size_t idle_mem[2];
static void idle_memory(void) {
	enum { N = 100 };
	static struct conn *v[N];
	static int fds[N];
	struct addr peer = { .ss.ss_family = AF_UNIX };
	struct loop *l = loop_new();
	idle_mem[0] = mallinfo2().uordblks;
	for (int i = 0; i < N; i++) {
		int s[2];
		socketpair(AF_UNIX, SOCK_STREAM, 0, s);
		fcntl(s[0], F_SETFL, O_NONBLOCK);
		fds[i] = s[1];
		v[i] = conn_new(l, s[0], &peer, NULL, on_lines, NULL);
	}
	idle_mem[1] = mallinfo2().uordblks;
	size_t each = (idle_mem[1] - idle_mem[0]) / N;
	ok(each < 640, "an idle connection costs %zu octets", each);
	for (int i = 0; i < N; i++) {
		conn_free(&v[i]);
		close(fds[i]);
	}
	loop_free(&l);
}

/* ---- TLS ---- */

static SSL_CTX *client_ctx;
static SSL *client_tls(int fd) {
	if (!client_ctx)
		client_ctx = SSL_CTX_new(TLS_client_method());
	SSL *s = SSL_new(client_ctx);
	SSL_set_fd(s, fd);
	return s;
}
static void hear_tls(SSL *s, size_t n, struct buf *out) {
	char block[16384];
	while (buf_len(out) < n) {
		int r = SSL_read(s, block, (int)(n - buf_len(out) < sizeof block ? n - buf_len(out) : sizeof block));
		if (r <= 0)
			return;
		buf_add(out, block, (size_t)r);
	}
}

static void starttls(size_t chunk) {
	struct buf b = { 0 };
	int fd = start(chunk, false);
	/* one write: the injected command sits behind the request */
	say(fd, chunk ? "tls\n" : "tls\ninjected\n");
	hear(fd, 3, &b);
	is_buf(&b, "go\n", "the answer comes in the clear");
	SSL *s = client_tls(fd);
	is_int(SSL_connect(s), 1, "handshake, chunk %zu", chunk);
	SSL_write(s, "secret\ninfo\n", 12);
	buf_reset(&b);
	hear_tls(s, 12, &b);
	is_slice(slice_to(buf_slice(&b), 12), SLICE("secret\nTLSv1"), "answers inside");
	hear_tls(s, 12 + 10, &b);
	SSL_write(s, "big 3\n", 6);
	struct buf big = { 0 };
	hear_tls(s, chunk ? 5000 : 3u << 20, &big);
	is_int(buf_len(&big), chunk ? 5000 : 3u << 20, "a long answer through TLS");
	SSL_free(s);
	stop(fd);
	is_buf(&seen, "secret|", "octets injected before the handshake are discarded");
	buf_free(&b);
	buf_free(&big);
}

static void implicit(void) {
	struct buf b = { 0 };
	int fd = start(0, true);
	SSL *s = client_tls(fd);
	is_int(SSL_connect(s), 1, "implicit TLS");
	SSL_write(s, "x\nquit\n", 7);
	hear_tls(s, 100, &b);
	is_buf(&b, "x\nbye\n", "commands and end");
	SSL_free(s);
	stop(fd);
	fd = start(0, true);
	say(fd, "GET / HTTP/1.0\r\n\r\n");
	buf_reset(&b);
	hear(fd, 1000, &b);
	stop(fd);
	is_int(slice_find(buf_slice(&seen), SLICE("GET")), -1, "plain text on a TLS port is never input");
	buf_free(&b);
}

/* ---- deflate ---- */

static void deflate_client(const char *s, size_t n, struct buf *out) {
	z_stream z = { 0 };
	deflateInit2(&z, 6, Z_DEFLATED, -15, 8, 0);
	z.next_in = (Bytef *)(uintptr_t)s;
	z.avail_in = (uInt)n;
	int r;
	do {
		z.next_out = (Bytef *)buf_reserve(out, 65536);
		z.avail_out = 65536;
		r = deflate(&z, Z_SYNC_FLUSH);
		buf_commit(out, 65536 - z.avail_out);
	} while (z.avail_out == 0 && r == Z_OK);
	deflateEnd(&z);
}

/* inflates `in` in pieces of random size */
static bool inflate_pieces(struct slice in, struct buf *out) {
	z_stream z = { 0 };
	bool good = true;
	inflateInit2(&z, -15);
	while (in.n && good) {
		size_t n = 1 + rnd_u64() % 4096;
		n = n < in.n ? n : in.n;
		z.next_in = (Bytef *)(uintptr_t)in.p;
		z.avail_in = (uInt)n;
		do {
			z.next_out = (Bytef *)buf_reserve(out, 512);
			z.avail_out = 512;
			int r = inflate(&z, Z_SYNC_FLUSH);
			good = r == Z_OK || r == Z_BUF_ERROR;
			buf_commit(out, 512 - z.avail_out);
		} while (good && z.avail_out == 0);
		in = slice_from(in, n);
	}
	inflateEnd(&z);
	return good;
}

static struct buf want_text;
static struct buf segment, segment_text;
static void on_splices(struct conn *c, enum conn_event e, void *arg) {
	char copy[8192];
	struct slice line;
	(void)arg;
	common(c, e);
	if (e == CONN_CLOSED)
		return;
	while (take_line(c, &line, copy, sizeof copy)) {
		if (slice_is(line, "deflate")) {
			buf_adds(conn_output(c), "go\n");
			conn_start_deflate(c);
			continue;
		}
		/* texts that are alike: a back-reference over a splice would show */
		for (unsigned i = 0; i < 200; i++) {
			struct buf b = { 0 };
			buf_addf(&b, "220 %u article follows ", i);
			for (unsigned k = 0; k < i % 7 * 5; k++)
				buf_adds(&b, "the same words again ");
			buf_addc(&b, '\n');
			buf_add_slice(conn_output(c), buf_slice(&b));
			buf_add_slice(&want_text, buf_slice(&b));
			if (i % 3) {
				buf_add_slice(conn_spliced(c), buf_slice(&segment));
				buf_add_slice(&want_text, buf_slice(&segment_text));
			}
			buf_free(&b);
		}
		buf_adds(conn_output(c), "end\n");
		buf_adds(&want_text, "end\n");
		conn_shutdown(c);
	}
}

static void make_segment(void) {
	z_stream z = { 0 };
	for (unsigned i = 0; i < 40; i++)
		buf_addf(&segment_text, "line %u: the same words again, article follows\n", i);
	deflateInit2(&z, 6, Z_DEFLATED, -15, 8, 0);
	z.next_in = (Bytef *)buf_bytes(&segment_text);
	z.avail_in = (uInt)buf_len(&segment_text);
	z.next_out = (Bytef *)buf_reserve(&segment, 8192);
	z.avail_out = 8192;
	deflate(&z, Z_FULL_FLUSH);
	buf_commit(&segment, 8192 - z.avail_out);
	deflateEnd(&z);
}

static void splices(void) {
	struct buf b = { 0 }, z = { 0 }, text = { 0 };
	make_segment();
	serve.fn = on_splices;
	int fd = start(0, false);
	say(fd, "deflate\n");
	hear(fd, 3, &b);
	deflate_client("run\n", 4, &z);
	is_int(write(fd, buf_bytes(&z), buf_len(&z)), (int)buf_len(&z), "compressed command");
	buf_reset(&b);
	hear(fd, SIZE_MAX / 2, &b);
	ok(inflate_pieces(buf_slice(&b), &text), "the stream inflates in random pieces");
	is_int(buf_len(&text), buf_len(&want_text), "length");
	ok(slice_eq(buf_slice(&text), buf_slice(&want_text)), "spliced segments and live pieces are all right");
	ok(buf_len(&b) < buf_len(&text) / 4, "%zu octets became %zu", buf_len(&text), buf_len(&b));
	stop(fd);
	serve.fn = on_lines;
	buf_free(&b), buf_free(&z), buf_free(&text);
}

static void deflate_input(size_t chunk) {
	struct buf b = { 0 }, z = { 0 }, text = { 0 };
	int fd = start(chunk, false);
	say(fd, "deflate\n");
	hear(fd, 3, &b);
	deflate_client("alpha\nbeta\nquit\n", 16, &z);
	for (size_t i = 0; i < buf_len(&z); i++)
		if (write(fd, buf_bytes(&z) + i, 1) != 1)
			diag("short write");
	buf_reset(&b);
	hear(fd, 1000, &b);
	ok(inflate_pieces(buf_slice(&b), &text), "inflates");
	is_buf(&text, "alpha\nbeta\nbye\n", "octet by octet in, chunk %zu", chunk);
	stop(fd);
	buf_free(&b), buf_free(&z), buf_free(&text);
}

static size_t bomb_most, bomb_total;
static void on_bomb(struct conn *c, enum conn_event e, void *arg) {
	(void)arg;
	common(c, e);
	if (e == CONN_CLOSED)
		return;
	size_t n = buf_len(conn_input(c));
	if (!conn_is_deflate(c)) {
		buf_consume(conn_input(c), n);
		buf_adds(conn_output(c), "go\n");
		conn_start_deflate(c);
		return;
	}
	if (n > bomb_most)
		bomb_most = n;
	bomb_total += n;
	buf_consume(conn_input(c), n);
	if (bomb_total == 64u << 20)
		conn_shutdown(c);
}

static void bomb(void) {
	struct buf b = { 0 }, z = { 0 };
	char *zeros = mem_zalloc(64u << 20);
	deflate_client(zeros, 64u << 20, &z);
	mem_free(zeros);
	ok(buf_len(&z) < 200000, "64 MB of nothing are %zu octets", buf_len(&z));
	serve.fn = on_bomb;
	int fd = start(0, false);
	say(fd, "x\n");
	hear(fd, 3, &b);
	size_t at = 0;
	while (at < buf_len(&z)) {
		ssize_t n = write(fd, buf_bytes(&z) + at, buf_len(&z) - at);
		if (n <= 0)
			break;
		at += (size_t)n;
	}
	hear(fd, 1000, &b);
	stop(fd);
	is_int(bomb_total, 64u << 20, "all of it arrives");
	ok(bomb_most <= 64 * 1024, "in steps of at most %zu octets", bomb_most);
	/* damaged stream: an end, not input */
	bomb_total = 0;
	fd = start(0, false);
	say(fd, "x\n");
	buf_reset(&b);
	hear(fd, 3, &b);
	say(fd, "\xff\xff\xff\xff garbage");
	hear(fd, 1000, &b);
	stop(fd);
	is_int(bomb_total, 0, "a damaged stream gives no input");
	serve.fn = on_lines;
	buf_free(&b), buf_free(&z);
}

int main(void) {
	const char *certificate, *key;
	struct fail f = { 0 };
	test_pem(&certificate, &key);
	is_int(tls_ctx_new(certificate, key, &tls, &f), 1, "TLS context %s", f.text);
	is_int(tls_ctx_new(certificate, test_tmpfile("absent"), &(struct tls_ctx *){ NULL }, &f), ERR_INVALID,
		"missing key: %s", f.text);
	echoes(0);
	echoes(1);
	half_close();
	stalled();
	idle();
	idle_memory();
	starttls(0);
	starttls(1);
	implicit();
	splices();
	deflate_input(0);
	deflate_input(1);
	bomb();
	tls_ctx_unref(&tls);
	SSL_CTX_free(client_ctx);
	buf_free(&seen), buf_free(&want_text), buf_free(&segment), buf_free(&segment_text);
	return done();
}
