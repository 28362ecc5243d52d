/* ctl_cmd_post.c - list, thread, show, post: reading and writing posts from the command line. */
#include "gateways/ctl/ctl_private.h"
#include "forumd/forum/author.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/thread.h"
#include "forumd/mail/mime.h"
#include "forumd/mail/words.h"

/* Where a post is shown: its first place, or all groups it waits for. */
static struct slice post_group_name(struct forum_txn *t, const struct post *p) {
	struct group g;
	return p->nplaces && group_get(t, p->places[0].group, &g) > 0 ? g.name : SLICE("");
}

/* the flags people see, comma separated */
static void flag_words(const struct post *p, struct buf *b) {
	static const struct { uint32_t flag; const char *name; } words[] = {
		{ POST_OFF_TOPIC, "off-topic" },
		{ POST_FLAGGED, "flagged" },
		{ POST_LOCKED, "locked" },
		{ POST_ASIDE, "aside" },
		{ POST_DATE_ONLY, "date-only" },
	};
	bool first = true;
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (p->flags & words[i].flag) {
			buf_addf(b, "%s%s", first ? "" : ",", words[i].name);
			first = false;
		}
}

static void json_flags(struct ctl_call *c, const struct post *p) {
	struct buf b = {0};
	flag_words(p, &b);
	ctl_json_name(c, "flags");
	buf_addc(&c->out, '[');
	struct slice rest = buf_slice(&b), w;
	for (bool first = true; slice_split(&rest, ',', &w); first = false)
		buf_addf(&c->out, "%s\"%.*s\"", first ? "" : ",", SLICE_ARG(w));
	buf_addc(&c->out, ']');
	buf_free(&b);
}

static void json_date(struct ctl_call *c, const struct post *p) {
	struct buf b = {0};
	if (!p->date) {
		ctl_json_null(c, "date");
	} else if (p->flags & POST_DATE_ONLY) {
		ctl_date(&b, p->date, true);
		ctl_json_str(c, "date", buf_slice(&b));
		buf_free(&b);
	} else {
		ctl_json_time(c, "date", p->date);
	}
}

static void json_post(struct forum_txn *t, struct ctl_call *c, const struct post *p, int depth) {
	ctl_json_num(c, "id", (int64_t)p->id);
	ctl_json_str(c, "group", post_group_name(t, p));
	if (p->nplaces && p->places[0].number)
		ctl_json_num(c, "number", p->places[0].number);
	else
		ctl_json_null(c, "number");
	ctl_json_str(c, "message_id", p->message_id);
	if (p->parent)
		ctl_json_num(c, "parent", (int64_t)p->parent);
	else
		ctl_json_null(c, "parent");
	ctl_json_cstr(c, "parent_reason", parent_reason_name(p->reason));
	if (depth >= 0)
		ctl_json_num(c, "depth", depth);
	ctl_json_num(c, "thread", (int64_t)p->thread);
	ctl_json_str(c, "author", author_name(t, p->author, p->from));
	json_date(c, p);
	ctl_json_str(c, "subject", p->subject);
	json_flags(c, p);
	ctl_json_cstr(c, "state", post_state_name(p->state));
}

/* One line for people: number, date, author, subject; depth as indentation. */
static void text_post(struct forum_txn *t, struct ctl_call *c, const struct post *p, uint32_t depth) {
	struct slice name = author_name(t, p->author, p->from);
	struct buf flags = {0};
	buf_addf(&c->out, "%6llu ", (unsigned long long)p->id);
	if (p->nplaces)
		buf_addf(&c->out, "%6u  ", p->places[0].number);
	size_t at = buf_len(&c->out);
	if (p->date)
		ctl_date(&c->out, p->date, p->flags & POST_DATE_ONLY);
	else
		buf_adds(&c->out, "no date");
	buf_addf(&c->out, "%*s", (int)(16 - (buf_len(&c->out) - at)), "");
	buf_addf(&c->out, "  %*s%s%.*s: %.*s", (int)(depth < 20 ? depth * 2 : 40), "", depth ? "`- " : "", SLICE_ARG(name),
		SLICE_ARG(p->subject));
	flag_words(p, &flags);
	if (p->state != POST_VISIBLE)
		buf_addf(&c->out, "  [%s]", post_state_name(p->state));
	if (buf_len(&flags))
		buf_addf(&c->out, "  [%.*s]", SLICE_ARG(buf_slice(&flags)));
	buf_addc(&c->out, '\n');
	buf_free(&flags);
}

int ctl_list(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct group g;
	struct overview_iter it;
	struct overview o;
	struct post p;
	int r = ctl_find_group(t, c->args[0], &g, f);
	if (r <= 0)
		return r;
	if (!c->cursor[0])
		c->cursor[0] = 1;
	if ((r = overview_iter_begin(t, g.id, (uint32_t)c->cursor[0], g.high, &it)) <= 0)
		return r < 0 ? fail_internal(f, "overview: %s", err_name((enum err)r)) : 1;
	it.all_states = ctl_switch(c, "--all");
	for (unsigned n = 0; n < 500 && (r = overview_iter_next(&it, &o)) > 0; n++) {
		c->cursor[0] = (uint64_t)o.number + 1;
		if (post_get(t, o.post, &p) <= 0)
			continue;
		if (c->json) {
			ctl_json_open(c);
			json_post(t, c, &p, -1);
			ctl_json_close(c);
		} else {
			text_post(t, c, &p, 0);
		}
	}
	overview_iter_end(&it);
	return r < 0 ? r : r == 0 ? 1 : CTL_MORE;
}

#define THREAD_MAX 100000

int ctl_thread(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct post p;
	struct thread_node *v;
	size_t n;
	int r = ctl_find_post(t, c->args[0], &p, f);
	if (r <= 0)
		return r;
	if ((r = thread_walk(t, p.thread, 0, THREAD_MAX, &v, &n)) < 0)
		return fail_internal(f, "thread_walk: %s", err_name((enum err)r));
	for (size_t i = 0; i < n; i++) {
		struct post q;
		if (post_get(t, v[i].post, &q) <= 0)
			continue;
		if (c->json) {
			ctl_json_open(c);
			json_post(t, c, &q, (int)v[i].depth);
			ctl_json_close(c);
		} else {
			text_post(t, c, &q, v[i].depth);
		}
	}
	if (!c->json && n == THREAD_MAX)
		buf_addf(&c->out, "(the first %d posts)\n", THREAD_MAX);
	return 1;
}

static int show_history(struct forum_txn *t, struct ctl_call *c, const struct post *p) {
	uint64_t cursor = UINT64_MAX;
	struct audit a;
	while (audit_prev(t, 0, &cursor, &a) > 0) {
		if (a.post != p->id)
			continue;
		if (c->json) {
			ctl_json_open(c);
			ctl_json_num(c, "action", (int64_t)a.serial);
			ctl_json_time(c, "time", a.time);
			ctl_json_cstr(c, "verdict", verdict_name(a.verdict));
			ctl_json_str(c, "by", ctl_who(t, a.by));
			ctl_json_str(c, "text", a.text);
			ctl_json_bool(c, "undone", a.undone);
			ctl_json_close(c);
			continue;
		}
		struct slice who = ctl_who(t, a.by);
		buf_addf(&c->out, "%6llu  ", (unsigned long long)a.serial);
		ctl_date(&c->out, a.time, false);
		buf_addf(&c->out, "  %-8s by %.*s%s%.*s%s\n", verdict_name(a.verdict), SLICE_ARG(who), a.text.n ? ": " : "",
			SLICE_ARG(a.text), a.undone ? " (undone)" : "");
	}
	return 1;
}

/* the text as people read it: decoded, no headers but the five that matter */
static void show_text(struct forum_txn *t, struct ctl_call *c, const struct post *p, struct slice header,
	struct slice body) {
	struct slice from = author_name(t, p->author, p->from), flags = moderate_flags_text(t, p);
	struct group g;
	buf_addf(&c->out, "Post:    %llu", (unsigned long long)p->id);
	for (size_t i = 0; i < p->nplaces; i++)
		if (group_get(t, p->places[i].group, &g) > 0)
			buf_addf(&c->out, "  %.*s:%u", SLICE_ARG(g.name), p->places[i].number);
	buf_addf(&c->out, "\nFrom:    %.*s\nDate:    ", SLICE_ARG(from));
	if (p->date)
		ctl_date(&c->out, p->date, p->flags & POST_DATE_ONLY);
	buf_addf(&c->out, "\nSubject: %.*s\nId:      %.*s\n", SLICE_ARG(p->subject), SLICE_ARG(p->message_id));
	if (p->parent)
		buf_addf(&c->out, "Answers: %llu (%s)\n", (unsigned long long)p->parent, parent_reason_name(p->reason));
	if (p->state != POST_VISIBLE)
		buf_addf(&c->out, "State:   %s\n", post_state_name(p->state));
	if (flags.n)
		buf_addf(&c->out, "Flags:   %.*s\n", SLICE_ARG(flags));
	buf_addc(&c->out, '\n');
	mime_message_text(header, body, 4u << 20, &c->out);
	struct slice o = buf_slice(&c->out);
	if (o.n && o.p[o.n - 1] != '\n')
		buf_addc(&c->out, '\n');
}

int ctl_show(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct post p;
	struct buf header = {0}, body = {0};
	int r = ctl_find_post(t, c->args[0], &p, f);
	if (r <= 0)
		return r;
	if (ctl_switch(c, "--history"))
		return show_history(t, c, &p);
	if (p.state == POST_DELETED && !p.body_len && !p.header_len)
		return fail_set(f, ERR_GONE, "the text of this post was erased");
	if (ctl_switch(c, "--raw"))
		return post_in_original(t, &p, &c->out) < 0 ? fail_set(f, ERR_GONE, "the text of this post was erased") : 1;
	r = post_header(t, &p, &header);
	if (r >= 0)
		r = post_body(t, &p, 0, p.body_len, &body);
	if (r < 0) {
		r = fail_internal(f, "post %llu cannot be read: %s", (unsigned long long)p.id, err_name((enum err)r));
	} else if (c->json) {
		struct buf text = {0};
		ctl_json_open(c);
		json_post(t, c, &p, -1);
		ctl_json_str(c, "moderation", moderate_flags_text(t, &p));
		mime_message_text(buf_slice(&header), buf_slice(&body), 4u << 20, &text);
		ctl_json_str(c, "text", buf_slice(&text));
		ctl_json_close(c);
		buf_free(&text);
	} else {
		show_text(t, c, &p, buf_slice(&header), buf_slice(&body));
	}
	buf_free(&header);
	buf_free(&body);
	return r < 0 ? r : 1;
}

int ctl_post(struct forum_txn *t, struct ctl_call *c, struct fail *f) {
	struct group g;
	struct post parent;
	struct slice v;
	struct post_draft d = {0};
	struct post_in in = {
		.source = POST_FROM_CTL, .member = c->by, .max_size = c->config->message_size, .groups = &g.id, .ngroups = 1
	};
	int r;
	if (!ctl_option(c, "--group", &v))
		return fail_set(f, ERR_SYNTAX, "post wants --group NAME");
	if ((r = ctl_find_group(t, v, &g, f)) <= 0)
		return r;
	if (ctl_option(c, "--reply", &v)) {
		if ((r = ctl_find_post(t, v, &parent, f)) <= 0)
			return r;
		in.reply_to = parent.id;
		in.reply_reason = PARENT_REPLY_KEY;
	}
	if (!slice_trim(buf_slice(&c->input)).n)
		return fail_set(f, ERR_INVALID, "standard input held no message");
	/* files have LF line ends; the one way in wants CRLF */
	struct buf crlf = {0};
	struct slice rest = buf_slice(&c->input), line;
	while (slice_line(&rest, &line)) {
		buf_add_slice(&crlf, line);
		buf_adds(&crlf, "\r\n");
	}
	r = post_in_parse(t, &in, buf_slice(&crlf), c->arena, &d, f);
	buf_free(&crlf);
	if (r <= 0)
		return r ? r : ERR_INVALID;
	struct job j = { .arena = c->arena };
	struct post_in_job *pj = ARENA_NEW(c->arena, struct post_in_job);
	pj->draft = &d;
	pj->member = c->by;
	j.data = pj;
	if ((r = post_in_apply(t, &j, f)) <= 0)
		return r ? r : ERR_INVALID;
	const struct post_result *res = &pj->result;
	if (c->json) {
		ctl_json_open(c);
		ctl_json_num(c, "id", (int64_t)res->id);
		ctl_json_str(c, "message_id", d.message_id);
		ctl_json_cstr(c, "state", post_state_name(res->state));
		ctl_json_close(c);
		return 1;
	}
	buf_addf(&c->out, "post %llu %.*s: %s\n", (unsigned long long)res->id, SLICE_ARG(d.message_id),
		 res->duplicate ? "was here already" : res->state == POST_PENDING ? "waits for approval" : "is in the group");
	return 1;
}
