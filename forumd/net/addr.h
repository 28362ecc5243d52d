/* addr.h - socket addresses as text and keys. Any thread. */
#ifndef FORUMD_NET_ADDR_H
#define FORUMD_NET_ADDR_H
#include <netinet/in.h>
#include <sys/socket.h>
#include <stdbool.h>

/* as much as is looked at: every connection keeps one. Of Unix sockets it is the family alone. */
struct addr { union { sa_family_t ss_family; struct sockaddr_in in; struct sockaddr_in6 in6; } ss; socklen_t n; };
/* numeric "127.0.0.1", "::1" or "unix"; size >= 48 */
void addr_text(const struct addr *a, char *out, unsigned size);
bool addr_is_loopback(const struct addr *a);   /* also unix */
/* the address a limit counts: IPv4 whole, IPv6 by /64; at most 16 octets; length returned */
unsigned addr_limit_key(const struct addr *a, unsigned char out[16]);
#endif
