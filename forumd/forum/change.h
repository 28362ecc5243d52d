/* change.h - what a committed transaction changed, told to sessions over the bus: small, copied by value. */
#ifndef FORUMD_FORUM_CHANGE_H
#define FORUMD_FORUM_CHANGE_H
#include <stdint.h>

enum change_kind {
	CHANGE_NEW,      /* a post became visible under (group, number) */
	CHANGE_STATE,    /* its moderation state or flags changed, still visible */
	CHANGE_GONE,     /* no longer visible under that number (hidden, deleted, moved away) */
	CHANGE_BACK,     /* visible again under its old number */
	CHANGE_GROUP,    /* group made, removed, or settings changed */
	CHANGE_MARKS,    /* a member's own marks on (group, number..last) */
	CHANGE_OWN,      /* subscriptions or notes of `member` on mailboxes changed */
	CHANGE_MEMBER,   /* account, roles or password of `member` changed */
	CHANGE_MAIL,     /* the outgoing queue got something due now */
};
struct change {
	enum change_kind kind;
	uint32_t group, number, last;   /* last: for CHANGE_MARKS ranges; else = number */
	uint32_t member;                /* CHANGE_MARKS, CHANGE_OWN, CHANGE_MEMBER; CHANGE_GROUP of his own box */
	uint64_t modseq, post;
	uint64_t origin;                /* session that caused it, 0 none */
};
#endif
