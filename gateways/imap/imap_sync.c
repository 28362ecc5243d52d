/* What others do to the selected mailbox arrives as changes at any time and is told at safe points only. Nothing is
 * decided from a change alone: it only says where to look; what is told comes from the store at that moment. So it
 * does not matter whether a change arrives before or after the snapshot that already shows it.
 *
 * Invariants: gone holds only UIDs of the view; a UID told as expunged never comes back to this session (its number is
 * in view.gone for good), even when the post is restored. */
#include "forumd/base/num.h"
#include "gateways/imap/imap_private.h"

#define SYNC_NEW_BY_ONE 256u
#define SYNC_AHEAD 1000u

static void note_change(struct imap_session *is, enum change_kind kind, uint32_t number) {
	switch (kind) {
	case CHANGE_GONE:
		if (imap_view_seq(&is->view, number))
			range_set_add(&is->gone, number, number);
		break;
	case CHANGE_BACK:
		range_set_del(&is->gone, number, number);
		break;
	case CHANGE_STATE:
		range_set_add(&is->flags, number, number);
		break;
	default:
		break;
	}
}

/* A snapshot may be ahead of the changes that have arrived. A client that was told a message's MODSEQ from it believes
 * to know everything before, and would never ask for what is still on its way when the line breaks (RFC 7162 3.2.5): so
 * what vanished is looked up in the log. It arrives once more, and is known by then. */
static void look_ahead(struct imap_session *is, struct forum_txn *t, const struct group *g) {
	struct group_change c;
	uint64_t at = is->modseq;
	if (!is->condstore || is->no_modseq || g->modseq <= at)
		return;
	for (unsigned n = 0; n < SYNC_AHEAD && group_change_next(t, is->group, &at, &c) > 0; n++)
		note_change(is, c.kind, c.number);
}

void imap_sync_change(struct imap_session *is, const struct change *c) {
	if (is->state != IMAP_SELECTED || !is->group || c->group != is->group)
		return;
	if (c->modseq > is->modseq)
		is->modseq = c->modseq;
	switch (c->kind) {
	case CHANGE_MARKS:
		if (c->member == is->s.member && c->origin != is->s.id)
			range_set_add(&is->flags, c->number, c->last > c->number ? c->last : c->number);
		break;
	default:
		note_change(is, c->kind, c->number);
		break;
	}
}

/* What this member hid in another session goes here too, sooner or later: at the next safe point where EXPUNGE may be
 * told. So it is noted before anything is taken out of is->flags. */
static void hide_flagged(struct imap_session *is, struct forum_txn *t, const struct group *g) {
	struct range_set hidden = {0};
	if (is->flags.n && imap_hidden(t, is->s.member, g, &hidden) > 0 && hidden.n) {
		imap_set_intersect(&hidden, &is->flags);
		range_set_subtract(&hidden, &is->view.gone);
		if (is->view.high < UINT32_MAX)
			range_set_del(&hidden, is->view.high + 1, UINT32_MAX);      /* never told: see tell_new */
		range_set_union(&is->gone, &hidden);
	}
	range_set_free(&hidden);
}

void imap_sync_told(struct imap_session *is, struct forum_txn *t, const struct range_set *uids) {
	struct group g;
	if (is->group && imap_selected_get(is, t, &g) > 0)
		hide_flagged(is, t, &g);
	range_set_subtract(&is->flags, uids);
}

/* What is visible (again) by now did not go. */
static void keep_visible(struct imap_session *is, struct forum_txn *t, const struct group *g) {
	struct range_set back = {0}, hidden = {0};
	struct overview o;
	uint32_t uid = 0;
	while (uid < UINT32_MAX && range_set_next(&is->gone, uid + 1, &uid))
		if (overview_get(t, is->group, uid, &o) > 0)
			range_set_add(&back, uid, uid);
	if (imap_hidden(t, is->s.member, g, &hidden) > 0)
		range_set_subtract(&back, &hidden);
	range_set_subtract(&is->gone, &back);
	range_set_free(&hidden);
	range_set_free(&back);
}

/* Highest first: then no number that is told changes those told after it, and the view is changed once. */
static void tell_gone(struct imap_session *is) {
	struct buf *out = session_out(&is->s);
	struct range_set told = {0};
	is->vanished_told |= is->gone.n > 0;
	if (is->qresync) {
		range_set_copy(&told, &is->gone);
		range_set_subtract(&told, &is->view.gone);
		imap_tell_vanished(is, &told, false);
		imap_view_remove(&is->view, &told);
		range_set_subtract(&is->flags, &told);
		range_set_clear(&is->gone);
		range_set_free(&told);
		return;
	}
	for (size_t i = is->gone.n; i-- > 0 && !conn_full(is->s.conn);) {
		struct range r = is->gone.v[i];
		for (uint32_t uid = r.hi; uid >= r.lo; uid--) {
			uint32_t seq = imap_view_seq(&is->view, uid);
			if (!seq)
				continue;
			char *p = buf_reserve(out, 32);
			memcpy(p, "* ", 2);
			size_t n = 2 + num_format(seq, p + 2);
			memcpy(p + n, " EXPUNGE\r\n", 10);
			buf_commit(out, n + 10);
		}
		range_set_add(&told, r.lo, r.hi);
	}
	imap_view_remove(&is->view, &told);
	range_set_subtract(&is->gone, &told);
	range_set_subtract(&is->flags, &told);
	range_set_free(&told);
}

/* numbers of (from, to] that are not visible */
static int holes_between(struct forum_txn *t, uint32_t group, uint32_t from, uint32_t to, struct range_set *holes) {
	if (to - from > SYNC_NEW_BY_ONE)
		return group_holes(t, group, holes);
	struct overview_iter it;
	struct overview o;
	range_set_add(holes, from + 1, to);
	int r = overview_iter_begin(t, group, from + 1, to, &it);
	if (r < 0)
		return r;
	while ((r = overview_iter_next(&it, &o)) > 0)
		range_set_del(holes, o.number, o.number);
	overview_iter_end(&it);
	return r;
}

/* What the member hid in another session before this one heard of it is not told at all. Its marks changed, so this
 * session was told to look. */
static int hidden_new(struct imap_session *is, struct forum_txn *t, const struct group *g, struct range_set *holes) {
	uint32_t uid;
	if (!range_set_next(&is->flags, is->view.high + 1, &uid))
		return 1;
	return imap_hidden(t, is->s.member, g, holes);
}

static void tell_new(struct imap_session *is, struct forum_txn *t, const struct group *g) {
	if (g->high <= is->view.high)
		return;
	struct range_set holes = {0};
	uint32_t before = imap_view_count(&is->view);
	if (holes_between(t, g->id, is->view.high, g->high, &holes) >= 0 && hidden_new(is, t, g, &holes) >= 0)
		imap_view_extend(&is->view, g->high, &holes);
	range_set_free(&holes);
	if (imap_view_count(&is->view) == before)
		return;
	buf_addf(session_out(&is->s), "* %u EXISTS\r\n", imap_view_count(&is->view));
	imap_notify_arrived(is, imap_view_uid(&is->view, before + 1));
}

void imap_sync_flags_line(struct buf *out, uint32_t seq, uint32_t uid, uint64_t mask, const struct keywords *own,
	uint64_t modseq) {
	char *p = buf_reserve(out, 80);
	memcpy(p, "* ", 2);
	size_t n = 2 + num_format(seq, p + 2);
	memcpy(p + n, " FETCH (UID ", 12);
	n += 12;
	n += num_format(uid, p + n);
	buf_commit(out, n);
	if (mask != IMAP_NO_FLAGS) {
		buf_add(out, " FLAGS ", 7);
		imap_flags_write(out, mask, own);
	}
	if (modseq) {
		buf_add(out, " MODSEQ (", 9);
		buf_addu(out, modseq);
		buf_addc(out, ')');
	}
	buf_add(out, ")\r\n", 3);
}

static int sync_line(struct imap_session *is, struct forum_txn *t, struct imap_marks *w, uint32_t uid, bool flags) {
	struct overview o;
	uint32_t seq = imap_view_seq(&is->view, uid);
	if (!seq)
		return 0;
	int r = overview_get(t, is->group, uid, &o);
	if (r <= 0)
		return r;
	uint64_t mask;
	if ((r = imap_marks_mask(w, t, uid, &mask)) < 0)
		return r;
	imap_sync_flags_line(session_out(&is->s), seq, uid, flags ? mask | imap_shared_flags(o.flags) : IMAP_NO_FLAGS,
		&w->own, is->condstore && !is->no_modseq ? imap_modseq(w, t, &o) : 0);
	return 1;
}

int imap_sync_flags(struct imap_session *is, struct forum_txn *t, struct imap_marks *w, uint32_t uid) {
	return sync_line(is, t, w, uid, true);
}

int imap_sync_modseq(struct imap_session *is, struct forum_txn *t, struct imap_marks *w, uint32_t uid) {
	return sync_line(is, t, w, uid, false);
}

static void tell_flags(struct imap_session *is, struct forum_txn *t) {
	struct imap_marks w;
	uint32_t uid = 0;
	imap_marks_begin(&w, is->s.member, is->group);
	while (!conn_full(is->s.conn) && uid < UINT32_MAX && range_set_next(&is->flags, uid + 1, &uid) &&
		uid <= is->view.high)
		if (imap_sync_flags(is, t, &w, uid) < 0)
			break;
	imap_marks_free(&w);
	if (uid && !conn_full(is->s.conn))
		range_set_clear(&is->flags);
	else if (uid)
		range_set_del(&is->flags, 1, uid);
}

void imap_sync_own_flags(struct imap_session *is, const struct range_set *uids) {
	struct forum_txn *t = session_read(&is->s);
	struct imap_marks w;
	uint32_t uid = 0;
	if (!t)
		return;
	imap_marks_begin(&w, is->s.member, is->group);
	while (uid < UINT32_MAX && range_set_next(uids, uid + 1, &uid))
		if (imap_sync_flags(is, t, &w, uid) < 0)
			break;
	imap_marks_free(&w);
}

void imap_sync(struct imap_session *is, bool expunge) {
	struct group g;
	if (!is->group)
		return;
	struct forum_txn *t = session_read(&is->s);
	if (!t || imap_selected_get(is, t, &g) <= 0)
		return;
	look_ahead(is, t, &g);
	hide_flagged(is, t, &g);
	if (expunge && is->gone.n) {
		keep_visible(is, t, &g);
		tell_gone(is);
	}
	tell_new(is, t, &g);
	imap_flags_tell_new(is, t);
	if (is->flags.n && imap_notify_drops_flags(is))
		range_set_clear(&is->flags);
	else if (is->flags.n)
		tell_flags(is, t);
}
