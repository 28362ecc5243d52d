/* post_in_private.h - one arrival on its way through the post_in*.c files. */
#ifndef GATEWAYS_COMMON_POST_IN_PRIVATE_H
#define GATEWAYS_COMMON_POST_IN_PRIVATE_H
#include "forumd/base/text.h"
#include "forumd/forum/member.h"
#include "forumd/mail/field.h"
#include "forumd/mail/mime.h"
#include "gateways/common/post_in.h"

#define POST_IN_HEADER_MAX (1u << 20)
#define POST_IN_FIELDS_MAX 1000
#define POST_IN_LINE_MAX 998
#define POST_IN_FUTURE_SECONDS 86400
#define POST_IN_PAST_SECONDS (10 * 86400)   /* news: what is older is refused by servers that forget what they had (INN's default) */

/* what `removed` says about the shape of the original */
/* no empty line; last header line without its end; the body as it came is kept behind the shape */
enum post_in_shape { POST_IN_NO_BODY = 1, POST_IN_CUT_LINE = 2, POST_IN_BODY_ASIDE = 4 };

/* the fields the rules look at: the first of each and how many there are */
enum post_in_known {
	KNOWN_FROM,
	KNOWN_MESSAGE_ID,
	KNOWN_DATE,
	KNOWN_SUBJECT,
	KNOWN_REFERENCES,
	KNOWN_IN_REPLY_TO,
	KNOWN_NEWSGROUPS,
	KNOWN_PATH,
	KNOWN_MIME_VERSION,
	KNOWN_CONTENT_TYPE,
	KNOWN_COUNT
};
struct post_in_field { struct field f; unsigned n; };

struct post_in_work {
	struct forum_txn *t;
	const struct post_in *in;
	struct arena *a;
	struct post_draft *d;
	struct fail *f;
	int64_t now;
	struct slice header, body;     /* CRLF line ends; every header line ends in one */
	unsigned shape;
	struct text_lines body_lines;
	struct post_in_field known[KNOWN_COUNT];
	struct member member;          /* of a logged-in or proven author; id 0: none */
	/* values that stand in for what was missing or unusable (field values, without name); empty: as typed */
	struct slice new_message_id, new_date, new_path, new_newsgroups, new_references, new_in_reply_to, typed_from;
	struct slice first_injected;   /* the Injection-Date of the same message when it came before */
	bool new_subject, new_mime, new_charset, injection_dated;
	struct slice new_content, original;   /* Content-* lines of the body made from `original` */
	struct buf pub, removed;       /* public header without From; the edits that lead back to the original */
};

/* post_in_header.c */
/* fills known[]; refuses what is no header */
int post_in_survey(struct post_in_work *w);
/* makes pub and removed, d->from_off, d->message_id and the header's share of d->flags */
void post_in_write_header(struct post_in_work *w);

/* post_in_news.c: the header of a news article from a member; sets new_path */
int post_in_news(struct post_in_work *w);

/* post_in_derive.c: everything that can be told from header (with the typed From) and body; slices in the arena */
void post_in_derive_all(struct arena *a, struct slice header, struct slice body, struct post_draft *d);
/* an unfolded value fit for a record: no TAB, CR, LF, NUL; cut between characters at max octets */
struct slice post_in_clean(struct arena *a, struct slice value, size_t max);

/* post_in_text.c: d->terms; header with the typed From */
void post_in_terms(struct arena *a, const struct mime_table *table, struct slice header, struct slice body,
	struct post_draft *d);

/* post_in.c: key of MEMO_PICTURE */
struct slice post_in_picture_key(struct arena *a, uint32_t group, struct slice content);

/* post_in_job.c: may the author put this draft into its groups? */
int post_in_rights(struct forum_txn *t, uint32_t member, const struct post_draft *d, struct fail *f);
#endif
