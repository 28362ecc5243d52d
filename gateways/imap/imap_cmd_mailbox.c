/* CREATE DELETE RENAME (RFC 9051 6.3.4-6, RFC 6154 3): of the member's own folders (forumd/forum/folder.h). Groups
 * and the boxes everybody has stay as they are. A name that a group could have is refused with the same words
 * whether there is such a group that the member may not see, or none. */
#include "forumd/forum/folder.h"
#include "forumd/forum/personal.h"
#include "gateways/imap/imap_private.h"

#define DELETE_BATCH 100
#define CREATE_PER_MINUTE 300   /* a deleted folder leaves a record: its number is never used again */

static bool is_box(struct slice name) {
	return imap_box_named(name) != NULL;
}

struct mailbox_job {
	uint32_t member, group, next, done;    /* DELETE: from that number on; up to this one */
	struct slice name, to;
	enum folder_use use;
	bool more;
	const char *code;              /* of a refusal, where the error alone does not tell */
};
struct mailbox { struct slice name, typed, to; uint32_t group, next; bool more; const char *code; };

static struct mailbox_job *mailbox_job_new(struct imap_session *is, int (*apply)(struct forum_txn *t, struct job *j,
	struct fail *f), struct job **j_r) {
	struct mailbox *w = is->work;
	struct job *j = *j_r = job_new(&is->s, apply);
	struct mailbox_job *d = ARENA_NEW(j->arena, struct mailbox_job);
	d->member = is->s.member;
	d->group = w->group;
	d->next = w->next;
	d->name = arena_slice(j->arena, w->name);
	d->to = arena_slice(j->arena, w->to);
	j->data = d;
	j->size = 1024;
	return d;
}

static void mailbox_keep(struct imap_session *is, struct job *j) {
	struct mailbox *w = is->work;
	struct mailbox_job *d = j->data;
	w->group = d->group;
	w->next = d->done;
	w->more = d->more;
	w->code = d->code;
}

static enum step mailbox_refused(struct imap_session *is) {
	const struct mailbox *w = is->work;
	return w->code ? imap_no(is, w->code, "%s", is->fail.text) : imap_fail(is, &is->fail);
}

/* --- CREATE --- */

static int create_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct mailbox_job *d = j->data;
	struct folder folder;
	d->code = NULL;
	int r = d->use ? folder_of_use(t, d->member, d->use, &folder) : 0;
	if (r > 0)
		d->code = "USEATTR";
	if (r >= 0)
		r = folder_add(t, d->member, d->name, d->use, is_box, f);
	if (r > 0 && (r = folder_find(t, d->member, d->name, &folder)) > 0)
		d->group = folder.group;
	return r;
}

static enum step create_done(struct session *s) {
	struct imap_session *is = imap_of(s);
	const struct mailbox *w = is->work;
	if (is->result < 0)
		return mailbox_refused(is);
	if (is->rev2 && w->typed.n)
		imap_tell_list(is, "", w->name, w->typed);
	return imap_ok(is, "[MAILBOXID (G%u)] CREATE completed", w->group);
}

/* [SP "(" "USE" SP "(" attribute ... ")" ")"]; *good_r: it is a use that can be given */
static bool take_use(struct slice *in, enum folder_use *use_r, bool *good_r) {
	struct slice name;
	*use_r = FOLDER_PLAIN;
	*good_r = true;
	if (imap_take_end(in))
		return true;
	if (!imap_take_space(in) || !imap_take_char(in, '(') || !imap_take_name(in, &name) ||
		!slice_is_nocase(name, "USE") || !imap_take_space(in) || !imap_take_char(in, '('))
		return false;
	do {
		if (!imap_take_flag(in, &name) || *name.p != '\\')
			return false;
		enum folder_use use = slice_is_nocase(name, "\\Archive") ? FOLDER_ARCHIVE : slice_is_nocase(name, "\\Junk") ?
			FOLDER_JUNK : FOLDER_PLAIN;
		*good_r = *good_r && use && (!*use_r || *use_r == use);
		*use_r = use;
	} while (imap_take_space(in));
	return imap_take_char(in, ')') && imap_take_char(in, ')') && imap_take_end(in);
}

enum step imap_cmd_create(struct imap_session *is, struct slice *rest) {
	struct mailbox *w = ARENA_NEW(is->s.command, struct mailbox);
	enum folder_use use;
	struct group g;
	struct job *j;
	bool good;
	is->work = w;
	if (!imap_take_space(rest) || !imap_take_mailbox_typed(is, rest, &w->name, &w->typed) ||
		!take_use(rest, &use, &good))
		return imap_bad_arguments(is);
	if (w->name.n > 1 && w->name.p[w->name.n - 1] == '.')   /* what is below it comes later (RFC 9051 6.3.4) */
		w->name.n--;
	struct forum_txn *t = session_read(&is->s);
	int r = t ? imap_mailbox_find(is, t, w->name, &g) : ERR_UNAVAILABLE;
	if (r < 0)
		return imap_unavailable(is);
	if (r > 0 || is_box(w->name))
		return imap_no(is, "ALREADYEXISTS", "there is a mailbox of that name already");
	if (!good)
		return imap_no(is, "USEATTR", "a folder of your own can be for \\Archive or \\Junk, and for one of them only");
	if (!session_rate(&is->s, "folder", CREATE_PER_MINUTE))
		return imap_no(is, "LIMIT", "too many folders made, try again in a minute");
	mailbox_job_new(is, create_apply, &j)->use = use;
	return imap_submit(is, j, mailbox_keep, create_done);
}

/* --- what DELETE and RENAME may touch --- */

/* 0 a folder, with w->group; else the answer is given */
static int own_folder(struct imap_session *is, struct mailbox *w, enum step *answer_r) {
	struct forum_txn *t = session_read(&is->s);
	struct folder folder;
	struct group g;
	int r = t ? folder_find(t, is->s.member, w->name, &folder) : ERR_UNAVAILABLE;
	if (r > 0) {
		w->group = folder.group;
		return 0;
	}
	if (r == 0)
		r = imap_mailbox_find(is, t, w->name, &g);
	if (r < 0)
		*answer_r = imap_unavailable(is);
	else if (is_box(w->name) || r == 2)
		*answer_r = imap_no(is, "CANNOT", "every member has this mailbox: it stays as it is");
	else if (r > 0)
		*answer_r = imap_no(is, "NOPERM", "groups belong to the forum; its operators make, name and remove them");
	else
		*answer_r = imap_no_mailbox(is);
	return 1;
}

/* --- DELETE: the messages in batches, then the name --- */

static int delete_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct mailbox_job *d = j->data;
	struct slice cursor = d->name;
	struct folder folder;
	d->done = d->next;
	d->code = NULL;
	/* nothing is erased of a folder that will stay */
	int r = folder_find(t, d->member, d->name, &folder);
	/* between two batches another session may have removed it, and made one of that name */
	if (r <= 0 || folder.group != d->group)
		return r < 0 ? r : fail_set(f, ERR_NOTFOUND, "no such mailbox");
	while ((r = folder_each(t, d->member, &cursor, &folder)) > 0 && slice_starts(folder.name, d->name))
		if (folder.name.p[d->name.n] == '.') {
			d->code = "HASCHILDREN";
			return fail_set(f, ERR_BUSY, "there are folders below it: delete them first");
		}
	if (r < 0 || (r = folder_clear(t, d->group, &d->done, DELETE_BATCH, f)) < 0)
		return r;
	d->more = r > 0;
	return d->more ? 1 : folder_remove(t, d->member, d->name, f);
}

static enum step delete_next(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct mailbox *w = is->work;
	struct job *j;
	if (is->result < 0)
		return mailbox_refused(is);
	if (w->more) {
		mailbox_job_new(is, delete_apply, &j);
		return imap_submit(is, j, mailbox_keep, delete_next);
	}
	if (is->group == w->group && is->state == IMAP_SELECTED) {
		imap_deselect(is);
		buf_adds(session_out(s), "* OK [CLOSED] the mailbox is no longer there\r\n");
	}
	return imap_ok(is, "DELETE completed");
}

enum step imap_cmd_delete(struct imap_session *is, struct slice *rest) {
	struct mailbox *w = ARENA_NEW(is->s.command, struct mailbox);
	enum step answer;
	is->work = w;
	if (!imap_take_space(rest) || !imap_take_mailbox(is, rest, &w->name) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	if (own_folder(is, w, &answer))
		return answer;
	w->more = true;
	w->next = 1;
	is->result = 1;
	return delete_next(&is->s);
}

/* --- RENAME --- */

static int rename_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct mailbox_job *d = j->data;
	return folder_rename(t, d->member, d->name, d->to, is_box, f);
}

static enum step rename_done(struct session *s) {
	struct imap_session *is = imap_of(s);
	const struct mailbox *w = is->work;
	if (is->result < 0)
		return mailbox_refused(is);
	if (is->rev2)
		imap_tell_list(is, "", w->to, w->name);
	return imap_ok(is, "RENAME completed");
}

enum step imap_cmd_rename(struct imap_session *is, struct slice *rest) {
	struct mailbox *w = ARENA_NEW(is->s.command, struct mailbox);
	enum step answer;
	struct group g;
	struct job *j;
	is->work = w;
	if (!imap_take_space(rest) || !imap_take_mailbox(is, rest, &w->name) || !imap_take_space(rest) ||
	    !imap_take_mailbox(is, rest, &w->to) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	if (own_folder(is, w, &answer))
		return answer;
	struct forum_txn *t = session_read(&is->s);
	int r = t ? imap_mailbox_find(is, t, w->to, &g) : ERR_UNAVAILABLE;
	if (r < 0)
		return imap_unavailable(is);
	if (r > 0)
		return imap_no(is, "ALREADYEXISTS", "there is a mailbox of that name already");
	mailbox_job_new(is, rename_apply, &j);
	return imap_submit(is, j, mailbox_keep, rename_done);
}
