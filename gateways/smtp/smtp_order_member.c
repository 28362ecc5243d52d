/* smtp_order_member.c - what a member gets by mail, searching, joining, passwords. */
#include <stdio.h>
#include "forumd/base/log.h"
#include "forumd/base/num.h"
#include "forumd/base/rnd.h"
#include "forumd/base/text.h"
#include "forumd/forum/author.h"
#include "forumd/forum/memo.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/rights.h"
#include "forumd/forum/search.h"
#include "forumd/forum/subscribe.h"
#include "forumd/run/job.h"
#include "forumd/run/password.h"
#include "forumd/run/writer.h"
#include "gateways/common/founding.h"
#include "gateways/common/notice.h"
#include "gateways/smtp/smtp_order_private.h"

#define SEARCH_HITS 20
#define SEARCH_POSTS 20000

/* told before anybody runs into them */
static void add_limits(const struct smtp_order *o, struct buf *out) {
	buf_addf(out, "Limits: a mail of %llu KB at most, attachments included",
		(unsigned long long)(o->message_size / 1024));
	if (o->posts_per_minute)
		buf_addf(out, "; %u posts a minute", o->posts_per_minute);
	buf_adds(out, ".\n");
}

int order_help(struct forum_txn *t, struct smtp_order *o) {
	struct slice d = slice_str(forum_domain(forum_of(t))), cursor = { 0 };
	struct buf b = { 0 };
	struct group g;
	int e = o->member ? 1 : order_once(t, o, "help", ORDER_DAY);

	if (e <= 0)
		return e < 0 ? e : 1;
	if (o->group_name.n && o->commands)
		buf_addf(&b,
			"A new thread:     %.*s@%.*s\nGet it by mail:   %.*s-subscribe@%.*s\nStop it:          %.*s-unsubscribe@%.*s\n\n",
			SLICE_ARG(o->group_name), SLICE_ARG(d), SLICE_ARG(o->group_name), SLICE_ARG(d), SLICE_ARG(o->group_name),
			SLICE_ARG(d));
	buf_addf(&b,
		"Write to a group and it is a new thread; answer a post and it is a reply.\n"
		"Words, each alone in an answer to a post:\n  mute, watch, unmute   this thread\n  undo                  take back your last post in it\n"
		"  flag KIND [why]       tell the moderators (off-topic, spam, uncivil, privacy, other)\n\n"
		"Words to commands@%.*s, in the first line:\n"
		"  join\n  subscribe GROUP [all|first|replies|digest|digest-text]\n  unsubscribe [GROUP]\n"
		"  catchup [DAYS]        what you missed, in one mail\n  stand aside, come back\n"
		"  set receipts=on|off, replies=on|off, quiet=22-7, catchup=14, mail-marks=on|off, private=on|off (one at a time)\n  search WORDS\n"
		"  password              a new one for you\n  password NAME         one for one of your programs; password list, password revoke NAME\n"
		"  export                your posts and settings, by mail\n  mentions              where others name you\n"
		"  leave, or  leave and anonymise\n  help\n\n",
		SLICE_ARG(d));
	add_limits(o, &b);
	buf_adds(&b, "\nGroups:\n");
	while (buf_len(&b) < 8000 && group_each(t, &cursor, &g) > 0)
		if (rights_can_read(t, o->member, &g) && g.access != GROUP_OWN)
			buf_addf(&b, "  %.*s@%.*s   %.*s\n", SLICE_ARG(g.name), SLICE_ARG(d), SLICE_ARG(g.title));
	e = order_tell(t, o,
		o->group_name.n && o->commands
			? arena_printf(forum_arena(t), "Writing to %.*s by mail", SLICE_ARG(o->group_name))
			: "Living in the forum by mail",
		buf_slice(&b), slice_of("", 0));
	buf_free(&b);
	return e;
}

int order_subscribe(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	struct slice rest = o->rest, word;
	int mode = SUBSCRIBE_ALL;
	struct group g;
	int e = order_need_group(t, o, &g, f);

	if (e < 0)
		return e;
	if (slice_word(&rest, &word) && slice_word(&rest, &word) && (mode = subscribe_mode_parse(word)) < 0)
		return fail_set(f, ERR_INVALID, "the ways to get mail are all, first, replies, digest, digest-text, none");
	if ((e = subscribe_set(t, o->member, g.id, (enum subscribe_mode)mode, f)) < 0)
		return e;
	if ((e = member_set(t, o->member, SLICE("bounces"), SLICE("0"), f)) < 0)   /* he says that his address works */
		return e;
	return order_tellf(t, o, "You now get %.*s by mail: %s (%.*s).\n\nTo stop it, write to\n  %.*s-unsubscribe@%s\n",
		SLICE_ARG(g.name), subscribe_mode_name((enum subscribe_mode)mode), SLICE_ARG(notice_volume(t, &g)),
		SLICE_ARG(g.name), forum_domain(forum_of(t)));
}

int order_unsubscribe(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	enum subscribe_mode mode;
	uint32_t cursor = 0;
	struct buf b = { 0 };
	struct group g;
	int e = 1;

	if (o->rest.n || o->group) {
		if ((e = order_need_group(t, o, &g, f)) < 0 || (e = subscribe_set(t, o->member, g.id, SUBSCRIBE_NONE, f)) < 0)
			return e;
		return order_tellf(t, o,
			"You no longer get %.*s by mail. You can still read it, and post.\n\nTo get it again, write to\n"
			"  %.*s-subscribe@%s\n",
			SLICE_ARG(g.name), SLICE_ARG(g.name), forum_domain(forum_of(t)));
	}
	while (e > 0 && subscribe_of_member(t, o->member, &cursor, &mode) > 0) {
		if (group_get(t, cursor, &g) > 0)
			buf_addf(&b, "  %.*s\n", SLICE_ARG(g.name));
		e = subscribe_set(t, o->member, cursor, SUBSCRIBE_NONE, f);
	}
	if (e > 0)
		e = order_tellf(t, o,
			"You are no longer mailed any of these groups:\n%.*s\nAnswers to your own posts still come; send "
			"set replies=off  to end them too.\n",
			SLICE_ARG(buf_slice(&b)));
	buf_free(&b);
	return e;
}

int order_set(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	static const char *const keys[] = { "receipts", "replies", "quiet", "name", "aside", "mail-marks", "private",
		"catchup" };
	ptrdiff_t eq = slice_chr(o->rest, '=');
	struct slice key = slice_trim(slice_to(o->rest, eq < 0 ? 0 : (size_t)eq));

	for (size_t i = 0; eq > 0 && i < sizeof keys / sizeof keys[0]; i++) {
		if (slice_is(key, keys[i])) {
			int e = member_set(t, o->member, key, slice_trim(slice_from(o->rest, (size_t)eq + 1)), f);

			return e < 0 ? e : order_tellf(t, o, "Set: %.*s\n", SLICE_ARG(slice_to(o->rest, 200)));
		}
	}
	return fail_set(f, ERR_INVALID,
		"set receipts=on|off, replies=on|off, quiet=FROM-TO|off (hours, UTC), aside=on|off, mail-marks=on|off, private=on|off, catchup=DAYS|off or name=NAME");
}

/* numbers of a group that may hold them: the index is asked for the longest word */
static bool search_candidates(struct forum_txn *t, uint32_t group, struct slice folded, struct range_set *set_r) {
	struct slice rest = folded, w, longest = SLICE("");
	struct search_hits hits = { 0 };
	bool good;

	while (slice_word(&rest, &w))
		longest = w.n > longest.n ? w : longest;
	if ((good = search_find(t, group, SEARCH_TEXT, longest, &hits) > 0)) {
		range_set_copy(set_r, &hits.sure);
		range_set_union(set_r, &hits.maybe);
	}
	range_set_free(&hits.sure);
	range_set_free(&hits.maybe);
	return good;
}

static bool search_matches(struct forum_txn *t, const struct overview *v, struct slice folded, size_t *octets) {
	struct buf hay = { 0 };
	struct slice rest = folded, w;
	struct post p;
	bool all = true;

	text_fold(v->subject, &hay);
	buf_addc(&hay, '\n');
	if (post_get(t, v->post, &p) > 0) {
		*octets += p.body_len;
		order_folded(t, &p, &hay);
	}
	while (all && slice_word(&rest, &w))
		all = slice_find(buf_slice(&hay), w) >= 0;
	buf_free(&hay);
	return all;
}

struct searching { unsigned hits, seen; size_t octets; struct buf text; };

static bool search_ends(const struct searching *s) {
	return s->hits >= SEARCH_HITS || s->seen >= SEARCH_POSTS || s->octets >= ORDER_OCTETS;
}

static void search_group(struct forum_txn *t, const struct group *g, struct slice folded, struct searching *s) {
	struct range_set numbers = { 0 };
	struct overview v;

	if (search_candidates(t, g->id, folded, &numbers))
		for (uint32_t n = g->high + 1;
			 !search_ends(s) && s->seen++ < SEARCH_POSTS && overview_before(t, g->id, n, &n) > 0;) {
			if (!range_set_has(&numbers, n) || overview_get(t, g->id, n, &v) <= 0 ||
				!search_matches(t, &v, folded, &s->octets))
				continue;
			s->hits++;
			buf_addf(&s->text, "%.*s\n  %.*s, %.*s\n  mid:%.*s\n", SLICE_ARG(slice_to(v.subject, 200)),
				SLICE_ARG(g->name), SLICE_ARG(author_name(t, v.author, v.from)),
				SLICE_ARG(slice_sub(v.message_id, 1, v.message_id.n - 2)));
		}
	range_set_free(&numbers);
}

/* newest first, in all groups the asker reads; what is looked at is bounded */
int order_search(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	struct searching s = { 0 };
	struct slice cursor = { 0 };
	struct buf folded = { 0 };
	struct group g;
	int e;

	if (o->rest.n < 2)
		return fail_set(f, ERR_INVALID, "search for what? write  search WORDS");
	text_fold(o->rest, &folded);
	while (!search_ends(&s) && group_each(t, &cursor, &g) > 0)
		if (rights_can_read(t, o->member, &g) && g.access != GROUP_OWN)
			search_group(t, &g, buf_slice(&folded), &s);
	e = order_tellf(t, o, "%u post%s found%s.\n\n%.*s", s.hits, s.hits == 1 ? "" : "s",
		search_ends(&s) ? ", and perhaps more" : "", SLICE_ARG(buf_slice(&s.text)));
	buf_free(&s.text);
	buf_free(&folded);
	return e;
}

/* ---- joining ---- */

/* the forum's text, then the group's */
static uint32_t add_founding(struct forum_txn *t, uint32_t group, struct buf *out) {
	struct founding now = { 0 };

	if (founding_get(t, group, &now) > 0)
		buf_addf(out, "\nWhat members agree to%s (version %u):\n\n%.*s\n", group ? " in this group" : "", now.version,
			SLICE_ARG(now.text));
	return now.version;
}

int order_ask_join(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	uint32_t forum_version, group_version = 0;
	struct buf b = { 0 };
	int e;

	if (!o->joining)
		return fail_set(f, ERR_DENIED, "strangers do not join by mail here; ask the people who run it");
	buf_addf(&b, "Somebody, perhaps you, asked to join %s with this address.\n", forum_domain(forum_of(t)));
	forum_version = add_founding(t, 0, &b);
	if (o->group)
		group_version = add_founding(t, o->group, &b);
	/* what the answer agrees to */
	o->line = arena_slicef(forum_arena(t), "join %u %u", forum_version, group_version);
	buf_addc(&b, 0);
	e = order_ask(t, o, buf_bytes(&b), f);
	buf_free(&b);
	return e;
}

/* By answering he agreed to the versions that were shown (in the line of the question); what came since then he is
 * asked. */
static int agreed(struct forum_txn *t, struct slice *versions, uint32_t group, uint32_t member) {
	struct slice word;
	uint32_t version = 0;
	int e = 1;

	if (slice_word(versions, &word) && num_parse_u32(word, &version) && version)
		e = founding_accept(t, group, member, version);
	return e < 0 ? e : founding_ask(t, group, member);
}

int order_join(struct forum_txn *t, struct smtp_order *o, struct fail *f) {
	struct slice name = o->name;
	struct buf b = { 0 };
	struct group g;
	uint32_t id;
	char key[4];
	int e;

	if (!name.n)
		name = slice_to(o->address, (size_t)(slice_chr(o->address, '@') > 0 ? slice_chr(o->address, '@') : 0));
	if ((e = member_add(t, name, o->address, &id, f)) < 0)
		return e;
	o->member = id;
	audit_add(t, VERDICT_MEMBER, id, 0, 0, SLICE("joined by mail"), NULL);
	num_put32(key, id);
	memo_put(t, MEMO_FIRST, slice_of(key, 4), SLICE("1"), forum_time(t) + 365 * ORDER_DAY);
	buf_addf(&b, "Welcome, %.*s.\n\n", SLICE_ARG(name));
	if (o->group && group_get(t, o->group, &g) > 0 && rights_can_read(t, id, &g)) {
		if ((e = subscribe_set(t, id, g.id, SUBSCRIBE_FIRST, f)) < 0) {
			buf_free(&b);
			return e;
		}
		buf_addf(&b, "You get the first post of each thread of %.*s (the group has %.*s), and answers to you.\n",
			SLICE_ARG(g.name), SLICE_ARG(notice_volume(t, &g)));
	} else {
		buf_adds(&b, "You get answers to your posts by mail. For more:  subscribe GROUP  to commands.\n");
	}
	buf_adds(&b, "Your first post waits for a moderator. ");
	add_limits(o, &b);
	buf_adds(&b, "\nFive words to know: mute, watch, undo, help, leave.\n");
	e = order_tell(t, o, "Welcome", buf_slice(&b), slice_of("", 0));
	buf_free(&b);
	struct slice versions = o->rest;
	if (e > 0 && (agreed(t, &versions, 0, id) < 0 || (o->group && agreed(t, &versions, o->group, id) < 0)))
		return fail_set(f, ERR_UNAVAILABLE, "try again later");
	return e;
}

/* ---- passwords: 100 ms of work, so not here and not on the writer ---- */

struct new_password { uint32_t member; struct slice address; struct buf text, hash, scram; };

static int password_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct new_password *w = j->data;
	struct buf b = { 0 };
	struct notice n = { .to = w->address, .subject = SLICE("Your password") };
	int e = member_set_password(t, w->member, buf_slice(&w->hash), buf_slice(&w->scram), f);

	buf_addf(&b,
		"Your new password for news and mail programs is\n\n  %.*s\n\nIt replaces the old one and is shown nowhere else. "
		"The name is this address.\n",
		SLICE_ARG(buf_slice(&w->text)));
	n.text = buf_slice(&b);
	if (e > 0)
		e = notice_add(t, &n);
	buf_free(&b);
	return e;
}

static void password_free(void *arg) {
	struct new_password *w = arg;

	buf_free(&w->text);
	buf_free(&w->hash);
	buf_free(&w->scram);
}

static void password_run(void *arg) {
	struct job *j = arg;
	struct new_password *w = j->data;

	password_make(buf_slice(&w->text), &w->hash, &w->scram);
	writer_submit(writer_current(), j);
}

void smtp_order_password(struct slice address, uint32_t member) {
	struct job *j = job_new(NULL, password_apply);
	struct new_password *w = ARENA_NEW(j->arena, struct new_password);

	w->member = member;
	w->address = arena_slice(j->arena, address);
	rnd_add_id(&w->text);
	buf_truncate(&w->text, 20);
	arena_on_reset(j->arena, password_free, w);
	j->data = w;
	if (password_pool_try(password_run, j) < 0) {
		log_warn("smtp", "password by mail: too many at once member=%u", member);
		job_free(&j);
	}
}
