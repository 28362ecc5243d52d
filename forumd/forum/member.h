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
int member_add_address(struct forum_txn *t, uint32_t id, struct slice address, struct fail *f);
int member_del_address(struct forum_txn *t, uint32_t id, struct slice address, struct fail *f);
/* key: name=, mark-on-read=on|off */
int member_set(struct forum_txn *t, uint32_t id, struct slice key, struct slice value, struct fail *f);
/* ROLE_NONE takes every role in that group away */
int member_set_role(struct forum_txn *t, uint32_t id, enum role role, uint32_t group, struct fail *f);
bool member_has_role(const struct member *m, enum role role, uint32_t group);   /* there or everywhere */
/* anonymise: posts stay, name and addresses go; erase: the posts' texts go too. Roles, subscriptions, marks go. */
int member_remove(struct forum_txn *t, uint32_t id, bool erase_posts, struct fail *f);
int member_note_login(struct forum_txn *t, uint32_t id);
#endif
