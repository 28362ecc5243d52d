/* QUOTA (RFC 9208): one quota root, "own", for all mailboxes that hold messages of the member's own, INBOX with its
 * receipts among them. Groups and what the forum fills otherwise belong to none. The limits are the operator's
 * (limits.own_storage, own_messages). */
#include "forumd/forum/personal.h"
#include "forumd/forum/quota.h"
#include "gateways/imap/imap_private.h"

#define QUOTA_ROOT "own"

/* storage in units of 1024 octets, used rounded up */
static int quota_line(struct imap_session *is, struct forum_txn *t) {
	struct buf *out = session_out(&is->s);
	struct quota used, limit = quota_limits();
	int r = quota_used(t, is->s.member, &used);
	if (r < 0)
		return r;
	buf_adds(out, "* QUOTA " QUOTA_ROOT " (");
	if (limit.bytes)
		buf_addf(out, "STORAGE %llu %llu", (unsigned long long)(used.bytes + 1023) / 1024,
			(unsigned long long)limit.bytes / 1024);
	if (limit.messages)
		buf_addf(out, "%sMESSAGE %llu %llu", limit.bytes ? " " : "", (unsigned long long)used.messages,
			(unsigned long long)limit.messages);
	buf_adds(out, ")\r\n");
	return 1;
}

enum step imap_cmd_getquota(struct imap_session *is, struct slice *rest) {
	struct slice root;
	if (!imap_take_space(rest) || !imap_take_astring(rest, is->s.command, &root) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	if (!slice_is(root, QUOTA_ROOT))
		return imap_no(is, "NONEXISTENT", "there is one quota root: " QUOTA_ROOT);
	struct forum_txn *t = session_read(&is->s);
	return !t || quota_line(is, t) < 0 ? imap_unavailable(is) : imap_ok(is, "GETQUOTA completed");
}

enum step imap_cmd_getquotaroot(struct imap_session *is, struct slice *rest) {
	struct slice name;
	struct group g;
	if (!imap_take_space(rest) || !imap_take_mailbox(is, rest, &name) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	struct forum_txn *t = session_read(&is->s);
	int r = t ? imap_mailbox_find(is, t, name, &g) : ERR_UNAVAILABLE;
	if (r == 0)
		return imap_no_mailbox(is);
	bool own = r > 0 && (personal_holds_own(&g) || (g.owner && g.box == BOX_INBOX));
	struct buf *out = session_out(&is->s);
	buf_adds(out, "* QUOTAROOT ");
	imap_add_mailbox(is, out, name);
	buf_adds(out, own ? " " QUOTA_ROOT "\r\n" : "\r\n");
	return r < 0 || (own && quota_line(is, t) < 0) ? imap_unavailable(is) : imap_ok(is, "GETQUOTAROOT completed");
}

/* without QUOTASET nothing is set here (RFC 9208 4.1.1) */
enum step imap_cmd_setquota(struct imap_session *is, struct slice *rest) {
	(void)rest;
	return imap_no(is, "NOPERM", "quotas are settings of the server: limits.own_storage and own_messages");
}
