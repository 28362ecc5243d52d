/* app.h - app passwords: one for each program of a member, made by us (128 bits), shown once, kept as a keyed digest,
 * good at some doors only, taken back one by one. A member may have them beside his password, or alone. */
#ifndef FORUMD_FORUM_APP_H
#define FORUMD_FORUM_APP_H
#include "forumd/base/buf.h"
#include "forumd/forum/forum.h"

enum app_door { APP_NEWS = 1, APP_IMAP = 2, APP_MAIL = 4, APP_EVERYWHERE = 7 };
#define APP_MAX 20             /* of one member */
#define APP_NAME_MAX 40        /* letters, digits, ".", "_", "-"; kept in lower case */
struct app {
	struct slice name;
	unsigned doors;            /* enum app_door, or-ed */
	int64_t created, used;     /* used: kept to the hour; 0 never */
	struct slice scram;        /* SCRAM-SHA-256 record, as struct member has it */
};
/* "news, imap": at least one; 0 when a word is none. And back. */
unsigned app_doors_parse(struct slice text);
void app_doors_text(unsigned doors, struct buf *out);

/* password: 26 letters and digits as rnd_add_id makes them. ERR_EXISTS, ERR_LIMIT, ERR_INVALID, ERR_NOTFOUND (no
 * account) */
int app_add(struct forum_txn *t, uint32_t member, struct slice name, unsigned doors, struct slice password,
	struct slice scram, struct fail *f);
/* ERR_NOTFOUND. Sessions that logged in with it end. */
int app_remove(struct forum_txn *t, uint32_t member, struct slice name, struct fail *f);
/* 1, 0, < 0; slices in the transaction's arena */
int app_get(struct forum_txn *t, uint32_t member, struct slice name, struct app *a_r);
/* by name; *cursor starts empty */
int app_each(struct forum_txn *t, uint32_t member, struct slice *cursor, struct app *a_r);
/* Is it a password of one of the member's programs, good at this door? Blanks, "-" and capitals do not matter. name:
 * only that one, or empty. Compares in constant time. */
int app_check(struct forum_txn *t, uint32_t member, struct slice name, struct slice password, enum app_door door,
	struct app *a_r);
/* remembers the hour; 0: it is remembered already, or gone */
int app_note_use(struct forum_txn *t, uint32_t member, struct slice name);
/* "alice@example.org/newsreader" is a login name too: the address, and the name of the program (empty when there is
 * none) */
void app_split_login(struct slice login, struct slice *address_r, struct slice *name_r);
#endif
