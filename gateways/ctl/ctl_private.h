/* ctl_private.h - inside gateways/ctl: one call of forumctl, as its verb's function sees it.
 *
 * Every verb is one function on a transaction: reads run on the worker in a read transaction, writes on the writer in
 * a child transaction of a job. Output is collected and sent when the function returns (writes: after the commit). */
#ifndef GATEWAYS_CTL_CTL_PRIVATE_H
#define GATEWAYS_CTL_CTL_PRIVATE_H
#include "forumd/forum/group.h"
#include "forumd/forum/member.h"
#include "forumd/forum/moderate.h"
#include "forumd/forum/post.h"
#include "forumd/run/session.h"
#include "gateways/common/post_in.h"
#include "gateways/ctl/ctl_wire.h"

struct ctl_call {
	struct arena *arena;             /* lives until the call is answered */
	const struct ctl_command *command;
	struct slice *args;              /* positional, without the verb's words */
	unsigned nargs;
	struct { struct slice name, value; } *opts;   /* "--name", value empty for switches */
	unsigned nopts;
	bool json;
	uint32_t by;                     /* who acts: RIGHTS_OPERATOR, or the member of --as */
	struct config *config;           /* counted */
	struct forum *forum;
	struct buf input;                /* standard input, where the verb wants it */
	struct buf out;                  /* text so far */
	struct slice hash, scram;        /* verbs with a password: made by the pool */
	uint64_t cursor[4];              /* what returned CTL_MORE goes on from here */
	struct arena *keep;              /* = arena; for state between steps */
	void *state;
};

/* > 0 done, CTL_MORE: send the output and call again (writes: after the commit), < 0 enum err with *f set */
#define CTL_MORE 2
typedef int (*ctl_fn)(struct forum_txn *t, struct ctl_call *c, struct fail *f);

enum ctl_flag {
	CTL_WRITES = 1,
	CTL_STDIN = 2, /* wants standard input */
	CTL_PASSWORD = 4, /* standard input is a password: hashes are made first (member add only with --password-stdin) */
	CTL_IMPORT = 8, /* a stream of messages */
	CTL_POOL = 16, /* slow and without a transaction: fn runs on the pool (t == NULL) */
};
struct ctl_command {
	const char *verb, *sub;          /* sub: second word or NULL */
	ctl_fn run;
	unsigned min, max;               /* positional arguments */
	unsigned flags;
	const char *options;             /* "--title= --moderated": names, '=' wants a value */
	const char *synopsis, *help;
};
extern const struct ctl_command ctl_commands[];   /* ends with a NULL verb */

/* option value; false when absent */
bool ctl_option(const struct ctl_call *c, const char *name, struct slice *value_r);
bool ctl_switch(const struct ctl_call *c, const char *name);

/* JSON, one object a line: ctl_json_open, fields, ctl_json_close. Text output is the verb's own. */
void ctl_json_open(struct ctl_call *c);
void ctl_json_close(struct ctl_call *c);
void ctl_json_str(struct ctl_call *c, const char *name, struct slice v);
void ctl_json_cstr(struct ctl_call *c, const char *name, const char *v);
void ctl_json_num(struct ctl_call *c, const char *name, int64_t v);
void ctl_json_bool(struct ctl_call *c, const char *name, bool v);
void ctl_json_null(struct ctl_call *c, const char *name);
void ctl_json_time(struct ctl_call *c, const char *name, int64_t t);
/* name then a raw value the caller appends to c->out */
void ctl_json_name(struct ctl_call *c, const char *name);
/* "date" for people: 2012-09-18 14:03 or, date only, 2012-09-18 */
void ctl_date(struct buf *b, int64_t t, bool date_only);

/* Look-ups with friendly errors. A post is named by id, Message-ID or group:number. */
int ctl_find_group(struct forum_txn *t, struct slice name, struct group *g_r, struct fail *f);
int ctl_find_member(struct forum_txn *t, struct slice address, struct member *m_r, struct fail *f);
int ctl_find_post(struct forum_txn *t, struct slice name, struct post *p_r, struct fail *f);
/* canonical form of an address given on the command line; ERR_INVALID with a text */
int ctl_address(struct ctl_call *c, struct slice in, struct slice *key_r, struct fail *f);
/* "alice@example.org", "the operator" */
struct slice ctl_who(struct forum_txn *t, uint32_t by);

/* args[0] as an absolute path (forumctl makes it one, because the daemon stands elsewhere), in c->arena */
int ctl_path(struct ctl_call *c, char **path_r, struct fail *f);
/* check and verify: a line for each fault (arg: struct ctl_call), and the last line */
int ctl_report_fault(void *arg, const char *text);
struct rebuild_result;
void ctl_check_summary(struct ctl_call *c, const struct rebuild_result *r, const char *what);

/* verbs, by file */
int ctl_group_add(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_group_set(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_group_list(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_group_show(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_group_remove(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_founding_set(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_founding_remove(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_founding_show(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_feed_add(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_feed_list(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_feed_remove(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_member_add(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_member_set(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_member_list(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_member_show(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_member_apps(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_member_password(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_member_address(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_member_leave(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_member_unhide(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_member_silence(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_member_role(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_member_remove(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_subscribe(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_unsubscribe(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_list(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_thread(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_show(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_post(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_flag_post(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_queue(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_verdict(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_undo(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_log(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_token_make(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_token_revoke(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_trace(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_mailq_flush(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_mailq(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_status(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_check(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_rebuild(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_backup(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_verify(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_config(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_export(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_probe(struct forum_txn *, struct ctl_call *, struct fail *);
int ctl_help(struct forum_txn *, struct ctl_call *, struct fail *);

/* the session */
struct ctl_session {
	struct session s;
	struct ctl_call *call;
	struct ctl_import *import;
	bool asked;                      /* 'R' was sent */
};
void ctl_finish(struct ctl_session *cs, int result, const struct fail *f);
void ctl_send(struct session *s, char type, struct slice text);
/* import (ctl_import.c) */
enum step ctl_import_begin(struct ctl_session *cs);
enum step ctl_import_frame(struct ctl_session *cs, char type, struct slice payload);
void ctl_import_done(struct ctl_session *cs, struct job *j);
void ctl_import_free(struct ctl_session *cs);
#endif
