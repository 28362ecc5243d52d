/* out_sender.c - the sender table. A forumd-send that dies gets a successor after a growing pause; the mail it was
 * at is deferred (it may be the reason), the others in its pipe just become due again. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>
#include <sys/socket.h>
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/stat.h"
#include "forumd/base/text.h"
#include "gateways/out/out_private.h"

#define PAUSE_MAX_MS 30000
#define DOWN_SAME_MAX 4
#define SENDER_REFUSALS_MAX 8     /* in a row: it takes no mail at all for now */

static int64_t pause_ms(unsigned n) {
	int64_t ms = 500ll << (n < 8 ? n : 8);

	return ms < PAUSE_MAX_MS ? ms : PAUSE_MAX_MS;
}

void out_senders_begin(struct out *o) {
	o->nsenders = o->config->outgoing_senders;
	if (o->nsenders < 1)
		o->nsenders = 1;
	if (o->nsenders > OUT_SENDERS_MAX)
		o->nsenders = OUT_SENDERS_MAX;
	for (unsigned i = 0; i < OUT_SENDERS_MAX; i++)
		o->senders[i].fd = -1;
}

unsigned out_in_flight(const struct out *o) {
	unsigned n = o->nmails;

	for (unsigned i = 0; i < o->nsenders; i++)
		n += o->senders[i].nflight;
	return n;
}

static size_t bytes_in_flight(const struct out *o) {
	size_t n = 0;

	for (unsigned i = 0; i < o->nsenders; i++)
		for (unsigned k = 0; k < o->senders[i].nflight; k++)
			n += o->senders[i].flight[k].size;
	return n;
}

size_t out_octets(const struct out *o) {
	return o->octets + bytes_in_flight(o);
}

bool out_is_in_flight(const struct out *o, uint64_t id) {
	for (unsigned i = 0; i < o->nsenders; i++)
		for (unsigned k = 0; k < o->senders[i].nflight; k++)
			if (o->senders[i].flight[k].id == id)
				return true;
	for (unsigned i = 0; i < o->nmails; i++)
		if (o->mails[i]->id == id)
			return true;
	for (size_t i = 0; i < o->results.n; i++)
		if (o->results.v[i].id == id)
			return true;
	return false;
}

void out_result_add(struct out *o, uint64_t id, enum send_class class, struct slice text) {
	struct buf b = { 0 };
	struct out_result r = { .id = id, .class = class };

	text_escape(text, SEND_TEXT_MAX, &b);
	snprintf(r.text, sizeof r.text, "%s", b.used ? buf_bytes(&b) : "");
	buf_free(&b);
	vec_push(&o->results, r);
}

void out_senders_start(struct out *o) {
	int64_t now = clock_mono_ms();

	if (!*o->config->outgoing_transport)
		return;
	for (unsigned i = 0; i < o->nsenders; i++) {
		struct out_sender *s = &o->senders[i];

		if (s->fd >= 0 || now < s->start_at)
			continue;
		s->fd = out_launch_sender(o->config);
		if (s->fd < 0) {
			log_error("out", "cannot start forumd-send");
			s->start_at = now + pause_ms(s->deaths++);
		}
	}
}

/* at most OUT_IN_FLIGHT_MAX in all, spread over the senders */
static unsigned depth(const struct out *o) {
	unsigned d = OUT_IN_FLIGHT_MAX / o->nsenders;

	return d < OUT_DEPTH_MAX ? d : OUT_DEPTH_MAX;
}

/* While the smarthost is down one mail asks whether it is back, by a sender that has no other. One that gets no answer
 * at all does not keep the next from asking: a sender may hang for minutes with its connection. */
static bool may_ask(const struct out *o) {
	return !o->downs || o->given_at < o->pause_until || clock_mono_ms() - o->given_at >= PAUSE_MAX_MS;
}

bool out_senders_pause(const struct out *o) {
	return clock_mono_ms() < o->pause_until || !may_ask(o);
}

static bool has_slow_mail(const struct out *o, const struct out_sender *s) {
	for (unsigned k = 0; k < s->nflight; k++)
		if (o->domains[s->flight[k].domain].slow)
			return true;
	return false;
}

/* Slow domains have the first sender, and nobody waits behind them; with one sender there is no choice, and when every
 * answer is slow it is the smarthost that is. */
static bool fits(const struct out *o, const struct out_sender *s, bool slow) {
	return o->nsenders == 1 || o->slow_run >= 2 * o->nsenders || (slow ? s == &o->senders[0] : !has_slow_mail(o, s));
}

struct out_sender *out_sender_free(struct out *o, size_t size, bool slow) {
	size_t bytes = bytes_in_flight(o);
	struct out_sender *best = NULL;

	if (out_senders_pause(o) || (bytes && bytes + size > OUT_BYTES_MAX))
		return NULL;
	for (unsigned i = 0; i < o->nsenders; i++) {
		struct out_sender *s = &o->senders[i];

		if (s->fd >= 0 && fits(o, s, slow) && s->nflight < (o->downs ? 1 : depth(o)) &&
			(!best || s->nflight < best->nflight))
			best = s;
	}
	return best;
}

bool out_senders_have_room(const struct out *o) {
	return o->nmails < (o->downs ? 1 : OUT_MAILS_MAX) && (!o->nmails || o->octets < OUT_BYTES_MAX)
		&& out_sender_free((struct out *)o, 1, false) != NULL;
}

void out_sender_given(struct out *o, struct out_sender *s, const struct out_mail *m, size_t size) {
	o->given_at = clock_mono_ms();
	if (!s->nflight)
		s->busy_since = o->given_at;
	s->flight[s->nflight++] = (struct out_flight){ m->id, size, m->expires, m->domain, !buf_len(&m->sender) };
}

static void pause_all(struct out *o, struct slice text) {
	int64_t now = clock_mono_ms(), ms;

	if (now < o->pause_until)   /* the other mails in the pipes say the same: one step */
		return;
	ms = pause_ms(o->downs++);
	log_warn("out", "smarthost down answer=\"%.*s\" retry_ms=%lld", SLICE_ARG(text), (long long)ms);
	o->pause_until = now + ms;
}

static void down(struct out *o, const struct out_flight *fl, struct slice text) {
	pause_all(o, text);
	o->down_same = fl->id == o->down_id ? o->down_same + 1 : 1;
	o->down_id = fl->id;
	/* it waited long enough: let the queue count it as failed; or let another one ask, for it may be this mail that the
	 * smarthost hangs up on */
	if ((fl->expires && fl->expires <= clock_now()) || o->down_same >= DOWN_SAME_MAX)
		out_result_add(o, fl->id, SEND_LATER, text);
}

/* Copies refused in a row: no mail is taken for now. Notices are not counted, for there are smarthosts that take
 * nothing without a sender; nor do they keep another mail from asking. */
static void note_refusals(struct out *o, const struct out_flight *fl, const struct send_answer *a) {
	bool refused = a->class == SEND_SENDER;

	if (!refused)
		o->sender_refusals = 0;
	else if (!fl->notice)
		o->sender_refusals++;
	if (o->sender_refusals < SENDER_REFUSALS_MAX)
		o->downs = 0, o->pause_until = 0;
	else if (fl->notice)
		o->given_at = 0;
	else
		pause_all(o, a->text);
}

static void answered(struct out *o, struct out_sender *s, const struct send_answer *a) {
	struct out_flight fl;

	for (unsigned k = 0; k < s->nflight; k++) {
		if (s->flight[k].id != a->id)
			continue;
		fl = s->flight[k];
		memmove(s->flight + k, s->flight + k + 1, (s->nflight - k - 1) * sizeof s->flight[0]);
		s->nflight--;
		out_domain_answered(o, fl.domain, a->class, clock_mono_ms() - s->busy_since);
		o->slow_run = o->domains[fl.domain].slow ? o->slow_run + 1 : 0;
		s->busy_since = clock_mono_ms();
		if (a->class == SEND_DOWN) {
			down(o, &fl, a->text);
			return;
		}
		s->deaths = 0;
		note_refusals(o, &fl, a);
		out_result_add(o, a->id, a->class == SEND_SENDER ? SEND_LATER : a->class, a->text);
		return;
	}
	log_error("out", "answer for an item that was not given id=%llu", (unsigned long long)a->id);
}

static void empty(struct out *o, struct out_sender *s) {
	while (s->nflight)
		out_domain_end(o, s->flight[--s->nflight].domain);
	buf_free(&s->in);
	buf_free(&s->out);
}

static void died(struct out *o, struct out_sender *s) {
	log_warn("out", "forumd-send ended unexpectedly in_flight=%u", s->nflight);
	close(s->fd);
	s->fd = -1;
	if (s->nflight)
		out_result_add(o, s->flight[0].id, SEND_LATER, SLICE("forumd-send ended while sending it"));
	empty(o, s);
	s->start_at = clock_mono_ms() + pause_ms(s->deaths++);
}

/* false: it is gone */
static bool read_answers(struct out *o, struct out_sender *s) {
	ssize_t n = read(s->fd, buf_reserve(&s->in, 16384), 16384);
	struct send_answer a;
	size_t size;
	int e;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	if (n == 0)
		return false;
	buf_commit(&s->in, (size_t)n);
	while ((e = send_wire_take_answer(&s->in, &a, &size)) > 0) {
		answered(o, s, &a);
		buf_consume(&s->in, size);
	}
	return e == 0;
}

static bool write_mails(struct out_sender *s) {
	ssize_t n = buf_len(&s->out) ? send(s->fd, buf_bytes(&s->out), buf_len(&s->out), MSG_NOSIGNAL) : 0;

	if (n < 0)
		return errno == EAGAIN || errno == EINTR;
	buf_consume(&s->out, (size_t)n);
	if (!buf_len(&s->out))
		buf_shrink(&s->out, 65536);
	return true;
}

void out_sender_events(struct out *o, struct out_sender *s, short events) {
	if ((events & (POLLIN | POLLHUP | POLLERR)) && !read_answers(o, s)) {
		died(o, s);
		return;
	}
	if (!write_mails(s))
		died(o, s);
}

void out_senders_stop(struct out *o) {
	for (unsigned i = 0; i < o->nsenders; i++) {
		struct out_sender *s = &o->senders[i];

		if (s->fd >= 0)
			close(s->fd);
		s->fd = -1;
		empty(o, s);
	}
}
