/* out.h - outgoing mail: the schedule thread (due items -> expansion jobs -> composing -> senders) and the supervision
 * of forumd-send, which a launcher process forked before privileges are dropped starts. Main thread. */
#ifndef GATEWAYS_OUT_OUT_H
#define GATEWAYS_OUT_OUT_H
#include "forumd/forum/forum.h"
#include "forumd/run/config.h"

/* Fork the launcher: before any thread is started and before the sandbox (it needs fork and execve), as the user
 * forumd-send shall run as. 1 or < 0. */
int out_launch(struct config *c, struct fail *f);
/* Start the schedule thread (forks the launcher first if out_launch() was not called). The writer must run already, or
 * start soon: the thread waits for writer_current(). 1 or < 0. */
int out_start(struct forum *forum, struct config *c, struct fail *f);
/* new transport, senders and so on; mail under way is finished with the old ones */
void out_reload(struct config *c);
/* Takes no more mail out of the queue, waits a few seconds for answers and commits them. Before writer_stop(). */
void out_stop(void);
#endif
