/* The part table as text, one line a part: depth type/subtype [header_off+len] body_off+len lines. */
#include "forumd/mail/mime.h"
#include "forumd/mail/imap_text.h"
#include "tests/tap/tap.h"
#include "tests/unit/mail/work.h"

static void show(const struct mime_table *t, struct buf *out) {
	for (size_t i = 0; i < t->n; i++) {
		const struct mime_part *p = &t->v[i];
		buf_addf(out, "%u %.*s/%.*s %u+%u %u+%u %u\n", p->depth, SLICE_ARG(p->type), SLICE_ARG(p->subtype),
			p->header_off, p->header_len, p->body_off, p->body_len, p->lines);
	}
}

static void check(const char *type, const char *body, const char *want) {
	struct arena *a = arena_new();
	struct buf h = { 0 }, got = { 0 };
	struct mime_table t;
	buf_addf(&h, "Content-Type: %s\r\n", type);
	mime_scan(a, buf_slice(&h), slice_str(body), &t);
	show(&t, &got);
	is_slice(buf_slice(&got), slice_str(want), "%s: %s", type, body);
	buf_free(&h), buf_free(&got);
	arena_free(&a);
}

#define X "multipart/mixed; boundary=x"

static void test_structure(void) {
	check("text/plain", "one\r\ntwo\r\n", "0 text/plain 0+0 0+10 2\n");
	check("text/plain", "", "0 text/plain 0+0 0+0 0\n");
	check(X, "pre\r\n--x\r\n\r\nab\r\n--x--\r\npost\r\n", "0 multipart/mixed 0+0 0+29 6\n1 text/plain 10+2 12+2 1\n");
	check(X, "--x\r\nA: b\r\n\r\nab\r\n\r\n--x\r\n\r\n--x--", "0 multipart/mixed 0+0 0+31 8\n1 text/plain 5+8 13+4 1\n"
		"1 text/plain 24+2 26+0 0\n");
	check(X, "--x\n\nab\n--x--\n", "0 multipart/mixed 0+0 0+14 4\n1 text/plain 4+1 5+2 1\n");
	check(X, "--x  \r\n\r\nab\r\n--x-- \t\r\n", "0 multipart/mixed 0+0 0+22 4\n1 text/plain 7+2 9+2 1\n");
	check(X, "--x\r\n\r\nab\r\nno end", "0 multipart/mixed 0+0 0+17 4\n1 text/plain 5+2 7+10 2\n");
	check(X, "--xy\r\n\r\nab\r\n--x y\r\n", "0 text/plain 0+0 0+19 4\n");
	check(X, "--x\r\nno header\r\n--x--\r\n", "0 multipart/mixed 0+0 0+23 3\n1 text/plain 5+0 5+9 1\n");
	check(X, "--x\r\nA: no empty line\r\n--x--\r\n", "0 multipart/mixed 0+0 0+30 3\n1 text/plain 5+18 23+0 0\n");
	check(X, "--x\r\n--x--\r\n", "0 multipart/mixed 0+0 0+12 2\n1 text/plain 5+0 5+0 0\n");
	check("multipart/mixed; boundary=\"\\\"\"", "--\"\r\n\r\na\r\n--\"--",
		"0 multipart/mixed 0+0 0+15 4\n1 text/plain 5+2 7+1 1\n");
	check("multipart/mixed; boundary=\"\"", "--\r\n\r\na\r\n----", "0 text/plain 0+0 0+13 4\n");
	check("multipart/mixed", "text\r\n", "0 text/plain 0+0 0+6 1\n");
	check("multipart/mixed; boundary=\"a--\"", "--a--\r\n\r\nx\r\n--a----",
		"0 multipart/mixed 0+0 0+19 4\n1 text/plain 7+2 9+1 1\n");
	check("broken", "x", "0 text/plain 0+0 0+1 1\n");
}

static void test_nesting(void) {
	check(X,
		"--x\r\nContent-Type: multipart/alternative; boundary=xy\r\n\r\n--xy\r\n\r\na\r\n--xy\r\n\r\nb\r\n--xy--\r\n\r\n--x\r\n\r\nc\r\n--x--",
		"0 multipart/mixed 0+0 0+104 15\n1 multipart/alternative 5+52 57+30 7\n2 text/plain 63+2 65+1 1\n"
		"2 text/plain 74+2 76+1 1\n1 text/plain 94+2 96+1 1\n");
	/* inner one unterminated: the outer boundary ends it */
	check(X, "--x\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n--y\r\n\r\na\r\n--x\r\n\r\nc\r\n--x--",
		"0 multipart/mixed 0+0 0+75 10\n1 multipart/mixed 5+45 50+8 3\n2 text/plain 55+2 57+1 1\n1 text/plain 65+2 67+1 1\n");
	/* the same boundary inside: the innermost open one takes the line */
	check(X, "--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x--\r\n--x\r\n\r\nc\r\n--x--",
		"0 multipart/mixed 0+0 0+82 11\n1 multipart/mixed 5+45 50+15 4\n2 text/plain 55+2 57+1 1\n1 text/plain 72+2 74+1 1\n");
	check("multipart/digest; boundary=x", "--x\r\n\r\nSubject: a\r\n\r\nbody\r\n--x--",
		"0 multipart/digest 0+0 0+32 6\n1 message/rfc822 5+2 7+18 3\n2 text/plain 7+14 21+4 1\n");
	check("message/rfc822", "Content-Type: message/global\r\n\r\nA: b\r\n\r\ntext",
		"0 message/rfc822 0+0 0+44 5\n1 message/global 0+32 32+12 3\n2 text/plain 32+8 40+4 1\n");
	/* messages without a body: the line end before the boundary is none of their header */
	check("multipart/digest; boundary=b", "--b\r\n\r\nA: b\r\n--b--\r\n",
		"0 multipart/digest 0+0 0+20 4\n1 message/rfc822 5+2 7+4 1\n2 text/plain 7+4 11+0 0\n");
	check("multipart/digest; boundary=b", "--b\r\n\r\n\r\n--b--\r\n",
		"0 multipart/digest 0+0 0+16 4\n1 message/rfc822 5+2 7+0 0\n2 text/plain 7+0 7+0 0\n");
	check("message/rfc822\r\nContent-Transfer-Encoding: base64", "QTogYg==", "0 message/rfc822 0+0 0+8 1\n");
}

static void bomb(const char *what, const char *type, const char *unit, size_t times, const char *pattern_end,
	bool cut) {
	struct arena *a = arena_new();
	struct buf h = { 0 }, body = { 0 }, out = { 0 };
	struct mime_table t;
	buf_addf(&h, "Content-Type: %s\r\n", type);
	for (size_t i = 0; i < times; i++)
		if (strstr(unit, "%zu"))
			for (const char *p = unit; *p; p++)
				if (strncmp(p, "%z", 2) == 0)
					buf_addu(&body, i + (p[2] == 'n')), p += 2;
				else
					buf_addc(&body, *p);
		else
			buf_adds(&body, unit);
	buf_adds(&body, pattern_end);
	int64_t start = work_ms();
	mime_scan(a, buf_slice(&h), buf_slice(&body), &t);
	imap_text_structure(&t, buf_slice(&body), true, &out);
	buf_reset(&out);
	mime_table_encode(&t, &out);
	struct mime_range r;
	mime_section(buf_slice(&out), SLICE("9999.1.1.1.1"), &r);
	int64_t ms = work_ms() - start;
	ok(ms < WORK_MS && t.n <= MIME_PARTS_MAX, "%s: %d ms, %zu parts", what, (int)ms, t.n);
	ok(t.cut == cut, "limits reached: %d", cut);
	for (size_t i = 0; i < t.n; i++)
		if (t.v[i].depth > MIME_DEPTH_MAX)
			bail("too deep");
	buf_free(&h), buf_free(&body), buf_free(&out);
	arena_free(&a);
}

static void test_bombs(void) {
	bomb("50,000 nested multiparts", "multipart/mixed; boundary=b0",
		"--b%zu\r\nContent-Type: multipart/mixed; boundary=b%zn\r\n\r\n", 50000, "", true);
	bomb("50,000 multiparts, one boundary", X, "--x\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n", 50000, "",
		true);
	bomb("50,000 nested messages", "message/rfc822", "Content-Type: message/rfc822\r\n\r\n", 50000, "", true);
	bomb("100,000 parts", X, "--x\r\n\r\nhello\r\n", 100000, "--x--\r\n", true);
	bomb("100,000 header lines", "message/rfc822", "X-%zu: y\r\n", 100000, "\r\n", false);
	bomb("100,000 types", "message/rfc822", "Content-Type: text/plain; a=b\r\n", 100000, "\r\n", false);
	bomb("a line of 1 MB", X, "--------------------", 50000, "", false);
	bomb("500,000 lines of two dashes", X, "--\r\n", 500000, "", false);
	bomb("400,000 wrong boundaries", X, "--y\r\n", 400000, "", false);
	bomb("1 MB of folded header", "message/rfc822", "X:\r\n ", 200000, "\r\n", false);
	bomb("parts with 120 parameters", X,
		"--x\r\nContent-Type: a/b; n*0=1; n*1=2; n*2=3; a=b; c=d; e=f; g=h; i=j; k=l\r\n\r\n", 10000, "", true);
}

static void test_params_bomb(void) {
	struct arena *a = arena_new();
	struct buf h = { 0 };
	struct mime_table t;
	static const char *const units[] = { "; a*#=b", "; a#=b", "; a", "; a=\"", "(", ";", "; a*#*=%41", "; a=b c" };
	for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
		buf_reset(&h);
		buf_adds(&h, "Content-Type: a/b");
		for (int k = 0; k < 100000; k++) {
			for (const char *p = units[i]; *p; p++)
				if (*p == '#')
					buf_addu(&h, (unsigned)k);
				else
					buf_addc(&h, *p);
		}
		buf_adds(&h, "\r\n");
		int64_t start = work_ms();
		mime_scan(a, buf_slice(&h), SLICE("x"), &t);
		ok(work_ms() - start < WORK_MS && t.v[0].nparams <= MIME_PARAMS_MAX, "100,000 times %s: %d ms", units[i],
			(int)(work_ms() - start));
		arena_reset(a);
	}
	buf_free(&h);
	arena_free(&a);
}

static void test_speed(void) {
	struct arena *a = arena_new();
	struct buf body = { 0 };
	struct mime_table t;
	for (int i = 0; i < 25; i++)
		buf_adds(&body, "A line of ordinary text that somebody wrote in a mail.\r\n");
	int64_t start = work_us();
	for (int i = 0; i < 10000; i++) {
		mime_scan(a, SLICE("From: a@b\r\nSubject: x\r\nContent-Type: text/plain; charset=utf-8\r\n"), buf_slice(&body),
			&t);
		arena_reset(a);
	}
	int64_t us = work_us() - start;
	diag("a plain message: %.2f us", (double)us / 10000);
	ok(us / 10000 < WORK_MS / 10, "a plain message takes microseconds");
	buf_free(&body);
	arena_free(&a);
}

int main(void) {
	test_structure();
	test_nesting();
	test_bombs();
	test_params_bomb();
	test_speed();
	return done();
}
