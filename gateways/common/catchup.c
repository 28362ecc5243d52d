/* catchup.c - the groups of the member are walked backwards to the day he left, no further than a number of posts; what
 * is left out is said. */
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/base/vec.h"
#include "forumd/forum/author.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/subscribe.h"
#include "forumd/forum/watch.h"
#include "forumd/mail/mime.h"
#include "gateways/common/catchup.h"
#include "gateways/common/notice.h"

#define LOOK_MAX 4000              /* posts looked at */
#define REPLIES_MAX 30
#define WATCHED_MAX 20
#define THREADS_MAX 40
#define WORDS_MAX 300
#define KEEP_DAYS 400
#define DAY 86400

struct catchup {
	struct forum_txn *t;
	const struct member *m;
	int64_t since;
	unsigned looked, replies, watched, threads, posts;
	struct buf replies_text, watched_text, groups_text;
};

static struct slice key_of(uint32_t member, char b[4]) {
	num_put32(b, member);
	return slice_of(b, 4);
}

int catchup_note(struct forum_txn *t, uint32_t member) {
	char key[4], v[8];

	num_put64(v, (uint64_t)forum_time(t));
	return memo_put(t, MEMO_CATCHUP, key_of(member, key), slice_of(v, 8), forum_time(t) + KEEP_DAYS * DAY);
}

int64_t catchup_since(struct forum_txn *t, uint32_t member) {
	struct slice v;
	char key[4];

	return memo_get(t, MEMO_CATCHUP, key_of(member, key), &v) > 0 && v.n == 8 ? (int64_t)num_get64(v.p) : 0;
}

/* the first words of a post, in one line */
static void first_words(struct catchup *c, const struct post *p, struct buf *out) {
	struct buf header = { 0 }, body = { 0 }, text = { 0 };
	struct slice rest, line;
	size_t start = buf_len(out);

	if (p->body_len <= 1u << 20 && post_header(c->t, p, &header) > 0 && post_body(c->t, p, 0, p->body_len, &body) > 0)
		mime_message_text(buf_slice(&header), buf_slice(&body), 4 * WORDS_MAX, &text);
	rest = buf_slice(&text);
	while (slice_line(&rest, &line) && buf_len(out) - start < WORDS_MAX)
		if (slice_trim(line).n && line.p[0] != '>')
			buf_addf(out, "   | %.*s\n", SLICE_ARG(slice_to(line, WORDS_MAX)));
	buf_free(&header);
	buf_free(&body);
	buf_free(&text);
}

static void one_post(struct catchup *c, const struct post *p, const struct group *g, struct buf *out) {
	struct slice to = notice_reply_to(c->t, p->id, c->m->id, g->id);

	buf_addf(out, "%.*s: \"%.*s\" (%.*s)\n   answer: %.*s@%s\n", SLICE_ARG(author_name(c->t, p->author, p->from)),
		SLICE_ARG(slice_to(p->subject, 150)), SLICE_ARG(g->name), SLICE_ARG(to), forum_domain(forum_of(c->t)));
	first_words(c, p, out);
	buf_adds(out, "\n");
}

/* a post that the member may see now, and the group he sees it in */
static bool seen_in(struct catchup *c, uint64_t id, struct post *p_r, struct group *g_r) {
	if (post_get(c->t, id, p_r) <= 0 || p_r->state != POST_VISIBLE || p_r->author == c->m->id)
		return false;
	for (size_t i = 0; i < p_r->nplaces; i++)
		if (group_get(c->t, p_r->places[i].group, g_r) > 0 && rights_can_read(c->t, c->m->id, g_r))
			return true;
	return false;
}

/* the newest of an own box, back to the day */
static void from_box(struct catchup *c, enum personal_box box, unsigned max, unsigned *n_r, struct buf *out) {
	struct overview o;
	struct group b, g;
	struct post p, parent;

	if (personal_find(c->t, c->m->id, box, &b) <= 0)
		return;
	for (uint32_t n = b.high + 1; c->looked < LOOK_MAX && overview_before(c->t, b.id, n, &n) > 0; c->looked++) {
		if (overview_get(c->t, b.id, n, &o) <= 0 || overview_received(&o) <= c->since)
			break;
		if (!seen_in(c, o.post, &p, &g) ||
			(box == BOX_WATCHED && p.parent && post_get(c->t, p.parent, &parent) > 0 && parent.author == c->m->id))
			continue;          /* the answers to him were told above */
		if ((*n_r)++ < max)
			one_post(c, &p, &g, out);
	}
}

static void from_group(struct catchup *c, const struct group *g) {
	struct buf threads = { 0 };
	unsigned posts = 0, fresh = 0;
	struct overview o;

	for (uint32_t n = g->high + 1; c->looked < LOOK_MAX && overview_before(c->t, g->id, n, &n) > 0; c->looked++) {
		if (overview_get(c->t, g->id, n, &o) <= 0 || overview_received(&o) <= c->since)
			break;
		if (o.author == c->m->id || watch_get(c->t, c->m->id, o.thread) == WATCH_MUTED)
			continue;
		posts++;
		fresh += !o.parent;
		if (!o.parent && c->threads++ < THREADS_MAX)
			buf_addf(&threads, "  %.*s (%.*s)\n    mid:%.*s\n", SLICE_ARG(slice_to(o.subject, 150)),
				SLICE_ARG(author_name(c->t, o.author, o.from)),
				SLICE_ARG(slice_sub(o.message_id, 1, o.message_id.n > 2 ? o.message_id.n - 2 : 0)));
	}
	if (posts)
		buf_addf(&c->groups_text, "%.*s: %u post%s, %u new thread%s\n%.*s\n", SLICE_ARG(g->name), posts,
			posts == 1 ? "" : "s", fresh, fresh == 1 ? "" : "s", SLICE_ARG(buf_slice(&threads)));
	c->posts += posts;
	buf_free(&threads);
}

static void write_text(struct catchup *c, struct buf *out) {
	buf_addf(out, "While you were away (days: %lld):\n\n",
		(long long)((forum_time(c->t) - c->since) / DAY > 1 ? (forum_time(c->t) - c->since) / DAY : 1));
	if (c->replies)
		buf_addf(out, "====== answers to you: %u ======\n\n%.*s", c->replies, SLICE_ARG(buf_slice(&c->replies_text)));
	if (c->watched)
		buf_addf(out, "====== in threads you watch: %u ======\n\n%.*s", c->watched,
			SLICE_ARG(buf_slice(&c->watched_text)));
	if (c->posts)
		buf_addf(out, "====== your groups ======\n\n%.*s", SLICE_ARG(buf_slice(&c->groups_text)));
	if (c->looked >= LOOK_MAX || c->replies > REPLIES_MAX || c->watched > WATCHED_MAX || c->threads > THREADS_MAX)
		buf_adds(out, "There is more than fits here: it is all in the forum.\n");
}

int catchup_add(struct forum_txn *t, uint32_t member, int64_t since, struct slice about) {
	struct catchup c = { .t = t, .since = since };
	struct notice n = { .about = about, .subject = SLICE("While you were away") };
	enum subscribe_mode mode;
	uint32_t cursor = 0;
	struct buf text = { 0 };
	struct member m;
	struct group g;
	int e = member_get(t, member, &m);

	if (e <= 0 || !member_takes_mail(&m))
		return e < 0 ? e : 0;
	c.m = &m;
	from_box(&c, BOX_REPLIES, REPLIES_MAX, &c.replies, &c.replies_text);
	from_box(&c, BOX_WATCHED, WATCHED_MAX, &c.watched, &c.watched_text);
	while (c.looked < LOOK_MAX && subscribe_of_member(t, member, &cursor, &mode) > 0)
		if (group_get(t, cursor, &g) > 0 && !g.removed && rights_can_read(t, member, &g))
			from_group(&c, &g);
	e = 0;
	if (c.replies || c.watched || c.posts) {
		write_text(&c, &text);
		n.to = m.addresses[0];
		n.text = buf_slice(&text);
		e = notice_add(t, &n);
	}
	if (e >= 0 && catchup_note(t, member) < 0)
		e = ERR_UNAVAILABLE;
	buf_free(&c.replies_text);
	buf_free(&c.watched_text);
	buf_free(&c.groups_text);
	buf_free(&text);
	return e;
}
