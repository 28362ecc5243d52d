/* fail.h - the one error type. Functions return int: > 0 found/yes, 0 absent/no/need more, < 0 an enum err.
 * `text` is always safe to show to a client; details for the operator go to the log under an incident number. */
#ifndef FORUMD_BASE_FAIL_H
#define FORUMD_BASE_FAIL_H
#include <stdint.h>

enum err {
	ERR_OK = 0,
	ERR_NOTFOUND = -1,    /* no such thing, or not for this member: the two are never told apart */
	ERR_EXISTS = -2,      /* already there (duplicate) */
	ERR_DENIED = -3,      /* known member, missing right */
	ERR_LOGIN = -4,       /* log in first */
	ERR_INVALID = -5,     /* well-formed but unacceptable content */
	ERR_SYNTAX = -6,      /* malformed */
	ERR_LIMIT = -7,       /* too many, too often */
	ERR_TOOBIG = -8,
	ERR_BUSY = -9,        /* try again soon */
	ERR_GONE = -10,       /* was there, is no more */
	ERR_UNAVAILABLE = -11,/* storage or disk cannot take writes now */
	ERR_CORRUPT = -12,    /* stored data damaged */
	ERR_INTERNAL = -13,
	ERR_QUOTA = -14,      /* no room left in the member's own mailboxes */
};
const char *err_name(enum err e);

struct fail {
	enum err code;
	uint32_t incident;    /* 0: none */
	char text[240];
};

/* Both return code, so that `return fail_set(f, ERR_DENIED, "...")` reads well. f may be NULL. */
int fail_set(struct fail *f, enum err code, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* logs the detail as an error with a new incident number; the client sees "internal error (incident 5F31)" */
int fail_internal(struct fail *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
#endif
