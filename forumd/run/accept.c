/* Every worker's epoll holds the socket with EPOLLEXCLUSIVE, so that a connection wakes one of them. The watches are
 * put up, changed and taken down on their worker, while the main thread waits. */
#include "forumd/run/accept.h"
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/run/worker_private.h"

#define ACCEPTS 64                    /* a turn; then sessions and other listeners are looked at */
#define RETRY_MS 100                  /* no descriptors left: leave the listener alone so long */

struct accept_at {
	struct loop_watch watch;
	struct loop_timer retry;
	struct acceptor *all;
	struct worker *worker;
	unsigned most; /* to take at once: more while more wait, so that a lone one costs no question for another */
	bool watching;
};
struct acceptor {
	int fd;
	const struct config_listen *listen;
	struct config *config;
	unsigned n;
	struct accept_at at[];
};

/* ---- without descriptors ---- */

static pthread_mutex_t spare_lock = PTHREAD_MUTEX_INITIALIZER;
static int spare_fd = -1;

void accept_keep_spare(void) {
	spare_fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static void accept_and_close(int listener) {
	pthread_mutex_lock(&spare_lock);
	if (spare_fd >= 0) {
		close(spare_fd);
		int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (fd >= 0)
			close(fd);
		accept_keep_spare();
	}
	pthread_mutex_unlock(&spare_lock);
}

/* Another thread may have taken its place: when there is room again it is back before the next is accepted. */
static void accept_regain_spare(void) {
	pthread_mutex_lock(&spare_lock);
	if (spare_fd < 0)
		accept_keep_spare();
	pthread_mutex_unlock(&spare_lock);
}

/* ---- on the worker ---- */

static void accept_watch(struct accept_at *a, bool on) {
	if (a->watching == on)
		return;
	a->watching = on;
	if (!on)
		loop_del(a->worker->loop, &a->watch);
	else if (loop_add(a->worker->loop, &a->watch) < 0)
		log_error("forumd", "cannot watch listener %s", a->all->listen->name);
}

static void on_retry(struct loop_timer *t) {
	accept_regain_spare();
	accept_watch(t->arg, true);
}

static void on_accept(struct loop_watch *w, uint32_t events) {
	struct accept_at *a = w->arg;
	(void)events;
	unsigned most = a->most;
	a->most = 1;
	for (unsigned i = 0; i < most; i++) {
		struct addr peer = { .n = sizeof peer.ss };
		int fd = accept4(w->fd, (struct sockaddr *)&peer.ss, &peer.n, SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd >= 0) {
			worker_accept(a->worker, fd, &peer, a->all->listen, a->all->config);
			continue;
		}
		if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
			log_warn("forumd", "accept listen=%s: %s", a->all->listen->name, strerror(errno));
			accept_and_close(w->fd);
			accept_watch(a, false);
			loop_timer_set(a->worker->loop, &a->retry, RETRY_MS);
			return;
		}
		if (errno != ECONNABORTED && errno != EINTR)
			return;
	}
	a->most = most * 2 < ACCEPTS ? most * 2 : ACCEPTS;
}

static void accept_begin(struct worker *w, void *arg) {
	struct acceptor *all = arg;
	struct accept_at *a = &all->at[w->number - 1];
	*a = (struct accept_at){ .all = all, .worker = w, .most = 1 };
	a->watch = (struct loop_watch){ .fd = all->fd, .events = EPOLLIN | EPOLLEXCLUSIVE, .fn = on_accept, .arg = a };
	a->retry.fn = on_retry;
	a->retry.arg = a;
	accept_watch(a, true);
}

static void accept_end(struct worker *w, void *arg) {
	struct acceptor *all = arg;
	struct accept_at *a = &all->at[w->number - 1];
	loop_timer_stop(w->loop, &a->retry);
	accept_watch(a, false);
}

/* ---- on the main thread ---- */

struct acceptor *acceptor_new(int fd, const struct config_listen *l, struct config *c) {
	unsigned n = workers_count();
	struct acceptor *a = mem_zalloc(sizeof *a + n * sizeof *a->at);
	a->fd = fd;
	a->listen = l;
	a->config = config_ref(c);
	a->n = n;
	workers_call(accept_begin, a);
	return a;
}

/* no worker accepts meanwhile */
void acceptor_update(struct acceptor *a, const struct config_listen *l, struct config *c) {
	struct config *old = a->config;
	workers_call(accept_end, a);
	a->listen = l;
	a->config = config_ref(c);
	workers_call(accept_begin, a);
	config_unref(&old);
}

void acceptor_free(struct acceptor **ap) {
	struct acceptor *a = *ap;
	*ap = NULL;
	if (!a)
		return;
	workers_call(accept_end, a);
	config_unref(&a->config);
	mem_free(a);
}
