/* worker_private.h - the inside of a worker, for session.c and worker.c */
#ifndef FORUMD_RUN_WORKER_PRIVATE_H
#define FORUMD_RUN_WORKER_PRIVATE_H
#include <pthread.h>
#include <stdatomic.h>
#include "forumd/base/hash.h"
#include "forumd/base/vec.h"
#include "forumd/run/msgq.h"
#include "forumd/run/worker.h"

/* sessions by id: worker number from 1 (8 bits), serial (32), slot (24) */
struct worker {
	unsigned number;
	pthread_t thread;
	struct loop *loop;
	struct msgq *inbox;
	struct forum *forum;
	struct forum_txn *txn;               /* of the engine call that runs now */
	VEC(struct session *) slots;
	VEC(uint32_t) free_slots;
	struct hash *watchers;               /* watch key -> struct watchers */
	struct list auths;                   /* password checks whose answer is delayed */
	atomic_uint nsessions;               /* including those on their way here */
	bool stopping;
	struct loop_timer stop_timer;
};

/* session.c, called on the worker */
/* takes the descriptor; NULL when the address has too many: shed already */
void session_open(struct worker *w, int fd, const struct addr *peer, const struct config_listen *l, struct config *c);
struct session *session_find(struct worker *w, uint64_t id);
void session_change(struct worker *w, const struct change *v, size_t n);
void session_answer(struct worker *w, struct job *j);
void session_goodbye(struct session *s);
const struct session_ops *session_ops_of(enum listen_protocol p);
/* auth.c */
void auth_cancel_all(struct worker *w);
/* worker.c */
/* as workers_accept, on worker w, which keeps it unless another has fewer sessions */
void worker_accept(struct worker *w, int fd, const struct addr *peer, const struct config_listen *l, struct config *c);
void worker_left(struct worker *w);
/* any thread: to the worker of this session; run with a NULL owner when there is none */
void worker_post(uint64_t session, struct msg *m);
/* will the engine run it again by itself? (an answer or the rest of one is still to be written) */
bool session_is_due(const struct session *s);
#endif
