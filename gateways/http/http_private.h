/* http_private.h - one request at a time; included in gateways/http/ only. */
#ifndef GATEWAYS_HTTP_HTTP_PRIVATE_H
#define GATEWAYS_HTTP_HTTP_PRIVATE_H
#include "gateways/common/reply_token.h"
#include "gateways/http/http.h"

#define HTTP_LINE_MAX 2048
#define HTTP_HEADER_MAX 16384
#define HTTP_FIELDS_MAX 100
#define HTTP_BODY_MAX 8192
#define HTTP_IDLE_MS 60000
#define HTTP_POSTS_PER_MINUTE 30   /* of one address */

enum http_method { HTTP_GET, HTTP_HEAD, HTTP_POST, HTTP_OTHER };
/* Slices into the input; they die when it is consumed. */
struct http_request {
	enum http_method method;
	struct slice path, body;
	bool keep, expect;
	size_t header_size;        /* with the empty line */
	size_t body_size;
};
/* The request at the front of `in`, its body included. *seen: how far earlier calls looked for the end of the header,
 * 0 at first. 1 whole, 0 more is needed (r_r->expect: the client waits for "100 Continue"), else minus the status code
 * of the answer after which the connection ends. */
int http_parse(struct slice in, size_t *seen, struct http_request *r_r);
/* is one of the form's fields in a urlencoded or multipart body "List-Unsubscribe=One-Click"? */
bool http_one_click(struct slice body);

struct http_session {
	struct session s;
	size_t seen;
	bool head, keep, told_continue;
	struct reply_token token;  /* of the POST under way */
	int result;                /* of its job */
	struct slice undo;         /* token, in the command arena */
};
static inline struct http_session *http_of(struct session *s) { return (struct http_session *)s; }

/* http_reply.c: a whole answer; body is HTML or XML (text/plain when it begins with neither) */
void http_reply(struct http_session *h, int status, struct slice html);
/* a page of a title and text (HTML inside) */
void http_page(struct http_session *h, int status, const char *title, struct slice inner);
void http_escape(struct slice text, struct buf *out);
/* fixed words for a status */
void http_error(struct http_session *h, int status);

/* http_autoconfig.c: the servers, for mail programs */
void http_autoconfig(struct http_session *h);
/* http_page.c: answers, or sets the step and submits a job */
enum step http_run(struct http_session *h, const struct http_request *r);
void http_job_done(struct session *s, struct job *j);
#endif
