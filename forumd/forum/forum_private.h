/* forum_private.h - the inside of a transaction, for files of forumd/forum/ only. */
#ifndef FORUMD_FORUM_FORUM_PRIVATE_H
#define FORUMD_FORUM_FORUM_PRIVATE_H
#include <stdatomic.h>
#include "forumd/base/hash.h"
#include "forumd/base/range_set.h"
#include "forumd/base/ring_cache.h"
#include "forumd/base/vec.h"
#include "forumd/forum/forum.h"
#include "forumd/forum/keys.h"
#include "storage/kv.h"

struct post_draft;
struct forum {
	struct kv *kv;
	char domain[256];
	struct slice domain_slice;
	struct ring_cache *texts;      /* post_read.c; NULL: none */
	atomic_uint texts_life;        /* of the store: the one they come from */
	struct forum_txn *pool;        /* reset forum_txn objects (forum.c) */
	atomic_flag pool_lock;
	atomic_int open_txns;          /* a leak is a bug */
	/* how a stored post is read again (rebuild_parse); NULL: it is not. Set by spam_read_with() */
	int (*parse)(void *arg, struct arena *a, struct slice header, struct slice body, struct post_draft *d);
};
struct forum_txn {
	struct forum *forum;
	struct kv_txn *kv;
	struct forum_txn *parent;      /* NULL: outermost */
	struct arena *arena;           /* the outermost one's */
	struct arena *own_arena;       /* of this object, kept while it is in the pool */
	int64_t time;
	uint64_t origin;
	bool write;
	VEC(struct change) changes;    /* of the outermost; children remember where theirs begin and cut back on abort */
	size_t change_mark;
	/* author.c. Of a write transaction it is in the arena; of reading ones in memo_arena, where it outlives them: it is
	 * right as long as the snapshot is the same */
	void *author_memo;
	struct arena *memo_arena;
	uint64_t memo_snapshot;
	uint64_t texts_age;            /* of the cache, when this began */
	VEC(uint64_t) erased;          /* of the outermost: posts whose texts go with the commit */
	struct kv_cursor *walk;        /* of forum_walk_get(); reading only */
	struct forum_txn *pool_next;
};

/* where what author_memo points to is kept */
static inline struct arena *forum_memo_arena(struct forum_txn *t) { return t->write ? t->arena : t->memo_arena; }
/* the outermost transaction */
static inline struct forum_txn *forum_root(struct forum_txn *t) { while (t->parent) t = t->parent; return t; }
/* adds origin and, for kinds that have one, nothing else: callers fill the rest */
void forum_change_add(struct forum_txn *t, struct change c);
/* kv_get whose value lives as long as the transaction, in write transactions too (a copy there) */
int forum_get(struct forum_txn *t, struct slice key, struct slice *value_r);
/* The same, quicker when the keys asked for one after another are neighbours, as a post and its text are. */
int forum_walk_get(struct forum_txn *t, struct slice key, struct slice *value_r);
/* kv_put and kv_del (1, 0 was absent) with an error text; f may be NULL */
int forum_del(struct forum_txn *t, struct slice key, struct fail *f);
int forum_put(struct forum_txn *t, struct slice key, struct slice value, struct fail *f);

/* group.c: the two things every change in a group needs */
/* Next modseq of the group; < 0 as int64. Of kinds NEW, STATE, GONE and BACK it also writes the X record and adds the
 * change; CHANGE_MARKS (one member's business) and CHANGE_GROUP only raise the modseq: the caller adds the change. */
int64_t group_bump(struct forum_txn *t, uint32_t group, uint32_t number, enum change_kind kind, uint64_t post);
/* mark (number) as hole or as visible; keeps count and low right */
int group_set_hole(struct forum_txn *t, uint32_t group, uint32_t number, bool hole);
/* 1 a hole, 0 visible, < 0 */
int group_is_hole(struct forum_txn *t, uint32_t group, uint32_t number);
/* a fresh, visible number: high, count, low, modseq and change (CHANGE_NEW) in one; returns the modseq, < 0 as int64 */
int64_t group_new_number(struct forum_txn *t, uint32_t group, uint64_t post, uint32_t *number_r);
/* rebuild: these are the holes of 1..high; derives count and low */
int group_replace_holes(struct forum_txn *t, uint32_t group, const struct range_set *holes);
/* post_read.c: the cached texts of a post are overwritten */
void post_forget_texts(struct forum_txn *t, uint64_t id);
/* the same now, and again when the erasure is true for everybody */
void forum_erased(struct forum_txn *t, uint64_t post);
/* author.c: forget memoised author lines after a member record changed in this transaction */
void author_memo_drop(struct forum_txn *t);
/* group.c: a member's own box under an internal name that is in no index; 1 or < 0 */
int group_add_owned(struct forum_txn *t, struct slice name, struct slice title, uint32_t owner, unsigned box,
	uint32_t uidvalidity, uint32_t *id_r);   /* uidvalidity 0: the time */
/* such a box gets a new title (p NULL: keeps its), or is removed */
int group_set_owned(struct forum_txn *t, uint32_t id, struct slice title, bool removed);
#endif
