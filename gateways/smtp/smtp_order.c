/* smtp_order.c - commands by mail. A line is a verb and what belongs to it; who asks without a proof is asked back at
 * the address he claims, by a mail that repeats nothing but the verb. Each order is answered by one mail, or refused in
 * the SMTP session; never both. */
#include <stdio.h>
#include "forumd/base/digest.h"
#include "forumd/base/num.h"
#include "forumd/base/text.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/replace.h"
#include "forumd/forum/rights.h"
#include "forumd/run/limits.h"
#include "gateways/common/notice.h"
#include "gateways/smtp/smtp_order_private.h"


static const struct { const char *word; enum smtp_verb verb; } verbs[] = {
	{ "help", VERB_HELP },
	{ "join", VERB_JOIN },
	{ "subscribe", VERB_SUBSCRIBE },
	{ "unsubscribe", VERB_UNSUBSCRIBE },
	{ "stand aside", VERB_ASIDE },
	{ "come back", VERB_BACK },
	{ "leave and anonymise", VERB_FORGET },
	{ "leave and anonymize", VERB_FORGET },
	{ "leave", VERB_LEAVE },
	{ "password", VERB_PASSWORD },
	{ "search", VERB_SEARCH },
	{ "catchup", VERB_CATCHUP },
	{ "catch up", VERB_CATCHUP },
	{ "export", VERB_EXPORT },
	{ "mentions", VERB_MENTIONS },
	{ "agree", VERB_AGREE },
	{ "set", VERB_SET },
	{ "mute", VERB_MUTE },
	{ "watch", VERB_WATCH },
	{ "unmute", VERB_UNMUTE },
	{ "flag", VERB_FLAG },
	{ "undo", VERB_UNDO },
	{ "whole", VERB_WHOLE },
	{ "under", VERB_UNDER },
	{ "split", VERB_SPLIT },
	{ "edit", VERB_EDIT },
	{ "apologise", VERB_APOLOGISE },
	{ "apologize", VERB_APOLOGISE },
	{ "withdraw", VERB_WITHDRAW },
	{ "confirm", VERB_CONFIRM },
	{ "yes", VERB_CONFIRM },
	{ "i agree", VERB_CONFIRM },
	{ "ok", VERB_CONFIRM },
};

const char *order_verb_word(enum smtp_verb v) {
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++)
		if (verbs[i].verb == v)
			return verbs[i].word;
	return "?";
}

bool smtp_order_parse(struct slice line, struct smtp_order *o) {
	line = slice_trim(line);
	o->verb = VERB_NONE;
	o->line = line;
	for (size_t i = 0; i < sizeof verbs / sizeof verbs[0]; i++) {
		struct slice w = slice_str(verbs[i].word);

		if (!slice_starts_nocase(line, w))
			continue;
		o->rest = slice_trim(slice_from(line, w.n));
		/* "Mute." as phones write it */
		if (o->rest.n == 1 && (o->rest.p[0] == '.' || o->rest.p[0] == '!'))
			o->rest = slice_from(o->rest, 1);
		if (o->rest.n && line.p[w.n] != ' ' && line.p[w.n] != '\t')
			continue;
		o->verb = verbs[i].verb;
		return true;
	}
	return false;
}

bool smtp_order_alone(const struct smtp_order *o) {
	struct slice rest = o->rest, kind;

	switch (o->verb) {
	case VERB_MUTE:
	case VERB_WATCH:
	case VERB_UNMUTE:
	case VERB_UNDO:
	case VERB_UNSUBSCRIBE:
	case VERB_ASIDE:
	case VERB_LEAVE:
	case VERB_PASSWORD: case VERB_HELP:
		return !o->rest.n;
	case VERB_FLAG:
		return slice_word(&rest, &kind) && report_kind_parse(kind) >= 0;
	default:
		return false;
	}
}

/* ---- answers ---- */

int order_tell(struct forum_txn *t, const struct smtp_order *o, const char *subject, struct slice text,
	struct slice reply_to) {
	struct notice n = { .to = o->address, .subject = slice_str(subject), .text = text, .about = o->message_id,
		.reply_to = reply_to };

	return notice_add(t, &n);
}

int order_tellf(struct forum_txn *t, const struct smtp_order *o, const char *fmt, ...) {
	struct buf b = { 0 };
	va_list ap;
	int e;

	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	e = order_tell(t, o, order_verb_word(o->verb), buf_slice(&b), slice_of("", 0));
	buf_free(&b);
	return e;
}

static struct slice once_key(struct forum_txn *t, const struct smtp_order *o, const char *word) {
	return arena_slicef(forum_arena(t), "%s:%.*s", word, SLICE_ARG(o->address));
}

/* The same words with the same proof are asked about once; a stranger, who can only ask to join, once whatever he
 * writes. */
static const char *question_word(struct forum_txn *t, const struct smtp_order *o) {
	const char *verb = order_verb_word(o->verb);
	unsigned char hash[32];

	if (!o->member)
		return verb;
	digest_sha256(arena_slicef(forum_arena(t), "%d %llu %u %.*s", o->proven, (unsigned long long)o->post, o->group,
					  SLICE_ARG(o->line)),
		hash);
	return arena_printf(forum_arena(t), "%s %016llx", verb, (unsigned long long)num_get64((const char *)hash));
}

int order_asked(struct forum_txn *t, const struct smtp_order *o) {
	return memo_get(t, MEMO_ANSWERED, once_key(t, o, question_word(t, o)), NULL);
}

/* once in `seconds` for this address and word; 1 first time, 0 not again */
int order_once(struct forum_txn *t, const struct smtp_order *o, const char *word, int seconds) {
	struct slice key = once_key(t, o, word), v;
	int e = memo_get(t, MEMO_ANSWERED, key, &v);

	if (e != 0)
		return e < 0 ? e : 0;
	return memo_put(t, MEMO_ANSWERED, key, SLICE(""), forum_time(t) + seconds);
}

#define QUOTE_LINES 60      /* not fewer than a list of cases may have */
#define QUOTE_LINE 300

/* What would be done, as it was written: who answers must see what he answers to. */
static void quote_command(const struct smtp_order *o, struct buf *text) {
	struct slice rest = o->answer && slice_trim(o->text).n ? o->text : o->line, line;
	unsigned n = 0;

	if (!o->member)
		return;
	buf_adds(text, "\nThis is what was asked");
	if (!o->answer && !o->rest.n && o->group_name.n)
		buf_addf(text, " of %.*s", SLICE_ARG(o->group_name));
	buf_adds(text, ":\n\n");
	while (n < QUOTE_LINES && slice_line(&rest, &line)) {
		if (slice_trim(line).n || n) {
			buf_addf(text, "  | %.*s%s\n", SLICE_ARG(slice_to(line, QUOTE_LINE)), line.n > QUOTE_LINE ? " ..." : "");
			n++;
		}
	}
	if (slice_trim(rest).n)
		buf_adds(text, "  | ...\n");
}

/* What waits for "confirm": member, post, group, name, the line itself; of an answer to a mail of ours also which, and
 * its text */
static int ask(struct forum_txn *t, const struct smtp_order *o, const char *why) {
	struct buf v = { 0 }, text = { 0 };
	int64_t number;
	int e = 1;

	num_add_varint(&v, o->member);
	num_add_varint(&v, o->post);
	num_add_varint(&v, o->group);
	num_add_bytes(&v, slice_to(o->address, 320));
	num_add_bytes(&v, slice_to(o->name, 120));
	num_add_bytes(&v, slice_to(o->line, 500));
	if (o->answer) {
		num_add_varint(&v, (uint64_t)o->from_token);
		num_add_varint(&v, o->question);
		num_add_bytes(&v, o->text);
	}
	number = notice_ask(t, buf_slice(&v), 3);
	buf_addf(&text, "%s\n", why);
	quote_command(o, &text);
	buf_adds(&text,
		"\nIf that is what you want, answer this mail with the word\n\n  confirm\n\nIf not, do nothing: nothing happens. "
		"The question is open for three days.\n");
	if (number > 0)
		e = order_tell(t, o, o->verb == VERB_JOIN ? "Do you want to join?" : "Please confirm", buf_slice(&text),
			notice_answer_to(t, TOKEN_QUESTION, (uint64_t)number, o->member, 0, 3));
	buf_free(&v);
	buf_free(&text);
	return number < 0 ? (int)number : e;
}

/* Nobody is bombed with questions: the same one comes once, and of different ones without proof a few. More are not
 * swallowed, they come again later. */
int order_ask(struct forum_txn *t, struct smtp_order *o, const char *why, struct fail *f) {
	int e = order_once(t, o, question_word(t, o), o->member ? 600 : ORDER_DAY);

	if (e <= 0)
		return e < 0 ? e : 1;
	if (o->member && !o->proven && !limits_rate(once_key(t, o, "mail-question"), 1, 5))
		return fail_set(f, ERR_LIMIT,
			"questions about such commands wait for an answer already: answer them, or try again later");
	return ask(t, o, why);
}

#define ASK_TEXT_MAX 4800          /* a memo holds 6000, with address, name and line */

/* What moderates needs more than the address it was sent to, which may have been passed on: the same words are asked
 * about once. */
static int ask_moderator(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	unsigned char hash[32];
	int e;

	if (o->text.n > ASK_TEXT_MAX)
		return fail_set(f, ERR_TOOBIG,
			"nothing proves that this mail is yours (no aligned DKIM or SPF), and it is too long to be asked about; send fewer lines, or log in");
	digest_sha256(arena_slicef(forum_arena(t), "%d %llu %.*s", o->from_token, (unsigned long long)o->question,
					  SLICE_ARG(o->text)),
		hash);
	e = order_once(t, o,
		arena_printf(forum_arena(t), "moderate %016llx", (unsigned long long)num_get64((const char *)hash)), 600);
	return e <= 0 ? (e < 0 ? e : 1)
				  : ask(t, o,
						"A mail in your name answered a list of cases, or the receipt of what you did as a moderator.\n"
						"Nothing proves that it came from you, so nothing was done.");
}

/* A word about one's own post whose sender check failed; about each post once in ten minutes. */
static int ask_author(struct forum_txn *t, struct arena *a, struct smtp_order *o) {
	const char *verb = order_verb_word(o->verb);
	int e = order_once(t, o, arena_printf(a, "receipt %s %llu", verb, (unsigned long long)o->post), 600);

	return e <= 0 ? (e < 0 ? e : 1) : ask(t, o, arena_printf(a, "A mail in your name answered a receipt with: %s\n"
		"The sender check of the mail server failed, so nothing was done.", verb));
}

/* ---- the verbs ---- */

int order_need_group(struct forum_txn *t, struct smtp_order *o, struct group *g_r, struct fail *f) {
	struct slice rest = o->rest, name;
	char low[200];
	int e;

	if (!slice_word(&rest, &name)) {
		if (!o->group || group_get(t, o->group, g_r) <= 0)
			return fail_set(f, ERR_INVALID, "%s: which group? write  %s GROUP", order_verb_word(o->verb),
				order_verb_word(o->verb));
		return 1;
	}
	for (size_t i = 0; i < name.n && i < sizeof low; i++)
		low[i] = text_lower(name.p[i]);
	name = slice_of(low, name.n < sizeof low ? name.n : sizeof low);
	e = group_find(t, name, g_r);
	if (e <= 0 || g_r->removed || !rights_can_read(t, o->member, g_r))
		return fail_set(f, ERR_NOTFOUND, "no such group");
	return 1;
}

static int run(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f) {
	switch (o->verb) {
	case VERB_HELP: return order_help(t, o);
	case VERB_SUBSCRIBE: return order_subscribe(t, o, f);
	case VERB_UNSUBSCRIBE: return order_unsubscribe(t, o, f);
	case VERB_ASIDE: case VERB_BACK: return order_aside(t, o, f);
	case VERB_CATCHUP: return order_catchup(t, o, f);
	case VERB_AGREE: return order_agree(t, o, f);
	case VERB_MENTIONS: return order_mentions(t, o);
	case VERB_FORGET: return order_forget(t, o, f);
	case VERB_EXPORT: return order_export(t, o, f);
	case VERB_LEAVE: return order_leave(t, o, f);
	case VERB_PASSWORD:
		if (o->rest.n)
			return order_app(t, o, f);
		o->password = true;
		return 1;
	case VERB_SEARCH: return order_search(t, o, f);
	case VERB_SET: return order_set(t, o, f);
	case VERB_MUTE: case VERB_WATCH: case VERB_UNMUTE: return order_watch(t, o, f);
	case VERB_FLAG: return order_flag(t, o, f);
	case VERB_UNDO: return order_undo(t, o, f);
	case VERB_WHOLE: return order_whole(t, a, o, f);
	case VERB_UNDER: return order_under(t, o, f);
	case VERB_SPLIT: return order_split(t, o, f);
	case VERB_EDIT: return order_edit(t, a, o, f);
	case VERB_JOIN:
		return o->member
			? order_tellf(t, o, "You are a member already. Send  help  to commands for what can be done.\n")
			: order_join(t, o, f);
	default: return fail_set(f, ERR_INVALID, "that is not understood; send  help  to commands");
	}
}

/* ---- who may ---- */

/* what was edited meanwhile is meant as it is now */
static int from_receipt(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f) {
	o->post = replace_latest(t, o->post);
	switch (o->verb) {
	case VERB_CONFIRM:
		return order_publish(t, o, f);
	case VERB_UNDO: case VERB_WHOLE: case VERB_UNDER: case VERB_SPLIT:
		/* whoever got hold of a receipt could send it under the member's name */
		return o->proven ? run(t, a, o, f) : ask_author(t, a, o);
	case VERB_EDIT: case VERB_HELP:
		return run(t, a, o, f);
	default:
		return fail_set(f, ERR_INVALID,
			"a receipt takes undo, whole, edit, split, confirm or under <link>; to write to the forum answer the post itself");
	}
}

static int from_question(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f) {
	uint64_t member, post, group, token;
	struct slice v, address, name, line;
	struct smtp_order q = *o;
	int e = notice_question(t, o->question, &v);

	if (e <= 0)
		return fail_set(f, ERR_GONE, "this question is not open any more");
	if (o->verb != VERB_CONFIRM)
		return fail_set(f, ERR_INVALID, "answer with the word confirm, or do nothing");
	if (!num_take_varint(&v, &member) || !num_take_varint(&v, &post) || !num_take_varint(&v, &group) ||
		!num_take_bytes(&v, &address) || !num_take_bytes(&v, &name) || !num_take_bytes(&v, &line))
		return fail_set(f, ERR_CORRUPT, "this question is not open any more");
	if (!slice_eq(address, o->address))
		return fail_set(f, ERR_DENIED, "answer from the address that was asked");
	smtp_order_parse(line, &q);
	q.member = (uint32_t)member;
	q.post = post;
	q.group = (uint32_t)group;
	q.name = name.n ? name : o->name;
	q.proven = q.strong = true;
	q.answer = num_take_varint(&v, &token) && num_take_varint(&v, &q.question) && num_take_bytes(&v, &q.text);
	q.from_token = q.answer ? (enum token_kind)token : o->from_token;
	if (notice_settle(t, o->question) < 0)
		return fail_set(f, ERR_UNAVAILABLE, "try again later");
	e = !q.answer ? run(t, a, &q, f) : q.from_token == TOKEN_CASE ? order_cases(t, &q, f)
		: q.from_token == TOKEN_RECEIPT ? from_receipt(t, a, &q, f) : order_undo_act(t, &q, f);
	o->password = q.password;
	o->export = q.export;
	o->forum = q.forum;
	o->member = q.member;
	return e;
}

int smtp_order_apply(struct forum_txn *t, struct arena *a, struct smtp_order *o, struct fail *f) {
	int e;

	trace_add(t, o->post, o->message_id, "command by mail: %s",
		o->from_token == TOKEN_CASE && o->answer ? "cases" : order_verb_word(o->verb));
	if (o->answer && o->from_token == TOKEN_QUESTION)
		return from_question(t, a, o, f);
	if (o->answer && (o->from_token == TOKEN_CASE || o->from_token == TOKEN_ACT) && !o->strong)
		return ask_moderator(t, o, f);
	if (o->answer && o->from_token == TOKEN_CASE)
		return order_cases(t, o, f);
	if (o->answer && o->from_token == TOKEN_DIGEST)
		return order_digest(t, a, o, f);
	if (o->answer && o->from_token == TOKEN_AUTHOR)
		return order_author_case(t, a, o, f);
	if (o->answer && o->from_token == TOKEN_ACT)
		return order_undo_act(t, o, f);
	if (o->answer)
		e = from_receipt(t, a, o, f);
	else if (!o->member && (o->verb == VERB_JOIN || o->verb == VERB_SUBSCRIBE))
		e = order_ask_join(t, (o->verb = VERB_JOIN, o), f);
	else if (!o->member && o->verb != VERB_HELP)
		e = fail_set(f, ERR_DENIED, "%.*s is no member's address; send  join  to become one",
			SLICE_ARG(slice_to(o->address, 100)));
	else if (o->member && o->verb == VERB_UNSUBSCRIBE && o->post)
		e = order_ask(t, o,
			"You answered a post with the word unsubscribe. Nothing was posted.\nTo get no more mail of this group:",
			f);
	else if (o->verb == VERB_AGREE)
		e = fail_set(f, ERR_INVALID, "that is not understood; send  help  to commands");
	else if (o->member && o->verb == VERB_FORGET)
		e = order_ask_forget(t, o, f);
	else if (o->member && o->verb == VERB_EXPORT && !o->strong)
		e = order_ask(t, o, "You, or somebody in your name, asked for all your posts and settings.", f);
	else if (o->member && (o->verb == VERB_LEAVE || (o->verb == VERB_PASSWORD && !o->strong)))
		e = order_ask(t, o, o->verb == VERB_LEAVE ? "You, or somebody in your name, asked to leave the forum."
			: o->rest.n ? "You, or somebody in your name, asked about the passwords of your programs."
			: "You, or somebody in your name, asked for a new password. It replaces the old one.", f);
	else if (o->member && !o->proven && o->verb != VERB_HELP)
		e = order_ask(t, o,
			arena_printf(a, "A mail in your name asked for: %s\nNothing proves that it came from you.",
				order_verb_word(o->verb)),
			f);
	else
		e = run(t, a, o, f);
	return e < 0 && !f->code ? fail_set(f, (enum err)e, "try again later") : e < 0 ? e : 1;
}
