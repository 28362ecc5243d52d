/* Stored segments are spliced between live pieces, and the client's window sees both; a live deflater only its own. So
 * each piece ends with a full flush and the deflater is reset after it: it never refers back over a splice (that would
 * give wrong octets without any error). Then one deflater serves all connections of a thread. Small pieces are stored
 * blocks: five octets more, no deflate state touched (starting an engine costs more than many lines do).
 * ISA-L makes pieces of OVER six times as fast as zlib's level 4, and five percent larger. */
#include "forumd/net/deflate.h"
#include <zlib.h>
#include "forumd/base/fail.h"
#include "forumd/base/mem.h"
#include "forumd/base/squeeze.h"
#include "forumd/net/loop_private.h"

#define STORED_MAX 200

static void add_stored(struct slice s, struct buf *out) {
	unsigned n = (unsigned)s.n;
	char head[5] = { 0, (char)(n & 255), (char)(n >> 8), (char)(~n & 255), (char)(~n >> 8 & 255) };
	buf_add(out, head, sizeof head);
	buf_add_slice(out, s);
}

void deflate_piece(void **deflater, struct slice s, struct buf *out) {
	if (s.n < STORED_MAX) {
		if (s.n)
			add_stored(s, out);
		return;
	}
	if (!*deflater)
		*deflater = squeezer_new();
	squeeze(*deflater, s, false, out);
}

void loop_deflater_free(void **deflater) {
	struct squeezer *s = *deflater;
	squeezer_free(&s);
	*deflater = NULL;
}

struct inflater { z_stream z; };

struct inflater *inflater_new(void) {
	struct inflater *i = mem_zalloc(sizeof *i);
	if (inflateInit2(&i->z, -15) != Z_OK)
		bug("inflateInit2");
	return i;
}

void inflater_free(struct inflater **i) {
	if (*i)
		inflateEnd(&(*i)->z);
	mem_free(*i);
	*i = NULL;
}

int inflater_run(struct inflater *i, struct slice *in, struct buf *out, size_t room) {
	z_stream *z = &i->z;
	z->next_in = (Bytef *)(uintptr_t)in->p;
	z->avail_in = (uInt)in->n;
	z->next_out = (Bytef *)buf_reserve(out, room);
	z->avail_out = (uInt)room;
	int r = inflate(z, Z_SYNC_FLUSH);
	buf_commit(out, room - z->avail_out);
	*in = slice_of(z->next_in, z->avail_in);
	if (r == Z_STREAM_END)
		return ERR_GONE;
	if (r != Z_OK && r != Z_BUF_ERROR)
		return ERR_INVALID;
	/* a full output may have more behind it even when the input is used up */
	return z->avail_out == 0 ? 1 : 0;
}
