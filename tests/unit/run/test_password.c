/* Hashes, SCRAM records, crypt forms, the cache's speed and the pool. */
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>
#include "forumd/base/base64.h"
#include "forumd/base/clock.h"
#include "forumd/base/digest.h"
#include "forumd/base/fail.h"
#include "forumd/base/num.h"
#include "forumd/run/password.h"
#include "tests/tap/tap.h"

/* RFC 5802: StoredKey from password, salt and iterations, written apart from password.c */
static void check_scram(struct slice record, const char *password) {
	struct slice f[4], rest = record;
	unsigned n = 0;
	while (n < 4 && slice_split(&rest, ':', &f[n]))
		n++;
	is_int(n, 4, "four fields");
	uint64_t iterations = 0;
	struct buf salt = { 0 }, stored = { 0 };
	ok(num_parse_u64(f[0], &iterations) && iterations >= 4096, "iterations");
	ok(base64_decode(f[1], &salt) && base64_decode(f[2], &stored), "base64");
	unsigned char u[32], x[32], c[32], d[32];
	buf_add(&salt, "\0\0\0\1", 4);
	digest_hmac_sha256(slice_str(password), buf_slice(&salt), u);
	memcpy(x, u, 32);
	for (uint64_t i = 1; i < iterations; i++) {
		digest_hmac_sha256(slice_str(password), slice_of(u, 32), u);
		for (int k = 0; k < 32; k++)
			x[k] ^= u[k];
	}
	digest_hmac_sha256(slice_of(x, 32), SLICE("Client Key"), c);
	digest_sha256(slice_of(c, 32), d);
	is_slice(buf_slice(&stored), slice_of(d, 32), "StoredKey = H(HMAC(SaltedPassword, \"Client Key\"))");
	buf_free(&salt), buf_free(&stored);
}

static atomic_uint ran;
static pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
static void slow(void *arg) {
	(void)arg;
	pthread_mutex_lock(&gate);
	pthread_mutex_unlock(&gate);
	atomic_fetch_add(&ran, 1);
}

static void pool(void) {
	unsigned taken = 0;
	int r = 1;
	password_pool_start(2);
	pthread_mutex_lock(&gate);
	while (taken < 1000 && (r = password_pool_try(slow, NULL)) > 0)
		taken++;
	is_int(r, ERR_BUSY, "a full pool says so");
	ok(taken >= PASSWORD_QUEUE && taken <= PASSWORD_QUEUE + 2, "after %u", taken);
	password_pool_run(slow, NULL);
	pthread_mutex_unlock(&gate);
	password_pool_stop();
	is_int(atomic_load(&ran), taken + 1, "all of it is done at the stop");
}

int main(void) {
	struct buf hash = { 0 }, scram = { 0 };
	struct slice good = SLICE("correct horse"), bad = SLICE("correct horsf");
	password_make(good, &hash, &scram);
	ok(slice_starts(buf_slice(&hash), SLICE("$argon2id$")), "argon2id");
	ok(password_verify(buf_slice(&hash), good), "the right one");
	ok(!password_verify(buf_slice(&hash), bad), "a wrong one");
	ok(!password_verify(slice_of("", 0), good), "nobody's");
	ok(!password_verify(slice_of("", 0), SLICE("no such member")), "nobody's, with the dummy's own words");
	check_scram(buf_slice(&scram), "correct horse");
	ok(password_verify(SLICE("$1$salt$qJH7.N4xYta3aEG/dfqo/0"), SLICE("password")), "MD5 crypt");
	ok(!password_verify(SLICE("$1$salt$qJH7.N4xYta3aEG/dfqo/0"), SLICE("passwore")), "MD5 crypt, wrong");
	ok(!password_verify(SLICE("plain"), SLICE("plain")), "a stored plain text opens nothing");
	ok(!password_verify(SLICE("*"), SLICE("*")) && !password_verify(SLICE("*0"), SLICE("x")), "locked forms");
	ok(!password_verify(SLICE("$1$salt$qJH7.N4xYta3aEG/dfqo/0"), slice_of("password\0x", 10)), "NUL is no end");

	int64_t t0 = clock_mono_us();
	ok(password_check(7, buf_slice(&hash), good), "first check");
	int64_t first = clock_mono_us() - t0;
	t0 = clock_mono_us();
	for (int i = 0; i < 100; i++)
		password_check(7, buf_slice(&hash), good);
	ok(clock_mono_us() - t0 < first * 10, "a hundred more cost less than ten");
	ok(!password_check(7, buf_slice(&hash), bad), "the cache does not help a wrong one");
	ok(!password_check(0, slice_of("", 0), good), "nor nobody");
	pool();
	buf_free(&hash), buf_free(&scram);
	return done();
}
