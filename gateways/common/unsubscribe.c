/* unsubscribe.c - the token names member and group; nothing in the mail or request around it matters. */
#include "gateways/common/unsubscribe.h"
#include "forumd/base/clock.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/member.h"
#include "forumd/forum/subscribe.h"
#include "forumd/mail/build.h"
#include "forumd/mail/field.h"
#include "forumd/mail/msgid.h"

#define UNDO_DAYS 30

static void make_token(struct forum_txn *t, enum token_kind kind, uint64_t id, uint32_t member, uint32_t group,
	uint64_t days, struct buf *out) {
	struct reply_token k = { kind, id, member, group, forum_time(t) + (int64_t)days * 86400 };

	reply_token_make(forum_secret(t), &k, out);
}

void unsubscribe_undo_token(struct forum_txn *t, const struct reply_token *k, uint64_t mode, struct buf *out) {
	make_token(t, TOKEN_SUBSCRIBE, mode, k->member, k->group, UNDO_DAYS, out);
}

void unsubscribe_fields(struct forum_txn *t, const struct config *c, uint32_t member, const struct group *g,
	struct buf *out) {
	struct buf token = { 0 }, v = { 0 };

	buf_adds(&v, "<mailto:");
	if (member) {
		make_token(t, TOKEN_UNSUBSCRIBE, 0, member, g->id, c->reply_days, &token);
		reply_token_local_word(g->name, c->reply_separator, "unsubscribe", buf_slice(&token), &v);
	} else {
		buf_addf(&v, "%.*s-unsubscribe", SLICE_ARG(g->name));
	}
	buf_addf(&v, "@%s>", c->domain);
	if (member && *c->http_url)
		buf_addf(&v, ", <%s/u/%.*s>", c->http_url, SLICE_ARG(buf_slice(&token)));
	field_write(out, "List-Unsubscribe", buf_slice(&v));
	if (member && *c->http_url)
		field_write(out, "List-Unsubscribe-Post", SLICE("List-Unsubscribe=One-Click"));
	buf_free(&token);
	buf_free(&v);
}

static int notice_to(struct forum_txn *t, const struct config *c, const struct notice_to_member *n, struct slice to) {
	struct buf from = { 0 }, id = { 0 }, mail = { 0 };
	struct build_notice b = { .from_name = n->from_name,
		.subject = n->subject,
		.text = n->text,
		.reply_to = n->reply_to,
		.date = forum_time(t),
		.to = to };
	int e;

	buf_addf(&from, "%.*s@%s", SLICE_ARG(n->from_local), c->domain);
	msgid_new(&id, slice_str(c->domain));
	b.from = buf_slice(&from);
	b.message_id = buf_slice(&id);
	e = build_notice(&mail, &b);
	if (e > 0)
		e = mailq_add_notice(t, to, buf_slice(&mail), NULL);
	buf_free(&from);
	buf_free(&id);
	buf_free(&mail);
	return e;
}

int notice_queue(struct forum_txn *t, const struct config *c, const struct notice_to_member *n) {
	struct member who;
	int e = member_get(t, n->member, &who);

	if (e <= 0 || who.kind != MEMBER_ACCOUNT || !who.naddresses)
		return e < 0 ? e : 0;
	return notice_to(t, c, n, who.addresses[0]);
}

int notice_paused(struct forum_txn *t, const struct config *c, uint32_t member) {
	struct notice_to_member n = { .member = member,
		.from_local = SLICE("postmaster"),
		.from_name = slice_str(c->domain),
		.subject = SLICE("Mail to your main address comes back") };
	struct buf text = { 0 };
	struct member who;
	int e = member_get(t, member, &who);

	if (e <= 0)
		return e;
	buf_addf(&text,
		"Mail from %s to your main address comes back, so no more is sent there. You are still a member: nothing of\n"
		"yours is lost, and reading, posting and writing by the other ways go on.\n\nWhen the address works again, write to "
		"GROUP-subscribe@%s from it or any of your addresses.\n",
		c->domain, c->domain);
	n.text = buf_slice(&text);
	trace_add(t, 0, SLICE(""), "member %u: mail paused, too many bounces", member);
	for (size_t i = 1; i < who.naddresses && e >= 0; i++)
		e = notice_to(t, c, &n, who.addresses[i]);
	buf_free(&text);
	return e < 0 ? e : 1;
}

static int tell(struct forum_txn *t, const struct config *c, const struct reply_token *k, const struct group *g,
	enum subscribe_mode was) {
	bool stopped = k->kind == TOKEN_UNSUBSCRIBE;
	struct buf token = { 0 }, undo = { 0 }, subject = { 0 }, text = { 0 }, help = { 0 };
	int e;

	if (stopped)
		unsubscribe_undo_token(t, k, (uint64_t)was, &token);
	else
		make_token(t, TOKEN_UNSUBSCRIBE, 0, k->member, k->group, c->reply_days, &token);
	reply_token_local_word(g->name, c->reply_separator, stopped ? "subscribe" : "unsubscribe", buf_slice(&token),
		&undo);
	buf_addf(&undo, "@%s", c->domain);
	buf_addf(&subject, stopped ? "You no longer get %.*s by mail" : "You get %.*s by mail again", SLICE_ARG(g->name));
	if (stopped)
		buf_addf(&text,
			"Posts of %.*s are no longer mailed to you, as you asked. You are still a member, and can read and post.\n\n"
			"Was it not you, or a mistake? Answer this mail with any words, or write to\n  %.*s\n"
			"and you get them again as before (%s). That address works for %d days.\n",
			SLICE_ARG(g->name), SLICE_ARG(buf_slice(&undo)), subscribe_mode_name(was), UNDO_DAYS);
	else
		buf_addf(&text,
			"Posts of %.*s are mailed to you again (%s).\n\nTo stop them, answer this mail with any words, or write to\n  %.*s\n",
			SLICE_ARG(g->name), subscribe_mode_name((enum subscribe_mode)k->id), SLICE_ARG(buf_slice(&undo)));
	buf_addf(&help, "%.*s-help", SLICE_ARG(g->name));
	e = notice_queue(t, c,
		&(struct notice_to_member){ .member = k->member,
			.from_local = buf_slice(&help),
			.from_name = g->name,
			.subject = buf_slice(&subject),
			.text = buf_slice(&text),
			.reply_to = buf_slice(&undo) });
	buf_free(&token);
	buf_free(&undo);
	buf_free(&subject);
	buf_free(&text);
	buf_free(&help);
	return e;
}

int unsubscribe_apply(struct forum_txn *t, const struct config *c, const struct reply_token *k, const char *how,
	struct fail *f) {
	enum subscribe_mode was, wanted = k->kind == TOKEN_UNSUBSCRIBE ? SUBSCRIBE_NONE : (enum subscribe_mode)k->id;
	struct member who;
	struct group g;
	int e;

	if (k->id > SUBSCRIBE_DIGEST_TEXT || group_get(t, k->group, &g) <= 0 || member_get(t, k->member, &who) <= 0 ||
		who.kind != MEMBER_ACCOUNT)
		return fail_set(f, ERR_NOTFOUND, "no such subscription");
	was = subscribe_get(t, k->member, k->group);
	if (was == wanted)
		return 1;
	if ((e = subscribe_set(t, k->member, k->group, wanted, f)) < 0)
		return e;
	trace_add(t, 0, SLICE(""), "member %u: mail of %.*s %s by %s", k->member, SLICE_ARG(g.name),
		wanted == SUBSCRIBE_NONE ? "stopped" : "back", how);
	e = tell(t, c, k, &g, was);
	return e < 0 ? fail_set(f, (enum err)e, "try again later") : 1;
}
