/* command.c - read a line, find the verb, check, call. The loop keeps no state of its own: a line that is too long is
 * cut down to line_max octets of it at the front of the input, which stay "too long" whenever its end arrives. */
#include "gateways/common/command.h"
#include "forumd/base/clock.h"
#include "forumd/base/stat.h"
#include "forumd/base/text.h"

/* octets of the first line with its end; 0 when the end is not there yet */
static size_t command_line_length(struct slice in, bool strict) {
	for (size_t from = 0; from < in.n;) {
		const char *lf = memchr(in.p + from, '\n', in.n - from);
		if (!lf)
			return 0;
		size_t n = (size_t)(lf - in.p) + 1;
		if (!strict || (n >= 2 && lf[-1] == '\r'))
			return n;
		from = n;
	}
	return 0;
}

static bool command_verb_is(const char *verb, struct slice word) {
	for (size_t i = 0; i < word.n; i++)
		if (!verb[i] || text_upper(word.p[i]) != verb[i])
			return false;
	return verb[word.n] == 0;
}

static const struct command *command_find(const struct command *c, struct slice verb) {
	for (; c->verb; c++)
		if (command_verb_is(c->verb, verb))
			return c;
	return NULL;
}

/* number of arguments, COMMAND_ARGS_MAX + 1 when there are too many */
static unsigned command_split(const struct command *c, struct slice rest, struct slice *args) {
	unsigned n = 0;
	struct slice word;
	if (c->flags & COMMAND_REST) {
		args[0] = slice_trim(rest);
		return args[0].n > 0;
	}
	while (slice_word(&rest, &word)) {
		if (n == COMMAND_ARGS_MAX)
			return n + 1;
		args[n++] = word;
	}
	return n;
}

static enum step command_call(struct session *s, const struct command_protocol *p, struct slice line) {
	struct slice verb = { line.p, 0 }, args[COMMAND_ARGS_MAX];
	slice_word(&line, &verb);
	const struct command *c = command_find(p->table, verb);
	if (!c) {
		stat_add(STAT_bad_commands, 1);
		return p->unknown(s, verb);
	}
	unsigned n = command_split(c, line, args);
	if (n < c->min || n > c->max || n > COMMAND_ARGS_MAX) {
		stat_add(STAT_bad_commands, 1);
		return p->bad_arguments(s, c);
	}
	bool go = true;
	enum step step = p->check ? p->check(s, c, &go) : STEP_DONE;
	if (!go)
		return step;
	struct slice *kept = n ? arena_alloc(s->command, n * sizeof *kept) : NULL;
	if (n)
		memcpy(kept, args, n * sizeof *kept);
	stat_add(STAT_commands, 1);
	if (!p->done)
		return c->run(s, kept, n);
	int64_t start = clock_mono_us();
	step = c->run(s, kept, n);
	if (step == STEP_DONE || step == STEP_CLOSE)
		p->done(s, c, clock_mono_us() - start);
	return step;
}

enum step command_run(struct session *s, const struct command_protocol *p, bool strict) {
	struct buf *in = conn_input(s->conn);
	size_t n = command_line_length(buf_slice(in), strict);
	if (!n) {
		/* with strict, a CR may be the last octet: it stays at the end either way */
		if (buf_len(in) > p->line_max)
			buf_consume(in, buf_len(in) - p->line_max);
		return STEP_INPUT;
	}
	if (n > p->line_max) {
		buf_consume(in, n);
		stat_add(STAT_bad_commands, 1);
		return p->too_long(s);
	}
	struct slice line = slice_to(buf_slice(in), n - 1);
	if (line.n && line.p[line.n - 1] == '\r')
		line.n--;
	/* POST and AUTHINFO read on while their arguments are in use: the line moves out of the buffer */
	line = arena_slice(s->command, line);
	buf_consume(in, n);
	return command_call(s, p, line);
}

void command_help(const struct command *table, const char *prefix, struct buf *out) {
	for (; table->verb; table++) {
		if (table->flags & COMMAND_HIDDEN)
			continue;
		buf_adds(out, prefix);
		buf_adds(out, table->verb);
		if (table->help && *table->help) {
			buf_addc(out, ' ');
			buf_adds(out, table->help);
		}
		buf_adds(out, "\r\n");
	}
}
