#include "forumd/run/job.h"
#include "forumd/run/session.h"

/* The job lies in its own arena. */
struct job *job_new(struct session *s, int (*apply)(struct forum_txn *, struct job *, struct fail *)) {
	struct arena *a = arena_new();
	struct job *j = ARENA_NEW(a, struct job);
	list_init(&j->link);
	j->arena = a;
	j->session = s ? s->id : 0;
	j->apply = apply;
	return j;
}

void job_free(struct job **j) {
	struct arena *a = *j ? (*j)->arena : NULL;
	*j = NULL;
	if (a)
		arena_free(&a);
}
