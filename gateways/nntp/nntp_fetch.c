/* nntp_fetch.c - starts forumd-fetch, before the sandbox forbids it. */
#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include "forumd/base/log.h"
#include "gateways/nntp/nntp.h"

/* beside forumd in the build tree, else where make install put it */
static bool fetch_program(char path[PATH_MAX]) {
	static const char *const places[] = { "forumd-fetch", "../forumd-fetch", "../libexec/forumd-fetch" };
	const char *env = getenv("FORUMD_FETCH");
	char self[PATH_MAX];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	if (env && *env) {
		snprintf(path, PATH_MAX, "%s", env);
		return access(path, X_OK) == 0;
	}
	self[n > 0 ? n : 0] = 0;
	if (strrchr(self, '/'))
		strrchr(self, '/')[1] = 0;
	for (size_t i = 0; n > 0 && i < sizeof places / sizeof *places; i++) {
		if (strlen(self) + strlen(places[i]) >= PATH_MAX)
			continue;
		strcpy(stpcpy(path, self), places[i]);
		if (access(path, X_OK) == 0)
			return true;
	}
	snprintf(path, PATH_MAX, "%s/forumd-fetch", LIBEXECDIR);
	return access(path, X_OK) == 0;
}

static void fetch_exec(const char *path, int fd) {
	char *argv[] = { (char *)(uintptr_t)"forumd-fetch", NULL };
	sigset_t none;
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	dup2(fd, 0);
	close_range(3, UINT_MAX, 0);
	execv(path, argv);
	_exit(127);
}

int nntp_fetch_start(void) {
	static char path[PATH_MAX];
	int pair[2];
	if (!fetch_program(path)) {
		log_warn("forumd", "no forumd-fetch at %s: no group is followed elsewhere", path);
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0) {
		log_warn("forumd", "forumd-fetch: %s", strerror(errno));
		return -1;
	}
	pid_t pid = fork();
	if (pid == 0)
		fetch_exec(path, pair[1]);
	close(pair[1]);
	if (pid > 0)
		return pair[0];
	log_warn("forumd", "forumd-fetch: %s", strerror(errno));
	close(pair[0]);
	return -1;
}
