/* verify.h - the inside of forumd-verify, which checks who sent a mail (forumd/mail/sender.h). Its descriptor 0 is a
 * socket from which mails come and to which verdicts go, many at a time. It has neither the store nor the keys. */
#ifndef GATEWAYS_VERIFY_VERIFY_H
#define GATEWAYS_VERIFY_VERIFY_H
#include "forumd/mail/auth.h"

/* verify_dns.c: libunbound with a cache for all threads. server: "" as /etc/resolv.conf says, else ADDRESS or
 * ADDRESS:PORT.
 * false: cannot be set up (logged) */
bool verify_dns_start(const char *server);
/* for struct dns; arg: const int64_t *, monotonic ms when all look-ups of this mail must have ended */
enum dns_status verify_dns_look_up(void *arg, struct slice name, enum dns_type type, struct arena *a,
	struct dns_records *r_r);
#endif
