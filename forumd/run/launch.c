#include "forumd/run/launch.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include "forumd/base/buf.h"

#define REQUEST_MAX 8192

static const struct { const char *name, *environment; } programs[LAUNCH_COUNT] = {
	[LAUNCH_SEND] = { "forumd-send", "FORUMD_SEND" }, [LAUNCH_FETCH] = { "forumd-fetch", "FORUMD_FETCH" },
	[LAUNCH_VERIFY] = { "forumd-verify", "FORUMD_VERIFY" },
};
static char paths[LAUNCH_COUNT][PATH_MAX];
static int control = -1;   /* forumd's end */
static pid_t launcher = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;      /* one request at a time */

/* ---- the launcher's side ---- */

static void keep_only(int fd) {
	int null = open("/dev/null", O_RDWR);
	dup2(null, 0);
	dup2(null, 1);
	dup2(fd, 3);
	close_range(4, UINT_MAX, 0);
	fcntl(3, F_SETFD, FD_CLOEXEC);
}

static void exec_program(int fd, enum launch_program p, char **args) {
	char *argv[LAUNCH_ARGS_MAX + 2] = { (char *)(uintptr_t)programs[p].name };
	for (int i = 0; i < LAUNCH_ARGS_MAX; i++)
		argv[i + 1] = args[i];
	dup2(fd, 0);
	close_range(4, UINT_MAX, 0);
	signal(SIGCHLD, SIG_DFL);
	execv(paths[p], argv);
	_exit(127);
}

static void answer(int fd) {
	union { struct cmsghdr h; char b[CMSG_SPACE(sizeof(int))]; } u;
	char status = fd >= 0 ? '+' : '-';
	struct iovec v = { &status, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1 };
	memset(&u, 0, sizeof u);
	if (fd >= 0) {
		m.msg_control = &u;
		m.msg_controllen = sizeof u.b;
		u.h.cmsg_level = SOL_SOCKET;
		u.h.cmsg_type = SCM_RIGHTS;
		u.h.cmsg_len = CMSG_LEN(sizeof fd);
		memcpy(CMSG_DATA(&u.h), &fd, sizeof fd);
	}
	while (sendmsg(3, &m, MSG_NOSIGNAL) < 0 && errno == EINTR)
		;
}

/* a request: the program's number, then its arguments, each ended by NUL */
static void launch_one(char *request, size_t n) {
	char *args[LAUNCH_ARGS_MAX] = { NULL }, *p = request + 1, *end = request + n;
	int pair[2];
	if ((unsigned char)request[0] >= LAUNCH_COUNT) {
		answer(-1);
		return;
	}
	for (int i = 0; i < LAUNCH_ARGS_MAX && p < end; i++) {
		args[i] = p;
		p = memchr(p, 0, (size_t)(end - p));
		if (!p++) {
			answer(-1);
			return;
		}
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		answer(-1);
		return;
	}
	pid_t pid = fork();
	if (pid == 0)
		exec_program(pair[1], (enum launch_program)request[0], args);
	close(pair[1]);
	answer(pid > 0 ? pair[0] : -1);
	close(pair[0]);
}

static void launcher_main(void) {
	static char request[REQUEST_MAX];
	signal(SIGCHLD, SIG_IGN);   /* children are not waited for */
	signal(SIGINT, SIG_IGN);
	signal(SIGTERM, SIG_IGN);
	signal(SIGHUP, SIG_IGN);
	for (;;) {
		ssize_t n = recv(3, request, sizeof request, 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			_exit(0);
		launch_one(request, (size_t)n);
	}
}

/* ---- forumd's side ---- */

/* Beside forumd in the build tree, else where make install put it. */
static void find_program(enum launch_program p) {
	static const char *const places[] = { "", "../", "../libexec/" };
	const char *env = getenv(programs[p].environment), *name = programs[p].name;
	char self[PATH_MAX], *path = paths[p];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (env && *env) {
		snprintf(path, PATH_MAX, "%s", env);
		return;
	}
	self[n > 0 ? n : 0] = 0;
	if (strrchr(self, '/'))
		strrchr(self, '/')[1] = 0;
	for (unsigned i = 0; n > 0 && i < sizeof places / sizeof places[0]; i++) {
		if (strlen(self) + strlen(places[i]) + strlen(name) >= PATH_MAX)
			continue;
		strcpy(stpcpy(stpcpy(path, self), places[i]), name);
		if (!access(path, X_OK))
			return;
	}
	snprintf(path, PATH_MAX, "%s/%s", LIBEXECDIR, name);
}

int launch_start(struct fail *f) {
	int pair[2];
	if (control >= 0)
		return 1;
	for (int p = 0; p < LAUNCH_COUNT; p++)
		find_program((enum launch_program)p);
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair))
		return fail_set(f, ERR_UNAVAILABLE, "socketpair: %s", strerror(errno));
	launcher = fork();
	if (launcher < 0) {
		close(pair[0]);
		close(pair[1]);
		return fail_set(f, ERR_UNAVAILABLE, "fork: %s", strerror(errno));
	}
	if (launcher == 0) {
		sigset_t none;
		sigemptyset(&none);
		sigprocmask(SIG_SETMASK, &none, NULL);
		keep_only(pair[1]);
		launcher_main();
	}
	close(pair[1]);
	control = pair[0];
	return 1;
}

int launch_has(enum launch_program p, struct fail *f) {
	return access(paths[p], X_OK) ? fail_set(f, ERR_NOTFOUND, "%s: %s", paths[p], strerror(errno)) : 1;
}

static int take_descriptor(void) {
	union { struct cmsghdr h; char b[CMSG_SPACE(sizeof(int))]; } u;
	char status;
	struct iovec v = { &status, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof u.b };
	int fd = -1;
	ssize_t n;
	do
		n = recvmsg(control, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	struct cmsghdr *h = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(h), sizeof fd);
	return fd;
}

int launch(enum launch_program p, const char *const *args, unsigned nargs) {
	struct buf b = { 0 };
	ssize_t n;
	buf_addc(&b, (char)p);
	for (unsigned i = 0; i < nargs && i < LAUNCH_ARGS_MAX; i++)
		buf_add(&b, args[i] ? args[i] : "", args[i] ? strlen(args[i]) + 1 : 1);
	pthread_mutex_lock(&lock);
	do
		n = control >= 0 && buf_len(&b) <= REQUEST_MAX ? send(control, buf_bytes(&b), buf_len(&b), MSG_NOSIGNAL) : -1;
	while (n < 0 && control >= 0 && errno == EINTR);
	int fd = n < 0 ? -1 : take_descriptor();
	pthread_mutex_unlock(&lock);
	buf_free(&b);
	return fd;
}

void launch_stop(void) {
	pthread_mutex_lock(&lock);
	int fd = control;
	control = -1;
	pthread_mutex_unlock(&lock);
	if (fd < 0)
		return;
	close(fd);
	waitpid(launcher, NULL, 0);
}
