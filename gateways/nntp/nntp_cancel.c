/* nntp_cancel.c - who may withdraw a post by Control: cancel or replace it by Supersedes: its author's login, a
 * moderator of all its groups (a verdict, in the log), or whoever has the key to its Cancel-Lock (RFC 8315). To anybody
 * else the post is not there. */
#include "forumd/forum/memo.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/withdrawn.h"
#include "forumd/mail/field.h"
#include "gateways/common/cancel_lock.h"
#include "gateways/nntp/nntp_private.h"

static bool cancel_moderates(struct forum_txn *t, uint32_t member, const struct post *p) {
	for (size_t i = 0; i < p->nplaces; i++) {
		struct group g;
		if (group_get(t, p->places[i].group, &g) <= 0 || !rights_can_moderate(t, member, &g))
			return false;
	}
	return p->nplaces > 0;
}

/* Our own key is told to everybody when the post is deleted (control.cancel, peers), and so is the key by which a peer's
 * cancel deleted its post here: when the post came back, who has that key proves nothing. Our authors have a login. */
static bool cancel_key_is_told(struct forum_txn *t, struct slice keys, const struct post *p) {
	struct buf ours = { 0 };
	struct slice memo;
	if (!withdrawn_ours(p))
		return memo_get(t, MEMO_CANCEL, p->message_id, &memo) > 0 && memo.n && memo.p[0] == 'A';
	cancel_lock_make(t, p->author, p->message_id, &ours);
	buf_addc(&ours, ' ');
	cancel_lock_make(t, 0, p->message_id, &ours);
	bool told = cancel_lock_opens(buf_slice(&ours), keys);
	buf_free(&ours);
	return told;
}

static bool cancel_has_key(struct forum_txn *t, struct slice header, const struct post *p) {
	struct buf keys = { 0 }, locks = { 0 }, old = { 0 };
	bool opens = field_get(header, "cancel-key", &keys) && post_header(t, p, &old) > 0 &&
		field_get(buf_slice(&old), "cancel-lock", &locks) && cancel_lock_opens(buf_slice(&locks), buf_slice(&keys)) &&
		!cancel_key_is_told(t, buf_slice(&keys), p);
	buf_free(&keys);
	buf_free(&locks);
	buf_free(&old);
	return opens;
}

enum cancel_by nntp_cancel_right(struct forum_txn *t, uint32_t member, struct slice header, const struct post *p) {
	if (p->state == POST_DELETED)
		return CANCEL_NOT;
	if (member && p->author == member)
		return CANCEL_AUTHOR;
	if (header.n && cancel_has_key(t, header, p))
		return CANCEL_KEY;
	return member && rights_can_see(t, member, p) && cancel_moderates(t, member, p) ? CANCEL_MODERATOR : CANCEL_NOT;
}

/* what may have changed since the worker looked; the key cannot have */
static enum cancel_by cancel_again(struct forum_txn *t, const struct nntp_cancel *c, const struct post *p) {
	if (c->by == CANCEL_KEY || c->by == CANCEL_PEER)
		return p->state == POST_DELETED ? CANCEL_NOT : c->by;
	return nntp_cancel_right(t, c->member, slice_of("", 0), p);
}

int nntp_cancel_do(struct forum_txn *t, const struct nntp_cancel *c, struct fail *f) {
	struct post p;
	uint64_t action;
	int r = post_get(t, c->post, &p);
	if (r < 0)
		return fail_set(f, r, "the store cannot be read now");
	switch (r > 0 ? cancel_again(t, c, &p) : CANCEL_NOT) {
	case CANCEL_AUTHOR:
		return post_set_state(t, p.id, POST_DELETED, f);
	case CANCEL_KEY:
	case CANCEL_PEER:
		/* nobody here did it: the log says why it went */
		return moderate_verdict(t, p.id, c->member, VERDICT_DELETE, slice_str(c->why), &action, f);
	case CANCEL_MODERATOR:
		return moderate_verdict(t, p.id, c->member, VERDICT_DELETE, slice_str(c->why), &action, f);
	default:
		return fail_set(f, ERR_DENIED, "no such article, or not yours to cancel");
	}
}

static int cancel_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	return nntp_cancel_do(t, j->data, f);
}

int nntp_cancel_find(struct forum_txn *t, uint32_t member, struct slice header, struct slice id, const char *why,
	struct nntp_cancel *c_r) {
	struct post p;
	int r = post_by_msgid(t, slice_trim(id), &p);
	if (r <= 0)
		return r;
	*c_r = (struct nntp_cancel){
		.member = member, .post = p.id, .by = nntp_cancel_right(t, member, header, &p), .why = why
	};
	return c_r->by != CANCEL_NOT;
}

struct job *nntp_cancel_job(struct session *s, const struct nntp_cancel *c) {
	struct job *j = job_new(s, cancel_apply);
	struct nntp_cancel *copy = ARENA_NEW(j->arena, struct nntp_cancel);
	*copy = *c;
	j->data = copy;
	return j;
}
