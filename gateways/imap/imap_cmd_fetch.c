/* FETCH: the items become a plan, the plan runs over the overview of the range.
 *
 * A step writes whole messages until the output is full, then remembers the next UID. Bodies above FETCH_INLINE octets
 * are streamed: the literal's size is said, then each step adds a piece; work->stream is set meanwhile, and the message
 * goes on with the next item afterwards. A post that vanishes inside its own literal ends the connection: half a
 * message must not look whole. No transaction and no iterator outlives a step. */
#include "forumd/base/clock.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/mail/date.h"
#include "forumd/mail/imap_text.h"
#include "forumd/mail/mime.h"
#include "gateways/imap/imap_private.h"
#include "gateways/imap/imap_fetch.h"

#define FETCH_INLINE (128u << 10)
#define FETCH_PIECE (64u << 10)
#define FETCH_STRIDE 64u
#define SURROGATES_MAX 100u      /* runs of UIDs in one DOWNGRADED */
#define PREVIEW_CHARS 200u
#define PREVIEW_READ (32u << 10)

struct fetch {
	struct imap_fetch_plan plan;
	struct range_set *uids, *seen;       /* asked for; read by this command and not marked so before */
	struct range_set *surrogates;        /* of these another header was told (RFC 6858 3), and not said so yet */
	uint32_t next;                       /* UID to go on with */
	uint64_t asked, told;
	struct imap_partial partial;         /* lo 0: all */
	bool changed;                        /* only what changed after since */
	uint64_t since;
	bool unknown_cte;                    /* a part's encoding is none that can be undone */
	bool damaged;                        /* a message was left out because it cannot be read */
	bool spliced, cut;                   /* part of this message is out already; and the rest of it cannot be read */
	/* inside a message: */
	uint32_t uid;
	unsigned item;
	struct post_stream *stream;
	uint64_t skip, left;                 /* octets of the body still to drop, to send */
	struct buf piece;
	enum step (*then)(struct session *s);   /* NOTIFY: no command is answered */
};

static void fetch_free(void *arg) {
	struct fetch *f = arg;
	if (f->stream)
		post_stream_free(&f->stream);
	buf_free(&f->piece);
}

/* one message being written */
struct message {
	struct imap_session *is;
	struct fetch *f;
	struct forum_txn *t;
	const struct overview *o;
	struct buf *out;
	struct imap_marks *w;
	struct envelope_iter *envelopes;     /* NULL: look it up */
	uint64_t mask;
	struct envelope env;
	struct post post;
	bool have_env, have_post;
};

static int need_env(struct message *m) {
	if (!m->have_env) {
		int r = m->envelopes ? envelope_iter_get(m->envelopes, m->o->number, &m->env) :
			envelope_get(m->t, m->o->group, m->o->number, &m->env);
		if (r <= 0)
			return r < 0 ? r : ERR_GONE;
		m->have_env = true;
	}
	return 1;
}

static int need_post(struct message *m) {
	if (!m->have_post) {
		int r = post_get(m->t, m->o->post, &m->post);
		if (r <= 0)
			return r < 0 ? r : ERR_GONE;
		m->have_post = true;
	}
	return 1;
}

static void add_literal(struct buf *out, uint32_t n) {
	char *p = buf_reserve(out, 16);
	p[0] = '{';
	size_t k = 1 + num_format(n, p + 1);
	memcpy(p + k, "}\r\n", 3);
	buf_commit(out, k + 3);
}

/* 1 written, 0 a stream has begun, < 0 */
static int write_section(struct message *m, const struct imap_fetch_item *item) {
	struct imap_content c = {0};
	int r = need_post(m);
	if (r > 0) {
		struct slice added = imap_added_lines(m->is, m->t, m->o);
		r = imap_splice(m->is, m->t, &m->post, &item->section, added, &m->f->piece);
		m->f->spliced |= r > 0;
		if (r)
			return r;
		r = imap_section_needs_table(&item->section) ? need_env(m) : 1;
		if (r > 0)
			r = imap_section_find(m->t, &m->post, m->have_env ? m->env.part_table : slice_of("", 0), &item->section,
				added, m->is->utf8_accept, &c);
		if (c.surrogate)
			range_set_add(m->f->surrogates, m->o->number, m->o->number);
	}
	if (r > 0) {
		add_literal(m->out, imap_content_size(&c));
		buf_add_slice(m->out, buf_slice(&c.head));
	} else if (r == 0 || r == ERR_SYNTAX) {
		buf_adds(m->out, "NIL");
		r = 1;
	}
	if (r > 0 && c.len > FETCH_INLINE) {
		m->f->stream = post_stream_new(m->o->post);
		m->f->skip = c.off;
		m->f->left = c.len;
		r = 0;
	} else if (r > 0 && c.len) {
		size_t before = buf_len(m->out);
		r = post_body(m->t, &m->post, c.off, c.len, m->out);
		if (r >= 0)
			r = buf_len(m->out) - before == c.len ? 1 : ERR_CORRUPT;
	}
	buf_free(&c.head);
	return r;
}

static int write_envelope(struct message *m) {
	struct envelope env = m->env;
	struct slice group = imap_reply_to_list(m->is, m->t, m->o);
	struct arena *passing = NULL;
	int r = imap_wide_envelope(m->is, m->t, m->o, &passing, &env);
	if (r > 0)
		range_set_add(m->f->surrogates, m->o->number, m->o->number);
	if (group.n)
		env.reply_to = group;
	if (r >= 0)
		envelope_write(m->t, m->o->author, &env, m->out);
	arena_free(&passing);
	return r < 0 ? r : 1;
}

static int write_structure(struct message *m, bool extensions) {
	struct imap_structure_form form = { extensions, m->is->rev2, m->is->utf8_accept };
	int r = need_env(m);
	if (r > 0 && imap_structure_write(m->env.structure, form, m->out))
		range_set_add(m->f->surrogates, m->o->number, m->o->number);
	return r;
}

/* a literal8 when there are octets a literal may not have */
static int write_binary(struct message *m, const struct imap_fetch_item *item) {
	struct imap_content c = {0};
	int r = need_post(m);
	if (r > 0)
		r = need_env(m);
	if (r > 0)
		r = imap_section_decode(m->t, &m->post, m->env.part_table, &item->section,
			imap_added_lines(m->is, m->t, m->o), m->is->utf8_accept, &c);
	if (c.surrogate)
		range_set_add(m->f->surrogates, m->o->number, m->o->number);
	if (r > 0 && item->kind == IMAP_FETCH_BINARY_SIZE) {
		buf_addu(m->out, imap_content_size(&c));
	} else if (r > 0) {
		size_t before = buf_len(&c.head);
		if (c.len)
			r = post_body(m->t, &m->post, c.off, c.len, &c.head);
		if (r >= 0 && buf_len(&c.head) != before + c.len)
			r = ERR_CORRUPT;
		if (memchr(buf_slice(&c.head).p, 0, buf_len(&c.head)))
			buf_addc(m->out, '~');
		add_literal(m->out, (uint32_t)buf_len(&c.head));
		buf_add_slice(m->out, buf_slice(&c.head));
		r = r < 0 ? r : 1;
	} else if (r == 0 || r == ERR_SYNTAX || r == ERR_INVALID) {
		m->f->unknown_cte |= r == ERR_INVALID;
		buf_adds(m->out, item->kind == IMAP_FETCH_BINARY_SIZE ? "0" : "NIL");
		r = 1;
	}
	buf_free(&c.head);
	return r;
}

/* RFC 8970: the first PREVIEW_CHARS characters of the readable text, white space as single spaces */
static int write_preview(struct message *m) {
	struct buf header = {0}, body = {0}, text = {0}, flat = {0};
	int r = need_post(m);
	if (r > 0 && (r = post_header(m->t, &m->post, &header)) >= 0 &&
	    (r = post_body(m->t, &m->post, 0, PREVIEW_READ, &body)) >= 0)
		r = 1;
	if (r > 0) {
		mime_message_text(buf_slice(&header), buf_slice(&body), PREVIEW_READ, &text);
		struct slice rest = buf_slice(&text);
		unsigned chars = 0;
		bool space = false;
		while (rest.n) {
			int32_t cp = text_utf8_next(&rest);
			if (cp <= ' ' || cp == 127) {
				space = flat.used > 0;
				continue;
			}
			chars += 1 + space;
			if (chars > PREVIEW_CHARS)
				break;
			if (space)
				buf_addc(&flat, ' ');
			text_utf8_add(&flat, (uint32_t)cp);
			space = false;
		}
		imap_text_string(m->out, buf_slice(&flat));
	}
	buf_free(&header);
	buf_free(&body);
	buf_free(&text);
	buf_free(&flat);
	return r;
}

static int write_item(struct message *m, const struct imap_fetch_item *item) {
	int r = 1;
	buf_add_slice(m->out, item->label);
	switch (item->kind) {
	case IMAP_FETCH_FLAGS:
		imap_flags_write(m->out, m->mask, &m->w->own);
		break;
	case IMAP_FETCH_UID:
		buf_addu(m->out, m->o->number);
		break;
	case IMAP_FETCH_DATE:
		buf_addc(m->out, '"');
		date_write_imap(m->out, overview_received(m->o));
		buf_addc(m->out, '"');
		break;
	case IMAP_FETCH_SIZE:
		buf_addu(m->out, imap_size(m->is, m->t, m->o));
		break;
	case IMAP_FETCH_ENVELOPE:
		if ((r = need_env(m)) > 0)
			r = write_envelope(m);
		break;
	case IMAP_FETCH_BODY:
	case IMAP_FETCH_STRUCTURE:
		r = write_structure(m, item->kind == IMAP_FETCH_STRUCTURE);
		break;
	case IMAP_FETCH_MODSEQ:
		buf_addc(m->out, '(');
		buf_addu(m->out, imap_modseq(m->w, m->t, m->o));
		buf_addc(m->out, ')');
		break;
	case IMAP_FETCH_EMAILID:
		buf_addf(m->out, "(P%llu)", (unsigned long long)m->o->post);
		break;
	case IMAP_FETCH_THREADID:
		buf_addf(m->out, "(T%llu)", (unsigned long long)(m->o->thread ? m->o->thread : m->o->post));
		break;
	case IMAP_FETCH_SAVEDATE:
		buf_addc(m->out, '"');
		date_write_imap(m->out, m->o->arrival);
		buf_addc(m->out, '"');
		break;
	case IMAP_FETCH_PREVIEW:
		r = write_preview(m);
		break;
	case IMAP_FETCH_BINARY:
	case IMAP_FETCH_BINARY_SIZE:
		r = write_binary(m, item);
		break;
	case IMAP_FETCH_SECTION:
		r = write_section(m, item);
		break;
	}
	return r;
}

/* 1 the message is complete, 0 a stream has begun at f->item, < 0 */
static int write_items(struct message *m) {
	struct fetch *f = m->f;
	while (f->item < f->plan.n) {
		if (f->item)
			buf_addc(m->out, ' ');
		int r = write_item(m, &f->plan.v[f->item]);
		if (r <= 0)
			return r;
		f->item++;
	}
	buf_add(m->out, ")\r\n", 3);
	if (f->plan.sets_seen && !m->is->examine && !(m->mask & IMAP_BIT(MARK_SEEN)))
		range_set_add(f->seen, f->uid, f->uid);
	f->told++;
	return 1;
}

/* "[DOWNGRADED 1:2,4] words"; they are told then */
static void surrogates_text(struct fetch *f, struct buf *out) {
	buf_adds(out, "[DOWNGRADED ");
	range_set_print(f->surrogates, ':', out);
	buf_adds(out, "] these have headers in UTF-8, see UTF8=ACCEPT");
	range_set_clear(f->surrogates);
}

/* between messages, and where the tagged line is none of this command's or says something else */
static void surrogates_tell(struct fetch *f, struct buf *out) {
	if (!f->surrogates->n)
		return;
	buf_adds(out, "* OK ");
	surrogates_text(f, out);
	buf_adds(out, "\r\n");
}

static int write_message(struct message *m, uint32_t seq) {
	size_t mark = buf_len(m->out);
	char *p = buf_reserve(m->out, 256);
	memcpy(p, "* ", 2);
	size_t n = 2 + num_format(seq, p + 2);
	memcpy(p + n, " FETCH (", 8);
	buf_commit(m->out, n + 8);
	m->f->uid = m->o->number;
	m->f->item = 0;
	m->f->spliced = false;
	int r = write_items(m);
	m->f->cut = r < 0 && m->f->spliced;
	if (r < 0 && !m->f->cut)
		buf_truncate(m->out, mark);   /* nothing of it was sent yet */
	return r;
}

/* A piece of the body under way: 1 the literal is complete, 0 more later, < 0 */
static int stream_piece(struct fetch *f, struct forum_txn *t, struct buf *out) {
	buf_reset(&f->piece);
	int r = post_stream_read(t, f->stream, FETCH_PIECE, &f->piece);
	if (r < 0)
		return r;
	struct slice got = buf_slice(&f->piece);
	size_t skip = got.n < f->skip ? got.n : (size_t)f->skip;
	f->skip -= skip;
	got = slice_to(slice_from(got, skip), f->left < SIZE_MAX ? (size_t)f->left : SIZE_MAX);
	buf_add_slice(out, got);
	f->left -= got.n;
	if (f->left)
		return r == 0 ? ERR_CORRUPT : 0;
	post_stream_free(&f->stream);
	f->stream = NULL;
	buf_free(&f->piece);
	f->item++;
	return 1;
}

static int message_mask(struct message *m) {
	m->mask = 0;
	if (!m->f->plan.needs_marks)
		return 1;
	int r = imap_marks_mask(m->w, m->t, m->o->number, &m->mask);
	m->mask |= imap_shared_flags(m->o->flags);
	return r;
}

/* the items behind the one that was streamed; write_items puts the space before all items but the first */
static int stream_rest(struct message *m) {
	struct fetch *f = m->f;
	if (f->item < f->plan.n)
		buf_addc(m->out, ' ');
	while (f->item < f->plan.n) {
		int r = write_item(m, &f->plan.v[f->item]);
		if (r <= 0)
			return r;
		if (++f->item < f->plan.n)
			buf_addc(m->out, ' ');
	}
	return write_items(m);
}

/* goes on inside the message f->uid: 1 complete, 0 more later, < 0 close */
static int stream_on(struct imap_session *is, struct fetch *f, struct forum_txn *t) {
	struct buf *out = session_out(&is->s);
	struct overview o;
	struct imap_marks w;
	int r;
	while ((r = stream_piece(f, t, out)) == 0)
		if (conn_full(is->s.conn) || buf_len(out) > 4 * FETCH_PIECE)
			return 0;
	if (r < 0)
		return r;
	if (overview_get_any(t, is->group, f->uid, &o) <= 0)
		return ERR_GONE;
	imap_marks_begin(&w, is->s.member, is->group);
	struct message m = { .is = is, .f = f, .t = t, .o = &o, .out = out, .w = &w };
	if ((r = message_mask(&m)) >= 0)
		r = stream_rest(&m);
	imap_marks_free(&w);
	return r;
}

/* one message of a run: 1 written or not to be had, 0 a stream has begun, < 0 */
static int fetch_one(struct message *m, uint32_t seq) {
	m->f->next = m->o->number + 1;
	if (!seq || (m->f->changed && imap_modseq(m->w, m->t, m->o) <= m->f->since))
		return 1;
	int r = message_mask(m);
	if (r < 0)
		return r;
	m->have_env = m->have_post = false;
	if (m->f->surrogates->n >= SURROGATES_MAX)
		surrogates_tell(m->f, m->out);
	r = write_message(m, seq);
	if (m->f->cut)
		return r;
	m->f->damaged |= r == ERR_CORRUPT;
	return r == ERR_GONE || r == ERR_CORRUPT ? 1 : r;
}

/* one run of UIDs: 1 done, 0 more later, < 0 */
static int fetch_run(struct imap_session *is, struct fetch *f, struct forum_txn *t, struct imap_marks *w,
	uint32_t hi, int64_t start) {
	struct overview_iter it;
	struct envelope_iter envelopes;
	struct overview o;
	struct message m = { .is = is, .f = f, .t = t, .o = &o, .out = session_out(&is->s), .w = w,
		.envelopes = &envelopes };
	unsigned n = 0;
	int r = overview_iter_begin(t, is->group, f->next, hi, &it), done = 1;
	if (r < 0)
		return r;
	envelope_iter_begin(t, is->group, &envelopes);
	while (done > 0 && (r = overview_iter_next(&it, &o)) > 0) {
		done = fetch_one(&m, imap_view_seq(&is->view, o.number));
		if (done > 0 && (++n % FETCH_STRIDE == 0 || conn_pending(is->s.conn) > FETCH_PIECE) && imap_give_way(is, start))
			done = 0;
	}
	envelope_iter_end(&envelopes);
	overview_iter_end(&it);
	return done <= 0 ? done : r < 0 ? r : 1;
}

static enum step fetch_end(struct imap_session *is, struct fetch *f) {
	bool others = f->damaged || f->unknown_cte || (f->told < f->asked && !is->uid);
	if (others)
		surrogates_tell(f, session_out(&is->s));
	if (f->damaged)
		return imap_no(is, "CORRUPTION", "a message cannot be read");
	if (f->unknown_cte)
		return imap_no(is, "UNKNOWN-CTE", "a part has a transfer encoding that cannot be undone");
	if (others)
		return imap_ok(is, "[EXPUNGEISSUED] some of them are no longer there");
	if (!f->surrogates->n)
		return imap_ok(is, "FETCH completed");
	struct buf text = {0};
	surrogates_text(f, &text);
	const char *words = arena_cstr(is->s.command, buf_slice(&text));
	buf_free(&text);
	return imap_ok(is, "%s", words);
}

/* after the marks are stored: tell them */
static enum step fetch_seen_told(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct fetch *f = is->work;
	if (is->result >= 0)
		range_set_union(&is->flags, f->seen);
	if (imap_notify_drops_flags(is))
		imap_sync_own_flags(is, f->seen);
	return fetch_end(is, f);
}

struct seen_job { uint32_t member, group; struct range_set uids; };

static void seen_free(void *arg) {
	range_set_free(&((struct seen_job *)arg)->uids);
}

static int seen_apply(struct forum_txn *t, struct job *j, struct fail *fail) {
	struct seen_job *d = j->data;
	(void)fail;
	return imap_marks_apply(t, d->member, d->group, &d->uids, IMAP_BIT(MARK_SEEN), 0);
}

static enum step fetch_done(struct imap_session *is, struct fetch *f) {
	if (f->then) {
		surrogates_tell(f, session_out(&is->s));
		return f->then(&is->s);
	}
	if (!f->seen->n)
		return fetch_end(is, f);
	struct job *j = job_new(&is->s, seen_apply);
	struct seen_job *d = ARENA_NEW(j->arena, struct seen_job);
	arena_on_reset(j->arena, seen_free, d);
	d->member = is->s.member;
	d->group = is->group;
	range_set_copy(&d->uids, f->seen);
	j->data = d;
	j->size = 64 + d->uids.n * 8;
	return imap_submit(is, j, NULL, fetch_seen_told);
}

static enum step fetch_cut(struct session *s) {
	session_log(s, "FETCH cut: the post vanished or cannot be read");
	return STEP_CLOSE;
}

static enum step fetch_step(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct fetch *f = is->work;
	int64_t start = clock_mono_us();
	struct forum_txn *t = session_read(s);
	int r = t ? 1 : ERR_UNAVAILABLE;
	s->step = fetch_step;
	if (f->stream) {
		r = t ? stream_on(is, f, t) : ERR_UNAVAILABLE;
		if (r == 0)
			return STEP_MORE;
		if (r < 0)
			return fetch_cut(s);
	}
	struct imap_marks w;
	imap_marks_begin(&w, s->member, is->group);
	for (size_t i = 0; r > 0 && i < f->uids->n; i++) {
		if (f->uids->v[i].hi < f->next)
			continue;
		if (f->next < f->uids->v[i].lo)
			f->next = f->uids->v[i].lo;
		r = fetch_run(is, f, t, &w, f->uids->v[i].hi, start);
		if (r > 0)
			f->next = f->uids->v[i].hi == UINT32_MAX ? UINT32_MAX : f->uids->v[i].hi + 1;
	}
	imap_marks_free(&w);
	if (r == 0)
		return STEP_MORE;
	if (r < 0 && f->then && !f->cut)
		return f->then(s);
	if (r < 0)
		return f->cut ? fetch_cut(s) : imap_unavailable(is);
	return fetch_done(is, f);
}

static uint64_t count_asked(struct imap_session *is, const struct range_set *uids) {
	uint64_t n = 0;
	for (size_t i = 0; i < uids->n; i++)
		n += imap_view_rank(&is->view, uids->v[i].hi) - imap_view_rank(&is->view, uids->v[i].lo - 1);
	return n;
}

/* SP "(" CHANGEDSINCE n [VANISHED] ")", RFC 7162 3.1.4, 3.2.6 */
static bool take_modifiers(struct imap_session *is, struct slice *in, struct fetch *f, bool *vanished_r) {
	struct slice name;
	*vanished_r = false;
	if (imap_take_end(in))
		return true;
	if (!imap_take_space(in) || !imap_take_char(in, '('))
		return false;
	do {
		if (!imap_take_name(in, &name))
			return false;
		if (slice_is_nocase(name, "CHANGEDSINCE") && !f->changed) {
			if (!imap_take_space(in) || !imap_take_modseq(in, &f->since) || !f->since)
				return false;
			f->changed = true;
		} else if (slice_is_nocase(name, "PARTIAL") && is->uid && !f->partial.lo) {
			if (!imap_take_space(in) || !imap_take_partial(in, &f->partial))
				return false;
		} else if (slice_is_nocase(name, "VANISHED") && is->uid && is->qresync) {
			*vanished_r = true;
		} else {
			return false;
		}
	} while (imap_take_space(in));
	return (f->changed || !*vanished_r) && imap_take_char(in, ')') && imap_take_end(in);
}

/* The set becomes what may have changed; what vanished of `among` is told (NULL: not asked for). */
static int fetch_changed(struct imap_session *is, struct fetch *f, const struct range_set *among) {
	struct forum_txn *t = session_read(&is->s);
	struct range_set *changed = imap_command_set(is), *gone = imap_command_set(is);
	int r = t ? imap_changed_since(t, is->s.member, is->group, f->since, changed, gone) : ERR_UNAVAILABLE;
	if (r < 0)
		return r;
	imap_set_intersect(gone, &is->view.gone);
	if (among) {
		imap_set_intersect(gone, among);
		imap_tell_vanished(is, gone, true);
	}
	imap_set_intersect(f->uids, changed);
	f->asked = 0;
	return 1;
}

/* "*" is the last message that is there; what vanished may have come behind it, and 1:* asks for all of that */
static const struct range_set *vanished_among(struct imap_session *is, const struct fetch *f, struct slice set) {
	struct range_set *among = imap_command_set(is);
	if (f->partial.lo || !imap_take_set(&set, UINT32_MAX, among))
		return f->uids;
	return among;
}

enum step imap_cmd_fetch(struct imap_session *is, struct slice *rest) {
	struct fetch *f = ARENA_NEW(is->s.command, struct fetch);
	bool vanished;
	arena_on_reset(is->s.command, fetch_free, f);
	if (!imap_take_space(rest))
		return imap_bad_arguments(is);
	struct slice asked = *rest;
	enum imap_set_result set = imap_take_uids(is, rest, &f->uids);
	if (set == IMAP_SET_SYNTAX || !imap_take_space(rest) ||
	    !imap_fetch_plan(rest, is->s.command, is->uid, &f->plan) || !take_modifiers(is, rest, f, &vanished))
		return imap_bad_arguments(is);
	if (set == IMAP_SET_BEYOND)
		return imap_bad(is, "there are fewer messages");
	if ((f->changed || f->plan.modseq) && is->no_modseq)
		return imap_bad(is, "this mailbox has no change numbers");
	if (f->partial.lo) {
		range_set_subtract(f->uids, &is->view.gone);
		if (is->view.high < UINT32_MAX)
			range_set_del(f->uids, is->view.high + 1, UINT32_MAX);
	}
	f->seen = imap_command_set(is);
	f->surrogates = imap_command_set(is);
	f->asked = count_asked(is, f->uids);
	f->next = 1;
	if (f->changed)
		imap_fetch_add_modseq(&f->plan, is->s.command);
	if (f->plan.modseq)
		imap_condstore_on(is);
	if (f->changed && fetch_changed(is, f, vanished ? vanished_among(is, f, asked) : NULL) < 0)
		return imap_unavailable(is);
	if (f->partial.lo)
		imap_set_partial(f->uids, &f->partial);
	struct forum_txn *t = f->plan.needs_marks ? session_read(&is->s) : NULL;
	if (t)
		imap_flags_tell_new(is, t);
	is->work = f;
	return fetch_step(&is->s);
}

enum step imap_fetch_tell(struct imap_session *is, const struct imap_fetch_plan *plan, struct range_set *uids,
	enum step (*then)(struct session *s)) {
	struct fetch *f = ARENA_NEW(is->s.command, struct fetch);
	arena_on_reset(is->s.command, fetch_free, f);
	f->plan = *plan;
	f->uids = uids;
	f->seen = imap_command_set(is);
	f->surrogates = imap_command_set(is);
	f->next = 1;
	f->then = then;
	is->work = f;
	return fetch_step(&is->s);
}
