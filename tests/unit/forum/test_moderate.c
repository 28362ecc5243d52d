/* reports, the queue, each verdict, undo, the audit log */
#include "forumd/forum/forum_private.h"
#include "forumd/forum/mailq.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/rights.h"
#include "tests/unit/forum/fixture.h"

static uint32_t group, ann, bob, mod;

static uint32_t flags_of(struct forum_txn *t, uint64_t id) {
	struct post p;
	return post_get(t, id, &p) > 0 ? p.flags & (POST_FLAGGED | POST_OFF_TOPIC | POST_ASIDE | POST_LOCKED) : 0;
}

static int state_of(struct forum_txn *t, uint64_t id) {
	struct post p;
	return post_get(t, id, &p) > 0 ? (int)p.state : -1;
}

/* "5 7 " post ids of the open cases */
static void print_queue(struct forum_txn *t, uint32_t g, struct buf *b) {
	uint64_t cursor = 0;
	struct moderate_case c;
	buf_reset(b);
	while (moderate_queue_next(t, g, &cursor, &c) > 0)
		buf_addf(b, "%llu ", (unsigned long long)c.post);
}

static void is_queue(struct forum_txn *t, uint32_t g, uint64_t a, uint64_t b, const char *what) {
	struct buf got = { 0 }, want = { 0 };
	if (a)
		buf_addf(&want, "%llu ", (unsigned long long)a);
	if (b)
		buf_addf(&want, "%llu ", (unsigned long long)b);
	print_queue(t, g, &got);
	is_slice(buf_slice(&got), buf_slice(&want), "%s", what);
	buf_free(&got);
	buf_free(&want);
}

static struct slice flags_text(struct forum_txn *t, uint64_t id) {
	struct post p;
	return post_get(t, id, &p) > 0 ? moderate_flags_text(t, &p) : SLICE("?");
}

static void test_names(void) {
	for (int i = VERDICT_FLAG; i <= VERDICT_MEMBER; i++)
		is_int(verdict_parse(slice_str(verdict_name((enum verdict)i))), i, "verdict %d and back", i);
	for (int i = REPORT_OFF_TOPIC; i <= REPORT_PENDING; i++)
		is_int(report_kind_parse(slice_str(report_kind_name((enum report_kind)i))), i, "report %d and back", i);
	is_str(report_kind_name(REPORT_OFF_TOPIC), "off-topic", "off-topic");
	is_int(verdict_parse(SLICE("burn")), ERR_INVALID, "no such verdict");
}

static void test_report(struct forum_txn *t) {
	struct fail f = { 0 };
	struct moderate_case c;
	struct audit a;
	uint64_t p = fixture_post_by(t, ann, group, "<rep1@x>", NULL), q = fixture_post_by(t, ann, group, "<rep2@x>", NULL),
		action = 0;
	is_int(moderate_report(t, p, bob, REPORT_OFF_TOPIC, SLICE("not\r\nabout this"), &f), 1, "a report");
	is_int(flags_of(t, p), POST_FLAGGED | POST_OFF_TOPIC, "marks the post");
	is_int(state_of(t, p), POST_VISIBLE, "and hides nothing");
	is_int(moderate_report(t, p, bob, REPORT_OFF_TOPIC, SLICE("again"), &f), ERR_EXISTS, "once");
	is_int(moderate_report(t, p, bob, REPORT_SPAM, SLICE(""), &f), 1, "another kind");
	is_int(moderate_report(t, p, mod, REPORT_OFF_TOPIC, SLICE(""), &f), 1, "another member");
	is_int(moderate_report(t, q, bob, REPORT_UNCIVIL, SLICE("rude"), &f), 1, "another post");
	is_int(flags_of(t, q), POST_FLAGGED, "is not off-topic");
	is_int(moderate_report(t, p, bob, REPORT_PENDING, SLICE(""), &f), ERR_INVALID, "pending is not for members");
	is_int(moderate_report(t, 99999, bob, REPORT_SPAM, SLICE(""), &f), ERR_NOTFOUND, "no such post");
	is_int(moderate_case_get(t, p, &c), 1, "the case");
	is_int(c.reports, 2, "two people");
	is_int(c.kinds, 1 << REPORT_OFF_TOPIC | 1 << REPORT_SPAM, "two kinds");
	is_int(c.group, group, "the group");
	is_int(c.since, forum_time(t), "since now");
	is_lit(c.reason, "not  about this", "the first reason, in one line");
	is_slice(flags_text(t, p), SLICE("off-topic,spam; by=2; state=open"), "what readers are told");
	is_slice(flags_text(t, q), SLICE("uncivil; by=1; state=open"), "of the other");
	is_queue(t, 0, p, q, "the queue, oldest first");
	is_queue(t, group, p, q, "of the group");
	is_queue(t, group + 1000, 0, 0, "of another");
	uint64_t cursor = UINT64_MAX;
	is_int(audit_prev(t, group, &cursor, &a), 1, "the audit log");
	ok(a.verdict == VERDICT_FLAG && a.by == bob && a.post == q && a.time == forum_time(t), "knows who reported what");
	is_lit(a.text, "uncivil: rude", "and why");

	is_int(moderate_verdict(t, p, mod, VERDICT_KEEP, SLICE("it is fine"), &action, &f), 1, "keep");
	is_int(flags_of(t, p), 0, "clears the marks");
	is_int(moderate_case_get(t, p, &c), 0, "closes the case");
	is_queue(t, 0, q, 0, "the other is left");
	is_slice(flags_text(t, p), SLICE(""), "nothing to tell");
	is_int(moderate_report(t, p, bob, REPORT_OFF_TOPIC, SLICE(""), &f), ERR_EXISTS,
		"the same report does not come again");
	is_int(moderate_verdict(t, p, mod, VERDICT_KEEP, SLICE(""), NULL, &f), ERR_INVALID, "no case: nothing to keep");
	is_int(audit_get(t, action, &a), 1, "the entry");
	ok(a.verdict == VERDICT_KEEP && a.by == mod && a.post == p && a.group == group && !a.undone, "says what");
	is_lit(a.text, "it is fine", "and why");
	uint64_t undone = 0;
	is_int(moderate_undo(t, 0, mod, &undone, &f), 1, "undo the last");
	is_int(undone, action, "was that one");
	is_int(flags_of(t, p), POST_FLAGGED | POST_OFF_TOPIC, "marked again");
	is_int(moderate_case_get(t, p, &c), 1, "open again");
	is_int(c.reports, 2, "with all reports");
	is_queue(t, 0, p, q, "at its old place");
	is_int(moderate_undo(t, action, mod, &undone, &f), ERR_INVALID, "not twice");
	is_str(f.text, "this has been undone already", "and says so");
	is_int(moderate_undo(t, 0, bob, &undone, &f), ERR_NOTFOUND, "others have nothing to undo");
	is_int(moderate_undo(t, 987654, mod, &undone, &f), ERR_NOTFOUND, "no such action");
	cursor = UINT64_MAX;
	audit_prev(t, 0, &cursor, &a);
	ok(a.verdict == VERDICT_UNDO && a.undoes == action && a.by == mod, "undo is in the log");
	audit_get(t, action, &a);
	ok(a.undone, "and the entry says it was undone");
	is_int(moderate_verdict(t, p, mod, VERDICT_NOTE, SLICE("please stay on topic"), &action, &f), 1, "a note");
	is_int(moderate_case_get(t, p, &c), 1, "leaves the case open");
	is_int(moderate_undo(t, action, mod, &undone, &f), 1, "can be undone");
	is_int(moderate_verdict(t, p, mod, VERDICT_FLAG, SLICE(""), NULL, &f), ERR_INVALID, "flag is no verdict");
	moderate_verdict(t, p, mod, VERDICT_KEEP, SLICE(""), NULL, &f);
	moderate_verdict(t, q, mod, VERDICT_KEEP, SLICE(""), NULL, &f);
	is_queue(t, 0, 0, 0, "the queue is empty");
}

static void test_again(struct forum_txn *t) {
	struct fail f = { 0 };
	uint64_t p = fixture_post_by(t, ann, group, "<again1@x>", NULL), q = fixture_post_by(t, ann, group, "<again2@x>", NULL);
	int n = 0;
	while (n < 50 && moderate_report(t, p, bob, REPORT_SPAM, SLICE("again"), &f) > 0 &&
		moderate_withdraw(t, p, bob, REPORT_SPAM, &f) > 0)
		n++;
	is_int(n, 10, "reported and taken back so often");
	is_int(f.code, ERR_LIMIT, "and no more: %s", f.text);
	f = (struct fail){ 0 };
	is_int(moderate_report(t, p, bob, REPORT_PRIVACY, SLICE(""), &f), ERR_LIMIT, "of no kind");
	f = (struct fail){ 0 };
	is_queue(t, group, 0, 0, "nothing was stored");
	is_int(moderate_report(t, q, bob, REPORT_SPAM, SLICE(""), &f), 1, "another post: %s", f.text);
	is_int(moderate_report(t, p, ann, REPORT_SPAM, SLICE(""), &f), 1, "another member: %s", f.text);
	t->time += 86401;
	is_int(moderate_report(t, p, bob, REPORT_SPAM, SLICE(""), &f), 1, "the next day: %s", f.text);
	t->time -= 86401;
	is_int(moderate_withdraw(t, p, bob, REPORT_SPAM, &f), 1, "what is open can always be taken back");
	is_int(moderate_withdraw(t, p, ann, REPORT_SPAM, &f), 1, "this one");
	is_int(moderate_withdraw(t, q, bob, REPORT_SPAM, &f), 1, "and that one");
}

static void test_hide(struct forum_txn *t) {
	struct fail f = { 0 };
	struct moderate_case c;
	uint64_t p = fixture_post_by(t, ann, group, "<hide@x>", NULL), hide = 0, restore = 0, undone = 0;
	uint32_t n = fixture_number(t, group, "<hide@x>");
	moderate_report(t, p, bob, REPORT_SPAM, SLICE(""), &f);
	is_int(moderate_verdict(t, p, mod, VERDICT_HIDE, SLICE("spam"), &hide, &f), 1, "hide");
	is_int(state_of(t, p), POST_HIDDEN, "hidden");
	is_int(flags_of(t, p), 0, "no open report");
	is_int(moderate_case_get(t, p, &c), 0, "closed");
	is_int(moderate_verdict(t, p, mod, VERDICT_HIDE, SLICE(""), NULL, &f), ERR_INVALID, "hidden already");
	is_str(f.text, "the post is hidden: hide does not fit", "and says so");
	is_int(moderate_report(t, p, ann, REPORT_SPAM, SLICE(""), &f), ERR_INVALID, "what is hidden needs no report");
	is_int(moderate_undo(t, hide, mod, &undone, &f), 1, "undo");
	is_int(state_of(t, p), POST_VISIBLE, "visible");
	is_int(fixture_number(t, group, "<hide@x>"), n, "under its number");
	is_int(moderate_case_get(t, p, &c), 1, "the case is open again");
	is_int(flags_of(t, p), POST_FLAGGED, "and marked");
	is_int(moderate_verdict(t, p, mod, VERDICT_HIDE, SLICE("spam after all"), &hide, &f), 1, "hide again");
	is_int(moderate_verdict(t, p, RIGHTS_OPERATOR, VERDICT_RESTORE, SLICE(""), &restore, &f), 1,
		"the operator restores");
	is_int(state_of(t, p), POST_VISIBLE, "visible");
	is_int(moderate_undo(t, hide, mod, &undone, &f), ERR_INVALID, "too late to undo the hiding");
	is_int(moderate_undo(t, restore, RIGHTS_OPERATOR, &undone, &f), 1, "undo the restoring");
	is_int(state_of(t, p), POST_HIDDEN, "hidden");
	uint64_t q = fixture_post_by(t, ann, group, "<hide2@x>", NULL), keep = 0;
	moderate_report(t, q, bob, REPORT_SPAM, SLICE("old"), &f);
	moderate_verdict(t, q, mod, VERDICT_KEEP, SLICE(""), &keep, &f);
	moderate_report(t, q, ann, REPORT_OTHER, SLICE("new"), &f);
	moderate_verdict(t, q, mod, VERDICT_HIDE, SLICE(""), &hide, &f);
	is_int(moderate_undo(t, hide, mod, &undone, &f), 1, "undo");
	is_int(moderate_case_get(t, q, &c), 1, "opens");
	ok(c.reports == 1 && c.kinds == 1 << REPORT_OTHER, "what it closed, not what was closed before");
	is_int(moderate_undo(t, keep, mod, &undone, &f), 1, "undo the earlier one too");
	moderate_case_get(t, q, &c);
	is_int(c.reports, 2, "one case of both");
	is_queue(t, 0, q, 0, "once in the queue");
	moderate_verdict(t, q, mod, VERDICT_KEEP, SLICE(""), &keep, &f);
	is_queue(t, 0, 0, 0, "and out of it");
	is_int(moderate_verdict(t, p, mod, VERDICT_DELETE, SLICE("gone"), &hide, &f), 1, "delete");
	is_int(state_of(t, p), POST_DELETED, "a tombstone");
	is_int(moderate_verdict(t, p, mod, VERDICT_DELETE, SLICE(""), NULL, &f), ERR_INVALID, "once");
	is_int(moderate_verdict(t, p, mod, VERDICT_APPROVE, SLICE(""), NULL, &f), ERR_INVALID, "it does not wait");
	is_int(moderate_undo(t, hide, mod, &undone, &f), 1, "delete is undone");
	is_int(state_of(t, p), POST_HIDDEN, "the post is what it was");
	is_int(moderate_verdict(t, p, mod, VERDICT_DELETE, SLICE("gone"), NULL, &f), 1, "delete again");
	is_int(moderate_verdict(t, p, mod, VERDICT_RESTORE, SLICE(""), NULL, &f), 1, "restore does the same");
	is_int(state_of(t, p), POST_VISIBLE, "until its text is erased");
	is_int(post_erase(t, p, &f), 1, "erase");
	is_int(moderate_verdict(t, p, mod, VERDICT_RESTORE, SLICE(""), NULL, &f), ERR_GONE, "then there is no way back");
}

static uint64_t parent_of(struct forum_txn *t, uint64_t id) {
	struct post p;
	return post_get(t, id, &p) > 0 ? p.parent : 0;
}

static void test_lock(struct forum_txn *t) {
	struct fail f = { 0 };
	uint64_t p = fixture_post_by(t, ann, group, "<lock@x>", NULL), lock = 0, undone = 0;
	is_int(moderate_verdict(t, p, mod, VERDICT_UNLOCK, SLICE(""), NULL, &f), ERR_INVALID, "not locked");
	is_int(moderate_verdict(t, p, mod, VERDICT_LOCK, SLICE(""), &lock, &f), 1, "lock");
	is_int(flags_of(t, p), POST_LOCKED, "locked");
	is_slice(flags_text(t, p), SLICE("locked"), "readers are told");
	is_int(moderate_undo(t, lock, mod, &undone, &f), 1, "undo");
	is_int(flags_of(t, p), 0, "open");
	moderate_verdict(t, p, mod, VERDICT_LOCK, SLICE(""), &lock, &f);
	is_int(moderate_verdict(t, p, mod, VERDICT_UNLOCK, SLICE(""), &lock, &f), 1, "unlock");
	is_int(flags_of(t, p), 0, "open");
	is_int(moderate_undo(t, 0, mod, &undone, &f), 1, "undo that");
	is_int(flags_of(t, p), POST_LOCKED, "locked");
}

static void test_pending(struct forum_txn *t) {
	struct fail f = { 0 };
	struct moderate_case c;
	struct post_draft *d = fixture_draft(t, group, "<pend1@x>", NULL, NULL), *e = fixture_draft(t, group, "<pend2@x>",
		NULL, NULL);
	d->hold = e->hold = true;
	d->hold_reason = SLICE("the first post of a new member");
	uint64_t p = fixture_add(t, d), q = fixture_add(t, e);
	is_int(state_of(t, p), POST_PENDING, "a post waits");
	is_int(moderate_case_get(t, p, &c), 1, "in the queue");
	is_int(c.kinds, 1 << REPORT_PENDING, "as pending");
	is_lit(c.reason, "the first post of a new member", "with the reason");
	is_int(c.group, group, "and the group");
	is_int(moderate_hold(t, p, group, SLICE("again"), -1), 1, "held again: nothing happens");
	is_queue(t, group, p, q, "both wait");
	is_int(moderate_verdict(t, p, mod, VERDICT_KEEP, SLICE(""), NULL, &f), ERR_INVALID, "keep does not fit");
	is_int(moderate_verdict(t, p, mod, VERDICT_HIDE, SLICE(""), NULL, &f), ERR_INVALID, "nor does hide");
	is_int(fixture_number(t, group, "<pend1@x>"), 0, "no number yet");
	is_int(moderate_verdict(t, p, mod, VERDICT_APPROVE, SLICE(""), NULL, &f), 1, "approve");
	is_int(state_of(t, p), POST_VISIBLE, "visible");
	ok(fixture_number(t, group, "<pend1@x>") > 0, "with a number");
	is_queue(t, group, q, 0, "one waits");
	is_int(moderate_verdict(t, q, mod, VERDICT_DELETE, SLICE("spam"), NULL, &f), 1, "refuse the other");
	is_int(state_of(t, q), POST_DELETED, "deleted");
	is_queue(t, group, 0, 0, "none waits");
}

static void test_aside(struct forum_txn *t) {
	struct fail f = { 0 };
	struct group g;
	uint64_t root = fixture_post_by(t, ann, group, "<as1@x>", NULL), p = fixture_post_by(t, bob, group, "<as2@x>",
		"<as1@x>"),
		below = fixture_post_by(t, ann, group, "<as3@x>", "<as2@x>"), action = 0, undone = 0;
	group_set(t, group, SLICE("access"), SLICE("private"), &f);
	group_set(t, group, SLICE("title"), SLICE("The club"), &f);
	moderate_report(t, p, ann, REPORT_OFF_TOPIC, SLICE(""), &f);
	is_int(moderate_verdict(t, p, mod, VERDICT_ASIDE, SLICE("to the pub"), &action, &f), 1, "aside");
	is_int(group_find(t, SLICE("talk.aside"), &g), 1, "the group was made");
	is_int(g.access, GROUP_PRIVATE, "as closed as the other");
	is_lit(g.title, "The club (aside)", "with a title");
	is_int(fixture_number(t, group, "<as2@x>"), 0, "not here");
	is_int(fixture_number(t, group, "<as3@x>"), 0, "nor what is below it");
	ok(fixture_number(t, group, "<as1@x>") > 0, "what is above stays");
	is_int(fixture_number(t, g.id, "<as2@x>"), 1, "but there");
	is_int(fixture_number(t, g.id, "<as3@x>"), 2, "both");
	is_int(parent_of(t, below), p, "one below the other");
	is_int(flags_of(t, p), POST_ASIDE | POST_OFF_TOPIC, "it says so");
	is_slice(flags_text(t, p), SLICE("off-topic; aside"), "to readers too");
	is_int(moderate_verdict(t, p, mod, VERDICT_ASIDE, SLICE(""), NULL, &f), ERR_INVALID, "once");
	uint64_t later = fixture_post_by(t, bob, g.id, "<as4@x>", "<as3@x>");
	is_int(moderate_undo(t, action, mod, &undone, &f), 1, "undo");
	ok(fixture_number(t, group, "<as2@x>") && fixture_number(t, group, "<as3@x>"), "back");
	ok(fixture_number(t, group, "<as4@x>") && later, "with the answer that came meanwhile");
	is_int(fixture_number(t, g.id, "<as2@x>"), 0, "and no longer there");
	ok(parent_of(t, p) == root && parent_of(t, below) == p && parent_of(t, later) == below, "in the tree as before");
	is_int(flags_of(t, p), POST_FLAGGED | POST_OFF_TOPIC, "the report is open again");
	is_int(moderate_verdict(t, root, mod, VERDICT_ASIDE, SLICE(""), &action, &f), 1, "the whole thread");
	is_int(fixture_number(t, g.id, "<as4@x>") > 0, 1, "all of it");
	ok(state_of(t, below) == POST_VISIBLE, "visible there");
}

static void test_audit(struct forum_txn *t) {
	struct audit a;
	struct buf text = { 0 };
	uint64_t serial = 0, cursor = UINT64_MAX, last = UINT64_MAX;
	int n = 0;
	bool down = true;
	for (int i = 0; i < 400; i++)
		buf_adds(&text, "é\r\n");
	is_int(audit_add(t, VERDICT_MEMBER, RIGHTS_OPERATOR, 0, 0, buf_slice(&text), &serial), 1,
		"an entry about a member");
	audit_get(t, serial, &a);
	ok(a.text.n <= 1000 && a.text.n >= 996, "its text is cut to %zu octets", a.text.n);
	is_int(slice_chr(a.text, '\n') + slice_chr(a.text, '\r'), -2, "in one line");
	is_int(a.by, RIGHTS_OPERATOR, "by the operator");
	while (audit_prev(t, 0, &cursor, &a) > 0) {
		down = down && a.serial < last && a.serial == cursor;
		last = a.serial;
		n++;
	}
	ok(down && n > 20, "all %d entries, newest first", n);
	cursor = UINT64_MAX;
	is_int(audit_prev(t, group + 1000, &cursor, &a), 0, "none of another group");
	buf_free(&text);
}

int main(void) {
	struct forum *forum = fixture_open("moderate");
	struct forum_txn *t = fixture_write(forum);
	struct fail f = { 0 };
	struct trace e;
	uint64_t cursor = 0;
	group = fixture_group(t, "talk");
	ann = fixture_member(t, "Ann", "ann@example.net");
	bob = fixture_member(t, "Bob", "bob@example.net");
	mod = fixture_member(t, "Mod", "mod@example.net");
	member_set_role(t, mod, ROLE_MODERATOR, group, &f);
	test_names();
	test_report(t);
	test_again(t);
	test_hide(t);
	test_lock(t);
	test_pending(t);
	test_aside(t);
	test_audit(t);
	is_int(trace_next(t, 0, SLICE("<hide@x>"), &cursor, &e), 1, "the trace");
	forum_abort(&t);
	forum_close(&forum);
	return done();
}
