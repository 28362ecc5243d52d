/* auth.h - what the checks of a sender (SPF, DKIM, DMARC, ARC) share: results, and the way they ask the DNS. Nothing
 * here opens a socket: the caller gives a function that looks names up and may block, so these run in forumd-verify. */
#ifndef FORUMD_MAIL_AUTH_H
#define FORUMD_MAIL_AUTH_H
#include "forumd/base/arena.h"
#include "forumd/base/buf.h"

/* the words of RFC 8601 2.7 */
enum auth_word {
	AUTH_NONE,
	AUTH_PASS,
	AUTH_FAIL,
	AUTH_SOFTFAIL,
	AUTH_NEUTRAL,
	AUTH_POLICY,
	AUTH_TEMPERROR,
	AUTH_PERMERROR
};
const char *auth_result_text(enum auth_word r);

enum dns_type { DNS_A = 1, DNS_PTR = 12, DNS_MX = 15, DNS_TXT = 16, DNS_AAAA = 28 };
enum dns_status { DNS_FOUND, DNS_ABSENT, DNS_TEMP };   /* absent: no such name, or none of that type */
#define DNS_RECORDS_MAX 100
/* TXT: strings of a record joined. A, AAAA: 4 or 16 octets. MX, PTR: host names without the last dot; MX by preference.
 */
struct dns_records { struct slice v[DNS_RECORDS_MAX]; size_t n; };
struct dns {
	/* records are in the arena; n is 0 unless DNS_FOUND */
	enum dns_status (*look_up)(void *arg, struct slice name, enum dns_type type, struct arena *a,
		struct dns_records *r_r);
	void *arg;
};

/* "a=1; b = two" (RFC 6376 3.2). Values are trimmed, still folded; slices into the input. */
#define AUTH_TAGS_MAX 40
struct auth_tags { struct { struct slice name, value; } v[AUTH_TAGS_MAX]; size_t n; };
/* ERR_SYNTAX: a tag without a name, twice the same tag, too many */
int auth_tags_parse(struct slice text, struct auth_tags *t_r);
/* false: not there; the value is then empty */
bool auth_tags_get(const struct auth_tags *t, const char *name, struct slice *value_r);

/* the domain below a public suffix (libpsl); the name itself where there is none. Lower case in the arena. */
struct slice auth_organization(struct arena *a, struct slice domain);
/* relaxed: same organization; strict: same name. ASCII case is ignored. */
bool auth_aligned(struct arena *a, struct slice domain, struct slice from, bool strict);
#endif
