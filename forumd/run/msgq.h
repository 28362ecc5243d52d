/* msgq.h - many threads put, one takes. The first message put into an empty queue calls the wake function. */
#ifndef FORUMD_RUN_MSGQ_H
#define FORUMD_RUN_MSGQ_H
#include "forumd/base/list.h"

/* Embedded first in the message. run() is called on the taking thread and frees the message; owner is NULL when the
 * queue is being emptied at the end. */
struct msg { struct list link; void (*run)(struct msg *m, void *owner); };
struct msgq;
struct msgq *msgq_new(void (*wake)(void *), void *arg);
/* runs what is left with a NULL owner */
void msgq_free(struct msgq **q);
void msgq_put(struct msgq *q, struct msg *m);
/* Between the two no taker is woken: who has many messages to put wakes each once, at the end. No taker gets anything
 * out of its queue before all are woken, so what one tells the world is never ahead of what another has been told. One
 * thread at a time. */
void msgq_hold(struct msgq *q);
void msgq_release(struct msgq *const *v, unsigned n);
/* runs everything that is there now, in order */
void msgq_run(struct msgq *q, void *owner);
#endif
