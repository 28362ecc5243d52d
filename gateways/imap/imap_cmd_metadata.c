/* METADATA (RFC 5464). /private entries are the member's own notes (forumd/forum/note.h), on mailboxes and on the
 * server.
 * /shared entries are what the forum says: of a group its title (moderators may change it) and settings, of the server
 * who looks after it. In the member's own mailboxes /shared is his as well. Entry names are kept in small letters. */
#include <ctype.h>
#include "forumd/base/text.h"
#include "forumd/forum/note.h"
#include "forumd/forum/personal.h"
#include "gateways/common/founding.h"
#include "gateways/imap/imap_private.h"

#define ENTRIES_MAX 64
#define DEPTH_ALL UINT32_MAX

struct entry { struct slice name, value; };   /* value.p NULL: NIL */
struct metadata {
	struct slice mailbox;
	uint32_t group;                    /* 0: the server, or a mailbox that is a command (none) */
	bool own, none;
	struct entry entry[ENTRIES_MAX];
	unsigned n;
	uint32_t max_size, depth, longest; /* longest: of the values left out */
	bool sized;
	struct buf line;
};

static void metadata_free(void *arg) {
	buf_free(&((struct metadata *)arg)->line);
}

/* "/private" or "/shared", and components behind it (RFC 5464 3.2); whole: something must be behind */
static bool entry_name(struct imap_session *is, struct slice *in, bool whole, struct slice *name_r) {
	static const struct slice roots[] = { SLICE_INIT("/private"), SLICE_INIT("/shared") };
	struct slice raw;
	if (!imap_take_astring(in, is->s.command, &raw) || !raw.n || raw.n > NOTE_NAME_MAX)
		return false;
	char *low = arena_alloc(is->s.command, raw.n);
	for (size_t i = 0; i < raw.n; i++) {
		if (raw.p[i] < ' ' || raw.p[i] > '~' || raw.p[i] == '*' || raw.p[i] == '%' ||
		    (raw.p[i] == '/' && (i + 1 == raw.n || raw.p[i + 1] == '/')))
			return false;
		low[i] = (char)tolower((unsigned char)raw.p[i]);
	}
	*name_r = slice_of(low, raw.n);
	for (size_t i = 0; i < 2; i++)
		if (slice_eq(*name_r, roots[i]) ? !whole : name_r->n > roots[i].n &&
		    slice_eq(slice_to(*name_r, roots[i].n), roots[i]) && name_r->p[roots[i].n] == '/')
			return true;
	return false;
}

static bool entry_is_private(struct slice name) {
	return name.p[1] == 'p';
}

/* --- what the forum says --- */

/* the founding text members agree to */
static struct slice rules_of(struct forum_txn *t, uint32_t group) {
	struct founding f;
	return founding_get(t, group, &f) > 0 && f.text.n ? f.text : slice_of(NULL, 0);
}

/* in order of name; value empty of p: not there */
static struct slice group_entry(struct imap_session *is, struct forum_txn *t, const struct group *g, unsigned i,
	struct slice *name_r) {
	static const struct slice names[] = {
		SLICE_INIT("/shared/comment"),
		SLICE_INIT("/shared/vendor/forumd/access"),
		SLICE_INIT("/shared/vendor/forumd/address"),
		SLICE_INIT("/shared/vendor/forumd/kind"),
		SLICE_INIT("/shared/vendor/forumd/moderated"),
		SLICE_INIT("/shared/vendor/forumd/posting"),
		SLICE_INIT("/shared/vendor/forumd/rules"),
	};
	if (i >= sizeof names / sizeof *names)
		return *name_r = slice_of(NULL, 0);
	*name_r = names[i];
	switch (i) {
	case 0: return g->title.n ? g->title : slice_of(NULL, 0);
	case 1: return slice_str(group_access_name(g->access));
	case 2: return arena_slicef(is->s.command, "%.*s@%s", SLICE_ARG(g->name), is->s.config->domain);
	case 3: return slice_str(group_kind_name(g->kind));
	case 4: return slice_str(g->moderated ? "on" : "off");
	case 5: return slice_str(group_posting_name(g->posting));
	default: return rules_of(t, g->id);
	}
}

static struct slice server_entry(struct imap_session *is, struct forum_txn *t, unsigned i, struct slice *name_r) {
	*name_r = i == 0 ? SLICE("/shared/admin") : i == 1 ? SLICE("/shared/comment") : i == 2 ?
		SLICE("/shared/vendor/forumd/rules") : slice_of(NULL, 0);
	return i == 2 ? rules_of(t, 0)
		: i == 0  ? arena_slicef(is->s.command, "mailto:postmaster@%s", is->s.config->domain)
				  : arena_slicef(is->s.command, "%s forum", is->s.config->domain);
}

static struct slice box_entry(const struct metadata *w, unsigned i, struct slice *name_r) {
	const struct imap_box *box = imap_box_named(w->mailbox);
	*name_r = i == 0 && box && box->use ? SLICE("/private/specialuse") : slice_of(NULL, 0);
	return name_r->p ? slice_str(box->use) : slice_of(NULL, 0);
}

/* the i-th entry that is no note; name_r->p NULL behind the last */
static struct slice made_entry(struct imap_session *is, struct forum_txn *t, const struct metadata *w,
	const struct group *g, unsigned i, struct slice *name_r) {
	return w->own  ? box_entry(w, i, name_r)
		: w->group ? group_entry(is, t, g, i, name_r)
				   : server_entry(is, t, i, name_r);
}

/* --- GETMETADATA --- */

static void add_value(struct buf *out, struct slice value) {
	bool plain = value.n < 500, nul = false;
	if (!value.p) {
		buf_adds(out, "NIL");
		return;
	}
	for (size_t i = 0; i < value.n; i++) {
		plain &= value.p[i] >= ' ' && value.p[i] <= '~' && value.p[i] != '"' && value.p[i] != '\\';
		nul |= value.p[i] == 0;
	}
	if (plain)
		buf_addf(out, "\"%.*s\"", SLICE_ARG(value));
	else
		buf_addf(out, "%s{%zu}\r\n", nul ? "~" : "", value.n);
	if (!plain)
		buf_add_slice(out, value);
}

static void add_entry(struct metadata *w, struct slice name, struct slice value) {
	if (w->sized && value.p && value.n > w->max_size) {
		w->longest = value.n > w->longest ? (uint32_t)value.n : w->longest;
		return;
	}
	buf_addf(&w->line, "%s%.*s ", buf_len(&w->line) ? " " : "", SLICE_ARG(name));
	add_value(&w->line, value);
}

/* is `name` the entry asked for, or deep enough below it? */
static bool entry_wanted(const struct metadata *w, struct slice asked, struct slice name) {
	if (slice_eq(asked, name))
		return true;
	if (!w->depth || name.n <= asked.n || !slice_eq(slice_to(name, asked.n), asked) || name.p[asked.n] != '/')
		return false;
	return w->depth == DEPTH_ALL || slice_chr(slice_from(name, asked.n + 1), '/') < 0;
}

/* one that is there, against everything asked for: it is told once */
static void metadata_match(struct metadata *w, struct slice name, struct slice value, bool found[ENTRIES_MAX]) {
	bool wanted = false;
	for (unsigned k = 0; k < w->n; k++) {
		wanted |= entry_wanted(w, w->entry[k].name, name);
		found[k] |= slice_eq(w->entry[k].name, name);
	}
	if (wanted)
		add_entry(w, name, value);
}

static int metadata_collect(struct imap_session *is, struct forum_txn *t, struct metadata *w, const struct group *g) {
	struct slice name, value;
	bool found[ENTRIES_MAX] = {0};
	int r = 1;
	for (unsigned i = 0; !w->none; i++) {
		value = made_entry(is, t, w, g, i, &name);
		if (!name.p)
			break;
		if (value.p)
			metadata_match(w, name, value, found);
	}
	name = slice_of("", 0);
	while (!w->none && (r = note_next(t, is->s.member, w->group, &name, &value)) > 0)
		metadata_match(w, name, value, found);
	for (unsigned k = 0; k < w->n && r >= 0 && !w->depth; k++)
		if (!found[k])
			add_entry(w, w->entry[k].name, slice_of(NULL, 0));
	return r;
}

/* "(" MAXSIZE n | DEPTH d ... ")": true taken */
static bool take_options(struct slice *rest, struct metadata *w) {
	struct slice name;
	if (!imap_take_char(rest, '('))
		return false;
	do {
		if (!imap_take_name(rest, &name) || !imap_take_space(rest))
			return false;
		if (slice_is_nocase(name, "MAXSIZE")) {
			w->sized = true;
			if (!imap_take_number(rest, &w->max_size))
				return false;
			continue;
		}
		struct slice depth;
		if (!slice_is_nocase(name, "DEPTH") || !imap_take_name(rest, &depth))
			return false;
		if (!slice_is(depth, "0") && !slice_is(depth, "1") && !slice_is_nocase(depth, "infinity"))
			return false;
		w->depth = slice_is(depth, "0") ? 0 : slice_is(depth, "1") ? 1 : DEPTH_ALL;
	} while (imap_take_space(rest));
	return imap_take_char(rest, ')');
}

/* entry / "(" entry *(SP entry) ")" */
static bool take_entries(struct imap_session *is, struct slice *rest, struct metadata *w) {
	bool list = imap_take_char(rest, '(');
	do {
		if (w->n == ENTRIES_MAX || !entry_name(is, rest, false, &w->entry[w->n++].name))
			return false;
	} while (list && imap_take_space(rest));
	return !list || imap_take_char(rest, ')');
}

static bool take_get(struct imap_session *is, struct slice *rest, struct metadata *w) {
	if (!imap_take_space(rest) || (imap_at(rest, '(') && (!take_options(rest, w) || !imap_take_space(rest))) ||
	    !imap_take_mailbox(is, rest, &w->mailbox) || !imap_take_space(rest))
		return false;
	/* the examples of RFC 5464 have the options here, its grammar has them before */
	struct slice ahead = *rest;
	if (take_options(&ahead, w)) {
		*rest = ahead;
		if (!imap_take_space(rest))
			return false;
	}
	return take_entries(is, rest, w) && imap_take_end(rest);
}

/* "" is the server. 1, 0 no such mailbox, < 0 */
static int metadata_find(struct imap_session *is, struct forum_txn *t, struct metadata *w, struct group *g_r) {
	*g_r = (struct group){0};
	if (!w->mailbox.n)
		return 1;
	int r = imap_mailbox_find(is, t, w->mailbox, g_r);
	w->group = g_r->id;
	w->own = g_r->owner != 0;
	w->none = r > 0 && !g_r->id;
	return r < 0 ? r : r > 0;
}

/* "* METADATA name (entry value ...)", when there is anything to say */
static void metadata_tell(struct imap_session *is, struct metadata *w) {
	struct buf *out = session_out(&is->s);
	if (!buf_len(&w->line))
		return;
	buf_adds(out, "* METADATA ");
	imap_add_mailbox(is, out, w->mailbox);
	buf_adds(out, " (");
	buf_add_slice(out, buf_slice(&w->line));
	buf_adds(out, ")\r\n");
	buf_reset(&w->line);
}

struct metadata *imap_take_metadata(struct imap_session *is, struct slice *in) {
	struct metadata *w = ARENA_NEW(is->s.command, struct metadata);
	arena_on_reset(is->s.command, metadata_free, w);
	return imap_at(in, '(') && take_entries(is, in, w) ? w : NULL;
}

int imap_metadata_write(struct imap_session *is, struct forum_txn *t, struct slice name, struct metadata *w) {
	struct group g;
	w->mailbox = name;
	int r = metadata_find(is, t, w, &g);
	if (r > 0 && (r = metadata_collect(is, t, w, &g)) >= 0)
		metadata_tell(is, w);
	return r < 0 ? r : 1;
}

enum step imap_cmd_getmetadata(struct imap_session *is, struct slice *rest) {
	struct metadata *w = ARENA_NEW(is->s.command, struct metadata);
	struct group g;
	arena_on_reset(is->s.command, metadata_free, w);
	if (!take_get(is, rest, w))
		return imap_bad_arguments(is);
	struct forum_txn *t = session_read(&is->s);
	int r = t ? metadata_find(is, t, w, &g) : ERR_UNAVAILABLE;
	if (r == 0)
		return imap_no_mailbox(is);
	if (r < 0 || metadata_collect(is, t, w, &g) < 0)
		return imap_unavailable(is);
	metadata_tell(is, w);
	return w->longest ? imap_ok(is, "[METADATA LONGENTRIES %u] some values are longer", w->longest) :
		imap_ok(is, "GETMETADATA completed");
}

/* --- SETMETADATA: all of it or nothing --- */

struct setmetadata_job { uint32_t member, group; bool own; struct entry *entry; unsigned n; };

static bool is_plain_text(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if (text_control(s.p[i]))
			return false;
	return true;
}

/* the group's title, by its moderators */
static int set_comment(struct forum_txn *t, const struct setmetadata_job *d, struct slice value, struct fail *f) {
	struct group g;
	int r = group_get(t, d->group, &g);
	if (r <= 0 || !rights_can_moderate(t, d->member, &g))
		return fail_set(f, ERR_DENIED, "only moderators change what a group says of itself");
	if (!is_plain_text(value))
		return fail_set(f, ERR_INVALID, "a title is one line of text");
	if ((r = group_set(t, g.id, SLICE("title"), value.p ? value : SLICE(""), f)) < 0)
		return r;
	struct slice text = arena_slicef(forum_arena(t), "group %.*s set title=%.*s", SLICE_ARG(g.name), SLICE_ARG(value));
	return audit_add(t, VERDICT_GROUP, d->member, 0, g.id, text, NULL) < 0 ? fail_set(f, ERR_UNAVAILABLE,
		"the store cannot take writes now, try again later") : 1;
}

static int set_entry(struct forum_txn *t, const struct setmetadata_job *d, const struct entry *e, struct fail *f) {
	if (d->own && slice_is(e->name, "/private/specialuse"))
		return fail_set(f, ERR_DENIED, "what a mailbox is for is not changed");
	if (entry_is_private(e->name) || d->own)
		return note_set(t, d->member, d->group, e->name, e->value, f);
	if (d->group && slice_is(e->name, "/shared/comment"))
		return set_comment(t, d, e->value, f);
	return fail_set(f, ERR_DENIED, "this is a setting of the %s: forumctl changes it", d->group ? "group" : "server");
}

static int setmetadata_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct setmetadata_job *d = j->data;
	struct group g;
	int r = 1;
	if (d->group && (group_get(t, d->group, &g) <= 0 || !rights_can_read(t, d->member, &g)))
		return fail_set(f, ERR_NOTFOUND, "no such mailbox");
	for (unsigned i = 0; i < d->n && r > 0; i++)
		r = set_entry(t, d, &d->entry[i], f);
	return r;
}

static enum step setmetadata_done(struct session *s) {
	struct imap_session *is = imap_of(s);
	if (is->result < 0 && is->fail.code == ERR_LIMIT)
		return imap_no(is, "METADATA TOOMANY", "%s", is->fail.text);
	return is->result < 0 ? imap_fail(is, &is->fail) : imap_ok(is, "SETMETADATA completed");
}

static bool take_set(struct imap_session *is, struct slice *rest, struct metadata *w) {
	if (!imap_take_space(rest) || !imap_take_mailbox(is, rest, &w->mailbox) || !imap_take_space(rest) ||
		!imap_take_char(rest, '('))
		return false;
	do {
		struct entry *e = &w->entry[w->n];
		if (w->n++ == ENTRIES_MAX || !entry_name(is, rest, true, &e->name) || !imap_take_space(rest) ||
		    !imap_take_nstring(rest, is->s.command, &e->value))
			return false;
		w->longest = e->value.n > w->longest ? (uint32_t)e->value.n : w->longest;
	} while (imap_take_space(rest));
	return imap_take_char(rest, ')') && imap_take_end(rest);
}

enum step imap_cmd_setmetadata(struct imap_session *is, struct slice *rest) {
	struct metadata *w = ARENA_NEW(is->s.command, struct metadata);
	struct group g;
	if (!take_set(is, rest, w))
		return imap_bad_arguments(is);
	struct forum_txn *t = session_read(&is->s);
	int r = t ? metadata_find(is, t, w, &g) : ERR_UNAVAILABLE;
	if (r <= 0)
		return r < 0 ? imap_unavailable(is) : imap_no_mailbox(is);
	if (w->none)
		return imap_no(is, "CANNOT", "this mailbox is a command: nothing can be kept about it");
	if (w->longest > NOTE_VALUE_MAX)
		return imap_no(is, arena_printf(is->s.command, "METADATA MAXSIZE %d", NOTE_VALUE_MAX),
			"a value has at most %d octets", NOTE_VALUE_MAX);
	struct job *j = job_new(&is->s, setmetadata_apply);
	struct setmetadata_job *d = ARENA_NEW(j->arena, struct setmetadata_job);
	*d = (struct setmetadata_job){ .member = is->s.member, .group = w->group, .own = w->own, .n = w->n };
	d->entry = arena_alloc(j->arena, w->n * sizeof *d->entry);
	j->size = 256;
	for (unsigned i = 0; i < w->n; i++) {
		d->entry[i].name = arena_slice(j->arena, w->entry[i].name);
		d->entry[i].value = w->entry[i].value.p ? arena_slice(j->arena, w->entry[i].value) : slice_of(NULL, 0);
		j->size += w->entry[i].name.n + w->entry[i].value.n;
	}
	j->data = d;
	return imap_submit(is, j, NULL, setmetadata_done);
}
