/* A small buffer per thread saves system calls; bytes are wiped as they are given out, and a forked child throws its
 * copy away (it would repeat the parent's). */
#include "forumd/base/rnd.h"
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/random.h>
#include "forumd/base/base64.h"
#include "forumd/base/mem.h"

enum { RND_BUFFER = 256 };

static _Thread_local unsigned char rnd_buffer[RND_BUFFER];
static _Thread_local size_t rnd_left;
static _Thread_local unsigned rnd_seen;
static _Atomic unsigned rnd_forks;
static pthread_once_t rnd_once = PTHREAD_ONCE_INIT;

static void rnd_forked(void) {
	atomic_fetch_add(&rnd_forks, 1);
}

static void rnd_watch_forks(void) {
	pthread_atfork(NULL, NULL, rnd_forked);
}

static void rnd_kernel(void *out, size_t n) {
	for (size_t done = 0; done < n;) {
		ssize_t got = getrandom((char *)out + done, n - done, 0);
		if (got < 0 && errno != EINTR)
			bug("getrandom: %m");
		if (got > 0)
			done += (size_t)got;
	}
}

void rnd_bytes(void *out, size_t n) {
	if (n > RND_BUFFER / 4) {
		rnd_kernel(out, n);
		return;
	}
	if (n == 0)
		return;
	pthread_once(&rnd_once, rnd_watch_forks);
	unsigned forks = atomic_load_explicit(&rnd_forks, memory_order_relaxed);
	if (rnd_left < n || rnd_seen != forks) {
		rnd_kernel(rnd_buffer, RND_BUFFER);
		rnd_left = RND_BUFFER;
		rnd_seen = forks;
	}
	rnd_left -= n;
	memcpy(out, rnd_buffer + rnd_left, n);
	explicit_bzero(rnd_buffer + rnd_left, n);
}

uint64_t rnd_u64(void) {
	uint64_t v;
	rnd_bytes(&v, sizeof v);
	return v;
}

void rnd_add_id(struct buf *b) {
	unsigned char id[16];
	rnd_bytes(id, sizeof id);
	base32_encode(slice_of(id, sizeof id), b);
}
