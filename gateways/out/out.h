/* out.h - outgoing mail: the schedule thread (due items -> expansion jobs -> composing -> senders) and the supervision
 * of forumd-send, which a launcher process forked before privileges are dropped starts. Main thread. */
#ifndef GATEWAYS_OUT_OUT_H
#define GATEWAYS_OUT_OUT_H
#include "forumd/forum/forum.h"
#include "forumd/run/config.h"

int out_start(struct forum *forum, struct config *c, struct fail *f);
void out_reload(struct config *c);
void out_stop(void);
#endif
