/* accept.h - a listening socket, at all workers: each accepts for itself, so that a connection is served by the thread
 * that was woken for it, without a hand-over. Who has more sessions than another gives the new one away. Main thread.
 */
#ifndef FORUMD_RUN_ACCEPT_H
#define FORUMD_RUN_ACCEPT_H
#include "forumd/run/config.h"

struct acceptor;
/* Accepts from now on; the workers run. fd (non-blocking) stays the caller's; l lies in c, of which it keeps a count.
 */
struct acceptor *acceptor_new(int fd, const struct config_listen *l, struct config *c);
/* connections that come from now on get these settings */
void acceptor_update(struct acceptor *a, const struct config_listen *l, struct config *c);
/* afterwards no worker looks at fd any more */
void acceptor_free(struct acceptor **a);
/* Once, at start: when no descriptor is free, the one kept here lets a client in and out again, so that no listener
 * spins. */
void accept_keep_spare(void);
#endif
