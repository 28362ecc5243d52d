/* IDLE (RFC 2177): from "+" to DONE every change is told at once (imap_change in imap_session.c). What does not fit
 * into the output follows when the client has read: nothing else might happen that would tell it. */
#include "gateways/imap/imap_notify.h"

static enum step idle_more(struct session *s);

static bool idle_tell(struct imap_session *is) {
	if (is->state == IMAP_SELECTED)
		imap_sync(is, true);
	bool left = conn_full(is->s.conn) && (is->gone.n || is->flags.n);
	is->s.step = left ? idle_more : NULL;
	return left;
}

static enum step idle_more(struct session *s) {
	struct imap_session *is = imap_of(s);
	if (idle_tell(is))
		return STEP_MORE;
	if (imap_notify_pending(is))
		s->step = imap_notify_step;
	return s->step ? STEP_MORE : STEP_INPUT;
}

void imap_idle_change(struct imap_session *is) {
	if (idle_tell(is))
		session_more(&is->s);
}

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
	return idle_tell(is) ? STEP_MORE : STEP_INPUT;
}
