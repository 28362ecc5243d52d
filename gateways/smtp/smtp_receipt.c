/* smtp_receipt.c - the honest receipt: the text exactly as published, what was left out and why, where it hangs, who is
 * mailed and when, and how to change one's mind. */
#include "forumd/base/clock.h"
#include "forumd/forum/author.h"
#include "forumd/forum/mailq.h"
#include "forumd/mail/date.h"
#include "forumd/mail/subject.h"
#include "forumd/mail/trim.h"
#include "gateways/common/notice.h"
#include "gateways/smtp/smtp_order.h"

#define UNDO_MIN 600
#define SHOWN_MAX 10000
#define AUDIENCE_MAX 2000

int64_t smtp_receipt_undo_until(const struct post *p, unsigned hold_seconds) {
	return p->arrival + (hold_seconds > UNDO_MIN ? hold_seconds : UNDO_MIN);
}

bool smtp_receipt_may_confirm(struct slice hold) {
	return slice_is(hold, HOLD_UNPROVEN) || slice_is(hold, HOLD_CHECK) || slice_is(hold, HOLD_PRIVATE) ||
		slice_is(hold, HOLD_AGAIN) || slice_is(hold, HOLD_PACE);
}

static void add_time(int64_t at, struct buf *out) {
	int hour, min;

	clock_civil(at, NULL, NULL, NULL, &hour, &min, NULL, NULL);
	buf_addf(out, "%02d:%02d UTC", hour, min);
}

static void add_place(struct forum_txn *t, const struct post *p, struct slice group, struct buf *out) {
	struct buf date = { 0 };
	struct post parent;

	buf_addf(out, "Where:    %.*s", SLICE_ARG(group));
	if (p->parent && post_get(t, p->parent, &parent) > 0) {
		date_write(&date, parent.date);
		buf_addf(out, ", under %.*s, %.*s%s\n          mid:%.*s\n",
			SLICE_ARG(author_name(t, parent.author, parent.from)), SLICE_ARG(buf_slice(&date)),
			parent.state == POST_DELETED
				? "\n          (that post was taken away meanwhile; your answer keeps its place below it)"
				: "",
			SLICE_ARG(slice_sub(parent.message_id, 1, parent.message_id.n - 2)));
	} else {
		buf_adds(out, ", a new thread\n");
	}
	buf_addf(out, "Link:     mid:%.*s\n", SLICE_ARG(slice_sub(p->message_id, 1, p->message_id.n - 2)));
	buf_free(&date);
}

static void add_cut(const struct post_in_cut *c, struct buf *out) {
	static const struct { unsigned reason; const char *name; } words[] = {
		{ TRIM_QUOTE, "quotation" },
		{ TRIM_ATTRIBUTION, "the line that introduces it" },
		{ TRIM_HEADERS, "the copied header" },
		{ TRIM_SIGNATURE, "signature" },
		{ TRIM_BOILERPLATE, "lines of the mail program" },
	};
	const char *sep = ": ";

	if (!c->changed || (!c->lines && !c->pictures && !c->from_html && !c->left)) {
		buf_addf(out, "Cut:      nothing%s\n", c->only_quote ? " (nothing but a quotation was there)" : "");
		return;
	}
	buf_addf(out, "Cut:      %zu line%s", c->lines, c->lines == 1 ? "" : "s");
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		if (c->reasons & words[i].reason) {
			buf_addf(out, "%s%s", sep, words[i].name);
			sep = ", ";
		}
	}
	if (c->pictures)
		buf_addf(out, "; %u picture%s shown there before", c->pictures, c->pictures == 1 ? "" : "s");
	if (c->left)
		buf_addf(out, "; %u file%s beyond the limit, named below", c->left, c->left == 1 ? "" : "s");
	buf_addf(out, "%s\n          Your mail is kept as it came.\n", c->from_html ? "; the HTML was made text" : "");
}

/* the subject without Re: and the like says something else than the parent's */
static bool other_subject(struct forum_txn *t, const struct post *p) {
	struct buf own = { 0 }, above = { 0 };
	struct post parent;
	bool other = false;

	if (p->parent && post_get(t, p->parent, &parent) > 0 && parent.subject.n) {
		subject_base(p->subject, &own);
		subject_base(parent.subject, &above);
		other = buf_len(&own) && !slice_eq_nocase(buf_slice(&own), buf_slice(&above));
	}
	buf_free(&own);
	buf_free(&above);
	return other;
}

static void add_ways(struct forum_txn *t, const struct post *p, const struct smtp_receipt *r, struct buf *out) {
	buf_adds(out, "\nAnswer this mail with one of these words:\n");
	if (r->hold.n && smtp_receipt_may_confirm(r->hold))
		buf_adds(out, "  confirm       it is yours and meant for all: publish it\n");
	buf_adds(out, "  undo          take it back (until ");
	add_time(smtp_receipt_undo_until(p, r->hold_seconds), out);
	buf_adds(out, ")\n");
	if (r->cut->changed)
		buf_adds(out, "  whole         publish your mail uncut\n");
	if (other_subject(t, p))
		buf_adds(out, "  split         make it a thread of its own: it has another subject than what it answers\n");
	buf_adds(out, "  under mid:ID  hang it under another post\n"
		"  edit          and below it the whole new text: it stands in the place of this one\n");
	buf_adds(out, "No more of these: send  set receipts=off  to commands.\n");
}

int smtp_receipt_add(struct forum_txn *t, const struct smtp_receipt *r) {
	struct buf b = { 0 };
	struct notice n = { .to = r->address, .about = r->message_id };
	struct slice shown = slice_to(r->cut->text, SHOWN_MAX), line;
	struct group g;
	struct post p;
	unsigned readers;
	int e;

	if ((e = post_get(t, r->post, &p)) <= 0 || (e = group_get(t, r->group, &g)) <= 0)
		return e;
	if (p.state == POST_PENDING) {
		buf_addf(&b, "Your mail is not published yet: %.*s.\nA moderator will look at it: it waits since ",
			SLICE_ARG(r->hold.n ? r->hold : SLICE("moderated group")));
		add_time(p.arrival, &b);
		buf_addf(&b, ", and the moderators are told in these minutes%s.\n\n",
			smtp_receipt_may_confirm(r->hold) ? "; or you answer below" : "");
		n.subject = arena_slicef(forum_arena(t), "Waiting in %.*s: %.*s", SLICE_ARG(g.name),
			SLICE_ARG(slice_to(p.subject, 200)));
	} else {
		buf_adds(&b, "Your mail is published.\n\n");
		n.subject = arena_slicef(forum_arena(t), "Published in %.*s: %.*s", SLICE_ARG(g.name),
			SLICE_ARG(slice_to(p.subject, 200)));
	}
	add_place(t, &p, g.name, &b);
	readers = mailq_audience(t, &p, AUDIENCE_MAX);
	buf_addf(&b, "Mailed:   to %u member%s%s", readers, readers == 1 ? "" : "s",
		readers >= AUDIENCE_MAX ? " or more" : "");
	if (p.state == POST_PENDING) {
		buf_adds(&b, ", once it is published");
	} else if (r->hold_seconds) {
		buf_adds(&b, ", at ");
		add_time(p.arrival + r->hold_seconds, &b);
	}
	buf_adds(&b, "\n");
	add_cut(r->cut, &b);
	add_ways(t, &p, r, &b);
	buf_adds(&b, "\n------ as published ------\n");
	while (!r->unproven && slice_line(&shown, &line))
		buf_addf(&b, "%.*s\n", SLICE_ARG(line));
	if (r->unproven)
		buf_adds(&b, "(not repeated here: nobody knows yet whether you wrote it)\n");
	n.name = g.name;
	n.text = buf_slice(&b);
	n.reply_to = notice_answer_to(t, TOKEN_RECEIPT, p.id, r->member, r->group, 30);
	e = notice_add(t, &n);
	buf_free(&b);
	return e;
}
