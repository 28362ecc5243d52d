/* out_compose.c - a queue item becomes a frame in a sender's pipe. The copy of a post is made once and kept for
 * the run of its recipients; each gets an envelope sender (VERP), and Reply-To, List-Unsubscribe and signature of
 * his own, spliced in on the way into the pipe. The body is hashed for the signatures once. */
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/forum/author.h"
#include "forumd/forum/group.h"
#include "forumd/forum/member.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/address.h"
#include "forumd/mail/arc.h"
#include "forumd/mail/build.h"
#include "forumd/mail/field.h"
#include "forumd/mail/sender.h"
#include "gateways/common/post_in.h"
#include "gateways/common/reply_token.h"
#include "gateways/common/unsubscribe.h"
#include "gateways/out/out_private.h"

#define BOUNCE_DAYS 30

/* "local@domain" of the author line readers see */
static void author_spec(struct forum_txn *t, const struct post *p, struct buf *out)
{
	struct address_list list;

	address_parse(forum_arena(t), author_from(t, p->author, p->from), &list);
	if (list.n)
		address_write_spec(out, list.v[0].local, list.v[0].domain);
}

/* The signature goes in front of the mail. */
static void sign(struct out *o, struct buf *mail)
{
	struct buf signed_mail = { 0 };
	struct slice header, body;

	if (!o->dkim || !field_split(buf_slice(mail), &header, &body)
	    || dkim_sign(o->dkim, slice_str(o->config->domain), slice_str(o->config->dkim_selector), header, body, clock_now(),
	    &signed_mail) < 0) {
		buf_free(&signed_mail);
		return;
	}
	buf_add_slice(&signed_mail, buf_slice(mail));
	buf_free(mail);
	*mail = signed_mail;
}

/* The header of this recipient's copy, own fields in their place; and its signature. */
static void sign_copy(struct out *o, struct slice own, struct buf *out)
{
	struct slice mail = buf_slice(&o->copy.mail);
	struct buf header = { 0 };

	if (!o->dkim)
		return;
	buf_add_slice(&header, slice_to(mail, o->copy.reply_to));
	buf_add_slice(&header, own);
	buf_add_slice(&header, slice_sub(mail, o->copy.reply_to, o->copy.body - 2 - o->copy.reply_to));
	if (dkim_sign_hashed(o->dkim, slice_str(o->config->domain), slice_str(o->config->dkim_selector), buf_slice(&header),
	    o->copy.body_hash, clock_now(), out) < 0)
		log_error("out", "a mail cannot be signed and goes without");
	buf_free(&header);
}

/* What was seen of the author when his mail came, by us or by the server in front. Methods and results only: the properties
 * name his address or domain, which readers are not shown. */
static bool seen_of_author(struct out *o, struct forum_txn *t, const struct post *p, struct buf *results)
{
	struct buf mail = { 0 };
	struct slice header, body;
	bool found;

	buf_adds(results, o->config->domain);
	found = post_in_original(t, p, &mail) > 0;
	if (found) {
		field_split(buf_slice(&mail), &header, &body);
		found = sender_public_results(header, slice_str(o->config->domain), results);
		for (unsigned i = 0; !found && i < o->config->nlisten; i++) {
			const char *trust = o->config->listen[i].trust_authserv;

			found = trust && *trust && sender_public_results(header, slice_str(trust), results);
		}
	}
	buf_free(&mail);
	return found;
}

/* One seal fits all copies of a post: it covers nothing that differs (mail/arc.h). */
static void seal_copy(struct out *o, struct forum_txn *t, const struct post *p, struct slice header)
{
	struct buf results = { 0 };

	buf_reset(&o->copy.arc);
	if (o->dkim && o->config->arc_seal && p->source == POST_FROM_MAIL && seen_of_author(o, t, p, &results)
	    && arc_seal_first(o->dkim, slice_str(o->config->domain), slice_str(o->config->dkim_selector), buf_slice(&results), header,
	    o->copy.body_hash, clock_now(), &o->copy.arc) < 0)
		log_error("out", "a mail cannot be sealed and goes without");
	buf_free(&results);
}

static int make_copy(struct out *o, struct forum_txn *t, const struct post *p, const struct group *g)
{
	struct buf header = { 0 }, body = { 0 }, address = { 0 };
	struct build_copy c = { .message_id = p->message_id, .in_reply_to = p->in_reply_to, .references = p->references,
		.post_id = p->id };
	struct out_copy *copy = &o->copy;
	struct member author;
	struct slice head, text;
	int e = post_header(t, p, &header);

	if (e >= 0)
		e = post_body(t, p, 0, p->body_len, &body);
	copy->post = 0;
	buf_reset(&copy->mail);
	if (e >= 0) {
		author_spec(t, p, &address);
		c.header = buf_slice(&header);
		c.body = buf_slice(&body);
		c.author_name = author_name(t, p->author, p->from);
		c.author_address = buf_slice(&address);
		c.author_answers = member_get(t, p->author, &author) > 0 && author.private_mail && member_takes_mail(&author);
		c.list = (struct build_list){ .group = g->name, .title = g->title, .domain = slice_str(o->config->domain),
			.no_unsubscribe = true };
		build_list_copy(&copy->mail, &c, &copy->reply_to);
		field_split(buf_slice(&copy->mail), &head, &text);
		copy->body = buf_len(&copy->mail) - text.n;
		if (o->dkim)
			dkim_body_hash(text, copy->body_hash);
		seal_copy(o, t, p, head);
		copy->post = p->id;
		copy->group = g->id;
	}
	buf_free(&header);
	buf_free(&body);
	buf_free(&address);
	return e < 0 ? e : 1;
}

/* What was true when the item was made may not be any more: hidden posts, members who left or lost the group. */
static int load(struct out *o, struct forum_txn *t, const struct mailq_item *i, struct group *g_r)
{
	struct member who;
	struct post p;
	int e = post_get(t, i->post, &p);

	if (e < 0)
		return e;
	if (e == 0 || p.state != POST_VISIBLE || group_get(t, i->group, g_r) <= 0 || g_r->removed
	    || !post_number_in(&p, i->group))
		return OUT_DROP;
	if (i->member && (member_get(t, i->member, &who) <= 0 || !member_takes_mail(&who)
	    || !rights_can_read(t, i->member, g_r)))
		return OUT_DROP;
	if (o->copy.post != i->post || o->copy.group != i->group)
		return make_copy(o, t, &p, g_r);
	return 1;
}

static void add_token(struct forum_txn *t, const struct reply_token *k, struct buf *out)
{
	reply_token_make(forum_secret(t), k, out);
}

static void make_envelope_sender(struct out *o, struct forum_txn *t, const struct mailq_item *i, struct buf *out)
{
	struct reply_token k = { TOKEN_BOUNCE, i->id, i->member, i->group, clock_now() + BOUNCE_DAYS * 86400 };

	buf_adds(out, "bounce-");
	add_token(t, &k, out);
	buf_addf(out, "@%s", o->config->domain);
}

static void add_reply_to(struct out *o, struct forum_txn *t, const struct mailq_item *i, const struct group *g,
	struct buf *out)
{
	struct reply_token k = { TOKEN_REPLY, i->post, i->member, i->group,
		clock_now() + (int64_t)o->config->reply_days * 86400 };
	struct buf token = { 0 };

	if (!i->member)
		return;
	add_token(t, &k, &token);
	buf_adds(out, "Reply-To: <");
	reply_token_local(g->name, o->config->reply_separator, buf_slice(&token), out);
	buf_addf(out, "@%s>\r\n", o->config->domain);
	buf_free(&token);
}

static int give(struct out *o, const struct mailq_item *i, struct slice sender, const struct slice *pieces, size_t n)
{
	struct out_sender *s;
	size_t size = 0;

	for (size_t k = 0; k < n; k++)
		size += pieces[k].n;
	s = out_sender_free(o, size);
	if (!s)
		return 0;
	send_wire_begin_request(&s->out, i->id, sender, i->recipient, size);
	for (size_t k = 0; k < n; k++)
		buf_add_slice(&s->out, pieces[k]);
	out_sender_given(o, s, i, size);
	return 1;
}

static int compose_copy(struct out *o, struct forum_txn *t, const struct mailq_item *i)
{
	struct buf sender = { 0 }, own = { 0 }, signature = { 0 };
	struct group g;
	int e = load(o, t, i, &g);

	if (e == 1) {
		struct slice mail = buf_slice(&o->copy.mail);

		make_envelope_sender(o, t, i, &sender);
		add_reply_to(o, t, i, &g, &own);
		unsubscribe_fields(t, o->config, i->member, &g, &own);
		sign_copy(o, buf_slice(&own), &signature);
		e = give(o, i, buf_slice(&sender), (struct slice[]){ buf_slice(&o->copy.arc), buf_slice(&signature),
			slice_to(mail, o->copy.reply_to), buf_slice(&own), slice_from(mail, o->copy.reply_to) }, 5);
	}
	buf_free(&sender);
	buf_free(&own);
	buf_free(&signature);
	return e;
}

int out_compose(struct out *o, struct forum_txn *t, const struct mailq_item *i)
{
	struct slice local, domain;

	if (address_check_spec(i->recipient, false, &local, &domain) < 0 || !send_wire_address(i->recipient))
		return OUT_BAD;
	if (i->kind == MAILQ_COPY)
		return compose_copy(o, t, i);
	/* a notice answers or warns: nothing may come back for it (RFC 3834 3.3) */
	buf_reset(&o->notice);
	buf_add_slice(&o->notice, i->message);
	sign(o, &o->notice);
	return give(o, i, SLICE(""), (struct slice[]){ buf_slice(&o->notice) }, 1);
}
