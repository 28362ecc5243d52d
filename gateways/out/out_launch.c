/* out_launch.c - the launcher: a small process forked while forumd still has one thread and may exec. On request it
 * starts a forumd-send with one end of a socket pair as its descriptor 0 and passes the other end back (SCM_RIGHTS). It
 * ends when forumd does. The daemon itself then never forks nor execs, and its sandbox forbids it. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include "forumd/base/log.h"
#include "gateways/out/out_private.h"

#define REQUEST_MAX 8192
#define ARGS 4

static int control = -1;   /* forumd's end */
static pid_t launcher = -1;

/* ---- the launcher's side ---- */

static void keep_only(int fd)
{
	int null = open("/dev/null", O_RDWR);

	dup2(null, 0);
	dup2(null, 1);
	dup2(fd, 3);
	close_range(4, UINT_MAX, 0);
	fcntl(3, F_SETFD, FD_CLOEXEC);
}

static void exec_sender(int fd, const char *path, char **args)
{
	char *argv[ARGS + 2] = { (char *)"forumd-send" };

	for (int i = 0; i < ARGS; i++)
		argv[i + 1] = args[i];
	dup2(fd, 0);
	close_range(4, UINT_MAX, 0);
	signal(SIGCHLD, SIG_DFL);
	execv(path, argv);
	_exit(127);
}

static void answer(int fd)
{
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

static void launch(const char *path, char *request, size_t n)
{
	char *args[ARGS], *p = request;
	int pair[2];
	pid_t pid;

	for (int i = 0; i < ARGS; i++) {
		args[i] = p;
		p = memchr(p, 0, (size_t)(request + n - p));
		if (!p++) {
			answer(-1);
			return;
		}
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair)) {
		answer(-1);
		return;
	}
	pid = fork();
	if (pid == 0)
		exec_sender(pair[1], path, args);
	close(pair[1]);
	answer(pid > 0 ? pair[0] : -1);
	close(pair[0]);
}

static void launcher_main(const char *path)
{
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
		launch(path, request, (size_t)n);
	}
}

/* ---- forumd's side ---- */

/* Beside forumd in the build tree, else where make install put it. */
static void find_program(char path[PATH_MAX])
{
	static const char *const places[] = { "forumd-send", "../forumd-send", "../libexec/forumd-send" };
	const char *env = getenv("FORUMD_SEND");
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);

	if (env && *env) {
		snprintf(path, PATH_MAX, "%s", env);
		return;
	}
	self[n > 0 ? n : 0] = 0;
	if (strrchr(self, '/'))
		strrchr(self, '/')[1] = 0;
	for (unsigned i = 0; n > 0 && i < sizeof places / sizeof places[0]; i++) {
		if (strlen(self) + strlen(places[i]) >= PATH_MAX)
			continue;
		strcpy(stpcpy(path, self), places[i]);
		if (!access(path, X_OK))
			return;
	}
	snprintf(path, PATH_MAX, "%s/forumd-send", LIBEXECDIR);
}

int out_launch(struct config *c, struct fail *f)
{
	static char path[PATH_MAX];
	int pair[2];

	if (control >= 0)
		return 1;
	find_program(path);
	if (*c->outgoing_transport && access(path, X_OK))
		return fail_set(f, ERR_NOTFOUND, "%s: %s", path, strerror(errno));
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
		launcher_main(path);
	}
	close(pair[1]);
	control = pair[0];
	return 1;
}

static int take_descriptor(void)
{
	union { struct cmsghdr h; char b[CMSG_SPACE(sizeof(int))]; } u;
	char status;
	struct iovec v = { &status, 1 };
	struct msghdr m = { .msg_iov = &v, .msg_iovlen = 1, .msg_control = &u, .msg_controllen = sizeof u.b };
	struct cmsghdr *h;
	int fd = -1;
	ssize_t n;

	do
		n = recvmsg(control, &m, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	h = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	if (h && h->cmsg_level == SOL_SOCKET && h->cmsg_type == SCM_RIGHTS)
		memcpy(&fd, CMSG_DATA(h), sizeof fd);
	return fd;
}

int out_launch_sender(const struct config *c)
{
	const char *args[ARGS] = { c->outgoing_transport, c->outgoing_tls, c->outgoing_user, c->outgoing_password_file };
	struct buf b = { 0 };
	ssize_t n;
	int fd;

	if (control < 0)
		return -1;
	for (int i = 0; i < ARGS; i++)
		buf_add(&b, args[i] ? args[i] : "", args[i] ? strlen(args[i]) + 1 : 1);
	do
		n = buf_len(&b) <= REQUEST_MAX ? send(control, buf_bytes(&b), buf_len(&b), MSG_NOSIGNAL) : -1;
	while (n < 0 && errno == EINTR);
	buf_free(&b);
	fd = n < 0 ? -1 : take_descriptor();
	if (fd >= 0)
		fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	return fd;
}

void out_launch_stop(void)
{
	if (control < 0)
		return;
	close(control);
	control = -1;
	waitpid(launcher, NULL, 0);
}
