/* LIST LSUB NAMESPACE. The separator is '.', the personal prefix is empty; what is subscribed here
 * (imap_subscribe.c) has nothing to do with what comes by mail. The names are collected in one transaction, so that
 * what has children is known, and written in steps. A name above groups that is no group itself exists only as a
 * parent. */
#include "forumd/base/clock.h"
#include "forumd/base/hash.h"
#include "forumd/base/text.h"
#include "forumd/base/vec.h"
#include "forumd/forum/folder.h"
#include "forumd/forum/personal.h"
#include "gateways/common/wildmat.h"
#include "gateways/imap/imap_private.h"

#define LIST_PATTERNS_MAX 64
#define LIST_STRIDE 64u

struct list_entry {
	struct slice name;
	const char *use;                     /* special use, or NULL */
	bool exists, children, subscribed, subscribed_below;
	bool info;                           /* RECURSIVEMATCH: one below is selected and not listed itself */
};
struct listing {
	bool lsub, extended;
	bool root;                           /* an empty pattern: what separates names, and the root (RFC 9051 6.3.9) */
	bool want_siblings;                  /* siblings are looked at: a pattern names them, or one is subscribed */
	bool only_subscribed, only_special, recursive, tell_subscribed;
	unsigned status_items;
	struct slice patterns[LIST_PATTERNS_MAX];
	unsigned npatterns;
	VEC(struct list_entry) entries;
	struct slice subscriptions;
	struct hash *index;                  /* name -> place in entries + 1 */
	size_t next;
	bool told;                           /* the LIST line of entries[next] is out, its STATUS is not */
	struct imap_status status;
	struct metadata *metadata;           /* NULL: not asked for */
};

static void list_free(void *arg) {
	struct listing *l = arg;
	vec_free(&l->entries);
	if (l->index)
		hash_free(&l->index);
}

static size_t list_add(struct listing *l, struct slice name, bool exists) {
	size_t at = (size_t)(uintptr_t)hash_get(l->index, name);
	if (!at) {
		vec_push(&l->entries, (struct list_entry){ .name = name, .exists = exists });
		at = l->entries.n;
		hash_put(l->index, name, (void *)(uintptr_t)at);
	}
	return at - 1;
}

static struct list_entry *list_add_named(struct listing *l, struct slice name, bool exists, bool subscribed) {
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] == '.') {
			size_t parent = list_add(l, slice_to(name, i), false);
			struct list_entry *e = &l->entries.v[parent];
			e->children |= exists || !e->exists;
			e->subscribed_below |= subscribed;
		}
	size_t at = list_add(l, name, exists);
	l->entries.v[at].subscribed = subscribed;
	return &l->entries.v[at];
}

static struct list_entry *list_add_tree(struct listing *l, struct slice name) {
	return list_add_named(l, name, true, imap_subscribed(l->subscriptions, name));
}

/* mailboxes that are commands: of a group, or (empty name) of all; nobody is subscribed to them */
static void list_add_actions(struct imap_session *is, struct listing *l, bool moderator, struct slice name) {
	size_t n = 0;
	for (const struct imap_action *a = imap_action_at(0); a; a = imap_action_at(++n))
		if (moderator || !a->moderators)
			list_add_tree(l,
				name.n ? arena_slicef(is->s.command, "%.*s.%.*s", SLICE_ARG(name), SLICE_ARG(a->name)) : a->name);
}

static void list_add_verdicts(struct imap_session *is, struct listing *l) {
	size_t n = 0;
	for (const struct imap_action *a = imap_action_at(0); a; a = imap_action_at(++n))
		if (a->moderators)
			list_add_tree(l, arena_slicef(is->s.command, "Moderation.Queue.%.*s", SLICE_ARG(a->name)));
}

static int list_add_folders(struct imap_session *is, struct listing *l, struct forum_txn *t) {
	struct slice cursor = { 0 };
	struct folder f;
	int r;
	while ((r = folder_each(t, is->s.member, &cursor, &f)) > 0)
		list_add_tree(l, arena_slice(is->s.command, f.name))->use = f.use == FOLDER_ARCHIVE ? "\\Archive" :
			f.use == FOLDER_JUNK ? "\\Junk" : NULL;
	return r;
}

static bool list_names_siblings(const struct listing *l) {
	for (unsigned i = 0; i < l->npatterns; i++)
		if (slice_chr(l->patterns[i], '!') > 0)
			return true;
	return slice_chr(l->subscriptions, '!') >= 0;
}

/* Folders and groups come in order of name, so a parent that is one of them came before. */
static int list_collect(struct imap_session *is, struct listing *l, struct forum_txn *t) {
	struct slice cursor = slice_of("", 0);
	struct group g;
	bool moderates = false;
	size_t n = 0;
	int r;
	l->index = hash_new();
	if ((r = imap_subscriptions(is, t, &l->subscriptions)) < 0)
		return r;
	l->want_siblings = list_names_siblings(l);
	for (const struct imap_box *b = imap_box_at(0); b; b = imap_box_at(++n))
		if (b->box != BOX_QUEUE || rights_moderates(t, is->s.member))
			list_add_tree(l, b->name)->use = b->use;
	if (l->want_siblings && rights_moderates(t, is->s.member))
		list_add_verdicts(is, l);
	if ((r = list_add_folders(is, l, t)) < 0)
		return r;
	while ((r = group_each(t, &cursor, &g)) > 0) {
		if (g.removed || !rights_can_read(t, is->s.member, &g))
			continue;
		struct slice name = arena_slice(is->s.command, g.name);
		bool moderator = (!moderates || l->want_siblings) && rights_can_moderate(t, is->s.member, &g);
		moderates |= moderator;
		list_add_tree(l, name);
		if (l->want_siblings)
			list_add_actions(is, l, moderator, name);
	}
	list_add_actions(is, l, moderates, slice_of("", 0));
	/* last, when all that exists is known: folders that are subscribed and gone, for who asks what is subscribed */
	struct slice rest = l->subscriptions, name;
	while ((l->lsub || l->only_subscribed) && imap_subscribed_next(&rest, &name))
		list_add_named(l, name, false, true);
	return r;
}

static bool list_named(const struct listing *l, struct slice name, bool *level_r) {
	*level_r = false;
	bool named = false;
	for (unsigned i = 0; i < l->npatterns; i++) {
		struct slice p = l->patterns[i];
		if ((slice_is(name, "INBOX") && slice_is_nocase(p, "INBOX")) || wildmat_imap(p, name, '.')) {
			named = true;
			*level_r |= p.n && p.p[p.n - 1] == '%';
		}
	}
	return named;
}

/* RFC 5258 3.1: the selection options all hold; what does not exist may be subscribed */
static bool list_selected(const struct listing *l, const struct list_entry *e) {
	return (e->exists || l->only_subscribed) && (!l->only_subscribed || e->subscribed) && (!l->only_special || e->use);
}

/* RFC 5258 5: what tells of selected mailboxes below is told only where they are not listed themselves */
static void list_mark_parents(struct listing *l) {
	bool level;
	for (size_t i = 0; l->recursive && i < l->entries.n; i++) {
		struct list_entry *e = &l->entries.v[i];
		if (!list_selected(l, e) || list_named(l, e->name, &level))
			continue;
		for (size_t k = 0; k < e->name.n; k++) {
			size_t at = e->name.p[k] == '.' ? (size_t)(uintptr_t)hash_get(l->index, slice_to(e->name, k)) : 0;
			if (at)
				l->entries.v[at - 1].info = true;
		}
	}
}

/* RFC 3501 6.3.9: LSUB with % names parents of what is subscribed */
static bool list_matches(const struct listing *l, const struct list_entry *e) {
	bool level;
	if (!list_named(l, e->name, &level))
		return false;
	if (l->lsub)
		return e->subscribed || (level && e->subscribed_below);
	if (l->only_subscribed || l->only_special)
		return list_selected(l, e) || e->info;
	return e->exists || level;
}

static void list_line(struct imap_session *is, const struct listing *l, const struct list_entry *e, struct buf *out) {
	buf_adds(out, l->lsub ? "* LSUB (" : "* LIST (");
	if (l->lsub)
		buf_adds(out, e->exists && e->subscribed ? "" : "\\Noselect");
	else
		buf_addf(out, "%s%s", e->exists ? "" : "\\NonExistent \\Noselect ", e->children ? "\\HasChildren" : "\\HasNoChildren");
	if (!l->lsub && e->use)
		buf_addf(out, " %s", e->use);
	if (e->subscribed && l->tell_subscribed)
		buf_adds(out, " \\Subscribed");
	buf_adds(out, ") \".\" ");
	imap_add_mailbox(is, out, e->name);
	if (e->info)
		buf_addf(out, " (\"CHILDINFO\" (%s%s%s))", l->only_subscribed ? "\"SUBSCRIBED\"" : "",
			l->only_subscribed && l->only_special ? " " : "", l->only_special ? "\"SPECIAL-USE\"" : "");
	buf_adds(out, "\r\n");
}

static enum step list_step(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct listing *l = is->work;
	int64_t start = clock_mono_us();
	unsigned n = 0;
	for (; l->next < l->entries.n; l->next++) {
		struct list_entry *e = &l->entries.v[l->next];
		if (!l->told && !list_matches(l, e))
			continue;
		if (!l->told)
			list_line(is, l, e, session_out(s));
		if (!l->told && e->exists && l->metadata) {
			struct forum_txn *t = session_read(s);
			if (!t || imap_metadata_write(is, t, e->name, l->metadata) < 0)
				return imap_unavailable(is);
		}
		l->told = false;
		if (e->exists && l->status_items) {
			struct forum_txn *t = session_read(s);
			int r = t ? imap_status_write(is, t, e->name, &l->status, start) : ERR_UNAVAILABLE;
			if (r < 0)
				return imap_unavailable(is);
			l->told = r == 0;
			if (r > 0)
				l->status = (struct imap_status){ .items = l->status_items };
		}
		if (l->told || ((l->status_items || ++n % LIST_STRIDE == 0) && imap_give_way(is, start))) {
			l->next += !l->told;
			s->step = list_step;
			return STEP_MORE;
		}
	}
	return imap_ok(is, "%s completed", is->command->name);
}

void imap_tell_list(struct imap_session *is, const char *flags, struct slice name, struct slice old) {
	struct buf *out = session_out(&is->s);
	buf_addf(out, "* LIST (%s) \".\" ", flags);
	imap_add_mailbox(is, out, name);
	if (old.n) {
		buf_adds(out, " (\"OLDNAME\" (");
		imap_add_mailbox(is, out, old);
		buf_adds(out, "))");
	}
	buf_adds(out, "\r\n");
}

/* reference and pattern are one name (RFC 3501 6.3.8) */
static bool take_pattern(struct imap_session *is, struct slice *rest, struct listing *l, struct slice reference) {
	struct slice raw;
	struct buf name = {0};
	if (l->npatterns == LIST_PATTERNS_MAX || !imap_take_pattern(rest, is->s.command, &raw) || raw.n > 1000)
		return false;
	bool good = imap_name_decode(is, reference, &name) && imap_name_decode(is, raw, &name);
	l->root |= raw.n == 0;
	if (good)
		l->patterns[l->npatterns++] = arena_slice(is->s.command, buf_slice(&name));
	buf_free(&name);
	return good;
}

static bool take_selection(struct slice *rest, struct listing *l) {
	bool base = false;
	l->extended = true;
	while (!imap_at(rest, ')')) {
		struct slice name;
		if (!imap_take_name(rest, &name))
			return false;
		if (slice_is_nocase(name, "SUBSCRIBED"))
			l->only_subscribed = l->tell_subscribed = base = true;
		else if (slice_is_nocase(name, "SPECIAL-USE"))
			l->only_special = base = true;
		else if (slice_is_nocase(name, "RECURSIVEMATCH"))
			l->recursive = true;
		else if (!slice_is_nocase(name, "REMOTE"))
			return false;
		if (!imap_take_space(rest) && !imap_at(rest, ')'))
			return false;
	}
	return imap_take_char(rest, ')') && (base || !l->recursive);
}

static bool take_return(struct imap_session *is, struct slice *rest, struct listing *l) {
	struct slice name;
	if (!imap_take_space(rest))
		return true;
	if (!imap_take_name(rest, &name) || !slice_is_nocase(name, "RETURN") || !imap_take_space(rest) ||
	    !imap_take_char(rest, '('))
		return false;
	while (!imap_at(rest, ')')) {
		if (!imap_take_name(rest, &name))
			return false;
		if (slice_is_nocase(name, "SUBSCRIBED"))
			l->tell_subscribed = true;
		else if (slice_is_nocase(name, "STATUS")) {
			if (!imap_take_space(rest) || !imap_take_status_items(rest, &l->status_items))
				return false;
		} else if (slice_is_nocase(name, "METADATA")) {
			if (l->metadata || !imap_take_space(rest) || !(l->metadata = imap_take_metadata(is, rest)))
				return false;
		} else if (!slice_is_nocase(name, "CHILDREN") && !slice_is_nocase(name, "SPECIAL-USE"))
			return false;
		if (!imap_take_space(rest) && !imap_at(rest, ')'))
			return false;
	}
	return imap_take_char(rest, ')');
}

static bool take_list(struct imap_session *is, struct slice *rest, struct listing *l) {
	struct slice reference;
	if (!imap_take_space(rest))
		return false;
	if (!l->lsub && imap_take_char(rest, '(') && (!take_selection(rest, l) || !imap_take_space(rest)))
		return false;
	if (!imap_take_astring(rest, is->s.command, &reference) || reference.n > 1000 || !imap_take_space(rest))
		return false;
	if (!l->lsub && imap_take_char(rest, '(')) {
		l->extended = true;
		do {
			if (!take_pattern(is, rest, l, reference))
				return false;
		} while (imap_take_space(rest));
		if (!imap_take_char(rest, ')'))
			return false;
	} else if (!take_pattern(is, rest, l, reference)) {
		return false;
	}
	return (l->lsub || take_return(is, rest, l)) && imap_take_end(rest);
}

static enum step list_run(struct imap_session *is, struct slice *rest, bool lsub) {
	struct listing *l = ARENA_NEW(is->s.command, struct listing);
	arena_on_reset(is->s.command, list_free, l);
	l->lsub = lsub;
	if (!take_list(is, rest, l))
		return imap_bad_arguments(is);
	if (!l->extended && l->root) {
		buf_addf(session_out(&is->s), "* %s (\\Noselect) \".\" \"\"\r\n", is->command->name);
		return imap_ok(is, "%s completed", is->command->name);
	}
	struct forum_txn *t = session_read(&is->s);
	if (!t || list_collect(is, l, t) < 0)
		return imap_unavailable(is);
	list_mark_parents(l);
	l->status.items = l->status_items;
	is->work = l;
	return list_step(&is->s);
}

enum step imap_cmd_list(struct imap_session *is, struct slice *rest) {
	return list_run(is, rest, false);
}

enum step imap_cmd_lsub(struct imap_session *is, struct slice *rest) {
	return list_run(is, rest, true);
}

enum step imap_cmd_namespace(struct imap_session *is, struct slice *rest) {
	if (!imap_take_end(rest))
		return imap_bad_arguments(is);
	buf_adds(session_out(&is->s), "* NAMESPACE ((\"\" \".\")) NIL NIL\r\n");
	return imap_ok(is, "NAMESPACE completed");
}
