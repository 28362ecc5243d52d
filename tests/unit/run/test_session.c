/* A tiny protocol through real sockets, workers and the writer: pipelining, STEP_MORE, STEP_WAIT with a job, the
 * delivery of changes before answers, logins, limits, the stop.
 *
 *	echo TEXT     TEXT
 *	big N         N lines in steps
 *	put NAME      stored by a job, answer "put RESULT"; the changes seen before it are told first
 *	get NAME      1 or 0
 *	watch         all groups
 *	login N P     "in ID" or "no ERR"
 *	slow          its step takes the next line, too
 *	quit */
#include <netinet/in.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/num.h"
#include "forumd/forum/group.h"
#include "forumd/forum/member.h"
#include "forumd/net/listen.h"
#include "forumd/run/password.h"
#include "forumd/run/worker.h"
#include "forumd/run/writer.h"
#include "tests/tap/tap.h"

struct echo { struct session s; uint64_t left, next; int put_result; bool answered; };

static enum step done_line(struct session *s, const char *text) {
	buf_adds(session_out(s), text);
	buf_addc(session_out(s), '\n');
	return STEP_DONE;
}

static enum step big_step(struct session *s) {
	struct echo *e = (struct echo *)s;
	for (unsigned i = 0; i < 1000 && e->next < e->left && !conn_full(s->conn); i++)
		buf_addf(session_out(s), "line %llu of a long answer\n", (unsigned long long)e->next++);
	return e->next < e->left ? STEP_MORE : STEP_DONE;
}

static int apply_put(struct forum_txn *t, struct job *j, struct fail *f) {
	struct group_spec g = { .name = slice_str(j->data), .title = SLICE("x") };
	uint32_t id;
	return group_add(t, &g, &id, f);
}

static enum step put_step(struct session *s) {
	struct echo *e = (struct echo *)s;
	if (!e->answered)
		return STEP_WAIT;
	e->answered = false;
	buf_addf(session_out(s), "put %d\n", e->put_result);
	return STEP_DONE;
}

static enum step get(struct session *s, struct slice name) {
	struct group g;
	struct forum_txn *t = session_read(s);
	return done_line(s, t && group_find(t, name, &g) > 0 ? "1" : "0");
}

static enum step slow_step(struct session *s) {
	struct buf *in = conn_input(s->conn);
	ptrdiff_t nl = slice_chr(buf_slice(in), '\n');
	if (nl < 0)
		return STEP_INPUT;
	buf_addf(session_out(s), "slow got %.*s\n", (int)nl, buf_bytes(in));
	buf_consume(in, (size_t)nl + 1);
	return STEP_DONE;
}

static enum step command(struct session *s, struct slice line) {
	struct echo *e = (struct echo *)s;
	struct slice verb = { 0 }, arg = { 0 }, more = { 0 };
	slice_word(&line, &verb);
	if (slice_is(verb, "echo"))
		return done_line(s, arena_cstr(s->command, slice_trim(line)));
	slice_word(&line, &arg);
	slice_word(&line, &more);
	if (slice_is(verb, "big")) {
		num_parse_u64(arg, &e->left);
		e->next = 0;
		s->step = big_step;
		return STEP_MORE;
	}
	if (slice_is(verb, "put")) {
		struct job *j = job_new(s, apply_put);
		j->data = arena_cstr(j->arena, arg);
		session_submit(s, j);
		s->step = put_step;
		return STEP_WAIT;
	}
	if (slice_is(verb, "get"))
		return get(s, arg);
	if (slice_is(verb, "watch")) {
		session_watch_all(s, true);
		return done_line(s, "watching");
	}
	if (slice_is(verb, "login")) {
		session_check_password(s, arg, more);
		return STEP_WAIT;
	}
	if (slice_is(verb, "slow")) {
		s->step = slow_step;
		return STEP_INPUT;
	}
	if (slice_is(verb, "quit")) {
		done_line(s, "bye");
		return STEP_CLOSE;
	}
	return done_line(s, "what?");
}

static enum step on_input(struct session *s) {
	struct buf *in = conn_input(s->conn);
	ptrdiff_t nl = slice_chr(buf_slice(in), '\n');
	if (nl < 0)
		return STEP_INPUT;
	struct slice line = arena_slice(s->command, slice_to(buf_slice(in), (size_t)nl));
	buf_consume(in, (size_t)nl + 1);
	return command(s, line);
}
static void on_start(struct session *s) { buf_adds(session_out(s), "hello\n"); }
static void on_job(struct session *s, struct job *j) {
	((struct echo *)s)->put_result = j->result;
	((struct echo *)s)->answered = true;
}
static void on_auth(struct session *s, const struct auth_result *r) {
	if (r->ok)
		session_set_member(s, r->member);
	buf_addf(session_out(s), r->ok ? "in %u\n" : "no %d\n", r->ok ? r->member : (unsigned)-(int)r->err);
}
static void on_change(struct session *s, const struct change *c) {
	buf_addf(session_out(s), "change %d %s\n", (int)c->kind, c->origin == s->id ? "own" : "other");
}
static void on_timeout(struct session *s, bool login) {
	buf_adds(session_out(s), login ? "login timeout\n" : "goodbye\n");
}
static void on_shed(struct buf *out) { buf_adds(out, "too many\n"); }
static int ended;
static void on_end(struct session *s) { (void)s; __atomic_add_fetch(&ended, 1, __ATOMIC_SEQ_CST); }
static const struct session_ops ops = { .protocol = "echo",
	.size = sizeof(struct echo),
	.start = on_start,
	.input = on_input,
	.job_done = on_job,
	.auth_done = on_auth,
	.change = on_change,
	.timeout = on_timeout,
	.shed = on_shed,
	.end = on_end };

static struct forum *forum;
static struct config *config;
static int listen_fd, login_fd;

static int connect_to(int lfd, const struct config_listen *l) {
	struct sockaddr_in in = {
		.sin_family = AF_INET, .sin_port = htons((uint16_t)listen_port(lfd)), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)
	};
	struct addr peer = { .n = sizeof peer.ss };
	struct timeval tv = { 10, 0 };
	int fd = socket(AF_INET, SOCK_STREAM, 0), s;
	if (connect(fd, (struct sockaddr *)&in, sizeof in) < 0)
		bail("connect");
	do
		s = accept4(lfd, (struct sockaddr *)&peer.ss, &peer.n, SOCK_NONBLOCK | SOCK_CLOEXEC);
	while (s < 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof tv);
	workers_accept(s, &peer, l, config);
	return fd;
}
static int client(void) { return connect_to(listen_fd, &config->listen[0]); }
static void say(int fd, const char *s) { if (write(fd, s, strlen(s)) < 0) diag("write"); }
/* reads exactly as much as is wanted (or to the end) and compares */
static void hears(int fd, const char *want, const char *why) {
	struct buf b = { 0 };
	while (buf_len(&b) < strlen(want)) {
		char *p = buf_reserve(&b, strlen(want));
		ssize_t n = read(fd, p, strlen(want) - buf_len(&b));
		if (n <= 0)
			break;
		buf_commit(&b, (size_t)n);
	}
	is_slice(buf_slice(&b), slice_str(want), "%s", why);
	buf_free(&b);
}
static bool at_end(int fd) { char c; return read(fd, &c, 1) == 0; }

static void pipelining(void) {
	int fd = client();
	say(fd, "echo a\necho b\nget test.x\nslow\nthis line\necho c\nec");
	hears(fd, "hello\na\nb\n0\nslow got this line\nc\n", "pipelined commands, a step that takes a line");
	say(fd, "ho d\nquit\necho never\n");
	hears(fd, "d\nbye\n", "a cut command");
	ok(at_end(fd), "closed after quit");
	close(fd);
}

static void long_answers(void) {
	int fd = client();
	say(fd, "big 200000\necho after\n");
	hears(fd, "hello\n", "greeting");
	FILE *in = fdopen(dup(fd), "r");
	char line[100], want[100];
	unsigned good = 0;
	for (unsigned i = 0; i < 200000 && fgets(line, sizeof line, in); i++) {
		snprintf(want, sizeof want, "line %u of a long answer\n", i);
		good += strcmp(line, want) == 0;
	}
	is_int(good, 200000, "a long answer in steps");
	ok(fgets(line, sizeof line, in) && strcmp(line, "after\n") == 0, "and the next command's");
	fclose(in);
	close(fd);
}

static void jobs(void) {
	int a = client(), b = client();
	hears(a, "hello\n", "a"), hears(b, "hello\n", "b");
	say(a, "watch\n"), say(b, "watch\n");
	hears(a, "watching\n", "a watches"), hears(b, "watching\n", "b watches");
	say(a, "put test.one\nget test.one\necho x\n");
	hears(a, "change 4 own\nput 1\n1\nx\n", "own change, answer, then what the commit made is read; order kept");
	hears(b, "change 4 other\n", "the other session hears of it");
	say(a, "put test.one\n");
	hears(a, "put -2\n", "a refused job");
	/* answers for a session that is gone are dropped */
	say(a, "put test.two\n");
	close(a);
	hears(b, "change 4 other\n", "done nevertheless");
	say(b, "get test.two\n");
	hears(b, "1\n", "and stored");
	/* half-close while a job is under way */
	say(b, "put test.three\necho last\n");
	shutdown(b, SHUT_WR);
	hears(b, "change 4 own\nput 1\nlast\n", "everything is answered after a half-close");
	ok(at_end(b), "then closed");
	close(b);
}

static int apply_member(struct forum_txn *t, struct job *j, struct fail *f) {
	struct buf *v = j->data;
	uint32_t id;
	int r = member_add(t, SLICE("Ann"), SLICE("ann@forum.test"), &id, f);
	return r < 0 ? r : member_set_password(t, id, buf_slice(&v[0]), buf_slice(&v[1]), f);
}

static void logins(void) {
	struct buf v[2] = { { 0 }, { 0 } };
	struct job *j = job_new(NULL, apply_member);
	password_make(SLICE("secret"), &v[0], &v[1]);
	j->data = v;
	is_int(writer_call(writer_current(), j), 1, "a member: %s", j->fail.text);
	job_free(&j);
	buf_free(&v[0]), buf_free(&v[1]);
	int fd = client();
	say(fd, "login Ann@Forum.test secret\necho then\n");
	hears(fd, "hello\nin ", "logged in with any case");
	hears(fd, "", "");
	char id[16];
	is_int(read(fd, id, 1) > 0, 1, "the member's id");
	close(fd);
	fd = client();
	say(fd, "login ann@forum.test wrong\nlogin nobody@forum.test wrong\n");
	hears(fd, "hello\nno 3\nno 3\n", "wrong and unknown are answered alike");
	int64_t t0 = clock_mono_ms();
	say(fd, "login ann@forum.test wrong\nlogin ann@forum.test wrong\necho never\n");
	hears(fd, "no 3\nno 7\n", "the limit");
	ok(at_end(fd), "ends the session");
	ok(clock_mono_ms() - t0 >= 200, "failures slow down");
	close(fd);
	fd = connect_to(login_fd, &config->listen[1]);
	hears(fd, "hello\nlogin timeout\n", "the deadline to log in");
	ok(at_end(fd), "closes");
	close(fd);
}

static void limits(void) {
	int v[8], i;
	for (i = 0; i < 8; i++) {
		v[i] = client();
		hears(v[i], "hello\n", "within the limit");
	}
	int fd = client();
	hears(fd, "too many\n", "one more is refused in its protocol's words");
	ok(at_end(fd), "and closed");
	close(fd);
	is_int(session_count("echo"), 8, "counted");
	for (i = 0; i < 8; i++)
		close(v[i]);
	for (i = 0; i < 3000 && workers_sessions(); i++)
		usleep(1000);
	is_int(workers_sessions(), 0, "all are gone");
	fd = client();
	hears(fd, "hello\n", "there is room again");
	char *long_line = calloc(1, 100001);
	memset(long_line, 'x', 100000);
	say(fd, long_line);
	char c;
	ok(read(fd, &c, 1) <= 0, "input without end is not taken");
	free(long_line);
	close(fd);
}

static void set_up(void) {
	const char *path = test_tmpfile("forumd.conf");
	FILE *out = fopen(path, "w");
	fputs("listen a { protocol = \"nntp\" }\nlisten b { protocol = \"imap\" }\n"
	      "limits { connections_per_address = 8 login_failures = 4 login_seconds = 1 }\n", out);
	fclose(out);
	struct fail f = { 0 };
	if (config_load(path, &config, &f) < 0)
		bail("%s", f.text);
	struct forum_options o = { .domain = "forum.test", .map_size = 64 << 20, .no_sync = true };
	if (forum_open(test_tmpfile("store"), &o, &forum, &f) < 0)
		bail("%s", f.text);
	session_register(LISTEN_NNTP, &ops);
	session_register(LISTEN_IMAP, &ops);
	listen_fd = listen_tcp("127.0.0.1", 0, 64, &f);
	login_fd = listen_tcp("127.0.0.1", 0, 64, &f);
}

int main(void) {
	log_set_level(LOG_WARN_);
	set_up();
	struct writer *w = writer_start(forum);
	password_pool_start(2);
	workers_start(2, forum);
	pipelining();
	long_answers();
	jobs();
	logins();
	limits();
	int fd = client();
	hears(fd, "hello\n", "a session at the end");
	say(fd, "put test.last\n");
	usleep(100000);
	workers_stop();
	hears(fd, "put 1\ngoodbye\n", "the stop says good-bye");
	ok(at_end(fd), "closed");
	close(fd);
	ok(ended > 15, "every session was ended (%d)", ended);
	password_pool_stop();
	writer_stop(&w);
	forum_close(&forum);
	config_unref(&config);
	close(listen_fd), close(login_fd);
	return done();
}
