/* ctl_cmd_moderate.c - flag, queue, the verdicts, undo, log. */
#include "gateways/ctl/ctl_private.h"
#include "forumd/forum/author.h"
#include "forumd/forum/rights.h"

int ctl_flag_post(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct post p;
	struct slice reason = {0};
	int kind = report_kind_parse(c->args[1]);
	if (kind < 0 || kind == REPORT_PENDING)
		return fail_set(f, ERR_INVALID,
			"the kinds of report are off-topic, spam, uncivil, privacy, other; not \"%.*s\"",
			(int)(c->args[1].n < 40 ? c->args[1].n : 40), c->args[1].p);
	int r = ctl_find_post(t, c->args[0], &p, f);
	if (r <= 0)
		return r;
	if (!rights_can_see(t, c->by, &p))
		return fail_set(f, ERR_NOTFOUND, "there is no post %.*s", SLICE_ARG(c->args[0]));
	ctl_option(c, "--reason", &reason);
	if ((r = moderate_report(t, p.id, c->by, (enum report_kind)kind, reason, f)) < 0)
		return r;
	buf_addf(&c->out, "post %llu reported as %s; moderators see it in the queue, it stays where it is\n",
		(unsigned long long)p.id, report_kind_name((enum report_kind)kind));
	return 1;
}

static void kinds_text(uint32_t kinds, struct buf *b) {
	bool first = true;
	for (int k = 0; k <= REPORT_PENDING; k++)
		if (kinds & 1u << k) {
			buf_addf(b, "%s%s", first ? "" : ",", report_kind_name((enum report_kind)k));
			first = false;
		}
}

static void queue_case(struct forum_txn *t, struct ctl_call *c, const struct moderate_case *k) {
	struct post p;
	struct group g = {0};
	if (post_get(t, k->post, &p) <= 0)
		return;
	group_get(t, k->group, &g);
	struct slice author = author_name(t, p.author, p.from);
	struct buf kinds = {0};
	kinds_text(k->kinds, &kinds);
	if (c->json) {
		ctl_json_open(c);
		ctl_json_num(c, "id", (int64_t)p.id);
		ctl_json_str(c, "group", g.name);
		ctl_json_str(c, "kinds", buf_slice(&kinds));
		ctl_json_num(c, "reports", k->reports);
		ctl_json_time(c, "since", k->since);
		ctl_json_str(c, "reason", k->reason);
		if (k->likeness < 0)
			ctl_json_null(c, "spam");
		else
			ctl_json_num(c, "spam", k->likeness);
		ctl_json_str(c, "author", author);
		ctl_json_str(c, "subject", p.subject);
		ctl_json_cstr(c, "state", post_state_name(p.state));
		ctl_json_close(c);
	} else {
		buf_addf(&c->out, "%6llu  %.*s (%u)  %.*s: %.*s  in %.*s, since ", (unsigned long long)p.id,
			SLICE_ARG(buf_slice(&kinds)), k->reports, SLICE_ARG(author), SLICE_ARG(p.subject), SLICE_ARG(g.name));
		ctl_date(&c->out, k->since, false);
		struct slice why = moderate_words(t, k->reason, k->likeness);
		buf_addf(&c->out, "\n        %.*s%sanswer: %s\n", SLICE_ARG(why), why.n ? "; " : "",
			 p.state == POST_PENDING ? "approve or delete" : "keep, note, aside, hide or delete");
	}
	buf_free(&kinds);
}

int ctl_queue(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct group g = {0};
	struct moderate_case k;
	uint64_t cursor = 0;
	unsigned n = 0;
	int r = 1;
	if (c->nargs && (r = ctl_find_group(t, c->args[0], &g, f)) <= 0)
		return r;
	while ((r = moderate_queue_next(t, g.id, &cursor, &k)) > 0) {
		queue_case(t, c, &k);
		n++;
	}
	if (!n && !c->json)
		buf_adds(&c->out, "Nothing waits for a moderator.\n");
	return r < 0 ? fail_internal(f, "queue: %s", err_name((enum err)r)) : 1;
}

int ctl_verdict(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct post p;
	struct slice reason = {0};
	uint64_t action = 0;
	int v = verdict_parse(slice_str(c->command->verb));
	int r = ctl_find_post(t, c->args[0], &p, f);
	if (r <= 0)
		return r;
	if (v < 0)
		return fail_internal(f, "verdict %s", c->command->verb);
	if (c->by != RIGHTS_OPERATOR) {
		struct group g;
		bool may = false;
		for (size_t i = 0; i < p.nplaces && !may; i++)
			may = group_get(t, p.places[i].group, &g) > 0 && rights_can_moderate(t, c->by, &g);
		if (!may)
			return fail_set(f, ERR_DENIED, "only moderators of the group may do that");
	}
	ctl_option(c, "--reason", &reason);
	if (v == VERDICT_NOTE && !reason.n)
		return fail_set(f, ERR_SYNTAX, "note wants --reason TEXT");
	if ((r = moderate_verdict(t, p.id, c->by, (enum verdict)v, reason, &action, f)) <= 0)
		return r ? r : ERR_INVALID;
	if (c->json) {
		ctl_json_open(c);
		ctl_json_num(c, "id", (int64_t)p.id);
		ctl_json_cstr(c, "verdict", c->command->verb);
		ctl_json_num(c, "action", (int64_t)action);
		ctl_json_close(c);
		return 1;
	}
	struct slice who = author_name(t, p.author, p.from);
	buf_addf(&c->out, "%s: post %llu by %.*s, \"%.*s\". To take it back: forumctl undo %llu\n", c->command->verb,
		(unsigned long long)p.id, SLICE_ARG(who), SLICE_ARG(p.subject), (unsigned long long)action);
	return 1;
}

int ctl_undo(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	uint64_t action = 0, undone = 0;
	struct audit a;
	if (c->nargs && (!num_parse_u64(c->args[0], &action) || !action))
		return fail_set(f, ERR_SYNTAX, "\"%.*s\" is no action number; forumctl log shows them",
			(int)(c->args[0].n < 40 ? c->args[0].n : 40), c->args[0].p);
	int r = moderate_undo(t, action, c->by, &undone, f);
	if (r <= 0)
		return r ? r : fail_set(f, ERR_NOTFOUND, "there is nothing to take back");
	if (audit_get(t, undone, &a) > 0)
		buf_addf(&c->out, "taken back: %s of post %llu (action %llu)\n", verdict_name(a.verdict),
			(unsigned long long)a.post, (unsigned long long)undone);
	return 1;
}

int ctl_log(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct group g = {0}, in;
	struct audit a;
	int r = 1;
	if (c->nargs && (r = ctl_find_group(t, c->args[0], &g, f)) <= 0)
		return r;
	uint64_t cursor = c->cursor[0] ? c->cursor[0] : UINT64_MAX;
	for (unsigned n = 0; n < 500 && (r = audit_prev(t, g.id, &cursor, &a)) > 0; n++) {
		bool named = a.group && group_get(t, a.group, &in) > 0;
		struct slice who = ctl_who(t, a.by);
		if (c->json) {
			ctl_json_open(c);
			ctl_json_num(c, "action", (int64_t)a.serial);
			ctl_json_time(c, "time", a.time);
			ctl_json_cstr(c, "verdict", verdict_name(a.verdict));
			ctl_json_str(c, "by", who);
			ctl_json_num(c, "post", (int64_t)a.post);
			ctl_json_str(c, "group", named ? in.name : SLICE(""));
			ctl_json_str(c, "text", a.text);
			ctl_json_num(c, "undoes", (int64_t)a.undoes);
			ctl_json_bool(c, "undone", a.undone);
			ctl_json_close(c);
			continue;
		}
		buf_addf(&c->out, "%6llu  ", (unsigned long long)a.serial);
		ctl_date(&c->out, a.time, false);
		buf_addf(&c->out, "  %-8s", verdict_name(a.verdict));
		if (a.post)
			buf_addf(&c->out, " post %llu", (unsigned long long)a.post);
		if (named)
			buf_addf(&c->out, " in %.*s", SLICE_ARG(in.name));
		buf_addf(&c->out, " by %.*s%s%.*s%s\n", SLICE_ARG(who), a.text.n ? ": " : "", SLICE_ARG(a.text),
			a.undone ? " (undone)" : "");
	}
	c->cursor[0] = cursor;
	return r < 0 ? fail_internal(f, "audit: %s", err_name((enum err)r)) : r == 0 ? 1 : CTL_MORE;
}
