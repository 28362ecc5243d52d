/* trim_private.h - inside trim*.c: the text as a table of lines, each looked at once. */
#ifndef FORUMD_MAIL_TRIM_PRIVATE_H
#define FORUMD_MAIL_TRIM_PRIVATE_H
#include <stdint.h>
#include "forumd/mail/trim.h"

#define TRIM_LINES_MAX 100000    /* longer texts are not trimmed */
#define TRIM_FOLD_MAX 600        /* longer lines are prose */
#define TRIM_WRAP_MAX 4          /* lines of one "On ... wrote:" */

/* Lines trim_html() puts into HTML before it is made text: private-use characters, removed again with their lines. */
#define TRIM_MARK_SEPARATOR "\xee\x82\xb1"   /* U+E0B1: what follows is the quoted mail */
#define TRIM_MARK_RULE "\xee\x82\xb2"        /* U+E0B2: a rule as Outlook draws it above the quoted header block */
#define TRIM_MARK_INTRO "\xee\x82\xb3"       /* U+E0B3: the next lines introduce a quotation */
#define TRIM_MARK_SIGNATURE "\xee\x82\xb4"   /* U+E0B4: a signature begins, */
#define TRIM_MARK_SIGNATURE_END "\xee\x82\xb5"   /* U+E0B5: and ends */

enum trim_kind { TRIM_BLANK, TRIM_TEXT, TRIM_QUOTED, TRIM_SEPARATOR, TRIM_RULE, TRIM_INTRO, TRIM_SIGN, TRIM_SIGN_END };
struct trim_line {
	struct slice raw;        /* with its line end */
	struct slice text;       /* without white space at the ends and without '*' around */
	struct slice fold;       /* text case-folded, bidi marks gone; empty when too long, or for quoted lines */
	enum trim_kind kind;
	bool cut;
	size_t known;            /* octets of its words, when they stand in the parent's text */
};
struct trim {
	struct trim_line *v;
	size_t n;
	struct buf folded;       /* behind the folds */
	size_t partial, partial_len;   /* of line `partial` only so many octets stay; SIZE_MAX: none */
	size_t parent_octets;    /* of the parent's words; 0: the parent is unknown */
	size_t quoted_end;       /* behind the last line with '>' */
	bool html;               /* marks count */
	bool keep_forwarded;     /* what is passed on is the author's choice */
	bool tail;               /* a quotation without an introduction was cut at the end: the answers stand between */
	unsigned reasons;
};

/* a phrase table ends with NULL; entries are case-folded UTF-8 */
extern const char *const trim_openers[];       /* "on ", "am " */
extern const char *const trim_verbs[];         /* " wrote", " schrieb" */
extern const char *const trim_titles[];        /* "original message" */
extern const char *const trim_forwards[];     /* "forwarded message" */
extern const char *const trim_boilerplate[];   /* "sent from my " */
extern const char *const trim_boilerplate_ends[];
extern const char *const trim_devices[];       /* "iphone" */
enum trim_label { TRIM_NO_LABEL, TRIM_FROM, TRIM_DATE, TRIM_TO, TRIM_SUBJECT, TRIM_CC, TRIM_LABELS };
extern const struct trim_label_name { const char *name; enum trim_label label; } trim_label_names[];

/* trim_line.c: what one line, or a few, say */
void trim_split(struct trim *t, struct slice text);
bool trim_starts_any(struct slice fold, const char *const *table);
enum trim_label trim_line_label(const struct trim_line *l);
bool trim_line_title(const struct trim_line *l);        /* "-----Original Message-----", or a forwarded one */
bool trim_line_forward(const struct trim_line *l);      /* "---------- Forwarded message ---------" */
bool trim_line_decoration(const struct trim_line *l);   /* ----, ____, ==== */
bool trim_line_boilerplate(const struct trim_line *l);
bool trim_line_contact(const struct trim_line *l);      /* an address, a link, a phone number */
/* Lines [*from_r, last] introduce a quotation. quoted: lines with '>' follow, so that less evidence is enough.
 * *keep_r: octets of the first line that are the author's. */
bool trim_intro(const struct trim *t, size_t first, size_t last, bool quoted, size_t *from_r, size_t *keep_r);
/* the quotation that begins there has its introduction inside, as Apple's programs write it */
bool trim_quoted_intro(const struct trim *t, size_t first);
/* the introduction and the first words of what it introduces, in one line */
bool trim_intro_runs_on(const struct trim_line *l);

/* trim_legal.c: does a paragraph that says who may read this mail end at line `end`? where it begins, or end */
size_t trim_legal(const struct trim *t, size_t end);

/* trim_parent.c */
void trim_parent_mark(struct trim *t, struct slice parent_text);

/* trim_html.c: html with marks, signatures left out */
void trim_html(struct slice html, struct buf *out);
#endif
