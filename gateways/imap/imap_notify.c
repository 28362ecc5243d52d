#include "gateways/imap/imap_notify.h"
#include "forumd/base/clock.h"
#include "forumd/base/mem.h"

void imap_notify_free(struct imap_notify **n) {
	if (!*n)
		return;
	imap_known_free(&(*n)->known);
	range_set_free(&(*n)->messages);
	range_set_free(&(*n)->flags);
	arena_free(&(*n)->arena);
	mem_free(*n);
	*n = NULL;
}

void imap_notify_none(struct imap_session *is) {
	imap_notify_free(&is->notify);
	is->notify = mem_zalloc(sizeof *is->notify);
	is->notify->arena = arena_new();
	is->notify->selected = true;
	session_watch_all(&is->s, false);
}

static bool rule_names(const struct notify_rule *rule, struct slice name) {
	for (unsigned i = 0; i < rule->nnames; i++) {
		struct slice top = rule->names[i];
		if (slice_eq(name, top) || (rule->filter == NOTIFY_SUBTREE && name.n > top.n && slice_starts(name, top) &&
			name.p[top.n] == '.'))
			return true;
	}
	return false;
}

/* INBOXES: where the forum puts what comes for the member (RFC 5465 6.3); PERSONAL: NAMESPACE says that all is */
static bool rule_fits(const struct notify_rule *rule, struct slice name, bool subscribed) {
	switch (rule->filter) {
	case NOTIFY_INBOXES: return slice_is(name, "INBOX") || slice_is(name, "Replies to me") || slice_is(name, "Watched");
	case NOTIFY_PERSONAL: return true;
	case NOTIFY_SUBSCRIBED: return subscribed;
	case NOTIFY_SUBTREE:
	case NOTIFY_MAILBOXES: return rule_names(rule, name);
	default: return false;
	}
}

unsigned imap_notify_events(const struct imap_notify *n, struct slice name, bool subscribed) {
	for (unsigned i = 0; i < n->nrules; i++)
		if (rule_fits(&n->rules[i], name, subscribed))
			return n->rules[i].events;
	return 0;
}

bool imap_notify_drops_flags(const struct imap_session *is) {
	const struct imap_notify *n = is->notify;
	return n && n->selected && n->selected_events && !(n->selected_events & NOTIFY_FLAGS);
}

void imap_notify_arrived(struct imap_session *is, uint32_t uid) {
	struct imap_notify *n = is->notify;
	if (n && n->selected && n->plan.n && !n->fetch)
		n->fetch = uid;
}

bool imap_notify_pending(const struct imap_session *is) {
	const struct imap_notify *n = is->notify;
	return n && (n->live || n->lists || n->messages.n || n->flags.n || n->fetch);
}

/* no command is under way or half read */
static bool quiet(const struct imap_session *is) {
	return is->idle || (!is->line && !is->reader.swallow && (is->answered || !buf_len(&is->reader.text)));
}

static void note_change(struct imap_session *is, struct imap_notify *n, const struct change *c) {
	bool selected = is->state == IMAP_SELECTED && c->group && c->group == is->group;
	bool own = c->origin && c->origin == is->s.id;
	switch (c->kind) {
	case CHANGE_NEW:
	case CHANGE_GONE:
	case CHANGE_BACK:
		if (selected)
			n->live = true;
		else if ((n->want & (NOTIFY_NEW | NOTIFY_EXPUNGE)) && !own)
			range_set_add(&n->messages, c->group, c->group);
		break;
	case CHANGE_STATE:
	case CHANGE_MARKS:
		if (selected)
			n->live = true;
		else if ((n->want & NOTIFY_FLAGS) && c->group && !own)
			range_set_add(&n->flags, c->group, c->group);
		break;
	case CHANGE_GROUP:
		n->lists |= n->known && (!c->member || c->member == is->s.member);
		break;
	case CHANGE_OWN:
	case CHANGE_MEMBER:
		n->lists |= n->known != NULL;
		break;
	default:
		break;
	}
}

/* Every change of the store comes here while NOTIFY is on. */
void imap_notify_change(struct imap_session *is, const struct change *c) {
	note_change(is, is->notify, c);
	if (is->s.step || !quiet(is) || (!is->idle && !imap_notify_pending(is)))
		return;
	is->s.step = imap_notify_step;
	session_more(&is->s);
}

/* --- telling --- */

/* 1, or 0 when the session is over */
static int tell_selected(struct imap_session *is, struct forum_txn *t) {
	struct imap_notify *n = is->notify;
	n->live = false;
	if (imap_session_is_gone(is, t)) {
		imap_bye(is, "this account is closed");
		return 0;
	}
	if (imap_mailbox_is_gone(is, t)) {
		if (is->idle) {
			imap_bye(is, "the mailbox is no longer there");
			return 0;
		}
		imap_deselect(is);
		buf_adds(session_out(&is->s), "* OK [CLOSED] the mailbox is no longer there\r\n");
	}
	if (is->state == IMAP_SELECTED && (n->selected ? n->selected_events != 0 : is->idle))
		imap_sync(is, !n->delayed || is->idle);
	return 1;
}

static void overflow(struct imap_session *is) {
	imap_notify_none(is);
	buf_adds(session_out(&is->s), "* OK [NOTIFICATIONOVERFLOW] too much to be told: NOTIFY is off\r\n");
}

static int tell_lists(struct imap_session *is, struct forum_txn *t) {
	struct imap_notify *n = is->notify;
	struct imap_known *now;
	n->lists = false;
	int r = imap_known_new(is, t, n->want, &now);
	if (r < 0)
		return r;
	imap_known_tell(is, n->known, now);
	imap_known_free(&n->known);
	n->known = now;
	return 1;
}

unsigned imap_notify_items(const struct imap_session *is, unsigned events, bool messages, bool flags) {
	unsigned items = 0;
	if (messages && (events & (NOTIFY_NEW | NOTIFY_EXPUNGE)))
		items |= IMAP_STATUS_MESSAGES | IMAP_STATUS_UIDNEXT;
	if (flags && (events & NOTIFY_FLAGS))
		items |= IMAP_STATUS_UIDVALIDITY | IMAP_STATUS_UNSEEN;
	return items && is->condstore ? items | IMAP_STATUS_MODSEQ : items;
}

/* one mailbox: 1 told or not wanted, < 0 */
static int tell_status(struct imap_session *is, struct forum_txn *t, uint32_t group, struct slice subscriptions) {
	struct imap_notify *n = is->notify;
	bool messages = range_set_has(&n->messages, group), flags = range_set_has(&n->flags, group);
	struct slice name;
	range_set_del(&n->messages, group, group);
	range_set_del(&n->flags, group, group);
	if (is->state == IMAP_SELECTED && group == is->group)
		return 1;
	int r = imap_mailbox_name(is, t, group, &name);
	if (r <= 0)
		return r < 0 ? r : 1;
	unsigned events = imap_notify_events(n, name, imap_subscribed(subscriptions, name));
	struct imap_status st = { .items = imap_notify_items(is, events, messages, flags) };
	return st.items ? imap_status_write(is, t, name, &st, clock_mono_us()) : 1;
}

/* 1 all told, 0 the output is full, < 0 */
static int tell_mailboxes(struct imap_session *is, struct forum_txn *t) {
	struct imap_notify *n = is->notify;
	struct slice subscriptions;
	int64_t start = clock_mono_us();
	int r = n->messages.n || n->flags.n ? imap_subscriptions(is, t, &subscriptions) : 1;
	while (r >= 0 && (n->messages.n || n->flags.n)) {
		uint32_t group = n->messages.n ? n->messages.v[0].lo : n->flags.v[0].lo;
		r = tell_status(is, t, group, subscriptions);
		if (r >= 0 && imap_give_way(is, start))
			return !n->messages.n && !n->flags.n;
	}
	return r < 0 ? r : 1;
}

/* what came while the output was busy is looked at too: nothing else might happen that would */
static enum step notify_done(struct session *s) {
	imap_of(s)->reply_to_group = 0;
	s->step = imap_notify_pending(imap_of(s)) ? imap_notify_step : NULL;
	return s->step ? STEP_MORE : STEP_DONE;
}

/* what NOTIFY said of new messages in the selected mailbox */
static enum step tell_arrived(struct imap_session *is) {
	struct imap_notify *n = is->notify;
	struct range_set *uids = imap_command_set(is);
	uint32_t from = n->fetch;
	n->fetch = 0;
	is->reply_to_group = 0;        /* it stood in the arena of a command that is over */
	if (is->state != IMAP_SELECTED || !is->group || from > is->view.high)
		return STEP_DONE;
	range_set_add(uids, from, is->view.high);
	range_set_subtract(uids, &is->view.gone);
	/* whatever is told of flags without being asked comes with its MODSEQ (RFC 7162 3.1) */
	if (is->condstore && !is->no_modseq && n->plan.needs_marks && !n->plan.modseq)
		imap_fetch_add_modseq(&n->plan, n->arena);
	return imap_fetch_tell(is, &n->plan, uids, notify_done);
}

enum step imap_notify_step(struct session *s) {
	struct imap_session *is = imap_of(s);
	s->step = NULL;
	if (!is->notify || !quiet(is))
		return STEP_DONE;
	struct forum_txn *t = session_read(s);
	if (!t)
		return STEP_DONE;
	if ((is->notify->live || is->idle) && !tell_selected(is, t))
		return STEP_CLOSE;
	if (conn_full(s->conn) && (is->gone.n || is->flags.n)) {
		is->notify->live = true;
		s->step = imap_notify_step;
		return STEP_MORE;
	}
	int r = is->notify->lists ? tell_lists(is, t) : 1;
	if (r == ERR_LIMIT) {
		overflow(is);
		return STEP_DONE;
	}
	if (r > 0)
		r = tell_mailboxes(is, t);
	if (r == 0) {
		s->step = imap_notify_step;
		return STEP_MORE;
	}
	return r > 0 && is->notify->fetch ? tell_arrived(is) : STEP_DONE;
}
