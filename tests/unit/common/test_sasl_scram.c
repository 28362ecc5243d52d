/* A client made of the digests alone, held against the vector of RFC 7677 section 3, talks to the server's half. */
#include <string.h>
#include "forumd/base/base64.h"
#include "forumd/base/digest.h"
#include "forumd/base/fail.h"
#include "gateways/common/sasl_scram.h"
#include "tests/tap/tap.h"

#define NONCE "rOprNGfwEbeRWgbNEkqO"
#define SALT "W22ZaJ0SNY7soEsUEjb6gQ=="
#define BINDING "0123456789abcdef0123456789abcdef"

struct keys { unsigned char client[32], stored[32], server[32]; };

static void hi(struct slice password, struct slice salt, unsigned iterations, unsigned char out[32]) {
	unsigned char u[32];
	struct buf first = { 0 };
	buf_add_slice(&first, salt);
	buf_add(&first, "\0\0\0\1", 4);
	digest_hmac_sha256(password, buf_slice(&first), u);
	memcpy(out, u, 32);
	for (unsigned i = 1; i < iterations; i++) {
		digest_hmac_sha256(password, slice_of(u, 32), u);
		for (unsigned k = 0; k < 32; k++)
			out[k] ^= u[k];
	}
	buf_free(&first);
}

static void derive(struct slice password, struct slice salt64, unsigned iterations, struct keys *k) {
	unsigned char salted[32];
	struct buf salt = { 0 };
	base64_decode(salt64, &salt);
	hi(password, buf_slice(&salt), iterations, salted);
	digest_hmac_sha256(slice_of(salted, 32), SLICE("Client Key"), k->client);
	digest_sha256(slice_of(k->client, 32), k->stored);
	digest_hmac_sha256(slice_of(salted, 32), SLICE("Server Key"), k->server);
	buf_free(&salt);
}

/* proof and the signature that the server owes, base64 */
static void prove(const struct keys *k, struct slice auth, struct buf *proof, struct buf *signature) {
	unsigned char mac[32];
	digest_hmac_sha256(slice_of(k->stored, 32), auth, mac);
	for (unsigned i = 0; i < 32; i++)
		mac[i] ^= k->client[i];
	base64_encode(slice_of(mac, 32), proof);
	digest_hmac_sha256(slice_of(k->server, 32), auth, mac);
	base64_encode(slice_of(mac, 32), signature);
}

static void record_of(const struct keys *k, struct buf *out) {
	buf_adds(out, "4096:" SALT ":");
	base64_encode(slice_of(k->stored, 32), out);
	buf_addc(out, ':');
	base64_encode(slice_of(k->server, 32), out);
}

static void vector(void) {
	struct keys k;
	struct buf proof = { 0 }, signature = { 0 };
	derive(SLICE("pencil"), SLICE(SALT), 4096, &k);
	prove(&k, SLICE("n=user,r=" NONCE ",r=" NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=" SALT ",i=4096,c=biws,r="
		NONCE "%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0"), &proof, &signature);
	is_buf(&proof, "dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=", "the test's client: proof of RFC 7677");
	is_buf(&signature, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "and signature");
	buf_free(&proof);
	buf_free(&signature);
}

/* ---- an exchange ---- */

struct door { struct buf record; char name[80], authzid[80]; int asked, err; };

static int record(void *arg, struct slice name, struct slice authzid, struct buf *out) {
	struct door *d = arg;
	d->asked++;
	slice_cstr(name, d->name, sizeof d->name);
	slice_cstr(authzid, d->authzid, sizeof d->authzid);
	buf_add_slice(out, buf_slice(&d->record));
	return d->err ? d->err : 1;
}

struct talk {
	bool plus;
	const char *binding;      /* the server's; NULL none */
	const char *header;       /* gs2 header of the first message */
	const char *bound;        /* what the client binds to */
	const char *password;
	const char *claimed;      /* gs2 header repeated in the last message; NULL: the same */
	int first, last;          /* what the steps say */
	bool signature;           /* the server's proof fits */
};

static void second(struct talk *t, struct sasl_scram *x, struct slice challenge) {
	struct keys k;
	struct buf final = { 0 }, c = { 0 }, auth = { 0 }, proof = { 0 }, signature = { 0 }, out = { 0 };
	struct slice nonce = slice_from(slice_to(challenge, (size_t)slice_chr(challenge, ',')), 2);
	derive(slice_str(t->password), SLICE(SALT), 4096, &k);
	buf_adds(&c, t->claimed ? t->claimed : t->header);
	if (t->bound)
		buf_add(&c, t->bound, 32);
	buf_adds(&final, "c=");
	base64_encode(buf_slice(&c), &final);
	buf_adds(&final, ",r=");
	buf_add_slice(&final, nonce);
	buf_addf(&auth, "n=user,r=" NONCE ",%.*s,%.*s", SLICE_ARG(challenge), SLICE_ARG(buf_slice(&final)));
	prove(&k, buf_slice(&auth), &proof, &signature);
	buf_addf(&final, ",p=%s", buf_bytes(&proof));
	t->last = sasl_scram_step(x, buf_slice(&final), &out);
	t->signature = slice_starts(buf_slice(&out), SLICE("v=")) &&
		slice_eq(slice_from(buf_slice(&out), 2), buf_slice(&signature));
	struct buf *all[] = { &final, &c, &auth, &proof, &signature, &out };
	for (unsigned i = 0; i < 6; i++)
		buf_free(all[i]);
}

static void talk(struct talk *t, struct door *d) {
	struct buf first = { 0 }, challenge = { 0 };
	struct sasl_scram *x = sasl_scram_new(t->plus, slice_of(t->binding, t->binding ? 32 : 0), record, d);
	d->asked = 0;
	t->last = 99;
	t->signature = false;
	buf_addf(&first, "%sn=user,r=" NONCE, t->header);
	t->first = sasl_scram_step(x, buf_slice(&first), &challenge);
	if (t->first == 0)
		second(t, x, buf_slice(&challenge));
	sasl_scram_free(&x);
	buf_free(&first);
	buf_free(&challenge);
}

static void exchanges(struct door *d) {
	struct talk t = { .header = "n,,", .password = "pencil" };
	talk(&t, d);
	is_int(t.first, 0, "a challenge");
	is_int(t.last, 1, "proven");
	ok(t.signature, "the server's proof");
	is_str(d->name, "user", "name");
	is_int(d->asked, 1, "asked once");
	t.password = "pencils";
	talk(&t, d);
	is_int(t.last, ERR_LOGIN, "a wrong password");
	ok(!t.signature, "and no signature");
	t = (struct talk){ .header = "n,a=bob,", .password = "pencil" };
	talk(&t, d);
	is_int(t.last, 1, "authzid");
	is_str(d->authzid, "bob", "is told");
	d->err = ERR_DENIED;
	talk(&t, d);
	is_int(t.first, ERR_DENIED, "refused by the door");
	d->err = 0;
	d->name[0] = 0;
}

static void bindings(struct door *d) {
	struct talk t = { .header = "n,,", .password = "pencil", .binding = BINDING };
	talk(&t, d);
	is_int(t.last, 1, "a client that cannot bind");
	t.header = "y,,";
	talk(&t, d);
	is_int(t.first, ERR_LOGIN, "downgrade: the client was not told of -PLUS");
	t.binding = NULL;
	talk(&t, d);
	is_int(t.last, 1, "y where there is nothing to bind to");
	t = (struct talk){
		.plus = true, .binding = BINDING, .header = "p=tls-exporter,,", .bound = BINDING, .password = "pencil"
	};
	talk(&t, d);
	is_int(t.last, 1, "PLUS");
	ok(t.signature, "PLUS: the server's proof");
	t.bound = "0123456789abcdef0123456789abcdeX";
	talk(&t, d);
	is_int(t.last, ERR_LOGIN, "PLUS: another channel");
	t.bound = NULL;
	talk(&t, d);
	is_int(t.last, ERR_LOGIN, "PLUS: bound to nothing");
	t.bound = BINDING;
	t.plus = false;
	talk(&t, d);
	is_int(t.first, ERR_LOGIN, "binding without PLUS");
	t.plus = true;
	t.header = "n,,";
	talk(&t, d);
	is_int(t.first, ERR_LOGIN, "PLUS without binding");
	t.header = "y,,";
	talk(&t, d);
	is_int(t.first, ERR_LOGIN, "PLUS and y");
	t.header = "p=tls-unique,,";
	talk(&t, d);
	is_int(t.first, ERR_LOGIN, "PLUS with another kind");
	t = (struct talk){ .binding = BINDING, .header = "n,,", .claimed = "y,,", .password = "pencil" };
	talk(&t, d);
	ok(t.last < 0, "the header of the last message is another");
}

static int one(const char *message, size_t n, struct door *d) {
	struct buf out = { 0 };
	struct sasl_scram *x = sasl_scram_new(false, slice_of(NULL, 0), record, d);
	int r = sasl_scram_step(x, slice_of(message, n), &out);
	if (r == 0)
		r = sasl_scram_step(x, SLICE("c=biws,r=other,p=AAAA"), &out) < 0 ? 77 : 78;
	sasl_scram_free(&x);
	buf_free(&out);
	return r;
}
#define ONE(lit) one(lit, sizeof(lit) - 1, d)

static void malformed(struct door *d) {
	is_int(ONE(""), ERR_SYNTAX, "empty");
	is_int(ONE("x"), ERR_SYNTAX, "x");
	is_int(ONE("n,,"), ERR_SYNTAX, "header only");
	is_int(ONE("n,,n=user"), ERR_SYNTAX, "no nonce");
	is_int(ONE("n,,n=,r=abc"), ERR_SYNTAX, "empty name");
	is_int(ONE("n,,n=us=er,r=abc"), ERR_SYNTAX, "= in a name");
	is_int(ONE("n,,n=us\0er,r=abc"), ERR_SYNTAX, "NUL");
	is_int(ONE("n,,n=\xff\xfe,r=abc"), ERR_LOGIN, "no UTF-8: nobody's name");
	is_int(ONE("n,,m=x,n=user,r=abc"), ERR_SYNTAX, "mandatory extension");
	is_int(ONE("n,,n=user,r=abc"), 77, "another nonce in the last message");
	is_int(ONE("n,,n=us=2Cer=3D,r=abc"), 77, "escapes");
	is_str(d->name, "us,er=", "are taken out");
	struct buf big = { 0 };
	buf_adds(&big, "n,,n=");
	for (int i = 0; i < 8000; i++)
		buf_addc(&big, 'a');
	buf_adds(&big, ",r=abc");
	ok(one(buf_bytes(&big), buf_len(&big), d) != 0, "8 kB");
	buf_free(&big);
}

static void broken_records(struct door *d) {
	static const char *const bad[] = { "", "4096", "4096:" SALT ":AAAA:AAAA", "4096:" SALT ":!:!", ":::" };
	struct buf good = d->record;
	for (unsigned i = 0; i < sizeof bad / sizeof *bad; i++) {
		d->record = (struct buf){ 0 };
		buf_adds(&d->record, bad[i]);
		is_int(ONE("n,,n=user,r=abc"), ERR_LOGIN, "a broken record: %s", bad[i]);
		buf_free(&d->record);
	}
	d->record = good;
}

static void fakes(void) {
	struct buf a = { 0 }, b = { 0 }, c = { 0 };
	sasl_scram_fake(SLICE("secret"), SLICE("nobody"), &a);
	sasl_scram_fake(SLICE("secret"), SLICE("nobody"), &b);
	sasl_scram_fake(SLICE("secret"), SLICE("nobody2"), &c);
	ok(slice_eq(buf_slice(&a), buf_slice(&b)), "the same name, the same made-up record");
	ok(!slice_eq(slice_to(buf_slice(&a), 20), slice_to(buf_slice(&c), 20)), "another name, another salt");
	ok(slice_starts(buf_slice(&a), SLICE("10000:")), "as many iterations as real ones");
	is_int(slice_chr(slice_from(buf_slice(&a), 6), ':'), 24, "a salt of 16 octets");
	struct door d = { .record = a };
	struct talk t = { .header = "n,,", .password = "" };
	talk(&t, &d);
	is_int(t.first, 0, "nobody gets a challenge");
	is_int(t.last, ERR_LOGIN, "and no more");
	buf_free(&a);
	buf_free(&b);
	buf_free(&c);
}

static void aborted(struct door *d) {
	int bad = 0;
	for (int i = 0; i < 10000; i++) {
		struct buf out = { 0 };
		struct sasl_scram *x = sasl_scram_new(i & 1, slice_of(BINDING, i & 1 ? 32 : 0), record, d);
		if (i % 3)
			bad += sasl_scram_step(x, i & 1 ? SLICE("p=tls-exporter,,n=user,r=abc") : SLICE("n,,n=user,r=abc"), &out) !=
				0;
		sasl_scram_free(&x);
		buf_free(&out);
	}
	is_int(bad, 0, "10,000 exchanges given up half-way");
}

int main(void) {
	struct door d = { .err = 0 };
	struct keys k;
	vector();
	derive(SLICE("pencil"), SLICE(SALT), 4096, &k);
	record_of(&k, &d.record);
	exchanges(&d);
	bindings(&d);
	malformed(&d);
	broken_records(&d);
	fakes();
	aborted(&d);
	buf_free(&d.record);
	return done();
}
