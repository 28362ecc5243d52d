#include "forumd/net/addr.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

static const unsigned char mapped[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff };

/* the IPv4 octets, also of an IPv4-mapped IPv6 address; NULL when it is neither */
static const unsigned char *ipv4_of(const struct addr *a) {
	if (a->ss.ss_family == AF_INET)
		return (const unsigned char *)&((const struct sockaddr_in *)&a->ss)->sin_addr;
	if (a->ss.ss_family == AF_INET6) {
		const unsigned char *p = (const unsigned char *)&((const struct sockaddr_in6 *)&a->ss)->sin6_addr;
		return memcmp(p, mapped, 12) ? NULL : p + 12;
	}
	return NULL;
}

void addr_text(const struct addr *a, char *out, unsigned size) {
	const unsigned char *v4 = ipv4_of(a);
	const void *v6 = &((const struct sockaddr_in6 *)&a->ss)->sin6_addr;
	if (v4)
		inet_ntop(AF_INET, v4, out, size);
	else if (a->ss.ss_family == AF_INET6)
		inet_ntop(AF_INET6, v6, out, size);
	else
		snprintf(out, size, "unix");
}

bool addr_is_loopback(const struct addr *a) {
	const unsigned char *v4 = ipv4_of(a);
	if (v4)
		return v4[0] == 127;
	if (a->ss.ss_family == AF_INET6)
		return IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)&a->ss)->sin6_addr);
	return a->ss.ss_family == AF_UNIX;
}

unsigned addr_limit_key(const struct addr *a, unsigned char out[16]) {
	const unsigned char *v4 = ipv4_of(a);
	if (v4) {
		memcpy(out, v4, 4);
		return 4;
	}
	if (a->ss.ss_family == AF_INET6) {
		memcpy(out, &((const struct sockaddr_in6 *)&a->ss)->sin6_addr, 8);
		return 8;
	}
	out[0] = 'u';
	return 1;
}
