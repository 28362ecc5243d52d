/* smtp_author.c - who wrote a mail. From alone proves nothing. What does, strongest first: a login on submission; a
 * reply address of ours, made for one member, together with a From that is his; the verdict of the front MTA we trust
 * (its Authentication-Results only: anybody can write such a field, so others' count for nothing) or of our own check
 * (smtp_check.c). A member's From without any of these is held for the moderators or refused, as the group wishes. */
#include "gateways/smtp/smtp_order.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/address.h"
#include "forumd/mail/field.h"
#include "forumd/mail/inbound.h"
#include "forumd/mail/msgid.h"
#include "forumd/mail/sender.h"

static bool owns(const struct member *who, struct slice key) {
	for (size_t i = 0; i < who->naddresses; i++)
		if (slice_eq(who->addresses[i], key))
			return true;
	return false;
}

/* the id as post_in will see it; a fresh one when there is none, the same for every recipient of this mail */
static void read_message_id(struct smtp_session *m, struct smtp_message *g) {
	struct buf b = { 0 };
	struct slice rest, id;

	if (field_get(g->header, "Message-ID", &b)) {
		rest = buf_slice(&b);
		if (msgid_next(&rest, &id) && msgid_valid(id))
			g->message_id = arena_slice(m->mail, id);
	}
	if (!g->message_id.n) {
		buf_reset(&b);
		msgid_new(&b, slice_str(m->s.config->domain));
		g->message_id = arena_slice(m->mail, buf_slice(&b));
	}
	buf_free(&b);
}

int smtp_author_read(struct smtp_session *m, struct forum_txn *t, struct smtp_message *g, struct fail *f) {
	struct slice trust = slice_str(m->s.listen->trust_authserv ? m->s.listen->trust_authserv : "");
	struct buf key = { 0 };
	struct address from;
	struct member who;

	field_split(g->raw, &g->header, &g->body);
	read_message_id(m, g);
	if (inbound_author(m->mail, g->header, &from) < 0)
		return fail_set(f, ERR_INVALID, "From must be there once and name exactly one address");
	address_key(&key, from.local, from.domain);
	g->from_text = arena_slice(m->mail, buf_slice(&key));
	g->from_name = arena_slice(m->mail, from.name);
	if (member_by_address(t, g->from_text, &who) > 0 && who.kind == MEMBER_ACCOUNT && !who.left)
		g->from_member = who.id;
	buf_free(&key);
	if (m->verdict) {
		g->auth_pass = m->verdict == SENDER_PROVEN;
		g->auth_fail = m->verdict == SENDER_FALSE;
	} else if (trust.n) {
		enum inbound_auth a = inbound_auth_results(g->header, trust, from.domain);

		g->auth_pass = a == INBOUND_AUTH_PASS;
		g->auth_fail = a == INBOUND_AUTH_FAIL;
	}
	return 1;
}

static int no_address(enum smtp_code *c_r, struct fail *f) {
	*c_r = SMTP_NO_ADDRESS;
	return fail_set(f, ERR_NOTFOUND, "no such address here");
}

static int by_token(struct forum_txn *t, const struct smtp_message *g, const struct smtp_route *r,
	struct smtp_writer *w,
	struct fail *f) {
	struct member who;

	if (member_get(t, r->token.member, &who) <= 0 || who.kind != MEMBER_ACCOUNT || who.left)
		return fail_set(f, ERR_DENIED, "this reply address belongs to nobody any more");
	if (!owns(&who, g->from_text))
		return fail_set(f, ERR_DENIED,
			"this reply address belongs to another member; write from the address the mail was "
			"sent to, or link %.*s to your account", SLICE_ARG(g->from_text));
	w->member = who.id;
	w->proof = PROOF_TOKEN;
	if (g->auth_fail) {
		w->hold = true;
		w->hold_reason = HOLD_CHECK;
	}
	return 1;
}

static int unproven(const struct smtp_message *g, const struct group *group, struct smtp_writer *w, struct fail *f) {
	if (group->unproven == GROUP_UNPROVEN_REFUSE && g->auth_fail)
		return fail_set(f, ERR_DENIED,
			"the domain of %.*s does not stand for this mail (SPF, DKIM, DMARC); send it the way that domain "
			"sends its mail, or answer to the Reply-To of a mail of the group", SLICE_ARG(g->from_text));
	if (group->unproven == GROUP_UNPROVEN_REFUSE)
		return fail_set(f, ERR_DENIED,
			"nothing proves that this mail is from %.*s; answer to the Reply-To of a mail of the "
			"group, or log in to send", SLICE_ARG(g->from_text));
	w->member = g->from_member;
	w->hold = true;
	w->hold_reason = g->auth_fail ? HOLD_CHECK
		: HOLD_UNPROVEN;
	return 1;
}

/* mail to a group's own addresses by somebody who neither logged in nor holds a reply address */
static int by_from(struct forum_txn *t, const struct smtp_message *g, const struct smtp_route *r,
	const struct group *group,
	struct smtp_writer *w, enum smtp_code *c_r, struct fail *f) {
	if (!rights_can_read(t, g->from_member, group))
		return no_address(c_r, f);
	if (!g->from_member)
		return fail_set(f, ERR_DENIED,
			"only members may post to %.*s, and %.*s is no member's address; to become one, send it a mail "
			"with the one word join", SLICE_ARG(r->group_name), SLICE_ARG(g->from_text));
	if (g->auth_pass) {
		w->member = g->from_member;
		w->proof = PROOF_AUTH_RESULTS;
		return 1;
	}
	return unproven(g, group, w, f);
}

/* Commands: whoever it claims to be; what is not proven is asked back. */
static int by_claim(struct smtp_session *m, struct forum_txn *t, const struct smtp_message *g,
	const struct smtp_route *r, struct smtp_writer *w, enum smtp_code *c_r, struct fail *f) {
	struct group group;

	w->member = m->s.member ? m->s.member : g->from_member;
	w->proof = m->s.member ? PROOF_LOGIN : g->auth_pass && g->from_member ? PROOF_AUTH_RESULTS : PROOF_NONE;
	if (r->form != FORM_COMMANDS && r->form != FORM_AUTHOR && (group_get(t, r->group, &group) <= 0 || group.removed
	    || !rights_can_read(t, w->member, &group)))
		return no_address(c_r, f);
	return 1;
}

/* An answer to a mail of ours comes from the one it went to. */
static int by_answer(struct smtp_session *m, struct forum_txn *t, const struct smtp_message *g,
	const struct smtp_route *r, struct smtp_writer *w, struct fail *f) {
	if (m->s.member) {
		w->member = m->s.member;
		w->proof = PROOF_LOGIN;
		return 1;
	}
	if (!r->token.member) {
		w->proof = PROOF_TOKEN;
		return 1;
	}
	return by_token(t, g, r, w, f);
}

int smtp_author_find(struct smtp_session *m, struct forum_txn *t, const struct smtp_message *g,
	const struct smtp_route *r,
	struct smtp_writer *w_r, enum smtp_code *c_r, struct fail *f) {
	struct group group;

	memset(w_r, 0, sizeof *w_r);
	*c_r = SMTP_REFUSED;
	if (r->form == FORM_BOUNCE || r->form == FORM_MAIL_TOKEN || r->form == FORM_POSTMASTER || r->form == FORM_OWNER)
		return 1;   /* who writes there proves nothing and need not */
	if (r->form == FORM_ANSWER)
		return by_answer(m, t, g, r, w_r, f);
	if (r->form != FORM_GROUP && r->form != FORM_REPLY)
		return by_claim(m, t, g, r, w_r, c_r, f);
	if (group_get(t, r->group, &group) <= 0 || group.removed)
		return no_address(c_r, f);
	if (m->s.member) {
		if (r->form == FORM_REPLY && r->token.member != m->s.member)
			return fail_set(f, ERR_DENIED, "this reply address belongs to another member");
		w_r->member = m->s.member;
		w_r->proof = PROOF_LOGIN;
		return 1;
	}
	return r->form == FORM_REPLY ? by_token(t, g, r, w_r, f) : by_from(t, g, r, &group, w_r, c_r, f);
}
