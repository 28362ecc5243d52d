/* bench_search - the full-text index on this machine: terms of a post, adding them, upkeep, and needles. Prints figures;
 * not a test. Usage: bench_search [POSTS] */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "forumd/base/clock.h"
#include "forumd/forum/search.h"
#include "tests/unit/forum/fixture.h"

enum { BATCH = 256, VOCABULARY = 120000 };
static unsigned seed = 5;

static unsigned rnd(void) {
	seed = seed * 1664525 + 1013904223;
	return seed >> 8;
}

/* a word by its rank; Zipf's law gives the ranks */
static void add_word(struct buf *b) {
	static const char *const syllables[] = { "ba", "co", "di", "fe", "gu", "ha", "ken", "lo", "mir", "nat", "pos", "ra", "ste", "tion", "ver", "wy" };
	double u = (rnd() % 1000000 + 1) / 1000001.0;
	unsigned rank = (unsigned)exp(u * log(VOCABULARY));
	for (unsigned v = rank; v; v /= 16)
		buf_adds(b, syllables[v % 16]);
	buf_addc(b, ' ');
}

static void make_texts(int i, struct buf *header, struct buf *body) {
	buf_reset(header);
	buf_reset(body);
	buf_addf(header, "Subject: Re: ");
	for (int k = 0; k < 6; k++)
		add_word(header);
	buf_addf(header, "\r\nDate: Mon, %d Nov 2026 14:%02d:%02d +0000\r\nMessage-ID: <%08x.%d@mail%d.example.org>\r\n", i % 28 + 1, i % 60,
		i / 60 % 60, rnd(), i, i % 300);
	buf_addf(header, "References: <%08x.%d@mail.example.org>\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n", rnd(), i / 2);
	while (buf_len(body) < 2000) {
		for (int k = 0; k < 11; k++)
			add_word(body);
		buf_adds(body, "\r\n");
	}
	if (i % 6 == 0)
		buf_adds(body, "the committeeword stands here\r\n");
	if (i % 4000 == 17)
		buf_adds(body, "rarissimum\r\n");
}

static void report(const char *what, double n, int64_t us) {
	printf("%-44s %12.0f /s   %8.2f us each\n", what, n * 1e6 / (double)us, (double)us / n);
}

/* processor time: other programs do not count */
static int64_t cpu_us(void) {
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int by_value(const void *a, const void *b) {
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return x < y ? -1 : x > y;
}

static void needle(struct forum *forum, uint32_t g, enum search_where where, const char *text) {
	int64_t us[101];
	uint64_t sure = 0, maybe = 0;
	for (int i = 0; i < 101; i++) {
		struct search_hits h = { { 0 }, { 0 } };
		int64_t start = clock_mono_us();
		struct forum_txn *t = fixture_read(forum);
		if (search_find(t, g, where, slice_str(text), &h) < 0)
			bail("search");
		forum_read_end(&t);
		us[i] = clock_mono_us() - start;
		sure = range_set_count(&h.sure);
		maybe = range_set_count(&h.maybe);
		range_set_free(&h.sure);
		range_set_free(&h.maybe);
	}
	qsort(us, 101, sizeof *us, by_value);
	printf("    %s %-28s p50 %6.3f ms  p99 %6.3f ms  %llu sure, %llu maybe\n", where == SEARCH_TEXT ? "TEXT" : "BODY", text,
		(double)us[50] / 1000, (double)us[99] / 1000, (unsigned long long)sure, (unsigned long long)maybe);
}

static void needles(struct forum *forum, uint32_t g, const char *when) {
	struct search_info i;
	struct forum_txn *t = fixture_read(forum);
	search_info(t, g, &i);
	forum_read_end(&t);
	printf("%s: %u pending, %u segments, %u pages, %.1f MB\n", when, i.pending, i.segments, i.pages, (double)i.octets / 1e6);
	static const char *const list[] = { "rarissimum", "committeeword", "tion", "a", "absent-word stands", "the committeeword", "author 77" };
	for (size_t k = 0; k < sizeof list / sizeof *list; k++)
		needle(forum, g, SEARCH_TEXT, list[k]);
	needle(forum, g, SEARCH_BODY, "rarissimum");
}

static void upkeep(struct forum *forum, uint32_t g, int posts) {
	int64_t make = 0, apply = 0, longest = 0;
	struct fail f;
	int n = 0;
	for (;; n++) {
		struct search_plan *plan;
		struct forum_txn *t = fixture_read(forum);
		int64_t start = cpu_us();
		int r = search_plan_make(t, g, NULL, NULL, &plan);
		forum_read_end(&t);
		make += cpu_us() - start;
		if (r <= 0)
			break;
		t = fixture_write(forum);
		start = cpu_us();
		if (search_plan_apply(t, plan, &f) < 0)
			bail("apply");
		int64_t us = cpu_us() - start;
		fixture_commit(&t);
		apply += us;
		longest = us > longest ? us : longest;
		search_plan_free(&plan);
	}
	printf("upkeep of %d posts: %d steps, plans %.2f us a post, writer %.2f us a post, longest step on the writer %.1f ms\n", posts, n,
		(double)make / posts, (double)apply / posts, (double)longest / 1000);
}

int main(int argc, char **argv) {
	int posts = argc > 1 ? atoi(argv[1]) : 12190;
	struct forum *forum = fixture_open("bench");
	struct forum_txn *t = fixture_write(forum);
	uint32_t g = fixture_group(t, "bench"), author[500];
	group_skip_to(t, g, (uint32_t)posts);
	for (int i = 0; i < 500; i++)
		member_author(t, arena_slicef(forum_arena(t), "Author %d", i), arena_slicef(forum_arena(t), "a%d@example.org", i), &author[i]);
	fixture_commit(&t);
	struct buf header = { 0 }, body = { 0 }, terms[BATCH] = { { 0 } };
	int64_t make = 0, add = 0, octets = 0;
	for (int i = 1; i <= posts;) {
		int n = 0;
		for (; n < BATCH && i + n <= posts; n++) {
			char from[80];
			make_texts(i + n, &header, &body);
			snprintf(from, sizeof from, "Author %d <a%d@example.org>", (i + n) % 500, (i + n) % 500);
			buf_reset(&terms[n]);
			int64_t start = cpu_us();
			search_terms(slice_str(from), buf_slice(&header), buf_slice(&body), false, &terms[n]);
			make += cpu_us() - start;
			octets += (int64_t)buf_len(&terms[n]);
		}
		t = fixture_write(forum);
		int64_t start = cpu_us();
		for (int k = 0; k < n; k++)
			if (search_add(t, g, (uint32_t)(i + k), author[(i + k) % 500], buf_slice(&terms[k])) < 0)
				bail("add");
		add += cpu_us() - start;
		fixture_commit(&t);
		i += n;
		if (i > 4096 && i - n <= 4096)
			upkeep(forum, g, 4096);
	}
	report("search_terms, 2.4 KB of texts", posts, make);
	printf("    %lld octets of terms a post\n", (long long)octets / posts);
	report("search_add, batches of 256", posts, add);
	needles(forum, g, "after adding");
	upkeep(forum, g, posts);
	needles(forum, g, "settled");
	forum_close(&forum);
	return 0;
}
