/* index.h - upkeep while the daemon runs, one thread: of the full-text index, of the change logs, and of what is known of
 * old posts' headers (forum/header_flag.h); and what is left to do of erasing members (forum/erase.h). It makes plans
 * (forum/search.h) in read transactions and gives them to the writer as bulk jobs. Nothing waits for it: what is not
 * merged is found all the same. So it runs at the lowest priority, stops for imports, and while others post it works a
 * fifth of the time; erasing gets half. */
#ifndef FORUMD_INDEX_H
#define FORUMD_INDEX_H
#include "forumd/forum/forum.h"
#include "forumd/forum/rebuild.h"

/* needs the writer; parse makes the terms of posts that came without (post_in_derive) */
void index_start(struct forum *forum, rebuild_parse parse);
/* returns when the step in hand is done; before writer_stop */
void index_stop(void);
#endif
