/* perf.c - a small load generator for one row of the benchmark at a time. Prints one line: row, rate, unit, p50, p99.
 *
 *   perf PORT ROW KEY=VALUE...
 *   rows: over hdr listgroup list newnews article post connect (NNTP)
 *         select status envelope flags bodystructure body search thread sort iconnect append notify (IMAP)
 *         deliver (LMTP)  idle
 *   keys: group= expect= conns=1 depth=1 seconds=2 user= pass= rcpt= from= protocol=nntp|imap (idle) word= (search)
 *         authserv= (deliver: a front MTA's verdict goes with each mail)  quickack=1 (acknowledge what comes at once)
 *         replies=1 (each post answers an earlier one: threads grow deep)
 *         tls=1 (from the first octet)  compress=1 (COMPRESS DEFLATE, after login)
 *         pid= (the server: CPU time for each unit is said too)
 *
 * Answers are checked (codes, counts, terminators); a wrong one ends the run with an error, so that no rate is printed
 * for a server that answers nonsense. */
#include <arpa/inet.h>
#include <errno.h>
#include <openssl/ssl.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>
#include <isa-l.h>
#include <zlib.h>

static int argn;
static char **args;

static const char *key(const char *name, const char *otherwise)
{
	size_t n = strlen(name);
	for (int i = 3; i < argn; i++)
		if (strncmp(args[i], name, n) == 0 && args[i][n] == '=')
			return args[i] + n + 1;
	return otherwise;
}

static long number(const char *name, long otherwise)
{
	const char *v = key(name, NULL);
	return v ? atol(v) : otherwise;
}

static void die(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
static void die(const char *fmt, ...)
{
	va_list ap;
	va_start(ap, fmt);
	fputs("perf: ", stderr);
	vfprintf(stderr, fmt, ap);
	fputc('\n', stderr);
	va_end(ap);
	exit(1);
}

static double now(void)
{
	struct timespec t;
	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* ---- a connection --------------------------------------------------------------------------------- */

struct peer { int fd; char *in; size_t from, to, size; long n, waiting; double sent; int step;
	SSL *ssl; struct inflate_state *inflate; z_stream *deflate; unsigned char *raw; int more; };   /* more: inflated, not yet taken */

static struct peer *dial(void)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(args[1])), .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct peer *p = calloc(1, sizeof *p);
	int one = 1;
	p->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (p->fd < 0 || connect(p->fd, (struct sockaddr *)&a, sizeof a) < 0)
		die("connect: %s", strerror(errno));
	setsockopt(p->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
	if (number("tls", 0)) {
		static SSL_CTX *ctx;
		if (!ctx)
			ctx = SSL_CTX_new(TLS_client_method());
		p->ssl = SSL_new(ctx);
		SSL_set_fd(p->ssl, p->fd);
		if (SSL_connect(p->ssl) != 1)
			die("no TLS");
	}
	return p;
}

static void hang_up(struct peer *p)
{
	SSL_free(p->ssl);
	close(p->fd);
	if (p->inflate) {
		deflateEnd(p->deflate);
		free(p->inflate);
		free(p->deflate);
		free(p->raw);
	}
	free(p->in);
	free(p);
}

static void put_wire(struct peer *p, const char *s, size_t n)
{
	while (n) {
		ssize_t r = p->ssl ? SSL_write(p->ssl, s, (int)n) : write(p->fd, s, n);
		if (r <= 0)
			die("write: %s", strerror(errno));
		s += r;
		n -= (size_t)r;
	}
}

static void put(struct peer *p, const char *s, size_t n)
{
	unsigned char b[4096];
	if (!p->deflate) {
		put_wire(p, s, n);
		return;
	}
	p->deflate->next_in = (Bytef *)(uintptr_t)s;
	p->deflate->avail_in = (uInt)n;
	do {
		p->deflate->next_out = b;
		p->deflate->avail_out = sizeof b;
		deflate(p->deflate, Z_SYNC_FLUSH);
		put_wire(p, (char *)b, sizeof b - p->deflate->avail_out);
	} while (!p->deflate->avail_out);
}

static void say(struct peer *p, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct peer *p, const char *fmt, ...)
{
	char b[2048];
	va_list ap;
	va_start(ap, fmt);
	int n = vsnprintf(b, sizeof b, fmt, ap);
	va_end(ap);
	put(p, b, (size_t)n);
}

enum { WIRE = 65536 };

static size_t get_wire(struct peer *p, char *b, size_t n)
{
	ssize_t r = p->ssl ? SSL_read(p->ssl, b, (int)n) : read(p->fd, b, n);
	if (r <= 0)
		die("the server closed the connection");
	if (number("quickack", 0)) {
		int one = 1;
		setsockopt(p->fd, IPPROTO_TCP, TCP_QUICKACK, &one, sizeof one);
	}
	return (size_t)r;
}

/* more input; the server closing is an error */
static void fill(struct peer *p)
{
	if (p->from == p->to)
		p->from = p->to = 0;
	if (p->size - p->to < 262144) {
		memmove(p->in, p->in + p->from, p->to - p->from);
		p->to -= p->from;
		p->from = 0;
		if (p->size - p->to < 262144)
			p->in = realloc(p->in, p->size = p->size * 2 + 524288);
	}
	if (!p->inflate)
		p->to += get_wire(p, p->in + p->to, p->size - p->to);
	for (size_t before = p->to; p->inflate && p->to == before;) {
		if (!p->inflate->avail_in && !p->more) {
			p->inflate->avail_in = (uint32_t)get_wire(p, (char *)p->raw, WIRE);
			p->inflate->next_in = p->raw;
		}
		p->inflate->next_out = (uint8_t *)p->in + p->to;
		p->inflate->avail_out = (uint32_t)(p->size - p->to);
		if (isal_inflate(p->inflate) < 0)
			die("broken deflate");
		p->more = !p->inflate->avail_out;
		p->to = p->size - p->inflate->avail_out;
	}
}

/* what is here already, without asking the kernel */
static int waiting(struct peer *p)
{
	return (p->ssl && SSL_pending(p->ssl)) || (p->inflate && (p->inflate->avail_in || p->more));
}

/* one line, without its end; lives until the next call */
static char *line(struct peer *p)
{
	for (;;) {
		char *s = p->in + p->from, *e = p->to > p->from ? memchr(s, '\n', p->to - p->from) : NULL;
		if (e) {
			p->from += (size_t)(e - s) + 1;
			*e = 0;
			if (e > s && e[-1] == '\r')
				e[-1] = 0;
			return s;
		}
		fill(p);
	}
}

static void want(struct peer *p, const char *code)
{
	char *l = line(p);
	if (strncmp(l, code, strlen(code)) != 0)
		die("wanted %s, got %.200s", code, l);
}

/* lines up to the dot; how many */
static long text(struct peer *p)
{
	for (long n = 0;; n++) {
		char *l = line(p);
		if (l[0] == '.' && !l[1])
			return n;
	}
}

static void skip(struct peer *p, size_t n)
{
	while (n) {
		size_t have = p->to - p->from, take = have < n ? have : n;
		p->from += take;
		n -= take;
		if (n)
			fill(p);
	}
}

/* untagged answers until the tag; FETCH answers counted, literals skipped */
static long tagged(struct peer *p, const char *tag)
{
	long n = 0;
	for (;;) {
		char *l = line(p);
		size_t k = strlen(l);
		if (strncmp(l, tag, strlen(tag)) == 0) {
			if (strncmp(l + strlen(tag) + 1, "OK", 2) != 0)
				die("%.200s", l);
			return n;
		}
		if (l[0] == '*' && strstr(l, " FETCH "))
			n++;
		if (k && l[k - 1] == '}') {
			char *open = strrchr(l, '{');
			size_t literal = open ? (size_t)atol(open + 1) : 0;
			skip(p, literal);
		}
	}
}

static void begin_deflate(struct peer *p)
{
	p->inflate = calloc(1, sizeof *p->inflate);
	p->deflate = calloc(1, sizeof *p->deflate);
	p->raw = malloc(WIRE);
	/* ISA-L's, a third cheaper than zlib's for such short blocks: the figure shall tell of the server */
	isal_inflate_init(p->inflate);
	if (deflateInit2(p->deflate, 1, Z_DEFLATED, -15, 8, 0) != Z_OK)
		die("zlib");
}

static struct peer *nntp_open(void)
{
	struct peer *p = dial();
	want(p, "20");
	if (key("user", NULL)) {
		say(p, "AUTHINFO USER %s\r\nAUTHINFO PASS %s\r\n", key("user", ""), key("pass", ""));
		want(p, "381");
		want(p, "281");
	}
	if (number("compress", 0)) {
		say(p, "COMPRESS DEFLATE\r\n");
		want(p, "206");
		begin_deflate(p);
	}
	return p;
}

static struct peer *imap_open(void)
{
	struct peer *p = dial();
	want(p, "* OK");
	say(p, "a LOGIN %s %s\r\n", key("user", ""), key("pass", ""));
	tagged(p, "a");
	if (number("compress", 0)) {
		say(p, "z COMPRESS DEFLATE\r\n");
		tagged(p, "z");
		begin_deflate(p);
	}
	return p;
}

/* ---- results -------------------------------------------------------------------------------------- */

static double *times;
static size_t ntimes;

static void note_time(double t)
{
	if ((ntimes & (ntimes - 1)) == 0)
		times = realloc(times, (ntimes ? ntimes * 2 : 1) * sizeof *times);
	times[ntimes++] = t;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;
	return x < y ? -1 : x > y;
}

/* seconds of CPU the server has used, all threads */
static double server_cpu(void)
{
	char path[64], b[1024], *s;
	unsigned long user = 0, kernel = 0;
	snprintf(path, sizeof path, "/proc/%s/stat", key("pid", "none"));
	FILE *f = fopen(path, "r");
	if (!f)
		return 0;
	b[fread(b, 1, sizeof b - 1, f)] = 0;
	fclose(f);
	if ((s = strrchr(b, ')')))
		sscanf(s + 2, "%*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &kernel);
	return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static double cpu_began;
static void report(double units, double seconds, const char *unit)
{
	qsort(times, ntimes, sizeof *times, by_value);
	double p50 = ntimes ? times[ntimes / 2] : 0, p99 = ntimes ? times[ntimes * 99 / 100] : 0;
	printf("%-14s %12.0f %s/s   p50 %8.3f ms   p99 %8.3f ms", args[2], units / seconds, unit, p50 * 1e3, p99 * 1e3);
	if (key("pid", NULL) && units)
		printf("   server CPU %.3f us", (server_cpu() - cpu_began) / units * 1e6);
	putchar('\n');
}

/* ---- rows ----------------------------------------------------------------------------------------- */

static double seconds(void)
{
	return (double)number("seconds", 2);
}

/* the same request again and again on one connection */
static void repeat(struct peer *p, long (*once)(struct peer *), const char *unit)
{
	double began = now(), units = 0;
	cpu_began = server_cpu();
	while (now() - began < seconds()) {
		double t = now();
		units += (double)once(p);
		note_time(now() - t);
	}
	report(units, now() - began, unit);
}

static void expect(long got)
{
	if (number("expect", got) != got)
		die("%ld answers where %ld were expected", got, number("expect", 0));
}

static long once_over(struct peer *p)
{
	say(p, "OVER 1-\r\n");
	want(p, "224");
	long n = text(p);
	expect(n);
	return n;
}

static const char *command;
static long once_lines(struct peer *p)
{
	say(p, "%s\r\n", command);
	want(p, "2");
	long n = text(p);
	expect(n);
	return n;
}

static void row_lines(const char *first, const char *then)
{
	struct peer *p = nntp_open();
	if (first) {
		say(p, "GROUP %s\r\n", first);
		want(p, "211");
	}
	command = then;
	repeat(p, once_lines, "lines");
	hang_up(p);
}

static long once_status(struct peer *p)
{
	say(p, "b STATUS %s (MESSAGES UIDNEXT UNSEEN)\r\n", key("group", ""));
	tagged(p, "b");
	return 1;
}

/* an untagged line with `head`, how many numbers it has */
static long once_numbers(struct peer *p)
{
	long n = 0;
	say(p, "d %s\r\n", command);
	for (char *l; (l = line(p))[0] == '*';)
		for (int digits = 0; *l; l++) {
			n += *l >= '0' && *l <= '9' && !digits;
			digits = *l >= '0' && *l <= '9';
		}
	expect(n);
	return n;
}

static long once_select(struct peer *p)
{
	say(p, "b SELECT %s\r\n", key("group", ""));
	tagged(p, "b");
	return 1;
}

static const char *fetch_items;
static long once_fetch(struct peer *p)
{
	say(p, "c FETCH 1:* (%s)\r\n", fetch_items);
	long n = tagged(p, "c");
	expect(n);
	return n;
}

static void row_fetch(const char *items)
{
	struct peer *p = imap_open();
	fetch_items = items;
	once_select(p);
	repeat(p, once_fetch, "messages");
	hang_up(p);
}

static void row_numbers(const char *fmt, const char *word, const char *unit)
{
	static char b[512];
	struct peer *p = imap_open();
	snprintf(b, sizeof b, fmt, word);
	command = b;
	once_select(p);
	repeat(p, once_numbers, unit);
	hang_up(p);
}

/* many connections, each with one article on its way */
static void row_article_many(long conns)
{
	struct peer **v = calloc((size_t)conns, sizeof *v);
	struct pollfd *polls = calloc((size_t)conns, sizeof *polls);
	long low = 1, high = 1, done = 0, at = 0;
	for (long i = 0; i < conns; i++) {
		v[i] = nntp_open();
		say(v[i], "GROUP %s\r\n", key("group", ""));
		if (sscanf(line(v[i]), "211 %*d %ld %ld", &low, &high) != 2 || high < low)
			die("GROUP");
		polls[i] = (struct pollfd){ .fd = v[i]->fd, .events = POLLIN };
	}
	double began = now();
	cpu_began = server_cpu();
	for (long i = 0; i < conns; i++) {
		v[i]->sent = now();
		say(v[i], "ARTICLE %ld\r\n", low + at++ % (high - low + 1));
	}
	while (now() - began < seconds()) {
		poll(polls, (nfds_t)conns, 1000);
		for (long i = 0; i < conns; i++) {
			struct peer *p = v[i];
			if (!(polls[i].revents & POLLIN))
				continue;
			do
				fill(p);
			while (waiting(p));
			size_t n = p->to - p->from;
			char *s = p->in + p->from;
			if (n < 5 || memcmp(s, "220", 3) != 0 || memcmp(s + n - 5, "\r\n.\r\n", 5) != 0)
				continue;
			p->from = p->to;
			done++;
			note_time(now() - p->sent);
			p->sent = now();
			say(p, "ARTICLE %ld\r\n", low + at++ % (high - low + 1));
		}
	}
	report((double)done, now() - began, "articles");
}

static void row_article(void)
{
	if (number("conns", 1) > 1) {
		row_article_many(number("conns", 1));
		return;
	}
	struct peer *p = nntp_open();
	long depth = number("depth", 50), low, high, at, n = 0;
	say(p, "GROUP %s\r\n", key("group", ""));
	if (sscanf(line(p), "211 %*d %ld %ld", &low, &high) != 2 || high < low)
		die("GROUP");
	at = low;
	double began = now();
	cpu_began = server_cpu();
	while (now() - began < seconds()) {
		double t = now();
		char b[8192];
		size_t k = 0;
		for (long i = 0; i < depth; i++) {
			k += (size_t)snprintf(b + k, sizeof b - k, "ARTICLE %ld\r\n", at + i > high ? low + (at + i - high - 1) % (high - low + 1) : at + i);
			if (k > sizeof b - 64 || i == depth - 1) {
				put(p, b, k);
				k = 0;
			}
		}
		for (long i = 0; i < depth; i++) {
			char *l = line(p);
			if (strncmp(l, "220", 3) == 0)
				text(p);
			else if (strncmp(l, "423", 3) != 0)
				die("ARTICLE: %.200s", l);
		}
		note_time((now() - t) / (double)depth);
		n += depth;
		at = at + depth > high ? low : at + depth;
	}
	report((double)n, now() - began, "articles");
	hang_up(p);
}

static long serial;
static int compose(char *b, size_t size, const char *from, const char *group)
{
	static time_t run;
	char date[64], verdict[256] = "", answers[128] = "";
	time_t t = time(NULL);
	long above = serial - 2 * number("conns", 1);    /* each connection has one on its way: that one is there */
	if (!run)
		run = t;
	strftime(date, sizeof date, "%a, %d %b %Y %H:%M:%S +0000", gmtime(&t));
	if (key("authserv", NULL))
		snprintf(verdict, sizeof verdict, "Authentication-Results: %s; dmarc=pass header.from=%s\r\n", key("authserv", ""),
			strchr(from, '@') ? strchr(from, '@') + 1 : from);
	if (number("replies", 0) && above >= 0)
		snprintf(answers, sizeof answers, "References: <perf.%ld.%ld.%ld@perf.example>\r\n", (long)run, (long)getpid(), above);
	int n = snprintf(b, size, "%sFrom: %s\r\nNewsgroups: %s\r\nSubject: %sload %ld\r\n%sMessage-ID: <perf.%ld.%ld.%ld@perf.example>\r\n"
		"Date: %s\r\nContent-Type: text/plain\r\n\r\n", verdict, from, group, *answers ? "Re: " : "", serial, answers, (long)run,
		(long)getpid(), serial, date);
	serial++;
	for (long lines = 12 + serial % 30; lines > 0; lines--)
		n += snprintf(b + n, size - (size_t)n, "line %ld of message %ld: words that a reader would read %ld\r\n", lines, serial, serial * lines);
	n += snprintf(b + n, size - (size_t)n, ".\r\n");
	return n;
}

enum door { NEWS, LMTP, APPEND };

/* many connections, each with one message on its way; `step` says what comes next */
static void post_next(struct peer *p, enum door door)
{
	char b[8192];
	if (p->step == 0 && door != APPEND) {
		p->sent = now();
		if (door == LMTP)
			say(p, "MAIL FROM:<%s>\r\nRCPT TO:<%s>\r\nDATA\r\n", key("from", "perf@example.org"), key("rcpt", ""));
		else
			say(p, "POST\r\n");
		p->waiting = door == LMTP ? 3 : 1;
		return;
	}
	size_t n = (size_t)compose(b, sizeof b, key("from", "perf@example.org"), key("group", ""));
	if (door == APPEND) {
		p->sent = now();
		p->step = 1;
		say(p, "d APPEND %s {%zu+}\r\n", key("group", ""), n - 3);    /* without the dot */
		memcpy(b + n - 3, "\r\n", 2);
		n--;
	}
	put(p, b, n);
	p->waiting = 1;
}

/* takes a line; an error ends the run */
static void post_line(struct peer *p, enum door door)
{
	char *l = line(p);
	if (door == APPEND && l[0] == '*')
		return;
	if (door == APPEND ? strncmp(l, "d OK", 4) != 0 : l[0] != '2' && l[0] != '3')
		die("%.200s", l);
	p->waiting--;
}

static struct peer *post_open(enum door door)
{
	if (door == APPEND)
		return imap_open();
	if (door == NEWS)
		return nntp_open();
	struct peer *p = dial();
	want(p, "220");
	say(p, "LHLO perf.example\r\n");
	while (line(p)[3] == '-')
		;
	return p;
}

static void row_post(enum door door)
{
	long conns = number("conns", 1), done = 0;
	struct peer **v = calloc((size_t)conns, sizeof *v);
	struct pollfd *polls = calloc((size_t)conns, sizeof *polls);
	for (long i = 0; i < conns; i++) {
		v[i] = post_open(door);
		polls[i] = (struct pollfd){ .fd = v[i]->fd, .events = POLLIN };
	}
	double began = now();
	for (long i = 0; i < conns; i++)
		post_next(v[i], door);
	for (long open = conns; open > 0;) {
		poll(polls, (nfds_t)conns, 1000);
		for (long i = 0; i < conns; i++) {
			struct peer *p = v[i];
			if (!(polls[i].revents & POLLIN))
				continue;
			fill(p);
			while (p->waiting && memchr(p->in + p->from, '\n', p->to - p->from))
				post_line(p, door);
			if (p->waiting)
				continue;
			if (p->step == 1) {
				note_time(now() - p->sent);
				done++;
			}
			p->step = !p->step;
			if (p->step == 0 && now() - began > seconds()) {
				polls[i].fd = -1;
				open--;
			} else {
				post_next(p, door);
			}
		}
	}
	report((double)done, now() - began, "posts");
}

/* One connection idles in the group, another appends to it: from the last octet sent to the EXISTS that tells of it. */
static void row_notify(void)
{
	struct peer *idle = imap_open(), *p = imap_open();
	long done = 0;
	say(idle, "b SELECT %s\r\n", key("group", ""));
	tagged(idle, "b");
	say(idle, "c IDLE\r\n");
	while (line(idle)[0] != '+')
		;
	double began = now();
	while (now() - began < seconds()) {
		p->step = 0;
		post_next(p, APPEND);
		while (!strstr(line(idle), " EXISTS"))
			;
		note_time(now() - p->sent);
		while (p->waiting)
			post_line(p, APPEND);
		done++;
	}
	report((double)done, now() - began, "notices");
}

static void row_connect(int imap)
{
	double began = now();
	long n = 0;
	cpu_began = server_cpu();
	while (now() - began < seconds()) {
		double t = now();
		struct peer *p = dial();
		want(p, imap ? "* OK" : "20");
		say(p, imap ? "q LOGOUT\r\n" : "QUIT\r\n");
		want(p, imap ? "* BYE" : "205");
		note_time(now() - t);
		hang_up(p);
		n++;
	}
	report((double)n, now() - began, "connections");
}

/* opens and holds; prints a line, waits for a line on standard input, ends */
static void row_idle(void)
{
	long conns = number("conns", 1000);
	struct rlimit r = { 65536, 65536 };
	char b[8];
	int imap = strcmp(key("protocol", "nntp"), "imap") == 0;
	setrlimit(RLIMIT_NOFILE, &r);
	for (long i = 0; i < conns; i++) {
		struct peer *p = dial();
		want(p, imap ? "* OK" : "20");
		free(p->in);
		p->in = NULL;
		p->size = p->from = p->to = 0;
	}
	printf("open %ld\n", conns);
	fflush(stdout);
	if (!fgets(b, sizeof b, stdin))
		return;
}

int main(int argc, char **argv)
{
	argn = argc;
	args = argv;
	serial = (long)getpid() * 1000000;      /* another run has other texts: the same ones again are held for a moderator */
	if (argc < 3)
		die("usage: perf PORT ROW KEY=VALUE... (see the head of perf.c)");
	const char *row = argv[2];
	if (strcmp(row, "over") == 0) {
		struct peer *p = nntp_open();
		say(p, "GROUP %s\r\n", key("group", ""));
		want(p, "211");
		repeat(p, once_over, "lines");
	} else if (strcmp(row, "hdr") == 0) {
		row_lines(key("group", ""), "HDR Subject 1-");
	} else if (strcmp(row, "listgroup") == 0) {
		row_lines(key("group", ""), "LISTGROUP");
	} else if (strcmp(row, "list") == 0) {
		row_lines(NULL, "LIST ACTIVE");
	} else if (strcmp(row, "newnews") == 0) {
		row_lines(NULL, "NEWNEWS * 20000101 000000");
	} else if (strcmp(row, "article") == 0) {
		row_article();
	} else if (strcmp(row, "post") == 0) {
		row_post(NEWS);
	} else if (strcmp(row, "deliver") == 0) {
		row_post(LMTP);
	} else if (strcmp(row, "append") == 0) {
		row_post(APPEND);
	} else if (strcmp(row, "notify") == 0) {
		row_notify();
	} else if (strcmp(row, "connect") == 0) {
		row_connect(0);
	} else if (strcmp(row, "iconnect") == 0) {
		row_connect(1);
	} else if (strcmp(row, "status") == 0) {
		repeat(imap_open(), once_status, "answers");
	} else if (strcmp(row, "search") == 0) {
		row_numbers("SEARCH TEXT %s", key("word", ""), "numbers");
	} else if (strcmp(row, "thread") == 0) {
		row_numbers("THREAD REFERENCES UTF-8 ALL%s", "", "messages");
	} else if (strcmp(row, "sort") == 0) {
		row_numbers("SORT (SUBJECT) UTF-8 ALL%s", "", "messages");
	} else if (strcmp(row, "select") == 0) {
		repeat(imap_open(), once_select, "selects");
	} else if (strcmp(row, "flags") == 0) {
		row_fetch("FLAGS");
	} else if (strcmp(row, "envelope") == 0) {
		row_fetch("ENVELOPE");
	} else if (strcmp(row, "bodystructure") == 0) {
		row_fetch("BODYSTRUCTURE");
	} else if (strcmp(row, "body") == 0) {
		row_fetch("BODY.PEEK[]");
	} else if (strcmp(row, "idle") == 0) {
		row_idle();
	} else {
		die("no row %s", row);
	}
	return 0;
}
