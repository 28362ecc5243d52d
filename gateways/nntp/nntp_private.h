/* nntp_private.h - the inside of a news session (RFC 3977, 4642, 4643, 6048, 8054). */
#ifndef GATEWAYS_NNTP_NNTP_PRIVATE_H
#define GATEWAYS_NNTP_NNTP_PRIVATE_H
#include "forumd/base/mem.h"
#include "forumd/base/range_set.h"
#include "forumd/forum/group.h"
#include "forumd/forum/overview.h"
#include "forumd/forum/personal.h"
#include "forumd/forum/post.h"
#include "gateways/common/command.h"
#include "gateways/common/dotted.h"
#include "gateways/common/sasl.h"
#include "gateways/nntp/nntp.h"

enum { NNTP_LINE_MAX = 512, NNTP_USER_MAX = 255 };
enum nntp_parts { NNTP_HEAD = 1, NNTP_BODY = 2, NNTP_ARTICLE = 3 };

/* Where an answer of several steps goes on. One command at a time, so one of these at a time; slices live in the
 * command arena. */
struct nntp_cursor {
	uint32_t group, next, hi;
	struct slice name, wildmat;            /* last group listed; which groups */
	struct slice header;                   /* HDR: field name */
	struct slice pattern;      /* XPAT; empty: every value */
	bool historic;                         /* XHDR, XPAT: "(none)" for what is absent */
	enum nntp_list { NNTP_ACTIVE, NNTP_NEWSGROUPS, NNTP_TIMES, NNTP_SUBSCRIPTIONS, NNTP_COUNTS, NNTP_MODERATORS, NNTP_NEW } list;
	const char *reply;                     /* LIST: its first line */
	int64_t since;
	uint32_t *groups; size_t ngroups, igroup;            /* NEWNEWS */
	bool any;                              /* a line has been sent */
	struct slice *args; unsigned nargs;    /* of a command that waits for its own groups */
};

/* Read marks gathered from ARTICLE and BODY. */
struct nntp_marks {
	bool on;                               /* the member wants them */
	uint32_t group;
	struct range_set set;
	unsigned n;
	int64_t last_ms; unsigned burst;       /* reads without a second's pause */
};

/* of sessions that post or feed, and of no other: idle readers are many */
struct nntp_feed {
	char offered[80];                      /* Message-ID in the 340 line */
	char id[256];                          /* IHAVE, TAKETHIS: of the article that comes */
	bool stream;                           /* TAKETHIS */
	enum err refuse;                       /* it is only read to its end */
	char source[256], source_path[256];    /* forumd-fetch: the server it has the articles from, its name in Path if known */
};
struct nntp_session {
	struct session s;
	uint32_t group, number;                /* selected; 0 none */
	char *user;                            /* AUTHINFO USER given; NULL none */
	struct sasl *sasl;                     /* AUTHINFO SASL under way: the next line is for it */
	struct nntp_cursor at;
	struct post_stream *stream;            /* a body too large for one step */
	bool bol, dot_free, held_cr;
	bool too_many;                         /* POST: the article goes back, the member posts too fast */
	struct dotted dotted;                  /* POST */
	struct buf collect;
	struct nntp_feed *feed;                /* nntp_feed() */
	struct nntp_marks marks;
	struct range_set hidden; uint32_t hidden_group;      /* nntp_hidden.c */
	int64_t me_synced_ms;                  /* me.unread was brought up to date */
};
/* j->kind */
enum nntp_job { NNTP_JOB_STORE = 1, NNTP_JOB_CANCEL, NNTP_JOB_ME, NNTP_JOB_FEED, NNTP_JOB_FEED_CANCEL, NNTP_JOB_PLACE };
static inline struct nntp_session *nntp_of(struct session *s) { return (struct nntp_session *)s; }
static inline void nntp_forget_user(struct nntp_session *n) {
	mem_free(n->user);
	n->user = NULL;
}
static inline struct nntp_feed *nntp_feed(struct nntp_session *n) {
	if (!n->feed)
		n->feed = ARENA_NEW(n->s.arena, struct nntp_feed);
	return n->feed;
}

extern const struct command nntp_commands[];

/* nntp_reply.c: the only place that turns errors into codes */
enum step nntp_reply(struct session *s, const char *line);                     /* "200 text" without CRLF */
enum step nntp_replyf(struct session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
enum step nntp_fail(struct session *s, int err);                               /* of the store: 403 */
enum step nntp_post_fail(struct session *s, const struct fail *f);             /* after 340: 441 */
enum step nntp_syntax(struct session *s, const char *text);                    /* 501; counts, closes after too many */
enum step nntp_no_group(struct session *s);                                    /* 412 */
enum step nntp_finish(struct session *s);                                      /* the lone dot; STEP_DONE */
/* continue with step when the output has drained */
enum step nntp_more(struct session *s, enum step (*step)(struct session *));

/* nntp_session.c */
/* The selected group, with today's rights: 1; 0: answered (412, 403). */
int nntp_selected(struct session *s, struct forum_txn **t_r, struct group *g_r, enum step *step_r);
/* group by name if it exists for this reader; with the name that he knows */
int nntp_group_find(struct session *s, struct forum_txn *t, struct slice name, struct group *g_r);
void nntp_state_reset(struct session *s);
void nntp_load_member(struct session *s);

/* "n", "n-", "n-m" -> within the 32 bits; false: malformed. lo > hi is an empty range. */
bool nntp_range(struct slice s, uint32_t *lo_r, uint32_t *hi_r);
bool nntp_is_msgid(struct slice s);

/* nntp_cmd_article.c */
/* A post that this reader may have. 1 found, 0 absent for him, < 0 */
int nntp_post_by_msgid(struct session *s, struct forum_txn *t, struct slice id, struct post *p_r);
/* header lines that the daemon puts in front of the stored ones */
void nntp_front(struct session *s, struct forum_txn *t, const struct post *p, struct buf *out);
/* value of one header (also of those in front); false: it has none */
bool nntp_header_value(struct session *s, struct forum_txn *t, const struct post *p, struct slice name, struct buf *out);
/* "DOMAIN group:number ..." without the groups this reader may not read */
/* names of the groups this reader may read */
void nntp_newsgroups(struct session *s, struct forum_txn *t, const struct post *p, struct buf *out);
void nntp_xref(struct session *s, struct forum_txn *t, const struct post *p, struct buf *out);
void nntp_mark_read(struct session *s, struct forum_txn *t, uint32_t group, uint32_t number);
void nntp_marks_flush(struct session *s);
void nntp_marks_drained(struct session *s);

/* nntp_me.c */
struct nntp_me { const char *name; enum personal_box box; const char *title; };
extern const struct nntp_me nntp_me_groups[];         /* ends with a NULL name */
/* one of the member's own groups; NULL: no such name, or nobody is logged in */
const struct nntp_me *nntp_me_named(const struct session *s, struct slice name);
/* the name that clients see */
struct slice nntp_group_name(const struct group *g);
/* 1; 0 not made yet, then *g_r is an empty group; < 0 */
int nntp_me_get(struct session *s, struct forum_txn *t, const struct nntp_me *me, struct group *g_r);
/* The group must be made or brought up to date first: true, a job is under way, *step_r is to be returned and `then` called
 * after it. False: it is ready. */
bool nntp_me_prepare(struct session *s, const struct nntp_me *me, enum step (*then)(struct session *), enum step *step_r);
bool nntp_me_prepare_list(struct session *s, enum step (*then)(struct session *), enum step *step_r);

/* nntp_hidden.c: what the member took out of his own view */
const struct range_set *nntp_hidden(struct session *s, struct forum_txn *t, uint32_t group);
bool nntp_hidden_has(struct session *s, struct forum_txn *t, uint32_t group, uint32_t number);
/* *next becomes the first number from there on that is not hidden, *stop_r the last before the next hidden one; false: none up to hi */
bool nntp_hidden_run(struct session *s, struct forum_txn *t, uint32_t group, uint32_t *next, uint32_t hi, uint32_t *stop_r);
/* count and low of the group as this member sees it */
void nntp_hidden_count(struct session *s, struct forum_txn *t, struct group *g);

/* nntp_cancel.c */
enum cancel_by { CANCEL_NOT, CANCEL_AUTHOR, CANCEL_MODERATOR, CANCEL_KEY, CANCEL_PEER };
struct nntp_cancel { uint32_t member; uint64_t post; enum cancel_by by; const char *why; /* static, or the job's */ };
/* member 0: a peer, only a key counts. header: of the message that asks */
enum cancel_by nntp_cancel_right(struct forum_txn *t, uint32_t member, struct slice header, const struct post *p);
/* The post with that id, if it may be withdrawn: 1, 0 absent or no right, < 0 */
int nntp_cancel_find(struct forum_txn *t, uint32_t member, struct slice header, struct slice id, const char *why,
	struct nntp_cancel *c_r);
/* on the writer: rights once more, then the deed; 1 or < 0 with words */
int nntp_cancel_do(struct forum_txn *t, const struct nntp_cancel *c, struct fail *f);
struct job *nntp_cancel_job(struct session *s, const struct nntp_cancel *c);

/* nntp_feed_cancel.c: what peers withdraw */
struct config_peer;
/* The post with that id, if this peer (NULL none) may withdraw it, by key or by trust: 1, 0, < 0 */
int nntp_cancel_of_peer(struct forum_txn *t, const struct config_peer *peer, struct slice header, struct slice id, const char *why,
	struct nntp_cancel *c_r);
/* The job of a control message; NULL with words: it is refused */
struct job *nntp_feed_cancel_job(struct session *s, struct forum_txn *t, struct slice raw, struct slice control, struct fail *f);
/* was the article that comes now cancelled before it came? true with words */
bool nntp_feed_cancelled(struct forum_txn *t, struct slice header, struct slice id, struct fail *f);
/* RFC 5537 3.2.1: "!" when the way it came begins with the peer's name, "!.MISMATCH.name", or "!.SEEN.address" */
void nntp_feed_diagnostic(struct session *s, struct slice header, struct buf *out);

/* nntp_cmd_list.c: walk of the groups, shared with NEWGROUPS */
enum step nntp_list_more(struct session *s);

#define NNTP_COMMANDS(X) \
	X(article) X(head) X(body) X(stat) X(next) X(last) X(group) X(listgroup) X(over) X(hdr) X(xgtitle) X(xhdr) X(xpat) X(list) X(newgroups) \
	X(newnews) X(post) X(ihave) X(check) X(takethis) X(xfeed) X(authinfo) X(starttls) X(compress) X(capabilities) X(mode) X(date) X(help) X(quit)
#define X(n) enum step nntp_cmd_##n(struct session *s, struct slice *args, unsigned nargs);
NNTP_COMMANDS(X)
#undef X
/* nntp_cmd_post.c */
void nntp_post_done(struct session *s, struct job *j);
/* nntp_cmd_feed.c */
/* the configured peer that this session is; NULL: none */
const struct config_peer *nntp_peer(struct session *s);
bool nntp_is_fetch(const struct session *s);
/* nntp_fetch.c: its session is over. Any thread */
void nntp_fetch_ended(void);
void nntp_feed_done(struct session *s, struct job *j);
enum step nntp_mode_stream(struct session *s);
/* nntp_cmd_auth.c */
void nntp_auth_done(struct session *s, const struct auth_result *r);
enum step nntp_auth_line(struct session *s);          /* the client's next SASL line */
#endif
