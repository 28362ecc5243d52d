/* address.h - addresses of RFC 5322/6532 in header fields and of RFC 5321 in SMTP paths. Linear time, bounded. */
#ifndef FORUMD_MAIL_ADDRESS_H
#define FORUMD_MAIL_ADDRESS_H
#include "forumd/base/arena.h"
#include "forumd/base/buf.h"

#define ADDRESS_LIST_MAX 10000

struct address {
	struct slice name;     /* display name, encoded words decoded, UTF-8, no control bytes; may be empty */
	struct slice local;    /* local part as meant: quotes and escapes removed */
	struct slice domain;   /* as written, brackets of literals kept */
	enum { ADDRESS_MAILBOX, ADDRESS_GROUP_START, ADDRESS_GROUP_END } kind;   /* group start: name only */
	struct slice route;    /* obs-route of RFC 5322, "@relay,@relay"; nearly always empty */
	struct slice name_raw; /* display name as in the header, before decoding encoded words, without quotes (ENVELOPE) */
};
struct address_list { struct address *v; size_t n; bool cut; /* more than the limit were there */ };

/* Parse the (folded) value of From, To, Cc, Sender, Reply-To. Tolerates what real mail has: comments as names
 * (`a@b (Joe)`), "user at host" of pipermail archives, missing `>`, 8-bit names (UTF-8, else windows-1252), source
 * routes.
 * Strings live in the arena or in value. Never fails: what is no address is left out. */
void address_parse(struct arena *a, struct slice value, struct address_list *list_r);
/* "local@domain" with the local part quoted when it must be */
void address_write_spec(struct buf *out, struct slice local, struct slice domain);
/* `"Name" <local@domain>` for a header: name as atom words, quoted string or RFC 2047 encoded words as needed */
void address_write(struct buf *out, struct slice name, struct slice local, struct slice domain);
/* Strict addr-spec of RFC 5321 (Mailbox), UTF-8 local parts and domains only if smtputf8. Length limits 64 and 255.
 * 1 or ERR_SYNTAX. The slices point into spec; a quoted local part keeps its quotes. */
int address_check_spec(struct slice spec, bool smtputf8, struct slice *local_r, struct slice *domain_r);
/* The same with up to 255 octets of local part: envelope senders that carry a recipient (VERP, SRS) are longer than 64,
 * and the limits are what must be taken at least (RFC 5321 4.5.3.1). */
int address_check_reverse(struct slice spec, bool smtputf8, struct slice *local_r, struct slice *domain_r);
/* Canonical key for comparing: domain lower case, local part lower case (ASCII); quotes that are not needed removed. */
void address_key(struct buf *out, struct slice local, struct slice domain);
#endif
