/* worker.h - loop, sessions, job answers and change delivery of one thread. */
#ifndef FORUMD_RUN_WORKER_H
#define FORUMD_RUN_WORKER_H
#include "forumd/run/session.h"

/* Starts n workers. Main thread. */
int workers_start(unsigned n, struct forum *forum);
/* give a new connection (any descriptor) to the worker with the fewest sessions; sheds when limits are reached */
void workers_accept(int fd, const struct addr *peer, const struct config_listen *l, struct config *c);
/* runs fn on every worker, between its events, and returns when all have; not from a worker */
struct worker;
void workers_call(void (*fn)(struct worker *w, void *arg), void *arg);
/* tell sessions goodbye (ops->timeout with login=false), finish what is acknowledged, join */
void workers_stop(void);
unsigned workers_sessions(void);
/* Run a function on the worker that owns the session (job answers do it by themselves); dropped when it is gone. */
void worker_post_job(struct job *j);
/* While held no worker is woken: the writer tells changes and answers of a batch, and each worker wakes once. */
void workers_hold(void);
void workers_release(void);
/* threads running */
unsigned workers_count(void);
#endif
