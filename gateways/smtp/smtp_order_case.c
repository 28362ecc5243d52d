/* smtp_order_case.c - a moderator answers a list of cases: a line for each, the first verdict counts, the next hears of
 * it. */
#include "forumd/base/clock.h"
#include "forumd/base/num.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/replace.h"
#include "forumd/forum/rights.h"
#include "gateways/common/notice.h"
#include "gateways/common/notice_case.h"
#include "gateways/smtp/smtp_order_private.h"

static int case_word(struct forum_txn *t, struct smtp_order *o, struct slice posts, unsigned n, struct slice rest,
	struct buf *told, struct fail *f) {
	struct slice word;
	struct group g;
	struct post p;
	uint64_t action, id;
	int v;

	if (!n || n > posts.n / 8 || !slice_word(&rest, &word))
		return fail_set(f, ERR_INVALID,
			"write the number of a case and a word: keep, aside, hide, approve, delete, note TEXT");
	id = num_get64(posts.p + 8 * (n - 1));
	if (post_get(t, id, &p) <= 0 || !p.nplaces || group_get(t, o->group, &g) <= 0 ||
		!rights_can_moderate(t, o->member, &g))
		return fail_set(f, ERR_DENIED, "you do not moderate this group");
	v = slice_is_nocase(word, "reopen") ? VERDICT_UNDO : verdict_parse(word);
	if (v < 0 ||
		(v != VERDICT_KEEP && v != VERDICT_ASIDE && v != VERDICT_HIDE && v != VERDICT_APPROVE && v != VERDICT_DELETE &&
			v != VERDICT_NOTE && v != VERDICT_UNDO))
		return fail_set(f, ERR_INVALID, "the words are keep, aside, hide, approve, delete, note TEXT, reopen");
	struct moderate_case c;
	struct audit last = { 0 };
	uint64_t cursor = UINT64_MAX;

	if (v == VERDICT_UNDO || moderate_case_get(t, id, &c) <= 0) {
		while (audit_prev(t, o->group, &cursor, &last) > 0)
			if (last.post == id && last.verdict != VERDICT_FLAG && last.verdict != VERDICT_NOTE && !last.undone &&
				last.verdict != VERDICT_UNDO)
				break;
		if (last.post != id)
			last.serial = 0;
	}
	if (v == VERDICT_UNDO) {
		int e = last.serial ? moderate_undo(t, last.serial, o->member, &action, f)
							: fail_set(f, ERR_INVALID, "there is nothing to reopen");

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
int order_cases(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
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
		if (slice_word(&after, &word) &&
			num_parse_u32(word.p[word.n - 1] == '.' ? slice_to(word, word.n - 1) : word, &n))
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
		e = order_tell(t, o, "Cases", buf_slice(&told),
			notice_answer_to(t, TOKEN_CASE, o->question, o->member, o->group, 30));
	buf_free(&told);
	return e < 0 ? e : 1;
}

/* ---- the author's side ---- */

#define ANSWERS_A_DAY 10

/* the case, if it is open, is settled; 1, 0 there is none */
static int settle(struct forum_txn *t, const struct smtp_order *o, uint64_t post, enum verdict v, struct slice how,
	struct fail *f) {
	struct moderate_case c;
	uint64_t action;

	if (moderate_case_get(t, post, &c) <= 0 && v == VERDICT_KEEP)
		return 0;
	return moderate_verdict(t, post, o->member, v, how, &action, f);
}

static struct slice below_first_line(struct slice text) {
	struct slice line;

	while (slice_line(&text, &line) && !slice_trim(line).n)
		;
	return slice_trim(text);
}

static int apologise(struct forum_txn *t, struct smtp_order *o, const struct post *p, struct fail *f) {
	struct slice words = below_first_line(o->text);
	int e;

	if (o->rest.n)      /* "apologise for the tone" is said in words too */
		words = arena_slicef(forum_arena(t), "%.*s\n%.*s", SLICE_ARG(o->line), SLICE_ARG(words));
	e = settle(t, o, p->id, VERDICT_KEEP,
		arena_slicef(forum_arena(t), "settled by its author, who apologises%s%.*s", words.n ? ": " : "",
			SLICE_ARG(slice_to(words, 1000))),
		f);
	if (e > 0 && words.n && notice_case_answer(t, p, o->group, words) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "try again later");
	return e < 0
		? e
		: order_tellf(t, o,
			  e ? "The case about \"%.*s\" is settled by you. No mark stays; those who told the moderators hear of it today.\n"
				: "The case about \"%.*s\" was settled already.\n",
			  SLICE_ARG(slice_to(p->subject, 200)));
}

static int withdraw(struct forum_txn *t, struct smtp_order *o, const struct post *p, struct fail *f) {
	int e = p->state == POST_DELETED ? fail_set(f, ERR_GONE, "that post was taken back already")
		: settle(t, o, p->id, VERDICT_DELETE, SLICE("withdrawn by its author"), f);

	return e < 0 ? e
				 : order_tellf(t, o, "Your post \"%.*s\" is taken back, and the case is settled by you.\n",
					   SLICE_ARG(slice_to(p->subject, 200)));
}

/* an edit settles what it was asked for: the new post starts without a case */
static int mend(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f) {
	int e = settle(t, o, o->post, VERDICT_KEEP, SLICE("settled by its author, who changed the text"), f);

	return e < 0 ? e : order_edit(t, a, o, f);
}

static int answer(struct forum_txn *t, struct smtp_order *o, const struct post *p, struct fail *f) {
	struct slice words = slice_trim(o->text);
	uint64_t action;
	int e = 0;

	if (!words.n)
		return fail_set(f, ERR_INVALID, "nothing was written");
	for (unsigned i = 0; i < ANSWERS_A_DAY && e == 0; i++)
		e = order_once(t, o, arena_printf(forum_arena(t), "case-answer-%u", i), ORDER_DAY);
	if (e <= 0)
		return e < 0 ? fail_set(f, ERR_UNAVAILABLE, "try again later")
					 : fail_set(f, ERR_LIMIT, "the moderators have heard enough for today; write again tomorrow");
	if ((e = moderate_verdict(t, p->id, o->member, VERDICT_NOTE,
			 arena_slicef(forum_arena(t), "its author: %.*s", SLICE_ARG(slice_to(words, 1500))), &action, f)) < 0)
		return e;
	if ((e = notice_case_answer(t, p, o->group, words)) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "try again later");
	return order_tellf(t, o,
		e ? "Your words went to the moderators.\n"
		  : "Your words are in the record; there is no moderator who reads mail.\n");
}

int order_author_case(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f) {
	struct post p;

	o->post = replace_latest(t, o->post);
	if (post_get(t, o->post, &p) <= 0 || p.author != o->member)
		return fail_set(f, ERR_GONE, "that post is not there any more");
	switch (o->verb) {
	case VERB_APOLOGISE:
		return apologise(t, o, &p, f);
	case VERB_WITHDRAW: case VERB_UNDO:
		return withdraw(t, o, &p, f);
	case VERB_EDIT:
		return mend(t, a, o, f);
	default:
		return answer(t, o, &p, f);
	}
}
