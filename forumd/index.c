#include "forumd/index.h"
#include <pthread.h>
#include <time.h>
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/forum/search.h"
#include "forumd/run/writer.h"

enum { INDEX_PAUSE_S = 2, INDEX_ERROR_PAUSE_S = 60, INDEX_QUIET_MS = 500 };

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool running, stop;
	struct forum *forum;
	rebuild_parse parse;
} indexer = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER };

static bool index_stopped(int seconds) {
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += seconds;
	pthread_mutex_lock(&indexer.lock);
	while (seconds && !indexer.stop && pthread_cond_timedwait(&indexer.wake, &indexer.lock, &until) == 0)
		;
	bool stop = indexer.stop;
	pthread_mutex_unlock(&indexer.lock);
	return stop;
}

static int index_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	return search_plan_apply(t, j->data, f);
}

/* 1 a step was made or is to be made again, 0 nothing to do, < 0 */
static int index_step(uint32_t group) {
	struct forum_txn *t = NULL;
	struct search_plan *plan = NULL;
	struct fail f = { .code = ERR_OK };
	int r = forum_read_begin(indexer.forum, &t, &f);
	if (r < 0)
		return r;
	r = search_plan_make(t, group, indexer.parse, NULL, &plan);
	forum_read_end(&t);
	if (r <= 0)
		return r;
	struct job *j = job_new(NULL, index_apply);
	j->lane = JOB_BULK;
	j->data = plan;
	r = writer_call(writer_current(), j);
	job_free(&j);
	search_plan_free(&plan);
	return r < 0 ? r : 1;
}

/* Imports first: until they have been quiet for a moment. Queries are right meanwhile, only slower. */
static bool index_let_pass(void) {
	while (writer_bulk_quiet_ms(writer_current()) < INDEX_QUIET_MS)
		if (index_stopped(1))
			return false;
	return !index_stopped(0);
}

static int index_round(void) {
	uint32_t group = 0;
	for (;;) {
		struct forum_txn *t = NULL;
		struct fail f = { .code = ERR_OK };
		int r = forum_read_begin(indexer.forum, &t, &f);
		if (r < 0)
			return r;
		r = search_next_work(t, &group);
		forum_read_end(&t);
		if (r <= 0)
			return r;
		while (index_let_pass() && (r = index_step(group)) > 0)
			;
		if (r < 0 || index_stopped(0))
			return r < 0 ? r : 0;
	}
}

static void *index_run(void *arg) {
	int r = 0;
	(void)arg;
	while (!index_stopped(r < 0 ? INDEX_ERROR_PAUSE_S : INDEX_PAUSE_S))
		if ((r = index_round()) < 0)
			log_error("index", "upkeep of the search index: %s", err_name((enum err)r));
	return NULL;
}

void index_start(struct forum *forum, rebuild_parse parse) {
	indexer.forum = forum;
	indexer.parse = parse;
	indexer.stop = false;
	if (pthread_create(&indexer.thread, NULL, index_run, NULL) != 0)
		bug("no thread for the index");
	indexer.running = true;
}

void index_stop(void) {
	if (!indexer.running)
		return;
	pthread_mutex_lock(&indexer.lock);
	indexer.stop = true;
	pthread_cond_signal(&indexer.wake);
	pthread_mutex_unlock(&indexer.lock);
	pthread_join(indexer.thread, NULL);
	indexer.running = false;
}
