/* work.h - bounds on work in tests of hostile input: milliseconds of the processor's time that a linear parser stays
 * far below on a slow machine, and a quadratic one does not. What others do on the machine does not count. Sanitizers
 * get more. */
#ifndef TESTS_UNIT_MAIL_WORK_H
#define TESTS_UNIT_MAIL_WORK_H
#include <stdint.h>
#include <time.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WORK_MS 5000
#else
#define WORK_MS 500
#endif

static inline int64_t work_us(void) {
	struct timespec ts;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &ts);
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

static inline int64_t work_ms(void) { return work_us() / 1000; }
#endif
