/* addr.h - socket addresses as text and keys. Any thread. */
#ifndef FORUMD_NET_ADDR_H
#define FORUMD_NET_ADDR_H
#include <sys/socket.h>
#include <stdbool.h>

struct addr { struct sockaddr_storage ss; socklen_t n; };
/* numeric "127.0.0.1", "::1" or "unix"; size >= 64 */
void addr_text(const struct addr *a, char *out, unsigned size);
bool addr_is_loopback(const struct addr *a);   /* also unix */
/* the address a limit counts: IPv4 whole, IPv6 by /64; at most 16 octets; length returned */
unsigned addr_limit_key(const struct addr *a, unsigned char out[16]);
#endif
