#include "forumd/net/listen.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

static int bind_listen(int fd, const struct sockaddr *sa, socklen_t n, int backlog) {
	int on = 1, off = 0;
	if (sa->sa_family == AF_INET6) {
		const struct sockaddr_in6 *in6 = (const struct sockaddr_in6 *)sa;
		bool any = IN6_IS_ADDR_UNSPECIFIED(&in6->sin6_addr);
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, any ? &off : &on, sizeof on);
	}
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
	return bind(fd, sa, n) < 0 || listen(fd, backlog) < 0 ? -1 : 0;
}

/* connections inherit it: said once, and not for each of them */
static void no_delay(int fd) {
	int on = 1;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

/* numeric address -> sockaddr; "*" is the family's any address */
static socklen_t parse_address(const char *address, unsigned port, int family, struct sockaddr_storage *ss) {
	struct sockaddr_in *in = (struct sockaddr_in *)ss;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)ss;
	bool any = strcmp(address, "*") == 0;
	memset(ss, 0, sizeof *ss);
	if (family == AF_INET && (any || inet_pton(AF_INET, address, &in->sin_addr) == 1)) {
		in->sin_family = AF_INET;
		in->sin_port = htons((uint16_t)port);
		return sizeof *in;
	}
	memset(ss, 0, sizeof *ss);
	if (family == AF_INET6 && (any || inet_pton(AF_INET6, address, &in6->sin6_addr) == 1)) {
		in6->sin6_family = AF_INET6;
		in6->sin6_port = htons((uint16_t)port);
		return sizeof *in6;
	}
	return 0;
}

int listen_tcp(const char *address, unsigned port, int backlog, struct fail *f) {
	static const int families[] = { AF_INET6, AF_INET };      /* "*": IPv6 takes IPv4 too, where there is IPv6 */
	int error = EINVAL;
	if (port > 65535)
		return fail_set(f, ERR_INVALID, "port %u is above 65535", port);
	for (unsigned i = 0; i < 2; i++) {
		struct sockaddr_storage ss;
		socklen_t n = parse_address(address, port, families[i], &ss);
		if (!n)
			continue;
		int fd = socket(families[i], SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
		if (fd >= 0 && bind_listen(fd, (struct sockaddr *)&ss, n, backlog) == 0) {
			no_delay(fd);
			return fd;
		}
		error = errno;
		if (fd >= 0)
			close(fd);
		if (error == EADDRINUSE || error == EACCES)
			break;
	}
	return fail_set(f, error == EINVAL ? ERR_INVALID : ERR_UNAVAILABLE, "cannot listen on %s port %u: %s", address,
		port, error == EINVAL ? "not a numeric address" : strerror(error));
}

/* true when somebody answers there */
static bool unix_alive(const struct sockaddr_un *un) {
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool alive = fd >= 0 && (connect(fd, (const struct sockaddr *)un, sizeof *un) == 0 || errno == EAGAIN);
	if (fd >= 0)
		close(fd);
	return alive;
}

int listen_unix(const char *path, int backlog, struct fail *f) {
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct stat st;
	if (strlen(path) >= sizeof un.sun_path)
		return fail_set(f, ERR_INVALID, "socket path %s is longer than %zu octets", path, sizeof un.sun_path - 1);
	memcpy(un.sun_path, path, strlen(path) + 1);
	if (lstat(path, &st) == 0) {
		if (!S_ISSOCK(st.st_mode))
			return fail_set(f, ERR_EXISTS, "%s exists and is no socket", path);
		if (unix_alive(&un))
			return fail_set(f, ERR_EXISTS, "another process answers on %s", path);
		unlink(path);
	}
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	mode_t old = umask(0177);                  /* never a moment with wider rights */
	int r = fd < 0 ? -1 : bind_listen(fd, (struct sockaddr *)&un, sizeof un, backlog);
	int error = errno;
	umask(old);
	if (r == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return fail_set(f, ERR_UNAVAILABLE, "cannot listen on %s: %s", path, strerror(error));
}

unsigned listen_port(int fd) {
	struct sockaddr_storage ss;
	socklen_t n = sizeof ss;
	if (getsockname(fd, (struct sockaddr *)&ss, &n) < 0)
		return 0;
	if (ss.ss_family == AF_INET)
		return ntohs(((struct sockaddr_in *)&ss)->sin_port);
	return ss.ss_family == AF_INET6 ? ntohs(((struct sockaddr_in6 *)&ss)->sin6_port) : 0;
}

int listen_inherited(unsigned i) {
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	if (!pid || !fds || strtol(pid, NULL, 10) != (long)getpid())
		return -1;
	long n = strtol(fds, NULL, 10);
	if (n <= 0 || n > 1024 || i >= (unsigned long)n)
		return -1;
	int fd = 3 + (int)i, fl = fcntl(fd, F_GETFL);
	if (fl < 0)
		return -1;
	fcntl(fd, F_SETFL, fl | O_NONBLOCK);
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	no_delay(fd);
	return fd;
}
