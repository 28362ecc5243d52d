/* BODYSTRUCTURE is stored, with values in UTF-8; what a session is told depends on what it enabled.
 *
 * A parameter with a charset is "name*" (RFC 9051 7.5.2): in UTF-8 after ENABLE IMAP4rev2, else in the form of RFC 2231
 * ("utf-8''%C3%A4"). One without, whose encoded words or octets were made UTF-8, keeps its plain name, with encoded
 * words for who reads ASCII only; once all were stored like that. Other strings beyond ASCII, which are those of an
 * embedded message's header and Content-Description, become a surrogate like the header itself (RFC 6858) for who did
 * not enable UTF8=ACCEPT.
 *
 * BODY is the same without extension data, which follows the fields every kind of part has (RFC 3501 7.4.2): 7 for a
 * leaf, 8 for text (lines), 10 for message/rfc822 (envelope, body, lines); for a multipart its parts and one string.
 * The walk keeps its own stack: parts nest as deep as the scanner let them. */
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/mail/downgrade.h"
#include "forumd/mail/imap_text.h"
#include "forumd/mail/mime.h"
#include "forumd/mail/words.h"
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

struct walk {
	struct imap_structure_form form;
	struct arena *a;               /* decoded strings; NULL: nothing needs to be changed */
	struct buf *out;
	bool surrogate;
};

static struct slice take_string(struct walk *w, struct slice *in) {
	struct slice s = {0};
	imap_take_space(in);
	if (!imap_take_nstring(in, w->a, &s))
		*in = slice_of("", 0);
	return s;
}

/* words_encode() of what may be octets of any kind */
static void add_words(struct slice s, struct buf *out) {
	struct buf text = {0};
	words_decode(s, &text);
	words_encode(buf_slice(&text), out);
	buf_free(&text);
}

static void write_param_value(struct walk *w, bool extended, struct slice value) {
	struct buf text = {0};
	if (extended && !w->form.rev2)
		words_encode_2231(value, &text);
	else if (extended || w->form.rev2 || w->form.utf8)
		text_utf8_repair(value, &text);
	else if (!text_is_ascii(value))
		add_words(value, &text);
	else
		buf_add_slice(&text, value);
	imap_text_string(w->out, buf_slice(&text));
	buf_free(&text);
}

/* ("name" "value" ...) or NIL */
static void write_params(struct walk *w, struct slice in) {
	if (!imap_take_char(&in, '(')) {
		buf_add_slice(w->out, in);
		return;
	}
	for (char before = '('; in.n && !imap_at(&in, ')'); before = ' ') {
		struct slice name = take_string(w, &in), value = take_string(w, &in);
		buf_addc(w->out, before);
		imap_text_string(w->out, name);
		buf_addc(w->out, ' ');
		write_param_value(w, slice_ends(name, SLICE("*")), value);
	}
	buf_addc(w->out, ')');
}

/* encoded words for one string beyond ASCII */
static void write_words(struct walk *w, struct slice s) {
	struct buf words = {0};
	if (text_is_ascii(s)) {
		imap_text_string(w->out, s);
		return;
	}
	add_words(s, &words);
	imap_text_string(w->out, buf_slice(&words));
	w->surrogate = true;
	buf_free(&words);
}

/* "(name route mailbox host)": a mailbox, or begin or end of a group (RFC 9051 7.5.2) */
static void write_address(struct walk *w, struct slice *in) {
	struct slice name = take_string(w, in), route = take_string(w, in), local = take_string(w, in),
				 domain = take_string(w, in);
	struct buf plain = {0}, text = {0};
	words_decode(name, &plain);
	buf_addc(w->out, '(');
	if (domain.p && downgrade_mailbox(buf_slice(&plain), local, domain, &text)) {
		write_words(w, buf_slice(&text));
		buf_adds(w->out, " NIL ");
		imap_text_string(w->out, DOWNGRADE_LOCAL);
		buf_addc(w->out, ' ');
		imap_text_string(w->out, DOWNGRADE_DOMAIN);
		w->surrogate = true;
	} else {
		write_words(w, name);
		buf_addc(w->out, ' ');
		imap_text_string(w->out, text_is_ascii(route) ? route : slice_of(NULL, 0));
		buf_addc(w->out, ' ');
		write_words(w, local);     /* of a group it is the name */
		buf_addc(w->out, ' ');
		imap_text_string(w->out, domain);
	}
	buf_addc(w->out, ')');
	buf_free(&plain);
	buf_free(&text);
}

static void write_addresses(struct walk *w, struct slice in) {
	if (!imap_take_char(&in, '(')) {
		buf_add_slice(w->out, in);
		return;
	}
	buf_addc(w->out, '(');
	while (imap_take_char(&in, '(')) {
		write_address(w, &in);
		imap_take_char(&in, ')');
	}
	buf_addc(w->out, ')');
}

/* what has no surrogate is not there (RFC 6858 2) */
static void write_ascii(struct walk *w, struct slice v) {
	bool good = text_is_ascii(v);
	buf_add_slice(w->out, good ? v : SLICE("NIL"));
	w->surrogate |= !good;
}

/* date, subject, six lists of addresses, in-reply-to, message-id */
static void write_structure_envelope(struct walk *w, struct slice in) {
	imap_take_char(&in, '(');
	for (unsigned i = 0; i < 10 && in.n; i++) {
		imap_take_space(&in);
		struct slice v = imap_structure_value(&in);
		buf_addc(w->out, i ? ' ' : '(');
		if (i == 1)
			write_words(w, take_string(w, &v));
		else if (i >= 2 && i <= 7)
			write_addresses(w, v);
		else
			write_ascii(w, v);
	}
	buf_addc(w->out, ')');
}

/* ("attachment" ("filename" "x")) or NIL */
static void write_disposition(struct walk *w, struct slice in) {
	if (!imap_take_char(&in, '(')) {
		buf_add_slice(w->out, in);
		return;
	}
	buf_addc(w->out, '(');
	buf_add_slice(w->out, imap_structure_value(&in));
	imap_take_space(&in);
	buf_addc(w->out, ' ');
	write_params(w, imap_structure_value(&in));
	buf_addc(w->out, ')');
}

/* of a leaf; those of a multipart are less by one */
enum { FIELD_PARAMS = 2, FIELD_DESCRIPTION = 4, FIELD_ENVELOPE = 7 };

static void write_field(struct walk *w, const struct part *p, struct slice v) {
	unsigned field = p->fields + p->multi;
	if (!w->a)
		buf_add_slice(w->out, v);
	else if (field == FIELD_PARAMS)
		write_params(w, v);
	else if (p->fields == p->keep + 1)
		write_disposition(w, v);
	else if (w->form.utf8 || text_is_ascii(v))
		buf_add_slice(w->out, v);
	else if (field == FIELD_DESCRIPTION && !p->multi)
		write_words(w, take_string(w, &v));
	else if (field == FIELD_ENVELOPE && p->keep == 10)
		write_structure_envelope(w, v);
	else
		write_ascii(w, v);
}

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

static void copy_field(struct walk *w, struct part *p, struct slice *in) {
	struct slice v = imap_structure_value(in);
	if (p->fields == 0 && !p->multi && slice_is_nocase(v, "\"text\""))
		p->keep = 8;
	if (p->fields == 0 && !p->multi && slice_is_nocase(v, "\"message\""))
		p->message = true;
	if (p->fields == 1 && p->message && (slice_is_nocase(v, "\"rfc822\"") || slice_is_nocase(v, "\"global\"")))
		p->keep = 10;
	write_field(w, p, v);
	p->fields++;
}

static void structure_walk(struct walk *w, struct slice in) {
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
			buf_addc(w->out, '(');
			stack[depth++] = (struct part){ .multi = imap_at(&in, '('), .keep = imap_at(&in, '(') ? 1 : 7 };
			continue;
		}
		if (!top)
			return;
		if (imap_at(&in, ')') || (!w->form.extensions && top->fields == top->keep)) {
			close_part(&in, w->out);
			depth--;
			continue;
		}
		if (imap_take_space(&in)) {
			buf_addc(w->out, ' ');
			continue;
		}
		size_t before = in.n;
		copy_field(w, top, &in);
		if (in.n == before)
			return;
	}
}

bool imap_structure_write(struct slice stored, struct imap_structure_form form, struct buf *out) {
	struct walk w = { .form = form, .out = out };
	/* the usual case: nothing that depends on the session. A star may be that of a parameter. */
	bool plain = text_is_ascii(stored) && (form.rev2 || slice_chr(stored, '*') < 0);
	if (plain && form.extensions) {
		buf_add_slice(out, stored);
		return false;
	}
	w.a = plain ? NULL : arena_new();
	structure_walk(&w, stored);
	if (w.a)
		arena_free(&w.a);
	return w.surrogate;
}
