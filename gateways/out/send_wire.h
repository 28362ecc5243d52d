/* send_wire.h - what goes over the pipe between forumd and forumd-send: frames of a 32-bit length and that many octets.
 * One mail has one recipient. Both sides check addresses with send_wire_address(), since neither trusts the other to
 * keep CR and LF out of SMTP commands. Any thread. */
#ifndef GATEWAYS_OUT_SEND_WIRE_H
#define GATEWAYS_OUT_SEND_WIRE_H
#include <stdint.h>
#include "forumd/base/buf.h"

#define SEND_FRAME_MAX (256u << 20)
#define SEND_TEXT_MAX 300

struct send_request {
	uint64_t id;              /* of the queue item */
	struct slice sender;      /* addr-spec, empty: null reverse path */
	struct slice recipient;
	struct slice message;     /* CRLF */
};
enum send_class {
	SEND_DONE = '2',          /* the smarthost took it */
	SEND_LATER = '4',         /* it said: not now */
	SEND_SENDER = 'S',        /* the same to our sender (MAIL): the recipient's domain has no part in it */
	SEND_NEVER = '5',         /* it refused this recipient or this mail for good */
	SEND_DOWN = 'C',          /* nobody to talk to: this says nothing about the mail */
};
struct send_answer { uint64_t id; enum send_class class; struct slice text; };

/* Frame of a request but for its message: the caller appends exactly message_size octets behind it. */
void send_wire_begin_request(struct buf *out, uint64_t id, struct slice sender, struct slice recipient,
	size_t message_size);
void send_wire_add_answer(struct buf *out, const struct send_answer *a);
/* 1 a whole frame, whose slices point into `in` until `*size_r` octets are consumed; 0 more input needed; ERR_SYNTAX */
int send_wire_take_request(const struct buf *in, struct send_request *r_r, size_t *size_r);
int send_wire_take_answer(const struct buf *in, struct send_answer *a_r, size_t *size_r);
/* local@domain in printable US-ASCII without blanks and angle brackets, lengths as RFC 5321 4.5.3.1 */
bool send_wire_address(struct slice address);
#endif
