/* STORE: the member's own marks. Names that are not kept are ignored (RFC 3501 6.4.6: PERMANENTFLAGS said so). */
#include "forumd/base/clock.h"
#include "gateways/imap/imap_private.h"

#define STORE_KEPT ((1u << MARK_COUNT) - 1)
#define STORE_STRIDE 64u

struct store {
	struct range_set *uids;
	unsigned set, clear;
	bool silent;
	uint32_t next;
};
struct store_job { uint32_t member, group; struct range_set uids; unsigned set, clear; };

static void store_job_free(void *arg) {
	range_set_free(&((struct store_job *)arg)->uids);
}

static int store_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct store_job *d = j->data;
	(void)f;
	return imap_marks_apply(t, d->member, d->group, &d->uids, d->set, d->clear);
}

/* [+-]FLAGS[.SILENT] SP flags */
static bool take_store(struct slice *in, struct store *w) {
	struct slice name;
	unsigned mask;
	bool add = imap_take_char(in, '+'), del = !add && imap_take_char(in, '-');
	if (!imap_take_name(in, &name))
		return false;
	w->silent = slice_is_nocase(name, "FLAGS.SILENT");
	if ((!w->silent && !slice_is_nocase(name, "FLAGS")) || !imap_take_space(in) ||
	    !imap_take_flags(in, &mask, NULL, NULL))
		return false;
	mask &= STORE_KEPT;
	w->set = del ? 0 : mask;
	w->clear = add ? 0 : del ? mask : STORE_KEPT & ~mask;
	return true;
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
		r = imap_sync_flags(is, t, &marks, w->next);
		if (++n % STORE_STRIDE == 0 && imap_give_way(is, start)) {
			imap_marks_free(&marks);
			s->step = store_tell;
			return STEP_MORE;
		}
	}
	imap_marks_free(&marks);
	return r < 0 ? imap_unavailable(is) : imap_ok(is, "STORE completed");
}

static enum step store_done(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct store *w = is->work;
	if (is->result < 0)
		return imap_fail(is, &is->fail);
	range_set_subtract(&is->flags, w->uids);
	return w->silent ? imap_ok(is, "STORE completed") : store_tell(s);
}

enum step imap_cmd_store(struct imap_session *is, struct slice *rest) {
	struct store *w = ARENA_NEW(is->s.command, struct store);
	if (!imap_take_space(rest))
		return imap_bad_arguments(is);
	enum imap_set_result set = imap_take_uids(is, rest, &w->uids);
	if (set == IMAP_SET_SYNTAX || !imap_take_space(rest) || !take_store(rest, w) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	if (set == IMAP_SET_BEYOND)
		return imap_bad(is, "there are fewer messages");
	if (is->examine)
		return imap_no(is, "READ-ONLY", "the mailbox was opened with EXAMINE");
	range_set_subtract(w->uids, &is->view.gone);
	if (is->view.high < UINT32_MAX)
		range_set_del(w->uids, is->view.high + 1, UINT32_MAX);
	is->work = w;
	if (!w->uids->n)
		return imap_ok(is, "STORE completed");
	if (!w->set && !w->clear)
		return w->silent ? imap_ok(is, "STORE completed") : store_tell(&is->s);
	struct job *j = job_new(&is->s, store_apply);
	struct store_job *d = ARENA_NEW(j->arena, struct store_job);
	arena_on_reset(j->arena, store_job_free, d);
	d->member = is->s.member;
	d->group = is->group;
	d->set = w->set;
	d->clear = w->clear;
	range_set_copy(&d->uids, w->uids);
	j->data = d;
	j->size = 64 + d->uids.n * 8;
	return imap_submit(is, j, NULL, store_done);
}
