#include "storage/journal.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "forumd/base/buf.h"
#include "tests/tap/tap.h"

static char dir[256];

static struct journal *open_journal(const char *name) {
	struct journal *j = NULL;
	snprintf(dir, sizeof dir, "%s", test_tmpfile(name));
	mkdir(dir, 0700);
	int rc = journal_open(dir, true, &j);
	if (rc)
		bail("open: %s", strerror(rc));
	return j;
}

static struct journal *again(struct journal *j) {
	journal_close(&j);
	int rc = journal_open(dir, false, &j);
	if (rc)
		bail("open again: %s", strerror(rc));
	return j;
}

static struct slice set_of(uint64_t txn) {
	static char v[300000];
	size_t n = txn * 7919 % sizeof v;
	memset(v, (int)txn, n);
	return slice_of(v, n);
}

/* write sets must come as set_of() made them, in order from `next` */
struct seen { uint64_t next; int n, wrong; };

static int see(void *arg, uint64_t txn, struct slice set) {
	struct seen *s = arg;
	s->wrong += txn != s->next || !slice_eq(set, set_of(txn));
	s->next = txn + 1;
	s->n++;
	return 0;
}

static struct seen replay(struct journal *j) {
	struct journal_mark m;
	struct seen s = { 0 };
	if (journal_mark_read(j, &m) != 0)
		return (struct seen){ .n = -1 };
	s.next = m.txn + 1;
	if (journal_replay(j, &m, see, &s) != 0)
		s.wrong = -1;
	return s;
}

static int mark(struct journal *j, uint64_t txn, const char *state) {
	struct journal_mark m = { .txn = txn, .at = journal_at(j), .state_n = (uint32_t)strlen(state) };
	memcpy(m.state, state, m.state_n);
	return journal_mark_write(j, &m);
}

static void append(struct journal *j, uint64_t txn) {
	int rc = journal_append(j, txn, set_of(txn));
	if (rc)
		bail("append %d: %s", (int)txn, strerror(rc));
}

/* changes an octet of the file */
static void damage(off_t at) {
	char path[300], c;
	snprintf(path, sizeof path, "%s/journal", dir);
	int fd = open(path, O_RDWR);
	if (fd < 0 || pread(fd, &c, 1, at) != 1 || (c ^= 1, pwrite(fd, &c, 1, at)) != 1)
		bail("damage: %m");
	close(fd);
}

static void test_marks(void) {
	struct journal *j = open_journal("marks"), *second = NULL;
	struct journal_mark m;
	is_int(journal_open(dir, true, &second), EBUSY, "one process has it");
	is_int(journal_mark_read(j, &m), ENODATA, "no mark yet");
	journal_restart(j);
	is_int(mark(j, 10, "ten"), 0, "a mark");
	is_int(mark(j, 11, "eleven"), 0, "another");
	j = again(j);
	is_int(journal_mark_read(j, &m), 0, "read");
	ok(m.txn == 11 && !m.clean && slice_eq(slice_of(m.state, m.state_n), SLICE("eleven")), "the later one");
	damage(40);
	is_int(journal_mark_read(j, &m), 0, "that one was cut");
	ok(m.txn == 10 && slice_eq(slice_of(m.state, m.state_n), SLICE("ten")), "the one before counts");
	is_int(mark(j, 12, "twelve"), 0, "and is followed");
	is_int(journal_mark_read(j, &m), 0, "read");
	is_int(m.txn, 12, "by the next");
	damage(40);
	damage(4096 + 40);
	is_int(journal_mark_read(j, &m), EBADMSG, "both damaged: not taken for a new one");
	damage(40);
	damage(4096 + 40);
	journal_mark_read(j, &m);
	m.clean = true;
	journal_mark_write(j, &m);
	j = again(j);
	journal_mark_read(j, &m);
	ok(m.clean, "closed in order");
	journal_close(&j);
	journal_close(&j);
	if (truncate(strcat(dir, "/journal"), 4096) != 0)
		bail("truncate: %m");
	dir[strlen(dir) - strlen("/journal")] = 0;
	is_int(journal_open(dir, true, &j), EBADMSG, "a file of another size");
	is_int(journal_open(test_tmpdir(), false, &j), ENOENT, "none");
}

static void test_records(void) {
	struct journal *j = open_journal("records");
	journal_restart(j);
	mark(j, 4, "");
	is_int(journal_pending(j), 0, "nothing pending");
	for (uint64_t t = 5; t < 12; t++)
		append(j, t);
	uint64_t at = journal_at(j);
	j = again(j);
	struct seen s = replay(j);
	ok(s.n == 7 && s.wrong == 0, "seven write sets in order");
	is_int(journal_at(j), at, "it stands where it stood");
	append(j, 12);
	is_int(journal_undo(j), 0, "the last one is taken back");
	is_int(journal_undo(j), ENODATA, "once");
	j = again(j);
	s = replay(j);
	is_int(s.n, 7, "and does not come again");
	append(j, 12);
	append(j, 13);
	j = again(j);
	s = replay(j);
	ok(s.n == 9 && s.wrong == 0, "what came after it does");
	damage((off_t)at + 30);
	s = replay(j);
	ok(s.n == 7 && s.wrong == 0, "nothing is read behind a damaged one");
	journal_restart(j);
	mark(j, 4, "");
	s = replay(j);
	is_int(s.n, 0, "nor what an older life left");
	static char most[JOURNAL_RECORD_MAX + 1];
	is_int(journal_append(j, 5, slice_of(most, sizeof most)), EMSGSIZE, "too large");
	is_int(journal_append(j, 5, slice_of(most, sizeof most - 1)), 0, "the largest");
	char name[64];
	is_int(journal_set_aside(&j, dir, name), 0, "out of the way");
	is_int(journal_open(dir, false, &j), ENOENT, "it is gone");
}

/* round and round, with a mark now and then */
static void test_ring(void) {
	struct journal *j = open_journal("ring");
	uint64_t txn = 1, marked = 0;
	int full = 0, wrong = 0;
	journal_restart(j);
	mark(j, 0, "");
	for (int round = 0; round < 25; round++) {
		while (journal_fits(j))
			append(j, txn++);
		full += journal_append(j, txn, set_of(txn)) == EMSGSIZE;
		j = again(j);
		struct seen s = replay(j);
		wrong += s.n != (int)(txn - 1 - marked) || s.wrong != 0 || journal_fits(j);
		/* the mark is some records old when it is written */
		struct journal_mark m = { .txn = txn - 1, .at = journal_at(j) };
		journal_mark_write(j, &m);
		marked = txn - 1;
		wrong += !journal_fits(j) || journal_pending(j) != 0;
		for (int more = round % 4; more; more--)
			append(j, txn++);
	}
	is_int(full, 25, "a full one takes no more");
	is_int(wrong, 0, "everything behind the mark is read, %d records", (int)txn);
	journal_close(&j);
}

int main(void) {
	test_marks();
	test_records();
	test_ring();
	return done();
}
