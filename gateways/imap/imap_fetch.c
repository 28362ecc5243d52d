#include "gateways/imap/imap_fetch.h"
#include "forumd/base/text.h"

static const struct { const char *name; enum imap_fetch_kind kind; } simple_items[] = {
	{ "FLAGS", IMAP_FETCH_FLAGS }, { "UID", IMAP_FETCH_UID }, { "INTERNALDATE", IMAP_FETCH_DATE },
	{ "RFC822.SIZE", IMAP_FETCH_SIZE }, { "ENVELOPE", IMAP_FETCH_ENVELOPE }, { "BODY", IMAP_FETCH_BODY },
	{ "BODYSTRUCTURE", IMAP_FETCH_STRUCTURE },
	{ "MODSEQ", IMAP_FETCH_MODSEQ }, { "EMAILID", IMAP_FETCH_EMAILID }, { "THREADID", IMAP_FETCH_THREADID },
	{ "SAVEDATE", IMAP_FETCH_SAVEDATE }, { "PREVIEW", IMAP_FETCH_PREVIEW },
};
/* the old names of three sections; the answer uses the old name too */
static const struct { const char *name, *section; bool peek; } old_items[] = {
	{ "RFC822", "", false }, { "RFC822.HEADER", "HEADER", true }, { "RFC822.TEXT", "TEXT", false },
};
static const struct { const char *name; unsigned n; enum imap_fetch_kind kinds[5]; } macros[] = {
	{ "ALL", 4, { IMAP_FETCH_FLAGS, IMAP_FETCH_DATE, IMAP_FETCH_SIZE, IMAP_FETCH_ENVELOPE } },
	{ "FAST", 3, { IMAP_FETCH_FLAGS, IMAP_FETCH_DATE, IMAP_FETCH_SIZE } },
	{ "FULL", 5, { IMAP_FETCH_FLAGS, IMAP_FETCH_DATE, IMAP_FETCH_SIZE, IMAP_FETCH_ENVELOPE, IMAP_FETCH_BODY } },
};

#define PLAN_ROOM 8    /* then twice as much, and so on */

/* valid until the next is added */
static struct imap_fetch_item *plan_add(struct imap_fetch_plan *plan, struct arena *a, enum imap_fetch_kind kind) {
	if (plan->n >= PLAN_ROOM && (plan->n & (plan->n - 1)) == 0) {
		struct imap_fetch_item *more = arena_alloc(a, 2 * plan->n * sizeof *more);
		memcpy(more, plan->v, plan->n * sizeof *more);
		plan->v = more;
	}
	struct imap_fetch_item *item = &plan->v[plan->n++];
	*item = (struct imap_fetch_item){ .kind = kind };
	plan->needs_marks |= kind == IMAP_FETCH_FLAGS;
	plan->modseq |= kind == IMAP_FETCH_MODSEQ;
	return item;
}

/* asking twice for the same changes nothing */
static void plan_add_simple(struct imap_fetch_plan *plan, struct arena *a, enum imap_fetch_kind kind) {
	for (unsigned i = 0; i < plan->n; i++)
		if (plan->v[i].kind == kind)
			return;
	for (size_t i = 0; i < sizeof simple_items / sizeof *simple_items; i++)
		if (simple_items[i].kind == kind)
			plan_add(plan, a, kind)->label = arena_slicef(a, "%s ", simple_items[i].name);
}

void imap_fetch_add_modseq(struct imap_fetch_plan *plan, struct arena *a) {
	plan_add_simple(plan, a, IMAP_FETCH_MODSEQ);
}

static void plan_mark_seen(struct imap_fetch_plan *plan) {
	plan->sets_seen = plan->needs_marks = true;
}

static bool take_section_item(struct slice *in, struct arena *a, bool peek, struct imap_fetch_plan *plan) {
	struct imap_section section;
	if (!imap_section_take(in, a, &section))
		return false;
	struct imap_fetch_item *item = plan_add(plan, a, IMAP_FETCH_SECTION);
	item->section = section;
	item->label = section.partial ? arena_slicef(a, "BODY[%.*s]<%u> ", SLICE_ARG(section.text), section.off) :
		arena_slicef(a, "BODY[%.*s] ", SLICE_ARG(section.text));
	if (!peek)
		plan_mark_seen(plan);
	return true;
}

/* BINARY[1.2]<0.100>, BINARY.PEEK, BINARY.SIZE[1.2]: numbers only */
static bool take_binary_item(struct slice *in, struct arena *a, struct slice name, struct imap_fetch_plan *plan) {
	struct imap_section section;
	bool size = slice_is_nocase(name, "BINARY.SIZE"), peek = slice_is_nocase(name, "BINARY.PEEK");
	if ((!size && !peek && !slice_is_nocase(name, "BINARY")) || !imap_section_take(in, a, &section) ||
	    section.filter != IMAP_FILTER_NONE || (section.part.n && !text_digit(section.part.p[section.part.n - 1])) ||
	    (size && section.partial))
		return false;
	struct imap_fetch_item *item = plan_add(plan, a, size ? IMAP_FETCH_BINARY_SIZE : IMAP_FETCH_BINARY);
	item->section = section;
	item->label = section.partial ? arena_slicef(a, "BINARY[%.*s]<%u> ", SLICE_ARG(section.text), section.off) :
		arena_slicef(a, "BINARY%s[%.*s] ", size ? ".SIZE" : "", SLICE_ARG(section.text));
	if (!size && !peek)
		plan_mark_seen(plan);
	return true;
}

/* PREVIEW (LAZY): there is no cheaper answer, so the modifier changes nothing (RFC 8970 4) */
static bool take_preview_modifier(struct slice *in) {
	struct slice copy = *in, name;
	if (!imap_take_space(&copy) || !imap_take_char(&copy, '('))
		return true;
	*in = copy;
	return imap_take_name(in, &name) && slice_is_nocase(name, "LAZY") && imap_take_char(in, ')');
}

static bool take_binary_or_body(struct slice *in, struct arena *a, struct slice name, struct imap_fetch_plan *plan) {
	if (slice_is_nocase(name, "BODY") || slice_is_nocase(name, "BODY.PEEK"))
		return take_section_item(in, a, name.n > 4, plan);
	return take_binary_item(in, a, name, plan);
}

static bool take_item(struct slice *in, struct arena *a, struct imap_fetch_plan *plan) {
	struct slice name;
	if (plan->n >= IMAP_FETCH_ITEMS_MAX || !imap_take_name(in, &name))
		return false;
	if (imap_at(in, '['))
		return take_binary_or_body(in, a, name, plan);
	for (size_t i = 0; i < sizeof simple_items / sizeof *simple_items; i++) {
		if (slice_is_nocase(name, simple_items[i].name)) {
			plan_add_simple(plan, a, simple_items[i].kind);
			return simple_items[i].kind != IMAP_FETCH_PREVIEW || take_preview_modifier(in);
		}
	}
	for (size_t i = 0; i < sizeof old_items / sizeof *old_items; i++) {
		if (slice_is_nocase(name, old_items[i].name)) {
			struct imap_fetch_item *item = plan_add(plan, a, IMAP_FETCH_SECTION);
			item->section.part = slice_str(old_items[i].section);
			item->label = arena_slicef(a, "%s ", old_items[i].name);
			if (!old_items[i].peek)
				plan_mark_seen(plan);
			return true;
		}
	}
	return false;
}

static bool take_macro(struct slice *in, struct arena *a, struct imap_fetch_plan *plan) {
	struct slice rest = *in, name;
	if (!imap_take_name(&rest, &name))
		return false;
	for (size_t i = 0; i < sizeof macros / sizeof *macros; i++) {
		if (!slice_is_nocase(name, macros[i].name))
			continue;
		for (unsigned k = 0; k < macros[i].n; k++)
			plan_add_simple(plan, a, macros[i].kinds[k]);
		*in = rest;
		return true;
	}
	return false;
}

bool imap_fetch_plan(struct slice *in, struct arena *a, bool uid, struct imap_fetch_plan *plan_r) {
	*plan_r = (struct imap_fetch_plan){0};
	plan_r->v = arena_alloc(a, PLAN_ROOM * sizeof *plan_r->v);
	if (uid)
		plan_add_simple(plan_r, a, IMAP_FETCH_UID);
	if (!imap_take_char(in, '('))
		return take_macro(in, a, plan_r) || take_item(in, a, plan_r);
	do {
		if (!take_item(in, a, plan_r))
			return false;
	} while (imap_take_space(in));
	return imap_take_char(in, ')');
}
