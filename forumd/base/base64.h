/* base64.h - RFC 4648 base64, base32 (lower case, no padding: fits mail local parts), hex. Any thread. */
#ifndef FORUMD_BASE_BASE64_H
#define FORUMD_BASE_BASE64_H
#include "forumd/base/buf.h"

void base64_encode(struct slice s, struct buf *out);
/* strict: alphabet, padding, no white space (SASL). False when not well-formed; out may then hold a part. */
bool base64_decode(struct slice s, struct buf *out);
void base32_encode(struct slice s, struct buf *out);
/* accepts upper case too */
bool base32_decode(struct slice s, struct buf *out);
void hex_encode(struct slice s, struct buf *out);
#endif
