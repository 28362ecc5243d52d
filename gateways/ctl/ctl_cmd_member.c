/* ctl_cmd_member.c - member add|set|list|show|password|address|leave|role|remove. */
#include "forumd/forum/marks.h"
#include "forumd/base/clock.h"
#include "gateways/common/founding.h"
#include "gateways/ctl/ctl_private.h"
#include <time.h>
#include "forumd/base/num.h"
#include "forumd/base/rnd.h"
#include "forumd/base/text.h"
#include "forumd/forum/app.h"
#include "forumd/forum/erase.h"
#include "forumd/run/password.h"
#include "forumd/forum/silence.h"
#include "forumd/forum/subscribe.h"

static int member_audit(struct forum_txn *t, struct ctl_call *c, const char *what, struct slice who) {
	return audit_add(t, VERDICT_MEMBER, c->by, 0, 0, arena_slicef(c->arena, "member %.*s %s", SLICE_ARG(who), what),
		NULL);
}

int ctl_member_add(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct slice name, key;
	uint32_t id;
	int r;
	if (!ctl_option(c, "--name", &name) || !name.n)
		return fail_set(f, ERR_SYNTAX, "member add wants --name: the name readers see");
	if (!text_utf8_valid(name))
		return fail_set(f, ERR_INVALID, "the name is not UTF-8");
	if (ctl_switch(c, "--password-stdin") && !c->hash.n)
		return fail_set(f, ERR_INVALID, "standard input held no password");
	if ((r = ctl_address(c, c->args[0], &key, f)) <= 0 || (r = member_add(t, name, key, &id, f)) <= 0)
		return r;
	if (c->hash.n && (r = member_set_password(t, id, c->hash, c->scram, f)) <= 0)
		return r;
	member_audit(t, c, "added", key);
	if (c->json) {
		ctl_json_open(c);
		ctl_json_num(c, "id", id);
		ctl_json_str(c, "address", key);
		ctl_json_close(c);
		return 1;
	}
	buf_addf(&c->out, "member %.*s added%s\n", SLICE_ARG(key),
		c->hash.n ? "" : "; no password yet: forumctl member password ADDRESS");
	return 1;
}

int ctl_member_set(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct member m;
	int r = ctl_find_member(t, c->args[0], &m, f);
	for (unsigned i = 1; r > 0 && i < c->nargs; i++) {
		ptrdiff_t eq = slice_chr(c->args[i], '=');
		if (eq <= 0)
			return fail_set(f, ERR_SYNTAX, "\"%.*s\" is not KEY=VALUE", (int)(c->args[i].n < 80 ? c->args[i].n : 80),
				c->args[i].p);
		r = member_set(t, m.id, slice_to(c->args[i], (size_t)eq), slice_from(c->args[i], (size_t)eq + 1), f);
	}
	if (r > 0) {
		member_audit(t, c, "changed", c->args[0]);
		buf_addf(&c->out, "member %.*s changed\n", SLICE_ARG(c->args[0]));
	}
	return r;
}

static const char *const kinds[] = { "account", "author", "anonymous", "gone" };

static void member_json(struct forum_txn *t, struct ctl_call *c, const struct member *m) {
	struct group g;
	ctl_json_num(c, "id", m->id);
	ctl_json_str(c, "name", m->name);
	ctl_json_cstr(c, "kind", kinds[m->kind]);
	ctl_json_bool(c, "left", m->left);
	ctl_json_bool(c, "password", m->password.n > 0);
	ctl_json_num(c, "bounces", m->bounces);
	ctl_json_time(c, "created", m->created);
	ctl_json_name(c, "addresses");
	buf_addc(&c->out, '[');
	for (size_t i = 0; i < m->naddresses; i++) {
		if (i)
			buf_addc(&c->out, ',');
		text_json(m->addresses[i], &c->out);
	}
	buf_addc(&c->out, ']');
	ctl_json_name(c, "roles");
	buf_addc(&c->out, '[');
	for (size_t i = 0; i < m->nroles; i++) {
		buf_addf(&c->out, "%s{\"role\":\"%s\",\"group\":", i ? "," : "", role_name(m->roles[i].role));
		if (m->roles[i].group && group_get(t, m->roles[i].group, &g) > 0)
			text_json(g.name, &c->out);
		else
			buf_adds(&c->out, "null");
		buf_addc(&c->out, '}');
	}
	buf_addc(&c->out, ']');
}

int ctl_member_list(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	(void)f;
	struct member m;
	uint32_t cursor = (uint32_t)c->cursor[0];
	bool authors = ctl_switch(c, "--authors");
	int r = 0;
	for (unsigned n = 0; n < 500 && (r = member_each(t, &cursor, &m)) > 0; n++) {
		if (m.kind != MEMBER_ACCOUNT && !authors)
			continue;
		if (c->json) {
			ctl_json_open(c);
			member_json(t, c, &m);
			ctl_json_close(c);
			continue;
		}
		struct slice a = m.naddresses ? m.addresses[0] : SLICE("-");
		buf_addf(&c->out, "%-36.*s %-9s %.*s%s\n", SLICE_ARG(a), kinds[m.kind], SLICE_ARG(m.name),
			m.left ? " (left)" : "");
	}
	c->cursor[0] = cursor;
	return r < 0 ? r : r == 0 ? 1 : CTL_MORE;
}

/* the founding texts he agreed to: of the forum, then of the groups */
static void print_agreed(struct forum_txn *t, struct ctl_call *c, uint32_t member) {
	struct slice cursor = { 0 };
	struct group g = { .name = SLICE("") };
	bool first = true;
	for (int more = 1; more > 0; more = group_each(t, &cursor, &g)) {
		struct buf when = { 0 };
		int64_t at = 0;
		uint32_t version = founding_accepted(t, g.id, member, &at);
		cursor = arena_slice(c->arena, cursor);
		if (!version)
			continue;
		clock_add_rfc3339(&when, at);
		if (c->json)
			buf_addf(&c->out, "%s{\"group\":\"%.*s\",\"version\":%u,\"at\":\"%.*s\"}", first ? "" : ",",
				SLICE_ARG(g.name), version, SLICE_ARG(buf_slice(&when)));
		else
			buf_addf(&c->out, "agreed    %.*s%sversion %u, %.*s\n", SLICE_ARG(g.name),
				g.name.n ? ": " : "the forum: ", version, SLICE_ARG(buf_slice(&when)));
		first = false;
		buf_free(&when);
	}
}

/* what is not as it was given */
static void print_settings(struct ctl_call *c, const struct member *m) {
	size_t start = buf_len(&c->out);
	buf_addf(&c->out, "%s%s%s%s%s", m->aside ? " aside=on" : "", m->no_receipts ? " receipts=off" : "",
		m->no_replies ? " replies=off" : "", m->mail_marks ? " mail-marks=on" : "",
		m->private_mail ? " private=on" : "");
	if (m->gateway)
		buf_adds(&c->out, " gateway=on");
	if (m->catchup)
		buf_addf(&c->out, " catchup=%u", m->catchup);
	if (m->quiet_from != m->quiet_to)
		buf_addf(&c->out, " quiet=%u-%u", m->quiet_from, m->quiet_to);
	if (buf_len(&c->out) > start) {
		struct slice v = arena_slice(c->arena, slice_from(buf_slice(&c->out), start));
		buf_truncate(&c->out, start);
		buf_addf(&c->out, "settings %.*s\n", SLICE_ARG(v));
	}
}

int ctl_member_show(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct member m;
	struct group g;
	int r = ctl_find_member(t, c->args[0], &m, f);
	if (r <= 0)
		return r;
	uint32_t cursor = 0;
	enum subscribe_mode mode;
	if (c->json) {
		ctl_json_open(c);
		member_json(t, c, &m);
		if (m.last_login)
			ctl_json_time(c, "last_login", m.last_login);
		ctl_json_bool(c, "mark_on_read", m.mark_on_read);
		ctl_json_bool(c, "mail_marks", m.mail_marks);
		ctl_json_bool(c, "receipts", !m.no_receipts);
		ctl_json_bool(c, "replies", !m.no_replies);
		ctl_json_bool(c, "aside", m.aside);
		ctl_json_bool(c, "private", m.private_mail);
		ctl_json_bool(c, "gateway", m.gateway);
		ctl_json_num(c, "catchup_days", m.catchup);
		ctl_json_num(c, "quiet_from", m.quiet_from);
		ctl_json_num(c, "quiet_to", m.quiet_to);
		ctl_json_name(c, "subscriptions");
		buf_addc(&c->out, '[');
		for (bool first = true; subscribe_of_member(t, m.id, &cursor, &mode) > 0;) {
			if (group_get(t, cursor, &g) <= 0)
				continue;
			buf_addf(&c->out, "%s{\"group\":\"%.*s\",\"mode\":\"%s\"}", first ? "" : ",", SLICE_ARG(g.name),
				subscribe_mode_name(mode));
			first = false;
		}
		buf_addc(&c->out, ']');
		ctl_json_name(c, "agreed");
		buf_addc(&c->out, '[');
		print_agreed(t, c, m.id);
		buf_addc(&c->out, ']');
		ctl_json_close(c);
		return 1;
	}
	buf_addf(&c->out, "name      %.*s%s\npassword  %s\nbounces   %u%s\n", SLICE_ARG(m.name), m.left ? " (left)" : "",
		m.password.n ? "set" : "none", m.bounces, m.bounces >= 5 ? " (mail is paused)" : "");
	print_settings(c, &m);
	for (size_t i = 0; i < m.naddresses; i++)
		buf_addf(&c->out, "address   %.*s\n", SLICE_ARG(m.addresses[i]));
	for (size_t i = 0; i < m.nroles; i++) {
		bool in = m.roles[i].group && group_get(t, m.roles[i].group, &g) > 0;
		buf_addf(&c->out, "role      %s%s%.*s\n", role_name(m.roles[i].role), in ? " in " : "", in ? (int)g.name.n : 0,
			in ? g.name.p : "");
	}
	while (subscribe_of_member(t, m.id, &cursor, &mode) > 0)
		if (group_get(t, cursor, &g) > 0)
			buf_addf(&c->out, "mail      %.*s: %s\n", SLICE_ARG(g.name), subscribe_mode_name(mode));
	print_agreed(t, c, m.id);
	return 1;
}

/* a password for one program; nobody sees it again */
static int new_app(struct forum_txn *t, struct ctl_call *c, const struct member *m, struct slice name, struct fail *f) {
	struct buf password = {0}, scram = {0};
	struct slice text;
	unsigned doors = ctl_option(c, "--doors", &text) ? app_doors_parse(text) : APP_EVERYWHERE;
	int r;
	rnd_add_id(&password);
	password_make_app(buf_slice(&password), &scram);
	r = doors ? app_add(t, m->id, name, doors, buf_slice(&password), buf_slice(&scram), f)
		: fail_set(f, ERR_INVALID, "doors are news, imap and mail, separated by commas");
	if (r > 0)
		r = member_audit(t, c, arena_printf(c->arena, "password for %.*s made", SLICE_ARG(name)), c->args[0]);
	if (r > 0 && c->json) {
		ctl_json_open(c);
		ctl_json_str(c, "name", name);
		ctl_json_str(c, "login", arena_slicef(c->arena, "%.*s/%.*s", SLICE_ARG(c->args[0]), SLICE_ARG(name)));
		ctl_json_str(c, "password", buf_slice(&password));
		ctl_json_close(c);
	} else if (r > 0) {
		buf_addf(&c->out,
			"%.*s\nshown this once. Login: %.*s/%.*s (or the address alone, where the program sends the password itself).\n"
			"Take it back: forumctl member apps %.*s --revoke %.*s\n",
			SLICE_ARG(buf_slice(&password)), SLICE_ARG(c->args[0]), SLICE_ARG(name), SLICE_ARG(c->args[0]),
			SLICE_ARG(name));
	}
	explicit_bzero(buf_bytes(&password), buf_len(&password));
	buf_free(&password);
	buf_free(&scram);
	return r;
}

int ctl_member_apps(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct member m;
	struct slice cursor = SLICE(""), name;
	struct app a;
	struct buf doors = {0};
	char day[24] = "never";
	int r = ctl_find_member(t, c->args[0], &m, f);
	if (r <= 0)
		return r;
	if (ctl_option(c, "--revoke", &name)) {
		if ((r = app_remove(t, m.id, name, f)) <= 0)
			return r;
		member_audit(t, c, arena_printf(c->arena, "password for %.*s taken back", SLICE_ARG(name)), c->args[0]);
		buf_addf(&c->out, "%.*s cannot log in as %.*s any more\n", SLICE_ARG(name), SLICE_ARG(c->args[0]));
		return 1;
	}
	while (app_each(t, m.id, &cursor, &a) > 0) {
		time_t used = (time_t)a.used;
		struct tm tm;
		buf_reset(&doors);
		app_doors_text(a.doors, &doors);
		if (c->json) {
			ctl_json_open(c);
			ctl_json_str(c, "name", a.name);
			ctl_json_str(c, "doors", buf_slice(&doors));
			ctl_json_time(c, "created", a.created);
			if (a.used)
				ctl_json_time(c, "used", a.used);
			else
				ctl_json_null(c, "used");
			ctl_json_close(c);
			continue;
		}
		if (a.used && gmtime_r(&used, &tm))
			strftime(day, sizeof day, "%Y-%m-%d %H:00", &tm);
		buf_addf(&c->out, "%-20.*s %-18s last used %s\n", SLICE_ARG(a.name), buf_bytes(&doors), a.used ? day : "never");
	}
	buf_free(&doors);
	return 1;
}

int ctl_member_password(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct member m;
	struct slice app;
	int r = ctl_find_member(t, c->args[0], &m, f);
	if (r <= 0)
		return r;
	if (ctl_option(c, "--app", &app))
		return new_app(t, c, &m, app, f);
	if (!slice_trim(buf_slice(&c->input)).n)
		return fail_set(f, ERR_INVALID, "standard input held no password");
	if ((r = member_set_password(t, m.id, c->hash, c->scram, f)) <= 0)
		return r;
	member_audit(t, c, "password set", c->args[0]);
	buf_addf(&c->out, "password of %.*s set\n", SLICE_ARG(c->args[0]));
	return 1;
}

int ctl_member_address(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct member m;
	struct slice key;
	int r = ctl_find_member(t, c->args[0], &m, f);
	if (r <= 0 || (r = ctl_address(c, c->args[1], &key, f)) <= 0)
		return r;
	bool remove = ctl_switch(c, "--remove");
	if ((r = remove ? member_del_address(t, m.id, key, f) : member_add_address(t, m.id, key, f)) <= 0)
		return r;
	member_audit(t, c, remove ? "address removed" : "address added", key);
	buf_addf(&c->out, "%.*s %s %.*s\n", SLICE_ARG(c->args[0]), remove ? "no longer writes from" : "may write from",
		SLICE_ARG(key));
	return 1;
}

int ctl_member_leave(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct member m;
	int r = ctl_find_member(t, c->args[0], &m, f);
	if (r <= 0 || (r = member_set(t, m.id, SLICE("left"), SLICE("on"), f)) <= 0)
		return r;
	member_audit(t, c, "left", c->args[0]);
	buf_addf(&c->out, "%.*s stands aside; posts and name stay. Back again: forumctl member set %.*s left=off\n",
		SLICE_ARG(c->args[0]), SLICE_ARG(c->args[0]));
	return 1;
}

int ctl_member_unhide(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct member m;
	struct group g;
	struct marks marks;
	int r = ctl_find_member(t, c->args[0], &m, f);
	if (r <= 0 || (r = ctl_find_group(t, c->args[1], &g, f)) <= 0)
		return r;
	if ((r = marks_load(t, m.id, g.id, 1, g.high, &marks)) < 0)
		return fail_set(f, (enum err)r, "the marks cannot be read now");
	struct range_set *hidden = &marks.set[MARK_HIDDEN];
	unsigned long long n = range_set_count(hidden);
	if (n)
		r = marks_set(t, m.id, g.id, MARK_HIDDEN, hidden, false);
	marks_free(&marks);
	if (r < 0)
		return fail_set(f, (enum err)r, "the marks cannot be changed now");
	buf_addf(&c->out, "%llu posts of %.*s are back\n", n, SLICE_ARG(g.name));
	return 1;
}

int ctl_member_role(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct member m;
	struct group g = {0};
	struct slice what = c->args[1];
	int r = ctl_find_member(t, c->args[0], &m, f);
	if (r <= 0)
		return r;
	ptrdiff_t colon = slice_chr(what, ':');
	if (colon >= 0) {
		if ((r = ctl_find_group(t, slice_from(what, (size_t)colon + 1), &g, f)) <= 0)
			return r;
		what = slice_to(what, (size_t)colon);
	}
	int role = role_parse(what);
	if (role < 0)
		return fail_set(f, ERR_INVALID,
			"a role is one of reader, member, supporter, moderator, committee, admin, none; not \"%.*s\"",
			(int)(what.n < 40 ? what.n : 40), what.p);
	if ((r = member_set_role(t, m.id, (enum role)role, g.id, f)) <= 0)
		return r;
	member_audit(t, c, arena_printf(c->arena, "role %.*s", SLICE_ARG(c->args[1])), c->args[0]);
	buf_addf(&c->out, "%.*s: %s%s%.*s\n", SLICE_ARG(c->args[0]), role_name((enum role)role),
		g.id ? " in " : " everywhere", g.id ? (int)g.name.n : 0, g.id ? g.name.p : "");
	return 1;
}

/* "3d", "12h", "90m", "2w"; 0: malformed */
static int64_t silence_seconds(struct slice s) {
	static const struct {
		char unit;
		int64_t seconds;
	} units[] = { { 'm', 60 }, { 'h', 3600 }, { 'd', 86400 }, { 'w', 7 * 86400 } };
	uint64_t n;
	for (size_t i = 0; i < sizeof units / sizeof *units && s.n > 1; i++)
		if (s.p[s.n - 1] == units[i].unit && num_parse_u64(slice_to(s, s.n - 1), &n) && n > 0 && n <= 100000)
			return (int64_t)n * units[i].seconds;
	return 0;
}

int ctl_member_silence(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct member m;
	struct group g = {0};
	struct slice reason = {0};
	int64_t seconds = 0;
	int r = ctl_find_member(t, c->args[0], &m, f);
	if (r > 0 && c->nargs > 2)
		r = ctl_find_group(t, c->args[2], &g, f);
	if (r <= 0)
		return r;
	if (!slice_is(c->args[1], "off") && !(seconds = silence_seconds(c->args[1])))
		return fail_set(f, ERR_INVALID, "how long: 90m, 12h, 3d, 2w, or off");
	ctl_option(c, "--reason", &reason);
	if ((r = silence_set(t, m.id, g.id, seconds ? forum_time(t) + seconds : 0, slice_trim(reason), f)) <= 0)
		return r;
	audit_add(t, VERDICT_MEMBER, c->by, 0, g.id,
		arena_slicef(c->arena, "member %u silent %.*s", m.id, SLICE_ARG(c->args[1])), NULL);
	buf_addf(&c->out, "%.*s %s%s%.*s; to take it back: forumctl member silence %.*s off%s%.*s\n", SLICE_ARG(c->args[0]),
		seconds ? "does not post for now" : "may post again", g.id ? " in " : " anywhere", SLICE_ARG(g.name),
		SLICE_ARG(c->args[0]), g.id ? " " : "", SLICE_ARG(g.name));
	return 1;
}

/* he is gone, and what is in his boxes is going, and his texts: a piece a job, until all are erased */
static int member_erasing(struct forum_txn *t, struct ctl_call *c, uint32_t id, bool erase, struct fail *f) {
	uint32_t damaged = 0;
	int r = erase_more(t, id, &damaged, f);
	if (r != 0)
		return r < 0 ? r : CTL_MORE;
	buf_addf(&c->out, "member %u %s in every door; copies already mailed or fetched cannot be reached\n", id,
		erase ? "erased" : "anonymised");
	if (damaged)
		buf_addf(&c->out, "NOT erased: %u posts that are damaged and may be his; the log names them, and "
			"forumctl check says what is wrong with the store\n", damaged);
	return 1;
}

int ctl_member_remove(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct member m;
	bool erase = ctl_switch(c, "--erase"), anonymise = ctl_switch(c, "--anonymise");
	if (erase == anonymise)
		return fail_set(f, ERR_SYNTAX,
			"say --anonymise (posts stay without the name) or --erase (their texts go too); neither can be undone");
	/* a step that is run once more, because its commit failed, finds him as he was */
	if (c->cursor[0] && member_get(t, (uint32_t)c->cursor[0], &m) > 0 && m.kind == MEMBER_GONE)
		return member_erasing(t, c, m.id, erase, f);
	int r = ctl_find_member(t, c->args[0], &m, f);
	if (r <= 0 || (r = member_remove(t, m.id, erase, f)) <= 0)
		return r;
	audit_add(t, VERDICT_MEMBER, c->by, 0, 0,
		arena_slicef(c->arena, "member %u %s", m.id, erase ? "erased" : "anonymised"), NULL);
	c->cursor[0] = m.id;
	return member_erasing(t, c, m.id, erase, f);
}
