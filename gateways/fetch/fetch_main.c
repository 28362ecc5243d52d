/* forumd-fetch - follows groups at other news servers (fetch.h). Started by forumd with a news session as descriptor 0;
 * ends when that does. Asks every few seconds what is to be followed, so that a changed list counts at once. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "forumd/base/vec.h"
#include "gateways/fetch/fetch.h"

#define LOOK_SECONDS 2

struct due { char name[64]; int64_t at_ms; };
static VEC(struct due) dues;
static VEC(struct fetch_feed) feeds;

static struct due *due_of(const char *name) {
	for (size_t i = 0; i < dues.n; i++)
		if (strcmp(dues.v[i].name, name) == 0)
			return &dues.v[i];
	struct due d = { .at_ms = 0 };
	strcpy(d.name, name);
	vec_push(&dues, d);
	return &dues.v[dues.n - 1];
}

static bool main_take(struct slice *rest, char *out, size_t size) {
	struct slice s;
	return slice_split(rest, '\t', &s) && slice_cstr(s, out, size);
}

static bool main_parse(struct slice line, struct fetch_feed *f) {
	struct slice port, interval;
	uint64_t p, i;
	if (!main_take(&line, f->name, sizeof f->name) || !main_take(&line, f->host, sizeof f->host) ||
		!main_take(&line, f->tls, sizeof f->tls) || !main_take(&line, f->user, sizeof f->user) ||
		!main_take(&line, f->password_file, sizeof f->password_file) ||
		!main_take(&line, f->groups, sizeof f->groups) || !main_take(&line, f->direction, sizeof f->direction))
		return false;
	if (!slice_split(&line, '\t', &port) || !slice_split(&line, '\t', &interval) ||
		!main_take(&line, f->path, sizeof f->path) || !num_parse_u64(port, &p) || !num_parse_u64(interval, &i))
		return false;
	f->port = (unsigned)p;
	f->interval = (unsigned)i;
	return true;
}

static int main_list(struct fetch_conn *local) {
	int code = fetch_command(local, "XFEED LIST"), r;
	feeds.n = 0;
	if (code != 215)
		return ERR_UNAVAILABLE;
	while ((r = fetch_text_line(local)) > 0) {
		struct fetch_feed f = { .port = 0 };
		if (main_parse(buf_slice(&local->line), &f))
			vec_push(&feeds, f);
		else
			log_warn("fetch", "a feed has a name or settings that are too long");
	}
	return r < 0 ? r : 1;
}

static int main_turn(struct fetch_conn *local) {
	int r = main_list(local);
	for (size_t i = 0; r > 0 && i < feeds.n; i++) {
		struct due *d = due_of(feeds.v[i].name);
		if (clock_mono_ms() < d->at_ms)
			continue;
		r = fetch_run(local, &feeds.v[i]);
		d->at_ms = clock_mono_ms() + (int64_t)feeds.v[i].interval * 1000;
	}
	return r;
}

int main(void) {
	struct fetch_conn local = { .fd = 0 };
	struct timeval limit = { .tv_sec = 120 };
	/* the daemon's process group gets its signals; the end of the session is ours */
	signal(SIGINT, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGPIPE, SIG_IGN);
	if (setsockopt(0, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit) < 0) {
		log_error("fetch", "started by forumd only: descriptor 0 is no socket");
		return 2;
	}
	int r = fetch_answer(&local);
	while (r > 0) {
		unsigned seconds = LOOK_SECONDS;
		r = main_turn(&local);
		if (r > 0)
			r = fetch_boxes(&local);
		for (size_t i = 0; i < feeds.n; i++)
			if (feeds.v[i].interval < seconds)
				seconds = feeds.v[i].interval;
		if (r > 0)
			sleep(seconds);
	}
	vec_free(&feeds);
	vec_free(&dues);
	fetch_close(&local);
	return 0;
}
