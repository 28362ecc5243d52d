/* BODYSTRUCTURE is stored; BODY is the same without extension data, which follows the fields every kind of part has
 * (RFC 3501 7.4.2): 7 for a leaf, 8 for text (lines), 10 for message/rfc822 (envelope, body, lines); for a multipart
 * its parts and one string. The walk keeps its own stack: parts nest as deep as the scanner let them. */
#include "forumd/base/num.h"
#include "forumd/mail/mime.h"
#include "gateways/imap/imap_private.h"

#define STRUCTURE_DEPTH (2 * MIME_DEPTH_MAX + 4)

/* one string, literal, atom or single parenthesis */
static struct slice take_token(struct slice *in) {
	struct slice whole = *in;
	size_t n = 0;
	if (imap_at(in, '"')) {
		for (n = 1; n < whole.n && whole.p[n] != '"'; n++)
			if (whole.p[n] == '\\')
				n++;
		n = n < whole.n ? n + 1 : whole.n;
	} else if (imap_at(in, '{')) {
		struct slice rest = slice_from(whole, 1);
		uint64_t size = 0;
		num_take_u64(&rest, &size);
		rest = slice_from(rest, 3);   /* "}" CRLF */
		n = (size_t)(rest.p - whole.p) + (size < rest.n ? (size_t)size : rest.n);
	} else if (imap_at(in, '(') || imap_at(in, ')')) {
		n = 1;
	} else {
		while (n < whole.n && whole.p[n] != ' ' && whole.p[n] != '(' && whole.p[n] != ')')
			n++;
	}
	*in = slice_from(whole, n);
	return slice_to(whole, n);
}

/* a token, or a list with all in it */
struct slice imap_structure_value(struct slice *in) {
	struct slice whole = *in;
	unsigned depth = 0;
	do {
		struct slice before = *in, token = take_token(in);
		depth += slice_is(token, "(");
		depth -= depth && slice_is(token, ")");
		if (depth)
			imap_take_space(in);
		if (before.n == in->n)
			break;
	} while (depth && in->n);
	return slice_to(whole, whole.n - in->n);
}

struct part { bool multi, message; unsigned fields, keep; };

/* skips what is left of a part and its closing parenthesis */
static void close_part(struct slice *in, struct buf *out) {
	while (in->n && !imap_at(in, ')')) {
		if (imap_take_space(in))
			continue;
		size_t before = in->n;
		imap_structure_value(in);
		if (in->n == before)
			break;
	}
	imap_take_char(in, ')');
	buf_addc(out, ')');
}

static void copy_field(struct part *p, struct slice *in, struct buf *out) {
	struct slice v = imap_structure_value(in);
	if (p->fields == 0 && slice_is_nocase(v, "\"text\""))
		p->keep = 8;
	if (p->fields == 0 && slice_is_nocase(v, "\"message\""))
		p->message = true;
	if (p->fields == 1 && p->message && (slice_is_nocase(v, "\"rfc822\"") || slice_is_nocase(v, "\"global\"")))
		p->keep = 10;
	p->fields++;
	buf_add_slice(out, v);
}

void imap_structure_short(struct slice in, struct buf *out) {
	struct part stack[STRUCTURE_DEPTH];
	unsigned depth = 0;
	while (in.n) {
		struct part *top = depth ? &stack[depth - 1] : NULL;
		bool inner = top && top->message && top->keep == 10 && top->fields == 8;
		bool opens = imap_at(&in, '(') && (!top || (top->multi && top->fields == 0) || inner);
		if (opens && depth < STRUCTURE_DEPTH) {
			if (top && !top->multi)
				top->fields++;
			imap_take_char(&in, '(');
			buf_addc(out, '(');
			stack[depth++] = (struct part){ .multi = imap_at(&in, '('), .keep = imap_at(&in, '(') ? 1 : 7 };
			continue;
		}
		if (!top)
			return;
		if (imap_at(&in, ')') || top->fields == top->keep) {
			close_part(&in, out);
			depth--;
			continue;
		}
		if (imap_take_space(&in)) {
			buf_addc(out, ' ');
			continue;
		}
		size_t before = in.n;
		copy_field(top, &in, out);
		if (in.n == before)
			return;
	}
}
