/* date.h - RFC 5322 dates, tolerant on the way in (two-digit years, asctime order, missing zone, comments, names of
 * zones), exact on the way out. */
#ifndef FORUMD_MAIL_DATE_H
#define FORUMD_MAIL_DATE_H
#include <stdint.h>
#include "forumd/base/buf.h"

/* 1 or ERR_SYNTAX; zone_r (minutes east of UTC) may be NULL */
int date_parse(struct slice value, int64_t *t_r, int *zone_r);
/* "Mon, 23 Nov 2026 14:00:00 +0000" */
void date_write(struct buf *out, int64_t t);
/* IMAP INTERNALDATE without quotes: "23-Nov-2026 14:00:00 +0000" (RFC 9051 date-time, day padded with a space) */
void date_write_imap(struct buf *out, int64_t t);
/* IMAP date-time and date ("1-Feb-1994") */
int date_parse_imap(struct slice s, int64_t *t_r);
#endif
