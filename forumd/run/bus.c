/* The listeners are few and change only at start and end: a mutex around the calls also makes sure that nobody is
 * called after bus_unlisten() returned. */
#include "forumd/run/bus.h"
#include <pthread.h>
#include "forumd/base/vec.h"

struct bus_entry { bus_listener fn; void *arg; };
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static VEC(struct bus_entry) listeners;

void bus_listen(bus_listener fn, void *arg) {
	pthread_mutex_lock(&lock);
	vec_push(&listeners, (struct bus_entry){ fn, arg });
	pthread_mutex_unlock(&lock);
}

void bus_unlisten(bus_listener fn, void *arg) {
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < listeners.n; i++) {
		if (listeners.v[i].fn != fn || listeners.v[i].arg != arg)
			continue;
		listeners.v[i] = listeners.v[--listeners.n];
		break;
	}
	if (!listeners.n)
		vec_free(&listeners);
	pthread_mutex_unlock(&lock);
}

void bus_publish(const struct change *v, size_t n) {
	if (!n)
		return;
	pthread_mutex_lock(&lock);
	for (size_t i = 0; i < listeners.n; i++)
		listeners.v[i].fn(listeners.v[i].arg, v, n);
	pthread_mutex_unlock(&lock);
}
