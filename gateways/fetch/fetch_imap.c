/* fetch_imap.c - follows one mailbox: unseen mails are handed to forumd, and marked \Seen or moved only after its 250.
 * A death in between hands the mail over again, and forumd knows it by its Message-ID: once is what counts. What is
 * refused for good is marked \Seen and \Flagged, so that a person sees it and it does not come round for ever.
 *
 * Few commands over plain lines: the server is not trusted more than any client of ours, every line and literal is
 * bounded (fetch_conn.c), and nothing it sends is kept but numbers and the mail. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "forumd/base/log.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/base/vec.h"
#include "gateways/fetch/fetch.h"

#define AT_ONCE 100
#define LINES_MAX 100000

struct imap {
	struct fetch_conn *c;
	const struct fetch_box *b;
	unsigned tag;
	bool idle, move;
	uint64_t uidvalidity;
	VEC(uint32_t) uids;            /* of the last search */
	struct buf mail;               /* literal of the last fetch */
	bool has_mail;
};

static int lost(struct imap *m, const char *why) {
	if (!m->c->dead)
		snprintf(m->c->why, sizeof m->c->why, "%.150s", why);
	m->c->dead = true;
	return ERR_UNAVAILABLE;
}

static void see_capabilities(struct imap *m, struct slice l) {
	struct slice w;
	while (slice_word(&l, &w)) {
		w = slice_to(w, w.n && w.p[w.n - 1] == ']' ? w.n - 1 : w.n);
		m->idle |= slice_is_nocase(w, "IDLE");
		m->move |= slice_is_nocase(w, "MOVE");
	}
}

static void see(struct imap *m, struct slice l) {
	ptrdiff_t at = slice_find_nocase(l, SLICE("UIDVALIDITY "));
	struct slice rest, w;
	uint64_t n;
	if (slice_find_nocase(l, SLICE("CAPABILITY ")) >= 0)
		see_capabilities(m, l);
	if (at > 0 && slice_find_nocase(l, SLICE("FETCH")) < 0) {
		rest = slice_from(l, (size_t)at + 12);
		num_take_u64(&rest, &m->uidvalidity);
	}
	if (!slice_starts_nocase(l, SLICE("* SEARCH")))
		return;
	for (rest = slice_from(l, 8); slice_word(&rest, &w) && m->uids.n < AT_ONCE;)
		if (num_parse_u64(w, &n) && n && n <= UINT32_MAX)
			vec_push(&m->uids, (uint32_t)n);
}

/* "{123}" at the end of a line */
static bool literal(struct slice l, uint64_t *n_r) {
	ptrdiff_t open = slice_rchr(l, '{');
	return open >= 0 && l.p[l.n - 1] == '}' &&
		num_parse_u64(slice_sub(l, (size_t)open + 1, l.n - (size_t)open - 2), n_r);
}

/* one line with the literals in it; the first one is the mail. 1, or < 0 */
static int take(struct imap *m) {
	uint64_t n;
	int r = fetch_line(m->c);
	while (r > 0 && literal(buf_slice(&m->c->line), &n)) {
		struct buf skip = { 0 };
		bool first = !m->has_mail;
		if (first)
			buf_reset(&m->mail);
		r = fetch_octets(m->c, (size_t)n, first ? &m->mail : &skip);
		m->has_mail = true;
		buf_free(&skip);
		if (r > 0)
			r = fetch_line(m->c);
	}
	return r;
}

/* the tagged answer: 1 OK, 0 NO or BAD, < 0 */
static int finish(struct imap *m) {
	char tag[16];
	int n = snprintf(tag, sizeof tag, "f%u ", m->tag);
	for (unsigned i = 0; i < LINES_MAX; i++) {
		int r = take(m);
		if (r < 0)
			return r;
		struct slice l = buf_slice(&m->c->line);
		if (slice_starts(l, slice_of(tag, (size_t)n))) {
			see(m, l);
			return slice_starts_nocase(slice_from(l, (size_t)n), SLICE("OK"));
		}
		if (slice_starts_nocase(l, SLICE("* BYE")))
			return lost(m, "the server says good-bye");
		see(m, l);
	}
	return lost(m, "the server does not come to an end");
}

static int command(struct imap *m, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static int command(struct imap *m, const char *fmt, ...) {
	struct buf b = { 0 };
	va_list ap;
	m->has_mail = false;
	buf_addf(&b, "f%u ", ++m->tag);
	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	buf_adds(&b, "\r\n");
	int r = fetch_send(m->c, buf_slice(&b));
	buf_free(&b);
	return r < 0 ? r : finish(m);
}

/* quoted string; what cannot stand in one is left out */
static void quote(const char *s, struct buf *out) {
	buf_addc(out, '"');
	for (; *s; s++) {
		if (*s == '"' || *s == '\\')
			buf_addc(out, '\\');
		if (!text_control(*s))
			buf_addc(out, *s);
	}
	buf_addc(out, '"');
}

static int login(struct imap *m) {
	struct buf b = { 0 };
	char password[512] = "";
	FILE *f = fopen(m->b->password_file, "re");
	if (!f || !fgets(password, sizeof password, f)) {
		if (f)
			fclose(f);
		return lost(m, "the password file cannot be read");
	}
	fclose(f);
	password[strcspn(password, "\r\n")] = 0;
	quote(m->b->user, &b);
	buf_addc(&b, ' ');
	quote(password, &b);
	int r = command(m, "LOGIN %s", buf_bytes(&b));
	explicit_bzero(password, sizeof password);
	explicit_bzero(buf_bytes(&b), buf_len(&b));
	buf_free(&b);
	return r == 0 ? lost(m, "the login was refused") : r;
}

static int open_box(struct imap *m) {
	bool tls = strcmp(m->b->tls, "verify") == 0;
	struct buf b = { 0 };
	int r = fetch_connect(m->c, m->b->host, m->b->port, tls);
	if (r > 0)
		r = fetch_line(m->c);
	if (r < 0)
		return r;
	/* PREAUTH would be somebody else's mailbox */
	if (!slice_starts_nocase(buf_slice(&m->c->line), SLICE("* OK")))
		return lost(m, "the server does not greet as it should");
	if ((r = login(m)) <= 0 || (r = command(m, "CAPABILITY")) < 0)
		return r;
	quote(m->b->mailbox, &b);
	r = command(m, "SELECT %s", buf_bytes(&b));
	buf_free(&b);
	return r == 0 ? lost(m, "the mailbox cannot be opened") : r;
}

/* 1; 0 the server does not let us: the mail stays unseen, and would come again at once */
static int put_away(struct imap *m, uint32_t uid, bool refused) {
	struct buf b = { 0 };
	int r = command(m, "UID STORE %u +FLAGS.SILENT (\\Seen%s)", uid, refused ? " \\Flagged" : "");
	if (r > 0 && !refused && strcmp(m->b->move_to, "-") != 0) {
		quote(m->b->move_to, &b);
		r = command(m, m->move ? "UID MOVE %u %s" : "UID COPY %u %s", uid, buf_bytes(&b));
		if (r > 0 && !m->move)
			r = command(m, "UID STORE %u +FLAGS.SILENT (\\Deleted)", uid);
		if (r > 0 && !m->move)
			r = command(m, "EXPUNGE");
		buf_free(&b);
	}
	return r;
}

static int one(struct imap *m, uint32_t uid) {
	char id[64], why[200] = "";
	int r = command(m, "UID FETCH %u (UID BODY.PEEK[])", uid);
	if (r < 0 || !m->has_mail)
		return r < 0 ? r : 1;
	snprintf(id, sizeof id, "fetched-%llu-%u", (unsigned long long)m->uidvalidity, uid);
	r = fetch_lmtp_deliver(m->b, id, buf_slice(&m->mail), why);
	if (r < 0) {
		log_warn("fetch", "mailbox %s uid=%u: later: %s", m->b->name, uid, why);
		return 0;
	}
	if (r == 0)
		log_warn("fetch", "mailbox %s uid=%u: refused: %s", m->b->name, uid, why);
	else
		log_info("fetch", "mailbox %s uid=%u: delivered", m->b->name, uid);
	if ((r = put_away(m, uid, r == 0)) == 0)
		log_warn("fetch", "mailbox %s uid=%u: cannot be marked seen or moved: %.150s", m->b->name, uid,
			buf_bytes(&m->c->line));
	return r;
}

/* everything unseen; 1, 0 some later, < 0 */
static int sweep(struct imap *m) {
	int all = 1;
	do {
		m->uids.n = 0;
		int r = command(m, "UID SEARCH UNSEEN UNDELETED");
		if (r <= 0)
			return r < 0 ? r : lost(m, "the mailbox cannot be searched");
		for (size_t i = 0; i < m->uids.n; i++) {
			if ((r = one(m, m->uids.v[i])) < 0)
				return r;
			all &= r;
		}
	} while (all && m->uids.n);
	return all;
}

/* Until something happens, or the interval is over (servers end an IDLE after half an hour). */
static int rest(struct imap *m, bool idle) {
	char line[32];
	if (!idle) {
		fetch_wait(m->c, m->b->interval);
		return command(m, "NOOP") < 0 ? ERR_UNAVAILABLE : 1;
	}
	int n = snprintf(line, sizeof line, "f%u IDLE\r\n", ++m->tag), r;
	m->has_mail = false;
	if (fetch_send(m->c, slice_of(line, (size_t)n)) < 0 || (r = fetch_line(m->c)) < 0)
		return ERR_UNAVAILABLE;
	while (!slice_starts(buf_slice(&m->c->line), SLICE("+")))   /* what came in between */
		if ((r = fetch_line(m->c)) < 0)
			return r;
	fetch_wait(m->c, m->b->interval < 1500 ? m->b->interval : 1500);
	r = fetch_send(m->c, SLICE("DONE\r\n"));
	return r < 0 ? r : finish(m) < 0 ? ERR_UNAVAILABLE : 1;
}

void fetch_imap_follow(const struct fetch_box *b, struct fetch_conn *c) {
	struct imap m = { .c = c, .b = b };
	int r = open_box(&m);
	while (r >= 0) {
		r = sweep(&m);
		if (r >= 0)
			r = rest(&m, m.idle && r > 0);
	}
	vec_free(&m.uids);
	buf_free(&m.mail);
}
