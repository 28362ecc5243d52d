/* send.h - the inside of forumd-send, the program that speaks to the smarthost: one thread, blocking, few descriptors,
 * no database, no secrets but the smarthost's password. */
#ifndef GATEWAYS_OUT_SEND_H
#define GATEWAYS_OUT_SEND_H
#include "gateways/out/send_wire.h"

#define SEND_TIMEOUT_SECONDS 120
#define SEND_MAILS_PER_CONNECTION 100
#define SEND_REPLY_MAX 65536       /* octets of replies to what we said last; libetpan keeps lines and replies whole */

struct send_options {
	const char *transport;      /* smtp://host:port, smtps://host:port, maildir:DIR */
	const char *tls;            /* none, opportunistic, encrypt, verify */
	const char *user, *password_file;   /* "": no login */
};

/* One mail. Appends a text of one line; the caller's addresses are checked. */
typedef enum send_class (*send_fn)(const struct send_options *o, const struct send_request *r, struct buf *text);
enum send_class send_smtp(const struct send_options *o, const struct send_request *r, struct buf *text);
/* nothing to send for a while: say good-bye */
void send_smtp_idle(void);
enum send_class send_maildir(const struct send_options *o, const struct send_request *r, struct buf *text);

/* send_link.c: a connection below libetpan, plain or TLS through OpenSSL. */
struct send_link;
/* numeric or DNS host; NULL with text */
struct send_link *send_link_open(const char *host, const char *port, struct buf *text);
/* Handshake as client. verify: chain against the system's authorities and the host's name, before any octet of
 * ours goes through it. False with text. */
bool send_link_start_tls(struct send_link *l, const char *host, bool verify, struct buf *text);
bool send_link_is_private(const struct send_link *l);   /* TLS or loopback: a password may pass */
bool send_link_is_tls(const struct send_link *l);
void send_link_close(struct send_link **l);
/* for libetpan: the stream borrows the link */
struct _mailstream;
struct _mailstream *send_link_stream(struct send_link *l);
#endif
