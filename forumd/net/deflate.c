/* Stored segments are spliced between live pieces, and the client's window sees both; a live deflater only its own. So
 * each piece ends with a full flush and the deflater is reset after it: it never refers back over a splice (that would
 * give wrong octets without any error). Then one deflater serves all connections of a thread. Small pieces are stored
 * blocks: five octets more, no deflate state touched (starting an engine costs more than many lines do).
 * ISA-L makes pieces of OVER six times as fast as zlib's level 4, and five percent larger. */
#include "forumd/net/deflate.h"
#include <isa-l.h>
#include <zlib.h>
#include "forumd/base/fail.h"
#include "forumd/base/mem.h"
#include "forumd/net/loop_private.h"

#define STORED_MAX 200

static void add_stored(struct slice s, struct buf *out) {
	unsigned n = (unsigned)s.n;
	char head[5] = { 0, (char)(n & 255), (char)(n >> 8), (char)(~n & 255), (char)(~n >> 8 & 255) };
	buf_add(out, head, sizeof head);
	buf_add_slice(out, s);
}

struct deflater {
	struct isal_zstream z;
	bool used;
	uint8_t level[ISAL_DEF_LVL1_DEFAULT];
};

static struct isal_zstream *deflater_get(void **deflater) {
	struct deflater *d = *deflater;
	if (!d)
		*deflater = d = mem_zalloc(sizeof *d);
	if (d->used)
		isal_deflate_reset(&d->z);
	else
		isal_deflate_init(&d->z);
	d->used = true;
	d->z.level = 1;
	d->z.level_buf = d->level;
	d->z.level_buf_size = sizeof d->level;
	d->z.flush = FULL_FLUSH;
	d->z.end_of_stream = 0;
	return &d->z;
}

void deflate_piece(void **deflater, struct slice s, struct buf *out) {
	if (s.n < STORED_MAX) {
		if (s.n)
			add_stored(s, out);
		return;
	}
	struct isal_zstream *z = deflater_get(deflater);
	z->next_in = (uint8_t *)(uintptr_t)s.p;
	z->avail_in = (uint32_t)s.n;               /* outputs are far below 4 GiB: conn_full() */
	do {
		size_t room = s.n / 2 + 512;
		z->next_out = (uint8_t *)buf_reserve(out, room);
		z->avail_out = (uint32_t)room;
		if (isal_deflate(z) != COMP_OK)
			bug("deflate");
		buf_commit(out, room - z->avail_out);
	} while (z->avail_out == 0 || z->avail_in > 0);
}

void loop_deflater_free(void **deflater) {
	mem_free(*deflater);
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
