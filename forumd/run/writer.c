/* Group commit: while one batch is being committed the next one gathers in the queue. Those whose jobs were answered
 * just now mostly come again at once, so the next batch waits for them, for a part of the time that the last commit
 * took: many who post make one batch and not two that take turns, and who posts alone never waits. Each job runs
 * in a child transaction, so that a refusal leaves no trace and its neighbours alone.
 *
 * After a commit the order is fixed: changes to the bus (which copies them into the workers' queues), then the answers.
 * Queues keep order, so a session that gets its answer has seen its changes. The workers are woken after both. */
#include "forumd/run/writer.h"
#include <pthread.h>
#include <stdatomic.h>
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/base/stat.h"
#include "forumd/base/vec.h"
#include "forumd/run/bus.h"
#include "forumd/run/worker.h"

#define BATCH_JOBS 256
#define BATCH_BYTES (16u << 20)
#define GATHER_PART 3                 /* of the last commit's time */
#define GATHER_MAX_US 3000
#define GATHER_JOB_US 100               /* about what a worker needs to make a job */

struct lane { struct list jobs; unsigned n; };
struct writer {
	struct forum *forum;
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t more;
	struct lane lanes[2];             /* under the lock */
	bool stop;
	unsigned posters;                 /* who had jobs in the last batch, and those that waited behind it */
	unsigned want;                    /* wake the writer when so many wait; 0 any */
	int64_t ended_us, took_us;        /* the last batch */
	atomic_uint waiting;              /* submitted, not answered */
	_Atomic int64_t bulk_ms;          /* when a session's bulk job was answered */
	_Atomic int64_t busy_ms;          /* when any job of a session was answered */
};
static _Atomic(struct writer *) current;

struct batch { struct job *v[BATCH_JOBS]; unsigned n; size_t size; };

/* move jobs of a lane into the batch, at most max of them and until the batch has `bytes`; at least one fits always */
static void take(struct batch *b, struct lane *lane, unsigned max, size_t bytes) {
	while (max-- && b->n < BATCH_JOBS && !list_empty(&lane->jobs)) {
		struct job *j = list_entry(lane->jobs.next, struct job, link);
		if (b->n && b->size + j->size > bytes)
			return;
		list_del(&j->link);
		lane->n--;
		b->size += j->size;
		b->v[b->n++] = j;
	}
}

/* While both lanes wait, bulk work gets a quarter: it neither starves nor holds up posts. */
static void gather(struct writer *w, struct batch *b) {
	struct lane *fast = &w->lanes[JOB_INTERACTIVE], *bulk = &w->lanes[JOB_BULK];
	b->n = 0;
	b->size = 0;
	if (!bulk->n || !fast->n) {
		take(b, fast, BATCH_JOBS, BATCH_BYTES);
		take(b, bulk, BATCH_JOBS, BATCH_BYTES);
		return;
	}
	take(b, fast, BATCH_JOBS * 3 / 4, BATCH_BYTES * 3 / 4);
	unsigned quarter = b->n / 3 ? b->n / 3 : 1;
	take(b, bulk, quarter, BATCH_BYTES);
}

/* one job in `t`, its own transaction; ended in any case */
static void apply_in(struct job *j, struct forum_txn **t) {
	j->fail = (struct fail){ .code = ERR_OK };
	forum_set_origin(*t, j->session);
	j->result = j->apply(*t, j, &j->fail);
	if (j->result <= 0) {
		forum_abort(t);
		return;
	}
	struct fail f = { .code = ERR_OK };
	int r = forum_commit(t, &f);
	if (r < 0) {
		j->result = r;
		j->fail = f;
	}
}

static void apply_child(struct forum *forum, struct forum_txn *t, struct job *j) {
	struct forum_txn *child;
	size_t before, after;
	struct fail f = { .code = ERR_OK };
	forum_changes(t, &before);
	int r = forum_write_begin(forum, t, &child, &f);
	if (r < 0) {
		j->result = r;
		j->fail = f;
		return;
	}
	apply_in(j, &child);
	forum_changes(t, &after);
	if (j->result <= 0 && after != before)
		bug("an aborted job of kind %d left %zu changes", j->kind, after - before);
}

static void fail_all(struct batch *b, int code, const struct fail *f) {
	for (unsigned i = 0; i < b->n; i++) {
		struct job *j = b->v[i];
		if (j->result <= 0)
			continue;                     /* refused on its own grounds, which still hold */
		j->result = code == ERR_CORRUPT || code == ERR_INTERNAL ? code : ERR_UNAVAILABLE;
		j->fail = *f;
		j->fail.code = (enum err)j->result;
	}
}

/* 1: committed; 0: nothing to commit; < 0 */
static int commit_batch(struct writer *w, struct batch *b, struct fail *f, struct change **changes_r, size_t *n_r) {
	struct forum_txn *t;
	unsigned good = 0;
	for (unsigned i = 0; i < b->n; i++)
		b->v[i]->result = 1;
	int r = forum_write_begin(w->forum, NULL, &t, f);
	if (r < 0)
		return r;
	for (unsigned i = 0; i < b->n; i++) {
		apply_child(w->forum, t, b->v[i]);
		good += b->v[i]->result > 0;
	}
	if (!good) {
		forum_abort(&t);
		return 0;
	}
	const struct change *v = forum_changes(t, n_r);
	*changes_r = mem_alloc(*n_r * sizeof *v + 1);
	if (*n_r)
		memcpy(*changes_r, v, *n_r * sizeof *v);
	return forum_commit(&t, f);
}

static void answer(struct writer *w, struct batch *b) {
	int64_t now = clock_mono_ms();
	for (unsigned i = 0; i < b->n; i++) {
		struct job *j = b->v[i];
		stat_add(j->result >= 0 ? STAT_jobs : STAT_jobs_failed, 1);
		atomic_fetch_sub(&w->waiting, 1);
		if (j->session && j->lane == JOB_BULK)
			atomic_store(&w->bulk_ms, now);
		if (j->session)
			atomic_store(&w->busy_ms, now);
		if (j->session)
			worker_post_job(j);
		else if (j->done)
			j->done(j);
		else
			job_free(&j);
	}
}

static void run_batch(struct writer *w, struct batch *b) {
	struct fail f = { .code = ERR_OK };
	struct change *changes = NULL;
	size_t n = 0;
	int r = commit_batch(w, b, &f, &changes, &n);
	workers_hold();
	if (r < 0) {
		log_error("writer", "commit failed jobs=%u error=%s text=\"%s\"", b->n, err_name((enum err)r), f.text);
		fail_all(b, r, &f);
	} else if (r > 0) {
		stat_add(STAT_commits, 1);
		bus_publish(changes, n);
	}
	mem_free(changes);
	answer(w, b);
	workers_release();
}

/* jobs of sessions that wait for the answer: who imports, and threads of our own, come when they like */
static unsigned posters_of(const struct batch *b) {
	unsigned n = 0;
	for (unsigned i = 0; i < b->n; i++)
		n += b->v[i]->session && b->v[i]->lane == JOB_INTERACTIVE;
	return n;
}

/* Called with the lock held and a job there. Not while imports wait, nor when those who may come again are late; nor
 * when commits are so fast that the workers are what everybody waits for: then both had better work at the same time.
 */
static void gather_more(struct writer *w) {
	if (w->took_us < (int64_t)w->posters * GATHER_JOB_US)
		return;
	int64_t part = w->took_us / GATHER_PART, until = w->ended_us + (part < GATHER_MAX_US ? part : GATHER_MAX_US);
	struct timespec at = { .tv_sec = until / 1000000, .tv_nsec = until % 1000000 * 1000 };
	w->want = w->posters;
	while (!w->stop && !w->lanes[JOB_BULK].n && w->lanes[JOB_INTERACTIVE].n < w->want && clock_mono_us() < until)
		pthread_cond_timedwait(&w->more, &w->lock, &at);
	w->want = 0;
}

static void *writer_run(void *arg) {
	struct writer *w = arg;
	struct batch *b = mem_alloc(sizeof *b);
	for (;;) {
		pthread_mutex_lock(&w->lock);
		while (!w->stop && !w->lanes[0].n && !w->lanes[1].n)
			pthread_cond_wait(&w->more, &w->lock);
		gather_more(w);
		gather(w, b);
		pthread_mutex_unlock(&w->lock);
		if (!b->n)
			break;                        /* stopping, and all is done */
		int64_t began = clock_mono_us();
		unsigned n = posters_of(b);
		run_batch(w, b);
		w->ended_us = clock_mono_us();
		w->took_us = w->ended_us - began;
		pthread_mutex_lock(&w->lock);
		w->posters = n + w->lanes[JOB_INTERACTIVE].n;
		pthread_mutex_unlock(&w->lock);
	}
	mem_free(b);
	return NULL;
}

int64_t writer_bulk_quiet_ms(struct writer *w) {
	return clock_mono_ms() - atomic_load(&w->bulk_ms);
}

int64_t writer_quiet_ms(struct writer *w) {
	return clock_mono_ms() - atomic_load(&w->busy_ms);
}

struct writer *writer_start(struct forum *forum) {
	struct writer *w = mem_zalloc(sizeof *w);
	w->forum = forum;
	atomic_store(&w->bulk_ms, INT64_MIN / 2);
	atomic_store(&w->busy_ms, INT64_MIN / 2);
	pthread_mutex_init(&w->lock, NULL);
	pthread_condattr_t attr;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&w->more, &attr);
	pthread_condattr_destroy(&attr);
	list_init(&w->lanes[0].jobs);
	list_init(&w->lanes[1].jobs);
	atomic_store(&current, w);
	if (pthread_create(&w->thread, NULL, writer_run, w) != 0)
		bug("cannot start the writer");
	pthread_setname_np(w->thread, "writer");
	return w;
}

void writer_stop(struct writer **wp) {
	struct writer *w = *wp;
	*wp = NULL;
	if (!w)
		return;
	pthread_mutex_lock(&w->lock);
	w->stop = true;
	pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
	pthread_join(w->thread, NULL);
	if (atomic_load(&current) == w)
		atomic_store(&current, NULL);
	pthread_mutex_destroy(&w->lock);
	pthread_cond_destroy(&w->more);
	mem_free(w);
}

void writer_submit(struct writer *w, struct job *j) {
	struct lane *lane = &w->lanes[j->lane == JOB_BULK];
	atomic_fetch_add(&w->waiting, 1);
	pthread_mutex_lock(&w->lock);
	bool idle = !w->lanes[0].n && !w->lanes[1].n;
	list_add_tail(&lane->jobs, &j->link);
	lane->n++;
	if (idle || (w->want && (lane->n >= w->want || j->lane == JOB_BULK)))
		pthread_cond_signal(&w->more);
	pthread_mutex_unlock(&w->lock);
}

struct writer *writer_current(void) {
	return atomic_load(&current);
}

struct waiter { pthread_mutex_t lock; pthread_cond_t cond; bool done; };

static void wake_waiter(struct job *j) {
	struct waiter *wait = j->waiter;
	pthread_mutex_lock(&wait->lock);
	wait->done = true;
	pthread_cond_signal(&wait->cond);
	pthread_mutex_unlock(&wait->lock);
}

int writer_call(struct writer *w, struct job *j) {
	struct waiter wait = { .done = false };
	if (j->session)
		bug("writer_call with a session's job");
	pthread_mutex_init(&wait.lock, NULL);
	pthread_cond_init(&wait.cond, NULL);
	j->waiter = &wait;
	j->done = wake_waiter;
	writer_submit(w, j);
	pthread_mutex_lock(&wait.lock);
	while (!wait.done)
		pthread_cond_wait(&wait.cond, &wait.lock);
	pthread_mutex_unlock(&wait.lock);
	pthread_mutex_destroy(&wait.lock);
	pthread_cond_destroy(&wait.cond);
	j->waiter = NULL;
	j->done = NULL;
	return j->result;
}

unsigned writer_waiting(struct writer *w) {
	return atomic_load(&w->waiting);
}
