/* DKIM: the canonical forms of RFC 6376 3.4.5, and signatures that another implementation (python3-dkim) accepts. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "forumd/mail/dkim.h"
#include "tests/tap/tap.h"

static const char header[] =
	"From: \"Alice via oregon\" <oregon@forum.test>\r\nTo: oregon <oregon@forum.test>\r\nSubject: one\r\n\ttwo   three\r\n"
	"Date: Mon, 23 Nov 2026 12:00:00 +0000\r\nMessage-ID: <1@forum.test>\r\nReferences: <a@x>\r\n <b@x>\r\n"
	"List-Id: \"Oregon\" <oregon.forum.test>\r\nReply-To: <oregon-reply-abc@forum.test>\r\n";
static const char body[] = "A line  with \t blanks \t\r\n\r\nand an end\r\n\r\n\r\n";

static void test_canonical(void) {
	struct buf b = { 0 };
	dkim_canonical_field(SLICE("A"), SLICE(" X"), &b);
	is_buf(&b, "a:X", "A of 3.4.5");
	buf_reset(&b);
	dkim_canonical_field(SLICE("B"), SLICE(" Y\t\r\n\tZ  "), &b);
	is_buf(&b, "b:Y Z", "B of 3.4.5");
	buf_reset(&b);
	dkim_canonical_body(SLICE(" C \r\nD \t E\r\n\r\n\r\n"), &b);
	is_buf(&b, " C\r\nD E\r\n", "its body");
	buf_reset(&b);
	dkim_canonical_body(SLICE("\r\n\r\n"), &b);
	is_buf(&b, "", "an empty body");
	buf_reset(&b);
	dkim_canonical_body(SLICE("no end"), &b);
	is_buf(&b, "no end\r\n", "the missing line end");
	buf_free(&b);
}

static void write_file(const char *path, struct slice s) {
	FILE *f = fopen(path, "w");
	if (!f || fwrite(s.p, 1, s.n, f) != s.n || fclose(f) != 0)
		bail("cannot write %s", path);
}

/* does python3-dkim accept the message? */
static bool accepted(const char *dir, struct slice message, struct slice record) {
	struct buf path = { 0 }, cmd = { 0 };
	buf_addf(&path, "%s/message", dir);
	write_file(buf_bytes(&path), message);
	buf_reset(&path);
	buf_addf(&path, "%s/record", dir);
	write_file(buf_bytes(&path), record);
	buf_addf(&cmd,
		"cd '%s' && /usr/bin/python3 -c \"import dkim,sys; r=open('record','rb').read(); "
		"sys.exit(0 if dkim.verify(open('message','rb').read(), dnsfunc=lambda name, timeout=5: r) else 1)\" 2>/dev/null",
		dir);
	bool good = system(buf_bytes(&cmd)) == 0;
	buf_free(&path);
	buf_free(&cmd);
	return good;
}

static void test_kind(const char *dir, bool ed25519) {
	struct buf file = { 0 }, record = { 0 }, message = { 0 };
	struct dkim_key *key = NULL;
	struct fail f = { 0 };
	struct stat st;
	buf_addf(&file, "%s/%s.pem", dir, ed25519 ? "ed25519" : "rsa");
	is_int(dkim_key_make(buf_bytes(&file), ed25519, &f), 1, "make a key");
	is_int(dkim_key_make(buf_bytes(&file), ed25519, &f), ERR_EXISTS, "never over another");
	ok(stat(buf_bytes(&file), &st) == 0 && (st.st_mode & 0777) == 0600, "for the owner's eyes");
	is_int(dkim_key_load(buf_bytes(&file), &key, &f), 1, "load it");
	is_int(dkim_dns_record(key, &record), 1, "its record");
	is_int(dkim_sign(key, SLICE("forum.test"), SLICE("s1"), slice_str(header), slice_str(body), 1795435200, &message),
		1, "sign");
	size_t n = buf_len(&message);
	buf_adds(&message, header);
	buf_adds(&message, "\r\n");
	buf_adds(&message, body);
	struct slice rest = slice_to(buf_slice(&message), n), line;
	size_t longest = 0;
	while (slice_line(&rest, &line))
		longest = line.n > longest ? line.n : longest;
	ok(longest <= 90, "folded, longest line %zu", longest);
	if (system("/usr/bin/python3 -c 'import dkim, nacl' 2>/dev/null") != 0) {
		skip(4, "python3-dkim and python3-nacl are not installed");
	} else {
		ok(accepted(dir, buf_slice(&message), buf_slice(&record)), "accepted by another implementation");
		ptrdiff_t reply = slice_find(buf_slice(&message), SLICE("oregon-reply-abc"));
		buf_bytes(&message)[reply + 13] = 'z';
		ok(!accepted(dir, buf_slice(&message), buf_slice(&record)), "another Reply-To is refused");
		ptrdiff_t subject = slice_find(buf_slice(&message), SLICE("Subject: one"));
		buf_bytes(&message)[subject + 9] = 'O';
		ok(!accepted(dir, buf_slice(&message), buf_slice(&record)), "another subject: refused");
		buf_bytes(&message)[subject + 9] = 'o';
		buf_bytes(&message)[buf_len(&message) - 8] ^= 1;
		ok(!accepted(dir, buf_slice(&message), buf_slice(&record)), "another body: refused");
	}
	dkim_key_free(&key);
	buf_free(&file);
	buf_free(&record);
	buf_free(&message);
}

int main(void) {
	const char *dir = test_tmpdir();
	struct dkim_key *key = NULL;
	struct fail f = { 0 };
	struct buf file = { 0 };
	test_canonical();
	test_kind(dir, false);
	test_kind(dir, true);
	buf_addf(&file, "%s/none.pem", dir);
	is_int(dkim_key_load(buf_bytes(&file), &key, &f), ERR_NOTFOUND, "no such file");
	write_file(buf_bytes(&file), SLICE("not a key"));
	is_int(dkim_key_load(buf_bytes(&file), &key, &f), ERR_INVALID, "no key in it");
	buf_free(&file);
	return done();
}
