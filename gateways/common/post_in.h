/* post_in.h - the one way in for posts: raw message -> checks -> post_draft -> job. Shared by NNTP POST, IMAP APPEND,
 * mail and forumctl, so that the same rules and the same words hold at every door.
 *
 * What it does: splits and normalises (CRLF; NUL, bare CR or LF refused), bounds (size, header 1 MB, 1,000 fields,
 * parts), checks From against the logged-in member, Newsgroups, Subject, Message-ID, Date, References; supplies what is
 * missing (Message-ID, Date, From, MIME-Version; References from In-Reply-To); takes out what must not be shown (Bcc,
 * Return-Path, Resent-*, Errors-To, Delivered-To, Xref, Received, Authentication-Results, DKIM-Signature, ARC-*,
 * Approved, NNTP-Posting-*, X-Original-To ...: kept aside in `removed`), takes From out, compresses both parts, makes
 * overview, ENVELOPE, BODYSTRUCTURE and part table. Called on: worker (any thread); no database needed but for the
 * lookups of rights and groups in the given read transaction. */
#ifndef GATEWAYS_COMMON_POST_IN_H
#define GATEWAYS_COMMON_POST_IN_H
#include "forumd/forum/post.h"
#include "forumd/run/job.h"

/* what was done to the text of a mail; slices in the arena */
struct post_in_cut {
	bool changed, reply;           /* less, or other, than what came is published; it answers a post */
	struct slice text;             /* readable text as published, LF; empty when there is none */
	size_t lines, octets;          /* left out */
	unsigned reasons;              /* TRIM_* */
	bool from_html, only_quote;
	unsigned pictures;             /* repeated inline ones left out */
	unsigned left;                 /* files left out because of the limit; the text names them */
	struct slice shown[8]; size_t nshown;   /* MEMO_PICTURE keys of those that are shown now */
};
/* an answer to a thread that was moved aside: the post it answers, and where that stands; answered 0: it is none */
struct post_in_moved { uint64_t answered; uint32_t group; struct slice name; };
struct post_in {
	/* given by the gateway */
	enum post_source source;
	uint32_t member; /* logged-in or proven author; RIGHTS_OPERATOR for forumctl and imports; 0 for an outside sender */
	const uint32_t *groups; size_t ngroups;   /* mail, IMAP, ctl: where to; NNTP: 0, taken from Newsgroups */
	uint64_t reply_to;             /* post proven by a reply key, else 0 */
	enum parent_reason reply_reason;
	bool hold; struct slice hold_reason;      /* unproven sender */
	bool import; /* keep everything as it is: only From is apart, nothing is taken out but Xref; no mail; bulk */
	/* source POST_FROM_FEED comes with import and path_host: as it is, but Path gets our name in front, Forum-* goes,
	 * and subscribers are mailed; the author never is an account, whatever From says. The gateway has checked the
	 * article. */
	bool no_mail;
	struct slice
		supersedes; /* Message-ID this one stands in the place of: told to news readers; the caller sets draft.supersedes */
	int64_t arrival;               /* 0 now; imports, APPEND with a date */
	size_t max_size;
	struct slice path_host;        /* NNTP: our path identity for Path and Injection-Info */
	struct slice
		path_diagnostic; /* feeds: what goes between our name and the "!" of the way it came (RFC 5537 3.2.1) */
	uint64_t session_hint;         /* for Injection-Info's logging data, already hashed; 0 none */
	bool date_only;                /* imports of pages: the time of day is unknown */
	struct slice author_name; /* imports: author when the message has no From worth using; may be empty: anonymous */
	bool trim; /* mail: publish what is the author's own (mail/reply_body.h), keep the original aside */
	uint64_t attachments_max;      /* mail: octets of files beyond which they are left out; 0 no limit */
	struct post_in_cut *cut;       /* may be NULL: what trim did, or found, is told here */
	struct post_in_moved *moved; /* answers go after a thread that was moved aside, and Newsgroups, when there is one, says
	                              * so; told here: that of the job. NULL: they do not */
	struct slice client_msgid;     /* id to use when the message has none (the one offered in 340); may be empty */
};
/* Parse and check. On success the draft (in arena a, slices too) is complete. Errors: ERR_INVALID with a text a person
 * understands ("From must be one of your addresses (alice@example.org); it says bob@example.org"), ERR_TOOBIG,
 * ERR_DENIED, ERR_LOGIN, ERR_NOTFOUND (no such group, or not for this member: the same words). t: read transaction. */
int post_in_parse(struct forum_txn *t, const struct post_in *in, struct slice raw, struct arena *a,
	struct post_draft *d_r, struct fail *f);

/* The job that stores a draft: repeats rights and locks in the writer, then post_add. Makes j->data a post_in_job; the
 * draft must live in j->arena (parse with it). */
struct post_in_job {
	const struct post_draft *draft;
	uint32_t member;
	struct post_in_moved moved;    /* what it answers must still be there: ERR_GONE */
	struct post_result result;
	struct slice trace;
};
int post_in_apply(struct forum_txn *t, struct job *j, struct fail *f);

/* For forum/rebuild: derived slices of a stored post. */
int post_in_derive(void *arg, struct arena *a, struct slice header, struct slice body, struct post_draft *d);
/* ENVELOPE of a header, bounded as the stored one is: where it would be too much, values are cut at a comma.
 * imap_text_envelope_free() afterwards. */
struct imap_text_envelope;
void post_in_envelope(struct arena *a, struct slice header, struct imap_text_envelope *e_r);
/* What SEARCH looks through, appended to out: the decoded text of all text parts, a line end behind each, at most about
 * max octets (false: there is more); a header as it is and, where that differs, a line end and its one-line decoded
 * form. */
struct mime_table;
bool post_in_body_text(const struct mime_table *table, struct slice body, size_t max, struct buf *out);
void post_in_header_text(struct slice header, struct buf *out);
/* the headers of parts and of messages inside, each of them so, and unfolded; what is beyond max octets of them: false
 */
bool post_in_part_headers(const struct mime_table *table, struct slice body, size_t max, struct buf *out);
/* The bytes as they came in, for show --raw: public header with the typed From and the removed fields back in their
 * places, empty line, body. */
int post_in_original(struct forum_txn *t, const struct post *p, struct buf *out);
/* supersede/cancel (Control, Supersedes, Cancel-Lock) are NNTP's: gateways/nntp/nntp_cancel */
#endif
