/* spf.h - may this address send for that domain? (RFC 7208). Ten terms that look up, two look-ups without an answer,
 * ten names of an MX or PTR: beyond that permerror. Explanations (exp=) are not fetched. Look-ups block. */
#ifndef FORUMD_MAIL_SPF_H
#define FORUMD_MAIL_SPF_H
#include "forumd/mail/auth.h"

struct spf_client {
	unsigned char ip[16];
	bool v6;                     /* else the first four octets */
	struct slice helo;
	struct slice sender;         /* "local@domain"; empty: postmaster@helo (RFC 7208 2.4) */
};
/* "192.0.2.3", "2001:db8::1", "::ffff:192.0.2.3" (IPv4); false: neither */
bool spf_client_ip(struct spf_client *c, const char *text);
/* the domain that was judged, in the arena */
enum auth_word spf_check(struct arena *a, const struct spf_client *c, const struct dns *dns, struct slice *domain_r);

/* for tests: one domain-spec with its macros (RFC 7208 7) written out. ERR_SYNTAX. */
int spf_expand(struct arena *a, const struct spf_client *c, struct slice domain, const struct dns *dns,
	struct slice spec, struct buf *out);
#endif
