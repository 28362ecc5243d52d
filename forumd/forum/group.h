/* group.h - groups: forums, blogs, chapters, committees, projects. A group's name is the same through every door.
 * Names: components of [a-z0-9+_-] joined by '.', no empty component, none starting with '-' , at most 200 octets. */
#ifndef FORUMD_FORUM_GROUP_H
#define FORUMD_FORUM_GROUP_H
#include "forumd/forum/forum.h"
#include "forumd/base/range_set.h"

enum group_kind { GROUP_FORUM, GROUP_BLOG, GROUP_ANNOUNCE, GROUP_PROJECT, GROUP_COMMITTEE };
/* GROUP_OWN: a member's own box (personal.h); never set by hand, in no list, found by no name */
enum group_access { GROUP_PUBLIC, GROUP_MEMBERS, GROUP_PRIVATE, GROUP_OWN };
enum group_posting { GROUP_POST_MEMBERS, GROUP_POST_MODERATORS, GROUP_POST_NOBODY };
/* what happens to mail whose sender is a member's address without proof (no reply key, no login, no aligned DKIM) */
enum group_unproven { GROUP_UNPROVEN_HOLD, GROUP_UNPROVEN_REFUSE };

struct group {
	uint32_t id;                 /* 0 is no group */
	uint32_t low, high;          /* watermarks: low >= 1; empty group: low = high + 1; high is the last number given */
	uint32_t count;              /* visible posts */
	uint32_t uidvalidity;        /* fixed at creation */
	int64_t created;
	uint32_t creator;            /* member id, 0 operator */
	uint32_t owner;              /* GROUP_OWN: whose box; 0 else */
	unsigned box;                /* GROUP_OWN: enum personal_box */
	uint64_t modseq;             /* highest change number, from 1 */
	enum group_kind kind;
	enum group_access access;
	enum group_posting posting;
	enum group_unproven unproven;
	bool moderated;              /* every post waits for approval */
	unsigned spam_hold;          /* per cent of likeness to spam (spam.h) from which a newcomer's post waits; 0: never */
	bool removed;
	struct slice name, title;
};

bool group_name_valid(struct slice name);
/* RFC 5536 3.1.4: why no group may have this name, in words; NULL: it may */
const char *group_name_reserved(struct slice name);
const char *group_kind_name(enum group_kind k);          /* "forum" ... */
int group_kind_parse(struct slice s);                     /* enum or < 0 */
const char *group_access_name(enum group_access a);
int group_access_parse(struct slice s);
const char *group_posting_name(enum group_posting p);
int group_posting_parse(struct slice s);
/* NNTP LIST ACTIVE status for posting in general: 'y', 'm' moderated, 'n' */
char group_status_letter(const struct group *g);

/* 1, 0 absent, < 0. Slices in *g live as long as the transaction. */
int group_get(struct forum_txn *t, uint32_t id, struct group *g_r);
int group_find(struct forum_txn *t, struct slice name, struct group *g_r);
/* a removed one, too */
int group_find_any(struct forum_txn *t, struct slice name, struct group *g_r);
/* GROUP.aside, where moderators take posts of the group: 1, 0 there is none, < 0 */
int group_aside(struct forum_txn *t, const struct group *g, struct group *aside_r);
/* groups in order of name; *cursor starts as an empty slice and is kept by the caller within the transaction */
int group_each(struct forum_txn *t, struct slice *cursor, struct group *g_r);
uint32_t group_total(struct forum_txn *t);

struct group_spec {
	struct slice name, title;
	enum group_kind kind;
	enum group_access access;
	enum group_posting posting;
	bool moderated;
};
/* A removed group of that name comes back with its id, numbers and posts, and the settings given here (numbers are
 * never reused). Its neighbours group_find and group_each never show removed groups; group_get does (removed set).
 * ERR_EXISTS, ERR_INVALID (name). A kind blog/announce starts with posting of new threads by moderators only (see
 * rights_can_start). */
int group_add(struct forum_txn *t, const struct group_spec *s, uint32_t *id_r, struct fail *f);
/* key: moderated=on|off posting= access= title= kind= unproven=hold|refuse spam-hold=50..99|off
 * GROUP.aside is never open to more people than GROUP: it is closed with it, and to open it further is ERR_INVALID. */
int group_set(struct forum_txn *t, uint32_t id, struct slice key, struct slice value, struct fail *f);
/* the name becomes free only for the same id; posts stay in the store */
int group_remove(struct forum_txn *t, uint32_t id, struct fail *f);

/* Numbers 1..high that are NOT visible (hidden, deleted, moved away, never used). Appended to holes_r. */
int group_holes(struct forum_txn *t, uint32_t group, struct range_set *holes_r);

/* Imports that keep numbers: all numbers up to and including `high` count as used; those not given yet become holes.
 * 1, 0 nothing to do, < 0. Called on: writer. */
int group_skip_to(struct forum_txn *t, uint32_t group, uint32_t high);

/* Changes after `modseq`, ascending by modseq; *cursor starts at modseq. 1, 0 end. (CONDSTORE, QRESYNC, NEWNEWS) */
struct group_change { uint64_t modseq; uint32_t number; enum change_kind kind; };
int group_change_next(struct forum_txn *t, uint32_t group, uint64_t *cursor, struct group_change *c_r);
/* Changes up to this modseq are forgotten: who asks for those since an earlier one must look at everything. */
uint64_t group_change_floor(struct forum_txn *t, uint32_t group);
/* The next group or box after *group (starts 0) whose log has more than `keep` records: 1 with what may be forgotten in
 * *upto_r (0: none among the `look` groups looked at, call again), 0 end, < 0 */
int group_change_long(struct forum_txn *t, uint32_t *group, unsigned look, unsigned keep, uint64_t *upto_r);
/* forgets at most `max` records up to `upto`: 1 there are more, 0 done, < 0. Called on: writer. */
int group_change_forget(struct forum_txn *t, uint32_t group, uint64_t upto, unsigned max);
#endif
