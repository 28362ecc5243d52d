/* nntp_cmd_article.c - ARTICLE, HEAD, BODY, STAT, NEXT, LAST.
 *
 * What a reader gets is the stored public header with the author line in it, and lines of the daemon in front of it.
 * Posts that are dot-free (POST_DOT_FREE: no dot at a line's beginning, CRLF throughout and at the end) are copied as
 * they are or, on a compressed connection, spliced from the store without being inflated. Large bodies go out in steps;
 * when the post vanishes between two of them the connection is cut: half an article must not look whole. */
#include "forumd/base/clock.h"
#include "forumd/base/num.h"
#include "forumd/base/stat.h"
#include "forumd/base/text.h"
#include "forumd/forum/author.h"
#include "forumd/forum/marks.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/field.h"
#include "forumd/run/writer.h"
#include "gateways/common/splice.h"
#include "gateways/nntp/nntp_private.h"

#define ONE_STEP_BODY (128 * 1024)
#define STREAM_STEP (64 * 1024)
#define AT_ONCE_READS 10
#define BULK_READS 100

/* ---- lines in front ---------------------------------------------------------------------------------------------- */

static bool front_readable(struct session *s, struct forum_txn *t, uint32_t id, struct group *g_r) {
	/* own boxes have no name for others, nor for Newsgroups and Xref */
	return group_get(t, id, g_r) > 0 && !g_r->removed && g_r->access != GROUP_OWN && rights_can_read(t, s->member, g_r);
}

void nntp_newsgroups(struct session *s, struct forum_txn *t, const struct post *p, struct buf *out) {
	struct group g;
	bool any = false;
	for (size_t i = 0; i < p->nplaces; i++) {
		if (!front_readable(s, t, p->places[i].group, &g))
			continue;
		if (any)
			buf_addc(out, ',');
		buf_add_slice(out, g.name);
		any = true;
	}
}

void nntp_xref(struct session *s, struct forum_txn *t, const struct post *p, struct buf *out) {
	struct group g;
	buf_adds(out, s->config->domain);
	for (size_t i = 0; i < p->nplaces; i++) {
		if (!p->places[i].number || !front_readable(s, t, p->places[i].group, &g))
			continue;
		buf_addc(out, ' ');
		buf_add_slice(out, g.name);
		buf_addc(out, ':');
		buf_addu(out, p->places[i].number);
	}
}

/* who is responsible for its being in a moderated group */
static void front_approved(struct session *s, struct forum_txn *t, const struct post *p, struct buf *out) {
	struct group g;
	for (size_t i = 0; (p->flags & POST_APPROVED) && i < p->nplaces; i++)
		if (front_readable(s, t, p->places[i].group, &g) && g.moderated) {
			buf_addf(out, "%.*s-owner@%s", SLICE_ARG(g.name), s->config->domain);
			return;
		}
}

/* One of the daemon's lines by number: its name and value; false: this post has none of it. NULL ends the list. */
static const char *const front_names[] = { "Path", "Newsgroups", "Xref", "Forum-Flags", "Forum-Thread", "Approved",
	NULL };

static bool front_value(struct session *s, struct forum_txn *t, const struct post *p, int which, struct buf *out) {
	size_t before = buf_len(out);
	switch (which) {
	case 0:
		if (!(p->flags & POST_HAS_PATH)) {
			buf_adds(out, s->config->domain);
			buf_adds(out, "!not-for-mail");
		}
		break;
	case 1:
		if (!(p->flags & POST_HAS_NEWSGROUPS))
			nntp_newsgroups(s, t, p, out);
		break;
	case 2:
		nntp_xref(s, t, p, out);
		break;
	case 3:
		buf_add_slice(out, moderate_flags_text(t, p));
		break;
	case 4:
		if (p->parent) {
			buf_adds(out, "by=");
			buf_adds(out, parent_reason_name(p->reason));
		}
		break;
	case 5:
		front_approved(s, t, p, out);
		break;
	}
	return buf_len(out) > before;
}

void nntp_front(struct session *s, struct forum_txn *t, const struct post *p, struct buf *out) {
	for (int i = 0; front_names[i]; i++) {
		size_t before = buf_len(out);
		buf_adds(out, front_names[i]);
		buf_add(out, ": ", 2);
		if (front_value(s, t, p, i, out))
			buf_add(out, "\r\n", 2);
		else
			buf_truncate(out, before);
	}
}

bool nntp_header_value(struct session *s, struct forum_txn *t, const struct post *p, struct slice name,
	struct buf *out) {
	struct buf header = { 0 };
	char field[256];
	for (int i = 0; front_names[i]; i++)
		if (slice_is_nocase(name, front_names[i]) && front_value(s, t, p, i, out))
			return true;
	bool found = slice_cstr(name, field, sizeof field) && post_header(t, p, &header) > 0 &&
		field_get(buf_slice(&header), field, out);
	buf_free(&header);
	return found;
}

/* ---- finding ------------------------------------------------------------------------------------------------------ */

/* drafts and sent mail of the member: not news */
static bool found_in_own_box(struct forum_txn *t, const struct post *p) {
	struct group g;
	return p->nplaces && group_get(t, p->places[0].group, &g) > 0 && g.access == GROUP_OWN;
}

int nntp_post_by_msgid(struct session *s, struct forum_txn *t, struct slice id, struct post *p_r) {
	int r = post_by_msgid(t, id, p_r);
	return r > 0 && (p_r->state == POST_DELETED || !rights_can_see(t, s->member, p_r) || found_in_own_box(t, p_r)) ? 0
																												   : r;
}

struct found { struct forum_txn *t; struct post post; uint32_t group, number; bool elsewhere; enum step step; };

static int found_by_msgid(struct session *s, struct slice id, struct found *f) {
	int r;
	f->t = session_read(s);
	r = f->t ? nntp_post_by_msgid(s, f->t, id, &f->post) : ERR_UNAVAILABLE;
	if (r <= 0)
		f->step = r < 0 ? nntp_fail(s, r) : nntp_reply(s, "430 no such article");
	return r > 0;
}

/* The number is a hole: a reader who may read the post where it is now is told so. */
static enum step found_moved(struct session *s, struct forum_txn *t, uint32_t group, uint32_t number) {
	struct group g;
	struct post p;
	if (!number || post_moved_from(t, group, number, &p) <= 0 || p.state != POST_VISIBLE)
		return nntp_reply(s, "423 no article with that number");
	for (size_t i = 0; i < p.nplaces; i++)
		if (p.places[i].number && front_readable(s, t, p.places[i].group, &g))
			return nntp_replyf(s, "423 moved to %.*s:%u", SLICE_ARG(g.name), p.places[i].number);
	return nntp_reply(s, "423 no article with that number");
}

/* number 0: the current one */
static int found_by_number(struct session *s, uint32_t number, bool current, struct found *f) {
	struct nntp_session *n = nntp_of(s);
	struct overview o;
	struct group g;
	if (!nntp_selected(s, &f->t, &g, &f->step))
		return 0;
	if (current && !(number = n->number)) {
		f->step = nntp_reply(s, "420 no current article");
		return 0;
	}
	int r = number ? overview_get(f->t, g.id, number, &o) : 0;
	if (r > 0 && nntp_hidden_has(s, f->t, g.id, number))
		r = 0;
	if (r > 0)
		r = post_get(f->t, o.post, &f->post);
	if (r <= 0) {
		f->step = r < 0 ? nntp_fail(s, r)
			: current   ? nntp_reply(s, "420 the current article is gone")
						: found_moved(s, f->t, g.id, number);
		return 0;
	}
	f->group = g.id;
	f->number = n->number = number;
	f->elsewhere = g.access == GROUP_OWN;
	return 1;
}

/* 1 found; 0 answered */
static int found_by_argument(struct session *s, struct slice *args, unsigned nargs, struct found *f) {
	uint64_t v;
	f->group = f->number = 0;
	f->elsewhere = true;
	if (!nargs)
		return found_by_number(s, 0, true, f);
	if (nntp_is_msgid(args[0]))
		return found_by_msgid(s, args[0], f);
	if (!num_parse_u64(args[0], &v)) {
		f->step = nntp_syntax(s, "an article is a number or a <message-id>");
		return 0;
	}
	return found_by_number(s, v > UINT32_MAX ? 0 : (uint32_t)v, false, f);
}

/* ---- sending ------------------------------------------------------------------------------------------------------ */

static enum step body_end(struct session *s) {
	struct nntp_session *n = nntp_of(s);
	post_stream_free(&n->stream);
	dotted_end(session_out(s), n->bol);
	s->step = NULL;
	return STEP_DONE;
}

/* A CR at the end of a piece may be half of a CRLF: it waits for the next piece. */
static void body_piece(struct nntp_session *n, struct buf *tmp, bool last) {
	struct buf *out = session_out(&n->s);
	struct buf whole = { 0 };
	struct slice text = buf_slice(tmp);
	if (n->dot_free) {
		dotted_write(out, text, true, &n->bol);
		return;
	}
	if (n->held_cr) {
		buf_addc(&whole, '\r');
		buf_add_slice(&whole, text);
		text = buf_slice(&whole);
	}
	n->held_cr = !last && text.n && text.p[text.n - 1] == '\r';
	if (n->held_cr)
		text.n--;
	dotted_write(out, text, false, &n->bol);
	buf_free(&whole);
}

static enum step body_more(struct session *s) {
	struct nntp_session *n = nntp_of(s);
	struct forum_txn *t = session_read(s);
	struct buf tmp = { 0 };
	int r = t ? 1 : ERR_UNAVAILABLE;
	while (r > 0 && !conn_full(s->conn)) {
		buf_reset(&tmp);
		r = post_stream_read(t, n->stream, STREAM_STEP, &tmp);
		if (r >= 0)
			body_piece(n, &tmp, r == 0);
	}
	buf_free(&tmp);
	if (r < 0) {
		session_log(s, "article cut: %s", err_name(r));
		conn_abort(s->conn);
		return STEP_CLOSE;
	}
	return r > 0 ? nntp_more(s, body_more) : body_end(s);
}

static enum step send_body(struct session *s, struct forum_txn *t, const struct post *p) {
	struct nntp_session *n = nntp_of(s);
	struct buf *out = session_out(s), tmp = { 0 };
	n->bol = true;
	n->held_cr = false;
	n->dot_free = p->flags & POST_DOT_FREE;
	if (p->body_len > ONE_STEP_BODY) {
		n->stream = post_stream_new(p->id);
		return body_more(s);
	}
	int r = post_body(t, p, 0, p->body_len, n->dot_free ? out : &tmp);
	if (r >= 0 && !n->dot_free)
		dotted_write(out, buf_slice(&tmp), false, &n->bol);
	buf_free(&tmp);
	if (r < 0) {
		session_log(s, "body of post %llu: %s", (unsigned long long)p->id, err_name(r));
		conn_abort(s->conn);
		return STEP_CLOSE;
	}
	return body_end(s);
}

static int send_header(struct session *s, struct forum_txn *t, const struct post *p) {
	struct buf *out = session_out(s), tmp = { 0 };
	bool bol = true;
	nntp_front(s, t, p, out);
	if (p->flags & POST_DOT_FREE)
		return post_header(t, p, out);
	int r = post_header(t, p, &tmp);
	dotted_write(out, buf_slice(&tmp), false, &bol);
	buf_free(&tmp);
	return r;
}

/* the text written so far, begun at *at, goes in front of the segment */
static int splice_piece(struct forum_txn *t, const struct post *p, unsigned piece, struct buf *z, size_t *at) {
	splice_end(z, *at);
	int r = post_piece(t, p, piece, z);
	*at = splice_begin(z);
	return r;
}

/* The stored segments, as they are, with the few lines of ours between them: a compressed answer without a compressor.
 */
static int splice_parts(struct session *s, struct forum_txn *t, const struct post *p, const char *line,
	enum nntp_parts parts) {
	struct buf *z = conn_spliced(s->conn);
	size_t begin = buf_len(z), at = splice_begin(z);
	int r = 1;
	buf_adds(z, line);
	if (parts & NNTP_HEAD) {
		nntp_front(s, t, p, z);
		if (p->from_off)
			r = splice_piece(t, p, 0, z, &at);
		buf_adds(z, "From: ");
		buf_add_slice(z, author_from(t, p->author, p->from));
		buf_adds(z, "\r\n");
		if (r >= 0)
			r = splice_piece(t, p, 1, z, &at);
	}
	if (parts == NNTP_ARTICLE)
		buf_adds(z, "\r\n");
	if (r >= 0 && (parts & NNTP_BODY))
		r = splice_piece(t, p, 2, z, &at);
	buf_adds(z, ".\r\n");
	splice_end(z, at);
	if (r < 0)
		buf_truncate(z, begin);
	return r;
}

static enum step send_cut(struct session *s, const struct post *p, int r) {
	session_log(s, "post %llu: %s", (unsigned long long)p->id, err_name(r));
	conn_abort(s->conn);
	return STEP_CLOSE;
}

/* marks are kept where the post stands, not at the pointer that led to it */
static void send_mark(struct session *s, const struct found *f) {
	struct place at = { f->group, f->number };
	if (!f->elsewhere || personal_source(f->t, s->member, f->post.id, &at) > 0)
		nntp_mark_read(s, f->t, at.group, at.number);
}

static enum step send_parts(struct session *s, struct found *f, int code, enum nntp_parts parts) {
	const struct post *p = &f->post;
	char *line = arena_printf(s->command, "%d %u %.*s\r\n", code, f->number, SLICE_ARG(p->message_id));
	int r;
	stat_add(STAT_articles_out, 1);
	if ((parts & NNTP_BODY) && s->member)
		send_mark(s, f);
	bool small = !(parts & NNTP_BODY) || p->body_z <= ONE_STEP_BODY;      /* larger ones go in steps, deflated anew */
	if ((p->flags & POST_DOT_FREE) && small && conn_is_deflate(s->conn)) {
		r = splice_parts(s, f->t, p, line, parts);
		return r < 0 ? send_cut(s, p, r) : STEP_DONE;
	}
	buf_adds(session_out(s), line);
	if ((parts & NNTP_HEAD) && (r = send_header(s, f->t, p)) < 0)
		return send_cut(s, p, r);
	if (parts == NNTP_HEAD)
		return nntp_finish(s);
	if (parts == NNTP_ARTICLE)
		buf_adds(session_out(s), "\r\n");
	return send_body(s, f->t, p);
}

static enum step article_command(struct session *s, struct slice *args, unsigned nargs, int code,
	enum nntp_parts parts) {
	struct found f;
	if (!found_by_argument(s, args, nargs, &f))
		return f.step;
	return send_parts(s, &f, code, parts);
}

enum step nntp_cmd_article(struct session *s, struct slice *args, unsigned nargs) {
	return article_command(s, args, nargs, 220, NNTP_ARTICLE);
}

enum step nntp_cmd_head(struct session *s, struct slice *args, unsigned nargs) {
	return article_command(s, args, nargs, 221, NNTP_HEAD);
}

enum step nntp_cmd_body(struct session *s, struct slice *args, unsigned nargs) {
	return article_command(s, args, nargs, 222, NNTP_BODY);
}

enum step nntp_cmd_stat(struct session *s, struct slice *args, unsigned nargs) {
	struct found f;
	if (!found_by_argument(s, args, nargs, &f))
		return f.step;
	return nntp_replyf(s, "223 %u %.*s", f.number, SLICE_ARG(f.post.message_id));
}

static enum step neighbour(struct session *s, bool next) {
	struct nntp_session *n = nntp_of(s);
	struct forum_txn *t;
	struct overview o;
	struct group g;
	enum step step;
	uint32_t to;
	if (!nntp_selected(s, &t, &g, &step))
		return step;
	if (!n->number)
		return nntp_reply(s, "420 no current article");
	int r = 1;
	for (to = n->number; (r = next ? overview_after(t, g.id, to, &to) : overview_before(t, g.id, to, &to)) > 0;)
		if (!nntp_hidden_has(s, t, g.id, to))
			break;
		else
			nntp_hidden(s, t, g.id);        /* there may be many */
	if (r > 0)
		r = overview_get(t, g.id, to, &o);
	if (r < 0)
		return nntp_fail(s, r);
	if (r == 0)
		return nntp_reply(s, next ? "421 no next article" : "422 no previous article");
	n->number = to;
	return nntp_replyf(s, "223 %u %.*s", to, SLICE_ARG(o.message_id));
}

enum step nntp_cmd_next(struct session *s, struct slice *args, unsigned nargs) {
	(void)args, (void)nargs;
	return neighbour(s, true);
}

enum step nntp_cmd_last(struct session *s, struct slice *args, unsigned nargs) {
	(void)args, (void)nargs;
	return neighbour(s, false);
}

/* ---- read marks ---------------------------------------------------------------------------------------------------- */

struct marks_job { uint32_t member, group; struct range_set set; };

static void marks_job_free(void *arg) {
	range_set_free(arg);
}

static int marks_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct marks_job *m = j->data;
	int r = marks_set(t, m->member, m->group, MARK_SEEN, &m->set, true);
	return r < 0 ? fail_set(f, r, "marks") : r;
}

/* nobody waits for the answer: a mark that is lost in a crash is read again */
void nntp_marks_flush(struct session *s) {
	struct nntp_marks *k = &nntp_of(s)->marks;
	struct writer *w = writer_current();
	if (k->n && w && s->member) {
		struct job *j = job_new(NULL, marks_apply);
		struct marks_job *m = ARENA_NEW(j->arena, struct marks_job);
		m->member = s->member;
		m->group = k->group;
		range_set_copy(&m->set, &k->set);
		arena_on_reset(j->arena, marks_job_free, &m->set);
		j->data = m;
		j->lane = JOB_BULK;
		writer_submit(w, j);
	}
	range_set_clear(&k->set);
	k->n = 0;
}

/* At the end of a run of commands: written at once for a few articles; more of them in one second may become a
 * download, so they wait for a pause, or for the end of the session. */
void nntp_marks_drained(struct session *s) {
	if (nntp_of(s)->marks.burst <= AT_ONCE_READS)
		nntp_marks_flush(s);
}

/* People read; programs fetch. More than a hundred articles without a second's pause is a download, and no mark. */
void nntp_mark_read(struct session *s, struct forum_txn *t, uint32_t group, uint32_t number) {
	struct nntp_marks *k = &nntp_of(s)->marks;
	int64_t now = clock_mono_ms();
	if (!k->on || !number)
		return;
	if (k->n && (now - k->last_ms > 1000 || k->group != group))
		nntp_marks_flush(s);
	if (now - k->last_ms > 1000)
		k->burst = 0;
	k->last_ms = now;
	if (++k->burst > BULK_READS) {
		range_set_clear(&k->set);
		k->n = 0;
		return;
	}
	if (marks_has(t, s->member, group, number, MARK_SEEN))
		return;
	k->group = group;
	range_set_add(&k->set, number, number);
	k->n++;
}
