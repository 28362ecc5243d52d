/* smtp_order.c - commands by mail. A line is a verb and what belongs to it; who asks without a proof is asked back at
 * the address he claims, by a mail that repeats nothing but the verb. Each order is answered by one mail, or refused in
 * the SMTP session; never both. */
#include <stdio.h>
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/num.h"
#include "forumd/base/rnd.h"
#include "forumd/base/text.h"
#include "forumd/forum/author.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/subscribe.h"
#include "forumd/forum/thread.h"
#include "forumd/forum/watch.h"
#include "forumd/mail/msgid.h"
#include "forumd/run/job.h"
#include "forumd/run/password.h"
#include "forumd/run/writer.h"
#include "gateways/common/notice.h"
#include "gateways/smtp/smtp_order.h"

#define DAY 86400
#define SEARCH_HITS 20
#define SEARCH_POSTS 20000

static const struct { const char *word; enum smtp_verb verb; } verbs[] = {
	{ "help", VERB_HELP }, { "join", VERB_JOIN }, { "subscribe", VERB_SUBSCRIBE }, { "unsubscribe", VERB_UNSUBSCRIBE },
	{ "stand aside", VERB_ASIDE }, { "come back", VERB_BACK }, { "leave", VERB_LEAVE }, { "password", VERB_PASSWORD },
	{ "search", VERB_SEARCH }, { "set", VERB_SET }, { "mute", VERB_MUTE }, { "watch", VERB_WATCH }, { "unmute", VERB_UNMUTE },
	{ "flag", VERB_FLAG }, { "undo", VERB_UNDO }, { "whole", VERB_WHOLE }, { "under", VERB_UNDER }, { "confirm", VERB_CONFIRM },
	{ "yes", VERB_CONFIRM }, { "i agree", VERB_CONFIRM }, { "ok", VERB_CONFIRM },
};

static const char *verb_word(enum smtp_verb v)
{
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (verbs[i].verb == v)
			return verbs[i].word;
	return "?";
}

bool smtp_order_parse(struct slice line, struct smtp_order *o)
{
	line = slice_trim(line);
	o->verb = VERB_NONE;
	o->line = line;
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		struct slice w = slice_str(verbs[i].word);

		if (!slice_starts_nocase(line, w))
			continue;
		o->rest = slice_trim(slice_from(line, w.n));
		/* "Mute." as phones write it */
		if (o->rest.n == 1 && (o->rest.p[0] == '.' || o->rest.p[0] == '!'))
			o->rest = slice_from(o->rest, 1);
		if (o->rest.n && line.p[w.n] != ' ' && line.p[w.n] != '\t')
			continue;
		o->verb = verbs[i].verb;
		return true;
	}
	return false;
}

bool smtp_order_alone(const struct smtp_order *o)
{
	struct slice rest = o->rest, kind;

	switch (o->verb) {
	case VERB_MUTE: case VERB_WATCH: case VERB_UNMUTE: case VERB_UNDO: case VERB_UNSUBSCRIBE: case VERB_ASIDE: case VERB_LEAVE:
	case VERB_PASSWORD: case VERB_HELP:
		return !o->rest.n;
	case VERB_FLAG:
		return slice_word(&rest, &kind) && report_kind_parse(kind) >= 0;
	default:
		return false;
	}
}

/* ---- answers ---- */

static int tell(struct forum_txn *t, const struct smtp_order *o, const char *subject, struct slice text, struct slice reply_to)
{
	struct notice n = { .to = o->address, .subject = slice_str(subject), .text = text, .about = o->message_id,
		.reply_to = reply_to };

	return notice_add(t, &n);
}

static int tellf(struct forum_txn *t, const struct smtp_order *o, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
static int tellf(struct forum_txn *t, const struct smtp_order *o, const char *fmt, ...)
{
	struct buf b = { 0 };
	va_list ap;
	int e;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	e = tell(t, o, verb_word(o->verb), buf_slice(&b), slice_of("", 0));
	buf_free(&b);
	return e;
}

/* once in `seconds` for this address and word; 1 first time, 0 not again */
static int once(struct forum_txn *t, const struct smtp_order *o, const char *word, int seconds)
{
	struct slice key = arena_slicef(forum_arena(t), "%s:%.*s", word, SLICE_ARG(o->address)), v;
	int e = memo_get(t, MEMO_ANSWERED, key, &v);

	if (e != 0)
		return e < 0 ? e : 0;
	return memo_put(t, MEMO_ANSWERED, key, SLICE(""), forum_time(t) + seconds);
}

/* What waits for "confirm": member, post, group, name, then the line itself */
static int ask(struct forum_txn *t, struct smtp_order *o, const char *why)
{
	struct buf v = { 0 }, text = { 0 };
	int64_t number;
	int e = once(t, o, verb_word(o->verb), o->member ? 600 : DAY);

	if (e <= 0)     /* asked already: nobody is bombed with questions */
		return e < 0 ? e : 1;
	num_add_varint(&v, o->member);
	num_add_varint(&v, o->post);
	num_add_varint(&v, o->group);
	num_add_bytes(&v, slice_to(o->address, 320));
	num_add_bytes(&v, slice_to(o->name, 120));
	num_add_bytes(&v, slice_to(o->line, 500));
	number = notice_ask(t, buf_slice(&v), 3);
	buf_addf(&text, "%s\n\nIf that is what you want, answer this mail with the word\n\n  confirm\n\nIf not, do nothing: nothing happens. "
		"The question is open for three days.\n", why);
	if (number > 0)
		e = tell(t, o, o->verb == VERB_JOIN ? "Do you want to join?" : "Please confirm", buf_slice(&text),
			notice_answer_to(t, TOKEN_QUESTION, (uint64_t)number, o->member, 0, 3));
	buf_free(&v);
	buf_free(&text);
	return number < 0 ? (int)number : e;
}

/* ---- the verbs ---- */

static int need_group(struct forum_txn *t, struct smtp_order *o, struct group *g_r, struct fail *f)
{
	struct slice rest = o->rest, name;
	char low[200];
	int e;

	if (!slice_word(&rest, &name)) {
		if (!o->group || group_get(t, o->group, g_r) <= 0)
			return fail_set(f, ERR_INVALID, "%s: which group? write  %s GROUP", verb_word(o->verb), verb_word(o->verb));
		return 1;
	}
	for (size_t i = 0; i < name.n && i < sizeof low; i++)
		low[i] = text_lower(name.p[i]);
	name = slice_of(low, name.n < sizeof low ? name.n : sizeof low);
	e = group_find(t, name, g_r);
	if (e <= 0 || g_r->removed || !rights_can_read(t, o->member, g_r))
		return fail_set(f, ERR_NOTFOUND, "no such group");
	return 1;
}

static int do_help(struct forum_txn *t, struct smtp_order *o)
{
	struct slice d = slice_str(forum_domain(forum_of(t))), cursor = { 0 };
	struct buf b = { 0 };
	struct group g;
	int e = o->member ? 1 : once(t, o, "help", DAY);

	if (e <= 0)
		return e < 0 ? e : 1;
	if (o->group_name.n && o->commands)
		buf_addf(&b, "A new thread:     %.*s@%.*s\nGet it by mail:   %.*s-subscribe@%.*s\nStop it:          %.*s-unsubscribe@%.*s\n\n",
			SLICE_ARG(o->group_name), SLICE_ARG(d), SLICE_ARG(o->group_name), SLICE_ARG(d), SLICE_ARG(o->group_name), SLICE_ARG(d));
	buf_addf(&b, "Write to a group and it is a new thread; answer a post and it is a reply.\n"
		"Words, each alone in an answer to a post:\n  mute, watch, unmute   this thread\n  undo                  take back your last post in it\n"
		"  flag KIND [why]       tell the moderators (off-topic, spam, uncivil, privacy, other)\n\n"
		"Words to commands@%.*s, in the first line:\n"
		"  join\n  subscribe GROUP [all|first|replies|digest|digest-text]\n  unsubscribe [GROUP]\n  stand aside, come back\n"
		"  set receipts=on|off, set replies=on|off, set quiet=22-7\n  search WORDS\n  password\n  leave\n  help\n\nGroups:\n", SLICE_ARG(d));
	while (buf_len(&b) < 8000 && group_each(t, &cursor, &g) > 0)
		if (rights_can_read(t, o->member, &g) && g.access != GROUP_OWN)
			buf_addf(&b, "  %.*s@%.*s   %.*s\n", SLICE_ARG(g.name), SLICE_ARG(d), SLICE_ARG(g.title));
	e = tell(t, o, o->group_name.n && o->commands ? arena_printf(forum_arena(t), "Writing to %.*s by mail", SLICE_ARG(o->group_name))
		: "Living in the forum by mail", buf_slice(&b), slice_of("", 0));
	buf_free(&b);
	return e;
}

static int do_subscribe(struct forum_txn *t, struct smtp_order *o, struct fail *f)
{
	struct slice rest = o->rest, word;
	int mode = SUBSCRIBE_ALL;
	struct group g;
	int e = need_group(t, o, &g, f);

	if (e < 0)
		return e;
	if (slice_word(&rest, &word) && slice_word(&rest, &word) && (mode = subscribe_mode_parse(word)) < 0)
		return fail_set(f, ERR_INVALID, "the ways to get mail are all, first, replies, digest, digest-text, none");
	if ((e = subscribe_set(t, o->member, g.id, (enum subscribe_mode)mode, f)) < 0)
		return e;
	if ((e = member_set(t, o->member, SLICE("bounces"), SLICE("0"), f)) < 0)   /* he says that his address works */
		return e;
	return tellf(t, o, "You now get %.*s by mail: %s (%.*s).\n\nTo stop it, write to\n  %.*s-unsubscribe@%s\n", SLICE_ARG(g.name),
		subscribe_mode_name((enum subscribe_mode)mode), SLICE_ARG(notice_volume(t, &g)), SLICE_ARG(g.name), forum_domain(forum_of(t)));
}

static int do_unsubscribe(struct forum_txn *t, struct smtp_order *o, struct fail *f)
{
	enum subscribe_mode mode;
	uint32_t cursor = 0;
	struct buf b = { 0 };
	struct group g;
	int e = 1;

	if (o->rest.n || o->group) {
		if ((e = need_group(t, o, &g, f)) < 0 || (e = subscribe_set(t, o->member, g.id, SUBSCRIBE_NONE, f)) < 0)
			return e;
		return tellf(t, o, "You no longer get %.*s by mail. You can still read it, and post.\n\nTo get it again, write to\n"
			"  %.*s-subscribe@%s\n", SLICE_ARG(g.name), SLICE_ARG(g.name), forum_domain(forum_of(t)));
	}
	while (e > 0 && subscribe_of_member(t, o->member, &cursor, &mode) > 0) {
		if (group_get(t, cursor, &g) > 0)
			buf_addf(&b, "  %.*s\n", SLICE_ARG(g.name));
		e = subscribe_set(t, o->member, cursor, SUBSCRIBE_NONE, f);
	}
	if (e > 0)
		e = tellf(t, o, "You are no longer mailed any of these groups:\n%.*s\nAnswers to your own posts still come; send "
			"set replies=off  to end them too.\n", SLICE_ARG(buf_slice(&b)));
	buf_free(&b);
	return e;
}

static int do_set(struct forum_txn *t, struct smtp_order *o, struct fail *f)
{
	static const char *const keys[] = { "receipts", "replies", "quiet", "name", "aside" };
	ptrdiff_t eq = slice_chr(o->rest, '=');
	struct slice key = slice_trim(slice_to(o->rest, eq < 0 ? 0 : (size_t)eq));

	for (size_t i = 0; eq > 0 && i < sizeof keys / sizeof keys[0]; i++) {
		if (slice_is(key, keys[i])) {
			int e = member_set(t, o->member, key, slice_trim(slice_from(o->rest, (size_t)eq + 1)), f);

			return e < 0 ? e : tellf(t, o, "Set: %.*s\n", SLICE_ARG(slice_to(o->rest, 200)));
		}
	}
	return fail_set(f, ERR_INVALID, "set receipts=on|off, replies=on|off, quiet=FROM-TO|off, aside=on|off or name=NAME");
}

static int do_watch(struct forum_txn *t, struct smtp_order *o, struct fail *f)
{
	static const char *const texts[] = {
		[WATCH_NONE] = "The thread \"%.*s\" is neither muted nor watched any more.\n",
		[WATCH_ON] = "Every post of the thread \"%.*s\" is mailed to you. To end it, answer one of its posts with  unmute\n",
		[WATCH_MUTED] = "The thread \"%.*s\" is muted: only direct replies to you are mailed. To undo, answer a post of it with  unmute\n",
	};
	enum watch w = o->verb == VERB_MUTE ? WATCH_MUTED : o->verb == VERB_WATCH ? WATCH_ON : WATCH_NONE;
	struct post p;

	if (!o->post || post_get(t, o->post, &p) <= 0 || !rights_can_see(t, o->member, &p))
		return fail_set(f, ERR_INVALID, "answer a post of the thread with the word %s", verb_word(o->verb));
	if (watch_set(t, o->member, p.thread, w) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "try again later");
	trace_add(t, p.id, o->message_id, "%s by member %u", verb_word(o->verb), o->member);
	return tellf(t, o, texts[w], SLICE_ARG(slice_to(p.subject, 200)));
}

static int do_flag(struct forum_txn *t, struct smtp_order *o, struct fail *f)
{
	struct slice rest = o->rest, kind;
	struct post p;
	int k, e;

	if (!o->post || post_get(t, o->post, &p) <= 0 || !rights_can_see(t, o->member, &p))
		return fail_set(f, ERR_INVALID, "answer the post with  flag KIND [why]");
	if (!slice_word(&rest, &kind) || (k = report_kind_parse(kind)) < 0 || k == REPORT_PENDING)
		return fail_set(f, ERR_INVALID, "flag off-topic, spam, uncivil, privacy or other");
	if ((e = moderate_report(t, p.id, o->member, (enum report_kind)k, slice_trim(rest), f)) < 0)
		return e;
	return tellf(t, o, "The moderators are told that \"%.*s\" is %s. Nobody else learns that it was you.\n",
		SLICE_ARG(slice_to(p.subject, 200)), report_kind_name((enum report_kind)k));
}

/* his newest post in the thread that can still be taken back */
static int own_latest(struct forum_txn *t, struct smtp_order *o, struct post *p_r)
{
	struct thread_node *v;
	struct post p;
	size_t n = 0;
	uint64_t best = 0;

	if (!o->post || post_get(t, o->post, &p) <= 0 || thread_walk(t, p.thread, 0, 2000, &v, &n) < 0)
		return 0;
	for (size_t i = 0; i < n; i++)
		if (v[i].post > best && post_get(t, v[i].post, &p) > 0 && p.author == o->member && p.state == POST_VISIBLE)
			best = p.id;
	return best ? post_get(t, best, p_r) : 0;
}

static int do_undo(struct forum_txn *t, struct smtp_order *o, struct fail *f)
{
	bool receipt = o->answer && o->from_token == TOKEN_RECEIPT;
	struct post p;
	uint64_t action;
	int e = receipt ? post_get(t, o->post, &p) : own_latest(t, o, &p);

	if (e <= 0 || p.author != o->member)
		return fail_set(f, ERR_INVALID, "there is no post of yours to take back");
	if (p.state == POST_DELETED)
		return fail_set(f, ERR_GONE, "that post was taken back already");
	if (p.state != POST_PENDING && forum_time(t) > smtp_receipt_undo_until(&p, o->hold_seconds))
		return fail_set(f, ERR_DENIED, "the time to undo is over; ask a moderator to delete the post");
	if ((e = moderate_verdict(t, p.id, o->member, VERDICT_DELETE, SLICE("taken back by its author"), &action, f)) < 0)
		return e;
	return tellf(t, o, "Your post \"%.*s\" is taken back. %s\n", SLICE_ARG(slice_to(p.subject, 200)),
		p.arrival + o->hold_seconds > forum_time(t) ? "Nobody was mailed." : "Copies that left already cannot be called back.");
}

/* the message without its Message-ID: the new post has one of its own */
static void without_id(struct slice raw, struct buf *out)
{
	struct slice rest = raw, line;
	bool header = true, drop = false;

	while (header && rest.n) {
		const char *at = rest.p;

		slice_line(&rest, &line);
		header = line.n > 0;
		drop = line.n && text_space(line.p[0]) ? drop : slice_starts_nocase(line, SLICE("message-id:"));
		if (!drop)
			buf_add(out, at, (size_t)(rest.p - at));
	}
	buf_add_slice(out, rest);
}

static int do_whole(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f)
{
	struct buf raw = { 0 }, fresh = { 0 };
	struct post_draft d;
	struct post_result r;
	struct post p;
	uint32_t groups[POST_GROUPS_MAX];
	int e = post_get(t, o->post, &p);

	if (e <= 0 || p.author != o->member || (p.state != POST_VISIBLE && p.state != POST_PENDING))
		return fail_set(f, ERR_GONE, "that post is not there any more");
	if (!p.original_crc)
		return fail_set(f, ERR_INVALID, "your mail was published whole already");
	for (size_t i = 0; i < p.nplaces && i < POST_GROUPS_MAX; i++)
		groups[i] = p.places[i].group;
	struct post_in in = { .source = POST_FROM_MAIL, .member = o->member, .groups = groups, .ngroups = p.nplaces,
		.reply_to = p.parent, .reply_reason = p.reason, .max_size = UINT32_MAX / 2, .hold = p.state == POST_PENDING,
		.hold_reason = SLICE("waited before it was published whole"),
		.no_mail = p.arrival + o->hold_seconds <= forum_time(t) && p.state == POST_VISIBLE };
	if ((e = post_in_original(t, &p, &raw)) > 0) {
		without_id(buf_slice(&raw), &fresh);
		e = post_in_parse(t, &in, arena_slice(a, buf_slice(&fresh)), a, &d, f);
	}
	buf_free(&raw);
	buf_free(&fresh);
	if (e < 0)
		return f->code ? e : fail_set(f, (enum err)e, "the original cannot be read");
	d.supersedes = p.state == POST_VISIBLE ? p.id : 0;
	if (p.state == POST_PENDING && (e = post_set_state(t, p.id, POST_DELETED, f)) < 0)
		return e;
	if ((e = post_add(t, &d, &r, f)) < 0)
		return e;
	trace_add(t, r.id, d.message_id, "published whole in the place of post %llu", (unsigned long long)p.id);
	return tellf(t, o, "Your mail is published as it came, in the place of the shorter text.\n\nLink: mid:%.*s\n",
		SLICE_ARG(slice_sub(d.message_id, 1, d.message_id.n - 2)));
}

static int find_linked(struct forum_txn *t, struct slice link, struct post *p_r)
{
	struct slice id;

	link = slice_trim(link);
	if (slice_starts_nocase(link, SLICE("mid:")))
		link = slice_from(link, 4);
	if (link.n && link.p[0] != '<')
		link = arena_slicef(forum_arena(t), "<%.*s>", SLICE_ARG(link));
	return msgid_next(&link, &id) ? post_by_msgid(t, id, p_r) : 0;
}

static int do_under(struct forum_txn *t, struct smtp_order *o, struct fail *f)
{
	struct post p, parent;
	struct group g;
	bool together = false;
	int e = post_get(t, o->post, &p);

	if (e <= 0 || p.author != o->member || p.state != POST_VISIBLE)
		return fail_set(f, ERR_GONE, "that post is not there any more, or not published yet");
	if (find_linked(t, o->rest, &parent) <= 0 || !rights_can_see(t, o->member, &parent))
		return fail_set(f, ERR_NOTFOUND, "no such post: write  under mid:ID  with the link of a receipt or the Message-ID of a post");
	for (size_t i = 0; i < p.nplaces; i++)
		together |= post_number_in(&parent, p.places[i].group) && group_get(t, p.places[i].group, &g) > 0;
	if (!together)
		return fail_set(f, ERR_INVALID, "that post is in another group");
	if ((e = rights_can_reply(t, o->member, &g, &parent, f)) < 0 || (e = thread_set_parent(t, p.id, parent.id, PARENT_MOVED, f)) < 0)
		return e;
	return tellf(t, o, "Your post now hangs under %.*s, \"%.*s\".\n", SLICE_ARG(author_name(t, parent.author, parent.from)),
		SLICE_ARG(slice_to(parent.subject, 200)));
}

static int do_publish(struct forum_txn *t, struct smtp_order *o, struct fail *f)
{
	struct moderate_case c;
	uint64_t action;
	struct group g;
	struct post p;
	int e = post_get(t, o->post, &p);

	if (e <= 0 || p.author != o->member || p.state != POST_PENDING || moderate_case_get(t, p.id, &c) <= 0)
		return fail_set(f, ERR_INVALID, "there is nothing to confirm: the post does not wait");
	if (!smtp_receipt_may_confirm(c.reason))
		return fail_set(f, ERR_DENIED, "this post waits for a moderator");
	for (size_t i = 0; i < p.nplaces; i++)
		if (group_get(t, p.places[i].group, &g) > 0 && g.moderated)
			return fail_set(f, ERR_DENIED, "the group is moderated: the post waits for a moderator");
	if ((e = moderate_verdict(t, p.id, o->member, VERDICT_APPROVE, SLICE("confirmed by its author"), &action, f)) < 0)
		return e;
	return tellf(t, o, "Your post \"%.*s\" is published.\n", SLICE_ARG(slice_to(p.subject, 200)));
}

static bool search_matches(struct forum_txn *t, const struct overview *v, struct slice words)
{
	struct buf hay = { 0 }, needle = { 0 };
	struct slice rest, w;
	struct post p;
	bool all = true;

	text_fold(v->subject, &hay);
	if (post_get(t, v->post, &p) > 0 && p.body_len < 200000) {
		struct buf body = { 0 };

		if (post_body(t, &p, 0, p.body_len, &body) > 0)
			text_fold(buf_slice(&body), &hay);
		buf_free(&body);
	}
	text_fold(words, &needle);
	rest = buf_slice(&needle);
	while (all && slice_word(&rest, &w))
		all = slice_find(buf_slice(&hay), w) >= 0;
	buf_free(&hay);
	buf_free(&needle);
	return all;
}

/* newest first, in all groups the asker reads; the number of posts looked at is bounded */
static int do_search(struct forum_txn *t, struct smtp_order *o, struct fail *f)
{
	struct slice cursor = { 0 };
	unsigned hits = 0, seen = 0;
	struct buf b = { 0 };
	struct overview v;
	struct group g;
	int e;

	if (o->rest.n < 2)
		return fail_set(f, ERR_INVALID, "search for what? write  search WORDS");
	while (hits < SEARCH_HITS && seen < SEARCH_POSTS && group_each(t, &cursor, &g) > 0) {
		uint32_t n = g.high + 1;

		if (!rights_can_read(t, o->member, &g) || g.access == GROUP_OWN)
			continue;
		while (hits < SEARCH_HITS && seen++ < SEARCH_POSTS && overview_before(t, g.id, n, &n) > 0) {
			if (overview_get(t, g.id, n, &v) <= 0 || !search_matches(t, &v, o->rest))
				continue;
			hits++;
			buf_addf(&b, "%.*s\n  %.*s, %.*s\n  mid:%.*s\n", SLICE_ARG(slice_to(v.subject, 200)), SLICE_ARG(g.name),
				SLICE_ARG(author_name(t, v.author, v.from)), SLICE_ARG(slice_sub(v.message_id, 1, v.message_id.n - 2)));
		}
	}
	e = tellf(t, o, "%u post%s found%s.\n\n%.*s", hits, hits == 1 ? "" : "s", hits == SEARCH_HITS ? ", and perhaps more" : "",
		SLICE_ARG(buf_slice(&b)));
	buf_free(&b);
	return e;
}

/* ---- joining ---- */

static int ask_join(struct forum_txn *t, struct smtp_order *o, struct fail *f)
{
	struct slice founding = { 0 };
	struct buf b = { 0 };
	char name[40];
	int e;

	if (!o->joining)
		return fail_set(f, ERR_DENIED, "strangers do not join by mail here; ask the people who run it");
	if (o->group) {
		snprintf(name, sizeof name, "founding:%u", o->group);
		forum_meta_get(t, name, &founding);
	}
	buf_addf(&b, "Somebody, perhaps you, asked to join %s with this address.\n", forum_domain(forum_of(t)));
	if (founding.n)
		buf_addf(&b, "\nWhat members agree to:\n\n%.*s\n", SLICE_ARG(founding));
	buf_addc(&b, 0);
	e = ask(t, o, buf_bytes(&b));
	buf_free(&b);
	return e;
}

static int do_join(struct forum_txn *t, struct smtp_order *o, struct fail *f)
{
	struct slice name = o->name;
	struct buf b = { 0 };
	struct group g;
	uint32_t id;
	char key[4];
	int e;

	if (!name.n)
		name = slice_to(o->address, (size_t)(slice_chr(o->address, '@') > 0 ? slice_chr(o->address, '@') : 0));
	if ((e = member_add(t, name, o->address, &id, f)) < 0)
		return e;
	o->member = id;
	audit_add(t, VERDICT_MEMBER, id, 0, 0, SLICE("joined by mail"), NULL);
	num_put32(key, id);
	memo_put(t, MEMO_FIRST, slice_of(key, 4), SLICE("1"), forum_time(t) + 365 * DAY);
	buf_addf(&b, "Welcome, %.*s.\n\n", SLICE_ARG(name));
	if (o->group && group_get(t, o->group, &g) > 0 && rights_can_read(t, id, &g)) {
		if ((e = subscribe_set(t, id, g.id, SUBSCRIBE_FIRST, f)) < 0) {
			buf_free(&b);
			return e;
		}
		buf_addf(&b, "You get the first post of each thread of %.*s (the group has %.*s), and answers to you.\n",
			SLICE_ARG(g.name), SLICE_ARG(notice_volume(t, &g)));
	} else {
		buf_adds(&b, "You get answers to your posts by mail. For more:  subscribe GROUP  to commands.\n");
	}
	buf_adds(&b, "Your first post waits for a moderator.\n\nFive words to know: mute, watch, undo, help, leave.\n");
	e = tell(t, o, "Welcome", buf_slice(&b), slice_of("", 0));
	buf_free(&b);
	return e;
}

static int do_leave(struct forum_txn *t, struct smtp_order *o, struct fail *f)
{
	int e = member_set(t, o->member, SLICE("left"), SLICE("on"), f);

	if (e < 0)
		return e;
	audit_add(t, VERDICT_MEMBER, o->member, 0, 0, SLICE("left by mail"), NULL);
	return tellf(t, o, "You have left. Your posts stay, under your name; nothing more is mailed to you.\n");
}

static int run(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f)
{
	switch (o->verb) {
	case VERB_HELP: return do_help(t, o);
	case VERB_SUBSCRIBE: return do_subscribe(t, o, f);
	case VERB_UNSUBSCRIBE: return do_unsubscribe(t, o, f);
	case VERB_ASIDE: case VERB_BACK: {
		int e = member_set(t, o->member, SLICE("aside"), o->verb == VERB_ASIDE ? SLICE("on") : SLICE("off"), f);

		return e < 0 ? e : tellf(t, o, o->verb == VERB_ASIDE
			? "You stand aside: no mail, nothing is lost. Send  come back  to commands to go on.\n"
			: "You are back: mail comes as before.\n");
	}
	case VERB_LEAVE: return do_leave(t, o, f);
	case VERB_PASSWORD: o->password = true; return 1;
	case VERB_SEARCH: return do_search(t, o, f);
	case VERB_SET: return do_set(t, o, f);
	case VERB_MUTE: case VERB_WATCH: case VERB_UNMUTE: return do_watch(t, o, f);
	case VERB_FLAG: return do_flag(t, o, f);
	case VERB_UNDO: return do_undo(t, o, f);
	case VERB_WHOLE: return do_whole(t, a, o, f);
	case VERB_UNDER: return do_under(t, o, f);
	case VERB_JOIN: return o->member ? tellf(t, o, "You are a member already. Send  help  to commands for what can be done.\n") : do_join(t, o, f);
	default: return fail_set(f, ERR_INVALID, "that is not understood; send  help  to commands");
	}
}

/* ---- who may ---- */

static int from_question(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f)
{
	uint64_t member, post, group;
	struct slice v, address, name, line;
	struct smtp_order q = *o;
	int e = notice_question(t, o->question, &v);

	if (e <= 0)
		return fail_set(f, ERR_GONE, "this question is not open any more");
	if (o->verb != VERB_CONFIRM)
		return fail_set(f, ERR_INVALID, "answer with the word confirm, or do nothing");
	if (!num_take_varint(&v, &member) || !num_take_varint(&v, &post) || !num_take_varint(&v, &group) || !num_take_bytes(&v, &address)
	    || !num_take_bytes(&v, &name) || !num_take_bytes(&v, &line))
		return fail_set(f, ERR_CORRUPT, "this question is not open any more");
	if (!slice_eq(address, o->address))
		return fail_set(f, ERR_DENIED, "answer from the address that was asked");
	smtp_order_parse(line, &q);
	q.member = (uint32_t)member;
	q.post = post;
	q.group = (uint32_t)group;
	q.name = name.n ? name : o->name;
	q.answer = false;
	q.proven = q.strong = true;
	if (notice_settle(t, o->question) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "try again later");
	e = run(t, a, &q, f);
	o->password = q.password;
	o->member = q.member;
	return e;
}

static int case_word(struct forum_txn *t, struct smtp_order *o, struct slice posts, unsigned n, struct slice rest, struct buf *told,
	struct fail *f)
{
	struct slice word;
	struct group g;
	struct post p;
	uint64_t action, id;
	int v;

	if (!n || n > posts.n / 8 || !slice_word(&rest, &word))
		return fail_set(f, ERR_INVALID, "write the number of a case and a word: keep, aside, hide, approve, delete, note TEXT");
	id = num_get64(posts.p + 8 * (n - 1));
	if (post_get(t, id, &p) <= 0 || !p.nplaces || group_get(t, o->group, &g) <= 0 || !rights_can_moderate(t, o->member, &g))
		return fail_set(f, ERR_DENIED, "you do not moderate this group");
	v = slice_is_nocase(word, "reopen") ? VERDICT_UNDO : verdict_parse(word);
	if (v < 0 || (v != VERDICT_KEEP && v != VERDICT_ASIDE && v != VERDICT_HIDE && v != VERDICT_APPROVE && v != VERDICT_DELETE
	    && v != VERDICT_NOTE && v != VERDICT_UNDO))
		return fail_set(f, ERR_INVALID, "the words are keep, aside, hide, approve, delete, note TEXT, reopen");
	struct moderate_case c;
	struct audit last = { 0 };
	uint64_t cursor = UINT64_MAX;

	if (v == VERDICT_UNDO || moderate_case_get(t, id, &c) <= 0) {
		while (audit_prev(t, o->group, &cursor, &last) > 0)
			if (last.post == id && last.verdict != VERDICT_FLAG && last.verdict != VERDICT_NOTE && !last.undone && last.verdict != VERDICT_UNDO)
				break;
		if (last.post != id)
			last.serial = 0;
	}
	if (v == VERDICT_UNDO) {
		int e = last.serial ? moderate_undo(t, last.serial, o->member, &action, f) : fail_set(f, ERR_INVALID, "there is nothing to reopen");

		if (e >= 0)
			buf_addf(told, "%u reopened\n", n);
		return e;
	}
	if (moderate_case_get(t, id, &c) <= 0) {
		struct slice by = SLICE("the operator");
		struct member m;
		int hour, min;

		clock_civil(last.serial ? last.time : forum_time(t), NULL, NULL, NULL, &hour, &min, NULL, NULL);
		if (last.serial && member_get(t, last.by, &m) > 0)
			by = m.name;
		buf_addf(told, "%u Done %02d:%02d UTC by %.*s (%s). Send `%u reopen` to differ.\n", n, hour, min, SLICE_ARG(by),
			last.serial ? verdict_name(last.verdict) : "settled", n);
		return 1;
	}
	int e = moderate_verdict(t, id, o->member, (enum verdict)v, slice_trim(rest), &action, f);

	if (e >= 0)
		buf_addf(told, "%u %s: done. Send `%u reopen` to undo.\n", n, verdict_name((enum verdict)v), n);
	return e;
}

/* lines "1 keep", or one word about the only case; quoted lines and what follows them is not for us */
static int from_case(struct forum_txn *t, struct smtp_order *o, struct fail *f)
{
	struct slice posts, text = o->text, line;
	struct buf told = { 0 };
	unsigned done = 0;
	int e = notice_question(t, o->question, &posts);

	if (e <= 0)
		return fail_set(f, ERR_GONE, "this list is too old; wait for the next one");
	while (e > 0 && done < 50 && slice_line(&text, &line)) {
		struct slice rest = slice_trim(line), word, after;
		uint32_t n = 0;

		if (!rest.n)
			continue;
		if (rest.p[0] == '>')
			break;
		after = rest;
		if (slice_word(&after, &word) && num_parse_u32(word.p[word.n - 1] == '.' ? slice_to(word, word.n - 1) : word, &n))
			rest = after;
		else if (posts.n == 8)
			n = 1;
		else if (done)
			break;             /* a greeting, a signature */
		e = case_word(t, o, posts, n, rest, &told, f);
		done++;
	}
	if (e > 0 && !done)
		e = fail_set(f, ERR_INVALID, "nothing was written");
	if (e > 0)
		e = tell(t, o, "Cases", buf_slice(&told), notice_answer_to(t, TOKEN_CASE, o->question, o->member, o->group, 30));
	buf_free(&told);
	return e < 0 ? e : 1;
}

int smtp_order_apply(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f)
{
	int e;

	trace_add(t, o->post, o->message_id, "command by mail: %s", o->from_token == TOKEN_CASE && o->answer ? "cases" : verb_word(o->verb));
	if (o->answer && o->from_token == TOKEN_QUESTION)
		return from_question(t, a, o, f);
	if (o->answer && o->from_token == TOKEN_CASE) {
		if (!o->strong) {
			o->verb = VERB_HELP;
			return fail_set(f, ERR_DENIED, "nothing proves that this mail is yours (no aligned DKIM or SPF); log in to send it, or use another way to moderate");
		}
		return from_case(t, o, f);
	}
	if (o->answer)
		e = o->verb == VERB_CONFIRM ? do_publish(t, o, f)
			: o->verb == VERB_UNDO || o->verb == VERB_WHOLE || o->verb == VERB_UNDER || o->verb == VERB_HELP ? run(t, a, o, f)
			: fail_set(f, ERR_INVALID, "a receipt takes undo, whole, confirm or under <link>; to write to the forum answer the post itself");
	else if (!o->member && (o->verb == VERB_JOIN || o->verb == VERB_SUBSCRIBE))
		e = ask_join(t, (o->verb = VERB_JOIN, o), f);
	else if (!o->member && o->verb != VERB_HELP)
		e = fail_set(f, ERR_DENIED, "%.*s is no member's address; send  join  to become one", SLICE_ARG(slice_to(o->address, 100)));
	else if (o->member && o->verb == VERB_UNSUBSCRIBE && o->post)
		e = ask(t, o, "You answered a post with the word unsubscribe. Nothing was posted.\nTo get no more mail of this group:");
	else if (o->member && (o->verb == VERB_LEAVE || (o->verb == VERB_PASSWORD && !o->strong)))
		e = ask(t, o, o->verb == VERB_LEAVE ? "You, or somebody in your name, asked to leave the forum."
			: "You, or somebody in your name, asked for a new password. It replaces the old one.");
	else if (o->member && !o->proven && o->verb != VERB_HELP)
		e = ask(t, o, arena_printf(a, "A mail in your name asked for: %s\nNothing proves that it came from you.", verb_word(o->verb)));
	else
		e = run(t, a, o, f);
	return e < 0 && !f->code ? fail_set(f, (enum err)e, "try again later") : e < 0 ? e : 1;
}

/* ---- passwords: 100 ms of work, so not here and not on the writer ---- */

struct new_password { uint32_t member; struct slice address; struct buf text, hash, scram; };

static int password_apply(struct forum_txn *t, struct job *j, struct fail *f)
{
	struct new_password *w = j->data;
	struct buf b = { 0 };
	struct notice n = { .to = w->address, .subject = SLICE("Your password") };
	int e = member_set_password(t, w->member, buf_slice(&w->hash), buf_slice(&w->scram), f);

	buf_addf(&b, "Your new password for news and mail programs is\n\n  %.*s\n\nIt replaces the old one and is shown nowhere else. "
		"The name is this address.\n", SLICE_ARG(buf_slice(&w->text)));
	n.text = buf_slice(&b);
	if (e > 0)
		e = notice_add(t, &n);
	buf_free(&b);
	return e;
}

static void password_free(void *arg)
{
	struct new_password *w = arg;

	buf_free(&w->text);
	buf_free(&w->hash);
	buf_free(&w->scram);
}

static void password_run(void *arg)
{
	struct job *j = arg;
	struct new_password *w = j->data;

	password_make(buf_slice(&w->text), &w->hash, &w->scram);
	writer_submit(writer_current(), j);
}

void smtp_order_password(struct slice address, uint32_t member)
{
	struct job *j = job_new(NULL, password_apply);
	struct new_password *w = ARENA_NEW(j->arena, struct new_password);

	w->member = member;
	w->address = arena_slice(j->arena, address);
	rnd_add_id(&w->text);
	buf_truncate(&w->text, 20);
	arena_on_reset(j->arena, password_free, w);
	j->data = w;
	if (password_pool_try(password_run, j) < 0) {
		log_warn("smtp", "password by mail: too many at once member=%u", member);
		job_free(&j);
	}
}
