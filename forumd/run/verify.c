/* verify.c - see verify.h. A check lives in one of three places: `queue` (under the lock), `flight` (the thread's own),
 * or as a message on its way back to the worker of its session. */
#include "forumd/run/verify.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/run/launch.h"
#include "forumd/run/worker_private.h"

#define GRACE_MS 5000              /* beyond the time for look-ups: then the program hangs */
#define AGAIN_MS 1000              /* between two starts */

struct check {
	struct msg msg;                /* thread -> worker */
	struct list link;
	uint64_t id, session;
	int64_t until;                 /* monotonic ms */
	size_t size;
	struct buf frame;              /* until it is sent */
	char verdict;
	struct buf results;
};

static int wake_fd = -1;
static pthread_t thread;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct list queue;
static size_t waiting, waiting_bytes;              /* under the lock: queue and flight */
static uint64_t next_id;
static atomic_bool stopping, changed;
/* the thread's own */
static struct list flight;
static int fd = -1;
static struct buf in, out;
static int64_t start_at;

/* ---- the program ---- */

static void open_program(void) {
	struct config *c = config_current();
	start_at = clock_mono_ms() + AGAIN_MS;
	fd = launch(LAUNCH_VERIFY, &c->dns_server, 1);
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	else
		log_warn("verify", "forumd-verify cannot be started");
	config_unref(&c);
}

/* ---- answers ---- */

static void check_free(struct check *k) {
	buf_free(&k->frame);
	buf_free(&k->results);
	mem_free(k);
}

/* on the worker */
static void answer(struct msg *m, void *owner) {
	struct check *k = (struct check *)m;
	struct session *s = owner ? session_find(owner, k->session) : NULL;
	if (s && !s->closing && s->ops->verify_done) {
		struct verify_answer a = { .id = k->id, .verdict = k->verdict, .results = buf_slice(&k->results) };
		s->ops->verify_done(s, &a);
		session_read_end(s);
		session_wake(s);
		conn_kick(s->conn);
	}
	check_free(k);
}

static void finish(struct check *k, char verdict, struct slice results) {
	list_del(&k->link);
	pthread_mutex_lock(&lock);
	waiting--;
	waiting_bytes -= k->size;
	pthread_mutex_unlock(&lock);
	k->verdict = verdict;
	buf_add_slice(&k->results, results);
	worker_post(k->session, &k->msg);
}

static void finish_all(const char *why) {
	while (!list_empty(&flight))
		finish(list_entry(flight.next, struct check, link), 'T', slice_str(why));
}

static void lost(const char *why) {
	log_warn("verify", "%s", why);
	close(fd);
	fd = -1;
	buf_free(&in);
	buf_free(&out);
	finish_all("; none (the check was interrupted)");
}

static void answered(const struct verify_answer *a) {
	list_for (it, &flight) {
		struct check *k = list_entry(it, struct check, link);
		if (k->id != a->id)
			continue;
		finish(k, a->verdict, a->results);
		return;
	}
}

/* ---- the thread ---- */

static void read_answers(void) {
	struct verify_answer a;
	size_t size;
	int e;
	ssize_t n = read(fd, buf_reserve(&in, 16384), 16384);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	if (n <= 0) {
		lost("forumd-verify ended");
		return;
	}
	buf_commit(&in, (size_t)n);
	while ((e = verify_wire_take_answer(&in, &a, &size)) > 0) {
		answered(&a);
		buf_consume(&in, size);
	}
	if (e < 0)
		lost("forumd-verify says what cannot be understood");
}

static void write_requests(void) {
	ssize_t n = buf_len(&out) ? send(fd, buf_bytes(&out), buf_len(&out), MSG_NOSIGNAL) : 0;
	if (n < 0 && errno != EAGAIN && errno != EINTR) {
		lost("forumd-verify takes nothing");
		return;
	}
	if (n > 0)
		buf_consume(&out, (size_t)n);
	if (!buf_len(&out))
		buf_shrink(&out, 65536);
}

/* what waits goes into the pipe; without one it waits for the next start or its time */
static void take_queue(void) {
	pthread_mutex_lock(&lock);
	while (!list_empty(&queue)) {
		struct check *k = list_entry(queue.next, struct check, link);
		list_del(&k->link);
		list_add_tail(&flight, &k->link);
		buf_add_slice(&out, buf_slice(&k->frame));
		buf_free(&k->frame);
	}
	pthread_mutex_unlock(&lock);
}

static bool queue_waits(void) {
	pthread_mutex_lock(&lock);
	bool any = !list_empty(&queue);
	pthread_mutex_unlock(&lock);
	return any;
}

/* in flight or not even sent: nobody waits longer than this */
static void expire(void) {
	int64_t now = clock_mono_ms();
	bool any = true;
	while (any) {
		struct check *late = NULL;
		list_for (it, &flight)
			if (list_entry(it, struct check, link)->until < now)
				late = list_entry(it, struct check, link);
		any = late != NULL;
		if (late)
			finish(late, 'T', SLICE("; none (the check took too long)"));
	}
	pthread_mutex_lock(&lock);
	while (fd < 0 && !list_empty(&queue) && list_entry(queue.next, struct check, link)->until < now) {
		struct check *k = list_entry(queue.next, struct check, link);
		list_del(&k->link);
		list_add_tail(&flight, &k->link);
	}
	pthread_mutex_unlock(&lock);
}

static void turn(void) {
	struct pollfd p[2] = { { wake_fd, POLLIN, 0 }, { fd, (short)(POLLIN | (buf_len(&out) ? POLLOUT : 0)), 0 } };
	uint64_t n;
	poll(p, 2, list_empty(&flight) && !queue_waits() ? -1 : 200);
	if (p[0].revents && read(wake_fd, &n, sizeof n) < 0)
		log_debug("verify", "woken already");
	if (atomic_load(&changed) && fd >= 0 && list_empty(&flight)) {
		atomic_store(&changed, false);
		close(fd);
		fd = -1;
		start_at = 0;
	}
	if (fd < 0 && queue_waits() && clock_mono_ms() >= start_at)
		open_program();
	if (fd >= 0 && !atomic_load(&changed))
		take_queue();
	if (fd >= 0)
		write_requests();
	if (fd >= 0 && (p[1].revents & (POLLIN | POLLHUP | POLLERR)) && p[1].fd == fd)
		read_answers();
	expire();
}

static void *verify_main(void *arg) {
	(void)arg;
	while (!atomic_load(&stopping))
		turn();
	if (fd >= 0)
		close(fd);
	fd = -1;
	take_queue();
	finish_all("; none (stopping)");
	buf_free(&in);
	buf_free(&out);
	return NULL;
}

static void wake(void) {
	uint64_t one = 1;
	while (write(wake_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

void verify_start(void) {
	list_init(&queue);
	list_init(&flight);
	atomic_store(&stopping, false);
	wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (wake_fd < 0 || pthread_create(&thread, NULL, verify_main, NULL))
		bug("verify thread: %s", strerror(errno));
}

void verify_reload(void) {
	if (wake_fd < 0)
		return;
	atomic_store(&changed, true);
	wake();
}

void verify_stop(void) {
	if (wake_fd < 0)
		return;
	atomic_store(&stopping, true);
	wake();
	pthread_join(thread, NULL);
	close(wake_fd);
	wake_fd = -1;
}

void session_verify(struct session *s, struct verify_request *r) {
	struct check *k = mem_zalloc(sizeof *k);
	k->msg.run = answer;
	k->session = s->id;
	k->size = r->mail.n + 2048;
	k->until = clock_mono_ms() + (int64_t)s->config->dns_timeout * 1000 + GRACE_MS;
	r->timeout_ms = (uint64_t)s->config->dns_timeout * 1000;
	pthread_mutex_lock(&lock);
	bool room = wake_fd >= 0 && waiting < VERIFY_WAITING &&
		waiting_bytes + k->size <= VERIFY_BYTES + (waiting ? 0 : k->size);
	if (room) {
		r->id = k->id = ++next_id;
		verify_wire_add_request(&k->frame, r);
		waiting++;
		waiting_bytes += k->size;
		list_add_tail(&queue, &k->link);
	}
	pthread_mutex_unlock(&lock);
	if (room) {
		wake();
		return;
	}
	k->verdict = 'T';
	buf_adds(&k->results, "; none (too many mails wait for their check)");
	worker_post(k->session, &k->msg);
}
