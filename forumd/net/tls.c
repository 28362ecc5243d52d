/* One certificate a context; a client's SNI name is accepted whatever it is. Tickets on, server-side session cache
 * off: nothing grows with the number of clients. */
#include "forumd/net/tls.h"
#include <openssl/err.h>
#include "forumd/base/mem.h"
#include "forumd/net/tls_private.h"

static int fail_ssl(struct fail *f, const char *what, const char *file) {
	unsigned long e = ERR_peek_error();        /* the first one is the cause */
	const char *reason = ERR_SYSTEM_ERROR(e) ? strerror(ERR_GET_REASON(e)) : ERR_reason_error_string(e);
	fail_set(f, ERR_INVALID, "%s %s: %s", what, file, reason ? reason : "unknown error");
	ERR_clear_error();
	return ERR_INVALID;
}

/* a key behind a pass phrase cannot be asked for */
static int no_phrase(char *out, int size, int rw, void *arg) {
	(void)out, (void)size, (void)rw, (void)arg;
	return 0;
}

static int load(SSL_CTX *ssl, const char *certificate, const char *key, struct fail *f) {
	if (SSL_CTX_use_certificate_chain_file(ssl, certificate) != 1)
		return fail_ssl(f, "certificate", certificate);
	if (SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM) != 1)
		return fail_ssl(f, "private key", key);
	if (SSL_CTX_check_private_key(ssl) != 1)
		return fail_ssl(f, "private key does not fit the certificate:", key);
	return 1;
}

int tls_ctx_new(const char *certificate_file, const char *key_file, struct tls_ctx **ctx_r, struct fail *f) {
	ERR_clear_error();
	SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());
	if (!ssl)
		return fail_internal(f, "SSL_CTX_new: %s", ERR_reason_error_string(ERR_peek_last_error()));
	SSL_CTX_set_default_passwd_cb(ssl, no_phrase);
	SSL_CTX_set_min_proto_version(ssl, TLS1_2_VERSION);
	SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_IGNORE_UNEXPECTED_EOF);
	SSL_CTX_set_mode(ssl,
		SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_session_id_context(ssl, (const unsigned char *)"forumd", 6);
	SSL_CTX_set_num_tickets(ssl, 1);
	int r = load(ssl, certificate_file, key_file, f);
	if (r < 0) {
		SSL_CTX_free(ssl);
		return r;
	}
	struct tls_ctx *ctx = mem_zalloc(sizeof *ctx);
	ctx->ssl = ssl;
	atomic_init(&ctx->refs, 1);
	*ctx_r = ctx;
	return 1;
}

/* The handshake goes on whatever the certificate is worth; conn_tls_addresses() asks for the verdict. */
static int accept_any(X509_STORE_CTX *store, void *arg) {
	(void)arg;
	if (X509_verify_cert(store) <= 0 && X509_STORE_CTX_get_error(store) == X509_V_OK)
		X509_STORE_CTX_set_error(store, X509_V_ERR_UNSPECIFIED);
	ERR_clear_error();
	return 1;
}

int tls_ctx_client_ca(struct tls_ctx *ctx, const char *ca_file, struct fail *f) {
	ERR_clear_error();
	STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(ca_file);
	if (!names || SSL_CTX_load_verify_locations(ctx->ssl, ca_file, NULL) != 1) {
		sk_X509_NAME_pop_free(names, X509_NAME_free);
		return fail_ssl(f, "client_ca", ca_file);
	}
	SSL_CTX_set_client_CA_list(ctx->ssl, names);
	SSL_CTX_set_verify(ctx->ssl, SSL_VERIFY_PEER, NULL);
	SSL_CTX_set_cert_verify_callback(ctx->ssl, accept_any, NULL);
	SSL_CTX_set_verify_depth(ctx->ssl, 4);
	return 1;
}

struct tls_ctx *tls_ctx_ref(struct tls_ctx *ctx) {
	if (ctx)
		atomic_fetch_add(&ctx->refs, 1);
	return ctx;
}

void tls_ctx_unref(struct tls_ctx **ctx) {
	struct tls_ctx *c = *ctx;
	*ctx = NULL;
	if (!c || atomic_fetch_sub(&c->refs, 1) != 1)
		return;
	SSL_CTX_free(c->ssl);
	mem_free(c);
}
