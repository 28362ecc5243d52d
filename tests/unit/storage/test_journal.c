#include "storage/journal.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
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
	struct journal_mark m = { .txn = txn, .at = journal_at(j), .large = journal_large(j),
		.state_n = (uint32_t)strlen(state) };
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

/* the file of the large write set of a transaction is put into path; how many such files there are */
static int large_name(struct buf *path, int txn) {
	DIR *d = opendir(dir);
	int n = 0;
	unsigned salt, of;
	for (struct dirent *e; d && (e = readdir(d));)
		if (sscanf(e->d_name, "journal-%8x-%u", &salt, &of) == 2 && ++n && path && (int)of == txn)
			buf_addf(path, "%s/%s", dir, e->d_name);
	closedir(d);
	return n;
}

static int large_files(void) {
	return large_name(NULL, 0);
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
	static char most[JOURNAL_RECORD_MAX];
	is_int(journal_append(j, 5, slice_of(most, sizeof most)), 0, "the largest");
	is_int(large_files(), 0, "needs no file");
	char name[64];
	is_int(journal_set_aside(&j, name), 0, "out of the way");
	is_int(journal_open(dir, false, &j), ENOENT, "it is gone");
}

/* the large write sets come as one of 3 MiB, whose octets are the number of the transaction */
static int see_large(void *arg, uint64_t txn, struct slice set) {
	struct seen *s = arg;
	size_t n = txn == 5 || txn == 7 ? 3 << 20 : 10;
	s->wrong += txn != s->next++ || set.n != n || set.p[0] != (char)txn || memcmp(set.p, set.p + 1, n - 1) != 0;
	s->n++;
	return 0;
}

static struct seen replay_large(struct journal *j) {
	struct journal_mark m;
	struct seen s = { 0 };
	if (journal_mark_read(j, &m) != 0)
		bail("no mark");
	s.next = m.txn + 1;
	int rc = journal_replay(j, &m, see_large, &s);
	if (rc)
		s.wrong = -rc;
	return s;
}

static void test_large(void) {
	static char v[3 << 20];
	struct journal *j = open_journal("large");
	struct buf path = { 0 };
	journal_restart(j);
	mark(j, 4, "");
	memset(v, 5, sizeof v);
	is_int(journal_append(j, 5, slice_of(v, sizeof v)), 0, "a large write set at once");
	memset(v, 6, sizeof v);
	is_int(journal_append(j, 6, slice_of(v, 10)), 0, "a small one");
	memset(v, 7, sizeof v);
	is_int(journal_large_add(j, 7, slice_of(v, 2 << 20)), 0, "another, piece by piece");
	is_int(journal_large_add(j, 7, slice_of("not meant", 9)), 0, "a piece");
	journal_large_cut(j, 2 << 20);
	is_int(journal_large_add(j, 7, slice_of(v, (1 << 20) - 1)), 0, "in the place of which there is another");
	is_int(journal_append(j, 7, slice_of(v, 1)), 0, "and the rest");
	is_int(large_files(), 2, "each has a file");
	ok(journal_pending(j) > 6 << 20, "and is pending");
	j = again(j);
	struct seen s = replay_large(j);
	ok(s.n == 3 && s.wrong == 0, "they come in order");
	memset(v, 8, sizeof v);
	journal_large_add(j, 8, slice_of(v, sizeof v));
	journal_large_cut(j, 0);
	is_int(large_files(), 2, "one that was not meant is gone");
	is_int(journal_append(j, 8, slice_of(v, sizeof v)), 0, "one");
	is_int(journal_undo(j), 0, "is taken back");
	is_int(large_files(), 2, "with its file");
	is_int(journal_append(j, 8, slice_of(v, 10)), 0, "a small one instead");
	s = replay_large(j);
	ok(s.n == 4 && s.wrong == 0, "which comes");
	/* the file was on disk before the record, and goes after it: it is not what it was, so what follows is lost */
	large_name(&path, 7);
	int fd = open(buf_bytes(&path), O_RDWR);
	if (fd < 0 || pwrite(fd, "x", 1, 2 << 20) != 1)
		bail("%s: %m", buf_bytes(&path));
	s = replay_large(j);
	ok(s.n == 2 && s.wrong == -ENODATA, "a file that is not what its record says is not passed over");
	if (pwrite(fd, "\7", 1, 2 << 20) != 1)
		bail("%m");
	close(fd);
	is_int(replay_large(j).n, 4, "now it is");
	struct buf away = { 0 };
	buf_addf(&away, "%s/away", dir);
	if (rename(buf_bytes(&path), buf_bytes(&away)) != 0)
		bail("rename: %m");
	s = replay_large(j);
	ok(s.n == 2 && s.wrong == -ENODATA, "nor is a missing one");
	if (rename(buf_bytes(&away), buf_bytes(&path)) != 0)
		bail("rename: %m");
	buf_free(&away);
	is_int(replay_large(j).n, 4, "it is back");
	is_int(mark(j, 6, ""), 0, "a mark behind the first one");
	is_int(large_files(), 1, "whose file is gone");
	is_int(mark(j, 8, ""), 0, "and one behind the other");
	is_int(large_files(), 0, "no file is left");
	for (uint64_t t = 9; journal_fits(j); t++)
		if (t > 100 || journal_append(j, t, slice_of(v, sizeof v)) != 0)
			bail("append");
	ok(true, "more than some are not begun before the next mark");
	buf_reset(&path);
	large_name(&path, 12);
	if (unlink(buf_bytes(&path)) != 0)
		bail("unlink: %m");     /* somebody's hand: it costs no room for ever */
	mark(j, 100, "");
	ok(journal_fits(j) && journal_pending(j) == 0 && large_files() == 0, "which makes room");
	journal_append(j, 101, slice_of(v, sizeof v));
	j = again(j);
	replay_large(j);
	journal_restart(j);
	is_int(large_files(), 1, "a file of an older life stays while that counts");
	mark(j, 4, "");
	is_int(large_files(), 0, "and goes with the first mark of the next");
	journal_close(&j);
	buf_free(&path);
}

/* a mark makes room also when no descriptor is free to look for the files */
static void test_large_no_descriptor(void) {
	static char v[3 << 20];
	struct journal *j = open_journal("few");
	struct rlimit was, none;
	uint64_t t = 5;
	journal_restart(j);
	mark(j, 4, "");
	while (journal_fits(j))
		if (journal_append(j, t++, slice_of(v, sizeof v)) != 0)
			bail("append");
	getrlimit(RLIMIT_NOFILE, &was);
	none = (struct rlimit){ .rlim_cur = 0, .rlim_max = was.rlim_max };
	setrlimit(RLIMIT_NOFILE, &none);
	is_int(mark(j, t - 1, ""), 0, "a mark while no descriptor is free");
	setrlimit(RLIMIT_NOFILE, &was);
	ok(journal_fits(j) && journal_pending(j) == 0, "makes room");
	ok(large_files() > 0, "the files are still there");
	is_int(mark(j, t - 1, ""), 0, "the next one");
	is_int(large_files(), 0, "removes them");
	journal_close(&j);
}

/* a power cut after the first mark of a life, whose removals had not reached the disk */
static void test_large_cut_twice(void) {
	static char v[3 << 20];
	struct journal *j = open_journal("twice");
	struct buf path = { 0 }, kept = { 0 };
	struct journal_mark m;
	journal_restart(j);
	mark(j, 4, "");
	if (journal_append(j, 5, slice_of(v, sizeof v)) != 0)
		bail("append");
	large_name(&path, 5);
	buf_addf(&kept, "%s/kept", dir);
	if (link(buf_bytes(&path), buf_bytes(&kept)) != 0)
		bail("link: %m");
	j = again(j);
	is_int(journal_mark_read(j, &m), 0, "a second life");
	is_int(journal_mark_again(j), 0, "begins");
	is_int(large_files(), 1, "with the file of the first one");
	journal_restart(j);
	mark(j, 5, "");
	is_int(large_files(), 0, "and its mark removes that");
	if (rename(buf_bytes(&kept), buf_bytes(&path)) != 0)
		bail("rename: %m");
	if (journal_append(j, 6, slice_of(v, sizeof v)) != 0)
		bail("append");
	j = again(j);
	journal_mark_read(j, &m);
	is_int(large_files(), 2, "a cut: it is there again");
	is_int(journal_mark_again(j), 0, "a third life");
	is_int(large_files(), 1, "removes it once more, and nothing of the second");
	journal_restart(j);
	mark(j, 6, "");
	is_int(large_files(), 0, "nothing is left");
	journal_close(&j);
	buf_free(&path), buf_free(&kept);
}

/* who only looks takes no lock, and changes nothing */
static void test_look(void) {
	struct journal *j = open_journal("look"), *second = NULL;
	struct journal_mark m;
	is_int(journal_look(dir, &m), EINPROGRESS, "it is open, but nothing is to be read yet");
	journal_ready(j, true);
	is_int(journal_look(dir, &m), EBUSY, "now it is");
	journal_ready(j, false);
	is_int(journal_look(dir, &m), EINPROGRESS, "and not again");
	journal_restart(j);
	mark(j, 3, "three");
	journal_close(&j);
	char path[300];
	snprintf(path, sizeof path, "%s/journal", dir);
	int fd = open(path, O_RDONLY), dir_fd = open(dir, O_RDONLY | O_DIRECTORY);
	if (flock(dir_fd, LOCK_EX) != 0 || flock(fd, LOCK_EX) != 0 || chmod(path, 0400) != 0)
		bail("%m");
	is_int(journal_look(dir, &m), 0, "whoever has the directory, and when it may only be read");
	is_int(m.txn, 3, "the mark");
	close(fd), close(dir_fd);
	chmod(path, 0600);
	for (int i = 0; i < 100; i++) {
		pid_t pid = fork();
		if (pid == 0) {
			for (int n = 0; n < 50; n++)
				journal_look(dir, &m);
			_exit(0);
		}
		int rc = journal_open(dir, false, &second), status;
		journal_close(&second);
		waitpid(pid, &status, 0);
		if (rc) {
			is_int(rc, 0, "who looks is in nobody's way");
			return;
		}
	}
	ok(true, "who looks is in nobody's way");
	is_int(journal_look(test_tmpdir(), &m), ENOENT, "none there");
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
	test_large();
	test_large_no_descriptor();
	test_large_cut_twice();
	test_look();
	return done();
}
