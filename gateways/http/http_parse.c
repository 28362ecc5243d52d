/* http_parse.c - HTTP/1.1 requests (RFC 9112), strict where laxness lets two parsers disagree: no bare CR or LF, no
 * folded fields, one Content-Length, no Transfer-Encoding. Linear: the header is looked through once however it comes.
 */
#include "gateways/http/http_private.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"

/* offset behind the empty line, 0 not there yet */
static size_t header_end(struct slice in, size_t *seen) {
	size_t from = *seen > 3 ? *seen - 3 : 0;
	ptrdiff_t at = slice_find(slice_from(in, from), SLICE("\r\n\r\n"));

	*seen = in.n;
	return at < 0 ? 0 : from + (size_t)at + 4;
}

static bool token_char(char c) {
	return text_alpha(c) || text_digit(c) || (c && strchr("!#$%&'*+-.^_`|~", c));
}

static int parse_line(struct slice line, struct http_request *r, bool *old) {
	struct slice method, target, version;
	ptrdiff_t a = slice_chr(line, ' '), b = slice_rchr(line, ' ');

	if (a <= 0 || b <= a)
		return -400;
	method = slice_to(line, (size_t)a);
	target = slice_sub(line, (size_t)a + 1, (size_t)(b - a) - 1);
	version = slice_from(line, (size_t)b + 1);
	for (size_t i = 0; i < method.n; i++)
		if (!token_char(method.p[i]))
			return -400;
	*old = slice_is(version, "HTTP/1.0");
	if (!*old && !slice_is(version, "HTTP/1.1"))
		return slice_starts(version, SLICE("HTTP/")) ? -505 : -400;
	r->method = slice_is(method, "GET") ? HTTP_GET : slice_is(method, "HEAD") ? HTTP_HEAD
		: slice_is(method, "POST") ? HTTP_POST : HTTP_OTHER;
	if (!target.n || target.p[0] != '/')
		return r->method == HTTP_OTHER ? -405 : -400;
	for (size_t i = 0; i < target.n; i++)
		if (target.p[i] <= ' ' || target.p[i] > '~')
			return -400;
	a = slice_chr(target, '?');
	r->path = a < 0 ? target : slice_to(target, (size_t)a);
	return 1;
}

struct facts { bool has_length, has_host; };

static int parse_field(struct slice line, struct http_request *r, struct facts *k) {
	ptrdiff_t colon = slice_chr(line, ':');
	struct slice name, value;
	uint64_t n;

	if (colon <= 0)
		return -400;
	name = slice_to(line, (size_t)colon);
	value = slice_trim(slice_from(line, (size_t)colon + 1));
	for (size_t i = 0; i < name.n; i++)
		if (!token_char(name.p[i]))
			return -400;
	if (slice_is_nocase(name, "Transfer-Encoding"))
		return -501;
	if (slice_is_nocase(name, "Content-Length")) {
		if (k->has_length || !value.n || !text_digit(value.p[0]) || !num_parse_u64(value, &n))
			return -400;
		if (n > HTTP_BODY_MAX)
			return -413;
		k->has_length = true;
		r->body_size = (size_t)n;
	} else if (slice_is_nocase(name, "Host")) {
		if (k->has_host)
			return -400;
		k->has_host = true;
	} else if (slice_is_nocase(name, "Connection")) {
		if (slice_find_nocase(value, SLICE("close")) >= 0)
			r->keep = false;
	} else if (slice_is_nocase(name, "Expect")) {
		if (!slice_is_nocase(value, "100-continue"))
			return -417;
		r->expect = true;
	}
	return 1;
}

static int parse_header(struct slice header, struct http_request *r) {
	struct facts k = { 0 };
	struct slice line;
	unsigned n = 0;
	bool old = false;
	int e;

	for (size_t i = 0; i < header.n; i++)
		if (!header.p[i] || (header.p[i] == '\n') != (i && header.p[i - 1] == '\r') ||
			(header.p[i] == '\r' && i + 1 == header.n))
			return -400;
	if (!slice_line(&header, &line) || line.n > HTTP_LINE_MAX)
		return line.n > HTTP_LINE_MAX ? -414 : -400;
	r->keep = true;
	if ((e = parse_line(line, r, &old)) < 0)
		return e;
	while (slice_line(&header, &line) && line.n) {
		if (++n > HTTP_FIELDS_MAX)
			return -431;
		if ((e = parse_field(line, r, &k)) < 0)
			return e;
	}
	if (old)
		r->keep = r->expect = false;
	if (!old && !k.has_host)
		return -400;
	return r->method == HTTP_POST && !k.has_length ? -411 : 1;
}

int http_parse(struct slice in, size_t *seen, struct http_request *r_r) {
	size_t end = header_end(in, seen);
	int e;

	memset(r_r, 0, sizeof *r_r);
	if (!end)
		return in.n > HTTP_HEADER_MAX ? -431 : 0;
	if (end > HTTP_HEADER_MAX)
		return -431;
	if ((e = parse_header(slice_to(in, end), r_r)) < 0)
		return e;
	*seen = end - 1;   /* found again at once while the body comes */
	r_r->header_size = end;
	r_r->body = slice_sub(in, end, r_r->body_size);
	return r_r->body.n == r_r->body_size;
}

/* multipart/form-data: the value stands behind the empty line of the part of that name */
static bool one_click_part(struct slice body) {
	ptrdiff_t at = slice_find_nocase(body, SLICE("name=\"List-Unsubscribe\""));
	struct slice line;

	if (at < 0)
		return false;
	body = slice_from(body, (size_t)at);
	at = slice_find(body, SLICE("\r\n\r\n"));
	if (at < 0)
		return false;
	body = slice_from(body, (size_t)at + 4);
	return slice_line(&body, &line) && slice_is_nocase(line, "One-Click");
}

bool http_one_click(struct slice body) {
	struct slice rest = slice_trim(body), pair;

	while (slice_split(&rest, '&', &pair))
		if (slice_is_nocase(pair, "List-Unsubscribe=One-Click"))
			return true;
	return one_click_part(body);
}
