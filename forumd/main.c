/* The main thread: configuration, start and stop in order, the accept loop, signals, the minute's sweeps.
 *
 * Order of the start: configuration (and keys) - files limit - listeners - user - store and its lock - writer - mail
 * (forks its launcher) - sandbox - password threads, workers - ready. The stop goes the other way round. */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>
#include "config.h"
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/base/vec.h"
#include "forumd/drop.h"
#include "forumd/index.h"
#include "forumd/forum/forum.h"
#include "forumd/forum/quota.h"
#include "forumd/forum/spam.h"
#include "forumd/net/listen.h"
#include "forumd/net/loop.h"
#include "forumd/run/accept.h"
#include "forumd/run/config.h"
#include "forumd/run/launch.h"
#include "forumd/run/limits.h"
#include "forumd/run/password.h"
#include "forumd/run/verify.h"
#include "forumd/run/worker.h"
#include "forumd/run/writer.h"
#include "gateways/common/cancel_text.h"
#include "gateways/common/pointer_text.h"
#include "gateways/common/post_in.h"
#include "gateways/ctl/ctl.h"
#include "gateways/http/http.h"
#include "gateways/imap/imap.h"
#include "gateways/nntp/nntp.h"
#include "gateways/out/out.h"
#include "gateways/smtp/smtp.h"

enum exit_code { EXIT_STOPPED = 0, EXIT_CONFIG = 1, EXIT_START = 2, EXIT_DATA = 3 };

#define BACKLOG 1024
#define SWEEP_MS 60000
#define KEEP_MS 1000
#define RETRY_MS 100                  /* no descriptors left: leave the listener alone so long */

struct listener {
	struct loop_watch watch;      /* in our loop when it is the control socket */
	struct loop_timer retry;
	struct acceptor *acceptor;    /* of all others, from when the workers run */
	const struct config_listen *listen;
	struct config *config;        /* counted; what `listen` lies in */
};
static VEC(struct listener *) listeners;
static struct loop *loop;
static struct forum *forum;
static struct loop_timer sweep_timer, keep_timer;
static int lock_fd = -1;
static char *control_path;
static struct config_listen control_listen = { 
	.name = "control", .address = "", .trust_authserv = "", .protocol = LISTEN_CTL };

/* ---- telling systemd and whoever waits ---- */

static void notify(const char *text) {
	const char *path = getenv("NOTIFY_SOCKET");
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	if (!path || (*path != '/' && *path != '@') || strlen(path) >= sizeof un.sun_path)
		return;
	memcpy(un.sun_path, path, strlen(path));
	if (*path == '@')
		un.sun_path[0] = 0;                /* abstract */
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	socklen_t n = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path));
	if (fd < 0)
		return;
	if (sendto(fd, text, strlen(text), MSG_NOSIGNAL, (struct sockaddr *)&un, n) < 0)
		log_warn("forumd", "cannot notify: %s", strerror(errno));
	close(fd);
}

static void say_ready(void) {
	static const char line[] = "forumd ready\n";
	ssize_t n = write(STDERR_FILENO, line, sizeof line - 1);
	(void)n;
	notify("READY=1\n");
}

/* ---- listeners ---- */

/* the operator's own socket; the others are accepted by the workers */
static void on_control(struct loop_watch *w, uint32_t events) {
	struct listener *l = w->arg;
	struct addr peer = { .n = sizeof peer.ss };
	(void)events;
	int fd = accept4(w->fd, (struct sockaddr *)&peer.ss, &peer.n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd >= 0) {
		workers_accept(fd, &peer, l->listen, l->config);
	} else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
		log_warn("forumd", "accept listen=%s: %s", l->listen->name, strerror(errno));
		loop_mod(loop, w, 0);
		loop_timer_set(loop, &l->retry, RETRY_MS);
	}
}

static void on_retry(struct loop_timer *t) {
	struct listener *l = t->arg;
	loop_mod(loop, &l->watch, EPOLLIN);
}

static bool same_text(const char *a, const char *b) {
	return strcmp(a ? a : "", b ? b : "") == 0;
}

static bool same_listener(const struct config_listen *a, const struct config_listen *b) {
	return a->protocol == b->protocol && a->port == b->port && same_text(a->name, b->name) &&
		same_text(a->address, b->address) && same_text(a->path, b->path);
}

static struct listener *listener_find(const struct config_listen *l) {
	for (size_t i = 0; i < listeners.n; i++)
		if (same_listener(listeners.v[i]->listen, l))
			return listeners.v[i];
	return NULL;
}

/* a socket that systemd passed in for this port or path, or -1 */
static int inherited(const struct config_listen *l) {
	for (unsigned i = 0;; i++) {
		struct sockaddr_un un = { 0 };
		socklen_t n = sizeof un;
		int fd = listen_inherited(i);
		if (fd < 0)
			return -1;
		if (l->path && *l->path) {
			if (getsockname(fd, (struct sockaddr *)&un, &n) == 0 && un.sun_family == AF_UNIX &&
				same_text(un.sun_path, l->path))
				return fd;
		} else if (l->port && listen_port(fd) == l->port) {
			return fd;
		}
	}
}

static int listener_open(const struct config_listen *cl, struct config *c, struct fail *f) {
	int fd = inherited(cl);
	if (fd < 0)
		fd = cl->path && *cl->path ? listen_unix(cl->path, BACKLOG, f) : listen_tcp(cl->address, cl->port, BACKLOG, f);
	if (fd < 0)
		return fd;
	struct listener *l = mem_zalloc(sizeof *l);
	l->listen = cl;
	l->config = config_ref(c);
	l->watch = (struct loop_watch){ .fd = fd, .events = 0, .fn = on_control, .arg = l };
	l->retry.fn = on_retry;
	l->retry.arg = l;
	vec_push(&listeners, l);
	if (cl == &control_listen && loop_add(loop, &l->watch) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "cannot watch listener %s", cl->name);
	if (cl->path && *cl->path)
		log_info("forumd", "listen %s path=%s", cl->name, cl->path);
	else
		log_info("forumd", "listen %s address=%s port=%u", cl->name, cl->address, listen_port(fd));
	return 1;
}

static void listener_close(size_t i) {
	struct listener *l = listeners.v[i];
	loop_timer_stop(loop, &l->retry);
	if (l->listen == &control_listen)
		loop_del(loop, &l->watch);
	acceptor_free(&l->acceptor);
	close(l->watch.fd);
	if (l->listen->path && *l->listen->path && unlink(l->listen->path) < 0)
		log_debug("forumd", "cannot remove %s: %s", l->listen->path, strerror(errno));
	config_unref(&l->config);
	mem_free(l);
	listeners.v[i] = listeners.v[--listeners.n];
}

static int listeners_open(struct config *c, struct fail *f) {
	int r = 1;
	if (*c->control_path) {
		control_listen.path = control_path = mem_strdup(c->control_path);   /* a new path needs a restart */
		r = listener_open(&control_listen, c, f);
	}
	for (unsigned i = 0; r > 0 && i < c->nlisten; i++)
		r = listener_open(&c->listen[i], c, f);
	return r;
}

static void listeners_go(void) {
	for (size_t i = 0; i < listeners.n; i++) {
		struct listener *l = listeners.v[i];
		if (l->listen == &control_listen)
			loop_mod(loop, &l->watch, EPOLLIN);
		else if (l->acceptor)
			acceptor_update(l->acceptor, l->listen, l->config);
		else
			l->acceptor = acceptor_new(l->watch.fd, l->listen, l->config);
	}
}

/* what stays takes the new settings, what is new is opened, what is no more is closed; sessions stay as they are */
static void listeners_reload(struct config *c) {
	for (size_t i = listeners.n; i-- > 0;) {
		struct listener *l = listeners.v[i];
		const struct config_listen *now = l->listen == &control_listen ? &control_listen : NULL;
		for (unsigned k = 0; k < c->nlisten && !now; k++)
			if (same_listener(&c->listen[k], l->listen))
				now = &c->listen[k];
		if (!now) {
			log_info("forumd", "listen %s closed", l->listen->name);
			listener_close(i);
			continue;
		}
		l->listen = now;
		config_unref(&l->config);
		l->config = config_ref(c);
	}
	for (unsigned k = 0; k < c->nlisten; k++) {
		struct fail f = { .code = ERR_OK };
		if (!listener_find(&c->listen[k]) && listener_open(&c->listen[k], c, &f) < 0)
			log_error("forumd", "listen %s: %s", c->listen[k].name, f.text);
	}
	listeners_go();
}

/* ---- signals, sweeps ---- */

static void set_log_level(const struct config *c) {
	static const char *const names[] = { "debug", "info", "warn", "error" };
	for (int i = 0; i < 4; i++)
		if (strcmp(names[i], c->log_level) == 0)
			log_set_level((enum log_level)i);
}

static void warn_restart(const struct config *old, const struct config *new) {
	if (strcmp(old->storage_path, new->storage_path) || old->map_size != new->map_size ||
		strcmp(old->domain, new->domain) || strcmp(old->control_path, new->control_path) ||
		old->workers != new->workers || strcmp(old->user, new->user))
		log_warn("forumd", "reload: storage, domain, control path, workers and user need a restart");
}

static void reload(void) {
	struct config *old = config_current(), *c = NULL;
	struct fail f = { .code = ERR_OK };
	notify("RELOADING=1\n");
	if (config_load(old->file, &c, &f) < 0) {
		log_error("forumd", "reload refused, the old configuration stays: %s", f.text);
	} else {
		warn_restart(old, c);
		set_log_level(c);
		config_set_current(c);
		listeners_reload(c);
		quota_limit((struct quota){ c->own_storage, c->own_messages });
		out_reload(c);
		verify_reload();
		log_info("forumd", "reloaded");
	}
	config_unref(&c);
	config_unref(&old);
	notify("READY=1\n");
}

static void on_signal(struct loop_watch *w, uint32_t events) {
	struct signalfd_siginfo s;
	(void)events;
	while (read(w->fd, &s, sizeof s) == sizeof s) {
		if (s.ssi_signo == SIGHUP) {
			reload();
			continue;
		}
		log_info("forumd", "signal %u: stopping", s.ssi_signo);
		notify("STOPPING=1\n");
		loop_stop(loop);
	}
}

static void on_sweep(struct loop_timer *t) {
	int n = forum_sweep_readers(forum);
	if (n > 0)
		log_warn("forumd", "dropped %d reader slots of dead processes", n);
	limits_sweep();
	loop_timer_set(loop, t, SWEEP_MS);
}

static void on_keep(struct loop_timer *t) {
	struct config *c = config_current();
	nntp_fetch_keep(c);
	config_unref(&c);
	loop_timer_set(loop, t, KEEP_MS);
}

static struct loop_watch signals = { .fd = -1, .events = EPOLLIN, .fn = on_signal };

static void signals_start(void) {
	sigset_t set;
	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);        /* inherited by every thread */
	signal(SIGPIPE, SIG_IGN);
	signals.fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (signals.fd < 0 || loop_add(loop, &signals) < 0)
		bug("signalfd: %s", strerror(errno));
}

/* ---- the store ---- */

/* One daemon a store: its writer owns the counters and caches. */
static int lock_store(const struct config *c, struct fail *f) {
	char *path = NULL, text[32];
	if (asprintf(&path, "%s/forumd.lock", c->storage_path) < 0)
		bug("out of memory");
	lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	int r = 1;
	if (lock_fd < 0) {
		r = fail_set(f, ERR_UNAVAILABLE, "%s: %s", path, strerror(errno));
	} else if (flock(lock_fd, LOCK_EX | LOCK_NB) < 0) {
		ssize_t n = read(lock_fd, text, sizeof text - 1);
		text[n > 0 ? n : 0] = 0;
		text[strcspn(text, "\n")] = 0;
		r = fail_set(f, ERR_BUSY, "another forumd (process %s) has the store %s", *text ? text : "?", c->storage_path);
	} else {
		int n = snprintf(text, sizeof text, "%ld\n", (long)getpid());
		if (ftruncate(lock_fd, 0) < 0 || pwrite(lock_fd, text, (size_t)n, 0) != n)
			log_warn("forumd", "%s: %s", path, strerror(errno));
	}
	free(path);
	return r;
}

static int open_store(const struct config *c, struct fail *f) {
	struct forum_options o = { .domain = c->domain, .map_size = c->map_size, .text_cache = c->text_cache };
	int r = forum_open(c->storage_path, &o, &forum, f);
	return r < 0 ? r : lock_store(c, f);
}

/* ---- start, run, stop ---- */

static void register_protocols(void) {
	session_register(LISTEN_NNTP, &nntp_ops);
	session_register(LISTEN_NNTPS, &nntp_ops);
	session_register(LISTEN_IMAP, &imap_ops);
	session_register(LISTEN_IMAPS, &imap_ops);
	session_register(LISTEN_SMTP, &smtp_ops);
	session_register(LISTEN_SUBMISSION, &smtp_ops);
	session_register(LISTEN_SUBMISSIONS, &smtp_ops);
	session_register(LISTEN_LMTP, &smtp_ops);
	session_register(LISTEN_HTTP, &http_ops);
	session_register(LISTEN_HTTPS, &http_ops);
	session_register(LISTEN_CTL, &ctl_ops);
}

static struct writer *writer;
static bool out_started;

static int start(struct config *c, struct fail *f) {
	int r = listeners_open(c, f);
	if (r > 0)
		r = drop_user(c->user, f);
	if (r > 0)
		r = open_store(c, f);
	if (r < 0)
		return r;
	quota_limit((struct quota){ c->own_storage, c->own_messages });
	spam_read_with(forum, post_in_derive);
	writer = writer_start(forum);
	r = out_start(forum, c, f);
	if (r < 0)
		return r;
	out_started = true;
	pointer_start(pointer_text);
	withdrawn_start(cancel_text_draft, cancel_text_id);
	index_start(forum, post_in_derive);
	drop_privileges(c);
	password_pool_start(2);
	verify_start();
	return workers_start(c->workers, forum);
}

/* What was acknowledged is on disk; what is on its way to the writer still gets its answer. */
static void stop(void) {
	while (listeners.n)
		listener_close(listeners.n - 1);
	vec_free(&listeners);
	workers_stop();
	mem_free(control_path);
	password_pool_stop();
	verify_stop();
	if (out_started)
		out_stop();
	launch_stop();
	index_stop();
	writer_stop(&writer);
	forum_close(&forum);
	if (lock_fd >= 0)
		close(lock_fd);
}

static int run(struct config *c) {
	struct fail f = { .code = ERR_OK };
	loop = loop_new();
	signals_start();
	drop_raise_files();
	accept_keep_spare();
	set_log_level(c);
	register_protocols();
	int r = start(c, &f);
	if (r < 0) {
		fprintf(stderr, "forumd: %s\n", f.text);
	} else {
		sweep_timer.fn = on_sweep;
		loop_timer_set(loop, &sweep_timer, SWEEP_MS);
		keep_timer.fn = on_keep;
		on_keep(&keep_timer);
		listeners_go();
		say_ready();
		loop_run(loop);
	}
	stop();
	loop_timer_stop(loop, &sweep_timer);
	loop_timer_stop(loop, &keep_timer);
	loop_free(&loop);
	return r > 0 ? EXIT_STOPPED : r == ERR_CORRUPT ? EXIT_DATA : EXIT_START;
}

static int usage(FILE *out, int code) {
	fputs("usage: forumd [-t] -c FILE\n"
	      "  -c FILE    configuration (default " SYSCONFDIR "/forumd.conf)\n"
	      "  -t         check the configuration and stop\n"
	      "  -h, --help, --version\n"
	      "Runs in the foreground, logs to standard error. SIGTERM stops, SIGHUP reloads.\n"
	      "Exit codes: 0 stopped, 1 configuration, 2 cannot start, 3 data damaged.\n", out);
	return code;
}

int main(int argc, char **argv) {
	static const struct option options[] = {
		{ "help", no_argument, NULL, 'h' }, { "version", no_argument, NULL, 'V' }, { 0 } };
	const char *file = SYSCONFDIR "/forumd.conf";
	struct config *c = NULL;
	struct fail f = { .code = ERR_OK };
	bool check = false;
	int o;
	while ((o = getopt_long(argc, argv, "c:th", options, NULL)) != -1) {
		switch (o) {
		case 'c': file = optarg; break;
		case 't': check = true; break;
		case 'h': return usage(stdout, 0);
		case 'V': puts(PACKAGE_STRING); return 0;
		default: return usage(stderr, EXIT_CONFIG);
		}
	}
	if (optind != argc)
		return usage(stderr, EXIT_CONFIG);
	if (config_load(file, &c, &f) < 0) {
		fprintf(stderr, "forumd: %s\n", f.text);
		return EXIT_CONFIG;
	}
	if (check) {
		printf("%s: ok\n", c->file);
		config_unref(&c);
		return 0;
	}
	config_set_current(c);
	int code = run(c);
	config_set_current(NULL);
	config_unref(&c);
	return code;
}
