/* Canonical forms are made in one pass each; the body is hashed as it is made. The order of h= is bottom-up for
 * repeated names, as verifiers take them (RFC 6376 5.4.2). */
#include "forumd/mail/dkim.h"
#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <unistd.h>
#include "forumd/base/base64.h"
#include "forumd/base/digest.h"
#include "forumd/base/mem.h"
#include "forumd/base/text.h"
#include "forumd/base/vec.h"
#include "forumd/mail/dkim_private.h"

struct dkim_key { EVP_PKEY *pkey; bool ed25519; };

static const char *const dkim_signed[] = {
	"from", "to", "cc", "subject", "date", "message-id", "in-reply-to", "references", "mime-version", "content-type",
	"content-transfer-encoding", "list-id", "list-post", "list-help", "list-subscribe", "list-unsubscribe",
	"list-unsubscribe-post", "list-owner", "list-archive", "author", "auto-submitted",
	"reply-to",
};
enum { DKIM_SIGNED = sizeof dkim_signed / sizeof *dkim_signed, DKIM_LINE = 72 };

/* ---- keys ---- */

int dkim_key_load(const char *file, struct dkim_key **key_r, struct fail *f) {
	FILE *in = fopen(file, "re");
	if (!in)
		return fail_set(f, errno == ENOENT ? ERR_NOTFOUND : ERR_INVALID, "%s cannot be read", file);
	EVP_PKEY *pkey = PEM_read_PrivateKey(in, NULL, NULL, (void *)(uintptr_t)"");
	fclose(in);
	int kind = pkey ? EVP_PKEY_base_id(pkey) : 0;
	if (kind != EVP_PKEY_ED25519 && (kind != EVP_PKEY_RSA || EVP_PKEY_bits(pkey) < 1024)) {
		EVP_PKEY_free(pkey);
		return fail_set(f, ERR_INVALID, "%s holds no RSA key of 1024 bits or more and no Ed25519 key (PEM)", file);
	}
	struct dkim_key *k = mem_zalloc(sizeof *k);
	k->pkey = pkey;
	k->ed25519 = kind == EVP_PKEY_ED25519;
	*key_r = k;
	return 1;
}

void dkim_key_free(struct dkim_key **key) {
	if (!*key)
		return;
	EVP_PKEY_free((*key)->pkey);
	mem_free(*key);
	*key = NULL;
}

int dkim_key_make(const char *file, bool ed25519, struct fail *f) {
	int fd = open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail_set(f, errno == EEXIST ? ERR_EXISTS : ERR_INVALID, "%s %s", file,
			errno == EEXIST ? "exists" : "cannot be written");
	EVP_PKEY *pkey = ed25519 ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
							 : EVP_PKEY_Q_keygen(NULL, NULL, "RSA", (size_t)2048);
	FILE *out = fdopen(fd, "w");
	bool good = pkey && out && PEM_write_PrivateKey(out, pkey, NULL, NULL, 0, NULL, NULL) == 1;
	EVP_PKEY_free(pkey);
	if (out)
		good = fclose(out) == 0 && good;
	else
		close(fd);
	if (good)
		return 1;
	unlink(file);
	return fail_internal(f, "no key could be made for %s", file);
}

int dkim_dns_record(const struct dkim_key *key, struct buf *out) {
	unsigned char *der = NULL, raw[32];
	size_t n = sizeof raw;
	if (key->ed25519) {
		if (EVP_PKEY_get_raw_public_key(key->pkey, raw, &n) != 1)
			return ERR_INTERNAL;
		buf_adds(out, "v=DKIM1; k=ed25519; p=");
		base64_encode(slice_of(raw, n), out);
		return 1;
	}
	int len = i2d_PUBKEY(key->pkey, &der);
	if (len <= 0)
		return ERR_INTERNAL;
	buf_adds(out, "v=DKIM1; k=rsa; p=");
	base64_encode(slice_of(der, (size_t)len), out);
	OPENSSL_free(der);
	return 1;
}

/* ---- canonical forms (RFC 6376 3.4.2, 3.4.4) ---- */

static bool dkim_blank(char c) {
	return c == ' ' || c == '\t';
}

void dkim_canonical_field(struct slice name, struct slice value, struct buf *out) {
	for (size_t i = 0; i < name.n; i++)
		buf_addc(out, text_lower(name.p[i]));
	buf_addc(out, ':');
	bool gap = false, begun = false;
	for (size_t i = 0; i < value.n; i++) {
		char c = value.p[i];
		if (c == '\r' || c == '\n')
			continue;
		if (dkim_blank(c)) {
			gap = begun;
			continue;
		}
		if (gap)
			buf_addc(out, ' ');
		gap = false;
		begun = true;
		buf_addc(out, c);
	}
}

void dkim_canonical_body(struct slice body, struct buf *out) {
	struct slice line;
	size_t empty = 0;
	while (slice_line(&body, &line)) {
		while (line.n && dkim_blank(line.p[line.n - 1]))
			line.n--;
		if (!line.n) {
			empty++;
			continue;
		}
		for (; empty; empty--)
			buf_adds(out, "\r\n");
		for (size_t i = 0; i < line.n; i++) {
			if (!dkim_blank(line.p[i]))
				buf_addc(out, line.p[i]);
			else if (i == 0 || !dkim_blank(line.p[i - 1]))
				buf_addc(out, ' ');
		}
		buf_adds(out, "\r\n");
	}
}

/* ---- signing ---- */

/* canonical fields in the order of h=, and h= itself; repeated fields from the bottom up, from once more than there are
 */
void dkim_fields(struct slice header, const char *const *names, size_t rows, struct buf *hashed, struct buf *h) {
	VEC(struct field) all = { 0 };
	struct field f;
	while (field_next(&header, &f))
		vec_push(&all, f);
	for (size_t i = 0; i < rows; i++) {
		struct slice name = slice_str(names[i]);
		unsigned n = 0;
		for (size_t k = all.n; k-- > 0;) {
			if (all.v[k].name.n != name.n || !slice_eq_nocase(all.v[k].name, name))
				continue;
			dkim_canonical_field(all.v[k].name, all.v[k].value, hashed);
			buf_adds(hashed, "\r\n");
			n++;
		}
		for (unsigned k = 0; k < n + (i == 0); k++)
			buf_addf(h, "%s%s", buf_len(h) ? ":" : "", names[i]);
	}
	vec_free(&all);
}

/* text folded at `unit` octets or, with a separator, behind it; each line begins with a tab */
void dkim_fold(struct buf *out, struct slice s, char separator) {
	size_t line = 0;
	for (size_t i = 0; i < s.n; i++) {
		size_t next = i;
		while (separator && next < s.n && s.p[next] != separator)
			next++;
		if (line >= DKIM_LINE || (separator && (i == 0 || s.p[i - 1] == separator) && line + next - i > DKIM_LINE)) {
			buf_adds(out, "\r\n\t");
			line = 0;
		}
		buf_addc(out, s.p[i]);
		line++;
	}
}

/* RSA signs the SHA-256 of the data; Ed25519 signs that digest itself (RFC 8463 3) */
int dkim_signature(const struct dkim_key *key, struct slice data, struct buf *out) {
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	unsigned char digest[32];
	size_t n = 0;
	int r = ERR_INTERNAL;
	struct slice in = data;
	if (key->ed25519) {
		digest_sha256(data, digest);
		in = slice_of(digest, sizeof digest);
	}
	if (ctx && EVP_DigestSignInit(ctx, NULL, key->ed25519 ? NULL : EVP_sha256(), NULL, key->pkey) == 1 &&
	    EVP_DigestSign(ctx, NULL, &n, (const unsigned char *)in.p, in.n) == 1) {
		char *room = buf_reserve(out, n);
		if (EVP_DigestSign(ctx, (unsigned char *)room, &n, (const unsigned char *)in.p, in.n) == 1) {
			buf_commit(out, n);
			r = 1;
		}
	}
	EVP_MD_CTX_free(ctx);
	return r;
}

const char *dkim_algorithm(const struct dkim_key *key) {
	return key->ed25519 ? "ed25519-sha256" : "rsa-sha256";
}

void dkim_body_hash(struct slice body, unsigned char hash_r[32]) {
	struct buf canonical = { 0 };
	dkim_canonical_body(body, &canonical);
	digest_sha256(buf_slice(&canonical), hash_r);
	buf_free(&canonical);
}

int dkim_sign(const struct dkim_key *key, struct slice domain, struct slice selector, struct slice header,
	struct slice body, int64_t time, struct buf *out) {
	unsigned char hash[32];
	dkim_body_hash(body, hash);
	return dkim_sign_hashed(key, domain, selector, header, hash, time, out);
}

int dkim_sign_hashed(const struct dkim_key *key, struct slice domain, struct slice selector, struct slice header,
	const unsigned char hash[32], int64_t time, struct buf *out) {
	struct buf hashed = { 0 }, h = { 0 }, value = { 0 }, sig = { 0 }, b64 = { 0 };
	dkim_fields(header, dkim_signed, DKIM_SIGNED, &hashed, &h);
	buf_addf(&value, " v=1; a=%s; c=relaxed/relaxed; d=%.*s;\r\n\ts=%.*s; t=%lld; h=", dkim_algorithm(key),
		SLICE_ARG(domain), SLICE_ARG(selector), (long long)time);
	dkim_fold(&value, buf_slice(&h), ':');
	buf_adds(&value, ";\r\n\tbh=");
	base64_encode(slice_of(hash, 32), &value);
	buf_adds(&value, ";\r\n\tb=");
	dkim_canonical_field(SLICE("dkim-signature"), buf_slice(&value), &hashed);
	int r = dkim_signature(key, buf_slice(&hashed), &sig);
	if (r > 0) {
		base64_encode(buf_slice(&sig), &b64);
		dkim_fold(&value, buf_slice(&b64), 0);
		buf_adds(out, "DKIM-Signature:");
		buf_add_slice(out, buf_slice(&value));
		buf_adds(out, "\r\n");
	}
	buf_free(&hashed);
	buf_free(&h);
	buf_free(&value);
	buf_free(&sig);
	buf_free(&b64);
	return r;
}
