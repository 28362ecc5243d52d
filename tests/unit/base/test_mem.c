/* mem, buf, slice, arena, vec, list */
#include "forumd/base/arena.h"
#include "forumd/base/buf.h"
#include "forumd/base/list.h"
#include "forumd/base/mem.h"
#include "forumd/base/vec.h"
#include "tests/tap/tap.h"

static char order[8];
static void cleanup(void *arg) { strcat(order, arg); }

static void test_buf(void) {
	struct buf b = { 0 };
	is_buf(&b, "", "empty");
	buf_adds(&b, "ab");
	buf_add(&b, "\0c", 2);
	buf_addu(&b, 18446744073709551615u);
	is_buf(&b, "ab\0c18446744073709551615", "bytes with a NUL");
	is_int(b.data[b.used], 0, "NUL behind the last byte");
	buf_consume(&b, 3);
	buf_truncate(&b, 3);
	is_buf(&b, "c18", "consumed and cut");
	buf_consume(&b, 99);
	is_int(b.start + b.used, 0, "all consumed: storage starts anew");
	buf_addf(&b, "%0200d|", 7);
	is_int(buf_len(&b), 201, "a long format");
	is_int(b.data[199], '7', "its end");
	size_t size = b.size;
	for (int i = 0; i < 100000; i++) {
		buf_add(&b, "0123456789", 10);
		buf_consume(&b, 10);
	}
	is_int(buf_len(&b), 201, "a queue keeps its length");
	ok(b.size <= size * 2, "a queue does not grow: %zu", b.size);
	for (int i = 0; i < 1000; i++)
		buf_addc(&b, 'x');
	buf_shrink(&b, 16);
	is_int(b.size, 1202, "shrunk to its contents");
	buf_reset(&b);
	buf_shrink(&b, 0);
	ok(b.data == NULL, "all given back");
	buf_adds(&b, "..steal");
	buf_consume(&b, 2);
	size_t n;
	char *p = buf_steal(&b, &n);
	is_str(p, "steal", "stolen");
	is_int(n, 5, "its length");
	ok(!b.data && !b.used, "the buffer is empty");
	mem_free(p);
}

static void test_slice(void) {
	struct slice s = SLICE("Hello World"), piece, rest;
	ok(slice_eq_nocase(s, SLICE("hELLO wORLD")), "case is ignored");
	ok(!slice_eq_nocase(SLICE("a["), SLICE("A{")), "only of letters");
	ok(slice_starts(s, SLICE("Hell")) && !slice_starts(s, SLICE("hell")), "starts");
	ok(slice_ends_nocase(s, SLICE("WORLD")) && !slice_ends(s, SLICE("WORLD")), "ends");
	is_int(slice_find(s, SLICE("o W")), 4, "find");
	is_int(slice_find(s, SLICE("xyz")), -1, "not found");
	is_int(slice_find_nocase(s, SLICE("WORLD")), 6, "find without case");
	is_int(slice_find_nocase(SLICE("--abcdefghijklmnopqrstuvwxyzabcdefghijklmnop"),
		SLICE("ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFGHIJ")), 2, "a long needle");
	is_int(slice_find(SLICE("a\0b"), SLICE("\0b")), 1, "NUL is a byte");
	ok(slice_cmp(SLICE("ab"), SLICE("abc")) < 0 && slice_cmp(SLICE("\xff"), SLICE("a")) > 0, "bytewise order");
	is_lit(slice_trim(SLICE(" \r\n x y\t\n")), "x y", "trim");
	is_lit(slice_from(s, 99), "", "from beyond the end");
	rest = SLICE("a,,b,");
	ok(slice_split(&rest, ',', &piece) && slice_is(piece, "a"), "first piece");
	ok(slice_split(&rest, ',', &piece) && slice_is(piece, ""), "an empty piece");
	ok(slice_split(&rest, ',', &piece) && slice_is(piece, "b"), "third piece");
	ok(!slice_split(&rest, ',', &piece), "no piece behind the last separator");
	rest = SLICE(" \tone  two ");
	ok(slice_word(&rest, &piece) && slice_is(piece, "one"), "word one");
	ok(slice_word(&rest, &piece) && slice_is(piece, "two"), "word two");
	ok(!slice_word(&rest, &piece), "no more words");
	rest = SLICE("a\r\nb\n\r\nc\r");
	ok(slice_line(&rest, &piece) && slice_is(piece, "a"), "CRLF");
	ok(slice_line(&rest, &piece) && slice_is(piece, "b"), "LF");
	ok(slice_line(&rest, &piece) && slice_is(piece, ""), "empty line");
	ok(slice_line(&rest, &piece) && slice_is(piece, "c\r"), "a last line without LF keeps its CR");
	ok(!slice_line(&rest, &piece), "no more lines");
	char out[4];
	ok(slice_cstr(SLICE("abc"), out, 4) && strcmp(out, "abc") == 0, "fits");
	ok(!slice_cstr(SLICE("abcd"), out, 4) && strcmp(out, "abc") == 0, "cut");
	ok(!slice_cstr(SLICE("a\0b"), out, 4), "NUL inside");
}

static void test_arena(void) {
	struct arena *a = arena_new();
	is_int(arena_size(a), 0, "no memory before the first allocation");
	char *p = arena_alloc(a, 1);
	is_int((uintptr_t)p % 16, 0, "aligned");
	is_int(arena_size(a), 2048, "first chunk");
	arena_on_reset(a, cleanup, (char[]){ "1" });
	arena_on_reset(a, cleanup, (char[]){ "2" });
	char *big = arena_alloc(a, 100000);
	memset(big, 1, 100000);
	char *q = arena_alloc(a, 16);
	ok(q > p && q < p + 2048, "a big one does not end the chunk");
	for (int i = 0; i < 1000; i++)
		memset(arena_alloc(a, 1000), i, 1000);
	ok(arena_size(a) > 1100000 && arena_size(a) < 1400000, "chunks: %zu", arena_size(a));
	is_str(arena_printf(a, "%d-%s", 5, "x"), "5-x", "printf");
	is_int(arena_slicef(a, "%300d", 1).n, 300, "long printf");
	struct slice s = arena_slice(a, SLICE("a\0b"));
	ok(slice_eq(s, SLICE("a\0b")) && s.p[3] == 0, "copy with NUL behind");
	arena_reset(a);
	is_str(order, "21", "clean-ups, last first");
	is_int(arena_size(a), 2048, "one small chunk is kept");
	arena_on_reset(a, cleanup, (char[]){ "3" });
	arena_free(&a);
	is_str(order, "213", "clean-up at free");
	ok(a == NULL, "gone");
	arena_free(&a);
}

struct item { int n; struct list link; };

int main(void) {
	test_buf();
	test_slice();
	test_arena();
	VEC(int) v = { 0 };
	for (int i = 0; i < 1000; i++)
		vec_push(&v, i);
	ok(v.n == 1000 && v.v[999] == 999, "vec");
	vec_free(&v);
	struct list head;
	struct item a = { 1, { 0 } }, b = { 2, { 0 } }, c = { 3, { 0 } };
	list_init(&head);
	list_add_tail(&head, &b.link);
	list_add_tail(&head, &c.link);
	list_add_head(&head, &a.link);
	int sum = 0;
	list_for(it, &head) {
		sum = sum * 10 + list_entry(it, struct item, link)->n;
		list_del(it);
		list_del(it);
	}
	is_int(sum, 123, "list in order, deleting on the way");
	ok(list_empty(&head), "list empty");
	return done();
}
