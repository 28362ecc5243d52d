/* Level-triggered epoll. The round's events are kept in the loop so that loop_del() can strike out those of a watch
 * that is going away. Timers hang in a wheel by their tick; a slot also holds timers of later turns, they are passed
 * over. next_at is only a lower bound: a timer that is moved back costs at most one early wake-up. */
#include "forumd/net/loop.h"
#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include "forumd/base/clock.h"
#include "forumd/base/mem.h"
#include "forumd/net/loop_private.h"

struct loop *loop_new(void) {
	struct loop *l = mem_zalloc(sizeof *l);
	l->epoll = epoll_create1(EPOLL_CLOEXEC);
	l->wakefd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	struct epoll_event e = { .events = EPOLLIN, .data.ptr = NULL };
	if (l->epoll < 0 || l->wakefd < 0 || epoll_ctl(l->epoll, EPOLL_CTL_ADD, l->wakefd, &e) < 0)
		bug("event loop: %s", strerror(errno));
	for (unsigned i = 0; i < LOOP_SLOTS; i++)
		list_init(&l->slots[i]);
	list_init(&l->tasks);
	l->now = clock_mono_ms();
	l->tick = l->now / LOOP_TICK;
	l->next_at = INT64_MAX;
	/* OpenSSL writes with write(2) */
	signal(SIGPIPE, SIG_IGN);
	return l;
}

void loop_free(struct loop **lp) {
	struct loop *l = *lp;
	*lp = NULL;
	if (!l)
		return;
	close(l->epoll);
	close(l->wakefd);
	mem_free(l->scratch);
	buf_free(&l->spare);
	buf_free(&l->spare_raw);
	loop_deflater_free(&l->deflater);
	mem_free(l);
}

char *loop_scratch(struct loop *l) {
	if (!l->scratch)
		l->scratch = mem_alloc(LOOP_SCRATCH + 1);
	return l->scratch;
}

int64_t loop_now(const struct loop *l) {
	return l->now;
}

int loop_add(struct loop *l, struct loop_watch *w) {
	struct epoll_event e = { .events = w->events, .data.ptr = w };
	return epoll_ctl(l->epoll, EPOLL_CTL_ADD, w->fd, &e) < 0 ? -1 : 1;
}

void loop_mod(struct loop *l, struct loop_watch *w, uint32_t events) {
	struct epoll_event e = { .events = events, .data.ptr = w };
	if (events == w->events)
		return;
	w->events = events;
	if (epoll_ctl(l->epoll, EPOLL_CTL_MOD, w->fd, &e) < 0)
		bug("epoll_ctl: %s", strerror(errno));
}

void loop_del(struct loop *l, struct loop_watch *w) {
	epoll_ctl(l->epoll, EPOLL_CTL_DEL, w->fd, NULL);
	for (int i = l->at + 1; i < l->nevents; i++)
		if (l->events[i].data.ptr == w)
			l->events[i].events = 0;
}

void loop_timer_stop(struct loop *l, struct loop_timer *t) {
	if (!t->link.next)
		return;
	if (!list_empty(&t->link))
		l->ntimers--;
	list_del(&t->link);
	t->link.prev = t->link.next = NULL;
}

void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t ms) {
	loop_timer_stop(l, t);
	/* the round may be old when set from outside of it */
	t->at = clock_mono_ms() + (ms > 0 ? ms : 0);
	int64_t tick = t->at / LOOP_TICK + 1;      /* never early */
	list_add_tail(&l->slots[(uint64_t)tick % LOOP_SLOTS], &t->link);
	l->ntimers++;
	if (tick * LOOP_TICK < l->next_at)
		l->next_at = tick * LOOP_TICK;
}

/* Due timers are collected first: what callbacks set anew waits for its own time, what they stop leaves the list. */
static void run_timers(struct loop *l) {
	int64_t tick = l->now / LOOP_TICK;
	if (l->now < l->next_at)
		return;
	struct list due;
	list_init(&due);
	int64_t from = tick - l->tick >= LOOP_SLOTS ? tick - LOOP_SLOTS + 1 : l->tick;
	for (int64_t i = from; i <= tick; i++) {
		list_for(it, &l->slots[(uint64_t)i % LOOP_SLOTS]) {
			struct loop_timer *t = list_entry(it, struct loop_timer, link);
			if (t->at / LOOP_TICK + 1 > tick)
				continue;
			list_del(it);
			list_add_tail(&due, it);
		}
	}
	l->tick = tick;
	while (!list_empty(&due)) {
		struct loop_timer *t = list_entry(due.next, struct loop_timer, link);
		loop_timer_stop(l, t);
		t->fn(t);
	}
	/* a slot's earliest turn is a lower bound */
	l->next_at = INT64_MAX;
	for (int64_t i = tick + 1; l->ntimers && i <= tick + LOOP_SLOTS; i++) {
		if (!list_empty(&l->slots[(uint64_t)i % LOOP_SLOTS])) {
			l->next_at = i * LOOP_TICK;
			break;
		}
	}
}

void loop_on_round(struct loop *l, void (*fn)(void *), void *arg) {
	l->round = fn;
	l->round_arg = arg;
}

void loop_on_wake(struct loop *l, void (*fn)(void *), void *arg) {
	l->wake = fn;
	l->wake_arg = arg;
}

void loop_wake(struct loop *l) {
	uint64_t one = 1;
	ssize_t n = write(l->wakefd, &one, sizeof one);
	(void)n;                                   /* a full counter wakes as well */
}

void loop_stop(struct loop *l) {
	l->stop = true;
}

void loop_defer(struct loop *l, struct loop_task *t) {
	if (!t->link.next)
		list_add_tail(&l->tasks, &t->link);
}

void loop_task_stop(struct loop_task *t) {
	if (t->link.next)
		list_del(&t->link);
	t->link.prev = t->link.next = NULL;
}

static void run_tasks(struct loop *l) {
	struct list now;
	if (list_empty(&l->tasks))
		return;
	list_add_head(&l->tasks, &now);            /* take the whole list over */
	list_del(&l->tasks);
	while (!list_empty(&now)) {
		struct loop_task *t = list_entry(now.next, struct loop_task, link);
		loop_task_stop(t);
		t->fn(t);
	}
}

static int sleep_ms(struct loop *l) {
	if (!list_empty(&l->tasks))
		return 0;
	if (l->next_at == INT64_MAX)
		return -1;
	int64_t ms = l->next_at - clock_mono_ms();
	return ms < 0 ? 0 : ms > 60000 ? 60000 : (int)ms;
}

static void run_wake(struct loop *l) {
	uint64_t v;
	ssize_t n = read(l->wakefd, &v, sizeof v);
	(void)n;
	if (l->wake)
		l->wake(l->wake_arg);
}

void loop_run(struct loop *l) {
	l->stop = false;
	while (!l->stop) {
		int n = epoll_wait(l->epoll, l->events, LOOP_EVENTS, sleep_ms(l));
		if (n < 0 && errno != EINTR)
			bug("epoll_wait: %s", strerror(errno));
		l->now = clock_mono_ms();
		l->nevents = n > 0 ? n : 0;
		for (l->at = 0; l->at < l->nevents; l->at++) {
			struct epoll_event *e = &l->events[l->at];
			struct loop_watch *w = e->data.ptr;
			if (!e->events)
				continue;
			if (w)
				w->fn(w, e->events);
			else
				run_wake(l);
		}
		l->nevents = l->at = 0;
		run_timers(l);
		run_tasks(l);
		if (l->round)
			l->round(l->round_arg);
	}
}
