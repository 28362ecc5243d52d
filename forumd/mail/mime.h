/* mime.h - the structure of a message: one bounded, iterative, linear scan on arrival makes a part table; the table is
 * stored, so that BODYSTRUCTURE and sections need no parser later. Own code: libetpan recurses and crashes on hostile
 * input (doc/decisions.md). RFC 2045, 2046, 2231, 2183, 5322.
 *
 * Offsets count from the first byte of the message BODY (after the empty line), because the header is stored apart. */
#ifndef FORUMD_MAIL_MIME_H
#define FORUMD_MAIL_MIME_H
#include <stdint.h>
#include "forumd/base/arena.h"
#include "forumd/base/buf.h"

#define MIME_DEPTH_MAX 100
#define MIME_PARTS_MAX 10000
#define MIME_PARAMS_MAX 128

enum mime_kind { MIME_LEAF, MIME_MULTIPART, MIME_MESSAGE };
enum mime_encoding { MIME_7BIT, MIME_8BIT, MIME_BINARY, MIME_QP, MIME_BASE64, MIME_UUENCODE, MIME_OTHER };

/* name lower case, value decoded (RFC 2231, quotes), UTF-8; extended: the message gives it with a charset, as name* */
struct mime_param { struct slice name, value; bool extended; };
struct mime_part {
	int32_t parent;                /* index in the table; -1 for the root */
	uint32_t depth;
	uint32_t header_off, header_len;   /* MIME header of the part with its empty line; the root has none here (0, 0) */
	uint32_t body_off, body_len;       /* content, still encoded, without the line end that belongs to the boundary */
	uint32_t lines;                    /* of the encoded content */
	uint32_t children, first_child,
		next; /* indexes, 0 = none (the root is nobody's child); a message part has one child */
	enum mime_kind kind;
	enum mime_encoding encoding;
	struct slice type, subtype;        /* lower case; defaulted: text/plain, in multipart/digest message/rfc822 */
	struct slice encoding_name;        /* lower case; "7bit" when absent */
	struct slice id, description, md5, disposition, language, location;   /* field values, unfolded; empty = absent */
	struct slice header; /* for MIME_MESSAGE children: header of the embedded message (borrowed from the body) */
	struct mime_param *params, *disposition_params;
	size_t nparams, ndisposition_params;
};
struct mime_table { struct mime_part *v; size_t n; bool cut; /* limits reached: the rest is opaque content */ };

/* header: of the whole message; body: what follows the empty line. Strings live in the arena or the input. Never fails.
 */
void mime_scan(struct arena *a, struct slice header, struct slice body, struct mime_table *table_r);

/* parameter by name (lower case), the extended one when there are both; empty slice when absent */
struct slice mime_param_get(const struct mime_param *v, size_t n, const char *name);
/* file name of a part from Content-Disposition or Content-Type; empty when none */
struct slice mime_file_name(const struct mime_part *p);

/* The stored form of the table: what sections need (offsets, lengths, nesting, kinds, encodings). */
void mime_table_encode(const struct mime_table *t, struct buf *out);

/* A section of BODY[...] (RFC 9051 6.4.5): "" (all), "HEADER", "TEXT", "1.2", "2.HEADER", "2.TEXT", "2.MIME".
 * HEADER.FIELDS is the caller's: ask for HEADER. */
enum mime_where { MIME_WHOLE, MIME_TOP_HEADER, MIME_TOP_TEXT, MIME_RANGE };
struct mime_range {
	enum mime_where where;   /* MIME_RANGE: off/len count from the start of the message body */
	uint32_t off, len;
	enum mime_encoding encoding;   /* of a leaf, for BINARY */
	bool is_header;          /* the range is a header with its empty line */
};
/* 1 found, 0 no such part, ERR_SYNTAX. section without brackets. */
int mime_section(struct slice encoded_table, struct slice section, struct mime_range *range_r);

/* Undo the transfer encoding of one part into out, at most max bytes (true: complete). Broken input never fails. */
bool mime_decode(enum mime_encoding e, struct slice content, size_t max, struct buf *out);
/* text of a leaf as UTF-8 with LF line ends: transfer decoding, charset, format=flowed with DelSp */
void mime_text(const struct mime_part *p, struct slice body, size_t max, struct buf *out);
/* index of the readable part (text/plain preferred, else text/html, inside alternative and related too); -1 none */
int mime_readable(const struct mime_table *t);
/* Does part i go on with that text? Text behind a picture or a file, as Apple's programs send it, and what lists add. */
bool mime_goes_on(const struct mime_table *t, int readable, size_t i);
/* the readable part as mime_text() has it, and below it those that go on with it */
void mime_readable_text(const struct mime_table *t, int readable, struct slice body, size_t max, struct buf *out);
/* HTML to readable text (lists, links, quotes); linear, no tree */
void mime_html_text(struct slice html_utf8, struct buf *out);
/* the readable text of a message in one call (html made text); appended to out */
void mime_message_text(struct slice header, struct slice body, size_t max, struct buf *out);
#endif
