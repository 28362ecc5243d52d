/* NOTIFY SET and NONE: syntax, and the STATUS lines at the beginning (RFC 5465 3, 5, 6, 8). */
#include "forumd/base/clock.h"
#include "forumd/base/vec.h"
#include "gateways/imap/imap_notify.h"

#define RULES_MAX 64
#define NAMES_MAX 500

static const struct { const char *name; unsigned bit; } event_names[] = {
	{ "MessageNew", NOTIFY_NEW },
	{ "MessageExpunge", NOTIFY_EXPUNGE },
	{ "FlagChange", NOTIFY_FLAGS },
	{ "MailboxName", NOTIFY_NAME },
	{ "SubscriptionChange", NOTIFY_SUBSCRIPTION },
	{ "MailboxMetadataChange", NOTIFY_METADATA },
	{ "ServerMetadataChange", NOTIFY_SERVER },
};
#define BADEVENT "BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange" \
	" ServerMetadataChange)"
static const struct { const char *name; enum notify_filter filter; } filter_names[] = {
	{ "SELECTED", NOTIFY_SELECTED }, { "SELECTED-DELAYED", NOTIFY_DELAYED }, { "INBOXES", NOTIFY_INBOXES },
	{ "PERSONAL", NOTIFY_PERSONAL }, { "SUBSCRIBED", NOTIFY_SUBSCRIBED }, { "SUBTREE", NOTIFY_SUBTREE },
	{ "MAILBOXES", NOTIFY_MAILBOXES },
};

/* names that are told by STATUS, for the steps that write it */
struct notify_work {
	struct imap_notify *n;         /* until it is the session's */
	bool status, unknown, many;
	VEC(struct notify_status { struct slice name; unsigned items; }) list;
	size_t next;
	struct slice subscriptions;
	struct imap_session *is;
};

static void work_free(void *arg) {
	struct notify_work *w = arg;
	imap_notify_free(&w->n);
	vec_free(&w->list);
}

static bool word_is(struct slice *rest, const char *word) {
	struct slice copy = *rest, name;
	if (!imap_take_name(&copy, &name) || !slice_is_nocase(name, word))
		return false;
	*rest = copy;
	return true;
}

/* SP "(" fetch-att ... ")" behind MessageNew; the plan keeps what it points to */
static bool take_plan(struct slice *rest, struct imap_notify *n) {
	struct slice copy = arena_slice(n->arena, slice_from(*rest, 1));
	size_t before = copy.n;
	if (!imap_fetch_plan(&copy, n->arena, true, &n->plan))
		return false;
	n->plan.sets_seen = false;
	*rest = slice_from(*rest, 1 + before - copy.n);
	return true;
}

/* "NONE" or "(" event ... ")" */
static bool take_events(struct slice *rest, struct notify_work *w, bool selected, unsigned *events_r) {
	*events_r = 0;
	if (!imap_take_char(rest, '('))
		return word_is(rest, "NONE");
	do {
		struct slice name;
		unsigned bit = 0;
		if (!imap_take_name(rest, &name))
			return false;
		for (size_t i = 0; i < sizeof event_names / sizeof *event_names; i++)
			if (slice_is_nocase(name, event_names[i].name))
				bit = event_names[i].bit;
		w->unknown |= !bit;
		if (selected && (bit & NOTIFY_LISTS))
			return false;          /* 6.1: of the selected mailbox, message events only */
		bool items = bit == NOTIFY_NEW && rest->n > 1 && rest->p[0] == ' ' && rest->p[1] == '(';
		if (items && (!selected || !take_plan(rest, w->n)))
			return false;
		*events_r |= bit;
	} while (imap_take_space(rest));
	/* 5: MessageNew and MessageExpunge come together, FlagChange with both */
	unsigned both = *events_r & (NOTIFY_NEW | NOTIFY_EXPUNGE);
	return imap_take_char(rest, ')') &&
		(both == (NOTIFY_NEW | NOTIFY_EXPUNGE) || (!both && !(*events_r & NOTIFY_FLAGS)));
}

/* mailbox or "(" mailbox ... ")" */
static bool take_names(struct imap_session *is, struct slice *rest, struct notify_work *w, struct notify_rule *rule) {
	struct slice name;
	bool list = imap_take_char(rest, '(');
	unsigned room = 0;
	do {
		if (!imap_take_mailbox(is, rest, &name))
			return false;
		if (rule->nnames == NAMES_MAX) {
			w->many = true;
			continue;
		}
		if (rule->nnames == room) {
			struct slice *more = arena_alloc(w->n->arena, (room = room ? 2 * room : 4) * sizeof *more);
			if (rule->nnames)
				memcpy(more, rule->names, rule->nnames * sizeof *more);
			rule->names = more;
		}
		rule->names[rule->nnames++] = arena_slice(w->n->arena, name);
	} while (list && imap_take_space(rest));
	return !list || imap_take_char(rest, ')');
}

/* "(" filter SP events ")" */
static bool take_rule(struct imap_session *is, struct slice *rest, struct notify_work *w) {
	struct notify_rule rule = {0};
	struct slice name;
	size_t i = 0;
	if (!imap_take_char(rest, '(') || !imap_take_name(rest, &name))
		return false;
	while (i < sizeof filter_names / sizeof *filter_names && !slice_is_nocase(name, filter_names[i].name))
		i++;
	if (i == sizeof filter_names / sizeof *filter_names || !imap_take_space(rest))
		return false;
	rule.filter = filter_names[i].filter;
	bool selected = rule.filter <= NOTIFY_DELAYED;
	if (rule.filter >= NOTIFY_SUBTREE && (!take_names(is, rest, w, &rule) || !imap_take_space(rest)))
		return false;
	if ((selected && w->n->selected) || !take_events(rest, w, selected, &rule.events) || !imap_take_char(rest, ')'))
		return false;
	if (selected) {
		w->n->selected = true;
		w->n->delayed = rule.filter == NOTIFY_DELAYED;
		w->n->selected_events = rule.events;
	} else if (w->n->nrules == RULES_MAX) {
		w->many = true;
	} else {
		w->n->rules[w->n->nrules++] = rule;
		w->n->want |= rule.events;
	}
	return true;
}

static bool take_notify(struct imap_session *is, struct slice *rest, struct notify_work *w) {
	if (!imap_take_space(rest))
		return false;
	if (word_is(rest, "NONE")) {
		w->n->selected = true;         /* nothing of it either: told when commands ask */
		return imap_take_end(rest);
	}
	if (!word_is(rest, "SET") || !imap_take_space(rest))
		return false;
	if (word_is(rest, "STATUS")) {
		w->status = true;
		if (!imap_take_space(rest))
			return false;
	}
	do {
		if (!take_rule(is, rest, w))
			return false;
	} while (imap_take_space(rest));
	return imap_take_end(rest);
}

static int status_add(void *arg, struct slice name, const struct group *g) {
	struct notify_work *w = arg;
	struct imap_session *is = w->is;
	if (!g->id || (is->state == IMAP_SELECTED && g->id == is->group))
		return 1;
	unsigned events = imap_notify_events(is->notify, name, imap_subscribed(w->subscriptions, name));
	unsigned items = imap_notify_items(is, events, true, true);
	if (items)
		vec_push(&w->list, (struct notify_status){ arena_slice(is->s.command, name), items | IMAP_STATUS_UIDVALIDITY });
	return 1;
}

static enum step status_step(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct notify_work *w = is->work;
	int64_t start = clock_mono_us();
	struct forum_txn *t = session_read(s);
	int r = t ? 1 : ERR_UNAVAILABLE;
	while (r > 0 && w->next < w->list.n) {
		struct imap_status st = { .items = w->list.v[w->next].items };
		r = imap_status_write(is, t, w->list.v[w->next++].name, &st, start);
		if (r > 0 && imap_give_way(is, start)) {
			s->step = status_step;
			return STEP_MORE;
		}
	}
	return r < 0 ? imap_unavailable(is) : imap_ok(is, "NOTIFY completed");
}

/* from here on every change comes to imap_notify_change(), before anything is looked at */
static int notify_begin(struct imap_session *is, struct notify_work *w) {
	imap_notify_free(&is->notify);
	is->notify = w->n;
	w->n = NULL;
	session_watch_all(&is->s, is->notify->want != 0);
	session_read_end(&is->s);
	struct forum_txn *t = session_read(&is->s);
	int r = t ? 1 : ERR_UNAVAILABLE;
	if (r > 0 && (is->notify->want & NOTIFY_LISTS))
		r = imap_known_new(is, t, is->notify->want, &is->notify->known);
	if (r > 0 && w->status && (r = imap_subscriptions(is, t, &w->subscriptions)) >= 0)
		r = imap_mailboxes_each(is, t, status_add, w);
	return r;
}

enum step imap_cmd_notify(struct imap_session *is, struct slice *rest) {
	struct notify_work *w = ARENA_NEW(is->s.command, struct notify_work);
	arena_on_reset(is->s.command, work_free, w);
	w->is = is;
	w->n = mem_zalloc(sizeof *w->n);
	w->n->arena = arena_new();
	w->n->rules = arena_alloc(w->n->arena, RULES_MAX * sizeof *w->n->rules);
	if (!take_notify(is, rest, w))
		return imap_bad_arguments(is);
	if (w->unknown)
		return imap_no(is, BADEVENT, "there are no other events here");
	if (w->many)
		return imap_no(is, "LIMIT", "at most %d groups of events, with %d mailboxes each", RULES_MAX, NAMES_MAX);
	int r = notify_begin(is, w);
	if (r < 0)
		imap_notify_none(is);
	if (r == ERR_LIMIT)
		return imap_no(is, "NOTIFICATIONOVERFLOW", "there are more mailboxes than can be told about: NOTIFY is off");
	if (r < 0)
		return imap_unavailable(is);
	is->work = w;
	return status_step(&is->s);
}
