/* folder.h - folders a member made: boxes (personal.h, BOX_FOLDER) with a name of his own, `.` between levels.
 * Each has numbers and a UIDVALIDITY of its own that no other folder of the store ever had; a new name keeps both.
 *
 * Names: UTF-8 in NFC, at most FOLDER_NAME_MAX octets and FOLDER_LEVELS_MAX levels, without control characters, %
 * and *. The first level must hold a character that no group's name may hold (a capital, a space, a letter beyond
 * ASCII), so that no folder ever stands where a group is, or will be, or is hidden from the member; no level
 * begins with '!'. */
#ifndef FORUMD_FORUM_FOLDER_H
#define FORUMD_FORUM_FOLDER_H
#include "forumd/forum/group.h"

enum { FOLDER_NAME_MAX = 200, FOLDER_LEVELS_MAX = 16, FOLDERS_MAX = 200 };
enum folder_use { FOLDER_PLAIN, FOLDER_ARCHIVE, FOLDER_JUNK };   /* RFC 6154 */

struct folder { uint32_t group; enum folder_use use; struct slice name; };

/* 1, ERR_INVALID, or ERR_DENIED for a name groups could have */
int folder_name_check(struct slice name, struct fail *f);
/* 1, 0 none, < 0. Slices live as long as the transaction. */
int folder_find(struct forum_txn *t, uint32_t member, struct slice name, struct folder *f_r);
int folder_of_use(struct forum_txn *t, uint32_t member, enum folder_use use, struct folder *f_r);
/* in order of name; *cursor starts empty and is kept by the caller within the transaction; 1, 0 end, < 0 */
int folder_each(struct forum_txn *t, uint32_t member, struct slice *cursor, struct folder *f_r);

/* Called on: writer. ERR_EXISTS, ERR_INVALID and ERR_DENIED (name), ERR_LIMIT (FOLDERS_MAX), ERR_DENIED (another
 * folder has that use: ask folder_of_use). Levels above that are missing are made too, but for those that `is_box`
 * knows as names of other mailboxes. */
int folder_add(struct forum_txn *t, uint32_t member, struct slice name, enum folder_use use,
	bool (*is_box)(struct slice name), struct fail *f);
/* with all below it. ERR_NOTFOUND, ERR_EXISTS, ERR_INVALID, ERR_TOOBIG (a name below became too long) */
int folder_rename(struct forum_txn *t, uint32_t member, struct slice from, struct slice to,
	bool (*is_box)(struct slice name), struct fail *f);
/* Messages of the folder are erased, at most max of them, from number *next (1 at first) on: 1 there may be more,
 * 0 none, < 0 */
int folder_clear(struct forum_txn *t, uint32_t group, uint32_t *next, unsigned max, struct fail *f);
/* the name goes; clear it first. ERR_NOTFOUND; ERR_BUSY: there are folders below */
int folder_remove(struct forum_txn *t, uint32_t member, struct slice name, struct fail *f);
/* the same whatever is below */
int folder_forget(struct forum_txn *t, uint32_t member, const struct folder *folder, struct fail *f);
#endif
