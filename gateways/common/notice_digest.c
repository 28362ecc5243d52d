/* notice_digest.c - a member's digest: as many mails as the queue's limit for one asks for. Each post in it can be
 * answered by itself; and an answer to the whole names the posts by their numbers ("2: I agree"), for which the mail's
 * own Reply-To stands. */
#include <stdio.h>
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/forum/author.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/address.h"
#include "forumd/mail/build.h"
#include "forumd/mail/date.h"
#include "forumd/mail/field.h"
#include "forumd/mail/msgid.h"
#include "forumd/mail/words.h"
#include "gateways/common/notice_private.h"

#define TEXT_MAX 16000             /* quoted-printable may triple it */
#define DIGEST_MAX 50000
#define DIGEST_POST_MAX 12000
#define DIGEST_POSTS 150           /* in one mail: what a question can keep */
#define DIGEST_DAYS 30

struct digest {
	struct forum_txn *t;
	const struct member *m;
	struct buf body, list, posts;      /* posts: id u64, group u32 of each */
	unsigned n, parts;
	bool text;
	char boundary[40];
};

static void digest_begin(struct digest *d) {
	uint64_t r = (uint64_t)forum_time(d->t) * 1000 + d->parts;

	buf_reset(&d->body);
	buf_reset(&d->list);
	buf_reset(&d->posts);
	d->n = 0;
	snprintf(d->boundary, sizeof d->boundary, "=_digest_%llx_%x", (unsigned long long)r, d->m->id);
}

static void digest_header(struct digest *d, struct buf *out) {
	struct slice domain = notice_domain(d->t);
	struct buf v = { 0 };

	buf_addf(out, "From: %.*s <commands@%.*s>\r\nTo: %.*s\r\n", SLICE_ARG(domain), SLICE_ARG(domain),
		SLICE_ARG(d->m->addresses[0]));
	buf_addf(out, "Subject: Digest of %.*s: %u post%s%s\r\nDate: ", SLICE_ARG(domain), d->n, d->n == 1 ? "" : "s",
		d->parts ? " (continued)" : "");
	date_write(&v, forum_time(d->t));
	buf_add_slice(out, buf_slice(&v));
	buf_reset(&v);
	msgid_new(&v, domain);
	buf_addf(out,
		"\r\nMessage-ID: %.*s\r\nAuto-Submitted: auto-generated\r\nX-Auto-Response-Suppress: All\r\nPrecedence: bulk\r\n"
		"List-Id: <digest.%.*s>\r\nList-Help: <mailto:commands@%.*s?subject=help>\r\nMIME-Version: 1.0\r\n",
		SLICE_ARG(buf_slice(&v)), SLICE_ARG(domain), SLICE_ARG(domain));
	buf_free(&v);
}

/* where an answer to the whole goes */
static int digest_reply_to(struct digest *d, struct buf *out) {
	int64_t question = notice_ask(d->t, buf_slice(&d->posts), DIGEST_DAYS);
	struct slice local;

	if (question < 0)
		return (int)question;
	local = notice_answer_to(d->t, TOKEN_DIGEST, (uint64_t)question, d->m->id, 0, DIGEST_DAYS);
	buf_addf(out, "Reply-To: <%.*s@%.*s>\r\n", SLICE_ARG(local), SLICE_ARG(notice_domain(d->t)));
	return 1;
}

static int digest_send(struct digest *d) {
	struct buf mail = { 0 };
	int e;

	if (!d->n)
		return 1;
	if ((e = digest_reply_to(d, &mail)) < 0) {
		buf_free(&mail);
		return e;
	}
	buf_adds(&d->list, "\nTo answer, begin a paragraph with a number and a colon:  1: I agree.\n");
	digest_header(d, &mail);
	if (d->text) {
		buf_adds(&mail,
			"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
		build_qp(buf_slice(&d->list), &mail);
		buf_adds(&mail, "\r\n");
		build_qp(buf_slice(&d->body), &mail);
	} else {
		buf_addf(&mail,
			"Content-Type: multipart/mixed; boundary=\"%so\"\r\n\r\n--%so\r\nContent-Type: text/plain; charset=utf-8\r\n"
			"Content-Transfer-Encoding: quoted-printable\r\n\r\n",
			d->boundary, d->boundary);
		build_qp(buf_slice(&d->list), &mail);
		buf_addf(&mail, "\r\n--%so\r\nContent-Type: multipart/digest; boundary=\"%s\"\r\n\r\n", d->boundary,
			d->boundary);
		buf_add_slice(&mail, buf_slice(&d->body));
		buf_addf(&mail, "--%s--\r\n\r\n--%so--\r\n", d->boundary, d->boundary);
	}
	e = mailq_add_notice(d->t, d->m->addresses[0], buf_slice(&mail), NULL);
	buf_free(&mail);
	d->parts++;
	digest_begin(d);
	return e;
}

/* a post as a message of its own, which can be answered by itself */
static void digest_message(struct digest *d, const struct post *p, const struct group *g, struct slice text,
	struct buf *out) {
	struct buf v = { 0 };
	struct slice domain = notice_domain(d->t);
	struct slice to = notice_reply_to(d->t, p->id, d->m->id, g->id);

	buf_addf(&v, "%.*s via %.*s", SLICE_ARG(author_name(d->t, p->author, p->from)), SLICE_ARG(g->name));
	buf_addf(out, "--%s\r\n\r\n", d->boundary);
	buf_adds(out, "From: ");
	struct buf a = { 0 };
	address_write(&a, buf_slice(&v), g->name, domain);
	buf_addf(out, "%.*s\r\nReply-To: <%.*s@%.*s>\r\n", SLICE_ARG(buf_slice(&a)), SLICE_ARG(to), SLICE_ARG(domain));
	buf_reset(&v);
	words_encode(p->subject, &v);
	field_write(out, "Subject", buf_slice(&v));
	buf_reset(&v);
	date_write(&v, p->date);
	field_write(out, "Date", buf_slice(&v));
	field_write(out, "Message-ID", p->message_id);
	if (p->in_reply_to.n)
		field_write(out, "In-Reply-To", p->in_reply_to);
	if (p->references.n)
		field_write(out, "References", p->references);
	buf_adds(out,
		"MIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n");
	build_qp(text, out);
	buf_adds(out, "\r\n");
	buf_free(&v);
	buf_free(&a);
}

static void digest_plain(struct digest *d, const struct post *p, const struct group *g, struct slice text,
	struct buf *out) {
	struct slice to = notice_reply_to(d->t, p->id, d->m->id, g->id);

	buf_addf(out, "\n------ %u ------\nGroup:   %.*s\nFrom:    %.*s\nSubject: %.*s\nAnswer:  %.*s@%.*s\n\n%.*s\n",
		d->n + 1, SLICE_ARG(g->name), SLICE_ARG(author_name(d->t, p->author, p->from)), SLICE_ARG(p->subject),
		SLICE_ARG(to), SLICE_ARG(notice_domain(d->t)), SLICE_ARG(text));
}

static int digest_post(struct digest *d, const struct post *p, const struct group *g) {
	struct slice text = notice_readable(d->t, p, DIGEST_POST_MAX);
	struct buf one = { 0 };
	int e = 1;

	if (text.n >= DIGEST_POST_MAX - 4)
		text = arena_slicef(forum_arena(d->t), "%.*s\n[cut: the rest is in the forum]\n", SLICE_ARG(text));
	(d->text ? digest_plain : digest_message)(d, p, g, text, &one);
	if (d->n && (d->n >= DIGEST_POSTS || buf_len(&d->body) + buf_len(&one) > (d->text ? TEXT_MAX : DIGEST_MAX))) {
		e = digest_send(d);
		buf_reset(&one);
		(d->text ? digest_plain : digest_message)(d, p, g, text, &one);
	}
	d->n++;
	buf_addf(&d->list, "%3u. %.*s (%.*s, %.*s)\n", d->n, SLICE_ARG(notice_clip(p->subject, 150)),
		SLICE_ARG(notice_clip(author_name(d->t, p->author, p->from), 80)), SLICE_ARG(g->name));
	buf_add_slice(&d->body, buf_slice(&one));
	num_put64(buf_reserve(&d->posts, 12), p->id);
	buf_commit(&d->posts, 8);
	num_put32(buf_reserve(&d->posts, 4), g->id);
	buf_commit(&d->posts, 4);
	buf_free(&one);
	return e;
}

int notice_digest(struct forum_txn *t, uint32_t member, const struct mailq_digest *v, size_t n) {
	struct member m;
	struct digest d = { .t = t, .m = &m };
	struct post p;
	struct group g;
	int e = member_get(t, member, &m);

	if (e <= 0)
		return e < 0 ? e : 1;
	for (int text = 0; text < 2 && e > 0; text++) {
		d.text = text;
		digest_begin(&d);
		for (size_t i = 0; i < n && e > 0; i++)
			if (v[i].text == d.text && post_get(t, v[i].post, &p) > 0 && p.state == POST_VISIBLE &&
				post_number_in(&p, v[i].group) && group_get(t, v[i].group, &g) > 0 && rights_can_read(t, member, &g))
				e = digest_post(&d, &p, &g);
		if (e > 0)
			e = digest_send(&d);
	}
	buf_free(&d.body);
	buf_free(&d.list);
	buf_free(&d.posts);
	return e;
}
