/* post_in.c - the rules for arrivals, in the order in which a person would want to hear of them: shape, author, places,
 * subject, date, ids, body. Nothing here writes to the store; post_in_job.c repeats in the writer what may change. */
#include "forumd/base/base64.h"
#include "forumd/base/clock.h"
#include "forumd/base/digest.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/base/vec.h"
#include "forumd/forum/rights.h"
#include "forumd/mail/address.h"
#include "forumd/mail/date.h"
#include "forumd/forum/memo.h"
#include "forumd/mail/mime.h"
#include "forumd/mail/msgid.h"
#include "forumd/mail/reply_body.h"
#include "gateways/common/cited.h"
#include "gateways/common/post_in_private.h"


/* ---- shape ------------------------------------------------------------------------------------------------------- */

/* LF alone becomes CRLF: files have their own line ends */
static struct slice shape_with_crlf(struct arena *a, struct slice s) {
	const char *end = s.p + s.n;
	size_t extra = 0;
	for (const char *lf = s.p; (lf = memchr(lf, '\n', (size_t)(end - lf))); lf++)
		extra += lf == s.p || lf[-1] != '\r';
	if (!extra)
		return s;
	char *out = arena_alloc(a, s.n + extra), *to = out;
	const char *from = s.p;
	for (const char *lf = s.p; (lf = memchr(lf, '\n', (size_t)(end - lf))); lf++)
		if (lf == s.p || lf[-1] != '\r') {
			to = mempcpy(to, from, (size_t)(lf - from));
			*to++ = '\r';
			from = lf;
		}
	to = mempcpy(to, from, (size_t)(end - from));
	return slice_of(out, (size_t)(to - out));
}

static struct slice shape_without_from_line(struct slice s) {
	if (!slice_starts(s, SLICE("From ")))
		return s;
	ptrdiff_t lf = slice_chr(s, '\n');
	return lf < 0 ? slice_from(s, s.n) : slice_from(s, (size_t)lf + 1);
}

static int shape_check(struct post_in_work *w, struct slice raw) {
	struct text_lines l;
	if (w->in->max_size && raw.n > w->in->max_size)
		return fail_set(w->f, ERR_TOOBIG, "the message is longer than %zu octets", w->in->max_size);
	if (w->in->import)
		raw = shape_without_from_line(raw);
	if (w->in->import || w->in->source == POST_FROM_CTL)
		raw = shape_with_crlf(w->a, raw);
	if (!w->in->import) {
		text_lines(raw, &l);
		if (l.nul)
			return fail_set(w->f, ERR_INVALID, "the message holds a NUL octet");
		if (l.bare_lf || l.bare_cr)
			return fail_set(w->f, ERR_INVALID, "the message holds a bare %s; lines must end in CRLF",
				l.bare_lf ? "LF" : "CR");
	}
	if (!field_split(raw, &w->header, &w->body))
		w->shape |= POST_IN_NO_BODY;
	if (w->header.n && w->header.p[w->header.n - 1] != '\n') {
		w->shape |= POST_IN_CUT_LINE;
		char *p = arena_alloc(w->a, w->header.n + 2);
		memcpy(p, w->header.p, w->header.n);
		memcpy(p + w->header.n, "\r\n", 2);
		w->header = slice_of(p, w->header.n + 2);
	}
	return 1;
}

static bool shape_is_blank(struct slice s) {
	return slice_trim(s).n == 0;
}

/* ---- author ------------------------------------------------------------------------------------------------------ */

static struct slice author_key_of(struct arena *a, const struct address *ad) {
	struct buf b = { 0 };
	address_key(&b, ad->local, ad->domain);
	struct slice s = arena_slice(a, buf_slice(&b));
	buf_free(&b);
	return s;
}

static struct slice author_escaped(struct arena *a, struct slice s, size_t max) {
	struct buf b = { 0 };
	text_escape(slice_trim(s), max, &b);
	s = arena_slice(a, buf_slice(&b));
	buf_free(&b);
	return s;
}

/* The address readers are shown (forum/author.h) is the member's too: news readers copy From when a post is superseded.
 */
static bool author_is_own(struct post_in_work *w, struct slice key) {
	const struct member *m = &w->member;
	for (size_t i = 0; i < m->naddresses; i++)
		if (slice_eq(m->addresses[i], key))
			return true;
	return slice_eq(arena_slicef(w->a, "author-%u@%s", m->id, forum_domain(forum_of(w->t))), key);
}

/* author-N@, GROUP-owner@ ...: what stands there speaks for a member or for the moderators, and answers go to them. An
 * account may have an address of its own there. */
static bool author_is_of_server(struct post_in_work *w, struct slice key) {
	ptrdiff_t at = slice_rchr(key, '@');
	struct member m;
	return at >= 0 && slice_is_nocase(slice_from(key, (size_t)at + 1), forum_domain(forum_of(w->t))) &&
		!(member_by_address(w->t, key, &m) > 0 && m.kind == MEMBER_ACCOUNT);
}

static int author_of_stranger(struct post_in_work *w, const struct address_list *list) {
	size_t boxes = 0;
	w->d->author = 0;
	w->d->author_name = w->in->author_name;
	w->d->author_address = slice_of("", 0);
	for (size_t i = 0; i < list->n; i++) {
		if (list->v[i].kind != ADDRESS_MAILBOX || !list->v[i].local.n || boxes++)
			continue;
		w->d->author_address = author_key_of(w->a, &list->v[i]);
		if (list->v[i].name.n)
			w->d->author_name = list->v[i].name;
	}
	if ((w->in->member == 0 || w->d->foreign_from) && !w->in->import && boxes != 1)
		return fail_set(w->f, ERR_INVALID,
			boxes ? "From must hold exactly one address" : "From is missing or holds no address");
	if (w->d->foreign_from && author_is_of_server(w, w->d->author_address))
		return fail_set(w->f, ERR_INVALID, "From must be the author's own address, not one that this server gives out");
	return 1;
}

static int author_of_member(struct post_in_work *w, const struct address_list *list) {
	const struct post_in_field *from = &w->known[KNOWN_FROM];
	struct slice says = slice_of("", 0);
	w->d->author = w->member.id;
	w->d->author_name = w->member.name;
	w->d->author_address = w->member.naddresses ? w->member.addresses[0] : slice_of("", 0);
	if (!from->n) {
		struct buf b = { 0 };
		ptrdiff_t at = slice_rchr(w->d->author_address, '@');
		if (at > 0)
			address_write(&b, w->member.name, slice_to(w->d->author_address, (size_t)at),
				slice_from(w->d->author_address, (size_t)at + 1));
		w->typed_from = arena_slice(w->a, buf_slice(&b));
		buf_free(&b);
		return 1;
	}
	for (size_t i = 0; i < list->n; i++) {
		if (list->v[i].kind != ADDRESS_MAILBOX)
			continue;
		struct slice key = author_key_of(w->a, &list->v[i]);
		if (author_is_own(w, key))
			return 1;
		if (!says.n)
			says = key;
	}
	if (w->member.gateway) {
		w->d->foreign_from = true;
		return author_of_stranger(w, list);
	}
	return fail_set(w->f, ERR_INVALID, "From must be one of your addresses (%.*s); it says %.*s",
		SLICE_ARG(w->d->author_address), SLICE_ARG(author_escaped(w->a, says.n ? says : from->f.value, 80)));
}

static int author_check(struct post_in_work *w) {
	const struct post_in_field *from = &w->known[KNOWN_FROM];
	struct address_list list = { 0 };
	if (w->in->member && w->in->member != RIGHTS_OPERATOR) {
		int r = member_get(w->t, w->in->member, &w->member);
		if (r < 0)
			return fail_set(w->f, r, "the store cannot be read now");
		if (r == 0 || w->member.kind != MEMBER_ACCOUNT)
			return fail_set(w->f, ERR_LOGIN, "log in first");
	}
	if (from->n)
		address_parse(w->a, from->f.value, &list);
	int r = w->member.id ? author_of_member(w, &list) : author_of_stranger(w, &list);
	if (r > 0)
		w->d->from = post_in_clean(w->a, from->n ? from->f.value : w->typed_from, 1000);
	return r;
}

/* ---- places ------------------------------------------------------------------------------------------------------ */

struct places { uint32_t id[POST_GROUPS_MAX]; enum group_access access[POST_GROUPS_MAX]; size_t n; };

static int places_add(struct post_in_work *w, const struct group *g, struct places *p) {
	for (size_t i = 0; i < p->n; i++)
		if (p->id[i] == g->id)
			return 1;
	if (p->n == POST_GROUPS_MAX)
		return fail_set(w->f, ERR_INVALID, "a post may go to %d groups at most", POST_GROUPS_MAX);
	/* a name in Newsgroups or Xref would tell readers of the one group that the other exists */
	if (p->n && !w->in->import && (g->access != p->access[0] || g->access == GROUP_PRIVATE))
		return fail_set(w->f, ERR_INVALID, "a private group cannot be combined with another group in one post");
	p->id[p->n] = g->id;
	p->access[p->n++] = g->access;
	return 1;
}

static int places_no_such(struct post_in_work *w, struct slice name) {
	return fail_set(w->f, ERR_NOTFOUND, "no such group: %.*s", SLICE_ARG(author_escaped(w->a, name, 100)));
}

/* the group in whose stead the answer goes elsewhere becomes that one: 1, 0 it stays, < 0 */
static int places_follow(struct post_in_work *w, struct group *g) {
	struct group to;
	uint64_t answered;
	if (!w->in->moved)
		return 0;
	int r = cited_follow(w->t, w->in->member, w->header, g, w->a, &to, &answered);
	if (r <= 0)
		return r < 0 ? fail_set(w->f, r, "the store cannot be read now") : 0;
	*g = to;
	*w->in->moved = (struct post_in_moved){ answered, to.id, arena_slice(w->a, to.name) };
	return 1;
}

/* names: what Newsgroups says when somebody went elsewhere */
static int places_named(struct post_in_work *w, struct places *p, struct buf *names) {
	struct slice rest = w->known[KNOWN_NEWSGROUPS].f.value, name;
	if (!w->known[KNOWN_NEWSGROUPS].n || shape_is_blank(rest))
		return fail_set(w->f, ERR_INVALID, "Newsgroups is missing");
	while (slice_split(&rest, ',', &name)) {
		struct group g;
		name = slice_trim(name);
		int r = group_find(w->t, name, &g);
		if (r < 0)
			return fail_set(w->f, r, "the store cannot be read now");
		if (r == 0 || g.removed || !rights_can_read(w->t, w->in->member, &g))
			return places_no_such(w, name);
		size_t before = p->n;
		if ((r = places_follow(w, &g)) < 0 || (r = places_add(w, &g, p)) < 0)
			return r;
		if (p->n > before)
			buf_addf(names, "%s%.*s", before ? "," : "", SLICE_ARG(g.name));
	}
	return 1;
}

static int places_from_newsgroups(struct post_in_work *w, struct places *p) {
	struct buf names = { 0 };
	int r = places_named(w, p, &names);
	if (r > 0 && w->in->moved && w->in->moved->answered)
		w->new_newsgroups = arena_slice(w->a, buf_slice(&names));
	buf_free(&names);
	return r;
}

static int places_from_gateway(struct post_in_work *w, struct places *p) {
	for (size_t i = 0; i < w->in->ngroups; i++) {
		struct group g;
		int r = group_get(w->t, w->in->groups[i], &g);
		if (r < 0)
			return fail_set(w->f, r, "the store cannot be read now");
		if (r == 0 || g.removed || (w->in->member && !rights_can_read(w->t, w->in->member, &g)))
			return fail_set(w->f, ERR_NOTFOUND, "no such group");
		if ((r = places_follow(w, &g)) < 0 || (r = places_add(w, &g, p)) < 0)
			return r;
	}
	return p->n ? 1 : fail_set(w->f, ERR_INVALID, "no group is named");
}

static int places_check(struct post_in_work *w) {
	struct places p = { 0 };
	int r = w->in->ngroups ? places_from_gateway(w, &p) : places_from_newsgroups(w, &p);
	if (r < 0)
		return r;
	uint32_t *ids = arena_alloc(w->a, p.n * sizeof *ids);
	memcpy(ids, p.id, p.n * sizeof *ids);
	w->d->groups = ids;
	w->d->ngroups = p.n;
	return 1;
}

/* ---- subject, date, ids, body -------------------------------------------------------------------------------------- */

static int subject_check(struct post_in_work *w) {
	const struct post_in_field *s = &w->known[KNOWN_SUBJECT];
	if (w->in->import || (s->n && !shape_is_blank(s->f.value)))
		return 1;
	if (w->in->source == POST_FROM_NNTP)
		return fail_set(w->f, ERR_INVALID, "Subject is missing");
	w->new_subject = true;
	return 1;
}

/* The same message once more, some seconds later: what is supplied is what was supplied then, or it would be another
 * one, which nobody may post under that id. Its author, who brings posts of others, or the operator, learns nothing by
 * it. */
static void date_of_first(struct post_in_work *w) {
	const struct post_in_field *m = &w->known[KNOWN_MESSAGE_ID];
	struct slice id = slice_trim(m->n ? m->f.value : slice_of("", 0));
	struct buf header = { 0 }, b = { 0 };
	struct post p;
	if (!msgid_valid(id) || post_by_msgid(w->t, id, &p) <= 0 ||
		(w->in->member != RIGHTS_OPERATOR && !w->member.gateway && !(w->member.id && p.author == w->member.id)))
		return;
	if (post_header(w->t, &p, &header) > 0 && field_get(buf_slice(&header), "date", &b)) {
		w->d->date = p.date;
		w->new_date = arena_slice(w->a, buf_slice(&b));
		buf_reset(&b);
		if (field_get(buf_slice(&header), "injection-date", &b))
			w->first_injected = arena_slice(w->a, buf_slice(&b));
	}
	buf_free(&header);
	buf_free(&b);
}

static int date_check(struct post_in_work *w) {
	const struct post_in_field *d = &w->known[KNOWN_DATE];
	bool news = w->in->source == POST_FROM_NNTP;
	int64_t t = 0;
	bool good = d->n && date_parse(d->f.value, &t, NULL) > 0;
	w->d->date = good ? t : w->in->arrival ? w->in->arrival : w->now;
	if (w->in->import) {
		/* an archive's message without a date has none: 0, and what is missing stays missing */
		if (!good && !w->in->arrival)
			w->d->date = 0;
		return 1;
	}
	if (d->n && !good && news)
		return fail_set(w->f, ERR_INVALID, "Date cannot be understood");
	if (good && t > w->now + POST_IN_FUTURE_SECONDS) {
		if (news)
			return fail_set(w->f, ERR_INVALID, "Date is more than a day in the future");
		good = false;
	}
	/* RFC 5537 3.5 step 3: only here the author hears of it */
	if (good && news && t < w->now - POST_IN_PAST_SECONDS)
		return fail_set(w->f, ERR_INVALID, "Date is more than %d days ago", POST_IN_PAST_SECONDS / 86400);
	if (good)
		return 1;
	struct buf b = { 0 };
	w->d->date = w->in->arrival ? w->in->arrival : w->now;
	date_write(&b, w->d->date);
	w->new_date = arena_slice(w->a, buf_slice(&b));
	buf_free(&b);
	date_of_first(w);
	return 1;
}

/* RFC 5537 3.2.1: a relayed article gets our name in front of the way it came */
static void path_prepend(struct post_in_work *w) {
	const struct post_in_field *p = &w->known[KNOWN_PATH];
	struct slice way = p->n ? post_in_clean(w->a, p->f.value, 4000) : SLICE("not-for-mail");
	w->new_path = arena_slicef(w->a, "%.*s%.*s!%.*s", SLICE_ARG(w->in->path_host), SLICE_ARG(w->in->path_diagnostic),
		SLICE_ARG(slice_trim(way)));
}

static struct slice id_fresh(struct post_in_work *w) {
	struct buf b = { 0 };
	msgid_new(&b, slice_str(forum_domain(forum_of(w->t))));
	struct slice id = arena_slice(w->a, buf_slice(&b));
	buf_free(&b);
	return id;
}

/* The same arrival gets the same id again, so that retried mail and a second import are found to be duplicates. Trace
 * fields may differ between the copies and do not count. */
static struct slice id_from_content(struct post_in_work *w) {
	static const enum post_in_known parts[] = { KNOWN_FROM, KNOWN_DATE, KNOWN_SUBJECT, KNOWN_MESSAGE_ID };
	struct buf b = { 0 }, id = { 0 };
	unsigned char hash[32];
	for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
		if (w->known[parts[i]].n)
			buf_add_slice(&b, w->known[parts[i]].f.value);
		buf_addc(&b, 0);
	}
	buf_add_slice(&b, w->body);
	digest_sha256(buf_slice(&b), hash);
	buf_addc(&id, '<');
	base32_encode(slice_of(hash, 16), &id);
	buf_addf(&id, ".made@%s>", forum_domain(forum_of(w->t)));
	struct slice s = arena_slice(w->a, buf_slice(&id));
	buf_free(&b);
	buf_free(&id);
	return s;
}

static int id_check(struct post_in_work *w) {
	const struct post_in_field *m = &w->known[KNOWN_MESSAGE_ID];
	bool made = w->in->import || w->in->source == POST_FROM_MAIL;
	struct slice id = slice_trim(m->n ? m->f.value : slice_of("", 0));
	if (m->n && (w->in->source == POST_FROM_NNTP && !w->in->import ? msgid_strict(id) : msgid_valid(id))) {
		w->d->message_id = id;
		return 1;
	}
	/* mail and archives: an id with a comment behind it, or without "@", is what answers will cite all the same */
	struct slice rest = id;
	if (m->n && made && msgid_next(&rest, &w->d->message_id))
		return 1;
	if (m->n && w->in->source == POST_FROM_NNTP && !w->in->import)
		return fail_set(w->f, ERR_INVALID, "Message-ID is malformed; leave it out to get one");
	if (!m->n && w->in->client_msgid.n && msgid_valid(w->in->client_msgid))
		w->new_message_id = arena_slice(w->a, w->in->client_msgid);
	else
		w->new_message_id = made ? id_from_content(w) : id_fresh(w);
	w->d->message_id = w->new_message_id;
	return 1;
}

/* May this member know that the id is taken? A holder he cannot see must not be betrayed. 1 he may, or it is free */
static int id_holder_known(struct post_in_work *w, uint32_t crc) {
	struct post p;
	int r = post_by_msgid(w->t, w->d->message_id, &p);
	if (r <= 0 || w->in->import || w->in->member == RIGHTS_OPERATOR)
		return r < 0 ? r : 1;
	return p.crc == crc || (w->member.id && p.author == w->member.id) || rights_can_see(w->t, w->in->member, &p);
}

/* The post this one answers, when the reader may know it. 1, 0, < 0 */
static int parent_find(struct post_in_work *w, struct slice in_reply_to, struct post *p_r) {
	struct slice id;
	if (w->in->reply_to)
		return post_get(w->t, w->in->reply_to, p_r);
	while (msgid_next(&in_reply_to, &id)) {
		int r = post_by_msgid(w->t, id, p_r);
		if (r < 0 || (r > 0 && rights_can_see(w->t, w->in->member, p_r)))
			return r;
	}
	return 0;
}

/* Newsreaders thread by References alone: made from the parent's, or from In-Reply-To. */
static int references_supply(struct post_in_work *w) {
	const struct post_in_field *irt = &w->known[KNOWN_IN_REPLY_TO];
	struct slice none = slice_of("", 0);
	struct buf b = { 0 };
	struct post p;
	if (w->in->import || (w->known[KNOWN_REFERENCES].n && irt->n))
		return 1;
	int r = parent_find(w, irt->n ? irt->f.value : none, &p);
	if (r < 0)
		return fail_set(w->f, r, "the store cannot be read now");
	if (r > 0 && w->in->reply_to && !irt->n && w->in->source != POST_FROM_NNTP)
		w->new_in_reply_to = arena_slice(w->a, p.message_id);
	if (w->known[KNOWN_REFERENCES].n)
		return 1;
	if (r > 0)
		msgid_references(p.references, p.message_id, &b);
	else if (irt->n)
		msgid_references(irt->f.value, none, &b);
	w->new_references = arena_slice(w->a, buf_slice(&b));
	buf_free(&b);
	return 1;
}

static int body_check(struct post_in_work *w) {
	bool must = !w->in->import && (w->in->source == POST_FROM_NNTP || w->in->source == POST_FROM_MAIL);
	if (must && shape_is_blank(w->body))
		return fail_set(w->f, ERR_INVALID, "the message has no text");
	w->new_mime = !w->in->import && !w->known[KNOWN_MIME_VERSION].n;
	text_lines(w->body, &w->body_lines);
	w->new_charset = w->new_mime && !w->known[KNOWN_CONTENT_TYPE].n && w->body_lines.eight_bit &&
		text_utf8_valid(w->body);
	return 1;
}

/* ---- what of a mail is published ------------------------------------------------------------------------------- */

static bool cut_seen(void *arg, struct slice content) {
	struct post_in_work *w = arg;
	struct slice key = post_in_picture_key(w->a, w->d->groups[0], content), id;
	unsigned char d[16];
	/* the same mail once more is not another one */
	digest_id(w->d->message_id, d);
	if (memo_get(w->t, MEMO_PICTURE, key, &id) > 0)
		return !slice_eq(id, slice_of(d, sizeof d));
	struct post_in_cut *c = w->in->cut;
	for (size_t i = 0; c && i < c->nshown; i++)
		if (slice_eq(c->shown[i], key))
			return true;
	if (c && c->nshown < sizeof c->shown / sizeof *c->shown)
		c->shown[c->nshown++] = key;
	return false;
}

struct slice post_in_picture_key(struct arena *a, uint32_t group, struct slice content) {
	char *p = arena_alloc(a, 4 + 32);
	unsigned char d[32];
	num_put32(p, group);
	digest_sha256(content, d);
	memcpy(p + 4, d, sizeof d);
	return slice_of(p, 36);
}

static struct slice cut_parent_text(struct post_in_work *w, const struct post *p) {
	struct buf header = { 0 }, body = { 0 }, text = { 0 };
	struct slice s = slice_of("", 0);
	if (p->state != POST_DELETED && p->body_len <= TRIM_TEXT_MAX && post_header(w->t, p, &header) > 0 &&
		post_body(w->t, p, 0, p->body_len, &body) > 0)
		mime_message_text(buf_slice(&header), buf_slice(&body), TRIM_TEXT_MAX, &text);
	if (buf_len(&text))
		s = arena_slice(w->a, buf_slice(&text));
	buf_free(&header);
	buf_free(&body);
	buf_free(&text);
	return s;
}

/* An answer is known by the post it answers, or by its own word. */
static bool cut_is_reply(struct post_in_work *w, struct slice *parent_text_r) {
	struct post p;
	struct slice last = slice_of("", 0), id, rest = w->known[KNOWN_REFERENCES].f.value;
	struct slice irt = w->known[KNOWN_IN_REPLY_TO].n ? w->known[KNOWN_IN_REPLY_TO].f.value : last;
	*parent_text_r = last;
	while (w->known[KNOWN_REFERENCES].n && msgid_next(&rest, &id))
		last = id;
	if (parent_find(w, irt, &p) > 0 || (last.n && parent_find(w, last, &p) > 0)) {
		*parent_text_r = cut_parent_text(w, &p);
		return true;
	}
	return irt.n || last.n;
}

static int body_cut(struct post_in_work *w) {
	if (w->in->cut)
		*w->in->cut = (struct post_in_cut){ 0 };
	struct reply_body_in in = { .header = w->header, .body = w->body, .arg = w, .whole = !w->in->trim,
		.attachments_max = w->in->attachments_max };
	struct reply_body b;
	if (w->in->trim) {
		in.seen = cut_seen;
		in.reply = cut_is_reply(w, &in.parent_text);
	}
	int changed = reply_body_make(w->a, &in, &b);
	if (changed < 0)
		return fail_set(w->f, ERR_TOOBIG, "its files have more than %llu octets together, and what is signed, encrypted "
			"or of an unknown structure is posted whole or not at all", (unsigned long long)w->in->attachments_max);
	if (changed) {
		w->original = w->body;
		w->shape |= POST_IN_BODY_ASIDE;
		w->new_content = b.content;
		w->body = b.body;
		text_lines(w->body, &w->body_lines);
		w->new_charset = false;
	}
	struct post_in_cut *c = w->in->cut;
	if (!c)
		return 1;
	c->changed = changed, c->reply = in.reply, c->text = b.text, c->lines = b.info.lines, c->octets = b.info.octets;
	c->reasons = b.info.reasons, c->from_html = changed && b.from_html, c->only_quote = b.info.only_quote,
	c->pictures = b.pictures, c->left = b.left;
	return 1;
}

/* ---- the finished draft -------------------------------------------------------------------------------------------- */

/* DOT_FREE promises all that a plain copy (or a spliced segment) needs: no line of header or body starts with a dot,
 * no bare CR or LF, and the text ends in CRLF. */
static bool draft_dot_free(struct slice s, const struct text_lines *l) {
	return !s.n || (s.p[s.n - 1] == '\n' && !l->dots && !l->bare_lf && !l->bare_cr);
}

static struct slice draft_segment(struct post_in_work *w, struct slice raw) {
	struct buf b = { 0 };
	segment_deflate(raw, &b);
	struct slice s = arena_slice(w->a, buf_slice(&b));
	buf_free(&b);
	return s;
}

static void draft_header(struct post_in_work *w) {
	post_in_write_header(w);
	w->d->crc = digest_crc(digest_crc(0, buf_slice(&w->pub)), w->body);
	if (w->shape & POST_IN_BODY_ASIDE)
		w->d->original_crc = digest_crc(digest_crc(0, buf_slice(&w->pub)), w->original) | 1;
}

static void draft_derive(struct post_in_work *w) {
	struct buf full = { 0 };
	struct slice pub = buf_slice(&w->pub);
	int64_t date = w->d->date;
	struct slice id = w->d->message_id;
	buf_add_slice(&full, slice_to(pub, w->d->from_off));
	if (w->known[KNOWN_FROM].n)
		buf_add_slice(&full, w->known[KNOWN_FROM].f.raw);
	else if (w->typed_from.n)
		field_write(&full, "From", w->typed_from);
	buf_add_slice(&full, slice_from(pub, w->d->from_off));
	post_in_derive_all(w->a, arena_slice(w->a, buf_slice(&full)), w->body, w->d);
	buf_free(&full);
	w->d->date = date;
	w->d->message_id = arena_slice(w->a, id);
}

static void draft_finish(struct post_in_work *w) {
	struct post_draft *d = w->d;
	struct slice pub = buf_slice(&w->pub);
	struct text_lines head;
	text_lines(pub, &head);
	draft_derive(w);
	d->reply_to = w->in->reply_to;
	d->reply_reason = w->in->reply_reason;
	d->arrival = w->in->arrival;
	d->hold = w->in->hold;
	d->hold_reason = arena_slice(w->a, w->in->hold_reason);
	d->no_mail = w->in->no_mail || (w->in->import && w->in->source != POST_FROM_FEED);
	d->header_len = (uint32_t)pub.n;
	d->body_len = (uint32_t)w->body.n;
	d->lines = (uint32_t)w->body_lines.lines;
	d->header_z1 = draft_segment(w, slice_to(pub, d->from_off));
	d->header_z2 = draft_segment(w, slice_from(pub, d->from_off));
	d->body_z = draft_segment(w, w->body);
	d->removed = arena_slice(w->a, buf_slice(&w->removed));
	/* slices of the transaction must not travel in the job */
	d->author_name = arena_slice(w->a, d->author_name);
	d->author_address = arena_slice(w->a, d->author_address);
	if (draft_dot_free(pub, &head) && draft_dot_free(w->body, &w->body_lines))
		d->flags |= POST_DOT_FREE;
	if (head.eight_bit || w->body_lines.eight_bit)
		d->flags |= POST_EIGHT_BIT;
	if (!head.eight_bit)
		d->flags |= POST_HEADER_ASCII;
	if (w->in->date_only)
		d->flags |= POST_DATE_ONLY;
}

/* Whoever joined by himself is looked at once, whatever door his first post comes by. */
static void hold_first(struct post_in_work *w) {
	struct slice v;
	char key[4];
	num_put32(key, w->member.id);
	/* mail asks its author first: smtp_deliver_post.c */
	if (w->in->import || w->in->source == POST_FROM_MAIL || !w->member.id || w->d->hold ||
		memo_get(w->t, MEMO_FIRST, slice_of(key, 4), &v) <= 0)
		return;
	w->d->hold = true;
	w->d->hold_reason = SLICE("the first post of a new member");
}

/* whoever answered in the old group must hear why the new one matters */
static int rights_said(struct post_in_work *w, int r) {
	const struct post_in_moved *m = w->in->moved;
	if (r > 0 || !m || !m->answered)
		return r;
	struct slice why = arena_slicef(w->a, "%s", w->f->text);
	return fail_set(w->f, w->f->code, "the thread was moved to %.*s: %.*s", SLICE_ARG(slice_to(m->name, 100)),
		SLICE_ARG(why));
}

static int post_in_rules(struct post_in_work *w, struct slice raw) {
	int r;
	bool news = w->in->source == POST_FROM_NNTP && !w->in->import;
	if ((r = shape_check(w, raw)) < 0 || (r = post_in_survey(w)) < 0 || (news && (r = post_in_news(w)) < 0) ||
		(r = author_check(w)) < 0 || (r = places_check(w)) < 0 || (r = subject_check(w)) < 0 ||
		(r = date_check(w)) < 0 || (r = id_check(w)) < 0 || (r = references_supply(w)) < 0 || (r = body_check(w)) < 0)
		return r;
	if (w->in->source == POST_FROM_FEED)
		path_prepend(w);
	if ((w->in->trim || w->in->attachments_max) && (r = body_cut(w)) < 0)
		return r;
	draft_header(w);
	if ((r = id_holder_known(w, w->d->crc)) == 0) {
		w->d->message_id = w->new_message_id = id_fresh(w);
		draft_header(w);
	}
	if (r < 0)
		return fail_set(w->f, r, "the store cannot be read now");
	draft_finish(w);
	hold_first(w);
	return w->in->import ? 1 : rights_said(w, post_in_rights(w->t, w->in->member, w->d, w->f));
}

int post_in_parse(struct forum_txn *t, const struct post_in *in, struct slice raw, struct arena *a,
	struct post_draft *d_r, struct fail *f) {
	struct post_in_work w = { .t = t, .in = in, .a = a, .d = d_r, .f = f, .now = clock_now() };
	if (raw.n > UINT32_MAX / 2)
		return fail_set(f, ERR_TOOBIG, "the message is too long");
	*d_r = (struct post_draft){ .source = in->source };
	int r = post_in_rules(&w, raw);
	buf_free(&w.pub);
	buf_free(&w.removed);
	return r;
}
