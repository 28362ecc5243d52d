/* IDLE (RFC 2177): from "+" to DONE every change is told at once (imap_change in imap_session.c). */
#include "gateways/imap/imap_private.h"

static enum step idle_line(struct imap_session *is, struct slice line) {
	is->idle = false;
	if (!slice_is_nocase(line, "DONE"))
		return imap_bad(is, "IDLE ends with DONE");
	return imap_ok(is, "IDLE completed");
}

enum step imap_cmd_idle(struct imap_session *is, struct slice *rest) {
	if (!imap_take_end(rest))
		return imap_bad_arguments(is);
	buf_adds(session_out(&is->s), "+ idling\r\n");
	is->idle = true;
	is->line = idle_line;
	if (is->state == IMAP_SELECTED)
		imap_sync(is, true);
	return STEP_INPUT;
}
