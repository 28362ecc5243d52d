#include "forumd/index.h"
#include <pthread.h>
#include <time.h>
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/forum/group.h"
#include "forumd/forum/search.h"
#include "forumd/run/writer.h"

enum { INDEX_PAUSE_S = 2, INDEX_ERROR_PAUSE_S = 60, INDEX_QUIET_MS = 500 };
enum { CHANGES_KEEP = 20000, CHANGES_LOOK = 1000, CHANGES_PIECE = 500, CHANGES_ROUNDS = 300 };

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

/* --- change logs --- */

struct forget { uint32_t group; uint64_t upto; bool more; };

static int forget_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct forget *w = j->data;
	int r = group_change_forget(t, w->group, w->upto, CHANGES_PIECE);
	w->more = r > 0;
	return r < 0 ? fail_set(f, (enum err)r, "changes of group %u", w->group) : 1;
}

/* the log of one group is cut, piece by piece */
static int forget_changes(uint32_t group, uint64_t upto) {
	struct forget w = { .group = group, .upto = upto, .more = true };
	int r = 1;
	while (w.more && r >= 0 && index_let_pass()) {
		struct job *j = job_new(NULL, forget_apply);
		j->lane = JOB_BULK;
		j->data = &w;
		r = writer_call(writer_current(), j);
		job_free(&j);
	}
	return r;
}

static int changes_round(void) {
	uint32_t group = 0;
	int r = 1;
	while (r > 0 && !index_stopped(0)) {
		struct forum_txn *t = NULL;
		struct fail f = { .code = ERR_OK };
		uint64_t upto;
		if ((r = forum_read_begin(indexer.forum, &t, &f)) < 0)
			break;
		r = group_change_long(t, &group, CHANGES_LOOK, CHANGES_KEEP, &upto);
		forum_read_end(&t);
		if (r > 0 && upto)
			r = forget_changes(group, upto);
	}
	return r;
}

/* At the start, and then every ten minutes, what is too old in the change logs goes. */
static void *index_run(void *arg) {
	int r = 0;
	unsigned rounds = 0;
	(void)arg;
	while (!index_stopped(r < 0 ? INDEX_ERROR_PAUSE_S : INDEX_PAUSE_S)) {
		if ((r = index_round()) < 0)
			log_error("index", "upkeep of the search index: %s", err_name((enum err)r));
		if (r >= 0 && rounds++ % CHANGES_ROUNDS == 0 && (r = changes_round()) < 0)
			log_error("index", "upkeep of the change logs: %s", err_name((enum err)r));
	}
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
