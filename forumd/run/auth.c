/* One login: a password check, or the outcome of another proof (SASL). The worker looks the member up and asks the
 * brakes; the pool does the work; the answer comes back as a message. A brake delays by a timer before the work: nobody
 * is blocked, and known and unknown names, right and wrong passwords wait alike.
 *
 * Brakes: failures are noted for the address and for the account. The account's delay is capped low, so that strangers
 * cannot lock the owner out; the address has a rate as well, once it has failed. */
#include "forumd/base/log.h"
#include "forumd/base/stat.h"
#include "forumd/base/text.h"
#include "forumd/forum/member.h"
#include "forumd/run/limits.h"
#include "forumd/run/password.h"
#include "forumd/run/writer.h"
#include "forumd/run/worker_private.h"

#define ACCOUNT_DELAY_MAX 2000
#define ADDRESS_PER_MINUTE 300
#define ADDRESS_BURST 5
#define NAME_MAX_ 255

struct auth {
	struct msg msg;                      /* pool -> worker */
	struct list link;                    /* in worker->auths while delayed */
	struct loop_timer timer;
	struct worker *worker;
	uint64_t session;
	uint32_t member;
	bool proof;                          /* nothing for the pool to do: member is the outcome */
	struct buf hash, password, program;
	struct buf account, address; /* keys of the brakes: one for an account, whatever program is named behind it */
	struct auth_result result;
};

static void auth_free(struct auth *a) {
	if (a->password.data)
		explicit_bzero(a->password.data, a->password.size);
	buf_free(&a->hash);
	buf_free(&a->password);
	buf_free(&a->program);
	buf_free(&a->account);
	buf_free(&a->address);
	mem_free(a);
}

static int note_app(struct forum_txn *t, struct job *j, struct fail *f) {
	const char *name = (const char *)j->data;
	(void)f;
	return app_note_use(t, (uint32_t)j->kind, slice_str(name));
}

/* Remembers when it was used last, to the hour. False: it was taken back while a brake held the answer. */
static bool app_used(struct session *s, uint32_t member) {
	struct forum_txn *t = session_read(s);
	struct app a;
	if (!t || app_get(t, member, slice_str(s->app), &a) <= 0)
		return false;
	if (a.used / 3600 == forum_time(t) / 3600)
		return true;
	struct job *j = job_new(NULL, note_app);
	j->lane = JOB_BULK;
	j->kind = (int)member;
	j->data = arena_cstr(j->arena, slice_str(s->app));
	writer_submit(writer_current(), j);
	return true;
}

static void note_result(struct auth *a, struct session *s) {
	if (a->result.ok) {
		limits_login_ok(buf_slice(&a->account));
		s->login_failures = 0;
		stat_add(STAT_logins, 1);
		return;
	}
	stat_add(STAT_login_failures, 1);
	s->login_failures++;
	if (s->config->login_failures && s->login_failures >= s->config->login_failures)
		a->result.err = ERR_LIMIT;
}

/* on the worker */
static void auth_answer(struct msg *m, void *owner) {
	struct auth *a = (struct auth *)m;
	struct session *s = owner ? session_find(owner, a->session) : NULL;
	if (s && !s->closing && a->result.ok && *s->app && !app_used(s, a->result.member))
		a->result = (struct auth_result){ .ok = false };
	if (a->result.err == ERR_OK && !a->result.ok) {
		limits_login_failed(buf_slice(&a->account));
		limits_login_failed(buf_slice(&a->address));
		a->result.err = ERR_DENIED;
	}
	if (s && !s->closing) {
		if (a->result.err != ERR_BUSY)
			note_result(a, s);
		if (!a->result.ok)
			log_info(s->label, "%s login failed name=%.*s peer=%s", s->ops->protocol,
				SLICE_ARG(slice_from(buf_slice(&a->account), 1)), s->peer);
		s->ops->auth_done(s, &a->result);
		session_read_end(s);
		session_wake(s);
		if (s->login_failures && s->config->login_failures && s->login_failures >= s->config->login_failures) {
			s->closing = true;
			conn_shutdown(s->conn);
		}
		conn_kick(s->conn);
	}
	auth_free(a);
}

/* on the pool */
static void auth_check(void *arg) {
	struct auth *a = arg;
	a->result.ok = password_check(a->member, buf_slice(&a->hash), buf_slice(&a->password)) && a->member;
	a->result.member = a->result.ok ? a->member : 0;
	worker_post(a->session, &a->msg);
}

static void auth_go(struct auth *a) {
	if (a->proof) {
		a->result.ok = a->result.err == ERR_OK && a->member;
		a->result.member = a->result.ok ? a->member : 0;
		worker_post(a->session, &a->msg);
		return;
	}
	if (a->result.err == ERR_OK && password_pool_try(auth_check, a) > 0)
		return;
	if (a->result.err == ERR_OK)
		a->result.err = ERR_BUSY;
	worker_post(a->session, &a->msg);
}

static void on_delay(struct loop_timer *t) {
	struct auth *a = t->arg;
	list_del(&a->link);
	auth_go(a);
}

void auth_cancel_all(struct worker *w) {
	list_for (it, &w->auths) {
		struct auth *a = list_entry(it, struct auth, link);
		loop_timer_stop(w->loop, &a->timer);
		list_del(&a->link);
		auth_free(a);
	}
}

static int64_t brake(struct auth *a) {
	int64_t account = limits_login_delay(buf_slice(&a->account)), address = limits_login_delay(buf_slice(&a->address));
	if (address > 0 && !limits_rate(buf_slice(&a->address), ADDRESS_PER_MINUTE, ADDRESS_BURST))
		a->result.err = ERR_LIMIT;
	if (account > ACCOUNT_DELAY_MAX)
		account = ACCOUNT_DELAY_MAX;
	return account > address ? account : address;
}

/* A password of 128 random bits is not hashed slowly: it is right, or what follows is the same as for any wrong one. */
static bool is_app(struct session *s, struct forum_txn *t, struct auth *a, const struct member *m,
	struct slice program) {
	struct app app;
	if (app_check(t, m->id, program, buf_slice(&a->password), session_door(s), &app) <= 0)
		return false;
	slice_cstr(app.name, s->app, sizeof s->app);
	a->proof = true;
	a->member = m->id;
	return true;
}

static void look_up(struct session *s, struct auth *a) {
	struct forum_txn *t = session_read(s);
	struct slice program = buf_slice(&a->program);
	struct member m;
	*s->app = 0;
	if (!t || !buf_len(&a->account))
		return;
	if (member_by_address(t, slice_from(buf_slice(&a->account), 1), &m) <= 0)
		return;
	if (m.kind != MEMBER_ACCOUNT || m.left || is_app(s, t, a, &m, program) || program.n || !m.password.n)
		return;
	a->member = m.id;
	buf_add_slice(&a->hash, m.password);
}

static struct auth *auth_new(struct session *s, struct slice name) {
	struct auth *a = mem_zalloc(sizeof *a);
	unsigned char key[16];
	struct slice n, program;
	app_split_login(slice_to(slice_trim(name), NAME_MAX_), &n, &program);
	buf_add_slice(&a->program, program);
	a->msg.run = auth_answer;
	a->worker = s->worker;
	a->session = s->id;
	buf_addc(&a->account, 'u');
	for (size_t i = 0; i < n.n; i++)
		buf_addc(&a->account, text_lower(n.p[i]));
	buf_addc(&a->address, 'a');
	buf_add(&a->address, key, addr_limit_key(conn_peer(s->conn), key));
	return a;
}

/* now, or when the brakes let go */
static void auth_start(struct session *s, struct auth *a) {
	int64_t ms = brake(a);
	session_read_end(s);
	if (ms <= 0) {
		auth_go(a);
		return;
	}
	a->timer.fn = on_delay;
	a->timer.arg = a;
	list_add_tail(&s->worker->auths, &a->link);
	loop_timer_set(s->worker->loop, &a->timer, ms);
}

void session_check_password(struct session *s, struct slice name, struct slice password) {
	struct auth *a = auth_new(s, name);
	buf_reserve(&a->password, password.n + 1);
	buf_add_slice(&a->password, password);
	look_up(s, a);
	auth_start(s, a);
}

void session_check_proof(struct session *s, struct slice name, uint32_t member) {
	struct auth *a = auth_new(s, name);
	a->proof = true;
	a->member = member;
	auth_start(s, a);
}
