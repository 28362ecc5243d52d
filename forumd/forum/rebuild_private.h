/* rebuild_private.h - what the files of rebuild share. */
#ifndef FORUMD_FORUM_REBUILD_PRIVATE_H
#define FORUMD_FORUM_REBUILD_PRIVATE_H
#include "forumd/forum/group.h"
#include "forumd/forum/post_private.h"

struct rebuild_checker {
	struct forum_txn *t;
	rebuild_report report;
	void *arg;
	struct rebuild_result *result;
	bool stop;
};

void rebuild_fault(struct rebuild_checker *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* the group's count and low follow from its holes */
void rebuild_check_counts(struct rebuild_checker *c, const struct group *g, const struct range_set *holes);

/* --- rebuild_box.c --- */
/* a member's own box and everything in it; 1, < 0 */
int rebuild_check_box(struct rebuild_checker *c, const struct group *g);
/* the pointers of a post stand where they say */
void rebuild_check_pointers(struct rebuild_checker *c, uint64_t post);
#endif
