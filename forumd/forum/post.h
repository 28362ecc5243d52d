/* post.h - posts. A post is stored once, whatever the number of groups; its permanent name is the post id.
 *
 * How it is kept: the PUBLIC header (what every reader may see) without its From line, the body, and apart from both
 * what only moderators may see: the typed From, and header fields that were taken out on arrival. Each of header and
 * body is raw deflate ended by a full flush, so that it can be spliced into COMPRESS DEFLATE streams. The header is in
 * two pieces, before and after the place of the From line, each ended by a full flush.
 *
 * What a reader gets is: header[0..from_off) + "From: ..." CRLF + header[from_off..) + CRLF + body.
 * The author line is spliced in at send time (author.h): renaming or anonymising is one write, true in all old posts.
 */
#ifndef FORUMD_FORUM_POST_H
#define FORUMD_FORUM_POST_H
#include <stdint.h>
#include "forumd/base/buf.h"
#include "forumd/forum/forum.h"

enum post_state { POST_VISIBLE, POST_PENDING, POST_HIDDEN, POST_DELETED };
const char *post_state_name(enum post_state s);
enum post_source { POST_FROM_NNTP, POST_FROM_MAIL, POST_FROM_IMAP, POST_FROM_CTL, POST_FROM_IMPORT, POST_FROM_FEED };
const char *post_source_name(enum post_source s);
/* how the parent was found; the order is the strength of the evidence */
enum parent_reason {
	PARENT_NONE,
	PARENT_REPLY_KEY,
	PARENT_IN_REPLY_TO,
	PARENT_REFERENCES,
	PARENT_THREAD_INDEX,
	PARENT_IMPORTED,
	PARENT_MOVED,
};
const char *parent_reason_name(enum parent_reason r);   /* "none" "reply-key" "in-reply-to" "references" ... */

enum post_flag {
	POST_DOT_FREE = 1, /* no line of the body starts with a dot */
	POST_EIGHT_BIT = 2,
	POST_DATE_ONLY = 4, /* the time of day is not known (imported pages) */
	POST_LOCKED = 8, /* no replies below (set by a moderator) */
	POST_OFF_TOPIC = 16, /* open flag or moderator's verdict: shown as state to readers */
	POST_HAS_NEWSGROUPS = 32, /* the public header has its own Newsgroups / Path line */
	POST_HAS_PATH = 64,
	POST_ASIDE = 128,
	POST_FLAGGED = 256, /* an open report of any kind */
	POST_AUTO = 512, /* made by the daemon itself */
	POST_IMPORTED = 2048, /* from an archive: arrived here long after it was written */
	POST_OWN = 8192, /* a member's own message (personal.h): known by its number in its box, by no Message-ID */
	POST_HAS_REPLY_TO = 4096, /* the public header says itself where answers go */
	POST_APPROVED =
		16384, /* a moderator let it into a moderated group: readers and peers see an Approved line. In a draft: its author
	                           * is that moderator, it waits for nobody */
	POST_HEADER_ASCII =
		32768, /* the public header has nothing beyond ASCII; posts from before this flag get it later (header_flag.h) */
	/* of a queue's pointers only (queue.h), kept nowhere: what the open case is about */
	POST_CASE_WAITS = 1 << 24,
	POST_CASE_SPAM = 1 << 25,
	POST_CASE_UNCIVIL = 1 << 26,
	POST_CASE_PRIVACY = 1 << 27,
	POST_CASE_OPEN = 1 << 28, /* there is one, of any kind */
	POST_CASE = 15 << 24,
	POST_NO_MAIL = 1024, /* set by post_add for drafts with no_mail: approval mails nobody either */
};

struct place { uint32_t group, number; };   /* number 0: waits for approval */

/* Decoded head record. Slices live as long as the transaction. */
struct post {
	uint64_t id, parent, thread;   /* parent 0: none (known); thread: id shared by all posts of a thread */
	enum parent_reason reason;
	enum post_state state;
	enum post_source source;
	uint32_t author;               /* member/author record; 0 only in damaged stores */
	uint32_t flags;
	int64_t date, arrival;         /* as claimed; when it came here (INTERNALDATE) */
	uint64_t supersedes;           /* the post this one replaced, or will when approved; 0 none */
	uint32_t header_len, from_off, body_len, lines;   /* octets of the public header without From; of the body */
	uint32_t header_z1, header_z2, body_z, removed_len;   /* stored octets of the pieces */
	uint32_t crc;                  /* digest_crc over public header without From, then body */
	uint32_t original_crc;         /* the same with the body as it came, when less of it is shown; 0: all is shown */
	struct slice message_id;
	struct slice in_reply_to, references;  /* ids with brackets, single spaces */
	struct slice subject;          /* decoded UTF-8 */
	struct slice from; /* the From value as typed, unfolded: for moderators; for imported authors it is shown */
	const struct place *places; size_t nplaces;
};

/* A parsed arrival, built by gateways/common/post_in (owner: the job's arena; read-only here). */
struct post_draft {
	uint32_t author;               /* member id; 0: find or make an author record from the two below */
	struct slice author_name, author_address;   /* decoded name, "local@domain" or empty; both empty: anonymous */
	const uint32_t *groups; size_t ngroups;
	struct slice message_id, in_reply_to, references, subject, base_subject, from;
	uint64_t reply_to; enum parent_reason reply_reason;   /* parent already proven (reply key, importer); else 0 */
	int64_t date, arrival;         /* arrival 0: now */
	enum post_source source;
	bool hold;                     /* wants approval although the group is not moderated */
	struct slice hold_reason;
	bool no_mail;                  /* imports: nobody is mailed */
	bool foreign_from;             /* who brings it is not who wrote it: From never makes it the post of an account */
	uint32_t flags;                /* POST_DOT_FREE, EIGHT_BIT, DATE_ONLY, HAS_NEWSGROUPS, HAS_PATH */
	uint64_t supersedes;           /* post this one replaces (same author, checked by rights), 0 none */
	/* stored pieces */
	uint32_t header_len, from_off, body_len, lines, crc, original_crc;
	struct slice header_z1, header_z2, body_z;   /* from segment_deflate() */
	struct slice removed;          /* opaque: what was taken out, for show --raw */
	/* overview, header values already free of TAB, CR, LF, NUL: subject, from, date, references as in the header */
	struct slice ov_subject, ov_date, ov_references;
	/* IMAP, see mail/imap_text.h */
	struct slice env_before, env_from, env_sender, env_reply_to, env_after, structure, part_table;
	struct slice terms;            /* from search_terms(); empty: the index makes up for it later */
};
struct post_result {
	uint64_t id;
	enum post_state state;
	const char *why;               /* it waits though the draft did not ask for it: a static text; else NULL */
	bool duplicate;                /* the same message was there already: id tells which; nothing was stored */
	struct place places[16]; size_t nplaces;
};
#define POST_GROUPS_MAX 16

/* Stores a post. Repeats the checks that may have changed since the worker made them (duplicate id, rights by the
 * caller). A duplicate (same Message-ID, same body crc) is success with duplicate set; the same Message-ID with other
 * content is ERR_EXISTS. Called on: writer. */
int post_add(struct forum_txn *t, const struct post_draft *d, struct post_result *r, struct fail *f);
/* What a draft would hang below in that one of its groups, as post_add() finds it: whose locks and group hold for it is
 * asked about this post and no other. 1, 0 it begins a thread, < 0. Any thread. */
int post_answered(struct forum_txn *t, const struct post_draft *d, uint32_t group, struct post *p_r);

/* 1, 0, < 0 */
int post_get(struct forum_txn *t, uint64_t id, struct post *p_r);
/* the post with the next higher id */
int post_after(struct forum_txn *t, uint64_t id, struct post *p_r);
int post_by_msgid(struct forum_txn *t, struct slice message_id, struct post *p_r);
int post_by_number(struct forum_txn *t, uint32_t group, uint32_t number, struct post *p_r);
/* the number in one group, 0 when it is not there */
uint32_t post_number_in(const struct post *p, uint32_t group);

/* Whole public header as readers see it (From spliced in, without the empty line) appended to out. */
int post_header(struct forum_txn *t, const struct post *p, struct buf *out);
/* octets post_header() would append */
uint32_t post_header_size(struct forum_txn *t, const struct post *p);
/* len octets of the body from off (clamped); inflates what it must */
int post_body(struct forum_txn *t, const struct post *p, uint32_t off, uint32_t len, struct buf *out);
/* Large bodies piece by piece over several transactions: the stream keeps the inflater and the place, no pointer into
 * the store. post_stream_read appends about max octets (never more than max + 32 KiB); 1 more to come, 0 end, < 0
 * (ERR_GONE when the post vanished meanwhile). */
struct post_stream;
struct post_stream *post_stream_new(uint64_t post);
int post_stream_read(struct forum_txn *t, struct post_stream *s, size_t max, struct buf *out);
void post_stream_free(struct post_stream **s);
/* Stored deflate bytes for splicing: piece 0 header before From, 1 header after it, 2 body. Appended to out. */
int post_piece(struct forum_txn *t, const struct post *p, unsigned piece, struct buf *out);
/* what was taken out on arrival (moderators) */
int post_removed(struct forum_txn *t, const struct post *p, struct buf *out);

/* State changes; each keeps overview, counters, change log, holes and pending mail right. Called on: writer. */
int post_set_state(struct forum_txn *t, uint64_t id, enum post_state s,
	struct fail *f); /* pending -> visible gives numbers */
int post_set_flags(struct forum_txn *t, uint64_t id, uint32_t set, uint32_t clear, struct fail *f);
/* from one group to another, with a new number there; the old number stays a hole */
int post_move(struct forum_txn *t, uint64_t id, uint32_t from_group, uint32_t to_group, struct fail *f);
/* The post that had this number in that group and was moved away: 1, 0 none was, < 0 */
int post_moved_from(struct forum_txn *t, uint32_t group, uint32_t number, struct post *p_r);
/* one more place for the same post */
int post_crosspost(struct forum_txn *t, uint64_t id, uint32_t group, struct fail *f);
/* removes text for good, keeps the tombstone */
int post_erase(struct forum_txn *t, uint64_t id, struct fail *f);

/* Compression for post_draft: raw deflate ended by a full flush, appended to out. Any thread (one deflater a thread).
 */
void segment_deflate(struct slice raw, struct buf *out);
/* the n octets a segment was made from, appended to out; 1 or ERR_CORRUPT. Any thread. */
int segment_restore(struct slice z, size_t n, struct buf *out);
#endif
