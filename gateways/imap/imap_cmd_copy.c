/* COPY and MOVE: a post gets into a group by being posted. */
#include "gateways/imap/imap_private.h"

enum step imap_cmd_copy(struct imap_session *is, struct slice *rest) {
	struct range_set *uids;
	struct slice name;
	struct group g;
	if (!imap_take_space(rest))
		return imap_bad_arguments(is);
	enum imap_set_result set = imap_take_uids(is, rest, &uids);
	if (set == IMAP_SET_SYNTAX || !imap_take_space(rest) || !imap_take_mailbox(is, rest, &name) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	if (set == IMAP_SET_BEYOND)
		return imap_bad(is, "there are fewer messages");
	struct forum_txn *t = session_read(&is->s);
	int r = t ? imap_mailbox_find(is, t, name, &g) : ERR_UNAVAILABLE;
	if (r < 0)
		return imap_unavailable(is);
	if (r == 0)
		return imap_no_mailbox(is);
	return imap_no(is, "CANNOT", "posts are not copied between groups: reply to the post there, or ask a moderator");
}
