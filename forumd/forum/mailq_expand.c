/* mailq_expand.c - who gets a post, and what else is made of one item: digests, lists of cases, catch-ups, questions.
 *
 * The POST item's cursor and the COPY items made in a step are one transaction. A crash before the commit leaves the
 * old cursor and no copies, a crash after it the new cursor and all of them. */
#include "forumd/forum/mailq_private.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/watch.h"

#define MAILQ_CASE_PAUSE 300
#define MAILQ_WATCHERS 2000

/* does this mode select the post for this member? */
static bool mailq_selects(enum subscribe_mode mode, const struct post *p, uint32_t parent_author, uint32_t member) {
	return mode == SUBSCRIBE_ALL || mode == SUBSCRIBE_DIGEST || mode == SUBSCRIBE_DIGEST_TEXT ||
		(mode == SUBSCRIBE_FIRST && p->parent == 0) ||
		(mode != SUBSCRIBE_NONE && parent_author && parent_author == member);
}

/* A post in several groups goes to each member once: through the first of its places that selects it for him. */
static bool mailq_by_other_group(struct forum_txn *t, const struct post *p, uint32_t group, uint32_t parent_author,
	uint32_t member) {
	struct group g;
	for (size_t i = 0; i < p->nplaces && p->places[i].group != group; i++)
		if (p->places[i].number &&
			mailq_selects(subscribe_get(t, member, p->places[i].group), p, parent_author, member) &&
			group_get(t, p->places[i].group, &g) > 0 && rights_can_read(t, member, &g))
			return true;
	return false;
}

/* How the post reaches a member through this group: *mode_r says how; m_r is filled. */
static bool mailq_wants(struct forum_txn *t, const struct post *p, const struct group *g, uint32_t parent_author,
	uint32_t member, enum subscribe_mode *mode, struct member *m_r) {
	enum watch w = watch_get(t, member, p->thread);
	bool direct = parent_author && parent_author == member;
	/* a muted thread still brings direct replies, a watched one everything, and at once */
	if (w == WATCH_MUTED)
		*mode = SUBSCRIBE_REPLIES;
	else if (w == WATCH_ON || direct)
		*mode = SUBSCRIBE_ALL;
	if (member == p->author || !mailq_selects(*mode, p, parent_author, member) || !rights_can_read(t, member, g) ||
	    member_get(t, member, m_r) <= 0 || !member_takes_mail(m_r))
		return false;
	return !mailq_by_other_group(t, p, g->id, parent_author, member);
}

/* A member with no subscription to any of the post's groups gets it through the first of them that he reads: is it
 * this one? m_r is filled. */
static bool mailq_unsubscribed(struct forum_txn *t, const struct post *p, const struct group *g, uint32_t member,
	struct member *m_r) {
	struct group first;
	if (!member || member == p->author || member_get(t, member, m_r) <= 0 || !member_takes_mail(m_r))
		return false;
	for (size_t i = 0; i < p->nplaces; i++) {
		if (!p->places[i].number || group_get(t, p->places[i].group, &first) <= 0 ||
			!rights_can_read(t, member, &first))
			continue;
		if (subscribe_get(t, member, first.id) != SUBSCRIBE_NONE)
			return false;
	}
	for (size_t i = 0; i < p->nplaces; i++)
		if (p->places[i].number && group_get(t, p->places[i].group, &first) > 0 && rights_can_read(t, member, &first))
			return first.id == g->id;
	return false;
}

/* "Replies to me" need no subscription: the parent's author, when nothing else brings him the post. */
static bool mailq_direct(struct forum_txn *t, const struct post *p, const struct group *g, uint32_t parent_author,
	struct member *m_r) {
	return mailq_unsubscribed(t, p, g, parent_author, m_r) && !m_r->no_replies;
}

/* The next who watches the thread without a subscription that brings him the post (a thread that was moved keeps its
 * watchers). *cursor starts 0; at most MAILQ_WATCHERS of a thread are looked at. */
static bool mailq_watcher_next(struct forum_txn *t, const struct post *p, const struct group *g, uint32_t parent_author,
	uint32_t *cursor, unsigned *seen, struct member *m_r) {
	struct member direct;
	enum watch w;
	while ((*seen)++ < MAILQ_WATCHERS && watch_next(t, p->thread, cursor, &w) > 0)
		if (w == WATCH_ON && mailq_unsubscribed(t, p, g, *cursor, m_r) &&
		    !(*cursor == parent_author && mailq_direct(t, p, g, parent_author, &direct)))
			return true;
	return false;
}

static uint32_t mailq_parent_author(struct forum_txn *t, const struct post *p) {
	struct post parent;
	return p->parent && post_get(t, p->parent, &parent) > 0 ? parent.author : 0;
}

/* --- digests: family e, member, post -> group u32, text u8; one MAILQ_DIGEST item while there are any --- */

static int mailq_digest_add(struct forum_txn *t, const struct post *p, uint32_t group, uint32_t member,
	enum subscribe_mode mode) {
	struct key k = key_u32u64('e', member, p->id), first = key_1u32('e', member);
	struct kv_cursor *c;
	struct slice key, v;
	char value[5];
	int r = kv_cursor_open(t->kv, &c);
	if (r < 0)
		return r;
	r = kv_seek(c, key_slice(&first), &key, &v);
	bool waiting = r > 0 && key_has_prefix(key, &first, 5);
	kv_cursor_close(&c);
	num_put32(value, group);
	value[4] = mode == SUBSCRIBE_DIGEST_TEXT;
	if (r < 0 || (r = forum_put(t, key_slice(&k), slice_of(value, 5), NULL)) < 0 || waiting)
		return r;
	struct mailq_item i = { .kind = MAILQ_DIGEST, .member = member,
		.due = mailq_next_hour(t->time, mailq_hooks.digest_hour) };
	return mailq_add(t, &i);
}

#define MAILQ_DIGEST_MAX 200

/* takes the waiting posts out and hands them to the hook; 1 more wait, 0, < 0 */
static int mailq_digest_send(struct forum_txn *t, uint32_t member) {
	struct mailq_digest *v = arena_alloc(t->arena, MAILQ_DIGEST_MAX * sizeof *v);
	struct key first = key_1u32('e', member);
	struct slice key, value;
	struct member m;
	size_t n = 0;
	int r = 1;
	for (bool more = true; more && n < MAILQ_DIGEST_MAX && r >= 0;) {
		struct kv_cursor *c;
		struct key k = first;
		if ((r = kv_cursor_open(t->kv, &c)) < 0)
			return r;
		r = kv_seek(c, key_slice(&first), &key, &value);
		more = r > 0 && key.n == 13 && value.n == 5 && key_has_prefix(key, &first, 5);
		if (more) {
			v[n++] = (struct mailq_digest){ num_get64(key.p + 5), num_get32(value.p), value.p[4] };
			k = key_u32u64('e', member, v[n - 1].post);
		}
		kv_cursor_close(&c);
		if (more)
			r = kv_del(t->kv, key_slice(&k));
	}
	if (r >= 0 && n && mailq_hooks.digest && member_get(t, member, &m) > 0 && member_takes_mail(&m))
		r = mailq_hooks.digest(t, member, v, n);
	return r < 0 ? r : n == MAILQ_DIGEST_MAX;
}

int mailq_add_case(struct forum_txn *t, uint64_t post, uint32_t group) {
	struct mailq_item i = { .kind = MAILQ_CASE, .group = group };
	struct key k = key_1u32(0, group);
	struct slice key = slice_of(k.b + 1, 4), had, waits = SLICE("waits");
	int64_t until = t->time + MAILQ_CASE_PAUSE;
	int r = memo_get(t, MEMO_CASE, key, &had);
	if (r < 0 || (r > 0 && slice_eq(had, waits)))
		return r;
	/* not a mail for each of many: the next list goes when the pause is over */
	if (r > 0 && had.n == 8)
		until = i.due = (int64_t)num_get64(had.p);
	if ((r = memo_put(t, MEMO_CASE, key, waits, until + 86400)) > 0 && (r = mailq_add(t, &i)) > 0)
		mailq_tell(t, post, group);
	return r;
}

static int mailq_case_told(struct forum_txn *t, uint32_t group) {
	struct key k = key_1u32(0, group);
	char until[8];
	num_put64(until, (uint64_t)(t->time + MAILQ_CASE_PAUSE));
	return memo_put(t, MEMO_CASE, slice_of(k.b + 1, 4), slice_of(until, 8), t->time + MAILQ_CASE_PAUSE);
}

/* --- expansion --- */

static int mailq_copy(struct forum_txn *t, const struct post *p, uint32_t group, const struct member *m,
	enum subscribe_mode mode) {
	if (mode == SUBSCRIBE_DIGEST || mode == SUBSCRIBE_DIGEST_TEXT)
		return mailq_digest_add(t, p, group, m->id, mode);
	struct mailq_item copy = { .kind = MAILQ_COPY, .post = p->id, .group = group, .member = m->id,
		.due = mailq_after_quiet(m, t->time) };
	return mailq_add(t, &copy);
}

unsigned mailq_audience(struct forum_txn *t, const struct post *p, unsigned max) {
	uint32_t parent_author = mailq_parent_author(t, p);
	unsigned n = 0, seen = 0, watched;
	for (size_t i = 0; i < p->nplaces; i++) {
		enum subscribe_mode mode;
		uint32_t cursor = 0;
		struct member m;
		struct group g;
		if (group_get(t, p->places[i].group, &g) <= 0)
			continue;
		n += mailq_direct(t, p, &g, parent_author, &m);
		for (uint32_t watcher = (watched = 0);
			 n < max && mailq_watcher_next(t, p, &g, parent_author, &watcher, &watched, &m);)
			n++;
		while (seen++ < 4 * max && n < max && subscribe_next(t, g.id, &cursor, &mode) > 0)
			n += mailq_wants(t, p, &g, parent_author, cursor, &mode, &m);
	}
	return n;
}

/* Nobody gets the group, and no author is answered: an item would cost a commit of its own and tell nobody. */
static bool mailq_for_nobody(struct forum_txn *t, uint64_t post, uint32_t group) {
	enum subscribe_mode mode;
	uint32_t cursor = 0;
	uint32_t watcher = 0;
	unsigned seen = 0;
	struct member m;
	struct group g;
	struct post p;
	return subscribe_next(t, group, &cursor, &mode) == 0 && post_get(t, post, &p) > 0 && group_get(t, group, &g) > 0 &&
		!mailq_direct(t, &p, &g, mailq_parent_author(t, &p), &m) &&
		!mailq_watcher_next(t, &p, &g, 0, &watcher, &seen, &m);
}

int mailq_add_post(struct forum_txn *t, uint64_t post, uint32_t group) {
	struct mailq_item i = { .kind = MAILQ_POST, .post = post, .group = group };
	if (mailq_for_nobody(t, post, group))
		return 1;
	int r = mailq_add(t, &i);
	if (r > 0)
		mailq_tell(t, post, group);
	return r;
}

int mailq_add_catchup(struct forum_txn *t, uint32_t member, int64_t since) {
	struct mailq_item i = { .kind = MAILQ_CATCHUP, .member = member, .cursor = (uint32_t)(since > 0 ? since : 0) };
	int r = mailq_add(t, &i);
	if (r > 0)
		mailq_tell(t, 0, 0);
	return r;
}

int mailq_add_tell(struct forum_txn *t, uint32_t member, uint64_t serial) {
	struct mailq_item i = { .kind = MAILQ_TELL, .member = member, .cursor = (uint32_t)serial };
	int r = mailq_add(t, &i);
	if (r > 0)
		mailq_tell(t, 0, 0);
	return r;
}

int mailq_add_founding(struct forum_txn *t, uint32_t group) {
	struct mailq_item i = { .kind = MAILQ_FOUNDING, .group = group };
	int r = mailq_add(t, &i);
	if (r > 0)
		mailq_tell(t, 0, group);
	return r;
}

#define MAILQ_ASK_STEP 200

/* 1 there are more members, 0, < 0; the cursor moves in the same transaction as the questions */
static int mailq_founding_step(struct forum_txn *t, struct mailq_item *i) {
	struct member m;
	unsigned seen = 0;
	int r = 1;
	while (mailq_hooks.founding && r > 0 && seen++ < MAILQ_ASK_STEP && (r = member_each(t, &i->cursor, &m)) > 0)
		r = mailq_hooks.founding(t, i->group, m.id);
	if (r <= 0 || !mailq_hooks.founding)
		return r < 0 ? r : 0;
	return mailq_store(t, i, i->due) < 0 ? ERR_UNAVAILABLE : 1;
}

static int mailq_expand_other(struct forum_txn *t, struct mailq_item *i) {
	int more = 0, r = 1;
	if (i->kind == MAILQ_DIGEST)
		r = more = mailq_digest_send(t, i->member);
	else if (i->kind == MAILQ_FOUNDING)
		r = more = mailq_founding_step(t, i);
	else if (i->kind == MAILQ_TELL)
		r = mailq_hooks.tell ? mailq_hooks.tell(t, i->member, i->cursor) : 0;
	else if (i->kind == MAILQ_CATCHUP)
		r = mailq_hooks.catchup ? mailq_hooks.catchup(t, i->member, i->cursor) : 0;
	else if (mailq_hooks.cases && (r = mailq_hooks.cases(t, i->group)) >= 0)
		r = mailq_case_told(t, i->group);
	if (r < 0)
		return r;
	return more > 0 ? 1 : mailq_drop(t, i) < 0 ? ERR_UNAVAILABLE : 0;
}

int mailq_expand(struct forum_txn *t, uint64_t id, unsigned max) {
	struct mailq_item item;
	struct member m;
	struct post p;
	struct group g;
	enum subscribe_mode mode;
	int r = mailq_get(t, id, &item);
	if (r <= 0)
		return r;
	if (item.kind != MAILQ_POST && mailq_is_expanded(item.kind))
		return mailq_expand_other(t, &item);
	if (item.kind != MAILQ_POST)
		return ERR_INVALID;
	/* hidden, moved away, group removed since: nobody is mailed any more */
	r = post_get(t, item.post, &p);
	if (r > 0)
		r = p.state == POST_VISIBLE && post_number_in(&p, item.group) ? group_get(t, item.group, &g) : 0;
	if (r <= 0 || g.removed)
		return r < 0 ? r : mailq_drop(t, &item) < 0 ? ERR_UNAVAILABLE : 0;
	uint32_t parent_author = mailq_parent_author(t, &p);
	unsigned made = 0, seen = 0, watching = 0;
	if (item.cursor == 0 && mailq_direct(t, &p, &g, parent_author, &m)) {
		if ((r = mailq_copy(t, &p, g.id, &m, SUBSCRIBE_ALL)) < 0)
			return r;
		made++;
	}
	if (item.cursor == 0) {
		uint32_t watcher = 0;
		unsigned watched = 0;
		while (mailq_watcher_next(t, &p, &g, parent_author, &watcher, &watched, &m)) {
			if ((r = mailq_copy(t, &p, g.id, &m, SUBSCRIBE_ALL)) < 0)
				return r;
			watching++;
		}
	}
	/* those whom the mode leaves out cost little, but not nothing: they bound the step too */
	while (made < max && seen++ < 4 * max && (r = subscribe_next(t, item.group, &item.cursor, &mode)) > 0) {
		if (!mailq_wants(t, &p, &g, parent_author, item.cursor, &mode, &m))
			continue;
		if ((r = mailq_copy(t, &p, g.id, &m, mode)) < 0)
			break;
		made++;
	}
	if (r < 0)
		return r;
	bool more = made == max || seen > 4 * max;
	made += watching;
	if (made && (r = trace_add(t, p.id, p.message_id, "%u copies queued for %.*s", made, SLICE_ARG(g.name))) < 0)
		return r;
	r = more ? mailq_store(t, &item, item.due) : mailq_drop(t, &item);
	if (r > 0 && (made || more))
		mailq_tell(t, item.post, item.group);
	return r < 0 ? r : more;
}
