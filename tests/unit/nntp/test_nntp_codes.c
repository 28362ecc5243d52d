/* Answers that need what no test over the network can arrange: damaged records (403), a client that is not on this
 * machine (483), a daemon without TLS (580), one that is full (400). A news session as it runs, on a socket pair. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "forumd/base/log.h"
#include "forumd/forum/forum_private.h"
#include "forumd/forum/group.h"
#include "forumd/forum/keys.h"
#include "forumd/run/worker.h"
#include "forumd/run/writer.h"
#include "gateways/common/post_in.h"
#include "gateways/nntp/nntp.h"
#include "tests/tap/tap.h"

#define READERS 64

static struct forum *forum;
static struct config *config;
static uint32_t group;

static void quiet(enum log_level level, const char *line) {
	(void)level, (void)line;
}

static void add_post(struct forum_txn *w, int i) {
	struct post_in in = {
		.source = POST_FROM_CTL, .member = UINT32_MAX, .groups = &group, .ngroups = 1, .max_size = 1u << 20
	};
	struct job *j = job_new(NULL, post_in_apply);
	struct post_draft d;
	struct post_in_job p = { .draft = &d, .member = UINT32_MAX };
	struct fail f = { 0 };
	struct buf b = { 0 };
	buf_addf(&b, "From: a@x.test\r\nSubject: post %d\r\nMessage-ID: <m%d@x.test>\r\n\r\nline\r\n", i, i);
	j->data = &p;
	if (post_in_parse(w, &in, buf_slice(&b), j->arena, &d, &f) < 0 || post_in_apply(w, j, &f) < 0)
		bail("post: %s", f.text);
	job_free(&j);
	buf_free(&b);
}

/* A record that cannot be read instead of the one there, or beside it. */
static void damage(struct forum_txn *w, const struct key *k) {
	struct fail f = { 0 };
	if (forum_put(w, key_slice(k), SLICE("\377garbage"), &f) < 0)
		bail("%s", f.text);
}

static void fill(void) {
	struct group_spec g = { .name = SLICE("test.forum"), .title = SLICE("t") },
					  b = { .name = SLICE("test.broken"), .title = SLICE("t") };
	struct forum_txn *w;
	struct fail f = { 0 };
	uint32_t broken;
	if (forum_write_begin(forum, NULL, &w, &f) < 0 || group_add(w, &g, &group, &f) < 0 ||
		group_add(w, &b, &broken, &f) < 0)
		bail("fill: %s", f.text);
	for (int i = 1; i <= 4; i++)
		add_post(w, i);
	struct post p;
	struct key o = key_2u32('O', group, 2), k = key_1u32('G', broken);
	damage(w, &o);
	damage(w, &k);
	if (post_by_msgid(w, SLICE("<m3@x.test>"), &p) <= 0)
		bail("no post 3");
	struct key head = key_1u64(KEY_POST, p.id);
	damage(w, &head);
	if (forum_commit(&w, &f) < 0)
		bail("fill: %s", f.text);
}

static void setup(void) {
	struct forum_options o = { .domain = "forum.test", .map_size = 1u << 30, .max_readers = READERS,
		.no_sync = true };
	const char *path = test_tmpfile("forumd.conf");
	struct fail f = { 0 };
	FILE *c = fopen(path, "w");
	if (!c ||
		fprintf(c,
			"domain = \"forum.test\"\nlisten news { protocol = \"nntp\" address = \"127.0.0.1\" port = 21199 }\n"
			"peer p { address = \"192.0.2.7\" }\npeer q { address = \"192.0.2.8\" }\npeer r { address = \"192.0.2.9\" }\npeer s { address = \"192.0.2.10\" }\nlimits { connections_per_address = 2 }\n") <
			0 ||
		fclose(c) != 0)
		bail("cannot write %s", path);
	signal(SIGPIPE, SIG_IGN);
	log_set_sink(quiet);
	if (config_load(path, &config, &f) < 0 || forum_open(test_tmpfile("store"), &o, &forum, &f) < 0)
		bail("setup: %s", f.text);
	config_set_current(config_ref(config));
	fill();
	session_register(LISTEN_NNTP, &nntp_ops);
	writer_start(forum);
	if (workers_start(1, forum) < 0)
		bail("workers");
}

static int connected(const char *address) {
	struct addr peer = { .n = sizeof(struct sockaddr_in) };
	struct sockaddr_in *in = (struct sockaddr_in *)&peer.ss;
	int fd[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
		bail("socketpair");
	in->sin_family = AF_INET;
	inet_pton(AF_INET, address, &in->sin_addr);
	workers_accept(fd[0], &peer, &config->listen[0], config_ref(config));
	return fd[1];
}

/* everything the session answers to these commands, until it closes */
static struct slice answers(int fd, const char *commands, struct buf *out) {
	ssize_t n;
	buf_reset(out);
	if (*commands && send(fd, commands, strlen(commands), 0) < 0)
		diag("send");
	shutdown(fd, SHUT_WR);
	struct pollfd p = { .fd = fd, .events = POLLIN };
	while (poll(&p, 1, 20000) > 0 && (n = recv(fd, buf_reserve(out, 4096), 4096, 0)) > 0)
		buf_commit(out, (size_t)n);
	close(fd);
	return buf_slice(out);
}

static void try(const char *address, const char *commands, const char *want) {
	static unsigned n = 1;
	struct buf out = { 0 };
	char own[32];
	/* each from another address of this machine: the session before may not be gone yet */
	snprintf(own, sizeof own, "127.0.1.%u", ++n);
	struct slice got = answers(connected(strcmp(address, "127.0.0.1") == 0 ? own : address), commands, &out);
	if (!ok(memmem(got.p, got.n, want, strlen(want)) != NULL, "%.*s -> %s", (int)strcspn(commands, "\r"), commands,
			want))
		diag("got: %.*s", SLICE_ARG(got));
	buf_free(&out);
}

/* all places for readers are taken: 403 and nothing worse, and it is over with them */
static void unreadable(void) {
	struct forum_txn *held[READERS * 4];
	struct fail f = { 0 };
	unsigned n = 0;
	while (n < READERS * 4 && forum_read_begin(forum, &held[n], &f) > 0)
		n++;
	ok(n > 0 && n < READERS * 4, "%u readers, and then none more: %s", n, f.text);
	try("127.0.0.1", "GROUP test.forum\r\nDATE\r\n", "\r\n403 cannot be done now, try again later\r\n111 ");
	try("127.0.0.1", "ARTICLE <m1@x.test>\r\n", "\r\n403 cannot be done now");
	try("127.0.0.1", "LIST\r\n", "\r\n403 ");
	try("127.0.0.1", "NEWNEWS * 20200101 000000 GMT\r\n", "\r\n403 ");
	try("192.0.2.10", "IHAVE <new@x.test>\r\n", "\r\n436 ");
	while (n)
		forum_read_end(&held[--n]);
	try("127.0.0.1", "GROUP test.forum\r\n", "\r\n211 ");
}

int main(void) {
	setup();
	unreadable();
	/* damaged records: never a crash, never half an answer that looks whole */
	try("127.0.0.1", "GROUP test.broken\r\n", "\r\n403 stored data is damaged\r\n");
	try("127.0.0.1", "LISTGROUP test.broken\r\n", "\r\n403 ");
	try("127.0.0.1", "GROUP test.forum\r\nARTICLE 2\r\n", "\r\n403 ");
	try("127.0.0.1", "GROUP test.forum\r\nSTAT 2\r\n", "\r\n403 ");
	try("127.0.0.1", "GROUP test.forum\r\nHEAD 3\r\n", "\r\n403 ");
	try("127.0.0.1", "ARTICLE <m3@x.test>\r\n", "\r\n403 ");
	try("127.0.0.1", "STAT <m3@x.test>\r\n", "\r\n403 ");
	try("127.0.0.1", "OVER <m3@x.test>\r\n", "\r\n403 ");
	try("127.0.0.1", "HDR Subject <m3@x.test>\r\n", "\r\n403 ");
	try("127.0.0.1", "GROUP test.forum\r\nSTAT 4\r\nARTICLE 4\r\nDATE\r\n", "\r\n111 ");
	struct buf out = { 0 };
	struct slice got = answers(connected("127.0.0.1"), "GROUP test.forum\r\nOVER 1-\r\nDATE\r\n", &out);
	ok(memmem(got.p, got.n, "\r\n.\r\n", 5) == NULL, "an overview that cannot be told to its end is cut, not ended");
	/* feeds ask for what is damaged */
	try("192.0.2.7", "CHECK <m3@x.test>\r\n", "\r\n431 <m3@x.test>\r\n");
	try("192.0.2.8", "IHAVE <m3@x.test>\r\n", "\r\n436 ");
	try("192.0.2.9", "TAKETHIS <m3@x.test>\r\nx\r\n.\r\nDATE\r\n", "\r\n400 ");
	/* beyond this machine, without TLS */
	try("192.0.2.1", "AUTHINFO USER a@x.test\r\n", "\r\n483 ");
	try("192.0.2.2", "AUTHINFO PASS x\r\n", "\r\n483 ");
	try("192.0.2.3", "AUTHINFO SASL PLAIN AGEAYg==\r\n", "\r\n483 ");
	try("192.0.2.4", "CAPABILITIES\r\n", "\r\nAUTHINFO SASL\r\nSASL SCRAM-SHA-256\r\n");
	try("127.0.0.1", "CAPABILITIES\r\n", "\r\nAUTHINFO USER SASL\r\nSASL SCRAM-SHA-256 PLAIN\r\n");
	try("127.0.0.1", "STARTTLS\r\n", "\r\n580 ");
	/* too many */
	int first = connected("198.51.100.1"), second = connected("198.51.100.1");
	char b[512];
	ok(recv(first, b, sizeof b, 0) > 3 && memcmp(b, "200", 3) == 0, "the first is served");
	ok(recv(second, b, sizeof b, 0) > 3 && memcmp(b, "200", 3) == 0, "the second too");
	got = answers(connected("198.51.100.1"), "", &out);
	ok(slice_starts(got, SLICE("400 ")), "the one too many is told so: %.*s", SLICE_ARG(got));
	/* the end of the daemon */
	workers_stop();
	ssize_t n = recv(first, b, sizeof b, 0);
	ok(n > 3 && memcmp(b, "400", 3) == 0, "who is connected when it stops is told so");
	close(first);
	close(second);
	buf_free(&out);
	struct writer *w = writer_current();
	writer_stop(&w);
	forum_close(&forum);
	return done();
}
