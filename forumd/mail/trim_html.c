/* trim_html.c - HTML mail, copied with marks where its structure says what the text will not say in every language:
 * here the quoted mail begins, these lines introduce a quotation, this is a signature. Quotations themselves need none:
 * they are blockquotes, and those become lines with '>'. One pass, no tree: of nested elements only one is followed to
 * its end, by counting tags of its name. */
#include "forumd/base/text.h"
#include "forumd/mail/html.h"
#include "forumd/mail/trim_private.h"

#define HTML_TAG_MAX 4096

enum html_act { HTML_NOTHING, HTML_SEPARATOR, HTML_RULE, HTML_INTRO, HTML_SIGNATURE, HTML_QUOTE };

/* class or id, or its end: programs put prefixes before the names of nested mails' */
static const struct { const char *name; enum html_act act; } html_names[] = {
	{ "divRplyFwdMsg", HTML_SEPARATOR },
	{ "appendonsend", HTML_SEPARATOR },
	{ "stopSpelling", HTML_RULE },
	{ "zwchr", HTML_RULE },
	{ "OLK_SRC_BODY_SECTION", HTML_SEPARATOR },
	{ "mail-editor-reference-message-container", HTML_SEPARATOR },
	{ "ms-outlook-mobile-reference-message", HTML_SEPARATOR },
	{ "OutlookMessageHeader", HTML_SEPARATOR },
	{ "yahoo_quoted", HTML_QUOTE },
	{ "gmail_quote", HTML_INTRO },
	{ "gmail_attr", HTML_INTRO },
	{ "gmail_quote_container", HTML_INTRO },
	{ "moz-cite-prefix", HTML_INTRO },
	{ "protonmail_quote", HTML_INTRO },
	{ "tutanota_quote", HTML_INTRO },
	{ "zmail_extra", HTML_INTRO },
	{ "gmail_signature", HTML_SIGNATURE },
	{ "moz-signature", HTML_SIGNATURE },
	{ "AppleMailSignature", HTML_SIGNATURE },
	{ "protonmail_signature_block", HTML_SIGNATURE },
	{ "ms-outlook-mobile-signature", HTML_SIGNATURE },
	{ "Signature", HTML_SIGNATURE },
	{ "yahoo_signature", HTML_SIGNATURE },
	{ "yahoo-signature", HTML_SIGNATURE },
	{ "mail_android_signature", HTML_SIGNATURE },
	{ "data-signatureblock", HTML_SIGNATURE },
	{ "composer_signature", HTML_SIGNATURE },
};

struct html_marker {
	struct buf *out;
	struct slice rest;
	enum html_act inside;        /* the element that is followed, */
	struct slice name;           /* its name, */
	size_t depth;                /* tags of that name open in it */
	bool normal, words;          /* in a paragraph of Outlook's; it has text */
	bool no_comment_end;
};

static bool tag_name_char(char c) {
	return text_alpha(c) || text_digit(c);
}

static enum html_act tag_named(struct slice value) {
	struct slice word;
	while (slice_word(&value, &word)) {
		/* numbers behind: yahoo_quoted_123 */
		while (word.n && (text_digit(word.p[word.n - 1]) || word.p[word.n - 1] == '_'))
			word.n--;
		for (size_t i = 0; i < sizeof html_names / sizeof *html_names; i++)
			if (slice_ends_nocase(word, slice_str(html_names[i].name)))
				return html_names[i].act;
	}
	return HTML_NOTHING;
}

static enum html_act tag_act(struct slice name, struct slice tag) {
	enum html_act act = tag_named(html_attribute(tag, "id"));
	if (!act)
		act = tag_named(html_attribute(tag, "class"));
	if (!act && slice_is_nocase(html_attribute(tag, "data-signatureblock"), "true"))
		act = HTML_SIGNATURE;
	if (!act && slice_is_nocase(name, "hr"))
		act = HTML_RULE;
	struct slice style = act ? slice_of("", 0) : html_attribute(tag, "style");
	if (slice_find_nocase(style, SLICE("border-top")) >= 0 && slice_find_nocase(style, SLICE("solid")) >= 0)
		act = HTML_RULE;
	/* a blockquote is a quotation anyway */
	return slice_is_nocase(name, "blockquote") ? HTML_NOTHING : act;
}

static void html_mark(struct html_marker *h, const char *mark) {
	buf_addf(h->out, "<div>%s</div>", mark);
}

/* the followed element opens (deeper), closes, or nothing of both */
static void html_follow(struct html_marker *h, struct slice name, bool close) {
	if (!h->inside || !slice_eq_nocase(name, h->name))
		return;
	if (!close) {
		h->depth++;
	} else if (--h->depth == 0) {
		if (h->inside == HTML_SIGNATURE)
			html_mark(h, TRIM_MARK_SIGNATURE_END);
		else
			buf_adds(h->out, "</blockquote>");
		h->inside = HTML_NOTHING;
	}
}

static void html_begin(struct html_marker *h, struct slice name, enum html_act act) {
	switch (act) {
	case HTML_SEPARATOR:
		html_mark(h, TRIM_MARK_SEPARATOR);
		break;
	case HTML_RULE:
		html_mark(h, TRIM_MARK_RULE);
		break;
	case HTML_INTRO:
		html_mark(h, TRIM_MARK_INTRO);
		break;
	case HTML_SIGNATURE:
	case HTML_QUOTE:
		if (h->inside)
			break;
		h->inside = act;
		h->name = name;
		h->depth = 1;
		if (act == HTML_SIGNATURE)
			html_mark(h, TRIM_MARK_SIGNATURE);
		else
			buf_adds(h->out, "<blockquote>");
		break;
	default:
		break;
	}
}

/* Outlook's paragraphs have no space between them, and an empty one is an empty line */
static bool html_normal(struct html_marker *h, struct slice name, bool close, struct slice tag) {
	if (!slice_is_nocase(name, "p"))
		return false;
	if (close && h->normal) {
		buf_adds(h->out, h->words ? "</div>" : "<br></div>");
		h->normal = false;
		return true;
	}
	h->normal = !close && slice_starts_nocase(html_attribute(tag, "class"), SLICE("Mso"));
	h->words = false;
	if (h->normal)
		buf_adds(h->out, "<div>");
	return h->normal;
}

/* how long the comment is, 0: none; it is copied unread */
static size_t html_comment(struct html_marker *h) {
	if (!slice_starts(h->rest, SLICE("<!--")) || h->no_comment_end)
		return 0;
	ptrdiff_t end = slice_find(slice_from(h->rest, 4), SLICE("-->"));
	h->no_comment_end = end < 0;
	return end < 0 ? 0 : (size_t)end + 7;
}

/* elements whose contents are no text are copied unread: up to the tag that closes them, 0: not such a one */
static size_t html_opaque(const struct html_marker *h, struct slice name, size_t tag) {
	char close[10] = "</";
	if (!slice_is_nocase(name, "style") && !slice_is_nocase(name, "script") && !slice_is_nocase(name, "title"))
		return 0;
	memcpy(close + 2, name.p, name.n);
	ptrdiff_t end = slice_find_nocase(slice_from(h->rest, tag), slice_of(close, name.n + 2));
	return end < 0 ? h->rest.n : tag + (size_t)end;
}

static void html_text_seen(struct html_marker *h, struct slice s) {
	while (s.n && !h->words) {
		if (slice_starts(s, SLICE("&nbsp;")))
			s = slice_from(s, 6);
		else if (slice_starts(s, SLICE("&#160;")))
			s = slice_from(s, 6);
		else if (slice_starts(s, SLICE("\xc2\xa0")))
			s = slice_from(s, 2);
		else if (s.p[0] == ' ' || text_control(s.p[0]))
			s = slice_from(s, 1);
		else
			h->words = true;
	}
}

/* a tag at rest; what it is copied as */
static void html_tag(struct html_marker *h) {
	struct slice s = slice_from(h->rest, 1);
	bool close = s.n && s.p[0] == '/';
	size_t start = close ? 2 : 1, n = 0, i;
	while (start + n < h->rest.n && tag_name_char(h->rest.p[start + n]))
		n++;
	struct slice name = slice_sub(h->rest, start, n);
	if (!n) {
		/* a comment; "<" alone and <!doctype> are left to html_text */
		size_t comment = html_comment(h);
		buf_add(h->out, h->rest.p, comment ? comment : 1);
		h->rest = slice_from(h->rest, comment ? comment : 1);
		return;
	}
	char quote = 0;
	for (i = start + n; i < h->rest.n && (quote || h->rest.p[i] != '>'); i++) {
		char c = h->rest.p[i];
		if (quote)
			quote = c == quote ? 0 : quote;
		else if ((c == '"' || c == '\'') && h->rest.p[i - 1] == '=')
			quote = c;
	}
	size_t whole = i < h->rest.n ? i + 1 : i, opaque = close ? 0 : html_opaque(h, name, whole);
	if (opaque) {
		buf_add(h->out, h->rest.p, opaque);
		h->rest = slice_from(h->rest, opaque);
		return;
	}
	struct slice tag = slice_sub(h->rest, start + n,
		whole - start - n < HTML_TAG_MAX ? whole - start - n : HTML_TAG_MAX);
	bool empty = slice_ends(tag, SLICE("/>")) && !slice_is_nocase(name, "div") && !slice_is_nocase(name, "span");
	if (!empty)
		html_follow(h, name, close);
	if (!close && !slice_is_nocase(name, "body") && !slice_is_nocase(name, "html") && !slice_is_nocase(name, "a"))
		html_begin(h, name, tag_act(name, tag));
	if (!html_normal(h, name, close, tag))
		buf_add(h->out, h->rest.p, whole);
	h->rest = slice_from(h->rest, whole);
}

void trim_html(struct slice html, struct buf *out) {
	struct html_marker h = { .out = out, .rest = html };
	while (h.rest.n) {
		const char *lt = memchr(h.rest.p, '<', h.rest.n);
		size_t n = lt ? (size_t)(lt - h.rest.p) : h.rest.n;
		html_text_seen(&h, slice_to(h.rest, n));
		buf_add(out, h.rest.p, n);
		h.rest = slice_from(h.rest, n);
		if (h.rest.n)
			html_tag(&h);
	}
}
