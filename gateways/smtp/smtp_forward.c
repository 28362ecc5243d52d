/* smtp_forward.c - GROUP-owner@ to the group's moderators, postmaster@ and abuse@ (RFC 5321 4.5.1, RFC 2142) to the
 * administrators: the mail goes on as it came, inside a notice of ours, so that neither SPF nor DKIM of its sender is
 * in the way and a bounce of it comes back to nobody. Few a minute: strangers write there. */
#include <stdio.h>
#include "forumd/base/clock.h"
#include "forumd/base/rnd.h"
#include "forumd/forum/mailq.h"
#include "forumd/mail/date.h"
#include "forumd/mail/field.h"
#include "forumd/mail/inbound.h"
#include "forumd/mail/msgid.h"
#include "forumd/mail/words.h"
#include "forumd/run/limits.h"
#include "gateways/smtp/smtp_private.h"

#define FORWARD_TO_MAX 20
#define FORWARD_BYTES 40000        /* of the mail; notices are at most 60 KiB */
#define FORWARD_LINE 990

static size_t find_people(struct forum_txn *t, enum role role, uint32_t group, struct arena *a, struct slice *to) {
	uint32_t cursor = 0;
	struct member who;
	size_t n = 0;

	while (n < FORWARD_TO_MAX && member_each(t, &cursor, &who) > 0)
		if (member_takes_mail(&who) && member_has_role(&who, role, group))
			to[n++] = arena_slice(a, who.addresses[0]);
	return n;
}

/* whole lines, none too long, no NUL; cut at FORWARD_BYTES */
static void add_original(struct slice raw, struct buf *out) {
	struct slice line, rest = raw;

	while (slice_line(&rest, &line)) {
		if ((size_t)(line.p - raw.p) > FORWARD_BYTES) {
			buf_adds(out, "[the rest is left out]\r\n");
			return;
		}
		line = slice_to(line, FORWARD_LINE);
		for (size_t i = 0; i < line.n; i++)
			buf_addc(out, line.p[i] && line.p[i] != '\r' ? line.p[i] : '?');
		buf_adds(out, "\r\n");
	}
}

static void add_field(struct buf *out, const char *name, const char *fmt, struct slice value) {
	struct buf b = { 0 };

	buf_addf(&b, fmt, SLICE_ARG(value));
	field_write(out, name, buf_slice(&b));
	buf_free(&b);
}

static void write_notice(const struct config *c, const struct smtp_message *g, struct slice address, struct buf *out) {
	struct buf b = { 0 }, boundary = { 0 };

	buf_adds(&boundary, "forward-");
	rnd_add_id(&boundary);
	add_field(out, "From", "forumd <postmaster@%.*s>", slice_str(c->domain));
	add_field(out, "To", "<%.*s>", address);
	if (g->from_text.n)
		add_field(out, "Reply-To", "<%.*s>", g->from_text);
	buf_adds(&b, "Mail for ");
	buf_add_slice(&b, address);
	field_write(out, "Subject", buf_slice(&b));
	buf_reset(&b);
	date_write(&b, clock_now());
	field_write(out, "Date", buf_slice(&b));
	buf_reset(&b);
	msgid_new(&b, slice_str(c->domain));
	field_write(out, "Message-ID", buf_slice(&b));
	field_write(out, "Auto-Submitted", SLICE("auto-generated"));
	field_write(out, "X-Auto-Response-Suppress", SLICE("All"));
	field_write(out, "Precedence", SLICE("bulk"));
	field_write(out, "Forum-Loop", slice_str(c->domain));
	field_write(out, "MIME-Version", SLICE("1.0"));
	add_field(out, "Content-Type", "multipart/mixed; boundary=\"%.*s\"", buf_slice(&boundary));
	buf_addf(out,
		"\r\n--%.*s\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThis mail came for %.*s. Nothing proves who sent it.\r\n"
		"An answer goes to the address it gives as its own.\r\n\r\n--%.*s\r\nContent-Type: message/rfc822\r\n"
		"Content-Disposition: inline\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
		SLICE_ARG(buf_slice(&boundary)), SLICE_ARG(address), SLICE_ARG(buf_slice(&boundary)));
	add_original(g->raw, out);
	buf_addf(out, "\r\n--%.*s--\r\n", SLICE_ARG(buf_slice(&boundary)));
	buf_free(&b);
	buf_free(&boundary);
}

int smtp_forward_prepare(struct smtp_session *m, struct forum_txn *t, const struct smtp_message *g,
	const struct smtp_route *r, struct arena *a, struct smtp_forward *w_r, enum smtp_code *c_r, struct fail *f) {
	struct buf b = { 0 };
	char key[40];
	int n = snprintf(key, sizeof key, "mail-forward:%u", r->group);

	*c_r = SMTP_RATE;
	if (!limits_rate(slice_of(key, (size_t)n), 2, 10))
		return fail_set(f, ERR_LIMIT, "too much mail for this address in a short time, try again later");
	w_r->to = arena_alloc(a, FORWARD_TO_MAX * sizeof *w_r->to);
	w_r->n = r->form == FORM_OWNER ? find_people(t, ROLE_MODERATOR, r->group, a, w_r->to) : 0;
	if (!w_r->n)
		w_r->n = find_people(t, ROLE_ADMIN, 0, a, w_r->to);
	*c_r = SMTP_REFUSED;
	if (!w_r->n)
		return fail_set(f, ERR_DENIED,
			"nobody reads mail at this address; write to the postmaster of the parent domain");
	write_notice(m->s.config, g, r->address, &b);
	w_r->mail = arena_slice(a, buf_slice(&b));
	buf_free(&b);
	return 1;
}

int smtp_forward_apply(struct forum_txn *t, const struct smtp_forward *w) {
	int e = 1;

	for (size_t i = 0; i < w->n && e > 0; i++)
		e = mailq_add_notice(t, w->to[i], w->mail, NULL);
	return e;
}

int smtp_forward_complaint(struct forum_txn *t, struct arena *a, const struct smtp_message *g, char separator,
	struct reply_token *k_r) {
	struct slice original, rest, token;
	struct buf v = { 0 };
	int found = 0;

	if (inbound_complaint(a, g->header, g->body, &original) <= 0 || !field_get(original, "List-Unsubscribe", &v))
		return 0;
	rest = buf_slice(&v);
	while (!found && slice_split(&rest, ',', &token)) {
		ptrdiff_t at = slice_find(token, SLICE("mailto:"));
		struct smtp_local l;

		if (at < 0)
			continue;
		token = slice_from(token, (size_t)at + 7);
		at = slice_chr(token, '@');
		smtp_syntax_local(slice_to(token, at < 0 ? 0 : (size_t)at), separator, &l);
		found = l.form == FORM_MAIL_TOKEN && reply_token_check(t, l.token, k_r) == 1 && k_r->kind == TOKEN_UNSUBSCRIBE;
	}
	buf_free(&v);
	return found;
}
