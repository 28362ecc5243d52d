/* STATUS, and the same line for LIST ... RETURN (STATUS ...). SIZE adds up every post and therefore works in steps. */
#include "forumd/base/clock.h"
#include "forumd/forum/personal.h"
#include "gateways/imap/imap_private.h"

#define SIZE_STRIDE 1024u

static const struct { const char *name; unsigned item; } status_items[] = {
	{ "MESSAGES", IMAP_STATUS_MESSAGES }, { "UIDNEXT", IMAP_STATUS_UIDNEXT },
	{ "UIDVALIDITY", IMAP_STATUS_UIDVALIDITY },
	{ "UNSEEN", IMAP_STATUS_UNSEEN }, { "RECENT", IMAP_STATUS_RECENT }, { "SIZE", IMAP_STATUS_SIZE },
	{ "HIGHESTMODSEQ", IMAP_STATUS_MODSEQ }, { "MAILBOXID", IMAP_STATUS_MAILBOXID },
	{ "DELETED", IMAP_STATUS_DELETED }, { "DELETED-STORAGE", IMAP_STATUS_DELETED_STORAGE },
};
#define STATUS_ITEMS (sizeof status_items / sizeof *status_items)

bool imap_take_status_items(struct slice *in, unsigned *items_r) {
	*items_r = 0;
	if (!imap_take_char(in, '('))
		return false;
	do {
		struct slice name;
		unsigned before = *items_r;
		if (!imap_take_name(in, &name))
			return false;
		bool known = false;
		for (size_t i = 0; i < STATUS_ITEMS; i++)
			if (slice_is_nocase(name, status_items[i].name))
				*items_r |= status_items[i].item, known = true;
		if (!known && before == *items_r)
			return false;
	} while (imap_take_space(in));
	return imap_take_char(in, ')');
}

/* 1 complete, 0 again later */
static int status_size(struct imap_session *is, struct forum_txn *t, const struct group *g, struct imap_status *st,
	int64_t start) {
	struct overview_iter it;
	struct overview o;
	unsigned n = 0;
	int r = overview_iter_begin(t, g->id, st->next + 1, g->high, &it);
	if (r < 0)
		return r;
	struct range_set hidden = {0};
	r = imap_hidden(t, is->s.member, g, &hidden);
	while (r >= 0 && (r = overview_iter_next(&it, &o)) > 0) {
		if (range_set_has(&hidden, o.number))
			continue;
		st->size += imap_size(is, t, &o);
		st->next = o.number;
		if (++n % SIZE_STRIDE == 0 && imap_give_way(is, start))
			break;
	}
	range_set_free(&hidden);
	overview_iter_end(&it);
	return r < 0 ? r : r == 0;
}

static uint64_t status_value(enum imap_status_item item, const struct group *g, uint32_t unseen, uint64_t size) {
	switch (item) {
	case IMAP_STATUS_MESSAGES: return g->count;
	case IMAP_STATUS_UIDNEXT: return (uint64_t)g->high + 1;
	case IMAP_STATUS_UIDVALIDITY: return g->uidvalidity;
	case IMAP_STATUS_UNSEEN: return unseen;
	case IMAP_STATUS_SIZE: return size;
	case IMAP_STATUS_MODSEQ: return imap_group_modseq(g);
	case IMAP_STATUS_RECENT:
	case IMAP_STATUS_MAILBOXID:
	case IMAP_STATUS_DELETED:
	case IMAP_STATUS_DELETED_STORAGE: break;
	}
	return 0;
}

/* octets that EXPUNGE would give back (RFC 9208 4.1.4): those of own messages */
static int deleted_octets(struct forum_txn *t, const struct group *g, const struct range_set *deleted,
	uint64_t *size_r) {
	struct overview o;
	int r = 1;
	for (uint32_t n = 1; personal_holds_own(g) && r >= 0 && n && range_set_next(deleted, n, &n); n++)
		if ((r = overview_get(t, g->id, n, &o)) > 0 && (o.flags & POST_OWN))
			*size_r += (uint64_t)o.header_len + o.body_len;
	return r < 0 ? r : 1;
}

/* visible posts with the member's \\Deleted */
static int status_deleted(struct forum_txn *t, uint32_t member, const struct group *g, uint64_t *n_r,
	uint64_t *size_r) {
	struct range_set holes = {0};
	struct marks m;
	int r = marks_load(t, member, g->id, 1, g->high, &m);
	if (r < 0)
		return r;
	if ((r = group_holes(t, g->id, &holes)) >= 0) {
		range_set_subtract(&m.set[MARK_DELETED], &holes);
		*n_r = range_set_count(&m.set[MARK_DELETED]);
		r = size_r ? deleted_octets(t, g, &m.set[MARK_DELETED], size_r) : 1;
	}
	range_set_free(&holes);
	marks_free(&m);
	return r;
}

/* the member's own holes come off the count */
static int status_hide(struct imap_session *is, struct forum_txn *t, struct group *g) {
	struct range_set hidden = {0}, holes = {0};
	int r = g->id ? imap_hidden(t, is->s.member, g, &hidden) : 1;
	if (r > 0 && hidden.n && (r = group_holes(t, g->id, &holes)) >= 0) {
		range_set_subtract(&hidden, &holes);
		g->count -= (uint32_t)range_set_count(&hidden);
	}
	range_set_free(&hidden);
	range_set_free(&holes);
	return r;
}

int imap_status_write(struct imap_session *is, struct forum_txn *t, struct slice name, struct imap_status *st,
	int64_t start) {
	struct group g;
	uint32_t unseen = 0, first;
	uint64_t deleted = 0, octets = 0;
	int r = imap_mailbox_find(is, t, name, &g);
	if (r <= 0)
		return r < 0 ? r : 1;
	if (r == 2)
		g.uidvalidity = 1;
	if (r == 1 && (st->items & IMAP_STATUS_SIZE) && (r = status_size(is, t, &g, st, start)) <= 0)
		return r;
	if (g.id && (st->items & IMAP_STATUS_UNSEEN) && (r = marks_unseen(t, is->s.member, g.id, &unseen, &first)) < 0)
		return r;
	if (g.id && (st->items & (IMAP_STATUS_DELETED | IMAP_STATUS_DELETED_STORAGE)) &&
		(r = status_deleted(t, is->s.member, &g, &deleted, st->items & IMAP_STATUS_DELETED_STORAGE ? &octets : NULL)) <
			0)
		return r;
	if ((st->items & IMAP_STATUS_MESSAGES) && (r = status_hide(is, t, &g)) < 0)
		return r;
	struct buf *out = session_out(&is->s);
	buf_adds(out, "* STATUS ");
	imap_add_mailbox(is, out, name);
	const char *before = " (";
	for (size_t i = 0; i < STATUS_ITEMS; i++) {
		if (!(st->items & status_items[i].item))
			continue;
		bool id = status_items[i].item == IMAP_STATUS_MAILBOXID;
		buf_addf(out, "%s%s %s", before, status_items[i].name, id ? "(G" : "");
		buf_addu(out, id ? g.id : status_items[i].item == IMAP_STATUS_DELETED ? deleted :
			status_items[i].item == IMAP_STATUS_DELETED_STORAGE ? octets :
			status_value(status_items[i].item, &g, unseen, st->size));
		if (id)
			buf_addc(out, ')');
		before = " ";
	}
	buf_adds(out, ")\r\n");
	return 1;
}

struct status_work { struct slice name; struct imap_status st; };

static enum step status_step(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct status_work *w = is->work;
	struct forum_txn *t = session_read(s);
	int r = t ? imap_status_write(is, t, w->name, &w->st, clock_mono_us()) : ERR_UNAVAILABLE;
	if (r < 0)
		return imap_unavailable(is);
	if (r > 0)
		return imap_ok(is, "STATUS completed");
	s->step = status_step;
	return STEP_MORE;
}

enum step imap_cmd_status(struct imap_session *is, struct slice *rest) {
	struct status_work *w = ARENA_NEW(is->s.command, struct status_work);
	struct group g;
	if (!imap_take_space(rest) || !imap_take_mailbox(is, rest, &w->name) || !imap_take_space(rest) ||
	    !imap_take_status_items(rest, &w->st.items) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	struct forum_txn *t = session_read(&is->s);
	int r = t ? imap_mailbox_find(is, t, w->name, &g) : ERR_UNAVAILABLE;
	if (r == 0)
		return imap_no_mailbox(is);
	is->work = w;
	if (w->st.items & IMAP_STATUS_MODSEQ)
		imap_condstore_on(is);
	if (r < 0)
		return imap_unavailable(is);
	enum imap_box_sync sync = imap_box_sync_of(is, t, w->name);
	return sync ? imap_box_sync(is, sync, status_step) : status_step(&is->s);
}
