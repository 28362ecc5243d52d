/* http_page.c - what the addresses mean.
 *
 * /u/TOKEN   a link of List-Unsubscribe. GET shows a page with a button and changes nothing, because programs open
 * links
 *            to look for evil in them; POST with List-Unsubscribe=One-Click acts at once (RFC 8058 3.2).
 * /.well-known/autoconfig/mail/config-v1.1.xml, /mail/config-v1.1.xml   the servers, for mail programs
 * (http_autoconfig.c).
 * A token that is not ours looks like any other address that is not there. */
#include "gateways/http/http_private.h"
#include "forumd/forum/group.h"
#include "forumd/forum/subscribe.h"
#include "gateways/common/unsubscribe.h"

struct http_job { struct reply_token token; struct slice undo; };

/* 1; else minus a status code */
static int open_token(struct http_session *h, struct slice text, struct reply_token *k, struct group *g) {
	struct forum_txn *t = session_read(&h->s);
	int e;

	if (!t)
		return -503;
	e = reply_token_check(t, text, k);
	if (e == 0 || e == ERR_DENIED || (k->kind != TOKEN_UNSUBSCRIBE && k->kind != TOKEN_SUBSCRIBE))
		return -404;
	if (e == ERR_GONE)
		return -410;
	if (e < 0 || group_get(t, k->group, g) <= 0)
		return e < 0 ? -503 : -404;
	return 1;
}

/* button to POST to /u/TOKEN; an empty token: to this page */
static void add_button(struct buf *b, struct slice token, const char *words) {
	buf_addf(b,
		"<form method=\"post\" action=\"%s%.*s\"><input type=\"hidden\" name=\"List-Unsubscribe\" value=\"One-Click\">"
		"<button type=\"submit\">%s</button></form>\n",
		token.n ? "/u/" : "", SLICE_ARG(token), words);
}

static void ask(struct http_session *h, const struct reply_token *k, const struct group *g) {
	struct buf b = { 0 };

	if (k->kind == TOKEN_UNSUBSCRIBE)
		buf_adds(&b, "<p>Shall mail from <b>");
	else
		buf_adds(&b, "<p>Shall mail come again from <b>");
	http_escape(g->title.n ? g->title : g->name, &b);
	buf_adds(&b,
		k->kind == TOKEN_UNSUBSCRIBE ? "</b> to you stop? You stay a member and can still read and post.</p>\n"
									 : "</b>?</p>\n");
	add_button(&b, SLICE(""), k->kind == TOKEN_UNSUBSCRIBE ? "Stop the mail" : "Send me mail again");
	http_page(h, 200, k->kind == TOKEN_UNSUBSCRIBE ? "Stop mail" : "Mail again", buf_slice(&b));
	buf_free(&b);
}

static int apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct http_job *w = j->data;
	enum subscribe_mode was = subscribe_get(t, w->token.member, w->token.group);
	struct config *c = config_current();
	int e = unsubscribe_apply(t, c, &w->token, "link", f);

	if (e > 0 && w->token.kind == TOKEN_UNSUBSCRIBE && was != SUBSCRIBE_NONE) {
		struct buf b = { 0 };

		unsubscribe_undo_token(t, &w->token, (uint64_t)was, &b);
		w->undo = arena_slice(j->arena, buf_slice(&b));
		buf_free(&b);
	}
	config_unref(&c);
	return e;
}

static enum step answer_post(struct session *s) {
	struct http_session *h = http_of(s);
	struct buf b = { 0 };

	if (!h->result)
		return STEP_WAIT;
	s->step = NULL;
	if (h->result < 0) {
		http_error(h, h->result == ERR_NOTFOUND ? 404 : h->result == ERR_LIMIT ? 429 : 503);
	} else if (h->token.kind == TOKEN_UNSUBSCRIBE) {
		buf_adds(&b,
			"<p>No more mail of this group is sent to you. You stay a member and can still read and post.</p>\n");
		if (h->undo.n) {
			buf_adds(&b, "<p>A mail tells you how to undo it, or do it here:</p>\n");
			add_button(&b, h->undo, "Undo");
		}
		http_page(h, 200, "Done", buf_slice(&b));
	} else {
		http_page(h, 200, "Done", SLICE("<p>You get mail of this group again.</p>\n"));
	}
	buf_free(&b);
	return h->keep ? STEP_DONE : STEP_CLOSE;
}

void http_job_done(struct session *s, struct job *j) {
	struct http_session *h = http_of(s);
	struct http_job *w = j->data;

	h->result = j->result ? j->result : ERR_UNAVAILABLE;
	h->undo = arena_slice(s->command, w->undo);
}

static enum step act(struct http_session *h, const struct reply_token *k) {
	struct job *j = job_new(&h->s, apply);
	struct http_job *w = ARENA_NEW(j->arena, struct http_job);

	w->token = *k;
	j->data = w;
	h->token = *k;
	h->result = 0;
	h->undo = SLICE("");
	h->s.step = answer_post;
	session_read_end(&h->s);
	session_submit(&h->s, j);
	return STEP_WAIT;
}

enum step http_run(struct http_session *h, const struct http_request *r) {
	struct reply_token k = { 0 };
	struct group g;
	int e;

	if (r->method == HTTP_OTHER) {
		http_error(h, 405);
	} else if (slice_is(r->path, "/robots.txt")) {
		http_reply(h, 200, SLICE("User-agent: *\nDisallow: /\n"));
	} else if (r->method != HTTP_POST && (slice_is(r->path, "/.well-known/autoconfig/mail/config-v1.1.xml") ||
			slice_is(r->path, "/mail/config-v1.1.xml"))) {
		http_autoconfig(h);
	} else if (!slice_starts(r->path, SLICE("/u/")) || (e = open_token(h, slice_from(r->path, 3), &k, &g)) == -404) {
		http_error(h, 404);
	} else if (e < 0) {
		http_error(h, -e);
	} else if (r->method != HTTP_POST) {
		ask(h, &k, &g);
	} else if (!http_one_click(r->body)) {
		http_error(h, 400);
	} else if (!session_rate(&h->s, "http-post", HTTP_POSTS_PER_MINUTE)) {
		http_error(h, 429);
	} else {
		return act(h, &k);
	}
	return h->keep ? STEP_DONE : STEP_CLOSE;
}
