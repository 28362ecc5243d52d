#include "forumd/run/msgq.h"
#include <pthread.h>
#include "forumd/base/mem.h"

struct msgq {
	pthread_mutex_t lock;
	struct list messages;
	void (*wake)(void *);
	void *arg;
	bool held;
};

struct msgq *msgq_new(void (*wake)(void *), void *arg) {
	struct msgq *q = mem_zalloc(sizeof *q);
	pthread_mutex_init(&q->lock, NULL);
	list_init(&q->messages);
	q->wake = wake;
	q->arg = arg;
	return q;
}

void msgq_free(struct msgq **q) {
	if (!*q)
		return;
	msgq_run(*q, NULL);
	pthread_mutex_destroy(&(*q)->lock);
	mem_free(*q);
	*q = NULL;
}

void msgq_put(struct msgq *q, struct msg *m) {
	pthread_mutex_lock(&q->lock);
	bool first = list_empty(&q->messages) && !q->held;
	list_add_tail(&q->messages, &m->link);
	pthread_mutex_unlock(&q->lock);
	if (first)
		q->wake(q->arg);
}

void msgq_hold(struct msgq *q) {
	pthread_mutex_lock(&q->lock);
	q->held = true;
	pthread_mutex_unlock(&q->lock);
}

void msgq_release(struct msgq *const *v, unsigned n) {
	for (unsigned i = 0; i < n; i++) {
		pthread_mutex_lock(&v[i]->lock);
		v[i]->held = false;
	}
	for (unsigned i = 0; i < n; i++) {
		bool wake = !list_empty(&v[i]->messages);
		/* the last one finds its lock free when it comes */
		if (i + 1 == n)
			pthread_mutex_unlock(&v[i]->lock);
		if (wake)
			v[i]->wake(v[i]->arg);
	}
	for (unsigned i = 0; i + 1 < n; i++)
		pthread_mutex_unlock(&v[i]->lock);
}

void msgq_run(struct msgq *q, void *owner) {
	struct list now;
	list_init(&now);
	pthread_mutex_lock(&q->lock);
	if (!q->held && !list_empty(&q->messages)) {
		list_add_head(&q->messages, &now);
		list_del(&q->messages);
	}
	pthread_mutex_unlock(&q->lock);
	while (!list_empty(&now)) {
		struct msg *m = list_entry(now.next, struct msg, link);
		list_del(&m->link);
		m->run(m, owner);
	}
}
