/* Text and compressed segments in turn are one DEFLATE stream. */
#include <zlib.h>
#include "forumd/forum/post.h"
#include "gateways/common/splice.h"
#include "tests/tap/tap.h"

static void inflate_all(struct slice z, struct buf *out) {
	z_stream s = { .next_in = (unsigned char *)z.p, .avail_in = (unsigned)z.n };
	int r;
	if (inflateInit2(&s, -15) != Z_OK)
		bail("inflateInit2");
	do {
		s.next_out = (unsigned char *)buf_reserve(out, 65536);
		s.avail_out = 65536;
		r = inflate(&s, Z_SYNC_FLUSH);
		buf_commit(out, 65536 - s.avail_out);
	} while (r == Z_OK && (s.avail_in || !s.avail_out));
	ok(r == Z_OK || r == Z_BUF_ERROR, "the stream is sound (%d)", r);
	inflateEnd(&s);
}

int main(void) {
	struct buf z = { 0 }, out = { 0 }, big = { 0 };
	for (int i = 0; i < 70000; i++)
		buf_addc(&big, (char)i);
	splice_text(&z, SLICE("220 1 <a@b>\r\n"));
	segment_deflate(SLICE("Subject: s\r\n"), &z);
	splice_text(&z, SLICE("\r\n"));
	splice_text(&z, SLICE(""));
	segment_deflate(SLICE("body\r\n"), &z);
	splice_text(&z, SLICE(".\r\n"));
	inflate_all(buf_slice(&z), &out);
	is_buf(&out, "220 1 <a@b>\r\nSubject: s\r\n\r\nbody\r\n.\r\n", "five pieces");
	buf_reset(&z);
	buf_reset(&out);
	splice_text(&z, buf_slice(&big));
	is_int(buf_len(&z), 70010, "two stored blocks");
	inflate_all(buf_slice(&z), &out);
	ok(slice_eq(buf_slice(&out), buf_slice(&big)), "70,000 octets come back");
	buf_free(&z), buf_free(&out), buf_free(&big);
	return done();
}
