/* smtp_order_account.c - the member's own account: catching up, agreeing to the founding text, where others name him,
 * leaving for good, and taking along what is his. */
#include <stdio.h>
#include "forumd/base/base64.h"
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/forum/author.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/search.h"
#include "forumd/forum/subscribe.h"
#include "forumd/mail/date.h"
#include "forumd/mail/field.h"
#include "forumd/mail/mime.h"
#include "forumd/mail/msgid.h"
#include "forumd/run/job.h"
#include "forumd/run/password.h"
#include "forumd/run/writer.h"
#include "gateways/common/catchup.h"
#include "gateways/common/founding.h"
#include "gateways/common/notice.h"
#include "gateways/smtp/smtp_order_private.h"

#define MENTIONS_MAX 60
#define MENTIONS_READ 2000         /* posts that are read to be sure */

int order_catchup(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	int64_t since = catchup_since(t, o->member);
	uint32_t days = 7;
	int e;

	if (o->rest.n && (!num_parse_u32(o->rest, &days) || !days || days > 400))
		return fail_set(f, ERR_INVALID, "write  catchup  or  catchup DAYS  (1 to 400)");
	if (o->rest.n || !since)
		since = forum_time(t) - (int64_t)days * ORDER_DAY;
	e = catchup_add(t, o->member, since, o->message_id);
	return e ? e : order_tellf(t, o, "Nothing was written in your groups since then.\n");
}

int order_aside(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	bool away = o->verb == VERB_ASIDE;
	int64_t since = catchup_since(t, o->member);
	struct member m;
	int e = member_get(t, o->member, &m) > 0 ? 1 : fail_set(f, ERR_NOTFOUND, "no such member");
	bool was = e > 0 && m.aside;

	if (e < 0 || (e = member_set(t, o->member, SLICE("aside"), away ? SLICE("on") : SLICE("off"), f)) < 0)
		return e;
	if (away)
		e = catchup_note(t, o->member);
	else if (was && since)
		e = catchup_add(t, o->member, since, o->message_id);
	if (e < 0)
		return fail_set(f, ERR_UNAVAILABLE, "try again later");
	return order_tellf(t, o,
		away ? "You stand aside: no mail, nothing is lost. Send  come back  to commands to go on.\n"
			 : "You are back: mail comes as before.\n");
}

/* "agree VERSION", kept with the question that founding.c asked */
int order_agree(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	struct founding now;
	uint32_t version = 0;

	if (founding_get(t, o->group, &now) <= 0 || !num_parse_u32(o->rest, &version) || version != now.version)
		return fail_set(f, ERR_GONE, "that text has a newer version by now");
	if (founding_accept(t, o->group, o->member, version) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "try again later");
	audit_add(t, VERDICT_MEMBER, o->member, 0, o->group,
		arena_slicef(forum_arena(t), "agreed to the founding text, version %u", version), NULL);
	return order_tellf(t, o, "Noted: you agree to version %u. Thank you.\n", version);
}

/* ---- where others name him ---- */

/* what order_mentions() and order_search() look for words in; false: too long, or not to be read */
bool order_folded(struct forum_txn *t, const struct post *p, struct buf *fold) {
	struct buf header = { 0 }, body = { 0 }, text = { 0 };
	bool good = p->body_len <= 1u << 20 && post_header(t, p, &header) > 0 && post_body(t, p, 0, p->body_len, &body) > 0;

	if (good) {
		mime_message_text(buf_slice(&header), buf_slice(&body), 1u << 20, &text);
		text_fold(buf_slice(&text), fold);
	}
	buf_free(&header);
	buf_free(&body);
	buf_free(&text);
	return good;
}

static bool names_him(struct forum_txn *t, const struct post *p, struct slice folded) {
	struct buf fold = { 0 };
	bool found = order_folded(t, p, &fold) && slice_find(buf_slice(&fold), folded) >= 0;

	buf_free(&fold);
	return found;
}

struct mentions { unsigned n, read; size_t octets; struct buf text; uint64_t last[MENTIONS_MAX]; };

static void mentions_in(struct forum_txn *t, const struct smtp_order *o, const struct group *g, struct slice folded,
	struct mentions *m) {
	struct search_hits hits = { 0 };
	struct post p;
	uint32_t n = 1;

	if (search_find(t, g->id, SEARCH_BODY, folded, &hits) > 0)
		range_set_union(&hits.sure, &hits.maybe);
	for (; m->n < MENTIONS_MAX && m->read < MENTIONS_READ && m->octets < ORDER_OCTETS &&
		 range_set_next(&hits.sure, n, &n);
		 n++) {
		bool told = false;

		if (post_by_number(t, g->id, n, &p) <= 0 || p.state != POST_VISIBLE || p.author == o->member)
			continue;
		for (unsigned i = 0; i < m->n; i++)
			told |= m->last[i] == p.id;
		m->read++;
		m->octets += p.body_len;
		if (told || !names_him(t, &p, folded))
			continue;
		m->last[m->n++] = p.id;
		buf_addf(&m->text, "%.*s: \"%.*s\" (%.*s)\n  mid:%.*s\n", SLICE_ARG(author_name(t, p.author, p.from)),
			SLICE_ARG(slice_to(p.subject, 150)), SLICE_ARG(g->name),
			SLICE_ARG(slice_sub(p.message_id, 1, p.message_id.n - 2)));
	}
	range_set_free(&hits.sure);
	range_set_free(&hits.maybe);
}

/* posts of others with his name in their text, in all groups he reads; their number */
static unsigned mentions(struct forum_txn *t, const struct smtp_order *o, struct buf *out) {
	struct mentions m = { 0 };
	struct slice cursor = { 0 };
	struct buf fold = { 0 };
	struct member who;
	struct group g;

	if (member_get(t, o->member, &who) <= 0 || slice_trim(who.name).n < 2)
		return 0;
	text_fold(slice_trim(who.name), &fold);
	while (group_each(t, &cursor, &g) > 0) {
		cursor = arena_slice(forum_arena(t), cursor);
		if (g.access != GROUP_OWN && rights_can_read(t, o->member, &g))
			mentions_in(t, o, &g, buf_slice(&fold), &m);
	}
	buf_add_slice(out, buf_slice(&m.text));
	if (m.n == MENTIONS_MAX || m.read == MENTIONS_READ || m.octets >= ORDER_OCTETS)
		buf_adds(out, "(and perhaps more)\n");
	buf_free(&m.text);
	buf_free(&fold);
	return m.n;
}

int order_mentions(struct forum_txn *t, struct smtp_order *o) {
	struct buf b = { 0 };
	unsigned n = mentions(t, o, &b);
	int e = n
		? order_tellf(t, o,
			  "Others name you in %u post%s:\n\n%.*s\nOnly they can change their words: answer their posts to ask them.\n",
			  n, n == 1 ? "" : "s", SLICE_ARG(buf_slice(&b)))
		: order_tellf(t, o, "Nobody names you in a post that you may read.\n");

	buf_free(&b);
	return e;
}

/* ---- leaving ---- */

int order_leave(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	int e = member_set(t, o->member, SLICE("left"), SLICE("on"), f);

	if (e < 0)
		return e;
	audit_add(t, VERDICT_MEMBER, o->member, 0, 0, SLICE("left by mail"), NULL);
	return order_tellf(t, o, "You have left. Your posts stay, under your name; nothing more is mailed to you.\n");
}

int order_ask_forget(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	struct buf b = { 0 }, named = { 0 };
	unsigned n;
	int e = order_asked(t, o);

	if (e)          /* before all the reading: anybody can send this in his name */
		return e;
	n = mentions(t, o, &named);
	buf_adds(&b,
		"You, or somebody in your name, asked to leave the forum and to take the name away.\nYour posts stay, but nobody sees any more who wrote them. "
		"This cannot be undone.\n");
	if (n)
		buf_addf(&b,
			"\nYour name also stands in the words of others; these stay as they are, unless their authors change them.\n"
			"To ask them answer their posts before you leave:\n\n%.*s",
			SLICE_ARG(buf_slice(&named)));
	buf_addc(&b, 0);
	e = order_ask(t, o, buf_bytes(&b), f);
	buf_free(&b);
	buf_free(&named);
	return e;
}

int order_forget(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	int e = audit_add(t, VERDICT_MEMBER, o->member, 0, 0, SLICE("left by mail and was anonymised"), NULL);

	if (e >= 0)
		e = member_remove(t, o->member, false, f);
	if (e < 0)
		return f->code ? e : fail_set(f, ERR_UNAVAILABLE, "try again later");
	return order_tellf(t, o,
		"You have left, and your name is gone from your posts. This is the last mail you get from here.\n");
}

/* ---- taking along what is his ---- */

#define EXPORT_PART 36000          /* octets of one mbox attachment: base64 makes a third more */
#define EXPORT_PARTS 1000          /* mails in all, 36 MB */
#define EXPORT_LOOK 2000           /* heads in one read transaction */

struct export {
	struct forum *forum;
	uint32_t member;
	struct slice address, message_id;
	struct buf part, big;
	uint64_t big_id;
	unsigned parts, pieces, posts;
	uint64_t at;
	bool begun, more, said_last;
};
struct export_mail { struct slice address, mail; };

static int export_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	const struct export_mail *w = j->data;

	return mailq_add_notice(t, w->address, w->mail, NULL) < 0
		? fail_set(f, ERR_UNAVAILABLE, "the mail cannot be queued")
		: 1;
}

/* one mail with one attachment, handed to the writer; false: it could not be */
static bool export_send(const struct export *x, const char *text, const char *type, const char *file,
	struct slice content) {
	struct job *j = job_new(NULL, export_apply);
	struct export_mail *w = ARENA_NEW(j->arena, struct export_mail);
	struct slice domain = slice_str(forum_domain(x->forum)), rest;
	struct buf mail = { 0 }, v = { 0 };
	int e;

	buf_addf(&mail, "From: %.*s <commands@%.*s>\r\nTo: <%.*s>\r\nSubject: Your posts and settings: %s\r\n",
		SLICE_ARG(domain), SLICE_ARG(domain), SLICE_ARG(x->address), file);
	msgid_new(&v, domain);
	field_write(&mail, "Message-ID", buf_slice(&v));
	buf_reset(&v);
	date_write(&v, clock_now());
	field_write(&mail, "Date", buf_slice(&v));
	if (x->message_id.n)
		field_write(&mail, "In-Reply-To", x->message_id);
	buf_addf(&mail,
		"Auto-Submitted: auto-replied\r\nX-Auto-Response-Suppress: All\r\nPrecedence: bulk\r\nMIME-Version: 1.0\r\n"
		"Content-Type: multipart/mixed; boundary=\"=_export\"\r\n\r\n--=_export\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n%s\r\n--=_export\r\n"
		"Content-Type: %s\r\nContent-Disposition: attachment; filename=\"%s\"\r\nContent-Transfer-Encoding: base64\r\n\r\n",
		text, type, file);
	buf_reset(&v);
	base64_encode(content, &v);
	for (rest = buf_slice(&v); rest.n; rest = slice_from(rest, 76))
		buf_addf(&mail, "%.*s\r\n", SLICE_ARG(slice_to(rest, 76)));
	buf_adds(&mail, "--=_export--\r\n");
	w->address = arena_slice(j->arena, x->address);
	w->mail = arena_slice(j->arena, buf_slice(&mail));
	j->data = w;
	j->lane = JOB_BULK;
	e = writer_call(writer_current(), j);
	if (e <= 0)
		log_error("smtp", "export member=%u: %s", x->member, j->fail.text);
	job_free(&j);
	buf_free(&mail);
	buf_free(&v);
	return e > 0;
}

static void json_text(struct buf *out, const char *name, struct slice value) {
	buf_addf(out, "%s\"%s\":", buf_len(out) > 1 ? "," : "", name);
	text_json(value, out);
}

static void json_list(struct buf *out, const char *name) {
	buf_addf(out, ",\"%s\":[", name);
}

static void export_settings(struct forum_txn *t, const struct export *x, struct buf *out) {
	enum subscribe_mode mode;
	struct buf when = { 0 };
	uint32_t cursor = 0;
	struct member m;
	struct group g;
	const char *sep = "";

	if (member_get(t, x->member, &m) <= 0)
		return;
	buf_addc(out, '{');
	json_text(out, "name", m.name);
	clock_add_rfc3339(&when, m.created);
	json_text(out, "created", buf_slice(&when));
	json_list(out, "addresses");
	for (size_t i = 0; i < m.naddresses; i++, sep = ",") {
		buf_adds(out, sep);
		text_json(m.addresses[i], out);
	}
	buf_adds(out, "]");
	json_list(out, "roles");
	sep = "";
	for (size_t i = 0; i < m.nroles; i++, sep = ",") {
		struct slice in = m.roles[i].group && group_get(t, m.roles[i].group, &g) > 0 ? g.name : SLICE("");

		buf_addf(out, "%s{\"role\":\"%s\",\"group\":", sep, role_name(m.roles[i].role));
		text_json(in, out);
		buf_addc(out, '}');
	}
	buf_adds(out, "]");
	json_list(out, "subscriptions");
	for (sep = ""; subscribe_of_member(t, m.id, &cursor, &mode) > 0;) {
		if (group_get(t, cursor, &g) <= 0)
			continue;
		buf_addf(out, "%s{\"mode\":\"%s\",\"group\":", sep, subscribe_mode_name(mode));
		text_json(g.name, out);
		buf_addc(out, '}');
		sep = ",";
	}
	buf_addf(out,
		"],\"receipts\":%s,\"replies\":%s,\"aside\":%s,\"mark_on_read\":%s,\"mail_marks\":%s,\"private\":%s,\"quiet_from\":%u,\"quiet_to\":%u,\"catchup_days\":%u",
		m.no_receipts ? "false" : "true", m.no_replies ? "false" : "true", m.aside ? "true" : "false",
		m.mark_on_read ? "true" : "false", m.mail_marks ? "true" : "false", m.private_mail ? "true" : "false",
		m.quiet_from, m.quiet_to, m.catchup);
	json_list(out, "agreed");
	struct slice group = { 0 };
	int64_t at = 0;
	uint32_t version = founding_accepted(t, 0, m.id, &at);

	sep = "";
	if (version) {
		buf_addf(out, "{\"group\":\"\",\"version\":%u}", version);
		sep = ",";
	}
	while (group_each(t, &group, &g) > 0)
		if ((version = founding_accepted(t, g.id, m.id, &at))) {
			buf_addf(out, "%s{\"group\":", sep);
			text_json(g.name, out);
			buf_addf(out, ",\"version\":%u}", version);
			sep = ",";
		}
	buf_adds(out, "]}\n");
	buf_free(&when);
}

/* mboxrd: lines that begin with From, whatever '>' is in front, get one more */
static void mbox_add(struct slice message, struct buf *out) {
	struct slice line;

	while (slice_line(&message, &line)) {
		struct slice rest = line;

		while (rest.n && rest.p[0] == '>')
			rest = slice_from(rest, 1);
		if (slice_starts(rest, SLICE("From ")))
			buf_addc(out, '>');
		buf_addf(out, "%.*s\n", SLICE_ARG(line));
	}
	buf_addc(out, '\n');
}

static void export_post(struct forum_txn *t, struct export *x, const struct post *p) {
	struct buf raw = { 0 };

	x->posts++;
	if (post_in_original(t, p, &raw) <= 0) {
		log_error("smtp", "export member=%u: post %llu cannot be read", x->member, (unsigned long long)p->id);
	} else if (buf_len(&raw) > EXPORT_PART / 2) {
		x->big_id = p->id;
		x->pieces = 0;
		buf_add_slice(&x->big, buf_slice(&raw));
	} else {
		buf_adds(&x->part, "From - Thu Jan  1 00:00:00 1970\n");
		mbox_add(buf_slice(&raw), &x->part);
	}
	buf_free(&raw);
}

/* some posts more; false: the store cannot be read */
static bool export_step(struct export *x) {
	struct forum_txn *t;
	struct fail f = { 0 };
	struct post p;

	if (forum_read_begin(x->forum, &t, &f) < 0)
		return false;
	for (unsigned i = 0; i < EXPORT_LOOK && buf_len(&x->part) < EXPORT_PART / 2 && !buf_len(&x->big) && x->more; i++) {
		if (!(x->more = post_after(t, x->at, &p) > 0))
			break;
		x->at = p.id;
		if (p.author == x->member && !(p.flags & POST_OWN) && p.header_z1 + p.header_z2 + p.body_z)
			export_post(t, x, &p);
	}
	forum_read_end(&t);
	return true;
}

/* the settings, first of all */
static bool export_begin(struct export *x) {
	struct buf settings = { 0 };
	struct forum_txn *t;
	struct fail f = { 0 };
	bool good = forum_read_begin(x->forum, &t, &f) > 0;

	if (good) {
		export_settings(t, x, &settings);
		forum_read_end(&t);
		good = export_send(x,
			"What the forum knows of you: settings.json. Your posts follow, as mbox files; one that is long in pieces\n"
			"of its own, with the command that joins them.\n\nThe last mail says that it is the last. Should it not have come within a day, the server was\nstopped meanwhile: "
			"send  export  again then.",
			"application/json", "settings.json", buf_slice(&settings));
	}
	buf_free(&settings);
	x->more = true;
	return good;
}

static bool export_is_last(const struct export *x) {
	return !x->more && !buf_len(&x->part) && !buf_len(&x->big);
}

static const char *export_words(struct export *x) {
	x->said_last = export_is_last(x);
	return x->said_last ? "This is the last part."
		: x->parts < EXPORT_PARTS
		? "More follow."
		: "This is the last part that is sent by mail, but not all of your posts: the rest is too much for that. Ask the people\nwho run the forum for it, or read it by IMAP or news.";
}

/* one mail with the next of a post that is too long for one */
static bool export_piece(struct export *x) {
	struct slice piece = slice_to(buf_slice(&x->big), EXPORT_PART);
	char file[60], text[600];
	unsigned long long id = x->big_id;
	bool good, end;

	x->parts++;
	snprintf(file, sizeof file, "post-%llu.eml.%03u", id, ++x->pieces);
	end = piece.n == buf_len(&x->big);
	struct buf content = { 0 };

	buf_add_slice(&content, piece);
	buf_consume(&x->big, piece.n);
	snprintf(text, sizeof text,
		"A piece of a long post%s. Save all of them and join them:\n\n  cat post-%llu.eml.* > post-%llu.eml\n\n%s",
		end ? ", its last" : "", id, id, export_words(x));
	good = export_send(x, text, "application/octet-stream", file, buf_slice(&content));
	buf_free(&content);
	return good;
}

/* some posts, and a mail when there are enough; true: there is more to do */
static bool export_slice(struct export *x, bool *good) {
	char file[40];

	*good = !x->more || export_step(x);
	if (*good && buf_len(&x->part) && (!x->more || buf_len(&x->part) >= EXPORT_PART / 2)) {
		struct buf part = x->part;

		x->part = (struct buf){ 0 };
		snprintf(file, sizeof file, "posts-%03u.mbox", ++x->parts);
		*good = export_send(x, export_words(x), "application/mbox", file, buf_slice(&part));
		buf_free(&part);
	} else if (*good && buf_len(&x->big)) {
		*good = export_piece(x);
	}
	return *good && !export_is_last(x) && x->parts < EXPORT_PARTS;
}

/* A slice at a time: between them whoever logs in has the thread. */
static void export_run(void *arg) {
	struct job *j = arg;
	struct export *x = j->data;
	bool good = x->begun || export_begin(x), more = good;

	x->begun = true;
	while (more)
		if ((more = export_slice(x, &good)) && password_pool_try(export_run, j) > 0)
			return;
	if (good && export_is_last(x) && !x->said_last) {   /* only the search for more showed that there is none */
		struct buf count = { 0 };

		buf_addf(&count, "%u posts\n", x->posts);
		good = export_send(x, "That was the last part.", "text/plain", "end.txt", buf_slice(&count));
		buf_free(&count);
	}
	log_info("smtp", "export member=%u posts=%u mails=%u all=%d%s", x->member, x->posts, x->parts + 1,
		export_is_last(x), good ? "" : " broken off");
	buf_free(&x->part);
	buf_free(&x->big);
	job_free(&j);
}

int order_export(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	int e = order_once(t, o, "export done", ORDER_DAY);

	if (e <= 0)
		return e < 0 ? fail_set(f, ERR_UNAVAILABLE, "try again later")
					 : fail_set(f, ERR_LIMIT, "your posts were sent today already; once a day is enough");
	o->export = true;
	o->forum = forum_of(t);
	return order_tellf(t, o, "Your settings and your posts are on their way, in mails of their own.\n");
}

void smtp_order_export(const struct smtp_order *o) {
	struct job *j = job_new(NULL, export_apply);   /* only its arena is used */
	struct export *x = ARENA_NEW(j->arena, struct export);

	*x = (struct export){ .forum = o->forum, .member = o->member, .address = arena_slice(j->arena, o->address),
		.message_id = arena_slice(j->arena, o->message_id) };
	j->data = x;
	if (password_pool_try(export_run, j) < 0) {
		log_warn("smtp", "export by mail: too many at once member=%u", o->member);
		job_free(&j);
	}
}
