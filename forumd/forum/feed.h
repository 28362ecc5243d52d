/* feed.h - upstream groups that forumd-fetch follows: those added at run time (forumctl feed), and how far each has
 * been followed. Those of the configuration file are not kept here, their places are. */
#ifndef FORUMD_FORUM_FEED_H
#define FORUMD_FORUM_FEED_H
#include "forumd/forum/forum.h"

struct feed {
	struct slice name, host, tls, user, password_file, groups, direction;   /* as the keys of `fetch NAME { }` */
	unsigned port, interval;
};
/* Names, separated by commas and spaces, of groups that can be followed: 1, or ERR_INVALID with the sentence that says
 * which cannot, so that whoever typed it waits for nothing. Any thread. */
int feed_check_groups(struct slice list, struct fail *f);
/* All feeds, by name; *cursor starts empty and lives as long as the transaction. 1, 0 end, < 0 */
int feed_each(struct forum_txn *t, struct slice *cursor, struct feed *f_r);
/* Adds, or replaces the one of that name. ERR_INVALID with a sentence. Called on: writer. */
int feed_add(struct forum_txn *t, const struct feed *d, struct fail *f);
/* ERR_NOTFOUND. Called on: writer. */
int feed_remove(struct forum_txn *t, struct slice name, struct fail *f);
/* How the last try went, kept when it changes: "ok", or what was wrong. 1 and since when, 0 not tried yet, < 0 */
int feed_state(struct forum_txn *t, struct slice name, bool push, int64_t *since_r, struct slice *text_r);
/* Called on: writer. */
int feed_set_state(struct forum_txn *t, struct slice name, bool push, struct slice text);
/* What a place counts: numbers of theirs brought here, of ours brought there, changes of ours (modseq) whose cancels
 * went there */
enum feed_way { FEED_PULL, FEED_PUSH, FEED_GONE };
/* the last one done of a group, 0 none yet */
int feed_place(struct forum_txn *t, struct slice name, struct slice group, enum feed_way way, uint64_t *number_r);
/* Called on: writer. */
int feed_set_place(struct forum_txn *t, struct slice name, struct slice group, enum feed_way way, uint64_t number);
#endif
