/* nntp_cmd_list.c - LIST. Groups are walked in order of name, in steps; the cursor is the last name, so that a group
 * made or removed meanwhile does no harm. */
#include "forumd/base/text.h"
#include "forumd/forum/member.h"
#include "forumd/forum/rights.h"
#include "gateways/common/wildmat.h"
#include "gateways/nntp/nntp_private.h"

#define LIST_STEP 1024

static void list_title(struct slice title, struct buf *out) {
	for (size_t i = 0; i < title.n; i++)
		buf_addc(out, text_control(title.p[i]) ? ' ' : title.p[i]);
}

static void list_numbers(const struct group *g, bool count, struct buf *out) {
	buf_add_slice(out, g->name);
	buf_addc(out, ' ');
	buf_addu(out, g->high);
	buf_addc(out, ' ');
	buf_addu(out, g->low);
	buf_addc(out, ' ');
	if (count) {
		buf_addu(out, g->count);
		buf_addc(out, ' ');
	}
	buf_addc(out, group_status_letter(g));
}

/* Who made it, as others see him: addresses never leave the daemon. */
static void list_times(const struct session *s, const struct group *g, struct buf *out) {
	buf_add_slice(out, g->name);
	buf_addf(out, " %lld news@%s", (long long)g->created, s->config->domain);
}

static void list_line(struct session *s, struct forum_txn *t, struct group *g, enum nntp_list kind, struct buf *out) {
	switch (kind) {
	case NNTP_NEWSGROUPS:
		buf_add_slice(out, g->name);
		buf_addc(out, '\t');
		list_title(g->title, out);
		break;
	case NNTP_TIMES:
		list_times(s, g, out);
		break;
	case NNTP_MODERATORS:
		/* a post by mail to the group waits for the same people */
		buf_addf(out, "%.*s:%.*s@%s", SLICE_ARG(g->name), SLICE_ARG(g->name), s->config->domain);
		break;
	case NNTP_SUBSCRIPTIONS:
		buf_add_slice(out, g->name);
		break;
	default:
		if (s->member)
			nntp_hidden_count(s, t, g);
		list_numbers(g, kind == NNTP_COUNTS, out);
	}
	buf_add(out, "\r\n", 2);
}

static bool list_wanted(const struct nntp_cursor *at, const struct group *g) {
	if (at->list == NNTP_MODERATORS && !g->moderated)
		return false;
	return g->created >= at->since && (!at->wildmat.n || wildmat_match(at->wildmat, g->name));
}

/* the member's own groups come first */
static int list_own(struct session *s, struct forum_txn *t) {
	const struct nntp_cursor *at = &nntp_of(s)->at;
	struct group g;
	for (const struct nntp_me *m = nntp_me_groups; m->name; m++) {
		if (!nntp_me_named(s, slice_str(m->name)))
			continue;
		int r = nntp_me_get(s, t, m, &g);
		if (r < 0)
			return r;
		if (list_wanted(at, &g) && (r > 0 || at->list != NNTP_TIMES))
			list_line(s, t, &g, at->list, session_out(s));
	}
	return 1;
}

enum step nntp_list_more(struct session *s) {
	struct nntp_cursor *at = &nntp_of(s)->at;
	struct forum_txn *t = session_read(s);
	struct group g;
	int r = t ? 1 : ERR_UNAVAILABLE;
	if (r > 0 && !at->any)
		r = list_own(s, t);
	at->any = true;
	for (unsigned i = 0; r > 0 && (r = group_each(t, &at->name, &g)) > 0; i++) {
		if (!g.removed && list_wanted(at, &g) && rights_can_read(t, s->member, &g))
			list_line(s, t, &g, at->list, session_out(s));
		if (i % LIST_STEP == LIST_STEP - 1 && conn_full(s->conn))
			break;
	}
	if (r < 0)
		return STEP_CLOSE;
	if (r == 0)
		return nntp_finish(s);
	at->name = arena_slice(s->command, at->name);
	return nntp_more(s, nntp_list_more);
}

static enum step list_groups_begin(struct session *s) {
	if (!session_read(s))
		return nntp_fail(s, ERR_UNAVAILABLE);
	nntp_reply(s, nntp_of(s)->at.reply);
	return nntp_list_more(s);
}

static enum step list_groups(struct session *s, enum nntp_list kind, struct slice *args, unsigned nargs,
	const char *reply) {
	enum step step;
	if (nargs && kind == NNTP_MODERATORS)
		return nntp_syntax(s, "this LIST takes no argument");
	if (nargs > 1 || (nargs && !wildmat_valid(args[0])))
		return nntp_syntax(s, "malformed wildmat");
	nntp_of(s)->at = (struct nntp_cursor){ .list = kind,
		.name = slice_of("", 0),
		.wildmat = nargs ? args[0] : slice_of("", 0),
		.since = INT64_MIN,
		.reply = reply };
	bool numbers = kind == NNTP_ACTIVE || kind == NNTP_COUNTS;
	return numbers && nntp_me_prepare_list(s, list_groups_begin, &step) ? step : list_groups_begin(s);
}

/* Bytes: and Lines:, not :bytes and :lines: RFC 3977 8.4.2 allows both, and slrn 1.0 fetches no overview at all when it
 * sees the new names. */
static enum step list_overview_fmt(struct session *s, unsigned nargs) {
	if (nargs)
		return nntp_syntax(s, "LIST OVERVIEW.FMT takes no argument");
	nntp_reply(s, "215 order of fields in overview");
	buf_adds(session_out(s),
		"Subject:\r\nFrom:\r\nDate:\r\nMessage-ID:\r\nReferences:\r\nBytes:\r\nLines:\r\nXref:full\r\nForum-Flags:full\r\nForum-Thread:full\r\n");
	return nntp_finish(s);
}

/* RFC 3977 8.6: a colon alone says that any field may be asked for */
static enum step list_headers(struct session *s, struct slice *args, unsigned nargs) {
	if (nargs > 1 || (nargs && !slice_is_nocase(args[0], "MSGID") && !slice_is_nocase(args[0], "RANGE")))
		return nntp_syntax(s, "usage: LIST HEADERS [MSGID|RANGE]");
	nntp_reply(s, "215 fields for HDR");
	buf_adds(session_out(s), ":\r\n:bytes\r\n:lines\r\n:x-forum-flags\r\n:x-forum-thread\r\n");
	return nntp_finish(s);
}

/* lines of a text file, dots stuffed */
static enum step list_motd(struct session *s) {
	struct slice text = slice_str(s->config->motd_text), line;
	struct buf *out = session_out(s);
	if (!*s->config->motd)
		return nntp_reply(s, "503 no message of the day");
	nntp_reply(s, "215 message of the day");
	while (slice_line(&text, &line)) {
		if (line.n && line.p[0] == '.')
			buf_addc(out, '.');
		list_title(line, out);
		buf_add(out, "\r\n", 2);
	}
	return nntp_finish(s);
}

/* "a b c; d e" -> lines; the first word is separated from the rest as the list wants it */
static enum step list_entries(struct session *s, const char *entries, bool tab, const char *reply) {
	struct slice rest = slice_str(entries), entry, word;
	struct buf *out = session_out(s);
	if (!*entries)
		return nntp_reply(s, "503 not kept here");
	nntp_reply(s, reply);
	while (slice_split(&rest, ';', &entry)) {
		entry = slice_trim(entry);
		if (tab && slice_word(&entry, &word)) {
			list_title(word, out);
			buf_addc(out, '\t');
		}
		if (tab || entry.n) {
			list_title(slice_trim(entry), out);
			buf_add(out, "\r\n", 2);
		}
	}
	return nntp_finish(s);
}

/* lists that are one text: without an argument. False: no such list */
static bool list_texts(struct session *s, struct slice word, unsigned nargs, enum step *step_r) {
	bool motd = slice_is_nocase(word, "MOTD"), dist = slice_is_nocase(word, "DISTRIBUTIONS"),
		 pats = slice_is_nocase(word, "DISTRIB.PATS");
	if (!motd && !dist && !pats)
		return false;
	if (nargs)
		*step_r = nntp_syntax(s, "this LIST takes no argument");
	else if (motd)
		*step_r = list_motd(s);
	else
		*step_r = list_entries(s, dist ? s->config->distributions : s->config->distrib_pats, dist,
			dist ? "215 distributions follow" : "215 weights follow");
	return true;
}

/* RFC 2980 2.13: titles, under another code and, without a wildmat, of the selected group */
enum step nntp_cmd_xgtitle(struct session *s, struct slice *args, unsigned nargs) {
	struct forum_txn *t;
	struct group g;
	enum step step;
	if (nargs)
		return list_groups(s, NNTP_NEWSGROUPS, args, nargs, "282 titles follow");
	if (!nntp_selected(s, &t, &g, &step))
		return step;
	g.name = nntp_group_name(&g);
	nntp_reply(s, "282 titles follow");
	list_line(s, t, &g, NNTP_NEWSGROUPS, session_out(s));
	return nntp_finish(s);
}

enum step nntp_cmd_list(struct session *s, struct slice *args, unsigned nargs) {
	static const struct { const char *word; enum nntp_list kind; const char *reply; } lists[] = {
		{ "ACTIVE", NNTP_ACTIVE, "215 newsgroups follow" },
		{ "NEWSGROUPS", NNTP_NEWSGROUPS, "215 titles follow" },
		{ "ACTIVE.TIMES", NNTP_TIMES, "215 creation times follow" },
		{ "SUBSCRIPTIONS", NNTP_SUBSCRIPTIONS, "215 proposed groups follow" },
		{ "COUNTS", NNTP_COUNTS, "215 newsgroups with counts follow" },
		{ "MODERATORS", NNTP_MODERATORS, "215 submission addresses follow" },
	};
	enum step step;
	if (!nargs)
		return list_groups(s, NNTP_ACTIVE, args, 0, lists[0].reply);
	for (size_t i = 0; i < sizeof lists / sizeof *lists; i++)
		if (slice_is_nocase(args[0], lists[i].word))
			return list_groups(s, lists[i].kind, args + 1, nargs - 1, lists[i].reply);
	if (slice_is_nocase(args[0], "OVERVIEW.FMT"))
		return list_overview_fmt(s, nargs - 1);
	if (slice_is_nocase(args[0], "HEADERS"))
		return list_headers(s, args + 1, nargs - 1);
	if (list_texts(s, args[0], nargs - 1, &step))
		return step;
	return nntp_syntax(s, "unknown LIST");
}
