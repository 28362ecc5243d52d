/* launch.h - the launcher: a small process forked while forumd still has one thread and may exec. On request it starts
 * one of our programs with one end of a socket pair as its descriptor 0 and passes the other end back. It ends when
 * forumd does.
 * The daemon itself then never forks nor execs, its sandbox forbids it, and a program that died can be started again.
 */
#ifndef FORUMD_RUN_LAUNCH_H
#define FORUMD_RUN_LAUNCH_H
#include "forumd/base/fail.h"

enum launch_program { LAUNCH_SEND, LAUNCH_FETCH, LAUNCH_VERIFY, LAUNCH_COUNT };
#define LAUNCH_ARGS_MAX 4

/* Forks the launcher; again: nothing. Main thread, before any other is started, as the user that the programs run as.
 * 1 or < 0. */
int launch_start(struct fail *f);
/* where the program was found when the launcher started: 1, or ERR_NOTFOUND with words */
int launch_has(enum launch_program p, struct fail *f);
/* A new process with these arguments: our end of its socket, blocking, close on exec; -1. Any thread; waits for the
 * fork. */
int launch(enum launch_program p, const char *const *args, unsigned nargs);
/* after this nothing is started; processes that run see the end of their sockets */
void launch_stop(void);
#endif
