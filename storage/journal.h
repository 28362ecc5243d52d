/* journal.h - what was committed lately, on disk before the store's own pages are: a ring of write sets in one file of
 * fixed size. A write set goes to the disk in one piece and with one flush, in place, so that the file system has
 * nothing of its own to write. Only one that is too large for a record (of an import) gets a file of its own beside it,
 * until the next mark.
 *
 * The file begins with two slots for the mark: what the store's file surely holds, and where the write sets behind it
 * begin. Marks go to the slots in turn, so that a cut while one is written leaves the other. Records carry the number
 * of the transaction they make; a reader follows them from the mark while the numbers follow each other and the sums
 * are right, so what is left of older rounds, or was cut, ends the reading. What is left of an older life of the
 * journal, or of a store whose file was replaced by a backup, has another salt.
 *
 * Knows nothing of LMDB. All functions return 0 or an errno. One thread at a time calls append, large_add, large_cut
 * and undo; another thread may write marks meanwhile. */
#ifndef STORAGE_JOURNAL_H
#define STORAGE_JOURNAL_H
#include <stdbool.h>
#include <stdint.h>
#include "forumd/base/slice.h"

struct journal;

#define JOURNAL_SIZE (16u << 20)        /* octets of the file; it never grows */
#define JOURNAL_RECORD_MAX (1u << 20)   /* of a write set in the ring; larger ones get a file */
#define JOURNAL_STATE_MAX 1024

struct journal_mark {
	uint64_t txn;                   /* the store's file holds this transaction and all before it */
	uint64_t at;                    /* where the record of the next one is, or will be */
	uint64_t large;                 /* journal_large() then; not written */
	uint32_t life;                  /* each has another number; only read */
	bool clean;                     /* closed in order: nothing follows, and the store's file may be another one */
	uint32_t state_n;
	char state[JOURNAL_STATE_MAX];  /* the caller's */
};

/* Opens the file `journal` in the directory. With `create`, it is made when it is missing (written whole, then
 * renamed); without, ENOENT. One process may have it open: EBUSY else. EBADMSG: it has another size. */
int journal_open(const char *dir, bool create, struct journal **j_r);
/* closes the file and nothing more; NULL is a no-op */
void journal_close(struct journal **j);
/* The opener says when the store may be read by others: not while it is being recovered. After journal_open() it may
 * not. */
void journal_ready(struct journal *j, bool ready);
/* The last mark, for who will only read the store: takes no lock, writes nothing. EBUSY: somebody has it open, and the
 * store may be read; EINPROGRESS: somebody has it open, and it may not. ENOENT, ENODATA, EBADMSG as below and
 * above. With EBUSY there is a mark too; `life` is 0 when there is none. */
int journal_look(const char *dir, struct journal_mark *mark_r);
/* Renames the file, which belongs to a store that is not here any more, out of the way, and closes it. name_r (at least
 * 64 octets) gets the new name. */
int journal_set_aside(struct journal **j, char *name_r);

/* the last mark written; ENODATA: none yet; EBADMSG: both slots are damaged */
int journal_mark_read(struct journal *j, struct journal_mark *mark_r);
/* Writes the mark read last once more where it is: that it can be read does not say that it is on disk. Then removes
 * files of large write sets that the life before it left. */
int journal_mark_again(struct journal *j);
/* writes it, and frees the room of the records before it; on disk when it returns 0 */
int journal_mark_write(struct journal *j, const struct journal_mark *mark);

/* Nothing in the journal counts any more: a new salt, and records begin at the start. The next mark makes it so. */
void journal_restart(struct journal *j);
/* Gives the write sets behind the mark to the callback, in order, until it returns another number than 0, which is
 * returned, or until there are no more. Then the journal stands where the next record goes. ENODATA: the file of a
 * large write set is missing, or is another one; what is behind it cannot be had without it. */
int journal_replay(struct journal *j, const struct journal_mark *mark,
	int (*each)(void *arg, uint64_t txn, struct slice set), void *arg);

/* is there room for a write set of any size? If not, a mark must be written first */
bool journal_fits(struct journal *j);
/* A large write set is gathered in its file piece by piece, so that it need not be in memory: the next piece of that of
 * transaction `txn`. If the first one fails, nothing is gathered. */
int journal_large_add(struct journal *j, uint64_t txn, struct slice part);
/* back to its first n octets; 0: it was not meant; the file is removed */
void journal_large_cut(struct journal *j, uint64_t n);
/* Appends the write set that makes transaction `txn`, or what is left of it after journal_large_add(); on disk when it
 * returns 0. If it fails, nothing is gathered any more. */
int journal_append(struct journal *j, uint64_t txn, struct slice set);
/* Takes the record appended last back; on disk when it returns 0. If it fails, the journal is only good for replay. */
int journal_undo(struct journal *j);
/* A record that could not be written or taken back may be on disk all the same. It is zeroed before anything is
 * appended or replayed, which fails as long as that does; before a mark the caller asks for it. 0: there is none. */
int journal_settle(struct journal *j);
/* where the next record goes; octets of large write sets so far; octets of write sets behind the last mark */
uint64_t journal_at(struct journal *j);
uint64_t journal_large(struct journal *j);
uint64_t journal_pending(struct journal *j);
#endif
