/* smtp_deliver_post.c - a mail that becomes a post: which post it answers, what is odd about it, storing it, and what
 * later mails are judged by. */
#include <stdio.h>
#include "forumd/base/base64.h"
#include "forumd/base/digest.h"
#include "forumd/base/num.h"
#include "forumd/forum/marks.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/mailq.h"
#include "forumd/mail/field.h"
#include "forumd/mail/msgid.h"
#include "forumd/run/limits.h"
#include "gateways/common/cited.h"
#include "gateways/common/thread_index.h"
#include "gateways/smtp/smtp_deliver_private.h"

#define OUR_FIELDS_MAX 8192         /* what smtp_check.c may put in front of a mail of the size allowed */

bool deliver_within_rate(struct smtp_session *m, uint32_t member) {
	char key[32];
	unsigned max = m->s.config->posts_per_minute;
	int n = snprintf(key, sizeof key, "mail-post:%u", member);

	return !max || limits_rate(slice_of(key, (size_t)n), max, max);
}

/* The post that ids nobody here has stand for: rewritten on the way, or only a Thread-Index. */
static uint64_t find_alias(struct smtp_session *m, struct forum_txn *t, struct delivery *d,
	enum parent_reason *reason_r) {
	struct slice header = m->delivery->message.header, v, ids[CITED_MAX];
	struct buf b = { 0 }, index = { 0 };
	uint64_t found = 0;
	struct post p;
	bool known = false;
	size_t direct, n = cited_ids(header, m->delivery->job->arena, ids, &direct);

	*reason_r = PARENT_IN_REPLY_TO;
	for (size_t i = 0; i < n && !known && !found; i++) {
		known = post_by_msgid(t, ids[i], &p) > 0;
		if (!known && !i)         /* what it answers, under a name that is not ours */
			d->alias = arena_slice(m->delivery->job->arena, ids[i]);
		if (!known && memo_get(t, MEMO_ALIAS, ids[i], &v) > 0 && v.n == 8) {
			found = num_get64(v.p);
			*reason_r = i < direct ? PARENT_IN_REPLY_TO : PARENT_REFERENCES;
		}
	}
	if (field_get(header, "Thread-Index", &b) && base64_decode(buf_slice(&b), &index) && buf_len(&index) >= 22) {
		struct slice whole = buf_slice(&index);

		d->index = arena_slice(m->delivery->job->arena, slice_to(whole, 500));
		/* an answer has five octets more than what it answers */
		for (size_t left = whole.n; !known && !found && left >= 22 + 5; left -= 5) {
			if (memo_get(t, MEMO_ALIAS, slice_to(whole, left - 5), &v) > 0 && v.n == 8) {
				found = num_get64(v.p);
				*reason_r = PARENT_THREAD_INDEX;
			}
		}
		if (!known && !found && (found = thread_index_parent(t, whole)))
			*reason_r = PARENT_THREAD_INDEX;
	}
	if (found && (post_get(t, found, &p) <= 0 || p.state != POST_VISIBLE || !rights_can_see(t, d->writer.member, &p)
	    || !post_number_in(&p, d->route->group)))
		found = 0;
	buf_free(&b);
	buf_free(&index);
	return found;
}

/* (the Reply-To of a message that somebody has since before) */
static void follow_aside(struct smtp_session *m, struct forum_txn *t, struct delivery *d) {
	struct group named = { .id = d->route->group, .name = d->route->group_name }, g;
	struct smtp_route *there = ARENA_NEW(m->mail, struct smtp_route);
	uint64_t answered;

	if (cited_follow(t, d->writer.member, m->delivery->message.header, &named, m->delivery->job->arena, &g, &answered)
	    <= 0)
		return;
	*there = *d->route;
	there->group = g.id;
	there->group_name = arena_slice(m->mail, g.name);
	d->route = there;
}

#define AGAIN_MIN 40               /* octets of text */
#define PACE_MAX 20                /* mails of one member to one thread in an hour */
#define PACE_SAME_MAX 3            /* that say the same: a machine answers */

static struct slice member_key(struct arena *a, uint32_t member, uint64_t n) {
	char *p = arena_alloc(a, 12);

	num_put32(p, member);
	num_put64(p + 4, n);
	return slice_of(p, n ? 12 : 4);
}

static uint32_t count_of(struct forum_txn *t, enum memo kind, struct slice key) {
	struct slice v;

	return memo_get(t, kind, key, &v) > 0 && v.n == 4 ? num_get32(v.p) : 0;
}

/* what an attentive secretary would ask about before sending it to everybody; NULL: nothing */
static const char *doubt(struct smtp_session *m, struct forum_txn *t, struct delivery *d) {
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
	if (d->thread && d->writer.proof != PROOF_LOGIN &&
		(count_of(t, MEMO_PACE, member_key(a, d->writer.member, d->thread)) >= PACE_MAX ||
			count_of(t, MEMO_PACE, d->text_key) >= PACE_SAME_MAX))
		return HOLD_PACE;
	if (memo_get(t, MEMO_FIRST, member_key(a, d->writer.member, 0), &v) > 0)
		return HOLD_FIRST;
	return NULL;
}

void deliver_post(struct smtp_session *m, struct forum_txn *t, struct delivery *d) {
	struct arena *a = m->delivery->job->arena;
	struct fail f = { 0 };
	const char *why;
	struct post parent;
	struct post_in in = {
		.source = POST_FROM_MAIL,
		.member = d->writer.member,
		.groups = &d->route->group,
		.ngroups = 1,
		.hold = d->writer.hold,
		.hold_reason = slice_str(d->writer.hold_reason ? d->writer.hold_reason : ""),
		.trim = true,
		.cut = &d->cut,
		.max_size = m->s.config->message_size + OUR_FIELDS_MAX,
		.attachments_max = m->s.config->attachments,
		.path_host = slice_str(m->s.config->domain),
	};

	if (!deliver_within_rate(m, d->writer.member)) {
		deliver_refuse(d, SMTP_RATE, "too many posts in a short time, try again later");
		return;
	}
	if (d->route->form == FORM_GROUP) {
		follow_aside(m, t, d);
		in.groups = &d->route->group;
	}
	in.reply_to = find_alias(m, t, d, &in.reply_reason);
	if (d->route->form == FORM_REPLY) {
		in.reply_to = d->route->token.id;
		in.reply_reason = PARENT_REPLY_KEY;
	}
	if (in.reply_to && post_get(t, in.reply_to, &parent) > 0)
		d->thread = parent.thread;
	if (post_in_parse(t, &in, m->delivery->raw, a, &d->draft, &f) < 0) {
		if (!deliver_alone(m, t, d, d->cut.text))
			deliver_refuse_fail(d, &f);
		return;
	}
	if (deliver_alone(m, t, d, d->cut.text))
		return;
	if (!d->draft.hold && (why = doubt(m, t, d))) {
		d->draft.hold = d->writer.hold = true;
		d->draft.hold_reason = slice_str(why);
		d->writer.hold_reason = why;
	}
	d->post.member = d->writer.member;
	d->receipt_to = deliver_order(m, t, d)->address;
}

/* The same mail for a second group: one post, one more place. Not on the word of an unproven sender. */
static int apply_crosspost(struct forum_txn *t, struct delivery *d, struct fail *f) {
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
static void note_pictures(struct forum_txn *t, const struct delivery *d) {
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
static void note_mail(struct forum_txn *t, struct arena *a, const struct delivery *d) {
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

/* He who answers has read what he answers; for those who want their marks kept by mail too. */
static int note_marks(struct forum_txn *t, const struct delivery *d) {
	struct range_set one = { 0 };
	struct post p, parent;
	struct member m;
	int e = 1;

	if (d->writer.proof == PROOF_NONE || member_get(t, d->writer.member, &m) <= 0 || !m.mail_marks
	    || post_get(t, d->post.result.id, &p) <= 0)
		return 1;
	for (size_t i = 0; i < p.nplaces && e >= 0; i++) {
		uint32_t group = p.places[i].group,
				 n = p.parent && post_get(t, p.parent, &parent) > 0 ? post_number_in(&parent, group) : 0;

		if (p.places[i].number) {
			range_set_add(&one, p.places[i].number, p.places[i].number);
			e = marks_set(t, m.id, group, MARK_SEEN, &one, true);
		}
		range_set_clear(&one);
		if (n && e >= 0) {
			range_set_add(&one, n, n);
			if ((e = marks_set(t, m.id, group, MARK_SEEN, &one, true)) >= 0)
				e = marks_set(t, m.id, group, MARK_ANSWERED, &one, true);
		}
		range_set_clear(&one);
	}
	range_set_free(&one);
	return e < 0 ? e : 1;
}

/* One for each post; when nobody knows who wrote it, not more than one in ten minutes goes to whose name was used. */
static int give_receipt(struct forum_txn *t, struct arena *a, const struct delivery *d, unsigned hold_seconds) {
	bool pending = d->post.result.state == POST_PENDING,
		 unproven = d->writer.proof == PROOF_NONE ||
		(pending && d->writer.proof == PROOF_TOKEN && d->writer.hold_reason &&
			!strcmp(d->writer.hold_reason, HOLD_CHECK));
	struct smtp_receipt r = { .post = d->post.result.id, .member = d->writer.member, .group = d->route->group,
		.address = d->receipt_to, .message_id = d->draft.message_id, .cut = &d->cut,
		.hold = d->draft.hold_reason.n || !d->post.result.why ? d->draft.hold_reason : slice_str(d->post.result.why),
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

int deliver_post_apply(struct forum_txn *t, struct job *j, struct delivery *d, struct fail *f) {
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
	if (w->checked.n)
		trace_add(t, d->post.result.id, d->draft.message_id, "sender check by ourselves%.*s", SLICE_ARG(w->checked));
	if (d->cut.changed)
		trace_add(t, d->post.result.id, d->draft.message_id, "%zu lines cut", d->cut.lines);
	if (d->cut.left)
		trace_add(t, d->post.result.id, d->draft.message_id, "%u files left out: beyond the limit", d->cut.left);
	if (d->post.result.duplicate)
		return 1;
	note_mail(t, j->arena, d);
	if (note_marks(t, d) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "try again later");
	return give_receipt(t, j->arena, d, w->hold_seconds) < 0 ? fail_set(f, ERR_UNAVAILABLE, "try again later") : 1;
}
