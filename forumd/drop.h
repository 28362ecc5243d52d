/* drop.h - give up what the daemon does not need. Main thread, each once, in this order at start. */
#ifndef FORUMD_DROP_H
#define FORUMD_DROP_H
#include "forumd/base/fail.h"
#include "forumd/run/config.h"

/* Open files up to the hard limit. */
void drop_raise_files(void);
/* Change to the account when root; with "" and as an ordinary user nothing happens. Listeners are open and keys read
 * before, the store is opened after. 1 or < 0. */
int drop_user(const char *user, struct fail *f);
/* No new privileges, Landlock on the directories in use, and a system call filter without exec. What the kernel lacks
 * is logged and left out. After out_start() has forked its launcher, before threads that touch the network's data. */
void drop_privileges(const struct config *c);
#endif
