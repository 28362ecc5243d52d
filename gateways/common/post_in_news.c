/* post_in_news.c - what an injecting agent refuses (RFC 5537 3.5 steps 2 to 4): fields that only servers write, fields
 * that are no longer used, fields that say twice what may be said once, and values that other servers would refuse
 * later, without telling the author. */
#include "forumd/base/text.h"
#include "forumd/mail/date.h"
#include "gateways/common/post_in_private.h"

enum news_field {
	NEWS_SERVER,                   /* MUST NOT be in what is posted: Injection-Info, Xref */
	NEWS_INJECTED,                 /* traces of servers that do not know Injection-Info */
	NEWS_OBSOLETE,                 /* RFC 5536 3.3 */
	NEWS_ONCE, NEWS_INJECTION_DATE, NEWS_EXPIRES, NEWS_FOLLOWUP_TO, NEWS_PATH,
	NEWS_REQUIRED,                 /* post_in_survey() counts them */
	NEWS_OTHER,
};
static const struct { struct slice name; enum news_field kind; } news_fields[] = {
	{ SLICE_INIT("also-control"), NEWS_OBSOLETE },
	{ SLICE_INIT("approved"), NEWS_ONCE },
	{ SLICE_INIT("archive"), NEWS_ONCE },
	{ SLICE_INIT("archived-at"), NEWS_ONCE },
	{ SLICE_INIT("article-names"), NEWS_OBSOLETE },
	{ SLICE_INIT("article-updates"), NEWS_OBSOLETE },
	{ SLICE_INIT("cc"), NEWS_ONCE },
	{ SLICE_INIT("content-transfer-encoding"), NEWS_ONCE },
	{ SLICE_INIT("content-type"), NEWS_ONCE },
	{ SLICE_INIT("control"), NEWS_ONCE },
	{ SLICE_INIT("date-received"), NEWS_OBSOLETE },
	{ SLICE_INIT("distribution"), NEWS_ONCE },
	{ SLICE_INIT("expires"), NEWS_EXPIRES },
	{ SLICE_INIT("followup-to"), NEWS_FOLLOWUP_TO },
	{ SLICE_INIT("from"), NEWS_REQUIRED },
	{ SLICE_INIT("injection-date"), NEWS_INJECTION_DATE },
	{ SLICE_INIT("injection-info"), NEWS_SERVER },
	{ SLICE_INIT("keywords"), NEWS_ONCE },
	{ SLICE_INIT("mime-version"), NEWS_ONCE },
	{ SLICE_INIT("nntp-posting-date"), NEWS_INJECTED },
	{ SLICE_INIT("nntp-posting-host"), NEWS_INJECTED },
	{ SLICE_INIT("organization"), NEWS_ONCE },
	{ SLICE_INIT("path"), NEWS_PATH },
	{ SLICE_INIT("posting-version"), NEWS_OBSOLETE },
	{ SLICE_INIT("references"), NEWS_ONCE },
	{ SLICE_INIT("relay-version"), NEWS_OBSOLETE },
	{ SLICE_INIT("reply-to"), NEWS_ONCE },
	{ SLICE_INIT("see-also"), NEWS_OBSOLETE },
	{ SLICE_INIT("sender"), NEWS_ONCE },
	{ SLICE_INIT("subject"), NEWS_REQUIRED },
	{ SLICE_INIT("summary"), NEWS_ONCE },
	{ SLICE_INIT("supersedes"), NEWS_ONCE },
	{ SLICE_INIT("to"), NEWS_ONCE },
	{ SLICE_INIT("user-agent"), NEWS_ONCE },
	{ SLICE_INIT("x-trace"), NEWS_INJECTED },
	{ SLICE_INIT("xref"), NEWS_SERVER },
};
#define NEWS_FIELDS (sizeof news_fields / sizeof *news_fields)

static size_t news_find(struct slice name) {
	for (size_t i = 0; i < NEWS_FIELDS; i++)
		if (name.n == news_fields[i].name.n && slice_eq_nocase(name, news_fields[i].name))
			return i;
	return NEWS_FIELDS;
}

static bool news_legal(struct slice s, const char *signs) {
	for (size_t i = 0; i < s.n; i++)
		if (!text_alpha(s.p[i]) && !text_digit(s.p[i]) && (!s.p[i] || !strchr(signs, s.p[i])))
			return false;
	return s.n > 0;
}

static int news_path(struct post_in_work *w, struct slice path) {
	struct slice rest = path, name;
	if (!news_legal(path, "!.-_:/+,% \t\r\n"))
		return fail_set(w->f, ERR_INVALID, "Path is malformed; leave it out");
	while (slice_split(&rest, '!', &name)) {
		name = slice_trim(name);
		if (slice_starts_nocase(name, SLICE(".POSTED")) || slice_is_nocase(name, "POSTED"))
			return fail_set(w->f, ERR_INVALID, "Path says that the article was posted already, at another server");
	}
	struct slice way = post_in_clean(w->a, path, POST_IN_LINE_MAX);
	w->new_path = arena_slicef(w->a, "%.*s!.POSTED!%.*s", SLICE_ARG(w->in->path_host), SLICE_ARG(slice_trim(way)));
	return 1;
}

/* "poster", or names; what a mail address there would mean is Reply-To */
static int news_followup_to(struct post_in_work *w, struct slice value) {
	struct slice name;
	while (slice_split(&value, ',', &name)) {
		if (!news_legal(slice_trim(name), "+-_."))
			return fail_set(w->f, ERR_INVALID, "Followup-To takes names of groups, or \"poster\"");
	}
	return 1;
}

static int news_injection_date(struct post_in_work *w, struct slice value) {
	int64_t t;
	if (date_parse(value, &t, NULL) <= 0)
		return fail_set(w->f, ERR_INVALID, "Injection-Date cannot be understood");
	if (t > w->now + POST_IN_FUTURE_SECONDS)
		return fail_set(w->f, ERR_INVALID, "Injection-Date is more than a day in the future");
	if (t < w->now - POST_IN_PAST_SECONDS)
		return fail_set(w->f, ERR_INVALID, "Injection-Date is more than %d days ago", POST_IN_PAST_SECONDS / 86400);
	w->injection_dated = true;
	return 1;
}

static int news_value(struct post_in_work *w, enum news_field kind, struct slice value) {
	int64_t t;
	switch (kind) {
	case NEWS_INJECTION_DATE: return news_injection_date(w, value);
	case NEWS_FOLLOWUP_TO: return news_followup_to(w, value);
	case NEWS_PATH: return news_path(w, value);
	case NEWS_EXPIRES:
		return date_parse(value, &t, NULL) > 0 ? 1 : fail_set(w->f, ERR_INVALID, "Expires cannot be understood");
	default: return 1;
	}
}

/* RFC 5536 2.2; other servers refuse it, and the author would not hear of that */
static int news_form(struct post_in_work *w, const struct field *f) {
	struct slice rest = f->value, line;
	const char *why = f->value.p[0] != ' ' ? "a space is missing behind the colon" : NULL;
	if (f->raw.p[f->name.n] != ':')
		why = "a space stands in front of the colon";
	slice_line(&rest, &line);
	while (!why && slice_line(&rest, &line))
		if (!slice_trim(line).n)
			why = "one of its lines is blank";
	return why ? fail_set(w->f, ERR_INVALID, "%.*s: %s", SLICE_ARG(slice_to(f->name, 60)), why) : 1;
}

static int news_field(struct post_in_work *w, const struct field *f, uint64_t *seen) {
	size_t i = news_find(f->name);
	enum news_field kind = i < NEWS_FIELDS ? news_fields[i].kind : NEWS_OTHER;
	struct slice value = slice_trim(f->value);
	if (kind == NEWS_SERVER)
		return fail_set(w->f, ERR_INVALID, "%.*s is written by servers only; leave it out", SLICE_ARG(f->name));
	if (kind == NEWS_INJECTED)
		return fail_set(w->f, ERR_INVALID, "%.*s says that the article was posted already, at another server",
			SLICE_ARG(f->name));
	if (kind == NEWS_OBSOLETE)
		return fail_set(w->f, ERR_INVALID, "%.*s is not used any more (RFC 5536); leave it out", SLICE_ARG(f->name));
	/* an empty one says nothing and is taken out */
	if (!value.n)
		return 1;
	if (kind >= NEWS_REQUIRED)
		return news_form(w, f);
	if (*seen & (uint64_t)1 << i)
		return fail_set(w->f, ERR_INVALID, "the message has more than one %.*s", SLICE_ARG(f->name));
	*seen |= (uint64_t)1 << i;
	return news_form(w, f) > 0 ? news_value(w, kind, value) : ERR_INVALID;
}

int post_in_news(struct post_in_work *w) {
	_Static_assert(NEWS_FIELDS <= 64, "seen has a bit for each");
	struct slice rest = w->header;
	struct field f;
	uint64_t seen = 0;
	int r = 1;
	if (w->in->path_host.n)
		w->new_path = arena_slicef(w->a, "%.*s!.POSTED!not-for-mail", SLICE_ARG(w->in->path_host));
	while (r > 0 && field_next(&rest, &f))
		r = news_field(w, &f, &seen);
	return r;
}
