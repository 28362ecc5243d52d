/* fuzz_imap.c - the real IMAP gateway on a temporary store, with arbitrary bytes from the client and, between them,
 * changes by others. The engine is played here, in one thread: the connection is two buffers, jobs run at once (twice,
 * because apply must be repeatable), passwords are always right.
 *
 * First byte: 0 stranger, odd a member, else a moderator; bits 2..4: how many octets arrive at a time; bit 5: the
 * output is full after each message; bit 6: what came is answered before others do something. The bytes 1 to 6 later
 * are not sent but do something: hide, restore, post, mark, close the group to the member, open it again.
 *
 * With libFuzzer (-DFUZZ_LIBFUZZER -fsanitize=fuzzer) a fuzz target; else `fuzz_imap FILE...` runs files and `fuzz_imap
 * [ROUNDS [SEED]]` mutates commands of its own. */
#include <stdio.h>
#include <stdlib.h>
#include "forumd/base/mem.h"
#include "forumd/forum/moderate.h"
#include "gateways/common/post_in.h"
#include "gateways/imap/imap_private.h"
#include "tests/unit/forum/fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(bool held, const char *what) {
	if (!held)
		bug("broken: %s", what);
}

/* ---- the engine, played ---- */

struct conn { struct buf in, out, spliced; bool deflate, tight; };
static struct forum *forum;
static struct forum_txn *reading;
static struct config config = { .domain = "forum.test", .message_size = 20000, .bad_commands = 1000,
	.login_failures = 5, .reply_separator = '-' };
static uint32_t alice, moderator, group, runs;
static struct job *job;
static bool auth_asked, auth_failed;

struct buf *conn_input(struct conn *c) { return &c->in; }
struct buf *conn_output(struct conn *c) { return &c->out; }
size_t conn_pending(const struct conn *c) { return buf_len(&c->out); }
/* segments are looked at by nobody here */
struct buf *conn_spliced(struct conn *c) { buf_reset(&c->spliced); return &c->spliced; }
bool conn_full(const struct conn *c) { return buf_len(&c->out) > (c->tight ? 1 : 256u << 10); }
void conn_kick(struct conn *c) { (void)c; }
bool conn_is_tls(const struct conn *c) { (void)c; return false; }
void conn_start_tls(struct conn *c, struct tls_ctx *ctx) { (void)c; (void)ctx; bug("no TLS here"); }
bool conn_is_deflate(const struct conn *c) { return c->deflate; }
void conn_start_deflate(struct conn *c) { c->deflate = true; }
void conn_shutdown(struct conn *c) { (void)c; }
bool conn_tls_exporter(const struct conn *c, unsigned char out[32]) { (void)c; (void)out; return false; }
bool conn_tls_addresses(const struct conn *c, struct buf *out) { (void)c; (void)out; return false; }

struct forum_txn *session_read(struct session *s) {
	(void)s;
	if (!reading)
		reading = fixture_read(forum);
	return reading;
}
void session_read_end(struct session *s) {
	(void)s;
	if (reading)
		forum_read_end(&reading);
}
void session_submit(struct session *s, struct job *j) {
	(void)s;
	check(!job, "one job at a time");
	job = j;
}
void session_more(struct session *s) { check(s->step, "a step that goes on"); }
void session_check_password(struct session *s, struct slice name, struct slice password) {
	(void)s;
	(void)name;
	(void)password;
	auth_asked = true;
	auth_failed = false;
}
void session_check_proof(struct session *s, struct slice name, uint32_t member) {
	(void)s;
	(void)name;
	auth_asked = true;
	auth_failed = !member;
}
void session_set_member(struct session *s, uint32_t member) { s->member = member; }
bool session_may_login(const struct session *s) { (void)s; return true; }
void session_watch(struct session *s, uint32_t g, bool on) { (void)s; (void)g; (void)on; }
void session_watch_all(struct session *s, bool on) { s->watching_all = on; }
bool session_rate(struct session *s, const char *what, unsigned per_minute) { (void)s; (void)what; (void)per_minute;
	return true; }
void session_log(struct session *s, const char *fmt, ...) { (void)s; (void)fmt; }

/* commits, and tells the session when there is one */
static void commit_and_tell(struct session *s, struct forum_txn **t) {
	size_t n;
	const struct change *made = forum_changes(*t, &n);
	struct change *copy = mem_alloc((n + 1) * sizeof *copy);
	if (n)
		memcpy(copy, made, n * sizeof *copy);
	fixture_commit(t);
	for (size_t i = 0; s && i < n; i++) {
		s->ops->change(s, &copy[i]);
		session_read_end(s);
	}
	mem_free(copy);
}

static void run_job(struct session *s) {
	struct job *j = job;
	struct fail f = {0};
	session_read_end(s);
	struct forum_txn *t = fixture_write(forum);
	forum_set_origin(t, s->id);
	j->apply(t, j, &f);
	forum_abort(&t);
	j->fail = (struct fail){0};
	t = fixture_write(forum);
	forum_set_origin(t, s->id);
	j->result = j->apply(t, j, &j->fail);
	if (j->result > 0)
		commit_and_tell(s, &t);
	else
		forum_abort(&t);
	job = NULL;
	s->ops->job_done(s, j);
	session_read_end(s);
	job_free(&j);
}

static void run_auth(struct session *s, uint32_t member) {
	struct auth_result r = {
		.ok = !auth_failed, .member = auth_failed ? 0 : member, .err = auth_failed ? ERR_DENIED : ERR_OK
	};
	auth_asked = false;
	s->ops->auth_done(s, &r);
	session_read_end(s);
}

static void check_view(struct imap_session *is) {
	for (size_t i = 0; i < is->view.gone.n; i++)
		check(is->view.gone.v[i].hi <= is->view.high, "holes lie below the highest number told");
	if (is->state == IMAP_SELECTED)
		for (size_t i = 0; i < is->gone.n; i++)
			check(imap_view_seq(&is->view, is->gone.v[i].lo) != 0, "only what was told can go");
}

/* false: the session is over */
static bool session_turns(struct session *s, uint32_t member) {
	struct conn *c = s->conn;
	for (unsigned turns = 0;; turns++) {
		check(turns < 1000000, "it comes to an end");
		enum step (*step)(struct session *) = s->step;
		size_t before = buf_len(&c->in);
		if (!step && !before) {
			arena_free(&s->command);       /* as the engine does when a session is idle */
			s->command = arena_new();
			return true;
		}
		enum step r = step ? step(s) : s->ops->input(s);
		session_read_end(s);
		buf_reset(&c->out);
		check_view(imap_of(s));
		switch (r) {
		case STEP_DONE:
			if (step && s->step == step)
				s->step = NULL;
			arena_reset(s->command);
			break;
		case STEP_MORE:
			check(s->step != NULL, "more needs a step");
			break;
		case STEP_WAIT:
			if (job)
				run_job(s);
			else if (auth_asked)
				run_auth(s, member);
			break;
		case STEP_INPUT:
			return true;
		case STEP_CLOSE:
			return false;
		}
	}
}

/* ---- the world ---- */

static const char *const texts[] = {
	"Content-Type: text/plain; charset=utf-8\r\n\r\nHello \xc3\xa4\r\n",
	"Content-Type: multipart/mixed; boundary=b\r\nTo: x@y.example\r\n\r\n--b\r\n\r\nA\r\n--b\r\nContent-Type: message/rfc822\r\n\r\nSubject: in\r\n\r\nInner\r\n--b--\r\n",
	"Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n\r\nPGI+eDwvYj4=\r\n",
};

static void add_post(struct session *s, unsigned which) {
	struct forum_txn *t = fixture_write(forum);
	struct job j = { .arena = arena_new() };
	struct post_draft *d = ARENA_NEW(j.arena, struct post_draft);
	struct fail f = {0};
	struct post_in in = { .source = POST_FROM_IMAP, .member = alice, .groups = &group, .ngroups = 1,
		.max_size = 1 << 20, .no_mail = true };
	struct slice raw = arena_slicef(j.arena, "Subject: Post %u\r\n%s", which, texts[which % 3]);
	struct post_in_job *data = ARENA_NEW(j.arena, struct post_in_job);
	data->draft = d;
	data->member = alice;
	j.data = data;
	/* refused while the group is closed to her */
	if (post_in_parse(t, &in, raw, j.arena, d, &f) > 0 && post_in_apply(t, &j, &f) > 0)
		commit_and_tell(s, &t);
	else
		forum_abort(&t);
	arena_free(&j.arena);
}

static void verdict(struct session *s, uint32_t number, enum verdict v) {
	struct forum_txn *t = fixture_write(forum);
	struct post p;
	struct fail f = {0};
	if (post_by_number(t, group, number, &p) > 0 && moderate_verdict(t, p.id, moderator, v, SLICE("x"), NULL, &f) > 0)
		commit_and_tell(s, &t);
	else
		forum_abort(&t);
}

static void set_access(struct session *s, const char *access) {
	struct forum_txn *t = fixture_write(forum);
	struct fail f = {0};
	if (group_set(t, group, SLICE("access"), slice_str(access), &f) > 0)
		commit_and_tell(s, &t);
	else
		forum_abort(&t);
}

static void mark_elsewhere(struct session *s, uint32_t number, uint32_t member) {
	struct forum_txn *t = fixture_write(forum);
	struct range_set one = {0};
	range_set_add(&one, number, number + 2);
	if (marks_set(t, member, group, MARK_FLAGGED, &one, number & 1) > 0)
		commit_and_tell(s, &t);
	else
		forum_abort(&t);
	range_set_free(&one);
}

static void world_make(void) {
	struct fail f = {0};
	char name[32];
	snprintf(name, sizeof name, "fuzz%u", runs);
	forum = fixture_open(name);
	struct forum_txn *t = fixture_write(forum);
	group = fixture_group(t, "test.forum");
	fixture_group(t, "iops.blog");
	alice = fixture_member(t, "Alice", "alice@example.org");
	moderator = fixture_member(t, "Mod", "mod@example.org");
	check(member_set_role(t, moderator, ROLE_MODERATOR, 0, &f) > 0, f.text);
	fixture_commit(&t);
	for (unsigned i = 0; i < 9; i++)
		add_post(NULL, i);
}

static void event(struct session *s, uint8_t kind, uint32_t member) {
	static uint32_t turn;
	uint32_t number = 1 + turn++ % 12;
	switch (kind) {
	case 1: verdict(s, number, VERDICT_HIDE); break;
	case 2: verdict(s, number, VERDICT_RESTORE); break;
	case 3: add_post(s, number); break;
	case 4: mark_elsewhere(s, number, member); break;
	case 5: set_access(s, "private"); break;
	case 6: set_access(s, "public"); break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
	if (size < 1 || size > 100000)
		return 0;
	if (runs++ % 2000 == 0) {
		if (forum)
			forum_close(&forum);
		world_make();
	}
	uint8_t mode = data[0];
	uint32_t member = mode & 1 ? alice : moderator;
	size_t chunk = (size_t)1 << (mode >> 2 & 7) * 2;
	struct conn c = { .tight = mode & 32 };
	struct session *s = mem_zalloc(imap_ops.size);
	s->id = 7;
	s->conn = &c;
	s->ops = &imap_ops;
	s->config = &config;
	s->forum = forum;
	s->arena = arena_new();
	s->command = arena_new();
	s->ops->start(s);
	bool on = true;
	if (mode) {
		buf_adds(&c.in, "a LOGIN x y\r\na SELECT test.forum\r\n");
		on = session_turns(s, member);
	}
	for (size_t i = 1; on && i < size; i++) {
		if (data[i] >= 1 && data[i] <= 6) {
			if (mode & 64)
				on = session_turns(s, member);
			if (on)
				event(s, data[i], member);
		} else {
			buf_add(&c.in, &data[i], 1);
		}
		if (buf_len(&c.in) >= chunk || i + 1 == size)
			on = session_turns(s, member);
	}
	if (job)
		job_free(&job);
	s->ops->timeout(s, false);
	s->ops->end(s);
	set_access(NULL, "public");
	arena_free(&s->command);
	arena_free(&s->arena);
	buf_free(&c.in);
	buf_free(&c.out);
	buf_free(&c.spliced);
	mem_free(s);
	return 0;
}

#ifndef FUZZ_LIBFUZZER
static uint64_t state = 1;

static uint32_t chance(uint32_t n) {
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (uint32_t)((state >> 11) % n);
}

static const char *const lines[] = {
	"a FETCH 1:* (FLAGS UID RFC822.SIZE ENVELOPE BODYSTRUCTURE BODY INTERNALDATE)\r\n",
	"a UID FETCH 1:4,7:* (BODY[] BODY[1] FLAGS)\r\n",
	"a FETCH 2 (BODY.PEEK[2.HEADER.FIELDS (Subject)]<3.9> BODY[1.MIME] RFC822.TEXT)\r\n",
	"a STORE 1:3 +FLAGS (\\Seen \\Deleted)\r\n",
	"a UID STORE 2:* -FLAGS.SILENT (\\Seen $Muted)\r\n",
	"a SEARCH OR (SEEN NOT FLAGGED) TEXT hello\r\n",
	"a UID SEARCH RETURN (MIN MAX COUNT ALL) BODY x SINCE 1-Jan-2020\r\n",
	"a SEARCH SUBJECT {4+}\r\nPost\r\n",
	"a EXPUNGE\r\n",
	"a UID EXPUNGE 3:5\r\n",
	"a NOOP\r\n",
	"a IDLE\r\nDONE\r\n",
	"a IDLE\r\n\1\3\4DONE\r\n",
	"a SELECT test.forum\r\n",
	"a EXAMINE test.forum\r\n",
	"a CLOSE\r\n",
	"a LIST \"\" %\r\n",
	"a LIST (SUBSCRIBED RECURSIVEMATCH) \"\" (* %.%) RETURN (STATUS (MESSAGES UNSEEN SIZE))\r\n",
	"a LSUB \"\" *\r\n",
	"a STATUS test.forum (MESSAGES UIDNEXT UIDVALIDITY UNSEEN RECENT SIZE HIGHESTMODSEQ)\r\n",
	"a APPEND test.forum (\\Seen) \"01-Feb-2020 10:00:00 +0000\" {19+}\r\nSubject: x\r\n\r\nText\n\r\n",
	"a APPEND test.forum {20+}\r\nSubject: x\r\n\r\nText\r\n\r\n",
	"a COPY 1 iops.blog\r\n",
	"a ID (\"x\" \"y\")\r\n",
	"a COMPRESS DEFLATE\r\n",
	"a AUTHENTICATE PLAIN\r\nAGEAYg==\r\n",
	"a AUTHENTICATE SCRAM-SHA-256 biwsbj1hbGljZUBleGFtcGxlLm9yZyxyPXg=\r\nYz1iaXdzLHI9eCxwPXg=\r\n",
	"a LOGIN {1}\r\nx {1+}\r\ny\r\n",
	"\1",
	"\2",
	"\3",
	"\4",
	"\5",
	"\6",
	"a ENABLE IMAP4rev2\r\n",
	"a ENABLE UTF8=ACCEPT QRESYNC\r\n",
	"a CREATE Work.Sub (USE (\\Archive))\r\n",
	"a CREATE \"\xc3\xa4&\xf0\x9f\x98\x8a\"\r\n",
	"a CREATE &ZeVnLIqe-.x\r\n",
	"a DELETE Work.Sub\r\n",
	"a DELETE Work\r\n",
	"a RENAME Work Play.Work\r\n",
	"a SELECT Work\r\n",
	"a SELECT Drafts (QRESYNC (1 1))\r\n",
	"a LIST (SPECIAL-USE) \"\" *!*\r\n",
	"a APPEND Work (\\Draft x) {3+}\r\na\r\n {17+}\r\nSubject: x\r\n\r\nab\n\r\n",
	"a APPEND Drafts UTF8 (~{12+}\r\nSubject: \xc3\xa4\n)\r\n",
	"a REPLACE 1 Drafts {14+}\r\nSubject: x\r\n\r\n\r\n",
	"a UID REPLACE * test.forum {18+}\r\nSubject: y\r\n\r\ntx\r\n\r\n",
	"a UID MOVE 1:2 Work\r\n",
	"a COPY 1:3 !Mute\r\n",
	"a UID COPY 1 test.forum.!Flag.spam\r\n",
	"a NOTIFY SET STATUS (PERSONAL (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange))\r\n",
	"a NOTIFY SET (SELECTED (MessageNew (UID BODY[] FLAGS) MessageExpunge FlagChange)) (SUBTREE (test Work) (ServerMetadataChange))\r\n",
	"a NOTIFY SET (SELECTED-DELAYED (MessageNew MessageExpunge)) (MAILBOXES INBOX NONE)\r\n",
	"a NOTIFY NONE\r\n",
	"a NOTIFY SET (SELECTED (MessageNew (BODY.PEEK[HEADER] ENVELOPE) MessageExpunge))\r\na FETCH 1 BODY[]\r\na NOOP\r\n\3a NOOP\r\n\3",
	"\3a NOOP\r\n\1\2\3",
	"a IDLE\r\n\3\4\5\6\1DONE\r\n",
	"a UNSUBSCRIBE Work\r\n",
	"a SETMETADATA Work (/private/comment x)\r\n",
	"a GETACL test.forum\r\n",
	"a MYRIGHTS Drafts\r\n",
	"a SETACL test.forum author-2 +lrswteipa\r\n",
	"a SETACL test.forum author-1 -a\r\n",
	"a DELETEACL test.forum author-3@forum.test\r\n",
	"a LISTRIGHTS test.forum anyone\r\n",
	"a LISTRIGHTS Work author-2\r\n",
	"a GETMETADATA (DEPTH infinity MAXSIZE 9) test.forum (/private /shared)\r\n",
	"a GETMETADATA \"\" /shared/admin\r\n",
	"a SETMETADATA test.forum (/private/x ~{3+}\r\naxb /private/y NIL /shared/comment {2+}\r\nhi)\r\n",
	"a LIST \"\" * RETURN (METADATA (/private/x) STATUS (MESSAGES))\r\n",
	"a GETQUOTA own\r\n",
	"a GETQUOTAROOT Work\r\n",
	"a SETQUOTA own ()\r\n",
	"a STATUS Drafts (DELETED DELETED-STORAGE)\r\n",
	"a UID STORE 1:* +FLAGS (work $label1 $OffTopic)\r\n",
	"a STORE 1 FLAGS (a b c)\r\n",
	"a STORE 2 -FLAGS ($OffTopic $Locked)\r\n",
	"a SEARCH KEYWORD work UNKEYWORD $OffTopic\r\n",
	"a STORE 1:2 +FLAGS ($Locked $Aside)\r\n",
	"a SELECT Moderation.Queue\r\n",
	"a UID MOVE 1:* Moderation.Queue.!Hide\r\n",
	"a STORE 1:* +FLAGS ($Keep)\r\n",
	"a COPY 1 !Keep\r\n",
	"a UID COPY 1:* !Undo\r\n",
	"a SELECT INBOX (QRESYNC (1 1))\r\n",
	"a MOVE 1:* !Undo\r\n",
	"a FETCH 1:* (FLAGS ENVELOPE BODY[] PREVIEW MODSEQ)\r\n",
	"a SELECT Watched\r\n",
	"a COPY 1:* !Watch\r\n",
	"a ENABLE CONDSTORE\r\n",
	"a LOGOUT\r\n",
	"a RENAME x &ZeVnLIqe-\r\n",
	"(",
	")",
	"{9}\r\n",
	"\"",
	"\\",
	" ",
	"*",
	"99999999999",
	"((((((((((((((((((((((((((((((((((((",
	"{99999999}\r\n",
	"~{3+}\r\n",
	"&AP-",
	"\xc3",
};

static void make_input(struct buf *b) {
	buf_addc(b, (char)chance(128));
	for (uint32_t n = 1 + chance(12); n; n--)
		buf_adds(b, lines[chance(sizeof lines / sizeof *lines)]);
	for (uint32_t n = chance(4); n; n--) {
		size_t at = 1 + chance((uint32_t)buf_len(b) - 1);
		if (at < buf_len(b) && chance(2))
			b->data[b->start + at] = (char)chance(256);
		else
			buf_truncate(b, at + 1);
	}
}

int main(int argc, char **argv) {
	unsigned long rounds = argc > 1 ? strtoul(argv[1], NULL, 10) : 4000;
	struct buf b = {0};
	if (argc > 1 && rounds == 0) {
		for (int i = 1; i < argc; i++) {
			buf_reset(&b);
			test_read_file(argv[i], &b);
			LLVMFuzzerTestOneInput((const uint8_t *)buf_slice(&b).p, buf_len(&b));
		}
		rounds = (unsigned long)argc - 1;
	} else {
		state += argc > 2 ? strtoul(argv[2], NULL, 10) * 2654435761u : 0;
		for (unsigned long i = 0; i < rounds; i++) {
			buf_reset(&b);
			make_input(&b);
			LLVMFuzzerTestOneInput((const uint8_t *)buf_slice(&b).p, buf_len(&b));
		}
	}
	buf_free(&b);
	forum_close(&forum);
	printf("%lu inputs\n", rounds);
	return 0;
}
#endif
