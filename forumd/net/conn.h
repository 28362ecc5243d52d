/* conn.h - a buffered connection: plain, TLS, DEFLATE on top (RFC 8054, RFC 4978). Owned by its session, used by its
 * worker thread only.
 *
 * Input: the owner's callback gets CONN_INPUT; conn_input() is the buffer of plain bytes, consume what was used.
 * Output:
 * append to conn_output(); everything added during one callback goes out with one write when the callback returns (a
 * whole read's worth of commands is answered with one write; listeners have TCP_NODELAY, and so have their
 * connections).
 * Back-pressure: above the high-water mark (256 KiB unsent) reading stops and conn_full() is true; below 64 KiB the
 * callback gets CONN_DRAINED.
 * The connection never frees itself inside a callback: CONN_CLOSED is the last event, the owner then calls conn_free().
 */
#ifndef FORUMD_NET_CONN_H
#define FORUMD_NET_CONN_H
#include "forumd/base/buf.h"
#include "forumd/net/addr.h"
#include "forumd/net/loop.h"
#include "forumd/net/tls.h"

struct conn;
enum conn_event { CONN_INPUT, CONN_DRAINED, CONN_TIMEOUT, CONN_CLOSED };
typedef void (*conn_fn)(struct conn *c, enum conn_event e, void *arg);

/* takes the descriptor over, which is non-blocking. tls: implicit TLS, or NULL. */
struct conn *conn_new(struct loop *l, int fd, const struct addr *peer, struct tls_ctx *tls, conn_fn fn, void *arg);
void conn_free(struct conn **c);

/* only read it and buf_consume() it: during CONN_INPUT its storage may be the loop's */
struct buf *conn_input(struct conn *c);
/* the input limit is reached: nothing more comes until something is consumed */
bool conn_input_full(const struct conn *c);
struct buf *conn_output(struct conn *c);
/* octets not yet taken by the kernel */
size_t conn_pending(const struct conn *c);
bool conn_full(const struct conn *c);
/* Start sending what was added outside of a callback (job answers, changes). Inside callbacks it is implicit. */
void conn_kick(struct conn *c);
/* Stop calling CONN_INPUT while the session waits (pipelined bytes wait in the buffer or the kernel, at most 64 KiB
 * are read ahead); resume calls it again if there is input. */
void conn_pause(struct conn *c);
void conn_resume(struct conn *c);
/* CONN_DRAINED in the next round even if the output never was full: for work cut in pieces */
void conn_again(struct conn *c);
/* at most this many octets are buffered unread (default 64 KiB); a literal or article collector raises nothing: it
 * consumes as it goes */
void conn_set_input_limit(struct conn *c, size_t n);
/* After the pending output: discard all input received so far (injected before TLS), then handshake as server. The
 * caller resets its own session state. No CONN_INPUT before the handshake is done. */
void conn_start_tls(struct conn *c, struct tls_ctx *ctx);
bool conn_is_tls(const struct conn *c);
/* "TLSv1.3 TLS_AES_256_GCM_SHA384", or "" */
const char *conn_tls_text(const struct conn *c);
/* RFC 9266 tls-exporter channel binding: 32 octets; false without TLS 1.3 */
bool conn_tls_exporter(const struct conn *c, unsigned char out[32]);
/* E-mail addresses in the client's certificate (subjectAltName, subject's emailAddress and common name), one a line, as
 * written there. False: no certificate that verifies against tls_ctx_client_ca(), or none of them in it. */
bool conn_tls_addresses(const struct conn *c, struct buf *out);
/* Both directions are raw DEFLATE after the pending output. Inflating happens in steps of <= 64 KiB into the same input
 * limit: a bomb is just slow input. */
void conn_start_deflate(struct conn *c);
bool conn_is_deflate(const struct conn *c);
/* Where output that is deflate already (stored segments ended by a full flush, without a final block) is appended: it
 * goes into the DEFLATE stream verbatim. Only when conn_is_deflate(). What was added to conn_output() before goes
 * first. What was appended may be cut off again before anything else is done with the connection. */
struct buf *conn_spliced(struct conn *c);
/* no input for this many ms: CONN_TIMEOUT (0: never). Output that makes no progress for 5 minutes closes. */
void conn_set_timeout(struct conn *c, int64_t ms);
/* send what is pending, then close both ways; CONN_CLOSED follows. In the middle of a handshake: at once */
void conn_shutdown(struct conn *c);
/* at once */
void conn_abort(struct conn *c);
const struct addr *conn_peer(const struct conn *c);
/* Unix sockets: who is at the other end; -1 else */
int conn_peer_uid(const struct conn *c);
/* tests: cap every read and write to n octets */
void conn_test_chunk(struct conn *c, size_t n);
#endif
