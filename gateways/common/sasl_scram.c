/* libgsasl parses and proves; what it asks for (iterations, salt, keys) is looked up in its callback, when it has read
 * the name. The rules of channel binding are checked here before the library sees the message:
 *
 *	n   the client cannot bind: not with -PLUS
 *	y   the client can, and believes we cannot: somebody took -PLUS out of our list, unless we really cannot
 *	p   the client binds: only with -PLUS, and only tls-exporter, the one we offer */
#include "gateways/common/sasl_scram.h"
#include <gsasl.h>
#include <pthread.h>
#include "forumd/base/base64.h"
#include "forumd/base/digest.h"
#include "forumd/base/fail.h"
#include "forumd/base/mem.h"
#include "forumd/run/password.h"

struct sasl_scram {
	Gsasl_session *session;
	sasl_scram_record_fn record;
	void *arg;
	struct buf binding;       /* base64 */
	bool plus, started, asked;
	int err;                  /* of record() */
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static Gsasl *library;            /* read only after its start: shared by all threads */

/* "iterations:salt:stored:server" -> properties; keys in base64, whatever gsasl.h says */
static bool set_record(Gsasl_session *g, struct slice record) {
	struct slice part[4] = { { 0 } };
	char iterations[16], salt[128];
	unsigned n = 0;
	bool good;
	while (n < 4 && slice_split(&record, ':', &part[n]))
		n++;
	good = n == 4 && slice_cstr(part[0], iterations, sizeof iterations) && slice_cstr(part[1], salt, sizeof salt) &&
		gsasl_property_set(g, GSASL_SCRAM_ITER, iterations) == GSASL_OK &&
		gsasl_property_set(g, GSASL_SCRAM_SALT, salt) == GSASL_OK;
	for (unsigned i = 2; good && i < 4; i++) {
		struct buf raw = { 0 };
		good = base64_decode(part[i], &raw) && buf_len(&raw) == 32 && gsasl_property_set_raw(g,
			i == 2 ? GSASL_SCRAM_STOREDKEY : GSASL_SCRAM_SERVERKEY, part[i].p, part[i].n) == GSASL_OK;
		buf_free(&raw);
	}
	return good;
}

static void ask(struct sasl_scram *x, Gsasl_session *g) {
	const char *name = gsasl_property_fast(g, GSASL_AUTHID), *authzid = gsasl_property_fast(g, GSASL_AUTHZID);
	struct buf record = { 0 };
	x->asked = true;
	x->err = x->record(x->arg, slice_str(name), slice_str(authzid), &record);
	if (x->err > 0 && !set_record(g, buf_slice(&record)))
		x->err = ERR_LOGIN;
	if (record.data)
		explicit_bzero(record.data, record.size);
	buf_free(&record);
}

static int callback(Gsasl *ctx, Gsasl_session *g, Gsasl_property p) {
	struct sasl_scram *x = gsasl_session_hook_get(g);
	(void)ctx;
	switch (p) {
	case GSASL_CB_TLS_EXPORTER:
		return buf_len(&x->binding) ? gsasl_property_set(g, p, buf_bytes(&x->binding)) : GSASL_NO_CALLBACK;
	case GSASL_SCRAM_ITER: case GSASL_SCRAM_SALT: case GSASL_SCRAM_STOREDKEY: case GSASL_SCRAM_SERVERKEY:
		if (!x->asked)
			ask(x, g);
		return x->err > 0 ? GSASL_OK : GSASL_AUTHENTICATION_ERROR;
	default:
		return GSASL_NO_CALLBACK;
	}
}

static void init(void) {
	int r = gsasl_init(&library);
	if (r != GSASL_OK)
		bug("gsasl_init: %s", gsasl_strerror(r));
	gsasl_callback_set(library, callback);
}

struct sasl_scram *sasl_scram_new(bool plus, struct slice binding, sasl_scram_record_fn record, void *arg) {
	struct sasl_scram *x = mem_zalloc(sizeof *x);
	pthread_once(&once, init);
	int r = gsasl_server_start(library, plus ? "SCRAM-SHA-256-PLUS" : "SCRAM-SHA-256", &x->session);
	if (r != GSASL_OK)
		bug("gsasl_server_start: %s", gsasl_strerror(r));
	gsasl_session_hook_set(x->session, x);
	x->plus = plus;
	x->record = record;
	x->arg = arg;
	if (binding.n)
		base64_encode(binding, &x->binding);
	return x;
}

void sasl_scram_free(struct sasl_scram **x) {
	if (!*x)
		return;
	gsasl_finish((*x)->session);
	buf_free(&(*x)->binding);
	mem_free(*x);
	*x = NULL;
}

static int check_binding(const struct sasl_scram *x, struct slice in) {
	if (slice_starts(in, SLICE("n,")))
		return x->plus ? ERR_LOGIN : 1;
	if (slice_starts(in, SLICE("y,")))
		return buf_len(&x->binding) ? ERR_LOGIN : 1;
	if (!slice_starts(in, SLICE("p=")))
		return ERR_SYNTAX;
	return x->plus && slice_starts(in, SLICE("p=tls-exporter,")) ? 1 : ERR_LOGIN;
}

/* "=" stands only in "=2C" and "=3D", or the exchange must fail (RFC 5802 5.1); the library takes it as it is */
static bool name_escaped(struct slice in) {
	struct slice piece = { 0 };
	for (unsigned i = 0; i < 3; i++)
		if (!slice_split(&in, ',', &piece))
			return true;
	struct slice rest = slice_from(piece, 2);
	for (ptrdiff_t at; (at = slice_chr(rest, '=')) >= 0; rest = slice_from(rest, (size_t)at + 3)) {
		struct slice code = slice_sub(rest, (size_t)at, 3);
		if (!slice_is_nocase(code, "=2C") && !slice_is_nocase(code, "=3D"))
			return false;
	}
	return true;
}

static int code_of(const struct sasl_scram *x, int r) {
	if (x->err < 0)
		return x->err;
	switch (r) {
	case GSASL_OK: return 1;
	case GSASL_NEEDS_MORE: return 0;
	case GSASL_AUTHENTICATION_ERROR: return ERR_LOGIN;
	default: return ERR_SYNTAX;
	}
}

int sasl_scram_step(struct sasl_scram *x, struct slice in, struct buf *out) {
	char *answer = NULL;
	size_t n = 0;
	/* an empty message would be a request for a challenge that SCRAM does not have */
	if (!in.n || slice_chr(in, 0) >= 0)
		return ERR_SYNTAX;
	int e = x->started ? 1 : check_binding(x, in);
	if (e < 0)
		return e;
	if (!x->started && !name_escaped(in))
		return ERR_SYNTAX;
	x->started = true;
	int r = code_of(x, gsasl_step(x->session, in.p, in.n, &answer, &n));
	if (r >= 0)
		buf_add(out, answer, n);
	gsasl_free(answer);
	return r;
}

static void derive(struct slice secret, const char *what, struct slice name, unsigned char out[32]) {
	struct buf b = { 0 };
	buf_adds(&b, what);
	buf_addc(&b, 0);
	buf_add_slice(&b, name);
	digest_hmac_sha256(secret, buf_slice(&b), out);
	buf_free(&b);
}

void sasl_scram_fake(struct slice secret, struct slice name, struct buf *record) {
	unsigned char salt[32], stored[32], server[32];
	derive(secret, "scram salt", name, salt);
	derive(secret, "scram stored", name, stored);
	derive(secret, "scram server", name, server);
	buf_addf(record, "%u:", PASSWORD_SCRAM_ITERATIONS);
	base64_encode(slice_of(salt, PASSWORD_SCRAM_SALT), record);
	buf_addc(record, ':');
	base64_encode(slice_of(stored, 32), record);
	buf_addc(record, ':');
	base64_encode(slice_of(server, 32), record);
}
