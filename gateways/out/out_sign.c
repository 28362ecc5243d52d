/* out_sign.c - threads that sign mails. A signature costs more than all the rest of a mail, and every copy has its own
 * (doc/decisions.md), so each processor signs while the schedule thread composes, gives and writes down. The threads
 * see nothing but a mail's own buffers, the shared text of its post, and keys that do not change while mails are under
 * way. */
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/mail/field.h"
#include "gateways/out/out_private.h"

/* What the signatures cover: this recipient's copy, own fields in their place; or the notice. */
static void add_header(const struct out_mail *m, struct buf *header, struct slice *body_r) {
	struct slice mail = buf_slice(&m->own), head = mail;

	*body_r = SLICE("");
	if (!m->copy) {
		field_split(mail, &head, body_r);
		buf_add_slice(header, head);
		return;
	}
	mail = buf_slice(&m->copy->mail);
	buf_add_slice(header, slice_to(mail, m->copy->reply_to));
	buf_add_slice(header, buf_slice(&m->own));
	buf_add_slice(header, slice_sub(mail, m->copy->reply_to, m->copy->body - 2 - m->copy->reply_to));
}

void out_sign(const struct out *o, struct out_mail *m) {
	struct buf header = { 0 };
	unsigned char hash[32];
	struct slice body;

	add_header(m, &header, &body);
	if (m->copy)
		memcpy(hash, m->copy->body_hash, sizeof hash);
	else
		dkim_body_hash(body, hash);
	for (unsigned i = 0; i < OUT_KEYS; i++) {
		const struct out_key *k = &o->keys[i];

		if (k->key &&
			dkim_sign_hashed(k->key, slice_str(o->config->domain), slice_str(k->selector), buf_slice(&header), hash,
				clock_now(), &m->signature) < 0)
			log_error("out", "a mail cannot be signed by %s and goes without", k->selector);
	}
	buf_free(&header);
}

static void *sign_main(void *arg) {
	struct out *o = arg;
	struct out_pool *p = &o->pool;
	struct out_mail *m;

	pthread_mutex_lock(&p->lock);
	for (;;) {
		while (!(m = p->todo) && !p->stop)
			pthread_cond_wait(&p->more, &p->lock);
		if (p->stop)
			break;
		p->todo = m->next;
		pthread_mutex_unlock(&p->lock);
		out_sign(o, m);
		atomic_store(&m->ready, true);      /* the schedule thread's from here on */
		out_wake(o);
		pthread_mutex_lock(&p->lock);
	}
	pthread_mutex_unlock(&p->lock);
	return NULL;
}

/* Threads start with the first mail to be signed; without any the schedule thread signs by itself. */
static bool have_threads(struct out *o) {
	unsigned want = o->config->workers < OUT_SIGNERS_MAX ? o->config->workers : OUT_SIGNERS_MAX;

	while (o->pool.n < want && pthread_create(&o->pool.thread[o->pool.n], NULL, sign_main, o) == 0)
		o->pool.n++;
	return o->pool.n > 0;
}

bool out_sign_put(struct out *o, struct out_mail *m) {
	struct out_mail **last;

	if (!have_threads(o))
		return false;
	pthread_mutex_lock(&o->pool.lock);
	for (last = &o->pool.todo; *last; last = &(*last)->next)
		;
	*last = m;
	pthread_cond_signal(&o->pool.more);
	pthread_mutex_unlock(&o->pool.lock);
	return true;
}

void out_sign_stop(struct out *o) {
	pthread_mutex_lock(&o->pool.lock);
	o->pool.stop = true;
	pthread_cond_broadcast(&o->pool.more);
	pthread_mutex_unlock(&o->pool.lock);
	for (unsigned i = 0; i < o->pool.n; i++)
		pthread_join(o->pool.thread[i], NULL);
	o->pool.n = 0;
	o->pool.todo = NULL;
}
