/* APPEND is posting: the same checks and the same words as at every other door; the answer comes after the commit. */
#include "forumd/forum/member.h"
#include "forumd/forum/personal.h"
#include "forumd/mail/address.h"
#include "forumd/mail/date.h"
#include "gateways/common/post_in.h"
#include "gateways/imap/imap_private.h"

/* post_in_job first: post_in_apply knows that part */
struct append_job { struct post_in_job in; struct imap_flags flags; uint64_t marks; };
/* what the answer needs */
struct append { uint32_t group, uidvalidity, number; enum post_state state; };

struct append_args { struct slice name, date, message; struct imap_flags flags; };

/* mailbox SP [flags SP] [date-time SP] literal */
static bool take_append(struct imap_session *is, struct slice *rest, struct append_args *a) {
	*a = (struct append_args){0};
	if (!imap_take_space(rest) || !imap_take_mailbox(is, rest, &a->name) || !imap_take_space(rest))
		return false;
	if (imap_at(rest, '(') && (!imap_take_flags(rest, &a->flags) || !imap_take_space(rest)))
		return false;
	if (imap_at(rest, '"') && (!imap_take_string(rest, is->s.command, &a->date) || !imap_take_space(rest)))
		return false;
	return imap_take_string(rest, is->s.command, &a->message) && imap_take_end(rest);
}

static int append_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct append_job *d = j->data;
	uint64_t own;
	int r = imap_flags_own(t, d->in.member, &d->flags, &own, f);
	if (r < 0 || (r = post_in_apply(t, j, f)) < 0)
		return r;
	d->marks = (d->flags.mask & IMAP_KEPT & ~IMAP_BIT(MARK_DRAFT)) | own;
	for (size_t i = 0; r > 0 && d->marks && i < d->in.result.nplaces; i++) {
		struct place p = d->in.result.places[i];
		struct range_set one = {0};
		range_set_add(&one, p.number, p.number);
		int m = p.number ? imap_marks_apply(t, d->in.member, p.group, &one, d->marks, 0) : 0;
		range_set_free(&one);
		if (m < 0)
			r = m;
	}
	return r;
}

static void append_keep(struct imap_session *is, struct job *j) {
	struct append *w = is->work;
	struct append_job *d = j->data;
	if (j->result <= 0)
		return;
	w->state = d->in.result.state;
	for (size_t i = 0; i < d->in.result.nplaces; i++)
		if (d->in.result.places[i].group == w->group)
			w->number = d->in.result.places[i].number;
}

static enum step append_done(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct append *w = is->work;
	if (is->result < 0)
		return imap_fail(is, &is->fail);
	if (w->state == POST_PENDING)
		return imap_ok(is, "APPEND completed: the post waits for approval");
	if (!w->number)
		return imap_ok(is, "APPEND completed");
	return imap_ok(is, "[APPENDUID %u %u] APPEND completed", w->uidvalidity, w->number);
}

/* --- own messages: kept as they are, told to nobody --- */

struct own_job { uint32_t member, number; unsigned box; struct imap_flags flags; struct post_draft *draft; };

static int own_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct own_job *d = j->data;
	struct post_draft draft = *d->draft;
	struct range_set one = {0};
	struct group g;
	uint64_t marks;
	int r = imap_flags_own(t, d->member, &d->flags, &marks, f);
	if (r < 0 || (r = personal_add(t, d->member, (enum personal_box)d->box, &draft, &d->number, f)) < 0)
		return r;
	marks |= d->flags.mask & IMAP_KEPT;
	if (r > 0 && marks && (r = personal_find(t, d->member, (enum personal_box)d->box, &g)) > 0) {
		range_set_add(&one, d->number, d->number);
		r = imap_marks_apply(t, d->member, g.id, &one, marks, 0);
		range_set_free(&one);
	}
	return r < 0 ? r : 1;
}

static void own_keep(struct imap_session *is, struct job *j) {
	struct append *w = is->work;
	w->state = POST_VISIBLE;
	w->number = ((struct own_job *)j->data)->number;
}

/* a message without From gets the member's */
static void own_from(struct forum_txn *t, uint32_t member, struct arena *a, struct post_draft *draft) {
	struct buf b = {0};
	struct member m;
	if (draft->from.n || member_get(t, member, &m) <= 0 || !m.naddresses)
		return;
	ptrdiff_t at = slice_rchr(m.addresses[0], '@');
	if (at > 0)
		address_write(&b, m.name, slice_to(m.addresses[0], (size_t)at), slice_from(m.addresses[0], (size_t)at + 1));
	draft->from = arena_slice(a, buf_slice(&b));
	buf_free(&b);
}

static enum step append_own(struct imap_session *is, struct forum_txn *t, const struct append_args *a,
	const struct group *g) {
	struct job *j = job_new(&is->s, own_apply);
	struct own_job *d = ARENA_NEW(j->arena, struct own_job);
	struct fail f = {0};
	int64_t arrival = 0;
	if (a->date.p && date_parse_imap(slice_trim(a->date), &arrival) <= 0) {
		job_free(&j);
		return imap_bad(is, "not a date-time");
	}
	struct post_in in = { .source = POST_FROM_IMAP, .member = RIGHTS_OPERATOR, .groups = &g->id, .ngroups = 1, .import = true,
		.no_mail = true, .arrival = arrival, .max_size = is->s.config->message_size };
	d->draft = ARENA_NEW(j->arena, struct post_draft);
	if (post_in_parse(t, &in, a->message, j->arena, d->draft, &f) < 0) {
		job_free(&j);
		return imap_fail(is, &f);
	}
	own_from(t, is->s.member, j->arena, d->draft);
	d->member = is->s.member;
	d->box = g->box;
	imap_flags_copy(j->arena, &a->flags, &d->flags);
	j->data = d;
	j->size = a->message.n;
	struct append *w = ARENA_NEW(is->s.command, struct append);
	w->group = g->id;
	w->uidvalidity = g->uidvalidity;
	is->work = w;
	return imap_submit(is, j, own_keep, append_done);
}

/* parsed and checked here, stored by the writer */
static enum step append_post(struct imap_session *is, struct forum_txn *t, const struct append_args *a,
	const struct group *g) {
	struct job *j = job_new(&is->s, append_apply);
	struct append_job *d = ARENA_NEW(j->arena, struct append_job);
	struct post_draft *draft = ARENA_NEW(j->arena, struct post_draft);
	uint32_t *group = arena_alloc(j->arena, sizeof *group);
	struct fail f = {0};
	int64_t arrival = 0;
	*group = g->id;
	if (a->date.p && date_parse_imap(slice_trim(a->date), &arrival) <= 0) {
		job_free(&j);
		return imap_bad(is, "not a date-time");
	}
	/* a claimed date in the future would stay on top for ever */
	if (arrival > forum_time(t))
		arrival = 0;
	struct post_in in = { .source = POST_FROM_IMAP, .member = is->s.member, .groups = group, .ngroups = 1,
		.arrival = arrival, .max_size = is->s.config->message_size };
	if (post_in_parse(t, &in, a->message, j->arena, draft, &f) < 0) {
		job_free(&j);
		return imap_fail(is, &f);
	}
	d->in.draft = draft;
	d->in.member = is->s.member;
	imap_flags_copy(j->arena, &a->flags, &d->flags);
	j->data = d;
	j->size = a->message.n;
	struct append *w = ARENA_NEW(is->s.command, struct append);
	w->group = g->id;
	w->uidvalidity = g->uidvalidity;
	is->work = w;
	return imap_submit(is, j, append_keep, append_done);
}

enum step imap_cmd_append(struct imap_session *is, struct slice *rest) {
	struct append_args a;
	struct group g;
	if (!take_append(is, rest, &a))
		return imap_bad_arguments(is);
	struct forum_txn *t = session_read(&is->s);
	int r = t ? imap_mailbox_find(is, t, a.name, &g) : ERR_UNAVAILABLE;
	if (r < 0)
		return imap_unavailable(is);
	if (r == 0)
		return imap_no_mailbox(is);
	if (r == 2 || (g.owner && g.box < BOX_DRAFTS))
		return imap_no(is, "CANNOT", "this mailbox is filled by the forum; append to a group to post there");
	if (g.owner)
		return append_own(is, t, &a, &g);
	if (a.flags.draft)
		return imap_no(is, "CANNOT", "a group holds no drafts: keep them in Drafts");
	if (!session_rate(&is->s, "post", is->s.config->posts_per_minute))
		return imap_no(is, "LIMIT", "too many posts, try again in a minute");
	return append_post(is, t, &a, &g);
}
