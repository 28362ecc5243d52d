/* member.h - accounts and author records in one family: an imported author is a member without an account, so that
 * renaming, claiming and anonymising are one write. */
#ifndef FORUMD_FORUM_MEMBER_H
#define FORUMD_FORUM_MEMBER_H
#include "forumd/forum/forum.h"

enum member_kind {
	MEMBER_ACCOUNT,     /* can log in */
	MEMBER_AUTHOR,      /* seen in imported or gatewayed posts; shown as typed */
	MEMBER_ANONYMOUS,   /* the author nobody named; exactly one record */
	MEMBER_GONE,        /* left and anonymised or erased: shown as anonymous */
};
enum role { ROLE_READER, ROLE_MEMBER, ROLE_SUPPORTER, ROLE_MODERATOR, ROLE_COMMITTEE, ROLE_ADMIN, ROLE_NONE };
const char *role_name(enum role r);
int role_parse(struct slice s);   /* enum or < 0 */

struct member_role { enum role role; uint32_t group; };   /* group 0: everywhere */
struct member {
	uint32_t id;
	enum member_kind kind;
	int64_t created, last_login;
	bool renamed;                  /* an AUTHOR whose record now rules over the typed From */
	bool mark_on_read;             /* NNTP ARTICLE/BODY marks read (default true) */
	bool left;
	bool no_receipts, no_replies;  /* wants no receipts; no replies to him beside what he subscribed to */
	bool aside;                    /* stands aside: no mail, nothing is lost */
	bool mail_marks;               /* answering by mail marks the post as read and answered */
	bool private_mail;             /* other members may write to him by his author address */
	bool gateway;                  /* a program that brings posts of others: From need not be its own */
	unsigned catchup;              /* days of absence after which he gets a catch-up mail; 0 never */
	unsigned quiet_from, quiet_to; /* hours (UTC) between which no copies leave; equal: none */
	uint32_t bounces;              /* hard-bounce score; 5 pauses mail */
	struct slice name;             /* UTF-8 */
	struct slice *addresses; size_t naddresses;    /* first is primary; canonical keys (address_key form) */
	struct member_role *roles; size_t nroles;
	struct slice password;         /* argon2id string, or crypt() form from imports; empty: cannot log in */
	struct slice scram;            /* SCRAM-SHA-256 record "iterations:salt:stored:server" (base64), may be empty */
};

/* Slices live as long as the transaction. 1, 0, < 0 */
int member_get(struct forum_txn *t, uint32_t id, struct member *m_r);
/* address in canonical form (address_key: lower case) */
int member_by_address(struct forum_txn *t, struct slice address, struct member *m_r);
int member_each(struct forum_txn *t, uint32_t *cursor, struct member *m_r);   /* *cursor starts 0 */

/* ERR_EXISTS when an address belongs to an account already; an AUTHOR record with that address is claimed (becomes the
 * account: old posts are its own). */
int member_add(struct forum_txn *t, struct slice name, struct slice address, uint32_t *id_r, struct fail *f);
/* author record for an address (or, without one, for a name); found or made */
int member_author(struct forum_txn *t, struct slice name, struct slice address, uint32_t *id_r);
uint32_t member_anonymous(struct forum_txn *t);   /* id; made with the store */
/* hash and scram as stored; computing them is the auth pool's work */
int member_set_password(struct forum_txn *t, uint32_t id, struct slice hash, struct slice scram, struct fail *f);
/* An address of an AUTHOR record moves to the account (mail from it is the account's from now on; the posts of that
 * record stay its own). ERR_EXISTS when another account has it. At most 32. */
int member_add_address(struct forum_txn *t, uint32_t id, struct slice address, struct fail *f);
/* ERR_INVALID for the last address of an account */
int member_del_address(struct forum_txn *t, uint32_t id, struct slice address, struct fail *f);
/* key: name=, mark-on-read=on|off, left=on|off (left: no rights and no mail; subscriptions and roles wait for a
 * return), bounces=N, primary=ADDRESS (one of its own), receipts=on|off,
 * replies=on|off, aside=on|off, quiet=FROM-TO (hours, UTC) or off, mail-marks=on|off, private=on|off, catchup=DAYS|off.
 * ERR_INVALID with a sentence otherwise. */
int member_set(struct forum_txn *t, uint32_t id, struct slice key, struct slice value, struct fail *f);
/* ROLE_NONE takes every role in that group away */
int member_set_role(struct forum_txn *t, uint32_t id, enum role role, uint32_t group, struct fail *f);
bool member_has_role(const struct member *m, enum role role, uint32_t group);   /* there or everywhere */
/* anonymise: posts stay, name and addresses go; erase: the posts' texts go too, piece by piece from now on (erase.h).
 * Roles, subscriptions, marks go. Again: ERR_GONE. */
int member_remove(struct forum_txn *t, uint32_t id, bool erase_posts, struct fail *f);
/* last_login, kept to the hour: a busy client does not write for every login. After an absence as long as the member
 * named (catchup) he gets a catch-up mail. */
int member_note_login(struct forum_txn *t, uint32_t id);
/* One more bounce: a hard one counts two points, a soft one (given up after many tries) one. bounces is half the points
 * of the last 7 days; at MEMBER_BOUNCES_MAX all mail to the member pauses, until the operator or the member himself
 * says that his address works (member_set bounces=0). 2: it pauses from now on; 1; < 0 */
#define MEMBER_BOUNCES_MAX 5
#define MEMBER_BOUNCE_DAYS 7
int member_note_bounce(struct forum_txn *t, uint32_t id);
int member_note_bounce_soft(struct forum_txn *t, uint32_t id);
/* true when this member may get mail at all: an account with an address that has not left and does not bounce */
bool member_takes_mail(const struct member *m);
#endif
