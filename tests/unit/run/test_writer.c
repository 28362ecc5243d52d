/* The writer on a real store: order, neighbours of a refused job, a failing commit, many threads. */
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>
#include "forumd/base/stat.h"
#include "forumd/forum/group.h"
#include "forumd/run/bus.h"
#include "forumd/run/writer.h"
#include "tests/tap/tap.h"

static struct forum *forum;
static struct writer *writer;

struct put { char name[24], value[24]; bool refuse; };
static int apply_put(struct forum_txn *t, struct job *j, struct fail *f) {
	struct put *p = j->data;
	int r = forum_meta_put(t, p->name, slice_str(p->value));
	if (p->refuse)
		return fail_set(f, ERR_DENIED, "refused %s", p->name);
	return r;
}

static struct job *put_job(const char *name, const char *value, bool refuse) {
	struct job *j = job_new(NULL, apply_put);
	struct put *p = ARENA_NEW(j->arena, struct put);
	snprintf(p->name, sizeof p->name, "%s", name);
	snprintf(p->value, sizeof p->value, "%s", value);
	p->refuse = refuse;
	j->data = p;
	return j;
}

/* what is on disk under the name, "" when nothing */
static const char *stored(const char *name) {
	static char out[64];
	struct forum_txn *t;
	struct slice v;
	out[0] = 0;
	if (forum_read_begin(forum, &t, NULL) < 0)
		bail("no read transaction");
	if (forum_meta_get(t, name, &v) > 0)
		slice_cstr(v, out, sizeof out);
	forum_read_end(&t);
	return out;
}

/* holds the writer until released, so that what is submitted meanwhile makes one batch */
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static int apply_gate(struct forum_txn *t, struct job *j, struct fail *f) {
	(void)t, (void)j, (void)f;
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	return 0;
}
static void hold(void) {
	pthread_mutex_lock(&gate);
	writer_submit(writer, job_new(NULL, apply_gate));
	while (writer_waiting(writer) != 1)
		sched_yield();
	usleep(50000);
}

static atomic_uint answers;
static int results[16];
static unsigned at;
static void on_done(struct job *j) {
	if (at < 16)
		results[at++] = j->result;
	job_free(&j);
	atomic_fetch_add(&answers, 1);
}
static void submit(struct job *j, enum job_lane lane) {
	j->done = on_done;
	j->lane = lane;
	writer_submit(writer, j);
}
static void wait_for(unsigned n) {
	for (int i = 0; i < 5000 && atomic_load(&answers) < n; i++)
		usleep(1000);
}

static void single(void) {
	struct job *j = put_job("a", "1", false);
	is_int(writer_call(writer, j), 1, "one job");
	is_str(stored("a"), "1", "is on disk when the answer comes");
	job_free(&j);
	j = put_job("a", "2", true);
	is_int(writer_call(writer, j), ERR_DENIED, "a refusal");
	is_str(j->fail.text, "refused a", "with its reason");
	is_str(stored("a"), "1", "leaves no trace");
	job_free(&j);
}

static void neighbours(void) {
	int64_t commits = stat_get(STAT_commits);
	atomic_store(&answers, 0);
	at = 0;
	hold();
	submit(put_job("n1", "x", false), JOB_INTERACTIVE);
	submit(put_job("n2", "x", true), JOB_INTERACTIVE);
	submit(put_job("n3", "x", false), JOB_INTERACTIVE);
	pthread_mutex_unlock(&gate);
	wait_for(3);
	is_int(atomic_load(&answers), 3, "three answers");
	is_int(results[0], 1, "first"), is_int(results[1], ERR_DENIED, "second, in order"), is_int(results[2], 1, "third");
	is_str(stored("n1"), "x", "the neighbour before is stored");
	is_str(stored("n2"), "", "the refused one is not");
	is_str(stored("n3"), "x", "the neighbour behind is stored");
	is_int(stat_get(STAT_commits) - commits, 1, "in one commit");
}

/* Two jobs are: put, child commit, put, child commit, commit. Whichever of them fails, the answers tell what is on
 * disk. */
static void commit_failure(void) {
	for (int n = 1; n <= 8; n++) {
		char a[16], b[16];
		snprintf(a, sizeof a, "g%d", n), snprintf(b, sizeof b, "h%d", n);
		atomic_store(&answers, 0);
		at = 0;
		hold();
		submit(put_job(a, "x", false), JOB_INTERACTIVE);
		submit(put_job(b, "x", false), JOB_INTERACTIVE);
		forum_test_fail_after(forum, n);
		pthread_mutex_unlock(&gate);
		wait_for(2);
		forum_test_fail_after(forum, 0);
		bool has_a = *stored(a), has_b = *stored(b);
		ok(has_a == (results[0] > 0) && has_b == (results[1] > 0),
			"operation %d fails: answers (%d, %d) tell what is on disk", n, results[0], results[1]);
		ok(results[0] == 1 || results[0] == ERR_UNAVAILABLE, "the code is ERR_UNAVAILABLE");
	}
	struct job *j = put_job("later", "x", false);
	is_int(writer_call(writer, j), 1, "writing goes on");
	job_free(&j);
}

static int64_t bulk_before_fast;
static void on_order(struct job *j) {
	struct put *p = j->data;
	static int64_t bulk;
	bulk = strcmp(p->name, "bulk") == 0 ? bulk + 1 : bulk;
	if (strcmp(p->name, "fast") == 0)
		bulk_before_fast = bulk;
	job_free(&j);
	atomic_fetch_add(&answers, 1);
}

static void lanes(void) {
	enum { N = 300 };
	atomic_store(&answers, 0);
	hold();
	for (int i = 0; i <= N; i++) {
		struct job *j = put_job(i < N ? "bulk" : "fast", "x", false);
		j->lane = i < N ? JOB_BULK : JOB_INTERACTIVE;
		j->done = on_order;
		writer_submit(writer, j);
	}
	pthread_mutex_unlock(&gate);
	wait_for(N + 1);
	is_int(atomic_load(&answers), N + 1, "both lanes are emptied");
	ok(bulk_before_fast <= 1, "a post goes before bulk work that waited longer (%d before it)", (int)bulk_before_fast);
}

static struct change got[8];
static size_t ngot;
static void on_bus(void *arg, const struct change *v, size_t n) {
	(void)arg;
	for (size_t i = 0; i < n && ngot < 8; i++)
		got[ngot++] = v[i];
}
static int apply_group(struct forum_txn *t, struct job *j, struct fail *f) {
	struct group_spec s = { .name = slice_str(j->data), .title = SLICE("Test") };
	uint32_t id;
	return group_add(t, &s, &id, f);
}
static void changes(void) {
	bus_listen(on_bus, NULL);
	struct job *j = job_new(NULL, apply_group);
	j->data = arena_cstr(j->arena, SLICE("test.one"));
	is_int(writer_call(writer, j), 1, "group made: %s", j->fail.text);
	job_free(&j);
	ok(ngot >= 1 && got[0].kind == CHANGE_GROUP, "its change is on the bus before the answer");
	bus_unlisten(on_bus, NULL);
}

static void *many_thread(void *arg) {
	int *good = arg;
	for (int i = 0; i < 250; i++) {
		struct job *j = put_job("many", "x", i % 5 == 4);
		*good += writer_call(writer, j) == (i % 5 == 4 ? ERR_DENIED : 1);
		job_free(&j);
	}
	return NULL;
}
static void many(void) {
	pthread_t th[4];
	int good[4] = { 0 };
	for (int i = 0; i < 4; i++)
		pthread_create(&th[i], NULL, many_thread, &good[i]);
	for (int i = 0; i < 4; i++)
		pthread_join(th[i], NULL);
	is_int(good[0] + good[1] + good[2] + good[3], 1000, "1,000 jobs of four threads are answered rightly");
}

int main(void) {
	struct forum_options o = { .domain = "forum.test", .map_size = 64 << 20, .no_sync = true };
	struct fail f = { 0 };
	if (forum_open(test_tmpfile("store"), &o, &forum, &f) < 0)
		bail("forum_open: %s", f.text);
	writer = writer_start(forum);
	ok(writer_current() == writer, "the process's writer");
	single();
	neighbours();
	commit_failure();
	lanes();
	changes();
	many();
	for (int i = 0; i < 20; i++)
		writer_submit(writer, put_job("last", "x", false));
	writer_stop(&writer);
	is_str(stored("last"), "x", "what was submitted before the stop is done");
	ok(!writer_current(), "no writer any more");
	forum_close(&forum);
	return done();
}
