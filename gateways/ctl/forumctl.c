/* forumctl.c - the operator's and moderator's command: arguments to the daemon over its Unix socket, text back.
 * Everything but init, shell and the reading of archives happens in the daemon. */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "config.h"
#include "forumd/base/mem.h"
#include "forumd/base/text.h"
#include "gateways/ctl/forumctl.h"

enum { EXIT_DONE, EXIT_REFUSED, EXIT_USAGE, EXIT_NO_DAEMON };

static const char *default_config = SYSCONFDIR "/forumd/forumd.conf";

static void progress_clear(struct forumctl *x) {
	if (x->progress_shown)
		fputs("\r\033[K", stderr);
	x->progress_shown = false;
}

static void frame(struct forumctl *x, char type, struct slice p) {
	switch (type) {
	case 'O':
		progress_clear(x);
		fwrite(p.p, 1, p.n, x->file ? x->file : stdout);
		break;
	case 'E':
		progress_clear(x);
		fflush(stdout);
		fwrite(p.p, 1, p.n, stderr);
		break;
	case 'P':
		if (x->tty) {
			fprintf(stderr, "\r\033[K%.*s", SLICE_ARG(p));
			x->progress_shown = true;
		}
		break;
	case 'R':
		x->want = p.n ? p.p[0] : 0;
		break;
	case 'X':
		x->exit_code = p.n ? (unsigned char)p.p[0] : EXIT_REFUSED;
		break;
	}
}

static void take_frames(struct forumctl *x) {
	char type;
	struct slice p;
	while (ctl_wire_take(&x->in, &type, &p) > 0) {
		frame(x, type, p);
		buf_consume(&x->in, CTL_HEAD + p.n);
	}
}

static void daemon_gone(struct forumctl *x) {
	if (x->exit_code >= 0)
		return;
	progress_clear(x);
	fputs("forumctl: the daemon closed the connection; its log says why\n", stderr);
	x->exit_code = EXIT_NO_DAEMON;
}

/* one round of sending and receiving */
static void turn(struct forumctl *x) {
	struct pollfd p = { .fd = x->fd, .events = (short)(POLLIN | (buf_len(&x->out) ? POLLOUT : 0)) };
	if (poll(&p, 1, -1) < 0)
		return;
	if (p.revents & POLLOUT) {
		ssize_t n = send(x->fd, buf_bytes(&x->out), buf_len(&x->out), MSG_NOSIGNAL | MSG_DONTWAIT);
		if (n > 0)
			buf_consume(&x->out, (size_t)n);
		else if (errno != EAGAIN && errno != EINTR)
			buf_reset(&x->out);   /* the reason is still to be read */
	}
	if (p.revents & (POLLIN | POLLHUP | POLLERR)) {
		char *room = buf_reserve(&x->in, 65536);
		ssize_t n = recv(x->fd, room, 65536, MSG_DONTWAIT);
		if (n > 0) {
			buf_commit(&x->in, (size_t)n);
			take_frames(x);
		} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
			daemon_gone(x);
		}
	}
}

void forumctl_pump(struct forumctl *x, size_t low) {
	while (x->exit_code < 0 && buf_len(&x->out) > low)
		turn(x);
}

void forumctl_wait(struct forumctl *x) {
	char want = x->want;
	while (x->exit_code < 0 && x->want == want)
		turn(x);
}

/* ---- where the daemon is ------------------------------------------------------------------------- */

/* control { path = "..." } of the configuration, without a parser: the daemon checks the file, we need one word */
static bool socket_from_config(const char *file, struct buf *out) {
	char line[4096];
	bool in_control = false;
	FILE *f = fopen(file, "r");
	if (!f)
		return false;
	while (!buf_len(out) && fgets(line, sizeof line, f)) {
		char *p = line, *q;
		char *hash = strchr(line, '#');
		if (hash)
			*hash = 0;
		if (!in_control && (q = strstr(line, "control")) && strchr(q, '{')) {
			in_control = true;
			p = strchr(q, '{');
		}
		if (in_control && (q = strstr(p, "path")) && (q = strchr(q, '"')) && strchr(q + 1, '"')) {
			*strchr(q + 1, '"') = 0;
			const char *slash = strrchr(file, '/');
			if (q[1] != '/' && slash)
				buf_add(out, file, (size_t)(slash - file) + 1);
			buf_adds(out, q + 1);
		}
		if (in_control && strchr(p, '}'))
			in_control = false;
	}
	fclose(f);
	if (!buf_len(out))
		buf_adds(out, "forumd.sock");
	return true;
}

static int dial(const char *path) {
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	if (strlen(path) >= sizeof a.sun_path) {
		errno = ENAMETOOLONG;
		return -1;
	}
	memcpy(a.sun_path, path, strlen(path) + 1);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0 && connect(fd, (struct sockaddr *)&a, sizeof a) < 0) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* ---- one call ------------------------------------------------------------------------------------ */

static bool option_value(int argc, char **argv, int *i, const char *name, char **v) {
	size_t n = strlen(name);
	if (strcmp(argv[*i], name) == 0 && *i + 1 < argc) {
		*v = argv[++*i];
		return true;
	}
	if (strncmp(argv[*i], name, n) == 0 && argv[*i][n] == '=') {
		*v = argv[*i] + n + 1;
		return true;
	}
	return false;
}

static int import_format(const char *v) {
	static const char *const names[] = { "auto", "mbox", "maildir", "pipermail", "page" };
	for (int i = 0; i < 5; i++)
		if (strcmp(v, names[i]) == 0)
			return i;
	return -1;
}

/* paths are ours to read: the daemon gets the other arguments */
static int import_call(struct forumctl *x, int argc, char **argv) {
	char **paths = mem_alloc((size_t)(argc + 1) * sizeof *paths);
	int n = 0, format = IMPORT_AUTO;
	char *v;
	for (int i = 1; i < argc; i++) {
		if (option_value(argc, argv, &i, "--group", &v) || strcmp(argv[i], "--dry-run") == 0 ||
			strcmp(argv[i], "--json") == 0)
			continue;
		if (option_value(argc, argv, &i, "--format", &v)) {
			if ((format = import_format(v)) < 0) {
				fprintf(stderr, "forumctl: --format is one of auto, mbox, maildir, pipermail, page; not \"%s\"\n", v);
				mem_free(paths);
				return EXIT_USAGE;
			}
			continue;
		}
		paths[n++] = argv[i];
	}
	int r = EXIT_USAGE;
	if (n)
		r = import_paths(x, (enum import_format)format, paths, n);
	else
		fputs("forumctl: import wants at least one PATH; forumctl help import tells more\n", stderr);
	mem_free(paths);
	return r;
}

static void send_stdin(struct forumctl *x) {
	char b[65536];
	size_t n;
	if (isatty(0))
		fputs("(reading standard input; end with control-D)\n", stderr);
	while (x->exit_code < 0 && (n = fread(b, 1, sizeof b, stdin)) > 0) {
		ctl_wire_frame(&x->out, 'D', slice_of(b, n));
		forumctl_pump(x, 1u << 20);
	}
	ctl_wire_frame(&x->out, 'F', SLICE(""));
}

/* arguments as the daemon gets them: import without its paths and format; backup, verify and export with absolute paths
 */
static void send_arguments(struct forumctl *x, bool json, int argc, char **argv) {
	struct buf b = {0};
	char cwd[PATH_MAX];
	struct buf full = {0};
	bool import = strcmp(argv[0], "import") == 0;
	bool file = strcmp(argv[0], "backup") == 0 || strcmp(argv[0], "verify") == 0;
	char *v;
	if (json)
		num_add_bytes(&b, SLICE("--json"));
	num_add_bytes(&b, slice_str(argv[0]));
	for (int i = 1; i < argc; i++) {
		const char *a = argv[i];
		if (import && option_value(argc, argv, &i, "--format", &v))
			continue;
		if (import && option_value(argc, argv, &i, "--group", &v)) {
			num_add_bytes(&b, SLICE("--group"));
			num_add_bytes(&b, slice_str(v));
			continue;
		}
		if (import && a[0] != '-')
			continue;
		if (file && a[0] != '/' && a[0] != '-' && getcwd(cwd, sizeof cwd)) {
			buf_addf(&full, "%s/%s", cwd, a);
			a = buf_bytes(&full);
		}
		num_add_bytes(&b, slice_str(a));
	}
	ctl_wire_frame(&x->out, 'A', buf_slice(&b));
	buf_free(&full);
	buf_free(&b);
}

/* export writes where the caller stands, with the caller's rights: the last argument is ours. > 0: *file_r is open, or
 * NULL for standard output. Half an export must not look whole, whoever kills us: until it is, it has another name,
 * temp. */
static int export_target(int *argc, char **argv, FILE **file_r, char *temp, size_t size) {
	if (strcmp(argv[0], "export") != 0)
		return 1;
	if (*argc < 2) {
		fputs("usage: forumctl export [GROUP] PATH\n", stderr);
		return -1;
	}
	const char *path = argv[*argc - 1];
	if (strcmp(path, "-") == 0)
		return --*argc;
	if (path[0] == '-')
		return 1;
	int n = snprintf(temp, size, "%s.part-XXXXXX", path), fd = -1;
	mode_t mask = umask(0);
	umask(mask);
	errno = ENAMETOOLONG;
	if (n > 0 && (size_t)n < size)
		fd = access(path, F_OK) == 0 ? (errno = EEXIST, -1) : mkstemp(temp);
	if (fd < 0 || fchmod(fd, 0666 & ~mask) < 0 || !(*file_r = fdopen(fd, "w"))) {
		fprintf(stderr, "forumctl: %s: %s\n", path, errno == EEXIST ? "exists; choose another name" : strerror(errno));
		if (fd >= 0)
			unlink(temp);
		return -1;
	}
	return --*argc;
}

/* its name survives a power cut, too */
static bool sync_folder_of(const char *path) {
	char copy[4096];
	if (!slice_cstr(slice_str(path), copy, sizeof copy))
		return false;
	int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	/* not every file system can do that */
	bool good = fd >= 0 && (fsync(fd) == 0 || errno == EINVAL);
	if (fd >= 0)
		close(fd);
	return good;
}

/* the export is whole: on the disk, and under its name if nobody took that meanwhile */
static bool export_finish(FILE *file, const char *temp, const char *path) {
	bool good = fflush(file) == 0 && fsync(fileno(file)) == 0;
	if (fclose(file) != 0 || !good)
		return false;
	if (renameat2(AT_FDCWD, temp, AT_FDCWD, path, RENAME_NOREPLACE) != 0 &&
	    /* nor that */
	    ((errno != EINVAL && errno != ENOSYS) || rename(temp, path) != 0))
		return false;
	return sync_folder_of(path);
}

/* one call on an open connection */
static int converse(struct forumctl *x, bool json, int argc, char **argv) {
	bool import = strcmp(argv[0], "import") == 0;
	send_arguments(x, json, argc, argv);
	while (x->exit_code < 0) {
		forumctl_wait(x);
		char want = x->want;
		x->want = 0;
		if (want == 'i')
			send_stdin(x);
		if (want == 'm' && import) {
			int r = import_call(x, argc, argv);
			if (r)
				return r;
			ctl_wire_frame(&x->out, 'F', buf_slice(&x->notes));
		}
	}
	return x->exit_code;
}

static int call(const char *socket_path, bool json, int argc, char **argv) {
	struct forumctl x = { .fd = dial(socket_path), .exit_code = -1, .tty = isatty(2) };
	if (x.fd < 0) {
		fprintf(stderr, "forumctl: no daemon answers at %s (%s); start it with: forumd -c FILE\n", socket_path,
			strerror(errno));
		return EXIT_NO_DAEMON;
	}
	const char *path = argv[argc - 1];
	char temp[4096] = "";
	int r = argc < 2 ? EXIT_USAGE : EXIT_REFUSED;
	if (export_target(&argc, argv, &x.file, temp, sizeof temp) > 0)
		r = converse(&x, json, argc, argv);
	progress_clear(&x);
	close(x.fd);
	buf_free(&x.in);
	buf_free(&x.out);
	buf_free(&x.notes);
	if (fflush(stdout) != 0 && r == EXIT_DONE)
		r = EXIT_REFUSED;
	if (!x.file)
		return r;
	if (r != EXIT_DONE) {
		fclose(x.file);
	} else if (!export_finish(x.file, temp, path)) {
		fprintf(stderr, "forumctl: %s: %s\n", path, strerror(errno));
		r = EXIT_REFUSED;
	}
	if (r != EXIT_DONE)
		unlink(temp);
	return r;
}

/* ---- shell --------------------------------------------------------------------------------------- */

/* words of a line; "double" and 'single' quotes group. In place. */
static int split_words(char *line, char **words, int max) {
	int n = 0;
	char *p = line, *out;
	while (n < max) {
		while (*p == ' ' || *p == '\t' || *p == '\n')
			p++;
		if (!*p)
			break;
		words[n++] = out = p;
		for (char quote = 0; *p && (quote || (*p != ' ' && *p != '\t' && *p != '\n')); p++) {
			if (quote ? *p == quote : *p == '"' || *p == '\'')
				quote = quote ? 0 : *p;
			else
				*out++ = *p;
		}
		if (*p)
			p++;
		*out = 0;
	}
	return n;
}

static int shell(const char *socket_path, bool json) {
	char line[8192], *words[128];
	int last = 0;
	bool tty = isatty(0);
	for (;;) {
		if (tty) {
			fputs("forumctl> ", stdout);
			fflush(stdout);
		}
		if (!fgets(line, sizeof line, stdin))
			break;
		int n = split_words(line, words, 127);
		words[n] = NULL;
		if (!n || words[0][0] == '#')
			continue;
		if (strcmp(words[0], "quit") == 0 || strcmp(words[0], "exit") == 0)
			break;
		last = call(socket_path, json, n, words);
	}
	return last;
}

static void usage(FILE *f) {
	fputs("usage: forumctl [-c FILE | -s SOCKET] [--json] VERB [ARGUMENT...]\n"
	      "  -c FILE     the daemon's configuration (default " SYSCONFDIR "/forumd/forumd.conf, or $FORUMD_CONFIG)\n"
	      "  -s SOCKET   its control socket\n"
	      "  --json      one JSON object a line\n"
	      "forumctl help lists the verbs; forumctl help VERB tells more.\n", f);
}

int main(int argc, char **argv) {
	const char *config = getenv("FORUMD_CONFIG"), *sock = NULL;
	static struct buf path;                    /* sock points into it until the end */
	bool json = false;
	int i = 1;
	for (; i < argc && argv[i][0] == '-'; i++) {
		if (strcmp(argv[i], "-c") == 0 && i + 1 < argc)
			config = argv[++i];
		else if (strcmp(argv[i], "-s") == 0 && i + 1 < argc)
			sock = argv[++i];
		else if (strcmp(argv[i], "--json") == 0)
			json = true;
		else if (strcmp(argv[i], "--version") == 0)
			return puts(PACKAGE_STRING) == EOF;
		else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
			return usage(stdout), EXIT_DONE;
		else
			return usage(stderr), EXIT_USAGE;
	}
	if (i == argc)
		return usage(stderr), EXIT_USAGE;
	if (strcmp(argv[i], "init") == 0)
		return forumctl_init(argc - i, argv + i);
	if (strcmp(argv[i], "trim") == 0)
		return forumctl_trim(argc - i, argv + i, json);
	if (!sock) {
		if (!config)
			config = default_config;
		if (!socket_from_config(config, &path)) {
			fprintf(stderr,
				"forumctl: cannot read %s: %s (name the configuration with -c FILE, or the socket with -s)\n", config,
				strerror(errno));
			return EXIT_NO_DAEMON;
		}
		sock = buf_bytes(&path);
	}
	if (strcmp(argv[i], "doctor") == 0 && i + 1 == argc)
		return forumctl_doctor(sock);
	if (strcmp(argv[i], "shell") == 0)
		return shell(sock, json);
	return call(sock, json, argc - i, argv + i);
}
