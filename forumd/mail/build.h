/* build.h - outgoing mail. One writer for all outgoing headers: values never carry CR, LF or NUL (field_write).
 * Called on: any thread. */
#ifndef FORUMD_MAIL_BUILD_H
#define FORUMD_MAIL_BUILD_H
#include <stdint.h>
#include "forumd/base/buf.h"

/* What a list copy of a post says about the list (RFC 2369, 2919, 5064, 8058). Addresses are addr-specs. */
struct build_list {
	struct slice group;          /* group name, UTF-8 title for List-Id's phrase in `title` */
	struct slice title;
	struct slice domain;
	struct slice archived_at;    /* URL or empty */
	bool no_unsubscribe;         /* leave List-Unsubscribe out: the caller splices one for the recipient in */
};
/* List-Id, List-Post, List-Help, List-Subscribe, List-Unsubscribe, List-Owner, Archived-At; Precedence: list */
void build_list_fields(struct buf *out, const struct build_list *l);

/* The copy of a post mailed to subscribers, made once; per recipient only `reply_to` differs and is spliced in.
 * header and body are the public post (CRLF). Writes the complete message into out, with the Reply-To left out, and
 * says at which offset it belongs (the caller inserts "Reply-To: <...>CRLF" there).
 * From becomes "Name via Group <group@domain>" (DMARC, RFC 9057), the true author goes to Author:, own Message-ID and
 * References stay; In-Reply-To kept; old Reply-To, Return-Path, Received, DKIM-Signature, ARC-*,
 * Authentication-Results, List-*, Bcc, Xref, Path, Sender and Thread-Index go. Auto-Submitted is kept. Bare CR or LF never leave. */
struct build_copy {
	struct slice header, body;
	struct slice author_name, author_address;   /* decoded UTF-8; address is the public one */
	struct build_list list;
	struct slice message_id, in_reply_to, references;
	struct slice thread_index, thread_topic;   /* Outlook's; empty: neither */
	uint64_t post_id;
	bool author_answers;         /* the author may be written to: Mail-Reply-To says where */
};
void build_list_copy(struct buf *out, const struct build_copy *c, size_t *reply_to_offset_r);

/* A notice from the daemon: plain text UTF-8, made through libetpan's writer; Auto-Submitted: auto-generated (or
 * auto-replied when in_reply_to is given), X-Auto-Response-Suppress: All, Precedence: bulk. Text has LF line ends. */
struct build_notice {
	struct slice from_name, from, to, subject, text;
	struct slice message_id, in_reply_to, references, reply_to;   /* may be empty */
	int64_t date;
};
int build_notice(struct buf *out, const struct build_notice *n);
/* text with LF or CRLF line ends as quoted-printable */
void build_qp(struct slice text, struct buf *out);
#endif
