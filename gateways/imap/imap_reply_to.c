/* The author line of a post leads nowhere a mail program may send to (author-ID@DOMAIN), and a post has no To line. So
 * a post in a group that says nothing itself gets a Reply-To line of the group, here and only here: newsreaders answer
 * to the group anyway. Header, ENVELOPE and size are made from the same line, so they agree.
 *
 * What stands under an UID stays (RFC 3501 2.3.1.1), so a pointer in an own box goes on naming the group it was made
 * for, also when the post is moved: an answer finds its parent wherever that is.
 *
 * In the moderators' queue each open report is a Comments line there: of what kind, who made it, in his words. One
 * report more or less is another text, and has another UID (queue.h).
 *
 * The line of the last group is kept while a command runs (is->reply_to_group; dispatch forgets it). */
#include "forumd/forum/author.h"
#include "forumd/forum/personal.h"
#include "forumd/base/text.h"
#include "forumd/mail/downgrade.h"
#include "forumd/mail/field.h"
#include "forumd/mail/imap_text.h"
#include "forumd/mail/words.h"
#include "gateways/common/post_in.h"
#include "gateways/imap/imap_private.h"

#define CASE_LINES 20

/* the group a post of the selected or asked mailbox stands in; 0 an own message */
static uint32_t reply_group(struct forum_txn *t, const struct overview *o, struct group *g) {
	struct place at;
	if (group_get(t, o->reply_group ? o->reply_group : o->group, g) <= 0)
		return 0;
	if (!g->owner)
		return g->id;
	if (personal_source(t, g->owner, o->post, &at) <= 0 || group_get(t, at.group, g) <= 0 || g->owner)
		return 0;
	return g->id;
}

static void reply_lines(struct imap_session *is, const struct group *g) {
	is->reply_to_line = arena_slicef(is->s.command, "Reply-To: <%.*s@%s>\r\n", SLICE_ARG(g->name),
		is->s.config->domain);
	is->reply_to_list = arena_slicef(is->s.command, "((NIL NIL \"%.*s\" \"%s\"))", SLICE_ARG(g->name),
		is->s.config->domain);
}

/* 1 the lines are ready, 0 this post gets none */
static bool reply_prepare(struct imap_session *is, struct forum_txn *t, const struct overview *o) {
	struct group g;
	if (o->flags & POST_HAS_REPLY_TO)
		return false;
	if (is->reply_to_group && is->reply_to_group == (o->reply_group ? o->reply_group : o->group))
		return true;
	uint32_t id = reply_group(t, o, &g);
	if (id && id != is->reply_to_group)
		reply_lines(is, &g);
	is->reply_to_group = id;
	return id != 0;
}

struct slice imap_reply_to_line(struct imap_session *is, struct forum_txn *t, const struct overview *o) {
	return reply_prepare(is, t, o) ? is->reply_to_line : slice_of("", 0);
}

struct slice imap_reply_to_list(struct imap_session *is, struct forum_txn *t, const struct overview *o) {
	return reply_prepare(is, t, o) ? is->reply_to_list : slice_of("", 0);
}

/* "spam, reported by Bob: his words", as many as a header may have */
static void case_line(struct forum_txn *t, const struct moderate_report *one, struct buf *out) {
	struct buf text = {0}, words = {0};
	if (one->kind == REPORT_PENDING) {
		buf_adds(&text, "waits for approval");
	} else {
		struct slice by = author_name(t, one->member, slice_of("", 0));
		buf_addf(&text, "%s, reported by %.*s", report_kind_name(one->kind), SLICE_ARG(by));
	}
	struct slice why = moderate_words(t, one->reason, one->likeness);
	buf_addf(&text, "%s%.*s", why.n ? ": " : "", SLICE_ARG(why));
	words_encode(buf_slice(&text), &words);
	field_write(out, "Comments", buf_slice(&words));
	buf_free(&text);
	buf_free(&words);
}

struct slice imap_case_lines(struct imap_session *is, struct forum_txn *t, const struct overview *o) {
	struct moderate_report one;
	struct buf out = {0};
	uint64_t cursor = 0;
	unsigned n = 0;
	if (!(o->flags & POST_CASE_OPEN))
		return slice_of("", 0);
	while (moderate_report_next(t, o->post, &cursor, &one) > 0)
		if (n++ < CASE_LINES)
			case_line(t, &one, &out);
	if (n > CASE_LINES)
		buf_addf(&out, "Comments: and %u more reports\r\n", n - CASE_LINES);
	struct slice lines = arena_slice(is->s.command, buf_slice(&out));
	buf_free(&out);
	return lines;
}

struct slice imap_added_lines(struct imap_session *is, struct forum_txn *t, const struct overview *o) {
	struct slice reply_to = imap_reply_to_line(is, t, o), lines = imap_case_lines(is, t, o);
	return lines.n ? arena_slicef(is->s.command, "%.*s%.*s", SLICE_ARG(reply_to), SLICE_ARG(lines)) : reply_to;
}

uint32_t imap_size(struct imap_session *is, struct forum_txn *t, const struct overview *o) {
	struct slice added = imap_added_lines(is, t, o);
	uint32_t size = overview_size(t, o) + (uint32_t)added.n;
	struct buf header = {0};
	struct post p;
	if (is->utf8_accept || !imap_header_is_wide(t, o->flags, o->author, o->from))
		return size;
	if (post_get(t, o->post, &p) > 0 && imap_header(t, &p, added, false, &header) == 2)
		size = (uint32_t)buf_len(&header) + 2 + o->body_len;
	buf_free(&header);
	return size;
}

bool imap_header_is_wide(struct forum_txn *t, uint32_t flags, uint32_t author, struct slice from) {
	return !(flags & POST_HEADER_ASCII) || !text_is_ascii(author_from(t, author, from));
}

/* what was appended to out from there on, if it is more than ASCII, becomes its surrogate: 1, 2 */
static int header_narrow(struct buf *out, size_t from) {
	struct buf narrow = {0};
	struct slice header = slice_from(buf_slice(out), from);
	if (text_is_ascii(header))
		return 1;
	downgrade_header(header, &narrow);
	buf_truncate(out, from);
	buf_add_slice(out, buf_slice(&narrow));
	buf_free(&narrow);
	return 2;
}

static int header_add(struct forum_txn *t, const struct post *p, struct slice added, struct buf *out) {
	size_t before = buf_len(out), at = p->from_off + author_from(t, p->author, p->from).n + strlen("From: \r\n");
	int r = post_header(t, p, out);
	size_t n = buf_len(out) - before;
	if (r < 0 || !added.n || at > n)
		return r;
	buf_reserve(out, added.n);
	char *place = buf_bytes(out) + before + at;
	memmove(place + added.n, place, n - at);
	memcpy(place, added.p, added.n);
	buf_commit(out, added.n);
	return r;
}

int imap_header(struct forum_txn *t, const struct post *p, struct slice added, bool utf8, struct buf *out) {
	size_t from = buf_len(out);
	int r = header_add(t, p, added, out);
	return r < 0 || utf8 || !imap_header_is_wide(t, p->flags, p->author, p->from) ? r : header_narrow(out, from);
}

int imap_wide_envelope(struct imap_session *is, struct forum_txn *t, const struct overview *o, struct arena **a_r,
	struct envelope *e) {
	struct imap_text_envelope text;
	struct buf header = {0};
	struct post p;
	if (is->utf8_accept || !imap_header_is_wide(t, o->flags, o->author, o->from))
		return 0;
	int r = post_get(t, o->post, &p);
	if (r > 0)
		r = imap_header(t, &p, imap_added_lines(is, t, o), false, &header);
	if (r == 2) {
		struct arena *a = *a_r = arena_new();
		post_in_envelope(a, buf_slice(&header), &text);
		e->before = arena_slice(a, buf_slice(&text.before));
		e->from = arena_slice(a, buf_slice(&text.from));
		e->sender = arena_slice(a, buf_slice(&text.sender));
		e->reply_to = arena_slice(a, buf_slice(&text.reply_to));
		e->after = arena_slice(a, buf_slice(&text.after));
		imap_text_envelope_free(&text);
	}
	buf_free(&header);
	return r < 0 ? r : r == 2;
}
