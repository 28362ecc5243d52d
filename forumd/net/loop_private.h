/* loop_private.h - what connections of one loop share, for files of forumd/net/ only: nothing idle owns a buffer. */
#ifndef FORUMD_NET_LOOP_PRIVATE_H
#define FORUMD_NET_LOOP_PRIVATE_H
#include <sys/epoll.h>
#include "forumd/base/buf.h"
#include "forumd/net/loop.h"

#define LOOP_SCRATCH 65536
#define LOOP_EVENTS 256
#define LOOP_SLOTS 1024              /* timer wheel: 1024 x 100 ms; later ones go round again */
#define LOOP_TICK 100

struct loop {
	int epoll, wakefd;
	bool stop;
	int64_t now;
	struct epoll_event events[LOOP_EVENTS];
	int nevents, at;                 /* the round: entries after `at` are still to be called */
	struct list slots[LOOP_SLOTS];
	size_t ntimers;
	int64_t tick;                    /* the last tick whose slot was looked at */
	int64_t next_at;                 /* no timer is due before (a lower bound) */
	struct list tasks;
	void (*round)(void *), *round_arg;
	void (*wake)(void *), *wake_arg;
	char *scratch;                   /* LOOP_SCRATCH + 1 octets, made at first use */
	struct buf spare;                /* storage of an output that became empty */
	struct buf spare_raw;            /* compressed output storage likewise */
	void *deflater;                  /* z_stream of the worker */
};
char *loop_scratch(struct loop *l);
/* deflate.c */
void loop_deflater_free(void **deflater);
#endif
