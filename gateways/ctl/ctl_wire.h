/* ctl_wire.h - the frames on the control socket: u32 big-endian payload length, u8 type, payload. Used by both ends.
 *
 * forumctl -> daemon
 *   'A' arguments: each a varint length and its bytes, options among them; once, first
 *   'D' a piece of standard input, after the daemon asked for it; 'F' its end
 *   'M' one message of an import (ctl_wire_message); 'F' after the last, its payload notes for the report, a line each
 * daemon -> forumctl
 *   'O' text for standard output   'E' for standard error   'P' progress (a whole line, shown on a terminal only)
 *   'R' "send": "i" standard input, "m" messages of the import named in the arguments
 *   'X' exit code (one octet), then the daemon closes
 */
#ifndef GATEWAYS_CTL_CTL_WIRE_H
#define GATEWAYS_CTL_CTL_WIRE_H
#include <stdint.h>
#include "forumd/base/num.h"

#define CTL_FRAME_MAX (64u << 20)
#define CTL_HEAD 5

static inline void ctl_wire_frame(struct buf *out, char type, struct slice payload) {
	char *p = buf_reserve(out, CTL_HEAD);
	num_put32(p, (uint32_t)payload.n);
	p[4] = type;
	buf_commit(out, CTL_HEAD);
	buf_add_slice(out, payload);
}

/* A whole frame at the front of in: 1 and the borrowed payload (consume CTL_HEAD + payload.n); 0 more input; -1 too
 * big. */
static inline int ctl_wire_take(const struct buf *in, char *type_r, struct slice *payload_r) {
	if (buf_len(in) < CTL_HEAD)
		return 0;
	uint32_t n = num_get32(buf_bytes(in));
	if (n > CTL_FRAME_MAX)
		return -1;
	if (buf_len(in) < CTL_HEAD + (size_t)n)
		return 0;
	*type_r = buf_bytes(in)[4];
	*payload_r = slice_of(buf_bytes(in) + CTL_HEAD, n);
	return 1;
}

/* One message of an import. `origin` names it in error lines ("2012-March.txt:1234"). */
struct ctl_message {
	struct slice origin, raw;
	struct slice author;     /* display name where the message has no From; empty: see CTL_ANONYMOUS */
	struct slice
		parent_id; /* Message-ID of the parent, proven by nesting or an export; empty: the ids in the message */
	uint32_t reason;         /* with parent_id: enum parent_reason */
	uint32_t number;         /* number to keep (exports), 0 next */
	uint32_t state;          /* enum post_state to end in */
	uint32_t flags;          /* enum ctl_message_flag */
	int64_t arrival;         /* 0 unknown */
};
/* values of enum parent_reason and enum post_state on the wire; forumctl knows no more of the domain */
enum { CTL_REASON_IMPORTED = 5 };
enum ctl_message_flag { CTL_DATE_ONLY = 1, CTL_ANONYMOUS = 2, CTL_OFF_TOPIC = 4, CTL_LOCKED = 8, CTL_NO_DATE = 16 };

static inline void ctl_wire_message(struct buf *out, const struct ctl_message *m) {
	struct buf b = {0};
	num_add_bytes(&b, m->origin);
	num_add_bytes(&b, m->author);
	num_add_bytes(&b, m->parent_id);
	num_add_varint(&b, m->reason);
	num_add_varint(&b, m->number);
	num_add_varint(&b, m->state);
	num_add_varint(&b, m->flags);
	num_add_varint(&b, (uint64_t)m->arrival);
	char *p = buf_reserve(out, CTL_HEAD);
	num_put32(p, (uint32_t)(buf_len(&b) + m->raw.n));
	p[4] = 'M';
	buf_commit(out, CTL_HEAD);
	buf_add_slice(out, buf_slice(&b));
	buf_add_slice(out, m->raw);
	buf_free(&b);
}

static inline bool ctl_wire_message_take(struct slice in, struct ctl_message *m) {
	uint64_t v[5];
	if (!num_take_bytes(&in, &m->origin) || !num_take_bytes(&in, &m->author) || !num_take_bytes(&in, &m->parent_id))
		return false;
	for (int i = 0; i < 5; i++)
		if (!num_take_varint(&in, &v[i]))
			return false;
	m->reason = (uint32_t)v[0];
	m->number = (uint32_t)v[1];
	m->state = (uint32_t)v[2];
	m->flags = (uint32_t)v[3];
	m->arrival = (int64_t)v[4];
	m->raw = in;
	return true;
}
#endif
