/* header_flag.h - POST_HEADER_ASCII of posts from before there was that flag: each header is looked at once, in steps
 * (forumd/index.h), so that IMAP need not look at it for each size. How far that went is in M "header-flag". */
#ifndef FORUMD_FORUM_HEADER_FLAG_H
#define FORUMD_FORUM_HEADER_FLAG_H
#include "forumd/forum/post.h"

#define HEADER_FLAG_TEXTS 256      /* headers read in one step */
#define HEADER_FLAG_HEADS 4096     /* posts passed by in one step */

struct header_flag_step { uint64_t upto; unsigned n; uint64_t ascii[HEADER_FLAG_TEXTS]; };
/* The next step, to be applied: 1, 0 all posts were looked at, < 0 */
int header_flag_look(struct forum_txn *t, struct header_flag_step *s_r);
/* Called on: writer. */
int header_flag_apply(struct forum_txn *t, const struct header_flag_step *s, struct fail *f);
#endif
