/* out_schedule.c - the schedule thread: what is due in the queue goes to the senders, what they answer goes back.
 *
 * An item stays in the store until the answer for it is committed, so a crash can send one twice but never lose
 * one. That an item is under way is this thread's memory only: the senders' tables and the results not yet
 * committed. Memory is bounded however long the queue is: by the octets of what is composed (OUT_BYTES_MAX and one mail
 * more) and of what is in the senders' pipes; nothing else is read ahead. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>
#include <sys/eventfd.h>
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/stat.h"
#include "forumd/forum/replace.h"
#include "forumd/run/bus.h"
#include "forumd/run/writer.h"
#include "gateways/common/notice.h"
#include "gateways/common/unsubscribe.h"
#include "gateways/out/out_private.h"

#define EXPAND_AT_ONCE 200
#define SCAN_MAX 5000          /* items looked at in one go */
#define STOP_MS 5000
#define PURGE_MAX 20           /* tombstones in one job */
#define RETRY_MS 1000          /* after the store refused a commit */
#define PASSED_MAX 256         /* due items whose domain must wait: more of them are moved to a later time, */
#define LATER_MAX 1000         /* so many at once */

static struct out *the_out;

void out_wake(struct out *o) {
	uint64_t one = 1;

	while (write(o->wake_fd, &one, sizeof one) < 0 && errno == EINTR)
		;
}

static void on_changes(void *arg, const struct change *v, size_t n) {
	for (size_t i = 0; i < n; i++) {
		if (v[i].kind == CHANGE_MAIL) {
			out_wake(arg);
			return;
		}
	}
}

/* ---- jobs ---- */

static int apply_expand(struct forum_txn *t, struct job *j, struct fail *f) {
	int e = mailq_expand(t, *(uint64_t *)j->data, EXPAND_AT_ONCE);

	return e < 0 ? fail_set(f, (enum err)e, "cannot expand") : 1;
}

static bool expand(uint64_t id) {
	struct job *j = job_new(NULL, apply_expand);
	int e;

	j->data = ARENA_NEW(j->arena, uint64_t);
	*(uint64_t *)j->data = id;
	j->lane = JOB_BULK;
	e = writer_call(writer_current(), j);
	if (e <= 0)
		log_error("out", "expansion failed item=%llu why=\"%s\"", (unsigned long long)id, j->fail.text);
	job_free(&j);
	return e > 0;
}

struct results { const struct out_result *v; size_t n; };

static int apply_result(struct forum_txn *t, const struct out_result *r) {
	struct slice text = slice_str(r->text);
	struct mailq_item i;
	int e = mailq_get(t, r->id, &i);

	if (e <= 0)
		return e;   /* cancelled meanwhile */
	trace_add(t, i.post, SLICE(""), "mail to %.*s: %s: %s", SLICE_ARG(slice_to(i.recipient, 100)),
		r->class == SEND_DONE ? "sent" : r->class == SEND_LATER ? "later" : "failed", r->text);
	if (r->class == SEND_DONE)
		return mailq_done(t, r->id);
	e = r->class == SEND_LATER ? mailq_defer(t, r->id, text) : mailq_fail(t, r->id, text);
	if (e == 2) {
		struct config *c = config_current();

		e = notice_paused(t, c, i.member);
		config_unref(&c);
	}
	return e;
}

static int apply_results(struct forum_txn *t, struct job *j, struct fail *f) {
	const struct results *w = j->data;

	for (size_t i = 0; i < w->n; i++) {
		int e = apply_result(t, &w->v[i]);

		if (e < 0 && e != ERR_NOTFOUND)
			return fail_set(f, (enum err)e, "cannot note what became of a mail");
	}
	return 1;
}

static void count_results(const struct out *o) {
	for (size_t i = 0; i < o->results.n; i++) {
		const struct out_result *r = &o->results.v[i];

		stat_add(r->class == SEND_DONE ? STAT_mail_sent : r->class == SEND_LATER
			? STAT_mail_deferred : STAT_mail_failed, 1);
		log_info("out", "mail %s item=%llu answer=\"%s\"", r->class == SEND_DONE ? "sent" : r->class == SEND_LATER
			? "deferred" : "failed", (unsigned long long)r->id, r->text);
	}
}

struct later { const struct out_later *v; size_t n; bool moved; };

static int apply_later(struct forum_txn *t, struct job *j, struct fail *f) {
	struct later *w = j->data;

	for (size_t i = 0; i < w->n; i++) {
		int e = mailq_postpone(t, w->v[i].id, w->v[i].due);

		if (e < 0)
			return fail_set(f, (enum err)e, "cannot postpone a mail");
		w->moved |= e > 0;
	}
	return 1;
}

/* True when items were moved: others are in front now. */
static bool commit_later(struct out *o) {
	struct later w = { o->later.v, o->later.n, false };
	struct job *j;
	int e;

	if (!o->later.n)
		return false;
	j = job_new(NULL, apply_later);
	j->data = &w;
	j->lane = JOB_BULK;
	e = writer_call(writer_current(), j);
	if (e <= 0)
		log_error("out", "mails of a domain that must wait stay in front why=\"%s\"", j->fail.text);
	job_free(&j);
	o->later.n = 0;
	return e > 0 && w.moved;
}

/* One job for all answers that came since the last. The caller waits, so the results need not be copied. */
static bool commit_results(struct out *o) {
	struct job *j;
	struct results *w;
	int e;

	if (!o->results.n)
		return true;
	j = job_new(NULL, apply_results);
	w = ARENA_NEW(j->arena, struct results);
	*w = (struct results){ o->results.v, o->results.n };
	j->data = w;
	e = writer_call(writer_current(), j);
	if (e > 0) {
		count_results(o);
		o->results.n = 0;
	} else {
		log_error("out", "results wait why=\"%s\"", j->fail.text);
	}
	job_free(&j);
	return e > 0;
}

/* ---- taking items out ---- */

static void compose(struct out *o, struct forum_txn *t, const struct mailq_item *i) {
	int e = out_compose(o, t, i);

	if (e == OUT_DROP) {
		out_result_add(o, i->id, SEND_DONE, SLICE("not sent: it may not be read there any more"));
	} else if (e == OUT_BAD) {
		out_result_add(o, i->id, SEND_NEVER, SLICE("the address cannot be written in SMTP"));
	} else if (e < 0) {
		out_result_add(o, i->id, SEND_LATER, SLICE("cannot be read from the store"));
	}
}

/* An item whose domain must wait stays where it is, unless so many do that they would be in the way of all others.
 * False: they wait for a domain that is about to get more room, or to turn out slow. */
static bool pass_over(struct out *o, const struct mailq_item *i, unsigned domain, unsigned *passed) {
	int64_t ms = out_domain_wait_ms(o, domain);

	if (ms && i->expires <= clock_now()) {   /* it cannot be put off any more: the queue gives it up */
		out_result_add(o, i->id, SEND_LATER, SLICE("its domain takes no mail for now"));
		return true;
	}
	if (++*passed <= PASSED_MAX)
		return true;
	if (ms && o->later.n < LATER_MAX)
		vec_push(&o->later, (struct out_later){ i->id, clock_now() + 1 + out_domain_put_off(o, domain, ms) / 1000 });
	else if (!ms)
		o->domain_wake = clock_mono_ms() + RETRY_MS;
	return ms != 0;
}

/* Fill the senders from the due index; *expand_r: an item that must be expanded first. False: the store cannot be
 * read. */
static bool fill(struct out *o, uint64_t *expand_r) {
	int64_t now = clock_now(), due = 0, wait = 0;
	unsigned seen = 0, passed = 0;
	uint64_t id = 0;
	struct forum_txn *t;
	struct mailq_item i;
	struct fail f = { 0 };

	*expand_r = 0;
	if (forum_read_begin(o->forum, &t, &f) < 0) {
		log_error("out", "cannot read why=\"%s\"", f.text);
		return false;
	}
	o->copy_stale = true;
	o->domain_wake = 0;
	while (out_senders_have_room(o) && seen++ < SCAN_MAX && o->results.n < OUT_IN_FLIGHT_MAX
	       && mailq_due_next(t, now, &due, &id, &i) > 0) {
		int64_t go = i.kind == MAILQ_POST ? i.created + o->config->hold_seconds : 0;

		if (go > now) {   /* the author's time to undo */
			wait = wait && wait < go ? wait : go;
		} else if (mailq_is_expanded(i.kind)) {
			*expand_r = i.id;
			break;
		} else if (!out_is_in_flight(o, i.id)) {
			unsigned domain = out_domain_of(i.recipient);

			if (out_domain_may(o, domain))
				compose(o, t, &i);
			else if (!pass_over(o, &i, domain, &passed))
				break;
		}
	}
	o->next_due = mailq_next_due(t);
	o->purge = tombstone_next(t);
	if (o->next_due && o->next_due <= now)   /* held, or under way */
		o->next_due = wait;
	else if (wait && (!o->next_due || wait < o->next_due))
		o->next_due = wait;
	forum_read_end(&t);
	return true;
}

/* ---- texts of old tombstones ---- */

static int purge_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	(void)j;
	return tombstone_purge(t, PURGE_MAX, f) < 0 ? (int)f->code : 1;
}

/* True when something went. */
static bool purge(struct out *o) {
	struct job *j;
	int e;

	if (!o->purge || o->purge > clock_now())
		return false;
	j = job_new(NULL, purge_apply);
	j->lane = JOB_BULK;
	e = writer_call(writer_current(), j);
	if (e <= 0)
		log_error("out", "old tombstones stay why=\"%s\"", j->fail.text);
	job_free(&j);
	o->purge = 0;
	return e > 0;
}

/* ---- the loop ---- */

static int64_t earlier(int64_t ms, int64_t at) {
	return at < ms ? at : ms;
}

static int poll_timeout(const struct out *o, bool retry) {
	int64_t now = clock_mono_ms(), ms = retry ? RETRY_MS : 30000;

	if (o->next_due)
		ms = earlier(ms, (o->next_due - clock_now()) * 1000 + 100);
	if (o->domain_wake)
		ms = earlier(ms, o->domain_wake - now);
	if (o->pause_until > now)
		ms = earlier(ms, o->pause_until - now);
	for (unsigned i = 0; i < o->nsenders && *o->config->outgoing_transport; i++)
		if (o->senders[i].fd < 0)
			ms = earlier(ms, o->senders[i].start_at - now);
	return ms < 10 ? 10 : (int)ms;
}

static void poll_events(struct out *o, int timeout) {
	struct pollfd p[OUT_SENDERS_MAX + 1] = { { o->wake_fd, POLLIN, 0 } };
	uint64_t n;

	for (unsigned i = 0; i < o->nsenders; i++)
		p[i + 1] = (struct pollfd){ o->senders[i].fd, (short)(POLLIN | (buf_len(&o->senders[i].out) ? POLLOUT : 0)),
			0 };
	if (poll(p, o->nsenders + 1, timeout) <= 0)
		return;
	if (p[0].revents && read(o->wake_fd, &n, sizeof n) < 0)
		log_debug("out", "wake-up was read already");
	for (unsigned i = 0; i < o->nsenders; i++)
		if (p[i + 1].revents && o->senders[i].fd >= 0)
			out_sender_events(o, &o->senders[i], p[i + 1].revents);
}

static void free_keys(struct out_key *k) {
	for (unsigned i = 0; i < OUT_KEYS; i++) {
		dkim_key_free(&k[i].key);
		mem_free(k[i].selector);
	}
}

/* The keys of these settings; when one cannot be read, those that were there stay. */
static int load_dkim(struct out *o, const struct config *c, struct fail *f) {
	const char *const file[OUT_KEYS] = { c->dkim_key, c->dkim_key2 },
					  *const selector[OUT_KEYS] = { c->dkim_selector, c->dkim_selector2 };
	struct out_key keys[OUT_KEYS] = { 0 };

	for (unsigned i = 0; i < OUT_KEYS; i++) {
		int e = *file[i] ? dkim_key_load(file[i], &keys[i].key, f) : 1;

		if (e < 0) {
			free_keys(keys);
			return e;
		}
		keys[i].selector = mem_strdup(selector[i]);
	}
	free_keys(o->keys);
	memcpy(o->keys, keys, sizeof keys);
	return 1;
}

/* New settings: senders are told by closing their pipes once they are idle, and start anew. */
static void take_config(struct out *o) {
	struct config *c = atomic_exchange(&o->next_config, NULL);
	struct fail f = { 0 };

	if (!c)
		return;
	if (load_dkim(o, c, &f) < 0)
		log_error("out", "the signing keys stay what they were: %s", f.text);
	out_copy_drop(o, &o->copy);    /* made and sealed with the old settings */
	out_senders_stop(o);
	config_unref(&o->config);
	o->config = c;
	o->pause_until = o->downs = 0;
	out_senders_begin(o);
}

/* True when there is more to do at once. */
static bool work(struct out *o, bool *retry) {
	uint64_t item = 0;
	size_t before;

	*retry = !commit_results(o);
	if (*retry)
		return false;
	/* what cannot be given now may not be wanted any more when it can: it is composed anew then */
	if (out_senders_pause(o) || atomic_load(&o->next_config))
		out_forget(o);
	out_give(o);
	if (!atomic_load(&o->next_config)) {
		out_senders_start(o);
		if (!out_senders_have_room(o))
			return false;
		before = o->results.n;
		if (!fill(o, &item)) {
			*retry = true;
			return false;
		}
		if (item && !expand(item))
			*retry = true;
		if (!*retry && purge(o))
			return true;
		out_give(o);
		return !*retry && (commit_later(o) || item || o->results.n > before);
	}
	if (!out_in_flight(o))
		take_config(o);
	return false;
}

static void finish(struct out *o) {
	int64_t until = clock_mono_ms() + STOP_MS;

	out_sign_stop(o);
	for (unsigned i = 0; i < o->nmails; i++)
		atomic_store(&o->mails[i]->ready, true);
	out_forget(o);
	while (out_in_flight(o) && clock_mono_ms() < until)
		poll_events(o, 100);
	if (writer_current())
		commit_results(o);
	out_senders_stop(o);
}

static unsigned running(const struct out *o) {
	unsigned n = 0;

	for (unsigned i = 0; i < o->nsenders; i++)
		n += o->senders[i].fd >= 0;
	return n;
}

/* for `forumctl status` */
static void tell(struct out *o) {
	const int64_t now[] = { out_in_flight(o), (int64_t)out_octets(o), running(o), o->downs > 0 };

	for (int i = 0; i < 4; i++)
		stat_add(STAT_mail_in_flight + i, now[i] - o->gauges[i]);
	memcpy(o->gauges, now, sizeof now);
}

static void *schedule_main(void *arg) {
	struct out *o = arg;
	bool retry = false;

	while (!writer_current() && !atomic_load(&o->stop))
		poll_events(o, 50);
	while (!atomic_load(&o->stop)) {
		bool more = work(o, &retry);

		for (unsigned i = 0; i < o->nsenders; i++)
			if (o->senders[i].fd >= 0 && buf_len(&o->senders[i].out))
				out_sender_events(o, &o->senders[i], 0);
		tell(o);
		poll_events(o, more ? 0 : poll_timeout(o, retry));
	}
	finish(o);
	return NULL;
}

int out_start(struct forum *forum, struct config *c, struct fail *f) {
	struct out *o;
	int e = out_launch(c, f);

	if (e < 0)
		return e;
	o = mem_zalloc(sizeof *o);
	if ((e = load_dkim(o, c, f)) < 0) {
		mem_free(o);
		return e;
	}
	o->forum = forum;
	o->config = config_ref(c);
	pthread_mutex_init(&o->pool.lock, NULL);
	pthread_cond_init(&o->pool.more, NULL);
	o->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	out_senders_begin(o);
	if (!*c->outgoing_transport)
		log_warn("out", "no outgoing transport: mail waits in the queue");
	if (o->wake_fd < 0 || pthread_create(&o->thread, NULL, schedule_main, o)) {
		config_unref(&o->config);
		free_keys(o->keys);
		mem_free(o);
		return fail_set(f, ERR_UNAVAILABLE, "cannot start the mail schedule");
	}
	bus_listen(on_changes, o);
	notice_start();
	the_out = o;
	out_wake(o);
	return 1;
}

void out_reload(struct config *c) {
	struct config *old;

	if (!the_out)
		return;
	old = atomic_exchange(&the_out->next_config, config_ref(c));
	config_unref(&old);
	out_wake(the_out);
}

void out_stop(void) {
	struct out *o = the_out;
	struct config *next;

	if (!o)
		return;
	the_out = NULL;
	bus_unlisten(on_changes, o);
	atomic_store(&o->stop, true);
	out_wake(o);
	pthread_join(o->thread, NULL);
	next = atomic_exchange(&o->next_config, NULL);
	config_unref(&next);
	config_unref(&o->config);
	vec_free(&o->results);
	vec_free(&o->later);
	out_copy_drop(o, &o->copy);
	free_keys(o->keys);
	close(o->wake_fd);
	mem_free(o);
}
