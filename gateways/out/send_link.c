/* send_link.c - a libetpan "low driver" over a socket and OpenSSL. libetpan's own TLS verifies nothing (Debian
 * builds it on GnuTLS, without authorities or host names), so the SMTP client gets a stream whose octets pass
 * through us: plain, and after send_link_start_tls() through a handshake that fails unless chain and name are
 * right. Every read and write has a deadline. */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <libetpan/libetpan.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include "forumd/base/mem.h"
#include "gateways/out/send.h"

struct send_link {
	int fd;
	bool loopback;
	size_t unasked;        /* octets that came since we said something */
	SSL_CTX *ctx;
	SSL *ssl;
};

static bool wait_for(int fd, short events) {
	struct pollfd p = { fd, events, 0 };
	int n;

	do
		n = poll(&p, 1, SEND_TIMEOUT_SECONDS * 1000);
	while (n < 0 && errno == EINTR);
	if (n == 0)
		errno = ETIMEDOUT;
	return n > 0;
}

/* for SSL_get_error(): wait for what OpenSSL wants; false when it is over */
static bool ssl_wait(struct send_link *l, int result) {
	int e = SSL_get_error(l->ssl, result);

	if (e == SSL_ERROR_WANT_READ)
		return wait_for(l->fd, POLLIN);
	return e == SSL_ERROR_WANT_WRITE && wait_for(l->fd, POLLOUT);
}

static ssize_t read_some(struct send_link *l, void *p, size_t n) {
	for (;;) {
		ssize_t r;

		if (l->ssl) {
			int k = SSL_read(l->ssl, p, n > 1 << 30 ? 1 << 30 : (int)n);

			if (k > 0)
				return k;
			if (SSL_get_error(l->ssl, k) == SSL_ERROR_ZERO_RETURN)
				return 0;
			if (!ssl_wait(l, k))
				return -1;
			continue;
		}
		r = read(l->fd, p, n);
		if (r >= 0)
			return r;
		if (errno != EINTR && (errno != EAGAIN || !wait_for(l->fd, POLLIN)))
			return -1;
	}
}

/* a server that never stops talking is one that hung up */
static ssize_t link_read(mailstream_low *low, void *p, size_t n) {
	struct send_link *l = low->data;
	ssize_t r = l->unasked < SEND_REPLY_MAX ? read_some(l, p, n) : -1;

	if (r > 0)
		l->unasked += (size_t)r;
	return r;
}

static ssize_t link_write(mailstream_low *low, const void *p, size_t n) {
	struct send_link *l = low->data;

	l->unasked = 0;
	for (;;) {
		ssize_t r;

		if (l->ssl) {
			int k = SSL_write(l->ssl, p, n > 1 << 30 ? 1 << 30 : (int)n);

			if (k > 0)
				return k;
			if (!ssl_wait(l, k))
				return -1;
			continue;
		}
		r = send(l->fd, p, n, MSG_NOSIGNAL);
		if (r >= 0)
			return r;
		if (errno != EINTR && (errno != EAGAIN || !wait_for(l->fd, POLLOUT)))
			return -1;
	}
}

static int link_close_low(mailstream_low *low) {
	(void)low;   /* the link is closed by its owner */
	return 0;
}

static int link_fd(mailstream_low *low) {
	return ((struct send_link *)low->data)->fd;
}

static void link_free(mailstream_low *low) {
	free(low);   /* libetpan's malloc */
}

static void link_cancel(mailstream_low *low) {
	(void)low;
}

static mailstream_low_driver driver = {
	.mailstream_read = link_read, .mailstream_write = link_write, .mailstream_close = link_close_low,
	.mailstream_get_fd = link_fd, .mailstream_free = link_free, .mailstream_cancel = link_cancel,
};

static int connect_one(const struct addrinfo *a) {
	int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), e = 0;
	socklen_t n = sizeof e;

	if (fd < 0)
		return -1;
	if (!connect(fd, a->ai_addr, a->ai_addrlen))
		return fd;
	if (errno == EINPROGRESS && wait_for(fd, POLLOUT) && !getsockopt(fd, SOL_SOCKET, SO_ERROR, &e, &n) && !e)
		return fd;
	if (e)
		errno = e;
	e = errno;
	close(fd);
	errno = e;
	return -1;
}

static bool is_loopback(const struct sockaddr *a) {
	if (a->sa_family == AF_INET)
		return (ntohl(((const struct sockaddr_in *)a)->sin_addr.s_addr) >> 24) == 127;
	return a->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)a)->sin6_addr);
}

struct send_link *send_link_open(const char *host, const char *port, struct buf *text) {
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM, .ai_family = AF_UNSPEC }, *list, *a;
	struct send_link *l = NULL;
	int e = getaddrinfo(host, port, &hints, &list), fd = -1;

	if (e) {
		buf_addf(text, "%s: %s", host, gai_strerror(e));
		return NULL;
	}
	for (a = list; a && fd < 0; a = a->ai_next) {
		fd = connect_one(a);
		if (fd >= 0) {
			l = mem_zalloc(sizeof *l);
			l->fd = fd;
			l->loopback = is_loopback(a->ai_addr);
		}
	}
	if (!l)
		buf_addf(text, "%s port %s: %s", host, port, strerror(errno));
	freeaddrinfo(list);
	return l;
}

static bool is_address(const char *host) {
	unsigned char b[16];

	return inet_pton(AF_INET, host, b) == 1 || inet_pton(AF_INET6, host, b) == 1;
}

static bool set_verify(struct send_link *l, const char *host) {
	X509_VERIFY_PARAM *p = SSL_get0_param(l->ssl);

	SSL_set_verify(l->ssl, SSL_VERIFY_PEER, NULL);
	if (is_address(host))
		return X509_VERIFY_PARAM_set1_ip_asc(p, host) == 1;
	X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	return X509_VERIFY_PARAM_set1_host(p, host, 0) == 1;
}

bool send_link_start_tls(struct send_link *l, const char *host, bool verify, struct buf *text) {
	int r;

	l->ctx = SSL_CTX_new(TLS_client_method());
	if (!l->ctx || SSL_CTX_set_min_proto_version(l->ctx, TLS1_2_VERSION) != 1
	    || (verify && SSL_CTX_set_default_verify_paths(l->ctx) != 1) || !(l->ssl = SSL_new(l->ctx))
	    || SSL_set_fd(l->ssl, l->fd) != 1 || (!is_address(host) && SSL_set_tlsext_host_name(l->ssl, host) != 1)
	    || (verify && !set_verify(l, host))) {
		buf_adds(text, "TLS cannot be set up");
		return false;
	}
	SSL_set_mode(l->ssl, SSL_MODE_AUTO_RETRY | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	do
		r = SSL_connect(l->ssl);
	while (r != 1 && ssl_wait(l, r));
	if (r == 1 && (!verify || SSL_get_verify_result(l->ssl) == X509_V_OK))
		return true;
	buf_addf(text, "TLS with %s failed: %s", host, verify && SSL_get_verify_result(l->ssl) != X509_V_OK
		? X509_verify_cert_error_string(SSL_get_verify_result(l->ssl)) : "no handshake");
	ERR_clear_error();
	return false;
}

bool send_link_is_tls(const struct send_link *l) {
	return l->ssl != NULL;
}

bool send_link_is_private(const struct send_link *l) {
	return l->ssl || l->loopback;
}

struct _mailstream *send_link_stream(struct send_link *l) {
	mailstream_low *low = mailstream_low_new(l, &driver);
	mailstream *s = low ? mailstream_new(low, 8192) : NULL;

	if (low && !s)
		mailstream_low_free(low);
	return s;
}

void send_link_close(struct send_link **lp) {
	struct send_link *l = *lp;

	*lp = NULL;
	if (!l)
		return;
	SSL_free(l->ssl);
	SSL_CTX_free(l->ctx);
	close(l->fd);
	mem_free(l);
}
