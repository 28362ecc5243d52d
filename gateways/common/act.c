/* MEMO_ACT number -> varint member, then per entry: kind u8, what u8, was u8 (watch before), post varint (of verdicts:
 * the serial of the audit entry). ACT_MARK whose was is its what: the thread was so before, only the keyword is new.
 * The receipt's Reply-To is answer-TOKEN with the number as its id. */
#include "gateways/common/act.h"
#include "forumd/base/mem.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/forum/marks.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/build.h"
#include "forumd/mail/field.h"
#include "forumd/mail/msgid.h"
#include "gateways/common/notice.h"
#include "gateways/common/post_in.h"

#define LINES_MAX 20
#define SUBJECT_MAX 120
#define DAY 86400

static const char *act_word(enum act_kind kind, int what) {
	static const char *const verdicts[] = {
		[VERDICT_KEEP] = "Kept",
		[VERDICT_ASIDE] = "Moved aside",
		[VERDICT_HIDE] = "Hidden",
		[VERDICT_RESTORE] = "Restored",
		[VERDICT_LOCK] = "Locked",
		[VERDICT_UNLOCK] = "Unlocked",
		[VERDICT_APPROVE] = "Approved",
		[VERDICT_DELETE] = "Deleted",
	};
	if (kind == ACT_WATCH || kind == ACT_MARK)
		return what == WATCH_MUTED ? "Muted" : what == WATCH_ON ? "Watched" : "Neither muted nor watched";
	if (kind == ACT_REPORT)
		return "Reported";
	return (size_t)what < sizeof verdicts / sizeof *verdicts && verdicts[what] ? verdicts[what] : "Done";
}

static void act_keep_entry(struct act *a, enum act_kind kind, int what, int was, uint64_t id) {
	buf_addc(&a->done, (char)kind);
	buf_addc(&a->done, (char)what);
	buf_addc(&a->done, (char)was);
	num_add_varint(&a->done, id);
}

/* the group a post is looked at in, for the words; from an own box, the one it stands in */
static struct slice act_group_name(struct forum_txn *t, uint64_t post, uint32_t group) {
	struct place at;
	struct group g;
	int r = group_get(t, group, &g);
	if (r > 0 && g.owner)
		r = personal_source(t, g.owner, post, &at) > 0 ? group_get(t, at.group, &g) : 0;
	return r > 0 ? g.name : slice_of("", 0);
}

static void act_note(struct forum_txn *t, struct act *a, enum act_kind kind, int what, int was, uint64_t id,
	const struct post *p, uint32_t group) {
	struct slice subject = slice_to(p->subject, SUBJECT_MAX);
	size_t lines = buf_len(&a->lines);
	while (subject.n && subject.n < p->subject.n && (p->subject.p[subject.n] & 0xc0) == 0x80)
		subject.n--;
	act_keep_entry(a, kind, what, was, id);
	struct buf *out = a->n ? &a->lines : &a->subject;
	buf_addf(out, "%s%s%s: %.*s", act_word(kind, what), kind == ACT_REPORT ? " as " : "",
		kind == ACT_REPORT ? report_kind_name((enum report_kind)what) : "", SLICE_ARG(subject));
	if (!a->n)
		buf_add_slice(&a->lines, buf_slice(&a->subject));
	buf_addf(&a->lines, " (%.*s)\n", SLICE_ARG(act_group_name(t, p->id, group)));
	if (++a->n > LINES_MAX)
		buf_truncate(&a->lines, lines);
}

int act_do(struct forum_txn *t, struct act *a, enum act_kind kind, int what, uint64_t post, uint32_t group,
	struct fail *f) {
	struct post p;
	uint64_t id = post;
	int was = 0, r = post_get(t, post, &p);
	struct slice reason = a->reason.n ? a->reason : SLICE(MODERATE_BY_IMAP);
	if (r <= 0)
		return r < 0 ? r : fail_set(f, ERR_NOTFOUND, "no such post");
	switch (kind) {
	case ACT_WATCH:
		was = watch_get(t, a->member, p.thread);
		r = watch_set(t, a->member, p.thread, (enum watch)what);
		break;
	case ACT_REPORT:
		r = moderate_report(t, post, a->member, (enum report_kind)what, reason, f);
		r = r == ERR_EXISTS ? 0 : r;
		break;
	case ACT_VERDICT:
		r = moderate_verdict(t, post, a->member, (enum verdict)what, reason, &id, f);
		break;
	case ACT_MARK:
		bug("act_mark() does that");
	}
	if (r <= 0)
		return r < 0 && !f->code ? fail_set(f, (enum err)r, "that cannot be done now, try again later") : r;
	act_note(t, a, kind, what, was, id, &p, group);
	return 1;
}

int act_mark(struct forum_txn *t, struct act *a, enum watch w, uint64_t post, uint32_t group, struct fail *f) {
	struct post p;
	int r = post_get(t, post, &p);
	if (r <= 0)
		return r < 0 ? r : fail_set(f, ERR_NOTFOUND, "no such post");
	enum watch was = watch_get(t, a->member, p.thread);
	if ((r = watch_set(t, a->member, p.thread, w)) < 0)
		return fail_set(f, (enum err)r, "that cannot be done now, try again later");
	if (was == w)
		act_keep_entry(a, ACT_MARK, w, was, post);
	else
		act_note(t, a, ACT_MARK, w, was, post, &p, group);
	return was != w;
}

void act_free(struct act *a) {
	buf_free(&a->done);
	buf_free(&a->lines);
	buf_free(&a->subject);
}

/* --- the receipt --- */

static int64_t act_keep(struct forum_txn *t, const struct act *a) {
	struct buf v = { 0 };
	char key[8];
	int64_t number = forum_next_id(t, "act");
	num_add_varint(&v, a->member);
	buf_add_slice(&v, buf_slice(&a->done));
	num_put64(key, (uint64_t)number);
	int r = number < 0 ? (int)number
					   : memo_put(t, MEMO_ACT, slice_of(key, 8), buf_slice(&v), forum_time(t) + ACT_DAYS * DAY);
	buf_free(&v);
	return r < 0 ? r : number;
}

static void act_write(struct forum_txn *t, const struct act *a, const struct member *m, int64_t number,
	struct buf *mail) {
	struct slice domain = slice_str(forum_domain(forum_of(t)));
	struct slice local = notice_answer_to(t, TOKEN_ACT, (uint64_t)number, a->member, 0, ACT_DAYS);
	struct buf id = { 0 }, text = { 0 }, subject = { 0 };
	msgid_new(&id, domain);
	buf_add_slice(&text, buf_slice(&a->lines));
	if (a->n > LINES_MAX)
		buf_addf(&text, "and %u more\n", a->n - LINES_MAX);
	buf_adds(&text,
		"\nTo undo: answer with  undo  or move this message to !Undo.\nThat is open for 30 days; deleting this changes nothing.\n");
	buf_add_slice(&subject, buf_slice(&a->subject));
	if (a->n > 1)
		buf_addf(&subject, ", and %u more", a->n - 1);
	struct build_notice n = {
		.from_name = domain,
		.from = arena_slicef(forum_arena(t), "commands@%.*s", SLICE_ARG(domain)),
		.to = m->addresses[0],
		.subject = buf_slice(&subject),
		.text = buf_slice(&text),
		.message_id = buf_slice(&id),
		.date = forum_time(t),
		.reply_to = arena_slicef(forum_arena(t), "<%.*s@%.*s>", SLICE_ARG(local), SLICE_ARG(domain)),
	};
	build_notice(mail, &n);
	buf_free(&id);
	buf_free(&text);
	buf_free(&subject);
}

int act_tell(struct forum_txn *t, struct act *a) {
	struct buf mail = { 0 };
	struct post_draft d;
	struct fail f = { 0 };
	struct member m;
	struct group g;
	uint32_t number;
	if (!a->n || member_get(t, a->member, &m) <= 0 || m.no_receipts || !m.naddresses)
		return 1;
	int r = personal_prepare(t, a->member);
	if (r < 0 || (r = personal_find(t, a->member, BOX_INBOX, &g)) <= 0)
		return r;
	int64_t act = act_keep(t, a);
	if (act < 0)
		return (int)act;
	act_write(t, a, &m, act, &mail);
	struct post_in in = { .source = POST_FROM_IMAP,
		.member = RIGHTS_OPERATOR,
		.groups = &g.id,
		.ngroups = 1,
		.import = true,
		.no_mail = true,
		.max_size = UINT32_MAX / 2 };
	struct slice raw = arena_slice(forum_arena(t), buf_slice(&mail));
	buf_free(&mail);
	if ((r = post_in_parse(t, &in, raw, forum_arena(t), &d, &f)) > 0)
		r = personal_add_in(t, a->member, g.id, &d, &number, &f);
	return r == ERR_QUOTA ? 1 : r;     /* a full mailbox has no room for it; what was done is done */
}

/* --- and back --- */

/* the keyword goes from the post, wherever it stands: 1, 0 it was not there, < 0 */
static int act_unmark(struct forum_txn *t, uint32_t member, const struct post *p, enum watch w) {
	struct range_set one = { 0 };
	int r = 0, any = 0;
	for (size_t i = 0; i < p->nplaces && r >= 0; i++) {
		if (!p->places[i].number)
			continue;
		range_set_clear(&one);
		range_set_add(&one, p->places[i].number, p->places[i].number);
		r = marks_set(t, member, p->places[i].group, w == WATCH_MUTED ? MARK_MUTED : MARK_WATCHED, &one, false);
		any |= r > 0;
	}
	range_set_free(&one);
	return r < 0 ? r : any;
}

/* The keyword goes, and the thread is again what it was. 1, 2 nothing was told of this one, 0, < 0 */
static int act_undo_mark(struct forum_txn *t, uint32_t member, const struct post *p, enum watch w, enum watch was) {
	enum watch now = watch_get(t, member, p->thread);
	if (was != w && now != w)
		return 0;
	int r = act_unmark(t, member, p, w);
	if (r < 0 || (r = watch_set(t, member, p->thread, was == w ? now : was)) < 0)
		return r;
	return was == w ? 2 : 1;
}

/* what can be undone alone: 1, 2 but for a line of its own, 0 has changed since (or was undone), < 0 */
static int act_undo_entry(struct forum_txn *t, uint32_t member, enum act_kind kind, int what, int was, uint64_t id,
	struct fail *f) {
	struct post p;
	int r = kind == ACT_VERDICT ? 1 : post_get(t, id, &p);
	if (r <= 0)
		return r;
	switch (kind) {
	case ACT_WATCH:
		return watch_get(t, member, p.thread) == (enum watch)what ? watch_set(t, member, p.thread, (enum watch)was) : 0;
	case ACT_REPORT:
		r = moderate_withdraw(t, id, member, (enum report_kind)what, f);
		return r == ERR_NOTFOUND ? 0 : r;
	case ACT_VERDICT:
		r = moderate_undo(t, id, member, NULL, f);
		return r == ERR_INVALID || r == ERR_NOTFOUND || r == ERR_GONE ? 0 : r;
	case ACT_MARK:
		return act_undo_mark(t, member, &p, (enum watch)what, (enum watch)was);
	}
	return 0;
}

/* a moderator who is none any more undoes nothing */
static bool act_may(struct forum_txn *t, uint32_t member, enum act_kind kind, uint64_t id) {
	struct audit a;
	struct group g;
	if (kind != ACT_VERDICT)
		return true;
	return audit_get(t, id, &a) > 0 && a.by == member && group_get(t, a.group, &g) > 0 &&
		rights_can_moderate(t, member, &g);
}

int act_undo(struct forum_txn *t, uint32_t member, uint64_t number, struct slice *told_r, struct fail *f) {
	struct slice v;
	uint64_t who, id;
	unsigned undone = 0, left = 0;
	char key[8];
	num_put64(key, number);
	int r = memo_get(t, MEMO_ACT, slice_of(key, 8), &v);
	if (r < 0)
		return fail_internal(f, "act %llu: %s", (unsigned long long)number, err_name((enum err)r));
	v = r > 0 ? arena_slice(forum_arena(t), v) : slice_of(NULL, 0);
	if (!num_take_varint(&v, &who) || who != member)
		return fail_set(f, ERR_GONE, "this was undone already, or the time for it is over");
	while (v.n > 3) {
		enum act_kind kind = (enum act_kind)v.p[0];
		int what = v.p[1], was = v.p[2];
		v = slice_from(v, 3);
		if (!num_take_varint(&v, &id))
			break;
		r = act_may(t, member, kind, id) ? act_undo_entry(t, member, kind, what, was, id, f) : 0;
		if (r < 0)
			return r;
		undone += r == 1;
		left += r == 0;
	}
	if (!undone)
		return fail_set(f, ERR_INVALID, "things have changed since: there is nothing to undo");
	if ((r = memo_del(t, MEMO_ACT, slice_of(key, 8))) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "the store cannot take writes now, try again later");
	*told_r = left ? arena_slicef(forum_arena(t), "Undone: %u. Changed since, and left as they are: %u.", undone, left)
				   : arena_slicef(forum_arena(t), "Undone: %u.", undone);
	return 1;
}

int act_undo_post(struct forum_txn *t, uint32_t member, const struct post *p, struct fail *f) {
	enum watch had = watch_get(t, member, p->thread);
	int undone = 0, r = 0;
	for (int w = WATCH_ON; w <= WATCH_MUTED && r >= 0; w++)
		r = act_unmark(t, member, p, (enum watch)w);
	if (r >= 0 && had != WATCH_NONE && (r = watch_set(t, member, p->thread, WATCH_NONE)) >= 0)
		undone++;
	for (int k = REPORT_OFF_TOPIC; r >= 0 && k < REPORT_PENDING; k++) {
		r = moderate_withdraw(t, p->id, member, (enum report_kind)k, f);
		undone += r > 0;
		r = r == ERR_NOTFOUND ? 0 : r;
	}
	if (r < 0)
		return r;
	return undone ? 1
				  : fail_set(f, ERR_INVALID, "you have not muted, watched or reported this: there is nothing to undo");
}

uint64_t act_of_header(struct forum_txn *t, uint32_t member, struct slice header) {
	static const struct slice answer = SLICE_INIT("answer");
	struct reply_token k;
	struct field f;
	while (field_next(&header, &f)) {
		if (!slice_is_nocase(f.name, "Reply-To"))
			continue;
		ptrdiff_t at = slice_find(f.value, answer), end = slice_rchr(f.value, '@');
		if (at < 0 || end <= at + (ptrdiff_t)answer.n + 1)
			return 0;
		size_t from = (size_t)at + answer.n + 1;
		if (reply_token_check(t, slice_sub(f.value, from, (size_t)end - from), &k) != 1 || k.kind != TOKEN_ACT ||
			k.member != member)
			return 0;
		return k.id;
	}
	return 0;
}
