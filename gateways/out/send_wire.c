#include "forumd/base/fail.h"
#include "forumd/base/num.h"
#include "gateways/out/send_wire.h"

static size_t varint_size(uint64_t v) {
	size_t n = 1;

	while (v >= 0x80)
		v >>= 7, n++;
	return n;
}

static size_t bytes_size(size_t n) {
	return varint_size(n) + n;
}

static void begin_frame(struct buf *out, size_t n, uint64_t id) {
	char head[12];

	num_put32(head, (uint32_t)n);
	num_put64(head + 4, id);
	buf_add(out, head, sizeof head);
}

void send_wire_begin_request(struct buf *out, uint64_t id, struct slice sender, struct slice recipient,
	size_t message_size) {
	begin_frame(out, 8 + bytes_size(sender.n) + bytes_size(recipient.n) + bytes_size(message_size), id);
	num_add_bytes(out, sender);
	num_add_bytes(out, recipient);
	num_add_varint(out, message_size);
}

void send_wire_add_answer(struct buf *out, const struct send_answer *a) {
	struct slice text = slice_to(a->text, SEND_TEXT_MAX);

	begin_frame(out, 8 + 1 + bytes_size(text.n), a->id);
	buf_addc(out, (char)a->class);
	num_add_bytes(out, text);
}

/* the frame without its length */
static int take_frame(const struct buf *in, uint64_t *id_r, struct slice *rest_r, size_t *size_r) {
	struct slice s = buf_slice(in);
	uint32_t n;

	if (s.n < 4)
		return 0;
	n = num_get32(s.p);
	if (n < 8 || n > SEND_FRAME_MAX)
		return ERR_SYNTAX;
	if (s.n - 4 < n)
		return 0;
	*id_r = num_get64(s.p + 4);
	*rest_r = slice_sub(s, 12, n - 8);
	*size_r = 4 + (size_t)n;
	return 1;
}

int send_wire_take_request(const struct buf *in, struct send_request *r_r, size_t *size_r) {
	struct slice rest;
	int e = take_frame(in, &r_r->id, &rest, size_r);

	if (e <= 0)
		return e;
	if (!num_take_bytes(&rest, &r_r->sender) || !num_take_bytes(&rest, &r_r->recipient)
	    || !num_take_bytes(&rest, &r_r->message) || rest.n)
		return ERR_SYNTAX;
	return 1;
}

int send_wire_take_answer(const struct buf *in, struct send_answer *a_r, size_t *size_r) {
	struct slice rest;
	int e = take_frame(in, &a_r->id, &rest, size_r);

	if (e <= 0)
		return e;
	if (!rest.n || !memchr("24S5C", rest.p[0], 5))
		return ERR_SYNTAX;
	a_r->class = (enum send_class)rest.p[0];
	rest = slice_from(rest, 1);
	return num_take_bytes(&rest, &a_r->text) && !rest.n && a_r->text.n <= SEND_TEXT_MAX ? 1 : ERR_SYNTAX;
}

bool send_wire_address(struct slice a) {
	ptrdiff_t at = slice_rchr(a, '@');

	if (at < 1 || at > 64 || (size_t)at + 1 == a.n || a.n - (size_t)at - 1 > 255)
		return false;
	for (size_t i = 0; i < a.n; i++)
		if ((unsigned char)a.p[i] <= 32 || (unsigned char)a.p[i] >= 127 || a.p[i] == '<' || a.p[i] == '>')
			return false;
	return true;
}
