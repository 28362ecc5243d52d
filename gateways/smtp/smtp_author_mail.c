/* smtp_author_mail.c - a private word to the author of a post, at the address that stands in the post: for members who
 * both said that they can be written to (set private=on). Neither learns the other's address: what is sent on is a mail
 * of our own with the words in it, from the sender's author address, so that an answer takes the same way back.
 *
 * Guards: who wrote must be proven; automatic mail was refused before; Forum-Loop marks what we sent; so many a day for
 * a sender; whoever turns private off is out of it at once. */
#include <stdio.h>
#include "forumd/base/num.h"
#include "forumd/forum/author.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/memo.h"
#include "forumd/mail/address.h"
#include "forumd/mail/build.h"
#include "forumd/mail/date.h"
#include "forumd/mail/field.h"
#include "forumd/mail/mime.h"
#include "forumd/mail/msgid.h"
#include "forumd/mail/words.h"
#include "gateways/smtp/smtp_deliver_private.h"

#define PRIVATE_A_DAY 20
#define PRIVATE_TEXT_MAX 16000
#define DAY 86400

static const char
	refusal[] = "authors are not reached in private here; answer in the thread, or write to the group's owner address";

int smtp_author_mail_route(struct smtp_session *m, struct forum_txn *t, struct slice token, struct smtp_route *r,
	struct fail *f) {
	struct member who;
	uint32_t id;

	(void)m;
	/* those who do not want it look like those who are not there */
	if (!num_parse_u32(token, &id) || member_get(t, id, &who) <= 0 || who.kind != MEMBER_ACCOUNT || !who.private_mail
	    || !member_takes_mail(&who))
		return fail_set(f, ERR_DENIED, "%s", refusal);
	r->token.member = id;
	return 1;
}

static struct slice day_key(struct forum_txn *t, uint32_t member) {
	return arena_slicef(forum_arena(t), "private:%u", member);
}

static uint32_t sent_today(struct forum_txn *t, uint32_t member) {
	struct slice v;

	return memo_get(t, MEMO_PACE, day_key(t, member), &v) > 0 && v.n == 4 ? num_get32(v.p) : 0;
}

void deliver_author_mail(struct smtp_session *m, struct forum_txn *t, struct delivery *d) {
	const struct smtp_message *g = &m->delivery->message;
	struct buf text = { 0 }, subject = { 0 }, raw = { 0 };
	struct member who;

	if (!d->writer.member || d->writer.proof == PROOF_NONE) {
		deliver_refuse(d, SMTP_REFUSED,
			"only members write to authors, and nothing proves that this mail is from one (no aligned DKIM or SPF); log in to send it");
		return;
	}
	if (member_get(t, d->writer.member, &who) <= 0 || !who.private_mail) {
		deliver_refuse(d, SMTP_REFUSED,
			"he could not answer you: first send  set private=on  to commands, so that you can be written to");
		return;
	}
	if (sent_today(t, who.id) >= PRIVATE_A_DAY) {
		deliver_refuse(d, SMTP_RATE, "you have written to many authors today, try again tomorrow");
		return;
	}
	mime_message_text(g->header, g->body, PRIVATE_TEXT_MAX, &text);
	if (!slice_trim(buf_slice(&text)).n) {
		deliver_refuse(d, SMTP_BAD_CONTENT, "there is no text in the mail, and attachments are not sent on");
	} else {
		field_get(g->header, "Subject", &raw);
		words_decode(buf_slice(&raw), &subject);
		d->words = arena_slice(m->delivery->job->arena, slice_to(buf_slice(&text), PRIVATE_TEXT_MAX));
		d->subject = arena_slice(m->delivery->job->arena, slice_to(buf_slice(&subject), 500));
	}
	buf_free(&text);
	buf_free(&subject);
	buf_free(&raw);
}

static void author_field(struct buf *out, const char *field, const struct member *who, struct slice domain) {
	struct buf v = { 0 }, local = { 0 };

	buf_addf(&local, "author-%u", who->id);
	address_write(&v, who->name, buf_slice(&local), domain);
	field_write(out, field, buf_slice(&v));
	buf_free(&v);
	buf_free(&local);
}

static void compose(struct forum_txn *t, const struct delivery *d, const struct member *from, const struct member *to,
	struct buf *out) {
	struct slice domain = slice_str(forum_domain(forum_of(t)));
	struct buf v = { 0 };

	author_field(out, "From", from, domain);
	author_field(out, "To", to, domain);
	words_encode(d->subject.n ? d->subject : SLICE("(no subject)"), &v);
	field_write(out, "Subject", buf_slice(&v));
	buf_reset(&v);
	date_write(&v, forum_time(t));
	field_write(out, "Date", buf_slice(&v));
	buf_reset(&v);
	msgid_new(&v, domain);
	field_write(out, "Message-ID", buf_slice(&v));
	field_write(out, "Forum-Loop", domain);
	buf_adds(out,
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
	build_qp(d->words, out);
	buf_addf(out,
		"\r\n--=20\r\nA private word to you alone; neither of you sees the other's address.\r\nNo more of these: send  set private=3Doff  to commands@%.*s\r\n",
		SLICE_ARG(domain));
	buf_free(&v);
}

int deliver_author_mail_apply(struct forum_txn *t, struct slice message_id, const struct delivery *d, struct fail *f) {
	struct member from, to;
	struct buf mail = { 0 };
	char n[4];
	int e;

	if (member_get(t, d->writer.member, &from) <= 0 || member_get(t, d->route->token.member, &to) <= 0 ||
		!from.private_mail || !to.private_mail || !member_takes_mail(&to))
		return fail_set(f, ERR_DENIED, "%s", refusal);
	compose(t, d, &from, &to, &mail);
	e = mailq_add_notice(t, to.addresses[0], buf_slice(&mail), NULL);
	buf_free(&mail);
	num_put32(n, sent_today(t, from.id) + 1);
	if (e > 0)
		e = memo_put(t, MEMO_PACE, day_key(t, from.id), slice_of(n, 4), forum_time(t) + DAY);
	if (e > 0)
		e = trace_add(t, 0, message_id, "private word of member %u sent on to member %u", from.id, to.id);
	return e < 0 ? fail_set(f, ERR_UNAVAILABLE, "try again later") : 1;
}
