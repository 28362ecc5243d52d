/* smtp_deliver_report.c - delivery reports, complaints, signed unsubscribing, and mail for those who run the place. */
#include <stdio.h>
#include "forumd/base/clock.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/token.h"
#include "forumd/mail/dsn_report.h"
#include "forumd/mail/inbound.h"
#include "forumd/run/limits.h"
#include "gateways/common/unsubscribe.h"
#include "gateways/smtp/smtp_deliver_private.h"

/* in one report: each 3 KB at most (ORCPT has 500 octets), and 16 KB of header; the queue takes 60 KB */
#define REPORT_RECIPIENTS 12

/* A complaint ends the subscription it is about. The token is in the report, or it is the address itself. */
static bool prepare_complaint(struct smtp_session *m, struct forum_txn *t, struct delivery *d) {
	const struct smtp_message *g = &m->delivery->message;
	struct slice original;

	if (inbound_complaint(m->mail, g->header, g->body, &original) <= 0)
		return false;
	if (smtp_forward_complaint(t, m->mail, g, m->s.config->reply_separator, &d->complained) > 0) {
		d->complaint = true;
	} else if (d->route->form == FORM_BOUNCE && d->route->token.member && d->route->token.group) {
		d->complained = d->route->token;
		d->complaint = true;
	}
	d->complained.kind = TOKEN_UNSUBSCRIBE;
	d->complained.id = 0;
	return d->complaint;
}

/* Only a report of a final failure counts: absence notes and delays come to the same address. 5.7.x is about the mail
 * (its content, our reputation), not about the address. */
void deliver_bounce(struct smtp_session *m, struct forum_txn *t, struct delivery *d) {
	const struct smtp_message *g = &m->delivery->message;
	struct inbound_dsn dsn;
	struct slice status;
	bool failed;

	if (prepare_complaint(m, t, d)) {
		d->bounce_text = SLICE("complaint");
		return;
	}
	if (inbound_dsn(m->mail, g->header, g->body, &dsn) <= 0) {
		if (m->sender.n)
			deliver_refuse(d, SMTP_REFUSED, "this address takes delivery reports only");
		d->bounce_text = SLICE("automatic mail, no delivery report");
		return;
	}
	status = slice_trim(dsn.status);
	failed = slice_is_nocase(slice_trim(dsn.action), "failed");
	d->soft_bounce = failed && status.n && status.p[0] == '4';
	d->hard_bounce = failed && !d->soft_bounce && (!status.n || status.p[0] == '5') &&
		!slice_starts(status, SLICE("5.7."));
	d->bounce_text = arena_slicef(m->delivery->job->arena, "%.*s %.*s", SLICE_ARG(slice_to(dsn.action, 20)),
		SLICE_ARG(slice_to(dsn.status, 20)));
}

void deliver_forward(struct smtp_session *m, struct forum_txn *t, struct delivery *d) {
	struct fail f = { 0 };
	enum smtp_code c = SMTP_REFUSED;

	if (d->route->form == FORM_POSTMASTER && prepare_complaint(m, t, d))
		return;
	if (smtp_forward_prepare(m, t, &m->delivery->message, d->route, m->delivery->job->arena, &d->forward, &c, &f) < 0)
		deliver_refuse(d, c, f.text);
}

/* RFC 3461 5.2: the original recipient as it was told us */
static void original_recipient(const struct smtp_route *r, struct arena *a, struct dsn_recipient *v) {
	ptrdiff_t semicolon = slice_chr(r->orcpt, ';');
	struct buf b = { 0 };

	if (semicolon < 0)
		return;
	v->original_type = slice_to(r->orcpt, (size_t)semicolon);
	smtp_syntax_xtext(slice_from(r->orcpt, (size_t)semicolon + 1), &b);
	v->original = arena_slice(a, buf_slice(&b));
	buf_free(&b);
}

void deliver_success_reports(struct smtp_session *m, const struct delivery *v, size_t n, struct arena *a,
	struct smtp_job *w) {
	struct dsn_report r = { .domain = slice_str(m->s.config->domain),
		.to = m->sender,
		.header = m->delivery->message.header,
		.arrival = clock_now() };
	struct dsn_recipient *who = arena_zalloc(a, n * sizeof *who);
	struct buf out = { 0 }, id = { 0 };
	size_t count = 0;

	for (size_t i = 0; i < n; i++) {
		if (!v[i].route->report)
			continue;
		who[count].address = v[i].route->address;
		original_recipient(v[i].route, a, &who[count++]);
	}
	smtp_syntax_xtext(m->envid, &id);
	r.envelope_id = buf_slice(&id);
	w->reports = arena_alloc(a, (count / REPORT_RECIPIENTS + 1) * sizeof *w->reports);
	w->nreports = 0;
	for (size_t at = 0; at < count; at += REPORT_RECIPIENTS) {
		buf_reset(&out);
		dsn_report(&out, &r, who + at, count - at < REPORT_RECIPIENTS ? count - at : REPORT_RECIPIENTS);
		w->reports[w->nreports++] = arena_slice(a, buf_slice(&out));
	}
	buf_free(&out);
	buf_free(&id);
}

/* programs that answer by themselves stop no mail and start none; nothing else about the mail matters */
void deliver_mail_token(struct delivery *d) {
	char key[32];
	int n = snprintf(key, sizeof key, "mail-token:%u", d->route->token.member);

	if (!limits_rate(slice_of(key, (size_t)n), 6, 6))
		deliver_refuse(d, SMTP_RATE, "too many requests in a short time, try again later");
}

int deliver_complaint_apply(struct forum_txn *t, struct delivery *d, struct fail *f) {
	struct config *c = config_current();
	int e = unsubscribe_apply(t, c, &d->complained, "complaint", f);

	config_unref(&c);
	return e == ERR_NOTFOUND ? 1 : e;
}

/* The token is spent with the first failure it reports: a storm of reports counts once. */
int deliver_bounce_apply(struct forum_txn *t, struct slice message_id, struct delivery *d, struct fail *f) {
	const struct reply_token *k = &d->route->token;
	int e = 1;

	if (d->complaint)
		return deliver_complaint_apply(t, d, f);
	if ((d->hard_bounce || d->soft_bounce) && !token_is_revoked(t, d->route->token_text)) {
		if ((e = token_revoke(t, d->route->token_text, k->expires)) < 0)
			return fail_set(f, (enum err)e, "try again later");
		if (k->member)
			e = d->hard_bounce ? member_note_bounce(t, k->member) : member_note_bounce_soft(t, k->member);
		if (e < 0 && e != ERR_NOTFOUND)
			return fail_set(f, (enum err)e, "try again later");
	}
	if (e == 2) {
		struct config *c = config_current();

		notice_paused(t, c, k->member);
		config_unref(&c);
	}
	trace_add(t, 0, message_id, "bounce of queue item %llu, member %u: %.*s%s", (unsigned long long)k->id, k->member,
		SLICE_ARG(d->bounce_text), d->hard_bounce ? ", counted" : d->soft_bounce ? ", counted half" : "");
	return 1;
}

int deliver_mail_token_apply(struct forum_txn *t, struct delivery *d, struct fail *f) {
	struct config *c = config_current();
	int e = unsubscribe_apply(t, c, &d->route->token, "mail", f);

	config_unref(&c);
	return e;
}
