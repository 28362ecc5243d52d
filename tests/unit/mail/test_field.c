#include "forumd/mail/field.h"
#include "tests/tap/tap.h"

static void test_split(void) {
	struct slice h, b;
	ok(field_split(SLICE("A: 1\r\nB: 2\r\n\r\nbody\r\n"), &h, &b), "split");
	is_lit(h, "A: 1\r\nB: 2\r\n", "header");
	is_lit(b, "body\r\n", "body");
	ok(field_split(SLICE("A: 1\n\nbody"), &h, &b), "bare LF");
	is_lit(h, "A: 1\n", "header, LF");
	is_lit(b, "body", "body, LF");
	ok(field_split(SLICE("\r\nbody"), &h, &b) && h.n == 0, "no header");
	is_lit(b, "body", "body without header");
	ok(!field_split(SLICE("A: 1\r\n"), &h, &b) && h.n == 6 && b.n == 0, "no empty line");
	ok(!field_split(SLICE(""), &h, &b) && h.n == 0, "empty message");
	ok(field_split(SLICE("A: 1\r\n \r\n\r\nx"), &h, &b) && b.n == 1, "a blank continuation is no empty line");
}

static void test_walk(void) {
	struct slice rest = SLICE("From x Mon\r\nSubject : a\r\n\tb\r\nno colon\r\nX:\r\nY: 1\0002\r\n");
	struct field f;
	ok(field_next(&rest, &f) && f.name.n == 0, "a From line is no field");
	is_lit(f.value, "From x Mon", "and comes back whole");
	ok(field_next(&rest, &f), "second");
	is_lit(f.name, "Subject", "white space before the colon");
	is_lit(f.value, " a\r\n\tb", "folded value");
	is_lit(f.raw, "Subject : a\r\n\tb\r\n", "raw");
	ok(field_next(&rest, &f) && f.name.n == 0, "no colon");
	ok(field_next(&rest, &f), "empty value");
	is_lit(f.value, "", "empty value");
	ok(field_next(&rest, &f), "NUL");
	is_lit(f.value, " 1\0002", "NUL is a byte");
	ok(!field_next(&rest, &f), "end");
}

static void test_get(void) {
	struct slice h = SLICE("To: a\r\nSUBJECT: one\r\n  two \r\n\t\r\n three \r\nsubject: second\r\n");
	struct buf b = { 0 };
	struct field f;
	ok(field_get(h, "Subject", &b), "found without case");
	is_buf(&b, "one two  three", "unfolded and trimmed");
	ok(field_find(h, "subject", 1, &f) && f.value.n == 7, "second of a name");
	ok(!field_find(h, "subject", 2, &f) && !field_get(h, "Cc", &b), "absent");
	buf_free(&b);
}

static size_t longest_line(struct slice s) {
	size_t most = 0;
	struct slice line;
	while (slice_line(&s, &line))
		most = line.n > most ? line.n : most;
	return most;
}

static void test_write(void) {
	struct buf b = { 0 }, v = { 0 };
	field_write(&b, "Subject", SLICE("x\r\nBcc: evil@example.org\n\nbody\0z"));
	is_buf(&b, "Subject: x Bcc: evil@example.org  body z\r\n", "nothing injects a field");
	buf_reset(&b);
	for (int i = 0; i < 30; i++)
		buf_addf(&v, "%s<id%d@example.org>", i ? " " : "", i);
	field_write(&b, "References", buf_slice(&v));
	ok(longest_line(buf_slice(&b)) <= 78, "folded at 78");
	struct field f;
	struct slice rest = buf_slice(&b);
	struct buf back = { 0 };
	ok(field_next(&rest, &f) && rest.n == 0, "one field");
	field_unfold(f.value, &back);
	is_slice(buf_slice(&back), buf_slice(&v), "unfolds to what was written");
	buf_reset(&b), buf_reset(&v);
	for (int i = 0; i < 5000; i++)
		buf_adds(&v, "\xc3\xa4");
	field_write(&b, "X", buf_slice(&v));
	ok(longest_line(buf_slice(&b)) <= 998, "a word of 10,000 octets is cut");
	ok(slice_find(buf_slice(&b), SLICE("\xc3\r\n")) < 0, "between characters");
	buf_reset(&b);
	field_write(&b, "X", SLICE(" \r\n "));
	is_buf(&b, "X: \r\n", "nothing but white space");
	buf_free(&b), buf_free(&v), buf_free(&back);
}

int main(void) {
	test_split();
	test_walk();
	test_get();
	test_write();
	ok(field_name_valid(SLICE("X-A")) && !field_name_valid(SLICE("X A")) && !field_name_valid(SLICE("")) &&
		!field_name_valid(SLICE("X:")) && !field_name_valid(SLICE("\xc3\xa4")), "field names");
	return done();
}
