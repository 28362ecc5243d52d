/* smtp_deliver.c - the text is here: decide for each recipient, store, answer after the commit.
 *
 * SMTP has one answer for all recipients, so there all of them are one job: one child transaction, all or
 * nothing. LMTP answers each, so there each is a job of its own. A mail to two groups is one post with two places.
 * A mail that comes again (same Message-ID, same text) is answered 250 and stored once, since the sender's MTA
 * only lost our answer. Every mail ends in exactly one of: posted, held, done (a bounce, a subscription), refused;
 * and the trace says which. */
#include <stdio.h>
#include "gateways/smtp/smtp_order.h"
#include "forumd/base/stat.h"
#include "forumd/base/digest.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/subscribe.h"
#include "forumd/forum/token.h"
#include "forumd/mail/inbound.h"
#include "forumd/run/limits.h"
#include "forumd/run/writer.h"
#include "forumd/base/clock.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/mail/field.h"
#include "forumd/mail/msgid.h"
#include "forumd/mail/trim.h"
#include "forumd/base/base64.h"
#include "gateways/common/post_in.h"
#include "gateways/common/unsubscribe.h"

struct delivery {
	const struct smtp_route *route;
	struct smtp_writer writer;
	/* the answer */
	bool refused;
	enum smtp_code code;
	char text[240];
	/* what to store */
	struct post_draft draft;
	struct post_in_job post;
	struct post_in_cut cut;
	struct smtp_order *order;  /* in the job's arena: this mail is no post */
	struct slice receipt_to, alias, index;   /* address; ids this mail answers under other names; Thread-Index */
	uint64_t thread;           /* of the post answered, 0 not known */
	struct slice text_key;
	bool hard_bounce, soft_bounce, complaint;
	struct reply_token complained;   /* its subscription ends */
	struct smtp_forward forward;
	struct slice bounce_text;
};
struct smtp_mail {
	struct smtp_message message;
	struct delivery *v;
	size_t n, next;            /* next: LMTP, the recipient to store */
	struct job *job;           /* being filled */
	struct slice raw;          /* the mail, in the job's arena: drafts point into it */
	unsigned hold_seconds;
};
/* Of one job: copies of deliveries, in order. The session may end while the job is under way, so that nothing in here
 * points into it; the results are copied back when both meet again. */
struct smtp_job { struct slice message_id; struct delivery *v; size_t n, from; unsigned hold_seconds; };

static void refuse(struct delivery *d, enum smtp_code c, const char *text)
{
	d->refused = true;
	d->code = c;
	snprintf(d->text, sizeof d->text, "%s", text);
}

static void refuse_fail(struct delivery *d, const struct fail *f)
{
	enum smtp_code c = smtp_reply_of(f->code);

	/* a group that went away or is none of his must look like any other missing address */
	refuse(d, c, c == SMTP_NO_ADDRESS ? "no such address here" : f->text);
}

/* ---- before the job: on the worker ---- */

static bool within_rate(struct smtp_session *m, uint32_t member)
{
	char key[32];
	unsigned max = m->s.config->posts_per_minute;
	int n = snprintf(key, sizeof key, "mail-post:%u", member);

	return !max || limits_rate(slice_of(key, (size_t)n), max, max);
}

/* ---- commands ---- */

static struct smtp_order *new_order(struct smtp_session *m, struct forum_txn *t, struct delivery *d)
{
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
	if (d->route->form == FORM_REPLY || (o->answer && o->from_token == TOKEN_RECEIPT))
		o->post = d->route->token.id;
	if (o->answer && o->from_token != TOKEN_RECEIPT)
		o->question = d->route->token.id;
	return o;
}

static struct slice first_line(struct slice text)
{
	struct slice line;

	while (slice_line(&text, &line))
		if (slice_trim(line).n)
			return slice_trim(line);
	return slice_of("", 0);
}

/* the mail's own words; the subject when there are none */
static struct slice own_text(struct smtp_session *m, struct arena *a, bool subject_too)
{
	const struct smtp_message *g = &m->delivery->message;
	struct buf b = { 0 };
	struct trim_info info;
	struct slice s;

	trim_reply(g->header, g->body, slice_of("", 0), &b, &info);
	if (subject_too && !first_line(buf_slice(&b)).n) {
		buf_reset(&b);
		field_get(g->header, "Subject", &b);
	}
	s = arena_slice(a, slice_to(buf_slice(&b), 20000));
	buf_free(&b);
	return s;
}

static void prepare_order(struct smtp_session *m, struct forum_txn *t, struct delivery *d)
{
	static const char *const words[] = {
		[FORM_SUBSCRIBE] = "subscribe", [FORM_UNSUBSCRIBE] = "unsubscribe", [FORM_HELP] = "help",
	};
	struct arena *a = m->delivery->job->arena;
	struct smtp_order *o = new_order(m, t, d);
	char key[64];
	int n = snprintf(key, sizeof key, "mail-notice:%u", d->writer.member);

	if (!limits_rate(slice_of(key, (size_t)n), d->writer.member ? 30 : 60, 30)) {
		refuse(d, SMTP_RATE, "too many requests in a short time, try again later");
		return;
	}
	o->text = own_text(m, a, d->route->form == FORM_COMMANDS);
	if (d->route->form == FORM_COMMANDS || o->answer)
		smtp_order_parse(first_line(o->text), o);
	else
		smtp_order_parse(slice_str(words[d->route->form]), o);
	if (o->verb == VERB_NONE && !(o->answer && o->from_token == TOKEN_CASE)) {
		refuse(d, SMTP_REFUSED, o->answer ? "that word is not understood here" : "this is no command; send the word help");
		return;
	}
	d->order = o;
}

/* A mail to a group or a post whose only line is a command. True: it is no post. */
static bool prepare_alone(struct smtp_session *m, struct forum_txn *t, struct delivery *d, struct slice text)
{
	struct smtp_order *o;
	struct slice line = first_line(text);

	if (slice_trim(text).n != line.n || line.n > 300)
		return false;
	o = new_order(m, t, d);
	line = arena_slice(m->delivery->job->arena, line);
	if (!smtp_order_parse(line, o))
		return false;
	if (d->route->form == FORM_GROUP) {
		/* a word to a whole group: what only the sender wants to hear */
		if (o->rest.n || (o->verb != VERB_JOIN && o->verb != VERB_SUBSCRIBE && o->verb != VERB_UNSUBSCRIBE && o->verb != VERB_HELP))
			return false;
	} else if (!smtp_order_alone(o)) {
		return false;
	}
	d->order = o;
	return true;
}

/* ---- posts ---- */

/* The post that ids nobody here has stand for: rewritten on the way, or only a Thread-Index. */
static uint64_t find_alias(struct smtp_session *m, struct forum_txn *t, struct delivery *d, enum parent_reason *reason_r)
{
	struct slice header = m->delivery->message.header, id, v;
	struct buf b = { 0 }, index = { 0 };
	uint64_t found = 0;
	struct post p;
	bool known = false;

	field_get(header, "In-Reply-To", &b);
	buf_addc(&b, ' ');
	field_get(header, "References", &b);
	for (struct slice rest = buf_slice(&b); !known && msgid_next(&rest, &id);)
		known = post_by_msgid(t, id, &p) > 0;
	for (struct slice rest = buf_slice(&b); !known && !found && msgid_next(&rest, &id);) {
		d->alias = d->alias.n ? d->alias : arena_slice(m->delivery->job->arena, id);
		if (memo_get(t, MEMO_ALIAS, id, &v) > 0 && v.n == 8)
			found = num_get64(v.p);
	}
	*reason_r = PARENT_IN_REPLY_TO;
	buf_reset(&b);
	if (field_get(header, "Thread-Index", &b) && base64_decode(buf_slice(&b), &index) && buf_len(&index) >= 22) {
		struct slice whole = buf_slice(&index);

		d->index = arena_slice(m->delivery->job->arena, slice_to(whole, 500));
		/* an answer has five octets more than what it answers */
		for (size_t n = whole.n; !known && !found && n >= 22 + 5; n -= 5) {
			if (memo_get(t, MEMO_ALIAS, slice_to(whole, n - 5), &v) > 0 && v.n == 8) {
				found = num_get64(v.p);
				*reason_r = PARENT_THREAD_INDEX;
			}
		}
	}
	if (found && (post_get(t, found, &p) <= 0 || p.state != POST_VISIBLE || !rights_can_see(t, d->writer.member, &p)
	    || !post_number_in(&p, d->route->group)))
		found = 0;
	buf_free(&b);
	buf_free(&index);
	return found;
}

#define AGAIN_MIN 40               /* octets of text */
#define PACE_MAX 20                /* mails of one member to one thread in an hour */
#define PACE_SAME_MAX 3            /* that say the same: a machine answers */

static struct slice member_key(struct arena *a, uint32_t member, uint64_t n)
{
	char *p = arena_alloc(a, 12);

	num_put32(p, member);
	num_put64(p + 4, n);
	return slice_of(p, n ? 12 : 4);
}

static uint32_t count_of(struct forum_txn *t, enum memo kind, struct slice key)
{
	struct slice v;

	return memo_get(t, kind, key, &v) > 0 && v.n == 4 ? num_get32(v.p) : 0;
}

/* what an attentive secretary would ask about before sending it to everybody; NULL: nothing */
static const char *doubt(struct smtp_session *m, struct forum_txn *t, struct delivery *d)
{
	struct arena *a = m->delivery->job->arena;
	struct slice text = slice_trim(d->cut.text), v;
	unsigned char hash[32];
	char *key = arena_alloc(a, 36);

	if (slice_starts_nocase(text, SLICE("private:")) || slice_starts_nocase(text, SLICE("just to you")))
		return HOLD_PRIVATE;
	digest_sha256(arena_slicef(a, "%u %llu %.*s\n%.*s", d->route->group, (unsigned long long)d->draft.reply_to,
		SLICE_ARG(d->draft.subject), SLICE_ARG(text)), hash);
	num_put32(key, d->writer.member);
	memcpy(key + 4, hash, 32);
	d->text_key = slice_of(key, 36);
	/* short ones are said twice and meant twice */
	if (text.n >= AGAIN_MIN && memo_get(t, MEMO_MAIL, d->text_key, &v) > 0 && !slice_eq(v, d->draft.message_id))
		return HOLD_AGAIN;
	if (d->thread && d->writer.proof != PROOF_LOGIN && (count_of(t, MEMO_PACE, member_key(a, d->writer.member, d->thread)) >= PACE_MAX
	    || count_of(t, MEMO_PACE, d->text_key) >= PACE_SAME_MAX))
		return HOLD_PACE;
	if (memo_get(t, MEMO_FIRST, member_key(a, d->writer.member, 0), &v) > 0)
		return HOLD_FIRST;
	return NULL;
}

static void prepare_post(struct smtp_session *m, struct forum_txn *t, struct delivery *d)
{
	struct arena *a = m->delivery->job->arena;
	struct fail f = { 0 };
	const char *why;
	struct post parent;
	struct post_in in = {
		.source = POST_FROM_MAIL, .member = d->writer.member, .groups = &d->route->group, .ngroups = 1,
		.hold = d->writer.hold, .hold_reason = slice_str(d->writer.hold_reason ? d->writer.hold_reason : ""),
		.trim = true, .cut = &d->cut, .max_size = m->s.config->message_size, .path_host = slice_str(m->s.config->domain),
	};

	if (!within_rate(m, d->writer.member)) {
		refuse(d, SMTP_RATE, "too many posts in a short time, try again later");
		return;
	}
	in.reply_to = find_alias(m, t, d, &in.reply_reason);
	if (d->route->form == FORM_REPLY) {
		in.reply_to = d->route->token.id;
		in.reply_reason = PARENT_REPLY_KEY;
	}
	if (in.reply_to && post_get(t, in.reply_to, &parent) > 0)
		d->thread = parent.thread;
	if (post_in_parse(t, &in, m->delivery->raw, a, &d->draft, &f) < 0) {
		if (!prepare_alone(m, t, d, d->cut.text))
			refuse_fail(d, &f);
		return;
	}
	if (prepare_alone(m, t, d, d->cut.text))
		return;
	if (!d->draft.hold && (why = doubt(m, t, d))) {
		d->draft.hold = d->writer.hold = true;
		d->draft.hold_reason = slice_str(why);
		d->writer.hold_reason = why;
	}
	d->post.member = d->writer.member;
	d->receipt_to = new_order(m, t, d)->address;
}

/* A complaint ends the subscription it is about. The token is in the report, or it is the address itself. */
static bool prepare_complaint(struct smtp_session *m, struct forum_txn *t, struct delivery *d)
{
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
static void prepare_bounce(struct smtp_session *m, struct forum_txn *t, struct delivery *d)
{
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
			refuse(d, SMTP_REFUSED, "this address takes delivery reports only");
		d->bounce_text = SLICE("automatic mail, no delivery report");
		return;
	}
	status = slice_trim(dsn.status);
	failed = slice_is_nocase(slice_trim(dsn.action), "failed");
	d->soft_bounce = failed && status.n && status.p[0] == '4';
	d->hard_bounce = failed && !d->soft_bounce && (!status.n || status.p[0] == '5') && !slice_starts(status, SLICE("5.7."));
	d->bounce_text = arena_slicef(m->delivery->job->arena, "%.*s %.*s", SLICE_ARG(slice_to(dsn.action, 20)),
		SLICE_ARG(slice_to(dsn.status, 20)));
}

static void prepare_forward(struct smtp_session *m, struct forum_txn *t, struct delivery *d)
{
	struct fail f = { 0 };
	enum smtp_code c = SMTP_REFUSED;

	if (d->route->form == FORM_POSTMASTER && prepare_complaint(m, t, d))
		return;
	if (smtp_forward_prepare(m, t, &m->delivery->message, d->route, m->delivery->job->arena, &d->forward, &c, &f) < 0)
		refuse(d, c, f.text);
}

/* programs that answer by themselves stop no mail and start none; nothing else about the mail matters */
static void prepare_mail_token(struct delivery *d)
{
	char key[32];
	int n = snprintf(key, sizeof key, "mail-token:%u", d->route->token.member);

	if (!limits_rate(slice_of(key, (size_t)n), 6, 6))
		refuse(d, SMTP_RATE, "too many requests in a short time, try again later");
}

static void prepare_one(struct smtp_session *m, struct forum_txn *t, struct delivery *d)
{
	struct fail f = { 0 };
	enum smtp_code c;

	if (smtp_author_find(m, t, &m->delivery->message, d->route, &d->writer, &c, &f) < 0) {
		/* a stranger's one word join */
		if (d->route->form != FORM_GROUP || m->delivery->message.from_member || c == SMTP_NO_ADDRESS
		    || !prepare_alone(m, t, d, own_text(m, m->delivery->job->arena, false)) || d->order->verb == VERB_UNSUBSCRIBE)
			refuse(d, c, f.text);
		return;
	}
	switch (d->route->form) {
	case FORM_GROUP: case FORM_REPLY: prepare_post(m, t, d); break;
	case FORM_BOUNCE: prepare_bounce(m, t, d); break;
	case FORM_OWNER: case FORM_POSTMASTER: prepare_forward(m, t, d); break;
	case FORM_MAIL_TOKEN: prepare_mail_token(d); break;
	default: prepare_order(m, t, d); break;
	}
}

/* Reports come to bounce addresses, and to the postmaster; nothing that has been here before goes round again. */
static bool takes_automatic(enum smtp_form form, enum inbound_auto automatic)
{
	return automatic == INBOUND_PERSONAL || form == FORM_BOUNCE
		|| (form == FORM_POSTMASTER && automatic != INBOUND_OWN_LOOP && automatic != INBOUND_HOPS);
}

/* What is wrong with the mail for every recipient that is no bounce address. */
static void prepare_all(struct smtp_session *m, struct forum_txn *t, size_t from, size_t n)
{
	struct smtp_mail *mail = m->delivery;
	struct smtp_message *g = &mail->message;
	struct fail f = { 0 };
	int author = smtp_author_read(m, t, g, &f);
	enum inbound_auto automatic = inbound_automatic(g->header, slice_str(m->s.config->domain));

	for (size_t i = from; i < from + n; i++) {
		struct delivery *d = &mail->v[i];

		if (!takes_automatic(d->route->form, automatic)) {
			char text[200];

			snprintf(text, sizeof text, "automatic mail is not posted (%s)", inbound_auto_text(automatic));
			refuse(d, SMTP_REFUSED, text);
		} else if (d->route->form != FORM_BOUNCE && d->route->form != FORM_MAIL_TOKEN
			   && d->route->form != FORM_POSTMASTER && author < 0) {
			refuse(d, SMTP_BAD_CONTENT, f.text);
		} else {
			prepare_one(m, t, d);
		}
	}
}

/* ---- the job: on the writer ---- */

/* The same mail for a second group: one post, one more place. Not on the word of an unproven sender. */
static int apply_crosspost(struct forum_txn *t, struct delivery *d, struct fail *f)
{
	uint32_t id = d->draft.groups[0];
	struct group g, other;
	struct post p;
	int e;

	if (post_get(t, d->post.result.id, &p) <= 0)
		return fail_set(f, ERR_CORRUPT, "the post is not there");
	for (size_t i = 0; i < p.nplaces; i++)
		if (p.places[i].group == id)
			return 1;
	if (p.author != d->draft.author || d->writer.hold || p.state != POST_VISIBLE)
		return fail_set(f, ERR_EXISTS, "a post with this Message-ID is there already");
	if (group_get(t, id, &g) <= 0)
		return fail_set(f, ERR_NOTFOUND, "no such address here");
	for (size_t i = 0; i < p.nplaces; i++)   /* the one's readers would learn of the other */
		if (g.access == GROUP_PRIVATE || group_get(t, p.places[i].group, &other) <= 0 || other.access != g.access)
			return fail_set(f, ERR_INVALID, "a private group cannot be combined with another group in one post");
	e = p.parent ? rights_can_post(t, d->writer.member, &g, f) : rights_can_start(t, d->writer.member, &g, f);
	if (e < 0)
		return e;
	if (g.moderated && !rights_can_moderate(t, d->writer.member, &g))
		return fail_set(f, ERR_DENIED, "%.*s is moderated: send it there in a mail of its own", SLICE_ARG(g.name));
	if (p.nplaces >= POST_GROUPS_MAX)
		return fail_set(f, ERR_LIMIT, "in too many groups");
	return post_crosspost(t, p.id, id, f);
}

#define PICTURE_DAYS 400

/* pictures shown now need not be shown again */
static void note_pictures(struct forum_txn *t, const struct delivery *d)
{
	unsigned char id[16];

	digest_id(d->draft.message_id, id);
	for (size_t i = 0; i < d->cut.nshown; i++)
		memo_put(t, MEMO_PICTURE, d->cut.shown[i], slice_of(id, sizeof id), forum_time(t) + PICTURE_DAYS * 86400);
}

static void note_number(struct forum_txn *t, enum memo kind, struct slice key, uint64_t n, size_t size, int64_t seconds)
{
	char v[8];

	if (size == 4)
		num_put32(v, (uint32_t)n);
	else
		num_put64(v, n);
	if (key.n)
		memo_put(t, kind, key, slice_of(v, size), forum_time(t) + seconds);
}

/* what later mails are judged by */
static void note_mail(struct forum_txn *t, struct arena *a, const struct delivery *d)
{
	uint64_t id = d->post.result.id;
	struct slice pace;

	if (d->writer.proof == PROOF_NONE)
		return;
	if (d->route->form == FORM_REPLY)    /* the id it answers is ours under another name */
		note_number(t, MEMO_ALIAS, d->alias, d->route->token.id, 8, 400 * 86400);
	note_number(t, MEMO_ALIAS, d->index, id, 8, 400 * 86400);
	if (d->text_key.n)
		memo_put(t, MEMO_MAIL, d->text_key, d->draft.message_id, forum_time(t) + 600);
	if (d->thread && d->writer.proof != PROOF_LOGIN && d->post.result.state == POST_VISIBLE) {
		pace = member_key(a, d->writer.member, d->thread);
		note_number(t, MEMO_PACE, pace, count_of(t, MEMO_PACE, pace) + 1, 4, 3600);
		note_number(t, MEMO_PACE, d->text_key, count_of(t, MEMO_PACE, d->text_key) + 1, 4, 3600);
	}
	memo_del(t, MEMO_FIRST, member_key(a, d->writer.member, 0));
}

/* One for each post; when nobody knows who wrote it, not more than one in ten minutes goes to whose name was used. */
static int give_receipt(struct forum_txn *t, struct arena *a, const struct delivery *d, unsigned hold_seconds)
{
	bool pending = d->post.result.state == POST_PENDING, unproven = d->writer.proof == PROOF_NONE || (pending && d->writer.proof == PROOF_TOKEN
		&& d->writer.hold_reason && !strcmp(d->writer.hold_reason, HOLD_CHECK));
	struct smtp_receipt r = { .post = d->post.result.id, .member = d->writer.member, .group = d->route->group,
		.address = d->receipt_to, .message_id = d->draft.message_id, .hold = d->draft.hold_reason, .cut = &d->cut,
		.hold_seconds = hold_seconds, .unproven = unproven };
	struct slice key = arena_slicef(a, "held:%.*s", SLICE_ARG(d->receipt_to)), v;
	struct member m;

	if (member_get(t, d->writer.member, &m) <= 0 || !member_takes_mail(&m) || (m.no_receipts && !pending))
		return 1;
	if (unproven && memo_get(t, MEMO_ANSWERED, key, &v) > 0)
		return 1;
	if (unproven)
		memo_put(t, MEMO_ANSWERED, key, SLICE(""), forum_time(t) + 600);
	return smtp_receipt_add(t, &r);
}

static int apply_post(struct forum_txn *t, struct job *j, struct delivery *d, struct fail *f)
{
	static const char *const proofs[] = {
		[PROOF_NONE] = "no proof", [PROOF_LOGIN] = "login", [PROOF_TOKEN] = "reply address",
			[PROOF_AUTH_RESULTS] = "sender check",
	};
	void *data = j->data;
	const struct smtp_job *w = data;
	struct post p;
	int e;

	j->data = &d->post;
	e = post_in_apply(t, j, f);
	j->data = data;
	if (e <= 0)
		return e < 0 ? e : ERR_INTERNAL;
	if (d->post.result.duplicate) {
		e = apply_crosspost(t, d, f);
		if (e < 0)
			return e;
	}
	note_pictures(t, d);
	e = post_get(t, d->post.result.id, &p);
	trace_add(t, d->post.result.id, d->draft.message_id, "mail to %.*s: %s (author: %s; parent: %s)%s%s",
		SLICE_ARG(d->route->group_name), d->post.result.duplicate
			? "there already" : d->post.result.state == POST_PENDING
		? "held" : "posted", proofs[d->writer.proof], e > 0 ? parent_reason_name(p.reason) : "unknown",
		d->writer.hold ? ": " : "", d->writer.hold ? d->writer.hold_reason : "");
	if (d->cut.changed)
		trace_add(t, d->post.result.id, d->draft.message_id, "%zu lines cut", d->cut.lines);
	if (d->post.result.duplicate)
		return 1;
	note_mail(t, j->arena, d);
	return give_receipt(t, j->arena, d, w->hold_seconds) < 0 ? fail_set(f, ERR_UNAVAILABLE, "try again later") : 1;
}

static int apply_complaint(struct forum_txn *t, struct delivery *d, struct fail *f)
{
	struct config *c = config_current();
	int e = unsubscribe_apply(t, c, &d->complained, "complaint", f);

	config_unref(&c);
	return e == ERR_NOTFOUND ? 1 : e;
}

/* The token is spent with the first failure it reports: a storm of reports counts once. */
static int apply_bounce(struct forum_txn *t, struct slice message_id, struct delivery *d, struct fail *f)
{
	const struct reply_token *k = &d->route->token;
	int e = 1;

	if (d->complaint)
		return apply_complaint(t, d, f);
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

static int apply_mail_token(struct forum_txn *t, struct delivery *d, struct fail *f)
{
	struct config *c = config_current();
	int e = unsubscribe_apply(t, c, &d->route->token, "mail", f);

	config_unref(&c);
	return e;
}

static int deliver_apply(struct forum_txn *t, struct job *j, struct fail *f)
{
	struct smtp_job *w = j->data;

	for (size_t i = 0; i < w->n; i++) {
		struct delivery *d = &w->v[i];
		int e;

		if (d->order)
			e = smtp_order_apply(t, j->arena, d->order, f);
		else if (d->route->form == FORM_GROUP || d->route->form == FORM_REPLY)
			e = apply_post(t, j, d, f);
		else if (d->route->form == FORM_MAIL_TOKEN)
			e = apply_mail_token(t, d, f);
		else if (d->route->form == FORM_OWNER || d->route->form == FORM_POSTMASTER)
			e = d->complaint ? apply_complaint(t, d, f) : smtp_forward_apply(t, &d->forward);
		else
			e = apply_bounce(t, w->message_id, d, f);
		if (e < 0)
			return e;
	}
	return 1;
}

struct refusal { struct slice message_id; char text[300]; };

static int refusal_apply(struct forum_txn *t, struct job *j, struct fail *f)
{
	struct refusal *r = j->data;

	(void)f;
	return trace_add(t, 0, r->message_id, "%s", r->text);
}

static void refusal_done(struct job *j)
{
	job_free(&j);
}

/* Refusals are traced too, in the bulk lane and not more than ten a second: strangers must not make us write. */
static void trace_refusal(struct smtp_session *m, const struct delivery *d)
{
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

static void answer_one(struct smtp_session *m, struct delivery *d)
{
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

static void answer_all(struct smtp_session *m)
{
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

static void fill_job(const struct smtp_mail *mail, struct job *j, size_t from, size_t n)
{
	struct smtp_job *w = ARENA_NEW(j->arena, struct smtp_job);

	w->message_id = arena_slice(j->arena, mail->message.message_id);
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
		w->v[i].route = r;
		w->v[i].draft.groups = &r->group;
		w->v[i].draft.ngroups = 1;
		w->v[i].post.draft = &w->v[i].draft;
	}
	j->data = w;
	j->size = mail->message.raw.n * n;
}

/* Prepare the deliveries [from, from+n) for one job. 1 there is something to store, 0 all refused. */
static int prepare_job(struct smtp_session *m, size_t from, size_t n)
{
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
			refuse(&mail->v[i], SMTP_TRY_LATER, "try again later");
		refused += mail->v[i].refused;
	}
	if (refused) {   /* n is 1, or all or nothing */
		job_free(&j);
		mail->job = NULL;
		return 0;
	}
	fill_job(mail, j, from, n);
	return 1;
}

static enum step deliver_step(struct session *s)
{
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

void smtp_deliver_done(struct smtp_session *m, struct job *j)
{
	struct smtp_job *w = j->data;

	for (size_t i = 0; i < w->n; i++) {
		struct delivery *d = &m->delivery->v[w->from + i];

		d->post.result = w->v[i].post.result;
		if (j->result <= 0)
			refuse_fail(d, &j->fail);
		else if (w->v[i].order && w->v[i].order->password)
			smtp_order_password(w->v[i].order->address, w->v[i].order->member);
	}
	m->delivery->job = NULL;
}

enum step smtp_deliver(struct smtp_session *m)
{
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
