/* STORE: the member's own marks. Flags that are not kept are ignored (RFC 3501 6.4.6: PERMANENTFLAGS said so); keywords
 * are resolved by the writer, which knows them all. What is a word to others or on a thread is told by one receipt a
 * command (act.h). UNCHANGEDSINCE (RFC 7162 3.1.3) is decided by the writer, so that nothing can come between looking
 * and writing. */
#include "forumd/base/clock.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/queue.h"
#include "gateways/imap/imap_private.h"

#define STORE_STRIDE 64u

enum store_how { STORE_REPLACE, STORE_ADD, STORE_DEL };
struct store {
	struct range_set *uids, *modified;   /* modified: failed the condition */
	struct imap_flags flags;
	enum store_how how;
	bool silent, conditional, draft;     /* draft: \\Draft can be kept here */
	uint64_t since;
	uint32_t next;
};
struct store_job {
	uint32_t member, group;
	struct range_set uids, modified;
	struct imap_flags flags, kept;       /* kept: those that are no verdicts */
	enum store_how how;
	struct act act;
	bool conditional, draft;
	uint64_t since;
};

static void store_job_free(void *arg) {
	range_set_free(&((struct store_job *)arg)->uids);
	range_set_free(&((struct store_job *)arg)->modified);
	act_free(&((struct store_job *)arg)->act);
}

/* d->modified: those of d->uids that changed after d->since */
static int store_modified(struct forum_txn *t, struct store_job *d) {
	struct range_set changed = {0}, gone = {0};
	struct imap_marks marks;
	struct overview o;
	uint32_t uid = 0;
	range_set_clear(&d->modified);
	int r = imap_changed_since(t, d->member, d->group, d->since, &changed, &gone);
	imap_set_intersect(&changed, &d->uids);
	imap_marks_begin(&marks, d->member, d->group);
	while (r >= 0 && uid < UINT32_MAX && range_set_next(&changed, uid + 1, &uid)) {
		r = overview_get(t, d->group, uid, &o);
		if (r > 0 && imap_modseq(&marks, t, &o) > d->since)
			range_set_add(&d->modified, uid, uid);
	}
	imap_marks_free(&marks);
	range_set_free(&changed);
	range_set_free(&gone);
	return r;
}

/* Shared keywords are words to the moderators, and from them: a member's +$OffTopic is a report; a moderator's $Aside
 * and
 * $Locked are verdicts, and taking $OffTopic or $Reported away is KEEP (of a member: his report is taken back). What is
 * so already is left as it is. > 0 done. */
static int store_shared_one(struct forum_txn *t, struct store_job *d, bool moderator, const struct overview *o,
	struct fail *f) {
	uint64_t asked = d->flags.mask & IMAP_SHARED, has = imap_shared_flags(o->flags);
	int r = 0;
	if (d->how == STORE_ADD && (asked & IMAP_OFF_TOPIC))
		return (r = act_do(t, &d->act, ACT_REPORT, REPORT_OFF_TOPIC, o->post, d->group, f)) < 0 ? r : 1;
	if (!moderator) {
		r = d->how == STORE_DEL && (asked & has & IMAP_OFF_TOPIC)
			? moderate_withdraw(t, o->post, d->member, REPORT_OFF_TOPIC, f)
			: 0;
		return r == ERR_NOTFOUND ? 0 : r;
	}
	uint64_t act = d->how == STORE_ADD ? asked & ~has : asked & has;
	if (act & IMAP_LOCKED)
		r = act_do(t, &d->act, ACT_VERDICT, d->how == STORE_ADD ? VERDICT_LOCK : VERDICT_UNLOCK, o->post, d->group, f);
	if (r >= 0 && d->how == STORE_DEL && (act & (IMAP_OFF_TOPIC | IMAP_REPORTED)))
		r = act_do(t, &d->act, ACT_VERDICT, VERDICT_KEEP, o->post, d->group, f);
	if (r >= 0 && d->how == STORE_ADD && (act & IMAP_ASIDE))
		r = act_do(t, &d->act, ACT_VERDICT, VERDICT_ASIDE, o->post, d->group, f);
	return r;
}

/* In the moderators' queue +FLAGS $Keep and the like decide the case; the names are no keywords there. > 0 decided. */
static int store_verdict(struct forum_txn *t, struct store_job *d, const struct group *box,
	const struct range_set *uids, struct fail *f) {
	static const struct { struct slice name; enum verdict verdict; } verdicts[] = {
		{ SLICE_INIT("$Approve"), VERDICT_APPROVE },
		{ SLICE_INIT("$Keep"), VERDICT_KEEP },
		{ SLICE_INIT("$Hide"), VERDICT_HIDE },
		{ SLICE_INIT("$Delete"), VERDICT_DELETE },
	};
	struct overview o;
	struct post p;
	uint32_t uid = 0;
	int verdict = d->flags.mask & IMAP_ASIDE ? VERDICT_ASIDE : 0, r = 0;
	unsigned kept = 0;
	for (unsigned i = 0; i < d->flags.nown; i++) {
		int is = 0;
		for (size_t k = 0; k < sizeof verdicts / sizeof *verdicts; k++)
			if (slice_eq_nocase(d->flags.own[i], verdicts[k].name))
				is = verdicts[k].verdict;
		verdict = is ? is : verdict;
		if (!is)
			d->kept.own[kept++] = d->flags.own[i];
	}
	d->kept.nown = kept;
	if (verdict && range_set_count(uids) > ACT_MAX)
		return fail_set(f, ERR_LIMIT, "at most %d posts at once", ACT_MAX);
	while (verdict && d->how == STORE_ADD && r >= 0 && uid < UINT32_MAX && range_set_next(uids, uid + 1, &uid))
		if ((r = overview_get(t, box->id, uid, &o)) > 0 && (r = post_get(t, o.post, &p)) > 0 &&
			queue_may(t, d->member, &p))
			r = act_do(t, &d->act, ACT_VERDICT, verdict, p.id, p.places[0].group, f);
		else if (r == 0 && post_by_number(t, box->id, uid, &p) > 0)
			r = fail_set(f, ERR_GONE, "%.*s", SLICE_ARG(queue_too_late(t, d->member, &p)));
	return r < 0 ? r : verdict != 0;
}

static int store_shared(struct forum_txn *t, struct store_job *d, const struct range_set *uids, struct fail *f) {
	struct overview o;
	struct group g;
	uint32_t uid = 0;
	int acted = 0, r = 1;
	if ((r = group_get(t, d->group, &g)) <= 0)
		return r < 0 ? r : 0;
	if (g.owner && g.box == BOX_QUEUE)
		return store_verdict(t, d, &g, uids, f);
	if (d->how == STORE_REPLACE || !(d->flags.mask & IMAP_SHARED))
		return 0;
	if (range_set_count(uids) > ACT_MAX)
		return fail_set(f, ERR_LIMIT, "at most %d posts at once for a word to the moderators", ACT_MAX);
	bool moderator = !g.owner && rights_can_moderate(t, d->member, &g);
	while (r >= 0 && uid < UINT32_MAX && range_set_next(uids, uid + 1, &uid)) {
		r = overview_get(t, d->group, uid, &o);
		if (r > 0 && !(o.flags & POST_OWN))
			acted |= (r = store_shared_one(t, d, moderator, &o, f)) > 0;
	}
	return r < 0 ? r : acted;
}

/* $Muted and $Watched are words on threads, and have a receipt like those said by moving; of both, the later one
 * counts */
static int store_watch(struct forum_txn *t, struct store_job *d, const struct range_set *uids, uint64_t set,
	struct fail *f) {
	enum watch w = set & IMAP_BIT(MARK_WATCHED) ? WATCH_ON : WATCH_MUTED;
	struct overview o;
	uint32_t uid = 0;
	int r = 1;
	if (!(set & (IMAP_BIT(MARK_MUTED) | IMAP_BIT(MARK_WATCHED))))
		return 1;
	while (r >= 0 && uid < UINT32_MAX && range_set_next(uids, uid + 1, &uid))
		if ((r = overview_get(t, d->group, uid, &o)) > 0 && !(o.flags & POST_OWN))
			r = act_mark(t, &d->act, w, o.post, d->group, f);
	return r;
}

/* bits to set and to clear, keywords by their places */
static int store_bits(struct forum_txn *t, const struct store_job *d, uint64_t *set_r, uint64_t *clear_r,
	struct fail *f) {
	uint64_t kept = IMAP_KEPT & ~(d->draft ? 0 : IMAP_BIT(MARK_DRAFT)), own;
	int r = d->how == STORE_DEL ? keywords_marks(t, d->member, d->kept.own, d->kept.nown, false, &own, f) :
		imap_flags_own(t, d->member, &d->kept, &own, f);
	if (r < 0)
		return r;
	uint64_t mask = (d->flags.mask & kept) | own;
	*set_r = d->how == STORE_DEL ? 0 : mask;
	*clear_r = d->how == STORE_ADD ? 0 : d->how == STORE_DEL ? mask : kept & ~mask;
	return 1;
}

static int store_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct store_job *d = j->data;
	struct range_set uids = {0};
	uint64_t set, clear;
	int r = d->conditional ? store_modified(t, d) : 1, acted = 0;
	act_free(&d->act);
	d->act = (struct act){ .member = d->member };
	d->kept = d->flags;
	range_set_copy(&uids, &d->uids);
	range_set_subtract(&uids, &d->modified);
	if (r >= 0)
		r = acted = store_shared(t, d, &uids, f);
	if (r >= 0 && (r = store_bits(t, d, &set, &clear, f)) > 0 && (r = store_watch(t, d, &uids, set, f)) >= 0)
		r = imap_marks_apply(t, d->member, d->group, &uids, set, clear);
	range_set_free(&uids);
	if (r >= 0) {
		int told = act_tell(t, &d->act);
		r = told < 0 ? told : r;
	}
	return r == 0 ? acted : r;
}

static void store_keep(struct imap_session *is, struct job *j) {
	struct store *w = is->work;
	struct store_job *d = j->data;
	if (j->result >= 0)
		range_set_copy(w->modified, &d->modified);
}

/* "(" UNCHANGEDSINCE n ")" SP */
static bool take_condition(struct slice *in, struct store *w) {
	struct slice name;
	if (!imap_take_char(in, '('))
		return true;
	w->conditional = true;
	return imap_take_name(in, &name) && slice_is_nocase(name, "UNCHANGEDSINCE") && imap_take_space(in) &&
		imap_take_modseq(in, &w->since) && imap_take_char(in, ')') && imap_take_space(in);
}

/* [+-]FLAGS[.SILENT] SP flags */
static bool take_store(struct slice *in, struct store *w) {
	struct slice name;
	bool add = imap_take_char(in, '+'), del = !add && imap_take_char(in, '-');
	if (!imap_take_name(in, &name))
		return false;
	w->silent = slice_is_nocase(name, "FLAGS.SILENT");
	if ((!w->silent && !slice_is_nocase(name, "FLAGS")) || !imap_take_space(in) ||
	    !imap_take_flags(in, &w->flags))
		return false;
	w->how = add ? STORE_ADD : del ? STORE_DEL : STORE_REPLACE;
	return true;
}

static enum step store_ok(struct imap_session *is, struct store *w) {
	struct buf text = {0};
	if (!w->modified->n)
		return imap_ok(is, "STORE completed");
	struct range_set *numbers = is->uid ? w->modified : imap_command_set(is);
	uint32_t uid = 0;
	while (!is->uid && uid < UINT32_MAX && range_set_next(w->modified, uid + 1, &uid)) {
		uint32_t seq = imap_view_seq(&is->view, uid);
		range_set_add(numbers, seq, seq);
	}
	range_set_union(&is->flags, w->modified);   /* as they are now */
	buf_adds(&text, "MODIFIED ");
	range_set_print(numbers, ':', &text);
	char *code = arena_cstr(is->s.command, buf_slice(&text));
	buf_free(&text);
	return imap_ok(is, "[%s] STORE completed: these had changed", code);
}

static enum step store_tell(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct store *w = is->work;
	struct imap_marks marks;
	int64_t start = clock_mono_us();
	unsigned n = 0;
	struct forum_txn *t = session_read(s);
	int r = t ? 0 : ERR_UNAVAILABLE;
	imap_marks_begin(&marks, s->member, is->group);
	while (r >= 0 && w->next < UINT32_MAX && range_set_next(w->uids, w->next + 1, &w->next)) {
		/* what others changed as well is told with the flags (7.3: also when the STORE is silent) */
		bool brief = w->silent && !range_set_has(&is->flags, w->next);
		r = brief ? imap_sync_modseq(is, t, &marks, w->next) : imap_sync_flags(is, t, &marks, w->next);
		if (++n % STORE_STRIDE == 0 && imap_give_way(is, start)) {
			imap_marks_free(&marks);
			s->step = store_tell;
			return STEP_MORE;
		}
	}
	imap_marks_free(&marks);
	return r < 0 ? imap_unavailable(is) : store_ok(is, w);
}

/* a silent STORE tells the new change numbers to those who asked for them once */
static enum step store_told(struct imap_session *is, struct store *w) {
	return w->silent && (!is->condstore || is->no_modseq) ? store_ok(is, w) : store_tell(&is->s);
}

static enum step store_done(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct store *w = is->work;
	if (is->result < 0)
		return imap_fail(is, &is->fail);
	range_set_subtract(w->uids, w->modified);
	struct forum_txn *t = session_read(s);
	if (!t)
		return imap_unavailable(is);
	if (!w->silent)
		imap_sync_told(is, t, w->uids);
	imap_flags_tell_new(is, t);
	return store_told(is, w);
}

static enum step store_submit(struct imap_session *is, struct store *w) {
	struct job *j = job_new(&is->s, store_apply);
	struct store_job *d = ARENA_NEW(j->arena, struct store_job);
	arena_on_reset(j->arena, store_job_free, d);
	d->member = is->s.member;
	d->group = is->group;
	imap_flags_copy(j->arena, &w->flags, &d->flags);
	d->how = w->how;
	d->draft = w->draft;
	d->conditional = w->conditional;
	d->since = w->since;
	range_set_copy(&d->uids, w->uids);
	j->data = d;
	j->size = 64 + d->uids.n * 8;
	return imap_submit(is, j, store_keep, store_done);
}

enum step imap_cmd_store(struct imap_session *is, struct slice *rest) {
	struct store *w = ARENA_NEW(is->s.command, struct store);
	if (!imap_take_space(rest))
		return imap_bad_arguments(is);
	enum imap_set_result set = imap_take_uids(is, rest, &w->uids);
	if (set == IMAP_SET_SYNTAX || !imap_take_space(rest) || !take_condition(rest, w) || !take_store(rest, w) ||
	    !imap_take_end(rest))
		return imap_bad_arguments(is);
	if (set == IMAP_SET_BEYOND)
		return imap_bad(is, "there are fewer messages");
	if (w->conditional && is->no_modseq)
		return imap_bad(is, "this mailbox has no change numbers");
	if (is->examine)
		return imap_no(is, "READ-ONLY", "the mailbox was opened with EXAMINE");
	if (w->conditional)
		imap_condstore_on(is);
	struct group g;
	struct forum_txn *t = session_read(&is->s);
	w->draft = t && imap_selected_get(is, t, &g) > 0 && personal_holds_own(&g);
	range_set_subtract(w->uids, &is->view.gone);
	if (is->view.high < UINT32_MAX)
		range_set_del(w->uids, is->view.high + 1, UINT32_MAX);
	w->modified = imap_command_set(is);
	is->work = w;
	if (!w->uids->n)
		return imap_ok(is, "STORE completed");
	if ((w->flags.mask & (IMAP_BIT(MARK_MUTED) | IMAP_BIT(MARK_WATCHED))) && range_set_count(w->uids) > ACT_THREADS)
		return imap_no(is, "LIMIT", "at most %d messages are muted or watched at once", ACT_THREADS);
	if (w->how != STORE_REPLACE && !w->flags.mask && !w->flags.nown && !w->conditional)
		return store_told(is, w);
	return store_submit(is, w);
}
