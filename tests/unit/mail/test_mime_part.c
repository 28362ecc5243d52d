#include "forumd/mail/mime.h"
#include "forumd/base/fail.h"
#include "tests/tap/tap.h"

static const char body[] =
	"--x\r\n\r\nfirst\r\n"
	"--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n"
	"--y\r\nA: b\r\n\r\ninner\r\n--y--\r\n"
	"--x\r\nContent-Type: message/rfc822\r\n\r\nSubject: single\r\n\r\nalone\r\n"
	"--x--\r\n";

static struct buf table;

static void check(const char *section, const char *want, bool header) {
	struct mime_range r;
	if (!is_int(mime_section(buf_slice(&table), slice_str(section), &r), 1, "section %s is there", section))
		return;
	is_int(r.where, MIME_RANGE, "a range");
	is_slice(slice_sub(slice_str(body), r.off, r.len), slice_str(want), "its bytes");
	ok(r.is_header == header, "is a header: %d", header);
}

static void scan(const char *header, const char *text) {
	struct arena *a = arena_new();
	struct mime_table t;
	mime_scan(a, slice_str(header), slice_str(text), &t);
	buf_reset(&table);
	mime_table_encode(&t, &table);
	arena_free(&a);
}

static void check_code(const char *section, int rc) {
	struct mime_range r;
	is_int(mime_section(buf_slice(&table), slice_str(section), &r), rc, "section %s", section);
}

int main(void) {
	struct mime_range r;
	scan("Content-Type: multipart/mixed; boundary=x\r\n", body);
	check("1", "first", false);
	check("1.MIME", "\r\n", true);
	check("2.MIME", "Content-Type: message/rfc822\r\n\r\n", true);
	check("2.HEADER", "Subject: in\r\nContent-Type: multipart/mixed; boundary=y\r\n\r\n", true);
	check("2.text", "--y\r\nA: b\r\n\r\ninner\r\n--y--", false);
	check("2.1", "inner", false);
	check("2.1.MIME", "A: b\r\n\r\n", true);
	check("3.1", "alone", false);
	check("3.TEXT", "alone", false);
	check("3", "Subject: single\r\n\r\nalone", false);
	ok(mime_section(buf_slice(&table), SLICE(""), &r) == 1 && r.where == MIME_WHOLE, "all");
	ok(mime_section(buf_slice(&table), SLICE("HEADER"), &r) == 1 && r.where == MIME_TOP_HEADER && r.is_header,
		"HEADER");
	ok(mime_section(buf_slice(&table), SLICE("TEXT"), &r) == 1 && r.where == MIME_TOP_TEXT, "TEXT");
	check_code("4", 0);
	check_code("1.1", 0);
	check_code("1.HEADER", 0);
	check_code("2.2", 0);
	check_code("3.2", 0);
	check_code("9.9.9.TEXT", 0);
	check_code("4294967295", 0);
	static const char *const bad[] = { "0", "1.", ".1", "1..2", "MIME", "x", "1.x", "HEADER.1", "4294967296", "1 ",
		"-1", "9.x" };
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		check_code(bad[i], ERR_SYNTAX);
	is_int(mime_section(SLICE("\5\1"), SLICE("1"), &r), ERR_CORRUPT, "damaged table");
	is_int(mime_section(SLICE(""), SLICE("1"), &r), ERR_CORRUPT, "no table");
	scan("Content-Type: text/plain; charset=x\r\nContent-Transfer-Encoding: base64\r\n", "aGk=");
	ok(mime_section(buf_slice(&table), SLICE("1"), &r) == 1 && r.off == 0 && r.len == 4 && r.encoding == MIME_BASE64,
		"part 1 of a message without parts");
	ok(mime_section(buf_slice(&table), SLICE("1.MIME"), &r) == 1 && r.where == MIME_TOP_HEADER, "its MIME header");
	check_code("2", 0);
	check_code("1.1", 0);
	buf_free(&table);
	return done();
}
