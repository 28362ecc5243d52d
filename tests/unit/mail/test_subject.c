#include "forumd/mail/subject.h"
#include "tests/tap/tap.h"
#include "tests/unit/mail/work.h"

static const struct { const char *in, *out; bool reply; } subjects[] = {
	{ "hello", "hello", false },
	{ "Re: hello", "hello", true },
	{ "RE : Re:  FWD: hello  world ", "hello world", true },
	{ "[list] Re: [list] hello", "hello", true },
	{ "Re: [list] hello", "hello", true },
	{ "[list] hello", "hello", false },
	{ "[only a blob]", "[only a blob]", false },
	{ "hello (fwd) (FWD)", "hello", true },
	{ "[Fwd: Re: hello]", "hello", true },
	{ "AW: Antw: SV: hello", "hello", true },
	{ "Re^2: hello", "hello", true },
	{ "Re[3]: hello", "hello", true },
	{ "Re(2): hello", "hello", true },
	{ "\xe5\x9b\x9e\xe5\xa4\x8d\xef\xbc\x9ahello", "hello", true },
	{ "Regarding: hello", "Regarding: hello", false },
	{ "R: memory limit", "R: memory limit", false },
	{ "", "", false },
	{ "Re:", "", true },
	{ "Re [list]: hello", "hello", true },
	{ "Reply", "Reply", false },
	{ "[a][b] hello", "hello", false },
	{ "Re: [a][b]", "[b]", true },
};

int main(void) {
	struct buf b = { 0 }, big = { 0 };
	for (size_t i = 0; i < sizeof subjects / sizeof *subjects; i++) {
		buf_reset(&b);
		bool reply = subject_base(slice_str(subjects[i].in), &b);
		is_slice(buf_slice(&b), slice_str(subjects[i].out), "%s", subjects[i].in);
		ok(reply == subjects[i].reply, "is a reply: %d", subjects[i].reply);
	}
	static const char *const bombs[] = { "[a]", "re:", "[fwd:", "re[", "(fwd)", "[" };
	for (size_t i = 0; i < sizeof bombs / sizeof *bombs; i++) {
		buf_reset(&big), buf_reset(&b);
		for (int k = 0; k < 200000; k++)
			buf_adds(&big, bombs[i]);
		int64_t t = work_ms();
		subject_base(buf_slice(&big), &b);
		ok(work_ms() - t < WORK_MS, "200,000 times %s", bombs[i]);
	}
	buf_free(&b), buf_free(&big);
	return done();
}
