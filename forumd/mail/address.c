/* address.c - addresses as mail really has them.
 * A lexer makes tokens; the tokens of one list element (up to a top-level comma or semicolon) are judged together.
 * Comments are counted, not recursed into. An unterminated comment or quoted string is searched for once: from then on
 * its opening character is an ordinary one, so the whole is linear. */
#include "forumd/mail/address.h"
#include "forumd/base/fail.h"
#include "forumd/base/text.h"
#include "forumd/base/vec.h"
#include "forumd/mail/words.h"

enum token_kind { TOKEN_ATOM, TOKEN_QUOTED, TOKEN_LITERAL, TOKEN_COMMENT, TOKEN_SPECIAL };
struct token {
	enum token_kind kind;
	bool spaced;             /* white space or a comment stood before it */
	char c;                  /* of TOKEN_SPECIAL */
	struct slice text;       /* between the quotes or parentheses, still escaped */
};

struct address_parser {
	struct arena *arena;
	struct slice rest;
	bool no_comment, no_quote, in_group, spaced;
	VEC(struct token) tokens;      /* of the element at hand */
	VEC(struct address) found;
	struct slice carried;          /* raw phrase of an element without address: "Doe, Joe <a@b>" */
	bool cut;
};

static bool address_blank(char c) {
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* the end of a comment or quoted string that starts at rest.p[0]: offset behind it, or 0 */
static size_t address_closing(struct slice s, char open, char close) {
	size_t depth = 0;
	for (size_t i = 0; i < s.n; i++) {
		if (s.p[i] == '\\')
			i++;
		else if (s.p[i] == close && (depth == 1 || open == close) && i > 0)
			return i + 1;
		else if (s.p[i] == close && open != close)
			depth--;
		else if (s.p[i] == open)
			depth++;
	}
	return 0;
}

static bool address_bracketed(struct address_parser *p, struct token *t_r) {
	char c = p->rest.p[0];
	bool *never = c == '(' ? &p->no_comment : &p->no_quote;
	if ((c != '(' && c != '"') || *never)
		return false;
	size_t n = address_closing(p->rest, c, c == '(' ? ')' : '"');
	if (!n) {
		*never = true;
		return false;
	}
	*t_r = (struct token){ c == '(' ? TOKEN_COMMENT : TOKEN_QUOTED, p->spaced, 0, slice_sub(p->rest, 1, n - 2) };
	p->rest = slice_from(p->rest, n);
	return true;
}

static bool address_special(char c) {
	return c == '<' || c == '>' || c == ',' || c == ';' || c == ':' || c == '@';
}

static bool address_literal(struct address_parser *p, struct token *t_r) {
	size_t n = 1;
	while (n < p->rest.n && n < 256 && p->rest.p[n] > ' ' && p->rest.p[n] != ']' && !strchr("[]<>,;@", p->rest.p[n]))
		n++;
	if (n >= p->rest.n || p->rest.p[n] != ']')
		return false;
	*t_r = (struct token){ TOKEN_LITERAL, p->spaced, 0, slice_to(p->rest, n + 1) };
	p->rest = slice_from(p->rest, n + 1);
	return true;
}

static bool address_token(struct address_parser *p, struct token *t_r) {
	p->spaced = false;
	while (p->rest.n && address_blank(p->rest.p[0])) {
		p->rest = slice_from(p->rest, 1);
		p->spaced = true;
	}
	if (!p->rest.n)
		return false;
	if (address_bracketed(p, t_r) || (p->rest.p[0] == '[' && address_literal(p, t_r)))
		return true;
	size_t n = 1;
	if (address_special(p->rest.p[0])) {
		*t_r = (struct token){ TOKEN_SPECIAL, p->spaced, p->rest.p[0], slice_to(p->rest, 1) };
	} else {
		while (n < p->rest.n && !address_blank(p->rest.p[n]) && !address_special(p->rest.p[n]) &&
			(p->rest.p[n] != '(' || p->no_comment) && (p->rest.p[n] != '"' || p->no_quote))
			n++;
		*t_r = (struct token){ TOKEN_ATOM, p->spaced, 0, slice_to(p->rest, n) };
	}
	p->rest = slice_from(p->rest, n);
	return true;
}

/* without escapes and line ends; other control bytes become spaces */
static void address_unescape(struct slice s, bool escapes, struct buf *out) {
	for (size_t i = 0; i < s.n; i++) {
		if (escapes && s.p[i] == '\\' && i + 1 < s.n)
			i++;
		if (s.p[i] != '\r' && s.p[i] != '\n')
			buf_addc(out, text_control(s.p[i]) ? ' ' : s.p[i]);
	}
}

/* words of tokens [from, to) joined: white space where some was, comments left out */
static struct slice address_phrase(struct address_parser *p, size_t from, size_t to) {
	struct buf b = { 0 };
	bool gap = false;
	for (size_t i = from; i < to; i++) {
		const struct token *t = &p->tokens.v[i];
		gap = gap || t->spaced || t->kind == TOKEN_COMMENT;
		if (t->kind == TOKEN_COMMENT)
			continue;
		if (gap && buf_len(&b))
			buf_addc(&b, ' ');
		address_unescape(t->text, t->kind == TOKEN_QUOTED, &b);
		gap = false;
	}
	struct slice phrase = arena_slice(p->arena, slice_trim(buf_slice(&b)));
	buf_free(&b);
	return phrase;
}

static struct slice address_decode_name(struct arena *a, struct slice raw) {
	struct buf b = { 0 };
	words_decode(raw, &b);
	struct slice name = arena_slice(a, slice_trim(buf_slice(&b)));
	buf_free(&b);
	return name;
}

static void address_add(struct address_parser *p, struct address adr) {
	if (p->found.n >= ADDRESS_LIST_MAX) {
		p->cut = true;
		return;
	}
	adr.name = address_decode_name(p->arena, adr.name_raw);
	vec_push(&p->found, adr);
}

/* joins atoms (and, in local parts, quoted strings) of [from, to); false when words stand apart without a dot */
static bool address_join(struct address_parser *p, size_t from, size_t to, bool domain, struct slice *s_r) {
	struct buf b = { 0 };
	bool good = true, gap = false, any = false;
	char last = '.';
	for (size_t i = from; i < to && good; i++) {
		const struct token *t = &p->tokens.v[i];
		gap = gap || t->spaced || t->kind == TOKEN_COMMENT;
		if (t->kind == TOKEN_COMMENT)
			continue;
		if (t->kind == TOKEN_SPECIAL || (domain && t->kind == TOKEN_QUOTED) || (!domain && t->kind == TOKEN_LITERAL) ||
			(any && gap && last != '.' && (t->kind != TOKEN_ATOM || t->text.p[0] != '.'))) {
			good = false;
			break;
		}
		for (size_t k = 0; k < t->text.n; k++) {
			if (t->kind == TOKEN_QUOTED && t->text.p[k] == '\\' && k + 1 < t->text.n)
				k++;
			if (t->kind == TOKEN_QUOTED && (t->text.p[k] == '\r' || t->text.p[k] == '\n'))
				continue;
			good = good && (!text_control(t->text.p[k]) || t->text.p[k] == '\t');
			buf_addc(&b, t->text.p[k]);
		}
		last = t->kind == TOKEN_ATOM ? t->text.p[t->text.n - 1] : 'x';
		any = true;
		gap = false;
	}
	good = good && buf_len(&b);
	if (good)
		*s_r = arena_slice(p->arena, buf_slice(&b));
	buf_free(&b);
	return good;
}

static size_t address_find_special(struct address_parser *p, char c, size_t from, size_t to) {
	while (from < to && (p->tokens.v[from].kind != TOKEN_SPECIAL || p->tokens.v[from].c != c))
		from++;
	return from;
}

/* local @ domain in the tokens [from, to), nothing else; also the "local at domain" of archives */
static bool address_spec(struct address_parser *p, size_t from, size_t to, struct address *adr) {
	size_t at = address_find_special(p, '@', from, to);
	if (at == to) {
		for (at = from; at < to; at++)
			if (at > from && p->tokens.v[at].kind == TOKEN_ATOM && p->tokens.v[at].spaced &&
				slice_is(p->tokens.v[at].text, "at"))
				break;
		if (at == to)
			return false;
	}
	return address_join(p, from, at, false, &adr->local) && address_join(p, at + 1, to, true, &adr->domain);
}

/* names and what stands between them, without blanks and comments */
static struct slice address_route(struct address_parser *p, size_t from, size_t to) {
	struct buf b = { 0 };
	for (size_t i = from; i < to; i++) {
		const struct token *t = &p->tokens.v[i];
		if (t->kind == TOKEN_SPECIAL)
			buf_addc(&b, t->c);
		else if (t->kind != TOKEN_COMMENT)
			buf_add_slice(&b, t->text);
	}
	struct slice s = arena_slice(p->arena, buf_slice(&b));
	buf_free(&b);
	return s;
}

/* <@relay,@relay:local@domain>: what stands before the colon is a source route */
static bool address_angle(struct address_parser *p, size_t from, size_t to, struct address *adr) {
	if (from < to && p->tokens.v[from].kind == TOKEN_SPECIAL && p->tokens.v[from].c == '@') {
		size_t colon = address_find_special(p, ':', from, to);
		if (colon < to) {
			adr->route = address_route(p, from, colon);
			from = colon + 1;
		}
	}
	return address_spec(p, from, to, adr);
}

/* without angle brackets: the word next to "@" is the local part, words before it are a name */
static bool address_bare(struct address_parser *p, struct address *adr) {
	size_t n = p->tokens.n, at = address_find_special(p, '@', 0, n), from, to;
	if (at == n) {
		for (at = 0; at < n; at++)
			if (at > 0 && p->tokens.v[at].kind == TOKEN_ATOM && slice_is(p->tokens.v[at].text, "at"))
				break;
		if (at == n || at + 1 >= n)
			return false;
	} else if (address_find_special(p, '@', at + 1, n) < n) {
		return false;
	}
	for (to = at + 1; to < n && (to == at + 1 || !p->tokens.v[to].spaced || p->tokens.v[to].text.p[0] == '.' ||
		(p->tokens.v[to - 1].kind == TOKEN_ATOM && p->tokens.v[to - 1].text.n &&
		p->tokens.v[to - 1].text.p[p->tokens.v[to - 1].text.n - 1] == '.')) && p->tokens.v[to].kind != TOKEN_COMMENT;)
		to++;
	for (from = at; from > 0 && p->tokens.v[from - 1].kind == TOKEN_COMMENT;)
		from--;
	while (from > 0 && p->tokens.v[from - 1].kind != TOKEN_COMMENT) {
		from--;
		const struct token *t = &p->tokens.v[from], *before = from ? t - 1 : NULL;
		if (t->spaced && t->text.n && t->text.p[0] != '.' && !(before && before->kind == TOKEN_ATOM &&
			before->text.p[before->text.n - 1] == '.'))
			break;
	}
	adr->name_raw = address_phrase(p, 0, from);
	return address_join(p, from, at, false, &adr->local) && address_join(p, at + 1, to, true, &adr->domain);
}

static struct slice address_comment_name(struct address_parser *p) {
	struct slice name = slice_of("", 0);
	for (size_t i = p->tokens.n; i-- > 0;)
		if (p->tokens.v[i].kind == TOKEN_COMMENT) {
			struct buf b = { 0 };
			address_unescape(p->tokens.v[i].text, true, &b);
			name = arena_slice(p->arena, slice_trim(buf_slice(&b)));
			buf_free(&b);
			break;
		}
	return name;
}

/* the element is complete: an address, a piece of a name with a comma, or nothing */
static void address_element(struct address_parser *p) {
	struct address adr = { .name = { "", 0 }, .local = { "", 0 }, .domain = { "", 0 }, .name_raw = { "", 0 } };
	size_t n = p->tokens.n, lt = address_find_special(p, '<', 0, n);
	bool found;
	if (!n)
		return;
	if (lt < n) {
		size_t from = lt + 1, gt;
		for (size_t again; (again = address_find_special(p, '<', from, n)) < n;)
			from = again + 1;      /* "<<a@b>>" */
		gt = address_find_special(p, '>', from, n);
		adr.name_raw = address_phrase(p, 0, lt);
		found = address_angle(p, from, gt, &adr);
		if (found && p->carried.n && adr.name_raw.n)
			adr.name_raw = arena_slicef(p->arena, "%.*s, %.*s", SLICE_ARG(p->carried), SLICE_ARG(adr.name_raw));
	} else {
		found = address_bare(p, &adr);
	}
	if (found && !adr.name_raw.n)
		adr.name_raw = address_comment_name(p);
	p->carried = !found && lt == n ? address_phrase(p, 0, n) : slice_of("", 0);
	if (found)
		address_add(p, adr);
	p->tokens.n = 0;
}

static void address_group(struct address_parser *p, bool start) {
	struct address adr = { .name = { "", 0 }, .local = { "", 0 }, .domain = { "", 0 }, .name_raw = { "", 0 } };
	adr.kind = start ? ADDRESS_GROUP_START : ADDRESS_GROUP_END;
	if (start)
		adr.name_raw = address_phrase(p, 0, p->tokens.n);
	address_add(p, adr);
	p->in_group = start;
	p->tokens.n = 0;
	p->carried = slice_of("", 0);
}

void address_parse(struct arena *a, struct slice value, struct address_list *list_r) {
	struct address_parser p = { .arena = a, .rest = value, .carried = { "", 0 } };
	struct token t;
	bool angle = false, at_seen = false;
	while (!p.cut && address_token(&p, &t)) {
		char c = t.kind == TOKEN_SPECIAL ? t.c : 0;
		/* a comma inside <...> belongs to a source route, elsewhere the ">" was forgotten */
		if (c == ',' && !(angle && p.tokens.n && p.tokens.v[p.tokens.n - 1].kind == TOKEN_ATOM && at_seen &&
			p.rest.n && p.rest.p[0] == '@')) {
			address_element(&p);
			angle = at_seen = false;
		} else if (c == ';') {
			address_element(&p);
			if (p.in_group)
				address_group(&p, false);
			angle = at_seen = false;
		} else if (c == ':' && !angle && !p.in_group && !at_seen) {
			address_group(&p, true);
		} else {
			angle = c == '<' || (angle && c != '>');
			at_seen = at_seen || c == '@';
			vec_push(&p.tokens, t);
		}
	}
	address_element(&p);
	if (p.in_group)
		address_group(&p, false);
	list_r->n = p.found.n;
	list_r->v = arena_alloc(a, (p.found.n + 1) * sizeof *list_r->v);
	if (p.found.n)
		memcpy(list_r->v, p.found.v, p.found.n * sizeof *list_r->v);
	list_r->cut = p.cut;
	vec_free(&p.tokens);
	vec_free(&p.found);
}

static bool address_atext(char c) {
	return text_alpha(c) || text_digit(c) || (c & 0x80) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool address_dot_atom(struct slice s) {
	for (size_t i = 0; i < s.n; i++)
		if (!address_atext(s.p[i]) && !(s.p[i] == '.' && i > 0 && i + 1 < s.n && s.p[i - 1] != '.'))
			return false;
	return s.n > 0;
}

void address_write_spec(struct buf *out, struct slice local, struct slice domain) {
	bool literal = domain.n && domain.p[0] == '[';
	if (address_dot_atom(local)) {
		buf_add_slice(out, local);
	} else {
		buf_addc(out, '"');
		for (size_t i = 0; i < local.n; i++) {
			if (text_control(local.p[i]))
				continue;
			if (local.p[i] == '"' || local.p[i] == '\\')
				buf_addc(out, '\\');
			buf_addc(out, local.p[i]);
		}
		buf_addc(out, '"');
	}
	buf_addc(out, '@');
	for (size_t i = 0; i < domain.n; i++)
		if (!text_control(domain.p[i]) && !strchr(literal ? " <>(),;@\"\\" : " <>(),;:@\"\\[]", domain.p[i]))
			buf_addc(out, domain.p[i]);
}

void address_write(struct buf *out, struct slice name, struct slice local, struct slice domain) {
	name = slice_trim(name);
	if (!name.n) {
		address_write_spec(out, local, domain);
		return;
	}
	words_encode_phrase(name, out);
	buf_adds(out, " <");
	address_write_spec(out, local, domain);
	buf_addc(out, '>');
}

/* length of a quoted local part at the front of s, 0 when it is none */
static size_t address_quoted_length(struct slice s, bool utf8) {
	for (size_t i = 1; i < s.n; i++) {
		if (s.p[i] == '"')
			return i + 1;
		if (s.p[i] == '\\' && (++i >= s.n || s.p[i] < 32 || s.p[i] == 127))
			return 0;
		if (text_control(s.p[i]) || ((s.p[i] & 0x80) && !utf8))
			return 0;
	}
	return 0;
}

static bool address_domain_valid(struct slice d, bool utf8) {
	struct slice label;
	if (d.n > 2 && d.p[0] == '[' && d.p[d.n - 1] == ']') {
		for (size_t i = 1; i + 1 < d.n; i++)
			if (!text_alpha(d.p[i]) && !text_digit(d.p[i]) && !memchr(".:-", d.p[i], 3))
				return false;
		return true;
	}
	if (!d.n || d.p[d.n - 1] == '.')
		return false;
	while (slice_split(&d, '.', &label)) {
		if (!label.n || label.n > 63 || label.p[0] == '-' || label.p[label.n - 1] == '-')
			return false;
		for (size_t i = 0; i < label.n; i++)
			if (!text_alpha(label.p[i]) && !text_digit(label.p[i]) && label.p[i] != '-' &&
				!(utf8 && (label.p[i] & 0x80)))
				return false;
	}
	return true;
}

static int address_check(struct slice spec, bool smtputf8, size_t local_max, struct slice *local_r,
	struct slice *domain_r) {
	size_t n = 0;
	if (!spec.n || (smtputf8 && !text_utf8_valid(spec)))
		return ERR_SYNTAX;
	if (spec.p[0] == '"') {
		n = address_quoted_length(spec, smtputf8);
		if (n <= 2)
			return ERR_SYNTAX;
	} else {
		while (n < spec.n && spec.p[n] != '@')
			n++;
		if (!address_dot_atom(slice_to(spec, n)))
			return ERR_SYNTAX;
		for (size_t i = 0; i < n && !smtputf8; i++)
			if (spec.p[i] & 0x80)
				return ERR_SYNTAX;
	}
	if (n > local_max || n >= spec.n || spec.p[n] != '@')
		return ERR_SYNTAX;
	struct slice domain = slice_from(spec, n + 1);
	if (domain.n > 255 || !address_domain_valid(domain, smtputf8))
		return ERR_SYNTAX;
	*local_r = slice_to(spec, n);
	*domain_r = domain;
	return 1;
}

int address_check_spec(struct slice spec, bool smtputf8, struct slice *local_r, struct slice *domain_r) {
	return address_check(spec, smtputf8, 64, local_r, domain_r);
}

int address_check_reverse(struct slice spec, bool smtputf8, struct slice *local_r, struct slice *domain_r) {
	return address_check(spec, smtputf8, 255, local_r, domain_r);
}

void address_key(struct buf *out, struct slice local, struct slice domain) {
	struct buf plain = { 0 };
	if (local.n >= 2 && local.p[0] == '"' && local.p[local.n - 1] == '"') {
		local = slice_sub(local, 1, local.n - 2);
		for (size_t i = 0; i < local.n; i++) {
			if (local.p[i] == '\\' && i + 1 < local.n)
				i++;
			buf_addc(&plain, local.p[i]);
		}
		local = buf_slice(&plain);
	}
	size_t from = buf_len(out);
	address_write_spec(out, local, domain);
	for (char *p = buf_bytes(out) + from; p < buf_bytes(out) + buf_len(out); p++)
		*p = text_lower(*p);
	buf_free(&plain);
}
