/* imap_text.h - ENVELOPE and BODYSTRUCTURE as IMAP bytes (RFC 9051 7.5.2), made once on arrival and stored.
 * Strings: quoted where possible, else literals; NIL for absent. Works over header slices and part tables. */
#ifndef FORUMD_MAIL_IMAP_TEXT_H
#define FORUMD_MAIL_IMAP_TEXT_H
#include "forumd/mail/address.h"
#include "forumd/mail/mime.h"

/* nstring: NIL when s.p is NULL, "quoted" or {n}CRLF literal */
void imap_text_string(struct buf *out, struct slice s);
/* one address list "((name NIL local host)...)" or NIL */
void imap_text_addresses(struct buf *out, const struct address_list *list);
/* The five pieces an ENVELOPE is stored in, because the author line is spliced in when it is sent:
 *   before  = "date" "subject"              (no parenthesis, no trailing space)
 *   from, sender, reply_to = address lists; sender and reply_to are EMPTY when they equal from (RFC default)
 *   after   = to cc bcc in-reply-to message-id
 * ENVELOPE = "(" before SP from SP sender SP reply_to SP after ")". */
struct imap_text_envelope { struct buf before, from, sender, reply_to, after; };
void imap_text_envelope(struct arena *a, struct slice header, struct imap_text_envelope *e_r);
void imap_text_envelope_free(struct imap_text_envelope *e);
/* BODYSTRUCTURE with extension data; and the short BODY form. Values are UTF-8, as IMAP4rev2 tells them (a parameter
 * that has a charset is "name*", RFC 9051 7.5.2); for others the gateway makes of them what they read. */
void imap_text_structure(const struct mime_table *t, struct slice body, bool extensions, struct buf *out);
#endif
