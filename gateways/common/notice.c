/* notice.c - the texts are plain, say what happened and how to undo it, and never repeat what a stranger wrote. */
#include <stdio.h>
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/forum/author.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/address.h"
#include "forumd/mail/build.h"
#include "forumd/mail/date.h"
#include "forumd/mail/field.h"
#include "forumd/mail/mime.h"
#include "forumd/mail/msgid.h"
#include "forumd/mail/words.h"
#include "forumd/run/config.h"
#include "gateways/common/catchup.h"
#include "gateways/common/founding.h"
#include "gateways/common/notice.h"
#include "gateways/common/notice_case.h"
#include "gateways/common/notice_private.h"

#define TEXT_MAX 16000             /* quoted-printable may triple it */
#define CASES_MAX 20
#define QUOTE_MAX 1200
#define DAY 86400

struct slice notice_domain(struct forum_txn *t) {
	return slice_str(forum_domain(forum_of(t)));
}

static char separator(void) {
	struct config *c = config_current();
	char s = c ? c->reply_separator : '-';

	config_unref(&c);
	return s;
}

static struct slice take(struct forum_txn *t, struct buf *b) {
	struct slice s = arena_slice(forum_arena(t), buf_slice(b));

	buf_free(b);
	return s;
}

/* cut between characters */
struct slice notice_clip(struct slice s, size_t max) {
	if (s.n <= max)
		return s;
	while (max && (s.p[max] & 0xc0) == 0x80)
		max--;
	return slice_to(s, max);
}

struct slice notice_answer_to(struct forum_txn *t, enum token_kind kind, uint64_t id, uint32_t member, uint32_t group,
	unsigned days) {
	struct reply_token k = { kind, id, member, group, forum_time(t) + (int64_t)days * DAY };
	struct buf b = { 0 };

	buf_addf(&b, "answer%c", separator());
	reply_token_make(forum_secret(t), &k, &b);
	return take(t, &b);
}

struct slice notice_reply_to(struct forum_txn *t, uint64_t post, uint32_t member, uint32_t group) {
	struct config *c = config_current();
	struct reply_token k = { TOKEN_REPLY, post, member, group,
		forum_time(t) + (int64_t)(c ? c->reply_days : 365) * DAY };
	struct buf token = { 0 }, local = { 0 };
	struct group g;

	config_unref(&c);
	reply_token_make(forum_secret(t), &k, &token);
	if (group_get(t, group, &g) > 0)
		reply_token_local(g.name, separator(), buf_slice(&token), &local);
	buf_free(&token);
	return take(t, &local);
}

int notice_add(struct forum_txn *t, const struct notice *n) {
	struct slice domain = notice_domain(t);
	struct buf from = { 0 }, id = { 0 }, mail = { 0 }, reply_to = { 0 };
	struct build_notice b = {
		.date = forum_time(t), .to = n->to, .subject = n->subject, .text = notice_clip(n->text, TEXT_MAX)
	};
	int e;

	buf_addf(&from, "%.*s@%.*s", SLICE_ARG(n->from.n ? n->from : SLICE("commands")), SLICE_ARG(domain));
	if (n->reply_to.n)
		buf_addf(&reply_to, "<%.*s@%.*s>", SLICE_ARG(n->reply_to), SLICE_ARG(domain));
	msgid_new(&id, domain);
	b.from_name = n->name.n ? n->name : domain;
	b.from = buf_slice(&from);
	b.message_id = buf_slice(&id);
	b.in_reply_to = b.references = n->about;
	b.reply_to = buf_slice(&reply_to);
	e = build_notice(&mail, &b);
	if (e > 0)
		e = mailq_add_notice(t, n->to, buf_slice(&mail), NULL);
	if (e > 0 && n->about.n)
		trace_add(t, 0, n->about, "told %.*s: %.*s", SLICE_ARG(slice_to(n->to, 100)),
			SLICE_ARG(notice_clip(n->subject, 100)));
	buf_free(&from);
	buf_free(&id);
	buf_free(&mail);
	buf_free(&reply_to);
	return e;
}

/* ---- questions ---- */

static struct slice question_key(uint64_t number, char key[8]) {
	num_put64(key, number);
	return slice_of(key, 8);
}

int64_t notice_ask(struct forum_txn *t, struct slice value, unsigned days) {
	int64_t number = forum_next_id(t, "question");
	char key[8];
	int e = number < 0 ? (int)number
		: memo_put(t, MEMO_QUESTION, question_key((uint64_t)number, key), value, forum_time(t) + (int64_t)days * DAY);

	return e < 0 ? e : number;
}

int notice_question(struct forum_txn *t, uint64_t number, struct slice *value_r) {
	char key[8];

	return memo_get(t, MEMO_QUESTION, question_key(number, key), value_r);
}

int notice_settle(struct forum_txn *t, uint64_t number) {
	char key[8];

	return memo_del(t, MEMO_QUESTION, question_key(number, key));
}

struct slice notice_volume(struct forum_txn *t, const struct group *g) {
	uint32_t from = g->high > 200 ? g->high - 200 : 1, next;
	int64_t days, posts;
	struct overview o;

	if (!g->count || overview_after(t, g->id, from - 1, &next) <= 0 || overview_get(t, g->id, next, &o) <= 0)
		return SLICE("no posts yet");
	days = (forum_time(t) - overview_received(&o)) / DAY + 1;
	posts = g->high - next + 1;
	if (posts >= days)
		return arena_slicef(forum_arena(t), "about %lld posts a day", (long long)((posts + days / 2) / days));
	if (posts * 7 >= days)
		return arena_slicef(forum_arena(t), "about %lld posts a week", (long long)((posts * 7 + days / 2) / days));
	return SLICE("less than one post a week");
}

/* ---- lists of cases ---- */

struct slice notice_readable(struct forum_txn *t, const struct post *p, size_t max) {
	struct buf header = { 0 }, body = { 0 }, text = { 0 };

	if (p->body_len <= 1u << 20 && post_header(t, p, &header) > 0 && post_body(t, p, 0, p->body_len, &body) > 0)
		mime_message_text(buf_slice(&header), buf_slice(&body), max, &text);
	buf_free(&header);
	buf_free(&body);
	buf_truncate(&text, notice_clip(buf_slice(&text), max).n);
	return take(t, &text);
}

static void kinds_text(const struct moderate_case *c, struct buf *out) {
	bool first = true;

	for (int k = REPORT_OFF_TOPIC; k <= REPORT_PENDING; k++) {
		if (c->kinds & 1u << k) {
			buf_addf(out, "%s%s", first ? "" : ", ",
				k == REPORT_PENDING ? "waits for approval" : report_kind_name((enum report_kind)k));
			first = false;
		}
	}
}

static void case_text(struct forum_txn *t, unsigned n, const struct moderate_case *c, const struct post *p,
	struct buf *out) {
	struct slice text = notice_readable(t, p, QUOTE_MAX), line;

	buf_addf(out, "%u. ", n);
	kinds_text(c, out);
	if (c->reports > 1)
		buf_addf(out, " (%u reports)", c->reports);
	buf_addf(out, ": %.*s, \"%.*s\"\n", SLICE_ARG(notice_clip(author_name(t, p->author, p->from), 100)),
		SLICE_ARG(notice_clip(p->subject, 200)));
	if (c->reason.n)
		buf_addf(out, "   why: %.*s\n", SLICE_ARG(notice_clip(moderate_words(t, c->reason, c->likeness), 300)));
	buf_addf(out, "   post %llu; words for this one: %s\n\n", (unsigned long long)p->id,
		p->state == POST_PENDING ? "approve, delete, note TEXT" : "keep, aside, hide, delete, note TEXT");
	while (slice_line(&text, &line))
		buf_addf(out, "   | %.*s\n", SLICE_ARG(line));
	buf_adds(out, "\n");
}

/* text and, for the answers, the posts in the order of their numbers; number of cases */
static unsigned cases_list(struct forum_txn *t, uint32_t group, struct buf *text, struct buf *posts) {
	struct moderate_case c;
	uint64_t cursor = 0;
	struct post p;
	unsigned n = 0;

	while (n < CASES_MAX && moderate_queue_next(t, group, &cursor, &c) > 0) {
		if (post_get(t, c.post, &p) <= 0)
			continue;
		case_text(t, ++n, &c, &p, text);
		num_put64(buf_reserve(posts, 8), c.post);
		buf_commit(posts, 8);
	}
	return n;
}

static int tell_moderator(struct forum_txn *t, const struct group *g, const struct member *m, unsigned n,
	struct slice list, int64_t question) {
	struct buf text = { 0 };
	struct notice x = { .to = m->addresses[0], .name = g->name };
	int e;

	buf_addf(&text, "You moderate %.*s. %u open case%s. Answer this mail with a number and a word, a line for each\n"
		"(for example:  1 %s ); when there is only one, the word is enough. The first answer counts.\n\n%.*s",
		SLICE_ARG(g->name), n, n == 1 ? "" : "s", "keep", SLICE_ARG(list));
	x.subject = arena_slicef(forum_arena(t), "%u open case%s in %.*s", n, n == 1 ? "" : "s", SLICE_ARG(g->name));
	x.text = buf_slice(&text);
	x.reply_to = notice_answer_to(t, TOKEN_CASE, (uint64_t)question, m->id, g->id, 30);
	e = notice_add(t, &x);
	buf_free(&text);
	return e;
}

static int cases_hook(struct forum_txn *t, uint32_t group) {
	struct buf text = { 0 }, posts = { 0 };
	uint32_t cursor = 0;
	struct group g;
	struct member m;
	int64_t question = 0;
	unsigned n = 0;
	int e = group_get(t, group, &g);

	if (e > 0)
		n = cases_list(t, group, &text, &posts);
	if (n)
		question = notice_ask(t, buf_slice(&posts), 30);
	if (question < 0)
		e = (int)question;
	while (n && e > 0 && member_each(t, &cursor, &m) > 0)
		if (member_takes_mail(&m) && rights_can_moderate(t, m.id, &g))
			e = tell_moderator(t, &g, &m, n, buf_slice(&text), question);
	buf_free(&text);
	buf_free(&posts);
	return e < 0 ? e : 1;
}

static int catchup_hook(struct forum_txn *t, uint32_t member, int64_t since) {
	return catchup_add(t, member, since, SLICE(""));
}

void notice_start(void) {
	struct config *c = config_current();

	mailq_set_hooks(&(struct mailq_hooks){
		cases_hook, notice_digest, catchup_hook, founding_ask, notice_case_tell, c ? c->digest_hour : 6 });
	config_unref(&c);
}
