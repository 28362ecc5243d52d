#include "tests/tap/tap.h"
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "forumd/base/mem.h"
#include "forumd/base/text.h"
#include "forumd/base/vec.h"

static int tap_run, tap_failed;
static char *tap_dir;
static pid_t tap_owner;
static VEC(char *) tap_kept;

static bool tap_report(bool held, const char *file, int line, const char *fmt, va_list ap) {
	struct buf name = { 0 }, clean = { 0 };
	buf_addv(&name, fmt, ap);
	/* "#" starts a directive, and a line must stay one */
	text_escape(buf_slice(&name), 400, &clean);
	for (char *p = buf_bytes(&clean); p && *p; p++)
		if (*p == '#')
			*p = '.';
	printf("%s %d - %.*s\n", held ? "ok" : "not ok", ++tap_run, SLICE_ARG(buf_slice(&clean)));
	if (!held) {
		tap_failed++;
		printf("# failed at %s:%d\n", file, line);
	}
	fflush(stdout);
	buf_free(&name);
	buf_free(&clean);
	return held;
}

#define TAP_REPORT(held) do { \
		va_list ap; \
		va_start(ap, fmt); \
		tap_report((held), file, line, fmt, ap); \
		va_end(ap); \
	} while (0)

bool tap_ok(bool held, const char *file, int line, const char *fmt, ...) {
	TAP_REPORT(held);
	return held;
}

bool tap_is_int(long long got, long long want, const char *file, int line, const char *fmt, ...) {
	TAP_REPORT(got == want);
	if (got != want)
		diag("  got: %lld\n want: %lld", got, want);
	return got == want;
}

static void tap_show(const char *what, struct slice s) {
	struct buf b = { 0 };
	text_escape(s, 1500, &b);
	diag("%s: \"%.*s\" (%zu bytes)", what, SLICE_ARG(buf_slice(&b)), s.n);
	buf_free(&b);
}

bool tap_is_slice(struct slice got, struct slice want, const char *file, int line, const char *fmt, ...) {
	bool held = slice_eq(got, want);
	TAP_REPORT(held);
	if (!held) {
		tap_show("  got", got);
		tap_show(" want", want);
	}
	return held;
}

bool tap_is_str(const char *got, const char *want, const char *file, int line, const char *fmt, ...) {
	bool held = got && want ? strcmp(got, want) == 0 : got == want;
	TAP_REPORT(held);
	if (!held)
		diag("  got: %s\n want: %s", got ? got : "(null)", want ? want : "(null)");
	return held;
}

void skip(int n, const char *why) {
	for (int i = 0; i < n; i++)
		printf("ok %d # SKIP %s\n", ++tap_run, why);
	fflush(stdout);
}

void skip_all(const char *why) {
	printf("1..0 # SKIP %s\n", why);
	exit(0);
}

void diag(const char *fmt, ...) {
	struct buf b = { 0 };
	va_list ap;
	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	struct slice rest = buf_slice(&b), line;
	while (slice_line(&rest, &line))
		printf("# %.*s\n", SLICE_ARG(line));
	fflush(stdout);
	buf_free(&b);
}

void bail(const char *fmt, ...) {
	va_list ap;
	va_start(ap, fmt);
	printf("Bail out! ");
	vprintf(fmt, ap);
	va_end(ap);
	printf("\n");
	exit(1);
}

int done(void) {
	printf("1..%d\n", tap_run);
	if (tap_failed)
		diag("%d of %d checks failed", tap_failed, tap_run);
	fflush(stdout);
	for (size_t i = 0; i < tap_kept.n; i++)
		mem_free(tap_kept.v[i]);
	vec_free(&tap_kept);
	return tap_failed ? 1 : 0;
}

static int tap_remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw) {
	(void)st, (void)type, (void)ftw;
	remove(path);
	return 0;
}

static void tap_remove(void) {
	/* forked children must not take the directory away */
	if (tap_dir && getpid() == tap_owner)
		nftw(tap_dir, tap_remove_one, 16, FTW_DEPTH | FTW_PHYS);
	mem_free(tap_dir);
	tap_dir = NULL;
}

static char *tap_keep(const char *a, const char *b) {
	struct buf path = { 0 };
	buf_addf(&path, "%s/%s", a, b);
	char *p = buf_steal(&path, NULL);
	vec_push(&tap_kept, p);
	return p;
}

const char *test_tmpdir(void) {
	if (tap_dir)
		return tap_dir;
	const char *base = getenv("TMPDIR");
	struct buf path = { 0 };
	buf_addf(&path, "%s/forumd-test-XXXXXX", base && *base ? base : "/tmp");
	tap_dir = buf_steal(&path, NULL);
	if (!mkdtemp(tap_dir))
		bail("mkdtemp %s: %m", tap_dir);
	tap_owner = getpid();
	atexit(tap_remove);
	return tap_dir;
}

const char *test_tmpfile(const char *name) {
	return tap_keep(test_tmpdir(), name);
}

const char *test_shared_path(const char *name) {
	const char *dir = getenv("FORUMD_SHARED"), *top = getenv("top_srcdir");
	if (!dir || !*dir)
		dir = tap_keep(top && *top ? top : ".", "../shared");
	const char *path = tap_keep(dir, name);
	return access(path, R_OK) == 0 ? path : NULL;
}

void test_read_file(const char *path, struct buf *out) {
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		bail("%s: %m", path);
	for (;;) {
		ssize_t n = read(fd, buf_reserve(out, 65536), 65536);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			bail("%s: %m", path);
		if (n == 0)
			break;
		buf_commit(out, (size_t)n);
	}
	close(fd);
}
