/* The parameters of SELECT and EXAMINE (RFC 7162 3.1.8, 3.2.5) and what QRESYNC tells: what vanished, then the flags of
 * what changed, in steps. Sequence number hints (seq-match-data) save work only where a server forgets expunges; this
 * one does not, so they are read and not used. */
#include "forumd/base/clock.h"
#include "gateways/imap/imap_private.h"

#define RESYNC_STRIDE 64u

struct resync {
	uint64_t since;
	struct range_set *uids;
	uint32_t next;
};

/* known sequence numbers and UIDs */
static bool take_match(struct imap_session *is, struct slice *in) {
	return imap_take_char(in, '(') && imap_take_set(in, 1, imap_command_set(is)) && imap_take_space(in) &&
		imap_take_set(in, 1, imap_command_set(is)) && imap_take_char(in, ')');
}

/* "(" uidvalidity SP modseq [SP known-uids] [SP match] ")" */
static bool take_qresync(struct imap_session *is, struct slice *in, struct imap_select *p) {
	if (!imap_take_space(in) || !imap_take_char(in, '(') || !imap_take_number(in, &p->uidvalidity) ||
	    !p->uidvalidity || !imap_take_space(in) || !imap_take_modseq(in, &p->since) || !p->since)
		return false;
	bool more = imap_take_space(in);
	if (more && imap_at_set(in)) {
		p->known = imap_command_set(is);
		if (imap_at(in, '*') || !imap_take_set(in, 0, p->known))
			return false;
		more = imap_take_space(in);
	}
	return (!more || take_match(is, in)) && imap_take_char(in, ')');
}

bool imap_take_select(struct imap_session *is, struct slice *in, struct imap_select *p) {
	*p = (struct imap_select){0};
	if (imap_take_end(in))
		return true;
	if (!imap_take_space(in) || !imap_take_char(in, '('))
		return false;
	do {
		struct slice name;
		if (!imap_take_name(in, &name))
			return false;
		if (slice_is_nocase(name, "QRESYNC")) {
			if (!is->qresync || p->qresync || !take_qresync(is, in, p))
				return false;
			p->qresync = true;
		} else if (slice_is_nocase(name, "CONDSTORE")) {
			p->condstore = true;
		} else {
			return false;
		}
	} while (imap_take_space(in));
	return imap_take_char(in, ')') && imap_take_end(in);
}

static enum step resync_step(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct resync *w = is->work;
	struct imap_marks marks;
	struct overview o;
	int64_t start = clock_mono_us();
	unsigned n = 0;
	struct forum_txn *t = session_read(s);
	int r = t ? 0 : ERR_UNAVAILABLE;
	imap_marks_begin(&marks, s->member, is->group);
	while (r >= 0 && w->next < UINT32_MAX && range_set_next(w->uids, w->next + 1, &w->next)) {
		r = overview_get(t, is->group, w->next, &o);
		if (r > 0 && imap_modseq(&marks, t, &o) > w->since)
			r = imap_sync_flags(is, t, &marks, w->next);
		if (++n % RESYNC_STRIDE == 0 && imap_give_way(is, start)) {
			imap_marks_free(&marks);
			s->step = resync_step;
			return STEP_MORE;
		}
	}
	imap_marks_free(&marks);
	return r < 0 ? imap_unavailable(is) : imap_select_ok(is);
}

enum step imap_resync(struct imap_session *is, const struct imap_select *p) {
	struct resync *w = ARENA_NEW(is->s.command, struct resync);
	struct range_set *gone = imap_command_set(is);
	struct forum_txn *t = session_read(&is->s);
	w->uids = imap_command_set(is);
	w->since = p->since;
	int r = t ? imap_changed_since(t, is->s.member, is->group, p->since, w->uids, gone) : ERR_UNAVAILABLE;
	if (r < 0)
		return imap_unavailable(is);
	imap_set_intersect(gone, &is->view.gone);
	range_set_subtract(w->uids, &is->view.gone);
	if (p->known) {
		imap_set_intersect(gone, p->known);
		imap_set_intersect(w->uids, p->known);
	}
	imap_tell_vanished(is, gone, true);
	if (is->view.high < UINT32_MAX)
		range_set_del(w->uids, is->view.high + 1, UINT32_MAX);
	is->work = w;
	return resync_step(&is->s);
}
