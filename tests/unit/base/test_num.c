/* num, base64, digest, clock, rnd, stat, fail, log */
#include "forumd/base/base64.h"
#include "forumd/base/clock.h"
#include "forumd/base/digest.h"
#include "forumd/base/fail.h"
#include "forumd/base/log.h"
#include "forumd/base/num.h"
#include "forumd/base/rnd.h"
#include "forumd/base/stat.h"
#include "tests/tap/tap.h"
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static char last_line[5000];
static int lines;
static void sink(enum log_level level, const char *line) {
	(void)level;
	lines++;
	snprintf(last_line, sizeof last_line, "%s", line);
}

static void test_parse(void) {
	uint64_t v = 7;
	uint32_t w = 7;
	ok(num_parse_u64(SLICE("18446744073709551615"), &v) && v == UINT64_MAX, "largest u64");
	ok(!num_parse_u64(SLICE("18446744073709551616"), &v), "one more");
	ok(!num_parse_u64(SLICE("99999999999999999999999"), &v), "far too large");
	ok(!num_parse_u64(SLICE(""), &v) && !num_parse_u64(SLICE("-1"), &v) && !num_parse_u64(SLICE("+1"), &v) &&
	   !num_parse_u64(SLICE(" 1"), &v) && !num_parse_u64(SLICE("1 "), &v), "only digits");
	ok(num_parse_u32(SLICE("4294967295"), &w) && w == UINT32_MAX, "largest u32");
	ok(!num_parse_u32(SLICE("4294967296"), &w), "one more");
	struct slice rest = SLICE("0042:");
	ok(num_take_u64(&rest, &v) && v == 42 && slice_is(rest, ":"), "digits at the front");
	bool same = true;
	uint64_t probe[] = { 0, 9, 10, 99, 100, 101, 999, 1000, 12345, 4294967295u, 4294967296u, UINT64_MAX };
	for (size_t i = 0; i < 12 + 2000; i++) {
		char out[20], want[32];
		uint64_t x = i < 12 ? probe[i] : i < 1012 ? i - 12 : rnd_u64() >> (i % 64);
		size_t n = num_format(x, out);
		same &= n == (size_t)snprintf(want, sizeof want, "%llu", (unsigned long long)x) && !memcmp(out, want, n);
	}
	ok(same, "format equals printf");
}

static void test_varint(void) {
	struct buf b = { 0 };
	bool same = true;
	for (int bit = 0; bit < 64; bit++)
		for (int d = -1; d <= 1; d++) {
			uint64_t x = ((uint64_t)1 << bit) + (uint64_t)d, y;
			buf_reset(&b);
			num_add_varint(&b, x);
			struct slice in = buf_slice(&b), cut = slice_to(in, in.n - 1);
			same &= num_take_varint(&in, &y) && y == x && in.n == 0 && !num_take_varint(&cut, &y);
		}
	ok(same, "varints go round, cut ones do not");
	uint64_t y;
	struct slice in = SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02");
	ok(!num_take_varint(&in, &y), "more than 64 bits");
	in = SLICE("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
	ok(!num_take_varint(&in, &y), "too long");
	in = SLICE("\x03" "abcd");
	struct slice s;
	ok(num_take_bytes(&in, &s) && slice_is(s, "abc") && slice_is(in, "d"), "bytes");
	ok(!num_take_bytes(&in, &s), "bytes cut");
	char p[8];
	num_put32(p, 0x01020304);
	ok(!memcmp(p, "\1\2\3\4", 4) && num_get32(p) == 0x01020304, "big endian");
	buf_free(&b);
}

static void test_codes(void) {
	struct buf b = { 0 }, c = { 0 };
	const char *plain[] = { "", "f", "fo", "foo", "foob", "fooba", "foobar" };
	const char *b64[] = { "", "Zg==", "Zm8=", "Zm9v", "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy" };
	const char *b32[] = { "", "my", "mzxq", "mzxw6", "mzxw6yq", "mzxw6ytb", "mzxw6ytboi" };
	for (int i = 0; i < 7; i++) {
		buf_reset(&b), buf_reset(&c);
		base64_encode(slice_str(plain[i]), &b);
		is_slice(buf_slice(&b), slice_str(b64[i]), "base64 %d", i);
		ok(base64_decode(buf_slice(&b), &c) && slice_is(buf_slice(&c), plain[i]), "and back");
		buf_reset(&b), buf_reset(&c);
		base32_encode(slice_str(plain[i]), &b);
		is_slice(buf_slice(&b), slice_str(b32[i]), "base32 %d", i);
		ok(base32_decode(buf_slice(&b), &c) && slice_is(buf_slice(&c), plain[i]), "and back");
	}
	const char *wrong[] = { "Zg=", "Zg", "Zh==", "Zm9=", "Z===", "====", "Zm 9", "Zg==Zg==", "Zm9v\n" };
	for (int i = 0; i < 9; i++)
		ok(!base64_decode(slice_str(wrong[i]), &c), "base64 refused: %s", wrong[i]);
	ok(base32_decode(SLICE("MZXW6"), &c), "base32 in upper case");
	ok(!base32_decode(SLICE("mz1w6"), &c) && !base32_decode(SLICE("m"), &c) && !base32_decode(SLICE("mz"), &c),
	   "base32 refused");
	buf_reset(&b);
	hex_encode(SLICE("\x00\xff\x5a"), &b);
	is_buf(&b, "00ff5a", "hex");
	buf_reset(&b);
	rnd_add_id(&b);
	is_int(buf_len(&b), 26, "id");
	buf_reset(&c);
	ok(base32_decode(buf_slice(&b), &c) && buf_len(&c) == 16, "16 bytes in it");
	buf_free(&b), buf_free(&c);
}

static void test_digest(void) {
	unsigned char d[32];
	struct buf b = { 0 };
	digest_sha256(SLICE("abc"), d);
	hex_encode(slice_of(d, 32), &b);
	is_buf(&b, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", "SHA-256 of abc");
	buf_reset(&b);
	char key[131];
	memset(key, 0xaa, sizeof key);
	digest_hmac_sha256(slice_of(key, sizeof key), SLICE("Test Using Larger Than Block-Size Key - Hash Key First"), d);
	hex_encode(slice_of(d, 32), &b);
	is_buf(&b, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", "with a long key, case 6");
	buf_reset(&b);
	digest_hmac_sha256(SLICE("Jefe"), SLICE("what do ya want for nothing?"), d);
	hex_encode(slice_of(d, 32), &b);
	is_buf(&b, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", "HMAC, RFC 4231 case 2");
	is_int(digest_crc(0, SLICE("123456789")), 0xe3069283, "CRC-32C check value");
	is_int(digest_crc_table_only(0, SLICE("123456789")), 0xe3069283, "the same by table");
	char bytes[1000];
	rnd_bytes(bytes, sizeof bytes);
	bool same = true;
	for (size_t cut = 0; cut <= 1000; cut += 7) {
		uint32_t parts = digest_crc(digest_crc(0, slice_of(bytes, cut)), slice_of(bytes + cut, 1000 - cut));
		same &= parts == digest_crc_table_only(0, slice_of(bytes, 1000));
	}
	ok(same, "CRC in pieces");
	ok(digest_equal("abc", "abd", 2) && !digest_equal("abc", "abd", 3), "comparison");
	buf_free(&b);
}

static void test_clock(void) {
	struct buf b = { 0 };
	is_int(clock_days(1970, 1, 1), 0, "the epoch");
	is_int(clock_days(2000, 3, 1), 11017, "after a leap day");
	is_int(clock_days(0, 1, 1), -719528, "year 0");
	clock_add_rfc3339(&b, 951782400);
	is_buf(&b, "2000-02-29T00:00:00Z", "leap day");
	buf_reset(&b);
	clock_add_rfc3339(&b, -1);
	is_buf(&b, "1969-12-31T23:59:59Z", "before the epoch");
	buf_reset(&b);
	clock_add_rfc3339(&b, INT64_MAX);
	is_buf(&b, "9999-12-31T23:59:59Z", "the end of time");
	bool same = true;
	for (int64_t day = -719528; day < 2932896; day += 13) {
		int y, m, d, wd;
		clock_civil(day * 86400 + 5, &y, &m, &d, NULL, NULL, NULL, &wd);
		same &= clock_days(y, m, d) == day && wd == (int)(((day + 4) % 7 + 7) % 7);
	}
	ok(same, "days and dates agree");
	int wd;
	clock_civil(1795442400, NULL, NULL, NULL, NULL, NULL, NULL, &wd);
	is_int(wd, 1, "a Monday");
	int64_t now = clock_now();
	clock_set_offset(86400);
	ok(clock_now() - now >= 86400 && clock_now() - now < 86410, "offset");
	clock_set_offset(0);
	int64_t t = clock_mono_us();
	ok(clock_mono_us() >= t, "monotonic");
	buf_free(&b);
}

static void test_fail(void) {
	struct fail f = { 0 };
	is_int(fail_set(&f, ERR_DENIED, "no %d\r\n250 ok", 5), ERR_DENIED, "code comes back");
	is_str(f.text, "no 5  250 ok", "no line ends in it");
	fail_set(&f, ERR_DENIED, "again: %s", f.text);
	is_str(f.text, "again: no 5  250 ok", "its own text as argument");
	is_int(fail_set(NULL, ERR_BUSY, "x"), ERR_BUSY, "nobody listens");
	char longer[600];
	memset(longer, 'x', sizeof longer);
	for (int i = 1; i < 596; i += 3)
		memcpy(longer + i, "\xe2\x82\xac", 3);
	longer[598] = 0;
	fail_set(&f, ERR_INVALID, "%s", longer);
	is_int(strlen(f.text), 238, "cut at a whole character");
	is_str(err_name(ERR_UNAVAILABLE), "UNAVAILABLE", "name");
	log_set_sink(sink);
	is_int(fail_internal(&f, "secret %s", "detail\n2"), ERR_INTERNAL, "internal");
	ok(strstr(last_line, " error internal incident=") && strstr(last_line, "secret detail?2"), "the log has it");
	ok(strncmp(f.text, "internal error (incident ", 25) == 0 && !strstr(f.text, "secret"), "the client does not");
	ok(f.incident != 0, "incident");
	lines = 0;
	log_debug("S1", "x");
	is_int(lines, 0, "debug is off");
	log_set_level(LOG_DEBUG_);
	log_debug("S1", "x=%d", 1);
	is_int(lines, 1, "debug is on");
	ok(strstr(last_line, "Z debug S1 x=1"), "line: %s", last_line);
	log_info("S1", "%0*d", 9000, 1);
	ok(strlen(last_line) < 4096 && !strcmp(last_line + strlen(last_line) - 3, "..."), "a long line is cut");
	log_set_sink(NULL);
	log_set_level(LOG_INFO_);
}

static void test_rnd_fork(void) {
	int fd[2];
	uint64_t mine, theirs = 0;
	rnd_u64();
	if (pipe(fd) != 0)
		bail("pipe: %m");
	pid_t pid = fork();
	if (pid == 0) {
		theirs = rnd_u64();
		_exit(write(fd[1], &theirs, 8) == 8 ? 0 : 1);
	}
	mine = rnd_u64();
	ok(read(fd[0], &theirs, 8) == 8 && mine != theirs, "a forked child has other random bytes");
	waitpid(pid, NULL, 0);
	close(fd[0]), close(fd[1]);
}

int main(void) {
	test_parse();
	test_varint();
	test_codes();
	test_digest();
	test_clock();
	test_fail();
	test_rnd_fork();
	stat_add(STAT_posts_in, 3);
	stat_add(STAT_posts_in, -1);
	is_int(stat_get(STAT_posts_in), 2, "counter");
	is_int(stat_get(STAT_posts_refused), 0, "another counter");
	is_str(stat_name(STAT_posts_in), "posts_in", "its name");
	return done();
}
