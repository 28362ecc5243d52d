#include "forumd/net/tls_client.h"
#include <arpa/inet.h>
#include <stdbool.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include "forumd/base/mem.h"

struct tls_client { SSL_CTX *ctx; SSL *ssl; };

static bool client_is_address(const char *host) {
	unsigned char a[16];
	return inet_pton(AF_INET, host, a) == 1 || inet_pton(AF_INET6, host, a) == 1;
}

static int client_handshake(struct tls_client *c, int fd, const char *host, struct fail *f) {
	X509_VERIFY_PARAM *p = SSL_get0_param(c->ssl);
	bool address = client_is_address(host);
	if (!(address ? X509_VERIFY_PARAM_set1_ip_asc(p, host) : X509_VERIFY_PARAM_set1_host(p, host, 0)) ||
	    (!address && !SSL_set_tlsext_host_name(c->ssl, host)) || !SSL_set_fd(c->ssl, fd))
		return fail_set(f, ERR_INVALID, "not a host name: %s", host);
	if (SSL_connect(c->ssl) == 1)
		return 1;
	long v = SSL_get_verify_result(c->ssl);
	if (v != X509_V_OK)
		return fail_set(f, ERR_DENIED, "certificate: %s", X509_verify_cert_error_string(v));
	const char *why = ERR_reason_error_string(ERR_peek_last_error());
	return fail_set(f, ERR_UNAVAILABLE, "TLS: %s", why ? why : "the connection ended");
}

int tls_client_new(int fd, const char *host, struct tls_client **c_r, struct fail *f) {
	struct tls_client *c = mem_zalloc(sizeof *c);
	int r = ERR_UNAVAILABLE;
	c->ctx = SSL_CTX_new(TLS_client_method());
	if (c->ctx && SSL_CTX_set_default_verify_paths(c->ctx) && SSL_CTX_set_min_proto_version(c->ctx, TLS1_2_VERSION)) {
		SSL_CTX_set_verify(c->ctx, SSL_VERIFY_PEER, NULL);
		c->ssl = SSL_new(c->ctx);
	}
	r = c->ssl ? client_handshake(c, fd, host, f) : fail_set(f, r, "TLS cannot be set up");
	ERR_clear_error();
	if (r < 0)
		tls_client_free(&c);
	*c_r = c;
	return r;
}

ssize_t tls_client_read(struct tls_client *c, void *p, size_t n) {
	int r = SSL_read(c->ssl, p, n > 1 << 30 ? 1 << 30 : (int)n);
	if (r > 0)
		return r;
	ssize_t end = SSL_get_error(c->ssl, r) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
	ERR_clear_error();
	return end;
}

ssize_t tls_client_write(struct tls_client *c, const void *p, size_t n) {
	int r = SSL_write(c->ssl, p, n > 1 << 30 ? 1 << 30 : (int)n);
	if (r <= 0)
		ERR_clear_error();
	return r > 0 ? r : -1;
}

void tls_client_free(struct tls_client **c) {
	if (!*c)
		return;
	SSL_free((*c)->ssl);
	SSL_CTX_free((*c)->ctx);
	mem_free(*c);
	*c = NULL;
}
