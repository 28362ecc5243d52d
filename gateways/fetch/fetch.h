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
/* Sends a command line (without CRLF). The code of the answer, its whole line in c->line; < 0 the conversation is over. */
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
	char name[64], host[256], tls[8], user[256], password_file[1024], groups[4096], direction[8];
	unsigned port, interval;
};
/* All its groups in its directions. What goes wrong there is logged; < 0 only when `local` is gone. */
int fetch_run(struct fetch_conn *local, const struct fetch_feed *f);
#endif
