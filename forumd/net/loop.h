/* loop.h - one epoll loop a thread: descriptors, timers, wake-ups from other threads. A loop is used by its thread
 * only, but for loop_wake(). */
#ifndef FORUMD_NET_LOOP_H
#define FORUMD_NET_LOOP_H
#include <stdbool.h>
#include <stdint.h>
#include "forumd/base/list.h"

struct loop;
struct loop_watch { int fd; uint32_t events; void (*fn)(struct loop_watch *w, uint32_t events); void *arg; };
struct loop_timer { struct list link; int64_t at; void (*fn)(struct loop_timer *t); void *arg; };

struct loop *loop_new(void);
void loop_free(struct loop **l);
/* EPOLLIN | EPOLLOUT ...; the watch belongs to the caller and must stay until loop_del */
int loop_add(struct loop *l, struct loop_watch *w);
void loop_mod(struct loop *l, struct loop_watch *w, uint32_t events);
/* safe inside callbacks, also for another watch of the same round */
void loop_del(struct loop *l, struct loop_watch *w);
/* Coarse timers (100 ms wheel): cheap to move, one per connection. ms from now; re-arming moves it. A zeroed timer is
 * stopped; `link.next` is NULL when it is not armed. */
void loop_timer_set(struct loop *l, struct loop_timer *t, int64_t ms);
void loop_timer_stop(struct loop *l, struct loop_timer *t);
/* called after every round of events, before sleeping (assertions, batching) */
void loop_on_round(struct loop *l, void (*fn)(void *), void *arg);
/* any thread: loop_run's fn for wake-ups runs soon (eventfd) */
void loop_wake(struct loop *l);
void loop_on_wake(struct loop *l, void (*fn)(void *), void *arg);
/* A task runs once before the loop sleeps again; deferring it twice is once. Zeroed is idle. Tasks deferred by tasks
 * run in the next round, after new events. */
struct loop_task { struct list link; void (*fn)(struct loop_task *t); };
void loop_defer(struct loop *l, struct loop_task *t);
void loop_task_stop(struct loop_task *t);
/* monotonic milliseconds, read once a round */
int64_t loop_now(const struct loop *l);
/* until loop_stop() */
void loop_run(struct loop *l);
void loop_stop(struct loop *l);
#endif
