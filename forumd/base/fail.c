#include "forumd/base/fail.h"
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include "forumd/base/log.h"
#include "forumd/base/rnd.h"
#include "forumd/base/text.h"

const char *err_name(enum err e) {
	static const char *const names[] = {
		"OK", "NOTFOUND", "EXISTS", "DENIED", "LOGIN", "INVALID", "SYNTAX", "LIMIT", "TOOBIG", "BUSY", "GONE",
		"UNAVAILABLE", "CORRUPT", "INTERNAL", "QUOTA",
	};
	int i = -(int)e;
	return i >= 0 && i < (int)(sizeof names / sizeof *names) ? names[i] : "UNKNOWN";
}

/* The text goes into protocol answers: no control bytes, no half a character where it was cut. */
static void fail_clean(char *text) {
	size_t n = strlen(text);
	for (size_t i = 0; i < n; i++)
		if (text_control(text[i]))
			text[i] = ' ';
	while (n && !text_utf8_valid(slice_of(text, n)) && (text[n - 1] & 0x80))
		n--;
	text[n] = 0;
}

int fail_set(struct fail *f, enum err code, const char *fmt, ...) {
	if (!f)
		return code;
	/* the old text may be among the arguments */
	char text[sizeof f->text];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	fail_clean(text);
	f->code = code;
	f->incident = 0;
	memcpy(f->text, text, sizeof text);
	return code;
}

static uint32_t fail_incident(void) {
	static _Atomic uint32_t last;
	uint32_t zero = 0;
	/* starts somewhere else in each run, so that numbers in old logs do not mislead */
	if (atomic_load_explicit(&last, memory_order_relaxed) == 0)
		atomic_compare_exchange_strong(&last, &zero, (uint32_t)(rnd_u64() & 0x7fff) + 0x1000);
	return atomic_fetch_add_explicit(&last, 1, memory_order_relaxed) + 1;
}

int fail_internal(struct fail *f, const char *fmt, ...) {
	char text[1024];
	va_list ap;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	uint32_t incident = fail_incident();
	log_error("internal", "incident=%X %s", incident, text);
	if (f) {
		f->code = ERR_INTERNAL;
		f->incident = incident;
		snprintf(f->text, sizeof f->text, "internal error (incident %X)", incident);
	}
	return ERR_INTERNAL;
}
