/* command.h - the loop that every line protocol shares (NNTP, SMTP/LMTP, forumctl's socket): read a line, look the verb
 * up in a table, check what the table says, call. IMAP has its own reader because of literals. */
#ifndef GATEWAYS_COMMON_COMMAND_H
#define GATEWAYS_COMMON_COMMAND_H
#include "forumd/run/session.h"

/* flags a protocol may use; the protocol's check() gets them before the handler runs */
enum command_flag {
	COMMAND_LOGIN = 1,        /* needs a logged-in member */
	COMMAND_GROUP = 2,        /* needs a selected group */
	COMMAND_WRITES = 4,
	COMMAND_HIDDEN = 8,       /* not in HELP */
	COMMAND_EXTENDED = 16,    /* not before login where the protocol says so */
	COMMAND_REST = 32,        /* arguments are not split: args[0] is the rest of the line */
};
struct command {
	const char *verb;         /* upper case; "LIST ACTIVE" style second words are looked up by the handler */
	enum step (*run)(struct session *s, struct slice *args, unsigned nargs);
	unsigned min, max;        /* arguments without the verb */
	unsigned flags;
	const char *help;         /* arguments as HELP shows them */
};
#define COMMAND_ARGS_MAX 64
/* How a protocol answers what the loop finds wrong. Each returns the step to take (count bad commands, close at last).
 */
struct command_protocol {
	const struct command *table;                              /* ends with a NULL verb */
	size_t line_max;                                          /* octets of a command line with CRLF (NNTP 512) */
	enum step (*unknown)(struct session *s, struct slice verb);
	enum step (*bad_arguments)(struct session *s, const struct command *c);
	enum step (*too_long)(struct session *s);                 /* the rest of the line has been swallowed */
	/* NULL or a step that already answered: *go_r false */
	enum step (*check)(struct session *s, const struct command *c, bool *go_r);
	/* log, statistics; may be NULL. Called when the handler finished at once (STEP_DONE, STEP_CLOSE); what takes
	 * several steps is logged by the handler itself. */
	void (*done)(struct session *s, const struct command *c, int64_t us);
};
/* One command from conn_input(): STEP_INPUT while the line is not complete. Lines end in CRLF (a bare LF ends one too,
 * except where the protocol forbids it by `strict`). NUL and 8-bit octets are passed on. The arguments live in the
 * command arena: until the command is done, through all its steps. */
enum step command_run(struct session *s, const struct command_protocol *p, bool strict);
/* verbs with argument help, one a line, each line prefixed */
void command_help(const struct command *table, const char *prefix, struct buf *out);
#endif
