/* Which mailboxes a member's clients show. Every readable mailbox is subscribed until he says otherwise, siblings that
 * are commands are not; only what differs is stored, a line each: "-name" or "+name" (M imap-subscribed-MEMBER).
 *
 * Of folders, which members delete themselves, a SUBSCRIBE is stored too: the name stays subscribed without its mailbox
 * until UNSUBSCRIBE says otherwise (RFC 9051 6.3.7). */
#include <stdio.h>
#include "forumd/forum/personal.h"
#include "gateways/imap/imap_private.h"

#define SUBSCRIBE_MAX 60000u

static void subscribe_key(uint32_t member, char out[32]) {
	snprintf(out, 32, "imap-subscribed-%u", member);
}

int imap_subscriptions(struct imap_session *is, struct forum_txn *t, struct slice *list_r) {
	char key[32];
	subscribe_key(is->s.member, key);
	*list_r = slice_of("", 0);
	int r = forum_meta_get(t, key, list_r);
	*list_r = r > 0 ? arena_slice(is->s.command, *list_r) : slice_of("", 0);
	return r;
}

bool imap_subscribed(struct slice list, struct slice name) {
	struct slice line;
	while (slice_line(&list, &line))
		if (line.n && slice_eq(slice_from(line, 1), name))
			return *line.p == '+';
	return slice_chr(name, '!') < 0;
}

bool imap_subscribed_next(struct slice *list, struct slice *name_r) {
	struct slice line;
	while (slice_line(list, &line)) {
		*name_r = slice_from(line, 1);
		if (line.n > 1 && *line.p == '+' && slice_chr(*name_r, '!') < 0)
			return true;
	}
	return false;
}

/* gone: there is no such mailbox any more, only a line of it */
struct subscribe_job { uint32_t member; struct slice name; bool on, folder, gone; };

static int subscribe_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct subscribe_job *d = j->data;
	struct slice list = slice_of("", 0), line;
	struct buf b = {0};
	char key[32];
	subscribe_key(d->member, key);
	int r = forum_meta_get(t, key, &list);
	if (r <= 0)
		list = slice_of("", 0);
	while (r >= 0 && slice_line(&list, &line))
		if (line.n && !slice_eq(slice_from(line, 1), d->name))
			buf_addf(&b, "%.*s\n", SLICE_ARG(line));
	if (!d->gone && (d->on != (slice_chr(d->name, '!') < 0) || (d->on && d->folder)))
		buf_addf(&b, "%c%.*s\n", d->on ? '+' : '-', SLICE_ARG(d->name));
	if (r >= 0 && buf_len(&b) > SUBSCRIBE_MAX)
		r = fail_set(f, ERR_LIMIT, "too many mailboxes differ from the default");
	else if (r >= 0)
		r = forum_meta_put(t, key, buf_slice(&b));
	buf_free(&b);
	if (r >= 0)
		forum_tell_own(t, d->member, 0);
	return r < 0 ? r : 1;
}

static enum step subscribe_done(struct session *s) {
	struct imap_session *is = imap_of(s);
	return is->result < 0 ? imap_fail(is, &is->fail) : imap_ok(is, "%s completed", is->command->name);
}

/* a folder that was deleted and is subscribed still */
static bool subscribe_gone(struct imap_session *is, struct forum_txn *t, struct slice name) {
	struct slice list, one;
	if (imap_subscriptions(is, t, &list) <= 0)
		return false;
	while (imap_subscribed_next(&list, &one))
		if (slice_eq(one, name))
			return true;
	return false;
}

static enum step subscribe(struct imap_session *is, struct slice *rest, bool on) {
	struct slice name;
	struct group g = {0};
	if (!imap_take_space(rest) || !imap_take_mailbox(is, rest, &name) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	struct forum_txn *t = session_read(&is->s);
	int r = t ? imap_mailbox_find(is, t, name, &g) : ERR_UNAVAILABLE;
	bool gone = r == 0 && !on && subscribe_gone(is, t, name);
	if (r <= 0 && !gone)
		return r < 0 ? imap_unavailable(is) : imap_no_mailbox(is);
	struct job *j = job_new(&is->s, subscribe_apply);
	struct subscribe_job *d = ARENA_NEW(j->arena, struct subscribe_job);
	*d = (struct subscribe_job){ .member = is->s.member, .name = arena_slice(j->arena, name), .on = on, .gone = gone,
		.folder = g.owner && g.box == BOX_FOLDER };
	j->data = d;
	j->size = 256;
	return imap_submit(is, j, NULL, subscribe_done);
}

enum step imap_cmd_subscribe(struct imap_session *is, struct slice *rest) {
	return subscribe(is, rest, true);
}

enum step imap_cmd_unsubscribe(struct imap_session *is, struct slice *rest) {
	return subscribe(is, rest, false);
}
