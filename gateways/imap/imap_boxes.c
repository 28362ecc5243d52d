/* Names that are no groups: a member's own boxes (forumd/forum/personal.h) and folders, and mailboxes that are
 * commands: !Mute and the like are empty; what is copied or moved there happens to the post, which stays. LIST shows
 * them once, at the top, where phones find them. !Undo takes back what a receipt in INBOX tells of, or the member's
 * word on a post. Each is also a sibling of each group (GROUP.!Mute, for posts of that group only), which LIST shows to
 * patterns that name it.
 *
 * Moderators have Moderation.Queue besides (forumd/forum/queue.h), with the verdicts as siblings.
 *
 * The boxes are made when a member logs in; Unread and the queue are brought up to date when they are selected or asked
 * about, the others when rights have changed since. */
#include "forumd/forum/folder.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/queue.h"
#include "gateways/imap/imap_private.h"

#define UNREAD_MAX 1000   /* newest of each group */

static const struct imap_box imap_boxes[] = {
	{ SLICE_INIT("INBOX"), BOX_INBOX, NULL }, { SLICE_INIT("Drafts"), BOX_DRAFTS, "\\Drafts" },
	{ SLICE_INIT("Sent"), BOX_SENT, "\\Sent" }, { SLICE_INIT("Trash"), BOX_TRASH, "\\Trash" },
	{ SLICE_INIT("Unread"), BOX_UNREAD, NULL }, { SLICE_INIT("Replies to me"), BOX_REPLIES, NULL },
	{ SLICE_INIT("Watched"), BOX_WATCHED, NULL }, { SLICE_INIT("Moderation.Queue"), BOX_QUEUE, NULL },
};
static const struct imap_action imap_actions[] = {
	{ SLICE_INIT("!Mute"), ACT_WATCH, WATCH_MUTED, false, false },
	{ SLICE_INIT("!Watch"), ACT_WATCH, WATCH_ON, false, false },
	{ SLICE_INIT("!Undo"), ACT_WATCH, WATCH_NONE, false, true },
	{ SLICE_INIT("!Flag.off-topic"), ACT_REPORT, REPORT_OFF_TOPIC, false, false },
	{ SLICE_INIT("!Flag.spam"), ACT_REPORT, REPORT_SPAM, false, false },
	{ SLICE_INIT("!Flag.uncivil"), ACT_REPORT, REPORT_UNCIVIL, false, false },
	{ SLICE_INIT("!Flag.privacy"), ACT_REPORT, REPORT_PRIVACY, false, false },
	{ SLICE_INIT("!Flag.other"), ACT_REPORT, REPORT_OTHER, false, false },
	{ SLICE_INIT("!Aside"), ACT_VERDICT, VERDICT_ASIDE, true, false },
	{ SLICE_INIT("!Hide"), ACT_VERDICT, VERDICT_HIDE, true, false },
	{ SLICE_INIT("!Keep"), ACT_VERDICT, VERDICT_KEEP, true, false },
	{ SLICE_INIT("!Approve"), ACT_VERDICT, VERDICT_APPROVE, true, false },
	{ SLICE_INIT("!Delete"), ACT_VERDICT, VERDICT_DELETE, true, false },
};

const struct imap_box *imap_box_at(size_t i) {
	return i < sizeof imap_boxes / sizeof *imap_boxes ? &imap_boxes[i] : NULL;
}

const struct imap_action *imap_action_at(size_t i) {
	return i < sizeof imap_actions / sizeof *imap_actions ? &imap_actions[i] : NULL;
}

const struct imap_box *imap_box_named(struct slice name) {
	for (size_t i = 0; i < sizeof imap_boxes / sizeof *imap_boxes; i++)
		if (slice_eq(imap_boxes[i].name, name))
			return &imap_boxes[i];
	return NULL;
}

int imap_moderates(struct imap_session *is, struct forum_txn *t) {
	struct slice cursor = slice_of("", 0);
	struct group g;
	int r;
	while ((r = group_each(t, &cursor, &g)) > 0)
		if (!g.removed && rights_can_read(t, is->s.member, &g) && rights_can_moderate(t, is->s.member, &g))
			return 1;
	return r;
}

/* The same look-ups whether the group is private or missing: first the name, then the rights. */
int imap_action_find(struct imap_session *is, struct forum_txn *t, struct slice name, struct group *g_r,
	const struct imap_action **action_r) {
	for (size_t i = 0; i < sizeof imap_actions / sizeof *imap_actions; i++) {
		struct slice end = imap_actions[i].name;
		if (slice_eq(name, end)) {
			int r = imap_actions[i].moderators ? imap_moderates(is, t) : 1;
			*g_r = (struct group){0};
			*action_r = &imap_actions[i];
			return r;
		}
		if (name.n < end.n + 2 || !slice_ends(name, end) || name.p[name.n - end.n - 1] != '.')
			continue;
		struct slice group = slice_to(name, name.n - end.n - 1);
		if (slice_is(group, "Moderation.Queue")) {
			*g_r = (struct group){0};
			*action_r = &imap_actions[i];
			return imap_actions[i].moderators && rights_moderates(t, is->s.member);
		}
		int r = group_name_valid(group) ? group_find(t, group, g_r) : 0;
		if (r <= 0)
			return r;
		if (g_r->removed || !rights_can_read(t, is->s.member, g_r) ||
		    (imap_actions[i].moderators && !rights_can_moderate(t, is->s.member, g_r)))
			return 0;
		*action_r = &imap_actions[i];
		return 1;
	}
	return 0;
}

int imap_mailbox_find(struct imap_session *is, struct forum_txn *t, struct slice name, struct group *g_r) {
	const struct imap_box *box = imap_box_named(name);
	const struct imap_action *action;
	struct folder folder;
	int r;
	*g_r = (struct group){0};
	if (box && box->box == BOX_QUEUE && !rights_moderates(t, is->s.member))
		return 0;
	if (box) {
		r = personal_find(t, is->s.member, box->box, g_r);
		return r != 0 ? r : box->box == BOX_INBOX ? 2 : 0;
	}
	if (!group_name_valid(name)) {
		r = imap_action_find(is, t, name, g_r, &action);
		*g_r = (struct group){0};
		if (r != 0)
			return r > 0 ? 2 : r;
		return (r = folder_find(t, is->s.member, name, &folder)) > 0 ? group_get(t, folder.group, g_r) : r;
	}
	r = group_find(t, name, g_r);
	if (r <= 0)
		return r;
	return !g_r->removed && rights_can_read(t, is->s.member, g_r) ? 1 : 0;
}

int imap_mailboxes_each(struct imap_session *is, struct forum_txn *t, imap_mailbox_fn fn, void *arg) {
	struct slice cursor = slice_of("", 0);
	struct folder folder;
	struct group g;
	int r = 1, told;
	for (size_t i = 0; i < sizeof imap_boxes / sizeof *imap_boxes; i++) {
		if ((r = imap_mailbox_find(is, t, imap_boxes[i].name, &g)) < 0 ||
			(r > 0 && (r = fn(arg, imap_boxes[i].name, &g)) < 0))
			return r;
	}
	while ((r = folder_each(t, is->s.member, &cursor, &folder)) > 0)
		if ((r = group_get(t, folder.group, &g)) < 0 || (r = fn(arg, folder.name, &g)) < 0)
			return r;
	cursor = slice_of("", 0);
	while (r >= 0 && (r = group_each(t, &cursor, &g)) > 0)
		if (!g.removed && rights_can_read(t, is->s.member, &g) && (told = fn(arg, g.name, &g)) < 0)
			return told;
	return r < 0 ? r : 1;
}

int imap_mailbox_name(struct imap_session *is, struct forum_txn *t, uint32_t group, struct slice *name_r) {
	struct group g;
	int r = group_get(t, group, &g);
	if (r <= 0 || g.removed || !rights_can_read(t, is->s.member, &g))
		return r < 0 ? r : 0;
	*name_r = g.owner ? g.title : g.name;
	for (size_t i = 0; g.owner && g.box != BOX_FOLDER && i < sizeof imap_boxes / sizeof *imap_boxes; i++)
		if (imap_boxes[i].box == g.box)
			*name_r = imap_boxes[i].name;
	return 1;
}

struct box_job { uint32_t member; enum imap_box_sync what; };

static int box_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct box_job *d = j->data;
	(void)f;
	int r = personal_prepare(t, d->member);
	if (r > 0 && d->what == IMAP_SYNC_UNREAD)
		r = personal_sync_unread(t, d->member, UNREAD_MAX);
	if (r > 0 && d->what == IMAP_SYNC_RIGHTS)
		r = personal_recheck(t, d->member);
	if (r > 0 && d->what != IMAP_SYNC_UNREAD)
		r = queue_sync(t, d->member);
	return r < 0 ? r : 1;
}

enum imap_box_sync imap_box_sync_of(struct imap_session *is, struct forum_txn *t, struct slice name) {
	if (slice_is(name, "Unread"))
		return IMAP_SYNC_UNREAD;
	if (slice_is(name, "Moderation.Queue"))
		return t && rights_moderates(t, is->s.member) ? IMAP_SYNC_QUEUE : IMAP_SYNC_NONE;
	return t && !group_name_valid(name) && personal_stale(t, is->s.member) ? IMAP_SYNC_RIGHTS : IMAP_SYNC_NONE;
}

enum step imap_box_sync(struct imap_session *is, enum imap_box_sync what, enum step (*then)(struct session *)) {
	struct job *j = job_new(&is->s, box_apply);
	struct box_job *d = ARENA_NEW(j->arena, struct box_job);
	d->member = is->s.member;
	d->what = what;
	j->data = d;
	j->size = 64;
	return imap_submit(is, j, NULL, then);
}

bool imap_boxes_ready(struct forum_txn *t, uint32_t member) {
	struct group g;
	return personal_find(t, member, BOX_TRASH, &g) != 0 &&
		(!rights_moderates(t, member) || personal_find(t, member, BOX_QUEUE, &g) != 0);
}
