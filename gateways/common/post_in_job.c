/* post_in_job.c - the write: rights and locks once more, because they may have changed since the worker looked. */
#include "forumd/base/num.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/rights.h"
#include "gateways/common/post_in_private.h"

static int rights_in_group(struct forum_txn *t, uint32_t member, const struct post_draft *d, const struct group *g,
	struct fail *f) {
	struct post parent;
	int r = post_answered(t, d, g->id, &parent);
	if (r < 0)
		return fail_set(f, r, "the store cannot be read now");
	return r > 0 ? rights_can_reply(t, member, g, &parent, f) : rights_can_start(t, member, g, f);
}

int post_in_rights(struct forum_txn *t, uint32_t member, const struct post_draft *d, struct fail *f) {
	for (size_t i = 0; i < d->ngroups; i++) {
		struct group g;
		int r = group_get(t, d->groups[i], &g);
		if (r < 0)
			return fail_set(f, r, "the store cannot be read now");
		if (r == 0 || g.removed || (member && !rights_can_read(t, member, &g)))
			return fail_set(f, ERR_NOTFOUND, "no such group");
		/* an outside sender has no rights of his own: what he writes is held, and a moderator decides */
		if (member == 0 && d->hold && g.posting != GROUP_POST_NOBODY)
			continue;
		if ((r = rights_in_group(t, member, d, &g, f)) <= 0)
			return r < 0 ? r : fail_set(f, ERR_DENIED, "you may not post here");
	}
	return 1;
}

/* Is what it answers still where the worker found it? 1, < 0 with words */
static int post_still_there(struct forum_txn *t, const struct post_in_moved *m, struct fail *f) {
	struct post p;
	int r = m->answered ? post_get(t, m->answered, &p) : 1;
	if (r > 0 && m->answered && !post_number_in(&p, m->group))
		return fail_set(f, ERR_GONE, "the thread was moved just now; send it again");
	return r > 0 ? 1 : fail_set(f, r < 0 ? r : ERR_GONE, "what it answers cannot be read now; send it again");
}

/* What other servers bring was let in there, by their rules; but a thread that is locked here stays as it is. */
static int feed_rights(struct forum_txn *t, const struct post_draft *d, struct fail *f) {
	struct post parent;
	int r = 1;
	for (size_t i = 0; i < d->ngroups && r > 0; i++) {
		if ((r = post_answered(t, d, d->groups[i], &parent)) < 0)
			return fail_set(f, r, "the store cannot be read now");
		r = r > 0 ? rights_open(t, &parent, f) : 1;
	}
	return r;
}

int post_in_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct post_in_job *p = j->data;
	enum post_source source = p->draft->source;
	int r = source == POST_FROM_IMPORT ? 1 : source == POST_FROM_FEED ? feed_rights(t, p->draft, f) :
		post_in_rights(t, p->member, p->draft, f);
	if (r > 0)
		r = post_still_there(t, &p->moved, f);
	if (r <= 0)
		return r;
	p->result = (struct post_result){ 0 };
	r = post_add(t, p->draft, &p->result, f);
	if (r < 0)
		return r;
	char key[4];
	num_put32(key, p->member);
	if (p->member && p->member != RIGHTS_OPERATOR && !p->result.duplicate &&
		memo_del(t, MEMO_FIRST, slice_of(key, 4)) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "the store cannot take writes now");
	if (p->trace.n && trace_add(t, p->result.id, p->draft->message_id, "%.*s", SLICE_ARG(p->trace)) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "the store cannot take writes now");
	return 1;
}
