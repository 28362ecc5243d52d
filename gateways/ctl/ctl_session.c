/* ctl_session.c - forumctl's end in the daemon. One call a connection: arguments, standard input where the verb wants
 * it, output, exit code.
 *
 * The way of a call: 'A' frame -> ctl_parse (verb, options, arguments) -> standard input if wanted -> pool (password
 * hashes, slow work) if wanted -> worker (reads, step by step) or writer (writes, a job a step) -> 'X'.
 * The call lives in an arena of its own, because a job or the pool may outlive the session: whoever holds it last frees
 * it (session at its end, unless `busy`). Worker thread, but for the functions named ..._pool. */
#include "gateways/ctl/ctl.h"
#include "gateways/ctl/ctl_private.h"
#include <unistd.h>
#include "forumd/base/log.h"
#include "forumd/forum/rights.h"
#include "forumd/run/password.h"
#include "forumd/run/writer.h"

#define CTL_INPUT_MAX (32u << 20)

void ctl_send(struct session *s, char type, struct slice text) {
	ctl_wire_frame(session_out(s), type, text);
}

static const int exit_refused = 1, exit_usage = 2;

static enum step ctl_over(struct session *s) {
	(void)s;
	return STEP_CLOSE;
}

static void ctl_exit(struct ctl_session *cs, int code) {
	char c = (char)code;
	ctl_send(&cs->s, 'X', slice_of(&c, 1));
	cs->s.step = ctl_over;
}

void ctl_finish(struct ctl_session *cs, int result, const struct fail *f) {
	struct ctl_call *c = cs->call;
	if (c && buf_len(&c->out))
		ctl_send(&cs->s, 'O', buf_slice(&c->out));
	if (result >= 0) {
		session_log(&cs->s, "ctl %s ok", c && c->command ? c->command->verb : "-");
		ctl_exit(cs, result == 0 && f->code < 0 ? exit_refused : 0);
		return;
	}
	struct buf b = {0};
	buf_addf(&b, "forumctl: %s\n", f->text[0] ? f->text : err_name((enum err)result));
	ctl_send(&cs->s, 'E', buf_slice(&b));
	session_log(&cs->s, "ctl %s refused reason=\"%s\"", c && c->command ? c->command->verb : "-", f->text);
	buf_free(&b);
	ctl_exit(cs, result == ERR_SYNTAX ? exit_usage : exit_refused);
}

/* ---- arguments ----------------------------------------------------------------------------------- */

bool ctl_option(const struct ctl_call *c, const char *name, struct slice *value_r) {
	for (unsigned i = 0; i < c->nopts; i++)
		if (slice_is(c->opts[i].name, name)) {
			if (value_r)
				*value_r = c->opts[i].value;
			return true;
		}
	return false;
}

bool ctl_switch(const struct ctl_call *c, const char *name) {
	return ctl_option(c, name, NULL);
}

static const struct ctl_command *ctl_command_find(struct slice verb, struct slice sub, bool *used_sub_r) {
	for (const struct ctl_command *k = ctl_commands; k->verb; k++) {
		if (!slice_is(verb, k->verb))
			continue;
		if (k->sub && !slice_is(sub, k->sub))
			continue;
		*used_sub_r = k->sub != NULL;
		return k;
	}
	return NULL;
}

static bool ctl_verb_exists(struct slice verb) {
	for (const struct ctl_command *k = ctl_commands; k->verb; k++)
		if (slice_is(verb, k->verb))
			return true;
	return false;
}

/* Is "--name" among "--a= --b", and does it want a value? */
static bool ctl_option_known(const char *spec, struct slice name, bool *wants_r) {
	struct slice rest = slice_str(spec), w;
	while (slice_word(&rest, &w)) {
		*wants_r = slice_ends(w, SLICE("="));
		if (*wants_r)
			w.n--;
		if (slice_eq(w, name))
			return true;
	}
	return false;
}

/* --json and --as are everybody's */
static int ctl_take_option(struct ctl_call *c, struct slice *argv, unsigned argc, unsigned *i, struct fail *f) {
	struct slice a = argv[*i], value = {0};
	ptrdiff_t eq = slice_chr(a, '=');
	bool wants = false, known = true, inlined = eq > 0;
	if (inlined) {
		value = slice_from(a, (size_t)eq + 1);
		a = slice_to(a, (size_t)eq);
	}
	if (slice_is(a, "--json")) {
		c->json = true;
		return 1;
	}
	if (slice_is(a, "--as"))
		wants = true;
	else
		known = c->command && ctl_option_known(c->command->options ? c->command->options : "", a, &wants);
	if (!known)
		return fail_set(f, ERR_SYNTAX, "%s has no option %.*s; usage: forumctl %s", c->command->verb, SLICE_ARG(a),
			c->command->synopsis);
	if (wants && !inlined) {
		if (++*i >= argc)
			return fail_set(f, ERR_SYNTAX, "%.*s wants a value", SLICE_ARG(a));
		value = argv[*i];
	}
	c->opts[c->nopts].name = a;
	c->opts[c->nopts++].value = value;
	return 1;
}

static int ctl_parse(struct ctl_call *c, struct slice *argv, unsigned argc, struct fail *f) {
	unsigned i = 0;
	while (i < argc && slice_is(argv[i], "--json")) {
		c->json = true;
		i++;
	}
	if (i == argc)
		return fail_set(f, ERR_SYNTAX, "no verb; try: forumctl help");
	bool used_sub = false;
	struct slice verb = argv[i++];
	if (slice_is(verb, "--help") || slice_is(verb, "-h"))
		verb = SLICE("help");
	c->command = ctl_command_find(verb, i < argc ? argv[i] : SLICE(""), &used_sub);
	if (!c->command) {
		if (ctl_verb_exists(verb))
			return fail_set(f, ERR_SYNTAX, "%.*s wants another word; try: forumctl help %.*s", SLICE_ARG(verb),
				SLICE_ARG(verb));
		return fail_set(f, ERR_SYNTAX, "there is no verb \"%.*s\"; try: forumctl help",
			(int)(verb.n < 40 ? verb.n : 40), verb.p);
	}
	i += used_sub;
	bool plain = false;
	for (; i < argc; i++) {
		if (!plain && slice_is(argv[i], "--")) {
			plain = true;
		} else if (!plain && (slice_is(argv[i], "--help") || slice_is(argv[i], "-h"))) {
			c->args[0] = verb;
			c->nargs = 1;
			c->command = ctl_command_find(SLICE("help"), SLICE(""), &used_sub);
			return 1;
		} else if (!plain && slice_starts(argv[i], SLICE("--"))) {
			int r = ctl_take_option(c, argv, argc, &i, f);
			if (r < 0)
				return r;
		} else {
			c->args[c->nargs++] = argv[i];
		}
	}
	if (c->nargs < c->command->min || c->nargs > c->command->max)
		return fail_set(f, ERR_SYNTAX, "usage: forumctl %s", c->command->synopsis);
	return 1;
}

/* ---- running ------------------------------------------------------------------------------------- */

static struct ctl_call *ctl_call_new(struct session *s) {
	struct arena *a = arena_new();
	struct ctl_call *c = ARENA_NEW(a, struct ctl_call);
	c->arena = c->keep = a;
	c->by = RIGHTS_OPERATOR;
	c->config = config_ref(s->config);
	c->forum = s->forum;
	return c;
}

static void ctl_call_free(struct ctl_call **c) {
	if (!*c)
		return;
	struct arena *a = (*c)->arena;
	buf_free(&(*c)->input);
	buf_free(&(*c)->out);
	config_unref(&(*c)->config);
	*c = NULL;
	arena_free(&a);
}

/* The call travels with its job; the session keeps only a pointer that it drops when it ends first. */
struct ctl_trip { struct ctl_call *call; int result; struct fail fail; };

static int ctl_job_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	struct ctl_trip *trip = j->data;
	buf_reset(&trip->call->out);     /* apply may run again */
	return trip->call->command->run(t, trip->call, f);
}

static int ctl_job_told(struct forum_txn *t, struct job *j, struct fail *f) {
	(void)t;
	struct ctl_trip *trip = j->data;
	*f = trip->fail;
	return trip->result;
}

static void ctl_trip_free(void *arg) {
	struct ctl_trip *trip = arg;
	ctl_call_free(&trip->call);
}

static struct job *ctl_job(struct session *s, struct ctl_call *c) {
	struct job *j = job_new(s, ctl_job_apply);
	struct ctl_trip *trip = ARENA_NEW(j->arena, struct ctl_trip);
	trip->call = c;
	j->data = trip;
	j->lane = c->command->flags & CTL_POOL ? JOB_BULK : JOB_INTERACTIVE;
	/* the job frees the call unless job_done takes it back */
	arena_on_reset(j->arena, ctl_trip_free, trip);
	return j;
}

static void ctl_run_pool(void *arg) {
	struct job *j = arg;
	struct ctl_trip *trip = j->data;
	struct ctl_call *c = trip->call;
	if (c->command->flags & CTL_POOL) {
		trip->result = c->command->run(NULL, c, &trip->fail);
		j->apply = ctl_job_told;
	} else {
		struct buf hash = {0}, scram = {0};
		password_make(slice_trim(buf_slice(&c->input)), &hash, &scram);
		c->hash = arena_slice(c->arena, buf_slice(&hash));
		c->scram = arena_slice(c->arena, buf_slice(&scram));
		buf_free(&hash);
		buf_free(&scram);
	}
	writer_submit(writer_current(), j);
}

static enum step ctl_run(struct session *s) {
	struct ctl_session *cs = (struct ctl_session *)s;
	struct ctl_call *c = cs->call;
	struct fail f = {0};
	s->step = NULL;
	if (c->command->flags & (CTL_WRITES | CTL_POOL)) {
		bool pool = c->command->flags & CTL_POOL ||
			(c->command->flags & CTL_PASSWORD && slice_trim(buf_slice(&c->input)).n);
		session_read_end(s);
		cs->call = NULL;
		struct job *j = ctl_job(s, c);
		if (pool) {
			s->jobs++;               /* the pool hands it to the writer; the answer comes as if we had */
			password_pool_run(ctl_run_pool, j);
		} else {
			session_submit(s, j);
		}
		return STEP_WAIT;
	}
	struct forum_txn *t = session_read(s);
	int r = t ? c->command->run(t, c, &f) : fail_set(&f, ERR_UNAVAILABLE, "the store cannot be read now");
	if (r == CTL_MORE) {
		if (buf_len(&c->out))
			ctl_send(s, 'O', buf_slice(&c->out));
		buf_reset(&c->out);
		s->step = ctl_run;
		return STEP_MORE;
	}
	ctl_finish(cs, r, &f);
	return STEP_CLOSE;
}

static void ctl_job_done(struct session *s, struct job *j) {
	struct ctl_session *cs = (struct ctl_session *)s;
	if (cs->import) {
		ctl_import_done(cs, j);
		return;
	}
	struct ctl_trip *trip = j->data;
	cs->call = trip->call;
	trip->call = NULL;
	if (j->result == CTL_MORE) {
		if (buf_len(&cs->call->out))
			ctl_send(s, 'O', buf_slice(&cs->call->out));
		s->step = ctl_run;
		return;
	}
	ctl_finish(cs, j->result, &j->fail);
}

/* --as ADDRESS: act as that member */
static int ctl_take_as(struct session *s, struct ctl_call *c, struct fail *f) {
	struct slice as;
	if (!ctl_option(c, "--as", &as))
		return 1;
	struct forum_txn *t = session_read(s);
	struct member m;
	if (!t)
		return fail_set(f, ERR_UNAVAILABLE, "the store cannot be read now");
	int r = ctl_find_member(t, as, &m, f);
	if (r > 0)
		c->by = m.id;
	return r;
}

static bool ctl_wants_input(const struct ctl_call *c) {
	if (!(c->command->flags & CTL_STDIN))
		return false;
	struct slice app;
	/* member add asks only with --password-stdin; member password, but for programs, and post always */
	return !(c->command->flags & CTL_PASSWORD) ||
		(c->command->run == ctl_member_password && !ctl_option(c, "--app", &app)) || ctl_switch(c, "--password-stdin");
}

static enum step ctl_begin(struct ctl_session *cs, struct slice payload) {
	struct session *s = &cs->s;
	struct fail f = {0};
	struct ctl_call *c = cs->call = ctl_call_new(s);
	struct slice copy = arena_slice(c->arena, payload), rest = copy, a;
	unsigned n = 0;
	while (num_take_bytes(&rest, &a))
		n++;
	struct slice *argv = arena_alloc(c->arena, (n + 1) * sizeof *argv);
	c->args = arena_alloc(c->arena, (n + 2) * sizeof *c->args);
	c->opts = arena_zalloc(c->arena, (n + 1) * sizeof *c->opts);
	rest = copy;
	for (unsigned i = 0; num_take_bytes(&rest, &a); i++)
		argv[i] = a;
	int r = ctl_parse(c, argv, n, &f);
	if (r > 0)
		r = ctl_take_as(s, c, &f);
	if (r <= 0) {
		ctl_finish(cs, r ? r : ERR_INVALID, &f);
		return STEP_CLOSE;
	}
	if (c->command->flags & CTL_IMPORT)
		return ctl_import_begin(cs);
	if (ctl_wants_input(c)) {
		ctl_send(s, 'R', SLICE("i"));
		cs->asked = true;
		return STEP_DONE;
	}
	return ctl_run(s);
}

static enum step ctl_frame(struct ctl_session *cs, char type, struct slice payload) {
	struct fail f = {0};
	if (!cs->call && type == 'A')
		return ctl_begin(cs, payload);
	if (cs->import)
		return ctl_import_frame(cs, type, payload);
	if (cs->asked && type == 'D') {
		if (buf_len(&cs->call->input) + payload.n > CTL_INPUT_MAX) {
			ctl_finish(cs, fail_set(&f, ERR_TOOBIG, "standard input is larger than %u octets", CTL_INPUT_MAX), &f);
			return STEP_CLOSE;
		}
		buf_add_slice(&cs->call->input, payload);
		return STEP_DONE;
	}
	if (cs->asked && type == 'F') {
		cs->asked = false;
		return ctl_run(&cs->s);
	}
	return STEP_CLOSE;
}

static enum step ctl_input(struct session *s) {
	struct ctl_session *cs = (struct ctl_session *)s;
	struct buf *in = conn_input(s->conn);
	char type;
	struct slice payload;
	int r = ctl_wire_take(in, &type, &payload);
	if (r == 0) {
		/* the whole frame must fit the input buffer */
		if (buf_len(in) >= CTL_HEAD)
			conn_set_input_limit(s->conn, CTL_HEAD + (size_t)num_get32(buf_bytes(in)) + 65536);
		return STEP_INPUT;
	}
	if (r < 0)
		return STEP_CLOSE;
	size_t n = CTL_HEAD + payload.n;
	enum step st = ctl_frame(cs, type, payload);
	buf_consume(in, n);
	return st;
}

static void ctl_start(struct session *s) {
	/* the socket is 0600: whoever opens it is the operator; as a second lock only our own user and root are served */
	int uid = conn_peer_uid(s->conn);
	if (uid != 0 && uid != (int)geteuid()) {
		struct ctl_session *cs = (struct ctl_session *)s;
		log_warn(s->label, "ctl refused uid=%d", uid);
		ctl_send(s, 'E', SLICE("forumctl: this socket serves root and the daemon's own user only\n"));
		ctl_exit(cs, exit_refused);
		return;
	}
	session_set_member(s, RIGHTS_OPERATOR);
}

static void ctl_timeout(struct session *s, bool login) {
	(void)login;
	ctl_send(s, 'E', SLICE("forumctl: the daemon is stopping, or the connection was idle for too long\n"));
}

static void ctl_shed(struct buf *out) {
	ctl_wire_frame(out, 'E', SLICE("forumctl: too many connections; try again\n"));
}

static void ctl_change(struct session *s, const struct change *c) {
	(void)s;
	(void)c;
}

static void ctl_end(struct session *s) {
	struct ctl_session *cs = (struct ctl_session *)s;
	ctl_import_free(cs);
	ctl_call_free(&cs->call);
}

const struct session_ops ctl_ops = {
	.protocol = "ctl",
	.size = sizeof(struct ctl_session),
	.start = ctl_start,
	.input = ctl_input,
	.job_done = ctl_job_done,
	.change = ctl_change,
	.timeout = ctl_timeout,
	.shed = ctl_shed,
	.end = ctl_end,
};
