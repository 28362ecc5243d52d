/* fuzz_mail.c - all parsers of forumd/mail on arbitrary bytes. With libFuzzer (-DFUZZ_LIBFUZZER -fsanitize=fuzzer) it
 * is a fuzz target; else a program: `fuzz_mail FILE...` runs files, `fuzz_mail --mutate N SEED FILE...` runs N
 * deterministic mutations of them (the same seed gives the same inputs). */
#include <stdio.h>
#include <stdlib.h>
#include "forumd/base/mem.h"
#include "forumd/base/text.h"
#include "forumd/mail/address.h"
#include "forumd/mail/build.h"
#include "forumd/mail/date.h"
#include "forumd/mail/field.h"
#include "forumd/mail/imap_text.h"
#include "forumd/mail/inbound.h"
#include "forumd/mail/msgid.h"
#include "forumd/mail/subject.h"
#include "forumd/mail/flowed.h"
#include "forumd/mail/trim.h"
#include "forumd/mail/words.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool held, const char *what) {
	if (!held)
		bug("broken: %s", what);
}

static bool one_line(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if (text_control(s.p[i]))
			return false;
	return text_utf8_valid(s);
}

static void fuzz_values(struct arena *a, struct slice s) {
	struct buf b = { 0 }, c = { 0 };
	struct slice rest = s, id, l, d;
	struct address_list list;
	int64_t t;
	int zone;
	words_decode(s, &b);
	check(one_line(buf_slice(&b)), "decoded words are one line of UTF-8");
	subject_base(buf_slice(&b), &c);
	buf_reset(&c);
	words_encode(buf_slice(&b), &c);
	words_encode_phrase(s, &c);
	words_decode_2231(s, &c);
	buf_reset(&c);
	field_write(&c, "X", s);
	check(slice_ends(buf_slice(&c), SLICE("\r\n")), "a field ends its line");
	address_parse(a, s, &list);
	for (size_t i = 0; i < list.n; i++) {
		check(one_line(list.v[i].name), "names are one line of UTF-8");
		buf_reset(&c);
		address_write(&c, list.v[i].name, list.v[i].local, list.v[i].domain);
		check(!memchr(buf_bytes(&c), '\n', buf_len(&c)) && !memchr(buf_bytes(&c), '\r', buf_len(&c)),
			"addresses are one line");
	}
	while (msgid_next(&rest, &id))
		check(id.n <= MSGID_MAX && id.p >= s.p && id.p + id.n <= s.p + s.n, "ids lie in the value");
	date_parse(s, &t, &zone);
	date_parse_imap(s, &t);
	address_check_spec(s, s.n % 2 == 0, &l, &d);
	mime_html_text(s, &c);
	struct trim_info trimmed;
	struct buf text = { 0 };
	text_utf8_repair(s, &text);
	buf_reset(&c);
	trim_text(buf_slice(&text), slice_to(buf_slice(&b), 300), &c, &trimmed);
	check(buf_len(&c) + trimmed.octets <= buf_len(&text) + 1, "a trimmed text is part of the text");
	struct slice line, lines;
	buf_reset(&b);
	bool delsp = flowed_encode(buf_slice(&text), &b);
	for (lines = buf_slice(&b); slice_line(&lines, &line);)
		check(line.n <= 998, "a flowed line is none too long");
	buf_reset(&c);
	flowed_decode(buf_slice(&b), delsp, &c);
	check(text_utf8_valid(buf_slice(&c)), "flowed text is cut between characters");
	words_guess_charset(s);
	buf_free(&b), buf_free(&c), buf_free(&text);
}

static void fuzz_message(struct arena *a, struct slice s) {
	struct buf b = { 0 }, table = { 0 };
	struct slice header, body;
	struct mime_table t;
	struct mime_range r;
	struct imap_text_envelope e;
	struct inbound_dsn dsn;
	struct address from;
	size_t at;
	field_split(s, &header, &body);
	mime_scan(a, header, body, &t);
	for (size_t i = 0; i < t.n; i++)
		check((uint64_t)t.v[i].body_off + t.v[i].body_len <= body.n &&
				(uint64_t)t.v[i].header_off + t.v[i].header_len <= body.n,
			"parts lie in the body");
	mime_table_encode(&t, &table);
	if (mime_section(buf_slice(&table), SLICE("1.1.HEADER"), &r) == 1 && r.where == MIME_RANGE)
		check((uint64_t)r.off + r.len <= body.n, "sections lie in the body");
	mime_section(s, SLICE("2.1"), &r);
	mime_section(buf_slice(&table), slice_to(s, 40), &r);
	imap_text_structure(&t, body, true, &b);
	imap_text_envelope(a, header, &e);
	imap_text_envelope_free(&e);
	buf_reset(&b);
	mime_message_text(header, body, 100000, &b);
	check(text_utf8_valid(buf_slice(&b)), "text is UTF-8");
	buf_reset(&b);
	struct trim_info trimmed;
	trim_reply(header, body, slice_to(body, 300), &b, &trimmed);
	check(text_utf8_valid(buf_slice(&b)), "replies are UTF-8");
	inbound_automatic(header, SLICE("x.y"));
	inbound_auth_results(header, SLICE("mx"), SLICE("x.y"));
	inbound_author(a, header, &from);
	inbound_dsn(a, header, body, &dsn);
	buf_reset(&b);
	build_list_copy(&b, &(struct build_copy){ .header = header, .body = body, .author_name = slice_to(s, 50),
		.list = { SLICE("g"), slice_to(s, 20), SLICE("x.y"), SLICE("") }, .message_id = slice_to(s, 100) }, &at);
	for (size_t i = 0; i < buf_len(&b); i++)
		check(buf_bytes(&b)[i] != '\n' || buf_bytes(&b)[i - 1] == '\r', "no bare LF leaves");
	buf_free(&b), buf_free(&table);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	struct arena *a = arena_new();
	/* a copy of the exact size, so that reading behind it is seen */
	char *copy = mem_alloc(size ? size : 1);
	if (size)
		memcpy(copy, data, size);
	struct slice s = slice_of(copy, size), rest = s;
	struct field f;
	fuzz_message(a, s);
	fuzz_values(a, s);
	for (int i = 0; i < 20 && field_next(&rest, &f); i++)
		fuzz_values(a, f.value);
	mem_free(copy);
	arena_free(&a);
	return 0;
}

#ifndef FUZZ_LIBFUZZER
static uint64_t fuzz_state;

static uint64_t fuzz_random(void) {
	fuzz_state ^= fuzz_state << 13;
	fuzz_state ^= fuzz_state >> 7;
	fuzz_state ^= fuzz_state << 17;
	return fuzz_state;
}

static void fuzz_mutate(struct buf *b) {
	static const char *const pieces[] = { "\r\n", "\r\n\r\n", "--", "--x\r\n", "\"", "(", ")", "<", ">", "=?utf-8?q?",
		"?=", "\\", ";", "=", "*0*=", "boundary=\"\\\"\"", "Content-Type: multipart/mixed; boundary=x\r\n",
		"Content-Type: message/rfc822\r\n", ",", ":", "%" };
	for (uint64_t n = 1 + fuzz_random() % 8; n > 0 && buf_len(b); n--) {
		size_t at = fuzz_random() % buf_len(b), len = 1 + fuzz_random() % 32;
		char *p = buf_bytes(b);
		struct buf out = { 0 };
		switch (fuzz_random() % 4) {
		case 0:
			p[at] = (char)fuzz_random();
			continue;
		case 1:
			buf_truncate(b, at);
			continue;
		case 2:
			buf_add(&out, p, at);
			buf_adds(&out, pieces[fuzz_random() % (sizeof pieces / sizeof *pieces)]);
			buf_add_slice(&out, slice_from(buf_slice(b), at));
			break;
		default:
			buf_add(&out, p, at);
			buf_add_slice(&out, slice_sub(buf_slice(b), fuzz_random() % buf_len(b), len * 8));
			buf_add_slice(&out, slice_from(buf_slice(b), at + len));
			break;
		}
		buf_free(b);
		*b = out;
	}
}

static void fuzz_file(const char *path, struct buf *b) {
	FILE *f = fopen(path, "rb");
	size_t n;
	if (!f) {
		perror(path);
		exit(2);
	}
	while ((n = fread(buf_reserve(b, 65536), 1, 65536, f)) > 0)
		buf_commit(b, n);
	fclose(f);
}

int main(int argc, char **argv) {
	bool mutate = argc > 4 && strcmp(argv[1], "--mutate") == 0;
	unsigned long rounds = mutate ? strtoul(argv[2], NULL, 10) : 1;
	int first = mutate ? 4 : 1;
	fuzz_state = mutate ? strtoul(argv[3], NULL, 10) * 2654435761u + 1 : 1;
	if (argc <= first) {
		fprintf(stderr, "usage: fuzz_mail [--mutate N SEED] FILE...\n");
		return 2;
	}
	for (unsigned long i = 0; i < rounds; i++)
		for (int k = first; k < argc; k++) {
			struct buf b = { 0 };
			fuzz_file(argv[k], &b);
			if (mutate)
				fuzz_mutate(&b);
			LLVMFuzzerTestOneInput((const uint8_t *)buf_slice(&b).p, buf_len(&b));
			buf_free(&b);
		}
	printf("%lu rounds over %d files\n", rounds, argc - first);
	return 0;
}
#endif
