/* watch.h - a member's word on one thread: watch it or mute it. Mail, IMAP keywords and folders, NNTP and forumctl all
 * end here. */
#ifndef FORUMD_FORUM_WATCH_H
#define FORUMD_FORUM_WATCH_H
#include "forumd/forum/forum.h"

enum watch { WATCH_NONE, WATCH_ON, WATCH_MUTED };
/* thread: struct post's. 1 changed, 0 was so already, < 0. Called on: writer. */
int watch_set(struct forum_txn *t, uint32_t member, uint64_t thread, enum watch w);
enum watch watch_get(struct forum_txn *t, uint32_t member, uint64_t thread);
/* members with a word on the thread; *cursor starts 0; 1, 0 end, < 0 */
int watch_next(struct forum_txn *t, uint64_t thread, uint32_t *cursor, enum watch *w_r);
/* two threads became one: the word on `from` moves to `to` unless the member has one there. Called on: writer. */
int watch_merge(struct forum_txn *t, uint64_t from, uint64_t to);
/* all words of a member go (member_remove). Called on: writer. */
int watch_forget(struct forum_txn *t, uint32_t member);
#endif
