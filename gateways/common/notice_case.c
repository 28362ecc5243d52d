/* notice_case.c - what the people of a case hear of it: its author, when moderators say something about his post or
 * take it away; those who reported it, when it is settled; the moderators, when its author answers. Nobody learns who
 * reported. */
#include "forumd/base/num.h"
#include "forumd/forum/author.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/rights.h"
#include "gateways/common/notice.h"
#include "gateways/common/notice_case.h"

#define CASE_DAYS 30
#define TEXT_MAX 4000

static const char *done_to(enum verdict v, bool pending) {
	switch (v) {
	case VERDICT_HIDE: return "is hidden from readers";
	case VERDICT_DELETE: return pending ? "was not published" : "was deleted";
	case VERDICT_ASIDE: return "was moved, with what is below it, to a group of its own beside this one";
	case VERDICT_APPROVE: return "is published now";
	default: return "was looked at";
	}
}

static void tell_author(const struct audit *a, const struct post *p, struct buf *out) {
	bool note = a->verdict == VERDICT_NOTE;

	if (note)
		buf_addf(out, "A moderator says about your post \"%.*s\":\n\n%.*s\n\n", SLICE_ARG(slice_to(p->subject, 200)),
			SLICE_ARG(slice_to(a->text, TEXT_MAX)));
	else
		buf_addf(out, "Your post \"%.*s\" %s.%s%.*s\n\n", SLICE_ARG(slice_to(p->subject, 200)),
			done_to(a->verdict, !p->nplaces || !p->places[0].number), a->text.n ? "\nThe moderators say: " : "",
			SLICE_ARG(slice_to(a->text, TEXT_MAX)));
	if (a->verdict == VERDICT_APPROVE)
		return;
	buf_adds(out,
		"You have the word: what you answer to this mail goes to the moderators and into the record of the case, not to the group.\n");
	if (note)
		buf_adds(out,
			"These words, alone in the first line, settle it yourself:\n\n  apologise    (and what you want to say below it)\n  edit         and below it the whole new text\n"
			"  withdraw     the post is taken back\n\nNo mark stays on you then.\n");
}

static void tell_reporter(const struct audit *a, const struct post *p, struct buf *out) {
	buf_addf(out,
		"You told the moderators of the post \"%.*s\". The case is settled%s: %s.\nThank you. Nobody else learns that it was you.\n",
		SLICE_ARG(slice_to(p->subject, 200)), a->by == p->author ? " by its author" : "",
		a->by == p->author && a->verdict == VERDICT_KEEP         ? "he has answered, and the post stays"
			: a->verdict == VERDICT_KEEP                         ? "the moderators keep the post"
			: a->verdict == VERDICT_DELETE && a->by == p->author ? "he has taken it back"
			: a->verdict == VERDICT_ASIDE                        ? "the post was moved aside"
			: a->verdict == VERDICT_RESTORE                      ? "the post is back"
																 : "the post was taken away");
}

int notice_case_tell(struct forum_txn *t, uint32_t member, uint64_t serial) {
	struct notice n = { 0 };
	struct buf text = { 0 };
	struct audit a;
	struct member m;
	struct group g;
	struct post p;
	int e;

	if ((e = audit_get(t, serial, &a)) <= 0 || a.undone || (e = post_get(t, a.post, &p)) <= 0 ||
		(e = member_get(t, member, &m)) <= 0 || !member_takes_mail(&m))
		return e < 0 ? e : 1;
	/* what is in it may concern somebody who lost the group since */
	if (group_get(t, a.group, &g) <= 0 || (p.author != member && !rights_can_read(t, member, &g)))
		return 1;
	if (p.author == member) {
		tell_author(&a, &p, &text);
		n.reply_to = notice_answer_to(t, TOKEN_AUTHOR, p.id, member, g.id, CASE_DAYS);
		n.subject = arena_slicef(forum_arena(t), "%s \"%.*s\"",
			a.verdict == VERDICT_NOTE ? "About your post" : "Your post", SLICE_ARG(slice_to(p.subject, 200)));
	} else {
		tell_reporter(&a, &p, &text);
		n.subject = arena_slicef(forum_arena(t), "Settled: \"%.*s\"", SLICE_ARG(slice_to(p.subject, 200)));
	}
	n.to = m.addresses[0];
	n.name = g.name;
	n.about = p.message_id;
	n.text = buf_slice(&text);
	e = notice_add(t, &n);
	buf_free(&text);
	return e;
}

int notice_case_answer(struct forum_txn *t, const struct post *p, uint32_t group, struct slice words) {
	struct buf posts = { 0 }, text = { 0 };
	struct slice line;
	uint32_t cursor = 0;
	struct member m;
	struct group g;
	int64_t question;
	unsigned told = 0;
	int e = group_get(t, group, &g);

	if (e <= 0)
		return e < 0 ? e : 0;
	num_put64(buf_reserve(&posts, 8), p->id);
	buf_commit(&posts, 8);
	question = notice_ask(t, buf_slice(&posts), CASE_DAYS);
	buf_addf(&text, "%.*s answers about \"%.*s\" (post %llu):\n\n", SLICE_ARG(author_name(t, p->author, p->from)),
		SLICE_ARG(slice_to(p->subject, 200)), (unsigned long long)p->id);
	words = slice_to(words, TEXT_MAX);
	while (slice_line(&words, &line))
		buf_addf(&text, "   | %.*s\n", SLICE_ARG(line));
	buf_adds(&text, "\nAnswer with one word: keep, aside, hide, delete, or note TEXT (which goes to the author).\n");
	while (question > 0 && e > 0 && member_each(t, &cursor, &m) > 0) {
		struct notice n = { .to = m.naddresses ? m.addresses[0] : SLICE(""),
			.name = g.name,
			.text = buf_slice(&text),
			.about = p->message_id };

		if (!member_takes_mail(&m) || !rights_can_moderate(t, m.id, &g))
			continue;
		n.subject = arena_slicef(forum_arena(t), "The author answers: \"%.*s\"", SLICE_ARG(slice_to(p->subject, 200)));
		n.reply_to = notice_answer_to(t, TOKEN_CASE, (uint64_t)question, m.id, g.id, CASE_DAYS);
		e = notice_add(t, &n);
		told++;
	}
	buf_free(&posts);
	buf_free(&text);
	return question < 0 ? (int)question : e < 0 ? e : told > 0;
}
