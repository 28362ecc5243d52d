/* Deflate on the way in, inflate on the way out. One set of engines a thread, made when first needed and freed when
 * the thread ends.
 *
 * A piece must end in a full flush, so that it can be spliced into a stream, and posts are small: what counts is the
 * cost of starting. ISA-L's level 1 does a piece in a third of the time zlib needs for the same size of result
 * (doc/decisions.md); short pieces are stored blocks, and those up to SEGMENT_FIXED use the code every inflater knows:
 * a header of 430 octets becomes 50 octets longer and is inflated in a quarter of the time, for building code tables is
 * most of the work. Inflating whole pieces is libdeflate's; `03 00` (an empty last block) ends the stream it wants. */
#include <isa-l.h>
#include <libdeflate.h>
#include <pthread.h>
#include "forumd/base/mem.h"
#include "forumd/forum/post_private.h"

/* pieces up to here are not worth an engine */
enum { SEGMENT_STORED = 100 };

struct segment_engines {
	struct isal_zstream deflater;
	uint8_t level_buf[ISAL_DEF_LVL1_DEFAULT];
	bool made;
	struct libdeflate_decompressor *inflater;
};
static pthread_key_t segment_key;
static pthread_once_t segment_once = PTHREAD_ONCE_INIT;
static _Thread_local struct segment_engines *segment_mine;

static void segment_free(void *arg) {
	struct segment_engines *e = arg;
	if (e->inflater)
		libdeflate_free_decompressor(e->inflater);
	mem_free(e);
	segment_mine = NULL;
}

/* the main thread's engines, which no thread exit frees */
static void __attribute__((destructor)) segment_free_main(void) {
	if (segment_mine)
		segment_free(segment_mine);
}

static void segment_make_key(void) {
	if (pthread_key_create(&segment_key, segment_free) != 0)
		bug("no thread key");
}

static struct segment_engines *segment_engines(void) {
	if (!segment_mine) {
		pthread_once(&segment_once, segment_make_key);
		segment_mine = mem_zalloc(sizeof *segment_mine);
		pthread_setspecific(segment_key, segment_mine);
	}
	return segment_mine;
}

static struct isal_zstream *segment_deflater(size_t n) {
	struct segment_engines *e = segment_engines();
	if (e->made)
		isal_deflate_reset(&e->deflater);
	else
		isal_deflate_init(&e->deflater);
	e->made = true;
	e->deflater.level = n > SEGMENT_FIXED;
	if (n <= SEGMENT_FIXED)
		isal_deflate_set_hufftables(&e->deflater, NULL, IGZIP_HUFFTABLE_STATIC);
	e->deflater.level_buf = e->level_buf;
	e->deflater.level_buf_size = sizeof e->level_buf;
	e->deflater.flush = FULL_FLUSH;
	e->deflater.end_of_stream = 0;
	return &e->deflater;
}

static void segment_stored(struct slice raw, struct buf *out) {
	unsigned char head[5] = { 0, (unsigned char)raw.n, 0, (unsigned char)~raw.n, 0xff };
	buf_add(out, head, sizeof head);
	buf_add_slice(out, raw);
}

void segment_deflate(struct slice raw, struct buf *out) {
	if (raw.n == 0)
		return;
	if (raw.n <= SEGMENT_STORED) {
		segment_stored(raw, out);
		return;
	}
	struct isal_zstream *z = segment_deflater(raw.n);
	z->next_in = (uint8_t *)(uintptr_t)raw.p;
	z->avail_in = (uint32_t)raw.n;
	do {
		size_t room = raw.n / 2 + 512;
		z->next_out = (uint8_t *)buf_reserve(out, room);
		z->avail_out = (uint32_t)room;
		if (isal_deflate(z) != COMP_OK)
			bug("deflate");
		buf_commit(out, room - z->avail_out);
	} while (z->avail_out == 0 || z->avail_in > 0);
}

int segment_restore(struct slice z, size_t n, struct buf *out) {
	struct buf in = { 0 };
	char *p = buf_reserve(&in, z.n + 2);
	if (z.n)
		memcpy(p, z.p, z.n);
	int r = segment_inflate(p, z.n, buf_reserve(out, n), n);
	if (r > 0)
		buf_commit(out, n);
	buf_free(&in);
	return r;
}

int segment_inflate(char *z, size_t zn, char *out, size_t n) {
	struct segment_engines *e = segment_engines();
	size_t got;
	if (n == 0)
		return zn == 0 ? 1 : ERR_CORRUPT;
	if (!e->inflater && !(e->inflater = libdeflate_alloc_decompressor()))
		bug("no memory for an inflater");
	z[zn] = 3;
	z[zn + 1] = 0;
	if (libdeflate_deflate_decompress(e->inflater, z, zn + 2, out, n, &got) != LIBDEFLATE_SUCCESS || got != n)
		return ERR_CORRUPT;
	return 1;
}
