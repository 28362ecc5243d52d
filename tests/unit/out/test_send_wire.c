/* the frames between forumd and forumd-send */
#include "gateways/out/send_wire.h"
#include "forumd/base/fail.h"
#include "tests/tap/tap.h"

static void request_in_pieces(void) {
	struct buf all = { 0 }, in = { 0 };
	struct send_request r;
	size_t size = 0;
	int e = 0, early = 0;

	send_wire_begin_request(&all, 77, SLICE("bounce-x@forum.test"), SLICE("bob@example.org"), 14);
	buf_adds(&all, "A: b\r\n\r\nhello\n");
	for (size_t i = 0; i < all.used; i++) {
		early += e;
		buf_add(&in, all.data + i, 1);
		e = send_wire_take_request(&in, &r, &size);
	}
	is_int(early, 0, "no request before the last octet");
	is_int(e, 1, "whole with the last octet");
	is_int(r.id, 77, "id");
	is_lit(r.sender, "bounce-x@forum.test", "sender");
	is_lit(r.recipient, "bob@example.org", "recipient");
	is_lit(r.message, "A: b\r\n\r\nhello\n", "message");
	is_int(size, all.used, "size of the frame");
	buf_free(&all);
	buf_free(&in);
}

static void answers(void) {
	struct send_answer a = { 5, SEND_LATER, SLICE_INIT("451 later") }, b;
	struct buf out = { 0 };
	char text[1000];
	size_t size;

	send_wire_add_answer(&out, &a);
	a.id = 6;
	a.class = SEND_DOWN;
	memset(text, 'x', sizeof text);
	a.text = slice_of(text, sizeof text);
	send_wire_add_answer(&out, &a);
	is_int(send_wire_take_answer(&out, &b, &size), 1, "first answer");
	is_int(b.class, '4', "class");
	is_lit(b.text, "451 later", "text");
	buf_consume(&out, size);
	is_int(send_wire_take_answer(&out, &b, &size), 1, "second answer");
	is_int(b.id, 6, "id");
	is_int(b.text.n, SEND_TEXT_MAX, "a long text is cut");
	buf_consume(&out, size);
	is_int(send_wire_take_answer(&out, &b, &size), 0, "no third");
	buf_free(&out);
}

static void broken(void) {
	static const struct { const char *what; struct slice bytes; } v[] = {
		{ "length below the id", SLICE_INIT("\0\0\0\7abcdefg") },
		{ "length above the limit", SLICE_INIT("\377\0\0\0") },
		{ "class nobody knows", SLICE_INIT("\0\0\0\12\0\0\0\0\0\0\0\1X\0") },
		{ "text longer than the frame", SLICE_INIT("\0\0\0\12\0\0\0\0\0\0\0\0012\7") },
		{ "octets behind the text", SLICE_INIT("\0\0\0\13\0\0\0\0\0\0\0\0012\0z") },
	};

	for (unsigned i = 0; i < sizeof v / sizeof v[0]; i++) {
		struct buf in = { 0 };
		struct send_answer a;
		size_t size;

		buf_add_slice(&in, v[i].bytes);
		is_int(send_wire_take_answer(&in, &a, &size), ERR_SYNTAX, "answer: %s", v[i].what);
		buf_free(&in);
	}
}

static void broken_request(void) {
	struct buf in = { 0 };
	struct send_request r;
	size_t size;

	send_wire_begin_request(&in, 1, SLICE(""), SLICE("a@b"), 3);
	buf_adds(&in, "xyz");
	is_int(send_wire_take_request(&in, &r, &size), 1, "null sender");
	is_int(r.sender.n, 0, "is empty");
	in.data[12] = 100;
	is_int(send_wire_take_request(&in, &r, &size), ERR_SYNTAX, "sender longer than the frame");
	buf_free(&in);
}

static void addresses(void) {
	static const char *const good[] = { "a@b", "bounce-abc@forum.test", "\"x@y\"@z.example",
		"o'brien+tag@example.org" };
	static const struct slice bad[] = {
		SLICE_INIT(""), SLICE_INIT("a"), SLICE_INIT("@b"), SLICE_INIT("a@"), SLICE_INIT("a b@c"),
			SLICE_INIT("a@b\r\nRCPT TO:<x@y>"),
		SLICE_INIT("a@b>"), SLICE_INIT("<a@b"), SLICE_INIT("a\0@b"), SLICE_INIT("\303\251@b"), SLICE_INIT("a@b\n"),
			SLICE_INIT("a\177@b"),
	};
	char longer[400];

	for (unsigned i = 0; i < sizeof good / sizeof good[0]; i++)
		ok(send_wire_address(slice_str(good[i])), "good: %s", good[i]);
	for (unsigned i = 0; i < sizeof bad / sizeof bad[0]; i++)
		ok(!send_wire_address(bad[i]), "bad: number %u", i);
	memset(longer, 'a', sizeof longer);
	longer[65] = '@';
	ok(!send_wire_address(slice_of(longer, 100)), "local part of 65");
	longer[64] = '@';
	longer[65] = 'a';
	ok(send_wire_address(slice_of(longer, 100)), "local part of 64");
	ok(!send_wire_address(slice_of(longer, 65 + 256)), "domain of 256");
}

int main(void) {
	request_in_pieces();
	answers();
	broken();
	broken_request();
	addresses();
	return done();
}
