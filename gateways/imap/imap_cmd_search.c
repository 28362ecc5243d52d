/* SEARCH: keys are compiled (imap_search.c) and run over the view, in steps. For texts the index is asked first; it
 * says which posts hold them, and which must be read to know. Marks, UIDs and such texts alone never touch the
 * overview;
 * headers the overview has never touch the post; texts are decoded and folded, which costs most and therefore happens
 * only when everything cheaper said yes (jumps) and gives way to other sessions after each few posts.
 *
 * What was found are UIDs; they become sequence numbers when they are told. SORT and THREAD go on with them. */
#include "forumd/base/clock.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/forum/author.h"
#include "forumd/mail/address.h"
#include "forumd/mail/date.h"
#include "forumd/mail/field.h"
#include "forumd/mail/mime.h"
#include "forumd/mail/words.h"
#include "forumd/forum/search.h"
#include "gateways/common/post_in.h"
#include "gateways/imap/imap_private.h"
#include "gateways/imap/imap_search.h"

#define SEARCH_STRIDE 32u
#define SEARCH_TEXT_MAX (4u << 20)

enum { RETURN_MIN = 1, RETURN_MAX = 2, RETURN_COUNT = 4, RETURN_ALL = 8, RETURN_SAVE = 16, RETURN_PARTIAL = 32 };

struct search {
	struct imap_search program;
	bool esearch, asked, ran;
	unsigned wants;
	uint32_t next;                       /* UID to go on with */
	struct range_set bound;              /* UIDs of the view; what is found is among them */
	struct range_set found;              /* UIDs; sequence numbers when they are told */
	uint64_t modseq, modseq_first, modseq_last;   /* of what was found: highest, of its first and its last */
	struct imap_partial partial;
	imap_found then;                     /* who goes on; NULL: SEARCH tells */
	void *arg;
	size_t told;                         /* runs of found that are out */
	uint32_t told_in;                    /* numbers of the run told that are out */
	struct imap_session *is;
};

/* one message under test */
struct test {
	struct search *w;
	struct forum_txn *t;
	struct imap_marks *marks;
	uint32_t uid;
	const struct overview *o;            /* NULL: not needed */
	struct overview own;                 /* read for the post's sake when o was not needed */
	bool have_post;
	struct post post;
	struct buf header, body, folded, heads;   /* folded: texts of the body; heads: headers of its parts */
	bool have_header, have_text, text_has_header;
};

static void search_free(void *arg) {
	range_set_free(&((struct search *)arg)->found);
	range_set_free(&((struct search *)arg)->bound);
}

static int need_header(struct test *m) {
	if (m->have_header)
		return 1;
	int r = m->o ? 1 : overview_get(m->t, m->w->is->group, m->uid, &m->own);
	if (r > 0)
		r = m->have_post ? 1 : post_get(m->t, m->o ? m->o->post : m->own.post, &m->post);
	if (r <= 0)
		return r;
	m->have_post = m->have_header = true;
	buf_reset(&m->header);
	r = post_header(m->t, &m->post, &m->header);
	buf_add_slice(&m->header, imap_case_lines(m->w->is, m->t, m->o ? m->o : &m->own));
	return r < 0 ? ERR_CORRUPT : 1;
}

static bool folded_has(struct slice raw, struct slice needle, bool words) {
	struct buf text = {0}, folded = {0};
	if (words)
		words_decode(raw, &text);
	text_fold(words ? buf_slice(&text) : raw, &folded);
	bool found = slice_find(buf_slice(&folded), needle) >= 0;
	buf_free(&text);
	buf_free(&folded);
	return found;
}

/* fields the overview has; false: ask the header */
static bool overview_field(struct test *m, struct slice name, struct slice *value_r) {
	if (slice_is_nocase(name, "Subject"))
		*value_r = m->o->subject;
	else if (slice_is_nocase(name, "From"))
		*value_r = author_from(m->t, m->o->author, m->o->from);
	else if (slice_is_nocase(name, "Message-ID"))
		*value_r = m->o->message_id;
	else if (slice_is_nocase(name, "Reply-To") && imap_reply_to_line(m->w->is, m->t, m->o).n)
		*value_r = slice_from(imap_reply_to_line(m->w->is, m->t, m->o), strlen("Reply-To:"));
	else
		return false;
	return true;
}

/* RFC 3501 6.4.4: FROM and the like ask the envelope. What a field says in other words than its envelope, with comments
 * or quotes inside, is also found as the envelope has it: Name <local@domain>. */
static bool addresses_have(struct slice value, struct slice needle) {
	struct address_list list;
	struct buf text = {0};
	if (slice_chr(value, '(') < 0 && slice_chr(value, '\\') < 0 && slice_chr(value, '"') < 0)
		return false;
	struct arena *a = arena_new();
	address_parse(a, value, &list);
	for (size_t i = 0; i < list.n; i++) {
		const struct address *at = &list.v[i];
		buf_addf(&text, "%s%.*s", i ? ", " : "", SLICE_ARG(at->name));
		if (at->kind != ADDRESS_MAILBOX)
			continue;
		buf_adds(&text, at->name.n ? " <" : "<");
		address_write_spec(&text, at->local, at->domain);
		buf_addc(&text, '>');
	}
	bool found = folded_has(buf_slice(&text), needle, false);
	buf_free(&text);
	arena_free(&a);
	return found;
}

static bool field_has(const struct imap_search_step *s, struct slice value) {
	return folded_has(value, s->text, true) || (s->addresses && addresses_have(value, s->text));
}

static int test_header(struct test *m, const struct imap_search_step *s) {
	struct slice value;
	struct buf line = {0};
	bool found = false;
	if (overview_field(m, s->name, &value))
		return field_has(s, value);
	int r = need_header(m);
	if (r <= 0)
		return r;
	struct slice rest = buf_slice(&m->header);
	struct field f;
	while (!found && field_next(&rest, &f)) {
		if (!slice_eq_nocase(f.name, s->name))
			continue;
		buf_reset(&line);
		field_unfold(f.value, &line);
		found = field_has(s, buf_slice(&line));
	}
	buf_free(&line);
	return found;
}

/* all text of the body, decoded and folded */
static int need_text(struct test *m) {
	if (m->have_text)
		return 1;
	int r = need_header(m);
	if (r <= 0)
		return r;
	buf_reset(&m->body);
	buf_reset(&m->folded);
	if (post_body(m->t, &m->post, 0, m->post.body_len, &m->body) < 0)
		return ERR_CORRUPT;
	struct arena *a = arena_new();
	struct mime_table table;
	mime_scan(a, buf_slice(&m->header), buf_slice(&m->body), &table);
	struct buf text = {0};
	post_in_body_text(&table, buf_slice(&m->body), SEARCH_TEXT_MAX, &text);
	text_fold(buf_slice(&text), &m->folded);
	buf_reset(&text);
	post_in_part_headers(&table, buf_slice(&m->body), SEARCH_TEXT_MAX, &text);
	buf_reset(&m->heads);
	text_fold(buf_slice(&text), &m->heads);
	buf_free(&text);
	arena_free(&a);
	m->have_text = true;
	return 1;
}

static int test_text(struct test *m, const struct imap_search_step *s) {
	if (s->hits && range_set_has(&s->hits->sure, m->uid))
		return 1;
	if (s->hits && !range_set_has(&s->hits->maybe, m->uid))
		return 0;
	int r = need_header(m);
	if (r <= 0)
		return r;
	if (s->op == IMAP_SEARCH_TEXT) {
		struct buf flat = {0};
		field_unfold(buf_slice(&m->header), &flat);
		bool found = folded_has(buf_slice(&flat), s->text, true) || folded_has(buf_slice(&m->header), s->text, false);
		buf_free(&flat);
		if (found)
			return 1;
	}
	r = need_text(m);
	if (r <= 0)
		return r;
	return slice_find(buf_slice(&m->folded), s->text) >= 0 ||
		(s->op == IMAP_SEARCH_TEXT && slice_find(buf_slice(&m->heads), s->text) >= 0);
}

static int64_t day_of(int64_t t) {
	return t >= 0 ? t / 86400 : (t - 86399) / 86400;
}

/* the day as the Date field says it, in its own zone; false: there is none, which is neither before nor since */
static bool sent_day(const struct overview *o, int64_t *day_r) {
	int64_t t = 0;
	int zone = 0;
	bool dated = date_parse(o->date_text, &t, &zone) > 0;
	*day_r = day_of(t + (int64_t)zone * 60);
	return dated;
}

static int test_leaf(void *arg, const struct imap_search_step *s) {
	struct test *m = arg;
	uint64_t mask;
	int64_t day;
	int r;
	switch (s->op) {
	case IMAP_SEARCH_FLAG:
		if (m->o && (s->mask & imap_shared_flags(m->o->flags)))
			return 1;
		r = imap_marks_mask(m->marks, m->t, m->uid, &mask);
		return r < 0 ? r : (mask & s->mask) != 0;
	case IMAP_SEARCH_SET: return range_set_has(s->set, m->uid);
	case IMAP_SEARCH_BEFORE: return day_of(overview_received(m->o)) < s->day;
	case IMAP_SEARCH_ON: return day_of(overview_received(m->o)) == s->day;
	case IMAP_SEARCH_SINCE: return day_of(overview_received(m->o)) >= s->day;
	case IMAP_SEARCH_SENTBEFORE: return sent_day(m->o, &day) && day < s->day;
	case IMAP_SEARCH_SENTON: return sent_day(m->o, &day) && day == s->day;
	case IMAP_SEARCH_SENTSINCE: return sent_day(m->o, &day) && day >= s->day;
	case IMAP_SEARCH_LARGER: return imap_size(m->w->is, m->t, m->o) > s->number;
	case IMAP_SEARCH_SMALLER: return imap_size(m->w->is, m->t, m->o) < s->number;
	case IMAP_SEARCH_HEADER: return test_header(m, s);
	case IMAP_SEARCH_TEXT:
	case IMAP_SEARCH_BODY: return test_text(m, s);
	case IMAP_SEARCH_MODSEQ: return imap_modseq(m->marks, m->t, m->o) >= s->id;
	case IMAP_SEARCH_OLDER: return overview_received(m->o) < forum_time(m->t) - (int64_t)s->number;
	case IMAP_SEARCH_YOUNGER: return overview_received(m->o) >= forum_time(m->t) - (int64_t)s->number;
	case IMAP_SEARCH_SAVEDBEFORE: return day_of(m->o->arrival) < s->day;
	case IMAP_SEARCH_SAVEDON: return day_of(m->o->arrival) == s->day;
	case IMAP_SEARCH_SAVEDSINCE: return day_of(m->o->arrival) >= s->day;
	case IMAP_SEARCH_EMAILID: return m->o->post == s->id;
	case IMAP_SEARCH_THREADID: return m->o->thread == s->id;
	default: return 0;
	}
}

static void note_modseq(struct test *m) {
	struct search *w = m->w;
	w->modseq_last = imap_modseq(m->marks, m->t, m->o);
	if (!w->found.n)
		w->modseq_first = w->modseq_last;
	if (w->modseq_last > w->modseq)
		w->modseq = w->modseq_last;
}

static int test_one(struct test *m, uint32_t uid, const struct overview *o) {
	m->uid = uid;
	m->o = o;
	m->have_post = m->have_header = m->have_text = false;
	int r = imap_search_run(&m->w->program, test_leaf, m);
	if (r == ERR_CORRUPT)
		return 0;
	if (r > 0 && m->w->program.modseq)
		note_modseq(m);
	if (r > 0)
		range_set_add(&m->w->found, uid, uid);
	return r;
}

/* marks and UIDs only: 1 done, 0 more later, < 0 */
static int scan_view(struct search *w, struct test *m, int64_t start) {
	uint32_t uid;
	unsigned n = 0;
	while (w->next && range_set_next(&w->bound, w->next, &uid)) {
		int r = test_one(m, uid, NULL);
		if (r < 0)
			return r;
		w->next = uid + 1;
		if ((++n % 4096 == 0 || m->have_text) && imap_give_way(w->is, start))
			return 0;
	}
	return 1;
}

/* one run of the bound */
static int scan_run(struct search *w, struct test *m, struct range run, int64_t start) {
	struct overview_iter it;
	struct overview o;
	unsigned n = 0;
	int r = overview_iter_begin(m->t, w->is->group, run.lo > w->next ? run.lo : w->next, run.hi, &it);
	if (r < 0)
		return r;
	while ((r = overview_iter_next(&it, &o)) > 0) {
		w->next = o.number + 1;
		if ((r = test_one(m, o.number, &o)) < 0)
			break;
		if ((++n % SEARCH_STRIDE == 0 || m->have_text) && imap_give_way(w->is, start)) {
			overview_iter_end(&it);
			return 0;
		}
	}
	overview_iter_end(&it);
	return r < 0 ? r : 1;
}

/* the same with overviews */
static int scan_overview(struct search *w, struct test *m, int64_t start) {
	int r = 1;
	for (size_t i = 0; i < w->bound.n && r > 0; i++)
		if (w->bound.v[i].hi >= w->next)
			r = scan_run(w, m, w->bound.v[i], start);
	return r;
}

static void free_hits(void *arg) {
	struct search_hits *h = arg;
	range_set_free(&h->sure);
	range_set_free(&h->maybe);
}

/* Once, at the first step: all posts of the view are older, so what the index says then holds for the whole command. */
static int ask_index(struct search *w, struct forum_txn *t) {
	for (unsigned i = 0; i < w->program.n; i++) {
		struct imap_search_step *s = &w->program.v[i];
		if (s->op != IMAP_SEARCH_TEXT && s->op != IMAP_SEARCH_BODY)
			continue;
		s->hits = ARENA_NEW(w->is->s.command, struct search_hits);
		arena_on_reset(w->is->s.command, free_hits, s->hits);
		int r = search_find(t, w->is->group, s->op == IMAP_SEARCH_TEXT ? SEARCH_TEXT : SEARCH_BODY, s->text, s->hits);
		if (r < 0)
			return r;
	}
	w->asked = true;
	return 1;
}

/* Where everything must hold at once, what the index and the sets say bounds the search. True: it is the answer. */
static bool search_bound(struct search *w) {
	struct imap_view *v = &w->is->view;
	bool all = true, answer = !w->program.needs_marks && !w->program.needs_overview;
	if (v->high)
		range_set_add(&w->bound, 1, v->high);
	range_set_subtract(&w->bound, &v->gone);
	for (unsigned i = 0; i < w->program.n; i++)
		all &= w->program.v[i].op != IMAP_SEARCH_NOT && w->program.v[i].op != IMAP_SEARCH_JUMP_TRUE;
	for (unsigned i = 0; i < w->program.n && all; i++) {
		struct imap_search_step *s = &w->program.v[i];
		if (s->op == IMAP_SEARCH_FALSE)
			range_set_clear(&w->bound);
		else if (s->op == IMAP_SEARCH_SET)
			imap_set_intersect(&w->bound, s->set);
		else if (s->hits) {
			struct range_set either = {0};
			range_set_copy(&either, &s->hits->sure);
			range_set_union(&either, &s->hits->maybe);
			imap_set_intersect(&w->bound, &either);
			range_set_free(&either);
			answer &= !s->hits->maybe.n;
		}
	}
	return all && answer;
}

/* Which of the view: 1 done, 0 more later, < 0 */
static int search_scan(struct search *w, struct test *m) {
	if (!w->asked) {
		int r = ask_index(w, m->t);
		if (r < 0)
			return r;
		if (search_bound(w)) {
			range_set_copy(&w->found, &w->bound);
			w->next = 0;
		}
	}
	if (!w->next)
		return 1;
	return w->program.needs_overview ? scan_overview(w, m, clock_mono_us()) : scan_view(w, m, clock_mono_us());
}

static void add_number(struct buf *out, uint32_t n) {
	char *p = buf_reserve(out, 12);
	p[0] = ' ';
	buf_commit(out, 1 + num_format(n, p + 1));
}

/* RFC 9394: the numbers at these places, from the end when negative */
void imap_set_partial(struct range_set *set, const struct imap_partial *p) {
	uint64_t n = range_set_count(set);
	struct range_set want = {0};
	uint64_t lo = p->lo, hi = p->hi < n ? p->hi : n;
	if (p->from_end) {
		hi = p->lo > n ? 0 : n - p->lo + 1;
		lo = p->hi > n ? 1 : n - p->hi + 1;
	}
	uint32_t first, last;
	if (lo <= hi && range_set_nth(set, lo, &first) && range_set_nth(set, hi, &last))
		range_set_add(&want, first, last);
	imap_set_intersect(set, &want);
	range_set_free(&want);
}

/* "1:500" or "-1:-500" */
bool imap_take_partial(struct slice *in, struct imap_partial *p) {
	p->from_end = imap_take_char(in, '-');
	if (!imap_take_number(in, &p->lo) || !imap_take_char(in, ':') || imap_take_char(in, '-') != p->from_end ||
	    !imap_take_number(in, &p->hi) || !p->lo || !p->hi)
		return false;
	if (p->lo > p->hi) {
		uint32_t swap = p->lo;
		p->lo = p->hi;
		p->hi = swap;
	}
	return true;
}

static void partial_words(struct search *w, struct buf *out) {
	const char *sign = w->partial.from_end ? "-" : "";
	struct range_set some = {0};
	range_set_copy(&some, &w->found);
	imap_set_partial(&some, &w->partial);
	buf_addf(out, " PARTIAL (%s%u:%s%u ", sign, w->partial.lo, sign, w->partial.hi);
	if (some.n)
		range_set_print(&some, ':', out);
	else
		buf_adds(out, "NIL");
	buf_addc(out, ')');
	range_set_free(&some);
}

/* the highest change number of what is told (RFC 7162 3.1.10) */
static uint64_t esearch_modseq(const struct search *w) {
	switch (w->wants & ~(unsigned)RETURN_SAVE) {
	case RETURN_MIN: return w->modseq_first;
	case RETURN_MAX: return w->modseq_last;
	case RETURN_MIN | RETURN_MAX: return w->modseq_first > w->modseq_last ? w->modseq_first : w->modseq_last;
	default: return w->modseq;
	}
}

static void esearch_line(struct search *w) {
	struct imap_session *is = w->is;
	struct buf *out = session_out(&is->s);
	const struct range_set *f = &w->found;
	buf_adds(out, "* ESEARCH (TAG \"");
	buf_add_slice(out, is->tag);
	buf_adds(out, is->uid ? "\") UID" : "\")");
	if ((w->wants & RETURN_MIN) && f->n)
		buf_addf(out, " MIN %u", f->v[0].lo);
	if ((w->wants & RETURN_MAX) && f->n)
		buf_addf(out, " MAX %u", f->v[f->n - 1].hi);
	if ((w->wants & RETURN_ALL) && f->n) {
		buf_adds(out, " ALL ");
		range_set_print(f, ':', out);
	}
	if (w->wants & RETURN_COUNT)
		buf_addf(out, " COUNT %llu", (unsigned long long)range_set_count(f));
	if (w->wants & RETURN_PARTIAL)
		partial_words(w, out);
	if (w->program.modseq && f->n)
		buf_addf(out, " MODSEQ %llu", (unsigned long long)esearch_modseq(w));
	buf_adds(out, "\r\n");
}

/* RFC 5182: what $ stands for from now on; of MIN and MAX alone just those (2.4) */
static void search_save(struct search *w) {
	struct range_set *saved = &w->is->saved;
	range_set_clear(saved);
	if (!(w->wants & RETURN_SAVE) || !w->found.n)
		return;
	if (!(w->wants & (RETURN_MIN | RETURN_MAX)) || (w->wants & (RETURN_ALL | RETURN_COUNT | RETURN_PARTIAL))) {
		range_set_copy(saved, &w->found);
		return;
	}
	uint32_t first = w->found.v[0].lo, last = w->found.v[w->found.n - 1].hi;
	if (w->wants & RETURN_MIN)
		range_set_add(saved, first, first);
	if (w->wants & RETURN_MAX)
		range_set_add(saved, last, last);
}

void imap_uids_to_seqs(struct imap_session *is, struct range_set *set) {
	struct range_set seqs = {0};
	for (size_t i = 0; i < set->n; i++)
		range_set_add(&seqs, imap_view_seq(&is->view, set->v[i].lo), imap_view_seq(&is->view, set->v[i].hi));
	range_set_free(set);
	*set = seqs;
}

/* the answer's numbers, as many as fit a step */
static enum step search_tell(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct search *w = is->work;
	struct buf *out = session_out(s);
	for (; w->told < w->found.n; w->told++, w->told_in = 0) {
		struct range r = w->found.v[w->told];
		for (uint32_t n = r.lo + w->told_in;; n++, w->told_in++) {
			if (buf_len(out) > (256u << 10)) {
				s->step = search_tell;
				return STEP_MORE;
			}
			add_number(out, n);
			if (n == r.hi)
				break;
		}
	}
	if (w->program.modseq && w->found.n)
		buf_addf(out, " (MODSEQ %llu)", (unsigned long long)w->modseq);
	buf_adds(out, "\r\n");
	return imap_ok(is, "SEARCH completed");
}

static enum step search_run(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct search *w = is->work;
	struct imap_marks marks;
	struct test m = { .w = w, .marks = &marks, .t = session_read(s) };
	int r = m.t ? 1 : ERR_UNAVAILABLE;
	imap_marks_begin(&marks, s->member, is->group);
	if (r > 0 && is->group)
		r = search_scan(w, &m);
	imap_marks_free(&marks);
	buf_free(&m.header);
	buf_free(&m.body);
	buf_free(&m.folded);
	buf_free(&m.heads);
	s->step = search_run;
	if (r == 0)
		return STEP_MORE;
	if (r < 0)
		return imap_unavailable(is);
	s->step = NULL;
	w->ran = true;
	range_set_subtract(&w->found, &is->gone);   /* what was hidden meanwhile: the index may still know its words */
	if (w->then)
		return w->then(is, &w->found, w->arg);
	if (w->wants & RETURN_SAVE)
		search_save(w);
	if (!is->uid)
		imap_uids_to_seqs(is, &w->found);
	if (w->esearch) {
		if (w->wants != RETURN_SAVE)
			esearch_line(w);
		return imap_ok(is, "SEARCH completed");
	}
	buf_adds(session_out(s), "* SEARCH");
	return search_tell(s);
}

/* Numbers beyond the mailbox match nothing: what is BAD for FETCH, STORE and COPY (RFC 3501 9, seq-number) is a question
 * here, and "1:*" is asked of empty mailboxes. */
static bool search_seqs(void *arg, struct slice *in, struct range_set *uids_r) {
	struct search *w = arg;
	struct range_set seqs = {0};
	uint32_t count = imap_view_count(&w->is->view);
	if (imap_take_char(in, '$')) {
		range_set_copy(uids_r, &w->is->saved);
		return true;
	}
	bool good = imap_take_set(in, count, &seqs);
	range_set_del(&seqs, 0, 0);
	if (count < UINT32_MAX)
		range_set_del(&seqs, count + 1, UINT32_MAX);
	if (good)
		imap_view_uids(&w->is->view, &seqs, uids_r);
	range_set_free(&seqs);
	return good;
}

static bool search_uids(void *arg, struct slice *in, struct range_set *uids_r) {
	struct search *w = arg;
	if (imap_take_char(in, '$')) {
		range_set_copy(uids_r, &w->is->saved);
		return true;
	}
	return imap_take_set(in, imap_view_last(&w->is->view), uids_r);
}

static uint64_t search_keyword(void *arg, struct slice name) {
	struct search *w = arg;
	struct forum_txn *t = session_read(&w->is->s);
	uint64_t mask;
	struct fail f = {0};
	return t && keywords_marks(t, w->is->s.member, &name, 1, false, &mask, &f) > 0 ? mask : 0;
}

/* RETURN (MIN MAX COUNT ALL SAVE PARTIAL), RFC 4731, 5182, 9394; () is ALL */
static bool take_return(struct slice *rest, struct search *w) {
	static const struct { const char *name; unsigned bit; } names[] = {
		{ "MIN", RETURN_MIN }, { "MAX", RETURN_MAX }, { "COUNT", RETURN_COUNT }, { "ALL", RETURN_ALL },
		{ "SAVE", RETURN_SAVE }, { "PARTIAL", RETURN_PARTIAL },
	};
	w->esearch = true;
	if (!imap_take_char(rest, '('))
		return false;
	while (!imap_at(rest, ')')) {
		struct slice name;
		unsigned bit = 0;
		if (!imap_take_name(rest, &name))
			return false;
		for (size_t i = 0; i < sizeof names / sizeof *names; i++)
			if (slice_is_nocase(name, names[i].name))
				bit = names[i].bit;
		if (bit == RETURN_PARTIAL && (!imap_take_space(rest) || !imap_take_partial(rest, &w->partial)))
			return false;
		if (!bit || (!imap_take_space(rest) && !imap_at(rest, ')')))
			return false;
		w->wants |= bit;
	}
	if (!w->wants)
		w->wants = RETURN_ALL;
	return (w->wants & (RETURN_ALL | RETURN_PARTIAL)) != (RETURN_ALL | RETURN_PARTIAL) && imap_take_char(rest, ')') &&
		imap_take_space(rest);
}

/* a word in front of the keys and the space behind it */
static bool take_word(struct slice *rest, const char *word) {
	struct slice copy = *rest, name;
	if (!imap_take_name(&copy, &name) || !slice_is_nocase(name, word) || !imap_take_space(&copy))
		return false;
	*rest = copy;
	return true;
}

/* the keys up to the end, then the search */
static enum step search_begin(struct search *w, struct slice *rest, struct slice charset) {
	struct imap_session *is = w->is;
	struct imap_search_sets sets = { search_seqs, search_uids, search_keyword, w };
	if (is->rev2 && !w->then && !w->esearch) {   /* RFC 9051 6.4.4: the answer is ESEARCH always */
		w->esearch = true;
		w->wants = RETURN_ALL;
	}
	if (!slice_is_nocase(charset, "UTF-8") && !slice_is_nocase(charset, "US-ASCII"))
		return imap_no(is, "BADCHARSET (UTF-8 US-ASCII)", "UTF-8 and US-ASCII only");
	if (!imap_search_compile(rest, is->s.command, &sets, &w->program))
		return imap_bad_arguments(is);
	if (w->program.modseq && is->no_modseq)
		return imap_bad(is, "this mailbox has no change numbers");
	if (w->program.modseq)
		imap_condstore_on(is);
	is->work = w;
	return search_run(&is->s);
}

static struct search *search_new(struct imap_session *is) {
	struct search *w = ARENA_NEW(is->s.command, struct search);
	arena_on_reset(is->s.command, search_free, w);
	w->is = is;
	w->next = 1;
	return w;
}

enum step imap_find(struct imap_session *is, struct slice *rest, struct slice charset, imap_found then, void *arg) {
	struct search *w = search_new(is);
	w->then = then;
	w->arg = arg;
	return search_begin(w, rest, charset);
}

enum step imap_cmd_search(struct imap_session *is, struct slice *rest) {
	struct search *w = search_new(is);
	struct slice charset = SLICE("UTF-8");
	/* RFC 6855 3: no charset once UTF8=ACCEPT is enabled */
	if (!imap_take_space(rest) || (take_word(rest, "RETURN") && !take_return(rest, w)) ||
		(take_word(rest, "CHARSET") &&
			(is->utf8_accept || !imap_take_astring(rest, is->s.command, &charset) || !imap_take_space(rest)))) {
		if (w->wants & RETURN_SAVE)
			range_set_clear(&is->saved);
		return imap_bad_arguments(is);
	}
	enum step r = search_begin(w, rest, charset);
	/* a SEARCH that fails leaves nothing in $ (RFC 5182 2.1) */
	if (is->answered && (w->wants & RETURN_SAVE) && !w->ran)
		range_set_clear(&is->saved);
	return r;
}
