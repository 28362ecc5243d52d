/* trim.h - what of a mail is the reply: the author's own words, without the quotation of what is answered, the
 * signature and the lines mail programs add. The original is never changed: callers keep it byte for byte and may show
 * it again at any time; this makes the text to publish.
 *
 * What is removed: a quotation at the end of the text (lines with '>', or all below an "Original Message" line, a block
 * of From/Sent/To/Subject, an "On ... wrote:" in one of many languages), one introduced quotation above the answer,
 * signatures, the armour of OpenPGP, lines such as "Sent from my phone", list footers, an archive's notes about a mail's
 * HTML and signature, and the paragraph about confidentiality that companies add.
 * What stays: mail that is passed on ("Forwarded message" in a mail; unless it is the text answered); everything between quotations and those quotations themselves (answers point by point). When the text
 * being answered is known, unmarked quotations go only if they are copies of it. If nothing would be left, all is kept.
 * Any thread; linear time; input of any size or form. */
#ifndef FORUMD_MAIL_TRIM_H
#define FORUMD_MAIL_TRIM_H
#include "forumd/base/buf.h"

/* trim_reply reads so many octets of text; what is longer is published as it is, cut there */
#define TRIM_TEXT_MAX (4u << 20)

enum trim_reason {
	TRIM_QUOTE = 1,          /* lines with '>', or a copy of the post being answered */
	TRIM_ATTRIBUTION = 2,    /* "On ... wrote:" */
	TRIM_HEADERS = 4,        /* "Original Message", From/Sent/To/Subject, and what follows */
	TRIM_SIGNATURE = 8,
	TRIM_BOILERPLATE = 16,   /* "Sent from my phone", virus scanner and mailing list footers */
};
struct trim_info {
	size_t octets, lines;    /* cut; blank lines count only as octets */
	unsigned reasons;        /* TRIM_* */
	bool whole;              /* nothing was cut */
	bool only_quote;         /* whole, because nothing else would have been left */
};

/* utf8: text with LF or CRLF line ends. parent_text: the text of the post being answered as it was sent, empty when
 * unknown. Appends the reply to out: kept lines byte for byte, without blank lines at either end. */
void trim_text(struct slice utf8, struct slice parent_text, struct buf *out, struct trim_info *info_r);
/* The same from a message: its readable part (mime.h), decoded; in HTML the quotations are found by structure. */
void trim_reply(struct slice header, struct slice body, struct slice parent_text, struct buf *out,
	struct trim_info *info_r);
#endif
