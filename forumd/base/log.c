/* A line is built on the stack and leaves with one write(2), at most 4,096 bytes (atomic on a pipe), so that lines of
 * several threads never mix and no lock is needed. */
#include "forumd/base/log.h"
#include <errno.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include "forumd/base/clock.h"
#include "forumd/base/text.h"

static _Atomic int log_level_now = LOG_INFO_;
static void (*_Atomic log_sink)(enum log_level, const char *);

int log_wants(enum log_level level) {
	return (int)level >= atomic_load_explicit(&log_level_now, memory_order_relaxed);
}

void log_set_level(enum log_level level) {
	atomic_store(&log_level_now, (int)level);
}

void log_set_sink(void (*sink)(enum log_level level, const char *line)) {
	atomic_store(&log_sink, sink);
}

static void log_write(const char *p, size_t n) {
	while (n) {
		ssize_t w = write(STDERR_FILENO, p, n);
		if (w < 0 && errno == EINTR)
			continue;
		if (w <= 0)
			return;
		p += w;
		n -= (size_t)w;
	}
}

void log_line(enum log_level level, const char *id, const char *fmt, ...) {
	static const char *const names[] = { "debug", "info", "warning", "error" };
	int saved = errno, year, month, day, hour, min, sec;
	if (!log_wants(level))
		return;
	char line[4096];
	size_t most = sizeof line - 2;
	int64_t now = clock_now_ms();
	int64_t ms = ((now % 1000) + 1000) % 1000;
	clock_civil((now - ms) / 1000, &year, &month, &day, &hour, &min, &sec, NULL);
	int n = snprintf(line, 256, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ %s %.64s ", year, month, day, hour, min, sec,
		(int)ms, names[level], id ? id : "-");
	va_list ap;
	va_start(ap, fmt);
	errno = saved;
	int m = vsnprintf(line + n, most - (size_t)n, fmt, ap);
	va_end(ap);
	size_t len = (size_t)n + (m > 0 ? (size_t)m : 0);
	if (len > most - 1) {
		len = most - 1;
		memcpy(line + len - 3, "...", 3);
	}
	for (size_t i = 0; i < len; i++)
		if (text_control(line[i]))
			line[i] = '?';
	line[len] = 0;
	void (*sink)(enum log_level, const char *) = atomic_load(&log_sink);
	if (sink) {
		sink(level, line);
	} else {
		line[len++] = '\n';
		log_write(line, len);
	}
	errno = saved;
}
