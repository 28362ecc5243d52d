/* Flags: a member's own marks as system flags and keywords, the fixed ones and those he invented
 * (forumd/forum/keywords.h);
 * what moderators said as keywords that are the same for everybody. */
#include "forumd/forum/personal.h"
#include "gateways/imap/imap_private.h"

#define MARKS_WINDOW 65536u

/* in the order in which they are listed */
static const struct { struct slice name; unsigned bit; } flag_names[] = {
	{ SLICE_INIT("\\Seen"), MARK_SEEN },
	{ SLICE_INIT("\\Answered"), MARK_ANSWERED },
	{ SLICE_INIT("\\Flagged"), MARK_FLAGGED },
	{ SLICE_INIT("\\Deleted"), MARK_DELETED },
	{ SLICE_INIT("$Forwarded"), MARK_FORWARDED },
	{ SLICE_INIT("$Junk"), MARK_JUNK },
	{ SLICE_INIT("$NotJunk"), MARK_NOTJUNK },
	{ SLICE_INIT("$Muted"), MARK_MUTED },
	{ SLICE_INIT("$Watched"), MARK_WATCHED },
	{ SLICE_INIT("\\Draft"), MARK_DRAFT },
	{ SLICE_INIT("$Aside"), MARK_COUNT + 1 },
	{ SLICE_INIT("$Locked"), MARK_COUNT + 2 },
	{ SLICE_INIT("$Case-waits"), MARK_COUNT + 4 },
	{ SLICE_INIT("$Case-spam"), MARK_COUNT + 5 },
	{ SLICE_INIT("$Case-uncivil"), MARK_COUNT + 6 },
	{ SLICE_INIT("$Case-privacy"), MARK_COUNT + 7 },
	{ SLICE_INIT("$Reported"), MARK_COUNT + 3 },
	{ SLICE_INIT("$OffTopic"), MARK_COUNT },
};
#define FLAG_NAMES (sizeof flag_names / sizeof *flag_names)
_Static_assert(MARK_COUNT + 7 < 64, "a mask has 64 bits");

uint64_t imap_shared_flags(uint32_t f) {
	if (!(f & (POST_OFF_TOPIC | POST_ASIDE | POST_LOCKED | POST_FLAGGED | POST_CASE)))
		return 0;
	uint64_t about = (f & POST_CASE_WAITS ? IMAP_WAITS : 0) | (f & POST_CASE_SPAM ? IMAP_SPAM : 0) |
		(f & POST_CASE_UNCIVIL ? IMAP_UNCIVIL : 0) | (f & POST_CASE_PRIVACY ? IMAP_PRIVACY : 0);
	return about | (f & POST_OFF_TOPIC ? IMAP_OFF_TOPIC : 0) | (f & POST_ASIDE ? IMAP_ASIDE : 0) |
		(f & POST_LOCKED ? IMAP_LOCKED : 0) | (f & POST_FLAGGED ? IMAP_REPORTED : 0);
}

static void add_name(struct buf *out, struct slice name) {
	if (buf_bytes(out)[buf_len(out) - 1] != '(')
		buf_addc(out, ' ');
	buf_add_slice(out, name);
}

/* the bits of mask, without parentheses; what stands before is not empty */
static void add_names(struct buf *out, uint64_t mask, const struct keywords *own) {
	for (size_t i = 0; i < FLAG_NAMES && mask & ~IMAP_OWN; i++)
		if (mask & IMAP_BIT(flag_names[i].bit)) {
			add_name(out, flag_names[i].name);
			mask &= ~IMAP_BIT(flag_names[i].bit);
		}
	for (mask &= IMAP_OWN; mask; mask &= mask - 1) {
		struct slice name = own->name[__builtin_ctzll(mask) - MARK_OWN];
		if (name.n)
			add_name(out, name);
	}
}

void imap_flags_write(struct buf *out, uint64_t mask, const struct keywords *own) {
	buf_addc(out, '(');
	add_names(out, mask & ~IMAP_BIT(MARK_HIDDEN), own);
	buf_addc(out, ')');
}

uint64_t imap_flag_bit(struct slice name) {
	for (size_t i = 0; i < FLAG_NAMES; i++)
		if (slice_eq_nocase(name, flag_names[i].name))
			return IMAP_BIT(flag_names[i].bit);
	return 0;
}

/* system flags that are none are left out, as RFC 3501 wants of what is not permanent; \\* is no flag at all (9:
 * flag-perm) */
static void take_one(struct imap_flags *f, struct slice flag) {
	uint64_t bit = imap_flag_bit(flag);
	f->mask |= bit;
	f->draft |= (bit & IMAP_BIT(MARK_DRAFT)) != 0;
	if (bit || *flag.p == '\\')
		return;
	if (f->nown < IMAP_OWN_FLAGS)
		f->own[f->nown++] = flag;
	else
		f->many = true;
}

bool imap_take_flags(struct slice *in, struct imap_flags *f_r) {
	bool list = imap_take_char(in, '(');
	*f_r = (struct imap_flags){0};
	if (!list || !imap_at(in, ')')) {
		do {
			struct slice flag;
			if (!imap_take_flag(in, &flag))
				return false;
			take_one(f_r, flag);
		} while (imap_take_space(in));
	}
	return !list || imap_take_char(in, ')');
}

void imap_flags_copy(struct arena *a, const struct imap_flags *f, struct imap_flags *to_r) {
	*to_r = *f;
	for (unsigned i = 0; i < f->nown; i++)
		to_r->own[i] = arena_slice(a, f->own[i]);
}

int imap_flags_own(struct forum_txn *t, uint32_t member, const struct imap_flags *f, uint64_t *mask_r,
	struct fail *fail) {
	*mask_r = 0;
	if (f->many)
		return fail_set(fail, ERR_LIMIT, "at most %d keywords in one command", IMAP_OWN_FLAGS);
	return f->nown ? keywords_marks(t, member, f->own, f->nown, true, mask_r, fail) : 1;
}

static uint64_t all_own(const struct keywords *k) {
	uint64_t mask = 0;
	for (unsigned i = 0; i < KEYWORDS_MAX; i++)
		mask |= k->name[i].n ? IMAP_BIT(MARK_OWN + i) : 0;
	return mask;
}

/* What can be kept is what is known, and \\* while there is room for more (RFC 3501 7.1). */
void imap_flags_tell(struct imap_session *is, struct forum_txn *t, const struct group *g) {
	struct buf *out = session_out(&is->s);
	struct keywords k;
	if (!t || keywords_load(t, is->s.member, &k) < 0)
		k = (struct keywords){0};
	uint64_t mask = (IMAP_KEPT & ~(IMAP_OWN | IMAP_BIT(MARK_DRAFT))) | all_own(&k);
	bool own = g && personal_holds_own(g), queue = g && g->owner && g->box == BOX_QUEUE;
	uint64_t shared = own ? IMAP_BIT(MARK_DRAFT) : queue ? IMAP_SHARED | IMAP_CASE : IMAP_SHARED;
	uint64_t mine = own ? IMAP_BIT(MARK_DRAFT) : queue ? 0 : IMAP_OFF_TOPIC;
	is->keywords_told = k.version;
	buf_adds(out, "* FLAGS (");
	add_names(out, mask | shared, &k);
	buf_adds(out, queue ? " $Approve $Keep $Hide $Delete" : "");
	buf_adds(out, ")\r\n* OK [PERMANENTFLAGS (");
	if (!is->examine) {
		add_names(out, mask | mine, &k);
		buf_adds(out, queue ? " $Approve $Keep $Aside $Hide $Delete" : "");
		buf_adds(out, keywords_full(&k) ? "" : " \\*");
	}
	buf_adds(out, ")] your own marks\r\n");
}

void imap_flags_tell_new(struct imap_session *is, struct forum_txn *t) {
	struct keywords k;
	struct group g;
	if (!is->group || keywords_load(t, is->s.member, &k) < 0 || k.version == is->keywords_told)
		return;
	imap_flags_tell(is, t, group_get(t, is->group, &g) > 0 ? &g : NULL);
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
	if (r > 0 && !w->named && w->nused && w->used[w->nused - 1] >= MARK_OWN) {
		w->named = true;
		r = keywords_load(t, w->member, &w->own);
	}
	return r;
}

int imap_marks_mask(struct imap_marks *w, struct forum_txn *t, uint32_t uid, uint64_t *mask_r) {
	if (!w->loaded || uid > w->hi) {
		int r = marks_window(w, t, uid);
		if (r < 0)
			return r;
	}
	uint64_t mask = 0;
	for (unsigned i = 0; i < w->nused; i++) {
		unsigned k = w->used[i];
		const struct range_set *s = &w->m.set[k];
		while (w->at[k] < s->n && s->v[w->at[k]].hi < uid)
			w->at[k]++;
		if (w->at[k] < s->n && s->v[w->at[k]].lo <= uid)
			mask |= IMAP_BIT(k);
	}
	*mask_r = mask;
	return 1;
}

int imap_marks_apply(struct forum_txn *t, uint32_t member, uint32_t group, const struct range_set *uids,
	uint64_t set, uint64_t clear) {
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
