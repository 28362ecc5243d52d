/* verify_dns.c - look-ups with a deadline. libunbound resolves in a thread of its own; another one (pump) takes the
 * answers and wakes who waits. A question belongs to two, the asker and the callback; the last one frees it. */
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <unbound.h>
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "gateways/verify/verify.h"

#define CLASS_IN 1
#define RCODE_NONAME 3

struct question {
	pthread_mutex_t lock;
	pthread_cond_t cond;
	bool done;
	unsigned owners;
	struct ub_result *result;      /* NULL: error */
};

static struct ub_ctx *ctx;

static void release(struct question *q) {
	pthread_mutex_lock(&q->lock);
	bool last = --q->owners == 0;
	pthread_mutex_unlock(&q->lock);
	if (!last)
		return;
	ub_resolve_free(q->result);
	pthread_cond_destroy(&q->cond);
	pthread_mutex_destroy(&q->lock);
	mem_free(q);
}

static void on_answer(void *arg, int error, struct ub_result *r) {
	struct question *q = arg;
	pthread_mutex_lock(&q->lock);
	q->done = true;
	q->result = error ? NULL : r;
	pthread_cond_signal(&q->cond);
	pthread_mutex_unlock(&q->lock);
	release(q);
}

static void *pump(void *arg) {
	struct pollfd p = { ub_fd(ctx), POLLIN, 0 };
	(void)arg;
	for (;;)
		if (poll(&p, 1, -1) > 0 && ub_process(ctx))
			log_warn("verify", "the resolver fails");
	return NULL;
}

/* ADDRESS:PORT or [ADDRESS]:PORT as libunbound writes it, ADDRESS@PORT */
static void forward_name(const char *server, char *out, size_t size) {
	const char *end = strchr(server, ']'), *colon = end ? strchr(end, ':') : strchr(server, ':');
	if (*server == '[' && end)
		snprintf(out, size, "%.*s%s%s", (int)(end - server - 1), server + 1, colon ? "@" : "", colon ? colon + 1 : "");
	else if (colon && !strchr(colon + 1, ':'))
		snprintf(out, size, "%.*s@%s", (int)(colon - server), server, colon + 1);
	else
		snprintf(out, size, "%s", server);
}

bool verify_dns_start(const char *server) {
	static const char *const options[][2] = {
		{ "do-not-query-localhost:", "no" }, { "cache-max-ttl:", "3600" }, { "cache-max-negative-ttl:", "300" },
		{ "outgoing-range:", "512" }, { "num-queries-per-thread:", "512" }, { "jostle-timeout:", "2000" },
	};
	char name[300];
	pthread_t t;
	int e;
	ctx = ub_ctx_create();
	if (!ctx)
		return false;
	for (size_t i = 0; i < sizeof options / sizeof *options; i++)
		if ((e = ub_ctx_set_option(ctx, options[i][0], options[i][1])) != 0)
			log_warn("verify", "%s %s", options[i][0], ub_strerror(e));
	forward_name(server, name, sizeof name);
	e = *server ? ub_ctx_set_fwd(ctx, name) : ub_ctx_resolvconf(ctx, NULL);
	if (!e)
		e = ub_ctx_async(ctx, 1);
	if (e) {
		log_error("verify", "DNS server %s: %s", *server ? server : "of /etc/resolv.conf", ub_strerror(e));
		return false;
	}
	return pthread_create(&t, NULL, pump, NULL) == 0;
}

/* the octets of a name on the wire as text; false when it has some that no host name has */
static bool name_text(struct slice rdata, struct arena *a, struct slice *out_r) {
	struct buf b = { 0 };
	size_t i = 0;
	bool good = true;
	while (i < rdata.n && rdata.p[i]) {
		size_t n = (unsigned char)rdata.p[i++];
		good = good && n < 64 && n < rdata.n - i + 1;
		for (size_t k = 0; good && k < n && i + k < rdata.n; k++)
			good = rdata.p[i + k] > ' ' && rdata.p[i + k] < 127 && rdata.p[i + k] != '.' && rdata.p[i + k] != '\\';
		if (!good)
			break;
		if (buf_len(&b))
			buf_addc(&b, '.');
		buf_add_slice(&b, slice_sub(rdata, i, n));
		i += n;
	}
	*out_r = arena_slice(a, buf_slice(&b));
	buf_free(&b);
	return good && out_r->n;
}

static struct slice joined_strings(struct slice rdata, struct arena *a) {
	char *to = arena_alloc(a, rdata.n + 1), *start = to;
	while (rdata.n) {
		struct slice s = slice_sub(rdata, 1, (unsigned char)rdata.p[0]);
		to = mempcpy(to, s.p, s.n);
		rdata = slice_from(rdata, 1 + s.n);
	}
	return slice_of(start, (size_t)(to - start));
}

static void add_record(struct slice rdata, enum dns_type type, struct arena *a, struct dns_records *r,
	uint16_t *preference) {
	struct slice v = rdata;
	if (type == DNS_TXT)
		v = joined_strings(rdata, a);
	else if (type == DNS_MX && (rdata.n < 3 || !name_text(slice_from(rdata, 2), a, &v)))
		return;
	else if (type == DNS_PTR && !name_text(rdata, a, &v))
		return;
	else if ((type == DNS_A && rdata.n != 4) || (type == DNS_AAAA && rdata.n != 16))
		return;
	else if (type == DNS_A || type == DNS_AAAA)
		v = arena_slice(a, rdata);
	size_t at = r->n;
	uint16_t p = type == DNS_MX ? num_get16(rdata.p) : 0;
	for (; at && preference[at - 1] > p; at--) {
		r->v[at] = r->v[at - 1];
		preference[at] = preference[at - 1];
	}
	r->v[at] = v;
	preference[at] = p;
	r->n++;
}

static enum dns_status take_result(const struct ub_result *u, enum dns_type type, struct arena *a,
	struct dns_records *r_r) {
	uint16_t preference[DNS_RECORDS_MAX];
	if (!u || u->bogus || (u->rcode && u->rcode != RCODE_NONAME))
		return DNS_TEMP;
	for (int i = 0; u->havedata && u->data[i] && r_r->n < DNS_RECORDS_MAX; i++)
		add_record(slice_of(u->data[i], (size_t)u->len[i]), type, a, r_r, preference);
	return r_r->n ? DNS_FOUND : DNS_ABSENT;
}

/* what cannot be a name in a question is absent */
static bool askable(struct slice name) {
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 127 || name.p[i] == '\\' || name.p[i] == '"')
			return false;
	return name.n > 0 && name.n <= 253;
}

enum dns_status verify_dns_look_up(void *arg, struct slice name, enum dns_type type, struct arena *a,
	struct dns_records *r_r) {
	const int64_t *until = arg;
	int64_t left = *until - clock_mono_ms();
	struct timespec end;
	struct question *q;
	enum dns_status status = DNS_TEMP;
	int id = 0;
	r_r->n = 0;
	if (!askable(name))
		return DNS_ABSENT;
	if (left <= 0)
		return DNS_TEMP;
	clock_gettime(CLOCK_REALTIME, &end);
	end.tv_sec += left / 1000;
	q = mem_zalloc(sizeof *q);
	pthread_mutex_init(&q->lock, NULL);
	pthread_cond_init(&q->cond, NULL);
	q->owners = 2;
	if (ub_resolve_async(ctx, arena_cstr(a, name), (int)type, CLASS_IN, q, on_answer, &id)) {
		release(q);
		release(q);
		return DNS_TEMP;
	}
	pthread_mutex_lock(&q->lock);
	while (!q->done && pthread_cond_timedwait(&q->cond, &q->lock, &end) != ETIMEDOUT)
		;
	if (q->done)
		status = take_result(q->result, type, a, r_r);
	bool gone = !q->done;
	pthread_mutex_unlock(&q->lock);
	if (gone && ub_cancel(ctx, id) == 0)   /* its callback will not be called */
		release(q);
	release(q);
	return status;
}
