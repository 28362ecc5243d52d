/* fetch.h - the inside of forumd-fetch, the program that follows groups at other news servers. It has no database: its
 * descriptor 0 is a news session of forumd (XFEED tells what to follow and keeps the places, IHAVE takes articles).
 * One thread, blocking, every wait bounded. */
#ifndef GATEWAYS_FETCH_FETCH_H
#define GATEWAYS_FETCH_FETCH_H
#include "forumd/base/buf.h"
#include "forumd/base/fail.h"
#include "forumd/net/tls_client.h"

/* fetch_conn.c: one conversation */
struct fetch_conn {
	int fd;
	struct tls_client *tls;
	struct buf in;                 /* read ahead */
	struct buf line;               /* the last line, without its end */
	bool dead;                     /* nothing more can come */
	char why[160];
};
/* connects, handshakes, reads the greeting; 1 or < 0 with c->why */
int fetch_open(struct fetch_conn *c, const char *host, unsigned port, bool tls);
void fetch_close(struct fetch_conn *c);
/* Sends a command line (without CRLF). The code of the answer, its whole line in c->line; < 0 the conversation is over.
 */
int fetch_command(struct fetch_conn *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* the next answer's code */
int fetch_answer(struct fetch_conn *c);
/* The next line of a text into c->line, unstuffed: 1, 0 the end, < 0 */
int fetch_text_line(struct fetch_conn *c);
/* A whole article as it comes over the wire, dots stuffed, with its end. 1; 0 read to its end, but too long or with a
 * bare LF: not to be handed on; < 0 */
int fetch_article(struct fetch_conn *c, struct buf *out);
/* 1 or < 0 */
int fetch_send(struct fetch_conn *c, struct slice s);

/* fetch_run.c: one feed once */
struct fetch_feed {
	char name[64], host[256], tls[8], user[256], password_file[1024], groups[4096], direction[8], path[256];
	unsigned port, interval;
};
/* All its groups in its directions. What goes wrong there is logged; < 0 only when `local` is gone. */
int fetch_run(struct fetch_conn *local, const struct fetch_feed *f);

/* fetch_box.c: mailboxes of an IMAP server, each followed by a child of this process, which is started anew when it
 * ends or its settings change. Once a turn of the main loop; < 0 only when `local` is gone. */
int fetch_boxes(struct fetch_conn *local);

/* fetch_imap.c: follows one mailbox until something breaks (returns; c->why says what). Settings as XFEED BOXES tells
 * them. */
struct fetch_box {
	char name[64], host[256], tls[8], user[256], password_file[1024], mailbox[256], move_to[256], group[256],
		domain[256], trust[256];
	char lmtp_address[64], lmtp_path[108];
	unsigned port, interval, lmtp_port;
};
void fetch_imap_follow(const struct fetch_box *b, struct fetch_conn *c);
/* fetch_lmtp.c: hands a mail to forumd. 1 taken; 0 refused for good (text in why); < 0 not now. */
int fetch_lmtp_deliver(const struct fetch_box *b, const char *id, struct slice mail, char why[200]);
/* connection without reading a greeting; the next line as it is; n octets of a literal */
int fetch_connect(struct fetch_conn *c, const char *host, unsigned port, bool tls);
int fetch_line(struct fetch_conn *c);
int fetch_octets(struct fetch_conn *c, size_t n, struct buf *out);
/* true when octets wait or come within so many seconds */
bool fetch_wait(struct fetch_conn *c, unsigned seconds);
#endif
