/* ACL (RFC 4314) in terms of a forum's roles. The letters:
 *
 *   lrswte  read: whoever may read marks and hides posts for himself; always together
 *   ip      post: by APPEND and by mail; always together
 *   a       moderate: see who has which role, let people read and post
 *   k x     only of the member's own mailboxes
 *
 * Identifiers are author-ID, the name that stands in every post's From: no address is told or taken. `anyone` is what
 * every member may, and belongs to the group's settings. A list names who has a role in the group, and whom a role
 * elsewhere gives other rights than everybody's: admins and moderators of the whole forum, readers who never post. The
 * letters c and d (RFC 2086) are told where all they stand for is there (RFC 4314 2.1.1). */
#include "forumd/base/num.h"
#include "forumd/forum/grant.h"
#include "forumd/forum/personal.h"
#include "gateways/imap/imap_private.h"

#define ACL_READ "lrswte"
#define ACL_POST "ip"
#define ACL_STRIDE 1024u

/* what the member may in the mailbox; group zeroed: an empty one that is a command */
static void acl_rights(struct forum_txn *t, uint32_t member, const struct group *g, struct buf *out) {
	struct fail f = {0};
	if (!g->id) {
		buf_adds(out, "lri");
		return;
	}
	if (!rights_can_read(t, member, g))
		return;
	buf_adds(out, ACL_READ);
	if (g->owner) {
		buf_adds(out, personal_holds_own(g) ? "ikxacd" : "ad");
		return;
	}
	if (rights_can_post(t, member, g, &f) > 0)
		buf_adds(out, ACL_POST);
	buf_adds(out, grant_may(t, member, g) ? "ad" : "d");
}

/* what any member may who has no role */
static void acl_anyone(const struct group *g, struct buf *out) {
	buf_adds(out, ACL_READ);
	if (g->posting == GROUP_POST_MEMBERS)
		buf_adds(out, ACL_POST);
	buf_addc(out, 'd');
}

/* the mailbox of the argument, for who may administer it: 0 the answer was given */
static int acl_mailbox(struct imap_session *is, struct slice name, bool admin, struct forum_txn **t_r,
	struct group *g_r, enum step *step_r) {
	struct forum_txn *t = *t_r = session_read(&is->s);
	int r = t ? imap_mailbox_find(is, t, name, g_r) : ERR_UNAVAILABLE;
	if (r < 0)
		*step_r = imap_unavailable(is);
	else if (r == 0)
		*step_r = imap_no_mailbox(is);
	else if (admin && !g_r->owner && (!g_r->id || !grant_may(t, is->s.member, g_r)))
		*step_r = imap_no(is, "NOPERM", "only moderators see and change who may what here");
	else
		return 1;
	return 0;
}

enum step imap_cmd_myrights(struct imap_session *is, struct slice *rest) {
	struct slice name;
	struct forum_txn *t;
	struct group g;
	enum step step;
	if (!imap_take_space(rest) || !imap_take_mailbox(is, rest, &name) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	if (!acl_mailbox(is, name, false, &t, &g, &step))
		return step;
	struct buf *out = session_out(&is->s);
	buf_adds(out, "* MYRIGHTS ");
	imap_add_mailbox(is, out, name);
	buf_addc(out, ' ');
	acl_rights(t, is->s.member, &g, out);
	buf_adds(out, "\r\n");
	return imap_ok(is, "MYRIGHTS completed");
}

/* --- GETACL: all members are looked at, in steps --- */

struct acl { struct slice name, anyone; uint32_t group, next; struct buf line; };

static void acl_free(void *arg) {
	buf_free(&((struct acl *)arg)->line);
}

/* asked: by name; else only when it is not what anyone may */
static void acl_add(struct forum_txn *t, struct acl *w, uint32_t member, const struct group *g, bool asked) {
	size_t start = buf_len(&w->line);
	buf_addf(&w->line, " author-%u ", member);
	size_t before = buf_len(&w->line);
	acl_rights(t, member, g, &w->line);
	struct slice rights = slice_from(buf_slice(&w->line), before);
	if (!rights.n || (!asked && slice_eq(rights, w->anyone)))      /* none: who left */
		buf_truncate(&w->line, start);
}

static enum step acl_tell(struct imap_session *is, struct acl *w) {
	struct buf *out = session_out(&is->s);
	buf_adds(out, "* ACL ");
	imap_add_mailbox(is, out, w->name);
	buf_add_slice(out, buf_slice(&w->line));
	buf_adds(out, "\r\n");
	return imap_ok(is, "GETACL completed");
}

static enum step acl_step(struct session *s) {
	struct imap_session *is = imap_of(s);
	struct acl *w = is->work;
	struct member m;
	struct group g;
	int r = 0;
	struct forum_txn *t = session_read(s);
	if (!t || group_get(t, w->group, &g) <= 0 || !grant_may(t, s->member, &g))
		return imap_no_mailbox(is);
	for (unsigned n = 0; n < ACL_STRIDE && (r = member_each(t, &w->next, &m)) > 0; n++)
		if (m.kind == MEMBER_ACCOUNT && m.nroles)
			acl_add(t, w, m.id, &g, grant_of(&m, g.id) != GRANT_NONE);
	if (r < 0)
		return imap_unavailable(is);
	s->step = acl_step;
	return r > 0 ? STEP_MORE : acl_tell(is, w);
}

enum step imap_cmd_getacl(struct imap_session *is, struct slice *rest) {
	struct acl *w = ARENA_NEW(is->s.command, struct acl);
	struct forum_txn *t;
	struct group g;
	enum step step;
	arena_on_reset(is->s.command, acl_free, w);
	if (!imap_take_space(rest) || !imap_take_mailbox(is, rest, &w->name) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	if (!acl_mailbox(is, w->name, true, &t, &g, &step))
		return step;
	if (g.owner) {
		acl_add(t, w, is->s.member, &g, true);
		return acl_tell(is, w);
	}
	if (g.access != GROUP_PRIVATE) {
		buf_adds(&w->line, " anyone ");
		size_t at = buf_len(&w->line);
		acl_anyone(&g, &w->line);
		w->anyone = arena_slice(is->s.command, slice_from(buf_slice(&w->line), at));
	}
	w->group = g.id;
	is->work = w;
	return acl_step(&is->s);
}

/* --- identifiers and rights --- */

/* author-ID, or author-ID@DOMAIN as in From; 0 no such name */
static uint32_t acl_member(struct imap_session *is, struct slice name) {
	static const struct slice author = SLICE_INIT("author-");
	struct slice domain = slice_str(is->s.config->domain);
	uint32_t id = 0;
	if (name.n > domain.n && slice_eq_nocase(slice_from(name, name.n - domain.n), domain) &&
		name.p[name.n - domain.n - 1] == '@')
		name = slice_to(name, name.n - domain.n - 1);
	if (name.n <= author.n || !slice_eq_nocase(slice_to(name, author.n), author) ||
		!num_parse_u32(slice_from(name, author.n), &id))
		return 0;
	return id;
}

/* what he always has here, then what can be given to him; a role for the whole forum is neither given nor taken here */
static void acl_list_member(struct forum_txn *t, uint32_t by, const struct member *m, const struct group *g,
	struct buf *out) {
	bool open = g->access != GROUP_PRIVATE, closed = g->posting == GROUP_POST_NOBODY;
	if (!m->left && (member_has_role(m, ROLE_ADMIN, g->id) || (open && member_has_role(m, ROLE_MODERATOR, 0)))) {
		buf_addf(out, "%s%sa", ACL_READ, closed ? "" : ACL_POST);
		return;
	}
	buf_adds(out, open ? ACL_READ : "\"\" " ACL_READ);
	if (member_has_role(m, ROLE_READER, 0))
		return;
	buf_addf(out, "%s%s", closed ? "" : " " ACL_POST, grant_limit(t, by, g) == GRANT_MODERATE ? " a" : "");
}

enum step imap_cmd_listrights(struct imap_session *is, struct slice *rest) {
	struct slice name, who;
	struct forum_txn *t;
	struct member m;
	struct group g;
	enum step step;
	if (!imap_take_space(rest) || !imap_take_mailbox(is, rest, &name) || !imap_take_space(rest) ||
	    !imap_take_astring(rest, is->s.command, &who) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	if (!acl_mailbox(is, name, true, &t, &g, &step))
		return step;
	bool anyone = slice_is(who, "anyone");
	uint32_t id = anyone ? 0 : acl_member(is, who);
	if (!anyone && (!id || member_get(t, id, &m) <= 0 || m.kind != MEMBER_ACCOUNT || (g.owner && id != g.owner)))
		return imap_no(is, "NONEXISTENT", "there is no member of that name: it is author-NUMBER, as in From");
	struct buf *out = session_out(&is->s);
	buf_adds(out, "* LISTRIGHTS ");
	imap_add_mailbox(is, out, name);
	buf_addf(out, anyone ? " anyone " : " author-%u ", id);
	if (g.owner)
		buf_adds(out, anyone ? "\"\"" : personal_holds_own(&g) ? ACL_READ "ikxa" : ACL_READ "a");
	else if (anyone)
		buf_addf(out, g.access == GROUP_PRIVATE ? "\"\"" : "%s%s", ACL_READ,
			g.posting == GROUP_POST_MEMBERS ? ACL_POST : "");
	else
		acl_list_member(t, is->s.member, &m, &g, out);
	buf_adds(out, "\r\n");
	return imap_ok(is, "LISTRIGHTS completed");
}

/* --- changes --- */

enum acl_bit { ACL_BIT_POST = 1 << 6, ACL_BIT_POST2 = 1 << 7, ACL_BIT_ADMIN = 1 << 8, ACL_ALL_READ = (1 << 6) - 1,
	ACL_ALL_POST = ACL_BIT_POST | ACL_BIT_POST2 };

/* letters to bits; k, x and c can be given to nobody here and are left out; d is t and e. false: no right at all */
static bool acl_bits(struct slice letters, unsigned *bits_r) {
	static const char order[] = ACL_READ ACL_POST "a";
	*bits_r = 0;
	for (size_t i = 0; i < letters.n; i++) {
		const char *at = letters.p[i] ? strchr(order, letters.p[i]) : NULL;
		if (at)
			*bits_r |= 1u << (at - order);
		else if (letters.p[i] == 'd')
			*bits_r |= 3u << 4;
		else if (!letters.p[i] || !strchr("kxc", letters.p[i]))
			return false;
	}
	return true;
}

static unsigned acl_bits_of(enum grant g) {
	return (g >= GRANT_READ ? ACL_ALL_READ : 0) | (g >= GRANT_POST ? ACL_ALL_POST : 0) |
		(g == GRANT_MODERATE ? ACL_BIT_ADMIN : 0);
}

struct setacl_job { uint32_t by, group, member; char how; unsigned bits; };

/* Rights that go together are given together or not at all (RFC 4314 3.1). In groups that every member may read,
 * posting alone can be given and taken. */
static int setacl_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct setacl_job *d = j->data;
	struct member m;
	struct group g;
	int r = group_get(t, d->group, &g);
	if (r <= 0 || !rights_can_read(t, d->by, &g))
		return fail_set(f, ERR_NOTFOUND, "no such mailbox");
	if (!grant_may(t, d->by, &g))
		return fail_set(f, ERR_DENIED, "only moderators change who may what here");
	if ((r = member_get(t, d->member, &m)) <= 0)
		return fail_set(f, ERR_NOTFOUND, "there is no member of that name");
	bool open = g.access != GROUP_PRIVATE;
	unsigned has = acl_bits_of(grant_of(&m, g.id));
	if (!has && open)
		has = ACL_ALL_READ | (g.posting == GROUP_POST_MEMBERS ? ACL_ALL_POST : 0);
	unsigned bits = d->how == '+' ? has | d->bits : d->how == '-' ? has & ~d->bits : d->bits;
	unsigned read = bits & ACL_ALL_READ, post = bits & ACL_ALL_POST;
	if ((read && read != ACL_ALL_READ) || (post && post != ACL_ALL_POST) || (bits && !read) ||
		(bits & ACL_BIT_ADMIN && !post))
		return fail_set(f, ERR_INVALID, "rights go together: %s, then %s with them, then a with these", ACL_READ,
			ACL_POST);
	enum grant to = bits & ACL_BIT_ADMIN ? GRANT_MODERATE : post ? GRANT_POST : read ? GRANT_READ : GRANT_NONE;
	if ((r = grant_set(t, d->by, d->member, &g, to, f)) < 0)
		return r;
	return 1;
}

static enum step setacl_done(struct session *s) {
	struct imap_session *is = imap_of(s);
	return is->result < 0 ? imap_fail(is, &is->fail) : imap_ok(is, "%s completed", is->command->name);
}

static enum step setacl(struct imap_session *is, struct slice name, struct slice who, char how, unsigned bits) {
	struct forum_txn *t;
	struct group g;
	enum step step;
	if (!acl_mailbox(is, name, true, &t, &g, &step))
		return step;
	if (g.owner)
		return imap_no(is, "CANNOT", "your own mailboxes are yours alone");
	if (slice_is(who, "anyone"))
		return imap_no(is, "CANNOT", "what everybody may is a setting of the group: forumctl group set");
	if (who.n && *who.p == '-')
		return imap_no(is, "CANNOT", "there are no negative rights here");
	uint32_t member = acl_member(is, who);
	if (!member)
		return imap_no(is, "NONEXISTENT", "there is no member of that name: it is author-NUMBER, as in From");
	struct job *j = job_new(&is->s, setacl_apply);
	struct setacl_job *d = ARENA_NEW(j->arena, struct setacl_job);
	*d = (struct setacl_job){ .by = is->s.member, .group = g.id, .member = member, .how = how, .bits = bits };
	j->data = d;
	j->size = 256;
	return imap_submit(is, j, NULL, setacl_done);
}

enum step imap_cmd_setacl(struct imap_session *is, struct slice *rest) {
	struct slice name, who, letters;
	unsigned bits;
	if (!imap_take_space(rest) || !imap_take_mailbox(is, rest, &name) || !imap_take_space(rest) ||
	    !imap_take_astring(rest, is->s.command, &who) || !imap_take_space(rest) ||
	    !imap_take_astring(rest, is->s.command, &letters) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	char how = letters.n && (*letters.p == '+' || *letters.p == '-') ? *letters.p : 0;
	if (!acl_bits(slice_from(letters, how != 0), &bits))
		return imap_bad(is, "rights are letters out of lrswipkxteacd");
	return setacl(is, name, who, how, bits);
}

enum step imap_cmd_deleteacl(struct imap_session *is, struct slice *rest) {
	struct slice name, who;
	if (!imap_take_space(rest) || !imap_take_mailbox(is, rest, &name) || !imap_take_space(rest) ||
	    !imap_take_astring(rest, is->s.command, &who) || !imap_take_end(rest))
		return imap_bad_arguments(is);
	return setacl(is, name, who, 0, 0);
}
