/* Workers live in one array; their queues stay usable until the next workers_start(), so that late messages of other
 * threads find a queue (where they are thrown away) and not freed memory. */
#include "forumd/run/worker.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/stat.h"
#include "forumd/run/bus.h"
#include "forumd/run/limits.h"
#include "forumd/run/worker_private.h"

#define WORKERS_MAX 64
#define STOP_MS 5000                  /* for what is acknowledged; then connections are cut */
#define FD_RESERVE 64                 /* for the store, the log, children and the control socket */

static struct worker *workers;
static unsigned nworkers, allocated;
static rlim_t descriptors;            /* RLIMIT_NOFILE */

static void inbox_wake(void *arg) {
	loop_wake(((struct worker *)arg)->loop);
}

static void on_wake(void *arg) {
	struct worker *w = arg;
	msgq_run(w->inbox, w);
}

static void on_round(void *arg) {
	struct worker *w = arg;
	if (w->txn)
		bug("a read transaction outlives the round");
}

/* ---- messages ---- */

void worker_post(uint64_t session, struct msg *m) {
	unsigned number = (unsigned)(session >> 56);
	if (number && number <= allocated)
		msgq_put(workers[number - 1].inbox, m);
	else
		m->run(m, NULL);
}

struct msg_job { struct msg msg; struct job *job; };

static void run_job(struct msg *m, void *owner) {
	struct msg_job *j = (struct msg_job *)m;
	if (owner)
		session_answer(owner, j->job);
	else
		job_free(&j->job);
	mem_free(j);
}

void worker_post_job(struct job *j) {
	struct msg_job *m = mem_zalloc(sizeof *m);
	m->msg.run = run_job;
	m->job = j;
	worker_post(j->session, &m->msg);
}

void workers_hold(void) {
	for (unsigned i = 0; i < allocated; i++)
		msgq_hold(workers[i].inbox);
}

void workers_release(void) {
	struct msgq *v[WORKERS_MAX];
	for (unsigned i = 0; i < allocated; i++)
		v[i] = workers[i].inbox;
	msgq_release(v, allocated);
}

/* ---- calls ---- */

struct call {
	void (*fn)(struct worker *, void *);
	void *arg;
	unsigned left;
	pthread_mutex_t lock;
	pthread_cond_t done;
};
struct msg_call { struct msg msg; struct call *call; };

static void run_call(struct msg *m, void *owner) {
	struct call *c = ((struct msg_call *)m)->call;
	if (owner)
		c->fn(owner, c->arg);
	pthread_mutex_lock(&c->lock);
	c->left--;
	pthread_cond_signal(&c->done);
	pthread_mutex_unlock(&c->lock);
	mem_free(m);
}

void workers_call(void (*fn)(struct worker *w, void *arg), void *arg) {
	struct call c = {
		.fn = fn, .arg = arg, .left = nworkers, .lock = PTHREAD_MUTEX_INITIALIZER, .done = PTHREAD_COND_INITIALIZER
	};
	for (unsigned i = 0; i < nworkers; i++) {
		struct msg_call *m = mem_zalloc(sizeof *m);
		m->msg.run = run_call;
		m->call = &c;
		msgq_put(workers[i].inbox, &m->msg);
	}
	pthread_mutex_lock(&c.lock);
	while (c.left)
		pthread_cond_wait(&c.done, &c.lock);
	pthread_mutex_unlock(&c.lock);
}

struct msg_changes { struct msg msg; size_t n; struct change v[]; };

static void run_changes(struct msg *m, void *owner) {
	struct msg_changes *c = (struct msg_changes *)m;
	if (owner)
		session_change(owner, c->v, c->n);
	mem_free(c);
}

/* bus listener, on the writer */
static void on_changes(void *arg, const struct change *v, size_t n) {
	(void)arg;
	for (unsigned i = 0; i < nworkers; i++) {
		/* who connects from now on sees them in the store; a worker nobody is at need not be woken */
		if (!atomic_load(&workers[i].nsessions))
			continue;
		struct msg_changes *m = mem_alloc(sizeof *m + n * sizeof *v);
		m->msg.run = run_changes;
		m->n = n;
		memcpy(m->v, v, n * sizeof *v);
		msgq_put(workers[i].inbox, &m->msg);
	}
}

/* ---- accepting ---- */

struct msg_accept {
	struct msg msg;
	int fd;
	struct addr peer;
	const struct config_listen *listen;
	struct config *config;
};

static void uncharge(const struct addr *peer) {
	unsigned char key[16];
	limits_count(slice_of(key, addr_limit_key(peer, key)), -1, 0);
}

static void run_accept(struct msg *m, void *owner) {
	struct msg_accept *a = (struct msg_accept *)m;
	if (owner) {
		session_open(owner, a->fd, &a->peer, a->listen, a->config);
	} else {
		close(a->fd);
		if (a->listen->protocol != LISTEN_CTL)
			uncharge(&a->peer);
		config_unref(&a->config);
	}
	mem_free(a);
}

/* the words of the protocol, if the client can read them before TLS, and good-bye */
static void shed(int fd, const struct config_listen *l) {
	const struct session_ops *ops = session_ops_of(l->protocol);
	bool tls = l->protocol == LISTEN_NNTPS || l->protocol == LISTEN_IMAPS || l->protocol == LISTEN_SUBMISSIONS ||
		l->protocol == LISTEN_HTTPS;
	stat_add(STAT_connections_shed, 1);
	if (ops && ops->shed && !tls) {
		struct buf out = { 0 };
		ops->shed(&out);
		ssize_t n = send(fd, buf_bytes(&out), buf_len(&out), MSG_DONTWAIT | MSG_NOSIGNAL);
		(void)n;
		buf_free(&out);
	}
	close(fd);
}

/* of descriptors the process may have as many as when the workers began */
static unsigned connections_max(const struct config *c) {
	rlim_t most = descriptors == RLIM_INFINITY ? UINT_MAX
		: descriptors > 2 * FD_RESERVE         ? descriptors - FD_RESERVE
											   : descriptors / 2;
	return most < c->connections ? (unsigned)most : c->connections;
}

/* true when it is counted (or need not be) */
static bool admit(const struct addr *peer, const struct config_listen *l, const struct config *c) {
	unsigned char key[16];
	if (l->protocol == LISTEN_CTL)
		return true;
	if (workers_sessions() >= connections_max(c))
		return false;
	return limits_count(slice_of(key, addr_limit_key(peer, key)), 1, c->connections_per_address);
}

void worker_accept(struct worker *w, int fd, const struct addr *peer, const struct config_listen *l, struct config *c) {
	struct worker *best = w;
	stat_add(STAT_connections, 1);
	if (!nworkers || !session_ops_of(l->protocol) || !admit(peer, l, c)) {
		shed(fd, l);
		return;
	}
	for (unsigned i = 0; i < nworkers; i++)
		if (!best || atomic_load(&workers[i].nsessions) < atomic_load(&best->nsessions))
			best = &workers[i];
	atomic_fetch_add(&best->nsessions, 1);
	if (best == w) {
		session_open(w, fd, peer, l, config_ref(c));
		return;
	}
	struct msg_accept *m = mem_zalloc(sizeof *m);
	m->msg.run = run_accept;
	m->fd = fd;
	m->peer = *peer;
	m->listen = l;
	m->config = config_ref(c);
	msgq_put(best->inbox, &m->msg);
}

void workers_accept(int fd, const struct addr *peer, const struct config_listen *l, struct config *c) {
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	worker_accept(NULL, fd, peer, l, c);
}

unsigned workers_sessions(void) {
	unsigned n = 0;
	for (unsigned i = 0; i < nworkers; i++)
		n += atomic_load(&workers[i].nsessions);
	return n;
}

unsigned workers_count(void) {
	return nworkers;
}

/* ---- start and stop ---- */

void worker_left(struct worker *w) {
	if (atomic_fetch_sub(&w->nsessions, 1) == 1 && w->stopping)
		loop_stop(w->loop);
}

static void cut(struct loop_timer *t) {
	struct worker *w = t->arg;
	for (size_t i = 0; i < w->slots.n; i++)
		if (w->slots.v[i])
			conn_abort(w->slots.v[i]->conn);
}

static void run_stop(struct msg *m, void *owner) {
	struct worker *w = owner;
	mem_free(m);
	if (!w)
		return;
	w->stopping = true;
	for (size_t i = 0; i < w->slots.n; i++) {
		struct session *s = w->slots.v[i];
		/* Who waits for an answer gets it first, and so does who has it already but has not said it: a commit
		 * must not look like a refusal. run_once() says good-bye then. */
		if (s && !s->waiting && !s->jobs && !session_is_due(s)) {
			session_goodbye(s);
			conn_kick(s->conn);
		}
	}
	w->stop_timer.fn = cut;
	w->stop_timer.arg = w;
	loop_timer_set(w->loop, &w->stop_timer, STOP_MS);
	if (!atomic_load(&w->nsessions))
		loop_stop(w->loop);
}

static void *worker_run(void *arg) {
	struct worker *w = arg;
	loop_run(w->loop);
	loop_timer_stop(w->loop, &w->stop_timer);
	auth_cancel_all(w);
	return NULL;
}

static void worker_init(struct worker *w, unsigned number, struct forum *forum) {
	w->number = number;
	w->forum = forum;
	w->loop = loop_new();
	w->inbox = msgq_new(inbox_wake, w);
	w->watchers = hash_new();
	list_init(&w->auths);
	loop_on_wake(w->loop, on_wake, w);
	loop_on_round(w->loop, on_round, w);
}

/* leftovers of an earlier start in the same process (tests) */
static void free_old(void) {
	for (unsigned i = 0; i < allocated; i++) {
		msgq_free(&workers[i].inbox);
		loop_free(&workers[i].loop);
	}
	mem_free(workers);
	workers = NULL;
	allocated = 0;
}

int workers_start(unsigned n, struct forum *forum) {
	struct rlimit r;
	free_old();
	descriptors = getrlimit(RLIMIT_NOFILE, &r) == 0 ? r.rlim_cur : RLIM_INFINITY;
	if (n < 1)
		n = 1;
	if (n > WORKERS_MAX)
		n = WORKERS_MAX;
	workers = mem_zalloc(n * sizeof *workers);
	allocated = n;
	for (unsigned i = 0; i < n; i++)
		worker_init(&workers[i], i + 1, forum);
	for (unsigned i = 0; i < n; i++) {
		int e = pthread_create(&workers[i].thread, NULL, worker_run, &workers[i]);
		if (e)
			bug("cannot start worker %u: %s", i, strerror(e));
		pthread_setname_np(workers[i].thread, "worker");
	}
	nworkers = n;
	bus_listen(on_changes, NULL);
	return 1;
}

void workers_stop(void) {
	for (unsigned i = 0; i < nworkers; i++) {
		struct msg *m = mem_zalloc(sizeof *m);
		m->run = run_stop;
		msgq_put(workers[i].inbox, m);
	}
	for (unsigned i = 0; i < nworkers; i++)
		pthread_join(workers[i].thread, NULL);
	bus_unlisten(on_changes, NULL);
	for (unsigned i = 0; i < nworkers; i++) {
		msgq_run(workers[i].inbox, NULL);
		vec_free(&workers[i].slots);
		vec_free(&workers[i].free_slots);
		hash_free(&workers[i].watchers);
	}
	nworkers = 0;
}
