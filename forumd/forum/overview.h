/* overview.h - one compact record per (group, number): feeds OVER, HDR, FETCH, THREAD, SEARCH by header. The OVER line
 * is stored ready to send, cut only where the author line and the octet count go in. Iteration skips what is not
 * visible. */
#ifndef FORUMD_FORUM_OVERVIEW_H
#define FORUMD_FORUM_OVERVIEW_H
#include "forumd/forum/post.h"

struct overview {
	uint32_t group, number, author, flags, lines;
	uint32_t header_len, body_len;    /* as in struct post */
	uint32_t reply_group; /* of a pointer in an own box: the group it names for answers; 0: that of the place */
	enum post_state state;
	enum parent_reason reason;
	uint64_t post, parent, thread, modseq;
	int64_t date, arrival;
	struct slice subject, date_text, message_id, references, from;   /* raw header values; from = typed */
	struct slice xref;                /* "DOMAIN group:number ..." */
};
/* What mail clients sort by (INTERNALDATE): the arrival; of imported posts the date they were written. */
static inline int64_t overview_received(const struct overview *o) {
	return o->flags & POST_IMPORTED && o->date ? o->date : o->arrival;
}
/* 1, 0 (absent or not visible), < 0 */
int overview_get(struct forum_txn *t, uint32_t group, uint32_t number, struct overview *o_r);
/* any state: o_r->state tells those who may know */
int overview_get_any(struct forum_txn *t, uint32_t group, uint32_t number, struct overview *o_r);

/* Forward iteration lo..hi. The iterator borrows the transaction; overview_iter_end() before it ends. */
struct overview_iter {
	struct forum_txn *t; void *cursor; uint32_t group, next, hi; bool all_states, placed;
	/* overview_lines() has it write the Xref value of posts in several places; NULL: all of them as stored */
	void (*xref)(void *arg, struct forum_txn *t, struct slice xref, struct buf *out); void *xref_arg;
};
int overview_iter_begin(struct forum_txn *t, uint32_t group, uint32_t lo, uint32_t hi, struct overview_iter *it_r);
int overview_iter_next(struct overview_iter *it, struct overview *o_r);   /* 1, 0 end, < 0 */
void overview_iter_end(struct overview_iter *it);
/* flags that moderate_flags_text() may have words for */
#define POST_SHOWN_FLAGS (POST_FLAGGED | POST_OFF_TOPIC | POST_ASIDE | POST_LOCKED)
/* what moderate_flags_text() says of the record's post, or empty; lives as long as the transaction */
struct slice overview_flags_text(struct forum_txn *t, const struct overview *o);
/* The fast way for OVER: append the ready lines ("number TAB subject ... TAB Xref: full TAB [Forum-Flags: text] TAB
 * [Forum-Thread: by=reason] CRLF", the last two empty when there is nothing to say) until `max` octets were added
 * or the end; it->next then is the number to go on with. 1 more, 0 end, < 0. */
int overview_lines(struct overview_iter *it, size_t max, struct buf *out);
/* neighbours for NEXT and LAST: first visible number > n, or < n; 1, 0 */
int overview_after(struct forum_txn *t, uint32_t group, uint32_t n, uint32_t *out_r);
int overview_before(struct forum_txn *t, uint32_t group, uint32_t n, uint32_t *out_r);
/* octets of the whole article as IMAP sends it: header with From, empty line, body */
uint32_t overview_size(struct forum_txn *t, const struct overview *o);
/* append one OVER line; xref: its Xref value, which may be less than o->xref says */
void overview_line(struct forum_txn *t, const struct overview *o, struct slice xref, struct buf *out);

/* What IMAP sends ready-made; key (group, number). */
struct envelope { struct slice before, from, sender, reply_to, after, structure, part_table; };
int envelope_get(struct forum_txn *t, uint32_t group, uint32_t number, struct envelope *e_r);
/* The same for ascending numbers of a group in a read transaction, one step of a cursor each; a number that is not
 * ascending is found too, with a look-up. Zeroed cursor: nothing is open. envelope_iter_end() before the transaction.
 */
struct envelope_iter { struct forum_txn *t; void *cursor; uint32_t group, at; struct slice value; };
void envelope_iter_begin(struct forum_txn *t, uint32_t group, struct envelope_iter *it_r);
int envelope_iter_get(struct envelope_iter *it, uint32_t number, struct envelope *e_r);   /* as envelope_get */
void envelope_iter_end(struct envelope_iter *it);
/* "(...)" with the author line spliced in */
void envelope_write(struct forum_txn *t, uint32_t author, const struct envelope *e, struct buf *out);
#endif
