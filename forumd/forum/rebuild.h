/* rebuild.h - check proves, rebuild derives. Posts (heads and texts), groups, members, marks are the truth; overview,
 * envelopes, threads, holes, id index and counters are derived. */
#ifndef FORUMD_FORUM_REBUILD_H
#define FORUMD_FORUM_REBUILD_H
#include "forumd/forum/post.h"

/* called for each fault found; return non-zero to stop */
typedef int (*rebuild_report)(void *arg, const char *text);
struct rebuild_result { uint64_t posts, faults, repaired; };
/* Read only, in steps: at most `max` posts from *cursor (a post id, starts 0) in this transaction. 1 more, 0 end. */
int rebuild_check(struct forum_txn *t, uint64_t *cursor, unsigned max, rebuild_report report, void *arg,
	struct rebuild_result *r);
/* Re-derives what belongs to the next `max` posts after *cursor. `parse` turns a stored post (public header with typed
 * From, body) into the derived slices of a draft (ov_*, env_*, structure, part_table, ids): gateways/common gives it.
 */
typedef int (*rebuild_parse)(void *arg, struct arena *a, struct slice header, struct slice body, struct post_draft *d);
int rebuild_step(struct forum_txn *t, uint64_t *cursor, unsigned max, rebuild_parse parse, void *arg,
	struct rebuild_result *r, struct fail *f);
#endif
