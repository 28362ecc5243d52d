/* ctl_cmd_server.c - token, trace, mailq, status, check, rebuild, backup, verify, config. */
#include <sys/stat.h>
#include "gateways/ctl/ctl_private.h"
#include "forumd/base/clock.h"
#include "forumd/base/stat.h"
#include "forumd/base/text.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/rebuild.h"
#include "forumd/forum/token.h"
#include "forumd/run/worker.h"
#include "forumd/run/writer.h"
#include "gateways/common/reply_token.h"

int ctl_token_make(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct member m;
	struct post p;
	struct group g;
	struct slice v;
	int64_t seconds = (int64_t)c->config->reply_days * 86400;
	int r = ctl_find_member(t, c->args[0], &m, f);
	if (r <= 0 || (r = ctl_find_post(t, c->args[1], &p, f)) <= 0)
		return r;
	if (!p.nplaces || group_get(t, p.places[0].group, &g) <= 0)
		return fail_set(f, ERR_NOTFOUND, "that post is in no group");
	if (ctl_option(c, "--expires", &v)) {
		uint64_t n;
		bool negative = slice_starts(v, SLICE("-"));
		if (!num_parse_u64(slice_from(v, negative), &n) || n > 10ull * 365 * 86400)
			return fail_set(f, ERR_SYNTAX, "--expires wants seconds from now (negative: already expired)");
		/* tokens are good for some minutes longer than they say; "already expired" means for those who check, too */
		seconds = negative ? -(int64_t)n - 600 : (int64_t)n;
	}
	struct reply_token k = {
		.kind = TOKEN_REPLY, .id = p.id, .member = m.id, .group = g.id, .expires = clock_now() + seconds
	};
	struct buf token = {0};
	reply_token_make(forum_secret(t), &k, &token);
	reply_token_local(g.name, c->config->reply_separator, buf_slice(&token), &c->out);
	buf_addf(&c->out, "@%s\n", c->config->domain);
	buf_free(&token);
	return 1;
}

/* TOKEN or the whole address it stands in */
int ctl_token_revoke(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct reply_token k;
	struct slice token = c->args[0];
	ptrdiff_t at = slice_chr(token, '@');
	if (at > 0)
		token = slice_to(token, (size_t)at);
	ptrdiff_t sep = slice_rchr(token, c->config->reply_separator);
	if (sep >= 0)
		token = slice_from(token, (size_t)sep + 1);
	int r = reply_token_check(t, token, &k);
	if (r == ERR_DENIED)
		return fail_set(f, ERR_EXISTS, "that token is revoked already");
	if (r == ERR_GONE)
		return fail_set(f, ERR_GONE, "that token has expired by itself");
	if (r <= 0)
		return fail_set(f, ERR_INVALID, "that is no reply address of ours");
	if ((r = token_revoke(t, token, k.expires)) <= 0)
		return fail_internal(f, "token_revoke: %s", err_name((enum err)r));
	buf_adds(&c->out, "revoked\n");
	return 1;
}

static void trace_print(struct ctl_call *c, const struct trace *e) {
	if (c->json) {
		ctl_json_open(c);
		ctl_json_time(c, "time", e->time);
		ctl_json_num(c, "post", (int64_t)e->post);
		ctl_json_str(c, "message_id", e->message_id);
		ctl_json_str(c, "text", e->text);
		ctl_json_close(c);
		return;
	}
	ctl_date(&c->out, e->time, false);
	buf_addf(&c->out, "  %.*s\n", SLICE_ARG(e->text));
}

/* an address: what is queued for it */
static int trace_address(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct member m;
	struct mailq_item i;
	struct trace e;
	uint64_t cursor = 0;
	int r = ctl_find_member(t, c->args[0], &m, f);
	if (r <= 0)
		return r;
	if (!c->json)
		buf_addf(&c->out, "%.*s: bounces %u%s\n", SLICE_ARG(c->args[0]), m.bounces,
			m.bounces >= 5 ? ", mail is paused" : "");
	while (trace_next(t, 0, c->args[0], &cursor, &e) > 0)
		trace_print(c, &e);
	cursor = 0;
	while (mailq_each(t, &cursor, &i) > 0)
		if (i.member == m.id && !c->json)
			buf_addf(&c->out, "queued: item %llu post %llu attempts %u %.*s\n", (unsigned long long)i.id,
				(unsigned long long)i.post, i.attempts, SLICE_ARG(i.last_answer));
	return 1;
}

int ctl_trace(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct slice name = c->args[0];
	struct trace e;
	struct post p = {0};
	uint64_t cursor = 0;
	unsigned n = 0;
	bool bracketed = name.n && name.p[0] == '<';
	struct fail ignored = {0};
	int r = ctl_find_post(t, name, &p, &ignored);
	if (r <= 0 && !bracketed && slice_chr(name, '@') > 0)
		return trace_address(t, c, f);
	if (r <= 0 && !bracketed) {
		*f = ignored;
		return r;
	}
	while (trace_next(t, p.id, p.id ? p.message_id : name, &cursor, &e) > 0) {
		trace_print(c, &e);
		n++;
	}
	if (!n && r <= 0)
		return fail_set(f, ERR_NOTFOUND, "nothing is known of %.*s; traces are kept for 30 days",
			(int)(name.n < 120 ? name.n : 120), name.p);
	return 1;
}

int ctl_mailq(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	static const char *const kinds[] = { "post", "copy", "notice", "case", "digest", "catchup", "founding", "tell" };
	struct mailq_item i;
	uint64_t cursor = c->cursor[0];
	int r = 1;
	for (unsigned n = 0; n < 500 && (r = mailq_each(t, &cursor, &i)) > 0; n++) {
		struct member m;
		struct slice to = i.recipient;
		if (!to.n && i.member && member_get(t, i.member, &m) > 0 && m.naddresses)
			to = m.addresses[0];
		if (c->json) {
			ctl_json_open(c);
			ctl_json_num(c, "id", (int64_t)i.id);
			ctl_json_cstr(c, "kind", kinds[i.kind]);
			ctl_json_num(c, "post", (int64_t)i.post);
			ctl_json_str(c, "to", to);
			ctl_json_num(c, "attempts", i.attempts);
			ctl_json_time(c, "due", i.due);
			ctl_json_str(c, "last_answer", i.last_answer);
			ctl_json_close(c);
			continue;
		}
		buf_addf(&c->out, "%6llu  %-6s post %-6llu attempts %-3u due ", (unsigned long long)i.id, kinds[i.kind],
			(unsigned long long)i.post, i.attempts);
		ctl_date(&c->out, i.due, false);
		buf_addf(&c->out, "  %.*s  %.*s\n", SLICE_ARG(to), SLICE_ARG(i.last_answer));
	}
	c->cursor[0] = cursor;
	if (!c->json && r == 0 && !cursor)
		buf_adds(&c->out, "The queue is empty.\n");
	return r < 0 ? fail_internal(f, "mailq: %s", err_name((enum err)r)) : r == 0 ? 1 : CTL_MORE;
}

int ctl_mailq_flush(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	int r = mailq_flush(t, 100000);
	if (r < 0)
		return fail_internal(f, "mailq: %s", err_name((enum err)r));
	buf_addf(&c->out, "%d mails are due now\n", r);
	return 1;
}

int ctl_status(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct forum_info i;
	struct moderate_case k;
	uint64_t cursor = 0;
	unsigned waiting = 0;
	if (forum_info(forum_of(t), &i, f) < 0)
		return f->code;
	while (moderate_queue_next(t, 0, &cursor, &k) > 0)
		waiting++;
	const struct { const char *name; int64_t v; } rows[] = {
		{ "groups", group_total(t) },
		{ "posts", (int64_t)i.posts },
		{ "store_bytes", (int64_t)i.used_bytes },
		{ "disk_free_bytes", (int64_t)i.free_disk_bytes },
		{ "readers", i.readers },
		{ "oldest_reader_lag", i.oldest_reader_lag },
		{ "sessions", workers_sessions() },
		{ "writer_waiting", writer_current() ? writer_waiting(writer_current()) : 0 },
		{ "moderation_queue", waiting },
		{ "mail_queue", (int64_t)mailq_count(t) },
		{ "fetch_running", stat_get(STAT_fetch_starts) - stat_get(STAT_fetch_ends) },
	};
	if (c->json)
		ctl_json_open(c);
	for (size_t n = 0; n < sizeof rows / sizeof *rows; n++) {
		if (c->json)
			ctl_json_num(c, rows[n].name, rows[n].v);
		else
			buf_addf(&c->out, "%-20s %lld\n", rows[n].name, (long long)rows[n].v);
	}
	for (int s = 0; s < STAT_COUNT; s++) {
		if (c->json)
			ctl_json_num(c, stat_name((enum stat_id)s), stat_get((enum stat_id)s));
		else
			buf_addf(&c->out, "%-20s %lld\n", stat_name((enum stat_id)s), (long long)stat_get((enum stat_id)s));
	}
	if (c->json)
		ctl_json_close(c);
	return 1;
}

int ctl_report_fault(void *arg, const char *text) {
	struct ctl_call *c = arg;
	if (c->json) {
		ctl_json_open(c);
		ctl_json_cstr(c, "fault", text);
		ctl_json_close(c);
	} else {
		buf_addf(&c->out, "%s\n", text);
	}
	return 0;
}

static struct rebuild_result *check_state(struct ctl_call *c) {
	if (!c->state)
		c->state = ARENA_NEW(c->arena, struct rebuild_result);
	return c->state;
}

void ctl_check_summary(struct ctl_call *c, const struct rebuild_result *r, const char *what) {
	if (c->json) {
		ctl_json_open(c);
		ctl_json_num(c, "posts", (int64_t)r->posts);
		ctl_json_num(c, "faults", (int64_t)r->faults);
		ctl_json_num(c, "repaired", (int64_t)r->repaired);
		ctl_json_close(c);
	} else {
		buf_addf(&c->out, "%s: %llu posts, %llu faults%s\n", what, (unsigned long long)r->posts,
			(unsigned long long)r->faults,
			r->faults && !r->repaired ? "; forumctl rebuild derives what can be derived again" : "");
	}
}

int ctl_check(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct rebuild_result *res = check_state(c);
	int r = rebuild_check(t, &c->cursor[0], 200, ctl_report_fault, c, res);
	if (r < 0)
		return fail_internal(f, "check: %s", err_name((enum err)r));
	if (r > 0)
		return CTL_MORE;
	ctl_check_summary(c, res, "checked");
	if (!res->faults)
		return 1;
	fail_set(f, ERR_CORRUPT, "faults found");
	return 0;
}

int ctl_rebuild(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct rebuild_result *res = check_state(c);
	int r = rebuild_step(t, &c->cursor[0], 100, post_in_derive, NULL, res, f);
	if (r < 0)
		return f->code ? f->code : fail_internal(f, "rebuild: %s", err_name((enum err)r));
	if (r > 0)
		return CTL_MORE;
	ctl_check_summary(c, res, "rebuilt");
	return 1;
}

int ctl_path(struct ctl_call *c, char **path_r, struct fail *f) {
	if (c->args[0].n < 2 || c->args[0].p[0] != '/')
		return fail_set(f, ERR_SYNTAX, "the file wants an absolute path");
	*path_r = arena_cstr(c->arena, c->args[0]);
	return 1;
}

int ctl_backup(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	char *path = NULL;
	struct stat st;
	(void)t;
	int r = ctl_path(c, &path, f);
	if (r <= 0)
		return r;
	if (stat(path, &st) == 0)
		return fail_set(f, ERR_EXISTS, "%s exists; choose another name", path);
	int64_t began = clock_mono_ms();
	if ((r = forum_backup(c->forum, path, f)) <= 0)
		return r ? r : ERR_INTERNAL;
	if (stat(path, &st) < 0)
		return fail_internal(f, "backup %s vanished", path);
	buf_addf(&c->out, "%s: %lld octets in %.1f s; prove it with: forumctl verify %s\n", path, (long long)st.st_size,
		(double)(clock_mono_ms() - began) / 1000, path);
	return 1;
}

int ctl_config(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	(void)t;
	(void)f;
	config_print(c->config, c->json, &c->out);
	return 1;
}
