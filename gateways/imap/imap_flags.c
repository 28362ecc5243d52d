/* Flags: a member's own marks as system flags and keywords; what moderators said as the read-only $OffTopic. */
#include "gateways/imap/imap_private.h"

#define MARKS_WINDOW 65536u

static const struct slice flag_names[MARK_COUNT + 1] = {
	[MARK_SEEN] = SLICE_INIT("\\Seen"), [MARK_ANSWERED] = SLICE_INIT("\\Answered"),
	[MARK_FLAGGED] = SLICE_INIT("\\Flagged"),
	[MARK_DELETED] = SLICE_INIT("\\Deleted"), [MARK_FORWARDED] = SLICE_INIT("$Forwarded"),
	[MARK_JUNK] = SLICE_INIT("$Junk"),
	[MARK_NOTJUNK] = SLICE_INIT("$NotJunk"), [MARK_MUTED] = SLICE_INIT("$Muted"),
	[MARK_WATCHED] = SLICE_INIT("$Watched"),
	[MARK_DRAFT] = SLICE_INIT("\\Draft"),
	[MARK_COUNT] = SLICE_INIT("$OffTopic"),
};

void imap_flags_write(struct buf *out, unsigned mask) {
	char *start = buf_reserve(out, 128), *p = start;
	*p++ = '(';
	for (mask &= ~(1u << MARK_HIDDEN); mask; mask &= mask - 1) {
		struct slice name = flag_names[__builtin_ctz(mask)];
		if (p != start + 1)
			*p++ = ' ';
		memcpy(p, name.p, name.n);
		p += name.n;
	}
	*p++ = ')';
	buf_commit(out, (size_t)(p - start));
}

unsigned imap_flag_bit(struct slice name) {
	for (unsigned i = 0; i <= MARK_COUNT; i++)
		if (slice_eq_nocase(name, flag_names[i]))
			return 1u << i;
	return 0;
}

bool imap_take_flags(struct slice *in, unsigned *mask_r, unsigned *unknown_r, bool *draft_r) {
	bool list = imap_take_char(in, '(');
	unsigned unknown = 0;
	*mask_r = 0;
	if (draft_r)
		*draft_r = false;
	if (!list || !imap_at(in, ')')) {
		do {
			struct slice flag;
			if (!imap_take_flag(in, &flag))
				return false;
			unsigned bit = imap_flag_bit(flag);
			*mask_r |= bit;
			unknown += bit == 0;
			if (draft_r && slice_is_nocase(flag, "\\Draft"))
				*draft_r = true;
		} while (imap_take_space(in));
	}
	if (unknown_r)
		*unknown_r = unknown;
	return !list || imap_take_char(in, ')');
}

void imap_marks_begin(struct imap_marks *w, uint32_t member, uint32_t group) {
	*w = (struct imap_marks){ .member = member, .group = group };
}

void imap_marks_free(struct imap_marks *w) {
	if (w->loaded)
		marks_free(&w->m);
	w->loaded = false;
}

static int marks_window(struct imap_marks *w, struct forum_txn *t, uint32_t uid) {
	imap_marks_free(w);
	memset(&w->m, 0, sizeof w->m);
	w->lo = uid;
	w->hi = uid > UINT32_MAX - MARKS_WINDOW ? UINT32_MAX : uid + MARKS_WINDOW - 1;
	int r = marks_load(t, w->member, w->group, w->lo, w->hi, &w->m);
	w->loaded = true;
	w->nused = 0;
	for (unsigned k = 0; k < MARK_COUNT; k++) {
		w->at[k] = 0;
		if (w->m.set[k].n)
			w->used[w->nused++] = (unsigned char)k;
	}
	return r;
}

int imap_marks_mask(struct imap_marks *w, struct forum_txn *t, uint32_t uid) {
	if (!w->loaded || uid > w->hi) {
		int r = marks_window(w, t, uid);
		if (r < 0)
			return r;
	}
	unsigned mask = 0;
	for (unsigned i = 0; i < w->nused; i++) {
		unsigned k = w->used[i];
		const struct range_set *s = &w->m.set[k];
		while (w->at[k] < s->n && s->v[w->at[k]].hi < uid)
			w->at[k]++;
		if (w->at[k] < s->n && s->v[w->at[k]].lo <= uid)
			mask |= 1u << k;
	}
	return (int)mask;
}

int imap_marks_apply(struct forum_txn *t, uint32_t member, uint32_t group, const struct range_set *uids,
	unsigned set, unsigned clear) {
	int changed = 0;
	for (unsigned k = 0; k < MARK_COUNT; k++) {
		if (!((set | clear) >> k & 1))
			continue;
		int r = marks_set(t, member, group, (enum mark)k, uids, set >> k & 1);
		if (r < 0)
			return r;
		changed |= r;
	}
	return changed;
}

int imap_hidden(struct forum_txn *t, uint32_t member, const struct group *g, struct range_set *out) {
	struct marks m = {0};
	if (g->owner || !g->high)
		return 1;
	int r = marks_load(t, member, g->id, 1, g->high, &m);
	if (r >= 0)
		range_set_union(out, &m.set[MARK_HIDDEN]);
	marks_free(&m);
	return r < 0 ? r : 1;
}
