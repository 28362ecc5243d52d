#include "forumd/mail/lint.h"
#include "forumd/base/buf.h"
#include "forumd/base/text.h"
#include "forumd/mail/field.h"

/* is the text readable as it stands? */
static bool lint_plain(struct slice header) {
	struct buf v = { 0 };
	bool plain = !field_get(header, "content-type", &v) || slice_starts_nocase(buf_slice(&v), SLICE("text/plain"));
	buf_reset(&v);
	plain &= !field_get(header, "content-transfer-encoding", &v) || !slice_is_nocase(buf_slice(&v), "base64");
	buf_free(&v);
	return plain;
}

void lint_count(struct slice header, struct slice body, struct lint *l_r) {
	struct slice line;
	*l_r = (struct lint){ 0 };
	if (!lint_plain(header))
		return;
	while (slice_line(&body, &line)) {
		if (slice_is(line, "-- "))
			return;
		line = slice_trim(line);
		if (!line.n)
			continue;
		l_r->lines++;
		l_r->quotes += line.p[0] == '>' || line.p[0] == '|' || line.p[0] == '}';
	}
}

bool lint_over_quoted(const struct lint *l, unsigned percent) {
	return percent && l->quotes >= LINT_QUOTES && (uint64_t)l->quotes * 100 > (uint64_t)l->lines * percent;
}
