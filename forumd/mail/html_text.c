/* html_text.c - HTML mail as readable text, in one pass and without a tree: tags only change a small state (quote
 * depth, lists, preformatted, pending line ends). Text is written word by word, so white space collapses as in a
 * browser. */
#include "forumd/base/text.h"
#include "forumd/mail/html.h"
#include "forumd/mail/mime.h"

#define LISTS_MAX 16
#define QUOTES_MAX 20
#define TAG_NAME_MAX 16
#define ATTRIBUTES_MAX 4096

struct html {
	struct buf *out;
	struct slice rest;
	unsigned quotes, breaks;         /* depth of blockquotes; line ends that wait for the next text */
	bool space, pre, any;            /* a space waits; inside <pre>; anything written */
	unsigned lists, numbers[LISTS_MAX];    /* numbers: 0 for bullets, else the next number */
	struct slice link;               /* href of the open <a> */
	size_t link_start;
	bool no_comment_end;
};

static void html_break(struct html *h, unsigned n) {
	if (h->breaks < n && h->any)
		h->breaks = n;
	h->space = false;
}

/* make ready for text: pending line ends, quote marks, pending space */
static void html_prepare(struct html *h) {
	bool fresh = !h->any;
	for (; h->breaks; h->breaks--) {
		buf_addc(h->out, '\n');
		if (h->breaks > 1)
			for (unsigned i = 0; i < h->quotes; i++)
				buf_addc(h->out, '>');
		fresh = true;
	}
	if (fresh) {
		for (unsigned i = 0; i < h->quotes; i++)
			buf_addc(h->out, '>');
		if (h->quotes)
			buf_addc(h->out, ' ');
	} else if (h->space) {
		buf_addc(h->out, ' ');
	}
	h->space = false;
	h->any = true;
}

static void html_put(struct html *h, struct slice s) {
	if (!s.n)
		return;
	html_prepare(h);
	buf_add_slice(h->out, s);
}

static const struct { const char *name, *text; } html_entities[] = {
	{ "amp", "&" },
	{ "lt", "<" },
	{ "gt", ">" },
	{ "quot", "\"" },
	{ "apos", "'" },
	{ "nbsp", " " },
	{ "copy", "©" },
	{ "reg", "®" },
	{ "trade", "™" },
	{ "hellip", "…" },
	{ "mdash", "—" },
	{ "ndash", "–" },
	{ "lsquo", "‘" },
	{ "rsquo", "’" },
	{ "sbquo", "‚" },
	{ "ldquo", "“" },
	{ "rdquo", "”" },
	{ "bdquo", "„" },
	{ "laquo", "«" },
	{ "raquo", "»" },
	{ "bull", "•" },
	{ "middot", "·" },
	{ "euro", "€" },
	{ "pound", "£" },
	{ "yen", "¥" },
	{ "cent", "¢" },
	{ "sect", "§" },
	{ "para", "¶" },
	{ "deg", "°" },
	{ "plusmn", "±" },
	{ "times", "×" },
	{ "divide", "÷" },
	{ "frac12", "½" },
	{ "frac14", "¼" },
	{ "frac34", "¾" },
	{ "sup2", "²" },
	{ "sup3", "³" },
	{ "micro", "µ" },
	{ "iexcl", "¡" },
	{ "iquest", "¿" },
	{ "larr", "←" },
	{ "rarr", "→" },
	{ "uarr", "↑" },
	{ "darr", "↓" },
	{ "shy", "" },
	{ "zwnj", "" },
	{ "zwj", "" },
	{ "ensp", " " },
	{ "emsp", " " },
	{ "thinsp", " " },
	{ "Agrave", "À" },
	{ "Aacute", "Á" },
	{ "Acirc", "Â" },
	{ "Atilde", "Ã" },
	{ "Auml", "Ä" },
	{ "Aring", "Å" },
	{ "AElig", "Æ" },
	{ "Ccedil", "Ç" },
	{ "Egrave", "È" },
	{ "Eacute", "É" },
	{ "Ecirc", "Ê" },
	{ "Euml", "Ë" },
	{ "Iacute", "Í" },
	{ "Ntilde", "Ñ" },
	{ "Oacute", "Ó" },
	{ "Ocirc", "Ô" },
	{ "Ouml", "Ö" },
	{ "Oslash", "Ø" },
	{ "Uacute", "Ú" },
	{ "Uuml", "Ü" },
	{ "szlig", "ß" },
	{ "agrave", "à" },
	{ "aacute", "á" },
	{ "acirc", "â" },
	{ "atilde", "ã" },
	{ "auml", "ä" },
	{ "aring", "å" },
	{ "aelig", "æ" },
	{ "ccedil", "ç" },
	{ "egrave", "è" },
	{ "eacute", "é" },
	{ "ecirc", "ê" },
	{ "euml", "ë" },
	{ "igrave", "ì" },
	{ "iacute", "í" },
	{ "icirc", "î" },
	{ "iuml", "ï" },
	{ "ntilde", "ñ" },
	{ "ograve", "ò" },
	{ "oacute", "ó" },
	{ "ocirc", "ô" },
	{ "otilde", "õ" },
	{ "ouml", "ö" },
	{ "oslash", "ø" },
	{ "ugrave", "ù" },
	{ "uacute", "ú" },
	{ "ucirc", "û" },
	{ "uuml", "ü" },
	{ "yacute", "ý" },
	{ "yuml", "ÿ" },
	{ "oelig", "œ" },
	{ "OElig", "Œ" },
	{ "scaron", "š" },
	{ "Scaron", "Š" },
};

static bool html_numeric(struct slice name, struct buf *out) {
	uint32_t v = 0, base = 10;
	name = slice_from(name, 1);
	if (name.n && text_lower(name.p[0]) == 'x') {
		base = 16;
		name = slice_from(name, 1);
	}
	for (size_t i = 0; i < name.n; i++) {
		char c = text_lower(name.p[i]);
		uint32_t d = text_digit(c) ? (uint32_t)(c - '0') : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10) : 99;
		if (d >= base || v > 0x110000)
			return false;
		v = v * base + d;
	}
	if (!name.n)
		return false;
	text_utf8_add(out, v == 160 ? ' ' : v < 32 || v == 127 ? (v == 9 || v == 10 ? ' ' : 0xfffd) : v);
	return true;
}

/* the entity at s.p[0] == '&'; returns how many bytes it took, 0: none */
static size_t html_entity(struct slice s, struct buf *out) {
	size_t n = 1;
	while (n < s.n && n < 12 && (text_alpha(s.p[n]) || text_digit(s.p[n]) || (n == 1 && s.p[n] == '#')))
		n++;
	struct slice name = slice_sub(s, 1, n - 1);
	size_t whole = n < s.n && s.p[n] == ';' ? n + 1 : n;
	if (name.n > 1 && name.p[0] == '#')
		return html_numeric(name, out) ? whole : 0;
	for (size_t i = 0; whole > n && i < sizeof html_entities / sizeof *html_entities; i++)
		if (slice_is(name, html_entities[i].name)) {
			buf_adds(out, html_entities[i].text);
			return whole;
		}
	return 0;
}

static void html_decode(struct slice s, struct buf *out) {
	while (s.n) {
		const char *amp = memchr(s.p, '&', s.n);
		size_t n = amp ? (size_t)(amp - s.p) : s.n, took;
		buf_add(out, s.p, n);
		s = slice_from(s, n);
		if (!s.n)
			return;
		took = html_entity(s, out);
		if (!took)
			buf_addc(out, '&');
		s = slice_from(s, took ? took : 1);
	}
}

static void html_text_run(struct html *h, struct slice raw) {
	struct buf text = { 0 };
	html_decode(raw, &text);
	struct slice s = buf_slice(&text);
	while (s.n) {
		size_t n = 0;
		if (text_control(s.p[0]) || s.p[0] == ' ') {
			if (h->pre && s.p[0] == '\n')
				h->breaks += h->any && h->breaks < 3, h->space = false;
			else if (h->pre && s.p[0] == ' ')
				html_put(h, SLICE(" "));
			else
				h->space = h->space || (h->any && !h->breaks);
			s = slice_from(s, 1);
			continue;
		}
		while (n < s.n && !text_control(s.p[n]) && s.p[n] != ' ')
			n++;
		html_put(h, slice_to(s, n));
		s = slice_from(s, n);
	}
	buf_free(&text);
}

struct html_tag { char name[TAG_NAME_MAX]; bool close; struct slice attributes; };

/* a tag at rest.p[0] == '<'; quotes hide '>'. False when this is no tag. */
static bool html_tag_take(struct html *h, struct html_tag *t_r) {
	struct slice s = slice_from(h->rest, 1);
	size_t n = 0, i;
	t_r->close = s.n && s.p[0] == '/';
	if (t_r->close)
		s = slice_from(s, 1);
	while (n < s.n && n + 1 < TAG_NAME_MAX && (text_alpha(s.p[n]) || (n && text_digit(s.p[n])))) {
		t_r->name[n] = text_lower(s.p[n]);
		n++;
	}
	t_r->name[n] = 0;
	if (!n)
		return false;
	char quote = 0;
	for (i = n; i < s.n && (quote || s.p[i] != '>'); i++) {
		if (quote)
			quote = s.p[i] == quote ? 0 : quote;
		else if ((s.p[i] == '"' || s.p[i] == '\'') && s.p[i - 1] == '=')
			quote = s.p[i];
	}
	t_r->attributes = slice_sub(s, n, i - n < ATTRIBUTES_MAX ? i - n : ATTRIBUTES_MAX);
	h->rest = slice_from(s, i + 1);
	return true;
}

struct slice html_attribute(struct slice attributes, const char *name) {
	struct slice want = slice_str(name), s = attributes;
	for (ptrdiff_t at; (at = slice_find_nocase(s, want)) >= 0;) {
		bool word = at > 0 && (text_control(s.p[at - 1]) || s.p[at - 1] == ' ' || s.p[at - 1] == '"');
		s = slice_from(s, (size_t)at + want.n);
		struct slice v = slice_trim(s);
		if (!word || !v.n || v.p[0] != '=')
			continue;
		v = slice_trim(slice_from(v, 1));
		if (v.n && (v.p[0] == '"' || v.p[0] == '\'')) {
			ptrdiff_t end = slice_chr(slice_from(v, 1), v.p[0]);
			return slice_sub(v, 1, end < 0 ? v.n : (size_t)end);
		}
		size_t n = 0;
		while (n < v.n && v.p[n] > ' ')
			n++;
		return slice_to(v, n);
	}
	return slice_of("", 0);
}

/* skip to behind </name>, the contents are not for reading */
static void html_skip_element(struct html *h, const char *name) {
	char end[TAG_NAME_MAX + 2] = "</";
	strcat(end, name);
	ptrdiff_t at = slice_find_nocase(h->rest, slice_str(end));
	if (at < 0) {
		h->rest = slice_from(h->rest, h->rest.n);
		return;
	}
	h->rest = slice_from(h->rest, (size_t)at);
	ptrdiff_t gt = slice_chr(h->rest, '>');
	h->rest = gt < 0 ? slice_from(h->rest, h->rest.n) : slice_from(h->rest, (size_t)gt + 1);
}

static void html_link(struct html *h, const struct html_tag *t) {
	if (h->link.n && h->any) {
		/* the address behind the words, unless the words are the address */
		struct buf url = { 0 };
		html_decode(h->link, &url);
		struct slice u = buf_slice(&url), shown = slice_trim(slice_from(buf_slice(h->out), h->link_start));
		struct slice bare = slice_starts_nocase(u, SLICE("mailto:")) ? slice_from(u, 7) : u;
		if (slice_find(shown, bare) < 0 && u.p[0] != '#' && !slice_starts_nocase(u, SLICE("javascript:")) &&
			!slice_starts_nocase(u, SLICE("cid:"))) {
			h->space = true;
			html_put(h, SLICE("<"));
			for (size_t i = 0; i < bare.n; i++)
				if (!text_control(bare.p[i]) && bare.p[i] != ' ')
					buf_addc(h->out, bare.p[i]);
			buf_addc(h->out, '>');
		}
		buf_free(&url);
	}
	h->link = t->close ? slice_of("", 0) : slice_trim(html_attribute(t->attributes, "href"));
	h->link_start = buf_len(h->out);
}

static void html_list(struct html *h, const struct html_tag *t) {
	if (t->close) {
		h->lists -= h->lists > 0;
	} else {
		if (h->lists < LISTS_MAX)
			h->numbers[h->lists] = t->name[0] == 'o';
		h->lists++;
	}
	html_break(h, h->lists > 1 || (h->lists && t->close) ? 1 : 2);
}

static void html_item(struct html *h, const struct html_tag *t) {
	html_break(h, 1);
	if (t->close)
		return;
	unsigned level = h->lists && h->lists <= LISTS_MAX ? h->lists - 1 : 0;
	struct buf mark = { 0 };
	for (unsigned i = 0; i < level; i++)
		buf_adds(&mark, "  ");
	if (h->lists && h->lists <= LISTS_MAX && h->numbers[level])
		buf_addf(&mark, "%u.", h->numbers[level]++);
	else
		buf_addc(&mark, '*');
	html_put(h, buf_slice(&mark));
	h->space = true;
	buf_free(&mark);
}

static bool html_is(const struct html_tag *t, const char *names) {
	size_t n = strlen(t->name);
	for (const char *p = names; (p = strstr(p, t->name)); p += n)
		if ((p == names || p[-1] == ' ') && (p[n] == ' ' || !p[n]))
			return true;
	return false;
}

static void html_tag_apply(struct html *h, const struct html_tag *t) {
	if (!t->close && html_is(t, "script style head title template noembed"))
		html_skip_element(h, t->name);
	else if (html_is(t, "p h1 h2 h3 h4 h5 h6 table dl fieldset"))
		html_break(h, 2);
	else if (html_is(t, "div tr section article header footer center address form dt dd body html caption figure"))
		html_break(h, 1);
	else if (html_is(t, "br"))
		h->breaks += h->any && h->breaks < 3, h->space = false;
	else if (html_is(t, "td th"))
		h->space = h->any && !h->breaks;
	else if (html_is(t, "a"))
		html_link(h, t);
	else if (html_is(t, "ul ol"))
		html_list(h, t);
	else if (html_is(t, "li"))
		html_item(h, t);
	else if (html_is(t, "pre")) {
		html_break(h, 2);
		h->pre = !t->close;
	} else if (html_is(t, "hr")) {
		html_break(h, 1);
		html_put(h, SLICE("---"));
		html_break(h, 1);
	} else if (html_is(t, "img") && !t->close) {
		struct slice alt = html_attribute(t->attributes, "alt");
		html_text_run(h, alt);
	} else if (html_is(t, "blockquote")) {
		html_break(h, h->quotes && !t->close ? 1 : 2);
		if (t->close)
			h->quotes -= h->quotes > 0;
		else
			h->quotes += h->quotes < QUOTES_MAX;
	}
}

/* <!-- -->, <!doctype>, <? ?> */
static bool html_declaration(struct html *h) {
	if (h->rest.n < 2 || (h->rest.p[1] != '!' && h->rest.p[1] != '?'))
		return false;
	if (slice_starts(h->rest, SLICE("<!--")) && !h->no_comment_end) {
		ptrdiff_t end = slice_find(slice_from(h->rest, 4), SLICE("-->"));
		if (end >= 0) {
			h->rest = slice_from(h->rest, (size_t)end + 7);
			return true;
		}
		h->no_comment_end = true;
	}
	ptrdiff_t gt = slice_chr(h->rest, '>');
	h->rest = slice_from(h->rest, gt < 0 ? h->rest.n : (size_t)gt + 1);
	return true;
}

void mime_html_text(struct slice html_utf8, struct buf *out) {
	struct html h = { .out = out, .rest = html_utf8 };
	while (h.rest.n) {
		const char *lt = memchr(h.rest.p, '<', h.rest.n);
		size_t n = lt ? (size_t)(lt - h.rest.p) : h.rest.n;
		struct html_tag t;
		html_text_run(&h, slice_to(h.rest, n));
		h.rest = slice_from(h.rest, n);
		if (!h.rest.n)
			break;
		if (html_declaration(&h))
			continue;
		if (html_tag_take(&h, &t)) {
			html_tag_apply(&h, &t);
		} else {
			html_put(&h, SLICE("<"));
			h.rest = slice_from(h.rest, 1);
		}
	}
	if (h.any)
		buf_addc(out, '\n');
}
