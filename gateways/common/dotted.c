/* dotted.c - dot-stuffing. The collector's states say where in a line the next octet falls; a line is only ever begun
 * by CRLF, so that LF.LF, CR.CR and their like are text. Whole lines go the fast way (one memchr for LF, one for CR);
 * everything odd goes octet by octet. */
#include "gateways/common/dotted.h"

enum dotted_state {
	DOTTED_BOL,      /* at the beginning of a line */
	DOTTED_DOT,      /* behind the dot that begins a line; it is not copied */
	DOTTED_DOT_CR,   /* behind dot and CR: LF ends the text */
	DOTTED_MID,      /* inside a line */
	DOTTED_CR,       /* inside a line, behind a CR (copied already) */
};

static void dotted_keep(struct dotted *d, struct buf *out, const char *p, size_t n) {
	if (d->too_big || n > d->max - d->kept) {
		d->too_big = true;
		return;
	}
	buf_add(out, p, n);
	d->kept += n;
}

static bool dotted_has_eight_bit(const char *p, size_t n) {
	unsigned char all = 0;
	for (size_t i = 0; i < n; i++)
		all |= (unsigned char)p[i];
	return all & 0x80;
}

/* a whole line at state BOL or MID that ends in CRLF and has no other CR: octets consumed, 0 when it is not so */
static size_t dotted_line(struct dotted *d, const char *p, size_t n, struct buf *out) {
	const char *lf = memchr(p, '\n', n);
	if (!lf || lf == p || lf[-1] != '\r' || memchr(p, '\r', (size_t)(lf - p)) != lf - 1)
		return 0;
	if (d->state == DOTTED_BOL && p[0] == '.')
		return 0;
	size_t len = (size_t)(lf - p) + 1;
	if (memchr(p, 0, len))
		d->nul = true;
	if (!d->eight_bit && dotted_has_eight_bit(p, len))
		d->eight_bit = true;
	dotted_keep(d, out, p, len);
	d->state = DOTTED_BOL;
	return len;
}

/* one octet; true at the end of the text */
static bool dotted_octet(struct dotted *d, char c, struct buf *out) {
	if (d->state == DOTTED_BOL && c == '.') {
		d->state = DOTTED_DOT;
		return false;
	}
	if (d->state == DOTTED_DOT && c == '\r') {
		d->state = DOTTED_DOT_CR;
		return false;
	}
	if (d->state == DOTTED_DOT_CR) {
		if (c == '\n')
			return true;
		dotted_keep(d, out, "\r", 1);
		d->state = DOTTED_CR;
	}
	bool after_cr = d->state == DOTTED_CR;
	d->bare_cr |= after_cr && c != '\n';
	d->bare_lf |= !after_cr && c == '\n';
	d->nul |= c == 0;
	d->eight_bit |= (c & 0x80) != 0;
	dotted_keep(d, out, &c, 1);
	d->state = c == '\r' ? DOTTED_CR : after_cr && c == '\n' ? DOTTED_BOL : DOTTED_MID;
	return false;
}

int dotted_collect(struct dotted *d, struct buf *in, struct buf *out) {
	const char *p = buf_bytes(in);
	size_t n = buf_len(in), at = 0;
	while (at < n) {
		size_t line = d->state == DOTTED_BOL || d->state == DOTTED_MID ? dotted_line(d, p + at, n - at, out) : 0;
		if (line) {
			at += line;
			continue;
		}
		/* an odd line, or its end is not here yet: octets up to and with the next LF, so that this is linear */
		for (bool lf = false; at < n && !lf; at++) {
			lf = p[at] == '\n';
			if (dotted_octet(d, p[at], out)) {
				buf_consume(in, at + 1);
				return 1;
			}
		}
	}
	buf_consume(in, at);
	return 0;
}

/* one line, with or without its end, no LF inside but the last */
static void dotted_write_line(struct buf *out, struct slice line, bool *bol) {
	bool ended = line.n && line.p[line.n - 1] == '\n';
	if (ended)
		line.n--;
	if (ended && line.n && line.p[line.n - 1] == '\r')
		line.n--;
	for (;;) {
		if (*bol && line.n && line.p[0] == '.')
			buf_addc(out, '.');
		ptrdiff_t cr = slice_chr(line, '\r');
		if (cr < 0)
			break;
		buf_add(out, line.p, (size_t)cr);
		buf_add(out, "\r\n", 2);
		line = slice_from(line, (size_t)cr + 1);
		*bol = true;
	}
	if (line.n) {
		buf_add_slice(out, line);
		*bol = false;
	}
	if (ended) {
		buf_add(out, "\r\n", 2);
		*bol = true;
	}
}

void dotted_write(struct buf *out, struct slice text, bool dot_free, bool *bol) {
	if (!text.n)
		return;
	if (dot_free) {
		buf_add_slice(out, text);
		*bol = text.p[text.n - 1] == '\n';
		return;
	}
	while (text.n) {
		const char *lf = memchr(text.p, '\n', text.n);
		size_t n = lf ? (size_t)(lf - text.p) + 1 : text.n;
		dotted_write_line(out, slice_to(text, n), bol);
		text = slice_from(text, n);
	}
}

void dotted_end(struct buf *out, bool bol) {
	if (bol)
		buf_add(out, ".\r\n", 3);
	else
		buf_add(out, "\r\n.\r\n", 5);
}
