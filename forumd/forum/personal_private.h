/* personal_private.h - pointers and boxes, for files of forumd/forum/ only. */
#ifndef FORUMD_FORUM_PERSONAL_PRIVATE_H
#define FORUMD_FORUM_PERSONAL_PRIVATE_H
#include "forumd/forum/forum_private.h"
#include "forumd/forum/personal.h"

struct key personal_key(uint32_t member, enum personal_box box);
struct key personal_pointer_key(uint64_t post, uint32_t group);
/* the box, made when missing */
int personal_open(struct forum_txn *t, uint32_t member, enum personal_box box, struct group *g_r);
/* 1 a new pointer, 0 was there; its number either way */
int personal_point_in(struct forum_txn *t, uint32_t group, uint64_t post, uint32_t *number_r);
/* a hole, or shown again: counts, change log, change */
int personal_show(struct forum_txn *t, struct place at, uint64_t post, bool visible);
#endif
