/* forumctl.h - inside the forumctl program: the connection to the daemon, and the readers of archives. Links base and
 * mail. */
#ifndef GATEWAYS_CTL_FORUMCTL_H
#define GATEWAYS_CTL_FORUMCTL_H
#include <stdio.h>
#include "gateways/ctl/ctl_wire.h"

struct forumctl {
	int fd;
	struct buf out, in;
	int exit_code;         /* -1: the daemon has not said yet */
	char want;             /* 'i', 'm': the daemon asked; 0 */
	FILE *file;            /* where an export goes; NULL: standard output */
	bool tty, progress_shown;
	struct buf notes;      /* of an import: lines for the report */
};
/* send and receive until `out` is below `low` octets (0: all sent) or the call has ended */
void forumctl_pump(struct forumctl *x, size_t low);
/* wait for the next thing the daemon says */
void forumctl_wait(struct forumctl *x);

/* import_file.c: all messages of the paths, in order, each through ctl_wire_message into x. 0, or an exit code after
 * printing what was wrong. */
enum import_format { IMPORT_AUTO, IMPORT_MBOX, IMPORT_MAILDIR, IMPORT_PIPERMAIL, IMPORT_PAGE };
int import_paths(struct forumctl *x, enum import_format format, char **paths, int n);
/* one file's text */
void import_mbox(struct forumctl *x, const char *name, struct slice text);
void import_single(struct forumctl *x, const char *name, struct slice text);
/* import_page.c: saved text of a page with nested comments; false when it does not look like one */
bool import_page(struct forumctl *x, const char *name, struct slice text);
bool import_is_page(struct slice text);
void import_send(struct forumctl *x, const struct ctl_message *m);
void import_note(struct forumctl *x, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* forumctl_doctor.c: looks at a running daemon through its socket; 0, or 1 when something is red */
int forumctl_doctor(const char *sock);
/* forumctl_trim.c: trim [--json], standard input to standard output; exit code */
int forumctl_trim(int argc, char **argv, bool json);
/* forumctl_init.c: init DIR --domain D; exit code */
int forumctl_init(int argc, char **argv);
#endif
