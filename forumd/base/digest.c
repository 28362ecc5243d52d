#include "forumd/base/digest.h"
#include <openssl/evp.h>
#include <pthread.h>
#include "forumd/base/mem.h"

static EVP_MD *digest_md;
static uint32_t digest_crc_table[8][256];
static uint32_t (*digest_crc_fn)(uint32_t crc, const unsigned char *p, size_t n);
static pthread_once_t digest_md_once = PTHREAD_ONCE_INIT, digest_crc_once = PTHREAD_ONCE_INIT;

/* fetched once: OpenSSL 3 looks the algorithm up by name each time otherwise */
static void digest_init_md(void) {
	digest_md = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (!digest_md)
		bug("libcrypto has no SHA-256");
}

void digest_sha256(struct slice s, unsigned char out[32]) {
	pthread_once(&digest_md_once, digest_init_md);
	if (EVP_Digest(s.n ? s.p : "", s.n, out, NULL, digest_md, NULL) != 1)
		bug("SHA-256 failed");
}

void digest_sha1(struct slice s, unsigned char out[20]) {
	if (EVP_Digest(s.n ? s.p : "", s.n, out, NULL, EVP_sha1(), NULL) != 1)
		bug("SHA-1 failed");
}

void digest_sha512(struct slice s, unsigned char out[64]) {
	if (EVP_Digest(s.n ? s.p : "", s.n, out, NULL, EVP_sha512(), NULL) != 1)
		bug("SHA-512 failed");
}

/* RFC 2104; HMAC() of libcrypto looks its algorithms up by name each time, under a lock, which costs more than the
 * hashing */
void digest_hmac_sha256(struct slice key, struct slice s, unsigned char out[32]) {
	unsigned char inner[64] = { 0 }, outer[64];
	pthread_once(&digest_md_once, digest_init_md);
	if (key.n > sizeof inner)
		digest_sha256(key, inner);
	else if (key.n)
		memcpy(inner, key.p, key.n);
	for (size_t i = 0; i < sizeof inner; i++) {
		outer[i] = inner[i] ^ 0x5c;
		inner[i] ^= 0x36;
	}
	EVP_MD_CTX *c = EVP_MD_CTX_new();
	if (!c || EVP_DigestInit_ex2(c, digest_md, NULL) != 1 || EVP_DigestUpdate(c, inner, sizeof inner) != 1 ||
	    EVP_DigestUpdate(c, s.n ? s.p : "", s.n) != 1 || EVP_DigestFinal_ex(c, out, NULL) != 1 ||
	    EVP_DigestInit_ex2(c, digest_md, NULL) != 1 || EVP_DigestUpdate(c, outer, sizeof outer) != 1 ||
	    EVP_DigestUpdate(c, out, 32) != 1 || EVP_DigestFinal_ex(c, out, NULL) != 1)
		bug("HMAC-SHA-256 failed");
	EVP_MD_CTX_free(c);
	OPENSSL_cleanse(inner, sizeof inner);
	OPENSSL_cleanse(outer, sizeof outer);
}

void digest_id(struct slice s, unsigned char out[16]) {
	unsigned char full[32];
	digest_sha256(s, full);
	memcpy(out, full, 16);
}

/* slicing by eight: eight bytes a step through eight tables */
static uint32_t digest_crc_soft(uint32_t crc, const unsigned char *p, size_t n) {
	uint32_t (*t)[256] = digest_crc_table;
	for (; n >= 8; p += 8, n -= 8) {
		uint32_t a = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24);
		crc = t[7][a & 255] ^ t[6][a >> 8 & 255] ^ t[5][a >> 16 & 255] ^ t[4][a >> 24] ^ t[3][p[4]] ^ t[2][p[5]] ^
			t[1][p[6]] ^ t[0][p[7]];
	}
	for (; n; p++, n--)
		crc = crc >> 8 ^ t[0][(crc ^ *p) & 255];
	return crc;
}

#ifdef __x86_64__
__attribute__((target("sse4.2"))) static uint32_t digest_crc_hard(uint32_t crc, const unsigned char *p, size_t n) {
	uint64_t c = crc;
	for (; n >= 8; p += 8, n -= 8) {
		uint64_t w;
		memcpy(&w, p, 8);
		c = __builtin_ia32_crc32di(c, w);
	}
	crc = (uint32_t)c;
	for (; n; p++, n--)
		crc = __builtin_ia32_crc32qi(crc, *p);
	return crc;
}
#endif

static void digest_init_crc(void) {
	for (uint32_t i = 0; i < 256; i++) {
		uint32_t c = i;
		for (int k = 0; k < 8; k++)
			c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
		digest_crc_table[0][i] = c;
	}
	for (int k = 1; k < 8; k++)
		for (int i = 0; i < 256; i++) {
			uint32_t c = digest_crc_table[k - 1][i];
			digest_crc_table[k][i] = c >> 8 ^ digest_crc_table[0][c & 255];
		}
	digest_crc_fn = digest_crc_soft;
#ifdef __x86_64__
	if (__builtin_cpu_supports("sse4.2"))
		digest_crc_fn = digest_crc_hard;
#endif
}

uint32_t digest_crc(uint32_t crc, struct slice s) {
	pthread_once(&digest_crc_once, digest_init_crc);
	return ~digest_crc_fn(~crc, (const unsigned char *)s.p, s.n);
}

uint32_t digest_crc_table_only(uint32_t crc, struct slice s) {
	pthread_once(&digest_crc_once, digest_init_crc);
	return ~digest_crc_soft(~crc, (const unsigned char *)s.p, s.n);
}

bool digest_equal(const void *a, const void *b, size_t n) {
	const volatile unsigned char *x = a, *y = b;
	unsigned char diff = 0;
	for (size_t i = 0; i < n; i++)
		diff |= x[i] ^ y[i];
	return diff == 0;
}
