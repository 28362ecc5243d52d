/* trim_line.c - the text cut into lines, and what a line says: one reader for each kind of line, each over one line or
 * the few lines a mail program wraps an introduction into. All compare case-folded text with the tables. */
#include "forumd/base/mem.h"
#include "forumd/base/text.h"
#include "forumd/mail/trim_private.h"

/* marks that steer writing direction or join nothing; they hide words from the tables */
static bool line_invisible(int32_t c) {
	return (c >= 0x200b && c <= 0x200f) || (c >= 0x202a && c <= 0x202e) || (c >= 0x2060 && c <= 0x2069) ||
		c == 0xfeff || c == 0xad;
}

static bool line_space_at(struct slice s, size_t *n_r) {
	*n_r = 1;
	if (text_space(s.p[0]) || s.p[0] == '\r' || s.p[0] == '\n' || s.p[0] == '\f' || s.p[0] == '\v')
		return true;
	*n_r = 2;
	if (s.n >= 2 && (unsigned char)s.p[0] == 0xc2 && (unsigned char)s.p[1] == 0xa0)
		return true;
	*n_r = 3;
	if (s.n < 3)
		return false;
	struct slice c = slice_to(s, 3);
	return (unsigned char)s.p[0] >= 0xe2 && line_invisible(text_utf8_next(&c));
}

/* without white space of any kind at both ends */
static struct slice line_trim(struct slice s) {
	size_t n;
	while (s.n && line_space_at(s, &n))
		s = slice_from(s, n);
	while (s.n) {
		if (line_space_at(slice_from(s, s.n - 1), &n) && n == 1)
			s.n--;
		else if (s.n >= 2 && line_space_at(slice_from(s, s.n - 2), &n) && n == 2)
			s.n -= 2;
		else if (s.n >= 3 && line_space_at(slice_from(s, s.n - 3), &n) && n == 3)
			s.n -= 3;
		else
			break;
	}
	return s;
}

static struct slice line_fold(struct slice text, struct buf *out) {
	struct buf seen = { 0 };
	size_t at = buf_len(out);
	for (struct slice rest = text; rest.n;) {
		struct slice here = rest;
		int32_t c = text_utf8_next(&rest);
		if (c >= 0x2010 && c <= 0x2015)      /* dashes of all lengths */
			buf_addc(&seen, '-');
		else if (c >= 0 && !line_invisible(c))
			buf_add(&seen, here.p, here.n - rest.n);
	}
	text_fold(buf_slice(&seen), out);
	buf_free(&seen);
	return slice_of((const char *)(uintptr_t)at, buf_len(out) - at);
}

/* "> wrote:": the end of an introduction that was wrapped before the '>' of an address */
static bool line_wrapped_verb(struct slice text) {
	struct slice s = slice_trim(slice_from(text, 1));
	struct buf b = { 0 };
	bool verb = false;
	if (!slice_ends(s, SLICE(":")) || s.n > 40)
		return false;
	buf_addc(&b, ' ');
	line_fold(slice_trim(slice_to(s, s.n - 1)), &b);
	for (const char *const *k = trim_verbs; *k && !verb; k++)
		verb = slice_is(buf_slice(&b), *k);
	buf_free(&b);
	return verb;
}

static enum trim_kind line_mark(struct slice s) {
	static const char *const marks[] = { TRIM_MARK_SEPARATOR, TRIM_MARK_RULE, TRIM_MARK_INTRO, TRIM_MARK_SIGNATURE,
		TRIM_MARK_SIGNATURE_END };
	for (unsigned i = 0; i < sizeof marks / sizeof *marks; i++)
		if (slice_is(s, marks[i]))
			return TRIM_SEPARATOR + i;
	return TRIM_TEXT;
}

/* marks within quotations mean nothing: they are blank lines that are not shown */
static void line_kind(struct trim_line *l, bool html) {
	struct slice s = l->text;
	while (html && s.n && (s.p[0] == '>' || s.p[0] == ' '))
		s = slice_from(s, 1);
	enum trim_kind mark = html ? line_mark(s) : TRIM_TEXT;
	l->cut = mark != TRIM_TEXT;
	l->kind = !l->text.n ? TRIM_BLANK : l->text.p[0] == '>' ? (l->cut ? TRIM_BLANK : TRIM_QUOTED) : mark;
}

/* A quoted line that was wrapped on its way leaves its last words without '>' between quoted lines. */
static void line_join_wrapped(struct trim *t) {
	for (size_t i = 1; i + 1 < t->n; i++) {
		struct trim_line *l = &t->v[i];
		struct slice above = t->v[i - 1].text;
		if (l->kind != TRIM_TEXT || t->v[i - 1].kind != TRIM_QUOTED || t->v[i + 1].kind != TRIM_QUOTED ||
			l->text.n > 40 || above.n < 64)
			continue;
		char c = l->text.p[0];
		if (!(c >= 'A' && c <= 'Z') && !memchr(".!?:", above.p[above.n - 1], 4))
			l->kind = TRIM_QUOTED;
	}
}

/* Some write '|' for '>': where such a line stands below an introduction, all of them are quoted lines. */
static void line_quote_bars(struct trim *t) {
	size_t from, keep;
	bool found = false;
	for (size_t i = 0; i + 1 < t->n && !found; i++)
		found = t->v[i].fold.n && t->v[i + 1].text.n && t->v[i + 1].text.p[0] == '|' &&
			slice_ends(t->v[i].fold, SLICE(":")) && trim_intro(t, 0, i, true, &from, &keep);
	for (size_t i = 0; found && i < t->n; i++)
		if (t->v[i].kind == TRIM_TEXT && t->v[i].text.p[0] == '|' && !slice_ends(t->v[i].fold, SLICE("wrote:")))
			t->v[i].kind = TRIM_QUOTED;
}

/* Between two lines of ``` stands code: whatever it looks like, it is the author's. */
static void line_code(struct trim *t) {
	for (size_t i = 0; i < t->n; i++) {
		size_t end = i + 1;
		if (t->v[i].kind != TRIM_TEXT || !slice_starts(t->v[i].text, SLICE("```")))
			continue;
		while (end < t->n && !(t->v[end].kind == TRIM_TEXT && slice_is(t->v[end].text, "```")))
			end++;
		if (end == t->n)
			return;
		for (; i < end; i++) {
			t->v[i].fold.n = 0;
			t->v[i].kind = t->v[i].kind == TRIM_BLANK ? TRIM_BLANK : TRIM_TEXT;
		}
	}
}

static size_t line_find(const struct trim *t, size_t i, const char *text) {
	while (i < t->n && !(t->v[i].kind == TRIM_TEXT && slice_is(t->v[i].text, text)))
		i++;
	return i;
}

static void line_hide(struct trim *t, size_t from, size_t to) {
	for (; from < to; from++) {
		t->v[from].kind = TRIM_BLANK;
		t->v[from].cut = true;
	}
}

/* The armour of a text signed by OpenPGP (RFC 9580, 7): the line and the "Hash:" above it, the signature below it. What
 * is published is not what was signed; that is the original, which stays. */
static void line_armour(struct trim *t) {
	size_t first = 0;
	while (first < t->n && t->v[first].kind == TRIM_BLANK)
		first++;
	if (first == t->n || line_find(t, first, "-----BEGIN PGP SIGNED MESSAGE-----") != first)
		return;
	size_t text = first + 1, signature = line_find(t, text, "-----BEGIN PGP SIGNATURE-----");
	size_t end = line_find(t, signature, "-----END PGP SIGNATURE-----");
	if (end == t->n)
		return;
	while (text < signature && slice_starts(t->v[text].fold, SLICE("hash: ")))
		text++;
	line_hide(t, first, text);
	line_hide(t, signature, end + 1);
	t->reasons |= TRIM_SIGNATURE;
}

/* Offsets while the buffer grows, pointers when it is done. */
void trim_split(struct trim *t, struct slice text) {
	size_t room = 0;
	struct slice rest = text, line;
	for (const char *p = text.p; room <= TRIM_LINES_MAX && (p = memchr(p, '\n', (size_t)(text.p + text.n - p))); p++)
		room++;
	if (room >= TRIM_LINES_MAX)
		return;
	t->v = mem_alloc((room + 1) * sizeof *t->v);
	while (slice_line(&rest, &line)) {
		struct trim_line *l = &t->v[t->n++];
		*l = (struct trim_line){ .raw = slice_of(line.p, (size_t)(rest.p - line.p)), .text = line_trim(line) };
		line_kind(l, t->html);
		if (l->kind == TRIM_QUOTED && t->n > 1 && l[-1].kind == TRIM_TEXT && line_wrapped_verb(l->text))
			l->kind = TRIM_TEXT;
		while (l->kind == TRIM_TEXT && l->text.n > 1 && l->text.p[0] == '*' && l->text.p[1] != ' ')
			l->text = slice_from(l->text, 1);
		if (l->kind == TRIM_TEXT && l->text.n <= TRIM_FOLD_MAX)
			l->fold = line_fold(l->text, &t->folded);
	}
	for (size_t i = 0; i < t->n; i++)
		t->v[i].fold = t->v[i].fold.n
			? slice_sub(buf_slice(&t->folded), (size_t)(uintptr_t)t->v[i].fold.p, t->v[i].fold.n)
			: slice_of("", 0);
	line_armour(t);
	line_code(t);
	line_quote_bars(t);
	line_join_wrapped(t);
}

/* most words of a table differ in the first octet: their lengths are not asked for */
static bool line_starts(struct slice s, const char *word) {
	return s.n && s.p[0] == *word && slice_starts(s, slice_str(word));
}

bool trim_starts_any(struct slice fold, const char *const *table) {
	for (; *table; table++)
		if (line_starts(fold, *table))
			return true;
	return false;
}

static bool line_has_any(struct slice fold, const char *const *table) {
	for (; *table; table++)
		if (slice_find(fold, slice_str(*table)) >= 0)
			return true;
	return false;
}

static bool line_in(char c, const char *set) {
	return c && strchr(set, c);
}

/* "From: x", "*De :* x", "发件人：x": the word before the first colon */
enum trim_label trim_line_label(const struct trim_line *l) {
	bool table = l->fold.n && l->fold.p[0] == '|';   /* "| From | x |" */
	struct slice line = slice_from(l->fold, table ? 1 : 0);
	ptrdiff_t colon = slice_chr(line, table ? '|' : ':');
	if (colon <= 0 || colon > 40)
		return TRIM_NO_LABEL;
	struct slice name = slice_trim(slice_to(line, (size_t)colon));
	while (name.n && line_in(name.p[name.n - 1], "*_ "))
		name.n--;
	while (name.n && line_in(name.p[0], "*_|"))
		name = slice_from(name, 1);
	for (const struct trim_label_name *k = trim_label_names; k->name; k++)
		if (name.n && name.p[0] == *k->name && slice_is(name, k->name))
			return k->label;
	return TRIM_NO_LABEL;
}

bool trim_line_decoration(const struct trim_line *l) {
	size_t n = 0;
	if (l->kind != TRIM_TEXT || !l->fold.n)
		return false;
	while (n < l->fold.n && line_in(l->fold.p[n], "-_=*~# "))
		n++;
	return n == l->fold.n && n >= 2;
}

/* The words between dashes; without dashes a title ends with a colon. Phones write the whole header behind it. */
static bool line_titled(const struct trim_line *l, const char *const *titles) {
	struct slice s = l->fold;
	size_t before = 0, after = 0;
	while (s.n && line_in(s.p[0], "-_=*#<[| "))
		before += line_in(s.p[0], "-_="), s = slice_from(s, 1);
	while (s.n && line_in(s.p[s.n - 1], "-_=*#>]| "))
		after += line_in(s.p[s.n - 1], "-_="), s.n--;
	if (!s.n)
		return false;
	bool colon = s.p[s.n - 1] == ':';
	if (before < 2 && (before || !colon))
		return false;
	while (s.n && line_in(s.p[s.n - 1], ": "))
		s.n--;
	for (const char *const *k = titles; *k; k++) {
		if (!line_starts(s, *k))
			continue;
		struct slice behind = slice_from(s, strlen(*k));
		if (slice_is(s, *k))
			return (before >= 2 && (after >= 2 || after == 0)) || (colon && before == 0);
		/* "---------- Forwarded by x on y", "-------- Original message --------From: x" */
		if (before >= 2 && ((after == 0 && s.n <= 100) || (before >= 5 && slice_starts(slice_trim(behind), SLICE("---")))))
			return true;
	}
	return false;
}

bool trim_line_title(const struct trim_line *l) {
	return line_titled(l, trim_titles) || line_titled(l, trim_forwards);
}

bool trim_line_forward(const struct trim_line *l) {
	return line_titled(l, trim_forwards);
}

/* how long a link in brackets is at the beginning of s, as programs put them behind their names; 0 none */
static size_t line_link(struct slice s) {
	char close = s.p[0] == '<' ? '>' : s.p[0] == '(' ? ')' : 0;
	size_t at = 1;
	while (close && at < s.n && s.p[at] == ' ')
		at++;
	if (!close || !(slice_starts(slice_from(s, at), SLICE("http")) || slice_starts(slice_from(s, at), SLICE("www."))))
		return 0;
	ptrdiff_t end = slice_chr(s, close);
	return end < 0 ? 0 : (size_t)end + 1;
}

/* "sent from [x](http://y) for z <http://w>" as "sent from x for z" */
static void line_without_links(struct slice s, struct buf *out) {
	while (s.n) {
		size_t n = line_link(s);
		if (n || line_in(s.p[0], "[]")) {
			s = slice_from(s, n ? n : 1);
			if (n && slice_ends(buf_slice(out), SLICE(" ")) && slice_starts(s, SLICE(" ")))
				s = slice_from(s, 1);
			continue;
		}
		buf_addc(out, s.p[0]);
		s = slice_from(s, 1);
	}
}

static bool line_is_boilerplate(struct slice s);

bool trim_line_boilerplate(const struct trim_line *l) {
	struct buf b = { 0 };
	/* the names of stores are the same in all languages */
	bool picture = slice_starts(l->fold, SLICE("[cid:")) && slice_ends(l->fold, SLICE("]")) &&
		slice_chr(l->fold, ' ') < 0;
	bool store = l->fold.n <= 200 && slice_find(l->fold, SLICE("outlook")) >= 0 &&
		slice_find(l->fold, SLICE("aka.ms/")) >= 0;
	if (!l->fold.n || l->fold.n > 400)
		return false;
	line_without_links(l->fold, &b);
	bool is = store || picture || line_is_boilerplate(buf_slice(&b));
	buf_free(&b);
	return is;
}

static bool line_is_boilerplate(struct slice s) {
	while (s.n && line_in(s.p[0], "([<*_-~ "))
		s = slice_from(s, 1);
	while (s.n && line_in(s.p[s.n - 1], ")]*_-~ "))
		s.n--;
	if (!s.n || s.n > 200 || s.p[s.n - 1] == '?')
		return false;
	bool begins = false, ends = false;
	for (const char *const *k = trim_boilerplate; *k; k++) {
		bool enough = **k == '!', all = **k == '=';
		if (!line_starts(s, *k + (enough || all)) || (all && !slice_is(s, *k + 1)))
			continue;
		/* "Sent from my old house, where ...": a sentence of the author's */
		if (all || (enough && (!line_starts(s, "sent from my ") || s.n <= 40 || line_has_any(s, trim_devices))))
			return true;
		begins = s.n <= 120;
	}
	struct slice bare = slice_to(s, s.n - (s.p[s.n - 1] == '.'));
	for (const char *const *k = trim_boilerplate_ends; bare.n <= 80 && !ends && *k; k++)
		ends = slice_ends(bare, slice_str(*k));
	return (begins || ends) && line_has_any(s, trim_devices);
}

bool trim_line_contact(const struct trim_line *l) {
	size_t digits = 0;
	for (size_t i = 0; i < l->fold.n; i++)
		digits += text_digit(l->fold.p[i]);
	return digits >= 7 || slice_chr(l->fold, '@') >= 0 || slice_find(l->fold, SLICE("://")) >= 0 ||
		slice_find(l->fold, SLICE("www.")) >= 0;
}

/* what speaks for an introduction */
struct evidence { bool opener, digit_first, digit, time, address, verb, colon, own, open_end, name_first; };

static bool intro_verb(struct slice s, bool *own_r) {
	/* "<ann@example.org>wrote:" */
	if (slice_find(s, SLICE(">wrote:")) >= 0)
		return true;
	for (const char *const *k = trim_verbs; *k; k++) {
		struct slice verb = slice_str(*k), rest = s;
		for (ptrdiff_t at; (at = slice_find(rest, verb)) >= 0; rest = slice_from(rest, (size_t)at + verb.n)) {
			struct slice behind = slice_from(rest, (size_t)at + verb.n), before = slice_to(rest, (size_t)at);
			if (verb.p[0] == ' ' && behind.n && !line_in(behind.p[0], " :,.;-(/<>\""))
				continue;
			*own_r = slice_ends(before, SLICE(" i")) || slice_starts(behind, SLICE(" ich")) ||
				slice_ends(before, SLICE(" j'ai"));
			return true;
		}
	}
	return false;
}

static bool intro_time(struct slice s) {
	for (size_t i = 1; i + 2 < s.n; i++)
		if (line_in(s.p[i], ":.h") && text_digit(s.p[i - 1]) && text_digit(s.p[i + 1]) && text_digit(s.p[i + 2]) &&
			!(i + 3 < s.n && (text_digit(s.p[i + 3]) || (s.p[i] == '.' && s.p[i + 3] == '.'))))
			return true;
	return false;
}

/* "<ann at example.org>:", as archives write addresses */
static bool intro_veiled(struct slice s) {
	ptrdiff_t open = slice_chr(s, '<');
	if (open < 0)
		return false;
	s = slice_from(s, (size_t)open + 1);
	ptrdiff_t at = slice_find(s, SLICE(" at ")), close = slice_chr(s, '>');
	return at > 0 && close > at + 4 && slice_chr(slice_to(s, (size_t)at), ' ') < 0 &&
		slice_chr(slice_sub(s, (size_t)at + 4, (size_t)(close - at - 4)), ' ') < 0;
}

/* s begins with a space */
static void intro_evidence(struct slice s, struct evidence *e_r) {
	struct slice bare = slice_trim(s);
	*e_r = (struct evidence){ 0 };
	while (bare.n && line_in(bare.p[0], "-_*<[( "))
		bare = slice_from(bare, 1);
	while (bare.n && line_in(bare.p[bare.n - 1], "-_*])> ")) {
		if (bare.p[bare.n - 1] == '>' && slice_chr(bare, '<') >= 0)
			break;
		bare.n--;
	}
	e_r->opener = trim_starts_any(bare, trim_openers);
	e_r->colon = bare.n && bare.p[bare.n - 1] == ':';
	for (size_t i = 0, characters = 0; i < bare.n && !e_r->digit; i++) {
		e_r->digit = text_digit(bare.p[i]), e_r->digit_first = e_r->digit && characters < 16;
		characters += (bare.p[i] & 0xc0) != 0x80;
	}
	e_r->name_first = bare.n && bare.p[0] == '"';
	e_r->open_end = bare.n && !line_in(bare.p[bare.n - 1], ".!?,;");
	e_r->time = intro_time(s);
	e_r->address = slice_chr(s, '@') > 0 || intro_veiled(s);
	e_r->verb = intro_verb(s, &e_r->own);
	/* "Quoting Ann (2020-05-03 10:11:12)" */
	if (slice_starts(bare, SLICE("quoting ")) && e_r->digit && slice_ends(slice_trim(s), SLICE(")")))
		e_r->colon = e_r->verb = true;
	/* "wrote in message news:x@y..." */
	e_r->colon = e_r->colon || (e_r->verb && e_r->address && slice_ends(bare, SLICE("...")));
	/* Zoho's "---- On ... wrote ----" */
	if (slice_starts(slice_trim(s), SLICE("---")) && slice_ends(slice_trim(s), SLICE("---")))
		e_r->colon = e_r->colon || (e_r->verb && e_r->opener);
}

/* Enough to say that a quotation is introduced? Strong: also without '>' behind it. */
static bool intro_enough(const struct evidence *e, bool quoted) {
	bool dated = e->time || e->address;
	if (e->own && !e->address)
		return false;
	if (!quoted && e->colon && e->digit_first && e->time && e->address)    /* date, time, name, address */
		return true;
	if (!quoted)
		return e->colon && e->verb && dated && e->digit && (e->opener || e->digit_first || (e->address && e->time));
	if (e->colon)
		return e->verb || (dated && (e->opener || e->digit_first || (e->address && e->digit)));
	return (e->address && e->digit_first && dated) || (e->name_first && e->address && e->time && e->open_end) ||
		(e->opener && e->verb && e->time && e->digit_first && e->open_end);
}

/* "Ann Other wrote:" without date or address: nothing but a name, and not "As Ann wrote:" or "I agree with what Ann
 * wrote:" */
static bool intro_is_name(const struct trim_line *l) {
	static const char *const words[] = { "as", "like", "what", "i", "my", "we", "you", "he", "she", "they", "somebody",
		"someone", "the", "here", "this", "that", "then", "and", "but", "when", "once", "wie", "was", "hier", "dann",
		"und", "comme", "voici", "como", "come", "ecco", "zoals", "som", "jak", "как", "kuten", NULL };
	struct slice rest = l->text, word;
	unsigned n = 0, lower = 0;
	while (slice_word(&rest, &word)) {
		for (const char *const *k = words; n == 0 && *k; k++)
			if (slice_is_nocase(word, *k))
				return false;
		lower += word.p[0] >= 'a' && word.p[0] <= 'z';
		n++;
	}
	return lower <= 4 && n <= 10;
}

static void intro_join(const struct trim *t, size_t from, size_t last, struct buf *out) {
	buf_reset(out);
	for (size_t i = from; i <= last; i++) {
		buf_addc(out, ' ');
		buf_add_slice(out, t->v[i].fold);
	}
}

/* "Thanks. On Monday, 3 May, Bob <b@x> wrote:": where in the line a sentence ends and the introduction begins */
static size_t intro_within(const struct trim_line *l, bool quoted) {
	struct buf b = { 0 };
	size_t found = 0;
	unsigned tries = 0;
	for (size_t i = 1; i + 4 < l->text.n && !found && tries < 8; i++) {
		if (l->text.p[i] != ' ' || !line_in(l->text.p[i - 1], ".!?)"))
			continue;
		struct evidence e;
		buf_reset(&b);
		buf_addc(&b, ' ');
		line_fold(slice_from(l->text, i + 1), &b);
		intro_evidence(buf_slice(&b), &e);
		if (e.opener && e.digit && e.colon && e.verb && (e.time || e.address) && intro_enough(&e, quoted))
			found = i;
		tries++;
	}
	buf_free(&b);
	return found ? found + (size_t)(l->text.p - l->raw.p) : 0;
}

static bool line_wordless(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if (text_alpha(s.p[i]) || (s.p[i] & 0x80))
			return false;
	return true;
}

/* Upwards from the line that ends the introduction: the first start that has all marks of one wins, an "On " line with
 * a date above it before a line that only looks like a date. */
bool trim_intro(const struct trim *t, size_t first, size_t last, bool quoted, size_t *from_r, size_t *keep_r) {
	struct buf b = { 0 };
	size_t found = SIZE_MAX, total = 0;
	bool opener = false, dated = false, nameless = false;
	for (size_t k = 0; k < TRIM_WRAP_MAX && last >= first + k && !opener; k++) {
		const struct trim_line *l = &t->v[last - k];
		struct evidence e, start;
		if (l->kind != TRIM_TEXT || !l->fold.n || (total += l->fold.n) > TRIM_FOLD_MAX)
			break;
		/* a sentence that ends above is not the beginning of this */
		if (k && line_in(l->text.p[l->text.n - 1], "!?:"))
			break;
		intro_join(t, last - k, last, &b);
		intro_evidence(buf_slice(&b), &e);
		if (!intro_enough(&e, quoted) ||
			(!e.time && !e.address && !e.digit && !e.opener && k == 0 && !intro_is_name(l)))
			continue;
		intro_join(t, last - k, last - k, &b);
		intro_evidence(buf_slice(&b), &start);
		bool next_digit = k && t->v[last - k + 1].fold.n && text_digit(t->v[last - k + 1].fold.p[0]);
		opener = start.opener && (start.digit || next_digit || (k == 0 && e.verb));
		/* without an opener the shortest is right, unless the name or the date is above it */
		bool date_above = !dated && start.digit_first && start.time;
		if (opener || found == SIZE_MAX || date_above || nameless || slice_ends(l->fold, SLICE("<"))) {
			found = last - k;
			nameless = l->fold.p[0] == '<' || trim_starts_any(buf_slice(&b), trim_verbs) || line_wordless(l->fold) ||
				slice_starts(l->fold, SLICE("于")) || slice_starts(l->fold, SLICE("於"));
		}
		dated = dated || start.time;
	}
	buf_free(&b);
	if (found == SIZE_MAX)
		return false;
	*from_r = found;
	*keep_r = opener ? 0 : intro_within(&t->v[found], quoted);
	return true;
}

bool trim_quoted_intro(const struct trim *t, size_t first) {
	struct buf b = { 0 };
	struct evidence e;
	bool found = false;
	for (size_t i = first; i < t->n && i < first + TRIM_WRAP_MAX && t->v[i].kind == TRIM_QUOTED && !found; i++) {
		struct slice s = t->v[i].text;
		while (s.n && line_in(s.p[0], "> "))
			s = slice_from(s, 1);
		if (s.n > TRIM_FOLD_MAX)
			break;
		buf_addc(&b, ' ');
		line_fold(s, &b);
		intro_evidence(buf_slice(&b), &e);
		found = intro_enough(&e, false);
	}
	buf_free(&b);
	return found;
}

/* "On 3 May 2026 at 10:11, Ann <ann@example.org> wrote:   Which soil": nothing but a program says all that */
bool trim_intro_runs_on(const struct trim_line *l) {
	struct buf b = { 0 };
	struct evidence e;
	ptrdiff_t close = l->fold.n > 40 && trim_starts_any(l->fold, trim_openers) ? slice_chr(l->fold, '>') : -1;
	ptrdiff_t colon = close < 0 ? -1 : slice_chr(slice_from(l->fold, (size_t)close), ':');
	if (colon < 0 || colon > 40)
		return false;
	struct slice head = slice_to(l->fold, (size_t)(close + colon) + 1);
	buf_addc(&b, ' ');
	buf_add_slice(&b, head);
	intro_evidence(buf_slice(&b), &e);
	buf_free(&b);
	return head.n < l->fold.n && !e.own && e.opener && e.verb && e.colon && e.time && e.address && e.digit_first;
}
