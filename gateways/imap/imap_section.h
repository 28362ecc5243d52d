/* imap_section.h - BODY[...] : the section as written -> octets of a stored post (RFC 3501 6.4.5). */
#ifndef GATEWAYS_IMAP_IMAP_SECTION_H
#define GATEWAYS_IMAP_IMAP_SECTION_H
#include "forumd/forum/overview.h"
#include "gateways/imap/imap_parse.h"

enum imap_filter { IMAP_FILTER_NONE, IMAP_FILTER_FIELDS, IMAP_FILTER_NOT };
struct imap_section {
	struct slice part;               /* for mime_section(): "", "HEADER", "1.2.MIME"; upper case */
	enum imap_filter filter;
	struct slice *fields;
	unsigned nfields;
	struct slice text;               /* "HEADER.FIELDS (From To)" as the answer repeats it, without brackets */
	bool partial;
	uint32_t off, len;
};
/* At '['; takes "[...]" and "<off.len>". Everything lives in the arena. */
bool imap_section_take(struct slice *in, struct arena *a, struct imap_section *s_r);
/* the fields of a header that pass, with the empty line, appended to out */
void imap_section_filter(const struct imap_section *s, struct slice header, struct buf *out);

/* The content: the octets of head, then body[off .. off + len) of the post. */
struct imap_content { struct buf head; uint32_t off, len; bool surrogate; };     /* surrogate: of its header */
static inline uint32_t imap_content_size(const struct imap_content *c) { return (uint32_t)buf_len(&c->head) + c->len; }
/* 1; 0 no such part (the answer is NIL); < 0. head is filled (it must be empty), the partial is applied. part_table is
 * that of struct envelope, added imap_added_lines(); utf8: the client takes headers beyond ASCII. */
int imap_section_find(struct forum_txn *t, const struct post *p, struct slice part_table,
	const struct imap_section *s, struct slice added, bool utf8, struct imap_content *c_r);
/* The same for BINARY[...]: the part with its transfer encoding undone, all of it in head; ERR_INVALID: an encoding
 * nobody knows. The whole message ("") is sent as it is. */
int imap_section_decode(struct forum_txn *t, const struct post *p, struct slice part_table,
	const struct imap_section *s, struct slice added, bool utf8, struct imap_content *c_r);
/* does finding need the part table? */
bool imap_section_needs_table(const struct imap_section *s);
#endif
