/* smtp_order_post.c - words about a post or its thread: mute, watch, flag, and those of a receipt. */
#include "forumd/base/rnd.h"
#include "forumd/forum/author.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/thread.h"
#include "forumd/forum/watch.h"
#include "forumd/base/text.h"
#include "forumd/mail/date.h"
#include "forumd/mail/field.h"
#include "forumd/mail/mime.h"
#include "forumd/mail/msgid.h"
#include "forumd/mail/reply_body.h"
#include "forumd/mail/words.h"
#include "gateways/common/notice.h"
#include "gateways/common/act.h"
#include "gateways/smtp/smtp_order_private.h"

int order_watch(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	static const char *const texts[] = {
		[WATCH_NONE] = "The thread \"%.*s\" is neither muted nor watched any more.\n",
		[WATCH_ON] =
			"Every post of the thread \"%.*s\" is mailed to you. To end it, answer one of its posts with  unmute\n",
		[WATCH_MUTED] =
			"The thread \"%.*s\" is muted: only direct replies to you are mailed. To undo, answer a post of it with  unmute\n",
	};
	enum watch w = o->verb == VERB_MUTE ? WATCH_MUTED : o->verb == VERB_WATCH ? WATCH_ON : WATCH_NONE;
	struct post p;

	if (!o->post || post_get(t, o->post, &p) <= 0 || !rights_can_see(t, o->member, &p))
		return fail_set(f, ERR_INVALID, "answer a post of the thread with the word %s", order_verb_word(o->verb));
	if (watch_set(t, o->member, p.thread, w) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "try again later");
	trace_add(t, p.id, o->message_id, "%s by member %u", order_verb_word(o->verb), o->member);
	return order_tellf(t, o, texts[w], SLICE_ARG(slice_to(p.subject, 200)));
}

int order_flag(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	struct slice rest = o->rest, kind;
	struct post p;
	int k, e;

	if (!o->post || post_get(t, o->post, &p) <= 0 || !rights_can_see(t, o->member, &p))
		return fail_set(f, ERR_INVALID, "answer the post with  flag KIND [why]");
	if (!slice_word(&rest, &kind) || (k = report_kind_parse(kind)) < 0 || k == REPORT_PENDING)
		return fail_set(f, ERR_INVALID, "flag off-topic, spam, uncivil, privacy or other");
	if ((e = moderate_report(t, p.id, o->member, (enum report_kind)k, slice_trim(rest), f)) < 0)
		return e;
	return order_tellf(t, o, "The moderators are told that \"%.*s\" is %s. Nobody else learns that it was you.\n",
		SLICE_ARG(slice_to(p.subject, 200)), report_kind_name((enum report_kind)k));
}

/* his newest post in the thread that can still be taken back */
static int own_latest(struct forum_txn *t, struct smtp_order *o, struct post *p_r) {
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

int order_undo(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
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
	return order_tellf(t, o, "Your post \"%.*s\" is taken back. %s\n", SLICE_ARG(slice_to(p.subject, 200)),
		p.arrival + o->hold_seconds > forum_time(t) ? "Nobody was mailed."
													: "Copies that left already cannot be called back.");
}

/* the receipt of what was done by moving or marking (act.h) was answered */
int order_undo_act(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	struct slice told;
	int e;

	if (o->verb != VERB_UNDO)
		return fail_set(f, ERR_INVALID, "this receipt takes the word undo");
	e = act_undo(t, o->member, o->question, &told, f);
	return e < 0 ? e : order_tellf(t, o, "%.*s\n", SLICE_ARG(told));
}

/* the message without its Message-ID: the new post has one of its own */
static void without_id(struct slice raw, struct buf *out) {
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

/* `raw` is published in the place of p; of a post that waits, it waits instead. cut: may be NULL */
static int replace(struct forum_txn *t, struct arena *a, struct smtp_order *o, const struct post *p, struct slice raw,
	bool quiet, struct post_in_cut *cut, struct post_result *r_r, struct fail *f) {
	uint32_t groups[POST_GROUPS_MAX];
	struct post_draft d;
	int e;

	for (size_t i = 0; i < p->nplaces && i < POST_GROUPS_MAX; i++)
		groups[i] = p->places[i].group;
	struct post_in in = { .source = POST_FROM_MAIL, .member = o->member, .groups = groups, .ngroups = p->nplaces,
		.reply_to = p->parent, .reply_reason = p->reason, .max_size = UINT32_MAX / 2, .attachments_max = o->attachments,
		.cut = cut, .hold = p->state == POST_PENDING,
		.hold_reason = SLICE("stands in the place of one that waited"), .no_mail = quiet,
		.supersedes = p->state == POST_VISIBLE ? p->message_id : SLICE("") };
	if ((e = post_in_parse(t, &in, arena_slice(a, raw), a, &d, f)) < 0)
		return e;
	d.supersedes = p->state == POST_VISIBLE ? p->id : 0;
	if (p->state == POST_PENDING && (e = post_set_state(t, p->id, POST_DELETED, f)) < 0)
		return e;
	return post_add(t, &d, r_r, f);
}

/* still in the hold: nobody was mailed, so everybody gets the new one only */
static bool in_hold(struct forum_txn *t, const struct smtp_order *o, const struct post *p) {
	return p->state == POST_PENDING || p->arrival + o->hold_seconds > forum_time(t);
}

/* the author's post that an answer to its receipt is about */
static int own_post(struct forum_txn *t, const struct smtp_order *o, struct post *p_r, struct fail *f) {
	if (post_get(t, o->post, p_r) <= 0 || p_r->author != o->member ||
		(p_r->state != POST_VISIBLE && p_r->state != POST_PENDING))
		return fail_set(f, ERR_GONE, "that post is not there any more");
	return 1;
}

int order_whole(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f) {
	struct buf raw = { 0 }, fresh = { 0 };
	struct post_in_cut cut = { 0 };
	struct post_result r;
	struct post p;
	int e = own_post(t, o, &p, f);

	if (e < 0)
		return e;
	if (!p.original_crc)
		return fail_set(f, ERR_INVALID, "your mail was published whole already");
	if ((e = post_in_original(t, &p, &raw)) > 0) {
		without_id(buf_slice(&raw), &fresh);
		e = replace(t, a, o, &p, buf_slice(&fresh), !in_hold(t, o, &p), &cut, &r, f);
	}
	buf_free(&raw);
	buf_free(&fresh);
	if (e < 0)
		return f->code ? e : fail_set(f, (enum err)e, "the original cannot be read");
	if (post_get(t, r.id, &p) <= 0)
		return fail_set(f, ERR_UNAVAILABLE, "try again later");
	trace_add(t, r.id, p.message_id, "published whole in the place of what was cut");
	return order_tellf(t, o, "Your mail is published %s, in the place of the shorter text.\n\nLink: mid:%.*s\n",
		cut.left ? "uncut but for the files beyond the limit" : "as it came", SLICE_ARG(slice_sub(p.message_id, 1, p.message_id.n - 2)));
}

/* ---- edit ---- */

/* What stays when the text is replaced: every part but the readable ones, other forms of them, and signatures over it. */
static bool is_kept(const struct mime_table *m, size_t i, int readable) {
	const struct mime_part *p = &m->v[i];
	bool text = slice_is(p->type, "text") && !mime_file_name(p).n;
	bool over_text = slice_is(m->v[p->parent].subtype, "signed") &&
		(slice_is(p->subtype, "pgp-signature") || slice_ends(p->subtype, SLICE("pkcs7-signature")));

	if (p->kind == MIME_MULTIPART || (int)i == readable || over_text || mime_goes_on(m, readable, i))
		return false;
	/* HTML with its pictures is a form of the text too: alternative { plain, related { html, image } } */
	for (int k = p->parent; text && k >= 0; k = m->v[k].parent)
		if (slice_is(m->v[k].subtype, "alternative"))
			return false;
	return true;
}

static bool within_message(const struct mime_table *m, size_t i) {
	while ((i = (size_t)m->v[i].parent) != 0)
		if (m->v[i].kind == MIME_MESSAGE)
			return true;
	return false;
}

/* The parts of the post that stay, each with its header and "--boundary" in front. ERR_INVALID: it has no text to be
 * replaced. */
static int kept_parts(struct forum_txn *t, struct arena *a, const struct post *p, struct slice boundary,
	struct buf *out, struct fail *f) {
	struct buf header = { 0 }, body = { 0 };
	struct mime_table m;
	struct slice b;
	int readable, e = post_header(t, p, &header);

	if (e >= 0)
		e = post_body(t, p, 0, p->body_len, &body);
	if (e >= 0) {
		b = buf_slice(&body);
		mime_scan(a, buf_slice(&header), b, &m);
		readable = mime_readable(&m);
		if (readable < 0 || m.cut || (m.v[0].kind == MIME_MULTIPART && slice_is(m.v[0].subtype, "encrypted")))
			e = fail_set(f, ERR_INVALID,
				"this post has no text that could be changed by mail; take it back with  undo  and send it anew");
		for (size_t i = 1; e >= 0 && i < m.n; i++) {
			if (!is_kept(&m, i, readable) || within_message(&m, i))
				continue;
			buf_addf(out, "\r\n--%.*s\r\n", SLICE_ARG(boundary));
			buf_add_slice(out, slice_sub(b, m.v[i].header_off, m.v[i].header_len));
			buf_add_slice(out, slice_sub(b, m.v[i].body_off, m.v[i].body_len));
		}
	}
	buf_free(&header);
	buf_free(&body);
	return e < 0 && !f->code ? fail_set(f, ERR_UNAVAILABLE, "try again later") : e;
}

void order_message(struct forum_txn *t, struct slice subject, struct slice text, struct buf *out) {
	order_message_with(t, subject, text, SLICE(""), SLICE(""), out);
}

void order_message_with(struct forum_txn *t, struct slice subject, struct slice text, struct slice boundary,
	struct slice parts, struct buf *out) {
	struct buf v = { 0 }, body = { 0 };

	words_encode(subject, &v);
	field_write(out, "Subject", buf_slice(&v));
	buf_reset(&v);
	date_write(&v, forum_time(t));
	field_write(out, "Date", buf_slice(&v));
	buf_adds(out, "MIME-Version: 1.0\r\n");
	if (parts.n)
		buf_addf(out, "Content-Type: multipart/mixed; boundary=\"%.*s\"\r\n\r\n--%.*s\r\n", SLICE_ARG(boundary),
			SLICE_ARG(boundary));
	reply_body_put(text, out, &body);
	buf_adds(out, "\r\n");
	buf_add_slice(out, buf_slice(&body));
	buf_add_slice(out, parts);
	if (parts.n)
		buf_addf(out, "\r\n--%.*s--\r\n", SLICE_ARG(boundary));
	buf_free(&v);
	buf_free(&body);
}

/* the post with another text */
static int edited(struct forum_txn *t, struct arena *a, const struct post *p, struct slice text, struct buf *out,
	struct fail *f) {
	struct buf boundary = { 0 }, parts = { 0 };
	int e;

	buf_adds(&boundary, "edit-");
	rnd_add_id(&boundary);
	e = kept_parts(t, a, p, buf_slice(&boundary), &parts, f);
	field_write(out, "From", p->from);
	if (p->in_reply_to.n)
		field_write(out, "In-Reply-To", p->in_reply_to);
	if (p->references.n)
		field_write(out, "References", p->references);
	order_message_with(t, p->subject, text, buf_slice(&boundary), buf_slice(&parts), out);
	buf_free(&boundary);
	buf_free(&parts);
	return e;
}

int order_edit(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f) {
	bool notify = slice_is_nocase(o->rest, "notify"), hold;
	struct slice text = o->text, line;
	struct buf raw = { 0 }, told = { 0 };
	struct post_result r;
	struct post p;
	int e = own_post(t, o, &p, f);

	while (slice_line(&text, &line) && !slice_trim(line).n)
		;
	if (e < 0)
		return e;
	if (!o->proven)
		return fail_set(f, ERR_DENIED,
			"the sender check of the mail server failed (SPF, DKIM, DMARC): nothing is changed; log in to send it");
	if (o->rest.n && !notify)
		return fail_set(f, ERR_INVALID,
			"write  edit  (or  edit notify ) alone in the first line, and the new text below it");
	if (!slice_trim(text).n)
		return fail_set(f, ERR_INVALID,
			"write the whole new text below the word edit; to take the post back write  undo");
	if (o->text.n >= SMTP_ORDER_TEXT_MAX)
		return fail_set(f, ERR_TOOBIG,
			"a text this long cannot be edited by mail; take the post back with  undo  and send it anew");
	while (text.n && (text.p[0] == '\n' || text.p[0] == '\r'))
		text = slice_from(text, 1);
	hold = in_hold(t, o, &p);
	e = edited(t, a, &p, text, &raw, f);
	if (e >= 0)
		e = replace(t, a, o, &p, buf_slice(&raw), !hold && !notify, NULL, &r, f);
	buf_free(&raw);
	if (e < 0)
		return e;
	if (post_get(t, r.id, &p) <= 0)
		return fail_set(f, ERR_UNAVAILABLE, "try again later");
	trace_add(t, r.id, p.message_id, "edited by its author");
	buf_addf(&told,
		"Your post is changed%s. %s\n\nLink: mid:%.*s\n\nAnswer with  edit  or  undo  to change it again.\n\n------ it reads now ------\n%.*s\n",
		p.state == POST_PENDING ? ", and waits for a moderator" : "",
		hold ? "Nobody had been mailed: everybody gets the new text only."
			: notify
			? "It is mailed again."
			: "Nobody is mailed for it (that would be  edit notify ); news and mail programs show the new text.",
		SLICE_ARG(slice_sub(p.message_id, 1, p.message_id.n - 2)), SLICE_ARG(slice_to(text, 8000)));
	e = order_tell(t, o, "edit", buf_slice(&told), notice_answer_to(t, TOKEN_RECEIPT, r.id, o->member, o->group, 30));
	buf_free(&told);
	return e;
}

/* a thread of its own, by its author */
int order_split(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	struct group g;
	struct post p;
	int e = own_post(t, o, &p, f);

	if (e < 0)
		return e;
	if (p.state != POST_VISIBLE || !p.parent)
		return fail_set(f, ERR_INVALID,
			p.parent ? "the post is not published yet" : "the post is a thread of its own already");
	for (size_t i = 0; i < p.nplaces; i++)
		if (group_get(t, p.places[i].group, &g) <= 0 || (e = rights_can_start(t, o->member, &g, f)) < 0 ||
			(e = rights_can_reply(t, o->member, &g, &p, f)) < 0)
			return f->code ? e : fail_set(f, ERR_NOTFOUND, "no such group");
	if ((e = thread_set_parent(t, p.id, 0, PARENT_MOVED, f)) < 0)
		return e;
	trace_add(t, p.id, p.message_id, "made a thread of its own by its author");
	return order_tellf(t, o,
		"Your post \"%.*s\" is a thread of its own now. To hang it under another one answer the receipt with  under mid:ID\n",
		SLICE_ARG(slice_to(p.subject, 200)));
}

static int find_linked(struct forum_txn *t, struct slice link, struct post *p_r) {
	struct slice id;

	link = slice_trim(link);
	if (slice_starts_nocase(link, SLICE("mid:")))
		link = slice_from(link, 4);
	if (link.n && link.p[0] != '<')
		link = arena_slicef(forum_arena(t), "<%.*s>", SLICE_ARG(link));
	return msgid_next(&link, &id) ? post_by_msgid(t, id, p_r) : 0;
}

int order_under(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	struct post p, parent;
	struct group g;
	bool together = false;
	int e = post_get(t, o->post, &p);

	if (e <= 0 || p.author != o->member || p.state != POST_VISIBLE)
		return fail_set(f, ERR_GONE, "that post is not there any more, or not published yet");
	if (find_linked(t, o->rest, &parent) <= 0 || !rights_can_see(t, o->member, &parent))
		return fail_set(f, ERR_NOTFOUND,
			"no such post: write  under mid:ID  with the link of a receipt or the Message-ID of a post");
	for (size_t i = 0; i < p.nplaces; i++)
		together |= post_number_in(&parent, p.places[i].group) && group_get(t, p.places[i].group, &g) > 0;
	if (!together)
		return fail_set(f, ERR_INVALID, "that post is in another group");
	if ((e = rights_can_reply(t, o->member, &g, &parent, f)) < 0 ||
		(e = rights_can_reply(t, o->member, &g, &p, f)) < 0 ||
		(e = thread_set_parent(t, p.id, parent.id, PARENT_MOVED, f)) < 0)
		return e;
	return order_tellf(t, o, "Your post now hangs under %.*s, \"%.*s\".\n",
		SLICE_ARG(author_name(t, parent.author, parent.from)), SLICE_ARG(slice_to(parent.subject, 200)));
}

/* may he post it now? Since it came its thread may have been locked, or he asked to be silent. 1, < 0 with words */
static int publish_rights(struct forum_txn *t, uint32_t member, const struct post *p, const struct group *g,
	struct fail *f) {
	const struct post_draft d = { .message_id = p->message_id, .in_reply_to = p->in_reply_to,
		.references = p->references, .reply_to = p->parent, .reply_reason = p->reason };
	struct post parent;
	int e = post_answered(t, &d, g->id, &parent);

	if (e < 0)
		return fail_set(f, ERR_UNAVAILABLE, "try again later");
	return e > 0 ? rights_can_reply(t, member, g, &parent, f) : rights_can_start(t, member, g, f);
}

int order_publish(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	struct moderate_case c;
	uint64_t action;
	struct group g;
	struct post p;
	int e = post_get(t, o->post, &p);

	if (e <= 0 || p.author != o->member || p.state != POST_PENDING || moderate_case_get(t, p.id, &c) <= 0)
		return fail_set(f, ERR_INVALID, "there is nothing to confirm: the post does not wait");
	if (!smtp_receipt_may_confirm(c.reason))
		return fail_set(f, ERR_DENIED, "this post waits for a moderator");
	for (size_t i = 0; i < p.nplaces; i++) {
		if (group_get(t, p.places[i].group, &g) <= 0)
			continue;
		if (g.moderated)
			return fail_set(f, ERR_DENIED, "the group is moderated: the post waits for a moderator");
		if ((e = publish_rights(t, o->member, &p, &g, f)) < 0)
			return e;
	}
	if ((e = moderate_verdict(t, p.id, o->member, VERDICT_APPROVE, SLICE("confirmed by its author"), &action, f)) < 0)
		return e;
	return order_tellf(t, o, "Your post \"%.*s\" is published.\n", SLICE_ARG(slice_to(p.subject, 200)));
}
