/* reply_body.h - the body to publish of a mail: readable text (trim.h) in text/plain UTF-8, with the attachments that
 * are attachments. The original is the caller's to keep.
 *
 * Only what is understood is touched: text/plain, text/html, and multipart mixed, alternative and related of them and
 * of attachments. Signed, encrypted and unknown structures stay as they are. Any thread; linear time. */
#ifndef FORUMD_MAIL_REPLY_BODY_H
#define FORUMD_MAIL_REPLY_BODY_H
#include "forumd/base/arena.h"
#include "forumd/base/fail.h"
#include "forumd/mail/trim.h"

struct reply_body_in {
	struct slice header, body;     /* as they came, CRLF */
	struct slice parent_text;      /* of the post being answered; empty: not known */
	bool reply; /* quotations and signatures are cut; false (a new thread): HTML becomes text, no more */
	bool whole;                    /* not even that: only what is beyond the limit is left out */
	uint64_t attachments_max;      /* octets of all files, decoded; 0: no limit. What is beyond it is left out, and the
	                                * text names it and the limit; smaller ones behind it still come */
	/* an inline picture with these (decoded) octets: has it been shown there before? May be NULL */
	bool (*seen)(void *arg, struct slice content);
	void *arg;
};
struct reply_body {
	struct slice content;          /* Content-* header lines that go with the body */
	struct slice body;             /* CRLF */
	struct slice text;             /* the readable text in it, LF */
	struct trim_info info;
	unsigned pictures;             /* repeated inline pictures left out */
	unsigned left;                 /* files left out because of the limit */
	bool from_html;
};
/* UTF-8 text with LF as a body with CRLF, and its Content-* lines; appended to both */
void reply_body_put(struct slice text, struct buf *head, struct buf *body);
/* 1: made, in the arena. 0: the body is best as it is; text, info are set all the same (text empty when there is none).
 * ERR_TOOBIG: its files are beyond the limit, and its structure is not to be touched. */
int reply_body_make(struct arena *a, const struct reply_body_in *in, struct reply_body *r_r);
#endif
