/* verify_wire.h - what goes between forumd and forumd-verify: frames of a 32-bit length, a 64-bit number and the rest.
 * Any thread. */
#ifndef FORUMD_RUN_VERIFY_WIRE_H
#define FORUMD_RUN_VERIFY_WIRE_H
#include <stdint.h>
#include "forumd/base/buf.h"

#define VERIFY_FRAME_MAX ((1u << 30) + (1u << 20))

struct verify_request {
	uint64_t id;
	struct slice ip, helo, sender, trust;   /* as struct sender_mail wants them */
	uint64_t timeout_ms;                    /* for all look-ups of this mail */
	struct slice mail;
};
struct verify_answer {
	uint64_t id;
	char verdict;
	struct slice results;
}; /* enum sender_verdict; Authentication-Results */

void verify_wire_add_request(struct buf *out, const struct verify_request *r);
void verify_wire_add_answer(struct buf *out, const struct verify_answer *a);
/* 1 a whole frame, whose slices point into `in` until `*size_r` octets are consumed; 0 more input needed; ERR_SYNTAX */
int verify_wire_take_request(const struct buf *in, struct verify_request *r_r, size_t *size_r);
int verify_wire_take_answer(const struct buf *in, struct verify_answer *a_r, size_t *size_r);
#endif
