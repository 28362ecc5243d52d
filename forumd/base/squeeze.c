/* ISA-L's level 1 does a piece in a third to a sixth of the time zlib needs for nearly the same size (doc/decisions.md,
 * doc/performance.md). */
#include "forumd/base/squeeze.h"
#include <isa-l.h>
#include "forumd/base/mem.h"

struct squeezer {
	struct isal_zstream z;
	bool used;
	uint8_t level_buf[ISAL_DEF_LVL1_DEFAULT];
};

struct squeezer *squeezer_new(void) {
	return mem_zalloc(sizeof(struct squeezer));
}

void squeezer_free(struct squeezer **s) {
	mem_free(*s);
	*s = NULL;
}

static void squeeze_begin(struct squeezer *s, bool fixed) {
	if (s->used)
		isal_deflate_reset(&s->z);
	else
		isal_deflate_init(&s->z);
	s->used = true;
	s->z.level = !fixed;
	if (fixed)
		isal_deflate_set_hufftables(&s->z, NULL, IGZIP_HUFFTABLE_STATIC);
	s->z.level_buf = s->level_buf;
	s->z.level_buf_size = sizeof s->level_buf;
	s->z.flush = FULL_FLUSH;
	s->z.end_of_stream = 0;
}

void squeeze(struct squeezer *s, struct slice raw, bool fixed, struct buf *out) {
	squeeze_begin(s, fixed);
	s->z.next_in = (uint8_t *)(uintptr_t)raw.p;
	s->z.avail_in = (uint32_t)raw.n;           /* texts and outputs are far below 4 GiB */
	do {
		size_t room = raw.n / 2 + 512;
		s->z.next_out = (uint8_t *)buf_reserve(out, room);
		s->z.avail_out = (uint32_t)room;
		if (isal_deflate(&s->z) != COMP_OK)
			bug("deflate");
		buf_commit(out, room - s->z.avail_out);
	} while (s->z.avail_out == 0 || s->z.avail_in > 0);
}
