/* Deflate on the way in, inflate on the way out. One set of engines a thread, made when first needed and freed when
 * the thread ends.
 *
 * A piece must end in a full flush, so that it can be spliced into a stream, and posts are small: what counts is the
 * cost of starting. ISA-L's level 1 does a piece in a third of the time zlib needs for the same size of result
 * (doc/decisions.md); short pieces are stored blocks, and those up to SEGMENT_FIXED use the code every inflater knows:
 * a header of 430 octets becomes 50 octets longer and is inflated in a quarter of the time, for building code tables is
 * most of the work. Inflating whole pieces is libdeflate's; `03 00` (an empty last block) ends the stream it wants. */
#include <libdeflate.h>
#include <pthread.h>
#include "forumd/base/mem.h"
#include "forumd/base/squeeze.h"
#include "forumd/forum/post_private.h"

/* pieces up to here are not worth an engine */
enum { SEGMENT_STORED = 100 };

struct segment_engines {
	struct squeezer *deflater;
	struct libdeflate_decompressor *inflater;
};
static pthread_key_t segment_key;
static pthread_once_t segment_once = PTHREAD_ONCE_INIT;
static _Thread_local struct segment_engines *segment_mine;

static void segment_free(void *arg) {
	struct segment_engines *e = arg;
	if (e->inflater)
		libdeflate_free_decompressor(e->inflater);
	squeezer_free(&e->deflater);
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
	struct segment_engines *e = segment_engines();
	if (!e->deflater)
		e->deflater = squeezer_new();
	squeeze(e->deflater, raw, raw.n <= SEGMENT_FIXED, out);
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
