/* fuzz_nntp.c - the news session as it runs, on a socket pair, with a temporary forum behind it.
 *
 * The first octet of an input chooses: bit 0 logged in, bit 1 the input comes in pieces, the rest the pieces' size. The
 * whole input is written, the sending side closed, and the answers read to their end; a session that neither answers
 * nor closes within 20 seconds is a finding, as is an answer that does not begin with a three-digit code.
 *
 * With libFuzzer: clang -fsanitize=fuzzer -DFUZZ_LIBFUZZER. Else:
 * fuzz_nntp [N [SEED]] runs N inputs made from the commands below, the same ones for the same seed. */
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/forum/group.h"
#include "forumd/forum/member.h"
#include "forumd/run/worker.h"
#include "forumd/run/writer.h"
#include "gateways/common/post_in.h"
#include "gateways/nntp/nntp.h"
#include "tests/tap/tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

static struct forum *forum;
static struct config *config;
static struct session_ops ops;
static uint32_t member;
static bool logged_in;        /* read by the worker after the hand-over of the descriptor */
static bool bad_answer;
static uint64_t octets;      /* of answers */

static void start(struct session *s) {
	if (logged_in)
		session_set_member(s, member);
	nntp_ops.start(s);
}

static void quiet(enum log_level level, const char *line) {
	(void)level, (void)line;
}

static void add_post(struct forum_txn *w, const uint32_t *group, int i) {
	struct post_in in = {
		.source = POST_FROM_CTL, .member = member, .groups = group, .ngroups = 1, .max_size = 1u << 20
	};
	struct job *j = job_new(NULL, post_in_apply);
	struct post_draft d;
	struct post_in_job p = { .draft = &d, .member = member };
	struct fail f = { 0 };
	struct buf b = { 0 };
	buf_addf(&b, "Subject: post %d\r\nMessage-ID: <m%d@x.test>\r\nReferences: <m%d@x.test>\r\n\r\n.line\r\n", i, i,
		i / 2);
	for (int k = 0; k < i * i * 20; k++)
		buf_addf(&b, "line %d of the body\r\n", k);
	j->data = &p;
	if (post_in_parse(w, &in, buf_slice(&b), j->arena, &d, &f) < 0 || post_in_apply(w, j, &f) < 0)
		bail("post: %s", f.text);
	job_free(&j);
	buf_free(&b);
}

static void fill(void) {
	struct group_spec g = { .name = SLICE("test.forum"), .title = SLICE("t"), .kind = GROUP_FORUM };
	struct group_spec e = { .name = SLICE("test.empty"), .title = SLICE("t"), .kind = GROUP_FORUM };
	struct forum_txn *w;
	struct fail f = { 0 };
	uint32_t id;
	if (forum_write_begin(forum, NULL, &w, &f) < 0 ||
		member_add(w, SLICE("Alice"), SLICE("alice@example.org"), &member, &f) < 0 || group_add(w, &e, &id, &f) < 0 ||
		group_add(w, &g, &id, &f) < 0)
		bail("fill: %s", f.text);
	for (int i = 1; i <= 20; i++)
		add_post(w, &id, i);
	if (forum_commit(&w, &f) < 0)
		bail("fill: %s", f.text);
}

static void setup(void) {
	struct forum_options o = { .domain = "forum.test", .map_size = 1u << 30, .no_sync = true };
	const char *path = test_tmpfile("forumd.conf");
	struct fail f = { 0 };
	FILE *c = fopen(path, "w");
	if (!c ||
		fprintf(c,
			"domain = \"forum.test\"\nlisten news { protocol = \"nntp\" address = \"127.0.0.1\" port = 21199 }\n"
			"peer alice { user = \"alice@example.org\" cancels = yes approved = yes path = \"p.test\" }\n"
			"limits { message_size = 100000 bad_commands = 1000 posts_per_minute = 0 }\n") < 0 ||
		fclose(c) != 0)
		bail("cannot write %s", path);
	signal(SIGPIPE, SIG_IGN);
	log_set_sink(quiet);
	if (config_load(path, &config, &f) < 0 || forum_open(test_tmpfile("store"), &o, &forum, &f) < 0)
		bail("setup: %s", f.text);
	config_set_current(config_ref(config));
	fill();
	ops = nntp_ops;
	ops.start = start;
	session_register(LISTEN_NNTP, &ops);
	writer_start(forum);
	if (workers_start(1, forum) < 0)
		bail("workers");
}

/* the answers: each first line of a command's answer begins with a code; texts are not told apart here, so only the
 * very first octets and the end are looked at */
static void check(const struct buf *out) {
	struct slice s = buf_slice(out);
	octets += s.n;
	if (s.n < 5 || s.p[0] != '2' || s.p[1] != '0' || s.p[s.n - 1] != '\n')
		bad_answer = true;
}

static bool exchange(int fd, struct slice in, size_t piece) {
	struct buf out = { 0 };
	bool sent = false;
	for (;;) {
		struct pollfd p = { .fd = fd, .events = (short)(sent ? POLLIN : POLLIN | POLLOUT) };
		if (poll(&p, 1, 20000) <= 0)
			return false;
		if (p.revents & POLLOUT) {
			ssize_t n = send(fd, in.p, in.n < piece ? in.n : piece, MSG_DONTWAIT);
			if (n > 0)
				in = slice_from(in, (size_t)n);
			if (in.n == 0 || n < 0) {
				shutdown(fd, SHUT_WR);
				sent = true;
			}
		}
		if (p.revents & (POLLIN | POLLHUP | POLLERR)) {
			ssize_t n = recv(fd, buf_reserve(&out, 65536), 65536, MSG_DONTWAIT);
			if (n <= 0)
				break;
			buf_commit(&out, (size_t)n);
		}
	}
	check(&out);
	buf_free(&out);
	return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n) {
	static bool ready;
	struct addr peer = { .n = sizeof(sa_family_t) };
	int fd[2];
	if (!ready)
		setup();
	ready = true;
	if (!n || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fd) != 0)
		return 0;
	peer.ss.ss_family = AF_UNIX;
	logged_in = data[0] & 1;
	workers_accept(fd[0], &peer, &config->listen[0], config_ref(config));
	if (!exchange(fd[1], slice_of(data + 1, n - 1), data[0] & 2 ? 1u + (data[0] >> 2) : 1u << 20))
		bug("the session hangs");
	if (bad_answer)
		bug("the answer is malformed");
	close(fd[1]);
	return 0;
}

#ifndef FUZZ_LIBFUZZER
static const char *const words[] = {
	"GROUP test.forum\r\n",
	"GROUP test.empty\r\n",
	"ARTICLE 3\r\n",
	"ARTICLE\r\n",
	"HEAD <m4@x.test>\r\n",
	"BODY 20\r\n",
	"STAT\r\n",
	"NEXT\r\n",
	"LAST\r\n",
	"OVER 1-\r\n",
	"XOVER 5-7\r\n",
	"OVER <m1@x.test>\r\n",
	"HDR Subject 1-\r\n",
	"HDR :bytes 1-5\r\n",
	"XHDR X-None 1-\r\n",
	"XPAT Subject 1- *1* ?\r\n",
	"LIST\r\n",
	"LIST ACTIVE t*,!*y\r\n",
	"LIST COUNTS\r\n",
	"LIST HEADERS MSGID\r\n",
	"LISTGROUP test.forum 3-9\r\n",
	"NEWNEWS * 20200101 000000 GMT\r\n",
	"NEWGROUPS 200101 000000\r\n",
	"POST\r\n",
	".\r\n",
	"Newsgroups: test.forum\r\n",
	"Subject: x\r\n",
	"From: alice@example.org\r\n",
	"Message-ID: <m1@x.test>\r\n",
	"Control: cancel <m2@x.test>\r\n",
	"Supersedes: <m3@x.test>\r\n",
	"References: <m1@x.test>\r\n",
	"\r\n",
	"text\r\n",
	"..dot\r\n",
	"\n.\n",
	"\r.\r",
	"CAPABILITIES\r\n",
	"MODE READER\r\n",
	"AUTHINFO USER x\r\n",
	"AUTHINFO PASS\r\n",
	"STARTTLS\r\n",
	"COMPRESS X\r\n",
	"DATE\r\n",
	"HELP\r\n",
	"XFROB\r\n",
	"IHAVE <n1@x.test>\r\n",
	"IHAVE <m2@x.test>\r\n",
	"MODE STREAM\r\n",
	"CHECK <n2@x.test>\r\n",
	"CHECK\r\n",
	"TAKETHIS <n2@x.test>\r\n",
	"TAKETHIS\r\n",
	"Message-ID: <n1@x.test>\r\n",
	"Message-ID: <n2@x.test>\r\n",
	"Date: Fri, 27 Nov 2026 01:00:00 +0000\r\n",
	"Path: p.test!x\r\n",
	"Path: a!forum.test!b\r\n",
	"Approved: x\r\n",
	"Cancel-Key: sha256:k\r\n",
	"Cancel-Lock: sha1:x sha256:y\r\n",
	"Forum-Force: yes\r\n",
	"> quoted\r\n",
	"XFEED GONE test.forum 1\r\n",
	"LIST COUNTS t?st.*,!*.empty\r\n",
	"LIST MODERATORS\r\n",
	"LIST MOTD\r\n",
	"XGTITLE *\r\n",
	"AUTHINFO SASL PLAIN\r\n",
	"AUTHINFO SASL SCRAM-SHA-256 biws\r\n",
	"*\r\n",
	"=\r\n",
	"GROUP me.unread\r\n",
	"LISTGROUP me.replies 1-\r\n",
	" ",
	"\t",
	"-",
	"1-",
	"99999999999",
	"<",
	">",
	"\xff",
	"*",
};

static uint32_t state = 1;

static uint32_t next_random(void) {
	state ^= state << 13, state ^= state >> 17, state ^= state << 5;
	return state;
}

static void make_input(struct buf *b) {
	buf_addc(b, (char)next_random());
	for (uint32_t i = next_random() % 40; i > 0; i--)
		buf_adds(b, words[next_random() % (sizeof words / sizeof *words)]);
	for (uint32_t i = next_random() % 4; i > 1 && buf_len(b) > 1; i--)
		buf_bytes(b)[1 + next_random() % (buf_len(b) - 1)] = (char)next_random();
}

int main(int argc, char **argv) {
	unsigned long n = argc > 1 ? strtoul(argv[1], NULL, 10) : 300;
	state = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) * 2654435761u + 1 : 1;
	for (unsigned long i = 0; i < n; i++) {
		struct buf b = { 0 };
		make_input(&b);
		LLVMFuzzerTestOneInput((const uint8_t *)buf_bytes(&b), buf_len(&b));
		buf_free(&b);
	}
	workers_stop();
	struct writer *w = writer_current();
	writer_stop(&w);
	forum_close(&forum);
	ok(octets > 100 * n, "%lu conversations, %llu octets of answers", n, (unsigned long long)octets);
	return done();
}
#endif
