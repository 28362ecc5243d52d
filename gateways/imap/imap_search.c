#include "gateways/imap/imap_search.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/mail/date.h"
#include "gateways/imap/imap_private.h"

#define NO_PATCH UINT32_MAX

/* what waits for the next key; a list chains its jumps to its end through `to` */
enum frame_kind { FRAME_LIST, FRAME_NOT, FRAME_OR_FIRST, FRAME_OR_SECOND };
struct frame { enum frame_kind kind; unsigned patch; };
struct compiler {
	struct slice *in;
	struct arena *a;
	const struct imap_search_sets *sets;
	struct imap_search *out;
	struct frame stack[IMAP_DEPTH_MAX];
	unsigned depth, room;
};

/* valid until the next emit */
static struct imap_search_step *emit(struct compiler *c, enum imap_search_op op) {
	if (c->out->n == c->room) {
		struct imap_search_step *more = arena_alloc(c->a, 2 * c->room * sizeof *more);
		memcpy(more, c->out->v, c->room * sizeof *more);
		c->out->v = more;
		c->room *= 2;
	}
	struct imap_search_step *s = &c->out->v[c->out->n++];
	*s = (struct imap_search_step){ .op = op };
	return s;
}

static bool push(struct compiler *c, enum frame_kind kind) {
	if (c->depth == IMAP_DEPTH_MAX)
		return false;
	c->stack[c->depth++] = (struct frame){ kind, NO_PATCH };
	return true;
}

static void patch(struct compiler *c, unsigned at) {
	while (at != NO_PATCH) {
		unsigned next = c->out->v[at].to;
		c->out->v[at].to = c->out->n;
		at = next;
	}
}

static void free_set(void *set) {
	range_set_free(set);
}

static const struct { const char *name; uint64_t mask; bool not; } flag_keys[] = {
	{ "SEEN", 1u << MARK_SEEN, false },
	{ "UNSEEN", 1u << MARK_SEEN, true },
	{ "ANSWERED", 1u << MARK_ANSWERED, false },
	{ "UNANSWERED", 1u << MARK_ANSWERED, true },
	{ "FLAGGED", 1u << MARK_FLAGGED, false },
	{ "UNFLAGGED", 1u << MARK_FLAGGED, true },
	{ "DELETED", 1u << MARK_DELETED, false },
	{ "UNDELETED", 1u << MARK_DELETED, true },
	{ "DRAFT", 1u << MARK_DRAFT, false },
	{ "UNDRAFT", 1u << MARK_DRAFT, true },
	{ "RECENT", 0, false },
	{ "NEW", 0, false },
	{ "OLD", 0, true },
	{ "ALL", 0, true },
	{ "SAVEDATESUPPORTED", 0, true },
};
static const struct { const char *name; enum imap_search_op op; } date_keys[] = {
	{ "BEFORE", IMAP_SEARCH_BEFORE }, { "ON", IMAP_SEARCH_ON }, { "SINCE", IMAP_SEARCH_SINCE },
	{ "SAVEDBEFORE", IMAP_SEARCH_SAVEDBEFORE }, { "SAVEDON", IMAP_SEARCH_SAVEDON },
	{ "SAVEDSINCE", IMAP_SEARCH_SAVEDSINCE },
	{ "SENTBEFORE", IMAP_SEARCH_SENTBEFORE }, { "SENTON", IMAP_SEARCH_SENTON }, { "SENTSINCE", IMAP_SEARCH_SENTSINCE },
};
enum { ADDRESS_KEYS = 4 };      /* the first ones */
static const struct { const char *name, *field; enum imap_search_op op; } text_keys[] = {
	{ "FROM", "From", IMAP_SEARCH_HEADER }, { "TO", "To", IMAP_SEARCH_HEADER }, { "CC", "Cc", IMAP_SEARCH_HEADER },
	{ "BCC", "Bcc", IMAP_SEARCH_HEADER }, { "SUBJECT", "Subject", IMAP_SEARCH_HEADER },
	{ "HEADER", NULL, IMAP_SEARCH_HEADER }, { "TEXT", "", IMAP_SEARCH_TEXT }, { "BODY", "", IMAP_SEARCH_BODY },
};

static void emit_flag(struct compiler *c, uint64_t mask, bool not) {
	if (!mask) {
		emit(c, not ? IMAP_SEARCH_TRUE : IMAP_SEARCH_FALSE);
		return;
	}
	emit(c, IMAP_SEARCH_FLAG)->mask = mask;
	if (not)
		emit(c, IMAP_SEARCH_NOT);
	c->out->needs_marks = true;
	c->out->needs_overview |= (mask & (IMAP_SHARED | IMAP_CASE)) != 0;
}

static bool take_folded(struct compiler *c, struct slice *text_r) {
	struct slice raw;
	struct buf folded = {0};
	if (!imap_take_space(c->in) || !imap_take_astring(c->in, c->a, &raw))
		return false;
	text_fold(raw, &folded);
	*text_r = arena_slice(c->a, buf_slice(&folded));
	buf_free(&folded);
	return true;
}

static bool take_date(struct compiler *c, int64_t *day_r) {
	struct slice raw;
	int64_t t;
	if (!imap_take_space(c->in) || !imap_take_astring(c->in, c->a, &raw) || date_parse_imap(raw, &t) <= 0)
		return false;
	*day_r = t >= 0 ? t / 86400 : (t - 86399) / 86400;
	return true;
}

static bool take_set_key(struct compiler *c, bool uid) {
	struct range_set *set = ARENA_NEW(c->a, struct range_set);
	arena_on_reset(c->a, free_set, set);
	if (!(uid ? c->sets->uids : c->sets->seqs)(c->sets->arg, c->in, set))
		return false;
	emit(c, IMAP_SEARCH_SET)->set = set;
	return true;
}

static bool take_text_key(struct compiler *c, enum imap_search_op op, const char *field) {
	struct slice name = slice_str(field), text;
	if (!field && (!imap_take_space(c->in) || !imap_take_astring(c->in, c->a, &name)))
		return false;
	if (!take_folded(c, &text))
		return false;
	struct imap_search_step *s = emit(c, op);
	s->name = name;
	s->text = text;
	c->out->needs_overview |= op == IMAP_SEARCH_HEADER;
	return true;
}

static bool take_number_key(struct compiler *c, enum imap_search_op op) {
	uint32_t n;
	if (!imap_take_space(c->in) || !imap_take_number(c->in, &n))
		return false;
	emit(c, op)->number = n;
	return c->out->needs_overview = true;
}

/* [entry-name SP entry-type SP] number: all flags count together, so the entry says nothing */
static bool take_modseq(struct compiler *c) {
	struct slice entry, type;
	uint64_t n;
	if (!imap_take_space(c->in))
		return false;
	if (imap_at(c->in, '"') && (!imap_take_string(c->in, c->a, &entry) || !imap_take_space(c->in) ||
	    !imap_take_name(c->in, &type) || (!slice_is_nocase(type, "all") && !slice_is_nocase(type, "priv") &&
	    !slice_is_nocase(type, "shared")) || !imap_take_space(c->in)))
		return false;
	if (!imap_take_modseq(c->in, &n))
		return false;
	emit(c, IMAP_SEARCH_MODSEQ)->id = n;
	return c->out->modseq = c->out->needs_marks = c->out->needs_overview = true;
}

/* an id of another kind, or none of ours, is nobody's */
static bool take_id(struct compiler *c, enum imap_search_op op, char letter) {
	struct slice s;
	uint64_t id = 0;
	if (!imap_take_space(c->in) || !imap_take_astring(c->in, c->a, &s) || !s.n || s.n > 255)
		return false;
	if (*s.p != letter || !num_parse_u64(slice_from(s, 1), &id))
		id = 0;
	emit(c, op)->id = id;
	return c->out->needs_overview = true;
}

static bool take_keyword(struct compiler *c, bool not) {
	struct slice name;
	if (!imap_take_space(c->in) || !imap_take_flag(c->in, &name))
		return false;
	uint64_t mask = imap_flag_bit(name);
	if (!mask && c->sets->keyword)
		mask = c->sets->keyword(c->sets->arg, name);
	emit_flag(c, mask, not);
	return true;
}

static bool take_named_key(struct compiler *c, struct slice name) {
	for (size_t i = 0; i < sizeof flag_keys / sizeof *flag_keys; i++) {
		if (slice_is_nocase(name, flag_keys[i].name)) {
			emit_flag(c, flag_keys[i].mask, flag_keys[i].not);
			return true;
		}
	}
	for (size_t i = 0; i < sizeof text_keys / sizeof *text_keys; i++)
		if (slice_is_nocase(name, text_keys[i].name)) {
			if (!take_text_key(c, text_keys[i].op, text_keys[i].field))
				return false;
			c->out->v[c->out->n - 1].addresses = i < ADDRESS_KEYS;
			return true;
		}
	for (size_t i = 0; i < sizeof date_keys / sizeof *date_keys; i++) {
		if (slice_is_nocase(name, date_keys[i].name)) {
			int64_t day;
			if (!take_date(c, &day))
				return false;
			emit(c, date_keys[i].op)->day = day;
			return c->out->needs_overview = true;
		}
	}
	if (slice_is_nocase(name, "LARGER") || slice_is_nocase(name, "SMALLER"))
		return take_number_key(c, slice_is_nocase(name, "LARGER") ? IMAP_SEARCH_LARGER : IMAP_SEARCH_SMALLER);
	if (slice_is_nocase(name, "KEYWORD") || slice_is_nocase(name, "UNKEYWORD"))
		return take_keyword(c, slice_is_nocase(name, "UNKEYWORD"));
	if (slice_is_nocase(name, "OLDER") || slice_is_nocase(name, "YOUNGER"))
		return take_number_key(c, slice_is_nocase(name, "OLDER") ? IMAP_SEARCH_OLDER : IMAP_SEARCH_YOUNGER) &&
			c->out->v[c->out->n - 1].number;
	if (slice_is_nocase(name, "MODSEQ"))
		return take_modseq(c);
	if (slice_is_nocase(name, "EMAILID"))
		return take_id(c, IMAP_SEARCH_EMAILID, 'P');
	if (slice_is_nocase(name, "THREADID"))
		return take_id(c, IMAP_SEARCH_THREADID, 'T');
	return slice_is_nocase(name, "UID") && imap_take_space(c->in) && take_set_key(c, true);
}

/* A key, or the beginning of one: *complete_r tells which. */
static bool take_key(struct compiler *c, bool *complete_r) {
	struct slice name;
	*complete_r = true;
	if (imap_at_set(c->in) || imap_at(c->in, '$'))
		return take_set_key(c, false);
	*complete_r = false;
	if (imap_take_char(c->in, '('))
		return push(c, FRAME_LIST);
	if (!imap_take_name(c->in, &name))
		return false;
	if (slice_is_nocase(name, "NOT"))
		return push(c, FRAME_NOT) && imap_take_space(c->in);
	if (slice_is_nocase(name, "OR"))
		return push(c, FRAME_OR_FIRST) && imap_take_space(c->in);
	*complete_r = true;
	return take_named_key(c, name);
}

/* A key is complete: finish what waited for it. Afterwards another key is wanted (*more_r) or all is read. */
static bool reduce(struct compiler *c, bool *more_r) {
	for (;;) {
		struct frame *top = &c->stack[c->depth - 1];
		if (top->kind == FRAME_NOT) {
			emit(c, IMAP_SEARCH_NOT);
			c->depth--;
		} else if (top->kind == FRAME_OR_FIRST) {
			top->kind = FRAME_OR_SECOND;
			top->patch = c->out->n;
			emit(c, IMAP_SEARCH_JUMP_TRUE)->to = NO_PATCH;
			*more_r = true;
			return imap_take_space(c->in);
		} else if (top->kind == FRAME_OR_SECOND) {
			patch(c, top->patch);
			c->depth--;
		} else if (imap_take_space(c->in)) {
			unsigned before = top->patch;
			top->patch = c->out->n;
			emit(c, IMAP_SEARCH_JUMP_FALSE)->to = before;
			*more_r = true;
			return true;
		} else {
			patch(c, top->patch);
			*more_r = false;
			if (--c->depth == 0)
				return true;
			if (!imap_take_char(c->in, ')'))
				return false;
		}
	}
}

bool imap_search_compile(struct slice *in, struct arena *a, const struct imap_search_sets *sets,
	struct imap_search *search_r) {
	struct compiler c = { .in = in, .a = a, .sets = sets, .out = search_r };
	bool complete, more = true;
	*search_r = (struct imap_search){0};
	c.room = 8;
	search_r->v = arena_alloc(a, c.room * sizeof *search_r->v);
	push(&c, FRAME_LIST);
	while (more) {
		if (search_r->n > IMAP_SEARCH_OPS_MAX || !take_key(&c, &complete))
			return false;
		if (complete && !reduce(&c, &more))
			return false;
	}
	return imap_take_end(in);
}

int imap_search_run(const struct imap_search *s, int (*leaf)(void *arg, const struct imap_search_step *step),
	void *arg) {
	int value = 1;
	for (unsigned i = 0; i < s->n; i++) {
		const struct imap_search_step *step = &s->v[i];
		switch (step->op) {
		case IMAP_SEARCH_TRUE:
			value = 1;
			break;
		case IMAP_SEARCH_FALSE:
			value = 0;
			break;
		case IMAP_SEARCH_NOT:
			value = !value;
			break;
		case IMAP_SEARCH_JUMP_FALSE:
			if (!value)
				i = step->to - 1;
			break;
		case IMAP_SEARCH_JUMP_TRUE:
			if (value)
				i = step->to - 1;
			break;
		default:
			value = leaf(arg, step);
			if (value < 0)
				return value;
		}
	}
	return value;
}
