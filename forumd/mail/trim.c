/* trim.c - cutting the reply out. The text becomes a table of lines (trim_split); cuts only mark lines, in this order:
 *
 *   1. from the first line below which all is the quoted mail without '>' (trim_tail), when that is safe;
 *   2. at the end, again and again: program lines, signatures, quoted lines with what introduces them (trim_end);
 *   3. one introduced quotation above the answer (trim_single).
 *
 * Nothing between two quotations is ever cut. When no text is left, nothing is. */
#include "forumd/base/mem.h"
#include "forumd/base/text.h"
#include "forumd/base/arena.h"
#include "forumd/mail/field.h"
#include "forumd/mail/mime.h"
#include "forumd/mail/trim_private.h"

#define SIGNATURE_LOOK 40
#define SCRUB_LINES 10

static bool trim_shown(const struct trim_line *l) {
	return l->kind == TRIM_TEXT || l->kind == TRIM_QUOTED;
}

/* the next line that shows something, at or behind i; n when none */
static size_t trim_next(const struct trim *t, size_t i) {
	while (i < t->n && !trim_shown(&t->v[i]))
		i++;
	return i;
}

/* the end of what comes before i: one behind the last line that shows something */
static size_t trim_before(const struct trim *t, size_t i) {
	while (i > 0 && !trim_shown(&t->v[i - 1]))
		i--;
	return i;
}

static void trim_cut(struct trim *t, size_t from, size_t to, unsigned reason) {
	for (; from < to; from++) {
		if (trim_shown(&t->v[from]))
			t->reasons |= reason;
		t->v[from].cut = true;
	}
}

/* a block of From, Sent, To, Subject in any order begins at i, with so many different names */
static bool trim_headers(const struct trim *t, size_t i, unsigned need) {
	unsigned seen = 0, others = 0;
	bool blank = false, address = false;
	if (i >= t->n || !trim_line_label(&t->v[i]))
		return false;
	for (size_t k = i; k < t->n && k < i + 20; k++) {
		if (!trim_shown(&t->v[k])) {
			if (blank)
				break;
			blank = true;
			continue;
		}
		enum trim_label label = trim_line_label(&t->v[k]);
		/* names and recipients wrap, but not behind an empty line, and they are no sentences */
		if (!label && (blank || ++others > 4 || slice_ends(t->v[k].text, SLICE("."))))
			break;
		seen |= label ? 1u << label : 0;
		address = address || slice_chr(t->v[k].text, '@') >= 0;
		others = label ? 0 : others;
		blank = false;
	}
	/* without anything above that says what it is, it must have what a mail has */
	if (need >= 3 && !(seen & 1u << TRIM_DATE) && !address)
		return false;
	return (seen & 1u << TRIM_FROM) && (unsigned)__builtin_popcount(seen) >= need;
}

/* below a rule as Outlook draws it, "Word: value" lines in whatever language */
static bool trim_headers_unknown(const struct trim *t, size_t i) {
	unsigned labels = 0;
	for (unsigned k = 0; k < 4 && (i = trim_next(t, i)) < t->n; k++, i++) {
		ptrdiff_t colon = slice_chr(t->v[i].fold, ':');
		labels += colon > 0 && colon < 30;
		if (k == 0 && !labels)
			return false;
	}
	return labels >= 3;
}

static bool trim_dashed(const struct trim_line *l) {
	return slice_starts(l->fold, SLICE("---")) && slice_ends(l->fold, SLICE("---"));
}

/* When the parent is known, the tail must be its copy, with nothing of the author's between its lines. */
static bool trim_tail_ours(const struct trim *t, size_t from) {
	size_t own = 0, waiting = 0, known = 0;
	if (!t->parent_octets)
		return true;
	for (size_t i = from; i < t->n; i++) {
		const struct trim_line *l = &t->v[i];
		if (l->known) {
			own += known ? waiting : 0;
			known += l->known;
			waiting = 0;
		} else if (l->kind == TRIM_TEXT && !trim_line_label(l) && !trim_line_decoration(l) &&
			slice_find(l->text, SLICE("<http")) < 0 && slice_find(l->text, SLICE("<mailto")) < 0) {
			waiting++;
		}
	}
	return known && !own;
}

/* "Hi Ann," above "Ann wrote:": the answer is below, and the author took the quotation out by hand */
static bool trim_only_greeting(const struct trim *t, size_t from) {
	size_t first = trim_next(t, 0), end = trim_before(t, from);
	return end && first + 1 == end && slice_ends(t->v[first].text, SLICE(","));
}

/* does the quoted mail begin at i, without '>'? *from_r, *keep_r: see trim_intro */
static unsigned trim_tail_begins(const struct trim *t, size_t i, size_t *from_r, size_t *keep_r) {
	const struct trim_line *l = &t->v[i];
	size_t next = trim_next(t, i + 1);
	*from_r = i;
	*keep_r = 0;
	if (l->kind == TRIM_SEPARATOR)
		return next < t->n ? TRIM_HEADERS : 0;
	if (l->kind == TRIM_RULE) {
		while (next < t->n && trim_line_decoration(&t->v[next]))
			next = trim_next(t, next + 1);
		return trim_headers(t, next, 2) || trim_headers_unknown(t, next) ? TRIM_HEADERS : 0;
	}
	/* GroupWise: ">>> Ann <ann@example.org> 03/03/20 14:05 >>>" above unmarked lines */
	if (l->kind == TRIM_QUOTED && slice_starts(l->text, SLICE(">>> ")) && slice_ends(l->text, SLICE(" >>>")) &&
		i + 1 == t->quoted_end && next < t->n)
		return TRIM_HEADERS;
	if (l->kind != TRIM_TEXT || !l->fold.n)
		return 0;
	bool below = next < t->n && t->v[next].kind != TRIM_QUOTED;
	if (trim_intro_runs_on(l) && i >= t->quoted_end)
		return TRIM_ATTRIBUTION;
	if (l->text.n > 100 && trim_line_title(l))    /* phones: header and text in one line */
		return TRIM_HEADERS;
	if (trim_line_title(l) && next < t->n && (trim_dashed(l) || !below || trim_headers(t, next, 1)))
		return TRIM_HEADERS;
	if ((trim_line_decoration(l) || trim_dashed(l)) && trim_headers(t, next, 2))
		return TRIM_HEADERS;
	if (trim_headers(t, i, 3))
		return TRIM_HEADERS;
	char last = l->fold.p[l->fold.n - 1];
	if (below && i >= t->quoted_end && (last == ':' || last == '-') && trim_intro(t, 0, i, false, from_r, keep_r) &&
		!trim_only_greeting(t, *from_r))
		return TRIM_ATTRIBUTION;
	return 0;
}

/* 1: returns where the text ends. A program that marks quotations with '>' marks them all: unmarked lines above such
 * ones are the author's, whatever introduces them. */
static size_t trim_tail(struct trim *t) {
	for (t->quoted_end = t->n; t->quoted_end > 0 && t->v[t->quoted_end - 1].kind != TRIM_QUOTED;)
		t->quoted_end--;
	for (size_t i = 0; i < t->n; i++) {
		size_t from, keep;
		/* all below is passed on, unless it is what we sent */
		if (t->keep_forwarded && t->v[i].kind == TRIM_TEXT && trim_line_forward(&t->v[i]) &&
			(!t->parent_octets || !trim_tail_ours(t, i)))
			return t->n;
		unsigned reason = trim_tail_begins(t, i, &from, &keep);
		if (!reason)
			continue;
		if ((!trim_before(t, from) && !keep) || !trim_tail_ours(t, from))
			return t->n;
		trim_cut(t, from, t->n, reason);
		if (keep) {
			t->partial = from;
			t->partial_len = keep;
			t->v[from].cut = false;
			return from + 1;
		}
		return from;
	}
	return t->n;
}

/* an unmarked copy of the parent at the end */
static size_t trim_copy(struct trim *t, size_t end) {
	size_t i = end, from = end, known = 0, at, keep;
	while (i > 0 && (t->v[i - 1].kind != TRIM_TEXT || t->v[i - 1].known) && t->v[i - 1].kind != TRIM_QUOTED) {
		known += t->v[--i].known;
		from = t->v[i].known ? i : from;
	}
	if (t->parent_octets < 20 || known * 10 < t->parent_octets * 8)
		return end;
	size_t above = trim_before(t, from);
	if (above && trim_intro(t, 0, above - 1, true, &at, &keep) && !keep)
		from = at;
	trim_cut(t, from, end, TRIM_QUOTE);
	return from;
}

/* What introduces the quotation whose first line is `block`: returns its first line, or block. */
static size_t trim_block_intro(struct trim *t, size_t block, size_t *keep_r) {
	size_t above = trim_before(t, block), i = above, octets = 0, from;
	*keep_r = 0;
	if (!above)
		return block;
	/* the structure says so; but what the author wrote into it ends otherwise */
	while (i > 0 && above - i < TRIM_WRAP_MAX && t->v[i - 1].kind == TRIM_TEXT)
		octets += t->v[--i].fold.n;
	bool colon = slice_ends(t->v[above - 1].fold, SLICE(":"));
	if (i > 0 && i < above && t->v[i - 1].kind == TRIM_INTRO && colon && octets && octets < TRIM_FOLD_MAX) {
		while (i > 0 && t->v[i - 1].kind == TRIM_INTRO)
			i--;
		return i;
	}
	if (trim_intro(t, 0, above - 1, true, &from, keep_r))
		return from;
	if (trim_line_title(&t->v[above - 1]))
		return above - 1;
	return block;
}

static size_t trim_known(const struct trim *t, size_t from, size_t to) {
	size_t known = 0;
	for (; from < to; from++)
		known += t->v[from].known;
	return known;
}

static size_t trim_end_quote(struct trim *t, size_t end) {
	size_t i = end, block = end, keep;
	while (i > 0 && (t->v[i - 1].kind == TRIM_QUOTED || !trim_shown(&t->v[i - 1])))
		block = t->v[--i].kind == TRIM_QUOTED ? i : block;
	if (block == end)
		return end;
	size_t from = trim_block_intro(t, block, &keep);
	/* a known parent without a word in the quotation: the author quotes something else */
	if (from == block && t->parent_octets && !trim_known(t, block, end))
		return end;
	trim_cut(t, block, end, TRIM_QUOTE);
	trim_cut(t, from, block, TRIM_ATTRIBUTION);
	t->tail = t->tail || from == block;
	if (keep) {
		t->partial = from;
		t->partial_len = keep;
		t->v[from].cut = false;
		return from + 1;
	}
	return from;
}

static size_t trim_end_boilerplate(struct trim *t, size_t end) {
	const struct trim_line *l = &t->v[end - 1];
	size_t from = end - 1;
	if (l->kind != TRIM_TEXT)
		return end;
	/* the link behind "Get ... for ..." on a line of its own */
	bool link = slice_starts(l->fold, SLICE("<http")) || slice_starts(l->fold, SLICE("http")) ||
		slice_starts(l->fold, SLICE("www."));
	if (link && from && slice_chr(l->fold, ' ') < 0 && trim_line_boilerplate(&t->v[from - 1]))
		from--;
	if (!trim_line_boilerplate(&t->v[from]))
		return end;
	trim_cut(t, from, end, TRIM_BOILERPLATE);
	return from;
}

struct signature { size_t lines, longs, sentences, contacts, items, gaps, addresses; bool list, links; };

static void signature_line(struct signature *s, const struct trim_line *l) {
	char last = l->text.p[l->text.n - 1], first = l->text.p[0];
	s->lines++;
	s->longs += l->text.n > 80;
	s->sentences += last == '.' || last == '?' || last == '!';
	s->contacts += trim_line_contact(l);
	s->addresses += slice_find(l->fold, SLICE("://")) >= 0 && slice_chr(l->fold, ' ') < 0;
	s->items += first == '[' || first == '*' || first == '-' ||
		(text_digit(first) && l->text.n > 1 && memchr(".)", l->text.p[1], 2));
	s->list = s->list || slice_find(l->fold, SLICE("mailing list")) >= 0 ||
		slice_starts(l->fold, SLICE("do you yahoo!?"));
	s->links = s->links || slice_starts(l->fold, SLICE("groups.io links:"));
}

static bool signature_rule(struct slice s, char c) {
	for (size_t i = 0; i < s.n; i++)
		if (s.p[i] != c)
			return false;
	return true;
}

/* Is this line the one above a signature of these lines? "-- " is the rule of the net; the less a line is that, the
 * more the lines have to look like one. */
static bool signature_begins(const struct trim *t, size_t i, const struct signature *s) {
	const struct trim_line *l = &t->v[i];
	struct slice line = l->raw;
	bool attached = i + 1 < t->n && t->v[i + 1].kind == TRIM_TEXT;
	while (line.n && (line.p[line.n - 1] == '\n' || line.p[line.n - 1] == '\r'))
		line.n--;
	if (slice_is(line, "-- ") || slice_is(line, "--\xc2\xa0"))
		return s->lines <= 30;
	/* pages have room between the two, and no blank behind the rule */
	attached = attached || (t->html && s->contacts && s->lines > 1 && !s->sentences);
	bool modest = s->lines <= 8 && s->gaps <= 1 && !s->longs && !s->items;
	/* links below a dash that is no rule of the net are what the author points to */
	if (s->lines && s->addresses == s->lines && !slice_is(l->text, "--") && !slice_is(l->text, "- --"))
		return false;
	if (slice_is(l->text, "--") || slice_is(l->text, "—") || slice_is(l->text, "––") || slice_is(l->text, "__") ||
		slice_is(l->text, "- --"))
		return !s->lines || (modest && attached && (s->sentences * 2 < s->lines || s->contacts));
	if (l->text.n >= 20 &&
		((signature_rule(l->text, '_') && s->list) || (slice_starts(l->text, SLICE("-=-=-=-=")) && s->links)))
		return s->lines <= 12;
	if (l->fold.n >= 3 && (signature_rule(l->fold, '-') || signature_rule(l->fold, '_') || signature_rule(l->fold, '=')))
		return modest && s->lines && s->lines <= 6 && attached && s->contacts && !s->sentences;
	return false;
}

static size_t trim_end_signature(struct trim *t, size_t end) {
	struct signature s = { 0 };
	size_t i = end;
	bool marked = t->v[end - 1].kind == TRIM_SIGN_END;
	for (; i > 0 && s.lines <= SIGNATURE_LOOK && end - i < 2 * SIGNATURE_LOOK; i--) {
		const struct trim_line *l = &t->v[i - 1];
		if (l->kind == TRIM_QUOTED)
			return end;
		if (l->kind == TRIM_SIGN && marked && s.lines <= 15) {
			trim_cut(t, i - 1, end, TRIM_SIGNATURE);
			return i - 1;
		}
		if (l->kind == TRIM_BLANK) {
			s.gaps += i < end && t->v[i].kind == TRIM_TEXT;
		} else if (l->kind == TRIM_TEXT) {
			if (signature_begins(t, i - 1, &s)) {
				trim_cut(t, i - 1, end, TRIM_SIGNATURE);
				return i - 1;
			}
			signature_line(&s, l);
		}
	}
	return end;
}

static bool trim_scrub_mark(const struct trim_line *l) {
	return l->kind == TRIM_TEXT && slice_is(l->fold, "-------------- next part --------------");
}

/* What Mailman writes in its archives and digests for the HTML and the signature of a mail. Other files stay named: the
 * author attached them. */
static size_t trim_end_scrubbed(struct trim *t, size_t end) {
	size_t from = end, first = end;
	bool signature = false;
	while (from > 0 && end - from < SCRUB_LINES && t->v[from - 1].kind <= TRIM_TEXT && !trim_scrub_mark(&t->v[from - 1])) {
		from--;
		first = trim_shown(&t->v[from]) ? from : first;
		signature = signature || slice_is(t->v[from].fold, "type: application/pgp-signature") ||
			slice_is(t->v[from].fold, "type: application/pkcs7-signature");
	}
	if (!from || !trim_scrub_mark(&t->v[from - 1]))
		return end;
	bool link = first < end && (slice_find(t->v[end - 1].fold, SLICE("/attachments/")) >= 0);
	bool html = link && slice_starts(t->v[first].fold, SLICE("an html attachment was scrubbed"));
	bool other = link && signature && slice_starts(t->v[first].fold, SLICE("a non-text attachment was scrubbed"));
	if (first < end && !html && !other)
		return end;
	trim_cut(t, from - 1, end, TRIM_BOILERPLATE);
	return from - 1;
}

/* 2 */
static size_t trim_end(struct trim *t, size_t end) {
	for (size_t was = end + 1; was != end && end;) {
		was = end;
		/* the mark of a signature is seen before it is passed over */
		while (end > 0 && !trim_shown(&t->v[end - 1]) && t->v[end - 1].kind != TRIM_SIGN_END)
			end--;
		if (end)
			end = trim_end_signature(t, end);
		end = trim_before(t, end);
		if (end)
			end = trim_end_scrubbed(t, trim_end_boilerplate(t, end));
		size_t legal = trim_legal(t, end);
		trim_cut(t, legal, end, TRIM_BOILERPLATE);
		end = legal;
		if (end && t->reasons && trim_line_decoration(&t->v[end - 1]) && !(t->v[end - 1].cut)) {
			trim_cut(t, end - 1, end, TRIM_BOILERPLATE);
			end--;
		}
		if (end)
			end = trim_end_quote(t, end);
	}
	return end;
}

/* 3: the only quotation left, above text: the answer stands below what it answers */
static void trim_single(struct trim *t, size_t end) {
	size_t first = 0, last = 0, blocks = 0, keep;
	for (size_t i = 0; i < end; i++) {
		if (t->v[i].kind != TRIM_QUOTED)
			continue;
		size_t above = trim_before(t, i);
		if (!blocks || !above || t->v[above - 1].kind != TRIM_QUOTED) {
			blocks++;
			first = i;
		}
		last = i + 1;
	}
	if (blocks != 1 || t->tail)
		return;
	size_t from = trim_block_intro(t, first, &keep), known = trim_known(t, first, last);
	bool all = t->parent_octets && known * 10 >= t->parent_octets * 8;
	if (keep || (t->parent_octets ? !all : from == first && !trim_quoted_intro(t, first)))
		return;
	/* one empty line is enough where the quotation was */
	while (last < end && !trim_shown(&t->v[last]))
		last++;
	trim_cut(t, first, last, TRIM_QUOTE);
	trim_cut(t, from, first, TRIM_ATTRIBUTION);
}

/* marks that came to stand in a line; the rest as it is */
static void trim_put(const struct trim *t, struct slice s, struct buf *out) {
	ptrdiff_t at;
	while (t->html && (at = slice_find(s, SLICE("\xee\x82"))) >= 0) {
		bool mark = (size_t)at + 2 < s.n && (unsigned char)s.p[at + 2] >= 0xb1 && (unsigned char)s.p[at + 2] <= 0xb5;
		buf_add(out, s.p, (size_t)at + (mark ? 0 : 2));
		s = slice_from(s, (size_t)at + (mark ? 3 : 2));
	}
	buf_add_slice(out, s);
}

static void trim_write(const struct trim *t, struct buf *out, struct trim_info *info) {
	size_t all = 0, written = 0;
	bool any = false;
	for (size_t i = 0; i < t->n; i++) {
		const struct trim_line *l = &t->v[i];
		all += l->kind > TRIM_QUOTED ? 0 : l->raw.n;
		if (l->cut) {
			info->lines += trim_shown(l);
			continue;
		}
		if (!trim_shown(l)) {
			continue;
		}
		/* empty lines wait until it is known that text follows */
		size_t from = i;
		while (any && from > 0 && (t->v[from - 1].cut || !trim_shown(&t->v[from - 1])))
			from--;
		for (; from < i; from++) {
			if (t->v[from].cut || t->v[from].kind != TRIM_BLANK)
				continue;
			buf_add_slice(out, t->v[from].raw);
			written += t->v[from].raw.n;
		}
		any = true;
		if (i == t->partial) {
			trim_put(t, slice_to(l->raw, t->partial_len), out);
			buf_addc(out, '\n');
			info->lines++;
		} else {
			trim_put(t, l->raw, out);
		}
		written += i == t->partial ? t->partial_len + 1 : l->raw.n;
	}
	info->octets = all - written;
}

static bool trim_empty(struct slice s) {
	while (s.n && (text_control(s.p[0]) || s.p[0] == ' '))
		s = slice_from(s, 1);
	return !s.n;
}

/* true when something was cut and something is left */
static bool trim_lines(struct slice text, struct slice parent_text, bool html, bool keep_forwarded, struct buf *out,
	struct trim_info *info) {
	struct trim t = { .partial = SIZE_MAX, .html = html, .keep_forwarded = keep_forwarded };
	size_t start = buf_len(out);
	trim_split(&t, text);
	trim_parent_mark(&t, parent_text);
	size_t end = trim_tail(&t);
	if (end == t.n && t.parent_octets)
		end = trim_copy(&t, end);
	end = trim_end(&t, end);
	trim_single(&t, end);
	*info = (struct trim_info){ .reasons = t.reasons };
	if (t.n && t.reasons)
		trim_write(&t, out, info);
	bool empty = trim_empty(slice_from(buf_slice(out), start));
	if (!t.reasons || empty) {
		buf_truncate(out, start);
		*info = (struct trim_info){ .whole = true, .only_quote = t.reasons != 0 };
	}
	mem_free(t.v);
	buf_free(&t.folded);
	return !info->whole;
}

static void trim_plain(struct slice utf8, struct slice parent_text, bool keep_forwarded, struct buf *out,
	struct trim_info *info_r) {
	if (!trim_lines(utf8, parent_text, false, keep_forwarded, out, info_r))
		buf_add_slice(out, utf8);
}

void trim_text(struct slice utf8, struct slice parent_text, struct buf *out, struct trim_info *info_r) {
	trim_plain(utf8, parent_text, false, out, info_r);
}

void trim_reply(struct slice header, struct slice body, struct slice parent_text, struct buf *out,
	struct trim_info *info_r) {
	struct arena *a = arena_new();
	struct buf text = { 0 }, marked = { 0 }, plain = { 0 };
	struct mime_table table;
	*info_r = (struct trim_info){ .whole = true };
	mime_scan(a, header, body, &table);
	int i = mime_readable(&table);
	if (i >= 0)
		mime_readable_text(&table, i, body, TRIM_TEXT_MAX, &text);
	if (i < 0 || !slice_is(table.v[i].subtype, "html")) {
		trim_plain(buf_slice(&text), parent_text, true, out, info_r);
	} else {
		trim_html(buf_slice(&text), &marked);
		mime_html_text(buf_slice(&marked), &plain);
		if (!trim_lines(buf_slice(&plain), parent_text, true, true, out, info_r))
			mime_html_text(buf_slice(&text), out);
	}
	buf_free(&text), buf_free(&marked), buf_free(&plain);
	arena_free(&a);
}
