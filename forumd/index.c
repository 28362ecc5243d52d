#include "forumd/index.h"
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/forum/erase.h"
#include "forumd/forum/group.h"
#include "forumd/forum/header_flag.h"
#include "forumd/forum/search.h"
#include "forumd/run/writer.h"

enum {
	INDEX_PAUSE_MS = 2000, INDEX_ERROR_PAUSE_MS = 60000, INDEX_QUIET_MS = 500, INDEX_BUSY_MS = 200,
	INDEX_SHARE = 4,            /* while sessions write, this many times as long as a step took belongs to them */
	INDEX_STEP_PAUSE_MS = 2000, INDEX_LAG_MS = 120000,
};
enum { CHANGES_KEEP = 20000, CHANGES_LOOK = 1000, CHANGES_PIECE = 500, CHANGES_ROUNDS = 300 };

static struct {
	pthread_t thread;
	pthread_mutex_t lock;
	pthread_cond_t wake;
	bool running, stop;
	int64_t behind_ms;          /* when this round began */
	struct forum *forum;
	rebuild_parse parse;
} indexer = { .lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER };

static bool index_stopped(int64_t ms) {
	struct timespec until;
	clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += ms / 1000;
	until.tv_nsec += ms % 1000 * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_nsec -= 1000000000;
		until.tv_sec++;
	}
	pthread_mutex_lock(&indexer.lock);
	while (ms && !indexer.stop && pthread_cond_timedwait(&indexer.wake, &indexer.lock, &until) == 0)
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

/* Imports first: until they have been quiet for a moment. Those who write one by one get most of the time, unless the
 * index has been behind for long. Queries are right meanwhile, only slower. */
static bool index_let_pass(int64_t step_ms) {
	struct writer *w = writer_current();
	while (writer_bulk_quiet_ms(w) < INDEX_QUIET_MS)
		if (index_stopped(INDEX_QUIET_MS))
			return false;
	int64_t pause = step_ms * INDEX_SHARE;
	if (writer_quiet_ms(w) > INDEX_BUSY_MS || clock_mono_ms() - indexer.behind_ms > INDEX_LAG_MS)
		pause = 0;
	return !index_stopped(pause < INDEX_STEP_PAUSE_MS ? pause : INDEX_STEP_PAUSE_MS);
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
		for (int64_t began, took = 0; index_let_pass(took); took = clock_mono_ms() - began) {
			began = clock_mono_ms();
			if ((r = index_step(group)) <= 0)
				break;
		}
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
	for (int64_t began, took = 0; w.more && r >= 0 && index_let_pass(took); took = clock_mono_ms() - began) {
		began = clock_mono_ms();
		struct job *j = job_new(NULL, forget_apply);
		j->lane = JOB_BULK;
		j->data = &w;
		r = writer_call(writer_current(), j);
		job_free(&j);
	}
	if (r >= 0 && !w.more)
		log_info("index", "changes forgotten group=%u upto=%llu", group, (unsigned long long)upto);
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

/* --- members who are erased --- */

static int erase_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	int r = erase_more(t, 0, NULL, f);
	*(bool *)j->data = r > 0;
	return r < 0 ? r : 1;
}

/* What a stop interrupted, or is under way since somebody ordered it. Half of the time is others', and an import does
 * not hold it up: people have a right to it. */
static int erase_round(void) {
	struct forum_txn *t = NULL;
	struct fail f = { .code = ERR_OK };
	int r = forum_read_begin(indexer.forum, &t, &f);
	if (r < 0)
		return r;
	r = erase_waits(t);
	forum_read_end(&t);
	for (bool more = r > 0; more && r > 0;) {
		int64_t began = clock_mono_ms();
		struct job *j = job_new(NULL, erase_apply);
		j->lane = JOB_BULK;
		j->data = &more;
		r = writer_call(writer_current(), j);
		job_free(&j);
		if (index_stopped(clock_mono_ms() - began + 1))
			break;
	}
	return r;
}

/* --- headers of old posts --- */

static int headers_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	return header_flag_apply(t, j->data, f);
}

/* 1 a step was made, 0 all were looked at, < 0 */
static int headers_step(struct header_flag_step *s) {
	struct forum_txn *t = NULL;
	struct fail f = { .code = ERR_OK };
	int r = forum_read_begin(indexer.forum, &t, &f);
	if (r < 0)
		return r;
	r = header_flag_look(t, s);
	forum_read_end(&t);
	if (r <= 0)
		return r;
	struct job *j = job_new(NULL, headers_apply);
	j->lane = JOB_BULK;
	j->data = s;
	r = writer_call(writer_current(), j);
	job_free(&j);
	return r < 0 ? r : 1;
}

static int headers_round(void) {
	struct header_flag_step s;
	uint64_t n = 0;
	int r = 0;
	for (int64_t began, took = 0; index_let_pass(took); took = clock_mono_ms() - began) {
		began = clock_mono_ms();
		if ((r = headers_step(&s)) <= 0)
			break;
		n += s.n;
	}
	if (n)
		log_info("index", "headers looked at ascii=%llu", (unsigned long long)n);
	return r;
}

/* At the start, and then every ten minutes, what is too old in the change logs goes; and the headers of old posts are
 * looked at, which is found done all times but once. */
static void *index_run(void *arg) {
	int r = 0, e = 0;
	unsigned rounds = 0;
	(void)arg;
	/* whoever waits for an answer goes first */
	if (setpriority(PRIO_PROCESS, (id_t)gettid(), 19) != 0)
		log_warn("index", "upkeep of the search index runs at full priority error=\"%s\"", strerror(errno));
	while (!index_stopped(r < 0 || e < 0 ? INDEX_ERROR_PAUSE_MS : INDEX_PAUSE_MS)) {
		indexer.behind_ms = clock_mono_ms();
		if ((e = erase_round()) < 0)
			log_error("index", "posts of erased members wait for the next try: %s", err_name((enum err)e));
		if ((r = index_round()) < 0)
			log_error("index", "upkeep of the search index: %s", err_name((enum err)r));
		if (r < 0 || rounds++ % CHANGES_ROUNDS)
			continue;
		if ((r = changes_round()) < 0)
			log_error("index", "upkeep of the change logs: %s", err_name((enum err)r));
		else if ((r = headers_round()) < 0)
			log_error("index", "headers of old posts: %s", err_name((enum err)r));
	}
	return NULL;
}

void index_start(struct forum *forum, rebuild_parse parse) {
	indexer.forum = forum;
	indexer.parse = parse;
	indexer.stop = false;
	if (pthread_create(&indexer.thread, NULL, index_run, NULL) != 0)
		bug("no thread for the index");
	pthread_setname_np(indexer.thread, "index");
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
