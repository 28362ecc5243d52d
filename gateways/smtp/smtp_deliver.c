/* smtp_deliver.c - the text is here: decide for each recipient, store, answer after the commit.
 *
 * SMTP has one answer for all recipients, so there all of them are one job: one child transaction, all or
 * nothing. LMTP answers each, so there each is a job of its own. A mail to two groups is one post with two places.
 * A mail that comes again (same Message-ID, same text) is answered 250 and stored once, since the sender's MTA
 * only lost our answer. Every mail ends in exactly one of: posted, held, done (a bounce, a subscription), refused;
 * and the trace says which. */
#include <stdio.h>
#include "gateways/smtp/smtp_deliver_private.h"
#include "forumd/base/stat.h"
#include "forumd/forum/mailq.h"
#include "forumd/mail/inbound.h"
#include "forumd/run/limits.h"
#include "forumd/run/writer.h"
#include "forumd/mail/field.h"
#include "forumd/mail/trim.h"

void deliver_refuse(struct delivery *d, enum smtp_code c, const char *text) {
	d->refused = true;
	d->code = c;
	snprintf(d->text, sizeof d->text, "%s", text);
}

void deliver_refuse_fail(struct delivery *d, const struct fail *f) {
	enum smtp_code c = smtp_reply_of(f->code);

	/* a group that went away or is none of his must look like any other missing address */
	deliver_refuse(d, c, c == SMTP_NO_ADDRESS ? "no such address here" : f->text);
}

/* ---- commands ---- */

struct smtp_order *deliver_order(struct smtp_session *m, struct forum_txn *t, struct delivery *d) {
	const struct smtp_message *g = &m->delivery->message;
	struct arena *a = m->delivery->job->arena;
	struct smtp_order *o = ARENA_NEW(a, struct smtp_order);
	struct member who;

	o->member = d->writer.member;
	o->proven = d->writer.proof != PROOF_NONE && !d->writer.hold;
	o->strong = d->writer.proof == PROOF_LOGIN || (o->proven && g->auth_pass);
	o->answer = d->route->form == FORM_ANSWER;
	o->commands = d->route->form != FORM_REPLY && d->route->form != FORM_GROUP && !o->answer;
	o->from_token = d->route->token.kind;
	o->group = d->route->group;
	o->group_name = arena_slice(a, d->route->group_name);
	o->address = arena_slice(a, g->from_text);
	if (o->member && g->from_member != o->member && member_get(t, o->member, &who) > 0 && who.naddresses)
		o->address = arena_slice(a, who.addresses[0]);
	o->name = arena_slice(a, g->from_name);
	o->message_id = arena_slice(a, g->message_id);
	o->hold_seconds = m->s.config->hold_seconds;
	o->joining = m->s.config->joining;
	o->posts_per_minute = m->s.config->posts_per_minute;
	o->message_size = m->s.config->message_size;
	o->attachments = m->s.config->attachments;
	if (d->route->form == FORM_REPLY ||
		(o->answer && (o->from_token == TOKEN_RECEIPT || o->from_token == TOKEN_AUTHOR)))
		o->post = d->route->token.id;
	if (o->answer && o->from_token != TOKEN_RECEIPT && o->from_token != TOKEN_AUTHOR)
		o->question = d->route->token.id;
	return o;
}

static struct slice first_line(struct slice text) {
	struct slice line;

	while (slice_line(&text, &line))
		if (slice_trim(line).n)
			return slice_trim(line);
	return slice_of("", 0);
}

/* the mail's own words; the subject when there are none */
static struct slice own_text(struct smtp_session *m, struct arena *a, bool subject_too) {
	const struct smtp_message *g = &m->delivery->message;
	struct buf b = { 0 };
	struct trim_info info;
	struct slice s;

	trim_reply(g->header, g->body, slice_of("", 0), &b, &info);
	if (subject_too && !first_line(buf_slice(&b)).n) {
		buf_reset(&b);
		field_get(g->header, "Subject", &b);
	}
	s = arena_slice(a, slice_to(buf_slice(&b), SMTP_ORDER_TEXT_MAX));
	buf_free(&b);
	return s;
}

static void prepare_order(struct smtp_session *m, struct forum_txn *t, struct delivery *d) {
	static const char *const words[] = {
		[FORM_SUBSCRIBE] = "subscribe", [FORM_UNSUBSCRIBE] = "unsubscribe", [FORM_HELP] = "help",
	};
	struct arena *a = m->delivery->job->arena;
	struct smtp_order *o = deliver_order(m, t, d);
	char key[64];
	int n = snprintf(key, sizeof key, "mail-notice:%u", d->writer.member);

	if (!limits_rate(slice_of(key, (size_t)n), d->writer.member ? 30 : 60, 30)) {
		deliver_refuse(d, SMTP_RATE, "too many requests in a short time, try again later");
		return;
	}
	o->text = own_text(m, a, d->route->form == FORM_COMMANDS);
	if (d->route->form == FORM_COMMANDS || o->answer)
		smtp_order_parse(first_line(o->text), o);
	else
		smtp_order_parse(slice_str(words[d->route->form]), o);
	if (o->verb == VERB_NONE &&
		!(o->answer &&
			(o->from_token == TOKEN_CASE || o->from_token == TOKEN_AUTHOR || o->from_token == TOKEN_DIGEST))) {
		deliver_refuse(d, SMTP_REFUSED,
			o->answer ? "that word is not understood here" : "this is no command; send the word help");
		return;
	}
	if ((o->verb == VERB_EDIT || (o->answer && o->from_token == TOKEN_DIGEST)) &&
		!deliver_within_rate(m, d->writer.member)) {
		deliver_refuse(d, SMTP_RATE, "too many posts in a short time, try again later");
		return;
	}
	d->order = o;
}

/* A mail to a group or a post whose only line is a command. True: it is no post. */
bool deliver_alone(struct smtp_session *m, struct forum_txn *t, struct delivery *d, struct slice text) {
	struct smtp_order *o;
	struct slice line = first_line(text);

	if (slice_trim(text).n != line.n || line.n > 300)
		return false;
	o = deliver_order(m, t, d);
	line = arena_slice(m->delivery->job->arena, line);
	if (!smtp_order_parse(line, o))
		return false;
	if (d->route->form == FORM_GROUP) {
		/* a word to a whole group: what only the sender wants to hear */
		if (o->rest.n ||
			(o->verb != VERB_JOIN && o->verb != VERB_SUBSCRIBE && o->verb != VERB_UNSUBSCRIBE && o->verb != VERB_HELP))
			return false;
	} else if (!smtp_order_alone(o)) {
		return false;
	}
	d->order = o;
	return true;
}

static void prepare_one(struct smtp_session *m, struct forum_txn *t, struct delivery *d) {
	struct fail f = { 0 };
	enum smtp_code c;

	if (smtp_author_find(m, t, &m->delivery->message, d->route, &d->writer, &c, &f) < 0) {
		/* a stranger's one word join */
		if (d->route->form != FORM_GROUP || m->delivery->message.from_member || c == SMTP_NO_ADDRESS ||
			!deliver_alone(m, t, d, own_text(m, m->delivery->job->arena, false)) || d->order->verb == VERB_UNSUBSCRIBE)
			deliver_refuse(d, c, f.text);
		return;
	}
	switch (d->route->form) {
	case FORM_GROUP: case FORM_REPLY: deliver_post(m, t, d); break;
	case FORM_BOUNCE: deliver_bounce(m, t, d); break;
	case FORM_OWNER: case FORM_POSTMASTER: deliver_forward(m, t, d); break;
	case FORM_MAIL_TOKEN: deliver_mail_token(d); break;
	case FORM_AUTHOR: deliver_author_mail(m, t, d); break;
	default: prepare_order(m, t, d); break;
	}
}

/* Reports come to bounce addresses, and to the postmaster; nothing that has been here before goes round again. */
static bool takes_automatic(enum smtp_form form, enum inbound_auto automatic) {
	return automatic == INBOUND_PERSONAL || form == FORM_BOUNCE
		|| (form == FORM_POSTMASTER && automatic != INBOUND_OWN_LOOP && automatic != INBOUND_HOPS);
}

/* What is wrong with the mail for every recipient that is no bounce address. */
static void prepare_all(struct smtp_session *m, struct forum_txn *t, size_t from, size_t n) {
	struct smtp_mail *mail = m->delivery;
	struct smtp_message *g = &mail->message;
	struct fail f = { 0 };
	int author = smtp_author_read(m, t, g, &f);
	enum inbound_auto automatic = inbound_automatic(g->header, slice_str(m->s.config->domain));

	for (size_t i = from; i < from + n; i++) {
		struct delivery *d = &mail->v[i];

		if (!takes_automatic(d->route->form, automatic)) {
			bool loop = automatic == INBOUND_OWN_LOOP || automatic == INBOUND_HOPS;
			char text[200];

			snprintf(text, sizeof text, "automatic mail is not posted (%s)", inbound_auto_text(automatic));
			deliver_refuse(d, loop ? SMTP_LOOP : SMTP_REFUSED, text);
		} else if (d->route->form != FORM_BOUNCE && d->route->form != FORM_MAIL_TOKEN
			   && d->route->form != FORM_POSTMASTER && author < 0) {
			deliver_refuse(d, SMTP_BAD_CONTENT, f.text);
		} else {
			prepare_one(m, t, d);
		}
	}
}

/* ---- the job: on the writer ---- */

static int deliver_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct smtp_job *w = j->data;

	for (size_t i = 0; i < w->n; i++) {
		struct delivery *d = &w->v[i];
		int e;

		if (d->order)
			e = smtp_order_apply(t, j->arena, d->order, f);
		else if (d->route->form == FORM_GROUP || d->route->form == FORM_REPLY)
			e = deliver_post_apply(t, j, d, f);
		else if (d->route->form == FORM_AUTHOR)
			e = deliver_author_mail_apply(t, w->message_id, d, f);
		else if (d->route->form == FORM_MAIL_TOKEN)
			e = deliver_mail_token_apply(t, d, f);
		else if (d->route->form == FORM_OWNER || d->route->form == FORM_POSTMASTER)
			e = d->complaint ? deliver_complaint_apply(t, d, f) : smtp_forward_apply(t, &d->forward);
		else
			e = deliver_bounce_apply(t, w->message_id, d, f);
		if (e < 0)
			return e;
	}
	for (size_t i = 0; i < w->nreports; i++) {
		int e = mailq_add_notice(t, w->report_to, w->reports[i], NULL);

		if (e < 0)
			return e;
	}
	return 1;
}

struct refusal { struct slice message_id; char text[300]; };

static int refusal_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct refusal *r = j->data;

	(void)f;
	return trace_add(t, 0, r->message_id, "%s", r->text);
}

static void refusal_done(struct job *j) {
	job_free(&j);
}

/* Refusals are traced too, in the bulk lane and not more than ten a second: strangers must not make us write. */
static void trace_refusal(struct smtp_session *m, const struct delivery *d) {
	struct job *j;
	struct refusal *r;

	if (!m->delivery->message.message_id.n || !limits_rate(SLICE("mail-refusal-trace"), 600, 600))
		return;
	j = job_new(NULL, refusal_apply);
	r = ARENA_NEW(j->arena, struct refusal);
	r->message_id = arena_slice(j->arena, m->delivery->message.message_id);
	snprintf(r->text, sizeof r->text, "mail to %.*s: refused: %.200s", SLICE_ARG(slice_to(d->route->address, 80)),
		d->text);
	j->lane = JOB_BULK;
	j->done = refusal_done;
	j->data = r;
	writer_submit(writer_current(), j);
}

/* ---- answers ---- */

static void answer_one(struct smtp_session *m, struct delivery *d) {
	struct session *s = &m->s;
	const struct post_result *r = &d->post.result;

	if (d->refused) {
		stat_add(STAT_posts_refused, 1);
		session_log(s, "smtp mail refused to=%.*s msgid=%.*s why=\"%s\"", SLICE_ARG(d->route->address),
			SLICE_ARG(m->delivery->message.message_id), d->text);
		trace_refusal(m, d);
		smtp_reply(s, d->code, d->text[0] ? d->text : NULL);
		return;
	}
	session_log(s, "smtp mail ok to=%.*s msgid=%.*s post=%llu member=%u bytes=%zu", SLICE_ARG(d->route->address),
		SLICE_ARG(m->delivery->message.message_id), (unsigned long long)r->id, d->writer.member,
			m->delivery->message.raw.n);
	if (d->order || (d->route->form != FORM_GROUP && d->route->form != FORM_REPLY))
		smtp_reply(s, SMTP_OK, "done");
	else if (r->duplicate)
		smtp_reply(s, SMTP_OK, "there already");
	else if (r->state == POST_PENDING)
		smtp_reply(s, SMTP_OK, "queued for moderator approval");
	else
		smtp_replyf(s, SMTP_OK, "posted to %.*s", SLICE_ARG(d->route->group_name));
	if (r->id && !r->duplicate)
		stat_add(STAT_posts_in, 1);
}

static void answer_all(struct smtp_session *m) {
	struct smtp_mail *mail = m->delivery;
	struct delivery *worst = &mail->v[0];

	for (size_t i = 0; i < mail->n; i++) {
		if (m->lmtp)
			answer_one(m, &mail->v[i]);
		else if (mail->v[i].refused && !worst->refused)
			worst = &mail->v[i];
	}
	if (!m->lmtp)
		answer_one(m, worst);
	smtp_mail_reset(m);
}

/* ---- the order of things ---- */

static void fill_job(struct smtp_session *m, struct slice checked, struct job *j, size_t from, size_t n) {
	const struct smtp_mail *mail = m->delivery;
	struct smtp_job *w = ARENA_NEW(j->arena, struct smtp_job);

	w->message_id = arena_slice(j->arena, mail->message.message_id);
	w->report_to = arena_slice(j->arena, m->sender);
	deliver_success_reports(m, mail->v + from, n, j->arena, w);
	w->checked = arena_slice(j->arena, slice_to(checked, 600));
	w->v = arena_alloc(j->arena, n * sizeof *w->v);
	w->n = n;
	w->from = from;
	w->hold_seconds = mail->hold_seconds;
	for (size_t i = 0; i < n; i++) {
		struct smtp_route *r = ARENA_NEW(j->arena, struct smtp_route);

		w->v[i] = mail->v[from + i];
		*r = *w->v[i].route;
		r->address = arena_slice(j->arena, r->address);
		r->group_name = arena_slice(j->arena, r->group_name);
		r->token_text = arena_slice(j->arena, r->token_text);
		r->orcpt = SLICE("");
		w->v[i].route = r;
		w->v[i].draft.groups = &r->group;
		w->v[i].draft.ngroups = 1;
		w->v[i].post.draft = &w->v[i].draft;
	}
	j->data = w;
	j->size = mail->message.raw.n * n;
}

/* Prepare the deliveries [from, from+n) for one job. 1 there is something to store, 0 all refused. */
static int prepare_job(struct smtp_session *m, size_t from, size_t n) {
	struct smtp_mail *mail = m->delivery;
	struct forum_txn *t = session_read(&m->s);
	struct job *j = job_new(&m->s, deliver_apply);
	size_t refused = 0;

	mail->job = j;
	mail->raw = arena_slice(j->arena, mail->message.raw);
	if (t) {
		prepare_all(m, t, from, n);
		session_read_end(&m->s);
	}
	for (size_t i = from; i < from + n; i++) {
		if (!t)
			deliver_refuse(&mail->v[i], SMTP_TRY_LATER, "try again later");
		refused += mail->v[i].refused;
	}
	if (refused) {   /* n is 1, or all or nothing */
		job_free(&j);
		mail->job = NULL;
		return 0;
	}
	fill_job(m, m->verdict ? m->verdict_results : SLICE(""), j, from, n);
	return 1;
}

static enum step deliver_step(struct session *s) {
	struct smtp_session *m = smtp_of(s);
	struct smtp_mail *mail = m->delivery;

	while (mail->next < mail->n) {
		size_t from = mail->next, n = m->lmtp ? 1 : mail->n;

		mail->next += n;
		if (prepare_job(m, from, n)) {
			session_submit(s, mail->job);
			return STEP_WAIT;
		}
	}
	s->step = NULL;
	answer_all(m);
	return STEP_DONE;
}

void smtp_deliver_done(struct smtp_session *m, struct job *j) {
	struct smtp_job *w = j->data;

	for (size_t i = 0; i < w->n; i++) {
		struct delivery *d = &m->delivery->v[w->from + i];

		d->post.result = w->v[i].post.result;
		if (j->result <= 0)
			deliver_refuse_fail(d, &j->fail);
		else if (w->v[i].order && w->v[i].order->password)
			smtp_order_password(w->v[i].order->address, w->v[i].order->member);
		else if (w->v[i].order && w->v[i].order->export)
			smtp_order_export(w->v[i].order);
	}
	m->delivery->job = NULL;
}

enum step smtp_deliver(struct smtp_session *m) {
	struct smtp_mail *mail = ARENA_NEW(m->mail, struct smtp_mail);

	mail->message.raw = buf_slice(&m->data);
	mail->n = m->rcpt.n;
	mail->hold_seconds = m->s.config->hold_seconds;
	mail->v = arena_zalloc(m->mail, mail->n * sizeof *mail->v);
	for (size_t i = 0; i < mail->n; i++)
		mail->v[i].route = &m->rcpt.v[i];
	m->delivery = mail;
	m->s.step = deliver_step;
	return deliver_step(&m->s);
}
