/* author_private.h - memoised author lines, for the loop that writes OVER lines. Private to forumd/forum/. */
#ifndef FORUMD_FORUM_AUTHOR_PRIVATE_H
#define FORUMD_FORUM_AUTHOR_PRIVATE_H
#include "forumd/forum/author.h"

struct author_entry {
	uint32_t author;
	bool spliced;                  /* false: the typed From is shown */
	struct slice from, name, list; /* from and list only when spliced */
};
/* never NULL; lives until author_memo_drop() or the end of the transaction, whichever is first */
const struct author_entry *author_entry(struct forum_txn *t, uint32_t author);
#endif
