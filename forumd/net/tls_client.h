/* tls_client.h - TLS as a client on a blocking socket, for the small programs that talk to the outside. The chain is
 * verified against the system's authorities (SSL_CERT_FILE, SSL_CERT_DIR), the certificate must be the host's. */
#ifndef FORUMD_NET_TLS_CLIENT_H
#define FORUMD_NET_TLS_CLIENT_H
#include <sys/types.h>
#include "forumd/base/fail.h"

struct tls_client;
/* Handshake on fd, which stays the caller's. host: a name, or a numeric address (then looked for among the
 * certificate's addresses). 1 or ERR_DENIED, ERR_UNAVAILABLE with words. */
int tls_client_new(int fd, const char *host, struct tls_client **c_r, struct fail *f);
/* > 0 octets, 0 end, -1 */
ssize_t tls_client_read(struct tls_client *c, void *p, size_t n);
ssize_t tls_client_write(struct tls_client *c, const void *p, size_t n);
void tls_client_free(struct tls_client **c);
#endif
