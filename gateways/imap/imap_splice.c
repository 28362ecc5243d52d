/* Whole parts on a connection with COMPRESS=DEFLATE: the stored segments go out as they are, with our few lines between
 * them as stored blocks. What the client inflates is octet for octet what imap_section_find() makes. */
#include "forumd/forum/author.h"
#include "gateways/common/splice.h"
#include "gateways/imap/imap_private.h"

/* stored octets that go into the output at once */
#define SPLICE_MOST (128u << 10)

enum { PART_HEAD = 1, PART_TEXT = 2 };

static unsigned splice_parts(const struct imap_section *s) {
	if (s->partial || s->filter != IMAP_FILTER_NONE)
		return 0;
	if (!s->part.n)
		return PART_HEAD | PART_TEXT;
	return slice_is(s->part, "HEADER") ? PART_HEAD : slice_is(s->part, "TEXT") ? PART_TEXT : 0;
}

/* as imap_header() and an empty line */
static int splice_header(struct forum_txn *t, const struct post *p, struct slice added, struct buf *z) {
	int r = p->from_off ? post_piece(t, p, 0, z) : 1;
	size_t at = splice_begin(z);
	buf_adds(z, "From: ");
	buf_add_slice(z, author_from(t, p->author, p->from));
	buf_adds(z, "\r\n");
	buf_add_slice(z, added);
	splice_end(z, at);
	if (r >= 0)
		r = post_piece(t, p, 1, z);
	splice_text(z, SLICE("\r\n"));
	return r;
}

int imap_splice(struct imap_session *is, struct forum_txn *t, const struct post *p, const struct imap_section *s,
	struct slice added, struct buf *z) {
	unsigned parts = conn_is_deflate(is->s.conn) ? splice_parts(s) : 0;
	uint64_t size = 0;
	int r = 1;
	if ((parts & PART_HEAD) && !is->utf8_accept && imap_header_is_wide(t, p->flags, p->author, p->from))
		return 0;      /* the surrogate is made, not stored */
	if (!parts || p->from_off > p->header_len || ((parts & PART_TEXT) && p->body_z > SPLICE_MOST))
		return 0;
	buf_reset(z);
	if (parts & PART_HEAD) {
		r = splice_header(t, p, added, z);
		size += post_header_size(t, p) + added.n + 2;
	}
	if (r >= 0 && (parts & PART_TEXT)) {
		r = post_piece(t, p, 2, z);
		size += p->body_len;
	}
	if (r < 0)
		return r;
	buf_addf(session_out(&is->s), "{%llu}\r\n", (unsigned long long)size);
	buf_add_slice(conn_spliced(is->s.conn), buf_slice(z));
	return 1;
}
