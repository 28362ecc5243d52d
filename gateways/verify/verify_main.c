/* forumd-verify - checks who sent a mail, for forumd (verify.h). Started by forumd only. */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>
#include "forumd/base/clock.h"
#include "forumd/base/list.h"
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/mail/field.h"
#include "forumd/mail/sender.h"
#include "forumd/run/verify_wire.h"
#include "gateways/verify/verify.h"

#define THREADS 16

struct work { struct list link; struct buf frame; };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER, out_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t cond = PTHREAD_COND_INITIALIZER;
static struct list works;

/* ---- one mail ---- */

static void check_mail(const struct verify_request *r, struct buf *out) {
	struct arena *a = arena_new();
	int64_t until = clock_mono_ms() + (int64_t)r->timeout_ms;
	struct dns dns = { .look_up = verify_dns_look_up, .arg = &until };
	struct sender_mail m = { .trust = r->trust, .now = clock_now() };
	struct verify_answer answer = { .id = r->id };
	struct buf results = { 0 };
	m.client.helo = r->helo;
	m.client.sender = r->sender;
	if (!spf_client_ip(&m.client, arena_cstr(a, r->ip)))
		spf_client_ip(&m.client, "127.0.0.1");   /* a Unix socket: this machine */
	field_split(r->mail, &m.header, &m.body);
	answer.verdict = (char)sender_check(a, &m, &dns, &results);
	answer.results = buf_slice(&results);
	verify_wire_add_answer(out, &answer);
	buf_free(&results);
	arena_free(&a);
}

static void write_all(struct slice s) {
	while (s.n) {
		ssize_t n = send(0, s.p, s.n, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);                  /* forumd is gone */
		s = slice_from(s, (size_t)n);
	}
}

static void *worker(void *arg) {
	struct verify_request r;
	struct buf out = { 0 };
	size_t size;
	(void)arg;
	for (;;) {
		pthread_mutex_lock(&lock);
		while (list_empty(&works))
			pthread_cond_wait(&cond, &lock);
		struct work *w = list_entry(works.next, struct work, link);
		list_del(&w->link);
		pthread_mutex_unlock(&lock);
		buf_reset(&out);
		if (verify_wire_take_request(&w->frame, &r, &size) > 0)
			check_mail(&r, &out);
		pthread_mutex_lock(&out_lock);
		write_all(buf_slice(&out));
		pthread_mutex_unlock(&out_lock);
		buf_free(&w->frame);
		mem_free(w);
	}
	return NULL;
}

/* ---- the socket ---- */

static void give(const struct buf *in, size_t size) {
	struct work *w = mem_zalloc(sizeof *w);
	buf_add(&w->frame, buf_bytes(in), size);
	pthread_mutex_lock(&lock);
	list_add_tail(&works, &w->link);
	pthread_cond_signal(&cond);
	pthread_mutex_unlock(&lock);
}

static int serve(void) {
	struct verify_request r;
	struct buf in = { 0 };
	pthread_t t;
	size_t size;
	int e = 0;
	list_init(&works);
	for (int i = 0; i < THREADS; i++)
		if (pthread_create(&t, NULL, worker, NULL))
			return 1;
	while (e >= 0) {
		ssize_t n = read(0, buf_reserve(&in, 65536), 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);                  /* forumd is gone; threads may be in the middle of something */
		buf_commit(&in, (size_t)n);
		while ((e = verify_wire_take_request(&in, &r, &size)) > 0) {
			give(&in, size);
			buf_consume(&in, size);
		}
		if (!buf_len(&in))
			buf_shrink(&in, 65536);
	}
	_exit(1);
}

int main(int argc, char **argv) {
	int type = 0;
	socklen_t n = sizeof type;
	/* the daemon's process group gets its signals; the end of the socket is ours */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	if (getsockopt(0, SOL_SOCKET, SO_TYPE, &type, &n) < 0 || type != SOCK_STREAM || argc != 2) {
		log_error("verify", "started by forumd only: descriptor 0 is no socket of its");
		return 2;
	}
	return verify_dns_start(argv[1]) ? serve() : 1;
}
