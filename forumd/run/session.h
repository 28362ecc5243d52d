/* session.h - the protocol-neutral half of a session. A session lives on one worker all its life; it is found by id
 * when an answer comes, because it may be gone.
 *
 * The engine calls, in order: `step` if the session has one, else ops->input while there is input. Each returns:
 *   STEP_DONE   one command is finished; go on with the next
 *   STEP_MORE   more output to make: call s->step again when the output has drained (s->step must be set)
 *   STEP_INPUT  needs more input than there is
 *   STEP_WAIT   a job or a password check is under way: input stays unread until session_wake() (job_done and
 *               auth_done wake by themselves)
 *   STEP_CLOSE  send what is pending and close
 * The command arena is reset after STEP_DONE. STEP_DONE from a step also clears s->step if it still is that function;
 * STEP_DONE from ops->input leaves a step that was set (it is called next, even without input). After STEP_INPUT the
 * same step or input is called only when new octets came (a step that was just set sees what is there already); a full
 * input buffer (conn_input_full) that nobody consumes closes the connection. A step that returned STEP_WAIT is called
 * after every answer: several jobs may be in flight.
 *
 * Engine rules for time: the idle limit is config idle_seconds (SMTP and LMTP: at most 300; control: none). Within
 * login_seconds an IMAP or submission client must have logged in, any other client have finished a first command; later
 * an unknown client must finish each started command line within login_seconds. */
#ifndef FORUMD_RUN_SESSION_H
#define FORUMD_RUN_SESSION_H
#include "forumd/base/arena.h"
#include "forumd/forum/app.h"
#include "forumd/forum/forum.h"
#include "forumd/net/conn.h"
#include "forumd/run/config.h"
#include "forumd/run/job.h"

struct worker;
struct session;
enum step { STEP_DONE, STEP_MORE, STEP_INPUT, STEP_WAIT, STEP_CLOSE };

/* err: ERR_BUSY when the pool is full, ERR_LIMIT after too many failures */
struct verify_answer;
struct auth_result { bool ok; uint32_t member; enum err err; };

struct session_ops {
	const char *protocol;                                     /* "nntp": log label */
	size_t size; /* of the gateway's struct; struct session is its first member */
	void (*start)(struct session *s);                         /* greet; s is zeroed beyond its neutral half */
	enum step (*input)(struct session *s);                    /* at least one octet is in conn_input() */
	void (*job_done)(struct session *s, struct job *j);       /* then step/input run again; j is freed by the engine */
	void (*auth_done)(struct session *s, const struct auth_result *r);
	void (*verify_done)(struct session *s, const struct verify_answer *a); /* run/verify.h; the session waits for it */
	void (*change)(struct session *s, const struct change *c);/* a change in a watched group, or to its own member */
	void (*timeout)(struct session *s, bool login); /* say goodbye; the engine then closes. login: deadline to log in */
	void (*shed)(struct buf *out); /* words for a connection refused for overload (static text) */
	void (*end)(struct session *s);                           /* free the gateway's own */
};

struct session {
	uint64_t id;
	struct worker *worker;
	struct conn *conn;
	const struct session_ops *ops;
	const struct config_listen *listen;  /* lives as long as config */
	struct config *config;               /* counted */
	struct forum *forum;
	struct arena *arena, *command;       /* session, command life */
	enum step (*step)(struct session *s);
	uint32_t member;                     /* 0: not logged in; RIGHTS_OPERATOR on the control socket */
	char app[41];                        /* the program whose app password logged in (forum/app.h); "" none */
	char label[16];                      /* "S7f3a" for logs */
	char peer[48];
	bool closing, waiting;
	unsigned bad_commands, login_failures;
	int64_t started_ms, command_us;
	/* engine */
	struct list link;
	struct loop_timer login_timer;
	void *engine;                        /* watched keys */
	uint8_t need;                        /* what the engine waits for (session.c) */
	bool watching_all, first_done, charged;
	unsigned jobs;                       /* in flight */
};

static inline struct buf *session_out(struct session *s) { return conn_output(s->conn); }
/* hand a job to the writer; the session must then return STEP_WAIT */
void session_submit(struct session *s, struct job *j);
/* Check a password off the loop; answer by ops->auth_done. `name` is any address of the member. Same words, same work
 * and the same time for unknown names (dummy hash). Brakes by address and by account apply. Return STEP_WAIT after. */
void session_check_password(struct session *s, struct slice name, struct slice password);
/* The same for a login that was proven otherwise (keys, a certificate): member, or 0 when the proof failed. Brakes,
 * counts and answer are those of a password. */
void session_check_proof(struct session *s, struct slice name, uint32_t member);
/* the door of a session, for app passwords; 0: none */
static inline enum app_door session_door(const struct session *s) {
	switch (s->listen->protocol) {
	case LISTEN_NNTP: case LISTEN_NNTPS: return APP_NEWS;
	case LISTEN_IMAP: case LISTEN_IMAPS: return APP_IMAP;
	case LISTEN_SMTP: case LISTEN_SUBMISSION: case LISTEN_SUBMISSIONS: return APP_MAIL;
	default: return (enum app_door)0;
	}
}
/* a login is complete (or, with 0, undone) */
void session_set_member(struct session *s, uint32_t member);
/* may a password be sent now? TLS, loopback, Unix, or configured so */
bool session_may_login(const struct session *s);
/* deliver changes of this group (0 none) to ops->change; and changes to the own member always */
void session_watch(struct session *s, uint32_t group, bool on);
void session_watch_all(struct session *s, bool on);
/* leave STEP_WAIT: run step/input again */
void session_wake(struct session *s);
/* outside of a step (in ops->change): s->step was set, to be called when the output has drained */
void session_more(struct session *s);
/* A read transaction for this command: begun at first use, ended by the engine when step/input returns. NULL on a
 * storage error (logged): answer "try later". */
struct forum_txn *session_read(struct session *s);
/* end it earlier (before submitting, to see later commits) */
void session_read_end(struct session *s);
/* rate of posts etc.: true when this member (or address) may do one more now */
bool session_rate(struct session *s, const char *what, unsigned per_minute);
void session_log(struct session *s, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* gateways register themselves per listener protocol in main.c */
void session_register(enum listen_protocol p, const struct session_ops *ops);
/* number of live sessions of a protocol; and for `forumctl status` */
unsigned session_count(const char *protocol);
#endif
