/* out_compose.c - a queue item becomes a frame in a sender's pipe. The copy of a post is made once and kept for
 * the run of its recipients; each gets an envelope sender (VERP), and Reply-To, List-Unsubscribe and signatures of
 * his own (out_sign.c), spliced in on the way into the pipe. The body is hashed for the signatures once. */
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
#include "forumd/mail/subject.h"
#include "gateways/common/post_in.h"
#include "gateways/common/reply_token.h"
#include "gateways/common/thread_index.h"
#include "gateways/common/unsubscribe.h"
#include "gateways/out/out_private.h"

#define BOUNCE_DAYS 30

/* "local@domain" of the author line readers see */
static void author_spec(struct forum_txn *t, const struct post *p, struct buf *out) {
	struct address_list list;

	address_parse(forum_arena(t), author_from(t, p->author, p->from), &list);
	if (list.n)
		address_write_spec(out, list.v[0].local, list.v[0].domain);
}

/* What was seen of the author when his mail came, by us or by the server in front. Methods and results only: the
 * properties name his address or domain, which readers are not shown. */
static bool seen_of_author(struct out *o, struct slice header, struct buf *results) {
	bool found = sender_public_results(header, slice_str(o->config->domain), results);

	for (unsigned i = 0; !found && i < o->config->nlisten; i++) {
		const char *trust = o->config->listen[i].trust_authserv;

		found = trust && *trust && sender_public_results(header, slice_str(trust), results);
	}
	return found;
}

/* A chain that came is carried on where the operator wants that (it names people) and where it was looked at. */
static int seal(struct out *o, struct slice came, struct slice results, struct slice header, struct out_copy *copy) {
	const struct arc_sealer k = { o->keys[0].key, slice_str(o->config->domain), slice_str(o->keys[0].selector),
		clock_now() };
	bool passed = slice_find(results, SLICE("; arc=pass")) >= 0;
	int e = 0;

	if (o->config->arc_carry && (passed || slice_find(results, SLICE("; arc=fail")) >= 0))
		e = arc_seal_next(&k, came, passed, results, header, copy->body_hash, &copy->arc);
	return e ? e : arc_seal_first(&k, results, header, copy->body_hash, &copy->arc);
}

/* One seal fits all copies of a post: it covers nothing that differs (mail/arc.h). */
static void seal_copy(struct out *o, struct forum_txn *t, const struct post *p, struct slice header,
	struct out_copy *copy) {
	struct buf results = { 0 }, mail = { 0 };
	struct slice came, body;

	if (!o->keys[0].key || !o->config->arc_seal || p->source != POST_FROM_MAIL || post_in_original(t, p, &mail) <= 0) {
		buf_free(&mail);
		return;
	}
	field_split(buf_slice(&mail), &came, &body);
	buf_adds(&results, o->config->domain);
	if (seen_of_author(o, came, &results) && seal(o, came, buf_slice(&results), header, copy) < 0)
		log_error("out", "a mail cannot be sealed and goes without");
	buf_free(&results);
	buf_free(&mail);
}

static size_t copy_octets(const struct out_copy *c) {
	return buf_len(&c->mail) + buf_len(&c->arc);
}

void out_copy_drop(struct out *o, struct out_copy **c) {
	struct out_copy *copy = *c;

	*c = NULL;
	if (!copy || --copy->refs)
		return;
	o->octets -= copy_octets(copy);
	buf_free(&copy->mail);
	buf_free(&copy->arc);
	mem_free(copy);
}

/* When it came out as before, the one that is hashed and sealed already stays. */
static void keep_copy(struct out *o, struct forum_txn *t, const struct post *p, struct out_copy *copy) {
	struct slice head, text;

	if (o->copy && o->copy->post == copy->post && o->copy->group == copy->group
	    && slice_eq(buf_slice(&o->copy->mail), buf_slice(&copy->mail))) {
		o->octets += copy_octets(copy);
		out_copy_drop(o, &copy);
		return;
	}
	out_copy_drop(o, &o->copy);
	field_split(buf_slice(&copy->mail), &head, &text);
	copy->body = buf_len(&copy->mail) - text.n;
	if (o->keys[0].key)
		dkim_body_hash(text, copy->body_hash);
	seal_copy(o, t, p, head, copy);
	o->octets += copy_octets(copy);
	o->copy = copy;
}

static int make_copy(struct out *o, struct forum_txn *t, const struct post *p, const struct group *g) {
	struct buf header = { 0 }, body = { 0 }, address = { 0 }, index = { 0 }, topic = { 0 };
	struct build_copy c = { .message_id = p->message_id, .in_reply_to = p->in_reply_to, .references = p->references,
		.post_id = p->id };
	struct out_copy *copy;
	struct member author;
	int e = post_header(t, p, &header);

	if (e >= 0)
		e = post_body(t, p, 0, p->body_len, &body);
	if (e >= 0) {
		author_spec(t, p, &address);
		thread_index_make(t, p, &index);
		subject_base(p->subject, &topic);
		c.thread_index = buf_slice(&index);
		c.thread_topic = buf_slice(&topic);
		c.header = buf_slice(&header);
		c.body = buf_slice(&body);
		c.author_name = author_name(t, p->author, p->from);
		c.author_address = buf_slice(&address);
		c.author_answers = member_get(t, p->author, &author) > 0 && author.private_mail && member_takes_mail(&author);
		c.list = (struct build_list){ .group = g->name, .title = g->title, .domain = slice_str(o->config->domain),
			.no_unsubscribe = true };
		copy = mem_zalloc(sizeof *copy);
		*copy = (struct out_copy){ .refs = 1, .post = p->id, .group = g->id };
		build_list_copy(&copy->mail, &c, &copy->reply_to);
		keep_copy(o, t, p, copy);
		o->copy_stale = false;
	}
	buf_free(&header);
	buf_free(&body);
	buf_free(&address);
	buf_free(&index);
	buf_free(&topic);
	return e < 0 ? e : 1;
}

/* What was true when the item was made may not be any more: hidden posts, members who left or lost the group. */
static int load(struct out *o, struct forum_txn *t, const struct mailq_item *i, struct group *g_r) {
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
	if (!o->copy || o->copy_stale || o->copy->post != i->post || o->copy->group != i->group)
		return make_copy(o, t, &p, g_r);
	return 1;
}

static void add_token(struct forum_txn *t, const struct reply_token *k, struct buf *out) {
	reply_token_make(forum_secret(t), k, out);
}

static void make_envelope_sender(struct out *o, struct forum_txn *t, const struct mailq_item *i, struct buf *out) {
	struct reply_token k = { TOKEN_BOUNCE, i->id, i->member, i->group, clock_now() + BOUNCE_DAYS * 86400 };

	buf_adds(out, "bounce-");
	add_token(t, &k, out);
	buf_addf(out, "@%s", o->config->domain);
}

static void add_reply_to(struct out *o, struct forum_txn *t, const struct mailq_item *i, const struct group *g,
	struct buf *out) {
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

static void mail_free(struct out *o, struct out_mail *m) {
	out_copy_drop(o, &m->copy);
	buf_free(&m->sender);
	buf_free(&m->recipient);
	buf_free(&m->own);
	buf_free(&m->signature);
	mem_free(m);
}

/* Takes the mail; unsigned ones are ready at once. */
static void add_mail(struct out *o, struct out_mail *m) {
	o->mails[o->nmails++] = m;
	o->octets += buf_len(&m->own);
	out_domain_begin(o, m->domain);
	if (o->keys[0].key && out_sign_put(o, m))
		return;
	if (o->keys[0].key)
		out_sign(o, m);
	atomic_store(&m->ready, true);
}

/* false: no sender has room */
static bool give(struct out *o, const struct out_mail *m) {
	struct slice own = buf_slice(&m->own), signature = buf_slice(&m->signature),
				 mail = m->copy ? buf_slice(&m->copy->mail) : SLICE("");
	size_t reply_to = m->copy ? m->copy->reply_to : 0, size = 0;
	struct slice pieces[] = { m->copy ? buf_slice(&m->copy->arc) : SLICE(""), signature, slice_to(mail, reply_to), own,
		slice_from(mail, reply_to) };
	struct out_sender *s;

	for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++)
		size += pieces[k].n;
	s = out_sender_free(o, size, o->domains[m->domain].slow);
	if (!s)
		return false;
	send_wire_begin_request(&s->out, m->id, buf_slice(&m->sender), buf_slice(&m->recipient), size);
	for (size_t k = 0; k < sizeof pieces / sizeof *pieces; k++)
		buf_add_slice(&s->out, pieces[k]);
	out_sender_given(o, s, m, size);
	return true;
}

/* Those that are ready leave the list: to a sender, or forgotten. */
static void leave(struct out *o, bool to_sender) {
	unsigned kept = 0;

	for (unsigned i = 0; i < o->nmails; i++) {
		struct out_mail *m = o->mails[i];

		if (atomic_load(&m->ready) && (!to_sender || give(o, m))) {
			if (!to_sender)
				out_domain_end(o, m->domain);
			o->octets -= buf_len(&m->own);
			mail_free(o, m);
		} else {
			o->mails[kept++] = m;
		}
	}
	o->nmails = kept;
}

void out_give(struct out *o) {
	leave(o, true);
}

void out_forget(struct out *o) {
	leave(o, false);
}

static int compose_copy(struct out *o, struct forum_txn *t, const struct mailq_item *i, struct out_mail *m) {
	struct group g;
	int e = load(o, t, i, &g);

	if (e != 1)
		return e;
	m->copy = o->copy;
	m->copy->refs++;
	make_envelope_sender(o, t, i, &m->sender);
	add_reply_to(o, t, i, &g, &m->own);
	unsubscribe_fields(t, o->config, i->member, &g, &m->own);
	return 1;
}

int out_compose(struct out *o, struct forum_txn *t, const struct mailq_item *i) {
	struct slice local, domain;
	struct out_mail *m;
	int e = 1;

	if (address_check_spec(i->recipient, false, &local, &domain) < 0 || !send_wire_address(i->recipient))
		return OUT_BAD;
	m = mem_zalloc(sizeof *m);
	m->id = i->id;
	m->expires = i->expires;
	m->domain = out_domain_of(i->recipient);
	buf_add_slice(&m->recipient, i->recipient);
	if (i->kind == MAILQ_COPY)
		e = compose_copy(o, t, i, m);
	else                /* a notice answers or warns: nothing may come back for it (RFC 3834 3.3) */
		buf_add_slice(&m->own, i->message);
	if (e == 1)
		add_mail(o, m);
	else
		mail_free(o, m);
	return e;
}
