/* fetch_box.c - a child for each mailbox, because one that waits (IDLE) must not keep the others waiting, and one that
 * dies must not take them along. A child dies with its parent. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "forumd/base/vec.h"
#include "gateways/fetch/fetch.h"

#define BACK_MS 2000               /* between two tries, doubled */
#define BACK_MAX_MS 60000

struct child { char *line; pid_t pid; bool wanted; int64_t at_ms; };
static VEC(struct child) children;

static bool take(struct slice *rest, char *out, size_t size) {
	struct slice s;
	return slice_split(rest, '\t', &s) && slice_cstr(s, out, size);
}

static bool take_number(struct slice *rest, unsigned *n_r) {
	struct slice s;
	uint64_t n;
	if (!slice_split(rest, '\t', &s) || !num_parse_u64(s, &n) || n > 86400)
		return false;
	*n_r = (unsigned)n;
	return true;
}

static bool parse(struct slice l, struct fetch_box *b) {
	return take(&l, b->name, sizeof b->name) && take(&l, b->host, sizeof b->host) && take_number(&l, &b->port) &&
		take(&l, b->tls, sizeof b->tls) && take(&l, b->user, sizeof b->user) &&
		take(&l, b->password_file, sizeof b->password_file) && take(&l, b->mailbox, sizeof b->mailbox) &&
		take(&l, b->move_to, sizeof b->move_to) && take(&l, b->group, sizeof b->group) &&
		take_number(&l, &b->interval) && take(&l, b->domain, sizeof b->domain) &&
		take(&l, b->lmtp_address, sizeof b->lmtp_address) && take_number(&l, &b->lmtp_port) &&
		take(&l, b->lmtp_path, sizeof b->lmtp_path) && take(&l, b->trust, sizeof b->trust);
}

static void child_main(const struct fetch_box *b) {
	int64_t back = BACK_MS;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	signal(SIGTERM, SIG_DFL);
	close(0);
	for (;;) {
		struct fetch_conn c = { .fd = -1 };
		int64_t began = clock_mono_ms();
		fetch_imap_follow(b, &c);
		log_warn("fetch", "mailbox %s: %s", b->name, c.why);
		fetch_close(&c);
		back = clock_mono_ms() - began > BACK_MAX_MS ? BACK_MS : back;
		usleep((unsigned)back * 1000);
		back = back * 2 > BACK_MAX_MS ? BACK_MAX_MS : back * 2;
	}
}

static void start(struct child *k) {
	struct fetch_box b = { .port = 0 };
	if (clock_mono_ms() < k->at_ms)
		return;
	k->at_ms = clock_mono_ms() + BACK_MS;
	if (!parse(slice_str(k->line), &b)) {
		log_warn("fetch", "a mailbox has settings that are too long");
		return;
	}
	k->pid = fork();
	if (k->pid == 0)
		child_main(&b);
	if (k->pid < 0)
		log_error("fetch", "cannot start a process for mailbox %s", b.name);
}

static void want(struct slice line) {
	for (size_t i = 0; i < children.n; i++)
		if (slice_is(line, children.v[i].line)) {
			children.v[i].wanted = true;
			return;
		}
	struct child k = { .line = mem_strndup(line.p, line.n), .pid = -1, .wanted = true };
	vec_push(&children, k);
}

int fetch_boxes(struct fetch_conn *local) {
	int code = fetch_command(local, "XFEED BOXES"), r;
	if (code != 215)
		return code < 0 ? code : 1;
	for (size_t i = 0; i < children.n; i++)
		children.v[i].wanted = false;
	while ((r = fetch_text_line(local)) > 0)
		want(buf_slice(&local->line));
	if (r < 0)
		return r;
	for (size_t i = children.n; i-- > 0;) {
		struct child *k = &children.v[i];
		if (k->pid > 0 && waitpid(k->pid, NULL, WNOHANG) != 0)
			k->pid = -1;
		if (k->wanted && k->pid < 0)
			start(k);
		if (k->wanted)
			continue;
		if (k->pid > 0 && kill(k->pid, SIGKILL) == 0)
			waitpid(k->pid, NULL, 0);
		mem_free(k->line);
		children.v[i] = children.v[--children.n];
	}
	return 1;
}
