/* subscribe.h - who gets which group by mail, with the reverse index that expansion walks. */
#ifndef FORUMD_FORUM_SUBSCRIBE_H
#define FORUMD_FORUM_SUBSCRIBE_H
#include "forumd/forum/member.h"

enum subscribe_mode {
	SUBSCRIBE_NONE,
	SUBSCRIBE_ALL,
	SUBSCRIBE_FIRST,
	SUBSCRIBE_REPLIES,
	SUBSCRIBE_DIGEST,
	SUBSCRIBE_DIGEST_TEXT
};
const char *subscribe_mode_name(enum subscribe_mode m);
int subscribe_mode_parse(struct slice s);
/* Needs read access to the group (ERR_NOTFOUND otherwise). SUBSCRIBE_NONE removes. */
int subscribe_set(struct forum_txn *t, uint32_t member, uint32_t group, enum subscribe_mode m, struct fail *f);
enum subscribe_mode subscribe_get(struct forum_txn *t, uint32_t member, uint32_t group);
/* subscribers of a group by member id; *cursor starts 0; 1, 0 end */
int subscribe_next(struct forum_txn *t, uint32_t group, uint32_t *cursor, enum subscribe_mode *m_r);
/* groups of a member; *cursor starts 0 */
int subscribe_of_member(struct forum_txn *t, uint32_t member, uint32_t *cursor, enum subscribe_mode *m_r);
#endif
