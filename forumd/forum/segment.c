/* Deflate on the way in, inflate on the way out. One set of engines a thread, made when first needed and freed when
 * the thread ends.
 *
 * Posts are small: resetting a deflater clears its hash table, 128 KiB at zlib's defaults, which costs more than
 * deflating a short post. So there are four deflaters, for small and large pieces, with and without haste, and the
 * small ones have an 8 KiB hash table (memLevel 5) and a window just large enough.
 * Inflating whole pieces is libdeflate's; `03 00` (an empty last block) ends the stream it wants. */
#include <libdeflate.h>
#include <pthread.h>
#include <zlib.h>
#include "forumd/base/mem.h"
#include "forumd/forum/post_private.h"

enum { SEGMENT_SMALL = 16384 };

static const struct { int level, window, memory; } segment_setups[4] = {
	{ 6, 14, 5 }, { 6, 15, 8 },    /* small, large */
	{ 1, 14, 5 }, { 2, 15, 7 },    /* in bulk */
};

struct segment_engines {
	z_stream deflater[4];
	bool made[4];
	struct libdeflate_decompressor *inflater;
};
static pthread_key_t segment_key;
static pthread_once_t segment_once = PTHREAD_ONCE_INIT;
static _Thread_local struct segment_engines *segment_mine;

static void segment_free(void *arg) {
	struct segment_engines *e = arg;
	for (int i = 0; i < 4; i++)
		if (e->made[i])
			deflateEnd(&e->deflater[i]);
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

static z_stream *segment_deflater(bool small, bool bulk) {
	struct segment_engines *e = segment_engines();
	int i = (bulk ? 2 : 0) + (small ? 0 : 1);
	z_stream *z = &e->deflater[i];
	if (e->made[i])
		deflateReset(z);
	else if (deflateInit2(z, segment_setups[i].level, Z_DEFLATED, -segment_setups[i].window, segment_setups[i].memory,
			Z_DEFAULT_STRATEGY) != Z_OK)
		bug("no memory for a deflater");
	e->made[i] = true;
	return z;
}

void segment_deflate(struct slice raw, bool bulk, struct buf *out) {
	if (raw.n == 0)
		return;
	z_stream *z = segment_deflater(raw.n < SEGMENT_SMALL, bulk);
	z->next_in = (Bytef *)(uintptr_t)raw.p;
	z->avail_in = (uInt)raw.n;
	do {
		size_t room = raw.n / 2 + 256;
		z->next_out = (Bytef *)buf_reserve(out, room);
		z->avail_out = (uInt)room;
		if (deflate(z, Z_FULL_FLUSH) == Z_STREAM_ERROR)
			bug("deflate");
		buf_commit(out, room - z->avail_out);
	} while (z->avail_out == 0);
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
