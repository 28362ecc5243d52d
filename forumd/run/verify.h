/* verify.h - the way to forumd-verify, the program that checks who sent a mail (SPF, DKIM, DMARC, ARC). It asks the DNS
 * and reads what strangers wrote, so it is a process of its own, without the store and the keys; should it die, the
 * mails it had are "later" and it is started anew.
 *
 * The launcher starts it when the first mail wants a check; one thread here moves frames. At most VERIFY_WAITING mails
 * and VERIFY_BYTES octets of them wait; beyond that the answer is "later" at once. */
#ifndef FORUMD_RUN_VERIFY_H
#define FORUMD_RUN_VERIFY_H
#include "forumd/run/session.h"
#include "forumd/run/verify_wire.h"

#define VERIFY_WAITING 256
#define VERIFY_BYTES (64u << 20)

/* the thread; after the sandbox. Without the program: logged, and every answer is "later". */
void verify_start(void);
/* another DNS server counts from the next mail on */
void verify_reload(void);
void verify_stop(void);
/* From a session's step; then return STEP_WAIT. The answer comes by ops->verify_done, which copies what it keeps, and
 * wakes the session. The request's slices are copied; id is set here, timeout from the configuration. */
void session_verify(struct session *s, struct verify_request *r);
#endif
