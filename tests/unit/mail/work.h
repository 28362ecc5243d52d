/* work.h - bounds on work in tests of hostile input: milliseconds that a linear parser stays far below on a slow, shared
 * machine, and a quadratic one does not. Sanitizers get more. */
#ifndef TESTS_UNIT_MAIL_WORK_H
#define TESTS_UNIT_MAIL_WORK_H
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define WORK_MS 5000
#else
#define WORK_MS 500
#endif
#endif
