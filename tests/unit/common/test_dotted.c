/* Dot-stuffing both ways, whole and octet by octet. What ends a text at other servers must not end ours. */
#include <stdlib.h>
#include "gateways/common/dotted.h"
#include "tests/tap/tap.h"

struct seen { int end; struct buf text, left; struct dotted d; };

/* step: octets given at a time */
static void collect(struct slice in, size_t step, size_t max, struct seen *s) {
	struct buf b = { 0 };
	*s = (struct seen){ .d = { .max = max } };
	for (size_t at = 0; at < in.n && !s->end; at += step) {
		buf_add_slice(&b, slice_sub(in, at, step));
		s->end = dotted_collect(&s->d, &b, &s->text);
		if (s->end)
			buf_add_slice(&b, slice_from(in, at + step));
	}
	buf_add_slice(&s->left, buf_slice(&b));
	buf_free(&b);
}

static void seen_free(struct seen *s) {
	buf_free(&s->text);
	buf_free(&s->left);
}

static void check(struct slice in, int end, struct slice text, struct slice left, const char *what) {
	for (size_t step = 1; step <= in.n + 1; step += step < 4 ? 1 : in.n) {
		struct seen s;
		collect(in, step, 1000, &s);
		is_int(s.end, end, "%s: end, %zu at a time", what, step);
		is_slice(buf_slice(&s.text), text, "%s: text, %zu at a time", what, step);
		is_slice(buf_slice(&s.left), left, "%s: what follows, %zu at a time", what, step);
		seen_free(&s);
	}
}

#define CHECK(in, end, text, left) check(SLICE(in), end, SLICE(text), SLICE(left), #in)

static void test_texts(void) {
	CHECK(".\r\nQUIT\r\n", 1, "", "QUIT\r\n");
	CHECK("a\r\n.\r\n", 1, "a\r\n", "");
	CHECK("a\r\n..\r\n.\r\nB", 1, "a\r\n.\r\n", "B");
	CHECK("..a\r\n...b\r\n.\r\n", 1, ".a\r\n..b\r\n", "");
	CHECK(".a\r\n.\r\n", 1, "a\r\n", "");
	CHECK("\r\n\r\n.\r\n", 1, "\r\n\r\n", "");
	CHECK("a.\r\nb .\r\n.\r\n", 1, "a.\r\nb .\r\n", "");
	CHECK("abc", 0, "abc", "");
	CHECK("abc\r\n.\r", 0, "abc\r\n", "");
	CHECK("x\0y\r\n.\r\n", 1, "x\0y\r\n", "");
}

/* each followed by an injected command; the true end comes last */
static void test_smuggling(void) {
	static const struct slice fake[] = {
		SLICE_INIT("\n.\n"),
		SLICE_INIT("\n.\r\n"),
		SLICE_INIT("\r\n.\n"),
		SLICE_INIT("\r.\r"),
		SLICE_INIT("\r.\r\n"),
		SLICE_INIT("\r.\n"),
		SLICE_INIT("\n.\r"),
		SLICE_INIT("\r\n.\r"),
		SLICE_INIT("\r\n.\r\r\n"),
		SLICE_INIT("\r\n\0.\r\n"),
		SLICE_INIT("\r\n.\0\r\n"),
		SLICE_INIT("\r\n. \r\n"),
		SLICE_INIT("\r\n..\r\n"),
		SLICE_INIT("\r\r\n.\n"),
		SLICE_INIT("\n\n.\r\n"),
		SLICE_INIT("\r\n\n.\r\n"),
		SLICE_INIT("\r\n.\n\r\n"),
	};
	for (size_t i = 0; i < sizeof fake / sizeof *fake; i++)
		for (size_t step = 1; step < 40; step += 6) {
			struct buf b = { 0 };
			struct seen s;
			buf_adds(&b, "Subject: x\r\n\r\nbody");
			buf_add_slice(&b, fake[i]);
			buf_adds(&b, "MAIL FROM:<x@y>\r\n.\r\nAFTER");
			collect(buf_slice(&b), step, 1000, &s);
			ok(s.end && slice_is(buf_slice(&s.left), "AFTER"), "sequence %zu does not end the text, %zu at a time", i,
				step);
			ok(slice_find(buf_slice(&s.text), SLICE("MAIL FROM")) > 0, "sequence %zu: the command is text", i);
			bool odd = i != 9 && i != 10 && i != 11 && i != 12;
			is_int(s.d.bare_cr || s.d.bare_lf, odd, "sequence %zu: bare CR or LF is noted", i);
			is_int(s.d.nul, i == 9 || i == 10, "sequence %zu: NUL is noted", i);
			seen_free(&s);
			buf_free(&b);
		}
}

static void test_bounds(void) {
	struct seen s;
	collect(SLICE("12345678\r\n90\r\n.\r\nrest"), 3, 10, &s);
	ok(s.end && s.d.too_big, "too big is noted and the end is found");
	ok(buf_len(&s.text) <= 10, "no more is kept than allowed");
	is_lit(buf_slice(&s.left), "rest", "what follows a text that was too big");
	seen_free(&s);
	collect(SLICE("12345678\r\n.\r\n"), 100, 10, &s);
	ok(s.end && !s.d.too_big, "exactly the limit is allowed");
	seen_free(&s);
	collect(SLICE("caf\xc3\xa9\r\n.\r\n"), 100, 100, &s);
	ok(s.d.eight_bit, "eight-bit octets are noted");
	seen_free(&s);
}

static void write_check(struct slice text, struct slice want) {
	for (size_t step = 1; step <= text.n + 1; step += step < 4 ? 1 : text.n) {
		struct buf out = { 0 };
		bool bol = true;
		for (size_t at = 0; at < text.n;) {
			size_t n = at + step < text.n ? step : text.n - at;
			while (at + n < text.n && text.p[at + n - 1] == '\r')
				n++;       /* a piece does not end in CR */
			dotted_write(&out, slice_sub(text, at, n), false, &bol);
			at += n;
		}
		dotted_end(&out, bol);
		is_slice(buf_slice(&out), want, "written, %zu at a time", step);
		buf_free(&out);
	}
}

static void test_write(void) {
	struct buf out = { 0 };
	bool bol = true;
	write_check(SLICE("a\r\n.b\r\n..c\r\n.\r\n"), SLICE("a\r\n..b\r\n...c\r\n..\r\n.\r\n"));
	write_check(SLICE("no end"), SLICE("no end\r\n.\r\n"));
	write_check(SLICE(""), SLICE(".\r\n"));
	write_check(SLICE("a\n.\nb\r.\rc"), SLICE("a\r\n..\r\nb\r\n..\r\nc\r\n.\r\n"));
	dotted_write(&out, SLICE("plain\r\ncopy"), true, &bol);
	ok(!bol, "a dot-free text that stops inside a line");
	dotted_write(&out, SLICE("\r\n"), true, &bol);
	dotted_end(&out, bol);
	is_buf(&out, "plain\r\ncopy\r\n.\r\n", "a dot-free text is copied");
	buf_free(&out);
}

/* whatever is written comes back, and never ends early */
static void test_round_trip(void) {
	static const char alphabet[] = "..\r\n\nab";
	unsigned seed = 1;
	unsigned bad = 0;
	for (int i = 0; i < 2000; i++) {
		struct buf text = { 0 }, wire = { 0 }, want = { 0 };
		bool bol = true;
		for (int k = (i * 7) % 40; k > 0; k--) {
			seed = seed * 1103515245 + 12345;
			buf_addc(&text, alphabet[(seed >> 16) % 7]);
		}
		dotted_write(&wire, buf_slice(&text), false, &bol);
		dotted_end(&wire, bol);
		struct seen s;
		collect(buf_slice(&wire), 1 + i % 5, 1000, &s);
		/* as text with CRLF throughout and at the end */
		struct slice t = buf_slice(&text);
		for (size_t k = 0; k < t.n; k++) {
			if (t.p[k] == '\r' || t.p[k] == '\n') {
				buf_adds(&want, "\r\n");
				k += t.p[k] == '\r' && k + 1 < t.n && t.p[k + 1] == '\n';
			} else {
				buf_addc(&want, t.p[k]);
			}
		}
		if (buf_len(&want) && !slice_ends(buf_slice(&want), SLICE("\r\n")))
			buf_adds(&want, "\r\n");
		bad += !s.end || buf_len(&s.left) || s.d.bare_cr || s.d.bare_lf ||
			!slice_eq(buf_slice(&s.text), buf_slice(&want));
		seen_free(&s);
		buf_free(&text);
		buf_free(&wire);
		buf_free(&want);
	}
	is_int(bad, 0, "2,000 random texts come back");
}

int main(void) {
	test_texts();
	test_smuggling();
	test_bounds();
	test_write();
	test_round_trip();
	return done();
}
