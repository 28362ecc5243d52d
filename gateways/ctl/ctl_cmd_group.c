/* ctl_cmd_group.c - group add|set|list|show|remove, subscribe, unsubscribe. */
#include "gateways/ctl/ctl_private.h"
#include "forumd/forum/spam.h"
#include "forumd/forum/subscribe.h"
#include "gateways/common/cancel_text.h"
#include "gateways/common/founding.h"

/* "KEY=VALUE" */
static int pair(struct slice arg, struct slice *key_r, struct slice *value_r, struct fail *f) {
	ptrdiff_t eq = slice_chr(arg, '=');
	if (eq <= 0)
		return fail_set(f, ERR_SYNTAX, "\"%.*s\" is not KEY=VALUE", (int)(arg.n < 80 ? arg.n : 80), arg.p);
	*key_r = slice_to(arg, (size_t)eq);
	*value_r = slice_from(arg, (size_t)eq + 1);
	return 1;
}

static int choice(struct ctl_call *c, const char *option, int (*parse)(struct slice), const char *want, int *out_r,
	struct fail *f) {
	struct slice v;
	if (!ctl_option(c, option, &v))
		return 0;
	int r = parse(v);
	if (r < 0)
		return fail_set(f, ERR_INVALID, "%s is one of %s, not \"%.*s\"", option, want, (int)(v.n < 60 ? v.n : 60), v.p);
	*out_r = r;
	return 1;
}

/* Messages about posts of which readers of control.cancel may not know any more go before the change: 1 they are gone,
 * CTL_MORE, < 0. What is interrupted has changed nothing but that. `cursor` are two of the call's. */
static int group_review(struct forum_txn *t, uint64_t *cursor, const struct group *g, enum group_access to,
	struct fail *f) {
	struct cancel_review at = { (uint32_t)cursor[0], cursor[1] };
	int r = cancel_review(t, g, to, &at, f);
	cursor[0] = at.number;
	cursor[1] = at.modseq;
	return r < 0 ? r : r > 0 ? CTL_MORE : 1;
}

/* "access=..." among the settings, when it is one */
static int group_new_access(const struct ctl_call *c) {
	int to = ERR_NOTFOUND;
	struct slice k = { 0 }, v = { 0 };
	for (unsigned i = 1; i < c->nargs; i++)
		if (pair(c->args[i], &k, &v, NULL) > 0 && slice_is(k, "access"))
			to = group_access_parse(v);
	return to;
}

/* It comes back closed, and is opened when it has been looked through: 1, CTL_MORE, < 0 */
static int group_add_cancels(struct forum_txn *t, struct ctl_call *c, const struct group_spec *s, uint32_t *id_r,
	struct fail *f) {
	struct group_spec first = *s;
	struct group g;
	int r = 1;
	first.access = GROUP_PRIVATE;
	if (!c->cursor[1])
		r = group_add(t, &first, id_r, f);
	if (r > 0)
		r = ctl_find_group(t, s->name, &g, f);
	if (r <= 0)
		return r ? r : ERR_INTERNAL;
	*id_r = g.id;
	if (g.high && ((r = group_review(t, c->cursor, &g, s->access, f)) < 0 || r == CTL_MORE))
		return r;
	return group_set(t, g.id, SLICE("access"), slice_str(group_access_name(s->access)), f);
}

/* A group that comes back has its posts again: control.cancel is looked through for what is closed from now on, before
 * it is there. 1, CTL_MORE, < 0 */
static int group_add_reviewed(struct forum_txn *t, struct ctl_call *c, const struct group_spec *s, uint32_t *id_r,
	struct fail *f) {
	struct group g;
	int r = group_find_any(t, s->name, &g);
	if (r < 0)
		return fail_internal(f, "group %.*s: %s", SLICE_ARG(s->name), err_name((enum err)r));
	if (slice_eq(s->name, WITHDRAWN_GROUP))
		return group_add_cancels(t, c, s, id_r, f);
	if (r > 0 && g.removed) {
		g.access = GROUP_PUBLIC;      /* it may have been, some time */
		if ((r = group_review(t, c->cursor, &g, s->access, f)) < 0 || r == CTL_MORE)
			return r;
	}
	return group_add(t, s, id_r, f);
}

int ctl_group_add(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct group_spec s = { .name = c->args[0], .moderated = ctl_switch(c, "--moderated") };
	int kind = GROUP_FORUM, access = GROUP_PUBLIC, posting = GROUP_POST_MEMBERS, r;
	uint32_t id;
	if ((r = choice(c, "--kind", group_kind_parse, "forum, blog, announce, project, committee", &kind, f)) < 0 ||
	    (r = choice(c, "--access", group_access_parse, "public, members, private", &access, f)) < 0 ||
	    (r = choice(c, "--posting", group_posting_parse, "members, moderators, nobody", &posting, f)) < 0)
		return r;
	s.kind = (enum group_kind)kind;
	s.access = (enum group_access)access;
	s.posting = (enum group_posting)posting;
	if (!ctl_option(c, "--title", &s.title))
		s.title = s.name;
	if ((r = group_add_reviewed(t, c, &s, &id, f)) <= 0 || r == CTL_MORE)
		return r ? r : ERR_INTERNAL;
	audit_add(t, VERDICT_GROUP, c->by, 0, id, arena_slicef(c->arena, "group %.*s added", SLICE_ARG(s.name)), NULL);
	if (!c->json) {
		buf_addf(&c->out, "group %.*s: newsgroup, IMAP mailbox and %.*s@%s\n", SLICE_ARG(s.name), SLICE_ARG(s.name),
			forum_domain(forum_of(t)));
		return 1;
	}
	ctl_json_open(c);
	ctl_json_num(c, "id", id);
	ctl_json_str(c, "name", s.name);
	ctl_json_close(c);
	return 1;
}

/* The same for GROUP.aside, which is closed with its group (group_set): its access then, and what it is, in *aside_r.
 * 1, 0 it stays as it is, CTL_MORE, < 0 */
static int group_review_aside(struct forum_txn *t, struct ctl_call *c, const struct group *g, enum group_access to,
	struct group *aside_r, struct fail *f) {
	int r = group_aside(t, g, aside_r);
	if (r < 0)
		return fail_internal(f, "group %.*s.aside: %s", SLICE_ARG(g->name), err_name((enum err)r));
	return r > 0 && aside_r->access < to ? group_review(t, c->cursor + 2, aside_r, to, f) : 0;
}

static int group_set_each(struct forum_txn *t, struct ctl_call *c, uint32_t group, struct fail *f) {
	int r = 1;
	for (unsigned i = 1; r > 0 && i < c->nargs; i++) {
		struct slice k, v;
		if ((r = pair(c->args[i], &k, &v, f)) <= 0 || (r = group_set(t, group, k, v, f)) <= 0)
			break;
		audit_add(t, VERDICT_GROUP, c->by, 0, group,
			arena_slicef(c->arena, "group %.*s set %.*s", SLICE_ARG(c->args[0]), SLICE_ARG(c->args[i])), NULL);
	}
	return r;
}

int ctl_group_set(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct group g, aside;
	int with = 0, r = ctl_find_group(t, c->args[0], &g, f), to = r > 0 ? group_new_access(c) : r;
	if (to >= 0) {
		if ((r = group_review(t, c->cursor, &g, (enum group_access)to, f)) < 0 || r == CTL_MORE)
			return r;
		if ((with = group_review_aside(t, c, &g, (enum group_access)to, &aside, f)) < 0 || with == CTL_MORE)
			return with;
	}
	if (r > 0)
		r = group_set_each(t, c, g.id, f);
	if (r > 0 && with)
		audit_add(t, VERDICT_GROUP, c->by, 0, aside.id, arena_slicef(c->arena, "group %.*s.aside set access=%s",
			SLICE_ARG(c->args[0]), group_access_name((enum group_access)to)), NULL);
	if (r > 0 && !c->json)
		buf_addf(&c->out, "group %.*s changed%s%.*s%s\n", SLICE_ARG(c->args[0]), with ? ", and " : "",
			with ? (int)c->args[0].n : 0, c->args[0].p, with ? ".aside closed with it" : "");
	return r;
}

static void group_json(struct ctl_call *c, const struct group *g) {
	ctl_json_num(c, "id", g->id);
	ctl_json_str(c, "name", g->name);
	ctl_json_str(c, "title", g->title);
	ctl_json_cstr(c, "kind", group_kind_name(g->kind));
	ctl_json_cstr(c, "access", group_access_name(g->access));
	ctl_json_cstr(c, "posting", group_posting_name(g->posting));
	ctl_json_bool(c, "moderated", g->moderated);
	ctl_json_cstr(c, "unproven", g->unproven == GROUP_UNPROVEN_HOLD ? "hold" : "refuse");
	ctl_json_num(c, "spam_hold", g->spam_hold);
	ctl_json_num(c, "low", g->low);
	ctl_json_num(c, "high", g->high);
	ctl_json_num(c, "count", g->count);
	ctl_json_num(c, "uidvalidity", g->uidvalidity);
	ctl_json_num(c, "modseq", (int64_t)g->modseq);
	ctl_json_time(c, "created", g->created);
}

int ctl_group_list(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	(void)f;
	struct slice cursor = {0};
	struct group g;
	int r;
	while ((r = group_each(t, &cursor, &g)) > 0) {
		if (g.removed)
			continue;
		if (c->json) {
			ctl_json_open(c);
			group_json(c, &g);
			ctl_json_close(c);
			continue;
		}
		buf_addf(&c->out, "%-44.*s %6u posts  %-8s %-8s%s  %.*s\n", SLICE_ARG(g.name), g.count, group_kind_name(g.kind),
			group_access_name(g.access), g.moderated ? " moderated" : "", SLICE_ARG(g.title));
	}
	return r < 0 ? r : 1;
}

/* members with a role in this group */
static void group_roles(struct forum_txn *t, struct ctl_call *c, const struct group *g) {
	struct member m;
	uint32_t cursor = 0;
	bool first = true;
	while (member_each(t, &cursor, &m) > 0)
		for (size_t i = 0; i < m.nroles; i++) {
			if (m.roles[i].group != g->id || !m.naddresses)
				continue;
			if (c->json)
				buf_addf(&c->out, "%s{\"role\":\"%s\",\"address\":\"%.*s\"}", first ? "" : ",",
					role_name(m.roles[i].role), SLICE_ARG(m.addresses[0]));
			else
				buf_addf(&c->out, "%-12s %.*s\n", role_name(m.roles[i].role), SLICE_ARG(m.addresses[0]));
			first = false;
		}
}

/* what it has learned of spam, and what it does about it */
static void group_spam(struct forum_txn *t, struct ctl_call *c, const struct group *g) {
	struct spam_counts n;
	buf_adds(&c->out, "spam-hold    ");
	if (g->spam_hold)
		buf_addf(&c->out, "from %u %%", g->spam_hold);
	else
		buf_adds(&c->out, "off");
	if (spam_counts(t, g->id, &n) > 0)
		buf_addf(&c->out, " (learned here: %u refused, %u approved)", n.bad, n.good);
	buf_addc(&c->out, '\n');
}

int ctl_group_show(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct group g;
	int r = ctl_find_group(t, c->args[0], &g, f);
	if (r <= 0)
		return r;
	uint32_t cursor = 0;
	unsigned subscribers = 0;
	enum subscribe_mode mode;
	while (subscribe_next(t, g.id, &cursor, &mode) > 0)
		subscribers++;
	if (c->json) {
		ctl_json_open(c);
		group_json(c, &g);
		ctl_json_num(c, "subscribers", subscribers);
		ctl_json_name(c, "roles");
		buf_addc(&c->out, '[');
		group_roles(t, c, &g);
		buf_addc(&c->out, ']');
		ctl_json_close(c);
		return 1;
	}
	buf_addf(&c->out,
		"name         %.*s\ntitle        %.*s\nkind         %s\naccess       %s\nposting      %s\nmoderated    %s\nunproven     %s\n"
		"posts        %u (numbers %u to %u)\nsubscribers  %u\ncreated      ",
		SLICE_ARG(g.name), SLICE_ARG(g.title), group_kind_name(g.kind), group_access_name(g.access),
		group_posting_name(g.posting), g.moderated ? "yes" : "no",
		g.unproven == GROUP_UNPROVEN_HOLD ? "hold" : "refuse", g.count, g.low, g.high, subscribers);
	ctl_date(&c->out, g.created, false);
	buf_addc(&c->out, '\n');
	group_spam(t, c, &g);
	group_roles(t, c, &g);
	return 1;
}

int ctl_group_remove(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct group g;
	int r = ctl_find_group(t, c->args[0], &g, f);
	if (r <= 0 || (r = group_remove(t, g.id, f)) <= 0)
		return r;
	audit_add(t, VERDICT_GROUP, c->by, 0, g.id, arena_slicef(c->arena, "group %.*s removed", SLICE_ARG(c->args[0])),
		NULL);
	buf_addf(&c->out, "group %.*s removed; its %u posts stay in the store\n", SLICE_ARG(c->args[0]), g.count);
	return 1;
}

int ctl_subscribe(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct member m;
	struct group g;
	struct slice v = SLICE("all");
	int r = ctl_find_member(t, c->args[0], &m, f);
	if (r <= 0 || (r = ctl_find_group(t, c->args[1], &g, f)) <= 0)
		return r;
	ctl_option(c, "--mode", &v);
	int mode = subscribe_mode_parse(v);
	if (mode < 0)
		return fail_set(f, ERR_INVALID, "--mode is one of all, first, replies, digest, digest-text, none, not \"%.*s\"",
			(int)(v.n < 40 ? v.n : 40), v.p);
	if ((r = subscribe_set(t, m.id, g.id, (enum subscribe_mode)mode, f)) < 0)
		return r;
	buf_addf(&c->out, "%.*s gets %.*s: %s\n", SLICE_ARG(c->args[0]), SLICE_ARG(c->args[1]),
		subscribe_mode_name((enum subscribe_mode)mode));
	return 1;
}

int ctl_unsubscribe(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct member m;
	struct group g;
	int r = ctl_find_member(t, c->args[0], &m, f);
	if (r <= 0 || (r = ctl_find_group(t, c->args[1], &g, f)) <= 0)
		return r;
	if (subscribe_get(t, m.id, g.id) == SUBSCRIBE_NONE)
		return fail_set(f, ERR_NOTFOUND, "%.*s does not get %.*s by mail", SLICE_ARG(c->args[0]),
			SLICE_ARG(c->args[1]));
	if ((r = subscribe_set(t, m.id, g.id, SUBSCRIBE_NONE, f)) < 0)
		return r;
	buf_addf(&c->out, "%.*s gets no more mail from %.*s\n", SLICE_ARG(c->args[0]), SLICE_ARG(c->args[1]));
	return 1;
}

static int founding_change(struct forum_txn *t, struct ctl_call *c, struct slice text, struct fail *f) {
	struct founding now = { 0 };
	struct group g = { 0 };
	int r = c->nargs ? ctl_find_group(t, c->args[0], &g, f) : 1;
	if (r <= 0 || (r = founding_set(t, g.id, text, f)) < 0)
		return r;
	if (r > 0)
		audit_add(t, VERDICT_GROUP, c->by, 0, g.id,
			text.n ? SLICE("new founding text") : SLICE("no founding text any more"), NULL);
	founding_get(t, g.id, &now);
	if (c->json) {
		ctl_json_open(c);
		ctl_json_num(c, "version", text.n ? now.version : 0);
		ctl_json_bool(c, "new", r > 0);
		ctl_json_close(c);
	} else if (text.n) {
		buf_addf(&c->out, "version %u%s\n", now.version, r > 0 ? "; members are asked by mail" : ", as before");
	} else {
		buf_adds(&c->out, "no founding text\n");
	}
	return 1;
}

int ctl_founding_set(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct slice text = slice_trim(buf_slice(&c->input));
	if (!text.n)
		return fail_set(f, ERR_INVALID, "the file is empty; to end the text say  forumctl founding remove");
	return founding_change(t, c, text, f);
}

int ctl_founding_remove(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	return founding_change(t, c, SLICE(""), f);
}

int ctl_founding_show(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct founding now = { 0 };
	struct group g = { 0 };
	int r = c->nargs ? ctl_find_group(t, c->args[0], &g, f) : 1;
	if (r <= 0)
		return r;
	if (founding_get(t, g.id, &now) <= 0)
		return fail_set(f, ERR_NOTFOUND, "there is no founding text; set one with  forumctl founding set < FILE");
	if (c->json) {
		ctl_json_open(c);
		ctl_json_num(c, "version", now.version);
		ctl_json_str(c, "text", now.text);
		ctl_json_close(c);
	} else {
		buf_addf(&c->out, "(version %u)\n%.*s\n", now.version, SLICE_ARG(now.text));
	}
	return 1;
}
