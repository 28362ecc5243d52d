/* The loop: timers and their order, wake-ups from another thread, removal inside callbacks, tasks. */
#include <pthread.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include "forumd/base/clock.h"
#include "forumd/net/loop.h"
#include "tests/tap/tap.h"

static struct loop *loop;
static char trace[64];
static unsigned ntrace;
static void note(char c) { if (ntrace < sizeof trace - 1) trace[ntrace++] = c; trace[ntrace] = 0; }
static void start(void) { ntrace = 0; trace[0] = 0; loop = loop_new(); }

static void on_timer(struct loop_timer *t) { note(*(const char *)t->arg); }
static void on_stop(struct loop_timer *t) { (void)t; loop_stop(loop); }
static struct loop_timer victim = { .fn = on_timer, .arg = (void *)(uintptr_t)"v" };
static void on_kill(struct loop_timer *t) { (void)t; note('k'); loop_timer_stop(loop, &victim); }
static int again_left = 3;
static void on_again(struct loop_timer *t) { note('a'); if (--again_left) loop_timer_set(loop, t, 1); }

static void timers(void) {
	struct loop_timer a = { .fn = on_timer, .arg = (void *)(uintptr_t) "1" },
					  b = { .fn = on_timer, .arg = (void *)(uintptr_t) "2" };
	struct loop_timer c = { .fn = on_timer, .arg = (void *)(uintptr_t) "3" },
					  never = { .fn = on_timer, .arg = (void *)(uintptr_t) "n" };
	struct loop_timer kill = { .fn = on_kill }, again = { .fn = on_again }, end = { .fn = on_stop };
	start();
	int64_t t0 = clock_mono_ms();
	loop_timer_set(loop, &b, 300);
	loop_timer_set(loop, &a, 100);
	loop_timer_set(loop, &c, 100);
	loop_timer_set(loop, &c, 500);             /* moved */
	loop_timer_set(loop, &never, 100);
	loop_timer_stop(loop, &never);
	loop_timer_stop(loop, &never);
	loop_timer_set(loop, &kill, 150);
	loop_timer_set(loop, &victim, 200 * 1000); /* a later turn of the wheel */
	loop_timer_set(loop, &end, 800);
	loop_run(loop);
	int64_t took = clock_mono_ms() - t0;
	is_str(trace, "1k23", "timers fire in order, moved and stopped ones right");
	ok(took >= 800 && took < 1500, "the end after 800 ms, not early (%d)", (int)took);
	ntrace = 0;
	loop_timer_set(loop, &again, 0);
	loop_timer_set(loop, &end, 600);
	loop_run(loop);
	is_str(trace, "aaa", "a timer may set itself again");
	/* two due in the same round: the first stops the second */
	ntrace = 0;
	trace[0] = 0;
	loop_timer_set(loop, &kill, 0);
	loop_timer_set(loop, &victim, 0);
	loop_timer_set(loop, &end, 300);
	loop_run(loop);
	is_str(trace, "k", "a due timer is stopped by its neighbour");
	loop_free(&loop);
	ok(!loop, "freed");
}

static struct loop_watch wa, wb;
static void on_first(struct loop_watch *w, uint32_t e) {
	(void)e;
	note(w == &wa ? 'A' : 'B');
	loop_del(loop, &wa);
	loop_del(loop, &wb);
	wa.fn = wb.fn = NULL;                      /* as if freed */
}

static void removal(void) {
	int s[2], t[2];
	struct loop_timer end = { .fn = on_stop };
	start();
	socketpair(AF_UNIX, SOCK_STREAM, 0, s);
	socketpair(AF_UNIX, SOCK_STREAM, 0, t);
	wa = (struct loop_watch){ .fd = s[0], .events = EPOLLIN, .fn = on_first };
	wb = (struct loop_watch){ .fd = t[0], .events = EPOLLIN, .fn = on_first };
	is_int(loop_add(loop, &wa), 1, "add");
	loop_add(loop, &wb);
	is_int(write(s[1], "x", 1) + write(t[1], "x", 1), 2, "both readable");
	loop_timer_set(loop, &end, 200);
	loop_run(loop);
	is_int(ntrace, 1, "the other watch of the round is not called after loop_del (%s)", trace);
	loop_free(&loop);
	close(s[0]), close(s[1]), close(t[0]), close(t[1]);
}

static int wakes;
static void on_wake(void *arg) { (void)arg; wakes++; loop_stop(loop); }
static int rounds;
static void on_round(void *arg) { (void)arg; rounds++; }
static void *other(void *arg) { usleep(50000); loop_wake(arg); return NULL; }

static void waking(void) {
	pthread_t th;
	start();
	loop_on_wake(loop, on_wake, NULL);
	loop_on_round(loop, on_round, NULL);
	pthread_create(&th, NULL, other, loop);
	loop_run(loop);
	pthread_join(th, NULL);
	is_int(wakes, 1, "woken by another thread");
	ok(rounds >= 1, "the round ended with its function");
	loop_free(&loop);
}

static struct loop_task ta, tb;
static void on_task_a(struct loop_task *t) { note('a'); loop_defer(loop, &tb); if (ntrace < 3) loop_defer(loop, t); }
static void on_task_b(struct loop_task *t) { (void)t; note('b'); if (ntrace >= 4) loop_stop(loop); }

static void tasks(void) {
	start();
	ta.fn = on_task_a;
	tb.fn = on_task_b;
	loop_defer(loop, &ta);
	loop_defer(loop, &ta);
	loop_run(loop);
	is_str(trace, "abab", "tasks run once each, new ones in the next round");
	loop_free(&loop);
}

int main(void) {
	timers();
	removal();
	waking();
	tasks();
	return done();
}
