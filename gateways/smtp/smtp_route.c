/* smtp_route.c - a recipient address to what it means here, decided at RCPT so that nothing need ever be bounced.
 *
 * Only our own domain, for members too: this is no relay. A local part nobody has and a group the sender may not know
 * of get the same words. Before the text is seen the sender is known only by login, or by claim: the claim of an
 * envelope sender lets a member's mail to a group that is not public pass to where From and its proof are looked at. */
#include "gateways/smtp/smtp_private.h"
#include "forumd/base/text.h"
#include "forumd/forum/replace.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/address.h"

static int no_address(enum smtp_code *c_r, struct fail *f) {
	*c_r = SMTP_NO_ADDRESS;
	return fail_set(f, ERR_NOTFOUND, "no such address here");
}

static int refuse(enum smtp_code *c_r, struct fail *f, const char *text) {
	*c_r = SMTP_REFUSED;
	return fail_set(f, ERR_DENIED, "%s", text);
}

/* the member who sends, as far as it is known at RCPT; 0 nobody */
static uint32_t claimed_member(struct smtp_session *m, struct forum_txn *t) {
	struct slice local, domain;
	struct buf key = { 0 };
	struct member who;
	uint32_t id = 0;

	if (m->s.member)
		return m->s.member;
	if (!m->sender.n || address_check_spec(m->sender, m->smtputf8, &local, &domain) < 0)
		return 0;
	address_key(&key, local, domain);
	if (member_by_address(t, buf_slice(&key), &who) > 0 && who.kind == MEMBER_ACCOUNT && !who.left)
		id = who.id;
	buf_free(&key);
	return id;
}

static bool find_group(struct smtp_session *m, struct forum_txn *t, struct slice name, struct group *g_r) {
	return group_name_valid(name) && group_find(t, name, g_r) > 0 && !g_r->removed
		&& rights_can_read(t, claimed_member(m, t), g_r);
}

static void take_group(struct smtp_session *m, const struct group *g, struct smtp_route *r) {
	r->group = g->id;
	r->group_name = arena_slice(m->mail, g->name);
}

/* An edited post is answered as it is now; one that was deleted leaves a tombstone, and so its answers have a place.
 * One that moderators hid is nobody's to answer. */
static bool may_be_answered(struct forum_txn *t, struct reply_token *k, struct post *p_r) {
	k->id = replace_latest(t, k->id);
	return post_get(t, k->id, p_r) > 0 && (p_r->state == POST_VISIBLE || p_r->state == POST_DELETED);
}

/* The group of a reply: the one in the token, else the one in the address, else the first of the post that the member
 * reads. It must hold the post, and the address must not say another one. */
static bool reply_group(struct forum_txn *t, const struct smtp_local *l, struct reply_token *k, struct group *g_r) {
	struct post p;
	struct group named;
	uint32_t id = k->group;

	if (!may_be_answered(t, k, &p))
		return false;
	if (l->group.n) {
		if (!group_name_valid(l->group) || group_find(t, l->group, &named) <= 0 || (id && id != named.id))
			return false;
		id = named.id;
	}
	if (k->group && !post_number_in(&p, id))     /* moved since: where it is now */
		id = 0;
	for (size_t i = 0; i < p.nplaces; i++)
		if (p.places[i].number && (!id || p.places[i].group == id) && group_get(t, p.places[i].group, g_r) > 0 &&
			!g_r->removed && rights_can_read(t, k->member, g_r))
			return true;
	return false;
}

static int route_reply(struct smtp_session *m, struct forum_txn *t, const struct smtp_local *l, struct smtp_route *r,
	enum smtp_code *c_r, struct fail *f) {
	struct group g;
	int e = reply_token_check(t, l->token, &r->token);

	if (e == 0 || ((e == 1 || e == ERR_GONE || e == ERR_DENIED) && r->token.kind != TOKEN_REPLY))
		return no_address(c_r, f);
	if (e == ERR_GONE)
		return refuse(c_r, f,
			"this reply address has expired; please write to the address of the group, or answer a newer mail");
	if (e == ERR_DENIED)
		return refuse(c_r, f, "this reply address was revoked; please write to the address of the group");
	if (e < 0)
		return fail_set(f, (enum err)e, "try again later");
	if (m->s.member && m->s.member != r->token.member)
		return refuse(c_r, f, "this reply address belongs to another member");
	if (!reply_group(t, l, &r->token, &g))
		return no_address(c_r, f);
	take_group(m, &g, r);
	r->token_text = arena_slice(m->mail, l->token);
	return 1;
}

static int route_bounce(struct smtp_session *m, struct forum_txn *t, const struct smtp_local *l, struct smtp_route *r,
	enum smtp_code *c_r, struct fail *f) {
	int e = reply_token_check(t, l->token, &r->token);

	if (e == ERR_DENIED && r->token.kind == TOKEN_BOUNCE)
		return refuse(c_r, f, "this bounce has been counted already");
	if (e != 1 || r->token.kind != TOKEN_BOUNCE)
		return no_address(c_r, f);
	r->token_text = arena_slice(m->mail, l->token);
	return 1;
}

/* A signed address that stops a group's mail, or undoes that: whoever writes there, it means one member and group. */
static int route_mail_token(struct smtp_session *m, struct forum_txn *t, const struct smtp_local *l,
	struct smtp_route *r, enum smtp_code *c_r, struct fail *f) {
	struct group g;
	int e = reply_token_check(t, l->token, &r->token);

	if (e == 0 || (r->token.kind != TOKEN_UNSUBSCRIBE && r->token.kind != TOKEN_SUBSCRIBE) ||
		group_get(t, r->token.group, &g) <= 0 || (l->group.n && !slice_eq(l->group, g.name)))
		return no_address(c_r, f);
	if (e < 0 && e != ERR_GONE && e != ERR_DENIED)
		return fail_set(f, (enum err)e, "try again later");
	if (e < 0)
		return refuse(c_r, f, "this address has expired; a newer mail of the group carries a new one");
	take_group(m, &g, r);
	r->token_text = arena_slice(m->mail, l->token);
	return 1;
}

/* receipts, questions, lists of cases */
static int route_answer(struct smtp_session *m, struct forum_txn *t, const struct smtp_local *l, struct smtp_route *r,
	enum smtp_code *c_r, struct fail *f) {
	int e = reply_token_check(t, l->token, &r->token);

	if (e == 0 ||
		(e == 1 && r->token.kind != TOKEN_RECEIPT && r->token.kind != TOKEN_QUESTION && r->token.kind != TOKEN_CASE &&
			r->token.kind != TOKEN_ACT && r->token.kind != TOKEN_AUTHOR && r->token.kind != TOKEN_DIGEST))
		return no_address(c_r, f);
	if (e == ERR_GONE || e == ERR_DENIED)
		return refuse(c_r, f, "the time to answer this mail is over");
	if (e < 0)
		return fail_set(f, (enum err)e, "try again later");
	if (m->s.member && r->token.member && m->s.member != r->token.member)
		return refuse(c_r, f, "this address belongs to another member");
	r->group = r->token.group;
	r->token_text = arena_slice(m->mail, l->token);
	return 1;
}

static int route_local(struct smtp_session *m, struct forum_txn *t, struct slice local, struct smtp_route *r,
	enum smtp_code *c_r, struct fail *f) {
	struct smtp_local l;
	struct group g;

	if (find_group(m, t, local, &g)) {     /* a group may be called "x-help": its name goes first */
		r->form = FORM_GROUP;
		take_group(m, &g, r);
		return 1;
	}
	smtp_syntax_local(local, m->s.config->reply_separator, &l);
	r->form = l.form;
	switch (l.form) {
	case FORM_REPLY:
		return route_reply(m, t, &l, r, c_r, f);
	case FORM_BOUNCE:
		return route_bounce(m, t, &l, r, c_r, f);
	case FORM_MAIL_TOKEN:
		return route_mail_token(m, t, &l, r, c_r, f);
	case FORM_AUTHOR:
		*c_r = SMTP_REFUSED;
		return smtp_author_mail_route(m, t, l.token, r, f);
	case FORM_SUBSCRIBE: case FORM_UNSUBSCRIBE: case FORM_HELP: case FORM_OWNER:
		if (!find_group(m, t, l.group, &g))
			return no_address(c_r, f);
		take_group(m, &g, r);
		return 1;
	case FORM_ANSWER:
		return route_answer(m, t, &l, r, c_r, f);
	case FORM_COMMANDS:
		return 1;
	case FORM_POSTMASTER:
		return 1;
	case FORM_GROUP:
		break;
	}
	return no_address(c_r, f);
}

int smtp_route_find(struct smtp_session *m, struct forum_txn *t, const struct smtp_path *p, struct smtp_route *r_r,
	enum smtp_code *c_r, struct fail *f) {
	char plain[64];            /* a recipient's local part is no longer */
	struct slice local = slice_of(plain, smtp_syntax_plain(p->local, plain, sizeof plain));

	memset(r_r, 0, sizeof *r_r);
	*c_r = SMTP_TRY_LATER;
	if (!slice_is_nocase(p->domain, m->s.config->domain) || smtp_syntax_relays(local)) {
		*c_r = SMTP_RELAY;
		return fail_set(f, ERR_DENIED, "relaying denied");
	}
	if (route_local(m, t, local, r_r, c_r, f) < 0)
		return f->code;
	if (!m->sender.n && r_r->form != FORM_BOUNCE &&
		r_r->form != FORM_POSTMASTER) /* RFC 3834: nothing automatic becomes a post */
		return refuse(c_r, f, "automatic mail is not posted");
	return 1;
}
