/* nntp_cmd_over.c - OVER, HDR, XHDR, XPAT. OVER copies stored lines; of posts in several places the Xref is made here,
 * for it must not name a group the reader may not read. */
#include "forumd/base/num.h"
#include "forumd/forum/author.h"
#include "forumd/forum/rights.h"
#include "gateways/common/wildmat.h"
#include "gateways/nntp/nntp_private.h"

#define OVER_STEP (64 * 1024)
#define HDR_STEP 256

/* ---- OVER ---------------------------------------------------------------------------------------------------------- */

/* Xref value "DOMAIN g:1 g:2": appended without the unreadable groups */
static void over_filter_xref(struct session *s, struct forum_txn *t, struct slice xref, struct buf *out) {
	struct slice word;
	struct group g;
	slice_word(&xref, &word);
	buf_add_slice(out, word);
	while (slice_word(&xref, &word)) {
		ptrdiff_t colon = slice_rchr(word, ':');
		if (colon > 0 && nntp_group_find(s, t, slice_to(word, (size_t)colon), &g) <= 0)
			continue;
		buf_addc(out, ' ');
		buf_add_slice(out, word);
	}
}

static void over_xref(void *arg, struct forum_txn *t, struct slice xref, struct buf *out) {
	over_filter_xref(arg, t, xref, out);
}

static enum step over_more(struct session *s) {
	struct nntp_cursor *at = &nntp_of(s)->at;
	struct forum_txn *t = session_read(s);
	struct buf *out = session_out(s);
	struct overview_iter it;
	uint32_t stop = at->hi;
	/* numbers that the member hid from himself are skipped, a run at a time */
	bool run = !t || nntp_hidden_run(s, t, at->group, &at->next, at->hi, &stop);
	int r = t ? overview_iter_begin(t, at->group, at->next, run ? stop : 0, &it) : ERR_UNAVAILABLE;
	if (r < 0)
		return at->any ? STEP_CLOSE : nntp_fail(s, r);
	size_t head = buf_len(out);
	it.xref = over_xref;
	it.xref_arg = s;
	if (!at->any)
		buf_adds(out, "224 overview follows\r\n");
	do {
		size_t before = buf_len(out);
		r = overview_lines(&it, OVER_STEP, out);
		at->any |= buf_len(out) > before;
	} while (r > 0 && !conn_full(s->conn));
	at->next = it.next;
	overview_iter_end(&it);
	if (r < 0)
		return STEP_CLOSE;
	if (r == 0 && run && stop < at->hi) {
		at->next = stop + 1;
		r = 1;
	}
	if (r > 0 && !at->any)
		buf_truncate(out, head);
	if (r > 0)
		return nntp_more(s, over_more);
	if (at->any)
		return nntp_finish(s);
	buf_truncate(out, head);
	s->step = NULL;
	return nntp_reply(s, "423 no articles in that range");
}

/* the overview record of a post in a place this reader may see: 1, 0, < 0 */
static int over_of_post(struct session *s, struct forum_txn *t, const struct post *p, struct overview *o) {
	for (size_t i = 0; i < p->nplaces; i++) {
		struct group g;
		int r = group_get(t, p->places[i].group, &g);
		if (r < 0)
			return r;
		if (r > 0 && p->places[i].number && !g.removed && g.access != GROUP_OWN && rights_can_read(t, s->member, &g))
			return overview_get_any(t, g.id, p->places[i].number, o);
	}
	return 0;
}

static enum step over_msgid(struct session *s, struct slice id) {
	struct forum_txn *t = session_read(s);
	struct buf *out = session_out(s);
	struct overview o;
	struct post p;
	int r = t ? nntp_post_by_msgid(s, t, id, &p) : ERR_UNAVAILABLE;
	if (r > 0)
		r = over_of_post(s, t, &p, &o);
	if (r <= 0)
		return r < 0 ? nntp_fail(s, r) : nntp_reply(s, "430 no such article");
	buf_adds(out, "224 overview follows\r\n");
	struct buf xref = { 0 };
	over_filter_xref(s, t, o.xref, &xref);
	o.number = 0;
	overview_line(t, &o, buf_slice(&xref), out);
	buf_free(&xref);
	return nntp_finish(s);
}

/* a range or the current article within the selected group: 1; 0 answered */
static int over_range(struct session *s, struct slice *args, unsigned nargs, enum step *step_r) {
	struct nntp_session *n = nntp_of(s);
	struct forum_txn *t;
	struct group g;
	uint32_t lo, hi;
	if (nargs && !nntp_range(args[0], &lo, &hi)) {
		*step_r = nntp_syntax(s, "a range is n, n- or n-m");
		return 0;
	}
	if (!nntp_selected(s, &t, &g, step_r))
		return 0;
	if (!nargs && !n->number) {
		*step_r = nntp_reply(s, "420 no current article");
		return 0;
	}
	if (!nargs)
		lo = hi = n->number;
	n->at = (struct nntp_cursor){ .group = g.id, .next = lo ? lo : 1, .hi = hi < g.high ? hi : g.high };
	if (n->at.next <= n->at.hi)
		return 1;
	*step_r = nntp_reply(s, nargs ? "423 no articles in that range" : "420 the current article is gone");
	return 0;
}

enum step nntp_cmd_over(struct session *s, struct slice *args, unsigned nargs) {
	enum step step;
	if (nargs && nntp_is_msgid(args[0]))
		return over_msgid(s, args[0]);
	return over_range(s, args, nargs, &step) ? over_more(s) : step;
}

/* ---- HDR ----------------------------------------------------------------------------------------------------------- */

static void hdr_thread(const struct overview *o, struct buf *out) {
	if (!o->parent)
		return;
	buf_adds(out, "by=");
	buf_adds(out, parent_reason_name(o->reason));
}

/* Value of a field that the overview holds. False: it does not, ask the post. */
static bool hdr_from_overview(struct session *s, struct forum_txn *t, const struct overview *o, struct slice name,
	struct buf *out) {
	if (slice_is_nocase(name, "subject"))
		buf_add_slice(out, o->subject);
	else if (slice_is_nocase(name, "from"))
		buf_add_slice(out, author_from(t, o->author, o->from));
	else if (slice_is_nocase(name, "date"))
		buf_add_slice(out, o->date_text);
	else if (slice_is_nocase(name, "message-id"))
		buf_add_slice(out, o->message_id);
	else if (slice_is_nocase(name, "references"))
		buf_add_slice(out, o->references);
	else if (slice_is_nocase(name, ":bytes"))
		buf_addu(out, overview_size(t, o));
	else if (slice_is_nocase(name, ":lines") || slice_is_nocase(name, "lines"))
		buf_addu(out, o->lines);
	else if (slice_is_nocase(name, "forum-flags") || slice_is_nocase(name, ":x-forum-flags"))
		buf_add_slice(out, overview_flags_text(t, o));
	else if (slice_is_nocase(name, "forum-thread") || slice_is_nocase(name, ":x-forum-thread"))
		hdr_thread(o, out);
	else if (slice_is_nocase(name, "xref"))
		over_filter_xref(s, t, o->xref, out);
	else
		return false;
	return true;
}

/* RFC 3977 8.5.2: TAB, CR, LF, NUL never show in a value */
static void hdr_clean(char *p, size_t n) {
	for (size_t i = 0; i < n; i++)
		if (p[i] == '\t' || p[i] == '\r' || p[i] == '\n' || p[i] == 0)
			p[i] = ' ';
}

static void hdr_line(struct session *s, struct forum_txn *t, const struct overview *o, uint32_t number) {
	struct nntp_cursor *at = &nntp_of(s)->at;
	struct buf *out = session_out(s);
	struct post p;
	size_t line = buf_len(out);
	buf_addu(out, number);
	buf_addc(out, ' ');
	size_t value = buf_len(out);
	bool have = hdr_from_overview(s, t, o, at->header, out) ||
		(post_get(t, o->post, &p) > 0 && nntp_header_value(s, t, &p, at->header, out));
	hdr_clean(buf_bytes(out) + value, buf_len(out) - value);
	if (at->pattern.n && (!have || !wildmat_text(at->pattern, slice_from(buf_slice(out), value)))) {
		buf_truncate(out, line);
		return;
	}
	if (at->historic && buf_len(out) == value)
		buf_adds(out, "(none)");
	buf_add(out, "\r\n", 2);
}

static enum step hdr_empty(struct session *s, size_t head) {
	buf_truncate(session_out(s), head);
	s->step = NULL;
	return nntp_reply(s, "423 no articles in that range");
}

static enum step hdr_more(struct session *s) {
	struct nntp_cursor *at = &nntp_of(s)->at;
	struct forum_txn *t = session_read(s);
	struct buf *out = session_out(s);
	struct overview_iter it;
	struct overview o;
	size_t head = buf_len(out);
	int r = t ? overview_iter_begin(t, at->group, at->next, at->hi, &it) : ERR_UNAVAILABLE;
	if (r < 0)
		return at->any ? STEP_CLOSE : nntp_fail(s, r);
	nntp_hidden(s, t, at->group);         /* once for all numbers */
	if (!at->any)
		nntp_reply(s, at->historic ? "221 header follows" : "225 headers follow");
	for (unsigned i = 0; (r = overview_iter_next(&it, &o)) > 0; i++) {
		if (nntp_hidden_has(s, t, at->group, o.number))
			continue;
		at->any = true;
		hdr_line(s, t, &o, o.number);
		if (i % HDR_STEP == HDR_STEP - 1 && (conn_full(s->conn) || buf_len(out) - head > 4 * OVER_STEP))
			break;
	}
	at->next = it.next;
	overview_iter_end(&it);
	if (r < 0)
		return STEP_CLOSE;
	if (r > 0)
		return nntp_more(s, hdr_more);
	return at->any ? nntp_finish(s) : hdr_empty(s, head);
}

static enum step hdr_msgid(struct session *s, struct slice id) {
	struct nntp_cursor *at = &nntp_of(s)->at;
	struct forum_txn *t = session_read(s);
	struct overview o;
	struct post p;
	int r = t ? nntp_post_by_msgid(s, t, id, &p) : ERR_UNAVAILABLE;
	if (r > 0)
		r = over_of_post(s, t, &p, &o);
	if (r <= 0)
		return r < 0 ? nntp_fail(s, r) : nntp_reply(s, "430 no such article");
	nntp_reply(s, at->historic ? "221 header follows" : "225 headers follow");
	hdr_line(s, t, &o, 0);
	return nntp_finish(s);
}

static bool hdr_name_valid(struct slice name) {
	static const char *const metadata[] = { ":bytes", ":lines", ":x-forum-flags", ":x-forum-thread" };
	for (size_t i = 0; i < sizeof metadata / sizeof *metadata; i++)
		if (slice_is_nocase(name, metadata[i]))
			return true;
	for (size_t i = 0; i < name.n; i++)
		if (name.p[i] <= ' ' || name.p[i] >= 127 || name.p[i] == ':')
			return false;
	return name.n > 0;
}

static enum step hdr_command(struct session *s, struct slice name, struct slice *args, unsigned nargs, bool historic,
	struct slice pattern) {
	struct nntp_cursor *at = &nntp_of(s)->at;
	enum step step;
	if (!hdr_name_valid(name))
		return name.n && name.p[0] == ':' ? nntp_reply(s, "503 no such metadata")
										  : nntp_syntax(s, "malformed field name");
	bool by_id = nargs && nntp_is_msgid(args[0]);
	if (!by_id && !over_range(s, args, nargs, &step))
		return step;
	if (by_id)
		*at = (struct nntp_cursor){ 0 };
	at->header = name;
	at->historic = historic;
	at->pattern = pattern;
	return by_id ? hdr_msgid(s, args[0]) : hdr_more(s);
}

enum step nntp_cmd_hdr(struct session *s, struct slice *args, unsigned nargs) {
	return hdr_command(s, args[0], args + 1, nargs - 1, false, SLICE(""));
}

enum step nntp_cmd_xhdr(struct session *s, struct slice *args, unsigned nargs) {
	/* a bare XHDR is a probe: 412 tells that the command is there */
	if (!nargs)
		return nntp_of(s)->group ? nntp_syntax(s, "usage: XHDR field [range|message-id]") : nntp_no_group(s);
	return hdr_command(s, args[0], args + 1, nargs - 1, true, SLICE(""));
}

/* RFC 2980 2.9: what follows the range is one pattern with a space between its words */
enum step nntp_cmd_xpat(struct session *s, struct slice *args, unsigned nargs) {
	struct slice pattern = args[2];
	for (unsigned i = 3; i < nargs; i++)
		pattern = arena_slicef(s->command, "%.*s %.*s", SLICE_ARG(pattern), SLICE_ARG(args[i]));
	return hdr_command(s, args[0], args + 1, 1, true, pattern);
}
