/* bench_forum - how fast the domain is on this machine: posts in, OVER lines and bodies out. Prints figures; not a
 * test. Usage: bench_forum [POSTS] */
#include <stdio.h>
#include <stdlib.h>
#include "forumd/base/clock.h"
#include "forumd/forum/overview.h"
#include "tests/unit/forum/fixture.h"

enum { BATCH = 256, AUTHORS = 50 };

static void report(const char *what, double n, int64_t us) {
	printf("%-44s %12.0f /s   %8.2f us each\n", what, n * 1e6 / (double)us, (double)us / n);
}

/* words with about the redundancy of mail */
static struct slice text(struct arena *a, unsigned *seed, size_t n) {
	static const char *const words[] = {
		"forum", "committee", "the", "of", "a", "proposal", "meeting", "and", "we", "should", "not", "agree", "with",
		"amendment", "local", "chapter", "vote", "is", "in", "to", "that", "for", "regional", "budget", "question",
	};
	struct buf b = { 0 };
	size_t line = 0;
	while (buf_len(&b) < n) {
		*seed = *seed * 1103515245 + 12345;
		const char *w = words[(*seed >> 16) % 25];
		buf_adds(&b, w);
		if ((*seed >> 10 & 15) == 0)
			buf_addu(&b, *seed >> 20);
		line += strlen(w) + 1;
		buf_adds(&b, line > 68 ? "\r\n" : " ");
		line = line > 68 ? 0 : line;
	}
	struct slice s = arena_slice(a, buf_slice(&b));
	buf_free(&b);
	return s;
}

static void post_batch(struct forum *forum, uint32_t g, unsigned *seed, int from, int64_t *prepare_us, int64_t *add_us) {
	struct forum_txn *t = fixture_write(forum);
	struct post_draft *d[BATCH];
	char id[64], up[64];
	int64_t start = clock_mono_us();
	for (int i = 0; i < BATCH; i++) {
		snprintf(id, sizeof id, "<%d.%08x@bench.example>", from + i, from + i);
		snprintf(up, sizeof up, "<%d.%08x@bench.example>", from + i - 1, from + i - 1);
		d[i] = fixture_draft(t, g, id, (from + i) % 10 ? up : NULL, (from + i) % 10 ? up : NULL);
		d[i]->author_name = arena_slicef(forum_arena(t), "Author %d", (from + i) * 7 % AUTHORS);
		d[i]->author_address = arena_slicef(forum_arena(t), "author%d@example.org", (from + i) * 7 % AUTHORS);
		d[i]->from = arena_slicef(forum_arena(t), "%.*s <%.*s>", SLICE_ARG(d[i]->author_name), SLICE_ARG(d[i]->author_address));
		struct slice header = text(forum_arena(t), seed, 700);
		fixture_body(t, d[i], header, 0, text(forum_arena(t), seed, 2000));
	}
	int64_t middle = clock_mono_us();
	for (int i = 0; i < BATCH; i++)
		fixture_add(t, d[i]);
	fixture_commit(&t);
	*prepare_us += middle - start;
	*add_us += clock_mono_us() - middle;
}

static void bench_deflate(void) {
	struct arena *a = arena_new();
	struct buf out = { 0 };
	unsigned seed = 3;
	struct slice s[64];
	size_t in = 0, n = 0;
	for (int i = 0; i < 64; i++)
		s[i] = text(a, &seed, 2000);
	int64_t start = clock_mono_us();
	for (int k = 0; k < 50; k++)
		for (int i = 0; i < 64; i++) {
			buf_reset(&out);
			segment_deflate(s[i], &out);
			in += s[i].n;
			n += buf_len(&out);
		}
	report("segment_deflate, 2 KB", 3200, clock_mono_us() - start);
	printf("    ratio %.3f\n", (double)n / (double)in);
	buf_free(&out);
	arena_free(&a);
}

static void bench_read(struct forum *forum, uint32_t g, int posts) {
	struct buf out = { 0 };
	size_t octets = 0, lines = 0;
	int64_t start = clock_mono_us();
	for (int k = 0; k < 5; k++)
		for (uint32_t next = 1; next && next <= (uint32_t)posts;) {
			struct forum_txn *t = fixture_read(forum);
			struct overview_iter it;
			overview_iter_begin(t, g, next, (uint32_t)posts, &it);
			buf_reset(&out);
			overview_lines(&it, 65536, &out);
			lines += it.next - next;
			next = it.next;
			octets += buf_len(&out);
			overview_iter_end(&it);
			forum_read_end(&t);
		}
	int64_t us = clock_mono_us() - start;
	report("overview_lines", (double)lines, us);
	printf("    %zu octets a line, %.0f MB/s\n", octets / lines, (double)octets / (double)us);
	start = clock_mono_us();
	size_t n = 0;
	for (int i = 1; i <= posts; i++, n++) {
		struct forum_txn *t = fixture_read(forum);
		struct post p;
		buf_reset(&out);
		if (post_by_number(t, g, (uint32_t)i, &p) <= 0 || post_header(t, &p, &out) < 0 || post_body(t, &p, 0, UINT32_MAX, &out) < 0)
			bail("cannot read %d", i);
		forum_read_end(&t);
	}
	report("whole post: head, header, body inflated", (double)n, clock_mono_us() - start);
	start = clock_mono_us();
	for (int i = 1; i <= posts; i++) {
		struct forum_txn *t = fixture_read(forum);
		struct post p;
		buf_reset(&out);
		post_by_number(t, g, (uint32_t)i, &p);
		for (unsigned piece = 0; piece < 3; piece++)
			post_piece(t, &p, piece, &out);
		forum_read_end(&t);
	}
	report("whole post: stored pieces for splicing", (double)n, clock_mono_us() - start);
	start = clock_mono_us();
	for (int i = 0; i < 1000000; i++) {
		struct forum_txn *t = fixture_read(forum);
		forum_read_end(&t);
	}
	report("forum_read_begin and end", 1e6, clock_mono_us() - start);
	buf_free(&out);
}

int main(int argc, char **argv) {
	int posts = argc > 1 ? atoi(argv[1]) : 20000;
	struct forum *forum = fixture_open("bench");
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "bench");
	fixture_commit(&t);
	int64_t prepare = 0, add = 0;
	unsigned seed = 1;
	int n = 0;
	for (; n < posts; n += BATCH)
		post_batch(forum, g, &seed, n, &prepare, &add);
	bench_deflate();
	report("post_add, batches of 256, no fsync", n, add);
	bench_read(forum, g, n);
	forum_close(&forum);
	return 0;
}
