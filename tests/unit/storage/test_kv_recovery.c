/* A store that was not closed in order, and files that do not belong together. */
#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "forumd/base/buf.h"
#include "forumd/base/log.h"
#include "forumd/base/num.h"
#include "storage/journal.h"
#include "storage/kv.h"
#include "storage/log.h"
#include "tests/tap/tap.h"

static const struct kv_options plain = { .map_size = 64 << 20 };

static struct kv *open_kv(const char *dir, const struct kv_options *opt) {
	struct kv *kv = NULL;
	struct fail f;
	if (kv_open(dir, opt, &kv, &f) != 1)
		bail("open %s: %s", dir, f.text);
	return kv;
}

/* keys "000000".. with values of n octets, in one commit */
static void store(struct kv *kv, int from, int to, size_t n) {
	static char value[60000];
	struct kv_txn *w;
	struct fail f;
	if (kv_write_begin(kv, NULL, &w, &f) != 1)
		bail("begin: %s", f.text);
	for (int i = from; i < to; i++) {
		char key[16];
		snprintf(key, sizeof key, "%06d", i);
		if (kv_put(w, slice_str(key), slice_of(value, n)) != 1)
			bail("put");
	}
	if (kv_commit(&w, &f) != 1)
		bail("commit: %s", f.text);
}

static int count(struct kv *kv) {
	struct kv_info info;
	return kv_info(kv, &info, NULL) == 1 ? (int)info.entries : -1;
}

/* runs the function in a process that ends as if it were killed */
static void in_child(void (*run)(const char *dir), const char *dir) {
	int status;
	pid_t pid = fork();
	if (pid == 0) {
		run(dir);
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status != 0)
		bail("the child ended with %d", status);
}

static void copy(const char *from, const char *to, const char *name) {
	struct buf b = { 0 }, path = { 0 };
	buf_addf(&path, "%s/%s", from, name);
	test_read_file(buf_bytes(&path), &b);
	buf_reset(&path);
	buf_addf(&path, "%s/%s", to, name);
	FILE *f = fopen(buf_bytes(&path), "w");
	if (!f || fwrite(buf_bytes(&b), 1, buf_len(&b), f) != buf_len(&b) || fclose(f) != 0)
		bail("copy to %s: %m", buf_bytes(&path));
	buf_free(&b), buf_free(&path);
}

static void small_commits(const char *dir) {
	struct kv *kv = open_kv(dir, &plain);
	for (int i = 0; i < 1500; i++)
		store(kv, i, i + 1, 500);
}

static void one_commit(const char *dir) {
	struct kv *kv = open_kv(dir, &plain);
	store(kv, 0, 1, 10);
	store(kv, 1, 3, 10);
}

static void large_commits(const char *dir) {
	struct kv *kv = open_kv(dir, &plain);
	store(kv, 0, 30, 60000);        /* more than a record of the journal */
	store(kv, 30, 31, 10);
	store(kv, 31, 60, 60000);
	store(kv, 60, 62, 10);
}

static void logged_commits(const char *dir) {
	struct commit_log *log = log_memory_new();
	struct kv_options opt = { .map_size = 64 << 20, .log = log };
	struct kv *kv = open_kv(dir, &opt);
	for (int i = 0; i < 5; i++)
		store(kv, i, i + 1, 10);
	if (kv_batch(kv) != 5)
		bail("the batch id");
}

static void test_recovery(void) {
	const char *dir = test_tmpfile("small");
	in_child(small_commits, dir);
	struct kv *kv = open_kv(dir, &plain);
	is_int(count(kv), 1500, "every small commit");
	kv_close(&kv);
	in_child(large_commits, dir = test_tmpfile("large"));
	kv = open_kv(dir, &plain);
	is_int(count(kv), 62, "large ones and small ones");
	kv_close(&kv);
	in_child(logged_commits, dir = test_tmpfile("logged"));
	kv = open_kv(dir, &plain);
	is_int(kv_batch(kv), 5, "the id of the last batch");
	is_int(count(kv), 5, "with its commit");
	kv_close(&kv);
	in_child(small_commits, dir = test_tmpfile("unsafe"));
	struct kv_options no_sync = { .map_size = 64 << 20, .no_sync = true };
	kv = open_kv(dir, &no_sync);
	is_int(count(kv), 1500, "recovered for one that does not want a journal");
	store(kv, 1500, 1600, 10);
	kv_close(&kv);
	kv = open_kv(dir, &plain);
	is_int(count(kv), 1600, "whose commits are not taken back later");
	kv_close(&kv);
}

static void test_readers(void) {
	struct kv *kv = open_kv(test_tmpfile("readers"), &plain);
	struct kv_info info;
	struct kv_txn *r;
	store(kv, 0, 10, 10);
	kv_info(kv, &info, NULL);
	ok(info.readers == 0 && info.oldest_reader_lag == 0, "what the checkpoint holds is no reader");
	kv_read_begin(kv, &r, NULL);
	store(kv, 10, 20, 10);
	kv_info(kv, &info, NULL);
	ok(info.readers == 1 && info.oldest_reader_lag == 1, "a reader is one");
	kv_read_end(&r);
	kv_close(&kv);
}

static void test_mixed_up(void) {
	const char *live = test_tmpfile("live"), *image = test_tmpfile("image"), *backup = test_tmpfile("backup");
	struct kv_options ro = { .map_size = 64 << 20, .read_only = true };
	struct kv *kv = open_kv(live, &plain), *other = NULL;
	struct kv_txn *w;
	struct fail f;
	store(kv, 0, 100, 60000);       /* ends with a checkpoint */
	if (mkdir(image, 0700) != 0 || mkdir(backup, 0700) != 0)
		bail("mkdir: %m");
	char file[512];
	snprintf(file, sizeof file, "%s/data.mdb", backup);
	is_int(kv_copy_to(kv, file, &f), 1, "a backup");
	store(kv, 100, 300, 100);
	copy(live, image, "data.mdb"), copy(live, image, "journal");
	log_set_level(LOG_ERROR_ + 1);
	pid_t pid = fork();
	if (pid == 0)
		_exit(kv_open(live, &plain, &other, &f) == ERR_UNAVAILABLE && strstr(f.text, "another process") ? 0 : 1);
	int status;
	ok(waitpid(pid, &status, 0) == pid && status == 0, "one process writes to a store");
	is_int(kv_open(image, &ro, &other, &f), ERR_UNAVAILABLE, "what needs recovery is not only read");
	ok(strstr(f.text, "not closed in order") != NULL, "and says so: %s", f.text);
	copy(backup, image, "data.mdb");
	kv_close(&kv);
	kv = open_kv(image, &plain);
	is_int(count(kv), 100, "a backup beside the journal of another life");
	store(kv, 100, 101, 10);
	kv_close(&kv);
	copy(backup, live, "data.mdb");
	kv = open_kv(live, &plain);
	is_int(count(kv), 100, "and beside one that was closed in order");
	store(kv, 200, 203, 10);
	copy(live, image, "data.mdb"), copy(live, image, "journal");
	kv_close(&kv);
	kv = open_kv(image, &plain);
	is_int(count(kv), 103, "whose old records do not come again");
	/* a file from elsewhere, whose transactions have higher numbers; and a backup beside a journal that is young */
	kv_close(&kv);
	in_child(small_commits, test_tmpfile("elsewhere"));
	kv_close(&(struct kv *){ open_kv(test_tmpfile("elsewhere"), &plain) });
	in_child(one_commit, test_tmpfile("young"));
	copy(test_tmpfile("elsewhere"), test_tmpfile("young"), "data.mdb");
	kv = open_kv(test_tmpfile("young"), &plain);
	is_int(count(kv), 1500, "a file from elsewhere is not taken for ours");
	kv_close(&kv);
	in_child(one_commit, test_tmpfile("young2"));
	copy(backup, test_tmpfile("young2"), "data.mdb");
	kv = open_kv(test_tmpfile("young2"), &plain);
	is_int(count(kv), 100, "nor is a backup");
	kv_close(&kv);
	in_child(one_commit, test_tmpfile("young3"));
	kv = open_kv(test_tmpfile("young3"), &plain);
	is_int(count(kv), 3, "a young store is recovered");
	/* nothing changed, nothing committed */
	struct kv_info before, after;
	kv_info(kv, &before, NULL);
	if (kv_write_begin(kv, NULL, &w, &f) != 1 || kv_commit(&w, &f) != 1)
		bail("commit: %s", f.text);
	kv_info(kv, &after, NULL);
	is_int(after.last_txn, before.last_txn, "an empty commit is none");
	kv_close(&kv);
	log_set_level(LOG_ERROR_);
}

/* the name of a file in the directory that begins so; NULL: none */
static const char *begins(const char *dir, const char *with) {
	static char name[300];
	DIR *d = opendir(dir);
	bool found = false;
	for (struct dirent *e; !found && d && (e = readdir(d));)
		if ((found = strncmp(e->d_name, with, strlen(with)) == 0))
			snprintf(name, sizeof name, "%s/%s", dir, e->d_name);
	closedir(d);
	return found ? name : NULL;
}

/* somebody removed a file that the journal needs: the commits behind it are not given up in silence */
static void test_robbed(void) {
	const char *dir = test_tmpfile("robbed"), *away = test_tmpfile("away");
	struct kv *kv;
	struct fail f;
	in_child(large_commits, dir);
	const char *name = begins(dir, "journal-");
	if (!name || rename(name, away) != 0)
		bail("rename: %m");
	log_set_level(LOG_ERROR_ + 1);
	for (int i = 0; i < 2; i++) {
		is_int(kv_open(dir, &plain, &kv, &f), ERR_CORRUPT, "a large write set is gone");
		ok(strstr(f.text, "put it back") != NULL, "it says what to do: %s", f.text);
	}
	log_set_level(LOG_ERROR_);
	if (rename(away, name) != 0)
		bail("rename: %m");
	kv = open_kv(dir, &plain);
	is_int(count(kv), 62, "it is put back, nothing is lost");
	kv_close(&kv);
}

/* who will only read, while another process is at recovery */
static void test_look_in_recovery(void) {
	const char *dir = test_tmpfile("looked");
	struct kv_options ro = { .map_size = 64 << 20, .read_only = true };
	struct journal *j;
	struct fail f;
	struct kv *kv = open_kv(dir, &plain);
	store(kv, 0, 10, 10);
	kv_close(&kv);
	if (journal_open(dir, false, &j) != 0)
		bail("journal_open");
	log_set_level(LOG_ERROR_ + 1);
	int r = kv_open(dir, &ro, &kv, &f);
	if (r == 1)
		kv_close(&kv);
	is_int(r, ERR_UNAVAILABLE, "nothing is read while somebody recovers");
	ok(r < 0 && strstr(f.text, "try again later") != NULL, "which is said");
	log_set_level(LOG_ERROR_);
	journal_ready(j, true);
	kv = open_kv(dir, &ro);
	is_int(count(kv), 10, "behind it, it is");
	kv_close(&kv);
	journal_close(&j);
}

/* A store that was emptied has no root by which a mark could know it: it is known all the same. */
static void emptied(const char *dir) {
	struct kv_txn *w;
	struct fail f;
	struct kv *kv = open_kv(dir, &plain);
	store(kv, 0, 1, 10);
	if (kv_write_begin(kv, NULL, &w, &f) != 1 || kv_del(w, SLICE("000000")) != 1 || kv_commit(&w, &f) != 1)
		bail("delete: %s", f.text);
	kv_close(&kv);
	kv = open_kv(dir, &plain);
	store(kv, 1, 2, 10);
	store(kv, 2, 4, 10);
}

static void test_emptied(void) {
	const char *dir = test_tmpfile("emptied");
	in_child(emptied, dir);
	struct kv *kv = open_kv(dir, &plain);
	is_int(count(kv), 3, "a store that was empty once");
	ok(!begins(dir, "journal."), "and its journal was taken for its own");
	kv_close(&kv);
}

int main(void) {
	log_set_level(LOG_ERROR_);
	test_recovery();
	test_readers();
	test_mixed_up();
	test_robbed();
	test_look_in_recovery();
	test_emptied();
	return done();
}
