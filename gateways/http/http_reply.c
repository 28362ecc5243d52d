/* http_reply.c - the only place with status lines and headers. Nothing in a page loads or runs anything. */
#include "gateways/http/http_private.h"
#include "forumd/base/text.h"

static const struct { int status; const char *name, *words; } statuses[] = {
	{ 200, "OK", "" },
	{ 400, "Bad Request", "This request cannot be understood." },
	{ 404, "Not Found", "There is nothing at this address." },
	{ 405, "Method Not Allowed", "Only GET, HEAD and POST are understood here." },
	{ 408, "Request Timeout", "The request took too long." },
	{ 410, "Gone", "This link has expired. Newer mails of the group carry a new one." },
	{ 411, "Length Required", "The request does not say how long it is." },
	{ 413, "Content Too Large", "The request is too big." },
	{ 414, "URI Too Long", "The address is too long." },
	{ 417, "Expectation Failed", "That cannot be expected here." },
	{ 429, "Too Many Requests", "Too many requests in a short time; try again in a minute." },
	{ 431, "Request Header Fields Too Large", "The request's header is too big." },
	{ 500, "Internal Server Error", "Something went wrong here." },
	{ 501, "Not Implemented", "That is not understood here." },
	{ 503, "Service Unavailable", "Nothing was changed. Please try again later." },
	{ 505, "HTTP Version Not Supported", "HTTP/1.1 and HTTP/1.0 are spoken here." },
};

static unsigned find(int status) {
	for (unsigned i = 0; i < sizeof statuses / sizeof statuses[0]; i++)
		if (statuses[i].status == status)
			return i;
	return find(500);
}

void http_escape(struct slice text, struct buf *out) {
	struct buf good = { 0 };
	struct slice s;

	text_utf8_repair(text, &good);
	s = buf_slice(&good);
	for (size_t i = 0; i < s.n; i++) {
		switch (s.p[i]) {
		case '<': buf_adds(out, "&lt;"); break;
		case '>': buf_adds(out, "&gt;"); break;
		case '&': buf_adds(out, "&amp;"); break;
		case '"': buf_adds(out, "&quot;"); break;
		case '\'': buf_adds(out, "&#39;"); break;
		default: buf_addc(out, text_control(s.p[i]) && s.p[i] != '\n' && s.p[i] != '\t' ? ' ' : s.p[i]);
		}
	}
	buf_free(&good);
}

void http_reply(struct http_session *h, int status, struct slice html) {
	struct buf *out = session_out(&h->s);
	bool page = slice_starts(html, SLICE("<!DOCTYPE")), xml = slice_starts(html, SLICE("<?xml"));

	buf_addf(out, "HTTP/1.1 %d %s\r\nContent-Type: text/%s; charset=utf-8\r\nContent-Length: %zu\r\n", status,
		statuses[find(status)].name, page ? "html" : xml ? "xml" : "plain", html.n);
	buf_adds(out, "Cache-Control: no-store\r\nContent-Security-Policy: default-src 'none'; form-action 'self'; "
		"frame-ancestors 'none'; base-uri 'none'\r\nX-Content-Type-Options: nosniff\r\nX-Frame-Options: DENY\r\n"
		"Referrer-Policy: no-referrer\r\nX-Robots-Tag: noindex\r\n");
	if (conn_is_tls(h->s.conn))
		buf_adds(out, "Strict-Transport-Security: max-age=31536000\r\n");
	if (status == 405)
		buf_adds(out, "Allow: GET, HEAD, POST\r\n");
	buf_adds(out, h->keep ? "Connection: keep-alive\r\n\r\n" : "Connection: close\r\n\r\n");
	if (!h->head)
		buf_add_slice(out, html);
}

void http_page(struct http_session *h, int status, const char *title, struct slice inner) {
	struct buf b = { 0 };

	buf_addf(&b, "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" "
		"content=\"width=device-width\"><title>%s</title></head>\n<body><h1>%s</h1>\n", title, title);
	buf_add_slice(&b, inner);
	buf_adds(&b, "</body></html>\n");
	http_reply(h, status, buf_slice(&b));
	buf_free(&b);
}

void http_error(struct http_session *h, int status) {
	unsigned i = find(status);
	struct buf b = { 0 };

	buf_addf(&b, "<p>%s</p>\n", statuses[i].words);
	http_page(h, status, statuses[i].name, buf_slice(&b));
	buf_free(&b);
}
