/* writer.h - the one thread that writes: group commit (a batch is what arrived during the last commit, and for a third
 * of its time, at most 3 ms, those who come again; at most 256 jobs, 16 MB, a quarter of them bulk while interactive
 * ones wait), one child transaction per job.
 * After the commit: changes to the bus, then jobs back to their workers in order. If the commit fails all jobs of the
 * batch fail with ERR_UNAVAILABLE. */
#ifndef FORUMD_RUN_WRITER_H
#define FORUMD_RUN_WRITER_H
#include "forumd/run/job.h"

struct writer;
struct writer *writer_start(struct forum *forum);
/* finishes what was submitted */
void writer_stop(struct writer **w);
/* any thread; takes the job over */
void writer_submit(struct writer *w, struct job *j);
/* the process's writer (set by writer_start) */
struct writer *writer_current(void);
/* waits for the answer: for threads that are no workers (schedule, main). The job stays the caller's. */
int writer_call(struct writer *w, struct job *j);
unsigned writer_waiting(struct writer *w);
/* ms since a session's bulk job (an import) was last answered; what can wait lets imports pass. Any thread */
int64_t writer_bulk_quiet_ms(struct writer *w);
/* the same for any job of a session */
int64_t writer_quiet_ms(struct writer *w);
#endif
