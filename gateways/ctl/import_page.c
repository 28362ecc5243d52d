/* import_page.c - the saved text of a web page: an article with nested comments. Each comment begins with a bullet, the
 * author's name (or nothing) and a date without time; deeper indentation is a reply. What is missing stays missing:
 * no author is guessed, no time of day invented, empty fields are reported and not filled. */
#include <stdio.h>
#include "forumd/base/clock.h"
#include "forumd/base/digest.h"
#include "forumd/base/text.h"
#include "forumd/base/vec.h"
#include "forumd/base/base64.h"
#include "gateways/ctl/forumctl.h"

static const char bullet[] = "\xe2\x80\xa2";   /* U+2022 */

struct comment {
	size_t indent;              /* columns before the bullet */
	struct slice name;          /* empty: nobody said */
	int day, month, year;
	struct buf text;
	char id[64];
	ptrdiff_t parent;           /* index; -1 the article */
};

static int month_number(struct slice w) {
	static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
	char l[3];
	if (w.n < 3)
		return 0;
	for (int i = 0; i < 3; i++)
		l[i] = text_lower(w.p[i]);
	for (int m = 0; m < 12; m++)
		if (memcmp(l, names + 3 * m, 3) == 0)
			return m + 1;
	return 0;
}

/* "17th Sep 2012" */
static bool date_words(struct slice d, struct slice m, struct slice y, struct comment *c) {
	uint64_t day, year;
	struct slice rest = d;
	if (!num_take_u64(&rest, &day) || day < 1 || day > 31 ||
		!(slice_is(rest, "st") || slice_is(rest, "nd") || slice_is(rest, "rd") || slice_is(rest, "th") || !rest.n))
		return false;
	if (!num_parse_u64(y, &year) || year < 1970 || year > 2200 || !month_number(m))
		return false;
	c->day = (int)day;
	c->month = month_number(m);
	c->year = (int)year;
	return true;
}

/* "  • Name Name 17th Sep 2012" */
static bool comment_line(struct slice line, struct comment *c) {
	size_t i = 0;
	while (i < line.n && line.p[i] == ' ')
		i++;
	struct slice rest = slice_from(line, i);
	if (!slice_starts(rest, slice_str(bullet)))
		return false;
	rest = slice_trim(slice_from(rest, strlen(bullet)));
	struct slice words[64], all = rest;
	size_t n = 0;
	while (n < 64 && slice_word(&all, &words[n]))
		n++;
	if (n < 3 || n == 64)
		return false;
	*c = (struct comment){ .indent = i, .parent = -1 };
	if (!date_words(words[n - 3], words[n - 2], words[n - 1], c))
		return false;
	c->name = n > 3 ? slice_trim(slice_of(rest.p, (size_t)(words[n - 3].p - rest.p))) : SLICE("");
	return true;
}

/* "Discussion 24 Comments" */
static bool count_line(struct slice line, uint64_t *n_r) {
	struct slice rest = line, w;
	bool found = false;
	uint64_t n = 0;
	while (slice_word(&rest, &w)) {
		if (found && (slice_is_nocase(w, "comments") || slice_is_nocase(w, "comment"))) {
			*n_r = n;
			return true;
		}
		found = num_parse_u64(w, &n);
	}
	return false;
}

bool import_is_page(struct slice text) {
	struct comment c;
	struct slice rest = text, line;
	unsigned n = 0;
	while (slice_line(&rest, &line))
		n += comment_line(line, &c);
	return n > 0;
}

/* a bullet "Name: value" */
static bool field_line(struct slice line, struct slice *name_r, struct slice *value_r) {
	struct slice s = slice_trim(line);
	if (!slice_starts(s, slice_str(bullet)))
		return false;
	s = slice_trim(slice_from(s, strlen(bullet)));
	ptrdiff_t colon = slice_chr(s, ':');
	if (colon <= 0 || colon > 40)
		return false;
	*name_r = slice_to(s, (size_t)colon);
	*value_r = slice_trim(slice_from(s, (size_t)colon + 1));
	return true;
}

static void add_line(struct buf *b, struct slice line, size_t indent) {
	size_t i = 0;
	while (i < indent && i < line.n && line.p[i] == ' ')
		i++;
	struct slice s = slice_from(line, i);
	while (s.n && text_space(s.p[s.n - 1]))
		s.n--;
	if (!buf_len(b) && !s.n)
		return;
	buf_add_slice(b, s);
	buf_addc(b, '\n');
}

static void trim_end(struct buf *b) {
	while (buf_len(b) > 1 && b->data[b->used - 1] == '\n' && b->data[b->used - 2] == '\n')
		buf_truncate(b, buf_len(b) - 1);
}

/* ids that are the same at every import of the same page: the page's title, the place in it, the text */
static void make_id(struct comment *c, struct slice title, size_t index) {
	unsigned char d[32];
	struct buf b = {0}, h = {0};
	buf_add_slice(&b, title);
	buf_addf(&b, "\n%zu\n", index);
	buf_add_slice(&b, c->name);
	buf_addf(&b, "\n%d-%d-%d\n", c->year, c->month, c->day);
	buf_add_slice(&b, buf_slice(&c->text));
	digest_sha256(buf_slice(&b), d);
	base32_encode(slice_of(d, 15), &h);
	snprintf(c->id, sizeof c->id, "<%.*s@import.invalid>", SLICE_ARG(buf_slice(&h)));
	buf_free(&b);
	buf_free(&h);
}

/* Subject is UTF-8 text of the page; non-ASCII goes raw, the daemon reads raw UTF-8 headers */
static void send_post(struct forumctl *x, const char *name, struct slice title, const struct comment *c,
	const struct comment *parent, struct slice ancestors, size_t index) {
	static const char *const days[] = { "Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat" };
	static const char *const months[] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov",
		"Dec" };
	struct buf b = {0};
	char origin[512];
	const char *base = strrchr(name, '/');
	int64_t t = 0;
	buf_addf(&b, "Subject: %s%.*s\nMessage-ID: %s\n", index ? "Re: " : "", SLICE_ARG(title), c->id);
	if (parent)
		buf_addf(&b, "In-Reply-To: %s\nReferences:%.*s %s\n", parent->id, SLICE_ARG(ancestors), parent->id);
	if (c->year) {
		t = clock_days(c->year, c->month, c->day) * 86400;
		int wd;
		clock_civil(t, NULL, NULL, NULL, NULL, NULL, NULL, &wd);
		buf_addf(&b, "Date: %s, %02d %s %04d 00:00:00 +0000\n", days[wd], c->day, months[c->month - 1], c->year);
	}
	buf_adds(&b, "MIME-Version: 1.0\nContent-Type: text/plain; charset=utf-8\nContent-Transfer-Encoding: 8bit\n\n");
	buf_add_slice(&b, buf_slice(&c->text));
	snprintf(origin, sizeof origin, "%s comment %zu", base && base[1] ? base + 1 : name, index);
	struct ctl_message m = {
		.origin = slice_str(origin),
		.raw = buf_slice(&b),
		.author = c->name,
		.flags = (t ? CTL_DATE_ONLY : 0) | (c->name.n ? 0 : CTL_ANONYMOUS),
		.parent_id = parent ? slice_str(parent->id) : SLICE(""),
		.reason = CTL_REASON_IMPORTED,
	};
	import_send(x, &m);
	buf_free(&b);
}

struct page {
	struct slice title;
	struct comment article;
	VEC(struct comment) v;
	uint64_t says;
	bool counted;
	struct buf empty;
	unsigned nempty;
};

static void page_read(struct page *p, struct slice text) {
	struct slice line, field, value;
	bool titled = false, body = false;
	for (size_t n = 0; slice_line(&text, &line); n++) {
		struct comment c;
		if (comment_line(line, &c)) {
			vec_push(&p->v, c);
			continue;
		}
		if (p->v.n) {
			add_line(&p->v.v[p->v.n - 1].text, line, p->v.v[p->v.n - 1].indent + 2);
			continue;
		}
		if (count_line(line, &p->says)) {
			p->counted = true;
			continue;
		}
		struct slice s = slice_trim(line);
		/* the first line of a saved page is its navigation when a title and fields follow */
		if (!titled && s.n && !slice_starts_nocase(s, SLICE("login"))) {
			p->title = s;
			titled = true;
			continue;
		}
		/* the list of fields under the title: what is empty is reported, what is not stays text */
		if (titled && !body && field_line(line, &field, &value)) {
			if (value.n)
				add_line(&p->article.text, line, 0);
			else
				buf_addf(&p->empty, "%s%.*s", p->nempty++ ? ", " : "", SLICE_ARG(field));
			continue;
		}
		if (titled && (s.n || body)) {
			if (!body && buf_len(&p->article.text))
				buf_addc(&p->article.text, '\n');   /* between the fields and the text */
			body = true;
			add_line(&p->article.text, line, 0);
		}
	}
}

/* parent: the nearest earlier comment that stands further left */
static void page_nest(struct page *p) {
	VEC(size_t) open = {0};
	for (size_t i = 0; i < p->v.n; i++) {
		while (open.n && p->v.v[open.v[open.n - 1]].indent >= p->v.v[i].indent)
			open.n--;
		p->v.v[i].parent = open.n ? (ptrdiff_t)open.v[open.n - 1] : -1;
		vec_push(&open, i);
	}
	vec_free(&open);
}

/* References as a newsreader wants them: the article, then the comments above, at most 18 of them */
static void send_comment(struct forumctl *x, const char *name, const struct page *p, size_t i) {
	const struct comment *c = &p->v.v[i];
	struct buf b = {0};
	ptrdiff_t chain[18];
	int n = 0;
	if (c->parent < 0) {
		send_post(x, name, p->title, c, &p->article, SLICE(""), i + 1);
		return;
	}
	buf_addf(&b, " %s", p->article.id);
	for (ptrdiff_t up = p->v.v[c->parent].parent; up >= 0 && n < 18; up = p->v.v[up].parent)
		chain[n++] = up;
	while (n > 0)
		buf_addf(&b, " %s", p->v.v[chain[--n]].id);
	send_post(x, name, p->title, c, &p->v.v[c->parent], buf_slice(&b), i + 1);
	buf_free(&b);
}

bool import_page(struct forumctl *x, const char *name, struct slice text) {
	struct page p = {0};
	unsigned anonymous = 0;
	page_read(&p, text);
	if (!p.title.n || !p.v.n) {
		buf_free(&p.article.text);
		buf_free(&p.empty);
		vec_free(&p.v);
		return false;
	}
	page_nest(&p);
	trim_end(&p.article.text);
	make_id(&p.article, p.title, 0);
	for (size_t i = 0; i < p.v.n; i++) {
		trim_end(&p.v.v[i].text);
		make_id(&p.v.v[i], p.title, i + 1);
		anonymous += p.v.v[i].name.n == 0;
	}
	send_post(x, name, p.title, &p.article, NULL, SLICE(""), 0);
	for (size_t i = 0; i < p.v.n; i++)
		send_comment(x, name, &p, i);
	if (p.counted && p.says != p.v.n)
		import_note(x, "%zu comments found where the page says %llu", p.v.n, (unsigned long long)p.says);
	else
		import_note(x, "%zu comments found", p.v.n);
	if (anonymous)
		import_note(x, "%u comments have no author and stay anonymous", anonymous);
	if (p.nempty)
		import_note(x, "%u empty fields stay empty: %.*s", p.nempty, SLICE_ARG(buf_slice(&p.empty)));
	import_note(x, "dates have no time of day: kept as dates, in the order of the page");
	for (size_t i = 0; i < p.v.n; i++)
		buf_free(&p.v.v[i].text);
	buf_free(&p.article.text);
	buf_free(&p.empty);
	vec_free(&p.v);
	return true;
}
