/* The engine. session_run() is the only place that calls step and input; it is entered from the connection's callback
 * alone, so it never recurses: answers and wake-ups come as CONN_DRAINED of the next round (conn_again).
 *
 * `need` says what ended the last run: new input, the output's draining, or an answer. Events that do not fit are
 * passed over, so a step is never called for nothing.
 *
 * A read transaction belongs to one call of the gateway: session_read() begins it, the engine ends it when the call
 * returns (worker.c asserts it at the end of each round). */
#include "forumd/run/session.h"
#include <stdarg.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>
#include "forumd/base/clock.h"
#include "forumd/base/log.h"
#include "forumd/base/num.h"
#include "forumd/base/stat.h"
#include "forumd/forum/rights.h"
#include "forumd/run/limits.h"
#include "forumd/run/worker_private.h"
#include "forumd/run/writer.h"

enum need { NEED_INPUT, NEED_DRAIN, NEED_ANSWER };

#define RUN_COMMANDS 256              /* then others get a turn */
#define MAIL_IDLE_SECONDS 300

static atomic_uint serials;

/* ---- registered protocols ---- */

static const struct session_ops *registered[LISTEN_CTL + 1];
static struct { const char *protocol; atomic_uint n; } counts[LISTEN_CTL + 1];

void session_register(enum listen_protocol p, const struct session_ops *ops) {
	registered[p] = ops;
	counts[p].protocol = ops->protocol;
}

const struct session_ops *session_ops_of(enum listen_protocol p) {
	return registered[p];
}

unsigned session_count(const char *protocol) {
	unsigned n = 0;
	for (unsigned i = 0; i <= LISTEN_CTL; i++)
		if (counts[i].protocol && strcmp(counts[i].protocol, protocol) == 0)
			n += atomic_load(&counts[i].n);
	return n;
}

static enum stat_id stat_of(enum listen_protocol p) {
	switch (p) {
	case LISTEN_NNTP: case LISTEN_NNTPS: return STAT_sessions_nntp;
	case LISTEN_IMAP: case LISTEN_IMAPS: return STAT_sessions_imap;
	case LISTEN_LMTP: return STAT_sessions_lmtp;
	case LISTEN_HTTP: case LISTEN_HTTPS: return STAT_sessions_http;
	case LISTEN_CTL: return STAT_sessions_ctl;
	default: return STAT_sessions_smtp;
	}
}

/* ---- ids ---- */

static uint64_t id_take(struct worker *w, struct session *s) {
	uint32_t slot, serial = atomic_fetch_add(&serials, 1) + 1;
	if (w->free_slots.n) {
		slot = w->free_slots.v[--w->free_slots.n];
	} else {
		slot = (uint32_t)w->slots.n;
		vec_push(&w->slots, NULL);
	}
	w->slots.v[slot] = s;
	snprintf(s->label, sizeof s->label, "S%x", serial);
	return (uint64_t)w->number << 56 | (uint64_t)serial << 24 | slot;
}

struct session *session_find(struct worker *w, uint64_t id) {
	uint32_t slot = id & 0xffffff;
	struct session *s = slot < w->slots.n ? w->slots.v[slot] : NULL;
	return s && s->id == id ? s : NULL;
}

/* ---- watching ---- */

/* 'g' group, 'm' member, 'a' all groups */
struct watch_key { char b[5]; };
struct watchers { VEC(struct session *) list; };
struct keys { VEC(struct watch_key) list; };

static struct watch_key key_of(char kind, uint32_t number) {
	struct watch_key k = { .b = { kind } };
	num_put32(k.b + 1, number);
	return k;
}

static struct watchers *watchers_get(struct worker *w, struct watch_key k) {
	return hash_get(w->watchers, slice_of(k.b, sizeof k.b));
}

static void watchers_remove(struct worker *w, struct watch_key k, struct session *s) {
	struct watchers *v = watchers_get(w, k);
	for (size_t i = 0; v && i < v->list.n; i++) {
		if (v->list.v[i] != s)
			continue;
		v->list.v[i] = v->list.v[--v->list.n];
		break;
	}
	if (v && !v->list.n) {
		hash_del(w->watchers, slice_of(k.b, sizeof k.b));
		vec_free(&v->list);
		mem_free(v);
	}
}

static void watch(struct session *s, struct watch_key k, bool on) {
	struct keys *keys = s->engine;
	size_t i = 0;
	while (keys && i < keys->list.n && memcmp(keys->list.v[i].b, k.b, sizeof k.b) != 0)
		i++;
	bool has = keys && i < keys->list.n;
	if (has == on)
		return;
	if (!on) {
		keys->list.v[i] = keys->list.v[--keys->list.n];
		watchers_remove(s->worker, k, s);
		return;
	}
	if (!keys)
		s->engine = keys = mem_zalloc(sizeof *keys);
	vec_push(&keys->list, k);
	struct watchers *v = watchers_get(s->worker, k);
	if (!v) {
		v = mem_zalloc(sizeof *v);
		hash_put(s->worker->watchers, slice_of(k.b, sizeof k.b), v);
	}
	vec_push(&v->list, s);
}

static void unwatch_everything(struct session *s) {
	struct keys *keys = s->engine;
	if (!keys)
		return;
	for (size_t i = 0; i < keys->list.n; i++)
		watchers_remove(s->worker, keys->list.v[i], s);
	vec_free(&keys->list);
	mem_free(keys);
	s->engine = NULL;
}

void session_watch(struct session *s, uint32_t group, bool on) {
	if (group)
		watch(s, key_of('g', group), on);
}

void session_watch_all(struct session *s, bool on) {
	s->watching_all = on;
	watch(s, key_of('a', 0), on);
}

static int note_login_apply(struct forum_txn *t, struct job *j, struct fail *f) {
	int r = member_note_login(t, *(const uint32_t *)j->data);
	return r < 0 && r != ERR_NOTFOUND ? fail_set(f, (enum err)r, "the login cannot be noted") : 1;
}

/* that he was here, once an hour; nobody waits for it */
static void note_login(struct session *s, uint32_t member) {
	struct forum_txn *t = session_read(s);
	struct member m;
	int64_t now = clock_now();
	if (!writer_current() || !t || member_get(t, member, &m) <= 0 || (m.last_login <= now && now - m.last_login < 3600))
		return;
	struct job *j = job_new(NULL, note_login_apply);
	uint32_t *id = ARENA_NEW(j->arena, uint32_t);
	*id = member;
	j->data = id;
	j->lane = JOB_BULK;
	writer_submit(writer_current(), j);
}

void session_set_member(struct session *s, uint32_t member) {
	if (s->member && s->member != RIGHTS_OPERATOR)
		watch(s, key_of('m', s->member), false);
	s->member = member;
	if (!member)
		return;
	loop_timer_stop(s->worker->loop, &s->login_timer);
	if (member != RIGHTS_OPERATOR) {
		watch(s, key_of('m', member), true);
		note_login(s, member);
	}
}

/* a password that was taken back ends the sessions it opened */
static bool app_is_gone(struct session *s) {
	struct app a;
	struct forum_txn *t = *s->app && s->member ? session_read(s) : NULL;
	bool gone = t && app_get(t, s->member, slice_str(s->app), &a) == 0;
	session_read_end(s);
	return gone;
}

/* Callbacks may watch and unwatch: go over a copy. Sessions are not freed here (that is CONN_CLOSED's round). */
static void tell(struct worker *w, struct watch_key k, const struct change *c, bool not_all) {
	struct watchers *v = watchers_get(w, k);
	if (!v)
		return;
	size_t n = v->list.n;
	struct session **copy = mem_alloc(n * sizeof *copy);
	memcpy(copy, v->list.v, n * sizeof *copy);
	for (size_t i = 0; i < n; i++) {
		struct session *s = copy[i];
		if (s->closing || !s->ops->change || (not_all && s->watching_all))
			continue;
		if (c->kind == CHANGE_MEMBER && app_is_gone(s)) {
			log_info(s->label, "%s closed: the password of %s was taken back", s->ops->protocol, s->app);
			session_goodbye(s);
			conn_kick(s->conn);
			continue;
		}
		s->ops->change(s, c);
		session_read_end(s);
		conn_kick(s->conn);
	}
	mem_free(copy);
}

void session_change(struct worker *w, const struct change *v, size_t n) {
	for (size_t i = 0; i < n; i++) {
		switch (v[i].kind) {
		case CHANGE_MAIL:
			break;
		case CHANGE_MARKS:            /* nobody else's business */
		case CHANGE_OWN:
		case CHANGE_MEMBER:
			tell(w, key_of('m', v[i].member), &v[i], false);
			break;
		default:
			tell(w, key_of('g', v[i].group), &v[i], true);
			tell(w, key_of('a', 0), &v[i], false);
		}
	}
}

/* ---- running ---- */

static bool wants_login(const struct session *s) {
	switch (s->listen->protocol) {
	case LISTEN_IMAP: case LISTEN_IMAPS: case LISTEN_SUBMISSION: case LISTEN_SUBMISSIONS: return true;
	default: return false;
	}
}

static void close_session(struct session *s) {
	s->closing = true;
	conn_shutdown(s->conn);
}

void session_goodbye(struct session *s) {
	if (s->closing)
		return;
	if (s->ops->timeout)
		s->ops->timeout(s, false);
	session_read_end(s);
	close_session(s);
}

/* at the end of a command */
static void command_done(struct session *s) {
	arena_reset(s->command);
	if (!s->first_done || !s->member) {
		s->first_done = true;
		if (!wants_login(s) || s->member)
			loop_timer_stop(s->worker->loop, &s->login_timer);
	}
}

/* an unknown client holds half a command */
static void watch_slow_line(struct session *s) {
	if (!s->member && s->first_done && !s->login_timer.link.next && s->config->login_seconds)
		loop_timer_set(s->worker->loop, &s->login_timer, (int64_t)s->config->login_seconds * 1000);
}

static void idle_now(struct session *s) {
	/* an idle session holds no chunk */
	if (arena_size(s->command)) {
		arena_free(&s->command);
		s->command = arena_new();
	}
}

/* one call of the gateway; false when the run ends */
static bool run_once(struct session *s) {
	enum step (*step)(struct session *) = s->step;
	size_t before = buf_len(conn_input(s->conn));
	if (!step && !before) {
		s->need = NEED_INPUT;
		idle_now(s);
		return false;
	}
	enum step r = step ? step(s) : s->ops->input(s);
	session_read_end(s);
	switch (r) {
	case STEP_DONE:
		if (step && s->step == step)
			s->step = NULL;
		command_done(s);
		if (s->worker->stopping)
			session_goodbye(s);
		return !s->closing;
	case STEP_MORE:
		if (!s->step)
			bug("%s: STEP_MORE without a step", s->ops->protocol);
		s->need = NEED_DRAIN;
		if (!conn_full(s->conn))
			conn_again(s->conn);
		return false;
	case STEP_INPUT:
		s->need = NEED_INPUT;
		if (s->step != step && buf_len(conn_input(s->conn)))
			return true;                  /* another reader: it has not seen what is here already */
		if (s->worker->stopping) {
			session_goodbye(s);
			return false;
		}
		if (conn_input_full(s->conn)) {
			session_log(s, "closed: input of %zu octets is not taken", buf_len(conn_input(s->conn)));
			close_session(s);
		} else if (!s->step && buf_len(conn_input(s->conn))) {
			watch_slow_line(s);
		}
		return false;
	case STEP_WAIT:
		s->need = NEED_ANSWER;
		s->waiting = true;
		conn_pause(s->conn);
		return false;
	default:
		close_session(s);
		return false;
	}
}

static void session_run(struct session *s) {
	for (unsigned i = 0; !s->waiting && !s->closing; i++) {
		if (conn_full(s->conn)) {
			s->need = NEED_DRAIN;
			return;
		}
		if (i >= RUN_COMMANDS) {
			s->need = NEED_DRAIN;
			conn_again(s->conn);
			return;
		}
		if (!run_once(s))
			return;
	}
}

bool session_is_due(const struct session *s) {
	return s->need == NEED_DRAIN;
}

void session_wake(struct session *s) {
	if (!s->waiting)
		return;
	s->waiting = false;
	s->need = NEED_DRAIN;
	conn_resume(s->conn);
	conn_again(s->conn);
}

void session_more(struct session *s) {
	if (s->waiting || s->closing)
		return;
	s->need = NEED_DRAIN;
	if (!conn_full(s->conn))
		conn_again(s->conn);
}

/* ---- events ---- */

static void session_end(struct session *s) {
	struct worker *w = s->worker;
	uint32_t slot = s->id & 0xffffff;
	enum listen_protocol p = s->listen->protocol;
	loop_timer_stop(w->loop, &s->login_timer);
	unwatch_everything(s);
	if (s->ops->end)
		s->ops->end(s);
	session_read_end(s);
	log_info(s->label, "%s closed peer=%s seconds=%lld", s->ops->protocol, s->peer,
		(long long)(clock_mono_ms() - s->started_ms) / 1000);
	if (s->charged) {
		unsigned char key[16];
		limits_count(slice_of(key, addr_limit_key(conn_peer(s->conn), key)), -1, 0);
	}
	w->slots.v[slot] = NULL;
	vec_push(&w->free_slots, slot);
	conn_free(&s->conn);
	arena_free(&s->command);
	arena_free(&s->arena);
	config_unref(&s->config);
	mem_free(s);
	atomic_fetch_sub(&counts[p].n, 1);
	stat_add(stat_of(p), -1);
	worker_left(w);
}

static void on_conn(struct conn *c, enum conn_event e, void *arg) {
	struct session *s = arg;
	(void)c;
	switch (e) {
	case CONN_INPUT:
		if (s->need != NEED_ANSWER || !s->waiting)
			session_run(s);
		break;
	case CONN_DRAINED:
		if (s->need == NEED_DRAIN)
			session_run(s);
		break;
	case CONN_TIMEOUT:
		log_info(s->label, "%s idle", s->ops->protocol);
		session_goodbye(s);
		break;
	case CONN_CLOSED:
		session_end(s);
		break;
	}
}

static void on_login_timer(struct loop_timer *t) {
	struct session *s = t->arg;
	if (s->closing || s->member)
		return;
	if (s->waiting) {
		loop_timer_set(s->worker->loop, t, 1000);    /* our time, not theirs */
		return;
	}
	log_info(s->label, "%s not logged in in time", s->ops->protocol);
	if (s->ops->timeout)
		s->ops->timeout(s, true);
	session_read_end(s);
	close_session(s);
}

static int64_t idle_ms(const struct session *s) {
	unsigned seconds = s->config->idle_seconds;
	enum listen_protocol p = s->listen->protocol;
	if (p == LISTEN_CTL)
		return 0;
	bool mail = p == LISTEN_SMTP || p == LISTEN_LMTP || p == LISTEN_SUBMISSION || p == LISTEN_SUBMISSIONS ||
		p == LISTEN_HTTPS;
	if (mail && seconds > MAIL_IDLE_SECONDS)
		seconds = MAIL_IDLE_SECONDS;
	return (int64_t)seconds * 1000;
}

static bool implicit_tls(enum listen_protocol p) {
	return p == LISTEN_NNTPS || p == LISTEN_IMAPS || p == LISTEN_SUBMISSIONS;
}

void session_open(struct worker *w, int fd, const struct addr *peer, const struct config_listen *l, struct config *c) {
	const struct session_ops *ops = registered[l->protocol];
	struct session *s = mem_zalloc(ops->size);
	s->worker = w;
	s->ops = ops;
	s->listen = l;
	s->config = c;
	s->forum = w->forum;
	s->arena = arena_new();
	s->command = arena_new();
	s->started_ms = clock_mono_ms();
	s->charged = l->protocol != LISTEN_CTL;
	s->login_timer.fn = on_login_timer;
	s->login_timer.arg = s;
	list_init(&s->link);
	addr_text(peer, s->peer, sizeof s->peer);
	s->id = id_take(w, s);
	s->conn = conn_new(w->loop, fd, peer, implicit_tls(l->protocol) ? c->tls : NULL, on_conn, s);
	conn_set_timeout(s->conn, idle_ms(s));
	atomic_fetch_add(&counts[l->protocol].n, 1);
	stat_add(stat_of(l->protocol), 1);
	if (l->protocol != LISTEN_CTL && c->login_seconds)
		loop_timer_set(w->loop, &s->login_timer, (int64_t)c->login_seconds * 1000);
	log_info(s->label, "%s open peer=%s listen=%s", ops->protocol, s->peer, l->name);
	if (ops->start)
		ops->start(s);
	session_read_end(s);
	if (w->stopping)
		session_goodbye(s);
	conn_kick(s->conn);
}

/* ---- jobs ---- */

void session_submit(struct session *s, struct job *j) {
	struct writer *w = writer_current();
	j->session = s->id;
	s->jobs++;
	session_read_end(s);
	if (w) {
		writer_submit(w, j);
		return;
	}
	j->result = fail_set(&j->fail, ERR_UNAVAILABLE, "no writes now");
	worker_post_job(j);
}

void session_answer(struct worker *w, struct job *j) {
	struct session *s = session_find(w, j->session);
	if (s) {
		s->jobs--;
		if (!s->closing && s->ops->job_done)
			s->ops->job_done(s, j);
		session_read_end(s);
		session_wake(s);
		conn_kick(s->conn);
	}
	job_free(&j);
}

/* ---- reading ---- */

struct forum_txn *session_read(struct session *s) {
	struct worker *w = s->worker;
	struct fail f = { .code = ERR_OK };
	if (!w->txn && forum_read_begin(w->forum, &w->txn, &f) < 0) {
		session_log(s, "no read transaction: %s", f.text);
		w->txn = NULL;
	}
	return w->txn;
}

void session_read_end(struct session *s) {
	if (s->worker->txn)
		forum_read_end(&s->worker->txn);
}

/* ---- the rest ---- */

bool session_may_login(const struct session *s) {
	return conn_is_tls(s->conn) || addr_is_loopback(conn_peer(s->conn)) || s->config->cleartext_login;
}

bool session_rate(struct session *s, const char *what, unsigned per_minute) {
	char key[64];
	int n = snprintf(key, sizeof key - 16, s->member ? "%.24s m%u" : "%.24s a", what, s->member);
	if (!per_minute)
		return true;
	if (!s->member)
		n += (int)addr_limit_key(conn_peer(s->conn), (unsigned char *)key + n);
	return limits_rate(slice_of(key, (size_t)n), per_minute, per_minute);
}

void session_log(struct session *s, const char *fmt, ...) {
	char text[512];
	va_list ap;
	if (!log_wants(LOG_INFO_))
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	log_line(LOG_INFO_, s->label, "%s %s", s->ops->protocol, text);
}
