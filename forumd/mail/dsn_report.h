/* dsn_report.h - a delivery status notification of our own (RFC 3461 6, RFC 3464): "delivered", for who asked to be
 * told. Any thread. */
#ifndef FORUMD_MAIL_DSN_REPORT_H
#define FORUMD_MAIL_DSN_REPORT_H
#include <stdint.h>
#include "forumd/base/buf.h"

struct dsn_report {
	struct slice domain;             /* ours: Reporting-MTA */
	struct slice to;                 /* addr-spec of the envelope sender */
	struct slice envelope_id;        /* decoded; may be empty */
	struct slice header; /* of the mail: given back when it is clean lines of ASCII and not too long, or not at all */
	int64_t arrival;
};
struct dsn_recipient {
	struct slice address;            /* as RCPT said it */
	struct slice original_type, original;   /* decoded; may be empty */
};
/* Appends the whole mail: multipart/report with text, fields and the header of the mail. */
void dsn_report(struct buf *out, const struct dsn_report *r, const struct dsn_recipient *v, size_t n);
#endif
