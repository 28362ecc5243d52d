/* imap_parse.h - commands as octets: a bounded incremental reader that knows lines and literals and nothing else, and
 * takers that walk a complete command. No tree is built and nothing recurses: each command takes what it expects.
 * RFC 3501 4 and 9, RFC 7888 (LITERAL+), RFC 3516 (~{n}). Any thread. */
#ifndef GATEWAYS_IMAP_IMAP_PARSE_H
#define GATEWAYS_IMAP_IMAP_PARSE_H
#include "forumd/base/arena.h"
#include "forumd/base/buf.h"
#include "forumd/base/range_set.h"

#define IMAP_DEPTH_MAX 32

enum imap_read {
	IMAP_READ_MORE,        /* more input needed */
	IMAP_READ_COMMAND,     /* text holds a whole command, without the last line end */
	IMAP_READ_CONTINUE,    /* say "+" and call again */
	IMAP_READ_TOO_BIG,     /* a literal above the limit that the client has not sent yet; the command is over */
	IMAP_READ_TOO_BIG_BYE, /* the same, but it comes anyway: the connection cannot go on */
	IMAP_READ_TOO_LONG,    /* a line above the limit, swallowed; text keeps its first octets */
};
struct imap_reader {
	struct buf text;       /* literals stay inside as "{n}CRLF" and n octets */
	size_t limit;          /* octets of text without the literals of APPEND and REPLACE */
	size_t append_limit;   /* octets of all literals of one of these; 0: like any other */
	/* private */
	size_t plain, append;
	uint64_t literal;
	bool swallow;
	char tail[32];
};
/* Consumes from in until something is to be done. */
enum imap_read imap_reader_feed(struct imap_reader *r, struct buf *in);
/* ready for the next command; storage above 256 octets is given back */
void imap_reader_reset(struct imap_reader *r);

/* Takers consume from *in and return whether the thing was there; when it was not, *in may have moved: give up. Slices
 * point into the command, or into the arena where escapes were removed. */
bool imap_take_char(struct slice *in, char c);
static inline bool imap_take_space(struct slice *in) { return imap_take_char(in, ' '); }
static inline bool imap_take_end(struct slice *in) { return in->n == 0; }
static inline bool imap_at(const struct slice *in, char c) { return in->n && *in->p == c; }
bool imap_take_tag(struct slice *in, struct slice *tag_r);
bool imap_take_atom(struct slice *in, struct slice *s_r);
/* letters, digits, dot, hyphen: names of items and keys */
bool imap_take_name(struct slice *in, struct slice *s_r);
/* quoted or literal; 8-bit octets between quotes must be UTF-8 (RFC 9051 4.3, RFC 6855 3) */
bool imap_take_string(struct slice *in, struct arena *a, struct slice *s_r);
bool imap_astring_char(char c);
bool imap_take_astring(struct slice *in, struct arena *a, struct slice *s_r);
/* string or NIL (then s_r->p is NULL) */
bool imap_take_nstring(struct slice *in, struct arena *a, struct slice *s_r);
/* list-mailbox: an atom that may hold % and *, or a string */
bool imap_take_pattern(struct slice *in, struct arena *a, struct slice *s_r);
/* 0 .. 2^32-1 */
bool imap_take_number(struct slice *in, uint32_t *v_r);
/* a flag or keyword with its backslash */
bool imap_take_flag(struct slice *in, struct slice *s_r);
/* sequence-set; '*' is star (the greatest number in use; 0 when there is none), and so is a number beyond it that is
 * joined with '*' by a colon. Added to set_r. */
bool imap_take_set(struct slice *in, uint32_t star, struct range_set *set_r);
/* does a sequence-set begin here? */
static inline bool imap_at_set(const struct slice *in) {
	return in->n && ((*in->p >= '0' && *in->p <= '9') || *in->p == '*');
}
/* Modified UTF-7 (RFC 3501 5.1.3) to UTF-8; false when malformed, 8-bit, or not in its one right form. */
bool imap_utf7_decode(struct slice s, struct buf *out);
/* and back, in that form; s is UTF-8 */
void imap_utf7_encode(struct slice s, struct buf *out);
#endif
