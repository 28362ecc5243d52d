/* nntp_fetch.c - keeps forumd-fetch running: when its session ends it is started again by the launcher, at once if it
 * had lived for a minute, else after a pause that doubles. */
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/stat.h"
#include "forumd/run/launch.h"
#include "forumd/run/worker.h"
#include "gateways/nntp/nntp_private.h"

#define LIVED_MS 60000          /* so long: it was no fault at the start */
#define PAUSE_MS 1000           /* doubled each time */
#define PAUSE_MAX_MS 60000

/* main thread */
static struct { bool alive, missing; int64_t began_ms, next_ms, pause_ms, ends; } keep;

void nntp_fetch_ended(void) {
	stat_add(STAT_fetch_ends, 1);
}

static void keep_begin(struct config *c, int64_t now) {
	struct addr local = { .ss = { .ss_family = AF_UNIX }, .n = sizeof(sa_family_t) };
	int fd = launch(LAUNCH_FETCH, NULL, 0);
	if (fd < 0) {
		keep.pause_ms = keep.pause_ms ? keep.pause_ms * 2 < PAUSE_MAX_MS ? keep.pause_ms * 2 : PAUSE_MAX_MS : PAUSE_MS;
		keep.next_ms = now + keep.pause_ms;
		log_error("forumd", "cannot start forumd-fetch; again in %lld s", (long long)keep.pause_ms / 1000);
		return;
	}
	keep.alive = true;
	keep.began_ms = now;
	stat_add(STAT_fetch_starts, 1);
	workers_accept(fd, &local, &nntp_fetch_listen, c);
}

static void keep_ended(int64_t now) {
	keep.alive = false;
	if (now - keep.began_ms >= LIVED_MS)
		keep.pause_ms = 0;
	keep.pause_ms = keep.pause_ms ? keep.pause_ms * 2 < PAUSE_MAX_MS ? keep.pause_ms * 2 : PAUSE_MAX_MS : PAUSE_MS;
	keep.next_ms = now + keep.pause_ms;
	log_warn("forumd", "forumd-fetch ended after %lld s; it is started again in %lld s",
		(long long)(now - keep.began_ms) / 1000, (long long)keep.pause_ms / 1000);
}

void nntp_fetch_keep(struct config *c) {
	int64_t now = clock_mono_ms();
	struct fail f = { .code = ERR_OK };
	if (keep.missing)
		return;
	if (!keep.began_ms && launch_has(LAUNCH_FETCH, &f) < 0) {
		keep.missing = true;
		log_warn("forumd", "%s: no group is followed elsewhere", f.text);
		return;
	}
	if (keep.alive && stat_get(STAT_fetch_ends) != keep.ends) {
		keep.ends = stat_get(STAT_fetch_ends);
		keep_ended(now);
	}
	if (!keep.alive && now >= keep.next_ms)
		keep_begin(c, now);
}
