/* spf_private.h - one check under way; included by forumd/mail/spf*.c only. */
#ifndef FORUMD_MAIL_SPF_PRIVATE_H
#define FORUMD_MAIL_SPF_PRIVATE_H
#include "forumd/mail/spf.h"

#define SPF_LOOKUPS_MAX 10
#define SPF_VOID_MAX 2
#define SPF_NAMES_MAX 10

struct spf {
	struct arena *a;
	const struct dns *dns;
	struct spf_client c;
	struct slice local, sender_domain;
	unsigned lookups, voids;
};
/* counts look-ups without an answer; DNS_FOUND, DNS_ABSENT, DNS_TEMP */
enum dns_status spf_look_up(struct spf *s, struct slice name, enum dns_type type, struct dns_records *r_r);
/* the client's names that lead back to it (RFC 7208 5.5); DNS_TEMP only when the address itself cannot be asked for */
enum dns_status spf_client_names(struct spf *s, struct dns_records *names_r);
/* does one of the addresses of a name lie in the client's network? 1, 0, < 0: DNS_TEMP */
int spf_name_matches(struct spf *s, struct slice name, unsigned bits4, unsigned bits6, bool count_void);
/* spf_macro.c: appended; ERR_SYNTAX */
int spf_macro(struct spf *s, struct slice domain, struct slice spec, struct buf *out);
#endif
