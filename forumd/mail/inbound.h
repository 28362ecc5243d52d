/* inbound.h - questions asked of arriving mail: is it automatic, what does the trusted front MTA say of its sender,
 * is it a bounce. Any thread. */
#ifndef FORUMD_MAIL_INBOUND_H
#define FORUMD_MAIL_INBOUND_H
#include "forumd/base/arena.h"
#include "forumd/base/buf.h"

enum inbound_auto {
	INBOUND_PERSONAL = 0,
	INBOUND_AUTO_SUBMITTED,   /* Auto-Submitted present and not "no" (RFC 3834) */
	INBOUND_BULK,             /* Precedence: bulk, list, junk */
	INBOUND_OWN_LOOP,         /* our List-Id, or X-Loop/Forum-Loop with our domain */
	INBOUND_REPORT,           /* multipart/report */
	INBOUND_HOPS,             /* more than 30 Received */
};
/* own_domain: our mail domain */
enum inbound_auto inbound_automatic(struct slice header, struct slice own_domain);
const char *inbound_auto_text(enum inbound_auto a);

/* Authentication-Results (RFC 8601) of the MTA whose authserv-id is trusted; others are ignored.
 * PASS only when DMARC passed, or DKIM passed with header.d aligned (same organisational domain or equal) to
 * from_domain, or SPF passed with an aligned smtp.mailfrom domain. */
enum inbound_auth { INBOUND_AUTH_NONE, INBOUND_AUTH_PASS, INBOUND_AUTH_FAIL };
enum inbound_auth inbound_auth_results(struct slice header, struct slice authserv_id, struct slice from_domain);

/* Such a value without comments, and with nothing in quoted strings that looks like structure. False when comments or
 * quotes do not end: such a field says nothing. */
bool inbound_auth_flatten(struct slice value, struct buf *out);

/* The single author of a mail: exactly one From field with exactly one mailbox, no group, no NUL. 1 or ERR_INVALID. */
struct address;
int inbound_author(struct arena *a, struct slice header, struct address *from_r);

/* Delivery status (RFC 3464): per-recipient fields of a multipart/report, or of the multipart/mixed that OpenSMTPD
 * sends. */
struct inbound_dsn { struct slice recipient, action, status, diagnostic; };
/* 1 found, 0 no report; strings in the arena or the input */
int inbound_dsn(struct arena *a, struct slice header, struct slice body, struct inbound_dsn *dsn_r);
/* A complaint (RFC 5965, Feedback-Type abuse, fraud or not there): 1, and the header of the mail complained about
 * (empty when it is not in the report); 0 it is none. Strings in the arena. */
int inbound_complaint(struct arena *a, struct slice header, struct slice body, struct slice *original_r);
#endif
