/* reply_body.c - one readable part is found, its text made; the other parts are either said by that text too (the HTML
 * beside the plain text), pictures that were shown before, or attachments, which are copied octet for octet. */
#include <stdio.h>
#include "forumd/base/digest.h"
#include "forumd/base/text.h"
#include "forumd/base/vec.h"
#include "forumd/mail/build.h"
#include "forumd/mail/flowed.h"
#include "forumd/mail/mime.h"
#include "forumd/mail/reply_body.h"

#define LINE_MAX_OCTETS 990
#define NAME_SHOWN 100             /* characters */
#define STUB_MAX 200               /* "please use a better program to read this mail" */

struct reply_work {
	struct arena *a;
	const struct reply_body_in *in;
	struct reply_body *out;
	struct mime_table t;
	int readable;
	bool stub;                     /* the plain text only says that there is HTML */
	VEC(int) kept, left;           /* parts; left: beyond the limit */
	uint64_t octets;               /* of those kept, decoded */
};

static bool is_type(const struct mime_part *p, const char *type, const char *subtype) {
	return slice_is(p->type, type) && slice_is(p->subtype, subtype);
}

/* only containers that are understood */
static bool understood(const struct reply_work *w) {
	for (size_t i = 0; i < w->t.n; i++) {
		const struct mime_part *p = &w->t.v[i];

		if (p->kind == MIME_MULTIPART && (!slice_is(p->type, "multipart") || (!slice_is(p->subtype, "mixed")
		    && !slice_is(p->subtype, "alternative") && !slice_is(p->subtype, "related"))))
			return false;
	}
	return w->t.n && !w->t.cut && w->t.v[0].kind != MIME_MESSAGE;
}

/* inside a forwarded message: goes with it */
static bool embedded(const struct mime_table *t, int i) {
	for (int up = t->v[i].parent; up >= 0; up = t->v[up].parent)
		if (t->v[up].kind == MIME_MESSAGE)
			return true;
	return false;
}

static int alternative_of(const struct mime_table *t, int i) {
	if (i < 0)
		return -1;
	for (int up = t->v[i].parent; up >= 0; up = t->v[up].parent)
		if (is_type(&t->v[up], "multipart", "alternative"))
			return up;
	return -1;
}

static bool below(const struct mime_table *t, int i, int ancestor) {
	while (i >= 0 && i != ancestor)
		i = t->v[i].parent;
	return i >= 0;
}

static struct slice part_text(struct reply_work *w, int i) {
	struct buf b = { 0 };
	struct slice s;

	mime_readable_text(&w->t, i, w->in->body, TRIM_TEXT_MAX, &b);
	s = arena_slice(w->a, buf_slice(&b));
	buf_free(&b);
	return s;
}

/* A plain text that is a few words beside much HTML: the HTML is what was meant. */
static void find_stub(struct reply_work *w) {
	int alternative = alternative_of(&w->t, w->readable);
	struct slice plain = slice_of("", 0);
	struct buf text = { 0 };

	if (alternative < 0 || !slice_is(w->t.v[w->readable].subtype, "plain")
	    || w->t.v[w->readable].body_len > 3 * STUB_MAX)
		return;
	plain = slice_trim(part_text(w, w->readable));
	for (int i = 0; i < (int)w->t.n && plain.n <= STUB_MAX; i++) {
		if (!is_type(&w->t.v[i], "text", "html") || !below(&w->t, i, alternative) || embedded(&w->t, i))
			continue;
		mime_html_text(part_text(w, i), &text);
		/* "HTML" is in all such sentences, and hardly in a real short answer */
		if (buf_len(&text) > 4 * plain.n && (!plain.n || slice_find_nocase(plain, SLICE("html")) >= 0)) {
			w->readable = i;
			w->stub = true;
			break;
		}
	}
	buf_free(&text);
}

static void make_text(struct reply_work *w) {
	const struct mime_part *p = &w->t.v[w->readable];
	struct slice none = slice_of("", 0);
	struct buf raw = { 0 }, clean = { 0 };
	bool html = slice_is(p->subtype, "html");

	w->out->from_html = html;
	w->out->info = (struct trim_info){ .whole = true };
	if (w->in->reply && w->stub)
		trim_reply(SLICE("Content-Type: text/html; charset=utf-8\r\n\r\n"), part_text(w, w->readable),
			w->in->parent_text, &raw, &w->out->info);
	else if (w->in->reply)
		trim_reply(w->in->header, w->in->body, w->in->parent_text, &raw, &w->out->info);
	else if (html)
		mime_html_text(part_text(w, w->readable), &raw);
	else
		buf_add_slice(&raw, part_text(w, w->readable));
	text_utf8_repair(buf_slice(&raw), &clean);
	for (size_t i = 0; i < buf_len(&clean); i++)
		if (!buf_bytes(&clean)[i])
			buf_bytes(&clean)[i] = ' ';
	w->out->text = buf_len(&clean) ? arena_slice(w->a, buf_slice(&clean)) : none;
	buf_free(&raw);
	buf_free(&clean);
}

static bool shown_before(struct reply_work *w, const struct mime_part *p) {
	struct buf content = { 0 };
	bool seen = false;

	if (!w->in->seen || !slice_is(p->type, "image") || slice_is(p->disposition, "attachment") || !p->id.n)
		return false;
	mime_decode(p->encoding, slice_sub(w->in->body, p->body_off, p->body_len), p->body_len, &content);
	seen = w->in->seen(w->in->arg, buf_slice(&content));
	buf_free(&content);
	return seen;
}

/* Has the text got what the author wrote in a part that goes on with it? What was cut off the part before may reach
 * over it: everything behind an old mail without marks is old, and behind a signature nothing is expected. */
static bool goes_on_in_text(struct reply_work *w, int i) {
	struct slice own, line, last = slice_of("", 0);
	struct buf text = { 0 }, whole = { 0 }, left = { 0 };
	struct trim_info info;

	mime_text(&w->t.v[i], w->in->body, TRIM_TEXT_MAX, &text);
	buf_adds(&whole, "Text.\n\n");    /* alone it would be left as it is */
	if (w->out->from_html)
		mime_html_text(buf_slice(&text), &whole);
	else
		buf_add_slice(&whole, buf_slice(&text));
	trim_text(buf_slice(&whole), w->in->parent_text, &left, &info);
	own = slice_from(buf_slice(&left), 5);
	while (slice_line(&own, &line))
		last = slice_trim(line).n ? slice_trim(line) : last;
	bool got = !last.n || slice_find(w->out->text, last) >= 0;
	buf_free(&text);
	buf_free(&whole);
	buf_free(&left);
	return got;
}

/* octets of the file, about; base64 has lines of 76 letters */
static uint64_t file_octets(const struct mime_part *p) {
	return p->encoding == MIME_BASE64 ? (uint64_t)p->body_len * 57 / 78 : p->body_len;
}

static bool within_limit(struct reply_work *w, const struct mime_part *p) {
	uint64_t n = file_octets(p);

	if (w->in->attachments_max && w->octets + n > w->in->attachments_max)
		return false;
	w->octets += n;
	return true;
}

/* of a mail whose structure stays as it is */
static bool all_within_limit(struct reply_work *w) {
	if (w->t.cut)
		return !w->in->attachments_max || w->in->body.n <= w->in->attachments_max;
	for (int i = 0; i < (int)w->t.n; i++)
		if (i != w->readable && w->t.v[i].kind != MIME_MULTIPART && !embedded(&w->t, i) && !within_limit(w, &w->t.v[i]))
			return false;
	return true;
}

static void add_octets(uint64_t n, struct buf *out) {
	if (n < 1000000)
		buf_addf(out, "%llu kB", (unsigned long long)(n + 999) / 1000);
	else
		buf_addf(out, "%llu.%llu MB", (unsigned long long)n / 1000000, (unsigned long long)n / 100000 % 10);
}

/* what a header says, on one line and not endless */
static void add_name(struct slice s, struct buf *out) {
	struct buf clean = { 0 };
	struct slice rest, at;

	text_utf8_repair(s, &clean);
	rest = buf_slice(&clean);
	for (int n = 0; rest.n && n < NAME_SHOWN; n++) {
		at = rest;
		int32_t c = text_utf8_next(&rest);
		if (c < ' ' || (c >= 0x7f && c < 0xa0))
			buf_addc(out, ' ');
		else
			buf_add(out, at.p, at.n - rest.n);
	}
	if (rest.n)
		buf_adds(out, "...");
	buf_free(&clean);
}

/* Readers and author see in the text what is missing, and why. */
static void say_left(struct reply_work *w) {
	struct slice text = w->out->text;
	struct buf b = { 0 };

	while (text.n && (text_space(text.p[text.n - 1]) || text.p[text.n - 1] == '\n'))
		text.n--;
	buf_addf(&b, "%.*s%s[Left out: ", SLICE_ARG(text), text.n ? "\n\n" : "");
	for (size_t i = 0; i < w->left.n; i++) {
		const struct mime_part *p = &w->t.v[w->left.v[i]];
		struct slice name = mime_file_name(p);

		buf_adds(&b, i ? ", " : "");
		add_name(name, &b);
		buf_adds(&b, name.n ? " (" : "(");
		add_name(p->type, &b);
		buf_addc(&b, '/');
		add_name(p->subtype, &b);
		buf_adds(&b, ", ");
		add_octets(file_octets(p), &b);
		buf_addc(&b, ')');
	}
	buf_adds(&b, ". A mail may bring ");
	add_octets(w->in->attachments_max, &b);
	buf_adds(&b, " of files.]\n");
	w->out->text = arena_slice(w->a, buf_slice(&b));
	w->out->left = (unsigned)w->left.n;
	buf_free(&b);
}

/* what stays beside the text; false: nothing would change */
static bool choose(struct reply_work *w) {
	int alternative = alternative_of(&w->t, w->readable);
	bool plain = !w->out->from_html, dropped = false;

	for (int i = 0; i < (int)w->t.n; i++) {
		const struct mime_part *p = &w->t.v[i];

		if (i == w->readable || p->kind == MIME_MULTIPART || embedded(&w->t, i))
			continue;
		if (mime_goes_on(&w->t, w->readable, (size_t)i) && goes_on_in_text(w, i)) {
			dropped = true;
			continue;
		}
		if (alternative >= 0 && below(&w->t, i, alternative) && slice_is(p->type, "text")
		    && !slice_is(p->disposition, "attachment") && !slice_is(p->subtype, "calendar")) {
			dropped = true;
		} else if (shown_before(w, p)) {
			w->out->pictures++;
			dropped = true;
		} else if (within_limit(w, p)) {
			vec_push(&w->kept, i);
		} else {
			vec_push(&w->left, i);
		}
	}
	if (w->left.n)
		say_left(w);
	if (w->left.n || w->in->whole || w->readable < 0)
		return w->left.n;
	return w->stub || !plain || w->out->pictures || (w->in->reply && (dropped || !w->out->info.whole));
}

/* what came in paragraphs goes on in paragraphs */
static void put_flowed(struct slice text, struct buf *head, struct buf *body) {
	bool eight = false, delsp = flowed_encode(text, body);

	for (size_t i = 0; i < text.n && !eight; i++)
		eight = (unsigned char)text.p[i] >= 128;
	if (!buf_len(body))
		buf_adds(body, "\r\n");
	buf_addf(head, "Content-Type: text/plain; charset=utf-8; format=flowed%s\r\nContent-Transfer-Encoding: %s\r\n",
		delsp ? "; delsp=yes" : "", eight ? "8bit" : "7bit");
}

static bool is_flowed(const struct mime_part *p) {
	return slice_is_nocase(mime_param_get(p->params, p->nparams, "format"), "flowed");
}

static void put_text(const struct reply_work *w, struct buf *head, struct buf *body) {
	if (w->readable < 0)
		reply_body_put(w->out->text, head, body);
	else if (is_flowed(&w->t.v[w->readable]) || w->out->from_html)
		put_flowed(w->out->text, head, body);
	else
		reply_body_put(w->out->text, head, body);
}

/* the length of lines decides the encoding */
void reply_body_put(struct slice text, struct buf *head, struct buf *body) {
	bool eight = false, lng = false;
	struct slice rest = text, line;

	while (slice_line(&rest, &line)) {
		lng |= line.n > LINE_MAX_OCTETS || slice_chr(line, '\r') >= 0;
		for (size_t i = 0; i < line.n && !eight; i++)
			eight = (unsigned char)line.p[i] >= 128;
		buf_add_slice(body, line);
		buf_adds(body, "\r\n");
	}
	if (lng) {
		buf_reset(body);
		build_qp(text, body);
	}
	if (!buf_len(body))
		buf_adds(body, "\r\n");
	buf_addf(head, "Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: %s\r\n",
		lng ? "quoted-printable" : eight ? "8bit" : "7bit");
}

static void put_parts(struct reply_work *w, struct buf *head, struct buf *body) {
	struct buf text_head = { 0 }, text = { 0 };
	unsigned char hash[32];
	char boundary[40];
	size_t n = 0;

	/* of the content, so that the same mail makes the same post */
	digest_sha256(w->in->body, hash);
	n = (size_t)snprintf(boundary, sizeof boundary, "=_forum_");
	for (int i = 0; i < 12; i++)
		n += (size_t)snprintf(boundary + n, sizeof boundary - n, "%02x", hash[i]);
	put_text(w, &text_head, &text);
	buf_addf(head, "Content-Type: multipart/mixed; boundary=\"%s\"\r\n", boundary);
	buf_addf(body, "--%s\r\n", boundary);
	buf_add_slice(body, buf_slice(&text_head));
	buf_adds(body, "\r\n");
	buf_add_slice(body, buf_slice(&text));
	for (size_t i = 0; i < w->kept.n; i++) {
		const struct mime_part *p = &w->t.v[w->kept.v[i]];
		struct slice raw = slice_sub(w->in->body, p->header_off, p->body_off + p->body_len - p->header_off);

		buf_addf(body, "%s--%s\r\n", i ? "\r\n" : "", boundary);
		buf_add_slice(body, raw);
	}
	buf_addf(body, "\r\n--%s--\r\n", boundary);
	buf_free(&text_head);
	buf_free(&text);
}

int reply_body_make(struct arena *a, const struct reply_body_in *in, struct reply_body *r_r) {
	struct reply_work w = { .a = a, .in = in, .out = r_r };
	struct buf head = { 0 }, body = { 0 };
	bool change, touch;

	*r_r = (struct reply_body){ .info = { .whole = true } };
	mime_scan(a, in->header, in->body, &w.t);
	w.readable = w.t.n ? mime_readable(&w.t) : -1;
	touch = understood(&w);
	if (!touch && !all_within_limit(&w))
		return ERR_TOOBIG;
	if (w.readable >= 0) {
		find_stub(&w);
		make_text(&w);
	}
	change = touch && choose(&w) && (slice_trim(r_r->text).n || w.kept.n);
	if (change && w.kept.n)
		put_parts(&w, &head, &body);
	else if (change)
		put_text(&w, &head, &body);
	r_r->content = arena_slice(a, buf_slice(&head));
	r_r->body = arena_slice(a, buf_slice(&body));
	if (!change)
		r_r->info = (struct trim_info){ .whole = true };
	buf_free(&head);
	buf_free(&body);
	vec_free(&w.kept);
	vec_free(&w.left);
	return change;
}
