/* stat.h - named counters for `forumctl status` (relaxed atomics; summed when read). Any thread. */
#ifndef FORUMD_BASE_STAT_H
#define FORUMD_BASE_STAT_H
#include <stdint.h>

#define STAT_LIST(X) \
	X(connections) X(connections_shed) X(sessions_nntp) X(sessions_imap) X(sessions_smtp) X(sessions_lmtp) X(sessions_http) X(sessions_ctl) \
	X(commands) X(bad_commands) X(logins) X(login_failures) \
	X(posts_in) X(posts_refused) X(articles_out) X(bytes_in) X(bytes_out) \
	X(commits) X(jobs) X(jobs_failed) X(mail_queued) X(mail_sent) X(mail_deferred) X(mail_failed) \
	X(mail_in_flight) X(mail_in_flight_bytes) X(mail_senders) X(mail_paused) \
	X(fetch_starts) X(fetch_ends)
enum stat_id {
#define X(n) STAT_##n,
	STAT_LIST(X)
#undef X
	STAT_COUNT
};
void stat_add(enum stat_id id, int64_t n);
int64_t stat_get(enum stat_id id);
const char *stat_name(enum stat_id id);
#endif
