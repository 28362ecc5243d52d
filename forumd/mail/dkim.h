/* dkim.h - DKIM signatures (RFC 6376, RFC 8463) on what we send: relaxed/relaxed, RSA-SHA256 or Ed25519-SHA256 by the
 * kind of key. Checking signatures of arriving mail is dkim_verify.h. A key is read-only once
 * loaded: any thread. */
#ifndef FORUMD_MAIL_DKIM_H
#define FORUMD_MAIL_DKIM_H
#include <stdint.h>
#include "forumd/base/buf.h"
#include "forumd/base/fail.h"

struct dkim_key;
/* a private key in a PEM file: RSA of at least 1,024 bits, or Ed25519. 1, ERR_NOTFOUND, ERR_INVALID (text says why) */
int dkim_key_load(const char *file, struct dkim_key **key_r, struct fail *f);
/* makes a key file (mode 0600; ERR_EXISTS when it is there); ed25519 or RSA of 2,048 bits */
int dkim_key_make(const char *file, bool ed25519, struct fail *f);
void dkim_key_free(struct dkim_key **key);
/* "v=DKIM1; k=rsa; p=..." for SELECTOR._domainkey.DOMAIN */
int dkim_dns_record(const struct dkim_key *key, struct buf *out);

/* Appends a whole DKIM-Signature field (CRLF at its end) for a message of that header and body (CRLF lines). Signed are
 * From, To, Cc, Subject, Date, Message-ID, In-Reply-To, References, MIME-Version, Content-*, List-*, Author,
 * Auto-Submitted, Reply-To: those that are there, and From once more so that none can be added. List-Unsubscribe and
 * its -Post must be under the signature (RFC 8058 4) and differ for every subscriber, so each copy has a signature of
 * its own;
 * the body is hashed once for all of them (doc/decisions.md). */
int dkim_sign(const struct dkim_key *key, struct slice domain, struct slice selector, struct slice header,
	struct slice body, int64_t time, struct buf *out);

/* The two halves of it, for many copies with one body. */
void dkim_body_hash(struct slice body, unsigned char hash_r[32]);
int dkim_sign_hashed(const struct dkim_key *key, struct slice domain, struct slice selector, struct slice header,
	const unsigned char hash[32], int64_t time, struct buf *out);

/* for tests: relaxed canonical forms */
void dkim_canonical_field(struct slice name, struct slice value, struct buf *out);
void dkim_canonical_body(struct slice body, struct buf *out);
#endif
