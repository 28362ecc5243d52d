/* forumctl_doctor.c - doctor: one line for each thing looked at: "ok", "red" with what to do, "??" where it cannot be
 * looked at. It asks the daemon for facts (probe) by calling this program again, tries listeners, smarthost and DNS
 * itself, and sends one mail round the whole loop. */
#include <errno.h>
#include <netdb.h>
#include <resolv.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include "forumd/base/num.h"
#include "forumd/mail/dkim.h"
#include "gateways/ctl/forumctl.h"

#define ROUND_SECONDS 30
#define FREE_MIN (1ull << 30)
#define QUEUE_OLD 7200

static unsigned reds;

static void say(const char *sign, const char *fmt, va_list ap) {
	printf("%-4s ", sign);
	vprintf(fmt, ap);
	putchar('\n');
	fflush(stdout);
}
#define SAY(name, sign, extra) \
	static void name(const char *fmt, ...) __attribute__((format(printf, 1, 2))); \
	static void name(const char *fmt, ...) { va_list ap; va_start(ap, fmt); say(sign, fmt, ap); va_end(ap); extra; }
SAY(good, "ok", )
SAY(red, "red", reds++)
SAY(unknown, "??", )

/* output of "forumctl -s SOCK args..."; false when it failed */
static bool ask(const char *sock, const char *const *args, struct buf *out) {
	const char *argv[12] = { "forumctl", "-s", sock };
	int fd[2], status = 1, n = 3;
	char chunk[4096];
	ssize_t got;
	pid_t pid;

	while (*args && n < 11)
		argv[n++] = *args++;
	if (pipe(fd) < 0 || (pid = fork()) < 0)
		return false;
	if (pid == 0) {
		dup2(fd[1], 1);
		execv("/proc/self/exe", (char **)(uintptr_t)argv);
		_exit(127);
	}
	close(fd[1]);
	while ((got = read(fd[0], chunk, sizeof chunk)) > 0)
		buf_add(out, chunk, (size_t)got);
	close(fd[0]);
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* the n-th field (from 1) of the line that begins with key */
static bool fact(struct slice facts, const char *key, unsigned n, char *out, size_t size) {
	struct slice line, word;

	while (slice_line(&facts, &line)) {
		if (!slice_split(&line, '\t', &word) || !slice_is(word, key))
			continue;
		word = SLICE("");
		while (n-- && slice_split(&line, '\t', &word))
			;
		return slice_cstr(word, out, size);
	}
	*out = 0;
	return false;
}

/* connects and reads a first line; why says what went wrong */
static bool reach(const char *host, const char *port, const char *path, bool greets, char *why, size_t size) {
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM }, *all = NULL, *a;
	struct sockaddr_un un = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 5 };
	char line[200];
	int fd = -1, e;

	if (*path) {
		snprintf(un.sun_path, sizeof un.sun_path, "%s", path);
		fd = socket(AF_UNIX, SOCK_STREAM, 0);
		e = fd < 0 || connect(fd, (struct sockaddr *)&un, sizeof un) ? errno : 0;
	} else if ((e = getaddrinfo(host, port, &hints, &all))) {
		snprintf(why, size, "%s", gai_strerror(e));
		return false;
	}
	for (a = all; a; a = a->ai_next) {
		fd = socket(a->ai_family, SOCK_STREAM, 0);
		setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
		e = connect(fd, a->ai_addr, a->ai_addrlen) ? errno : 0;
		if (!e)
			break;
		close(fd);
		fd = -1;
	}
	if (all)
		freeaddrinfo(all);
	if (!e && greets) {
		setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
		e = read(fd, line, sizeof line) > 0 ? 0 : ETIMEDOUT;
	}
	if (fd >= 0)
		close(fd);
	snprintf(why, size, "%s", strerror(e));
	return !e;
}

static void look_listeners(struct slice facts) {
	struct slice line, key, f[5];
	unsigned n = 0;

	while (slice_line(&facts, &line)) {
		char name[64], protocol[20], host[80], port[8], path[108], why[100];

		if (!slice_split(&line, '\t', &key) || !slice_is(key, "listen"))
			continue;
		memset(f, 0, sizeof f);
		for (int i = 0; i < 5; i++)
			if (!slice_split(&line, '\t', &f[i]))
				f[i] = SLICE("");
		slice_cstr(f[0], name, sizeof name);
		slice_cstr(f[1], protocol, sizeof protocol);
		slice_cstr(slice_is(f[2], "*") ? SLICE("127.0.0.1") : f[2], host, sizeof host);
		slice_cstr(f[3], port, sizeof port);
		slice_cstr(f[4], path, sizeof path);
		bool quiet = slice_ends(f[1], SLICE("s")) ||
			slice_starts(f[1], SLICE("http")); /* TLS first, or the client speaks first */
		n++;
		if (reach(host, port, path, !quiet, why, sizeof why))
			good("listener %s answers (%s)", name, protocol);
		else
			red("listener %s (%s) does not answer: %s; restart forumd and look at its log", name, protocol, why);
	}
	if (!n)
		red("no listener is configured: add listen sections to the configuration");
}

/* who says who sent a mail: we (check_sender) or the server in front (trust_authserv) */
static void look_sender_check(struct slice facts) {
	struct slice line, key, f[6];

	while (slice_line(&facts, &line)) {
		if (!slice_split(&line, '\t', &key) || !slice_is(key, "listen"))
			continue;
		for (int i = 0; i < 6; i++)
			if (!slice_split(&line, '\t', &f[i]))
				f[i] = SLICE("");
		if (!slice_is(f[1], "smtp") && !slice_is(f[1], "lmtp"))
			continue;
		if (slice_is(f[5], "check"))
			good("senders are checked at listener %.*s (SPF, DKIM, DMARC)", SLICE_ARG(f[0]));
		else if (f[5].n)
			good("senders are checked by %.*s in front of listener %.*s", SLICE_ARG(f[5]), SLICE_ARG(f[0]));
		else
			unknown("nobody checks senders at listener %.*s, so members' mails to a group wait there: set %s",
				SLICE_ARG(f[0]),
				slice_is(f[1], "smtp") ? "check_sender = yes" : "trust_authserv to the name of the server in front");
	}
}

static void look_certificate(struct slice facts) {
	char file[1024];
	FILE *in;
	X509 *x;
	int days = 0, seconds = 0;

	if (!fact(facts, "certificate", 1, file, sizeof file) || !*file) {
		red("no certificate: passwords are taken on this machine only; add tls { certificate key }");
		return;
	}
	in = fopen(file, "re");
	x = in ? PEM_read_X509(in, NULL, NULL, NULL) : NULL;
	if (in)
		fclose(in);
	if (!x || !ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)))
		unknown("certificate %s cannot be read by this user", file);
	else if (days < 0 || seconds < 0)
		red("certificate %s has expired: renew it, then kill -HUP", file);
	else if (days < 14)
		red("certificate %s ends in %d days: renew it, then kill -HUP", file, days);
	else
		good("certificate ends in %d days", days);
	X509_free(x);
}

static void look_store(struct slice facts) {
	char text[1024], age[32];
	uint64_t n = 0, old = 0;

	fact(facts, "free", 1, text, sizeof text);
	num_parse_u64(slice_str(text), &n);
	if (n < FREE_MIN)
		red("%llu MB free on the store's disk: make room, posts are refused when it is full",
			(unsigned long long)(n >> 20));
	else
		good("%llu MB free on the store's disk", (unsigned long long)(n >> 20));
	fact(facts, "queue", 1, text, sizeof text);
	fact(facts, "queue", 2, age, sizeof age);
	num_parse_u64(slice_str(text), &n);
	num_parse_u64(slice_str(age), &old);
	if (n && old > QUEUE_OLD)
		red("%llu mails wait, the oldest for %llu minutes: forumctl mailq says why", (unsigned long long)n,
			(unsigned long long)old / 60);
	else
		good("%llu mails wait to be sent", (unsigned long long)n);
}

static bool look_smarthost(struct slice facts) {
	char transport[1024], why[100] = "";
	char *host, *port;

	fact(facts, "transport", 1, transport, sizeof transport);
	if (strncmp(transport, "smtp://", 7) != 0) {
		red("%s: no mail leaves this machine; set outgoing { transport = \"smtp://HOST:PORT\" }",
			*transport ? transport : "no transport");
		return *transport != 0;
	}
	host = transport + 7;
	port = strrchr(host, ':');
	if (port)
		*port++ = 0;
	if (*host == '[' && host[strlen(host) - 1] == ']')
		host[strlen(host) - 1] = 0, host++;
	if (!reach(host, port ? port : "25", "", true, why, sizeof why)) {
		red("mail server %s port %s does not answer (%s): is it running, is the address right?", host,
			port ? port : "25", why);
		return false;
	}
	good("mail server %s port %s answers", host, port ? port : "25");
	return true;
}

/* 1 found, 0 not there, -1 nobody to ask; needle empty: any record */
static int dns_has(const char *name, int type, const char *needle) {
	unsigned char answer[4096];
	struct slice s;
	int n = res_query(name, 1, type, answer, sizeof answer);

	if (n < 0)
		return h_errno == HOST_NOT_FOUND || h_errno == NO_DATA ? 0 : -1;
	s = slice_of(answer, (size_t)n < sizeof answer ? (size_t)n : sizeof answer);
	return !*needle || slice_find(s, slice_str(needle)) >= 0;
}

static void look_record(const char *what, const char *name, int type, const char *needle) {
	int r = dns_has(name, type, needle);

	if (r > 0)
		good("DNS: %s of %s", what, name);
	else if (r == 0)
		red("DNS: no %s at %s: see dns.txt beside the configuration (forumctl init)", what, name);
	else
		unknown("DNS: %s of %s cannot be looked up: no name server answers", what, name);
}

/* the public half of this key, not just any; false: there is none */
static bool look_key(struct slice facts, const char *fact_name, const char *domain) {
	char name[400], key_file[1024], selector[100], needle[40] = "p=";
	struct buf record = { 0 };
	struct dkim_key *key = NULL;
	struct fail f = { 0 };

	fact(facts, fact_name, 1, key_file, sizeof key_file);
	fact(facts, fact_name, 2, selector, sizeof selector);
	if (!*key_file)
		return false;
	if (dkim_key_load(key_file, &key, &f) > 0 && dkim_dns_record(key, &record) > 0) {
		ptrdiff_t p = slice_find(buf_slice(&record), SLICE("p="));

		slice_cstr(slice_sub(buf_slice(&record), (size_t)p, 30), needle, sizeof needle);
	}
	snprintf(name, sizeof name, "%s._domainkey.%s", selector, domain);
	look_record("DKIM key", name, 16, needle);
	dkim_key_free(&key);
	buf_free(&record);
	return true;
}

static void look_dns(struct slice facts) {
	char domain[256], name[400];

	fact(facts, "domain", 1, domain, sizeof domain);
	look_record("MX record", domain, 15, "");
	look_record("SPF record", domain, 16, "v=spf1");
	snprintf(name, sizeof name, "_dmarc.%s", domain);
	look_record("DMARC record", name, 16, "v=DMARC1");
	if (!look_key(facts, "dkim", domain))
		red("mail is not signed: set outgoing { dkim_key } (forumctl init makes a key)");
	look_key(facts, "dkim2", domain);
}

static void look_round(const char *sock) {
	struct buf b = { 0 };
	char id[300];

	if (!ask(sock, (const char *[]){ "probe", "--mail", NULL }, &b) ||
		!fact(buf_slice(&b), "message-id", 1, id, sizeof id)) {
		red("no mail can be queued: look at the daemon's log");
		buf_free(&b);
		return;
	}
	for (int i = 0; i < ROUND_SECONDS * 2; i++) {
		buf_reset(&b);
		usleep(500000);
		if (ask(sock, (const char *[]){ "trace", id, NULL }, &b) &&
			slice_find(buf_slice(&b), SLICE("bounce of queue item 0")) >= 0) {
			good("a mail went round the loop in %d s", (i + 1) / 2);
			buf_free(&b);
			return;
		}
	}
	red("a mail did not come back in %d s: does the mail server hand @DOMAIN to our lmtp or smtp listener? (forumctl mailq; its log: %s)",
		ROUND_SECONDS, id);
	buf_free(&b);
}

int forumctl_doctor(const char *sock) {
	struct buf b = { 0 };
	struct slice facts;
	char text[1024];

	if (!ask(sock, (const char *[]){ "probe", NULL }, &b)) {
		red("forumd does not answer at %s: start it, or name the right configuration with -c", sock);
		buf_free(&b);
		return 1;
	}
	facts = buf_slice(&b);
	fact(facts, "config", 1, text, sizeof text);
	good("forumd runs with %s", text);
	look_listeners(facts);
	look_sender_check(facts);
	look_certificate(facts);
	look_store(facts);
	if (look_smarthost(facts) && fact(facts, "transport", 1, text, sizeof text) && strncmp(text, "smtp://", 7) == 0)
		look_round(sock);
	look_dns(facts);
	fact(facts, "http", 1, text, sizeof text);
	if (*text)
		good("one-click unsubscribe under %s", text);
	else
		red("no one-click unsubscribe: add an http(s) listener and http { url }; big receivers want it (RFC 8058)");
	buf_free(&b);
	return reds ? 1 : 0;
}
