/* tls_private.h - the context's inside, for conn.c */
#ifndef FORUMD_NET_TLS_PRIVATE_H
#define FORUMD_NET_TLS_PRIVATE_H
#include <openssl/ssl.h>
#include <stdatomic.h>
#include "forumd/net/tls.h"

struct tls_ctx { SSL_CTX *ssl; atomic_uint refs; };
#endif
