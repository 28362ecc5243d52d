/* job.h - a write request that travels: worker -> writer -> worker. Ownership moves with it; nobody keeps a pointer
 * after handing over. `apply` runs on the writer in a child transaction of its own and has no effect outside the
 * transaction and the job, so it can be run again. */
#ifndef FORUMD_RUN_JOB_H
#define FORUMD_RUN_JOB_H
#include "forumd/base/arena.h"
#include "forumd/base/list.h"
#include "forumd/forum/forum.h"

struct session;
enum job_lane { JOB_INTERACTIVE, JOB_BULK };
struct job {
	struct list link;
	struct arena *arena;                 /* everything the job needs lives here */
	uint64_t session;                    /* who gets the answer; 0: `done` or nobody */
	enum job_lane lane;
	/* > 0 commit; <= 0 abort the child (0: nothing to do; < 0: enum err, f says why) */
	int (*apply)(struct forum_txn *t, struct job *j, struct fail *f);
	/* for jobs without a session: called on the writer after the commit (or failure) and owns the job from then on;
	 * NULL: the writer frees it */
	void (*done)(struct job *j);
	int kind;                            /* the gateway's own */
	void *data;                          /* the gateway's own, in the arena */
	size_t size;                         /* octets, for batching */
	int result;                          /* what apply returned, or ERR_UNAVAILABLE when the commit failed */
	struct fail fail;
	void *waiter;                        /* writer_call */
};
/* session may be NULL */
struct job *job_new(struct session *s, int (*apply)(struct forum_txn *, struct job *, struct fail *));
void job_free(struct job **j);
#endif
