#include "forumd/mail/lint.h"
#include "forumd/base/buf.h"
#include "tests/tap/tap.h"

static const struct { const char *header, *body; unsigned lines, quotes; } texts[] = {
	{ "", "> a\r\nb\r\n", 2, 1 },
	{ "", "\r\n \r\n\t\r\n", 0, 0 },
	{ "", " > a\r\n| b\r\n} c\r\nd > e\r\n", 4, 3 },
	{ "", "a\r\n-- \r\n> b\r\n", 1, 0 },
	{ "", "a\r\n--\r\n> b\r\n", 3, 1 },
	{ "", "> a\n> b\nc", 3, 2 },
	{ "Content-Type: text/html\r\n", "> a\r\n", 0, 0 },
	{ "Content-Type: text/plain; charset=utf-8\r\n", "> a\r\n", 1, 1 },
	{ "Content-Type: multipart/mixed; boundary=x\r\n", "> a\r\n", 0, 0 },
	{ "Content-Transfer-Encoding: BASE64\r\n", "> a\r\n", 0, 0 },
	{ "Content-Transfer-Encoding: quoted-printable\r\n", "> a=\r\nb\r\n", 2, 1 },
	{ "", "", 0, 0 },
};

int main(void) {
	struct lint l;
	for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
		lint_count(slice_str(texts[i].header), slice_str(texts[i].body), &l);
		is_int(l.lines, texts[i].lines, "text %zu: lines", i);
		is_int(l.quotes, texts[i].quotes, "text %zu: quotes", i);
	}
	ok(lint_over_quoted(&(struct lint){ 66, 60 }, 80), "60 of 66");
	ok(!lint_over_quoted(&(struct lint){ 66, 60 }, 0), "0: never");
	ok(!lint_over_quoted(&(struct lint){ 19, 19 }, 80), "too few to be a nuisance");
	ok(!lint_over_quoted(&(struct lint){ 50, 40 }, 80), "just so many");
	ok(lint_over_quoted(&(struct lint){ 51, 41 }, 80), "one more");
	return done();
}
