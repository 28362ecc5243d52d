/* APPEND (RFC 9051 6.3.12, RFC 3502: several messages, all or none) and REPLACE (RFC 8508). To a group, appending
 * is posting: the same checks and the same words as at every other door. To an own box the message is kept as it
 * is. The answer comes after the commit.
 *
 * REPLACE, by where the old message stands: in an own box it is removed, whether the new one goes to an own box or
 * is posted to a group; in a group it must be the member's own post and the new one its successor there (as
 * Supersedes in news). All in one job, so that either both are so or neither. */
#include "forumd/base/text.h"
#include "forumd/forum/folder.h"
#include "forumd/forum/member.h"
#include "forumd/forum/personal.h"
#include "forumd/mail/address.h"
#include "forumd/mail/date.h"
#include "forumd/mail/imap_text.h"
#include "gateways/common/post_in.h"
#include "gateways/imap/imap_private.h"

#define APPEND_MAX 100u    /* messages of one command */

struct append_message { struct slice text, date; struct imap_flags flags; struct append_message *next; };

struct append_item {
	struct post_in_job in;         /* of a post */
	struct post_draft *draft;
	struct imap_flags flags;
	uint32_t number;
};
struct append_job {
	uint32_t member, group;
	bool own;                      /* an own box */
	struct append_item *v;
	size_t n;
	struct place old;              /* REPLACE: in an own box */
};
/* the command */
struct append {
	struct append_message *first, **last;
	size_t n;
	uint32_t group, uidvalidity, old;      /* old: REPLACE this UID */
	struct range_set *numbers;
	bool pending, unordered;
	struct slice moved;            /* where the thread is that one of them answers, when it left the group */
};

/* what REPLACE is about: a message of an own box, or the member's own post */
struct replaced { uint32_t uid; struct place own; uint64_t post; };

/* [SP flags] [SP date-time] SP (literal / "UTF8" SP "(" literal8 ")") */
static bool take_message(struct imap_session *is, struct slice *rest, struct append *w) {
	struct append_message *m = ARENA_NEW(is->s.command, struct append_message);
	struct slice word;
	if (!imap_take_space(rest))
		return false;
	if (imap_at(rest, '(') && (!imap_take_flags(rest, &m->flags) || !imap_take_space(rest)))
		return false;
	if (imap_at(rest, '"') && (!imap_take_string(rest, is->s.command, &m->date) || !imap_take_space(rest)))
		return false;
	bool utf8 = imap_at(rest, 'U') || imap_at(rest, 'u');
	if (utf8 && (!imap_take_name(rest, &word) || !slice_is_nocase(word, "UTF8") || !imap_take_space(rest) ||
	    !imap_take_char(rest, '(') || !imap_at(rest, '~')))
		return false;
	if (!imap_take_string(rest, is->s.command, &m->text) || (utf8 && !imap_take_char(rest, ')')))
		return false;
	*w->last = m;
	w->last = &m->next;
	w->n++;
	return true;
}

/* SP mailbox, then the messages: at most max */
static bool take_append(struct imap_session *is, struct slice *rest, size_t max, struct slice *name_r,
	struct append *w) {
	w->last = &w->first;
	if (!imap_take_space(rest) || !imap_take_mailbox(is, rest, name_r) || !take_message(is, rest, w))
		return false;
	while (!imap_take_end(rest) && w->n < max)
		if (!take_message(is, rest, w))
			return false;
	return imap_take_end(rest);
}

/* RFC 6855 4: a header beyond ASCII comes from clients that know what they do */
static bool header_is_ascii(struct slice text) {
	struct slice line;
	while (slice_line(&text, &line) && line.n)
		if (!text_is_ascii(line))
			return false;
	return true;
}

/* --- on the writer --- */

static int own_apply(struct forum_txn *t, struct append_job *d, struct append_item *it, struct fail *f) {
	struct post_draft draft = *it->draft;
	return personal_add_in(t, d->member, d->group, &draft, &it->number, f);
}

/* post_in_apply finds its part as the job's data */
static int post_apply(struct forum_txn *t, struct job *j, struct append_job *d, struct append_item *it,
	struct fail *f) {
	j->data = &it->in;
	int r = post_in_apply(t, j, f);
	j->data = d;
	it->number = 0;
	for (size_t i = 0; r > 0 && i < it->in.result.nplaces; i++)
		if (it->in.result.places[i].group == d->group)
			it->number = it->in.result.places[i].number;
	return r;
}

static int append_one(struct forum_txn *t, struct job *j, struct append_job *d, struct append_item *it,
	struct fail *f) {
	struct range_set one = {0};
	uint64_t marks;
	int r = imap_flags_own(t, d->member, &it->flags, &marks, f);
	if (r < 0 || (r = d->own ? own_apply(t, d, it, f) : post_apply(t, j, d, it, f)) < 0)
		return r;
	marks |= it->flags.mask & IMAP_KEPT;
	if (!d->own)
		marks &= ~IMAP_BIT(MARK_DRAFT);
	if (!marks || !it->number)
		return 1;
	range_set_add(&one, it->number, it->number);
	r = imap_marks_apply(t, d->member, d->group, &one, marks, 0);
	range_set_free(&one);
	return r < 0 ? r : 1;
}

static int append_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct append_job *d = j->data;
	struct overview o;
	int r = 1;
	/* gone meanwhile: nothing would be replaced */
	if (d->old.group && (r = overview_get(t, d->old.group, d->old.number, &o)) <= 0)
		return r < 0 ? r : fail_set(f, ERR_GONE, "the message to be replaced is no longer there");
	/* the old one goes first: what it took of the quota is the new one's */
	if (d->old.group && (r = personal_remove(t, d->old, f)) < 0)
		return r;
	r = 1;
	for (size_t i = 0; r > 0 && i < d->n; i++)
		r = append_one(t, j, d, &d->v[i], f);
	return r < 0 ? r : 1;
}

/* --- before and after --- */

static void append_keep(struct imap_session *is, struct job *j) {
	struct append *w = is->work;
	struct append_job *d = j->data;
	uint32_t last = 0;
	if (j->result <= 0)
		return;
	for (size_t i = 0; i < d->n; i++) {
		if (d->v[i].in.moved.name.n)
			w->moved = arena_slice(is->s.command, d->v[i].in.moved.name);
		w->pending |= !d->own && d->v[i].in.result.state == POST_PENDING;
		w->unordered |= d->v[i].number <= last;
		last = d->v[i].number;
		range_set_add(w->numbers, last, last);
	}
	/* told when it is no longer to be seen: what waits for approval replaces nothing yet */
	if (w->old && imap_view_seq(&is->view, w->old))
		range_set_add(&is->gone, w->old, w->old);
}

static enum step append_done(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct append *w = is->work;
	struct buf code = {0};
	if (is->result < 0)
		return imap_fail(is, &is->fail);
	if (w->pending)
		return imap_ok(is, "%s completed: the post waits for approval", is->command->name);
	/* RFC 4315 3: APPENDUID is of the mailbox that was named */
	if (w->moved.n)
		return imap_ok(is, "%s completed: the thread was moved to %.*s, and the answer is there", is->command->name,
			SLICE_ARG(w->moved));
	if (w->unordered)
		return imap_ok(is, "%s completed", is->command->name);
	buf_addf(&code, "APPENDUID %u ", w->uidvalidity);
	range_set_print(w->numbers, ':', &code);
	if (w->old)
		buf_addf(session_out(s), "* OK [%s] the new message is there\r\n", buf_bytes(&code));
	enum step r = w->old ? imap_ok(is, "REPLACE completed") : imap_ok(is, "[%s] APPEND completed", buf_bytes(&code));
	buf_free(&code);
	return r;
}

/* a message without From gets the member's, in ENVELOPE too */
static void own_from(struct forum_txn *t, uint32_t member, struct arena *a, struct post_draft *draft) {
	struct address_list list;
	struct buf b = {0};
	struct member m;
	if (draft->from.n || member_get(t, member, &m) <= 0 || !m.naddresses)
		return;
	ptrdiff_t at = slice_rchr(m.addresses[0], '@');
	if (at > 0)
		address_write(&b, m.name, slice_to(m.addresses[0], (size_t)at), slice_from(m.addresses[0], (size_t)at + 1));
	draft->from = arena_slice(a, buf_slice(&b));
	address_parse(a, draft->from, &list);
	buf_reset(&b);
	imap_text_addresses(&b, &list);
	draft->env_from = arena_slice(a, buf_slice(&b));
	buf_free(&b);
}

/* One message is parsed and checked here; the writer stores it. What replaces another one stays where that is. */
static int append_parse(struct imap_session *is, struct forum_txn *t, const struct append_message *m,
	const struct group *g, bool replaces, struct arena *a, struct append_item *it, struct fail *f) {
	struct post_in in = { .source = POST_FROM_IMAP, .member = is->s.member, .groups = &g->id, .ngroups = 1,
		.max_size = is->s.config->message_size, .moved = replaces || g->owner ? NULL : &it->in.moved };
	it->draft = ARENA_NEW(a, struct post_draft);
	if (m->date.p && date_parse_imap(slice_trim(m->date), &in.arrival) <= 0)
		return fail_set(f, ERR_SYNTAX, "not a date-time");
	if (!imap_speaks_utf8(is) && !header_is_ascii(m->text))
		return fail_set(f, ERR_INVALID, "a header beyond ASCII: encode it (RFC 2047), or ENABLE UTF8=ACCEPT first");
	if (g->owner) {
		in.member = RIGHTS_OPERATOR;
		in.import = in.no_mail = true;
	} else if (in.arrival > forum_time(t)) {
		in.arrival = 0;                /* a date in the future would stay on top for ever */
	}
	int r = post_in_parse(t, &in, m->text, a, it->draft, f);
	if (r < 0)
		return r;
	if (g->owner)
		own_from(t, is->s.member, a, it->draft);
	it->in.draft = it->draft;
	it->in.member = is->s.member;
	imap_flags_copy(a, &m->flags, &it->flags);
	return 1;
}

/* to g; old: what it replaces, or NULL */
static enum step append_submit(struct imap_session *is, struct forum_txn *t, struct append *w, const struct group *g,
	const struct replaced *old) {
	struct job *j = job_new(&is->s, append_apply);
	struct append_job *d = ARENA_NEW(j->arena, struct append_job);
	struct fail f = {0};
	int r = 1;
	d->member = is->s.member;
	d->group = g->id;
	d->own = g->owner != 0;
	d->v = arena_zalloc(j->arena, w->n * sizeof *d->v);
	j->data = d;
	for (const struct append_message *m = w->first; m && r > 0; m = m->next) {
		r = append_parse(is, t, m, g, old != NULL, j->arena, &d->v[d->n++], &f);
		j->size += m->text.n;
	}
	if (r < 0) {
		job_free(&j);
		return f.code == ERR_SYNTAX ? imap_bad(is, "%s", f.text) : imap_fail(is, &f);
	}
	if (old) {
		d->old = old->own;
		d->v[0].draft->supersedes = old->post;
		w->old = old->uid;
	}
	w->group = g->id;
	w->uidvalidity = g->uidvalidity;
	w->numbers = imap_command_set(is);
	is->work = w;
	return imap_submit(is, j, append_keep, append_done);
}

/* 0 the mailbox takes messages; else the answer is given */
static int append_target(struct imap_session *is, struct forum_txn *t, struct slice name, const struct append *w,
	struct group *g_r, enum step *answer_r) {
	int r = t ? imap_mailbox_find(is, t, name, g_r) : ERR_UNAVAILABLE;
	if (r < 0) {
		*answer_r = imap_unavailable(is);
	} else if (r == 0) {
		*answer_r = imap_no(is, folder_name_check(name, NULL) > 0 ? "TRYCREATE" : "NONEXISTENT", "no such mailbox");
	} else if (r == 2 || (g_r->owner && !personal_holds_own(g_r))) {
		*answer_r = imap_no(is, "CANNOT", "this mailbox is filled by the forum; append to a group to post there");
	} else if (g_r->owner) {
		return 0;
	} else {
		for (const struct append_message *m = w->first; m; m = m->next) {
			if (m->flags.draft) {
				*answer_r = imap_no(is, "CANNOT", "a group holds no drafts: keep them in Drafts");
				return 1;
			}
			if (!session_rate(&is->s, "post", is->s.config->posts_per_minute)) {
				*answer_r = imap_no(is, "LIMIT", "too many posts, try again in a minute");
				return 1;
			}
		}
		return 0;
	}
	return 1;
}

enum step imap_cmd_append(struct imap_session *is, struct slice *rest) {
	struct append *w = ARENA_NEW(is->s.command, struct append);
	struct slice name;
	struct group g;
	enum step answer;
	if (!take_append(is, rest, APPEND_MAX + 1, &name, w))
		return imap_bad_arguments(is);
	if (w->n > APPEND_MAX)
		return imap_no(is, "LIMIT", "at most %u messages at once", APPEND_MAX);
	struct forum_txn *t = session_read(&is->s);
	return append_target(is, t, name, w, &g, &answer) ? answer : append_submit(is, t, w, &g, NULL);
}

/* --- REPLACE --- */

/* 1 old_r is filled; 0 no such message; ERR_INVALID with words; < 0 */
static int replaced_find(struct imap_session *is, struct forum_txn *t, uint32_t uid, const struct group *to,
	struct replaced *old_r, struct fail *f) {
	struct overview o;
	struct group from;
	struct post p;
	int r = imap_selected_get(is, t, &from);
	*old_r = (struct replaced){ .uid = uid };
	if (r > 0 && from.id)
		r = overview_get(t, from.id, uid, &o);
	if (r <= 0 || !from.id || !imap_view_seq(&is->view, uid))
		return r < 0 ? r : 0;
	if (personal_holds_own(&from)) {
		old_r->own = (struct place){ from.id, uid };
		return 1;
	}
	if (from.owner)
		return fail_set(f, ERR_INVALID, "this mailbox is filled by the forum: its messages are not replaced");
	if (to->id != from.id)
		return fail_set(f, ERR_INVALID, "a post is replaced where it stands, in its group");
	if ((r = post_get(t, o.post, &p)) <= 0)
		return r;
	if (p.author != is->s.member)
		return fail_set(f, ERR_DENIED, "only its author replaces a post");
	old_r->post = p.id;
	return 1;
}

enum step imap_cmd_replace(struct imap_session *is, struct slice *rest) {
	struct append *w = ARENA_NEW(is->s.command, struct append);
	struct range_set *uids;
	struct replaced old;
	struct fail f = {0};
	struct slice name;
	struct group g;
	enum step answer;
	uint32_t uid = 0;
	if (!imap_take_space(rest))
		return imap_bad_arguments(is);
	enum imap_set_result set = imap_take_uids(is, rest, &uids);
	if (set == IMAP_SET_SYNTAX || !take_append(is, rest, 1, &name, w) ||
	    (set == IMAP_SET_OK && (!range_set_next(uids, 1, &uid) || uids->n != 1 || uids->v[0].hi != uid)))
		return imap_bad_arguments(is);
	if (set == IMAP_SET_BEYOND)
		return imap_bad(is, "there are fewer messages");
	if (is->examine)
		return imap_no(is, "READ-ONLY", "the mailbox was opened with EXAMINE");
	struct forum_txn *t = session_read(&is->s);
	if (append_target(is, t, name, w, &g, &answer))
		return answer;
	int r = replaced_find(is, t, uid, &g, &old, &f);
	if (r == 0)
		return imap_no(is, "NONEXISTENT", "there is no such message");
	if (r < 0)
		return f.text[0] ? imap_fail(is, &f) : imap_unavailable(is);
	return append_submit(is, t, w, &g, &old);
}
