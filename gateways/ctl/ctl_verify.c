/* ctl_verify.c - verify FILE: open a backup and prove it.
 *
 * A damaged store may lead LMDB anywhere: a file cut short ends in SIGBUS, a wrong page number in SIGSEGV, an assertion
 * or a walk without end. So a child process reads it: forked, without exec, with no descriptor of ours but one pipe,
 * and nothing that crosses to us but text. What the child's end means is decided here. Runs on the pool. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "forumd/forum/rebuild.h"
#include "gateways/ctl/ctl_private.h"

enum { STEP_POSTS = 500, SILENCE_MS = 60000, FAULTS_SHOWN = 1000 };
enum { END_GOOD, END_FAULTS, END_REFUSED };   /* exit codes of the child */
enum { POST_LEAST = 64 };                      /* octets: no post takes less, so more posts than that are a loop */
enum { CPU_SECONDS = 10, CPU_PER_SECOND = 1 << 20 };   /* a sound store needs a hundredth of this; else it is a loop */

struct verify { struct ctl_call *c; unsigned faults; };

/* ---- in the child -------------------------------------------------------------------------------- */

static int verify_fault(void *arg, const char *text) {
	struct verify *v = arg;
	return v->faults++ < FAULTS_SHOWN ? ctl_report_fault(v->c, text) : 0;
}

static void child_tell(int fd, struct buf *b) {
	while (buf_len(b)) {
		ssize_t n = write(fd, buf_bytes(b), buf_len(b));
		if (n < 0 && errno != EINTR)
			_exit(END_REFUSED);
		if (n > 0)
			buf_consume(b, (size_t)n);
	}
}

static void child_alone(int fd, uint64_t size) {
	static const int signals[] = { SIGSEGV, SIGBUS, SIGABRT, SIGFPE, SIGILL, SIGPIPE, SIGTERM, SIGALRM, SIGXCPU };
	struct rlimit none = { 0, 0 }, cpu = { CPU_SECONDS + size / CPU_PER_SECOND, CPU_SECONDS + size / CPU_PER_SECOND };
	sigset_t all;
	int nothing = open("/dev/null", O_RDWR);
	for (size_t i = 0; i < sizeof signals / sizeof *signals; i++)
		signal(signals[i], SIG_DFL);
	sigemptyset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	setrlimit(RLIMIT_CORE, &none);
	setrlimit(RLIMIT_CPU, &cpu);
	/* what it has to say on its way down is no news for the log */
	for (int i = 0; i < 3; i++)
		if (i != fd)
			dup2(nothing, i);
	if (fd > 3)
		close_range(3, (unsigned)fd - 1, 0);
	close_range((unsigned)(fd < 3 ? 3 : fd + 1), ~0u, 0);
}

static int child_check(struct ctl_call *c, struct forum *forum, uint64_t most, int fd, struct rebuild_result *res,
	struct fail *f) {
	struct verify v = { .c = c };
	uint64_t cursor = 0;
	int r;
	do {
		struct forum_txn *t;
		if ((r = forum_read_begin(forum, &t, f)) <= 0)
			return r ? r : ERR_CORRUPT;
		r = rebuild_check(t, &cursor, STEP_POSTS, verify_fault, &v, res);
		forum_read_end(&t);
		if (res->posts > most)
			return fail_set(f, ERR_CORRUPT, "it goes in circles");
		buf_addc(&c->out, 0);          /* a sign of life; taken out by the parent */
		child_tell(fd, &c->out);
	} while (r > 0);
	return r < 0 ? fail_set(f, ERR_CORRUPT, "it cannot be read to its end (%s)", err_name((enum err)r)) : 1;
}

static void child_main(struct ctl_call *c, const char *path, uint64_t size, int fd) __attribute__((noreturn));
static void child_main(struct ctl_call *c, const char *path, uint64_t size, int fd) {
	struct forum_options o = { .domain = c->config->domain, .read_only = true };
	struct rebuild_result res = {0};
	struct forum *forum;
	struct fail f = {0};
	child_alone(fd, size);
	int r = forum_open(path, &o, &forum, &f);
	if (r > 0)
		r = child_check(c, forum, size / POST_LEAST, fd, &res, &f);
	if (r <= 0)
		buf_addf(&c->out, "%s", f.text[0] ? f.text : err_name(r ? (enum err)r : ERR_CORRUPT));
	else
		ctl_check_summary(c, &res, path);
	child_tell(fd, &c->out);
	_exit(r <= 0 ? END_REFUSED : res.faults ? END_FAULTS : END_GOOD);
}

/* ---- in the daemon ------------------------------------------------------------------------------- */

/* what the child says, until its end of the pipe closes; false: it was silent for too long */
static bool parent_listen(int fd, struct buf *out) {
	for (;;) {
		struct pollfd p = { .fd = fd, .events = POLLIN };
		int r = poll(&p, 1, SILENCE_MS);
		if (r == 0)
			return false;
		if (r < 0)
			continue;
		char *room = buf_reserve(out, 65536);
		ssize_t n = read(fd, room, 65536);
		if (n == 0 || (n < 0 && errno != EINTR))
			return true;
		size_t kept = 0;
		for (ssize_t i = 0; i < n; i++)
			if (room[i])
				room[kept++] = room[i];
		buf_commit(out, kept);
	}
}

static int parent_end(struct ctl_call *c, const char *path, bool spoke, int status, struct fail *f) {
	if (spoke && WIFEXITED(status) && WEXITSTATUS(status) == END_GOOD)
		return 1;
	if (spoke && WIFEXITED(status) && WEXITSTATUS(status) == END_FAULTS)
		return fail_set(f, ERR_CORRUPT, "faults found in %s", path);
	struct slice said = buf_slice(&c->out), line, last = SLICE("");
	while (slice_line(&said, &line))
		last = line;
	last = arena_slice(c->arena, last);
	bool told = spoke && WIFEXITED(status) && WEXITSTATUS(status) == END_REFUSED && last.n;
	buf_reset(&c->out);
	return told ? fail_set(f, ERR_CORRUPT, "%s is no good backup: %.*s", path, SLICE_ARG(last))
		    : fail_set(f, ERR_CORRUPT, "%s is damaged or cut short: it cannot be read to its end", path);
}

int ctl_verify(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	char *path = NULL;
	struct stat st;
	int ends[2], status = 0;
	(void)t;
	int r = ctl_path(c, &path, f);
	if (r <= 0)
		return r;
	if (stat(path, &st) < 0)
		return fail_set(f, ERR_NOTFOUND, "%s: %s", path, strerror(errno));
	if (!S_ISREG(st.st_mode))
		return fail_set(f, ERR_INVALID, "%s is no file; a backup is one", path);
	if (!st.st_size)
		return fail_set(f, ERR_CORRUPT, "%s is empty", path);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return fail_internal(f, "pipe: %s", strerror(errno));
	pid_t child = fork();
	if (child == 0)
		child_main(c, path, (uint64_t)st.st_size, ends[1]);
	close(ends[1]);
	bool spoke = child > 0 && parent_listen(ends[0], &c->out);
	if (child > 0 && !spoke)
		kill(child, SIGKILL);
	close(ends[0]);
	if (child < 0)
		return fail_internal(f, "fork: %s", strerror(errno));
	while (waitpid(child, &status, 0) < 0 && errno == EINTR)
		;
	return parent_end(c, path, spoke, status, f);
}
