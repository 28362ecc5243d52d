/* tls.h - OpenSSL contexts: TLS >= 1.2, server side, certificate from PEM files, tickets on, SNI. Any thread for
 * tls_ctx_ref/unref; reload makes a new context and old connections keep theirs. */
#ifndef FORUMD_NET_TLS_H
#define FORUMD_NET_TLS_H
#include "forumd/base/fail.h"

struct tls_ctx;
int tls_ctx_new(const char *certificate_file, const char *key_file, struct tls_ctx **ctx_r, struct fail *f);
/* Ask clients for a certificate of these authorities (PEM). It stays optional: a client without one, or with one of
 * somebody else, is served like any stranger. Before the context is used. */
int tls_ctx_client_ca(struct tls_ctx *ctx, const char *ca_file, struct fail *f);
struct tls_ctx *tls_ctx_ref(struct tls_ctx *ctx);
void tls_ctx_unref(struct tls_ctx **ctx);
#endif
