/* mime_head.c - the Content-* fields of one part: type, parameters (RFC 2231 in all its forms), disposition.
 * Parameters are first collected as pieces (at most MIME_PARAMS_MAX), then put together by name. Own code: this is the
 * place where libetpan's writer past the end and everybody's quadratic loops have been. */
#include "forumd/mail/mime_private.h"
#include "forumd/base/text.h"
#include "forumd/mail/field.h"
#include "forumd/mail/words.h"

#define SECTION_NONE (-1)
#define SECTION_MAX 999

struct piece {
	struct slice name;       /* lower case, without section and star */
	struct slice value;      /* without quotes and escapes */
	int section;
	bool encoded, used;
};

/* white space and comments */
static void head_skip(struct slice *s) {
	size_t depth = 0, i = 0;
	for (; i < s->n; i++) {
		char c = s->p[i];
		if (c == '(')
			depth++;
		else if (c == ')' && depth)
			depth--;
		else if (c == '\\' && depth)
			i++;
		else if (!depth && !text_space(c) && c != '\r' && c != '\n')
			break;
	}
	*s = slice_from(*s, i);
}

static bool head_token_char(char c) {
	return c > ' ' && c != 127 && !strchr("()<>@,;:\\\"/[]?=", c);
}

static struct slice head_token(struct arena *a, struct slice *s) {
	size_t n = 0;
	while (n < s->n && head_token_char(s->p[n]))
		n++;
	struct slice t = arena_slice(a, slice_to(*s, n));
	for (size_t i = 0; i < n; i++)
		((char *)(uintptr_t)t.p)[i] = text_lower(t.p[i]);
	*s = slice_from(*s, n);
	return t;
}

static struct slice head_quoted(struct arena *a, struct slice *s) {
	char *to = arena_alloc(a, s->n);
	size_t n = 0, i = 1;
	for (; i < s->n && s->p[i] != '"'; i++) {
		if (s->p[i] == '\\' && i + 1 < s->n)
			i++;
		to[n++] = s->p[i];
	}
	*s = slice_from(*s, i + 1);
	return slice_of(to, n);
}

/* an unquoted value; mailers leave spaces and specials in it, so it goes to the semicolon when more words follow */
static struct slice head_bare(struct slice *s, bool boundary) {
	size_t n = 0;
	while (n < s->n && s->p[n] != ';' && s->p[n] != ' ' && s->p[n] != '\t' && (s->p[n] != '(' || boundary))
		n++;
	struct slice value = slice_to(*s, n), rest = slice_from(*s, n);
	head_skip(&rest);
	if (rest.n && rest.p[0] != ';') {
		ptrdiff_t semicolon = slice_chr(*s, ';');
		n = semicolon < 0 ? s->n : (size_t)semicolon;
		value = slice_trim(slice_to(*s, n));
		rest = slice_from(*s, n);
	}
	*s = rest;
	return value;
}

/* name*, name*2, name*2* */
static void head_section(struct piece *p) {
	if (p->name.n && p->name.p[p->name.n - 1] == '*') {
		p->encoded = true;
		p->name.n--;
	}
	ptrdiff_t star = slice_chr(p->name, '*');
	if (star < 0)
		return;
	int v = 0;
	for (size_t i = (size_t)star + 1; i < p->name.n && v <= SECTION_MAX; i++) {
		if (!text_digit(p->name.p[i]))
			return;
		v = v * 10 + (p->name.p[i] - '0');
	}
	p->section = v;
	p->name = slice_to(p->name, (size_t)star);
}

static size_t head_pieces(struct arena *a, struct slice s, struct piece *v) {
	size_t n = 0;
	while (n < MIME_PARAMS_MAX) {
		head_skip(&s);
		if (!s.n)
			break;
		if (s.p[0] == ';') {
			s = slice_from(s, 1);
			continue;
		}
		struct piece p = { .section = SECTION_NONE };
		p.name = head_token(a, &s);
		head_skip(&s);
		if (!p.name.n || !s.n || s.p[0] != '=') {
			ptrdiff_t semicolon = slice_chr(s, ';');
			if (semicolon < 0)
				break;
			s = slice_from(s, (size_t)semicolon);
			continue;
		}
		s = slice_from(s, 1);
		head_skip(&s);
		p.value = s.n && s.p[0] == '"' ? head_quoted(a, &s) : head_bare(&s, slice_is(p.name, "boundary"));
		head_section(&p);
		if (p.name.n)
			v[n++] = p;
	}
	return n;
}

static void head_percent(struct slice s, struct buf *out) {
	static const char digits[] = "0123456789abcdef";
	for (size_t i = 0; i < s.n; i++) {
		const char *hi, *lo;
		if (s.p[i] == '%' && i + 2 < s.n && s.p[i + 1] && s.p[i + 2] && (hi = strchr(digits, text_lower(s.p[i + 1]))) &&
			(lo = strchr(digits, text_lower(s.p[i + 2])))) {
			buf_addc(out, (char)((hi - digits) * 16 + (lo - digits)));
			i += 2;
		} else {
			buf_addc(out, s.p[i]);
		}
	}
}

/* all sections of the name of v[first], in order; the charset stands in the first one */
static void head_join(struct piece *v, size_t n, size_t first, bool *extended_r, struct buf *out) {
	struct buf bytes = { 0 };
	struct slice charset = { "", 0 }, name = v[first].name;
	int want = 0;
	size_t i = 0;
	for (size_t k = 0; k < n; k++)      /* some mailers count from 1 */
		want |= v[k].section == 0 && slice_eq(v[k].name, name) ? 2 : 0;
	want = want ? 0 : 1;
	for (bool start = true; i < n; start = false, want++) {
		for (i = 0; i < n; i++)
			if (!v[i].used && v[i].section == want && slice_eq(v[i].name, name))
				break;
		if (i == n)
			break;
		struct slice value = v[i].value;
		v[i].used = true;
		*extended_r |= v[i].encoded;
		if (start && v[i].encoded) {
			ptrdiff_t one = slice_chr(value, '\''),
					  two = one < 0 ? -1 : slice_chr(slice_from(value, (size_t)one + 1), '\'');
			if (two >= 0) {
				charset = slice_to(value, (size_t)one);
				value = slice_from(value, (size_t)(one + two) + 2);
			}
		}
		if (v[i].encoded)
			head_percent(value, &bytes);
		else
			buf_add_slice(&bytes, value);
	}
	words_to_utf8(charset, buf_slice(&bytes), out);
	buf_free(&bytes);
}

static struct mime_param head_param(struct arena *a, struct piece *v, size_t n, size_t i) {
	struct buf out = { 0 };
	struct slice value = v[i].value;
	bool plain = true, extended = v[i].encoded;
	for (size_t k = 0; k < value.n && plain; k++)
		plain = value.p[k] >= ' ' && value.p[k] < 127 && value.p[k] != '=';
	if (v[i].section == SECTION_NONE && !extended && (plain || slice_is(v[i].name, "boundary")))
		return (struct mime_param){ v[i].name, value, false };
	if (v[i].section != SECTION_NONE)
		head_join(v, n, i, &extended, &out);
	else if (extended)
		words_decode_2231(value, &out);
	else
		words_decode(value, &out);
	value = arena_slice(a, buf_slice(&out));
	for (size_t k = 0; k < value.n; k++)
		if (text_control(value.p[k]))
			((char *)(uintptr_t)value.p)[k] = ' ';
	buf_free(&out);
	return (struct mime_param){ v[i].name, value, extended };
}

/* Of several parameters of one name the first counts, and the first in a form of RFC 2231. The plain one stays beside
 * one with a charset: it is for programs that do not know that form. */
static void head_params(struct arena *a, struct slice s, struct mime_param **v_r, size_t *n_r) {
	struct piece v[MIME_PARAMS_MAX];
	size_t n = head_pieces(a, s, v), used = 0;
	if (!n)
		return;
	struct mime_param *out = arena_alloc(a, n * sizeof *out);
	for (size_t i = 0; i < n; i++) {
		if (v[i].used)
			continue;
		size_t plain = n, best = n;
		for (size_t k = n; k-- > i;)
			if (slice_eq(v[k].name, v[i].name))
				*(v[k].encoded || v[k].section != SECTION_NONE ? &best : &plain) = k;
		struct mime_param found = head_param(a, v, n, best < n ? best : plain);
		if (found.extended && plain < n)
			out[used++] = head_param(a, v, n, plain);
		out[used++] = found;
		for (size_t k = i; k < n; k++)
			if (slice_eq(v[k].name, v[i].name))
				v[k].used = true;
	}
	*v_r = out;
	*n_r = used;
}

static struct slice head_unfold(struct arena *a, struct slice value) {
	value = slice_trim(value);
	if (!memchr(value.p, '\n', value.n))
		return value;
	struct buf b = { 0 };
	field_unfold(value, &b);
	value = arena_slice(a, buf_slice(&b));
	buf_free(&b);
	return value;
}

static void head_type(struct arena *a, struct slice s, struct mime_part *p) {
	head_skip(&s);
	struct slice type = head_token(a, &s);
	head_skip(&s);
	if (!type.n || !s.n || s.p[0] != '/')
		return;
	s = slice_from(s, 1);
	head_skip(&s);
	struct slice subtype = head_token(a, &s);
	if (!subtype.n)
		return;
	p->type = type;
	p->subtype = subtype;
	ptrdiff_t semicolon = slice_chr(s, ';');
	if (semicolon >= 0)
		head_params(a, slice_from(s, (size_t)semicolon), &p->params, &p->nparams);
}

static enum mime_encoding head_encoding(struct slice name) {
	static const struct { const char *name; enum mime_encoding e; } names[] = {
		{ "7bit", MIME_7BIT }, { "8bit", MIME_8BIT }, { "binary", MIME_BINARY }, { "quoted-printable", MIME_QP },
		{ "base64", MIME_BASE64 }, { "x-uuencode", MIME_UUENCODE }, { "uuencode", MIME_UUENCODE },
		{ "x-uue", MIME_UUENCODE }, { "uue", MIME_UUENCODE }, { "7-bit", MIME_7BIT }, { "8-bit", MIME_8BIT },
	};
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		if (slice_is(name, names[i].name))
			return names[i].e;
	return MIME_OTHER;
}

static void head_field(struct arena *a, const struct field *f, struct mime_part *p, bool *typed) {
	struct slice name = slice_from(f->name, 8);
	if (slice_is_nocase(name, "type") && !*typed) {
		head_type(a, head_unfold(a, f->value), p);
		*typed = true;
	} else if (slice_is_nocase(name, "transfer-encoding") && !p->encoding_name.n) {
		struct slice s = head_unfold(a, f->value);
		head_skip(&s);
		p->encoding_name = head_token(a, &s);
	} else if (slice_is_nocase(name, "disposition") && !p->disposition.n) {
		struct slice s = head_unfold(a, f->value);
		head_skip(&s);
		p->disposition = head_token(a, &s);
		if (p->disposition.n)
			head_params(a, s, &p->disposition_params, &p->ndisposition_params);
	} else {
		struct slice *to = slice_is_nocase(name, "id") ? &p->id
			: slice_is_nocase(name, "description")     ? &p->description
			: slice_is_nocase(name, "md5")             ? &p->md5
			: slice_is_nocase(name, "language")        ? &p->language
			: slice_is_nocase(name, "location")        ? &p->location
													   : NULL;
		if (to && !to->n)
			*to = head_unfold(a, f->value);
	}
}

void mime_head_plain(struct mime_part *p) {
	p->type = SLICE("text");
	p->subtype = SLICE("plain");
	p->params = NULL;
	p->nparams = 0;
	p->kind = MIME_LEAF;
}

void mime_head(struct arena *a, struct slice header, bool digest, struct mime_part *p, struct slice *boundary_r) {
	struct field f;
	bool typed = false;
	struct slice none = { "", 0 };
	p->encoding_name = p->id = p->description = p->md5 = p->disposition = p->language = p->location = none;
	mime_head_plain(p);
	if (digest) {
		p->type = SLICE("message");
		p->subtype = SLICE("rfc822");
	}
	while (field_next(&header, &f))
		if (f.name.n > 9 && f.name.n < 32 && slice_starts_nocase(f.name, SLICE("content-")))
			head_field(a, &f, p, &typed);
	if (!p->encoding_name.n)
		p->encoding_name = SLICE("7bit");
	p->encoding = head_encoding(p->encoding_name);
	*boundary_r = none;
	if (slice_is(p->type, "multipart")) {
		*boundary_r = mime_param_get(p->params, p->nparams, "boundary");
		while (boundary_r->n && text_space(boundary_r->p[boundary_r->n - 1]))
			boundary_r->n--;
		p->kind = MIME_MULTIPART;
	} else if (slice_is(p->type, "message") &&
		(slice_is(p->subtype, "rfc822") || slice_is(p->subtype, "global") || slice_is(p->subtype, "news")) &&
		p->encoding != MIME_BASE64 && p->encoding != MIME_QP && p->encoding != MIME_UUENCODE) {
		p->kind = MIME_MESSAGE;
	}
}

struct slice mime_param_get(const struct mime_param *v, size_t n, const char *name) {
	struct slice found = slice_of("", 0);
	bool any = false;
	for (size_t i = 0; i < n; i++) {
		if (!slice_is(v[i].name, name) || (any && !v[i].extended))
			continue;
		found = v[i].value;
		any = true;
		if (v[i].extended)
			break;
	}
	return found;
}

struct slice mime_file_name(const struct mime_part *p) {
	struct slice s = mime_param_get(p->disposition_params, p->ndisposition_params, "filename");
	return s.n ? s : mime_param_get(p->params, p->nparams, "name");
}
