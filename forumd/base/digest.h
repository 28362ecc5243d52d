/* digest.h - SHA-256, HMAC, CRC-32C, constant-time comparison (libcrypto). Any thread. */
#ifndef FORUMD_BASE_DIGEST_H
#define FORUMD_BASE_DIGEST_H
#include <stdint.h>
#include "forumd/base/slice.h"

void digest_sha256(struct slice s, unsigned char out[32]);
/* for locks of other news software only */
void digest_sha1(struct slice s, unsigned char out[20]);
void digest_sha512(struct slice s, unsigned char out[64]);
void digest_hmac_sha256(struct slice key, struct slice s, unsigned char out[32]);
/* 128-bit keyed-less fingerprint for index keys (first 16 bytes of SHA-256) */
void digest_id(struct slice s, unsigned char out[16]);
/* checksum of stored posts; start with 0 and feed pieces */
/* CRC-32C */
uint32_t digest_crc(uint32_t crc, struct slice s);
/* the same without the processor instruction (tests compare) */
uint32_t digest_crc_table_only(uint32_t crc, struct slice s);
bool digest_equal(const void *a, const void *b, size_t n);
#endif
