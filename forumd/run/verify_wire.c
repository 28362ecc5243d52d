#include "forumd/run/verify_wire.h"
#include "forumd/base/fail.h"
#include "forumd/base/num.h"

static size_t begin(struct buf *out, uint64_t id) {
	size_t at = buf_len(out);
	num_put32(buf_reserve(out, 12), 0);
	num_put64(buf_reserve(out, 12) + 4, id);
	buf_commit(out, 12);
	return at;
}

static void end(struct buf *out, size_t at) {
	num_put32(buf_bytes(out) + at, (uint32_t)(buf_len(out) - at - 4));
}

void verify_wire_add_request(struct buf *out, const struct verify_request *r) {
	buf_reserve(out, r->mail.n + 2048);
	size_t at = begin(out, r->id);
	num_add_bytes(out, r->ip);
	num_add_bytes(out, r->helo);
	num_add_bytes(out, r->sender);
	num_add_bytes(out, r->trust);
	num_add_varint(out, r->timeout_ms);
	buf_add_slice(out, r->mail);
	end(out, at);
}

void verify_wire_add_answer(struct buf *out, const struct verify_answer *a) {
	size_t at = begin(out, a->id);
	buf_addc(out, a->verdict);
	buf_add_slice(out, a->results);
	end(out, at);
}

static int take(const struct buf *in, uint64_t *id_r, struct slice *rest_r, size_t *size_r) {
	struct slice s = buf_slice(in);
	uint32_t n = s.n < 4 ? 0 : num_get32(s.p);
	if (s.n < 4)
		return 0;
	if (n < 8 || n > VERIFY_FRAME_MAX)
		return ERR_SYNTAX;
	if (s.n - 4 < n)
		return 0;
	*id_r = num_get64(s.p + 4);
	*rest_r = slice_sub(s, 12, n - 8);
	*size_r = 4 + (size_t)n;
	return 1;
}

int verify_wire_take_request(const struct buf *in, struct verify_request *r_r, size_t *size_r) {
	int e = take(in, &r_r->id, &r_r->mail, size_r);
	if (e > 0 &&
		(!num_take_bytes(&r_r->mail, &r_r->ip) || !num_take_bytes(&r_r->mail, &r_r->helo) ||
			!num_take_bytes(&r_r->mail, &r_r->sender) || !num_take_bytes(&r_r->mail, &r_r->trust) ||
			!num_take_varint(&r_r->mail, &r_r->timeout_ms)))
		return ERR_SYNTAX;
	return e;
}

int verify_wire_take_answer(const struct buf *in, struct verify_answer *a_r, size_t *size_r) {
	int e = take(in, &a_r->id, &a_r->results, size_r);
	if (e > 0 && !a_r->results.n)
		return ERR_SYNTAX;
	if (e > 0) {
		a_r->verdict = a_r->results.p[0];
		a_r->results = slice_from(a_r->results, 1);
	}
	return e;
}
