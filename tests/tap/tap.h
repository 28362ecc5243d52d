/* tap.h - the unit tests' checks, printed as TAP. One thread (checks from threads: collect and check in main).
 *
 *	int main(void) {
 *		is_int(1 + 1, 2, "sum of %d and %d", 1, 1);
 *		return done();
 *	}
 *
 * The plan is printed by done(), so a program that dies half-way fails. Descriptions are printf formats. */
#ifndef TESTS_TAP_H
#define TESTS_TAP_H
#include <stdarg.h>
#include "forumd/base/buf.h"

/* each returns whether the check held */
#define ok(cond, ...) tap_ok((cond) ? true : false, __FILE__, __LINE__, __VA_ARGS__)
#define is_int(got, want, ...) tap_is_int((long long)(got), (long long)(want), __FILE__, __LINE__, __VA_ARGS__)
#define is_slice(got, want, ...) tap_is_slice((got), (want), __FILE__, __LINE__, __VA_ARGS__)
/* C strings; NULL equals only NULL */
#define is_str(got, want, ...) tap_is_str((got), (want), __FILE__, __LINE__, __VA_ARGS__)
/* a slice or a buffer against a literal, which may hold NULs */
#define is_lit(got, lit, ...) is_slice((got), SLICE(lit), __VA_ARGS__)
#define is_buf(b, lit, ...) is_slice(buf_slice(b), SLICE(lit), __VA_ARGS__)

bool tap_ok(bool held, const char *file, int line, const char *fmt, ...) __attribute__((format(printf, 4, 5)));
bool tap_is_int(long long got, long long want, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
bool tap_is_slice(struct slice got, struct slice want, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));
bool tap_is_str(const char *got, const char *want, const char *file, int line, const char *fmt, ...)
	__attribute__((format(printf, 5, 6)));

/* counts n checks as passed, marked as skipped */
void skip(int n, const char *why);
/* the whole program: prints the plan and exits with 0 */
void skip_all(const char *why) __attribute__((noreturn));
void diag(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* stop everything */
void bail(const char *fmt, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* prints the plan; the exit code for main(): 0 when every check held */
int done(void);

/* A fresh directory under TMPDIR (or /tmp), the same for the whole program, removed with its contents at exit. */
const char *test_tmpdir(void);
/* "<tmpdir>/name", kept until exit */
const char *test_tmpfile(const char *name);
/* A path in the shared test data (FORUMD_SHARED, else ../shared beside the source), kept until exit; NULL when it is
 * not there: then skip. */
const char *test_shared_path(const char *name);
/* appends the file to out; bails when it cannot be read */
void test_read_file(const char *path, struct buf *out);
#endif
