/* post_private.h - records of posts, for files of forumd/forum/ only.
 *
 * Head record (~), version 1; what changes after arrival is at fixed places:
 *   0 version  1 state  2 source  3 reason  4 author u32  8 flags u32  12 original_crc u32  16 parent u64  24 thread
 * u64
 *  32 date i64  40 arrival i64  48 supersedes u64  56 header_len u32  60 from_off  64 body_len  68 lines  72 header_z1
 *  76 header_z2  80 body_z  84 removed_len  88 crc  92 number of places u32, then per place group u32, number u32;
 *  then with varint length: message-id, in-reply-to, references, subject, from
 *
 * Overview record (O), version 1:
 *   0 version  1 state  2 reason  3 places (how many Xref names, 255 for more)  4 author u32  8 flags u32  12 lines u32
 * 16 header_len u32  20 body_len u32
 *  24 post u64  32 parent u64  40 thread u64  48 modseq u64  56 date i64  64 arrival i64
 *  72 lengths u16: subject, date text, message-id, references, xref, digits of lines, from;  86 u16 unused
 *  88 A: subject TAB
 *     B: TAB date TAB message-id TAB references TAB
 *     C: TAB lines TAB "Xref: " xref CR LF
 *     from (typed)
 * The OVER line is number TAB A author-line B octets C.
 *
 * Pointer in a member's own box (O), version 2: version u8, unused to 4, u32 group that answers go to (0 in old
 * records: that of the place), unused to 24, post u64, unused to 48, modseq u64.
 *
 * Envelope record (E): version u8, then the seven slices of struct envelope with varint lengths.
 * Pending record (N): version u8, overview record and envelope record with varint lengths; the overview is written with
 * number 0 and no xref.
 *
 * The pieces of text kept in records are bounded where they come in (post_add): a record always fits a value. */
#ifndef FORUMD_FORUM_POST_PRIVATE_H
#define FORUMD_FORUM_POST_PRIVATE_H
#include "forumd/forum/forum_private.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/post.h"
#include "forumd/forum/rebuild.h"

enum {
	POST_VERSION = 1,
	POST_STATE = 1,
	POST_REASON = 3,
	POST_FLAGS = 8,
	POST_PARENT = 16,
	POST_THREAD = 24,
	POST_DATE = 32,
	POST_PLACES = 92,
	POST_FIXED = 96,
	OVERVIEW_VERSION = 1,
	OVERVIEW_POINTER = 2,
	OVERVIEW_POINTER_SIZE = 56,
	OVERVIEW_STATE = 1,
	OVERVIEW_REASON = 2,
	OVERVIEW_PLACES = 3,
	OVERVIEW_REPLY_GROUP = 4,
	OVERVIEW_FLAGS = 8,
	OVERVIEW_PARENT = 32,
	OVERVIEW_THREAD = 40,
	OVERVIEW_MODSEQ = 48,
	OVERVIEW_LENGTHS = 72,
	OVERVIEW_FIXED = 88,
	PIECE_HEAD1 = 0,
	PIECE_HEAD2 = 1,
	PIECE_BODY = 2,
	PIECE_REMOVED = 3,
	TEXT_CHUNK = 996, /* four such records fill a page of LMDB; larger ones leave more of each page empty */
};

/* The text of a post is one run of octets, cut into records ~ post, chunk: header before From, header after it, body,
 * and what was removed, one behind the other. Their lengths are in the head. */
static inline struct key post_text_key(uint64_t post, uint32_t chunk) {
	struct key k = key_1u64(KEY_POST, post);
	key_u32(&k, chunk);
	return k;
}

/* --- post_read.c --- */
int post_decode(struct forum_txn *t, uint64_t id, struct slice v, struct post *p_r);
int post_store(struct forum_txn *t, const struct post *p, struct fail *f);
/* A stored head record in a copy whose fixed fields may be changed: 1, 0 absent, < 0 */
int post_edit(struct forum_txn *t, uint64_t id, struct buf *copy);
int post_edit_end(struct forum_txn *t, uint64_t id, struct buf *copy, struct fail *f);
/* number of places, and the i-th, of a head record */
uint32_t post_record_places(struct slice v);
struct place post_record_place(struct slice v, uint32_t i);
int post_id_by_msgid(struct forum_txn *t, struct slice message_id, uint64_t *id_r);
/* stored octets of one piece appended to out */
int post_piece_read(struct forum_txn *t, const struct post *p, unsigned piece, struct buf *out);
uint32_t post_piece_size(const struct post *p, unsigned piece);
/* exactly n octets, inflated from a piece; never from the cache */
int post_piece_inflate(struct forum_txn *t, const struct post *p, unsigned piece, char *out, size_t n);

/* --- post_state.c --- */
/* What is known of a text now: set in head and overview, nobody is told and no change number given. 1 (also when the
 * post is not there), < 0. Called on: writer. */
int post_learn_flags(struct forum_txn *t, uint64_t id, uint32_t set, struct fail *f);

/* --- segment.c --- */
/* pieces above this are not cheap to inflate: each has code tables of its own */
enum { SEGMENT_FIXED = 768 };
/* exactly n octets from a piece ended by a full flush; `z` must have room for two more octets behind its end; 1, < 0 */
int segment_inflate(char *z, size_t zn, char *out, size_t n);

/* --- overview.c --- */
void overview_encode(const struct overview *o, struct buf *out);
int overview_decode(uint32_t group, uint32_t number, struct slice v, struct overview *o_r);
int overview_store(struct forum_txn *t, const struct overview *o, struct fail *f);
/* change the fixed fields of a stored overview record; `modseq` 0 leaves it */
struct overview_patch { uint32_t group, number; uint64_t modseq; int state; /* < 0: leave */ bool flags_set, tree_set;
	uint32_t flags; uint64_t parent, thread; enum parent_reason reason; };
int overview_patch(struct forum_txn *t, const struct overview_patch *p, struct fail *f);
void envelope_encode(const struct envelope *e, struct buf *out);
int envelope_decode(struct slice v, struct envelope *e_r);
/* "DOMAIN group:number ..." of a post's places, appended */
int overview_xref(struct forum_txn *t, const struct place *places, size_t n, struct buf *out);

/* --- overview_pointer.c --- */
static inline bool overview_is_pointer(struct slice v) {
	return v.n == OVERVIEW_POINTER_SIZE && v.p[0] == OVERVIEW_POINTER;
}
struct overview_pointer { uint64_t modseq; uint32_t reply_group; };     /* modseq 0: none */
static inline struct overview_pointer overview_pointer_of(struct slice v) {
	return (struct overview_pointer){ num_get64(v.p + OVERVIEW_MODSEQ), num_get32(v.p + OVERVIEW_REPLY_GROUP) };
}
/* a new record, or another change number: what the number shows stays (the group for answers is part of it) */
int overview_store_pointer(struct forum_txn *t, uint32_t group, uint32_t number, uint64_t post, uint64_t modseq);
/* Where the record of (group, number) really is: 1 and *at_r (the same place for an ordinary record; number 0 for a
 * post that waits, in a queue), 0 absent or, for a pointer, no longer readable by the box's owner, < 0 */
int overview_follow(struct forum_txn *t, uint32_t group, uint32_t number, struct place *at_r);
/* v becomes the record the pointer leads to: 1, 0 nothing there for the owner */
int overview_look_through(struct forum_txn *t, uint32_t group, struct slice *v);
/* the same, unless the pointer itself is a hole: what UNREAD pointed to was read, say */
int overview_look_at(struct forum_txn *t, uint32_t group, uint32_t number, struct slice *v);
/* What a pointer shows belongs to the box: change number, group for answers, and in a queue, what the case is about.
 * 1, < 0 */
int overview_of_pointer(struct forum_txn *t, struct overview_pointer p, struct overview *o);
/* the two parts kept of a post that waits for approval (N): overview and envelope */
int overview_pending(struct forum_txn *t, uint64_t post, struct slice part_r[2]);

/* --- post_add.c, shared with post_state.c --- */
/* Gives numbers in every group, finds its thread, stores head, O and E, and queues the mail.
 * *p has its groups in places (numbers are filled in); p->parent and p->reason are what was proven before (reply key,
 * importer) and become what was found. *o and *e are the records without their places. */
int post_publish(struct forum_txn *t, struct post *p, struct overview *o, const struct envelope *e, struct slice terms,
	struct fail *f);
/* what it replaces goes, once its own text is stored (replace.h) */
int post_supersede(struct forum_txn *t, const struct post *p, struct fail *f);
/* the overview and envelope records a draft makes; without places, thread and modseq. Slices of d, or the arena's */
void post_derive(struct forum_txn *t, const struct post_draft *d, const struct post *p, struct overview *o,
	struct envelope *e);
int envelope_store(struct forum_txn *t, struct place at, const struct envelope *e, struct fail *f);

/* --- rebuild.c --- */
/* header with the typed From spliced in, and body, through the parser; slices of *d in the transaction's arena */
int rebuild_parse_text(struct forum_txn *t, const struct post *p, rebuild_parse parse, void *arg, struct post_draft *d);

/* --- thread.c --- */
/* the post got a place in a group it was not in: posts waiting there for its id find it */
int thread_arrived(struct forum_txn *t, const struct post *p, uint32_t group);
/* the post left `from` for `to`: it waits there from now on */
int thread_moved(struct forum_txn *t, const struct post *p, uint32_t from, uint32_t to);
#endif
