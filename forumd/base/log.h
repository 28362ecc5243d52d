/* log.h - one line per event on standard error (or the sink), severities as in Postfix: a warning can wait, an error
 * needs somebody. Lines are `<time> <severity> <id> <what> key=value ...`; the id is a session's ("S7f3a") or the
 * module's name. Control bytes never reach a line. Any thread. */
#ifndef FORUMD_BASE_LOG_H
#define FORUMD_BASE_LOG_H

enum log_level { LOG_DEBUG_, LOG_INFO_, LOG_WARN_, LOG_ERROR_ };
void log_line(enum log_level level, const char *id, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
#define log_debug(id, ...) do { if (log_wants(LOG_DEBUG_)) log_line(LOG_DEBUG_, id, __VA_ARGS__); } while (0)
#define log_info(id, ...) do { if (log_wants(LOG_INFO_)) log_line(LOG_INFO_, id, __VA_ARGS__); } while (0)
#define log_warn(id, ...) log_line(LOG_WARN_, id, __VA_ARGS__)
#define log_error(id, ...) log_line(LOG_ERROR_, id, __VA_ARGS__)
int log_wants(enum log_level level);
void log_set_level(enum log_level level);
/* tests: receive whole lines without the newline; NULL restores standard error */
void log_set_sink(void (*sink)(enum log_level level, const char *line));
#endif
