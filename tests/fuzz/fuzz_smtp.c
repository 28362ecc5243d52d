/* fuzz_smtp.c - arbitrary octets to the real session: workers, writer and store of a temporary forum; the octets
 * come through a socket. The first octet chooses the door (SMTP, submission, LMTP).
 *
 * With libFuzzer (-DFUZZ_LIBFUZZER -fsanitize=fuzzer) a fuzz target; else a program: `fuzz_smtp FILE...` runs
 * files, `fuzz_smtp --mutate N SEED FILE...` runs N deterministic mutations of each, `fuzz_smtp N SEED` of each of its
 * own seeds, and without arguments it runs 66 of those and prints TAP. What must hold: it lives, it closes, and every
 * answer is whole lines of code and text. */
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include <sys/socket.h>
#include "forumd/base/digest.h"
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/base/text.h"
#include "forumd/forum/group.h"
#include "forumd/forum/member.h"
#include "forumd/run/password.h"
#include "forumd/run/worker.h"
#include "forumd/run/writer.h"
#include "gateways/smtp/smtp.h"
#include "tests/tap/tap.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct config *config;
static struct forum *forum;
static struct writer *writer;
static unsigned texts, stored;   /* so that a fuzzer that never gets anywhere is noticed */

static void quiet(enum log_level level, const char *line) {
	(void)level, (void)line;
}

static void fill(void) {
	struct group_spec pub = { .name = SLICE("test.pub"), .title = SLICE("Public") };
	struct group_spec priv = { .name = SLICE("test.priv"), .access = GROUP_PRIVATE };
	struct forum_txn *t;
	struct fail f = { 0 };
	uint32_t id;

	if (forum_write_begin(forum, NULL, &t, &f) < 0 || group_add(t, &pub, &id, &f) < 0 || group_add(t, &priv, &id,
		&f) < 0
	    || member_add(t, SLICE("Alice"), SLICE("alice@example.org"), &id, &f) < 0 || forum_commit(&t, &f) < 0)
		bail("the temporary forum: %s", f.text);
}

static void begin(void) {
	static const char text[] = "domain = \"forum.test\"\nworkers = 1\nstorage { path = \"data\" }\ncontrol { path = "
		"\"s\" }\n"
		"listen a { protocol = \"smtp\" address = \"127.0.0.1\" port = 21390 trust_authserv = \"mx\" }\n"
		"listen b { protocol = \"submission\" address = \"127.0.0.1\" port = 21391 }\n"
		"listen c { protocol = \"lmtp\" address = \"127.0.0.1\" port = 21392 trust_authserv = \"mx\" }\n"
		"limits { message_size = 20000 posts_per_minute = 0 connections_per_address = 100000 }\n";
	const char *path = test_tmpfile("conf");
	struct forum_options o = { .domain = "forum.test", .map_size = 1 << 28, .no_sync = true };
	struct fail f = { 0 };
	FILE *file = fopen(path, "w");

	unsigned char first[32];

	signal(SIGPIPE, SIG_IGN);
	/* libcrypto begins on this thread: it forgets a little of a thread it begins on that ends */
	digest_sha256(SLICE("x"), first);
	log_set_sink(quiet);
	if (!file || fwrite(text, 1, sizeof text - 1, file) != sizeof text - 1 || fclose(file))
		bail("cannot write %s", path);
	if (config_load(path, &config, &f) < 0 || forum_open(test_tmpfile("data"), &o, &forum, &f) < 0)
		bail("%s", f.text);
	config_set_current(config);
	fill();
	writer = writer_start(forum);
	password_pool_start(1);
	session_register(LISTEN_SMTP, &smtp_ops);
	session_register(LISTEN_SUBMISSION, &smtp_ops);
	session_register(LISTEN_LMTP, &smtp_ops);
	if (workers_start(1, forum) < 0)
		bail("no workers");
}

static void end(void) {
	workers_stop();
	password_pool_stop();
	writer_stop(&writer);
	forum_close(&forum);
	config_set_current(NULL);
	config_unref(&config);
}

static void check_answers(struct slice out) {
	struct slice line;

	if (out.n && !slice_ends(out, SLICE("\r\n")))
		bug("answers end in the middle of a line");
	while (slice_line(&out, &line)) {
		bool good = line.n >= 4 && text_digit(line.p[0]) && text_digit(line.p[1]) && text_digit(line.p[2])
			&& (line.p[3] == ' ' || line.p[3] == '-');

		for (size_t i = 0; i < line.n; i++)
			good = good && line.p[i] != '\r' && line.p[i] != '\0';
		texts += slice_starts(line, SLICE("354"));
		stored += slice_starts(line, SLICE("250 2.0.0 posted")) || slice_starts(line, SLICE("250 2.0.0 queued"));
		if (!good)
			bug("no answer: %.*s", SLICE_ARG(line));
	}
}

/* sends and reads at the same time, so that neither side waits for the other */
static void talk(int fd, struct slice in, struct buf *out) {
	for (;;) {
		struct pollfd p = { fd, (short)(POLLIN | (in.n ? POLLOUT : 0)), 0 };
		ssize_t n;

		if (poll(&p, 1, 20000) <= 0)
			bug("the session hangs");
		if (p.revents & POLLOUT) {
			n = send(fd, in.p, in.n, MSG_NOSIGNAL);
			in = n < 0 ? slice_of("", 0) : slice_from(in, (size_t)n);
			if (!in.n)
				shutdown(fd, SHUT_WR);
		}
		if (p.revents & (POLLIN | POLLHUP | POLLERR)) {
			n = recv(fd, buf_reserve(out, 4096), 4096, 0);
			if (n <= 0)
				return;
			buf_commit(out, (size_t)n);
		}
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct addr peer = { .n = sizeof(sa_family_t) };
	struct slice in = slice_of(data, size);
	struct buf out = { 0 };
	int pair[2];

	if (!forum) {
		begin();
		atexit(end);
	}
	if (!size || socketpair(AF_UNIX, SOCK_STREAM, 0, pair))
		return 0;
	peer.ss.ss_family = AF_UNIX;
	workers_accept(pair[1], &peer, &config->listen[data[0] % 3], config);
	in = slice_from(in, 1);
	if (in.n)
		talk(pair[0], in, &out);
	close(pair[0]);
	check_answers(buf_slice(&out));
	buf_free(&out);
	return 0;
}

#ifndef FUZZ_LIBFUZZER
#define MAIL "From: alice@example.org\r\nSubject: s\r\nMessage-ID: <a@b>\r\n\r\ntext\r\n"
static const char *const seeds[] = {
	"0EHLO x\r\nMAIL FROM:<alice@example.org> SIZE=100 BODY=8BITMIME\r\nRCPT "
		"TO:<test.pub@forum.test>\r\nDATA\r\n" MAIL ".\r\nQUIT\r\n",
	"0EHLO x\r\nMAIL FROM:<>\r\nRCPT TO:<bounce-aaaaaaaa@forum.test>\r\nRSET\r\nVRFY a\r\nHELP\r\nNOOP\r\nEXPN "
		"x\r\nSTARTTLS\r\nQUIT\r\n",
	"0HELO x\r\nMAIL FROM:<a@b.example>\r\nRCPT TO:<test.priv@forum.test>\r\nRCPT "
		"TO:<test.pub-reply-aaaaaaaa@forum.test>\r\nBDAT 10\r\n0123456789BDAT 0 LAST\r\n",
	"1EHLO x\r\nAUTH PLAIN\r\n*\r\nAUTH LOGIN\r\nYQ==\r\n*\r\nMAIL FROM:<a@b.example>\r\nAUTH CRAM-MD5\r\n",
	"2LHLO x\r\nMAIL FROM:<alice@example.org>\r\nRCPT TO:<test.pub@forum.test>\r\nRCPT "
		"TO:<test.pub-subscribe@forum.test>\r\nDATA\r\n"
	"Authentication-Results: mx; dmarc=pass header.from=example.org\r\n" MAIL "..\r\n.\r\nRSET\r\nQUIT\r\n",
	"2LHLO x\r\nMAIL FROM:<alice@example.org>\r\nRCPT TO:<test.pub@forum.test>\r\nBDAT 66 LAST\r\n" MAIL "QUIT\r\n",
};

static uint64_t next_random(uint64_t *s) {
	*s ^= *s << 13;
	*s ^= *s >> 7;
	*s ^= *s << 17;
	return *s;
}

/* a few of: an octet changed, a piece removed, doubled, or moved, a line end broken */
static void mutate(struct slice seed, uint64_t *rnd, struct buf *out) {
	static const char *const bits[] = { "\r\n", "\n", "\r", ".\r\n", "\r\n.\r\n", "\0", "<>", "\"", "\377", "@",
		"RSET\r\n", "DATA\r\n", "BDAT 3 LAST\r\n" };

	buf_reset(out);
	buf_add_slice(out, seed);
	for (unsigned k = (unsigned)(next_random(rnd) % 4) + 1; k && buf_len(out); k--) {
		size_t at = next_random(rnd) % buf_len(out), n = next_random(rnd) % 20;
		struct buf b = { 0 };
		struct slice s = buf_slice(out);
		const char *bit = bits[next_random(rnd) % (sizeof bits / sizeof bits[0])];

		buf_add_slice(&b, slice_to(s, at));
		switch (next_random(rnd) % 4) {
		case 0: buf_addc(&b, (char)next_random(rnd)); break;
		case 1: buf_add(&b, bit, *bit ? strlen(bit) : 1); n = 0; break;
		case 2: buf_add_slice(&b, slice_sub(s, at, n)); n = 0; break;
		default: break;
		}
		buf_add_slice(&b, slice_from(s, at + n));
		buf_free(out);
		*out = b;
	}
}

static void run_mutations(struct slice seed, unsigned n, uint64_t number) {
	uint64_t rnd = number * 0x9e3779b97f4a7c15u + 1;
	struct buf b = { 0 };

	LLVMFuzzerTestOneInput((const uint8_t *)seed.p, seed.n);
	while (n--) {
		mutate(seed, &rnd, &b);
		LLVMFuzzerTestOneInput((const uint8_t *)buf_bytes(&b), buf_len(&b));
	}
	buf_free(&b);
}

int main(int argc, char **argv) {
	unsigned count = sizeof seeds / sizeof seeds[0], each = 0, first = 1;
	uint64_t number = 1;

	if (argc == 1) {
		for (unsigned i = 0; i < count; i++) {
			run_mutations(slice_str(seeds[i]), 66, i + 1);
			ok(true, "seed %u and its mutations", i);
		}
		ok(texts > 30 && stored > 3, "%u texts were taken, %u stored", texts, stored);
		return done();
	}
	if (argc == 3 && atoi(argv[1]) > 0) {
		for (unsigned i = 0; i < count; i++)
			run_mutations(slice_str(seeds[i]), (unsigned)atoi(argv[1]), strtoull(argv[2], NULL, 10) * count + i);
		return 0;
	}
	if (argc > 4 && !strcmp(argv[1], "--mutate")) {
		each = (unsigned)atoi(argv[2]);
		number = strtoull(argv[3], NULL, 10);
		first = 4;
	}
	for (int i = (int)first; i < argc; i++) {
		struct buf b = { 0 };

		test_read_file(argv[i], &b);
		run_mutations(buf_slice(&b), each, number + (uint64_t)i);
		buf_free(&b);
	}
	return 0;
}
#endif
